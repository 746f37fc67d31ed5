"""What is learnt, beside what others published: the handbook, S-FFSD, the simulator's stream. Writes LEARNING.md.

    python -m benchmarks.learning --folder SCRATCH [--only handbook|sffsd|stream] [--weeks N] [--out LEARNING.md]

The two public sets are no part of the project: they are looked for beside it, or where SHARED_DATA says. Facts come
from `jindi decide`, models from `jindi learn`; what is in the scratch folder already is not made again.
"""

import argparse
import datetime as dt
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks import learning_bound as bound
from benchmarks import learning_stream as stream
from benchmarks import results
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US
from jindi.packs import Definitions
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from jindi.run.platform import compiled
from jindi.vault import Tokens

HERE = Path(__file__).resolve().parent
PACKS = HERE.parent / "tests" / "packs"
DATA = Path(os.environ.get("SHARED_DATA", HERE.parent.parent / "shared" / "data"))
OUT = HERE / "LEARNING.md"
BOOK: tuple[tuple[str, str, str, str], ...] = (
    ("decision tree", ".797", ".579", ".284"), ("logistic regression", ".868", ".623", ".297"),
    ("random forest", ".870", ".678", ".299"), ("XGBoost, chosen on validation", ".869", ".687", ".303"),
    ("XGBoost, chosen on the test itself", ".872", ".694", ".304"), ("balanced bagging", ".879", ".680", ".305"),
    ("feed-forward net", ".876", ".675", ".303"), ("LSTM with attention", ".874", ".667", ".295"),
)  # fmt: skip
BOOK_VALIDATION: tuple[tuple[str, str, str, str], ...] = (
    ("XGBoost 50/.3/3", ".883 ± .008", ".708 ± .021", ".2875 ± .016"),
    ("best of each: XGBoost, random forest, nets", ".887", ".708", ".289"),
)
BOOK_WEEK: tuple[tuple[str, str, str, str], ...] = (
    ("random forest", ".867", ".658", ".287"), ("XGBoost", ".862", ".639", ".273"),
    ("logistic regression", ".871", ".606", ".291"),
)  # fmt: skip
SFFSD: tuple[tuple[str, str, str, str], ...] = (
    ("STAGN", ".7659", ".6852", ".3599"), ("GTAN (AAAI 2023)", ".8286", ".7336", ".6585"),
    ("RGTAN (TKDE 2025)", ".8461", ".7513", ".6939"),
)  # fmt: skip
FIRST_TEST = dt.date(2018, 8, 8)


def decided(source: Path, pack: Path, folder: Path) -> tuple[Path, Definitions]:
    """The facts of a file, by a pack and its mapping."""
    program = compiled(Outside().pack_files([pack]))
    out = folder / f"{pack.name}.parquet"
    if not out.exists():
        columns = read_columns((pack / "columns.toml").read_text("utf-8"), program.definitions)
        decide_file(source, out, program, Tokens(bytes(32)), columns)
    return out, program.definitions


def learnt(facts: Path, recipe: str, definitions: Definitions, kept: Path) -> Mapping[str, Any]:
    """The evaluation of a recipe over facts; `kept` remembers it as long as the recipe is the same."""
    if kept.exists():
        found: Mapping[str, Any] = json.loads(kept.read_text("utf-8"))
        if found.get("recipe_text") == recipe:
            return found
    read, inputs = read_recipe(recipe, definitions, "recipe")
    table = read_table(facts, read, inputs, definitions)
    zone = definitions.packs[definitions.events[read.on].pack].zone
    model, evaluation = learn(table, read, inputs, zone, told=lambda line: print(f"  {line}", flush=True))
    plain: dict[str, Any] = json.loads(json.dumps(evaluation).replace("NaN", "null").replace("Infinity", "null"))
    plain |= {"recipe_text": recipe, "digest": json.loads(model)["digest"]}
    kept.write_text(json.dumps(plain), "utf-8")
    return plain


