"""The follower that tells endpoints: it reads the journal with a durable cursor for each, and sends in order.

At least once: the cursor is moved after the receiver has said yes, so a crash in between sends again, under the same
message id. What fails is tried again later and later, and holds up what comes behind it; after the last try the
endpoint is dead, which everybody can see, and goes on from the same place when somebody switches it on again.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import msgspec

from jindi.basics.instants import SECOND_US, format_instant
from jindi.packs import OUTCOMES
from jindi.ports import Clock, LogFailure
from jindi.run.lane import write_again
from jindi.run.platform import Platform
from jindi.run.records import DecisionRecord
from jindi.run.watching import NOBODY, Sight
from jindi.run.webhooks.endpoints import Endpoint, Endpoints, Progress, Unknown
from jindi.run.webhooks.sending import Sender, Sent
from jindi.run.webhooks.signing import signatures

MINUTE_S, HOUR_S = 60, 3_600
WAITS_S = (5, 30, 2 * MINUTE_S, 10 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 2 * HOUR_S, 4 * HOUR_S, 8 * HOUR_S, 12 * HOUR_S)
"""How long it waits after each failure in a row; after the last it gives up. More than a day in all."""

RECORDS_AT_ONCE, MESSAGES_AT_ONCE = 2_000, 64
POLL_S = 0.5
THREADS = 8
REST_US = 30 * SECOND_US
"""How long an endpoint rests when our own side has failed."""

SAVE_US = SECOND_US
"""So often a cursor that moves is made durable, at the most: a crash sends what was told since once more."""

P = ParamSpec("P")
T = TypeVar("T")
_json = msgspec.json.Encoder().encode


class Told(msgspec.Struct, frozen=True):
    """A message: the record that it is about, its id, its body."""

    seq: int
    id: str
    body: bytes


def headers_of(endpoint: Endpoint, message_id: str, body: bytes, now_us: int) -> dict[str, str]:
    """The headers of one delivery. Each try is signed anew: receivers refuse what was signed long ago."""
    sent_s = now_us // SECOND_US
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_s),
        "webhook-signature": signatures(endpoint.in_force(now_us), message_id, sent_s, body),
    }


def send_test(endpoint: Endpoint, sender: Sender, now_us: int) -> Sent:
    """One message without content, to see whether it arrives. Blocking."""
    document = {"type": "webhook.test", "timestamp": format_instant(now_us), "data": {"endpoint": endpoint.id}}
    body, message_id = _json(document), f"msg_test_{now_us:x}_{endpoint.id[3:]}"
    return sender.send(endpoint.url, headers_of(endpoint, message_id, body, now_us), body)


class Courier:
    """Tells all endpoints of one platform, each in a task of its own."""

    def __init__(
        self, platform: Platform, endpoints: Endpoints, sender: Callable[[], Sender], clock: Clock,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._platform, self._endpoints, self._sender, self._clock = platform, endpoints, sender, clock
        self._tell, self._sight = tell, Sight(platform)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._rest_us: dict[str, int] = {}
        # Threads of its own: a receiver that takes its time must not keep others from theirs.
        self._threads = ThreadPoolExecutor(THREADS, "webhooks")
        self._saved_us: dict[str, int] = {}
        self.progress: dict[str, Progress] = {}
        """How far each endpoint has been told; for whoever shows it."""

    async def run(self) -> None:
        """Follow until cancelled; what is under way is broken off, and sent again at the next start."""
        try:
            while True:
                self._look()
                await asyncio.sleep(POLL_S)
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._threads.shutdown(wait=False)

    def _look(self) -> None:
        """A task for each endpoint that is on."""
        for identifier, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[identifier]
                if not task.cancelled() and (error := task.exception()) is not None:
                    self._rest_us[identifier] = self._clock.now_us() + REST_US
                    self._tell(f"the webhook {identifier} has stopped for now: {type(error).__name__}: {error}")
        for endpoint in self._endpoints.all():
            rests = self._rest_us.get(endpoint.id, 0) > self._clock.now_us()
            if endpoint.state == "on" and endpoint.id not in self._tasks and not rests:
                self._tasks[endpoint.id] = asyncio.create_task(self._follow(endpoint.id))

    async def _beside(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(do, *args, **kwargs))

    async def _follow(self, identifier: str) -> None:
        sender = self._sender()
        progress = self._begin(identifier)
        try:
            while (endpoint := self._on(identifier)) is not None:
                try:
                    told, after = await self._beside(self._read, endpoint, progress.next)
                except LogFailure:
                    await asyncio.sleep(POLL_S)  # the lane recovers, or the platform stops
                    continue
                for each in told:
                    if not await self._deliver(identifier, each, progress, sender):
                        return
                    progress.next = each.seq + 1
                    self._note(identifier, progress)
                if after > progress.next:
                    progress.next = after
                    self._note(identifier, progress)
                if not told:
                    await asyncio.sleep(POLL_S)
        finally:
            sender.stop()
            # A thread may still hold the connection; it sees the stop and lets go.
            self._threads.submit(sender.close)
            if identifier in self.progress and self._is_there(identifier):
                self._endpoints.save_progress(identifier, progress)

    def _begin(self, identifier: str) -> Progress:
        """Where it goes on; a new endpoint is told what comes from now on."""
        end = self._platform.archive.log.next_seq()
        progress = self._endpoints.progress(identifier) or Progress(end)
        if progress.next > end:
            self._tell(f"the webhook {identifier} was told more than the journal holds: it goes on from the end")
            progress.next = end
        self.progress[identifier] = progress
        self._endpoints.save_progress(identifier, progress)
        return progress

    def _is_there(self, identifier: str) -> bool:
        return any(each.id == identifier for each in self._endpoints.all())

    def _on(self, identifier: str) -> Endpoint | None:
        """The endpoint as it is now; None when it is no longer on."""
        try:
            endpoint = self._endpoints.get(identifier)
        except Unknown:
            return None
        return endpoint if endpoint.state == "on" else None

    def _read(self, endpoint: Endpoint, first: int) -> tuple[list[Told], int]:
        """Some messages from a record on, and where to go on behind them. In a thread."""
        archive = self._platform.archive
        durable = archive.log.next_seq()
        told: list[Told] = []
        until = min(durable, first + RECORDS_AT_ONCE)
        for seq, record in archive.records(first) if first < until else ():
            if seq >= until or len(told) == MESSAGES_AT_ONCE:
                return told, min(seq, until)
            if isinstance(record, DecisionRecord):
                outcome = str(OUTCOMES[record.verdict.outcome])
                if not endpoint.wants(outcome, record.event_type):
                    continue
                try:
                    # An endpoint is a place where anybody may read: what is confidential about staff goes to none.
                    event = archive.program(record.definitions).events[record.event_type].event
                    if self._sight.may_see(NOBODY, event, record.values):
                        told.append(self._message(endpoint, seq, record))
                except LookupError as error:  # definitions that this version does not take any more
                    self._tell(f"the webhook {endpoint.id} is not told of record {seq}: {error}")
        return told, until

    def _message(self, endpoint: Endpoint, seq: int, record: DecisionRecord) -> Told:
        """What is told of a decision: its answer, as the API gives it."""
        _, writer = self._platform.archive.read_back(seq)
        answer = write_again(writer, seq, record)
        more = _json({"event_type": record.event_type, "at": format_instant(record.at_us)})
        body = b'{"type":"decision.made","timestamp":%b,"data":%b}' % (
            _json(format_instant(record.received_us)), answer[:-1] + b"," + more[1:],
        )  # fmt: skip
        return Told(seq, f"msg_{seq:012x}_{endpoint.id[3:]}", body)

    async def _deliver(self, identifier: str, told: Told, progress: Progress, sender: Sender) -> bool:
        """Send until it is taken; False when the endpoint is no longer on."""
        while True:
            now_us = self._clock.now_us()
            # A clock that was put back must not make the wait longer than it was meant to be.
            progress.retry_us = min(progress.retry_us, now_us + 2 * WAITS_S[-1] * SECOND_US)
            if progress.retry_us > now_us:
                await asyncio.sleep(min(POLL_S, (progress.retry_us - now_us) / SECOND_US))
                if self._on(identifier) is None:
                    return False
                continue
            if (endpoint := self._on(identifier)) is None:
                return False
            headers = headers_of(endpoint, told.id, told.body, now_us)
            sent = await self._beside(sender.send, endpoint.url, headers, told.body)
            progress.last_us, progress.last_why = self._clock.now_us(), sent.why
            if not sent.why:
                progress.delivered += 1
                progress.failures = progress.retry_us = 0
                return True
            if not self._again(identifier, progress, sent):
                return False

    def _again(self, identifier: str, progress: Progress, sent: Sent) -> bool:
        """Set the time of the next try; False when there is none."""
        progress.failures += 1
        if sent.gone or progress.failures > len(WAITS_S):
            why = "the receiver wants no more (410)" if sent.gone else f"{progress.failures} tries failed: {sent.why}"
            self._endpoints.save_progress(identifier, progress)
            self._endpoints.put(identifier, "dead", why)
            self._tell(f"the webhook {identifier} is dead: {why}; what is not told waits until it is enabled")
            return False
        wait_s = max(WAITS_S[progress.failures - 1], min(sent.retry_after_s or 0, WAITS_S[-1]))
        # Jitter keeps many endpoints of one receiver from coming back at once; it is no secret.
        progress.retry_us = self._clock.now_us() + int(wait_s * SECOND_US * (1 + random.random() / 10))  # noqa: S311
        self._endpoints.save_progress(identifier, progress)
        return True

    def _note(self, identifier: str, progress: Progress) -> None:
        """Make the cursor durable now and then."""
        now_us = self._clock.now_us()
        last_us = self._saved_us.get(identifier, 0)
        if not last_us <= now_us < last_us + SAVE_US:
            self._saved_us[identifier] = now_us
            self._endpoints.save_progress(identifier, progress)
