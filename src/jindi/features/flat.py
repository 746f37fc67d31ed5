"""Many short runs of one structure at once: history and events of many lists side by side in flat columns.

`listwise` sorts a batch by key. Where a key's events are not few beside what its list holds, the list's records are
copied next to them, run after run, and each window and each fold becomes one plain loop over all of them: an edge
only ever moves on, a sum is the difference of two running sums, and what is greatest stands at the head of a queue.
Then the records are appended to their lists, as `feed` would have done it.

Not for structures with `ever` windows, sets or quantiles, and not for lists that hold far more than comes: these go
through the general kernels, touch by touch.
"""

# mypy: disable-error-code="no-any-return, return-value, arg-type, assignment"
# (to the compiler numpy's 64-bit words and Python's integers are one type; to mypy they are two)

from typing import Any

import numpy as np
from numba import types

from jindi.features import kernel as k
from jindi.features.compiling import fetch, kernel
from jindi.features.kernel import Words

EVENT_SHIFT = 16
"""A touch is one word: the event's number, whether the event counts in the structure and whether it feeds it now,
then the number of its visit among those of the structure."""
CURRENT, FED = 1 << 15, 1 << 14
VISITS = FED

CHUNK = 2048
"""So many touches are laid side by side at once: all columns then lie in the second cache."""
SPARE, OUTWEIGHED = 64, 8
"""A list with more records than SPARE and OUTWEIGHED times its touches goes through the general kernels."""
NEVER = 2**62

# The columns of records (history and what is fed, run after run, with one place more at each run's end).
(T, VALUE, SUM, SQUARES_HIGH, SQUARES_LOW, BEFORE, NEXT, RECORD_COLUMNS) = range(8)

# The columns of touches, of a chunk or of one visit's share of it: where its run begins, what stands before it, where
# its value was last, its event, instant and value, whether it counts, its place among all touches, and its window.
(BASE, HIGH, FOUND, EVENT, AT, BROUGHT, ADDED, PLACE, LOW, END, TOUCH_COLUMNS) = range(11)


@kernel
def kept_from(arena: Words, prog: Words, structure: int, slab: int, t: int) -> int:
    """From which position on the records of a list may still be asked for at time t or later."""
    n = arena[slab] & k.N_MASK
    if n <= k.SCAN or prog[structure + k.S_KEPT] < 0:
        return np.int64(0)
    row = k.row_of(prog, structure, arena[slab] >> 40)
    width = 2 if prog[structure + k.S_FLAGS] & k.HAS_VALUE else 1
    return k.after(arena, slab + prog[row + k.C_RECORDS], width, n, t - prog[structure + k.S_KEPT])


@kernel
def split(
    arena: Words,
    directory: Words,
    prog: Words,
    structure: int,
    keys: Words,
    touches: Words,
    values: Words,
    times: Words,
    count: int,
    rest_keys: Words,
    rest_touches: Words,
    told: Words,
) -> None:
    """Leave in `keys`, `touches` and `values` the runs that may be laid flat, and move the others to the rest.

    `told` gets how many touches are flat, how many are not, and the most records that one run and its history have.
    """
    directory_at = prog[structure + k.S_DIRECTORY]
    flat, rest, most, at = 0, 0, 0, 0
    while at < count:
        if at + 16 < count:
            fetch(directory, directory_at + keys[at + 16])
        if at + 8 < count:
            fetch(arena, directory[directory_at + keys[at + 8]])
        key, end = keys[at], at + 1
        while end < count and keys[end] == key:
            end += 1
        slab, held = directory[directory_at + key], np.int64(0)
        if slab:
            held = (arena[slab] & k.N_MASK) - kept_from(arena, prog, structure, slab, times[touches[at] >> EVENT_SHIFT])
        if held <= SPARE + OUTWEIGHED * (end - at):
            most = max(most, held + end - at)
            for i in range(at, end):
                keys[flat], touches[flat], values[flat] = key, touches[i], values[i]
                flat += 1
        else:
            for i in range(at, end):
                rest_keys[rest], rest_touches[rest] = key, touches[i]
                rest += 1
        at = end
    told[0], told[1], told[2] = flat, rest, most


