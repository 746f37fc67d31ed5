"""What every request passes before any route sees it, and what every answer carries.

Rates first, for they cost nothing; then the signature, where one is given; then the route. A request that is signed
reaches its route with the key that signed it, put here and nowhere else. The short way of `connection` takes only
what would pass here, and asks the same turnstile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from jindi.access import ApiKey, ApiKeys
from jindi.access.replays import NotYet, Replayed, Replays, Stale
from jindi.access.signatures import (
    Claim,
    Message,
    SignatureRefused,
    check_covered,
    check_digest,
    check_signature,
    read_claim,
)
from jindi.basics.instants import SECOND_US
from jindi.doors.api import problems
from jindi.doors.api.hot import (
    NDJSON_BYTES_MAX,
    SIGNED_BY,
    Application,
    Gone,
    Receive,
    Scope,
    Send,
    TooLarge,
    answer,
    is_lines,
    read_body,
)
from jindi.doors.api.problems import MEDIA_TYPE, problem
from jindi.doors.fences import WAIT, Fences, place_of
from jindi.doors.headers import completed, wants_hsts
from jindi.ports import Clock
from jindi.run.intake import EVENT_BYTES_MAX

KEYED = ("/v1/", "/metrics")
"""Where programs show a key."""

Noted = Callable[[str, str, ApiKey | None], Awaitable[None]]
"""Puts on record what was turned away here: the action, the host that it came from ("" for none), whose key it was."""

EVENTS, SIGN_IN = "/v1/events", "/sign-in"
BODY_BYTES_MAX = 8 * 1024 * 1024
"""No other route takes more; most take less, and say so themselves."""

IN_PLACE_BYTES = 1024 * 1024
"""A longer body is digested in a thread: decisions must not wait for it."""


class Threshold:
    """The application behind the fences."""

    def __init__(
        self, application: Application, keys: ApiKeys, clock: Clock, fences: Fences, told_as_programs: frozenset[str],
        noted: Noted,
    ) -> None:  # fmt: skip
        self._application, self._keys, self._clock, self._fences = application, keys, clock, fences
        self._noted = noted
        self._told_as_programs = told_as_programs
        self._saving = asyncio.Lock()

    def is_for_programs(self, path: str) -> bool:
        """Whether an address is the API's: its answers are problems, never pages."""
        return path in self._told_as_programs or path.startswith("/v1/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = scope["headers"]
        if self.is_for_programs(scope["path"]):
            send = _completing(send, with_hsts=wants_hsts(scope.get("scheme", "http"), headers))
        scope.pop(SIGNED_BY, None)
        if not any(name in (b"signature", b"signature-input") for name, _ in headers):
            key = self._bearer(headers)
            await self._on(scope, receive, send, key)
            return
        if wait_us := self._fences.turnstile.address_waits(_place(scope)):
            # A wrong signature costs us more than its sender: not without end.
            await self._wait(scope, receive, send, wait_us, None)
            return
        try:
            key, receive = await self._signer(scope, receive)
        except (SignatureRefused, Stale, Replayed) as refused:
            # Whoever can't sign is nobody known: he has the budget of his address.
            if not await self._waits(scope, receive, send, None):
                await self._noted("sign_in.api", _host(scope), None)
                await answer(
                    send, 401, problem(problems.SIGNATURE, str(refused)), MEDIA_TYPE, (b"www-authenticate", b"Bearer")
                )
        except NotYet as early:
            retry = (b"retry-after", str(early.wait_s).encode())
            if not await self._waits(scope, receive, send, None):
                await answer(send, 503, problem(problems.SIGN_AGAIN, str(early)), MEDIA_TYPE, retry)
        except OSError:
            # What can't be remembered can't be told from a replay later.
            await answer(send, 503, problem(problems.SIGN_AGAIN), MEDIA_TYPE, (b"retry-after", b"5"))
        except TooLarge:
            await answer(send, 413, problem(problems.TOO_LARGE), MEDIA_TYPE)
        except Gone:
            return
        else:
            scope[SIGNED_BY] = key
            await self._on(scope, receive, send, key)

    async def _on(self, scope: Scope, receive: Receive, send: Send, key: ApiKey | None) -> None:
        if await self._waits(scope, receive, send, key):
            return
        if key is None and scope["path"].startswith(KEYED) and _brings_a_key(scope["headers"]):
            await self._noted("sign_in.api", _host(scope), None)
        await self._application(scope, receive, send)

    # ---- rates

    def _bearer(self, headers: list[tuple[bytes, bytes]]) -> ApiKey | None:
        for name, value in headers:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return self._keys.holder(value[7:].strip(), self._clock.now_us())
        return None

    async def _waits(self, scope: Scope, receive: Receive, send: Send, key: ApiKey | None) -> bool:
        """Whether the request was answered with the time to wait."""
        wait_us = self._wait_us(scope, key)
        if wait_us:
            await self._wait(scope, receive, send, wait_us, key)
        return bool(wait_us)

    async def _wait(self, scope: Scope, receive: Receive, send: Send, wait_us: int, key: ApiKey | None) -> None:
        await self._noted("door.flooded", _host(scope), key)
        wait_s = -(-wait_us // SECOND_US)
        if self.is_for_programs(scope["path"]):
            retry = (b"retry-after", str(wait_s).encode())
            await answer(send, 429, problem(problems.TOO_MANY), MEDIA_TYPE, retry)
        else:
            scope[WAIT] = wait_s
            await self._application(scope, receive, send)

    def _wait_us(self, scope: Scope, key: ApiKey | None) -> int:
        turnstile, path = self._fences.turnstile, scope["path"]
        if key is not None and path == EVENTS and scope["method"] == "POST":
            return turnstile.event(key.id)
        place = _place(scope)
        wait_us = turnstile.request(key.id if key is not None else None, place)
        if not wait_us and scope["method"] == "POST" and path.startswith(SIGN_IN):
            wait_us = turnstile.sign_in(place)
        return wait_us

    # ---- signatures

    async def _signer(self, scope: Scope, receive: Receive) -> tuple[ApiKey, Receive]:
        """Whose signature it is, and the body to go on with. What is cheap is looked at first: nobody makes us read a
        body, or reckon on a curve, who does not name a key in force and an instant of now.
        """
        replays, headers = self._fences.replays, scope["headers"]
        if replays is None:
            raise SignatureRefused("this platform takes no signed requests")
        if any(name == b"authorization" for name, _ in headers):
            raise SignatureRefused("give a signature or a bearer key, not both")
        claim = read_claim(headers)
        known = self._keys.signer(claim.key_id, self._clock.now_us())
        replays.look(claim.created_s, claim.expires_s, self._now_s())
        message = _message(scope)
        if known is None:
            raise SignatureRefused("there is no such key, or the signature is not its own over this request")
        key, public_key = known
        body = await read_body(receive, _bytes_max(scope))
        check_covered(claim, headers, has_body=bool(body) or _announces_body(headers))
        check_signature(claim, message, public_key)
        if "content-digest" in claim.covered:
            await _digest_of(headers, body)
        await self._take(replays, claim)
        self._keys.note_use(key.id, self._clock.now_us())
        return key, _again(body, receive)

    def _now_s(self) -> int:
        return self._clock.now_us() // SECOND_US

    async def _take(self, replays: Replays, claim: Claim) -> None:
        if not replays.take(claim.key_id, claim.created_s, claim.nonce, claim.expires_s, self._now_s()):
            return
        async with self._saving:
            if not replays.is_saved(claim.key_id, claim.created_s):
                await asyncio.to_thread(replays.save)


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _brings_a_key(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether somebody says that he has a key; who brings none has not tried to come in."""
    return any(name == b"authorization" for name, _ in headers)


def _place(scope: Scope) -> str:
    host = _host(scope)
    return place_of(host) if host else "unknown"


def _message(scope: Scope) -> Message:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        raise SignatureRefused("the header host is missing or doubled")
    return Message(
        scope["method"], scope["scheme"], hosts[0].decode("latin-1"), scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"), scope["headers"],
    )  # fmt: skip


def _bytes_max(scope: Scope) -> int:
    if scope["path"] != EVENTS:
        return BODY_BYTES_MAX
    return NDJSON_BYTES_MAX if is_lines(scope["headers"]) else EVENT_BYTES_MAX


def _announces_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


async def _digest_of(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if len(body) > IN_PLACE_BYTES:
        await asyncio.to_thread(check_digest, headers, body)
    else:
        check_digest(headers, body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more, and then what comes."""
    told = False

    async def again() -> Any:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _completing(send: Send, *, with_hsts: bool) -> Send:
    async def completing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = completed(message.get("headers", ()), with_hsts=with_hsts)
        await send(message)

    return completing
