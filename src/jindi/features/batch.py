"""Many events at once: columns in, columns out, through the same kernel in the same order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from jindi.features import kernel as k
from jindi.features.lanes import Runner
from jindi.features.names import Names
from jindi.features.periods import period
from jindi.features.plan import Start
from jindi.language import Column as Cells
from jindi.language import Value, time_words, true_in

Column = Sequence[Any] | npt.NDArray[Any] | Cells | None
"""The values of one field, row by row; None where a value is missing, or for the whole column. A column of the
language's is the quickest: of a text each word is looked at once.
"""

SPARSE = 16
"""A vocabulary so many times as long as its column is looked through for the words that stand in the column."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of several types in the order of their arrival.

    `kinds[i]` is the place of event i's type in `event_types`, `as_of_us[i]` its instant (never
    decreasing). `columns` holds, per type, one column per declared field; row r is that type's r-th event.
    `accepted[i]` says that event i also counts for `counts = "accepted"`; without it none does.
    """

    event_types: tuple[str, ...]
    kinds: npt.NDArray[np.int64]
    as_of_us: npt.NDArray[np.int64]
    columns: Sequence[Sequence[Column]]
    accepted: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A batch as words: for each event its type, its instant, what to do, and where in the exchange buffer
    `io` its words in and its answers stand.
    """

    io: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    modes: npt.NDArray[np.int64]
    inputs: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]

    def lay_answers(self, rows: Sequence[k.Words], widths: Sequence[int], at: int, *, by_column: bool) -> None:
        """Say where each event's answers begin: they stand from `at` on in `io`, type after type, either feature by
        feature or event by event. `rows` are the events of each type, `widths` how many features each reads.
        """
        for mine, width in zip(rows, widths, strict=True):
            self.outputs[mine] = at + np.arange(len(mine)) * (1 if by_column else width)
            at += len(mine) * width

    def tables(self, rows: Sequence[k.Words], widths: Sequence[int], at: int, *, by_column: bool) -> Iterator[k.Words]:
        """The answers of each type: a row per event, a column per feature."""
        for mine, width in zip(rows, widths, strict=True):
            words = self.io[at : at + len(mine) * width]
            yield words.reshape(width, len(mine)).T if by_column else words.reshape(len(mine), width)
            at += words.size


@dataclass(frozen=True, slots=True)
class Answers:
    """What the events of one type read: a row per event, a column per feature."""

    names: tuple[str, ...]
    forms: str
    words: npt.NDArray[np.int64]
    backward: Sequence[Any]
    absent: frozenset[str]

    def column(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """A feature's values (int64, double, bool or object) and where they are missing (the value there
        means nothing).
        """
        i = self.names.index(name)
        words = np.ascontiguousarray(self.words[:, i])
        missing = words == k.MISSING
        if name in self.absent:
            missing = np.ones(len(words), dtype=np.bool_)
        match self.forms[i]:
            case "d" | "r":
                return words.view(np.float64), missing
            case "b":
                return words == 1, missing
            case "n":
                found = [None if gone else self.backward[w] for w, gone in zip(words, missing, strict=True)]
                return np.array(found, dtype=object), missing
            case _:
                return words, missing

    def rows(self) -> list[list[Value]]:
        """The same answers as single calls give them."""
        columns = []
        for name in self.names:
            values, missing = self.column(name)
            columns.append([None if m else v for v, m in zip(values.tolist(), missing.tolist(), strict=True)])
        return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in self.words]


def numbers(column: Column, rows: int) -> npt.NDArray[np.int64]:
    """The words of a column of integers, instants or truths."""
    if column is None:
        return np.full(rows, k.MISSING, dtype=np.int64)
    if isinstance(column, Cells):
        whole = column.values.astype(np.int64)
        return whole if column.missing is None else np.where(column.missing, k.MISSING, whole)
    if not isinstance(column, np.ndarray):
        column = np.array([k.MISSING if value is None else value for value in column], dtype=np.int64)
    return column.astype(np.int64, copy=False)


def ratios(column: Column, rows: int) -> npt.NDArray[np.int64]:
    """The words of a column of doubles, which order as they do."""
    if column is None:
        return np.full(rows, k.MISSING, dtype=np.int64)
    if isinstance(column, Cells):
        column = column.values if column.missing is None else np.where(column.missing, np.nan, column.values)
    if not isinstance(column, np.ndarray):
        column = np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    doubles = column.astype(np.float64) + 0.0
    words = doubles.view(np.int64)
    words = np.where(words < 0, words ^ np.int64(0x7FFFFFFFFFFFFFFF), words)
    words[np.isnan(doubles)] = k.MISSING
    return words


