"""Limits of payment law over days, months and years in Shanghai: what a case of one moment can't show."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.instants import format_instant, parse_instant
from jindi.basics.money import parse_minor
from jindi.engine import decide
from jindi.language import evaluate
from jindi.packs import Outcome
from law_world import by_card, mainland, outcomes, payment, rated, told, transfer
from shop_world import CARD, DEVICE, IP, PHONE

ID_CARD = "11010519491231002X"
"""An example that has been printed for years, and is nobody's."""
OTHER_CARD = "6228480402564890018"


def later(at: str, **more: float) -> str:
    return format_instant(parse_instant(at) + timedelta(**more) // timedelta(microseconds=1))


# ---- day, month and year turn where the pack is at home


def test_a_year_ends_at_midnight_in_shanghai_and_not_in_greenwich():
    story = [
        payment("2025-06-01T12:00:00+08:00", "99999.99"),
        payment("2025-12-31T15:59:59Z", "0.01"),  # the last second of the year in Shanghai: 100,000 to the cent
        payment("2025-12-31T15:59:59.999999Z", "0.01"),
        payment("2025-12-31T16:00:00Z", "99999.99"),  # midnight in Shanghai: a new year
        payment("2026-01-01T00:00:00Z", "0.02"),  # midnight in Greenwich changes nothing
        payment("2026-01-01T00:00:01Z", "0.01"),
    ]
    found = told(story)
    assert [outcome for outcome, _ in found] == ["allow", "allow", "deny", "allow", "deny", "allow"]
    assert "payment-yearly-balance" in found[2][1]


def test_a_day_ends_at_midnight_in_shanghai_for_payments_and_transfers_together():
    story = [
        payment("2026-03-02T09:00:00+08:00", "3000.00", verification="two"),
        transfer("2026-03-02T23:59:59+08:00", "2000.00", verification="two"),
        transfer("2026-03-02T23:59:59.5+08:00", "0.01", verification="two"),
        payment("2026-03-03T00:00:00+08:00", "5000.00", verification="two"),
        payment("2026-03-03T08:00:00+08:00", "0.01", verification="two"),  # midnight in Greenwich
        payment("2026-03-03T08:00:01+08:00", "0.01", verification="certificate"),
    ]
    assert outcomes(story) == ["allow", "allow", "deny", "allow", "deny", "allow"]


def test_one_factor_is_asked_for_another_above_its_day_and_not_the_next_morning():
    story = [
        payment("2026-03-02T23:59:58+08:00", "1000.00", verification="one"),
        payment("2026-03-02T23:59:59+08:00", "0.01", verification="one"),
        payment("2026-03-03T00:00:00+08:00", "1000.00", verification="one"),
    ]
    assert outcomes(story) == ["allow", "challenge", "allow"]


def test_what_was_refused_uses_up_no_limit():
    story = [
        payment("2026-03-02T10:00:00+08:00", "5000.01", verification="two"),
        payment("2026-03-02T10:01:00+08:00", "5000.00", verification="two"),
    ]
    assert outcomes(story) == ["deny", "allow"]


def test_a_month_and_a_day_of_credit_at_a_micro_merchant_end_at_midnight():
    stall = {"merchant": "stall", "merchant_kind": "micro", "card_kind": "credit"}

    def sold(at, amount):
        return by_card(at, amount, CARD, **stall)

    full_days = [sold(f"2026-07-{day:02}T{hour}:00:00+08:00", "500.00") for day in range(1, 11) for hour in (10, 15)]
    found = told(
        [
            *full_days,
            sold("2026-07-10T23:59:59+08:00", "0.01"),  # the day's 1,000 are taken
            sold("2026-07-11T00:00:00+08:00", "0.01"),  # a new day, and the month's 10,000 are
            sold("2026-07-31T23:59:59+08:00", "0.01"),
            sold("2026-08-01T00:00:00+08:00", "500.00"),
        ]
    )
    assert ["payment-micro-merchant-credit" in rules for _, rules in found] == [False] * 20 + [True, True, True, False]
    assert found[0][0] == found[19][0] == "allow"


def test_stalls_of_one_keeper_share_his_limit():
    stall = {"merchant_kind": "micro", "card_kind": "credit", "keeper": ID_CARD}
    found = told(
        [
            by_card("2026-07-01T10:00:00+08:00", "600.00", CARD, merchant="s1", **stall),
            by_card("2026-07-01T11:00:00+08:00", "400.01", CARD, merchant="s2", **stall),
            by_card("2026-07-01T12:00:00+08:00", "400.00", CARD, merchant="s2", **stall),
            by_card("2026-07-01T13:00:00+08:00", "1000.00", CARD, merchant="s3", merchant_kind="micro"),
        ]
    )
    assert ["payment-micro-keeper-credit" in rules for _, rules in found] == [False, True, False, False]


# ---- all accounts of a person


def test_the_accounts_of_one_customer_share_the_day_and_the_year():
    def hers(at, amount, user, **more):
        return payment(at, amount, user=user, customer="c1", **more)

    assert outcomes(
        [
            hers("2026-03-02T10:00:00+08:00", "3000.00", "ann", verification="two"),
            hers("2026-03-02T11:00:00+08:00", "2000.01", "anna", verification="two"),
            hers("2026-03-02T11:30:00+08:00", "2000.00", "anna", verification="two"),
            payment("2026-03-02T12:00:00+08:00", "5000.00", user="bea", verification="two"),
            hers("2026-03-03T12:00:00+08:00", "90000.00", "ann"),
            hers("2026-06-03T12:00:00+08:00", "5000.01", "anna"),
            hers("2026-06-03T12:00:01+08:00", "5000.00", "anna"),
        ]
    ) == ["allow", "deny", "allow", "allow", "allow", "deny", "allow"]


def test_a_class_one_account_has_a_thousand_for_life():
    first = {"account_class": "I"}
    assert outcomes(
        [
            payment("2024-03-02T10:00:00+08:00", "600.00", **first),
            payment("2026-03-02T10:00:00+08:00", "400.01", **first),
            payment("2026-03-02T10:01:00+08:00", "400.00", **first),
            payment("2027-03-02T10:01:00+08:00", "0.01", **first),
            payment("2027-03-02T10:02:00+08:00", "0.01", account_class="II"),
        ]
    ) == ["allow", "deny", "allow", "deny", "allow"]


def test_nobody_is_refused_because_a_sum_that_is_new_is_still_being_read():
    """A platform that takes this version up has not read the sums of persons, codes and keepers yet, nor openings."""
    fresh = ("customer_", "keeper_", "code_paid", "opened_for", "identified_for", "since_any_receipt", "reserve_")
    given = {"account_class": "II", "funding": "balance", "verification": "two", "same_name": True}
    for name in ("payment", "transfer", "withdrawal", "top_up"):
        program = mainland().events[name]
        absent = frozenset(each for each in program.index if each.startswith(fresh))
        assert absent
        figures = zip(program.limits, program.limits_on(date(2026, 11, 22)), strict=True)
        known = given | {f"limit('{limit}')": value for limit, value in figures}
        base = [known.get(slot) for slot in program.slots[: program.base_count]]
        outcome = decide(program, program.complete(base, absent), absent).outcome
        assert outcome in (Outcome.ALLOW, Outcome.CHALLENGE), name


# ---- codes


def test_levels_of_codes_count_each_card_and_the_balance_apart():
    code = {"channel": "code_dynamic", "verification": "two"}
    found = told(
        [
            by_card("2026-05-04T10:00:00+08:00", "5000.00", CARD, **code),
            by_card("2026-05-04T10:01:00+08:00", "0.01", CARD, **code),
            by_card("2026-05-04T10:02:00+08:00", "5000.00", OTHER_CARD, **code),
            payment("2026-05-04T10:03:00+08:00", "5000.00", **code),
            payment("2026-05-04T10:04:00+08:00", "0.01", **code),
            by_card("2026-05-05T00:00:00+08:00", "5000.00", CARD, **code),
        ]
    )
    assert ["payment-code-two-factors" in rules for _, rules in found] == [False, True, False, False, True, False]


def test_a_static_code_takes_five_hundred_a_day_whatever_pays():
    code = {"channel": "code_static"}
    assert outcomes(
        [
            payment("2026-05-04T10:00:00+08:00", "300.00", **code),
            by_card("2026-05-04T23:59:59+08:00", "200.01", CARD, **code),
            by_card("2026-05-04T23:59:59.5+08:00", "200.00", CARD, **code),
            payment("2026-05-05T00:00:00+08:00", "500.00", **code),
        ]
    ) == ["allow", "deny", "allow", "allow"]


# ---- what a rating does


@pytest.mark.parametrize(
    ("rating", "share", "allowed", "refused"),
    [
        ("A", "0.950001", "10000.00", "10000.01"),
        ("A", "0.95", "5000.00", "5000.01"),  # more than 95 %, and not 95 %
        ("B", "0.900001", "7500.00", "7500.01"),
        ("B", "0.90", "5000.00", "5000.01"),
        ("C", "0.99", "5000.00", "5000.01"),
    ],
)
def test_a_rating_raises_the_daily_limit_with_enough_real_names(rating, share, allowed, refused):
    story = [
        payment("2026-05-04T10:00:00+08:00", refused, verification="two"),
        payment("2026-05-04T10:01:00+08:00", allowed, verification="two"),
    ]
    assert outcomes(story, rated(rating, share)) == ["deny", "allow"]


# ---- accounts that nobody used


def opened(at):
    return {
        "type": "registration", "at": at, "user": "ann", "phone": PHONE, "device": DEVICE, "ip": IP, "channel": "app",
        "account_class": "II",
    }  # fmt: skip


def identified(at, *, passed=True):
    return {
        "type": "identity_check", "at": at, "user": "ann", "id_card": ID_CARD, "sources": 3, "face_to_face": False,
        "passed": passed, "account_class": "II",
    }  # fmt: skip


START = "2026-01-01T00:00:00+08:00"


@pytest.mark.parametrize(
    ("between", "after", "is_suspended"),
    [
        ([], {"days": 182, "hours": 23}, False),
        ([], {"days": 183}, True),
        ([payment(later(START, days=3), "1.00")], {"days": 400}, False),
        ([payment(later(START, days=3), "100000.01")], {"days": 400}, True),  # what was refused is no transaction
        ([identified(later(START, days=1))], {"days": 183}, True),
        ([identified(later(START, days=190))], {"days": 191}, False),
        ([identified(later(START, days=190), passed=False)], {"days": 191}, True),
    ],
)
def test_an_account_that_nobody_used_for_six_months_waits_for_its_owner(between, after, is_suspended):
    at = later(START, **after)
    for business in (payment(at, "5.00"), transfer(at, "5.00", funding="card", card=CARD)):
        *_, (outcome, rules) = told([opened(START), *between, business])
        assert any(rule.endswith("-idle-account") for rule in rules) is is_suspended
        assert (outcome == "deny") is is_suspended


def test_an_account_to_which_somebody_sent_money_is_not_unused():
    at, sent = later(START, days=400), transfer(later(START, days=9), "5.00", user="bob", payee="ann")
    for business in (payment(at, "5.00"), transfer(at, "5.00"), withdrawn(at)):
        assert outcomes([opened(START), sent, business])[-1] == "allow"
        assert outcomes([opened(START), business])[-1] == ("allow" if business["type"] == "transfer" else "deny")


# ---- claims


def claimed(at, claim="k1", amount="800.00", evidence="none"):
    return {
        "type": "unauthorised_claim", "at": at, "claim": claim, "user": "ann", "payment": "p1", "amount": amount,
        "evidence": evidence,
    }  # fmt: skip


def settled(at, result, evidence="none", **more):
    return {
        "type": "claim_settlement", "at": at, "claim": "k1", "user": "ann", "result": result, "evidence": evidence,
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "result", "more", "rules"),
    [
        ({"hours": 24}, "paid", {"amount": "800.00"}, []),
        ({"hours": 24, "microseconds": 1}, "paid", {"amount": "800.00"}, ["claim-late"]),
        ({"hours": 25}, "open", {}, ["claim-late"]),
        ({"hours": 1}, "open", {}, []),
        ({"hours": 1}, "refused", {}, ["claim-refused-without-proof"]),
        ({"hours": 1}, "refused", {"evidence": "customer_did_it"}, []),
        ({"hours": 1}, "paid", {"amount": "799.99"}, ["claim-paid-short"]),
    ],
)
def test_a_claim_is_paid_first_in_full_and_within_its_time(after, result, more, rules):
    at = "2026-05-04T10:00:00+08:00"
    (first, why), (_, found) = told([claimed(at), settled(later(at, **after), result, **more)])
    assert (first, why) == ("allow", ["claim-pay-first"])
    assert found == rules


