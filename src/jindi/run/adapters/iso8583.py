"""ISO 8583 messages by a specification that is data: lengths, characters or packed digits, bitmaps, frames.

What nobody may keep after an authorisation is dropped where it is read, whatever a specification says: the PIN block,
the tracks, the expiry, the chip's data (which repeat track and expiry). A mapping can ask whether it was there.
"""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal

from jindi.basics.problems import Problem, Problems
from jindi.run.adapters.records import Record, Unreadable

MESSAGE_BYTES_MAX = 16_384
NEVER: Final[Mapping[int, str]] = {
    14: "the card's expiry", 35: "track 2", 36: "track 3", 45: "track 1", 52: "the PIN block", 55: "the chip's data",
}  # fmt: skip
"""Fields whose content is never passed on, with what they hold."""

CARDS: Final = frozenset({2, 34})
"""Fields that hold the card number: they go only where they become tokens."""

PRIVATE: Final = frozenset({44, 46, 47, 48, 53, *range(56, 64), *range(105, 128)})
"""Fields whose content a network defines, where security data such as a verification value may lie: dropped unless the
specification carries them by name.
"""

Packing = Literal["ascii", "bcd"]
_SHAPE = re.compile(r"(n|a|an|ans|anp|as|s|ns|z|b|x\+n) ?(\.{2,3})?(\d{1,3})\Z", re.ASCII)
_HEX = frozenset(string.hexdigits.encode())
_FRAMES = ("auto", "length2", "hexlines")


class _Broken(ValueError):  # noqa: N818 - the name of what it is
    """A message that can't be read; the text says why, without a value."""


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is written: `n..19` is up to 19 digits behind two digits of length, `b 64` is 64 bits."""

    kind: str
    most: int
    length_digits: int
    digits: Packing
    pad_left: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """How messages of a network are written."""

    fields: Mapping[int, Field]
    digits: Packing = "ascii"
    bitmap: Literal["hex", "binary"] = "hex"
    binary: Literal["hex", "binary"] = "hex"
    frame: str = "auto"
    header_bytes: int = 0
    carry: frozenset[int] = field(default_factory=frozenset)

    def drops(self, number: int) -> bool:
        """Whether a field's content ends at the reader."""
        return number in NEVER or (number in PRIVATE and number not in self.carry)


def read_spec(given: Mapping[str, object], where: str, problems: list[Problem]) -> Spec:
    """A specification from its table `[reader.spec]`; problems are added."""

    def choice(key: str, of: tuple[str, ...]) -> str:
        said = given.get(key, of[0])
        if said not in of:
            problems.append(Problem(where, f"spec: {key}", "not known", f"use one of: {', '.join(of)}"))
            return of[0]
        return str(said)

    known = {"digits", "bitmap", "binary", "frame", "header_bytes", "carry", "fields"}
    problems.extend(
        Problem(where, f"spec: {key}", "unknown key", f"use one of: {', '.join(sorted(known))}")
        for key in sorted(set(given) - known)
    )
    digits: Packing = "bcd" if choice("digits", ("ascii", "bcd")) == "bcd" else "ascii"
    header = given.get("header_bytes", 0)
    if not isinstance(header, int) or not 0 <= header <= 64:
        problems.append(Problem(where, "spec: header_bytes", "not a number of bytes", "0 to 64"))
        header = 0
    carried = given.get("carry", [])
    carried = carried if isinstance(carried, list) else [carried]
    for number in carried:
        if isinstance(number, int) and number in NEVER:
            problems.append(
                Problem(where, "spec: carry", f"field {number} is never passed on: {NEVER[number]}", "leave it out")
            )
        elif number not in PRIVATE:
            problems.append(Problem(where, "spec: carry", "not a private field", "name only fields that are dropped"))
    fields = {}
    table = given.get("fields")
    if not isinstance(table, dict) or not table:
        problems.append(Problem(where, "spec: fields", "missing", 'write lines such as 4 = "n 12"'))
        table = {}
    for name, said in table.items():
        read = _field(said, digits)
        if read is None or not name.isdecimal() or not 2 <= int(name) <= 128:
            remedy = 'write 2 = "n..19", 4 = "n 12", 52 = "b 64", or { is = "n..19", digits = "bcd", pad = "right" }'
            problems.append(Problem(where, f"spec: field {str(name)[:8]}", "not a field of 2 to 128", remedy))
        else:
            fields[int(name)] = read
    return Spec(
        fields,
        digits,
        "binary" if choice("bitmap", ("hex", "binary")) == "binary" else "hex",
        "binary" if choice("binary", ("hex", "binary")) == "binary" else "hex",
        choice("frame", _FRAMES),
        header,
        frozenset(each for each in carried if isinstance(each, int)),
    )


