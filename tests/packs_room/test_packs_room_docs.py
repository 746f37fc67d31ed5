"""docs/packs.md says everything that a pack may say, and its examples are a pack that loads."""

import re
from pathlib import Path

import pytest

from jindi.engine import build, check_cases
from jindi.language import TIME_WORDS
from jindi.packs import FOLDS, LEVELS, OUTCOMES, load
from jindi.packs import vocabulary as words
from jindi.parties.patterns import check_patterns

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "packs.md").read_text("utf-8")
GLOSSARY = (DOCS / "glossary.md").read_text("utf-8")
CORE = DOCS.parent / "packs" / "core"

HEADINGS = {
    "pack": "pack.toml",
    "event": "events.toml: an event",
    "field": "events.toml: a field",
    "field screens": "events.toml: whom a field screens",
    "field derives": "events.toml: what an identifier tells",
    "field lies_in": "events.toml: which ranges an address lies in",
    "feature": "features.toml: a window",
    "pattern fact": "features.toml: a fact of a pattern",
    "derived": "features.toml: a derived feature",
    "label": "labels.toml: a label",
    "word": "labels.toml: who says it",
    "policy": "policies: a policy",
    "split": "policies: a split",
    "band": "policies: a band",
    "rule": "policies: a rule",
    "rule case": "policies: a rule's case",
    "exemption": "policies: an exemption",
    "policy case": "policies: a policy's case",
    "model": "models.toml: a model",
    "limit": "parameters",
    "step": "parameters: a value",
    "list": "lists",
    "typology": "typologies.toml",
    "typology step": "typologies.toml: a step",
    "advice": "advice.toml",
    "pattern": "patterns.toml",
    "pattern feed": "patterns.toml: transfers",
    "pattern case": "patterns.toml: a case",
    "calendar": "calendars.toml",
    "calendar year": "calendars.toml: a year",
    "days off": "calendars.toml: days off",
    "large criterion": "reporting.toml: a criterion",
    "large exemption": "reporting.toml: an exemption",
    "rating scheme": "rating.toml: the scheme",
    "rating level": "rating.toml: a level",
    "rating factor": "rating.toml: a factor",
    "rating bound": "rating.toml: a line of a factor",
    "rating mitigation": "rating.toml: what makes it lighter",
    "rating direct": "rating.toml: what goes to the highest level at once",
    "movement": "reporting.toml: a movement",
    "suspicion": "reporting.toml: a suspicion",
    "control": "controls.toml",
    "incident report": "incidents.toml: a report",
    "incident due": "incidents.toml: a report's time",
    "incident threshold": "incidents.toml: a threshold",
    "incident plan": "incidents.toml: a plan",
    "incident plan step": "incidents.toml: a plan's step",
    "source": "sources.toml",
    "article": "sources.toml: an article",
    "entry": "lists: an entry",
}


def section(heading):
    return PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def keys_of(heading):
    """The keys in the first column of a section's table."""
    rows = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}


def examples():
    """The page's pack: each block says in its first line which file it belongs to."""
    files = {}
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        path = block.splitlines()[0].removeprefix("# ")
        files[path] = files.get(path, "") + block
    model = re.search(r"```json\n(.*?)```", (DOCS / "models.md").read_text("utf-8"), re.DOTALL)
    return files | {"shop/models/shop_fraud.json": model[1]}


@pytest.mark.parametrize("kind", sorted(set(words.KEYS) - {"doc"}))
def test_every_key_is_documented_and_no_other(kind):
    assert keys_of(HEADINGS[kind]) == set(words.KEYS[kind])


def test_every_word_that_may_be_chosen_is_documented():
    page = set(re.findall(r"\w+", PAGE))
    for vocabulary in (
        words.FIELD_TYPES, words.LIMIT_TYPES, words.COLOURS, words.STATES, words.DEGRADES, words.DATA_CLASSES,
        words.UNITS, words.IDENTIFIERS, words.LIFECYCLES, words.ENVELOPE, words.GIVEN_AWAY,
        LEVELS, FOLDS, OUTCOMES, TIME_WORDS,
        words.KEYS["doc"],
    ):  # fmt: skip
        assert set(vocabulary) <= page | {"since_first", "since_last"}, vocabulary
    assert all(f'"{mark}"' in PAGE for mark in words.MARKS)


def test_the_examples_load_and_prove_their_cases():
    core = {f"core/{path.relative_to(CORE).as_posix()}": path.read_text("utf-8") for path in CORE.rglob("*.toml")}
    definitions = load(core | examples())
    assert definitions.live_policy("shop_order")
    assert check_cases(build(definitions)) == []
    assert check_patterns(definitions) == []


def test_the_examples_show_every_key():
    text = "\n".join(examples().values())
    for kind, keys in words.KEYS.items():
        missing = {key for key in keys if not re.search(rf"\b{key}\b\s*=|\[\[?[\w.]*{key}\]", text)}
        assert missing <= {"lifecycle", "own"}, kind


def test_the_glossary_has_each_word_once_in_both_languages():
    rows = [line.split("|")[1:3] for line in GLOSSARY.splitlines() if line.startswith("| ") and "| zh |" not in line]
    pairs = [(zh.strip(), en.strip()) for zh, en in rows]
    assert all(zh and en for zh, en in pairs)
    assert len({zh for zh, _ in pairs}) == len(pairs)
    assert len(pairs) > 140
