"""The kernels: compiled once for every pack, because the program they run is data.

Every list of events is append-only and ordered by time, and every window ends now (or `lag` ago), so a
window is a range of positions [low, high) of one list. What is kept for a (structure, key) is one slab:

    head: count and size class | base of what was reclaimed (`ever`) | cursors | records | indexes

A record is (time) or (time, running sum of the values); the sum wraps around at 64 bits, so differences
are exact and the difference of two neighbours is the value itself. Three indexes stand beside the records
when a fold asks for them; they are derived from the records:

* blocks of eight, in a tree of fan-out eight: least and greatest value, and running sums of squares
  (128-bit) at every eighth record;
* `last`: a bitmap that marks, up to a cursor, the last occurrence of each value, with counts above it and
  a hash from value to position. A window that ends at the cursor has as many distinct values as marks.
  A lagged window has its own `last` index behind its own cursor;
* `ranks`: a treap over the values of one window, for exact quantiles. Node number = record number.

A long list also remembers, for each of its windows, where the edges were when it was last read (hints), and the
extremes that it found (peaks): mostly little has come since, and what has gone was no extreme.

Nothing here allocates: arrays come from outside, and when they are too small a kernel says so before it
has written anything.
"""

# mypy: disable-error-code="no-any-return, return-value, arg-type, assignment"
# (to the compiler numpy's 64-bit words and Python's integers are one type; to mypy they are two)

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from jindi.features.compiling import brief_kernel, fetch, kernel

Words = npt.NDArray[np.int64]
MISSING = -(2**63)
"""The word that stands for a missing value, in and out; no value and no result reaches it."""

NO_KEY = -1
"""The key of an event that lacks it; NEW_KEY is a key that no list exists for."""
NEW_KEY = -2

SUM_LIMIT = 2**61
"""Running sums stay below this, so that every difference of two plus one value fits 64 bits."""
VALUE_LIMIT = 2**60

# What a call shall do.
READ, FEED, KEEP = 1, 2, 4

# What a call answers when it did nothing: the arena is too small, or a sum would not fit.
FULL, OVERFLOW = -1, -2

# Flags of a structure.
HAS_VALUE, HAS_EXTREMES, HAS_SQUARES, HAS_EVER, IS_SET, CHECKED, LASTS_NOW = 1, 2, 4, 8, 16, 32, 64

# A structure's line in the program.
S_FLAGS, S_DIRECTORY, S_KEPT, S_LASTS, S_RANKS, S_CLASSES, S_FREE, S_CURSORS, S_HINTS, S_PEAKS, S_WIDTH = range(11)

# A line of the table of size classes: how a slab of that capacity is laid out.
CLASSES = 64
C_CAPACITY, C_SIZE, C_RECORDS, C_SQUARES, C_BLOCKS, C_LAST, C_LAST_SIZE, C_HASH, C_RANKS, C_HINTS, C_WIDTH = range(11)

# A visit: one structure that an event touches.
(
    V_STRUCTURE, V_KEY, V_VALUE, V_CONDITION, V_FEEDS, V_WINDOWS, V_WINDOW_AT, V_FOLDS, V_FOLD_AT, V_FOUND, V_WIDTH,
) = range(11)  # fmt: skip

# A window, and a fold read over it.
SLIDING, CALENDAR, EVER = range(3)
W_KIND, W_LENGTH, W_LAG, W_START, W_LOW, W_HIGH, W_WIDTH = range(7)
F_FOLD, F_WINDOW, F_SLOT, F_CURRENT, F_INDEX, F_PPM, F_FLOAT, F_WIDTH = range(8)

COUNT, SUM, MEAN, STD, MIN, MAX, DISTINCT, FIRST, LAST, SINCE_FIRST, SINCE_LAST, SEEN, QUANTILE = range(13)

# The scratch words at the head of the exchange buffer: five for each window of a visit.
R_LOW, R_HIGH, R_DONE, R_LEAST, R_MOST, R_WIDTH = range(6)

# What is remembered of a window's extremes: the positions it held for, from where on each value stands, the values.
K_LOW, K_HIGH, K_LEAST_AT, K_MOST_AT, K_LEAST, K_MOST, K_WIDTH = range(7)

# The base of an `ever` structure: all that is known of reclaimed records.
B_COUNT, B_SUM, B_SQUARES_HIGH, B_SQUARES_LOW, B_LEAST, B_MOST, B_FIRST, B_FIRST_AT, B_WIDTH = range(9)

# The arena's first words: where unused space begins; then one free list per structure and class.
A_TOP, A_RECORDS, A_FREED, A_WEIGHT, A_WIDTH = range(5)
"""`A_WEIGHT` is what all values ever summed come to, whatever their signs, counted until it passes SUM_LIMIT. While it
is below, no list's sum can have passed it.
"""

N_MASK = (1 << 40) - 1
LOW32 = 0xFFFFFFFF
SCAN = 32
"""Up to this capacity things are found by scanning; beyond it hashes, hints and peaks are kept."""
SMALL = 1 << 31
"""The square of a value below this fits one word."""
UNKNOWN = -2
"""Where reading has not looked for the place that feeding needs."""


@kernel
def row_of(prog: Words, structure: int, size_class: int) -> int:
    """Where the layout of a structure's slabs of one class stands in the program."""
    return prog[structure + S_CLASSES] + size_class * C_WIDTH


@kernel
def popcount(word: int) -> int:
    """How many bits are set."""
    x = np.uint64(word)
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def mixed(value: int) -> int:
    """A fixed scrambling of 63 bits (the finisher of splitmix64): the same on every machine and run."""
    x = np.uint64(value)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return np.int64(x >> np.uint64(1))


@kernel
def product(a: Any, b: Any) -> tuple[Any, Any]:
    """The 128-bit product of two unsigned words, as (high, low)."""
    mask, half = np.uint64(LOW32), np.uint64(32)
    a0, a1, b0, b1 = a & mask, a >> half, b & mask, b >> half
    low = a0 * b0
    middle = a1 * b0 + (low >> half)
    other = a0 * b1 + (middle & mask)
    return a1 * b1 + (middle >> half) + (other >> half), (other << half) | (low & mask)


@kernel
def square(value: int) -> tuple[Any, Any]:
    """The 128-bit square of a signed word, as (high, low)."""
    if -SMALL < value < SMALL:
        return np.uint64(0), np.uint64(value * value)
    x = np.uint64(-value) if value < 0 else np.uint64(value)
    return product(x, x)


@kernel
def value_at(arena: Words, records: int, position: int) -> int:
    """The value of a record: the difference of two running sums."""
    at = records + 2 * position + 1
    return arena[at] - arena[at - 2] if position > 0 else arena[at]


@kernel
def after(arena: Words, records: int, width: int, high: int, start: int) -> int:
    """The first position below `high` that is later than `start`; `high` if none is.

    It gallops from the end: a short window costs little however long the list is.
    """
    right, left, stride = high, high - 1, 1
    while left >= 0 and arena[records + width * left] > start:
        right = left
        left -= stride
        stride += stride
    left = max(left, -1)
    while right - left > 1:
        middle = (left + right) >> 1
        if arena[records + width * middle] > start:
            right = middle
        else:
            left = middle
    return right


@kernel
def edge(arena: Words, records: int, width: int, high: int, start: int, hint_at: int) -> int:
    """What `after` answers, searched from where this window's edge was last: mostly it has hardly moved."""
    at = min(arena[hint_at], high)
    if at > 0 and arena[records + width * (at - 1)] > start:
        at = after(arena, records, width, at, start)
    elif at < high and arena[records + width * at] <= start:
        left, stride = at, 1
        right = left + 1
        while right < high and arena[records + width * right] <= start:
            left = right
            right += stride
            stride += stride
        right = min(right, high)
        while right - left > 1:
            middle = (left + right) >> 1
            if arena[records + width * middle] > start:
                right = middle
            else:
                left = middle
        at = right
    arena[hint_at] = at
    return at


# ---- blocks of eight -------------------------------------------------------------------------------


