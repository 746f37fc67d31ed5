"""What a person is in the house. A role is given by two people and says nothing by itself: the policies do."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """The roles of staff. What each may do stands in `policies`, and nowhere else."""

    ANALYST = "analyst"
    SENIOR_ANALYST = "senior_analyst"
    POLICY_AUTHOR = "policy_author"
    APPROVER = "approver"
    AML_OFFICER = "aml_officer"
    TREASURER = "treasurer"
    SECURITY_ADMIN = "security_admin"
    SYSTEM_ADMIN = "system_admin"
    AUDITOR = "auditor"
    SUPERVISOR = "supervisor"


ROLES: tuple[Role, ...] = tuple(Role)
"""All roles, in the order in which they are shown."""

TITLES: dict[Role, tuple[str, str]] = {
    Role.ANALYST: ("分析员", "analyst"),
    Role.SENIOR_ANALYST: ("高级分析员", "senior analyst"),
    Role.POLICY_AUTHOR: ("策略编写人", "policy author"),
    Role.APPROVER: ("审批人", "approver"),
    Role.AML_OFFICER: ("反洗钱专员", "AML officer"),
    Role.TREASURER: ("资金主管", "treasurer"),
    Role.SECURITY_ADMIN: ("安全管理员", "security administrator"),
    Role.SYSTEM_ADMIN: ("系统管理员", "system administrator"),
    Role.AUDITOR: ("审计管理员", "auditor"),
    Role.SUPERVISOR: ("监管只读", "supervisor, reading only"),
}
"""Each role's name on screen: zh, en."""

SEPARATED: frozenset[Role] = frozenset({Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN, Role.AUDITOR})
"""The three administrations: nobody holds two of them.

Source: GB/T 22239-2019 level 3, separation of the administrators' rights (三权分立); mark: from memory.
"""

AUDITS_ALONE = Role.AUDITOR
"""Whoever audits does nothing that is audited: no other role goes with it."""

WATCHES_ALONE = Role.SUPERVISOR
"""A supervisor comes from outside: no other role goes with it."""


def clashes(roles: Collection[Role]) -> tuple[tuple[Role, Role], ...]:
    """Those pairs of roles that one person must not hold together; none when the set is in order.

    >>> clashes({Role.ANALYST, Role.POLICY_AUTHOR})
    ()
    >>> clashes({Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN})
    ((<Role.SECURITY_ADMIN: 'security_admin'>, <Role.SYSTEM_ADMIN: 'system_admin'>),)
    """
    held = sorted(set(roles), key=ROLES.index)
    pairs = ((one, other) for place, one in enumerate(held) for other in held[place + 1 :])
    return tuple(pair for pair in pairs if _clash(*pair))


def _clash(one: Role, other: Role) -> bool:
    both = {one, other}
    return both <= SEPARATED or AUDITS_ALONE in both or WATCHES_ALONE in both


def parse_roles(texts: Collection[str]) -> frozenset[Role]:
    """The roles named; raises ValueError for none, for one that does not exist, and for a set that clashes."""
    known = {role.value: role for role in Role}
    wanted = {text.strip() for text in texts}
    unknown = sorted(wanted - known.keys())
    if unknown or not wanted:
        said = f"unknown role {', '.join(repr(text) for text in unknown)}" if unknown else "no role given"
        raise ValueError(f"{said}; use some of: {', '.join(known)}")
    roles = frozenset(known[text] for text in wanted)
    refuse_clash(roles)
    return roles


def refuse_clash(roles: Collection[Role]) -> None:
    """Raises ValueError for no role at all, and for roles that one person must not hold together."""
    if not roles:
        raise ValueError("no role given; an account without one could do nothing")
    if pairs := clashes(roles):
        said = "; ".join(f"{one} and {other}" for one, other in pairs)
        raise ValueError(f"one person can't be both: {said}; give the roles to two people")
