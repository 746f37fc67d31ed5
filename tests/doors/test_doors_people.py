"""The pages about people, over a running platform: signing in, invitations, one's own account, staff; and attacks."""

import html
import json
import re

import pytest
from people_world import BASE, Rooms

from jindi.access import OidcSettings, Role, Scope, State
from jindi.doors.oidc import Company
from jindi.run.audit import NotRecorded
from oidc_world import ACCESS, CLIENT, PASSWORD, REFRESH, provider
from shop_world import run
from staff_world import BETTER, DAY, GOOD, MINUTE, SECOND, Authenticator, chance, totp

STEPS = ("/sign-in/password", "/sign-in/totp", "/sign-in/recovery", "/sign-in/passkey", "/sign-in/new-password",
         "/invitation", "/set-up/totp", "/set-up/passkey")  # fmt: skip
OWN = ("/password", "/factor", "/factor/totp", "/factor/passkey", "/totp/remove", "/passkeys/remove", "/codes",
       "/sessions/end", "/devices/forget", "/again", "/again/passkey")  # fmt: skip
STAFF = ("disable", "enable", "unlock", "reset", "roles", "invite")


def secret_of(page):
    from base64 import b32decode

    return b32decode(re.search(r'class="secret">([A-Z2-7 ]+)<', page)[1].replace(" ", ""))


def told(page):
    return [html.unescape(text) for text in re.findall(r'class="notice" role="alert">([^<]*)<', page)]


# ---- coming in


def test_a_person_comes_in_by_password_and_app_and_both_are_records():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            assert one.first == "/console"
            assert (await one.get("/console/decisions")).status_code == 200
            doings = await rooms.doings()
            assert [each[:3] for each in doings[-2:]] == [
                ("sign_in.totp", "allowed", "Li Min"), ("sign_in.password", "allowed", "Li Min"),
            ]  # fmt: skip
            assert doings[0][:3] == ("decisions.read", "allowed", "Li Min")

    run(go())


def test_each_role_begins_at_the_first_page_that_is_its_own():
    async def go():
        async with Rooms() as rooms:
            assert (await rooms.into("admin")).first == "/console/approvals"
            assert (await rooms.into("chen")).first == "/console"

    run(go())


def test_a_session_cookie_is_out_of_reach_of_scripts_other_hosts_and_plain_http():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            await one.post("/sign-in/password", login="limin", password=GOOD)
            answer = await one.post("/sign-in/totp", code=rooms.code())
            cookies = answer.headers.get_list("set-cookie")
            for name in ("__Host-jindi_session", "__Host-jindi_device"):
                (line,) = [each for each in cookies if each.startswith(f"{name}=")]
                for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
                    assert part in line
                assert "Domain" not in line
            assert any(each.startswith('__Host-jindi_entry="";') for each in cookies)

    run(go())


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/factor", "/console/account", "/console/staff"])
def test_attack_no_page_about_people_can_be_framed_cached_or_run_foreign_scripts(path):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin") if path.startswith("/console") else rooms.browser()
            if path == "/sign-in/factor":
                await one.post("/sign-in/password", login="limin", password=GOOD)
            answer = await one.get(path)
            assert answer.status_code == 200
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-store"
            assert "<script>" not in answer.text
            assert " style=" not in answer.text
            assert " onclick=" not in answer.text

    run(go())


def test_attack_the_password_alone_opens_no_page():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            await one.post("/sign-in/password", login="limin", password=GOOD)
            for path in ("/console", "/console/account", "/console/decisions", "/console/live.json"):
                assert (await one.get(path)).status_code in (303, 401)
            one.cookies.set("__Host-jindi_session", one.cookies["__Host-jindi_entry"], domain="jindi.test")
            assert (await one.get("/console")).headers["location"].startswith("/sign-in")

    run(go())


def test_attack_a_session_from_before_is_not_gone_on_with():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            one.cookies.set("__Host-jindi_session", "A" * 43, domain="jindi.test")
            await rooms.into(browser=one)
            first = one.session
            assert first != "A" * 43
            other = rooms.browser()
            other.cookies.set("__Host-jindi_session", first, domain="jindi.test")
            await rooms.into("admin", browser=other)
            assert other.session != first
            assert (await one.get("/console/account")).status_code == 303

    run(go())


def test_attack_wrong_logins_and_wrong_passwords_get_the_same_page():
    async def go():
        async with Rooms() as rooms:
            rooms.staff.disable(rooms.limin.id, "left")
            pages = set()
            for login, password in (("admin", "wrong"), ("limin", GOOD), ("nobody", GOOD), ("аdmin", GOOD), ("", "")):
                answer = await rooms.browser().post("/sign-in/password", login=login, password=password)
                assert answer.status_code == 403
                pages.add(re.sub(r"[0-9a-f]{16}", "", answer.text))
            assert len(pages) == 1
            assert "wrong" not in next(iter(pages)).split("<main")[1].replace("something is wrong", "")

    run(go())


