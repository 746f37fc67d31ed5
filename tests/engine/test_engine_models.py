"""A model's score is a fact among the facts: it degrades as declared, is explained, and is proved by cases."""

import math

import numpy as np
import pytest

from jindi.engine import build, check_cases, decide, explain, refit
from jindi.engine.models import sigmoid
from jindi.language import time_words
from jindi.packs import Outcome, load
from models_world import DECLARED, LOGISTIC, changed, with_model
from shop_world import FEATURES, NOON_US, shop_files


def program(text=None, **more):
    return build(load(with_model(shop_files(), text, **more)))


def event(text=None, **more):
    return program(text, **more).events["pay"]


def base(ep, **given):
    values = {"user": "u1", "amount": 5_000, "channel": "app"} | given
    words = time_words(NOON_US, ep.zone)
    limits = dict(zip((f"limit('{name}')" for name in ep.limits), ep.limits_on(ep.day(NOON_US)), strict=True))
    known = {**words, **limits, **values}
    return [known.get(name) for name in ep.slots[: ep.base_count]]


def facts(ep, absent=frozenset(), **given):
    return ep.complete(base(ep, **given), absent)


def score(ep, **given):
    return facts(ep, **given)[ep.index["fraud"]]


@pytest.mark.parametrize(
    ("given", "raw"),
    [
        ({"amount": 5_000, "pays_1d": 1}, -4.25 - 0.125 - 0.5),
        ({"amount": 5_000, "pays_1d": 9}, -1.5 - 0.125 + 1.5),
        ({"amount": 89_999, "pays_1d": 1}, -4.25 - 0.125 - 0.5),
        ({"amount": 90_000, "pays_1d": 1}, 2.75 - 0.125 - 0.5),
        ({"amount": 90_000, "pays_1d": 2, "channel": "web"}, 2.75 + 0.25 + 1.5),
        ({"amount": None, "pays_1d": None, "channel": None}, 2.75 - 0.125 - 0.5),
    ],
)
def test_amounts_are_seen_in_major_units_texts_as_words_and_missing_as_missing(given, raw):
    assert score(event(), **given) == sigmoid(raw)


def test_a_logistic_model_adds_its_bins():
    ep = event(changed(document=LOGISTIC))
    assert score(ep, amount=1_000, pays_1d=4) == sigmoid(-3.0 + 0.5 * -1.0 + 1.25 * 2.0 + 0.75 * -0.1)
    assert score(ep, amount=1_001, pays_1d=3) == sigmoid(-3.0 + 0.5 * 0.25 + 1.25 * -0.2 + 0.75 * -0.1)
    assert score(ep, amount=None, pays_1d=None) == sigmoid(-3.0 + 0.5 * 0.5 + 1.25 * 0.0 + 0.75 * -0.1)


@pytest.mark.parametrize("document", [None, LOGISTIC], ids=["trees", "logistic"])
def test_many_rows_score_as_they_do_alone(document):
    model = event(changed(document=document)).models["fraud"]
    chance = np.random.default_rng(1)
    rows = np.column_stack([chance.uniform(0, 2_000, 500), chance.integers(0, 8, 500), chance.integers(0, 2, 500)])
    rows[chance.random(rows.shape) < 0.1] = np.nan
    facts = [[None if math.isnan(cell) else cell for cell in row] for row in rows.tolist()]
    alone = []
    for amount, pays, web in facts:
        ep_facts = {0: None if amount is None else amount * 100, 1: pays, 2: None if web is None else "aw"[int(web)]}
        full = [None] * 64
        for place, slot in enumerate(model._slots):
            full[slot] = ep_facts[place]
        full[model._slots[2]] = {None: None, "a": "app", "w": "web"}[ep_facts[2]]
        alone.append((model.raw(full), model.row(full)))
    seen = np.array([row for _, row in alone])
    assert model.raws(seen).tolist() == [raw for raw, _ in alone]
    assert model.probabilities(seen).tolist() == [sigmoid(raw) for raw, _ in alone]


def test_the_event_type_reads_the_windows_that_its_model_sees_and_no_other_type_does():
    ep = program()
    assert "pays_1d" in ep.reads["pay"]
    assert "fraud" not in ep.events["reading"].slots
    assert ep.events["pay"].slots[-1] == "fraud"


def test_a_model_that_no_rule_reads_is_scored_all_the_same():
    assert score(event(rule=""), pays_1d=1) == sigmoid(-4.25 - 0.125 - 0.5)


