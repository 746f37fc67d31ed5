"""A batch turned around: structure by structure and key by key, not event by event.

An event touches a list of each of its keys, and the next event those of other keys: in order of arrival
nearly every list is far from the processor. Lists don't know of each other, so a batch may as well go
through one list after the other, as long as each list meets its own events in the order of arrival. Then a
list is fetched once, and its next event finds it near.

The answers are the same to the bit, and so is what is kept (only where in the arena a list lies may differ).
Two things need care. A refused event must leave the events before it fed and those after it not; so a
batch is only turned around when it is proven beforehand that no sum can leave its range (`sums_fit`). And
where the arena is too small the kernel stops before it has written anything of that event and list, and goes
on there.
"""

# mypy: disable-error-code="no-any-return, assignment, arg-type"
# (as in kernel.py: to mypy numpy's words and Python's integers are two types)

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import types

from jindi.features.batch import Given
from jindi.features.compiling import fetch, kernel
from jindi.features.kernel import (
    A_TOP,
    B_SUM,
    C_BLOCKS,
    C_CAPACITY,
    C_HINTS,
    C_RECORDS,
    C_SIZE,
    C_SQUARES,
    CHECKED,
    F_SLOT,
    HAS_EVER,
    HAS_EXTREMES,
    HAS_SQUARES,
    HAS_VALUE,
    N_MASK,
    READ,
    S_DIRECTORY,
    S_FLAGS,
    S_FREE,
    S_HINTS,
    SCAN,
    SUM_LIMIT,
    V_FEEDS,
    V_FOLD_AT,
    V_FOLDS,
    V_VALUE,
    V_WIDTH,
    VALUE_LIMIT,
    Words,
    feed,
    joins,
    read_visit,
    row_of,
)
from jindi.features.plan import Lane

RADIX_BITS = 11
LOWEST_KEY = 2
"""What makes every key, also one that is missing or new, a number from 0 up."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A structure that a batch meets: where its line stands, who meets it, and the visit of each of those.

    A source is (event type of the batch, key word): where an event of that type has a key of the structure.
    """

    structure: int
    sources: tuple[tuple[int, int], ...]
    visits: Words


@dataclass(frozen=True, slots=True)
class Line:
    """Who meets which key, key by key: an entry is an event's number and its source's, in one word."""

    keys: Words
    entries: Words


def walks(lanes: Sequence[tuple[Lane, int]], structures: Sequence[int]) -> list[Walk] | None:
    """The structures that a batch meets; `lanes` are its event types, each with its place in the program.

    None if an event could feed one structure and visit it twice: then the visits would have to wait for
    each other. (No plan has such a lane: what a type feeds, it meets by one key and with one value.)
    """
    met: dict[int, list[tuple[int, int, int]]] = {}
    for number, (lane, at) in enumerate(lanes):
        homes = [visit[0] for visit in lane.visits]
        if any(visit[4] and homes.count(visit[0]) > 1 for visit in lane.visits):
            return None
        for place, (structure, key, *_) in enumerate(lane.visits):
            met.setdefault(structure, []).append((number, key, at + 1 + place * V_WIDTH))
    return [
        Walk(
            structures[structure],
            tuple((lane, key) for lane, key, _ in found),
            np.array([visit for *_, visit in found], dtype=np.int64),
        )
        for structure, found in met.items()
    ]


def lines(found: Sequence[Walk], given: Given) -> list[Line]:
    """The line for each walk; structures that find their keys at the same places share one."""
    made: dict[tuple[tuple[int, int], ...], Line] = {}
    events = np.bincount(given.kinds, minlength=1 + max((kind for w in found for kind, _ in w.sources), default=0))
    for each in found:
        if each.sources not in made:
            size = sum(int(events[kind]) for kind, _ in each.sources)
            keys, entries, spare_keys, spare_entries = (np.empty(size, dtype=np.int64) for _ in range(4))
            kinds, words = np.array(each.sources, dtype=np.int64).T.copy()
            order(given.io, given.kinds, given.inputs, kinds, words, keys, entries, spare_keys, spare_entries)
            made[each.sources] = Line(keys, entries)
    return [made[each.sources] for each in found]


@kernel
def gather(
    io: Words, kinds: Words, inputs: Words, source_kinds: Words, source_keys: Words, keys: Words, entries: Words
) -> int:
    """Write down, in order of arrival, the key of each event and source, and which they are; answers how many.

    The source takes the lowest `source_bits` of an entry.
    """
    bits, count = source_bits(source_kinds.size), 0
    for event in range(kinds.size):
        for source in range(source_kinds.size):
            if source_kinds[source] == kinds[event]:
                keys[count] = io[inputs[event] + source_keys[source]]
                entries[count] = (event << bits) | source
                count += 1
    return count