@kernel
def chunk_end(
    arena: Words, directory: Words, prog: Words, structure: int, keys: Words, begin: int, count: int, room: int
) -> int:
    """Where a chunk ends that begins at a touch: behind a whole run, with no more records than there is room for."""
    at, records = begin, 0
    while at < count and at - begin < CHUNK:
        key, end = keys[at], at + 1
        while end < count and keys[end] == key:
            end += 1
        slab = directory[prog[structure + k.S_DIRECTORY] + key]
        records += end - at + 1
        if slab:
            records += arena[slab] & k.N_MASK
        if at > begin and records > room:
            break
        at = end
    return at


@kernel
def lacking(
    arena: Words, directory: Words, prog: Words, structure: int, keys: Words, begin: int, end: int
) -> int:  # fmt: skip
    """How many words the arena may lack for a chunk to be fed; 0 if none."""
    needed, at = 0, begin
    while at < end:
        key, first = keys[at], at
        while at < end and keys[at] == key:
            at += 1
        slab = directory[prog[structure + k.S_DIRECTORY] + key]
        n, size_class = 0, -1
        if slab:
            n, size_class = arena[slab] & k.N_MASK, arena[slab] >> 40
        while size_class < 0 or prog[k.row_of(prog, structure, size_class) + k.C_CAPACITY] < n + at - first:
            size_class += 1
            needed += prog[k.row_of(prog, structure, size_class) + k.C_SIZE]
    return needed if arena[k.A_TOP] + needed > arena.size else 0


@kernel
def last_of(records: Words, room: int, table: Words, mask: int, value: int) -> int:
    """The latest record of a run with a value, or -1."""
    entry = k.mixed(value) & mask
    while table[entry] >= 0:
        if records[VALUE * room + table[entry]] == value:
            return table[entry]
        entry = (entry + 1) & mask
    return np.int64(-1)


@kernel
def link(records: Words, room: int, table: Words, mask: int, position: int) -> int:
    """Link a record with the one before it that holds the same value, which is answered (or -1)."""
    value = records[VALUE * room + position]
    entry, before = k.mixed(value) & mask, np.int64(-1)
    while table[entry] >= 0:
        if records[VALUE * room + table[entry]] == value:
            before = table[entry]
            records[NEXT * room + before] = position
            break
        entry = (entry + 1) & mask
    table[entry] = position
    records[BEFORE * room + position] = before
    records[NEXT * room + position] = NEVER
    return before


@kernel
def put(records: Words, room: int, flags: int, position: int, t: int, value: int) -> None:
    """One more record of a run: its time and value, and the running sums behind it."""
    records[T * room + position] = t
    if not flags & k.HAS_VALUE:
        return
    records[VALUE * room + position] = value
    records[SUM * room + position + 1] = records[SUM * room + position] + value
    if flags & k.HAS_SQUARES:
        high, low = k.square(value)
        before = np.uint64(records[SQUARES_LOW * room + position])
        total = before + low
        carry = np.uint64(1) if total < low else np.uint64(0)
        records[SQUARES_LOW * room + position + 1] = np.int64(total)
        records[SQUARES_HIGH * room + position + 1] = np.int64(
            np.uint64(records[SQUARES_HIGH * room + position]) + high + carry
        )


