"""The score: what the platform decided, held against what really happened. Pure arithmetic."""

from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Any

import msgspec

from jindi.basics.money import format_minor, parse_minor
from jindi.run.simulate.truth import SCENARIOS, Truth

NOT_JUDGED = frozenset(
    (
        "payment_result", "fraud_report", "challenge_result", "decision_release", "decision_recall",
        "review_verdict", "list_entry",
    )
)  # fmt: skip
"""Events that only tell something: nobody's wish, so stopping them or not is no merit."""

REMEMBERED = 100_000
"""So many stopped events may still be let go; older ones stay stopped in the score."""

HEADER = (
    "scenario", "episodes", "caught", "events", "stopped", "recall", "at risk", "saved", "missed", "delay",
)  # fmt: skip
"""The names of the columns of `Scoreboard.rows`; money in major units, delay in events (median)."""


class KeptTally(msgspec.Struct, frozen=True, array_like=True):
    """One scenario's sums, as they are kept."""

    episodes: dict[str, int]
    delays: dict[str, int]
    events: int
    stopped: int
    at_risk_minor: int
    saved_minor: int


class KeptHeld(msgspec.Struct, frozen=True, array_like=True):
    """A stopped event whose last word may not be spoken, as it is kept, in order: the oldest first."""

    name: str
    decision: str
    scenario: str | None
    episode: str | None
    loss_minor: int
    minor: int


class Kept(msgspec.Struct, frozen=True):
    """A scoreboard as it is kept from one start of a demo to the next. `starts` counts them."""

    tallies: dict[str, KeptTally]
    held: list[KeptHeld]
    honest_events: int
    honest_by_outcome: dict[str, int]
    honest_unserved: int
    honest_unserved_minor: int
    customers: list[str]
    disturbed: list[str]
    starts: int = 0


class _Tally:
    """One scenario's running sums; `delays` holds, per caught episode, its events before the first stop."""

    __slots__ = ("at_risk_minor", "delays", "episodes", "events", "saved_minor", "stopped")

    def __init__(self) -> None:
        self.episodes: dict[str, int] = {}
        self.delays: dict[str, int] = {}
        self.events = 0
        self.stopped = 0
        self.at_risk_minor = 0
        self.saved_minor = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "episodes": len(self.episodes),
            "episodes_caught": len(self.delays),
            "events": self.events,
            "events_stopped": self.stopped,
            "recall": _share(self.stopped, self.events),
            "at_risk_minor": self.at_risk_minor,
            "saved_minor": self.saved_minor,
            "missed_minor": self.at_risk_minor - self.saved_minor,
            "saved_share": _share(self.saved_minor, self.at_risk_minor),
            "delay_events_median": median(self.delays.values()) if self.delays else None,
        }


class _Held:
    """A stopped event whose last word may not be spoken."""

    __slots__ = ("minor", "truth")

    def __init__(self, truth: Truth, minor: int) -> None:
        self.truth = truth
        self.minor = minor


