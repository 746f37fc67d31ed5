"""LightGBM's model text → the arrays of a model file. Read from the text, so that nothing here needs LightGBM."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_INTERNAL = ("threshold", "split_feature", "decision_type", "left_child", "right_child")


def trees_of(texts: Sequence[str]) -> Mapping[str, list[Any]]:
    """The `trees` of a model file: those of one booster, or of several, whose leaves are then averaged.

    Raises ValueError for what a model file does not hold: several classes, categorical splits, linear trees.
    """
    arrays: dict[str, list[Any]] = {
        name: []
        for name in ("leaves", "feature", "threshold", "missing", "default_left", "left", "right", "value", "count")
    }
    for text in texts:
        head, *blocks = text.split("\nTree=")
        said = _pairs(head)
        if said.get("num_tree_per_iteration") != "1":
            raise ValueError("a model with several classes gives no single score")
        if any(line.strip() == "average_output" for line in head.splitlines()):
            raise ValueError("a random forest of LightGBM is averaged, not added: train boosted trees")
        for block in blocks:
            _add(arrays, _pairs(block.split("\nend of trees", 1)[0]), len(texts))
    return arrays


def _add(arrays: Mapping[str, list[Any]], said: Mapping[str, str], parts: int) -> None:
    leaves = int(said["num_leaves"])
    if said.get("num_cat", "0") != "0":
        raise ValueError("a model file holds no categorical splits: give words as inputs of their own")
    if said.get("is_linear", "0") != "0":
        raise ValueError("a model file holds no linear trees")
    arrays["leaves"].append(leaves)
    values = [float(word) for word in said["leaf_value"].split()]
    arrays["value"] += values if parts == 1 else [value / parts for value in values]
    counts = [int(word) for word in said.get("leaf_count", "").split()]
    arrays["count"] += [max(count, 1) for count in counts] or [1] * leaves
    if leaves == 1:
        return
    threshold, feature, decisions, left, right = (said[name].split() for name in _INTERNAL)
    arrays["feature"] += map(int, feature)
    # "inf" parts what is there from what is missing; facts are finite, so the largest double does the same.
    arrays["threshold"] += [min(float(word), sys.float_info.max) for word in threshold]
    arrays["left"] += map(int, left)
    arrays["right"] += map(int, right)
    for word in decisions:
        decision = int(word)
        assert not decision & _CATEGORICAL, "asked above"
        missing = decision >> _MISSING_SHIFT & 3
        arrays["missing"].append(missing)
        arrays["default_left"].append(int(bool(decision & _DEFAULT_LEFT)) if missing else 0)


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
