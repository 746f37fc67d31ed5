"""Decisions that are not the last word: a challenge, a cooling-off, a review, and what became of them."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import takewhile
from typing import Literal, Self

import msgspec

from jindi.basics.instants import DAY_US
from jindi.packs import Outcome
from jindi.run.events import Scalars, reordered

Status = Literal["final", "pending", "passed", "failed", "released", "recalled", "accepted", "rejected", "closed"]

OPEN_MAX_US = 30 * DAY_US
"""A decision nobody followed up is closed after this time; its event then never counts as accepted. What became of
others is forgotten then, too: both read `closed`, and the journal knows more."""

FOLLOW_UPS: dict[str, tuple[Outcome, ...]] = {
    "challenge_result": (Outcome.CHALLENGE,),
    "release": (Outcome.DELAY,),
    "recall": (Outcome.DELAY,),
    "verdict": (Outcome.REVIEW,),
}
"""Which outcomes a follow-up event may speak about."""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Scalars).decode


class Opening(msgspec.Struct, array_like=True, gc=False):
    """A decision that waits: what was decided about which event, and since when.

    There may be a million of them: the event's values are kept packed, in a third of the memory, and Python's
    search for cycles needn't look at any.
    """

    seq: int
    event_type: str
    packed: bytes
    outcome: Outcome
    as_of_us: int
    due_us: int | None
    status: Status = "pending"

    @classmethod
    def of(
        cls, seq: int, event_type: str, values: Scalars, outcome: Outcome, as_of_us: int, due_us: int | None
    ) -> Self:
        """A decision that waits from now on."""
        return cls(seq, event_type, _pack(values), outcome, as_of_us, due_us)

    @property
    def values(self) -> Scalars:
        """The event's values in the order of its type's fields."""
        return _unpack(self.packed)


class Openings:
    """All decisions that wait or have been followed up lately, by sequence number, oldest first."""

    def __init__(self) -> None:
        self._by_seq: dict[int, Opening] = {}
        self._due: list[tuple[int, int]] = []  # a heap of (due_us, seq)
        self.pending = 0
        """How many nobody has followed up yet."""

    def add(self, opening: Opening) -> None:
        """A decision has been made that is not the last word."""
        self._by_seq[opening.seq] = opening
        self.pending += opening.status == "pending"
        if opening.due_us is not None:
            heappush(self._due, (opening.due_us, opening.seq))

    def status(self, seq: int, outcome: str) -> Status:
        """What became of a decision."""
        opening = self._by_seq.get(seq)
        if opening is not None:
            return opening.status
        return "final" if outcome in (Outcome.ALLOW, Outcome.DENY) else "closed"

    def refusal(self, seq: int, lifecycle: str) -> str | None:
        """Why a follow-up can't be taken, or None when it can."""
        opening = self._by_seq.get(seq)
        if opening is None:
            return "no decision that waits has this id; it is unknown, final, or was closed after 30 days"
        if opening.outcome not in FOLLOW_UPS[lifecycle]:
            wanted = " or ".join(FOLLOW_UPS[lifecycle])
            return f"the decision was {opening.outcome}; this follow-up is for {wanted}"
        if opening.status != "pending":
            return f"the decision has already been followed up: {opening.status}"
        return None

    def waiting(self, seq: int) -> Opening:
        """A decision that waits; ask `refusal` first."""
        return self._by_seq[seq]

    def settle(self, seq: int, status: Status) -> Opening:
        """Note what became of a decision; ask `refusal` first."""
        opening = self._by_seq[seq]
        assert opening.status == "pending", "ask refusal() first"
        opening.status = status
        self.pending -= 1
        return opening

    def reorder(self, orders: Mapping[str, tuple[int, ...] | None]) -> None:
        """Events' fields stand in another order from now on. An event whose type is gone stays as it is: its
        follow-ups still end it, and nothing reads its values.
        """
        for opening in self._by_seq.values():
            if order := orders.get(opening.event_type):
                opening.packed = _pack(reordered(opening.values, order))

    def expire(self, as_of_us: int) -> None:
        """Forget what is older than the longest time a decision may wait."""
        old = list(takewhile(lambda each: each.as_of_us + OPEN_MAX_US < as_of_us, self._by_seq.values()))
        for opening in old:
            del self._by_seq[opening.seq]
            self.pending -= opening.status == "pending"

    def due(self, now_us: int) -> list[Opening]:
        """Cooling-offs whose time is over and that nobody has followed up, the longest due first."""
        found = []
        while self._due and self._due[0][0] <= now_us:
            _, seq = heappop(self._due)
            opening = self._by_seq.get(seq)
            if opening is not None and opening.status == "pending":
                found.append(opening)
        for opening in found:
            assert opening.due_us is not None, "it came from the heap"
            heappush(self._due, (opening.due_us, opening.seq))  # it stays due until somebody has followed it up
        return found

    def __len__(self) -> int:
        return len(self._by_seq)

    def save(self) -> list[Opening]:
        """All of them, oldest first."""
        return list(self._by_seq.values())

    @classmethod
    def load(cls, openings: list[Opening]) -> "Openings":
        """What `save` gave away."""
        loaded = cls()
        loaded._by_seq = {opening.seq: opening for opening in openings}
        loaded._due = [(each.due_us, each.seq) for each in openings if each.due_us is not None]
        heapify(loaded._due)
        loaded.pending = sum(opening.status == "pending" for opening in openings)
        return loaded
