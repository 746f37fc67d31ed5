"""What a watch list says: entries with their names and marks, a version by its content, what differs between two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from jindi.basics.digests import canonical, digest

Kind = Literal["person", "entity", "vessel", "aircraft", "unknown"]
KINDS: tuple[Kind, ...] = ("person", "entity", "vessel", "aircraft", "unknown")

Quality = Literal["primary", "strong", "weak"]
QUALITIES: tuple[Quality, ...] = ("primary", "strong", "weak")


@dataclass(frozen=True, slots=True)
class Name:
    """A name that an entry is known by. `weak` is what the list's publisher calls low quality: it alone is no match."""

    text: str
    quality: Quality = "primary"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number that is one's own: `kind` is `passport`, `national_id`, `uscc`, `imo` or another word of the list."""

    kind: str
    value: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Birth:
    """When somebody was born, as far as it is told: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, or the years between which."""

    date: str = ""
    year_min: int = 0
    year_max: int = 0

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year that it can have been; (0, 0) when nothing is told."""
        year = int(self.date[:4]) if self.date else 0
        return (self.year_min or year, self.year_max or year)


@dataclass(frozen=True, slots=True)
class Entry:
    """One that is listed. `id` is the publisher's own reference; countries are as the list writes them."""

    id: str
    kind: Kind
    names: tuple[Name, ...]
    births: tuple[Birth, ...] = ()
    birth_places: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    programmes: tuple[str, ...] = ()
    listed_on: str = ""
    addresses: tuple[str, ...] = ()
    remarks: str = ""

    @property
    def name(self) -> str:
        """The first primary name, or whatever name there is."""
        return next((each.text for each in self.names if each.quality == "primary"), self.names[0].text)

    def digest(self) -> str:
        """The same for the same content, whatever the order in which a file tells it."""
        return digest(canonical(_sorted(self)))


def _sorted(entry: Entry) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(entry)
    return {
        name: sorted(value, key=canonical) if isinstance(value, list | tuple) else value for name, value in told.items()
    }


@dataclass(frozen=True, slots=True)
class WatchList:
    """A list in one version. `published_on` is the day that the publisher writes on it (`YYYY-MM-DD`), or nothing.

    Raises ValueError when an entry stands twice.
    """

    name: str
    entries: Mapping[str, Entry]
    published_on: str = ""
    version: str = field(default="", compare=False)

    @classmethod
    def of(cls, name: str, entries: Iterable[Entry], published_on: str = "") -> "WatchList":
        """A list of these entries; its version is the digest of what they say."""
        listed: dict[str, Entry] = {}
        for entry in entries:
            if entry.id in listed:
                raise ValueError(f"{name}: entry {entry.id} stands twice")
            listed[entry.id] = entry
        digests = "\n".join(f"{key} {listed[key].digest()}" for key in sorted(listed))
        return cls(name, listed, published_on, digest(f"{name}\n{digests}".encode()))


@dataclass(frozen=True, slots=True)
class Changes:
    """From one version of a list to the next: entries as they are now, and the ids of those that are gone."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Entry], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def differences(before: WatchList, after: WatchList) -> Changes:
    """What was added, removed and changed, in the order of ids."""
    old, new = before.entries, after.entries
    both = sorted(old.keys() & new.keys())
    return Changes(
        added=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        removed=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        changed=tuple((old[key], new[key]) for key in both if old[key].digest() != new[key].digest()),
    )
