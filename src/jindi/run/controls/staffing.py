"""Checks of what staff may not do alone, unseen or unrecorded: four eyes, fresh factors, reveals, the watch over it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from jindi.access import (
    ACTIONS,
    FRESH_US,
    PURPOSES,
    ROLES,
    SCOPES,
    About,
    Group,
    Kind,
    Permits,
    Principal,
    Role,
    Scope,
)
from jindi.access.policies import FRESH_FACTOR, GRANTED, OWN_PROPOSAL
from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.instants import HOUR_US, MINUTE_US
from jindi.packs import OUTCOMES, Outcome
from jindi.run.approvals.approvals import Approvals, Declined, Forbidden, approvals_of
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.controls.ground import Evidence, Ground, Scratch, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import CANARIES, Asking, events_of, lived, tell
from jindi.run.intake import Refused
from jindi.run.masked import Personal
from jindi.run.platform import Platform
from jindi.run.records import ActionRecord, DecisionRecord
from jindi.run.reveals import Declined as NotShown
from jindi.run.reveals import Line, Reveals, Wish
from jindi.run.watching import Sight, Viewer
from jindi.vault import SENSITIVE, Level

_CASE: Final = "CASE-2026-0001"


def _person(name: str, now_us: int, *roles: Role, factor_us: int | None = 0) -> Principal:
    """Somebody with an account; `factor_us` ago he showed his second factor, None: never."""
    mfa_us = None if factor_us is None else now_us - factor_us
    return Principal(Kind.PERSON, f"per_{name}", name, frozenset(roles), mfa_us=mfa_us, session=f"session_{name}")


# ---- four eyes


@check(
    "four_eyes",
    "真实提出一项操作：提出者本人、同名密钥、另一会话、无权者、摘要不符、过期之后、内容变化之后都批不了；另一人批准才执行",
    "An operation asked for: its proposer, a key of his name, no right, another digest, too late: none approves it",
)
def four_eyes(ground: Ground, _: Asked) -> Evidence:
    """C15. ASVS 5.0 2.3.5; GB/T 22239-2019 8.1.4.2."""
    with ground.scratch() as scratch:
        tried, done = lived(scratch, lambda platform: _asked_for(scratch, platform, ground.permits("")))
    permits, now_us = ground.permits(""), ground.clock.now_us()
    own = permits.may(
        _person("check", now_us, Role.APPROVER), "version.approve", now_us, About(proposer="Check", is_sensitive=True)
    )
    on = ground.settings.get("four_eyes", "on") == "on"
    evidence: Evidence = {
        "tried": tried, "approved_by_another": done, "own_policy_version": own.why or "allowed", "switched_on": on,
        "changes": ground.settings.get("changes", ""),
    }  # fmt: skip
    if done != "applied":
        raise could_not_run("另一人批准也不执行，无从对照", "not even another's approval has it done", **evidence)
    counted = sorted(name for name, why in tried.items() if why == "approved")
    if counted or own.why != OWN_PROPOSAL:
        raise failed(f"不该算数的批准算了数：{', '.join(counted)}", f"these count and must not: {counted}", **evidence)
    if not on:
        raise failed("双人复核已关闭（设置 four_eyes）", "four eyes are switched off (setting four_eyes)", **evidence)
    return evidence


async def _asked_for(scratch: Scratch, platform: Platform, permits: Permits) -> tuple[dict[str, str], str]:
    keys, clock = scratch.keys(), scratch.clock
    house = scratch.house(platform)
    now_us, tried = clock.now_us(), dict[str, str]()
    ann, bob = (_person(name, now_us, Role.SECURITY_ADMIN) for name in ("ann", "bob"))
    approvals = approvals_of(platform, permits, keys, people=lambda: [ann, bob], is_gone=house.staff.is_gone)
    approvals.is_on = True

    def fresh(who: Principal) -> Principal:
        return replace(who, mfa_us=clock.now_us())

    async def ask(name: str) -> Any:
        document = {"name": name, "scopes": [str(Scope.EVENTS_WRITE)], "days": 30}
        return await approvals.propose(fresh(ann), "key.create", document, "for the check")

    async def approve(who: Principal, entry: Any, digest: str | None = None) -> str:
        try:
            await approvals.approve(fresh(who), entry.id, digest or entry.asked.digest, "read")
        except Declined as declined:
            return declined.code
        except Forbidden as forbidden:
            return forbidden.why
        return "approved"

    tries: dict[str, tuple[Principal, bool]] = {
        "the proposer": (ann, True),
        "a key of his name": (Principal(Kind.KEY, "key_check", "Ann", scopes=frozenset({Scope.ADMIN})), True),
        "his other session": (replace(ann, session="session_other"), True),
        "his second account": (replace(ann, id="per_again"), True),
        "without the right": (_person("cleo", now_us, Role.ANALYST), True),
        "another digest": (bob, False),
    }
    for number, (name, (who, right)) in enumerate(tries.items()):
        entry = await ask(f"check-{number}")
        tried[name] = await approve(who, entry, None if right else "0" * len(entry.asked.digest))
    late = await ask("check-late")
    clock.ahead_us += late.until_us - clock.now_us() + MINUTE_US
    tried["too late"] = await approve(bob, late)
    tried["what it rests on has changed"] = await _changed(approvals, keys, clock.now_us, fresh(ann), approve, bob)
    done = await ask("check-done")
    if await approve(bob, done) != "approved":
        return tried, "refused"
    tried["the same one again"] = await approve(bob, done)
    got = await approvals.collect(fresh(ann), done.id)
    return tried, "applied" if got is not None else "nothing"


async def _changed(
    approvals: Approvals, keys: Any, now_us: Callable[[], int], ann: Principal,
    approve: Callable[..., Awaitable[str]], bob: Principal,
) -> str:  # fmt: skip
    """A key is to be revoked, and is gone before anybody approves."""
    _, key = keys.create("check-old", frozenset({Scope.EVENTS_WRITE}), now_us())
    entry = await approvals.propose(ann, "key.revoke", {"key": key.id}, "for the check")
    keys.revoke(key.id, now_us())
    return await approve(bob, entry)


def _has(role: Role, action: str) -> bool:
    """Whether it is written that a role may do an action."""
    return bool({ACTIONS[action].group, *ACTIONS[action].also} & {*GRANTED[role]})


# ---- a fresh factor

_SENSITIVE: Final = (Group.REVEALING, Group.SUBJECTS, Group.KEYING, Group.STAFFING, Group.ANSWERING, Group.APPROVING)


@check(
    "fresh_factor",
    "以每个角色询问每个敏感动作：第二因素从未出示或已过五分钟一律拒绝，刚出示才许可",
    "Every sensitive action asked with every role: no without a factor or with an old one, yes with a fresh one",
)
def fresh_factor(ground: Ground, _: Asked) -> Evidence:
    """C24. ASVS 5.0 7.5.1, 7.5.3. The five minutes are a design default."""
    permits, now_us = ground.permits(""), ground.clock.now_us()
    asked, wrong, needless = 0, [], []
    for name, action in ACTIONS.items():
        if action.group not in _SENSITIVE:
            continue
        for role in ROLES:
            if not _has(role, name):
                continue
            asked += 1
            about = About(is_sensitive=True, has_case=True)
            never, old, fresh = (
                permits.may(_person("check", now_us, role, factor_us=age), name, now_us, about)
                for age in (None, FRESH_US, FRESH_US - 1)
            )
            if never.why != FRESH_FACTOR or old.why != FRESH_FACTOR:
                wrong.append(f"{role} {name}")
            if not fresh:
                needless.append(f"{role} {name}: {fresh.why}")
    evidence: Evidence = {"asked": asked, "without_a_fresh_factor": wrong, "refused_with_one": needless}
    if wrong:
        raise failed("有敏感动作不要求重新验证", "a sensitive action goes without a fresh factor", **evidence)
    if not asked or needless:
        raise could_not_run("重新验证后仍被拒绝，无从对照", "it is refused with a fresh factor, too", **evidence)
    return evidence


# ---- the audit can't be stopped


@check(
    "audit_not_stoppable",
    "以每种权限访问接口的每个地址之后，被拒的每次都有记录，审计仍在记；审计类的改动只授予审计管理员",
    "Every address asked with every right: each refusal is recorded and the audit goes on; only auditors change it",
)
def audit_not_stoppable(ground: Ground, _: Asked) -> Evidence:
    """C30. GB/T 22239-2019 8.1.4.3 d."""
    with ground.scratch() as scratch:
        refusals, recorded, alive = lived(scratch, lambda platform: _barrage(scratch, platform))
    others = sorted(
        f"{role} {name}" for role in ROLES for name, action in ACTIONS.items()
        if action.group is Group.AUDITING and not name.endswith(".read") and role is not Role.AUDITOR
        and _has(role, name)
    )  # fmt: skip
    switches = sorted(name for name in ground.settings if "audit" in name or "trail" in name)
    evidence: Evidence = {
        "refusals": refusals, "recorded": recorded, "recorded_afterwards": alive, "changed_by_others": others,
        "settings": switches,
    }  # fmt: skip
    if not refusals:
        raise could_not_run("没有任何一次被拒，无从对照", "nothing was refused at all", **evidence)
    if recorded < refusals or not alive:
        raise failed("有操作没有留下记录，或审计已停", "something left no record, or the audit stopped", **evidence)
    if others or switches:
        raise failed("审计管理员以外也能改动审计", "others than auditors can change the audit", **evidence)
    return evidence


async def _barrage(scratch: Scratch, platform: Platform) -> tuple[int, int, bool]:
    """(requests that were refused, those of them that are in the audit, whether an action afterwards is)."""
    refusals = 0
    addresses = [each for each in scratch.addresses(platform) if each.action in ACTIONS]
    before = len(_deeds(platform))
    for scope in SCOPES:
        application, key = scratch.doors(platform, scope)
        async with Asking(application, key) as ask:
            for each in addresses:
                body = None if each.method == "GET" else b"{}"
                status = (await ask(each.method, _filled(each.path), body)).status_code
                refusals += status == HTTPStatus.FORBIDDEN and each.action != "event.decide"
    recorded = sum(not deed.allowed for deed in _deeds(platform)[before:])
    application, key = scratch.doors(platform, Scope.ADMIN)
    count = len(_deeds(platform))
    async with Asking(application, key) as ask:
        alive = (await ask("GET", "/v1/packs")).status_code == HTTPStatus.OK
    return refusals, recorded, alive and len(_deeds(platform)) == count + 1


def _filled(path: str) -> str:
    for name, value in (("{id}", "dec_000000000000"), ("{key}", "user"), ("{value:path}", "x")):
        path = path.replace(name, value)
    return path.replace("{version}", "x@000000000000").replace("{step}", "approve")


def _deeds(platform: Platform) -> list[ActionRecord]:
    """The actions in the journal, oldest first."""
    return [record for _, record in platform.archive.records(0) if isinstance(record, ActionRecord)]


# ---- masks and reveals


class _Dead(Audit):
    """An audit whose disk is gone."""

    async def act(self, *_: Any, **__: Any) -> int:
        raise NotRecorded("the check's own")


class _Seen(Reveals):
    """Reveals that tell when clear text is opened, and whether its record was there by then."""

    opened: int = 0
    before_record: int = 0

    def _open(self, personal: Any) -> tuple[Line, ...]:
        self.opened += 1
        deeds = [each for each in _deeds(self._platform) if each.what == "vault.reveal" and each.allowed]
        self.before_record += len(deeds) < self.opened
        return super()._open(personal)


@check(
    "masks_and_reveal",
    "在小平台上查看一笔决策：各角色只见掩码；没有目的、案件、权限、重新验证或记录时都不给明文，给时先有持久记录",
    "A decision looked at: roles see masks alone; no clear text without purpose, case, right, fresh factor and record",
)
def masks_and_reveal(ground: Ground, _: Asked) -> Evidence:
    """C47. ASVS 5.0 14.2.6, 8.2.3; PCI DSS 4.0.1 3.4.1; JR/T 0171-2020."""
    with ground.scratch() as scratch:
        evidence = lived(scratch, lambda platform: _looked(scratch, platform, ground.permits("")))
    if evidence["shown"] != evidence["fields"]:
        raise could_not_run("理由齐全也看不到明文，无从对照", "nothing is shown even with every reason", **evidence)
    if evidence["unmasked"] or evidence["seen_by_others"]:
        raise failed("有角色不经理由看到标识符", "a role sees identifiers without a reason", **evidence)
    given = sorted(name for name, why in evidence["tried"].items() if why == "shown")
    if given:
        raise failed(f"不该给的给了：{', '.join(given)}", f"shown and must not be: {', '.join(given)}", **evidence)
    if evidence["opened_without_record"]:
        raise failed("明文先于记录打开", "clear text is opened before its record is there", **evidence)
    return evidence


_WORK_WITH_CUSTOMERS: Final = frozenset(
    {Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.TREASURER, Role.SUPERVISOR}
)
"""All others need nobody's number: they see nothing. ASVS 5.0 14.2.6; design default."""


