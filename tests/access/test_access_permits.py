"""Who may do what: the policies, and that nothing but a clear yes is a yes."""

import json

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.access import (
    ACTIONS,
    FAILED,
    FRESH_US,
    NOT_PERMITTED,
    ROLES,
    About,
    Group,
    Kind,
    Permits,
    Principal,
    Role,
    Scope,
    Session,
    clashes,
    parse_roles,
)
from jindi.access import permits as permits_module
from jindi.access.policies import FRESH_FACTOR, GRANTED, NO_CASE, OWN_PROPOSAL, policies, schema
from jindi.access.scopes import APART
from jindi.basics.problems import Problems

NOW = 1_795_320_903_000_000
PERMITS = Permits()
REVEAL = About(has_case=True, is_sensitive=True)


def person(*roles, name="Li Lei", fresh=True):
    mfa_us = NOW - FRESH_US + 1 if fresh else None
    return Principal(Kind.PERSON, "per_1", name, frozenset(roles), mfa_us=mfa_us)


def key(*scopes, kind=Kind.KEY):
    return Principal(kind, "key_1", "gateway", scopes=frozenset(scopes))


def may(principal, action, about=None):
    return PERMITS.may(principal, action, NOW, *(() if about is None else (about,)))


def groups_of(action):
    return {ACTIONS[action].group, *ACTIONS[action].also}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_what_its_groups_say(role):
    granted = {*GRANTED[role], Group.OWN}
    allowed = {name for name in ACTIONS if may(person(role), name)}
    assert allowed == {name for name in ACTIONS if groups_of(name) & granted}


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_carries_exactly_the_actions_that_name_it(scope):
    carried = {scope} if scope is not Scope.ADMIN else set(Scope) - APART
    allowed = {name for name in ACTIONS if may(key(scope), name)}
    assert allowed == {name for name in ACTIONS if ACTIONS[name].scopes & carried}


@pytest.mark.parametrize(
    "who", [person(Role.ANALYST, fresh=False), person(Role.SECURITY_ADMIN), key(Scope.ADMIN), key()]
)
@pytest.mark.parametrize("about", [None, About(proposer="Li Lei"), REVEAL])
def test_actions_asked_together_are_answered_as_one_by_one(who, about):
    more = () if about is None else (about,)
    assert PERMITS.each(who, list(ACTIONS), NOW, *more) == [may(who, name, about) for name in ACTIONS]
    assert PERMITS.each(who, [], NOW, *more) == []


def test_admin_opens_neither_the_audit_nor_the_vault_nor_a_subjects_file():
    for action in ("audit.read", "vault.reveal", "vault.search", "subject.export", "subject.erase"):
        assert may(key(Scope.ADMIN), action).why == NOT_PERMITTED


def test_who_has_no_role_and_no_scope_may_do_nothing_but_keep_his_own_account():
    assert not any(may(key(), name) for name in ACTIONS)
    assert not any(may(person(), name) for name in ACTIONS)


def test_the_three_administrations_have_no_changing_action_in_common_but_incidents_that_they_work_together():
    mine = {role: {n for n in ACTIONS if may(person(role), n)} for role in ROLES}
    incidents = {Group.INCIDENTS, Group.INCIDENTWORK, Group.INCIDENTLEAD}
    shared = {Group.PROPOSING, Group.ANSWERING, Group.OVERSEEING, Group.OWN} | incidents
    for one, other in ((Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN), (Role.SECURITY_ADMIN, Role.AUDITOR),
                       (Role.SYSTEM_ADMIN, Role.AUDITOR)):  # fmt: skip
        both = {name for name in mine[one] & mine[other] if not groups_of(name) & shared}
        assert both <= {"staff_alerts.read"}, both
    assert not {name for name in mine[Role.AUDITOR] if groups_of(name) & (incidents - {Group.INCIDENTS})}


def test_an_auditor_changes_nothing_but_signs_heads():
    changing = {
        Group.AUTHORING, Group.APPROVING, Group.PROPOSING, Group.ANSWERING, Group.STAFFING, Group.KEYING,
        Group.OPERATING, Group.REVEALING, Group.SUBJECTS, Group.INTAKE,
    }  # fmt: skip
    allowed = {name for name in ACTIONS if may(person(Role.AUDITOR), name)}
    looks = {"approvals.read", "approvals.export", "staff_alerts.read"}
    assert {name for name in allowed if groups_of(name) & changing} == looks


