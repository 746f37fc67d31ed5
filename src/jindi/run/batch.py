"""`jindi decide`: a file of events through the same gather and decide as live, with state in memory.

The events of a table and those derived from its rows are merged in time order; only events of the mapped type
give output rows. The output appears under its name when it is whole, never half.
"""

import gc
import heapq
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem, Problems
from jindi.engine import Decision, Program, decide
from jindi.language import Kind, Type, Value
from jindi.packs import Outcome
from jindi.run.blocks import BLOCK_EVENTS, Block
from jindi.run.columns import PROBLEMS_TOLD_MAX, ColumnMap, Derived, Source, about, field_values, ids, instants
from jindi.run.events import Event
from jindi.run.intake import Intake, Refused
from jindi.run.state import Gathered, State
from jindi.vault import Tokens

CHUNK_ROWS = 65_536
Told = Callable[[int, int | None], None]
"""Told (rows done, rows in all if known) now and then; may raise to interrupt."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did."""

    rows: int
    events: int
    outcomes: Mapping[str, int]


@dataclass(slots=True)
class _Waiting:
    """An event of the stream; `row` is where its answer goes, None for derived events."""

    event: Event
    row: int | None
    kept: tuple[Any, ...] = ()


def decide_file(
    source: Path, target: Path, program: Program, tokens: Tokens, columns: ColumnMap | None,
    told: Told = lambda _, __: None,
) -> Summary:  # fmt: skip
    """Decide every event of a file. Raises Problems (with row numbers) when the file does not fit."""
    if target.exists() and target.samefile(source):
        raise Problems([Problem(str(target), "", "the output would replace the input", "give another --out")])
    if columns is None:
        if source.suffix in (".parquet", ".csv"):
            raise Problems([Problem(source.name, "", "a table needs a mapping", "give --columns")])
        stream, rows = _wire_events(source, program, tokens), None
        kept_names: tuple[str, ...] = ()
        types = tuple(program.events)
    else:
        rows = _rows_of(source)
        stream = _mapped_events(source, program, tokens, columns)
        kept_names, types = (*columns.keep, *columns.truths), (columns.type,)
    state = State.fresh(program)
    writer = _Output(target, program, types, kept_names, frozenset(columns.truths) if columns else frozenset())
    outcomes: dict[str, int] = dict.fromkeys(map(str, Outcome), 0)
    events = done = 0
    sequential = any(state.accepts(name) for name in program.events)
    # Nothing here makes cycles, and the collector would walk all that is remembered again and again: it took
    # a third of the time of a long file.
    collected = gc.isenabled()
    gc.disable()
    try:
        for waiting, gathered in _gathered(state, stream, source.name, sequential=sequential):
            event = waiting.event
            decision = decide(program.events[event.type], gathered.facts)
            state.high_us = gathered.as_of_us
            if sequential and decision.outcome is Outcome.ALLOW and state.accepts(event.type):
                state.windows.keep(event.type, gathered.as_of_us, event.values)
            if decision.outcome is Outcome.ALLOW and (why := state.enlist(event)) is not None:
                raise Problems([Problem(source.name, f"event {events + 1}: {why.item}", why.problem, why.remedy)])
            events += 1
            if waiting.row is not None:
                done += 1
                outcomes[decision.outcome] += 1
                writer.row(waiting, gathered.facts, decision)
                if done % 4096 == 0:
                    told(done, rows)
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    finally:
        if collected:
            gc.enable()
    told(done, done)
    return Summary(done, events, outcomes)


def _gathered(
    state: State, stream: Iterator[_Waiting], name: str, *, sequential: bool
) -> Iterator[tuple[_Waiting, Gathered]]:
    """Every event with its facts. Where no decision comes back into a feature, features are read in blocks."""
    number = 0
    while block := list(islice(stream, BLOCK_EVENTS)):
        try:
            read = None if sequential else _features(state, block)
            for waiting in block:
                number += 1
                event = waiting.event
                if read is None:
                    yield waiting, state.gather(event, feed=True)
                else:
                    yield waiting, state.gather_with(event, next(read[event.type]))
        except Refused as error:
            raise Problems(Problem(name, f"event {number}", p.problem, p.remedy) for p in error.problems) from None
        except OverflowError as error:
            raise Problems([Problem(name, f"after event {number}", str(error))]) from None


