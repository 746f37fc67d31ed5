"""Another jurisdiction by packs alone: the exemptions from strong customer authentication, over weeks and reports."""

from datetime import date

from jindi.packs import Outcome
from jindi.run.platform import compiled
from law_world import ROOT, definitions, europe, files_of, outcomes, payment, told

NOON = "2026-11-23T12:00:{:02}+01:00"
FIRST = NOON.format(0)


def paid(amount, at=FIRST, **fields):
    """A remote payment by card that nobody was authenticated for."""
    return {
        "type": "eu_payment", "at": at, "user": "ann", "payee": "shop", "amount": amount, "instrument": "card",
        "initiation": "remote", "started_by": "payer", "payer_kind": "consumer", "sca": False, **fields,
    }  # fmt: skip


def authenticated(amount, name, at=FIRST, **fields):
    """The same with a password and a telephone, linked to amount and payee."""
    linked = {"linked_amount": amount, "linked_payee": fields.get("payee", "shop"), "last_sca": name}
    return paid(amount, at, sca=True, factor_first="knowledge", factor_second="possession", **{**linked, **fields})


def test_the_pack_holds_data_and_nothing_else():
    files = [path for path in (ROOT / "packs-eu").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".toml"}
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert not [name for name in europe().definitions.events if name.startswith("eu_") and name in source]


def test_every_fixed_value_has_words_in_both_languages():
    found = europe().definitions
    fields = [field for event in found.events.values() if event.pack == "psd2" for field in event.fields]
    assert len(fields) > 30
    bare = [(field.name, value) for field in fields for value in field.values if value not in found.words[field.name]]
    assert bare == []


def test_every_rule_and_every_exemption_is_shown_both_ways():
    policies = [policy for policy in europe().definitions.policies if policy.pack == "psd2"]
    for rule in (rule for policy in policies for rule in policy.rules):
        assert len(rule.cases) >= 3, rule.id
        assert {case.fires for case in rule.cases} == {True, False}, rule.id
    (policy,) = [policy for policy in policies if policy.exemptions]
    assert len(policy.exemptions) == 8
    named = [case.name.split(",")[0] for case in policy.cases]
    assert sum(name.startswith("low value") for name in named) >= 4
    assert {case.outcome for case in policy.cases} == {Outcome.ALLOW, Outcome.CHALLENGE, Outcome.DENY}


def test_an_authentication_begins_the_count_of_small_payments_anew():
    story = [
        paid("30.00"),  # never authenticated: nothing to count from
        authenticated("200.00", "s1", NOON.format(1)),
        *(paid("30.00", NOON.format(second), last_sca="s1") for second in (2, 3, 4)),
        paid("10.01", NOON.format(5), last_sca="s1"),  # 100.01 since then
        paid("10.00", NOON.format(6), last_sca="s1"),  # what was not allowed did not count: 100 to the cent
        paid("0.01", NOON.format(7), last_sca="s1"),
        authenticated("0.01", "s2", NOON.format(8)),
        paid("30.00", NOON.format(9), last_sca="s2"),
    ]
    assert outcomes(story, europe()) == [
        "challenge", "allow", "allow", "allow", "allow", "challenge", "allow", "challenge", "allow", "allow",
    ]  # fmt: skip


def test_whoever_counts_payments_instead_changes_one_figure():
    files = {**files_of("packs-eu"), **{path: text for path, text in files_of("packs").items() if path[:5] == "core/"}}
    path = "psd2/parameters/sca.toml"
    i = files[path].index("[eu_low_value_counter]")
    files[path] = files[path][:i] + files[path][i:].replace('is = "sum"', 'is = "count"', 1)
    program = compiled(files, cases=False)  # the cases speak of the sum
    story = [
        authenticated("200.00", "s1"),
        *(paid("30.00", NOON.format(second), last_sca="s1") for second in range(1, 7)),
    ]
    assert outcomes(story, program) == ["allow"] * 6 + ["challenge"]


def test_a_trusted_beneficiary_is_one_until_he_is_taken_off():
    def listed(trusted, second, sca):
        return {
            "type": "eu_beneficiary", "at": NOON.format(second), "user": "ann", "payee": "shop", "trusted": trusted,
            "sca": sca,
        }  # fmt: skip

    story = [
        listed(True, 1, sca=False),
        paid("900.00", NOON.format(2)),
        listed(True, 3, sca=True),
        paid("900.00", NOON.format(4)),
        paid("900.00", NOON.format(5), user="eve"),
        listed(False, 6, sca=False),
        paid("900.00", NOON.format(7)),
    ]
    assert outcomes(story, europe()) == ["challenge", "challenge", "allow", "allow", "challenge", "allow", "challenge"]