async def _looked(scratch: Scratch, platform: Platform, permits: Permits) -> Evidence:
    now_us = scratch.clock.now_us()
    analyst = _person("check", now_us, Role.ANALYST)
    audit = Audit(platform)
    reveals = _Seen(platform, audit, permits)
    decision, fields, purpose = await _wanted(scratch, platform, reveals, analyst)
    wish = Wish(purpose, _CASE, decision=decision, fields=fields)
    actor = Actor(analyst.id, analyst.name, "check", "loopback")
    clear = {form for kind, text in CANARIES.items() for form in (text, NORMAL_FORMS[kind](text))}
    unmasked, strangers = [], []
    for role in ROLES:
        masks = await reveals.masks_of(_person(f"check-{role}", now_us, role), decision)
        unmasked += [f"{role}: {name}" for name, mask in masks.items() if any(text in mask for text in clear)]
        strangers += [str(role)] if masks and role not in _WORK_WITH_CUSTOMERS else []
    tries: dict[str, tuple[Principal, Wish]] = {
        "without a purpose": (analyst, replace(wish, purpose="")),
        "for curiosity": (analyst, replace(wish, purpose="curiosity")),
        "without a case": (analyst, replace(wish, case="")),
        "with a phone for a case": (analyst, replace(wish, case=CANARIES["phone"])),
        "by an auditor": (_person("check-auditor", now_us, Role.AUDITOR), wish),
        "by a system administrator": (_person("check-system", now_us, Role.SYSTEM_ADMIN), wish),
        "by a key without the scope": (Principal(Kind.KEY, "key_check", "key", scopes=frozenset({Scope.ADMIN})), wish),
        "of a decision that is none": (analyst, replace(wish, decision="dec_00000000ffff")),
        "with an old factor": (replace(analyst, mfa_us=now_us - HOUR_US), wish),
        "without a factor": (replace(analyst, mfa_us=None), wish),
    }
    tried = {name: await _shown(reveals, actor, who, asked) for name, (who, asked) in tries.items()}
    dead = _Seen(platform, _Dead(platform), permits)
    tried["without a record"] = await _shown(dead, actor, analyst, wish)
    tried["opened without a record"] = "shown" if dead.opened else "closed"
    # The same decision, with a purpose and a case, by one who may.
    revealed = await reveals.reveal(analyst, actor, wish)
    shown = sum(line.clear is not None for line in revealed.lines)
    record = platform.archive.record(revealed.record)
    is_told = isinstance(record, ActionRecord) and (record.case, record.purpose, record.name) == (
        _CASE, purpose, analyst.name,
    )  # fmt: skip
    return {
        "fields": len(fields), "shown": shown, "tried": tried, "unmasked": unmasked, "seen_by_others": strangers,
        "opened_without_record": reveals.before_record + (not is_told), "purpose": purpose,
    }  # fmt: skip


