"""Attacks on every address at once: forged forms, strangers' rights, fields that are nobody's to send, other methods,
other places for a key, files that are none of ours. Each walks the doors' own table, so a new address is attacked, too.
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode
from pathlib import Path

import httpx
import pytest
from api_world import Api
from people_world import GOOD, Rooms
from test_doors_matrix import all_doors, console_of

import jindi
import jindi.doors.console as console_room
from jindi.access import Role, Scope, Sessions, Staff, csrf_token
from jindi.doors.console.words import WORDS
from jindi.doors.serve import behind_proxy
from jindi.stores.files import MemoryBlobs
from shop_world import NOON_US, Shop, pay, run
from staff_world import sealer

CONSOLE = Path(console_room.__file__).parent
WRONG = "f" * 64
"""A form's token that nobody was given."""


def address(path):
    """An address of the table with something in each of its places."""
    for name, value in (("{id}", "dec_000000000001"), ("{key}", "user"), ("{value:path}", "u1")):
        path = path.replace(name, value)
    return re.sub(r"\{\w+\}", "x", path)


class Console:
    """The console with all its pages, and a browser of somebody with certain scopes, or with none."""

    async def __aenter__(self):
        self.inner = await Api().__aenter__()
        await self.inner.post(pay(1))
        self.console = console_of(self.inner)
        self.api = await Api(Shop(), console=self.console.app()).__aenter__()
        self.doors = (await all_doors(self.inner))[1]
        return self

    async def __aexit__(self, *_):
        await self.api.__aexit__(*_)
        await self.inner.__aexit__(*_)

    async def ask(self, door, *scopes, headers=None, **fields):
        """`csrf` None: the token that the session was given."""
        opened = self.console._sessions.open("ann", frozenset(scopes), self.inner.shop.clock.now_us())
        if fields.get("csrf", "") is None:
            fields["csrf"] = csrf_token(opened.clear_id)
        sent = {"cookie": f"jindi_session={opened.clear_id}", **(headers or {})}
        body = fields if door.method == "POST" else None
        return await self.api.http.request(door.method, address(door.path), data=body, headers=sent)


# ---- forged forms


ELSEWHERE = {
    "another origin": {"origin": "https://evil.example"},
    "an origin that only begins like ours": {"origin": "http://jindi.test.evil.example"},
    "no origin at all, as of a page in a sandbox": {"origin": "null"},
    "what the browser calls another site": {"sec-fetch-site": "cross-site"},
    "a site beside ours": {"sec-fetch-site": "same-site"},
}
FORGERIES = {name: (headers, None) for name, headers in ELSEWHERE.items()} | {
    "our own origin, without the token": ({"origin": "http://jindi.test"}, WRONG),
    "no header at all, without the token": ({}, WRONG),
}
"""What is wrong with a form, one thing alone each: where it comes from (with the right token), or its token."""


OF_PEOPLE = ("/console/account/", "/console/staff/")
"""Forms that only people with accounts may send; they are forged where people are."""


@pytest.mark.parametrize(("headers", "csrf"), FORGERIES.values(), ids=FORGERIES)
def test_attack_no_form_of_the_console_is_sent_by_another_site_or_without_the_sessions_token(headers, csrf):
    async def go():
        async with Console() as room:
            forms = [door for door in room.doors if door.method == "POST" and door.action is not None
                     and not door.path.startswith(OF_PEOPLE)]  # fmt: skip
            assert len(forms) > 15
            refusal = "Another site sent" if csrf is None else "form is out of date"
            for door in forms:
                answer = await room.ask(door, *Scope, headers=headers | {"accept-language": "en"}, csrf=csrf, why="x",
                                        once="x", code="000000")  # fmt: skip
                assert answer.status_code == 403, (door, answer.status_code)
                assert refusal in answer.text, door

    run(go())


# ---- other people's addresses


