"""Windows answer exactly what the naive definition answers, for every fold, window and lag."""

import itertools
from unittest.mock import patch

import numpy as np
import pytest
from features_world import DAY, EVENTS, EVER, SECOND, SEVEN, calendar, definitions, feature, reads_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jindi.features import Batch, Windows, plan
from jindi.features.oracle import Oracle
from jindi.language import column_of
from jindi.packs.definitions import Over

OVERS = {
    "7s": SEVEN,
    "2s": Over("sliding", 2 * SECOND),
    "day": calendar("day"),
    "week": calendar("week"),
    "month": calendar("month"),
    "year": calendar("year"),
    "ever": EVER,
}
VALUES = {
    "count": ("",), "since_first": ("",), "since_last": ("",), "seen": ("device", ""),
    "sum": ("amount", "rebate"), "mean": ("amount", "rebate"), "std": ("amount", "rebate"),
    "min": ("amount", "risk", "due"), "max": ("amount", "risk"), "distinct": ("device", "amount", "risk"),
    "first": ("device", "amount", "risk", "night"), "last": ("device", "amount", "night"),
}  # fmt: skip


def every_feature():
    """One feature for each fold x value x window x lag, plain or with the other options in turn."""
    options = itertools.cycle(
        [{}, {}, {"current": "exclude"}, {"counts": "accepted"}, {"where": "amount > cny('0.05')"}]
    )
    made = []
    for fold, values in VALUES.items():
        for value, (over_name, over), lag in itertools.product(values, OVERS.items(), (0, 3 * SECOND)):
            name = f"{fold}_{value}_{over_name}_{lag // SECOND}"
            made.append(feature(name, fold, value, over=over, lag_us=lag, **next(options)))
    both = {"payment": "device", "login": "device"}
    for share in (0, 1, 500_000, 950_000, 1_000_000):
        for value, (over_name, over) in itertools.product(("amount", "risk"), OVERS.items()):
            if over is not EVER:
                name = f"quantile_{value}_{over_name}_{share}"
                made.append(feature(name, "quantile", value, over=over, quantile_ppm=share, **next(options)))
    pair = {"payment": ("user", "device"), "login": ("who", "device"), "look": ("user", "device")}
    all_alike = dict.fromkeys(EVENTS, ())
    for over_name, over in OVERS.items():
        for fold, value in (("count", ""), ("distinct", "user"), ("sum", "amount")):
            made.append(feature(f"all_{fold}_{over_name}", fold, value, over=over, by=all_alike, entities=()))
        made.append(feature(f"both_{over_name}", "distinct", both, over=over, of=("payment", "login")))
        made.append(feature(f"pair_{over_name}", "sum", "amount", over=over, by=pair, entities=("user", "device")))
        made.append(feature(f"hour_{over_name}", "count", over=over, of=("payment", "login"), where="hour >= 12"))
    return made


FEATURES = every_feature()
PLAN = plan(definitions(*FEATURES), reads_of(FEATURES), allowance_us=0)


def lies_flat(f):
    """Whether a batch has a loop of its own for a feature; one that has not takes its whole structure along."""
    return f.over.kind != "ever" and f.fold != "quantile" and not (f.fold == "seen" and f.lag_us)


FLAT_FEATURES = [f for f in FEATURES if lies_flat(f)]
FLAT_PLAN = plan(definitions(*FLAT_FEATURES), reads_of(FLAT_FEATURES), allowance_us=0)
WORLDS = {"all": (PLAN, FEATURES), "flat": (FLAT_PLAN, FLAT_FEATURES)}
ALWAYS, NEVER = 0, 10**9

USERS = st.sampled_from(["u1", "u2"])
DEVICES = st.sampled_from(["d1", "d2", "d3", "d4"])
AMOUNTS = st.one_of(st.integers(-9, 9), st.integers(-(10**15), 10**15))


def maybe(strategy):
    return st.one_of(st.none(), strategy)


