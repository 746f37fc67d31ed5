"""What a backup says of itself: one signed text that names everything needed for one state.

    jindi backup manifest 1
    {"format":1,"repository":…,"number":7,…,"body":…}
    — name base64(64 bytes of Ed25519)

What is in clear tells nobody anything that the folder does not: numbers, times, which pieces it needs, and the sealed
data keys. The body is sealed under the backup's own data key.
"""

import binascii
from base64 import b64decode, b64encode
from typing import Any

import msgspec

from jindi.basics.digests import digest
from jindi.journal import GENESIS, Signer, Verifier
from jindi.run.backup.sealing import BackupKey, DataKey, Unsealable, context

FORMAT = 1
_TITLE = "jindi backup manifest 1"
_json = msgspec.json.Encoder()


class Broken(Exception):  # noqa: N818 - the name of what happened
    """A backup is not what was written: the place, what is wrong there, and the remedy."""

    def __init__(self, place: str, what: str, remedy: str = "") -> None:
        self.place, self.what, self.remedy = place, what, remedy
        super().__init__(f"{place}: {what}" + (f" ({remedy})" if remedy else ""))


ANOTHER = "restore another backup: jindi backup status lists them"


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sealed bytes: their SHA-256, which is their name, and the data key and the number they were sealed with."""

    id: str
    key: int
    index: int
    bytes: int


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Batches of the journal in one piece: records `first` to `next` - 1, and the chain's head behind them.

    `is_full`: nothing is added to it any more.
    """

    piece: Piece
    first: int
    next: int
    head: str
    decisions: int
    batches: int
    is_full: bool


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is replaced whole: its path in the data folder, and what it holds."""

    path: str
    size: int
    sha256: str
    pieces: tuple[Piece, ...]


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backup of keys: which, in how many shares, and how many of them are needed."""

    set_id: str
    needed: int
    shares: int
    at_us: int
    keys: dict[str, str]
    """The fingerprints of the keys in it."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state: the journal up to the end of a batch, and the files beside it.

    `store` says how the platform keeps its journal; pieces are of no store.
    `newest_first` is the first record of the newest batch and `newest_previous` the chain's head before it: a batch
    that was taken before it was durable may be another one after a crash; nothing before it may. `newest_us` is when
    the newest decision was received.
    """

    origin: str
    store: str
    stretches: tuple[Stretch, ...]
    newest_first: int
    newest_previous: str
    newest_us: int | None
    files: tuple[Kept, ...]
    keys: dict[str, str]
    """The fingerprints of the platform's keys, none of which is in here."""
    split: Split | None
    notes: tuple[str, ...] = ()
    book: tuple[Kept, ...] = ()
    """The files that only the newest backup has: the vault's key book and its ring, wrapped as they lie."""

    @property
    def next(self) -> int:
        """Records of the journal."""
        return self.stretches[-1].next if self.stretches else 0

    @property
    def head(self) -> str:
        """The chain's head behind the last record."""
        return self.stretches[-1].head if self.stretches else GENESIS.hex()

    @property
    def decisions(self) -> int:
        """Decisions among the records."""
        return sum(each.decisions for each in self.stretches)

    @property
    def batches(self) -> int:
        """Batches of the journal."""
        return sum(each.batches for each in self.stretches)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All pieces that the state needs, but for those of the key book."""
        return (*(each.piece for each in self.stretches), *(piece for kept in self.files for piece in kept.pieces))

    @property
    def book_pieces(self) -> tuple[Piece, ...]:
        """The pieces of the key book."""
        return tuple(piece for kept in self.book for piece in kept.pieces)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One backup. `previous` is the SHA-256 of the manifest before it, "" when it followed none that was known.

    `keys`: the sealed data keys of all backups that it has pieces of, by their numbers. `fleeting`: the pieces that go
    when a newer backup is there.
    """

    format: int
    repository: str
    number: int
    at_us: int
    previous: str
    keys: dict[str, bytes]
    pieces: tuple[str, ...]
    body: bytes
    fleeting: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it lies."""
        return place_of(self.number)

    def opened(self, key: BackupKey) -> Body:
        """What is sealed in it. Raises Broken when that is not for this key."""
        try:
            body = msgspec.json.decode(self.data_key(key, self.number).open_body(self.body), type=Body, strict=True)
            _check(self, body)
        except (Unsealable, msgspec.MsgspecError, ValueError) as error:
            raise Broken(
                self.place, str(error), "use the backup key that this platform's backups are made for"
            ) from None
        return body

    def data_key(self, key: BackupKey, number: int) -> DataKey:
        """The data key of a backup that this one has pieces of. Raises Broken."""
        sealed = self.keys.get(str(number))
        if sealed is None:
            raise Broken(self.place, f"the data key of backup {number} is not in it", ANOTHER)
        try:
            return DataKey(key.open(sealed, context(self.repository, number)), self.repository, number)
        except Unsealable as error:
            what = f"the data key of backup {number}: {error}"
            raise Broken(self.place, what, "use the backup key that this platform's backups are made for") from None


def place_of(number: int) -> str:
    """Where a backup's manifest lies.

    >>> place_of(7)
    'manifests/00000007.manifest'
    """
    return f"manifests/{number:08d}.manifest"


def write(manifest: Manifest, signer: Signer) -> bytes:
    """The bytes of a manifest, signed."""
    text = f"{_TITLE}\n{_json.encode(manifest).decode()}\n"
    return f"{text}— {signer.verifier.name} {b64encode(signer.sign(text)).decode()}\n".encode()


def read(raw: bytes, number: int, repository: str, verifier: Verifier | None) -> Manifest:
    """A manifest from its bytes, its signature checked (without a verifier only its form). Raises Broken."""
    place = place_of(number)
    lines = raw.decode("utf-8", "replace").split("\n")
    if len(lines) != 4 or lines[0] != _TITLE or lines[3]:
        raise Broken(place, "is no manifest, or is cut off", ANOTHER)
    if verifier is not None:
        name, _, signature = lines[2].removeprefix("— ").partition(" ")
        try:
            signed = verifier.signed(f"{lines[0]}\n{lines[1]}\n", b64decode(signature, validate=True))
        except binascii.Error:
            signed = False
        if not signed:
            what = f"is not signed by {verifier.name}, or was changed"
            raise Broken(place, what if name else "is not signed", ANOTHER)
    try:
        manifest = msgspec.json.decode(lines[1], type=Manifest, strict=True)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Broken(place, f"can't be read: {error}", ANOTHER) from None
    if manifest.format != FORMAT:
        raise Broken(place, f"backups of format {manifest.format} are not known here", "use the version that wrote it")
    if manifest.number != number:
        raise Broken(place, f"holds backup {manifest.number}: an older one in a newer one's place", ANOTHER)
    if manifest.repository != repository:
        raise Broken(place, "belongs to another repository", ANOTHER)
    return manifest


def body_bytes(body: Body) -> bytes:
    """The bytes that are sealed."""
    return _json.encode(body)


def document(body: Body) -> dict[str, Any]:
    """The counts of a state, for programs."""
    return {
        "records": body.next, "decisions": body.decisions, "batches": body.batches, "head": body.head,
        "files": len(body.files), "pieces": len(body.pieces),
    }  # fmt: skip


def manifest_digest(raw: bytes) -> str:
    """What the next manifest names it by."""
    return digest(raw)


def _check(manifest: Manifest, body: Body) -> None:
    """What every manifest that we write fulfils."""
    following = 0
    for each in body.stretches:
        if each.first != following or each.next <= each.first:
            raise ValueError(f"its journal goes on at record {each.first} where {following} is next")
        following = each.next
    if {piece.id for piece in body.pieces} != set(manifest.pieces):
        raise ValueError("it does not name the pieces that it needs")
    if {piece.id for piece in body.book_pieces} != set(manifest.fleeting):
        raise ValueError("it does not name the pieces of the key book")
