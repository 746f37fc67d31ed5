"""A shop with a model that was really learnt, or one whose drift is known; and what the watcher finds of it."""

import json
import tempfile
from functools import cache
from pathlib import Path

from drift_world import evaluation_text, packs, platform_files, town
from jindi.packs import load
from jindi.run.drift.watcher import Watcher
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from learn_world import RECIPE, facts
from models_world import with_model
from past_world import FILES
from shop_world import DAY_US, NOON_US


@cache
def learnt(kind="trees"):
    """The text of a learnt model file, and of its evaluation."""
    definitions = load(FILES)
    text = RECIPE.replace("KIND", kind).replace("MORE", "") + "monotone = { amount = 1 }\n"
    recipe, inputs = read_recipe(text, definitions, "recipe.toml")
    with tempfile.TemporaryDirectory() as folder:
        table = read_table(facts(Path(folder) / "facts.parquet"), recipe, inputs, definitions)
    model, evaluation = learn(table, recipe, inputs, definitions.packs["shop"].zone)
    return model, json.dumps(evaluation)


def learnt_files():
    return with_model(FILES, text=learnt()[0]) | platform_files()


def watcher_of(text):
    return Watcher(lambda: {"shop/fraud": text})


async def live(room, documents):
    """All of it happens in a room."""
    last = None
    for at_us, document in documents:
        room.clock.at_us = max(room.clock.at_us, at_us)
        last = room.submit(document)
        if len(room.platform.lane.recent) % 512 == 0:
            await last
    await last


SOON_US = NOON_US + 36 * DAY_US
__all__ = ["SOON_US", "evaluation_text", "learnt", "learnt_files", "live", "packs", "town", "watcher_of"]
