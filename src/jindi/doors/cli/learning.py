"""`jindi learn`: a recipe and a table of facts → a model file, its card and its evaluation."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.packs import Definitions
from jindi.run.learn.card import card_of
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table


def learn_from(
    facts: Path, recipe_file: Path, into: Path, definitions: Definitions, output: Output, *, jobs: int
) -> None:
    """Train, test, and write the three files. Raises Problems."""
    try:
        text = recipe_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        problem = Problem(recipe_file.name, "", "cannot be read as UTF-8", "give a recipe")
        raise Problems([problem]) from None
    recipe, inputs = read_recipe(text, definitions, recipe_file.name)
    zone = definitions.packs[definitions.events[recipe.on].pack].zone
    table = read_table(facts, recipe, inputs, definitions)
    model, evaluation = learn(table, recipe, inputs, zone, jobs=jobs, told=output.say)
    digest = str(json.loads(model)["digest"])
    written = {
        into / "models" / f"{recipe.name}.json": model,
        into / "models" / f"{recipe.name}.md": card_of(recipe, evaluation, digest),
        into / "evaluations" / f"{recipe.name}.json": json.dumps(finite(evaluation), ensure_ascii=False, indent=1)
        + "\n",
    }
    from jindi.doors.reports import evaluation_page  # noqa: PLC0415 - templates are only read where a page is made

    written[into / "evaluations" / f"{recipe.name}.html"] = evaluation_page(finite(evaluation))
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(content, "utf-8")
        part.replace(path)
    mean: Mapping[str, float] = evaluation["mean"]
    output.give(
        {"model": recipe.name, "digest": digest, "mean": finite(mean), "files": [str(path) for path in written]}
    )
    output.say("  ".join(f"{name} {value:.4f}" for name, value in mean.items()))
    output.say("\n".join(f"written: {path}" for path in written))
    if not evaluation["folds"][-1]["positives"]:
        output.note("! the last test holds no event whose label is true: nothing says how well this model judges")
    if recipe.name not in definitions.models:
        doc = f'doc = {{ zh = "{recipe.doc.zh}", en = "{recipe.doc.en}" }}'
        rest = f'on = "{recipe.on}"\nfile = "models/{recipe.name}.json"\ndegrade = "open"'
        output.say(f"declare it in models.toml:\n\n[{recipe.name}]\n{doc}\n{rest}")


def finite(value: Any) -> Any:
    """A figure that could not be made (one class alone, no alert) is null in JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    return [finite(inner) for inner in value] if isinstance(value, list | tuple) else value
