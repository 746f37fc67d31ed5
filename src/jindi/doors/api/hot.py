"""`POST /v1/events` as a bare ASGI callable: one event, or many as NDJSON with every line answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from jindi.access import ApiKey, ApiKeys
from jindi.access import Scope as Right
from jindi.doors.api import problems
from jindi.doors.api.problems import Title, problem
from jindi.ports import Clock
from jindi.run.intake import EVENT_BYTES_MAX, Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.platform import Platform

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NDJSON_BYTES_MAX = 64 * 1024 * 1024
LINES_AT_ONCE = 128
"""Lines decided before other requests get their turn."""

RETRY_AFTER_S = b"1"
Flying = tuple[int, "asyncio.Future[bytes] | bytes"]
"""A line's number, and its answer now or later."""

_log = logging.getLogger(__name__)
_JSON = b"application/json"
_NDJSON = b"application/x-ndjson"


class Gone(Exception):  # noqa: N818 - what has happened
    """The sender went away before the body was whole."""


class TooLarge(Exception):  # noqa: N818 - what the sender is told
    """The body goes beyond its limit."""


class Events:
    """The hot route."""

    def __init__(self, platform: Platform, keys: ApiKeys, clock: Clock) -> None:
        self._platform, self._keys, self._clock = platform, keys, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key, ndjson = self._who(scope["headers"])
        if key is None:
            await answer(
                send, 401, problem(problems.UNAUTHENTICATED), problems.MEDIA_TYPE, (b"www-authenticate", b"Bearer")
            )
        elif not key.may(Right.EVENTS_WRITE):
            await answer(send, 403, problem(problems.FORBIDDEN, "it needs events:write"), problems.MEDIA_TYPE)
        else:
            try:
                body = await read_body(receive, NDJSON_BYTES_MAX if ndjson else EVENT_BYTES_MAX)
            except TooLarge:
                await answer(send, 413, problem(problems.TOO_LARGE), problems.MEDIA_TYPE)
                return
            except Gone:
                return  # half a body is no request
            if ndjson:
                await self._many(body, send)
            else:
                await self._one(body, send)

    def _who(self, headers: list[tuple[bytes, bytes]]) -> tuple[ApiKey | None, bool]:
        key, ndjson = None, False
        for name, value in headers:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                key = self._keys.holder(value[7:].strip())
            elif name == b"content-type":
                ndjson = value[: len(_NDJSON)].lower() == _NDJSON
        return key, ndjson

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
        await answer(send, 200, decided, _JSON)

    async def _many(self, body: bytes, send: Send) -> None:
        """Every line is answered by a line, in order; a line that is refused says so and the rest goes on."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", _NDJSON)]})
        flying: list[Flying] = []
        for number, line in _lines(body):
            flying.append((number, await self._line(line, number, flying)))
            if len(flying) % LINES_AT_ONCE == 0:
                # Let other requests in, and the commit of what has been decided begin.
                await asyncio.sleep(0)
            if len(flying) >= 8 * LINES_AT_ONCE:
                await self._flush(flying[: 4 * LINES_AT_ONCE], send)
                del flying[: 4 * LINES_AT_ONCE]
        await self._flush(flying, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _line(self, line: memoryview, number: int, flying: list[Flying]) -> asyncio.Future[bytes] | bytes:
        while True:
            try:
                return self._platform.submit(line, self._clock.now_us())
            except Busy:
                # The queue is full of other requests' events and our own: wait for the oldest of ours.
                waiting = next(
                    (each for _, each in flying if isinstance(each, asyncio.Future) and not each.done()), None
                )
                await (asyncio.wait([waiting]) if waiting is not None else asyncio.sleep(0.001))
            except (Refused, Conflict, Stopped) as error:
                return told(error, line=number)[1]
            except Exception as error:  # noqa: BLE001 - the other lines are answered all the same
                _log.exception("an event failed", exc_info=error)
                return problem(problems.FAILED, line=number)

    async def _flush(self, flying: list[Flying], send: Send) -> None:
        answers = []
        for number, each in flying:
            if isinstance(each, bytes):
                answers.append(each)
                continue
            try:
                answers.append(await each)
            except Stopped as error:
                answers.append(told(error, line=number)[1])
        if answers:
            await send({"type": "http.response.body", "body": b"\n".join(answers) + b"\n", "more_body": True})


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
