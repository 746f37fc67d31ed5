"""Four eyes at the doors: the API, the console's forms and `jindi approvals`; and what somebody may try there."""

import asyncio
import contextlib
import json
import random
import re
from inspect import isabstract
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from api_world import Api
from test_doors_console_versions import Guest
from typer.testing import CliRunner

from approvals_world import new_vault
from jindi.access import PARTIES, ApiKeys, Permits, Scope, Sessions, SignInLinks
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US
from jindi.doors.api import build_api
from jindi.doors.api.hot import Events
from jindi.doors.cli.commands import _Context, app
from jindi.doors.console import build_console
from jindi.doors.console.exporting import Export
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.approvals import cases, channels, incidents, keys, lists, people, rating, screening, vaults, webhooks
from jindi.run.approvals.approvals import POLICIES, approvals_of
from jindi.run.approvals.operations import Operation
from jindi.run.audit import Audit
from jindi.run.platform import Settings
from jindi.run.records import ApprovalRecord
from jindi.run.trail import Wanted
from shop_world import NOON_US, Shop, core_files, pay, run
from versions_world import LOWER, Office

ADMIN, READ = Scope.ADMIN, Scope.DECISIONS_READ
GATEWAY = {"name": "gateway", "scopes": ["events:write"], "days": 30}
FORM = {"kind": "key.create", "name": "gateway", "days": "30", "scope.events:write": "1", "why": "a gateway"}
PROPOSAL = {"kind": "key.create", "payload": GATEWAY, "why": "a new gateway"}
HOW = Settings(changes="approved", release_due=False, export_rows=3)


class House(Api):
    """The API and the console of one platform, which share what waits; ann and bob hold keys."""

    def __init__(self, settings=HOW):
        self.vault = new_vault()
        self.office = Office(Shop(settings=settings, vault=self.vault))
        super().__init__(self.office.shop)

    async def __aenter__(self):
        await self.shop.__aenter__()
        chance = random.Random(5)
        platform, blobs = self.shop.platform, self.shop.blobs
        self.keys = ApiKeys(blobs, chance.randbytes)
        self.sessions, self.links = Sessions(blobs, chance.randbytes), SignInLinks(blobs, chance.randbytes)
        self.approvals = approvals_of(platform, Permits(), self.keys)
        self.pages = build_console(
            PlatformSource(platform), sessions=self.sessions, links=self.links, clock=self.shop.clock,
            zone=ZoneInfo("Asia/Shanghai"), desk=self.office.desk, keys=self.keys, audit=Audit(platform),
            approvals=self.approvals,
        )  # fmt: skip
        self.app = build_api(
            platform, self.keys, self.shop.clock, core_files, self.pages, Events(platform, self.keys, self.shop.clock),
            self.office.desk, Permits(), approvals=self.approvals,
        )  # fmt: skip
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://jindi.test"
        )
        self.admin = self.ann = self.key(ADMIN, name="ann")
        self.bob = self.key(ADMIN, name="bob")
        return self

    async def __aexit__(self, *_):
        await self.http.aclose()
        await self.shop.__aexit__(*_)

    async def do(self, path, body=None, key=None, status=200):
        answer = await self.ask("POST", f"/v1/approvals{path}", {} if body is None else body, key or self.ann)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def asked(self, key=None, **changed):
        return await self.do("", PROPOSAL | changed, key, 201)

    def guest(self, who, *scopes, lang="en", key="", also=()):
        opened = self.sessions.open(
            who, frozenset(scopes or {ADMIN}), self.shop.clock.now_us(), key=key, also=also
        )  # fmt: skip
        return Guest(self.pages, opened.clear_id, lang)

    async def refusals(self):
        found = (await Audit(self.shop.platform).look(Wanted())).doings
        return [(each.name, each.what) for each in found if each.outcome == "refused"]


# ---- the API


