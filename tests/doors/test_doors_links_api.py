"""Links over HTTP: what hangs on an entity, the way between two, and everything that is refused."""

import pytest
from api_world import Api
from test_doors_api import conforms, is_problem

from jindi.access import Scope
from jindi.basics.instants import format_instant
from jindi.ports import LinkStoreFailure, LogFailure
from jindi.run.records import ActionRecord
from links_world import Room, send
from shop_world import DAY_US, DEVICE, NOON_US, failing_append, pay, run


class Links(Api):
    """The API of a room in which u1 and u2 have a device in common, and u2 sends to u3."""

    def __init__(self, **more):
        self.room = Room()
        super().__init__(self.room, linked=lambda: self.room.desk, **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.reader = self.key(Scope.ENTITIES_READ)
        self.device = f"device:{self.room.platform.tokens.token('device', DEVICE)}"
        await self.room.happens(
            pay(1, "12000.00", user="u1", card=None, ip=None), pay(2, user="u2", card=None, ip=None),
            send(3, "u2", "u3", "70.00", NOON_US),
        )  # fmt: skip
        return self

    async def get(self, path, **more):
        return await self.ask("GET", f"/v1/links{path}", **{"key": self.reader} | more)

    async def told(self, path):
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def differs(self, path, told):
        """In what an answer is not as described."""
        root = (await self.ask("GET", "/openapi.json")).json()
        content = root["paths"][path]["get"]["responses"]["200"]["content"]
        return conforms(told, content["application/json"]["schema"], root)

    def looks(self):
        records = [record for _, record in self.room.platform.archive.records() if isinstance(record, ActionRecord)]
        return [(each.what, each.on, each.allowed) for each in records]


def test_what_hangs_on_an_entity_is_told_with_its_figures():
    async def go():
        async with Links() as api:
            told = await api.told("?start=user:u1&depth=3")
            assert [f"{each['entity']}:{each['value']}" for each in told["entities"]] == [
                "user:u1", api.device, "user:u2", "user:u3",
            ]  # fmt: skip
            assert [each["distance"] for each in told["entities"]] == [0, 1, 2, 3]
            assert told["start"] == {
                "entity": "user", "value": "u1", "links": 1, "first_seen": "2026-11-22T04:00:00Z",
                "last_seen": "2026-11-22T04:00:00Z", "decisions": 1, "not_allowed": 1, "outcome": "review",
            }  # fmt: skip
            assert (told["shown"], told["found"]) == (4, 4)
            first, *_ = told["links"]
            assert (first["a"], first["b"], first["kind"]) == (api.device, "user:u1", "device-user")
            assert (first["amounts"], first["outcome"]) == ({"CNY": "12000.00"}, "review")
            (only,) = (await api.told("?start=user:u1&limit=1"))["entities"]
            assert only["value"] == "u1"
            narrow = await api.told("?start=user:u2&kinds=payee-user")
            assert [each["value"] for each in narrow["entities"]] == ["u2", "u3"]
            assert await api.differs("/v1/links", told) == []

    run(go())


def test_a_time_window_leaves_out_what_was_not_there_then():
    async def go():
        async with Links() as api:
            api.shop.clock.at_us += 2 * DAY_US
            await api.room.happens(send(9, "u1", "u9", at_us=NOON_US + 2 * DAY_US))
            since, until = format_instant(NOON_US + DAY_US), format_instant(NOON_US + DAY_US)
            late = await api.told(f"?start=user:u1&since={since}")
            assert [each["value"] for each in late["entities"]] == ["u1", "u9"]
            early = await api.told(f"?start=user:u1&until={until}")
            assert [f"{each['entity']}:{each['value']}" for each in early["entities"]] == ["user:u1", api.device]

    run(go())


def test_the_way_between_two_is_told_and_that_there_is_none():
    async def go():
        async with Links() as api:
            told = await api.told("/path?start=user:u1&goal=payee:u3")
            assert [each["value"] for each in told["path"]] == ["u1", api.device[7:], "u2", "u3"]
            assert [each["kind"] for each in told["links"]] == ["device-user", "device-user", "payee-user"]
            assert (told["found"], told["gave_up"]) == (True, False)
            assert await api.differs("/v1/links/path", told) == []
            await api.room.happens(send(20, "x", "y", at_us=NOON_US))
            assert (await api.told("/path?start=user:u1&goal=user:y"))["found"] is False

    run(go())


def test_at_whom_somebody_looked_is_a_record_under_the_name_that_the_audit_has():
    async def go():
        async with Links() as api:
            await api.told("?start=user:u1")
            await api.told("/path?start=user:u1&goal=user:u3")
            await api.get("?start=user:u1", key=api.key(Scope.DECISIONS_READ))
            subject = [f"user/{api.room.platform.blind(name)}" for name in ("u1", "u1", "u3")]
            assert api.looks() == [*(("links.read", each, True) for each in subject), ("links.read", "", False)]

    run(go())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 400), ("?start=u1", 400), ("?start=user:u1&depth=4", 400), ("?start=user:u1&depth=x", 400),
        ("?start=user:u1&limit=151", 400), ("?start=user:u1&limit=0", 400), ("?start=user:u1&since=monday", 400),
        ("?start=user:u1&sort=x", 400), (f"?start=device:{DEVICE}", 400), ("?start=user:nobody", 404),
        ("?start=nothing:u1", 404), ("/path?start=user:u1", 400), ("/path?start=user:u1&goal=user:nobody", 404),
        ("/path?start=user:u1&goal=user:u3&depth=2", 400), (f"?start=user:u1&kinds={'a-b,' * 51}", 400),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_is_a_problem_without_what_was_asked(path, status):
    async def go():
        async with Links() as api:
            answer = await api.get(path)
            assert is_problem(answer, status), answer.text
            assert DEVICE not in answer.text

    run(go())


def test_without_a_record_or_a_store_nothing_is_told():
    async def go():
        async with Links() as api:
            with failing_append(api.room.log, LogFailure("the disk is full")):
                assert is_problem(await api.get("?start=user:u1"), 503, "not-recorded")
        async with Links() as api:

            def broken(*_):
                raise LinkStoreFailure("gone")

            api.room.following.store = type("Broken", (), {"__getattr__": lambda *_: broken})()
            assert is_problem(await api.get("?start=user:u1"), 503)
        async with Api() as api:
            answer = await api.ask("GET", "/v1/links?start=user:u1", key=api.key(Scope.ENTITIES_READ))
            assert is_problem(answer, 404)

    run(go())
