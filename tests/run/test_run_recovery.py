"""Recovery: whatever was lost, the state after a start is the state that the journal tells."""

import asyncio
import errno
import json
import os
import random
import signal
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.problems import Problems
from jindi.journal import Chain, unseal
from jindi.packs import load
from jindi.ports import LogDamaged
from jindi.run import snapshots
from jindi.run.lane import Stopped
from jindi.run.platform import NotNow, Platform, Settings
from jindi.run.records import DefinitionsRecord, decode, encode_definitions
from jindi.stores.files import FileBlobs, MemoryBlobs
from jindi.stores.memory_log import MemoryLog
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_log import SqliteLog
from shop_world import (
    DEVICE,
    EVENTS,
    FEATURES,
    LISTS,
    NOON_US,
    POLICY,
    SECOND_US,
    Shop,
    copied,
    event,
    failing_append,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
    state_of,
)


@pytest.fixture(autouse=True)
def nobody_watches(monkeypatch):
    """These tests tend the platform themselves: on a slow machine its own rounds would come in between."""
    monkeypatch.setattr(Platform, "_watch", lambda _: asyncio.sleep(0))


async def live(shop, count, seed=1):
    """A stretch of life with every kind of turn; answers by event id."""
    chance, answers, waiting = random.Random(seed), {}, []
    start = shop.platform.lane.state.next_seq
    for number in range(start, start + count):
        shop.clock.at_us += chance.randrange(0, 600) * SECOND_US
        at_us, turn = shop.clock.at_us, chance.random()
        if waiting and turn < 0.25:
            outcome, decision, user = waiting.pop(chance.randrange(len(waiting)))
            document = {
                "challenge": event(
                    "challenge_result",
                    f"e{number}",
                    at_us,
                    decision=decision,
                    user=user,
                    method="otp",
                    passed=chance.random() < 0.6,
                ),
                "delay": event(
                    chance.choice(["decision_release", "decision_recall"]),
                    f"e{number}",
                    at_us,
                    decision=decision,
                    by="s1",
                ),
                "review": event(
                    "review_verdict",
                    f"e{number}",
                    at_us,
                    decision=decision,
                    by="s1",
                    verdict=chance.choice(["accept", "reject"]),
                ),
            }[outcome]
        elif turn < 0.3:
            document = list_entry(
                f"e{number}", "blocked", chance.choice(["u2", "x"]), chance.choice(["add", "remove"]), at_us
            )
        else:
            back = chance.choice([0, 0, 0, 900 * SECOND_US])
            document = pay(
                number,
                chance.choice(["5.00", "1500.00", "7000.00", "12000.00"]),
                at_us - back,
                user=f"u{chance.randrange(1, 4)}",
                device=chance.choice([DEVICE, "another-device-0043"]),
            )
        answer = await shop.answer(document)
        answers[json.dumps(document)] = answer
        made = json.loads(answer)
        if made["outcome"] in ("challenge", "delay", "review"):
            waiting.append((made["outcome"], made["decision_id"], document["user"]))
    return answers


def snapshot_of(shop):
    """A snapshot of the shop as it stands, by name and bytes."""
    blobs = MemoryBlobs()
    from jindi.run.recovery import last_record

    shop.platform.lane.settle()
    state = shop.platform.lane.state
    name = snapshots.write(state, blobs, last_record(shop.platform.archive, state.next_seq))
    return name, blobs.load(name)


def blobs_with(*named):
    blobs = MemoryBlobs()
    for name, data in named:
        blobs.save(name, [data])
    return blobs


