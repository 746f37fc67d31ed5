"""What the platform counts of itself: outcomes, rules, latencies, commits. Plain numbers, no labels of people."""

from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field

from jindi.engine import Decision, EventProgram, PolicyProgram
from jindi.packs import OUTCOMES, Outcome
from jindi.run.versions.tallies import Cost

LATENCY_BOUNDS_US = tuple(int(100 * 1.25**step) for step in range(52))
"""Upper bounds of the latency histogram's buckets: 0.1 ms to about 9 s, each a quarter wider than the last."""

MINUTES_KEPT = 60
_ALLOW = Outcome.ALLOW


@dataclass(slots=True)
class Minute:
    """One minute of decisions."""

    start_us: int
    outcomes: Counter[str] = field(default_factory=Counter)
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_US) + 1))


class Measures:
    """Counters since the start, and the last hour by minute."""

    def __init__(self) -> None:
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._rules: Counter[tuple[str, str]] = Counter()
        self._shadow_rules: Counter[tuple[str, str]] = Counter()
        self._shadow_outcomes: Counter[tuple[str, str]] = Counter()
        # Counted by place in the hot path (a Counter keyed by tuples costs ten times as much), by name when read.
        self._here: dict[str, list[int]] = {}
        self._hits: dict[PolicyProgram, list[int]] = {}
        self._second, self._second_ends_us = [0, 0], 0
        self.refused = self.busy = self.degraded = 0
        self.latency = [0] * (len(LATENCY_BOUNDS_US) + 1)
        self.latency_sum_us = 0
        self.commits = self.records = 0
        self.commit_sum_s = 0.0
        self.costs: dict[str, Cost] = {}
        """What judging a version takes, by version; measured only while some version is watched."""
        self._minutes: deque[Minute] = deque(maxlen=MINUTES_KEPT)
        self._seconds: deque[list[int]] = deque(maxlen=MINUTES_KEPT)

    def decided(self, event_type: str, decision: Decision, ep: EventProgram, now_us: int) -> None:
        """Count a decision."""
        if now_us >= self._second_ends_us:
            self._turn(now_us)
        self._second[1] += 1
        counts = self._here.get(event_type)
        if counts is None:
            counts = self._here[event_type] = [0] * len(OUTCOMES)
        # To look an outcome up costs a call; nearly all are this one.
        counts[0 if decision.outcome is _ALLOW else OUTCOMES.index(decision.outcome)] += 1
        if decision.degraded:
            self.degraded += 1
        if decision.hits and (decider := ep.challenger if decision.side else ep.live) is not None:
            hits = self._hits.get(decider)
            if hits is None:
                hits = self._hits[decider] = [0] * len(decider.policy.rules)
            for hit in decision.hits:
                hits[hit] += 1
        if decision.shadows:
            for shadow, verdict in zip(ep.shadows, decision.shadows, strict=True):
                policy = shadow.policy
                self._shadow_outcomes[policy.id, str(verdict.outcome)] += 1
                for hit in verdict.hits:
                    self._shadow_rules[policy.id, policy.rules[hit].id] += 1

    def _turn(self, now_us: int) -> None:
        """A new second has begun, and perhaps a new minute: what was counted in the old one is put away."""
        self._fold()
        second = now_us // 1_000_000
        self._second_ends_us = (second + 1) * 1_000_000
        self._second = [second, 0]
        self._seconds.append(self._second)
        start_us = now_us - now_us % 60_000_000
        if not self._minutes or self._minutes[-1].start_us != start_us:
            self._minutes.append(Minute(start_us))

    def _fold(self) -> None:
        """Add what was counted by place since the last time to what is counted by name."""
        for event_type, counts in self._here.items():
            for outcome, count in zip(OUTCOMES, counts, strict=True):
                if count:
                    self._outcomes[event_type, str(outcome)] += count
                    self._minutes[-1].outcomes[str(outcome)] += count
        self._here.clear()
        for program, hits in self._hits.items():
            policy = program.policy
            for place, count in enumerate(hits):
                if count:
                    self._rules[policy.id, policy.rules[place].id] += count
        self._hits.clear()

    @property
    def outcomes(self) -> Counter[tuple[str, str]]:
        """Decisions by event type and outcome."""
        self._fold()
        return self._outcomes

    @property
    def rules(self) -> Counter[tuple[str, str]]:
        """Hits of live policies by policy and rule."""
        self._fold()
        return self._rules

    @property
    def shadow_rules(self) -> Counter[tuple[str, str]]:
        """Hits of shadow policies by policy and rule."""
        return self._shadow_rules

    @property
    def shadow_outcomes(self) -> Counter[tuple[str, str]]:
        """What shadow policies would have decided, by policy and outcome."""
        return self._shadow_outcomes

    @property
    def minutes(self) -> deque[Minute]:
        """The last hour, minute by minute."""
        self._fold()
        return self._minutes

    def answered(self, latency_us: int) -> None:
        """Count the time from receipt to a durable answer."""
        bucket = bisect_left(LATENCY_BOUNDS_US, latency_us)
        self.latency[bucket] += 1
        self.latency_sum_us += latency_us
        if self._minutes:
            self._minutes[-1].latency[bucket] += 1

    def judged(self, version: str, nanoseconds: int) -> None:
        """Count a judgement that was timed."""
        cost = self.costs.setdefault(version, Cost())
        cost.events += 1
        cost.nanoseconds += nanoseconds

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
