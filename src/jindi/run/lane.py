"""The live lane: one journal, one state, one writer. Gather, decide, commit; only then is anything answered.

Events are decided the moment they arrive and wait together for the next group commit; while one batch is
being synced the next one fills. A failed append stops the lane: what is not on disk is never answered for.
"""

import asyncio
from collections import deque
from concurrent.futures import Future as Job
from concurrent.futures import ThreadPoolExecutor, wait
from time import perf_counter_ns
from typing import Protocol

import msgspec

from jindi.basics.problems import Problem
from jindi.engine import WEIGHTS, Decision, EventProgram, judge
from jindi.journal import Chain, Tree
from jindi.packs import OUTCOMES, Outcome
from jindi.ports import Clock, Log, VaultFailure
from jindi.run.answered import fingerprint
from jindi.run.answers import Writer
from jindi.run.archive import Archive
from jindi.run.events import Event
from jindi.run.intake import Refused
from jindi.run.measures import Measures
from jindi.run.records import DecisionRecord, encode_decision
from jindi.run.state import Gathered, State
from jindi.run.versions.tallies import COST_EVERY
from jindi.vault import CannotOpen, Personal, RingProblem, Vault

QUEUE_MAX = 8_192
"""Events that may wait for their commit; one more is turned away with Retry-After."""

SYNC_GAP_S = 0.001
"""At least this long between the starts of two syncs: the disk's tail is shorter when it is paced."""

BUSY_GAP_S, BUSY_EVENTS = 0.003, 32
"""The same after a batch of so many events: a commit costs some 100 µs whatever it holds, and where so many wait at
once the processor is what they wait for.
"""

RECENT_MAX = 5_000


class Busy(Exception):  # noqa: N818 - what the sender is told
    """More events wait than the queue holds; nothing was taken, try again."""


class Conflict(Exception):  # noqa: N818 - what the sender is told
    """The event id has been used for another content."""


class NotNow(Exception):  # noqa: N818 - what the operator is told
    """What was asked for can't be done in the state that the platform is in; the message says why."""


class Stopped(Exception):  # noqa: N818 - what the sender is told
    """The lane has stopped; nothing is decided until it has recovered from its journal."""


class Held(Stopped):
    """Events from outside are not taken for now; nothing was taken, try again."""


class Decided(msgspec.Struct, gc=False):
    """A decision just made: for the console and the guards. What it saw is in its record: thousands are remembered,
    and to keep and free all facts of each would cost more than to make them again when somebody asks.

    `latency_us` is from receipt to a durable answer, None until then.
    """

    seq: int
    received_us: int
    ep: EventProgram
    event: Event
    late: bool
    decision: Decision
    record: bytes
    latency_us: int | None = None


class Waiter(Protocol):
    """Who waits for an answer: a future, or a connection that writes it at once. Told on the event loop."""

    def done(self) -> bool:
        """Whether nobody waits any more."""

    def set_result(self, result: bytes, /) -> None:
        """The answer's bytes, durable."""

    def set_exception(self, exception: Exception, /) -> None:
        """No answer will come: the lane has stopped."""


Waiting = tuple[list[Waiter], bytes, Decided]
"""Those who wait for an answer (whoever sends an event again waits too), its bytes, and the decision."""


class Batch(msgspec.Struct, eq=False):
    """Records on their way to the disk, and those who wait for them."""

    flight: int
    job: "Job[None]"
    waiting: list[Waiting]
    acting: "list[tuple[asyncio.Future[int], int]]"
    count: int


