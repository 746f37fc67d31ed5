"""The follower that makes links of the journal: it reads every decision, in small pieces, and rests between them.

Like the archive's, and unlike that of cases: what was allowed links people, too. It goes on where the store's cursor
stands, so nothing is lost and nothing counted twice.
"""

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import DAY_US
from jindi.ports import LinkStore, LinkStoreFailure, LogFailure
from jindi.run.links.taking import REST_S, Taking

if TYPE_CHECKING:
    from collections.abc import Callable

    from jindi.run.platform import Platform

KEEP_DAYS: Final = 180
"""Design default (setting `links_days`): a link that was not seen for longer is dropped."""

PAUSE_S: Final = 0.5
"""So often it is looked whether something has come."""

DROPPED_AT_ONCE: Final = 5_000
"""Links that are looked at between two pauses for whether they are too old."""


class Following:
    """Keeps the links of one platform up to date. One piece at a time, in a thread."""

    def __init__(
        self, platform: "Platform", store: LinkStore, tell: "Callable[[str], None]", keep_days: int = KEEP_DAYS,
        rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell = platform, store, tell
        self.keep_us, self._rest_s = keep_days * DAY_US, rest_s
        self._turn, self._stopping = asyncio.Lock(), threading.Event()
        self._taking: Taking | None = None
        self.problem: str | None = None
        """Why the links are not up to date; None when they are."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.catch_up()
                async with self._turn:
                    await asyncio.to_thread(self._now.sweep, self._platform.asked_at_us, DROPPED_AT_ONCE)
                self.problem = None
            except (LinkStoreFailure, LogFailure) as error:
                self.problem = self.problem or self._said(error)
            await asyncio.sleep(PAUSE_S)

    def _said(self, error: Exception) -> str:
        self._tell(f"links are not up to date: {error}")
        return str(error)

    async def catch_up(self) -> int:
        """Take in all that is durable by now; answers how many records of the journal there were."""
        async with self._turn:
            end, taking = self._platform.archive.log.next_seq(), self._now
            task = asyncio.ensure_future(asyncio.to_thread(taking.catch_up, end))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                self._stopping.set()
                await asyncio.wait([task])  # nobody lets go of the store under it
                raise

    async def sweep(self) -> None:
        """Drop whatever was not seen for too long, all at once."""
        async with self._turn:
            await asyncio.to_thread(self._now.sweep_all, self._platform.asked_at_us)

    async def close(self) -> None:
        """Let go of the store, once what is under way has been broken off."""
        self._stopping.set()
        async with self._turn:
            await asyncio.to_thread(self.store.close)

    @property
    def _now(self) -> Taking:
        """What takes in, over the journal and the store as they are."""
        archive = self._platform.archive
        if self._taking is None:
            self._taking = Taking(archive, self.store, self.keep_us, self._rest_s, self._stopping.is_set)
        self._taking.over(archive, self.store)
        return self._taking
