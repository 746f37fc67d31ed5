"""What an archive holds: its parts, and how far into the journal it goes.

The manifest is the archive's truth: a file that it does not name is not part of the archive. It is replaced
whole, so a crash leaves the archive as it was before a step or as it is after it.
"""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from jindi.journal import GENESIS
from jindi.ports import Files
from jindi.run.history.shapes import FORMAT

MANIFEST = "_jindi/manifest.json"

RANGE_RECORDS = 1_000_000
"""A range that has so many records is closed and the next one begun."""

_json = msgspec.json.Encoder()


class Broken(Exception):  # noqa: N818 - the name of what happened
    """The archive is not what it should be: the place, what is wrong there, and the remedy."""

    def __init__(self, place: str, what: str, remedy: str = "") -> None:
        self.place, self.what, self.remedy = place, what, remedy
        super().__init__(f"{place}: {what}" + (f" ({remedy})" if remedy else ""))

    def __reduce__(self) -> tuple[type["Broken"], tuple[str, str, str]]:
        """A process that judges a part tells it to the one that asked."""
        return Broken, (self.place, self.what, self.remedy)


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: rows of one day (UTC), one event type and one set of definitions, in the journal's order.

    `first` and `last` are the numbers of its first and last decision.
    """

    path: str
    day: str
    type: str
    definitions: int
    rows: int
    first: int
    last: int
    bytes: int
    sha256: str

    @property
    def group(self) -> tuple[str, str, int]:
        """Parts of the same group can become one."""
        return self.day, self.type, self.definitions


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records of the journal that the archive has followed, `first` to `next` - 1, and the chain's head behind them."""

    first: int
    next: int
    head: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parts and ranges. Ranges follow one another from record 0 on without a gap."""

    format: int = FORMAT
    ranges: tuple[Range, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def next(self) -> int:
        """The record of the journal that comes next."""
        return self.ranges[-1].next if self.ranges else 0

    @property
    def head(self) -> bytes:
        """The hash that the chain had behind the last record followed."""
        return bytes.fromhex(self.ranges[-1].head) if self.ranges else GENESIS

    @property
    def rows(self) -> int:
        """Decisions in all parts."""
        return sum(part.rows for part in self.parts)

    def grown(self, parts: Sequence[Part], following: int, head: bytes) -> "Manifest":
        """With new parts, and followed up to the record `following`."""
        ranges, first = self.ranges, self.next
        if ranges and following - ranges[-1].first <= RANGE_RECORDS:
            ranges, first = ranges[:-1], ranges[-1].first
        ranges = (*ranges, Range(first, following, head.hex()))
        return Manifest(FORMAT, ranges, in_order((*self.parts, *parts)))

    def exchanged(self, old: Sequence[Part], new: Part) -> "Manifest":
        """With one part in the place of several."""
        gone = {part.path for part in old}
        kept = [part for part in self.parts if part.path not in gone]
        return Manifest(FORMAT, self.ranges, in_order((*kept, new)))


def in_order(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Parts by day and type, and then as the journal has their rows."""
    return tuple(sorted(parts, key=lambda part: (part.day, part.type, part.first)))


def path_of(day: str, event_type: str, first: int, last: int) -> str:
    """Where a part lies.

    >>> path_of("2026-11-22", "payment", 7, 4711)
    'day=2026-11-22/type=payment/part-7-4711.parquet'
    """
    return f"day={day}/type={event_type}/part-{first}-{last}.parquet"


def load(files: Files) -> Manifest:
    """The manifest of an archive, empty when there is none yet. Raises Broken when it can't be read."""
    try:
        with files.open(MANIFEST) as file:
            raw = file.read()
    except FileNotFoundError:
        return Manifest()
    try:
        manifest = msgspec.json.decode(raw, type=Manifest, strict=True)
        _check(manifest)
    except (msgspec.MsgspecError, ValueError) as error:
        remedy = "delete the folder; it is made again from the journal"
        raise Broken(MANIFEST, f"can't be read: {error}", remedy) from None
    return manifest


def save(files: Files, manifest: Manifest) -> None:
    """Replace the manifest; afterwards the archive is what it says, come what may."""
    files.save(MANIFEST, [_json.encode(manifest)])


def _check(manifest: Manifest) -> None:
    """What every manifest that we write fulfils."""
    if manifest.format != FORMAT:
        raise ValueError(f"archives of format {manifest.format} are not known here")
    following = 0
    for each in manifest.ranges:
        if each.first != following:
            raise ValueError(f"a range begins at record {each.first} where {following} is next")
        if each.next <= each.first:
            raise ValueError(f"the range of record {each.first} is empty")
        if len(bytes.fromhex(each.head)) != len(GENESIS):
            raise ValueError(f"the head of the range of record {each.first} is no hash")
        following = each.next
    for part in manifest.parts:
        if part.path != path_of(part.day, part.type, part.first, part.last):
            raise ValueError(f"{part.path[:200]} is not where its rows belong")
        if not 0 < part.rows <= part.last - part.first + 1 or not 0 <= part.first <= part.last < following:
            raise ValueError(f"{part.path} can't hold {part.rows} decisions of the records followed")
    if manifest.parts != in_order(manifest.parts):
        raise ValueError("the parts are not in order")
    for (day, event_type), parts in groupby(manifest.parts, key=lambda part: (part.day, part.type)):
        behind = -1
        for part in parts:
            if part.first <= behind:
                raise ValueError(f"parts of {event_type} on {day} overlap at record {part.first}")
            behind = part.last