def test_attack_what_was_typed_is_neither_on_the_page_nor_in_a_record():
    async def go():
        async with Rooms() as rooms:
            typed = "secret-typed-as-login\r\nSet-Cookie: x=1"
            answer = await rooms.browser().post("/sign-in/password", login=typed, password="canary-password")
            assert "secret-typed" not in answer.text + str(answer.headers)
            assert "canary" not in answer.text
            doings = await rooms.doings()
            assert doings[0] == ("sign_in.password", "refused", "", "")
            assert "secret-typed" not in str(doings)

    run(go())


def test_attack_a_megabyte_of_password_is_cut_off_at_the_door():
    async def go():
        async with Rooms() as rooms:
            answer = await rooms.browser().post("/sign-in/password", login="limin", password="x" * 1_000_000)
            assert answer.status_code == 413

    run(go())


def test_attack_one_address_that_tries_on_and_on_is_told_to_wait_before_anything_is_reckoned():
    async def go():
        async with Rooms(each=3) as rooms:
            one = rooms.browser()
            codes = [(await one.post("/sign-in/password", login="x", password="y")).status_code for _ in range(5)]
            assert codes == [403, 403, 403, 429, 429]

    run(go())


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("header", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_attack_other_sites_can_send_no_step_of_signing_in(path, header):
    async def go():
        async with Rooms() as rooms:
            answer = await rooms.browser().post(path, headers=header, login="limin", password=GOOD, code="1", token="x")
            assert answer.status_code == 403
            assert await rooms.doings() == [("form.forged", "refused", "", "")], "no step of signing in was taken"

    run(go())


@pytest.mark.parametrize("name", ["to", "next", "back", "return_to", "redirect_uri", "why"])
def test_attack_signing_in_leads_to_no_other_site(name):
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            evil = "https://evil.example/"
            page = await one.get("/sign-in", params={name: evil})
            assert "evil" not in page.text.replace(html.escape(f"?{name}=https%3A%2F%2Fevil.example%2F"), "")
            answer = await one.post(f"/sign-in/password?{name}={evil}", login="limin", password=GOOD, **{name: evil})
            assert answer.headers["location"] == "/sign-in/factor"
            answer = await one.post(f"/sign-in/totp?{name}={evil}", code=rooms.code(), **{name: evil})
            assert answer.headers["location"] == "/console"

    run(go())


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/console\r\nx: y"]
)
def test_attack_showing_the_factor_again_leads_to_no_other_site(back):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            page = await one.get("/console/account/again", params={"back": back})
            assert 'name="back" value="/console"' in page.text
            answer = await one.post("/console/account/again", code=rooms.code(), back=back)
            assert answer.headers["location"] == "/console"

    run(go())


def test_attack_while_nothing_can_be_journalled_nobody_comes_in(monkeypatch):
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()

            async def full(*_, **__):
                raise NotRecorded("full")

            monkeypatch.setattr(rooms.audit, "act", full)
            answer = await one.post("/sign-in/password", login="limin", password=GOOD)
            assert answer.status_code == 503
            assert one.cookies.get("__Host-jindi_entry") is None

    run(go())


def test_too_many_wrong_codes_end_the_sign_in():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            await one.post("/sign-in/password", login="limin", password=GOOD)
            pages = [(await one.post("/sign-in/totp", code="000000")).text for _ in range(5)]
            assert told(pages[0]) == ["That was not accepted. Try again."]
            assert told(pages[4]) == ["This sign-in has ended. Please start again."]
            assert (await one.get("/sign-in/factor")).status_code == 303

    run(go())


def test_a_recovery_code_stands_in_for_the_app_and_is_a_record():
    async def go():
        async with Rooms() as rooms:
            code = rooms.codes[0]  # of the last that was made: chen's
            one = rooms.browser()
            await one.post("/sign-in/password", login="chen", password=GOOD)
            assert (await one.post("/sign-in/recovery", code=code.lower())).status_code == 303
            assert "9 recovery codes are left" in (await one.get("/console/account")).text
            assert ("sign_in.recovery", "allowed", "Chen Si", rooms.chen.id) in await rooms.doings()

    run(go())


