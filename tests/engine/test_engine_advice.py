"""What customers are told: the outcome's own text first, then why; discreet rules are silent."""

from pathlib import Path

import pytest

from jindi.engine import advice_of, build
from jindi.packs import OUTCOMES, Outcome, load
from jindi.run.answers import Writer

PACKS = Path(__file__).parents[2] / "packs"
CUSTOMERS = ("account", "payment")
OF_THE_HOUSE = frozenset({"capital-position", "reserve-position", "terms-change", "claim-settlement"})
"""Policies on events that the house's own systems send: no customer reads their answers."""


@pytest.fixture(scope="module")
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


@pytest.fixture(scope="module")
def program(shipped):
    return build(shipped)


def places(program, event, *rules):
    """The places of rules in the live policy of an event type."""
    ids = [rule.id for rule in program.events[event].live.policy.rules]
    return tuple(ids.index(rule) for rule in rules)


def names(program, event, outcome, *rules):
    return [each.name for each in advice_of(program.events[event], 0, Outcome(outcome), places(program, event, *rules))]


def test_a_delayed_transfer_tells_what_happens_now_and_why(program):
    assert names(program, "transfer", "delay", "transfer-new-payee-24h") == ["general_delay", "new_payee"]
    assert names(program, "transfer", "delay", "transfer-scam-police") == ["general_delay", "scam_police"]


def test_what_a_lighter_outcome_would_have_meant_is_not_told(program):
    told = names(program, "transfer", "deny", "transfer-daily-one-factor", "transfer-much-reported-payee")
    assert told == ["general_deny", "reported_payee"]


def test_rules_that_only_give_points_say_why_after_those_that_asked(program):
    told = names(program, "login", "challenge", "login-new-device-new-city", "login-stuffing-by-ip")
    assert told == ["general_challenge", "passwords_tried_here", "strange_place"]


def test_the_same_is_told_once_and_no_more_than_three_reasons(program):
    same = names(program, "login", "challenge", "login-risk-raised", "login-new-device-new-city")
    assert same == ["general_challenge", "strange_place"]
    many = names(
        program, "transfer", "delay", "transfer-scam-loan", "transfer-scam-service", "transfer-new-payee-2h",
        "transfer-remote-control", "transfer-after-sim-swap",
    )  # fmt: skip
    assert len(many) == 4


def test_a_discreet_rule_alone_tells_nothing_and_beside_others_not_itself(program):
    assert names(program, "transfer", "deny", "transfer-restricted") == []
    told = names(program, "transfer", "deny", "transfer-restricted", "transfer-much-reported-payee")
    assert told == ["general_deny", "reported_payee"]


def test_nothing_is_told_of_what_is_allowed_and_of_the_platforms_own_events(program):
    assert names(program, "transfer", "allow") == []
    assert advice_of(program.events["staff_action"], 0, Outcome.REVIEW, ()) == ()


def test_an_outcome_without_any_rule_of_its_own_still_tells_what_happens(program):
    assert names(program, "transfer", "review") == ["general_review"]


def test_every_outcome_but_allow_has_a_general_text(shipped):
    assert {each.outcome for each in shipped.advice.values()} - {None} == set(OUTCOMES) - {Outcome.ALLOW}


def test_every_live_rule_of_the_packs_for_customers_says_why_unless_it_is_discreet(shipped):
    silent = [
        rule.id
        for policy in shipped.policies
        if policy.pack in CUSTOMERS and policy.state == "live" and policy.id not in OF_THE_HOUSE
        for rule in policy.rules
        if rule.tell is None and not rule.discreet
    ]
    assert silent == []


def test_every_advice_is_told_by_some_rule_or_outcome_and_differs_from_every_other(shipped):
    told = {rule.tell for policy in shipped.policies for rule in policy.rules}
    assert {name for name, each in shipped.advice.items() if each.outcome is None} <= told
    for language in ("zh", "en"):
        texts = [getattr(each.doc, language) for each in shipped.advice.values()]
        assert len(set(texts)) == len(texts)


def test_no_advice_gives_a_threshold_away(shipped):
    for each in shipped.advice.values():
        figures = [word for word in each.doc.en.replace(",", " ").replace(".", " ").split() if word.isdecimal()]
        assert set(figures) <= {"96110", "110"}, each.name


def test_the_answer_carries_it_in_both_languages_as_the_same_bytes_each_time(program):
    class Verdict:
        score, exempted, degraded, method, wait_us = 0, (), (), None, 7_200_000_000
        hits = places(program, "transfer", "transfer-new-payee-2h")

    writer = Writer(program.events["transfer"])
    first = writer.write(7, "t-1", 0, False, "delay", Verdict)
    assert first == writer.write(7, "t-1", 0, False, "delay", Verdict)
    assert b'"advice":[{"id":"general_delay","zh":"' in first
    assert "您第一次给这位收款人转较多的钱".encode() in first


def test_a_discreet_answer_has_no_advice(program):
    class Verdict:
        score, exempted, degraded, method, wait_us = 0, (), (), None, None
        hits = places(program, "transfer", "transfer-restricted")

    assert b"advice" not in Writer(program.events["transfer"]).write(7, "t-1", 0, False, "deny", Verdict)
