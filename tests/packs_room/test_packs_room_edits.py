"""One rule of a file is exchanged, and nothing else: not a comment, not an order, not a blank."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.packs import (
    NotEditable,
    load,
    rebased,
    rules_of,
    toml_of,
    with_new_rule,
    with_rule,
    without_rule,
)
from jindi.run.versions.comparing import compare

PACKS = Path(__file__).parents[2] / "packs"
POLICIES = sorted(PACKS.glob("*/policies/*.toml"))

FILE = """\
# The first line is somebody's.
id    = "pay"   # and so is this
state = "live"

[[band]]
from = 50   # a band

# --- large ones -----

[[rule]]
id      = "large"   # why it is here
doc     = { zh = "大额", en = "Large" }
when    = "amount >= cny('1000')"
score   = 1_0
case = [
  # just above
  { name = "yes", given = { amount = "1000.00" }, fires = true },
  { name = "no",  given = { amount = "999.99" },  fires = false }, # just below
]

# --- others -----

[[rule]]
id = 'other'
when = '''a
and b'''
[rule.doc]
zh = "其他"   # in a table of its own
en = "Other"
[[rule.case]]
name = "yes"
fires = true

[[exemption]]
id = "x"
"""


def lines_changed(old, new):
    """The lines that are only in the one, and those that are only in the other."""
    before, after = old.splitlines(), new.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def rule(text, name):
    return next(dict(each) for each in rules_of(text) if each["id"] == name)


# ---- the smallest change


def test_a_score_is_exchanged_where_it_stands_and_the_rest_of_the_file_keeps_every_character():
    new = with_rule(FILE, "large", {**rule(FILE, "large"), "score": 25})
    assert lines_changed(FILE, new) == (["score   = 1_0"], ["score   = 25"])


def test_a_comment_behind_a_value_stays_behind_the_new_one():
    new = with_rule(FILE, "large", {**rule(FILE, "large"), "id": "larger"})
    assert 'id      = "larger"   # why it is here' in new


def test_a_key_that_comes_is_put_where_such_keys_stand_and_aligned_like_its_neighbours():
    new = with_rule(FILE, "large", {**rule(FILE, "large"), "then": "review"})
    assert "score   = 1_0\n" in new
    assert 'when    = "amount >= cny(\'1000\')"\nthen    = "review"\nscore' in new


def test_a_key_that_goes_takes_its_line_along_and_no_other():
    parts = rule(FILE, "large")
    del parts["score"]
    assert lines_changed(FILE, with_rule(FILE, "large", parts)) == (["score   = 1_0"], [])


def test_cases_that_stay_keep_their_own_words_when_another_one_comes():
    parts = rule(FILE, "large")
    parts["case"] = [*parts["case"], {"name": "more", "given": {}, "fires": False}]
    new = with_rule(FILE, "large", parts)
    assert '{ name = "no",  given = { amount = "999.99" },  fires = false },' in new
    assert '{ name = "more", given = {}, fires = false },' in new


def test_what_is_written_as_a_table_of_its_own_becomes_one_line_when_it_changes():
    new = with_rule(FILE, "other", {**rule(FILE, "other"), "doc": {"zh": "别的", "en": "Else"}})
    assert '{ zh = "别的", en = "Else" }' in new
    assert "[rule.doc]" not in new
    assert "[[rule.case]]" in new, "the cases were not touched"


def test_the_same_content_is_the_same_text():
    for name in ("large", "other"):
        assert with_rule(FILE, name, rule(FILE, name)) == FILE


def test_a_condition_on_several_lines_is_written_on_several_lines():
    new = with_rule(FILE, "large", {**rule(FILE, "large"), "when": "a > 1\nand b"})
    assert "when    = '''\na > 1\nand b'''" in new


def test_a_new_rule_stands_behind_the_last_one_and_before_what_follows():
    new = with_new_rule(FILE, {"id": "new", "when": "x", "score": 5, "case": [{"name": "a", "fires": True}]})
    assert [each["id"] for each in rules_of(new)] == ["large", "other", "new"]
    assert new.index('"new"') < new.index("[[exemption]]")
    assert without_rule(new, "new").split() == FILE.split()


def test_a_removed_rule_leaves_the_comments_around_it():
    new = without_rule(FILE, "large")
    assert [each["id"] for each in rules_of(new)] == ["other"]
    assert "# --- large ones -----" in new
    assert "# --- others -----" in new


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('rule = [ { id = "large" } ]\n', "not written as"),
        ('[[rule]]\nid = "large"\n[[rule]]\nid = "large"\n', "two rules"),
        ('[[rule]]\nid = "small"\n', "no rule"),
        ("[[rule]\n", "not TOML"),
    ],
)
def test_what_can_not_be_changed_here_is_refused_and_not_guessed(text, why):
    with pytest.raises(NotEditable, match=why):
        with_rule(text, "large", {"id": "large", "score": 1})


# ---- whatever people write

PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
KEYS = st.sampled_from(["when", "then", "score", "basis", "degrade", "typology", "share_max", "method"])
VALUES = st.recursive(
    PLAIN | st.integers(-(2**40), 2**40) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["zh", "en", "a b"]), inner, max_size=2)
    ),
    max_leaves=4,
)
CASES = st.lists(
    st.fixed_dictionaries(
        {"name": PLAIN, "given": st.dictionaries(st.sampled_from("abc"), PLAIN), "fires": st.booleans()}
    ),
    max_size=3,
)
COMMENTS = st.sampled_from(["", "  # mine", "\t# [[rule]] = 'not' \"one\"", " # }] ,"])


@st.composite
def written(draw, name):
    """A rule as people may have written it: comments, literal texts, tables, arrays on several lines."""
    parts = {"id": name, **draw(st.dictionaries(KEYS, VALUES, max_size=4))}
    if draw(st.booleans()):
        parts["case"] = draw(CASES)
    lines, tables = [f"[[rule]]{draw(COMMENTS)}"], []
    for key, value in parts.items():
        pad = " " * draw(st.integers(0, 3))
        if isinstance(value, dict) and value and draw(st.booleans()):
            tables += [f"[rule.{key}]{draw(COMMENTS)}", *(f"{toml_of(k)} = {toml_of(v)}" for k, v in value.items())]
        elif isinstance(value, str) and "'" not in value and value.isprintable() and draw(st.booleans()):
            lines.append(f"{key}{pad} = '{value}'{draw(COMMENTS)}")
        elif isinstance(value, list) and draw(st.booleans()):
            inner = "".join(f"  {toml_of(each)},{draw(COMMENTS)}\n" for each in value)
            lines.append(f"{key}{pad} = [ # many\n{inner}]")
        else:
            lines.append(f"{key}{pad} = {toml_of(value)}{draw(COMMENTS)}")
    return "\n".join([*lines, *tables]) + draw(st.sampled_from(["\n", "\n\n", "\n# between\n"]))


@given(st.data())
def test_whatever_was_written_an_edit_means_what_was_meant_and_leaves_the_other_rules_alone(data):
    blocks = [data.draw(written(name)) for name in ("one", "two", "three")]
    text = 'id = "pay"\n# head\n' + "".join(blocks) + '[[exemption]]\nid = "x"\n'
    parts = {"id": "two", **data.draw(st.dictionaries(KEYS, VALUES, max_size=4)), "case": data.draw(CASES)}
    new = with_rule(text, "two", parts)
    expected = tomllib.loads(text)
    expected["rule"][1] = parts
    assert tomllib.loads(new) == expected
    assert blocks[0] in new
    assert blocks[2].rstrip() in new
    assert tomllib.loads(without_rule(new, "two"))["rule"] == [expected["rule"][0], expected["rule"][2]]


@given(VALUES)
def test_a_value_reads_back_as_it_was_written(value):
    assert tomllib.loads(f"x = {toml_of(value)}")["x"] == value


# ---- the shipped packs


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_every_rule_of_the_shipped_packs_can_be_changed_without_touching_another(path):
    text = path.read_text("utf-8")
    for each in rules_of(text):
        new = with_rule(text, each["id"], {**each, "basis": "another"})
        before = dict.fromkeys(text.splitlines())
        assert len([line for line in new.splitlines() if line not in before]) <= 1


def test_all_packs_load_to_the_same_definitions_but_for_what_was_changed():
    files = {str(path.relative_to(PACKS)): path.read_text("utf-8") for path in PACKS.rglob("*.toml")}
    old = load(files)
    path = "payment/policies/payment.toml"
    raw = rule(files[path], "payment-velocity")
    case = {"name": "six", "given": {"payments_10m": 6}, "fires": True}
    edited = with_rule(
        files[path], "payment-velocity", {**raw, "when": "payments_10m >= 6", "case": [*raw["case"], case]}
    )
    found = compare(old, load(files | {path: edited}))
    assert [(each.kind, each.policy, each.name, each.what) for each in found] == [
        ("rule", "payment", "payment-velocity", "changed")
    ]
    assert [each.name for each in found[0].aspects] == ["when"]


# ---- others went on meanwhile


def changed(text, name, **parts):
    return with_rule(text, name, {**rule(text, name), **parts})


def test_a_draft_is_carried_over_to_what_others_have_put_in_force_meanwhile():
    mine = with_new_rule(changed(FILE, "large", score=99), {"id": "mine", "when": "x", "score": 1})
    theirs = changed(FILE, "other", score=7)
    text, both = rebased(FILE, mine, theirs)
    assert both == ()
    assert rule(text, "large")["score"] == 99
    assert rule(text, "other")["score"] == 7
    assert rule(text, "mine")["score"] == 1


def test_a_rule_that_both_changed_keeps_the_draft_and_is_named():
    text, both = rebased(FILE, changed(FILE, "large", score=99), changed(FILE, "large", score=7))
    assert both == ("large",)
    assert rule(text, "large")["score"] == 99


def test_what_both_did_alike_is_nobodys_conflict_and_a_removed_rule_stays_removed():
    same = changed(FILE, "large", score=99)
    assert rebased(FILE, same, same) == (same, ())
    text, both = rebased(FILE, without_rule(FILE, "other"), changed(FILE, "large", score=7))
    assert both == ()
    assert [each["id"] for each in rules_of(text)] == ["large"]


def test_what_was_read_of_a_file_is_the_same_after_all_that_was_made_of_it():
    # (What is read is kept and given again, so nothing may be changed in it.)
    for path in (Path("pay.toml"), *POLICIES):
        text = FILE if path.name == "pay.toml" else path.read_text("utf-8")
        for each in rules_of(text):
            other = {**each, "score": 7, "doc": {"zh": "改", "en": "changed"}}
            changed = with_rule(text, each["id"], other)
            rebased(text, changed, without_rule(text, each["id"]))
            rules_of(text).clear()
            with_new_rule(changed, {**other, "id": "one-more"})
        assert rules_of(text) == tomllib.loads(text)["rule"]
