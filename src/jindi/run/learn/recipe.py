"""A recipe: from which facts, with which labels, in which time, what kind of model is made. TOML, checked whole."""

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from jindi.basics.instants import parse_duration, start_of_day
from jindi.basics.problems import Problem, Problems
from jindi.language import Kind
from jindi.packs import Definitions, ModelInput, scope_for
from jindi.packs.models import SEEN
from jindi.packs.tables import NAME, meant

_EQUALS = re.compile(r"([a-z][a-z0-9_]*) == '([^']*)'\Z")
TREES_MAX, LEAVES_MAX, BAGS_MAX, FOLDS_MAX = 5_000, 1_024, 100, 52
RULES_MAX, CONDITIONS_MAX = 100, 4

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Length = Literal["delay", "train", "calibrate", "test", "leave_out"]
_LENGTHS: tuple[Length, ...] = ("delay", "train", "calibrate", "test", "leave_out")


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages."""

    zh: str
    en: str


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How trees are grown. `positive_weight` counts a positive row so many times; `monotone` maps an input to 1
    (more of it may only raise the score) or -1. A tree is grown on `rows_share` of the rows and `inputs_share` of
    the inputs, drawn anew for each; `average` boosters, each with dice of its own, are averaged. A balanced
    ensemble draws `negatives` negatives for each positive, `bags` times.
    """

    trees: int = 300
    rate: float = 0.03
    leaves: int = 16
    leaf_rows: int = 20
    l2: float = 0.0
    positive_weight: float = 1.0
    monotone: dict[str, int] = {}
    rows_share: float = 1.0
    inputs_share: float = 1.0
    average: int = 1
    bags: int = 10
    negatives: float = 1.0


class Mine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What rules are mined: at most `rules` of at most `conditions`, whose precision is at least `precision` on the
    stretch where they are chosen, at a `confidence` that is shared out among all that are tried there; all together
    with false alarms of no more than `false_alarms` of all events there. `beyond` counts only what the present
    policy lets through.
    """

    rules: int = 8
    conditions: int = 3
    precision: float = 0.2
    confidence: float = 0.95
    false_alarms: float = 0.001
    beyond: bool = True
    then: Literal["review", "delay", "challenge", "deny"] = "review"


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for. Durations are texts such as "7d"; days are those of the pack's zone.

    `label` is a column of true and false (or 1 and 0; a row whose cell is empty is left out), `known` the column of
    instants at which a positive label became known; without it, and for negatives always, a label is known
    `delay` after its event. `entity` is the column of those whom alerts are about (a card, a user). `leave_out` is
    how far before `delay` a positive event still keeps its entity out of the test, because it is known already; as
    long as `train` when not given. The last test begins with the day `test_from`, or at the instant `test_at`.

    `false_alarms` is the share of events that may be told wrongly; the threshold that each fold asks for keeps within
    it, with a margin, and is held against the next fold.

    `split` is "time". "random" is there only to stand beside published figures that were measured so: rows are
    drawn into a training and a test part of `test_share`, positives and negatives apart, as often as there are
    folds; time, `delay` and what was known when mean nothing then.
    """

    name: str
    on: str
    doc: Said
    inputs: list[str]
    label: str
    entity: str
    delay: str = ""
    test_from: date | None = None
    test_at: datetime | None = None
    split: Literal["time", "random"] = "time"
    test_share: float = 0.2
    kind: Literal["trees", "logistic-woe", "balanced"] = "trees"
    known: str | None = None
    amount: str | None = None
    segments: list[str] = []
    train: str = "28d"
    calibrate: str = "7d"
    test: str = "7d"
    leave_out: str | None = None
    folds: int = 4
    seed: int = 1
    cards_per_day: int = 100
    false_alarms: float = 0.001
    review_cost: float = 2.0
    settings: Settings = Settings()
    mine: Mine = Mine()

    def length_us(self, name: Length) -> int:
        """One of the durations in microseconds."""
        return parse_duration(getattr(self, name) or ("0s" if name == "delay" else self.train))

    def test_us(self, zone: ZoneInfo) -> int:
        """When the last test begins. Only where rows are split by time."""
        if self.test_at is not None:
            return (self.test_at - _EPOCH) // timedelta(microseconds=1)
        assert self.test_from is not None, "checked when the recipe was read"
        return start_of_day(self.test_from, zone)


def read_recipe(text: str, definitions: Definitions, place: str) -> tuple[Recipe, tuple[ModelInput, ...]]:
    """A recipe and its inputs with their types. Raises Problems with all that is wrong."""
    try:
        recipe = msgspec.convert(tomllib.loads(text), Recipe)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Problems([Problem(place, "", str(error), "docs/learn.md describes recipes")]) from None
    problems = [Problem(place, item, problem, remedy) for item, problem, remedy in _wrong(recipe, definitions)]
    if problems:
        raise Problems(problems)
    scope = scope_for(definitions, recipe.on)
    inputs = []
    for text_ in recipe.inputs:
        name, word = _parted(text_)
        inputs.append(ModelInput(name, scope.names[name], word))
    return recipe, tuple(inputs)


