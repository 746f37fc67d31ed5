"""Policies: rules, bands, exemptions, cases."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from packs_room_world import CASES, SAID, feature, policy, rule, said, told, world

from jindi.packs import Outcome, load

ZONE = ZoneInfo("Asia/Shanghai")


def of(body, **keys):
    """The world with one policy of the text given."""
    return world(policies=[policy(body, **keys)])


def live(files):
    return load(files).live_policy("payment")


def cased(given, more="", fires="true", when="amount >= limit('large')"):
    """The world of a draft rule with a single case."""
    case = f'[[rule.case]]\nname = "c"\ngiven = {given}\nfires = {fires}\n{more}\n'
    return of(rule(when=when, cases=case), state="draft")


def case_of(files):
    return load(files).policies[0].rules[0].cases[0]


def test_a_rule_keeps_all_that_it_says():
    extra = 'then = "delay"\nscore = -5\nwait = "2h"\nshare_max = "0.25%"\n'
    extra += 'confirmed_share = "12%"\ndegrade = "closed"'
    found = live(of(rule(extra=extra))).rules[0]
    assert (found.then, found.score, found.wait_us, found.method) == (Outcome.DELAY, -5, 7_200_000_000, None)
    assert (found.share_max_ppm, found.confirmed_share_ppm, found.degrade) == (2_500, 120_000, "closed")
    assert (found.doc.zh, found.doc.en, found.basis.zh, found.basis.en) == ("说明", "said", "ours", "ours")


def based(text):
    return rule().replace('basis = "ours"', f"basis = {text}")


def test_a_basis_is_one_text_or_one_in_each_language():
    assert based("1") != rule()
    found = live(of(based('{ zh = "《某办法》第三条", en = "Some Measures, Art. 3" }'))).rules[0]
    assert (found.basis.zh, found.basis.en) == ("《某办法》第三条", "Some Measures, Art. 3")
    for text, words in (
        ('{ zh = "只有中文" }', "basis: `en` is missing"),
        ('{ zh = "中文", en = "" }', "basis: `en` is empty"),
        ('{ zh = "中文", en = "x", fr = "y" }', "unknown key 'fr'"),
        ("3", "`basis` must be a text, or a table with zh and en"),
        ('""', "`basis` is empty"),
    ):
        assert any(words in line for line in told(of(based(text)))), words


def test_a_policy_keeps_features_that_no_rule_reads_and_only_those_that_its_event_type_has():
    found = live(of(f'keeps = ["paid_7d"]\n{rule()}'))
    assert found.keeps == ("paid_7d",)
    (said_,) = told(of(f'keeps = ["amount", "paid_7d"]\n{rule()}'))
    assert "reads no feature 'amount'" in said_


def test_a_rule_that_says_nothing_else_may_fire_on_five_percent():
    found = live(of(rule())).rules[0]
    assert (found.share_max_ppm, found.confirmed_share_ppm, found.degrade, found.score) == (
        50_000,
        None,
        "open",
        0,
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('then = "review"', "", "does nothing"),
        ('then = "review"', 'then = "allow"', "`then` may not be allow"),
        ('then = "review"', "then = 3", "`then` must be a text, not a whole number"),
        ('then = "review"', 'then = "challenge"', "`method` is missing"),
        ('then = "review"', 'then = "delay"', "`wait` is missing"),
        ('then = "review"', 'then = "review"\nmethod = "otp"', "`method` belongs to a challenge"),
        ('then = "review"', 'then = "review"\nwait = "2h"', "`wait` belongs to a delay"),
        ('then = "review"', "score = 1.5", "`score` must be a whole number, not a number with decimals"),
        ('then = "review"', "score = 99999999", "`score` is out of range"),
        ('then = "review"', 'then = "review"\nshare_max = "5"', "`share_max` is not a percentage"),
        ('then = "review"', 'then = "review"\nshare_max = 5', "`share_max` must be a percentage text"),
        (
            'then = "review"',
            'then = "review"\nconfirmed_share = "5%"',
            "`confirmed_share` is not above `share_max`",
        ),
        ('then = "review"', 'then = "review"\ndegrade = "shut"', "unknown degrade 'shut'"),
        ('basis = "ours"\n', "", "`basis` is missing"),
        ("when = \"amount >= limit('large')\"", 'when = ""', "`when` is empty"),
        ("when = \"amount >= limit('large')\"", 'when = "amount"', "`when` must be bool, not money of CNY"),
        ("when = \"amount >= limit('large')\"", 'when = "amount > 5"', "money compares only with money"),
        ("when = \"amount >= limit('large')\"", "when = \"amount > limit('larg')\"", "unknown limit 'larg'"),
        ("when = \"amount >= limit('large')\"", 'when = "amuont > 5"', "did you mean 'amount'"),
        ('id = "big"', 'id = "Big Rule"', "`id` is not a name"),
        ('id = "big"', 'ids = "big"', "unknown key 'ids'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(old, new, words):
    lines = told(of(rule().replace(old, new)))
    assert any(words in line and "shop/policies/p0.toml: rule " in line for line in lines), lines


def test_degrading_to_a_challenge_may_name_its_method():
    assert live(of(rule(extra='then = "review"\ndegrade = "challenge"\nmethod = "otp"'))).rules[0].method == "otp"


def test_ids_are_used_once_in_a_policy():
    twice = rule() + f'[[exemption]]\nid = "big"\n{SAID}\nwhen = "gift"\nlifts = ["challenge"]\nbasis = "b"\n'
    assert said(of(twice), "exemption big: the id 'big' is used twice in this policy")


def test_one_live_policy_for_each_event_type():
    files = world(policies=[policy(policy_id="a"), policy(policy_id="b"), policy(policy_id="c", state="shadow")])
    assert said(files, "p1.toml: b: payment has a live policy already, in shop/policies/p0.toml")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"on": "paymnt"}, "`on`: unknown event 'paymnt' (did you mean 'payment'?)"),
        ({"state": "alive"}, "unknown state 'alive' (did you mean 'live'?)"),
        ({"policy_id": "Pay!"}, "`id` is not a name"),
        ({"head": 'deadline = "0ms"'}, "`deadline` is too short"),
        ({"head": "deadline = 200"}, '`deadline` must be a duration text such as "5m", not a whole number'),
        ({"head": "rules = []"}, "unknown key 'rules' (did you mean 'rule'?)"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(keys, words):
    assert said(world(policies=[policy(**keys)]), "shop/policies/p0.toml: ", words)


def test_a_policy_without_rules_is_refused():
    assert said(of(" "), "has no rules")


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        (
            '[[band]]\nfrom = 60\nthen = "review"\n[[band]]\nfrom = 60\nthen = "deny"\n',
            "begins at or below the band before it",
        ),
        (
            '[[band]]\nfrom = 60\nthen = "deny"\n[[band]]\nfrom = 80\nthen = "review"\n',
            "review is lighter than deny",
        ),
        ('[[band]]\nfrom = 60\nthen = "allow"\n', "`then` may not be allow"),
        ('[[band]]\nfrom = 60\nthen = "challenge"\n', "`method` is missing"),
        ('[[band]]\nfrom = "60"\nthen = "deny"\n', "`from` must be a whole number, not text"),
        ("[[band]]\nfrom = 60\n", "`then` is missing"),
        ('[[band]]\nthen = "deny"\n', "`from` is missing"),
    ],
)
def test_bands_ascend(bands, words):
    assert said(of(bands + rule()), "band ", words)


def test_two_bands_may_ask_for_the_same_outcome_in_another_way():
    band = '[[band]]\nfrom = {}\nthen = "challenge"\nmethod = "{}"\n'
    bands = band.format(50, "otp") + band.format(80, "face")
    assert [band.method for band in live(of(bands + rule())).bands] == ["otp", "face"]


def test_an_exemption_lifts_outcomes():
    text = f'[[exemption]]\nid = "known"\n{SAID}\nwhen = "gift"\nlifts = ["challenge", "delay"]\nbasis = "b"\n'
    assert live(of(rule() + text)).exemptions[0].lifts == {Outcome.CHALLENGE, Outcome.DELAY}
    assert said(of(rule() + text.replace('"delay"', '"allow"')), "no outcome to lift: 'allow'")
    assert said(of(rule() + text.replace('["challenge", "delay"]', "[]")), "`lifts` is empty")
    assert said(of(rule() + text.replace('"gift"', '"items"')), "`when` must be bool, not int")
    assert said(of(rule() + text.replace('basis = "b"\n', "")), "`basis` is missing")


# --- cases ------------------------------------------------------------------------------------------


def test_a_rule_of_a_live_policy_proves_itself_both_ways():
    only_yes = CASES.split("[[rule.case]]")[1]
    files = of(rule(cases="[[rule.case]]" + only_yes))
    assert said(files, "rule big: has no case in which it doesn't fire", "fires = false")
    assert len(told(of(rule(cases="")))) == 2
    assert not told(of(rule(cases=""), state="draft"))
    assert not told(of(rule(cases=""), state="shadow"))


def test_given_values_are_read_by_their_types():
    given = (
        '{ amount = "19.90", items = 3, score = 0.5, due = "2026-11-22T08:00:00+08:00", gift = true, '
        'channel = "app", phone = "p1", price = "1200", currency = "JPY", paid_7d = 4, '
        'since_paid = "5m", mean = "7.25" }'
    )
    features = feature() + feature("since_paid", fold='"since_last"') + feature("mean", fold='"mean"', value='"amount"')
    found = case_of(cased(given) | {"shop/features.toml": features})
    assert found.given == {
        "amount": 1990, "items": 3, "score": 0.5, "due": 1_795_305_600_000_000, "gift": True,
        "channel": "app",
        "phone": "p1", "price": 1200, "currency": "JPY", "paid_7d": 4, "since_paid": 300_000_000, "mean": 725,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{ amuont = 3 }", "`given`: unknown name 'amuont' (did you mean 'amount'?)"),
        ("{ amount = 3 }", "`given`: amount must be an amount as text"),
        ('{ amount = "1.005" }', "`given`: amount more than 2 decimal places for CNY"),
        ('{ items = "3" }', "`given`: items must be a whole number, not text"),
        ("{ items = true }", "`given`: items must be a whole number, not true or false"),
        ("{ items = 9223372036854775808 }", "`given`: items is beyond 64 bits"),
        ('{ gift = "yes" }', "`given`: gift must be true or false, not text"),
        ('{ channel = "ap" }', "`given`: channel is never 'ap' (did you mean 'app'?)"),
        ('{ price = "1.00" }', "`given`: price has no currency (give currency as well)"),
        ('{ price = "1.00", currency = "XXX" }', "`given`: price unknown currency"),
        ("{ due = 2026-01-01 }", "`given`: due must be an instant"),
        ("{ score = nan }", "`given`: score is not a finite number"),
        ("{ hour = 3 }", "`given`: hour follows from the time"),
        ("{ lists = { blocked = [] } }", "`lists` stands inside `given` (put it beside `given`)"),
        ("3", "`given` must be a table, not a whole number"),
    ],
)
def test_a_given_value_that_cannot_be_is_refused(given, words):
    assert said(cased(given), "rule big: case 'c': ", words)


def test_a_case_without_a_time_happens_when_the_newest_limits_hold():
    files = cased('{ amount = "1.00" }')
    assert datetime.fromtimestamp(case_of(files).at_us / 1e6, ZONE) == datetime(2026, 7, 1, 12, tzinfo=ZONE)
    plain = cased("{ items = 1 }", when="items > 3")
    assert datetime.fromtimestamp(case_of(plain).at_us / 1e6, ZONE) == datetime(2026, 1, 1, 12, tzinfo=ZONE)


def test_a_case_may_say_when_it_happens():
    found = case_of(cased("{ }", 'at = "2026-03-01T23:30:00+08:00"'))
    assert datetime.fromtimestamp(found.at_us / 1e6, ZONE) == datetime(2026, 3, 1, 23, 30, tzinfo=ZONE)
    assert case_of(cased("{ }", "at = 2026-03-01T23:30:00+08:00")).at_us == found.at_us
    assert said(cased("{ }", 'at = "2026-03-01"'), "`at` not an instant such as")
    assert said(cased("{ }", 'at = "9999-12-31T23:30:00-08:00"'), "`at` is not of this age")


def test_a_list_is_asked_about_fields_not_about_derived_features():
    text = f"[way]\n{SAID}\nis = \"or_else(channel, 'web')\"\n[odd]\n{SAID}\nis = \"way in list('blocked')\"\n"
    files = cased("{ }", when="way in list('blocked') and user in list('blocked')")
    lines = told(files | {"shop/features.toml": text})
    assert len(lines) == 2
    assert all("asks whether the derived feature way is in a list" in line for line in lines)


def test_a_case_on_a_day_before_the_limit_began_is_refused():
    files = cased("{ }", 'at = "2025-12-31T23:30:00+08:00"')
    assert said(files, "limit large has no value on its day: the first is of 2026-01-01")


def test_a_case_names_who_is_on_which_list():
    found = case_of(cased("{ }", 'lists = { blocked = ["u1", "u2"] }'))
    assert found.members == {("blocked", "u1"), ("blocked", "u2")}
    assert said(
        cased("{ }", 'lists = { bloked = ["u1"] }'),
        "`lists`: unknown list 'bloked' (did you mean 'blocked'?)",
    )
    assert said(cased("{ }", 'lists = { blocked = "u1" }'), "`lists`: blocked must be a list of texts")


def test_a_rule_case_says_whether_it_fires_and_has_a_name():
    assert said(cased("{ }", fires='"yes"'), "`fires` must be true or false, not text")
    assert said(of(rule(cases='[[rule.case]]\nname = "c"\ngiven = {}\n'), state="draft"), "`fires` is missing")
    assert said(
        of(rule(cases="[[rule.case]]\ngiven = {}\nfires = true\n"), state="draft"),
        "case 1: `name` is missing",
    )
    assert said(of(rule(cases='[[rule.case]]\nname = "c"\nfires = true\n'), state="draft"), "`given` is missing")


def test_a_policy_case_says_what_comes_out():
    text = '[[case]]\nname = "all"\ngiven = { amount = "1.00" }\noutcome = "allow"\n'
    assert live(of(rule() + text)).cases[0].outcome is Outcome.ALLOW
    assert said(
        of(rule() + text.replace('"allow"', '"alow"')),
        "case 'all': unknown outcome 'alow' (did you mean 'allow'?)",
    )
    assert any("unknown key 'fires'" in line for line in told(of(rule() + text.replace("outcome", "fires"))))


def test_the_digest_of_a_policy_follows_its_meaning_not_its_comments():
    one, two = live(of(rule())), live(of("# a word\n" + rule()))
    assert one.digest == two.digest
    assert live(of(rule(extra='then = "deny"'))).digest != one.digest
