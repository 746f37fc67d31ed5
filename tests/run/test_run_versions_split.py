"""Champion and challenger: a lot drawn from one field decides which policy decides, always the same, and it is told."""

import json
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.digests import lot_ppm
from jindi.basics.problems import Problems
from jindi.engine import build_trial, decide, side_of
from jindi.packs import load
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Span
from jindi.run.backtest.runner import Backtest, Question
from jindi.run.history.follower import Shapes
from jindi.run.records import DecisionRecord, encode_decision
from jindi.run.replay import Depth, Range, Replay
from jindi.run.versions.overlay import compiled
from jindi.stores.files import MemoryBlobs
from replay_world import planted
from shop_world import POLICY, Shop, copied, pay, reopened, run, shop_files, state_of
from versions_world import BOB, CLEO, LOWER, Office, after_restart

SEED = "2026-12"
CHALLENGER = LOWER.replace('id = "pay"', 'id = "pay-challenger"').replace(
    'state = "live"', 'state = "live"\nsplit = { by = "user", share = "30%", seed = "2026-12" }'
)


def split_files(challenger=CHALLENGER, **changed):
    return shop_files(**changed) | {"shop/policies/challenger.toml": challenger}


def side(user, share_ppm=300_000, seed=SEED):
    return int(lot_ppm(seed, user) < share_ppm)


USERS = [f"u{n}" for n in range(40)]


def decisions(log):
    return [(seq, record) for seq, record in Archive(log).records() if isinstance(record, DecisionRecord)]


# ---- the lot


@given(st.text(max_size=20), st.text(max_size=40))
def test_a_lot_is_always_the_same_and_below_a_million(seed, value):
    lot = lot_ppm(seed, value)
    assert lot == lot_ppm(seed, value)
    assert 0 <= lot < 1_000_000


@given(st.text(max_size=8), st.integers(1, 999_999), st.integers(1, 999_999))
def test_a_larger_share_under_the_same_seed_keeps_everybody_who_was_the_challenger_s(user, one, other):
    less, more = sorted((one, other))
    assert side(user, less) <= side(user, more)


@pytest.mark.parametrize("share_ppm", [10_000, 100_000, 300_000, 500_000])
def test_the_lots_of_many_fall_as_the_share_says_and_another_seed_draws_independently(share_ppm):
    many = 20_000
    here = [side(f"user-{n}", share_ppm) for n in range(many)]
    there = [side(f"user-{n}", share_ppm, "other") for n in range(many)]
    share = share_ppm / 1_000_000
    five_sigma = 5 * (share * (1 - share) / many) ** 0.5
    assert abs(sum(here) / many - share) < five_sigma
    both = sum(a and b for a, b in zip(here, there, strict=True)) / many
    assert abs(both - share**2) < 5 * (share**2 * (1 - share**2) / many) ** 0.5


# ---- deciding


@given(st.text(min_size=1, max_size=12), st.integers(1, 10**7))
def test_each_side_decides_exactly_as_its_policy_would_alone(user, minor):
    definitions = PROGRAM.definitions
    ep = PROGRAM.events["pay"]
    facts = ep.complete([user if name == "user" else minor if name == "amount" else None
                         for name in ep.slots[: ep.base_count]])  # fmt: skip
    decision = decide(ep, facts)
    assert decision.side == side_of(ep, facts) == side(user)
    policy = definitions.challenger("pay") if decision.side else definitions.live_policy("pay")
    alone = build_trial(definitions, policy)
    told = decide(alone, alone.complete([facts[ep.index[name]] for name in alone.slots[: alone.base_count]]))
    assert (decision.outcome, decision.hits, decision.policy) == (told.outcome, told.hits, policy.id)


PROGRAM = compiled(split_files())


def test_who_lacks_the_field_is_the_champion_s():
    ep = compiled(split_files(CHALLENGER.replace('by = "user"', 'by = "device"'))).events["pay"]
    facts = ep.complete([None] * ep.base_count)
    assert side_of(ep, facts) == 0


def test_who_is_named_by_an_entity_is_found_by_its_field():
    policy = load(split_files(CHALLENGER.replace('by = "user"', 'by = "card"'))).challenger("pay")
    assert policy.split.by == "card"


def test_a_user_stays_on_his_side_and_the_answer_the_record_and_the_explanation_say_which():
    async def go():
        async with Shop(split_files()) as shop:
            answers = {}
            for n, user in enumerate(USERS * 2):
                answers[n] = await shop.send(pay(n, "950.00", user=user))
            for n, user in enumerate(USERS * 2):
                wanted = "challenge" if side(user) else "allow"
                policy = "pay-challenger" if side(user) else "pay"
                assert answers[n]["outcome"] == wanted
                assert answers[n]["policy"].startswith(f"{policy}@")
                found = shop.platform.find(answers[n]["decision_id"])
                assert found.record.side == side(user)
                told = shop.platform.explanation(found)
                assert (told.policy, told.split.side) == (policy, "challenger" if side(user) else "champion")
                assert (told.split.by, told.split.lot_ppm) == ("user", lot_ppm(SEED, user))
                assert (told.split.lot_ppm < told.split.share_ppm) == bool(side(user))
                assert json.loads(shop.platform.answer(found)) == answers[n]
            assert {side(user) for user in USERS} == {0, 1}

    run(go())


