"""case_words.toml: what packs call their cases in Chinese, or every problem with its address."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packs_room_world import told, world

from jindi.packs import case_called, load, parsed, policy_skeleton

PACKS = Path(__file__).parents[2] / "packs"
PLACE = "shop/case_words.toml"


def files(text, **more):
    return world(**{PLACE: text, **more})


def test_a_case_is_called_as_its_pack_says():
    definitions = load(files('"yes" = "是"\n'))
    assert definitions.case_words == {"shop": {"yes": "是"}}
    assert case_called(definitions.case_words, "yes", "shop") == "是"
    assert case_called(definitions.case_words, "no", "shop") is None


def test_the_words_of_cases_change_neither_what_is_decided_nor_how():
    plain, called = load(world()), load(files('"yes" = "是"\n'))
    assert plain.policies == called.policies
    assert plain.digest != called.digest, "they are recorded with the rest of what was in force"


@pytest.mark.parametrize(
    ("text", "item", "problem"),
    [
        ('"yes" = 1', "yes", "must be a text, not a whole number"),
        ('[yes]\nzh = "是"', "yes", "must be a text, not a table"),
        ('"yes" = "  "', "yes", "is empty"),
        (f'"yes" = "{"长" * 65}"', "yes", "longer than 64 characters"),
    ],
)
def test_what_is_wrong_with_the_words_of_a_case_is_told_with_its_place(text, item, problem):
    lines = told(files(text))
    assert len(lines) == 1
    assert lines[0].startswith(f"{PLACE}: {item}: {problem}"), lines


def test_a_case_that_was_renamed_makes_no_problem_and_has_no_word():
    definitions = load(files('"as it was called before" = "从前的叫法"\n'))
    assert case_called(definitions.case_words, "yes", "shop") is None


def test_each_pack_calls_its_own_cases_and_two_may_differ():
    zoo = {
        "zoo/pack.toml": world()["shop/pack.toml"].replace('"shop"', '"zoo"'),
        "zoo/case_words.toml": '"yes" = "对"\n"at noon" = "正午"\n',
    }
    words = load(files('"yes" = "是"\n', **zoo)).case_words
    assert [case_called(words, "yes", pack) for pack in ("shop", "zoo")] == ["是", "对"]
    assert case_called(words, "yes") is None, "two packs differ, and nobody says whose case it is"
    assert case_called(words, "at noon", "shop") == "正午"


def shipped():
    """The names of the cases of each shipped pack, and what the pack calls them; core calls those of a policy that is
    begun in the console.
    """
    definitions = load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})
    names = {pack: set() for pack in definitions.packs}
    for policy in definitions.policies:
        names[policy.pack] |= {case.name for case in policy.cases}
        names[policy.pack] |= {case.name for rule in policy.rules for case in rule.cases}
    for pattern in definitions.patterns.values():
        names[pattern.pack] |= {case.name for case in pattern.cases}
    begun = policy_skeleton("night", "login", "draft", "夜间", "Night", datetime(2026, 11, 22, 3, tzinfo=UTC))
    names["core"] |= {case["name"] for case in parsed(begun)["rule"][0]["case"] + parsed(begun)["case"]}
    return names, definitions.case_words


def test_every_case_of_a_shipped_pack_has_its_chinese_name_and_no_name_is_left_over():
    names, words = shipped()
    assert sum(map(len, names.values())) > 400
    for pack, cases in names.items():
        called = words.get(pack, {})
        assert sorted(cases - called.keys()) == [], pack
        assert sorted(called.keys() - cases) == [], pack


def test_the_chinese_names_are_chinese_short_and_written_as_the_house_writes():
    _, words = shipped()
    for name, called in [each for pack in words.values() for each in pack.items()]:
        assert re.search(r"[\u4e00-\u9fff]", called), name
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", called), called
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", called), called


def test_names_stand_in_the_files_once():
    for path in PACKS.glob("*/case_words.toml"):
        lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith('"')]
        assert len(lines) == len(tomllib.loads(path.read_text("utf-8")))