def test_over_the_api_a_key_is_asked_for_approved_and_collected_once():
    async def go():
        async with House() as house:
            asked = await house.asked()
            assert (asked["state"], asked["by"], asked["needed"]) == ("open", "ann", 1)
            assert [line["text"] for line in asked["lines"]][:1] == ["gateway"]
            answered = await house.do(f"/{asked['id']}/approve", {"digest": asked["digest"]}, house.bob)
            assert answered["state"] == "approved"
            answer = await house.ask("POST", f"/v1/approvals/{asked['id']}/collect", {}, house.ann)
            assert answer.headers["cache-control"] == "no-store"
            clear = answer.json()["api_key"]
            assert (await house.ask("POST", "/v1/events", pay(1), clear)).status_code == 200
            assert (await house.do(f"/{asked['id']}/collect", {}, status=409))["code"] == "not_open"
            for path in ("/v1/approvals", f"/v1/approvals/{asked['id']}", "/v1/keys"):
                assert clear not in (await house.ask("GET", path)).text
            listed = (await house.ask("GET", "/v1/keys")).json()["keys"]
            made = next(each for each in listed if each["name"] == "gateway")
            assert (made["in_force"], made["last_used"], "name:ann" in made["known_to"]) == (True, "2026-11-22", True)

    run(go())


def test_a_revoked_or_expired_key_and_the_session_that_it_opened_end_at_once():
    async def go():
        async with House() as house:
            clear, old = house.keys.create("old", frozenset({ADMIN}), NOON_US)
            brief = house.keys.create("brief", frozenset({Scope.EVENTS_WRITE}), NOON_US, expires_us=NOON_US + 1)[0]
            guest = house.guest("old", key=old.id)
            await guest.see("/console/keys")
            for key in (clear, brief):
                assert (await house.ask("POST", "/v1/events", pay(1), key)).status_code == 200
            asked = await house.asked(kind="key.revoke", payload={"key": old.id})
            await house.do(f"/{asked['id']}/approve", {"digest": asked["digest"]}, house.bob)
            house.shop.clock.at_us += 1
            for key in (clear, brief):
                assert (await house.ask("POST", "/v1/events", pay(2), key)).status_code == 401
            assert (await guest.http.get("/console/keys")).headers["location"] == "/sign-in?why=ended"

    run(go())


def test_a_session_that_was_opened_with_an_old_secret_ends_with_the_overlap():
    async def go():
        async with House() as house:
            old = house.keys.create("old", frozenset({ADMIN}), NOON_US)[1]
            guest = house.guest("old", key=old.id)
            house.keys.rotate(old.id, NOON_US, overlap_us=10, expires_us=None)
            house.shop.clock.at_us += 9
            await guest.see("/console/keys")
            house.shop.clock.at_us += 1
            assert (await guest.http.get("/console/keys")).headers["location"] == "/sign-in?why=ended"
            await house.guest("old", key=old.id).see("/console/keys")

    run(go())


def test_the_hot_route_forgets_a_key_at_its_end_and_an_old_secret_after_the_overlap():
    async def go():
        async with House() as house:
            events = Events(house.shop.platform, house.keys, house.shop.clock)
            clear, key = house.keys.create("g", frozenset({Scope.EVENTS_WRITE}), NOON_US, expires_us=NOON_US + DAY_US)
            assert events.may_write(f"Bearer {clear}".encode())
            fresh, _ = house.keys.rotate(key.id, NOON_US, overlap_us=10, expires_us=NOON_US + DAY_US)
            assert events.may_write(f"Bearer {clear}".encode())
            house.shop.clock.at_us = NOON_US + 10
            assert not events.may_write(f"Bearer {clear}".encode())
            assert events.may_write(f"Bearer {fresh}".encode())
            house.shop.clock.at_us = NOON_US + DAY_US
            assert not events.may_write(f"Bearer {fresh}".encode())

    run(go())