def test_attack_whoever_has_a_session_and_no_right_gets_no_page_whatever_id_he_writes_into_the_address():
    async def go():
        async with Console() as room:
            guarded = [door for door in room.doors if door.action is not None]
            for door in guarded:
                answer = await room.ask(door, csrf=None, why="x", once="x")
                # One's own account is for whoever is there; a session without an account has none.
                assert answer.status_code in (401, 403, 404), (door, answer.status_code)
            assert len(guarded) > 40

    run(go())


def test_attack_without_a_session_every_page_leads_to_the_door_and_every_form_does_nothing():
    async def go():
        async with Console() as room:
            for door in room.doors:
                if door.action is not None:
                    for cookie in ("", "jindi_session=x", "jindi_session=" + "A" * 43, "__Host-jindi_session=x"):
                        answer = await room.api.http.request(
                            door.method, address(door.path), data={"csrf": WRONG} if door.method == "POST" else None,
                            headers={"cookie": cookie},
                        )  # fmt: skip
                        assert answer.status_code in (303, 401, 403), (door, answer.status_code)
                        assert answer.status_code != 303 or answer.headers["location"].startswith("/sign-in")

    run(go())


# ---- fields that are nobody's to send


TAKES_NO_BODY = {
    "/v1/snapshots", "/v1/heads", "/v1/webhooks/{id}/{step}", "/v1/controls/run", "/v1/controls",
}  # fmt: skip
"""Addresses that read no body: what is sent along is not looked at."""

MORE = {"roles": ["security_admin"], "scopes": ["admin"], "by": "bob", "state": "approved", "approved_by": "bob",
        "is_admin": True, "four_eyes": "off", "__proto__": {"admin": True}}  # fmt: skip


@pytest.mark.parametrize("name", sorted(MORE))
def test_attack_a_member_that_no_request_has_is_taken_by_no_address_of_the_api(name):
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            posts = [door for door in (await all_doors(api))[0] if door.method == "POST"]
            assert len(posts) > 10
            for door in posts:
                if door.path not in TAKES_NO_BODY:
                    whole = pay(2) | {name: MORE[name]} if door.path == "/v1/events" else {name: MORE[name]}
                    answer = await api.ask("POST", address(door.path), json.dumps(whole).encode())
                    nobody_mails = door.path == "/v1/webhooks" and answer.status_code == 503
                    assert answer.status_code in (400, 404, 422) or nobody_mails, (door, answer.status_code)

    run(go())


TWICE = {
    "/v1/events": json.dumps(pay(3))[:-1] + ', "amount": "0.01"}',
    "/v1/entities/features": '{"entity": "user", "value": "u1", "value": "u2"}',
    "/v1/approvals": '{"kind": "key.revoke", "payload": {"key": "a", "key": "b"}, "why": "x"}',
    "/v1/vault/search": '{"kind": "phone", "value": "1", "value": "2", "purpose": "x", "case": "x"}',
    "/v1/policies/rollback": '{"why": "x", "why": "y"}',
    "/v1/packs/try": '{"files": {}, "event": {}, "event": {"a": 1}}',
}


@pytest.mark.parametrize(("path", "body"), TWICE.items(), ids=TWICE)
def test_attack_a_name_that_stands_twice_in_a_body_is_refused_and_neither_value_is_taken(path, body):
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            answer = await api.ask("POST", path, body.encode())
            assert answer.status_code in (400, 422)
            assert "0.01" not in answer.text

    run(go())


def test_attack_a_field_of_a_form_that_is_sent_twice_is_refused():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            body = f"login=limin&password={GOOD.replace(' ', '+')}&login=admin"
            answer = await one.http.post(
                "/sign-in/password", content=body,
                headers={"origin": rooms.base, "content-type": "application/x-www-form-urlencoded"},
            )  # fmt: skip
            assert answer.status_code == 400
            assert await rooms.doings() == []

    run(go())


# ---- a key in another place than its header


