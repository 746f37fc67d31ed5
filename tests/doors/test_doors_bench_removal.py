"""A policy is deleted by a draft, a proposal and another person's approval; never one without which all is allowed."""

import re

import pytest
from test_doors_drafts_api import at_the_door
from workbench_world import APPROVE, APPROVED, AUDIT, FILES, Room, run_in

from jindi.run.platform import Settings
from jindi.run.versions.desk import Person
from shop_world import FEATURES, POLICY, Shop, shop_files

WATCH = POLICY.replace('id = "pay"', 'id = "pay-watch"', 1).replace('state = "live"', 'state = "shadow"', 1)
WITH_SHADOW = {**shop_files(), "shop/policies/watch.toml": WATCH}
BENCH = "/console/workbench/pay-watch"


async def approved(guest, address):
    digest = re.search(r'name="digest" value="(\w+)"', await guest.see(address))[1]
    return await guest.send(address.partition("?")[0] + "/approve", digest=digest, why="seen")


@pytest.mark.parametrize("settings", [FILES, APPROVED], ids=["files", "approved"])
def test_a_policy_is_deleted_by_a_draft_a_proposal_and_another_persons_approval(settings):
    async def go(room):
        ann, bob, eve = room.guest("ann"), room.guest("bob", APPROVE), room.guest("eve", AUDIT)
        page = await ann.see(f"{BENCH}/remove")
        assert "What falls away" in page
        for rule in ("large", "very-large", "spent-enough"):
            assert rule in page
        assert "shop/policies/watch.toml" in page, "the diff is there before anything is kept"
        assert await ann.send(f"{BENCH}/remove", version="0") == f"{BENCH}?done=removing"
        assert "to be deleted" in await ann.see("/console/workbench")
        page = await ann.see(BENCH)
        assert "The proposal is bound to exactly this" in page
        proposal = await ann.send(f"{BENCH}/propose", version="1", why="nobody looks at it")
        page = await bob.see(proposal)
        assert "shop/policies/watch.toml" in page
        assert "removed" in page
        assert any(each.id == "pay-watch" for each in room.shop.platform.program.definitions.policies)
        await approved(bob, proposal)
        assert all(each.id != "pay-watch" for each in room.shop.platform.program.definitions.policies)
        await ann.see(BENCH, 404)
        assert await room.outcome(1, "1500.00") == "challenge", "what is live decides as before"
        assert ("shop/policies/watch.toml" in room.folder) is (settings is APPROVED)
        audit = await eve.see("/console/audit")
        assert "Save a draft" in audit
        assert "Propose" in audit

    run_in(Room(settings, files=WITH_SHADOW), go)


def test_a_policy_that_alone_decides_is_not_deleted_and_the_page_says_what_the_engine_would_do():
    async def go(room):
        ann = room.guest("ann")
        page = await ann.see("/console/workbench/pay/remove")
        assert "every such event is allowed" in page
        assert 'action="/console/workbench/pay/remove"' not in page
        page = await ann.send("/console/workbench/pay/remove", 422, version="0")
        assert "Only the policy pay decides pay" in page
        assert room.bench.sheet("name ann", "pay").draft is None
        zh = room.guest("ann", lang="zh")
        assert "一律放行" in await zh.see("/console/workbench/pay/remove")

    run_in(Room(files=WITH_SHADOW), go)


def test_a_draft_that_sets_the_last_live_policy_aside_says_that_all_would_be_allowed():
    async def go(room):
        ann = room.guest("ann")
        fields = {"zh": "策略", "en": "Policy", "state": "draft", "deadline": "200ms"}
        await ann.send("/console/workbench/pay/settings", **fields, version="0", do="save")
        page = await ann.see("/console/workbench/pay")
        assert "Afterwards no policy decides" in page

    run_in(Room(), go)


def test_a_deletion_that_is_kept_as_a_draft_takes_no_edits_and_is_given_up_like_any_draft():
    async def go(room):
        ann = room.guest("ann")
        await ann.send(f"{BENCH}/remove", version="0")
        fields = await ann.fields(f"{BENCH}/rules/large")
        page = await ann.send(f"{BENCH}/rules/large", 422, **fields, do="save")
        assert "Your draft deletes the policy" in page
        assert "Your draft deletes the policy" in await ann.send(f"{BENCH}/shadow", 422, why="")
        assert "Your draft deletes the policy" in await ann.send(f"{BENCH}/backtest", 422, days="1", label="")
        await ann.send(f"{BENCH}/remove", 409, version="7")
        await ann.send(f"{BENCH}/discard", version="1")
        assert "No draft yet" in await ann.see(BENCH)

    run_in(Room(files=WITH_SHADOW), go)


