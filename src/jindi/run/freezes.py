"""Temporary freezes that an authority orders: they begin at once, end by themselves, and both are in the journal.

A freeze is an entry of a list with an expiry, so that rules stop honouring it at that very instant whatever else
happens here. That it ended is told afterwards, as the entry's removal. A further order is another list's business:
nobody makes a temporary freeze longer.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jindi.basics.digests import canonical, digest
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import HOUR_US, format_instant
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.intake import OWN_IDS, Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.state import LIST_ENTRY

if TYPE_CHECKING:
    from jindi.run.platform import Platform

LIST: Final = "temporarily_frozen_users"
"""The list of the pack `account` on which whoever is temporarily frozen stands."""

HOURS: Final = 48
"""(verified, 反洗钱法 Art. 45) Where the packs have no `temporary_freeze_hours`."""

ORDER_MAX: Final = 100
PAUSE_S: Final = 1.0


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `code` names why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Freeze:
    """Somebody who is temporarily frozen, and until when."""

    user: str
    until_us: int


class Freezes:
    """Temporary freezes on one platform."""

    def __init__(self, platform: "Platform", audit: Audit) -> None:
        self._platform, self._audit, self._step = platform, audit, asyncio.Lock()

    async def keep(self) -> None:
        """Tell what has ended, for as long as the platform runs."""
        while True:
            await self.round()
            await asyncio.sleep(PAUSE_S)

    async def round(self) -> int:
        """Tell that freezes have ended; how many were told. What the lane can't take now is told later."""
        count = 0
        if self._platform.held is not None:  # a past is being told, and an event of now would end it
            return 0
        async with self._step:
            for each in self._listed():
                if each.until_us <= self._platform.now_us():
                    count += await self._ended(each)
        return count

    @property
    def is_there(self) -> bool:
        """Whether the packs have the list."""
        return LIST in self._platform.program.definitions.lists

    def of(self, user: str) -> Freeze | None:
        """The freeze of a customer that is in force now; None when there is none."""
        until_us = self._entries.get(user)
        return None if until_us is None or until_us <= self._platform.now_us() else Freeze(user, until_us)

    def live(self) -> list[Freeze]:
        """All that are in force now, the one that ends first first."""
        now_us = self._platform.now_us()
        return sorted((each for each in self._listed() if each.until_us > now_us), key=lambda each: each.until_us)

    async def begin(self, actor: Actor, user: str, order: str) -> Freeze:
        """Freeze a customer by an authority's order, at once: whoever has it in hand does, and nobody else is asked.

        Raises Declined, NotRecorded.
        """
        if not self.is_there:
            raise Declined("no_list")
        if not user.strip() or not 1 <= len(order.strip()) <= ORDER_MAX or holds_personal_number(order):
            raise Declined("order")
        async with self._step:
            if self.of(user) is not None:
                raise Declined("frozen")
            hours = self._platform.parameter("temporary_freeze_hours", HOURS)
            until_us = self._platform.now_us() + hours * HOUR_US
            await self._audit.act(actor, "kyc.freeze", user, about=self._platform.customer(user))
            fields = {
                "list": LIST, "value": user, "action": "add", "expires": format_instant(until_us),
                "reason": f"order {order.strip()}", "by": actor.name,
            }  # fmt: skip
            mark = digest(canonical([user, order.strip()]))[:24]
            try:
                await self._tell(fields, f"{OWN_IDS}freeze-{mark}")
            except Conflict:
                raise Declined("once") from None
            return Freeze(user, until_us)

    # ---- inside

    @property
    def _entries(self) -> Mapping[str, int | None]:
        return self._platform.lane.state.lists.entries.get(LIST, {})

    def _listed(self) -> list[Freeze]:
        """All that stand on the list. One without an expiry was put there by hand, and is none of ours."""
        return [Freeze(user, until_us) for user, until_us in self._entries.items() if until_us is not None]

    async def _ended(self, freeze: Freeze) -> bool:
        fields = {
            "list": LIST, "value": freeze.user, "action": "remove", "by": "platform",
            "reason": f"ended {format_instant(freeze.until_us)} without a further order",
        }  # fmt: skip
        mark = digest(canonical([freeze.user, freeze.until_us]))[:24]
        try:
            await self._tell(fields, f"{OWN_IDS}thaw-{mark}")
        except (NotRecorded, Conflict):
            return False
        return True

    async def _tell(self, fields: Mapping[str, Any], identifier: str) -> None:
        platform, now_us = self._platform, self._platform.now_us()
        try:
            await platform.lane.submit(platform.intake.make(LIST_ENTRY, identifier, now_us, fields), now_us)
        except (Busy, Stopped, Refused):
            raise NotRecorded("the lane takes nothing now; try again") from None
