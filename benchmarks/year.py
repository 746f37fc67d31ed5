"""One simulated year of a payment company through the whole chain: decisions, cases, screening, ratings, reports.

    python -m benchmarks.year --out benchmarks/YEAR.md        the year: half an hour to an hour
    python -m benchmarks.year --users 200 --days 20           does everything run?

The world, its adversaries and its analysts are those of the demo, in simulated time. Beside them this file plays the
compliance officers: each morning at nine they take in receipts, look at matches, fill in the reports of large days that
the platform has begun, report the laundering that the analysts confirmed the day before, have a second person agree,
and send. Nothing is tuned to it: the packs are those that ship.
"""

import argparse
import asyncio
import datetime as dt
import gc
import os
import platform as machine
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from benchmarks import results
from benchmarks.vaults import vault_in
from jindi.access import ApiKeys, Kind, Permits, Principal, Role
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US, HOUR_US, day_of, format_instant, parse_instant, start_of_day
from jindi.basics.problems import Problems
from jindi.cases import Assign, Case, Close
from jindi.cases.filings import Report
from jindi.cases.filings_steps import Send
from jindi.parties.reporting.drafts import Draft, Subject
from jindi.run.approvals.approvals import Approvals, approvals_of
from jindi.run.approvals.cases import Closing
from jindi.run.approvals.screening import operations_of
from jindi.run.audit import Actor, Audit
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following as CaseFollowing
from jindi.run.demo_team import Team
from jindi.run.filings.desk import Declined, Who
from jindi.run.filings.desk import Desk as FilingDesk
from jindi.run.filings.following import Following as MovementFollowing
from jindi.run.filings.large_days import LargeDays
from jindi.run.filings.making import evidence_of
from jindi.run.intake import Refused
from jindi.run.lane import Busy, Conflict
from jindi.run.platform import Platform, Settings
from jindi.run.rating import Desk as RatingDesk
from jindi.run.rating import Following as RatingFollowing
from jindi.run.records import decision_id
from jindi.run.screening.desk import Desk as ScreeningDesk
from jindi.run.simulate import HEADER, Scoreboard, Simulated, World
from jindi.run.simulate.names import name_of
from jindi.run.simulate.truth import HONEST
from jindi.stores import SegmentLog, SqliteCases
from jindi.stores.files import FileBlobs
from jindi.stores.sqlite_movements import SqliteMovements
from jindi.stores.sqlite_ratings import SqliteRatings
from jindi.vault import KEY_BYTES, Tokens

START: Final = "2025-11-01T00:00:00+08:00"
"""The last deadline of a year that begins here lies in November 2026: the calendar of working days is out."""

ZONE: Final = ZoneInfo("Asia/Shanghai")
AT_ONCE: Final = 64
"""Events told before what waits gets its turn."""

OFFICE_US: Final = 9 * HOUR_US
LISTED, LISTED_LATER = 6, 4
"""So many customers stand on the company's own list from the start, and so many more from the middle of the year on."""

STRANGERS: Final = 300
"""Entries of the list that are nobody here, with names drawn as the customers' are: some are called the same."""

UNIT: Final = "A1000131000001"
WORDS: Final = {
    "behaviour": "账户短期内与多名互不相识的对手发生资金往来，快进快出，不留余额。",
    "analysis": "交易规模与开户时所填职业不符；经分析师核实，疑为洗钱活动。",
    "measures": "限制非柜面交易",
}


class Calendar:
    """The clock of the simulated year."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return self.at_us


@dataclass(slots=True)
class Told:
    """What is counted beside the scoreboard."""

    events: int = 0
    refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    typed: int = 0
    closed_late: int = 0
    by_two: int = 0
    filed: Counter[str] = field(default_factory=Counter)
    unfit: Counter[str] = field(default_factory=Counter)
    confirmed: list[tuple[str, int]] = field(default_factory=list)
    matched: dict[str, int] = field(default_factory=dict)
    cleared: int = 0
    assessed: int = 0
    of_frozen: int = 0
    spent_s: Counter[str] = field(default_factory=Counter)


class Analysts(Team):
    """The demo's people, who say which cases they closed, and have a second person where it takes two."""

    told: Told
    house: "House"

    async def _take(self, case: Case, step: Assign | Close) -> bool:
        took = await super()._take(case, step)
        if not took and isinstance(step, Close):
            took = await self.house.close(case, step)
            self.told.by_two += took
        if took and isinstance(step, Close):
            self.told.closed[step.verdict] += 1
            self.told.by_kind[f"{case.typology} {step.verdict}"] += 1
            self.told.closed_late += self._now_us > case.due_us
            if step.verdict == "confirmed":
                self.told.confirmed.append((case.id, self._now_us))
        return took


