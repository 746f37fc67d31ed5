"""Drift from end to end: one pass over the journal's end, each fact and score compared, each model judged."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.engine import EventProgram, Model, Program
from jindi.language import Value
from jindi.packs import OUTCOMES, Definitions
from jindi.run.archive import Archive
from jindi.run.backtest.report import wilson
from jindi.run.drift import judging, statistics
from jindi.run.drift.figures import QUANTILES, Column, Comparison, compare_columns
from jindi.run.drift.judging import SLICES, Evaluation, Mature
from jindi.run.drift.rows import Facts, Sample, Stretch, entities, numbered
from jindi.run.drift.statistics import Doubles, Wholes
from jindi.run.labels import Labels
from jindi.run.records import DecisionRecord, DefinitionsRecord
from jindi.run.replay.runner import seq_at

LEVEL = 0.05
CURRENT_US, REFERENCE_US = 7 * DAY_US, 28 * DAY_US
ROWS_MIN = 50
"""Rows of either stretch below which a type is not compared."""

Evaluations = Mapping[str, Evaluation]
Told = Callable[[str, int, int], None]
"""Told (what is done, records done, records in all); may raise to interrupt."""


class Question(msgspec.Struct, frozen=True):
    """What is compared: the stretch of `current_us` that ends at `until_us` (None: behind the newest decision) with
    the stretch of `reference_us` before it. `level`: the chance of any false alarm in an event type; labels count as
    far as they had been heard by `known_by_us` (None: by the journal's end).
    """

    current_us: int = CURRENT_US
    reference_us: int = REFERENCE_US
    until_us: int | None = None
    known_by_us: int | None = None
    level: float = LEVEL


class Finding(msgspec.Struct, frozen=True):
    """Something that a person should hear of: a fact or the outcomes of an event type, or a model with what is proposed
    about it.
    """

    what: str
    on: str
    name: str
    size: str
    proposal: str
    psi: float | None
    critical: float | None
    auc: float | None = None
    auc_expected: float | None = None
    because: tuple[str, ...] = ()


class _Seen:
    """What passes by of one event type."""

    def __init__(self) -> None:
        self.reference: Sample[DecisionRecord] = Sample()
        self.current: Sample[DecisionRecord] = Sample()
        self.outcomes = {"reference": Counter[str](), "current": Counter[str]()}
        self.mature: list[Sample[tuple[int, DecisionRecord]]] = [Sample() for _ in range(SLICES)]


def drift(
    archive: Archive, question: Question, evaluations: Evaluations, told: Told = lambda *_: None,
    rest: Callable[[], None] = lambda: None,
) -> dict[str, Any]:  # fmt: skip
    """The whole report; docs/drift.md says what each figure means. Raises Problems when there is nothing to compare."""
    asking = _Asking(archive, question, evaluations, told, rest)
    return asking.report()


class _Asking:
    def __init__(
        self, archive: Archive, question: Question, evaluations: Evaluations, told: Told, rest: Callable[[], None]
    ) -> None:
        self._archive, self._question, self._evaluations = archive, question, evaluations
        self._told, self._rest = told, rest
        self._end = archive.log.next_seq()
        self._program = self._newest()
        last_us = self._last_us()
        until_us = question.until_us if question.until_us is not None else last_us + 1
        self._known_by_us = question.known_by_us if question.known_by_us is not None else last_us
        since_us = until_us - question.current_us
        self._current = Stretch(since_us, until_us)
        self._reference = Stretch(since_us - question.reference_us, since_us)
        self._first_us = self._first()

    def _newest(self) -> Program:
        for seq in range(self._end - 1, -1, -1):
            record = self._archive.record(seq)
            if isinstance(record, DefinitionsRecord):
                return self._archive.program(seq)
            if isinstance(record, DecisionRecord):
                return self._archive.program(record.definitions)
        raise _nothing("the journal is empty")

    def _last_us(self) -> int:
        for seq in range(self._end - 1, -1, -1):
            record = self._archive.record(seq)
            if isinstance(record, DecisionRecord):
                return record.as_of_us
        raise _nothing("the journal holds no decision")

    def _first(self) -> int:
        """When the history begins."""
        for seq in range(self._end):
            record = self._archive.record(seq)
            if isinstance(record, DecisionRecord):
                return record.as_of_us
        raise _nothing("the journal holds no decision")

    def report(self) -> dict[str, Any]:
        """Everything."""
        definitions = self._program.definitions
        labels = self._labels(definitions)
        seen = self._look()
        types: dict[str, Any] = {}
        findings: list[Finding] = []
        for number, name in enumerate(sorted(seen)):
            self._told("comparing", number, len(seen))
            ep = self._program.events[name]
            one = _Type(self, ep, seen[name], labels)
            types[name] = one.document()
            findings += one.findings
        if not any(each["compared"] for each in types.values()):
            raise _nothing(f"no event type has {ROWS_MIN} decisions in both stretches")
        return {
            "level": self._question.level,
            "reference": _plain_stretch(self._reference),
            "current": _plain_stretch(self._current),
            "known_by": format_instant(self._known_by_us),
            "definitions": self._program.digest,
            "types": types,
            "findings": [msgspec.to_builtins(each) for each in findings],
        }

    def slices(self, label: str) -> list[tuple[int, int]]:
        """The mature slices of a label, the oldest first, each as long as the current stretch."""
        until_us = self._known_by_us + 1 - self._program.definitions.labels[label].mature_us
        length_us = self._question.current_us
        return [(until_us - (n + 1) * length_us, until_us - n * length_us) for n in reversed(range(SLICES))]

    def label_of(self, event_type: str) -> str | None:
        """The label that models and rules of an event type are held against: the only one that is about it."""
        found = [each.name for each in self._program.definitions.labels.values() if event_type in each.on]
        return found[0] if len(found) == 1 else None

    def _labels(self, definitions: Definitions) -> Labels | None:
        if not definitions.labels:
            return None
        labels = Labels(definitions)
        for seq, record in self._archive.records():
            if seq >= self._end:
                break
            if isinstance(record, DecisionRecord) and labels.is_said_by(record.event_type):
                labels.hear(seq, record, self._archive.values_today(record, definitions))
            if seq % 8 == 0:
                self._rest()
            if seq % 4096 == 0:
                self._told("labels", seq, self._end)
        return labels

    def _look(self) -> dict[str, _Seen]:
        """One pass over all that is asked of."""
        names = {name for name, ep in self._program.events.items() if ep.live is not None or ep.models}
        bounds = {name: self.slices(label) for name in names if (label := self.label_of(name)) is not None}
        oldest_us = min([self._reference.since_us, *(slices[0][0] for slices in bounds.values())])
        first = seq_at(self._archive, oldest_us)
        seen: dict[str, _Seen] = {}
        for seq, record in self._archive.records(first):
            if seq >= self._end:
                break
            if seq % 8 == 0:
                self._rest()
            if seq % 4096 == 0:
                self._told("reading", seq - first, self._end - first)
            if not isinstance(record, DecisionRecord) or record.event_type not in names:
                continue
            one = seen.setdefault(record.event_type, _Seen())
            for stretch, sample, key in (
                (self._reference, one.reference, "reference"), (self._current, one.current, "current"),
            ):  # fmt: skip
                if stretch.holds(record.as_of_us):
                    sample.add(record)
                    one.outcomes[key][str(OUTCOMES[record.verdict.outcome])] += 1
            for (since_us, until_us), mature in zip(bounds.get(record.event_type, ()), one.mature, strict=False):
                if since_us <= record.as_of_us < until_us:
                    mature.add((seq, record))
        return seen


class _Type:
    """One event type's part of the report."""

    def __init__(self, asking: _Asking, ep: EventProgram, seen: _Seen, labels: Labels | None) -> None:
        self._asking, self._ep, self._seen, self._labels = asking, ep, seen, labels
        self._level = asking._question.level  # noqa: SLF001 - one thing in two classes
        self.findings: list[Finding] = []

    def document(self) -> dict[str, Any]:
        """The type's figures."""
        seen, asking = self._seen, self._asking
        compared = min(len(seen.reference.rows), len(seen.current.rows)) >= ROWS_MIN
        told: dict[str, Any] = {
            "doc": {"zh": self._ep.event.doc.zh, "en": self._ep.event.doc.en},
            "reference": self._rows(seen.reference), "current": self._rows(seen.current),
            "compared": compared, "outcomes": {}, "facts": {}, "models": {}, "rules": {}, "label": None, "slices": [],
        }  # fmt: skip
        scores: dict[str, dict[str, Any]] = {}
        if compared:
            told["outcomes"], told["facts"], scores = self._compared()
        mature = self._mature()
        bounds: list[tuple[int, int]] = []
        if mature is not None:
            label = asking.label_of(self._ep.event.name)
            assert label is not None, "it was asked for the mature rows"
            bounds = asking.slices(label)
            told["label"] = label
            told["slices"] = [_plain_stretch(Stretch(*each)) for each in bounds]
            told["rules"] = self._rules(mature[0], bounds)
        for name, model in self._ep.models.items():
            told["models"][name] = self._model(name, model, scores.get(name), mature, bounds)
        self._find(told)
        return told

    def _rows(self, sample: Sample[DecisionRecord]) -> dict[str, Any]:
        whom = entities(self._asking._archive, sample.rows)  # noqa: SLF001
        return {"decisions": sample.seen, "looked_at": len(sample.rows), "customers": len(set(whom))}

    # ---- what is decided on

    def _compared(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        archive, rest = self._asking._archive, self._asking._rest  # noqa: SLF001
        facts = Facts(archive, self._ep, rest)
        there, here = (facts.rows_of(sample.rows) for sample in (self._seen.reference, self._seen.current))
        whom = [numbered(entities(archive, sample.rows)) for sample in (self._seen.reference, self._seen.current)]
        comparisons: dict[tuple[str, str], Comparison] = {}

        def compare(kind: str, name: str, was: tuple[Column, Wholes], now: tuple[Column, Wholes]) -> None:
            if min(len(was[0]), len(now[0])) >= ROWS_MIN:
                pair = whom[0][was[1]], whom[1][now[1]]
                comparisons[kind, name] = compare_columns(was[0], now[0], self._level, pair)
            rest()

        for name in facts.names:
            compare("fact", name, facts.column(name, there), facts.column(name, here))
        for name, model in self._ep.models.items():
            compare("score", name, self._scores(model, there), self._scores(model, here))
        outcomes = [[str(OUTCOMES[r.verdict.outcome]) for r in sample.rows]
                    for sample in (self._seen.reference, self._seen.current)]  # fmt: skip
        comparisons["outcome", ""] = compare_columns(outcomes[0], outcomes[1], self._level, (whom[0], whom[1]))
        growing = {
            name for kind, name in comparisons
            if kind == "fact" and facts.is_growing(name, self._asking._reference, self._asking._first_us)  # noqa: SLF001
        }  # fmt: skip
        # What changes by itself, or has meant something else meanwhile, is told and not judged.
        judged = [key for key in comparisons if key[0] != "fact" or key[1] not in growing | facts.redefined]
        adjusted = dict(zip(judged, statistics.holm([comparisons[key].tail for key in judged]), strict=True))
        told: dict[str, dict[str, Any]] = {"fact": {}, "score": {}, "outcome": {}}
        for (kind, name), each in comparisons.items():
            told[kind][name] = self._comparison(each, adjusted.get((kind, name))) | {
                "redefined": kind == "fact" and name in facts.redefined,
                "growing": kind == "fact" and name in growing,
            }
        for name, entry in told["fact"].items():
            entry["kind"] = str(self._ep.types[self._ep.index[name]].kind)
        rates = self._rates()
        return {**told["outcome"][""], "rates": rates}, told["fact"], told["score"]

    def _comparison(self, each: Comparison, adjusted: float | None) -> dict[str, Any]:
        quantiles = None
        if each.quantiles is not None:
            quantiles = {
                side: dict(zip(map(str, QUANTILES), values, strict=True))
                for side, values in zip(("reference", "current"), each.quantiles, strict=True)
            }
        return {
            "worth": list(each.worth), "psi": each.psi, "critical": each.critical, "tail": each.tail,
            "adjusted": adjusted, "size": each.size, "alarm": adjusted is not None and adjusted < self._level,
            "ks": each.ks, "ks_tail": each.ks_tail, "quantiles": quantiles,
            "bins": [msgspec.to_builtins(one) for one in each.bins],
        }  # fmt: skip

    def _rates(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for outcome in map(str, OUTCOMES):
            sides = {}
            for side, counts in self._seen.outcomes.items():
                share = wilson(counts[outcome], counts.total())
                sides[side] = None if share is None else {"value": share.value, "low": share.low, "high": share.high}
            found[outcome] = sides
        return found

    def _scores(self, model: Model, rows: Sequence[Mapping[str, Value]]) -> tuple[Doubles, Wholes]:
        """Today's model on rows that have all its inputs, and which these are; one without (they came later) is left
        out.
        """
        inputs = {each.name for each in model.definition.inputs}
        slots = self._ep.slots
        kept = np.array([place for place, row in enumerate(rows) if inputs <= row.keys()], np.int64)
        if not len(kept):
            return np.empty(0), kept
        matrix = [model.row([rows[place].get(slot) for slot in slots]) for place in kept.tolist()]
        return model.probabilities(np.array(matrix, np.float64)), kept

    # ---- how well it is judged

    def _mature(self) -> tuple[Mature, list[DecisionRecord]] | None:
        label = self._asking.label_of(self._ep.event.name)
        if label is None or self._labels is None:
            return None
        known_by_us = self._asking._known_by_us  # noqa: SLF001
        records: list[DecisionRecord] = []
        truths: list[bool] = []
        for sample in self._seen.mature:
            for seq, record in sorted(sample.rows, key=lambda row: row[0]):
                value = self._labels.settled(label, seq, record.event_id, record.as_of_us, known_by_us)
                if value is not None:
                    records.append(record)
                    truths.append(value)
        if len(records) < ROWS_MIN:
            return None
        archive = self._asking._archive  # noqa: SLF001
        whom = numbered(entities(archive, records))
        hits = [_hits(archive, record) for record in records]
        at_us = np.array([record.as_of_us for record in records], np.int64)
        return Mature(at_us, np.array(truths, np.bool_), whom, hits), records

    def _rules(self, mature: Mature, bounds: list[tuple[int, int]]) -> dict[str, Any]:
        found = judging.rules_over(mature, bounds)
        adjusted = statistics.holm([each["tail"] for each in found.values()])
        for each, tail in zip(found.values(), adjusted, strict=True):
            each["adjusted"], each["alarm"] = tail, tail < self._level
        return found

    def _model(
        self, name: str, model: Model, score: dict[str, Any] | None,
        mature: tuple[Mature, list[DecisionRecord]] | None, bounds: list[tuple[int, int]],
    ) -> dict[str, Any]:  # fmt: skip
        evaluation = self._asking._evaluations.get(name)  # noqa: SLF001
        told: dict[str, Any] = {
            "doc": {"zh": model.definition.doc.zh, "en": model.definition.doc.en}, "digest": model.definition.digest,
            "score": score, "evaluation": None if evaluation is None else msgspec.to_builtins(evaluation),
            "slices": [], "newest": None, "decay": None, "calibration": None,
        }  # fmt: skip
        if mature is not None:
            told |= self._judged(model, mature, bounds, evaluation)
        proposal, because = judging.propose(score, told["newest"], told["decay"], told["calibration"], self._level)
        return told | {"proposal": proposal, "because": list(because)}

    def _judged(
        self, model: Model, mature: tuple[Mature, list[DecisionRecord]], bounds: list[tuple[int, int]],
        evaluation: Evaluation | None,
    ) -> dict[str, Any]:  # fmt: skip
        rows, records = mature
        facts = Facts(self._asking._archive, self._ep, self._asking._rest).rows_of(records)  # noqa: SLF001
        found_scores, places = self._scores(model, facts)
        if not len(places):
            return {}
        kept = np.zeros(len(facts), np.bool_)
        kept[places] = True
        scores = np.full(len(facts), math.nan)
        scores[places] = found_scores
        slices, newest = [], np.empty(0, np.int64)
        for since_us, until_us in reversed(bounds):
            mine = rows.between(since_us, until_us)
            mine = mine[kept[mine]]
            slices.append(judging.ranking(rows.label[mine], scores[mine], rows.whom[mine]))
            if rows.label[newest].sum() < judging.POSITIVES_MIN:
                # The newest slices that together have turned out true often enough to say anything.
                newest = np.concatenate([mine, newest])
            self._asking._rest()  # noqa: SLF001
        found = judging.ranking(rows.label[newest], scores[newest], rows.whom[newest])
        return {
            "slices": slices[::-1], "newest": found, "decay": judging.decay(found, evaluation),
            "calibration": judging.calibration(rows.label[newest], scores[newest], rows.whom[newest]),
        }  # fmt: skip

    # ---- what a person should hear of

    def _find(self, told: Mapping[str, Any]) -> None:
        on = self._ep.event.name
        for name, each in told["facts"].items():
            if each["alarm"] and each["size"] != "small":
                self.findings.append(Finding("fact", on, name, each["size"], "nothing", each["psi"], each["critical"]))
        if (each := told["outcomes"]) and each["alarm"] and each["size"] != "small":
            self.findings.append(Finding("outcomes", on, on, each["size"], "nothing", each["psi"], each["critical"]))
        self.findings.sort(key=lambda found: -(found.psi or 0.0))
        for name, each in told["models"].items():
            if each["proposal"] == "nothing":
                continue
            score, newest = each["score"] or {}, each["newest"] or {}
            sizes = [
                part["size"] for part in (each["score"], each["decay"], each["calibration"]) if part is not None
            ]  # fmt: skip
            size = "large" if "large" in sizes or each["proposal"] == "retire" else "moderate"
            auc = newest.get("auc")
            evaluation = each["evaluation"]
            told_auc = auc["value"] if auc else None
            expected = evaluation["auc"] if evaluation else None
            self.findings.append(
                Finding(
                    "model",
                    on,
                    name,
                    size,
                    each["proposal"],
                    score.get("psi"),
                    score.get("critical"),
                    told_auc,
                    expected,
                    tuple(each["because"]),
                )
            )


def _hits(archive: Archive, record: DecisionRecord) -> tuple[str, ...]:
    decider = archive.program(record.definitions).events[record.event_type].decider(record.side)
    return tuple(decider.policy.rules[hit].id for hit in record.verdict.hits) if decider is not None else ()


def _plain_stretch(stretch: Stretch) -> list[str]:
    return [format_instant(stretch.since_us), format_instant(stretch.until_us)]


def _nothing(why: str) -> Problems:
    return Problems([Problem("drift", "", why, "let more be decided, or give shorter stretches")])
