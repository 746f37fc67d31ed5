"""Lists over HTTP: what is read of them, and how a change is asked for with every line that is wrong."""

import json

import pytest
from api_world import Api
from test_doors_api import conforms, is_problem

from jindi.access import Scope
from lists_world import FRESH, Room
from shop_world import NOON_US, list_entry, run


class Lists(Api):
    """The API of the room, with a key that works cases and one that only reads."""

    def __init__(self):
        self.room = Room()
        super().__init__(self.room)

    async def __aenter__(self):
        await super().__aenter__()
        self.asker = self.key(Scope.CASES_WORK, name="desk")
        self.lead = self.key(Scope.CASES_WORK, name="lead")
        self.reader = self.key(Scope.DECISIONS_READ, name="reader")
        return self

    async def told(self, path, key=None):
        answer = await self.ask("GET", path, key=key or self.reader)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def change(self, key=None, **payload):
        document = {"list": "blocked", "move": "add", "reason": "named by two victims"} | payload
        body = {"kind": "list.change", "why": "named by two victims", "payload": document}
        return await self.ask("POST", "/v1/approvals", body, key or self.asker)


def schema(root, path):
    return root["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


def test_lists_and_entries_are_told_as_described():
    async def go():
        async with Lists() as api:
            await api.room.send(list_entry("l1", "blocked", "eve", expires="2027-01-01T00:00:00Z"))
            await api.room.send(list_entry("l2", "blocked_phones", FRESH))
            root = (await api.ask("GET", "/openapi.json")).json()
            whole = await api.told("/v1/lists")
            assert conforms(whole, schema(root, "/v1/lists"), root) == []
            named = {each["name"]: each for each in whole["lists"]}
            assert (named["blocked"]["live"], named["blocked"]["for_good"], named["blocked"]["of"]) == (3, 1, "text")
            assert named["blocked"]["rules"][0]["rule"] == "blocked"
            one = await api.told("/v1/lists/blocked?order=changed&limit=1")
            assert conforms(one, schema(root, "/v1/lists/{id}"), root) == []
            assert (one["count"], one["entries"][0]["value"], one["entries"][0]["changed"]["by"]) == (3, "eve", "s1")
            phones = await api.told("/v1/lists/blocked_phones")
            assert phones["entries"][0]["value"] == api.room.token()

    run(go())


@pytest.mark.parametrize("query", ["?state=x", "?order=x", "?limit=501", "?limit=x", "?offset=-1", "?masks=1", "?a=b"])
def test_a_question_that_is_none_is_told(query):
    async def go():
        async with Lists() as api:
            is_problem(await api.ask("GET", f"/v1/lists/blocked{query}", key=api.reader), 400, "bad-request")
            is_problem(await api.ask("GET", "/v1/lists/none", key=api.reader), 404)

    run(go())


def test_masks_are_told_to_keys_that_may_see_them_and_kept_by_no_cache():
    async def go():
        async with Lists() as api:
            await api.room.send(list_entry("l2", "blocked_phones", FRESH))
            opener = api.key(Scope.DECISIONS_READ, Scope.VAULT_OPEN, name="opener")
            for key, mask in ((opener, "139****2222"), (api.reader, None)):
                answer = await api.ask("GET", "/v1/lists/blocked_phones?masks=true", key=key)
                assert answer.json()["entries"][0]["mask"] == mask
                assert answer.headers["cache-control"] == "no-store"

    run(go())


def test_a_change_is_asked_for_and_approved_by_two_keys():
    async def go():
        async with Lists() as api:
            asked = await api.change(entries=[{"value": "mallory"}, {"value": "trudy", "expires": "30d"}])
            assert asked.status_code == 201, asked.text
            document = asked.json()
            assert document["payload"]["entries"][0] == ["mallory", None, ""]
            path = f"/v1/approvals/{document['id']}/approve"
            is_problem(await api.ask("POST", path, {"digest": document["digest"]}, api.asker), 403)
            done = await api.ask("POST", path, {"digest": document["digest"]}, api.lead)
            assert done.json()["state"] == "applied"
            assert api.room.members()["mallory"] is None
            assert api.room.members()["trudy"] == NOON_US + 30 * 86_400_000_000

    run(go())


def test_every_line_that_is_wrong_comes_back_with_its_number_and_without_its_value():
    async def go():
        async with Lists() as api:
            answer = await api.change(list="blocked_phones", entries=[
                {"value": FRESH}, {"value": "13800001111x"}, {"value": FRESH}, {"value": ""},
            ])  # fmt: skip
            told = is_problem(answer, 409, "change-declined")
            assert [(each["line"], each["en"]) for each in told["lines"]] == [
                (2, "this is no identifier of the list's kind (phone)"), (3, "stands in line 1 already"),
                (4, "the value is empty or longer than 128 characters"),
            ]  # fmt: skip
            assert "1380000" not in answer.text
            assert FRESH not in json.dumps(told)

    run(go())


def test_three_thousand_lines_are_one_proposal():
    async def go():
        async with Lists() as api:
            entries = [{"value": f"customer-{number:06}"} for number in range(3_000)]
            asked = await api.change(entries=entries)
            assert asked.status_code == 201, asked.text[:300]
            await api.ask(
                "POST", f"/v1/approvals/{asked.json()['id']}/approve", {"digest": asked.json()["digest"]}, api.lead
            )
            assert len(api.room.members()) == 3_002

    run(go())


def test_who_only_reads_asks_for_no_change():
    async def go():
        async with Lists() as api:
            is_problem(await api.change(api.reader, entries=[{"value": "mallory"}]), 403)

    run(go())
