"""Making a backup: what is new in the journal, the files beside it, and at last the manifest that names all of it.

The order is what makes it one state. Files that the journal must cover (snapshots, seals) are read first, then the
journal up to the end of a batch, then whatever the journal's records speak of. Pieces are durable before the manifest
names them, so an interruption at any point leaves the backups that were there; what was sealed already is remembered,
and the next try goes on with it.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import BinaryIO, TypeVar

import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.journal import GENESIS, Chain, ChainBroken, Signer, unseal
from jindi.ports import Blobs, Clock, Frame, Log, LogDamaged
from jindi.run.backup.manifest import (
    FORMAT,
    Body,
    Broken,
    Kept,
    Manifest,
    Piece,
    Split,
    Stretch,
    body_bytes,
    manifest_digest,
    place_of,
    write,
)
from jindi.run.backup.parts import TRIES, Part
from jindi.run.backup.repository import Repository, refuse_older
from jindi.run.backup.sealing import DATA_KEY_BYTES, DataKey, Recipient, context
from jindi.run.records import DECISION, DecisionRecord, decode

PIECE_BYTES = 4 * 1024 * 1024
"""Bytes of the journal or of a file that become one piece."""

REMEMBER_EVERY = 16
"""Pieces after which an interrupted backup goes on from there."""

FRAME = Struct("<QII")
MEMORY = "backup-"
"""The names of the blobs that hold what the machine remembers of its backups begin so."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

Told = Callable[[str, int, int], None]
"""Told (what is being done, how much of it is done, how much there is)."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up. `store` says how the journal is kept, `journal` opens it for as long as it is read; `keys`
    gives the fingerprints of all keys.
    """

    origin: str
    store: str
    journal: Callable[[], AbstractContextManager[Log]]
    parts: Sequence[Part]
    keys: Callable[[], Mapping[str, str]]
    split: Callable[[], Split | None]
    serves: Callable[[str, Collection[str]], str | None] = lambda _, __: None
    """Asked of a file's path, and of the paths that the newest backup has: which of these serves as well, so that
    nothing needs to be copied; None when none does.
    """


class Remembered(msgspec.Struct, frozen=True):
    """What the machine knows of the newest backup it has made; it can't read that from the place any more."""

    number: int
    digest: str
    at_us: int
    recipient: str
    keys: dict[str, bytes]
    body: Body


class Unfinished(msgspec.Struct, frozen=True):
    """Stretches of the journal that a backup has sealed and no manifest names yet."""

    recipient: str
    keys: dict[str, bytes]
    stretches: tuple[Stretch, ...]


class Memory:
    """What the machine remembers of one repository, as blobs beside the journal."""

    def __init__(self, blobs: Blobs, repository: str) -> None:
        self._blobs, self._name = blobs, f"{MEMORY}{repository}"
        self._encode = msgspec.json.Encoder().encode

    def load(self, newest: Callable[[int], str | None]) -> Remembered | None:
        """What is remembered. `newest` gives the digest of a manifest in the place: a backup whose manifest was just
        added when the process ended is taken for made.
        """
        promised = self._read(f"{self._name}.next", Remembered)
        if promised is not None and newest(promised.number) == promised.digest:
            self.save(promised)
            return promised
        return self._read(self._name, Remembered)

    def promise(self, next_: Remembered) -> None:
        """The manifest is about to be added."""
        self._blobs.save(f"{self._name}.next", [self._encode(next_)], private=True)

    def save(self, made: Remembered) -> None:
        """The manifest is in the place."""
        self._blobs.save(self._name, [self._encode(made)], private=True)
        self._blobs.drop(f"{self._name}.next")
        self._blobs.drop(f"{self._name}.unfinished")

    def unfinished(self) -> Unfinished | None:
        """What an interrupted backup has sealed."""
        return self._read(f"{self._name}.unfinished", Unfinished)

    def interrupted(self, so_far: Unfinished) -> None:
        """Remember what is sealed so far."""
        self._blobs.save(f"{self._name}.unfinished", [self._encode(so_far)], private=True)

    def _read(self, name: str, type_: type[_Struct]) -> _Struct | None:
        try:
            raw = self._blobs.load(name)
            return None if raw is None else msgspec.json.decode(raw, type=type_)
        except (msgspec.MsgspecError, ValueError):
            return None  # what can't be read is not remembered: everything is sealed anew


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    manifest: Manifest
    body: Body
    new_pieces: int
    new_bytes: int
    resumed: int
    """Pieces that an interrupted backup had sealed already."""
    stale: str = ""
    """Why an older copy of the key book still lies in the place; "" when none does."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever made it should know."""
        return (*self.body.notes, *([self.stale] if self.stale else []))


