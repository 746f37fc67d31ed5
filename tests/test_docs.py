"""What the pages say is so: links lead somewhere, nothing is left out, and every example does what it shows."""

import asyncio
import itertools
import json
import re
import shlex
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.main import get_command

from jindi.access import SCOPES, ApiKeys, Scope
from jindi.app.settings import KNOWN, settle
from jindi.basics.instants import DAY_US, format_instant
from jindi.doors.api import build_api
from jindi.doors.api.openapi import document
from jindi.doors.cli.commands import app
from jindi.run.audit import Actor, Audit
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.run.history.shapes import OWN
from jindi.run.intake import Intake
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from jindi.run.platform import Platform, compiled
from jindi.stores.files import MemoryBlobs
from jindi.stores.memory_log import MemoryLog
from jindi.vault import Tokens
from shop_world import KEY, NOON_US, Clock

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README, CHINESE = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.zh.md").read_text("utf-8")
OPERATE, DECIDE = (DOCS / "operate.md").read_text("utf-8"), (DOCS / "decide.md").read_text("utf-8")
VERSIONS = (DOCS / "versions.md").read_text("utf-8")
BACKUP = (DOCS / "backup.md").read_text("utf-8")
TRANSPORT = (DOCS / "transport.md").read_text("utf-8")
HISTORY = (DOCS / "history.md").read_text("utf-8")
LEARN = (DOCS / "learn.md").read_text("utf-8")
LIFE = (DOCS / "decisions-life.md").read_text("utf-8")
PAGES = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
RECORDS = sorted((DOCS / "decisions").glob("*.md"))
HEADINGS = ("## Context", "## Decision", "## Why not the others", "## How we will know we were wrong")


@cache
def shipped_files():
    packs = ROOT / "packs"
    return {path.relative_to(packs).as_posix(): path.read_text("utf-8") for path in packs.rglob("*.toml")}


@cache
def shipped_program():
    return compiled(shipped_files())


def exported_transfers(path, recipe):
    """Transfers of two months as `jindi export --label` writes them; large ones to new payees are fraud."""
    first_us = recipe.test_us(ZoneInfo("Asia/Shanghai")) - 40 * DAY_US
    count = 4_000
    at = [first_us + n * 60 * DAY_US // count for n in range(count)]
    cents = [(n * 7_919) % 2_000_000 for n in range(count)]
    fraud = [amount > 1_800_000 and n % 2 == 0 for n, amount in enumerate(cents)]
    instant = pa.timestamp("us", "UTC")
    minor = pa.field("amount", pa.int64(), metadata={"kind": "money", "unit": "minor", "currency": "CNY"})
    columns = {
        pa.field("type", pa.string()): ["transfer"] * count,
        pa.field("at", instant): at,
        pa.field("user", pa.string()): [f"u{n % 97}" for n in range(count)],
        minor: cents,
        pa.field("payee_is_new", pa.bool_()): [n % 2 == 0 for n in range(count)],
        pa.field("device_is_new", pa.bool_()): [n % 5 == 0 for n in range(count)],
        pa.field("known_payee_for", pa.int64()): [None if n % 2 == 0 else DAY_US for n in range(count)],
        pa.field("payees_1h", pa.int64()): [n % 3 for n in range(count)],
        pa.field("received_payers_1d", pa.int64()): [n % 4 for n in range(count)],
        pa.field("travel_km", pa.int64()): [n % 40 for n in range(count)],
        pa.field("fraud", pa.bool_()): fraud,
        pa.field("fraud_known", instant): [
            each + DAY_US if bad else None for each, bad in zip(at, fraud, strict=True)
        ],
    }  # fmt: skip
    arrays = [pa.array(cells, field.type) for field, cells in columns.items()]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(list(columns))), path)
    return path


