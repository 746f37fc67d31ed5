"""A model file is believed in nothing: whatever is wrong with it is told, all at once, with its address."""

import json

import pytest

from jindi.basics.digests import digest
from jindi.basics.problems import Problems
from jindi.packs import load
from jindi.packs.models import CHARACTERS_MAX, seal
from models_world import DECLARED, DOCUMENT, LOGISTIC, RULE, changed, with_model
from shop_world import FEATURES, shop_files


def told(files):
    try:
        load(files)
    except Problems as found:
        return [str(problem) for problem in found.problems]
    return []


def said_of(text, **more):
    return told(with_model(shop_files(), text, **more))


def test_a_sound_model_loads_with_its_arrays_to_the_last_bit():
    definitions = load(with_model(shop_files()))
    model = definitions.models["fraud"]
    assert (model.on, model.degrade, model.file) == ("pay", "challenge", "shop/models/fraud.json")
    assert [each.title for each in model.inputs] == ["amount", "pays_1d", "channel == 'web'"]
    assert model.trees.threshold == tuple(DOCUMENT["trees"]["threshold"])
    assert model.digest == json.loads(changed())["digest"]
    again = load(definitions.source)
    assert again.digest == definitions.digest
    assert again.models == definitions.models


def test_a_model_changes_the_definitions_digest():
    one, two = (load(with_model(shop_files(), changed(("base",), base))) for base in (0.25, 0.5))
    assert one.digest != two.digest


@pytest.mark.parametrize("value", [0.1, 1e-300, 5e-324, 1.7976931348623157e308, 0.30000000000000004, -0.0])
def test_doubles_come_back_as_they_went(value):
    text = changed(("trees", "threshold", 0), value)
    assert load(with_model(shop_files(), text)).models["fraud"].trees.threshold[0].hex() == value.hex()


SPOILED = [
    (("format",), "jindi-model/2", "format: not a model file of this format"),
    (("kind",), "forest", "kind: must be one of: trees, logistic-woe"),
    (("link",), "probit", "link: must be one of"),
    (("surplus",), 1, "surplus: unknown key"),
    (("base",), 1e12, "base: is not a finite number of sane size"),
    (("base",), "0", "base: must be a number, not text"),
    (("card",), None, "card: must be the path of the model card"),
    (("inputs",), [], "inputs: must be an array of at least one input"),
    (("inputs", 0), {"name": "No", "type": "int"}, "input 1: has no name"),
    (("inputs", 0), {"name": "nothing", "type": "int"}, "input nothing: a pay event has no such field or feature"),
    (("inputs", 0), {"name": "amount", "type": "int"}, "amount: the model was trained on int, here it is money of CNY"),
    (("inputs", 0), {"name": "phone", "type": "token of phone"}, "which a model may not see"),
    (("inputs", 0), {"name": "at", "type": "time"}, "which a model may not see"),
    (("inputs", 2), {"name": "channel", "type": "text"}, "a text is seen as whether it is a word"),
    (("inputs", 2), {"name": "pays_1d", "type": "int"}, "input pays_1d: is given twice"),
    (("trees",), None, "trees: is missing"),
    (("trees", "leaves"), [], "trees: leaves: there is no tree"),
    (("trees", "leaves"), [3, 2], "trees: feature: holds 4 numbers where there must be 3"),
    (("trees", "feature", 0), 3, "trees: feature: number 1 is no whole number from 0 to 2"),
    (("trees", "feature", 0), 0.0, "trees: feature: number 1 is no whole number"),
    (("trees", "feature", 1), True, "trees: feature: number 2 is no whole number"),
    (("trees", "threshold", 3), "1", "trees: threshold: number 4 is no finite number"),
    (("trees", "value", 6), 1e10, "trees: value: number 7 is no finite number of sane size"),
    (("trees", "missing", 0), 3, "trees: missing: number 1 is no whole number from 0 to 2"),
    (("trees", "default_left", 0), 2, "trees: default_left: number 1 is no whole number from 0 to 1"),
    (("trees", "count", 0), 0, "trees: count: number 1 is no whole number from 1"),
    (("trees", "left", 0), 0, "tree 1: node 0 is reached twice: it is no tree"),
    (("trees", "left", 1), -2, "tree 1: leaf 1 is reached twice: it is no tree"),
    (("trees", "right", 2), -3, "tree 2: node 0 has a child that the tree does not have"),
    (("trees", "left", 2), 1, "tree 2: node 0 has a child that the tree does not have"),
    (("trees", "depth"), [], "trees: unknown key 'depth'"),
    (("calibration",), None, "calibration: is missing"),
    (("calibration",), {"kind": "platt", "slope": -1.0, "intercept": 0.0}, "slope: must be above 0"),
    (("calibration",), {"kind": "isotonic", "at": [], "is": []}, "must hold 1 to"),
    (("calibration",), {"kind": "isotonic", "at": [1.0, 1.0], "is": [0.1, 0.2]}, "at: must rise"),
    (("calibration",), {"kind": "isotonic", "at": [1.0, 2.0], "is": [0.2, 0.1]}, "is: may not fall"),
    (("calibration",), {"kind": "isotonic", "at": [1.0, 2.0], "is": [0.2, 1.1]}, "probabilities from 0 to 1"),
    (("terms",), [], "terms: does not belong to a model of kind trees"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "line"), SPOILED)
