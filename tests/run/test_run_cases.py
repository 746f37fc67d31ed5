"""Cases are a function of the journal: whoever makes them, in whatever pieces, and whatever broke in between."""

import asyncio
import contextlib
import random
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework_world import ANN, BOB, PAYMENTS, Failing, Room, case_files, tables
from jindi.basics.instants import DAY_US, HOUR_US
from jindi.cases import (
    Assign,
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Reopen,
    Snooze,
    Split,
    Tag,
    Wake,
    case_id,
)
from jindi.doors import casework
from jindi.packs import OUTCOMES
from jindi.ports import CaseStoreFailure
from jindi.run import snapshots
from jindi.run.audit import Audit, NotRecorded
from jindi.run.cases import Declined, following
from jindi.run.records import DecisionRecord, decision_seq
from jindi.run.trail import Wanted
from jindi.stores import SqliteCases
from jindi.stores.files import MemoryBlobs
from shop_world import DEVICE, NOON_US, SECOND_US, failing_append, list_entry, pay, run


@contextlib.contextmanager
def declined(code):
    with pytest.raises(Declined) as told:
        yield told
    assert told.value.code == code


async def paid(room, number, kind="review", **fields):
    answer = await room.send(pay(number, PAYMENTS[kind], room.clock.at_us, **fields))
    return decision_seq(answer["decision_id"])


async def taken(room, who=ANN, **how):
    """The only case, taken by somebody."""
    case = await room.one(**how)
    return await room.desk.take(who, case.id, Assign(who.name))


# ---- decisions become alerts and cases


def test_decisions_come_as_cases_of_their_kind_about_whom_that_kind_is():
    async def go():
        async with Room() as room:
            for number, kind in enumerate(("review", "delay", "challenge", "allow")):
                await paid(room, number, kind)
            await room.send(pay(9, user="villain"))
            theft, scam, probe, other = await room.cases()
            assert [each.typology for each in (theft, scam, probe, other)] == ["theft", "scam", "probe", "other"]
            assert [each.entity for each in (theft, scam, probe, other)] == ["user", "device", "card", "user"]
            assert (theft.subject, other.subject) == ("u1", "villain")
            assert (theft.amounts, theft.alerts, theft.score) == ({"CNY": 1_200_000}, 1, 60)
            assert theft.due_us == theft.opened_us + 4 * HOUR_US
            assert (theft.level, scam.level, OUTCOMES[scam.outcome]) == ("high", "critical", "delay")
            assert scam.subject == room.platform.tokens.token("device", DEVICE), "an identifier stands as its token"

    run(go())


def test_what_comes_later_about_the_same_joins_the_open_case_and_after_its_end_begins_another():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            await paid(room, 2)
            await paid(room, 3, user="u2")
            first, other = await room.cases()
            assert (first.alerts, other.alerts) == (2, 1)
            await room.desk.take(ANN, first.id, Assign("ann"))
            await room.desk.take(ANN, first.id, Close("cleared", "it was him"))
            await paid(room, 4)
            again = await room.one(state="open", subject="user:u1")
            assert (again.alerts, again.earlier) == (1, first.id)
            page = await room.desk.page(again.id)
            assert [each.id for each in page.related] == [first.id]

    run(go())


def test_what_the_staff_pack_finds_and_what_is_allowed_is_no_case():
    async def go():
        async with Room() as room:
            await paid(room, 1, "allow")
            assert await room.cases() == []
            assert list(room.platform.lane.state.casework.between(0, 99)) == []

    run(go())


