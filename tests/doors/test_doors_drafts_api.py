"""Drafts over HTTP: whole files with a version, checked, proposed, given up; the console's refusals hold here, too."""

import asyncio
import tomllib

import pytest
from api_world import Api

from jindi.access import Scope
from jindi.run.platform import Settings
from shop_world import LIMITS, PHONE, POLICY, Shop

LOWER = POLICY.replace("cny('1000')", "cny('900')", 1).replace('"999.99"', '"899.99"', 1)
COMING = LIMITS.replace(
    'basis = "the owner" }', 'basis = "the owner" }, { since = 2027-01-01, is = "900.00", basis = "the owner 2" }'
)
PINNED = POLICY.replace(
    'spent_1d = "20000.00" }', 'spent_1d = "20000.00" }, at = "2026-11-22T12:00:00+08:00"'
)  # fmt: skip


class Door:
    """The API of a shop whose changes take an approval, with an author's key and an approver's."""

    def __init__(self, shop=None):
        self.shop = shop

    async def __aenter__(self):
        shop = self.shop or Shop(settings=Settings(changes="approved", release_due=False))
        self.api = await Api(shop).__aenter__()
        self.keys = {
            name: self.api.keys.create(name, frozenset({scope}), shop.clock.now_us())[0]
            for name, scope in (
                ("ann", Scope.POLICIES_WRITE), ("tom", Scope.POLICIES_WRITE), ("bob", Scope.POLICIES_APPROVE),
            )
        }  # fmt: skip
        return self

    async def __aexit__(self, *_):
        await self.api.__aexit__(*_)

    async def ask(self, method, path, body=None, status=200, who="ann"):
        headers = {"authorization": f"Bearer {self.keys[who]}"}
        answer = await self.api.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()


def at_the_door(work, shop=None):
    async def go():
        async with Door(shop) as door:
            await work(door)

    asyncio.run(go())


def test_a_draft_is_read_saved_checked_proposed_and_approved_by_another():
    async def go(door):
        read = await door.ask("GET", "/v1/drafts/pay")
        assert (read["version"], read["kind"], read["text"]) == (0, "policy", read["in_force"])
        saved = await door.ask("POST", "/v1/drafts/pay", {"text": LOWER, "version": 0})
        assert (saved["version"], saved["changes"]) == (1, ["large"])
        assert [each["id"] for each in (await door.ask("GET", "/v1/drafts"))["drafts"]] == ["pay"]
        assert (await door.ask("GET", "/v1/drafts", who="tom"))["drafts"] == [], "a draft is its author's"
        checked = await door.ask("POST", "/v1/drafts/pay/check", {})
        assert checked["problems"] == []
        assert [each["name"] for each in checked["review"]["differences"]] == ["large"]
        asked = await door.ask("POST", "/v1/drafts/pay/propose", {"why": "fewer slip through", "version": 1}, 201)
        assert (await door.ask("GET", "/v1/drafts"))["drafts"] == []
        await door.ask("POST", f"/v1/proposals/{asked['id']}/approve", {}, 409 if asked["by"] == "bob" else 200, "bob")
        assert (await door.ask("GET", "/v1/drafts/pay"))["in_force"] == LOWER

    at_the_door(go)


def test_whoever_did_not_see_the_newest_version_is_told_and_keeps_nothing():
    async def go(door):
        await door.ask("POST", "/v1/drafts/pay", {"text": LOWER, "version": 0})
        told = await door.ask("POST", "/v1/drafts/pay", {"text": POLICY, "version": 0}, 409)
        assert told["code"] == "moved_draft"
        assert "version 1" in told["detail"]
        assert "第 1 版" in told["detail_zh"]
        assert (await door.ask("GET", "/v1/drafts/pay"))["text"] == LOWER
        await door.ask("POST", "/v1/drafts/pay/propose", {"why": "x", "version": 2}, 409)
        await door.ask("POST", "/v1/drafts/pay/discard", {"version": 7}, 409)
        await door.ask("POST", "/v1/drafts/pay/discard", {}, 400)
        await door.ask("POST", "/v1/drafts/pay/discard", {"version": 1})
        await door.ask("POST", "/v1/drafts/pay/discard", {"version": 1}, 404)

    at_the_door(go)


