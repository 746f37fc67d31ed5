"""Checks of who may do what: the doors asked with each right, and the policies asked with each role."""

import itertools
from collections.abc import Mapping
from typing import Final

from jindi.access import ACTIONS, FAILED, ROLES, SCOPES, Group, Kind, Permits, Principal, Role, Scope
from jindi.access.policies import GRANTED
from jindi.access.roles import SEPARATED
from jindi.access.scopes import APART
from jindi.basics.digests import canonical, digest
from jindi.basics.instants import MINUTE_US
from jindi.basics.problems import Problems
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import Asking, lived
from jindi.run.platform import Platform

OPEN: Final = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""Addresses of the API that ask nobody who he is: they tell nothing of anybody."""

_CHANGING: Final = (Group.STAFFING, Group.KEYING, Group.OPERATING, Group.AUDITING)
"""The work of the three administrations: none of them does another's."""

_OVERFLOWING: Final = (
    "forbid (principal, action, resource) "
    "when { context has mfa_age_s && 9223372036854775807 + context.mfa_age_s > 0 };"
)
"""It fits the schema and fails when it is asked. Cedar skips it then, and would let everybody in."""

_UNFIT: Final = (
    "forbid (principal, action, resource) when { resource.nothing == 1 };",
    'permit (principal in Role::"analyst", action == Action::"vault.reveel", resource);',
    "forbid (principal, action, resource) when { context.mfa_age_s > 300 };",
    "permit (principal, action, resource",
)
"""Policies that don't fit: a thing, an action and an attribute that don't exist, and one that breaks off."""


@check(
    "route_matrix",
    "以每种权限逐一访问接口的每个地址，以每种角色逐一询问每个动作：许可与策略表完全一致，没有未登记的地址",
    "Every address of the API asked with every right, every action with every role: what is let in is what is written",
)
def route_matrix(ground: Ground, _: Asked) -> Evidence:
    """C11. ASVS 5.0 8.2.1-8.2.3; GB/T 22239 8.1.4.2."""
    with ground.scratch() as scratch:

        async def asked(platform: Platform) -> tuple[int, list[str], list[str]]:
            wrong: list[str] = []
            questions = 0
            addresses = scratch.addresses(platform)
            unknown = [f"{each.method} {each.path}" for each in addresses
                       if each.action not in ACTIONS and each.path not in OPEN]  # fmt: skip
            for scope in SCOPES:
                application, key = scratch.doors(platform, scope)
                carried = set(Scope) - APART if scope is Scope.ADMIN else {scope}
                async with Asking(application, key) as ask:
                    for each in addresses:
                        if each.action not in ACTIONS:
                            continue
                        questions += 1
                        body = None if each.method == "GET" else b"{}"
                        status = (await ask(each.method, _filled(each.path), body)).status_code
                        may = bool(ACTIONS[each.action].scopes & carried)
                        if (status != 403) != may or status == 401:
                            wrong.append(f"{each.method} {each.path} with {scope}: {status}")
                        if scope is SCOPES[0]:
                            keyless = (await ask(each.method, _filled(each.path), body, key="")).status_code
                            if keyless != 401:
                                wrong.append(f"{each.method} {each.path} without a key: {keyless}")
            return questions, wrong, unknown

        questions, wrong, unknown = lived(scratch, asked)
    matrix = _matrix(ground.permits(""), ground.clock.now_us())
    strayed = [
        f"{role} {action}"
        for role, actions in matrix.items()
        for action in sorted(actions ^ _granted(role))
    ]  # fmt: skip
    meeting = [
        f"{one} and {other}: {action}"
        for one, other in itertools.combinations(sorted(SEPARATED), 2)
        for action in sorted(matrix[one] & matrix[other])
        if ACTIONS[action].group in _CHANGING and not action.endswith(".read")
    ]
    evidence: Evidence = {
        "questions": questions, "wrong": wrong, "undocumented": unknown, "roles": len(matrix), "actions": len(ACTIONS),
        "matrix_digest": digest(canonical({str(role): sorted(actions) for role, actions in matrix.items()})),
        "strayed": strayed, "administrations_meet": meeting,
    }  # fmt: skip
    if not questions:
        raise could_not_run("接口没有任何地址", "the API has no address", **evidence)
    if wrong or unknown or strayed or meeting:
        raise failed("许可与策略表不一致", "what is let in is not what is written", **evidence)
    return evidence


def _filled(path: str) -> str:
    for name, value in (
        ("{id}", "dec_000000000000"), ("{key}", "user"), ("{value:path}", "x"), ("{version}", "x@000000000000"),
    ):  # fmt: skip
        path = path.replace(name, value)
    return path


def _person(role: Role, now_us: int) -> Principal:
    return Principal(Kind.PERSON, "per_check", "check", frozenset({role}), mfa_us=now_us - MINUTE_US)


def _matrix(permits: Permits, now_us: int) -> Mapping[Role, set[str]]:
    """What each role may do, as the engine answers."""
    return {
        role: {action for action in ACTIONS if permits.may(_person(role, now_us), action, now_us)} for role in ROLES
    }


def _granted(role: Role) -> set[str]:
    """What is written of a role."""
    groups = {*GRANTED[role], Group.OWN}
    return {name for name, action in ACTIONS.items() if {action.group, *action.also} & groups}


@check(
    "policies_deny_on_error",
    "不合模式的策略一律不予加载；判定时出错的禁止策略等于拒绝，而不是被跳过",
    "Policies that don't fit the schema are not loaded; a forbidding one that fails when asked means no",
)
def policies_deny_on_error(ground: Ground, _: Asked) -> Evidence:
    """C12. ASVS 5.0 16.5.3. Measured: the engine skips a failing `forbid` and allows."""
    now_us, loaded = ground.clock.now_us(), []
    for number, text in enumerate(_UNFIT):
        try:
            ground.permits(text)
            loaded.append(number)
        except Problems:
            pass
    analyst = _person(Role.ANALYST, now_us)
    if not ground.permits("").may(analyst, "decision.read", now_us):
        raise could_not_run("策略正常时也不许可，无从对照", "it is not allowed even while all is well")
    verdict = ground.permits(_OVERFLOWING).may(analyst, "decision.read", now_us)
    evidence: Evidence = {"unfit": len(_UNFIT), "loaded": loaded, "failing_forbid": verdict.why or "allowed"}
    if loaded:
        raise failed("加载了不合模式的策略", "policies that don't fit were loaded", **evidence)
    if verdict.allowed or verdict.why != FAILED:
        raise failed("判定出错时被放行", "a policy that failed was passed over, and it was allowed", **evidence)
    return evidence
