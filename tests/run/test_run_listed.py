"""Changes of lists: asked for line by line, approved over tokens, told by the front door once; and what is known."""

import contextlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clear_world import clear_files
from jindi.basics.instants import format_instant
from jindi.packs import load
from jindi.run.approvals.approvals import Declined, Forbidden
from jindi.run.listed import LINES_MAX, Roster, Wanted, lines_of
from jindi.run.records import ApprovalRecord, DecisionRecord
from lists_world import FRESH, HOW
from lists_world import Room as World
from shop_world import DAY_US, LISTS, NOON_US, PHONE, copied, core_files, list_entry, pay, run

END = format_instant(NOON_US + 30 * DAY_US)
END_US = NOON_US + 30 * DAY_US


def events_of(world):
    found = []
    for _, record in world.platform.archive.records():
        if isinstance(record, DecisionRecord) and record.event_type == "list_entry":
            fields = world.platform.program.events["list_entry"].event.fields
            named = {f.name: v for f, v in zip(fields, record.values, strict=True) if v is not None}
            found.append((record.event_id, named))
    return found


@contextlib.contextmanager
def refused(*problems):
    """The lines that are wrong, each with a part of what is said of it."""
    with pytest.raises(Declined) as told:
        yield
    assert told.value.code == "unfit", told.value.en
    assert [line for line, _, _ in told.value.problems] == [line for line, _ in problems], told.value.problems
    for (_, zh, en), (_, part) in zip(told.value.problems, problems, strict=True):
        assert part in en, en
        assert zh


# ---- asking and approving


def test_what_one_asks_for_changes_nothing_until_another_approves_it():
    async def go():
        async with World() as world:
            entry = await world.ask(entries=["mallory"], expires=END)
            assert "mallory" not in world.members()
            await world.approve(entry)
            assert world.members()["mallory"] == END_US
            assert world.state_of(entry) == "applied"
            assert (await world.send(pay(1, user="mallory")))["outcome"] == "deny"
            ((identifier, fields),) = events_of(world)
            assert identifier == f"jindi-{entry.id}-0"
            assert fields == {
                "list": "blocked", "value": "mallory", "action": "add", "expires": END_US, "by": "limin",
                "reason": "named by two victims",
            }  # fmt: skip

    run(go())


def test_nobody_approves_his_own_nor_does_who_only_audits():
    async def go():
        async with World() as world:
            entry = await world.ask(who="wang", entries=["mallory"])
            with pytest.raises(Declined):
                await world.approve(entry, "wang")
            for name in ("limin", "chen"):
                with pytest.raises(Forbidden):
                    await world.approve(entry, name)
            for name in ("sun", "chen"):
                with pytest.raises(Forbidden):
                    await world.ask(who=name, entries=["trudy"])
            assert "mallory" not in world.members()

    run(go())


def test_with_four_eyes_off_it_is_done_at_once_and_recorded_as_such():
    async def go():
        async with World(_alone(four_eyes=False)) as world:
            entry = await world.ask(entries=["mallory"])
            assert "mallory" in world.members()
            assert entry.waived is not None

    run(go())


def _alone(**more):
    return replace(HOW, **more)


def test_a_setting_lets_one_person_make_the_house_more_careful_and_nothing_else():
    async def go():
        async with World(_alone(lists_alone=frozenset({"black.add"}))) as world:
            entry = await world.ask(entries=["mallory"])
            assert world.state_of(entry) == "applied"
            assert entry.waived is not None
            assert "mallory" in world.members()
            taken_off = await world.ask(entries=["mallory"], move="remove")
            assert world.state_of(taken_off) == "open", "what lets somebody through takes two"
            assert "mallory" in world.members()

    run(go())


def test_the_end_of_an_entry_is_changed_and_an_entry_is_taken_off():
    async def go():
        async with World() as world:
            await world.changed(entries=["brief"], move="extend", expires=END)
            assert world.members()["brief"] == END_US
            await world.changed(entries=["brief", "villain"], move="remove")
            assert {"brief", "villain"}.isdisjoint(world.members())

    run(go())