def test_a_page_shows_the_alerts_the_newest_first_and_how_their_decisions_stand():
    async def go():
        async with Room() as room:
            first, second = await paid(room, 1), await paid(room, 2)
            case = await taken(room)
            await room.desk.take(ANN, case.id, Note("asked him"))
            page = await room.desk.page(case.id)
            assert [(each.alert.seq, each.status) for each in page.alerts] == [(second, "pending"), (first, "pending")]
            assert [(each.verb, each.name) for each in page.story] == [("assign", "ann"), ("note", "ann")]
            assert page.typology.name == "theft"
            assert not page.takes_two
            assert await room.desk.case_of_decision(first) == case.id
            assert await room.desk.case_of_decision(0) is None
            assert room.desk.at_once(case.id) == page.case
            assert room.desk.at_once(case_id(99)) is None
            assert room.desk.behind == 0
            for name in ("nothing", case_id(99)):
                with pytest.raises(LookupError):
                    await room.desk.page(name)

    run(go())


# ---- the same, however it is made


async def rebuilt(room, at_once=following.AT_ONCE):
    """The tables of a store that is made anew of a room's journal."""
    before, following.AT_ONCE = following.AT_ONCE, at_once
    try:
        async with room.again(store=SqliteCases(":memory:"), blobs=MemoryBlobs()) as fresh:
            await fresh.following.catch_up()
            return tables(fresh.store)
    finally:
        following.AT_ONCE = before


async def step(room, draw):
    """Somebody does something with some case, if it can be done."""
    cases = await room.cases()
    if not cases:
        return
    case, who, why = draw.choice(cases), draw.choice([ANN, BOB]), "said so"
    other = draw.choice(cases)
    alerts = [each.seq for each in room.store.alerts_of(case.id)]
    chosen = tuple(draw.sample(alerts, draw.randint(0, len(alerts))))
    now_us = room.clock.at_us
    doing = draw.choice([
        Assign(who.name), Assign(), Assign("bob"), Note("called"), Tag((draw.choice("abc"),), (draw.choice("abc"),)),
        Snooze(now_us + HOUR_US, why), Wake(), Check(draw.randint(0, 1), draw.random() < 0.7), Escalate(why),
        Close(draw.choice(["confirmed", "cleared", "undetermined"]), why), Reopen(why), Merge(other.id, why),
        Split(chosen, why),
    ])  # fmt: skip
    with contextlib.suppress(Declined):
        await room.desk.take(who, case.id, doing, leads=draw.random() < 0.8)


async def lived(room, draw, count):
    for number in range(count):
        room.clock.at_us += draw.choice([1, SECOND_US, HOUR_US])
        if draw.random() < 0.5:
            kind = draw.choice(["review", "review", "delay", "challenge", "allow"])
            await paid(room, f"{draw.random()}-{number}", kind, user=f"u{draw.randint(1, 2)}")
        else:
            await step(room, draw)
        if draw.random() < 0.3:
            await room.following.catch_up()


async def snapshot(room, *, knows_cases=True):
    """A snapshot of this version, or of one that knew of no cases."""
    real = snapshots.Header
    if not knows_cases:
        snapshots.Header = lambda **how: real(**how | {"casework": None, "casework_from": 0})
    try:
        await room.platform.snapshot()
    finally:
        snapshots.Header = real


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3, 500]),
       st.lists(st.sampled_from(["crash", "snapshot", "older snapshot"]), max_size=3))  # fmt: skip
def test_cases_that_were_followed_live_are_those_that_are_made_of_the_journal_anew(seed, at_once, breaks):
    draw = random.Random(seed)
    before, following.AT_ONCE = following.AT_ONCE, at_once

    async def go(folder):
        room = Room(folder=folder)
        for each in ("crash", *breaks):
            async with room:
                await lived(room, draw, draw.randint(2, 14))
                if each != "crash":
                    await snapshot(room, knows_cases=each == "snapshot")
                    await lived(room, draw, draw.randint(0, 4))
                after = room.again()
            room = after
        async with room:
            await room.following.catch_up()
            followed = tables(room.store)
            for pieces in (1, 7, 500):
                assert await rebuilt(room, pieces) == followed

    try:
        with tempfile.TemporaryDirectory() as folder:
            run(go(folder))
    finally:
        following.AT_ONCE = before


