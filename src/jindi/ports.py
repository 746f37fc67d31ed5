"""All that the house asks of the outside world, on one page.

Knows: shapes. Never: which implementation is behind a port; only `app` does.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple, Protocol


class Clock(Protocol):
    """Wall time. Only `run`, `stores` and `doors` may ask; pure rooms are given the instant."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One batch as the log keeps it: `count` records from sequence number `first`, and its bytes."""

    first: int
    count: int
    batch: bytes


class LogFailure(Exception):  # noqa: N818 - the name of what happened
    """The log could not make a batch durable, or is not fit to be written; the lane must stop.

    The message names the place and the remedy. What was not acknowledged may or may not be on disk.
    """


class LogHeld(LogFailure):
    """Another process has the log open for writing."""


class LogDamaged(LogFailure):
    """Bytes that were once durable are no longer what was written: names file, offset and what is wrong."""

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        self.place, self.problem, self.remedy = place, problem, remedy
        super().__init__(f"{place}: {problem}" + (f" ({remedy})" if remedy else ""))


class Log(Protocol):
    """An append-only sequence of opaque batches; a sequence number, once given, never changes meaning.

    Records are numbered from 0 without gaps. Batches are stored whole or not at all: after a crash a
    batch that was not acknowledged may be absent, never half there.
    """

    def append(self, batch: bytes, first: int, count: int) -> None:
        """Make one batch durable: when this returns, a power cut cannot lose it.

        `first` must be `next_seq`. Raises LogFailure; after that every later append fails too, until
        the log is opened again.
        """

    def read(self, first: int = 0) -> Iterator[Frame]:
        """All batches from the one that holds sequence number `first`, in order, checked for damage.

        Raises LogDamaged at the first damaged place. Batches appended meanwhile may or may not appear.
        """

    def next_seq(self) -> int:
        """The sequence number that the next record will get."""

    def notes(self) -> tuple[str, ...]:
        """What opening found and mended (a torn tail, say): sentences for the operator's log."""

    def close(self) -> None:
        """Release files and locks."""


class Blobs(Protocol):
    """Named byte strings that are replaced whole: snapshots, checkpoints, keys, small state."""

    def save(self, name: str, chunks: Iterable[bytes | memoryview], *, private: bool = False) -> None:
        """Durable and atomic: afterwards the name holds either the old bytes or all the new chunks.

        `private` bytes are readable by the owner alone (mode 0600).
        """

    def load(self, name: str) -> bytes | None:
        """The bytes, or None when there is no such name."""

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """All names that start with `prefix`, sorted."""

    def drop(self, name: str) -> None:
        """Forget a name; no error when it is not there."""


class Lines(Protocol):
    """A file of lines that only grows, kept where those who can write the journal can't write."""

    def append(self, line: str) -> None:
        """Add one line (without its end); durable when this returns. OSError comes through."""

    def read(self) -> Iterator[str]:
        """All lines, the oldest first; none when there is no such file yet. OSError comes through."""


class Files(Protocol):
    """Files below one folder, each made whole or not at all. Paths are relative, with `/` between folders."""

    def hold(self) -> bool:
        """Take the folder for this process alone until `close`; False when another process has it."""

    def save(self, path: str, chunks: Iterable[bytes | memoryview]) -> None:
        """Durable and atomic, as `Blobs.save`: content under another name, synced, renamed, the name synced."""

    def names(self) -> tuple[str, ...]:
        """The paths of all files, sorted; also of what an interrupted `save` left (a name that begins with a dot)."""

    def open(self, path: str) -> BinaryIO:
        """A file to read from; what was opened stays readable when it is dropped. Raises FileNotFoundError."""

    def drop(self, path: str) -> None:
        """Remove a file for good; no error when it is not there."""

    def close(self) -> None:
        """Let go of the folder."""


class Root(Protocol):
    """What wraps a key ring: a secret held here, or a key-management service that never gives its key away."""

    @property
    def about(self) -> Mapping[str, str]:
        """What is kept in clear beside the ring, so that the same root is found again: at least its `kind`."""

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """A small key, sealed for the place that `bound` names (associated data, a service's encryption context)."""

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """What `wrap` sealed for that place. Raises whatever says that it can't be had."""


