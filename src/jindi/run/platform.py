"""The running platform: one lane with its intake, its definitions as they change, its snapshots and follow-ups."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_of
from jindi.basics.problems import Problem, Problems
from jindi.engine import Decision, EventProgram, Explanation, Finding, Program, decide, explain, findings, refit, shown
from jindi.journal import Checkpoint, CheckpointRefused, HeadRefused, Heads, Notary
from jindi.language import DURATION, Kind, Value
from jindi.packs import OUTCOMES, FieldDef, canonical_files, digest_of
from jindi.ports import Blobs, Clock, Log, LogFailure
from jindi.run import snapshots
from jindi.run.answered import Answered, fingerprint
from jindi.run.approvals.book import Book
from jindi.run.archive import Archive
from jindi.run.backup.saver import Saver
from jindi.run.drift.watcher import Watcher
from jindi.run.erasures import erase_again
from jindi.run.filings.book import Filings
from jindi.run.history.keeper import Keeper
from jindi.run.incidents.book import Incidents
from jindi.run.intake import AHEAD_MAX_US, Intake, Refused
from jindi.run.lane import RECENT_MAX, Held, Lane, Waiter, write_again
from jindi.run.lane import NotNow as NotNow  # noqa: PLC0414 - it is asked for here
from jindi.run.lookback import Earlier, look_back
from jindi.run.masked import Masks
from jindi.run.measures import Measures
from jindi.run.openings import Status
from jindi.run.ranges import Ranges
from jindi.run.records import (
    ActionRecord,
    ApprovalRecord,
    CaseRecord,
    DecisionRecord,
    DefinitionsRecord,
    IncidentRecord,
    Record,
    ReportRecord,
    StepRecord,
    base_of,
    decision_id,
    decision_seq,
    decode,
    encode_action,
    encode_approval,
    encode_case,
    encode_definitions,
    encode_incident,
    encode_report,
    encode_step,
)
from jindi.run.recovery import Progress, last_record, recover, tree_before
from jindi.run.replay.one import Proof, prove
from jindi.run.requests import Requests
from jindi.run.rounds import Rounds
from jindi.run.screening.book import Screened
from jindi.run.screening.screener import Screener
from jindi.run.screening.seeking import SCREEN_FROM
from jindi.run.state import Gathered, State
from jindi.run.surroundings import Surroundings
from jindi.run.trail import Trail
from jindi.run.versions import Aside, Ledger, Watched, composed
from jindi.run.versions.overlay import aside_of, beneath, laid
from jindi.run.versions.overlay import compiled as compiled  # noqa: PLC0414 - it is asked for here
from jindi.run.watching import Watching
from jindi.vault import Tokens, Vault, is_token, kind_of

if TYPE_CHECKING:
    from jindi.run.controls.warden import Warden

WARM_SLICE = 256
REFITTED_MAX = 4
"""For so many programs what the newest events look like is remembered. Mark: design default."""
"""Records replayed at a time while new features catch up; decisions go on between slices."""


SWEEP_KEYS = 2_000
"""Idle keys that are looked at each second for what no window reaches any more."""


PATIENCE_MAX_US = MINUTE_US
"""A lane that keeps stopping is recovered after 2 s, 4 s, 8 s … and at last once in this time."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the platform runs. `snapshot_every` counts decisions, `snapshot_minutes` time since the last one.

    `release_due`: let go of delayed events by ourselves when their time is over. `archive_minutes` lie between two
    rounds of the follower that writes the archive; 0: none. `drift_hours` lie between two looks for drift; 0: none.
    `changes`: what puts policies in force, saved `files` at once, or an approval. A proposal that nobody has answered
    ends after `proposal_us`. `heads_minutes` lie between two signed heads that are exported; 0: only at the end.
    `four_eyes`: operations on keys, the vault and people's data take a second person. One that nobody has answered ends
    after `approval_us`, or after what `approval_us_of` says of its kind. `export_rows` are exported without one. A page
    shows clear text for `reveal_seconds`. `lists_alone` are changes of lists that one person may make (`black.add`).
    """

    snapshot_every: int = 200_000
    snapshot_minutes: int = 10
    release_due: bool = True
    archive_minutes: int = 10
    drift_hours: int = 24
    changes: Literal["files", "approved"] = "files"
    proposal_us: int = 14 * DAY_US
    heads_minutes: int = 10
    four_eyes: bool = True
    approval_us: int = 72 * HOUR_US
    approval_us_of: Mapping[str, int] = field(default_factory=dict)
    export_rows: int = 1_000
    reveal_seconds: int = 60
    lists_alone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Saving:
    """What goes into the packs' folders before definitions come in force, and what takes it out again when they don't.

    `do` raises Problems, and has written nothing then.
    """

    do: Callable[[], None]
    undo: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What edited packs would decide about one event, against the running history."""

    ep: EventProgram
    gathered: Gathered
    decision: Decision
    decided_before: str | None = None
    """The decision of the event with this id, which the history counts already: the trial counts it once more."""

    @property
    def absent(self) -> tuple[str, ...]:
        """Features that have no history under these packs yet."""
        return tuple(sorted(self.gathered.absent))

    def explain(self) -> Explanation:
        """Why; it takes long and needs nothing of the platform, so it may be asked for in another thread."""
        return explain(self.ep, self.gathered.facts, self.gathered.absent, at_us=self.gathered.as_of_us)