def test_what_another_did_to_an_entry_meanwhile_makes_the_approval_stale():
    async def go():
        async with World() as world:
            entry = await world.ask(entries=["mallory", "trudy"])
            await world.send(list_entry("other", "blocked", "eve"))
            await world.send(list_entry("same", "blocked", "trudy"))
            with pytest.raises(Declined) as told:
                await world.approve(entry)
            assert told.value.code == "stale"
            assert "mallory" not in world.members()

    run(go())


def test_many_are_changed_at_once_and_each_counts_once_after_a_crash():
    async def go():
        names = [f"u{number}" for number in range(150)]
        async with World() as world:
            entry = await world.ask(entries=names)
            real, seen = world.platform.lane.log.append, []

            def stopping(batch, first, count):
                seen.append(count)
                if len(seen) == 3:  # the approval, the action, the first events: then the disk fails
                    raise OSError("the disk is full")
                real(batch, first, count)

            world.platform.lane.log.append = stopping
            await world.approve(entry)
            assert world.state_of(entry) == "approved"
            world.platform.lane.log.append = real
            again = World(log=copied(world.log), blobs=world.blobs, clock=world.clock, vault=world.platform.vault)
        async with again:
            await again.approvals.tend()
            assert again.state_of(entry) == "applied"
            assert set(names) <= set(again.members())
            ids = [identifier for identifier, _ in events_of(again)]
            assert sorted(ids) == sorted(f"jindi-{entry.id}-{number}" for number in range(150))
            await again.approvals.tend()
            assert len(events_of(again)) == 150

    run(go())


def test_a_list_that_is_gone_when_it_is_approved_is_not_changed():
    async def go():
        async with World() as world:
            entry = await world.ask(list="watched", entries=["u1"], expires="30d")
            files = {name: text for name, text in world.files.items() if name != "shop/lists/lists.toml"}
            await world.platform.take(files | {"shop/lists/lists.toml": LISTS})
            with pytest.raises(Declined) as told:
                await world.approve(entry)
            assert told.value.code == "stale"

    run(go())


# ---- lines


def test_everything_that_is_wrong_is_told_at_once_with_its_line_and_without_its_value():
    async def go():
        async with World() as world:
            with refused((0, "the reason has"), (1, "list already"), (2, "empty"), (3, "person's number"),
                         (4, "in the past"), (6, "line 5 already"), (7, "no day")):  # fmt: skip
                await world.ask(
                    why="tel. 13812345678",
                    entries=["villain", "", PHONE, {"value": "a", "expires": "2020-01-01"}, "b", "b",
                             {"value": "c", "expires": "soon"}],
                )  # fmt: skip
            with refused((1, "not on the list"), (2, "needs no end")):
                await world.ask(move="remove", entries=["nobody", {"value": "villain", "expires": "30d"}])
            with refused((1, "not on the list"), (2, "ends then already")):
                await world.ask(move="extend", entries=["nobody", "villain"])
            with refused((0, "no list of this name")):
                await world.ask(list="none", entries=["a"])
            with refused((0, "no entry")):
                await world.ask(entries=[])
            with refused((0, f"at most {LINES_MAX}")):
                await world.ask(entries=[f"u{number}" for number in range(LINES_MAX + 1)])
            assert PHONE.encode() not in world.everything_written()
            assert not [record for _, record in world.platform.archive.records() if isinstance(record, ApprovalRecord)]

    run(go())


def test_a_list_of_identifiers_takes_only_its_own_kind():
    async def go():
        async with World() as world:
            with refused((1, "no identifier"), (2, "no identifier")):
                await world.ask(list="blocked_phones", entries=["mallory", "203.0.113.7"])
            with refused((2, "line 1 already")):
                await world.ask(list="blocked_phones", entries=[FRESH, "+86 139-1111-2222"])

    run(go())


def test_on_a_grey_or_white_list_nothing_stays_for_good_nor_longer_than_the_parameter_says():
    async def go():
        async with World() as world:
            with refused((1, "nothing stays for good")):
                await world.ask(list="watched", entries=["u1"])
            with refused((1, "366 days")):
                await world.ask(list="watched", entries=[{"value": "u1", "expires": "400d"}])
            with refused((0, "366 days"), (1, "nothing stays for good")):
                await world.ask(list="trusted_ips", entries=["203.0.113.7"], expires="2099-01-01")
            await world.changed(list="watched", entries=["u1"], expires="366d")
            await world.changed(list="blocked", entries=["u1"])
            assert world.members("watched")["u1"] == NOON_US + 366 * DAY_US
            assert world.members()["u1"] is None

    run(go())