def test_the_last_day_of_use_is_kept_and_survives_a_restart():
    async def go():
        async with House() as house:
            await house.ask("GET", "/v1/keys")
            assert house.keys.save_use()
            assert not house.keys.save_use()
            again = ApiKeys(house.shop.blobs, random.Random(1).randbytes)
            assert {key.name: key.used_day for key in again.all()} == {"ann": NOON_US // DAY_US, "bob": -1}

    run(go())


def test_policies_and_operations_stand_in_one_list_and_are_answered_at_one_address():
    async def go():
        async with House() as house:
            house.office.save(LOWER)
            asked = await house.asked(kind="policies.change", payload={})
            await house.asked()
            listed = (await house.ask("GET", "/v1/approvals")).json()
            assert [each["kind"] for each in listed["approvals"]] == ["key.create", "policies.change"]
            assert (listed["four_eyes"], listed["changes"]) == ("on", "approved")
            assert asked["id"].startswith("chg_")
            assert asked["review"]["differences"]
            body = {"digest": asked["digest"], "why": "read"}
            assert (await house.ask("POST", f"/v1/approvals/{asked['id']}/approve", body, house.ann)).status_code == 403
            done = await house.do(f"/{asked['id']}/approve", body, house.bob)
            assert done["state"] == "applied"

    run(go())


def test_a_key_that_the_author_of_a_policy_was_shown_does_not_approve_it():
    async def go():
        async with House() as house:
            house.office.save(LOWER)
            asked = await house.asked(kind="policies.change", payload={})
            deputy = house.keys.create("deputy", frozenset({ADMIN}), NOON_US, owners=["name:ann"])[0]
            for path in (f"/v1/approvals/{asked['id']}/approve", f"/v1/proposals/{asked['id']}/approve"):
                answer = await house.ask("POST", path, {"digest": asked["digest"]}, deputy)
                assert (answer.status_code, answer.json()["code"]) == (409, "own_proposal")

    run(go())


def test_self_approval_is_refused_and_the_refusal_is_a_record():
    async def go():
        async with House() as house:
            asked = await house.asked()
            for key in (house.ann, house.key(ADMIN, name="ANN"), house.key(ADMIN, name="a\u200bnn")):
                answer = await house.ask("POST", f"/v1/approvals/{asked['id']}/approve", {"digest": "x"}, key)
                assert answer.status_code == 403
                assert "own_proposal" in answer.json()["detail"]
            assert [what for _, what in await house.refusals()] == ["approval.approve"] * 3

    run(go())


MASS = [
    {"proposer": "bob"}, {"by": "bob"}, {"key": "key_1"}, {"name": "bob"}, {"needed": 0}, {"expires_us": 2**60},
    {"approved": True}, {"state": "approved"}, {"marks": []}, {"digest": "0" * 64}, {"base": ""}, {"id": "apr_1"},
]  # fmt: skip


@pytest.mark.parametrize("more", MASS)
def test_a_field_that_nobody_asked_for_is_refused(more):
    async def go():
        async with House() as house:
            await house.do("", PROPOSAL | more, status=400)
            assert await house.do("", PROPOSAL | {"payload": GATEWAY | more}, status=409 if "name" not in more else 201)
            asked = await house.asked(payload=GATEWAY | {"name": "other"})
            body = {"digest": asked["digest"], "why": "", **more}
            if "digest" not in more:
                await house.do(f"/{asked['id']}/approve", body, house.bob, 400)

    run(go())


BODIES = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"\xff", 400), (b'{"kind":1,"why":"x"}', 400),
    (b'{"kind":"key.create","why":"x","payload":[]}', 400), (b'{"kind":"key.create","why":"x","payload":{}}', 409),
    (b'{"kind":"vault.reseal","why":"x","payload":{"a":1}}', 409),
    (b'{"kind":"staff.roles","why":"x","payload":{"a":1}}', 409),
    (b'{"kind":"../../etc","why":"x"}', 403), (b"[" * 5_000, 400),
    (b'{"kind":"key.create","why":"x","payload":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}", 400),
    (b'{"kind":"key.create","why":"' + b"x" * 70_000 + b'"}', 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_none_is_refused_and_asks_for_nothing(body, status):
    async def go():
        async with House() as house:
            answer = await house.ask("POST", "/v1/approvals", body, house.ann)
            assert answer.status_code == status, answer.text
            assert not house.approvals.book.entries

    run(go())


@pytest.mark.parametrize("step", ["approve", "reject", "withdraw", "collect"])
def test_what_does_not_exist_is_not_found(step):
    async def go():
        async with House() as house:
            for identifier in ("apr_0000000000ff", "chg_0000000000ff", "apr_", "dec_000000000000", "x"):
                if step == "collect" and identifier.startswith("chg_"):
                    continue
                body = {"digest": "0" * 64, "why": "x"} if step == "approve" else {"why": "x"}
                await house.do(f"/{identifier}/{step}", {} if step == "collect" else body, house.bob, 404)

    run(go())


def test_another_persons_operation_is_neither_withdrawn_nor_collected_by_its_id():
    async def go():
        async with House() as house:
            asked = await house.asked()
            assert (await house.do(f"/{asked['id']}/withdraw", {"why": "x"}, house.bob, 409))["code"] == "not_yours"
            await house.do(f"/{asked['id']}/approve", {"digest": asked["digest"]}, house.bob)
            assert (await house.do(f"/{asked['id']}/collect", {}, house.bob, 409))["code"] == "not_yours"
            await house.do(f"/{asked['id']}/collect", {}, house.ann)

    run(go())


def test_an_approval_that_is_replayed_does_nothing():
    async def go():
        async with House() as house:
            asked = await house.asked(kind="vault.rotate", payload={})
            body = {"digest": asked["digest"]}
            await house.do(f"/{asked['id']}/approve", body, house.bob)
            for key in (house.bob, house.key(ADMIN, name="cleo")):
                assert (await house.do(f"/{asked['id']}/approve", body, key, 409))["code"] == "not_open"
            assert len(house.vault.versions) == 2
            again = await house.asked(kind="vault.rotate", payload={})
            assert (await house.do(f"/{again['id']}/approve", body, house.bob, 409))["code"] == "other_digest"

    run(go())


def test_a_reason_can_not_forge_a_line_of_the_audit():
    async def go():
        async with House() as house:
            for why in ("x\n2026-11-22 bob approved", "x\r\n", "\u202eevil", "\x1b[31mred"):
                told = await house.do("", PROPOSAL | {"why": why + " "}, status=409 if why != "x\r\n" else 201)
                assert told.get("code", "why") == "why"

    run(go())


def test_no_secret_and_no_clear_text_is_in_any_record_or_answer():
    async def go():
        async with House() as house:
            await house.shop.send(pay(1, user="u-canary-77"))
            subjects = house.key(Scope.SUBJECTS_ACT, name="dora")
            asked = await house.asked(
                subjects, kind="subject.erase", payload={"subject": "u-canary-77"}, why="request 7"
            )
            seen = [json.dumps(asked), (await house.ask("GET", "/v1/approvals")).text]
            seen.append(await house.guest("bob").see(f"/console/approvals/{asked['id']}"))
            await house.do(f"/{asked['id']}/approve", {"digest": asked["digest"]}, house.bob)
            steps = [r for _, r in house.shop.platform.archive.records() if isinstance(r, ApprovalRecord)]
            seen += [repr(steps), repr((await Audit(house.shop.platform).look(Wanted())).doings)]
            assert len(steps) == 3
            assert not any("u-canary-77" in text for text in seen)

    run(go())


# ---- the console


def between(page, start, end):
    return page.partition(start)[2].partition(end)[0]


def test_in_the_console_a_key_is_asked_for_approved_and_shown_once():
    async def go():
        async with House() as house:
            ann, bob = house.guest("ann"), house.guest("bob", lang="zh")
            address = await ann.send("/console/approvals/propose", **FORM)
            path = address.partition("?")[0]
            assert "another person answers it" in await ann.see(address)
            page = await bob.see(path)
            assert "批准的内容" in page
            digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)[1]
            await bob.send(f"{path}/approve", digest=digest, why="right")
            assert 'action="/console/approvals/' not in between(await bob.see(path), 'class="aside"', "</main>")
            shown = await ann.send(f"{path}/collect", status=200)
            clear = re.search(r"jk_[A-Za-z0-9_-]{43}", shown)[0]
            assert house.keys.holder(clear, NOON_US).name == "gateway"
            for page in ("/console/keys", "/console/approvals", path):
                assert clear not in await ann.see(page)
            await ann.send(f"{path}/collect", status=409)

    run(go())


def test_every_form_needs_the_sessions_token_and_our_own_origin():
    async def go():
        async with House() as house:
            asked = await house.asked()
            bob = house.guest("bob")
            paths = ["/console/approvals/propose"]
            paths += [
                f"/console/approvals/{asked['id']}/{step}" for step in ("approve", "reject", "withdraw", "collect")
            ]
            for path in paths:
                form = {"digest": asked["digest"], "why": "x", "kind": "vault.rotate"}
                for csrf in ("", "0" * 64, house.guest("bob").csrf):
                    assert (await bob.http.post(path, data={**form, "csrf": csrf})).status_code == 403
                other = {"origin": "https://evil.test", "sec-fetch-site": "cross-site"}
                assert (await bob.http.post(path, data={**form, "csrf": bob.csrf}, headers=other)).status_code == 403
                assert (await bob.http.get(path)).status_code in (404, 405)
            assert house.approvals.entry(asked["id"]).asked.digest == asked["digest"]
            assert [each.verb for each in steps_of(house)] == ["propose"]

    run(go())


def steps_of(house):
    return [r for _, r in house.shop.platform.archive.records() if isinstance(r, ApprovalRecord)]


def test_a_session_that_ann_opened_with_the_key_she_was_shown_approves_nothing_of_hers():
    async def go():
        async with House() as house:
            asked = await house.asked()
            clear, _ = house.keys.create("carl", frozenset({ADMIN}), NOON_US, owners=["name:ann"])
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(house.pages), base_url="http://jindi.test"
            ) as http:
                await http.post("/sign-in/key", data={"key": clear})
                session = http.cookies["jindi_session"]
            carl = Guest(house.pages, session, "en")
            assert "another person answers it" in await carl.see(f"/console/approvals/{asked['id']}")
            await carl.send(f"/console/approvals/{asked['id']}/approve", status=409, digest=asked["digest"])

    run(go())


