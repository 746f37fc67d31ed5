"""Where people ask what an entity did. Every answer is bounded: it reads one entity's rows, and a page's records."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from jindi import journal
from jindi.basics.instants import day_of
from jindi.parties import kind_of
from jindi.parties.tally import SEP
from jindi.ports import LinkQuery, Near, RoleSum, RuleHits
from jindi.run.customers.following import Kept
from jindi.run.customers.taking import day_named, day_number
from jindi.run.records import DecisionRecord, decode

if TYPE_CHECKING:
    from jindi.run.links import Beside as LinksBeside
    from jindi.run.links import Following as LinkFollowing
    from jindi.run.platform import Platform

NEAR_MAX: Final = 400
"""So many links of one entity are read, the most relevant ones."""

SHOWN_MAX: Final = 8
"""So many neighbours of a kind are told."""

LOOKED_MAX: Final = 500
"""So many links of a neighbour are looked at to say how many share it."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody or something that stood in the same decisions: `shared` counts the others of the first one's kind that
    it stands with, too, and `is_all` says whether that is all of them.
    """

    near: Near
    shared: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class Around:
    """The neighbours of a kind, the newest first, and how many there were among those that were read."""

    kind: str
    neighbours: tuple[Neighbour, ...]
    count: int


class Desk:
    """What entities did on one platform. `links` is where their links are kept, if anywhere."""

    def __init__(
        self, platform: "Platform", following: Kept, links: "LinkFollowing | LinksBeside | None" = None
    ) -> None:
        self._platform, self._following, self._links = platform, following, links

    @property
    def behind(self) -> int:
        """How many records of the journal are not known here yet."""
        return self._following.behind

    @property
    def problem(self) -> str | None:
        """Why what is known is not up to date; None when it is."""
        return self._following.problem

    @property
    def keep_us(self) -> int:
        """For how long single decisions and days are kept."""
        return self._following.keep_us

    @property
    def zone(self) -> ZoneInfo:
        """Whose days they are."""
        return self._following.zone

    def name_of(self, kind: str, value: str) -> str:
        """An entity as it is kept: who is named in a role (a payee) is what he is (a user)."""
        for event in self._platform.program.definitions.events.values():
            for field in event.fields:
                if field.entity == kind and field.same_as is not None:
                    return f"{field.same_as}{SEP}{value}"
        return f"{kind}{SEP}{value}"

    async def places(
        self, name: str, outcomes: Sequence[int], before: int | None, limit: int
    ) -> Sequence[int]:  # fmt: skip
        """Where the newest decisions that name an entity stand in the journal, newest first."""
        found = await asyncio.to_thread(self._following.store.places, name, outcomes, before, limit)
        return [seq for seq, _ in found]

    async def records(self, places: Sequence[int]) -> list[tuple[int, DecisionRecord]]:
        """The decisions at some places, in their order; several of one batch are read together."""
        return await asyncio.to_thread(self._read, places)

    def _read(self, places: Sequence[int]) -> list[tuple[int, DecisionRecord]]:
        batch: journal.Batch | None = None
        found = []
        for seq in places:
            if batch is None or not batch.first <= seq < batch.first + len(batch.records):
                batch = self._platform.archive.place(seq)
            record = decode(batch.records[seq - batch.first])
            if isinstance(record, DecisionRecord):
                found.append((seq, record))
        return found

    async def days(self, name: str, count: int) -> list[tuple[date, tuple[int, ...]]]:
        """The last so many days, each with its decisions by outcome; days without any are there, too."""
        today = day_of(self._platform.asked_at_us, self.zone)
        first = today - timedelta(days=count - 1)
        found = await asyncio.to_thread(self._following.store.days, name, day_number(first))
        known = {day_named(each.day): each.counts for each in found}
        none = (0,) * 5
        return [(day, known.get(day, none)) for day in (first + timedelta(days=n) for n in range(count))]

    async def sums(self, name: str) -> Sequence[RoleSum]:
        """What an entity did since it was first seen, by event type and role."""
        return await asyncio.to_thread(self._following.store.sums, name)

    async def hits(self, name: str, limit: int) -> Sequence[RuleHits]:
        """The rules that its decisions hit, the most frequent first."""
        return await asyncio.to_thread(self._following.store.hits, name, limit)

    @property
    def has_links(self) -> bool:
        """Whether there is anybody to ask for neighbours."""
        return self._links is not None

    async def around(self, name: str) -> list[Around]:
        """Who and what an entity stood with, by kind, with how many others each is shared."""
        if self._links is None:
            return []
        return await asyncio.to_thread(self._around, name, self._links)

    def _around(self, name: str, links: "LinkFollowing | LinksBeside") -> list[Around]:
        horizon_us = self._platform.asked_at_us - links.keep_us
        found: dict[str, list[Near]] = {}
        for near in links.store.near(name, LinkQuery(since_us=horizon_us), NEAR_MAX):
            found.setdefault(kind_of(near.other.name), []).append(near)
        return [
            Around(
                kind, tuple(self._shared(name, links, each) for each in _newest(near)[:SHOWN_MAX]), len(_newest(near))
            )
            for kind, near in sorted(found.items())
        ]

    @staticmethod
    def _shared(name: str, links: "LinkFollowing | LinksBeside", near: Near) -> Neighbour:
        count, is_all = links.store.company(near.other.name, kind_of(name), LOOKED_MAX)
        return Neighbour(near, max(0, count - 1), is_all)


def _newest(near: Sequence[Near]) -> list[Near]:
    """One link for each neighbour, the newest; the newest neighbour first."""
    ordered = sorted(near, key=lambda each: (-each.link.last_us, each.other.name))
    return list({each.other.name: each for each in reversed(ordered)}.values())[::-1]