def test_one_wrong_thing_is_refused_with_its_place(path, value, line):
    lines = said_of(changed(path, value))
    assert lines, path
    assert any(line in each and each.startswith("shop/models/fraud.json: ") for each in lines), lines


WOE = [
    (("terms",), None, "terms: is missing"),
    (("terms", 2), None, "terms: holds 2 numbers where there must be 3"),
    (("terms", 0, "edges"), [5.0, 5.0], "term 1: edges: must rise"),
    (("terms", 0, "woe"), [1.0], "term 1: woe: holds 1 numbers where there must be 3"),
    (("terms", 1, "missing"), None, "term 2: missing: must be a number"),
    (("terms", 1, "weight"), True, "term 2: weight: must be a number"),
]


@pytest.mark.parametrize(("path", "value", "line"), WOE)
def test_a_wrong_logistic_model_is_refused_with_its_place(path, value, line):
    assert said_of(changed(document=LOGISTIC)) == []
    lines = said_of(changed(path, value, LOGISTIC))
    assert any(line in each for each in lines), lines


def test_all_that_is_wrong_is_told_at_once():
    text = changed(("trees", "feature", 0), 9)
    document = json.loads(text)
    document["trees"]["value"][0], document["link"] = 1e300, "odd"
    assert len(said_of(seal(document))) == 3


def test_a_circle_that_hangs_together_but_not_from_the_root_is_found():
    document = json.loads(changed())
    document["trees"] |= {
        "leaves": [4], "feature": [0, 0, 0], "threshold": [1.0, 2.0, 3.0], "missing": [0, 0, 0],
        "default_left": [0, 0, 0], "left": [-1, 2, 1], "right": [-2, -3, -4], "value": [0.0] * 4, "count": [1] * 4,
    }  # fmt: skip
    (line,) = said_of(seal(document))
    assert "tree 1: has nodes or leaves that nothing leads to" in line


def test_a_chain_deeper_than_any_real_tree_is_refused():
    document = json.loads(changed())
    nodes = 100
    document["trees"] |= {
        "leaves": [nodes + 1], "feature": [0] * nodes, "threshold": [1.0] * nodes, "missing": [0] * nodes,
        "default_left": [0] * nodes, "left": [*range(1, nodes), -1], "right": [-2 - n for n in range(nodes)],
        "value": [0.0] * (nodes + 1), "count": [1] * (nodes + 1),
    }  # fmt: skip
    assert any("tree 1: deeper than 64" in line for line in said_of(seal(document)))


def test_a_changed_digit_is_noticed():
    lines = said_of(changed().replace("899.995", "899.996"))
    assert len(lines) == 1
    assert "digest: is not the digest of this file" in lines[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not JSON"),
        (changed()[:-20], "not JSON"),
        ("[]", "must be an object, not an array"),
        (changed().replace("899.995", "NaN"), "not JSON: NaN is no number"),
        (changed().replace("899.995", "-Infinity"), "not JSON: -Infinity is no number"),
        (changed().replace("899.995", "1e999"), "not JSON: 1e999 is no number"),
        (changed().replace("models/fraud.md", "\\ud800"), "digest: cannot be made"),
        (changed().replace('"base":0.0', '"base":' + "[" * 900 + "]" * 900), "base: must be a number"),
        (changed().replace('"base"', '"kind"'), "not JSON: a key is given twice"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 10_000, "not JSON"),
        (" " * (CHARACTERS_MAX + 1), "longer than"),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_file_that_is_no_model_is_one_problem_and_blames_nobody_else(text, line):
    lines = said_of(text)
    assert any(line in each for each in lines), lines
    assert all(each.startswith("shop/models/fraud.json") for each in lines), lines


DECLARATIONS = [
    (DECLARED.replace('"pay"', '"pai"'), "fraud: `on`: unknown event 'pai'"),
    (DECLARED.replace("fraud.json", "other.json"), "there is no models/other.json in the pack"),
    (DECLARED.replace("[fraud]", "[amount]"), "has the name of a field of pay"),
    (DECLARED.replace("[fraud]", "[hour]"), "the name is taken"),
    (DECLARED.replace("[fraud]", "[Fraud]"), "not a name"),
    (DECLARED.replace("[fraud]", "[pays_1d]"), "is declared in shop/features.toml too"),
    (DECLARED.replace('"challenge"', '"shut"'), "unknown degrade 'shut'"),
    (DECLARED + "depth = 3\n", "unknown key 'depth'"),
    ("fraud = 3\n", "must be a table"),
    ("", "no model asks for it"),
]


@pytest.mark.parametrize(("declared", "line"), DECLARATIONS)
def test_a_wrong_declaration_is_refused(declared, line):
    lines = said_of(None, declared=declared)
    assert any(line in each for each in lines), lines


def test_a_derived_feature_does_not_read_a_model():
    derived = '[twice]\ndoc = { zh = "二", en = "two" }\nis = "fraud * 2"\n'
    lines = told(with_model(shop_files(features=FEATURES + derived)))
    assert len(lines) == 1
    assert "unknown name 'fraud'" in lines[0]


def test_another_events_policy_does_not_read_it():
    policy = f'id = "reading"\non = "reading"\nstate = "live"\ndoc = {{ zh = "读", en = "read" }}\n{RULE}'
    lines = told(with_model(shop_files()) | {"shop/policies/reading.toml": policy})
    assert any("unknown name 'fraud'" in line for line in lines)


def test_the_digest_is_of_the_canonical_rest():
    document = json.loads(changed())
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert document["digest"] == digest(text.encode())
