"""A replay by columns: the archive's events, in the order in which they came, through windows of the candidate's own.

It answers what `Contest.by_replay` answers, where that is possible without looking at events one by one: no decision
comes back into a feature, and what is on which list is what it was. Each event type is a stream of its own, read a
piece at a time; pieces are cut where every stream has gone as far, so memory does not grow with the past.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jindi.engine import Columns, EventProgram, complete_columns, decide
from jindi.features import Batch
from jindi.language import Column, Kind, column_of
from jindi.packs import Definitions
from jindi.ports import Files
from jindi.run.archive import Archive
from jindi.run.backtest.columns import Past, Unfit, column, count_rows, days_of, limit_column
from jindi.run.backtest.contest import NEWEST_MAX, Contest, Judged, Told
from jindi.run.backtest.tally import Sample, Tally
from jindi.run.blocks import BLOCK_EVENTS
from jindi.run.events import Scalar
from jindi.run.history import parts as stored
from jindi.run.history.manifest import Manifest, Part
from jindi.run.history.shapes import Shape, column_names
from jindi.run.records import DecisionRecord
from jindi.run.state import State
from jindi.run.surroundings import Observed, Surroundings

Words = npt.NDArray[np.int64]
OWN = ("seq", "event_id", "as_of", "outcome", "reasons")
LIST_ENTRY = "list_entry"


@dataclass(slots=True)
class Piece:
    """Some rows of one event type, all of one set of definitions, in the journal's order."""

    event_type: str
    definitions: int
    rows: pa.RecordBatch

    @property
    def seqs(self) -> Words:
        """Their numbers."""
        found: Words = self.rows.column("seq").to_numpy()
        return found


