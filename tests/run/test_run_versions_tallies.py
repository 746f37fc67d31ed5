"""What watched versions would have decided: counted as it happens, and the same when counted from the journal."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.engine import SAMPLE_MIN
from jindi.packs import OUTCOMES
from jindi.run.archive import Archive
from jindi.run.records import DecisionRecord
from jindi.run.versions.tallies import COST_EVERY, SAMPLES_KEPT
from jindi.stores.files import MemoryBlobs
from shop_world import pay, run
from versions_world import ANN, BOB, LOWER, LOWEST, Office, after_restart

AMOUNTS = ["5.00", "850.00", "950.00", "1200.00", "6000.00", "20000.00"]


def recounted(log):
    """The naive way: every decision of the journal, read again, with the definitions of its moment."""
    archive, found = Archive(log), {}
    for seq, record in archive.records():
        if not isinstance(record, DecisionRecord):
            continue
        ep = archive.program(record.definitions).events[record.event_type]
        live = ep.live.policy
        for shadow, verdict in zip(ep.shadows, record.shadows, strict=True):
            policy = shadow.policy
            tally = found.setdefault((policy.version, live.version), [Counter(), Counter(), Counter(), Counter(), []])
            tally[0][OUTCOMES[record.verdict.outcome], OUTCOMES[verdict.outcome]] += 1
            tally[1] += Counter(policy.rules[hit].id for hit in verdict.hits)
            if verdict.outcome > record.verdict.outcome:
                tally[2] += Counter(policy.rules[hit].id for hit in verdict.hits)
            tally[3] += Counter(live.rules[hit].id for hit in record.verdict.hits)
            if verdict.outcome != record.verdict.outcome:
                tally[4].append(seq)
    return found


def told(tallies):
    """The same of what was counted live."""
    found = {}
    for tally in tallies:
        cells = {
            (OUTCOMES[live], OUTCOMES[would]): tally.cell(live, would)
            for live in range(len(OUTCOMES))
            for would in range(len(OUTCOMES))
            if tally.cell(live, would)
        }
        rules = tally.rules.items()
        found[tally.version, tally.live] = [
            Counter(cells),
            Counter({name: each.hits for name, each in rules if each.hits}),
            Counter({name: each.heavier for name, each in rules if each.heavier}),
            Counter({name: each.live for name, each in rules if each.live}),
            [each.seq for each in tally.samples],
        ]
    return found


async def busy(office, amounts, first=0):
    for n, amount in enumerate(amounts, first):
        await office.shop.answer(pay(n, amount, user=f"u{n % 3}"))


async def watch(office, policy):
    office.save(policy)
    return await office.desk.shadow(ANN, "pay")


@settings(max_examples=15)
@given(st.lists(st.sampled_from(AMOUNTS), max_size=SAMPLES_KEPT), st.lists(st.sampled_from(AMOUNTS), max_size=8))
def test_what_is_counted_live_equals_a_recount_of_the_journal_before_and_after_a_change(before, after):
    async def go():
        async with Office() as office:
            await watch(office, LOWER)
            await watch(office, LOWEST)
            await busy(office, before)
            office.save(LOWER)
            proposal = await office.desk.propose(ANN, why="x")
            await office.desk.approve(BOB, proposal.id)
            await busy(office, after, 100)
            office.shop.platform.lane.settle()
            naive = recounted(office.shop.log)
            counted = told(office.shop.platform.watched.tallies)
            assert counted == {pair: [*each[:4], each[4][-SAMPLES_KEPT:]] for pair, each in naive.items()}
            assert all(tally.events == sum(tally.matrix) for tally in office.shop.platform.watched.tallies)

    run(go())


@pytest.mark.parametrize("snapshot", [True, False])
def test_statistics_go_on_after_a_restart_as_if_there_had_been_none(snapshot):
    async def go():
        async with Office() as office:
            await watch(office, LOWER)
            await busy(office, AMOUNTS * 3)
            before = msgspec.msgpack.encode(office.shop.platform.watched)
        blobs = {} if snapshot else {"blobs": MemoryBlobs()}
        async with after_restart(office, **blobs) as again:
            assert msgspec.msgpack.encode(again.shop.platform.watched) == before
            await busy(again, AMOUNTS, 100)
            [tally] = again.shop.platform.watched.tallies
            assert (tally.events, tally.disagreements) == (24, 4)

    run(go())


def test_only_the_newest_disagreements_are_kept():
    async def go():
        async with Office() as office:
            await watch(office, LOWER)
            await busy(office, ["950.00"] * (SAMPLES_KEPT + 5))
            [tally] = office.shop.platform.watched.tallies
            assert tally.disagreements == SAMPLES_KEPT + 5
            assert len(tally.samples) == SAMPLES_KEPT
            assert tally.samples[-1].seq == office.shop.platform.lane.recent[-1].seq

    run(go())


def test_a_version_that_ends_keeps_what_was_counted_and_counts_no_more():
    async def go():
        async with Office() as office:
            version = await watch(office, LOWER)
            await busy(office, AMOUNTS)
            await office.desk.retire(ANN, version)
            await busy(office, AMOUNTS, 100)
            [tally] = office.shop.platform.watched.tallies
            assert tally.events == len(AMOUNTS)

    run(go())


def test_what_judging_costs_is_measured_now_and_then_while_a_version_is_watched_and_never_otherwise():
    async def go():
        async with Office() as office:
            await busy(office, ["5.00"] * COST_EVERY)
            assert office.shop.platform.measures.costs == {}
            version = await watch(office, LOWER)
            await busy(office, ["5.00"] * (2 * COST_EVERY), 1000)
            costs = office.shop.platform.measures.costs
            assert {name: cost.events for name, cost in costs.items()} == {
                version: 2,
                office.desk.versions()[0].name: 2,
            }
            assert all(cost.microseconds > 0 for cost in costs.values())

    run(go())


def test_recent_events_outlive_a_change_and_are_shown_with_the_words_of_their_moment():
    async def go():
        async with Office() as office:
            await busy(office, ["2000.00"] * SAMPLE_MIN)
            await watch(office, LOWER)
            recent = office.shop.platform.lane.recent
            assert len(recent) == SAMPLE_MIN
            assert {each.ep.live.policy.version for each in recent} == {office.desk.versions()[0].name}

    run(go())