def person(name: str, role: Role, now_us: int) -> Principal:
    """Somebody of the house."""
    return Principal(Kind.PERSON, f"per_{name}", name, frozenset({role}), mfa_us=now_us)


def who(name: str, role: Role) -> Who:
    """The same, as desks know him."""
    return Who(Actor(f"per_{name}", name, "console", "private", "year"), person(name, role, 0).marks)


OFFICER, SECOND = who("officer", Role.AML_OFFICER), who("second", Role.APPROVER)


class House:
    """All who work beside the lane, each with the desk that a running platform gives them."""

    def __init__(
        self, platform: Platform, folder: Path, clock: Calendar, world: World, seed: int, guilty: set[int]
    ) -> None:
        self.world = world
        self.platform, self.clock, self.told, self.board = platform, clock, Told(), Scoreboard()
        self.audit = Audit(platform)
        self.following = CaseFollowing(platform, SqliteCases(folder / "cases.sqlite"), print)
        self.casework = CaseDesk(platform, self.following)
        self.filings = FilingDesk(platform, self.audit, self.casework)
        moving = MovementFollowing(platform, SqliteMovements(folder / "movements.sqlite"), print, rest_s=0)
        self.large = LargeDays(platform, self.filings, moving)
        rated = RatingFollowing(platform, SqliteRatings(folder / "ratings.sqlite"), print, rest_s=0)
        self.rating = RatingDesk(platform, rated, self.audit)
        self.screening = ScreeningDesk(platform, self.audit)
        self.approvals: Approvals = approvals_of(
            platform, Permits(), ApiKeys(platform.blobs, os.urandom), people=self.people,
            more=[Closing(platform, self.casework), *operations_of(platform, self.screening)],
        )  # fmt: skip
        self.team = Analysts(platform, self.following, seed, guilty, self._let_go)
        self.team.told, self.team.house = self.told, self
        self.planted: set[str] = set()
        self.sent: list[str] = []

    def people(self) -> list[Principal]:
        """Who is there."""
        now_us = self.clock.now_us()
        return [
            person("officer", Role.AML_OFFICER, now_us), person("second", Role.APPROVER, now_us),
            person("senior", Role.SENIOR_ANALYST, now_us),
        ]  # fmt: skip

    def _let_go(self, decision: str) -> None:
        self.board.feed({"type": "decision_release", "decision": decision}, HONEST)

    async def close(self, case: Case, step: Close) -> bool:
        """Close a case that takes two people."""
        asker, answerer = self.people()[2], self.people()[1]
        payload = {"case": case.id, "verdict": step.verdict, "why": step.why}
        try:
            asked = await self.approvals.propose(asker, "case.close", payload, step.why)
            await self.approvals.approve(answerer, asked.id, asked.asked.digest, "read, and agreed to")
        except Exception as error:  # noqa: BLE001 - counted, and looked at by whoever reads the page
            self.told.unfit[f"closing: {type(error).__name__}"] += 1
            return False
        return True

    # ---- a morning

    async def morning(self) -> None:
        """What is done each day at nine."""
        for name, work in (
            ("receipts", self._receipts), ("matches", self._matches), ("ratings", self._ratings),
            ("large days", self._large), ("suspicions", self._suspicions),
        ):  # fmt: skip
            began = time.perf_counter()
            await work()
            self.told.spent_s[name] += time.perf_counter() - began

    async def _receipts(self) -> None:
        """The centre answers a day later: taken."""
        now = dt.datetime.fromtimestamp(self.clock.now_us() / 1e6, ZONE)
        for number, identifier in enumerate(self.sent):
            stem = self.filings.one(identifier).filing.packets[-1].stem
            name = f"FDSC[{stem}]{now + timedelta(seconds=number):%Y%m%d%H%M%S}.XML"
            report, _ = await self.filings.land(OFFICER, name, b"<R/>")
            self.told.filed[f"{report.topic}, {report.state}"] += 1
        self.sent.clear()

    async def _ratings(self) -> None:
        while count := await self.rating.round():
            self.told.assessed += count

    async def _matches(self) -> None:
        """Whoever is meant is frozen; for who is only called the same, two people agree."""
        await self._settled()
        for hit in self.screening.hits("open"):
            if hit.user in self.planted:
                self.told.matched.setdefault(hit.user, hit.at_us)
                await self.screening.confirm(OFFICER.actor, decision_id(hit.seq), "name, birth and number agree")
                continue
            payload = {"match": decision_id(hit.seq), "reason": "another birth"}
            try:
                asked = await self.approvals.propose(self.people()[2], "screening.clear", payload, "another birth")
                await self.approvals.approve(self.people()[0], asked.id, asked.asked.digest, "read, and agreed to")
                self.told.cleared += 1
            except Exception as error:  # noqa: BLE001 - as above
                self.told.unfit[f"clearing: {type(error).__name__}"] += 1

    async def _settled(self) -> None:
        while self.screening.progress is not None or self.screening.is_reading:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.25)  # what was found is told five times a second

    async def _large(self) -> None:
        await self.large.begin_due()
        for report in list(self.platform.filings.all.values()):
            if report.topic == "large" and report.state == "writing" and report.id not in self.told.unfit:
                draft = self.filings.draft(report)
                assert draft is not None, "nobody has erased it"
                await self._file(await self.filings.write(OFFICER, report.id, _filled(draft)))

    async def _suspicions(self) -> None:
        waiting, self.told.confirmed = self.told.confirmed, []
        for identifier, at_us in waiting:
            case = await self.casework.one(identifier)
            if self.filings.suspicion(case.typology) is None:
                continue
            draft = await self.filings.defaults_of_case(identifier)
            if not draft.evidence:
                draft = await self._evidence(identifier, draft)
            if not draft.evidence or not draft.subjects:
                self.told.unfit["a suspicion without moved money of a customer"] += 1
                continue
            draft = msgspec.structs.replace(_filled(draft), **WORDS)
            await self._file(await self.filings.open(OFFICER, "suspicious", draft, case=identifier, aware_us=at_us))

    async def _evidence(self, identifier: str, draft: Draft) -> Draft:
        """Those decisions of a case that moved money of its subject."""
        page, found = await self.casework.page(identifier), list[str]()
        for each in page.alerts[:50]:
            one = msgspec.structs.replace(draft, evidence=(each.decision_id,))
            if not (await asyncio.to_thread(evidence_of, self.platform, one)).problems:
                found.append(each.decision_id)
        return msgspec.structs.replace(draft, evidence=tuple(found))

    async def _file(self, report: Report) -> None:
        """From a draft to a packet that is sent."""
        try:
            report = await self._proposed(report)
            assert report.packet is not None, "just proposed"
            await self.filings.approve(SECOND, report.id, report.packet.digest)
            await self.filings.pack(OFFICER, report.id)
            await self.filings.take(OFFICER, report.id, Send(day_of(self.clock.now_us(), ZONE)))
        except (Problems, Declined) as error:
            said = (
                [f"{each.item} {each.problem}" for each in error.problems] if isinstance(error, Problems) else [error]
            )
            self.told.unfit.update(f"{report.topic}: {each}"[:120] for each in said)
            self.told.unfit[report.id] += 1
            return
        self.sent.append(report.id)

    async def _proposed(self, report: Report) -> Report:
        """The packet, made; what the vault has not is taken from the company's own papers."""
        try:
            return await self.filings.propose(OFFICER, report.id)
        except Problems:
            draft = self.filings.draft(report)
            if draft is None:
                raise
            self.told.typed += 1
            typed = tuple(self._from_papers(each) for each in draft.subjects)
            await self.filings.write(OFFICER, report.id, msgspec.structs.replace(draft, subjects=typed))
            return await self.filings.propose(OFFICER, report.id)

    def _from_papers(self, subject: Subject) -> Subject:
        """A customer's name and number; of merchants the simulated world has neither, so they get one of each here."""
        user = next((user for user in self.world._stage.town.users if user.id == subject.user), None)  # noqa: SLF001 - as below
        if user is not None:
            return msgspec.structs.replace(subject, name=user.name, document="id_card", number=user.id_card)
        digits = "".join(filter(str.isdigit, subject.user))
        licence = licence_of(int(digits or 0))
        return msgspec.structs.replace(subject, name=f"示例商户{digits}", document="uscc", number=licence)