class Lane:
    """Takes events, one after the other, and answers when they are durable."""

    def __init__(
        self,
        state: State,
        log: Log,
        chain: Chain,
        tree: Tree,
        clock: Clock,
        measures: Measures,
        archive: Archive,
        vault: Vault | None = None,
    ) -> None:
        self.state, self.log, self._chain, self._clock = state, log, chain, clock
        self.tree = tree
        self.first_seq = state.next_seq
        self.measures = measures
        self._archive, self._vault = archive, vault
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="jindi-commit")
        self._writers, self._challenging = _writers(state)
        self._records: list[bytes] = []
        self._personal: list[Personal] = []
        self._waiting: list[Waiting] = []
        self._acting: list[tuple[asyncio.Future[int], int]] = []
        self._in_flight: dict[str, tuple[Event, list[Waiter]]] = {}
        self._committing = False
        self._flying: Batch | None = None
        self._flights = 0
        self._last_sync_s = 0.0
        self._gap_s = SYNC_GAP_S
        self._watched = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.stopped: str | None = None
        self.recent: deque[Decided] = deque(maxlen=RECENT_MAX)
        # What people look for is rare, and would be washed out of `recent` within seconds by what went through.
        self.remarkable: deque[Decided] = deque(maxlen=RECENT_MAX)

    @property
    def waiting(self) -> int:
        """Events decided and not yet durable."""
        return len(self._in_flight)

    def submit(self, event: Event, received_us: int) -> asyncio.Future[bytes]:
        """Decide an event. The future holds the answer's bytes once they may be given; see `decide`."""
        future: asyncio.Future[bytes] = self._loop.create_future()
        self.decide(event, received_us, future)
        return future

    def decide(self, event: Event, received_us: int, waiter: Waiter) -> None:
        """Decide an event. The waiter is given the answer's bytes once they may be given, perhaps at once.

        Raises Busy, Conflict, Stopped, or Refused; in each case the event has left no trace.
        """
        if self.stopped is not None:
            raise Stopped(self.stopped)
        if len(self._in_flight) >= QUEUE_MAX:
            raise Busy
        if (flying := self._in_flight.get(event.id)) is not None:
            if not self.state.is_same(flying[0], event):
                raise Conflict
            # Each waits for itself: a sender who goes away takes nobody else's answer along.
            flying[1].append(waiter)
            return
        state = self.state
        mark = fingerprint(event.id)
        if (seq := state.answered.find(mark)) is not None and (given := self._again(seq, event)) is not None:
            waiter.set_result(given)
            return
        if event.at_us < state.answered.floor_us:
            raise Refused(
                [Problem("event", "at", "older than the answers that are kept", "it can't be told from a repetition")]
            )
        if (problem := state.refusal(event)) is not None:
            raise Refused([problem])
        self._decide(event, received_us, mark, waiter)

    def _again(self, seq: int, event: Event) -> bytes | None:
        """The answer that this event was given before; None when only the fingerprints are alike."""
        record, writer = self._archive.read_back(seq)
        if record.event_id != event.id:
            return None
        if not self.state.is_same(event, record.event) and not self._is_same(record, event):
            raise Conflict
        return write_again(writer, seq, record)

    def _is_same(self, record: DecisionRecord, event: Event) -> bool:
        """Whether an event is the journalled one, read under definitions whose fields have changed since."""
        if (record.event_type, record.at_us) != (event.type, event.at_us):
            return False
        values = self._archive.values_today(record, self.state.program.definitions)
        return values is not None and self.state.is_same(event, msgspec.structs.replace(record.event, values=values))

    def _decide(self, event: Event, received_us: int, mark: tuple[int, int], waiter: Waiter) -> None:
        state = self.state
        ep = state.program.events[event.type]
        deadline_us = ep.live.policy.deadline_us if ep.live is not None else 0
        passed = deadline_us > 0 and self._clock.now_us() - received_us > deadline_us
        try:
            gathered = state.gather(event, feed=True, deadline_passed=passed)
        except Refused:
            raise
        except Exception as error:
            self._stop(f"the windows failed on an event: {type(error).__name__}")
            raise Stopped(self.stopped) from error
        try:
            decision = state.decide(event, gathered)
            seq = state.next_seq
            shapes = state.shapes(event.type, gathered, decision) if decision.hits or decision.exempted else ()
            record = encode_decision(
                state.definitions_seq, gathered.as_of_us, received_us, event, gathered.base[len(event.values) :],
                sorted(gathered.absent) if gathered.absent else (), gathered.late, decision, shapes,
            )  # fmt: skip
            state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us, mark)
            if decision.shadows:
                self._watch(ep, seq, gathered, decision)
            writer = self._writers[event.type]
            if ep.challenger is not None:
                self.state.watch.side(ep, gathered.as_of_us, decision.side, WEIGHTS[decision.outcome], decision)
                if decision.side:
                    writer = self._challenging[event.type]
            body = writer.write(seq, event.id, gathered.as_of_us, gathered.late, decision.outcome, decision)
        except Exception as error:
            # The event is in the windows but not in the journal: only a recovery puts that right.
            self._stop(f"an event could not be decided: {type(error).__name__}")
            raise Stopped(self.stopped) from error
        decided = Decided(seq, received_us, ep, event, gathered.late, decision, record)
        self._records.append(record)
        if event.personal:
            # The event is remembered for a long time, and its clear text is not.
            self._personal += event.personal
            event.personal.clear()
        waiters = [waiter]
        self._waiting.append((waiters, body, decided))
        self._in_flight[event.id] = (event, waiters)
        self.recent.append(decided)
        if decision.hits or decision.outcome is not Outcome.ALLOW or decision.degraded or gathered.late:
            self.remarkable.append(decided)
        self.measures.decided(event.type, decision, ep, received_us)
        if not self._committing:
            self._committing = True
            self._idle.clear()
            gap_s = self._last_sync_s + self._gap_s - self._loop.time()
            if gap_s > 0:
                self._loop.call_later(gap_s, self._commit)
            else:
                self._loop.call_soon(self._commit)

    def _watch(self, ep: EventProgram, seq: int, gathered: Gathered, decision: Decision) -> None:
        """Count what watched versions would have decided, and now and then what it costs to ask them."""
        shadows = ((WEIGHTS[each.outcome], each) for each in decision.shadows)
        outcome = WEIGHTS[decision.outcome]
        self.state.watch.count(ep, seq, gathered.as_of_us, decision.side, decision, outcome, shadows)
        self._watched += 1
        if self._watched % COST_EVERY == 0:
            for policy in ep.policies():
                began = perf_counter_ns()
                judge(ep, policy, gathered.facts, gathered.absent)
                self.measures.judged(policy.policy.version, perf_counter_ns() - began)

    def append(self, record: bytes) -> int:
        """Put a record of another kind (definitions) behind what waits; it is durable with the next commit."""
        seq = self.state.next_seq
        self.state.next_seq += 1
        self._records.append(record)
        if not self._committing:
            self._committing = True
            self._idle.clear()
            self._loop.call_soon(self._commit)
        return seq

    def journal(self, record: bytes) -> "tuple[int, asyncio.Future[int]]":
        """As `append`, for whoever must wait until this very record is durable: its number, and a future that holds
        it then. The future raises Stopped when the record never gets there.

        Raises Stopped or Busy; then there is no record.
        """
        if self.stopped is not None:
            raise Stopped(self.stopped)
        if len(self._acting) >= QUEUE_MAX:
            raise Busy
        future: asyncio.Future[int] = self._loop.create_future()
        seq = self.append(record)
        self._acting.append((future, seq))
        return seq, future

    def _commit(self) -> None:
        """Send what waits to the disk, unless a batch is on its way: what comes after it goes by itself."""
        if self._flying is not None:
            return
        if self.stopped is not None or not self._records:
            self._committing = False
            self._idle.set()
            return
        records, self._records = self._records, []
        personal, self._personal = self._personal, []
        waiting, self._waiting = self._waiting, []
        acting, self._acting = self._acting, []
        self._last_sync_s = self._loop.time()
        self._gap_s = SYNC_GAP_S if len(records) < BUSY_EVENTS else BUSY_GAP_S
        self._flights += 1
        flight = self._flights
        job = self._pool.submit(self._write, records, personal)
        batch = self._flying = Batch(flight, job, waiting, acting, len(records))
        # Told by its number: a job that held its batch would be a cycle, and keep all its answers until a collection.
        batch.job.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._landed, flight))

    def _write(self, records: list[bytes], personal: list[Personal]) -> None:
        """In the commit thread: make what the vault is to hold durable, then seal the batch and make it durable.

        In this order the journal never mentions a token whose clear text could be lost.
        """
        if personal and self._vault is not None:
            try:
                self._vault.commit(personal, self._clock.now_us())
            finally:
                personal.clear()
        first = self.log.next_seq()
        self.log.append(self._chain.seal(records, first), first, len(records))
        # From memory, and only what is durable: a head must cover neither what somebody has put on the disk instead,
        # nor what a power cut could still undo.
        self.tree.extend(records)

    def _landed(self, flight: int) -> None:
        if (batch := self._flying) is not None and batch.flight == flight:
            self._committed(batch)  # else `settle` has waited for it and told everybody

    def _committed(self, batch: Batch) -> None:
        self._flying = None
        if (error := batch.job.exception()) is not None:
            self._waiting = batch.waiting + self._waiting
            self._acting = batch.acting + self._acting
            what = "vault" if isinstance(error, (VaultFailure, RingProblem, CannotOpen)) else "journal"
            self._stop(f"the {what} could not be written: {error}")
            return
        now_us = self._clock.now_us()
        self.measures.committed(batch.count, self._loop.time() - self._last_sync_s)
        in_flight, answered = self._in_flight, self.measures.answered
        for waiters, body, decided in batch.waiting:
            in_flight.pop(decided.event.id, None)
            decided.latency_us = latency_us = now_us - decided.received_us
            answered(latency_us)
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(body)
        for future, seq in batch.acting:
            if not future.done():
                future.set_result(seq)
        if self._records:
            gap_s = self._last_sync_s + self._gap_s - self._loop.time()
            if gap_s > 0:
                self._loop.call_later(gap_s, self._commit)
            else:
                self._commit()
        else:
            self._committing = False
            self._idle.set()

    def _stop(self, why: str) -> None:
        """Decide nothing more. What is on its way to the disk is still answered if it gets there."""
        self.stopped = why
        self._committing = self._flying is not None
        self._records.clear()
        self._personal.clear()
        for waiters, _, _ in self._waiting:
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(Stopped(why))
                    if isinstance(waiter, asyncio.Future):
                        waiter.exception()  # a sender that has gone away leaves no one to be told
        for future, _ in self._acting:
            if not future.done():
                future.set_exception(Stopped(why))
                future.exception()  # whoever asked may have gone away
        self._acting.clear()
        self._waiting.clear()
        self._in_flight.clear()
        if not self._committing:
            self._idle.set()

    def settle(self) -> None:
        """Make everything decided so far durable before returning, with the loop held up for a sync or two.

        Under load there is always a batch on its way: who needs a moment in which the journal and the state
        say the same can't wait for one.
        """
        while self._flying is not None or (self.stopped is None and self._records):
            if self._flying is None:
                self._commit()
            if (batch := self._flying) is not None:
                wait([batch.job])
                self._committed(batch)

    async def settled(self) -> None:
        """Return when everything decided is durable (or the lane has stopped)."""
        while self._committing:
            await self._idle.wait()

    def take(self, state: State) -> None:
        """Go on under another state: no event is between gather and decide when the loop calls this."""
        self.state = state
        self._writers, self._challenging = _writers(state)

    def close(self) -> None:
        """Answer what waits, then let go of the commit thread."""
        self.settle()
        self.stopped = self.stopped or "the platform is shutting down"
        self._pool.shutdown(wait=True)


def _writers(state: State) -> tuple[dict[str, Writer], dict[str, Writer]]:
    """What writes the answers of each event type: the live policy's, and the challenger's where there is one."""
    events = state.program.events
    challenging = {name: Writer(ep, 1) for name, ep in events.items() if ep.challenger is not None}
    return {name: Writer(ep) for name, ep in events.items()}, challenging


def write_again(writer: Writer, seq: int, record: DecisionRecord) -> bytes:
    """The bytes that were answered when a journalled decision was made."""
    outcome = OUTCOMES[record.verdict.outcome]
    return writer.write(seq, record.event_id, record.as_of_us, record.late, outcome, record.verdict)
