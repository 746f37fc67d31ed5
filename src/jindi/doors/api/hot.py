"""`POST /v1/events` as a bare ASGI callable: one event, or many as NDJSON with every line answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from jindi.access import ApiKey, ApiKeys, Permits
from jindi.doors.api import problems
from jindi.doors.api.problems import Title, problem
from jindi.doors.fences import Rates, Turnstile
from jindi.ports import Clock
from jindi.run.intake import EVENT_BYTES_MAX, Refused
from jindi.run.lane import Busy, Conflict, Held, Stopped, Waiter
from jindi.run.platform import Platform

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SIGNED_BY = "jindi.signed_by"
"""Where a request's scope has the key whose signature was found right; only the threshold puts it there."""

NDJSON_BYTES_MAX = 64 * 1024 * 1024
LINES_MAX = 262_144
"""Blank lines count, too: to pass over them takes time as well."""

LINES_AT_ONCE = 64
"""Lines decided before other requests get their turn: some milliseconds."""

PART_LINES, PARTS_FLYING = 512, 2
"""Lines answered in one piece, and how many pieces may wait for the disk at a time."""

RETRY_AFTER_S = b"1"
WRITERS_MAX = 1_024
_log = logging.getLogger(__name__)
JSON = b"application/json"
_NDJSON = b"application/x-ndjson"


class Gone(Exception):  # noqa: N818 - what has happened
    """The sender went away before the body was whole."""


class TooLarge(Exception):  # noqa: N818 - what the sender is told
    """The body goes beyond its limit."""


class Events:
    """The hot route."""

    def __init__(
        self, platform: Platform, keys: ApiKeys, clock: Clock, permits: Permits | None = None,
        turnstile: Turnstile | None = None,
    ) -> None:  # fmt: skip
        self._platform, self._keys, self._clock, self._permits = platform, keys, clock, permits or Permits()
        self._turnstile = turnstile or Turnstile(Rates())
        self._writers: dict[bytes, str] = {}
        self._changes = keys.changes

    def may_write(self, authorization: bytes) -> bool:
        """Whether an Authorization header names a key that may send an event now; that is then one event of the key's
        rate. Whose key it is is remembered until any key changes or ends.
        """
        changes = self._keys.turn(self._clock.now_us())
        if changes != self._changes or len(self._writers) >= WRITERS_MAX:
            self._writers.clear()
            self._changes = changes
        key_id = self._writers.get(authorization)
        if key_id is None:
            if (key_id := self._writer(authorization)) is None:
                return False
            self._writers[authorization] = key_id
        return not self._turnstile.event(key_id)

    def _writer(self, authorization: bytes) -> str | None:
        if authorization[:7].lower() != b"bearer ":
            return None
        key = self._keys.holder(authorization[7:].strip(), self._clock.now_us())
        return key.id if key is not None and self._may(key) else None

    def _may(self, key: ApiKey) -> bool:
        return self._permits.may(key.principal, "event.decide", self._clock.now_us()).allowed

    def decide(self, body: bytes, waiter: Waiter) -> None:
        """Decide one event; see `Lane.decide` for what is raised."""
        try:
            self._platform.decide(body, self._clock.now_us(), waiter)
        except Busy:
            self._platform.measures.busy += 1
            raise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key = self._who(scope)
        ndjson = is_lines(scope["headers"])
        if key is None:
            await answer(
                send, 401, problem(problems.UNAUTHENTICATED), problems.MEDIA_TYPE, (b"www-authenticate", b"Bearer")
            )
        elif not self._may(key):
            await answer(
                send, 403, problem(problems.FORBIDDEN, "the key lacks the scope events:write"), problems.MEDIA_TYPE
            )
        else:
            try:
                body = await read_body(receive, NDJSON_BYTES_MAX if ndjson else EVENT_BYTES_MAX)
            except TooLarge:
                await answer(send, 413, problem(problems.TOO_LARGE), problems.MEDIA_TYPE)
                return
            except Gone:
                return  # half a body is no request
            if ndjson and body.count(b"\n") > LINES_MAX:
                await answer(
                    send, 413, problem(problems.TOO_LARGE, f"more than {LINES_MAX} lines"), problems.MEDIA_TYPE
                )
            elif ndjson:
                await self._many(body, send)
                self._turnstile.more_events(key.id, body.count(b"\n"))
            else:
                await self._one(body, send)

    def _who(self, scope: Scope) -> ApiKey | None:
        signer: ApiKey | None = scope.get(SIGNED_BY)
        if signer is not None:
            return signer
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return self._keys.holder(value[7:].strip(), self._clock.now_us())
        return None

    async def _one(self, body: bytes, send: Send) -> None:
        try:
            decided = await self._platform.submit(body, self._clock.now_us())
        except (Refused, Busy, Conflict, Stopped) as error:
            title, text = told(error)
            retry = (b"retry-after", RETRY_AFTER_S) if title.status == 503 else None
            if isinstance(error, Busy):
                self._platform.measures.busy += 1
            await answer(send, title.status, text, problems.MEDIA_TYPE, retry)
            return
        except Exception:
            await answer(send, problems.FAILED.status, problem(problems.FAILED), problems.MEDIA_TYPE)
            raise  # the server's log is told
        await answer(send, 200, decided, JSON)

    async def _many(self, body: bytes, send: Send) -> None:
        """Every line is answered by a line, in order; a line that is refused says so and the rest goes on."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", _NDJSON)]})
        parts = [Part()]
        decide, now_us = self._platform.decide, self._clock.now_us
        for number, line in _lines(body):
            place = parts[-1].line(number)
            try:
                decide(line, now_us(), place)
            except Busy:
                await self._again(line, number, parts)
            except Exception as error:  # noqa: BLE001 - the other lines are answered all the same
                place.set_exception(error)
            if len(parts[-1].answers) % LINES_AT_ONCE == 0:
                # Let other requests in, and the commit of what has been decided begin.
                await asyncio.sleep(0)
            if len(parts[-1].answers) == PART_LINES:
                parts.append(Part())
                if len(parts) > PARTS_FLYING:
                    await self._flush(parts.pop(0), send)
        for part in parts:
            await self._flush(part, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _again(self, raw: memoryview, number: int, parts: "list[Part]") -> None:
        """Wait until a line that met a full queue can be taken: it is full of other requests' events and our own."""
        while True:
            parts[-1].forget()
            waiting = next((part for part in parts if part.flying), None)
            await (waiting.landed() if waiting is not None else asyncio.sleep(0.001))
            line = parts[-1].line(number)
            try:
                self._platform.decide(raw, self._clock.now_us(), line)
            except Busy:
                continue
            except Exception as error:  # noqa: BLE001 - the other lines are answered all the same
                line.set_exception(error)
            return

    async def _flush(self, part: "Part", send: Send) -> None:
        await part.landed()
        if part.answers:
            await send({"type": "http.response.body", "body": b"\n".join([*part.answers, b""]), "more_body": True})


