"""The demonstration: a world's past is told once, a later start goes on where the journal ends, the score is kept."""

import asyncio
import contextlib
import json
from functools import cache

import pytest

from jindi.app.wiring import Outside
from jindi.basics.problems import Problems
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.audit import Actor, Audit
from jindi.run.cases import Desk, Following
from jindi.run.demo import HELD, SCORE, Began, Stream, begun, score_of
from jindi.run.demo_team import NAMES
from jindi.run.lane import Held
from jindi.run.platform import Settings
from jindi.run.records import CaseRecord
from jindi.run.simulate import read_truth
from jindi.run.trail import Wanted
from jindi.run.watching.telling import tell
from jindi.stores import SqliteCases
from jindi.stores.files import MemoryBlobs
from shop_world import DAY_US, HOUR_US, NOON_US, Clock, Shop, event, reopened, run


@cache
def shipped():
    return Outside().pack_files([])


def demo_shop():
    return Shop(shipped(), clock=Clock(NOON_US), settings=Settings(release_due=False))


async def told(shop, **more):
    """A stream that has told its past, and is then cut short."""
    following = more.pop("staffed_by", None)
    stream = Stream(shop.platform, shop.clock, **{"seed": 7, "users": 60, "days": 2} | more)
    if following is not None:
        stream.staff(following)
    running = asyncio.create_task(stream.run())
    while not stream.is_live and not running.done():  # noqa: ASYNC110 - the stream tells by a flag
        await asyncio.sleep(0.01)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await shop.platform.lane.settled()
    return stream


def decisions(shop, first=0):
    return [record for _, record in shop.platform.archive.records(first) if hasattr(record, "event_id")]


@pytest.fixture(autouse=True)
def no_deadlines(monkeypatch):
    """The clock stands still here; the machine's own rounds would come in between."""
    monkeypatch.setattr("jindi.run.platform.Platform._watch", lambda _: asyncio.sleep(0))
    monkeypatch.setattr("jindi.run.rounds.Rounds._watch_staff", lambda *_: asyncio.sleep(0))


def test_the_past_is_told_to_the_minute_before_now_and_every_event_has_its_truth(tmp_path):
    async def go():
        async with demo_shop() as shop:
            stream = await told(shop, truth=tmp_path / "truth.ndjson")
            kept = decisions(shop)
            assert len(kept) == stream.events > 100
            assert min(record.at_us for record in kept) >= NOON_US - 2 * DAY_US
            assert max(record.at_us for record in kept) <= NOON_US
            assert not any(record.late for record in kept)
            with (tmp_path / "truth.ndjson").open(encoding="utf-8") as lines:
                truth = dict(read_truth(lines))
            assert {record.event_id for record in kept} <= truth.keys()
            score = stream.board.to_json()
            assert score

    run(go())


def test_an_event_of_now_waits_until_the_past_is_told():
    """Taken at once, it would be the latest moment known, and all of the past after it would happen then."""

    async def go():
        async with demo_shop() as shop:
            transfer = event(
                "transfer", "mine", NOON_US, user="alice", payee="bob", amount="4500.00", funding="balance",
                account_class="II", verification="certificate", channel="app", arrival="instant",
            )  # fmt: skip
            raw = json.dumps(transfer).encode()
            stream = Stream(shop.platform, shop.clock, seed=7, users=60, days=2)
            running = asyncio.create_task(stream.run())
            await asyncio.sleep(0)
            assert not stream.is_live
            assert PlatformSource(shop.platform).stats().telling_us == shop.platform.lane.state.high_us
            with pytest.raises(Held, match="still being told"):
                shop.platform.submit(raw, NOON_US)
            with pytest.raises(Held):
                shop.platform.decide(raw, NOON_US, asyncio.get_running_loop().create_future())
            while not stream.is_live:  # noqa: ASYNC110 - the stream tells by a flag
                await asyncio.sleep(0.01)
            assert PlatformSource(shop.platform).stats().telling_us is None
            assert b"mine" in await shop.platform.submit(raw, NOON_US)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            assert not any(record.late for record in decisions(shop))

    run(go())


