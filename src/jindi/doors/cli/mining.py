"""`jindi rules mine`: a recipe and a table of facts → a draft policy with cases, and what it would catch."""

import json
import math
from pathlib import Path
from typing import Any

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.engine import build, check_cases
from jindi.packs import Definitions, load
from jindi.run.learn.draft import draft_of
from jindi.run.learn.mining import Counts, Found, mine
from jindi.run.learn.recipe import Recipe, read_recipe
from jindi.run.learn.table import read_table


def mine_from(facts: Path, recipe_file: Path, into: Path, definitions: Definitions, output: Output) -> None:
    """Mine, prove the draft by its cases, write it, tell its figures. Raises Problems."""
    try:
        text = recipe_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        problem = Problem(recipe_file.name, "", "cannot be read as UTF-8", "give a recipe")
        raise Problems([problem]) from None
    recipe, inputs = read_recipe(text, definitions, recipe_file.name)
    if recipe.split == "random":
        raise Problems([Problem(recipe_file.name, "split", "rules are mined in the order of time", 'write "time"')])
    zone = definitions.packs[definitions.events[recipe.on].pack].zone
    found = mine(read_table(facts, recipe, inputs, definitions), recipe, inputs, zone, told=output.say)
    document = as_document(recipe, found)
    if not found.rules:
        output.give(document)
        output.say(
            f"no rule of {found.tried} keeps a precision of {recipe.mine.precision} within the false alarms allowed: "
            "nothing is written; ask for less precision, more false alarms, or give more time"
        )
        return
    draft = draft_of(recipe, found, definitions)
    name = f"{recipe.name.replace('_', '-')}-mined.toml"
    prove(draft, name, recipe, definitions)
    path = into / "policies" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(draft, "utf-8")
    part.replace(path)
    output.give({**document, "file": str(path)})
    for each in found.rules:
        output.say(f"{each.text}\n    {_line(each.tested_on)}")
    output.say(f"all together, tested: {_line(found.tested_on)}")
    output.say(f"the present policy:   {_line(found.policy_on_test)}")
    output.say(f"written: {path}")


def prove(draft: str, name: str, recipe: Recipe, definitions: Definitions) -> None:
    """The draft loads beside the packs, and its cases come out. Raises Problems."""
    pack = definitions.events[recipe.on].pack
    roots = [path.removesuffix("pack.toml") for path in definitions.source if path.endswith("pack.toml")]
    root = next(each for each in roots if f'"{pack}"' in definitions.source[f"{each}pack.toml"])
    loaded = load({**definitions.source, f"{root}policies/{name}": draft})
    if problems := [each for each in check_cases(build(loaded)) if each.where.endswith(name)]:
        raise Problems(problems)


def as_document(recipe: Recipe, found: Found) -> dict[str, Any]:
    """The figures for programs; amounts in major units."""
    fold = found.fold
    return {
        "name": recipe.name,
        "on": recipe.on,
        "found_on": [format_instant(fold.train_us), format_instant(fold.calibrate_us)],
        "chosen_on": [format_instant(fold.calibrate_us), format_instant(fold.known_us)],
        "tested_on": [format_instant(fold.test_us), format_instant(fold.end_us)],
        "tried": found.tried,
        "held": found.held,
        "rules": [
            {"when": each.text, "chosen": _counts(each.chosen_on), "test": _counts(each.tested_on)}
            for each in found.rules
        ],
        "together": {"chosen": _counts(found.chosen_on), "test": _counts(found.tested_on)},
        "present_policy": _counts(found.policy_on_test),
    }


def _counts(counts: Counts) -> dict[str, Any]:
    low, high = counts.bounds() if counts.told else (math.nan, math.nan)
    base = counts.positives / counts.rows if counts.rows else math.nan
    told = {
        "rows": counts.rows, "positives": counts.positives, "told": counts.told, "true": counts.true,
        "precision": counts.precision, "precision_low": low, "precision_high": high,
        "recall": counts.true / counts.positives if counts.positives else math.nan,
        "lift": counts.precision / base if base else math.nan,
        "amount_at_risk": counts.amount, "amount_caught": counts.caught,
        "false_alarms_per_1000": 1_000 * counts.false / counts.rows if counts.rows else math.nan,
        "beyond_policy": {
            "true": counts.beyond_true, "false": counts.beyond_false, "amount": counts.beyond_caught,
        },
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(told).replace("NaN", "null"))
    return plain


def _line(counts: Counts) -> str:
    low, high = counts.bounds() if counts.told else (0.0, 1.0)
    share = counts.caught / counts.amount if counts.amount else 0.0
    recall = counts.true / counts.positives if counts.positives else 0.0
    return (
        f"{counts.told:,} told, {counts.true:,} rightly (precision {low:.3f} to {high:.3f}), recall {recall:.3f}, "
        f"money {share:.3f}, false alarms {1_000 * counts.false / max(counts.rows, 1):.2f} in 1,000; "
        f"beyond the policy {counts.beyond_true:,}"
    )