@kernel
def source_bits(sources: int) -> int:
    """How many bits of an entry tell its source."""
    bits = 0
    while (1 << bits) < sources:
        bits += 1
    return bits


@kernel
def sort_by_key(keys: Words, entries: Words, count: int, spare_keys: Words, spare_entries: Words) -> None:
    """Sort the first `count` entries by key; those of one key stay in their order (radix, lowest digit first)."""
    most = np.int64(0)
    for i in range(count):
        most = max(most, keys[i] + LOWEST_KEY)
    counts = np.zeros((1 << RADIX_BITS) + 1, np.int64)
    shift, mask, moved = 0, (1 << RADIX_BITS) - 1, False
    a_keys, a_entries, b_keys, b_entries = keys, entries, spare_keys, spare_entries
    while most >> shift:
        counts[:] = 0
        for i in range(count):
            counts[(((a_keys[i] + LOWEST_KEY) >> shift) & mask) + 1] += 1
        for digit in range(1 << RADIX_BITS):
            counts[digit + 1] += counts[digit]
        for i in range(count):
            digit = ((a_keys[i] + LOWEST_KEY) >> shift) & mask
            to = counts[digit]
            counts[digit] = to + 1
            b_keys[to] = a_keys[i]
            b_entries[to] = a_entries[i]
        a_keys, a_entries, b_keys, b_entries = b_keys, b_entries, a_keys, a_entries
        shift += RADIX_BITS
        moved = not moved
    if moved:
        keys[:count] = spare_keys[:count]
        entries[:count] = spare_entries[:count]


@kernel
def order(
    io: Words,
    kinds: Words,
    inputs: Words,
    source_kinds: Words,
    source_keys: Words,
    keys: Words,
    entries: Words,
    spare_keys: Words,
    spare_entries: Words,
) -> None:
    """Into `keys` and `entries`, which are as long as needed: who meets which key, key by key."""
    count = gather(io, kinds, inputs, source_kinds, source_keys, keys, entries)
    sort_by_key(keys, entries, count, spare_keys, spare_entries)


@kernel
def sums_fit(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    inputs: Words,
    modes: Words,
    keys: Words,
    entries: Words,
    visits: Words,
    structure: int,
) -> bool:
    """Whether surely no event of the batch is refused by this structure, whatever is reclaimed meanwhile.

    A list's sum at any time is the difference of two of its running sums, so it is enough that all of
    them, the coming ones too, lie close enough together. Only a list that runs full can lose records
    meanwhile: the running sums of one that doesn't need not be looked at, but for the last.
    """
    flags = prog[structure + S_FLAGS]
    if not flags & CHECKED:
        return True
    bits, count = source_bits(visits.size), keys.size
    mask = (1 << bits) - 1
    begin = 0
    while begin < count:
        key, end = keys[begin], begin + 1
        while end < count and keys[end] == key:
            end += 1
        if end + 4 < count and keys[end + 4] >= 0:
            fetch(directory, prog[structure + S_DIRECTORY] + keys[end + 4])
        if end + 2 < count and keys[end + 2] >= 0:
            fetch(arena, directory[prog[structure + S_DIRECTORY] + keys[end + 2]])
        if key >= 0:
            slab = directory[prog[structure + S_DIRECTORY] + key]
            last, ever = np.int64(0), np.int64(0)
            least, most = np.int64(0), np.int64(0)
            runs_full = True
            if slab:
                n = arena[slab] & N_MASK
                row = row_of(prog, structure, arena[slab] >> 40)
                records = slab + prog[row + C_RECORDS]
                last = arena[records + 2 * n - 1] if n > 0 else np.int64(0)
                ever = arena[slab + 1 + B_SUM] if flags & HAS_EVER else np.int64(0)
                runs_full = n + (end - begin) > prog[row + C_CAPACITY]
                if runs_full:
                    for i in range(n):
                        running = arena[records + 2 * i + 1]
                        least, most = min(least, running), max(most, running)
            for i in range(begin, end):
                event, visit = entries[i] >> bits, visits[entries[i] & mask]
                if prog[visit + V_FEEDS] & modes[event] and joins(prog, io, visit, inputs[event], flags):
                    value = io[inputs[event] + prog[visit + V_VALUE]]
                    if value > VALUE_LIMIT or value < -VALUE_LIMIT:
                        return False
                    last += value
                    least, most = min(least, last), max(most, last)
                    if last > SUM_LIMIT or last < -SUM_LIMIT or abs(ever + last) > SUM_LIMIT:
                        return False
                    if runs_full and most - least > SUM_LIMIT:
                        return False
        begin = end
    return True