async def _wanted(
    scratch: Scratch, platform: Platform, reveals: Reveals, who: Principal
) -> tuple[str, tuple[str, ...], str]:
    """A decision, fields of it with at least one that takes a fresh factor, and a purpose that has need of them."""
    for document in events_of(platform.program.definitions, scratch.clock.now_us()):
        try:
            decision = (await tell(platform, scratch, document))["decision_id"]
        except Refused:
            continue
        seen: Iterable[tuple[Personal, Level]] = reveals.seen(who, reveals.find(who, decision))
        personal = [each for each, _ in seen if each.data_class != "C3"]
        for purpose in PURPOSES.values():
            fitting = [each for each in personal if each.kind in purpose.kinds]
            fitting.sort(key=lambda each: each.kind not in SENSITIVE)
            if fitting and fitting[0].kind in SENSITIVE:
                return decision, tuple(each.field for each in fitting[:2]), purpose.name
    raise could_not_run("行业包中没有可查看的敏感标识符", "no event of the packs has a sensitive identifier")


async def _shown(reveals: Reveals, actor: Actor, who: Principal, wish: Wish) -> str:
    try:
        await reveals.reveal(who, actor, wish)
    except NotShown as declined:
        return declined.why
    except NotRecorded:
        return "not_recorded"
    return "shown"


