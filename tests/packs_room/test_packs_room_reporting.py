"""calendars.toml and reporting.toml: read whole, or every problem with its address; what ships has its basis."""

from pathlib import Path

import pytest
from packs_room_world import told, world

from jindi.packs import Register, load, resting

PACKS = Path(__file__).parents[2] / "packs"
CALENDAR = """
[days]
doc  = { zh = "一", en = "one" }
year = [{ of = 2026, off = [{ first = 2026-01-01, last = 2026-01-03 }], work = [2026-01-04], basis = "ours", mark = "verified" }]
"""  # noqa: E501 - an inline table of TOML has one line
LINES = """
[line_cny]
doc = { zh = "一", en = "one" }
type = "money"
mark = "design default"
value = [{ since = 2026-01-01, is = "50000.00", basis = "ours" }]
[line_usd]
doc = { zh = "一", en = "one" }
type = "money"
currency = "USD"
mark = "design default"
value = [{ since = 2026-01-01, is = "10000.00", basis = "ours" }]
[within]
doc = { zh = "一", en = "one" }
type = "int"
mark = "design default"
value = [{ since = 2026-01-01, is = 5, basis = "ours" }]
"""
REPORTING = """
[criterion.cash]
doc = { zh = "一", en = "one" }
code = "0501"
who = ["person"]
means = "cash"
border = "any"
cny = "line_cny"
usd = "line_usd"
within = "within"
calendar = "days"
basis = "ours"
mark = "verified"
[exemption.till]
doc = { zh = "一", en = "one" }
basis = "ours"
mark = "design default"
"""


def files(calendar=CALENDAR, reporting=REPORTING, **more):
    return world(**{
        "shop/calendars.toml": calendar, "shop/reporting.toml": reporting, "shop/parameters/lines.toml": LINES,
    } | more)  # fmt: skip


