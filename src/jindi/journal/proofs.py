"""Checking Merkle proofs, as RFC 9162 (2.1.3.2 and 2.1.4.2) writes it down; nothing here makes one.

Each function answers by a bool and takes whatever it is given: wrong sizes, lengths or hashes are no proof.
`docs/verify_bundle.py` does the same once more, in a page that needs nothing of Jindi.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH = 32


def leaf_hash(record: bytes) -> bytes:
    """The hash of a record as a leaf."""
    return sha256(b"\x00" + record).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, seq: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash is record `seq` of the tree of `size` records with this head."""
    if not 0 <= seq < size or any(len(each) != HASH for each in (leaf, root, *path)):
        return False
    at, last, found = seq, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = _node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the tree of `old` records with one head is the beginning of the tree of `size` records with the other.

    Of a tree without records nothing can be proved, so `old` must be above 0.
    """
    if not 0 < old <= size or any(len(each) != HASH for each in (old_root, root, *path)):
        return False
    if old == size:
        return not path and old_root == root
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)  # the old tree is a perfect subtree of the new one
    if not hashes:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found_old = found = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            found_old, found = _node_hash(each, found_old), _node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found_old == old_root and found == root
