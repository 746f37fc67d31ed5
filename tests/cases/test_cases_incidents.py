"""An incident as a fold: what steps do, which clocks they set going, which grade figures suggest, what is refused."""

from datetime import date
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents_world import MINUTE_US, PACKS, opening
from jindi.cases.case import Taken
from jindi.cases.incidents import Clock, incident_id, incident_seq, opened, rank_of_grade, stepped, with_clocks
from jindi.cases.incidents_clocks import applies, begun, coming, rules_on, suggested
from jindi.cases.incidents_refusing import refusal, texts_of
from jindi.cases.incidents_steps import (
    Appoint,
    Assess,
    Classify,
    Close,
    Contain,
    Entry,
    Excuse,
    Impact,
    Link,
    Open,
    Predate,
    Reopen,
    Report,
    Resolve,
    Review,
    Task,
    Tick,
    Tie,
    pack_step,
    unpack_step,
)
from jindi.packs import GRADES, load
from shop_world import DAY_US, HOUR_US, NOON_US

TODAY = date(2026, 11, 22)


@cache
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


@cache
def rules(day=TODAY):
    return rules_on(shipped(), day)


class Worked:
    """An incident, step by step, with the clocks that each sets going."""

    def __init__(self, **changed):
        self.now_us, self.it, self.log = NOON_US, None, []
        step = opening(**changed)
        by = Taken("ann", self.now_us)
        after = opened(7, step, by)
        self._keep(None, after, step, by)

    def _keep(self, before, after, step, by):
        clocks = begun(before, after, step, by, rules())
        self.log.append((step, by, clocks))
        self.it = with_clocks(after, clocks)
        self.new = clocks

    def take(self, step, later_us=0):
        self.now_us += later_us
        assert refusal(self.it, step, "ann", self.now_us, leads=True) is None, refusal(
            self.it, step, "ann", self.now_us, leads=True
        )
        by = Taken("ann", self.now_us)
        self._keep(self.it, stepped(self.it, step, by, len(self.log)), step, by)
        return self.it

    def why_not(self, step, **more):
        return refusal(self.it, step, "ann", self.now_us, **{"leads": True} | more)

    def clock(self, report, turn=-1):
        return self.it.clocks_of(report)[turn]

    def names(self):
        return {each.report for each in self.it.clocks}

    def again(self):
        """The same incident, made of its log alone."""
        step, by, clocks = self.log[0]
        it = with_clocks(opened(7, step, by), clocks)
        for number, (step, by, clocks) in enumerate(self.log[1:], 1):
            it = with_clocks(stepped(it, unpack_step(pack_step(step)), by, number), clocks)
        return it


def sent(report, at_us):
    return Report(report=report, at_us=at_us, to="an office", channel="platform", reference="2026-1")


def grade(grade, kind="data", profiles=("cn",)):
    return Classify(grade=grade, incident_kind=kind, profiles=profiles, why="as it looks now")


REVIEW = Review("a key in a repository", "keys were not scanned for", "scan, and rotate")


def done(work, *, report=True):
    """Carry an incident through to where it can be closed."""
    if work.it.state == "open":
        work.take(Contain("cut off"), HOUR_US)
    work.take(Resolve("mended"), HOUR_US)
    while report and work.it.owed:
        work.take(sent(work.it.owed[0].report, work.now_us))
    work.take(REVIEW)
    return work


# ---- clocks


def test_a_serious_leak_sets_the_clocks_going_that_the_rules_name_from_awareness_on():
    work = Worked()
    aware_us = NOON_US - 10 * MINUTE_US
    assert work.names() == {
        "cac_report", "pboc_brief", "pboc_event", "nfra_first", "nfra_written", "persons_authority", "persons_notice",
    }  # fmt: skip
    assert {name: work.clock(name).due_us - aware_us for name in ("cac_report", "pboc_brief", "nfra_first")} == {
        "cac_report": 4 * HOUR_US, "pboc_brief": 30 * MINUTE_US, "nfra_first": 2 * HOUR_US,
    }  # fmt: skip
    clock = work.clock("cac_report")
    assert (clock.to, clock.moment, clock.start_us, clock.mark) == ("cac", "aware", aware_us, "verified")
    assert "第四条" in clock.zh
    assert "art. 4" in clock.en