def test_a_draft_with_problems_is_kept_and_checked_and_can_not_be_proposed():
    async def go(door):
        await door.ask("POST", "/v1/drafts/pay", {"text": LOWER.replace("amount >=", "amont >=", 1), "version": 0})
        checked = await door.ask("POST", "/v1/drafts/pay/check", {})
        assert any("amont" in each["problem"] and each["remedy"] for each in checked["problems"])
        assert checked["review"] is None
        await door.ask("POST", "/v1/drafts/pay/propose", {"why": "x", "version": 1}, 422)

    at_the_door(go)


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("pay", LOWER + f'# {PHONE}\n[[case]]\nname = "{PHONE}"\ngiven = {{}}\noutcome = "allow"\n', "personal"),
        ("pay", LOWER.replace('id = "pay"', 'id = "other"'), "other_policy"),
        ("pay", "id = ", "not_editable"),
        ("other", LOWER, "other_policy"),
        ("other", LOWER.replace('on = "pay"', 'on = "release"'), "no_event"),
        ("shop:limits", COMING.replace("2027-01-01", "2026-11-22"), "past"),
        ("shop:limits", COMING.replace('"20000.00"', '"1.00"'), "past"),
        ("shop:limits", COMING.replace('"A day', '"Another day').replace("The most in", "Most of"), "only_values"),
        ("shop:limits", COMING.replace('"900.00"', '"much"'), "value_money"),
    ],
)
def test_what_the_console_refuses_is_refused_here(path, text, code):
    async def go(door):
        told = await door.ask("POST", f"/v1/drafts/{path}", {"text": text, "version": 0}, 409)
        assert told["code"] == code
        assert told["detail_zh"] != told["detail"]
        assert PHONE not in str(told)
        assert (await door.ask("GET", "/v1/drafts"))["drafts"] == []

    at_the_door(go)


def test_a_value_to_come_goes_together_with_the_case_that_spoke_of_the_old_one():
    async def go(door):
        await door.ask("POST", "/v1/drafts/pay", {"text": PINNED, "version": 0})
        await door.ask("POST", "/v1/drafts/shop:limits", {"text": COMING, "version": 0})
        assert (await door.ask("POST", "/v1/drafts/shop:limits/check", {}))["problems"]
        body = {"text": COMING, "version": 1, "along": ["pay"]}
        assert (await door.ask("POST", "/v1/drafts/shop:limits", body))["along"] == ["pay"]
        assert (await door.ask("POST", "/v1/drafts/shop:limits/check", {}))["problems"] == []
        asked = {"why": "too much is lost", "version": 2}
        proposal = await door.ask("POST", "/v1/drafts/shop:limits/propose", asked, 201)
        assert sorted(proposal["files"]) == ["shop/parameters/limits.toml", "shop/policies/pay.toml"]
        assert (await door.ask("GET", "/v1/drafts"))["drafts"] == []

    at_the_door(go)


def test_a_policy_that_is_not_there_yet_begins_with_a_whole_file():
    async def go(door):
        text = 'id = "second"\non = "reading"\nstate = "live"\ndoc = { zh = "读", en = "Read" }\n'
        await door.ask("GET", "/v1/drafts/second", status=404)
        await door.ask("POST", "/v1/drafts/second", {"text": text, "version": 3}, 409)
        saved = await door.ask("POST", "/v1/drafts/second", {"text": text, "version": 0})
        assert (saved["path"], saved["version"]) == ("shop/policies/second.toml", 1)
        assert tomllib.loads((await door.ask("GET", "/v1/drafts/second"))["text"])["on"] == "reading"
        await door.ask("POST", "/v1/drafts/second", {"text": text, "version": 1}, 403, "bob")

    at_the_door(go)


def test_a_proposal_that_ended_is_taken_up_as_a_draft_again_by_its_author_alone():
    async def go(door):
        await door.ask("POST", "/v1/drafts/pay", {"text": LOWER, "version": 0})
        proposal = await door.ask("POST", "/v1/drafts/pay/propose", {"why": "fewer losses", "version": 1}, 201)
        address = f"/v1/proposals/{proposal['id']}"
        assert (await door.ask("POST", f"{address}/take-up", {}, 409))["code"] == "not_ended"
        await door.ask("POST", f"{address}/reject", {"why": "not yet"}, who="bob")
        assert (await door.ask("POST", f"{address}/take-up", {}, 409, who="tom"))["code"] == "not_author"
        taken = await door.ask("POST", f"{address}/take-up", {}, 201)
        path = "shop/policies/pay.toml"
        assert taken == {"drafts": [{"id": "pay", "path": path, "version": 1, "both": []}], "left": []}
        assert (await door.ask("GET", "/v1/drafts/pay"))["text"] == LOWER
        assert (await door.ask("POST", f"{address}/take-up", {}, 409))["code"] == "has_draft"

    at_the_door(go)


def test_parameters_and_policies_that_were_proposed_together_are_drafts_together_again():
    async def go(door):
        await door.ask("POST", "/v1/drafts/pay", {"text": PINNED, "version": 0})
        given = {"text": COMING, "version": 0, "along": ["pay"]}
        await door.ask("POST", "/v1/drafts/shop:limits", given)
        proposal = await door.ask("POST", "/v1/drafts/shop:limits/propose", {"why": "both", "version": 1}, 201)
        await door.ask("POST", f"/v1/proposals/{proposal['id']}/reject", {"why": "not yet"})
        taken = await door.ask("POST", f"/v1/proposals/{proposal['id']}/take-up", {}, 201)
        assert [each["id"] for each in taken["drafts"]] == ["pay", "shop:limits"]
        assert (await door.ask("GET", "/v1/drafts/shop:limits"))["along"] == ["pay"]

    at_the_door(go)
