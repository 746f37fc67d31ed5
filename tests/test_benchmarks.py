"""The benchmarks run, and everyone in them answers the same. No times are looked at."""

import asyncio
import contextlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import __main__ as command
from benchmarks import (
    backtests,
    doors,
    insiders,
    learning,
    load,
    pack,
    peers_columns,
    peers_ours,
    peers_postgres,
    peers_redis,
    peers_river,
    peers_rules,
    results,
    rules,
    server,
    windows,
    year,
)
from benchmarks import learning_stream as stream
from benchmarks import learning_world as stream_world
from benchmarks.measuring import Report, Row, shown
from benchmarks.work import differences, work

from jindi import packs
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US
from jindi.engine import build
from jindi.run.archive import Archive
from jindi.run.history.verify import verify
from jindi.run.learn.thresholds import allowed
from jindi.run.platform import compiled
from jindi.run.records import DecisionRecord
from jindi.run.simulate import INSIDERS, START_US, Truth
from jindi.stores import FileTree, SegmentLog


@pytest.fixture(scope="module")
def given():
    return work(400, 25)


@pytest.fixture(scope="module")
def truth(given):
    return peers_ours.Batched(given).run()[0]


def test_no_two_events_of_the_shared_work_are_at_the_same_instant(given):
    times = given.times.tolist()
    assert times == sorted(set(times))
    assert len(given.features) == 36


def test_our_live_calls_equal_our_batches(given, truth):
    assert differences(truth, peers_ours.Single(given).run()[0], given.features) == []


@pytest.mark.parametrize(
    ("module", "peer"),
    [("duckdb", peers_columns.DuckDb), ("polars", peers_columns.Polars), ("river", peers_river.River)],
)
def test_a_peer_in_this_process_finds_the_same_features(given, truth, module, peer):
    pytest.importorskip(module)
    each = peer(given)
    answers, _ = each.run()
    each.close()
    assert differences(truth, answers, each.features) == []


@pytest.mark.parametrize(
    ("module", "server_of", "ways"),
    [
        ("redis", peers_redis.Server, (peers_redis.ClientComputed, peers_redis.LuaComputed)),
        ("psycopg", peers_postgres.Server, (peers_postgres.OneSelect, peers_postgres.SelectEach)),
    ],
)
def test_a_peer_with_a_server_finds_the_same_features(given, truth, module, server_of, ways):
    pytest.importorskip(module)
    try:
        running = server_of()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with contextlib.closing(running):
        for way in ways:
            assert differences(truth, way(given, running).run()[0], given.features) == []


@pytest.mark.parametrize("name", peers_rules.ENGINES)
def test_an_engine_finds_the_same_rules(name):
    pytest.importorskip(rules.MODULES[name])
    events = peers_rules.facts(60)
    mine, theirs = (peers_rules.compiled(each, 50, events) for each in ("Jindi", name))
    hits = [mine.hits(mine.run(each)) for each in mine.inputs]
    assert [theirs.hits(theirs.run(each)) for each in theirs.inputs] == hits
    assert sum(map(len, hits)) > 60


def test_a_peer_that_answers_otherwise_is_told_of_and_not_timed(given):
    class Wrong(peers_ours.Single):
        name, version = "wrong", "1"

        def run(self):
            found, spent = super().run()
            found["user_count__1h"][-1] += 1
            return found, spent

    report = Report(lambda _: None)
    windows.in_turn(report, "subject", given, peers_ours.Batched, [Wrong], rounds=1, promises={})
    assert [row.what for row in report.rows] == ["Jindi, batch (400 events)"]
    assert report.remarks == ["wrong 1: 1 of 36 features differ (user_count__1h): not timed"]


def test_the_pack_that_is_measured_has_what_it_says(tmp_path):
    program = compiled(Outside().pack_files([pack.write(tmp_path)]))
    measured = program.events[pack.EVENT]
    assert len(measured.windows) == len(pack.KEYS) * len(pack.FEATURES) == 40
    assert measured.live is not None
    assert len(measured.live.policy.rules) == pack.RULES == 50


