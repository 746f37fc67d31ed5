"""The audit through the doors: every look and every change of a person or key is a record before it is done."""

import json
import re
from pathlib import Path

import pytest
from api_world import Api
from console_world import ZONE
from test_doors_api import ID, is_problem
from test_doors_console_versions import Guest

import jindi.doors
from jindi.access import ACTIONS, Rate, Scope, Sessions, SignInLinks
from jindi.basics.instants import MINUTE_US
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.fences import Fences, Rates, Turnstile
from jindi.journal import Heads, Signer, read_heads, tree_verifier
from jindi.ports import LogFailure
from jindi.run.audit import Actor, Audit
from jindi.run.trail import Wanted
from jindi.stores.lines import LineFile
from shop_world import CANARIES, NOON_US, PHONE, Shop, failing_append, pay, run

READS = [
    (f"/v1/decisions/{ID}", "decision.read", ID),
    (f"/v1/decisions/{ID}/explanation", "explanation.read", ID),
    (f"/v1/decisions/{ID}/replay", "replay.read", ID),
    ("/v1/decisions/dec_00000000ffff", "decision.read", "dec_00000000ffff"),
    ("/v1/packs", "packs.read", ""),
    ("/v1/policies", "policies.read", ""),
    ("/v1/policies/pay", "policy.read", "pay"),
    ("/v1/proposals", "proposals.read", ""),
    ("/v1/audit?who=nobody", "audit.read", ""),
]


async def doings(platform, **wanted):
    return (await Audit(platform).look(Wanted(**wanted))).doings


@pytest.mark.parametrize(("path", "what", "on"), READS)
def test_every_look_through_the_api_is_a_record(path, what, on):
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            answer = await api.ask("GET", path)
            (doing,) = await doings(api.shop.platform)
            assert (doing.what, doing.on, doing.outcome, doing.name) == (what, on, "allowed", "test")
            assert (doing.door, doing.request) == ("api", answer.headers["x-request-id"])
            assert doing.key.startswith("key_")

    run(go())


@pytest.mark.parametrize(("path", "what", "on"), READS)
def test_without_a_record_nobody_is_shown_anything(path, what, on):
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            with failing_append(api.shop.log, LogFailure("the disk is full")):
                answer = await api.ask("GET", path)
            is_problem(answer, 503, "not-recorded")
            assert "disk" not in answer.text

    run(go())


def test_an_entity_that_was_looked_for_is_named_by_its_token_only():
    async def go():
        async with Api() as api:
            for entity, value in [("user", "u1"), ("phone", PHONE), ("user", PHONE), ("device", "d/1")]:
                await api.ask("GET", f"/v1/entities/{entity}/{value}/features")
                await api.ask("POST", "/v1/entities/features", {"entity": entity, "value": value})
            found = await doings(api.shop.platform)
            assert [each.what for each in found] == ["entity.read"] * 8
            assert [each.on for each in found[::2]] == [each.on for each in found[1::2]]
            assert not [canary for canary in (*CANARIES, "d/1") if canary in json.dumps([each.on for each in found])]

    run(go())


def test_what_a_key_may_not_do_is_recorded_as_refused_and_what_nobody_asked_for_is_not():
    async def go():
        async with Api() as api:
            weak = api.key(Scope.EVENTS_WRITE, name="weak")
            for path in ("/v1/packs", "/metrics", "/v1/audit"):
                assert (await api.ask("GET", path, key=weak)).status_code == 403
            assert (await api.ask("POST", "/v1/policies/rollback", {"why": "x"}, key=weak)).status_code == 403
            assert (await api.ask("GET", "/v1/packs", key="jk_nobody")).status_code == 401
            assert (await api.ask("GET", "/metrics")).status_code == 200
            found = await doings(api.shop.platform)
            assert [(each.what, each.outcome, each.name) for each in found] == [
                ("sign_in.api", "refused", ""),
                ("version.roll_back", "refused", "weak"), ("audit.read", "refused", "weak"),
                ("metrics.read", "refused", "weak"), ("packs.read", "refused", "weak"),
            ]  # fmt: skip

    run(go())


