"""What entities did is a function of the journal, whoever writes it down, in whatever pieces; whom it leaves out."""

import json
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from test_run_links import events as town
from test_run_links import live_through
from test_run_watching import PACK, watched

from jindi.ports import ActStoreFailure
from jindi.run.audit import Actor, Audit
from jindi.run.customers import ActTaking, Desk, Following, taking
from jindi.run.links import Following as LinkFollowing
from jindi.run.links import follow
from jindi.stores import SqliteActs, SqliteLinks
from links_world import link_files, send
from shop_world import CARD, DAY_US, DEVICE, IP, NOON_US, PHONE, Shop, copied, pay, run

ALL = (0, 1, 2, 3, 4)
ZONE = ZoneInfo("Asia/Shanghai")


class Room(Shop):
    """A shop over memory in which it is written down who did what."""

    def __init__(self, files=None, *, store=None, keep_days=30, **more):
        super().__init__(files or link_files(), **more)
        self.store, self.keep_days = store or SqliteActs(":memory:"), keep_days

    async def __aenter__(self):
        await super().__aenter__()
        self.following = Following(self.platform, self.store, self.told.append, self.keep_days, rest_s=0)
        self.linking = LinkFollowing(self.platform, SqliteLinks(":memory:"), self.told.append, 30, rest_s=0)
        self.desk = Desk(self.platform, self.following, self.linking)
        return self

    async def happens(self, *documents):
        for each in documents:
            await self.send(each)
        await self.following.catch_up()
        await self.linking.catch_up()

    def again(self, *, store=None, **more):
        """The room after a crash, over what its journal and its store hold by now."""
        more = {"clock": self.clock, "keep_days": self.keep_days, **more}
        return Room(self.files, log=copied(self.log), store=store or self.store, **more)


def held(store):
    """All that a store knows, in one order whatever the order in which it came."""
    named = "select a.name, t.* from {} t join actors a on a.id = t.actor order by 1, 3, 4"
    rows = [store._ask(named.format(table)) for table in ("places", "days", "sums", "money", "hits")]
    return [[(row[0], *row[2:]) for row in table] for table in rows]


def test_what_somebody_did_is_found_by_him_and_by_what_he_used():
    async def go():
        async with Room() as room:
            await room.happens(pay(1, "12000.00"), pay(2, "10.00", ip=None), pay(3, "10.00", user="u2"))
            token = room.platform.tokens.token
            device = f"device:{token('device', DEVICE)}"
            places = await room.desk.places("user:u1", ALL, None, 9)
            records = await room.desk.records(places)
            assert [record.event_id for _, record in records] == ["p2", "p1"]
            assert len(await room.desk.places(device, ALL, None, 9)) == 3
            assert await room.desk.places("user:u1", (3,), None, 9) == places[1:], "under review"
            (did,) = await room.desk.sums("user:u1")
            assert (did.event_type, did.role, did.seen, did.stopped) == ("pay", "user", 2, 1)
            assert (did.money, did.held) == ((("CNY", 1_000),), (("CNY", 1_200_000),))
            assert (did.first_us, did.last_us) == (NOON_US, NOON_US)
            (hit,) = await room.desk.hits("user:u1", 9)
            assert (hit.hits, hit.policy) == (1, "pay")
            assert hit.rule in {rule.id for rule in room.platform.program.definitions.live_policy("pay").rules}
            assert not [each for each in (PHONE, CARD, IP, DEVICE) if each in repr(held(room.store))]

    run(go())


def test_days_are_those_of_the_zone_and_days_without_a_decision_are_there():
    async def go():
        async with Room() as room:
            await room.happens(pay(1, "10.00"))
            room.clock.at_us += 2 * DAY_US
            days = await room.desk.days("user:u1", 4)
            assert [counts for _, counts in days] == [(0,) * 5, (1, 0, 0, 0, 0), (0,) * 5, (0,) * 5]
            assert [(later - day).days for (day, _), (later, _) in pairwise(days)] == [1, 1, 1]

    run(go())


def test_a_payee_is_a_user_in_another_role():
    async def go():
        async with Room() as room:
            await room.happens(send(1, "u1", "u2", at_us=NOON_US), send(2, "u2", "u3", "20000.00", NOON_US))
            assert room.desk.name_of("payee", "u2") == "user:u2"
            assert [(each.role, each.seen) for each in await room.desk.sums("user:u2")] == [("payee", 1), ("user", 1)]

    run(go())