def test_critical_infrastructure_is_reported_within_an_hour_and_to_the_police_too():
    work = Worked(impact=Impact(critical=True), incident_kind="attack")
    assert work.names() == {"cii_report", "cii_police", "pboc_brief", "pboc_event"}
    assert work.clock("cii_report").within_us == HOUR_US
    assert work.clock("cii_police").to == "police"


def test_a_general_outage_owes_nothing_and_a_drill_is_timed_like_any_other():
    assert Worked(grade="general", incident_kind="outage", impact=Impact()).it.clocks == ()
    assert Worked(drill=True).names() == Worked().names()


def test_people_are_told_only_where_people_are_affected_and_once_it_is_known():
    work = Worked(impact=Impact(), grade="general")
    assert "persons_notice" not in work.names()
    work.take(Assess(Impact(persons=3)), HOUR_US)
    clock = work.clock("persons_notice")
    assert (clock.start_us, clock.due_us) == (work.now_us, work.now_us + DAY_US), (
        "nobody is late with what he could not know"
    )


def test_a_higher_grade_adds_clocks_from_its_moment_and_begins_those_again_that_were_sent():
    work = Worked()
    work.take(sent("cac_report", work.now_us + HOUR_US), 2 * HOUR_US)
    first = work.clock("cac_report")
    work.take(grade("critical"), HOUR_US)
    again = work.clock("cac_report")
    assert (again.turn, again.moment, again.start_us, again.due_us) == (
        1,
        "classified",
        work.now_us,
        work.now_us + 4 * HOUR_US,
    )
    assert work.clock("cac_report", 0) == first
    assert work.clock("nfra_running").start_us == work.now_us
    assert {each.report for each in work.new} == {"cac_report", "nfra_running"}, "what was not sent yet goes on"


def test_a_lower_grade_or_another_kind_stops_no_clock():
    work = Worked()
    before = work.it.clocks
    work.take(grade("general", "fraud"), HOUR_US)
    assert work.it.clocks == before
    assert work.new == ()
    assert work.it.peak == "serious"
    assert work.it.takes_two, "nobody grades it down to close it alone"


def test_running_reports_are_owed_again_until_the_incident_is_resolved():
    work = Worked(grade="critical")
    work.take(sent("nfra_running", work.now_us + HOUR_US), HOUR_US)
    second = work.clock("nfra_running")
    assert (second.turn, second.start_us, second.due_us) == (1, work.now_us, work.now_us + 2 * HOUR_US)
    work.take(Resolve("mended"), HOUR_US)
    work.take(sent("nfra_running", work.now_us))
    assert len(work.it.clocks_of("nfra_running")) == 2


def test_the_end_begins_the_clocks_of_the_closing_reports():
    work = Worked()
    assert {each.report.name for each in coming(work.it, rules())} == {"cac_summary", "nfra_closing"}
    work.take(Resolve("mended", NOON_US), HOUR_US)
    assert work.clock("cac_summary").due_us == NOON_US + 30 * DAY_US
    assert work.clock("nfra_closing").due_us == NOON_US + 5 * DAY_US
    assert coming(work.it, rules()) == ()


def test_dora_takes_the_earlier_of_two_times_and_chains_its_reports():
    work = Worked(grade="major", profiles=("dora",), incident_kind="outage")
    assert work.clock("dora_initial").due_us == NOON_US + 4 * HOUR_US
    late = Worked(grade="major", profiles=("dora",), aware_us=NOON_US - 23 * HOUR_US)
    assert (late.clock("dora_initial").moment, late.clock("dora_initial").due_us) == ("aware", NOON_US + HOUR_US)
    assert work.names() == {"dora_initial"}
    work.take(sent("dora_initial", NOON_US + HOUR_US), 2 * HOUR_US)
    assert work.clock("dora_intermediate").due_us == NOON_US + 73 * HOUR_US
    later = Worked(grade="serious", profiles=("dora",), aware_us=NOON_US - 30 * HOUR_US)
    later.take(grade("major", profiles=("dora",)), HOUR_US)
    assert later.clock("dora_initial").due_us == later.now_us + 4 * HOUR_US


def test_a_second_profile_adds_its_reports_to_the_first():
    work = Worked()
    work.take(grade("serious", profiles=("cn", "nis2")))
    assert {"nis2_warning", "nis2_notice", "cac_report"} <= work.names()