def test_after_a_snapshot_that_knows_of_no_cases_what_lies_before_it_is_read_from_the_journal(tmp_path):
    async def go():
        async with Room(folder=tmp_path) as room:
            await paid(room, 1, user="u1")
            await room.following.catch_up()
            await paid(room, 2, user="u2")
            await snapshot(room, knows_cases=False)
            await paid(room, 3, user="u3")
            after = room.again()
        async with after:
            assert after.platform.lane.state.casework.begins > 2, "the snapshot was taken"
            assert {each.subject for each in await after.cases()} == {"u1", "u2", "u3"}

    run(go())


def test_what_failed_to_be_kept_is_taken_in_the_next_time(monkeypatch):
    monkeypatch.setattr(following, "AT_ONCE", 2)

    async def go():
        kept = SqliteCases(":memory:")
        async with Room(store=Failing(kept, after=1)) as room:
            for number in range(7):
                await paid(room, number, user=f"u{number % 3}")
            with pytest.raises(CaseStoreFailure):
                await room.following.catch_up()
            assert room.desk.behind == room.platform.log.next_seq() - kept.cursor()[0] > 0
            await room.following.catch_up()
            assert room.desk.behind == 0
            assert tables(kept) == await rebuilt(room)

    run(go())


def test_the_follower_tells_once_that_it_is_behind_and_goes_on(monkeypatch):
    monkeypatch.setattr(following, "PAUSE_S", 0.001)

    async def go():
        async with Room(store=Failing(SqliteCases(":memory:"), after=0, times=3)) as room:
            await paid(room, 1)
            keeping = asyncio.create_task(room.following.keep())
            async with asyncio.timeout(120):
                while room.following.problem is None:  # noqa: ASYNC110 - it tells by a flag
                    await asyncio.sleep(0)
                while room.following.problem is not None:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            keeping.cancel()
            assert [each for each in room.told if "cases" in each] == ["cases are not up to date: the disk is full"]
            assert len((await room.desk.find(room.desk.query()))[0]) == 1

    run(go())


def test_cases_of_another_journal_are_forgotten(monkeypatch):
    async def go():
        store = SqliteCases(":memory:")
        async with Room(store=store) as one:
            for number in range(5):
                await paid(one, number)
            await one.following.catch_up()
        async with Room(store=store) as restored:  # shorter: the cursor lies behind its end
            await paid(restored, 1, user="u2")
            assert [each.subject for each in await restored.cases()] == ["u2"]
            for number in range(2, 9):
                await paid(restored, number, user="u3")
            await restored.following.catch_up()
            assert tables(store) == await rebuilt(restored)
        async with Room(store=store) as longer:  # as long, but with other batches
            for number in range(20):
                await paid(longer, number, user="u4")
            assert {each.subject for each in await longer.cases()} == {"u4"}
            assert tables(store) == await rebuilt(longer)

    run(go())


def test_a_decision_whose_type_of_event_the_packs_have_no_more_is_a_case_all_the_same():
    gone = ("shop/policies/pay.toml", "shop/features.toml", "shop/labels.toml", "shop/typologies.toml")

    async def go():
        async with Room() as room:
            await paid(room, 1, user="u1")
            await room.following.catch_up()
            await paid(room, 2, user="u2")
            files = {name: text for name, text in room.files.items() if name not in gone}
            events = files["shop/events.toml"]
            files["shop/events.toml"] = events[events.index("[reading]") :]
            after = room.again(files=files)
        async with after:
            assert {each.subject for each in await after.cases()} == {"u1", "u2"}
            assert tables(after.store) == await rebuilt(after)

    run(go())


def test_definitions_that_change_in_between_leave_each_decision_its_own(monkeypatch):
    async def go():
        async with Room() as room:
            await paid(room, 1)
            typologies = room.files["shop/typologies.toml"].replace('severity = "high"', 'severity = "low"')
            await room.platform.take({**room.files, "shop/typologies.toml": typologies})
            await paid(room, 2, user="u2")
            assert [each.level for each in await room.cases()] == ["high", "low"]
            assert tables(room.store) == await rebuilt(room)

    run(go())


