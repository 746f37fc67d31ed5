"""`jindi adapt`: what it writes `jindi decide` and the API take; what it says; and that the page about it is so."""

import json
import re
from pathlib import Path

import pytest
from api_world import Api
from typer.testing import CliRunner

from adapters_world import CARDS as CARD
from adapters_world import (
    IBANS,
    NOW_US,
    PACKS_DIR,
    alipay,
    bill_row,
    camt_053,
    entry,
    iso8583,
    mapped,
    pacs_008,
    pain_001,
    request,
    wechat,
)  # fmt: skip
from jindi.app.wiring import Outside
from jindi.doors.cli.commands import _Context, app
from jindi.run.adapters import shipped
from shop_world import Clock, Shop, run

PAGE = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text("utf-8")
SAMPLES = {
    "pain.001": pain_001([("Bo", IBANS[1], "120.50", "CNY"), ("Li Min", CARD[0], "60", "CNY")]),
    "pacs.008": pacs_008([("Li", IBANS[0], "Bo", IBANS[1], "10.00", "CNY")]),
    "camt.053": camt_053([entry("CRDT", "1", [("A", CARD[0], None)]), entry("DBIT", "2", [("B", CARD[1], None)])]),
    "iso8583": iso8583("0200", request(), mapped("iso8583").reader._spec)
    + iso8583("0210", request(_39="00", _52=None, _35=None), mapped("iso8583").reader._spec),
    "iso8583-bcd": iso8583("0200", request(), mapped("iso8583-bcd").reader._spec, "length2"),
    "alipay": alipay(
        [
            ("2026112622001400000000000001", kind, "2026-11-26 10:00:30", "x", amount, "R")
            for kind, amount in (("交易", "9"), ("退款", "-9"))
        ]
    ),
    "wechat": wechat([bill_row(), bill_row(交易状态="REFUND", 微信退款单号="5", 申请退款金额="1.00")]),
}  # fmt: skip


class Told:
    """A clock that stands at the samples' day."""

    def now_us(self):
        return NOW_US


class World(Outside):
    """The outside with that clock."""

    clock = Told()


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "adapt.key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    return path


def jindi(*arguments, code=0):
    result = CliRunner().invoke(app, [*map(str, arguments)], obj=_Context(World()))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


def test_every_shipped_format_has_a_sample_here_and_a_line_in_the_help_and_the_page():
    assert set(SAMPLES) == set(shipped())
    words = jindi("adapt", "--help").stdout
    for name in shipped():
        assert name in words
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", SAMPLES)
def test_jindi_decide_takes_what_adapt_writes(tmp_path, key, name):
    source, out = tmp_path / "in.dat", tmp_path / "events.ndjson"
    source.write_bytes(SAMPLES[name])
    told = json.loads(jindi("adapt", name, source, "--out", out, "--key", key, "--json").stdout)
    assert told["ok"]
    assert sum(told["events"].values()) == len(out.read_bytes().splitlines()) >= 1
    decided = json.loads(jindi("decide", out, "--out", tmp_path / "answers.parquet", "--json").stdout)
    assert decided["events"] == sum(told["events"].values())


def test_the_api_takes_all_of_it_as_ndjson(tmp_path, key):
    body = b""
    for name, data in SAMPLES.items():
        if name == "iso8583-bcd":
            continue  # the same message as that of iso8583
        (tmp_path / "in.dat").write_bytes(data)
        jindi("adapt", name, tmp_path / "in.dat", "--out", tmp_path / "events.ndjson", "--key", key)
        body += (tmp_path / "events.ndjson").read_bytes()
    files = {str(path.relative_to(PACKS_DIR)): path.read_text("utf-8") for path in PACKS_DIR.rglob("*.*")}

    async def go():
        async with Api(Shop(files, clock=Clock(NOW_US))) as api:
            answers = await api.lines(body)
            assert len(answers) == len(body.splitlines())
            assert [each for each in answers if "outcome" not in each] == []

    run(go())


def test_rejected_records_end_with_3_and_lie_in_a_file_of_their_own(tmp_path, key):
    source, out = tmp_path / "in.xml", tmp_path / "events.ndjson"
    source.write_bytes(pain_001([("Bo", IBANS[1], "1.005", "CNY"), ("Bo", IBANS[1], "2.00", "CNY")]))
    result = jindi("adapt", "pain.001", source, "--out", out, "--key", key, code=3)
    assert "✗ in.xml: message 1, transaction 1 (line 2): amount: more than 2 decimal places for CNY" in result.stderr
    assert "2 records: 1 event (transfer 1)" in result.stdout
    assert "assumed, not read: account_class II, verification two, channel api" in result.stdout
    (reject,) = (tmp_path / "events.rejects.ndjson").read_text().splitlines()
    assert json.loads(reject)["place"] == "message 1, transaction 1 (line 2)"


