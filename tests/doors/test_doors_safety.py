"""Passwords and links asked about: answers of one shape, and of a password nothing stays anywhere."""

import asyncio
import hashlib
import json
import logging
import re
import shlex
from pathlib import Path

from api_world import Api
from typer.testing import CliRunner

from jindi.access import Scope
from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.doors.api.safety import PasswordAsked, SafetyRoutes
from jindi.doors.cli.commands import _Context, app
from jindi.doors.console.platform_source import PlatformSource
from shop_world import Shop

PASSWORD = "Xanthippe-Quark-4711-unlikely"
PAGE = (Path(__file__).parents[2] / "docs" / "account-safety.md").read_text("utf-8")
KEYS = {"acceptable", "strength", "breached", "troubles"}


def over(talk, shop=None):
    """Something asked of the API over a shop."""

    async def played():
        async with Api(shop) as api:
            await talk(api)

    asyncio.run(played())


async def password(api, text, *about, **more):
    return await api.ask("POST", "/v1/passwords/check", {"password": text, "about": list(about)}, **more)


def test_a_weak_and_a_strong_password_are_answered_in_the_same_shape():
    async def talk(api):
        strong, weak = await password(api, PASSWORD), await password(api, "woaini1314")
        for answer in (strong, weak):
            assert answer.status_code == 200
            assert set(answer.json()) == KEYS
            assert answer.headers["cache-control"] == "no-store"
        assert strong.json() == {"acceptable": True, "strength": 4, "breached": None, "troubles": []}
        assert weak.json()["acceptable"] is False
        (trouble,) = weak.json()["troubles"]
        assert set(trouble) == {"code", "zh", "en"}

    over(talk)


def test_what_is_known_of_the_owner_counts_against_a_password():
    async def talk(api):
        assert (await password(api, "hongxiaoming-88-hong")).json()["acceptable"]
        known = (await password(api, "hongxiaoming-88-hong", "Hong Xiaoming")).json()
        assert [each["code"] for each in known["troubles"]] == ["guessable"]

    over(talk)


def test_leaked_passwords_are_found_in_the_folder_that_is_loaded():
    digits = hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()

    async def talk(api):
        routes = SafetyRoutes(api.shop.platform, None, lambda head: [f"{digits[5:]}:7"] if head == digits[:5] else [])
        found, strength = routes._judged(PasswordAsked(PASSWORD))
        assert ([str(each) for each in found], strength) == (["breached"], 4)
        assert routes._judged(PasswordAsked(PASSWORD + "x"))[0] == ()

    over(talk)


def test_of_a_password_nothing_stays_anywhere(caplog):
    caplog.set_level(logging.DEBUG)

    async def talk(api):
        await password(api, PASSWORD)
        await api.ask("POST", "/v1/passwords/check", {"pasword": PASSWORD})
        await api.ask("POST", "/v1/passwords/check", {"password": 4711, PASSWORD: 1})
        refused = await api.ask("POST", "/v1/passwords/check", b'{"password": "' + PASSWORD.encode())
        assert refused.status_code == 400
        assert PASSWORD not in refused.text
        before = api.shop.platform.archive.log.next_seq()
        await password(api, PASSWORD)
        assert api.shop.platform.archive.log.next_seq() == before, "asking is no record"
        for _, record in api.shop.platform.archive.records(0):
            assert PASSWORD not in repr(record)

    over(talk)
    assert PASSWORD not in caplog.text


def test_only_who_may_send_events_asks():
    async def talk(api):
        key = api.key(Scope.DECISIONS_READ)
        assert (await password(api, PASSWORD, key=key)).status_code == 403
        assert (await api.ask("POST", "/v1/urls/score", {"url": "https://a.example/"}, key=key)).status_code == 403
        assert (await password(api, PASSWORD, key=api.key(Scope.EVENTS_WRITE))).status_code == 200
        assert (await password(api, PASSWORD, key="")).status_code == 401

    over(talk)


def test_a_link_is_scored_and_what_is_none_refused():
    async def talk(api):
        answer = await api.ask("POST", "/v1/urls/score", {"url": "https://www.icbc.com.cn/login"})
        assert (answer.status_code, answer.json()["level"], answer.json()["imitates"]) == (200, "low", None)
        assert len(answer.json()["shares"]) == 5
        refused = await api.ask("POST", "/v1/urls/score", {"url": "https://se cret/"})
        assert refused.status_code == 400
        assert "cret" not in refused.text

    over(talk)


def url(*arguments):
    return CliRunner().invoke(app, ["url", *arguments], obj=_Context(Outside()))


def test_the_command_tells_what_a_link_imitates_and_ends_so_that_programs_see_it():
    result = url("https://alipay-login.example/", "--own", "alipay.com", "--json")
    assert result.exit_code == 3
    (found,) = json.loads(result.stdout)["urls"]
    assert (found["level"], found["imitates"]["how"]) == ("imitation", "inside_the_name")
    assert url("https://www.icbc.com.cn/").exit_code == 0


def test_what_is_no_link_is_told_by_its_place_and_not_repeated():
    result = url("https://www.icbc.com.cn/", "https://secret place/", "--json")
    assert result.exit_code == 1
    assert "secret" not in result.output
    assert "number 2" in result.output


def test_what_an_answer_tells_the_customer_stands_on_its_decision():
    async def talk(api):
        transfer = {
            "id": "t-1", "type": "transfer", "at": format_instant(api.shop.clock.now_us()), "user": "u1", "payee": "u9",
            "amount": "800.00", "funding": "card", "account_class": "II", "verification": "two", "channel": "app",
            "arrival": "instant", "stated": "loan_fee",
        }  # fmt: skip
        answer = (await api.post(transfer)).json()
        told = [each["id"] for each in answer["advice"]]
        assert told == ["general_delay", "scam_loan"]
        page = PlatformSource(api.shop.platform).decision(answer["decision_id"])
        assert [each.name for each in page.advice] == told
        again = (await api.ask("GET", f"/v1/decisions/{answer['decision_id']}")).json()
        assert again["advice"] == answer["advice"]

    over(talk, shop=Shop(Outside().pack_files([])))


# ---- the page


def shows(answer, shown):
    """Whether an answer has everything that the page shows of it."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(name in answer and shows(answer[name], shown[name]) for name in shown)
    return bool(answer == shown)


def blocks(page, *languages):
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_the_page_goes_as_it_says():
    async def talk(api):
        answer, compared = None, 0
        for language, text in blocks(PAGE, "sh", "json"):
            if language == "json":
                assert shows(answer, json.loads(text)), (json.loads(text), answer)
                compared += 1
                continue
            for road, body in re.findall(r"^(tell|post \S+) <<E\w+\n(.*?)\nE\w+$", text, re.DOTALL | re.MULTILINE):
                path = "/v1/events" if road == "tell" else road.removeprefix("post ")
                at = format_instant(api.shop.clock.now_us())
                answer = (await api.ask("POST", path, body.replace("$(now)", at).encode())).json()
        assert compared == 5

    over(talk, shop=Shop(Outside().pack_files([])))


def test_the_commands_of_the_page_run():
    lines = "\n".join(text for _, text in blocks(PAGE, "sh")).splitlines()
    (line,) = [shlex.split(each)[1:] for each in lines if each.startswith("jindi url")]
    result = CliRunner().invoke(app, line, obj=_Context(Outside()))
    assert result.exit_code == 3
    assert "imitates" in result.output or "inside another" in result.output
