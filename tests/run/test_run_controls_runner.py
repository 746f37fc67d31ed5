"""Runs of controls: a record before, a record of what each came to, and what fails is told once, by the front door."""

import asyncio
import dataclasses
import functools
import json
import os
import time

import msgspec
import pytest

from controls_world import DAY_US, MINUTE_US, live, wired
from jindi.doors.cli.grounds import apart_of, ground_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.oversight import record_of
from jindi.packs import Words, load
from jindi.run.archive import Archive
from jindi.run.audit import Audit
from jindi.run.controls.register import BLOB, RESULT, RUN, Book, standings
from jindi.run.controls.registry import CHECKS, Check, Found
from jindi.run.controls.registry import look as look_at
from jindi.run.controls.runner import Apart, Asking, Runner, Stopping
from jindi.run.records import ActionRecord
from shop_world import Clock

PASSED = Found("passed", Words("", ""), {"seen": 1})
FAILED = Found("failed", Words("不成立", "it does not hold"), {"seen": 0})


@pytest.fixture
def home(tmp_path):
    """A folder in which a shop has lived for a moment, the clock standing still from now on."""
    outside, settled = wired(tmp_path)
    live(outside, settled, 3)
    outside.clock = Clock(outside.clock.now_us())
    return outside, settled


class Desk:
    """Runs over a folder, as the command line makes them."""

    def __init__(self, home, **packs):
        self.outside, self.settled = home
        self.definitions = load(self.outside.pack_files(self.settled.packs))
        controls = {name: each for name, each in self.definitions.controls.items() if each.pack == "shop"}
        self.definitions = dataclasses.replace(self.definitions, controls=controls)
        self.book = Book(self.outside.blobs(self.settled))
        self.runner = Runner(self.book, self.outside.clock, controls, self.definitions.digest)
        self.ground = ground_of(self.outside, self.settled, self.definitions)
        self.recorded = []

    def record(self, what, on):
        from jindi.doors.cli.auditing import caller
        from jindi.run.audit import record_alone

        log = self.outside.open_log(self.settled)
        try:
            seq = record_alone(log, caller(), what, on, self.outside.clock.now_us())
        finally:
            log.close()
        self.recorded.append((what, on, seq))
        return seq

    def run(self, look=lambda _: PASSED, record=None, **asked):
        plan = self.runner.plan(Asking(**asked), self.ground)
        return plan, self.runner.perform(plan, "ann", look, record or self.record)

    def states(self):
        log = self.outside.view_log(self.settled)
        try:
            now_us = self.outside.clock.now_us()
            found = standings(self.definitions.controls.values(), self.book.read().results, log, now_us)
        finally:
            log.close()
        return {each.control.id: each.state for each in found}


@pytest.fixture
def desk(home):
    return Desk(home)


def test_a_run_is_recorded_before_it_begins_and_each_result_before_it_is_kept(desk):
    seen = []

    def look(control):
        seen.append((control.id, [what for what, _, _ in desk.recorded], sorted(desk.book.read().results)))
        return PASSED

    plan, made = desk.run(look)
    assert seen == [
        ("SHOP1", [RUN], []),
        ("SHOP2", [RUN, RESULT], ["SHOP1"]),
        ("SHOP3", [RUN, RESULT, RESULT], ["SHOP1", "SHOP2"]),
    ]
    assert desk.recorded[0][:2] == (RUN, f"{plan.run} SHOP1 SHOP2 SHOP3")
    log = desk.outside.view_log(desk.settled)
    try:
        for result in made:
            record = Archive(log).record(result.seq)
            assert isinstance(record, ActionRecord)
            assert (record.what, record.on) == (RESULT, record_of(result))
    finally:
        log.close()
    assert desk.states() == {"SHOP1": "passed", "SHOP2": "passed", "SHOP3": "passed", "SHOP4": "excluded"}


def test_no_record_no_run_and_no_result(desk):
    looked = []

    def refused(what, on):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        desk.run(lambda control: looked.append(control) or PASSED, refused)
    assert looked == []

    def only_the_run(what, on):
        if what == RESULT:
            raise OSError("the disk is gone")
        return desk.record(what, on)

    with pytest.raises(OSError, match="disk"):
        desk.run(lambda control: looked.append(control) or PASSED, only_the_run)
    assert len(looked) == 1
    assert desk.book.read().results == {}