def test_more_places_than_are_remembered_are_read_from_the_journal(monkeypatch):
    from jindi.run import trail

    monkeypatch.setattr(trail, "SEQS_MAX", 32)

    async def go():
        async with Room() as room:
            await paid(room, 0)
            await room.following.catch_up()
            for number in range(1, 50):
                await paid(room, number, user=f"u{number % 4}")
            assert room.platform.lane.state.casework.begins > 2
            await room.following.catch_up()
            assert tables(room.store) == await rebuilt(room)

    run(go())


# ---- steps are records first


def test_with_a_lane_that_has_stopped_nothing_changes():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await taken(room)
            before = tables(room.store)
            with failing_append(room.log, OSError("no disk"), times=99):
                for each in (Note("x"), Close("cleared", "x"), Assign()):
                    with pytest.raises(NotRecorded):
                        await room.desk.take(ANN, case.id, each)
            assert tables(room.store) == before
            assert await room.desk.one(case.id) == case

    run(go())


def test_every_step_stands_in_the_trail_under_its_name():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            await paid(room, 2)
            case = await taken(room)
            later = NOON_US + HOUR_US
            for each in (Note("x"), Tag(("t",)), Check(0), Snooze(later, "x"), Wake(), Escalate("x")):
                case = await room.desk.take(BOB, case.id, each, leads=True)
            await room.desk.take(BOB, case.id, Split((room.store.alerts_of(case.id)[0].seq,), "x"), leads=True)
            first, second = await room.cases()
            await room.desk.take(BOB, second.id, Merge(first.id, "x"), leads=True)
            await room.desk.take(BOB, first.id, Close("cleared", "x"), leads=True)
            await room.desk.take(BOB, first.id, Reopen("x"), leads=True)
            doings = (await Audit(room.platform).look(Wanted(what="case"))).doings
            assert [each.what for each in reversed(doings)] == [
                "case.assign", "case.note", "case.tag", "case.check", "case.snooze", "case.wake", "case.escalate",
                "case.split", "case.merge", "case.close", "case.reopen",
            ]  # fmt: skip
            assert {each.name for each in doings} == {"ann", "bob"}
            assert {each.on for each in doings} == {first.id, second.id}
            story = [each.verb for each in (await room.desk.page(first.id)).story]
            assert story[-4:] == ["split", "merged_in", "close", "reopen"]
            assert [each.verb for each in (await room.desk.page(second.id)).story] == ["split_off", "merge"]

    run(go())


def test_staff_watching_is_told_each_step_with_its_case_and_its_customer():
    from pathlib import Path

    folder = Path(__file__).parents[2] / "packs" / "staff"
    staff = {f"staff/{path.relative_to(folder).as_posix()}": path.read_text("utf-8") for path in folder.rglob("*.toml")}

    async def go():
        async with Room({**case_files(), **staff}) as room:
            await paid(room, 1, user="u9")
            case = await taken(room)
            await room.desk.take(ANN, case.id, Note("x"))
            await room.platform.watching.round()
            told = [fields for _, _, fields in room.events("staff_action")]
            assert [each["action"] for each in told] == ["case.assign", "case.note"]
            for each in told:
                assert (each["has_case"], each["case_id"], each["actor"]) == (True, case.id, "ann")
                assert each["customer"] == room.platform.blind("u9")
            await paid(room, 2, user="u9")
            assert {each.typology for each in await room.cases()} == {"theft"}

    run(go())


# ---- several people


def test_of_two_who_act_at_once_the_second_is_told():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await room.one()
            first, second = await asyncio.gather(
                room.desk.take(ANN, case.id, Assign("ann"), seen=case.version),
                room.desk.take(BOB, case.id, Assign("bob"), seen=case.version, leads=True),
                return_exceptions=True,
            )
            assert first.assignee == "ann"
            assert (second.code, second.case) == ("changed", first)

    run(go())


