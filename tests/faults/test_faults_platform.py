"""The whole platform over a disk that forgets: every promise of an answer holds after any failure of any call."""

import asyncio
import json

import pytest
from killing import Clock, event, files
from simulated_disk import Died, SimulatedDisk

from jindi import journal
from jindi.journal import GENESIS, seal
from jindi.ports import Frame, LogFailure
from jindi.run import snapshots
from jindi.run.archive import Archive
from jindi.run.lane import Stopped
from jindi.run.platform import Platform, Settings, compiled
from jindi.run.records import DecisionRecord
from jindi.run.recovery import last_record, recover
from jindi.stores.files import FileBlobs
from jindi.stores.segments import SegmentLog
from jindi.vault import Tokens

EVENTS = 48
IN_FLIGHT = 8
SEGMENT_BYTES = 8_192
FILES = files()
PROGRAM = compiled(FILES)


@pytest.fixture(autouse=True)
def _compile_once(monkeypatch):
    monkeypatch.setattr("jindi.run.platform.compiled", lambda _: PROGRAM)


def platform_on(disk):
    return Platform(
        open_log=lambda sealed: SegmentLog("/journal", segment_bytes=SEGMENT_BYTES, file_system=disk, on_sealed=sealed),
        blobs=FileBlobs("/state", file_system=disk),
        tokens=Tokens(bytes(32)),
        clock=Clock(),
        files=FILES,
        settings=Settings(release_due=False),
    )


async def work(disk, acknowledged, upto):
    """Decide events up to a number, a snapshot on the way; what is answered is noted in `acknowledged`."""
    platform = platform_on(disk)
    await platform.start()
    try:
        for first in range(0, upto, IN_FLIGHT):
            flying = {n: platform.submit(event(n), Clock().now_us()) for n in range(first, first + IN_FLIGHT)}
            for number, future in flying.items():
                answer = await future
                assert acknowledged.setdefault(number, answer) == answer, "another answer than the first time"
            if first == upto // 2 // IN_FLIGHT * IN_FLIGHT:
                state = platform.lane.state
                snapshots.write(
                    state, FileBlobs("/state", file_system=disk), last_record(platform.archive, state.next_seq)
                )
    except Stopped:
        platform.lane.close()
        return
    await platform.close()


def run_into(disk, acknowledged, upto=EVENTS):
    try:
        asyncio.run(work(disk, acknowledged, upto))
    except (Died, OSError, LogFailure):
        return


def holds(disk, acknowledged):
    """Open what is left, answer everything again, and compare the state with a replay from nothing."""
    before = dict(acknowledged)
    asyncio.run(work(disk, acknowledged, EVENTS))
    assert {number: acknowledged[number] for number in before} == before
    log = SegmentLog("/journal", segment_bytes=SEGMENT_BYTES, file_system=disk)
    journal.verify(log.read(0))
    archive = Archive(log)
    ids = [record.event_id for _, record in archive.records() if isinstance(record, DecisionRecord)]
    assert sorted(ids) == sorted(f"e{number}" for number in range(EVENTS)), "an event is missing, or stands twice"
    blobs = FileBlobs("/state", file_system=disk)
    quick = recover(log, blobs, PROGRAM, archive).state
    for name in blobs.names(snapshots.PREFIX):
        blobs.drop(name)
    slow = recover(log, blobs, PROGRAM, archive).state
    assert (quick.high_us, quick.next_seq) == (slow.high_us, slow.next_seq)
    for number in range(7):
        at_us = slow.high_us
        features = slow.windows.entity("customer", f"c{number}", at_us)
        assert quick.windows.entity("customer", f"c{number}", at_us) == features
    log.close()


def calls():
    disk = SimulatedDisk()
    acknowledged = {}
    asyncio.run(work(disk, acknowledged, EVENTS))
    assert len(acknowledged) == EVENTS
    return disk.calls


def some_calls(total, count):
    """Call numbers spread over the whole story."""
    return sorted({1 + step * (total - 1) // (count - 1) for step in range(count)})


@pytest.mark.parametrize("how", ["die", "die_half", "die_after"])
def test_a_power_cut_at_any_call_loses_no_answer_and_counts_nothing_twice(how):
    for at in some_calls(calls(), 14):
        disk, acknowledged = SimulatedDisk(at), {}
        disk.inject(at, how)
        run_into(disk, acknowledged)
        disk.power_cut()
        holds(disk, acknowledged)


@pytest.mark.parametrize("how", ["EIO", "ENOSPC_half"])
def test_a_failing_disk_stops_the_lane_and_answers_nothing_that_is_not_on_it(how):
    for at in some_calls(calls(), 14):
        disk, acknowledged = SimulatedDisk(at), {}
        disk.inject(at, how)
        run_into(disk, acknowledged)
        disk.power_cut()
        holds(disk, acknowledged)


def test_the_answers_of_a_sound_disk_are_the_same_when_asked_again():
    disk, acknowledged = SimulatedDisk(), {}
    asyncio.run(work(disk, acknowledged, EVENTS))
    assert [json.loads(acknowledged[n])["event_id"] for n in range(EVENTS)] == [f"e{n}" for n in range(EVENTS)]
    holds(disk, acknowledged)


def test_what_the_disk_says_when_a_reader_is_closed_is_heard():
    class Failing:
        def next_seq(self):
            return 1

        def read(self, first):
            try:
                yield Frame(0, 1, seal([b"a"], 0, GENESIS))
            finally:
                raise LogFailure("the disk reported an error")

    with pytest.raises(LogFailure):
        Archive(Failing()).raw(0)