def _parted(text: str) -> tuple[str, str | None]:
    match = _EQUALS.match(text)
    return (match[1], match[2]) if match else (text, None)


def _wrong(recipe: Recipe, definitions: Definitions) -> list[tuple[str, str, str]]:
    wrong: list[tuple[str, str, str]] = []
    if not NAME.match(recipe.name):
        wrong.append(("name", "not a name", "use lower-case letters, digits and _"))
    for length in _LENGTHS:
        try:
            length_us = recipe.length_us(length)
        except ValueError as error:
            wrong.append((length, str(error), 'write a duration such as "7d"'))
        else:
            if length_us == 0 and length in ("train", "test"):
                wrong.append((length, "is empty", 'write a duration such as "7d"'))
    bounds = (
        ("folds", recipe.folds, 1, FOLDS_MAX), ("cards_per_day", recipe.cards_per_day, 1, 10**9),
        ("settings.trees", recipe.settings.trees, 1, TREES_MAX),
        ("settings.leaves", recipe.settings.leaves, 2, LEAVES_MAX),
        ("settings.leaf_rows", recipe.settings.leaf_rows, 1, 10**9),
        ("settings.bags", recipe.settings.bags, 1, BAGS_MAX),
        ("settings.average", recipe.settings.average, 1, BAGS_MAX),
        ("settings.rows_share", recipe.settings.rows_share, 0.01, 1.0),
        ("settings.inputs_share", recipe.settings.inputs_share, 0.01, 1.0),
        ("settings.rate", recipe.settings.rate, 1e-6, 1.0), ("settings.l2", recipe.settings.l2, 0.0, 1e6),
        ("settings.positive_weight", recipe.settings.positive_weight, 1e-6, 1e6),
        ("settings.negatives", recipe.settings.negatives, 0.1, 1e6), ("seed", recipe.seed, 0, 2**31 - 1),
        ("mine.rules", recipe.mine.rules, 1, RULES_MAX), ("mine.conditions", recipe.mine.conditions, 1, CONDITIONS_MAX),
        ("mine.precision", recipe.mine.precision, 0.0, 1.0), ("mine.confidence", recipe.mine.confidence, 0.5, 0.9999),
        ("mine.false_alarms", recipe.mine.false_alarms, 0.0, 1.0),
        ("false_alarms", recipe.false_alarms, 0.0, 1.0), ("review_cost", recipe.review_cost, 0.0, 1e12),
        ("test_share", recipe.test_share, 0.01, 0.99),
    )  # fmt: skip
    wrong += [
        (name, f"is not from {least} to {most}", "change it")
        for name, value, least, most in bounds
        if not least <= value <= most
    ]
    if recipe.split == "time" and not recipe.delay:
        wrong.append(("delay", "is missing", "say how long after an event its label is known"))
    begins = (recipe.test_from is not None) + (recipe.test_at is not None)
    if recipe.split == "time" and begins != 1:
        remedy = "write the day on which the last test begins, or the instant as test_at"
        wrong.append(("test_from", "is missing" if begins == 0 else "is given twice", remedy))
    if recipe.test_at is not None and recipe.test_at.tzinfo is None:
        wrong.append(("test_at", "has no zone", "write an instant such as 2026-01-31T12:00:00Z"))
    if recipe.split == "random" and begins:
        wrong.append(("test_from", "means nothing in a random split", "leave it out"))
    if not recipe.inputs:
        wrong.append(("inputs", "there are none", "name the fields and features that the model may see"))
    if recipe.on not in definitions.events:
        return [*wrong, ("on", f"unknown event '{recipe.on[:64]}'", meant(recipe.on, definitions.events))]
    names = scope_for(definitions, recipe.on).names
    for text in recipe.inputs:
        name, word = _parted(text)
        if recipe.inputs.count(text) > 1:
            wrong.append((f"input {text[:64]}", "is named twice", "name it once"))
        if name not in names or name in definitions.models:
            wrong.append((f"input {name[:64]}", f"a {recipe.on} event has no such fact", meant(name, names)))
        elif names[name].kind not in SEEN or (names[name].kind is Kind.MONEY and names[name].of is None):
            wrong.append((f"input {name}", f"is of type {names[name]}, which a model may not see", "leave it out"))
        elif (names[name].kind is Kind.TEXT) is not (word is not None):
            wrong.append((f"input {name}", "a text is seen as whether it is a word", f"write \"{name} == 'word'\""))
    for text, way in recipe.settings.monotone.items():
        if text not in recipe.inputs or way not in (-1, 1):
            wrong.append((f"settings.monotone.{text[:64]}", "is no input with 1 or -1", "name an input"))
    return list(dict.fromkeys(wrong))