def handbook(folder: Path, weeks: int | None) -> Iterator[str]:
    """The handbook's validation weeks, on which settings were chosen, and its test weeks as far as there is data."""
    sources = sorted((DATA / "handbook").glob("raw_*.parquet"))
    if not sources:
        yield f"Not measured: no data at {DATA / 'handbook'}."
        return
    facts, definitions = decided(sources[-1], PACKS / "handbook_plus", folder)
    recipes = PACKS / "handbook_plus" / "recipes"
    chosen = learnt(facts, (recipes / "validation.toml").read_text("utf-8"), definitions, folder / "validation.json")
    there = _weeks_there(facts) if weeks is None else weeks
    last = FIRST_TEST + dt.timedelta(days=7 * (there - 1))
    text = (recipes / "test.toml").read_text("utf-8")
    said = tomllib.loads(text)
    text = text.replace(f"test_from = {said['test_from']}", f"test_from = {last}")
    text = text.replace(f"folds     = {said['folds']}", f"folds     = {there}")
    tested = learnt(facts, text, definitions, folder / "test.json")
    settings = chosen["recipe"]["settings"]
    yield (
        f"Model: {settings['average']} × {settings['trees']} trees of {settings['leaves']} leaves at rate "
        f"{settings['rate']:g}, on {settings['rows_share']:g} of the rows and {settings['inputs_share']:g} of "
        f"{len(chosen['recipe']['inputs'])} inputs for each tree, {chosen['recipe']['train']} of training, 7 d delay, "
        "7 d test; cards known to be compromised are left out, as in the book. The features know the book's scenarios "
        "(its line of 220 stands in them); published models had the book's fifteen features and 7 days of training."
    )
    yield from _table("Validation weeks 2018-07-04 to 07-31: settings were chosen here", BOOK_VALIDATION, chosen)
    beside = BOOK if there >= 4 else BOOK_WEEK
    title = f"Test weeks from {FIRST_TEST} on, {there} of 4: looked at once, after everything was chosen"
    if there < 4:
        title += "; the published rows are of the same week (chapter 3)"
    yield from _table(title, beside, tested)
    if there < 4:
        yield ""
        yield "Published for all four test weeks: " + "; ".join(f"{n} {a}/{p}/{c}" for n, a, p, c in BOOK) + "."


