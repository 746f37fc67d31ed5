"""The detector: patterns beside a stream of transfers, equal to their meaning, in memory that has an end.

It keeps transfers for as long as the longest pattern remembers (`over`, `new_for`), at most `edges_max` of them, and
looks at no more than `looks_max` of them for a pattern and transfer. Whatever comes to one of these ends says so:
its facts are not `whole`, and counts are of at least.

What is kept is a function of the stream alone, so the state read back from its bytes is the state of a replay.
"""
# ruff: noqa: SLF001 - the only private members touched here are those of other detectors

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np

from jindi.basics.digests import canonical, digest
from jindi.features.compiling import entry
from jindi.packs import EventDef, PatternDef
from jindi.parties.patterns import kernel as k
from jindi.parties.patterns.feeds import AMOUNT_MAX, Feeds
from jindi.parties.patterns.meaning import NOTHING, Found, Name, Transfer

EDGES_MAX: Final = 4_000_000
LOOKS_MAX: Final = 4_096
"""Design defaults."""

BLOCK: Final = 4_096

MAGIC: Final = b"jindi patterns 1\n"
_DIGEST: Final = 32
_FIELDS: Final = 8
_NOTHING: Final = [0, 1, *[k.NONE] * (k.F_WIDTH - 3), 0]
"""A pattern that a transfer has nothing to do with."""

_KINDS: Final[Mapping[str, int]] = {
    "fan_in": k.FAN_IN, "fan_out": k.FAN_OUT, "pass_through": k.HUB, "gather_scatter": k.HUB,
    "scatter_gather": k.RELAY, "cycle": k.CYCLE, "bipartite": k.LAYERS, "stack": k.LAYERS,
}  # fmt: skip


class NotUsable(ValueError):  # noqa: N818 - said of the bytes
    """A kept state that cannot be gone on with; what is to be done is to replay the stream."""


@dataclass(frozen=True, slots=True)
class Block:
    """What some transfers made of all patterns, as the kernel tells it: a line for each transfer and pattern, with
    the columns of `kernel`, and where its evidence stands in `evidence` (numbers of transfers in the stream).
    """

    facts: k.Words
    starts: k.Words
    evidence: k.Words


