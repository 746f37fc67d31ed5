"""The console's pages where there is much: a million decisions and twenty thousand cases, one reader, no browser."""

import asyncio
import random
import statistics
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from benchmarks.casework import PACK, Wall, decide
from benchmarks.measuring import Report
from jindi.access import ApiKeys, Permits, Scope, Sessions, SignInLinks
from jindi.app.wiring import Outside
from jindi.doors.console import build_console
from jindi.doors.console.features import FeaturePages
from jindi.doors.console.lists import ListPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.approvals.approvals import approvals_of
from jindi.run.audit import Audit
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following
from jindi.run.exploring import Explorer
from jindi.run.listed import Roster
from jindi.run.platform import Platform, Settings
from jindi.run.records import decision_id
from jindi.run.reveals import Reveals
from jindi.run.versions.desk import Desk
from jindi.stores import SegmentLog, SqliteCases
from jindi.stores.files import MemoryBlobs
from jindi.vault import KEY_BYTES, Tokens

SUBJECT = "Pages of the console: {decisions:,} decisions, {cases:,} open cases"
P95_MS = 150.0
"""What issue and guide ask of every page."""


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Fill a platform and ask for its pages."""
    asyncio.run(_measured(report, folder, decisions=3_000 if quick else 1_000_000, times=5 if quick else 40 * rounds))


async def _measured(report: Report, folder: Path, *, decisions: int, times: int) -> None:
    platform = Platform(
        open_log=lambda _: SegmentLog(folder / "journal"), blobs=MemoryBlobs(), tokens=Tokens(bytes(KEY_BYTES)),
        clock=Wall(), files={**Outside().pack_files([]), **PACK}, settings=Settings(release_due=False),
    )  # fmt: skip
    await platform.start()
    following = Following(platform, SqliteCases(folder / "cases.sqlite"), print)
    try:
        # One in ten comes to a case; so many users have some twenty thousand of them.
        await decide(platform, max(decisions // 49, 20), decisions, "all")
        await following.catch_up()
        desk = CaseDesk(platform, following)
        (open_cases,) = await desk.counts(desk.query(state="open"))
        subject = SUBJECT.format(decisions=decisions, cases=open_cases)
        browser = _browser(platform, desk)
        for page, path in await _pages(desk, decisions):
            spent = await _asked(browser, path, times)
            report.add(subject, f"{page}, p50", "ms", [statistics.median(spent)])
            report.add(subject, f"{page}, p95", "ms", [spent[int(len(spent) * 0.95)]], at_most=P95_MS)
        await browser.aclose()
    finally:
        await following.close()
        await platform.close(snapshot=False)


def _browser(platform: Platform, casework: CaseDesk) -> httpx.AsyncClient:
    """Somebody who may see everything, signed in."""
    blobs, chance, audit, permits = MemoryBlobs(), random.Random(1).randbytes, Audit(platform), Permits()
    sessions, keys = Sessions(blobs, chance), ApiKeys(blobs, chance)
    approvals, reveals = approvals_of(platform, permits, keys), Reveals(platform, audit, permits, casework)
    console = build_console(
        PlatformSource(platform), sessions=sessions, links=SignInLinks(blobs, chance), clock=Wall(),
        zone=ZoneInfo("Asia/Shanghai"), desk=Desk(platform, lambda: platform.base), keys=keys, audit=audit,
        permits=permits, approvals=approvals, reveals=reveals, casework=casework,
        more=[
            lambda doors: ListPages(Roster(platform), doors, approvals, audit, reveals),
            lambda doors: FeaturePages(Explorer(platform), doors, audit, reveals),
        ],
    )  # fmt: skip
    opened = sessions.open("reader", frozenset(Scope), platform.now_us())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(console), base_url="http://127.0.0.1",
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
        ("policies", "/console/policies"), ("a policy", "/console/policies/pay"), ("features", "/console/features"),
        ("lists", "/console/lists"), ("approvals", "/console/approvals"), ("audit", "/console/audit"),
        ("the first quarter of an hour", "/console/help/guide"),
    ]  # fmt: skip


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
