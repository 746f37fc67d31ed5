"""Where people and programs ask for links: who hangs together with whom, and by which way."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jindi.parties import Graph, Path, expand, shape_of, shortest
from jindi.parties.graph import CAP, HUB, LOOKED_MAX
from jindi.parties.tally import SEP
from jindi.ports import Link, LinkEntity, LinkQuery, Near
from jindi.run.links.beside import Beside
from jindi.run.links.following import Following
from jindi.run.watching.sight import PACK, SUSPECTS

if TYPE_CHECKING:
    from jindi.run.platform import Platform

READ_MAX: Final = 5_000
"""So many links of one entity are read at the most, the most relevant ones: of a hub that somebody starts from."""


class Unknown(LookupError):  # noqa: N818 - what was asked for
    """Nothing is linked to what was asked for."""


class Desk:
    """The links of one platform. All answers leave out what is older than links are kept."""

    def __init__(self, platform: "Platform", following: Following | Beside) -> None:
        self._platform, self._following = platform, following

    @property
    def behind(self) -> int:
        """How many records of the journal the links do not know of yet."""
        return self._following.behind

    @property
    def problem(self) -> str | None:
        """Why the links are not up to date; None when they are."""
        return self._following.problem

    @property
    def keep_us(self) -> int:
        """For how long a link is kept that is not seen again."""
        return self._following.keep_us

    def kinds(self) -> tuple[str, ...]:
        """The kinds of entities that today's events name, but for those of the pack about staff."""
        events = self._platform.program.definitions.events.values()
        shapes = (shape_of(event, SUSPECTS) for event in events if event.pack != PACK)
        return tuple(sorted({end.kind for shape in shapes if shape is not None for end in shape.ends}))

    def name_of(self, kind: str, value: str) -> str:
        """What somebody typed, as links name it: an identifier becomes its token. Raises LookupError, without the
        value, when it is none of its kind.
        """
        return self.same(f"{kind}{SEP}{self._platform.value_of(kind, value.strip())}")

    def same(self, name: str) -> str:
        """Who it is that is named in a role: a payee is a user."""
        kind, _, value = name.partition(SEP)
        for event in self._platform.program.definitions.events.values():
            for field in event.fields:
                if field.entity == kind and field.same_as is not None:
                    return f"{field.same_as}{SEP}{value}"
        return name

    def is_clear(self, name: str) -> bool:
        """Whether a name has an identifier in clear, as an address must not hold one."""
        kind, _, value = name.partition(SEP)
        return self._platform.is_clear(kind, value)

    async def entities(self, *names: str) -> Mapping[str, LinkEntity]:
        """Those of these that anything is linked to."""
        return await asyncio.to_thread(self._following.store.entities, names)

    async def one(self, name: str) -> LinkEntity:
        """An entity. Raises Unknown."""
        found = (await self.entities(name)).get(name)
        if found is None or found.last_us < self._horizon_us:
            raise Unknown(name)
        return found

    async def roles(self) -> Mapping[str, int]:
        """How many links there are in which roles."""
        return await asyncio.to_thread(self._following.store.roles)

    async def graph(
        self, start: str, query: LinkQuery, *, depth: int = 1, cap: int = CAP, opened: frozenset[str] = frozenset()
    ) -> Graph:
        """What hangs on an entity. Raises Unknown."""
        entity, asked = await self.one(start), self._kept(query)
        store = self._following.store

        def reckon() -> Graph:
            return expand(
                entity, lambda name: store.near(name, asked, READ_MAX), lambda names: store.between(names, asked),
                depth=depth, cap=cap, opened=opened,
            )  # fmt: skip

        return await asyncio.to_thread(reckon)

    async def path(self, start: str, goal: str, query: LinkQuery) -> tuple[Path, Sequence[Link]]:
        """A shortest way between two, and all links between those who stand on it. Raises Unknown."""
        ends, asked = (await self.one(start), await self.one(goal)), self._kept(query)
        store = self._following.store

        def look(name: str) -> Sequence[Near]:
            return store.near(name, asked, READ_MAX)

        def reckon() -> tuple[Path, Sequence[Link]]:
            path = shortest(*ends, look, hub=HUB, looked_max=LOOKED_MAX)
            return path, store.between([each.name for each in path.entities], asked)

        return await asyncio.to_thread(reckon)

    @property
    def _horizon_us(self) -> int:
        return self._platform.asked_at_us - self.keep_us

    def _kept(self, query: LinkQuery) -> LinkQuery:
        horizon_us = self._horizon_us
        since_us = horizon_us if query.since_us is None else max(query.since_us, horizon_us)
        return replace(query, since_us=since_us)