def test_a_run_that_is_interrupted_goes_on_where_it_was(desk):
    looked = []

    def look(control):
        looked.append(control.id)
        if len(looked) == 2:
            raise KeyboardInterrupt
        return PASSED

    with pytest.raises(KeyboardInterrupt):
        desk.run(look)
    assert desk.states()["SHOP1"] == "passed"
    assert desk.states()["SHOP2"] == "never"
    again = desk.runner.plan(Asking(), desk.ground)
    assert again.is_resumed
    assert [each.id for each in again.controls] == ["SHOP2", "SHOP3"]
    plan, _ = desk.run(look)
    assert plan.run == again.run
    assert looked == ["SHOP1", "SHOP2", "SHOP2", "SHOP3"]
    assert not desk.runner.plan(Asking(), desk.ground).is_resumed


def test_a_run_that_was_broken_off_long_ago_is_begun_anew(desk):
    with pytest.raises(KeyboardInterrupt):
        desk.run(lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    desk.outside.clock.at_us += DAY_US + 1
    plan = desk.runner.plan(Asking(), desk.ground)
    assert not plan.is_resumed
    assert len(plan.controls) == 3


def test_only_some_or_only_what_is_due_is_run(desk):
    assert [each.control for each in desk.run(only=("SHOP2",))[1]] == ["SHOP2"]
    assert [each.control for each in desk.run(is_due_only=True)[1]] == ["SHOP1", "SHOP3"]
    assert desk.run(is_due_only=True)[1] == []
    desk.outside.clock.at_us += 60 * MINUTE_US  # SHOP3 has a period of an hour
    assert [each.control for each in desk.run(is_due_only=True)[1]] == ["SHOP3"]


def test_a_failing_control_is_not_run_over_and_over(desk):
    desk.run(lambda _: FAILED)
    assert desk.run(is_due_only=True)[1] == []


def test_a_result_that_somebody_has_edited_counts_as_altered(desk):
    desk.run(lambda control: FAILED if control.id == "SHOP1" else PASSED)
    assert desk.states()["SHOP1"] == "failed"
    kept = desk.book.read()
    green = msgspec.structs.replace(kept.results["SHOP1"], outcome="passed", why_zh="", why_en="")
    desk.book.write(msgspec.structs.replace(kept, results={**kept.results, "SHOP1": green}))
    assert desk.states() == {"SHOP1": "altered", "SHOP2": "passed", "SHOP3": "passed", "SHOP4": "excluded"}


@pytest.mark.parametrize("seq", [0, -1, 3, 10_000])
def test_a_result_that_names_another_record_counts_as_altered(desk, seq):
    desk.run()
    kept = desk.book.read()
    moved = msgspec.structs.replace(kept.results["SHOP1"], seq=seq)
    desk.book.write(msgspec.structs.replace(kept, results={**kept.results, "SHOP1": moved}))
    assert desk.states()["SHOP1"] == "altered"


def test_an_old_green_result_put_back_in_the_place_of_a_red_one_counts_as_altered(desk):
    """It is the journal's, but not its newest."""
    desk.run()
    green = desk.book.read()
    desk.outside.clock.at_us += 60 * MINUTE_US
    desk.run(lambda _: FAILED)
    assert desk.states()["SHOP1"] == "failed"
    desk.book.write(green)
    assert desk.states()["SHOP1"] == "altered"


def test_what_is_kept_and_can_not_be_read_is_nothing(desk):
    desk.run()
    desk.outside.blobs(desk.settled).save(BLOB, [b"{broken"])
    assert set(desk.states().values()) == {"never", "excluded"}


def test_evidence_comes_back_as_it_was_named(desk):
    odd = {"zh": "甲", "nested": {"list": [1, 2.5, None, True]}, "tuple": (1, 2)}
    desk.run(lambda _: Found("passed", Words("", ""), odd))
    again = Book(desk.outside.blobs(desk.settled)).read().results["SHOP1"]
    assert again.evidence == {"zh": "甲", "nested": {"list": [1, 2.5, None, True]}, "tuple": [1, 2]}
    assert desk.states()["SHOP1"] == "passed"


def never():
    return False


def test_checks_run_in_one_process_of_their_own(desk):
    apart = Apart(apart_of(desk.outside, desk.settled, desk.definitions), never)
    controls = desk.definitions.controls
    try:
        assert apart.look(controls["SHOP2"]).outcome == "passed"
        process = apart._child[0].pid
        assert apart.look(controls["SHOP3"]).outcome == "could_not_run"
        assert apart._child[0].pid == process != os.getpid()
    finally:
        apart.close()
    assert apart._child is None


def _sleeps():
    time.sleep(600.0)


def test_a_check_that_takes_too_long_is_ended_and_the_next_one_runs(desk):
    apart = Apart(_sleeps, never, longest_s=0.0)
    late = apart.look(desk.definitions.controls["SHOP2"])
    assert late.outcome == "could_not_run"
    assert "and was ended" in late.why.en
    apart._made, apart._longest_s = apart_of(desk.outside, desk.settled, desk.definitions), 600.0
    assert apart.look(desk.definitions.controls["SHOP2"]).outcome == "passed"
    apart.close()


def test_a_platform_that_closes_begins_no_check(desk):
    apart = Apart(apart_of(desk.outside, desk.settled, desk.definitions), lambda: True)
    with pytest.raises(Stopping):
        apart.look(desk.definitions.controls["SHOP2"])
    assert apart._child is None


def test_a_platform_that_closes_waits_for_no_check(desk):
    asked = iter([False, False])
    apart = Apart(_sleeps, lambda: next(asked, True))
    with pytest.raises(Stopping):
        apart.look(desk.definitions.controls["SHOP2"])
    apart.close()


def _dies():
    os._exit(3)


def test_a_process_that_dies_or_can_not_begin_has_not_run_its_check(desk):
    for made, saying in ((_dies, "has died"), (functools.partial(int, "x"), "ValueError")):
        apart = Apart(made, never)
        found = apart.look(desk.definitions.controls["SHOP2"])
        assert (found.outcome, saying in found.why.en) == ("could_not_run", True)
        apart.close()


# ---- beside a running platform


def running(home, act, said=None):
    """Do something with a platform whose clock stands still."""
    outside, settled = home
    output = Output(as_json=True)
    if said is not None:
        output.note = said.append

    async def go():
        platform = make_platform(outside, settled, output, with_vault=True)
        await platform.start()
        try:
            return await act(platform, outside.clock)
        finally:
            await platform.close()

    return asyncio.run(go())


@pytest.fixture
def here(monkeypatch):
    """Checks of the shop's register run in this process, so that a test can say what they come to."""
    outcomes = {}

    def checked(name):
        def look(ground, asked):
            outcome = outcomes.get(name, {"seen": 1})
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return look

    real = dict(CHECKS)
    for name, each in real.items():
        monkeypatch.setitem(CHECKS, name, Check(name, each.doc, checked(name), each.takes, True))
    return outcomes


def told_of(platform):
    recent = [each for each in platform.lane.recent if each.event.type == "control_failed"]
    return [(each.event.values[1], each.event.values[4], str(each.decision.outcome)) for each in recent]


def shop(found):
    return [each for each in found if each[0].startswith("SHOP")]


def test_a_platform_runs_what_is_due_and_a_failure_is_given_to_a_person_once(home, here):
    from jindi.run.controls import Failed

    here["field_classes"] = Failed(Words("坏", "bad"), {"n": 1})

    async def act(platform, clock):
        heard = []
        assert platform.warden.wait_us(clock.at_us) == 2 * MINUTE_US
        for minutes in (0, 1, 5, 50):
            clock.at_us += minutes * MINUTE_US
            await platform.rounds.keep_controls(platform.warden)
            heard.append(shop(told_of(platform)))
        document = await platform.rounds.controls()
        return heard, document, platform.warden.by_state()

    heard, document, states = running(home, act)
    first = [("SHOP2", "failed", "review"), ("SHOP3", "could_not_run", "review")]
    assert sorted(heard[0]) == first
    assert heard[1] == heard[0]
    assert heard[2] == heard[0]
    # What did not pass is run again within the hour, whatever its period; told again, it only counts within a day.
    again = [("SHOP2", "failed", "allow"), ("SHOP3", "could_not_run", "allow")]
    assert sorted(heard[3]) == sorted([*first, *again])
    assert states["failed"] >= 1
    listed = {each["id"]: each for risk in document["risks"] for each in risk["controls"]}
    assert listed["SHOP2"]["result"]["why"] == {"zh": "坏", "en": "bad"}
    assert listed["SHOP1"]["green"]
    assert listed["SHOP4"]["state"] == "excluded"
    assert document["ok"] is False


def test_a_restart_does_not_tell_the_same_again(home, here):
    async def act(platform, clock):
        await platform.rounds.keep_controls(platform.warden)
        return shop(told_of(platform))

    first = running(home, act)
    again = running(home, act)
    assert [each[0] for each in first] == ["SHOP3"]
    assert again == []


def test_a_platform_records_what_it_runs_as_its_own_doing(home, here):
    from jindi.run.trail import Wanted

    async def act(platform, clock):
        await platform.rounds.keep_controls(platform.warden, ("SHOP1",), "ann", is_due_only=False)
        page = await Audit(platform).look(Wanted(what="control", limit=200))
        document = await platform.rounds.controls()
        return page.doings, document

    doings, document = running(home, act)
    shown = [(each.what, each.name, each.on.split()[0 if each.what == RESULT else -1]) for each in doings]
    assert shown == [(RESULT, "platform", "SHOP1"), (RUN, "platform", "SHOP1")]
    (found,) = [each for risk in document["risks"] for each in risk["controls"] if each["id"] == "SHOP1"]
    assert found["result"]["by"] == "ann"


def test_a_platform_that_closes_breaks_the_run_off_and_the_next_one_goes_on(home, here, monkeypatch):
    import threading

    begun, ending = threading.Event(), threading.Event()

    def slow(ground, asked):
        begun.set()
        ending.wait(120)
        return {"seen": 1}

    monkeypatch.setitem(CHECKS, "policies_live", dataclasses.replace(CHECKS["policies_live"], look=slow))

    async def act(platform, clock):
        working = asyncio.create_task(platform.rounds.keep_controls(platform.warden))
        await asyncio.to_thread(begun.wait, 120)
        platform.warden._stopping.set()
        ending.set()
        await working
        return platform.warden.book.read()

    kept = running(home, act)
    assert kept.unfinished is not None
    assert kept.unfinished.left[0] == "SHOP1" or "SHOP2" in kept.unfinished.left

    async def rest(platform, clock):
        await platform.rounds.keep_controls(platform.warden)
        return platform.warden.book.read()

    done = running(home, rest)
    assert done.unfinished is None
    assert {each.run for each in done.results.values()} == {kept.unfinished.run}


def test_nothing_is_run_while_nothing_can_be_recorded(home, here):
    looked = []
    here["policies_live"] = {"seen": 1}

    async def act(platform, clock):
        platform.lane.stopped = "the disk is gone"
        await platform.rounds.keep_controls(platform.warden)
        platform.lane.stopped = None
        return platform.warden.book.read().results

    said = []
    assert running(home, act, said) == {}
    assert looked == []
    assert any(line.startswith("controls could not be run") for line in said)


def test_the_real_checks_of_a_register_run_beside_a_platform_in_processes_of_their_own(home):
    async def act(platform, clock):
        await platform.rounds.keep_controls(platform.warden, ("SHOP1", "C04", "C07"), "ann", is_due_only=False)
        return {name: each.outcome for name, each in platform.warden.book.read().results.items()}

    assert running(home, act) == {"SHOP1": "passed", "C04": "passed", "C07": "passed"}


def test_what_a_look_brings_is_json(desk):
    found = look_at(desk.definitions.controls["SHOP1"], desk.ground)
    assert json.loads(json.dumps(found.evidence)) == found.evidence