def test_a_day_ends_an_entry_with_that_day_where_the_pack_is_at_home():
    async def go():
        async with World() as world:
            await world.changed(entries=[{"value": "u1", "expires": "2026-12-31"}])
            assert format_instant(world.members()["u1"]).startswith("2026-12-31T16:00:00")

    run(go())


def test_pasted_lines_may_have_ends_and_reasons_a_head_and_gaps():
    found, problems = lines_of('u0\r\nu1\t30d\tseen, twice\n\nu2,,"a, b"\nu3,30d,x,y\nu4,,,\n')
    assert [(each.line, each.value, each.expires, each.reason) for each in found] == [
        (1, "u0", "", ""), (2, "u1", "30d", "seen, twice"), (4, "u2", "", "a, b"), (6, "u4", "", ""),
    ]  # fmt: skip
    assert [each.line for each in problems] == [5]
    assert [each.value for each in lines_of("值,到期\nu1,30d")[0]] == ["u1"]


# ---- nobody's number


def test_nothing_of_a_typed_number_stays_anywhere_but_sealed():
    async def go():
        async with World() as world:
            entry = await world.ask(list="blocked_phones", entries=[FRESH])
            assert world.platform.vault.holders(world.token(), 5) == (world.token(),)
            await world.approve(entry)
            assert world.token() in world.members("blocked_phones")
            assert (await world.send(pay(1, phone=FRESH)))["outcome"] == "deny"
            written = world.everything_written()
            assert FRESH.encode() not in written
            assert b"+86139" not in written
            assert world.token().encode() in entry.asked.payload

    run(go())


def test_what_is_declined_is_not_sealed_either():
    async def go():
        async with World() as world:
            with pytest.raises(Declined):
                await world.ask(list="blocked_phones", entries=[FRESH, "no phone"])
            assert world.platform.vault.holders(world.token(), 5) == ()

    run(go())


def test_whoever_approves_sees_masks_as_far_as_he_may_and_the_digest_is_over_tokens():
    async def go():
        async with World() as world:
            entry = await world.ask(list="blocked_phones", entries=[FRESH])
            seen = {}
            for name in ("wang", "sun"):
                standing = await world.approvals.standing(entry.id, world.principal(name))
                seen[name] = next(line.text for line in standing.lines if line.en == "Entry 1")
            assert seen == {"wang": f"139****2222 · {world.token()}", "sun": world.token()}
            kept = msgspec.json.decode(entry.asked.payload)
            assert kept["entries"] == [[world.token(), None, ""]]

    run(go())


def test_lists_that_watch_staff_are_not_changed_here():
    async def go():
        async with World(files=_with_staff()) as world:
            with refused((0, "lists for watching staff")):
                await world.ask(list="vip_customers", entries=["u1"], expires="30d")

    run(go())


def _with_staff():
    staff = Path(__file__).parents[2] / "packs" / "staff"
    files = {f"staff/{path.relative_to(staff)}": path.read_text("utf-8") for path in sorted(staff.rglob("*.toml"))}
    return clear_files() | files


def test_changes_of_lists_are_told_to_the_watch_over_staff():
    async def go():
        async with World(files=_with_staff()) as world:
            await world.changed(entries=["u1"])
            for _ in range(3):
                await world.platform.watching.round()
            told = [
                record for _, record in world.platform.archive.records()
                if isinstance(record, DecisionRecord) and record.event_type in ("staff_list_change", "staff_approval")
            ]  # fmt: skip
            fields = {
                record.event_type: dict(zip(
                    world.platform.program.events[record.event_type].fields, record.values, strict=True
                ))
                for record in told
            }  # fmt: skip
            assert fields["staff_list_change"]["actor"] == "limin"
            assert fields["staff_list_change"]["colour"] == "black"
            assert fields["staff_approval"]["approver"] == "wang"
            assert fields["staff_approval"]["proposer"] == "limin"

    run(go())