def _field(said: object, digits: Packing) -> Field | None:
    pad_left: bool | None = None
    if isinstance(said, dict):
        if set(said) - {"is", "digits", "pad"} or said.get("digits", "ascii") not in ("ascii", "bcd"):
            return None
        if said.get("pad", "left") not in ("left", "right"):
            return None
        digits = said.get("digits", digits)
        pad_left = said["pad"] == "left" if "pad" in said else None
        said = said.get("is")
    match = _SHAPE.match(said) if isinstance(said, str) else None
    if match is None or int(match[3]) < 1:
        return None
    kind, dots, most = match[1], match[2] or "", int(match[3])
    if kind == "b" and not dots and most % 8:
        return None
    # Packed numbers of a fixed length are filled from the left, those of a length of their own from the right.
    return Field(kind, most, len(dots), digits, not dots if pad_left is None else pad_left)


@dataclass(slots=True)
class _Bytes:
    """A message's bytes and how far they are read."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise _Broken("the message ends inside a field")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece


def parse(data: bytes, spec: Spec) -> tuple[str, dict[int, str]]:
    """The type and the fields of one message; what is dropped is there as an empty text.

    Raises ValueError, without any value, when the bytes do not follow the specification.
    """
    rest = _Bytes(data, spec.header_bytes)
    kind = rest.take(2).hex() if spec.digits == "bcd" else _ascii(rest.take(4))
    if not (kind.isdecimal() and kind.isascii()):
        raise _Broken("the message type is not four digits: the header, digits or frame of the specification differ")
    numbers = _bitmap(rest, spec)
    fields: dict[int, str] = {}
    for number in numbers:
        how = spec.fields.get(number)
        if how is None:
            raise _Broken(f"field {number} is not in the specification, so nothing behind it can be read")
        try:
            value = _value(rest, how, spec)
        except _Broken as error:
            raise _Broken(f"field {number}: {error}") from None
        fields[number] = "" if spec.drops(number) else value
    if rest.at != len(data):
        raise _Broken("bytes are left behind the last field")
    return kind, fields


def _bitmap(rest: _Bytes, spec: Spec) -> list[int]:
    def half() -> int:
        if spec.bitmap == "binary":
            return int.from_bytes(rest.take(8), "big")
        raw = rest.take(16)
        if not _HEX.issuperset(raw):
            raise _Broken("the bitmap is not hexadecimal")
        return int(raw, 16)

    first = half()
    bits = [number for number in range(2, 65) if first >> (64 - number) & 1]
    if first >> 63:
        second = half()
        if second >> 63:
            raise _Broken("a third bitmap, which ISO 8583:1987 does not use here")
        bits += [number for number in range(66, 129) if second >> (128 - number) & 1]
    return bits


def _ascii(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        raise _Broken("not ASCII") from None


def _length(rest: _Bytes, how: Field, spec: Spec) -> int:
    if not how.length_digits:
        return how.most
    if spec.digits == "bcd":
        text = rest.take((how.length_digits + 1) // 2).hex()
    else:
        text = _ascii(rest.take(how.length_digits))
    if not (text.isdecimal() and text.isascii()):
        raise _Broken("its length is not a number")
    length = int(text)
    if length > how.most:
        raise _Broken(f"longer than {how.most}")
    return length


def _value(rest: _Bytes, how: Field, spec: Spec) -> str:
    length = _length(rest, how, spec)
    if how.kind == "b":
        count = length if how.length_digits else length // 8
        raw = rest.take(count * (1 if spec.binary == "binary" else 2))
        if spec.binary == "binary":
            return raw.hex().upper()
        if not _HEX.issuperset(raw):
            raise _Broken("not hexadecimal")
        return raw.decode("ascii").upper()
    if how.digits == "bcd" and how.kind in ("n", "z"):
        text = rest.take((length + 1) // 2).hex().upper()
        text = text[len(text) - length :] if how.pad_left else text[:length]
    elif how.kind == "x+n":
        sign = _ascii(rest.take(1))
        if sign not in ("C", "D"):
            raise _Broken("begins with neither C nor D")
        text = _ascii(rest.take(length))
        if not text.isdecimal():
            raise _Broken("not digits")
        return f"{sign}{text}"
    else:
        raw = rest.take(length)
        text = _ascii(raw) if how.kind in ("n", "z") else raw.decode("gb18030", "replace")
    if how.kind == "n" and not (text.isdecimal() and text.isascii()):
        raise _Broken("not digits")
    return text


class Iso8583Reader:
    """Reads one file of messages."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def records(self, stream: BinaryIO, where: str) -> Iterator[Record | Unreadable]:
        """All messages. Raises Problems where the frames break: from there on nothing could be told apart."""
        for number, data in enumerate(self._framed(stream, where), 1):
            place = f"message {number}"
            if data is None:
                yield Unreadable(place, "is not hexadecimal", "write each message as one line of hexadecimal digits")
                continue
            try:
                kind, fields = parse(data, self._spec)
            except ValueError as error:
                yield Unreadable(place, str(error), "compare the specification with the network's")
                continue
            yield _record(place, kind, fields)

    def _framed(self, stream: BinaryIO, where: str) -> Iterator[bytes | None]:
        first = stream.read(16)
        frame = self._spec.frame
        if frame == "auto":
            is_text = _HEX.union(b" \t\r\n").issuperset(first)
            frame = "hexlines" if is_text else "length2"
        rest = _Again(first, stream)
        return _lines(rest, where) if frame == "hexlines" else _prefixed(rest, where)


