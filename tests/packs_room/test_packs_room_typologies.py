"""typologies.toml: read whole, or every problem with its address; a rule points to one; a change of one is told."""

import pytest
from packs_room_world import EVENTS, policy, rule, said, told, world

from jindi.doors.console.words import WORDS
from jindi.engine import build
from jindi.packs import Outcome, load
from jindi.packs.typologies import STEPS_MAX
from jindi.run.versions.comparing import compare, unified

PLACE = "shop/typologies.toml"
HOUR_US = 3_600_000_000

TAKEOVER = """
[takeover]
doc = { zh = "账户盗用。", en = "An account is taken over." }
by = ["user", "phone"]
least = "delay"
severity = "high"
due = "4h"
[[takeover.step]]
doc = { zh = "看决策理由。", en = "Read why it was decided." }
[[takeover.step]]
doc = { zh = "回拨客户。", en = "Call the customer back." }
"""
REST = """
[other]
doc = { zh = "其他。", en = "Anything else." }
by = "user"
severity = "low"
due = "2d"
rest = true
"""


def files(text, **more):
    """The small shop with these typologies."""
    return world(**{PLACE: text, **more})


def loaded(text, **more):
    return load(files(text, **more))


def one(name="takeover", steps="", **changed):
    """A typology with some keys changed; None takes one out."""
    keys = {"doc": '{ zh = "甲。", en = "A." }', "by": '["user"]', "severity": '"high"', "due": '"1d"'} | changed
    lines = "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None)
    return f"[{name}]\n{lines}\n{steps}\n"


def steps(count, name="takeover"):
    return "\n".join(f'[[{name}.step]]\ndoc = {{ zh = "看{n}", en = "look {n}" }}' for n in range(count))


def pointing(name):
    """The shop's policy, its rule pointing to this typology."""
    return [policy(rule(extra=f'then = "review"\ntypology = {name}'))]


def test_typologies_are_read_whole():
    found = loaded(TAKEOVER + REST, policies=pointing('"takeover"'))
    takeover, other = found.typologies["takeover"], found.typologies["other"]
    assert (takeover.pack, takeover.by, takeover.least) == ("shop", ("user", "phone"), Outcome.DELAY)
    assert (takeover.level, takeover.due_us, takeover.rest) == ("high", 4 * HOUR_US, False)
    assert [step.en for step in takeover.steps] == ["Read why it was decided.", "Call the customer back."]
    assert [step.zh for step in takeover.steps] == ["看决策理由。", "回拨客户。"]
    assert (other.by, other.steps, other.rest) == (("user",), (), True)
    [pointed] = found.policies[0].rules
    assert pointed.typology == "takeover"


def test_what_is_not_said_of_a_typology_has_one_meaning():
    found = loaded(one())
    assert (found.typologies["takeover"].least, found.typologies["takeover"].rest) == (Outcome.REVIEW, False)
    assert found.typologies["takeover"].steps == ()
    assert found.policies[0].rules[0].typology is None


