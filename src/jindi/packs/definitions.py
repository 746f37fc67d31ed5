"""What a pack declares, once read: frozen, typed, checked values that every other room works from.

Every definition has passed all checks by the time it stands here; nobody asks a second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from jindi.language import Expression, Type, Value

DataClass = Literal["public", "C1", "C2", "C3"]
"""JR/T 0171-2020 classes of personal financial information, plus `public`."""

Degrade = Literal["open", "closed", "challenge"]
"""What a rule does when an input is away: not fire, fire as it stands, or ask for a challenge."""


class Outcome(StrEnum):
    """What happens to an event, from the lightest to the heaviest."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    DELAY = "delay"
    REVIEW = "review"
    DENY = "deny"


OUTCOMES: tuple[Outcome, ...] = tuple(Outcome)
"""By weight: the heavier outcome has the larger index."""


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str

    @classmethod
    def alike(cls, text: str) -> "Words":
        """A text that both languages have, such as the number of an incident."""
        return cls(text, text)


Listed = Literal["person", "entity", "unknown"]
"""What somebody who is looked for on watch lists may be."""


@dataclass(frozen=True, slots=True)
class ScreensDef:
    """Whom the platform looks for on watch lists, told by fields beside: `name` holds the name, `number` the number of
    an identity document, `birth` a date (`1970-03-14`), `country` a country; those that are None are not told.
    """

    name: str
    number: str | None = None
    birth: str | None = None
    country: str | None = None
    kind: Listed = "unknown"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it reads."""
        return tuple(each for each in (self.name, self.number, self.birth, self.country) if each is not None)


@dataclass(frozen=True, slots=True)
class DerivesDef:
    """What the platform tells of an identifier before it becomes a token: the field `of` beside, and `what` of it."""

    of: str
    what: str


@dataclass(frozen=True, slots=True)
class LiesInDef:
    """Which lists of ranges the platform looks an address up in: the field that holds it, and the lists in order."""

    address: str
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of an event.

    `type` is what expressions see: a field with an `identifier` (phone, id_card, bank_card, email, name,
    address, device, ip, ...) has type token and its clear text never passes intake. `entity` says whose
    key it is (user, device, merchant, ...). `subject` names the field beside it that says whose an identifier is,
    for the vault. `currency_field` names the field that holds the currency of
    a money field when the pack does not fix it. `same_as` names the entity whose keys these are in another role: a
    payee is a user, too. A field that `screens` is filled by the platform: how near the named one is to somebody on a
    watch list. So is one that `derives`: an age, a region, a kind of card, told by an identifier beside it. A `strict`
    identifier is refused when its number can't be right although its check digit is.
    """

    name: str
    type: Type
    data_class: DataClass
    doc: Words
    required: bool = True
    entity: str | None = None
    identifier: str | None = None
    values: tuple[str, ...] = ()
    length_max: int = 128
    least: int | None = None
    most: int | None = None
    subject: str | None = None
    same_as: str | None = None
    screens: ScreensDef | None = None
    derives: DerivesDef | None = None
    strict: bool = False
    lies_in: LiesInDef | None = None

    @property
    def is_filled(self) -> bool:
        """Whether the platform fills it, and nobody else may send it."""
        return self.screens is not None or self.derives is not None or self.lies_in is not None


@dataclass(frozen=True, slots=True)
class EventDef:
    """An event type: its fields in declared order. `late_after_us`: further back than this is marked late."""

    name: str
    pack: str
    doc: Words
    fields: tuple[FieldDef, ...]
    late_after_us: int
    lifecycle: str | None = None
    """One of challenge_result, release, recall, verdict, finding, list_entry for the events of a decision's life."""
    own: bool = False
    """Only the platform itself tells such events: nobody else may send them."""


Unit = Literal["day", "week", "month", "year"]
Mark = Literal["verified", "from memory", "design default"]

