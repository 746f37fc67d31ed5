from dataclasses import replace

import pytest
from engine_world import NOON_US, case, definitions, facts, policy, rule

from jindi.basics.problems import Problems
from jindi.engine import build, build_trial, decide, reasons


def payment(*policies):
    return build(definitions(*policies)).events["payment"]


def test_slots_stand_in_the_declared_order_and_only_what_is_used_has_one():
    program = payment(policy(rule("a", "amount > limit('large') and hour < 6 and not user in list('blocked')", "deny")))
    assert program.slots[:4] == ("user", "device", "amount", "channel")
    assert program.slots[4:7] == ("hour", "limit('large')", "user in list('blocked')")
    assert program.time_words == ("hour",)
    assert program.limits == ("large",)
    assert [(m.name, m.list_name, m.slot) for m in program.members] == [("user", "blocked", 6)]
    assert program.slots[7 : program.base_count] == program.windows
    assert program.slots[program.base_count :] == program.derived


def test_an_event_reads_what_it_feeds_and_what_its_policies_use():
    program = build(definitions(policy(rule("a", "not device_known", "review"))))
    assert program.reads["payment"] >= {"device_known", "payments_1d", "paid_1d"}
    assert "challenge_passed" not in program.reads["payment"]
    assert program.reads["login"] == {
        "failed_logins_1d", "challenge_passed", "failed_share_base", "last_channel"
    }  # fmt: skip
    through = build(definitions(policy(rule("a", "risky_share > 0.5", "review"))))
    assert "failed_logins_1d" in through.reads["payment"]
    assert through.events["payment"].derived.index("failed_share") < through.events["payment"].derived.index(
        "risky_share"
    )


def test_what_a_policy_keeps_is_read_though_no_rule_asks_for_it():
    plain = policy(rule("a", "amount > cny('5')", "review"))
    assert "challenge_passed" not in payment(plain).windows
    kept = payment(replace(plain, keeps=("challenge_passed", "risky_share")))
    assert "challenge_passed" in kept.windows
    assert "risky_share" in kept.derived


def test_windows_are_in_the_order_in_which_they_are_answered():
    program = payment(policy(rule("a", "not device_known", "review")))
    assert program.windows == tuple(sorted(program.windows))


def test_derived_features_follow_their_inputs_through_each_other():
    program = payment(policy(rule("a", "risky_share > 0.5", "review")))
    row = facts(program, failed_logins_1d=3, payments_1d=4)
    assert row[program.index["failed_share"]] == 0.75
    assert row[program.index["risky_share"]] == 1.5


def test_else_replaces_a_missing_result_but_never_an_absent_one():
    program = payment(policy(rule("a", "failed_share > 0.5", "review")))
    assert facts(program, failed_logins_1d=3, payments_1d=0)[program.index["failed_share"]] == 0.0
    away = frozenset({"failed_logins_1d"})
    row = facts(program, away, failed_logins_1d=3, payments_1d=4)
    assert row[program.index["failed_share"]] is None
    assert row[program.index["failed_logins_1d"]] is None


def test_a_limit_has_the_value_of_its_day():
    program = payment(policy(rule("a", "amount > limit('large')", "review")))
    assert program.limits_on(program.day(NOON_US)) == (500_000,)
    before_2026_us = 1_767_196_740_000_000  # 2025-12-31 23:59 in Shanghai
    assert program.limits_on(program.day(before_2026_us)) == (100_000,)
    with pytest.raises(LookupError):
        program.limits_on(program.day(0))


def test_an_input_that_the_event_type_cannot_have_is_named():
    with pytest.raises(Problems) as caught:
        build(definitions(policy(rule("a", "not ok", "review"), rule("b", "night", "deny"), on="login")))
    assert "rule b: night cannot be read on a login event" in str(caught.value)
    with pytest.raises(Problems) as caught:
        build(definitions(policy(rule("a", "not ok", "review"))))
    assert str(caught.value).startswith("pay/policies/payment.toml: rule a: ok cannot be read on a payment event")


def test_an_event_type_without_a_live_policy_is_allowed_by_nobody():
    shadow = policy(rule("a", "amount > cny('1')", "deny"), state="shadow")
    program = payment(shadow)
    decision = decide(program, facts(program, amount=500))
    assert (decision.outcome, decision.policy) == ("allow", None)
    assert [(v.policy, v.outcome) for v in decision.shadows] == [("payment", "deny")]
    login = build(definitions(shadow)).events["login"]
    assert decide(login, facts(login, user="u")).policy is None
    assert reasons(login, decide(login, facts(login, user="u"))) == []


def test_a_draft_decides_nothing_but_can_be_tried():
    draft = policy(rule("a", "amount > cny('1')", "deny", cases=[case(fires=True, amount=200)]), state="draft")
    world = definitions(draft)
    assert build(world).events["payment"].policies() == ()
    trial = build_trial(world, draft)
    assert decide(trial, facts(trial, amount=200)).outcome == "deny"


def test_a_list_can_be_asked_about_a_window_feature_which_is_then_read():
    program = payment(policy(rule("a", "last_channel in list('blocked')", "deny")))
    assert "last_channel" in program.windows
    assert [(m.name, program.slots[m.slot]) for m in program.members] == [
        ("last_channel", "last_channel in list('blocked')")
    ]
    away = frozenset({"last_channel"})
    decision = decide(program, facts(program, away), away)
    assert decision.degraded == ("last_channel",)


def test_a_problem_names_the_file_that_the_policy_was_read_from():
    wrong = policy(rule("a", "not ok", "review"), id_="pay-next")
    source = {
        "pay/policies/other.toml": '[[rule]]\nid = "pay-next"\n',
        "pay/policies/next.toml": 'id = "pay-next"\n',
    }
    with pytest.raises(Problems, match=r"pay/policies/next\.toml: rule a"):
        build(replace(definitions(wrong), source=source))
