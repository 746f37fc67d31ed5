"""Where operations that take four eyes are asked for, answered and done.

Whether somebody may is asked at the doors and, with the kind of operation, here again. That nobody answers what he
asked for himself is the book's own rule; here it is told before it is journalled.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from jindi.access import About, ApiKeys, Kind, Permits, Principal, folded, name_mark
from jindi.basics.instants import HOUR_US
from jindi.run.approvals.book import Book, Entry, State, content_digest
from jindi.run.approvals.keys import Create, Revoke, Rotate
from jindi.run.approvals.lists import Changing
from jindi.run.approvals.operations import AtOnce, Collected, Delivery, Line, Operation, Unfit
from jindi.run.approvals.vaults import DestroyRing, Erase, Reseal, RotateRing
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.lane import Busy, Stopped
from jindi.run.platform import Platform
from jindi.run.records import APPROVAL, ApprovalRecord, ApprovalVerb, approval_id, approval_seq
from jindi.run.reveals import Reveals

WHY_LENGTH_MAX = 500
OPEN_MAX, OPEN_EACH_MAX = 200, 20
"""Operations that wait at a time, in all and of one person: whoever asks too much must not bury what others ask."""

TEND_S = 5.0
"""How often is looked for what was approved and not done, and for proposers who have gone."""

POLICIES = "policies.change"
"""The kind under which proposals of policy versions stand in the one list; they have a desk of their own."""

START, OPERATOR = "start", "operator"
"""The keys that a start prints, and the person whom its sign-in link lets in: one and the same."""

PLATFORM = "platform"
ACCOUNT = "per_"

_NO_APPROVER_ZH = (
    "需要另外 {needed} 人批准，而能批准的只有 {found} 人：请先为第二人建立账户或密钥"
    '（停机时 jindi keys new），或（仅限单人运行）设 four_eyes = "off"'
)
_NO_APPROVER_EN = (
    "it takes {needed} other people who may approve, and there are {found}: make an account or a key for them first"
    ' (while the platform is down: jindi keys new), or, where one person runs it all, set four_eyes = "off"'
)

_DECLINED: Mapping[str, tuple[str, str]] = {
    "unknown_kind": ("此平台没有该类操作：{kind}", "this platform has no such operation: {kind}"),
    "unfit": ("{zh}", "{en}"),
    "too_large": ("申请内容过大（不超过 {most} 字节）", "the payload is larger than {most} bytes"),
    "why": (
        "请说明理由：不超过 500 字，且不含控制字符或不可见字符",
        "say why, in at most 500 characters, without control or invisible characters",
    ),
    "too_many": ("待批事项过多，请先处理或撤回一部分", "too much waits already; have some answered or withdrawn first"),
    "already_proposed": ("同样的操作已在 {id} 中待批", "{id} asks for the same already"),
    "no_approver": (_NO_APPROVER_ZH, _NO_APPROVER_EN),
    "not_open": ("{id} 已结束：{state}", "{id} is not open any more: {state}"),
    "own_proposal": (
        "申请人不能审批自己的申请：同名、自己名下的密钥、以及另一个会话都算同一人",
        "nobody answers what he asked for himself; the same name, a key of his, another session of his is himself",
    ),
    "twice": ("您已批准，须由另一人批准", "you have approved it already; it takes another person"),
    "other_digest": ("内容摘要与所给的不符", "its digest is not the one that was given"),
    "stale": ("提出之后情况已变，请重新申请", "what it rests on has changed since; ask for it again"),
    "gone": (
        "申请人的密钥或账户已失效，申请已撤回",
        "the key or account of whoever asked is out of force; it is withdrawn",
    ),
    "own_account": (
        "本人的账户须由另一名管理员提出变更",
        "nobody asks for a change of his own account; another administrator does",
    ),
    "not_yours": ("只有申请人可以撤回或领取", "only whoever asked may withdraw or collect"),
    "not_collectable": ("{id} 没有可领取的结果", "{id} has nothing to collect"),
}


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand; nothing was changed. `zh` and `en` say why, and `problems` which lines."""

    def __init__(self, code: str, **values: str) -> None:
        zh, en = _DECLINED[code]
        self.code, self.zh, self.en = code, zh.format(**values), en.format(**values)
        self.problems: Sequence[tuple[int, str, str]] = ()
        super().__init__(self.en)


class Forbidden(Exception):  # noqa: N818 - what a person is told
    """The policies forbid a step; `why` is the verdict's word, `action` what was asked, `kind` of which operation."""

    def __init__(self, action: str, kind: str, why: str) -> None:
        self.action, self.kind, self.why = action, kind, why
        super().__init__(f"the policies forbid {action} of {kind}: {why}")