@kernel
def add_squares(arena: Words, records: int, begin: int, end: int, high: Any, low: Any) -> tuple[Any, Any]:
    """The 128-bit sum (high, low) and the squares of the values of positions [begin, end) together."""
    before = arena[records + 2 * begin - 1] if begin > 0 else np.int64(0)
    for i in range(begin, end):
        running = arena[records + 2 * i + 1]
        value = running - before
        before = running
        if -SMALL < value < SMALL:
            l = np.uint64(value * value)  # noqa: E741 - high and low
            low = low + l
            high = high + (np.uint64(1) if low < l else np.uint64(0))
        else:
            h, l = square(value)  # noqa: E741
            low = low + l
            high = high + h + (np.uint64(1) if low < l else np.uint64(0))
    return high, low


@kernel
def add_blocks(arena: Words, prog: Words, slab: int, row: int, flags: int, n: int) -> None:
    """Account for record n - 1: when it completes blocks of 8, 64, 512, ... their summaries are written."""
    if n & 7:
        return
    capacity, records = prog[row + C_CAPACITY], slab + prog[row + C_RECORDS]
    block = (n >> 3) - 1
    least, most = value_at(arena, records, n - 1), value_at(arena, records, n - 1)
    high, low = np.uint64(0), np.uint64(0)
    squares = slab + prog[row + C_SQUARES]
    if flags & HAS_SQUARES and block > 0:
        high, low = np.uint64(arena[squares + 2 * block - 2]), np.uint64(arena[squares + 2 * block - 1])
    for i in range(n - 8, n):
        value = value_at(arena, records, i)
        least, most = min(least, value), max(most, value)
    if flags & HAS_SQUARES:
        high, low = add_squares(arena, records, n - 8, n, high, low)
    if flags & HAS_SQUARES:
        arena[squares + 2 * block] = np.int64(high)
        arena[squares + 2 * block + 1] = np.int64(low)
    if flags & HAS_EXTREMES:
        base, size = slab + prog[row + C_BLOCKS], capacity >> 3
        arena[base + 2 * block] = least
        arena[base + 2 * block + 1] = most
        entries = block + 1
        while entries & 7 == 0:
            upper = base + 2 * size
            first = base + 2 * (entries - 8)
            least, most = arena[first], arena[first + 1]
            for i in range(1, 8):
                least, most = min(least, arena[first + 2 * i]), max(most, arena[first + 2 * i + 1])
            entries >>= 3
            size >>= 3
            base = upper
            arena[base + 2 * entries - 2] = least
            arena[base + 2 * entries - 1] = most


@kernel
def extremes(arena: Words, prog: Words, slab: int, row: int, low: int, high: int) -> tuple[int, int, int, int]:
    """The least and the greatest value of positions [low, high), and for each a position that is not behind it:
    as long as a window begins no later, it holds the value. The range is not empty.
    """
    records = slab + prog[row + C_RECORDS]
    before = arena[records + 2 * low - 1] if low > 0 else np.int64(0)
    least = most = arena[records + 2 * low + 1] - before
    least_at = most_at = low
    while low < high and low & 7:
        running = arena[records + 2 * low + 1]
        value = running - before
        before = running
        if value <= least:
            least, least_at = value, low
        if value >= most:
            most, most_at = value, low
        low += 1
    # The end first: of equal values the later one lasts longer.
    if low < high and high & 7:
        running = arena[records + 2 * high - 1]
        while low < high and high & 7:
            high -= 1
            before = arena[records + 2 * high - 1] if high > 0 else np.int64(0)
            value = running - before
            running = before
            if value < least or (value == least and high > least_at):
                least, least_at = value, high
            if value > most or (value == most and high > most_at):
                most, most_at = value, high
    base, size = slab + prog[row + C_BLOCKS], prog[row + C_CAPACITY] >> 3
    low >>= 3
    high >>= 3
    shift = 3
    while low < high:
        while low < high and low & 7:
            if arena[base + 2 * low] < least:
                least, least_at = arena[base + 2 * low], low << shift
            if arena[base + 2 * low + 1] > most:
                most, most_at = arena[base + 2 * low + 1], low << shift
            low += 1
        while low < high and high & 7:
            high -= 1
            if arena[base + 2 * high] < least:
                least, least_at = arena[base + 2 * high], high << shift
            if arena[base + 2 * high + 1] > most:
                most, most_at = arena[base + 2 * high + 1], high << shift
        base += 2 * size
        size >>= 3
        low >>= 3
        high >>= 3
        shift += 3
    return least, most, least_at, most_at


@kernel
def peaks(arena: Words, prog: Words, slab: int, row: int, low: int, high: int, cache: int) -> tuple[int, int]:
    """The least and the greatest value of positions [low, high), from what this window held when it was last
    read: mostly a record has come since, and what has gone was neither.
    """
    if (
        arena[cache + K_LOW] <= low < arena[cache + K_HIGH] <= high
        and low <= arena[cache + K_LEAST_AT]
        and low <= arena[cache + K_MOST_AT]
    ):
        least, most = arena[cache + K_LEAST], arena[cache + K_MOST]
        fresh = arena[cache + K_HIGH]
        if high - fresh <= 8:
            records = slab + prog[row + C_RECORDS]
            before = arena[records + 2 * fresh - 1]
            for i in range(fresh, high):
                running = arena[records + 2 * i + 1]
                value = running - before
                before = running
                if value <= least:
                    least = arena[cache + K_LEAST] = value
                    arena[cache + K_LEAST_AT] = i
                if value >= most:
                    most = arena[cache + K_MOST] = value
                    arena[cache + K_MOST_AT] = i
            arena[cache + K_LOW], arena[cache + K_HIGH] = low, high
            return least, most
    least, most, least_at, most_at = extremes(arena, prog, slab, row, low, high)
    arena[cache + K_LOW], arena[cache + K_HIGH] = low, high
    arena[cache + K_LEAST_AT], arena[cache + K_MOST_AT] = least_at, most_at
    arena[cache + K_LEAST], arena[cache + K_MOST] = least, most
    return least, most


@kernel
def squares_before(arena: Words, prog: Words, slab: int, row: int, position: int) -> tuple[Any, Any]:
    """The sum of the squares of the records before a position, 128-bit (high, low)."""
    block = position >> 3
    high, low = np.uint64(0), np.uint64(0)
    if block > 0:
        at = slab + prog[row + C_SQUARES] + 2 * block - 2
        high, low = np.uint64(arena[at]), np.uint64(arena[at + 1])
    return add_squares(arena, slab + prog[row + C_RECORDS], block << 3, position, high, low)


@kernel
def deviation(count: int, total: int, high: Any, low: Any) -> float:
    """The sample standard deviation from exact sums: sqrt(double(n*Q - S*S) / double(n*(n-1))).

    n*Q may need 192 bits; the conversion to a double rounds once, to nearest even, as Python does.
    """
    n = np.uint64(count)
    if high == 0 and low < np.uint64(1 << 42) and n < np.uint64(1 << 21):
        # Everything fits one word: S*S is at most n*Q.
        return np.sqrt(np.float64(np.int64(low) * count - total * total) / np.float64(count * (count - 1)))
    middle, bottom = product(low, n)
    top, carry = product(high, n)
    middle2 = middle + carry
    if middle2 < middle:
        top = top + np.uint64(1)
    magnitude = np.uint64(-total) if total < 0 else np.uint64(total)
    s_high, s_low = product(magnitude, magnitude)
    borrow = np.uint64(1) if bottom < s_low else np.uint64(0)
    bottom = bottom - s_low
    next_borrow = np.uint64(1) if middle2 < s_high or (middle2 == s_high and borrow > 0) else np.uint64(0)
    middle2 = middle2 - s_high - borrow
    top = top - next_borrow
    scale = 1.0
    if top > 0:
        scale = 340282366920938463463374607431768211456.0  # 2 ** 128
    elif middle2 > 0:
        scale = 18446744073709551616.0  # 2 ** 64
        top, middle2, bottom = middle2, bottom, np.uint64(0)
    else:
        top, middle2, bottom = bottom, np.uint64(0), np.uint64(0)
    if middle2 > 0 or bottom > 0:
        # Bring the leading bit to the top, then let one sticky bit stand for all that follows.
        stride = 32
        while stride:
            by, rest = np.uint64(stride), np.uint64(64 - stride)
            if top >> rest == 0:
                top = (top << by) | (middle2 >> rest)
                middle2 = (middle2 << by) | (bottom >> rest)
                bottom = bottom << by
                scale /= np.float64(np.int64(1) << stride)
            stride >>= 1
        if middle2 > 0 or bottom > 0:
            top = top | np.uint64(1)
    return np.sqrt((np.float64(top) * scale) / np.float64(count * (count - 1)))


