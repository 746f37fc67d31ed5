"""rating.toml: read whole, or every problem with its address."""

import pytest
from packs_room_world import told, world

from jindi.packs import load

CALENDAR = """
[days]
doc  = { zh = "一", en = "one" }
year = [{ of = 2026, off = [{ first = 2026-01-01, last = 2026-01-03 }], basis = "ours", mark = "verified" }]
"""
CLOCKS = """
[first_days]
doc = { zh = "一", en = "one" }
type = "int"
mark = "design default"
value = [{ since = 2026-01-01, is = 10, basis = "ours" }]
[months_low]
doc = { zh = "一", en = "one" }
type = "int"
mark = "design default"
value = [{ since = 2026-01-01, is = 12, basis = "ours" }]
[months_high]
doc = { zh = "一", en = "one" }
type = "int"
mark = "design default"
value = [{ since = 2026-01-01, is = 6, basis = "ours" }]
[share]
doc = { zh = "一", en = "one" }
type = "text"
mark = "design default"
value = [{ since = 2026-01-01, is = "x", basis = "ours" }]
"""
EVENT = """
[assessment]
doc = { zh = "一", en = "one" }
[assessment.fields]
user  = { type = "text", class = "C2", entity = "user", doc = { zh = "一", en = "one" } }
trade = { type = "text", class = "C2", required = false, doc = { zh = "一", en = "one" } }
turn  = { type = "money", class = "C2", required = false, doc = { zh = "一", en = "one" } }
"""
RATING = """
[scheme.customers]
doc = { zh = "一", en = "one" }
on = "assessment"
steps = 5
opens = ["payment"]
again = ["login"]
first = "first_days"
calendar = "days"
basis = "ours"
mark = "design default"
[level.low]
doc = { zh = "低", en = "low" }
from = 0
review = "months_low"
[level.high]
doc = { zh = "高", en = "high" }
from = 60
review = "months_high"
enhanced = true
[factor.trade]
doc = { zh = "一", en = "one" }
group = "occupation"
weight = 70
of = "trade"
is = { gold = 5, other = 1 }
otherwise = 2
missing = 3
basis = "ours"
mark = "design default"
[factor.turn]
doc = { zh = "一", en = "one" }
group = "business"
weight = 30
of = "turn"
from = [{ at = "0.00", is = 1 }, { at = "100.00", is = 4 }]
missing = 1
basis = "ours"
mark = "design default"
[mitigation.small]
doc = { zh = "一", en = "one" }
of = "trade"
is = "other"
less = 5
basis = "ours"
[direct.huge]
doc = { zh = "一", en = "one" }
of = "turn"
at_least = "9999.00"
basis = "ours"
"""


def files(rating=RATING):
    from packs_room_world import EVENTS

    return world(events=EVENTS + EVENT, **{
        "shop/rating.toml": rating, "shop/calendars.toml": CALENDAR, "shop/parameters/clocks.toml": CLOCKS,
    })  # fmt: skip


def test_a_scheme_is_read_with_all_its_parts():
    scheme = load(files()).rating
    assert (scheme.name, scheme.on, scheme.steps, scheme.opens) == ("customers", "assessment", 5, ("payment",))
    assert [(each.name, each.points_from, each.enhanced) for each in scheme.levels] == [
        ("low", 0, False),
        ("high", 60, True),
    ]
    trade, turn = scheme.factors
    assert (dict(trade.values), trade.otherwise, trade.missing) == ({"gold": 5, "other": 1}, 2, 3)
    assert (turn.bounds, turn.otherwise) == (((0, 1), (10_000, 4)), 5)
    assert (scheme.mitigations[0].values, scheme.mitigations[0].less) == (("other",), 5)
    assert scheme.directs[0].least == 999_900


def test_without_a_file_nobody_is_rated():
    assert load(world()).rating is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("weight = 70", "weight = 60", "add up to 90"),
        ("from = 60", "from = 0", "do not rise from 0"),
        ("from = 0", "from = 10", "do not rise from 0"),
        ('review = "months_low"', 'review = "months_lo"', "there is no parameter 'months_lo'"),
        ('review = "months_low"', 'review = "share"', "is no whole number"),
        ("steps = 5", "steps = 3", "`steps` must divide a thousand"),
        ("steps = 5", "steps = 11", "`steps` is out of range"),
        ('on = "assessment"', 'on = "assessmnt"', "unknown event 'assessmnt'"),
        ('opens = ["payment"]', 'opens = ["pament"]', "unknown event 'pament'"),
        ('again = ["login"]', 'again = ["assessment"]', "it would rate for ever"),
        ('calendar = "days"', 'calendar = "weeks"', "there is no calendar 'weeks'"),
        ('of = "trade"\nis = {', 'of = "orders_1d"\nis = {', "its policy does not keep it"),
        ("gold = 5", "gold = 6", "gold needs a step from 1 to 5"),
        ("gold = 5", "gold = true", "gold needs a step from 1 to 5"),
        ("is = { gold = 5, other = 1 }", "", "`is` is missing"),
        ("missing = 3", "missing = 6", "`missing` is out of range"),
        ("missing = 3\n", "", "`missing` is missing"),
        ('{ at = "0.00", is = 1 }, ', '{ at = "200.00", is = 1 }, ', "`from` must name rising values"),
        ('at = "100.00"', "at = 100", "`at` must be a text"),
        ('at_least = "9999.00"', 'at_least = "much"', "`at_least` is"),
        ("less = 5", "less = 0", "`less` is out of range"),
        ('group = "business"', 'group = "busines"', "unknown group 'busines'"),
        ("[direct.huge]", "[dirct.huge]", "not a part of rating"),
        ("[scheme.customers]", "[scheme.a]\n[scheme.customers]", "there must be one scheme"),
        ("enhanced = true", "enhancd = true", "unknown key 'enhancd'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old, new, words):
    assert old in RATING
    problems = told(files(RATING.replace(old, new, 1)))
    assert any(words in each for each in map(str, problems)), problems


def test_no_level_may_wait_longer_than_twice_the_next_higher_one():
    files_ = files()
    files_["shop/parameters/clocks.toml"] = CLOCKS.replace("is = 12", "is = 13")
    assert any("level low is reviewed after 13 months, high after 6" in str(each) for each in told(files_))
