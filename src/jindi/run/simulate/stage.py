"""The stage: one clock, one queue of who acts next, and the road by which events leave.

An agent is a generator of instants: it yields when it wants to act next, and acts when it is resumed.
Every agent throws its own dice, so that what one does (or is answered) never changes the luck of another.
"""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush, heapreplace
from random import Random
from typing import Any

from jindi.basics.instants import format_instant
from jindi.basics.money import format_minor
from jindi.run.simulate.rhythm import day_of_month, local_day
from jindi.run.simulate.tills import Copied, Reader, new_reader
from jindi.run.simulate.town import Merchant, Town, User, stream
from jindi.run.simulate.truth import Simulated, Truth

REMEMBERED = 16_384
"""So many of the latest events can still be reacted to."""

MICRO_CREDIT_DAY_MINOR, MICRO_CREDIT_MONTH_MINOR = 100_000, 1_000_000
"""What an acquirer tells a micro merchant that he may take by credit card, in a day and in a month."""


class Sent:
    """An event that has left, as its sender remembers it: what became of it, and what hangs on it."""

    __slots__ = (
        "answered", "approved", "booked", "event", "follow", "minor", "notices", "outcome", "passes",
        "payee", "payer", "retry", "tries", "truth",
    )  # fmt: skip

    def __init__(self, truth: Truth, passes: float = 0.97, notices: float = 0.005) -> None:
        self.event: dict[str, Any] = {}
        self.truth = truth
        self.passes = passes
        self.notices = notices
        self.outcome = "allow"
        self.approved = True
        self.payer: User | None = None
        self.payee: User | None = None
        self.minor = 0
        self.booked = False
        self.tries = 0
        self.retry: Sent | None = None
        self.follow: Callable[[Sent], None] | None = None
        self.answered = False

    @property
    def latest(self) -> "Sent":
        """The last retry of this wish, or the event itself."""
        sent = self
        while sent.retry is not None:
            sent = sent.retry
        return sent

    @property
    def stopped(self) -> bool:
        """Whether the platform holds it back, retries included, as far as its sender knows at this moment."""
        return self.latest.outcome != "allow"


class Episode:
    """One adversary's campaign: its name in the ground truth."""

    __slots__ = ("id", "scenario")

    def __init__(self, scenario: str, number: int) -> None:
        self.scenario = scenario
        self.id = f"epi_{scenario}_{number:05d}"

    def truth(self, loss_minor: int = 0) -> Truth:
        """The truth of one event of the campaign."""
        return Truth(self.scenario, self.id, loss_minor)