# ---- the `last` index: distinct, seen --------------------------------------------------------------


@kernel
def find(arena: Words, prog: Words, records: int, index: int, row: int, cursor: int, value: int) -> int:
    """The last position before the cursor that holds the value, or -1."""
    entries = prog[row + C_HASH]
    if entries == 0:
        if cursor == 0:
            return -1
        running = arena[records + 2 * cursor - 1]
        for position in range(cursor - 1, 0, -1):
            before = arena[records + 2 * position - 1]
            if running - before == value:
                return position
            running = before
        return 0 if running == value else -1
    mask = entries - 1
    entry = mixed(value) & mask
    while True:
        held = (arena[index + (entry >> 1)] >> ((entry & 1) << 5)) & LOW32
        if held == 0:
            return -1
        if value_at(arena, records, held - 1) == value:
            # A cursor that was moved back leaves later positions behind; they are not there yet.
            return held - 1 if held <= cursor else -1
        entry = (entry + 1) & mask


@kernel
def remember(arena: Words, prog: Words, records: int, index: int, row: int, value: int, position: int) -> None:
    """Make `position` the one that the hash holds for the value."""
    entries = prog[row + C_HASH]
    if entries == 0:
        return
    mask = entries - 1
    entry = mixed(value) & mask
    while True:
        at, shift = index + (entry >> 1), (entry & 1) << 5
        held = (arena[at] >> shift) & LOW32
        if held == 0 or value_at(arena, records, held - 1) == value:
            arena[at] = (arena[at] & ~(LOW32 << shift)) | ((position + 1) << shift)
            return
        entry = (entry + 1) & mask


@kernel
def mark(arena: Words, prog: Words, index: int, row: int, position: int, sign: int) -> None:
    """Set (+1) or clear (-1) the mark of a position and carry it into the counts above."""
    at = index + (prog[row + C_HASH] >> 1)
    size = (prog[row + C_CAPACITY] + 63) >> 6
    word = position >> 6
    arena[at + word] ^= np.int64(1) << (position & 63)
    while size > 1:
        at += size
        size = (size + 15) >> 4
        word >>= 4
        arena[at + word] += sign


@kernel
def count_marks(arena: Words, marks: int, size: int) -> None:
    """Count the marks anew, level by level."""
    at, level = marks, 0
    while size > 1:
        upper = at + size
        above = (size + 15) >> 4
        for i in range(above):
            arena[upper + i] = 0
        for i in range(size):
            arena[upper + (i >> 4)] += popcount(arena[at + i]) if level == 0 else arena[at + i]
        at, size, level = upper, above, level + 1


@kernel
def marks_from(arena: Words, prog: Words, index: int, row: int, low: int) -> int:
    """How many marks stand at positions >= low."""
    at = index + (prog[row + C_HASH] >> 1)
    size = (prog[row + C_CAPACITY] + 63) >> 6
    word = low >> 6
    if word >= size:
        return 0
    total = popcount(np.int64(np.uint64(arena[at + word]) >> np.uint64(low & 63)))
    word += 1
    while word < size and word & 15:
        total += popcount(arena[at + word])
        word += 1
    while word < size:
        at += size
        size = (size + 15) >> 4
        word >>= 4
        while word < size and (word & 15 or size <= 16):
            total += arena[at + word]
            word += 1
    return total


@kernel
def append_last(
    arena: Words, prog: Words, records: int, index: int, row: int, position: int, value: int, before: int
) -> None:
    """Take the record at a position, which is the index's cursor, into a `last` index: it follows `before`."""
    if before >= 0:
        mark(arena, prog, index, row, before, -1)
    mark(arena, prog, index, row, position, 1)
    remember(arena, prog, records, index, row, value, position)


@kernel
def move_last(arena: Words, prog: Words, slab: int, row: int, index: int, cursor_at: int, high: int) -> None:
    """Bring a `last` index to the position `high`, forwards or (a reader was ahead of the lane) backwards."""
    records = slab + prog[row + C_RECORDS]
    cursor = arena[cursor_at]
    while cursor < high:
        value = value_at(arena, records, cursor)
        before = find(arena, prog, records, index, row, cursor, value)
        append_last(arena, prog, records, index, row, cursor, value, before)
        cursor += 1
    while cursor > high:
        cursor -= 1
        value = value_at(arena, records, cursor)
        mark(arena, prog, index, row, cursor, -1)
        for position in range(cursor - 1, -1, -1):
            if value_at(arena, records, position) == value:
                mark(arena, prog, index, row, position, 1)
                remember(arena, prog, records, index, row, value, position)
                break
    arena[cursor_at] = cursor


# ---- the `ranks` index: quantile ------------------------------------------------------------------
#
# Nodes are numbered from 1, node i being record i - 1; 0 is no node. A node's two words hold its left and
# right child, its size and its parent, 32 bits each. Priorities are the scrambled record numbers.


@kernel
def left_of(arena: Words, nodes: int, node: int) -> int:
    """The left child."""
    return arena[nodes + 2 * node - 2] & LOW32


@kernel
def right_of(arena: Words, nodes: int, node: int) -> int:
    """The right child."""
    return (arena[nodes + 2 * node - 2] >> 32) & LOW32


@kernel
def size_of(arena: Words, nodes: int, node: int) -> int:
    """How many records hang on a node, itself included."""
    return arena[nodes + 2 * node - 1] & LOW32 if node else 0


@kernel
def parent_of(arena: Words, nodes: int, node: int) -> int:
    """The parent."""
    return (arena[nodes + 2 * node - 1] >> 32) & LOW32


@kernel
def set_children(arena: Words, nodes: int, node: int, left: int, right: int) -> None:
    """Give a node its children, and them their parent; its size follows from theirs."""
    parent = parent_of(arena, nodes, node)
    size = 1 + size_of(arena, nodes, left) + size_of(arena, nodes, right)
    arena[nodes + 2 * node - 2] = left | (right << 32)
    arena[nodes + 2 * node - 1] = size | (parent << 32)
    if left:
        arena[nodes + 2 * left - 1] = size_of(arena, nodes, left) | (node << 32)
    if right:
        arena[nodes + 2 * right - 1] = size_of(arena, nodes, right) | (node << 32)


@kernel
def hang(arena: Words, nodes: int, root_at: int, parent: int, old: int, new: int) -> None:
    """Where `old` hung under `parent` (0: it was the root), hang `new`."""
    if parent == 0:
        arena[root_at] = new
    elif left_of(arena, nodes, parent) == old:
        arena[nodes + 2 * parent - 2] = new | (right_of(arena, nodes, parent) << 32)
    else:
        arena[nodes + 2 * parent - 2] = left_of(arena, nodes, parent) | (new << 32)
    if new:
        arena[nodes + 2 * new - 1] = size_of(arena, nodes, new) | (parent << 32)


@kernel
def rotate_up(arena: Words, nodes: int, root_at: int, node: int) -> None:
    """Exchange a node with its parent, keeping the order of the values."""
    parent = parent_of(arena, nodes, node)
    hang(arena, nodes, root_at, parent_of(arena, nodes, parent), parent, node)
    left, right = left_of(arena, nodes, node), right_of(arena, nodes, node)
    if left_of(arena, nodes, parent) == node:
        set_children(arena, nodes, parent, right, right_of(arena, nodes, parent))
        set_children(arena, nodes, node, left, parent)
    else:
        set_children(arena, nodes, parent, left_of(arena, nodes, parent), left)
        set_children(arena, nodes, node, parent, right)


