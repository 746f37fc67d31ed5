"""`jindi aml`: what the page about it shows is so, clear text stays in its folder, and problems are told whole."""

import json
import re
import shlex
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jindi.app.wiring import Outside
from jindi.doors.cli.commands import _Context, app
from jindi.parties.reporting import codes
from jindi.parties.reporting.camlmac import FROM_MEMORY
from jindi.parties.reporting.camlmac import LARGE as LARGE_TREE
from jindi.parties.reporting.camlmac import SUSPICIOUS as SUSPICIOUS_TREE
from jindi.parties.reporting.filing import WORDS
from jindi.parties.reporting.shapes import leaves
from reporting_world import LARGE, SUSPICIOUS

PAGE = (Path(__file__).parents[2] / "docs" / "aml-reports.md").read_text("utf-8")
SECRETS = ("李敏", "11010519491231002X", "6222020200112233445", "钱七", "快进快出", "C0001", "C0002")


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def named(title):
    (text,) = (each for each in fences("toml") if each.startswith(f"# {title}\n"))
    return text


def aml(*arguments):
    return CliRunner().invoke(app, ["aml", *map(str, arguments)], obj=_Context(Outside()))


def told(*arguments, code=0):
    result = aml(*arguments, "--json")
    assert result.exit_code == code, (result.stdout, result.stderr)
    (line,) = result.stdout.splitlines()
    assert not [each for each in SECRETS if each in result.stdout + result.stderr]
    return json.loads(line)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The files of the page, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for title in ("report.toml", "form.toml", "unit.toml"):
        (tmp_path / title).write_text(named(title), "utf-8")
    (csv,) = fences("csv")
    (tmp_path / "transactions.csv").write_text(csv, "utf-8")
    return tmp_path


def is_private(path):
    return stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


# ---- the page


def test_every_command_of_the_page_does_what_it_says(place):
    lines = [shlex.split(line) for block in fences("sh") for line in block.splitlines()]
    assert len(lines) == 8
    assert all(line[:2] == ["jindi", "aml"] for line in lines)
    (place / "FDRC[NBHA1000131000001-20261124-00000001]20261125093001.XML").write_text("<UNKNOWN/>", "utf-8")
    for line in lines:
        result = aml(*line[2:])
        expected = 3 if line[2] == "receipt" else 0
        assert result.exit_code == expected, (line, result.stdout, result.stderr)
    assert sorted(path.name for path in (place / "private").iterdir()) == [
        "NBHA1000131000001-20261124-00000001.receipt.json", "NBSA1000131000001-20261124-00000001.XML",
        "STR-2026-0042.xml", "large.json",
    ]  # fmt: skip
    assert is_private(place / "private")
    assert all(is_private(path) for path in (place / "private").iterdir())


def test_the_days_of_the_page_are_so():
    found = told("calendar", "2026-09-30", "+5")
    assert (found["due"], found["is_working"], found["mark"], found["is_settled"]) == (
        "2026-10-13",
        True,
        "verified",
        True,
    )
    assert told("calendar", "2026-09-30", "2026-10-13")["working_days"] == 5
    assert told("calendar", "2026-10-10")["why"] == "worked weekend"


def test_the_large_days_of_the_page_are_found(place):
    found = told("large", "transactions.csv", "--out", "private", "--today", "2026-10-14")
    assert (found["transactions"], found["found"], found["late"]) == (5, 2, 2)
    assert found["by_code"] == {"0501": 1, "0502": 1}
    kept = json.loads((place / "private" / "large.json").read_text("utf-8"))["found"]
    names = ("customer", "code", "direction", "due", "transactions")
    assert [tuple(each[name] for name in names) for each in kept] == [
        ("C0001", "0501", "in", "2026-10-13", ["T-1", "T-2", "T-3"]), ("C0002", "0502", "out", "2026-10-13", ["T-4"]),
    ]  # fmt: skip
    assert kept[0]["lines"][0]["basis"]["zh"]


