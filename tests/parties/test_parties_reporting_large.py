"""Working days and large transactions: what the notices say, what the lines mean, and that the stream equals it."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.instants import HOUR_US, parse_instant
from jindi.basics.problems import Problems
from jindi.packs import CalendarDef, CalendarYearDef, Words
from jindi.parties.reporting.calendar import UnknownYear, WorkingCalendar
from jindi.parties.reporting.large import LargeWatch, large
from reporting_world import mainland, movement, rules

BASIS = Words.alike("ours")
MONDAY = date(2026, 11, 23)


# ---- working days


def days_of(first, last):
    return (first + timedelta(each) for each in range((last - first).days + 1))


def plainly_working(definition, day):
    """The definition: what the notices say of the day, else whether it is Monday to Friday."""
    for year in definition.years:
        if any(first <= day <= last for first, last in year.off):
            return False
        if day in year.work:
            return True
    return day.weekday() < 5


def test_each_day_of_the_shipped_years_is_what_its_notice_says():
    calendar = mainland()
    for day in days_of(date(2023, 1, 1), date(2026, 12, 31)):
        assert calendar.is_working(day) == plainly_working(calendar.definition, day) == calendar.look(day).is_working


@pytest.mark.parametrize(("year", "count"), [(2023, 249), (2024, 251), (2025, 248), (2026, 248)])
def test_a_shipped_year_has_as_many_working_days_as_its_notice_leaves(year, count):
    # Weekdays, less those that are off, and the weekends that are worked, reckoned apart from the calendar.
    calendar, first, last = mainland(), date(year, 1, 1), date(year, 12, 31)
    weekdays = {day for day in days_of(first, last) if day.weekday() < 5}
    of_year = next(each for each in calendar.definition.years if each.year == year)
    off = {day for stretch in of_year.off for day in days_of(*stretch)}
    assert len(weekdays - off) + len(of_year.work) == count
    assert calendar.between(first - timedelta(1), last) == count if year > 2023 else True


@pytest.mark.parametrize(
    ("day", "count", "due"),
    [
        ("2026-11-23", 5, "2026-11-30"),
        ("2026-11-21", 5, "2026-11-27"),  # a Saturday: Monday is the first
        ("2026-09-30", 5, "2026-10-13"),  # the week off, and a worked Saturday after it
        ("2026-02-13", 5, "2026-02-27"),  # a worked Saturday before nine days off
        ("2024-02-09", 5, "2024-02-22"),
        ("2023-01-20", 1, "2023-01-28"),
        ("2025-01-27", 5, "2025-02-10"),
    ],
)
def test_five_working_days_pass_holidays_and_count_worked_weekends(day, count, due):
    found = mainland().after(date.fromisoformat(day), count)
    assert (found.day, found.is_settled) == (date.fromisoformat(due), True)


def test_a_year_without_a_notice_is_refused_and_never_weekends_alone():
    with pytest.raises(UnknownYear, match="says nothing of 2027"):
        mainland().is_working(date(2027, 3, 1))
    with pytest.raises(UnknownYear, match="2027"):
        mainland().after(date(2026, 12, 28), 5)
    with pytest.raises(UnknownYear, match="2022"):
        mainland().look(date(2022, 12, 31))


def test_what_the_next_notice_may_move_is_said_to_be_unsettled():
    assert mainland().after(date(2026, 12, 17), 5).is_settled
    assert not mainland().after(date(2026, 12, 18), 5).is_settled
    assert mainland().after(date(2025, 12, 22), 5).is_settled


def test_a_notice_speaks_of_the_december_before_it():
    ours = CalendarDef("ours", "shop", BASIS, (
        CalendarYearDef(2018, (), (), BASIS, "verified"),
        CalendarYearDef(2019, ((date(2018, 12, 30), date(2019, 1, 1)),), (date(2018, 12, 29),), BASIS, "verified"),
    ))  # fmt: skip
    calendar = WorkingCalendar(ours)
    assert calendar.after(date(2018, 12, 28), 1).day == date(2018, 12, 29)
    assert calendar.after(date(2018, 12, 29), 1).day == date(2019, 1, 2)
    assert calendar.look(date(2018, 12, 31)).why == "day off"


@given(st.dates(date(2023, 1, 1), date(2026, 10, 1)), st.integers(1, 40))
def test_a_count_is_the_day_with_so_many_working_days_behind_it(day, count):
    found = mainland().after(day, count).day
    assert mainland().is_working(found)
    assert mainland().between(day, found) == count
    assert sum(plainly_working(mainland().definition, each) for each in days_of(day + timedelta(1), found)) == count


@pytest.mark.parametrize("count", [0, -5, 367])
def test_a_count_has_bounds(count):
    with pytest.raises(ValueError, match="count from 1 to 366"):
        mainland().after(MONDAY, count)


# ---- lines


def told(*movements):
    return [(each.criterion.code, each.direction, each.movements) for each in large(movements, rules())]


def test_three_times_twenty_thousand_in_a_day_are_one_report():
    day = [movement(str(n), 20_000_00, f"2026-11-23T1{n}:00:00+08:00") for n in range(3)]
    assert told(*day) == [("0501", "in", ("0", "1", "2"))]


def test_the_line_itself_counts_and_a_cent_less_does_not():
    assert told(movement("a", 50_000_00))
    assert not told(movement("a", 49_999_99))


def test_a_day_ends_at_midnight_in_shanghai():
    halves = movement("a", 25_000_00, "2026-11-23T15:59:59Z"), movement("b", 25_000_00, "2026-11-23T16:00:00Z")
    assert not told(*halves)
    assert told(halves[1], movement("c", 25_000_00, "2026-11-24T15:59:59Z"))


def test_money_in_and_money_out_count_each_by_itself():
    assert not told(movement("a", 30_000_00), movement("b", 30_000_00, direction="out"))
    assert told(movement("a", 50_000_00), movement("b", 60_000_00, direction="out")) == [
        ("0501", "in", ("a",)), ("0501", "out", ("b",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "side", "code", "line"),
    [
        ("entity", "domestic", "0502", 2_000_000_00), ("entity", "cross_border", "0502", 2_000_000_00),
        ("person", "domestic", "0503", 500_000_00), ("person", "cross_border", "0504", 200_000_00),
    ],
)  # fmt: skip
def test_transfers_have_the_line_of_their_customer_and_side(kind, side, code, line):
    more = {"kind": kind, "side": side, "means": "transfer"}
    assert [each[0] for each in told(movement("a", line, **more))] == [code]
    assert not told(movement("a", line - 1, **more))


def test_what_reaches_two_criteria_is_two_reports():
    found = told(movement("a", 50_000_00), movement("b", 500_000_00, means="transfer"))
    assert [code for code, _, _ in found] == ["0501", "0503"]


def test_cash_over_the_border_is_cash():
    assert [code for code, *_ in told(movement("a", 50_000_00, side="cross_border"))] == ["0501"]


def test_foreign_currency_has_its_own_line_in_dollars():
    below = movement("a", 9_000_00, currency="EUR", cny_minor=70_000_00, usd_minor=9_999_99)
    assert not told(below), "yuan equivalents of foreign currency alone reach no line"
    assert told(movement("a", 9_000_00, currency="EUR", cny_minor=1, usd_minor=10_000_00))


def test_a_day_with_both_currencies_counts_together_against_the_lower_line():
    local = movement("a", 30_000_00, usd_minor=4_200_00)
    foreign = movement("b", 3_000_00, currency="USD", cny_minor=21_000_00)
    (found,) = large([local, foreign], rules())
    assert [(line.currency, line.of) for line in found.lines] == [("CNY", "all")]
    assert found.movements == ("a", "b")
    assert not told(local, movement("b", 2_800_00, currency="USD", cny_minor=19_600_00))


def test_where_one_currency_reaches_its_line_all_of_the_day_is_reported():
    found = told(movement("a", 50_000_00), movement("b", 100_00, currency="USD"))
    assert found == [("0501", "in", ("a", "b"))]


def test_what_is_exempt_counts_nowhere_unless_it_is_suspicious():
    exempt = movement("a", 90_000_00, exempt="deposit_rollover")
    assert not told(exempt)
    assert told(movement("a", 90_000_00, exempt="deposit_rollover", is_suspicious=True))
    assert not told(exempt, movement("b", 49_999_99))


def test_a_reversal_does_not_net_out():
    assert told(movement("a", 50_000_00), movement("b", 50_000_00, direction="out")) == [
        ("0501", "in", ("a",)), ("0501", "out", ("b",)),
    ]  # fmt: skip


def test_customers_are_not_added_up():
    assert not told(movement("a", 30_000_00), movement("b", 30_000_00, customer="C2"))


def test_a_report_is_due_after_five_working_days_and_an_unknown_year_says_so():
    (found,) = large([movement("a", 50_000_00, "2026-09-30T23:00:00+08:00")], rules())
    assert rules().due(found).day == date(2026, 10, 13)
    (late,) = large([movement("a", 50_000_00, "2026-12-30T09:00:00+08:00")], rules())
    with pytest.raises(UnknownYear):
        rules().due(late)


def test_every_problem_is_told_at_once_and_names_no_customer():
    wrong = [
        movement("a", 0, customer="张三"),
        movement("b", 5, currency="XXX", cny_minor=1, usd_minor=1),
        movement("c", 5, cny_minor=6),
        movement("d", 5, exempt="because"),
        movement("e", 5, "2016-01-01T00:00:00Z"),
        movement("f", 5), movement("f", 6), movement("g", 5, customer=""),
    ]  # fmt: skip
    with pytest.raises(Problems) as error:
        large(wrong, rules())
    text = str(error.value)
    for piece in ("a: amount", "b: currency", "c: cny", "d: exempt", "e: at", "f: id", "g: customer"):
        assert f"transaction {piece}" in text
    assert "张三" not in text


def test_no_page_of_a_failure_shows_a_customer():
    (found,) = large([movement("a", 50_000_00, customer="110105194912310020")], rules())
    assert "110105" not in repr(found) + repr(movement("a", 1, customer="110105194912310020"))


# ---- the stream equals it

AMOUNTS = st.sampled_from([1, 100_00, 24_999_99, 25_000_00, 49_999_99, 50_000_00, 250_000_00, 1_000_000_00])
START_US = parse_instant("2026-09-29T20:00:00+08:00")


@st.composite
def streams(draw):
    count = draw(st.integers(0, 14))
    found = []
    for n in range(count):
        currency = draw(st.sampled_from(["CNY", "CNY", "USD", "EUR"]))
        amount = draw(AMOUNTS)
        each = movement(
            f"t{n}", amount, currency=currency, customer=draw(st.sampled_from("AB")),
            kind=draw(st.sampled_from(["person", "entity"])), means=draw(st.sampled_from(["cash", "transfer"])),
            side=draw(st.sampled_from(["domestic", "cross_border"])), direction=draw(st.sampled_from(["in", "out"])),
            exempt=draw(st.sampled_from(["", "", "", "state_organ"])), is_suspicious=draw(st.booleans()),
        )  # fmt: skip
        object.__setattr__(each, "at_us", START_US + draw(st.integers(0, 12)) * HOUR_US)
        found.append(each)
    return found


@settings(max_examples=200, deadline=None)
@given(streams(), st.randoms(use_true_random=False))
def test_the_stream_equals_the_definition_in_any_order_and_at_any_moment(movements, chance):
    chance.shuffle(movements)
    watch = LargeWatch(rules())
    for n, each in enumerate(movements):
        told_now = watch.observe(each)
        assert watch.observe(each) == told_now, "the same once more counts no more"
        whole = large(movements[: n + 1], rules())
        assert watch.found() == whole
        assert set(told_now) == {found for found in whole if each.id in found.movements}
    assert len(watch) == len(movements)


def test_days_that_are_closed_are_let_go_and_refused():
    watch = LargeWatch(rules())
    watch.observe(movement("a", 50_000_00, "2026-11-20T10:00:00+08:00"))
    watch.observe(movement("b", 50_000_00))
    watch.forget_before(MONDAY)
    assert [each.movements for each in watch.found()] == [("b",)]
    assert len(watch) == 1
    with pytest.raises(Problems, match="lies in a day that is closed"):
        watch.observe(movement("c", 1, "2026-11-22T10:00:00+08:00"))


def test_a_refused_movement_leaves_the_stream_as_it_was():
    watch = LargeWatch(rules())
    watch.observe(movement("a", 30_000_00))
    with pytest.raises(Problems):
        watch.observe(movement("a", 40_000_00))
    with pytest.raises(Problems):
        watch.observe(movement("b", 40_000_00, exempt="because"))
    assert watch.found() == ()
    assert watch.observe(movement("c", 20_000_00))[0].movements == ("a", "c")