@kernel
def call_list(arena: Words, prog: Words, structure: int, flags: int, slab: int) -> None:
    """Ask memory for what an event of a list needs: its records' two ends, where windows begin, what is beside."""
    n = arena[slab] & N_MASK
    width = 2 if flags & HAS_VALUE else 1
    row = row_of(prog, structure, arena[slab] >> 40)
    records = slab + prog[row + C_RECORDS]
    fetch(arena, records + width * n)
    if prog[row + C_CAPACITY] <= SCAN:
        fetch(arena, records)
        fetch(arena, records + 8)
    else:
        hints = slab + prog[row + C_HINTS]
        for i in range(prog[structure + S_HINTS]):
            fetch(arena, records + width * arena[hints + i])
    if flags & HAS_SQUARES:
        fetch(arena, slab + prog[row + C_SQUARES] + 2 * (n >> 3))
    if flags & HAS_EXTREMES:
        fetch(arena, slab + prog[row + C_BLOCKS] + 2 * (n >> 3))


@kernel
def walk(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    inputs: Words,
    outputs: Words,
    times: Words,
    modes: Words,
    keys: Words,
    entries: Words,
    visits: Words,
    structure: int,
    begin: int,
) -> int:
    """Let a structure meet its events, key by key, from entry `begin` on. Answers how many entries are done;
    if that is not all, the arena is too small, and io[0] tells the words needed.
    """
    flags, lists = prog[structure + S_FLAGS], prog[structure + S_DIRECTORY]
    bits, count = source_bits(visits.size), keys.size
    mask = (1 << bits) - 1
    for i in range(begin, count):
        if i + 12 < count and keys[i + 12] >= 0 and keys[i + 12] != keys[i + 11]:
            fetch(directory, lists + keys[i + 12])
        if i + 8 < count and keys[i + 8] >= 0 and keys[i + 8] != keys[i + 7]:
            slab = directory[lists + keys[i + 8]]
            fetch(arena, slab)
            fetch(arena, slab + 8)
        if i + 6 < count:
            # The words of an event lie where it arrived: far from those of the entry before.
            event, visit = entries[i + 6] >> bits, visits[entries[i + 6] & mask]
            fetch(io, inputs[event])
            if prog[visit + V_FOLDS] > 0:
                fetch(io, outputs[event] + prog[prog[visit + V_FOLD_AT] + F_SLOT])
                fetch(io, outputs[event] + prog[prog[visit + V_FOLD_AT] + F_SLOT] + 8)
        if i + 4 < count and keys[i + 4] >= 0 and keys[i + 4] != keys[i + 3]:
            slab = directory[lists + keys[i + 4]]
            if slab:
                call_list(arena, prog, structure, flags, slab)
        event, visit = entries[i] >> bits, visits[entries[i] & mask]
        t, mode, words = times[event], modes[event], inputs[event]
        feeds = prog[visit + V_FEEDS] & mode != 0 and joins(prog, io, visit, words, flags)
        if feeds:
            slab = directory[lists + keys[i]]
            wanted = 0
            if slab:
                wanted = (arena[slab] >> 40) + 1
            if slab == 0 or arena[slab] & N_MASK == prog[row_of(prog, structure, wanted - 1) + C_CAPACITY]:
                needed = prog[row_of(prog, structure, wanted) + C_SIZE]
                if arena[prog[structure + S_FREE] + wanted] == 0 and arena[A_TOP] + needed > arena.size:
                    io[0] = needed
                    return i
        if mode & READ and prog[visit + V_FOLDS] > 0:
            read_visit(arena, directory, prog, io, visit, words, outputs[event], t)
        if feeds:
            value = io[words + prog[visit + V_VALUE]] if flags & HAS_VALUE else np.int64(0)
            feed(arena, directory, prog, structure, keys[i], t, value)
    return count


_ARRAY, _WORD = types.Array(types.int64, 1, "C"), types.int64
ENTRIES = {
    order: (*[_ARRAY] * 9,),
    sums_fit: (*[_ARRAY] * 9, _WORD),
    walk: (*[_ARRAY] * 11, _WORD, _WORD),
}
"""The kernels that are called from outside, with what they are called with."""
