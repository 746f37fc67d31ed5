"""What the platform counts of itself: outcomes, rules, latencies, commits. Plain numbers, no labels of people."""

from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field

from jindi.engine import Decision, EventProgram

LATENCY_BOUNDS_US = tuple(int(100 * 1.25**step) for step in range(52))
"""Upper bounds of the latency histogram's buckets: 0.1 ms to about 9 s, each a quarter wider than the last."""

MINUTES_KEPT = 60


@dataclass(slots=True)
class Minute:
    """One minute of decisions."""

    start_us: int
    outcomes: Counter[str] = field(default_factory=Counter)
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_US) + 1))


class Measures:
    """Counters since the start, and the last hour by minute."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.shadow_rules: Counter[tuple[str, str]] = Counter()
        self.shadow_outcomes: Counter[tuple[str, str]] = Counter()
        self.refused = self.busy = self.degraded = 0
        self.latency = [0] * (len(LATENCY_BOUNDS_US) + 1)
        self.latency_sum_us = 0
        self.commits = self.records = 0
        self.commit_sum_s = 0.0
        self.minutes: deque[Minute] = deque(maxlen=MINUTES_KEPT)
        self._seconds: deque[list[int]] = deque(maxlen=MINUTES_KEPT)

    def decided(self, event_type: str, decision: Decision, ep: EventProgram, now_us: int) -> None:
        """Count a decision."""
        outcome = str(decision.outcome)
        self.outcomes[event_type, outcome] += 1
        start_us = now_us - now_us % 60_000_000
        if not self.minutes or self.minutes[-1].start_us != start_us:
            self.minutes.append(Minute(start_us))
        self.minutes[-1].outcomes[outcome] += 1
        second = now_us // 1_000_000
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0])
        self._seconds[-1][1] += 1
        if decision.degraded:
            self.degraded += 1
        if decision.hits and ep.live is not None:
            policy = ep.live.policy
            for hit in decision.hits:
                self.rules[policy.id, policy.rules[hit].id] += 1
        for shadow, verdict in zip(ep.shadows, decision.shadows, strict=True):
            policy = shadow.policy
            self.shadow_outcomes[policy.id, str(verdict.outcome)] += 1
            for hit in verdict.hits:
                self.shadow_rules[policy.id, policy.rules[hit].id] += 1

    def answered(self, latency_us: int) -> None:
        """Count the time from receipt to a durable answer."""
        bucket = bisect_left(LATENCY_BOUNDS_US, latency_us)
        self.latency[bucket] += 1
        self.latency_sum_us += latency_us
        if self.minutes:
            self.minutes[-1].latency[bucket] += 1

    def rate(self, now_us: int, seconds: int) -> float:
        """Decisions a second over the last whole seconds."""
        this = now_us // 1_000_000
        return sum(count for second, count in self._seconds if this - seconds <= second < this) / seconds

    def committed(self, records: int, seconds: float) -> None:
        """Count a group commit."""
        self.commits += 1
        self.records += records
        self.commit_sum_s += seconds


def quantile_us(histogram: list[int], share: float) -> int | None:
    """The upper bound of the bucket that holds this share of all answers; None before the first."""
    total = sum(histogram)
    reached = 0
    for bound, count in zip((*LATENCY_BOUNDS_US, LATENCY_BOUNDS_US[-1]), histogram, strict=True):
        reached += count
        if total and reached >= share * total:
            return bound
    return None