def test_whoever_saw_a_case_before_another_was_merged_into_it_is_told():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            await paid(room, 2, "review")
            case = await taken(room)
            await room.desk.take(ANN, case.id, Split((room.store.alerts_of(case.id)[0].seq,), "x"))
            one, two = await room.cases()
            await room.desk.take(ANN, two.id, Merge(one.id, "x"))
            with declined("changed"):
                await room.desk.take(ANN, one.id, Close("cleared", "x"), seen=one.version)

    run(go())


@pytest.mark.parametrize("senior", [False, True])
def test_taking_the_next_gives_no_case_to_two(senior):
    async def go():
        async with Room() as room:
            for number in range(6):
                await paid(room, number, user=f"u{number}")
            await room.following.catch_up()
            people = [ANN._replace(name=f"p{number}", key=f"per_{number}") for number in range(8)]
            got = await asyncio.gather(*(room.desk.next(each, senior=senior) for each in people))
            ids = [each.id for each in got if each is not None]
            assert len(ids) == len(set(ids)) == 6
            assert all(each is None or each.assignee == who.name for each, who in zip(got, people, strict=True))
            assert await room.desk.next(ANN) is None

    run(go())


def test_the_next_is_the_first_of_the_queue_that_nobody_has_and_nobody_put_aside():
    async def go():
        async with Room() as room:
            for number, amount in enumerate(("12000.00", "90000.00", "15000.00", "11000.00")):
                await room.send(pay(number, amount, user=f"u{number}"))
            largest = (await room.cases(order="rank"))[0]
            assert largest.subject == "u1"
            await room.desk.take(ANN, largest.id, Snooze(NOON_US + HOUR_US, "x"), leads=True)
            rest = [each.id for each in await room.cases(order="rank", snoozed=False)]
            assert largest.id not in rest
            await room.desk.take(ANN, rest[-1], Escalate("x"), leads=True)
            assert (await room.desk.next(ANN)).id == rest[0]
            assert (await room.desk.next(BOB, senior=True)).id == rest[-1]
            assert (await room.desk.next(ANN)).id == rest[1]
            assert await room.desk.next(ANN) is None
            room.clock.at_us += HOUR_US
            assert (await room.desk.next(ANN)).id == largest.id

    run(go())


def test_the_next_for_somebody_without_a_name_is_none():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            await room.following.catch_up()
            async with asyncio.timeout(120):
                assert await room.desk.next(ANN._replace(name="")) is None

    run(go())


def test_a_case_is_given_to_nobody_who_works_none():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await room.one()
            with declined("nobody"):
                await room.desk.take(BOB, case.id, Assign("eve"), leads=True)
            with declined("not_to_others"):
                await room.desk.take(ANN, case.id, Assign("bob"))
            assert (await room.desk.take(BOB, case.id, Assign("ann"), leads=True)).assignee == "ann"

    run(go())


def test_something_new_ends_a_snooze():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await taken(room)
            case = await room.desk.take(ANN, case.id, Snooze(NOON_US + DAY_US, "waiting for him"))
            assert case.is_snoozed(room.clock.at_us)
            assert await room.cases(snoozed=False) == []
            await paid(room, 2)
            assert [each.id for each in await room.cases(snoozed=False)] == [case.id]

    run(go())


# ---- what a verdict sets off

SETTLED = ("review_verdict", "decision_release", "decision_recall", "case_finding")


