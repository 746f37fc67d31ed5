"""Whose address a link imitates: own domains, and what pretends to be one of them.

The skeleton of a name is what an eye takes it for: letters of other scripts, digits and pairs of letters that look like
a Latin letter are that letter. Two names with one skeleton look the same.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from rapidfuzz.distance import DamerauLevenshtein

from jindi.parties.phishing.urls import Url, read_url

How = Literal["looks_the_same", "nearly_the_same", "other_suffix", "inside_the_name", "before_the_name", "in_the_user"]

NAME_MIN: Final = 4
"""Shorter names of one's own are only held against names that look the same: too much is near them."""

SLIPS_MIN: Final = 6
"""Names at least so long are still recognised with a letter left out or put in."""

_ALIKE: Final[Mapping[str, str]] = {
    # Cyrillic
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "н": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l",
    "м": "m", "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "у": "y", "ԝ": "w", "х": "x",
    # Greek
    "α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "γ": "y",
    # Latin beyond ASCII
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ɡ": "g",
    # digits and signs that are taken for letters
    "0": "o", "1": "l", "3": "e", "5": "s", "7": "t", "8": "b", "9": "g", "|": "l", "!": "l", "$": "s", "@": "a",
}  # fmt: skip
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))


@dataclass(frozen=True, slots=True)
class Imitation:
    """Which of one's own domains a URL pretends to be, and how."""

    domain: str
    how: How


def skeleton(name: str) -> str:
    """What an eye takes a name for.

    >>> skeleton("аlірау"), skeleton("paypa1"), skeleton("rnicrosoft")
    ('alipay', 'paypal', 'microsoft')
    """
    plain = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    letters = "".join(_ALIKE.get(each, each) for each in plain)
    for pair, one in _PAIRS:
        letters = letters.replace(pair, one)
    return letters


def imitated(url: Url, own: Iterable[str]) -> Imitation | None:
    """Which of one's own domains (`alipay.com`) a URL imitates; None for these themselves and for everything else.

    The surest way to tell comes first: the same look; one or two slips apart; the name under another suffix; in the
    name with other words; in front of another name; in front of an @.
    """
    domains = {each.host: each for each in map(read_url, own)}
    if url.host in domains or any(url.host.endswith(f".{host}") for host in domains):
        return None
    found: list[tuple[int, Imitation]] = []
    for host, mine in domains.items():
        how = _how(url, mine)
        if how is not None:
            found.append((_ORDER.index(how), Imitation(host, how)))
    return min(found, key=lambda each: (each[0], each[1].domain))[1] if found else None


_ORDER: Final[tuple[How, ...]] = (
    "looks_the_same", "nearly_the_same", "other_suffix", "inside_the_name", "before_the_name", "in_the_user",
)  # fmt: skip


def _how(url: Url, mine: Url) -> How | None:
    name, theirs = skeleton(mine.name), skeleton(url.name)
    if url.name != mine.name and theirs == name:
        return "looks_the_same"
    if len(name) >= NAME_MIN and url.name != mine.name:
        slips = DamerauLevenshtein.distance(theirs, name, score_cutoff=2)
        # A letter less or more makes another word of a short name (icbc, cbc).
        is_near = len(name) >= SLIPS_MIN or len(theirs) == len(name)
        if slips <= (1 if len(name) < 8 else 2) and is_near:
            return "nearly_the_same"
    if url.name == mine.name and url.suffix != mine.suffix:
        return "other_suffix"
    if len(name) < NAME_MIN:
        parts = {skeleton(part) for part in url.name.split("-")}
        inside = name in parts and len(parts) > 1
    else:
        inside = name in theirs
    if inside:
        return "inside_the_name"
    before = ".".join(map(skeleton, url.labels[: -(2 + url.suffix.count("."))])) if url.suffix else ""
    words = before.replace("-", ".").split(".")
    if name in words or (len(name) >= NAME_MIN and name in before):
        return "before_the_name"
    return "in_the_user" if mine.host in url.user.lower() else None