@settings(max_examples=12)
@given(st.integers(0, 120), st.integers(1, 60), st.integers(0, 10**6))
def test_a_snapshot_and_the_tail_are_a_replay_from_nothing_are_the_state_that_was_lost(before, after, seed):
    async def go():
        async with Shop() as shop:
            answers = await live(shop, before, seed)
            kept = snapshot_of(shop)
            answers |= await live(shop, after, seed + 1)
            shop.platform.lane.settle()
            lost = state_of(shop.platform.lane.state)
            for blobs, replayed in ((blobs_with(kept), after), (MemoryBlobs(), before + after + 1)):
                async with reopened(shop, blobs=blobs) as again:
                    assert again.platform.replayed == replayed
                    assert state_of(again.platform.lane.state) == lost
                    assert again.told == []
                    for document, answer in list(answers.items())[:: max(1, len(answers) // 5)]:
                        assert await again.answer(document.encode()) == answer
                    assert again.log.next_seq() == before + after + 1

    run(go())


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda data: b"", "no snapshot of this version"),
        (lambda data: b"JINDI-SNAPSHOT-0\n" + data[17:], "no snapshot of this version"),
        (lambda data: data[:-1], "is damaged"),
        (lambda data: data + b"x", "longer than it says"),
        (lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], "its header is damaged"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "is damaged"),
        (lambda data: data[:30], "damaged|no snapshot"),
    ],
)
def test_a_damaged_snapshot_is_passed_over_with_a_word_and_an_older_one_serves(harm, why):
    import re

    async def go():
        async with Shop() as shop:
            await live(shop, 20)
            older = snapshot_of(shop)
            await live(shop, 20)
            name, data = snapshot_of(shop)
            lost = state_of(shop.platform.lane.state)
            async with reopened(shop, blobs=blobs_with(older, (name, harm(data)))) as again:
                assert again.platform.replayed == 20
                assert state_of(again.platform.lane.state) == lost
                assert len(again.told) == 1
                assert name in again.told[0]
                assert re.search(why, again.told[0])

    run(go())


def test_every_flipped_bit_of_a_snapshot_is_noticed():
    async def go():
        async with Shop() as shop:
            await live(shop, 30)
            name, data = snapshot_of(shop)
            lost, chance = state_of(shop.platform.lane.state), random.Random(3)
            for _ in range(25):
                bad = bytearray(data)
                bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
                async with reopened(shop, blobs=blobs_with((name, bytes(bad)))) as again:
                    assert len(again.told) == 1
                    assert again.platform.replayed == 31
                    assert state_of(again.platform.lane.state) == lost

    run(go())


def test_a_snapshot_of_another_journal_is_passed_over():
    async def go():
        async with Shop() as one, Shop() as other:
            await live(one, 20, seed=1)
            await live(other, 30, seed=2)
            async with reopened(other, blobs=blobs_with(snapshot_of(one))) as again:
                assert "belongs to another journal" in again.told[0]
                assert state_of(again.platform.lane.state) == state_of(other.platform.lane.state)

    run(go())


def test_a_snapshot_ahead_of_its_journal_is_passed_over():
    async def go():
        async with Shop() as shop:
            await live(shop, 10)
            early = copied(shop.log)
            await live(shop, 10)
            async with Shop(log=early, blobs=blobs_with(snapshot_of(shop)), clock=shop.clock) as again:
                assert "ahead of the journal" in again.told[0]
                assert again.platform.lane.state.next_seq == 11

    run(go())


def test_a_snapshot_under_other_packs_is_passed_over_and_the_state_is_rebuilt_under_these():
    async def go():
        changed = shop_files(lists=LISTS.replace("for an hour", "for one"))
        async with Shop() as shop:
            await live(shop, 10)
            kept = snapshot_of(shop)
            async with reopened(shop, blobs=blobs_with(kept), files=changed) as again:
                assert "under other packs" in again.told[0]
                again.platform.lane.settle()
                assert again.log.next_seq() == 12
                assert (await again.send(pay("x", at_us=shop.clock.at_us)))["decision_id"] == "dec_00000000000c"

    run(go())


def test_definitions_are_journalled_when_they_change_and_only_then():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1))
        async with reopened(shop) as same:
            assert same.log.next_seq() == 2
        async with reopened(same, files=shop_files(lists=LISTS.replace("known", "well known"))) as other:
            other.platform.lane.settle()
            assert other.log.next_seq() == 3

    run(go())


def journalled_under(shop, **changed):
    """The shop's log as if its definitions had been journalled by a Jindi that took these files."""
    log = MemoryLog()
    chain = Chain()
    for frame in shop.log.read(0):
        records = list(unseal(frame.batch).records)
        for place, raw in enumerate(records):
            if isinstance(decode(raw), DefinitionsRecord):
                then = replace(load(shop.files), source=shop_files(**changed), digest="0" * 64)
                records[place] = encode_definitions(then, NOON_US)
        log.append(chain.seal(records, frame.first), frame.first, frame.count)
    return log