def test_the_clock_of_a_claim_is_not_wound_again_by_sending_it_again():
    at = "2026-05-04T10:00:00+08:00"
    story = [
        claimed(at),
        claimed(later(at, hours=20), amount="1.00"),
        settled(later(at, hours=30), "paid", amount="1.00"),
    ]
    assert sorted(told(story)[-1][1]) == ["claim-late", "claim-paid-short"]


def test_whoever_denies_a_fourth_transaction_within_a_year_is_looked_at():
    ats = ("2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-05-31T23:59:59Z")
    assert outcomes([claimed(at, f"k{n}") for n, at in enumerate(ats)]) == ["allow"] * 3 + ["review"]
    late = (*ats[:3], "2026-06-01T00:00:00Z")  # 365 days after the first, which then counts no more
    assert outcomes([claimed(at, f"k{n}") for n, at in enumerate(late)]) == ["allow"] * 4


# ---- the reserve


def position(at, held):
    return {
        "type": "reserve_position", "at": at, "account": "r1", "owed": "1000000.00", "in_transit": "20000.00",
        "held": held,
    }  # fmt: skip


def withdrawn(at, **more):
    return {
        "type": "withdrawal", "at": at, "user": "ann", "card": CARD, "same_name": True, "amount": "50.00",
        "account_class": "II", "verification": "two", "channel": "app", "arrival": "two_hours", **more,
    }  # fmt: skip


