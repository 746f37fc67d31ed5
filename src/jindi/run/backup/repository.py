"""A place for backups: a folder of sealed pieces, signed manifests, and the records of drills.

    jindi-backup.json                       which repository this is, and whose
    pieces/3f/3f2a…                         sealed bytes, named by their SHA-256
    manifests/00000007.manifest             one for each backup; it is there when the backup is whole
    drills/00000007-20261127T091500Z.drill  one for each drill

A piece is never changed, and a manifest only ever added. So whatever is interrupted leaves the backups that were
there; what no manifest names is nobody's, and goes with the next `prune`.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

import msgspec

from jindi.basics.digests import digest
from jindi.basics.problems import Problem, Problems
from jindi.journal import Verifier
from jindi.ports import Files
from jindi.run.backup.manifest import ANOTHER, Broken, Manifest, manifest_digest, place_of, read
from jindi.run.backup.retention import Retention, retained

IDENTITY = "jindi-backup.json"
AGAIN = "remove the file: the next backup seals it anew, as long as the platform is there; or restore another backup"
_MANIFESTS, _PIECES, DRILLS = "manifests/", "pieces/", "drills/"
_json = msgspec.json.Encoder()


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which repository this is, and whose journal is in it."""

    format: int
    id: str
    origin: str


class Repository:
    """The backups of one platform below one folder. What the disk refuses comes through as OSError."""

    def __init__(self, files: Files, place: str) -> None:
        self._files, self.place = files, place
        self._listed: set[str] | None = None

    def hold(self) -> None:
        """Take the place for this process alone until `close`. Raises Problems when another has it."""
        if not self._files.hold():
            raise Problems([Problem(self.place, "", "another process works on these backups", "let it end")])
        self._listed = None  # what was listed before may be another's work of yesterday
        self._listed = set(self._names())

    def close(self) -> None:
        """Let go of the place."""
        self._listed = None
        self._files.close()

    def _names(self) -> list[str]:
        """All names, sorted. A place may hold many, so they are listed once while nobody else adds any."""
        return sorted(self._files.names() if self._listed is None else self._listed)

    def _save(self, name: str, raw: bytes) -> None:
        self._files.save(name, [raw])
        if self._listed is not None:
            self._listed.add(name)

    def _drop(self, name: str) -> None:
        self._files.drop(name)
        if self._listed is not None:
            self._listed.discard(name)

    def identity(self) -> Identity:
        """Which repository this is. Raises Problems when there is none."""
        found = self._identity()
        if found is None:
            raise Problems([Problem(self.place, "", "there are no backups here", "name the folder that holds them")])
        return found

    def begin(self, origin: str) -> Identity:
        """This repository, made when the folder is empty. Raises Problems when it is not for this journal."""
        found = self._identity()
        if found is None:
            if any(not name.startswith(("_jindi/", f".{IDENTITY}.")) for name in self._names()):
                what = "holds other things than backups"
                raise Problems([Problem(self.place, "", what, "name an empty folder, or a new one")])
            found = Identity(1, os.urandom(8).hex(), origin)
            self._save(IDENTITY, _json.encode(found))
        if found.origin != origin:
            what = f"holds the backups of another journal ({found.origin})"
            raise Problems([Problem(self.place, "", what, "name another folder")])
        return found

    def _identity(self) -> Identity | None:
        try:
            found = msgspec.json.decode(self._load(IDENTITY), type=Identity)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, ValueError):
            raise Broken(IDENTITY, "is not what was written", "put it back from a copy of this folder") from None
        if found.format != 1:
            raise Broken(IDENTITY, f"format {found.format} is not known here", "use the version that wrote it")
        return found

    # -- pieces

    def save_piece(self, sealed: bytes) -> str:
        """Keep sealed bytes; answers their name."""
        name = digest(sealed)
        self._save(_piece_place(name), sealed)
        return name

    def load_piece(self, name: str) -> bytes:
        """The sealed bytes of a piece. Raises Broken when they are not there or not what they were."""
        place = _piece_place(name)
        try:
            sealed = self._load(place)
        except FileNotFoundError:
            raise Broken(place, "the piece is missing", AGAIN) from None
        if digest(sealed) != name:
            raise Broken(place, "the piece is not what was written: it was changed, or is another's", AGAIN)
        return sealed

    def pieces(self) -> set[str]:
        """The names of all pieces that lie here."""
        return {name.rpartition("/")[2] for name in self._names() if _is_piece(name)}

    def drop_fleeting(self, verifier: Verifier) -> int:
        """Remove the pieces that only the newest backup should still have; how many there were.

        What can't be read names nothing that would go; `prune` removes it with its backup.
        """
        *older, newest = self.numbers()
        keep = set(self.load(newest, verifier)[0].fleeting)
        gone: set[str] = set()
        for number in older:
            with suppress(Broken):
                gone.update(self.load(number, verifier)[0].fleeting)
        gone = (gone - keep) & self.pieces()
        for name in sorted(gone):
            self._drop(_piece_place(name))
        return len(gone)

    # -- manifests

    def numbers(self) -> tuple[int, ...]:
        """The numbers of all backups, oldest first."""
        found = (name[len(_MANIFESTS) :].partition(".") for name in self._names() if name.startswith(_MANIFESTS))
        return tuple(sorted(int(stem) for stem, _, end in found if end == "manifest" and stem.isdecimal()))

    def load(self, number: int, verifier: Verifier | None) -> tuple[Manifest, str]:
        """A backup's manifest, checked, and its digest. Raises Broken."""
        try:
            raw = self._load(place_of(number))
        except FileNotFoundError:
            raise Broken(place_of(number), "there is no such backup", ANOTHER) from None
        return read(raw, number, self.identity().id, verifier), manifest_digest(raw)

    def save(self, number: int, raw: bytes) -> None:
        """Add a backup: from here on it is there."""
        self._save(place_of(number), raw)

    def newest(self, verifier: Verifier | None, at_least: int = 0) -> tuple[Manifest, str]:
        """The newest backup. Raises Broken when one of a greater number is known, Problems when there is none."""
        numbers = self.numbers()
        if not numbers:
            self.identity()
            raise Problems([Problem(self.place, "", "no backup has been made yet", "run jindi backup")])
        refuse_older(numbers[-1], at_least)
        manifest, name = self.load(numbers[-1], verifier)
        if len(numbers) > 1 and numbers[-2] == numbers[-1] - 1 and manifest.previous:
            try:
                _, before = self.load(numbers[-2], verifier)
            except Broken:
                before = manifest.previous  # damage of an older backup is no reason not to have the newest
            if before != manifest.previous:
                remedy = f"find out who changed it; --backup {numbers[-1]} restores the newest all the same"
                raise Broken(place_of(numbers[-2]), f"is not what backup {numbers[-1]} followed", remedy)
        return manifest, name

    # -- drills

    def save_drill(self, name: str, raw: bytes) -> None:
        """Keep the record of a drill."""
        self._save(f"{DRILLS}{name}.drill", raw)

    def drills(self) -> Iterable[tuple[str, bytes]]:
        """All records of drills: where, and what."""
        for name in self._names():
            if name.startswith(DRILLS) and name.endswith(".drill"):
                yield name, self._load(name)

    # -- forgetting

    def prune(
        self, retention: Retention, verifier: Verifier, also: Iterable[str] = (), always: Iterable[int] = ()
    ) -> "Pruned":
        """Forget all backups but those that are to stay, and every piece that none of these needs.

        `also`: pieces that an interrupted backup goes on with. `always`: backups that stay whatever their age, such as
        the one that a drill has proved. Raises Broken, and drops nothing, when one of those that stay can't be read or
        lacks a piece: what it needs is then not known, and an older one may be the only good one.
        """
        if retention.newest < 1:
            raise ValueError("at least one backup is kept")
        self.hold()
        numbers, here = self.numbers(), self.pieces()
        manifests: dict[int, Manifest] = {}
        for number in numbers:
            # One that is to go may be damaged; then it has no date, and goes only by its place among the newest.
            with suppress(Broken):
                manifests[number] = self.load(number, verifier)[0]
        made = [(number, manifests[number].at_us) for number in numbers if number in manifests]
        stay = retained(made, retention, always) | set(numbers[-retention.newest :])
        needed = set(also)
        for number in sorted(stay):
            manifest = manifests.get(number) or self.load(number, verifier)[0]
            if missing := set(manifest.pieces) - here:
                remedy = "nothing was removed; the next backup seals it anew, then prune again"
                raise Broken(place_of(number), f"needs piece {min(missing)[:12]}, which is not here", remedy)
            needed.update(manifest.pieces)
        if numbers:
            needed.update(manifests[numbers[-1]].fleeting)
        names = self._names()
        gone = [name for name in names if _is_left(name) or (_is_piece(name) and name.rpartition("/")[2] not in needed)]
        size = 0
        dropped = tuple(number for number in numbers if number not in stay)
        # Manifests first: a backup that is still named has all its pieces, whenever this is interrupted.
        for number in dropped:
            self._drop(place_of(number))
        for name in gone:
            size += self._size(name)
            self._drop(name)
        return Pruned(dropped, tuple(sorted(stay)), len(gone), size)

    def size(self) -> int:
        """Bytes of all that lies here."""
        return sum(self._size(name) for name in self._names())

    def _size(self, name: str) -> int:
        with self._files.open(name) as file:
            return file.seek(0, os.SEEK_END)

    def _load(self, name: str) -> bytes:
        with self._files.open(name) as file:
            return file.read()


class Pruned(msgspec.Struct, frozen=True):
    """What was forgotten."""

    dropped: tuple[int, ...]
    kept: tuple[int, ...]
    pieces: int
    bytes: int


def refuse_older(newest: int, known: int) -> None:
    """Raises Broken when a newer backup is known than the newest that lies in the place."""
    if newest < known:
        what = f"backup {known} is known to have been made, and {newest} is the newest here: the folder was put back"
        raise Broken("manifests", what, "find out who did; the newer backups may lie in another copy of the folder")


def _is_piece(name: str) -> bool:
    return name.startswith(_PIECES) and not name.rpartition("/")[2].startswith(".")


def _is_left(name: str) -> bool:
    """What an interrupted save has left; nobody saves while the place is held."""
    return name.rpartition("/")[2].startswith(".") and name.endswith(".new")


def _piece_place(name: str) -> str:
    return f"{_PIECES}{name[:2]}/{name}"
