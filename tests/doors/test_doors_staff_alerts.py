"""Alerts about staff are seen by those who look into them, never by the suspect or his line, by no path at all."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from api_world import Api

from jindi.access import Scope, Sessions, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.audit import Actor, Audit
from jindi.run.records import decision_id
from shop_world import Shop, event, list_entry, pay, run, shop_files

STAFF = Path(__file__).parents[2] / "packs" / "staff"
PACK = {f"staff/{path.relative_to(STAFF).as_posix()}": path.read_text("utf-8") for path in STAFF.rglob("*.toml")}
ZONE = ZoneInfo("Asia/Shanghai")
EVE = Actor("session_9", "eve", "console", "private", "r", ("security_admin",), "it")
OVERSEER = (Scope.AUDIT_READ, Scope.DECISIONS_READ)


class House(Api):
    """A shop with its API and its console, in which eve of the line `it` has looked at a celebrity without a case."""

    def __init__(self):
        super().__init__(Shop({**shop_files(), **PACK}))

    async def __aenter__(self):
        await super().__aenter__()
        platform = self.shop.platform
        self.sessions, self.links = (kind(self.shop.blobs, self._chance) for kind in (Sessions, SignInLinks))
        self.console = build_console(
            PlatformSource(platform), sessions=self.sessions, links=self.links, clock=self.shop.clock, zone=ZONE,
            audit=Audit(platform),
        )  # fmt: skip
        await self.shop.send(pay(1))
        await self.shop.send(list_entry("l1", "vip_customers", "star"))
        for who, line in (("eve", "it"), ("bob", "it"), ("ann", "audit")):
            await self.shop.send(event("staff_notice", f"n-{who}", staff=who, notice="joined", line=line))
        await Audit(platform).act(EVE, "entity.read", f"user/{platform.token_of('user', 'star')}")
        await platform.watching.round()
        found = [each for each in platform.lane.recent if each.event.type == "staff_action"]
        assert [each.decision.outcome for each in found] == ["review"]
        self.alert = decision_id(found[0].seq)
        self.event_id = found[0].event.id
        return self

    def guest(self, who, *scopes, lang="en"):
        opened = self.sessions.open(who, frozenset(scopes), self.shop.clock.now_us())
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.console), base_url="http://jindi.test",
            cookies={"jindi_session": opened.clear_id, "jindi_lang": lang},
        )  # fmt: skip

    def holder(self, who, *scopes):
        """The header of a key in somebody's name."""
        return {"authorization": f"Bearer {self.key(*scopes, name=who)}"}


WHO = {
    "an analyst": ("joe", (Scope.DECISIONS_READ, Scope.ENTITIES_READ)),
    "an administrator": ("sam", (Scope.ADMIN,)),
    "the suspect": ("eve", (*OVERSEER, Scope.ADMIN)),
    "the suspect, written otherwise": (" EVE", (*OVERSEER, Scope.ADMIN)),
    "one of her line": ("bob", (*OVERSEER, Scope.ADMIN)),
}
PATHS = (
    "/console", "/console/panels", "/console/decisions", "/console/decisions?type=staff_action",
    "/console/decisions?outcome=review", "/console/decisions?rule=vip-without-case", "/console/decisions?text=eve",
    "/console/decisions?text=jindi-staff", "/console/decisions.csv", "/console/decisions.csv?type=staff_action",
    "/console/decisions/{alert}", "/console/live.json", "/console/live.json?after=0", "/console/staff-alerts",
    "/console/staff-alerts/{alert}", "/console/policies", "/console/policies/staff-action",
)  # fmt: skip
API_PATHS = (
    "/v1/decisions/{alert}", "/v1/decisions/{alert}/explanation", "/v1/decisions/{alert}/replay",
    "/v1/decisions/{alert}/explanation?exact=true", "/v1/staff-alerts", "/v1/staff-alerts/{alert}",
    "/v1/entities/staff/eve/features",
)  # fmt: skip


@pytest.mark.parametrize("who", WHO)
def test_attack_the_alert_is_on_no_page_of_who_must_not_see_it(who):
    async def go():
        async with House() as house:
            name, scopes = WHO[who]
            async with house.guest(name, *scopes) as guest:
                for path in PATHS:
                    answer = await guest.get(path.format(alert=house.alert))
                    asked = path.format(alert=house.alert)
                    # What was asked for may stand on the page that says that it isn't there, and in its address.
                    told = answer.text.replace(house.alert, "") if house.alert in asked else answer.text
                    assert house.alert not in told, path
                    assert house.event_id not in told, path
                    assert "curious about, without" not in told or "policies" in path, path
                    if "{alert}" in path:
                        assert answer.status_code in (403, 404), path

    run(go())


