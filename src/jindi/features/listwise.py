"""A batch list by list instead of event by event: the same reading and feeding, in an order that memory likes.

What one list answers depends on that list alone, so all that a batch does with it may be done in one go, as long as
its own events keep their order. Then the list lies in the nearest cache, and short ones may be laid side by side
(`flat`).

Two things look across lists, and both are settled beforehand: a sum that would not fit refuses its event in all lists
(such a batch goes event by event), and room that is lacking only makes this order pause.
"""

# mypy: disable-error-code="no-any-return, return-value, arg-type, assignment"
# (to the compiler numpy's 64-bit words and Python's integers are one type; to mypy they are two)

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types

from jindi.features import flat
from jindi.features import kernel as k
from jindi.features.batch import Given
from jindi.features.compiling import fetch, kernel
from jindi.features.flat import CURRENT, EVENT_SHIFT, FED, VISITS
from jindi.features.kernel import Words
from jindi.features.lanes import Runner
from jindi.features.plan import Visit

DIGIT_BITS = 11
DIGITS = 1 << DIGIT_BITS
AHEAD = 8
"""So many touches ahead memory is asked for."""

RECORDS = 4 * flat.CHUNK
"""So many records at least fit a chunk of flat runs."""
HEAVY = -1
"""What `gather` answers when a sum might not fit."""


@kernel
def gather(
    arena: Words,
    prog: Words,
    io: Words,
    structure: int,
    events: Words,
    kinds: Words,
    first: Words,
    visits: Words,
    strides: Words,
    inputs: Words,
    outputs: Words,
    modes: Words,
    keys: Words,
    touches: Words,
    values: Words,
) -> int:
    """Who touches a structure's lists, in order of arrival: key, touch, and the value brought or asked for.

    `visits[first[kind]:first[kind + 1]]` are the visits that events of a kind make to the structure; `events` are
    those of such kinds. Events without a key get their answers here. Answers how many touches there are, or HEAVY.
    """
    flags = prog[structure + k.S_FLAGS]
    weight = arena[k.A_WEIGHT]
    found = 0
    for place in range(events.size):
        event = events[place]
        mode, words = modes[event], inputs[event]
        for number in range(first[kinds[event]], first[kinds[event] + 1]):
            visit = visits[number]
            key = io[words + prog[visit + k.V_KEY]]
            reads = mode & k.READ and prog[visit + k.V_FOLDS] > 0
            if key < 0:
                if reads:
                    fold_at = prog[visit + k.V_FOLD_AT]
                    for fold in range(prog[visit + k.V_FOLDS]):
                        slot = prog[fold_at + fold * k.F_WIDTH + k.F_SLOT]
                        io[outputs[event] + slot * strides[number]] = k.MISSING
                continue
            current = k.joins(prog, io, visit, words, flags)
            feeds = current and prog[visit + k.V_FEEDS] & mode
            if not (reads or feeds):
                continue
            if feeds and flags & k.CHECKED:
                value = abs(io[words + prog[visit + k.V_VALUE]])
                if value > k.VALUE_LIMIT or weight > k.SUM_LIMIT - value:
                    return HEAVY
                weight += value
            keys[found] = key
            values[found] = io[words + prog[visit + k.V_VALUE]] if prog[visit + k.V_VALUE] >= 0 else k.MISSING
            touches[found] = (event << EVENT_SHIFT) | (CURRENT if current else 0) | (FED if feeds else 0) | number
            found += 1
    return found


@kernel
def distribute(
    keys: Words, touches: Words, values: Words, to_keys: Words, to_touches: Words, to_values: Words, counts: Words,
    count: int, shift: int,
) -> None:  # fmt: skip
    """One pass of a radix sort: the first `count` touches ordered by the eleven bits of their keys from `shift` on."""
    for digit in range(DIGITS):
        counts[digit] = 0
    for i in range(count):
        counts[(keys[i] >> shift) & (DIGITS - 1)] += 1
    total = 0
    for digit in range(DIGITS):
        here = counts[digit]
        counts[digit] = total
        total += here
    for i in range(count):
        digit = (keys[i] >> shift) & (DIGITS - 1)
        to = counts[digit]
        counts[digit] = to + 1
        to_keys[to], to_touches[to], to_values[to] = keys[i], touches[i], values[i]


@kernel
def lacking(arena: Words, directory: Words, prog: Words, structure: int, key: int, records: int) -> int:
    """How many words the arena lacks to take so many more records of a key in; 0 if none."""
    slab = directory[prog[structure + k.S_DIRECTORY] + key]
    n, size_class = 0, -1
    if slab:
        n, size_class = arena[slab] & k.N_MASK, arena[slab] >> 40
        if n + records <= prog[k.row_of(prog, structure, size_class) + k.C_CAPACITY]:
            return 0
    # Each record may take the list one class up; what the smaller slab gives back comes later.
    needed = 0
    for step in range(1, records + 1):
        if arena[prog[structure + k.S_FREE] + size_class + step] == 0:
            needed += prog[k.row_of(prog, structure, size_class + step) + k.C_SIZE]
    return needed if arena[k.A_TOP] + needed > arena.size else 0


