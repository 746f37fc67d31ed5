"""Clear text at both doors: what works, what every way round it meets, and that nothing of it stays anywhere."""

import json
import logging
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import httpx
import pytest
from api_world import Api

from clear_world import CASE, FRAUD, ID_CARD, MASKS, OTHER_PHONE, Desk, actor, senior
from jindi.access import Permits, Role, Scope, Sessions, SignInLinks, csrf_token
from jindi.doors.console import build_console
from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.ports import LogFailure
from jindi.run.platform import Settings
from jindi.run.reveals import REVEALS_1H
from shop_world import CANARIES, CARD, DEVICE, NOON_US, PHONE, event, failing_append, pay, run

HOST = "http://jindi.test"
NASTY = "<img src=x onerror=alert(1)>\u202e王"


class Staff(Sessions):
    """Sessions of people who have roles and showed a factor."""

    def __init__(self, *given):
        super().__init__(*given)
        self.roles, self.mfa_us = {}, {}

    def read(self, clear_id, now_us, *, use=True):
        session = super().read(clear_id, now_us, use=use)
        if session is None or session.who not in self.roles:
            return session
        return replace(
            session, account=f"per_{session.who}", roles=self.roles[session.who], mfa_us=self.mfa_us[session.who]
        )


class Visit:
    """One person's browser, in the running loop."""

    def __init__(self, world, who, roles=(Role.ANALYST,), mfa_us=NOON_US, scopes=None):
        self.world, self.who = world, who
        if scopes is None:
            world.sessions.roles[who], world.sessions.mfa_us[who] = frozenset(roles), mfa_us
        opened = world.sessions.open(who, frozenset(scopes or ()), world.clock.now_us())
        self.clear_id, self.csrf = opened.clear_id, csrf_token(opened.clear_id)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(world.console, raise_app_exceptions=True), base_url=HOST,
            cookies={"jindi_session": opened.clear_id}, headers={"accept-language": "en"},
        )  # fmt: skip

    async def get(self, path):
        return await self.http.get(path)

    async def post(self, path, headers=None, **form):
        form = {"csrf": self.csrf} | {name.replace("__", "."): value for name, value in form.items()}
        return await self.http.post(path, data={k: v for k, v in form.items() if v is not None}, headers=headers or {})

    async def once(self, path):
        return re.search(r'name="once" value="([^"]+)"', (await self.get(path)).text)[1]

    async def reveal(self, decision, *fields, **more):
        path = f"/console/decisions/{decision}/reveal"
        once = more.pop("once", None) or await self.once(path)
        given = {f"field.{name}": "1" for name in fields or ("phone",)}
        return await self.post(path, **{"once": once, "purpose": FRAUD, "case": CASE} | given | more)

    async def find(self, value, kind="phone", **more):
        once = more.pop("once", None) or await self.once("/console/find")
        return await self.post("/console/find", **{"once": once, "kind": kind, "value": value, "purpose": FRAUD,
                                                    "case": CASE} | more)  # fmt: skip


class World(Desk):
    """The desk behind its console."""

    async def __aenter__(self):
        await super().__aenter__()
        chance = iter(range(1, 10**6))
        self.sessions = Staff(self.blobs, lambda count: next(chance).to_bytes(count, "big"))
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions,
            links=SignInLinks(self.blobs, bytes), clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=Permits(), reveals=self.reveals,
            rights=self.rights,
            more=[lambda doors: CustomerPages(self.platform, doors, self.audit, self.reveals)],
        )  # fmt: skip
        return self


@asynccontextmanager
async def api():
    async with Api(Desk()) as door:
        door.opener = door.key(Scope.VAULT_OPEN, Scope.DECISIONS_READ, name="payouts")
        door.reader = door.key(Scope.DECISIONS_READ, Scope.ENTITIES_READ, Scope.ADMIN, name="reader")
        door.rights_key = door.key(Scope.SUBJECTS_ACT, name="crm")
        yield door


def asked(door, *fields, **more):
    return {"decision": door.shop.first, "fields": list(fields or ("phone",)), "purpose": FRAUD, "case": CASE} | more


def clean(answer, *more):
    """That an answer holds no clear text, in its body or its head."""
    said = answer.text + str(answer.headers)
    return not [text for text in (*CANARIES, OTHER_PHONE, *more) if text in said]