def test_every_decision_of_a_split_is_made_again_bit_for_bit_from_its_record():
    async def go():
        async with Office() as office:
            await office.live(POLICY.replace("shop rules 1", "shop rules 1a"))
            office.saved = split_files(policy=POLICY.replace("shop rules 1", "shop rules 1a"))
            proposal = await office.desk.propose(BOB, why="try it on three in ten")
            await office.desk.approve(CLEO, proposal.id)
            for n, user in enumerate(USERS):
                await office.shop.answer(pay(n, "950.00", user=user))
            await office.desk.roll_back(CLEO, why="enough")
            for n, user in enumerate(USERS):
                await office.shop.answer(pay(100 + n, "950.00", user=user))
            office.shop.platform.lane.settle()
            archive = Archive(office.shop.log)
            kept = {seq: raw for frame in office.shop.log.read(0) for seq, raw in raws(frame)}
            seen = Counter()
            for seq, record in decisions(office.shop.log):
                ep = archive.program(record.definitions).events[record.event_type]
                absent = frozenset(record.absent)
                again = decide(ep, ep.complete([*record.values, *record.facts], absent), absent)
                assert (
                    encode_decision(
                        record.definitions, record.as_of_us, record.received_us, record.event, record.facts,
                        record.absent, record.late, again,
                    )
                    == kept[seq]
                )  # fmt: skip
                seen[record.side] += 1
            assert seen[1] == sum(map(side, USERS))
            assert seen[0] == 2 * len(USERS) - seen[1]
            return copied(office.shop.log)

    log = run(go())
    for depth in Depth:
        proved = Replay(lambda: copied(log), MemoryBlobs()).run(Range(0, 1 << 40), depth)
        assert proved.ok, proved
    seq = next(seq for seq, record in decisions(log) if record.side)
    wrong = planted(log, seq, lambda fields: fields.__setitem__(slice(13, None), [0]))
    for depth in Depth:
        (difference,) = Replay(lambda: copied(wrong), MemoryBlobs()).run(Range(0, 1 << 40), depth).tally.differences
        assert difference.seq == seq
        cause = next(cause for cause in difference.causes if cause.kind == "side")
        assert (cause.journalled, cause.recomputed) == (0, 1)


def raws(frame):
    from jindi import journal

    return enumerate(journal.unseal(frame.batch).records, frame.first)


def test_records_without_a_split_are_as_long_as_before():
    async def go():
        async with Shop() as shop, Shop(split_files()) as other:
            for each in (shop, other):
                for n, user in enumerate(USERS):
                    await each.answer(pay(n, "10.00", user=user))
                each.platform.lane.settle()
            kept = {seq: raw for frame in other.log.read(0) for seq, raw in raws(frame)}
            for seq, raw in ((seq, raw) for frame in shop.log.read(0) for seq, raw in raws(frame)):
                fields, theirs = msgspec.msgpack.decode(raw), msgspec.msgpack.decode(kept[seq])
                if fields[0] == 1:
                    assert len(fields) == 13
                    assert len(theirs) == 13 + side(fields[7][0])
                    assert theirs[:13] == fields

    run(go())


@pytest.mark.parametrize("snapshot", [True, False])
def test_both_sides_are_counted_with_their_outcomes_and_rules_and_go_on_after_a_restart(snapshot):
    async def go():
        async with Office() as office:
            office.saved = split_files()
            proposal = await office.desk.propose(BOB, why="x")
            await office.desk.approve(CLEO, proposal.id)
            for n, user in enumerate(USERS):
                await office.shop.answer(pay(n, "950.00", user=user, device=None))
            sides = {each.side: each for each in office.shop.platform.watched.sides}
            challenged = sum(map(side, USERS))
            assert (sides[0].events, sides[1].events) == (len(USERS) - challenged, challenged)
            assert sides[0].outcomes == [len(USERS) - challenged, 0, 0, 0, 0]
            assert sides[1].outcomes == [0, challenged, 0, 0, 0]
            assert (sides[0].rules, sides[1].rules) == ({}, {"large": challenged})
            assert (sides[1].version.partition("@")[0], sides[1].other.partition("@")[0]) == ("pay-challenger", "pay")
            assert office.states() == {sides[0].version: "live", sides[1].version: "challenger"}
            assert office.shop.platform.measures.rules["pay-challenger", "large"] == challenged
            before = msgspec.msgpack.encode(office.shop.platform.watched)
            now = state_of(office.shop.platform.lane.state)
        blobs = {} if snapshot else {"blobs": MemoryBlobs()}
        async with after_restart(office, **blobs) as again:
            assert msgspec.msgpack.encode(again.shop.platform.watched) == before
            assert state_of(again.shop.platform.lane.state) == now
            assert (await again.shop.send(pay("more", "950.00", user=USERS[0])))["outcome"] == (
                "challenge" if side(USERS[0]) else "allow"
            )

    run(go())


