"""What people do becomes an event of the pack `staff`: exactly once, also after a crash, and never about itself."""

import asyncio
from pathlib import Path

import pytest

from jindi.access.roles import Role
from jindi.run.audit import Actor, Audit
from jindi.run.intake import OWN_IDS, Refused
from jindi.run.records import APPROVAL, STEP, ApprovalRecord, DecisionRecord, StepRecord
from jindi.run.watching import EVENTS
from jindi.run.watching.bridge import BLOB
from jindi.stores.files import MemoryBlobs
from shop_world import DAY_US, SECOND_US, Shop, list_entry, pay, run

STAFF = Path(__file__).parents[2] / "packs" / "staff"
PACK = {f"staff/{path.relative_to(STAFF).as_posix()}": path.read_text("utf-8") for path in STAFF.rglob("*.toml")}
ANN = Actor("session_1", "ann", "console", "private", "r1", (Role.ANALYST,), "fraud-a")
EVE = Actor("session_2", "eve", "console", "private", "r2", (Role.SECURITY_ADMIN,), "it")


def world(**more):
    """The shop, with the pack `staff` beside its own."""
    return Shop(more.pop("files", None) or {**_shop_files(), **PACK}, **more)


def _shop_files():
    from shop_world import shop_files

    return shop_files()


async def watched(shop):
    """Tell all that was done so far; answers the staff events of the journal."""
    await shop.platform.watching.round()
    return staff(shop)


def staff(shop):
    """The staff events of the journal: type, id, and fields by name."""
    found = []
    for _, record in shop.platform.archive.records(0):
        if isinstance(record, DecisionRecord) and record.event_type in EVENTS:
            fields = shop.platform.program.events[record.event_type].event.fields
            named = {f.name: v for f, v in zip(fields, record.values, strict=True) if v is not None}
            found.append((record.event_type, record.event_id, named))
    return found


def test_an_action_becomes_an_event_with_what_its_record_says():
    async def go():
        async with world() as shop:
            audit = Audit(shop.platform)
            about = audit.subject("user", "u1").removeprefix("user/")
            seq = await audit.act(ANN, "vault.reveal", "x", about=about, case="c7", purpose="fraud", rows=1)
            [(kind, identifier, fields)] = await watched(shop)
            assert (kind, identifier) == ("staff_action", f"{OWN_IDS}staff_action-{seq:012x}")
            assert fields == {
                "actor": "ann", "roles": "analyst", "roles_held": 1, "line": "fraud-a", "is_key": False,
                "action": "vault.reveal", "kind": "reveal", "on": "x", "customer": about, "has_case": True,
                "case_id": "c7", "purpose": "fraud", "rows": 1, "allowed": True, "door": "console",
                "place": "private", "date": "2026-11-22",
            }  # fmt: skip

    run(go())


def test_a_look_at_a_decision_is_a_look_at_its_customer_under_the_name_that_the_audit_has():
    async def go():
        async with world() as shop:
            answer = await shop.send(pay(1, user="u9"))
            audit = Audit(shop.platform)
            await audit.act(ANN, "decision.read", answer["decision_id"])
            await audit.act(ANN, "entity.read", audit.subject("user", "u9"))
            first, second = [fields["customer"] for _, _, fields in await watched(shop)]
            assert first == second == shop.platform.blind("u9")

    run(go())


def test_what_was_refused_is_told_too():
    async def go():
        async with world() as shop:
            await Audit(shop.platform).act(ANN, "vault.reveal", allowed=False)
            [(_, _, fields)] = await watched(shop)
            assert fields["allowed"] is False

    run(go())


def test_each_doing_is_told_once_however_often_is_looked():
    async def go():
        async with world() as shop:
            audit = Audit(shop.platform)
            for n in range(150):
                await audit.act(ANN, "decision.read", f"dec_{n:012x}")
            await asyncio.gather(*(shop.platform.watching.round() for _ in range(3)))
            await shop.platform.watching.round()
            assert len(staff(shop)) == 150
            assert len({identifier for _, identifier, _ in staff(shop)}) == 150

    run(go())


