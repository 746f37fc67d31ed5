"""Who may do what: the policies in Cedar's language, and the schema that they are held to.

Knows: roles, groups of actions, scopes. Never: a person's name. A policy permits; one named `…` in `FORBIDDING` forbids
whatever permits. What no policy permits is denied.
"""

from jindi.access.actions import ACTIONS, Group
from jindi.access.roles import ROLES, Role
from jindi.access.scopes import APART, SCOPES, Scope

FRESH_S = 300
"""How old a second factor may be for what needs a fresh one (design default; OWASP ASVS 5.0, 7.5.3)."""

_ALWAYS = (Group.OWN,)

GRANTED: dict[Role, tuple[Group, ...]] = {
    Role.ANALYST: (Group.READING, Group.ENTITIES, Group.REVEALING, Group.PROPOSING),
    Role.SENIOR_ANALYST: (
        Group.READING, Group.ENTITIES, Group.REVEALING, Group.EXPORTING, Group.SUBJECTS, Group.PROPOSING,
        Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.POLICY_AUTHOR: (Group.READING, Group.AUTHORING, Group.PROPOSING),
    Role.APPROVER: (Group.READING, Group.APPROVING, Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING),
    Role.AML_OFFICER: (
        Group.READING, Group.ENTITIES, Group.REVEALING, Group.EXPORTING, Group.SUBJECTS, Group.PROPOSING,
        Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.TREASURER: (Group.READING, Group.EXPORTING, Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING),
    Role.SECURITY_ADMIN: (
        Group.STAFFING, Group.KEYING, Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.SYSTEM_ADMIN: (
        Group.OPERATING, Group.MEASURING, Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.AUDITOR: (Group.READING, Group.AUDITING, Group.OVERSEEING),
    Role.SUPERVISOR: (Group.READING, Group.OVERSEEING),
}  # fmt: skip
"""Which groups of actions a role has. The three administrations have none in common that changes anything alone:
what security administrators propose, others may answer, and the other way round; see `_OWN_PROPOSAL`."""

FRESH_FACTOR = "fresh_factor"
OWN_PROPOSAL = "own_proposal"
NO_CASE = "no_case"
"""Policies that forbid, by what they tell whoever is refused."""


def schema() -> str:
    """The schema, in Cedar's own words."""
    groups = "\n".join(f'action "group {group}";' for group in Group)
    scopes = "\n".join(f'action "scope {scope}";' for scope in SCOPES)
    actions = "\n".join(_action(name) for name in ACTIONS)
    return f"{_ENTITIES}\n{groups}\n{scopes}\n{actions}\n"


_ENTITIES = """
entity Role;
entity Person in [Role] = { name: String };
entity Key = { name: String, scopes: Set<String> };
entity Thing = { proposer?: String, subject?: String };
type Asked = { mfa_age_s?: Long, has_case: Bool, is_sensitive: Bool };
"""


def _action(name: str) -> str:
    action = ACTIONS[name]
    groups = (action.group, *action.also)
    parents = [*(f'"group {group}"' for group in groups), *(f'"scope {scope}"' for scope in sorted(action.scopes))]
    return (
        f'action "{name}" in [{", ".join(parents)}] appliesTo '
        "{ principal: [Person, Key], resource: [Thing], context: Asked };"
    )


def policies() -> dict[str, str]:
    """All policies by name, in the order in which they are read."""
    written: dict[str, str] = {}
    for role in ROLES:
        for group in (*GRANTED[role], *_ALWAYS):
            written[f"role {role} {group}"] = (
                f'permit (principal in Role::"{role}", action in Action::"group {group}", resource);'
            )
    for scope in SCOPES:
        held = f'principal.scopes.contains("{scope}")'
        if scope not in APART:
            held += f' || principal.scopes.contains("{Scope.ADMIN}")'
        written[f"scope {scope}"] = (
            f'permit (principal is Key, action in Action::"scope {scope}", resource) when {{ {held} }};'
        )
    return written | _FORBIDDING


_FORBIDDING: dict[str, str] = {
    FRESH_FACTOR: (
        f'forbid (principal is Person, action in [Action::"group {Group.REVEALING}", Action::"group {Group.SUBJECTS}", '
        f'Action::"group {Group.KEYING}", Action::"group {Group.STAFFING}", Action::"group {Group.ANSWERING}", '
        f'Action::"group {Group.APPROVING}"], '
        "resource) when { context.is_sensitive && "
        f"!(context has mfa_age_s && context.mfa_age_s <= {FRESH_S}) }};"
    ),
    OWN_PROPOSAL: (
        f'forbid (principal, action in [Action::"group {Group.ANSWERING}", Action::"group {Group.APPROVING}"], '
        "resource) when { resource has proposer && resource.proposer == principal.name };"
    ),
    NO_CASE: (
        f'forbid (principal is Person, action in Action::"group {Group.REVEALING}", resource) '
        "when { context.is_sensitive && !context.has_case };"
    ),
}