def test_a_look_behind_a_place_finds_what_came_since_and_nothing_twice():
    async def go():
        async with Api() as api:
            for path in ("/v1/packs", "/v1/policies", "/v1/packs"):
                await api.ask("GET", path)
            audit = Audit(api.shop.platform)
            whole = (await audit.look(Wanted())).doings
            assert [each.what for each in whole] == ["packs.read", "policies.read", "packs.read"]
            for known in range(4):
                after = whole[-known].seq if known else None
                page = await audit.look(Wanted(after=after))
                assert (page.doings, page.older) == (whole[: 3 - known], None)
            assert (await audit.look(Wanted(after=whole[2].seq, before=whole[0].seq))).doings == whole[1:2]

    run(go())


def test_an_administrator_does_not_read_the_audit_and_an_auditor_does_nothing_else():
    async def go():
        async with Api() as api:
            admin, auditor = api.key(Scope.ADMIN, name="root"), api.key(Scope.AUDIT_READ, name="eve")
            assert (await api.ask("GET", "/v1/audit", key=admin)).status_code == 403
            assert (await api.ask("GET", "/v1/packs", key=auditor)).status_code == 403
            told = (await api.ask("GET", "/v1/audit", key=auditor)).json()
            assert [(each["what"], each["name"], each["outcome"]) for each in told["actions"]] == [
                ("audit.read", "eve", "allowed"), ("packs.read", "eve", "refused"), ("audit.read", "root", "refused"),
            ]  # fmt: skip
            assert told["older"] is None

    run(go())


def test_every_instant_of_the_audit_says_that_it_is_utc():
    async def go():
        async with Api() as api:
            await api.ask("GET", "/v1/packs")
            (action,) = (await api.ask("GET", "/v1/audit?what=packs")).json()["actions"]
            assert action["at"] == "2026-11-22T04:00:00Z"

    run(go())


def test_the_audit_is_paged_and_filtered_and_says_what_it_can_not_read():
    async def go():
        async with Api() as api:
            for _ in range(5):
                await api.ask("GET", "/v1/packs")
            page = (await api.ask("GET", "/v1/audit?what=packs&limit=2")).json()
            older = (await api.ask("GET", f"/v1/audit?what=packs.read&limit=9&before={page['older']}")).json()
            seqs = [each["seq"] for each in page["actions"] + older["actions"]]
            assert seqs == sorted(seqs, reverse=True)
            assert len(set(seqs)) == 5
            for wrong in ("before=x", "limit=201", "limit=0", "since=yesterday", "until=1", "nosuch=1"):
                is_problem(await api.ask("GET", f"/v1/audit?{wrong}"), 400, "bad-request")

    run(go())


def test_steps_with_versions_are_in_the_audit_once():
    async def go():
        from test_doors_versions import SECOND, served

        async with served() as (doors, jindi):
            from test_doors_versions import LOWER

            doors.office.save(LOWER)
            await jindi("shadow", "pay")
            found = await doings(doors.office.shop.platform, what="version")
            assert [(each.what, each.on) for each in found] == [("version.shadow", SECOND)]

    run(go())


def test_a_head_is_signed_on_demand_and_covers_that_it_was_asked_for(tmp_path):
    async def go():
        signer, lines = Signer("shop", bytes(32)), LineFile(tmp_path / "heads")
        shop = Shop()
        shop.platform._heads = Heads("shop", signer, shop.blobs, lines)
        async with Api(shop) as api:
            answer = await api.ask("POST", "/v1/heads")
            assert answer.status_code == 201
            head = read_heads(lines.read(), tree_verifier(signer.verifier))[-1]
            assert (head.seq, head.head.hex()) == (answer.json()["records"], answer.json()["root"])
            assert head.seq == shop.platform.log.next_seq()
            assert (await doings(shop.platform))[0].what == "head.write"
            assert f"jindi_head_records {head.seq}\n" in (await api.ask("GET", "/metrics")).text

    run(go())


