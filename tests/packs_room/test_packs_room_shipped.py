"""The skeleton of a new pack, the pack `core` that every platform has, and the kinds of case of all shipped packs."""

import re
from pathlib import Path

import pytest

from jindi.basics.problems import Problems
from jindi.packs import Outcome, load, skeleton
from jindi.packs.vocabulary import LIFECYCLES

PACKS = Path(__file__).parents[2] / "packs"
CORE = PACKS / "core"


def core():
    return {f"core/{path.relative_to(CORE).as_posix()}": path.read_text("utf-8") for path in CORE.rglob("*.toml")}


@pytest.fixture(scope="module")
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


def rules_of(definitions):
    return [(policy, rule) for policy in definitions.policies for rule in policy.rules]


def test_a_new_pack_loads_without_a_problem():
    definitions = load(skeleton("shop"))
    assert list(definitions.events) == ["shop_order"]
    assert definitions.live_policy("shop_order").cases
    assert {entry.value for entry in definitions.lists["shop_trusted_users"].entries} == {"staff-test"}


def test_new_packs_load_beside_each_other_and_beside_core():
    definitions = load({**core(), **skeleton("shop"), **skeleton("zoo")})
    assert list(definitions.packs) == ["core", "shop", "zoo"]


def test_a_new_pack_shows_every_kind_of_thing():
    definitions = load(skeleton("shop"))
    policy = definitions.live_policy("shop_order")
    assert definitions.features
    assert definitions.derived
    assert definitions.limits
    assert definitions.lists
    assert policy.bands
    assert policy.rules
    assert policy.exemptions


@pytest.mark.parametrize("name", ["Shop", "1shop", "", "a b", "../x", "x" * 41])
def test_a_new_pack_needs_a_name(name):
    with pytest.raises(Problems, match="not a name for a pack"):
        skeleton(name)


def test_the_longest_name_still_works():
    assert load(skeleton("x" * 40)).packs


def test_core_declares_the_whole_life_of_a_decision():
    events = load(core()).events
    assert {event.lifecycle: name for name, event in events.items()} == {
        "challenge_result": "challenge_result",
        "release": "decision_release",
        "recall": "decision_recall",
        "verdict": "review_verdict",
        "finding": "case_finding",
        "list_entry": "list_entry",
    }
    assert set(LIFECYCLES) == {event.lifecycle for event in events.values()}
    fields = {name: [f.name for f in event.fields] for name, event in events.items()}
    assert fields["challenge_result"] == ["decision", "user", "method", "passed"]
    assert fields["decision_release"] == ["decision", "by"]
    assert fields["decision_recall"] == ["decision", "by", "note"]
    assert fields["review_verdict"] == ["decision", "verdict", "by", "note"]
    assert fields["case_finding"] == ["decision", "finding", "case", "by"]
    assert fields["list_entry"] == ["list", "value", "action", "expires", "reason", "by"]


def test_a_new_pack_is_named_throughout():
    files = skeleton("zoo")
    assert "zoo/policies/zoo_order.toml" in files
    assert not any("NAME" in path + text for path, text in files.items())


# ---- kinds of case


def test_core_has_the_rest_and_names_only_what_it_knows():
    typologies = load(core()).typologies
    assert [name for name, each in typologies.items() if each.rest] == ["other"]
    assert "account_takeover" in typologies


def test_no_rule_that_denies_or_asks_for_a_review_falls_to_the_rest(shipped):
    fallen = [
        rule.id for _, rule in rules_of(shipped) if rule.then in (Outcome.REVIEW, Outcome.DENY) and not rule.typology
    ]
    assert fallen == []
    assert [rule.id for _, rule in rules_of(shipped) if rule.typology == "other"] == []


def test_every_rule_that_can_change_an_outcome_points_to_a_typology(shipped):
    silent = [rule.id for policy, rule in rules_of(shipped) if (rule.then or policy.bands) and not rule.typology]
    assert silent == []


def test_every_typology_but_the_rest_is_pointed_to(shipped):
    pointed = {rule.typology for _, rule in rules_of(shipped)}
    assert sorted(set(shipped.typologies) - pointed) == ["other"]


def test_a_case_is_about_somebody_that_the_event_of_each_of_its_rules_must_name(shipped):
    for policy, rule in rules_of(shipped):
        if rule.typology is None:
            continue
        named = {field.entity for field in shipped.events[policy.on].fields if field.required}
        assert named & set(shipped.typologies[rule.typology].by), (policy.id, rule.id, rule.typology)


def test_a_case_of_something_graver_is_not_due_later(shipped):
    longest = {}
    for each in shipped.typologies.values():
        longest[each.level] = max(longest.get(each.level, 0), each.due_us)
    assert longest["critical"] < longest["high"] <= longest["low"]
    assert longest["medium"] <= longest["low"]


def test_cases_about_staff_are_about_the_member_of_staff(shipped):
    staff = [each for each in shipped.typologies.values() if each.pack == "staff"]
    assert len(staff) == 8
    assert {each.by for each in staff} == {("staff",)}


def test_every_typology_has_three_to_seven_steps_each_its_own_in_both_languages(shipped):
    every = [step for each in shipped.typologies.values() for step in each.steps]
    for name, each in shipped.typologies.items():
        assert 3 <= len(each.steps) <= 7, name
    assert len({step.zh for step in every}) == len({step.en for step in every}) == len(every) > 150
    for step in every:
        assert re.search(r"[\u4e00-\u9fff]", step.zh), step.zh
        assert step.zh.endswith(("。", "？")), step.zh
        assert not re.search(r"[\u4e00-\u9fff]", step.en), step.en
        assert step.en.endswith((".", "?")), step.en


def test_figures_of_typologies_are_said_to_be_design_defaults():
    assert "design defaults" in (CORE / "typologies.toml").read_text("utf-8").split("\n[", 1)[0]
    for path in PACKS.glob("*/typologies.toml"):
        head = path.read_text("utf-8").split("\n[", 1)[0]
        assert "design defaults" in head or "core/typologies.toml" in head, path
