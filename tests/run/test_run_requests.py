"""Requests of persons: what records tell of them, when each is due, and what is overdue."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.app.wiring import Outside
from jindi.packs import load
from jindi.run.records import ACTION, ActionRecord
from jindi.run.requests import (
    CLOSE,
    ENDINGS,
    OPEN,
    RIGHTS,
    SUBJECT_MAX,
    Requests,
    closed,
    due_on,
    events,
    id_of,
    opened,
)

TODAY = date(2026, 11, 27)


def action(what, on, at_us=5, *, allowed=True):
    return ActionRecord(ACTION, at_us, "cli", "ann", what, on, allowed, "cli", "loopback")


@given(
    st.sampled_from(RIGHTS), st.text(min_size=1, max_size=SUBJECT_MAX), st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(0, 400), st.sampled_from(ENDINGS),
)  # fmt: skip
def test_what_was_recorded_is_read_back(right, subject, received, days, ending):
    found, due = Requests(), received + timedelta(days=days)
    found.note(7, action(OPEN, opened(right, subject, received, due)))
    [request] = found.open
    assert (request.id, request.right, request.subject, request.received, request.due, request.by) == (
        "req-7", right, subject, received, due, "ann",
    )  # fmt: skip
    assert not found.overdue(due)
    assert found.overdue(due + timedelta(days=1)) == (request,)
    found.note(9, action(CLOSE, closed("req-7", ending), 99))
    assert found.open == found.overdue(date.max) == ()
    assert [(each.ending, each.closed_us) for each in found.all] == [(ending, 99)]


def test_what_is_none_changes_nothing():
    found = Requests()
    good = opened("erase", "u1", TODAY, TODAY)
    for record in (
        action(OPEN, good, allowed=False), action(OPEN, "burn 2026-11-27 2026-11-27 u1"), action(OPEN, "erase"),
        action("request", good), action(CLOSE, closed("req-1", "done")), object(),
    ):  # fmt: skip
        found.note(1, record)
    assert found.all == ()
    found.note(2, action(OPEN, good))
    found.note(3, action(CLOSE, "req-2 forgotten"))
    assert len(found.open) == 1
    found.note(4, action(CLOSE, closed("req-2", "refused"), 10))
    found.note(5, action(CLOSE, closed("req-2", "done"), 20))
    assert [(each.ending, each.closed_us) for each in found.all] == [("refused", 10)], "it ends once"


def test_the_one_that_is_due_first_stands_in_front():
    found = Requests()
    for seq, days in enumerate((5, 1, 3)):
        found.note(seq, action(OPEN, opened("access", f"u{seq}", TODAY, TODAY + timedelta(days=days))))
    assert [each.id for each in found.open] == [id_of(1), id_of(2), id_of(0)]
    assert events(found.overdue(TODAY + timedelta(days=4)), TODAY + timedelta(days=4)) == [
        {"subject": "req-1", "right": "access", "overdue_days": 3},
        {"subject": "req-2", "right": "access", "overdue_days": 1},
    ]


def test_each_right_has_its_dated_limit_with_its_source_and_mark():
    limits = load(Outside().pack_files([])).limits
    for right in RIGHTS:
        due, limit = due_on(right, TODAY, limits)
        assert due == TODAY + timedelta(days=15)
        assert (limit.mark, "promptly" in limit.on(TODAY).basis.en) == ("design default", True)
    with pytest.raises(LookupError, match="has no value"):
        due_on("erase", date(2021, 10, 31), limits)
    with pytest.raises(LookupError, match="load the pack platform"):
        due_on("erase", TODAY, {})


def test_a_name_that_would_not_stand_there_whole_is_refused():
    for wrong in ("", "x" * (SUBJECT_MAX + 1)):
        with pytest.raises(ValueError, match="1 to 160 characters"):
            opened("erase", wrong, TODAY, TODAY)