async def settled_kinds(verdict):
    async with Room() as room:
        review, delay = await paid(room, 1), await paid(room, 2, "delay")
        challenge = await paid(room, 3, "challenge")
        denied = decision_seq((await room.send(pay(4, user="villain")))["decision_id"])
        for case in await room.cases():
            await room.desk.take(ANN, case.id, Assign("ann"))
            await room.desk.take(ANN, case.id, Close(verdict, "so it is"))
        statuses = {
            name: room.status(f"dec_{seq:012x}")
            for name, seq in {"review": review, "delay": delay, "challenge": challenge, "denied": denied}.items()
        }
        told = [(kind, fields.get("verdict") or fields.get("finding"), fields["by"])
                for kind, _, fields in room.events(*SETTLED)]  # fmt: skip
        labels = room.labels()
        at_us = room.clock.at_us
        known = [labels.known("fraud", seq, f"p{number}", at_us)
                 for number, seq in enumerate((review, delay, challenge, denied), 1)]  # fmt: skip
        assert labels.known("fraud", review, "p1", at_us - 1) is None, "it counts from when it was known"
        assert await room.desk.settle_all() == 0
        return statuses, told, known


def test_a_confirmed_case_rejects_what_waits_recalls_what_is_delayed_and_finds_the_rest_confirmed():
    statuses, told, known = run(settled_kinds("confirmed"))
    assert statuses == {"review": "rejected", "delay": "recalled", "challenge": "pending", "denied": "final"}
    assert told == [
        ("review_verdict", "reject", "ann"), ("decision_recall", None, "ann"), ("case_finding", "confirmed", "ann"),
        ("case_finding", "confirmed", "ann"),
    ]  # fmt: skip
    assert known == [True, None, True, True]


def test_a_cleared_case_accepts_what_waits_releases_what_is_delayed_and_finds_the_rest_cleared():
    statuses, told, known = run(settled_kinds("cleared"))
    assert statuses == {"review": "accepted", "delay": "released", "challenge": "pending", "denied": "final"}
    assert [kind for kind, *_ in told] == ["review_verdict", "decision_release", "case_finding", "case_finding"]
    assert known == [False, None, False, False]


def test_a_case_that_nobody_could_tell_says_nothing_and_can_t_be_closed_while_a_review_waits():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await taken(room)
            with declined("waiting"):
                await room.desk.take(ANN, case.id, Close("undetermined", "x"))
            await paid(room, 2, "delay", user="u2")
            case = await taken(room, typologies=("scam",))
            await room.desk.take(ANN, case.id, Close("undetermined", "x"))
            assert room.events(*SETTLED) == []

    run(go())


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_what_a_crash_left_untold_is_told_once(left):
    async def go():
        async with Room() as room:
            for number, kind in enumerate(("review", "review", "review")):
                await paid(room, number, kind)
            case = await taken(room)
            tell, room.desk.settle = room.desk._tell, lambda _: asyncio.sleep(0)
            closed = await room.desk.take(ANN, case.id, Close("confirmed", "x"))
            pages = (await room.desk.page(case.id)).alerts
            for each in pages[:left]:
                await tell(closed, [each])
            await room.desk.take(ANN, case.id, Note("after its end"))
            after = room.again()
        async with after:
            assert await after.desk.settle_all() == 3 - left
            assert await after.desk.settle_all() == 0
            assert [kind for kind, *_ in after.events(*SETTLED)] == ["review_verdict"] * 3
            once_more = after.again()
        async with once_more:
            assert await once_more.desk.settle_all() == 0

    run(go())


def test_findings_about_decisions_that_wait_for_nothing_outlive_a_crash_too():
    async def go():
        async with Room() as room:
            await room.send(pay(1, user="villain"))
            case = await taken(room)
            room.desk.settle = lambda _: asyncio.sleep(0)
            await room.desk.take(ANN, case.id, Close("confirmed", "x"))
            after = room.again()
        async with after:
            assert await after.desk.settle_all() == 1
            assert [kind for kind, *_ in after.events(*SETTLED)] == ["case_finding"]

    run(go())


