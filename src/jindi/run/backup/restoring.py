"""Restoring: a backup's journal and files, in a place where nothing was, each byte proved on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from jindi.journal import Chain, ChainBroken
from jindi.ports import Blobs, Files, Frame, Log
from jindi.run.backup.making import FRAME, Told
from jindi.run.backup.manifest import Body, Broken, Kept, Manifest, Piece, Stretch
from jindi.run.backup.repository import IDENTITY, Repository
from jindi.run.backup.sealing import BackupKey, DataKey, Unsealable
from jindi.run.records import DECISION


class Room(Protocol):
    """An empty place that becomes a data folder all at once, or not at all."""

    log: Log
    files: Files  # for their owner's eyes only, as all of it
    blobs: Blobs

    def finish(self) -> None:
        """Everything is written: it is made durable and gets its name."""

    def close(self) -> None:
        """Let go of it, finished or not."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    manifest: Manifest
    body: Body
    bytes: int
    newest: int
    """The backup that the key book came from."""
    has_book: bool
    """False when the newest backup, which alone has the key book, is sealed to another backup key."""


def open_backup(
    repository: Repository, key: BackupKey, number: int | None = None, at_least: int = 0
) -> tuple[Manifest, Body, str]:
    """A backup's manifest, what is sealed in it, and its digest; the newest unless a number is given. Raises Broken."""
    if number is None:
        manifest, name = repository.newest(key.platform, at_least)
    else:
        manifest, name = repository.load(number, key.platform)
    body = manifest.opened(key)
    if repository.identity().origin != body.origin:
        raise Broken(IDENTITY, "names another journal than the backups in it", "put it back from a copy of this folder")
    return manifest, body, name


def newest_book(
    repository: Repository, key: BackupKey, manifest: Manifest, body: Body
) -> tuple[Manifest, tuple[Kept, ...] | None]:
    """The backup that still has the key book, and its files: the newest, whichever is restored. None instead of files
    when this key does not open that one. Raises Broken when it is not whole.
    """
    newest = repository.numbers()[-1]
    if newest == manifest.number:
        return manifest, body.book
    found, _ = repository.load(newest, key.platform)
    if not found.fleeting:
        return found, ()
    try:
        return found, found.opened(key).book
    except Broken:
        return found, None


def restore(repository: Repository, key: BackupKey, manifest: Manifest, body: Body, room: Room,
            told: Told = lambda *_: None) -> Restored:  # fmt: skip
    """Fill an empty room with the state of a backup; to finish it is the caller's.

    The key book is the newest one's: who was erased after an older backup stays erased. Raises Broken at the first
    thing that is not what was written.
    """
    pieces = _Pieces(repository, key, manifest)
    chain, decisions = Chain(), 0
    for stretch in body.stretches:
        told("journal", chain.next_seq, body.next)
        decisions += _append(stretch, pieces.open(stretch.piece), chain, room.log)
    told("journal", chain.next_seq, body.next)
    if (chain.next_seq, chain.head.hex(), decisions) != (body.next, body.head, body.decisions):
        raise Broken(manifest.place, "counts other records than its pieces hold")
    for kept in body.files:
        told(kept.path, 0, 0)
        room.files.save(kept.path, _content(kept, pieces))
    newest, book = newest_book(repository, key, manifest, body)
    with_book = pieces if newest is manifest else _Pieces(repository, key, newest)
    for kept in book or ():
        told(kept.path, 0, 0)
        room.files.save(kept.path, _content(kept, with_book))
    return Restored(manifest, body, pieces.size, newest.number, has_book=book is not None)


class _Pieces:
    """Pieces of one backup, opened with the data keys that its manifest gives."""

    def __init__(self, repository: Repository, key: BackupKey, manifest: Manifest) -> None:
        self._repository, self._key, self._manifest = repository, key, manifest
        self._keys: dict[int, DataKey] = {}
        self.size = 0

    def open(self, piece: Piece) -> bytes:
        """What a piece holds. Raises Broken."""
        sealed = self._repository.load_piece(piece.id)
        if piece.key not in self._keys:
            self._keys[piece.key] = self._manifest.data_key(self._key, piece.key)
        try:
            plain = self._keys[piece.key].open_piece(piece.index, sealed)
        except Unsealable as error:
            raise Broken(f"piece {piece.id[:12]}", str(error)) from None
        self.size += len(plain)
        return plain


def _append(stretch: Stretch, plain: bytes, chain: Chain, log: Log) -> int:
    """Append a stretch's batches, each proved to follow the one before it; answers how many decisions they hold."""
    decisions, place = 0, f"piece {stretch.piece.id[:12]}"
    for frame in _frames(plain, place):
        try:
            records = chain.follow(frame)
        except ChainBroken as broken:
            raise Broken(place, f"{broken.place} {broken.what}") from None
        decisions += sum(record[1] == DECISION for record in records)
        log.append(frame.batch, frame.first, frame.count)
    if (chain.next_seq, chain.head.hex(), decisions) != (stretch.next, stretch.head, stretch.decisions):
        raise Broken(place, "holds other batches than the manifest says")
    return decisions


def _frames(plain: bytes, place: str) -> Iterator[Frame]:
    at = 0
    while at < len(plain):
        if at + FRAME.size > len(plain):
            raise Broken(place, "ends within a batch")
        first, count, length = FRAME.unpack_from(plain, at)
        at += FRAME.size + length
        if at > len(plain):
            raise Broken(place, "ends within a batch")
        yield Frame(first, count, plain[at - length : at])


def _content(kept: Kept, pieces: _Pieces) -> Iterator[bytes]:
    content, size = sha256(), 0
    for piece in kept.pieces:
        plain = pieces.open(piece)
        content.update(plain)
        size += len(plain)
        yield plain
    if (size, content.hexdigest()) != (kept.size, kept.sha256):
        raise Broken(kept.path, "is not the file that the manifest names")