@kernel
def lay(
    arena: Words, directory: Words, prog: Words, structure: int, keys: Words, touches: Words, values: Words,
    times: Words, begin: int, end: int,
    records: Words, room: int, columns: Words, wide: int, table: Words,
) -> None:  # fmt: skip
    """Lay the runs of a chunk side by side: history, then what is fed; and for each touch what stands before it."""
    flags, linked = prog[structure + k.S_FLAGS], prog[structure + k.S_LASTS] > 0
    directory_at = prog[structure + k.S_DIRECTORY]
    position, base, high, mask = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for at in range(begin, end):
        touch = touches[at]
        event = touch >> EVENT_SHIFT
        if at + 4 < end and keys[at + 4] != keys[at + 3]:
            slab = directory[directory_at + keys[at + 4]]
            for line in range(0, 40, 8):
                fetch(arena, slab + line)
        if at == begin or keys[at] != keys[at - 1]:
            base = position = position + (1 if at > begin else 0)
            records[SUM * room + base] = 0
            records[SQUARES_HIGH * room + base] = records[SQUARES_LOW * room + base] = 0
            slab = directory[directory_at + keys[at]]
            if slab:
                position = history(arena, prog, structure, slab, times[event], records, room, base)
            if linked:
                mask = mask_for(keys, at, end, position - base)
                for i in range(mask + 1):
                    table[i] = -1
                for i in range(base, position):
                    link(records, room, table, mask, i)
            high = position
        elif touches[at - 1] >> EVENT_SHIFT != event:
            high = position
        t, value, found = times[event], values[at], np.int64(-1)
        if touch & FED:
            put(records, room, flags, position, t, value)
            if linked:
                found = link(records, room, table, mask, position)
            position += 1
        elif linked and value != k.MISSING:
            found = last_of(records, room, table, mask, value)
        while found >= high:
            # Another touch of the same event has fed it: this event does not see it.
            found = records[BEFORE * room + found]
        i = at - begin
        columns[BASE * wide + i], columns[HIGH * wide + i], columns[FOUND * wide + i] = base, high, found
        columns[EVENT * wide + i], columns[AT * wide + i], columns[BROUGHT * wide + i] = event, t, value
        columns[ADDED * wide + i] = 1 if touch & CURRENT else 0
        columns[PLACE * wide + i] = at


@kernel
def mask_for(keys: Words, begin: int, end: int, held: int) -> int:
    """The size, less one, of a run's part of the table of values: twice its records."""
    at = begin
    while at < end and keys[at] == keys[begin]:
        at += 1
    size = 4
    while size < 2 * (held + at - begin):
        size += size
    return size - 1


@kernel
def history(arena: Words, prog: Words, structure: int, slab: int, t: int, records: Words, room: int, base: int) -> int:
    """Copy what may still be asked for of a list to the start of its run; answers the next free position."""
    flags, n = prog[structure + k.S_FLAGS], arena[slab] & k.N_MASK
    source = slab + prog[k.row_of(prog, structure, arena[slab] >> 40) + k.C_RECORDS]
    position = base
    first = kept_from(arena, prog, structure, slab, t)
    if not flags & k.HAS_VALUE:
        for i in range(first, n):
            records[T * room + position] = arena[source + i]
            position += 1
        return position
    before = arena[source + 2 * first - 1] if first > 0 else np.int64(0)
    for i in range(first, n):
        running = arena[source + 2 * i + 1]
        put(records, room, flags, position, arena[source + 2 * i], running - before)
        before = running
        position += 1
    return position


@kernel
def choose(number: int, touches: Words, begin: int, end: int, columns: Words, share: Words, wide: int) -> int:
    """Put the touches of one visit next to each other in columns of its own; answers how many there are."""
    count = np.int64(0)
    for at in range(begin, end):
        if touches[at] & (VISITS - 1) == number:
            for column in range(LOW):
                share[column * wide + count] = columns[column * wide + at - begin]
            count += 1
    return count


@kernel
def edges(
    io: Words, prog: Words, window: int, inputs: Words, records: Words, room: int, columns: Words, wide: int, count: int
) -> None:
    """For each touch of a visit, where its window begins and ends among the records. Both only ever move on."""
    lag, length = prog[window + k.W_LAG], prog[window + k.W_LENGTH]
    calendar = prog[window + k.W_KIND] == k.CALENDAR
    before, low, high = np.int64(-1), np.int64(0), np.int64(0)
    for i in range(count):
        if columns[BASE * wide + i] != before:
            before = low = high = columns[BASE * wide + i]
        end, last = columns[HIGH * wide + i], columns[AT * wide + i] - lag
        if lag > 0:
            while high < end and records[T * room + high] <= last:
                high += 1
            end = high
        start = last - length
        if calendar:
            start = io[inputs[columns[EVENT * wide + i]] + prog[window + k.W_START]] - 1
        while low < end and records[T * room + low] <= start:
            low += 1
        columns[LOW * wide + i], columns[END * wide + i] = low, end