@dataclass(frozen=True, slots=True)
class Found:
    """A decision with all that an explanation needs."""

    seq: int
    record: DecisionRecord
    program: Program
    ep: EventProgram
    facts: Sequence[Value]
    absent: frozenset[str]
    status: Status


@dataclass(slots=True)
class Refitted:
    """The newest events as a program would see them: their places in the journal, their types, their facts. `end` is
    the first record that was not looked at.
    """

    end: int = 0
    facts: deque[tuple[int, str, list[Value]]] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Platform:
    """One embedded Jindi. Everything is called on its event loop."""

    def __init__(
        self,
        *,
        open_log: Callable[[Callable[[int], None]], Log],
        blobs: Blobs,
        tokens: Tokens,
        clock: Clock,
        files: Mapping[str, str],
        settings: Settings | None = None,
        notary: Notary | None = None,
        keeper: Keeper | None = None,
        watcher: Watcher | None = None,
        vault: Vault | None = None,
        saver: Saver | None = None,
        heads: Heads | None = None,
        warden: "Warden | None" = None,
        screens: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open_log, self._blobs, self._tokens, self._clock = open_log, blobs, tokens, clock
        self._settings = settings or Settings()
        self._tell = tell
        self._notary, self._keeper, self._watcher, self._vault = notary, keeper, watcher, vault
        self.saver, self.warden = saver, warden
        self.masks = Masks(vault) if vault is not None else None
        """Masks of what the vault holds; None without one."""
        self._heads, self._signing = heads, asyncio.Lock()
        self._files = canonical_files(files)
        # With approvals the journal says what is in force; what lies in the folders are drafts, whole or not.
        self._program = compiled(files) if self._settings.changes == "files" else None
        self._base: Mapping[str, str] = self._files
        self._aside: Aside = {}
        self._changing = asyncio.Lock()
        self.measures = Measures()
        self._ranges = Ranges()
        self.screener = Screener(lambda: self.screened, lambda: self.screen_from) if screens else None
        """Looks for names on watch lists; None where nobody is to be screened."""
        self.started_us = clock.now_us()
        self._background: set[asyncio.Task[None]] = set()
        self._snapshot_seq, self._snapshot_us = 0, self.started_us
        self._snapshot_lock = asyncio.Lock()
        self._recover_at_us, self._patience_us = 0, SECOND_US
        self._closing = self._clock_is_behind = False
        self.head: Checkpoint | None = None
        """The newest head that was signed since the start."""
        self._earlier: tuple[Lane, tuple[tuple[Earlier, ...], bool]] | None = None
        self.acted = asyncio.Event()
        """Set when somebody did something."""
        self.watching: Watching | None = None
        """What tells the engine what people do here; there since the start."""
        self._refitted: dict[str, Refitted] = {}
        """By a program's digest: the newest events as it would see them."""
        self.rounds = Rounds(self, keeper, watcher)
        """What is done beside decisions, again and again."""
        self.held: str | None = None
        """Why events from outside are not taken for now; None when they are."""
        self.held_from_us = 0
        """Where the past begins that is told meanwhile."""

    @property
    def program(self) -> Program:
        """The definitions in force, compiled."""
        assert self._program is not None, "the platform has been started"
        return self._program

    @property
    def vault(self) -> Vault | None:
        """Where the clear text of identifiers is sealed; None when none is kept."""
        return self._vault

    @property
    def blobs(self) -> Blobs:
        """Whatever is small and replaced whole."""
        return self._blobs

    @property
    def tokens(self) -> Tokens:
        """What makes tokens of identifiers."""
        return self._tokens

    @property
    def settings(self) -> Settings:
        """How the platform runs."""
        return self._settings

    @property
    def base(self) -> Mapping[str, str]:
        """The pack files that people have put in force, without shadow versions."""
        return self._base

    @property
    def aside(self) -> Aside:
        """The shadow versions that were put beside them, with what they need."""
        return self._aside

    @property
    def ledger(self) -> Ledger:
        """What people did with versions, and what was in force when."""
        return self.lane.state.ledger

    @property
    def heads(self) -> Heads | None:
        """What signs heads of the journal; None where there is no key."""
        return self._heads

    @property
    def trail(self) -> Trail:
        """Where people's doings stand in the journal."""
        return self.lane.state.trail

    @property
    def approvals(self) -> Book:
        """What people asked for that takes four eyes, and what became of it."""
        return self.lane.state.approvals

    @property
    def incidents(self) -> Incidents:
        """How incidents stand."""
        return self.lane.state.incidents

    @property
    def filings(self) -> Filings:
        """How reports against money laundering stand."""
        return self.lane.state.filings

    @property
    def screened(self) -> Screened:
        """Matches with watch lists, and what became of them."""
        return self.lane.state.screened

    @property
    def screen_from(self) -> int:
        """From which score on somebody is told of."""
        return self.parameter("screening_from", SCREEN_FROM)

    @property
    def requests(self) -> Requests:
        """Requests of persons about their own data."""
        return self.lane.state.requests

    @property
    def watched(self) -> Watched:
        """What watched versions would have decided, and what the sides of a split did."""
        return self.lane.state.watch.watched

    def say(self, text: str) -> None:
        """Tell the operator something."""
        self._tell(text)

    def now_us(self) -> int:
        """The platform's clock."""
        return self._clock.now_us()

    async def start(self, progress: Progress | None = None, *, same_packs: bool = False) -> None:
        """Recover from disk and begin to decide. Raises LogDamaged or LogFailure when that can't be done."""
        self._open(progress, same_packs=same_packs)
        self.watching = Watching(self, self._blobs, self._tell)
        self.spawn(self._watch())
        if self._vault is not None:
            await self._erase_again(self._vault)
        for work in self.rounds.all():
            self.spawn(work)
        if self._heads is not None and self._heads.exports and self._settings.heads_minutes:
            self.spawn(self._export_heads())

    def _open(self, progress: Progress | None = None, *, same_packs: bool = False) -> None:
        self.log = self._open_log(self._sealed)
        try:
            self.archive = Archive(self.log)
            program = self._program = self._found()
            recovered = recover(self.log, self._blobs, program, self.archive, progress)
            if same_packs and recovered.definitions_digest not in (None, program.digest):
                raise Problems(
                    [Problem("packs", "", "the journal ends under other packs than these", "name them with --packs")]
                )
        except Problems:
            self.log.close()
            raise
        for note in recovered.notes:
            self._tell(note)
        self._snapshot_seq = recovered.state.next_seq - recovered.replayed
        self._chain = recovered.chain
        self.intake = self._intake(program)
        self.lane = Lane(
            recovered.state,
            self.log,
            recovered.chain,
            recovered.tree,
            self._clock,
            self.measures,
            self.archive,
            self._vault,
        )
        self.replayed = recovered.replayed
        self._look_at_clock(self._clock.now_us())
        if recovered.definitions_digest != program.digest:
            self._journal_definitions()
        else:
            self.archive.learn(recovered.state.definitions_seq, program)

    def _intake(self, program: Program) -> Intake:
        """What reads events from now on; with a vault it says what that does not hold yet."""
        held = self._vault.known if self._vault is not None else None
        seek = self.screener.seek if self.screener is not None else None
        return Intake(program.definitions, self._tokens, self._clock.now_us, held, seek, self._locate)

    def _locate(self, address: str, names: tuple[str, ...]) -> str | None:
        """The first of these lists of ranges in which an address lies now."""
        return self._ranges.find(self.lane.state.lists, address, names, self._clock.now_us())

    def _found(self) -> Program:
        """What is in force at the start: the saved packs, or what the journal ends under; and in either case the
        shadow versions that the journal knows.
        """
        seq = self.archive.in_force()
        if seq < 0:
            self._base = self._files if self._settings.changes == "approved" else self._base
            return self._program or compiled(self._base)
        record = self.archive.record(seq)
        assert isinstance(record, DefinitionsRecord), "the archive says so"
        self._aside = aside_of(record)
        if self._settings.changes == "approved":
            self._base = base_of(record)
            if digest_of(self._files) != digest_of(self._base):
                self._tell("the saved packs are drafts: they differ from what is in force; see jindi policies diff")
        if self._program is not None and self._program.digest == digest_of(laid(self._base, self._aside)):
            return self._program
        program, self._aside, gone = composed(self._base, self._aside, cases=self._settings.changes == "files")
        if gone:
            self._tell(f"shadow versions that don't load beside these packs have ended: {', '.join(gone)}")
        return program

    def _sealed(self, seq: int) -> None:
        """In the commit thread, when a segment is full: its end is to be signed. The batch that did not fit
        is sealed already, so the chain's previous hash is the one that the segment ends in.
        """
        if self._notary is not None:
            self._notary.mark(seq, self._chain.previous)

    def _journal_definitions(self, cause: int = -1) -> None:
        record = encode_definitions(self.program.definitions, self._clock.now_us(), beneath(self._aside), cause)
        seq = self.lane.append(record)
        self.lane.state.definitions_seq = seq
        self.ledger.note(seq, decode(record))
        self.archive.learn(seq, self.program)

    async def note(self, step: StepRecord) -> int:
        """Journal a step that changes nothing that is in force; returns its number when it is durable.

        Raises NotNow when the lane has stopped.
        """
        seq = self._append(step)
        await self._durable()
        return seq

    def _append(self, step: StepRecord) -> int:
        if self.lane.stopped is not None:
            raise NotNow("the lane has stopped; try again when it has recovered")
        seq = self.lane.append(encode_step(step))
        self.ledger.note(seq, step)
        self.trail.note(seq, step)
        self.acted.set()
        return seq

    async def journal(self, action: ActionRecord) -> int:
        """Journal an action; returns its number when it is durable, and only then may it be done.

        Raises Stopped or Busy when there is no such record, or none that is sure to last.
        """
        seq, durable = self.lane.journal(encode_action(action))
        self.trail.note(seq, action)
        self.requests.note(seq, action)
        await durable
        self.acted.set()
        return seq

    async def step(self, step: ApprovalRecord) -> int:
        """Journal a step of an operation that takes four eyes; returns its number when it is durable, and only then may
        anything follow from it. Raises Stopped or Busy when there is no such record, or none that is sure to last.
        """
        seq, durable = self.lane.journal(encode_approval(step))
        # Noted at once, for a snapshot of now has the record behind it; a lane that stops is recovered without.
        self.trail.note(seq, step)
        self.approvals.note(seq, step)
        place = await durable
        self.acted.set()
        return place

    async def case_step(self, step: CaseRecord) -> int:
        """Journal a step with a case; returns its number when it is durable, and only then may it take effect. Raises
        Stopped or Busy when there is no such record, or none that is sure to last.
        """
        seq, durable = self.lane.journal(encode_case(step))
        self.trail.note(seq, step)
        self.lane.state.casework.put(seq)
        await durable
        self.acted.set()
        return seq

    async def incident_step(self, step: IncidentRecord) -> int:
        """Journal a step with an incident; returns its number when it is durable. Raises Stopped or Busy when there is
        no such record, or none that is sure to last.
        """
        seq, durable = self.lane.journal(encode_incident(step))
        # Noted at once, for a snapshot of now has the record behind it; a lane that stops is recovered without.
        self.trail.note(seq, step)
        self.incidents.note(seq, step)
        await durable
        self.acted.set()
        return seq

    async def report_step(self, step: ReportRecord) -> int:
        """Journal a step with a report against money laundering; as `incident_step`."""
        seq, durable = self.lane.journal(encode_report(step))
        self.trail.note(seq, step)
        self.filings.note(seq, step)
        await durable
        self.acted.set()
        return seq

    async def _durable(self) -> None:
        lane = self.lane
        await lane.settled()
        if lane.stopped is not None:
            raise NotNow("the journal could not be written; nothing was changed")

    def submit(self, raw: bytes | memoryview, received_us: int) -> asyncio.Future[bytes]:
        """Read and decide one event; see `Lane.decide` for what is raised, and Held while nothing is taken."""
        if self.held is not None:
            raise Held(self.held)
        return self.tell(raw, received_us)

    def tell(self, raw: bytes | memoryview, received_us: int) -> asyncio.Future[bytes]:
        """As `submit`, for the world whose past is told while all others wait."""
        try:
            return self.lane.submit(self.intake.read(raw), received_us)
        except Refused:
            self.measures.refused += 1
            raise

    def decide(self, raw: bytes | memoryview, received_us: int, waiter: Waiter) -> None:
        """As `submit`, for whoever takes the answer without a future of its own."""
        if self.held is not None:
            raise Held(self.held)
        try:
            self.lane.decide(self.intake.read(raw, received_us), received_us, waiter)
        except Refused:
            self.measures.refused += 1
            raise

    def ready(self) -> str | None:
        """None when events are decided, else why not."""
        return self.lane.stopped

    def find(self, identifier: str) -> Found:
        """A decision by its id. Raises LookupError (also for an id that is none)."""
        try:
            seq = decision_seq(identifier)
        except ValueError as error:
            raise LookupError(str(error)) from None
        record = self.archive.decision(seq)
        program = self.archive.program(record.definitions)
        ep = program.events[record.event_type]
        absent = frozenset(record.absent)
        facts = ep.complete([*record.values, *record.facts], absent)
        outcome = OUTCOMES[record.verdict.outcome]
        return Found(seq, record, program, ep, facts, absent, self.lane.state.openings.status(seq, outcome))

    def earlier(self) -> tuple[tuple[Earlier, ...], bool]:
        """The newest decisions of the journal before this lane began, newest first, and whether they are all; read
        when they are first asked for.
        """
        if self._earlier is None or self._earlier[0] is not self.lane:
            self._earlier = self.lane, look_back(self.archive, self.lane.first_seq)
        return self._earlier[1]

    def explanation(self, found: Found, *, exact: bool = False) -> Explanation:
        """Why a decision is as it is; with `exact` the reasons of models are Shapley values."""
        return explain(found.ep, found.facts, found.absent, at_us=found.record.as_of_us, exact=exact)

    def replay(self, found: Found) -> Proof:
        """A decision made again on its journalled facts. It reads the journal and needs nothing of the lane, so it may
        be asked for in another thread.
        """
        return prove(self.archive, found.seq)

    def answer(self, found: Found) -> bytes:
        """The decision's answer, with the words of its own moment."""
        _, writer = self.archive.read_back(found.seq)
        return write_again(writer, found.seq, found.record)

    def token_of(self, entity: str, value: str) -> str:
        """What stands for an entity where it is kept that somebody asked: its identifier's token, or of any text."""
        fields = self._fields_of(entity)
        kind = next((field.identifier for field in fields if field.identifier is not None), None)
        if kind is not None and is_token(kind, value):
            return value
        with suppress(ValueError):
            return self._tokens.token(kind, value) if kind is not None else self.blind(value)
        return self.blind(value)

    def customer(self, subject: str) -> str:
        """A subject as records name whom they concern: by a token, whatever its name in the events is."""
        return subject if is_token(kind_of(subject), subject) else self.blind(subject)

    def parameter(self, name: str, otherwise: int) -> int:
        """A whole number among today's dated parameters; `otherwise` where the packs in force have none."""
        limit = self.program.definitions.limits.get(name)
        if limit is None:
            return otherwise
        with suppress(LookupError):
            value = limit.on(day_of(self._clock.now_us(), ZoneInfo("Asia/Shanghai"))).value
            return value if isinstance(value, int) else otherwise
        return otherwise

    def blind(self, text: str) -> str:
        """The token of any text."""
        return self._tokens.blind(text)

    def entity_is_token(self, entity: str) -> bool:
        """Whether an entity's key is an identifier, kept as a token."""
        return any(field.identifier is not None for field in self._fields_of(entity))

    def is_clear(self, entity: str, value: str) -> bool:
        """Whether a value is an identifier in clear, as an address must not hold one."""
        kinds = {field.identifier for field in self._fields_of(entity) if field.identifier is not None}
        return bool(kinds) and not any(is_token(kind, value) for kind in kinds)

    def entities_of(self, kind: str) -> tuple[str, ...]:
        """The entities whose keys are identifiers of a kind."""
        events = self.program.definitions.events.values()
        fields = [field for event in events for field in event.fields]
        return tuple(sorted({field.entity for field in fields if field.identifier == kind and field.entity}))

    def _fields_of(self, entity: str) -> list[FieldDef]:
        return [
            field
            for event in self.program.definitions.events.values()
            for field in event.fields
            if entity in (field.entity, field.name)
        ]

    def entity_features(self, entity: str, value: str) -> dict[str, Value]:
        """All features that have this entity alone as their key, as of `asked_at_us`; those that still catch up are
        missing.

        Raises LookupError when no feature has it. An identifier may be given in clear: it is tokenised first.
        """
        definitions = self.program.definitions
        if not any(feature.entities == (entity,) for feature in definitions.features.values()):
            keys = sorted({f.entities[0] for f in definitions.features.values() if len(f.entities) == 1})
            raise LookupError(f"no feature has this key; there are: {', '.join(keys)}")
        fields = self._fields_of(entity)
        found = self.lane.state.windows.entity(entity, self._key(fields, value), self.asked_at_us)
        return {name: None if name in self.lane.state.warming else each for name, each in found.items()}

    @property
    def asked_at_us(self) -> int:
        """The instant as of which a question without an event is answered."""
        return max(self.lane.state.high_us, self._clock.now_us())

    def _key(self, fields: Sequence[FieldDef], value: str) -> Value:
        """The value of an entity as its fields hold it. Raises LookupError when they can't."""
        kind = next((field.identifier for field in fields if field.identifier is not None), None)
        if kind is not None and not is_token(kind, value):
            try:
                return self._tokens.token(kind, value)
            except ValueError as error:
                raise LookupError(str(error)) from None
        if any(field.type.kind is Kind.INT for field in fields):
            if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) < 19):
                raise LookupError("this key is a whole number")
            return int(value)
        return value

    def value_of(self, entity: str, value: str) -> str:
        """An entity's value as events hold it: an identifier may be given in clear. Raises LookupError, without the
        value, when no event names such an entity, or this can't be one.
        """
        fields = [field for field in self._fields_of(entity) if field.entity == entity]
        if not fields or not value:
            raise LookupError("no event names such an entity")
        return str(self._key(fields, value))

    async def recent_facts(self, program: Program) -> dict[str, list[list[Value]]]:
        """What the newest events of the journal look like under other definitions, as far as the facts are known. What
        was looked at for the last few programs is remembered: asked again, only records since then are read.
        """
        end = self.log.next_seq()
        first = max(0, end - RECENT_MAX)
        self._refitted[program.digest] = seen = self._refitted.pop(program.digest, None) or Refitted()
        async with seen.turn:
            for count, (seq, record) in enumerate(self.archive.records(max(first, seen.end)), 1):
                if count % WARM_SLICE == 0:
                    await asyncio.sleep(0)
                if isinstance(record, DecisionRecord) and (facts := self._under(program, record)) is not None:
                    seen.facts.append((seq, record.event_type, facts))
                seen.end = seq + 1
            while seen.facts and seen.facts[0][0] < first:
                seen.facts.popleft()
            found: dict[str, list[list[Value]]] = {}
            for _, event_type, facts in seen.facts:
                found.setdefault(event_type, []).append(facts)
        while len(self._refitted) > REFITTED_MAX:
            del self._refitted[next(iter(self._refitted))]
        return found

    def _under(self, program: Program, record: DecisionRecord) -> list[Value] | None:
        """A decision's facts as a program would see them; None where it would not."""
        if record.event_type not in program.events:
            return None
        try:
            old, new = self.archive.program(record.definitions).events[record.event_type], program.events
            complete = old.complete([*record.values, *record.facts], frozenset(record.absent))
            return refit(old, new[record.event_type], complete, record.as_of_us)[0]
        except LookupError:
            return None  # a limit that had no value yet on that day says nothing about today

    async def findings(self, program: Program) -> list[Finding]:
        """What speaks against putting definitions in force today; asked in a thread, for there are many events."""
        today, facts = day_of(self._clock.now_us(), ZoneInfo("UTC")), await self.recent_facts(program)
        return await asyncio.to_thread(lambda: findings(program, facts, today))

    async def take(self, files: Mapping[str, str]) -> tuple[str, ...]:
        """Put changed packs in force, whole or not at all; shadow versions stay beside them. Returns the features
        that still catch up.

        Raises Problems, and changes nothing, when the packs have any problem, a case fails, or a guard fires;
        LogFailure when the journal's newest events can't be read.
        """
        async with self.changing():
            return await self.put_in_force(canonical_files(files), self._aside)

    def changing(self) -> asyncio.Lock:
        """Held by whoever looks at what is in force and then changes it."""
        return self._changing

    async def put_in_force(
        self,
        base: Mapping[str, str],
        aside: Aside,
        step: StepRecord | None = None,
        *,
        ready: Program | None = None,
        guarded: bool = True,
        confirmed: frozenset[str] = frozenset(),
        saving: Saving | None = None,
    ) -> tuple[str, ...]:
        """Put definitions in force because of a step (None: files were saved); hold `changing` around it.

        `ready` is base and aside together, compiled. `confirmed` names rules that may fire on more than their share.
        `saving` writes them where a start will find them, when nothing speaks against them any more.
        Raises Problems or, with a step, NotNow, and changes nothing then.
        """
        program, aside, gone = await _made(base, aside, ready)
        if program.digest == self.program.digest and step is None:
            return ()
        if guarded:
            objections = [each.problem for each in await self.findings(program) if each.rule not in confirmed]
            if objections:
                raise Problems(objections)
        # A layout as near as may be to the one in force, so that most of what is known goes over.
        windows = Surroundings(program, self.lane.state.windows.plan)
        if saving is not None:
            await asyncio.to_thread(saving.do)
        # From here to `take` nothing awaits: no event is seen under half of either definitions.
        self.lane.settle()
        try:
            cause = self._append(step) if step is not None else -1
        except NotNow:
            if saving is not None:
                await asyncio.to_thread(saving.undo)
            raise
        missing = windows.adopt(self.lane.state.windows)
        state = self.lane.state.under(program, windows, frozenset(missing))
        self._program, self._base, self._aside = program, base, aside
        self.intake = self._intake(program)
        self.lane.take(state)
        self._journal_definitions(cause)
        self._tell(
            f"packs {program.digest[:12]} are in force"
            + (f"; catching up: {', '.join(sorted(missing))}" if missing else "")
            + (f"; ended beside them: {', '.join(gone)}" if gone else "")
        )
        if missing:
            self.spawn(self._warm(program))
        if step is not None:
            await self._durable()
        return tuple(sorted(missing))

    async def _warm(self, program: Program) -> None:
        """Replay the journal into fresh windows of the new definitions, beside the live lane, then change over.

        A lane that stops is recovered by a replay of its own, under these same definitions: then there is
        nothing left to do here.
        """
        lane = self.lane
        side = State.fresh(program)
        side.answered = Answered(most=1 << 12)
        while self._goes_on(program, lane):
            behind = self.log.next_seq() - side.next_seq
            for count, (seq, record) in enumerate(self.archive.records(side.next_seq), 1):
                self._replay(side, seq, record)
                if count % WARM_SLICE == 0:
                    await asyncio.sleep(0)
                    if not self._goes_on(program, lane):
                        return
            if behind > WARM_SLICE:
                continue
            # The last few records, with nothing coming in between.
            lane.settle()
            for seq, record in self.archive.records(side.next_seq):
                self._replay(side, seq, record)
            if lane.stopped is None:
                lane.state.take(side.windows)
                self._tell("all features have caught up")
            return

    def _goes_on(self, program: Program, lane: Lane) -> bool:
        return self._program is program and self.lane is lane and lane.stopped is None and not self._closing

    def _replay(self, side: State, seq: int, record: Record) -> None:
        if isinstance(record, DecisionRecord):
            side.apply(seq, record, self.archive.values_today(record, side.program.definitions))
        else:
            side.next_seq = seq + 1

    def try_packs(self, files: Mapping[str, str], raw: bytes) -> Trial:
        """Decide an event under edited packs against the running history; nothing is kept of it.

        Raises Problems (of the packs) or Refused (the event).
        """
        return self.try_program(compiled(files, cases=False), raw)

    def try_program(self, program: Program, raw: bytes) -> Trial:
        """`try_packs` with packs that are compiled already (which may be done in another thread)."""
        event = Intake(program.definitions, self._tokens, self._clock.now_us).read(raw)
        windows = Surroundings(program, self.lane.state.windows.plan)
        live = self.lane.state
        missing = windows.adopt(live.windows)
        side = State(program, windows, live.lists.under(program.definitions), live.openings, live.answered)
        side.high_us, side.warming = live.high_us, frozenset(missing)
        gathered = side.gather(event, feed=False)
        ep = program.events[event.type]
        return Trial(ep, gathered, decide(ep, gathered.facts, gathered.absent), self._decided_before(event.id))

    def _decided_before(self, event_id: str) -> str | None:
        seq = self.lane.state.answered.find(fingerprint(event_id))
        try:
            return decision_id(seq) if seq is not None and self.archive.decision(seq).event_id == event_id else None
        except LookupError:
            return None  # it is not on disk yet

    async def snapshot(self) -> str:
        """Write a snapshot now, in a child; returns its name when it is on disk.

        Raises NotNow when the state is not one to go back to, or when it can't be written.
        """
        async with self._snapshot_lock:
            # The state must say what the journal says: a stopped lane may have seen an event that was never
            # written, and windows that still catch up would be taken for whole at the next start.
            self.lane.settle()
            if self.lane.stopped is not None:
                raise NotNow("the lane has stopped; a snapshot can be taken when it has recovered")
            if self.lane.state.warming:
                raise NotNow("some features still catch up; a snapshot can be taken when they have")
            seq = self.lane.state.next_seq
            frontier = self._frontier(seq)
            child = snapshots.write_forked(self.lane.state, self._blobs, last_record(self.archive, seq), frontier)
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            self._snapshot_seq, self._snapshot_us = seq, self._clock.now_us()
            if status != 0:
                why = snapshots.why(status)
                raise NotNow(f"the snapshot could not be written: {why}; the platform goes on with the last one")
            snapshots.prune(self._blobs)
            return snapshots.name_of(seq)

    def _frontier(self, seq: int) -> tuple[bytes, ...]:
        size, frontier = self.lane.tree.state
        assert size == seq, "a lane that is settled has all its records in the tree"
        return frontier

    async def publish_head(self) -> Checkpoint | None:
        """Sign and export the head of what is durable now; None when that is nothing.

        Raises NotNow when it can't be exported, or must not be: another history was exported before.
        """
        if self._heads is None:
            raise NotNow("this platform has no key to sign heads with")
        async with self._signing:
            try:
                # The other place may be on the other side of a network: decisions must not wait for it.
                state, now_us = self.lane.tree.state, self._clock.now_us()
                log = self.archive.log
                self.head = await asyncio.to_thread(
                    self._heads.publish, state, now_us, lambda seq: tree_before(log, seq).root
                )
            except (OSError, HeadRefused, CheckpointRefused, LogFailure) as error:
                raise NotNow(f"no signed head was exported: {error}") from error
        return self.head

    async def _export_heads(self) -> None:
        while not self._closing:
            is_empty = False
            try:
                is_empty = await self.publish_head() is None
            except NotNow as error:
                self._tell(str(error))
            # A new journal is empty for a moment: its first head leaves with its first records, not minutes later.
            await asyncio.sleep(1.0 if is_empty else self._settings.heads_minutes * MINUTE_US / SECOND_US)

    async def _watch(self) -> None:
        while not self._closing:
            await asyncio.sleep(1.0)
            await self.tend()

    async def tend(self) -> None:
        """What is looked after every second: snapshots when they are due, recovery when the lane has stopped."""
        now_us = self._clock.now_us()
        self._look_at_clock(now_us)
        if self.lane.stopped is not None:
            # A clock that was put back must not make the wait longer than it was meant to be.
            if now_us >= self._recover_at_us or now_us < self._recover_at_us - self._patience_us:
                # A lane that stops again soon (a full disk) is given longer each time: recovery costs, and a
                # readiness that flickers helps nobody.
                self._patience_us = min(2 * self._patience_us, PATIENCE_MAX_US)
                await self._recover()
                self._recover_at_us = self._clock.now_us() + self._patience_us
            return
        if now_us >= self._recover_at_us + PATIENCE_MAX_US:
            self._patience_us = SECOND_US
        self.lane.state.windows.sweep(SWEEP_KEYS)
        try:
            if self._notary is not None and self._notary.due:
                self._notary.save(self._clock.now_us())
            fresh = self.lane.state.next_seq - self._snapshot_seq
            self._snapshot_us = min(self._snapshot_us, now_us)
            idle_us = now_us - self._snapshot_us
            late = idle_us >= self._settings.snapshot_minutes * MINUTE_US
            if (fresh >= self._settings.snapshot_every or (fresh and late)) and not self.lane.state.warming:
                await self.snapshot()
        except (OSError, NotNow) as error:
            self._tell(str(error))

    def _look_at_clock(self, now_us: int) -> None:
        """Say, once, that the machine's clock lies behind the journal by more than any event may lie ahead of it."""
        behind_us = self.lane.state.high_us - now_us
        is_behind = behind_us > AHEAD_MAX_US
        if is_behind and not self._clock_is_behind:
            length = shown(behind_us // SECOND_US * SECOND_US, DURATION, lambda _: None)
            self._tell(
                f"the machine's clock is {length} behind the journal's newest event: it was put back, or it was ahead"
                " before. Until it has caught up, events are taken to have happened at that event's time (set the"
                " clock, and run NTP)"
            )
        self._clock_is_behind = is_behind

    async def _recover(self) -> None:
        self._tell(f"the lane has stopped: {self.lane.stopped}; recovering from the journal")
        self.lane.close()
        self.log.close()
        try:
            self._open()
            self._tell(f"recovered; records replayed: {self.replayed:,}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane stays stopped and the operator is told
            self._tell(f"recovery failed: {error}")

    async def _erase_again(self, vault: Vault) -> None:
        """Before anything comes in: who was erased and is back with an older key book goes again. Raises LogFailure."""
        returned = await asyncio.to_thread(erase_again, vault, self.log, self._clock.now_us())
        if returned:
            self._tell(f"{returned} subjects whom the journal says were erased had come back; they are erased again")

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Have something done beside decisions, as long as the platform runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._tell(f"a background task ended: {type(error).__name__}: {error}")

    async def close(self, *, snapshot: bool = True) -> None:
        """Answer what waits, take a last snapshot, let go of the journal."""
        self._closing = True
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._keeper is not None:
            self._keeper.close()
        if self._watcher is not None:
            self._watcher.close()
        if self.saver is not None:
            self.saver.close()
        if self.watching is not None:
            with suppress(OSError):
                self.watching.close()
        if self.warden is not None:
            self.warden.close()
        self.lane.settle()
        healthy = self.lane.stopped is None
        state = self.lane.state
        if snapshot and healthy and not state.warming and state.next_seq > self._snapshot_seq:
            async with self._snapshot_lock:
                try:
                    end = last_record(self.archive, state.next_seq)
                    snapshots.write(state, self._blobs, end, self._frontier(state.next_seq))
                    snapshots.prune(self._blobs)
                except OSError as error:
                    self._tell(f"no last snapshot: {error}; the next start replays more of the journal")
        self.lane.close()
        if self._notary is not None and healthy:
            if self._chain.next_seq:
                self._notary.mark(self._chain.next_seq, self._chain.head)
            self._notary.save(self._clock.now_us())
        if self._heads is not None and healthy:
            try:
                await self.publish_head()
            except NotNow as error:
                self._tell(str(error))
        self.log.close()
        if self._vault is not None:
            self._vault.close()


async def _made(base: Mapping[str, str], aside: Aside, ready: Program | None) -> tuple[Program, Aside, tuple[str, ...]]:
    """Base and aside composed, in a thread of its own, so that decisions go on meanwhile."""
    if ready is not None:
        return ready, aside, ()
    return await asyncio.to_thread(composed, base, aside)