def test_the_report_of_the_page_leaves_out_what_the_page_says(place):
    found = told("packet", "report.toml", "--out", "private", "--day", "2026-11-24")
    assert found["left_out"] == ["counterparty.latin", "institution.name", "latin", "measures"]
    assert found["name"] == "NBSA1000131000001-20261124-00000001.XML"
    assert "李敏" in (place / "private" / found["name"]).read_text("utf-8")


def test_the_program_of_the_page_runs():
    (code,) = fences("python")
    names = {}
    exec(compile(code, "docs/aml-reports.md", "exec"), names)
    assert (names["filing"].state, names["again"].days) == ("packed", names["report"].days)
    assert names["said"] == "nobody approves a report of his own"


def test_the_page_has_every_field_kind_and_state():
    for tree in (LARGE_TREE, SUSPICIOUS_TREE):
        for leaf in leaves(tree):
            assert f"| `{leaf.tag}` | {leaf.zh}{'†' if leaf.tag in FROM_MEMORY else ''} | {leaf.en} |" in PAGE
    for kind, (code, _) in codes.DOCUMENTS.items():
        assert re.search(rf"`{kind}`\s+{code}", PAGE), kind
    for state, words in WORDS.items():
        assert f"| {words.zh} |" in PAGE, state


# ---- days


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2027-01-04", "+5"), "the days off of this year are not declared"),
        (("2026-12-28", "+5"), "calendar mainland_china: 2027"),
        (("2026-9-1",), "DAY: is no day"), (("2026-09-01", "+x"), "count from 1 to 366"),
        (("2026-09-01", "+0"), "count from 1 to 366"), (("2026-09-01", "soon"), "+N|DAY: is no day"),
        (("2026-09-01", "--calendar", "mars"), "is no calendar that a pack declares"),
    ],
)  # fmt: skip
def test_a_day_that_can_t_be_told_says_why(arguments, words):
    result = aml("calendar", *arguments)
    assert result.exit_code == 1
    assert words in result.stderr


def test_what_the_next_notice_may_move_is_said():
    assert told("calendar", "2026-12-22", "+5")["is_settled"] is False
    assert "未定" in aml("calendar", "2026-12-22", "+5").stdout


# ---- large


def lines(*rows):
    names = "id,at,customer,kind,means,side,direction,currency,amount,cny,usd,exempt,suspicious"
    return "\n".join([names, *rows]) + "\n"


GOOD = "T-1,2026-11-23T10:00:00+08:00,C0001,person,cash,domestic,in,CNY,60000.00,,8400.00,,"


def test_ndjson_is_read_as_csv_is(place):
    row = {
        "id": "T-1", "at": "2026-11-23T10:00:00+08:00", "customer": "C0001", "kind": "person", "means": "cash",
        "side": "domestic", "direction": "in", "amount": "60000.00", "usd": "8400.00", "suspicious": False,
    }  # fmt: skip
    (place / "a.ndjson").write_text(json.dumps(row) + "\n", "utf-8")
    (place / "a.csv").write_text(lines(GOOD), "utf-8")
    for name in ("a.ndjson", "a.csv"):
        assert told("large", name, "--out", name + ".out", "--today", "2026-11-24")["by_code"] == {"0501": 1}