def test_a_password_that_is_too_old_is_changed_on_the_way_in():
    async def go():
        async with Rooms("pci") as rooms:
            rooms.clock.at_us += 89 * DAY
            rooms.staff.signed_in(rooms.limin.id, "", "", rooms.clock.at_us)
            rooms.clock.at_us += 2 * DAY
            one = rooms.browser()
            await one.post("/sign-in/password", login="limin", password=GOOD)
            answer = await one.post("/sign-in/totp", code=rooms.code())
            assert answer.headers["location"] == "/sign-in/factor"
            assert (await one.get("/console")).status_code == 303
            assert "due to be changed" in (await one.get("/sign-in/factor")).text
            check = await one.post("/invitation/check", password="limin2026")
            assert {"short", "guessable"} <= set(check.json())
            page = await one.post("/sign-in/new-password", password=GOOD, again=GOOD)
            assert told(page.text) == ["None of the last 4 may be used again"]
            page = await one.post("/sign-in/new-password", password=BETTER, again="other")
            assert told(page.text) == ["The two passwords differ."]
            answer = await one.post("/sign-in/new-password", password=BETTER, again=BETTER)
            assert answer.headers["location"] == "/console"

    run(go())


# ---- links and keys, before there are accounts


def test_until_the_first_account_links_and_keys_let_in_and_afterwards_they_do_not():
    async def go():
        async with Rooms(begin=False) as rooms:
            operator = rooms.browser()
            answer = await operator.post("/sign-in", token=rooms.link())
            assert answer.headers["location"] == "/console"
            key, _ = rooms.keys.create("ops", frozenset({Scope.ADMIN}), rooms.clock.now_us())
            assert (await rooms.browser().post("/sign-in/key", key=key)).status_code == 303
            token = rooms.link()
            rooms.person("admin", "Admin Wang", Role.SECURITY_ADMIN)
            assert (await operator.get("/console")).headers["location"] == "/sign-in?why=ended"
            assert (await rooms.browser().get(f"/sign-in/{token}")).status_code == 410
            assert (await rooms.browser().post("/sign-in", token=token)).status_code == 410
            assert (await rooms.browser().post("/sign-in/key", key=key)).status_code == 403
            page = await rooms.browser().get("/sign-in")
            assert 'name="login"' in page.text
            assert 'name="key"' not in page.text

    run(go())


# ---- invitations


def test_an_invitation_is_taken_up_with_password_app_and_recovery_codes():
    async def go():
        async with Rooms() as rooms:
            token, account = rooms.staff.invite("new", "Neu Ling", frozenset({Role.TREASURER}), rooms.clock.now_us())
            one = rooms.browser()
            page = await one.get(f"/invitation/{token}")
            assert "Hello, Neu Ling." in page.text
            assert 'value="new"' in page.text
            assert "At least 8 characters" in page.text
            assert (await one.post("/invitation/check", token=token, password="woaini1314")).json() == ["guessable"]
            page = await one.post("/invitation", token=token, password="woaini1314", again="woaini1314")
            assert page.status_code == 422
            assert told(page.text)[0].startswith("Hard to guess")
            answer = await one.post("/invitation", token=token, password=GOOD, again=GOOD)
            assert answer.headers["location"] == "/set-up"
            page = await one.get("/set-up")
            assert "<svg" in page.text
            assert "otpauth://totp/Jindi:new" in page.text
            secret = secret_of(page.text)
            assert (await one.get("/set-up")).text.count("otpauth") == 1  # the same secret as long as it is set up
            assert secret_of((await one.get("/set-up")).text) == secret
            assert (await one.post("/set-up/totp", code="000000")).status_code == 403
            done = await one.post("/set-up/totp", code=totp(rooms.clock.now_us(), secret))
            assert done.status_code == 200
            assert len(re.findall(r"<li>[A-Z2-7-]{19}", done.text)) == 10
            assert (await one.get("/console/account")).status_code == 200
            assert rooms.staff.get(account.id).state is State.ACTIVE
            assert (await rooms.browser().get(f"/invitation/{token}")).status_code == 410

    run(go())


def test_an_invitation_is_taken_up_with_a_passkey_and_the_passkey_signs_in():
    async def go():
        async with Rooms() as rooms:
            device = Authenticator("jindi.test", BASE)
            token, _ = rooms.staff.invite("new", "Neu Ling", frozenset({Role.TREASURER}), rooms.clock.now_us())
            one = rooms.browser()
            await one.post("/invitation", token=token, password=GOOD, again=GOOD)
            assert "data-passkey" in (await one.get("/set-up")).text
            asked = (await one.post("/set-up/passkey/options")).json()["options"]
            answer = await one.post("/set-up/passkey", answer=device.create(json.dumps(asked)), name="work laptop")
            assert answer.status_code == 200
            other = rooms.browser()
            await other.post("/sign-in/password", login="new", password=GOOD)
            asked = (await other.post("/sign-in/passkey/options")).json()["options"]
            answer = await other.post("/sign-in/passkey", answer=device.get(json.dumps(asked)))
            assert answer.headers["location"].startswith("/console")
            assert "work laptop" in (await other.get("/console/account")).text

    run(go())