def test_what_the_platform_and_its_people_do_before_the_world_is_there_takes_none_of_its_past():
    """The start itself is somebody's doing. Told at once, it would be the latest moment known, and no past was left."""

    async def go():
        async with demo_shop() as shop:
            shop.platform.held = HELD
            await Audit(shop.platform).act(Actor("", "operator", "cli"), "platform.start")
            await shop.platform.watching.round()
            stream = await told(shop)
            assert stream.start_us == NOON_US - 2 * DAY_US
            assert not any(record.late for record in decisions(shop))

    run(go())


def test_a_finding_about_the_platform_itself_waits_until_the_past_is_told():
    async def go():
        async with demo_shop() as shop:
            stream = Stream(shop.platform, shop.clock, seed=7, users=60, days=2)
            finding = {"control": "C01", "subject": "C01", "state": "failed", "severity": "high", "owner": "risk",
                       "risk": "r", "pack_name": "core"}  # fmt: skip
            waiting = asyncio.create_task(shop.platform.rounds.let_in("control_failed", "control-C01", [finding]))
            running = asyncio.create_task(stream.run())
            while not stream.is_live:  # noqa: ASYNC110 - the stream tells by a flag
                await asyncio.sleep(0.01)
            assert await waiting == 1
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await shop.platform.lane.settled()
            assert not any(record.late for record in decisions(shop))

    run(go())


def test_a_folder_that_has_nothing_left_to_tell_takes_events_at_once():
    async def go():
        async with demo_shop() as shop:
            shop.platform.held = HELD
            Stream(shop.platform, shop.clock, seed=7, users=60, days=0)
            assert shop.platform.held is None

    run(go())


def test_a_later_start_goes_on_where_the_journal_ends():
    """Told again, the same two days would all happen now: everybody would seem to pay forty times in a minute."""

    async def go():
        async with demo_shop() as shop:
            first = await told(shop)
            until_us = shop.platform.lane.state.high_us
        shop.clock.at_us += 5 * HOUR_US
        async with reopened(shop, files=shipped(), settings=Settings(release_due=False)) as again:
            seq = again.platform.lane.state.next_seq
            second = await told(again)
            kept = decisions(again, seq)
            assert second.start_us == until_us > first.start_us
            assert 0 < len(kept) < first.events
            assert not any(record.late for record in kept)
            assert second.refused <= len(kept) // 20
        shop.clock.at_us += 30 * DAY_US
        async with reopened(again, files=shipped(), blobs=MemoryBlobs(), clock=shop.clock) as last:
            stream = Stream(last.platform, last.clock, seed=7, users=60, days=2)
            assert stream.start_us == shop.clock.at_us - 2 * DAY_US, "no more than the days that were asked for"

    run(go())


def test_a_folder_goes_on_with_the_world_that_it_began_with():
    blobs = MemoryBlobs()
    assert begun(blobs, {"seed": None, "users": 60, "days": None}) == Began(users=60)
    assert begun(blobs, {"seed": None, "users": None, "days": None}) == Began(users=60)
    assert begun(blobs, {"seed": 7, "users": 60, "days": 7}) == Began(users=60)


def test_another_world_than_the_folder_began_with_is_refused_with_each_figure_and_a_remedy():
    blobs = MemoryBlobs()
    begun(blobs, {"seed": 3, "users": 60, "days": 2})
    with pytest.raises(Problems) as refused:
        begun(blobs, {"seed": 4, "users": 61, "days": 2})
    assert [each.item for each in refused.value.problems] == ["--seed", "--users"]
    assert "began with 60" in refused.value.problems[1].problem
    assert all("another folder" in each.remedy for each in refused.value.problems)
    assert begun(blobs, {"days": 2}) == Began(3, 60, 2)


# ---- its score


def test_the_score_of_a_demo_goes_on_after_a_restart():
    async def go():
        async with demo_shop() as shop:
            first = (await told(shop, users=300)).board.to_json()
            assert first["episodes"] > 0
        shop.clock.at_us += 5 * HOUR_US
        async with reopened(shop, files=shipped(), settings=Settings(release_due=False)) as again:
            stream = Stream(again.platform, again.clock, seed=7, users=300, days=2)
            assert stream.board.to_json() == first
            second = (await told(again, users=300)).board.to_json()
            for name in ("events", "episodes", "at_risk_minor", "honest_events", "customers"):
                assert second[name] >= first[name]
            assert second["events"] > first["events"]

    run(go())


