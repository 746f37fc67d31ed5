"""Signed heads: made once, exported, and held against what the journal has become."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.journal import (
    Chain,
    ChainBroken,
    CheckpointRefused,
    HeadCheck,
    HeadRefused,
    Heads,
    Signer,
    Tree,
    read_heads,
    resting,
    signed_heads,
    tree_verifier,
    verify,
)
from jindi.journal.heads import RESTING_MAX
from jindi.ports import Frame
from jindi.stores.files import MemoryBlobs
from jindi.stores.lines import LineFile

SIGNER = Signer("lane-1", bytes(range(32)))
VERIFIER = tree_verifier(SIGNER.verifier)
RECORDS = [b"record %d" % number for number in range(60)]


def tree_of(records):
    tree = Tree()
    tree.extend(records)
    return tree


@pytest.fixture
def elsewhere(tmp_path):
    return LineFile(tmp_path / "lane-1.heads")


def exported(elsewhere, *sizes, records=RECORDS, blobs=None):
    """The heads of the first so many records, one after the other."""
    heads = Heads("lane-1", SIGNER, blobs or MemoryBlobs(), elsewhere)
    for at, size in enumerate(sizes):
        heads.publish(tree_of(records[:size]).state, at)
    return read_heads(elsewhere.read(), VERIFIER)


def walked(records, heads, size=7):
    """A whole journal, rewritten with a chain that holds, held against heads."""
    chain, frames = Chain(), []
    for first in range(0, len(records), size):
        batch = records[first : first + size]
        frames.append(Frame(first, len(batch), chain.seal(batch, first)))
    check = HeadCheck(heads)
    verify(frames, seen=check.seen)
    check.finish()
    return check.agreed


def test_a_head_is_a_signed_note_in_the_checkpoint_format_of_transparency_logs(elsewhere):
    (head,) = exported(elsewhere, 3)
    (line,) = elsewhere.read()
    lines = json.loads(line)["head"].split("\n")
    assert lines[:2] == ["lane-1/tree", "3"]
    assert lines[4] == ""
    assert lines[5].startswith("— lane-1/tree ")
    assert head.head == tree_of(RECORDS[:3]).root


def test_the_same_head_is_not_exported_twice_even_by_the_next_process(elsewhere):
    assert len(exported(elsewhere, 3, 3, 5)) == 2
    assert len(exported(elsewhere, 5)) == 2


def test_a_checkpoint_of_the_chain_is_no_head():
    from jindi.journal import Checkpoint, check, sign

    note = sign(Checkpoint("lane-1", 3, bytes(32), 0), SIGNER)
    with pytest.raises(CheckpointRefused):
        check(note, VERIFIER, VERIFIER.name)


def test_no_head_is_made_of_a_journal_that_lost_what_an_exported_one_covers(elsewhere):
    exported(elsewhere, 20)
    with pytest.raises(HeadRefused, match="covers 20 records, the journal has only 19"):
        exported(elsewhere, 19)
    with pytest.raises(HeadRefused, match="the history was changed"):
        exported(elsewhere, 20, records=[b"another", *RECORDS])
    short = Heads("lane-1", SIGNER, MemoryBlobs(), elsewhere)
    for size in (10, 30):
        with pytest.raises(HeadRefused, match="covers 20 records, the journal has only 10"):
            short.publish(tree_of([*RECORDS[:10], *[b"fork"] * 30][:size]).state, 0)
    assert len(list(elsewhere.read())) == 1


def test_an_old_copy_that_was_put_back_and_has_grown_is_held_against_the_newest_exported_head(elsewhere):
    exported(elsewhere, 20)
    forked = [*RECORDS[:10], *[b"fork"] * 30]
    heads = Heads("lane-1", SIGNER, MemoryBlobs(), elsewhere)
    with pytest.raises(HeadRefused, match="another head of 20 records"):
        heads.publish(tree_of(forked).state, 0, lambda size: tree_of(forked[:size]).root)
    same = Heads("lane-1", SIGNER, MemoryBlobs(), elsewhere)
    assert same.publish(tree_of(RECORDS).state, 0, lambda size: tree_of(RECORDS[:size]).root) is not None


def test_lines_that_are_no_heads_of_ours_keep_no_head_from_being_made(elsewhere):
    exported(elsewhere, 20)
    for line in (
        "x",
        "{}",
        '{"head":""}',
        '{"head":"lane-1/tree\\n99\\nx"}',
        next(elsewhere.read()).replace("20", "30", 1),
    ):
        elsewhere.append(line)
    heads = Heads("lane-1", SIGNER, MemoryBlobs(), elsewhere)
    assert heads.publish(tree_of(RECORDS).state, 0) is not None
    assert heads.newest_note() is not None


def test_a_head_that_could_not_be_exported_is_tried_again(elsewhere, tmp_path):
    (tmp_path / "lane-1.heads").mkdir()
    heads = Heads("lane-1", SIGNER, MemoryBlobs(), elsewhere)
    for _ in range(2):
        with pytest.raises(OSError, match="directory"):
            heads.publish(tree_of(RECORDS).state, 0)
    (tmp_path / "lane-1.heads").rmdir()
    assert heads.publish(tree_of(RECORDS).state, 0) is not None


def test_only_the_newest_heads_are_kept_beside_the_journal_and_a_changed_one_is_none(elsewhere):
    blobs = MemoryBlobs()
    many = [b"%d" % number for number in range(RESTING_MAX + 9)]
    exported(elsewhere, *range(1, len(many)), records=many, blobs=blobs)
    kept = resting(blobs, VERIFIER)
    assert [each.head.seq for each in kept] == list(range(len(many) - RESTING_MAX, len(many)))
    name = blobs.names("tree-")[0]
    data = bytearray(blobs.load(name))
    data[-1] ^= 1  # the frontier
    blobs.save(name, [bytes(data)])
    assert len(resting(blobs, VERIFIER)) == RESTING_MAX - 1


@pytest.mark.parametrize("spoil", [
    lambda line: line.replace("lane-1/tree", "lane-2/tree", 1),
    lambda line: line.replace("\\n20\\n", "\\n21\\n"),
])  # fmt: skip
def test_a_spoilt_line_of_exported_heads_is_named(elsewhere, spoil):
    exported(elsewhere, 10, 20)
    lines = list(elsewhere.read())
    with pytest.raises(CheckpointRefused, match="line 2 of the exported heads"):
        read_heads([lines[0], spoil(lines[1])], VERIFIER)


def test_heads_agree_with_the_journal_that_they_are_of(elsewhere):
    heads = exported(elsewhere, 1, 7, 8, 33, 60)
    assert walked(RECORDS, heads) == 5
    assert walked(RECORDS, heads, size=1) == 5
    assert walked([*RECORDS, b"more"], heads, size=60) == 5


@given(st.integers(0, 49), st.integers(0, 48), st.sampled_from(["edit", "delete", "reorder", "insert", "cut", "fork"]))
def test_whatever_is_done_to_covered_records_is_found_though_the_chain_holds(at, other, how):
    tree, records = tree_of(RECORDS[:50]), list(RECORDS)
    from jindi.journal import Checkpoint

    head = Checkpoint("lane-1/tree", 50, tree.root, 0)
    if how == "edit":
        records[at] += b"!"
    elif how == "delete":
        del records[at]
    elif how == "insert":
        records.insert(at, b"new")
    elif how == "reorder":
        other += other >= at
        records[at], records[other] = records[other], records[at]
    elif how == "cut":
        del records[at:]
    else:
        records[at:] = [b"fork %d" % number for number in range(100)]
    assert walked(records, []) == 0
    with pytest.raises(ChainBroken):
        walked(records, [head])


def test_two_heads_of_one_size_are_a_fork(elsewhere):
    heads = exported(elsewhere, 20)
    other = LineFile(str(elsewhere._path) + "-other")
    heads += exported(other, 20, records=[b"another", *RECORDS])
    with pytest.raises(ChainBroken, match="another history"):
        walked(RECORDS, heads)


def test_a_walk_begins_behind_a_head_and_still_meets_the_later_ones(elsewhere):
    blobs = MemoryBlobs()
    heads = exported(elsewhere, 14, 40, 60, blobs=blobs)
    begin = resting(blobs, VERIFIER)[0]
    check = HeadCheck(heads, Tree(begin.head.seq, begin.frontier))
    check.seen(10, RECORDS[10:30])  # the batch in which it begins may begin earlier
    check.seen(30, RECORDS[30:])
    check.finish()
    assert check.agreed == 3
    check = HeadCheck(heads, Tree(begin.head.seq, begin.frontier))
    with pytest.raises(ChainBroken):
        check.seen(14, [b"another", *RECORDS[15:]])


def test_a_line_that_a_crash_cut_off_is_left_alone_and_the_next_one_begins_anew(tmp_path):
    path = tmp_path / "heads"
    lines = LineFile(path)
    assert list(lines.read()) == []
    lines.append("one")
    path.write_bytes(path.read_bytes() + b"tw")
    lines.append("three")
    assert list(lines.read()) == ["one", "tw", "three"]


def test_a_cut_off_line_is_told_and_keeps_no_head_from_being_read_or_made(elsewhere, tmp_path):
    exported(elsewhere, 10)
    (tmp_path / "lane-1.heads").write_bytes((tmp_path / "lane-1.heads").read_bytes() + b'{"head":"lane')
    assert [head.seq for head in exported(elsewhere, 20)] == [10, 20]
    torn = []
    signed_heads(elsewhere.read(), VERIFIER, torn)
    assert torn == [2]
