"""Clear text, shown to one person for one purpose: asked for, decided, recorded, and only then opened.

Knows: purposes, cases, limits, and the order of these steps. Never: a page, or who is whose chief. Clear text is in
`Revealed` alone, which prints nothing of itself. What is refused is a record, too.

Whatever is not there looks the same: a decision that does not exist, a field that has no value, a subject that was
erased, an identifier that the decision does not have.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jindi.access import PURPOSES, About, Kind, Permits, Principal, folded, is_case, level
from jindi.basics.instants import HOUR_US
from jindi.cases import CASE_PREFIX, CUSTOMERS, Case
from jindi.run.audit import Actor, Audit
from jindi.run.masked import Personal, opened, personal_in
from jindi.run.platform import Found, Platform
from jindi.run.records import ActionRecord, decision_id, decision_seq
from jindi.run.watching import Sight, Viewer
from jindi.vault import SENSITIVE, Level, Vault, is_token, kind_of

if TYPE_CHECKING:
    from jindi.run.cases import Desk

REVEAL, SEARCH = "vault.reveal", "vault.search"

REVEALS_1H = 30
FIELDS_MAX = 6
"""What holds while no pack in force has `reveals_1h` and `reveal_fields` (pack `platform`). Design defaults."""

HOLDERS_MAX = 20
"""So many subjects are named that share an identifier."""

KEPT_MAX = 200
"""So many of a subject's identifiers are listed."""

Why = Literal[
    "no_vault", "bad_case", "bad_purpose", "no_field", "too_many", "other_kind", "never_shown", "not_permitted",
    "fresh_factor", "no_case", "limit", "not_kept", "bad_text", "failed", "own_policy",
    "unknown_case", "case_over", "other_case",
]  # fmt: skip
"""Why nothing is shown."""