def test_a_pack_without_models_has_nothing_more_to_do():
    plain = build(load(shop_files())).events["pay"]
    assert not plain.models
    assert len(plain.levels) + 1 == len(event().levels)


def test_a_model_sees_derived_features():
    derived = '[per_pay]\ndoc = { zh = "每笔", en = "each" }\nis = "pays_1d * 2"\nelse = 7\n'
    text = changed(("inputs", 1), {"name": "per_pay", "type": "int"})
    ep = build(load(with_model(shop_files(features=FEATURES + derived), text))).events["pay"]
    assert facts(ep, pays_1d=2)[ep.index["fraud"]] == sigmoid(-1.5 - 0.125 + 1.5)
    assert ep.roots["fraud"] == {"amount", "channel", "pays_1d"}
    away = facts(ep, frozenset({"pays_1d"}))
    assert away[ep.index["per_pay"]] is None
    assert away[ep.index["fraud"]] is None


# ---- degradation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("degrade", "outcome"), [("open", "allow"), ("challenge", "challenge"), ("closed", "review")])
def test_an_absent_input_makes_the_score_absent_and_the_declared_degradation_speaks(degrade, outcome):
    ep = event(declared=DECLARED.replace('"challenge"', f'"{degrade}"'))
    absent = frozenset({"pays_1d"})
    seen = facts(ep, absent, spent_1d=5_000, device_users=1, passed_15m=0)
    decision = decide(ep, seen, absent)
    assert seen[ep.index["fraud"]] is None
    assert decision.outcome is Outcome(outcome)
    assert decision.degraded == ("pays_1d",)


# ---- cases, refit, explanation -------------------------------------------------------------------


def test_cases_give_scores_by_name_and_a_score_that_is_not_given_is_missing():
    assert check_cases(program()) == []
    rule = (
        '[[rule]]\nid = "unscored"\ndoc = { zh = "无分", en = "no score" }\nwhen = "missing(fraud)"\n'
        'score = 1\nbasis = "ours"\n'
        'case = [ { name = "y", given = { amount = "5.00", pays_1d = 3, channel = "web" }, fires = true },'
        ' { name = "n", given = { fraud = 0.5 }, fires = false } ]\n'
    )
    assert check_cases(program(rule=rule)) == []


def test_facts_under_another_program_are_scored_by_its_model():
    old, new = event(), event(changed(("base",), 1.0))
    seen = facts(old, pays_1d=1, spent_1d=5_000, device_users=1, passed_15m=0)
    other, absent = refit(old, new, seen, NOON_US)
    assert not absent
    assert other[new.index["fraud"]] == sigmoid(1.0 - 4.25 - 0.125 - 0.5)


@pytest.mark.parametrize("exact", [False, True])
def test_an_explanation_shows_the_score_with_what_each_input_did_to_it(exact):
    ep = event()
    seen = facts(ep, amount=95_000, pays_1d=4, spent_1d=95_000, device_users=1, passed_15m=0)
    line = explain(ep, seen, at_us=NOON_US, exact=exact).models[0]
    assert (line.name, line.value, line.absent, line.exact) == ("fraud", seen[ep.index["fraud"]], False, exact)
    assert line.raw == 2.75 - 0.125 + 1.5
    assert line.base + math.fsum(share.points for share in line.shares) == pytest.approx(line.raw, abs=1e-12)
    assert [share.name for share in line.shares] == ["amount", "pays_1d", "channel == 'web'"]
    assert line.shares[0].value == "950.00 CNY"
    assert line.shares[1].doc.en == "Payments in a day."
    assert sorted((share.points for share in line.shares), reverse=True) == [share.points for share in line.shares]


def test_an_absent_score_has_no_reasons():
    ep = event()
    line = explain(ep, facts(ep, frozenset({"pays_1d"})), frozenset({"pays_1d"}), at_us=NOON_US).models[0]
    assert (line.value, line.absent, line.raw, line.shares) == (None, True, None, ())


def test_what_would_change_a_decision_is_found_through_the_model():
    ep = event()
    seen = facts(ep, amount=95_000, pays_1d=4, spent_1d=95_000, device_users=1, passed_15m=0)
    found = explain(ep, seen, at_us=NOON_US)
    assert found.outcome is Outcome.REVIEW
    allowed = [change.moves for change in found.changes if change.outcome is Outcome.ALLOW]
    assert ("amount", "899.99 CNY") in [(move.input, move.after) for moves in allowed for move in moves]
