"""Incidents on a platform: each step is a record first, the book is made again of the journal, two people close."""

import asyncio
import hashlib

import msgspec
import pytest

from incidents_world import MINUTE_US, STAFF_PACK, VIEWER, Room, alarm, incident_files
from jindi.cases.incidents_steps import (
    Appoint,
    Classify,
    Close,
    Contain,
    Entry,
    Excuse,
    Link,
    Report,
    Resolve,
    Review,
    Task,
    Tie,
)
from jindi.ports import LogFailure
from jindi.run import snapshots
from jindi.run.approvals.approvals import Declined as NotApproved
from jindi.run.audit import Audit, NotRecorded
from jindi.run.incidents.book import Incidents, read
from jindi.run.incidents.desk import Declined, Query
from jindi.run.platform import Settings
from jindi.run.records import ApprovalRecord, decode
from jindi.run.trail import Wanted
from jindi.run.watching import Viewer
from jindi.stores.files import FileBlobs
from shop_world import HOUR_US, NOON_US, copied, failing_append, pay, run, shop_files

REVIEW = Review("a key in a repository", "keys were not scanned for", "scan, and rotate")


async def worked(room, incident):
    """Everything that comes before closing."""
    incident = await room.take(incident, Contain("cut off"))
    incident = await room.take(incident, Resolve("mended"))
    for each in incident.owed:
        incident = await room.take(
            incident, Report(report=each.report, at_us=room.clock.at_us, to="an office", channel="platform")
        )
    return await room.take(incident, REVIEW)


def declined(code):
    return pytest.raises(Declined, match=f"^{code}$")


# ---- records


def test_a_step_is_a_record_with_who_when_and_which_clocks_it_set_going():
    async def go():
        async with Room() as room:
            incident = await room.open()
            await room.take(incident, Entry("the gateway was shut", NOON_US - 5 * MINUTE_US), who="lin")
            first, second = room.records()
            assert (first.verb, first.name, first.incident, second.incident) == ("open", "wang", "", incident.id)
            assert {each["report"] for each in msgspec.json.decode(first.clocks)} == {
                each.report for each in incident.clocks
            }
            assert b"\xe7\xac\xac" in first.clocks, "the basis stands beside the time"
            assert (second.name, second.door, second.place) == ("lin", "console", "private")

    run(go())


def test_without_a_record_nothing_happens():
    async def go():
        async with Room() as room:
            incident = await room.open()
            with failing_append(room.log, LogFailure("the disk is full")), pytest.raises(NotRecorded):
                await room.take(incident, Entry("x"))
            assert len(room.records()) == 1

    run(go())


def test_the_story_tells_when_it_happened_and_when_it_was_written():
    async def go():
        async with Room() as room:
            incident = await room.open()
            room.later()
            await room.take(incident, Entry("an alarm", NOON_US - 30 * MINUTE_US))
            page = await room.desk.page(incident.id, VIEWER)
            assert [each.verb for each in page.story] == ["open", "entry"], "the newest first, by when it happened"
            alarm = page.story[1]
            assert (alarm.at_us, alarm.recorded_us) == (NOON_US - 30 * MINUTE_US, NOON_US + HOUR_US)

    run(go())


def test_who_has_not_seen_the_last_step_is_refused():
    async def go():
        async with Room() as room:
            incident = await room.open()
            await room.take(incident, Entry("x"), seen=1)
            with declined("changed"):
                await room.take(incident, Entry("y"), seen=1)
            took = await asyncio.gather(
                *(room.take(incident, Entry(str(n)), seen=2) for n in range(4)), return_exceptions=True
            )
            assert sorted(type(each).__name__ for each in took) == ["Declined"] * 3 + ["Incident"]

    run(go())


def test_nobody_s_number_stands_in_any_record():
    async def go():
        async with Room() as room:
            incident = await room.open()
            for step in (Entry("13812345678 rang"), REVIEW.__class__("a", "b", "see 6222021234567890128")):
                with declined("personal"):
                    await room.take(incident, step)
            with declined("personal"):
                await room.open(title="泄露 13812345678")
            assert len(room.records()) == 1

    run(go())


def test_only_who_works_incidents_is_given_a_post_or_a_task():
    async def go():
        async with Room() as room:
            incident = await room.open()
            for step in (Appoint("scribe", "mallory"), Task("look", "mallory")):
                with declined("nobody"):
                    await room.take(incident, step)
            incident = await room.take(incident, Appoint("scribe", "lin"))
            assert incident.posts == {"scribe": "lin"}

    run(go())


