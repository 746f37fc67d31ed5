"""XML as a stream of records: no declarations, nothing fetched, bounded; only what a record can reach is kept.

A record is an element at a fixed path. Its sources are paths from it (`Amt/InstdAmt`, `Amt/InstdAmt/@Ccy`), upwards
with `../`; of what is repeated under one path the first counts. What stands behind a record in its parent is not seen,
except with `split`: then the records are elements inside a unit, and the unit is read to its end first. Four sources
are counted: `#message` and `#number` (of the unit in it), `#part` and `#parts` (of the unit).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import BinaryIO
from xml.parsers import expat  # nosec - declarations are refused below, so nothing is expanded

from jindi.basics.problems import Problem, Problems
from jindi.run.adapters.records import PIECE_BYTES_MAX, Record, Unreadable

DEPTH_MAX = 64
TEXT_MAX = 65_536
PATHS_MAX = 10_000
"""Different paths that a record, or what stands around it, may have; more is no payment message."""

UNIT_PARTS_MAX = 100_000
"""Records that one unit may have: transactions of one entry of a statement."""

UNIT_CHARS_MAX = 16 << 20
"""Characters that all of them may have together."""

CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Total:
    """What a message says of itself: `declared`, a path from a record. The first path of `of` that a record has is
    summed; without any, records are counted.
    """

    declared: str
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class XmlShape:
    """Where records are. In `namespace` a `*` stands for anything short without a colon; nothing takes any."""

    record: tuple[str, ...]
    split: tuple[str, ...] = ()
    namespace: str = ""
    totals: tuple[Total, ...] = ()


@dataclass(slots=True)
class _Level:
    """An open element on the way to the records: the texts below it that belong to no deeper such element."""

    texts: dict[str, str] = field(default_factory=dict)
    units: int = 0
    chars: int = 0
    sums: dict[tuple[str, ...], Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class _Held:
    """A record inside a unit that is still open."""

    levels: list[_Level]
    line: int


class XmlReader:
    """Reads one file of a shape."""

    def __init__(self, shape: XmlShape) -> None:
        self._shape = shape
        self._way = (*shape.record, *shape.split)

    def records(self, stream: BinaryIO, where: str) -> Iterator[Record | Unreadable]:
        """All records of a file. Raises Problems."""
        walk = _Walk(self._shape, self._way, where)
        fed = 0
        try:
            while chunk := stream.read(CHUNK_BYTES):
                fed += len(chunk)
                walk.parser.Parse(chunk, False)
                yield from walk.taken()
                # A tag or a comment that never ends is kept whole by the parser: it may not grow without bounds.
                if fed - max(walk.parser.CurrentByteIndex, 0) > PIECE_BYTES_MAX:
                    raise walk.wrong("a piece of markup is too long", f"at most {PIECE_BYTES_MAX} bytes each")
            walk.parser.Parse(b"", True)
        except expat.ExpatError as error:
            remedy = "it stops early: fetch the file again" if error.code == _NO_ELEMENTS else "fetch the file again"
            problem = f"is no XML: {expat.ErrorString(error.code)}"
            raise Problems([Problem(where, f"line {error.lineno}", problem, remedy)]) from None
        except (ValueError, LookupError):
            raise Problems(
                [Problem(where, "line 1", "is in an encoding that isn't read", "convert it to UTF-8")]
            ) from None
        yield from walk.taken()
        walk.finish()


_NO_ELEMENTS = 3


class _Walk:
    """The state of one pass: what is open, what of it is kept, what is ready."""

    def __init__(self, shape: XmlShape, way: tuple[str, ...], where: str) -> None:
        self._shape, self._way, self._where = shape, way, where
        self._unit = len(shape.record)
        pattern = re.escape(shape.namespace).replace(r"\*", "[^:]{0,40}")
        self._wanted = re.compile(pattern) if shape.namespace else None
        self._names: list[str] = []
        self._levels: list[_Level] = []
        self._base = 0  # how many elements are open outside the document
        self._space: str | None = None
        self._text: list[str] = []
        self._chars = 0
        self._held: list[_Held] = []
        self._ready: list[Record | Unreadable] = []
        self._problems: list[Problem] = []
        self._message = self._number = self._line = 0
        self._foreign: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._begin, self._end
        self.parser.CharacterDataHandler = self._say
        self.parser.StartDoctypeDeclHandler = self._refuse

    def taken(self) -> list[Record | Unreadable]:
        """The records that are ready, once."""
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> None:
        """After the last byte: what the file as a whole must have. Raises Problems."""
        if not self._message:
            said = f"its own is {self._foreign[0][:80]}" if self._foreign else "it has none"
            wanted = self._shape.namespace or "any"
            self._problems.append(
                Problem(
                    self._where, "", f"no {self._way[0]} of the namespace {wanted} in it", f"{said}: name its format"
                )
            )
        if self._problems:
            raise Problems(self._problems)

    def wrong(self, problem: str, remedy: str) -> Problems:
        """A problem of the whole file, where the parser stands."""
        return Problems([Problem(self._where, f"line {self.parser.CurrentLineNumber}", problem, remedy)])

    def _refuse(self, *_: object) -> None:
        raise self.wrong("declares a document type", "send the message without DOCTYPE")

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        depth = len(self._names)
        if depth + self._base >= DEPTH_MAX:
            raise self.wrong("elements lie too deep", f"at most {DEPTH_MAX}")
        if not depth and not self._opens(space, name):
            self._base += 1
            return
        if depth and space != self._space:
            name = f"?{name}"  # of another vocabulary: it never stands for one of ours
        self._names.append(name)
        self._text, self._chars = [], 0
        depth += 1
        if depth <= len(self._way) and len(self._levels) == depth - 1 and name == self._way[depth - 1]:
            self._levels.append(_Level())
            if depth == self._unit:
                self._line = self.parser.CurrentLineNumber
        for attribute, value in attributes.items():
            self._keep(f"@{attribute.rpartition(' ')[2]}", value)

    def _opens(self, space: str, name: str) -> bool:
        if name != self._way[0]:
            return False
        if self._wanted is not None and not self._wanted.fullmatch(space):
            self._foreign = self._foreign or [space]
            return False
        self._space = space
        self._message += 1
        self._number = 0
        return True

    def _say(self, text: str) -> None:
        if not self._names:
            return  # outside the document nothing is kept
        self._chars += len(text)
        if self._chars > TEXT_MAX:
            raise self.wrong("a text is too long", f"at most {TEXT_MAX} characters")
        self._text.append(text)

    def _keep(self, last: str, text: str) -> None:
        level = self._levels[-1]
        path = "/".join([*self._names[len(self._levels) :], *([last] if last else [])]) or "."
        if path in level.texts or not text:
            return
        level.chars += len(text) + len(path)
        if len(level.texts) >= PATHS_MAX or level.chars > UNIT_CHARS_MAX:
            raise self.wrong("an element has too much in it", f"at most {PATHS_MAX} paths with a text")
        level.texts[path] = text

    def _end(self, _: str) -> None:
        if not self._names:
            self._base -= 1
            return
        if text := "".join(self._text).strip():
            self._keep("", text)
        self._text, self._chars = [], 0
        depth = len(self._names)
        if len(self._levels) == depth:
            self._close(depth)
            self._levels.pop()
        self._names.pop()

    def _close(self, depth: int) -> None:
        """An element on the way ends: a record is ready, a unit is whole, or a level can be held against its totals."""
        if depth == len(self._way):
            self._held.append(_Held([*self._levels], self.parser.CurrentLineNumber))
            total = sum(each.levels[-1].chars for each in self._held[-1:]) + self._levels[self._unit - 1].chars
            self._levels[self._unit - 1].chars = total
            if len(self._held) > UNIT_PARTS_MAX or total > UNIT_CHARS_MAX:
                raise self.wrong("an element has too much in it", f"at most {UNIT_PARTS_MAX} records")
        if depth == self._unit:
            self._emit()
        if depth < self._unit:
            self._check(depth)

    def _emit(self) -> None:
        self._number += 1
        held = self._held or [_Held(self._levels + [_Level() for _ in self._shape.split], self._line)]
        self._held = []
        for level in self._levels[: self._unit - 1]:
            level.units += 1
        for at, each in enumerate(held, 1):
            texts = each.levels[-1].texts
            texts["#number"], texts["#part"], texts["#parts"] = str(self._number), str(at), str(len(held))
            texts["#message"] = str(self._message)
            for total in self._shape.totals:
                self._add(total, texts)
            part = f", part {at}" if len(held) > 1 else ""
            place = f"message {self._message}, transaction {self._number}{part} (line {self._line})"
            self._ready.append(_record(place, [level.texts for level in reversed(each.levels)]))

    def _add(self, total: Total, texts: dict[str, str]) -> None:
        if not total.of:
            return
        try:
            amount = Decimal(next((texts[path] for path in total.of if path in texts), "0"))
        except InvalidOperation:
            return  # the record itself is rejected for it
        if not amount.is_finite() or abs(amount) > Decimal(10) ** 24:
            return
        for level in self._levels[: self._unit - 1]:
            level.sums[total.of] = level.sums.get(total.of, Decimal(0)) + amount

    def _check(self, depth: int) -> None:
        """What a message says of its own number and sum must be so, else it is not whole."""
        for total in self._shape.totals:
            up = total.declared.count("../")
            level = self._levels[-1]
            said = level.texts.get(total.declared.replace("../", ""))
            if len(self._way) - up != depth or said is None:
                continue
            found = level.sums.get(total.of, Decimal(0)) if total.of else Decimal(level.units)
            try:
                is_so = Decimal(said) == found
            except InvalidOperation:
                is_so = False
            if not is_so:
                what = "the sum of its amounts" if total.of else "the number of its transactions"
                self._problems.append(
                    Problem(
                        self._where,
                        f"message {self._message} (line {self.parser.CurrentLineNumber})",
                        f"{total.declared.replace('../', '')} is not {what}",
                        "the message is not whole, or was changed: fetch it again",
                    )
                )


def _record(place: str, levels: list[dict[str, str]]) -> Record:
    def read(path: str) -> str | None:
        up = 0
        while path.startswith("../"):
            path, up = path[3:], up + 1
        return levels[up].get(path) if up < len(levels) else None

    def shown() -> dict[str, str]:
        return {
            "../" * up + path: text
            for up, level in enumerate(levels)
            for path, text in level.items()
            if path.rpartition("/")[2] not in ("#number", "#part", "#parts", "#message")
        }

    return Record(place, read, lambda path: read(path) is not None, shown)