@kernel
def sums(
    answers: Words, real: Any, fold: int, slot: int, current: int, records: Words, room: int, columns: Words, wide: int,
    count: int,
) -> None:  # fmt: skip
    """The answers of a count, sum, mean or deviation: differences of what runs along with the records."""
    for i in range(count):
        low, high, out = columns[LOW * wide + i], columns[END * wide + i], slot + columns[PLACE * wide + i]
        added = current & columns[ADDED * wide + i]
        many = high - low + added
        if fold == k.COUNT:
            answers[out] = many
            continue
        value = columns[BROUGHT * wide + i] if added else np.int64(0)
        total = records[SUM * room + high] - records[SUM * room + low] + value
        if fold == k.SUM:
            answers[out] = total
        elif fold == k.MEAN:
            if many > 0:
                real[out] = np.float64(total) / np.float64(many)
            else:
                answers[out] = k.MISSING
        elif many > 1:
            q_low = np.uint64(records[SQUARES_LOW * room + high])
            a_low = np.uint64(records[SQUARES_LOW * room + low])
            q_high = np.uint64(records[SQUARES_HIGH * room + high]) - np.uint64(records[SQUARES_HIGH * room + low])
            q_high = q_high - (np.uint64(1) if q_low < a_low else np.uint64(0))
            q_low = q_low - a_low
            if added:
                v_high, v_low = k.square(value)
                q_low = q_low + v_low
                q_high = q_high + v_high + (np.uint64(1) if q_low < v_low else np.uint64(0))
            real[out] = k.deviation(many, total, q_high, q_low)
        else:
            answers[out] = k.MISSING


@kernel
def extreme(
    answers: Words, sign: int, ratio: int, slot: int, current: int, records: Words, room: int, columns: Words,
    wide: int, count: int, queue: Words,
) -> None:  # fmt: skip
    """The greatest (sign 1) or least (sign -1) value of each window: the head of a queue that falls."""
    before, pushed, head, tail = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    for i in range(count):
        low, high, out = columns[LOW * wide + i], columns[END * wide + i], slot + columns[PLACE * wide + i]
        if columns[BASE * wide + i] != before:
            before, pushed, head, tail = columns[BASE * wide + i], low, np.int64(0), np.int64(0)
        while pushed < high:
            value = records[VALUE * room + pushed] * sign
            while tail > head and records[VALUE * room + queue[tail - 1]] * sign <= value:
                tail -= 1
            queue[tail] = pushed
            tail += 1
            pushed += 1
        while head < tail and queue[head] < low:
            head += 1
        found = np.int64(k.MISSING)
        if head < tail:
            found = records[VALUE * room + queue[head]]
        if current & columns[ADDED * wide + i]:
            value = columns[BROUGHT * wide + i]
            found = value if found == k.MISSING or value * sign > found * sign else found
        answers[out] = shown(found, ratio)


@kernel
def shown(word: int, ratio: int) -> int:
    """A value's word as an answer: a ratio's order-keeping code is undone."""
    return word ^ np.int64(0x7FFFFFFFFFFFFFFF) if ratio and word < 0 and word != k.MISSING else word


@kernel
def distinct(
    answers: Words, slot: int, current: int, records: Words, room: int, columns: Words, wide: int, count: int
) -> None:
    """How many different values each window holds: a record counts while none after it in the window is the same."""
    before, low, high, held = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    for i in range(count):
        begin, end, out = columns[LOW * wide + i], columns[END * wide + i], slot + columns[PLACE * wide + i]
        if columns[BASE * wide + i] != before:
            before, low, high, held = columns[BASE * wide + i], begin, begin, np.int64(0)
        while high < end:
            if records[BEFORE * room + high] < low:
                held += 1
            high += 1
        while low < begin:
            if records[NEXT * room + low] >= high:
                held -= 1
            low += 1
        fresh = current & columns[ADDED * wide + i] and columns[FOUND * wide + i] < begin
        answers[out] = held + (1 if fresh else 0)