CODE: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def licence_of(number: int) -> str:
    """A unified social credit code of Beijing with a good check character (GB 32100-2015), as no company has one."""
    body = f"91110000{number:09d}"
    return body + CODE[-sum(CODE.index(each) * 3**place for place, each in enumerate(body)) % 31]


def _filled(draft: Draft) -> Draft:
    """What an officer fills in: who reports, where, how, and what people do."""
    subjects = tuple(msgspec.structs.replace(each, occupation="1A") for each in draft.subjects)
    return msgspec.structs.replace(
        draft, institution=UNIT, institution_name="示例支付", branch=UNIT, place="CHN110108", means="000121",
        features=draft.features or ("0101",), usd_rate="7.1", subjects=subjects,
    )  # fmt: skip


# ---- the year


@dataclass(slots=True)
class Year:
    """What was lived, for the page."""

    users: int
    days: int
    seed: int
    house: House
    wall_s: float = 0.0
    cpu_s: float = 0.0
    journal_bytes: int = 0
    records: int = 0
    planted_later: set[str] = field(default_factory=set)
    open_cases: tuple[int, int] = (0, 0)
    large_late: int = 0


async def lived(folder: Path, *, users: int, days: int, seed: int) -> Year:
    """Live it."""
    start_us = parse_instant(START)
    clock, guilty = Calendar(start_us), set[int]()
    platform = Platform(
        open_log=lambda _: SegmentLog(folder / "journal"), blobs=FileBlobs(folder / "state"),
        tokens=Tokens(bytes(KEY_BYTES)), clock=clock, files=Outside().pack_files([]), vault=vault_in(folder),
        settings=Settings(release_due=False, archive_minutes=0, drift_hours=0),
    )  # fmt: skip
    await platform.start()
    world = World(seed, users=users, start_us=start_us)
    year = Year(users, days, seed, House(platform, folder, clock, world, seed, guilty))
    began = time.perf_counter(), time.process_time()
    keeping = asyncio.create_task(year.house.screening.keep())
    try:
        await _lived(year, world, clock, guilty, start_us + days * DAY_US)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await platform.close(snapshot=False)
    year.wall_s, year.cpu_s = time.perf_counter() - began[0], time.process_time() - began[1]
    year.journal_bytes = sum(each.stat().st_size for each in (folder / "journal").rglob("*") if each.is_file())
    year.records = platform.log.next_seq()
    return year


