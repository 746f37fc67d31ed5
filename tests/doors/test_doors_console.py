import io
import re
import string
import threading
import zipfile
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from console_world import NASTY, NOW_US, ZONE, Doors, Visitor, World
from csv_rows import csv_rows

from jindi.access import ABSOLUTE_US, IDLE_US, Permits, Scope
from jindi.app.wiring import Outside
from jindi.doors.console import charts, console, guard, live
from jindi.doors.console.overview import overview_values
from jindi.doors.console.reasons import limit_text
from jindi.doors.console.source import ReplayLine
from jindi.doors.console.tables import harmless
from jindi.doors.console.view import View
from jindi.doors.console.words import WORDS
from jindi.packs import OUTCOMES, Outcome, Words, load
from jindi.packs.definitions import AdviceDef
from jindi.run.replay.causes import Kind

ROOM = Path(console.__file__).parent
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in (ROOM / "templates").iterdir()}


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def doors(world):
    world.clock.at_us, world.stats_age_us, world.stopped = NOW_US, 0, None
    world.board, world.broken, world.telling_us = True, False, None
    return Doors(world)


def browser(doors, **headers):
    return Visitor(doors.app, headers=headers)


def signed_in(doors, *scopes, **headers):
    client = browser(doors, **headers)
    answer = client.post("/sign-in", data={"token": doors.link(*scopes)})
    assert answer.status_code == 303
    return client


def csrf_of(client):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/console/policies").text)[1]


