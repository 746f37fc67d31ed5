"""What people do is a record first: durable before it is done, passed over by all who read decisions, found again."""

import ast
import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest

from jindi import journal
from jindi.access import ACTIONS
from jindi.cases import incidents_steps
from jindi.ports import LogFailure
from jindi.run import snapshots
from jindi.run.approvals.approvals import POLICIES
from jindi.run.audit import Actor, Audit, NotRecorded, record_alone
from jindi.run.history.follower import Follower
from jindi.run.history.verify import verify
from jindi.run.labels import Labels
from jindi.run.records import (
    ACTION,
    ActionRecord,
    ApprovalVerb,
    DecisionRecord,
    Standing,
    Verb,
    decode,
    encode_action,
)
from jindi.run.recovery import tree_before
from jindi.run.trail import SCAN_MAX, SEQS_MAX, Trail, Wanted, look
from jindi.stores.memory_log import MemoryLog
from shop_world import CANARIES, NOON_US, Shop, copied, pay, reopened, run

ANN = Actor("key_1", "ann", "api", "private", "r1")
BOB = Actor("session_2", "bob", "console", "loopback", "r2")


async def worked(shop, actions=9):
    """Decisions with actions between them."""
    audit = Audit(shop.platform)
    for n in range(actions):
        await shop.send(pay(n, "950.00", user=f"u{n % 3}"))
        await audit.act(ANN if n % 2 else BOB, "decision.read" if n % 3 else "decisions.export", f"dec_{n:012x}")
    return audit


def failing(log):
    """A log whose disk fails from now on."""

    class Failing(MemoryLog):
        def append(self, batch, first, count):
            raise LogFailure("the disk is full")

    bad = Failing()
    bad.__dict__.update(log.__dict__)
    return bad


def test_an_action_is_durable_when_it_may_be_done():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1, "5.00"))
            seq = await Audit(shop.platform).act(ANN, "entity.read", "user/token")
            assert shop.log.next_seq() == seq + 1
            record = shop.platform.archive.record(seq)
            assert record == ActionRecord(
                ACTION, NOON_US, "key_1", "ann", "entity.read", "user/token", True, "api", "private", "r1"
            )

    run(go())


def test_without_a_record_there_is_no_action():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1, "5.00"))
            shop.platform.lane.log = failing(shop.log)
            with pytest.raises(NotRecorded):
                await Audit(shop.platform).act(ANN, "entity.read", "user/token")
            with pytest.raises(NotRecorded):
                await Audit(shop.platform).act(ANN, "entity.read", "user/token")

    run(go())


def test_actions_wait_for_their_own_record_under_a_stream_of_decisions():
    async def go():
        async with Shop() as shop:
            stop = False

            async def stream():
                n = 0
                while not stop:
                    shop.submit(pay(n, "5.00", user=f"u{n % 9}"))
                    n += 1
                    await asyncio.sleep(0)

            task = asyncio.create_task(stream())
            audit = Audit(shop.platform)
            seqs = await asyncio.gather(*(audit.act(ANN, "decision.read", str(n)) for n in range(20)))
            stop = True
            await task
            assert len(set(seqs)) == 20
            assert all(isinstance(shop.platform.archive.record(seq), ActionRecord) for seq in seqs)

    run(go())


def test_a_look_beside_actions_that_are_not_yet_durable_shows_those_that_are():
    async def go():
        async with Shop() as shop:
            audit = Audit(shop.platform)
            await audit.act(ANN, "decision.read", "first")
            waiting = asyncio.create_task(audit.act(BOB, "decision.read", "second"))
            await asyncio.sleep(0)
            places, has_older = shop.platform.trail.last(None)
            assert len(places) == 2
            page = look(shop.platform.archive, places, Wanted(), has_older=has_older)
            assert [each.on for each in page.doings] == ["first"]
            await waiting
            assert len((await audit.look(Wanted())).doings) == 2

    run(go())


def test_whoever_reads_decisions_passes_over_actions(tmp_path):
    from jindi.stores.trees import FileTree

    async def go():
        async with Shop() as shop:
            await worked(shop)
            archive = shop.platform.archive
            decisions = [record for _, record in archive.records() if isinstance(record, DecisionRecord)]
            assert len(decisions) == 9
            assert len(list(archive.records())) == 19
            files = FileTree(tmp_path)
            files.hold()
            Follower(files, archive).follow()
            assert verify(files, archive).rows == 9
            files.close()
            assert Labels.of(archive, shop.platform.program.definitions) is not None
            for seq, record in archive.records():
                if isinstance(record, DecisionRecord):
                    proof = shop.platform.replay(shop.platform.find(f"dec_{seq:012x}"))
                    assert proof.document()["identical"]

    run(go())