def test_attack_whoever_has_no_invitation_learns_nothing_about_passwords():
    async def go():
        async with Rooms() as rooms:
            for fields in ({"token": "x"}, {"token": ""}, {}):
                assert (await rooms.browser().post("/invitation/check", password="x", **fields)).status_code == 403

    run(go())


def test_attack_fields_that_an_invitation_does_not_have_change_nothing():
    async def go():
        async with Rooms() as rooms:
            token, account = rooms.staff.invite("new", "Neu Ling", frozenset({Role.ANALYST}), rooms.clock.now_us())
            one = rooms.browser()
            more = {"role.security_admin": "1", "roles": "security_admin", "login": "admin", "account": rooms.admin.id}
            await one.post("/invitation", token=token, password=GOOD, again=GOOD, **more)
            secret = secret_of((await one.get("/set-up")).text)
            await one.post("/set-up/totp", code=totp(rooms.clock.now_us(), secret), **more)
            made = rooms.staff.get(account.id)
            assert (made.login, made.roles) == ("new", frozenset({Role.ANALYST}))

    run(go())


def test_attack_a_half_done_sign_in_is_no_invitation_and_no_session():
    async def go():
        async with Rooms() as rooms:
            one = rooms.browser()
            await one.post("/sign-in/password", login="limin", password=GOOD)
            one.cookies.set("__Host-jindi_begun", one.cookies["__Host-jindi_entry"], domain="jindi.test")
            assert (await one.get("/set-up")).status_code == 410
            assert (await one.post("/set-up/totp", code=rooms.code())).status_code in (403, 410)
            assert (await one.post("/sign-in/new-password", password=BETTER, again=BETTER)).status_code == 403

    run(go())


def test_the_language_is_switched_without_losing_the_page_one_is_on():
    async def go():
        async with Rooms() as rooms:
            token, _ = rooms.staff.invite("new", "Neu Ling", frozenset({Role.ANALYST}), rooms.clock.now_us())
            one = rooms.browser()
            page = (await one.get(f"/invitation/{token}")).text
            back = re.search(r'name="back" value="([^"]+)"', page)[1]
            answer = await one.post("/console/preferences", csrf="", lang="zh", back=back)
            assert answer.headers["location"] == f"/invitation/{token}"
            refused = await one.post(
                "/sign-in/password", login="x", password="y", headers={"referer": f"{BASE}/sign-in?why=ended"}
            )
            assert 'name="back" value="/sign-in"' in refused.text

    run(go())


# ---- one's own account


def test_the_account_page_shows_factors_sessions_and_devices():
    async def go():
        async with Rooms() as rooms:
            await rooms.into()
            one = await rooms.into()
            page = (await one.get("/console/account")).text
            assert "Authenticator app" in page
            assert page.count('action="/console/account/sessions/end"') == 2
            assert page.count('action="/console/account/devices/forget"') == 2
            assert "Firefox · Linux" in page
            assert "nist" in page

    run(go())


@pytest.mark.parametrize("path", OWN)
def test_attack_no_form_of_the_account_works_without_its_token_or_from_another_site(path):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            before = rooms.staff.get(rooms.limin.id)
            for csrf, headers in (("f" * 64, {}), ("-", {}), (await one.csrf(), {"origin": "https://evil.example"})):
                answer = await one.post(
                    f"/console/account{path}",
                    csrf=csrf,
                    headers=headers,
                    id="others",
                    code=rooms.code(),
                    old=GOOD,
                    password=BETTER,
                    again=BETTER,
                )
                assert answer.status_code == 403
            assert rooms.staff.get(rooms.limin.id) == before
            assert rooms.staff.hash_of(rooms.limin.id) is not None

    run(go())


def test_attack_roles_in_the_forms_of_ones_own_account_change_nothing():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            more = {"role.security_admin": "1", "roles": "security_admin", "account": rooms.admin.id, "state": "x"}
            await one.post("/console/account/password", old=GOOD, password=BETTER, again=BETTER, **more)
            await one.post("/console/account/again", code=rooms.code(), **more)
            assert rooms.staff.get(rooms.limin.id).roles == frozenset({Role.ANALYST})
            assert rooms.staff.named("admin").roles == frozenset({Role.SECURITY_ADMIN})

    run(go())


