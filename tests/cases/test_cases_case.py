"""What alerts and steps do to a case, in which order cases are taken, and when a step can't be."""

from fractions import Fraction
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.instants import DAY_US, HOUR_US
from jindi.cases import (
    Alert,
    Assign,
    Attach,
    Case,
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Refusal,
    Reopen,
    Review,
    Snooze,
    Split,
    Step,
    Tag,
    Taken,
    Task,
    Tick,
    Wake,
    Withdraw,
    case_id,
    case_seq,
    joined,
    opened,
    pack_step,
    parted,
    rank_of,
    refusal,
    stepped,
    taken_in,
    unpack_step,
    verb_of,
)
from jindi.cases.case import AMOUNT_MAX, FileState, Look, TaskState
from jindi.cases.refusing import FILES_MAX, SNOOZE_MAX_US, TAG_MAX, TAGS_MAX, TASKS_MAX, TEXT_MAX
from jindi.packs import LEVELS, Outcome, TypologyDef, Words

SAME = Words("同", "same")
NOW_US = 1_795_320_000_000_000
KIND = TypologyDef("theft", "shop", SAME, ("user",), Outcome.REVIEW, "high", 4 * HOUR_US, (SAME, SAME))
ANN = Taken("ann", NOW_US)


def alert(seq=1, amount=None, currency="CNY", at_us=NOW_US, outcome=3, score=10):
    return Alert(seq, "pay", "theft", "user", "u1", at_us, outcome, score, amount, currency if amount else "")


def case_with(**how):
    return msgspec.structs.replace(opened(alert(), KIND), **how)


MINE = case_with(assignee="ann")
CLOSED = case_with(state="closed", assignee="ann", verdict="cleared", why="it was him", closed_by="ann")
TASK = TaskState("call him", "", None, "bob")
PAPER = Attach("text.a", "a.pdf", "application/pdf", 4, "0" * 64)
FILE = FileState(MINE.id, "text.a", "a.pdf", "application/pdf", 4, "0" * 64, "ann", NOW_US)
GONE = msgspec.structs.replace(FILE, withdrawn="ann")
LOOKED = Look("ann", "bob", True, NOW_US, 0)


# ---- ids


@given(st.integers(0, 2**48 - 1))
def test_a_case_s_id_names_the_record_that_it_begins_with(seq):
    assert case_seq(case_id(seq)) == seq
    assert len(case_id(seq)) == 17


@pytest.mark.parametrize("text", [
    "", "case_", "dec_00000000002f", "case_00000000002F", "case_2f", "case_00000000002f0", "case_ 0000000002f",
    "case_+0000000002f", "case_0_000000002f", "case_００００００００００２ｆ", "00000000002f",
])  # fmt: skip
def test_no_other_text_is_a_case_s_id(text):
    with pytest.raises(ValueError, match="not a case's id"):
        case_seq(text)


# ---- alerts


def test_a_case_begins_with_its_first_alert_and_is_due_as_its_kind_says():
    case = opened(alert(47, 500), KIND, earlier="case_000000000001")
    assert (case.id, case.typology, case.entity, case.subject) == ("case_00000000002f", "theft", "user", "u1")
    assert (case.level, case.opened_us, case.due_us) == ("high", NOW_US, NOW_US + 4 * HOUR_US)
    assert (case.alerts, case.amounts, case.state, case.assignee) == (1, {"CNY": 500}, "open", "")
    assert (case.earlier, case.version) == ("case_000000000001", 0)
    assert opened(alert(47), KIND, seq=48).id == case_id(48)


def test_a_case_knows_the_sums_of_its_alerts_and_the_gravest_of_them():
    case = opened(alert(1, 500, outcome=2, score=9), KIND)
    case = joined(case, alert(2, 700, "JPY", outcome=4, score=1, at_us=NOW_US + 5))
    case = joined(case, alert(3, 200, at_us=NOW_US - 5))
    assert (case.alerts, case.amounts, case.outcome, case.score) == (3, {"CNY": 700, "JPY": 700}, 4, 10)
    assert (case.opened_us, case.last_us) == (NOW_US, NOW_US + 5)


def test_something_new_ends_a_snooze_and_is_no_step():
    case = joined(case_with(wakes_us=NOW_US + HOUR_US), alert(2))
    assert case.wakes_us is None
    assert case.version == 0


