"""What is done about ratings on a running platform: facts are noted when a rating is owed, levels and missed times are
told as events, people record reviews, and two of them may give a level by hand.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jindi.basics.digests import canonical, digest
from jindi.basics.instants import DAY_US, MINUTE_US, format_instant
from jindi.language import Value
from jindi.packs import RatingDef
from jindi.parties.rating import Assessed, Standing, is_overdue
from jindi.ports import LogFailure, RatedQuery, RatingStoreFailure
from jindi.run.archive import Outdated
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.intake import OWN_IDS, Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.rating.following import Following
from jindi.run.rating.taking import BY_HAND, DUE, PACK, RATING, REVIEW, asked_of, assessment, standing_of
from jindi.run.records import DecisionRecord, decision_id

if TYPE_CHECKING:
    from jindi.run.platform import Platform

PAUSE_S: Final = 0.5
AT_ONCE: Final = 50
"""So many customers are assessed in one round: the lane has the rest of the time for what comes from outside."""

PAST_US: Final = DAY_US
"""A lane whose time lies further behind the clock is being told its past, as long as it moves."""

CALM_US: Final = MINUTE_US
HISTORY: Final = 50
REASON_MAX: Final = 500
NONE: Final = "none"


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `code` names why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class History:
    """One step of a customer's history: the event, and what an assessment came to (None for all others, and where the
    definitions of that time can't be read any more). `scheme` is the one of that time.
    """

    seq: int
    at_us: int
    event_type: str
    fields: Mapping[str, Value]
    found: Assessed | None
    scheme: RatingDef | None


class Desk:
    """Ratings on one platform."""

    def __init__(self, platform: "Platform", following: Following, audit: Audit) -> None:
        self._platform, self._following, self._audit = platform, following, audit
        self._store, self._step = following.store, asyncio.Lock()
        self._moved = (-1, 0)
        """The lane's place when it was looked at last, and since when it has been there."""

    # ---- going on

    async def keep(self) -> None:
        """Follow, assess and tell, for as long as the platform runs."""
        while True:
            try:
                await self.round()
                self._following.problem = None
            except (RatingStoreFailure, LogFailure) as error:
                if self._following.problem is None:
                    self._platform.say(f"the ratings of customers are not up to date: {error}")
                self._following.problem = str(error)
            await asyncio.sleep(PAUSE_S)

    async def round(self) -> int:
        """One round; how many events were told. Nothing is told where the pack is not loaded."""
        await self._following.catch_up()
        if self.scheme is None or self._is_past():
            return 0
        count = 0
        async with self._step:
            for body in await asyncio.to_thread(self._store.owed, AT_ONCE):
                count += await self._owed(standing_of(body))
            if not count:  # whoever is being rated right now has missed nothing
                count = await self._all_missed()
        if count:
            await self._following.catch_up()
        return count

    def _is_past(self) -> bool:
        """Whether what is told to the platform now is its past. Time never goes back in a lane: one event of now would
        make all that is still to be told happen now, so nothing is told until that is over.
        """
        state, now_us = self._platform.lane.state, self._platform.now_us()
        if state.next_seq != self._moved[0]:
            self._moved = (state.next_seq, now_us)
        is_behind = 0 < state.high_us < now_us - PAST_US
        return self._platform.held is not None or (is_behind and now_us - self._moved[1] < CALM_US)

    async def _owed(self, standing: Standing) -> bool:
        """What one customer is owed: that his facts be noted, or that his level be told."""
        assert self.scheme is not None, "asked before"
        if standing.wish:
            if self._platform.lane.state.warming & asked_of(self.scheme):
                return False  # facts that can't be seen yet: when they can he is assessed
            noted = {"user": standing.user, "occasion": standing.wish}
            return await self._tell(self.scheme.on, noted, f"{OWN_IDS}assessment-{standing.wish_seq}")
        fields = {
            "user": standing.user, "risk_level": standing.effective, "level_before": standing.told_level or NONE,
            "how": "assessed", "points_milli": standing.points_milli,
            "assessment": decision_id(standing.assessed_seq),
        }  # fmt: skip
        return await self._tell(RATING, fields, f"{OWN_IDS}rating-{standing.assessed_seq}")

    async def _all_missed(self) -> int:
        count, now_us = 0, self._platform.now_us()
        for body in await asyncio.to_thread(self._store.missed, now_us, AT_ONCE):
            count += await self._missed(standing_of(body))
        return count

    async def _missed(self, standing: Standing) -> bool:
        due_us = standing.must_by_us
        fields = {
            "user": standing.user, "owed": standing.must_what, "risk_level": standing.effective or NONE,
            "due": format_instant(due_us),
        }  # fmt: skip
        mark = digest(canonical([standing.user, due_us]))[:24]
        return await self._tell(DUE, fields, f"{OWN_IDS}review-due-{mark}")

    async def _tell(self, event_type: str, fields: Mapping[str, Any], identifier: str) -> bool:
        """Have an event decided; whether it was. One that was told already is told no second time."""
        platform, now_us = self._platform, self._platform.now_us()
        try:
            await platform.lane.submit(platform.intake.make(event_type, identifier, now_us, fields), now_us)
        except (Busy, Stopped, Conflict):
            return False
        except Refused as error:
            platform.say(f"{event_type} was not taken: {error}")
            return False
        return True

    async def close(self) -> None:
        """Let go of the store, once what is under way has been broken off."""
        await self._following.close()

    # ---- looking

    @property
    def scheme(self) -> RatingDef | None:
        """How customers are rated today; None where no pack says, or not the pack whose events tell of it."""
        scheme = self._platform.program.definitions.rating
        return scheme if scheme is not None and scheme.pack == PACK else None

    @property
    def behind(self) -> int:
        """How many records of the journal are not known here yet."""
        return self._following.behind

    @property
    def problem(self) -> str | None:
        """Why what is known is not up to date; None when it is."""
        return self._following.problem

    async def standing(self, user: str) -> Standing:
        """How a customer stands. Raises LookupError for whom is none."""
        body = await asyncio.to_thread(self._store.one, user)
        if body is None:
            raise LookupError("there is no such customer")
        return standing_of(body)

    async def found(self, query: RatedQuery) -> tuple[list[Standing], int]:
        """A page of customers, those due first first, and how many there are in all."""
        bodies, count = await asyncio.to_thread(self._store.found, query)
        return [standing_of(each) for each in bodies], count

    async def counts(self) -> Mapping[str, tuple[int, int]]:
        """How many customers there are of each level, and how many of them are overdue."""
        return await asyncio.to_thread(self._store.counts, self._platform.now_us())

    async def history(self, user: str, limit: int = HISTORY) -> list[History]:
        """A customer's assessments, levels and reviews, the newest first."""
        return await asyncio.to_thread(self._history, user, limit)

    def _history(self, user: str, limit: int) -> list[History]:
        return [self._one(seq) for seq in self._store.steps(user, limit)]

    def _one(self, seq: int) -> History:
        archive = self._platform.archive
        record = archive.decision(seq)
        names = (field.name for field in archive.fields(record.definitions, record.event_type))
        fields = dict(zip(names, record.values, strict=True))
        found, scheme = self._found(record)
        return History(seq, record.as_of_us, record.event_type, fields, found, scheme)

    def _found(self, record: DecisionRecord) -> tuple[Assessed | None, RatingDef | None]:
        try:
            scheme = self._platform.archive.program(record.definitions).definitions.rating
        except Outdated:
            return None, None
        if scheme is None or record.event_type != scheme.on:
            return None, scheme
        return assessment(self._platform.archive, record, scheme), scheme

    def is_overdue(self, standing: Standing) -> bool:
        """Whether what must be done about a customer was not done in time."""
        return is_overdue(standing, self._platform.now_us())

    # ---- doing

    async def review(self, actor: Actor, user: str, note: str, document_until_us: int | None = None) -> None:
        """A person has reviewed a customer: that is recorded, then he is assessed anew and his clock begins again.

        Raises LookupError, Declined, NotRecorded.
        """
        if not note.strip() or len(note) > REASON_MAX:
            raise Declined("note")
        if document_until_us is not None and document_until_us <= self._platform.now_us():
            raise Declined("document")
        async with self._step:
            standing = await self.standing(user)
            if not standing.assessed_us:
                raise Declined("not_rated")
            place = await self._audit.act(actor, "kyc.review", user, about=self._platform.customer(user))
            fields = {"user": user, "by": actor.name, "note": note.strip()}
            if document_until_us is not None:
                fields["document_until"] = format_instant(document_until_us)
            await self._told(REVIEW, fields, f"{OWN_IDS}review-{place}")
        await self.round()

    async def override(self, user: str, level: str, by: str, second: str, reason: str) -> None:
        """What two people agreed upon: a level by hand, until the next review. Raises LookupError, Declined."""
        async with self._step:
            standing = await self.standing(user)
            self.must_be_overridable(standing, level)
            fields = {
                "user": user, "risk_level": level, "level_before": standing.told_level or NONE, "how": BY_HAND,
                "points_milli": standing.points_milli, "assessment": decision_id(standing.assessed_seq), "by": by,
                "reason": reason,
            }  # fmt: skip
            if second:
                fields["second"] = second
            mark = digest(canonical([user, level, reason, standing.assessed_seq, self._platform.now_us()]))[:24]
            await self._told(RATING, fields, f"{OWN_IDS}by-hand-{mark}")
        await self._following.catch_up()

    def must_be_overridable(self, standing: Standing, level: str) -> None:
        """Raises Declined where no level may be given by hand: nobody talks away a ground that goes to the highest."""
        scheme = self.scheme
        if scheme is None or scheme.level(level) is None:
            raise Declined("no_level")
        if not standing.assessed_us:
            raise Declined("not_rated")
        if standing.directs:
            raise Declined("direct")
        if level == standing.effective:
            raise Declined("same")

    async def _told(self, event_type: str, fields: Mapping[str, Any], identifier: str) -> None:
        if not await self._tell(event_type, fields, identifier):
            raise NotRecorded("the lane takes nothing now; try again")