class Stage:
    """What agents act on. `rate` multiplies how often people act, not how they act."""

    def __init__(self, town: Town, seed: int, start_us: int, rate: float) -> None:
        self.town = town
        self.seed = seed
        self.start_us = start_us
        self.rate = rate
        self.newcomers_from = len(town.users)
        """Users from this number on came after the start."""
        self.now_us = start_us
        self.tills: dict[str, deque[Copied]] = {}
        """The terminals that an adversary listens to, and the card payments last seen there."""
        self._readers: dict[str, Reader] = {}
        self._credit: dict[str, tuple[int, int, int, int]] = {}
        self._salt = stream(seed, start_us, "ids").getrandbits(64)  # other worlds, other ids
        self._queue: list[tuple[int, int, Callable[[], int | None]]] = []
        self._order = 0
        self._out: deque[Simulated] = deque()
        self._sent: dict[str, Sent] = {}
        self._names: deque[str] = deque()  # in the order they left, the oldest forgotten first

    def start(self, agent: Iterator[int], at_us: int) -> None:
        """Let an agent begin at an instant (or now, if that has passed)."""
        self._enter(at_us, lambda: next(agent, None))

    def reader(self, shop: Merchant, terminal: str) -> Reader:
        """The reader of a shop's terminal."""
        if (found := self._readers.get(terminal)) is None:
            found = self._readers[terminal] = new_reader(self.seed, shop, terminal, self.start_us)
        return found

    def takes_credit(self, shop: Merchant, minor: int) -> bool:
        """Whether a shop still takes an amount by credit card: an acquirer tells micro merchants what they may."""
        _, day_minor, _, month_minor = self._credit_of(shop)
        return shop.kind != "micro" or (
            day_minor + minor <= MICRO_CREDIT_DAY_MINOR and month_minor + minor <= MICRO_CREDIT_MONTH_MINOR
        )

    def took_credit(self, shop: Merchant, minor: int) -> None:
        """A shop was paid by credit card."""
        if shop.kind == "micro":
            day, day_minor, month, month_minor = self._credit_of(shop)
            self._credit[shop.id] = (day, day_minor + minor, month, month_minor + minor)

    def _credit_of(self, shop: Merchant) -> tuple[int, int, int, int]:
        """(day, taken that day, month, taken that month) by credit card, as of now."""
        day = local_day(self.now_us)
        month = day - day_of_month(self.now_us)  # the day before the month's first: a name for the month
        was_day, day_minor, was_month, month_minor = self._credit.get(shop.id, (day, 0, month, 0))
        return day, day_minor if was_day == day else 0, month, month_minor if was_month == month else 0

    def later(self, at_us: int, act: Callable[[], object]) -> None:
        """Do one thing at an instant (or now, if that has passed)."""

        def once() -> None:
            act()

        self._enter(at_us, once)

    def name(self, chance: Random) -> str:
        """The id of an event that somebody begins; what follows from it is named after it."""
        return f"evt_{chance.getrandbits(64) ^ self._salt:016x}"

    def say(self, sent: Sent, kind: str, name: str, fields: dict[str, Any]) -> Sent:
        """Send one event now, under a given id."""
        event = {"id": name, "type": kind, "at": format_instant(self.now_us), **fields}
        sent.event = event
        self._sent[name] = sent
        self._names.append(name)
        if len(self._names) > REMEMBERED:
            self._sent.pop(self._names.popleft(), None)
        self._out.append(Simulated(event, sent.truth))
        return sent

    def move(self, sent: Sent, payer: User | None, payee: User | None, minor: int) -> None:
        """Book what an event moves between the balances that people have in mind."""
        sent.payer, sent.payee, sent.minor = payer, payee, minor
        self.book(sent)

    def book(self, sent: Sent) -> None:
        """Let the event take its effect, once: money moves, others answer."""
        if not sent.booked:
            sent.booked = True
            if sent.payer is not None:
                sent.payer.balance_minor = max(0, sent.payer.balance_minor - sent.minor)
            if sent.payee is not None:
                sent.payee.balance_minor += sent.minor
        if sent.follow is not None:
            sent.follow(sent)

    def stop(self, sent: Sent, outcome: str) -> None:
        """Take back what an event did: the platform holds or refuses it."""
        sent.outcome = outcome
        if sent.booked:
            sent.booked = False
            if sent.payer is not None:
                sent.payer.balance_minor += sent.minor
            if sent.payee is not None:
                sent.payee.balance_minor = max(0, sent.payee.balance_minor - sent.minor)

    def take(self) -> Simulated:
        """The next event; people act until there is one."""
        queue, out = self._queue, self._out
        while not out:
            self.now_us, order, act = queue[0]
            wake_us = act()
            if wake_us is None:
                heappop(queue)
            else:
                heapreplace(queue, (max(wake_us, self.now_us), order, act))
        return out.popleft()

    def recall(self, event_id: str) -> Sent | None:
        """What is remembered of an event that waits for its answer, and it waits no longer; else None."""
        return self._sent.pop(event_id, None)

    def _enter(self, at_us: int, act: Callable[[], int | None]) -> None:
        # Whoever enters while another acts has a later turn, so the one who acts stays at the queue's head.
        self._order += 1
        heappush(self._queue, (max(at_us, self.now_us), self._order, act))


def yuan(minor: int) -> str:
    """An amount as a client sends it."""
    return format_minor(minor, "CNY")