def test_what_is_assumed_can_be_said(tmp_path, key):
    source, out = tmp_path / "in.xml", tmp_path / "events.ndjson"
    source.write_bytes(SAMPLES["pain.001"])
    jindi("adapt", "pain.001", source, "--out", out, "--key", key, "--assume", "account_class=III")
    assert {json.loads(line)["account_class"] for line in out.read_text().splitlines()} == {"III"}
    result = jindi("adapt", "pain.001", source, "--out", out, "--key", key, "--assume", "account_class=IV", code=3)
    assert "account_class: not one of the declared values" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pain.002",), "FORMAT: not known (use one of: alipay, camt.053"),
        (("own",), "--mapping: missing"),
        (("pain.001",), "needs a key (give --key FILE"),
        (("pain.001", "--assume", "x"), "--assume: not a name and a value"),
        (("new",), "--type: missing or not an event type"),
    ],
)
def test_what_is_not_said_right_is_told(tmp_path, arguments, said):
    source = tmp_path / "in.csv"
    source.write_text("a,b\n1,2\n")
    result = jindi("adapt", arguments[0], source, "--out", tmp_path / "out", *arguments[1:], code=1)
    assert said in result.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_a_key_that_others_may_read_is_refused(tmp_path, key):
    key.chmod(0o644)
    (tmp_path / "in.xml").write_bytes(SAMPLES["pain.001"])
    result = jindi("adapt", "pain.001", tmp_path / "in.xml", "--out", tmp_path / "out", "--key", key, code=1)
    assert "others may read the key (chmod 600 adapt.key)" in result.stderr


def test_the_output_never_replaces_the_input(tmp_path, key):
    source = tmp_path / "in.xml"
    source.write_bytes(SAMPLES["pain.001"])
    for more in (("--out", source), ("--out", tmp_path / "o", "--rejects", source), ("--out", tmp_path / "no" / "o")):
        jindi("adapt", "pain.001", source, *more, "--key", key, code=1)
    assert source.read_bytes() == SAMPLES["pain.001"]


# ---- a mapping to begin with


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_a_known_format_gives_a_mapping_over_the_shipped_one(tmp_path, key, name):
    source, own = tmp_path / "in.dat", tmp_path / "own.toml"
    source.write_bytes(SAMPLES[name])
    jindi("adapt", "new", source, "--out", own)
    assert f'extends = "{name}"' in own.read_text("utf-8")
    jindi("adapt", "own", source, "--mapping", own, "--out", tmp_path / "events.ndjson", "--key", key)
    jindi("adapt", "new", source, "--out", own, code=1)  # what is there is left alone


OWN_XML = b"""<orders day="2026-11-26"><shop>s1</shop>
<order no="1"><at>2026-11-26T10:00:00Z</at><amount>5.00</amount><user>u1</user></order>
<order no="2"><at>2026-11-26T11:00:00Z</at><amount>6.00</amount><user>u2</user></order></orders>"""


def test_an_unknown_sample_gives_a_mapping_that_says_what_is_missing(tmp_path):
    source, own, out = tmp_path / "in.xml", tmp_path / "own.toml", tmp_path / "events.ndjson"
    source.write_bytes(OWN_XML)
    jindi("adapt", "new", source, "--type", "payment", "--out", own)
    text = own.read_text("utf-8")
    assert 'record = "orders/order"' in text
    for each in ('user = { from = "user" }', 'amount = { from = "amount" }', "#   @no", "#   ../shop", "#   ../@day"):
        assert each in text
    assert "u1" not in text, "no value of the sample stands in the mapping"
    result = jindi("adapt", "own", source, "--mapping", own, "--out", out, code=1)
    assert "emit 1: merchant: a required field has no source" in result.stderr
    mended = text.replace('# merchant = { from = "" }', 'merchant = { from = "../shop" }').replace(
        'at   = { from = "#number", ', 'at   = { from = "at", '
    )  # fmt: skip
    for name, value in (
        ("merchant_kind", "micro"), ("funding", "balance"), ("account_class", "II"), ("verification", "one"),
        ("channel", "app"),
    ):  # fmt: skip
        mended = mended.replace(f'# {name} = {{ from = "" }}', f'{name} = {{ literal = "{value}" }}')
    own.write_text(mended, "utf-8")
    jindi("adapt", "own", source, "--mapping", own, "--out", out)
    events = map(json.loads, out.read_text().splitlines())
    assert [(each["id"], each["amount"], each["merchant"]) for each in events] == [
        ("own-1", "5.00", "s1"), ("own-2", "6.00", "s1"),
    ]  # fmt: skip


# ---- the page


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_examples_of_the_page_run_and_say_what_it_says(tmp_path, key, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (xml,), (csv,) = fences("xml"), fences("csv")
    own = next(each for each in fences("toml") if "[[emit]]" in each)
    Path("orders.xml").write_text(xml, "utf-8")
    Path("till.csv").write_text(csv, "utf-8")
    Path("till.toml").write_text(own, "utf-8")
    commands = [
        line.split()[1:] for each in fences("sh") for line in each.splitlines() if line.startswith("jindi adapt ")
    ]
    said = [each.rstrip("\n") for each in fences("text")]
    first = []
    for command, words in zip(commands[:2], said, strict=True):
        result = CliRunner().invoke(app, command, obj=_Context(World()))
        assert result.exit_code in (0, 3), result.stderr
        assert (result.stderr + result.stdout).rstrip("\n") == words
        first.append(json.loads(Path("events.ndjson").read_text().splitlines()[0]))
    assert [json.loads(each) for each in fences("json")] == first[:1]


def test_every_mapping_of_the_page_is_one():
    mappings = fences("toml")
    assert len(mappings) == 2
    for text in mappings:
        assert mapped("own", text=text).emits


def test_the_page_names_every_key_that_a_mapping_may_have():
    from jindi.run.adapters import mapping

    for key in (*mapping._TOP[:1], *mapping._TOP[2:], *mapping._KINDS, *mapping._CHANGES, *mapping._TESTS):
        assert re.search(rf"[`\[]{key}[`\]. ]", PAGE), f"docs/adapters.md does not say what {key} is"
