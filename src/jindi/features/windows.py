"""The state of all window features: read for an event, feed it, keep it, save it, carry it over."""
# ruff: noqa: SLF001 - the only private members touched here are those of other Windows

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import error as struct_error
from typing import Any

import numpy as np

from jindi.features import flat, listwise
from jindi.features import kernel as k
from jindi.features.arena import Arena
from jindi.features.batch import Answers, Batch, Given, words_of
from jindi.features.compiling import entry
from jindi.features.lanes import Runner, Writer, runner
from jindi.features.names import Names
from jindi.features.plan import Lane, Plan, assemble, is_covered
from jindi.language import Value
from jindi.packs.definitions import EventDef

ARENA_WORDS = 1 << 16
KEYS_ROOM = 64
BEFORE_ALL = -(2**62)
WHOLE = 2**62
READ_AND_FEED = k.READ | k.FEED
LISTWISE_FROM = 256
"""Batches of so many events go through the kernels list by list; before that, sorting them costs more than it saves."""
FORMAT = "jindi windows 2"


def _blank(count: int) -> k.Words:
    """Zeroed words that take no memory before they are written."""
    return np.zeros(count, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class StructureMemory:
    """What one structure takes. `kept_whole`: its `ever` sets of values are never reclaimed."""

    features: tuple[str, ...]
    keys: int
    records: int
    bytes: int
    kept_whole: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """What all window state takes, in bytes; `names_bytes` (keys and texts in Python) is an estimate."""

    structures: tuple[StructureMemory, ...]
    free_bytes: int
    directory_bytes: int
    names_bytes: int

    @property
    def total_bytes(self) -> int:
        """Everything."""
        return sum(s.bytes for s in self.structures) + self.free_bytes + self.directory_bytes + self.names_bytes


def _backwards(event_type: str) -> ValueError:
    return ValueError(f"{event_type}: as_of goes back behind the lane (hand events over in as_of order)")


def _too_large(each: Runner) -> OverflowError:
    return OverflowError(f"{each.lane.name}: a value is no 64-bit integer (refuse it at intake)")


def _numbers_in(mine: Names, theirs: Names) -> k.Words:
    """For each number of theirs, the number that its value has here; new values get one."""
    numbers = (mine.missing if value is None else mine[value] for value in theirs.backward)
    return np.fromiter(numbers, dtype=np.int64, count=len(theirs.backward))


class Windows:
    """All window state of one lane.

    Events come in the order of `as_of` (microseconds UTC, never decreasing); one thread at a time.
    Values come in the order of the event type's declared fields; None is missing. Answers are in the
    order of `plan.reads[event_type]`; None is missing.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.absent: frozenset[str] = frozenset()
        """Features whose history is not there yet: they answer None until `adopt` brings it."""
        self.as_of_us = BEFORE_ALL
        """The lane's high-water mark: the latest `as_of` that was fed."""
        self._program = assemble(plan)
        self._prog = self._program.words
        self._space = Arena(max(ARENA_WORDS, 2 * self._program.top))
        self._arena = self._space.words
        self._arena[k.A_TOP] = self._program.top
        self._names = Names(k.MISSING)
        self._written: tuple[Runner, Sequence[Any]] | None = None
        """The event whose words, with names given to all that is new, stand in the buffer."""
        self._names_after = 0
        self._unswept: list[tuple[tuple[str, ...], int]] = []
        self._covered = [(WHOLE, True)] * len(plan.structures)
        self._keys: dict[tuple[str, ...], Names] = {}
        for structure in plan.structures:
            self._keys.setdefault(structure.entities, Names(k.NO_KEY, on_full=self._lay_directory))
        self._directory = _blank(0)
        self._directory_rooms = [0] * len(plan.structures)
        self._lay_directory()
        self._scratch = listwise.Scratch()
        self._once = entry(k.once, k.ENTRIES[k.once])
        self._ready()

    def _ready(self) -> None:
        """Make the runners and the buffer through which words are exchanged with the kernels."""
        lanes = [*self.plan.lanes.values(), *self.plan.entities.values()]
        self._inputs = inputs = self._program.scratch
        self._io = _blank(inputs + max((lane.words + len(lane.reads) for lane in lanes), default=0))
        self._buffer = memoryview(self._io.data).cast("B")
        self._runners = {
            name: self._runner(lane, self._program.lanes[name], self.plan.events[name])
            for name, lane in self.plan.lanes.items()
        }
        self._askers = {
            name: self._runner(lane, self._program.entities[name], None) for name, lane in self.plan.entities.items()
        }

    def _runner(self, lane: Lane, at: int, event: EventDef | None) -> Runner:
        return runner(lane, at, event, self._keys, self._names, self.absent, self._buffer, self._program.scratch)

    # ---- one event ---------------------------------------------------------------------------------

    def observe(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> list[Value]:
        """Read every feature of the event's type, then feed the event to what counts attempts.

        The current event is part of what is read as each fold's semantics say; features with
        `counts = "accepted"` see it too, but it stays only if `keep` is called. Raises ValueError when
        `as_of_us` goes back, OverflowError when an exact sum would not fit; then nothing has changed.
        """
        # This is `_run` and `_answers` written out: each call on this way costs as much as two features.
        if as_of_us < self.as_of_us:
            raise _backwards(event_type)
        each = self._runners[event_type]
        self._written = None
        try:
            each.learn(values, as_of_us)
        except struct_error:
            raise _too_large(each) from None
        missing = self._once(
            self._arena, self._directory, self._prog, self._io,
            each.at, self._inputs, each.outputs, as_of_us, READ_AND_FEED,
        )  # fmt: skip
        if missing < 0:
            self._overcome(each, missing, int(self._io[0]))
            missing = self._step(each, as_of_us, READ_AND_FEED)
        self._written = each, values
        self.as_of_us = as_of_us
        if missing or each.names_at or each.absent_at:
            return self._answers(each, missing)
        return list(each.unpack.unpack_from(self._buffer, each.answers_at))

    def read(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> list[Value]:
        """What `observe` would answer, without feeding anything."""
        if as_of_us < self.as_of_us:
            raise _backwards(event_type)
        each = self._runners[event_type]
        return self._answers(each, self._run(each, each.look, as_of_us, values, k.READ))

    def keep(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> None:
        """Feed an allowed or released event to the features with `counts = "accepted"`."""
        if as_of_us < self.as_of_us:
            raise _backwards(event_type)
        each = self._runners[event_type]
        written = self._written
        if written and written[0] is each and written[1] is values and as_of_us == self.as_of_us:
            self._step(each, as_of_us, k.KEEP)  # the event just observed: its words still stand in the buffer
        else:
            self._run(each, each.learn, as_of_us, values, k.KEEP)
        self.as_of_us = as_of_us

    def feed(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> None:
        """Feed an event to what counts attempts without reading anything: `observe`, when nobody asks."""
        if as_of_us < self.as_of_us:
            raise _backwards(event_type)
        each = self._runners[event_type]
        self._run(each, each.learn, as_of_us, values, k.FEED)
        self.as_of_us = as_of_us

    def entity(self, entity: str, value: Value, as_of_us: int) -> dict[str, Value]:
        """All features of one entity's key, read without an event; earlier than the lane means the lane's now.

        `seen` compares with an event's value and is missing here. Raises KeyError for an entity that no
        feature has as its key.
        """
        asker = self._askers[entity]
        row = self._answers(asker, self._run(asker, asker.look, max(as_of_us, self.as_of_us), (value,), k.READ))
        return dict(zip(asker.lane.reads, row, strict=True))

    def observe_batch(self, batch: Batch) -> list[Answers]:
        """What `observe` (and `keep`, for accepted events) would do one by one, with the same answers.

        Answers one table per event type of the batch. Raises ValueError when the order goes back (nothing
        has changed) and OverflowError when a sum would not fit (the events before it are fed).
        """
        return self._observe(batch, k.READ | k.FEED)

    def feed_batch(self, batch: Batch) -> None:
        """`observe_batch`, when nobody asks for the answers."""
        self._observe(batch, k.FEED)

    def _observe(self, batch: Batch, mode: int) -> list[Answers]:
        kinds = np.ascontiguousarray(batch.kinds, dtype=np.int64)
        times = np.ascontiguousarray(batch.as_of_us, dtype=np.int64)
        if times.size and (times[0] < self.as_of_us or (times[1:] < times[:-1]).any()):
            raise ValueError("a batch's as_of goes back (hand events over in as_of order)")
        runners = [self._runners[name] for name in batch.event_types]
        rows = [np.flatnonzero(kinds == kind) for kind in range(len(runners))]
        words = [
            words_of(each, columns, times[mine], self._names)
            for each, columns, mine in zip(runners, batch.columns, rows, strict=True)
        ]
        widths = [len(each.lane.reads) if mode & k.READ else 0 for each in runners]
        answers = sum(len(mine) * width for mine, width in zip(rows, widths, strict=True))
        io = np.empty(self._program.scratch + sum(held.size for held in words) + answers, dtype=np.int64)
        modes = np.full(len(kinds), mode, dtype=np.int64)
        if batch.accepted is not None:
            modes[batch.accepted] |= k.KEEP
        given = Given(io, kinds, times, modes, inputs=_blank(len(kinds)), outputs=_blank(len(kinds)))
        at = self._program.scratch
        for mine, held in zip(rows, words, strict=True):
            given.inputs[mine] = at + np.arange(len(mine)) * held.shape[1]
            io[at : at + held.size] = held.reshape(-1)
            at += held.size
        by_list = len(kinds) >= max(LISTWISE_FROM, 1) and self._list_by_list(given, runners, rows, widths, at)
        if not by_list:
            given.lay_answers(rows, widths, at, by_column=False)
            self._march(given, runners)
        tables = given.tables(rows, widths, at, by_column=by_list)
        return [
            Answers(each.lane.reads, each.lane.forms, table, self._names.backward, self.absent)
            for each, table in zip(runners, tables, strict=True)
        ]

    def _list_by_list(
        self, given: Given, runners: Sequence[Runner], rows: Sequence[k.Words], widths: Sequence[int], at: int
    ) -> bool:
        """Let the kernels go through a batch list by list; False (and nothing done) if a sum might not fit.

        A MemoryError leaves a part of the batch fed: nobody can go on from there.
        """
        given.lay_answers(rows, widths, at, by_column=True)
        touched = listwise.touched(self._arena, self._prog, given, runners, self._program.structures, self._scratch)
        if touched is None:
            return False
        rooms = dict(zip(self._program.structures, self._directory_rooms, strict=True))
        for each in touched:
            ordered = each.by_key(rooms[each.structure], self._scratch)
            if sum(widths):
                laid, room, ordered = listwise.parted(
                    self._arena, self._directory, self._prog, ordered, given.times, self._scratch
                )
                if room is not None:
                    self._flow(given, laid, room)
            self._along(given, ordered)
        self.as_of_us = int(given.times[-1])
        return True

    def _flow(self, given: Given, laid: listwise.Touches, room: listwise.FlatRoom) -> None:
        """Let the kernel answer and feed the runs of one structure that lie flat."""
        folds, done = max(int(self._prog[visit + k.V_FOLDS]) for visit in laid.visits.tolist()), 0
        answers = self._scratch.array("answers", folds * laid.count)
        while done < laid.count:
            done = flat.flow(
                self._arena, self._directory, self._prog, given.io, laid.structure,
                laid.keys, laid.touches, laid.values, laid.visits, laid.strides,
                given.inputs, given.outputs, given.times,
                room.records, room.columns, room.table, room.queue, answers, done, laid.count,
            )  # fmt: skip
            if done < laid.count:
                self._grow(int(given.io[0]))

    def _along(self, given: Given, ordered: listwise.Touches) -> None:
        """Let the kernel answer and feed the lists of one structure, touch by touch."""
        done = 0
        while done < ordered.count:
            done = listwise.along(
                self._arena, self._directory, self._prog, given.io, ordered.structure,
                ordered.keys, ordered.touches, ordered.visits, ordered.strides,
                given.inputs, given.outputs, given.times, given.modes, done, ordered.count,
            )  # fmt: skip
            if done < ordered.count:
                self._grow(int(given.io[0]))

    def _march(self, given: Given, runners: Sequence[Runner]) -> None:
        """Let the kernel go through a batch in order of arrival."""
        lanes = np.array([each.at for each in runners], dtype=np.int64)[given.kinds]
        done, count = 0, len(given.kinds)
        while True:
            done = k.march(
                self._arena, self._directory, self._prog, given.io,
                lanes, given.inputs, given.outputs, given.times, given.modes, done,
            )  # fmt: skip
            if done:
                self.as_of_us = int(given.times[done - 1])
            if done == count:
                return
            self._overcome(runners[given.kinds[done]], int(given.io[1]), int(given.io[0]))

    def _run(self, each: Runner, write: Writer, as_of_us: int, values: Sequence[Any], mode: int) -> int:
        """Hand one event to the kernel; answers how many results are missing."""
        self._written = None
        try:
            write(values, as_of_us)
        except struct_error:
            raise _too_large(each) from None
        missing = self._step(each, as_of_us, mode)
        if mode & k.FEED:
            self._written = each, values
        return missing

    def _step(self, each: Runner, as_of_us: int, mode: int) -> int:
        """Let the kernel work on the words that stand in the buffer."""
        while True:
            missing = self._once(
                self._arena, self._directory, self._prog, self._io,
                each.at, self._program.scratch, each.outputs, as_of_us, mode,
            )  # fmt: skip
            if missing >= 0:
                return missing
            self._overcome(each, missing, int(self._io[0]))

    def _answers(self, each: Runner, missing: int) -> list[Value]:
        """The kernel's words as values."""
        row: list[Value] = list(each.unpack.unpack_from(self._buffer, each.answers_at))
        if missing:
            words = each.unpack_words.unpack_from(self._buffer, each.answers_at)
            i = -1
            for _ in range(missing):
                i = words.index(k.MISSING, i + 1)
                row[i] = None
        for i in each.names_at:
            if row[i] is not None:
                row[i] = self._names.backward[row[i]]  # type: ignore[index]
        for i in each.absent_at:
            row[i] = None
        return row

    def _overcome(self, each: Runner, reason: int, detail: int) -> None:
        """Give the kernel the room it asked for, or refuse the event for it."""
        if reason == k.FULL:
            self._grow(detail)
            return
        structure = self.plan.structures[each.lane.visits[detail][0]]
        raise OverflowError(
            f"{each.lane.name}: the running sum behind {', '.join(structure.features)} would leave 61 bits"
            " (refuse such amounts at intake, or use a coarser unit)"
        )

    def _grow(self, words: int) -> None:
        """A larger arena with the same content."""
        count = self._arena.size + self._arena.size // 2 + words
        self._arena = _blank(0)
        self._space.grow(count)
        self._arena = self._space.words

    def _lay_directory(self) -> None:
        """Give each structure a directory with room for all its keys."""
        for names in self._keys.values():
            while names.room <= len(names.backward):
                names.room = max(KEYS_ROOM, 2 * names.room)
        rooms = [self._keys[structure.entities].room for structure in self.plan.structures]
        directory = _blank(sum(rooms))
        at = before = 0
        for line, room, room_before in zip(self._program.structures, rooms, self._directory_rooms, strict=True):
            directory[at : at + room_before] = self._directory[before : before + room_before]
            self._prog[line + k.S_DIRECTORY] = at
            at += room
            before += room_before
        self._directory, self._directory_rooms = directory, rooms

    # ---- housekeeping ------------------------------------------------------------------------------

    def sweep(self, budget: int = 1000) -> int:
        """Reclaim what no window reaches any more, for the next `budget` keys; answers the records dropped.

        Feeding reclaims by itself for keys that stay busy; this is for idle ones. Keys without records are
        forgotten. When all keys have had their turn, values that nothing mentions are forgotten too, if
        their number has doubled since: that walks over all records.
        """
        self._written = None  # its names may be forgotten now
        if not self._unswept:
            self._forget_names()
            self._unswept = [(namespace, 0) for namespace in self._keys]
        dropped = 0
        while budget > 0 and self._unswept:
            namespace, begin = self._unswept.pop()
            end = min(begin + budget, len(self._keys[namespace].backward))
            dropped += self._sweep_keys(namespace, begin, end)
            budget -= end - begin
            if end < len(self._keys[namespace].backward):
                self._unswept.append((namespace, end))
        return dropped

    def _sweep_keys(self, namespace: tuple[str, ...], begin: int, end: int) -> int:
        names, dropped = self._keys[namespace], 0
        held = np.zeros(end - begin, dtype=np.bool_)
        for line, structure in zip(self._program.structures, self.plan.structures, strict=True):
            if structure.entities == namespace:
                dropped += k.tidy(self._arena, self._directory, self._prog, line, begin, end, self.as_of_us)
                at = int(self._prog[line + k.S_DIRECTORY])
                held |= self._directory[at + begin : at + end] != 0
        for number in (np.flatnonzero(~held) + begin).tolist():
            if names.backward[number] is not None:
                names.forget(number)
        return dropped

    def _forget_names(self) -> None:
        if self._names.used < 2 * self._names_after + KEYS_ROOM:
            return
        mentioned = _blank(len(self._names.backward))
        for line, structure in zip(self._program.structures, self.plan.structures, strict=True):
            if structure.codec == "name":
                keys = len(self._keys[structure.entities].backward)
                k.mention(self._arena, self._directory, self._prog, line, keys, mentioned)
        for number in np.flatnonzero(mentioned == 0).tolist():
            if self._names.backward[number] is not None:
                self._names.forget(number)
        self._names_after = self._names.used

    def memory(self) -> Memory:
        """What the state takes, structure by structure."""
        weights, found = _blank(3), []
        for line, structure in zip(self._program.structures, self.plan.structures, strict=True):
            keys = len(self._keys[structure.entities].backward)
            k.weigh(self._arena, self._directory, self._prog, line, keys, weights)
            held, records, words = weights.tolist()
            found.append(
                StructureMemory(tuple(structure.features), held, records, 8 * words, kept_whole=structure.is_set)
            )
        return Memory(
            structures=tuple(found),
            free_bytes=8 * int(self._arena[k.A_FREED]),
            directory_bytes=self._directory.nbytes,
            names_bytes=sum(names.bytes_about() for names in (self._names, *self._keys.values())),
        )

    def adopt(self, other: "Windows") -> frozenset[str]:
        """Take over, from windows of another plan or of another replay, what this one still lacks.

        Fresh windows (nothing fed) take every structure that the other has, too, as far back as it was
        kept; features that ask for more are `absent`. Windows that already run take only what makes
        absent features present: `other` must then have been fed up to the very same event. The other is
        left as it was. It costs a copy of what is taken. Answers the features that are still absent;
        raises ValueError when the two stand at different instants.
        """
        fresh = self.as_of_us == BEFORE_ALL
        if not fresh and other.as_of_us != self.as_of_us:
            raise ValueError("adopt: the other windows stand at another instant (replay them up to the same event)")
        lacking = set(self.plan.features) if fresh else set(self.absent)
        theirs = {structure.signature: i for i, structure in enumerate(other.plan.structures)}
        if fresh:
            self.as_of_us = other.as_of_us
            self._covered = [(-1, False)] * len(self.plan.structures)
        name_maps: list[k.Words] = []
        for i, structure in enumerate(self.plan.structures):
            if structure.signature not in theirs or not lacking.intersection(structure.features):
                continue
            j = theirs[structure.signature]
            covered = other.covered(j)
            gained = {name for name in structure.features if is_covered(self.plan.features[name], structure, covered)}
            held = set(structure.features) - lacking
            if gained and held <= gained:
                if structure.codec == "name" and not name_maps:
                    name_maps.append(_numbers_in(self._names, other._names))
                self._take(i, other, j, name_maps[0] if structure.codec == "name" else _blank(0))
                self._covered[i] = covered
                lacking -= gained
        weight = int(self._arena[k.A_WEIGHT]) + int(other._arena[k.A_WEIGHT])
        self._arena[k.A_WEIGHT] = min(weight, 2 * k.SUM_LIMIT)
        self.absent = frozenset(lacking)
        self._ready()
        return self.absent

    def covered(self, number: int) -> tuple[int, bool]:
        """How far back (microseconds) a structure's records surely go, and whether its base is whole."""
        reach, whole = self._covered[number]
        structure = self.plan.structures[number]
        return min(reach, structure.kept_us), whole and structure.ever

    def _take(self, i: int, other: "Windows", j: int, name_map: k.Words) -> None:
        """Replace the lists of structure i by those of the other's structure j."""
        mine, theirs = self.plan.structures[i], other.plan.structures[j]
        line = self._program.structures[i]
        keys = self._keys[mine.entities]
        k.empty(self._arena, self._directory, self._prog, line, len(keys.backward))
        key_map = _numbers_in(keys, other._keys[theirs.entities])
        done = 0
        while True:
            done = k.carry(
                self._arena, self._directory, self._prog, line,
                other._arena, other._directory, other._prog, other._program.structures[j],
                done, key_map, name_map,
            )  # fmt: skip
            if done == len(key_map):
                return
            self._grow(0)

    # ---- snapshots ---------------------------------------------------------------------------------

    def save(self) -> Iterator[tuple[str, bytes | memoryview]]:
        """The whole state as named buffers; nothing is locked, so a forked child may write them.

        Raises nothing of its own. `load` takes them back in any order.
        """
        head = {
            "format": FORMAT,
            "signature": self.plan.signature,
            "as_of_us": self.as_of_us,
            "absent": sorted(self.absent),
            "covered": self._covered,
            "rooms": self._directory_rooms,
            "keys": [list(namespace) for namespace in self._keys],
        }
        yield "head", json.dumps(head, ensure_ascii=False).encode()
        top = int(self._arena[k.A_TOP])
        yield "arena", memoryview(self._arena[:top].data).cast("B")
        yield "directory", memoryview(self._directory.data).cast("B")
        yield "names", json.dumps(self._names.backward, ensure_ascii=False).encode()
        for i, names in enumerate(self._keys.values()):
            yield f"keys {i}", json.dumps(names.backward, ensure_ascii=False).encode()

    def load(self, buffers: Iterable[tuple[str, bytes | memoryview]]) -> None:
        """Replace the whole state by what `save` gave, of a plan with the same signature.

        Raises ValueError when the buffers are of another format or plan, or one is not there.
        """
        held = dict(buffers)
        if "head" not in held:
            raise ValueError("snapshot of windows: no head (restore from another snapshot, or replay the journal)")
        head = json.loads(bytes(held["head"]))
        if head.get("format") != FORMAT:
            raise ValueError("snapshot of windows: another format (replay the journal instead)")
        if head["signature"] != self.plan.signature:
            raise ValueError("snapshot of windows: of other definitions (load it under those, then adopt)")
        arena = np.frombuffer(held["arena"], dtype=np.int64)
        self._space = Arena(max(ARENA_WORDS, arena.size + arena.size // 2))
        self._arena = self._space.words
        self._arena[: arena.size] = arena
        self._names = Names(k.MISSING, json.loads(bytes(held["names"])))
        for i, namespace in enumerate(self._keys):
            values = json.loads(bytes(held[f"keys {i}"]))
            if len(namespace) != 1:  # of several parts, or of none
                values = [None if value is None else tuple(value) for value in values]
            self._keys[namespace] = Names(k.NO_KEY, values, on_full=self._lay_directory)
        self._directory = np.frombuffer(held["directory"], dtype=np.int64).copy()
        self._directory_rooms = head["rooms"]
        for structure, room in zip(self.plan.structures, head["rooms"], strict=True):
            self._keys[structure.entities].room = room
        at = 0
        for line, room in zip(self._program.structures, self._directory_rooms, strict=True):
            self._prog[line + k.S_DIRECTORY] = at
            at += room
        self.as_of_us = head["as_of_us"]
        self._covered = [(reach, whole) for reach, whole in head["covered"]]
        self._unswept, self._names_after = [], 0
        self.absent = frozenset(head["absent"])
        self._ready()