class RootFailure(Exception):  # noqa: N818 - the name of what happened
    """A root that is elsewhere did not wrap or unwrap: it can't be reached, or it refused. Names no secret."""


class Scanner(Protocol):
    """What looks for malware in files: an antivirus daemon beside us. Blocking; may be called by several threads."""

    def scan(self, content: bytes) -> str | None:
        """The name of what was found in a file; None when nothing was. Raises ScannerFailure: then nobody knows."""

    def version(self) -> str:
        """What it is and which signatures it has, in its own words. Raises ScannerFailure."""


class ScannerFailure(Exception):  # noqa: N818 - the name of what happened
    """A file could not be looked at: the scanner can't be reached, broke off, or said something else; nothing of it."""


class SubjectKey(NamedTuple):
    """One subject in the key book: its key, wrapped under a version of the ring, or None once it is erased.

    `fresh` is a newer key that its rows are being sealed under, wrapped under the same version; None at other times.
    `keyed_us` is when its key was replaced last, None when it never was.
    """

    number: int
    name: str
    wrapped: bytes | None
    version: int
    since_us: int
    erased_us: int | None = None
    fresh: bytes | None = None
    keyed_us: int | None = None


class SealedRow(NamedTuple):
    """One sealed text: whose it is, which token stands for it, and when it came or was corrected."""

    subject: int
    token: str
    sealed: bytes
    since_us: int
    corrected_us: int | None = None


@dataclass(frozen=True, slots=True)
class VaultCounts:
    """How much there is. `versions`: keys in force by the version of the ring that wraps them."""

    subjects: int
    erased: int
    rows: int
    versions: Mapping[int, int]


class VaultFailure(Exception):  # noqa: N818 - the name of what happened
    """Rows or keys could not be made durable or read: nothing may go on that relies on them. Names no value."""


class VaultHeld(VaultFailure):
    """Another process has this vault open."""


Tallied = Callable[[Collection[SealedRow]], bytes | None]
"""Told which rows come or go, says what is to be kept beside them from then on; None keeps what is there."""


