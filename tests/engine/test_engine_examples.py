"""Cases of packs: a right one is silent, a wrong one says where, which and why."""

from engine_world import DAY_US, NOON_US, case, definitions, policy, rule

from jindi.engine import build, check_cases


def problems(*policies):
    return [str(problem) for problem in check_cases(build(definitions(*policies)))]


def rule_with(text, *cases, **options):
    return policy(rule("large", text, "review", 5, cases=cases), **options)


def test_right_cases_are_silent():
    live = rule_with(
        "not device_known and amount >= limit('large')",
        case("new", fires=True, device_known=False, amount=500_000),
        case("known", fires=False, device_known=True, amount=500_000),
        case("unsaid is missing", fires=False, amount=500_000),
    )
    assert problems(live) == []


def test_a_case_that_should_fire_says_which_part_did_not_hold():
    live = rule_with(
        "not device_known and (amount >= limit('large') or hour < 6)",
        case("new", fires=True, device_known=False, amount=499_999),
    )
    (problem,) = problems(live)
    assert problem.startswith("pay/policies/payment.toml: rule large: case 'new' expected to fire but ")
    assert "amount >= limit('large') or hour < 6 is false" in problem
    assert "amount = CNY 4,999.99, limit('large') = CNY 5,000.00, hour = 12" in problem


def test_a_missing_value_is_called_missing():
    (problem,) = problems(rule_with("amount > cny('1') and payments_1d > 3", case(fires=True, amount=200)))
    assert "payments_1d > 3 is missing (payments_1d = missing)" in problem


def test_a_case_that_should_not_fire_shows_the_values_with_which_it_does():
    (problem,) = problems(rule_with("amount > cny('1')", case("small", fires=False, amount=200)))
    assert "case 'small' expected not to fire but it does: amount > cny('1.00') is true (amount = CNY 2.00)" in problem


def test_time_words_and_limits_are_of_the_case_s_moment():
    night_us, year_us = NOON_US - DAY_US // 3, NOON_US - 400 * DAY_US
    assert problems(rule_with("hour < 6", case(fires=True, at_us=night_us), case(fires=False))) == []
    assert problems(rule_with("amount >= limit('large')", case(fires=True, amount=100_000, at_us=year_us))) == []


def test_a_case_before_the_first_value_of_a_limit_is_a_problem_not_a_guess():
    (problem,) = problems(rule_with("amount >= limit('large')", case(fires=False, amount=1, at_us=0)))
    assert "limit large has no value on 1970-01-01" in problem


def test_derived_features_are_computed_from_what_is_given_unless_given():
    live = rule_with(
        "risky_share > 1.0",
        case("computed", fires=True, failed_logins_1d=3, payments_1d=4),
        case("half given", fires=True, failed_share=0.6),
        case("given", fires=False, failed_logins_1d=3, payments_1d=4, risky_share=0.5),
    )
    assert problems(live) == []


def test_members_are_those_that_the_case_names():
    live = rule_with(
        "user in list('blocked')",
        case(fires=True, user="u1", members=[("blocked", "u1")]),
        case(fires=False, user="u2", members=[("blocked", "u1")]),
        case(fires=False, members=[("blocked", "u1")]),
    )
    assert problems(live) == []


def test_a_policy_s_case_checks_the_outcome_and_says_who_was_silent():
    live = policy(
        rule("large", "amount >= limit('large')", "review"),
        rule("web", "channel == 'web'", score=3),
        cases=[
            case("good", outcome="review", amount=500_000),
            case("bad", outcome="review", amount=1, channel="web"),
        ],
    )
    (problem,) = problems(live)
    assert "policy payment: case 'bad' expected review but got allow with score 3; hit: web" in problem
    assert "rule large is silent because amount >= limit('large') is false" in problem


def test_cases_of_drafts_and_shadows_are_run_too():
    wrong = case(fires=True, amount=1)
    assert len(problems(rule_with("amount > cny('1')", wrong, state="draft"))) == 1
    assert len(problems(rule_with("amount > cny('1')", wrong, state="shadow"))) == 1


def test_a_draft_that_reads_the_impossible_is_a_problem():
    (problem,) = problems(rule_with("not ok", case(fires=True), state="draft"))
    assert "ok cannot be read on a payment event" in problem


def test_tokens_in_messages_are_shortened():
    token = "tok_0123456789abcdef"
    (problem,) = problems(rule_with("missing(device)", case(fires=True, device=token)))
    assert token not in problem
    assert "tok_0123…" in problem
