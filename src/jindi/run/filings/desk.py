"""Where people work reports against money laundering: every step is looked at, journalled, and only then taken.

Whether somebody may take steps at all, or know of a report, is asked at the doors. That nobody answers what he wrote
himself is asked here. What a report says goes into the vault before the step that speaks of it is journalled: a crash
between the two leaves sealed bytes that nobody names, and the step is taken anew.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.basics.instants import day_of
from jindi.basics.problems import Problem, Problems
from jindi.cases import Case
from jindi.cases.filings import FILING_PREFIX, STATES, ZONE, By, Report, State, opened, stepped
from jindi.cases.filings_clocks import of_correction, of_large, of_suspicion
from jindi.cases.filings_steps import (
    Approve,
    Begun,
    Drop,
    Land,
    Open,
    Pack,
    Propose,
    Return,
    Revise,
    Sealed,
    Send,
    Step,
    Withdraw,
    Write,
    pack_step,
    unpack_step,
    verb_of,
)
from jindi.packs import SuspicionDef, TypologyDef
from jindi.parties.reporting import (
    FieldError,
    Form,
    NotPossible,
    Packet,
    PacketName,
    Receipt,
    kept_until,
    next_serial,
    read_receipt,
    read_report,
)
from jindi.parties.reporting import goaml as goaml_form
from jindi.parties.reporting.drafts import EVIDENCE_MAX, Draft, Subject, problems_of
from jindi.parties.reporting.goaml import Unit, check_unit
from jindi.parties.reporting.names import Sector, Topic, is_day
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.filings.making import Made, evidence_of, make
from jindi.run.filings.sealing import OWNER, seal, unseal
from jindi.run.lane import Busy, Stopped
from jindi.run.records import REPORT, ReportRecord

if TYPE_CHECKING:
    from jindi.run.platform import Platform

KEEP_YEARS: Final = "report_keep_years"
RECEIPT_BYTES_MAX: Final = 5 << 20


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `zh` and `en` say why, `report` is how the report
    stands now.
    """

    def __init__(self, zh: str, en: str, report: Report | None = None) -> None:
        self.zh, self.en, self.report = zh, en, report
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, and all by which he is known: a key of his and a session of his are he himself."""

    actor: Actor
    marks: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Which reports are asked for; "" for all."""

    state: State | None = None
    topic: Topic | None = None
    case: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of a report's story."""

    seq: int
    at_us: int
    name: str
    step: Step


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt as it was read: its name, when it was taken in by whom, and the errors it tells (None: unreadable)."""

    name: str
    by: str
    at_us: int
    errors: tuple[FieldError, ...] | None
    asks: str = ""
    until: str = ""

    def __repr__(self) -> str:
        return "Told(…)"


@dataclass(frozen=True, slots=True)
class Page:
    """A report in full. `draft` None: what it says is not there any more. `kept_until` is the last day on which it must
    still be there; None before it was sent.
    """

    report: Report
    draft: Draft | None
    problems: tuple[Problem, ...]
    story: tuple[Happened, ...]
    receipts: tuple[Told, ...]
    kept_until: date | None

    def __repr__(self) -> str:
        return "Page(…)"


class Desk:
    """The reports of one platform, as those who may know of them see them and work them."""

    def __init__(self, platform: "Platform", audit: Audit, casework: CaseDesk | None = None) -> None:
        """`casework` knows the cases that reports come from."""
        self._platform, self._audit, self._casework = platform, audit, casework
        self._step = asyncio.Lock()

    # ---- looking

    @property
    def is_on(self) -> bool:
        """Whether reports can be written here: nothing of them is kept in clear."""
        return self._platform.vault is not None

    def now_us(self) -> int:
        """The platform's clock."""
        return self._platform.now_us()

    def today(self) -> date:
        """The day that it is in Asia/Shanghai."""
        return day_of(self.now_us(), ZONE)

    def find(self, query: Query) -> list[Report]:
        """Some reports: what is owed first before the others, then the newest."""
        now_us = self.now_us()
        found = [each for each in self._platform.filings.newest() if _fits(each, query, now_us)]
        return sorted(found, key=lambda each: each.due_us)

    def one(self, identifier: str) -> Report:
        """A report by its id. Raises LookupError."""
        found = self._platform.filings.all.get(identifier)
        if found is None:
            raise LookupError("there is no report of this id")
        return found

    def of_case(self, case: str) -> list[Report]:
        """The reports that come from a case, the newest first."""
        return self._platform.filings.of_case(case)

    @property
    def typologies(self) -> Mapping[str, TypologyDef]:
        """The kinds of case that today's packs have."""
        return self._platform.program.definitions.typologies

    def suspicion(self, typology: str) -> SuspicionDef | None:
        """What reports from cases of a typology say by default; None for one that no pack speaks of."""
        declared = self._platform.program.definitions.suspicions.values()
        return next((each for each in declared if each.typology == typology), None)

    async def page(self, identifier: str) -> Page:
        """A report in full. Raises LookupError."""
        report = self.one(identifier)
        draft, story, receipts = await asyncio.to_thread(
            lambda: (self.draft(report), self._story(report), tuple(self._receipts(report)))
        )
        problems = tuple(problems_of(draft, report.topic)) if draft is not None else ()
        return Page(report, draft, problems, story, receipts, self.kept_until(report))

    def kept_until(self, report: Report) -> date | None:
        """The last day on which a report must still be there; None before it was sent, or without the parameter."""
        years, sent_on = self._platform.program.definitions.limits.get(KEEP_YEARS), report.filing.first_sent_on
        if years is None or sent_on is None:
            return None
        try:
            return kept_until(sent_on, years)
        except LookupError:
            return None

    def draft(self, report: Report) -> Draft | None:
        """What a report says, opened; None when it is not there any more. For a thread."""
        raw = unseal(self._platform, report.owner, report.draft)
        if raw is None or digest(raw) != report.draft.digest:
            return None
        return msgspec.json.decode(raw, type=Draft)

    def _made(self, report: Report) -> Made | None:
        """The packet that is proposed or approved, exactly as it was made."""
        if report.packet is None:
            return None
        raw = unseal(self._platform, report.owner, report.packet)
        made = None if raw is None else msgspec.json.decode(raw, type=Made)
        return made if made is not None and made.digest == report.packet.digest else None

    def _story(self, report: Report) -> tuple[Happened, ...]:
        """What happened, the newest first. What waits for the disk is not told yet."""
        archive, durable, found = self._platform.archive, self._platform.archive.log.next_seq(), list[Happened]()
        for seq in report.steps:
            record = archive.record(seq) if 0 <= seq < durable else None
            if isinstance(record, ReportRecord):
                found.append(Happened(seq, record.received_us, record.name, unpack_step(record.body)))
        return tuple(reversed(found))

    def _receipts(self, report: Report) -> "list[Told]":
        found = list[Told]()
        for each in reversed(report.receipts):
            raw = unseal(self._platform, report.owner, each.sealed)
            kept = None if raw is None else msgspec.json.decode(raw, type=_Kept)
            errors = None
            if kept is not None and each.errors is not None:
                errors = tuple(FieldError(*error) for error in kept.errors)
            asks, until = (kept.asks, kept.until) if kept is not None else ("", "")
            found.append(Told(each.name, each.by, each.at_us, errors, asks, until))
        return found

    # ---- writing

    def defaults(self, topic: Topic, typology: str = "", subject: str = "", evidence: Collection[str] = ()) -> Draft:
        """A draft to begin with: the reporter as the newest report has it, and what packs say of the typology."""
        before = next(
            (draft for each in self._platform.filings.newest() if (draft := self.draft(each)) is not None), Draft()
        )
        suspicion = self.suspicion(typology)
        return Draft(
            institution=before.institution, institution_name=before.institution_name, sector=before.sector,
            branch=before.branch, place=before.place, means=before.means,
            crimes=suspicion.crimes if suspicion is not None and topic == "suspicious" else (),
            features=suspicion.features if suspicion is not None and topic == "suspicious" else (),
            subjects=(Subject(user=subject),) if subject else (), evidence=tuple(evidence),
        )  # fmt: skip

    async def defaults_of_case(self, identifier: str) -> Draft:
        """A draft to begin with: about the customer of a case, with the decisions of the case that moved his money as
        evidence. Raises LookupError.
        """
        case = await self._case(identifier)
        assert self._casework is not None, "asked just now"
        page = await self._casework.page(identifier)
        subject = case.subject if case.entity in self._customers() else ""
        draft = self.defaults("suspicious", case.typology, subject)
        if not subject:
            return draft
        of_money = []
        for each in reversed(page.alerts):
            one = msgspec.structs.replace(draft, evidence=(each.decision_id,))
            if not (await asyncio.to_thread(evidence_of, self._platform, one)).problems:
                of_money.append(each.decision_id)
        return msgspec.structs.replace(draft, evidence=tuple(of_money[:EVIDENCE_MAX]))

    def _customers(self) -> set[str]:
        """The entities whose money moves, as packs declare it: users and merchants, say, and payees."""
        definitions = self._platform.program.definitions
        return {
            field.entity
            for each in definitions.movements.values()
            for field in definitions.events[each.event].fields
            if field.name == each.customer and field.entity is not None
        }

    async def open(
        self, who: Who, topic: Topic, draft: Draft, *, case: str = "", aware_us: int | None = None, follows: str = ""
    ) -> Report:  # fmt: skip
        """Begin a report. Raises Declined, LookupError for a case or report that is not there, NotRecorded."""
        self._must_have_vault()
        now_us, typology = self.now_us(), ""
        if case:
            typology = (await self._case(case)).typology
        if follows:
            self._must_be_followable(follows, topic)
        aware = now_us if aware_us is None else min(aware_us, now_us)
        definitions = self._platform.program.definitions
        clock = (
            of_suspicion(definitions, typology, aware)
            if topic == "suspicious"
            else of_large(definitions, (each.day for each in draft.days))
        )
        async with self._step:
            owner = OWNER + self._platform.blind(f"{who.actor.key} {now_us} {self._platform.lane.state.next_seq}")
            sealed = await self._seal(owner, draft)
            step = Open(
                topic=topic, owner=owner, draft=sealed, aware_us=aware, case=case, typology=typology, follows=follows
            )
            opened(-1, step, self._by(who), ())
            seq = await self._journal(who, "", step, (clock,) if clock is not None else ())
            return self._platform.filings.all[f"{FILING_PREFIX}{seq:012x}"]

    async def _case(self, identifier: str) -> Case:
        if self._casework is None:
            raise LookupError("this platform keeps no cases")
        return await self._casework.one(identifier)

    def _must_be_followable(self, identifier: str, topic: Topic) -> None:
        before = self.one(identifier)
        if topic != "suspicious" or before.topic != "suspicious" or not before.filing.is_in:
            raise Declined(
                "只能接续中心已接收的可疑交易报告",
                "only a suspicious report that the centre has can be gone on with",
                before,
            )

    async def write(self, who: Who, identifier: str, draft: Draft, *, seen: int | None = None) -> Report:
        """Change what a report says. Raises LookupError, Declined, NotRecorded."""
        self._must_have_vault()
        async with self._step:
            report = self._seen(identifier, seen)
            self._look(report, Write(Sealed("", "")), who)
            return await self._take(who, report, Write(await self._seal(report.owner, draft)))

    async def _seal(self, owner: str, draft: Draft) -> Sealed:
        return await asyncio.to_thread(seal, self._platform, owner, canonical(msgspec.to_builtins(draft)))

    def _must_have_vault(self) -> None:
        if not self.is_on:
            raise Declined(
                "未启用保险库，不能编写报告（设置 vault）",
                "there is no vault: nothing is kept in clear (setting vault)",
            )

    # ---- the packet, and the second person

    async def propose(self, who: Who, identifier: str, *, seen: int | None = None) -> Report:
        """Make a report's packet, and have it wait for a second person. Names and numbers are taken out of the vault
        for it, each person's against a record. Raises LookupError, Declined, Problems, NotRecorded.
        """
        self._must_have_vault()
        async with self._step:
            report = self._seen(identifier, seen)
            step = Propose(packet=Sealed("", ""), subjects=0, transactions=0)
            self._look(report, step, who)
            draft = await asyncio.to_thread(self.draft, report)
            if draft is None:
                raise Declined("报告正文已不可读", "what the report says can't be read any more", report)
            made, subjects, transactions = await make(
                self._platform, self._audit, who.actor, report, draft, self.today(), self._first(report)
            )
            sealed = await asyncio.to_thread(
                seal, self._platform, report.owner, msgspec.json.encode(made), made.digest
            )  # fmt: skip
            alone = not self._platform.settings.four_eyes
            proposed = Propose(packet=sealed, subjects=subjects, transactions=transactions, alone=alone)
            return await self._take(who, report, proposed)

    def _first(self, report: Report) -> tuple[str, int]:
        """The first packet that a report goes on with, and the how-manieth report it is."""
        times, before = 1, report
        while before.follows:
            before, times = self.one(before.follows), times + 1
        return ("", 1) if times == 1 else (before.filing.packets[0].stem, times)

    async def packet(self, identifier: str) -> tuple[str, bytes]:
        """A report's packet as it is sent: its name (before it has one, the report's id) and its bytes. Whoever hands
        it out has recorded that first. Raises LookupError.
        """
        report = self.one(identifier)
        made = await asyncio.to_thread(self._made, report)
        if made is None:
            raise LookupError("there is no packet, or it is not there any more")
        is_named = report.state not in ("proposed", "approved") and report.filing.packets
        return report.filing.packets[-1].text if is_named else f"{report.id}.xml", made.packet.encode()

    async def goaml(self, identifier: str, unit: Unit) -> Packet:
        """The same report as a unit with goAML takes it. Raises LookupError, Problems."""
        report = self.one(identifier)
        if problems := check_unit(unit):
            raise Problems(problems)
        made = await asyncio.to_thread(self._made, report)
        if made is None:
            raise LookupError("there is no packet, or it is not there any more")
        return goaml_form.render(read_report(made.report, report.id), unit, self.now_us(), f"{report.id}.goaml.xml")

    async def approve(self, who: Who, identifier: str, packet_digest: str) -> Report:
        """Agree to exactly the packet of a digest. Raises LookupError, Declined, NotRecorded."""
        return await self.take(who, identifier, Approve(packet_digest))

    async def pack(self, who: Who, identifier: str) -> Report:
        """Give an approved packet its name: the next number of the day that was never used. Raises as `take`."""
        async with self._step:
            report = self.one(identifier)
            made = await asyncio.to_thread(self._made, report)
            if made is None:
                raise Declined("先制作报文并经审批", "its packet is made and approved first", report)
            name = self._next_name(report, made)
            return await self._take(who, report, Pack(name.stem))

    def _next_name(self, report: Report, made: Made) -> PacketName:
        used = [name for each in self._platform.filings.all.values() for name in each.filing.packets]
        day = self.today()
        serial = next_serial(used, made.reporter, day)
        sector: Sector = msgspec.convert(made.sector, Sector)
        return PacketName(report.filing.action, sector, report.topic, made.reporter, day, serial)

    async def take(self, who: Who, identifier: str, step: Step, *, seen: int | None = None) -> Report:
        """Take a step that needs nothing made or sealed. Raises LookupError, Declined, NotRecorded."""
        assert isinstance(step, Approve | Return | Send | Revise | Withdraw | Drop), "the others have ways of their own"
        async with self._step:
            report = self._seen(identifier, seen)
            self._look(report, step, who)
            if isinstance(step, Approve) and await asyncio.to_thread(self._made, report) is None:
                raise Declined("报文已不可读，不能批准", "the packet can't be read: nobody can agree to it", report)
            return await self._take(who, report, step)

    # ---- receipts

    async def land(self, who: Who, file_name: str, data: bytes, form: Form | None = None) -> tuple[Report, Receipt]:
        """Take in a receipt: the report that it is of, and what it tells. Raises LookupError for a packet that is none
        of ours, Problems, Declined, NotRecorded.
        """
        self._must_have_vault()
        receipt = await asyncio.to_thread(read_receipt, file_name, data, form)
        async with self._step:
            report = self._of_packet(receipt.name.packet)
            if any(each.name == file_name for each in report.receipts):
                raise Declined("此回执已登记过", "this receipt was taken in before", report)
            step = Land(name=file_name, receipt=Sealed("", ""), errors=None)
            self._look(report, step, who)
            kept = _Kept(
                data.decode("latin-1"), tuple((e.field, e.code, e.place, e.says) for e in receipt.errors),
                receipt.asks, receipt.until,
            )  # fmt: skip
            sealed = await asyncio.to_thread(seal, self._platform, report.owner, msgspec.json.encode(kept))
            errors = len(receipt.errors) if receipt.is_read else None
            clocks: tuple[Begun, ...] = ()
            if receipt.name.outcome != "accepted":
                clocks = (of_correction(self._platform.program.definitions, self.now_us(), _day(receipt.until)),)
            step = Land(name=file_name, receipt=sealed, errors=errors)
            return await self._take(who, report, step, clocks), receipt

    def _of_packet(self, name: PacketName) -> Report:
        for each in self._platform.filings.all.values():
            if name in each.filing.packets:
                return each
        raise LookupError("the receipt is of no packet that was made here")

    # ---- what they have in common

    def _seen(self, identifier: str, seen: int | None) -> Report:
        report = self.one(identifier)
        if seen is not None and seen != report.version:
            raise Declined(
                "报告刚被他人更新，请刷新后再操作", "somebody changed it since you looked: look again", report
            )
        return report

    def _by(self, who: Who) -> By:
        return By(who.actor.name, self.now_us(), tuple(sorted(who.marks)))

    def _look(self, report: Report, step: Step, who: Who, clocks: tuple[Begun, ...] = ()) -> None:
        """Whether a step could be taken. Raises Declined."""
        try:
            stepped(report, step, self._by(who), clocks)
        except NotPossible as error:
            raise Declined(error.words.zh, error.words.en, report) from None

    async def _take(self, who: Who, report: Report, step: Step, clocks: tuple[Begun, ...] = ()) -> Report:
        self._look(report, step, who, clocks)
        await self._journal(who, report.id, step, clocks)
        return self._platform.filings.all[report.id]

    async def _journal(self, who: Who, identifier: str, step: Step, clocks: tuple[Begun, ...]) -> int:
        actor, by = who.actor, self._by(who)
        record = ReportRecord(
            REPORT, by.at_us, actor.key, actor.name, identifier, verb_of(step), pack_step(step),
            canonical(msgspec.to_builtins(clocks)), tuple(by.marks), actor.door, actor.place, actor.request,
            actor.standing,
        )  # fmt: skip
        try:
            return await self._platform.report_step(record)
        except (Busy, Stopped) as error:
            raise NotRecorded("the step could not be journalled, so it was not taken; try again") from error


class _Kept(msgspec.Struct, array_like=True):
    """A receipt as it lies sealed: its bytes as Latin-1, and what was read of it."""

    raw: str
    errors: tuple[tuple[str, str, str, str], ...]
    asks: str = ""
    until: str = ""


def _fits(report: Report, query: Query, now_us: int) -> bool:
    return (
        query.state in (None, report.state)
        and query.topic in (None, report.topic)
        and query.case in ("", report.case)
        and (not query.late or report.is_late(now_us))
    )


def _day(text: str) -> date | None:
    """The day that a request of the centre names; None where it names none that is understood."""
    digits = re.sub(r"[^0-9]", "", text)[:8]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if is_day(digits) else None


def state_named(text: str) -> State:
    """A state by its name. Raises ValueError.

    >>> state_named("sent")
    'sent'
    """
    for each in STATES:
        if each == text:
            return each
    raise ValueError(f"state is one of: {', '.join(STATES)}")


__all__ = ["Declined", "Desk", "Happened", "Page", "Query", "Told", "Who", "state_named"]
