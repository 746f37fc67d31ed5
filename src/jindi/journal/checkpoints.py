"""Checkpoints: a few lines of text that pin the whole history before them, signed, to be kept elsewhere.

The text is a signed note in the form that transparency logs use, so a person can read it and other tools can
check it:

    wallet.example/lane-1
    123456
    d5g3oSm7n9vX0N0n0F3T2b8m0J6l5mC7c9bYlB1fPqE=
    at 2026-11-22T08:00:00Z

    — wallet.example/lane-1 qk3Q8rVd…

Line by line: the origin (whose journal), the records covered, the hash of the newest batch among them, when
it was made, an empty line, and the signatures: `— name base64(4 bytes of key id, 64 bytes of Ed25519)`.
The hash is the chain's. Heads of the Merkle tree are the same notes under an origin of their own (`heads`).
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jindi.basics.instants import format_instant, parse_instant
from jindi.ports import Blobs

PREFIX = "seal-"
"""The names of the blobs that hold the checkpoints of full segments begin so."""

_NAME = re.compile(r"[^\s+\x00-\x20]{1,200}\Z")
_TEXT = re.compile(r"([^\n]+)\n(0|[1-9]\d{0,18})\n([A-Za-z0-9+/]{43}=)\nat (\S+)\n", re.ASCII)
_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+=*)")
_ED25519 = b"\x01"


class CheckpointRefused(Exception):  # noqa: N818 - the name of what happened
    """A text that is no checkpoint, or none that the given key has signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `seq` records of the journal `origin` end in the batch with hash `head`; made `at_us`."""

    origin: str
    seq: int
    head: bytes
    at_us: int

    def __str__(self) -> str:
        """The text that is signed."""
        head = b64encode(self.head).decode()
        return f"{self.origin}\n{self.seq}\n{head}\nat {format_instant(self.at_us)}\n"


class Signer:
    """A name and the 32 secret bytes of its Ed25519 key (made by whoever has a source of chance)."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def named(self, name: str) -> "Signer":
        """The same key under another name. The name is part of what is signed and of the key's id."""
        return Signer(name, self._seed)

    def sign(self, text: str) -> bytes:
        """The 64 bytes of the signature over the text."""
        return self._key.sign(text.encode())


class Verifier:
    """A name and the public key that belongs to it; `str` gives the one line that is published.

    >>> print(Verifier("lane-1", bytes(32)))
    lane-1+ed0f5484+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    """

    def __init__(self, name: str, public: bytes) -> None:
        if not _NAME.match(name):
            raise ValueError("a key's name may hold no spaces and no '+', and is at most 200 characters long")
        self.name = name
        self._public = public
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self.key_id = sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self._public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The verifier of a published line; ValueError when it is not one."""
        name, _, rest = text.strip().partition("+")
        key_id, _, key = rest.partition("+")
        try:
            raw = b64decode(key, validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise ValueError("not a published Ed25519 key such as name+0a1b2c3d+AQ…")
        verifier = cls(name, raw[1:])
        if verifier.key_id.hex() != key_id:
            raise ValueError("the key's id does not belong to its name and key: the line was changed")
        return verifier

    def named(self, name: str) -> "Verifier":
        """The same key under another name."""
        return Verifier(name, self._public)

    def signed(self, text: str, signature: bytes) -> bool:
        """True when the signature over the text is of this key."""
        try:
            self._key.verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


def sign(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note of a checkpoint: the text to print, mail, or write where nobody can change it."""
    if not _NAME.match(checkpoint.origin):
        raise ValueError("an origin may hold no spaces and no '+', and is at most 200 characters long")
    text = str(checkpoint)
    verifier = signer.verifier
    return f"{text}\n— {verifier.name} {b64encode(verifier.key_id + signer.sign(text)).decode()}\n"


def check(note: str, verifier: Verifier, origin: str | None = None) -> Checkpoint:
    """The checkpoint in a note that `verifier` signed; CheckpointRefused says why it is not.

    Signatures of other keys are passed over, so others may witness the same text. When `origin` is given,
    a checkpoint of another journal is refused.
    """
    text, gap, signatures = note.partition("\n\n")
    text += "\n"
    match = _TEXT.fullmatch(text)
    if not gap or not match:
        raise CheckpointRefused("this text is no checkpoint: origin, records, hash, time, signatures")
    for line in signatures.splitlines():
        if not (found := _SIGNATURE.fullmatch(line)) or found[1] != verifier.name:
            continue
        try:
            raw = b64decode(found[2], validate=True)
        except binascii.Error:
            continue
        if raw[:4] == verifier.key_id:
            if not verifier.signed(text, raw[4:]):
                raise CheckpointRefused(f"the signature of {verifier.name} does not belong to this text")
            break
    else:
        raise CheckpointRefused(f"no signature of {verifier.name} with key {verifier.key_id.hex()}")
    if origin is not None and match[1] != origin:
        raise CheckpointRefused("it is a checkpoint of another journal")
    try:
        at_us = parse_instant(match[4])
    except ValueError as problem:
        raise CheckpointRefused(f"its time is {problem}") from None
    return Checkpoint(match[1], int(match[2]), b64decode(match[3]), at_us)


class Notary:
    """Signs what the lane has finished, and keeps it as blobs beside the journal.

    `mark` only remembers, and may stand in the hot path (the log's `on_sealed` calls it); `save` signs
    and writes. The hash that is signed comes from the memory of the process that made the batch, never
    back from the disk.
    """

    def __init__(self, origin: str, signer: Signer, blobs: Blobs) -> None:
        self._origin, self._signer, self._blobs = origin, signer, blobs
        self._marked: dict[int, bytes] = {}

    @property
    def due(self) -> bool:
        """True when `save` has something to do."""
        return bool(self._marked)

    def mark(self, seq: int, head: bytes) -> None:
        """Remember that the first `seq` records end in `head`."""
        self._marked[seq] = head

    def save(self, at_us: int) -> tuple[str, ...]:
        """Sign and keep what was marked; the names of the blobs. A failure of the blobs comes through."""
        saved = []
        for seq, head in sorted(self._marked.items()):
            note = sign(Checkpoint(self._origin, seq, head, at_us), self._signer)
            self._blobs.save(_blob(seq), [note.encode()])
            del self._marked[seq]
            saved.append(_blob(seq))
        return tuple(saved)


def load_checkpoints(blobs: Blobs, verifier: Verifier, origin: str | None = None) -> tuple[Checkpoint, ...]:
    """The kept checkpoints of full segments, their signatures checked; CheckpointRefused names a bad one."""
    found = []
    for name in blobs.names(PREFIX):
        try:
            checkpoint = check((blobs.load(name) or b"").decode(errors="replace"), verifier, origin)
        except CheckpointRefused as problem:
            raise CheckpointRefused(f"{name}: {problem}") from None
        if name != _blob(checkpoint.seq):
            raise CheckpointRefused(f"{name}: it covers {checkpoint.seq} records, not what its name says")
        found.append(checkpoint)
    return tuple(found)


def _blob(seq: int) -> str:
    return f"{PREFIX}{seq:020d}"
