"""A small typed client: decide events, read decisions, with retries that never count an event twice.

Retrying is safe because the platform answers a repeated event id with the answer it gave the first time.
"""

import os
import random
import secrets
import ssl
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self

import httpx
import msgspec

Outcome = Literal["allow", "challenge", "delay", "review", "deny"]


class Reason(msgspec.Struct, frozen=True):
    """Why a rule spoke, in both languages, and on what basis."""

    rule: str
    zh: str
    en: str
    basis: str


class Advice(msgspec.Struct, frozen=True):
    """What the customer is told, in both languages: what happens now, why, and what to do."""

    id: str
    zh: str
    en: str


class Decision(msgspec.Struct, frozen=True):
    """A decision as answered: `method` of a challenge, `release_at` of a delay, `advice` for the customer."""

    decision_id: str
    event_id: str
    outcome: Outcome
    score: int
    reasons: tuple[Reason, ...]
    policy: str | None
    degraded: bool
    late: bool
    exempted: tuple[str, ...] = ()
    degraded_inputs: tuple[str, ...] = ()
    method: str | None = None
    release_at: str | None = None
    advice: tuple[Advice, ...] = ()
    event_type: str | None = None
    at: str | None = None
    as_of: str | None = None
    status: str | None = None


class ProblemLine(msgspec.Struct, frozen=True):
    """One thing that is wrong, with its path."""

    path: str
    problem: str
    remedy: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """What the platform says when it doesn't take something."""

    type: str
    title: str
    status: int
    title_zh: str = ""
    detail: str = ""
    line: int | None = None
    problems: tuple[ProblemLine, ...] = ()


class JindiError(Exception):
    """The platform refused, or could not be reached. `refusal` holds its words when it gave any."""

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


_decision = msgspec.json.Decoder(Decision).decode
_refusal = msgspec.json.Decoder(Refusal).decode
_RETRIED = frozenset({429, 502, 503, 504})