@kernel
def rank_in(arena: Words, records: int, nodes: int, root_at: int, node: int) -> None:
    """Put a record into the treap."""
    value = value_at(arena, records, node - 1)
    arena[nodes + 2 * node - 2] = 0
    arena[nodes + 2 * node - 1] = 1
    at = arena[root_at]
    if at == 0:
        arena[root_at] = node
        return
    while True:
        arena[nodes + 2 * at - 1] += 1
        other = value_at(arena, records, at - 1)
        goes_left = value < other or (value == other and node < at)
        below = left_of(arena, nodes, at) if goes_left else right_of(arena, nodes, at)
        if below == 0:
            break
        at = below
    if goes_left:
        arena[nodes + 2 * at - 2] |= node
    else:
        arena[nodes + 2 * at - 2] |= node << 32
    arena[nodes + 2 * node - 1] = 1 | (at << 32)
    while at and mixed(at) < mixed(node):
        rotate_up(arena, nodes, root_at, node)
        at = parent_of(arena, nodes, node)


@kernel
def rank_out(arena: Words, nodes: int, root_at: int, node: int) -> None:
    """Take a record out of the treap: it sinks to the bottom and is cut off."""
    while True:
        left, right = left_of(arena, nodes, node), right_of(arena, nodes, node)
        if left == 0 and right == 0:
            break
        if right == 0 or (left != 0 and mixed(left) > mixed(right)):
            rotate_up(arena, nodes, root_at, left)
        else:
            rotate_up(arena, nodes, root_at, right)
    at = parent_of(arena, nodes, node)
    hang(arena, nodes, root_at, at, node, 0)
    while at:
        arena[nodes + 2 * at - 1] -= 1
        at = parent_of(arena, nodes, at)


@kernel
def move_ranks(arena: Words, records: int, nodes: int, root_at: int, low: int, high: int) -> None:
    """Make the treap hold exactly the positions [low, high)."""
    begin, end = arena[root_at + 1], arena[root_at + 2]
    if low >= end or high <= begin:
        arena[root_at] = 0
        begin = end = low
    while begin < low:
        begin += 1
        rank_out(arena, nodes, root_at, begin)
    while begin > low:
        rank_in(arena, records, nodes, root_at, begin)
        begin -= 1
    while end < high:
        end += 1
        rank_in(arena, records, nodes, root_at, end)
    arena[root_at + 1], arena[root_at + 2] = begin, end


@kernel
def smallest(arena: Words, records: int, nodes: int, root: int, rank: int) -> int:
    """The value of a rank, from 1."""
    node = root
    while True:
        below = size_of(arena, nodes, left_of(arena, nodes, node))
        if rank <= below:
            node = left_of(arena, nodes, node)
        elif rank == below + 1:
            return value_at(arena, records, node - 1)
        else:
            rank -= below + 1
            node = right_of(arena, nodes, node)


@kernel
def smaller(arena: Words, records: int, nodes: int, root: int, value: int) -> int:
    """How many records hold a smaller value."""
    node, total = root, 0
    while node:
        if value_at(arena, records, node - 1) < value:
            total += 1 + size_of(arena, nodes, left_of(arena, nodes, node))
            node = right_of(arena, nodes, node)
        else:
            node = left_of(arena, nodes, node)
    return total


# ---- slabs -----------------------------------------------------------------------------------------


@kernel
def take(arena: Words, prog: Words, structure: int, size_class: int) -> int:
    """Space for a slab of a class: a freed one, else from the top. The caller has made sure of room."""
    free_at = prog[structure + S_FREE]
    slab = arena[free_at + size_class]
    row = row_of(prog, structure, size_class)
    if slab:
        arena[free_at + size_class] = arena[slab]
        arena[A_FREED] -= prog[row + C_SIZE]
    else:
        slab = arena[A_TOP]
        arena[A_TOP] += prog[row + C_SIZE]
    return slab


@kernel
def give_back(arena: Words, prog: Words, structure: int, slab: int, size_class: int) -> None:
    """Put a slab on the free list of its class."""
    free_at = prog[structure + S_FREE]
    arena[slab] = arena[free_at + size_class]
    arena[free_at + size_class] = slab
    arena[A_FREED] += prog[row_of(prog, structure, size_class) + C_SIZE]


@kernel
def clear_indexes(arena: Words, prog: Words, slab: int, row: int, structure: int) -> None:
    """Set the `last` and `ranks` indexes back to before the first record; reading brings them forward."""
    cursors = slab + prog[structure + S_CURSORS]
    for i in range(prog[structure + S_LASTS] + 3 * prog[structure + S_RANKS]):
        arena[cursors + i] = 0
    if prog[row + C_CAPACITY] > SCAN:
        hints = slab + prog[row + C_HINTS]
        for i in range(hints, hints + prog[structure + S_HINTS] + K_WIDTH * prog[structure + S_PEAKS]):
            arena[i] = 0
    begin = slab + prog[row + C_LAST]
    for i in range(begin, begin + prog[structure + S_LASTS] * prog[row + C_LAST_SIZE]):
        arena[i] = 0


@kernel
def into_base(arena: Words, prog: Words, slab: int, row: int, flags: int, dropped: int) -> None:
    """Add the first `dropped` records to what is known of the reclaimed ones."""
    if dropped == 0:
        return
    base, records = slab + 1, slab + prog[row + C_RECORDS]
    fresh = arena[base + B_COUNT] == 0
    if flags & HAS_VALUE:
        value = value_at(arena, records, 0)
        if fresh:
            arena[base + B_LEAST] = arena[base + B_MOST] = arena[base + B_FIRST] = value
        high, low = np.uint64(arena[base + B_SQUARES_HIGH]), np.uint64(arena[base + B_SQUARES_LOW])
        for i in range(dropped):
            value = value_at(arena, records, i)
            arena[base + B_SUM] += value
            arena[base + B_LEAST] = min(arena[base + B_LEAST], value)
            arena[base + B_MOST] = max(arena[base + B_MOST], value)
            h, l = square(value)  # noqa: E741
            low = low + l
            high = high + h + (np.uint64(1) if low < l else np.uint64(0))
        arena[base + B_SQUARES_HIGH], arena[base + B_SQUARES_LOW] = np.int64(high), np.int64(low)
    if fresh:
        arena[base + B_FIRST_AT] = arena[records]
    arena[base + B_COUNT] += dropped


@kernel
def droppable(arena: Words, prog: Words, records: int, structure: int, n: int, t: int) -> int:
    """How many records no window can reach any more at time t or later."""
    flags = prog[structure + S_FLAGS]
    if prog[structure + S_KEPT] < 0:
        return 0
    width = 2 if flags & HAS_VALUE else 1
    dropped = after(arena, records, width, n, t - prog[structure + S_KEPT])
    # `ever` asks for the last event for good, as of the longest lag, too: the newest of the old ones stays.
    return max(dropped - 1, 0) if flags & HAS_EVER else dropped


@kernel
def thin(arena: Words, prog: Words, slab: int, row: int, structure: int, n: int, old: int) -> int:
    """Of the first `old` records of a set keep one per value, the last; answers how many records remain."""
    records = slab + prog[row + C_RECORDS]
    clear_indexes(arena, prog, slab, row, structure)
    index, cursor_at = slab + prog[row + C_LAST], slab + prog[structure + S_CURSORS]
    move_last(arena, prog, slab, row, index, cursor_at, old)
    marks = index + (prog[row + C_HASH] >> 1)
    kept, total, before = 0, np.int64(0), np.int64(0)
    for i in range(n):
        running = arena[records + 2 * i + 1]
        value = running - before
        before = running
        if i >= old or (arena[marks + (i >> 6)] >> (i & 63)) & 1:
            total += value
            arena[records + 2 * kept] = arena[records + 2 * i]
            arena[records + 2 * kept + 1] = total
            kept += 1
    return kept


