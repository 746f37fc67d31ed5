"""Patterns beside the windows: their facts are those of their meaning on every way that an event can go, and the record
of a decision names the transfers that make what a rule spoke of.
"""

import asyncio
import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history_world import archived
from jindi.app.wiring import Outside
from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import load
from jindi.parties.patterns import AMOUNT_MAX, Detector, Transfer, meant
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Contest
from jindi.run.backtest.runner import Backtest, Question
from jindi.run.batch import decide_file
from jindi.run.blocks import Block, Feeder
from jindi.run.events import Event
from jindi.run.platform import compiled
from jindi.run.records import decision_id
from jindi.run.replay import Depth, Range, Replay, runner
from jindi.run.shapes import EVIDENCE_MAX, ShapeRecord, shown
from jindi.run.state import State
from jindi.run.surroundings import Surroundings
from jindi.stores.files import MemoryBlobs
from jindi.stores.trees import FileTree
from jindi.vault import Tokens
from past_world import ALWAYS, LATER
from past_world import lived as lived_by
from replay_world import planted, records_of
from shop_world import HOUR_US, KEY, NOON_US, Shop, copied, pay, reopened, run
from transfers_world import FACTS, send, transfer_files, transfer_program

NAMES = "abcde"


@st.composite
def lives(draw):
    """Events as (type, at, values): transfers between few, some to nobody, some to oneself, and readings between."""
    at, found = NOON_US, []
    for _ in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from([0, 1, HOUR_US // 2, HOUR_US, 5 * HOUR_US]))
        if draw(st.integers(0, 9)) == 0:
            found.append(("reading", at, (7, None, None, None, None, None, None, None)))
            continue
        payee = draw(st.sampled_from([*NAMES, None]))
        amount = draw(st.sampled_from([100, 200, 50_000, 60_000, AMOUNT_MAX + 1]))
        found.append(("send", at, (draw(st.sampled_from(NAMES)), payee, amount)))
    return found


def meaning_of(life, program=None):
    """The facts of patterns of each event, by their plain meaning."""
    program = program or transfer_program()
    definitions = program.definitions
    features = {name: definitions.features[name] for name in sorted(program.reads["send"])}
    facts = {name: feature for name, feature in features.items() if feature.pattern}
    past, rows = [], []
    for number, (kind, at, values) in enumerate(life):
        if kind != "send":
            rows.append({})
            continue
        user, payee, amount = values
        if payee is None or amount > AMOUNT_MAX:
            rows.append(dict.fromkeys(facts))
            continue
        past.append(Transfer(number, at, f"user:{user}", f"user:{payee}", amount, "CNY"))
        row = {}
        for name, feature in facts.items():
            found = meant(feature.pattern, 1, past)
            row[name] = {
                "hit": found.hit, "whole": True, "members": found.members, "length": found.length,
                "money": found.money_minor, "span": found.span_us,
                "share": None if found.share_ppm is None else found.share_ppm / 1_000_000,
            }[feature.fact]  # fmt: skip
        rows.append(row)
    return rows


def facts_of(program, kind, row):
    """The facts of patterns in a row of all that was read."""
    names = sorted(program.reads[kind])
    return {name: value for name, value in zip(names, row, strict=True) if program.definitions.features[name].pattern}


# ---- any stream


@given(lives())
@settings(max_examples=40, deadline=None)
def test_the_facts_among_the_windows_are_those_of_the_meaning_one_by_one_and_many_at_once(life):
    program = transfer_program()
    one, many, fed, apart = (Surroundings(program) for _ in range(4))
    block, feeder = Block(), Feeder(fed)
    for number, ((kind, at, values), wanted) in enumerate(zip(life, meaning_of(life), strict=True)):
        before = one.read(kind, at, values)
        row = one.observe(kind, at, values, number)
        assert facts_of(program, kind, row) == wanted
        assert before == row
        assert [each for name, each in zip(sorted(program.reads[kind]), row, strict=True) if name not in wanted] == (
            apart.windows.observe(kind, at, values)
        )
        block.add(kind, at, values, number)
        feeder.feed(kind, at, values, number)
    answers = {name: iter(found.rows()) for name, found in block.into(many).items()}
    for (kind, _, _), wanted in zip(life, meaning_of(life), strict=True):
        assert facts_of(program, kind, next(answers[kind])) == wanted
    feeder.flush()
    states = {dict(each.save()).get("patterns") for each in (one, many, fed)}
    assert len(states) == 1


@given(lives(), st.data())
@settings(max_examples=20, deadline=None)
def test_what_was_saved_and_taken_over_goes_on_as_if_nothing_had_been(life, data):
    program = transfer_program()
    whole, first = Surroundings(program), Surroundings(program)
    cut = data.draw(st.integers(0, len(life)))
    rows = [whole.observe(*each, number) for number, each in enumerate(life)]
    for number, each in enumerate(life[:cut]):
        first.observe(*each, number)
    back = Surroundings(program)
    back.load(dict(first.save()))
    over = Surroundings(program, first.plan)
    assert over.adopt(first) == frozenset()
    for held in (back, over):
        assert [held.observe(*each, cut + n) for n, each in enumerate(life[cut:])] == rows[cut:]
        assert dict(held.save())["patterns"] == dict(whole.save())["patterns"]


def test_columns_tell_what_rows_tell():
    program, windows, block = transfer_program(), Surroundings(transfer_program()), Block()
    for number, (user, payee) in enumerate(["ab", "bc", "ca", "da", ("e", None)]):
        block.add("send", NOON_US + number, (user, payee, 500), number)
    found = block.into(windows)["send"]
    for place, name in enumerate(found.names):
        values, missing = found.column(name)
        told = [None if gone else value for value, gone in zip(values.tolist(), missing.tolist(), strict=True)]
        assert told == [row[place] for row in found.rows()]
    assert set(found.names) == program.reads["send"]


# ---- what was not looked at whole


def test_what_is_complete_anyway_is_told_and_everything_else_is_missing():
    windows = Surroundings(transfer_program())
    # So few looks that a small crowd is too much.
    windows.detector = Detector(windows.detector.patterns, windows.detector.events, looks_max=3)
    names = sorted(transfer_program().reads["send"])
    rows = [
        dict(zip(names, windows.observe("send", NOON_US + n, (f"p{n}", "m", 100), n), strict=True)) for n in range(5)
    ]
    assert [row["fan_whole"] for row in rows] == [True, True, True, False, False]
    assert [(row["fan_hit"], row["fan_members"]) for row in rows[2:]] == [(True, 3)] * 3
    out = dict(zip(names, windows.observe("send", NOON_US + 9, ("m", "z", 400), 9), strict=True))
    assert (out["passed"], out["passed_share"]) == (None, None), "of what came in not all was seen: no share of it"
    assert out["fan_hit"] is False


# ---- one stream on every way


RINGS = [
    ("a", "b", "600.00"), ("b", "c", "590.00"), ("x", "c", "5.00"), ("c", "a", "580.00"), ("y", "c", "1.00"),
    ("c", None, "3.00"), ("a", "a", "9.00"), ("z", "c", "2.00"), ("b", "a", "1.00"), ("a", "c", "1.50"),
]  # fmt: skip


def stream(count=60):
    """Transfers with readings of the shop between them: what closes a ring, a crowd, and money that passes through."""
    for number in range(count):
        user, to, amount = RINGS[number % len(RINGS)]
        yield send(number, user, to, amount, NOON_US + number * HOUR_US // 3)
        if number % 7 == 0:
            yield pay(number, "5.00", NOON_US + number * HOUR_US // 3)


async def _sent(shop, events):
    found = []
    for each in events:
        shop.clock.at_us = max(shop.clock.at_us, NOON_US + 40 * HOUR_US)
        found.append(json.loads(await shop.answer(each)))
    return found


async def _lived():
    events = list(stream())
    async with Shop(transfer_files()) as shop:
        answers = await _sent(shop, events[:40])
        await shop.platform.snapshot()
        answers += await _sent(shop, events[40:50])
    async with reopened(shop) as again:
        assert not any("not used" in each for each in again.told)
        answers += await _sent(again, events[50:])
        again.platform.lane.settle()
        state = again.platform.lane.state
        records = [record for _, record in again.platform.archive.records(0)]
        return events, answers, records, copied(again.log), again.blobs, dict(state.windows.save())["patterns"]


@pytest.fixture(scope="module")
def lived():
    return run(_lived())


def test_rules_speak_of_patterns_and_records_name_their_transfers(lived):
    _, answers, records, *_ = lived
    decided = [record for record in records if hasattr(record, "event_type") and record.event_type == "send"]
    assert {answer["outcome"] for answer in answers} >= {"allow", "review", "delay"}
    ring = next(record for record in decided if any(each.pattern == "ring" for each in record.shapes))
    shape = next(each for each in ring.shapes if each.pattern == "ring")
    legs = [records[seq] for seq in shape.seqs]
    assert [(leg.values[0], leg.values[1]) for leg in legs] == [("a", "b"), ("b", "c"), ("c", "a")]
    assert shape.count == 3
    assert records[shape.seqs[-1]] is ring
    crowd = next(each for record in decided for each in record.shapes if each.pattern == "fan")
    assert {records[seq].values[1] for seq in crowd.seqs} == {"c"}
    silent = [record for record in decided if not record.verdict.hits]
    assert silent
    assert not any(record.shapes for record in silent)


def test_live_and_a_file_decide_alike(lived, tmp_path):
    events, answers, *_ = lived
    source, target = tmp_path / "events.ndjson", tmp_path / "decided.parquet"
    source.write_text("".join(json.dumps(each) + "\n" for each in events), "utf-8")
    decide_file(source, target, transfer_program(), Tokens(KEY), None)
    assert pq.read_table(target)["outcome"].to_pylist() == [answer["outcome"] for answer in answers]


@pytest.mark.parametrize("depth", [Depth.FACTS, Depth.FEATURES])
@pytest.mark.parametrize("with_snapshot", [True, False])
def test_a_replay_makes_every_byte_again_evidence_too(lived, depth, with_snapshot):
    *_, log, blobs, _ = lived
    first = 45 if with_snapshot else 0
    report = Replay(lambda: copied(log), blobs if with_snapshot else MemoryBlobs()).run(Range(first, 1 << 40), depth)
    assert report.ok, report


def test_parts_and_blocks_of_a_replay_make_no_difference(lived, monkeypatch):
    *_, log, _, _ = lived
    whole = Replay(lambda: copied(log), MemoryBlobs()).run(Range(0, 1 << 40), Depth.FEATURES)
    monkeypatch.setattr(runner, "PART_RECORDS", 17)
    monkeypatch.setattr("jindi.run.replay.rebuilding.BLOCK_RECORDS", 5)
    assert Replay(lambda: copied(log), MemoryBlobs()).run(Range(0, 1 << 40), Depth.FEATURES) == whole
    assert whole.ok


def test_evidence_that_somebody_changed_is_found(lived):
    *_, log, _, _ = lived
    seq = next(n for n, record in enumerate(records_of(log)) if record[0] == 1 and len(record) == 15)

    def change(record):
        record[14][0][2][0] += 1

    report = Replay(lambda: planted(log, seq, change), MemoryBlobs()).run(Range(0, 1 << 40), Depth.FEATURES)
    assert [(each.seq, each.causes[0].kind) for each in report.tally.differences] == [(seq, "shapes")]


def test_a_state_of_the_whole_journal_is_the_one_that_was_recovered(lived):
    _, _, records, _, _, kept = lived
    state = State.fresh(transfer_program())
    for seq, record in enumerate(records):
        if hasattr(record, "event_type"):
            state.apply(seq, record, record.values)
    assert dict(state.windows.save())["patterns"] == kept


@pytest.mark.parametrize("accepted", [True, False])
def test_a_backtest_with_another_threshold_comes_to_what_a_file_does_by_events_and_by_columns(tmp_path, accepted):
    events, changed = list(stream()), transfer_files(payers=4, accepted=accepted)
    log, blobs = lived_by(transfer_files(accepted=accepted), events)
    candidate = Candidate("new", build(load(changed)))
    contest = Contest(Archive(copied(log)), candidate, ALWAYS)
    source, target = tmp_path / "events.ndjson", tmp_path / "decided.parquet"
    source.write_text("".join(json.dumps(each) + "\n" for each in events), "utf-8")
    decide_file(source, target, candidate.program, Tokens(KEY), None)
    wanted = pq.read_table(target)["outcome"].to_pylist()
    judged = [each for each in contest.by_replay(1 << 40) if each.record.event_type in ("send", "pay")]
    assert [str(each.decision.outcome) for each in judged] == wanted
    asked = Question(ALWAYS, LATER)
    plain = Backtest(lambda: copied(log), blobs, asked, cores=1).run([candidate])
    files = FileTree(tmp_path / "archive")
    archived(files, copied(log))
    found = Backtest(lambda: copied(log), blobs, asked, cores=1, files=files).run([candidate])
    assert plain["candidates"][0]["mode"] == "replay", "a fact of another pattern is another fact"
    assert (found["candidates"][0]["from_archive"] > 0) is not accepted
    told = [each["candidates"][0]["types"]["send"] for each in (plain, found)]
    for each in told:
        each.pop("cost")
    assert told[0] == told[1]


# ---- definitions that change


async def _until_caught_up(shop):
    while shop.platform.lane.state.warming:  # noqa: ASYNC110 - the lane tells nobody
        await asyncio.sleep(0)


def test_a_new_threshold_is_in_force_at_once_and_a_longer_memory_when_a_replay_has_brought_it():
    async def work():
        async with Shop(transfer_files(payers=5)) as shop:
            for number, user in enumerate("pqr"):
                await shop.answer(send(number, user, "m", at_us=NOON_US))
            missing = await shop.platform.take(transfer_files(payers=3))
            assert missing == ()
            answer = await shop.send(send(9, "p", "m", at_us=NOON_US))
            assert answer["score"] == 10
            missing = await shop.platform.take(transfer_files(payers=3, over="2d"))
            assert {"ring_closes", "fan_hit", "passed"} <= set(missing)
            # All that comes before the replay has a turn.
            legs = [shop.submit(send(20 + n, *leg, "600.00")) for n, leg in enumerate(["ab", "bc", "ca"])]
            warming = json.loads(await shop.submit(send(10, "q", "m", at_us=NOON_US)))
            assert (warming["outcome"], warming["score"]) == ("review", 0), "the rule that asks for care is closed"
            assert warming["degraded"]
            seq = int(json.loads(await legs[-1])["decision_id"][4:], 16)
            presumed = shop.platform.archive.decision(seq)
            assert presumed.verdict.presumed
            assert presumed.shapes == (), "who only presumes has no evidence"
            await _until_caught_up(shop)
            after = await shop.send(send(11, "r", "m", at_us=NOON_US))
            assert (after["outcome"], after["score"]) == ("allow", 10)
            shop.platform.lane.settle()
            log = copied(shop.log)
        for depth in (Depth.FACTS, Depth.FEATURES):
            report = Replay(lambda: copied(log), MemoryBlobs()).run(Range(0, 1 << 40), depth)
            assert report.ok, report

    run(work())


def test_a_trial_of_an_event_leaves_no_trace():
    async def work():
        async with Shop(transfer_files()) as shop:
            for number, (user, to) in enumerate(["ab", "bc"]):
                await shop.answer(send(number, user, to))
            before = dict(shop.platform.lane.state.windows.save())["patterns"]
            trial = shop.platform.try_packs(shop.files, json.dumps(send(7, "c", "a")).encode())
            assert trial.decision.outcome == "review"
            assert dict(shop.platform.lane.state.windows.save())["patterns"] == before

    run(work())


def test_a_snapshot_without_its_transfers_is_not_used():
    program = transfer_program()
    held = Surroundings(program)
    held.observe("send", NOON_US, ("a", "b", 100), 0)
    kept = dict(held.save())
    kept.pop("patterns")
    with pytest.raises(ValueError, match="replay the journal"):
        Surroundings(program).load(kept)


def test_of_very_many_transfers_the_newest_stand_in_a_record():
    (told,) = shown({"fan": tuple(range(500))}, ["fan", "ring"])
    assert told == ShapeRecord("fan", 500, tuple(range(500 - EVIDENCE_MAX, 500)))
    assert decision_id(told.seqs[-1]) == "dec_0000000001f3"


# ---- packs


def decided(moves):
    """What the shipped packs decide of transfers and withdrawals in order: the rules that were hit by the last, and the
    patterns with how many transfers make them.
    """
    program = compiled(Outside().pack_files([]))
    state, found = State.fresh(program), ((), ())
    for number, (kind, user, other, amount) in enumerate(moves):
        ep = program.events[kind]
        given = {"user": user, ("payee" if kind == "transfer" else "card"): other, "amount": amount}
        event = Event(f"e{number}", kind, NOON_US + number * HOUR_US // 4, tuple(map(given.get, ep.fields)))
        gathered = state.gather(event, feed=True)
        decision = state.decide(event, gathered)
        shapes = state.shapes(kind, gathered, decision)
        state.applied(number, event, gathered.as_of_us, decision.outcome, decision.wait_us)
        rules = ep.live.policy.rules
        found = tuple(rules[hit].id for hit in decision.hits), {each.pattern: each.count for each in shapes}
    return found


RING = [("transfer", "a", "b", 900_000), ("transfer", "b", "c", 880_000), ("transfer", "c", "a", 850_000)]
GATHERED = [("transfer", f"p{n}", "m", 200_000) for n in range(10)]
THROUGH = [("transfer", "s", f"m{n}", 400_000) for n in range(3)] + [
    ("transfer", f"m{n}", "g", 390_000) for n in range(3)
]
LAYERS = [("transfer", a, b, 200_000) for a in "abc" for b in "xyz"]


@pytest.mark.parametrize(
    ("moves", "rule", "pattern", "count"),
    [
        (RING, "transfer-closes-ring", "ring", 3),
        ([*GATHERED, ("transfer", "m", "x", 1_950_000)], "transfer-gathered-and-sent", "gathered_and_sent", 11),
        ([*GATHERED, ("withdrawal", "m", "c1", 1_950_000)], "withdrawal-gathered-and-sent", "gathered_and_sent", 11),
        (THROUGH, "transfer-through-middlemen", "middlemen", 6),
        (LAYERS, "transfer-in-layers", "two_layers", 9),
    ],
)  # fmt: skip
def test_the_shipped_rules_speak_of_shapes_of_large_sums_and_not_of_small_ones(moves, rule, pattern, count):
    rules, shapes = decided(moves)
    assert rule in rules
    assert shapes[pattern] == count
    rules, shapes = decided([(kind, user, other, amount // 20) for kind, user, other, amount in moves])
    assert rule not in rules
    assert pattern not in shapes


def test_what_is_wrong_with_a_fact_is_told_with_its_address():
    facts = FACTS + "".join(
        f'\n[{name}]\ndoc = {{ zh = "甲", en = "A" }}\n{rest}\n'
        for name, rest in {
            "one": 'pattern = "rung"\nfact = "hit"',
            "two": 'pattern = "ring"\nfact = "hits"',
            "three": 'pattern = "ring"\nfact = "hit"\nover = "7d"',
            "amount": 'pattern = "ring"\nfact = "hit"',
            "four": 'pattern = "ring"',
        }.items()
    )
    with pytest.raises(Problems) as caught:
        load(transfer_files(facts=facts))
    told = "\n".join(str(each) for each in caught.value.problems)
    for line in (
        "one: unknown pattern 'rung' (did you mean 'ring'?)",
        "two: unknown fact 'hits' (did you mean 'hit'?)",
        "three: is a fact of a pattern (`pattern`) and a window (`over`) at once",
        "amount: has the name of a field of send",
        "four: `fact` is missing",
    ):
        assert f"shop/features.toml: {line}" in told