def test_what_a_stopped_lane_does_not_take_is_told_when_it_goes_on():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await taken(room)
            real, calls = room.desk.settle, []

            async def settle(closed):
                with failing_append(room.log, OSError("no disk"), times=1):
                    calls.append(await real(closed))

            room.desk.settle = settle
            await room.desk.take(ANN, case.id, Close("confirmed", "x"))
            assert calls == [None]
            after = room.again()
        async with after:
            assert await after.desk.settle_all() == 1
            assert after.status(after.desk._seen(case_alert(after, case.id)).decision_id) == "rejected"

    run(go())


def case_alert(room, case):
    from jindi.run.cases.folding import alert_in

    return alert_in(room.store.alerts_of(case)[0])


def test_a_case_closed_again_says_its_new_word():
    async def go():
        async with Room() as room:
            await room.send(pay(1, user="villain"))
            case = await taken(room)
            await room.desk.take(ANN, case.id, Close("confirmed", "x"))
            await room.desk.take(ANN, case.id, Reopen("he called"))
            room.clock.at_us += HOUR_US
            await room.desk.take(ANN, case.id, Close("cleared", "it was him"))
            assert [fields["finding"] for _, _, fields in room.events("case_finding")] == ["confirmed", "cleared"]
            seq, labels = case_alert(room, case.id).seq, room.labels()
            assert labels.known("fraud", seq, "p1", NOON_US) is True
            assert labels.known("fraud", seq, "p1", room.clock.at_us) is False

    run(go())


def test_nobody_else_can_say_what_a_case_will_say():
    async def go():
        async with Room() as room:
            await paid(room, 1)
            case = await taken(room)
            await room.desk.take(ANN, case.id, Close("confirmed", "x"))
            ((_, identifier, _),) = room.events("review_verdict")
            assert identifier.startswith("jindi-"), "an id that intake takes from nobody else"

    run(go())


# ---- nobody's numbers


def test_a_text_with_somebody_s_number_is_refused_and_nowhere_kept(tmp_path):
    canary = "13912345678"
    texts = [f"电话 {text}" for text in (canary, "139 1234 5678", "li.canary@example.com", "4111 1111 1111 1111")]

    async def go():
        async with Room(store=SqliteCases(tmp_path / "cases.sqlite")) as room:
            await paid(room, 1)
            case = await taken(room)
            before = room.platform.log.next_seq()
            for text in texts:
                for each in (
                    Note(text), Tag((text[:40],)), Snooze(NOON_US + HOUR_US, text), Escalate(text),
                    Close("cleared", text), Reopen(text), Merge(case_id(9), text), Split((1,), text),
                ):  # fmt: skip
                    with declined("personal") as told:
                        await room.desk.take(ANN, case.id, each, leads=True)
                    assert not any(part in str(told.value) for part in (text, canary))
            assert room.platform.log.next_seq() == before
            await room.platform.snapshot()
            journal = b"".join(bytes(frame.batch) for frame in room.log.read(0))
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for part in (canary, "139 1234 5678", "li.canary", "4111 1111", "41111111"):
            assert part.encode() not in journal + kept

    run(go())


def test_the_doors_have_words_for_all_that_can_be_refused_and_for_nothing_else():
    from typing import get_args

    from jindi.cases import Refusal

    assert casework.codes() == set(get_args(Refusal)) | {"personal", "nobody", "takes_two"}
    for code in casework.codes():
        zh, en = casework.said(code)
        assert zh
        assert en
        assert not any("\u4e00" <= each <= "\u9fff" for each in en)


def test_alerts_are_all_decisions_but_those_that_allow():
    async def go():
        async with Room() as room:
            for number, kind in enumerate(PAYMENTS):
                await paid(room, number, kind)
            await room.send(list_entry("l1", "blocked", "u7"))
            await room.following.catch_up()
            stopped = [seq for seq, record in room.platform.archive.records()
                       if isinstance(record, DecisionRecord) and record.verdict.outcome]  # fmt: skip
            assert [each for (each,) in room.store._ask("select seq from alerts order by seq")] == stopped

    run(go())