async def _lived(year: Year, world: World, clock: Calendar, guilty: set[int], end_us: int) -> None:
    house, start_us = year.house, clock.now_us()
    await _taken_over(house, world)
    chosen = world._stage.town.users[3 :: max(year.users // (LISTED + LISTED_LATER + 1), 1)][: LISTED + LISTED_LATER]  # noqa: SLF001
    entries = [(user.id, user.name, _birth(user.id_card)) for user in chosen]
    strangers = [("", name_of(10**7 + n), f"19{60 + n % 40}-0{1 + n % 9}-1{n % 9}") for n in range(STRANGERS)]
    await house.screening.load(OFFICER.actor, {"own.toml": _list(strangers + entries[:LISTED], "2025-10-31")})
    house.planted = {each[0] for each in entries[:LISTED]}
    morning_us = start_of_day(day_of(start_us, ZONE), ZONE) + OFFICE_US
    later_us, shown = start_us + (end_us - start_us) // 2, ""
    for simulated in world:
        at_us = world.now_us
        while at_us >= morning_us or at_us >= end_us:
            clock.at_us = morning_us
            await house.team.work(morning_us)
            await house.morning()
            if later_us and morning_us >= later_us:
                later_us = 0
                year.planted_later = {each[0] for each in entries[LISTED:]}
                house.planted |= year.planted_later
                await house.screening.load(OFFICER.actor, {"own.toml": _list(strangers + entries, f"{_day(clock)}")})
            if (month := f"{_day(clock):%Y-%m}") != shown:
                shown = month
                # As `jindi up` does: what has been there for long is not walked by the collector again and again.
                gc.collect()
                gc.freeze()
                print(f"{month}: {house.told.events:,} events, {time.process_time():,.0f} s of CPU", flush=True)
            if morning_us > end_us + 9 * DAY_US:
                break
            morning_us += DAY_US
        if at_us >= end_us:
            break
        clock.at_us = at_us
        await house.team.work(at_us)
        await _told(house, world, simulated, guilty)
    await _counted(year)


async def _taken_over(house: House, world: World) -> None:
    """The customers whom the company has already: who they are is told as the year begins, as when it moves in."""
    at_us = house.clock.now_us()
    for user in world._stage.town.users:  # noqa: SLF001 - the world has no other way to tell who lives in it
        event = {
            "id": f"book-{user.id}", "type": "identity_check", "at": format_instant(at_us), "user": user.id,
            "id_card": user.id_card, "name": user.name, "phone": user.phone, "sources": 5, "face_to_face": False,
            "passed": True, "account_class": user.account_class,
        }  # fmt: skip
        await house.platform.submit(msgspec.json.encode(event), at_us)


def _day(clock: Calendar) -> date:
    return day_of(clock.now_us(), ZONE)


def _birth(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _list(entries: list[tuple[str, str, str]], published: str) -> bytes:
    """A list of the company's own, as its file is written."""
    said = [f'published_on = "{published}"']
    for number, (_, name, birth) in enumerate(entries):
        said.append(f'[[entry]]\nid = "OWN-{number}"\nkind = "person"\nname = "{name}"\nbirths = ["{birth}"]')
    return "\n".join(said).encode()


async def _told(house: House, world: World, simulated: Simulated, guilty: set[int]) -> None:
    """One event, its answer, and what the world makes of it."""
    told, platform, event = house.told, house.platform, simulated.event
    raw = msgspec.json.encode(event)
    while True:
        try:
            waiting = platform.tell(raw, house.clock.now_us())
            break
        except Busy:
            await asyncio.sleep(0.001)
        except (Refused, Conflict):
            told.refused += 1
            return
    told.events += 1
    told.kinds[event["type"]] += 1
    if told.events % AT_ONCE == 0:
        await asyncio.sleep(0)
    decided = platform.lane.recent[-1]
    if decided.event.id != event["id"]:
        await waiting
        return
    decision, identifier = decided.decision, decision_id(decided.seq)
    told.outcomes[str(decision.outcome)] += 1
    if event.get("user") in told.matched:
        told.of_frozen += 1
    else:
        house.board.feed(event, simulated.truth, decision.outcome, identifier)
    if simulated.truth.scenario is not None:
        guilty.add(decided.seq)
    wait = {"wait_us": decision.wait_us} if decision.wait_us is not None else {}
    world.react(event["id"], decision.outcome, decision.method, decision_id=identifier, **wait)


async def _counted(year: Year) -> None:
    """How cases and large days stand in the end."""
    house = year.house
    desk = CaseDesk(house.platform, house.following)
    (waiting,) = await desk.counts(desk.query(state="open"))
    (late,) = await desk.counts(desk.query(state="open", late=True))
    year.open_cases = waiting, late
    days = await house.large.look()
    year.large_late = sum(each.is_late(_day(house.clock)) for each in days.found)


# ---- the page

HEAD: Final = """# A simulated year

Made by `{command}` on {when} UTC: {users:,} customers at the start, {days} days from {start}, seed {seed}.

The packs are those that ship, whole, with the vault on. World, adversaries and analysts are the simulator's
(`src/jindi/run/simulate`), the officers' mornings are in `benchmarks/year.py`. Rules and world were written by the same
people, so this shows that the chain holds and what it costs, not how real thieves would fare.
"""


def page(year: Year, command: str) -> Iterator[str]:
    """The page, line by line."""
    told, board = year.house.told, year.house.board.to_json()
    yield HEAD.format(
        command=command, when=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}", users=year.users, days=year.days,
        start=START[:10], seed=year.seed,
    )  # fmt: skip
    each_us, memory_gb = (
        year.cpu_s / max(told.events, 1) * 1e6,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    )
    yield (
        f"**{told.events:,} events** became {year.records:,} records ({year.journal_bytes / 1e9:.2f} GB of journal) in "
        f"{year.wall_s / 60:.0f} minutes: {year.cpu_s:,.0f} s of CPU, {each_us:.0f} µs an event with all that follows, "
        f"and at most {memory_gb:.1f} GB of memory ({os.cpu_count()} cores, {machine.system()}, Python "
        f"{machine.python_version()}). {told.refused:,} more were turned away: people follow up what has been settled "
        "meanwhile.\n"
    )
    yield "## Money\n\nIn yuan. *Saved* is what was stopped and stayed stopped, *missed* what moved.\n"
    yield _table(HEADER, year.house.board.rows())
    yield ""
    unserved = board["honest_unserved_minor"] / 100
    yield (
        f"Honest people: {board['honest_events']:,} wishes, of which {board['honest_disturbed_share']:.2%} were asked "
        f"or held up ({_counts(board['honest_by_outcome'])}), {board['honest_unserved']:,} never came true (**CNY "
        f"{unserved:,.0f} wrongly stopped**). {board['customers_disturbed']:,} of {board['customers']:,} customers met "
        f"with it in the year. The {told.of_frozen:,} events of customers who were frozen by the list are not counted: "
        "that is not fraud, and not an error."
    )
    yield f"\nAll answers: {_counts(told.outcomes)}.\n"
    yield "## Work\n"
    yield _table(("what", "figure"), list(_work(year)))
    yield "\n## What stayed undone\n"
    yield from (f"* {name}: {count:,}" for name, count in told.unfit.most_common() if not name.startswith("rpt_"))


def _work(year: Year) -> Iterator[tuple[str, str]]:
    told, house = year.house.told, year.house
    yield "cases closed", f"{_counts(told.closed)}; {told.by_two:,} by two people"
    yield "… by kind", _counts(told.by_kind)
    yield "… after their time", f"{told.closed_late:,}"
    yield "cases open in the end, of which late", f"{year.open_cases[0]:,}, {year.open_cases[1]:,}"
    clocks = Counter[str]()
    for report in house.platform.filings.all.values():
        for each in report.clocks:
            clocks[f"{report.topic}, {each.state(house.clock.now_us())}"] += 1
    yield "reports, by their clocks", _counts(clocks)
    yield "… of which names or numbers were typed in from papers", f"{told.typed:,}"
    yield "receipts taken in", _counts(told.filed)
    yield "large days without a report in time", f"{year.large_late:,}"
    at_first = [each for each in told.matched if each not in year.planted_later]
    yield "customers who were on the list from the start, found and frozen", f"{len(at_first)} of {LISTED}"
    yield "… who came onto it later", f"{len(told.matched) - len(at_first)} of {len(year.planted_later)}"
    yield "matches with people who are only called the same, cleared by two", f"{told.cleared:,}"
    yield "assessments and levels of customers", f"{told.assessed:,}"
    yield "seconds of the mornings", _counts({name: round(each) for name, each in told.spent_s.items()})


def _counts(given: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(given.items())) or "none"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def main(arguments: list[str] | None = None) -> int:
    """Live the year, and print or write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=__doc__)
    parser.add_argument("--users", type=int, default=3_400)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, help="where the page goes (default: printed)")
    parser.add_argument("--folder", type=Path, help="where the year is kept (default: a temporary folder)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="year-", dir=given.folder) as folder:
        year = asyncio.run(lived(Path(folder), users=given.users, days=given.days, seed=given.seed))
        text = "\n".join(page(year, " ".join(["python -m benchmarks.year", *(arguments or sys.argv[1:])]))) + "\n"
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")
        results.RESULTS.write_text(results.with_learnt(results.RESULTS.read_text("utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