def test_the_long_past_of_backtests_is_an_archive_that_can_be_proved(tmp_path):
    program = build(packs.load(backtests.files()))
    past, long = tmp_path / "past", tmp_path / "long"
    past.mkdir()
    long.mkdir()
    backtests.live(past, program, 200)
    backtests.again(long, past, 3, backtests.WEEK_US)
    log = SegmentLog(long / "journal", read_only=True)
    assert verify(FileTree(long / "archive"), Archive(log)).rows == 603
    records = [record for _, record in Archive(log).records() if isinstance(record, DecisionRecord)]
    log.close()
    assert len({record.event_id for record in records}) == 603
    assert [record.verdict for record in records[:201]] == [record.verdict for record in records[402:]]
    moments = [record.as_of_us for record in records]
    assert moments == sorted(moments)
    for place, laps in ((past, 1), (long, 3)):
        found, _ = backtests.asked(place, backtests.other_rules(backtests.files()), label=backtests.LABEL)
        backtests.counted(found, 200 * laps, from_archive=True)
        (of_type,) = found["types"].values()
        assert of_type["labelled"]["true"] == laps


def test_each_request_is_an_event_of_its_own_and_its_length_is_told(tmp_path):
    pool = tmp_path / "pool"
    days = doors.wallet_pool(pool, 30)
    spec = {"pool": str(pool), "days": days, "prefix": "x-", "port": 80, "api_key": "k", "first": 0}
    requests = load.Requests(spec)
    events = []
    for _ in range(90):
        head, _, body = requests.request().partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head
        events.append(json.loads(body))
    assert len({event["id"] for event in events}) == 90
    instants = [event["at"] for event in events]
    assert instants[::30] == sorted(set(instants[::30]))
    sent = [json.loads(line) for line in pool.read_text(encoding="utf-8").splitlines()]
    without = [{name: value for name, value in event.items() if name != "id"} for event in (*sent, *events[:30])]
    assert without[:30] == without[30:]


def test_a_response_counts_when_it_is_whole():
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"
    assert load.answered(whole) == 200
    assert [load.answered(whole[:end]) for end in range(len(whole))] == [0] * len(whole)


@pytest.mark.parametrize("how", [{"mode": "closed"}, {"mode": "open", "rate": 400}])
def test_the_load_generator_counts_every_answer(tmp_path, how):
    pool = tmp_path / "pool"
    days = doors.wallet_pool(pool, 20)
    with server.empty() as running:
        result = load.Generator(running, pool, days, "x-").run(**how, connections=4, seconds=0.2)
    assert result["good"] == result["next"] > 0
    assert (result["bad"], result["unanswered"]) == ({}, 0)


def test_jindi_answers_every_request_of_the_load_generator_well(tmp_path):
    pool = tmp_path / "pool"
    days = doors.bench_pool(pool, 20)
    with server.jindi(tmp_path / "data", [pack.write(tmp_path)]) as running:
        result = load.Generator(running, pool, days, "x-").run("closed", connections=4, seconds=0.2)
    assert result["good"] == result["next"] > 0
    assert (result["bad"], result["unanswered"]) == ({}, 0)


def test_a_promise_is_about_the_median():
    assert Row("s", "w", "µs", [1, 5, 2], at_most=2).holds
    assert Row("s", "w", "/s", [1, 5, 2], at_least=3).holds is False
    assert Row("s", "w", "/s", [1, 5, 2]).holds is None


def test_figures_are_shown_with_the_digits_they_deserve():
    assert [shown(n) for n in (123456.7, 123.4, 12.34, 1.234, 0.1234, 0.01234, 0)] == [
        "123,457", "123", "12.3", "1.23", "0.123", "0.0123", "0",
    ]  # fmt: skip


def test_what_falls_short_is_written_plainly():
    report = Report(lambda _: None)
    report.add("Subject", "… the cost of it", "µs", [7, 8, 9], at_most=6)
    report.add("Other", "good", "µs", [1], at_most=6)
    report.add("Subject", "nothing", "µs", [])
    page = results.page(report, "command", "today", 1.0, (0.0, 0.0, 0.0))
    assert "* Subject: the cost of it: 8.00 µs (7.00 to 9.00), promised ≤ 6.00." in page
    assert "1 of 2 promises hold in this run." in page
    assert "| … the cost of it | 8.00 | 7.00 to 9.00 | µs | ≤ 6.00 | **falls short** |  |" in page


