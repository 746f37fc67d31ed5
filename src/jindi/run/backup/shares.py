"""Keys in shares, as text that people keep apart: on paper, in safes, with notaries.

    JINDI KEY SHARE 2 of 5, 3 needed, set 1f2e3d4c

     1  ABCD EFGH … 7K
     …

Each line ends in two characters that tell whether it was copied right, and the last line covers all of them. What is
shared is the keys with a digest behind them, so shares of too few, or of different sets, are never taken for keys.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import msgspec

from jindi.basics.shamir import combine, split

_HEAD = re.compile(r"JINDI KEY SHARE (\d{1,3}) of (\d{1,3}), (\d{1,3}) needed, set ([0-9a-f]{8})")
_LINE = re.compile(r"\s*(\d{1,3})  ([A-Z2-7 ]+) ([A-Z2-7]{2})")
_GROUP, _GROUPS = 4, 8
_DIGEST = 16


class Unreadable(Exception):  # noqa: N818 - what the operator is told
    """Shares that give no keys; the message names the share and the line."""


class Share(msgspec.Struct, frozen=True):
    """One share: its number, how many there are and are needed, and which set it belongs to."""

    number: int
    shares: int
    needed: int
    set_id: str
    value: bytes

    def text(self) -> str:
        """What is printed or written into a file."""
        coded = b32encode(self.value).decode().rstrip("=")
        head = f"JINDI KEY SHARE {self.number} of {self.shares}, {self.needed} needed, set {self.set_id}"
        lines = [head, ""]
        width = _GROUP * _GROUPS
        for at in range(0, len(coded), width):
            part, place = coded[at : at + width], at // width + 1
            groups = " ".join(part[g : g + _GROUP] for g in range(0, len(part), _GROUP))
            lines.append(f"{place:2}  {groups} {_check(head, place, part)}")
        lines += [f" 0  {_check(head, 0, coded, 8)} {_check(head, 0, coded)}", ""]
        lines += [
            f"{self.needed} of these {self.shares} sheets give Jindi's keys back; fewer tell nothing. Keep them apart.",
            f"本套共 {self.shares} 份，任意 {self.needed} 份可恢复金堤密钥；不足则毫无信息。请分开保管。",
        ]
        return "\n".join(lines) + "\n"


def _check(head: str, place: int, part: str, length: int = 2) -> str:
    return b32encode(sha256(f"{head}|{place}|{part}".encode()).digest()).decode()[:length]


def parse(text: str, name: str) -> Share:
    """The share in a text. Raises Unreadable, which names the line that was changed."""
    lines = [line.rstrip() for line in text.splitlines()]
    match = _HEAD.fullmatch(lines[0].strip()) if lines else None
    if match is None:
        raise Unreadable(f"{name}: its first line is not that of a share")
    head, coded, ends = lines[0].strip(), "", ""
    for line in lines[1:]:
        found = _LINE.fullmatch(line)
        if found is None:
            if line[:4].strip().isdecimal():
                raise Unreadable(f"{name}: share {match[1]}: line {line[:4].strip()} was changed")
            continue
        place, part = int(found[1]), found[2].replace(" ", "")
        if place == 0:
            ends = part + found[3]
            continue
        if place != len(coded) // (_GROUP * _GROUPS) + 1 or _check(head, place, part) != found[3]:
            raise Unreadable(f"{name}: share {match[1]}: line {place} or the first line was changed, or one is missing")
        coded += part
    if ends != _check(head, 0, coded, 8) + _check(head, 0, coded):
        raise Unreadable(f"{name}: share {match[1]}: its end is missing, or its lines don't belong together")
    value = b32decode(coded + "=" * (-len(coded) % 8))
    return Share(int(match[1]), int(match[2]), int(match[3]), match[4], value)


def shares_of(keys: Mapping[str, bytes], needed: int, shares: int, chance: Callable[[int], bytes]) -> list[Share]:
    """Keys in shares. ValueError for numbers that can't be."""
    if needed < 2:
        raise ValueError("at least two shares are needed, else each is the keys themselves")
    packed = msgspec.msgpack.encode(dict(sorted(keys.items())))
    set_id = chance(4).hex()
    secret = packed + sha256(b"jindi key shares 1" + packed).digest()[:_DIGEST]
    made = split(secret, needed, shares, chance)
    return [Share(number, shares, needed, set_id, value) for number, value in made.items()]


def keys_of(shares: Sequence[Share]) -> dict[str, bytes]:
    """The keys that shares give. Raises Unreadable when they don't."""
    if not shares:
        raise Unreadable("no share is given")
    sets = {each.set_id for each in shares}
    if len(sets) > 1:
        raise Unreadable(f"the shares are of different sets: {', '.join(sorted(sets))}")
    by_number = {each.number: each.value for each in shares}
    needed = shares[0].needed
    if len(by_number) < needed:
        raise Unreadable(f"{len(by_number)} shares are given and {needed} are needed")
    if len({len(value) for value in by_number.values()}) > 1:
        raise Unreadable("the shares are of different lengths")
    secret = combine(by_number)
    packed, mark = secret[:-_DIGEST], secret[-_DIGEST:]
    if sha256(b"jindi key shares 1" + packed).digest()[:_DIGEST] != mark:
        raise Unreadable("the shares don't belong together")
    return msgspec.msgpack.decode(packed, type=dict[str, bytes])