def test_a_sum_beyond_what_a_whole_number_holds_stays_at_the_most():
    case = msgspec.structs.replace(opened(alert(), KIND), amounts={"CNY": AMOUNT_MAX - 5})
    assert joined(case, alert(2, 6)).amounts == {"CNY": AMOUNT_MAX}
    assert joined(case, alert(2, 5)).amounts == {"CNY": AMOUNT_MAX}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(joined(case, alert(2, 6)).amounts)) == {"CNY": AMOUNT_MAX}


@given(st.lists(st.tuples(st.integers(-100, 100).filter(bool), st.integers(1, 4), st.integers(0, 9)), min_size=2),
       st.data())  # fmt: skip
def test_what_is_left_and_what_is_taken_in_are_together_what_was_there(rows, data):
    alerts = [alert(seq, minor, outcome=outcome, score=score) for seq, (minor, outcome, score) in enumerate(rows)]
    case = opened(alerts[0], KIND)
    for each in alerts[1:]:
        case = joined(case, each)
    cut = data.draw(st.integers(1, len(alerts) - 1))
    left = parted(case, alerts[:cut])
    assert left.alerts == cut
    assert taken_in(left, alerts[cut:], case).amounts == case.amounts
    assert taken_in(left, alerts[cut:], case).score == case.score
    assert parted(case, alerts) == case


def test_a_merge_keeps_the_earlier_time_the_higher_level_and_all_tags():
    case = case_with(level="low", due_us=NOW_US + 9, opened_us=5, last_us=5, tags=("a", "b"))
    other = case_with(level="critical", due_us=NOW_US + 3, opened_us=3, last_us=9, tags=("b", "c"), escalated=True)
    both = taken_in(case, [alert(2, 7)], other)
    assert (both.level, both.due_us, both.opened_us, both.last_us) == ("critical", NOW_US + 3, 3, 9)
    assert (both.tags, both.escalated, both.alerts) == (("a", "b", "c"), True, 2)
    assert both.version == case.version + 1, "whoever has looked at it before has not seen all of it"


# ---- steps


def after(step, **how):
    return stepped(case_with(**how), step, ANN)


def test_every_step_is_a_new_version_and_nothing_else_changes_that_it_does_not_name():
    for step, changed in {
        Assign("ann"): {"assignee": "ann", "assigned_us": NOW_US, "first_taken_us": NOW_US},
        Note("x"): {"notes": 1},
        Tag(("b", "a")): {"tags": ("a", "b")},
        Snooze(NOW_US + 1, "x"): {"wakes_us": NOW_US + 1},
        Wake(): {},
        Check(1): {"done": (1,)},
        Escalate("x"): {"escalated": True},
        Close("confirmed", "x", "apr_1"): {
            "state": "closed", "verdict": "confirmed", "why": "x", "approval": "apr_1", "closed_us": NOW_US,
            "closed_by": "ann", "lot": after(Close("confirmed", "x", "apr_1")).lot,
        },
        Task("call him"): {"tasks": (msgspec.structs.replace(TASK, by="ann"),)},
        PAPER: {"files": (FILE,)},
        Merge("case_000000000009", "x"): {
            "state": "merged", "into": "case_000000000009", "closed_us": NOW_US, "closed_by": "ann", "alerts": 0,
            "outcome": 0, "score": 0,
        },
        Split((1,), "x"): {},
    }.items():  # fmt: skip
        assert after(step) == case_with(version=1, **changed), verb_of(step)


def test_the_first_who_takes_a_case_is_remembered_and_giving_it_back_frees_it():
    taken = after(Assign("ann"))
    given = stepped(taken, Assign("bob"), Taken("cleo", NOW_US + 5))
    assert (given.assignee, given.assigned_us, given.first_taken_us) == ("bob", NOW_US + 5, NOW_US)
    back = stepped(given, Assign(), Taken("bob", NOW_US + 9))
    assert (back.assignee, back.assigned_us, back.first_taken_us) == ("", None, NOW_US)
    assert stepped(case_with(), Assign(), ANN).first_taken_us is None


@pytest.mark.parametrize("step", [Assign("ann"), Wake(), Escalate("x"), Close("cleared", "x"), Merge("c", "x")])
def test_whoever_acts_on_a_case_ends_its_snooze(step):
    assert after(step, wakes_us=NOW_US + 5).wakes_us is None