def test_the_command_writes_a_page(tmp_path, capsys):
    out = tmp_path / "page.md"
    assert command.main(["--quick", "--only", "limits", "--out", str(out), "--folder", str(tmp_path)]) == 0
    assert "| **This machine** |" in out.read_text(encoding="utf-8")
    assert "written to" in capsys.readouterr().out


def test_the_stream_s_threshold_leaves_the_false_alarms_that_are_allowed_after_the_rules_had_theirs():
    chance = np.random.default_rng(4)
    count = 3_000
    bad, mined = chance.random(count) < 0.05, chance.random(count) < 0.001
    part = stream.Scored("payment", chance.random(count), mined, bad)
    for events in (0, 5_000, 20_000, 10**7):
        cut = stream.threshold([part], events)
        false = int((((part.score >= cut) | mined) & ~bad).sum())
        by_rules = int((mined & ~bad).sum())
        within = allowed(events / stream.PER_EVENTS, stream.CONFIDENCE)
        assert false <= max(within, by_rules)
        if by_rules <= within < (~bad).sum():
            assert false == within


def test_the_stream_s_table_counts_money_by_scenario_and_false_alarms_by_way():
    above, told = np.array([True, False, True, False]), np.array([False, True, False, False])
    ways = {"together": above | told, "model": above, "rules": told, "policy": np.zeros(4, bool)}
    case = stream.Case(
        np.array([20, 20, 21, 22]), ["mule_ring", "mule_ring", None, "card_testing"], ["a", "b", None, "c"],
        np.array([5.0, 7.0, 0.0, 11.0]), ways,
    )  # fmt: skip
    found = stream.caught(case, 1_000, 3)
    row = found["scenarios"]["mule_ring"]
    assert (row["at_risk"], row["model"], row["rules"], row["together"]) == (12, 5, 7, 12)
    assert row["model_interval"] == [0.0, 1.0]  # either of two episodes alone, in a quarter of the draws each
    assert found["scenarios"]["card_testing"]["together"] == 0
    assert found["false_per_1000"] == {"together": 1, "model": 1, "rules": 0, "policy": 0}
    assert found["false_interval"]["together"][1] > 1


def test_thieves_who_copy_and_thieves_who_repeat_taps_are_told_apart(tmp_path):
    day_us = START_US + (stream.WARM_DAYS + 1) * DAY_US
    early_us = START_US + DAY_US
    rows = [  # at, scenario, episode, loss, above, entry
        (day_us, "compromised_terminal", "copy", 10.0, True, "fallback"),
        (day_us, "compromised_terminal", "copy", 30.0, False, "keyed"),
        (early_us, "compromised_terminal", "copy", 99.0, True, "stripe"),
        (day_us, "compromised_terminal", "tap", 5.0, True, "contactless"),
        (day_us, "stolen_card", "other", 70.0, True, "chip"),
        (day_us, None, None, 0.0, True, "contactless"),
    ]
    names = ("at", "scenario", "episode", "loss", "above", "entry")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    columns["at"] = pa.array(columns["at"], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table(columns), tmp_path / "payment.parquet")
    assert stream.by_thief(tmp_path) == {
        "copies": {"episodes": 1.0, "at_risk": 40.0, "caught": 10.0},
        "taps": {"episodes": 1.0, "at_risk": 5.0, "caught": 5.0},
    }


def test_what_an_alarm_finds_is_reported_later_and_then_nobody_reports_it_again():
    desk = stream_world.Desk(3)
    event = {"id": "e1", "type": "payment", "user": "u1", "terminal": "t1", "amount": "5.00"}
    noon_us = START_US + 12 * 3_600_000_000
    for number in range(200):
        desk.look({**event, "id": f"e{number}"}, Truth("compromised_terminal", "a", 500), noon_us)
    assert not list(desk.due(noon_us))
    found = list(desk.due(noon_us + 2 * DAY_US))
    assert 170 < len(found) < 200  # analysts are mistaken now and then
    assert {(each["source"], each["terminal"]) for each in found} == {("analyst", "t1")}
    assert desk.is_settled({"type": "fraud_report", "payment": found[0]["payment"]})
    assert not desk.is_settled({"type": "fraud_report", "payment": "another"})


