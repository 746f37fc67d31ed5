"""The past by columns: where the archive holds all that a candidate asks for, thousands of events are judged at a time.

The answers are those of `Contest.by_facts`, which is the definition: the same tallies to the last figure. What columns
can't say (a decision that saw an absent input) goes the way of the journal, one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import nsmallest

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jindi.basics.instants import day_of, start_of_day
from jindi.engine import Columns, EventProgram, complete_columns, inputs_of, judge_columns
from jindi.language import Column
from jindi.packs import OUTCOMES
from jindi.ports import Files
from jindi.run.backtest.contest import Contest
from jindi.run.backtest.tally import SAMPLES_PER_CELL, Groups, Sample, Tally, digest_of, farthest, plain
from jindi.run.history import parts as stored
from jindi.run.history.manifest import Broken, Part
from jindi.run.history.selection import version_schemas
from jindi.run.history.shapes import meta_of
from jindi.run.records import DecisionRecord

DENSE = 50
"""Where at least one of so many records must be read from the journal, the whole stretch is read through."""

ROWS = 32_768
"""Rows that are judged at a time: enough for what happens once for each column to weigh little, and few for memory."""

Words = npt.NDArray[np.int64]
ONE_DAY = timedelta(days=1)
_NAMES = tuple(str(outcome) for outcome in OUTCOMES)


class Unfit(Exception):  # noqa: N818 - what the caller is told
    """The archive's columns do not hold what the candidate asks for; the journal does."""


@dataclass(slots=True)
class Sourcing:
    """Where each input of a candidate's policy comes from, for parts of one event type and one set of definitions."""

    load: dict[str, str] = field(default_factory=dict)
    """Slots that stand in the part as the candidate would have them, with their columns."""
    limits: list[str] = field(default_factory=list)
    """Limits whose values are the candidate's own."""
    computed: list[str] = field(default_factory=list)
    """Derived features and models that are the candidate's own."""
    texts: list[str] = field(default_factory=list)
    """Columns of texts among those that are loaded."""


def sourcing(contest: Contest, event_type: str, definitions: int, schema: pa.Schema) -> Sourcing:
    """How archived rows become what the candidate's policy reads. Raises Unfit when they can't."""
    then = contest.archive.program(definitions).events[event_type]
    today = contest.candidate.program.events[event_type]
    assert today.live is not None, "only types with a policy are judged"
    if today.challenger is not None:
        raise Unfit("split")  # which of two policies decides is asked event by event
    columns = {meta.slot: column for column, meta in meta_of(schema).columns.items()}
    found, view = Sourcing(), contest.view(definitions, event_type)
    same = _Same(then, today)
    for name in sorted({*inputs_of(today.live), *view.names(today)}):
        _source(name, found, same, columns)
    found.texts += [column for column in found.load.values() if pa.types.is_string(schema.field(column).type)]
    return found


def _source(name: str, found: Sourcing, same: "_Same", columns: dict[str, str]) -> None:
    if name in found.load or name in found.limits or name in found.computed:
        return
    today = same.today
    if same.holds(name) and name in columns:
        found.load[name] = columns[name]
    elif name.startswith("limit("):
        found.limits.append(name)
    elif name in today.derived:
        for each in sorted(same.inputs(name)):
            _source(each, found, same, columns)
        found.computed.append(name)
    else:
        raise Unfit(name)


class _Same:
    """Which slots mean the same under the definitions of then and today's. Fields, windows and lists do: the contest
    has asked.
    """

    def __init__(self, then: EventProgram, today: EventProgram) -> None:
        self.then, self.today = then, today
        self._known: dict[str, bool] = {}

    def holds(self, name: str) -> bool:
        """Whether the value that a decision of then saw is the one that today's would see."""
        if name not in self._known:
            self._known[name] = name in self.then.index and self._of(name)
        return self._known[name]

    def _of(self, name: str) -> bool:
        then, today = self.then.definitions, self.today.definitions
        if name in self.today.time_words:
            return self.then.zone == self.today.zone
        if name.startswith("limit("):
            limit = name[len("limit('") : -len("')")]
            return then.limits[limit].steps == today.limits[limit].steps
        if name in self.today.models:
            return then.models[name].digest == today.models[name].digest and self._inputs_hold(name)
        if name in self.today.derived:
            return then.derived.get(name) == today.derived[name] and self._inputs_hold(name)
        return True

    def _inputs_hold(self, name: str) -> bool:
        return all(self.holds(each) for each in self.inputs(name))

    def inputs(self, name: str) -> frozenset[str]:
        """What a derived feature or a model reads."""
        if name in self.today.models:
            return frozenset(each.name for each in self.today.models[name].definition.inputs)
        return self.today.definitions.derived[name].expression.inputs