def test_attack_a_cookie_from_before_is_dead_after_sign_out_and_after_a_new_password():
    async def go():
        async with Rooms() as rooms:
            one, other = await rooms.into(), await rooms.into()
            stolen = [one.session, other.session]
            await one.post("/console/account/password", old=GOOD, password=BETTER, again=BETTER)
            assert (await one.get("/console/account")).status_code == 200
            last = one.session
            assert last not in stolen
            csrf = await one.csrf()
            await one.post("/sign-out", csrf=csrf)
            for cookie in (*stolen, last):
                thief = rooms.browser()
                thief.cookies.set("__Host-jindi_session", cookie, domain="jindi.test")
                assert (await thief.get("/console/account")).status_code == 303

    run(go())


def test_another_factor_is_set_up_and_the_first_removed():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            device = Authenticator("jindi.test", BASE)
            assert (await one.post("/console/account/totp/remove")).status_code == 403
            answer = await one.post("/console/account/factor")
            assert answer.headers["location"] == "/console/account/factor"
            asked = (await one.post("/console/account/factor/passkey/options")).json()["options"]
            answer = await one.post("/console/account/factor/passkey", answer=device.create(json.dumps(asked)))
            assert answer.headers["location"] == "/console/account?done=factor"
            assert (await one.post("/console/account/totp/remove")).headers["location"].endswith("done=removed")
            account = rooms.staff.get(rooms.limin.id)
            assert not account.has_totp
            rooms.clock.at_us += 6 * MINUTE
            answer = await one.post("/console/account/codes")
            assert answer.headers["location"].startswith("/console/account/again")
            got = (await one.post("/console/account/again/passkey/options")).json()
            answer = await one.post(
                "/console/account/again/passkey", handle=got["handle"], back="/console/account",
                answer=device.get(json.dumps(got["options"])),
            )  # fmt: skip
            assert answer.headers["location"] == "/console/account"
            assert len(re.findall(r"<li>[A-Z2-7-]{19}", (await one.post("/console/account/codes")).text)) == 10
            doings = [each[0] for each in await rooms.doings()]
            for what in ("factor.add", "factor.remove", "factor.show", "recovery.renew"):
                assert what in doings

    run(go())


def test_attack_a_challenge_for_one_session_is_not_answered_in_another():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into()
            device = Authenticator("jindi.test", BASE)
            await one.post("/console/account/factor")
            asked = (await one.post("/console/account/factor/passkey/options")).json()["options"]
            await one.post("/console/account/factor/passkey", answer=device.create(json.dumps(asked)))
            other = await rooms.into()
            got = (await one.post("/console/account/again/passkey/options")).json()
            answer = device.get(json.dumps(got["options"]))
            refused = await other.post("/console/account/again/passkey", handle=got["handle"], answer=answer)
            assert refused.status_code == 403
            again = await one.post("/console/account/again/passkey", handle=got["handle"], answer=answer)
            assert again.status_code == 403  # used up by the try

    run(go())


def test_attack_sessions_passkeys_and_devices_of_others_are_out_of_reach():
    async def go():
        async with Rooms() as rooms:
            victim, one = await rooms.into("admin"), await rooms.into()
            theirs = rooms.staff.get(rooms.admin.id)
            session = rooms.sessions.of_account(rooms.admin.id, rooms.clock.now_us())[0].id
            for path, id_ in (
                ("sessions/end", session),
                ("devices/forget", theirs.devices[0].id),
                ("passkeys/remove", "pk_1"),
            ):
                answer = await one.post(f"/console/account/{path}", id=id_)
                assert answer.status_code == 403
                assert told(answer.text) == ["There is no such thing, or it is not yours."]
            assert rooms.staff.get(rooms.admin.id) == theirs
            assert (await victim.get("/console/account")).status_code == 200

    run(go())


def test_sessions_and_devices_are_ended_only_by_who_showed_a_factor_just_now():
    async def go():
        async with Rooms() as rooms:
            other, one = await rooms.into(), await rooms.into()
            rooms.clock.at_us += 6 * MINUTE
            page = (await one.get("/console/account")).text
            assert "sessions/end" not in page
            assert "devices/forget" not in page
            for path, id_ in (("sessions/end", "others"), ("devices/forget", "dev_1")):
                answer = await one.post(f"/console/account/{path}", id=id_)
                assert answer.headers["location"].startswith("/console/account/again")
            assert (await other.get("/console/account")).status_code == 200
            await one.post("/console/account/again", code=rooms.code())
            await one.post("/console/account/sessions/end", id="others")
            assert (await other.get("/console/account")).status_code == 303

    run(go())


def test_ending_other_sessions_ends_them_at_their_next_request():
    async def go():
        async with Rooms() as rooms:
            one, other = await rooms.into(), await rooms.into()
            await one.post("/console/account/sessions/end", id="others")
            assert (await other.get("/console/account")).status_code == 303
            assert (await one.get("/console/account")).status_code == 200

    run(go())


# ---- staff