FOLDS = (
    "count", "sum", "mean", "std", "min", "max", "distinct", "first", "last",
    "since_first", "since_last", "seen", "quantile",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Over:
    """The window: `sliding` (t-length, t], `calendar` (from the start of the unit's period), or `ever`."""

    kind: Literal["sliding", "calendar", "ever"]
    length_us: int = 0
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class FeatureDef:
    """A window feature: `fold` of `value` over the events `of`, per key `by`.

    `by` maps an event type to the fields that make the key, for feeding and for merely reading types;
    `value` maps a feeding event type to the folded field (empty for count and for since_*).
    `where` maps a feeding event type to the condition, checked against that type's fields.
    `entities` names the key's parts (the fields' entities or names), `type` what expressions see.

    With `pattern` it is no window but a fact of that pattern (its cases left out) around the event's own transfer:
    `fold` is "pattern", `fact` which fact it is; there is no key, and only events that feed the pattern have it.
    """

    name: str
    pack: str
    doc: Words
    of: tuple[str, ...]
    by: Mapping[str, tuple[str, ...]]
    entities: tuple[str, ...]
    fold: str
    value: Mapping[str, str]
    over: Over
    lag_us: int
    where: Mapping[str, Expression]
    counts: Literal["attempts", "accepted"]
    current: Literal["include", "exclude"]
    quantile_ppm: int
    type: Type
    zone: ZoneInfo
    degrade: Degrade
    pattern: "PatternDef | None" = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class DerivedDef:
    """A feature that is an expression over others; `otherwise` replaces a missing result.

    `events` are the event types on which all its inputs can be read.
    """

    name: str
    pack: str
    doc: Words
    expression: Expression
    otherwise: Value
    type: Type
    events: tuple[str, ...]
    degrade: Degrade


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A value of a limit from a day on, with where it comes from. `value` None is an unset placeholder, `mark` None: it
    is as sure as the limit says.
    """

    since: date
    value: int | float | str | None
    basis: Words
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class LimitDef:
    """A dated parameter. `mark` says how sure the figure is; a design default says so on screen."""

    name: str
    pack: str
    doc: Words
    type: Type
    mark: Mark
    steps: tuple[LimitStep, ...]

    def mark_of(self, step: LimitStep) -> Mark:
        """How sure one of its figures is."""
        return step.mark or self.mark

    def on(self, day: date) -> LimitStep:
        """The step in force on a day; raises LookupError before the first: asked too early, never guessed."""
        current = None
        for step in self.steps:
            if step.since <= day:
                current = step
        if current is None:
            raise LookupError(f"limit {self.name} has no value on {day}: the first is of {self.steps[0].since}")
        return current


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A member of a list until `expires_us` (None: for good)."""

    value: str
    expires_us: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ListDef:
    """A list that the pack begins with; entries also come and go as `list_entry` events."""

    name: str
    pack: str
    doc: Words
    colour: Literal["black", "white", "grey"]
    of: Type
    entries: tuple[ListEntry, ...]
    is_of_ranges: bool = False
    """Its entries are ranges of addresses, in the one form of `read_range`; fields with `lies_in` ask it."""

    @property
    def word(self) -> str:
        """What it is a list of: a kind of identifier, `text` or `range`."""
        return "range" if self.is_of_ranges else self.of.of or "text"


@dataclass(frozen=True, slots=True)
class WordDef:
    """An event type that speaks about a label, later and perhaps wrongly: what it says of which event.

    `names` is its field with the id of the labelled event; with `by_decision` that field holds the id of the
    event's decision. `value` is what it says, over its own fields: true, false, or nothing when missing.
    """

    event: str
    names: str
    by_decision: bool
    value: Expression


@dataclass(frozen=True, slots=True)
class LabelDef:
    """What turns out about an event after its decision (fraud, default): said by later events, the last word
    counts. An event that nobody has spoken of for `mature_us` is taken as false, and not before.
    """

    name: str
    pack: str
    doc: Words
    on: tuple[str, ...]
    mature_us: int
    words: tuple[WordDef, ...]


@dataclass(frozen=True, slots=True)
class CaseDef:
    """A worked example in a pack. `given` holds field and feature values in the language's values;
    `members` names the (list, value) pairs that hold; `at_us` fixes the time words and the limits' day.
    """

    name: str
    given: Mapping[str, Value]
    members: frozenset[tuple[str, Value]]
    at_us: int
    fires: bool | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class RuleDef:
    """When `when` is true the rule is hit: it adds `score` and, if `then` is set, asks for that outcome."""

    id: str
    doc: Words
    when: Expression
    then: Outcome | None
    score: int
    basis: Words
    degrade: Degrade
    method: str | None
    wait_us: int | None
    share_max_ppm: int
    confirmed_share_ppm: int | None
    cases: tuple[CaseDef, ...]
    typology: str | None = None
    """What kind of case a hit points to; None where only the rest says so."""
    discreet: bool = False
    """Answers do not say that it was hit: whoever it is about must not be told (no tipping-off)."""
    tell: str | None = None
    """The advice that the customer is given when it is hit; None where only the outcome's own is."""


@dataclass(frozen=True, slots=True)
class BandDef:
    """From this score up (inclusive), at least this outcome."""

    score_from: int
    then: Outcome
    method: str | None = None
    wait_us: int | None = None


@dataclass(frozen=True, slots=True)
class ExemptionDef:
    """When `when` is true, outcomes in `lifts` are not asked for (a passed challenge, say)."""

    id: str
    doc: Words
    when: Expression
    lifts: frozenset[Outcome]
    basis: Words


@dataclass(frozen=True, slots=True)
class SplitDef:
    """Which events a challenger decides: those whose field `by` draws a lot below `share_ppm` under `seed`.

    The lot is `digests.lot_ppm`, so whoever the field names stays on one side; an event without the field is the
    champion's. A larger share under the same seed keeps everybody who was the challenger's already.
    """

    by: str
    share_ppm: int
    seed: str


@dataclass(frozen=True, slots=True)
class PolicyDef:
    """The rules of one event type, in one version. A live policy with a `split` is a challenger: it decides a share
    of the events instead of the live policy without one.
    """

    id: str
    pack: str
    on: str
    doc: Words
    state: Literal["live", "shadow", "draft"]
    deadline_us: int
    bands: tuple[BandDef, ...]
    rules: tuple[RuleDef, ...]
    exemptions: tuple[ExemptionDef, ...]
    cases: tuple[CaseDef, ...]
    digest: str
    split: SplitDef | None = None
    keeps: tuple[str, ...] = ()
    """Features that are read and kept with each decision though no rule asks for them: to learn from later."""

    @property
    def version(self) -> str:
        """This version's own name: the policy's id and the beginning of its content's digest."""
        return f"{self.id.partition('@')[0]}@{self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class ModelInput:
    """A column that a model sees: a fact as a double, or (`equals`) whether a text fact is this word.

    Amounts of a fixed currency come in major units, durations in microseconds, true as 1; a missing fact is NaN.
    """

    name: str
    type: Type
    equals: str | None = None

    @property
    def title(self) -> str:
        """How the column is called where people read it.

        >>> from jindi.language import TEXT
        >>> ModelInput("channel", TEXT, equals="app").title
        "channel == 'app'"
        """
        return self.name if self.equals is None else f"{self.name} == '{self.equals}'"


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees in flat arrays, one tree behind the other: tree t has `leaves[t]` leaves and one node fewer.

    Nodes: `feature` is a place among the model's inputs; a value <= `threshold` goes `left`. A child >= 0 is
    a node of the same tree, a child < 0 its leaf ~child; node 0 is the root. `missing` says what counts as
    missing at the node: 0 nothing (NaN is 0.0), 1 zero and NaN, 2 NaN; the missing go where `default_left`
    says. Leaves: the `value` added, and `count`, the training rows that came there.
    """

    leaves: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    missing: tuple[int, ...]
    default_left: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]
    count: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WoeTerm:
    """One input of a logistic model on weights of evidence: bin i holds edges[i-1] < x <= edges[i].

    `mean` is the mean weight of evidence of the training rows: what a contribution is measured from.
    """

    weight: float
    edges: tuple[float, ...]
    woe: tuple[float, ...]
    missing: float
    mean: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the raw score to a probability. `none`: the link alone. `platt`: sigmoid(slope · raw + intercept).
    `isotonic`: straight lines through the points (at, is), level outside them.
    """

    kind: Literal["none", "platt", "isotonic"] = "none"
    slope: float = 1.0
    intercept: float = 0.0
    at: tuple[float, ...] = ()
    is_: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelDef:
    """A trained model on one event type; rules read its calibrated probability by the model's name.

    Either `trees` or `terms` is there. The raw score is `base` plus the leaves or the terms, added in order.
    `card` names the model card in the pack's repository, `digest` the exact file.
    """

    name: str
    pack: str
    doc: Words
    on: str
    file: str
    degrade: Degrade
    inputs: tuple[ModelInput, ...]
    base: float
    link: Literal["sigmoid", "identity"]
    trees: Trees | None
    terms: tuple[WoeTerm, ...]
    calibration: Calibration
    card: str
    digest: str


@dataclass(frozen=True, slots=True)
class ControlDef:
    """A safeguard that is proved again and again: what it promises (`doc`), which measure it answers, what carries it
    out (`by`) and which check proves it, asked with `arguments`.

    `owner` is a role of staff. A result older than `period_us` counts as none. `excluded` says why it does not apply
    on this platform; then it is not run, and is shown with that reason. `digest` names exactly what is checked: a
    result of another digest is not this control's.
    """

    id: str
    pack: str
    doc: Words
    measure: Words
    risk: str
    by: tuple[str, ...]
    check: str
    arguments: Mapping[str, int | str | tuple[str, ...]]
    owner: str
    period_us: int
    severity: Literal["high", "medium", "low"]
    basis: Words
    excluded: Words | None
    digest: str


@dataclass(frozen=True, slots=True)
class ArticleDef:
    """An article of a source, and what it says in one sentence of our own. `mark` says how sure that sentence is."""

    id: str
    says: Words
    mark: Literal["verified", "from memory", "design default"]


@dataclass(frozen=True, slots=True)
class SourceDef:
    """A document that bases rest on: a law, a rule, a standard, or what this house decided itself (`ours`).

    `body` issued it under `number`; it is in force since `since`, None where that is not known. `names` are those by
    which a basis calls it. `address` is where its text was read, "" where none is known; nobody here asks for it.
    """

    id: str
    pack: str
    title: Words
    body: Words
    number: str
    since: date | None
    status: Literal["in force", "repealed", "draft", "ours"]
    mark: Literal["verified", "from memory", "design default"]
    names: tuple[str, ...]
    address: str
    note: Words | None
    articles: tuple[ArticleDef, ...]

    def article(self, identifier: str) -> ArticleDef | None:
        """An article by its number."""
        return next((each for each in self.articles if each.id == identifier), None)


Level = Literal["low", "medium", "high", "critical"]
"""How grave a case is."""

LEVELS: tuple[Level, ...] = get_args(Level)
"""The lightest first."""


@dataclass(frozen=True, slots=True)
class TypologyDef:
    """A kind of case: what pattern its decisions show, whom a case of it is about, and how it is worked.

    `by` are entities: a case is about the first of them that the event names. A decision comes to people when its
    outcome is at least `least`; they have `due_us` from its first decision on. `steps` is what to look at, in order.
    `rest`: decisions whose rules point to no typology are of this one.
    """

    name: str
    pack: str
    doc: Words
    by: tuple[str, ...]
    least: Outcome
    level: Level
    due_us: int
    steps: tuple[Words, ...]
    rest: bool = False


@dataclass(frozen=True, slots=True)
class AdviceDef:
    """What a customer is told: why something is asked, held or refused, and what to do now.

    Rules point to it; one with an `outcome` is told whenever that outcome comes out, whatever rule asked for it.
    """

    name: str
    pack: str
    doc: Words
    outcome: Outcome | None = None


PatternKind = Literal[
    "fan_in", "fan_out", "pass_through", "gather_scatter", "scatter_gather", "cycle", "bipartite", "stack",
]  # fmt: skip

PATTERN_KINDS: tuple[PatternKind, ...] = get_args(PatternKind)


@dataclass(frozen=True, slots=True)
class FeedDef:
    """Which events are transfers: the fields of an event type that say who pays whom how much."""

    event: str
    payer: str
    payee: str
    amount: str


@dataclass(frozen=True, slots=True)
class CaseTransfer:
    """A transfer of a pattern's case; `at_us` counts from the case's beginning."""

    at_us: int
    payer: str
    payee: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class PatternCaseDef:
    """Some transfers in order, whether the last of them completes the pattern, and facts that it then gives."""

    name: str
    transfers: tuple[CaseTransfer, ...]
    completes: bool
    gives: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PatternDef:
    """A shape of money in the graph of transfers, looked for around each transfer in (at - over, at].

    `payers`, `payees`, `middlemen`, `sources` are the fewest that make it, 0 where the kind has none; `length_least`
    to `length_most` is how many transfers a cycle has, `in_time` whether its legs must follow each other in time.
    `share_ppm` is how much of the money goes on, in parts per million, None for any: of a whole account (what went
    out of what came in), or of each leg against the one before it. A transfer is new when the same payer made none of
    the same kind to the same payee in the `new_for_us` before it; with `only_new` no other transfer counts.
    """

    name: str
    pack: str
    doc: Words
    kind: PatternKind
    of: tuple[FeedDef, ...]
    over_us: int
    basis: Words
    mark: str
    payers: int = 0
    payees: int = 0
    middlemen: int = 0
    sources: int = 0
    length_least: int = 0
    length_most: int = 0
    in_time: bool = False
    share_ppm: tuple[int, int] | None = None
    new_for_us: int = 0
    only_new: bool = False
    cases: tuple[PatternCaseDef, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarYearDef:
    """What a year's notice says: days off, first and last of each stretch, and weekend days that are worked.

    Days may lie in the December before: a notice speaks of New Year's Day and what is put together with it.
    """

    year: int
    off: tuple[tuple[date, date], ...]
    work: tuple[date, ...]
    basis: Words
    mark: Mark


@dataclass(frozen=True, slots=True)
class CalendarDef:
    """Working days of a place: Monday to Friday but for what its years say. A year that is not there is not known.
    `adds_to` names the calendar whose years these are in truth; such a one is not met outside of its file.
    """

    name: str
    pack: str
    doc: Words
    years: tuple[CalendarYearDef, ...]
    adds_to: str = ""


CustomerKind = Literal["person", "entity"]
"""Who a customer is: a natural person, or a legal person or another organisation (非自然人)."""

CUSTOMER_KINDS: tuple[CustomerKind, ...] = get_args(CustomerKind)

Means = Literal["cash", "transfer"]
"""How money moves."""

MEANS: tuple[Means, ...] = get_args(Means)

Border = Literal["any", "domestic", "cross_border"]
"""Which side of the border a criterion looks at."""

BORDERS: tuple[Border, ...] = get_args(Border)


@dataclass(frozen=True, slots=True)
class CriterionDef:
    """From when on a customer's day is a large transaction: a line for the local currency and one for equivalents in US
    dollars, which are names of parameters, as is `within`, the working days that a report has by `calendar`.
    """

    name: str
    pack: str
    doc: Words
    code: str
    who: tuple[CustomerKind, ...]
    means: Means
    border: Border
    cny: str
    usd: str
    within: str
    calendar: str
    basis: Words
    mark: Mark


@dataclass(frozen=True, slots=True)
class LargeExemptionDef:
    """What need not be reported as a large transaction, unless it is suspicious."""

    name: str
    pack: str
    doc: Words
    basis: Words
    mark: Mark


FactorGroup = Literal["customer", "region", "business", "occupation"]
"""The four groups of elements of a customer's rating (客户特性, 地域, 业务, 行业或职业)."""


@dataclass(frozen=True, slots=True)
class LevelDef:
    """A level of risk: from how many points on, and the parameter with the months until its review. Where `enhanced`,
    enhanced due diligence is owed.
    """

    name: str
    doc: Words
    points_from: int
    review: str
    enhanced: bool


@dataclass(frozen=True, slots=True)
class FactorDef:
    """A factor of a rating: the step that a fact gives, from 1 to the scheme's steps, and what it weighs.

    Of a text `values` says the step of each value, and `otherwise` that of all others; of a number the last of `bounds`
    (value, step) that it reaches, `otherwise` below the first. `missing` is the step of who has no such fact.
    """

    name: str
    doc: Words
    group: FactorGroup
    weight: int
    of: str
    values: Mapping[str, int]
    bounds: tuple[tuple[int, int], ...]
    otherwise: int
    missing: int
    basis: Words
    mark: Mark


@dataclass(frozen=True, slots=True)
class TellingDef:
    """What a fact says when it is one of `values`, or at least `least`: that points are taken off (`less`), or that the
    customer is of the highest level whatever the points.
    """

    name: str
    doc: Words
    of: str
    values: tuple[str, ...]
    least: int | None
    less: int
    basis: Words


@dataclass(frozen=True, slots=True)
class RatingDef:
    """How customers are rated. `on` is the event whose decision keeps the facts; `opens` are events that begin a
    relationship, `again` those after which a customer is looked at anew. `first` is the parameter with the working days
    (by `calendar`) until the first rating. `levels` rise.
    """

    name: str
    pack: str
    doc: Words
    on: str
    steps: int
    opens: tuple[str, ...]
    again: tuple[str, ...]
    first: str
    calendar: str
    levels: tuple[LevelDef, ...]
    factors: tuple[FactorDef, ...]
    mitigations: tuple[TellingDef, ...]
    directs: tuple[TellingDef, ...]
    basis: Words
    mark: Mark

    def level(self, name: str) -> LevelDef | None:
        """A level by its name."""
        return next((each for each in self.levels if each.name == name), None)


Way = Literal["in", "out"]
"""Which way a customer's money goes."""

WAYS: tuple[Way, ...] = get_args(Way)

Side = Literal["domestic", "cross_border"]
"""On which side of the border a movement lies."""

SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class MovementDef:
    """What an event moves for one customer: of whom, which way, by which means, and the names of the event's fields
    that say how much, by which card, and who is on the other side; "" where an event does not say.
    `exempt` names the exemption that all of it falls under.
    """

    name: str
    pack: str
    doc: Words
    event: str
    customer: str
    kind: CustomerKind
    way: Way
    means: Means
    side: Side
    amount: str
    card: str = ""
    other: str = ""
    other_name: str = ""
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class SuspicionDef:
    """What a report says by default that comes from a case of a typology: the types of crime that are suspected, and
    the codes of suspicious features that the house has filed with the centre (none: each report names its own).
    """

    name: str
    pack: str
    doc: Words
    typology: str
    crimes: tuple[str, ...]
    features: tuple[str, ...]
    basis: Words
    mark: Mark


Grade = Literal["general", "serious", "major", "critical"]
"""How grave an incident is: 一般, 较大, 重大, 特别重大."""

GRADES: tuple[Grade, ...] = get_args(Grade)
"""The lightest first."""

IncidentKind = Literal["data", "attack", "outage", "funds", "fraud", "vendor"]
"""What kind of thing an incident is: data security, a cyber attack, an outage, safety of payments and funds, an
outbreak of fraud, a vendor's trouble."""

INCIDENT_KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)

Profile = Literal["cn", "dora", "nis2"]
"""Whose rules of reporting apply."""

PROFILES_OF_REPORTS: tuple[Profile, ...] = get_args(Profile)

Receiver = Literal["cac", "pboc", "nfra", "police", "persons", "authority"]
"""To whom an incident is reported."""

RECEIVERS: tuple[Receiver, ...] = get_args(Receiver)

Moment = Literal["aware", "classified", "contained", "resolved", "sent"]
"""From when a time for reporting counts; `sent`: when another report was sent."""

MOMENTS: tuple[Moment, ...] = get_args(Moment)

Measure = Literal["persons", "loss", "outage"]
"""What a threshold of a grade compares."""

MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class DueDef:
    """One time for a report: from which moment, within the duration of which parameter. `of` is the report that was
    sent, "" for all other moments.
    """

    moment: Moment
    within: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class ReportDef:
    """A report that an incident may owe: to whom, of which incidents, and by when (the earliest of `due`).

    It is owed from the grade `least` on; `kinds` empty: of all kinds. `critical` True: only when critical information
    infrastructure is hit, False: only when it is not, None: either way. `persons`: only when people are affected.
    `every` is the parameter by which it is repeated until the incident is resolved, "" for once. `again`: when the
    grade rises after it was sent, it is owed once more. `mark` says how sure all of that is.
    """

    name: str
    pack: str
    doc: Words
    profile: Profile
    to: Receiver
    least: Grade
    kinds: tuple[IncidentKind, ...]
    critical: bool | None
    persons: bool
    due: tuple[DueDef, ...]
    every: str
    again: bool
    mark: Literal["verified", "from memory", "design default"]
    basis: Words


@dataclass(frozen=True, slots=True)
class ThresholdDef:
    """From which figure on a grade is suggested: the parameter `from_`, compared with what `measure` names.

    `kinds` empty: of all kinds. `critical` and `whole` True: only when critical information infrastructure is hit, or
    when all of a system is down; None: either way.
    """

    name: str
    pack: str
    doc: Words
    profile: Profile
    grade: Grade
    measure: Measure
    from_: str
    kinds: tuple[IncidentKind, ...]
    critical: bool | None
    whole: bool | None


@dataclass(frozen=True, slots=True)
class PlanDef:
    """What is done when an incident of a kind begins, in order."""

    name: str
    pack: str
    doc: Words
    kind: IncidentKind
    steps: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class PackDef:
    """A pack's own page."""

    name: str
    version: str
    doc: Words
    zone: ZoneInfo
    currency: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """All packs of a platform, together. `digest` names exactly these definitions; `source` is the
    canonical text they were read from, so that the journal can keep it and replay can read it again.
    """

    packs: Mapping[str, PackDef]
    events: Mapping[str, EventDef]
    features: Mapping[str, FeatureDef]
    derived: Mapping[str, DerivedDef]
    limits: Mapping[str, LimitDef]
    lists: Mapping[str, ListDef]
    policies: tuple[PolicyDef, ...]
    digest: str
    source: Mapping[str, str] = field(repr=False, default_factory=dict)
    labels: Mapping[str, LabelDef] = field(default_factory=dict)
    models: Mapping[str, ModelDef] = field(default_factory=dict)
    controls: Mapping[str, ControlDef] = field(default_factory=dict)
    typologies: Mapping[str, TypologyDef] = field(default_factory=dict)
    reports: Mapping[str, ReportDef] = field(default_factory=dict)
    thresholds: Mapping[str, ThresholdDef] = field(default_factory=dict)
    plans: Mapping[str, PlanDef] = field(default_factory=dict)
    sources: Mapping[str, SourceDef] = field(default_factory=dict)
    patterns: Mapping[str, PatternDef] = field(default_factory=dict)
    calendars: Mapping[str, CalendarDef] = field(default_factory=dict)
    criteria: Mapping[str, CriterionDef] = field(default_factory=dict)
    large_exemptions: Mapping[str, LargeExemptionDef] = field(default_factory=dict)
    movements: Mapping[str, MovementDef] = field(default_factory=dict)
    suspicions: Mapping[str, SuspicionDef] = field(default_factory=dict)
    rating: RatingDef | None = None
    """How customers are rated; None where no pack says."""
    advice: Mapping[str, AdviceDef] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)
    """What the values of text fields are called: for a field's name, for a value."""
    case_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What cases are called in Chinese: for a pack, for the name of a case of its policies or patterns."""

    def live_policy(self, event: str) -> PolicyDef | None:
        """The live policy of an event type, if it has one."""
        return next((p for p in self.policies if p.on == event and p.state == "live" and p.split is None), None)

    def challenger(self, event: str) -> PolicyDef | None:
        """The live policy that decides a share of an event type, if it has one."""
        return next((p for p in self.policies if p.on == event and p.state == "live" and p.split is not None), None)
