"""Tables as payment services let merchants download them: words above and below, protected cells, GBK or UTF-8."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from jindi.basics.problems import Problem, Problems
from jindi.run.adapters.records import PIECE_BYTES_MAX, Record, Unreadable, in_columns

COLUMNS_MAX = 1_000
ROW_LINES_MAX = 1_000
HEAD_LINES_MAX = 1_000
FOOT_CHARS_MAX = 1 << 20
_LOOK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class TableShape:
    """How a table is written. The header is the first line with all of `needs`; one that begins with `end` ends it."""

    needs: tuple[str, ...]
    delimiter: str = ","
    quote: str = '"'
    protect: str = ""
    comment: str = ""
    end: str = ""
    must_end: bool = False
    encoding: str = "auto"
    head: dict[str, re.Pattern[str]] = field(default_factory=dict)
    count: re.Pattern[str] | None = None


class _Lines:
    """Decoded lines of a file, each of a bounded length, with the number of the last one."""

    def __init__(self, stream: BinaryIO, shape: TableShape, where: str) -> None:
        self._stream, self._where = stream, where
        self._first = stream.read(_LOOK_BYTES)
        if self._first.startswith((b"PK\x03\x04", b"\x1f\x8b")):
            raise Problems([Problem(where, "", "is a packed file", "unpack it first")])
        self._encoding = self._of(shape.encoding)
        self._ahead = io.BytesIO(self._first)
        self.number = 0

    def _of(self, encoding: str) -> str:
        if encoding != "auto":
            return encoding
        if self._first.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if self._first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Problems([Problem(self._where, "", "is UTF-16", "convert it to UTF-8")])
        try:
            codecs.getincrementaldecoder("utf-8")().decode(self._first)
        except UnicodeDecodeError:
            return "gb18030"
        return "utf-8"

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._raw()
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) > PIECE_BYTES_MAX:
            raise self.wrong(f"a line longer than {PIECE_BYTES_MAX} bytes", "give the service's own file")
        try:
            return raw.decode("utf-8-sig" if self.number == 1 and self._encoding == "utf-8" else self._encoding)
        except UnicodeDecodeError:
            name = self._encoding.removesuffix("-sig")
            raise self.wrong(f"is not {name}", 'name its encoding in [reader]: encoding = "…"') from None

    def _raw(self) -> bytes:
        """The next line with its end; nothing at the end of the file; one byte too many where a line is too long."""
        raw = self._ahead.readline()
        if not raw.endswith(b"\n") and len(raw) <= PIECE_BYTES_MAX:
            raw += self._stream.readline(PIECE_BYTES_MAX + 1 - len(raw))
        return raw

    def wrong(self, problem: str, remedy: str) -> Problems:
        return Problems([Problem(self._where, f"line {self.number}", problem, remedy)])


class TableReader:
    """Reads one file of a shape."""

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape

    def records(self, stream: BinaryIO, where: str) -> Iterator[Record | Unreadable]:
        """All rows between head and foot. Raises Problems."""
        shape, lines = self._shape, _Lines(stream, self._shape, where)
        names, head = self._header(lines, where)
        rows = _Rows(lines, shape)
        reader = csv.reader(
            rows,
            delimiter=shape.delimiter,
            quotechar=shape.quote or '"',
            quoting=csv.QUOTE_MINIMAL if shape.quote else csv.QUOTE_NONE,
            strict=True,
        )
        count = 0
        while True:
            rows.begin()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                remedy = 'mend its quotation marks, or say that there are none: quote = ""'
                if "field larger" in str(error) or "end of data" in str(error):
                    raise lines.wrong(f"a cell that begins in line {rows.began} does not end", remedy) from None
                count += 1
                yield Unreadable(f"line {rows.began}", "is no row of this table", remedy)
                continue
            if cells is None:
                break
            cells = [self._cell(each) for each in cells]
            if not any(cells):
                continue
            count += 1
            place = f"line {rows.began}"
            if len(cells) != len(names):
                problem = f"has {len(cells)} cells, the header has {len(names)}"
                content = {str(at): cell for at, cell in enumerate(cells[:COLUMNS_MAX], 1)}
                yield Unreadable(place, problem, "put texts with the separator into quotation marks", content)
                continue
            yield in_columns(head | dict(zip(names, cells, strict=True)), place)
        self._hold(count, rows, lines, where)

    def _cell(self, text: str) -> str:
        return text.strip(self._shape.protect + " \t\r\n\u3000")

    def _header(self, lines: _Lines, where: str) -> tuple[list[str], dict[str, str]]:
        """The names of the columns, and what the lines above them say."""
        head: dict[str, str] = {}
        for line in lines:
            if lines.number > HEAD_LINES_MAX:
                break
            names = [self._cell(each) for each in self._split(line)]
            if set(self._shape.needs) <= set(names):
                if len(names) > COLUMNS_MAX or len(set(names) - {""}) != len([each for each in names if each]):
                    raise lines.wrong("two columns have one name, or there are too many", "give each its own name")
                return names, head
            for name, pattern in self._shape.head.items():
                if found := pattern.search(line[:4096]):
                    head.setdefault(f"head:{name}", found[1])
        needs = ", ".join(self._shape.needs)
        raise Problems([Problem(where, "", f"no line has the columns {needs}", "give the service's own file")])

    def _split(self, line: str) -> list[str]:
        quote = self._shape.quote
        reader = csv.reader(
            io.StringIO(line.rstrip("\r\n")),
            delimiter=self._shape.delimiter,
            quotechar=quote or '"',
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        try:
            return next(reader, [])
        except csv.Error:
            return []

    def _hold(self, count: int, rows: "_Rows", lines: _Lines, where: str) -> None:
        """What the foot says of the number of rows must be so."""
        if self._shape.must_end and not rows.is_over:
            raise Problems([Problem(where, "", "its foot is missing", "the file stops early: fetch it again")])
        if self._shape.count is None:
            return
        found = self._shape.count.findall(rows.foot)
        if not found:
            raise Problems([Problem(where, "", "its foot is missing", "the file stops early: fetch it again")])
        said = sum(int(each) for each in found if each.isdecimal() and len(each) < 12)
        if said != count:
            problem = f"has {count} rows, its foot says {said}"
            raise Problems([Problem(where, f"line {lines.number}", problem, "fetch the file again")])


class _Rows:
    """The lines of rows; what begins with the mark of the foot, and all behind it, is kept aside."""

    def __init__(self, lines: _Lines, shape: TableShape) -> None:
        self._lines, self._shape = lines, shape
        self._used = self.began = 0
        self.is_over = False
        self.foot = ""

    def begin(self) -> None:
        """A new row begins with the next line."""
        self._used = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self.is_over:
            line = next(self._lines)
            if not self._used and self._shape.end and self._is(line, self._shape.end):
                self.is_over, self.foot = True, line
                self._rest()
                break
            if not self._used and self._shape.comment and line.startswith(self._shape.comment):
                if len(self.foot) < FOOT_CHARS_MAX:
                    self.foot += line
                continue
            self._used += 1
            if self._used == 1:
                self.began = self._lines.number
            if self._used > ROW_LINES_MAX:
                raise self._lines.wrong("a row over too many lines", "close its quotation mark")
            return line
        raise StopIteration

    def _is(self, line: str, begins: str) -> bool:
        return line.lstrip(self._shape.protect + self._shape.quote + " \t\ufeff").startswith(begins)

    def _rest(self) -> None:
        for line in self._lines:
            if len(self.foot) < FOOT_CHARS_MAX:
                self.foot += line
