"""The rights of whom data is about: requests with their clocks, and what answers them while the platform runs.

Knows: which requests there are, by when each is due, and what an answer holds. Never: how a request came in, or what
was said to whom. Each step is a record before it is done. That a request was opened and closed are the records of
`run.requests`, which `jindi subject requests` and the alerts about what is overdue read; the book beside the journal is
one small document that adds references and reasons. It names subjects as events do, by their number or a token.

An export is a text of lines, made while it is read: it holds one part of the journal at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from jindi import journal
from jindi.access import Kind, Principal, is_case
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import day_of, format_instant
from jindi.engine import EventProgram
from jindi.engine.showing import shown
from jindi.language import Value
from jindi.packs import OUTCOMES, Definitions, FieldDef
from jindi.run import requests
from jindi.run.archive import Archive, Outdated
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.intake import SUBJECT_ENTITY
from jindi.run.masked import LIST_ENTRY, personal_in
from jindi.run.platform import Platform
from jindi.run.records import DecisionRecord, decision_id, decode
from jindi.run.requests import Asked, Ending, Request, Requests, Right
from jindi.run.state import STAFF
from jindi.vault import CannotOpen, Opened, Vault, is_token, kind_of

ZONE = ZoneInfo("Asia/Shanghai")
"""The days of the clocks are the mainland's."""

FORMAT = "jindi-subject-export/1"

ASKED: tuple[Asked, ...] = ("export", "correct", "erase")
"""What can be opened and answered here; the others are opened and answered by `jindi subject`."""

_RIGHTS: Mapping[Asked, Right] = {"export": "access", "correct": "correct", "erase": "erase"}
DAYS = 15
"""What holds while no pack in force has `request_…_due` (pack `platform`). Design default: the law says promptly."""

REASONS: Mapping[str, tuple[str, str]] = {
    "not_identified": ("未能核实请求人身份", "whoever asks could not be identified"),
    "law_keeps": ("法律、行政法规规定须保存", "the law orders that it is kept"),
    "law_secret": ("法律、行政法规规定应当保密", "the law orders that it is kept secret"),
    "unfounded": ("请求不成立", "there is no ground for it"),
    "withdrawn": ("请求人撤回", "it was withdrawn"),
}
"""Why a request is refused. PIPL Art. 50 asks that the reason be told; 18, 35 and 45 name secrecy, 47 what the law
keeps (mark: verified in the knowledge base, the wording is ours)."""

RECEIVED_DAYS_MAX = 366
REQUESTS_OPEN_MAX = 10_000
RECORDS_AT_ONCE = 5_000