class Scoreboard:
    """Sums over (event, truth, outcome), fed in the order of the stream.

    An event is *stopped* when its outcome is anything but `allow`. Counts, precision and recall speak of
    that first answer. Money follows the whole story, each wish once: when a retry of a stopped event is
    allowed, a delay is released or a review accepted, then what was saved is lost after all, and an honest
    wish that was stopped has come true.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}
        self._held: dict[str, _Held] = {}
        self._names: deque[tuple[str, str]] = deque()
        self._decisions: dict[str, str] = {}
        self._honest_events = 0
        self._honest_by_outcome: dict[str, int] = {}
        self._honest_unserved = 0
        self._honest_unserved_minor = 0
        self._customers: set[str] = set()
        self._disturbed: set[str] = set()
        self._starts = 0

    def kept(self) -> Kept:
        """All that the figures stand on."""
        tallies = {
            name: KeptTally(each.episodes, each.delays, each.events, each.stopped, each.at_risk_minor, each.saved_minor)
            for name, each in self._tallies.items()
        }
        held = [
            KeptHeld(name, decision, each.truth.scenario, each.truth.episode, each.truth.loss_minor, each.minor)
            for name, decision in self._names
            if (each := self._held.get(name)) is not None
        ]
        return Kept(
            tallies, held, self._honest_events, dict(self._honest_by_outcome), self._honest_unserved,
            self._honest_unserved_minor, sorted(self._customers), sorted(self._disturbed), self._starts,
        )  # fmt: skip

    @classmethod
    def restored(cls, kept: Kept) -> "Scoreboard":
        """A board that goes on where another ended. The next world counts its episodes from one again, so those of
        before are called otherwise.
        """
        board = cls()
        board._starts = kept.starts + 1
        for name, each in kept.tallies.items():
            tally = board._tallies[name] = _Tally()
            tally.episodes = {_before(episode, kept.starts): count for episode, count in each.episodes.items()}
            tally.delays = {_before(episode, kept.starts): count for episode, count in each.delays.items()}
            tally.events, tally.stopped = each.events, each.stopped
            tally.at_risk_minor, tally.saved_minor = each.at_risk_minor, each.saved_minor
        for held in kept.held:
            board._held[held.name] = _Held(Truth(held.scenario, held.episode, held.loss_minor), held.minor)
            board._names.append((held.name, held.decision))
            if held.decision != held.name:
                board._decisions[held.decision] = held.name
        board._honest_events, board._honest_by_outcome = kept.honest_events, dict(kept.honest_by_outcome)
        board._honest_unserved, board._honest_unserved_minor = kept.honest_unserved, kept.honest_unserved_minor
        board._customers, board._disturbed = set(kept.customers), set(kept.disturbed)
        return board

    def feed(
        self, event: Mapping[str, Any], truth: Truth, outcome: str = "allow", decision_id: str | None = None
    ) -> None:
        """Count one event. `decision_id` is what a release or verdict will name (default: the event's id)."""
        kind = event["type"]
        if kind in NOT_JUDGED:
            if kind == "decision_release" or (kind == "review_verdict" and event["verdict"] == "accept"):
                self._let_go(self._decisions.get(event["decision"], event["decision"]))
            return
        wish = event.get("retry_of")
        held = self._held.get(wish) if wish is not None else None
        if truth.scenario is None:
            self._feed_honest(event, outcome, held)
        else:
            self._feed_wrong(truth, outcome, held)
        if held is not None and wish is not None:
            self._let_go(wish)
        if outcome != "allow":
            self._hold(event, truth, decision_id or event["id"])

    def to_json(self) -> dict[str, Any]:
        """All figures, JSON-ready; money in minor units, shares as ratios, None where nothing was."""
        tallies = [self._tallies[name] for name in self._tallies]
        wrong = sum(tally.events for tally in tallies)
        caught = sum(tally.stopped for tally in tallies)
        disturbed = sum(self._honest_by_outcome.values())
        at_risk = sum(tally.at_risk_minor for tally in tallies)
        saved = sum(tally.saved_minor for tally in tallies)
        return {
            "scenarios": {name: self._tallies[name].to_json() for name in SCENARIOS if name in self._tallies},
            "events": self._honest_events + wrong,
            "wrong_events": wrong,
            "wrong_stopped": caught,
            "episodes": sum(len(tally.episodes) for tally in tallies),
            "episodes_caught": sum(len(tally.delays) for tally in tallies),
            "at_risk_minor": at_risk,
            "saved_minor": saved,
            "missed_minor": at_risk - saved,
            "saved_share": _share(saved, at_risk),
            "precision": _share(caught, caught + disturbed),
            "recall": _share(caught, wrong),
            "honest_events": self._honest_events,
            "honest_disturbed": disturbed,
            "honest_disturbed_share": _share(disturbed, self._honest_events),
            "honest_by_outcome": dict(sorted(self._honest_by_outcome.items())),
            "honest_unserved": self._honest_unserved,
            "honest_unserved_minor": self._honest_unserved_minor,
            "customers": len(self._customers),
            "customers_disturbed": len(self._disturbed),
        }

    def rows(self, currency: str = "CNY") -> list[tuple[str, ...]]:
        """A row of texts per scenario met so far, and one of all together, under `HEADER`."""
        figures = self.to_json()
        rows = [_row(name, row, currency) for name, row in figures["scenarios"].items()]
        delays = [delay for tally in self._tallies.values() for delay in tally.delays.values()]
        total = {
            "episodes": figures["episodes"],
            "episodes_caught": figures["episodes_caught"],
            "events": figures["wrong_events"],
            "events_stopped": figures["wrong_stopped"],
            "recall": figures["recall"],
            "at_risk_minor": figures["at_risk_minor"],
            "saved_minor": figures["saved_minor"],
            "missed_minor": figures["missed_minor"],
            "delay_events_median": median(delays) if delays else None,
        }
        return [*rows, _row("all", total, currency)]

    def _feed_honest(self, event: Mapping[str, Any], outcome: str, held: _Held | None) -> None:
        if held is None:
            self._honest_events += 1
        user = event.get("user")
        if user is not None:
            self._customers.add(user)
        if outcome == "allow":
            return
        word = str(outcome)  # an enumeration's member would stay one in the figures
        self._honest_by_outcome[word] = self._honest_by_outcome.get(word, 0) + 1
        if user is not None:
            self._disturbed.add(user)

    def _feed_wrong(self, truth: Truth, outcome: str, held: _Held | None) -> None:
        assert truth.scenario is not None, "only events of a scenario come here"
        assert truth.episode is not None, "every scenario's event belongs to an episode"
        tally = self._tallies.setdefault(truth.scenario, _Tally())
        before = tally.episodes.get(truth.episode, 0)
        tally.episodes[truth.episode] = before + 1
        tally.events += 1
        if held is None:
            tally.at_risk_minor += truth.loss_minor
        if outcome != "allow":
            tally.stopped += 1
            tally.delays.setdefault(truth.episode, before)

    def _hold(self, event: Mapping[str, Any], truth: Truth, decision_id: str) -> None:
        if truth.scenario is None:
            amount = event.get("amount")
            minor = parse_minor(amount, event.get("currency", "CNY")) if amount is not None else 0
            self._honest_unserved += 1
            self._honest_unserved_minor += minor
        else:
            minor = truth.loss_minor
            self._tallies[truth.scenario].saved_minor += minor
        name = event["id"]
        self._held[name] = _Held(truth, minor)
        if decision_id != name:
            self._decisions[decision_id] = name
        self._names.append((name, decision_id))
        if len(self._names) > REMEMBERED:
            old, its_decision = self._names.popleft()
            self._held.pop(old, None)
            self._decisions.pop(its_decision, None)

    def _let_go(self, name: str) -> None:
        held = self._held.pop(name, None)
        if held is None:
            return
        if held.truth.scenario is None:
            self._honest_unserved -= 1
            self._honest_unserved_minor -= held.minor
        else:
            self._tallies[held.truth.scenario].saved_minor -= held.minor


def _before(episode: str, start: int) -> str:
    """An episode of an earlier start, by a name that no later one has."""
    return episode if "#" in episode else f"{episode}#{start}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _row(name: str, figures: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    recall, delay = figures["recall"], figures["delay_events_median"]
    return (
        name,
        str(figures["episodes"]),
        str(figures["episodes_caught"]),
        str(figures["events"]),
        str(figures["events_stopped"]),
        "–" if recall is None else f"{recall:.1%}",
        format_minor(figures["at_risk_minor"], currency),
        format_minor(figures["saved_minor"], currency),
        format_minor(figures["missed_minor"], currency),
        "–" if delay is None else f"{delay:g}",
    )
