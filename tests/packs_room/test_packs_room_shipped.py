"""The skeleton of a new pack, and the pack `core` that every platform has."""

from pathlib import Path

import pytest

from jindi.basics.problems import Problems
from jindi.packs import load, skeleton
from jindi.packs.vocabulary import LIFECYCLES

CORE = Path(__file__).parents[2] / "packs" / "core"


def core():
    return {f"core/{path.relative_to(CORE).as_posix()}": path.read_text("utf-8") for path in CORE.rglob("*.toml")}


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
        "list_entry": "list_entry",
    }
    assert set(LIFECYCLES) == {event.lifecycle for event in events.values()}
    fields = {name: [f.name for f in event.fields] for name, event in events.items()}
    assert fields["challenge_result"] == ["decision", "user", "method", "passed"]
    assert fields["decision_release"] == ["decision", "by"]
    assert fields["decision_recall"] == ["decision", "by", "note"]
    assert fields["review_verdict"] == ["decision", "verdict", "by", "note"]
    assert fields["list_entry"] == ["list", "value", "action", "expires", "reason", "by"]


def test_a_new_pack_is_named_throughout():
    files = skeleton("zoo")
    assert "zoo/policies/zoo_order.toml" in files
    assert not any("NAME" in path + text for path, text in files.items())