def test_a_score_of_another_journal_or_one_that_can_not_be_read_is_begun_anew():
    async def go():
        async with demo_shop() as shop:
            await told(shop)
            raw = shop.blobs.load(SCORE)
            assert score_of(shop.blobs, shop.platform.lane.state.next_seq) is not None
            assert score_of(shop.blobs, 3) is None
            shop.blobs.save(SCORE, [raw[:-5]])
            assert score_of(shop.blobs, shop.platform.lane.state.next_seq) is None

    run(go())


# ---- its own analysts


async def staffed(shop, **more):
    """A stream that has told its past while its analysts worked, and their cases."""
    following = Following(shop.platform, SqliteCases(":memory:"), shop.platform.say, rest_s=0)
    stream = await told(shop, staffed_by=following, **more)
    await following.catch_up()
    desk = Desk(shop.platform, following)
    cases, _ = await desk.find(desk.query(limit=10_000))
    return stream, desk, cases


def steps_of(shop):
    return [record for _, record in shop.platform.archive.records(0) if isinstance(record, CaseRecord)]


def test_the_cases_of_the_past_were_worked_in_their_time_and_the_newest_are_left():
    async def go():
        async with demo_shop() as shop:
            _, _, cases = await staffed(shop, users=300)
            open_, closed = ([each for each in cases if each.state == state] for state in ("open", "closed"))
            assert len(closed) > 10
            assert open_, "something is left to do"
            assert sum(each.closed_us > each.due_us for each in closed) <= len(closed) // 8, "a few took too long"
            assert all(each.first_taken_us < each.closed_us for each in closed), "who closes one has looked into it"
            late = [each for each in open_ if each.is_late(NOON_US)]
            assert len(late) <= max(1, len(cases) // 10)
            assert all(NOON_US - 2 * DAY_US <= each.opened_us <= each.closed_us <= NOON_US for each in closed)
            assert {record.name for record in steps_of(shop)} <= set(NAMES)
            assert {record.door for record in steps_of(shop)} == {"demo"}
            assert not any(record.late for record in decisions(shop)), "what a verdict sets off happens in its time"

    run(go())


def test_the_verdicts_of_the_demo_s_analysts_follow_the_truth_nearly_always(tmp_path):
    async def go():
        async with demo_shop() as shop:
            _, desk, cases = await staffed(shop, users=300, truth=tmp_path / "truth.ndjson")
            with (tmp_path / "truth.ndjson").open(encoding="utf-8") as lines:
                truth = read_truth(lines)
            right = wrong = 0
            for case in cases:
                if case.state != "closed":
                    continue
                alerts = (await desk.page(case.id)).alerts
                events = [shop.platform.archive.decision(each.alert.seq).event_id for each in alerts]
                guilty = any(truth[each].scenario is not None for each in events if each in truth)
                if (case.verdict == "confirmed") == guilty:
                    right += 1
                else:
                    wrong += 1
            assert right > 9 * wrong

    run(go())


def test_what_was_done_today_is_found_behind_steps_that_are_dated_in_the_simulated_past():
    async def go():
        async with demo_shop() as shop:
            audit = Audit(shop.platform)
            await audit.act(Actor("", "operator", "cli"), "platform.start")
            await staffed(shop)
            await audit.act(Actor("", "operator", "cli"), "platform.stop")
            found = (await audit.look(Wanted(since_us=NOON_US - HOUR_US))).doings
            assert {"platform.start", "platform.stop"} <= {each.what for each in found}

    run(go())


def test_what_the_demo_s_analysts_do_is_no_doing_of_staff_that_is_watched():
    async def go():
        async with demo_shop() as shop:
            await staffed(shop)
            steps = [
                (seq, record) for seq, record in shop.platform.archive.records(0) if isinstance(record, CaseRecord)
            ]
            assert steps
            assert all(tell(seq, record, None) == [] for seq, record in steps)

    run(go())