# ---- the API


def test_a_key_with_the_scope_sees_masks_and_reveals_and_nothing_may_be_cached():
    async def go():
        async with api() as door:
            read = await door.ask("GET", f"/v1/decisions/{door.shop.first}?masks=true", key=door.opener)
            assert {each["field"]: each["mask"] for each in read.json()["personal"]} == MASKS
            assert {each["class"] for each in read.json()["personal"]} == {"C2"}
            assert clean(read)
            assert read.headers["cache-control"] == "no-store"
            shown = await door.ask("POST", "/v1/vault/reveal", asked(door, "phone", "card"), key=door.opener)
            assert {each["field"]: each["value"] for each in shown.json()["fields"]} == {"phone": PHONE, "card": CARD}
            assert shown.headers["cache-control"] == "no-store"
            record = door.shop.actions("vault.reveal")[0]
            assert (record.name, record.door, record.rows) == ("payouts", "api", 2)
            assert record.request == shown.headers["x-request-id"]

    run(go())


def test_an_entity_is_asked_for_with_masks():
    async def go():
        async with api() as door:
            both = door.key(Scope.VAULT_OPEN, Scope.ENTITIES_READ, name="desk")
            user = await door.ask("GET", "/v1/entities/user/u1/features?masks=true", key=both)
            assert sorted(each["mask"] for each in user.json()["personal"]) == sorted(MASKS.values())
            assert clean(user)
            device = door.shop.token("device")
            found = await door.ask("GET", f"/v1/entities/device/{device}/features?masks=true", key=both)
            assert found.json()["personal"] == [{"kind": "device", "token": device, "mask": MASKS["device"]}]
            blind = await door.ask("GET", "/v1/entities/user/u1/features?masks=true", key=door.reader)
            assert {each["mask"] for each in blind.json()["personal"]} == {None}
            plain = await door.ask("GET", "/v1/entities/user/u1/features", key=both)
            assert "personal" not in plain.json()

    run(go())


def test_a_key_without_the_scope_sees_that_there_is_something_and_no_mask_of_it():
    async def go():
        async with api() as door:
            read = await door.ask("GET", f"/v1/decisions/{door.shop.first}?masks=true", key=door.reader)
            assert {(each["level"], each["mask"]) for each in read.json()["personal"]} == {("hidden", None)}
            for path, body in (("/v1/vault/reveal", asked(door)), ("/v1/vault/search", {"kind": "phone", "value": PHONE,
                               "purpose": FRAUD, "case": CASE})):  # fmt: skip
                refused = await door.ask("POST", path, body, key=door.reader)
                assert refused.status_code == 403
                assert clean(refused)

    run(go())


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"case": ""}, 400, "bad_case"), ({"case": PHONE}, 400, "bad_case"), ({"purpose": "x"}, 400, "bad_purpose"),
        ({"purpose": "reconciliation"}, 403, "other_kind"), ({"fields": []}, 400, "no_field"),
        ({"fields": ["phone"] + [f"f{n}" for n in range(9)]}, 400, "too_many"),
        ({"decision": "dec_000000000fff"}, 404, "not_kept"), ({"fields": ["retry_of"]}, 404, "not_kept"),
        ({"fields": ["phone", "amount"]}, 404, "not_kept"), ({"decision": PHONE}, 404, "not_kept"),
    ],
)  # fmt: skip
def test_an_attacker_bends_a_reveal_and_is_refused_without_a_word_of_what_he_sent(change, status, code):
    async def go():
        async with api() as door:
            answer = await door.ask("POST", "/v1/vault/reveal", asked(door) | change, key=door.opener)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert clean(answer)
            (record,) = door.shop.actions("vault.reveal")
            assert not record.allowed

    run(go())


@pytest.mark.parametrize(
    "body",
    [
        {"rows": 1}, {"allowed": True}, {"roles": ["auditor"]}, {"mfa_us": NOON_US}, {"about": "x"}, {"level": "none"},
        {"purpose": ["fraud_investigation"]}, {"purpose": None}, {"fields": "phone"}, {"fields": [["phone"]]},
        {"case": {"$ne": ""}}, {"subject": "u1", "tokens": ["phone.x"]},
    ],
)  # fmt: skip
def test_an_attacker_sends_along_what_is_not_his_to_say(body):
    async def go():
        async with api() as door:
            answer = await door.ask("POST", "/v1/vault/reveal", asked(door) | body, key=door.opener)
            assert answer.status_code == 400
            assert clean(answer)

    run(go())