# ---- staff are watched


@check(
    "staff_watched",
    "在小平台上演一名滥看的员工：其查看、搜索、导出、被拒都成为事件，异常成为交人处理的预警，本人看不到自己的预警",
    "A snooper acted out: his looks, searches, exports, refusals become events, and an alert that he can't see",
)
def staff_watched(ground: Ground, _: Asked) -> Evidence:
    """C48. GB/T 22239-2019 8.1.4.3; JR/T 0223-2021."""
    with ground.scratch() as scratch:
        evidence = lived(scratch, _snooped)
    missing = sorted(_KINDS - set(evidence["events"]))
    if evidence["pack"] is False:
        raise failed("行业包 staff 未启用，无人监看员工", "the pack staff is not in force: nobody watches", **evidence)
    if missing:
        raise failed(f"未成为事件：{', '.join(missing)}", f"these do not become events: {missing}", **evidence)
    if not evidence["alerts"]:
        raise failed("滥看没有引起预警", "the snooper raises no alert", **evidence)
    if evidence["seen_by_himself"] or not evidence["seen_by_overseers"]:
        raise failed("预警被本人看到，或监督者看不到", "the suspect sees his alert, or nobody does", **evidence)
    return evidence


_SNOOPER: Final = "check-snooper"
_KINDS: Final = frozenset({"look", "search", "reveal", "export", "refused"})
_REVEALS, _REFUSALS = 45, 6
_WAIT_S, _ROUNDS = 0.1, 300