class VaultStore(Protocol):
    """Sealed rows, and apart from them the key book. They are kept in two places: a copy of the rows holds no key.

    Whatever changes is durable when the method returns, and whole or not at all in each of the two places; keys are
    written before rows. All methods raise VaultFailure, and may be called by several threads.

    Beside the rows lies one small text, the tally, that changes with them or not at all.
    """

    def subject(self, name: str) -> SubjectKey | None:
        """The subject of this name that has a key."""

    def named(self, names: Collection[str]) -> Mapping[str, SubjectKey]:
        """Those of these names that have a key, by name."""

    def numbered(self, number: int) -> SubjectKey | None:
        """The subject of this number, erased or not."""

    def subjects(self, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects, also erased ones, by their numbers above `after`."""

    def held(self, subject: int, token: str) -> bool:
        """Whether there is a row."""

    def add(self, subjects: Collection[SubjectKey], rows: Collection[SealedRow], tallied: Tallied | None = None) -> int:
        """New subjects, then rows; a row that is there already stays as it is. How many rows were new."""

    def replace(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Rows in the place of those that are there, if any."""

    def renew(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Newly sealed texts in the place of those of the same rows; a row that is not there does not come."""

    def rows_of(self, subject: int) -> Sequence[SealedRow]:
        """All rows of a subject, by token."""

    def rows_of_all(self, subjects: Collection[int]) -> Sequence[SealedRow]:
        """All rows of these subjects, in any order."""

    def with_numbers(self, numbers: Collection[int]) -> Mapping[int, SubjectKey]:
        """The subjects of these numbers, erased or not, by number."""

    def rows_with(self, token: str, limit: int | None = None) -> Sequence[SealedRow]:
        """All rows with a token, by subject, or the first so many: an address may be shared by thousands."""

    def all_rows(self, after: int = 0, limit: int = 10_000) -> Sequence[tuple[int, SealedRow]]:
        """Rows with the places where they lie, by place, above `after`."""

    def wrapped_under(self, version: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose keys are wrapped under this version, by their numbers above `after`."""

    def rewrap(self, keys: Collection[SubjectKey]) -> None:
        """Put newly wrapped keys, also fresh ones, in the place of those that subjects have; who has none gets none."""

    def keyed_before(self, at_us: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose key was made before an instant, or who have a fresh one, by their numbers above `after`."""

    def count_keyed_before(self, at_us: int) -> int:
        """How many there are of these."""

    def settle(self, numbers: Collection[int], at_us: int) -> None:
        """The fresh keys of these subjects are their only ones from now on; who has none keeps what it has."""

    def erase(self, number: int, at_us: int, tallied: Tallied | None = None) -> int:
        """Destroy a subject's key and drop its rows; how many there were. Name, number and dates stay."""

    def last_erased_us(self) -> int | None:
        """When a subject was erased last; None when none ever was."""

    def purge(self, tallied: Tallied | None = None) -> int:
        """Drop rows of erased subjects, which a restored copy may have brought back; how many there were."""

    def tally(self) -> bytes | None:
        """What is kept beside the rows; None when nothing is."""

    def set_tally(self, tally: bytes) -> None:
        """Keep something else beside them."""

    def note(self, name: str) -> bytes | None:
        """A small text of the key book's; None when there is none."""

    def set_note(self, name: str, text: bytes | None) -> None:
        """Keep a small text in the key book, or none any more."""

    def counts(self) -> VaultCounts:
        """How much there is."""

    def close(self) -> None:
        """Let go of the files."""


class CaseRow(NamedTuple):
    """One case as it is kept: what it is found by, and the rest in `body`.

    `state` is open, closed or merged; `assignee` is "" where it is nobody's. `rank_us` is its place in the queue, the
    smaller first. `wakes_us` ends a snooze, 0: there is none. `money` is what the cases are sorted by when somebody
    sorts them by money. `lot` is what a closed case has drawn while it waits for a second look, -1 for all others;
    `looked_us` is when the last second look was taken, 0: never.
    """

    id: str
    typology: str
    subject: str
    state: str
    assignee: str
    level: int
    escalated: int
    rank_us: int
    opened_us: int
    due_us: int
    wakes_us: int
    closed_us: int
    money: int
    alerts: int
    lot: int
    looked_us: int
    tags: tuple[str, ...]
    body: bytes


class CaseAlert(NamedTuple):
    """One alert of a case; `seq` is its place in the journal."""

    seq: int
    case: str
    at_us: int
    body: bytes


class CaseStep(NamedTuple):
    """One thing that happened to a case; `seq` is the record of the journal that tells of it."""

    seq: int
    case: str
    at_us: int
    name: str
    verb: str
    body: bytes


CaseOrder = Literal["rank", "due", "opened", "closed", "money", "looked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases are asked for; None asks for all. `now_us` is when, for what depends on it.

    `subject` is exact, `late` asks for those due before now, `snoozed` for those that are (or are not) out of the
    queue, `lot_below` for closed ones that wait for a second look and drew less than that.
    """

    now_us: int
    state: str | None = None
    assignee: str | None = None
    typologies: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    subject: str | None = None
    tag: str | None = None
    late: bool = False
    snoozed: bool | None = None
    escalated: bool | None = None
    opened_from_us: int | None = None
    opened_until_us: int | None = None
    closed_from_us: int | None = None
    lot_below: int | None = None
    looked_from_us: int | None = None
    order: CaseOrder = "rank"
    descending: bool = False
    limit: int = 50
    offset: int = 0


class CaseStore(Protocol):
    """Cases with their alerts and steps: made of the journal, and to be made again from it at any time.

    All methods raise CaseStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def put(
        self, cases: Collection[CaseRow], alerts: Collection[CaseAlert], steps: Collection[CaseStep], cursor: int,
        mark: bytes,
    ) -> None:  # fmt: skip
        """Rows in the place of those of the same id or seq, and the cursor: all of it or nothing. `mark` is what the
        journal is known again by.
        """

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def case(self, identifier: str) -> CaseRow | None:
        """A case by its id."""

    def of_subject(self, subject: str, typology: str | None = None) -> Sequence[CaseRow]:
        """All cases of a subject, or those of one kind, the newest first."""

    def alert(self, seq: int) -> CaseAlert | None:
        """The alert that stands at a place of the journal."""

    def alerts_of(self, case: str, limit: int | None = None) -> Sequence[CaseAlert]:
        """The alerts of a case, the newest first."""

    def steps_of(self, case: str) -> Sequence[CaseStep]:
        """What happened to a case, the oldest first."""

    def find(self, query: CaseQuery) -> Sequence[CaseRow]:
        """The cases that are asked for, in their order."""

    def count(self, query: CaseQuery) -> int:
        """How many there are, whatever the limit."""

    def tally(self, query: CaseQuery, by: Literal["typology", "level", "assignee", "state"]) -> Mapping[str, int]:
        """How many there are of each."""

    def tags(self, limit: int) -> Sequence[tuple[str, int]]:
        """The tags of open cases with how many have each, the most used first."""

    def close(self) -> None:
        """Let go of the file."""


class CaseStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """Cases could not be kept or read. Nothing is lost: the journal has everything."""


class LinkEntity(NamedTuple):
    """Somebody or something that decided events name together with others: a customer, a device, a card.

    `name` is its kind, a colon, and its value as the journal has it. `seen` counts decisions, `stopped` those that did
    not allow; `worst` is the heaviest outcome, as a place in the order of outcomes. `degree` is how many links it has.
    """

    name: str
    first_us: int
    last_us: int
    seen: int
    stopped: int
    worst: int
    degree: int = 0


class Link(NamedTuple):
    """Two entities that stood in the same decided events. `roles` says as what, `device-user` say: `a` as the first.

    `money` is what these events were about, in minor units by currency.
    """

    a: str
    b: str
    roles: str
    first_us: int
    last_us: int
    seen: int
    stopped: int
    worst: int
    money: tuple[tuple[str, int], ...] = ()


class Near(NamedTuple):
    """A link of an entity, and who is at its other end."""

    link: Link
    other: LinkEntity


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuery:
    """Which links are asked for: those that were there between two instants (from their first event to their last), and
    in these roles; no roles ask for all.
    """

    since_us: int | None = None
    until_us: int | None = None
    roles: tuple[str, ...] = ()


class LinkStore(Protocol):
    """Links between entities: made of the journal, and to be made again from it at any time.

    All methods raise LinkStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def put(
        self, entities: Collection[LinkEntity], links: Collection[Link], cursor: int, mark: bytes, keep_us: int
    ) -> None:
        """Add what was seen to what is there, and move the cursor: all of it or nothing. What had not been seen for
        longer than `keep_us` begins anew. Degrees follow from the links; those that are given are not looked at.
        """

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def entities(self, names: Collection[str]) -> Mapping[str, LinkEntity]:
        """Those of these entities that have links, by name."""

    def near(self, name: str, query: LinkQuery, limit: int) -> Sequence[Near]:
        """The links of an entity: the heaviest outcome first, then the newest, then by the other's name and roles."""

    def between(self, names: Collection[str], query: LinkQuery) -> Sequence[Link]:
        """All links that have both ends among these entities, by their ends and roles."""

    def company(self, name: str, kind: str, limit: int) -> tuple[int, bool]:
        """How many entities of a kind an entity has links with, and whether that is all: only so many links are looked
        at on either side.
        """

    def roles(self) -> Mapping[str, int]:
        """How many links there are in which roles."""

    def drop(self, before_us: int, after: int, count: int) -> int | None:
        """Drop those links that were not seen since an instant, and who has none left, among `count` links behind a
        place; where to go on, None at the end. From 0 on, piece by piece, all are looked at.
        """

    def close(self) -> None:
        """Let go of the file."""


class LinkStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """Links could not be kept or read. Nothing is lost: the journal has everything."""


class DayCount(NamedTuple):
    """How the decisions of one day that named an entity came out: `counts` in the order of outcomes. `day` is counted
    from 1970-01-01, in the zone of who keeps it.
    """

    day: int
    counts: tuple[int, ...]


class RoleSum(NamedTuple):
    """What an entity did in one role of one event type. `money` is what the allowed ones were about and `held` the
    others, in minor units by currency.
    """

    event_type: str
    role: str
    first_us: int
    last_us: int
    seen: int
    stopped: int
    money: tuple[tuple[str, int], ...] = ()
    held: tuple[tuple[str, int], ...] = ()


class RuleHits(NamedTuple):
    """How often a rule of a policy was hit by decisions that named an entity."""

    policy: str
    rule: str
    first_us: int
    last_us: int
    hits: int


class Acts(NamedTuple):
    """What some decisions said of the entities that they name, by name: where each stands in the journal with its
    outcome, and the sums of days, roles and rules. `firsts` has the first of these decisions of each day.
    """

    places: Sequence[tuple[str, int, int]]
    days: Sequence[tuple[str, DayCount]]
    sums: Sequence[tuple[str, RoleSum]]
    hits: Sequence[tuple[str, RuleHits]]
    firsts: Sequence[tuple[int, int]]


class ActStore(Protocol):
    """What entities did, to be looked up by entity: made of the journal, and to be made again from it at any time.

    All methods raise ActStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def put(self, acts: Acts, cursor: int, mark: bytes) -> None:
        """Add what was seen to what is there, and move the cursor: all of it or nothing."""

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def places(
        self, name: str, outcomes: Sequence[int], before: int | None, limit: int
    ) -> Sequence[tuple[int, int]]:  # fmt: skip
        """Where the newest decisions that name an entity stand in the journal, each with its outcome, newest first;
        only those of some outcomes, and only places below `before` when it is given.
        """

    def days(self, name: str, since: int) -> Sequence[DayCount]:
        """An entity's days from one on, oldest first; days without a decision are not there."""

    def sums(self, name: str) -> Sequence[RoleSum]:
        """What an entity did, by event type and role."""

    def hits(self, name: str, limit: int) -> Sequence[RuleHits]:
        """The rules that its decisions hit, the most frequent first."""

    def drop(self, before: int, after: int, count: int) -> int | None:
        """Drop places and days before a day among `count` entities behind a place, and who has none left; where to go
        on, None at the end. From 0 on, piece by piece, all are looked at.
        """

    def close(self) -> None:
        """Let go of the file."""


class ActStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """What entities did could not be kept or read. Nothing is lost: the journal has everything."""


class RatedRow(NamedTuple):
    """One customer's standing: `body` is the standing, the rest is what it is found by.

    `due_us` is until when something must have been done, `is_owed` whether an assessment or an event about it is owed,
    `is_missed` whether it was told that the time is over.
    """

    user: str
    level: str
    due_us: int
    is_owed: bool
    is_missed: bool
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedQuery:
    """Which customers are asked for: of a level, due before an instant, by what their names begin with; None asks for
    all. Those due first come first.
    """

    level: str | None = None
    due_before_us: int | None = None
    user: str | None = None
    limit: int = 50
    offset: int = 0


class RatingStore(Protocol):
    """How customers are rated: made of the journal, and to be made again from it at any time.

    All methods raise RatingStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def put(self, rows: Iterable[RatedRow], steps: Iterable[tuple[str, int]], cursor: int, mark: bytes) -> None:
        """Put standings in the place of what is there, add the records that are steps of customers' histories, and move
        the cursor: all of it or nothing.
        """

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def one(self, user: str) -> bytes | None:
        """A customer's standing."""

    def found(self, query: RatedQuery) -> tuple[Sequence[bytes], int]:
        """A page of standings, and how many there are in all."""

    def owed(self, limit: int) -> Sequence[bytes]:
        """Customers of whom an assessment or an event is owed."""

    def missed(self, now_us: int, limit: int) -> Sequence[bytes]:
        """Customers whose time is over and of whom nobody was told so."""

    def counts(self, now_us: int) -> Mapping[str, tuple[int, int]]:
        """How many customers there are of each level ("" for those not rated yet), and how many of them are overdue."""

    def steps(self, user: str, limit: int) -> Sequence[int]:
        """The newest records of a customer's history, newest first."""

    def close(self) -> None:
        """Let go of the file."""


class RatingStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """How customers are rated could not be kept or read. Nothing is lost: the journal has everything."""


class MovementRow(NamedTuple):
    """Money that a decision may have moved for a customer: the decision's place, the movement's name as packs declare
    it, `day` counted from 1970-01-01 in Asia/Shanghai, amounts in minor units, `outcome` by its place among all.
    """

    day: int
    customer: str
    seq: int
    movement: str
    way: str
    currency: str
    amount_minor: int
    at_us: int
    outcome: int


class MovementStore(Protocol):
    """Movements of customers' days, for as long as they may have to be reported: made of the journal, and to be made
    again from it at any time.

    All methods raise MovementStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def put(self, rows: Sequence[MovementRow], cursor: int, mark: bytes) -> None:
        """Add movements, each once, and move the cursor: all of it or nothing."""

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def days(self) -> Sequence[int]:
        """The days that have movements, the oldest first."""

    def heavy(self, day: int, currency: str, least_minor: int) -> Sequence[MovementRow]:
        """All movements of a day of those customers whose sum in a currency reaches an amount in one way, or who moved
        any other currency; by customer, instant and place.
        """

    def drop(self, before: int) -> int:
        """Forget days before one; how many movements they had."""

    def close(self) -> None:
        """Let go of the file."""


class MovementStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """Movements could not be kept or read. Nothing is lost: the journal has everything."""


class NoticeRow(NamedTuple):
    """One notification of one person: `key` is its id for this person, `level` the place of its level among all.
    `read_us` is 0 until it was read.
    """

    key: str
    notice: str
    person: str
    occasion: str
    level: int
    at_us: int
    body: bytes
    read_us: int = 0


DeliveryState = Literal["waiting", "held", "sent", "failed"]


class DeliveryRow(NamedTuple):
    """One notification on its way by one channel: to a person by mail, or to a team's channel (`person` is "" then).
    It is due at `next_us`; `held` waits for the end of quiet hours. `why` is what the last try came to.
    """

    key: str
    channel: str
    person: str
    occasion: str
    level: int
    at_us: int
    body: bytes
    state: DeliveryState
    next_us: int
    tries: int = 0
    why: str = ""
    done_us: int = 0


class WatchRow(NamedTuple):
    """A notification that goes on to somebody else unless somebody looks: how many steps it has gone, and when the next
    one is due.
    """

    notice: str
    step: int
    due_us: int
    body: bytes


NoticeOrder = Literal["at", "level", "occasion", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeQuery:
    """Which of somebody's notifications are asked for; None asks for all. From `since_us` on, and before `until_us`.

    `person` is whose they are, by the folded name.
    """

    person: str = ""
    unread: bool = False
    occasion: str | None = None
    level: int | None = None
    since_us: int | None = None
    until_us: int | None = None
    order: NoticeOrder = "at"
    descending: bool = True
    limit: int = 50
    offset: int = 0


class NoticeStore(Protocol):
    """What people were told, what is on its way, and how far the journal and the clock were looked through.

    All methods raise NoticeStoreFailure, and may be called by several threads.
    """

    def cursor(self) -> tuple[int, int] | None:
        """The first record that has not been looked at, and the instant until which the clock was; None: neither."""

    def put(
        self, notices: Collection[NoticeRow], deliveries: Collection[DeliveryRow], watches: Collection[WatchRow],
        done: Collection[str], cursor: int, looked_us: int,
    ) -> int:  # fmt: skip
        """Rows that are not there yet (of watches also those that are), without the watches of `done`, and the cursor:
        all of it or nothing. How many notifications were new.
        """

    def find(self, query: "NoticeQuery") -> Sequence[NoticeRow]:
        """Somebody's notifications, in their order; of equal ones the newest first."""

    def count(self, query: "NoticeQuery") -> int:
        """How many there are, whatever the limit."""

    def read(self, person: str, keys: Collection[str] | None, at_us: int) -> int:
        """Note that somebody has read these of his own, or all; how many he had not."""

    def is_read(self, notice: str) -> bool:
        """Whether anybody has read a notification."""

    def watches(self, now_us: int, limit: int) -> Sequence[WatchRow]:
        """What may have to go on to somebody else now."""

    def due(self, now_us: int, limit: int) -> Sequence[DeliveryRow]:
        """What is to be sent now, the oldest first."""

    def settle(self, deliveries: Collection[DeliveryRow]) -> None:
        """Rows in the place of those of the same key."""

    def log(self, limit: int, offset: int = 0, channel: str | None = None) -> Sequence[DeliveryRow]:
        """What was sent and what was not, the newest first."""

    def delivery(self, key: str) -> DeliveryRow | None:
        """One of them."""

    def prune(self, before_us: int) -> int:
        """Forget what is older and no longer on its way; how many notifications there were."""

    def close(self) -> None:
        """Let go of the file."""


class NoticeStoreFailure(Exception):  # noqa: N818 - the name of what happened
    """Notifications could not be kept or read."""
