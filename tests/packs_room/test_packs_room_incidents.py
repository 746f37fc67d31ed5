"""incidents.toml: read whole, or every problem with its address; what ships has a source and a mark for each figure."""

import pytest
from packs_room_world import told, world

from incidents_world import PACKS
from jindi.packs import GRADES, INCIDENT_KINDS, load
from jindi.run.versions.comparing import compare

PLACE = "shop/incidents.toml"
LIMITS = """
[report_time]
doc = { zh = "时限。", en = "A time." }
type = "duration"
mark = "verified"
value = [{ since = 2025-11-01, is = "4h", basis = "a rule" }]

[people]
doc = { zh = "人数。", en = "People." }
type = "int"
mark = "from memory"
value = [{ since = 2025-11-01, is = 1000, basis = "a rule" }]

[loss]
doc = { zh = "损失。", en = "A loss." }
type = "money"
mark = "design default"
value = [{ since = 2025-11-01, is = "500.00", basis = "ours" }]
"""
WORDS = '{ zh = "甲", en = "A" }'


def report(name="first", **changed):
    keys = {
        "doc": WORDS, "profile": '"cn"', "to": '"cac"', "least": '"serious"', "mark": '"verified"', "basis": '"a rule"',
        "due": '[{ from = "aware", within = "report_time" }]',
    } | changed  # fmt: skip
    return (
        f"[report.{name}]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None) + "\n"
    )


def threshold(**changed):
    keys = {
        "doc": WORDS, "profile": '"cn"', "grade": '"major"', "measure": '"persons"', "from": '"people"',
    } | changed  # fmt: skip
    return (
        "[threshold.many]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None) + "\n"
    )


def plan(**changed):
    keys = {"doc": WORDS, "kind": '"data"', "step": f"[{{ doc = {WORDS} }}]"} | changed
    return "[plan.leak]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None) + "\n"


def files(text):
    return world(**{PLACE: text, "shop/parameters/incidents.toml": LIMITS})


def test_reports_thresholds_and_plans_are_read_whole():
    definitions = load(files(report(critical="false", kinds='["data", "attack"]', again="true", every='"report_time"',
                                    persons="true") + threshold(kinds='["data"]', whole="true") + plan()))  # fmt: skip
    first = definitions.reports["first"]
    assert (first.least, first.kinds, first.critical, first.persons, first.again, first.every) == (
        "serious", ("data", "attack"), False, True, True, "report_time",
    )  # fmt: skip
    assert [(due.moment, due.within, due.of) for due in first.due] == [("aware", "report_time", "")]
    many = definitions.thresholds["many"]
    assert (many.grade, many.measure, many.from_, many.whole, many.critical) == (
        "major",
        "persons",
        "people",
        True,
        None,
    )
    assert [step.en for step in definitions.plans["leak"].steps] == ["A"]


BROKEN = {
    "an unknown sort": ("[reports.first]\n", "not a part of incidents", "report"),
    "no table": ("report = 1\n", "must be a table, not a whole number", ""),
    "an unknown receiver": (report(to='"cia"'), "unknown to 'cia'", ""),
    "an unknown grade": (report(least='"grave"'), "unknown least 'grave'", ""),
    "an unknown kind": (report(kinds='["fire"]'), "unknown kind 'fire'", ""),
    "no time": (report(due=None), "`due` is missing", ""),
    "a time of no parameter": (
        report(due='[{ from = "aware", within = "report_tim" }]'), "there is no parameter 'report_tim'", "report_time",
    ),
    "a time that is no duration": (
        report(due='[{ from = "aware", within = "people" }]'), "the parameter people is no duration", "",
    ),
    "after a report that is none": (
        report(due='[{ from = "sent", of = "other", within = "report_time" }]'), "there is no report 'other'", "",
    ),
    "after a report that is not named": (
        report(due='[{ from = "sent", within = "report_time" }]'), "`of` names the report that was sent", "",
    ),
    "after itself": (
        report(due='[{ from = "sent", of = "first", within = "report_time" }]'), "waits for itself", "",
    ),
    "no mark": (report(mark=None), "`mark` is missing", ""),
    "no basis": (report(basis=None), "`basis` is missing", ""),
    "an unknown key": (report(until='"now"'), "unknown key 'until'", ""),
    "a loss of people": (threshold(measure='"loss"'), "the parameter people is no amount of money", ""),
    "people of money": (threshold(**{"from": '"loss"'}), "the parameter loss is no int", ""),
    "a plan of nothing": (plan(step=None), "a plan has 1 to 20 steps", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_told_with_its_place_and_a_remedy(what):
    text, problem, remedy = BROKEN[what]
    (line,) = [each for each in told(files(text)) if problem in each]
    assert line.startswith(PLACE)
    assert remedy in line


def test_two_that_wait_for_each_other_are_told_both():
    text = report("a", due='[{ from = "sent", of = "b", within = "report_time" }]') + report(
        "b", due='[{ from = "sent", of = "a", within = "report_time" }]'
    )
    assert sum("waits for itself" in each for each in told(files(text))) == 2


def test_all_problems_of_a_file_are_told_at_once():
    assert len(told(files(report(to='"cia"', least='"grave"') + threshold(grade='"x"') + plan(kind='"y"')))) == 4


def test_a_changed_report_is_a_difference_that_people_approve():
    before, after = load(files(report())), load(files(report(least='"major"')))
    assert [(each.kind, each.name) for each in compare(before, after)] == [("incident report", "first")]


# ---- what ships


@pytest.fixture(scope="module")
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


def test_every_kind_of_incident_has_a_plan_and_every_figure_a_source_and_a_mark(shipped):
    assert {each.kind for each in shipped.plans.values()} == set(INCIDENT_KINDS)
    named = {due.within for each in shipped.reports.values() for due in each.due}
    named |= {each.every for each in shipped.reports.values() if each.every}
    named |= {each.from_ for each in shipped.thresholds.values()}
    ours = {name for name in shipped.limits if name.startswith("incident_")}
    assert named == ours, "each figure is used, and each that is used is there"
    assert all(step.basis.zh and step.basis.en for name in ours for step in shipped.limits[name].steps)


def test_a_graver_grade_begins_at_a_larger_figure(shipped):
    of = {}
    for each in shipped.thresholds.values():
        key = (each.measure, each.kinds, each.critical, each.whole)
        of.setdefault(key, {})[each.grade] = shipped.limits[each.from_].steps[-1].value
    for figures in of.values():
        known = [figures[grade] for grade in GRADES if grade in figures]
        assert known == sorted(known)
        assert len(set(known)) == len(known)


def test_a_figure_that_is_from_memory_makes_no_verified_grade_of_the_report(shipped):
    for each in shipped.reports.values():
        marks = {shipped.limits[due.within].mark for due in each.due}
        assert each.mark != "verified" or "from memory" not in marks, each.name