def _weeks_there(facts: Path) -> int:
    table = pq.read_table(facts, columns=["at"])
    last_us = table["at"].cast("int64").to_numpy().max()
    begin_us = int(dt.datetime.combine(FIRST_TEST, dt.time(), dt.UTC).timestamp()) * 1_000_000
    return max(1, min(4, int((last_us - begin_us) // DAY_US + 1) // 7))


def _table(
    title: str, published: tuple[tuple[str, ...], ...], found: Mapping[str, Any], names: tuple[str, ...] = (
        "auc", "average_precision", "card_precision",
    ), heads: tuple[str, ...] = ("AUC", "AP", "CP@100"),
) -> Iterator[str]:  # fmt: skip
    yield ""
    yield f"**{title}**"
    yield ""
    yield f"| | rows | positives | {' | '.join(heads)} |"
    yield f"|---|---:|---:|{'---|' * len(heads)}"
    for name, *figures in published:
        yield f"| published: {name} | | | {' | '.join(figures)} |"
    for number, fold in enumerate(found["folds"], 1):
        when = _days(fold["test"]) if found["recipe"]["split"] == "time" else f"drawn, {number}"
        cells = " | ".join(_cell(fold[name], fold.get(f"{name}_interval")) for name in names)
        yield f"| {when} | {fold['rows']:,} | {fold['positives']:,} | {cells} |"
    if len(found["folds"]) > 1:
        spread = found["mean_interval"]
        cells = " | ".join(
            f"**{found['mean'][name]:.4f}** ± {found['deviation'][name]:.4f}"
            + (f" ({spread[name][0]:.4f} to {spread[name][1]:.4f})" if name in spread else "")
            for name in names
        )
        yield f"| **mean ± sd** (95 % interval of the mean) | | | {cells} |"


def _days(span: list[str]) -> str:
    first, last = span[0][:10], span[1][:10]
    return f"{span[0][:19]} on" if first == last else f"{first} to {last}"


def _cell(value: float, interval: list[float] | None) -> str:
    return f"{value:.4f}" + (f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else "")


def sffsd(folder: Path) -> Iterator[str]:
    """S-FFSD on a random split like the published one, and in the order of time."""
    sources = sorted((DATA / "sffsd").glob("*.parquet"))
    if not sources:
        yield f"Not measured: no data at {DATA / 'sffsd'}."
        return
    facts, definitions = decided(sources[-1], PACKS / "sffsd", folder)
    yield (
        "Features use no label. The published split is a random fifth (GTAN) or three fifths (RGTAN) of the labelled "
        "rows; its own test rows carry no label in the file that was measured here, so the splits below are drawn anew "
        "from the labelled rest, by the same way. A random split lets the future judge the past: the row in the order "
        "of time is the one that means something."
    )
    names, heads = ("auc", "macro_f1", "average_precision"), ("AUC", "macro F1 at 0.5", "AP")
    for recipe, title in (
        ("random", "A random fifth, five times"), ("time", "In the order of time: the last fifth (published: random)")
    ):  # fmt: skip
        text = (PACKS / "sffsd" / "recipes" / f"{recipe}.toml").read_text("utf-8")
        found = learnt(facts, text, definitions, folder / f"sffsd-{recipe}.json")
        yield from _table(title, SFFSD, found, names, heads)


def simulated(folder: Path) -> Iterator[str]:
    """The simulator's stream: the test worlds, and what could be caught at tills at most."""
    size, learnt = stream.Size(), stream.policy(folder, stream.Size())
    tests = []
    for seed in stream.TEST_SEEDS:
        world = replace(size, test_seed=seed)
        there = folder / f"test-{seed}"
        found = dict(stream.test(there, world, learnt))
        kept = there / "bounds.json"
        if not kept.exists():
            told = {
                "reports": bound.after_reports(seed, size.test_days, size),
                "knowing": bound.all_knowing(folder / "second", there, size),
            }
            kept.write_text(json.dumps(told), "utf-8")
        tests.append(found | {"bounds": json.loads(kept.read_text("utf-8")), "thieves": stream.by_thief(there)})
    yield from stream.section(size, learnt, tests)


MADE = re.compile(r"\n(?=## )")


def page(old: str, parts: Mapping[str, list[str]], titles: Sequence[str]) -> str:
    """The page with some sections made anew; the others stay as they were, in the order of the titles."""
    kept = {text.split("\n", 1)[0].removeprefix("## "): text.strip() for text in MADE.split(old)[1:]}
    kept |= {title: "\n".join([f"## {title}", "", *lines]) for title, lines in parts.items()}
    head = (
        "# What is learnt, beside what others published\n\nMade by `python -m benchmarks.learning`, one section with "
        "`--only`. In brackets stand 95 % intervals by drawing\nwhole entities again; of Card Precision, days."
    )
    return "\n\n".join([head, *(kept[title] for title in titles if title in kept)]) + "\n"


def main(arguments: list[str]) -> None:
    """Measure what is asked for and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, required=True, help="scratch: facts and evaluations, kept for a next run"
    )
    parser.add_argument("--only", action="append", choices=["handbook", "sffsd", "stream"])
    parser.add_argument("--weeks", type=int, help="how many of the handbook's four test weeks (default: all there are)")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    wanted = given.only or ["handbook", "sffsd", "stream"]
    parts = {
        "handbook": ("Fraud Detection Handbook (Le Borgne et al. 2022)", lambda: handbook(given.folder, given.weeks)),
        "sffsd": ("S-FFSD (AI4Risk/antifraud)", lambda: sffsd(given.folder)),
        "stream": ("The simulator's stream", lambda: simulated(given.folder / "stream")),
    }
    made: dict[str, list[str]] = {}
    for name in wanted:
        title, make = parts[name]
        print(name, flush=True)
        made[title] = [f"Made on {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC.", "", *make()]
    old = given.out.read_text("utf-8") if given.out.exists() else ""
    text = page(old, made, [title for title, _ in parts.values()])
    given.out.write_text(text, "utf-8")
    if given.out == OUT:
        results.RESULTS.write_text(results.with_learnt(results.RESULTS.read_text("utf-8")), "utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