class Part:
    """Some lines of a body and their answers, which may still be on their way to the disk."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.flying = 0
        self._all: asyncio.Future[None] | None = None

    async def landed(self) -> None:
        """Return when every line so far has its answer."""
        if self.flying:
            if self._all is None:
                self._all = asyncio.get_running_loop().create_future()
            await self._all

    def line(self, number: int) -> "Line":
        """A place for the next line's answer."""
        self.answers.append(b"")
        self.flying += 1
        return Line(self, len(self.answers) - 1, number)

    def forget(self) -> None:
        """The newest line was not taken."""
        self.answers.pop()
        self.flying -= 1

    def land(self, place: int, answer: bytes) -> None:
        """A line's answer has come."""
        self.answers[place] = answer
        self.flying -= 1
        if not self.flying and self._all is not None:
            if not self._all.done():
                self._all.set_result(None)
            self._all = None


class Line:
    """One line of a body: to the lane, who waits for its answer."""

    __slots__ = ("_number", "_part", "_place")

    def __init__(self, part: Part, place: int, number: int) -> None:
        self._part, self._place, self._number = part, place, number

    def done(self) -> bool:
        """Its answer is always wanted: the other lines are answered with it."""
        return False

    def set_result(self, result: bytes, /) -> None:
        """The decision is durable."""
        self._part.land(self._place, result)

    def set_exception(self, exception: Exception, /) -> None:
        """There will be no decision."""
        if isinstance(exception, Refused | Conflict | Stopped):
            text = told(exception, line=self._number)[1]
        else:
            _log.error("an event failed", exc_info=exception)
            text = problem(problems.FAILED, line=self._number)
        self._part.land(self._place, text)


def is_lines(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body of a request is said to be NDJSON."""
    return any(name == b"content-type" and value[: len(_NDJSON)].lower() == _NDJSON for name, value in headers)


def _lines(body: bytes) -> Iterator[tuple[int, memoryview]]:
    """The lines of a body that are not blank, numbered from 1 as they stand there, without copying it."""
    view, start, end, number = memoryview(body), 0, len(body), 1
    while start < end:
        stop = body.find(b"\n", start)
        stop = end if stop < 0 else stop
        if body[start:stop].strip():
            yield number, view[start:stop]
        start, number = stop + 1, number + 1


def told(error: Exception, **more: Any) -> tuple[Title, bytes]:
    """What a sender is told of a refusal."""
    if isinstance(error, Refused):
        return problems.REFUSED, problem(problems.REFUSED, problems=error.problems, **more)
    if isinstance(error, Conflict):
        return problems.CONFLICT, problem(problems.CONFLICT, "give a changed event a new id", **more)
    if isinstance(error, Busy):
        return problems.BUSY, problem(problems.BUSY, **more)
    if isinstance(error, Held):
        return problems.NOT_NOW, problem(problems.NOT_NOW, str(error), **more)
    return problems.STOPPED, problem(problems.STOPPED, **more)


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body of a request. Raises TooLarge beyond `most` bytes, Gone when it breaks off."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise TooLarge
        return body
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise TooLarge
    return b"".join(parts)


async def answer(
    send: Send, status: int, body: bytes, media_type: bytes, extra: tuple[bytes, bytes] | None = None
) -> None:
    """One whole response."""
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    if extra is not None:
        headers.append(extra)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
