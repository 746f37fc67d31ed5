"""Models as people look at them: what each is, since when and by whose word it scores, how it was tested, how it does.

Knows: definitions in force, evaluations that lie beside the packs, and what the drift watcher found last. Never: how
drift is reckoned; its figures are the watcher's own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jindi.packs import Definitions, ModelDef
from jindi.run.exploring import Reader
from jindi.run.records import DecisionRecord, DefinitionsRecord, decision_id, decode, source_of, step_id

if TYPE_CHECKING:
    from jindi.run.drift.watcher import Looked
    from jindi.run.platform import Platform

WEIGHED_MAX: Final = 500
"""Decisions over which the weight of each input is told: the newest that are in memory."""


@dataclass(frozen=True, slots=True)
class Since:
    """Since when exactly this model scores: the record that brought it, and who asked and approved.

    Without a step it came with files that were saved. `is_first`: there was no other of its name before.
    """

    at_us: int
    seq: int
    approved_by: str = ""
    approved_why: str = ""
    proposed_by: str = ""
    step: str = ""
    is_first: bool = True


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each input moved the raw score on average, either way; and the newest decision that was scored."""

    decisions: int
    inputs: tuple[tuple[str, float], ...]
    newest: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A model with what reads its score."""

    definition: ModelDef
    readers: tuple[Reader, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name

    @property
    def kind(self) -> str:
        """What it is made of, as its file says."""
        return "trees" if self.definition.trees is not None else "logistic-woe"

    @property
    def size(self) -> int:
        """How many trees, or terms."""
        trees = self.definition.trees
        return len(trees.leaves) if trees is not None else len(self.definition.terms)


class Models:
    """The models of one platform."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._since: dict[tuple[str, str], Since] = {}

    @property
    def _definitions(self) -> Definitions:
        return self._platform.program.definitions

    @property
    def features(self) -> frozenset[str]:
        """The names of all features: an input is one of them, or a field."""
        return frozenset((*self._definitions.features, *self._definitions.derived))

    def all(self) -> list[Scored]:
        """All models of the packs in force, by name."""
        return [self.one(name) for name in sorted(self._definitions.models)]

    def one(self, name: str) -> Scored:
        """One model. Raises LookupError."""
        found = self._definitions.models.get(name)
        if found is None:
            raise LookupError("there is no model of this name")
        return Scored(found, readers_of(self._definitions, name))

    @property
    def looked(self) -> "Looked | None":
        """What the drift watcher found last; None when it has not looked yet, or there is none."""
        watcher = self._platform.rounds.watcher
        return None if watcher is None else watcher.looked

    @property
    def is_watched(self) -> bool:
        """Whether the platform looks for drift by itself."""
        return self._platform.rounds.watcher is not None and self._platform.settings.drift_hours > 0

    def drift(self, name: str) -> Mapping[str, Any] | None:
        """What the watcher found about a model, with the facts of its event type; None when it said nothing of it."""
        looked, model = self.looked, self.one(name).definition
        of_type = None if looked is None else looked.report["types"].get(model.on)
        if looked is None or of_type is None or name not in of_type["models"]:
            return None
        found = of_type["models"][name]
        inputs = {each.name for each in model.inputs}
        facts = {fact: each for fact, each in of_type["facts"].items() if fact in inputs}
        named = {each: looked.report[each] for each in ("reference", "current", "level", "known_by")}
        return {
            **named, **found, "facts": facts, "bounds": of_type["slices"], "label": of_type["label"],
            "is_same": found["digest"] == model.digest,
        }  # fmt: skip

    async def evaluation(self, name: str) -> Mapping[str, Any] | None:
        """How it was tested, as `jindi learn` wrote it beside the model; None when no such file is at hand."""
        watcher, model = self._platform.rounds.watcher, self.one(name).definition
        if watcher is None:
            return None
        texts = await asyncio.to_thread(watcher.texts)
        text = texts.get(f"{model.pack}/{PurePosixPath(model.file).stem}")
        if text is None:
            return None
        with suppress(msgspec.MsgspecError, KeyError, IndexError, TypeError, ValueError, AttributeError):
            return _evaluation(msgspec.json.decode(text, type=dict[str, Any]))
        return None

    async def since(self, name: str) -> Since | None:
        """Since when exactly this model scores, from the definitions that the journal has."""
        model = self.one(name).definition
        key = (name, model.digest)
        if key not in self._since:
            await self._platform.lane.settled()
            found = await asyncio.to_thread(self._looked_up, model)
            if found is None:
                return None
            self._since[key] = found
        return self._since[key]

    def _looked_up(self, model: ModelDef) -> Since | None:
        """From the newest definitions back, as long as they have this very file."""
        platform, path = self._platform, model.file
        text = platform.program.definitions.source.get(path)
        found, is_first = None, True
        for taken in reversed(platform.ledger.taken):
            try:
                record = platform.archive.record(taken.seq)
            except LookupError:
                break
            assert isinstance(record, DefinitionsRecord), "the ledger says so"
            theirs = source_of(record).get(path)
            if theirs != text:
                is_first = theirs is None
                break
            found = taken
        if found is None:
            return None
        step = platform.ledger.steps.get(found.cause)
        if step is None:
            return Since(found.at_us, found.seq, is_first=is_first)
        asked = platform.ledger.steps.get(step.record.of)
        return Since(
            found.at_us, found.seq, step.record.name, step.record.why, "" if asked is None else asked.record.name,
            step_id(step.record.of if step.record.of >= 0 else found.cause), is_first,
        )  # fmt: skip

    async def weights(self, name: str) -> Weights:
        """How much each input moved the score in the newest decisions, as each decision's own reasons say it."""
        model = self.one(name).definition
        lately = [each for each in self._platform.lane.recent if each.event.type == model.on]
        kept = [(each.seq, each.ep, each.record) for each in lately[-WEIGHED_MAX:]]
        return await asyncio.to_thread(_weights, model, kept)