@pytest.mark.parametrize(
    ("changed", "said_of_it"),
    [
        ({"doc": None}, "`doc` is missing"),
        ({"doc": '"A."'}, "`doc` must be a table with zh and en, not text"),
        ({"doc": '{ zh = "甲。" }'}, "takeover: doc: `en` is missing"),
        ({"doc": '{ zh = "", en = "A." }'}, "takeover: doc: `zh` is empty"),
        ({"by": None}, "`by` is missing (give a text or a list of texts)"),
        ({"by": "[]"}, "`by` is empty (name at least one)"),
        ({"by": "3"}, "`by` must be a text or a list of texts"),
        ({"by": '["user", "user"]'}, "`by` names 'user' twice"),
        ({"by": '["user", "phnoe"]'}, "`by`: no event names an entity 'phnoe' (did you mean 'phone'?)"),
        ({"by": '"payee"'}, "`by`: no event names an entity 'payee' (use one of: phone, user)"),
        ({"least": '"allow"'}, "unknown least 'allow' (use one of: challenge, delay, deny, review)"),
        ({"least": '"revue"'}, "unknown least 'revue' (did you mean 'review'?)"),
        ({"least": "1"}, "`least` must be a text, not a whole number"),
        ({"severity": None}, "`severity` is missing (use one of: low, medium, high, critical)"),
        ({"severity": '"grave"'}, "unknown severity 'grave'"),
        ({"due": None}, "`due` is missing"),
        ({"due": '"soon"'}, "`due` is not a duration"),
        ({"due": '"0s"'}, "`due` is too short"),
        ({"due": "4"}, '`due` must be a duration text such as "5m", not a whole number'),
        ({"rest": '"yes"'}, "`rest` must be true or false, not text"),
        ({"step": '"look"'}, "`step` must be an array of tables"),
        ({"step": "[{}]"}, "takeover: step 1: `doc` is missing"),
        ({"step": '[{ doc = { zh = "看", en = "look" } }, { doc = { zh = "看", en = "" } }]'}, "step 2: doc: `en` is"),
        ({"step": '[{ doc = { zh = "看", en = "look" }, who = "ann" }]'}, "takeover: step 1: unknown key 'who'"),
        ({"owner": '"ann"'}, "unknown key 'owner'"),
        ({"severty": '"low"'}, "unknown key 'severty' (did you mean 'severity'?)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_typology_is_told_with_its_address(changed, said_of_it):
    assert said(files(one(**changed)), f"{PLACE}: takeover", said_of_it)


def test_a_list_of_steps_that_nobody_can_go_through_is_refused():
    assert len(loaded(one(steps=steps(STEPS_MAX))).typologies["takeover"].steps) == STEPS_MAX
    assert said(files(one(steps=steps(STEPS_MAX + 1))), "takeover: more than 20 steps (a list that nobody can go")


@pytest.mark.parametrize("name", ["Takeover", "take-over", "9lives", "x" * 65])
def test_a_typology_needs_a_name(name):
    assert said(files(one(f'"{name}"')), f"{PLACE}: {name[:64]}: not a name")


def test_a_typology_is_a_table():
    assert said(files('takeover = "high"'), "takeover: must be a table, not text (begin it with [takeover])")


def test_only_one_typology_has_the_rest():
    again = REST.replace("[other]", "[others]")
    assert said(files(REST + again), f"{PLACE}: others: `rest` is that of other already", "leave `rest` out of one")


def test_two_packs_can_not_have_one_typology_and_only_one_of_them_has_the_rest():
    pack = world()["shop/pack.toml"].replace('"shop"', '"zoo"')
    beside = {"zoo/pack.toml": pack, "zoo/typologies.toml": one()}
    assert said(files(one(), **beside), "zoo/typologies.toml: takeover", "the typology takeover is declared in")
    beside["zoo/typologies.toml"] = REST.replace("[other]", "[others]")
    assert said(files(REST, **beside), "zoo/typologies.toml: others: `rest` is that of other already")


def test_a_typology_may_be_about_what_another_packs_event_names_and_a_rule_may_point_to_another_packs():
    pack = world()["shop/pack.toml"].replace('"shop"', '"zoo"')
    found = load(
        world(
            policies=pointing('"takeover"'),
            **{"zoo/pack.toml": pack, "zoo/typologies.toml": one(by='["phone"]')},
        )
    )
    assert found.typologies["takeover"].pack == "zoo"


@pytest.mark.parametrize(
    ("name", "told_of_it"),
    [
        ('"takeovr"', "`typology`: unknown typology 'takeovr' (did you mean 'takeover'?)"),
        ('"fraud"', "`typology`: unknown typology 'fraud' (use one of: other, takeover)"),
        ('""', "`typology` is empty (name a typology, or leave it out)"),
        ("true", "`typology` must be a text, not true or false"),
    ],
)
def test_a_rule_points_to_a_typology_that_is_declared(name, told_of_it):
    assert said(files(TAKEOVER + REST, policies=pointing(name)), "rule big", told_of_it)


def test_where_no_typology_is_declared_a_rule_can_point_to_none():
    assert said(world(policies=pointing('"takeover"')), "unknown typology 'takeover' (none is declared)")


def test_a_broken_file_of_typologies_blames_no_rule_that_points_into_it():
    assert said(files(TAKEOVER + "severity =", policies=pointing('"takeover"')), f"{PLACE}: line", "not TOML")
    assert said(files(one(due='"soon"'), policies=pointing('"takeover"')), "takeover: `due` is not a duration")


def test_a_broken_event_blames_no_typology_that_is_about_what_it_names():
    whole_file, one_field = (
        EVENTS + "[",
        EVENTS.replace('class = "C2", entity = "user"', 'class = "C9", entity = "user"'),
    )
    for events in (whole_file, one_field):
        lines = told(files(one(by='["user"]'), events=events))
        assert lines
        assert not [line for line in lines if line.startswith(PLACE)], lines


def test_every_problem_of_every_typology_is_told_at_once():
    first = one(severity='"grave"', doc=None)
    second = one("mule", by='"payee"', due=None)
    lines = told(files(first + second + '\n[[takeover.step]]\nhow = "?"\n', features="[paid_7d]\n"))
    for part in (
        "takeover: unknown severity", "takeover: `doc` is missing", "takeover: step 1: unknown key 'how'",
        "mule: `due` is missing", "mule: `by`: no event names an entity 'payee'", "features.toml: paid_7d",
    ):  # fmt: skip
        assert any(part in line for line in lines), (part, lines)


def test_typologies_are_part_of_what_is_in_force_and_come_back_from_its_source():
    with_them, without = loaded(TAKEOVER + REST), load(world())
    assert with_them.digest != without.digest  # nobody takes one out unseen
    again = load(with_them.source)
    assert (again.digest, again.typologies) == (with_them.digest, with_them.typologies)
    assert list(again.typologies) == ["takeover", "other"]


def test_what_is_decided_does_not_depend_on_typologies():
    with_them, without = loaded(TAKEOVER, policies=pointing('"takeover"')), load(world())
    for name, program in build(with_them).events.items():
        assert program.index == build(without).events[name].index
    ours, theirs = with_them.policies[0], without.policies[0]
    assert [(rule.when, rule.then, rule.score) for rule in ours.rules] == [
        (rule.when, rule.then, rule.score) for rule in theirs.rules
    ]
    assert ours.version != theirs.version  # to whom a hit comes is a part of the policy that is approved


def test_a_changed_typology_is_told_in_the_words_of_its_file():
    old = loaded(TAKEOVER)
    new = loaded(TAKEOVER.replace('"4h"', '"30m"').replace('"high"', '"critical"').replace("Call the", "Ring the"))
    (difference,) = compare(old, new)
    assert (difference.kind, difference.name, difference.what) == ("typology", "takeover", "changed")
    told_of = {each.name: (each.before, each.after) for each in difference.aspects}
    assert told_of["due"] == ("4h", "30m")
    assert told_of["severity"] == ("high", "critical")
    before, after = told_of["step"]
    assert "Call the customer back." in before
    assert "Ring the customer back." in after
    assert set(told_of) == {"due", "severity", "step"}
    text = unified(old.source, new.source)
    assert '-due = "4h"' in text
    assert '+due = "30m"' in text


def test_a_typology_that_comes_or_goes_or_is_pointed_to_is_told():
    bare, full = load(world()), loaded(TAKEOVER, policies=pointing('"takeover"'))
    coming = {each.kind: each for each in compare(bare, full)}
    assert coming["typology"].what == "added"
    assert {each.name: each.after for each in coming["typology"].aspects}["by"] == "user, phone"
    [pointed] = coming["rule"].aspects
    assert (pointed.name, pointed.before, pointed.after) == ("typology", None, "takeover")
    assert {each.kind: each.what for each in compare(full, bare)} == {"rule": "changed", "typology": "removed"}


def test_the_console_has_a_word_for_every_kind_of_difference():
    nothing, all_of_it = load({"shop/pack.toml": world()["shop/pack.toml"]}), loaded(TAKEOVER)
    kinds = {each.kind.replace(" ", "_") for each in compare(nothing, all_of_it)}
    assert "typology" in kinds
    assert [kind for kind in kinds if f"kind.{kind}" not in WORDS] == []