@dataclass(slots=True)
class _Sealer:
    """Seals pieces under this backup's data key, and counts them."""

    repository: Repository
    data_key: DataKey
    number: int
    made: int = 0
    size: int = 0

    def seal(self, plain: bytes) -> Piece:
        sealed = self.data_key.seal_piece(self.made, plain)
        piece = Piece(self.repository.save_piece(sealed), self.number, self.made, len(sealed))
        self.made += 1
        self.size += len(sealed)
        return piece


def make(
    repository: Repository, source: Source, recipient: Recipient, signer: Signer, blobs: Blobs, clock: Clock,
    rest: Callable[[int], None] = lambda _: None, told: Told = lambda *_: None,
) -> Made:  # fmt: skip
    """Make a backup. `rest` is told how many bytes were read since, and may take its time, or raise to break off.

    Raises Problems when the place or the journal is not for it, Broken when the place or the journal is not as it was
    left, and what the journal and the disk raise.
    """
    repository.hold()
    return _Making(repository, source, recipient, signer, blobs, clock, rest, told).make()


@dataclass(slots=True)
class _Making:
    repository: Repository
    source: Source
    recipient: Recipient
    signer: Signer
    blobs: Blobs
    clock: Clock
    rest: Callable[[int], None]
    told: Told
    notes: list[str] = field(default_factory=list)

    def make(self) -> Made:
        repository, identity = self.repository, self.repository.begin(self.source.origin)
        memory = Memory(self.blobs, identity.id)
        last = memory.load(self._digest_of)
        self._look_back(last)
        # What is sealed to another backup key is of no use to this one: everything is sealed anew then.
        base = last if last is not None and last.recipient == self.recipient.name else None
        here = repository.pieces()
        number = max(repository.numbers(), default=0) + 1
        secret = os.urandom(DATA_KEY_BYTES)
        keys = dict(base.keys) if base is not None else {}
        unfinished = memory.unfinished()
        if unfinished is not None and unfinished.recipient != self.recipient.name:
            unfinished = None
        if unfinished is not None:
            # Its number may be this one's: an interrupted backup has none. Its data key is another all the same.
            number = max(number, 1 + max(map(int, unfinished.keys), default=0))
            keys |= unfinished.keys
        keys[str(number)] = self.recipient.seal(secret, context(identity.id, number))
        sealer = _Sealer(repository, DataKey(secret, identity.id, number), number)
        kept = self._files(False, sealer, base, here)
        with self.source.journal() as log:
            self._follows(last, log)
            before = self._going_on(base, unfinished, here, log)
            resumed = sum(each.piece.key != number and (last is None or each not in last.body.stretches)
                          for each in before)  # fmt: skip
            stretches, newest = self._journal(log, before, sealer, memory, keys, last)
        kept += self._files(True, sealer, base, here)
        files = [each for each, only_newest in kept if not only_newest]
        book = tuple(each for each, only_newest in kept if only_newest)
        body = Body(
            self.source.origin, self.source.store, tuple(stretches), newest.first, newest.previous, newest.at_us,
            tuple(files), dict(self.source.keys()), self.source.split(), tuple(self.notes),
            book,
        )  # fmt: skip
        used = {str(piece.key) for piece in (*body.pieces, *body.book_pieces)} | {str(number)}
        manifest = Manifest(
            FORMAT, identity.id, number, self.clock.now_us(), last.digest if last is not None else "",
            {name: key for name, key in keys.items() if name in used},
            tuple(sorted({piece.id for piece in body.pieces})), sealer.data_key.seal_body(body_bytes(body)),
            tuple(sorted({piece.id for piece in body.book_pieces})),
        )  # fmt: skip
        raw = write(manifest, self.signer)
        made = Remembered(number, manifest_digest(raw), manifest.at_us, self.recipient.name, manifest.keys, body)
        memory.promise(made)
        repository.save(number, raw)
        memory.save(made)
        stale = ""
        try:
            repository.drop_fleeting(self.signer.verifier)
        except OSError as error:
            # The backup is there; that an older key book is, too, undoes erasures, and must not go unsaid.
            stale = f"an older copy of the key book can't be removed from the place: {error.strerror or error}"
        return Made(manifest, body, sealer.made, sealer.size, resumed, stale)

    def _digest_of(self, number: int) -> str | None:
        try:
            return self.repository.load(number, self.signer.verifier)[1]
        except Broken:
            return None

    def _look_back(self, last: Remembered | None) -> None:
        """The place must be as the last backup left it."""
        numbers = self.repository.numbers()
        if last is None:
            return
        refuse_older(numbers[-1] if numbers else 0, last.number)
        if numbers[-1] > last.number:
            what = (
                f"holds backup {numbers[-1]}, and this folder has made {last.number} at last: it was restored, or put"
            )
            remedy = "begin a new folder for backups, so that both pasts are kept"
            raise Problems([Problem(self.repository.place, "", f"{what} back", remedy)])
        if self._digest_of(last.number) != last.digest:
            raise Broken(place_of(last.number), "is not what this platform wrote", "find out who changed it")

    def _follows(self, last: Remembered | None, log: Log) -> None:
        """The journal must still hold what was backed up, but for a newest batch that was not durable then."""
        if last is None or not last.body.next:
            return
        body = last.body
        if _head_before(log, body.newest_first) != body.newest_previous:
            what = (
                f"its first {body.newest_first} records are not those of backup {last.number}: it was cut off or"
                " rewritten"
            )
            remedy = "restore from the backup, or begin a new folder for backups if this journal is meant"
            raise Broken("journal", what, remedy)

    # -- files

    def _files(self, after: bool, sealer: _Sealer, last: Remembered | None, here: set[str]) -> list[tuple[Kept, bool]]:
        """The files of all parts before or after the journal, each with whether only the newest backup has it."""
        known = {kept.path: kept for kept in (*last.body.files, *last.body.book)} if last is not None else {}
        return [
            (kept, part.only_newest)
            for part in self.source.parts
            if part.after_journal is after
            for kept in self._part(part, sealer, known, here)
        ]

    def _part(self, part: Part, sealer: _Sealer, known: Mapping[str, Kept], here: set[str]) -> list[Kept]:
        for left in reversed(range(TRIES)):
            kept = []
            try:
                for path, opens in part.files():
                    self.told(path, 0, 0)
                    before = known.get(self.source.serves(path, known) or "")
                    if before is not None and all(piece.id in here for piece in before.pieces):
                        kept.append(before)
                        continue
                    with opens() as file:
                        kept.append(self._file(path, file, sealer, known.get(path), here))
            except FileNotFoundError:
                if not left:
                    raise
                continue  # a snapshot was replaced by a newer one: that is then read
            except Problems as problems:
                # Drafts may be in any state; the platform goes on without them, and so does its backup.
                self.notes.append(f"left out: {problems}")
            return kept
        raise AssertionError("the last try returns or raises")

    def _file(self, path: str, file: BinaryIO, sealer: _Sealer, known: Kept | None, here: set[str]) -> Kept:
        size, content = 0, sha256()
        while chunk := file.read(PIECE_BYTES):
            content.update(chunk)
            size += len(chunk)
            self.rest(len(chunk))
        if (
            known is not None
            and (known.size, known.sha256) == (size, content.hexdigest())
            and all(piece.id in here for piece in known.pieces)
        ):
            return known
        file.seek(0)
        pieces = []
        while chunk := file.read(PIECE_BYTES):
            pieces.append(sealer.seal(chunk))
            self.rest(len(chunk))
        return Kept(path, size, content.hexdigest(), tuple(pieces))

    # -- the journal

    def _going_on(
        self, last: Remembered | None, unfinished: Unfinished | None, here: set[str], log: Log
    ) -> list[Stretch]:
        """The stretches that are there already and that the journal still says: what comes after them is sealed now."""
        stretches = list(last.body.stretches) if last is not None else []
        if unfinished is not None and unfinished.stretches:
            first = unfinished.stretches[0].first
            kept = [each for each in stretches if each.next <= first]
            if first == (kept[-1].next if kept else 0):
                stretches = [*kept, *unfinished.stretches]
        for at, each in enumerate(stretches):
            if each.piece.id not in here:
                self.notes.append(
                    f"piece {each.piece.id[:12]} is gone from the place: the journal is sealed again from there"
                )
                del stretches[at:]
                break
        end = log.next_seq()
        while stretches:
            newest = stretches[-1]
            if (newest.is_full or newest.next == end) and _head_before(log, newest.next) == newest.head:
                break
            stretches.pop()
        return stretches

    def _journal(
        self, log: Log, before: list[Stretch], sealer: _Sealer, memory: Memory, keys: Mapping[str, bytes],
        last: Remembered | None,
    ) -> tuple[list[Stretch], "_Newest"]:  # fmt: skip
        """All stretches up to the journal's end as it is now."""
        until = log.next_seq()
        stretches, fresh = before, _Fresh(self.source.origin)
        chain = Chain(bytes.fromhex(stretches[-1].head), stretches[-1].next) if stretches else Chain()
        known = last.body if last is not None else None
        newest = _Newest(known.newest_first, known.newest_previous, known.newest_us) if known else _Newest()
        old = len(stretches)

        def remember() -> None:
            if len(stretches) > old:
                memory.interrupted(Unfinished(self.recipient.name, dict(keys), tuple(stretches[old:])))

        try:
            for frame in log.read(chain.next_seq) if chain.next_seq < until else ():
                if frame.first >= until:
                    break
                fresh.take(frame, _followed(chain, frame))
                newest.first, newest.previous = frame.first, chain.previous.hex()
                if fresh.size >= PIECE_BYTES:
                    newest.at_us = fresh.newest_us or newest.at_us
                    stretches.append(fresh.sealed(sealer, chain, is_full=True))
                    if (len(stretches) - old) % REMEMBER_EVERY == 0:
                        remember()
                self.rest(len(frame.batch))
                self.told("journal", chain.next_seq, until)
        except BaseException:
            remember()
            raise
        if fresh.size:
            newest.at_us = fresh.newest_us or newest.at_us
            stretches.append(fresh.sealed(sealer, chain, is_full=False))
        return stretches, newest


