"""State over time: long lists, hot keys, reclaiming, growing, restoring, and taking over from other packs."""

import random

import numpy as np
import pytest
from features_world import DAY, EVER, SECOND, calendar, definitions, feature, reads_of

from jindi.basics.problems import Problems
from jindi.features import Batch, Windows, plan, warm
from jindi.features.oracle import Oracle
from jindi.packs.definitions import Over

START = 1_700_000_000 * SECOND
MINUTE = Over("sliding", 60 * SECOND)
HOUR = Over("sliding", 3600 * SECOND)

FOLDS = (
    ("count", ""), ("sum", "amount"), ("std", "amount"), ("min", "amount"), ("max", "amount"), ("distinct", "device"),
    ("seen", "device"), ("first", "device"), ("last", "amount"), ("since_first", ""),
)  # fmt: skip
OVERS = {"m": MINUTE, "h": HOUR, "day": calendar("day"), "ever": EVER}
FEATURES = [
    feature(f"{fold}_{value}_{name}_{lag}", fold, value, over=over, lag_us=lag * SECOND)
    for fold, value in FOLDS
    for name, over in OVERS.items()
    for lag in (0, 45)
]
FEATURES += [
    feature("median_h", "quantile", "amount", over=HOUR, quantile_ppm=500_000),
    feature("p95_m", "quantile", "amount", over=MINUTE, quantile_ppm=950_000),
    feature("p5_day", "quantile", "amount", over=calendar("day"), quantile_ppm=50_000),
]
DEFINITIONS = definitions(*FEATURES)
READS = {"payment": frozenset(f.name for f in FEATURES)}
PLAN = plan(DEFINITIONS, READS)
SPARSE = plan(DEFINITIONS, READS, allowance_us=0)
FLAT_FEATURES = [
    f for f in FEATURES if f.over is not EVER and f.fold != "quantile" and not (f.fold == "seen" and f.lag_us)
]
FLAT = plan(
    definitions(*FLAT_FEATURES), {"payment": frozenset(f.name for f in FLAT_FEATURES)}, allowance_us=MINUTE.length_us
)
"""Only what a batch has loops of its own for."""


def payment(user, device, amount):
    return (user, device, amount, None, None, None, None)


def steps(count, *, gap=2 * SECOND, amounts=None, devices=30, users=1, seed=1):
    chance = random.Random(seed)
    now = START
    for i in range(count):
        now += gap if isinstance(gap, int) else chance.choice(gap)
        amount = amounts(i) if amounts else chance.randint(-(10**6), 10**6)
        yield now, payment(f"u{chance.randrange(users)}", f"d{chance.randrange(devices)}", amount)