@kernel
def call_touch(
    arena: Words, directory: Words, prog: Words, io: Words, structure: int, keys: Words, touches: Words,
    visits: Words, inputs: Words, at: int, count: int,
) -> None:  # fmt: skip
    """Ask for the memory that touches ahead need, in three steps: where the list is, its head, the list itself; and
    the event's words.
    """
    directory_at = prog[structure + k.S_DIRECTORY]
    place = at + 3 * AHEAD
    if place < count:
        fetch(directory, directory_at + keys[place])
    place -= AHEAD
    if place < count:
        event, visit = touches[place] >> EVENT_SHIFT, visits[touches[place] & (VISITS - 1)]
        fetch(io, inputs[event])
        fetch(io, inputs[event] + prog[visit + k.V_VALUE])
        if keys[place] != keys[place - 1]:
            slab = directory[directory_at + keys[place]]
            fetch(arena, slab)
            fetch(arena, slab + 8)
    place -= AHEAD
    if place < count and keys[place] != keys[place - 1]:
        slab = directory[directory_at + keys[place]]
        if slab:
            visit, words = visits[touches[place] & (VISITS - 1)], inputs[touches[place] >> EVENT_SHIFT]
            value = io[words + prog[visit + k.V_VALUE]] if prog[visit + k.V_VALUE] >= 0 else np.int64(k.MISSING)
            k.call_list(arena, prog, structure, slab, value)


@kernel
def along(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    structure: int,
    keys: Words,
    touches: Words,
    visits: Words,
    strides: Words,
    inputs: Words,
    outputs: Words,
    times: Words,
    modes: Words,
    begin: int,
    count: int,
) -> int:
    """All that a batch does with one structure: list after list, and in each the events in their order.

    Answers at which touch it stopped: `count` when all is done, else the arena lacks `io[0]` words, and it may go on
    from there.
    """
    at = begin
    while at < count:
        call_touch(arena, directory, prog, io, structure, keys, touches, visits, inputs, at, count)
        key, event = keys[at], touches[at] >> EVENT_SHIFT
        mode, t, words = modes[event], times[event], inputs[event]
        # An event may touch a list more than once: it reads all of them before it feeds any.
        end, feeding = at, 0
        while end < count and keys[end] == key and touches[end] >> EVENT_SHIFT == event:
            number = touches[end] & (VISITS - 1)
            if mode & k.READ and prog[visits[number] + k.V_FOLDS] > 0:
                k.read_visit(arena, directory, prog, io, visits[number], words, outputs[event], strides[number], t)
            if touches[end] & FED:
                feeding += 1
            end += 1
        if feeding:
            needed = lacking(arena, directory, prog, structure, key, feeding)
            if needed:
                io[0] = needed
                return at
            for place in range(at, end):
                if touches[place] & FED:
                    visit = visits[touches[place] & (VISITS - 1)]
                    value = io[words + prog[visit + k.V_VALUE]] if prog[structure + k.S_FLAGS] & k.HAS_VALUE else 0
                    found = k.UNKNOWN
                    if mode & k.READ and prog[visit + k.V_FOUND] >= 0:
                        found = io[prog[visit + k.V_FOUND]]
                    k.feed(arena, directory, prog, structure, key, t, value, found)
        at = end
    return count


# ---- the touches of a batch -----------------------------------------------------------------------