def test_attack_a_key_counts_in_its_header_alone():
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            path = "/v1/decisions/dec_000000000001"
            for address_, headers in (
                (f"{path}?api_key={api.admin}&access_token={api.admin}&key={api.admin}", {}),
                (path, {"cookie": f"jindi_session={api.admin}; key={api.admin}"}),
                (path, {"authorization": f"Basic {api.admin}"}), (path, {"x-api-key": api.admin}),
                (path, {"authorization": api.admin}), (path, {"proxy-authorization": f"Bearer {api.admin}"}),
            ):  # fmt: skip
                answer = await api.http.get(address_, headers=headers)
                assert answer.status_code == 401, headers
                assert api.admin not in answer.text

    run(go())


def test_attack_a_browsers_session_opens_nothing_of_the_api():
    async def go():
        async with Console() as room:
            opened = room.console._sessions.open("ann", frozenset(Scope), room.inner.shop.clock.now_us())
            for path in ("/v1/packs", "/v1/audit", "/v1/keys", "/metrics"):
                for headers in ({"cookie": f"jindi_session={opened.clear_id}"},
                                {"authorization": f"Bearer {opened.clear_id}"}):  # fmt: skip
                    assert (await room.inner.http.get(path, headers=headers)).status_code == 401

    run(go())


def test_attack_the_id_of_a_key_is_no_key():
    async def go():
        async with Api() as api:
            known = [each.id for each in api.keys.all()]
            assert known
            for each in known:
                assert (await api.ask("GET", "/v1/packs", key=each)).status_code == 401
                assert (await api.ask("GET", "/v1/packs", key=f"jk_{each}")).status_code == 401

    run(go())


# ---- other methods, other files