def readers_of(definitions: Definitions, name: str) -> tuple[Reader, ...]:
    """The rules and exemptions that read a model's score, live ones first."""
    found: list[Reader] = []
    for policy in definitions.policies:
        found += [
            Reader("rule", policy.id, rule.id, rule.when.text, policy.state)
            for rule in policy.rules
            if name in rule.when.inputs
        ]
        found += [
            Reader("exemption", policy.id, each.id, each.when.text, policy.state)
            for each in policy.exemptions
            if name in each.when.inputs
        ]
    order = {"live": 0, "shadow": 1, "draft": 2}
    return tuple(sorted(found, key=lambda each: (order[each.state], each.policy, each.name)))


def _weights(model: ModelDef, kept: Sequence[tuple[int, Any, bytes]]) -> Weights:
    sums = dict.fromkeys((each.title for each in model.inputs), 0.0)
    count, newest = 0, ""
    for seq, ep, raw in reversed(kept):
        scorer = ep.models.get(model.name)
        if scorer is None or scorer.definition.digest != model.digest:
            continue
        record = decode(raw)
        assert isinstance(record, DecisionRecord), "a decision's own record"
        away = frozenset(record.absent)
        if model.name in ep.away(away):
            continue
        facts = ep.complete([*record.values, *record.facts], away)
        for each, points in zip(model.inputs, scorer.shares(facts).points, strict=True):
            sums[each.title] += abs(points)
        count, newest = count + 1, newest or decision_id(seq)
    ordered = sorted(sums.items(), key=lambda each: (-each[1], each[0]))
    return Weights(count, tuple((title, total / count if count else 0.0) for title, total in ordered), newest)


def _evaluation(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a page shows of an evaluation, looked at: a file of another shape raises."""
    recipe, last = document["recipe"], document["folds"][-1]
    folds = [
        {
            "train": list(each.get("train", ())), "test": list(each.get("test", ())), "rows": int(each["rows"]),
            "positives": int(each["positives"]), **{name: _figure(each.get(name)) for name in FIGURES},
            **{f"{name}_interval": _pair(each.get(f"{name}_interval")) for name in FIGURES},
        }
        for each in document["folds"]
    ]  # fmt: skip
    segments = [
        {"name": str(name), "value": str(value), **{key: _figure(each.get(key)) for key in SEGMENT}}
        for name, cells in dict(last.get("segments") or {}).items()
        for value, each in dict(cells).items()
    ]
    return {
        "label": str(recipe["label"]), "delay": str(recipe.get("delay", "")), "seed": recipe.get("seed"),
        "split": str(recipe.get("split", "")), "monotone": dict((recipe.get("settings") or {}).get("monotone") or {}),
        "folds": folds, "last": folds[-1], "segments": segments,
        "budget": _alerts(last.get("alerts_at_budget")), "kept": _alerts(last.get("alerts_at_the_last_threshold")),
        "threshold": _figure(document.get("threshold_for_budget")),
        "calibration": [
            {"rows": int(each["rows"]), "told": float(each["told"]), "is": float(each["is"])}
            for each in (last.get("curves") or {}).get("calibration", ())
        ],
    }  # fmt: skip


FIGURES: Final = ("auc", "average_precision", "card_precision", "ks", "macro_f1", "calibration_error", "savings")
SEGMENT: Final = ("rows", "positives", "auc", "average_precision")
_ALERTS: Final = ("threshold", "cards_per_day", "precision", "recall")


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)


def _pair(value: Any) -> tuple[float, float] | None:
    if value is None or value[0] is None:
        return None
    return float(value[0]), float(value[1])


def _alerts(value: Any) -> Mapping[str, float | None] | None:
    return None if value is None else {name: _figure(value.get(name)) for name in _ALERTS}