class Scratch:
    """Arrays that batches write over one after another: fresh memory costs as much as a fold for each of its pages."""

    def __init__(self) -> None:
        self._held: dict[str, Words] = {}

    def array(self, name: str, count: int) -> Words:
        """The first `count` words of the array of that name, whatever stands in them."""
        held = self._held.get(name)
        if held is None or held.size < count:
            held = self._held[name] = np.empty(count + count // 2, dtype=np.int64)
        return held[:count]


@dataclass(frozen=True, slots=True)
class Touches:
    """Touches of one structure's lists: the first `count` words of `keys`, `touches` and `values`.

    `visits` are the visits that they mean by number; `strides` how far apart the answers of each visit's event type
    stand, feature by feature.
    """

    structure: int
    visits: Words
    strides: Words
    keys: Words
    touches: Words
    values: Words
    count: int
    lies_flat: bool
    """Whether `flat` has a loop for all that is asked of the structure."""

    def by_key(self, room: int, scratch: Scratch) -> "Touches":
        """Sorted by key, those of a key staying in their order. `room` is above every key. The sorted ones may lie in
        the scratch: they last until the next structure is sorted.
        """
        here = self.keys, self.touches, self.values
        keys, touches = scratch.array("sorted keys", self.count), scratch.array("sorted touches", self.count)
        there = keys, touches, scratch.array("sorted values", self.count)
        counts = scratch.array("digits", DIGITS)
        for shift in range(0, max(room - 1, 1).bit_length(), DIGIT_BITS):
            distribute(*here, *there, counts, self.count, shift)
            here, there = there, here
        return replace(self, keys=here[0], touches=here[1], values=here[2])


def touched(
    arena: Words, prog: Words, given: Given, runners: Sequence[Runner], structures: Sequence[int], scratch: Scratch
) -> list[Touches] | None:
    """Who touches what in a batch, structure by structure; None if a sum might not fit. Nothing is fed yet.

    `runners` are those of the batch's kinds, in their order; `structures` their lines in the program.
    """
    found = []
    rows = np.bincount(given.kinds, minlength=len(runners))
    for number, structure in enumerate(structures):
        visits, strides, first = [], [], [0]
        lies_flat = not prog[structure + k.S_FLAGS] & (k.HAS_EVER | k.IS_SET) and not prog[structure + k.S_RANKS]
        for each, stride in zip(runners, rows.tolist(), strict=True):
            places = [i for i, visit in enumerate(each.lane.visits) if visit[0] == number]
            lies_flat = lies_flat and not any(_looks_back(each.lane.visits[i]) for i in places)
            visits += [each.at + 1 + i * k.V_WIDTH for i in places]
            strides += [stride] * len(places)
            first.append(len(visits))
        made = np.diff(first)
        most = int((made * rows).sum())
        if not most:
            continue
        events = np.flatnonzero((made > 0)[given.kinds])
        keys, touches, values = (scratch.array(f"{name} {number}", most) for name in ("keys", "touches", "values"))
        where, apart = np.array(visits, dtype=np.int64), np.array(strides, dtype=np.int64)
        count = gather(
            arena, prog, given.io, structure, events, given.kinds, np.array(first, dtype=np.int64), where, apart,
            given.inputs, given.outputs, given.modes, keys, touches, values,
        )  # fmt: skip
        if count == HEAVY:
            return None
        found.append(Touches(structure, where, apart, keys, touches, values, count, lies_flat))
    return found


def _looks_back(visit: Visit) -> bool:
    """Whether a visit asks for a value as of some time ago: flat columns know only where it was last."""
    *_, windows, folds = visit
    return any(fold == k.SEEN and index >= 0 and windows[window][2] > 0 for fold, window, _, _, index, *_ in folds)


@dataclass(frozen=True, slots=True)
class FlatRoom:
    """The columns that runs are laid in, as `flat.flow` wants them."""

    records: Words
    columns: Words
    table: Words
    queue: Words

    @classmethod
    def for_runs(cls, longest: int, scratch: Scratch) -> "FlatRoom":
        """Room for chunks of runs, of which the longest has so many records, its history included."""
        room, wide = max(RECORDS, longest + 2), flat.CHUNK + longest
        return cls(
            records=scratch.array("records", flat.RECORD_COLUMNS * room),
            columns=scratch.array("columns", 2 * flat.TOUCH_COLUMNS * wide),
            table=scratch.array("table", 1 << (2 * longest).bit_length()),
            queue=scratch.array("queue", longest + 1),
        )


def parted(
    arena: Words, directory: Words, prog: Words, ordered: Touches, times: Words, scratch: Scratch
) -> tuple[Touches, FlatRoom | None, Touches]:
    """The runs that may be laid flat with room for them, and those that may not."""
    if not ordered.lies_flat:
        return replace(ordered, count=0), None, ordered
    rest = scratch.array("other keys", ordered.count), scratch.array("other touches", ordered.count)
    told = scratch.array("told", 3)
    flat.split(
        arena, directory, prog, ordered.structure, ordered.keys, ordered.touches, ordered.values, times, ordered.count,
        *rest, told,
    )  # fmt: skip
    laid, others, longest = told.tolist()
    room = FlatRoom.for_runs(longest, scratch) if laid else None
    return replace(ordered, count=laid), room, replace(ordered, keys=rest[0], touches=rest[1], count=others)


_ARRAY, _WORD = types.Array(types.int64, 1, "C"), types.int64
ENTRIES = {
    gather: (*[_ARRAY] * 3, _WORD, *[_ARRAY] * 11),
    distribute: (*[_ARRAY] * 7, _WORD, _WORD),
    along: (*[_ARRAY] * 4, _WORD, *[_ARRAY] * 8, _WORD, _WORD),
}
"""The kernels that are called from outside, with what they are called with."""