def test_before_a_rule_is_in_force_it_owes_nothing():
    early = rules_on(shipped(), date(2025, 7, 1))
    step, by = opening(), Taken("ann", NOON_US)
    names = {each.report for each in begun(None, opened(1, step, by), step, by, early)}
    assert "cac_report" not in names, "in force since 2025-11-01"
    assert "nfra_first" in names


def test_awareness_moves_back_and_its_clocks_with_it():
    work = Worked()
    work.take(sent("pboc_brief", NOON_US))
    met = work.clock("pboc_brief")
    work.take(Predate(aware_us=NOON_US - 2 * HOUR_US, why="the alarm was earlier"))
    assert work.clock("cac_report").due_us == NOON_US + 2 * HOUR_US
    assert work.clock("pboc_brief") == met, "what was sent is not judged anew"
    assert work.why_not(Predate(aware_us=NOON_US, why="later")) == "not_earlier"


def test_a_report_that_was_sent_meets_its_clock_or_is_late_and_an_excuse_ends_it():
    work = Worked()
    work.take(sent("pboc_brief", NOON_US + 20 * MINUTE_US), HOUR_US)
    assert work.clock("pboc_brief").state(work.now_us) == "met"
    work.take(sent("pboc_event", NOON_US + 2 * HOUR_US), 2 * HOUR_US)
    assert work.clock("pboc_event").state(work.now_us) == "met_late"
    work.take(Excuse("nfra_first", "not under this authority"))
    assert work.clock("nfra_first").state(work.now_us) == "excused"
    assert work.clock("cac_report").state(work.now_us) == "running"
    assert work.clock("cac_report").state(work.now_us + 2 * HOUR_US) == "late"
    assert work.why_not(sent("nfra_first", work.now_us)) == "no_clock"


def test_half_and_nearly_over_are_told_by_the_clock_itself():
    clock = Worked().clock("cac_report")
    assert clock.half_us - clock.start_us == 2 * HOUR_US
    assert clock.due_us - clock.near_us == HOUR_US


# ---- which grade the figures suggest


@pytest.mark.parametrize(
    ("kind", "impact", "expected"),
    [
        ("data", Impact(persons=999_999), "general"),
        ("data", Impact(persons=1_000_000), "serious"),
        ("data", Impact(persons=10_000_000), "major"),
        ("data", Impact(persons=100_000_000), "critical"),
        ("outage", Impact(persons=10_000_000), "critical"),
        ("fraud", Impact(persons=100_000_000), "general"),
        ("funds", Impact(amount_minor=5_000_000_00, currency="CNY"), "serious"),
        ("funds", Impact(amount_minor=100_000_000_00, currency="CNY"), "critical"),
        ("outage", Impact(outage_min=360, critical=True, whole=True), "critical"),
        ("outage", Impact(outage_min=360, critical=True), "major"),
        ("outage", Impact(outage_min=360), "general"),
    ],
)
def test_a_grade_is_suggested_from_what_was_entered(kind, impact, expected):
    suggestion = suggested(kind, impact, ("cn",), rules())
    assert suggestion.grade == expected
    assert bool(suggestion.reasons) == (expected != "general")


def test_a_suggestion_says_which_figure_reached_which_threshold_and_how_sure_that_is():
    (reason,) = suggested("data", Impact(persons=2_000_000, amount_minor=1, currency="CNY"), ("cn",), rules()).reasons
    assert (reason.threshold.name, reason.figure.value, reason.given, reason.figure.mark) == (
        "persons_serious", 1_000_000, 2_000_000, "from memory",
    )  # fmt: skip


def test_a_loss_in_another_currency_is_not_converted_and_that_is_said():
    suggestion = suggested("funds", Impact(amount_minor=10**12, currency="USD"), ("cn",), rules())
    assert (suggestion.grade, suggestion.other_currency) == ("general", True)
    assert not suggested("funds", Impact(amount_minor=1, currency="CNY"), ("cn",), rules()).other_currency


# ---- steps and what is refused