def test_recovery_goes_over_actions_with_and_without_a_snapshot():
    async def go():
        async with Shop() as shop:
            await worked(shop)
            await shop.platform.snapshot()
            await worked(shop, 3)
            before = await Audit(shop.platform).look(Wanted(limit=200))
            features = shop.platform.entity_features("user", "u1")
        async with reopened(shop) as again:
            assert await Audit(again.platform).look(Wanted(limit=200)) == before
            assert again.platform.entity_features("user", "u1") == features
        for name in shop.blobs.names(snapshots.PREFIX):
            shop.blobs.drop(name)
        async with reopened(shop) as again:
            assert await Audit(again.platform).look(Wanted(limit=200)) == before
            assert again.platform.entity_features("user", "u1") == features

    run(go())


def test_the_tree_after_a_restart_is_that_over_all_records_however_it_was_found():
    async def go():
        async with Shop() as shop:
            await worked(shop)
            await shop.platform.snapshot()
            await worked(shop, 3)
            at_end = shop.platform.lane.tree.state
        assert at_end == tree_before(shop.log, at_end[0]).state
        for drop in (False, True):
            if drop:
                for name in shop.blobs.names(snapshots.PREFIX):
                    shop.blobs.drop(name)
            async with reopened(shop) as again:
                assert again.platform.lane.tree.state == at_end

    run(go())


def test_an_action_that_failed_and_was_recovered_is_not_in_the_tree_twice():
    async def go():
        async with Shop() as shop:
            await worked(shop, 2)
            log = shop.platform.lane.log
            shop.platform.lane.log = failing(log)
            with suppress(NotRecorded):
                await Audit(shop.platform).act(ANN, "decision.read")
            await shop.platform._recover()
            assert shop.platform.lane.stopped is None
            await Audit(shop.platform).act(ANN, "decision.read")
            size, _ = state = shop.platform.lane.tree.state
            assert size == shop.platform.log.next_seq()
            assert state == tree_before(shop.platform.log, size).state

    run(go())


def test_an_action_while_no_platform_runs_is_part_of_the_same_chain():
    async def go():
        log = MemoryLog()
        record_alone(log, ANN, "key.create", "first", NOON_US)  # before anything else
        async with Shop(log=log) as shop:
            await shop.send(pay(1, "5.00"))
        log = copied(shop.log)
        record_alone(log, ANN, "key.create", "bob [admin]", NOON_US)
        assert journal.verify(log.read(0)).records == 4
        async with Shop(log=log, blobs=shop.blobs) as again:
            page = await Audit(again.platform).look(Wanted())
            assert [each.on for each in page.doings] == ["bob [admin]", "first"]
            answer = await again.send(pay(2, "5.00"))
            assert answer["outcome"] == "allow"

    run(go())


def test_doings_are_found_by_who_what_on_what_and_when():
    async def go():
        async with Shop() as shop:
            audit = Audit(shop.platform)
            for n in range(12):
                shop.clock.at_us = NOON_US + n * 60_000_000
                await audit.act(ANN if n % 2 else BOB, "decision.read" if n % 3 else "decisions.export", f"dec_{n}")

            async def found(**wanted):
                return [each.on for each in (await audit.look(Wanted(**wanted))).doings]

            assert await found(who="ann") == ["dec_11", "dec_9", "dec_7", "dec_5", "dec_3", "dec_1"]
            assert await found(who="session_2", what="decisions.export") == ["dec_6", "dec_0"]
            assert await found(what="decisions") == ["dec_9", "dec_6", "dec_3", "dec_0"]
            assert await found(on="dec_4") == ["dec_4"]
            assert await found(since_us=NOON_US + 600_000_000) == ["dec_11", "dec_10"]
            assert await found(until_us=NOON_US + 120_000_000) == ["dec_1", "dec_0"]
            assert await found(who="nobody") == []
            # Page after page there is all of it, once.
            seen, before = [], None
            while True:
                page = await audit.look(Wanted(limit=5, before=before))
                seen += [each.on for each in page.doings]
                if page.older is None:
                    break
                before = page.older
            assert seen == [f"dec_{n}" for n in range(11, -1, -1)]

    run(go())


def test_what_somebody_typed_is_kept_as_a_token_only():
    async def go():
        async with Shop() as shop:
            audit = Audit(shop.platform)
            for value in CANARIES:
                for entity in ("user", "phone", "device", "nothing"):
                    assert value not in audit.subject(entity, value)
                assert value not in audit.text(value)
            assert audit.subject("user", "u1") == audit.subject("user", "u1") != audit.subject("user", "u2")

    run(go())


