"""What could be caught at most at tampered tills: by whoever learns of them from customers, and by an all-knowing one.

Two bounds on the stream's hardest scenario. The first waits: it knows a till is tampered with as soon as the first
customer reports a payment there, then stops every card at it. The second knows more than anybody could: of each
payment, whether its till is being tampered with at that very moment, and since when; a model learns from the true
answers which of the till's payments are then the thief's, and all false alarms that are allowed are spent on tills.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.learning_stream import WARM_DAYS, Size, recipe_of
from benchmarks.learning_world import OWN, PER_EVENTS, labelled, shipped
from jindi.basics.instants import DAY_US
from jindi.run.learn.metrics import Doubles
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from jindi.run.simulate import World
from jindi.run.simulate.world import START_US

SCENARIO = "compromised_terminal"
SHARES = (0.25, 0.5, 1.0)
"""Of all false alarms that are allowed, the share spent on tills."""


def after_reports(seed: int, days: int, size: Size) -> Mapping[str, float]:
    """Money taken at tampered tills after the first customer's report of that episode, of all taken there."""
    taken: list[tuple[str, int, int]] = []
    episodes: dict[str, str] = {}
    first: dict[str, int] = {}
    world = World(seed, users=size.users, fraud=size.fraud)
    for event, truth in world:
        if world.now_us >= START_US + days * DAY_US:
            break
        if truth.scenario == SCENARIO and truth.episode is not None and event["type"] == "payment":
            episodes[event["id"]] = truth.episode
            taken.append((truth.episode, world.now_us, truth.loss_minor))
        elif event["type"] == "fraud_report" and (episode := episodes.get(event["payment"])) is not None:
            first.setdefault(episode, world.now_us)
    begin_us = START_US + WARM_DAYS * DAY_US
    late = [each for each in taken if each[1] >= begin_us]
    known = sum(minor for episode, at_us, minor in late if at_us > first.get(episode, 1 << 62))
    return {"share": known / max(sum(minor for _, _, minor in late), 1), "episodes": len({each[0] for each in late})}


def all_knowing(learn_in: Path, test_in: Path, size: Size) -> Mapping[str, Any]:
    """The share of money that a model catches when it is told which till is being tampered with, and since when."""
    learnt, caught = _tills(learn_in, size), _tills(test_in, size)
    told: dict[str, Any] = {}
    events = _events(test_in)
    for name in ("facts", "facts and the truth about tills"):
        wide = name != "facts"
        score = np.zeros(len(caught["bad"]))
        for seed in range(2):
            model = lightgbm.LGBMClassifier(
                n_estimators=300, learning_rate=0.04, num_leaves=16, subsample=0.7, subsample_freq=1,
                colsample_bytree=0.4, random_state=seed, n_jobs=1, verbose=-1,
            )  # fmt: skip
            model.fit(_columns(learnt, wide=wide), learnt["bad"])
            score += model.predict_proba(_columns(caught, wide=wide))[:, 1]
        honest = np.sort(score[~caught["bad"]])[::-1]
        told[name] = {}
        for share in SHARES:
            cut = honest[min(int(share * events / PER_EVENTS), len(honest) - 1)]
            told[name][f"{share:g}"] = float(caught["loss"][score > cut].sum() / caught["loss"].sum())
    return told


def _columns(tills: Mapping[str, Any], *, wide: bool) -> Doubles:
    return np.column_stack([tills["columns"], tills["since"]]) if wide else tills["columns"]


def _events(folder: Path) -> float:
    counts = json.loads((folder / "reports.json").read_text("utf-8"))["counts"]
    return float(counts["events"] * (counts["days"] - WARM_DAYS) / counts["days"])


def _tills(folder: Path, size: Size) -> Mapping[str, Any]:
    """Card payments at tills that are honest or the scenario's, with how long their till has been tampered with."""
    definitions = shipped().definitions
    path = labelled(folder, "till")
    names = pq.read_schema(path).names
    recipe, inputs = read_recipe(recipe_of("till", definitions, names, size), definitions, "till")
    table = read_table(path, recipe, inputs, definitions)
    frame = pq.read_table(path, columns=[*OWN.names, "terminal"])
    at = frame["at"].cast(pa.int64()).to_numpy()
    assert (np.diff(at) >= 0).all()
    scenario = np.array([each or "" for each in frame["scenario"].to_pylist()])
    terminal = np.array([each or "" for each in frame["terminal"].to_pylist()])
    episode = np.array([each or "" for each in frame["episode"].to_pylist()])
    since = np.full(len(at), np.nan)
    for each in np.unique(episode[scenario == SCENARIO]):
        rows = np.flatnonzero(episode == each)
        inside = (terminal == terminal[rows[0]]) & (at >= at[rows[0]]) & (at <= at[rows[-1]])
        since[inside] = at[inside] - at[rows[0]]
    day = (at - START_US) // DAY_US
    kept = ((scenario == "") | (scenario == SCENARIO)) & (day >= WARM_DAYS)
    return {
        "columns": table.columns[kept], "since": since[kept], "bad": scenario[kept] == SCENARIO,
        "loss": frame["loss"].to_numpy()[kept],
    }  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Print both bounds of a test world that is there already."""
    folder, size = Path(arguments[0]), Size()
    seed = int(arguments[1])
    print(after_reports(seed, size.test_days, size))
    print(all_knowing(folder / "second", folder / f"test-{seed}", size))


if __name__ == "__main__":
    main(sys.argv[1:])