def test_a_series_is_authenticated_when_it_begins_and_when_it_changes():
    series = {"series": "rent"}
    story = [
        paid("590.00", NOON.format(1), **series),
        authenticated("590.00", "s1", NOON.format(2), **series),
        paid("590.00", NOON.format(3), **series),
        paid("610.00", NOON.format(4), **series),
        authenticated("610.00", "s2", NOON.format(5), **series),
        paid("610.00", NOON.format(6), **series),
        paid("590.00", NOON.format(7), **series),
        paid("610.00", NOON.format(8), payee="another", **series),
    ]
    assert outcomes(story, europe()) == [
        "challenge", "allow", "allow", "challenge", "allow", "allow", "challenge", "challenge",
    ]  # fmt: skip


def test_the_fraud_rate_of_ninety_days_sets_the_amount_that_risk_analysis_exempts():
    device = {"device": "ann-s-telephone"}
    big = [authenticated("50000.00", f"s{n}", f"2026-11-01T10:00:0{n}+01:00", **device) for n in range(2)]

    def reported(amount, at):
        return {
            "type": "eu_fraud_report", "at": at, "payment": "e0", "user": "ann", "instrument": "card",
            "initiation": "remote", "amount": amount,
        }  # fmt: skip

    story = [
        *big,  # 100,000 euro
        paid("500.00", "2026-11-02T10:00:00+01:00", **device),  # no fraud at all
        reported("10.00", "2026-11-03T10:00:00+01:00"),
        paid("250.01", "2026-11-04T10:00:00+01:00", **device),  # a rate just under 1 in 10,000: all amounts to 500
        reported("50.00", "2026-11-05T10:00:00+01:00"),
        paid("250.01", "2026-11-06T10:00:00+01:00", **device),  # under 6 in 10,000: to 250
        paid("250.00", "2026-11-06T10:00:01+01:00", **device),
        reported("200.00", "2026-11-07T10:00:00+01:00"),
        paid("100.00", "2026-11-08T10:00:00+01:00", **device),  # 26 in 10,000: nothing
        paid("20.00", "2026-11-08T10:00:01+01:00", device="a strange one"),
    ]
    found = [
        each for each, event in zip(outcomes(story, europe()), story, strict=True) if event["type"] == "eu_payment"
    ]
    assert found == ["allow", "allow", "allow", "allow", "challenge", "allow", "challenge", "challenge"]


def test_the_look_at_an_account_follows_the_figure_of_its_day():
    def looked(at, *, sca=False):
        return {"type": "eu_account_access", "at": at, "user": "ann", "scope": "balance", "sca": sca}

    story = [
        looked("2023-03-01T12:00:00+01:00"),
        looked("2023-03-01T12:01:00+01:00", sca=True),
        looked("2023-05-30T12:01:00+01:00"),  # ninety days less an hour of summer time
        looked("2023-07-24T23:59:59+02:00"),
        looked("2023-07-25T00:00:00+02:00"),  # in Brussels: 180 days from now on
        looked("2023-08-28T13:01:00+02:00"),
        looked("2023-08-28T13:01:01+02:00"),
    ]
    assert outcomes(story, europe()) == ["challenge", "allow", "allow", "challenge", "allow", "allow", "challenge"]
    within = europe().definitions.limits["eu_access_within"]
    assert [step.since for step in within.steps] == [date(2019, 9, 14), date(2023, 7, 25)]


def test_two_jurisdictions_decide_side_by_side_on_one_platform():
    both = compiled(files_of("packs", "packs-eu"))
    found = told(
        [
            payment("2026-11-23T12:00:00+08:00", "5000.01", verification="two"),
            paid("5000.01"),
            payment("2026-11-23T23:59:59+08:00", "5000.00", verification="two"),
        ],
        both,
    )
    assert [outcome for outcome, _ in found] == ["deny", "challenge", "allow"]
    assert found[1][1] == ["eu-sca-required"]
    assert {each.currency for each in definitions().packs.values()} == {"CNY", "EUR"}
