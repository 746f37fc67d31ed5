"""`jindi drift`: what people and programs are told, the page in both languages, and how it ends."""

import re
from pathlib import Path

import pytest
from test_doors_cli import jindi, told

from drift_world import evaluation_text, lived, packs, quiet, town
from jindi.app.wiring import Outside
from jindi.doors.reports import drift_page, drifts
from jindi.doors.reports.words import WORDS


def on_disk(folder, log):
    """A platform's folder with this journal."""
    outside = Outside()
    new = outside.open_log(outside.settle({"data": str(folder)}))
    for frame in log.read(0):
        new.append(frame.batch, frame.first, frame.count)
    new.close()
    return folder


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """A journal whose amounts have shifted, and packs with the model's evaluation beside it."""
    folder = tmp_path_factory.mktemp("shifted")
    for path, text in packs().items():
        if path.startswith("shop/"):
            (folder / "packs" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "packs" / path).write_text(text, "utf-8")
    (folder / "packs" / "shop" / "evaluations").mkdir()
    (folder / "packs" / "shop" / "evaluations" / "fraud.json").write_text(evaluation_text(0.81), "utf-8")
    (folder / "packs" / "shop" / "evaluations" / "broken.json").write_bytes(b"\xff")
    return on_disk(folder / "data", lived(town(new={"large": 0.5}))), folder / "packs"


@pytest.fixture(autouse=True)
def somewhere_else(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_programs_are_told_everything(shifted):
    data, folder = shifted
    document = told("drift", "--data", data, "--packs", folder)
    assert ("fact", "amount") in [(each["what"], each["name"]) for each in document["findings"]]
    model = document["types"]["pay"]["models"]["fraud"]
    assert model["evaluation"]["auc"] == 0.81
    assert model["proposal"] == "retrain"
    assert document["types"]["report"]["compared"] is False if "report" in document["types"] else True


def test_people_are_told_what_matters(shifted):
    data, folder = shifted
    said = jindi("drift", "--data", data, "--packs", folder).stdout
    assert "model fraud: retrain" in said
    assert "its evaluation 0.810" in said
    assert "! fact pay.amount: large" in said
    assert "amount" in said


def test_where_there_is_nothing_it_says_so(tmp_path):
    said = jindi("drift", "--data", on_disk(tmp_path / "data", quiet())).stdout
    assert "nothing that a person has to hear of" in said


def test_the_page_speaks_both_languages_and_loads_nothing(shifted, tmp_path):
    data, folder = shifted
    document = told("drift", "--data", data, "--packs", folder, "--page", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page == drift_page(document)
    for sentence in ("漂移与衰退", "Drift and decay", "重新训练", "retrain", "超出偶然", "beyond chance"):
        assert sentence in page
    assert page.count('lang="zh-CN"') - 1 == page.count('lang="en"')
    assert not re.search(r"(src|href)=|<script|url\(", page)
    assert "0.81" in page


def test_every_sentence_of_the_reports_is_said_somewhere():
    room = Path(drifts.__file__).parent
    said = "\n".join(
        path.read_text("utf-8")
        for path in (*room.glob("templates/*.html"), *room.glob("*.py"))
        if path.name != "words.py"
    )
    built = ("drift.size.", "drift.proposal.", "drift.because.", "drift.what.")
    silent = [key for key in WORDS if key.startswith("drift.") and not key.startswith(built) and f'"{key}"' not in said]
    assert silent == []


@pytest.mark.parametrize(
    "asked",
    [
        ("--current", "soon"), ("--reference", "0d"), ("--until", "yesterday"), ("--level", "2"),
        ("--until", "2001-01-01"), ("--page", "nowhere/page.html"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_ends_with_2_and_a_remedy(shifted, asked):
    document = told("drift", *asked, "--data", shifted[0], code=2)
    assert all(each["remedy"] for each in document["problems"])


def test_a_folder_without_a_journal_is_2(tmp_path):
    assert told("drift", "--data", tmp_path / "none", code=2)["ok"] is False