class Replay:
    """One candidate, an archive and the journal that goes on behind it."""

    def __init__(self, contest: Contest, archive: Archive, files: Files, manifest: Manifest, last: int) -> None:
        self._contest, self._archive, self._files = contest, archive, files
        self._manifest, self._last = manifest, last
        self._program = contest.candidate.program
        self._windows = Surroundings(self._program)
        touches = self._windows.touches
        self._newest: dict[str, tuple[Past, Columns]] = {}
        self._columns: dict[tuple[int, str], dict[str, str]] = {}
        self._types = [name for name in self._program.events if name in contest.types or name in touches]
        state = State.fresh(self._program, self._windows)
        if any(state.accepts(name) for name in self._program.events):
            raise Unfit("decisions come back into features")
        for seq in self._versions():
            self._ask(seq)

    def _versions(self) -> list[int]:
        """The definitions that the archive's parts and the journal behind them were made with."""
        found = {part.definitions: None for part in self._manifest.parts}
        for _, record in self._archive.records(self._manifest.next):
            if isinstance(record, DecisionRecord):
                found[record.definitions] = None
        return sorted(found)

    def _ask(self, seq: int) -> None:
        """Raise Unfit unless the archive has, under some definitions, all that the candidate asks for."""
        then, today = self._archive.program(seq), self._program
        for name in self._types:
            if name in then.events:
                old, new = then.events[name], today.events[name]
                if old.event.fields != new.event.fields:
                    raise Unfit(f"fields of {name}")
                if name in self._contest.types:
                    self._ask_of_judged(old, new)
        for event in today.definitions.events.values():
            if event.lifecycle == LIST_ENTRY and not _decides_alike(then.definitions, today.definitions, event.name):
                raise Unfit("what is put on lists")

    def _ask_of_judged(self, old: EventProgram, new: EventProgram) -> None:
        then, today = old.definitions, new.definitions
        if new.challenger is not None:
            raise Unfit("split")
        if old.zone != new.zone or not set(new.time_words) <= set(old.index):
            raise Unfit("words of the clock")
        for member in new.members:
            slot = new.slots[member.slot]
            if slot not in old.index or then.lists.get(member.list_name) != today.lists[member.list_name]:
                raise Unfit(slot)
            if member.name not in new.fields and then.features.get(member.name) != today.features[member.name]:
                raise Unfit(slot)

    def run(self, told: Told) -> dict[str, Tally]:
        """The tallies of the whole past."""
        tallies: dict[str, Tally] = {}
        streams = {name: self._stream(name) for name in self._types}
        done = 0
        for pieces in in_step(streams):
            answers = self._observe(pieces)
            for piece, found in zip(pieces, answers, strict=True):
                done += piece.rows.num_rows
                if piece.event_type in self._contest.types:
                    self._count(piece, found, tallies)
            told(min(done, self._last))
        return tallies

    # ---- where the rows come from

    def _stream(self, name: str) -> Iterator[Piece]:
        event = self._program.events[name]
        for part in self._manifest.parts:
            if part.type == name:
                for rows in self._rows(part, event):
                    yield Piece(name, part.definitions, rows)
        yield from self._tail(name)

    def _rows(self, part: Part, event: EventProgram) -> Iterator[pa.RecordBatch]:
        places = self._places(part.definitions, part.type)
        wanted = [*event.fields]
        if part.type in self._contest.types:
            wanted += [*event.time_words, *(event.slots[member.slot] for member in event.members)]
        columns = [*OWN, *(places[slot] for slot in wanted)]
        texts = [places[name] for name in event.fields if _is_text(event, name)]
        coded = [*texts, "outcome", "reasons.list.element"]
        yield from stored.still_there(self._files, part, list(dict.fromkeys(columns)), coded)

    def _tail(self, name: str) -> Iterator[Piece]:
        """What the archive does not have yet, in its own form."""
        shape: Shape | None = None
        rows: list[tuple[object, ...]] = []
        for seq, record in self._archive.records(self._manifest.next):
            if seq >= self._last:
                break
            if not isinstance(record, DecisionRecord) or record.event_type != name:
                continue
            if shape is None or shape.definitions != record.definitions or len(rows) >= BLOCK_EVENTS:
                if shape is not None:
                    yield Piece(name, shape.definitions, shape.batch(rows))
                shape, rows = Shape(record.definitions, self._archive.program(record.definitions).events[name]), []
            rows.append(shape.row(seq, record))
        if shape is not None:
            yield Piece(name, shape.definitions, shape.batch(rows))

    # ---- windows, then verdicts

    def _observe(self, pieces: Sequence[Piece]) -> list[Observed]:
        seqs = np.concatenate([piece.seqs for piece in pieces])
        order = np.argsort(seqs, kind="stable")
        times = np.concatenate([_instants(piece.rows.column("as_of")) for piece in pieces])[order]
        kinds = np.repeat(np.arange(len(pieces)), [piece.rows.num_rows for piece in pieces])[order]
        columns = [self._fields(piece) for piece in pieces]
        names = tuple(piece.event_type for piece in pieces)
        return self._windows.observe_batch(Batch(names, kinds, times, columns))

    def _fields(self, piece: Piece) -> list[Column]:
        ep = self._program.events[piece.event_type]
        return [column(piece.rows.column(self._place(piece, name))) for name in ep.fields]

    def _place(self, piece: Piece, slot: str) -> str:
        return self._places(piece.definitions, piece.event_type)[slot]

    def _places(self, definitions: int, event_type: str) -> dict[str, str]:
        """The column of each slot of an event type, under some definitions."""
        key = (definitions, event_type)
        if key not in self._columns:
            slots = self._archive.program(definitions).events[event_type].slots
            self._columns[key] = dict(zip(slots, column_names(slots), strict=True))
        return self._columns[key]

    @property
    def archived(self) -> int:
        """How many of the events that it goes through come from the archive."""
        return sum(part.rows for part in self._manifest.parts if part.type in self._types)

    def _count(self, piece: Piece, answers: Observed, tallies: dict[str, Tally]) -> None:
        contest, rows = self._contest, piece.rows
        as_of = _instants(rows.column("as_of"))
        chosen = (as_of >= contest.span.since_us) & (as_of < contest.span.until_us)
        if not chosen.any():
            return
        ep = self._program.events[piece.event_type]
        columns: Columns = {name: column(rows.column(self._place(piece, name))) for name in ep.fields}
        for slot in (*ep.time_words, *(ep.slots[member.slot] for member in ep.members)):
            columns[slot] = column(rows.column(self._place(piece, slot)))
        for name in ep.windows:
            columns[name] = _answered(answers, name, ep)
        if not chosen.all():
            rows, as_of = rows.filter(pa.array(chosen)), as_of[chosen]
            columns = {name: _of(each, chosen) for name, each in columns.items()}
        days, day_of_row = days_of(as_of, ep)
        for name in ep.limits:
            columns[f"limit('{name}')"] = limit_column(f"limit('{name}')", ep, days, day_of_row)
        complete_columns(ep, columns, ep.derived, len(as_of))
        past = Past(
            piece.event_type, piece.definitions, rows.column("seq").to_numpy(), rows.column("event_id"), as_of,
            rows.column("outcome"), rows.column("reasons"), days, day_of_row,
        )  # fmt: skip

        def sample(place: int, digest: bytes) -> Sample:
            facts = [_cell(columns[slot], place) for slot in ep.slots]
            return Sample(digest, int(past.seqs[place]), facts, [])

        count_rows(contest, past, columns, tallies.setdefault(piece.event_type, Tally()), sample)
        self._newest[piece.event_type] = past, columns

    def newest(self) -> Iterator[Judged]:
        """The last events of each type as they were judged: what the cost is measured on."""
        for name, (past, columns) in self._newest.items():
            ep, rows = self._program.events[name], len(past.seqs)
            cells = [_of(columns[slot], slice(max(0, rows - NEWEST_MAX), rows)).python() for slot in ep.slots]
            for seq, facts in zip(past.seqs[-NEWEST_MAX:].tolist(), zip(*cells, strict=True), strict=True):
                record = self._archive.decision(seq)
                yield Judged(seq, record, ep, list(facts), frozenset(), decide(ep, facts))


