"""Events that are counted in groups come to what they come to one by one, whatever they are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.packs import OUTCOMES
from jindi.run.backtest.tally import Groups, RuleTally, Tally, farthest

RULES = ("first", "second", "third")
LABELS = {-1: None, 0: False, 1: True}
AMOUNTS = st.one_of(st.integers(-100, 10_000), st.integers(-(2**63), 2**63 - 1))
EVENT = st.tuples(
    AMOUNTS, st.sampled_from(list(LABELS)), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2),
    st.integers(-1, 4_000), st.sets(st.sampled_from(range(len(RULES)))),
)  # fmt: skip
DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")


def columns(events):
    """The events side by side: their groups, the day, the place of the customer, and who was hit."""
    minor, labels, was, would, days, people, hits = zip(*events, strict=True)
    amounts = np.array(minor, np.int64)
    groups = Groups(
        np.arange(len(events)), amounts, np.array(labels, np.int8), np.array(was), np.array(would), farthest(amounts)
    )
    table = np.array([[place in each for each in hits] for place in range(len(RULES))])
    return groups, np.array(days), np.array(people), table


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=200))
def test_groups_of_events_count_as_single_events_do(events):
    plain, together = Tally(), Tally()
    for seq, (minor, label, was, would, day, person, hits) in enumerate(events):
        who = None if person < 0 else f"c{person}"
        had, has = str(OUTCOMES[was]), str(OUTCOMES[would])
        plain.count(seq, f"e{seq}", DAYS[day], who, who, minor, LABELS[label], had, has, [], frozenset())
        Tally.hit(plain.rules, [RULES[hit] for hit in hits], minor, LABELS[label])
    groups, days, people, table = columns(events)
    names = [f"c{number}" for number in range(4_001)]
    together.count_groups(groups, DAYS, days, (names, people))
    together.disturb_groups(names, people, groups)
    Tally.hit_groups(together.rules, RULES, table, groups)
    for name in ("whole", "days", "segments", "matrix", "rules"):
        assert getattr(together, name) == getattr(plain, name)
    for name in ("customers", "customers_live", "honest", "honest_live"):
        assert getattr(together, name) == getattr(plain, name)


def test_rules_that_nobody_hit_are_not_counted():
    groups, _, _, table = columns([(5, -1, 0, 0, 0, -1, set())] * 70)
    rules: dict[str, RuleTally] = {}
    Tally.hit_groups(rules, RULES, table, groups)
    Tally.hit_groups(rules, (), table[:0], groups)
    assert rules == {}