class Page(HTMLParser):
    """What a page is made of: (tag, attributes), and the text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def addresses(world):
    some = [world.of(outcome).decision_id for outcome in (Outcome.ALLOW, Outcome.REVIEW, Outcome.DENY)]
    degraded = next(row.decision_id for row in world.rows if row.degraded)
    nasty = next(row.decision_id for row in world.rows if row.subject == NASTY)
    return [
        "/console",
        "/console/panels",
        "/console/decisions",
        "/console/decisions?outcome=review&text=zzz",
        *(f"/console/decisions/{identifier}" for identifier in (*some, degraded, nasty)),
        "/console/policies",
        "/console/policies/payment",
        "/console/nowhere",
    ]


# ---- coming in ------------------------------------------------------------------------------------------


def test_a_link_preview_does_not_use_the_link_up(doors):
    token, client = doors.link(), browser(doors)
    for _ in range(3):
        assert "limin" in client.get(f"/sign-in/{token}").text
        client.head(f"/sign-in/{token}")
    assert client.post("/sign-in", data={"token": token}).headers["location"] == "/console"
    assert client.get("/console").status_code == 200


def test_a_link_works_once(doors):
    token = doors.link()
    assert browser(doors).post("/sign-in", data={"token": token}).status_code == 303
    again = browser(doors)
    assert again.post("/sign-in", data={"token": token}).status_code == 410
    assert again.get(f"/sign-in/{token}").status_code == 410
    assert again.get("/console").headers["location"] == "/sign-in"


def test_an_old_link_says_that_it_is_dead(doors, world):
    token = doors.link()
    world.clock.at_us += 15 * 60_000_000
    answer = browser(doors, **{"accept-language": "en"}).get(f"/sign-in/{token}")
    assert answer.status_code == 410
    assert "older than 15 min" in answer.text


def test_another_site_cannot_sign_a_person_in(doors):
    token = doors.link()
    client = browser(doors, origin="http://evil.test")
    assert client.post("/sign-in", data={"token": token}).status_code == 403
    assert browser(doors, **{"sec-fetch-site": "cross-site"}).post("/sign-in", data={"token": token}).status_code == 403
    own = browser(doors, origin="http://jindi.test", **{"sec-fetch-site": "same-origin"})
    assert own.post("/sign-in", data={"token": token}).status_code == 303


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(doors):
    cookie = browser(doors).post("/sign-in", data={"token": doors.link()}).headers["set-cookie"]
    assert cookie.startswith("jindi_session=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    over_tls = Visitor(doors.app, "https://jindi.test")
    answer = over_tls.post("/sign-in", data={"token": doors.link()})
    assert answer.headers["set-cookie"].startswith("__Host-jindi_session=")
    assert "Secure" in answer.headers["set-cookie"].split("; ")
    assert "strict-transport-security" in answer.headers


def test_signing_in_begins_a_new_session_and_ends_the_old_one(doors):
    client = signed_in(doors)
    before = client.cookies["jindi_session"]
    client.post("/sign-in", data={"token": doors.link()})
    assert client.cookies["jindi_session"] != before
    assert doors.sessions.read(before, NOW_US) is None


def test_an_idle_session_ends_and_the_page_says_so(doors, world):
    client = signed_in(doors)
    world.clock.at_us += IDLE_US
    answer = client.get("/console")
    assert answer.headers["location"] == "/sign-in?why=ended"


def test_the_overview_s_own_refreshing_keeps_no_session_open(doors, world):
    client = signed_in(doors)
    for _ in range(IDLE_US // 300_000_000 - 1):
        world.clock.at_us += 300_000_000
        assert client.get("/console/panels").status_code == 200
        assert client.get("/console/live.json").status_code == 200
    world.clock.at_us += 300_000_000
    assert client.get("/console/panels").status_code == 401
    assert client.get("/console/live.json").status_code == 401


def test_a_busy_session_ends_after_a_working_day(doors, world):
    client = signed_in(doors)
    while world.clock.at_us < NOW_US + ABSOLUTE_US - 60_000_000:
        world.clock.at_us += 20 * 60_000_000
        last = client.get("/console/policies").status_code
    assert last == 303


def test_signing_out_ends_the_session_and_needs_the_token(doors):
    client = signed_in(doors)
    held = client.cookies["jindi_session"]
    assert client.post("/sign-out", data={"csrf": ""}).status_code == 403
    assert client.post("/sign-out", data={"csrf": "0" * 64}).status_code == 403
    assert client.get("/console/policies").status_code == 200
    assert client.post("/sign-out", data={"csrf": csrf_of(client)}).headers["location"] == "/sign-in?why=signed_out"
    assert doors.sessions.read(held, NOW_US) is None


def test_the_csrf_token_of_another_session_is_refused(doors):
    one, two = signed_in(doors), signed_in(doors)
    assert two.post("/sign-out", data={"csrf": csrf_of(one)}).status_code == 403
    assert two.post("/sign-out", headers={"x-csrf-token": csrf_of(two)}, data={"x": "1"}).status_code == 303


def test_every_page_needs_a_session(doors, world):
    client = browser(doors)
    for address in addresses(world):
        assert client.get(address).status_code in (303, 401, 404), address
    for address in ("/console/live", "/console/live.json", "/console/panels"):
        assert client.get(address).status_code == 401
    assert client.get("/").headers["location"] == "/console"


def test_a_session_without_the_right_sees_nothing_but_who_can_help(doors, world):
    client = signed_in(doors, Scope.METRICS_READ, **{"accept-language": "en"})
    answer = client.get("/console/decisions")
    assert answer.status_code == 403
    assert "decisions:read" in answer.text
    assert "administrator" in answer.text
    assert world.rows[-1].decision_id not in answer.text
    assert client.get("/console/live.json").status_code == 401


# ---- what every answer carries --------------------------------------------------------------------------


def test_every_event_type_that_ships_has_a_name_and_so_has_whatever_its_links_are_between():
    definitions = load(Outside().pack_files([]))
    assert [name for name in definitions.events if f"event.{name}" not in WORDS] == []
    fields = [field for event in definitions.events.values() for field in event.fields if field.entity]
    assert sorted({each.entity for each in fields if f"links.kind.{each.entity}" not in WORDS}) == []


def test_a_page_asks_for_each_right_once_beside_its_guard(doors, monkeypatch):
    client, asked, each = signed_in(doors, *Scope), [], Permits.each

    def counted(self, who, actions, *more):
        asked.extend(actions)
        return each(self, who, actions, *more)

    monkeypatch.setattr(Permits, "each", counted)
    assert client.get("/console").status_code == 200
    assert len(set(asked)) > 15
    assert max(Counter(asked).values()) <= 2


def test_every_answer_carries_the_security_headers(doors, world):
    client = signed_in(doors)
    asset = next(re.finditer(r'href="(/assets/[^"]+css)"', client.get("/console/policies").text))[1]
    for address in [
        *addresses(world),
        "/sign-in",
        "/sign-in/x",
        "/",
        "/console/live.json",
        asset,
        "/assets/0/x",
    ]:
        headers = client.get(address).headers
        assert headers["content-security-policy"] == guard.CSP, address
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == ("no-store" if address != asset else "public, max-age=31536000, immutable")
    assert "'unsafe" not in guard.CSP
    assert guard.CSP.startswith("default-src 'none'")


def test_the_page_of_an_unforeseen_fault_carries_them_too_and_tells_no_secret(doors, world):
    client = signed_in(doors)
    careful = Visitor(doors.app, cookies=client.cookies, strict=False)
    world.broken = True
    answer = careful.get("/console")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == guard.CSP
    assert answer.headers["x-request-id"] in answer.text
    assert "the source is broken" not in answer.text


def test_no_page_holds_anything_that_the_policy_would_refuse(doors, world):
    client = signed_in(doors)
    for address in [*addresses(world), "/sign-in", "/sign-in/x"]:
        for tag, attrs in Page(client.get(address).text).tags:
            assert tag not in ("style", "iframe", "object", "embed", "base"), address
            assert tag != "script" or attrs.get("src", "").startswith("/assets/"), address
            for name, value in attrs.items():
                assert name != "style", (address, tag)
                assert not name.startswith("on"), (address, tag, name)
                assert name not in ("href", "src", "action") or re.match(r"/(?!/)|#", value), (address, value)


def test_text_from_outside_is_shown_and_never_becomes_markup(doors, world):
    client = signed_in(doors)
    row = next(row for row in world.rows if row.subject == NASTY)
    for address in (f"/console/decisions/{row.decision_id}", "/console/decisions?text=" + NASTY[:10]):
        page = Page(client.get(address).text)
        assert not [tag for tag, attrs in page.tags if "onmouseover" in attrs]
    assert NASTY in "".join(Page(client.get(f"/console/decisions/{row.decision_id}").text).text)


def test_only_our_own_files_are_served_under_the_name_of_their_content(doors):
    client = browser(doors)
    address = re.search(r'src="(/assets/[^"]+)"', client.get("/sign-in").text)[1]
    assert client.get(address).status_code == 200
    changed = re.sub(r"/assets/[0-9a-f]", "/assets/x", address)
    for wrong in (
        changed,
        "/assets/0/console.css",
        "/assets/..%2f..%2fconsole.py",
        "/assets/x/../console.py",
    ):
        assert client.get(wrong).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * 9000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"back=%ff%fe", "application/x-www-form-urlencoded", 400),
        ("back=金".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(99)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_small_form_is_refused(doors, body, kind, status):
    answer = browser(doors).post("/console/preferences", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_a_wrong_method_is_refused_with_a_page(doors):
    answer = browser(doors, **{"accept-language": "en"}).post("/console/policies", data={})
    assert answer.status_code == 405
    assert "nothing was changed" in answer.text


# ---- language, theme ------------------------------------------------------------------------------------


def test_the_language_switch_keeps_the_page_and_its_filter(doors):
    client = signed_in(doors, **{"accept-language": "zh-CN,zh;q=0.9"})
    address = "/console/decisions?outcome=deny&text=u1"
    page = client.get(address)
    assert '<html lang="zh-CN"' in page.text
    back = re.search(r'name="back" value="([^"]+)"', page.text)[1].replace("&amp;", "&")
    answer = client.post("/console/preferences", data={"csrf": csrf_of(client), "back": back, "lang": "en"})
    assert answer.headers["location"] == address
    assert '<html lang="en"' in client.get(address).text


def test_the_theme_is_chosen_by_a_form_and_needs_no_script(doors):
    client = browser(doors)
    for theme in ("dark", "light", "system"):
        client.post("/console/preferences", data={"back": "/sign-in", "theme": theme})
        assert f'data-theme="{theme}"' in client.get("/sign-in").text
    client.post("/console/preferences", data={"back": "/sign-in", "theme": "x onclick=1"})
    assert 'data-theme="system"' in client.get("/sign-in").text


def test_what_was_looked_for_is_carried_whole_by_every_link_of_the_page(doors):
    text = 'a&sort=x#b"<c>+%2F?'
    page = signed_in(doors).get("/console/decisions", params={"text": text}).text
    links = [attrs["href"] for tag, attrs in Page(page).tags if tag == "a" and "text=" in attrs.get("href", "")]
    assert links
    for link in links:
        assert parse_qs(urlsplit(link).query)["text"] == [text], link


@pytest.mark.parametrize(
    "back",
    ["//evil.test", "https://evil.test", "/\\evil.test", "/console\r\nx: y", "javascript:1", "", "/consoleé"],
)
def test_the_way_back_never_leads_away(doors, back):
    answer = browser(doors).post("/console/preferences", data={"back": back, "lang": "en"})
    assert answer.headers["location"] == "/console"


BUILT = (
    "days.since.", "remove.unread.", "decision.paper.band.", "decision.paper.check.", "head.",
    "kept.", "controls.show.", "audit.vault.key.", "audit.proof.failed.",
    "staff_alerts.event.", "staff_alert.measure.", "controls.state.",
    "outcome.", "status.", "badge.", "mark.", "state.", "nav.", "theme.", "rows.", "keys.", "help.", "rule.",
    "scenario.", "event.", "scope.", "degrade.", "proposal.", "kind.", "diff.", "moment.", "done.", "mode.",
    "split.", "cause.", "sign.", "error.title.", "error.forbidden.", "sign_in.", "audit.door.", "audit.place.",
    "password.trouble.", "password.profile.", "people.", "staff.state.", "staff.done.", "account.done.",
    "clear.why.", "approvals.collected_", "subjects.asked.", "subjects.state.", "subjects.done.", "subjects.why.",
    "approvals.state.", "approvals.verb.", "approvals.done.",
    "aspect.", "clock.", "features.fold.",
    "level.", "cases.tab.", "cases.order.", "cases.state.", "cases.verdict.", "cases.empty.", "cases.done.",
    "cases.did.", "cases.for.", "cases.say_", "cases.tile.", "cases.key.", "cases.kept.",
    "cases.review.", "cases.team.age.", "cases.verb.", "need.", "heat.line.", "about.", "guide.", "found.",
    "links.view.", "links.order.", "links.key.", "links.kind.",
    "bench.state.", "bench.done.", "type.", "trial.state.", "trial.by_",
    "bands.wrong.", "about_it.state.", "params.time.", "params.hint.",
    "notices.tab.", "notices.empty.", "notices.way.", "notices.done.", "notices.wish.", "notices.chain.",
    "notices.channel.", "notices.kind.", "notices.state.", "notices.step.", "notices.sent.", "notices.why.",
    "webhooks.state.", "webhooks.step.", "webhooks.done.",
    "bench.state.", "bench.done.", "type.", "trial.state.", "trial.by_",
    "cases.did.", "cases.for.", "cases.say_", "cases.tile.", "cases.key.",
    "lists.colour.", "lists.tab.", "lists.state.", "lists.move.", "features.standing.", "features.reader.",
    "features.quantile.", "features.entity", "features.pack", "features.event", "models.kind.", "models.size.",
    "models.figure.", "models.threshold.", "models.proposal.", "models.because.", "models.drift.size.",
    "models.drift.reference", "models.drift.current",
    "incidents.show.", "incidents.grade.", "incidents.kind.", "incidents.state.", "incidents.drill.",
    "incidents.order.", "incidents.profile.", "incidents.to.", "incidents.clock.", "incidents.moment.",
    "incidents.channel.", "incidents.review.", "incidents.contain", "incidents.resolve", "incidents.post.",
    "incidents.link.", "incidents.done.", "incidents.did.", "kind.incident_",
    "sources.status.", "source.kind.", "customer.over.", "customer.list.state.",
    "cases.file.infected", "cases.file.unscanned",
    "filings.state.", "filings.topic.", "filings.clock.", "filings.count.", "filings.field.", "filings.of.",
    "filings.did.", "filings.done.", "filings.receipt.", "filings.way.",
    "screening.strength.", "screening.found.", "screening.state.", "screening.done.",
    "kyc.owed.", "kyc.late.", "kyc.group.", "kyc.level.", "kyc.done.",
)  # fmt: skip
"""Beginnings of ids that the code puts together with a value."""


def what_is_wrong_with(name, zh, en):
    """What is wrong with a message, in words."""
    # English may ask for a number twice: once to say it, once to choose between one and many.
    fields = [sorted({f for _, f, _, _ in string.Formatter().parse(text) if f}) for text in (zh, en)]
    if fields[0] != fields[1]:
        yield f"{name}: the two languages ask for different values"
    if not (zh.strip() and en.strip()):
        yield f"{name}: says nothing in one of the languages"
    if name != "lang.other":
        if not re.search(r"[\u4e00-\u9fff]", zh):
            yield f"{name}: no Chinese"
        if re.search(r"[\u4e00-\u9fff]", en):
            yield f"{name}: Chinese among the English"
        plain = re.sub(r"\{\w+\}", "", zh)
        if re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", plain):
            yield f"{name}: a space belongs between Chinese and Latin letters"


def test_every_message_speaks_both_languages():
    assert len(WORDS) > 1_000
    assert [each for name, (zh, en) in WORDS.items() for each in what_is_wrong_with(name, zh, en)] == []


@pytest.mark.parametrize(
    ("zh", "en"),
    [("{n} 条", "{m} lines"), (" ", "a"), ("a", "a"), ("中", "中"), ("用API调用", "by the API")],
)
def test_a_message_that_lacks_a_language_is_found(zh, en):
    assert list(what_is_wrong_with("x", zh, en))


def test_every_message_is_said_somewhere():
    room = [p.read_text(encoding="utf-8") for p in ROOM.glob("*.py")]
    said = "\n".join([*TEMPLATES.values(), *room]).replace("'", '"')
    silent = [name for name in WORDS if f'"{name}"' not in said and not name.startswith(BUILT)]
    assert not silent


def test_every_message_that_a_template_says_exists():
    for file, text in TEMPLATES.items():
        for name in re.findall(r'v\.t\(\s*["\']([a-z0-9_.]+)["\']\s*[,)]', text):
            assert name in WORDS, f"{file}: {name}"


def test_no_chinese_word_of_ours_stands_on_an_english_page(doors, world):
    client = signed_in(doors, **{"accept-language": "en"})
    for address in ("/console", "/console/decisions", "/sign-in/x"):
        # The one that leads to the other language is in that language.
        page = "".join(Page(client.get(address).text).text).replace("中文", "")
        for zh, en in WORDS.values():
            assert zh not in page or zh in en, (address, zh)


# ---- the pages ------------------------------------------------------------------------------------------


def test_every_page_has_one_heading_and_the_legal_line(doors, world):
    for lang, line in (("zh", "不构成法律意见"), ("en", "Not legal advice")):
        client = signed_in(doors, **{"accept-language": lang})
        for address in [*addresses(world), "/sign-in/x"]:
            if address == "/console/panels":
                continue
            text = client.get(address).text
            assert len([tag for tag, _ in Page(text).tags if tag == "h1"]) == 1, address
            assert line in text, address


def test_an_outcome_is_told_by_colour_and_shape_and_word(doors, world):
    client = signed_in(doors, **{"accept-language": "en"})
    for outcome in OUTCOMES:
        text = client.get("/console").text
        assert f'<svg class="mark o-{outcome}"' in text
        assert WORDS[f"outcome.{outcome}"][1] in text
    shapes = re.findall(r'<svg class="mark o-\w+"[^>]*>(.*?)</svg>', client.get("/console").text, re.DOTALL)
    assert len(set(shapes)) == len(OUTCOMES)


def test_the_list_honours_every_filter_in_the_address(doors, world):
    client = signed_in(doors)

    def shown(query):
        return re.findall(r'href="/console/decisions/(dec_\w+)"', client.get(f"/console/decisions?{query}").text)

    denied = [row.decision_id for row in reversed(world.rows) if row.outcome is Outcome.DENY]
    assert shown("outcome=deny") == denied[:50]
    rule = world.of(Outcome.DENY).rules[0]
    assert set(shown(f"rule={rule}")) <= {row.decision_id for row in world.rows if rule in row.rules}
    assert shown(f"rule={rule}")
    assert set(shown("type=login")) <= {row.decision_id for row in world.rows if row.event_type == "login"}
    assert set(shown("trouble=degraded")) == {row.decision_id for row in world.rows if row.degraded}
    one = world.rows[7]
    assert shown(f"text={one.event_id}") == [one.decision_id]


def searched(client, **fields):
    return client.post("/console/decisions", data={"csrf": csrf_of(client), **fields})


NUMBERS = (
    "13812345678", "+86 138-1234-5678", "李敏 13812345678", "pay-13812345678", "11010519491231002X",
    "110105194912310020", "110105491231002", "6222021234567890128", "卡号 4111 1111 1111 1111", "Li.Min@Example.com",
)  # fmt: skip


def test_what_is_searched_for_goes_by_form_and_comes_to_an_address_that_can_be_kept(doors, world):
    client, one = signed_in(doors), world.rows[7]
    page = Page(client.get("/console/decisions").text)
    forms = [attrs for tag, attrs in page.tags if tag == "form" and attrs.get("action") == "/console/decisions"]
    assert [form["method"] for form in forms] == ["post", "post"]
    answer = searched(client, text=f" {one.event_id} ", outcome="deny", trouble="", unknown="x")
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"/console/decisions?outcome=deny&text={one.event_id}",
    )  # fmt: skip
    assert searched(client, text=one.decision_id).headers["location"] == f"/console/decisions/{one.decision_id}"
    both = searched(client, text=one.decision_id, outcome="deny").headers["location"]
    assert both == f"/console/decisions?outcome=deny&text={one.decision_id}"
    token = "phone.abcdefghijklmnopqrstuv"
    assert searched(client, text=token).headers["location"] == f"/console/decisions?text={token}"
    assert searched(client, text="").headers["location"] == "/console/decisions"


def test_a_search_without_the_forms_token_is_refused(doors):
    client = signed_in(doors)
    assert client.post("/console/decisions", data={"text": "u1"}).status_code == 403
    assert client.post("/console/decisions", data={"text": "u1", "csrf": "0" * 64}).status_code == 403
    answer = browser(doors).post("/console/decisions", data={"text": "u1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("typed", [*NUMBERS, "阿凡提 · 买买提", "王安"])
def test_a_persons_number_or_name_in_the_search_is_refused_on_the_page_and_echoed_nowhere(doors, typed):
    client = signed_in(doors, **{"accept-language": "en"})
    answer = searched(client, text=typed, outcome="deny")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "looks like somebody&#39;s number" in answer.text
    assert '<option value="deny" selected>' in answer.text, "the rest of the filter is kept"
    assert typed not in answer.text
    for path in ("/console/decisions", "/console/decisions.csv"):
        by_address = client.get(path, params={"text": typed, "outcome": "deny"})
        assert by_address.status_code == 400
        assert typed not in by_address.text
        assert "text=" not in by_address.text


@pytest.mark.parametrize("typed", NUMBERS)
def test_a_number_is_refused_wherever_in_an_address_it_stands_and_not_written_into_the_page(doors, typed):
    client = signed_in(doors, **{"accept-language": "en"})
    quoted = quote(typed, safe="")
    for path in (
        f"/console?x={quoted}", f"/console/decisions?rule={quoted}", f"/console/decisions/{quoted}",
        f"/console/policies/{quoted}", f"/console/controls/{quoted}", f"/console/staff-alerts/{quoted}",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code in (400, 403), path
        assert typed not in answer.text, path
        assert quoted not in answer.text, path
    nowhere = client.get(f"/console/nowhere/{quoted}")
    assert nowhere.status_code == 404
    assert quoted not in nowhere.text


def test_an_event_that_its_sender_numbered_like_a_telephone_is_found_by_its_decision(doors, world):
    client, one = signed_in(doors), world.happen(world.clock.at_us)
    world.rows[-1] = replace(one, event_id="13812345678")
    try:
        answer = searched(client, text="13812345678")
        assert answer.headers["location"] == f"/console/decisions/{one.decision_id}"
        assert searched(client, text="1381234567").headers["location"] == "/console/decisions?text=1381234567"
    finally:
        world.rows.pop()
        world.made.pop(one.decision_id)


def test_paging_walks_through_all_decisions_once(doors, world):
    client, seen = signed_in(doors), []
    address = "/console/decisions"
    while address:
        text = client.get(address).text
        seen += re.findall(r'<td class="mono"><a href="/console/decisions/(dec_\w+)"', text)
        further = re.search(r'rel="next" href="([^"]+)"', text)
        address = further[1].replace("&amp;", "&") if further else None
    assert seen == [row.decision_id for row in reversed(world.rows)]


def test_an_unknown_filter_is_named_not_silently_obeyed(doors):
    client = signed_in(doors, **{"accept-language": "en"})
    text = client.get("/console/decisions?outcome=maybe&trouble=much&before=-1").text
    assert "Ignored an unknown filter in the address: outcome, trouble" in text
    assert client.get("/console/decisions?before=" + "9" * 40).status_code == 200


def test_the_export_honours_the_filter_and_holds_no_formula(doors, world, monkeypatch):
    monkeypatch.setattr(console, "EXPORT_ROWS_AT_ONCE", 100)
    client = signed_in(doors)
    answer = client.get("/console/decisions.csv?outcome=deny")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="decisions.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = csv_rows(answer.content)
    assert [row["decision_id"] for row in rows] == [r.decision_id for r in reversed(world.rows) if r.outcome == "deny"]
    everything = client.get("/console/decisions.csv").content
    assert len(csv_rows(everything)) == len(world.rows)
    for cell in ("=1+1", "+cmd", "-1+1", "@sum", "\tx", "\r=1+1", "\n=1+1", "＝1+1", "＋cmd", "－1+1", "＠sum"):
        assert harmless(cell) == "'" + cell
    assert harmless("-12.50") == "-12.50"


def test_a_workbook_and_json_hold_the_same_rows_as_text_and_no_formula(doors, world):
    client = signed_in(doors)
    rows = csv_rows(client.get("/console/decisions.csv?outcome=deny").content)
    found = client.get("/console/decisions.json?outcome=deny").json()
    assert [each["decision_id"] for each in found] == [each["decision_id"] for each in rows]
    assert list(found[0]) == list(rows[0])
    assert client.get("/console/decisions.json?rule=none").json() == []
    book = zipfile.ZipFile(io.BytesIO(client.get("/console/decisions.xlsx?outcome=deny").content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(rows) + 1
    assert "<f>" not in sheet
    assert 't="n"' not in sheet
    assert rows[0]["decision_id"] in book.read("xl/sharedStrings.xml").decode()


def test_an_empty_platform_says_what_to_do(world):
    doors = Doors(World(decisions=0))
    client = signed_in(doors, **{"accept-language": "en"})
    assert "No decision yet" in client.get("/console").text
    assert "No decisions match" in client.get("/console/decisions").text
    assert client.get("/console/live.json").json() == []


def test_the_charts_of_a_young_platform_are_an_hour_wide(doors, world, monkeypatch):
    stats = world.stats()
    monkeypatch.setattr(world, "stats", lambda: replace(stats, minutes=stats.minutes[-2:]))
    values = overview_values(world, View("en", "light", "normal", "on", None, Permits(), None, "/", ZONE, NOW_US, ""))
    assert [len(values[name].columns) for name in ("rates", "volume", "latency")] == [60, 60, 60]
    starts = [minute.start_us for minute in values["stats"].minutes]
    assert starts == list(range(starts[0], starts[-1] + 1, 60_000_000))


def test_old_figures_are_marked_stale_and_a_stopped_lane_says_why(doors, world):
    client = signed_in(doors, **{"accept-language": "en"})
    assert 'class="banner' not in client.get("/console").text
    world.stats_age_us = 42_000_000
    assert "nothing new for 42 s" in client.get("/console").text
    world.stopped = "the disk is full"
    assert "has stopped deciding: the disk is full" in client.get("/console").text


@pytest.mark.parametrize(
    ("lang", "form", "other"),
    [("zh", r"¥[0-9,]+\.[0-9]{2}", r"CNY -?[0-9]|[0-9] CNY"), ("en", r"CNY [0-9,]+\.[0-9]{2}", r"¥|[0-9] CNY")],
)
def test_amounts_have_one_form_in_each_language(doors, world, lang, form, other):
    client = signed_in(doors, **{"accept-language": lang})
    for page in (f"/console/decisions/{world.of(Outcome.DELAY).decision_id}", "/console"):
        text = "".join(Page(client.get(page).text).text)
        assert re.search(form, text)
        assert not re.search(other, text)
    view = View(lang, "light", "normal", "on", None, Permits(), None, "/", ZONE, NOW_US, "")
    limit = world.program.definitions.limits["large_payment"]
    assert re.fullmatch(form, limit_text(limit, limit.steps[0], view))


def test_a_basis_is_shown_in_the_page_s_language(doors, world):
    row = world.of(Outcome.REVIEW)
    explanation = world.explanation(row.decision_id)()
    based = [*explanation.rules, *explanation.exemptions, *explanation.limits]
    assert any(line.basis_zh != line.basis for line in based)
    for lang in ("zh", "en"):
        client = signed_in(doors, **{"accept-language": lang})
        addresses = [f"/console/decisions/{row.decision_id}", f"/console/policies/{explanation.policy}"]
        decision, policy = ("".join(Page(client.get(address).text).text) for address in addresses)
        said = [line.basis_zh if lang == "zh" else line.basis for line in based]
        assert all(text in decision for text in said)
        assert all(text in policy for text in said[: len(explanation.rules)])


def test_a_demo_that_still_tells_its_past_says_how_far_it_is(doors, world):
    world.telling_us, world.told_from_us = NOW_US - 2 * 86_400_000_000, NOW_US - 4 * 86_400_000_000
    said = {lang: signed_in(doors, **{"accept-language": lang}).get("/console").text for lang in ("zh", "en")}
    assert "演示正在回放模拟的历史数据，已到 2026-11-20 12:15:03" in said["zh"]
    assert "The demo plays back its simulated past, by now 2026-11-20 12:15:03" in said["en"]
    for text in said.values():
        assert '<progress max="100" value="50"' in text
    nothing = signed_in(doors, **{"accept-language": "en"}).get("/console/decisions?text=zzz").text
    assert "decisions appear in a moment" in nothing


def test_the_scoreboard_is_there_only_while_a_simulation_runs(doors, world):
    client = signed_in(doors, **{"accept-language": "zh"})
    text = client.get("/console").text
    assert "模拟对照真值" in text
    assert "账户盗用" in text
    assert "182,041.50" in text
    world.board = False
    assert "模拟对照真值" not in client.get("/console").text


def test_a_decision_s_page_tells_every_rule_with_its_conditions(doors, world):
    client = signed_in(doors, **{"accept-language": "en"})
    row = world.of(Outcome.REVIEW)
    explanation = world.explanation(row.decision_id)()
    page = Page(client.get(f"/console/decisions/{row.decision_id}").text)
    text = "".join(page.text)
    for line in explanation.rules:
        assert line.id in text
        assert line.doc.en in text
        assert line.condition.text in text
        assert line.basis in text
    for limit in explanation.limits:
        assert limit.basis in text
    assert "Design default" in text
    holding = sum(line.holds for line in explanation.exemptions)
    shown = [1 for tag, attrs in page.tags if attrs.get("class", "").startswith("rule s-hit")]
    assert len(shown) == len(row.rules) + holding
    assert f"score {row.score}" in text


def test_a_decision_s_page_shows_what_the_customer_is_told(doors, world, monkeypatch):
    row = world.of(Outcome.REVIEW)
    told = (
        AdviceDef("general_review", "core", Words("请等一等。", "Please wait."), Outcome.REVIEW),
        AdviceDef("strange", "shop", Words("与平时不同。", "This is unlike you.")),
    )
    found = replace(world.decision(row.decision_id), advice=told)
    monkeypatch.setattr(world, "decision", lambda _: found)
    page = signed_in(doors, **{"accept-language": "en"}).get(f"/console/decisions/{row.decision_id}").text
    assert "What the customer is told" in page
    assert page.index("Please wait.") < page.index("This is unlike you.")
    assert page.count("the outcome&#39;s general text") == 1
    assert (
        "与平时不同。"
        in signed_in(doors, **{"accept-language": "zh"}).get(f"/console/decisions/{row.decision_id}").text
    )


def test_every_kind_of_decision_has_a_page(doors, world):
    client = signed_in(doors)
    for row in world.rows[:: max(1, len(world.rows) // 12)]:
        assert client.get(f"/console/decisions/{row.decision_id}").status_code == 200


def gone():
    raise LookupError("the definitions of that moment are not at hand")


@pytest.mark.parametrize("explanation", [None, gone])
def test_a_decision_without_an_explanation_still_has_its_page(doors, world, monkeypatch, explanation):
    monkeypatch.setattr(world, "explanation", lambda decision_id: explanation)
    client = signed_in(doors, **{"accept-language": "en"})
    answer = client.get(f"/console/decisions/{world.rows[0].decision_id}")
    assert answer.status_code == 200
    assert "The decision is intact" in answer.text


def test_an_explanation_is_reckoned_beside_the_event_loop(doors, world, monkeypatch):
    threads, row = [], world.rows[0]
    reckon = world.explanation(row.decision_id)

    def noted():
        threads.append(threading.current_thread())
        return reckon()

    monkeypatch.setattr(world, "explanation", lambda decision_id: noted)
    assert signed_in(doors).get(f"/console/decisions/{row.decision_id}").status_code == 200
    assert threads
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(("lang", "same"), [("en", "Identical, byte for byte"), ("zh-CN", "逐字节一致")])
def test_a_decision_s_page_says_that_it_comes_out_the_same(doors, world, lang, same):
    client = signed_in(doors, **{"accept-language": lang})
    text = client.get(f"/console/decisions/{world.rows[0].decision_id}").text
    assert same in text
    assert f"{world.rows[0].seq:064x}" in text


def test_a_decision_s_page_says_what_does_not_come_out(doors, world, monkeypatch):
    lines = tuple(ReplayLine(kind, NASTY, "–", "1") for kind in get_args(Kind))
    monkeypatch.setattr(world, "replay_lines", lines)
    for lang, said in (("en", f"It differs in {len(lines)}"), ("zh-CN", f"有 {len(lines)} 处不同")):
        client = signed_in(doors, **{"accept-language": lang})
        page = Page(client.get(f"/console/decisions/{world.rows[0].decision_id}").text)
        assert said in "".join(page.text)
        assert NASTY in "".join(page.text)


@pytest.mark.parametrize("replay", [None, gone])
def test_a_decision_that_can_not_be_made_again_still_has_its_page(doors, world, monkeypatch, replay):
    monkeypatch.setattr(world, "replay", lambda decision_id: replay)
    client = signed_in(doors, **{"accept-language": "en"})
    answer = client.get(f"/console/decisions/{world.rows[0].decision_id}")
    assert answer.status_code == 200
    assert "Replayed" not in answer.text


def test_an_unknown_decision_or_policy_is_not_found(doors):
    client = signed_in(doors, **{"accept-language": "en"})
    for address, said in (
        ("decisions/dec_x", "no decision with the id dec_x"),
        ("policies/y", "no policy named y"),
    ):
        answer = client.get(f"/console/{address}")
        assert answer.status_code == 404
        assert said in answer.text


def test_the_policy_page_shows_live_and_shadow_rules_with_their_hits(doors, world):
    client = signed_in(doors, **{"accept-language": "en"})
    assert 'badge state-shadow">Shadow' in client.get("/console/policies").text
    text = "".join(Page(client.get("/console/policies/payment").text).text)
    policy = next(seen for seen in world.policies() if seen.policy.id == "payment")
    for rule in policy.policy.rules:
        assert rule.doc.en in text
        assert rule.when.text in text
    assert client.get("/console/policies/payment_strict").status_code == 200


# ---- live -----------------------------------------------------------------------------------------------


def test_asking_for_rows_gives_only_newer_ones_oldest_first(doors, world):
    client = signed_in(doors)
    last = world.rows[-4].seq
    rows = client.get(f"/console/live.json?after={last}").json()
    assert [row["seq"] for row in rows] == [row.seq for row in world.rows[-3:]]
    assert len(client.get("/console/live.json").json()) == live.ROWS_MAX


def collect(stream, most):
    """The first so many chunks of an asynchronous stream."""
    import asyncio

    async def run():
        found = []
        async for chunk in stream:
            found.append(chunk.decode())
            if len(found) == most:
                break
        await stream.aclose()
        return found

    return asyncio.run(run())


def test_the_stream_goes_on_after_the_last_event_that_was_seen(world, monkeypatch):
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0)
    chunks = collect(live.stream(lambda: world, world.program.events["login"].zone, world.rows[-3].seq), 3)
    assert chunks[0] == "retry: 3000\n\n"
    assert chunks[1].startswith(f"id: {world.rows[-1].seq}\nevent: rows\ndata: [")
    assert chunks[2] == "event: beat\ndata: {}\n\n"


def test_the_stream_ends_with_its_session(world):
    chunks = collect(live.stream(lambda: None, world.program.events["login"].zone, None), 9)
    assert chunks == ["retry: 3000\n\n", "event: ended\ndata: {}\n\n"]


def test_too_many_streams_are_refused_politely(doors, monkeypatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 0)
    answer = signed_in(doors).get("/console/live")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


# ---- charts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "longest"), [(3.0, "3"), (347_900.0, "400,000"), (12_345_678.0, "15,000,000")])
def test_the_upright_axis_has_room_for_its_longest_figure(most, longest):
    for chart in (
        charts.stacked(["a"], [[("x", most)]], [""], width=320),
        charts.lines(["a", "b"], [("x", [most, 0.0])], ["", ""], width=320),
    ):
        assert chart.up[-1].text == longest
        # A digit of the console's 11 px text is 7 px wide at most; the figure ends 6 px before the axis.
        assert chart.left - 6 - 7 * len(longest) >= 0
        assert min(column.x for column in chart.columns) == chart.left


def test_a_stack_stays_inside_its_field_and_adds_up():
    chart = charts.stacked(["a", "b"], [[("x", 3.0), ("y", 4.0)], [("x", 0.0), ("y", 0.0)]], ["", ""])
    bars = chart.columns[0].bars
    assert chart.columns[1].bars == ()
    assert min(bar.y for bar in bars) >= chart.top
    assert max(bar.y + bar.height for bar in bars) == chart.bottom
    heights = [bar.height for bar in bars]
    assert heights[0] / heights[1] == pytest.approx(3 / 4, abs=0.001)


def test_a_line_is_broken_where_nothing_was_measured():
    chart = charts.lines(["a", "b", "c", "d"], [("p50", [1.0, None, 2.0, 3.0])], [""] * 4)
    assert chart.lines[0].path.count("M") == 2
    assert "h0.01" in chart.lines[0].path


def test_the_waterfall_ends_at_the_score_and_keeps_inside_its_box():
    drawn = charts.waterfall([("a", 60), ("b", -20), ("c", 30)], [(50, "challenge"), (80, "challenge"), (130, "deny")])
    assert drawn.score == 70
    assert [step.total for step in drawn.steps] == [60, 90, 70]
    assert [line.score for line in drawn.thresholds] == [50, 130]
    assert all(step.x + step.width <= drawn.width for step in drawn.steps)