RATIOS = st.floats(-5, 5, allow_subnormal=False)
PAYMENT = st.tuples(
    USERS,
    maybe(DEVICES),
    AMOUNTS,
    maybe(st.integers(-5, 5)),
    maybe(RATIOS),
    maybe(st.booleans()),
    maybe(st.integers(0, 99)),
)
LOGIN = st.tuples(USERS, DEVICES, st.integers(0, 9))
LOOK = st.tuples(USERS, DEVICES)
GAPS = st.sampled_from([0, 0, 1, SECOND, SECOND, 3 * SECOND, 7 * SECOND, DAY // 3, 5 * DAY, 200 * DAY])
EVENT = st.one_of(
    st.tuples(st.just("payment"), PAYMENT),
    st.tuples(st.just("payment"), PAYMENT),
    st.tuples(st.just("login"), LOGIN),
    st.tuples(st.just("look"), LOOK),
)
STORY = st.lists(st.tuples(GAPS, EVENT, st.sampled_from(["observe", "observe", "keep", "read"])), max_size=40)
SLOWLY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def tell(windows, oracle, story, start=1_700_000_000 * SECOND):
    """Hand a story to both; every answer must be the same, and of the same type."""
    now = start
    for gap, (event_type, values), act in story:
        now += gap
        if act == "read":
            got, expected = windows.read(event_type, now, values), oracle.read(event_type, now, values)
        else:
            got, expected = windows.observe(event_type, now, values), oracle.observe(event_type, now, values)
        assert dict(zip(oracle.reads[event_type], got, strict=True)) == dict(
            zip(oracle.reads[event_type], expected, strict=True)
        )
        assert [type(x) for x in got] == [type(x) for x in expected]
        if act == "keep":
            windows.keep(event_type, now, values)
            oracle.keep(event_type, now, values)
    return now


@SLOWLY
@given(STORY)
def test_windows_answer_what_the_definition_answers(story):
    tell(Windows(PLAN), Oracle(definitions(*FEATURES), PLAN.reads), story)


@SLOWLY
@given(STORY, STORY)
def test_a_restored_snapshot_answers_like_the_original(before, after):
    windows, oracle = Windows(PLAN), Oracle(definitions(*FEATURES), PLAN.reads)
    now = tell(windows, oracle, before)
    restored = Windows(PLAN)
    restored.load([(name, bytes(buffer)) for name, buffer in windows.save()])
    tell(restored, oracle, after, now)


def as_batch(story, start, coded=False):
    """A story of observed and kept events as a batch; `coded`: with columns of the language's."""
    types = ("payment", "login", "look")
    kinds, times, kept, rows, now = [], [], [], {name: [] for name in types}, start
    for gap, (event_type, values), act in story:
        now += gap
        kinds.append(types.index(event_type))
        times.append(now)
        kept.append(act == "keep")
        rows[event_type].append(values)
    columns = [
        [list(column) for column in zip(*rows[name], strict=True)] if rows[name] else [[]] * len(EVENTS[name].fields)
        for name in types
    ]
    if coded:
        columns = [
            [column_of(column, field.type.kind) for column, field in zip(table, EVENTS[name].fields, strict=True)]
            for name, table in zip(types, columns, strict=True)
        ]
    return Batch(types, np.array(kinds, np.int64), np.array(times, np.int64), columns, np.array(kept, np.bool_))


def in_batches(windows, oracle, stories, start=1_700_000_000 * SECOND, coded=False):
    """Hand stories over as a batch each; every answer must be that of the definition. The next instant."""
    now = start
    for story in stories:
        batch = as_batch(story, now, coded)
        expected = {name: [] for name in batch.event_types}
        for gap, (event_type, values), act in story:
            now += gap
            expected[event_type].append(oracle.observe(event_type, now, values))
            if act == "keep":
                oracle.keep(event_type, now, values)
        answers = windows.observe_batch(batch)
        assert [table.rows() for table in answers] == [expected[name] for name in batch.event_types]
    return now


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("by_list_from", [ALWAYS, NEVER], ids=["list by list", "event by event"])
@SLOWLY
@given(stories=st.lists(STORY, max_size=4), after=STORY, coded=st.booleans())
def test_a_batch_of_any_size_answers_what_the_definition_answers_and_leaves_the_same_state(
    world, by_list_from, stories, after, coded
):
    program, features = WORLDS[world]
    windows, oracle = Windows(program), Oracle(definitions(*features), program.reads)
    with patch("jindi.features.windows.LISTWISE_FROM", by_list_from):
        now = in_batches(windows, oracle, stories, coded=coded)
    restored = Windows(program)
    restored.load([(name, bytes(buffer)) for name, buffer in windows.save()])
    tell(restored, oracle, after, now)


@pytest.mark.parametrize("by_list_from", [ALWAYS, NEVER], ids=["list by list", "event by event"])
@SLOWLY
@given(stories=st.lists(STORY, max_size=4), after=STORY)
def test_a_batch_that_is_only_fed_leaves_the_same_state(by_list_from, stories, after):
    windows, oracle, now = Windows(PLAN), Oracle(definitions(*FEATURES), PLAN.reads), 1_700_000_000 * SECOND
    for story in stories:
        with patch("jindi.features.windows.LISTWISE_FROM", by_list_from):
            windows.feed_batch(as_batch(story, now))
        for gap, (event_type, values), act in story:
            now += gap
            oracle.observe(event_type, now, values)
            if act == "keep":
                oracle.keep(event_type, now, values)
    tell(windows, oracle, after, now)