class Declined(Exception):  # noqa: N818 - what the person is told
    """It was not done. `why` names the reason for doors; the message holds nobody's data."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why


Approval = Callable[[Principal, str, Request], Awaitable[str | None]]
"""Asked before an export, a correction or an erasure is recorded and done: None lets it be, else the reason why it
waits. This is where four eyes come in."""


def four_eyes(platform: Platform) -> Approval:
    """What asks for a second person where the platform's settings do: an erasure is then asked for among the approvals,
    and done there; here it is noted as answered when nothing is kept any more.
    """

    async def asked(_: Principal, action: str, request: Request) -> str | None:
        vault = platform.vault
        if action != "subject.erase" or not platform.settings.four_eyes or vault is None:
            return None
        if not await asyncio.to_thread(vault.has, request.subject):
            return None
        return "an erasure takes a second person: ask for it among the approvals, then answer the request here"

    return asked


class Rights:
    """What is done about requests on one running platform."""

    def __init__(self, platform: Platform, audit: Audit, approval: Approval | None = None) -> None:
        """`approval` is asked first; without, `four_eyes`."""
        self._platform, self._audit, self._approval = platform, audit, approval or four_eyes(platform)
        self._changing = asyncio.Lock()
        self._exporting = asyncio.Lock()

    @property
    def requests(self) -> Requests:
        """All of them, as the journal tells."""
        return self._platform.requests

    @property
    def today(self) -> date:
        """The day on which clocks are read."""
        return day_of(self._platform.now_us(), ZONE)

    async def waits_for_another(self, who: Principal, request: Request) -> bool:
        """Whether an erasure has to be asked for among the approvals before this request can be answered."""
        asks = request.asked == "erase" and request.state == "open"
        return asks and await self._approval(who, "subject.erase", request) is not None

    # ---- requests ------------------------------------------------------------------------------------

    async def open(
        self, who: Principal, actor: Actor, asked: str, subject: str, received: date | None = None, reference: str = ""
    ) -> Request:
        """A request came in. Raises Declined or NotRecorded."""
        self._check(asked, subject, received, reference)
        about = self._platform.customer(subject)
        async with self._changing:
            if len(self.requests.open) >= REQUESTS_OPEN_MAX:
                raise Declined("too_many", f"{REQUESTS_OPEN_MAX} requests are open: answer some first")
            kind, came = cast("Asked", asked), received or self.today
            right, due = _RIGHTS[kind], self._due(_RIGHTS[kind], came)
            vault = self._platform.vault
            named = subject if vault is not None and await asyncio.to_thread(vault.has, subject) else about
            told = requests.opened(right, named, came, due)
            seq = await self._record(who, actor, requests.OPEN, told, about, reference)
            return self.requests.one(requests.id_of(seq))

    def _due(self, right: Right, came: date) -> date:
        try:
            return requests.due_on(right, came, self._platform.program.definitions.limits)[0]
        except LookupError:
            return came + timedelta(days=DAYS)

    def _check(self, asked: str, subject: str, received: date | None, reference: str) -> None:
        if asked not in ASKED:
            raise Declined("bad_kind", f"what is asked for is one of: {', '.join(ASKED)}")
        if not subject or len(subject) > 128 or not subject.isprintable():
            raise Declined("bad_subject", "name the subject: a user's number, as the events have it, or a token")
        if reference and not is_case(reference):
            raise Declined("bad_case", "a reference has the form CASE-2026-0042")
        today = self.today
        if received is not None and not today - timedelta(days=RECEIVED_DAYS_MAX) <= received <= today:
            raise Declined("bad_day", "it was received today or within the last year")
        vault = self._platform.vault
        if not (vault is not None and vault.has(subject)) and holds_personal_number(subject):
            # What somebody typed may be anybody's number, and the book is no place for it.
            raise Declined("bad_subject", "this looks like somebody's identifier: find the subject by it first")

    async def refuse(self, who: Principal, actor: Actor, identifier: str, reason: str) -> Request:
        """It is not done, for a reason of the list."""
        if reason not in REASONS:
            raise Declined("bad_reason", f"the reason is one of: {', '.join(REASONS)}")
        async with self._changing:
            request = self._open(identifier)
            about = self._platform.customer(request.subject)
            await self._record(who, actor, "subject.refuse", request.id, about, request.id, purpose=reason)
            return await self._closed(request, who, actor, "refused", reason)

    # ---- answers -------------------------------------------------------------------------------------

    async def correct(self, who: Principal, actor: Actor, identifier: str, token: str, clear: str) -> str:
        """Put the right text in the place of a wrong one; the right text's token."""
        async with self._changing:
            request = self._open(identifier, "correct")
            vault = self._vault
            if not is_token(kind_of(token), token) or not await asyncio.to_thread(_has, vault, request.subject, token):
                raise Declined("not_kept", "this subject has no such identifier")
            try:
                self._platform.tokens.token(kind_of(token), clear)
            except (ValueError, KeyError):
                raise Declined("bad_text", "this is no identifier of this kind") from None
            await self._permit(who, "subject.correct", request)
            await self._do(who, actor, "subject.correct", request, rows=1)
            tokens, now_us = self._platform.tokens, self._platform.now_us()
            try:
                right = await asyncio.to_thread(vault.correct, request.subject, token, clear, tokens, now_us)
            except LookupError:
                raise Declined("not_kept", "this subject has no such identifier") from None
            await self._closed(request, who, actor, "done", rows=1)
            return right

    async def erase(self, who: Principal, actor: Actor, identifier: str) -> int:
        """Destroy the subject's key; how many rows went with it. 0: nothing was kept."""
        async with self._changing:
            request = self._open(identifier, "erase")
            vault = self._vault
            await self._permit(who, "subject.erase", request)
            await self._do(who, actor, "subject.erase", request)
            dropped = 0
            with suppress(LookupError):
                dropped = await asyncio.to_thread(vault.erase, request.subject, self._platform.now_us())
            await self._closed(request, who, actor, "done", rows=dropped)
            return dropped

    async def export(self, who: Principal, actor: Actor, identifier: str) -> AsyncIterator[bytes]:
        """All about one subject, as lines of JSON; recorded before the first line is made. The last line says that it
        is whole, and only then the request is fulfilled.
        """
        request = self._open(identifier, "export")
        vault = self._vault
        if self._exporting.locked():
            raise Declined("busy", "another export is being made: wait for it")
        await self._permit(who, "subject.export", request)
        await self._do(who, actor, "subject.export", request)
        return self._lines(who, actor, request, vault)

    async def _lines(self, who: Principal, actor: Actor, request: Request, vault: Vault) -> AsyncIterator[bytes]:
        async with self._exporting:
            now_us = self._platform.now_us()
            making = _Export(self._platform.archive, self._platform.program.definitions, vault, request)
            parts = making.parts(now_us)
            while (part := await asyncio.to_thread(next, parts, None)) is not None:
                yield part
            async with self._changing:
                if self.requests.one(request.id).is_open:
                    # A record that can't be made leaves the request open: the text was given all the same.
                    with suppress(NotRecorded):
                        await self._closed(request, who, actor, "done", rows=making.rows + making.decisions)

    # ---- the steps -----------------------------------------------------------------------------------

    @property
    def _vault(self) -> Vault:
        if self._platform.vault is None:
            raise Declined("no_vault", "this platform keeps no clear text (setting vault)")
        return self._platform.vault

    def _open(self, identifier: str, asked: Asked | None = None) -> Request:
        try:
            request = self.requests.one(identifier)
        except LookupError as error:
            raise Declined("no_request", str(error.args[0])) from None
        if not request.is_open:
            raise Declined("closed", "this request is answered already")
        if asked not in (None, request.asked):
            raise Declined("other_request", f"this request asks for {request.asked}")
        return request

    async def _permit(self, who: Principal, action: str, request: Request) -> None:
        """What the policies of the door can't know. A session opened with a link or a key has no second factor."""
        if who.kind is Kind.LINK:
            raise Declined("fresh_factor", "this takes an account of staff and a fresh second factor")
        if (waits := await self._approval(who, action, request)) is not None:
            raise Declined("waits", waits)

    async def _do(self, who: Principal, actor: Actor, what: str, request: Request, rows: int = -1) -> None:
        """Record what is about to be done. As `jindi subject` does it, the record names the subject, so that an
        erasure can be done again after a restore; what it concerns is a token.
        """
        about = self._platform.customer(request.subject)
        known = await asyncio.to_thread(self._vault.has, request.subject)
        await self._record(who, actor, what, request.subject if known else request.id, about, request.id, rows=rows)

    async def _record(
        self, who: Principal, actor: Actor, what: str, on: str, about: str, case: str, *, purpose: str = "",
        rows: int = -1,
    ) -> int:  # fmt: skip
        named = actor._replace(roles=tuple(sorted(str(role) for role in who.roles)))
        return await self._audit.act(named, what, on, about=about, case=case, purpose=purpose, rows=rows)

    async def _closed(
        self, request: Request, who: Principal, actor: Actor, ending: Ending, reason: str = "", rows: int = -1
    ) -> Request:  # fmt: skip
        about = self._platform.customer(request.subject)
        told = requests.closed(request.id, ending)
        await self._record(who, actor, requests.CLOSE, told, about, request.id, purpose=reason, rows=rows)
        return self.requests.one(request.id)


