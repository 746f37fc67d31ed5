"""What the offices of due diligence and of reports have to do: customers with a level, money that they moved, reports
begun, and people of the house; all of it made by the platform's own desks.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.casework import AT_ONCE
from jindi.access import Factor, Role, StaffAccount
from jindi.basics.instants import format_instant
from jindi.parties.reporting.drafts import Draft, Subject
from jindi.run.audit import Actor, Audit
from jindi.run.filings.desk import Desk as FilingDesk
from jindi.run.filings.desk import Who
from jindi.run.filings.following import Following as MovementFollowing
from jindi.run.people import House, Office
from jindi.run.platform import Platform
from jindi.run.rating import Desk as RatingDesk
from jindi.run.rating import Following as RatingFollowing
from jindi.stores.sqlite_movements import SqliteMovements
from jindi.stores.sqlite_ratings import SqliteRatings

EACH: Final = 5
"""Transfers of one customer."""

REPORTS_OF: Final = 100
"""One report for so many customers."""

WRITER: Final = Actor("per_writer", "writer", "console", "loopback", "r1")
PROFILE: Final[Mapping[str, object]] = {
    "customer_kind": "person", "country": "home", "occupation": "employee", "opened_by": "in_person",
    "public_office": "none", "cooperates": True, "inquiry": False,
}  # fmt: skip
RISKS: Final[tuple[Mapping[str, object], ...]] = (
    {}, {}, {}, {"opened_by": "agent"}, {"occupation": "precious_goods", "country": "high_risk"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offices:
    """Where the followers keep what they made, and one of each to look at."""

    ratings: SqliteRatings
    movements: SqliteMovements
    customer: str
    report: str


async def fill(platform: Platform, folder: Path, customers: int) -> Offices:
    """Take on customers, let them pay each other, rate them, and write reports about some."""
    draw, numbers = random.Random("offices"), range(customers)
    await _sent(platform, [_registration(number, platform) for number in numbers])
    await _sent(platform, [_profile(number, draw, platform) for number in numbers])
    await _sent(platform, [_transfer(number, customers, draw, platform) for number in range(EACH * customers)])
    ratings, movements = SqliteRatings(folder / "ratings.sqlite"), SqliteMovements(folder / "movements.sqlite")
    rating = RatingDesk(platform, RatingFollowing(platform, ratings, print, rest_s=0), Audit(platform))
    while await rating.round():
        pass
    await MovementFollowing(platform, movements, print, rest_s=0).catch_up()
    desk, who = FilingDesk(platform, Audit(platform)), Who(WRITER)
    for number in range(0, customers, REPORTS_OF):
        report = await desk.open(who, "suspicious", _draft(number))
    return Offices(ratings, movements, "c7", report.id)


async def people(house: House, count: int) -> tuple[StaffAccount, str]:
    """Some people of the house: the account of a security administrator who has come, and of one who was invited."""
    office, account = Office(house), ""
    for number in range(count):
        _, invited = await office.invite(WRITER, f"person{number}", f"Person {number}", frozenset({Role.ANALYST}))
        account = invited.id
    token, _ = await office.invite(WRITER, "keeper", "Keeper", frozenset({Role.SECURITY_ADMIN}))
    keeper, _ = house.staff.accept(token, "nobody signs in with it", Factor(bytes(20)), house.clock.now_us())
    return keeper, account


async def _sent(platform: Platform, events: list[bytes]) -> None:
    """Decide events, many at once. An event that is refused ends it."""
    for first in range(0, len(events), AT_ONCE):
        now_us = platform.now_us()
        await asyncio.gather(*(platform.submit(each, now_us) for each in events[first : first + AT_ONCE]))


def _event(platform: Platform, kind: str, number: int, **fields: object) -> bytes:
    document = {"id": f"{kind}-{number}", "type": kind, "at": format_instant(platform.now_us())}
    return json.dumps(document | fields).encode()


def _registration(number: int, platform: Platform) -> bytes:
    return _event(
        platform, "registration", number, user=f"c{number}", phone=f"138{number:08}", device=f"phone-{number}",
        ip=f"203.0.{number >> 8 & 255}.{number & 255}", channel="app", account_class="I", name=f"客户{number}",
    )  # fmt: skip


def _profile(number: int, draw: random.Random, platform: Platform) -> bytes:
    return _event(platform, "customer_profile", number, user=f"c{number}", **{**PROFILE, **draw.choice(RISKS)})


def _transfer(number: int, customers: int, draw: random.Random, platform: Platform) -> bytes:
    large = draw.randrange(50) == 0
    return _event(
        platform, "transfer", number, user=f"c{number % customers}", payee=f"c{draw.randrange(customers)}",
        amount=f"{draw.randrange(50_000, 90_000) if large else draw.randrange(1, 900)}.00", funding="balance",
        account_class="III", verification="two", channel="app", arrival="instant", device=f"phone-{number % customers}",
    )  # fmt: skip


def _draft(number: int) -> Draft:
    return Draft(
        institution="A1000131000001", institution_name="示例支付", branch="A1000131000001", place="CHN110108",
        means="000121", crimes=("1201",), features=("0101",), behaviour="快进快出。" * 20, analysis="疑为跑分。" * 20,
        measures="限制非柜面交易", subjects=(Subject(user=f"c{number}", occupation="1A"),), evidence=(),
    )  # fmt: skip