def test_every_slip_of_a_file_is_told_with_its_line_and_nothing_is_written(place):
    (place / "a.csv").write_text(lines(
        GOOD, GOOD.replace("60000.00", "70000.00"), "T-2,soon,C0001,people,cash,domestic,in,CNY,6.005,,,because,yes",
        "T-3,2026-11-23T10:00:00+08:00,,person,cash,domestic,in,XXX,1,,,,",
        "T-4,2026-11-23T10:00:00+08:00,C1,person,cash,domestic,in,CNY,1,,1,because,",
        "T-5,2026-11-23T10:00:00+08:00,C1,person,cash,domestic,in,EUR,1,,,,",
    ), "utf-8")  # fmt: skip
    result = aml("large", "a.csv", "--out", "private")
    assert result.exit_code == 1
    for piece in (
        "a.csv: line 3: transaction T-1: id: stands twice", "line 4: at:", "line 4: kind:",
        "line 4: amount: more than 2",
        "line 4: usd: is missing", "line 4: suspicious:", "line 5: customer: is missing", "line 5: currency",
        "line 6: transaction T-4: exempt: is no exemption", "line 7: cny: is missing", "line 7: usd: is missing",
    ):  # fmt: skip
        assert piece in result.stderr.replace("\n", " "), piece
    assert not [each for each in SECRETS if each in result.stdout + result.stderr]
    assert list((place / "private").iterdir()) == []


def test_a_file_without_a_header_is_refused_without_quoting_its_first_row(place):
    (place / "a.csv").write_text(GOOD.replace("C0001", "李敏") + "\n", "utf-8")
    (place / "b.ndjson").write_text('{"李敏": 1}\n', "utf-8")
    for name in ("a.csv", "b.ndjson"):
        result = aml("large", name, "--out", "private")
        assert result.exit_code == 1
        assert not [each for each in (*SECRETS, "60000") if each in result.stderr]


def test_a_day_due_in_a_year_without_a_notice_is_written_and_the_command_fails(place):
    (place / "a.csv").write_text(lines(GOOD.replace("2026-11-23", "2026-12-30")), "utf-8")
    result = aml("large", "a.csv", "--out", "private", "--today", "2026-12-31")
    assert result.exit_code == 1
    assert "2027: the days off of this year are not declared" in result.stderr
    (kept,) = json.loads((place / "private" / "large.json").read_text("utf-8"))["found"]
    assert (kept["due"], kept["is_late"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"), ("{nothing\n", "is no JSON object"), ("[1]\n", "column 1: is none"), ("\ufeff", "is empty"),
        (lines(GOOD).replace("suspicious", "suspicous"), "column 13: is none that is read here (did you mean 'suspi"),
        (lines(GOOD + ",x"), "more cells"),
        (lines(GOOD).replace("customer", "id"), "customer: is missing"), (lines(GOOD + '"'), "is no CSV"),
        ('{"id": "1", "suspect": true}', "suspect: is nothing that is read here"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(place, content, words):
    (place / "a.csv").write_text(content, "utf-8")
    result = aml("large", "a.csv", "--out", "private")
    assert (result.exit_code, words in result.stderr.replace("\n", " ")) == (1, True), result.stderr


def test_packs_without_criteria_are_told(place):
    (place / "shop").mkdir()
    (place / "shop" / "pack.toml").write_text(
        'name = "shop"\nversion = "1"\nzone = "Asia/Shanghai"\ncurrency = "CNY"\ndoc = { zh = "一", en = "one" }\n',
        "utf-8",
    )
    result = aml("large", "transactions.csv", "--out", "private", "--packs", "shop")
    assert "no pack says what a large transaction is" in result.stderr


# ---- packets


def test_numbers_go_on_and_nothing_is_overwritten(place):
    for n in (1, 2, 3):
        found = told("packet", "report.toml", "--out", "private", "--day", "2026-11-24")
        assert found["name"].endswith(f"-0000000{n}.XML")
    result = aml("packet", "report.toml", "--out", "private", "--day", "2026-11-24", "--serial", "2")
    assert (result.exit_code, "is there already" in result.stderr) == (1, True)


def test_large_reports_are_packed_and_may_be_changed_and_deleted(place):
    (place / "r.json").write_text(json.dumps(LARGE), "utf-8")
    for action, letters in (("new", "NBH"), ("change", "CBH"), ("delete", "DBH")):
        found = told("packet", "r.json", "--out", "private", "--day", "2026-11-24", "--action", action)
        assert found["name"].startswith(letters)
        assert told("check", Path("private") / found["name"]) == {"ok": True, "form": letters, "transactions": 1}


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, ("--action", "delete"), "never deleted"), ({}, ("--sector", "bakery"), "--sector: is unknown"),
        ({"institution": {"code": "A1"}}, (), "not 14 digits"), ({"urgency": "9"}, (), "urgency: is no code"),
        ({"urgencies": "9"}, (), "did you mean 'urgency'?"), ({"kind": "odd"}, (), "kind: is missing or unknown"),
        ({"id": "../x"}, ("--goaml", "unit.toml"), "is no name for a file"),
    ],
)  # fmt: skip
def test_a_report_that_can_t_be_packed_says_why_and_writes_nothing(place, change, options, words):
    (place / "r.json").write_text(json.dumps(SUSPICIOUS | change), "utf-8")
    result = aml("packet", "r.json", "--out", "private", *options)
    assert result.exit_code == 1
    assert words in result.stderr.replace("\n", " ")
    assert not list(place.glob("private/*"))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "[" * 100, '"李敏"', "李敏"])
