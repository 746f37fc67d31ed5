"""Links are a function of the journal: whoever makes them, in whatever pieces, and whatever broke in between."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_run_watching import PACK, watched

from jindi.ports import LinkQuery, LinkStoreFailure, LogFailure
from jindi.run.audit import Actor, Audit
from jindi.run.lane import Stopped
from jindi.run.links import Unknown, taking
from jindi.run.records import DecisionRecord
from jindi.stores import SqliteLinks
from links_world import Room, link_files, send, tables
from shop_world import CARD, DAY_US, DEVICE, HOUR_US, IP, NOON_US, PHONE, failing_append, list_entry, pay, run

ALL = LinkQuery()


def near(room, name):
    return {each.other.name: each.link for each in room.store.near(name, ALL, 100)}


def test_whoever_stands_in_a_decided_event_is_linked_to_all_others_in_it():
    async def go():
        async with Room() as room:
            await room.happens(pay(1, "12000.00"), pay(2, "10.00", ip=None), pay(3, "10.00", user="u2"))
            token = room.platform.tokens.token
            device, card, ip = token("device", DEVICE), token("bank_card", CARD), token("ip", IP)
            found = near(room, "user:u1")
            assert set(found) == {f"device:{device}", f"card:{card}", f"ip:{ip}"}
            link = found[f"device:{device}"]
            assert (link.roles, link.seen, link.stopped, link.worst) == ("device-user", 2, 1, 3)
            assert link.money == (("CNY", 1_201_000),)
            assert (link.first_us, link.last_us) == (NOON_US, NOON_US)
            assert set(near(room, f"device:{device}")) == {"user:u1", "user:u2", f"card:{card}", f"ip:{ip}"}
            held = repr(tables(room.store))
            assert not [each for each in (PHONE, CARD, IP, DEVICE) if each in held]

    run(go())


def test_a_payee_is_a_user_so_that_money_is_followed_from_hand_to_hand():
    async def go():
        async with Room() as room:
            at_us = room.clock.at_us
            await room.happens(
                send(1, "u1", "u2", at_us=at_us), send(2, "u2", "u3", "20000.00", at_us=at_us),
                send(3, "u3", "u3", at_us=at_us),
            )  # fmt: skip
            path, links = await room.desk.path("user:u1", "user:u3", ALL)
            assert [each.name for each in path.entities] == ["user:u1", "user:u2", "user:u3"]
            assert [(each.a, each.b, each.roles) for each in links] == [
                ("user:u2", "user:u1", "payee-user"), ("user:u3", "user:u2", "payee-user"),
            ]  # fmt: skip
            graph = await room.desk.graph("user:u1", ALL, depth=2)
            assert [each.name for each in graph.entities] == ["user:u1", "user:u2", "user:u3"]
            with pytest.raises(Unknown):
                await room.desk.graph("user:nobody", ALL)

    run(go())


def test_what_colleagues_do_links_nobody():
    async def go():
        async with Room({**link_files(), **PACK}) as room:
            audit = Audit(room.platform)
            ann = Actor("session_1", "ann", "console", "private", "r1", ("analyst",), "fraud-a", "device.x")
            await audit.act(ann, "entity.read", audit.subject("user", "u1"), about=audit.text("u1"), case="c7")
            assert await watched(room)
            await room.happens(list_entry("l1", "blocked", "u9"))
            await room.following.catch_up()
            assert tables(room.store) == ([], [], [])
            assert not {"staff", "staff_proposer", "staff_grantee", "list"} & set(room.desk.kinds())
            assert {"user", "device", "card", "ip"} <= set(room.desk.kinds())

    run(go())


def events(seed, count):
    """Some days of a small town."""
    draw, at_us = random.Random(seed), NOON_US
    for number in range(count):
        at_us += draw.choice([HOUR_US, 3 * HOUR_US, 2 * DAY_US, 9 * DAY_US])
        user, other = (f"u{draw.randrange(5)}" for _ in range(2))
        amount = draw.choice(["10.00", "1200.00", "12000.00"])
        device = draw.choice([None, "device-0001", "device-0002"])
        if draw.random() < 0.4:
            yield at_us, send(number, user, other, amount, at_us, **({"device": device} if device else {}))
        else:
            yield at_us, pay(number, amount, at_us, user=user, device=device)


async def live_through(room, happening):
    for at_us, document in happening:
        room.clock.at_us = at_us
        await room.send(document)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 40))
def test_links_that_are_made_piece_by_piece_are_those_that_are_made_at_once(seed, pieces, days):
    async def go():
        async with Room(keep_days=days) as room:
            happening = list(events(seed, 60))
            for count in pieces:
                await live_through(room, happening[:count])
                happening = happening[count:]
                await room.following.catch_up()
                if count % 2:
                    await room.following.sweep()
            await room.following.catch_up()
            await room.following.sweep()
            again = room.again(store=SqliteLinks(":memory:"))
            await room.platform.close()
        async with again:
            await again.following.catch_up()
            await again.following.sweep()
            assert tables(again.store) == tables(room.store)

    run(go())


def test_links_equal_what_is_counted_by_hand():
    async def go():
        async with Room(keep_days=10_000) as room:
            await live_through(room, events(7, 80))
            await room.following.catch_up()
            counted = {}
            for _, record in room.platform.archive.records():
                if isinstance(record, DecisionRecord) and record.event_type == "transfer":
                    named = dict(zip(("user", "payee", "amount", "device"), record.values, strict=True))
                    if named["user"] != named["payee"]:
                        key = (f"user:{named['payee']}", f"user:{named['user']}")
                        seen, money = counted.get(key, (0, 0))
                        counted[key] = seen + 1, money + named["amount"]
            found = {
                (each.a, each.b): (each.seen, dict(each.money)["CNY"])
                for n in range(5) for each in near(room, f"user:u{n}").values() if each.roles == "payee-user"
            }  # fmt: skip
            both = {each.b for each in counted_links(room)}
            assert both
            assert {key: counted[key] for key in found} == found

    def counted_links(room):
        return room.store.between([f"user:u{n}" for n in range(5)], LinkQuery(roles=("payee-user",)))

    run(go())


class Failing:
    """A store that can't keep anything, some times."""

    def __init__(self, store, times):
        self._store, self._times = store, times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *given):
        if self._times:
            self._times -= 1
            raise LinkStoreFailure("the disk is full")
        self._store.put(*given)