ORDERS = {
    "amounts that only rise": {"amounts": lambda i: i},
    "amounts that only fall": {"amounts": lambda i: -i},
    "amounts that never change": {"amounts": lambda i: 7},
    "events at one instant": {"gap": 0},
    "bursts and silences": {"gap": [0, 1, SECOND, 40 * SECOND, 3 * DAY // 2]},
    "as many devices as events": {"devices": 10**9},
    "one device": {"devices": 1},
    "all users new": {"users": 10**9},
    "few users": {"users": 7, "gap": 400 * SECOND},
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("program", [PLAN, SPARSE], ids=["with allowance", "without"])
def test_long_lists_answer_what_the_definition_answers(order, program):
    windows, oracle = Windows(program), Oracle(DEFINITIONS, program.reads)
    for i, (now, values) in enumerate(steps(800, **ORDERS[order])):
        if i % 160 == 159 or i < 3:
            assert windows.read("payment", now, values) == oracle.read("payment", now, values)
        windows.observe("payment", now, values)
        oracle._feed("attempts", "payment", now, values)
        if i == 500:
            restored = Windows(program)
            restored.load(windows.save())
            windows = restored
        if i % 100 == 0:
            windows.sweep(5)


REMEMBERED = [f for f in FEATURES if f.fold in ("min", "max", "distinct", "std")]


@pytest.mark.parametrize(
    "order", ["amounts that only rise", "amounts that only fall", "bursts and silences", "one device"]
)
def test_what_is_remembered_between_two_readings_is_what_would_be_found_anew(order):
    """Every answer is looked at; now and then somebody reads ahead of the lane, and the lane goes on behind him."""
    definitions_, chance = definitions(*REMEMBERED), random.Random(6)
    program = plan(definitions_, {"payment": frozenset(f.name for f in REMEMBERED)}, allowance_us=0)
    windows, oracle = Windows(program), Oracle(definitions_, program.reads)
    for now, values in steps(260, **{"gap": [0, SECOND, 9 * SECOND, 50 * SECOND], **ORDERS[order]}):
        if chance.random() < 0.2:
            later = now + chance.choice([1, 30 * SECOND, 2 * 3600 * SECOND])
            assert windows.read("payment", later, values) == oracle.read("payment", later, values)
        assert windows.observe("payment", now, values) == oracle.observe("payment", now, values)
        if chance.random() < 0.02:
            windows.sweep(5)


def test_a_hot_key_of_twenty_thousand_events_is_exact():
    now, count = START, 20_000
    chance = np.random.default_rng(5)
    times = START + np.cumsum(chance.integers(0, 300_000, count))
    amounts, devices = chance.integers(-(10**12), 10**12, count), chance.integers(0, 3000, count)
    columns = [["u1"] * count, [f"d{i}" for i in devices], amounts, None, None, None, None]
    few = [f for f in FEATURES if f.lag_us == 0 and f.over in (MINUTE, HOUR)]
    program = plan(definitions(*few), {"payment": frozenset(f.name for f in few)})
    windows, oracle = Windows(program), Oracle(definitions(*few), program.reads)
    windows.observe_batch(Batch(("payment",), np.zeros(count, np.int64), times, [columns]))
    for now, device, amount in zip(times.tolist(), devices.tolist(), amounts.tolist(), strict=True):
        oracle._feed("attempts", "payment", now, payment("u1", f"d{device}", amount))
    for later in (0, 50 * SECOND):
        values = payment("u1", "d77", 12345)
        assert windows.read("payment", now + later, values) == oracle.read("payment", now + later, values)


@pytest.mark.parametrize("fold", ["last", "since_last"])
@pytest.mark.parametrize("allowance_us", [0, 3600 * SECOND])
def test_the_last_event_as_of_a_lag_is_known_however_long_ago_it_was(fold, allowance_us):
    lagged = feature("lagged", fold, "amount" if fold == "last" else "", over=EVER, lag_us=45 * SECOND)
    windows = Windows(plan(definitions(lagged), {"payment": frozenset({"lagged"})}, allowance_us=allowance_us))
    oracle = Oracle(definitions(lagged), windows.plan.reads)
    for now, values in steps(400, gap=[0, 1, SECOND, 44 * SECOND, DAY, 200 * DAY], users=3):
        assert windows.observe("payment", now, values) == oracle.observe("payment", now, values)


def test_a_reader_ahead_of_the_lane_disturbs_nothing():
    windows, oracle = Windows(PLAN), Oracle(DEFINITIONS, PLAN.reads)
    for i, (now, values) in enumerate(steps(300, devices=9)):
        if i % 9 == 0:
            assert windows.read("payment", now, values) == oracle.read("payment", now, values), i
        windows.observe("payment", now, values)
        oracle._feed("attempts", "payment", now, values)
        if i % 20 == 0:
            ahead = now + (i % 5) * 30 * SECOND
            assert windows.read("payment", ahead, values) == oracle.read("payment", ahead, values)
            windows.entity("user", "u0", ahead)


def test_an_entity_is_read_without_an_event():
    windows = Windows(PLAN)
    for now, values in steps(10, amounts=lambda i: i + 1):
        windows.observe("payment", now, values)
    row = windows.entity("user", "u0", now)
    assert (row["count__h_0"], row["sum_amount_h_0"], row["max_amount_ever_0"]) == (10, 55, 10)
    assert row["seen_device_h_0"] is None
    assert windows.entity("user", "stranger", now)["count__h_0"] == 0


def test_sweeping_forgets_what_no_window_reaches():
    kept = [f for f in FEATURES if f.over.kind == "sliding"]
    windows = Windows(plan(definitions(*kept), {"payment": frozenset(f.name for f in kept)}))
    for now, values in steps(3000, users=500, devices=500):
        windows.observe("payment", now, values)
    before = windows.memory()
    windows.observe("payment", now + DAY, payment("late", "late", 1))
    dropped = sum(windows.sweep(100) for _ in range(30))
    after = windows.memory()
    assert dropped > 0
    assert sum(s.records for s in before.structures) - dropped == sum(s.records for s in after.structures) - 2
    assert [s.keys for s in after.structures] == [1, 1]
    assert sum(s.bytes for s in after.structures) < sum(s.bytes for s in before.structures) / 100
    assert windows.entity("user", "late", now + DAY)["count__h_0"] == 1


def test_memory_stays_bounded_while_the_window_moves():
    kept = [f for f in FEATURES if f.over is MINUTE]
    windows = Windows(plan(definitions(*kept), {"payment": frozenset()}, allowance_us=0))
    sizes = []
    for i, (now, values) in enumerate(steps(20_000, users=3)):
        windows.observe("payment", now, values)
        if i % 2000 == 1999:
            sizes.append(windows.memory().total_bytes)
    assert sizes[-1] <= 1.2 * sizes[1]


def test_an_ever_set_is_reported_as_kept_whole():
    windows = Windows(PLAN)
    for now, values in steps(100):
        windows.observe("payment", now, values)
    whole = [s for s in windows.memory().structures if s.kept_whole]
    assert [all("ever" in name for name in s.features) for s in whole] == [True]


def adopted(old_features, new_features, story):
    """Windows of the old features fed with a story, and windows of the new ones that took over from them."""
    old = Windows(plan(definitions(*old_features), reads_of(old_features)))
    for now, values in story:
        old.observe("payment", now, values)
    program = plan(definitions(*new_features), reads_of(new_features), before=old.plan)
    new = Windows(program)
    return old, new, new.adopt(old)


def test_a_snapshot_taken_before_growing_keeps_its_moment():
    kept = [feature("sum", "sum", "amount", over=HOUR)]
    windows = Windows(plan(definitions(*kept), {"payment": frozenset({"sum"})}))
    events = list(steps(60_000, users=20_000, gap=1000))
    for now, values in events[:50]:
        windows.feed("payment", now, values)
    views = [(name, buffer) for name, buffer in windows.save()]
    moment = [(name, bytes(buffer)) for name, buffer in views]
    for now, values in events[50:]:
        windows.feed("payment", now, values)
    assert windows.memory().total_bytes > 8 * 2**17
    restored = Windows(windows.plan)
    restored.load(moment)
    assert restored.entity("user", events[0][1][0], events[49][0])["sum"] is not None
    oracle = Oracle(definitions(*kept), windows.plan.reads)
    for now, values in events:
        oracle._feed("attempts", "payment", now, values)
    for _, values in events[::6000]:
        assert windows.read("payment", now, values) == oracle.read("payment", now, values)


def test_a_key_forgotten_between_observing_and_keeping_is_known_again():
    kept = [feature("kept", "count", over=HOUR, counts="accepted")]
    windows = Windows(plan(definitions(*kept), {"payment": frozenset({"kept"})}))
    values = payment("u1", "d1", 1)
    windows.observe("payment", START, values)
    windows.sweep(100)
    windows.observe("payment", START, payment("u2", "d1", 1))
    windows.keep("payment", START, values)
    assert windows.entity("user", "u1", START) == {"kept": 1}
    assert windows.entity("user", "u2", START) == {"kept": 0}


def test_a_new_feature_leaves_the_state_of_others_alone():
    old = [f for f in FEATURES if f.fold in ("count", "sum", "distinct")]
    story = list(steps(600, users=3))
    _, new, absent = adopted(old, FEATURES, story)
    oracle = Oracle(definitions(*FEATURES), new.plan.reads)
    for now, values in story:
        oracle._feed("attempts", "payment", now, values)
    got, expected = (x.read("payment", now, values) for x in (new, oracle))
    for name, mine, true in zip(new.plan.reads["payment"], got, expected, strict=True):
        assert mine == (None if name in absent else true), name
    assert not absent & {f.name for f in old}


def test_a_shorter_window_is_free_and_a_longer_one_is_absent():
    old = [feature("hour", "sum", "amount", over=HOUR)]
    new = [
        *old,
        feature("minute", "max", "amount", over=MINUTE),
        feature("lagged", "std", "amount", over=MINUTE, lag_us=60 * SECOND),
        feature("week", "sum", "amount", over=calendar("week")),
        feature("ever", "sum", "amount", over=EVER),
        feature("other", "distinct", "device", over=MINUTE),
    ]
    assert adopted(old, new, list(steps(50)))[2] == {"week", "ever", "other"}


def test_absent_features_come_back_when_a_replay_is_adopted():
    old = [feature("hour", "sum", "amount", over=HOUR), feature("count", "count", over=HOUR)]
    new = [*old, feature("devices", "distinct", "device", over=HOUR), feature("ever", "sum", "amount", over=EVER)]
    story = list(steps(3000, users=5))
    _, running, absent = adopted(old, new, story)
    assert absent == {"devices", "ever"}
    replay = Windows(running.plan)
    for now, values in story:
        replay.observe("payment", now, values)
    more = (now + SECOND, payment("u9", "d-new", 5))
    for windows in (running, replay):
        windows.observe("payment", *more)
    assert running.adopt(replay) == frozenset()
    now, values = now + 2 * SECOND, payment("u9", "d-new", 6)
    assert running.observe("payment", now, values) == replay.observe("payment", now, values)
    now, values = now + 2 * SECOND, payment("u1", "d1", 6)
    assert running.observe("payment", now, values) == replay.observe("payment", now, values)


def test_a_count_keeps_its_list_when_a_sum_joins_it():
    old = [feature("count", "count", over=HOUR)]
    new = [*old, feature("hour", "sum", "amount", over=HOUR)]
    _, windows, absent = adopted(old, new, list(steps(20)))
    assert absent == {"hour"}
    assert windows.entity("user", "u0", windows.as_of_us) == {"count": 20, "hour": None}


def test_windows_at_another_instant_are_not_adopted():
    _, running, _ = adopted(FEATURES[:4], FEATURES, list(steps(20)))
    with pytest.raises(ValueError, match="another instant"):
        running.adopt(Windows(running.plan))


def one(now):
    columns = [["u1"], ["d1"], [1], None, None, None, None]
    return Batch(("payment",), np.zeros(1, np.int64), np.array([now]), [columns])


def test_as_of_never_goes_back():
    windows = Windows(PLAN)
    windows.observe("payment", START, payment("u1", "d1", 1))
    for act in (windows.observe, windows.read, windows.keep, windows.feed):
        with pytest.raises(ValueError, match="as_of order"):
            act("payment", START - 1, payment("u1", "d1", 1))
    with pytest.raises(ValueError, match="as_of order"):
        windows.observe_batch(one(START - 1))


def test_a_sum_that_would_not_fit_is_refused_before_anything_changes():
    windows = Windows(PLAN)
    row = windows.observe("payment", START, payment("u1", "d1", 2**60))
    assert windows.observe("payment", START, payment("u1", "d1", 2**60))[-1] is not None
    for amount in (2**60, 2**61, 2**70):
        with pytest.raises(OverflowError):
            windows.observe("payment", START, payment("u1", "d1", amount))
    assert windows.entity("user", "u1", START)["count__h_0"] == 2
    assert len(row) == len(FEATURES)


def test_a_snapshot_of_other_definitions_is_refused():
    held = list(Windows(PLAN).save())
    with pytest.raises(ValueError, match="of other definitions"):
        Windows(SPARSE).load(held)
    with pytest.raises(ValueError, match="no head"):
        Windows(PLAN).load([])


def test_wrong_numbers_of_values_are_refused():
    with pytest.raises(ValueError, match="2 values for 7 declared fields"):
        Windows(PLAN).observe("payment", START, ("u1", "d1"))


def test_what_can_not_be_exact_does_not_load():
    wrong = [
        feature("a", "sum", "risk"),
        feature("b", "max", "device"),
        feature("c", "quantile", "amount", over=EVER),
        feature("d", "quantile", "amount", lag_us=5),
    ]
    with pytest.raises(Problems) as raised:
        plan(definitions(*wrong), {})
    assert [problem.item for problem in raised.value.problems] == ["a", "b", "c", "d"]


def test_a_read_without_a_key_does_not_load():
    with pytest.raises(Problems, match="can't be read on look: no key"):
        plan(definitions(feature("a", "count", by={"payment": ("user",)})), {"look": frozenset({"a"})})


def test_warming_tells_what_it_loads():
    told = []
    warm(lambda name, number, count: told.append((name, number, count)))
    assert [number for _, number, _ in told] == list(range(1, len(told) + 1))


def test_lists_that_shrink_while_they_are_swept_leave_their_neighbours_alone():
    """A bug once: what a large slab holds and a small one has no room for was written behind the small one."""
    swept, plain, chance, now = Windows(SPARSE), Windows(SPARSE), random.Random(3), START
    for _ in range(12):
        for user in range(6):
            for _ in range(chance.choice([3, 40, 150])):
                now += chance.randrange(0, SECOND)
                values = payment(f"u{user}", f"d{chance.randrange(20)}", chance.randrange(1, 10**6))
                assert swept.observe("payment", now, values) == plain.observe("payment", now, values)
        # Most of each list falls out of its windows (the longest is a day), some of it stays: it moves to a
        # smaller slab.
        for quiet in range(chance.randrange(1, 5)):
            now += DAY // 2 + 3600 * SECOND
            for user in range(6):
                for number in range(user):
                    values = payment(f"u{user}", f"d{number}", quiet + 1)
                    assert swept.observe("payment", now, values) == plain.observe("payment", now, values)
            swept.sweep(1000)


# ---- batches --------------------------------------------------------------------------------------


def as_batch(story):
    columns = [list(column) for column in zip(*(values for _, values in story), strict=True)]
    times = np.array([now for now, _ in story], np.int64)
    return Batch(("payment",), np.zeros(len(story), np.int64), times, [columns])


def singly(windows, story):
    return [windows.observe("payment", now, values) for now, values in story]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("program", [PLAN, SPARSE, FLAT], ids=["with allowance", "without", "flat"])
@pytest.mark.parametrize("by_list_from", [0, 10**9], ids=["list by list", "event by event"])
def test_batches_answer_what_single_calls_answer(order, program, by_list_from, monkeypatch):
    """Lists grow, are reclaimed and move on, within a batch and from one to the next; the arena grows with them."""
    monkeypatch.setattr("jindi.features.windows.LISTWISE_FROM", by_list_from)
    together, alone, story = Windows(program), Windows(program), list(steps(3000, **ORDERS[order]))
    for begin, end in ((0, 1), (1, 40), (40, 800), (800, 900), (900, 2500)):
        (answers,) = together.observe_batch(as_batch(story[begin:end]))
        assert answers.rows() == singly(alone, story[begin:end])
        assert together.memory().structures == alone.memory().structures
    assert singly(together, story[2500:]) == singly(alone, story[2500:])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("program", ["flat", "sparse"])
def test_a_batch_lays_aside_what_no_window_reaches_and_what_is_too_much_to_copy(seed, program):
    """Lists that hold far more than a batch brings, lists of which most is too old, hot keys beside cold ones."""
    chance = random.Random(seed)
    program = {"flat": FLAT, "sparse": SPARSE}[program]
    gap = [0, SECOND, chance.choice([9, 400, 4000]) * SECOND]
    story = list(steps(6000, gap=gap, users=chance.choice([2, 40]), devices=chance.choice([3, 500]), seed=seed))
    together, alone, at = Windows(program), Windows(program), 0
    while at < len(story):
        size = chance.choice([1, 256, 300, 2500])
        (answers,) = together.observe_batch(as_batch(story[at : at + size]))
        assert answers.rows() == singly(alone, story[at : at + size])
        assert together.memory().structures == alone.memory().structures
        at += size


def test_a_batch_with_a_sum_that_would_not_fit_feeds_what_stands_before_it():
    amounts = [1, 2**60, 5, 2**60, -3, 2**60, 7]
    story = [(START + i, payment(f"u{i % 2}", "d1", amount)) for i, amount in enumerate(amounts)]
    together, alone = Windows(PLAN), Windows(PLAN)
    singly(alone, story[:5])
    with pytest.raises(OverflowError, match="would leave 61 bits"):
        together.observe_batch(as_batch(story))
    assert together.as_of_us == alone.as_of_us
    after = [(START + 9, payment(user, "d2", -4)) for user in ("u0", "u1")]
    assert singly(together, after) == singly(alone, after)


@pytest.mark.parametrize("bits", range(57, 61))
@pytest.mark.parametrize("turn", [2, 3, 5])
def test_sums_near_their_limit_are_refused_at_the_same_event_or_not_at_all(bits, turn):
    """Amounts that rise and fall in turns while lists run full: here and there one too many."""
    kept = [feature("sum", "sum", "amount", over=MINUTE), feature("std", "std", "amount", over=MINUTE)]
    program = plan(definitions(*kept), {"payment": frozenset({"sum", "std"})}, allowance_us=0)
    story = [(START + i * 25 * SECOND, payment("u0", "d", (-1) ** (i // turn) * (2**bits - i))) for i in range(90)]
    found = []
    for hand_over in (lambda windows: windows.observe_batch(as_batch(story)), lambda windows: singly(windows, story)):
        windows, refused = Windows(program), False
        try:
            hand_over(windows)
        except OverflowError:
            refused = True
        found.append((refused, windows.as_of_us, windows.entity("user", "u0", START)))
    assert found[0] == found[1]