@dataclass(slots=True)
class Detector:
    """Some patterns, and what is remembered for them. `events` are those that the patterns are fed by."""

    patterns: tuple[PatternDef, ...]
    events: Mapping[str, EventDef]
    edges_max: int = EDGES_MAX
    looks_max: int = LOOKS_MAX
    feeds: Feeds = field(init=False)
    _prog: k.Words = field(init=False)
    _lent: k.Words = field(init=False)
    _nothing: k.Words = field(init=False)
    _state: k.Words = field(init=False)
    _edges: k.Words = field(init=False)
    _slots: k.Words = field(init=False)
    _scratch: k.Words = field(init=False)
    _evidence: k.Words = field(init=False)
    _freed: k.Words = field(init=False)
    _names: dict[tuple[str, str], int] = field(init=False, default_factory=dict)
    _of: list[tuple[str, str] | None] = field(init=False, default_factory=list)
    _free: list[int] = field(init=False, default_factory=list)
    _ids: list[Name] = field(init=False, default_factory=list)
    _one: k.Words = field(init=False)
    _told: k.Words = field(init=False)
    _starts: k.Words = field(init=False)
    _run: Callable[..., int] = field(init=False)
    _run_one: Callable[..., int] = field(init=False)

    def __post_init__(self) -> None:
        if not self.patterns:
            raise ValueError("a detector needs a pattern")
        if self.edges_max < 2 or self.looks_max < 1:
            raise ValueError("a detector keeps at least 2 transfers and looks at one")
        self.feeds = Feeds(self.patterns, self.events)
        self._prog = np.array([_line(each, self.feeds.mask(each)) for each in self.patterns], np.int64).reshape(-1)
        memory = max(max(each.over_us, each.new_for_us) for each in self.patterns)
        self._lent = np.zeros(k.L_WIDTH, np.int64)
        self._lent[[k.L_EDGES, k.L_MEMORY, k.L_LOOKS, k.L_PATTERNS]] = (
            self.edges_max, memory, self.looks_max, len(self.patterns),
        )  # fmt: skip
        self._nothing = self._lent.copy()
        self._nothing[k.L_PATTERNS] = 0
        self._scratch = np.zeros(2 * self.looks_max + 64, np.int64)
        self._evidence = np.zeros(4 * len(self.patterns) * (2 * self.looks_max + 8), np.int64)
        self._state = np.zeros(k.T_WIDTH, np.int64)
        self._state[[k.LOST_AT, k.UNSURE_AT, k.HIGH]] = k.NEVER
        self._edges, self._slots = np.zeros(0, np.int64), np.zeros(0, np.int64)
        # For one transfer at a time: what goes into the kernel and what comes out, made once.
        self._one = np.zeros(5, np.int64)
        self._told = np.zeros(len(self.patterns) * k.F_WIDTH, np.int64)
        self._starts = np.zeros(len(self.patterns) * 2, np.int64)
        self._run = entry(k.observe, k.ENTRIES[k.observe])
        self._run_one = entry(k.observe_one, k.ENTRIES[k.observe_one])
        self._ring(1_024)

    # ---- what there is

    def __len__(self) -> int:
        """How many transfers are kept."""
        return int(self._state[k.NEXT] - self._state[k.TAIL])

    @property
    def accounts(self) -> int:
        """How many accounts are kept, those of each currency by itself."""
        return len(self._names)

    @property
    def lost_at_us(self) -> int | None:
        """The newest instant of a transfer that had to go for want of room; None when none had to."""
        lost = int(self._state[k.LOST_AT])
        return None if lost == k.NEVER else lost

    @property
    def memory_bytes(self) -> int:
        """What the arrays take; names and ids come on top."""
        held = (self._edges, self._slots, self._scratch, self._evidence, self._freed)
        return sum(int(each.nbytes) for each in held)

    # ---- observing

    def observe(self, transfer: Transfer) -> tuple[Found, ...]:
        """What one transfer completes: for each pattern its facts, and the evidence where it does.

        Raises ValueError for an amount outside 0 to AMOUNT_MAX, or an instant before the last one.
        """
        return self.observed([transfer])[0]

    def observed(self, transfers: Sequence[Transfer]) -> list[tuple[Found, ...]]:
        """As `observe`, one after the other."""
        found: list[tuple[Found, ...]] = []
        for first in range(0, len(transfers), BLOCK):
            piece = transfers[first : first + BLOCK]
            for block, begin, end in self._blocks(piece):
                found += self._rows(block, begin, end)
        return found

    def look(self, transfer: Transfer) -> list[int]:
        """As `observe`, as numbers: the columns of the kernel, pattern after pattern. For who decides one at a time;
        `evidence` gives that of this transfer until the next one comes. Raises ValueError as `observe` does.
        """
        self._take_in(transfer, self._lent)
        told: list[int] = self._told.tolist()
        return told

    def _take_in(self, transfer: Transfer, lent: k.Words) -> None:
        state = self._state
        if not 0 <= transfer.amount_minor <= AMOUNT_MAX or transfer.at_us < state[k.HIGH]:
            self._stream([transfer])  # says what is wrong
        if state[k.NEXT] - state[k.TAIL] > state[k.WRAP]:
            self._ring(len(self) + 1)
        self._one[:] = self._row(transfer)
        if transfer.payer != transfer.payee:
            self._ids[int(state[k.NEXT] & state[k.WRAP])] = transfer.id
        state[k.EVIDENCE] = 0
        self._run_one(
            self._one, 0, 1, self._edges, self._slots, state, self._prog, self._told, self._starts,
            self._evidence, lent, self._scratch, self._freed,
        )  # fmt: skip
        if state[k.FREED]:
            self._release()

    def evidence(self, pattern: int) -> tuple[Name, ...]:
        """The transfers by which the one last looked at completes a pattern, in the order of arrival; else ()."""
        begin, end = self._starts[2 * pattern : 2 * pattern + 2].tolist()
        return self._named(self._evidence[begin:end].tolist())

    def feed(self, transfers: Sequence[Transfer]) -> None:
        """Remember transfers without looking for anything: as `observed`, when nobody asks."""
        if len(transfers) == 1:
            self._take_in(transfers[0], self._nothing)
            return
        for first in range(0, len(transfers), BLOCK):
            for _ in self._blocks(transfers[first : first + BLOCK], looks=False):
                pass

    def facts(self, transfers: Sequence[Transfer]) -> k.Words:
        """Facts alone, as numbers: transfers × patterns × columns of the kernel."""
        return self.facts_of(transfers, ())[0]

    def facts_of(
        self, transfers: Sequence[Transfer], wanted: Sequence[int]
    ) -> tuple[k.Words, dict[tuple[int, int], tuple[Name, ...]]]:
        """As `facts`, and the evidence of some patterns (by their place) for each transfer that completes one."""
        rows = np.empty((len(transfers), len(self.patterns), k.F_WIDTH), np.int64)
        evidence: dict[tuple[int, int], tuple[Name, ...]] = {}
        for first in range(0, len(transfers), BLOCK):
            piece = transfers[first : first + BLOCK]
            for block, begin, end in self._blocks(piece):
                told = block.facts.reshape(-1, len(self.patterns), k.F_WIDTH)
                rows[first + begin : first + end] = told[begin:end]
                starts = block.starts.reshape(-1, len(self.patterns), 2)
                for place in wanted:
                    for n in (np.flatnonzero(told[begin:end, place, k.HIT] == 1) + begin).tolist():
                        low, high = starts[n, place].tolist()
                        evidence[first + n, place] = self._named(block.evidence[low:high].tolist())
        return rows, evidence

    def _named(self, seqs: list[int]) -> tuple[Name, ...]:
        wrap = int(self._state[k.WRAP])
        return tuple(self._ids[seq & wrap] for seq in sorted(seqs))

    def _blocks(self, transfers: Sequence[Transfer], *, looks: bool = True) -> Iterator[tuple[Block, int, int]]:
        stream = self._stream(transfers)
        lent, patterns = (self._lent, len(self.patterns)) if looks else (self._nothing, 0)
        count = len(transfers)
        facts, starts = np.zeros(count * patterns * k.F_WIDTH, np.int64), np.zeros(count * patterns * 2, np.int64)
        self._put_ids(transfers)
        begin = 0
        while begin < count:
            self._state[k.EVIDENCE] = 0
            end = int(
                self._run(
                    stream, begin, count, self._edges, self._slots, self._state, self._prog, facts, starts,
                    self._evidence, lent, self._scratch, self._freed,
                )
            )  # fmt: skip
            yield Block(facts, starts, self._evidence), begin, end
            begin = end
        self._release()

    def _stream(self, transfers: Sequence[Transfer]) -> k.Words:
        """Transfers as numbers; nothing has changed when one is refused."""
        high = int(self._state[k.HIGH])
        for each in transfers:
            if not 0 <= each.amount_minor <= AMOUNT_MAX:
                raise ValueError(f"the amount of {each.id} is outside 0 to {AMOUNT_MAX} minor units")
            if each.at_us < high:
                raise ValueError(f"{each.id} lies before the transfer before it: instants never decrease")
            high = each.at_us
        # Room for all of them at once, whatever has to go meanwhile: their ids are put there first.
        if len(self) + len(transfers) > self._state[k.WRAP] + 1:
            self._ring(len(self) + len(transfers))
        return np.array([self._row(each) for each in transfers], np.int64).reshape(-1)

    def _row(self, transfer: Transfer) -> tuple[int, int, int, int, int]:
        """A transfer as the kernel reads it; of one to oneself nothing is kept, not even who it was."""
        payer, payee, currency = transfer.payer, transfer.payee, transfer.currency
        ends = (k.NONE, k.NONE) if payer == payee else (self._slot(currency, payer), self._slot(currency, payee))
        return transfer.at_us, *ends, transfer.amount_minor, transfer.feed

    def _put_ids(self, transfers: Sequence[Transfer]) -> None:
        seq, wrap = int(self._state[k.NEXT]), int(self._state[k.WRAP])
        for each in transfers:
            if each.payer != each.payee:  # the kernel passes over others
                self._ids[seq & wrap] = each.id
                seq += 1

    def _rows(self, block: Block, begin: int, end: int) -> Iterator[tuple[Found, ...]]:
        """What the kernel told of some transfers, in words."""
        patterns = len(self.patterns)
        facts = block.facts.reshape(-1, k.F_WIDTH)[begin * patterns : end * patterns].tolist()
        starts = block.starts.reshape(-1, 2)[begin * patterns : end * patterns].tolist()
        for n in range(0, len(facts), patterns):
            yield tuple(
                self._found(facts[place], starts[place][0], starts[place][1], block.evidence)
                for place in range(n, n + patterns)
            )

    def _found(self, row: list[int], begin: int, end: int, told: k.Words) -> Found:
        if row == _NOTHING:
            return NOTHING
        figures = [None if each == k.NONE else each for each in row]
        evidence = self._named(told[begin:end].tolist()) if begin < end else ()
        return Found(
            row[k.HIT] == 1, figures[k.MEMBERS], figures[k.OTHERS], figures[k.LENGTH], figures[k.MONEY],
            figures[k.SPAN], figures[k.SHARE], figures[k.NEW_PAIRS], evidence, row[k.WHOLE] == 1,
        )  # fmt: skip

    # ---- accounts and room

    def _slot(self, currency: str, account: str) -> int:
        name = currency, account
        slot = self._names.get(name)
        if slot is None:
            slot = self._free.pop() if self._free else len(self._of)
            if slot == len(self._of):
                self._of.append(None)
                if slot * k.S_WIDTH >= self._slots.size:
                    self._slots = np.concatenate([self._slots, _empty_slots(max(256, slot))])
            self._names[name], self._of[slot] = slot, name
        return slot

    def _release(self) -> None:
        """Forget the names of accounts that nothing is kept of any more."""
        for slot in self._freed[: self._state[k.FREED]].tolist():
            at, name = slot * k.S_WIDTH, self._of[slot]
            if name is not None and self._slots[at + k.HEAD_OUT] == self._slots[at + k.HEAD_IN] == k.NONE:
                del self._names[name]
                self._of[slot] = None
                self._free.append(slot)
        self._state[k.FREED] = 0

    def _ring(self, count: int) -> None:
        """Have room for so many transfers, those that are kept where they belong then."""
        size = 1 << max(count - 1, 1).bit_length()
        before, ids, wrap = self._edges.reshape(-1, k.E_WIDTH), self._ids, int(self._state[k.WRAP])
        tail, kept = int(self._state[k.TAIL]), len(self)
        edges = np.zeros((size, k.E_WIDTH), np.int64)
        seqs = np.arange(tail, tail + kept)
        edges[seqs & (size - 1)] = before[seqs & wrap]
        self._edges = edges.reshape(-1)
        # A list of millions is turned, not gone through: the lane waits meanwhile.
        begin = tail & wrap
        turned: list[Name] = [*ids[begin:], *ids[:begin]][:kept]
        turned += [""] * (size - kept)
        shift = tail & (size - 1)
        self._ids = turned[size - shift :] + turned[: size - shift]
        self._state[k.WRAP] = size - 1
        self._freed = np.zeros(4 * size, np.int64)

    # ---- kept and read back

    def take(self, other: "Detector") -> bool:
        """Go on with what another one remembers, if it was fed by the same events as far back; False, and nothing is
        taken, if not. The other must not be used any more: it is the same memory.
        """
        if _digest_of(self) != _digest_of(other):
            return False
        self._state, self._edges, self._slots = other._state, other._edges, other._slots
        self._names, self._of, self._free = other._names, other._of, other._free
        self._ids, self._freed = other._ids, other._freed
        return True

    def copy(self) -> "Detector":
        """Another one that remembers the same, for who wants to ask what would be. It costs a copy of everything."""
        found = Detector(self.patterns, self.events, self.edges_max, self.looks_max)
        found._state, found._edges, found._slots = self._state.copy(), self._edges.copy(), self._slots.copy()
        found._names, found._of, found._free = dict(self._names), list(self._of), list(self._free)
        found._ids, found._freed = list(self._ids), self._freed.copy()
        return found

    def to_bytes(self) -> bytes:
        """The state: a head line, a digest of all that follows, what the words mean, and the words themselves."""
        seqs = np.arange(self._state[k.TAIL], self._state[k.NEXT])
        rows = self._edges.reshape(-1, k.E_WIDTH)[seqs & self._state[k.WRAP]]
        slots, place = np.unique(rows[:, [k.PAYER, k.PAYEE]], return_inverse=True)
        names = [self._of[slot] for slot in slots.tolist()]
        # In the order of names: which number an account has is chance, and no part of the state.
        order = sorted(range(len(names)), key=lambda each: names[each] or ("", ""))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        ends = rank[place.reshape(-1)].reshape(-1, 2)
        since = np.where(rows[:, k.UNSURE] == 1, -2, rows[:, k.SINCE])
        words = np.column_stack([rows[:, k.AT], ends, rows[:, k.AMOUNT], rows[:, k.FEED], since])
        head = canonical(
            {
                "memory": _digest_of(self), "next": int(self._state[k.NEXT]), "high": int(self._state[k.HIGH]),
                "lost": int(self._state[k.LOST_AT]), "names": [names[each] for each in order],
                "ids": [self._ids[seq & int(self._state[k.WRAP])] for seq in seqs.tolist()],
            }
        )  # fmt: skip
        body = len(head).to_bytes(_FIELDS, "big") + head + words.astype("<i8").tobytes()
        return MAGIC + sha256(body).digest() + body

    def restore(self, data: bytes | memoryview) -> None:
        """Go on from bytes of `to_bytes`; this detector must not have observed anything.

        Raises NotUsable for bytes of another format, patterns or limits, or that are not what was written.
        """
        if len(self) or self._state[k.NEXT]:
            raise NotUsable("this detector has observed transfers already: restore into a new one")
        data = bytes(data)
        if not data.startswith(MAGIC):
            raise NotUsable("not a state of patterns in this format: replay the stream")
        kept, body = data[len(MAGIC) : len(MAGIC) + _DIGEST], data[len(MAGIC) + _DIGEST :]
        if sha256(body).digest() != kept:
            raise NotUsable("the state is not what was written: replay the stream")
        length = int.from_bytes(body[:_FIELDS], "big")
        head = json.loads(body[_FIELDS : _FIELDS + length])
        if head["memory"] != _digest_of(self):
            raise NotUsable("the state is of other transfers or limits: replay the stream")
        rows = np.frombuffer(body[_FIELDS + length :], "<i8").astype(np.int64).reshape(-1, 6)
        self._ring(max(len(rows), 1_024))
        self._state[[k.NEXT, k.TAIL]] = head["next"] - len(rows)
        slots = [self._slot(currency, account) for currency, account in head["names"]]
        for (at, payer, payee, amount, feed, since), name in zip(rows.tolist(), head["ids"], strict=True):
            self._ids[int(self._state[k.NEXT]) & int(self._state[k.WRAP])] = name
            k.insert(
                self._edges, self._slots, self._state, self._lent, self._freed, at, slots[payer], slots[payee], amount,
                feed, since,
            )  # fmt: skip
        self._state[[k.HIGH, k.LOST_AT]] = head["high"], head["lost"]


def _empty_slots(count: int) -> k.Words:
    slots = np.zeros((count, k.S_WIDTH), np.int64)
    slots[:, [k.HEAD_OUT, k.HEAD_IN]] = k.NONE
    return slots.reshape(-1)


def _line(pattern: PatternDef, mask: int) -> list[int]:
    """A pattern as the kernel reads it."""
    least, most = pattern.share_ppm or (k.ANY_SHARE, k.ANY_SHARE)
    return [
        _KINDS[pattern.kind], pattern.over_us, mask, pattern.payers, pattern.payees, pattern.middlemen, pattern.sources,
        pattern.length_least, pattern.length_most, int(pattern.in_time), least, most, pattern.new_for_us,
        int(pattern.only_new),
    ]  # fmt: skip


def _digest_of(detector: Detector) -> str:
    """What a state is good for: which transfers it was fed, and how far back they go. What patterns make of them is no
    part of it.
    """
    feeds = [[feed.event, feed.payer, feed.payee, feed.amount] for feed in detector.feeds.all]
    limits = [detector.edges_max, detector.looks_max, int(detector._lent[k.L_MEMORY])]
    return digest(canonical([feeds, limits]))
