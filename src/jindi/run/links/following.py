"""The follower that makes links of the journal in a thread: it reads every decision, and unlike that of cases what was
allowed, too, for that links people as well.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import DAY_US
from jindi.ports import LinkStore, LinkStoreFailure
from jindi.run.archive import Archive
from jindi.run.follower import REST_S, Follower
from jindi.run.links.taking import LinkTaking

if TYPE_CHECKING:
    from jindi.run.platform import Platform

KEEP_DAYS: Final = 180
"""Design default (setting `links_days`): a link that was not seen for longer is dropped."""


class Following(Follower[LinkStore]):
    """Keeps the links of one platform up to date. One piece at a time, in a thread."""

    HOLDS, FAILURE = "links", LinkStoreFailure

    def __init__(
        self, platform: "Platform", store: LinkStore, tell: Callable[[str], None], keep_days: int = KEEP_DAYS,
        rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        super().__init__(platform, store, tell, keep_days * DAY_US, rest_s)

    async def sweep(self) -> None:
        """Drop whatever was not seen for too long, all at once."""
        async with self._turn:
            taking = self._now
            assert isinstance(taking, LinkTaking), "it was made here"
            await asyncio.to_thread(taking.sweep_all, self._platform.asked_at_us)

    def _make(self, archive: Archive) -> LinkTaking:
        return LinkTaking(archive, self.store, self.keep_us, self._rest_s, self._stopping.is_set)