@dataclass(frozen=True, slots=True)
class Standing:
    """An operation as it stands now. `lines` say exactly what is approved; None: this platform no longer has the kind.

    `is_stale`: what it rests on has changed, so that it can't be approved any more.
    """

    entry: Entry
    state: State
    lines: tuple[Line, ...] | None
    is_stale: bool
    is_collected: bool


class Approvals:
    """All that people can do about operations that take four eyes, on a running platform.

    `is_on` False: what is asked for goes on without a second person, and says so. A proposal waits `open_us`, or what
    `open_us_of` says of its kind. `people` are those with accounts, as the policies see them; `is_gone` tells of an
    account's id whether it may act no more.
    """

    def __init__(
        self, platform: Platform, permits: Permits, keys: ApiKeys, operations: Iterable[Operation[Any, Any]] = (), *,
        is_on: bool = True, open_us: int = 72 * HOUR_US, open_us_of: Mapping[str, int] | None = None,
        people: Callable[[], Iterable[Principal]] = tuple, is_gone: Callable[[str], bool] = lambda _: False,
    ) -> None:  # fmt: skip
        self.is_on = is_on
        self._platform, self._permits, self._keys = platform, permits, keys
        self._audit = Audit(platform)
        self._open_us, self._open_us_of = open_us, open_us_of or {}
        self._people, self._is_gone = people, is_gone
        self._operations: dict[str, Operation[Any, Any]] = {}
        self._step = asyncio.Lock()
        self._high_us = 0
        for each in operations:
            self.register(each)

    def register(self, operation: Operation[Any, Any]) -> None:
        """A kind of operation that this platform has from now on."""
        assert operation.what not in self._operations, "a kind is registered once"
        self._operations[operation.what] = operation

    # ---- looking

    @property
    def export_rows(self) -> int:
        """How many decisions one person may export at once."""
        return self._platform.settings.export_rows

    @property
    def kinds(self) -> Mapping[str, Operation[Any, Any]]:
        """The kinds of operations that can be asked for here."""
        return self._operations

    @property
    def book(self) -> Book:
        """All operations and steps."""
        return self._platform.approvals

    def now_us(self) -> int:
        """The clock, which never goes back here: what has expired stays so when the machine's clock is put back."""
        self._high_us = max(self._high_us, self._platform.now_us(), self.book.high_us)
        return self._high_us

    def entry(self, identifier: str) -> Entry:
        """One operation. Raises LookupError."""
        try:
            seq = approval_seq(identifier)
        except ValueError as error:
            raise LookupError(str(error)) from None
        found = self.book.entries.get(seq)
        if found is None:
            raise LookupError(f"there is no operation {identifier}")
        return found

    def entries(self) -> list[tuple[Entry, State]]:
        """All operations with their states, the newest first."""
        now_us = self.now_us()
        return [(each, each.state(now_us)) for each in self.book.newest()]

    def about(self, identifier: str, *, is_sensitive: bool = True) -> About:
        """What the policies are to know of an operation when somebody wants to answer it."""
        try:
            asked = self.entry(identifier).asked
        except LookupError:
            return About(is_sensitive=is_sensitive)
        return About(proposer=asked.name, is_sensitive=is_sensitive, kind=asked.what)

    async def standing(self, identifier: str, who: Principal | None = None) -> Standing:
        """One operation, looked at closely, as somebody may see it. Raises LookupError."""
        entry = self.entry(identifier)
        state, operation = entry.state(self.now_us()), self._operations.get(entry.asked.what)
        if operation is None:
            return Standing(entry, state, None, is_stale=False, is_collected=False)
        kept = operation.unpack(entry.asked.payload)
        is_collected = isinstance(operation, Collected)
        is_waiting = state == "open" or (state == "approved" and is_collected)
        stale = is_waiting and await operation.base_digest(kept) != entry.asked.base
        lines = operation.lines(kept) if who is None else await operation.lines_for(kept, who)
        return Standing(entry, state, lines, stale, is_collected)

    def marks_of(self, who: Principal) -> frozenset[str]:
        """All by which somebody is known here."""
        marks = who.marks
        return marks | {name_mark(OPERATOR)} if name_mark(START) in marks else marks

    def is_own(self, who: Principal, entry: Entry) -> bool:
        """Whether somebody is the proposer, as far as can be known."""
        return entry.is_by(self.marks_of(who)) or not self._later_marks(entry).isdisjoint(self.marks_of(who))

    def is_asker(self, who: Principal, entry: Entry) -> bool:
        """Whether somebody is the proposer beyond doubt: the same account or key, or another key of his name. Whoever
        only has a mark in common is not handed what the proposer asked for.
        """
        asked = entry.asked
        if who.right == asked.right:
            return True
        is_key = who.kind is not Kind.PERSON and not asked.right.startswith(ACCOUNT)
        return is_key and self._name_of(who) == folded(asked.name)

    def may(self, who: Principal, action: str, kind: str, proposer: str | None = None) -> bool:
        """Whether the policies let somebody ask for or answer a kind of operation (a fresh factor aside)."""
        about = About(proposer=proposer, kind=kind)
        return self._permits.may(who, action, self._platform.now_us(), about).allowed

    def approvers(self, who: Principal, kind: str) -> int:
        """How many people other than somebody could approve a kind of operation now."""
        now_us, mine = self._platform.now_us(), self.marks_of(who)
        holders = [key.principal for key in self._keys.all() if key.is_live(now_us)]
        people: list[frozenset[str]] = []
        for each in (*holders, *self._people()):
            marks = self.marks_of(each)
            if not marks.isdisjoint(mine) or not self.may(each, "approval.approve", kind):
                continue
            # Whoever has a mark in common with others is one person with them all.
            same = [other for other in people if not other.isdisjoint(marks)]
            people = [other for other in people if other.isdisjoint(marks)] + [marks.union(*same)]
        return len(people)

    # ---- whoever asks

    async def propose(self, who: Principal, kind: str, document: Any, why: str) -> Entry:
        """Ask for an operation: `document` is its payload as JSON. Raises Declined, Forbidden or NotRecorded."""
        operation = self._operations.get(kind)
        self._must(who, "approval.propose", kind)
        if operation is None:
            raise Declined("unknown_kind", kind=kind[:64])
        why = said(why)
        async with self._step:
            now_us = self.now_us()
            try:
                asked = operation.read(document)
                kept = await operation.prepare(asked)
            except Unfit as error:
                declined = Declined("unfit", zh=error.zh, en=error.en)
                declined.problems = error.problems
                raise declined from None
            if operation.is_of(kept, who):
                raise Declined("own_account")
            payload = operation.pack(kept)
            if len(payload) > operation.payload_max:
                raise Declined("too_large", most=f"{operation.payload_max:,}")
            base = await operation.base_digest(kept)
            content = content_digest(kind, payload, base, operation.needed)
            self._refuse_more(who, content, now_us)
            alone = (
                "four_eyes = off" if not self.is_on else "one person may do it here" if operation.alone(kept) else ""
            )
            if not alone and (found := self.approvers(who, kind)) < operation.needed:
                raise Declined("no_approver", needed=str(operation.needed), found=str(found))
            until_us = now_us + self._open_us_of.get(kind, self._open_us)
            await operation.before_record(asked)
            seq = await self._journal(
                self._record("propose", who, why, what=kind, payload=payload, base=base, digest=content,
                             expires_us=until_us, needed=operation.needed)
            )  # fmt: skip
            entry = self.book.entries[seq]
            if alone:
                await self._journal(self._by_platform("waive", entry, alone))
                await self._carry_out(entry, who)
            return entry

    def _refuse_more(self, who: Principal, content: str, now_us: int) -> None:
        waiting = [each for each in self.book.entries.values() if each.state(now_us) in ("open", "approved")]
        same = next((each for each in waiting if each.asked.digest == content), None)
        if same is not None:
            raise Declined("already_proposed", id=same.id)
        mine = sum(each.is_by(self.marks_of(who)) for each in waiting)
        if len(waiting) >= OPEN_MAX or mine >= OPEN_EACH_MAX:
            raise Declined("too_many")

    async def withdraw(self, who: Principal, identifier: str, why: str) -> Entry:
        """Take back what one asked for. Raises LookupError, Declined, Forbidden or NotRecorded."""
        why = said(why)
        self._must(who, "approval.withdraw")
        async with self._step:
            entry = self._one(identifier, "open", "approved")
            if not self.is_asker(who, entry):
                raise Declined("not_yours")
            await self._journal(self._answer("withdraw", who, entry, why))
            return entry

    async def collect(self, who: Principal, identifier: str) -> Delivery:
        """Have what was approved done, and its result handed out: to the proposer, and once.

        Raises LookupError, Declined, Forbidden or NotRecorded.
        """
        async with self._step:
            entry = self._one(identifier, "approved")
            operation = self._operations.get(entry.asked.what)
            self._must(who, "approval.collect", entry.asked.what)
            if not self.is_asker(who, entry):
                raise Declined("not_yours")
            if not isinstance(operation, Collected):
                raise Declined("not_collectable", id=identifier)
            kept = operation.unpack(entry.asked.payload)
            if await operation.base_digest(kept) != entry.asked.base:
                raise Declined("stale")
            # Its record first: should the result be lost on the way, it is asked for again, never handed out twice.
            await self._journal(self._answer("collect", who, entry, ""))
            await self._acted(who, operation, kept, entry)
            try:
                return await operation.deliver(kept, who, self._platform.now_us())
            except Exception as error:
                await self._failed(entry, error)
                raise

    # ---- whoever answers

    async def approve(self, who: Principal, identifier: str, digest: str, why: str = "") -> Entry:
        """Approve exactly the content of a digest, and have it done when that was the last approval that it takes.

        Raises LookupError, Declined, Forbidden or NotRecorded.
        """
        why = said(why, must=False)
        async with self._step:
            entry = self._answerable(who, "approval.approve", identifier)
            if digest != entry.asked.digest:
                raise Declined("other_digest")
            if entry.has_approval_of(self.marks_of(who)):
                raise Declined("twice")
            await self._must_still_stand(entry)
            await self._journal(self._answer("approve", who, entry, why))
            await self._carry_out(entry, who)
            return entry

    async def reject(self, who: Principal, identifier: str, why: str) -> Entry:
        """End what somebody else asked for. Raises LookupError, Declined, Forbidden or NotRecorded."""
        why = said(why)
        async with self._step:
            entry = self._answerable(who, "approval.reject", identifier)
            await self._journal(self._answer("reject", who, entry, why))
            return entry

    def _answerable(self, who: Principal, action: str, identifier: str) -> Entry:
        """An operation that somebody may answer."""
        entry = self._one(identifier, "open")
        if self.is_own(who, entry):
            raise Declined("own_proposal")
        self._must(who, action, entry.asked.what, entry.asked.name)
        if self._has_gone(who.right):
            raise Forbidden(action, entry.asked.what, "gone")
        return entry

    async def _must_still_stand(self, entry: Entry) -> None:
        """Whoever asked is still there, and what it rests on is as it was."""
        if self._has_gone(entry.asked.right):
            await self._journal(self._by_platform("withdraw", entry, "the proposer's key or account is out of force"))
            raise Declined("gone")
        operation = self._operations.get(entry.asked.what)
        if operation is None:
            raise Declined("unknown_kind", kind=entry.asked.what)
        if await operation.base_digest(operation.unpack(entry.asked.payload)) != entry.asked.base:
            raise Declined("stale")

    # ---- doing

    async def _carry_out(self, entry: Entry, who: Principal | None) -> None:
        """Do what has all its approvals, if it isn't to be collected. What can't be recorded is tried again later."""
        operation = self._operations.get(entry.asked.what)
        if not isinstance(operation, AtOnce) or entry.state(self.now_us()) != "approved":
            return
        try:
            kept = operation.unpack(entry.asked.payload)
            if not await operation.is_done(kept):
                await self._acted(who, operation, kept, entry)
                await operation.apply(kept, self._platform.now_us())
        except NotRecorded:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the book must say that it failed
            await self._failed(entry, error)
            return
        with suppress(NotRecorded):
            await self._journal(self._by_platform("apply", entry, ""))

    async def _failed(self, entry: Entry, error: Exception) -> None:
        # The error's own words may hold what nobody may read.
        with suppress(NotRecorded):
            await self._journal(self._by_platform("fail", entry, type(error).__name__))

    async def tend(self) -> None:
        """Do what was approved and not done (a crash lay between), and withdraw what those asked for who have gone."""
        async with self._step:
            for entry, state in self.entries():
                if state == "approved":
                    await self._carry_out(entry, None)
                elif state == "open" and self._has_gone(entry.asked.right):
                    with suppress(NotRecorded):
                        why = "the proposer's key or account is out of force"
                        await self._journal(self._by_platform("withdraw", entry, why))

    async def keep(self) -> None:
        """`tend` for as long as the platform runs, and remember on which day each key was used."""
        while True:
            try:
                await self.tend()
                self._keys.save_use()
            except Exception as error:  # noqa: BLE001 - the next round begins afresh
                self._platform.say(f"what was approved could not be looked after: {type(error).__name__}")
            await asyncio.sleep(TEND_S)

    # ---- what they have in common

    def _must(self, who: Principal, action: str, kind: str | None = None, proposer: str | None = None) -> None:
        about = About(proposer=proposer, is_sensitive=True, kind=kind)
        verdict = self._permits.may(who, action, self._platform.now_us(), about)
        if not verdict:
            raise Forbidden(action, kind or "", verdict.why)

    def _one(self, identifier: str, *states: State) -> Entry:
        entry = self.entry(identifier)
        state = entry.state(self.now_us())
        if state not in states:
            raise Declined("not_open", id=identifier, state=state)
        return entry

    def _has_gone(self, right: str) -> bool:
        """Whether a key or an account may act no more."""
        if right.startswith("key_"):
            key = self._keys.get(right)
            return key is None or not key.is_live(self._platform.now_us())
        return self._is_gone(right)

    def _later_marks(self, entry: Entry) -> frozenset[str]:
        """Whoever has been told the proposer's secret since he asked, is he, too."""
        key = self._keys.get(entry.asked.right)
        return frozenset(key.owners) if key is not None else frozenset()

    @staticmethod
    def _name_of(who: Principal) -> str:
        name = folded(who.name)
        return OPERATOR if name == START else name

    def _record(self, verb: ApprovalVerb, who: Principal, why: str, **more: Any) -> ApprovalRecord:
        name = OPERATOR if folded(who.name) == START else who.name
        return ApprovalRecord(
            APPROVAL, self.now_us(), verb, who.id, name, why, right=who.right, marks=tuple(sorted(self.marks_of(who))),
            **more,
        )  # fmt: skip

    def _answer(self, verb: ApprovalVerb, who: Principal, entry: Entry, why: str) -> ApprovalRecord:
        return self._record(verb, who, why, of=entry.seq, what=entry.asked.what, digest=entry.asked.digest)

    def _by_platform(self, verb: ApprovalVerb, entry: Entry, why: str) -> ApprovalRecord:
        return ApprovalRecord(
            APPROVAL, self.now_us(), verb, "", PLATFORM, why, of=entry.seq, what=entry.asked.what,
            digest=entry.asked.digest,
        )  # fmt: skip

    async def _journal(self, record: ApprovalRecord) -> int:
        try:
            return await self._platform.step(record)
        except (Busy, Stopped) as error:
            raise NotRecorded("the step could not be journalled, so it was not taken; try again") from error

    async def _acted(self, who: Principal | None, operation: Operation[Any, Any], kept: Any, entry: Entry) -> None:
        """The operation itself as an action in the audit, before it is done."""
        actor = Actor("", PLATFORM, "") if who is None else Actor(who.id, who.name, "", roles=tuple(sorted(who.roles)))
        await self._audit.act(
            actor, operation.what, operation.on(kept), about=operation.about(kept), case=approval_id(entry.seq),
            rows=operation.rows(kept),
        )  # fmt: skip


