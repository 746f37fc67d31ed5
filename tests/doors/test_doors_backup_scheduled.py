"""A running platform makes its own backups, in its own time, and says so when one is missing."""

import asyncio
import json
import shutil

import pytest
from test_doors_cli import EVENTS, Output, Outside, live, make_platform, pay, told, write_packs

from jindi.app.wiring import shipped_packs
from jindi.basics.problems import Problems
from jindi.doors.api.metrics import exposition
from jindi.journal import unseal
from jindi.run.backup import making
from jindi.run.lane import Stopped
from jindi.run.records import ActionRecord, decode
from shop_world import Clock

HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lived")
    packs = write_packs(folder / "packs")
    shutil.copytree(shipped_packs() / "platform", folder / "packs" / "platform")
    live(folder / "data", packs.parent, EVENTS)
    told("backup", "key", "--out", folder / "backup.key", "--data", folder / "data")
    told("keys-backup", "--out", folder / "shares", "--data", folder / "data")
    return folder


@pytest.fixture
def home(lived, tmp_path, monkeypatch):
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def running(act, said=None, **settings):
    """Do something with a platform that has a place for its backups, and a clock that stands still."""
    outside = Outside()
    clock = Clock(outside.clock.now_us())
    outside.clock = clock
    given = {"data": "data", "packs": "packs", "backup_to": "bk", "backup_hours": "6", "drill_days": "90"} | settings
    settled = outside.settle(given)
    output = Output(as_json=True)
    if said is not None:
        output.note = said.append

    async def go():
        platform = make_platform(outside, settled, output)
        await platform.start()
        try:
            return await act(platform, clock)
        finally:
            await platform.close()

    return asyncio.run(go())


async def send(platform, number):
    event = pay(number, "5.00", platform.now_us())
    return json.loads(await platform.submit(json.dumps(event).encode(), platform.now_us()))


def numbers():
    return told("backup", "status", "--to", "bk", "--data", "data", code=1)["numbers"]


def test_a_backup_is_made_when_it_is_due_and_not_before(home):
    async def act(platform, clock):
        saver, seen = platform.saver, []
        assert saver.wait_us(clock.at_us) == 60_000_000
        for _ in range(2):
            await platform.rounds.keep_backups(saver)
            seen.append(numbers())
        assert saver.wait_us(clock.at_us) == 6 * HOUR_US
        clock.at_us += 6 * HOUR_US
        await send(platform, 100)
        await platform.rounds.keep_backups(saver)
        return [*seen, numbers()]

    assert running(act) == [[1], [1], [1, 2]]
    # Nothing that is journalled before the round is missing: definitions, events, the platform's own findings.
    assert told("drill", "--from", "bk", "--key", "backup.key")["decisions"] >= 25


def test_what_is_overdue_is_an_event_that_a_person_is_given_once_a_day(home):
    said = []

    async def act(platform, clock):
        saver = platform.saver
        await platform.rounds.keep_backups(saver)
        late = [each.what for each in saver.overdue()]
        (home / "bk").rename(home / "away")
        (home / "bk").write_text("no folder", "utf-8")  # from now on no backup can be made
        for hours in (12, 1, 11, 13):
            clock.at_us += hours * HOUR_US
            await platform.rounds.keep_backups(saver)
        recent = [each for each in platform.lane.recent if each.event.type == "backup_overdue"]
        outcomes = [(str(each.decision.outcome), each.event.values[1]) for each in recent]
        return late, outcomes, exposition(platform)

    late, outcomes, metrics = running(act, said)
    assert late == ["drill"]
    assert outcomes == [
        ("review", "drill"),  # at once: none has ever passed
        ("review", "backup"),  # after 13 hours: two intervals have passed
        ("review", "drill"), ("review", "backup"),  # a day after each
    ]  # fmt: skip
    assert 'jindi_backup_overdue{what="backup"} 1.0' in metrics
    assert f'jindi_backup_age_seconds{{what="backup"}} {37 * 3600.0}' in metrics
    assert [line for line in said if line.startswith("no backup was made")]
    assert [line for line in said if line.startswith("the backup is overdue")]


def test_a_platform_that_closes_breaks_its_backup_off_and_the_next_one_goes_on(home, monkeypatch):
    monkeypatch.setattr(making, "PIECE_BYTES", 2_000)
    monkeypatch.setattr(making, "REMEMBER_EVERY", 1)

    async def act(platform, _):
        saver = platform.saver
        rest = saver._rest

        def resting(size):
            if list((home / "data" / "state").glob("backup-*.unfinished")):
                saver._stopping.set()
            rest(size)

        saver._rest = resting
        await platform.rounds.keep_backups(saver)

    running(act)
    assert numbers() == []
    made = told("backup", "--to", "bk", "--data", "data", "--packs", "packs")
    assert made["resumed"] > 0
    assert told("drill", "--from", "bk", "--key", "backup.key")["ok"]