def test_definitions_that_are_no_longer_taken_keep_no_platform_from_starting_when_their_events_can_be_read():
    async def go():
        async with Shop() as shop:
            answers = await live(shop, 30)
            shop.platform.lane.settle()
            lost = state_of(shop.platform.lane.state)
        log = journalled_under(shop, policy=POLICY.replace("when =", "whenever ="))
        async with Shop(log=log, clock=shop.clock) as again:
            assert state_of(again.platform.lane.state) | {"definitions_seq": 0, "next_seq": 0} == lost | {
                "definitions_seq": 0,
                "next_seq": 0,
            }
            # What they said can't be told any more; that is said, and stops nothing.
            with pytest.raises(LookupError, match=r"(?s)can't be read by this version.*whenever") as refusal:
                again.platform.find(json.loads(next(iter(answers.values())))["decision_id"])
            assert isinstance(refusal.value, Problems)
            assert (await again.send(pay("new", at_us=shop.clock.at_us)))["outcome"] == "allow"

    run(go())


def test_definitions_whose_events_can_not_be_read_refuse_the_start_with_a_way_out():
    async def go():
        async with Shop() as shop:
            await live(shop, 3)
        log = journalled_under(shop, events=EVENTS.replace('type = "bool"', 'type = "perhaps"'))
        with pytest.raises(Problems, match="perhaps") as refusal:
            await Shop(log=log, clock=shop.clock).platform.start()
        assert "version" in str(refusal.value)

    run(go())


def test_sums_that_today_s_features_can_not_hold_refuse_the_start_with_a_way_out():
    summed = """
[free_sum]
doc = { zh = "和。", en = "A sum." }
of = "reading"
by = "money_of"
fold = "sum"
value = "free"
over = "1d"
"""

    async def go():
        async with Shop() as shop:
            for n in range(2400):
                reading = {"id": f"r{n}", "type": "reading", "at": "2026-11-22T04:00:00Z", "whole": 1}
                shop.submit(reading | {"free": 10**15, "money_of": "CNY"})
            await shop.platform.lane.settled()
        with pytest.raises(Problems, match="free_sum") as refusal:
            await Shop(
                log=copied(shop.log), clock=shop.clock, files=shop_files(features=FEATURES + summed)
            ).platform.start()
        assert "without" in str(refusal.value)

    run(go())


# ---- logs on disk


def on_disk(kind, folder, **more):
    """A shop over a folder, with the segmented or the SQLite log."""
    if kind == "segments":
        return Shop(
            open_log=lambda sealed: SegmentLog(folder / "journal", segment_bytes=64 * 1024, on_sealed=sealed),
            blobs=FileBlobs(folder / "state"),
            **more,
        )
    return Shop(open_log=lambda _: SqliteLog(folder / "journal.sqlite"), blobs=FileBlobs(folder / "state"), **more)


@pytest.mark.parametrize("kind", ["segments", "sqlite"])
def test_a_platform_on_disk_comes_back_with_its_state_its_answers_and_its_snapshot(kind, tmp_path):
    async def go():
        async with on_disk(kind, tmp_path) as shop:
            answers = await live(shop, 60)
            name = await shop.platform.snapshot()
            answers |= await live(shop, 40, seed=2)
            lost = state_of(shop.platform.lane.state)
        assert name in shop.blobs.names("snapshot-")
        async with on_disk(kind, tmp_path, clock=shop.clock) as again:
            assert again.platform.replayed == 0  # closing took one more
            assert state_of(again.platform.lane.state) == lost
            for document, answer in answers.items():
                assert await again.answer(document.encode()) == answer

    run(go())


def test_a_torn_tail_is_mended_with_a_word_and_what_stood_before_it_is_all_there(tmp_path):
    async def go():
        async with on_disk("segments", tmp_path) as shop:
            await live(shop, 30)
            await shop.platform.close(snapshot=False)
        newest = max((tmp_path / "journal").glob("*.segment"))
        data = bytearray(newest.read_bytes())
        end = len(data.rstrip(b"\0"))
        data[end - 60 :] = bytes(len(data) - end + 60)  # the last batch, cut short by the power
        newest.write_bytes(data)
        async with on_disk("segments", tmp_path, clock=shop.clock) as again:
            assert again.told
            assert again.platform.lane.state.next_seq == 30
            await again.send(pay("new", at_us=again.clock.at_us))

    run(go())


