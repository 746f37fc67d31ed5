"""Loading as a whole: files, packs, digests, problems all at once."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packs_room_world import EVENTS, LIMITS, PACK, SAID, feature, policy, rule, said, told, world

from jindi.basics.problems import Problems
from jindi.language import Kind, Type
from jindi.packs import Outcome, load, readable, scope_for


def test_a_sound_pack_loads():
    definitions = load(world())
    assert list(definitions.events) == ["payment", "login"]
    assert definitions.packs["shop"].zone == ZoneInfo("Asia/Shanghai")
    assert definitions.live_policy("payment").rules[0].then is Outcome.REVIEW
    assert definitions.live_policy("login") is None


def test_loading_the_source_again_gives_the_same_digest():
    definitions = load(world())
    again = load(definitions.source)
    assert again.digest == definitions.digest
    assert again == definitions


def test_the_order_of_files_and_the_ends_of_lines_mean_nothing():
    files = world()
    turned = {path: "\ufeff" + files[path].replace("\n", "\r\n") + "\r\n" for path in reversed(files)}
    assert load(turned).digest == load(files).digest


@pytest.mark.parametrize("end", ["\r\r\n", "\n\n\n", "\r\n\r\n", "", "\n\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\ufeff\ufeff"])
def test_odd_ends_of_lines_and_marks_change_nothing_either(start, end):
    definitions = load(world(pack=start + PACK.rstrip("\n") + end))
    assert definitions.digest == load(world()).digest == load(definitions.source).digest


def test_any_change_of_a_text_changes_the_digest():
    assert load(world()).digest != load(world(pack=PACK + "# a comment\n")).digest


def test_a_pack_may_lie_at_the_root():
    files = {path.removeprefix("shop/"): text for path, text in world().items()}
    assert list(load(files).packs) == ["shop"]


def test_columns_files_are_passed_by_and_are_no_part_of_the_digest():
    files = world() | {"shop/columns.toml": "not [ TOML"}
    assert load(files).digest == load(world()).digest


def test_every_problem_of_all_files_is_told_at_once():
    lines = told(
        world(
            pack=PACK.replace("Shanghai", "Shangai"),
            events=EVENTS.replace('late_after = "5m"', 'late_aftr = "5m"'),
            features=feature(fold='"cuont"'),
            limits="[large",
            policies=[policy(rule(extra='then = "revue"'))],
        )
    )
    assert [line.split(": ")[0] for line in lines] == [
        "shop/events.toml", "shop/features.toml", "shop/pack.toml", "shop/parameters/limits.toml",
        "shop/policies/p0.toml",
    ]  # fmt: skip
    assert lines[0] == "shop/events.toml: payment: unknown key 'late_aftr' (did you mean 'late_after'?)"
    assert "did you mean 'count'?" in lines[1]
    assert "line 1" in lines[3]
    assert lines[4].endswith("rule big: unknown then 'revue' (did you mean 'review'?)")


def test_a_syntax_error_names_its_line_and_blames_nobody_else():
    assert said(
        world(events="[payment]\n[payment.fields]\nuser = = 3\n", features="", policies=[]),
        "events.toml: line 3",
    )
    assert said(
        world(
            features="[paid_7d]\nof = \n",
            policies=[policy(rule(when="paid_7d > 3", cases=""), state="draft")],
        )
    )


def test_a_problem_is_not_told_twice_by_those_who_depend_on_it():
    files = world(
        events=EVENTS.replace("items = {", "items = { typ = 1, "),
        features=feature(name="odd", fold='"sum"', value='"user"') + "[twice]\n" + SAID + '\nis = "odd * 2"\n',
        policies=[policy(rule(when="odd > 3 and twice > 3", cases=""), state="shadow")],
    )
    lines = told(files)
    assert [line.split(": ")[:2] for line in lines] == [
        ["shop/events.toml", "payment.items"],
        ["shop/features.toml", "odd"],
    ]


def test_beside_something_broken_an_unknown_name_is_still_found():
    lines = told(
        world(
            features=feature(name="odd", fold='"sum"', value='"user"'),
            policies=[policy(rule(when="odd > 3 and amuont > 3", cases=""), state="draft")],
        )
    )
    assert len(lines) == 2
    assert "unknown name 'amuont' (did you mean 'amount'?)" in lines[1]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("shop/polices/x.toml", "not a file of a pack"),
        ("shop/rules.toml", "not a file of a pack"),
        ("other/events.toml", "lies in no pack"),
        ("shop/../x/pack.toml", "not a relative path"),
        ("shop/policies/\ud800.toml", "not a relative path"),
    ],
)
def test_a_file_in_the_wrong_place_is_refused(path, words):
    assert any(words in line for line in told(world() | {path: ""}))


def test_no_pack_at_all_is_said():
    assert told({}) == ["pack.toml: there is no pack (begin with a pack.toml)"]
    assert told({"events.toml": ""}) == ["pack.toml: there is no pack (begin with a pack.toml)"]


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "[" * 3000, "x" * 1_000_001, "a = '\ud800'"]
)
def test_monstrous_files_are_problems_not_crashes(text):
    assert any("features.toml" in line for line in told(world(features=text, policies=[])))


@given(st.text(max_size=60))
def test_any_text_at_all_either_loads_or_is_a_problem(text):
    for path in ("shop/pack.toml", "shop/events.toml", "shop/features.toml", "shop/policies/p0.toml"):
        told(world() | {path: text})


_JSONISH = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from(["", "payment", "user", "count", "7d", "amount > 1"]),
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).replace("e", "E")


@given(
    st.sampled_from(["of", "by", "fold", "value", "over", "lag", "where", "counts", "current", "q", "doc"]),
    _JSONISH,
)
def test_any_value_in_any_key_of_a_feature_is_read_or_refused(key, value):
    told(world(features=f"[f]\n{key} = {_toml(value)}\n" + feature()))


@given(
    st.sampled_from(["id", "when", "then", "score", "basis", "method", "wait", "share_max", "confirmed_share", "case"]),
    _JSONISH,
)
def test_any_value_in_any_key_of_a_rule_is_read_or_refused(key, value):
    told(world(policies=[f'id = "p"\n[[rule]]\n{key} = {_toml(value)}\n']))


def test_names_are_unique_across_packs():
    other = {
        "other/pack.toml": PACK.replace("shop", "other"),
        "other/events.toml": "[login]\n" + EVENTS.partition("[login]")[2],
        "other/features.toml": feature(),
        "other/parameters/x.toml": LIMITS.replace("[unset]", "[other_unset]"),
        "other/lists/x.toml": f'[blocked]\n{SAID}\ncolour = "black"\nof = "text"\n',
        "other/policies/x.toml": policy(state="shadow"),
    }
    lines = told(world() | other)
    for kind, name in (
        ("event", "login"),
        ("feature", "paid_7d"),
        ("limit", "large"),
        ("list", "blocked"),
        ("policy", "pay"),
    ):
        assert any(f"the {kind} {name} is declared in" in line for line in lines), kind


def test_a_pack_that_another_needs_must_be_there():
    assert said(world(pack=PACK + 'needs = ["shp"]\n'), "`needs` pack 'shp'", "did you mean 'shop'?")


def test_two_packs_of_one_name_are_refused():
    assert said(world() | {"again/pack.toml": PACK}, "the pack shop is declared in again/pack.toml too")


def test_a_pack_may_use_what_another_declares():
    other = {
        "zoo/pack.toml": PACK.replace("shop", "zoo") + 'needs = ["shop"]\n',
        "zoo/policies/x.toml": policy(
            rule(when="paid_7d > 3 and user in list('blocked')", cases=""), "zoo", state="draft"
        ),
    }
    assert load(world() | other).policies[-1].pack == "zoo"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('version = "1"', "version = 1", "`version` must be a text, not a whole number"),
        ('"Asia/Shanghai"', '"../../etc/passwd"', "unknown time zone"),
        ('"Asia/Shanghai"', '"Asia"', "unknown time zone"),
        ('"CNY"', '"CNX"', "unknown currency 'CNX' (did you mean"),
        ('name = "shop"', 'name = "Shop"', "`name` is not a name"),
        (SAID, 'doc = "words"', "`doc` must be a table with zh and en"),
        (SAID, 'doc = { zh = "说明" }', "doc: `en` is missing"),
        (SAID, 'doc = { zh = "说明", en = " " }', "doc: `en` is empty"),
        ('currency = "CNY"\n', "", "`currency` is missing"),
    ],
)
def test_the_packs_own_page_is_checked(old, new, words):
    assert said(world(pack=PACK.replace(old, new)), "shop/pack.toml", words)


def test_readable_and_scope_speak_of_what_an_event_can_have():
    definitions = load(
        world(features=feature() + '[share]\ndoc = { zh = "说", en = "s" }\nis = "amount / limit(\'large\')"\n')
    )
    assert readable(definitions, "payment") == ("paid_7d", "share")
    assert readable(definitions, "login") == ("paid_7d",)
    scope = scope_for(definitions, "login")
    assert scope.names["paid_7d"] == Type(Kind.INT)
    assert scope.names["person"] == Type(Kind.TEXT)
    assert scope.names["hour"] == Type(Kind.INT)
    assert "amount" not in scope.names
    assert scope.limits["large"] == Type(Kind.MONEY, of="CNY")
    assert scope.lists["blocked_phones"] == Type(Kind.TOKEN, of="phone")
    with pytest.raises(KeyError):
        readable(definitions, "loginn")


def test_a_limit_is_asked_by_day_and_never_guessed():
    large = load(world()).limits["large"]
    assert large.on(date(2026, 6, 30)).value == 100_000
    assert large.on(date(2026, 7, 1)).value == 200_000
    with pytest.raises(LookupError, match="no value on 2025-12-31"):
        large.on(date(2025, 12, 31))


def test_problems_are_raised_sorted_and_once():
    with pytest.raises(Problems) as raised:
        load(world(features="", policies=[policy(rule(when="x > 1 and x > 1", cases=""), state="draft")]))
    assert len(raised.value.problems) == 1


def test_broken_files_leave_the_rest_to_be_checked():
    files = world(pack="name = ", limits="[Large", lists="[blocked]\n[blocked]\n") | {
        "b/pack.toml": 'needs = ["shop"]\n'
    }
    places = [line.split(": ")[0] for line in told(files)]
    assert {"shop/pack.toml", "shop/parameters/limits.toml", "shop/lists/lists.toml", "b/pack.toml"} <= set(places)