def test_an_incident_goes_from_open_to_closed_and_measures_what_it_took():
    work = Worked(began_us=NOON_US - HOUR_US)
    work.take(Contain("cut off", NOON_US + 20 * MINUTE_US), HOUR_US)
    assert (work.it.state, work.it.detect_us, work.it.contain_us) == ("contained", 50 * MINUTE_US, 30 * MINUTE_US)
    done(work)
    closed = work.take(Close("all is reported", "apr_000000000001"))
    assert (closed.state, closed.closed_by, closed.approval) == ("closed", "ann", "apr_000000000001")
    assert work.why_not(Contain("x")) == "closed"
    assert work.why_not(Entry("a letter came")) is None
    again = work.take(Reopen("it came back"))
    assert (again.state, again.contained_us, again.review, again.reopened) == ("open", None, None, 1)


def test_it_can_t_be_closed_before_it_is_resolved_reviewed_and_reported():
    work = Worked()
    assert work.why_not(Close("x")) == "not_resolved"
    work.take(Resolve("mended"), HOUR_US)
    assert work.why_not(Close("x")) == "no_review"
    work.take(REVIEW)
    assert work.why_not(Close("x")) == "reports_owed"
    for each in work.it.owed:
        work.take(Excuse(each.report, "not bound by it"))
    assert work.why_not(Close("x")) is None


def test_only_who_leads_grades_appoints_excuses_and_closes():
    work = Worked()
    earlier = Predate(aware_us=NOON_US - HOUR_US, why="x")
    led = (grade("major"), Appoint("commander", "bob"), Excuse("cac_report", "x"), earlier)
    assert {work.why_not(each, leads=False) for each in led} == {"not_lead"}
    work.take(Appoint("deputy", "ann"))
    assert {work.why_not(each, leads=False) for each in led} == {None}
    assert {refusal(work.it, each, "bob", work.now_us) for each in led} == {"not_lead"}
    work.take(Appoint("deputy", ""))
    assert work.it.posts == {}


REFUSED = {
    "a version that is old": (Entry("x"), {"seen": 0}, "changed"),
    "an empty entry": (Entry("  "), {}, "empty"),
    "an entry of tomorrow": (Entry("x", NOON_US + DAY_US), {}, "ahead"),
    "an entry of the last century": (Entry("x", 0), {}, "too_early"),
    "a long entry": (Entry("x" * 4_001), {}, "too_long"),
    "the same grade": (grade("serious"), {}, "no_change"),
    "no rules at all": (grade("major", profiles=()), {}, "no_profile"),
    "the same impact": (Assess(Impact(systems=("gateway",), persons=1_200_000)), {}, "no_change"),
    "fewer people than none": (Assess(Impact(persons=-1)), {}, "bad_impact"),
    "an amount of no currency": (Assess(Impact(amount_minor=1)), {}, "bad_currency"),
    "a currency of nothing": (Assess(Impact(currency="CNY")), {}, "bad_currency"),
    "a task that is due already": (Task("x", "", NOON_US), {}, "too_early"),
    "no such task": (Tick(3), {}, "no_task"),
    "contained before it was known": (Contain("x", NOON_US - HOUR_US), {}, "before_awareness"),
    "sent before it was known": (sent("cac_report", NOON_US - HOUR_US), {}, "before_awareness"),
    "sent ahead of now": (sent("cac_report", NOON_US + HOUR_US), {}, "ahead"),
    "a report that nobody owes": (sent("dora_initial", NOON_US), {}, "no_clock"),
    "an excuse without a reason": (Excuse("cac_report", " "), {}, "empty"),
    "began after it was known": (
        Predate(aware_us=NOON_US - HOUR_US, began_us=NOON_US, why="x"), {}, "before_awareness",
    ),
    "a link that is not there": (Tie(Link("case", "case_00000000002f"), off=True), {}, "no_change"),
    "itself": (Tie(Link("incident", incident_id(7))), {}, "not_a_link"),
    "reopened while it is open": (Reopen("x"), {}, "not_closed"),
    "opened twice": (opening(), {}, "not_a_link"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused_and_changes_nothing(what):
    step, more, expected = REFUSED[what]
    assert Worked().why_not(step, **more) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"title": " "}, "empty"), ({"title": "x" * 121}, "too_long"), ({"profiles": ()}, "no_profile"),
        ({"aware_us": NOON_US + 1}, "ahead"), ({"began_us": NOON_US}, "before_awareness"),
        ({"impact": Impact(systems=("x" * 81,))}, "too_long"), ({"impact": Impact(persons=10**11)}, "bad_impact"),
        ({}, None),
    ],
)  # fmt: skip
def test_an_incident_is_opened_with_times_in_order_and_figures_that_can_be(changed, expected):
    assert refusal(None, opening(**changed), "ann", NOON_US) == expected


