"""Bands, exemptions, cases, settings and dated values are exchanged in a file, and nothing else."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.packs import (
    PARTS,
    NotEditable,
    load,
    parts_of,
    policy_skeleton,
    rebased,
    rebased_values,
    settings_of,
    values_of,
    with_moved_part,
    with_new_part,
    with_part,
    with_parts,
    with_settings,
    with_values,
    without_part,
)

PACKS = Path(__file__).parents[2] / "packs"
POLICIES = {path.stem: path.read_text("utf-8") for path in sorted(PACKS.glob("*/policies/*.toml"))}
LIMITS = {str(path.relative_to(PACKS)): path.read_text("utf-8") for path in sorted(PACKS.glob("*/parameters/*.toml"))}

FILE = """\
# The first line is somebody's.
id    = "pay"   # and so is this
state = "live"
doc   = { zh = "付款",  en = "Payments" }   # two blanks

# What scores come to.
[[band]]
from   = 50   # the first
then   = "challenge"
method = "otp"
[[band]]
from = 90
then = "review"

[[rule]]
id    = "large"
score = 60
case = [
  # just above
  { name = "yes", given = { amount = "1000.00" }, fires = true },
  { name = "no",  given = { amount = "999.99" },  fires = false }, # just below
]

# Those who were seen in person.
[[exemption]]
id    = "known"   # by face
when  = "user in list('known')"
lifts = ["challenge"]

# In the end.
[[case]]
name    = "an ordinary one"   # most are
given   = { amount = "1.00" }
outcome = "allow"
"""

FIGURES = """\
# Ours.

[daily]   # a limit
doc   = { zh = "单日", en = "A day's" }
type  = "money"
mark  = "design default"
value = [{ since = 2016-01-01, is = "2000.00", basis = { zh = "自定", en = "Ours" } }]