def fences(page, language):
    """The texts of a page's fenced blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def bodies(block):
    """The here-documents of a shell block, their times filled in."""
    at = format_instant(NOON_US)
    return [re.sub(r"\$\([^)]*\)", at, body) for body in re.findall(r"<<EOF\n(.*?)\nEOF", block, re.DOTALL)]


def commands_of(page):
    """Every line of a page's shell blocks that runs `jindi`, as its words."""
    lines = "\n".join(fences(page, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if re.match(r"(\S*/)?jindi ", line)]
    return [line[1:] for line in words]


def all_commands():
    """(command words, click command) of everything that people do with the program; what it starts itself is hidden."""
    found = {}
    for name, command in get_command(app).commands.items():
        if command.hidden:
            continue
        if getattr(command, "invoke_without_command", False):
            found[name] = command
        for inner, leaf in getattr(command, "commands", {"": command}).items():
            found[f"{name} {inner}".strip()] = leaf
    return found


# ---- nothing is left out


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(page):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    dead = [t for t in targets if t and not re.match(r"[a-z]+:", t) and not (page.parent / t).exists()]
    assert dead == []


def test_the_index_names_every_page():
    index = (DOCS / "README.md").read_text("utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.name != "README.md"]
    assert [page for page in pages if f"]({page})" not in index] == []


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_every_command_is_documented(name):
    assert f"`jindi {name}`" in OPERATE or f"`{name}`" in OPERATE
    assert f"jindi {name.partition(' ')[0]}" in README


@pytest.mark.parametrize("setting", KNOWN, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting):
    (row,) = [line for line in OPERATE.splitlines() if line.startswith(f"| `{setting.name}` |")]
    assert f"`{setting.variable}`" in row
    assert not setting.default or f"`{setting.default}`" in row


def test_every_column_of_an_archived_decision_is_documented():
    table = HISTORY.split("| column | what |", 1)[1].split("\n\n", 1)[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == set(OWN)


def test_the_settings_file_of_the_page_is_accepted(tmp_path):
    (text,) = fences(OPERATE, "toml")
    (tmp_path / "jindi.toml").write_text(text, "utf-8")
    lines = {line.name: line for line in settle({"data": str(tmp_path)}, {}).lines}
    assert {name for name, line in lines.items() if line.origin.endswith("jindi.toml")} == set(lines) - {"data"}


def test_every_scope_and_every_metric_is_documented():
    assert [scope for scope in SCOPES if f"| `{scope}` |" not in OPERATE] == []
    source = (ROOT / "src/jindi/doors/api/metrics.py").read_text("utf-8")
    metrics = set(re.findall(r'"(jindi_\w+)"', source))
    assert len(metrics) > 10
    assert metrics == set(re.findall(r"`(jindi_\w+?)(?:\{[\w,]*\})?`", OPERATE))


def test_every_route_is_documented():
    text = "\n".join(page.read_text("utf-8") for page in (ROOT / "README.md", *DOCS.glob("*.md")))
    paths = document(shipped_program().definitions)["paths"]
    assert [p for p in paths if p not in text and f"`…/{p.rpartition('/')[2]}`" not in text] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_every_decision_record_has_its_four_parts(record):
    lines = record.read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    places = [lines.index(heading) for heading in HEADINGS]
    assert places == sorted(places)


def test_decision_records_are_numbered_without_gaps():
    assert [path.name[:4] for path in RECORDS] == [f"{number:04d}" for number in range(1, len(RECORDS) + 1)]


def test_both_readmes_show_the_same_commands():
    assert len(fences(README, "sh")) >= 5
    for language in ("sh", "python"):
        assert fences(README, language) == fences(CHINESE, language)
    assert README.count("\n## ") == CHINESE.count("\n## ")


@pytest.mark.parametrize(
    "page",
    [README, OPERATE, DECIDE, LIFE, HISTORY, VERSIONS, LEARN, BACKUP, TRANSPORT],
    ids=["README", "operate", "decide", "life", "history", "versions", "learn", "backup", "transport"],
)
def test_every_command_line_shown_uses_options_that_exist(page):
    known = all_commands()
    lines = commands_of(page)
    assert lines
    for words in lines:
        command = known.get(" ".join(words[:2])) or known[words[0]]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options, words


# ---- examples do what they show


def test_every_event_shown_is_one_that_the_shipped_packs_take():
    intake = Intake(shipped_program().definitions, Tokens(KEY), lambda: NOON_US)
    shown = [body for page in PAGES for block in fences(page.read_text("utf-8"), "sh") for body in bodies(block)]
    assert len(shown) >= 15
    for body in shown:
        intake.read(body.encode())


def shows(answer, shown):
    """Whether an answer has everything that the page shows of it."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(name in answer and shows(answer[name], shown[name]) for name in shown)
    return bool(answer == shown)


async def played(page):
    """Run the page's `tell` and `ask` lines, and pair the last answer of each block with what the page shows."""
    clock, blobs = Clock(), MemoryBlobs()
    platform = Platform(
        open_log=lambda _: MemoryLog(), blobs=blobs, tokens=Tokens(KEY), clock=clock, files=shipped_files()
    )
    serial = itertools.count(1)
    keys = ApiKeys(blobs, lambda size: next(serial).to_bytes(size, "big"))
    clear, _ = keys.create("page", frozenset({Scope.ADMIN}), NOON_US)
    transport = httpx.ASGITransport(app=build_api(platform, keys, clock, dict))
    pairs, answer = [], None
    ids = {}  # the page's, and those of this run

    def here(text):
        return re.sub(r"dec_[0-9a-f]{12}", lambda found: ids.get(found[0], found[0]), text)

    await platform.start()
    for what in ("platform.start", "key.create", "link.create"):  # as `jindi up` journals them
        await Audit(platform).act(Actor("cli", "page", "cli"), what)
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://page", headers={"authorization": f"Bearer {clear}"}
        ) as client:
            for language, text in re.findall(r"^```(sh|json)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
                if language == "json":
                    if "decision_id" in (shown := json.loads(text)):
                        ids.setdefault(shown["decision_id"], answer["decision_id"])
                    pairs.append((answer, json.loads(here(text))))
                    continue
                told = iter(bodies(text))
                for line in text.splitlines():
                    if line.startswith("tell <<EOF"):
                        answer = (await client.post("/v1/events", content=here(next(told)))).json()
                    elif line.startswith("ask dec_"):
                        answer = (await client.get(f"/v1/decisions/{here(line.split()[1])}")).json()
    finally:
        await platform.close()
    return pairs


def test_a_decisions_life_goes_as_its_page_says():
    pairs = asyncio.run(played(LIFE))
    assert len(pairs) >= 12
    for answer, shown in pairs:
        assert shows(answer, shown), (shown, answer)


def test_the_table_of_the_page_is_decided_as_the_page_says(tmp_path):
    (csv,) = fences(DECIDE, "csv")
    (mapping,) = fences(DECIDE, "toml")
    (source, target) = tmp_path / "transfers.csv", tmp_path / "answers.parquet"
    source.write_text(csv, "utf-8")
    program = shipped_program()
    columns = read_columns(mapping, program.definitions)
    summary = decide_file(source, target, program, Tokens(KEY), columns)

    said = ", ".join(f"{outcome} {count}" for outcome, count in summary.outcomes.items() if count)
    assert f"{summary.rows} rows decided ({summary.events} events): {said} → answers.parquet" in DECIDE
    table = pq.read_table(target)
    assert f"Of the {table.num_columns} columns" in DECIDE
    header = "| row | event_id | payee_reports_90d | sent_to_payee_1d | outcome | score | reasons |"
    names = [name.strip() for name in header.strip("|").split("|")]
    rows = [
        "| " + " | ".join(", ".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values()) + " |"
        for row in table.select(names).to_pylist()
    ]
    shown = DECIDE.split(header, 1)[1].splitlines()[2 : 2 + len(rows)]
    assert [re.sub(r" +", " ", row) for row in rows] == shown


def test_the_draft_of_the_versions_page_has_the_digests_that_the_page_shows(request):
    page = DOCS / "versions.md"
    text = page.read_text("utf-8")
    before, after = re.search(r"sed -i 's/([^/]*)/([^/]*)/' my-packs/payment/policies/payment.toml", text).groups()
    files = shipped_files()
    path = "payment/policies/payment.toml"
    assert files[path].count(before) == 1
    program = compiled(files | {path: files[path].replace(before, after)})
    digest = program.definitions.digest[:12]
    cases = sum(len(rule.cases) for policy in program.definitions.policies for rule in policy.rules)
    cases += sum(len(policy.cases) for policy in program.definitions.policies)
    version = program.definitions.live_policy("payment").version
    was = shipped_program().definitions.live_policy("payment").version
    shown = list(dict.fromkeys(re.findall(r"payment@[0-9a-f]{12}", text)))
    if request.config.getoption("--rewrite"):
        text = re.sub(r"\d+ cases hold; digest [0-9a-f]{12}", f"{cases} cases hold; digest {digest}", text)
        text = (
            re.sub(r"digest [0-9a-f]{12}", f"digest {digest}", text).replace(shown[0], was).replace(shown[1], version)
        )
        page.write_text(text, "utf-8")
    assert f"{cases} cases hold; digest {digest}" in text
    assert set(re.findall(r"digest ([0-9a-f]{12})", text)) == {digest}
    assert re.findall(r"payment@[0-9a-f]{12}", text)[0] == was
    assert set(re.findall(r"payment@[0-9a-f]{12}", text)) == {version, was}


def test_the_model_of_the_learning_page_is_learnt_from_an_export_and_serves_in_the_rule_that_the_page_shows(tmp_path):
    recipe_text, declared, rule = fences(LEARN, "toml")[:3]
    definitions = shipped_program().definitions
    recipe, inputs = read_recipe(recipe_text, definitions, "transfer.toml")
    # Amounts as an export has them: whole minor units that say so.
    table = read_table(exported_transfers(tmp_path / "facts.parquet", recipe), recipe, inputs, definitions)
    assert table.amount.max() < 100_000
    model, _ = learn(table, recipe, inputs, definitions.packs["payment"].zone)
    files = shipped_files() | {"payment/models.toml": declared, "payment/models/transfer_fraud.json": model}
    files["payment/policies/transfer.toml"] += "\n" + rule
    program = compiled(files).events["transfer"]
    assert "transfer_fraud" in program.models
