"""Where people work cases: every step is looked at, journalled, and only then taken; what it sets off follows.

Whether somebody may take steps at all is asked at the doors.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from jindi.basics.identifiers import holds_personal_number
from jindi.cases import (
    CUSTOMERS,
    Alert,
    Assign,
    Attach,
    Case,
    Check,
    Close,
    FileState,
    Merge,
    Note,
    Refusal,
    Review,
    Split,
    Step,
    Tag,
    Task,
    Tick,
    Wake,
    case_seq,
    pack_step,
    refusal,
    unpack_step,
    verb_of,
)
from jindi.cases.evidence import plain_name
from jindi.packs import OUTCOMES, TypologyDef
from jindi.ports import CaseQuery, CaseStep, CaseStoreFailure, LogFailure
from jindi.run.answered import fingerprint
from jindi.run.audit import Actor, NotRecorded
from jindi.run.cases.files import CaseFiles
from jindi.run.cases.folding import alert_in, case_of, subject_key
from jindi.run.cases.following import Following
from jindi.run.cases.scanning import Scanning
from jindi.run.cases.shapes import Shape, shapes_of
from jindi.run.intake import OWN_IDS, Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.records import CASE, CaseRecord, decision_id

if TYPE_CHECKING:
    from jindi.run.platform import Platform

ALERTS_SHOWN: Final = 200
SECOND_LOOK: Final = "case_second_look"
"""The parameter: of so many closed cases in a thousand somebody else looks at the verdict again."""

SETTLE_S: Final = 60.0
TOLD_AT_ONCE: Final = 64
"""Decisions of one case that are told of together: a case may have thousands, and others wait for the lane, too."""

BLOB: Final = "casework.json"
CLOSE_ALONE: Final = "case_close_alone"
"""The parameter: a case of this amount or more takes two people to close."""

LIMIT_CURRENCY: Final = "CNY"
"""What the limit of the pack `core` is in."""

VERDICT, FINDING, RELEASE, RECALL = "review_verdict", "case_finding", "decision_release", "decision_recall"


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `code` names why; the doors have the words.

    `case` is how the case stands now, None where there is none.
    """

    def __init__(self, code: "Refusal | str", case: Case | None = None) -> None:
        self.code, self.case = code, case
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Seen:
    """One alert of a case, and how its decision stands now."""

    alert: Alert
    decision_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of a case's story. `step` is None for what another case's step did to it; `other` names that case."""

    seq: int
    at_us: int
    name: str
    verb: str
    step: Step | None
    other: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A case in full. `related` are other cases of the same subject. `takes_two`: its amount is above the limit."""

    case: Case
    typology: TypologyDef | None
    alerts: tuple[Seen, ...]
    story: tuple[Happened, ...]
    related: tuple[Case, ...]
    takes_two: bool
    approvers: tuple[str, ...] = ()
    """Who approved its closing, where that took two."""
    shapes: tuple[Shape, ...] = ()
    """The patterns that its decisions complete, with the transfers that make them."""