def test_a_platform_without_a_key_to_sign_with_says_so():
    async def go():
        async with Api() as api:
            is_problem(await api.ask("POST", "/v1/heads"), 503, "not-now")

    run(go())


# ---- the console


class Rooms:
    """A shop behind a console with its audit."""

    async def __aenter__(self):
        self.shop = await Shop().__aenter__()
        self._serial = 0
        self.sessions, self.links = (kind(self.shop.blobs, self._chance) for kind in (Sessions, SignInLinks))
        self.app = build_console(
            PlatformSource(self.shop.platform), sessions=self.sessions, links=self.links, clock=self.shop.clock,
            zone=ZONE, audit=Audit(self.shop.platform),
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        await self.shop.__aexit__(*_)

    def _chance(self, count):
        self._serial += 1
        return self._serial.to_bytes(count, "big")

    def guest(self, who, *scopes, lang="en"):
        opened = self.sessions.open(who, frozenset(scopes), self.shop.clock.now_us())
        return Guest(self.app, opened.clear_id, lang)


def test_every_page_is_a_record_and_what_was_searched_for_is_a_token():
    async def go():
        async with Rooms() as rooms:
            await rooms.shop.send(pay(1))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            await ann.see("/console")
            page = await ann.see(f"/console/decisions?text={PHONE}&outcome=deny", 400)
            assert PHONE not in page
            await ann.see("/console/decisions.csv?rule=large")
            await ann.see(f"/console/decisions/{ID}")
            await ann.see("/console/audit", 403)
            found = await doings(rooms.shop.platform)
            assert [(each.what, each.outcome) for each in reversed(found)] == [
                ("overview.read", "allowed"), ("decisions.read", "allowed"), ("decisions.export", "allowed"),
                ("decision.read", "allowed"), ("audit.read", "refused"),
            ]  # fmt: skip
            assert {(each.name, each.door) for each in found} == {("ann", "console")}
            assert len({each.key for each in found}) == 1
            listed = found[3].on
            assert re.fullmatch(r"outcome=deny text=text\.[\w-]{22}", listed)
            assert (found[2].on, found[1].on) == ("rule=large", ID)

    run(go())


def test_a_number_in_an_address_or_a_search_is_in_no_record():
    async def go():
        async with Rooms() as rooms, Api() as api:
            ann = rooms.guest("ann", *Scope)
            for path in (
                f"/console/decisions?rule={PHONE}", f"/console/decisions?type=x-{PHONE}&who={PHONE}",
                f"/console/decisions/{PHONE}", f"/console/policies/{PHONE}", f"/console/audit?on={PHONE}",
                f"/console/decisions.csv?text={PHONE}",
            ):  # fmt: skip
                assert PHONE not in await ann.see(path, 400)
            assert PHONE not in await ann.send("/console/decisions", 400, text=PHONE, rule=PHONE)
            assert PHONE not in await ann.send("/console/audit", 400, on=PHONE, who="ann")
            for path in ("/v1/decisions/", "/v1/decisions/x-", "/v1/staff-alerts/"):
                assert (await api.ask("GET", path + PHONE)).status_code in (403, 404)
            for platform in (rooms.shop.platform, api.shop.platform):
                found = await doings(platform)
                assert found
                assert PHONE not in json.dumps([each.on for each in found])

    run(go())


def test_what_is_asked_of_the_audit_goes_by_form_and_comes_to_an_address():
    async def go():
        async with Rooms() as rooms:
            ann = rooms.guest("ann", Scope.AUDIT_READ)
            address = await ann.send("/console/audit", who="李敏", what="", on=ID, since="2026-11-01")
            assert address == f"/console/audit?who=%E6%9D%8E%E6%95%8F&on={ID}&since=2026-11-01"
            assert (await doings(rooms.shop.platform)) == (), "whoever opens the address is recorded then"
            await ann.see(address)
            page = await ann.send("/console/audit", 400, on=PHONE, who="ann")
            assert 'value="ann"' in page
            assert (await ann.http.post("/console/audit", data={"on": ID})).status_code == 403

    run(go())


def test_without_a_record_no_page_is_shown_and_nobody_comes_in():
    async def go():
        async with Rooms() as rooms:
            await rooms.shop.send(pay(1))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            token = rooms.links.create("bob", frozenset({Scope.ADMIN}), rooms.shop.clock.now_us())
            with failing_append(rooms.shop.log, LogFailure("the disk is full")):
                page = await ann.see(f"/console/decisions/{ID}", 503)
            assert "could not be journalled" in page
            assert "u1" not in page
            stranger = Guest(rooms.app, "nobody", "en")
            answer = await stranger.http.post("/sign-in", data={"token": token})
            assert answer.status_code == 503
            await rooms.shop.platform.tend()
            answer = await stranger.http.post("/sign-in", data={"token": token})
            assert answer.status_code == 303, "the link was not used up"
            assert (await doings(rooms.shop.platform))[0].what == "sign_in.link"

    run(go())


@pytest.mark.parametrize(("lang", "words"), [("en", "Read the overview"), ("zh", "查看总览")])
def test_the_page_of_the_audit_shows_who_did_what_and_that_it_was_looked_at(lang, words):
    async def go():
        async with Rooms() as rooms:
            nasty = "<b onmouseover=alert(1)>王"
            await rooms.guest(nasty, Scope.DECISIONS_READ).see("/console")
            eve = rooms.guest("eve", Scope.AUDIT_READ, lang=lang)
            page = await eve.see("/console/audit")
            assert words in page
            assert nasty not in page
            assert "&lt;b onmouseover" in page
            assert page.count("<tr>") == 3, "a head and two rows: the look itself is one of them"
            assert (
                page.count("<tr>")
                == (await eve.see("/console/audit?what=audit.read&who=nobody&since=x")).count("<tr>") + 3
            )
            assert "eve" in await eve.see("/console/audit?who=eve&since=2024-01-01&until=2999-01-01")
            assert 'href="/console/audit"' in page
            reader = rooms.guest("ann", Scope.DECISIONS_READ, lang=lang)
            assert 'href="/console/audit"' not in await reader.see("/console")

    run(go())


def test_the_page_of_the_audit_is_paged():
    async def go():
        async with Rooms() as rooms:
            eve = rooms.guest("eve", Scope.AUDIT_READ)
            for _ in range(60):
                await eve.see("/console/audit?who=nobody")
            page = await eve.see("/console/audit")
            (older,) = re.findall(r'rel="next" href="([^"]+)"', page)
            page = await eve.see(older)
            assert page.count("<tr>") == 1 + 11
            assert 'rel="next"' not in page

    run(go())


def test_every_action_that_the_doors_record_has_its_words_in_both_languages():
    doors = Path(jindi.doors.__file__).parent
    calls = "_needs|_guard|_with|_act|act|_entering|_not_let_in|get|post|_alone"
    recorded = re.compile(rf'(?:{calls})\([^"]*(?:"/[^"]*",[^"]*)?"((?!error|people|kept)\w+\.(?!html\b)\w+)"')
    found = {
        what for path in doors.rglob("*.py") for what in recorded.findall(re.sub(r"\s+", " ", path.read_text("utf-8")))
    }
    assert {"decision.read", "audit.read", "platform.stop", "version.approve", "sign_in.key"} <= found
    assert not {what for what in found if what not in ACTIONS}


def test_an_auditor_who_comes_in_sees_the_audit_at_once():
    async def go():
        async with Rooms() as rooms:
            token = rooms.links.create("eve", frozenset({Scope.AUDIT_READ}), rooms.shop.clock.now_us())
            answer = await Guest(rooms.app, "nobody", "en").http.post("/sign-in", data={"token": token})
            assert answer.headers["location"] == "/console/audit"

    run(go())


def test_vain_sign_ins_are_recorded_and_can_not_fill_the_disk():
    async def go():
        async with Rooms() as rooms:
            stranger = Guest(rooms.app, "nobody", "en")
            for n in range(25):
                answer = await stranger.http.post("/sign-in", data={"token": f"guess{n}"})
                assert answer.status_code == 410
            found = await doings(rooms.shop.platform)
            assert [(each.what, each.outcome, each.name) for each in found] == [("sign_in.link", "refused", "")] * 10
            rooms.shop.clock.at_us += 60_000_000
            await stranger.http.post("/sign-in", data={"token": "guess"})
            assert len(await doings(rooms.shop.platform)) == 11
            with failing_append(rooms.shop.log, LogFailure("the disk is full")):
                assert (await stranger.http.post("/sign-in", data={"token": "guess"})).status_code == 410

    run(go())


def test_a_key_that_is_none_is_recorded_and_can_not_fill_the_disk():
    async def go():
        async with Api() as api:
            assert (await api.ask("GET", "/v1/packs", key="")).status_code == 401
            assert await doings(api.shop.platform) == (), "who brings no key has not tried to come in"
            for n in range(25):
                path, method = (("/v1/packs", "GET"), ("/v1/events", "POST"))[n % 2]
                assert (await api.ask(method, path, b"{}", key=f"jk_guess{n}")).status_code == 401
            found = await doings(api.shop.platform)
            assert [(each.what, each.outcome, each.name, each.door) for each in found] == [
                ("sign_in.api", "refused", "", "api")
            ] * 10
            assert "guess" not in repr(found)
            with failing_append(api.shop.log, LogFailure("the disk is full")):
                assert (await api.ask("GET", "/v1/packs", key="jk_guess")).status_code == 401

    run(go())


def test_forged_forms_are_recorded_under_nobodys_name():
    async def go():
        async with Rooms() as rooms:
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            for headers, csrf in (({"origin": "https://evil.test"}, ann.csrf), ({}, "f" * 64)):
                answer = await ann.http.post("/sign-out", data={"csrf": csrf}, headers=headers)
                assert answer.status_code == 403
            found = await doings(rooms.shop.platform)
            assert [(each.what, each.outcome, each.name) for each in found] == [("form.forged", "refused", "")] * 2

    run(go())


def test_requests_beyond_a_rate_are_recorded_with_whose_key_it_was_and_can_not_fill_the_disk():
    async def go():
        turnstile = Turnstile(Rates(events=Rate(2, MINUTE_US)), lambda: NOON_US)
        async with Api(fences=Fences(turnstile=turnstile)) as api:
            told = [(await api.post(pay(n))).status_code for n in range(30)]
            assert told == [200] * 2 + [429] * 28
            found = await doings(api.shop.platform)
            assert [(each.what, each.outcome, each.name) for each in found] == [
                ("door.flooded", "refused", "test")
            ] * 10

    run(go())


def test_noise_at_one_door_drowns_no_other():
    async def go():
        async with Rooms() as rooms:
            audit = Audit(rooms.shop.platform)
            for _ in range(30):
                await audit.failed(Actor("", "", "api"), "sign_in.api")
            await audit.failed(Actor("", "", "console"), "sign_in.password")
            found = await doings(rooms.shop.platform)
            assert [each.what for each in found] == ["sign_in.password"] + ["sign_in.api"] * 10

    run(go())


def test_signing_out_is_a_record_and_goes_on_without_one():
    async def go():
        async with Rooms() as rooms:
            await rooms.shop.send(pay(1))
            await rooms.guest("ann", Scope.DECISIONS_READ).send("/sign-out")
            assert (await doings(rooms.shop.platform))[0].what == "sign_out"
            bob = rooms.guest("bob", Scope.DECISIONS_READ)
            with failing_append(rooms.shop.log, LogFailure("the disk is full")):
                await bob.send("/sign-out")
            assert rooms.sessions.read(bob.http.cookies["jindi_session"], rooms.shop.clock.now_us()) is None

    run(go())