@kernel
def ends(
    answers: Words, fold: int, asks: int, ratio: int, slot: int, records: Words, room: int, columns: Words, wide: int,
    count: int,
) -> None:  # fmt: skip
    """What the first and the last record of each window tell, and whether the window holds a value or anything."""
    for i in range(count):
        low, high, out = columns[LOW * wide + i], columns[END * wide + i], slot + columns[PLACE * wide + i]
        found = np.int64(k.MISSING)
        if fold == k.SEEN and not asks:
            found = np.int64(1 if high > low else 0)
        elif fold == k.SEEN:
            if columns[BROUGHT * wide + i] != k.MISSING:
                found = np.int64(1 if columns[FOUND * wide + i] >= low else 0)
        elif high > low:
            if fold == k.FIRST:
                found = shown(records[VALUE * room + low], ratio)
            elif fold == k.LAST:
                found = shown(records[VALUE * room + high - 1], ratio)
            elif fold == k.SINCE_FIRST:
                found = columns[AT * wide + i] - records[T * room + low]
            else:
                found = columns[AT * wide + i] - records[T * room + high - 1]
        answers[out] = found


@kernel
def answer(
    answers: Words, apart: int, io: Words, prog: Words, visit: int, inputs: Words, records: Words, room: int,
    columns: Words, wide: int, count: int, queue: Words,
) -> None:  # fmt: skip
    """All folds of one visit, window by window; the answers of two folds stand `apart` words from each other."""
    real = answers.view(np.float64)
    for number in range(prog[visit + k.V_WINDOWS]):
        edges(io, prog, prog[visit + k.V_WINDOW_AT] + number * k.W_WIDTH, inputs, records, room, columns, wide, count)
        for place in range(prog[visit + k.V_FOLDS]):
            at, slot = prog[visit + k.V_FOLD_AT] + place * k.F_WIDTH, place * apart
            if prog[at + k.F_WINDOW] != number:
                continue
            fold, current = prog[at + k.F_FOLD], prog[at + k.F_CURRENT]
            asks, ratio = 1 if prog[at + k.F_INDEX] >= 0 else 0, prog[at + k.F_FLOAT]
            if fold in (k.COUNT, k.SUM, k.MEAN, k.STD):
                sums(answers, real, fold, slot, current, records, room, columns, wide, count)
            elif fold == k.MAX:
                extreme(answers, 1, ratio, slot, current, records, room, columns, wide, count, queue)
            elif fold == k.MIN:
                extreme(answers, -1, ratio, slot, current, records, room, columns, wide, count, queue)
            elif fold == k.DISTINCT:
                distinct(answers, slot, current, records, room, columns, wide, count)
            else:
                ends(answers, fold, asks, ratio, slot, records, room, columns, wide, count)


@kernel
def hand_out(
    answers: Words, io: Words, prog: Words, visits: Words, strides: Words, touches: Words, rows: Words, outputs: Words,
    count: int,
) -> None:  # fmt: skip
    """Bring all answers from the order of the keys into that of arrival, feature by feature: one column is near where
    all together are not. `rows` may be written over.
    """
    for i in range(count):
        rows[i] = outputs[touches[i] >> EVENT_SHIFT]
    for number in range(visits.size):
        visit = visits[number]
        for place in range(prog[visit + k.V_FOLDS]):
            slot = prog[prog[visit + k.V_FOLD_AT] + place * k.F_WIDTH + k.F_SLOT] * strides[number]
            if visits.size == 1:
                for i in range(count):
                    io[rows[i] + slot] = answers[place * count + i]
            else:
                for i in range(count):
                    if touches[i] & (VISITS - 1) == number:
                        io[rows[i] + slot] = answers[place * count + i]