[pace]
type  = "int"
value = [
  # the law of then
  { since = 2016-01-01, is = 5,  basis = "law 1" },  # in force
  { since = 2026-01-01, is = 10, basis = "law 2" }
]
"""


def changed(old, new):
    """The lines that are only in the one, and those that are only in the other."""
    before, after = old.splitlines(), new.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


# ---- one part


def test_a_bands_score_is_exchanged_where_it_stands_and_its_comment_stays():
    new = with_part(FILE, "band", 0, {"from": 55, "then": "challenge", "method": "otp"})
    assert changed(FILE, new) == (["from   = 50   # the first"], ["from   = 55   # the first"])


def test_a_new_band_stands_behind_the_last_or_before_the_one_that_was_named():
    band = {"from": 70, "then": "delay", "wait": "2h"}
    last, between = with_new_part(FILE, "band", {**band, "from": 99}), with_new_part(FILE, "band", band, 1)
    assert [each["from"] for each in parts_of(last, "band")] == [50, 90, 99]
    assert [each["from"] for each in parts_of(between, "band")] == [50, 70, 90]
    assert last.index("from = 99") < last.index("[[rule]]")
    assert without_part(between, "band", 1) == FILE


def test_the_first_part_of_its_kind_stands_where_such_parts_belong():
    bare = 'id = "a"\n\n# rules\n[[rule]]\nid = "r"\n\n[[exemption]]\nid = "e"\n'
    band = with_new_part(bare, "band", {"from": 1, "then": "review"})
    assert band.index('id = "a"') < band.index("[[band]]") < band.index("# rules")
    case = with_new_part(bare, "case", {"name": "n", "given": {}, "outcome": "allow"})
    assert case.index("[[exemption]]") < case.index("[[case]]")
    assert with_new_part("", "case", {"name": "n"}) == '[[case]]\nname = "n"\n'


def test_parts_change_places_and_what_stands_between_them_stays():
    new = with_moved_part(FILE, "band", 0, 1)
    assert [each["from"] for each in parts_of(new, "band")] == [90, 50]
    assert "from   = 50   # the first" in new
    assert new.index("# What scores come to.") < new.index("from = 90")
    assert with_moved_part(new, "band", 1, 0) == FILE
    assert with_moved_part(FILE, "band", 1, 9) == FILE, "the last is the last already"


def test_an_exemption_and_a_case_keep_their_comments_when_something_in_them_changes():
    wide = {**parts_of(FILE, "exemption")[0], "lifts": ["challenge", "delay"]}
    assert changed(FILE, with_part(FILE, "exemption", 0, wide)) == (
        ['lifts = ["challenge"]'],
        ['lifts = ["challenge", "delay"]'],
    )
    case = {**parts_of(FILE, "case")[0], "given": {"amount": "2.00"}}
    assert changed(FILE, with_part(FILE, "case", 0, case)) == (
        ['given   = { amount = "1.00" }'],
        ['given   = { amount = "2.00" }'],
    )


def test_inside_of_an_inline_table_only_what_is_another_is_exchanged():
    said = settings_of(FILE)
    new = with_settings(FILE, {**said, "doc": {"zh": "付款", "en": "All payments"}})
    assert 'doc   = { zh = "付款",  en = "All payments" }   # two blanks' in new
    rule = parts_of(FILE, "rule")[0]
    cases = [rule["case"][0], {**rule["case"][1], "fires": True}]
    new = with_part(FILE, "rule", 0, {**rule, "case": cases})
    assert '  { name = "no",  given = { amount = "999.99" },  fires = true }, # just below' in new
    assert "  # just above" in new


def test_settings_come_and_go_in_their_order_and_a_setting_in_a_table_of_its_own_may_too():
    said = settings_of(FILE)
    new = with_settings(FILE, {**said, "deadline": "300ms", "keeps": ["a"]})
    assert new.index("doc   =") < new.index('deadline = "300ms"') < new.index("# What scores")
    assert with_settings(new, said) == FILE
    split = FILE.replace("# What scores", '[split]\nby = "user"\nshare = "10%"\nseed = "a"\n\n# What scores')
    without = with_settings(split, said)
    assert tomllib.loads(without) == tomllib.loads(FILE)
    other = {"by": "user", "share": "20%", "seed": "a"}
    assert settings_of(with_settings(split, {**said, "split": other}))["split"] == other


def test_what_is_not_written_as_parts_is_refused_and_not_guessed():
    with pytest.raises(NotEditable, match="not written as"):
        with_part('band = [ { from = 1, then = "deny" } ]\n', "band", 0, {"from": 2, "then": "deny"})
    with pytest.raises(NotEditable, match="no array"):
        parts_of("band = 1\n", "band")


# ---- dated values


def test_a_value_to_come_is_a_line_of_its_own_and_those_before_keep_their_words():
    coming = {"since": date(2027, 1, 1), "is": "1500.00", "basis": {"zh": "新", "en": "New"}}
    new = with_values(FIGURES, "daily", [*values_of(FIGURES, "daily"), coming])
    assert '  { since = 2016-01-01, is = "2000.00", basis = { zh = "自定", en = "Ours" } },\n' in new
    assert '  { since = 2027-01-01, is = "1500.00", basis = { zh = "新", en = "New" } },\n]' in new
    assert new.split("[pace]")[1] == FIGURES.split("[pace]")[1]


def test_values_that_come_and_go_leave_the_comments_and_the_alignment_of_the_others():
    coming = {"since": date(2027, 1, 1), "is": 12, "basis": "law 3"}
    new = with_values(FIGURES, "pace", [*values_of(FIGURES, "pace"), coming])
    assert "  # the law of then\n" in new
    assert '{ since = 2016-01-01, is = 5,  basis = "law 1" },  # in force' in new
    assert '  { since = 2026-01-01, is = 10, basis = "law 2" },\n  { since = 2027-01-01' in new
    other = with_values(new, "pace", [*values_of(FIGURES, "pace"), {**coming, "is": 13}])
    assert changed(new, other) == (
        ['  { since = 2027-01-01, is = 12, basis = "law 3" },'],
        ['  { since = 2027-01-01, is = 13, basis = "law 3" },'],
    )
    assert tomllib.loads(with_values(other, "pace", values_of(FIGURES, "pace"))) == tomllib.loads(FIGURES)


def test_a_parameter_that_is_not_there_or_not_written_as_a_table_is_refused():
    with pytest.raises(NotEditable, match="no parameter"):
        with_values(FIGURES, "nothing", [])
    with pytest.raises(NotEditable, match="not written as"):
        with_values("daily = { value = [] }\n", "daily", [{"is": 1}])


# ---- others went on meanwhile


def test_all_that_a_draft_changed_is_carried_over_and_what_both_changed_is_named():
    mine = with_part(FILE, "band", 0, {"from": 55, "then": "challenge", "method": "otp"})
    mine = with_settings(mine, {**settings_of(mine), "state": "shadow"})
    theirs = with_part(FILE, "case", 0, {"name": "theirs", "given": {}, "outcome": "allow"})
    text, both = rebased(FILE, mine, theirs)
    assert both == ()
    assert [each["from"] for each in parts_of(text, "band")] == [55, 90]
    assert settings_of(text)["state"] == "shadow"
    assert parts_of(text, "case")[0]["name"] == "theirs"
    theirs = without_part(with_settings(FILE, {**settings_of(FILE), "state": "draft"}), "band", 1)
    theirs = with_part(theirs, "exemption", 0, {**parts_of(FILE, "exemption")[0], "when": "theirs"})
    mine = with_part(mine, "exemption", 0, {**parts_of(FILE, "exemption")[0], "when": "mine"})
    text, both = rebased(FILE, mine, theirs)
    assert both == ("settings/state", "exemptions/known", "bands/")
    assert tomllib.loads(text) == tomllib.loads(mine)


def test_values_are_carried_over_and_a_parameter_that_both_changed_is_named():
    coming = {"since": date(2027, 1, 1), "is": 12, "basis": "law 3"}
    mine = with_values(FIGURES, "pace", [*values_of(FIGURES, "pace"), coming])
    theirs = with_values(
        FIGURES, "daily", [*values_of(FIGURES, "daily"), {**coming, "is": "1.00"}]
    )  # fmt: skip
    text, both = rebased_values(FIGURES, mine, theirs)
    assert both == ()
    assert len(values_of(text, "pace")) == 3
    assert len(values_of(text, "daily")) == 2
    theirs = with_values(FIGURES, "pace", [*values_of(FIGURES, "pace"), {**coming, "is": 99}])
    assert rebased_values(FIGURES, mine, theirs) == (mine, ("pace",))
    with pytest.raises(NotEditable, match="more than dated values"):
        rebased_values(FIGURES, mine.replace('"money"', '"int"'), theirs)


# ---- a new policy


def test_the_beginning_of_a_policy_loads_and_its_cases_hold():
    from datetime import datetime, timedelta, timezone

    from jindi.engine import build, check_cases

    night = datetime(2026, 11, 20, 3, tzinfo=timezone(timedelta(hours=8)))
    files = {str(path.relative_to(PACKS)): path.read_text("utf-8") for path in PACKS.rglob("*.toml")}
    text = policy_skeleton("second", "payment", "shadow", '他说"好"', "He said “yes”", night)
    program = build(load(files | {"payment/policies/second.toml": text}))
    assert check_cases(program) == []
    policy = next(each for each in program.definitions.policies if each.id == "second")
    assert policy.doc.zh == '他说"好"'
    assert policy.bands == ()
    assert all(rule.then is None for rule in policy.rules)


# ---- the shipped files, changed again and again

VALUES = {
    "band": st.fixed_dictionaries({
        "from": st.integers(-1000, 1000), "then": st.sampled_from(["challenge", "delay", "review"]),
    }),
    "rule": st.fixed_dictionaries({
        "id": st.sampled_from(["new-a", "new-b"]), "when": st.sampled_from(["hour < 6", "a\nand b"]),
        "score": st.integers(0, 9), "case": st.lists(st.fixed_dictionaries({"name": st.text(max_size=4)}), max_size=2),
    }),
    "exemption": st.fixed_dictionaries({
        "id": st.sampled_from(["new-c", "new-d"]), "lifts": st.lists(st.sampled_from(["delay", "deny"]), max_size=2),
    }),
    "case": st.fixed_dictionaries({
        "name": st.text(max_size=6), "given": st.dictionaries(st.sampled_from("ab"), st.integers()),
        "outcome": st.sampled_from(["allow", "deny"]),
    }),
}  # fmt: skip


def edited(text, expected, data):
    """One more edit of a file, and what it means. What it does not touch must stay, character by character."""
    kind = data.draw(st.sampled_from(sorted(PARTS)))
    parts = expected.get(kind, [])
    what = data.draw(st.sampled_from(["change", "add", "remove", "move"] if parts else ["add"]))
    place = data.draw(st.integers(0, len(parts) - 1)) if parts else 0
    part = data.draw(VALUES[kind])
    if what == "change":
        # Some of the old keys stay, so that there is something to leave alone.
        kept = {key: value for key, value in parts[place].items() if key not in part or data.draw(st.booleans())}
        part = {**part, **kept}
        new, wanted = with_part(text, kind, place, part), [*parts[:place], part, *parts[place + 1 :]]
    elif what == "add":
        new, wanted = with_new_part(text, kind, part, place), [*parts[:place], part, *parts[place:]]
        assert without_lines(new, text) == []
    elif what == "remove":
        new, wanted = without_part(text, kind, place), [*parts[:place], *parts[place + 1 :]]
    else:
        to = data.draw(st.integers(0, len(parts) - 1))
        wanted = list(parts)
        wanted.insert(to, wanted.pop(place))
        new = with_moved_part(text, kind, place, to)
        assert sorted(new.split()) == sorted(text.split())
    whole = {**expected, kind: wanted}
    return new, whole if wanted else {key: value for key, value in whole.items() if key != kind}


def without_lines(new, old):
    """The lines of the old text that the new one has not."""
    return [line for line in old.splitlines() if line not in new.splitlines()]


def comments(text):
    """Comments that stand alone above everything: no part has them."""
    return [line for line in text.splitlines() if line.startswith("#")]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_is_done_to_a_shipped_policy_means_what_was_meant_and_loses_no_comment(data):
    text = POLICIES[data.draw(st.sampled_from(sorted(POLICIES)))]
    expected = tomllib.loads(text)
    before = comments(text)
    for _ in range(data.draw(st.integers(1, 4))):
        text, expected = edited(text, expected, data)
        assert tomllib.loads(text) == expected
    assert comments(text) == before


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_whole_list_of_parts_becomes_another_and_what_is_in_both_is_not_written_anew(data):
    text = POLICIES[data.draw(st.sampled_from(sorted(POLICIES)))]
    kind = data.draw(st.sampled_from(["band", "case"]))
    old = parts_of(text, kind)
    wanted = data.draw(st.permutations([*old, *data.draw(st.lists(VALUES[kind], max_size=2))]))
    wanted = wanted[: data.draw(st.integers(0, len(wanted)))]
    new = with_parts(text, kind, wanted)
    assert parts_of(new, kind) == wanted
    assert {key: value for key, value in tomllib.loads(new).items() if key != kind} == {
        key: value for key, value in tomllib.loads(text).items() if key != kind
    }
    assert with_parts(text, kind, old) == text


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_values_of_a_shipped_parameter_come_go_and_change_and_the_rest_of_the_file_stays(data):
    text = LIMITS[data.draw(st.sampled_from(sorted(LIMITS)))]
    name = data.draw(st.sampled_from(sorted(tomllib.loads(text))))
    old = values_of(text, name)
    coming = st.fixed_dictionaries({"since": st.dates(date(2027, 1, 1)), "is": st.integers(), "basis": st.text()})
    wanted = [*old[: data.draw(st.integers(1, len(old)))], *data.draw(st.lists(coming, max_size=3))]
    new = with_values(text, name, wanted)
    assert tomllib.loads(new) == {**tomllib.loads(text), name: {**tomllib.loads(text)[name], "value": wanted}}
    begin, end = text.index(f"[{name}]"), text.find("\n[", text.index(f"[{name}]"))
    assert new.startswith(text[:begin])
    assert new.endswith(text[end:] if end > 0 else "")
