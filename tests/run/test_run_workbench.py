"""Drafts that outlive everything, approvals that reach the packs' folder, and backtests beside the lane."""

import asyncio
import os
import time

import pytest

from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problem, Problems
from jindi.packs import digest_of, rules_of, with_rule
from jindi.ports import LogFailure
from jindi.run.backtest import trials as trials_room
from jindi.run.backtest.trials import Busy, Trials
from jindi.run.lane import Stopped
from jindi.run.platform import NotNow, Settings
from jindi.run.versions.desk import Declined, Desk
from jindi.run.versions.drafts import Draft, Drafts, Moved
from jindi.run.versions.overlay import compiled
from jindi.run.versions.workbench import Refused, Workbench
from jindi.stores.files import FileBlobs, MemoryBlobs
from shop_world import CARD, PHONE, Shop, failing_append, pay, reopened, run, shop_files
from versions_world import ANN, APPROVED, BOB, EAGER, LOWER, LOWEST

FILES = Settings(changes="files", release_due=False)
ALONE = Settings(changes="files", release_due=False, four_eyes=False)
OWNER, WHO, PATH = "per_ann", "ann", "shop/policies/pay.toml"


def declined(code):
    return pytest.raises(Declined, check=lambda error: error.code == code)


def refused(code):
    return pytest.raises(Refused, check=lambda error: error.code == code)


class Table:
    """A shop with its desk, the packs' folder, and a workbench."""

    def __init__(self, settings=FILES, shop=None):
        self.shop = shop or Shop(settings=settings)
        self.folder = dict(self.shop.files)
        self.writes, self.disk_is_full = [], False
        self.desk = Desk(self.shop.platform, lambda: self.folder, self.keep)
        self.bench = Workbench(self.desk, Drafts(self.shop.blobs))

    def keep(self, patch):
        if self.disk_is_full:
            raise Problems([Problem("packs", "", "could not be written: no space left", "make room")])
        self.writes.append(dict(patch))
        for path, text in patch.items():
            if text is None:
                del self.folder[path]
            else:
                self.folder[path] = text

    async def __aenter__(self):
        await self.shop.__aenter__()
        return self

    async def __aexit__(self, *_):
        await self.shop.__aexit__()

    def sheet(self):
        return self.bench.sheet(OWNER, "pay")

    async def edit(self, name="large", **parts):
        sheet = self.sheet()
        line = sheet.rule(name)
        return await self.bench.save_rule(sheet, OWNER, WHO, name, {**line.now, **parts}, seen=sheet.version)

    async def lower(self):
        case = [
            {"name": "yes", "given": {"amount": "1000.00"}, "fires": True},
            {"name": "no", "given": {"amount": "899.99"}, "fires": False},
        ]
        return await self.edit(when="amount >= cny('900') and amount < cny('5000')", case=case)

    async def propose(self, sheet, who=ANN):
        return await self.desk.propose(who, ["pay"], files=self.bench.files(sheet), why="try it")

    async def outcome(self, number, amount="950.00"):
        return (await self.shop.send(pay(number, amount)))["outcome"]


# ---- scores of the newest events

VISITS = """
[visit]
doc = { zh = "进店。", en = "Somebody comes in." }
late_after = "5m"
[visit.fields]
user = { type = "text", class = "C2", entity = "user", doc = { zh = "谁", en = "Who" } }
"""
VISIT = """
id = "visit"
on = "visit"
state = "live"
deadline = "200ms"
doc = { zh = "进店策略。", en = "The policy of visits." }
[[rule]]
id = "anybody"
doc = { zh = "任何人。", en = "Anybody." }
when = "user != 'nobody'"
score = 7
share_max = "100%"
basis = "ours"
case = [{ name = "yes", given = { user = "u1" }, fires = true }, { name = "no", given = { user = "nobody" }, fires = false }]
"""  # noqa: E501 - a table of TOML


def test_each_policy_scores_its_own_events_though_no_draft_makes_the_sets_differ():
    async def go():
        files = shop_files()
        files |= {"shop/events.toml": files["shop/events.toml"] + VISITS, "shop/policies/visit.toml": VISIT}
        async with Table(shop=Shop(files=files, settings=FILES)) as table:
            for number in range(3):
                await table.shop.send(pay(number))
            assert len(await table.bench.scores(table.bench.sheet(OWNER, "pay"))) == 3
            assert await table.bench.scores(table.bench.sheet(OWNER, "visit")) == ()

    run(go())


# ---- drafts


def draft(**more):
    return Draft(OWNER, WHO, "pay", PATH, "base", "text", 0, 7, **more)