def test_the_trail_is_bounded_and_looks_read_no_more_than_they_may():
    trail, action = Trail(), ActionRecord(ACTION, 0, "k", "n", "w")
    for seq in range(SEQS_MAX + 1):
        trail.note(seq, action)
    assert len(trail) <= SEQS_MAX
    places, has_older = trail.last(None)
    assert (len(places), places[-1], has_older) == (SCAN_MAX, SEQS_MAX, True)
    again = Trail.load(trail.save())
    assert again.save() == trail.save()
    with pytest.raises(ValueError, match="broken length"):
        Trail.load(b"123")


def test_an_action_reads_back_as_it_was_written_and_old_ones_may_be_shorter():
    action = ActionRecord(ACTION, 5, "key_1", "安", "decision.read", "dec_1", False, "api", "public", "r")
    assert decode(encode_action(action)) == action
    import msgspec

    assert decode(msgspec.msgpack.encode((ACTION, 5, "k", "n", "w"))) == ActionRecord(ACTION, 5, "k", "n", "w")


def test_an_action_says_whom_it_concerns_and_what_its_actor_was_in_the_house():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1, "5.00"))
            audit = Audit(shop.platform)
            cleo = BOB._replace(roles=("senior_analyst", "analyst"), line="fraud-a", device="tok")
            about = audit.subject("user", "u1").removeprefix("user/")
            seq = await audit.act(
                cleo, "vault.reveal", "dec_000000000001", about=about, case="case_7", purpose="fraud_case", rows=1
            )
            record = shop.platform.archive.record(seq)
            assert (record.about, record.case, record.purpose, record.rows) == (about, "case_7", "fraud_case", 1)
            assert record.standing == Standing(("analyst", "senior_analyst"), "fraud-a", "tok")

    run(go())


def test_an_action_of_which_no_more_is_known_is_the_same_bytes_as_before_it_could_say_more():
    import msgspec

    plain = (ACTION, 5, "key_1", "ann", "decision.read", "dec_1", True, "api", "public", "r")
    assert encode_action(ActionRecord(*plain)) == msgspec.msgpack.encode(plain)
    fullest = ActionRecord(*plain, "tok", "case_1", "fraud", 3, Standing(("analyst",), "a", "d"))
    assert encode_action(fullest)[1] == ACTION, "whoever passes actions over looks at the second byte"
    assert decode(encode_action(fullest)) == fullest


# ---- one table of actions


def test_what_no_table_names_is_not_recorded():
    async def go():
        async with Shop() as shop:
            before = shop.platform.archive.log.next_seq()
            with pytest.raises(KeyError):
                await Audit(shop.platform).act(ANN, "vault.reveel")
            assert shop.platform.archive.log.next_seq() == before

    run(go())
    with pytest.raises(KeyError):
        encode_action(ActionRecord(ACTION, 5, "key_1", "ann", "vault.reveel"))


def test_every_name_that_the_code_asks_for_or_records_is_in_the_table():
    named = {name for path in SOURCES for name in _given(path, ASKING)}
    assert len(named) > 60, "the search finds what it is for"
    assert named <= ACTIONS.keys() | {POLICIES}, named - ACTIONS.keys()


INCIDENT_VERBS = {str(step.__struct_config__.tag) for step in get_args(incidents_steps.Step)}


def test_every_action_of_the_table_is_asked_for_or_recorded_somewhere():
    used = {name for path in SOURCES for name in _texts(path)}
    used |= {f"incident.{verb}" for verb in INCIDENT_VERBS}
    used |= {f"version.{verb}" for verb in get_args(Verb)} | {f"approval.{verb}" for verb in get_args(ApprovalVerb)}
    assert ACTIONS.keys() <= used, ACTIONS.keys() - used


SRC = Path(__file__).parents[2] / "src" / "jindi"
TABLES = ("access/actions.py", "access/policies.py", "doors/console/words/")
MADE_UP = ("run/simulate/", "run/watching/")
SOURCES = [
    path for path in sorted(SRC.rglob("*.py"))
    if not path.relative_to(SRC).as_posix().startswith(TABLES + MADE_UP)
]  # fmt: skip
"""All code but the tables, and what makes up or only retells what people did."""

ASKING = {
    "act", "failed", "told", "record_alone", "may", "_may", "_must", "_guard", "_needs", "_record", "_record_of",
    "_do", "_done", "_permit", "_route", "_turned_away", "_vain", "_wrong", "_may_try",
}  # fmt: skip
"""Functions that are handed an action's name."""


def _given(path, functions):
    """The names of actions that a file hands to functions of these names."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in functions:
            texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            yield from (text for text in texts if re.fullmatch(r"[a-z_]+\.[a-z_]+", text))


def _texts(path):
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    return {each.value for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str)}