def test_an_attacker_gives_one_name_twice_and_nothing_is_taken():
    async def go():
        async with api() as door:
            twice = json.dumps(asked(door))[:-1] + ', "purpose": "legal_order"}'
            answer = await door.ask("POST", "/v1/vault/reveal", twice.encode(), key=door.opener)
            assert answer.status_code == 400
            assert clean(answer)
            assert door.shop.actions("vault.reveal") == []

    run(go())


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "PATCH"])
def test_an_attacker_puts_clear_text_into_an_address_and_gets_nothing(method):
    async def go():
        async with api() as door:
            for path in ("/v1/vault/reveal", "/v1/vault/search"):
                asked_ = f"kind=phone&value={PHONE}&purpose={FRAUD}&case={CASE}"
                address = f"{path}?{asked_}&decision={door.shop.first}&fields=phone"
                answer = await door.ask(method, address, key=door.opener)
                assert answer.status_code == 405
                assert clean(answer)
            posted = await door.ask("POST", f"/v1/vault/search?value={PHONE}", {"kind": "phone", "value": PHONE,
                                    "purpose": FRAUD, "case": CASE}, key=door.opener)  # fmt: skip
            assert posted.status_code == 400
            assert clean(posted)
            assert door.shop.actions("vault.search") == []

    run(go())


def test_an_attacker_searches_and_cannot_tell_what_was_erased_from_what_never_was():
    async def go():
        async with api() as door:
            body = {"kind": "phone", "value": PHONE, "purpose": FRAUD, "case": CASE}
            found = await door.ask("POST", "/v1/vault/search", body, key=door.opener)
            assert found.json()["subjects"] == ["u1"]
            assert clean(found)
            opened = await door.ask(
                "POST", "/v1/subjects/requests", {"kind": "erase", "subject": "u1"}, key=door.rights_key
            )
            await door.ask("POST", f"/v1/subjects/requests/{opened.json()['id']}/erase", {}, key=door.rights_key)
            gone = await door.ask("POST", "/v1/vault/search", body, key=door.opener)
            never = await door.ask("POST", "/v1/vault/search", body | {"value": "13700000000"}, key=door.opener)
            assert gone.status_code == never.status_code == 404
            assert gone.content == never.content
            nowhere = await door.ask(
                "POST", "/v1/vault/reveal", asked(door, decision="dec_000000000fff"), key=door.opener
            )
            other = await door.ask("POST", "/v1/vault/reveal", asked(door, "phone_2"), key=door.opener)
            assert nowhere.content == other.content

    run(go())