def test_tags_come_and_go_and_what_goes_wins():
    assert after(Tag(("b", "c"), ("a",)), tags=("a", "b")).tags == ("b", "c")
    assert after(Tag(("a",), ("a",)), tags=("a",)).tags == ()


def test_steps_of_the_investigation_are_ticked_and_unticked():
    assert after(Check(1), done=(0,)).done == (0, 1)
    assert after(Check(0, done=False), done=(0, 1)).done == (1,)


def test_a_case_that_is_escalated_is_nobody_s():
    case = after(Escalate("x"), assignee="ann", assigned_us=5, first_taken_us=5)
    assert (case.assignee, case.assigned_us, case.first_taken_us, case.escalated) == ("", None, 5, True)


def test_a_case_that_is_reopened_stands_as_before_it_was_closed_but_for_the_count():
    case = stepped(after(Close("cleared", "x", "apr_1"), assignee="ann"), Reopen("new"), ANN)
    assert case == case_with(assignee="ann", reopened=1, version=2)


def test_a_snooze_holds_until_its_time_and_only_while_the_case_is_open():
    case = case_with(wakes_us=NOW_US)
    assert case.is_snoozed(NOW_US - 1)
    assert not case.is_snoozed(NOW_US)
    assert not case_with(wakes_us=NOW_US, state="closed").is_snoozed(NOW_US - 1)


def test_a_case_is_late_after_its_time_and_only_while_it_is_open():
    case = case_with()
    assert not case.is_late(case.due_us)
    assert case.is_late(case.due_us + 1)
    assert not case_with(state="closed").is_late(case.due_us + 1)


STEPS = st.one_of(
    st.builds(Assign, st.text(max_size=9)), st.builds(Note, st.text(max_size=9)),
    st.builds(Tag, st.lists(st.text(max_size=3)).map(tuple), st.lists(st.text(max_size=3)).map(tuple)),
    st.builds(Snooze, st.integers(0, 2**62), st.text(max_size=3)), st.just(Wake()),
    st.builds(Check, st.integers(0, 20), st.booleans()), st.builds(Escalate, st.text(max_size=9)),
    st.builds(Close, st.sampled_from(["confirmed", "cleared", "undetermined"]), st.text(max_size=9), st.text()),
    st.builds(Reopen, st.text(max_size=9)), st.builds(Merge, st.text(max_size=9), st.text(max_size=9)),
    st.builds(Split, st.lists(st.integers(0, 2**62)).map(tuple), st.text(max_size=9)),
)  # fmt: skip


@given(STEPS)
def test_a_step_is_kept_and_read_again(step):
    assert unpack_step(pack_step(step)) == step


def test_every_step_has_a_name_of_its_own():
    verbs = [str(each.__struct_config__.tag) for each in get_args(Step)]
    assert len(set(verbs)) == len(verbs) == 16


@pytest.mark.parametrize("packed", [b"", b"{}", b'{"type":"fly"}', b'{"type":"note"}', b'{"type":"note","text":1}'])
def test_what_is_no_step_is_told(packed):
    with pytest.raises(msgspec.DecodeError):
        unpack_step(packed)


# ---- the order of the queue

CASES = st.builds(
    lambda level, amounts, hours, more_us: case_with(
        level=level, amounts=amounts, due_us=NOW_US + hours * HOUR_US + more_us
    ),
    st.sampled_from(LEVELS),
    st.dictionaries(st.sampled_from(["CNY", "JPY", "KWD"]), st.integers(-(10**15), 10**15), max_size=2),
    st.integers(-48, 48), st.integers(0, HOUR_US - 1),
)  # fmt: skip


