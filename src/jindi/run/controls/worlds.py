"""Small worlds for checks: events made for the packs in force, with canaries where people's identifiers go."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.instants import format_instant
from jindi.language import Kind
from jindi.packs import Definitions, EventDef, FieldDef
from jindi.run.controls.ground import Application, Scratch, could_not_run
from jindi.run.intake import Refused
from jindi.run.platform import Platform

CANARIES: Final[Mapping[str, str]] = {
    "phone": "13964207531", "id_card": "11010519491231002X", "bank_card": "6212345678901234569",
    "email": "canary.7f3a@example.com", "name": "金丝雀·壹贰叁", "address": "金丝雀路7531号", "ip": "203.0.113.253",
    "uscc": "91110000600037341L", "device": "canary-device-7531", "account": "canary-account-7531",
}  # fmt: skip
"""Identifiers that nobody has, one of each kind. They are looked for wherever something is written."""

SENSITIVE: Final[Mapping[str, str]] = {
    "cvv": "7530", "pin": "753091", "track2": "6212345678901234569=99121010000000753", "password": "Canary!753091x",
}  # fmt: skip
"""What must never be stored after a payment is authorised (PCI DSS 3.3; C3 of JR/T 0171-2020)."""

Answer = TypeVar("Answer")


def needles(texts: Iterable[str]) -> tuple[bytes, ...]:
    """Texts as they stand in files, and as they are easily disguised."""
    found: set[bytes] = set()
    for text in texts:
        raw = text.encode()
        found |= {
            raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), quote(text, safe="").encode(),
            text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode(),
            *(base64.b64encode(bytes(shift) + raw)[4 * (shift > 0) : -4] for shift in range(3)),
        }  # fmt: skip
    # What is this short in its disguise would be found by chance.
    return tuple(sorted(each for each in found if len(each) >= _NEEDLE_MIN))


_NEEDLE_MIN: Final = 8


def canary_needles() -> dict[str, tuple[bytes, ...]]:
    """What to look for, by kind of identifier: as it was typed, and in its normal form."""
    return {kind: needles({clear, NORMAL_FORMS[kind](clear)}) for kind, clear in CANARIES.items()}


def events_of(definitions: Definitions, at_us: int, rounds: int = 1) -> Iterator[dict[str, Any]]:
    """Events with a canary in every identifier, of each type that has one, as they come over the wire."""
    for number in range(rounds):
        for name, event in sorted(definitions.events.items()):
            if (
                event.lifecycle is None
                and not event.own
                and any(field.identifier is not None for field in event.fields)
            ):
                yield event_of(event, f"check-{name}-{number}", at_us)


def event_of(event: EventDef, identifier: str, at_us: int) -> dict[str, Any]:
    """One event with all its fields."""
    fields = {field.name: _value(field, at_us) for field in event.fields}
    for field in event.fields:
        if field.type.currency_field is not None:
            fields[field.type.currency_field] = "CNY"
    return {"id": identifier, "type": event.name, "at": format_instant(at_us), **fields}


def _value(field: FieldDef, at_us: int) -> Any:
    if field.identifier is not None:
        return CANARIES.get(field.identifier, "canary-7531")
    if field.values:
        return field.values[0]
    match field.type.kind:
        case Kind.BOOL:
            return True
        case Kind.INT | Kind.DURATION:
            return max(field.least or 0, min(1, field.most if field.most is not None else 1))
        case Kind.MONEY:
            return "1.00" if field.type.of != "JPY" else "1"
        case Kind.TIME:
            return format_instant(at_us)
        case Kind.RATIO:
            return 0.5
        case _:
            return f"check-{field.name}"[: field.length_max]


async def tell(platform: Platform, scratch: Scratch, document: Mapping[str, Any]) -> dict[str, Any]:
    """Send one event in and wait for its answer. Raises Refused."""
    raw = json.dumps(document, ensure_ascii=False).encode()
    answered: dict[str, Any] = json.loads(await platform.submit(raw, scratch.clock.now_us()))
    return answered


async def tell_all(platform: Platform, scratch: Scratch, documents: Iterable[Mapping[str, Any]]) -> int:
    """Send events in; how many were decided. Raises CouldNotRun when the packs take none of them."""
    decided, refused = 0, ""
    for document in documents:
        try:
            await tell(platform, scratch, document)
            decided += 1
        except Refused as refusal:
            refused = refused or str(refusal.problems[0])
    if not decided:
        raise could_not_run(
            "行业包不接受为检查而造的任何事件", f"the packs take none of the events made for the check: {refused}"[:400]
        )
    return decided


def lived(scratch: Scratch, work: Callable[[Platform], Awaitable[Answer]], platform: Platform | None = None) -> Answer:
    """Do something with a small platform that runs meanwhile. For a thread without an event loop."""

    async def go() -> Answer:
        made = platform or scratch.platform()
        await made.start()
        try:
            return await work(made)
        finally:
            await made.close()

    return asyncio.run(go())


class Asking:
    """Asks the doors of a small platform, without a socket."""

    def __init__(self, application: Application, key: str) -> None:
        # A fault of ours answers with its page, as it does to others.
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://check.invalid", trust_env=False)
        self._key = key

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def __call__(
        self, method: str, path: str, body: bytes | None = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """One request; `key` empty: none is sent."""
        key = self._key if key is None else key
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {key}"
        return await self._http.request(method, path, content=body, headers=sent)


class Browser:
    """A browser at the doors of a small platform, without a socket. It follows no redirect."""

    def __init__(self, application: Application, **cookies: str) -> None:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(
            transport=transport, base_url="http://check.invalid", trust_env=False, cookies=cookies
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return await self._http.get(path)

    async def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form."""
        return await self._http.post(path, data=form)


def given_by(answer: httpx.Response) -> list[str]:
    """The cookies that an answer gives, as it says so."""
    return answer.headers.get_list("set-cookie")


def found_in(data: bytes, sought: Mapping[str, tuple[bytes, ...]]) -> Iterator[str]:
    """The kinds of identifier that stand in some bytes. Files are laid out with zeros ahead: of these at the end only
    so many are looked at as something sought may end with.
    """
    longest = max((len(needle) for each in sought.values() for needle in each), default=0)
    if data.endswith(bytes(longest + 1)):
        data = data.rstrip(b"\0") + bytes(longest)
    for kind, each in sought.items():
        if any(needle in data for needle in each):
            yield kind
