"""Suggested features load beside the packs that they are suggested for, and say what they are in both languages."""

import re
from pathlib import Path

import pytest

from jindi.basics.problems import Problems
from jindi.packs import load, suggest

PACKS = Path(__file__).parents[2] / "packs"


def files():
    found = {}
    for name in ("core", "account", "payment"):
        for path in sorted((PACKS / name).rglob("*.toml")):
            found[str(path.relative_to(PACKS))] = path.read_text("utf-8")
    return found


def with_fragment(event, **asked):
    given = files()
    text, names = suggest(load(given), event, **asked)
    given["payment/features.toml"] += "\n" + text
    return load(given), names, text


@pytest.mark.parametrize("event", ["payment", "transfer", "top_up", "withdrawal", "login", "fraud_report"])
def test_a_fragment_loads_beside_the_shipped_packs_and_its_event_type_reads_all_of_it(event):
    definitions, names, _ = with_fragment(event)
    assert names
    for name in names:
        if name in definitions.features:
            assert event in definitions.features[name].by, name
        else:
            assert event in definitions.derived[name].events, name


def test_every_family_is_there():
    definitions, names, _ = with_fragment("payment")
    folds = {definitions.features[name].fold for name in names if name in definitions.features}
    assert folds == {"count", "since_last", "since_first", "sum", "quantile", "max", "seen", "distinct"}
    assert "payment_user_amount_to_median" in names
    assert "payment_terminal_fraud_risk_30d" in names
    assert "payment_device_users_30d" in names
    assert "payment_user_knows_device" in names
    assert "payment_user_gap_to_usual" in names


def test_what_an_entity_is_known_for_is_known_with_the_delay_of_its_labels():
    definitions, _, _ = with_fragment("transfer", delay="14d")
    events = definitions.features["transfer_payee_count_30d_before_14d"]
    assert events.lag_us == 14 * 86_400_000_000
    assert definitions.features["transfer_payee_fraud_reports_30d"].of == ("fraud_report",)
    assert str(definitions.derived["transfer_payee_fraud_risk_30d"].expression) == (
        "transfer_payee_fraud_reports_30d / transfer_payee_count_30d_before_14d"
    )


def test_each_says_what_it_is_in_both_languages():
    definitions, names, _ = with_fragment("payment")
    for name in names:
        doc = (definitions.features.get(name) or definitions.derived[name]).doc
        assert re.search("[一-鿿]", doc.zh), name
        assert not re.search("[一-鿿]", doc.en), name


def test_what_is_there_already_is_not_suggested_again_and_the_same_packs_give_the_same_text():
    given = files()
    definitions = load(given)
    text, names = suggest(definitions, "payment")
    assert (text, names) == suggest(definitions, "payment")
    given["payment/features.toml"] += "\n" + text
    assert suggest(load(given), "payment")[1] == ()


def test_what_is_unknown_is_told_at_once():
    with pytest.raises(Problems) as raised:
        suggest(load(files()), "paymnt", label="fruad", delay="soon")
    assert {problem.item for problem in raised.value.problems} == {"paymnt", "fruad", "delay"}


def test_how_often_and_how_lately_the_actor_met_each_other_entity_is_suggested_and_for_nobody_else():
    definitions, names, _ = with_fragment("payment")
    met = [name for name in names if len(getattr(definitions.features.get(name), "entities", ())) == 2]
    assert "payment_user_terminal_since_last" in met
    assert "payment_user_terminal_count_7d" in met
    assert "payment_user_card_count_1d" in met
    assert all(name.startswith("payment_user_") for name in met)