def test_an_administrator_invites_disables_enables_and_gives_roles_and_each_step_is_a_record():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            page = await one.post(
                "/console/staff/invite", login="new", name="Neu Ling", **{"role.analyst": "1", "role.treasurer": "1"}
            )
            link = re.search(r'<code id="link">([^<]+)<', page.text)[1]
            assert link.startswith(f"{BASE}/invitation/")
            account = rooms.staff.named("new")
            assert account.roles == {Role.ANALYST, Role.TREASURER}
            assert (await rooms.browser().get(link.removeprefix(BASE))).status_code == 200
            victim = await rooms.into()
            path = f"/console/staff/{rooms.limin.id}"
            await one.post(f"{path}/roles", **{"role.treasurer": "1"})
            assert (await victim.get("/console")).status_code == 303
            victim = await rooms.into()
            await one.post(f"{path}/disable")
            assert (await victim.get("/console")).status_code == 303
            assert "disabled" in (await one.get(path)).text
            await one.post(f"{path}/enable")
            page = await one.post(f"{path}/reset")
            assert "/invitation/" in page.text
            assert rooms.staff.get(rooms.limin.id).state is State.INVITED
            whats = [(what, name) for what, _, name, _ in await rooms.doings()]
            for what in ("staff.invite", "staff.roles", "staff.disable", "staff.enable", "staff.reset"):
                assert (what, "Admin Wang") in whats

    run(go())


def test_the_staff_page_lists_everybody_with_its_filter_and_files_and_opens_each():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            page = await one.get("/console/staff")
            assert page.status_code == 200
            for each in rooms.staff.all():
                assert each.name in page.text
                assert (await one.get(f"/console/staff/{each.id}")).status_code == 200
            assert 'href="/console/staff.csv"' in page.text
            assert (await one.get("/console/staff?text=nobody-at-all")).status_code == 200

    run(go())


@pytest.mark.parametrize("step", STAFF)
def test_attack_no_form_of_staff_works_without_its_token_or_from_another_site(step):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            before = rooms.staff.all()
            path = f"/console/staff/{rooms.limin.id}/{step}"
            for where in (path, "/console/staff/invite"):
                for csrf, headers in (
                    ("f" * 64, {}),
                    ("-", {}),
                    (await one.csrf(), {"origin": "https://evil.example"}),
                ):
                    fields = {"login": "mallory", "name": "M", "role.auditor": "1", "why": "x"}
                    answer = await one.post(where, csrf=csrf, headers=headers, **fields)
                    assert answer.status_code == 403
            assert rooms.staff.all() == before

    run(go())


@pytest.mark.parametrize("login", ["limin", "chen"])
def test_attack_whoever_does_not_administer_staff_sees_and_changes_nothing(login):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into(login)
            before = rooms.staff.all()
            assert (await one.get("/console/staff")).status_code == 403
            assert (await one.get(f"/console/staff/{rooms.admin.id}")).status_code == 403
            for step in STAFF:
                answer = await one.post(f"/console/staff/{rooms.admin.id}/{step}", **{"role.analyst": "1"})
                assert answer.status_code == 403
            assert (
                await one.post("/console/staff/invite", login="x1", name="X", **{"role.analyst": "1"})
            ).status_code == 403
            assert [each.roles for each in rooms.staff.all()] == [each.roles for each in before]
            assert ("staff.disable", "refused", rooms.staff.named(login).name, rooms.admin.id) in await rooms.doings()

    run(go())


def test_attack_staff_is_changed_only_with_a_factor_that_was_shown_just_now():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            rooms.clock.at_us += 6 * MINUTE
            path = f"/console/staff/{rooms.limin.id}"
            answer = await one.post(f"{path}/disable", headers={"referer": BASE + path})
            assert answer.status_code == 403
            assert 'action="/console/account/again"' in answer.text, "the page itself asks for the factor"
            assert f'name="back" value="{path}"' in answer.text
            assert rooms.staff.get(rooms.limin.id).is_active
            await one.post("/console/account/again", code=rooms.code(), back=path)
            assert (await one.post(f"{path}/disable")).status_code == 303

    run(go())