def test_payouts_wait_while_the_reserve_that_pays_is_short():
    story = [
        withdrawn("2026-05-03T12:00:00+08:00", reserve="r1"),  # nothing is known yet
        position("2026-05-04T01:00:00+08:00", "1020000.00"),
        withdrawn("2026-05-04T12:00:00+08:00", reserve="r1"),
        position("2026-05-05T01:00:00+08:00", "1019999.99"),
        withdrawn("2026-05-05T12:00:00+08:00", reserve="r1"),
        withdrawn("2026-05-05T12:01:00+08:00", reserve="r2"),
        withdrawn("2026-05-05T12:02:00+08:00"),
        position("2026-05-05T15:00:00+08:00", "1020000.01"),
        withdrawn("2026-05-05T15:00:01+08:00", reserve="r1"),
    ]
    assert outcomes(story) == ["allow", "allow", "allow", "deny", "delay", "allow", "allow", "review", "allow"]


# ---- the ladder of capital


def required(reserve_minor: int) -> int:
    """The ladder by its wording: of each part of the reserve the rate of the step in which it lies."""
    steps = ((50, 5), (200, 4), (500, 3), (1000, 2), (10**9, 1))
    owed, below = 0, 0
    for upto_billion, rate in steps:
        upto = upto_billion * 10**9 * 100
        part = max(0, min(reserve_minor, upto) - below)
        owed += part * rate // 100
        below = upto
    return owed


@settings(max_examples=60)
@given(st.integers(0, 2 * 10**14) | st.sampled_from([5 * 10**12, 2 * 10**13, 5 * 10**13, 10**14, 10**14 + 1]))
def test_the_capital_that_a_reserve_asks_for_is_that_of_the_ladder(reserve_minor):
    found = mainland().definitions
    day = found.limits["capital_step_1"].steps[0].since
    facts = {f"limit('{name}')": each.on(day).value for name, each in found.limits.items() if name[:7] == "capital"}
    facts["reserve_average"] = reserve_minor
    assert evaluate(found.derived["capital_required"].expression, facts.get) == required(reserve_minor)


def test_the_ladder_begins_where_it_is_said_to():
    assert required(parse_minor("50000000000.00", "CNY")) == parse_minor("2500000000.00", "CNY")