def test_a_supervisor_only_looks():
    allowed = {name for name in ACTIONS if may(person(Role.SUPERVISOR), name, About(is_sensitive=True))}
    assert {ACTIONS[name].group for name in allowed} == {Group.READING, Group.OVERSEEING, Group.OWN}


def test_every_action_has_words_in_both_languages_and_a_group_that_somebody_has_or_nobody_asks_for():
    asked = {group for groups in GRANTED.values() for group in groups}
    unasked = {Group.INTAKE, Group.ENTERING, Group.MACHINE}
    for action in ACTIONS.values():
        assert action.zh.strip()
        assert action.en.strip()
        assert action.group in asked | unasked | {Group.OWN}
        if action.group in unasked - {Group.INTAKE}:
            assert not action.scopes


# ---- what forbids


def test_clear_text_needs_a_case_and_a_factor_shown_just_now():
    assert may(person(Role.ANALYST), "vault.reveal", REVEAL)
    assert may(person(Role.ANALYST), "vault.reveal", About(is_sensitive=True)).why == NO_CASE
    assert may(person(Role.ANALYST, fresh=False), "vault.reveal", REVEAL).why == FRESH_FACTOR
    assert may(person(Role.ANALYST, fresh=False), "vault.reveal", About(is_sensitive=True)).why == NO_CASE


@pytest.mark.parametrize("age_us", [0, FRESH_US - 1_000_001, FRESH_US - 1, FRESH_US, FRESH_US + 1, None])
def test_a_factor_is_fresh_for_the_policies_exactly_as_long_as_for_ones_own_account(age_us):
    mfa_us = None if age_us is None else NOW - age_us
    session = Session(
        "session_1", "Li Lei", frozenset(), NOW, NOW, account="per_1", roles=frozenset({Role.ANALYST}), mfa_us=mfa_us
    )  # fmt: skip
    verdict = PERMITS.may(session.principal, "vault.reveal", NOW, REVEAL)
    assert session.is_fresh(NOW) == verdict.allowed == (age_us is not None and age_us < FRESH_US)
    assert verdict.allowed or verdict.why == FRESH_FACTOR


@pytest.mark.parametrize("action", ["staff.roles", "key.create", "vault.rotate", "approval.approve"])
def test_whatever_changes_keys_staff_or_others_requests_needs_a_fresh_factor(action):
    about = About(is_sensitive=True)
    assert may(person(Role.SECURITY_ADMIN), action, about)
    assert may(person(Role.SECURITY_ADMIN, fresh=False), action, about).why == FRESH_FACTOR
    assert may(person(Role.SECURITY_ADMIN, fresh=False), action), "to see the form takes none"


@pytest.mark.parametrize("name", ["Li Lei", "li lei", "  LI LEI "])
def test_nobody_answers_what_he_proposed_however_his_name_is_written(name):
    about = About(proposer=name, is_sensitive=True)
    assert may(person(Role.APPROVER), "approval.approve", about).why == OWN_PROPOSAL
    assert may(person(Role.APPROVER), "version.approve", about).why == OWN_PROPOSAL
    assert may(person(Role.APPROVER, name="Han Mei"), "version.approve", about)


def test_a_key_does_not_answer_what_a_key_of_its_name_proposed():
    assert may(key(Scope.ADMIN), "approval.approve", About(proposer="gateway")).why == OWN_PROPOSAL


# ---- that errors are no