def test_a_form_may_not_send_what_its_kind_has_not():
    async def go():
        async with House() as house:
            ann = house.guest("ann")
            more = {"proposer": "bob", "needed": "0", "owner": "bob", "scope.root": "1"}
            address = await ann.send("/console/approvals/propose", **FORM, **more)
            entry = house.approvals.entry(address.rpartition("/")[2].partition("?")[0])
            assert json.loads(entry.asked.payload) == GATEWAY
            assert (entry.asked.name, entry.asked.needed) == ("ann", 1)

    run(go())


def test_who_may_not_ask_for_a_kind_is_told_so_and_it_is_recorded_as_refused():
    async def go():
        async with House() as house:
            reader = house.guest("rita", READ)
            page = await reader.send("/console/approvals/propose", status=403, kind="vault.rotate", why="x")
            assert "don&#39;t cover this kind" in page
            assert await house.refusals() == [("rita", "approval.propose")]
            assert "key.create" not in await reader.see("/console/approvals")
            assert '<form class="act"' not in await reader.see("/console/approvals")

    run(go())


def test_what_somebody_wrote_is_shown_as_text():
    async def go():
        async with House() as house:
            nasty = "<b onmouseover=alert(1)>王</b>"
            asked = await house.asked(payload=GATEWAY | {"name": nasty}, why=nasty)
            bob = house.guest("bob")
            for path in ("/console/approvals", f"/console/approvals/{asked['id']}"):
                page = await bob.see(path)
                assert nasty not in page
                assert "&lt;b onmouseover" in page

    run(go())