def in_step(streams: dict[str, Iterator[Piece]]) -> Iterator[list[Piece]]:
    """Pieces of several streams cut so that each group lies, in the journal's order, wholly before the next."""
    heads: dict[str, Piece] = {}
    for name, stream in streams.items():
        if (piece := next(stream, None)) is not None:
            heads[name] = piece
    while heads:
        cut = min(int(piece.seqs[-1]) for piece in heads.values())
        group = []
        for name, piece in list(heads.items()):
            upto = int(np.searchsorted(piece.seqs, cut, side="right"))
            if upto:
                group.append(Piece(name, piece.definitions, piece.rows.slice(0, upto)))
            if upto < piece.rows.num_rows:
                heads[name] = Piece(name, piece.definitions, piece.rows.slice(upto))
            elif (following := next(streams[name], None)) is not None:
                heads[name] = following
            else:
                del heads[name]
        yield group


def _decides_alike(then: Definitions, today: Definitions, event_type: str) -> bool:
    """Whether events of a type are decided by the same policies, or by none on both sides."""
    pairs = ((then.live_policy(event_type), today.live_policy(event_type)),
             (then.challenger(event_type), today.challenger(event_type)))  # fmt: skip
    return all((old.digest if old else None) == (new.digest if new else None) for old, new in pairs)


def _is_text(ep: EventProgram, name: str) -> bool:
    return ep.types[ep.index[name]].kind in (Kind.TEXT, Kind.TOKEN)


def _instants(array: pa.Array) -> Words:
    found: Words = array.cast(pa.int64()).to_numpy()
    return found


def _answered(answers: Observed, name: str, ep: EventProgram) -> Column:
    values, missing = answers.column(name)
    kind = ep.types[ep.index[name]].kind
    if values.dtype == object:
        return column_of(values.tolist(), kind)
    return Column(values, missing if missing.any() else None)


def _of(each: Column, rows: npt.NDArray[np.bool_] | slice) -> Column:
    return Column(each.values[rows], None if each.missing is None else each.missing[rows], each.vocabulary)


def _cell(each: Column, place: int) -> Scalar:
    one = slice(place, place + 1)
    found: list[Any] = _of(each, one).python()
    cell: Scalar = found[0]
    return cell