class Signer(httpx.Auth):
    """Signs each request (RFC 9421) with the private key (PEM) that belongs to a signing key's id; each try anew."""

    requires_request_body = True

    def __init__(self, key_id: str, private_key: str | bytes) -> None:
        # Imported where somebody signs: not every program that talks to a platform does.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        pem = private_key.encode() if isinstance(private_key, str) else private_key
        key = load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key")  # noqa: TRY004 - a file's content, not a type
        self._key, self._key_id = key, key_id

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of a signature to a request."""
        from jindi.access.signatures import Message, sign  # noqa: PLC0415

        url = request.url
        path, _, query = url.raw_path.decode("ascii").partition("?")
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        message = Message(request.method, url.scheme, request.headers["host"], path, query, headers)
        nonce = secrets.token_urlsafe(24)
        request.headers.update(sign(self._key, self._key_id, message, request.content, int(time.time()), nonce))
        yield request


class Client:
    """Talks to one platform. Use it as a context manager, or `close` it.

    `tries` counts attempts in all; between them it waits `wait_s`, doubled each time with a random part,
    or as long as the platform asks. `ca` names the file of the authority that the platform's certificate is verified
    against (the system's, without); it is always verified. `certificate` is the pair of files (certificate, key) that
    a platform with mutual TLS asks for.
    """

    def __init__(
        self, url: str, api_key: str | None = None, *, signer: Signer | None = None,
        ca: str | os.PathLike[str] | None = None,
        certificate: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
        tries: int = 4, wait_s: float = 0.1, timeout_s: float = 10.0,
    ) -> None:  # fmt: skip
        if (api_key is None) == (signer is None):
            raise ValueError("give either an API key or a signer")
        tls = ssl.create_default_context(cafile=ca)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            tls.load_cert_chain(*certificate)
        headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
        self._http = httpx.Client(
            base_url=url, timeout=timeout_s, headers=headers, trust_env=False, verify=tls, auth=signer
        )
        self._tries, self._wait_s = tries, wait_s

    def decide(self, event: Mapping[str, Any]) -> Decision:
        """Send one event. Raises JindiError when it is refused, or when all tries failed."""
        return _decision(self._send("POST", "/v1/events", msgspec.json.encode(event), "application/json"))

    def decide_many(self, events: Iterable[Mapping[str, Any]], at_once: int = 500) -> Iterator[Decision | Refusal]:
        """Send many events in requests of `at_once`; one answer for each, in order."""
        batch: list[bytes] = []
        for event in events:
            batch.append(msgspec.json.encode(event))
            if len(batch) >= at_once:
                yield from self._lines(batch)
                batch = []
        if batch:
            yield from self._lines(batch)

    def _lines(self, batch: list[bytes]) -> Iterator[Decision | Refusal]:
        answers: list[Decision | Refusal | None] = [None] * len(batch)
        for attempt in range(self._tries):
            # Lines that were not taken (the platform was recovering, say) are sent again, and only they.
            open_ = [n for n, answer in enumerate(answers) if answer is None or _may_be_retried(answer)]
            if not open_:
                break
            self._wait(attempt)
            body = self._send("POST", "/v1/events", b"\n".join([batch[n] for n in open_]), "application/x-ndjson")
            lines = body.splitlines()
            if len(lines) != len(open_):
                raise JindiError(f"the platform answered {len(lines)} of {len(open_)} events")
            for n, line in zip(open_, lines, strict=True):
                is_decision = line.startswith(b'{"decision_id"')
                answers[n] = _decision(line) if is_decision else msgspec.structs.replace(_refusal(line), line=n + 1)
        yield from (answer for answer in answers if answer is not None)

    def decision(self, decision_id: str) -> Decision:
        """Read a decision, with what became of it."""
        return _decision(self._send("GET", f"/v1/decisions/{decision_id}"))

    def explanation(self, decision_id: str) -> dict[str, Any]:
        """Read why a decision is as it is, and what would change it."""
        return msgspec.json.decode(self._send("GET", f"/v1/decisions/{decision_id}/explanation"), type=dict[str, Any])

    def replay(self, decision_id: str) -> dict[str, Any]:
        """Have a decision made again, and read whether every byte is the same (`identical`), or what differs."""
        return msgspec.json.decode(self._send("GET", f"/v1/decisions/{decision_id}/replay"), type=dict[str, Any])

    def features(self, entity: str, value: str) -> dict[str, Any]:
        """Read all features of an entity as of now, by name under `features`, with their `types`. Amounts are decimal
        texts, instants RFC 3339, durations microseconds; None is missing.
        """
        # In the body, not in the address: the value may be somebody's number.
        asked = msgspec.json.encode({"entity": entity, "value": value})
        body = self._send("POST", "/v1/entities/features", asked, "application/json")
        return msgspec.json.decode(body, type=dict[str, Any])

    def _send(self, method: str, path: str, body: bytes | None = None, media_type: str | None = None) -> bytes:
        headers = {"content-type": media_type} if media_type else {}
        failed: JindiError | None = None
        for attempt in range(self._tries):
            self._wait(attempt)
            try:
                response = self._http.request(method, path, content=body, headers=headers)
            except httpx.TransportError as error:
                failed = JindiError(f"the platform could not be reached: {type(error).__name__}")
                continue
            if response.status_code < 400:
                return response.content
            failed = _failure(response)
            if response.status_code not in _RETRIED:
                break
            if attempt + 1 < self._tries and response.headers.get("retry-after", "").isdecimal():
                time.sleep(min(float(response.headers["retry-after"]), 30.0))
        assert failed is not None, "a loop of at least one try has answered or failed"
        raise failed

    def _wait(self, attempt: int) -> None:
        if attempt:
            # A sender's jitter keeps many clients from coming back at the same moment; it is no secret.
            time.sleep(self._wait_s * 2 ** (attempt - 1) * (0.5 + random.random()))  # noqa: S311

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _may_be_retried(answer: Decision | Refusal) -> bool:
    return isinstance(answer, Refusal) and answer.status in _RETRIED


def _failure(response: httpx.Response) -> JindiError:
    try:
        refusal = _refusal(response.content)
    except msgspec.MsgspecError:
        return JindiError(f"the platform answered {response.status_code}")
    lines = "; ".join(f"{line.path}: {line.problem}" for line in refusal.problems)
    return JindiError(f"{refusal.title}{': ' + lines if lines else ''}", refusal)