def test_an_attacker_has_two_keys_of_one_name_and_meets_one_limit():
    async def go():
        async with api() as door:
            again = door.key(Scope.VAULT_OPEN, name="Payouts")
            for n in range(REVEALS_1H // 2):
                key = door.opener if n % 2 else again
                answer = await door.ask("POST", "/v1/vault/reveal", asked(door, "phone", "ip"), key=key)
                assert answer.status_code == 200
            for key in (door.opener, again):
                refused = await door.ask("POST", "/v1/vault/reveal", asked(door), key=key)
                assert (refused.status_code, refused.json()["code"]) == (429, "limit")
                assert clean(refused)

    run(go())


def test_when_the_journal_is_down_the_api_shows_nothing():
    async def go():
        async with api() as door:
            with failing_append(door.shop.log, LogFailure("the disk is full")):
                answer = await door.ask("POST", "/v1/vault/reveal", asked(door), key=door.opener)
            assert answer.status_code == 503
            assert clean(answer)

    run(go())


def test_a_request_for_an_export_has_its_clock_and_the_export_streams_to_its_end():
    async def go():
        async with api() as door:
            body = {"kind": "export", "subject": "u1", "received": "2026-11-20", "reference": "REQ-2026-0007"}
            opened = await door.ask("POST", "/v1/subjects/requests", body, key=door.rights_key)
            assert opened.status_code == 201
            assert (opened.json()["due"], opened.json()["overdue"]) == ("2026-12-05", False)
            listed = await door.ask("GET", "/v1/subjects/requests", key=door.rights_key)
            assert [each["id"] for each in listed.json()["requests"]] == [opened.json()["id"]]
            path = f"/v1/subjects/requests/{opened.json()['id']}/export"
            for key in (door.opener, door.reader):
                assert (await door.ask("POST", path, {}, key=key)).status_code == 403
            told = await door.ask("POST", path, {}, key=door.rights_key)
            lines = [json.loads(line) for line in told.content.splitlines()]
            assert PHONE in [each["vault"]["value"] for each in lines if "vault" in each]
            assert "end" in lines[-1]
            assert told.headers["cache-control"] == "no-store"
            assert (await door.ask("POST", path, {}, key=door.rights_key)).status_code == 409
            closed = (await door.ask("GET", "/v1/subjects/requests", key=door.rights_key)).json()["requests"][0]
            assert (closed["state"], closed["rows"]) == ("fulfilled", 5)

    run(go())


def test_a_correction_and_a_refusal_over_the_api():
    async def go():
        async with api() as door:
            key, one = door.rights_key, "/v1/subjects/requests"
            asked_ = (await door.ask("POST", one, {"kind": "correct", "subject": "u1"}, key=key)).json()["id"]
            body = {"token": door.shop.token("phone"), "value": OTHER_PHONE}
            right = await door.ask("POST", f"{one}/{asked_}/correct", body, key=key)
            assert right.status_code == 200
            assert clean(right)
            again = (await door.ask("POST", one, {"kind": "erase", "subject": "u1"}, key=key)).json()["id"]
            assert (await door.ask("POST", f"{one}/{again}/refuse", {"reason": "no"}, key=key)).status_code == 400
            ended = await door.ask("POST", f"{one}/{again}/refuse", {"reason": "law_keeps"}, key=key)
            assert ended.json()["state"] == "refused"

    run(go())


# ---- the console


def test_the_page_of_a_decision_shows_masks_and_the_reveal_shows_clear_text_for_a_while():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            page = await visit.get(f"/console/decisions/{world.first}")
            for masked in MASKS.values():
                assert masked in page.text
            assert clean(page)
            form = await visit.get(f"/console/decisions/{world.first}/reveal")
            assert form.status_code == 200
            assert clean(form)
            shown = await visit.reveal(world.first, "phone", "card")
            assert shown.status_code == 200
            assert PHONE in shown.text
            assert CARD in shown.text
            assert DEVICE not in shown.text
            assert shown.headers["cache-control"] == "no-store"
            assert shown.headers["refresh"] == f"60; url=/console/decisions/{world.first}"
            assert "set-cookie" not in shown.headers
            record = world.actions("vault.reveal")[0]
            assert (record.name, record.case, record.purpose, record.rows, record.on) == (
                "limin", CASE, FRAUD, 2, world.first,
            )  # fmt: skip

    run(go())


def test_who_needs_nobodys_number_sees_no_mask_and_no_way_to_more():
    async def go():
        async with World() as world:
            for role in (Role.AUDITOR, Role.APPROVER, Role.POLICY_AUTHOR):
                visit = Visit(world, f"x{role}", roles=(role,))
                page = await visit.get(f"/console/decisions/{world.first}")
                assert page.status_code == 200
                assert not [masked for masked in MASKS.values() if masked in page.text]
                assert "/reveal" not in page.text
                assert (await visit.get(f"/console/decisions/{world.first}/reveal")).status_code == 403
                assert (await visit.get("/console/find")).status_code == 403
                assert (await visit.post("/console/find", value=PHONE)).status_code == 403
                assert (await visit.get("/console/subjects")).status_code == 403

    run(go())


def test_an_attacker_sends_a_form_of_clear_text_a_second_time():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            once = await visit.once(f"/console/decisions/{world.first}/reveal")
            assert (await visit.reveal(world.first, once=once)).status_code == 200
            again = await visit.reveal(world.first, once=once)
            assert again.status_code == 409
            assert clean(again)
            assert len(world.actions("vault.reveal")) == 1

    run(go())


def test_an_attacker_sends_a_form_without_its_mark_with_another_decisions_or_with_another_sessions():
    async def go():
        async with World() as world:
            visit, other = Visit(world, "limin"), Visit(world, "wang")
            there = f"/console/decisions/{world.other}/reveal"
            here = f"/console/decisions/{world.first}/reveal"
            theirs = [await visit.once(there), await other.once(here), await visit.once("/console/find")]
            for once in ("", "x" * 24, *theirs):
                answer = await visit.reveal(world.first, once=once or "-")
                assert answer.status_code == 409
                assert clean(answer)
            mark = await visit.once(f"/console/decisions/{world.first}/reveal")
            world.clock.at_us += 11 * 60_000_000
            assert (await visit.reveal(world.first, once=mark)).status_code == 409
            assert world.actions("vault.reveal") == []

    run(go())


def test_an_attacker_makes_a_browser_send_the_form_from_elsewhere():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            path = f"/console/decisions/{world.first}/reveal"
            for forged, headers in (
                ({"csrf": None}, {}), ({"csrf": "0" * 64}, {}), ({"csrf": csrf_token("another")}, {}),
                ({}, {"sec-fetch-site": "cross-site"}), ({}, {"origin": "http://evil.test"}),
                ({}, {"sec-fetch-site": "same-site"}),
            ):  # fmt: skip
                once = await visit.once(path)
                given = {"once": once, "purpose": FRAUD, "case": CASE, "field__phone": "1"} | forged
                answer = await visit.post(path, headers=headers, **given)
                assert answer.status_code == 403
                assert clean(answer)
            assert [record for record in world.actions("vault.reveal") if record.allowed] == []

    run(go())


@pytest.mark.parametrize("path", ["/console/find", "/console/decisions/{}/reveal"])
def test_an_attacker_asks_by_address_and_is_refused_and_the_address_is_not_said_again(path):
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            query = f"?kind=phone&value={PHONE}&purpose={FRAUD}&case={CASE}&field.phone=1&once=x&csrf={visit.csrf}"
            answer = await visit.get(path.format(world.first) + query)
            assert answer.status_code == 400
            assert clean(answer)
            for method in ("PUT", "DELETE"):
                assert (await visit.http.request(method, path.format(world.first))).status_code == 405
            assert not [each for each in world.actions() if each.what.startswith("vault.")]

    run(go())


def test_an_attacker_with_a_stale_factor_sees_what_is_less_sensitive_only():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin", mfa_us=NOON_US - 6 * 60_000_000)
            refused = await visit.reveal(world.first, "card")
            assert refused.status_code == 403
            assert "second factor" in refused.text
            assert "/console/account/again?back=" in refused.text
            assert clean(refused)
            assert PHONE in (await visit.reveal(world.first, "phone")).text
            senior = Visit(world, "wang", roles=(Role.SENIOR_ANALYST,), mfa_us=None)
            opened = await senior.post("/console/subjects", asked="export", subject="u1")
            assert opened.status_code == 303
            answer = await senior.post(opened.headers["location"].partition("?")[0] + "/export")
            assert answer.status_code == 403
            assert clean(answer)

    run(go())


def test_an_attacker_opens_session_after_session_and_meets_one_limit():
    async def go():
        async with World() as world:
            for _ in range(REVEALS_1H // 2):
                assert (await Visit(world, "limin").reveal(world.first, "phone", "ip")).status_code == 200
            for visit in (Visit(world, "limin"), Visit(world, "LIMIN ")):
                refused = await visit.reveal(world.first)
                assert refused.status_code == 429
                assert clean(refused)
            assert (await Visit(world, "wang").reveal(world.first)).status_code == 200

    run(go())


def test_an_attacker_without_a_case_or_purpose_gets_the_form_back_without_what_he_wrote_into_it():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            for wrong in ({"case": ""}, {"case": "because I say so"}, {"purpose": ""}, {"purpose": NASTY}):
                answer = await visit.reveal(world.first, **wrong)
                assert answer.status_code == 400
                assert "<img" not in answer.text
                assert clean(answer)
            found = await visit.find(PHONE, case="no")
            assert found.status_code == 400
            assert clean(found)

    run(go())


def test_an_attacker_puts_another_decisions_field_into_the_form():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            token = world.token("phone", world.other)
            for name in ("amount", "user", token, "../phone", "phone.x"):
                answer = await visit.reveal(world.first, "phone", name)
                assert answer.status_code == 404
                assert clean(answer)

    run(go())


def test_an_attackers_text_in_the_vault_is_text_on_the_page():
    async def go():
        async with World() as world:
            made = (await world.send(event("open_account", "o1", user="u9", name=NASTY)))["decision_id"]
            visit = Visit(world, "limin")
            shown = await visit.reveal(made, "name")
            assert "<img" not in shown.text
            assert "&lt;img src=x onerror=alert(1)&gt;" in shown.text
            assert "<bdi data-clear>" in shown.text
            page = await visit.get(f"/console/decisions/{made}")
            assert "<img" not in page.text

    run(go())


def test_a_person_with_a_number_in_hand_finds_whom_it_belongs_to_and_the_number_comes_back_nowhere():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            found = await visit.find("138-1234 5678")
            assert found.status_code == 200
            assert "/console/entities/user/u1" in found.text
            assert clean(found, "138-1234 5678")
            page = await visit.get("/console/entities/user/u1")
            assert page.status_code == 200
            for masked in MASKS.values():
                assert masked in page.text
            assert clean(page)
            nobody = await visit.find("13700000000")
            assert nobody.status_code == 404
            records = [each for each in world.actions("vault.search") if each.allowed]
            assert [each.purpose for each in records] == [FRAUD, FRAUD]

    run(go())


def test_an_attacker_writes_a_number_into_the_address_of_an_entity():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            for key, value in (("card", CARD), ("device", DEVICE)):
                answer = await visit.get(f"/console/entities/{key}/{value}")
                assert answer.status_code == 400
                assert clean(answer)
            assert (await visit.get("/console/entities/nothing/x")).status_code == 404
            assert not [each for each in world.actions("entity.read") if CARD in each.on]

    run(go())


def test_an_attacker_looks_for_what_is_masked_in_lists_exports_explanations_and_errors():
    async def go():
        async with World() as world:
            visit = Visit(world, "wang", roles=(Role.SENIOR_ANALYST,))
            await visit.reveal(world.first)
            for path in (
                "/console/decisions", f"/console/decisions?text={'5678'}", "/console/decisions.csv",
                "/console/decisions?sort=phone", f"/console/decisions/{world.first}", "/console",
                "/console/decisions?rule=phone", f"/console/decisions/{world.first}x", "/console/policies",
                "/console/live.json", "/console/subjects", "/console/subjects/x",
            ):  # fmt: skip
                answer = await visit.get(path)
                assert clean(answer), path
            listed = await visit.get("/console/decisions?text=138****5678")
            assert world.first not in listed.text

    run(go())


def test_when_the_journal_is_down_the_console_shows_nothing_and_opens_nothing():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            once = await visit.once(f"/console/decisions/{world.first}/reveal")
            world.vault.open_one = lambda *_: pytest.fail("it was opened")
            with failing_append(world.log, LogFailure("the disk is full")):
                answer = await visit.reveal(world.first, once=once)
            assert answer.status_code == 503
            assert clean(answer)

    run(go())


def test_whoever_is_not_signed_in_is_sent_to_the_door():
    async def go():
        async with World() as world:
            visit = Visit(world, "limin")
            visit.http.cookies.clear()
            for path in (f"/console/decisions/{world.first}/reveal", "/console/find", "/console/subjects",
                         "/console/entities/user/u1"):  # fmt: skip
                assert (await visit.get(path)).headers["location"].startswith("/sign-in")
                answer = await visit.http.post(path, data={"value": PHONE})
                assert answer.status_code in (303, 405)
                assert clean(answer)

    run(go())


def test_a_session_opened_with_a_link_sees_no_card_and_answers_no_request():
    async def go():
        async with World() as world:
            visit = Visit(world, "operator", scopes=(Scope.VAULT_OPEN, Scope.SUBJECTS_ACT, Scope.DECISIONS_READ))
            assert (await visit.reveal(world.first, "card")).status_code == 403
            assert PHONE in (await visit.reveal(world.first)).text
            opened = await visit.post("/console/subjects", asked="erase", subject="u1")
            page = opened.headers["location"].partition("?")[0]
            assert (await visit.post(f"{page}/erase", sure="yes")).status_code == 403
            assert world.vault.has("u1")

    run(go())


def test_requests_and_their_clocks_on_the_console():
    async def go():
        async with World() as world:
            visit = Visit(world, "wang", roles=(Role.SENIOR_ANALYST,))
            bad = await visit.post("/console/subjects", asked="export", subject=OTHER_PHONE)
            assert bad.status_code == 400
            assert clean(bad)
            late = await visit.post("/console/subjects", asked="export", subject="u1", received="2026-10-01")
            assert late.status_code == 303
            listed = await visit.get("/console/subjects")
            assert "37 d overdue" in listed.text
            page = late.headers["location"].partition("?")[0]
            shown = await visit.get(page)
            assert MASKS["phone"] in shown.text
            assert clean(shown)
            told = await visit.post(f"{page}/export")
            assert told.headers["content-disposition"].startswith("attachment")
            assert told.headers["cache-control"] == "no-store"
            assert PHONE in told.text
            assert "fulfilled" in (await visit.get(page)).text
            erase = await visit.post("/console/subjects", asked="erase", subject="u1")
            one = erase.headers["location"].partition("?")[0]
            assert (await visit.post(f"{one}/erase")).status_code == 400
            assert (await visit.post(f"{one}/erase", sure="yes")).headers["location"].endswith("done=erased")
            assert MASKS["phone"] not in (await visit.get(f"/console/decisions/{world.first}")).text
            refused = await visit.post("/console/subjects", asked="export", subject="u2")
            two = refused.headers["location"].partition("?")[0]
            assert (await visit.post(f"{two}/refuse", reason="made up")).status_code == 400
            assert (await visit.post(f"{two}/refuse", reason="unfounded")).status_code == 303

    run(go())


def test_with_four_eyes_the_page_of_an_erasure_leads_to_the_second_person_and_comes_back_to_be_answered():
    async def go():
        async with World(settings=Settings(four_eyes=True)) as world:
            visit = Visit(world, "limin", roles=(Role.SENIOR_ANALYST,))
            opened = await visit.post("/console/subjects", asked="erase", subject="u1")
            one = opened.headers["location"].partition("?")[0]
            page = (await visit.get(one)).text
            assert f'action="{one}/erase"' not in page
            assert 'action="/console/approvals/propose"' in page
            assert '<input type="hidden" name="kind" value="subject.erase">' in page
            assert '<input type="hidden" name="subject" value="u1">' in page
            world.vault.erase("u1", world.clock.now_us())
            assert f'action="{one}/erase"' in (await visit.get(one)).text
            answered = await visit.post(f"{one}/erase", sure="yes")
            assert answered.headers["location"].endswith("done=erased")

    run(go())


def test_an_analyst_may_look_for_clear_text_and_not_answer_requests():
    async def go():
        async with World() as world:
            who = senior()
            request = await world.rights.open(who, actor(who), "erase", "u1")
            visit = Visit(world, "limin")
            for what in ("export", "correct", "erase", "refuse"):
                assert (await visit.post(f"/console/subjects/{request.id}/{what}", sure="yes")).status_code == 403
            assert world.vault.has("u1")

    run(go())


def test_after_everything_no_log_line_no_metric_no_blob_and_no_record_holds_a_canary(caplog, capfd):
    caplog.set_level(logging.DEBUG)

    async def go():
        async with World() as world:
            visit = Visit(world, "wang", roles=(Role.SENIOR_ANALYST,))
            await visit.reveal(world.first, "phone", "card", "device", "ip")
            await visit.find(PHONE)
            await visit.find(PHONE, case="x")
            await visit.find("nonsense " + PHONE)
            await visit.reveal(world.first, PHONE)
            opened = await visit.post("/console/subjects", asked="export", subject="u1")
            await visit.post(opened.headers["location"].partition("?")[0] + "/export")
            await world.send(event("open_account", "o1", user="u9", id_card=ID_CARD))
            await world.platform.snapshot()
            raw = b"".join(bytes(frame.batch) for frame in world.log.read(0))
            raw += b"".join(world.blobs.load(name) or b"" for name in world.blobs.names())
            raw += "\n".join(world.told).encode()
            return raw

    raw = run(go())
    told = caplog.text + "".join(capfd.readouterr())
    for canary in (*CANARIES, ID_CARD):
        assert canary.encode() not in raw
        assert canary not in told


def test_a_payment_page_of_today_keeps_its_tokens_beside_the_masks():
    async def go():
        async with World() as world:
            await world.send(pay(40, user="u7"))
            visit = Visit(world, "limin")
            page = await visit.get(f"/console/decisions/{world.first}")
            assert world.token("phone")[:14] in page.text

    run(go())
