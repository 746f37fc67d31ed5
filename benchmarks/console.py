"""The console's pages where there is much: a million decisions and twenty thousand cases, one reader, no browser."""

import asyncio
import gc
import json
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.casework import AT_ONCE, PACK, SHARE, Wall
from benchmarks.measuring import Report
from benchmarks.offices import Offices, fill, people
from benchmarks.vaults import vault_in
from jindi.access import ApiKeys, NewSession, Permits, Scope, SignInLinks, StaffAccount
from jindi.app.accounts import open_house
from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.doors.assembly import Assembly, Given
from jindi.ports import ActStore, CaseStore, LinkStore
from jindi.run.audit import Audit
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following as CaseFollowing
from jindi.run.customers import Following as ActFollowing
from jindi.run.links import Following as LinkFollowing
from jindi.run.people import House
from jindi.run.platform import Platform, Settings
from jindi.run.records import decision_id
from jindi.stores import SegmentLog, SqliteCases, SqliteLinks
from jindi.stores.files import FileBlobs
from jindi.stores.sqlite_acts import SqliteActs
from jindi.vault import KEY_BYTES, Tokens

SUBJECT = "Pages of the console: {decisions:,} decisions, {cases:,} open cases, {customers:,} rated customers"
P95_MS = 150.0
"""What issue and guide ask of every page."""

MORE = """shop = { type = "text", class = "C1", entity = "merchant", doc = { zh = "商户", en = "Which shop" } }
device = { type = "text", class = "C2", entity = "device", identifier = "device", doc = { zh = "设备", en = "Device" } }
"""
FILES = {**PACK, "bench/events.toml": PACK["bench/events.toml"] + MORE}
"""The pack of cases, with more entities: pages of links and customers have something to show."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """The doors and who lives behind them."""

    assembly: Assembly
    house: House


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Fill a platform and ask for its pages."""
    asyncio.run(_measured(report, folder, decisions=3_000 if quick else 1_000_000, times=5 if quick else 40 * rounds))