def test_every_text_of_every_step_is_looked_at_for_somebody_s_number():
    plain = "13812345678"
    said = [
        opening(title=plain), opening(impact=Impact(systems=(plain,))), grade("major"), Assess(Impact(lines=(plain,))),
        Predate(aware_us=1, why=plain), Entry(plain), Task(plain), Contain(plain), Resolve(plain),
        Report(report="x", at_us=1, to=plain, channel="mail", reference=plain, note=plain), Excuse("x", plain),
        Review(plain, plain, plain), Close(plain), Reopen(plain),
    ]  # fmt: skip
    for step in said:
        built = [value for value in msgspec.structs.astuple(step) if value == plain]
        assert list(texts_of(step)).count(plain) >= len(built), step


def test_ids_are_told_apart_from_others():
    assert incident_seq(incident_id(2**40)) == 2**40
    for wrong in ("inc_1", "case_00000000002f", "inc_00000000002F", ""):
        with pytest.raises(ValueError, match="not an incident's id"):
            incident_seq(wrong)


# ---- whatever happens

GRADE = st.sampled_from(GRADES)
STEPS = st.one_of(
    st.builds(grade, GRADE, st.sampled_from(["data", "attack", "outage", "fraud"]),
              st.sampled_from([("cn",), ("cn", "dora"), ("nis2",)])),
    st.builds(lambda n, c: Assess(Impact(persons=n, critical=c)), st.integers(0, 10**8), st.booleans()),
    st.builds(lambda ago: ("predate", ago), st.integers(0, 5 * HOUR_US)),
    st.builds(lambda n: ("sent", n), st.integers(0, 9)),
    st.builds(lambda n: ("excuse", n), st.integers(0, 9)),
    st.just(Contain("x")), st.just(Resolve("x")), st.just(REVIEW), st.just(Close("x", "apr_1")), st.just(Reopen("x")),
    st.just(Entry("x")),
)  # fmt: skip


def _step(work, drawn):
    """What was drawn as a step with the incident as it stands."""
    if not isinstance(drawn, tuple):
        return drawn
    what, n = drawn
    if what == "predate":
        return Predate(aware_us=work.it.aware_us - n, why="x")
    owed = work.it.owed
    report = owed[n % len(owed)].report if owed else "none"
    return sent(report, work.now_us) if what == "sent" else Excuse(report, "x")


@given(st.sampled_from(["data", "outage"]), GRADE, st.lists(st.tuples(STEPS, st.integers(0, 3 * HOUR_US)), max_size=12))
def test_no_clock_ends_later_vanishes_or_is_settled_twice_and_the_log_alone_makes_the_same(kind, first, drawn):
    work = Worked(incident_kind=kind, grade=first)
    for each, later_us in drawn:
        before = {(clock.report, clock.turn): clock for clock in work.it.clocks}
        work.now_us += later_us
        step = _step(work, each)
        if refusal(work.it, step, "ann", work.now_us, leads=True) is not None:
            continue
        work.take(step)
        after = {(clock.report, clock.turn): clock for clock in work.it.clocks}
        assert before.keys() <= after.keys()
        for name, clock in before.items():
            assert after[name].due_us <= clock.due_us
            assert not clock.is_settled or after[name] == clock
        turns = [clock.report for clock in work.it.clocks if not clock.is_settled]
        assert len(turns) == len(set(turns)), "of one report one clock runs at a time"
        owed = {name for name, report in rules().reports.items() if applies(report, work.it)}
        begun_or_coming = work.names() | {each.report.name for each in coming(work.it, rules())}
        assert work.it.state == "closed" or owed <= begun_or_coming, "nothing that is owed is forgotten"
        assert rank_of_grade(work.it.peak) >= rank_of_grade(work.it.grade)
    assert work.again() == work.it
    assert all(isinstance(each, Clock) for each in work.it.clocks)
    assert isinstance(work.log[0][0], Open)