def sourcings(contest: Contest, files: Files, parts: Sequence[Part]) -> dict[tuple[str, int], Sourcing]:
    """The sourcing of each event type under each definitions. Raises Unfit when the archive lacks what is asked for."""
    schemas = version_schemas(files, parts)
    return {key: sourcing(contest, *key, schema) for key, schema in schemas.items()}


def by_columns(contest: Contest, files: Files, part: Part, source: Sourcing) -> Tally:
    """What the candidate makes of a part's rows; its samples are only named. Raises Unfit when columns can't say it."""
    own = ["seq", "event_id", "as_of", "outcome", "reasons", "absent"]
    wanted = list(dict.fromkeys([*own, *source.load.values()]))
    tally = Tally()
    coded = [*source.texts, "outcome", "reasons.list.element"]
    for batch in stored.still_there(files, part, wanted, coded, ROWS):
        _count(contest, part, source, batch, tally)
    return tally


def complete_samples(contest: Contest, tallies: Mapping[str, Tally]) -> None:
    """Read what the candidate sees of those samples that were only named. Raises Broken where the journal does not say
    of them what the columns said.
    """
    for tally in tallies.values():
        for change, cell in tally.samples.items():
            tally.samples[change] = [_complete(contest, change, each) if each.facts is None else each for each in cell]


def _complete(contest: Contest, change: str, named: Sample) -> Sample:
    judged = contest.judged(named.seq, contest.archive.decision(named.seq))
    if f"{OUTCOMES[judged.record.verdict.outcome]}>{judged.decision.outcome}" != change:
        raise Broken(f"row {named.seq}", "its columns are not what the journal says", stored.REMEDY)
    return Sample(named.digest, named.seq, plain(judged.facts), sorted(judged.absent))


def _count(contest: Contest, part: Part, source: Sourcing, batch: pa.RecordBatch, tally: Tally) -> None:
    as_of = batch.column("as_of").cast(pa.int64()).to_numpy()
    wanted = (as_of >= contest.span.since_us) & (as_of < contest.span.until_us)
    away = np.diff(batch.column("absent").offsets.to_numpy()) > 0
    if (alone := wanted & away).any():
        _one_by_one(contest, part, batch.column("seq").to_numpy()[alone], tally)
    chosen = wanted & ~away
    if not chosen.any():
        return
    if not chosen.all():
        batch, as_of = batch.filter(pa.array(chosen)), as_of[chosen]
    today = contest.candidate.program.events[part.type]
    columns: Columns = {slot: column(batch.column(name)) for slot, name in source.load.items()}
    days, day_of_row = days_of(as_of, today)
    for name in source.limits:
        columns[name] = limit_column(name, today, days, day_of_row)
    complete_columns(today, columns, source.computed, len(as_of))
    past = Past(
        part.type, part.definitions, batch.column("seq").to_numpy(), batch.column("event_id"), as_of,
        batch.column("outcome"), batch.column("reasons"), days, day_of_row,
    )  # fmt: skip

    def sample(place: int, digest: bytes) -> Sample:
        return Sample(digest, int(past.seqs[place]), None, [])

    count_rows(contest, past, columns, tally, sample)


@dataclass(frozen=True, slots=True)
class Past:
    """Decisions of one event type under one set of definitions, as they were."""

    event_type: str
    definitions: int
    seqs: Words
    event_ids: pa.Array
    as_of_us: Words
    outcomes: pa.Array
    reasons: pa.Array
    days: Sequence[date]
    day_of_row: Words


def count_rows(
    contest: Contest, past: Past, columns: Columns, tally: Tally, sample: Callable[[int, bytes], Sample]
) -> None:
    """Judge rows by their facts and add them to a tally. `sample` gives what is shown of a changed decision, by its
    place among the rows.
    """
    rows, today = len(past.seqs), contest.candidate.program.events[past.event_type]
    assert today.live is not None, "only types with a policy are judged"
    verdicts = judge_columns(today.live, columns, rows)
    view = contest.view(past.definitions, past.event_type)
    minor = columns[today.slots[view.amount_at]] if view.amount_at is not None else None
    ids = past.event_ids.to_pylist() if contest.asks_for_labels else ()
    amounts = np.zeros(rows, np.int64) if minor is None else _filled(minor)
    groups = Groups(
        seqs=past.seqs,
        minor=amounts,
        labels=contest.labels_of(past.seqs, ids, past.as_of_us),
        was=_weights(past.outcomes),
        would=verdicts.weights,
        most=farthest(amounts),
    )
    segment = None if view.segment_at is None else _texts(columns[today.slots[view.segment_at]])
    tally.count_groups(groups, [day.isoformat() for day in past.days], past.day_of_row, segment)
    tally.hit_groups(tally.rules_live, *_journalled_hits(past.reasons), groups)
    tally.hit_groups(tally.rules, view.rules[0], verdicts.hits, groups)
    if view.customer_at is not None:
        tally.disturb_groups(*_texts(columns[today.slots[view.customer_at]]), groups)
    _show(tally, groups, past.event_ids, sample)