def test_a_draft_is_kept_for_its_author_and_found_after_a_restart(tmp_path):
    async def go():
        drafts = Drafts(FileBlobs(tmp_path))
        await drafts.save(draft(), seen=0)
        again = Drafts(FileBlobs(tmp_path))
        assert again.of(OWNER, "pay").text == "text"
        assert again.of("per_bob", "pay") is None
        assert [each.policy for each in again.all_of(OWNER)] == ["pay"]
        assert again.all_of("per_bob") == []
        (file,) = tmp_path.iterdir()
        assert file.stat().st_mode & 0o077 == 0, "nobody else on the machine reads it"
        assert WHO not in file.name
        assert "pay" not in file.name

    run(go())


def test_of_two_tabs_only_the_one_that_saw_the_newest_draft_saves():
    async def go():
        drafts = Drafts(MemoryBlobs())
        first = await drafts.save(draft(), seen=0)
        second = await drafts.save(draft(), seen=first.version)
        with pytest.raises(Moved) as moved:
            await drafts.save(draft(), seen=first.version)
        assert moved.value.now == second
        with pytest.raises(Moved):
            await drafts.drop(OWNER, "pay", seen=first.version)
        done = await asyncio.gather(*(drafts.save(draft(), seen=2) for _ in range(4)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["Draft", "Moved", "Moved", "Moved"]
        await drafts.drop(OWNER, "pay", seen=3)
        assert drafts.of(OWNER, "pay") is None

    run(go())


def test_a_draft_that_can_not_be_read_any_more_is_none_and_keeps_nobody_from_a_new_one():
    async def go():
        blobs = MemoryBlobs()
        drafts = Drafts(blobs)
        await drafts.save(draft(), seen=0)
        (name,) = blobs.names("draft-")
        blobs.save(name, [b"half a fi"])
        assert drafts.of(OWNER, "pay") is None
        assert drafts.all_of(OWNER) == []
        await drafts.save(draft(), seen=0)

    run(go())


def test_a_draft_decides_nothing_and_is_no_record_of_the_journal():
    async def go():
        async with Table() as table:
            await table.outcome(0)
            before = table.shop.platform.log.next_seq()
            await table.lower()
            assert table.shop.platform.log.next_seq() == before
            assert await table.outcome(1) == "allow"

    run(go())


def test_a_rule_of_a_draft_may_be_wrong_and_the_check_says_all_that_is():
    async def go():
        async with Table() as table:
            sheet = await table.edit(when="ammount >= 5 and channel < 'x'", score="many")
            check = await table.bench.check(sheet)
            told = " ".join(map(str, check.problems))
            assert "unknown name 'ammount'" in told
            assert "they have no order" in told
            assert "whole number" in told
            assert check.program is None

    run(go())


def test_the_cases_of_a_rule_are_run_with_their_values_also_those_that_come_out_otherwise():
    async def go():
        async with Table() as table:
            sheet = await table.edit(when="amount >= cny('900') and amount < cny('5000')")
            check = await table.bench.check(sheet)
            yes, no = check.runs("pay", "large")
            assert (yes.name, yes.wanted, yes.fired, yes.why) == ("yes", True, True, "")
            assert (no.name, no.wanted, no.fired) == ("no", False, True)
            assert "amount = CNY 999.99" in no.values
            assert "expected not to fire" in no.why

    run(go())


@pytest.mark.parametrize("number", [PHONE, CARD, f"call {PHONE}"])
def test_nobodys_number_is_kept_in_a_draft_wherever_it_stands(number):
    async def go():
        async with Table() as table:
            for parts in ({"basis": number}, {"case": [{"name": "x", "given": {"user": number}, "fires": True}]}):
                with refused("personal"):
                    await table.edit(**parts)
            assert table.sheet().draft is None

    run(go())


def test_a_second_rule_of_the_same_id_is_refused_and_one_may_be_renamed():
    async def go():
        async with Table() as table:
            with refused("taken"):
                await table.edit(id="huge")
            sheet = await table.edit(id="larger")
            assert {line.id: line.change for line in sheet.rules() if line.change} == {
                "larger": "added", "large": "removed",
            }  # fmt: skip
            sheet = await table.bench.restore_rule(sheet, OWNER, WHO, "large", seen=1)
            sheet = await table.bench.restore_rule(sheet, OWNER, WHO, "larger", seen=2)
            assert not [line for line in sheet.rules() if line.change]

    run(go())


def test_what_others_put_in_force_meanwhile_is_taken_over_into_the_draft():
    async def go():
        async with Table() as table:
            await table.edit("huge", score=99)
            other = with_rule(table.folder[PATH], "crowd", {**rules_of(table.folder[PATH])[5], "score": 9})
            table.folder[PATH] = other
            await table.shop.platform.take(table.folder)
            sheet = table.sheet()
            assert sheet.is_behind
            sheet, both = await table.bench.take_over(sheet, OWNER, WHO, seen=1)
            assert both == ()
            assert not sheet.is_behind
            assert {line.id for line in sheet.rules() if line.change} == {"huge"}
            assert sheet.rule("crowd").now["score"] == 9

    run(go())


# ---- saved files are in force: the one road into the folder


def test_what_another_person_approves_is_written_into_the_packs_folder_and_in_force_at_once():
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            assert await table.outcome(1) == "allow"
            with declined("own_proposal"):
                await table.desk.approve(ANN, proposal.id)
            assert table.writes == []
            await table.desk.approve(BOB, proposal.id, why="seen")
            assert await table.outcome(2) == "challenge"
            assert "cny('900')" in table.folder[PATH]
            assert digest_of(table.folder) == table.shop.platform.program.digest
            assert list(table.writes[0]) == [PATH]
            told = [(moment.what, moment.step.name) for moment in table.desk.versions()[0].moments]
            assert told == [("proposed", "ann"), ("approved", "bob"), ("live", "bob")]

    run(go())


def test_a_restart_finds_in_the_folder_what_the_journal_says_is_in_force():
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            await table.desk.approve(BOB, proposal.id)
            digest, records = table.shop.platform.program.digest, table.shop.platform.log.next_seq()
        async with reopened(table.shop, files=table.folder, settings=FILES) as shop:
            assert shop.platform.program.digest == digest
            assert shop.platform.log.next_seq() == records, "nothing new had to be put in force"

    run(go())


def test_a_folder_that_can_not_be_written_changes_nothing_and_says_so():
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            table.disk_is_full = True
            with pytest.raises(Problems, match="no space left"):
                await table.desk.approve(BOB, proposal.id)
            assert await table.outcome(1) == "allow"
            assert table.desk.proposal(proposal.id).state == "open"
            table.disk_is_full = False
            await table.desk.approve(BOB, proposal.id)
            assert await table.outcome(2) == "challenge"

    run(go())


@pytest.mark.parametrize("edited", [LOWEST, "id = ["], ids=["edited", "broken"])
def test_when_somebody_has_edited_the_files_meanwhile_an_approval_waits_for_people_to_settle_that(edited):
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            table.folder[PATH] = edited
            with declined("moved"):
                await table.desk.approve(BOB, proposal.id)
            assert table.folder[PATH] == edited
            assert table.writes == []
            assert await table.outcome(1) == "allow"

    run(go())


def test_guards_are_asked_before_anything_is_written():
    async def go():
        async with Table() as table:
            for number in range(220):
                await table.shop.answer(pay(number))
            files = {**table.bench.files(table.sheet()), PATH: EAGER}
            proposal = await table.desk.propose(ANN, ["pay"], files=files, why="all of them")
            with pytest.raises(Problems, match="fires on"):
                await table.desk.approve(BOB, proposal.id)
            assert table.writes == []
            await table.desk.approve(BOB, proposal.id, confirm=["eager"])
            assert len(table.writes) == 1

    run(go())


def test_an_approval_that_can_not_be_recorded_takes_the_files_back():
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            before = dict(table.folder)

            def keep(patch):
                table.keep(patch)
                table.shop.platform.lane.stopped = table.shop.platform.lane.stopped or "the disk has gone"

            table.desk._keep = keep
            with pytest.raises(NotNow):
                await table.desk.approve(BOB, proposal.id)
            assert table.folder == before
            table.shop.platform.lane.stopped = None

    run(go())


def test_a_roll_back_writes_the_folder_too():
    async def go():
        async with Table() as table:
            before = table.folder[PATH]
            proposal = await table.propose(await table.lower())
            await table.desk.approve(BOB, proposal.id)
            await table.desk.roll_back(BOB, why="too many")
            assert await table.outcome(1) == "allow"
            assert table.folder[PATH].strip() == before.strip()

    run(go())


def test_where_four_eyes_are_off_and_files_decide_anyway_an_author_may_approve_his_own():
    async def go():
        async with Table(ALONE) as table:
            proposal = await table.propose(await table.lower())
            await table.desk.approve(ANN, proposal.id)
            assert await table.outcome(1) == "challenge"

    run(go())


def test_where_approvals_decide_nobody_approves_his_own_whatever_the_setting_of_four_eyes():
    async def go():
        async with Table(Settings(changes="approved", release_due=False, four_eyes=False)) as table:
            proposal = await table.propose(await table.lower())
            with declined("own_proposal"):
                await table.desk.approve(ANN, proposal.id)

    run(go())


def test_without_a_way_into_the_folder_files_are_still_the_only_road():
    async def go():
        async with Table() as table:
            table.desk._keep = None
            with declined("files_mode"):
                await table.propose(await table.lower())

    run(go())


# ---- backtests beside the lane


async def past(shop, count=80):
    for number in range(count):
        await shop.answer(pay(number, ("950.00", "12.50", "1500.00", "80.00")[number % 4], user=f"u{number % 9}"))


def trial_of(table, text=LOWER):
    program = compiled(shop_files(policy=text))
    trials = Trials(table.shop.platform, lambda: table.shop.platform.log)
    return trials, lambda **more: trials.start(
        program, "pay", who="ann", digest=program.digest, **{"days": 1, **more}
    )  # fmt: skip


def test_a_backtest_runs_beside_decisions_and_says_what_would_have_changed():
    async def go():
        async with Table() as table:
            await past(table.shop)
            trials, start = trial_of(table)
            started = start()
            assert trials.running.id == started.id
            with pytest.raises(Busy):
                start()
            assert await table.outcome(900) == "allow", "decisions go on"
            await trials.ended()
            kept = trials.one(started.id)
            assert kept.trial.state == "done", kept.trial.problem
            found = kept.report["candidates"][0]["types"]["pay"]
            assert found["matrix"]["allow"]["challenge"]["events"] == 20
            assert found["changed"] == 20
            assert len(found["changes"]) == 5
            assert [each.id for each in trials.all_of(kept.trial.digest)] == [started.id]
            assert trials.all_of("another") == []
            again = Trials(table.shop.platform, lambda: table.shop.platform.log)
            assert again.one(started.id) == kept, "it outlives the process that asked for it"

    run(go())


def test_a_backtest_can_be_stopped_and_leaves_no_process_behind():
    async def go():
        async with Table() as table:
            await past(table.shop, 8)
            trials, start = trial_of(table)
            trials._judge = lambda *_: time.sleep(600)
            started = start()
            pid = trials._child.pid
            assert trials.stop(started.id)
            await trials.ended()
            assert trials.one(started.id).trial.state == "stopped"
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            assert not trials.stop(started.id), "there is nothing to stop any more"
            assert trials.running is None

    run(go())


def test_a_backtest_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(trials_room, "SECONDS_MAX", 0.05)

    async def go():
        async with Table() as table:
            await past(table.shop, 8)
            trials, start = trial_of(table)
            trials._judge = lambda *_: time.sleep(600)
            started = start()
            await trials.ended()
            assert trials.one(started.id).trial.state == "late"

    run(go())


def test_a_backtest_whose_process_dies_or_fails_says_so():
    async def go():
        async with Table() as table:
            await past(table.shop, 8)
            trials, start = trial_of(table)

            def broken():
                raise OSError("the journal can't be opened")

            trials._open_log = broken
            failed = start()
            await trials.ended()
            assert trials.one(failed.id).trial.state == "failed"
            assert "can't be opened" in trials.one(failed.id).trial.problem
            trials._judge = lambda *_: os._exit(3)
            table.shop.clock.at_us += 1
            died = start()
            await trials.ended()
            assert trials.one(died.id).trial.state == "failed"

    run(go())


def test_only_decisions_of_the_days_that_are_asked_for_count():
    async def go():
        async with Table() as table:
            await past(table.shop, 40)
            table.shop.clock.at_us += 3 * DAY_US
            for number in range(100, 104):
                await table.shop.answer(pay(number, "950.00", at_us=table.shop.clock.at_us))
            trials, start = trial_of(table)
            events = []
            for days in (1, 7):
                started = start(days=days)
                await trials.ended()
                events.append(trials.one(started.id).report["candidates"][0]["types"]["pay"]["events"])
            assert events == [4, 44]

    run(go())


def test_the_newest_results_are_kept_and_no_more(monkeypatch):
    monkeypatch.setattr(trials_room, "KEPT", 2)

    async def go():
        async with Table() as table:
            await past(table.shop, 8)
            trials, start = trial_of(table)
            started = []
            for _ in range(3):
                table.shop.clock.at_us += 1
                started.append(start().id)
                await trials.ended()
            assert [each.id for each in trials.of_policy("pay")] == started[:0:-1]
            assert trials.one(started[0]) is None
            assert trials.one("bt_../../etc") is None

    run(go())


def test_approved_mode_takes_a_draft_the_same_way_and_leaves_the_folder_alone():
    async def go():
        async with Table(APPROVED) as table:
            proposal = await table.propose(await table.lower())
            await table.desk.approve(BOB, proposal.id)
            assert await table.outcome(1) == "challenge"
            assert table.writes == []

    run(go())


def test_the_lane_that_has_stopped_takes_no_approval_and_the_folder_stays():
    async def go():
        async with Table() as table:
            proposal = await table.propose(await table.lower())
            with failing_append(table.shop.platform.log, LogFailure("the disk has gone")), pytest.raises(Stopped):
                await table.outcome(1)
            with pytest.raises(NotNow):
                await table.desk.approve(BOB, proposal.id)
            assert "cny('900')" not in table.folder[PATH]

    run(go())