@kernel
def append(
    arena: Words, directory: Words, prog: Words, structure: int, key: int, records: Words, room: int, begin: int,
    end: int,
) -> None:  # fmt: skip
    """Append the records [begin, end) of a run to their list: what `feed` does, where there is nothing to decide."""
    flags, at = prog[structure + k.S_FLAGS], prog[structure + k.S_DIRECTORY] + key
    slab, n, size_class = directory[at], np.int64(0), np.int64(0)
    row = k.row_of(prog, structure, 0)
    if slab:
        n, size_class = arena[slab] & k.N_MASK, arena[slab] >> 40
        row = k.row_of(prog, structure, size_class)
    for i in range(begin, end):
        value = records[VALUE * room + i] if flags & k.HAS_VALUE else np.int64(0)
        if slab == 0 or n == prog[row + k.C_CAPACITY] or arena[k.A_WEIGHT] > k.SUM_LIMIT // 2:
            k.feed(arena, directory, prog, structure, key, records[T * room + i], value, k.UNKNOWN)
            slab = directory[at]
            n, size_class = arena[slab] & k.N_MASK, arena[slab] >> 40
            row = k.row_of(prog, structure, size_class)
            continue
        at_record = slab + prog[row + k.C_RECORDS]
        if not flags & k.HAS_VALUE:
            arena[at_record + n] = records[T * room + i]
        else:
            arena[at_record + 2 * n] = records[T * room + i]
            arena[at_record + 2 * n + 1] = value + (arena[at_record + 2 * n - 1] if n > 0 else 0)
            if flags & (k.HAS_EXTREMES | k.HAS_SQUARES):
                k.add_blocks(arena, prog, slab, row, flags, n + 1)
            if flags & k.CHECKED:
                arena[k.A_WEIGHT] += abs(value)
            cursor_at = slab + prog[structure + k.S_CURSORS]
            if flags & k.LASTS_NOW and arena[cursor_at] == n:
                index = slab + prog[row + k.C_LAST]
                if prog[row + k.C_HASH] == 0:
                    # What stood before it in the run stands as far before it in the list, if it is still there.
                    before = max(records[BEFORE * room + i] - i + n, -1) if records[BEFORE * room + i] >= 0 else -1
                    k.append_last(arena, prog, at_record, index, row, n, value, before)
                    arena[cursor_at] = n + 1
                else:
                    k.move_last(arena, prog, slab, row, index, cursor_at, n + 1)
        n += 1
        arena[slab] = n | (size_class << 40)
        arena[k.A_RECORDS] += 1


@kernel
def flow(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    structure: int,
    keys: Words,
    touches: Words,
    values: Words,
    visits: Words,
    strides: Words,
    inputs: Words,
    outputs: Words,
    times: Words,
    records: Words,
    columns: Words,
    table: Words,
    queue: Words,
    answers: Words,
    begin: int,
    count: int,
) -> int:
    """All that a batch does with the flat runs of one structure, a chunk at a time.

    `strides` says for each visit how far apart the answers of two features are. Answers at which touch it stopped:
    `count` when all is done, else the arena lacks `io[0]` words, and it may go on from there.
    """
    room, wide = records.size // RECORD_COLUMNS, columns.size // (2 * TOUCH_COLUMNS)
    share = columns[TOUCH_COLUMNS * wide :]
    at = begin
    while at < count:
        end = chunk_end(arena, directory, prog, structure, keys, at, count, room)
        needed = lacking(arena, directory, prog, structure, keys, at, end)
        if needed:
            io[0] = needed
            return at
        lay(
            arena, directory, prog, structure, keys, touches, values, times, at, end,
            records, room, columns, wide, table,
        )  # fmt: skip
        for number in range(visits.size):
            visit = visits[number]
            if prog[visit + k.V_FOLDS] and visits.size == 1:
                answer(answers, count, io, prog, visit, inputs, records, room, columns, wide, end - at, queue)
            elif prog[visit + k.V_FOLDS]:
                chosen = choose(number, touches, at, end, columns, share, wide)
                answer(answers, count, io, prog, visit, inputs, records, room, share, wide, chosen, queue)
        first = at
        while at < end:
            # What a run feeds stands behind its history, without a gap.
            key, fed, position = keys[at], 0, columns[HIGH * wide + at - first]
            while at < end and keys[at] == key:
                fed += 1 if touches[at] & FED else 0
                at += 1
            if fed:
                append(arena, directory, prog, structure, key, records, room, position, position + fed)
    hand_out(answers, io, prog, visits, strides, touches, values, outputs, count)
    return count


_ARRAY, _WORD = types.Array(types.int64, 1, "C"), types.int64
ENTRIES = {
    split: (*[_ARRAY] * 3, _WORD, *[_ARRAY] * 4, _WORD, *[_ARRAY] * 3),
    flow: (*[_ARRAY] * 4, _WORD, *[_ARRAY] * 13, _WORD, _WORD),
}
"""The kernels that are called from outside, with what they are called with."""