def _features(state: State, block: Sequence[_Waiting]) -> dict[str, Iterator[list[Value]]]:
    """The window features of a block's events, per type and in their order."""
    events, as_of_us = Block(), state.high_us
    for waiting in block:
        as_of_us = max(as_of_us, waiting.event.at_us)
        events.add(waiting.event.type, as_of_us, waiting.event.values)
    return {name: iter(answers.rows()) for name, answers in events.into(state.windows).items()}


def _wire_events(source: Path, program: Program, tokens: Tokens) -> Iterator[_Waiting]:
    """NDJSON lines in the form that the API takes. Time may lie anywhere: a file is history."""
    intake = Intake(program.definitions, tokens, lambda: 1 << 62)
    problems: list[Problem] = []
    seen: set[str] = set()
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                event = intake.read(line)
                if event.id in seen:
                    raise Refused(
                        [Problem("event", "id", "an id that an earlier line has", "give each event its own id")]
                    )
            except Refused as error:
                problems += [
                    Problem(source.name, f"line {number}: {p.item}".removesuffix(": "), p.problem, p.remedy)
                    for p in error.problems
                ]
                if len(problems) >= PROBLEMS_TOLD_MAX:
                    break
                continue
            seen.add(event.id)
            if not problems:
                yield _Waiting(event, number)
    if problems:
        raise Problems(problems)


def _mapped_events(source: Path, program: Program, tokens: Tokens, columns: ColumnMap) -> Iterator[_Waiting]:
    """The rows of a table as events, merged with the events derived from them."""
    heap: list[tuple[int, bool, int, _Waiting]] = []
    tie = count()
    last_us, start = -(1 << 62), 0
    seen: set[str] = set()
    for table in _chunks(source, columns):
        rows = len(next(iter(table.values()), ()))
        problems: list[Problem] = []

        def tell(row: int, column: str, why: str, start: int = start, problems: list[Problem] = problems) -> None:
            if len(problems) < PROBLEMS_TOLD_MAX:
                problems.append(
                    Problem(source.name, f"row {start + row + 1}: {column}", why, "correct the file or its mapping")
                )

        whole = {name: _cells(cells) if isinstance(cells, pa.Array) else cells for name, cells in table.items()}
        at_source, timed = _timed(columns.at, table)
        at_cells = timed[columns.at.column] if columns.at.column else [columns.at.literal] * rows
        at = instants(at_source, at_cells, about(tell, "at"))
        event_ids = ids(columns.id, range(rows), whole, about(tell, "id"))
        values = field_values(program.events[columns.type].event, columns.fields, rows, whole, tokens, tell)
        copies = [whole[name] for name in columns.keep.values()]
        copies += [truth.read(whole[truth.column], about(tell, name)) for name, truth in columns.truths.items()]
        kept = list(zip(*copies, strict=True)) if copies else [()] * rows
        for row, at_us in enumerate(at):
            if at_us < last_us:
                tell(row, "at", "earlier than the row before it; rows must be in time order")
            last_us = max(last_us, at_us)
            if event_ids[row] in seen:
                tell(row, "id", "an id that an earlier row has")
            seen.add(event_ids[row])
        derived = [_derive(each, program, whole, at, tokens, tell) for each in columns.derived]
        if problems:
            raise Problems(problems)
        for events in derived:
            for first, event in events:
                heapq.heappush(heap, (event.at_us, not first, next(tie), _Waiting(event, None)))
        for row, at_us in enumerate(at):
            while heap and (heap[0][0], heap[0][1]) < (at_us, True):
                yield heapq.heappop(heap)[3]
            yield _Waiting(Event(event_ids[row], columns.type, at_us, values[row]), start + row, kept[row])
            # An event that is to follow the row's instant waits for all rows of that instant.
        start += rows
    while heap:
        yield heapq.heappop(heap)[3]


def _derive(
    derived: Derived, program: Program, table: Mapping[str, Sequence[Any]], at: list[int], tokens: Tokens,
    tell: Callable[[int, str, str], None],
) -> list[tuple[bool, Event]]:  # fmt: skip
    chosen = [row for row, cell in enumerate(table[derived.column]) if cell in derived.values]
    if not chosen:
        return []
    part = {name: [cells[row] for row in chosen] for name, cells in table.items()}

    def tell_row(place: int, column: str, why: str) -> None:
        tell(chosen[place], f"{derived.type}.{column}", why)

    event_ids = ids(derived.id, range(len(chosen)), part, lambda place, why: tell_row(place, "id", why))
    event = program.events[derived.type].event
    values = field_values(event, derived.fields, len(chosen), part, tokens, tell_row)
    return [
        (derived.first, Event(event_id, derived.type, at[row] + derived.after_us, each))
        for event_id, row, each in zip(event_ids, chosen, values, strict=True)
    ]