def hidden_in(page, action):
    """The hidden fields of the form that goes to an address."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)[1]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def test_a_form_that_took_a_fresh_factor_goes_on_with_all_that_was_typed_when_the_factor_was_shown():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            rooms.clock.at_us += 6 * MINUTE
            typed = {"login": "zhao", "name": '赵 "Six" <b>', "role.analyst": "1"}
            answer = await one.post("/console/staff/invite", **typed, headers={"referer": BASE + "/console/staff"})
            assert answer.status_code == 403
            kept = hidden_in(answer.text, "/console/account/again")
            del kept["csrf"]
            wrong = await one.post("/console/account/again", code="000000", **kept)
            assert wrong.status_code == 403
            assert hidden_in(wrong.text, "/console/account/again").items() >= kept.items(), "a wrong code loses nothing"
            rooms.clock.at_us += 30 * SECOND
            shown = await one.post("/console/account/again", code=rooms.code(), **kept)
            assert shown.status_code == 200
            assert rooms.staff.named("zhao") is None, "nothing is done before it is sent again"
            again = hidden_in(shown.text, "/console/staff/invite")
            assert again.items() >= typed.items()
            sent = await one.post("/console/staff/invite", **again)
            assert sent.status_code in (200, 303), sent.text
            assert rooms.staff.named("zhao").name == typed["name"]

    run(go())


def test_attack_a_form_of_another_session_is_not_kept_for_a_fresh_factor():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            rooms.clock.at_us += 6 * MINUTE
            path = f"/console/staff/{rooms.limin.id}/disable"
            for more in ({"csrf": "f" * 64}, {"headers": {"origin": "https://evil.example"}}):
                answer = await one.post(path, **more)
                assert answer.status_code == 403
                assert 'name="kept' not in answer.text
            evil = {"kept": "https://evil.example/", "kept.why": "x"}
            shown = await one.post("/console/account/again", code=rooms.code(), **evil)
            assert 'action="/console"' in shown.text
            assert "evil.example" not in shown.text

    run(go())


@pytest.mark.parametrize("step", STAFF)
def test_attack_no_form_of_staff_works_without_its_token(step):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            before = rooms.staff.all()
            for csrf in ("f" * 64, "-"):
                answer = await one.post(f"/console/staff/{rooms.limin.id}/{step}", csrf=csrf, **{"role.treasurer": "1"})
                assert answer.status_code == 403
            assert rooms.staff.all() == before

    run(go())


def test_attack_an_administrator_gives_himself_no_role_and_brings_himself_nowhere():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            for step in STAFF[:5]:
                answer = await one.post(f"/console/staff/{rooms.admin.id}/{step}", **{"role.auditor": "1"})
                assert answer.status_code == 422
                assert "his own account" in told(answer.text)[0]
            assert rooms.staff.get(rooms.admin.id).roles == {Role.SECURITY_ADMIN}

    run(go())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "limin", "name": "X", "role.analyst": "1"}, "There is an account with this login already."),
        ({"login": "LIMIN", "name": "X", "role.analyst": "1"}, "There is an account with this login already."),
        ({"login": "lіmin", "name": "X", "role.analyst": "1"}, "A login has 2 to 64"),
        ({"login": "new", "name": "li min", "role.analyst": "1"}, "There is an account with this name"),
        ({"login": "new", "name": "X\u202e", "role.analyst": "1"}, "A name has"),
        ({"login": "new", "name": "X"}, "Choose at least one role."),
        ({"login": "new", "name": "X", "role.auditor": "1", "role.analyst": "1"}, "One person can't hold these"),
        ({"login": "new", "name": "X", "role.root": "1"}, "unknown role"),
    ],
)
def test_attack_what_no_account_may_be_is_refused_in_words(fields, sentence):
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            page = await one.post("/console/staff/invite", **fields)
            assert page.status_code == 422
            assert told(page.text)[0].startswith(sentence)
            assert len(rooms.staff.all()) == 3

    run(go())


def test_an_account_that_does_not_exist_has_no_page():
    async def go():
        async with Rooms() as rooms:
            one = await rooms.into("admin")
            assert (await one.get("/console/staff/per_000000000000")).status_code == 404
            assert (await one.post("/console/staff/per_000000000000/disable")).status_code in (404, 422)

    run(go())


def test_a_session_of_a_link_has_no_account_page():
    async def go():
        async with Rooms(begin=False) as rooms:
            one = rooms.browser()
            await one.post("/sign-in", token=rooms.link())
            assert (await one.get("/console/account")).status_code == 403
            assert (await one.get("/console/staff")).status_code == 403

    run(go())


# ---- the company's own sign-in


def company_of(here, **more):
    """A company whose provider is `here`; it learns the clock of the rooms."""

    def made(rooms):
        here.clock = rooms.clock
        settings = OidcSettings(here.issuer, CLIENT, PASSWORD, mfa=("mfa",), **more)
        return Company(settings, BASE, rooms.clock, chance())

    return made


async def by_company(here, one, change=lambda address: address):
    answer = await one.get("/sign-in/company")
    assert answer.status_code == 303
    back = here.authorize(answer.headers["location"])
    assert back.startswith(f"{BASE}/sign-in/company/back?")
    return await one.get(change(back).removeprefix(BASE))


def test_a_person_comes_in_by_the_company_and_by_ours_where_it_asked_for_one_factor_only():
    async def go():
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                one = rooms.browser()
                assert "/sign-in/company" in (await one.get("/sign-in")).text
                answer = await by_company(here, one)
                assert answer.headers["location"] == "/console"
                assert "Change the password" in (await one.get("/console/account")).text
                here.person["amr"] = ["pwd"]
                other = rooms.browser()
                answer = await by_company(here, other)
                assert answer.headers["location"] == "/sign-in/factor"
                assert (await other.get("/console")).status_code == 303
                assert (await other.post("/sign-in/totp", code=rooms.code())).headers["location"] == "/console"
                whats = [what for what, *_ in await rooms.doings()]
                assert whats.count("sign_in.oidc") == 2

    run(go())


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_attack_a_link_of_another_site_begins_no_sign_in_by_the_company(site):
    """The provider may know the person already: then nobody would have been asked anything."""

    async def go():
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                answer = await rooms.browser(**{"sec-fetch-site": site}).get("/sign-in/company")
                assert answer.headers["location"] == "/sign-in"
                assert "set-cookie" not in answer.headers
                for own in ("same-origin", "none"):
                    answer = await rooms.browser(**{"sec-fetch-site": own}).get("/sign-in/company")
                    assert answer.headers["location"].startswith(here.issuer)

    run(go())


@pytest.mark.parametrize("amr", [["mfa"], ["pwd"]])
def test_no_token_of_the_company_reaches_the_browser(amr):
    async def go():
        with provider(None) as here:
            tokens = []
            here.forge = lambda claims: tokens.append(here.sign(claims)) or tokens[-1]
            here.person["amr"] = amr
            async with Rooms(company=company_of(here)) as rooms:
                one = rooms.browser()
                answer = await by_company(here, one)
                assert answer.status_code == 303
                assert len(tokens) == 1
                given = repr(answer.headers.multi_items()) + answer.text + repr(dict(one.cookies))
                for token in (*tokens, *tokens[0].split("."), ACCESS, REFRESH):
                    assert token not in given
                kept = b"".join(rooms.shop.blobs.load(name) or b"" for name in rooms.shop.blobs.names())
                assert tokens[0].encode() not in kept

    run(go())


def test_attack_an_answer_for_another_browser_signs_this_one_in_as_nobody():
    async def go():
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                thief, victim = rooms.browser(), rooms.browser()
                start = await thief.get("/sign-in/company")
                back = here.authorize(start.headers["location"]).removeprefix(BASE)
                # The thief's own sign-in, slipped to somebody else: with nothing asked, and with something else asked.
                assert (await victim.get(back)).status_code == 403
                await victim.get("/sign-in/company")
                assert (await victim.get(back)).status_code == 403
                assert victim.session is None
                assert ("sign_in.oidc", "refused", "", "") in await rooms.doings()

    run(go())


def test_attack_the_way_back_from_the_company_is_walked_once():
    async def go():
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                one = rooms.browser()
                start = await one.get("/sign-in/company")
                asked = one.cookies["__Host-jindi_company"]
                back = here.authorize(start.headers["location"]).removeprefix(BASE)
                assert (await one.get(back)).status_code == 303
                other = rooms.browser()
                other.cookies.set("__Host-jindi_company", asked, domain="jindi.test")
                assert (await other.get(back)).status_code == 403

    run(go())


def test_whoever_has_no_account_is_told_so_and_a_provider_that_is_down_too():
    async def go():
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                here.person |= {"preferred_username": "stranger", "sub": "43"}
                answer = await by_company(here, rooms.browser())
                assert told(answer.text) == ["There is no account in Jindi that your company's sign-in opens."]
                assert "stranger" not in answer.text
        with provider(None) as here:
            async with Rooms(company=company_of(here)) as rooms:
                here.status = 500
                answer = await rooms.browser().get("/sign-in/company")
                assert answer.status_code == 502
                assert told(answer.text) == ["Your company's sign-in did not work. Try again, or ask an administrator."]

    run(go())


def test_an_account_of_the_company_has_no_password_to_change_and_is_told_what_to_do():
    async def go():
        with provider(None) as here:
            roles = {"risk": frozenset({Role.ANALYST})}
            async with Rooms(company=company_of(here, roles=roles)) as rooms:
                here.person |= {"preferred_username": "newone", "sub": "44", "groups": ["risk"], "name": "New One"}
                one = rooms.browser()
                assert (await by_company(here, one)).headers["location"] == "/console"
                page = (await one.get("/console/account")).text
                assert 'action="/console/account/password"' not in page
                assert (
                    await one.post("/console/account/password", old="", password=BETTER, again=BETTER)
                ).status_code == 403
                rooms.clock.at_us += 6 * MINUTE
                assert "Sign out, and sign in again" in (await one.get("/console/account/again")).text

    run(go())
