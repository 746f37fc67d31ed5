"""Training: rows whose labels were known, a kind of model, a seed → a model file's text; the same each time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jindi.basics.problems import Problem, Problems
from jindi.engine import Model
from jindi.packs import ModelDef, ModelInput, Words
from jindi.packs.definitions import Calibration
from jindi.packs.models import FORMAT, parse_model, read_model_file, seal
from jindi.run.learn.boosters import trees_of
from jindi.run.learn.fitting import calibrated, terms
from jindi.run.learn.metrics import Doubles, Truths
from jindi.run.learn.recipe import Recipe

POSITIVES_MIN = 10
"""Fewer say nothing that could be learnt."""


def train(
    recipe: Recipe, inputs: Sequence[ModelInput], columns: Doubles, label: Truths, *, jobs: int = 1
) -> Mapping[str, Any]:
    """A model document of the recipe's kind without its calibration.

    Raises Problems when there is too little to learn from, or LightGBM is needed and not installed.
    """
    if min(int(label.sum()), int((~label).sum())) < POSITIVES_MIN:
        told = f"{int(label.sum())} positives and {int((~label).sum())} negatives are too few to learn from"
        raise Problems([Problem(recipe.name, "train", told, f"give at least {POSITIVES_MIN} of each")])
    document: dict[str, Any] = {
        "format": FORMAT,
        "kind": "logistic-woe" if recipe.kind == "logistic-woe" else "trees",
        "inputs": [_told(each) for each in inputs],
        "base": 0.0,
        "link": "sigmoid",
        "calibration": {"kind": "none"},
        "card": f"models/{recipe.name}.md",
        "made": {"by": "jindi learn", "kind": recipe.kind, "seed": recipe.seed, "rows": len(label),
                 "positives": int(label.sum())},
    }  # fmt: skip
    if recipe.kind == "logistic-woe":
        base, found = terms(columns, label)
        document["base"] = base
        document["terms"] = [
            {"weight": t.weight, "edges": list(t.edges), "woe": list(t.woe), "missing": t.missing, "mean": t.mean}
            for t in found
        ]
        return document
    whole = [(columns, label)] * recipe.settings.average
    parts = whole if recipe.kind == "trees" else _bags(recipe, columns, label)
    texts = [
        _boosted(recipe, rows, truth, seed=recipe.seed + number, jobs=jobs)
        for number, (rows, truth) in enumerate(parts)
    ]
    document["trees"] = trees_of(texts)
    return document


def with_calibration(document: Mapping[str, Any], found: Calibration) -> Mapping[str, Any]:
    """The document with a calibration."""
    given: dict[str, Any] = {"kind": found.kind}
    if found.kind == "platt":
        given |= {"slope": found.slope, "intercept": found.intercept}
    if found.kind == "isotonic":
        given |= {"at": list(found.at), "is": list(found.is_)}
    return {**document, "calibration": given}


def calibrate(document: Mapping[str, Any], model: Model, columns: Doubles, label: Truths) -> Mapping[str, Any]:
    """The document, calibrated on rows that the training never saw. One class alone calibrates nothing."""
    if not label.any() or label.all():
        return document
    return with_calibration(document, calibrated(model.raws(columns), label))


def as_model(document: Mapping[str, Any], recipe: Recipe, inputs: Sequence[ModelInput]) -> tuple[Model, str]:
    """The model as it will be served, read back from its file's text, and that text."""
    text = seal(document)
    problems: list[Problem] = []
    raw = parse_model(text, recipe.name, problems)
    file = read_model_file(raw, recipe.name, problems) if raw is not None else None
    if file is None:
        raise Problems(problems)
    definition = ModelDef(
        name=recipe.name, pack="", doc=Words(recipe.doc.zh, recipe.doc.en), on=recipe.on, file="", degrade="open",
        inputs=tuple(inputs), base=file.base, link=file.link, trees=file.trees, terms=file.terms,
        calibration=file.calibration, card=file.card, digest=file.digest,
    )  # fmt: skip
    return Model(definition, {each.name: place for place, each in enumerate(inputs)}), text


def _told(each: ModelInput) -> dict[str, str]:
    told = {"name": each.name, "type": str(each.type)}
    return told if each.equals is None else told | {"equals": each.equals}


def _bags(recipe: Recipe, columns: Doubles, label: Truths) -> list[tuple[Doubles, Truths]]:
    """All positives beside as many negatives as are asked for, drawn anew for each bag."""
    chance = np.random.default_rng(recipe.seed)
    positives, negatives = np.flatnonzero(label), np.flatnonzero(~label)
    count = min(len(negatives), math.ceil(recipe.settings.negatives * len(positives)))
    bags = []
    for _ in range(recipe.settings.bags):
        rows = np.sort(np.concatenate([positives, chance.choice(negatives, count, replace=False)]))
        bags.append((columns[rows], label[rows]))
    return bags


def _boosted(recipe: Recipe, columns: Doubles, label: Truths, *, seed: int, jobs: int) -> str:
    """The text of a LightGBM booster. Bins are many and small: the default 255 cannot tell what lies far out
    in a tail, where fraud is.
    """
    try:
        import lightgbm  # noqa: PLC0415 - only who trains trees needs it
    except ImportError:
        remedy = "pip install 'jindi[learn]'"
        raise Problems([Problem(recipe.name, "kind", "LightGBM is not installed", remedy)]) from None
    settings = recipe.settings
    given = {
        "objective": "binary", "learning_rate": settings.rate, "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.leaf_rows, "lambda_l2": settings.l2, "max_bin": 2047, "min_data_in_bin": 1,
        "scale_pos_weight": settings.positive_weight, "seed": seed, "deterministic": True, "force_col_wise": True,
        "num_threads": jobs, "verbose": -1,
    }  # fmt: skip
    if settings.rows_share < 1.0:
        given |= {"bagging_fraction": settings.rows_share, "bagging_freq": 1}
    if settings.inputs_share < 1.0:
        given["feature_fraction"] = settings.inputs_share
    if settings.monotone:
        given["monotone_constraints"] = [settings.monotone.get(text, 0) for text in recipe.inputs]
    data = lightgbm.Dataset(columns, label.astype(np.float64), params={"max_bin": 2047, "min_data_in_bin": 1})
    text: str = lightgbm.train(given, data, settings.trees).model_to_string()
    return text