def _timed(source: Source, table: dict[str, Sequence[Any]]) -> tuple[Source, dict[str, Sequence[Any]]]:
    """A column of timestamps as whole microseconds, all at once; anything else as it is."""
    if source.column is None or not isinstance(cells := table[source.column], pa.ChunkedArray | pa.Array):
        return source, table
    if cells.type.tz is None:
        if source.zone is None:
            raise Problems([Problem("", "at", "times without a zone", "name the zone in the mapping")])
        try:
            cells = pc.assume_timezone(cells, str(source.zone), ambiguous="earliest")
        except pa.ArrowInvalid:
            # Some time never was: the clocks were put forward over it. Cell by cell, then, as text is read.
            return source, table | {source.column: _cells(cells)}
    whole = pc.cast(pc.cast(cells, pa.timestamp("us", "UTC"), safe=False), pa.int64())
    return replace(source, unit="us"), table | {source.column: whole.to_pylist()}


def _chunks(source: Path, columns: ColumnMap) -> Iterator[dict[str, Sequence[Any]]]:
    """The named columns of a Parquet, CSV or NDJSON file, some rows at a time."""
    names = list(columns.columns)
    if source.suffix == ".parquet":
        file = _parquet(source)
        _have(source, names, file.schema_arrow.names)
        batches: Iterator[pa.RecordBatch] = file.iter_batches(CHUNK_ROWS, columns=names)
    elif source.suffix == ".csv":
        # Cells stay text: an id with leading zeros, or an amount, must not become a float on the way in.
        with source.open("rb") as raw:
            header = raw.readline().decode("utf-8-sig").strip().split(",")
        types = {name.strip('"'): pa.string() for name in header}
        _have(source, names, list(types))
        options = pa.csv.ConvertOptions(
            column_types=types, include_columns=names, strings_can_be_null=True, null_values=[""]
        )
        batches = _csv_batches(source, options)
    else:
        yield from _json_chunks(source, names)
        return
    for batch in batches:
        yield {
            name: column if pa.types.is_timestamp(column.type) and name == columns.at.column else _cells(column)
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }


def _rows_of(source: Path) -> int | None:
    return _parquet(source).metadata.num_rows if source.suffix == ".parquet" else None