@pytest.mark.parametrize("forgets", [False, True])
def test_after_a_restart_nothing_is_told_twice_and_nothing_left_out(forgets):
    async def go():
        shop = world()
        async with shop:
            audit = Audit(shop.platform)
            for n in range(5):
                await audit.act(ANN, "decision.read", f"dec_{n:012x}")
            kept = shop.blobs.load(BLOB)
            await shop.platform.watching.round()
            # The last three are done and not told: the lane is busy elsewhere when the machine goes down.
            shop.platform.held = "meanwhile"
            for n in range(3):
                await audit.act(ANN, "decision.read", f"dec_{n:012x}")
        if forgets:  # the crash came before the cursor was saved
            shop.blobs.save(BLOB, [kept]) if kept else shop.blobs.drop(BLOB)
            shop.blobs.save(BLOB, [b'{"next":0,"day":"2026-11-22"}'])
        again = Shop(shop.files, log=_copied(shop.log), blobs=shop.blobs, clock=shop.clock)
        async with again:
            assert len(await watched(again)) == 8
            assert len({identifier for _, identifier, _ in staff(again)}) == 8
            counts = again.platform.entity_features("staff", "ann")
            assert counts["staff_acts_today"] == 8

    run(go())


def _copied(log):
    from shop_world import copied

    return copied(log)


def test_telling_is_no_doing_so_it_never_goes_round():
    async def go():
        async with world() as shop:
            await Audit(shop.platform).act(EVE, "staff_alerts.read")
            for _ in range(5):
                await shop.platform.watching.round()
            assert len(staff(shop)) == 1
            assert shop.log.next_seq() == 3, "the definitions, the action, its event"

    run(go())


def test_what_was_done_before_anybody_watched_is_not_told_as_if_it_were_done_now():
    async def go():
        shop = Shop()
        async with shop:
            await Audit(shop.platform).act(ANN, "decision.read", "dec_000000000001")
        again = world(log=_copied(shop.log), blobs=shop.blobs, clock=shop.clock)
        async with again:
            assert await watched(again) == []
            await Audit(again.platform).act(ANN, "decision.read", "dec_000000000001")
            assert len(await watched(again)) == 1

    run(go())


def test_nothing_is_lost_while_the_lane_has_stopped():
    from jindi.ports import LogFailure
    from shop_world import failing_append

    async def go():
        async with world() as shop:
            await Audit(shop.platform).act(ANN, "decision.read", "dec_000000000001")
            with failing_append(shop.log, LogFailure("full")):
                await shop.platform.watching.round()
            assert shop.platform.ready() is not None
            shop.clock.at_us += 5 * SECOND_US
            await shop.platform.tend()
            assert len(await watched(shop)) == 1

    run(go())


def test_attack_nobody_outside_feigns_a_staff_event():
    async def go():
        async with world() as shop:
            feigned = {
                "id": "x1", "type": "staff_action", "at": "2026-11-22T04:00:00Z", "actor": "ann", "is_key": False,
                "action": "vault.reveal", "kind": "reveal", "has_case": False, "allowed": True, "date": "2026-11-22",
            }  # fmt: skip
            with pytest.raises(Refused, match="only the platform itself tells such events"):
                await shop.send(feigned)

    run(go())


def test_attack_nobody_forestalls_a_staff_event_by_taking_its_id():
    async def go():
        async with world() as shop:
            taken = f"{OWN_IDS}staff_action-{shop.log.next_seq() + 1:012x}"
            with pytest.raises(Refused, match="only the platform gives such ids"):
                await shop.send(pay(1) | {"id": taken})
            await Audit(shop.platform).act(ANN, "vault.reveal")
            assert len(await watched(shop)) == 1

    run(go())


def test_an_approval_names_both_and_how_fast_it_was():
    async def go():
        async with world() as shop:
            now_us = shop.clock.now_us()
            asked = await shop.platform.note(StepRecord(STEP, now_us, "propose", "session_1", "ann", "better"))
            shop.clock.at_us += 30 * SECOND_US
            await shop.platform.note(
                StepRecord(STEP, shop.clock.now_us(), "approve", "session_3", "bob", "ok", of=asked)
            )
            approvals = [fields for kind, _, fields in await watched(shop) if kind == "staff_approval"]
            assert [(a["approver"], a["proposer"], a["pair"], a["waited_s"]) for a in approvals] == [
                ("bob", "ann", "ann|bob", 30)
            ]

    run(go())