class Desk:
    """The cases of one platform, as people see them and work them."""

    def __init__(
        self, platform: "Platform", following: Following, people: Callable[[], Iterable[str]] = tuple,
        scanning: Scanning | None = None, now_us: Callable[[], int] | None = None,
    ) -> None:  # fmt: skip
        """`people` are the names of all who may be given cases, beside whoever takes one himself. `scanning` is who
        looks for malware in files; nobody, where it is not given. `now_us` is another time than the platform's, for
        what is worked in a simulated past.
        """
        self._platform, self._following, self.people = platform, following, people
        self._now_us = now_us or platform.now_us
        self._step, self._settling = asyncio.Lock(), asyncio.Lock()
        self.files = CaseFiles(platform, scanning or Scanning())

    # ---- looking

    @property
    def behind(self) -> int:
        """How many records of the journal the cases do not know of yet."""
        return self._following.behind

    @property
    def problem(self) -> str | None:
        """Why the cases are not up to date; None when they are."""
        return self._following.problem

    @property
    def typologies(self) -> dict[str, TypologyDef]:
        """The kinds of case that today's packs have."""
        return dict(self._platform.program.definitions.typologies)

    def query(self, **how: Any) -> CaseQuery:
        """A question as of now."""
        return CaseQuery(now_us=self._now_us(), **how)

    async def find(self, query: CaseQuery) -> tuple[list[Case], int]:
        """The cases that are asked for, and how many there are whatever the limit."""
        store = self._following.store
        rows, count = await asyncio.to_thread(lambda: (store.find(query), store.count(query)))
        return [case_of(row) for row in rows], count

    async def counts(self, *queries: CaseQuery) -> list[int]:
        """How many cases there are of each question, whatever its limit."""
        store = self._following.store
        return await asyncio.to_thread(lambda: [store.count(query) for query in queries])

    async def tally(self, query: CaseQuery, by: Literal["typology", "level", "assignee", "state"]) -> dict[str, int]:
        """How many cases there are of each."""
        return dict(await asyncio.to_thread(self._following.store.tally, query, by))

    async def tags(self, limit: int) -> list[str]:
        """The tags of open cases, the most used first."""
        found = await asyncio.to_thread(self._following.store.tags, limit)
        return [tag for tag, _ in found]

    async def one(self, identifier: str) -> Case:
        """A case by its id. Raises LookupError (also for an id that is none)."""
        try:
            case_seq(identifier)
        except ValueError as error:
            raise LookupError(str(error)) from None
        row = await asyncio.to_thread(self._following.store.case, identifier)
        if row is None:
            raise LookupError("there is no case of this id")
        return case_of(row)

    async def current(self, identifier: str) -> Case:
        """A case by its id with all that is durable by now, for who decides on it. Raises LookupError."""
        await self._following.catch_up()
        return await self.one(identifier)

    def at_once(self, identifier: str) -> Case | None:
        """A case by its id, for who can't wait; None when there is none."""
        row = self._following.store.case(identifier)
        return case_of(row) if row is not None else None

    async def page(self, identifier: str) -> Page:
        """A case in full. Raises LookupError."""
        case = await self.one(identifier)
        store = self._following.store
        alerts, steps, rows = await asyncio.to_thread(
            lambda: (
                store.alerts_of(case.id, ALERTS_SHOWN),
                store.steps_of(case.id),
                store.of_subject(subject_key(case.entity, case.subject)),
            )
        )
        return Page(
            case=case, typology=self.typologies.get(case.typology),
            alerts=tuple(self._seen(alert_in(row)) for row in alerts), story=tuple(_happened(step) for step in steps),
            related=tuple(case_of(row) for row in rows if row.id != case.id), takes_two=self.takes_two(case),
            approvers=self.approvers(case), shapes=await self._shapes([alert_in(row) for row in alerts]),
        )  # fmt: skip

    async def _shapes(self, alerts: Sequence[Alert]) -> tuple[Shape, ...]:
        """Of those alerts that patterns may speak of, the newest first."""
        patterns = self._platform.program.definitions.patterns.values()
        transfers = {feed.event for pattern in patterns for feed in pattern.of}
        seqs = sorted((each.seq for each in alerts if each.event_type in transfers), reverse=True)
        return await shapes_of(self._platform.archive, seqs)

    async def case_of_decision(self, seq: int) -> str | None:
        """The id of the case that a decision belongs to; None when it belongs to none."""
        row = await asyncio.to_thread(self._following.store.alert, seq)
        return row.case if row is not None else None

    def takes_two(self, case: Case) -> bool:
        """Whether closing it takes a second person: its amount is at the limit, or can't be held against it. There are
        no rates here, so that is any amount in another currency; and every case where no limit is in force.
        """
        limit_minor = self._platform.parameter(CLOSE_ALONE, 0)
        others = any(minor for currency, minor in case.amounts.items() if currency != LIMIT_CURRENCY)
        return others or case.amounts.get(LIMIT_CURRENCY, 0) >= limit_minor

    def approvers(self, case: Case) -> tuple[str, ...]:
        """Who approved the closing that stands; nobody, where one was enough."""
        if not case.approval:
            return ()
        found = (each for each in self._platform.approvals.newest() if each.id == case.approval)
        return tuple(step.name for entry in found for step in entry.approvals)

    @property
    def second_look(self) -> int:
        """How many of a thousand closed cases are looked at again; the lot of a case says whether it is one of them."""
        return self._platform.parameter(SECOND_LOOK, 0)

    def _seen(self, alert: Alert) -> Seen:
        outcome = OUTCOMES[alert.outcome]
        status = self._platform.lane.state.openings.status(alert.seq, outcome)
        return Seen(alert, decision_id(alert.seq), status)

    # ---- working

    async def next(self, actor: Actor, *, senior: bool = False) -> Case | None:
        """Take the case that is first in the queue; None when nothing waits there. Seniors are given what was escalated
        to them first.
        """
        for escalated in (True, False) if senior else (False,):
            tried: set[tuple[str, int]] = set()
            while (first := await self._first(escalated=escalated)) is not None:
                if (first.id, first.version) in tried:
                    break  # who can't take it now won't be able to the next moment
                tried.add((first.id, first.version))
                with suppress(Declined):  # somebody else was quicker: as it was seen, or not at all
                    return await self.take(actor, first.id, Assign(actor.name), seen=first.version, leads=senior)
        return None

    async def _first(self, *, escalated: bool) -> Case | None:
        """The case that is first in the queue."""
        query = self.query(state="open", assignee="", snoozed=False, escalated=escalated, limit=1)
        found = await asyncio.to_thread(self._following.store.find, query)
        return case_of(found[0]) if found else None

    async def take(
        self, actor: Actor, identifier: str, step: Step, *, seen: int | None = None, leads: bool = False
    ) -> Case:
        """Take a step with a case: how it stands afterwards.

        `seen` is the version that was looked at, and `leads` lets act on cases of others. Raises LookupError, Declined,
        or NotRecorded; then nothing was changed.
        """
        async with self._step:
            after = await self._take(actor, identifier, step, seen=seen, leads=leads)
        if isinstance(step, Close):
            with suppress(CaseStoreFailure, LogFailure):  # the step is taken; what is not told now `settle_all` tells
                await self.settle(after)
        return after

    async def attach(self, actor: Actor, identifier: str, name: str, content: bytes) -> Case:
        """Make a file a case's: looked at, sealed, and then told. Raises NotTaken, and as `take`."""
        case = await self.current(identifier)
        # Looked at before anything is sealed: what is refused leaves nothing behind.
        if holds_personal_number(name):
            raise Declined("personal", case)
        wanted = Attach("", plain_name(name), "", len(content), "")
        if (why := await self._refusal(case, wanted, actor.name, None, leads=False)) is not None:
            raise Declined(why, case)
        step = await self.files.keep(actor, case, name, content)
        return await self.take(actor, identifier, step)

    async def file(self, actor: Actor, identifier: str, place: int) -> tuple[FileState, bytes] | None:
        """A file of a case; None when it has none at that place, or it is not there any more. Raises LookupError,
        and as `CaseFiles.read`.
        """
        case = await self.one(identifier)
        if not 0 <= place < len(case.files) or case.files[place].withdrawn:
            return None
        content = await self.files.read(actor, case.files[place])
        return None if content is None else (case.files[place], content)

    async def close_approved(self, actor: Actor, identifier: str, step: Close) -> Case:
        """Close a case as two people have agreed. Raises as `take`."""
        assert step.approval, "the operation is named"
        return await self.take(actor, identifier, step, leads=True)

    async def check(self, case: Case, step: Step) -> None:
        """Whether a step could be taken by whoever has the case. Raises Declined."""
        if any(holds_personal_number(text) for text in _texts(step)):
            raise Declined("personal", case)
        if (why := await self._refusal(case, step, case.assignee, None, leads=True)) is not None:
            raise Declined(why, case)

    async def _take(self, actor: Actor, identifier: str, step: Step, *, seen: int | None, leads: bool) -> Case:
        if any(holds_personal_number(text) for text in _texts(step)):
            raise Declined("personal")
        case = await self.current(identifier)
        if (why := await self._refusal(case, step, actor.name, seen, leads=leads)) is not None:
            raise Declined(why, case)
        given = step.to if isinstance(step, Assign) else step.who if isinstance(step, Task) else ""
        if given not in ("", actor.name) and given not in set(self.people()):
            raise Declined("nobody", case)
        if isinstance(step, Close) and not step.approval and self.takes_two(case) and self._platform.settings.four_eyes:
            raise Declined("takes_two", case)
        about = self._platform.customer(case.subject) if case.entity in CUSTOMERS else ""
        record = CaseRecord(
            CASE, self._now_us(), actor.key, actor.name, case.id, verb_of(step), pack_step(step), actor.door,
            actor.place, actor.request, about, actor.standing,
        )  # fmt: skip
        try:
            await self._platform.case_step(record)
        except (Busy, Stopped) as error:
            raise NotRecorded("the step could not be journalled, so it was not taken; try again") from error
        return await self.current(identifier)

    async def _refusal(self, case: Case, step: Step, who: str, seen: int | None, *, leads: bool) -> Refusal | None:
        other: Case | None = None
        alerts: tuple[int, ...] = ()
        waiting = 0
        if isinstance(step, Merge):
            with suppress(LookupError):
                other = await self.one(step.into)
        if isinstance(step, Split | Close):
            rows = await asyncio.to_thread(self._following.store.alerts_of, case.id)
            found = [alert_in(row) for row in rows]
            alerts = tuple(alert.seq for alert in found)
            waiting = sum(
                self._seen(alert).status == "pending" and OUTCOMES[alert.outcome] == "review" for alert in found
            )
        typology = self.typologies.get(case.typology)
        return refusal(
            case, step, who, self._now_us(), typology, seen=seen, leads=leads, other=other, alerts=alerts,
            waiting=waiting, approvers=self.approvers(case) if isinstance(step, Review) else (),
        )  # fmt: skip

    async def keep(self) -> None:
        """Tell what a crash left untold, at once and then now and then, for as long as the platform runs."""
        while True:
            with suppress(CaseStoreFailure, LogFailure):  # the follower tells
                await self.settle_all()
            await asyncio.sleep(SETTLE_S)

    # ---- what a verdict sets off

    async def settle(self, case: Case) -> int | None:
        """Say of each decision of a closed case what was found, by the front door; answers how many were told now.

        The events' ids are made of how often the case was reopened: told twice, they count once. None when the lane is
        busy or has stopped: then `settle_all` tells the rest.
        """
        if case.state != "closed" or case.verdict not in ("confirmed", "cleared"):
            return 0
        rows = await asyncio.to_thread(self._following.store.alerts_of, case.id)
        told = 0
        for first in range(0, len(rows), TOLD_AT_ONCE):
            count = await self._tell(case, [self._seen(alert_in(row)) for row in rows[first : first + TOLD_AT_ONCE]])
            if count is None:
                return None
            told += count
        return told

    async def settle_all(self) -> int:
        """Tell what was left untold because of a crash or a busy lane: it goes through the closings of the journal with
        a cursor that moves when all that they say is durable. Answers how many events were told now.
        """
        async with self._settling:
            await self._following.catch_up()
            platform, told = self._platform, 0
            end = platform.archive.log.next_seq()
            begin = min(self._settled(), end)
            for seq in platform.trail.between(begin, end):
                record = await asyncio.to_thread(platform.archive.record, seq)
                if not isinstance(record, CaseRecord) or record.verb != "close":
                    continue
                with suppress(LookupError):
                    count = await self.settle(await self.one(record.case))
                    if count is None:
                        end = seq
                        break
                    told += count
            if end != begin:
                platform.blobs.save(BLOB, [msgspec.json.encode(end)])
            return told

    def _settled(self) -> int:
        """Up to which place of the journal all closings have been told. In doubt from the first: each counts once."""
        kept = self._platform.blobs.load(BLOB)
        with suppress(msgspec.MsgspecError):
            return 0 if kept is None else msgspec.json.decode(kept, type=int)
        return 0

    async def _tell(self, case: Case, pages: Iterable[Seen]) -> int | None:
        """Let events in that say what was found; answers how many were new, None when the lane takes no more now."""
        platform, futures, now_us = self._platform, list[asyncio.Future[bytes]](), self._platform.now_us()
        answered = platform.lane.state.answered
        try:
            for seen in pages:
                event_type, fields = _finding(case, seen)
                identifier = f"{OWN_IDS}{case.id}-{case.reopened}-{seen.alert.seq}"
                if event_type not in platform.program.events or answered.find(fingerprint(identifier)) is not None:
                    continue
                try:
                    event = platform.intake.make(event_type, identifier, case.closed_us or now_us, fields)
                    futures.append(platform.lane.submit(event, now_us))
                except Conflict:
                    continue  # told before, when the decision stood otherwise
                except Refused as refused:
                    platform.say(f"what a case found was not taken as {event_type}: {refused}")
            await asyncio.gather(*futures)
        except (Busy, Stopped):
            await asyncio.gather(*futures, return_exceptions=True)
            return None
        return len(futures)


