# ruff: noqa: E501 - tables of TOML are read by their columns
"""A small model file on the shop's payments, whose every number can be spoiled."""

import copy

from jindi.packs.models import seal

DOCUMENT = {
    "format": "jindi-model/1",
    "kind": "trees",
    "inputs": [
        {"name": "amount", "type": "money of CNY"},
        {"name": "pays_1d", "type": "int"},
        {"name": "channel", "type": "text", "equals": "web"},
    ],
    "base": 0.0,
    "link": "sigmoid",
    "trees": {
        "leaves": [3, 2, 2],
        "feature": [0, 1, 2, 1],
        "threshold": [899.995, 3.5, 0.5, 1.5],
        "missing": [2, 0, 2, 2],
        "default_left": [0, 0, 1, 1],
        "left": [1, -1, -1, -1],
        "right": [-3, -2, -2, -2],
        "value": [-4.25, -1.5, 2.75, -0.125, 0.25, -0.5, 1.5],
        "count": [9000, 700, 300, 8000, 2000, 6000, 4000],
    },
    "calibration": {"kind": "none"},
    "card": "models/fraud.md",
}

LOGISTIC = {key: value for key, value in DOCUMENT.items() if key != "trees"} | {
    "kind": "logistic-woe",
    "base": -3.0,
    "terms": [
        {"weight": 0.5, "edges": [10.0, 899.995], "woe": [-1.0, 0.25, 3.0], "missing": 0.5, "mean": -0.5},
        {"weight": 1.25, "edges": [3.5], "woe": [-0.2, 2.0], "missing": 0.0, "mean": 0.0},
        {"weight": 0.75, "edges": [0.5], "woe": [-0.1, 0.4], "missing": 0.0, "mean": 0.05},
    ],
}

DECLARED = """
[fraud]
doc = { zh = "欺诈概率。", en = "The probability of fraud." }
on = "pay"
file = "models/fraud.json"
degrade = "challenge"
"""

RULE = """
[[rule]]
id = "model-sure"
doc = { zh = "模型认为是欺诈。", en = "The model takes it for fraud." }
when = "fraud >= 0.9"
then = "review"
basis = "models/fraud.md"
case = [ { name = "yes", given = { fraud = 0.95 }, fires = true }, { name = "no", given = { fraud = 0.1 }, fires = false } ]
"""


def changed(path=(), value=None, document=None):
    """The document with one thing in it set, or (None) left out, and sealed again."""
    whole = copy.deepcopy(document or DOCUMENT)
    if path:
        inner = whole
        for key in path[:-1]:
            inner = inner[key]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
    return seal(whole)


def with_model(files, text=None, declared=DECLARED, rule=RULE):
    """Pack files of the shop with the model, and a rule that reads it."""
    policy = files["shop/policies/pay.toml"]
    head, tail = policy.split("[[exemption]]")
    return files | {
        "shop/models.toml": declared,
        "shop/models/fraud.json": changed() if text is None else text,
        "shop/policies/pay.toml": f"{head}{rule}\n[[exemption]]{tail}",
    }
