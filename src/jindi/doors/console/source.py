"""What the console shows, and the one question it asks: a `Source` that answers from the running platform.

Every method is called on the event loop and answers from memory, or with one short read: a page must not
make a decision wait. What takes longer is given back as a function. Values are plain; words in both languages
come along, because a page chooses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from jindi.engine import Explanation
from jindi.packs.definitions import AdviceDef, LimitDef, Outcome, PolicyDef, Words
from jindi.run.records import DecisionRecord
from jindi.run.watching import Alert, AlertPage, Viewer


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions are asked for; None or empty asks for all.

    `rule` is the id of a rule that was hit. `text` is looked for in the decision's id, the event's id and
    the subject. `trouble` asks for degraded or late decisions only. The event's own instant is from `since_us` on and
    before `until_us`.
    """

    outcome: Outcome | None = None
    event_type: str | None = None
    rule: str | None = None
    text: str | None = None
    trouble: Literal["degraded", "late"] | None = None
    since_us: int | None = None
    until_us: int | None = None

    def has(self, at_us: int) -> bool:
        """Whether an instant is in its time."""
        return (self.since_us is None or at_us >= self.since_us) and (self.until_us is None or at_us < self.until_us)


ALL_DECISIONS = DecisionFilter()


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One line of a list. `seq` is the decision's place in the journal and only grows.

    `subject` is the key of the event's first entity, a token where it is personal. `status` is what became
    of a decision that was not the last word (pending, passed, released, …), `final` otherwise. `exempted` are the
    rules whose condition held and that an exemption lifted, where the row was read from the journal.
    """

    seq: int
    decision_id: str
    event_id: str
    event_type: str
    at_us: int
    outcome: Outcome
    score: int
    rules: tuple[str, ...] = ()
    subject: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    latency_us: int | None = None
    degraded: bool = False
    late: bool = False
    status: str = "final"
    exempted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field of the event: as `engine.shown` gives it, tokens for what is personal; `kind` is its type's."""

    name: str
    doc: Words
    text: str | float | bool | None
    kind: str
    data_class: str
    is_token: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An event that spoke about the decision later, or a retry of the same matter: what, when, by whom."""

    kind: str
    at_us: int
    text: str
    decision_id: str | None = None


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """Where a decision stands, and what it was made with.

    `batch_first` is the first sequence number of its batch, `hash` the batch's chain hash in hex (None
    when the journal's page is not at hand), `durable_us` when the batch was on disk.
    """

    seq: int
    batch_first: int | None = None
    hash: str | None = None
    durable_us: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """All about one decision that is not explanation. `absent` are the inputs that were away."""

    row: DecisionRow
    as_of_us: int
    received_us: int
    policy: str | None
    policy_digest: str | None
    definitions_digest: str
    place: JournalPlace
    fields: tuple[FieldLine, ...]
    method: str | None = None
    wait_us: int | None = None
    absent: tuple[str, ...] = ()
    retry_of: str | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    advice: tuple[AdviceDef, ...] = ()
    """What the answer told the customer."""


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """One thing that does not come out as the journal has it. `kind` is one of a cause's kinds (`run.replay`)."""

    kind: str
    name: str
    journalled: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A decision made again: whether every byte is the same, and what is not."""

    bytes: int
    digest: str
    differences: tuple[ReplayLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute's decisions: how many of each outcome, and how long the answers took."""

    start_us: int
    outcomes: Mapping[Outcome, int]
    latency_us_p50: int | None = None
    latency_us_p99: int | None = None

    @property
    def decisions(self) -> int:
        """All outcomes together."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule was hit since the platform started."""

    policy: str
    rule: str
    doc: Words
    hits: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The platform's pulse. `minutes` are oldest first, at most 60, without gaps; the last may be unfinished.

    Latencies are from receipt to a durable answer, None where nothing was answered. `as_of_us` is when these
    figures were taken: a page that shows old ones says so. `per_second` is over the last ten seconds. `stopped`
    is the sentence of why the lane no longer decides, None while it does. `telling_us` is how far a simulated past
    has been told while events from outside wait for its end, None when they are taken; `told_from_us` is where that
    past begins.
    """

    as_of_us: int
    started_us: int
    decisions: int
    per_second: float
    minutes: tuple[Minute, ...]
    latency_us_p50: int | None
    latency_us_p99: int | None
    rules: tuple[RuleCount, ...] = ()
    waiting: int = 0
    stopped: str | None = None
    telling_us: int | None = None
    told_from_us: int = 0

    @property
    def told(self) -> float | None:
        """How much of a simulated past has been told, from 0 to 1; None when none is being told."""
        if self.telling_us is None:
            return None
        whole_us = self.as_of_us - self.told_from_us
        return min(1.0, max(0.0, (self.telling_us - self.told_from_us) / whole_us)) if whole_us > 0 else 1.0


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy with what it has done since the platform started, or since the policy was taken on.

    `hits` are by rule id, `decided` by outcome; for a shadow policy they are what it would have done. Of a policy that
    `is_confidential` neither is told.
    """

    policy: PolicyDef
    limits: tuple[LimitDef, ...] = ()
    decided: Mapping[Outcome, int] = field(default_factory=dict)
    hits: Mapping[str, int] = field(default_factory=dict)
    is_confidential: bool = False