# ---- the roster


def test_the_roster_says_who_changed_an_entry_when_why_and_until_when():
    async def go():
        async with World() as world:
            await world.send(list_entry("l1", "blocked", "eve", expires=END))
            await world.changed(entries=["eve"], move="remove", why="cleared by the police")
            await world.roster.catch_up()
            each = world.roster.entry("blocked", "eve")
            assert (each.state, each.changes, each.changed.by, each.reason) == (
                "removed", 2, "limin", "cleared by the police",
            )  # fmt: skip
            history = await world.roster.history("blocked", "eve")
            assert [(change.is_add, change.by, change.expires_us) for change in history] == [
                (False, "limin", None), (True, "s1", END_US),
            ]  # fmt: skip
            of_pack = world.roster.entry("blocked", "villain")
            assert (of_pack.is_of_pack, of_pack.reason, of_pack.expires_us) == (True, "known", None)

    run(go())


def test_entries_are_found_by_state_in_order_and_page_by_page():
    async def go():
        async with World() as world:
            for number in range(6):
                ends = {} if number == 5 else {"expires": format_instant(NOON_US + (number + 1) * 3 * DAY_US)}
                await world.send(list_entry(f"l{number}", "watched", f"u{number}", **ends))
            await world.send(list_entry("gone", "watched", "u4", "remove"))
            world.clock.at_us = NOON_US + 4 * DAY_US

            async def found(**how):
                await world.roster.catch_up()
                entries, count = await world.roster.entries("watched", Wanted(**how))
                return [each.value for each in entries], count

            assert await found() == (["u5", "u3", "u2", "u1", "u0"], 5)
            assert await found(order="expiry") == (["u0", "u1", "u2", "u3", "u5"], 5)
            assert await found(state="live") == (["u5", "u3", "u2", "u1"], 4)
            assert await found(state="soon") == (["u2", "u1"], 2)
            assert await found(state="expired") == (["u0"], 1)
            assert await found(state="forever") == (["u5"], 1)
            assert await found(state="removed") == (["u4"], 1)
            assert await found(order="value", limit=2, offset=2) == (["u2", "u3"], 5)
            whole = await world.roster.one("watched")
            assert (whole.live, whole.soon, whole.forever, whole.expired) == (4, 2, 1, 1)

    run(go())


def test_hits_are_counted_over_the_decisions_in_memory():
    async def go():
        async with World() as world:
            for number, user in enumerate(("villain", "villain", "u1")):
                await world.send(pay(number, user=user))
            hits = await world.roster.hits("blocked")
            assert (dict(hits.by_value), hits.decisions, hits.all) == ({"villain": 2}, 3, 2)
            assert (await world.roster.hits("blocked_phones")).all == 0
            await world.send(pay(9, user="villain"))
            assert (await world.roster.hits("blocked")).all == 2, "for a few seconds they are not counted again"
            world.clock.at_us += 6_000_000
            assert (await world.roster.hits("blocked")).all == 3

    run(go())


def test_a_list_says_which_rules_ask_for_it():
    async def go():
        async with World() as world:
            (use,) = (await world.roster.one("blocked")).uses
            assert (use.policy, use.rule, use.state) == ("pay", "blocked", "live")
            assert (await world.roster.one("watched")).uses == ()

    run(go())


def test_the_roster_is_the_same_after_a_restart_and_reads_only_what_is_new():
    async def go():
        async with World() as world:
            await world.changed(entries=["eve"])
            await world.roster.catch_up()
            before = world.roster.entry("blocked", "eve")
            again = World(log=copied(world.log), blobs=world.blobs, clock=world.clock, vault=world.platform.vault)
        async with again:
            await again.roster.catch_up()
            assert again.roster.entry("blocked", "eve") == before
            assert again.roster.behind == 0
            await again.send(list_entry("l9", "blocked", "trudy"))
            assert again.roster.behind == 1
            other = Roster(again.platform)
            await other.catch_up()
            assert other.entry("blocked", "eve") == before

    run(go())


def test_what_the_core_pack_proposes_is_marked_as_a_design_default():
    limits = load(core_files()).limits
    assert {limits[name].mark for name in ("list_days", "list_days_max")} == {"design default"}
