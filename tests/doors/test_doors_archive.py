"""The archive on the command line: what people and programs are told, and how it ends."""

import asyncio
import json
import shutil

import pyarrow.parquet as pq
import pytest
from test_doors_cli import EVENTS, Output, Outside, jindi, live, make_platform, pay, told, write_packs

from jindi.run.history.follower import Follower
from shop_world import CANARIES


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A folder in which a platform has lived and what was archived since, its packs, its answers."""
    folder = tmp_path_factory.mktemp("lived")
    packs = write_packs(folder / "packs")
    answers = live(folder / "data", packs, EVENTS)
    assert told("archive", "--data", folder / "data")["rows"] == len(EVENTS)
    return folder / "data", packs, answers


@pytest.fixture
def copy(lived, tmp_path):
    shutil.copytree(lived[0], tmp_path / "data")
    return tmp_path / "data"


def test_archive_writes_what_is_new_and_says_so(copy, lived):
    again = told("archive", "--data", copy)
    assert (again["records"], again["rows"], again["rows_in_all"]) == (0, 0, len(EVENTS))
    live(copy, lived[1], [pay(100 + n, "5.00", user="late") for n in range(3)])
    more = told("archive", "--data", copy)
    assert (more["rows"], more["rows_in_all"], more["next"]) == (3, len(EVENTS) + 3, more["next"])
    said = jindi("archive", "--data", copy)
    assert "0 decisions archived; 27 in " in said.stdout
    proved = told("archive", "--verify", "--data", copy)
    assert (proved["rows"], proved["behind"], proved["head"]) == (27, 0, more["head"])
    assert "says what the journal says" in jindi("archive", "--verify", "--data", copy).stdout


def test_verify_says_how_far_the_archive_is_behind(copy, lived):
    live(copy, lived[1], [pay(100, "5.00", user="late")])
    assert told("archive", "--verify", "--data", copy)["behind"] == 1


def test_verify_names_the_first_wrong_place_and_exits_with_1(copy):
    (part, *_) = sorted((copy / "archive").rglob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    answer = told("archive", "--verify", "--data", copy, code=1)
    assert (answer["ok"], answer["place"]) == (False, str(part.relative_to(copy / "archive")))
    result = jindi("archive", "--verify", "--data", copy)
    assert result.exit_code == 1
    assert answer["place"] in result.stderr
    part.unlink()
    assert told("archive", "--verify", "--data", copy, code=1)["problem"] == "the file is missing"
    assert "missing" in told("archive", "--data", copy, code=1)["error"]


def test_an_archive_that_was_deleted_is_made_again(copy):
    before = {path.name for path in (copy / "archive").rglob("*.parquet")}
    shutil.rmtree(copy / "archive")
    assert told("archive", "--data", copy)["rows"] == len(EVENTS)
    assert {path.name for path in (copy / "archive").rglob("*.parquet")} == before


def test_without_a_journal_there_is_nothing_to_archive(tmp_path):
    assert "no journal" in told("archive", "--data", tmp_path, code=1)["problems"][0]["problem"]
    assert jindi("archive", "--verify", "--data", tmp_path).exit_code == 2
    assert "run jindi archive" in str(told("export", tmp_path / "x.csv", "--data", tmp_path, code=1))


def test_an_interrupted_archive_goes_on_where_it_was(copy, monkeypatch):
    shutil.rmtree(copy / "archive")
    monkeypatch.setattr("jindi.run.history.follower.STEP_ROWS", 5)
    follow, steps = Follower._step, []

    def interrupted(self, *given):
        if len(steps) == 1:
            raise KeyboardInterrupt
        steps.append(follow(self, *given))

    # A batch holds what came at once; a few batches are needed for two steps.
    monkeypatch.setattr(Follower, "_step", interrupted)
    assert jindi("archive", "--data", copy).exit_code == 130
    kept = {path.name for path in (copy / "archive").rglob("*.parquet")}
    monkeypatch.setattr(Follower, "_step", follow)
    assert told("archive", "--data", copy)["rows_in_all"] == len(EVENTS)
    assert kept
    assert told("archive", "--verify", "--data", copy)["rows"] == len(EVENTS)


def running(data, packs, events, minutes, act):
    """Do something beside a running platform."""
    outside = Outside()
    settled = outside.settle({"data": str(data), "packs": str(packs), "archive_minutes": minutes})

    async def go():
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        try:
            for each in events:
                await platform.submit(json.dumps(each).encode(), outside.clock.now_us())
            return await asyncio.to_thread(act, platform)
        finally:
            await platform.close()

    return asyncio.run(go())


def test_beside_a_platform_that_archives_by_itself_the_command_is_refused(copy, lived):
    def act(platform):
        platform._keeper.round(platform.archive)
        return told("archive", "--data", copy, code=1), told("archive", "--verify", "--data", copy)

    refused, proved = running(copy, lived[1], [pay(200, "5.00", user="late")], "10", act)
    assert "another process" in refused["problems"][0]["problem"]
    assert proved["rows"] == len(EVENTS) + 1
    assert told("archive", "--data", copy)["rows"] == 0


def test_beside_a_platform_without_a_follower_the_newest_batch_is_left_for_later(copy, lived):
    events = [pay(200 + n, "5.00", user="late") for n in range(3)]
    beside = running(copy, lived[1], events, "0", lambda _: told("archive", "--data", copy))
    assert beside["rows_in_all"] == len(EVENTS) + 2
    assert told("archive", "--data", copy)["rows_in_all"] == len(EVENTS) + 3
    assert told("archive", "--verify", "--data", copy)["rows"] == len(EVENTS) + 3


# ---- export


def test_export_writes_the_rows_that_a_condition_chooses(lived, tmp_path):
    data, _, answers = lived
    out = tmp_path / "out.parquet"
    document = told("export", out, "--data", data, "--type", "pay", "--where", "amount >= cny('5000')",
                    "--columns", "event_id,outcome,amount")  # fmt: skip
    large = [
        {"event_id": each["id"], "outcome": answer["outcome"], "amount": 100 * int(each["amount"].split(".")[0])}
        for each, answer in zip(EVENTS, answers, strict=True)
        if float(each["amount"]) >= 5000
    ]
    assert document == {"ok": True, "rows": len(large), "out": str(out)}
    assert pq.read_table(out).to_pylist() == large
    assert f"{len(large)} rows" in jindi("export", tmp_path / "o.csv", "--data", data, "--type", "pay",
                                         "--where", "amount >= cny('5000')").stdout  # fmt: skip


def test_export_takes_sql_and_days(lived, tmp_path):
    data, _, answers = lived
    out = tmp_path / "out.ndjson"
    told("export", out, "--data", data, "--sql", "SELECT outcome, count(*) AS n FROM decisions GROUP BY ALL ORDER BY 1")
    counts = {row["outcome"]: row["n"] for row in map(json.loads, out.read_text().splitlines())}
    outcomes = [answer["outcome"] for answer in answers]
    assert counts == {each: outcomes.count(each) for each in outcomes}
    assert told("export", out, "--data", data, "--until", "2024-06-01")["rows"] == 0
    since = told("export", out, "--data", data, "--since", "2024-05-31", "--until", "2024-06-02T00:00:00Z")
    assert since["rows"] == len(EVENTS)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--where", "amount > 3"], "cny"),
        (["--sql", "select 1", "--where", "true"], "says itself"),
        (["--sql", "copy decisions to 'x.csv'"], "not one SELECT"),
        (["--since", "yesterday"], "2026-11-22"),
        (["--type", "nothing"], "it has: pay"),
        (["--columns", "nothing"], "there are:"),
        (["--label", "fraud", "--type", "pay"], "labels.toml"),
        (["--label", "fraud", "--sql", "select 1"], "not joined"),
        (["--mature", "7d"], "--label"),
    ],
)
def test_what_can_not_be_exported_is_refused_with_a_remedy(lived, tmp_path, given, says):
    answer = told("export", tmp_path / "out.csv", "--data", lived[0], *given, code=1)
    assert says in json.dumps(answer, ensure_ascii=False)
    assert not list(tmp_path.iterdir())


def test_an_export_goes_nowhere_but_into_a_file_of_a_known_form_outside_the_archive(lived, tmp_path):
    data = lived[0]
    assert "not a form" in str(told("export", tmp_path / "out.xlsx", "--data", data, code=1))
    assert "lies in the archive" in str(told("export", data / "archive" / "out.csv", "--data", data, code=1))
    assert "no such folder" in str(told("export", tmp_path / "none" / "out.csv", "--data", data, code=1))


def test_no_export_and_no_archive_holds_a_clear_identifier(lived, tmp_path):
    for suffix in ("csv", "ndjson"):
        told("export", tmp_path / f"out.{suffix}", "--data", lived[0])
    texts = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert all("phone." in text for text in texts)
    assert not any(canary in text for canary in CANARIES for text in texts)