def test_a_shadow_beside_a_split_is_held_against_the_side_that_decided():
    async def go():
        async with Office() as office:
            office.saved = split_files()
            proposal = await office.desk.propose(BOB, why="x")
            await office.desk.approve(CLEO, proposal.id)
            office.saved = split_files(policy=LOWER)
            await office.desk.shadow(BOB, "pay")
            for n, user in enumerate(USERS):
                await office.shop.answer(pay(n, "950.00", user=user))
            beside = {each.live.partition("@")[0]: each for each in office.shop.platform.watched.tallies}
            assert beside["pay-challenger"].disagreements == 0
            assert beside["pay"].disagreements == beside["pay"].events == sum(not side(user) for user in USERS)

    run(go())


def test_an_event_sent_again_gets_the_answer_of_its_side_after_the_split_has_ended():
    async def go():
        async with Shop(split_files()) as shop:
            answers = [await shop.answer(pay(n, "950.00", user=user)) for n, user in enumerate(USERS)]
            await shop.platform.take(shop_files())
            assert [await shop.answer(pay(n, "950.00", user=user)) for n, user in enumerate(USERS)] == answers
            async with reopened(shop, files=shop_files(), blobs=MemoryBlobs()) as again:
                assert [await again.answer(pay(n, "950.00", user=user)) for n, user in enumerate(USERS)] == answers

    run(go())


# ---- the past of a split


def test_a_backtest_of_the_same_packs_comes_to_the_same_sides_and_names_each_side_s_rules():
    async def go():
        async with Shop(files) as shop:
            for n, user in enumerate(USERS):
                await shop.answer(pay(n, "950.00", user=user, device=None))
            return copied(shop.log), shop.blobs

    files = split_files(CHALLENGER.replace('id = "large"', 'id = "larger"'))
    log, blobs = run(go())
    candidate = Candidate("same", compiled(files))
    asked = Question(Span(0, 4_000_000_000_000_000), 0)
    [told] = Backtest(lambda: copied(log), blobs, asked, cores=1).run([candidate])["candidates"]
    assert told["mode"] == "facts"
    found = told["types"]["pay"]
    assert (found["events"], found["changed"]) == (len(USERS), 0)
    for rules in (found["rules"]["live"], found["rules"]["candidate"]):
        assert {name: each["events"] for name, each in rules.items()} == {"larger": sum(map(side, USERS))}


def test_the_archive_names_the_policy_of_the_side_that_decided():
    async def go():
        async with Shop(split_files()) as shop:
            for n, user in enumerate(USERS):
                await shop.answer(pay(n, "950.00", user=user))
            shop.platform.lane.settle()
            archive = Archive(shop.log)
            shapes = Shapes(archive)
            for seq, record in decisions(shop.log):
                shape = shapes.of(record)
                row = dict(zip(shape.schema.names, shape.row(seq, record), strict=True))
                assert row["policy"] == ("pay-challenger" if side(row["user"]) else "pay")
                assert row["reasons"][:1] == (["large"] if side(row["user"]) else row["reasons"][:1])

    run(go())


# ---- declaring it


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('by = "user"', 'by = "usr"'), "no field and no entity"),
        (('by = "user"', 'by = "amount"'), "neither a text nor an identifier"),
        (('by = "user", ', ""), "`by` is missing"),
        (('share = "30%", ', ""), "`share` is missing"),
        (('share = "30%"', 'share = "0%"'), "not a percentage"),
        (('share = "30%"', "share = 0.3"), "percentage text"),
        ((', seed = "2026-12"', ""), "`seed` is missing"),
        (('by = "user"', 'whom = "x", by = "user"'), "unknown key 'whom'"),
    ],
)
def test_a_split_that_can_not_be_read_is_told(change, why):
    with pytest.raises(Problems) as problems:
        compiled(split_files(CHALLENGER.replace(*change)))
    assert [each for each in problems.value.problems if why in each.problem]
    assert len(problems.value.problems) == 1


def test_an_event_type_has_one_champion_and_one_challenger_and_no_challenger_alone():
    other = CHALLENGER.replace("pay-challenger", "pay-other")
    with pytest.raises(Problems, match="has a challenger already"):
        compiled(split_files() | {"shop/policies/other.toml": other})
    with pytest.raises(Problems, match="has no live policy"):
        compiled(split_files(policy=POLICY.replace('state = "live"', 'state = "draft"')))
    with pytest.raises(Problems, match="or give one a split"):
        compiled(split_files(LOWER.replace('id = "pay"', 'id = "pay-two"')))
    assert compiled(split_files(CHALLENGER.replace('state = "live"', 'state = "draft"'))).events["pay"].split is None


def test_a_challenger_that_would_fire_too_often_is_found_by_the_guards_too():
    async def go():
        async with Office() as office:
            for n in range(250):
                await office.shop.answer(pay(n))
            eager = CHALLENGER.replace("amount >= cny('900')", "amount >= cny('1')").replace('"899.99"', '"0.99"')
            office.saved = split_files(eager)
            proposal = await office.desk.propose(BOB, why="x")
            with pytest.raises(Problems, match="rule large"):
                await office.desk.approve(CLEO, proposal.id)

    run(go())