def _parquet(source: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except pa.ArrowException:
        raise Problems([Problem(source.name, "", "not a whole Parquet file", "write it again")]) from None


def _csv_batches(source: Path, options: pa.csv.ConvertOptions) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV file; a row of another length is a problem with its number, never with its text."""
    problems: list[Problem] = []

    def misfit(row: Any) -> str:
        what = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        # The header is a line of the file, and the first one.
        item = f"row {row.number - 1}" if row.number is not None else "a row"
        problems.append(Problem(source.name, item, what, "correct the file"))
        return "skip"

    try:
        # One thread, so that rows have numbers.
        read = pa.csv.ReadOptions(use_threads=False)
        parse = pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=misfit)
        for batch in pa.csv.open_csv(source, read, parse, options):
            if problems:
                break
            yield batch
    except pa.ArrowException:
        problems.append(Problem(source.name, "", "not a CSV file in UTF-8", "write it again"))
    if problems:
        raise Problems(problems[:PROBLEMS_TOLD_MAX])


def _cells(column: pa.Array) -> Sequence[Any]:
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    cells: list[Any] = column.to_pylist()
    return cells


def _json_chunks(source: Path, names: list[str]) -> Iterator[dict[str, Sequence[Any]]]:
    rows: list[dict[str, Any]] = []
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise Problems([Problem(source.name, f"line {number}", "not a JSON object", "write one object a line")])
            rows.append(row)
            if len(rows) >= CHUNK_ROWS:
                yield {name: [row.get(name) for row in rows] for name in names}
                rows = []
    if rows:
        yield {name: [row.get(name) for row in rows] for name in names}


def _have(source: Path, wanted: list[str], there: list[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise Problems(
            Problem(source.name, f"column {name}", "not in the file", f"it has: {', '.join(there)}") for name in missing
        )


class _Output:
    """The Parquet file of answers: what was asked to be kept, the event, all features, the decision."""

    def __init__(
        self, target: Path, program: Program, types: tuple[str, ...], kept: tuple[str, ...], truths: frozenset[str]
    ) -> None:
        self._target, self._part = target, target.with_name(target.name + ".part")
        self._kept, self._truths = kept, truths
        self._slots: dict[str, dict[str, int]] = {}
        features: dict[str, Type] = {}
        for name in types:
            ep = program.events[name]
            for feature in (*ep.windows, *ep.derived):
                features.setdefault(feature, ep.types[ep.index[feature]])
        self._features = features
        self._fractional = frozenset().union(*(program.events[name].fractional for name in types))
        for name in types:
            index = program.events[name].index
            self._slots[name] = {feature: index[feature] for feature in features if feature in index}
        self._rules = {
            name: tuple(tuple(rule.id for rule in each.policy.rules) for each in program.events[name].deciders())
            for name in types
        }
        own = {"event_id", "event_type", "at", "outcome", "score", "reasons", *features}
        if taken := sorted(own.intersection(kept)):
            raise Problems(
                Problem("keep", name, "a column of the output has this name", "keep it under another") for name in taken
            )
        self._waiting: list[tuple[_Waiting, Sequence[Value], Decision]] = []
        self._writer: pq.ParquetWriter | None = None

    def row(self, waiting: _Waiting, facts: Sequence[Value], decision: Decision) -> None:
        """One answer."""
        self._waiting.append((waiting, facts, decision))
        if len(self._waiting) >= BLOCK_EVENTS:
            self._flush()

    def _column(self, feature: str, type_: Type) -> list[Value]:
        """A feature's values in all rows that wait; None where the row's type does not have it."""
        slots = {name: slots.get(feature, -1) for name, slots in self._slots.items()}
        only = set(slots.values())
        if len(only) == 1:
            slot = only.pop()
            column = [facts[slot] for _, facts, _ in self._waiting]
        else:
            column = [
                None if (slot := slots[waiting.event.type]) < 0 else facts[slot] for waiting, facts, _ in self._waiting
            ]
        if (scale := _scale(type_)) != 1.0:
            return [value / scale if isinstance(value, int | float) else None for value in column]
        return column

    def _flush(self) -> None:
        waiting = self._waiting
        columns: dict[str, Any] = {}
        for place, name in enumerate(self._kept):
            cells = [each.kept[place] for each, _, _ in waiting]
            # A column that begins with nothing but gaps tells no type; text can hold whatever follows.
            empty = self._writer is None and all(cell is None for cell in cells)
            if name in self._truths:
                columns[name] = pa.array(cells, pa.bool_())
            else:
                columns[name] = pa.array(cells, pa.string()) if empty else cells
        columns["event_id"] = pa.array([each.event.id for each, _, _ in waiting], pa.string())
        columns["event_type"] = pa.array([each.event.type for each, _, _ in waiting], pa.string())
        columns["at"] = pa.array([each.event.at_us for each, _, _ in waiting], pa.timestamp("us", "UTC"))
        for feature, type_ in self._features.items():
            columns[feature] = pa.array(
                self._column(feature, type_), pa.float64() if feature in self._fractional else _arrow(type_)
            )
        columns["outcome"] = pa.array([str(decision.outcome) for _, _, decision in waiting], pa.string())
        columns["score"] = pa.array([decision.score for _, _, decision in waiting], pa.int64())
        columns["reasons"] = pa.array(
            [
                [self._rules[each.event.type][decision.side][hit] for hit in decision.hits]
                for each, _, decision in waiting
            ],
            pa.list_(pa.string()),
        )
        schema = self._writer.schema if self._writer is not None else None
        try:
            table = pa.table(columns, schema=schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise Problems(
                [Problem("keep", "", "a kept column has values of several types", "leave it out, or mend it")]
            ) from None
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._part, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._waiting = []

    def finish(self) -> None:
        """Everything is on disk under its name."""
        self._flush()
        assert self._writer is not None, "_flush has made the writer"
        self._writer.close()
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.replace(self._target)

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.close()
        self._part.unlink(missing_ok=True)


def _scale(type_: Type) -> float:
    """What a feature's value is divided by on its way out: amounts leave in major units."""
    if type_.kind is Kind.MONEY and type_.of is not None:
        return float(10 ** EXPONENTS[type_.of])
    return 1.0


def _arrow(type_: Type) -> pa.DataType:
    match type_.kind:
        case Kind.INT | Kind.DURATION:
            return pa.int64()
        case Kind.MONEY:
            # Without a fixed currency the minor unit is unknown: such amounts stay in minor units.
            return pa.float64() if type_.of is not None else pa.int64()
        case Kind.RATIO:
            return pa.float64()
        case Kind.BOOL:
            return pa.bool_()
        case Kind.TIME:
            return pa.timestamp("us", "UTC")
        case _:
            return pa.string()
