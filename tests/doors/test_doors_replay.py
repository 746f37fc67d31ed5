"""`jindi replay`: which decisions, how deep, what people and programs are told, and how it ends."""

import json

import pytest
from test_doors_cli import AT_US, EVENTS, jindi, live, told, write_packs

from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.run.records import decision_id
from jindi.run.replay import runner
from replay_world import planted
from shop_world import CANARIES, HOUR_US


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A folder in which a platform has lived. Nobody changes it."""
    folder = tmp_path_factory.mktemp("lived")
    live(folder / "data", write_packs(folder / "packs"), EVENTS)
    return folder / "data"


@pytest.fixture(autouse=True)
def somewhere_else(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def rewritten(lived, folder, seq, change):
    """A folder whose journal is the lived one with one record changed and all hashes made anew."""
    outside = Outside()
    old = outside.view_log(outside.settle({"data": str(lived)}))
    new = outside.open_log(outside.settle({"data": str(folder)}))
    for frame in planted(old, seq, change).read(0):
        new.append(frame.batch, frame.first, frame.count)
    old.close()
    new.close()
    return folder


@pytest.mark.parametrize("depth", [(), ("--features",)])
def test_everything_is_proved_and_counted(lived, depth):
    document = told("replay", *depth, "--data", lived)
    assert document["ok"] is True
    assert (document["decisions"], document["replayed"], document["different"]) == (24, 25, 0)
    assert document["depth"] == ("features" if depth else "facts")
    assert document["head"] == told("verify", "--data", lived)["head"]
    assert [each["decisions"] for each in document["definitions"]] == [24]
    assert document["chain_from"] == "beginning"
    said = jindi("replay", *depth, "--data", lived).stdout
    assert "24 decisions made again" in said
    assert "every byte as it stands" in said


@pytest.mark.parametrize("depth", [(), ("--features",)])
def test_one_decision_or_some_are_asked_for_by_id(lived, depth):
    one = told("replay", decision_id(7), *depth, "--data", lived)
    assert (one["ok"], one["decisions"], one["records"]) == (True, 1, {"first": 7, "next": 8})
    some = told("replay", f"{decision_id(7)}..{decision_id(12)}", *depth, "--data", lived)
    assert (some["ok"], some["decisions"]) == (True, 6)


def test_some_are_asked_for_by_instants(lived):
    def count(*bounds):
        return told("replay", *bounds, "--data", lived)["decisions"]

    since, until = format_instant(AT_US + 5_000_000), format_instant(AT_US + 15_000_000)
    assert count("--since", since) == 19
    assert count("--until", until) == 15
    assert count("--since", since, "--until", until) == 10
    assert count("--since", "2024-06-01") == 24


@pytest.mark.parametrize(
    "asked",
    [
        ("p1",), (decision_id(99),), (decision_id(0),), (f"{decision_id(9)}..{decision_id(3)}",),
        (f"{decision_id(3)}..nothing",), ("--since", "yesterday"), ("--since", "2031-01-01"),
        ("--until", "2001-01-01"), (decision_id(3), "--since", "2024-06-01"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_ends_with_2_and_a_remedy(lived, asked):
    document = told("replay", *asked, "--data", lived, code=2)
    assert document["ok"] is False
    assert all(each["remedy"] for each in document["problems"])


def test_a_folder_without_a_journal_is_2(tmp_path):
    assert told("replay", "--data", tmp_path / "none", code=2)["ok"] is False


def test_a_planted_outcome_ends_with_1_and_its_cause(lived, tmp_path):
    data = rewritten(lived, tmp_path / "data", 4, lambda record: record[11].__setitem__(0, 0))
    assert told("verify", "--data", data)["ok"] is True
    for depth in ((), ("--features",)):
        document = told("replay", *depth, "--data", data, code=1)
        first = document["differences"][0]
        assert (first["decision_id"], first["event_type"]) == (decision_id(4), "pay")
        cause = {"kind": "outcome", "name": "", "journalled": "allow", "recomputed": "review"}
        assert cause in first["causes"]
        assert document["causes"]["outcome"] >= 1
        said = jindi("replay", *depth, "--data", data)
        assert said.exit_code == 1
        assert f"{decision_id(4)} pay" in said.stdout
        assert 'outcome: journalled "allow", recomputed "review"' in said.stdout
        assert not [canary for canary in CANARIES if canary in json.dumps(document) + said.stdout + said.stderr]


def test_a_planted_fact_is_told_with_what_it_should_be(lived, tmp_path):
    data = rewritten(lived, tmp_path / "data", 4, lambda record: record[8].__setitem__(-1, 77))
    assert told("replay", "--data", data)["ok"] is True, "facts are given to a replay by facts"
    said = jindi("replay", "--features", "--data", data)
    assert said.exit_code == 1
    assert "journalled 77, recomputed" in said.stdout


def test_a_damaged_journal_ends_with_1_and_its_place(lived, tmp_path):
    import shutil

    shutil.copytree(lived, tmp_path / "data")
    (segment,) = (tmp_path / "data" / "journal").glob("*.segment")
    bad = bytearray(segment.read_bytes())
    bad[5000] ^= 1
    segment.write_bytes(bad)
    for depth in ((), ("--features",)):
        document = told("replay", *depth, "--data", tmp_path / "data", code=1)
        assert document["broken"]["place"]
        assert jindi("replay", *depth, "--data", tmp_path / "data").exit_code == 1


def test_it_runs_beside_a_platform_and_leaves_no_trace(lived):
    outside = Outside()
    settled = outside.settle({"data": str(lived)})
    before = {path: path.read_bytes() for path in sorted(lived.rglob("*")) if path.is_file()}
    held = outside.open_log(settled)
    try:
        for depth in ((), ("--features",)):
            assert told("replay", *depth, "--data", lived)["ok"] is True
    finally:
        held.close()
    assert {path: path.read_bytes() for path in sorted(lived.rglob("*")) if path.is_file()} == before


def test_an_interrupted_one_ends_with_130_and_goes_on(lived, monkeypatch, tmp_path):
    import shutil

    shutil.copytree(lived, tmp_path / "data")
    monkeypatch.setattr(runner, "PART_RECORDS", 10)
    real = runner.part_by_facts
    seen = []

    def counted(moments, range_, told):
        if seen and len(seen) == 2:
            seen.append(None)
            raise KeyboardInterrupt
        seen.append(range_)
        return real(moments, range_, told)

    monkeypatch.setattr(runner, "part_by_facts", counted)
    assert jindi("replay", "--cores", 1, "--data", tmp_path / "data").exit_code == 130
    assert len(list((tmp_path / "data").rglob("replay-*"))) == 2
    assert told("replay", "--cores", 1, "--data", tmp_path / "data")["decisions"] == 24
    assert len([each for each in seen if each is not None]) == 3
    assert not list((tmp_path / "data").rglob("replay-*"))


def test_days_are_those_of_the_packs_zone(lived):
    day = format_instant(AT_US + 8 * HOUR_US)[:10]
    assert told("replay", "--since", day, "--data", lived)["decisions"] == 24
