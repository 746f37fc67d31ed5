"""The segmented log on a disk that forgets and fails: a fault at every single call.

The one promise: what was acknowledged is there, in order, once; besides it at most the one batch that was
under way, whole; and the log opens again without a person's help.
"""

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_disk import Died, SimulatedDisk

from jindi.journal import Chain, verify
from jindi.ports import LogFailure
from jindi.stores import SegmentLog

DIES = ("die", "die_half", "die_after")
ERRORS = ("EIO", "EIO_half", "ENOSPC", "ENOSPC_half", "EROFS")
SIZES = (10, 700, 0, 1_500, 300, 5_000, 90, 480, 1_100, 20, 650, 333)


class Story:
    """A lane that appends, is struck down, opens again, and never forgets what it was told."""

    def __init__(self, seed=0, segment_bytes=2048):
        self.disk, self.segment_bytes = SimulatedDisk(seed), segment_bytes
        self.acknowledged, self.under_way = [], None
        self.log = self.chain = None

    def open(self, **options):
        self.log = self.chain = None
        self.log = SegmentLog("j", segment_bytes=self.segment_bytes, file_system=self.disk, **options)
        frames = list(self.log.read())
        kept = [frame.batch for frame in frames]
        assert kept[: len(self.acknowledged)] == self.acknowledged
        assert kept[len(self.acknowledged) :] in ([], [self.under_way])
        self.acknowledged, self.under_way = kept, None
        chain = Chain()
        proved = verify(frames, chain=chain)
        self.chain = chain
        assert proved.next_seq == self.log.next_seq()

    def append(self, size):
        # A pattern with long runs of zeros: recovery must not take them for sectors that are missing.
        record = bytes(size // 2) + b"r" * (size - size // 2)
        first = self.chain.next_seq
        self.under_way = self.chain.seal([record, b"", b"%d" % first], first)
        self.log.append(self.under_way, first, 3)
        self.acknowledged.append(self.under_way)
        self.under_way = None

    def tell(self, sizes=SIZES):
        self.open()
        for size in sizes:
            self.append(size)
        self.log.close()

    def tell_with_fault(self, at, how, sizes=SIZES):
        """Run into the fault; afterwards the log is either closed as usual, or it took nothing more."""
        self.disk.inject(at, how)
        try:
            self.tell(sizes)
        except Died:
            return
        except LogFailure:
            if self.chain is not None and self.under_way is not None:  # it failed in an append
                with pytest.raises(LogFailure):
                    self.log.append(b"after the fault", self.log.next_seq(), 1)
                assert [frame.batch for frame in self.log.read()] == self.acknowledged
                self.log.close()


def calls_of(sizes=SIZES):
    story = Story()
    story.tell(sizes)
    return story.disk.calls


CALLS = calls_of()


def goes_on(story):
    story.open()
    for size in (40, 900, 3_000):
        story.append(size)
    story.log.close()
    story.open(thorough=True)
    assert story.log.notes() == ()
    story.log.close()


def test_the_story_without_faults_rotates_and_fills_ahead():
    story = Story()
    story.tell()
    assert len([name for name in story.disk.seen if name.endswith(".segment")]) > 5
    assert {"allocate", "rename", "sync_folder", "sync", "write"} <= set(story.disk.log)
    assert CALLS > 100


@pytest.mark.parametrize("how", DIES)
def test_a_process_killed_at_any_call_loses_nothing(how):
    for at in range(1, CALLS + 1):
        story = Story(at)
        story.tell_with_fault(at, how)
        story.disk.kill()
        goes_on(story)


@pytest.mark.parametrize("how", DIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_at_any_call_loses_nothing(how, seed):
    for at in range(1, CALLS + 1):
        story = Story(1_000 * seed + at)
        story.tell_with_fault(at, how)
        story.disk.power_cut()
        goes_on(story)


@pytest.mark.parametrize("how", ERRORS)
@pytest.mark.parametrize("then", ["open again", "kill", "power cut"])
def test_a_failure_of_any_call_stops_the_log_and_loses_nothing(how, then):
    for at in range(1, CALLS + 1):
        story = Story(at)
        story.tell_with_fault(at, how)
        if then == "power cut":
            story.disk.power_cut()
        else:
            story.disk.kill()
        if then == "open again":
            story.open()
            story.append(40)
            story.log.close()
            story.disk.power_cut()
        goes_on(story)


@settings(max_examples=150, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(
            st.integers(1, 60),
            st.sampled_from(DIES + ERRORS),
            st.lists(st.integers(0, 1_600), max_size=6),
            st.booleans(),
        ),
        min_size=2,
        max_size=6,
    ),
    seed=st.integers(0, 2**32),
)
def test_blow_upon_blow_also_during_recovery_loses_nothing(rounds, seed):
    story = Story(seed)
    for at, how, sizes, power_cut in rounds:
        story.tell_with_fault(at, how, sizes)
        if power_cut:
            story.disk.power_cut()
        else:
            story.disk.kill()
    goes_on(story)


@pytest.mark.parametrize("how", ERRORS)
def test_every_failure_says_where_and_what_to_do(how):
    words = {"EIO": "the disk reported an error", "ENOSPC": "the disk is full", "EROFS": "is read-only"}
    said = set()
    for at in range(1, CALLS + 1):
        story = Story()
        story.disk.inject(at, how)
        try:
            story.tell()
        except LogFailure as failure:
            said.add(str(failure))
    assert said
    for sentence in said:
        assert sentence.startswith("j")
        assert words[how.partition("_")[0]] in sentence
        assert sentence.endswith(")")


def test_a_disk_that_is_full_for_the_next_segment_refuses_before_anything_is_acknowledged():
    story = Story()
    story.open()
    story.append(1_000)
    refuse = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def allocate(fd, size):
        raise refuse

    story.disk.allocate = allocate
    with pytest.raises(LogFailure, match="the disk is full"):
        story.append(1_500)
    story.disk.kill()
    del story.disk.allocate
    goes_on(story)


def test_a_sync_that_failed_is_not_trusted_when_a_later_one_succeeds():
    """The pages of a failed sync look written; only writing them again makes them durable."""
    for seed in range(40):
        story = Story(seed)
        story.open()
        story.append(300)
        story.disk.inject(2, "EIO_half")
        with pytest.raises(LogFailure):
            story.append(700)
        story.disk.kill()
        story.open()
        story.append(50)
        story.disk.power_cut()
        goes_on(story)


def test_a_torn_tail_is_cut_kept_aside_and_noted():
    for seed in range(60):
        story = Story(seed, segment_bytes=8192)
        story.open()
        story.append(300)
        story.disk.inject(1, "die_after")
        with pytest.raises(Died):
            story.append(1_000)
        batch = story.under_way
        story.disk.power_cut()
        story.open()
        if story.log.notes():
            break
    (note,) = story.log.notes()
    assert "of a batch that was never acknowledged were cut away and kept in torn-" in note
    (aside,) = [name for name in story.disk.seen if "torn-" in name]
    kept = bytes(story.disk.content(aside)).rstrip(b"\0")
    assert kept
    whole = bytes(32) + batch
    assert all(got in (0, meant) for got, meant in zip(kept[32:], whole[32:], strict=False))
    story.log.close()
    story.disk.power_cut()
    assert bytes(story.disk.content(aside)).rstrip(b"\0") == kept
    goes_on(story)


def test_a_new_log_knows_whose_it_is_after_a_power_cut():
    for seed in range(20):
        story = Story(seed)
        story.open()
        said = bytes(story.disk.content("j/log"))
        assert said.startswith(b"jindi log 1 ")
        story.disk.power_cut()
        assert bytes(story.disk.content("j/log")) == said


def test_a_reader_beside_the_writer_sees_what_was_acknowledged():
    story = Story()
    story.open()
    for size in SIZES:
        story.append(size)
        beside = SegmentLog("j", segment_bytes=2048, file_system=story.disk, read_only=True)
        assert [frame.batch for frame in beside.read()] == story.acknowledged
        with pytest.raises(LogFailure, match="for reading only"):
            beside.append(b"x", beside.next_seq(), 1)
        beside.close()


def test_a_reader_that_comes_while_the_writer_goes_on_to_a_new_segment_looks_again():
    """At each call of the reader's opening, the writer appends until it has a new segment."""
    at, more = 0, True
    while more:
        at += 1
        story = Story()
        story.open()
        for size in SIZES[:5]:
            story.append(size)
        sure, due = len(story.acknowledged), story.disk.calls + at
        act, story.disk.fail_at = story.disk._call, None

        def call(name, *acts, story=story, due=due, act=act):
            if story.disk.calls + 1 == due:
                story.disk._call = act
                for size in (800, 700, 900):
                    story.append(size)
                story.disk._call = call
            return act(name, *acts)

        story.disk._call = call
        beside = SegmentLog("j", segment_bytes=2048, file_system=story.disk, read_only=True)
        more = len(story.acknowledged) > sure
        got = [frame.batch for frame in beside.read()]
        assert got == story.acknowledged[: len(got)]
        assert len(got) >= sure
    assert at > 10


def test_a_reader_beside_a_batch_under_way_does_not_call_it_damage():
    story = Story(segment_bytes=8192)
    story.open()
    story.append(300)
    story.disk.inject(1, "EIO_half")
    story.disk.chance.randint = lambda low, high: high - 100
    with pytest.raises(LogFailure):
        story.append(900)
    beside = SegmentLog("j", segment_bytes=2048, file_system=story.disk, read_only=True)
    assert [frame.batch for frame in beside.read()] == story.acknowledged
    assert "a batch is being written" in beside.notes()[0]
    story.disk.kill()
    alone = SegmentLog("j", segment_bytes=2048, file_system=story.disk, read_only=True)
    assert [frame.batch for frame in alone.read()] == story.acknowledged
    assert "never acknowledged" in alone.notes()[0]
