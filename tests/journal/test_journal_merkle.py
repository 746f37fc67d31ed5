"""The Merkle tree over records: RFC 6962's own vectors, a naive oracle, and proofs that somebody has forged."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.journal import merkle, proofs
from jindi.journal.merkle import Kept, Tree, consistency_spans, inclusion_spans

# The eight leaves and the heads of the trees over the first one to eight of them that the reference implementations
# of RFC 6962 (Certificate Transparency) are tested with.
LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
HEADS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive(records: Sequence[bytes]) -> bytes:
    """The definition, word for word."""
    if not records:
        return sha256(b"").digest()
    if len(records) == 1:
        return sha256(b"\x00" + records[0]).digest()
    k = 1
    while 2 * k < len(records):
        k *= 2
    return sha256(b"\x01" + naive(records[:k]) + naive(records[k:])).digest()


def naive_path(seq: int, records: Sequence[bytes]) -> list[bytes]:
    if len(records) == 1:
        return []
    k = 1
    while 2 * k < len(records):
        k *= 2
    if seq < k:
        return [*naive_path(seq, records[:k]), naive(records[k:])]
    return [*naive_path(seq - k, records[k:]), naive(records[:k])]


def naive_consistency(old: int, records: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    if old == len(records):
        return [] if whole else [naive(records)]
    k = 1
    while 2 * k < len(records):
        k *= 2
    if old <= k:
        return [*naive_consistency(old, records[:k], whole=whole), naive(records[k:])]
    return [*naive_consistency(old - k, records[k:], whole=False), naive(records[:k])]


def grown(records: Sequence[bytes], spans: Sequence[merkle.Span] = (), cuts: Sequence[int] = ()) -> tuple[Tree, tuple]:
    """A tree that has grown batch by batch, and the hashes of spans gathered on the way."""
    tree, kept, at = Tree(), Kept(merkle.places(spans)), 0
    for cut in (*sorted(cuts), len(records)):
        tree.extend(records[at:cut], kept)
        at = max(at, cut)
    return tree, merkle.proof(spans, kept.found)


some_records = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_heads_are_those_of_the_reference_vectors(size):
    assert grown(LEAVES[:size])[0].root.hex() == HEADS[size - 1]


def test_the_head_of_no_record_is_the_hash_of_nothing():
    assert Tree().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(some_records, st.lists(st.integers(0, 70), max_size=6))
def test_the_head_is_the_definitions_however_the_records_came(records, cuts):
    tree, _ = grown(records, cuts=[min(cut, len(records)) for cut in cuts])
    assert tree.root == naive(records)
    assert len(tree.frontier) == len(records).bit_count()


@given(some_records, st.data())
def test_a_tree_goes_on_from_its_frontier_as_if_it_had_never_stopped(records, data):
    cut = data.draw(st.integers(0, len(records)))
    before, _ = grown(records[:cut])
    again = Tree(*before.state)
    again.extend(records[cut:])
    assert again.root == naive(records)


@given(some_records, st.data())
def test_inclusion_proofs_are_the_definitions_and_are_believed(records, data):
    seq = data.draw(st.integers(0, len(records) - 1))
    tree, path = grown(records, inclusion_spans(seq, len(records)))
    assert list(path) == naive_path(seq, records)
    assert proofs.is_included(proofs.leaf_hash(records[seq]), seq, len(records), path, tree.root)


@given(some_records, st.data())
def test_consistency_proofs_are_the_definitions_and_are_believed(records, data):
    old = data.draw(st.integers(1, len(records)))
    tree, path = grown(records, consistency_spans(old, len(records)))
    assert list(path) == naive_consistency(old, records)
    assert proofs.is_consistent(old, len(records), path, naive(records[:old]), tree.root)


def bent(path: Sequence[bytes]) -> list[list[bytes]]:
    """All that one step makes of a proof: a bit flipped, a hash lost, doubled, added, shortened, two exchanged."""
    out = [[*path, bytes(32)], [bytes(32), *path], [*path, *path]]
    for at, each in enumerate(path):
        flipped = bytes([each[0] ^ 1]) + each[1:]
        out += [[*path[:at], flipped, *path[at + 1 :]], [*path[:at], *path[at + 1 :]], [*path[:at], each, *path[at:]]]
        out.append([*path[:at], each[:-1], *path[at + 1 :]])
    out += [[*path[:at], path[at + 1], path[at], *path[at + 2 :]] for at in range(len(path) - 1)]
    return [each for each in out if each != list(path)]


@settings(deadline=None)
@given(st.integers(1, 40), st.data())
def test_a_bent_inclusion_proof_is_never_believed(size, data):
    records = [b"%d" % each for each in range(size)]  # all different: each place has only one record
    seq = data.draw(st.integers(0, size - 1))
    tree, path = grown(records, inclusion_spans(seq, size))
    leaf = proofs.leaf_hash(records[seq])
    assert not any(proofs.is_included(leaf, seq, size, each, tree.root) for each in bent(path))
    assert not proofs.is_included(proofs.leaf_hash(b"another"), seq, size, path, tree.root)
    assert not proofs.is_included(leaf, seq, size, path, naive([*records, b"more"]))
    assert not any(
        proofs.is_included(leaf, other, size, path, tree.root) for other in range(-1, size + 2) if other != seq
    )


@settings(deadline=None)
@given(st.integers(1, 40), st.data())
def test_a_bent_consistency_proof_is_never_believed(size, data):
    records = [b"%d" % each for each in range(size)]
    old = data.draw(st.integers(1, size))
    tree, path = grown(records, consistency_spans(old, size))
    before = naive(records[:old])
    assert not any(proofs.is_consistent(old, size, each, before, tree.root) for each in bent(path))
    forked = naive([*records[: old - 1], b"another"])
    assert not proofs.is_consistent(old, size, path, forked, tree.root)
    assert not proofs.is_consistent(old, size, path, before, naive([*records[:-1], b"another"]))
    assert not any(
        proofs.is_consistent(other, size, path, before, tree.root) for other in range(-1, size + 2) if other != old
    )


def test_an_inner_node_is_no_record():
    # Without domain separation two records could be passed off as one whose bytes are their hashes.
    left, right = (proofs.leaf_hash(each) for each in (b"a", b"b"))
    assert not proofs.is_included(proofs.leaf_hash(left + right), 0, 1, (), naive([b"a", b"b"]))


def test_a_tree_without_records_proves_nothing():
    assert not proofs.is_included(proofs.leaf_hash(b""), 0, 0, (), merkle.EMPTY)
    assert not proofs.is_consistent(0, 1, (), merkle.EMPTY, naive([b"a"]))
    with pytest.raises(ValueError, match="has no record 0"):
        inclusion_spans(0, 0)
    with pytest.raises(ValueError, match="does not prove"):
        consistency_spans(3, 2)


def test_a_frontier_that_fits_no_size_is_refused():
    with pytest.raises(ValueError, match="no frontier"):
        Tree(3, [bytes(32)])
    with pytest.raises(ValueError, match="no frontier"):
        Tree(1, [b"short"])