def test_the_stream_s_program_serves_what_was_learnt_as_a_shadow_beside_the_shipped_policies():
    program = stream_world.shipped()
    assert "till_found_10d" in program.events["payment"].slots
    assert "payment_user_terminal_since_last" in program.events["payment"].slots
    assert set(stream_world.GROUPS.values()) == set(stream_world.MONEY)
    assert sum(stream_world.SHARES.values()) == pytest.approx(1)
    assert not any(slot.startswith("stream_") for slot in program.events["payment"].slots)


def test_a_section_of_the_page_is_made_anew_and_the_others_stay_as_they_were():
    titles = ["One", "Two", "Three"]
    old = learning.page("", {"One": ["a", "", "### inner", "b"], "Three": ["c"]}, titles)
    new = learning.page(old, {"Two": ["d"]}, titles)
    assert new.index("## One") < new.index("## Two") < new.index("## Three")
    assert "a\n\n### inner\nb\n\n## Two\n\nd\n\n## Three\n\nc\n" in new
    assert learning.page(new, {"Two": ["d"]}, titles) == new
    written = learning.OUT.read_text("utf-8")
    assert (
        learning.page(written, {}, re.findall("^## (.*)$", written, re.MULTILINE)).split("\n## ")[1:]
        == (written.split("\n## ")[1:])
    )


def test_what_is_learnt_stands_in_the_results_word_for_word():
    kept = results.RESULTS.read_text("utf-8")
    assert kept == results.with_learnt(kept)
    assert "### Fraud Detection Handbook" in kept
    assert "### The simulator's stream" in kept


def test_what_is_caught_of_insiders_is_counted_on_a_small_office():
    program = insiders.shipped()
    tuned, tested = (insiders.look(seed, program, days=insiders.CALM_DAYS + 10) for seed in (1, 14))
    lines = list(insiders.page([tuned], [tested]))
    assert sum(line.startswith("| ") for line in lines) == len(INSIDERS) + 4
    for episode in tested.episodes.values():
        assert episode.scheme in INSIDERS
        assert episode.told_us is None or episode.told_us >= min(episode.at_us)
    assert tested.person_days > 0


def test_a_naive_way_sees_what_it_counts_and_is_as_strict_as_it_is_told():
    seen = insiders.Seen(1, episodes={"e": insiders.Episode("data_seller", dates={("eve", 50)})})
    seen.counts = {("ann", day): Counter(customers=10) for day in range(40, 60)}
    seen.counts |= {("eve", 50): Counter(customers=90), ("bob", 51): Counter(customers=90)}
    quiet = dict.fromkeys(insiders.COUNTS, 0.0) | {"customers": 50.0}
    assert insiders.caught(seen, insiders.over(seen, quiet)) == ({"e": True}, 1)
    assert insiders.caught(seen, insiders.over(seen, quiet | {"customers": 90.0})) == ({"e": False}, 0)


def test_cases_are_measured_in_the_store_and_on_their_way_into_it(tmp_path, capsys):
    out = tmp_path / "page.md"
    assert command.main(["--quick", "--only", "cases", "--out", str(out), "--folder", str(tmp_path)]) == 0
    text = out.read_text("utf-8")
    assert all(told in text for told in ("the queue's first page", "500 cases put", "rebuilt from nothing"))
    assert "could not be measured" not in text + capsys.readouterr().out


def test_a_simulated_stretch_goes_through_the_whole_chain(tmp_path):
    lived = asyncio.run(year.lived(tmp_path, users=60, days=3, seed=11))
    told = lived.house.told
    assert told.events > 600
    assert told.kinds["payment"]
    assert sum(told.closed.values())
    # Whoever was put on the list is found, at once or when the list grows, and nobody is left to look at.
    assert set(told.matched) == lived.house.planted
    assert len(lived.planted_later) == year.LISTED_LATER
    assert lived.house.screening.hits("open") == []
    assert (lived.open_cases[1], lived.large_late) == (0, 0)
    now_us, reports = lived.house.clock.now_us(), lived.house.platform.filings.all.values()
    assert {each.state(now_us) for report in reports for each in report.clocks} <= {"met"}
    text = "\n".join(year.page(lived, "python -m benchmarks.year"))
    assert "| all |" in text
    assert "wrongly stopped" in text
    assert f"{told.events:,} events" in text