def test_who_shares_a_device_with_somebody_is_counted():
    async def go():
        async with Room() as room:
            own = "device-own-01"
            await room.happens(
                pay(1), pay(2, user="u2"), pay(3, user="u3"), pay(4, device=own), pay(5, device=own, user="u1")
            )
            around = {each.kind: each for each in await room.desk.around("user:u1")}
            token = room.platform.tokens.token
            shared = {each.near.other.name: (each.shared, each.is_all) for each in around["device"].neighbours}
            assert shared == {
                f"device:{token('device', DEVICE)}": (2, True), f"device:{token('device', own)}": (0, True),
            }  # fmt: skip
            assert around["device"].count == 2

    run(go())


def test_what_colleagues_do_is_not_written_down():
    async def go():
        async with Room({**link_files(), **PACK}) as room:
            audit = Audit(room.platform)
            ann = Actor("session_1", "ann", "console", "private", "r1", ("analyst",), "fraud-a", "device.x")
            await audit.act(ann, "entity.read", audit.subject("user", "u1"), about=audit.text("u1"), case="c7")
            assert await watched(room)
            await room.following.catch_up()
            assert held(room.store) == [[], [], [], [], []]

    run(go())


@pytest.mark.parametrize("pieces", [(7, 20, 3), (30,), (1, 1, 1)])
def test_what_is_written_down_piece_by_piece_is_what_is_written_down_at_once(monkeypatch, pieces):
    monkeypatch.setattr(taking, "AT_ONCE", 4)

    async def go():
        async with Room(keep_days=4000) as room:
            happening = list(town(3, 40))
            for count in pieces:
                await live_through(room, happening[:count])
                happening = happening[count:]
                await room.following.catch_up()
            await live_through(room, happening)
            await room.following.catch_up()
            whole = held(room.store)
            assert whole[0]
            again = room.again(store=SqliteActs(":memory:"))
            await room.platform.close()
        async with again:
            await again.following.catch_up()
            assert held(again.store) == whole

    run(go())


def test_what_is_too_old_is_dropped_and_another_journal_is_begun_anew():
    async def go():
        async with Room(keep_days=10) as room:
            await room.happens(pay(1, user="old"), pay(2))
            room.clock.at_us += 12 * DAY_US
            await room.happens(pay(3, "10.00", room.clock.at_us))
            await room.following.sweep()
            assert await room.desk.sums("user:old") == []
            assert len(await room.desk.places("user:u1", ALL, None, 9)) == 1
            store = room.store
        async with Room(store=store) as other:
            await other.following.catch_up()
            assert held(store) == [[], [], [], [], []]

    run(go())


def test_what_the_disk_refuses_is_told_and_made_good_later(monkeypatch):
    async def go():
        async with Room() as room:
            await room.send(pay(1))
            kept = room.store.put

            def refused(*_):
                monkeypatch.setattr(room.store, "put", kept)
                raise ActStoreFailure("the disk is full")

            monkeypatch.setattr(room.store, "put", refused)
            with pytest.raises(ActStoreFailure):
                await room.following.catch_up()
            assert room.desk.behind
            await room.following.catch_up()
            assert not room.desk.behind
            assert len(await room.desk.places("user:u1", ALL, None, 9)) == 1

    run(go())


def test_the_process_that_makes_links_takes_this_in_too_and_says_what_went_wrong(monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: 0)  # it is our own process here

    async def go():
        async with Room() as room:
            await live_through(room, town(3, 20))
            await room.following.catch_up()
            log, beside = copied(room.log), SqliteActs(":memory:")
            said, now_us = [], room.clock.at_us
            keep_us = room.following.keep_us

            def lines():
                yield "7 0\n"
                yield f"{log.next_seq()} {now_us}\n"

            follow(
                lines(), lambda: log, SqliteLinks(":memory:"), keep_us, said.append,
                lambda archive: ActTaking(archive, beside, keep_us),
            )  # fmt: skip
            assert [json.loads(each)["problem"] for each in said] == ["", ""]
            await room.following.sweep()
            assert held(beside) == held(room.store)

            class Broken(SqliteActs):
                def put(self, *_):
                    raise ActStoreFailure("the disk is full")

            failing = Broken(":memory:")
            follow(
                [f"{log.next_seq()} 0\n"], lambda: log, SqliteLinks(":memory:"), keep_us, said.append,
                lambda archive: ActTaking(archive, failing, keep_us),
            )  # fmt: skip
            assert json.loads(said[-1])["problem"] == "the disk is full"

    run(go())