def test_that_four_eyes_are_off_is_said_on_every_page():
    async def go():
        async with House(Settings(four_eyes=False)) as house:
            ann = house.guest("ann")
            for path in ("/console", "/console/decisions", "/console/keys", "/console/approvals"):
                assert "Four eyes are off" in await ann.see(path)
            address = await ann.send("/console/approvals/propose", kind="vault.rotate", why="alone")
            assert "without a second person" in await ann.see(address)
            assert len(house.vault.versions) == 2
        async with House() as house:
            assert "Four eyes are off" not in await house.guest("ann").see("/console/approvals")

    run(go())


def test_an_export_above_the_limit_is_asked_for_approved_and_collected_once():
    async def go():
        async with House() as house:
            for number in range(3):
                await house.shop.send(pay(number, user=f"u{number}"))
            ann, bob = house.guest("ann"), house.guest("bob")
            assert len((await ann.see("/console/decisions.csv")).splitlines()) == 4
            await house.shop.send(pay(3))
            assert "takes an approval" in await ann.see("/console/decisions.csv", status=403)
            assert "searched by text" not in await ann.see("/console/decisions.csv", status=403)
            page = await ann.see("/console/decisions.csv?text=p", status=403)
            assert '<form class="act"' not in page
            address = await ann.send("/console/approvals/propose", kind="decisions.export", why="the regulator asks")
            path = address.partition("?")[0]
            await house.shop.send(pay(4))  # what comes later was not approved
            digest = re.search(r'name="digest" value="([0-9a-f]{64})"', await bob.see(path))[1]
            await bob.send(f"{path}/approve", digest=digest)
            answer = await ann.http.post(f"{path}/collect", data={"csrf": ann.csrf})
            assert answer.headers["content-type"].startswith("text/csv")
            assert [line.split(",")[2] for line in answer.text.splitlines()[1:]] == ["p3", "p2", "p1", "p0"]
            await ann.send(f"{path}/collect", status=409)

    run(go())