def test_what_is_linked_has_to_be_there():
    async def go():
        async with Room() as room:
            incident = await room.open()
            decision = (await room.send(pay(1)))["decision_id"]
            linked = await room.take(incident, Tie(Link("decision", decision)))
            assert linked.links == (Link("decision", decision),)
            nowhere = [
                ("decision", "dec_0000000000ff"), ("control", "C99"), ("case", "case_00000000002f"),
                ("incident", "inc_0000000000ff"), ("alert", decision[:-1]),
            ]  # fmt: skip
            for link in (Link(*each) for each in nowhere):
                with declined("no_such_link"):
                    await room.take(incident, Tie(link))

    run(go())


# ---- made again


def _same(one, other):
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def test_the_book_is_made_again_of_the_journal_with_or_without_a_snapshot(tmp_path):
    async def go():
        async with Room(blobs=FileBlobs(tmp_path)) as room:
            incident = await worked(room, await room.open())
            await room.open(grade="critical", drill=True)
            await room.platform.snapshot()
            await room.take(incident, Entry("after the snapshot"))
            live = room.platform.incidents
            assert len(live.all) == 2
            assert _same(read(copied(room.log)), live), "from the journal alone"
            again = Room(log=copied(room.log), blobs=room.blobs, clock=room.clock)
        async with again:
            assert _same(again.platform.incidents, live), "from the snapshot and the journal's tail"
        async with Room(log=copied(room.log), clock=room.clock) as third:
            assert _same(third.platform.incidents, live), "the snapshot is gone"
            more = await third.take(incident, Entry("and on"))
            assert more.version == live.all[incident.id].version + 1

    run(go())


def test_a_snapshot_of_before_there_were_incidents_is_filled_from_the_journal(tmp_path):
    async def go():
        async with Room(blobs=FileBlobs(tmp_path)) as room:
            await room.open()
            await room.platform.snapshot()
            (name,) = room.blobs.names(snapshots.PREFIX)
            old = _without_incidents(room.blobs.load(name))
            room.blobs.save(name, [old])
            live = room.platform.incidents
            again = Room(log=copied(room.log), blobs=room.blobs, clock=room.clock)
        async with again:
            assert again.told == [], "the snapshot is used"
            assert _same(again.platform.incidents, live)

    run(go())


def _without_incidents(data):
    """A snapshot as an earlier version wrote it: the header has no field of incidents."""
    size = int.from_bytes(data[len(snapshots.MAGIC) : len(snapshots.MAGIC) + 8], "little")
    begin = len(snapshots.MAGIC) + 8 + 32
    head = msgspec.msgpack.decode(data[begin : begin + size])
    del head["incidents"]
    packed = msgspec.msgpack.encode(head)
    return (
        snapshots.MAGIC
        + len(packed).to_bytes(8, "little")
        + hashlib.sha256(packed).digest()
        + packed
        + data[begin + size :]
    )


def test_another_set_of_rules_moves_no_clock_that_runs():
    async def go():
        async with Room() as room:
            live = (await room.open()).clocks
        files = incident_files()
        files["shop/parameters/incidents.toml"] = files["shop/parameters/incidents.toml"].replace('"4h"', '"9h"')
        async with Room(files, log=copied(room.log), clock=room.clock) as again:
            (incident,) = again.desk.all(VIEWER)
            assert incident.clocks == live
            other = await again.open()
            assert next(c for c in other.clocks if c.report == "cac_report").within_us == 9 * HOUR_US

    run(go())


def test_what_a_later_version_wrote_changes_nothing():
    async def go():
        async with Room() as room:
            incident = await room.open()
            (record,) = room.records()
            book = Incidents()
            book.note(7, record)
            before = dict(book.all)
            later = msgspec.structs.replace(record, incident=incident.id, verb="dance", body=b'{"type":"dance"}')
            book.note(8, later)
            assert book.all == before

    run(go())


# ---- the list


def test_the_list_is_filtered_and_in_order_with_what_ends_first_before_the_rest():
    async def go():
        async with Room() as room:
            first = await room.open(grade="general", incident_kind="fraud")
            second = await room.open(grade="critical", incident_kind="outage")
            third = await room.open(drill=True, grade="major")
            found = lambda **how: [each.id for each in room.desk.find(Query(**how), VIEWER)[0]]  # noqa: E731
            # Both end first at once: the graver one stands before the other.
            assert found() == [second.id, third.id, first.id]
            assert found(order="opened") == [third.id, second.id, first.id]
            assert found(order="grade") == [second.id, third.id, first.id]
            assert found(kind="fraud") == [first.id]
            assert found(grade="critical") == [second.id]
            assert found(drill=False, order="opened") == [second.id, first.id]
            assert found(late=True) == []
            room.later()
            assert found(late=True) == [second.id, third.id]
            assert found(limit=1, offset=1) == [third.id]
            done = await room.take(first, Resolve("over"))
            done = await room.take(done, REVIEW)
            await room.take(done, Close("nothing more"))
            assert found(show="closed") == [first.id]
            assert first.id not in found()
            assert len(found(show="all")) == 3

    run(go())


