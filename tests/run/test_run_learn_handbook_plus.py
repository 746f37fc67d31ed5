"""Our features and recipe beat the handbook's published figures on the last week that settings were chosen on.

The weeks after it are the test: `python -m benchmarks.learning` measures them, and no test here looks at them.
"""

import tomllib
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from jindi.app.wiring import Outside
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from jindi.run.platform import compiled
from jindi.vault import Tokens

PACK = Path(__file__).parents[1] / "packs" / "handbook_plus"
RECIPES = PACK / "recipes"
CHOSEN_UNTIL = datetime(2018, 8, 1)  # noqa: DTZ001 - the data's times carry no zone
BEST_PUBLISHED_AP = 0.708
"""Chapter 5's best average precision on its validation weeks; this week's own is not published."""


def test_the_two_recipes_differ_only_in_when_they_test():
    first, second = (tomllib.loads((RECIPES / f"{name}.toml").read_text("utf-8")) for name in ("validation", "test"))
    assert {key for key in first if first[key] != second[key]} == {"name", "test_from"}


def test_the_recipe_beats_the_published_figures_on_the_last_week_that_was_chosen_on(handbook_data, tmp_path):
    pytest.importorskip("lightgbm", reason="OUR HANDBOOK RECIPE IS NOT CHECKED: no LightGBM")
    rows = pq.read_table(handbook_data / "raw_dev.parquet")
    before = pc.less(pc.cast(rows["TX_DATETIME"], pa.timestamp("us")), pa.scalar(CHOSEN_UNTIL, pa.timestamp("us")))
    source, out = tmp_path / "until.parquet", tmp_path / "facts.parquet"
    pq.write_table(rows.filter(before), source)
    program = compiled(Outside().pack_files([PACK]))
    columns = read_columns((PACK / "columns.toml").read_text("utf-8"), program.definitions)
    decide_file(source, out, program, Tokens(bytes(32)), columns)
    # One week instead of four, and one of the three models that the recipe averages: a check, not the measurement.
    text = (RECIPES / "validation.toml").read_text("utf-8")
    text = text.replace("folds     = 4", "folds     = 1").replace("average      = 3", "average      = 1")
    recipe, inputs = read_recipe(text, program.definitions, "recipe")
    zone = program.definitions.packs["handbook_plus"].zone
    _, found = learn(read_table(out, recipe, inputs, program.definitions), recipe, inputs, zone)
    (week,) = found["folds"]
    assert (week["rows"], week["positives"]) == (58_505, 374)
    assert week["average_precision"] > BEST_PUBLISHED_AP + 0.03
    assert week["auc"] > 0.87