def test_without_a_place_nothing_is_made_and_the_metrics_are_silent(home):
    async def act(platform, _):
        return platform.saver, exposition(platform)

    saver, metrics = running(act, backup_to=None)
    assert saver is None
    assert "jindi_backup" not in metrics


# ---- drills that the platform makes by itself

OWN = {"drill_key": "backup.key", "drill_hours": "24", "drill_in": "."}


def actions_and_drills(platform):
    recent = [each for each in platform.lane.recent if each.event.type == "drill_done"]
    decided = [(str(each.decision.outcome), each.event.values[1], each.event.values[2]) for each in recent]
    records = [decode(each) for frame in platform.log.read(0) for each in unseal(frame.batch).records]
    recorded = [(each.what, each.on) for each in records if isinstance(each, ActionRecord)]
    return recorded, decided


def test_a_drill_is_made_when_it_is_due_recorded_before_and_its_outcome_is_an_event(home):
    async def act(platform, clock):
        saver = platform.saver
        await platform.rounds.keep_backups(saver)
        late = [each.what for each in saver.overdue()]
        await platform.rounds.keep_backups(saver)  # not again before a day has passed
        first = actions_and_drills(platform)
        clock.at_us += 25 * HOUR_US
        await platform.rounds.keep_backups(saver)
        return late, first, actions_and_drills(platform)

    late, first, second = running(act, **OWN)
    assert late == []
    assert first == ([("backup.drill", "backup 1")], [("allow", 1, "passed")])
    assert second == (
        [("backup.drill", "backup 1"), ("backup.drill", "backup 2")], [("allow", 1, "passed"), ("allow", 2, "passed")],
    )  # fmt: skip
    status = told("backup", "status", "--to", "bk", "--data", "data", "--data", "data")
    assert (status["drill"]["ok"], status["drill"]["keys"]) == (True, {"key-signing": "held", "key-token": "held"})
    assert list(home.glob("jindi-drill-*")) == []


def test_a_drill_that_fails_is_given_to_a_person_with_its_reason(home):
    (home / "data" / "state" / "keys-split").unlink()

    async def act(platform, clock):
        await platform.rounds.keep_backups(platform.saver)
        [found] = [each for each in platform.lane.recent if each.event.type == "drill_done"]
        return str(found.decision.outcome), found.event.values, [each.what for each in platform.saver.overdue()]

    outcome, values, late = running(act, **OWN)
    assert outcome == "review"
    assert values[1:3] == (1, "failed")
    assert "in no keys' backup that is known" in values[3]
    assert late == ["drill"], "a drill that failed is none that passed"


def test_a_drill_that_can_not_begin_is_told_and_tried_again_later(home):
    async def act(platform, clock):
        saver = platform.saver
        await platform.rounds.keep_backups(saver)
        await platform.rounds.keep_backups(saver)
        clock.at_us += 2 * HOUR_US
        await platform.rounds.keep_backups(saver)
        return [each.event.values for each in platform.lane.recent if each.event.type == "drill_done"]

    (home / "other.key").write_text("no key")
    found = running(act, **OWN | {"drill_key": "other.key"})
    assert [each[1:3] for each in found] == [(0, "failed")] * 2
    assert "not a backup key" in found[0][3]


def test_without_a_record_there_is_no_drill(home):
    async def act(platform, clock):
        saver = platform.saver
        saver._look()
        await asyncio.to_thread(saver.round, platform.log)

        async def refuse(_):
            raise Stopped("full")

        platform.journal = refuse
        await platform.rounds.keep_backups(saver)
        return [each for each in platform.lane.recent if each.event.type == "drill_done"]

    assert running(act, **OWN) == []
    assert told("backup", "status", "--to", "bk", "--data", "data", code=1)["drill"] is None


def test_a_platform_that_closes_ends_its_drill_and_nothing_restored_is_left(home):
    async def act(platform, clock):
        saver = platform.saver
        await asyncio.to_thread(saver.round, platform.log)
        drilling = asyncio.create_task(platform.rounds._rehearse(saver))
        for _ in range(1_000):
            if list(home.glob("jindi-drill-*")):
                break
            await asyncio.sleep(0.01)
        saver.close()
        return await drilling

    assert running(act, **OWN) == 0
    assert list(home.glob("jindi-drill-*")) == []


def test_a_drill_key_in_the_data_folder_is_refused(home):
    with pytest.raises(Problems, match="could read its backups"):
        running(None, drill_key="data/backup.key")