def weight(case, now_us):
    """Risk × money × urgency, as a power of two: each level is worth four of the one below it, money its own size in
    powers of two, and urgency doubles with each hour.
    """
    whole = {"CNY": 100, "JPY": 1, "KWD": 1000}
    money = max((abs(minor) // whole[currency] for currency, minor in case.amounts.items()), default=0)
    size = 0
    while 2**size <= money and size < 30:
        size += 1
    return 2 * LEVELS.index(case.level) + size + Fraction(now_us - case.due_us, HOUR_US)


@given(st.lists(CASES, max_size=8), st.integers(0, 2 * NOW_US))
def test_the_order_of_the_queue_is_that_of_risk_times_money_times_urgency_at_any_time(cases, now_us):
    by_rank = sorted(range(len(cases)), key=lambda n: (rank_of(cases[n]), n))
    by_weight = sorted(range(len(cases)), key=lambda n: (-weight(cases[n], now_us), n))
    assert by_rank == by_weight


# ---- refusals


def why(case, step, who="ann", **more):
    return refusal(case, step, who, NOW_US, KIND, **more)


LONG = "长" * (TEXT_MAX + 1)
OTHER = case_with(id=case_id(9))
REFUSED = [
    ("changed", MINE, Note("x"), {"seen": 7}),
    ("not_open", CLOSED, Close("cleared", "x"), {}),
    ("not_open", case_with(state="merged"), Assign("ann"), {}),
    ("not_open", CLOSED, Tag(("a",)), {}),
    ("not_closed", MINE, Reopen("x"), {}),
    ("not_closed", case_with(state="merged"), Reopen("x"), {}),
    *(("not_yours", case_with(assignee=whose), step, {}) for whose in ("", "bob") for step in (
        Snooze(NOW_US + 1, "x"), Wake(), Check(0), Escalate("x"), Close("cleared", "x"), Merge(OTHER.id, "x"),
        Split((1,), "x"),
    )),
    ("not_yours", case_with(assignee="bob"), Assign("ann"), {}),
    ("not_yours", case_with(assignee="bob"), Assign(), {}),
    ("not_to_others", MINE, Assign("bob"), {}),
    ("escalated", case_with(escalated=True), Assign("ann"), {}),
    ("no_change", MINE, Assign("ann"), {}),
    ("no_change", case_with(), Assign(), {}),
    ("empty", MINE, Note(" \n"), {}),
    ("too_long", MINE, Note(LONG), {}),
    *((code, case, step(text), {}) for code, text in (("empty", ""), ("too_long", LONG)) for case, step in (
        (MINE, lambda text: Snooze(NOW_US + 1, text)), (MINE, Escalate), (MINE, lambda text: Close("cleared", text)),
        (CLOSED, Reopen),
    )),
    ("empty", MINE, Merge(OTHER.id, " "), {"other": OTHER}),
    ("empty", MINE, Split((1,), " "), {"alerts": (1, 2)}),
    ("not_ahead", MINE, Snooze(NOW_US, "x"), {}),
    ("too_far", MINE, Snooze(NOW_US + SNOOZE_MAX_US + 1, "x"), {}),
    ("no_change", MINE, Wake(), {}),
    ("no_step", MINE, Check(2), {}),
    ("no_step", MINE, Check(-1), {}),
    ("no_change", MINE, Check(0, done=False), {}),
    ("no_change", case_with(assignee="ann", done=(0,)), Check(0), {}),
    ("no_change", case_with(assignee="ann", escalated=True), Escalate("x"), {}),
    ("waiting", MINE, Close("undetermined", "x"), {"waiting": 1}),
    ("itself", MINE, Merge(MINE.id, "x"), {"other": MINE}),
    ("other_state", MINE, Merge(OTHER.id, "x"), {"other": None}),
    ("other_state", MINE, Merge(OTHER.id, "x"), {"other": case_with(state="closed")}),
    ("other_subject", MINE, Merge(OTHER.id, "x"), {"other": case_with(subject="u2")}),
    ("other_subject", MINE, Merge(OTHER.id, "x"), {"other": case_with(entity="device")}),
    ("no_alerts", MINE, Split((), "x"), {"alerts": (1, 2)}),
    ("others_alerts", MINE, Split((1, 3), "x"), {"alerts": (1, 2)}),
    ("all_alerts", MINE, Split((2, 1, 1), "x"), {"alerts": (1, 2)}),
    ("too_many", case_with(tags=tuple(map(str, range(TAGS_MAX)))), Tag(("new",)), {}),
    ("no_change", case_with(tags=("a",)), Tag(("a",), ("b",)), {}),
    *(("not_yours", case_with(assignee=whose, files=(FILE,)), Withdraw(0, "x"), {}) for whose in ("", "bob")),
    *((code, MINE, Task(text), {}) for code, text in (("empty", " "), ("too_long", LONG))),
    ("not_open", CLOSED, Task("x"), {}),
    ("too_many_tasks", case_with(tasks=(TASK,) * TASKS_MAX), Task("x"), {}),
    ("no_task", case_with(tasks=(TASK,)), Tick(1), {}),
    ("no_task", case_with(tasks=(TASK,)), Tick(-1), {}),
    ("no_change", case_with(tasks=(TASK,)), Tick(0, done=False), {}),
    ("not_open", CLOSED, PAPER, {}),
    ("too_many_files", case_with(files=(FILE,) * FILES_MAX), PAPER, {}),
    ("no_file", MINE, Withdraw(0, "x"), {}),
    ("no_file", case_with(assignee="ann", files=(GONE,)), Withdraw(0, "x"), {}),
    ("empty", case_with(assignee="ann", files=(FILE,)), Withdraw(0, ""), {}),
    ("own_verdict", CLOSED, Review(agrees=True, why="x"), {}),
    ("own_verdict", msgspec.structs.replace(CLOSED, closed_by="bob"), Review(agrees=True, why="x"),
     {"approvers": ("cleo", "ann")}),
    ("not_closed", MINE, Review(agrees=True, why="x"), {}),
    ("empty", msgspec.structs.replace(CLOSED, closed_by="bob"), Review(agrees=True, why=""), {}),
    ("reviewed", msgspec.structs.replace(CLOSED, closed_by="bob", looks=(LOOKED,)), Review(agrees=True, why="x"), {}),
    *(("not_a_tag", MINE, Tag((tag,)), {}) for tag in ("", " ", " a", "a ", "a\nb", "a\u202eb", "x" * (TAG_MAX + 1))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "case", "step", "more"), REFUSED)
def test_a_step_that_can_t_be_taken_is_refused_by_its_reason(code, case, step, more):
    assert why(case, step, **more) == code


def test_every_reason_is_reached():
    assert {code for code, *_ in REFUSED} == set(get_args(Refusal))


@pytest.mark.parametrize(("case", "step", "more"), [
    (MINE, Note("x"), {"seen": MINE.version}), (CLOSED, Note("x"), {}), (case_with(state="merged"), Note("x"), {}),
    (case_with(assignee="bob"), Note("x"), {}), (case_with(assignee="bob"), Tag(("a",)), {}), (MINE, Assign(), {}),
    (case_with(), Assign("ann"), {}), (MINE, Snooze(NOW_US + SNOOZE_MAX_US, "x"), {}),
    (case_with(assignee="ann", wakes_us=NOW_US + DAY_US), Wake(), {}), (MINE, Check(1), {}),
    (case_with(assignee="ann", done=(1,)), Check(1, done=False), {}), (MINE, Escalate("x" * TEXT_MAX), {}),
    (MINE, Close("undetermined", "x"), {}), (MINE, Close("confirmed", "x"), {"waiting": 3}), (CLOSED, Reopen("x"), {}),
    (MINE, Merge(OTHER.id, "x"), {"other": OTHER}), (MINE, Split((1,), "x"), {"alerts": (1, 2)}),
    (case_with(tags=tuple(map(str, range(TAGS_MAX)))), Tag(("new",), ("3",)), {}),
    (MINE, Tag(("长" * TAG_MAX,)), {}), (case_with(), Task("x"), {}), (case_with(tasks=(TASK,)), Tick(0), {}),
    (case_with(), PAPER, {}), (case_with(assignee="ann", files=(FILE,)), Withdraw(0, "x"), {}),
    (msgspec.structs.replace(CLOSED, closed_by="bob"), Review(agrees=False, why="x"), {}),
    (msgspec.structs.replace(CLOSED, closed_by="bob", reopened=1, looks=(LOOKED,)), Review(agrees=False, why="x"), {}),
])  # fmt: skip
def test_a_step_that_can_be_taken_is_not_refused(case, step, more):
    assert why(case, step, **more) is None


@pytest.mark.parametrize("step", [
    Snooze(NOW_US + 1, "x"), Check(0), Escalate("x"), Close("cleared", "x"), Assign("ann"), Assign("cleo"), Assign(),
])  # fmt: skip
def test_whoever_leads_may_act_on_cases_of_others(step):
    assert why(case_with(assignee="bob"), step, leads=True) is None


def test_a_case_whose_kind_the_packs_have_no_more_has_no_steps_to_tick_but_all_else():
    assert refusal(MINE, Check(0), "ann", NOW_US, None) == "no_step"
    assert refusal(MINE, Close("cleared", "x"), "ann", NOW_US, None) is None


def test_a_case_reads_back_as_it_was():
    case = after(Close("confirmed", "x"), tags=("a",), amounts={"CNY": 5}, done=(1,))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(case), type=Case) == case