def test_what_takes_four_eyes_is_told_with_both_and_what_the_platform_then_does_is_nobodys_doing():
    async def go():
        async with world() as shop:
            platform = shop.platform

            async def step(verb, who, **more):
                record = ApprovalRecord(APPROVAL, shop.clock.now_us(), verb, f"session_{who}", who, "why", **more)
                return await platform.step(record)

            asked = await step("propose", "ann", what="key.create")
            shop.clock.at_us += 3 * SECOND_US
            await step("approve", "bob", of=asked)
            await step("apply", "platform", of=asked)
            told = await watched(shop)
            actions = [
                (fields["actor"], fields["action"], fields["on"]) for kind, _, fields in told if "action" in kind
            ]
            assert actions == [("ann", "approval.propose", "key.create"), ("bob", "approval.approve", "key.create")]
            (both,) = [fields for kind, _, fields in told if kind == "staff_approval"]
            assert (both["pair"], both["matter"], both["waited_s"]) == ("ann|bob", "key.create", 3)

    run(go())


def test_verdicts_and_lists_are_doings_of_whoever_they_name():
    async def go():
        async with world() as shop:
            held = await shop.send(pay(1, "10000.00", user="u5"))
            assert held["outcome"] == "review"
            shop.clock.at_us += 20 * SECOND_US
            closed = {"id": "v1", "type": "review_verdict", "at": "2026-11-22T04:00:20Z", "verdict": "accept"}
            await shop.send(closed | {"decision": held["decision_id"], "by": "bob"})
            await shop.send(list_entry("l1", "blocked", "u5", at_us=shop.clock.at_us))
            told = {kind: fields for kind, _, fields in await watched(shop)}
            verdict, change = told["staff_alert_closed"], told["staff_list_change"]
            assert (verdict["actor"], verdict["verdict"], verdict["waited_s"]) == ("bob", "good", 20)
            assert (change["actor"], change["colour"], change["move"]) == ("s1", "black", "add")
            assert verdict["customer"] == change["customer"] == shop.platform.blind("u5")

    run(go())


def test_a_verdict_that_was_told_before_a_crash_is_known_from_snapshot_and_journal_alike():
    async def go():
        shop = world()
        async with shop:
            held = await shop.send(pay(1, "10000.00"))
            shop.platform.held = None
            await shop.send(list_entry("l1", "blocked", "u5"))
            await shop.platform.snapshot()
            held_places = list(shop.platform.lane.state.deeds.between(0, 99))
            assert len(held_places) == 1
            assert held["outcome"] == "review"
        again = Shop(shop.files, log=_copied(shop.log), blobs=shop.blobs, clock=shop.clock)
        async with again:
            assert list(again.platform.lane.state.deeds.between(0, 99)) == held_places
        bare = Shop(shop.files, log=_copied(shop.log), blobs=MemoryBlobs(), clock=shop.clock)
        async with bare:
            assert list(bare.platform.lane.state.deeds.between(0, 99)) == held_places

    run(go())


def test_a_day_is_summed_once_for_each_person_when_it_has_ended():
    async def go():
        async with world() as shop:
            audit = Audit(shop.platform)
            await shop.platform.watching.round()
            for n in range(4):
                token = audit.subject("user", f"u{n % 2}").removeprefix("user/")
                await audit.act(ANN, "vault.reveal", about=token, case="c1" if n < 3 else "")
            await audit.act(EVE, "decisions.export", rows=70)
            await shop.platform.watching.round()
            shop.clock.at_us += DAY_US
            for _ in range(3):
                await shop.platform.watching.round()
            days = {fields["actor"]: fields for kind, _, fields in staff(shop) if kind == "staff_day"}
            assert days["ann"] == {
                "actor": "ann", "roles": "analyst", "line": "fraud-a", "date": "2026-11-22", "customers": 2,
                "caseless": 1, "reveals": 4, "searches": 0, "rows": 0, "actions": 4, "nightly": 0,
            }  # fmt: skip
            assert days["eve"]["rows"] == 70
            assert sum(kind == "staff_day" for kind, _, _ in staff(shop)) == 2

    run(go())