@kernel
def move_indexes(
    arena: Words, prog: Words, source: int, from_row: int, target: int, to_row: int, structure: int, dropped: int
) -> None:
    """Bring the indexes along with records that have moved down by `dropped` positions: what was the last
    occurrence of its value still is. The treaps of `ranks` begin anew unless all positions stay.
    """
    moved = source != target
    if moved:
        clear_indexes(arena, prog, target, to_row, structure)
    # A slab that has shrunk may be too small for hints, and has fewer nodes: what lies behind it is another's.
    if prog[from_row + C_CAPACITY] > SCAN and prog[to_row + C_CAPACITY] > SCAN:
        hints, to_hints = source + prog[from_row + C_HINTS], target + prog[to_row + C_HINTS]
        for i in range(prog[structure + S_HINTS]):
            arena[to_hints + i] = max(arena[hints + i] - dropped, 0)
        to_hints += prog[structure + S_HINTS]
        for i in range(to_hints, to_hints + K_WIDTH * prog[structure + S_PEAKS]):
            arena[i] = 0
    cursors, to_cursors = source + prog[structure + S_CURSORS], target + prog[structure + S_CURSORS]
    records, entries = target + prog[to_row + C_RECORDS], prog[to_row + C_HASH] >> 1
    words, to_words = (prog[from_row + C_CAPACITY] + 63) >> 6, (prog[to_row + C_CAPACITY] + 63) >> 6
    for i in range(prog[structure + S_LASTS]):
        marks = source + prog[from_row + C_LAST] + i * prog[from_row + C_LAST_SIZE] + (prog[from_row + C_HASH] >> 1)
        index = target + prog[to_row + C_LAST] + i * prog[to_row + C_LAST_SIZE]
        if not moved:
            for at in range(index, index + entries):
                arena[at] = 0
        for word in range(words):
            bits = arena[marks + word]
            if not moved:
                arena[marks + word] = 0
            while bits != 0:
                lowest = bits & -bits
                bits ^= lowest
                position = (word << 6) + popcount(lowest - 1) - dropped
                if position >= 0:
                    arena[index + entries + (position >> 6)] |= np.int64(1) << (position & 63)
                    value = value_at(arena, records, position)
                    remember(arena, prog, records, index, to_row, value, position)
        count_marks(arena, index + entries, to_words)
        arena[to_cursors + i] = max(arena[cursors + i] - dropped, 0)
    lasts = prog[structure + S_LASTS]
    for i in range(prog[structure + S_RANKS]):
        at, to = cursors + lasts + 3 * i, to_cursors + lasts + 3 * i
        nodes = source + prog[from_row + C_RANKS] + 2 * prog[from_row + C_CAPACITY] * i
        to_nodes = target + prog[to_row + C_RANKS] + 2 * prog[to_row + C_CAPACITY] * i
        if dropped == 0:
            for j in range(2 * min(prog[from_row + C_CAPACITY], prog[to_row + C_CAPACITY])):
                arena[to_nodes + j] = arena[nodes + j]
        for j in range(3):
            arena[to + j] = arena[at + j] if dropped == 0 else 0


@kernel
def settle(
    arena: Words,
    prog: Words,
    source: int,
    from_row: int,
    target: int,
    to_row: int,
    structure: int,
    n: int,
    dropped: int,
) -> int:
    """Move records [dropped, n) of one slab to the start of another (or the same) and build the indexes
    anew. The base comes along. Answers how many records there are now.
    """
    flags = prog[structure + S_FLAGS]
    width = 2 if flags & HAS_VALUE else 1
    begin, to = source + prog[from_row + C_RECORDS], target + prog[to_row + C_RECORDS]
    if flags & HAS_EVER:
        into_base(arena, prog, source, from_row, flags, dropped)
        for i in range(1, 1 + B_WIDTH):
            arena[target + i] = arena[source + i]
    count = n - dropped
    offset = np.int64(0)
    if flags & HAS_VALUE and dropped > 0:
        offset = arena[begin + 2 * dropped - 1]
    begin += width * dropped
    if width == 2:
        for i in range(count):
            arena[to + 2 * i] = arena[begin + 2 * i]
            arena[to + 2 * i + 1] = arena[begin + 2 * i + 1] - offset
        if flags & (HAS_EXTREMES | HAS_SQUARES):
            for i in range(8, count + 1, 8):
                add_blocks(arena, prog, target, to_row, flags, i)
    else:
        for i in range(count):
            arena[to + i] = arena[begin + i]
    move_indexes(arena, prog, source, from_row, target, to_row, structure, dropped)
    arena[A_RECORDS] -= dropped
    return count


@kernel
def reclaim(arena: Words, prog: Words, slab: int, row: int, structure: int, n: int, t: int, least: int) -> int:
    """Drop what no window can reach, in place, if that is at least `least` records; answers what is left."""
    records = slab + prog[row + C_RECORDS]
    old = droppable(arena, prog, records, structure, n, t)
    if old < least:
        return n
    if prog[structure + S_FLAGS] & IS_SET:
        left = thin(arena, prog, slab, row, structure, n, old)
        arena[A_RECORDS] -= n - left
        clear_indexes(arena, prog, slab, row, structure)
        settle(arena, prog, slab, row, slab, row, structure, left, 0)
        return left
    return settle(arena, prog, slab, row, slab, row, structure, n, old)


@kernel
def feed(arena: Words, directory: Words, prog: Words, structure: int, key: int, t: int, value: int, found: int) -> None:
    """Append one event to the list of a key. `found` is where reading has found its value last, if it looked."""
    flags = prog[structure + S_FLAGS]
    at = prog[structure + S_DIRECTORY] + key
    slab = directory[at]
    n = size_class = 0
    if slab == 0:
        slab = take(arena, prog, structure, 0)
        directory[at] = slab
        row = row_of(prog, structure, 0)
        if flags & HAS_EVER:
            for i in range(1, 1 + B_WIDTH):
                arena[slab + i] = 0
        clear_indexes(arena, prog, slab, row, structure)
    else:
        n, size_class = arena[slab] & N_MASK, arena[slab] >> 40
        row = row_of(prog, structure, size_class)
    full, places = False, n
    if flags & CHECKED:
        weight = arena[A_WEIGHT] + abs(value)
        if arena[A_WEIGHT] <= SUM_LIMIT:
            arena[A_WEIGHT] = weight
        if weight > SUM_LIMIT and n > 0:
            last = arena[slab + prog[row + C_RECORDS] + 2 * n - 1]
            if last + value > SUM_LIMIT or last + value < -SUM_LIMIT:
                n = reclaim(arena, prog, slab, row, structure, n, t, 1)
    if n == prog[row + C_CAPACITY]:
        # Reuse the space if a quarter comes free: that bounds both the waste and the cost of moving.
        quarter = (prog[row + C_CAPACITY] + 3) >> 2
        n = reclaim(arena, prog, slab, row, structure, n, t, quarter)
        full = n > prog[row + C_CAPACITY] - quarter
    if full:
        bigger = take(arena, prog, structure, size_class + 1)
        to_row = row_of(prog, structure, size_class + 1)
        n = settle(arena, prog, slab, row, bigger, to_row, structure, n, 0)
        give_back(arena, prog, structure, slab, size_class)
        slab, row, size_class = bigger, to_row, size_class + 1
        directory[at] = slab
    records = slab + prog[row + C_RECORDS]
    if flags & HAS_VALUE:
        arena[records + 2 * n] = t
        arena[records + 2 * n + 1] = value + (arena[records + 2 * n - 1] if n > 0 else 0)
        if flags & (HAS_EXTREMES | HAS_SQUARES):
            add_blocks(arena, prog, slab, row, flags, n + 1)
        cursor_at = slab + prog[structure + S_CURSORS]
        if flags & LASTS_NOW and arena[cursor_at] == n:
            # The index without lag comes along at once: reading has just brought its places near.
            index = slab + prog[row + C_LAST]
            if found != UNKNOWN and n == places:
                append_last(arena, prog, records, index, row, n, value, found)
                arena[cursor_at] = n + 1
            else:
                move_last(arena, prog, slab, row, index, cursor_at, n + 1)
    else:
        arena[records + n] = t
    arena[slab] = (n + 1) | (size_class << 40)
    arena[A_RECORDS] += 1


@kernel
def joins(prog: Words, io: Words, visit: int, inputs: int, flags: int) -> bool:
    """Whether the current event counts in the structure: it feeds it, its condition holds, it has a value."""
    if prog[visit + V_FEEDS] == 0 or io[inputs + prog[visit + V_KEY]] == NO_KEY:
        return False
    if prog[visit + V_CONDITION] >= 0 and io[inputs + prog[visit + V_CONDITION]] != 1:
        return False
    return not (flags & HAS_VALUE and io[inputs + prog[visit + V_VALUE]] == MISSING)


