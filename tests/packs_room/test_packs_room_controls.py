"""controls.toml: read whole, or every problem with its address."""

import pytest

from controls_world import CONTROLS
from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import load
from shop_world import shop_files


def loaded(text):
    return load({**shop_files(), "shop/controls.toml": text})


def problems(text):
    with pytest.raises(Problems) as found:
        loaded(text)
    return [str(each) for each in found.value.problems]


def one(**changed):
    """A control with some keys changed; None takes one out."""
    keys = {
        "doc": '{ zh = "甲。", en = "A." }', "measure": '{ zh = "乙", en = "b" }', "risk": '"leak"',
        "by": '["jindi.vault"]', "check": '"field_classes"', "owner": '"auditor"', "every": '"1d"',
        "severity": '"high"', "basis": '"GB"',
    }  # fmt: skip
    keys |= changed
    return "[C01]\n" + "\n".join(f"{name} = {value}" for name, value in keys.items() if value is not None)


def test_a_register_is_read_whole():
    found = loaded(CONTROLS).controls
    assert list(found) == ["SHOP1", "SHOP2", "SHOP3", "SHOP4"]
    first = found["SHOP1"]
    assert (first.pack, first.risk, first.check, first.owner) == ("shop", "fraud", "policies_live", "policy_author")
    assert first.arguments == {"events": ("pay",)}
    assert first.period_us == 86_400_000_000
    assert (first.basis.zh, found["SHOP2"].basis.zh) == ("the owner", "自定")
    assert found["SHOP4"].excluded.en == "The group makes the backups"
    assert all(each.excluded is None for name, each in found.items() if name != "SHOP4")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"doc": None}, "`doc` is missing"),
        ({"doc": '"A."'}, "`doc` must be a table with zh and en, not text"),
        ({"measure": None}, "`measure` is missing"),
        ({"measure": '{ zh = "乙" }'}, "C01: measure: `en` is missing"),
        ({"risk": '"leaks"'}, "unknown risk 'leaks' (did you mean 'leak'?)"),
        ({"by": "[]"}, "`by` is empty"),
        ({"by": None}, "`by` is missing"),
        ({"check": None}, "`check` is missing"),
        ({"check": '"No Check"'}, "`check` is not a name"),
        ({"owner": '"boss"'}, "unknown owner 'boss'"),
        ({"every": None}, "`every` is missing"),
        ({"every": '"400d"'}, "`every` is longer than a year"),
        ({"every": '"soon"'}, "`every` is not a duration"),
        ({"severity": '"grave"'}, "unknown severity 'grave'"),
        ({"basis": None}, "`basis` is missing"),
        ({"excluded": '"no"'}, "`excluded` must be a table with zh and en"),
        ({"excluded": '{ zh = "无", en = "" }'}, "`en` is empty"),
        ({"with": "{ days = 1.5 }"}, "`with`: days must be a whole number, a text or a list of texts"),
        ({"with": "{ Days = 1 }"}, "`with`: 'Days' is not a name"),
        ({"with": "{ days = true }"}, "`with`: days must be"),
        ({"with": '"days"'}, "`with` must be a table, not text"),
        ({"period": '"1d"'}, "unknown key 'period'"),
    ],
)
def test_what_is_wrong_with_a_control_is_told_with_its_address(changed, said):
    found = problems(one(**changed))
    assert any(each.startswith("shop/controls.toml: C01") and said in each for each in found), found


def test_every_problem_of_every_control_is_told_at_once():
    found = problems(one(risk='"x"', owner='"y"', doc=None) + "\n\n[c02]\ncheck = 'a'\n[C03]\n" + "\nC04 = 3\n")
    text = "\n".join(found)
    for said in ("unknown risk", "unknown owner", "C01: `doc` is missing", "c02: not a control's id", "C03: `check`"):
        assert said in text
    assert "C03" in text


def test_two_packs_can_not_have_one_control():
    pack = 'name = "other"\nversion = "1"\nzone = "UTC"\ncurrency = "CNY"\ndoc = { zh = "另", en = "Other" }\n'
    files = {**shop_files(), "shop/controls.toml": one(), "other/pack.toml": pack, "other/controls.toml": one()}
    with pytest.raises(Problems) as found:
        load(files)
    assert "the control C01 is declared in" in str(found.value)


def test_a_control_decides_nothing_but_is_part_of_what_is_in_force():
    with_it, without = loaded(CONTROLS), load(shop_files())
    assert with_it.digest != without.digest  # nobody takes one out unseen
    assert with_it.source["shop/controls.toml"].startswith("\n[SHOP1]")
    assert build(with_it).events.keys() == build(without).events.keys()
    assert load(with_it.source).controls == with_it.controls


def test_what_is_checked_has_a_digest_and_words_do_not_change_it():
    first = loaded(one()).controls["C01"]
    assert loaded(one(doc='{ zh = "丙。", en = "C." }', every='"2d"')).controls["C01"].digest == first.digest
    assert loaded(one(check='"no_secrets"')).controls["C01"].digest != first.digest
    assert loaded(one(**{"with": "{ days = 3 }"})).controls["C01"].digest != first.digest