def approvals_of(
    platform: Platform, permits: Permits, keys: ApiKeys, *, people: Callable[[], Iterable[Principal]] = tuple,
    is_gone: Callable[[str], bool] = lambda _: False, more: Iterable[Operation[Any, Any]] = (),
) -> Approvals:  # fmt: skip
    """Where operations are asked for on a platform, as its settings say, with all kinds that it has, and `more`."""
    settings = platform.settings
    changing = Changing(platform, Reveals(platform, Audit(platform), permits))
    operations: list[Operation[Any, Any]] = [Create(keys), Revoke(keys), Rotate(keys), changing, *more]
    if (vault := platform.vault) is not None:
        operations += [RotateRing(vault), DestroyRing(vault), Reseal(vault), Erase(vault, platform.blind)]
    return Approvals(
        platform, permits, keys, operations, is_on=settings.four_eyes, open_us=settings.approval_us,
        open_us_of=settings.approval_us_of, people=people, is_gone=is_gone,
    )  # fmt: skip


def said(why: str, *, must: bool = True) -> str:
    """A reason as it is kept: one line that says what it seems to say. Raises Declined."""
    text = why.strip()
    hidden = any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for char in text)
    if len(text) > WHY_LENGTH_MAX or (must and not text) or hidden:
        raise Declined("why")
    return text


def payload_of(entry: Entry) -> Any:
    """A payload as JSON."""
    return msgspec.json.decode(entry.asked.payload)


__all__ = [
    "POLICIES",
    "Approvals",
    "Declined",
    "Forbidden",
    "Standing",
    "approvals_of",
    "payload_of",
    "said",
]