@kernel
def obstacle(
    arena: Words, directory: Words, prog: Words, io: Words, first: int, visits: int, inputs: int, t: int, mode: int
) -> int:
    """Why the event can't be fed: FULL, OVERFLOW, or 0 if it can. Nothing has been written yet."""
    needed = 0
    for i in range(visits):
        visit = first + i * V_WIDTH
        structure = prog[visit + V_STRUCTURE]
        flags = prog[structure + S_FLAGS]
        if not prog[visit + V_FEEDS] & mode or not joins(prog, io, visit, inputs, flags):
            continue
        key = io[inputs + prog[visit + V_KEY]]
        slab = directory[prog[structure + S_DIRECTORY] + key]
        wanted = 0
        if flags & CHECKED:
            value = io[inputs + prog[visit + V_VALUE]]
            if value > VALUE_LIMIT or value < -VALUE_LIMIT:
                io[0] = i
                return OVERFLOW
        if slab:
            n, size_class = arena[slab] & N_MASK, arena[slab] >> 40
            row = row_of(prog, structure, size_class)
            if flags & CHECKED and arena[A_WEIGHT] + abs(value) > SUM_LIMIT:
                records = slab + prog[row + C_RECORDS]
                last = arena[records + 2 * n - 1]
                ever = arena[slab + 1 + B_SUM] if flags & HAS_EVER else 0
                total = last + value
                if total > SUM_LIMIT or total < -SUM_LIMIT:
                    dropped = droppable(arena, prog, records, structure, n, t)
                    total -= arena[records + 2 * dropped - 1] if dropped > 0 else 0
                if total > SUM_LIMIT or total < -SUM_LIMIT or abs(ever + last + value) > SUM_LIMIT:
                    io[0] = i
                    return OVERFLOW
            if n < prog[row + C_CAPACITY]:
                continue
            wanted = size_class + 1
        if arena[prog[structure + S_FREE] + wanted] == 0:
            needed += prog[row_of(prog, structure, wanted) + C_SIZE]
    if arena[A_TOP] + needed > arena.size:
        io[0] = needed
        return FULL
    return 0


