"""The cost of one decision in CPU time of the deciding thread: as a whole, and stage by stage."""

from collections.abc import Callable, Sequence
from statistics import median
from time import thread_time_ns

import msgspec

from jindi import journal
from jindi.engine import Decision, Program
from jindi.run.answered import fingerprint
from jindi.run.answers import Writer
from jindi.run.events import Event
from jindi.run.intake import Intake
from jindi.run.records import encode_decision
from jindi.run.state import Gathered, State
from jindi.vault import Tokens

STAGES = ("intake", "look up", "gather", "decide", "record", "apply", "answer", "seal")
BATCH = 32
"""Records sealed together, as under load."""


class Stage(msgspec.Struct, frozen=True):
    """Median over the rounds, and their spread, in CPU microseconds per event."""

    name: str
    us: float
    us_min: float
    us_max: float


class Profile(msgspec.Struct, frozen=True):
    """What the hot path costs before HTTP and the disk.

    `total_us` is measured by itself, with the clock asked twice; the stages add up to a little more, because
    asking the clock between them costs caches.
    """

    events: int
    rounds: int
    stages: tuple[Stage, ...]
    total_us: float
    total_us_min: float
    total_us_max: float
    record_bytes: float


def profile(program: Program, tokens: Tokens, raws: Sequence[bytes], rounds: int = 5) -> Profile:
    """Take events through all stages, from nothing, several times; the second half of each round is measured,
    when most users and devices have been met before.
    """
    _Round(program, tokens).whole(raws)  # caches, memory, kernels
    totals, parts, size = [], [], 0.0
    for _ in range(rounds):
        totals.append(_Round(program, tokens).whole(raws))
        costs, size = _Round(program, tokens).staged(raws)
        parts.append(costs)
    stages = tuple(
        Stage(name, median(costs), min(costs), max(costs))
        for name, costs in zip(STAGES, zip(*parts, strict=True), strict=True)
    )
    return Profile(len(raws), rounds, stages, median(totals), min(totals), max(totals), size)


class _Round:
    """One pass over the events, from an empty state: the same steps in the same order as the lane takes them."""

    def __init__(self, program: Program, tokens: Tokens) -> None:
        self._state = State.fresh(program)
        self._intake = Intake(program.definitions, tokens, lambda: 1 << 61)
        self._writers = {
            (name, side): Writer(ep, side)
            for name, ep in program.events.items()
            for side in range(max(1, len(ep.deciders())))
        }
        self._chain = journal.Chain()
        self._records: list[bytes] = []

    def whole(self, raws: Sequence[bytes]) -> float:
        """CPU microseconds per event."""
        begin = 0
        for seq, raw in enumerate(raws):
            if seq == len(raws) // 2:
                begin = thread_time_ns()
            event = self._intake.read(raw)
            mark = self._look_up(event)
            gathered = self._state.gather(event, feed=True)
            decision = self._state.decide(event, gathered)
            record = self._record(event, gathered, decision)
            self._apply(seq, event, gathered, decision, mark)
            self._answer(seq, event, gathered, decision)
            self._seal(seq, record)
        return (thread_time_ns() - begin) / (len(raws) - len(raws) // 2) / 1000

    def staged(self, raws: Sequence[bytes]) -> tuple[list[float], float]:
        """CPU microseconds per event of each stage, and the mean size of a record in bytes."""
        spent, size, clock_ns = [0] * len(STAGES), 0, _clock_cost_ns()
        for seq, raw in enumerate(raws):
            if seq == len(raws) // 2:
                spent, size = [0] * len(STAGES), 0
            times = [thread_time_ns()]
            event = self._intake.read(raw)
            times.append(thread_time_ns())
            mark = self._look_up(event)
            times.append(thread_time_ns())
            gathered = self._state.gather(event, feed=True)
            times.append(thread_time_ns())
            decision = self._state.decide(event, gathered)
            times.append(thread_time_ns())
            record = self._record(event, gathered, decision)
            times.append(thread_time_ns())
            self._apply(seq, event, gathered, decision, mark)
            times.append(thread_time_ns())
            self._answer(seq, event, gathered, decision)
            times.append(thread_time_ns())
            self._seal(seq, record)
            times.append(thread_time_ns())
            size += len(record)
            for stage in range(len(STAGES)):
                spent[stage] += times[stage + 1] - times[stage] - clock_ns
        measured = len(raws) - len(raws) // 2
        return [max(0.0, total / measured / 1000) for total in spent], size / measured

    def _look_up(self, event: Event) -> tuple[int, int]:
        mark = fingerprint(event.id)
        self._state.answered.find(mark)
        return mark

    def _record(self, event: Event, gathered: Gathered, decision: Decision) -> bytes:
        return encode_decision(
            0, gathered.as_of_us, event.at_us, event, gathered.base[len(event.values) :],
            sorted(gathered.absent) if gathered.absent else (), gathered.late, decision,
            self._state.shapes(event.type, gathered, decision) if decision.hits or decision.exempted else (),
        )  # fmt: skip

    def _apply(self, seq: int, event: Event, gathered: Gathered, decision: Decision, mark: tuple[int, int]) -> None:
        self._state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us, mark)

    def _answer(self, seq: int, event: Event, gathered: Gathered, decision: Decision) -> bytes:
        writer = self._writers[event.type, decision.side]
        return writer.write(seq, event.id, gathered.as_of_us, gathered.late, decision.outcome, decision)

    def _seal(self, seq: int, record: bytes) -> None:
        self._records.append(record)
        if len(self._records) == BATCH:
            self._chain.seal(self._records, seq + 1 - BATCH)
            self._records = []


def _clock_cost_ns() -> int:
    """What asking the clock costs by itself."""
    ask: Callable[[], int] = thread_time_ns
    differences = []
    for _ in range(2_000):
        begin = ask()
        differences.append(ask() - begin)
    return int(median(differences))