def column(array: pa.Array) -> Column:
    """An archived column as the language takes it."""
    gone = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        coded = array if pa.types.is_dictionary(kind) else array.dictionary_encode()
        places = coded.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return Column(places, gone, tuple(coded.dictionary.to_pylist()))
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.int64())
    plain = array.fill_null(False if pa.types.is_boolean(kind) else 0) if array.null_count else array
    return Column(plain.to_numpy(zero_copy_only=False), gone)


def _filled(column: Column) -> Words:
    values: Words = column.values if column.missing is None else np.where(column.missing, 0, column.values)
    return values


def days_of(as_of: Words, ep: EventProgram) -> tuple[list[date], Words]:
    """The days on which rows were decided, and which of them each row's is."""
    day, last = day_of(int(as_of.min()), ep.zone), int(as_of.max())
    days, edges = [day], [start_of_day(day, ep.zone)]
    while (edge := start_of_day(day := day + ONE_DAY, ep.zone)) <= last:
        days.append(day)
        edges.append(edge)
    return days, np.searchsorted(np.array(edges), as_of, side="right") - 1


def limit_column(name: str, ep: EventProgram, days: Sequence[date], day_of_row: Words) -> Column:
    """A limit's value on the day of each row. Raises Unfit where it has none: the plain way says what that means."""
    limit = ep.definitions.limits[name[len("limit('") : -len("')")]]
    try:
        values = [limit.on(day).value for day in days]
    except LookupError:
        raise Unfit(name) from None
    if any(value is None or isinstance(value, str) for value in values):
        raise Unfit(name)
    return Column(np.array(values)[day_of_row])


def _weights(outcomes: pa.Array) -> Words:
    coded = outcomes.dictionary_encode()
    weights = np.array([_NAMES.index(name) for name in coded.dictionary.to_pylist()] or [0], np.int64)
    found: Words = weights[coded.indices.to_numpy()]
    return found


def _texts(column: Column) -> tuple[list[str], Words]:
    """A text of each row by its place among the texts; -1 where it has none."""
    if column.vocabulary is not None:
        names, places = list(column.vocabulary), column.values.astype(np.int64)
    else:
        found, places = np.unique(column.values, return_inverse=True)
        names = [str(value) for value in found.tolist()]
    return names, places if column.missing is None else np.where(column.missing, -1, places)


def _journalled_hits(reasons: pa.Array) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
    """The rules that were hit then, and (rule, row) which was."""
    coded = reasons.flatten().dictionary_encode()
    names = tuple(coded.dictionary.to_pylist())
    hits = np.zeros((len(names), len(reasons)), np.bool_)
    rows = np.repeat(np.arange(len(reasons)), np.diff(reasons.offsets.to_numpy()))
    hits[coded.indices.to_numpy(), rows] = True
    return names, hits


def _show(tally: Tally, groups: Groups, ids: pa.Array, sample: Callable[[int, bytes], Sample]) -> None:
    """Keep the few changed decisions with the least digests."""
    changed = np.flatnonzero(groups.was != groups.would)
    if not changed.size:
        return
    tally.allowed_otherwise += int(((groups.was == 0) != (groups.would == 0)).sum())
    cells: dict[str, list[tuple[bytes, int, int]]] = {}
    named = zip(
        ids.take(pa.array(changed)).to_pylist(), groups.was[changed].tolist(), groups.would[changed].tolist(),
        groups.seqs[changed].tolist(), changed.tolist(), strict=True,
    )  # fmt: skip
    for event_id, was, would, seq, place in named:
        digest = digest_of(event_id)
        cells.setdefault(f"{_NAMES[was]}>{_NAMES[would]}", []).append((digest, seq, place))
    for change, found in cells.items():
        for digest, seq, place in nsmallest(SAMPLES_PER_CELL, found):
            if tally.wants(change, digest, seq):
                tally.keep(change, sample(place, digest))


def _one_by_one(contest: Contest, part: Part, seqs: Words, tally: Tally) -> None:
    """Decisions that saw an absent input, from the journal."""
    tallies = {part.type: tally}
    for seq, record in _records(contest, seqs):
        contest.count(contest.judged(seq, record), tallies)


def _records(contest: Contest, seqs: Words) -> Iterator[tuple[int, DecisionRecord]]:
    if len(seqs) * DENSE < int(seqs[-1] - seqs[0]):
        for seq in seqs.tolist():
            yield seq, contest.archive.decision(seq)
        return
    wanted, last = set(seqs.tolist()), int(seqs[-1])
    for seq, record in contest.archive.records(int(seqs[0])):
        if seq > last:
            return
        if seq in wanted and isinstance(record, DecisionRecord):
            yield seq, record