def _finding(case: Case, seen: Seen) -> tuple[str, dict[str, Any]]:
    """What a closed case says of one of its decisions: it settles what waits, else it is a finding alone."""
    confirmed = case.verdict == "confirmed"
    fields: dict[str, Any] = {"decision": seen.decision_id, "by": case.closed_by}
    if seen.status == "pending":
        match OUTCOMES[seen.alert.outcome]:
            case "review":
                return VERDICT, fields | {"verdict": "reject" if confirmed else "accept"}
            case "delay":
                return (RECALL if confirmed else RELEASE), fields
    return FINDING, fields | {"finding": "confirmed" if confirmed else "cleared", "case": case.id}


def _happened(step: CaseStep) -> Happened:
    if step.verb in ("merged_in", "split_off"):
        other = msgspec.json.decode(step.body, type=dict[str, str])["case"]
        return Happened(step.seq, step.at_us, step.name, step.verb, None, other)
    return Happened(step.seq, step.at_us, step.name, step.verb, unpack_step(step.body))


def _texts(step: Step) -> Iterable[str]:
    """All that somebody wrote himself."""
    match step:
        case Note(text):
            return (text,)
        case Tag(add):
            return add
        case Task(text, who):
            return text, who
        case Attach(name=name):
            return (name,)
        case Assign() | Wake() | Check() | Tick():
            return ()
        case _:
            return (step.why,)