@kernel
def read_visit(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    visit: int,
    inputs: int,
    outputs: int,
    stride: int,
    t: int,
) -> int:
    """Write the folds of one structure for one event, `stride` words apart; answers how many are missing."""
    real = io.view(np.float64)
    structure = prog[visit + V_STRUCTURE]
    flags = prog[structure + S_FLAGS]
    folds, fold_at = prog[visit + V_FOLDS], prog[visit + V_FOLD_AT]
    key = io[inputs + prog[visit + V_KEY]]
    if prog[visit + V_FOUND] >= 0:
        io[prog[visit + V_FOUND]] = UNKNOWN
    if key == NO_KEY:
        for i in range(folds):
            io[outputs + prog[fold_at + i * F_WIDTH + F_SLOT] * stride] = MISSING
        return folds
    slab = directory[prog[structure + S_DIRECTORY] + key] if key >= 0 else np.int64(0)
    value = io[inputs + prog[visit + V_VALUE]] if prog[visit + V_VALUE] >= 0 else np.int64(MISSING)
    current = joins(prog, io, visit, inputs, flags)
    n, records, hints, width = 0, 0, 0, 2 if flags & HAS_VALUE else 1
    row = row_of(prog, structure, 0)
    if slab:
        n = arena[slab] & N_MASK
        row = row_of(prog, structure, arena[slab] >> 40)
        records = slab + prog[row + C_RECORDS]
        if prog[row + C_CAPACITY] > SCAN:
            hints = slab + prog[row + C_HINTS]
    cursors = slab + prog[structure + S_CURSORS]

    near, near_start = n, np.int64(2**62)
    for i in range(prog[visit + V_WINDOWS]):
        window = prog[visit + V_WINDOW_AT] + i * W_WIDTH
        scratch = i * R_WIDTH
        kind, lag = prog[window + W_KIND], prog[window + W_LAG]
        high = n
        if lag > 0:
            if hints:
                high = edge(arena, records, width, n, t - lag, hints + prog[window + W_HIGH])
            else:
                high = after(arena, records, width, n, t - lag)
        low = 0
        if kind != EVER:
            start = t - lag - prog[window + W_LENGTH]
            if kind == CALENDAR:
                start = io[inputs + prog[window + W_START]] - 1
            if hints:
                low = edge(arena, records, width, high, start, hints + prog[window + W_LOW])
            elif start <= near_start and near <= high:
                low = after(arena, records, width, near, start)
            else:
                low = after(arena, records, width, high, start)
            if lag == 0:
                near, near_start = low, start
        io[scratch + R_LOW] = low
        io[scratch + R_HIGH] = high
        io[scratch + R_DONE] = 0

    missing = 0
    for i in range(folds):
        at = fold_at + i * F_WIDTH
        fold, slot = prog[at + F_FOLD], outputs + prog[at + F_SLOT] * stride
        window = prog[visit + V_WINDOW_AT] + prog[at + F_WINDOW] * W_WIDTH
        scratch = prog[at + F_WINDOW] * R_WIDTH
        low, high = io[scratch + R_LOW], io[scratch + R_HIGH]
        added = 1 if current and prog[at + F_CURRENT] else 0
        based = slab > 0 and flags & HAS_EVER and prog[window + W_KIND] == EVER
        count = high - low
        if based:
            count += arena[slab + 1 + B_COUNT]
        result = np.int64(MISSING)

        if fold == COUNT:
            result = count + added
        elif fold in (SUM, MEAN, STD):
            total = np.int64(0)
            if high > 0:
                total = arena[records + 2 * high - 1]
            if low > 0:
                total -= arena[records + 2 * low - 1]
            if based:
                total += arena[slab + 1 + B_SUM]
            if added:
                total += value
                count += 1
            if fold == SUM:
                result = total
            elif fold == MEAN:
                if count > 0:
                    real[slot] = np.float64(total) / np.float64(count)
                    continue
            elif count > 1:
                q_high, q_low = np.uint64(0), np.uint64(0)
                if high > low:
                    a_high, a_low = squares_before(arena, prog, slab, row, low)
                    b_high, b_low = squares_before(arena, prog, slab, row, high)
                    q_low = b_low - a_low
                    q_high = b_high - a_high - (np.uint64(1) if b_low < a_low else np.uint64(0))
                if based:
                    c_low = np.uint64(arena[slab + 1 + B_SQUARES_LOW])
                    q_low = q_low + c_low
                    q_high = q_high + np.uint64(arena[slab + 1 + B_SQUARES_HIGH])
                    q_high = q_high + (np.uint64(1) if q_low < c_low else np.uint64(0))
                if added:
                    v_high, v_low = square(value)
                    q_low = q_low + v_low
                    q_high = q_high + v_high + (np.uint64(1) if q_low < v_low else np.uint64(0))
                real[slot] = deviation(count, total, q_high, q_low)
                continue
        elif fold in (MIN, MAX):
            have = added == 1
            least = most = value
            if high > low:
                if io[scratch + R_DONE] == 0:
                    if hints:
                        cache = hints + prog[structure + S_HINTS] + K_WIDTH * prog[at + F_INDEX]
                        a, b = peaks(arena, prog, slab, row, low, high, cache)
                    else:
                        a, b, _, _ = extremes(arena, prog, slab, row, low, high)
                    io[scratch + R_LEAST], io[scratch + R_MOST], io[scratch + R_DONE] = a, b, 1
                a, b = io[scratch + R_LEAST], io[scratch + R_MOST]
                least, most = (min(least, a), max(most, b)) if have else (a, b)
                have = True
            if based and arena[slab + 1 + B_COUNT] > 0:
                a, b = arena[slab + 1 + B_LEAST], arena[slab + 1 + B_MOST]
                least, most = (min(least, a), max(most, b)) if have else (a, b)
                have = True
            if have:
                result = least if fold == MIN else most
        elif fold == DISTINCT:
            result = np.int64(0)
            # However many windows ask, one look is enough (a lagged one asks without the current event).
            shared = prog[visit + V_FOUND] >= 0
            found = io[prog[visit + V_FOUND]] if shared else np.int64(UNKNOWN)
            if found == UNKNOWN and high == 0:
                found = np.int64(-1)
            if high > 0:
                index = slab + prog[row + C_LAST] + prog[at + F_INDEX] * prog[row + C_LAST_SIZE]
                cursor_at = cursors + prog[at + F_INDEX]
                if arena[cursor_at] != high:
                    move_last(arena, prog, slab, row, index, cursor_at, high)
                result = marks_from(arena, prog, index, row, low)
                if added and found == UNKNOWN:
                    found = find(arena, prog, records, index, row, high, value)
            if added:
                if found < low:
                    result += 1
                if shared:
                    io[prog[visit + V_FOUND]] = found
        elif fold == SEEN:
            if prog[at + F_INDEX] < 0:
                result = np.int64(1 if count > 0 else 0)
            elif value != MISSING:
                result = np.int64(0)
                if high > low:
                    index = slab + prog[row + C_LAST] + prog[at + F_INDEX] * prog[row + C_LAST_SIZE]
                    cursor_at = cursors + prog[at + F_INDEX]
                    if arena[cursor_at] != high:
                        move_last(arena, prog, slab, row, index, cursor_at, high)
                    result = np.int64(1 if find(arena, prog, records, index, row, high, value) >= low else 0)
        elif fold == QUANTILE:
            count += added
            if count > 0:
                # The nearest rank: the smallest value that at least this share does not exceed.
                rank = max((prog[at + F_PPM] * count + 999_999) // 1_000_000, 1)
                if high == low:
                    result = value
                else:
                    nodes = slab + prog[row + C_RANKS] + 2 * prog[row + C_CAPACITY] * prog[at + F_INDEX]
                    root_at = cursors + prog[structure + S_LASTS] + 3 * prog[at + F_INDEX]
                    move_ranks(arena, records, nodes, root_at, low, high)
                    root = arena[root_at]
                    below = smaller(arena, records, nodes, root, value) if added else count
                    if rank == below + 1:
                        result = value
                    else:
                        result = smallest(arena, records, nodes, root, rank - (1 if rank > below else 0))
        elif count > 0:
            if fold == FIRST:
                if based and arena[slab + 1 + B_COUNT] > 0:
                    result = arena[slab + 1 + B_FIRST]
                else:
                    result = value_at(arena, records, low)
            elif fold == LAST:
                result = value_at(arena, records, high - 1)
            elif fold == SINCE_FIRST:
                if based and arena[slab + 1 + B_COUNT] > 0:
                    result = t - arena[slab + 1 + B_FIRST_AT]
                else:
                    result = t - arena[records + width * low]
            elif fold == SINCE_LAST:
                result = t - arena[records + width * (high - 1)]
        if result == MISSING:
            missing += 1
        elif prog[at + F_FLOAT] and result < 0:
            result ^= np.int64(0x7FFFFFFFFFFFFFFF)
        io[slot] = result
    return missing


@kernel
def call_directory(directory: Words, prog: Words, io: Words, lane: int, inputs: int) -> None:
    """First of three calls ahead of an event: where its lists are."""
    for i in range(prog[lane]):
        visit = lane + 1 + i * V_WIDTH
        key = io[inputs + prog[visit + V_KEY]]
        if key >= 0:
            fetch(directory, prog[prog[visit + V_STRUCTURE] + S_DIRECTORY] + key)


@kernel
def call_heads(arena: Words, directory: Words, prog: Words, io: Words, lane: int, inputs: int) -> None:
    """Second call: the heads of its lists."""
    for i in range(prog[lane]):
        visit = lane + 1 + i * V_WIDTH
        key = io[inputs + prog[visit + V_KEY]]
        if key >= 0:
            slab = directory[prog[prog[visit + V_STRUCTURE] + S_DIRECTORY] + key]
            fetch(arena, slab)
            fetch(arena, slab + 8)


@kernel
def call_list(arena: Words, prog: Words, structure: int, slab: int, value: int) -> None:
    """What a visit to a list will look at: the last records, where the windows begin, and what stands beside them in
    the indexes. `value` is the event's, or MISSING.
    """
    flags, n = prog[structure + S_FLAGS], arena[slab] & N_MASK
    width = 2 if flags & HAS_VALUE else 1
    row = row_of(prog, structure, arena[slab] >> 40)
    records = slab + prog[row + C_RECORDS]
    fetch(arena, records + width * n)
    if prog[row + C_CAPACITY] <= SCAN:
        fetch(arena, records)
        fetch(arena, records + 8)
    else:
        hints = slab + prog[row + C_HINTS]
        for j in range(prog[structure + S_HINTS]):
            low = arena[hints + j]
            fetch(arena, records + width * low)
            if flags & HAS_SQUARES:
                fetch(arena, slab + prog[row + C_SQUARES] + 2 * (low >> 3))
            if flags & HAS_EXTREMES:
                fetch(arena, slab + prog[row + C_BLOCKS] + 2 * (low >> 3))
    if flags & HAS_SQUARES:
        fetch(arena, slab + prog[row + C_SQUARES] + 2 * (n >> 3))
    if flags & HAS_EXTREMES:
        fetch(arena, slab + prog[row + C_BLOCKS] + 2 * (n >> 3))
    if prog[structure + S_LASTS] and value != MISSING:
        index = slab + prog[row + C_LAST]
        entries = prog[row + C_HASH]
        if entries:
            entry = mixed(value) & (entries - 1)
            fetch(arena, index + (entry >> 1))
        fetch(arena, index + (entries >> 1))


@kernel
def call_records(arena: Words, directory: Words, prog: Words, io: Words, lane: int, inputs: int) -> None:
    """Third call: its lists, as far as the visits look at them."""
    for i in range(prog[lane]):
        visit = lane + 1 + i * V_WIDTH
        key = io[inputs + prog[visit + V_KEY]]
        slab = directory[prog[prog[visit + V_STRUCTURE] + S_DIRECTORY] + key] if key >= 0 else np.int64(0)
        if slab:
            value = io[inputs + prog[visit + V_VALUE]] if prog[visit + V_VALUE] >= 0 else np.int64(MISSING)
            call_list(arena, prog, prog[visit + V_STRUCTURE], slab, value)


@kernel
def step(
    arena: Words, directory: Words, prog: Words, io: Words, lane: int, inputs: int, outputs: int, t: int, mode: int
) -> int:
    """One event: read, then feed. Answers how many results are missing, or FULL or OVERFLOW (and then
    nothing has changed; io[0] tells the words needed, or the visit).
    """
    visits, first = prog[lane], lane + 1
    if mode & (FEED | KEEP):
        reason = obstacle(arena, directory, prog, io, first, visits, inputs, t, mode)
        if reason < 0:
            return reason
    missing = 0
    if mode & READ:
        for i in range(visits):
            visit = first + i * V_WIDTH
            if prog[visit + V_FOLDS] > 0:
                missing += read_visit(arena, directory, prog, io, visit, inputs, outputs, 1, t)
    if mode & (FEED | KEEP):
        for i in range(visits):
            visit = first + i * V_WIDTH
            structure = prog[visit + V_STRUCTURE]
            if prog[visit + V_FEEDS] & mode and joins(prog, io, visit, inputs, prog[structure + S_FLAGS]):
                value = io[inputs + prog[visit + V_VALUE]] if prog[structure + S_FLAGS] & HAS_VALUE else np.int64(0)
                found = np.int64(UNKNOWN)
                if mode & READ and prog[visit + V_FOUND] >= 0:
                    found = io[prog[visit + V_FOUND]]
                feed(arena, directory, prog, structure, io[inputs + prog[visit + V_KEY]], t, value, found)
    return missing


@brief_kernel
def once(
    arena: Words, directory: Words, prog: Words, io: Words, lane: int, inputs: int, outputs: int, t: int, mode: int
) -> int:
    """`step` for a single event: all that it needs of memory is asked for at once, then it is done."""
    call_heads(arena, directory, prog, io, lane, inputs)
    call_records(arena, directory, prog, io, lane, inputs)
    return step(arena, directory, prog, io, lane, inputs, outputs, t, mode)


@kernel
def march(
    arena: Words,
    directory: Words,
    prog: Words,
    io: Words,
    lanes: Words,
    inputs: Words,
    outputs: Words,
    times: Words,
    modes: Words,
    begin: int,
) -> int:
    """Many events in their order, from `begin` on: for each, where its lane, its words in and its words out
    are, its instant, and what to do. Answers how many are done; if that is not all, io[1] says why.
    """
    count = times.size
    for event in range(begin, count):
        # Waiting for memory is most of the work: it is asked for three events ahead, in three steps.
        if event + 3 < count:
            call_directory(directory, prog, io, lanes[event + 3], inputs[event + 3])
        if event + 2 < count:
            call_heads(arena, directory, prog, io, lanes[event + 2], inputs[event + 2])
        if event + 1 < count:
            call_records(arena, directory, prog, io, lanes[event + 1], inputs[event + 1])
        reason = step(
            arena, directory, prog, io, lanes[event], inputs[event], outputs[event], times[event], modes[event]
        )
        if reason < 0:
            io[1] = reason
            return event
    return count


# ---- housekeeping ----------------------------------------------------------------------------------


@kernel
def class_for(prog: Words, structure: int, records: int) -> int:
    """The smallest size class that holds so many records and one more."""
    size_class = 0
    while prog[row_of(prog, structure, size_class) + C_CAPACITY] <= records:
        size_class += 1
    return size_class


@kernel
def tidy(arena: Words, directory: Words, prog: Words, structure: int, begin: int, end: int, t: int) -> int:
    """Reclaim, for the keys [begin, end) of a structure, what no window reaches any more, and give idle
    keys smaller slabs or none. Answers how many records were dropped; needs no more room than there is.
    """
    dropped = 0
    for key in range(begin, end):
        at = prog[structure + S_DIRECTORY] + key
        slab = directory[at]
        if slab == 0:
            continue
        n, size_class = arena[slab] & N_MASK, arena[slab] >> 40
        row = row_of(prog, structure, size_class)
        old = droppable(arena, prog, slab + prog[row + C_RECORDS], structure, n, t)
        if old == 0:
            continue
        if old == n and not prog[structure + S_FLAGS] & IS_SET:
            arena[A_RECORDS] -= n
            give_back(arena, prog, structure, slab, size_class)
            directory[at] = 0
            dropped += n
            continue
        if n > SCAN and (4 * old < n or prog[structure + S_FLAGS] & IS_SET):
            # Moving the rest of a long list would cost more than it frees; feeding does it in time.
            continue
        left = reclaim(arena, prog, slab, row, structure, n, t, 1)
        dropped += n - left
        arena[slab] = left | (size_class << 40)
        smaller_class = class_for(prog, structure, left)
        target_row = row_of(prog, structure, smaller_class)
        free = arena[prog[structure + S_FREE] + smaller_class] != 0
        if smaller_class < size_class and (free or arena[A_TOP] + prog[target_row + C_SIZE] <= arena.size):
            target = take(arena, prog, structure, smaller_class)
            settle(arena, prog, slab, row, target, target_row, structure, left, 0)
            give_back(arena, prog, structure, slab, size_class)
            arena[target] = left | (smaller_class << 40)
            directory[at] = target
    return dropped


@kernel
def weigh(arena: Words, directory: Words, prog: Words, structure: int, keys: int, out: Words) -> None:
    """Into `out`: how many keys a structure has, how many records, and how many words they take."""
    out[:] = 0
    for key in range(keys):
        slab = directory[prog[structure + S_DIRECTORY] + key]
        if slab:
            out[0] += 1
            out[1] += arena[slab] & N_MASK
            out[2] += prog[row_of(prog, structure, arena[slab] >> 40) + C_SIZE]


@kernel
def mention(arena: Words, directory: Words, prog: Words, structure: int, keys: int, mentioned: Words) -> None:
    """Set to 1 the number of every name that a record of the structure, or its base, mentions."""
    for key in range(keys):
        slab = directory[prog[structure + S_DIRECTORY] + key]
        if slab == 0:
            continue
        records = slab + prog[row_of(prog, structure, arena[slab] >> 40) + C_RECORDS]
        for i in range(arena[slab] & N_MASK):
            mentioned[value_at(arena, records, i)] = 1
        if prog[structure + S_FLAGS] & HAS_EVER and arena[slab + 1 + B_COUNT] > 0:
            mentioned[arena[slab + 1 + B_FIRST]] = 1


@kernel
def empty(arena: Words, directory: Words, prog: Words, structure: int, keys: int) -> None:
    """Give back all slabs of a structure."""
    for key in range(keys):
        at = prog[structure + S_DIRECTORY] + key
        slab = directory[at]
        if slab:
            arena[A_RECORDS] -= arena[slab] & N_MASK
            give_back(arena, prog, structure, slab, arena[slab] >> 40)
            directory[at] = 0


@kernel
def carry(
    arena: Words,
    directory: Words,
    prog: Words,
    structure: int,
    from_arena: Words,
    from_directory: Words,
    from_prog: Words,
    from_structure: int,
    begin: int,
    key_map: Words,
    name_map: Words,
) -> int:
    """Copy the lists of a structure from other windows, from key `begin` on. `key_map` and (unless empty)
    `name_map` give the numbers that keys and names have here. Answers the key at which the arena became
    too small, or the number of keys when all are copied.
    """
    flags, from_flags = prog[structure + S_FLAGS], from_prog[from_structure + S_FLAGS]
    width = 2 if flags & HAS_VALUE else 1
    for key in range(begin, key_map.size):
        source = from_directory[from_prog[from_structure + S_DIRECTORY] + key]
        if source == 0:
            continue
        n = from_arena[source] & N_MASK
        from_row = row_of(from_prog, from_structure, from_arena[source] >> 40)
        size_class = class_for(prog, structure, n)
        row = row_of(prog, structure, size_class)
        free = arena[prog[structure + S_FREE] + size_class] != 0
        if not free and arena[A_TOP] + prog[row + C_SIZE] > arena.size:
            return key
        slab = take(arena, prog, structure, size_class)
        directory[prog[structure + S_DIRECTORY] + key_map[key]] = slab
        if flags & HAS_EVER:
            for i in range(1, 1 + B_WIDTH):
                arena[slab + i] = from_arena[source + i] if from_flags & HAS_EVER else 0
            if name_map.size and arena[slab + 1 + B_COUNT] > 0:
                arena[slab + 1 + B_FIRST] = name_map[arena[slab + 1 + B_FIRST]]
        records, from_records = slab + prog[row + C_RECORDS], source + from_prog[from_row + C_RECORDS]
        total = np.int64(0)
        for i in range(n):
            arena[records + width * i] = from_arena[from_records + width * i]
            if width == 2:
                value = value_at(from_arena, from_records, i)
                total += name_map[value] if name_map.size else value
                arena[records + 2 * i + 1] = total
                if flags & (HAS_EXTREMES | HAS_SQUARES):
                    add_blocks(arena, prog, slab, row, flags, i + 1)
        clear_indexes(arena, prog, slab, row, structure)
        arena[slab] = n | (size_class << 40)
        arena[A_RECORDS] += n
    return key_map.size


_ARRAY, _WORD = types.Array(types.int64, 1, "C"), types.int64
ENTRIES = {
    once: (*[_ARRAY] * 4, *[_WORD] * 5),
    march: (*[_ARRAY] * 9, _WORD),
    tidy: (*[_ARRAY] * 3, *[_WORD] * 4),
    weigh: (*[_ARRAY] * 3, _WORD, _WORD, _ARRAY),
    mention: (*[_ARRAY] * 3, _WORD, _WORD, _ARRAY),
    empty: (*[_ARRAY] * 3, _WORD, _WORD),
    carry: (*[_ARRAY] * 3, _WORD, *[_ARRAY] * 3, _WORD, _WORD, _ARRAY, _ARRAY),
}
"""The kernels that are called from outside, with what they are called with."""