def test_a_planted_snooper_is_in_the_alerts():
    async def go():
        async with world() as shop:
            audit = Audit(shop.platform)
            await shop.send(list_entry("l1", "vip_customers", "star"))
            token = audit.subject("user", "star").removeprefix("user/")
            await audit.act(ANN, "entity.read", f"user/{token}", case="c1")
            await audit.act(EVE, "entity.read", f"user/{token}")
            await shop.platform.watching.round()
            outcomes = {
                each.event.values[0]: each.decision.outcome.value
                for each in shop.platform.lane.recent
                if each.event.type == "staff_action"
            }
            assert outcomes == {"ann": "allow", "eve": "review"}

    run(go())


@pytest.mark.parametrize(
    ("on", "grantee", "granted", "outcome"),
    [
        ("Eve Li [analyst, approver] per_0123456789ab", "Eve Li", "analyst, approver", "review"),
        ("Eve Li [analyst]", "Eve Li", "analyst", "review"),
        ("Eve Li [it] [analyst] per_0123456789ab", "Eve Li [it]", "analyst", "allow"),
        ("Ann [analyst] per_0123456789ab", "Ann", "analyst", "allow"),
        ("per_0123456789ab [analyst]", "per_0123456789ab", "analyst", "allow"),
    ],
)
def test_whoever_changes_his_own_roles_is_found_by_his_name_in_the_record(on, grantee, granted, outcome):
    async def go():
        async with world() as shop:
            await Audit(shop.platform).act(EVE._replace(name="Eve Li"), "staff.roles", on, case="apr_000000000001")
            told = {kind: fields for kind, _, fields in await watched(shop)}
            assert (told["staff_grant"]["grantee"], told["staff_grant"]["granted"]) == (grantee, granted)
            (decided,) = [each for each in shop.platform.lane.recent if each.event.type == "staff_grant"]
            assert decided.decision.outcome.value == outcome

    run(go())


def test_an_approval_is_no_case_of_a_customers_and_a_persons_request_is():
    async def go():
        async with world() as shop:
            audit = Audit(shop.platform)
            for case in ("apr_00000000002f", "req-1", "CASE-2026-0042", ""):
                await audit.act(ANN, "subject.erase", about=shop.platform.blind("u1"), case=case)
            told = [(fields["has_case"], fields.get("case_id")) for _, _, fields in await watched(shop)]
            assert told == [(False, None), (True, "req-1"), (True, "CASE-2026-0042"), (False, None)]

    run(go())


def test_whose_line_the_personnel_department_told_has_it_in_all_that_he_does():
    async def go():
        async with world() as shop:
            audit, now_us = Audit(shop.platform), shop.clock.now_us()
            alone = ANN._replace(line="")
            await audit.act(alone, "decision.read")
            assert [fields.get("line") for _, _, fields in await watched(shop)] == [None]
            await shop.send({
                "id": "hr-1", "type": "staff_notice", "at": "2026-11-22T04:00:00Z", "staff": "ann",
                "notice": "joined", "line": "fraud-b",
            })  # fmt: skip
            shop.clock.at_us = now_us + 30 * SECOND_US
            await audit.act(alone, "sign_in.password")
            await audit.act(alone, "decision.read")
            await shop.platform.note(StepRecord(STEP, shop.clock.now_us(), "propose", "session_1", "ann", "better"))
            told = (await watched(shop))[1:]
            assert [fields.get("line") for _, _, fields in told] == ["fraud-b"] * 3

    run(go())


def test_an_operation_that_two_people_answer_each_other_is_an_approval_like_any_other():
    async def go():
        async with world() as shop:
            platform, now_us = shop.platform, shop.clock.now_us()
            begun = ApprovalRecord(APPROVAL, now_us, "propose", "per_1", "ann", "new key", what="key.create")
            asked = await platform.step(begun)
            shop.clock.at_us += 45 * SECOND_US
            await platform.step(
                ApprovalRecord(
                    APPROVAL, shop.clock.now_us(), "approve", "per_2", "bob", "ok", of=asked, what="key.create"
                )
            )
            told = await watched(shop)
            [approval] = [fields for kind, _, fields in told if kind == "staff_approval"]
            assert (approval["approver"], approval["proposer"], approval["matter"]) == ("bob", "ann", "key.create")
            assert approval["waited_s"] == 45
            actions = [fields["action"] for kind, _, fields in told if kind == "staff_action"]
            assert actions == ["approval.propose", "approval.approve"]

    run(go())
