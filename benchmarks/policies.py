"""What a policy costs per event: 50 and 100 rules of three or four terms each, all reasons told.

Run it by itself for a table; `measure()` gives the same figures as a mapping.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence

from jindi.language import BOOL, INT, RATIO, TEXT, Kind, Scope, Type, Value, build_rules, evaluate, read

CNY = Type(Kind.MONEY, "CNY")
CHANNELS = ("app", "web", "pos", "api")
NAMES = (
    {f"amount_{index}": CNY for index in range(8)}
    | {f"count_{index}": INT for index in range(12)}
    | {f"share_{index}": RATIO for index in range(6)}
    | {f"known_{index}": BOOL for index in range(6)}
    | {f"channel_{index}": TEXT for index in range(4)}
    | {"hour": INT, "user": TEXT}
)
SCOPE = Scope(NAMES, {f"limit_{index}": CNY for index in range(6)}, {"blocked": TEXT, "trusted": TEXT})


def term(chance: random.Random) -> str:
    """One comparison such as rules of a payment company are made of."""
    pick = chance.randrange
    return chance.choice(
        (
            lambda: f"amount_{pick(8)} >= limit('limit_{pick(6)}')",
            lambda: f"amount_{pick(8)} > cny('{pick(1, 900)}')",
            lambda: f"count_{pick(12)} >= {pick(1, 60)}",
            lambda: f"count_{pick(12)} < {pick(5, 90)}",
            lambda: f"share_{pick(6)} > 0.{pick(10, 99)}",
            lambda: f"not known_{pick(6)}",
            lambda: f"known_{pick(6)}",
            lambda: f"channel_{pick(4)} in ['app', 'web']",
            lambda: f"channel_{pick(4)} == '{chance.choice(CHANNELS)}'",
            lambda: f"hour < {pick(1, 23)}",
            lambda: f"amount_{pick(8)} * 10 > amount_{pick(8)}",
            lambda: f"user not in list('{chance.choice(('blocked', 'trusted'))}')",
            lambda: f"missing(amount_{pick(8)})",
        )
    )()


def rule(chance: random.Random) -> str:
    """Three or four terms, some of them alternatives."""
    terms = [term(chance) for _ in range(chance.choice((3, 4)))]
    if chance.random() < 0.3:
        terms[0:2] = [f"({terms[0]} or {terms[1]})"]
    return " and ".join(terms)


def fact(slot: str, chance: random.Random) -> Value:
    """A value for a slot; one in twenty is missing."""
    if chance.random() < 0.05:
        return None
    if " in list(" in slot:
        return chance.random() < 0.1
    match SCOPE.limits[slot[7:-2]].kind if slot.startswith("limit(") else NAMES[slot].kind:
        case Kind.MONEY:
            return chance.randrange(100_000)
        case Kind.INT:
            return chance.randrange(24) if slot == "hour" else chance.randrange(100)
        case Kind.RATIO:
            return chance.random()
        case Kind.BOOL:
            return chance.random() < 0.5
        case _:
            return chance.choice(CHANNELS)


def seconds(work: Callable[[Sequence[Value]], object], rows: Sequence[Sequence[Value]], rounds: int) -> list[float]:
    """CPU seconds per call, round by round."""
    took = []
    for _ in range(rounds):
        begin = time.process_time()
        for row in rows:
            work(row)
        took.append((time.process_time() - begin) / len(rows))
    return took


def measure(events: int = 2_000, rounds: int = 9) -> dict[str, float]:
    """Microseconds of CPU per event (median of rounds), milliseconds to read and to build, hits per event.

    Every event's hits are compared with the naive walk over the trees first.
    """
    figures: dict[str, float] = {}
    for count in (50, 100):
        chance = random.Random(20261122)
        begin = time.process_time()
        rules = [read(rule(chance), SCOPE) for _ in range(count)]
        figures[f"read {count} rules, ms"] = (time.process_time() - begin) * 1e3
        slots = {slot: index for index, slot in enumerate(sorted(set().union(*(each.inputs for each in rules))))}
        begin = time.process_time()
        decide = build_rules(rules, slots)
        figures[f"build {count} rules, ms"] = (time.process_time() - begin) * 1e3
        rows = [tuple(fact(slot, chance) for slot in slots) for _ in range(events)]
        for row in rows[:200]:
            given = dict(zip(slots, row, strict=True))
            if decide(row) != [i for i, each in enumerate(rules) if evaluate(each, given.get) is True]:
                raise AssertionError("compiled rules and their meaning differ")
        took = seconds(decide, rows, rounds)
        figures[f"{count} rules, us per event"] = statistics.median(took) * 1e6
        figures[f"{count} rules, us per event, best round"] = min(took) * 1e6
        figures[f"{count} rules, us per event, worst round"] = max(took) * 1e6
        figures[f"{count} rules, hits per event"] = sum(len(decide(row)) for row in rows) / len(rows)
        figures[f"{count} rules, inputs"] = len(slots)
    return figures


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:45} {figure:10.2f}")
