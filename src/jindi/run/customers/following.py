"""Who keeps the index of entities up to date: a thread of the platform's, or the process that makes links, which takes
this in, too.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US
from jindi.ports import ActStore, ActStoreFailure
from jindi.run.archive import Archive
from jindi.run.customers.taking import ActTaking, zone_of
from jindi.run.follower import REST_S, Follower
from jindi.run.links.following import KEEP_DAYS

if TYPE_CHECKING:
    from jindi.run.links import Beside as LinksBeside
    from jindi.run.platform import Platform


class Kept(Protocol):
    """What the desk asks of whoever keeps the index."""

    store: ActStore
    keep_us: int

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""

    @property
    def problem(self) -> str | None:
        """Why it is not up to date; None when it is."""

    @property
    def zone(self) -> ZoneInfo:
        """Whose days they are."""


class Following(Follower[ActStore]):
    """Keeps the index in a thread; what is older than `keep_days` is dropped."""

    HOLDS, FAILURE = "the entities' decisions", ActStoreFailure

    def __init__(
        self, platform: "Platform", store: ActStore, tell: Callable[[str], None], keep_days: int = KEEP_DAYS,
        rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        super().__init__(platform, store, tell, keep_days * DAY_US, rest_s)

    @property
    def zone(self) -> ZoneInfo:
        """Whose days they are."""
        return zone_of(self._platform.program.definitions)

    async def sweep(self) -> None:
        """Drop whatever is too old, all at once."""
        async with self._turn:
            await asyncio.to_thread(self._acting(self._now).sweep_all, self._platform.asked_at_us)

    @staticmethod
    def _acting(taking: object) -> ActTaking:
        assert isinstance(taking, ActTaking), "it was made here"
        return taking

    def _make(self, archive: Archive) -> ActTaking:
        return ActTaking(archive, self.store, self.keep_us, self._rest_s, self._stopping.is_set)


class Beside:
    """The index as the process of the links keeps it: here it is only read."""

    def __init__(self, platform: "Platform", store: ActStore, links: "LinksBeside") -> None:
        self._platform, self.store, self._links = platform, store, links
        self.keep_us = links.keep_us

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    @property
    def problem(self) -> str | None:
        """Why it is not up to date; None when it is."""
        return self._links.problem

    @property
    def zone(self) -> ZoneInfo:
        """Whose days they are."""
        return zone_of(self._platform.program.definitions)

    async def close(self) -> None:
        """Let go of the store; the process was ended when following was."""
        await asyncio.to_thread(self.store.close)