@dataclass(slots=True)
class _Newest:
    """The newest batch: where it begins, the head before it; and when the newest decision was received."""

    first: int = 0
    previous: str = GENESIS.hex()
    at_us: int | None = None


class _Fresh:
    """Batches on their way into a piece."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._begin()

    def _begin(self) -> None:
        self._chunks: list[bytes] = []
        self.size = self._decisions = self._batches = 0
        self._first = -1
        self._newest = b""

    def take(self, frame: Frame, records: Sequence[bytes]) -> None:
        if self._first < 0:
            self._first = frame.first
        self._chunks += (FRAME.pack(frame.first, frame.count, len(frame.batch)), frame.batch)
        self.size += FRAME.size + len(frame.batch)
        self._batches += 1
        for record in records:
            if record[1] == DECISION:  # a record's second byte is its kind
                self._decisions += 1
                self._newest = record

    @property
    def newest_us(self) -> int | None:
        """When the newest decision in it was received."""
        if not self._newest:
            return None
        decision = decode(self._newest)
        assert isinstance(decision, DecisionRecord), "its second byte says so"
        return decision.received_us

    def sealed(self, sealer: _Sealer, chain: Chain, *, is_full: bool) -> Stretch:
        piece = sealer.seal(b"".join(self._chunks))
        stretch = Stretch(
            piece, self._first, chain.next_seq, chain.head.hex(), self._decisions, self._batches, is_full
        )  # fmt: skip
        self._begin()
        return stretch


def _head_before(log: Log, seq: int) -> str | None:
    """The chain's head where record `seq` is the next; None when no batch begins or will begin there."""
    if seq == 0:
        return GENESIS.hex()
    end = log.next_seq()
    for frame in log.read(seq) if seq < end else log.read(seq - 1) if seq == end else ():
        batch = unseal(frame.batch)
        if seq == end:
            return batch.head.hex()
        return batch.previous.hex() if frame.first == seq else None
    return None


def _followed(chain: Chain, frame: Frame) -> tuple[bytes, ...]:
    try:
        return chain.follow(frame)
    except ChainBroken as broken:
        remedy = "run jindi verify; what was backed up before is whole"
        raise LogDamaged(broken.place, broken.what, remedy) from None