@dataclass(slots=True)
class _Again:
    """A stream whose beginning was looked at."""

    first: bytes
    stream: BinaryIO

    def read(self, count: int) -> bytes:
        piece, self.first = self.first[:count], self.first[count:]
        while len(piece) < count and (more := self.stream.read(count - len(piece))):
            piece += more
        return piece


def _prefixed(stream: _Again, where: str) -> Iterator[bytes]:
    number = 0
    while head := stream.read(2):
        number += 1
        length = int.from_bytes(head, "big")
        data = stream.read(length) if len(head) == 2 and 0 < length <= MESSAGE_BYTES_MAX else b""
        if not data or len(data) < length:
            problem = "the length before it is wrong, or the file stops inside it"
            remedy = "two bytes, high byte first, count the bytes that follow; or give lines of hexadecimal digits"
            raise Problems([Problem(where, f"message {number}", problem, remedy)])
        yield data


def _lines(stream: _Again, where: str) -> Iterator[bytes | None]:
    number, left = 0, b""
    while True:
        more = stream.read(MESSAGE_BYTES_MAX)
        *lines, left = (left + more).split(b"\n") if more else (left, b"")
        for line in lines:
            if text := line.strip():
                number += 1
                yield _bytes_of(text)
        if not more:
            return
        if len(left) > 2 * MESSAGE_BYTES_MAX:
            problem = f"longer than {MESSAGE_BYTES_MAX} bytes"
            raise Problems([Problem(where, f"message {number + 1}", problem, "write one message on each line")])


def _bytes_of(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _record(place: str, kind: str, fields: dict[int, str]) -> Record:
    def read(name: str) -> str | None:
        return kind if name == "mti" else fields.get(int(name)) or None

    def shown() -> dict[str, str]:
        cards = {text: f"…{text[-4:]}" for number in CARDS if (text := fields.get(number))}

        def mask(text: str) -> str:
            for card, masked in cards.items():
                text = text.replace(card, masked)
            return text

        masked = {number: mask(text) for number, text in fields.items() if text}
        hidden = {number: "(dropped)" for number, text in fields.items() if not text}
        named = {str(number): text for number, text in sorted((masked | hidden).items())}
        return {"mti": kind, **named}

    return Record(place, read, lambda name: name == "mti" or int(name) in fields, shown, lambda: fields.get(2) or None)