def test_a_forbidding_policy_that_fails_while_it_is_evaluated_means_no():
    """Cedar skips it and would allow; the schema can't see an arithmetic overflow coming."""
    own = "forbid (principal, action, resource) when { 9223372036854775807 + context.mfa_age_s > 0 };"
    own = own.replace("when {", "when { context has mfa_age_s && ")
    permits = Permits(own, "own.cedar")
    assert permits.may(person(Role.ANALYST), "decision.read", NOW).why == FAILED
    naive = cedarpy.is_authorized(
        permits_module._request(person(Role.ANALYST), "decision.read", NOW, About()),
        permits._policies,
        permits_module._entities(person(Role.ANALYST), About()),
        permits._schema,
    )
    assert naive.allowed, "the trap is real: the engine itself says yes"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("forbid (principal, action, resource) when { resource.nothing == 1 };", "nothing"),
        ('permit (principal in Role::"analyst", action == Action::"vault.reveel", resource);', "vault.reveel"),
        ("permit (principal, action, resource", "unexpected end of input"),
        ("forbid (principal, action, resource) when { context.mfa_age_s > 300 };", "mfa_age_s"),
    ],
)
def test_policies_that_do_not_fit_the_schema_are_refused_with_their_place(own, said):
    with pytest.raises(Problems) as refused:
        Permits(own, "own.cedar")
    assert "own.cedar" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "own",
    ["forbid (principal == ?principal, action, resource);", "permit (principal, action, resource in ?resource);"],
)
def test_a_template_is_refused_for_it_would_forbid_and_permit_nothing(own):
    with pytest.raises(Problems, match=r"own\.cedar.*template"):
        Permits(own, "own.cedar")


def test_a_companys_own_policy_forbids_and_is_told_as_its_own():
    own = 'forbid (principal in Role::"analyst", action == Action::"decisions.read", resource);'
    permits = Permits(own, "own.cedar")
    assert permits.may(person(Role.ANALYST), "decisions.read", NOW).why == "own_policy"
    assert permits.may(person(Role.APPROVER), "decisions.read", NOW)


def test_an_action_that_is_not_in_the_table_is_a_fault_not_a_yes():
    with pytest.raises(KeyError):
        may(person(*Role), "everything")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_and_no_id_changes_what_somebody_may(name, identifier):
    """Names come from people: quotes, newlines, Cedar's own words."""
    who = Principal(Kind.PERSON, identifier or "x", name, frozenset({Role.SUPERVISOR}), mfa_us=NOW)
    assert may(who, "decision.read")
    assert may(who, "audit.read").why == NOT_PERMITTED
    assert may(who, "vault.reveal", REVEAL).why == NOT_PERMITTED


def test_a_link_and_a_key_of_the_same_scopes_may_the_same_but_for_the_audit_of_who_began():
    began = {"audit.read", "audit.prove"}
    assert all(may(key(Scope.ADMIN, kind=Kind.LINK), action) for action in began)
    assert not any(may(key(Scope.ADMIN), action) for action in began)
    for scope in Scope:
        for action in ACTIONS.keys() - (began if scope is Scope.ADMIN else set()):
            assert may(key(scope), action).allowed == may(key(scope, kind=Kind.LINK), action).allowed


def test_a_key_that_calls_itself_a_role_gets_none_of_it():
    mixed = Principal(Kind.KEY, 'x", "type": "Person', "x", roles=frozenset(), scopes=frozenset())
    assert not any(may(mixed, action) for action in ACTIONS)


def test_the_shipped_policies_fit_the_schema_and_are_all_named():
    text = "\n".join(policies().values())
    assert cedarpy.validate_policies(text, schema()).validation_passed
    assert len(policies()) == len(json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"])


# ---- roles


def test_administrations_do_not_meet_in_one_person_and_auditors_and_supervisors_are_nothing_else():
    for one in ROLES:
        for other in ROLES:
            if one is other:
                continue
            apart = {Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN}
            expected = {one, other} == apart or bool({one, other} & {Role.AUDITOR, Role.SUPERVISOR})
            assert bool(clashes({one, other})) == expected, (one, other)


def test_roles_are_read_from_text_and_all_that_is_wrong_is_named():
    assert parse_roles(["analyst", " policy_author "]) == {Role.ANALYST, Role.POLICY_AUTHOR}
    with pytest.raises(ValueError, match=r"'annalyst'.*security_admin"):
        parse_roles(["annalyst"])
    with pytest.raises(ValueError, match="security_admin and system_admin"):
        parse_roles(["system_admin", "security_admin"])
    with pytest.raises(ValueError, match="no role given"):
        parse_roles([])
