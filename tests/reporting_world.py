"""What ships about reports, and movements and reports to try it with."""

from functools import cache
from pathlib import Path

from jindi.basics.instants import parse_instant
from jindi.packs import load
from jindi.parties.reporting.calendar import WorkingCalendar
from jindi.parties.reporting.large import Movement, Rules

PACKS = Path(__file__).parents[1] / "packs"


@cache
def shipped():
    names = ("core", "account", "payment")
    return load(
        {
            path.relative_to(PACKS).as_posix(): path.read_text("utf-8")
            for name in names
            for path in sorted((PACKS / name).rglob("*"))
            if path.suffix in {".toml", ".json"}
        }
    )


@cache
def rules():
    return Rules.of(shipped())


@cache
def mainland():
    return WorkingCalendar(shipped().calendars["mainland_china"])


def movement(name, amount, at="2026-11-23T10:00:00+08:00", **more):
    """A person's cash put in, in yuan; what differs is told. Amounts are minor units."""
    currency = more.pop("currency", "CNY")
    given = {
        "customer": "C1", "kind": "person", "means": "cash", "side": "domestic", "direction": "in",
        "currency": currency, "amount_minor": amount,
        "cny_minor": amount if currency == "CNY" else amount * 7,
        "usd_minor": amount if currency == "USD" else max(1, amount // 7),
    } | more  # fmt: skip
    return Movement(name, parse_instant(at), **given)
