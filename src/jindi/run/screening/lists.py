"""The watch lists in force in one index, and an event's words for somebody as a search understands them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.parties.screening import Entry, Identifier, Index, Match, Subject
from jindi.parties.screening.entries import Kind
from jindi.run.screening.book import Hit
from jindi.run.screening.seeking import Near, Sought
from jindi.run.screening.shelf import Loaded

_BIRTH: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\Z")
_KINDS: Final[Mapping[str, Kind]] = {"person": "person", "entity": "entity"}


@dataclass(slots=True)
class Lists:
    """The lists in force, searchable. `entries` say of each key of the index which list it is of, and the entry."""

    index: Index
    entries: Mapping[str, tuple[Loaded, Entry]]

    @classmethod
    def of(cls, loaded: Iterable[Loaded]) -> "Lists":
        """All these lists in one index."""
        entries = {f"{each.name}:{entry.id}": (each, entry) for each in loaded for entry in each.entries}
        return cls(Index.of(replace(entry, id=key) for key, (_, entry) in entries.items()), entries)

    def look(self, sought: Sought, threshold: int) -> tuple[Near, ...]:
        """The entries that somebody may be, the likeliest first."""
        return self._near(self.index.screen(subject_of(sought), threshold))

    def matches(self, sought: Sought, threshold: int) -> tuple[Match, ...]:
        """The same with why, in whose words names stand."""
        return self.index.screen(subject_of(sought), threshold)

    def among(self, keys: Iterable[str]) -> "Lists":
        """Some of the entries, by `list:entry`, weighed as in all of them: for looking at what has changed."""
        chosen = [key for key in keys if key in self.entries]
        return Lists(self.index.among(chosen), self.entries)

    @property
    def numbers(self) -> frozenset[str]:
        """The identity numbers of its entries, as a resident card's is written."""
        return frozenset(
            plain
            for entry in self.index.entries.values()
            for each in entry.identifiers
            if (plain := card_of(each.value))
        )

    def entry_of(self, hit: Hit) -> Entry | None:
        """The entry that a match is about, if it still reads as it did then."""
        found = self.entries.get(f"{hit.list}:{hit.entry}")
        return found[1] if found is not None and found[1].digest() == hit.mark else None

    def _near(self, matches: Iterable[Match]) -> tuple[Near, ...]:
        """Matches of the index as they are told."""
        found = []
        for match in matches:
            loaded, entry = self.entries[match.entry.id]
            rules = " ".join(match.rules)
            found.append(
                Near(loaded.name, entry.id, entry.digest(), loaded.version, match.score, match.strength, rules[:400])
            )
        return tuple(found)


def subject_of(sought: Sought) -> Subject:
    """Whom an event asks about. The number of a resident identity card tells the date of birth, too."""
    numbers: tuple[Identifier, ...] = ()
    birth = sought.birth if sought.birth is not None and _BIRTH.match(sought.birth) else ""
    if sought.number is not None:
        card = card_of(sought.number)
        # A number of no known kind decides with whatever kind the list gives it.
        numbers = (Identifier("national_id" if card else "", card or sought.number),)
        birth = birth or (f"{card[6:10]}-{card[10:12]}-{card[12:14]}" if card else "")
    countries = (sought.country,) if sought.country else ()
    return Subject((sought.name,), _KINDS.get(sought.kind, "unknown"), birth, countries, numbers)


def card_of(number: str) -> str:
    """A resident identity number in its one form; nothing when it is none."""
    try:
        return NORMAL_FORMS["id_card"](number)
    except ValueError:
        return ""
