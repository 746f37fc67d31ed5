"""Who may do what: the policies in Cedar's language, and the schema that they are held to.

Knows: roles, groups of actions, scopes. Never: a person's name. Most policies permit; those in `_FORBIDDING` forbid,
whatever permits. What no policy permits is denied.
"""

from dataclasses import dataclass

from jindi.access.actions import ACTIONS, Group
from jindi.access.roles import ROLES, Role
from jindi.access.scopes import APART, SCOPES, Scope
from jindi.access.sessions import FRESH_US
from jindi.basics.instants import SECOND_US

_FRESH_S, _REST_US = divmod(FRESH_US, SECOND_US)
assert _REST_US == 0, "the policies are told a factor's age in whole seconds"

_ALWAYS = (Group.OWN,)

GRANTED: dict[Role, tuple[Group, ...]] = {
    Role.ANALYST: (
        Group.READING, Group.ENTITIES, Group.CASES, Group.CASEWORK, Group.INCIDENTS, Group.INCIDENTWORK,
        Group.REVEALING, Group.PROPOSING,
    ),
    Role.SENIOR_ANALYST: (
        Group.READING, Group.ENTITIES, Group.CASES, Group.CASEWORK, Group.CASELEAD, Group.INCIDENTS,
        Group.INCIDENTWORK, Group.INCIDENTLEAD, Group.REVEALING, Group.EXPORTING, Group.SUBJECTS, Group.PROPOSING,
        Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.POLICY_AUTHOR: (Group.READING, Group.AUTHORING, Group.PROPOSING),
    Role.APPROVER: (
        Group.READING, Group.CASES, Group.INCIDENTS, Group.REPORTS, Group.REPORTANSWER, Group.APPROVING,
        Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.AML_OFFICER: (
        Group.READING, Group.ENTITIES, Group.CASES, Group.CASEWORK, Group.CASELEAD, Group.INCIDENTS,
        Group.INCIDENTWORK, Group.INCIDENTLEAD, Group.REPORTS, Group.REPORTWORK, Group.REPORTANSWER, Group.REVEALING,
        Group.EXPORTING, Group.SUBJECTS, Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.TREASURER: (
        Group.READING, Group.INCIDENTS, Group.INCIDENTWORK, Group.EXPORTING, Group.PROPOSING, Group.ANSWERING,
        Group.OVERSEEING,
    ),
    Role.SECURITY_ADMIN: (
        Group.INCIDENTS, Group.INCIDENTWORK, Group.INCIDENTLEAD, Group.STAFFING, Group.KEYING, Group.PROPOSING,
        Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.SYSTEM_ADMIN: (
        Group.INCIDENTS, Group.INCIDENTWORK, Group.INCIDENTLEAD, Group.OPERATING, Group.MEASURING, Group.PROPOSING,
        Group.ANSWERING, Group.OVERSEEING,
    ),
    Role.AUDITOR: (Group.READING, Group.CASES, Group.INCIDENTS, Group.REPORTS, Group.AUDITING, Group.OVERSEEING),
    Role.SUPERVISOR: (Group.READING, Group.OVERSEEING),
}  # fmt: skip
"""Which groups of actions a role has. The three administrations have none in common that changes anything alone, but
for the incidents that they work together (what is serious two people close):
of what is proposed, `PARTIES` says who may answer it, and `OWN_PROPOSAL` that it is never the proposer himself."""

FIRST_OPERATOR = "first_operator"
"""Whoever came in by the link of a start reads the audit of what he did. `admin` does not contain that, for nobody is
his own auditor; but while nobody has an account there is nobody else. With the first account links open nothing any
more and the sessions that they opened end, so this ends, too. What is known of staff alerts it does not open.
"""

FRESH_FACTOR = "fresh_factor"
OWN_PROPOSAL = "own_proposal"
NOT_FOR_KIND = "not_for_kind"
NO_CASE = "no_case"
"""Names of policies that forbid: what whoever is refused is told."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who may ask for an operation of a kind, and who may answer: people by role, keys by scope (`admin` stands for
    itself here, it contains nothing).
    """

    ask: tuple[Role, ...]
    ask_with: tuple[Scope, ...]
    answer: tuple[Role, ...]
    answer_with: tuple[Scope, ...]


_KEY_PARTIES = Parties(
    (Role.SECURITY_ADMIN,), (Scope.ADMIN,), (Role.SECURITY_ADMIN, Role.APPROVER), (Scope.ADMIN,)
)  # fmt: skip
"""Another security administrator; where there is only one, an approver, who has nothing to do with administration."""

_SCREENING_PARTIES = Parties(
    (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.CASES_WORK, Scope.ADMIN),
    (Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.APPROVER), (Scope.CASES_WORK, Scope.ADMIN),
)  # fmt: skip
"""Whoever works cases asks; whoever answers for screening agrees."""

PARTIES: dict[str, Parties] = {
    "policies.change": Parties(
        (Role.POLICY_AUTHOR,), (Scope.POLICIES_WRITE, Scope.ADMIN),
        (Role.APPROVER,), (Scope.POLICIES_APPROVE, Scope.ADMIN),
    ),
    "key.create": _KEY_PARTIES,
    "key.revoke": _KEY_PARTIES,
    "key.rotate": _KEY_PARTIES,
    "vault.rotate": _KEY_PARTIES,
    "vault.destroy": _KEY_PARTIES,
    "vault.reseal": _KEY_PARTIES,
    "staff.invite": _KEY_PARTIES,
    "staff.roles": _KEY_PARTIES,
    "staff.reset": _KEY_PARTIES,
    "webhook.change": Parties(
        (Role.SYSTEM_ADMIN,), (Scope.ADMIN,), (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.APPROVER), (Scope.ADMIN,)
    ),
    "channel.change": Parties(
        (Role.SYSTEM_ADMIN,), (Scope.ADMIN,), (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.APPROVER), (Scope.ADMIN,)
    ),
    "subject.erase": Parties(
        (Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.SUBJECTS_ACT,),
        (Role.AML_OFFICER, Role.APPROVER), (Scope.SUBJECTS_ACT, Scope.ADMIN),
    ),
    "case.close": Parties(
        (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.CASES_WORK,),
        (Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.APPROVER), (Scope.CASES_WORK, Scope.ADMIN),
    ),
    "incident.close": Parties(
        (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.TREASURER, Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN),
        (Scope.CASES_WORK, Scope.ADMIN),
        (Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN, Role.APPROVER),
        (Scope.ADMIN,),
    ),
    "list.change": Parties(
        (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.CASES_WORK, Scope.ADMIN),
        (Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.APPROVER), (Scope.CASES_WORK, Scope.ADMIN),
    ),
    "screening.clear": _SCREENING_PARTIES,
    "screening.lift": _SCREENING_PARTIES,
    "watchlist.drop": Parties(
        (Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.CASES_WORK, Scope.ADMIN),
        (Role.AML_OFFICER, Role.APPROVER), (Scope.CASES_WORK, Scope.ADMIN),
    ),
    "kyc.level": Parties(
        (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER), (Scope.CASES_WORK, Scope.ADMIN),
        (Role.AML_OFFICER, Role.APPROVER), (Scope.CASES_WORK, Scope.ADMIN),
    ),
    "decisions.export": Parties(
        (Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.TREASURER), (Scope.DECISIONS_READ, Scope.ADMIN),
        (Role.AML_OFFICER, Role.APPROVER, Role.SECURITY_ADMIN), (Scope.ADMIN,),
    ),
}  # fmt: skip
"""Kinds of operations that take four eyes. What is not here nobody may ask for."""


def schema() -> str:
    """The schema, in Cedar's own words."""
    groups = "\n".join(f'action "group {group}";' for group in Group)
    scopes = "\n".join(f'action "scope {scope}";' for scope in SCOPES)
    actions = "\n".join(_action(name) for name in ACTIONS)
    return f"{_ENTITIES}\n{groups}\n{scopes}\n{actions}\n"


_ENTITIES = """
entity Role;
entity Person in [Role] = { name: String };
entity Key = { name: String, scopes: Set<String>, is_link?: Bool };
entity Thing = { proposer?: String, kind?: String };
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
    written[FIRST_OPERATOR] = (
        'permit (principal is Key, action in [Action::"audit.read", Action::"audit.prove"], resource) when '
        f'{{ principal has is_link && principal.is_link && principal.scopes.contains("{Scope.ADMIN}") }};'
    )
    return written | _FORBIDDING


def _parties(action: str, side: str) -> str:
    """A policy that keeps everybody from an operation but those whom its kind names."""
    cases = []
    for kind, parties in PARTIES.items():
        roles = parties.ask if side == "ask" else parties.answer
        scopes = parties.ask_with if side == "ask" else parties.answer_with
        named = " || ".join(f'principal in Role::"{role}"' for role in roles)
        held = " || ".join(f'principal.scopes.contains("{scope}")' for scope in scopes)
        cases.append(
            f'resource.kind == "{kind}" && (if principal is Person then ({named}) else (principal is Key && ({held})))'
        )
    either = " || ".join(f"({case})" for case in cases)
    return f"forbid (principal, action in [{action}], resource) when {{ resource has kind && !({either}) }};"


_FORBIDDING: dict[str, str] = {
    FRESH_FACTOR: (
        f'forbid (principal is Person, action in [Action::"group {Group.REVEALING}", Action::"group {Group.SUBJECTS}", '
        f'Action::"group {Group.KEYING}", Action::"group {Group.STAFFING}", Action::"group {Group.ANSWERING}", '
        f'Action::"group {Group.APPROVING}", Action::"group {Group.REPORTANSWER}", Action::"approval.collect"], '
        "resource) when { context.is_sensitive && "
        f"!(context has mfa_age_s && context.mfa_age_s < {_FRESH_S}) }};"
    ),
    OWN_PROPOSAL: (
        f'forbid (principal, action in [Action::"group {Group.ANSWERING}", Action::"group {Group.APPROVING}"], '
        "resource) when { resource has proposer && resource.proposer == principal.name };"
    ),
    f"{NOT_FOR_KIND} ask": _parties('Action::"approval.propose"', "ask"),
    f"{NOT_FOR_KIND} answer": _parties('Action::"approval.approve", Action::"approval.reject"', "answer"),
    NO_CASE: (
        f'forbid (principal is Person, action in Action::"group {Group.REVEALING}", resource) '
        "when { context.is_sensitive && !context.has_case };"
    ),
}
