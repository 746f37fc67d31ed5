"""From sums to what an author wants to know: what would change, for whom, at what price, and how sure that is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from jindi.packs import OUTCOMES
from jindi.run.backtest.tally import STOPPED, Money, RuleTally, Slice, Tally

CONFIDENCE = 0.95
_Z = 1.959963984540054
BOOTSTRAPS = 1_000
SEED = 20_261_123
ORDER = tuple(str(outcome) for outcome in OUTCOMES)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval at 95 % (Wilson 1927): None without any trials."""

    value: float
    low: float
    high: float


def wilson(hits: int, trials: int) -> Share | None:
    """The score interval of a share, which stays inside [0, 1] and holds for few trials.

    >>> share = wilson(8, 10)
    >>> round(share.low, 4), round(share.high, 4)
    (0.4902, 0.9433)
    """
    if trials == 0:
        return None
    share, spread = hits / trials, _Z * _Z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Share(share, low if hits else 0.0, high if hits < trials else 1.0)  # where rounding would miss the end


def by_days(days: Sequence[Slice], figure: Callable[[Sequence[Slice]], float | None]) -> tuple[float, float] | None:
    """The 95 % interval of a figure when whole days are drawn with replacement: events of a day hang together.

    Fewer than seven days say nothing about how days differ.
    """
    if len(days) < 7:
        return None
    draw = np.random.default_rng(SEED)
    found = [
        value
        for _ in range(BOOTSTRAPS)
        if (value := figure([days[i] for i in draw.integers(0, len(days), len(days))])) is not None
    ]
    if len(found) < BOOTSTRAPS // 2:
        return None
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def report(tally: Tally) -> dict[str, Any]:
    """The document of one event type: see docs/backtest.md for each figure's meaning."""
    days = [tally.days[day] for day in sorted(tally.days)]
    return {
        "events": tally.whole.decided.events,
        "labelled": {"true": tally.whole.decided.true, "false": tally.whole.decided.false},
        "matrix": {
            was: {would: _money(tally.matrix.get(was, {}).get(would, Money())) for would in ORDER} for was in ORDER
        },
        "changed": sum(
            money.events for was, row in tally.matrix.items() for would, money in row.items() if was != would
        ),
        "live": _side(tally.whole.live, tally.whole.decided, days, lambda each: each.live),
        "candidate": _side(tally.whole.candidate, tally.whole.decided, days, lambda each: each.candidate),
        "customers": {
            "live": {"stopped": len(tally.customers_live), "honest": len(tally.honest_live)},
            "candidate": {"stopped": len(tally.customers), "honest": len(tally.honest)},
        },
        "reviews_per_day": {
            "live": _load([each.live.get("review", Money()).events for each in days]),
            "candidate": _load([each.candidate.get("review", Money()).events for each in days]),
        },
        "rules": {
            "live": _rules(tally.rules_live, tally.whole.decided),
            "candidate": _rules(tally.rules, tally.whole.decided),
        },
        "days": {day: _slice(tally.days[day]) for day in sorted(tally.days)},
        "segments": {name: _slice(tally.segments[name]) for name in sorted(tally.segments)},
        "degraded": tally.degraded,
        "samples": {change: [each.seq for each in cell] for change, cell in sorted(tally.samples.items())},
    }


def _money(money: Money) -> dict[str, int]:
    return {
        "events": money.events, "minor": money.minor, "true": money.true, "true_minor": money.true_minor,
        "false": money.false, "false_minor": money.false_minor,
    }  # fmt: skip


def _slice(part: Slice) -> dict[str, Any]:
    return {
        "decided": _money(part.decided),
        "live": {name: _money(part.live[name]) for name in ORDER if name in part.live},
        "candidate": {name: _money(part.candidate[name]) for name in ORDER if name in part.candidate},
    }


def stopped(outcomes: Mapping[str, Money]) -> Money:
    """What was not simply let through."""
    total = Money()
    for name in STOPPED:
        if name in outcomes:
            total.add(outcomes[name])
    return total


def _side(
    outcomes: Mapping[str, Money], decided: Money, days: Sequence[Slice],
    of: Callable[[Slice], Mapping[str, Money]],
) -> dict[str, Any]:  # fmt: skip
    held = stopped(outcomes)

    def caught(drawn: Sequence[Slice]) -> float | None:
        total = sum(each.decided.true_minor for each in drawn)
        return sum(stopped(of(each)).true_minor for each in drawn) / total if total else None

    def wrongly(drawn: Sequence[Slice]) -> float | None:
        total = sum(each.decided.false_minor for each in drawn)
        return sum(stopped(of(each)).false_minor for each in drawn) / total if total else None

    return {
        "outcomes": {name: _money(outcomes.get(name, Money())) for name in ORDER},
        "stopped": _money(held),
        "precision": _share(wilson(held.true, held.true + held.false)),
        "recall": _share(wilson(held.true, decided.true)),
        "false_alarms": _share(wilson(held.false, decided.false)),
        "money_caught_minor": held.true_minor,
        "money_missed_minor": decided.true_minor - held.true_minor,
        "money_wrongly_stopped_minor": held.false_minor,
        "money_caught_share": _figure(caught, days),
        "money_wrongly_stopped_share": _figure(wrongly, days),
    }


def _figure(figure: Callable[[Sequence[Slice]], float | None], days: Sequence[Slice]) -> dict[str, Any] | None:
    value = figure(days)
    if value is None:
        return None
    between = by_days(days, figure)
    return {"value": value, "low": between[0] if between else None, "high": between[1] if between else None}


def _share(share: Share | None) -> dict[str, float] | None:
    return None if share is None else {"value": share.value, "low": share.low, "high": share.high}


def _load(counts: Sequence[int]) -> dict[str, float]:
    if not counts:
        return {"mean": 0.0, "most": 0}
    return {"mean": sum(counts) / len(counts), "most": max(counts)}


def _rules(rules: Mapping[str, RuleTally], decided: Money) -> dict[str, Any]:
    return {name: _rule(rules[name], decided) for name in sorted(rules)}


def _rule(rule: RuleTally, decided: Money) -> dict[str, Any]:
    hits, judged = rule.hits, rule.hits.true + rule.hits.false
    base = decided.true / (decided.true + decided.false) if decided.true + decided.false else 0.0
    precision = wilson(hits.true, judged)
    return {
        **_money(hits),
        "share": hits.events / decided.events if decided.events else 0.0,
        "alone": rule.alone,
        "precision": _share(precision),
        "recall": _share(wilson(hits.true, decided.true)),
        "lift": precision.value / base if precision is not None and base else None,
        # Whenever this rule is hit, so are these: it says nothing that they don't.
        "always_with": sorted(name for name, count in rule.beside.items() if count == hits.events),
        "beside": dict(sorted(rule.beside.items(), key=lambda pair: (-pair[1], pair[0]))[:8]),
    }