async def _snooped(platform: Platform) -> Evidence:
    audit = Audit(platform)
    actor = Actor("session_check", _SNOOPER, "console", "private", "check", (str(Role.ANALYST),), "check-line")
    if "staff_action" not in platform.program.events:
        return {"pack": False, "events": [], "alerts": 0, "seen_by_himself": 0, "seen_by_overseers": 0}
    for number in range(_REVEALS):
        about = platform.blind(f"check-customer-{number}")
        await audit.act(actor, "vault.reveal", "", about=about, purpose="fraud_investigation", rows=1)
    await audit.act(actor, "decision.read", "dec_000000000001", about=platform.blind("check-customer"))
    await audit.act(actor, "vault.search", "", about=platform.blind("check-customer"), rows=1)
    await audit.act(actor, "decisions.export", "", rows=40_000)
    for _ in range(_REFUSALS):
        await audit.act(actor, "audit.read", allowed=False)
    expected = _REVEALS + 3 + _REFUSALS
    told: list[DecisionRecord] = []
    for _ in range(_ROUNDS):
        told = _told(platform)
        if len(told) >= expected:
            break
        # The platform tells by itself, when something was done and every second.
        await asyncio.sleep(_WAIT_S)
    sight = Sight(platform)
    event = platform.program.events["staff_action"].event
    alerts = [each for each in told if OUTCOMES[each.verdict.outcome] is Outcome.REVIEW]

    def seen_by(name: str) -> int:
        return sum(sight.may_see(Viewer(name, oversees=True), event, each.values) for each in alerts)

    kinds: dict[str, int] = {}
    for each in told:
        named = dict(zip((field.name for field in event.fields), each.values, strict=True))
        kind = "refused" if named["allowed"] is False else str(named["kind"])
        kinds[kind] = kinds.get(kind, 0) + 1
    return {
        "pack": True, "acts": expected, "told": len(told), "events": kinds, "alerts": len(alerts),
        "seen_by_himself": seen_by(_SNOOPER), "seen_by_overseers": seen_by("check-overseer"),
        "seen_by_others": sum(sight.may_see(Viewer("check-other"), event, each.values) for each in alerts),
    }  # fmt: skip


def _told(platform: Platform) -> list[DecisionRecord]:
    return [
        record for _, record in platform.archive.records(0)
        if isinstance(record, DecisionRecord) and record.event_type == "staff_action"
    ]  # fmt: skip
