"""The cost of one decision, stage by stage, in CPU time of the deciding thread."""

from collections.abc import Sequence
from statistics import median
from time import thread_time_ns

import msgspec

from jindi import journal
from jindi.engine import Program
from jindi.features import Windows, plan
from jindi.run.answers import Writer
from jindi.run.intake import Intake
from jindi.run.records import encode_decision
from jindi.run.state import State
from jindi.vault import Tokens

STAGES = ("intake", "gather", "decide", "record", "apply", "answer", "seal")
BATCH = 32
"""Records sealed together, as under load."""


class Stage(msgspec.Struct, frozen=True):
    """Median over the rounds, and their spread, in CPU microseconds per event."""

    name: str
    us: float
    us_min: float
    us_max: float


class Profile(msgspec.Struct, frozen=True):
    """What the hot path costs before HTTP and the disk."""

    events: int
    rounds: int
    stages: tuple[Stage, ...]
    total_us: float
    record_bytes: float


def profile(program: Program, tokens: Tokens, raws: Sequence[bytes], rounds: int = 5) -> Profile:
    """Take events through all stages, from nothing, several times; the second half of each round is measured,
    when most users and devices have been met before.
    """
    one_round(program, tokens, raws)  # caches, memory, kernels
    taken = [one_round(program, tokens, raws) for _ in range(rounds)]
    per_stage = list(zip(*(costs for costs, _ in taken), strict=True))
    stages = tuple(
        Stage(name, median(costs), min(costs), max(costs)) for name, costs in zip(STAGES, per_stage, strict=True)
    )
    total = median(sum(costs) for costs, _ in taken)
    return Profile(len(raws), rounds, stages, total, taken[0][1])


def one_round(program: Program, tokens: Tokens, raws: Sequence[bytes]) -> tuple[list[float], float]:
    """CPU microseconds per event of each stage, and the mean size of a record in bytes."""
    state = State.fresh(program, Windows(plan(program.definitions, program.reads)))
    intake = Intake(program.definitions, tokens, lambda: 1 << 61)
    writers = {name: Writer(ep) for name, ep in program.events.items()}
    chain = journal.Chain()
    spent, size, open_records = [0] * len(STAGES), 0, []
    clock_ns = _clock_cost_ns()
    begin_at = len(raws) // 2
    for seq, raw in enumerate(raws):
        if seq == begin_at:
            spent, size = [0] * len(STAGES), 0
        t0 = thread_time_ns()
        event = intake.read(raw)
        t1 = thread_time_ns()
        gathered = state.gather(event, feed=True)
        t2 = thread_time_ns()
        decision = state.decide(event, gathered)
        t3 = thread_time_ns()
        record = encode_decision(
            0, gathered.as_of_us, event.at_us, event, gathered.base[len(event.values) :], sorted(gathered.absent),
            gathered.late, decision,
        )  # fmt: skip
        t4 = thread_time_ns()
        state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us)
        t5 = thread_time_ns()
        writers[event.type].write(seq, event.id, gathered.as_of_us, gathered.late, decision.outcome, decision)
        t6 = thread_time_ns()
        open_records.append(record)
        size += len(record)
        if len(open_records) == BATCH:
            chain.seal(open_records, seq + 1 - BATCH)
            open_records = []
        t7 = thread_time_ns()
        for stage, (begin, end) in enumerate(((t0, t1), (t1, t2), (t2, t3), (t3, t4), (t4, t5), (t5, t6), (t6, t7))):
            spent[stage] += end - begin - clock_ns
    measured = len(raws) - begin_at
    return [max(0.0, total / measured / 1000) for total in spent], size / measured


def _clock_cost_ns() -> int:
    """What asking the clock costs by itself."""
    differences = []
    for _ in range(2_000):
        begin = thread_time_ns()
        differences.append(thread_time_ns() - begin)
    return int(median(differences))