def test_a_large_export_names_its_columns_in_the_language_in_which_it_was_asked_for():
    async def go():
        async with House() as house:
            for number in range(4):
                await house.shop.send(pay(number))
            ann, bob = house.guest("ann"), house.guest("bob")
            page = await ann.see("/console/decisions.csv", status=403)
            assert '<input type="hidden" name="heads" value="en">' in page
            for heads, told in (("en", "Outcome"), ("zh", "处置"), ("", "outcome")):
                form = {"kind": "decisions.export", "why": "x", "heads": heads}
                path = (await ann.send("/console/approvals/propose", **form)).partition("?")[0]
                digest = re.search(r'name="digest" value="([0-9a-f]{64})"', await bob.see(path))[1]
                await bob.send(f"{path}/approve", digest=digest)
                answer = await ann.http.post(f"{path}/collect", data={"csrf": ann.csrf})
                assert told in answer.text.splitlines()[0].lstrip("\ufeff").split(",")
            await ann.send("/console/approvals/propose", status=409, **{**form, "heads": "fr"})

    run(go())


def test_an_export_of_some_days_is_approved_for_these_days_and_no_others():
    async def go():
        async with House() as house:
            for number in range(8):
                if number == 2:
                    house.shop.clock.at_us += DAY_US
                await house.shop.send(pay(number, at_us=house.shop.clock.at_us))
            ann, bob = house.guest("ann"), house.guest("bob")
            asked = "since=2026-11-23&until=2026-11-23"
            page = await ann.see(f"/console/decisions.csv?{asked}", status=403)
            assert '<input type="hidden" name="since" value="2026-11-23">' in page
            odd = {"kind": "decisions.export", "why": "x", "since": "soon"}
            await ann.send("/console/approvals/propose", status=409, **odd)
            form = {"kind": "decisions.export", "why": "x", "since": "2026-11-23", "until": "2026-11-23"}
            path = (await ann.send("/console/approvals/propose", **form)).partition("?")[0]
            page = await bob.see(path)
            assert "2026-11-23" in page
            digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)[1]
            await bob.send(f"{path}/approve", digest=digest)
            answer = await ann.http.post(f"{path}/collect", data={"csrf": ann.csrf})
            assert [line.split(",")[2] for line in answer.text.splitlines()[1:]] == ["p7", "p6", "p5", "p4", "p3", "p2"]

    run(go())


def test_an_approved_export_is_not_collected_by_another_reader():
    async def go():
        async with House() as house:
            for number in range(5):
                await house.shop.send(pay(number))
            asked = await house.asked(house.key(READ, name="rita"), kind="decisions.export", payload={})
            await house.do(f"/{asked['id']}/approve", {"digest": asked["digest"]}, house.bob)
            other = house.key(READ, name="otto")
            assert (await house.do(f"/{asked['id']}/collect", {}, other, 409))["code"] == "not_yours"

    run(go())