def test_attack_trace_and_methods_that_an_address_has_not_do_nothing():
    async def go():
        async with Console() as room:
            opened = room.console._sessions.open("ann", frozenset(Scope), room.inner.shop.clock.now_us())
            ways = [(room.inner, door, {"authorization": f"Bearer {room.inner.admin}"})
                    for door in (await all_doors(room.inner))[0]]  # fmt: skip
            ways += [(room.api, door, {"cookie": f"jindi_session={opened.clear_id}"}) for door in room.doors]
            for way, door, headers in ways:
                for method in ("TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "DEBUG"):
                    answer = await way.http.request(method, address(door.path), headers=headers | {"x-mark": "m4rk"})
                    assert answer.status_code == 405, (door, method)
                    assert "m4rk" not in answer.text

    run(go())


def test_attack_a_header_that_asks_for_another_method_is_not_heard():
    async def go():
        async with Api() as api:
            for name in ("x-http-method-override", "x-method-override", "x-http-method"):
                answer = await api.http.request(
                    "GET", "/v1/snapshots", headers={"authorization": f"Bearer {api.admin}", name: "POST"}
                )
                assert answer.status_code == 405
                answer = await api.http.request("GET", "/v1/packs", headers={name: "POST"})
                assert answer.status_code == 401

    run(go())


FILES = (
    "/.git/config", "/.git/HEAD", "/.svn/entries", "/.env", "/.DS_Store", "/assets", "/assets/", "/assets/x/",
    "/assets/x/../../../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc%2fpasswd",
    "/assets/x/console.css", "/jindi.toml", "/state/key-token", "/static/console.css", "/docs", "/redoc", "/debug",
    "/server-status", "/console/../state/key-token", "/templates/base.html", "/openapi.yaml",
)  # fmt: skip


def test_attack_no_file_of_the_machine_and_no_list_of_files_is_served():
    async def go():
        async with Console() as room:
            for path in FILES:
                answer = await room.api.http.get(path)
                assert answer.status_code in (303, 401, 404), (path, answer.status_code)
                assert answer.status_code != 303 or answer.headers["location"].startswith("/sign-in"), path
                assert not any(word in answer.text for word in ("root:", "[core]", "Index of", "@media")), path

    run(go())


def test_attack_no_other_site_is_allowed_to_read_an_answer():
    async def go():
        async with Console() as room:
            for path in ("/", "/sign-in", "/console", "/healthz", "/openapi.json", "/v1/packs", "/metrics", "/nothing"):
                for method in ("GET", "OPTIONS"):
                    answer = await room.api.http.request(
                        method, path, headers={"origin": "https://evil.example",
                                               "access-control-request-method": "POST"}
                    )  # fmt: skip
                    assert not [name for name in answer.headers if name.startswith("access-control-")]

    run(go())


def test_attack_where_a_request_comes_from_is_told_by_a_proxy_on_this_machine_and_by_nobody_else():
    heard = []

    async def note(scope, receive, send):
        heard.append((scope["client"][0], scope["scheme"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def go():
        for client in ("203.0.113.9", "10.0.0.7", "::1", "127.0.0.1"):
            transport = httpx.ASGITransport(behind_proxy(note), client=(client, 5))
            async with httpx.AsyncClient(transport=transport, base_url="http://jindi.test") as http:
                await http.get("/", headers={"x-forwarded-for": "198.51.100.4", "x-forwarded-proto": "https",
                                             "forwarded": "for=198.51.100.4", "x-real-ip": "198.51.100.4"})  # fmt: skip

    run(go())
    assert heard[:3] == [("203.0.113.9", "http"), ("10.0.0.7", "http"), ("::1", "http")]
    assert heard[3] == ("198.51.100.4", "https")


# ---- what is put into names and headers


def test_attack_what_stands_in_headers_is_in_no_record():
    async def go():
        async with Rooms() as rooms:
            forged = "canary-0000 \x1b[31m jindi up: stopped"
            one = rooms.browser(**{"user-agent": forged, "x-forwarded-for": forged, "x-request-id": forged,
                                   "referer": f"https://jindi.test/{forged}"})  # fmt: skip
            await one.post("/sign-in/password", login="limin", password="wrong")
            one = await rooms.into(browser=one)
            await one.get("/console/account")
            doings = await rooms.doings()
            assert len(doings) >= 3
            assert "canary-0000" not in repr(doings)

    run(go())


@pytest.mark.parametrize(
    "name", ["x\n2026-11-22 jindi: key made", "x\r\nSet-Cookie: a=b", "x\x1b[2J", "x\u202egnp", "x\x00"]
)
def test_attack_the_name_of_an_account_forges_no_line_of_a_log(name):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            before = rooms.staff.all()
            answer = await one.post("/console/staff/invite", login="mallory", name=name, **{"role.analyst": "1"})
            assert answer.status_code >= 400
            assert rooms.staff.all() == before
            assert "\x1b" not in answer.text
            assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]

    run(go())


# ---- after the end


def test_signing_out_tells_the_browser_to_forget_what_it_keeps():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            answer = await one.post("/sign-out", csrf=await one.csrf())
            assert answer.status_code == 303
            assert answer.headers["clear-site-data"] == '"cache", "storage"'
            assert (await one.get("/console")).status_code == 303

    run(go())


def test_every_page_of_somebody_who_is_in_offers_to_sign_out():
    async def go():
        async with Console() as room:
            pages = 0
            for door in room.doors:
                # (The live list has no end.)
                if door.method == "GET" and door.action is not None and "live" not in door.path:
                    answer = await room.ask(door, *Scope)
                    if answer.status_code == 200 and "</nav>" in answer.text:
                        pages += 1
                        assert 'action="/sign-out" method="post"' in answer.text, door
            assert pages >= 10

    run(go())


def test_what_opens_a_session_has_256_bits_of_the_systems_chance():
    opened = [Sessions(MemoryBlobs(), secrets.token_bytes).open("ann", frozenset(), NOON_US) for _ in range(200)]
    assert len({each.clear_id for each in opened}) == 200
    assert all(len(urlsafe_b64decode(each.clear_id + "=")) == 32 for each in opened)


def test_what_makes_an_account_has_256_bits_of_the_chance_that_it_is_given():
    asked = []
    people = Staff(MemoryBlobs(), lambda count: asked.append(count) or secrets.token_bytes(count), sealer)
    token, _ = people.invite("limin", "Li Min", frozenset({Role.ANALYST}), NOON_US)
    assert len(urlsafe_b64decode(token + "=")) == 32
    assert 32 in asked


def test_every_way_in_asks_for_passwords_keys_codes_and_links_and_for_no_answer_to_a_question():
    names = {
        name
        for page in ("sign_in", "sign_in_account", "factor", "new_password", "invitation", "set_up", "again", "people")
        for field in re.findall(r"<(?:input|textarea|select)[^>]*>", (CONSOLE / f"templates/{page}.html").read_text())
        for name in re.findall(r'name="([^"]*)"', field)
    }
    # What waits for a code is a form of the console's own, carried along hidden.
    names.discard("{{ name }}")
    # `answer` is a passkey's, `name` what its owner calls it, `username` is for the browser's own store of passwords.
    assert names == {
        "login", "username", "password", "again", "key", "code", "token", "answer", "handle", "name", "back",
        "csrf",
    }  # fmt: skip
    words = " ".join(f"{zh} {en}" for zh, en in WORDS.values()).lower()
    assert not re.search(r"secret question|password hint|mother|密保|密码提示", words)


GUESSABLE = re.compile(r"^\s*(import random\b|from random\b|.*\bnp\.random|.*\bnumpy\.random)", re.MULTILINE)
NO_SECRETS = ("run/simulate", "run/learn", "run/backtest", "run/drift", "client.py", "run/webhooks/courier.py",
              "run/notices/courier.py")  # fmt: skip
"""Where the generator that can be guessed is used, for simulations, samples and waiting times."""


def test_no_secret_can_be_made_by_a_generator_that_can_be_guessed():
    source = Path(jindi.__file__).parent
    users = {
        str(path.relative_to(source)) for path in source.rglob("*.py") if GUESSABLE.search(path.read_text("utf-8"))
    }
    assert users
    assert sorted(each for each in users if not each.startswith(NO_SECRETS)) == []


# ---- sources of pages


def test_every_field_of_a_password_is_masked_and_may_be_filled_by_a_manager():
    shown = r"<input (?!type=\"hidden\")[^>]*name=\"(?:password|old|again|key)\"[^>]*>"
    fields = [
        (path.name, found)
        for path in (CONSOLE / "templates").glob("*.html")
        for found in re.findall(shown, path.read_text("utf-8"))
    ]
    assert len(fields) >= 5
    for name, field in fields:
        assert 'type="password"' in field, (name, field)
        assert re.search(r'autocomplete="(current-password|new-password|off)"', field), (name, field)
        assert ('autocomplete="off"' in field) == ('name="key"' in field), (name, field)


def test_templates_escape_by_themselves_and_scripts_make_no_code_of_data():
    templates = {path: path.read_text("utf-8") for path in (CONSOLE / "templates").glob("*.html")}
    scripts = {path: path.read_text("utf-8") for path in (CONSOLE / "static").glob("*.js")}
    assert len(templates) > 30
    assert len(scripts) >= 3
    for path, text in templates.items():
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|\bon\w+=[\"']|javascript:", text), path.name
    for path, text in scripts.items():
        assert not re.search(
            r"\beval\(|new Function|document\.write|outerHTML|insertAdjacentHTML|localStorage|sessionStorage"
            r"|indexedDB|__proto__|document\.domain|XMLHttpRequest|onpaste|[\"']paste[\"']"
            r"|(window|self|document)\.onmessage|addEventListener\([\"']message", text
        ), path.name  # fmt: skip