def test_after_a_crash_it_goes_on_where_the_store_stands(monkeypatch):
    monkeypatch.setattr(taking, "AT_ONCE", 3)

    async def go():
        async with Room() as room:
            await live_through(room, events(3, 20))
            failing = Failing(room.store, 1)
            room.following.store = failing
            with pytest.raises(LinkStoreFailure):
                await room.following.catch_up()
            await room.following.catch_up()
            assert room.following.behind == 0
            whole = tables(room.store)
            again = room.again(store=SqliteLinks(":memory:"))
            await room.platform.close()
        async with again:
            await again.following.catch_up()
            assert tables(again.store) == whole

    run(go())


def test_the_links_of_another_journal_are_forgotten():
    async def go():
        async with Room() as room:
            await room.happens(pay(1), pay(2, user="u2"))
            store = room.store
        async with Room(store=store) as other:
            await other.happens(pay(1, user="u7"), pay(2, user="u8"))
            assert set(near(other, "user:u7"))
            assert not near(other, "user:u1")
        async with Room(store=store) as shorter:
            await shorter.following.catch_up()
            assert tables(store) == ([], [], [])

    run(go())


def test_what_the_disk_refuses_is_told_once_and_made_good_later():
    async def go():
        async with Room() as room:
            await room.send(pay(1))
            room.following.store = Failing(room.store, 2)
            keeping = asyncio.ensure_future(room.following.keep())
            while not room.following.problem:  # noqa: ASYNC110 - a flag tells
                await asyncio.sleep(0.01)
            assert "the disk is full" in room.desk.problem
            while room.following.problem or room.desk.behind:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            assert [said for said in room.told if "links are not up to date" in said] == [
                "links are not up to date: the disk is full"
            ]
            assert near(room, "user:u1")

    run(go())


def test_closing_breaks_off_what_is_under_way_and_the_next_start_goes_on():
    async def go():
        async with Room() as room:
            await live_through(room, events(5, 40))
            room.following._rest_s = 0.05
            keeping = asyncio.ensure_future(room.following.keep())
            await asyncio.sleep(0.1)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            assert room.following.behind
            again = room.again()
            await room.platform.close()
        async with again:
            await again.following.catch_up()
            fresh = again.again(store=SqliteLinks(":memory:"))
            found = tables(again.store)
            await again.platform.close()
        async with fresh:
            await fresh.following.catch_up()
            assert tables(fresh.store) == found

    run(go())


def test_what_was_not_seen_for_longer_than_links_are_kept_is_shown_no_more_and_then_dropped():
    async def go():
        async with Room(keep_days=10) as room:
            await room.happens(pay(1, user="old"), pay(2, user="u1", device=None, card=None))
            room.clock.at_us += 10 * DAY_US
            assert (await room.desk.one("user:old")).degree == 3
            room.clock.at_us += DAY_US
            with pytest.raises(Unknown):
                await room.desk.one("user:old")
            await room.happens(pay(3, at_us=room.clock.at_us, user="u1", device="device-0009", card=None))
            graph = await room.desk.graph("user:u1", ALL, depth=3)
            assert len(graph.entities) == 3, "nobody is reached by what is too old"
            assert tables(room.store)[2] != []
            await room.following.sweep()
            names = [row[0] for row in tables(room.store)[1]]
            assert "user:old" not in names
            assert len(names) == 3

    run(go())


def test_a_lane_that_stops_and_recovers_loses_no_link():
    async def go():
        async with Room() as room:
            await room.happens(pay(1))
            with failing_append(room.log, LogFailure("the disk is gone")), pytest.raises(Stopped):
                await room.send(pay(2, user="u2"))
            await room.platform._recover()
            await room.happens(pay(3, user="u3"))
            assert set(near(room, next(iter(near(room, "user:u1"))))) >= {"user:u1", "user:u3"}

    run(go())


def test_what_is_typed_becomes_the_name_that_links_have():
    async def go():
        async with Room() as room:
            await room.happens(pay(1))
            token = room.platform.tokens.token("device", DEVICE)
            assert room.desk.name_of("device", f" {DEVICE} ") == room.desk.name_of("device", token) == f"device:{token}"
            assert room.desk.name_of("user", "u1") == "user:u1"
            for kind, value in (("card", "4444"), ("nothing", "u1"), ("user", " ")):
                with pytest.raises(LookupError) as told:
                    room.desk.name_of(kind, value)
                assert "4444" not in str(told.value)

    run(go())