def test_the_menu_leads_to_what_waits_and_to_the_keys():
    async def go():
        async with House() as house:
            assert 'href="/console/approvals"' in await house.guest("ann").see("/console")
            assert 'href="/console/keys"' in await house.guest("ann").see("/console")
            assert 'href="/console/keys"' not in await house.guest("rita", READ).see("/console")

    run(go())


def test_a_proposal_of_policies_leads_to_its_own_page():
    async def go():
        async with House() as house:
            proposal = await house.office.propose(LOWER)
            ann = house.guest("ann")
            assert proposal.id in await ann.see("/console/approvals")
            answer = await ann.http.get(f"/console/approvals/{proposal.id}")
            assert answer.headers["location"] == f"/console/proposals/{proposal.id}"

    run(go())


# ---- the command line


@contextlib.asynccontextmanager
async def commands(house):
    """`jindi …` against the running house; the keys are ann's unless another is given."""
    from api_world import Socket

    events = Events(house.shop.platform, house.keys, house.shop.clock)
    async with Socket(house.app, events) as socket:
        url = f"http://127.0.0.1:{socket.port}"

        async def jindi(*arguments, key=None, code=0):
            given = ["approvals", *arguments, "--url", url, "--api-key", key or house.ann]
            result = await asyncio.to_thread(
                CliRunner().invoke, app, given, obj=_Context(Outside()), catch_exceptions=False
            )
            assert result.exit_code == code, (result.stdout, result.stderr)
            return result.stdout + result.stderr

        yield jindi


def test_on_the_command_line_it_is_asked_shown_approved_and_collected(tmp_path):
    async def go():
        async with House() as house, commands(house) as jindi:
            for number in range(5):
                await house.shop.send(pay(number))
            told = await jindi("propose", "key.create", json.dumps(GATEWAY), "--why", "a gateway")
            identifier, digest = re.search(r"(apr_\S+)", told)[1], re.search(r"--digest ([0-9a-f]{64})", told)[1]
            assert identifier in await jindi("list")
            assert "gateway" in await jindi("show", identifier)
            assert "digest" in await jindi("approve", identifier, "--digest", "0" * 64, key=house.bob, code=1)
            await jindi("approve", identifier, "--digest", digest, "--why", "right", key=house.bob)
            clear = re.search(r"jk_\S{43}", await jindi("collect", identifier))[0]
            assert house.keys.holder(clear, NOON_US).name == "gateway"
            assert "nothing waits" in await jindi("list")
            assert identifier in await jindi("list", "--all")
            await jindi("propose", "vault.rotate", "--why", "a slip")
            waiting = house.approvals.book.newest()[0].id
            await jindi("reject", waiting, "--why", "no", key=house.bob)
            await jindi("propose", "vault.rotate", "--why", "again")
            waiting = house.approvals.book.newest()[0].id
            assert "withdrawn" in await jindi("withdraw", waiting, "--why", "no")
            told = await jindi("propose", "decisions.export", "{}", "--why", "the regulator asks")
            identifier, digest = re.search(r"(apr_\S+)", told)[1], re.search(r"--digest ([0-9a-f]{64})", told)[1]
            await jindi("approve", identifier, "--digest", digest, key=house.bob)
            taken = tmp_path / "taken.csv"
            taken.write_text("mine")
            assert "can't be made" in await jindi("collect", identifier, "--out", str(taken), code=1)
            await jindi("collect", identifier, "--out", str(tmp_path / "out.csv"))
            assert len((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()) == 6

    run(go())


def test_the_policies_and_the_page_know_exactly_the_kinds_of_operations_that_there_are():
    modules = [cases, channels, incidents, keys, lists, people, rating, screening, vaults, webhooks]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    kinds = {each.what for each in [*found, Export] if issubclass(each, Operation) and not isabstract(each)} | {
        POLICIES
    }
    assert kinds == PARTIES.keys()
    page = (Path(__file__).parents[2] / "docs/approvals.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z.]+)` \|", page, re.MULTILINE)) == kinds