@dataclass(frozen=True, slots=True)
class ScenarioScore:
    """One kind of fraud against the truth, in events and in money (minor units).

    Caught is what an outcome heavier than `allow` met before the money left; missed is what got away.
    """

    scenario: str
    episodes: int
    episodes_caught: int
    events: int
    events_caught: int
    caught_minor: int
    missed_minor: int


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """A simulation's result so far. `wrongly_stopped` honest events of `honest` were not allowed."""

    currency: str
    honest: int
    wrongly_stopped: int
    scenarios: tuple[ScenarioScore, ...]

    @property
    def caught_minor(self) -> int:
        """Money that was kept from wrong hands, in minor units."""
        return sum(line.caught_minor for line in self.scenarios)

    @property
    def missed_minor(self) -> int:
        """Money that went into wrong hands, in minor units."""
        return sum(line.missed_minor for line in self.scenarios)


class Sources(Protocol):
    """The running platform, before it is known who looks: there is no way to a `Source` but by a viewer."""

    def seen_by(self, viewer: Viewer) -> "Source":
        """What this viewer may see."""


class Source(Protocol):
    """The running platform, as one viewer sees it. What he may not see is not there, by no method."""

    def recent(
        self, limit: int, before: int | None = None, wanted: DecisionFilter = ALL_DECISIONS
    ) -> Sequence[DecisionRow]:
        """The newest decisions that fit, newest first; only those with `seq < before` when it is given."""

    def rows_of(self, found: Sequence[tuple[int, DecisionRecord]]) -> Sequence[DecisionRow]:
        """Decisions that were read from the journal, as rows; those that the viewer may not see are not among them."""

    def horizon_us(self, wanted: DecisionFilter = ALL_DECISIONS) -> int | None:
        """The instant of the oldest decision that `recent` can still find for a filter; None when it finds all."""

    def decision(self, decision_id: str) -> DecisionPage | None:
        """A decision by its id, or None when there is none."""

    def explanation(self, decision_id: str) -> Callable[[], Explanation] | None:
        """Why a decision is as it is, from the facts in the journal; None when they are not at hand.

        What is given back does the reckoning, which may take a tenth of a second: the console calls it in
        a thread, so it must not touch what the lane changes. It may raise LookupError or ValueError when
        the definitions of that moment can't be used; the page then says so.
        """

    def replay(self, decision_id: str) -> Callable[[], ReplayView] | None:
        """The decision made again on its journalled facts; as `explanation`, for a thread."""

    def event_types(self) -> Sequence[tuple[str, Words]]:
        """The event types that a policy decides, with their sentences."""

    def stats(self) -> Stats:
        """The platform's pulse now."""

    def scoreboard(self) -> Scoreboard | None:
        """The simulation against its ground truth; None when no simulation runs."""

    def policies(self) -> Sequence[PolicyView]:
        """All policies: live first, then shadows and drafts."""

    def staff_alerts(self, limit: int, before: int | None = None) -> tuple[Sequence[Alert], int | None]:
        """The newest alerts about staff, and where an older look goes on; None when there is nothing older."""

    def staff_alert(self, decision_id: str) -> AlertPage | None:
        """An alert about staff by its decision's id, or None when there is none."""