async def _measured(report: Report, folder: Path, *, decisions: int, times: int) -> None:
    customers = max(decisions // 100, 20)
    blobs = FileBlobs(folder / "state")
    platform = Platform(
        open_log=lambda _: SegmentLog(folder / "journal"), blobs=blobs, tokens=Tokens(bytes(KEY_BYTES)), clock=Wall(),
        files={**Outside().pack_files([]), **FILES}, settings=Settings(release_due=False), vault=vault_in(folder),
    )  # fmt: skip
    await platform.start()
    stores = (
        SqliteCases(folder / "cases.sqlite"),
        SqliteLinks(folder / "links.sqlite"),
        SqliteActs(folder / "acts.sqlite"),
    )
    made = None
    try:
        # One in ten comes to a case; so many users have some twenty thousand of them.
        await _decide(platform, max(decisions // 49, 20), decisions)
        offices = await fill(platform, folder, customers)
        desk = await _taken_in(platform, *stores)
        made = _assembled(platform, folder, blobs, offices, *stores)
        (open_cases,) = await desk.counts(desk.query(state="open"))
        subject = SUBJECT.format(decisions=decisions, cases=open_cases, customers=customers)
        # As `jindi up` does: what has been there for long is not walked by the collector in the midst of a page.
        gc.collect()
        gc.freeze()
        reader = _browser(made, made.house.sessions.open("reader", frozenset(Scope), platform.now_us()))
        for page, path in [*await _pages(desk, decisions), *_rooms(offices)]:
            await _timed(report, subject, reader, page, path, times)
        # (Sessions of the one-time link end when somebody answers for access.)
        keeper, person = await people(made.house, 50)
        ward = _browser(made, _signed_in(made.house, keeper))
        for page, path in (("people", "/console/staff"), ("one person", f"/console/staff/{person}")):
            await _timed(report, subject, ward, page, path, times)
        await asyncio.gather(reader.aclose(), ward.aclose())
    finally:
        if made is not None:
            await made.assembly.close()
        await platform.close(snapshot=False)


async def _decide(platform: Platform, users: int, count: int) -> None:
    """So many payments, one in ten of them large."""
    draw = random.Random("all")
    for first in range(0, count, AT_ONCE):
        now_us = platform.now_us()
        at = format_instant(now_us)
        numbers = range(first, min(first + AT_ONCE, count))
        await asyncio.gather(*(platform.submit(_payment(each, draw, users, at), now_us) for each in numbers))


def _payment(number: int, draw: random.Random, users: int, at: str) -> bytes:
    """Somebody pays at one of 2,000 shops from his own device, or now and then from one that he shares."""
    user = draw.randrange(users)
    amount = f"{draw.randrange(1_000, 90_000)}.00" if draw.randrange(SHARE) == 0 else "10.00"
    event = {
        "id": f"all-{number}", "type": "pay", "at": at, "user": f"u{user}", "amount": amount,
        "shop": f"s{draw.randrange(2_000)}", "device": f"d{user // 2 if draw.randrange(9) == 0 else user}",
    }  # fmt: skip
    return json.dumps(event).encode()


async def _taken_in(platform: Platform, cases: CaseStore, links: LinkStore, acts: ActStore) -> CaseDesk:
    """Everything that followers make of the journal, made."""
    following = CaseFollowing(platform, cases, print)
    await following.catch_up()
    await LinkFollowing(platform, links, print, rest_s=0).catch_up()
    await ActFollowing(platform, acts, print, rest_s=0).catch_up()
    return CaseDesk(platform, following)


def _assembled(
    platform: Platform, folder: Path, blobs: FileBlobs, offices: Offices, cases: CaseStore, links: LinkStore,
    acts: ActStore,
) -> _Whole:  # fmt: skip
    """The doors as `jindi up` builds them, so that every page has all of its panels."""
    outside, clock = Outside(), Wall()
    settled, keys = outside.settle({"data": str(folder)}), ApiKeys(blobs, random.Random(2).randbytes)
    house = open_house(settled, blobs, lambda: bytes(KEY_BYTES), Audit(platform), clock, 8420)
    given = Given(
        keys=keys, house=house, links=SignInLinks(blobs, random.Random(1).randbytes), clock=clock, permits=Permits(),
        base_files=outside.base_files, saved=lambda: {**outside.pack_files([]), **FILES}, cases=cases, link_store=links,
        act_store=acts, notifying=outside.notifying(settled, blobs), mailing=outside.mailing(settled, blobs),
        rating_store=offices.ratings, movement_store=offices.movements,
        view_log=lambda: SegmentLog(folder / "journal", read_only=True), archive=outside.archive(settled),
    )  # fmt: skip
    return _Whole(Assembly(platform, given), house)


def _signed_in(house: House, who: StaffAccount) -> NewSession:
    """Somebody of the house, with a factor just now."""
    now_us = house.clock.now_us()
    return house.sessions.open(who.name, frozenset(), now_us, account=who.id, epoch=who.epoch, mfa_us=now_us)


def _browser(made: _Whole, opened: NewSession) -> httpx.AsyncClient:
    """What asks for pages, signed in."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(made.assembly.application), base_url="http://127.0.0.1",
        cookies={"jindi_session": opened.clear_id},
    )  # fmt: skip


async def _pages(desk: CaseDesk, decisions: int) -> list[tuple[str, str]]:
    """The pages that people open, each with an address that has something to show."""
    (case,), _ = await desk.find(desk.query(state="open", order="money", descending=True, limit=1))
    (found,) = await desk.counts(desk.query(state="open"))
    seen, last = (await desk.page(case.id)).alerts[0].decision_id, min(max(found // 50, 1), 40)
    return [
        ("overview", "/console"), ("queue", "/console/cases?tab=all"),
        (f"queue, by level and money, page {last}", f"/console/cases?tab=all&level=high&order=money&page={last}"),
        ("queue, late ones", "/console/cases?tab=all&late=1&order=due"), ("a case", f"/console/cases/{case.id}"),
        ("a case on paper", f"/console/cases/{case.id}/print"), ("the team", "/console/team"),
        ("decisions", "/console/decisions"), ("decisions under review", "/console/decisions?outcome=review"),
        ("a decision, why", f"/console/decisions/{seen}"),
        ("an old decision, why", f"/console/decisions/{decision_id(decisions // 100)}"),
        ("a customer", f"/console/entities/{case.entity}/{case.subject}"),
        ("a customer's links", f"/console/links?start={case.entity}:{case.subject}"),
        ("policies", "/console/policies"), ("a policy", "/console/policies/pay"), ("features", "/console/features"),
        ("lists", "/console/lists"), ("models", "/console/models"), ("sources", "/console/sources"),
        ("incidents", "/console/incidents"), ("screening", "/console/screening"), ("controls", "/console/controls"),
        ("approvals", "/console/approvals"), ("audit", "/console/audit"), ("drafts", "/console/drafts"),
        ("words", "/console/help/words"),
        ("the first quarter of an hour", "/console/help/guide"),
    ]  # fmt: skip


def _rooms(offices: Offices) -> list[tuple[str, str]]:
    """The pages of due diligence and reports, about people and of settings."""
    return [
        ("due diligence", "/console/diligence"), ("due diligence, one level", "/console/diligence?level=medium"),
        ("a rated customer", f"/console/diligence/{offices.customer}"),
        ("a customer's payments and profile", f"/console/entities/user/{offices.customer}"),
        ("reports", "/console/reports"), ("a report", f"/console/reports/{offices.report}"),
        ("a new report", "/console/reports/new"), ("days of large transactions", "/console/reports/days"),
        ("reports counted", "/console/reports/statistics"),
        ("alerts about people", "/console/staff-alerts"), ("keys", "/console/keys"),
        ("subjects' rights", "/console/subjects"), ("the vault's search", "/console/find"),
        ("notifications", "/console/notifications"), ("who is told of what", "/console/settings/notifications"),
        ("webhooks", "/console/settings/webhooks"), ("parameters", "/console/parameters"),
        ("the workbench", "/console/workbench"), ("a policy in the workbench", "/console/workbench/transfer"),
        ("… its bands", "/console/workbench/transfer/bands"), ("… its cases", "/console/workbench/transfer/cases"),
        ("… a rule in the builder", "/console/workbench/pay/rules/large"),
        ("a feature", "/console/features/payments_10m"), ("a parameter", "/console/parameters/large_cash_cny"),
        ("a source", "/console/sources/payment_institutions_rules"), ("a new policy", "/console/new-policy"),
        ("a list", "/console/lists/blocked_devices"), ("a new incident", "/console/incidents/new"),
    ]  # fmt: skip


async def _timed(
    report: Report, subject: str, browser: httpx.AsyncClient, page: str, path: str, times: int
) -> None:  # fmt: skip
    spent = await _asked(browser, path, times)
    report.add(subject, f"{page}, p50", "ms", [statistics.median(spent)])
    report.add(subject, f"{page}, p95", "ms", [spent[int(len(spent) * 0.95)]], at_most=P95_MS)


async def _asked(browser: httpx.AsyncClient, path: str, times: int) -> list[float]:
    """Milliseconds of wall time of so many requests, the shortest first; the very first one warms up."""
    spent = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        answer = await browser.get(path)
        spent.append((time.perf_counter() - begin) * 1e3)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
    return sorted(spent[1:])