def test_what_only_the_deleted_policy_read_is_named():
    rule = """[[rule]]
id = "card-crowd"
doc = { zh = "一。", en = "One." }
when = "passed_15m >= 9"
then = "review"
basis = "shop rules 12"
case = [ { name = "yes", given = { passed_15m = 9 }, fires = true }, { name = "no", given = { passed_15m = 8 }, fires = false } ]

[[exemption]]"""  # noqa: E501 - a table of TOML is one line
    plain = POLICY.partition("[[exemption]]")[0]

    async def go(room):
        page = await room.guest("ann").see(f"{BENCH}/remove")
        _, _, told = page.partition("Features that no policy reads then")
        assert "passed_15m" in told.partition("</dd>")[0]
        assert "pays_1d" not in told.partition("</dd>")[0]

    watching = WATCH.replace("[[exemption]]", rule, 1)
    files = {**shop_files(policy=plain), "shop/policies/watch.toml": watching}
    run_in(Room(files=files), go)


def test_what_another_policy_reads_through_a_derived_feature_is_not_said_to_be_unread():
    derived = """
[seldom]
doc = { zh = "很少付款。", en = "Pays seldom." }
is = "passed_15m < 2"
"""

    def with_rule(policy, name, when, given):
        yes, no = given
        return policy.replace("[[exemption]]", f"""[[rule]]
id = "{name}"
doc = {{ zh = "一。", en = "One." }}
when = "{when}"
score = 1
basis = "shop rules 12"
case = [ {{ name = "yes", given = {{ {yes} }}, fires = true }}, {{ name = "no", given = {{ {no} }}, fires = false }} ]

[[exemption]]""", 1)  # fmt: skip

    plain = POLICY.partition("[[exemption]]")[0]
    live = with_rule(plain + "[[exemption]]", "rare", "seldom", ("seldom = true", "seldom = false"))
    live = live.removesuffix("[[exemption]]")
    watching = with_rule(WATCH, "often", "passed_15m >= 9", ("passed_15m = 9", "passed_15m = 8"))

    async def go(room):
        page = await room.guest("ann").see(f"{BENCH}/remove")
        assert "What falls away" in page
        assert "passed_15m" not in page.partition("What falls away")[2].partition("Differences")[0]

    files = shop_files(policy=live, features=FEATURES + derived)
    run_in(Room(files={**files, "shop/policies/watch.toml": watching}), go)


def test_a_deleted_policy_comes_back_by_a_roll_back():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", APPROVE)
        await ann.send(f"{BENCH}/remove", version="0")
        await approved(bob, await ann.send(f"{BENCH}/propose", version="1", why="away"))
        await room.desk.roll_back(Person("", "bob"), why="we want it back")
        assert any(each.id == "pay-watch" for each in room.shop.platform.program.definitions.policies)

    run_in(Room(files=WITH_SHADOW), go)


def test_the_same_over_http():
    async def go(door):
        saved = await door.ask("POST", "/v1/drafts/pay-watch", {"removes": True, "version": 0})
        assert (saved["removes"], saved["changes"]) == (True, ["policy"])
        checked = await door.ask("POST", "/v1/drafts/pay-watch/check", {})
        assert checked["problems"] == []
        assert "pay-watch" in {each["name"] for each in checked["review"]["differences"]}
        assert checked["review"]["undecided"] == []
        asked = await door.ask("POST", "/v1/drafts/pay-watch/propose", {"why": "away", "version": 1}, 201)
        await door.ask("POST", f"/v1/proposals/{asked['id']}/approve", {}, who="bob")
        await door.ask("GET", "/v1/drafts/pay-watch", status=404)
        refused = await door.ask("POST", "/v1/drafts/pay", {"removes": True, "version": 0}, 409)
        assert refused["code"] == "undecided"
        await door.ask("POST", "/v1/drafts/pay", {"removes": True, "text": POLICY, "version": 0}, 400)
        await door.ask("POST", "/v1/drafts/pay", {"version": 0}, 400)
        await door.ask("POST", "/v1/drafts/none", {"removes": True, "version": 0}, 404)

    at_the_door(go, Shop(WITH_SHADOW, settings=Settings(changes="approved", release_due=False)))
