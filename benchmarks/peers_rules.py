"""zen-engine, common-expression-language and rule-engine on the same rules over the same facts, at their best.

Best means: all rules as one list expression that is compiled once, and the facts already in the shape that
the engine wants. Nothing is missing in these facts, for a missing value means something else to each engine.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jindi.language import BOOL, INT, RATIO, TEXT, Kind, Scope, Type, Value, build_rules, read

CNY = Type(Kind.MONEY, "CNY")
CHANNELS = ("app", "web", "pos", "api")
NAMES = (
    {f"amount_{index}": CNY for index in range(8)}
    | {f"count_{index}": INT for index in range(12)}
    | {f"share_{index}": RATIO for index in range(6)}
    | {f"known_{index}": BOOL for index in range(6)}
    | {f"blocked_{index}": BOOL for index in range(2)}
    | {f"channel_{index}": TEXT for index in range(4)}
    | {f"limit_{index}": CNY for index in range(6)}
    | {"hour": INT}
)
"""A limit is a plain name here, and a list's answer a truth: what the engine would be handed anyway."""

TONGUES = ("ours", "zen", "cel", "rule-engine")
WORDS = {
    "ours": {"not": "not {}", "and": " and ", "or": "({} or {})", "money": "cny('{}')"},
    "zen": {"not": "not {}", "and": " and ", "or": "({} or {})"},
    "cel": {"not": "!{}", "and": " && ", "or": "({} || {})"},
    "rule-engine": {"not": "not {}", "and": " and ", "or": "({} or {})"},
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition in every engine's own words."""

    texts: dict[str, str]


def _term(chance: random.Random, tongue: str) -> str:
    pick, words = chance.randrange, WORDS[tongue]

    def money(yuan: int) -> str:
        return words["money"].format(yuan) if "money" in words else str(100 * yuan)

    kind = pick(10)
    match kind:
        case 0 | 1:
            return f"amount_{pick(8)} >= limit_{pick(6)}"
        case 2:
            return f"amount_{pick(8)} > {money(pick(1, 900))}"
        case 3 | 4:
            return f"count_{pick(12)} >= {pick(1, 60)}"
        case 5:
            return f"share_{pick(6)} > 0.{pick(10, 99)}"
        case 6:
            return words["not"].format(f"known_{pick(6)}")
        case 7:
            return f"channel_{pick(4)} in ['app', 'web']"
        case 8:
            return f"amount_{pick(8)} * 10 > amount_{pick(8)}"
        case _:
            return words["not"].format(f"blocked_{pick(2)}")


def _rule(seed: int, tongue: str) -> str:
    """Three or four terms, some of them alternatives; the same seed says the same in every tongue."""
    chance = random.Random(seed)
    terms = [_term(chance, tongue) for _ in range(chance.choice((3, 4)))]
    if chance.random() < 0.3:
        terms[0:2] = [WORDS[tongue]["or"].format(terms[0], terms[1])]
    return WORDS[tongue]["and"].join(terms)


def rules(count: int, seed: int = 20261122) -> list[Rule]:
    """So many rules, each in every tongue."""
    return [Rule({tongue: _rule(seed + index, tongue) for tongue in TONGUES}) for index in range(count)]


def facts(events: int, seed: int = 5) -> list[dict[str, Value]]:
    """What each event knows: every name has a value."""
    chance = random.Random(seed)

    def one(name: str, kind: Kind) -> Value:
        match kind:
            case Kind.MONEY:
                return chance.randrange(100_000)
            case Kind.INT:
                return chance.randrange(24) if name == "hour" else chance.randrange(100)
            case Kind.RATIO:
                return chance.random()
            case Kind.BOOL:
                return chance.random() < 0.5
            case _:
                return chance.choice(CHANNELS)

    return [{name: one(name, kind.kind) for name, kind in NAMES.items()} for _ in range(events)]


Run = Callable[[object], object]
"""One event's facts, in the engine's shape, to whatever it answers."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine ready to run: `shape` makes its input (not timed where it can be shared), `hits` reads its answer."""

    name: str
    version: str
    run: Run
    inputs: Sequence[object]
    hits: Callable[[object], list[int]]


def _true(answer: object) -> list[int]:
    return [index for index, hit in enumerate(answer) if hit is True]  # type: ignore[arg-type,var-annotated]


def ours(made: Sequence[Rule], events: Sequence[dict[str, Value]]) -> Engine:
    scope = Scope(NAMES, {}, {})
    slots = {name: index for index, name in enumerate(NAMES)}
    decide = build_rules([read(rule.texts["ours"], scope) for rule in made], slots)
    return Engine("Jindi", "", decide, [tuple(event.values()) for event in events], lambda answer: answer)


def zen(made: Sequence[Rule], events: Sequence[dict[str, Value]]) -> Engine:
    from importlib.metadata import version

    import zen as engine

    compiled = engine.compile_expression("[" + ", ".join(rule.texts["zen"] for rule in made) + "]")
    return Engine("zen-engine", version("zen-engine"), compiled.evaluate, events, _true)


def cel(made: Sequence[Rule], events: Sequence[dict[str, Value]]) -> Engine:
    from importlib.metadata import version

    import cel as engine

    program = engine.compile("[" + ", ".join(rule.texts["cel"] for rule in made) + "]")
    # The crossing into Rust is its dearest part: a context made beforehand spares it the conversion.
    contexts = [engine.Context(variables=event) for event in events]
    return Engine("common-expression-language", version("common-expression-language"), program.execute, contexts, _true)


def rule_engine(made: Sequence[Rule], events: Sequence[dict[str, Value]]) -> Engine:
    import rule_engine as engine

    rule = engine.Rule("[" + ", ".join(each.texts["rule-engine"] for each in made) + "]")
    return Engine("rule-engine", engine.__version__, rule.evaluate, events, _true)


ENGINES = {"zen-engine": zen, "common-expression-language": cel, "rule-engine": rule_engine}


def compiled(name: str, count: int, events: Sequence[dict[str, Value]]) -> Engine:
    """An engine by its name, with so many rules."""
    return {"Jindi": ours, **ENGINES}[name](rules(count), events)