def test_a_report_that_is_no_json_is_refused_without_quoting_it(place, text):
    (place / "r.json").write_text(text, "utf-8")
    (place / "r.toml").write_text(text, "utf-8")
    for name in ("r.json", "r.toml"):
        result = aml("packet", name, "--out", "private")
        assert result.exit_code == 1
        assert "李敏" not in result.stderr


def test_a_folder_that_others_may_look_into_is_refused(place):
    (place / "open").mkdir()
    (place / "open").chmod(0o750)
    result = aml("packet", "report.toml", "--out", "open")
    assert (result.exit_code, "others may look into it" in result.stderr) == (1, True)


def test_a_packet_that_was_changed_is_refused_with_its_line(place):
    found = told("packet", "report.toml", "--out", "private", "--day", "2026-11-24")
    path = Path(found["file"])
    path.write_text(path.read_text("utf-8").replace("<DETR>01", "<DETR>77"), "utf-8")
    result = aml("check", path)
    assert result.exit_code == 1
    assert "DETR 可疑交易报告紧急程度: is not written as it must be" in result.stderr.replace("\n", " ")


# ---- receipts


def test_a_receipt_with_its_form_tells_fields_and_keeps_the_rest_in_the_folder(place):
    path = place / "FDCF[NBSA1000131000001-20261124-00000001]20261125093001.XML"
    path.write_text(
        "<X><ONE><WHERE>C0001</WHERE><WHAT>SEID</WHAT><NO>E07</NO><WORDS>11010519491231002X</WORDS></ONE></X>", "utf-8"
    )
    found = told("receipt", path.name, "--form", "form.toml", "--out", "private", code=4)
    assert (found["outcome"], found["landed"], found["is_read"]) == ("refused", "20261125093001", True)
    assert found["errors"] == [
        {"field": "SEID", "code": "E07", "zh": "可疑主体身份证件号码", "en": "the number of the document"}
    ]
    kept = json.loads(Path(found["file"]).read_text("utf-8"))
    assert (kept["errors"][0]["place"], kept["errors"][0]["says"]) == ("C0001", "11010519491231002X")
    assert is_private(Path(found["file"]))


def test_an_accepted_packet_ends_with_0_and_an_unknown_form_says_so(place):
    (place / "FDSC[NBSA1000131000001-20261124-00000001]20261125093001.XML").write_text("<OK/>", "utf-8")
    assert told("receipt", "FDSC[NBSA1000131000001-20261124-00000001]20261125093001.XML")["outcome"] == "accepted"
    (place / "FDCF[NBSA1000131000001-20261124-00000001].XML").write_text("<NO/>", "utf-8")
    result = aml("receipt", "FDCF[NBSA1000131000001-20261124-00000001].XML")
    assert (result.exit_code, "in a form that is not known" in result.stdout) == (4, True)
    (place / "other.xml").write_text("<NO/>", "utf-8")
    assert aml("receipt", "other.xml").exit_code == 1