def _has(vault: Vault, subject: str, token: str) -> bool:
    try:
        return vault.open_one(subject, token) is not None
    except CannotOpen:
        return True  # what is damaged may be put right


# ---- the export --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Type:
    """How a journalled event's values are read: under the definitions of its own moment."""

    fields: tuple[FieldDef, ...]
    ep: EventProgram | None
    users: tuple[int, ...]
    names: tuple[int, ...]
    """Fields that name another event or decision."""


class _Export:
    """One subject's everything. Memory: a part of the journal, and the ids of what concerns the subject."""

    def __init__(self, archive: Archive, definitions: Definitions, vault: Vault, request: Request) -> None:
        self._archive, self._definitions, self._vault, self._request = archive, definitions, vault, request
        self._name = request.subject
        self._clear: dict[str, str] = {}
        self._ids: set[str] = set()
        self._types: dict[tuple[int, str], _Type] = {}
        self._naming = _naming(definitions)
        self.rows = self.decisions = self.later = 0

    def parts(self, now_us: int) -> Iterator[bytes]:
        """The export in pieces of whole lines."""
        until = self._archive.log.next_seq()
        head = {
            "format": FORMAT, "subject": self._name, "request": self._request.id, "made_at": format_instant(now_us),
            "journal_records": until,
        }  # fmt: skip
        yield _line("export", head) + b"".join(_line("vault", each) for each in self._vault_rows())
        records = self._records(until)
        read = 0
        while chunk := list(islice(records, RECORDS_AT_ONCE)):
            read = chunk[-1][0] + 1
            found = b"".join(line for seq, raw in chunk for line in self._about(seq, raw))
            yield found + _line("progress", {"read": read, "of": until})
        counts = {"vault": self.rows, "decisions": self.decisions, "later_events": self.later}
        yield _line("end", counts)

    def _records(self, until: int) -> Iterator[tuple[int, bytes | memoryview]]:
        for frame in self._archive.log.read(0) if until else ():
            for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                if seq >= until:
                    return
                yield seq, raw

    def _vault_rows(self) -> Iterator[Mapping[str, Any]]:
        try:
            rows: Sequence[Opened] = self._vault.export(self._name)
        except LookupError:
            rows = ()
        for row in rows:
            self._clear[row.token] = row.clear
            self.rows += 1
            corrected = None if row.corrected_us is None else format_instant(row.corrected_us)
            yield {
                "kind": row.kind, "token": row.token, "value": row.clear, "since": format_instant(row.since_us),
                "corrected": corrected,
            }  # fmt: skip

    def _about(self, seq: int, raw: bytes | memoryview) -> Iterator[bytes]:
        if not self._may_concern(raw):
            return
        record = decode(raw)
        if not isinstance(record, DecisionRecord):
            return
        shape = self._type(record)
        named = {str(record.values[at]) for at in shape.names}
        if shape.ep is not None and shape.ep.event.pack == STAFF:
            return  # what the house knows of its own people is theirs
        if self._concerns(record, shape):
            self.decisions += 1
            self._ids |= {decision_id(seq), record.event_id}
            yield _line("decision", self._document(seq, record, shape))
        elif named & self._ids:
            self.later += 1
            yield _line("later_event", self._document(seq, record, shape))

    def _may_concern(self, raw: bytes | memoryview) -> bool:
        """Passes over most of the journal undecoded. A number is not kept as text: then all is read."""
        if self._name.removeprefix("-").isdecimal():
            return True
        return self._name.encode() in bytes(raw) or any(name in bytes(raw) for name in self._naming)

    def _concerns(self, record: DecisionRecord, shape: _Type) -> bool:
        if any(str(record.values[at]) == self._name for at in shape.users if record.values[at] is not None):
            return True
        personal = personal_in(shape.fields, record.values, record.event_type)
        return any(each.subject == self._name for each in personal)

    def _type(self, record: DecisionRecord) -> _Type:
        key = (record.definitions, record.event_type)
        if key not in self._types:
            fields = self._archive.fields(*key)
            ep: EventProgram | None = None
            with suppress(Outdated):
                ep = self._archive.program(record.definitions).events[record.event_type]
            users = tuple(at for at, field in enumerate(fields) if field.entity == SUBJECT_ENTITY)
            asked = self._naming.get(record.event_type.encode(), frozenset())
            names = tuple(at for at, field in enumerate(fields) if field.name in asked)
            self._types[key] = _Type(fields, ep, users, names)
        return self._types[key]

    def _document(self, seq: int, record: DecisionRecord, shape: _Type) -> Mapping[str, Any]:
        """A decision as the subject gets it: his own identifiers in clear, other people's as tokens."""
        values: dict[str, Value] = {
            field.name: value for field, value in zip(shape.fields, record.values, strict=True)
        }  # fmt: skip
        own = {
            each.field: self._clear.get(each.token, each.token)
            for each in personal_in(shape.fields, record.values, record.event_type)
            if each.subject == self._name
        }
        fields = {each.name: shown(values[each.name], each.type, values.get) for each in shape.fields}
        verdict, policy = record.verdict, None
        if shape.ep is not None and (decider := shape.ep.decider(record.side)) is not None:
            policy = decider.policy
        return {
            "decision_id": decision_id(seq), "event_id": record.event_id, "event_type": record.event_type,
            "at": format_instant(record.at_us), "outcome": str(OUTCOMES[verdict.outcome]), "score": verdict.score,
            "policy": policy.id if policy else None,
            "rules": [_rule(policy.rules[hit]) for hit in verdict.hits] if policy else [],
            "exemptions": [_rule(policy.exemptions[hit]) for hit in verdict.exempted] if policy else [],
            "fields": fields | own,
        }  # fmt: skip


def _naming(definitions: Definitions) -> dict[bytes, frozenset[str]]:
    """Event types that speak about another event later, and their fields that name it."""
    found: dict[bytes, frozenset[str]] = {}
    for event in definitions.events.values():
        names = {
            word.names for label in definitions.labels.values() for word in label.words if word.event == event.name
        }
        if event.lifecycle not in (None, LIST_ENTRY):
            names.add("decision")
        if names:
            found[event.name.encode()] = frozenset(names)
    return found


def _rule(rule: Any) -> Mapping[str, str]:
    return {"id": rule.id, "zh": rule.doc.zh, "en": rule.doc.en}


_json = msgspec.json.Encoder().encode


def _line(what: str, document: Mapping[str, Any]) -> bytes:
    return _json({what: document}) + b"\n"