def test_a_journal_that_was_changed_in_the_middle_is_refused_at_the_start(tmp_path):
    async def go():
        async with on_disk("segments", tmp_path) as shop:
            await live(shop, 30)
            await shop.platform.close(snapshot=False)
        newest = max((tmp_path / "journal").glob("*.segment"))
        data = bytearray(newest.read_bytes())
        data[data.index(b"challenge_result") if b"challenge_result" in data else len(data.rstrip(b"\0")) // 2] ^= 1
        newest.write_bytes(data)
        with pytest.raises(LogDamaged):
            async with on_disk("segments", tmp_path, clock=shop.clock):
                pass

    run(go())


def test_snapshots_are_taken_when_they_are_due_and_only_the_newest_two_are_kept(tmp_path):
    async def go():
        async with on_disk("segments", tmp_path, settings=Settings(snapshot_every=5, snapshot_minutes=1000)) as shop:
            for _ in range(4):
                await live(shop, 5)
                await shop.platform.tend()
            names = shop.blobs.names("snapshot-")
            assert names == (snapshots.name_of(16), snapshots.name_of(21))
            await live(shop, 1)
            await shop.platform.tend()
            assert shop.blobs.names("snapshot-") == names
            shop.clock.at_us += 1001 * 60 * SECOND_US
            await shop.platform.tend()
            assert shop.blobs.names("snapshot-")[-1] == snapshots.name_of(22)

    run(go())


def test_a_snapshot_that_can_not_be_written_is_told_and_the_platform_goes_on(tmp_path):
    async def go():
        async with on_disk("segments", tmp_path, settings=Settings(snapshot_every=5)) as shop:
            await live(shop, 6)

            def save(*_, **__):
                raise OSError(errno.ENOSPC, "full")

            shop.blobs.save = save
            with pytest.raises(NotNow, match="could not be written: no space left on device"):
                await shop.platform.snapshot()
            await live(shop, 6)
            await shop.platform.tend()
            assert any("could not be written" in line for line in shop.told)
            await shop.send(pay("on", at_us=shop.clock.at_us))

    run(go())


@pytest.mark.parametrize(
    ("error", "why"), [(OSError("?"), "its writer failed"), (KeyError("?"), "its writer failed"), (None, "signal 9")]
)
def test_why_a_snapshot_could_not_be_written_is_told_as_far_as_it_is_known(error, why, tmp_path):
    async def go():
        async with on_disk("segments", tmp_path) as shop:
            await live(shop, 3)

            def save(*_, **__):
                if error is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise error

            shop.blobs.save = save
            with pytest.raises(NotNow, match=why):
                await shop.platform.snapshot()
            del shop.blobs.save

    run(go())


def test_a_snapshot_is_taken_amid_events_in_flight_and_is_no_older_than_they(tmp_path):
    async def go():
        async with on_disk("segments", tmp_path) as shop:
            await live(shop, 6)
            flying = [shop.submit(pay(f"f{n}", at_us=shop.clock.at_us)) for n in range(10)]
            name = await shop.platform.snapshot()
            assert name == snapshots.name_of(17)
            for future in flying:
                await future
            behind = [await shop.answer(pay(f"b{n}", at_us=shop.clock.at_us)) for n in range(3)]
            lost = state_of(shop.platform.lane.state)
            await shop.platform.close(snapshot=False)
        async with on_disk("segments", tmp_path, clock=shop.clock) as again:
            assert (again.platform.replayed, again.told) == (len(behind), [])
            assert state_of(again.platform.lane.state) == lost

    run(go())


def test_two_snapshots_asked_for_at_once_come_one_after_the_other(tmp_path):
    import asyncio

    async def go():
        async with on_disk("segments", tmp_path) as shop:
            await live(shop, 6)
            assert len(set(await asyncio.gather(shop.platform.snapshot(), shop.platform.snapshot()))) == 1

    run(go())


def test_a_state_recovered_after_a_failure_is_the_state_of_a_fresh_start():
    async def go():
        async with Shop() as shop:
            await live(shop, 40)
            with failing_append(shop.log, OSError("lost")), pytest.raises(Stopped, match="could not be written"):
                await shop.answer(pay("lost", at_us=NOON_US))
            await shop.platform.tend()
            recovered = state_of(shop.platform.lane.state)
            async with reopened(shop, blobs=MemoryBlobs()) as fresh:
                assert state_of(fresh.platform.lane.state) == recovered

    run(go())