def shipped():
    return load(
        {path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")}
        | {path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("models/*.json")}
    )


def test_a_calendar_and_a_criterion_are_read_as_they_are_written():
    definitions = load(files())
    (year,) = definitions.calendars["days"].years
    assert (year.year, len(year.off), len(year.work), year.mark) == (2026, 1, 1, "verified")
    criterion = definitions.criteria["cash"]
    assert (criterion.code, criterion.who, criterion.cny, criterion.calendar) == (
        "0501",
        ("person",),
        "line_cny",
        "days",
    )
    assert list(definitions.large_exemptions) == ["till"]


def test_years_are_added_to_a_calendar_by_another_file():
    more = {"other/pack.toml": files()["shop/pack.toml"].replace('"shop"', '"other"'), "other/calendars.toml": (
        CALENDAR.replace("[days]", "[later]").replace("doc", 'adds_to = "days"\ndoc', 1)
        .replace("2026", "2027").replace("2027-01-04", "2027-01-09")
    )}  # fmt: skip
    definitions = load(files(**more))
    assert [year.year for year in definitions.calendars["days"].years] == [2026, 2027]
    assert list(definitions.calendars) == ["days"]
    more["other/calendars.toml"] = CALENDAR.replace("[days]", "[later]").replace("doc", 'adds_to = "days"\ndoc', 1)
    assert any("days has the year 2026 already" in line for line in told(files(**more)))
    more["other/calendars.toml"] = more["other/calendars.toml"].replace('"days"', '"dayz"')
    assert any("there is no calendar 'dayz' (did you mean 'days'?)" in line for line in told(files(**more)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2026-01-01, last", "2025-11-30, last", "is no day of 2026, nor of the December before"),
        ("last = 2026-01-03", "last = 2026-03-03", "is no stretch of days off"),
        ("last = 2026-01-03", "last = 2025-12-31", "is no stretch of days off"),
        ("last = 2026-01-03", "last = 3", "`last` must be a date"),
        ("work = [2026-01-04]", "work = [2026-01-05]", "is no weekend day"),
        ("work = [2026-01-04]", "work = [2026-01-03]", "is off and worked"),
        ("work = [2026-01-04]", "work = 5", "`work` must be a list of dates"),
        ("work = [2026-01-04]", "work = [2026-01-10, 2026-01-10]", "is worked twice"),
        ("of = 2026", "of = 20266", "`of` is out of range"),
        ("[{ first", "[{ first = 2026-01-02, last = 2026-01-02 }, { first", "2026-01-02 is off twice"),
        ('basis = "ours", mark', "mark", "`basis` is missing"),
        ("year = [{ of", "years = [{ of", "unknown key 'years'"),
    ],
)
def test_a_calendar_that_can_t_be_right_is_told(old, new, words):
    assert old in CALENDAR
    lines = told(files(CALENDAR.replace(old, new, 1)))
    assert any(words in line and line.startswith("shop/calendars.toml") for line in lines), lines
    assert not any("there is no calendar" in line for line in lines), "nobody else is blamed"


THEFT = """
[theft]
doc = { zh = "一", en = "one" }
by = "user"
severity = "high"
due = "4h"
"""
MOVING = """
[movement.paid]
doc = { zh = "一", en = "one" }
event = "payment"
customer = "user"
kind = "person"
way = "out"
means = "transfer"
side = "domestic"
amount = "amount"
[suspicion.theft]
doc = { zh = "一", en = "one" }
typology = "theft"
crimes = ["1201"]
basis = "ours"
mark = "design default"
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('event = "payment"', 'event = "paid"', "there is no event 'paid'"),
        ('customer = "user"', 'customer = "amount"', "the field amount is no entity"),
        ('amount = "amount"', 'amount = "user"', "the field user is no money"),
        ("side =", 'card = "cart"\nside =', "has no field 'cart'"),
        ("side =", 'card = "phone"\nside =', "the field phone is no bank card"),
        ("side =", 'exempt = "tills"\nside =', "there is no exemption 'tills' (did you mean 'till'?)"),
        ('way = "out"', 'way = "up"', "unknown way 'up'"),
        ('side = "domestic"', 'side = "any"', "unknown side 'any'"),
        ('typology = "theft"', 'typology = "thefts"', "there is no typology 'thefts'"),
        ('["1201"]', '["121"]', "are not four digits each"),
    ],
)
def test_a_movement_or_suspicion_that_can_t_be_right_is_told(old, new, words):
    assert old in MOVING
    text = REPORTING + MOVING.replace(old, new, 1)
    lines = told(files(reporting=text, **{"shop/typologies.toml": THEFT}))
    assert any(words in line for line in lines), lines
    assert not told(files(reporting=REPORTING + MOVING, **{"shop/typologies.toml": THEFT}))


def test_what_ships_says_whose_money_events_move_and_what_reports_of_a_case_say():
    definitions = shipped()
    assert {each.event for each in definitions.movements.values()} == {
        "payment", "transfer", "top_up", "withdrawal", "refund",
    }  # fmt: skip
    ways = {(each.customer, each.way) for each in definitions.movements.values() if each.event == "transfer"}
    assert ways == {("user", "out"), ("payee", "in")}
    assert definitions.suspicions["mule_ring"].crimes == ("1201", "0801")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"0501"', '"501"', "`code` is not four digits"),
        ('["person"]', '["persons"]', "unknown kind of customer 'persons'"),
        ('"cash"\nborder', '"cheque"\nborder', "unknown means 'cheque'"),
        ('"line_cny"', '"line_usd"', "is no amount in CNY"),
        ('"line_usd"', '"within"', "is no amount in USD"),
        ('within = "within"', 'within = "line_cny"', "is no whole number"),
        ('"line_cny"', '"line"', "there is no parameter 'line'"),
        ('"days"', '"dayz"', "there is no calendar 'dayz' (did you mean 'days'?)"),
        ("[criterion.cash]", "[criteria.cash]", "not a part of reporting"),
        ('mark = "verified"', 'mark = "sure"', "unknown mark 'sure'"),
        ("[exemption.till]", "exemption = 1\n[x.till]", "must be a table"),
    ],
)
def test_a_criterion_that_can_t_be_right_is_told(old, new, words):
    assert old in REPORTING
    text = REPORTING.replace(old, new, 1)
    if new.startswith("exemption"):
        text = "exemption = 1\n" + REPORTING.partition("[exemption")[0]
    lines = told(files(reporting=text))
    assert any(words in line and line.startswith("shop/reporting.toml") for line in lines), lines


def test_every_shipped_line_names_its_source_and_how_sure_it_is():
    definitions = shipped()
    register = Register(definitions.sources)
    for each in (*definitions.criteria.values(), *definitions.large_exemptions.values()):
        assert register.cited(each.basis), each.name
    assert {each.code for each in definitions.criteria.values()} == {"0501", "0502", "0503", "0504"}
    for year in definitions.calendars["mainland_china"].years:
        assert register.cited(year.basis)
        assert year.mark == "verified"
    assert {each.mark for each in definitions.large_exemptions.values()} == {"from memory"}


def test_what_rests_on_a_notice_is_the_calendar():
    definitions = shipped()
    rests = resting(definitions, Register(definitions.sources))
    assert [each.kind for each in rests["holidays_2026"]] == ["calendar"]
    assert {each.kind for each in rests["large_transaction_rule"]} >= {"large", "limit"}
