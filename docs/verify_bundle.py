"""Check an auditor's bundle of a Jindi journal, offline: Python and the package `cryptography`, nothing of Jindi.

    python verify_bundle.py BUNDLE KEY [--heads EXPORTED.heads]

KEY is the published line, never one of the bundle's. With --heads every exported head must be part of the same history.
Exit 0 with what is proved; 1 with the reason when anything is not.
"""

import argparse
import hashlib
import json
import sys
from base64 import b64decode, b64encode
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(holds, what):
    if not holds:
        sys.exit(f"NOT PROVED: {what}")


def head(note, name, key):
    """Size and root of a signed head (the checkpoint format of C2SP tlog-checkpoint)."""
    text, _, signatures = note.partition("\n\n")
    origin, size, root = text.split("\n")[:3]
    need(origin == name and size == str(int(size)), "a head is of another journal")
    key_id = sha(name.encode(), b"\n\x01", key)[:4]
    signed = [b64decode(line.split(" ")[2]) for line in signatures.splitlines() if line.startswith(f"— {name} ")]
    signature = next((each[4:] for each in signed if each[:4] == key_id), b"")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, f"{text}\n".encode())
    except InvalidSignature:
        need(False, f"the head of {size} records is not signed with this key")
    return int(size), b64decode(root)


def climb(at, last, old, new, path):
    """The loop of RFC 9162, 2.1.3.2 and 2.1.4.2: the roots that a path leads to, of the old tree and of the new."""
    for each in map(b64decode, path):
        need(last > 0 and len(each) == 32, "a proof is too long")
        if at & 1 or at == last:
            old, new = sha(b"\1", each, old), sha(b"\1", each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = sha(b"\1", new, each)
        at, last = at >> 1, last >> 1
    need(last == 0, "a proof is too short")
    return old, new


def goes_on(before, after, path):
    (old, old_root), (size, root) = before, after
    need(0 < old < size, "the heads do not grow")
    path = ([b64encode(old_root)] if old & (old - 1) == 0 else []) + path
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    return climb(at, last, b64decode(path[0]), b64decode(path[0]), path[1:]) == (old_root, root)


def check(bundle, key_line, exported):
    name, _, key = key_line.strip().split("+", 2)
    name, key = name.removesuffix("/tree") + "/tree", b64decode(key)[1:]
    heads = [head(note, name, key) for note in bundle["heads"]]
    for (before, after), path in zip(pairwise(heads), bundle["consistency"], strict=True):
        need(goes_on(before, after, path), f"the head of {after[0]} records does not go on from that of {before[0]}")
    for size, root in (head(json.loads(line)["head"], name, key) for line in exported if line[-2:] == '"}'):
        need((size, root) in heads, f"the exported head of {size} records is not in the bundle: cut off, or a fork")
    (size, root), first, end = heads[-1], bundle["first"], bundle["end"]
    need(0 <= first < end <= size, "the records lie behind the newest head")
    seqs, picked = [each["seq"] for each in bundle["records"]], bundle.get("picked") is True
    whole = seqs == list(range(first, end))
    some = picked and seqs and seqs == sorted(set(seqs)) and first <= seqs[0] and seqs[-1] < end
    need(whole or some, "records are missing or moved")
    for seq, each in zip(seqs, bundle["records"], strict=True):
        leaf = sha(b"\0", b64decode(each["record"]))
        need(climb(seq, size - 1, leaf, leaf, each["path"])[1] == root, f"record {seq} is not what stands there")
    print(f"{len(heads)} signed heads, of {heads[0][0]} to {size} records, each goes on from the one before")
    said, rest = ", ".join(map(str, seqs)) if picked else f"{first} to {end - 1}", "of others it says nothing" * picked
    print(f"proved: records {said} stand in the journal as they are in the bundle; {rest or 'none is left out'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    [parser.add_argument(name) for name in ("bundle", "key", "--heads")]
    asked = parser.parse_args()
    try:
        lines = Path(asked.heads).read_text("utf-8").splitlines() if asked.heads else []
        check(json.loads(Path(asked.bundle).read_text("utf-8")), asked.key, lines)
    except (OSError, ValueError, LookupError, TypeError) as error:
        sys.exit(f"NOT PROVED: the bundle can't be read: {type(error).__name__}: {error}")