def named(column: Column, rows: int, names: Names) -> npt.NDArray[np.int64]:
    """The words of a column of names; new ones get a number."""
    if column is None:
        return np.full(rows, names.missing, dtype=np.int64)
    if isinstance(column, Cells) and column.vocabulary is not None:
        return _of_words(column, names)
    values = plain(column, rows)
    return np.fromiter(map(names.__getitem__, values), dtype=np.int64, count=rows)


def _of_words(column: Cells, names: Names) -> npt.NDArray[np.int64]:
    """The words of a column of texts: only those that stand in it are numbered."""
    assert column.vocabulary is not None, "asked of texts only"
    if column.missing is not None:
        words = np.full(len(column), names.missing, dtype=np.int64)
        there = ~column.missing
        words[there] = _of_words(Cells(column.values[there], None, column.vocabulary), names)
        return words
    vocabulary, places = column.vocabulary, column.values
    if len(vocabulary) > SPARSE * len(places):
        found, places = np.unique(places, return_inverse=True)
        vocabulary = tuple(vocabulary[each] for each in found.tolist())
    stands = np.zeros(len(vocabulary), dtype=np.bool_)
    stands[places] = True
    words = np.zeros(len(vocabulary), dtype=np.int64)
    standing = np.flatnonzero(stands)
    words[standing] = names.of_texts([vocabulary[place] for place in standing.tolist()])
    numbered: npt.NDArray[np.int64] = words[places]
    return numbered


def plain(column: Column, rows: int) -> Sequence[Any]:
    """A column as Python's own values, None where one is missing."""
    if column is None:
        return [None] * rows
    if isinstance(column, Cells):
        return column.python()
    values: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return values


def begins(start: Start, as_of_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The calendar window's start for each of many instants."""
    at = as_of_us - start.lag_us
    if not at.size:
        return at
    edges = []
    edge, last = int(at[0]), int(at[-1])
    while edge <= last:
        begin, edge = period(edge, start.unit, start.zone)
        edges.append(begin)
    table = np.array(edges, dtype=np.int64)
    return table[np.searchsorted(table, at, side="right") - 1]


def held(each: Runner, columns: Sequence[Column], as_of_us: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which conditions are definitely true, a row per event: what `Runner.holds` says of each."""
    rows = len(as_of_us)
    if all(isinstance(column, Cells) for column in columns) and not any(group.timed for group in each.conditions):
        cells = {name: column for name, column in zip(each.names, columns, strict=True) if isinstance(column, Cells)}
        return true_in([condition.expression for condition in each.lane.conditions], cells, rows).T
    full = [plain(column, rows) for column in columns]
    found = np.empty((rows, len(each.lane.conditions)), dtype=np.bool_)
    for group in each.conditions:
        facts: Iterable[Sequence[Any]] = zip(*full, strict=True)
        if group.timed:
            clocks = (time_words(instant, group.zone).values() for instant in as_of_us.tolist())
            facts = ((*values, *clock) for values, clock in zip(facts, clocks, strict=True))
        # One flat list: many small ones cost as much as the conditions themselves.
        truths = list(chain.from_iterable(map(group.truths, facts)))
        found[:, group.places] = np.array(truths, dtype=np.bool_).reshape(rows, len(group.places))
    return found


def words_of(
    each: Runner, columns: Sequence[Column], as_of_us: npt.NDArray[np.int64], names: Names
) -> npt.NDArray[np.int64]:
    """The words of all events of one type, a row each."""
    rows = len(as_of_us)
    if rows == 0:
        return np.empty((0, each.lane.words), dtype=np.int64)
    if len(columns) != each.fields:
        raise ValueError(f"{each.lane.name}: {len(columns)} columns for {each.fields} declared fields")
    if any(column is not None and len(column) != rows for column in columns):
        raise ValueError(f"{each.lane.name}: a column has another length than the events of its type")
    words = np.empty((rows, each.lane.words), dtype=np.int64)
    at = 0
    for key in each.keys:
        if len(key.places) == 1:
            words[:, at] = named(columns[key.places[0]], rows, key.names)
        else:
            parts = [columns[place] for place in key.places]
            lists = [plain(part, rows) for part in parts]
            # Of no parts, what is kept for everybody: the same key in each row.
            words[:, at] = named(list(zip(*lists, strict=True)) if lists else [()] * rows, rows, key.names)
        at += 1
    for place, codec in each.values:
        if codec == "number":
            words[:, at] = numbers(columns[place], rows)
        elif codec == "ratio":
            words[:, at] = ratios(columns[place], rows)
        else:
            words[:, at] = named(columns[place], rows, names)
        at += 1
    if each.conditions:
        words[:, at : at + len(each.lane.conditions)] = held(each, columns, as_of_us)
        at += len(each.lane.conditions)
    for calendar in each.calendars:
        words[:, at] = begins(calendar.start, as_of_us)
        at += 1
    return words