# ---- two people


def test_what_is_serious_one_person_does_not_close_and_two_do():
    async def go():
        async with Room() as room:
            incident = await worked(room, await room.open())
            with declined("takes_two"):
                await room.take(incident, Close("over"))
            asked = await room.approvals.propose(
                room.person("wang"), "incident.close", {"incident": incident.id, "why": "over"}, "over"
            )
            with pytest.raises(NotApproved):
                await room.approvals.approve(room.person("wang"), asked.id, asked.asked.digest, "mine")
            await room.approvals.approve(room.person("qian"), asked.id, asked.asked.digest, "read it")
            closed = room.desk.one(incident.id, VIEWER)
            assert (closed.state, closed.closed_by, closed.approval) == ("closed", "wang", asked.id)
            verbs = [each.verb for _, each in room.platform.archive.records() if isinstance(each, ApprovalRecord)]
            assert verbs == ["propose", "approve", "apply"]

    run(go())


def test_an_approval_of_an_incident_that_has_changed_since_counts_for_nothing():
    async def go():
        async with Room() as room:
            incident = await worked(room, await room.open())
            asked = await room.approvals.propose(
                room.person("wang"), "incident.close", {"incident": incident.id, "why": "over"}, "over"
            )
            await room.take(incident, Classify(grade="critical", incident_kind="data", profiles=("cn",), why="worse"))
            with pytest.raises(NotApproved, match="changed"):
                await room.approvals.approve(room.person("qian"), asked.id, asked.asked.digest, "read it")

    run(go())


def test_what_can_t_be_closed_is_not_even_asked_for():
    async def go():
        async with Room() as room:
            incident = await room.open()
            for payload in ({"incident": incident.id, "why": "x"}, {"incident": "inc_0000000000ff", "why": "x"}):
                with pytest.raises(NotApproved):
                    await room.approvals.propose(room.person("wang"), "incident.close", payload, "x")

    run(go())


def test_a_grade_that_was_lowered_still_takes_two_and_a_drill_or_four_eyes_off_takes_one():
    async def go():
        async with Room() as room:
            incident = await room.open()
            lower = await room.take(
                incident, Classify(grade="general", incident_kind="data", profiles=("cn",), why="less than thought")
            )
            with declined("takes_two"):
                await room.take(await worked(room, lower), Close("over"))
            drill = await worked(room, await room.open(drill=True))
            assert (await room.take(drill, Close("over"))).state == "closed"
        async with Room(settings=Settings(four_eyes=False)) as alone:
            incident = await worked(alone, await alone.open())
            assert (await alone.take(incident, Close("over"))).state == "closed"

    run(go())


# ---- about staff


def test_an_incident_of_an_alert_about_staff_is_not_there_for_the_suspect_his_line_or_who_may_see_no_alerts():
    async def go():
        async with Room({**shop_files(), **incident_files(), **STAFF_PACK}) as room:
            alert = await alarm(room)
            ann = Viewer("ann", oversees=True)
            # Called a decision, it becomes what it is.
            incident = await room.open("wang", viewer=ann, links=(Link("decision", alert),))
            assert incident.links == (Link("alert", alert),)
            assert room.desk.one(incident.id, ann)
            for viewer in (Viewer("eve", oversees=True), Viewer("bob", oversees=True), VIEWER):
                with pytest.raises(LookupError):
                    room.desk.one(incident.id, viewer)
                assert incident.id not in {each.id for each in room.desk.find(Query(show="all"), viewer)[0]}
                with pytest.raises(LookupError):
                    await room.take(incident, Entry("x"), viewer=viewer)
                with declined("no_such_link"):
                    await room.open(viewer=viewer, links=(Link("alert", alert),))
                other = await room.open()
                with declined("no_such_link"):
                    await room.take(other, Tie(Link("incident", incident.id)), viewer=viewer)

    run(go())


# ---- the audit


def test_each_step_stands_in_the_audit_by_its_verb():
    async def go():
        async with Room() as room:
            incident = await room.open()
            await room.take(incident, Excuse("cac_report", "not bound"))
            page = await Audit(room.platform).look(Wanted())
            assert [(each.what, each.on, each.name) for each in page.doings] == [
                ("incident.excuse", incident.id, "wang"), ("incident.open", incident.id, "wang"),
            ]  # fmt: skip
            raw = room.platform.archive.place(int(incident.id[4:], 16)).records
            assert any(decode(each).kind == 6 for each in raw)

    run(go())