class Declined(Exception):  # noqa: N818 - what the person is told
    """Nothing is shown. `why` is a word of `Why`; the message holds no value of anybody's."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see, for what, and in which case: the fields of a decision, or tokens of a subject."""

    purpose: str
    case: str
    decision: str = ""
    fields: tuple[str, ...] = ()
    subject: str = ""
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One field, in clear. `clear` None: it is not kept any more."""

    field: str
    kind: str
    token: str
    subject: str
    clear: str | None

    def __repr__(self) -> str:
        """Nothing of it: representations end up in tracebacks and logs."""
        return "Line(…)"


@dataclass(frozen=True, slots=True)
class Revealed:
    """What was shown, and the number of the record that says so."""

    record: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """What a search found: the token, and who has it."""

    record: int
    kind: str
    token: str
    subjects: tuple[str, ...]


class Reveals:
    """The reveals of one platform. One object for all doors, or the limit would be one for each."""

    def __init__(self, platform: Platform, audit: Audit, permits: Permits, cases: "Desk | None" = None) -> None:
        """`cases` is where cases are worked; without, a case is a reference of the institution's own."""
        self._platform, self._audit, self._permits, self._cases = platform, audit, permits, cases
        self._sight = Sight(platform)
        self._shown: dict[str, deque[tuple[int, int]]] = {}
        self._seeding: asyncio.Task[None] | None = None

    # ---- masks ---------------------------------------------------------------------------------------

    def seen(self, who: Principal, found: Found) -> list[tuple[Personal, Level]]:
        """The identifiers of a decision, each with how much of it somebody sees."""
        personal = personal_in(found.ep.event.fields, found.record.values, found.record.event_type)
        return [(each, level(who, each.data_class, each.kind)) for each in personal]

    async def masks(self, who: Principal, found: Found) -> Mapping[str, str]:
        """The masks of a decision's fields, by field, as far as somebody may see them."""
        if self._platform.masks is None:
            return {}
        seen = self.seen(who, found)
        wanted = [(each.subject, each.token, how) for each, how in seen]
        masks = await asyncio.to_thread(self._platform.masks.of, wanted)
        return {each.field: masks[each.pair] for each, _ in seen if each.pair in masks}

    async def masks_of(self, who: Principal, decision: str) -> Mapping[str, str]:
        """`masks` of a decision by its id; none when there is no such decision."""
        try:
            return await self.masks(who, self.find(who, decision))
        except LookupError:
            return {}

    async def kept(self, who: Principal, subject: str) -> list[tuple[str, str, str | None]]:
        """What the vault keeps of a subject: kind, token, and the mask as far as somebody may see it."""
        vault, masks = self._platform.vault, self._platform.masks
        if vault is None or masks is None:
            return []
        tokens = await asyncio.to_thread(vault.tokens_of, subject, KEPT_MAX)
        wanted = [(subject, token, level(who, self._class_of(kind_of(token)), kind_of(token))) for token in tokens]
        found = await asyncio.to_thread(masks.of, wanted)
        return [(kind_of(token), token, found.get((subject, token))) for token in tokens]

    async def mask(self, who: Principal, token: str) -> str | None:
        """The mask of an identifier, whoever has it."""
        vault, masks = self._platform.vault, self._platform.masks
        how = level(who, self._class_of(kind_of(token)), kind_of(token))
        if vault is None or masks is None or how is Level.HIDDEN:
            return None
        holders = await asyncio.to_thread(vault.holders, token, 1)
        if not holders:
            return None
        return (await asyncio.to_thread(masks.of, [(holders[0], token, how)])).get((holders[0], token))

    # ---- reveals -------------------------------------------------------------------------------------

    async def reveal(self, who: Principal, actor: Actor, wish: Wish) -> Revealed:
        """Show clear text. It is a durable record first; raises Declined, or NotRecorded, and nothing is shown then."""
        personal = self._found(who, wish)
        about = self._platform.customer(personal[0].subject) if personal else ""
        on = wish.decision if self._is_decision(who, wish.decision) else about
        try:
            self._check(wish.purpose, wish.case)
            await self._check_case(wish.case, wish)
            self._check_fields(wish, personal)
            is_sensitive = any(each.kind in SENSITIVE for each in personal)
            self._permit(who, REVEAL, is_sensitive=is_sensitive)
            await self._count(who, len(personal))
        except Declined:
            await self._record(who, actor, REVEAL, on, wish, about, rows=len(personal), allowed=False)
            raise
        seq = await self._record(who, actor, REVEAL, on, wish, about, rows=len(personal))
        return Revealed(seq, await asyncio.to_thread(self._open, personal))

    async def search(self, who: Principal, actor: Actor, kind: str, text: str, purpose: str, case: str) -> Met:
        """Find who has an identifier that somebody holds in his hands. Raises Declined, or NotRecorded.

        The record has its token. Nobody having it, and everybody having been erased, is `not_kept`.
        """
        try:
            token = self._platform.tokens.token(kind, text)
        except (ValueError, KeyError):
            token = ""
        wish = Wish(purpose, case)
        try:
            self._check(purpose, case)
            await self._check_case(case)
            if not token:
                raise Declined("bad_text", "this is no identifier of this kind")
            if kind not in PURPOSES[purpose].kinds:
                raise Declined("other_kind", f"the purpose {purpose} needs no {kind}")
            self._permit(who, SEARCH, is_sensitive=kind in SENSITIVE)
            await self._count(who, 1)
        except Declined:
            await self._record(who, actor, SEARCH, token, wish, token, rows=0, allowed=False)
            raise
        seq = await self._record(who, actor, SEARCH, token, wish, token, rows=1)
        vault = self._vault
        subjects = await asyncio.to_thread(vault.holders, token, HOLDERS_MAX)
        if not subjects:
            raise Declined("not_kept", _NOT_KEPT)
        return Met(seq, kind, token, subjects)

    @property
    def _vault(self) -> Vault:
        if self._platform.vault is None:
            raise Declined("no_vault", "this platform keeps no clear text (setting vault)")
        return self._platform.vault

    # ---- the steps -----------------------------------------------------------------------------------

    def find(self, who: Principal, identifier: str) -> Found:
        """A decision. Raises LookupError, also for one that is not for these eyes: alerts about staff."""
        found = self._platform.find(identifier)
        if not self._sight.may_see(self._viewer(who), found.ep.event, found.record.values):
            raise LookupError("there is no such decision")
        return found

    def may_ask(self, who: Principal, entity: str, value: str) -> bool:
        """Whether somebody may ask what is kept of an entity: not of people of the house, unless he oversees them."""
        return self._sight.may_ask(self._viewer(who), entity, value)

    def _viewer(self, who: Principal) -> Viewer:
        now_us = self._platform.now_us()
        return Viewer(who.name, self._permits.may(who, "staff_alerts.read", now_us).allowed)

    def _is_decision(self, who: Principal, identifier: str) -> bool:
        try:
            return decision_id(self.find(who, identifier).seq) == identifier
        except LookupError:
            return False

    def _found(self, who: Principal, wish: Wish) -> list[Personal]:
        """What is wished for, as far as it is there: of a decision only what that decision has."""
        if wish.decision:
            try:
                found = self.find(who, wish.decision)
            except LookupError:
                return []
            there = {
                each.field: each
                for each in personal_in(found.ep.event.fields, found.record.values, found.record.event_type)
            }
            wanted = dict.fromkeys(wish.fields)
            return [there[name] for name in wanted if name in there]
        tokens = dict.fromkeys(token for token in wish.tokens if is_token(kind_of(token), token))
        return [self._of_subject(wish.subject, token) for token in tokens] if wish.subject else []

    def _of_subject(self, subject: str, token: str) -> Personal:
        kind = kind_of(token)
        return Personal(kind, kind, self._class_of(kind), token, subject)

    def _class_of(self, kind: str) -> str:
        """An identifier outside of any decision has the highest class of the fields that have its kind: which field it
        came by is not known.
        """
        events = self._platform.program.definitions.events.values()
        classes = {each.data_class for event in events for each in event.fields if each.identifier == kind}
        return "C3" if "C3" in classes else "C2"

    def _check(self, purpose: str, case: str) -> None:
        _ = self._vault
        if purpose not in PURPOSES:
            raise Declined("bad_purpose", f"the purpose is one of: {', '.join(PURPOSES)}")
        if not is_case(case):
            raise Declined("bad_case", "a case's reference is missing, or has not the form of one (CASE-2026-0042)")

    async def _check_case(self, reference: str, wish: Wish | None = None) -> None:
        """A case that is kept here is there, is open, and is about what is to be seen."""
        if self._cases is None or not reference.startswith(CASE_PREFIX):
            return
        try:
            case = await self._cases.one(reference)
        except LookupError:
            raise Declined("unknown_case", "there is no case of this id") from None
        if case.state != "open":
            raise Declined("case_over", "the case is over: open it again, or name the one that you work on")
        if wish is not None and not await self._is_about(self._cases, case, wish):
            raise Declined(
                "other_case", "the case is about somebody else: what it is not about needs a case of its own"
            )

    async def _is_about(self, cases: "Desk", case: Case, wish: Wish) -> bool:
        """Whether what is wished for is a decision of the case, or (where no decision is named) its own customer's."""
        if not wish.decision:
            return case.entity in CUSTOMERS and wish.subject == case.subject
        try:
            return await cases.case_of_decision(decision_seq(wish.decision)) == case.id
        except ValueError:
            return False

    def _check_fields(self, wish: Wish, personal: Sequence[Personal]) -> None:
        asked = len(set(wish.fields if wish.decision else wish.tokens))
        most = self._platform.parameter("reveal_fields", FIELDS_MAX)
        if asked > most:
            raise Declined("too_many", f"at most {most} fields at once")
        if not asked:
            raise Declined("no_field", "name at least one field")
        if len(personal) < asked:
            # A part is not shown: whoever guesses at fields or tokens learns nothing from what comes back.
            raise Declined("not_kept", _NOT_KEPT)
        if any(each.data_class == "C3" for each in personal):
            raise Declined("never_shown", "what authenticates a customer (C3) is shown to nobody")
        purpose = PURPOSES[wish.purpose]
        if other := sorted({each.kind for each in personal} - purpose.kinds):
            raise Declined("other_kind", f"the purpose {purpose.name} needs no {', '.join(other)}")

    def _permit(self, who: Principal, action: str, *, is_sensitive: bool) -> None:
        """Ask the policies. Here the case is checked already.

        A session that was opened with a link or a key can't show a second factor, so it never has a fresh one.
        """
        about = About(has_case=True, is_sensitive=is_sensitive)
        may = self._permits.may(who, action, self._platform.now_us(), about)
        if not may:
            raise Declined(may.why, f"the policies forbid it: {may.why}")
        if is_sensitive and who.kind is Kind.LINK:
            raise Declined("fresh_factor", "this takes an account of staff and a fresh second factor")

    def _open(self, personal: Sequence[Personal]) -> tuple[Line, ...]:
        vault = self._vault
        return tuple(
            Line(each.field, each.kind, each.token, each.subject, opened(vault, each.subject, each.token))
            for each in personal
        )

    async def _record(
        self, who: Principal, actor: Actor, what: str, on: str, wish: Wish, about: str, *, rows: int,
        allowed: bool = True,
    ) -> int:  # fmt: skip
        """The record: of purpose and case only what has the form of one, for the rest may be anybody's number."""
        roles = tuple(sorted(str(role) for role in who.roles))
        return await self._audit.act(
            actor._replace(roles=roles), what, on, allowed=allowed, about=about,
            case=wish.case if is_case(wish.case) else "", purpose=wish.purpose if wish.purpose in PURPOSES else "",
            rows=rows,
        )  # fmt: skip

    # ---- the limit -----------------------------------------------------------------------------------

    async def _count(self, who: Principal, rows: int) -> None:
        """Count against what one person may see in an hour, before it is shown: who asks twice at once is counted
        twice. By name, for a person has many sessions, and may have several keys.
        """
        if self._seeding is None:
            self._seeding = asyncio.get_running_loop().create_task(self._seed())
        await asyncio.shield(self._seeding)
        now_us = self._platform.now_us()
        shown = self._shown.setdefault(folded(who.name), deque())
        while shown and shown[0][0] <= now_us - HOUR_US:
            shown.popleft()
        most = self._platform.parameter("reveals_1h", REVEALS_1H)
        if sum(count for _, count in shown) + rows > most:
            raise Declined("limit", f"more than {most} fields in an hour")
        shown.append((now_us, rows))

    async def _seed(self) -> None:
        """What was shown in the hour before the start, from the journal: a restart gives nobody more."""
        platform = self._platform
        since_us, before = platform.now_us() - HOUR_US, None
        durable = platform.archive.log.next_seq()
        while True:
            places, has_older = platform.trail.last(before)
            records = await asyncio.to_thread(self._actions, [seq for seq in places if seq < durable])
            for record in records:
                if record.received_us > since_us and record.allowed and record.what in (REVEAL, SEARCH):
                    shown = self._shown.setdefault(folded(record.name), deque())
                    shown.append((record.received_us, max(1, record.rows)))
            if not has_older or not places or (records and records[0].received_us < since_us):
                break
            before = places[0]
        for name, shown in self._shown.items():
            self._shown[name] = deque(sorted(shown))

    def _actions(self, places: Sequence[int]) -> list[ActionRecord]:
        archive = self._platform.archive
        return [record for seq in places if isinstance(record := archive.record(seq), ActionRecord)]


_NOT_KEPT = "nothing is kept here that could be shown"
