"""`jindi screen`: what it finds, what it says, how it ends, and that the page about it is so."""

import gzip
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jindi.app.wiring import Outside
from jindi.doors.cli.commands import _Context, app

PAGE = (Path(__file__).parents[2] / "docs" / "screening.md").read_text("utf-8")


def screen(*arguments, given=None):
    result = CliRunner().invoke(app, ["screen", *map(str, arguments)], obj=_Context(Outside()), input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def lists(tmp_path):
    """The list of the page, in a folder of its own."""
    text, *_ = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "own.toml").write_text(text, "utf-8")
    return folder


def told(*arguments, code=0, **more):
    result = screen(*arguments, "--json", **more)
    assert result.exit_code == code, (result.stdout, result.stderr)
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_the_first_search_of_the_page_finds_all_three_and_ends_with_3(lists):
    (words,) = re.findall(r"^jindi screen (\".*\") --list lists$", PAGE, re.MULTILINE)
    names = re.findall(r'"([^"]+)"', words)
    document = told(*names, "--list", lists, code=3)
    assert [(each["name"], each["entry"]) for each in document["matches"]] == [
        (names[0], "CN-1"), (names[1], "CN-1"), (names[2], "RU-1"),
    ]  # fmt: skip
    assert document["subjects"] == 3
    (listed,) = document["lists"]
    assert (listed["name"], listed["published_on"], listed["entries"]) == ("own", "2026-11-01", 2)
    assert re.fullmatch("[0-9a-f]{64}", listed["version"])


def test_the_program_of_the_page_runs():
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names = {}
    exec(compile(code, "docs/screening.md", "exec"), names)
    assert names["match"].score >= 80


def test_people_are_told_why_in_both_languages(lists):
    result = screen("Xiongxin Shan", "--list", lists)
    assert result.exit_code == 3
    assert "名单条目 own:CN-1" in result.stdout
    assert "of entry own:CN-1 (person)" in result.stdout
    assert "1 name screened, 1 with matches, 1 match (threshold 80)" in result.stdout


def test_nobody_is_found_with_0(lists):
    assert told("Ann Lee", "--list", lists)["matches"] == []


def test_an_identifier_decides_and_a_birth_caps(lists):
    (match,) = told("Ann Lee", "--list", lists, "--identifier", "passport:e1234 5678", code=3)["matches"]
    assert (match["entry"], match["score"], match["strength"]) == ("CN-1", 100, "exact")
    (match,) = told("单雄信", "--list", lists, "--birth", "1990", code=3)["matches"]
    assert (match["strength"], "birth_differs" in match["rules"]) == ("weak", True)


@pytest.mark.parametrize(
    "text",
    [
        "id,name,birth\n7,单雄信,1970-03-14\n8,Ann Lee,\n",
        '{"id": "7", "name": "单雄信", "birth": "1970-03-14"}\n{"id": 8, "name": "Ann Lee"}\n',
    ],
)
def test_a_table_and_ndjson_are_screened_line_by_line(lists, text, tmp_path):
    (tmp_path / "names").write_text(text, "utf-8")
    for document in (
        told("--file", tmp_path / "names", "--list", lists, code=3),
        told("--file", "-", "--list", lists, code=3, given=text),
    ):
        assert [(each["id"], each["score"]) for each in document["matches"]] == [("7", 100)]


def test_a_file_of_one_name_a_line_and_a_packed_list_are_read(lists, tmp_path):
    packed = tmp_path / "own.toml.gz"
    packed.write_bytes(gzip.compress((lists / "own.toml").read_bytes()))
    assert len(told("--file", "-", "--list", packed, code=3, given="单雄信\nAnn Lee\n")["matches"]) == 1


def test_everything_that_is_wrong_is_told_at_once_without_anybody_s_name(lists, tmp_path):
    (lists / "bad.csv").write_text("id,kind,name\n1,robot,Secretname\n", "utf-8")
    (lists / "cut.csv.gz").write_bytes(b"\x1f\x8b")
    text = "name,kind,birth,identifier\n,person,,\nSecretname,robot,soon,12345\n"
    document = told("--file", "-", "--list", lists, code=1, given=text)
    said = [f"{each['where']}: {each['item']}: {each['problem']}" for each in document["problems"]]
    assert any("line 2: name: is empty" in line for line in said)
    for what in ("kind: is not known", "birth: is no date", "identifier: has no kind"):
        assert any(f"line 3: {what}" in line for line in said), said
    assert any("cut.csv.gz" in line for line in said)
    assert "Secretname" not in json.dumps(document)
    assert all(each["remedy"] for each in document["problems"])


def test_without_a_name_or_a_list_nothing_is_screened(lists):
    assert told("--list", lists, code=1)["problems"][0]["problem"] == "no name is given"
    assert told("Ann Lee", code=1)["problems"][0]["problem"] == "no list is given"