@pytest.mark.parametrize("who", WHO)
def test_attack_no_key_of_theirs_fetches_it_either(who):
    async def go():
        async with House() as house:
            name, scopes = WHO[who]
            header = house.holder(name, *scopes, Scope.ENTITIES_READ)
            for path in API_PATHS:
                answer = await house.http.get(path.format(alert=house.alert), headers=header)
                if path == "/v1/staff-alerts" and Scope.AUDIT_READ in scopes:
                    assert answer.json() == {"alerts": [], "older": None}
                else:
                    assert answer.status_code in (403, 404), path
                assert house.event_id not in answer.text

    run(go())


def test_attack_what_is_hidden_answers_as_what_is_not_there():
    async def go():
        async with House() as house:
            header = house.holder("eve", *OVERSEER)
            hidden = await house.http.get(f"/v1/decisions/{house.alert}", headers=header)
            seq = 0  # a record that is no decision: the definitions
            nothing = await house.http.get(f"/v1/decisions/{decision_id(seq)}", headers=header)
            assert hidden.status_code == nothing.status_code == 404
            assert hidden.json()["title"] == nothing.json()["title"]
            told = hidden.json()["detail"].replace(str(int(house.alert.removeprefix("dec_"), 16)), "N")
            assert told == nothing.json()["detail"].replace(" 0 ", " N ")

    run(go())


def test_attack_a_stream_that_is_open_does_not_tell_the_suspect_either():
    async def go():
        async with House() as house:
            platform = house.shop.platform
            async with house.guest("eve", *OVERSEER) as guest:
                before = (await guest.get("/console/live.json?after=0")).json()
                await Audit(platform).act(EVE, "entity.read", "user/" + platform.token_of("user", "another"))
                await platform.watching.round()
                await house.shop.send(pay(2))
                after = (await guest.get("/console/live.json?after=0")).json()
            assert len(after) == len(before) + 1
            assert "staff_action" not in {row["event_type"] for row in after}
            assert {row["subject"] for row in after}.isdisjoint({"eve", "bob"})
            assert "ann" in {row["subject"] for row in after}, "what is about others she may see"

    run(go())


def test_whoever_looks_into_it_sees_it_with_its_reasons_and_habits():
    async def go():
        async with House() as house:
            for lang, reason in (("en", "many are curious about"), ("zh", "无案件而查看了受关注的客户")):
                async with house.guest("ann", *OVERSEER, lang=lang) as guest:
                    page = (await guest.get("/console/staff-alerts")).text
                    assert house.alert in page
                    assert reason in page
                    one = (await guest.get(f"/console/staff-alerts/{house.alert}")).text
                    assert reason in one
                    assert "eve" in one
                    assert house.alert in (await guest.get("/console/decisions?outcome=review")).text
            header = house.holder("ann", *OVERSEER)
            [told] = (await house.http.get("/v1/staff-alerts", headers=header)).json()["alerts"]
            assert (told["decision_id"], told["people"], told["line"]) == (house.alert, ["eve"], "it")
            assert [each["rule"] for each in told["reasons"]] == ["vip-without-case"]
            full = (await house.http.get(f"/v1/staff-alerts/{house.alert}", headers=header)).json()
            assert {each["measure"]: each["today"] for each in full["habits"]}["caseless"] == 1
            assert "star" not in json.dumps(full), "the customer is a token"

    run(go())


def test_a_verdict_about_an_alert_is_as_hidden_as_the_alert():
    async def go():
        async with House() as house:
            verdict = event("review_verdict", "v1", decision=house.alert, verdict="reject", by="ann")
            answer = await house.shop.send(verdict)
            async with house.guest("eve", *OVERSEER) as eve, house.guest("ann", *OVERSEER) as ann:
                assert (await eve.get(f"/console/decisions/{answer['decision_id']}")).status_code == 404
                assert (await ann.get(f"/console/decisions/{answer['decision_id']}")).status_code == 200
            other = await house.shop.send(pay(3, "10000.00"))
            open_one = event("review_verdict", "v2", decision=other["decision_id"], verdict="reject", by="ann")
            seen = await house.shop.send(open_one)
            async with house.guest("joe", Scope.DECISIONS_READ) as joe:
                assert (await joe.get(f"/console/decisions/{seen['decision_id']}")).status_code == 200

    run(go())


def test_to_look_at_the_alerts_is_watched_itself_and_goes_round_no_more_than_once():
    async def go():
        async with House() as house:
            platform = house.shop.platform
            async with house.guest("ann", *OVERSEER) as ann:
                await ann.get("/console/staff-alerts")
            before = platform.log.next_seq()
            for _ in range(4):
                await platform.watching.round()
            assert platform.log.next_seq() == before + 1
            assert platform.lane.recent[-1].event.type == "staff_action"

    run(go())


def test_alerts_are_found_again_after_a_restart():
    from shop_world import copied

    async def go():
        async with House() as house:
            shop = house.shop
        again = Shop(shop.files, log=copied(shop.log), blobs=shop.blobs, clock=shop.clock)
        async with again:
            places = list(again.platform.lane.state.alerts.between(0, 99))
            assert [decision_id(seq) for seq in places] == [house.alert]

    run(go())
