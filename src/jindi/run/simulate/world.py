"""The world: a payment wallet with its honest people and its adversaries, as an endless stream of events."""

from collections.abc import Iterator

from jindi.basics.instants import HOUR_US, parse_instant
from jindi.run.simulate.lives import grow, live
from jindi.run.simulate.reactions import WISHES, react
from jindi.run.simulate.schemes import conspire, schemes
from jindi.run.simulate.stage import Stage
from jindi.run.simulate.town import Town, stream
from jindi.run.simulate.truth import Simulated

START_US = parse_instant("2026-03-02T00:00:00+08:00")
"""Where a world begins unless told otherwise: a Monday's midnight in China."""

GROWTH = 0.002
"""New honest customers a day, as a share of those there are."""

_OUTCOMES = ("allow", "challenge", "delay", "review", "deny")


class World:
    """An endless, deterministic stream of a wallet's events in time order.

    The same seed, users, start, rate, fraud and the same answers at the same places give the same stream,
    in every process. `users` is how many customers there are at the start, `rate` multiplies how often
    honest people act, `fraud` multiplies how often adversaries begin an episode (0: an honest world).

    Everybody throws dice of their own, so two worlds of one seed under two platforms differ by what the
    platforms did: the one that allows everything tells what would have been lost without the other.

    >>> world = World(7, users=50)
    >>> event, truth = next(world)
    >>> sorted(event)[:3], truth.scenario
    (['agent', 'at', 'channel'], None)
    """

    def __init__(
        self,
        seed: int,
        *,
        users: int = 5_000,
        start_us: int = START_US,
        rate: float = 1.0,
        fraud: float = 1.0,
    ) -> None:
        if users < 20:
            raise ValueError(f"a world needs at least 20 users, not {users}")
        if not (0 < rate <= 1_000 and 0 <= fraud <= 1_000):
            raise ValueError("rate must be above 0 and fraud at least 0, both at most 1000")
        town = Town(seed, users)
        self._stage = stage = Stage(town, seed, start_us, rate)
        for user in town.users:
            stage.start(live(stage, user), start_us)
        growth = stream(seed, "growth")
        stage.start(grow(stage, growth, max(users * GROWTH * rate, 0.05)), start_us)
        if fraud > 0:
            for scenario, scheme in schemes().items():
                chance, per_day = (
                    stream(seed, "scheme", scenario),
                    scheme.per_day * fraud * rate * users / 1_000,
                )
                stage.start(conspire(stage, scenario, scheme, chance, per_day), start_us)

    @property
    def customers(self) -> list[str]:
        """The customers that were there at the start."""
        return [user.id for user in self._stage.town.users[: self._stage.newcomers_from]]

    @property
    def now_us(self) -> int:
        """The instant of the latest event."""
        return self._stage.now_us

    def __iter__(self) -> Iterator[Simulated]:
        return self

    def __next__(self) -> Simulated:
        return self._stage.take()

    def react(
        self,
        event_id: str,
        outcome: str,
        method: str | None = None,
        *,
        decision_id: str | None = None,
        wait_us: int = 2 * HOUR_US,
    ) -> bool:
        """Tell the world what the platform decided; people act on it in the events that follow.

        Best told before the next event is drawn; what has been sent meanwhile stays sent. `decision_id`
        is what lifecycle events will name (the event's id if it is not given), `wait_us` how long a
        `delay` holds. False when nobody waits for the answer: the event is unknown or answered already,
        or too long past (only the latest 16,384 are remembered), or it merely tells something, as a label
        does. Raises ValueError for an unknown outcome.
        """
        if outcome not in _OUTCOMES:
            raise ValueError(f"unknown outcome {outcome!r}: use one of {', '.join(_OUTCOMES)}")
        sent = self._stage.recall(event_id)
        if sent is None or sent.event["type"] not in WISHES:
            return False
        if outcome != "allow":
            name = decision_id or event_id
            agent = react(self._stage, sent, outcome, method=method, decision_id=name, wait_us=wait_us)
            self._stage.start(agent, self._stage.now_us)
        return True
