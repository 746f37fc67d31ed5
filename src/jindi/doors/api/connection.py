"""A connection that answers `POST /v1/events` without the detour of a task and three awaits for each request.

Knows: when a request is the plain case (one JSON event, its length given, a key that may write) on a connection that
waits for nothing else. Everything else, every refusal of a key or a body included, goes to the ASGI application as it
would without us: there is one place that says no. What is answered here is answered with the same bytes.

Never: how an event is read or decided, nor anything of HTTP itself: parsing, limits, time-outs, pipelining and closing
are uvicorn's and httptools'.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from jindi.doors.api.hot import JSON, NDJSON_BYTES_MAX, RETRY_AFTER_S, Events, told
from jindi.doors.api.problems import (
    BAD_REQUEST,
    CROWDED,
    FAILED,
    HEAD_TOO_LARGE,
    MEDIA_TYPE,
    MISDIRECTED,
    TOO_LARGE,
    TOO_SLOW,
    Title,
    problem,
)
from jindi.doors.fences import Fences, place_of
from jindi.doors.headers import FOR_PROGRAMS, HSTS, in_bytes
from jindi.run.intake import EVENT_BYTES_MAX, Refused
from jindi.run.lane import Busy, Conflict, Stopped

PATH = b"/v1/events"
HEADS_MAX = 1_024
HEAD_BYTES_MAX = 65_536
"""A head may grow to this (and the rest of a read) before anybody has shown a key."""

HEADERS_MAX = 100
HEAD_S = 10.0
"""A head, and the first byte of a new connection, must be here within this time."""

BODY_S, BODY_BYTES_PER_S = 20.0, 8_192
"""A body may take this long, and longer as far as it comes at this pace."""

STALLED_S = 60.0
"""Who leaves his answers unread for so long is cut off."""

_ONCE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization", b"expect", b"content-digest"}
)
"""Headers of which two would be two requests: one to whoever takes the first, one to whoever takes the last."""
_log = logging.getLogger(__name__)
_SAFE = in_bytes(FOR_PROGRAMS)
_OK = STATUS_LINE[200] + b"content-type: " + JSON + b"\r\n" + _SAFE + b"content-length: "
_OK_HSTS = STATUS_LINE[200] + b"content-type: " + JSON + b"\r\n" + _SAFE + in_bytes([HSTS]) + b"content-length: "


class _Unheard:
    """Stands where an ASGI cycle has the event that wakes its task: here no task sleeps."""

    def set(self) -> None:
        """Nobody waits."""


_UNHEARD = _Unheard()


class Exchange:
    """One request on its way to its answer. To the protocol it is a cycle, to the lane a waiter."""

    __slots__ = ("_connection", "body", "disconnected", "keep_alive", "response_complete")
    message_event = _UNHEARD

    def __init__(self, connection: "Connection", *, keep_alive: bool) -> None:
        self._connection = connection
        self.body: bytes = b""
        self.keep_alive = keep_alive
        self.disconnected = self.response_complete = False

    def done(self) -> bool:
        """Whether the sender has gone away."""
        return self.disconnected

    def set_result(self, result: bytes, /) -> None:
        """The decision is durable."""
        begin = self._connection.begin
        if self.keep_alive:
            head = b"%b%d\r\n\r\n" % (begin, len(result))
        else:
            head = b"%b%d\r\nconnection: close\r\n\r\n" % (begin, len(result))
        self._connection.answer(self, head + result)

    def set_exception(self, exception: Exception, /) -> None:
        """There will be no decision."""
        if isinstance(exception, Refused | Busy | Conflict | Stopped):
            title, text = told(exception)
        else:
            title, text = FAILED, problem(FAILED)
            _log.error("an event failed", exc_info=exception)
        parts = [
            STATUS_LINE[title.status], b"content-type: ", MEDIA_TYPE,
            b"\r\n", self._connection.safe, b"content-length: %d\r\n" % len(text),
        ]  # fmt: skip
        if title.status == 503:
            parts += [b"retry-after: ", RETRY_AFTER_S, b"\r\n"]
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        self._connection.answer(self, b"".join([*parts, b"\r\n", text]))


class Heads:
    """Heads of plain requests that the parser has read before, byte for byte, with the length of their bodies and their
    Authorization: programs send the same few again and again. Shared by all connections; whether the key still holds
    is asked each time.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, tuple[int, bytes, bool]] = {}

    def learn(self, head: bytes, length: int, authorization: bytes, keep_alive: bool) -> None:
        """One more; when there are too many it begins anew."""
        if len(self.known) >= HEADS_MAX:
            self.known.clear()
        self.known[head] = (length, authorization, keep_alive)


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, with the short way for the plain case."""

    cycle: Any  # uvicorn's, or an Exchange
    _watch: asyncio.TimerHandle | None = None
    _idle_since_s = 0.0
    _plain: Exchange | None = None
    """The request whose body is being read, when it goes the short way."""
    _between = True
    """Whether the parser has seen the end of all that it was given."""
    _head = b""
    """The head of a request that came in one piece, for the parser's verdict on it."""
    _in_head = True
    """Whether the parser waits for the end of a head."""
    _went_on = False
    """Whether a head or a message ended within the piece that is being read."""
    _head_bytes = 0
    """What has come of it, not counting the piece that it began in."""
    _began_s = 0.0
    """When the request that is being read began."""
    _body_bytes = 0
    """What has come of its body."""
    _stalled: asyncio.TimerHandle | None = None
    begin, safe = _OK, _SAFE
    """How an answer begins, and the headers that every answer has."""

    def __init__(
        self, events: Events, heads: Heads, house: "House", config: Config, server_state: ServerState,
        app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self._events, self._heads, self._house = events, heads, house

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has come: there may be too many."""
        super().connection_made(transport)
        if self.scheme == "https" and self._house.fences.hsts:
            self.begin, self.safe = _OK_HSTS, _SAFE + in_bytes([HSTS])
        self._idle_since_s = self.loop.time()
        if not self._house.enters(self):
            self._turn_away(CROWDED)
            return
        self._watch = self.loop.call_later(HEAD_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Bytes have come: a plain request whole and with a head that is known, or something for the parser."""
        end = data.find(b"\r\n\r\n") + 4
        if self._between and end > 4:
            head = data[:end]
            if (known := self._heads.known.get(head)) is not None and self._is_free():
                length, authorization, keep_alive = known
                if len(data) == end + length and self._events.may_write(authorization):
                    if self.timeout_keep_alive_task is not None:
                        self._unset_keepalive_if_required()
                    self.cycle = exchange = Exchange(self, keep_alive=keep_alive)
                    self._decide(exchange, data[end:])
                    return
            self._head = head
        was_in_head, self._went_on = self._in_head, False
        super().data_received(data)
        self._head = b""
        if not self._between:
            self._watch_pace()
        if was_in_head and self._in_head and not self._went_on:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self._turn_away(HEAD_TOO_LARGE)
        else:
            self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for its log
        """What was sent is no HTTP."""
        self._turn_away(BAD_REQUEST)

    def _turn_away(self, title: Title) -> None:
        """Say why, and hear no more of this sender."""
        if self.transport.is_closing():
            return
        text = problem(title)
        head = b"%bcontent-type: %b\r\n%bcontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (STATUS_LINE[title.status], MEDIA_TYPE, self.safe, len(text)) + text)
        self.transport.close()

    def _is_free(self) -> bool:
        """Whether nothing else is on its way here, so that an answer may be written at once."""
        return (
            not self.pipeline
            and (self.cycle is None or self.cycle.response_complete)
            and not self.transport.is_closing()
        )

    # ---- the parser's callbacks

    def on_message_begin(self) -> None:
        """A request begins; its scope is made when it is known to need one."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._plain, self._between = None, False
        self._began_s, self._body_bytes = self.loop.time(), 0

    def on_headers_complete(self) -> None:
        """The short way or the long one."""
        self._in_head, self._went_on = False, True
        if (wrong := self._wrong()) is not None:
            self._turn_away(wrong)
        if self.transport.is_closing():
            # What comes behind `Connection: close` is not heard.
            self._plain = self.cycle = Exchange(self, keep_alive=False)
            self._plain.disconnected = True
            return
        if self._is_plain():
            self._plain = self.cycle = Exchange(self, keep_alive=self.parser.should_keep_alive())
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # We speak nothing else; what comes behind such a head would be read by nobody.
            self.cycle.keep_alive = False

    def _wrong(self) -> Title | None:
        """What is wrong with a head that the parser took; heads that are known have passed here before."""
        headers = self.headers
        if len(headers) > HEADERS_MAX or len(self.url) + sum(len(n) + len(v) for n, v in headers) > HEAD_BYTES_MAX:
            return HEAD_TOO_LARGE
        once: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _ONCE:
                if name in once:
                    return BAD_REQUEST
                once[name] = value
        # Two ways to say how long a body is are one too many, whichever of them a proxy before us believed.
        if b"transfer-encoding" in once and (
            b"content-length" in once or once[b"transfer-encoding"].strip().lower() != b"chunked"
        ):
            return BAD_REQUEST
        length = once.get(b"content-length", b"0").strip()
        if not length.isdigit() or len(length) > 18:
            return BAD_REQUEST
        if int(length) > NDJSON_BYTES_MAX:
            return TOO_LARGE
        if not self.url.startswith(b"/"):
            return BAD_REQUEST  # a proxy's form of a request, or CONNECT: this is no proxy
        return self._house.misdirected(once.get(b"host"), self.parser.get_http_version())

    def _is_plain(self) -> bool:
        if self.url != PATH or self.expect_100_continue or not self._is_free():
            return False
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or parser.should_upgrade():
            return False
        authorization, length = None, None
        for name, value in self.headers:
            if name == b"authorization":
                authorization = value
            elif name == b"content-length":
                length = value
            elif name == b"transfer-encoding" or (name == b"content-type" and value.lower() != JSON):
                # Curl says x-www-form-urlencoded of its own accord: the long way takes it as JSON, too.
                return False
        if authorization is None or length is None or not length.isdigit() or not 0 < int(length) <= EVENT_BYTES_MAX:
            return False
        if not self._events.may_write(authorization):
            return False
        if self._head:
            self._heads.learn(self._head, int(length), authorization, parser.should_keep_alive())
        return True

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_bytes += len(body)
        if (exchange := self._plain) is not None:
            exchange.body = exchange.body + body if exchange.body else body
        elif self._body_bytes > NDJSON_BYTES_MAX:
            if not self.transport.is_closing():
                self._turn_away_or_cut(TOO_LARGE)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A whole request."""
        self._between, self._head, self._in_head, self._went_on = True, b"", True, True
        if (exchange := self._plain) is None:
            super().on_message_complete()
            return
        self._plain = None
        body, exchange.body = exchange.body, b""
        if not exchange.disconnected:
            self._decide(exchange, body)

    def _decide(self, exchange: Exchange, body: bytes) -> None:
        try:
            self._events.decide(body, exchange)
        except Exception as error:  # noqa: BLE001 - the sender is told, and the log
            exchange.set_exception(error)

    # ---- answers

    def answer(self, exchange: Exchange, data: bytes) -> None:
        """Write a whole response, and go on with what has come meanwhile."""
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        self.transport.write(data)
        if not exchange.keep_alive:
            self.transport.close()
            return
        if self.pipeline:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self._stay_awhile()
        if self.flow.write_paused:
            # Who does not read its answers sends no more questions.
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """The sender does not read what he is sent."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The sender reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if not self.pipeline:
            self.flow.resume_reading()

    def _stay_awhile(self) -> None:
        """Close the connection when it has been idle too long: one timer, looked at when it rings."""
        self._idle_since_s = now_s = self.loop.time()
        watch = self._watch
        if watch is not None and watch.when() > now_s + self.timeout_keep_alive:
            watch.cancel()  # it is that of the connection's beginning
            watch = None
        if watch is None:
            self._watch = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        """Whether the sender keeps us waiting too long: for a request, for the rest of it, or for the next one."""
        self._watch = None
        if not self._between and self.transport is not None and not self.transport.is_closing():
            self._look_at_pace()
            return
        if self.cycle is None:
            self._turn_away(TOO_SLOW)  # nothing has ever come
            return
        if self.transport is None or self.transport.is_closing() or self.timeout_keep_alive_task is not None:
            return  # gone, or watched by uvicorn after an answer of the long way
        if self.cycle is not None and not self.cycle.response_complete:
            return  # its answer begins the next watch
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s <= 0:
            self.transport.close()
        else:
            self._watch = self.loop.call_later(left_s, self._look)

    def _watch_pace(self) -> None:
        """Half a request is here: look soon. A look only ever comes nearer: no drop of a body puts it off."""
        watch = self._watch
        if watch is not None and watch.when() <= self.loop.time() + HEAD_S:
            return
        if watch is not None:
            watch.cancel()
        self._watch = self.loop.call_later(HEAD_S, self._look)

    def _look_at_pace(self) -> None:
        now_s = self.loop.time()
        if self.flow.read_paused:
            self._began_s = now_s  # it is we who don't read
        most_s = HEAD_S if self._in_head else BODY_S + self._body_bytes / BODY_BYTES_PER_S
        left_s = self._began_s + most_s - now_s
        if left_s > 0:
            self._watch = self.loop.call_later(max(left_s, 0.01), self._look)
        else:
            self._turn_away_or_cut(TOO_SLOW)

    def _turn_away_or_cut(self, title: Title) -> None:
        """Say why, unless an answer is on its way or has begun: then words in between would be taken for part of it."""
        cycle = self.cycle
        waits = cycle is None or cycle.response_complete or cycle is self._plain
        if waits or not (self.pipeline or getattr(cycle, "response_started", True)):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
            self._turn_away(title)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._house.leaves(self)
        for timer in (self._watch, self._stalled):
            if timer is not None:
                timer.cancel()
        self._watch = self._stalled = None
        super().connection_lost(exc)


class House:
    """What all connections of a server share: how many there are, from where, and what they may call us."""

    def __init__(self, fences: Fences) -> None:
        self.fences = fences
        self._places: dict[Connection, str] = {}
        self._counts: Counter[str] = Counter()

    def enters(self, connection: Connection) -> bool:
        """Whether there is room for one more connection, from where it comes."""
        place = place_of(connection.client[0]) if connection.client else ""
        self._places[connection] = place
        self._counts[place] += 1
        if len(self._places) > self.fences.connections:
            return False
        shared = place in ("", "unknown") or ip_address(place.partition("/")[0]).is_loopback
        return shared or self._counts[place] <= self.fences.connections_of_one

    def leaves(self, connection: Connection) -> None:
        """A connection is gone."""
        place = self._places.pop(connection, None)
        if place is not None:
            self._counts[place] -= 1
            if not self._counts[place]:
                del self._counts[place]

    def misdirected(self, host: bytes | None, version: str) -> Title | None:
        """What is wrong with the name that a request calls us by. Before HTTP/1.1 there was none."""
        if host is None:
            return BAD_REQUEST if version == "1.1" and self.fences.hosts is not None else None
        return None if self.fences.hosts is None or self.fences.hosts.takes(host) else MISDIRECTED


def connections(events: Events, fences: Fences | None = None) -> Callable[..., asyncio.Protocol]:
    """What makes a connection, as uvicorn asks for it."""
    heads, house = Heads(), House(fences or Fences())

    def made(config: Config, server_state: ServerState, app_state: dict[str, Any],
             _loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Protocol:  # fmt: skip
        return Connection(events, heads, house, config, server_state, app_state, _loop)

    return made
