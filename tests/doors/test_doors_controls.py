"""The register on the command line, over HTTP, on the console and as a page."""

import asyncio
import json
import shutil

import pytest
from api_world import Api
from console_browser import Profile, Served, Tab, chromium
from console_world import NOW_US, ZONE, Doors, Visitor, World
from looking_over import looked_over
from test_doors_cli import jindi, no_settings_of_ours, told

from controls_world import CONTROLS, live, wired
from jindi.access import Scope
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.doors.console import build_console
from jindi.doors.reports import controls_page
from jindi.run.controls.register import RESULT, RUN
from jindi.run.trail import Wanted
from shop_world import run

__all__ = ["no_settings_of_ours"]

QUICK = ("SHOP1", "SHOP2", "SHOP3")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lived")
    outside, settled = wired(folder)
    live(outside, settled, 4)
    return folder


@pytest.fixture
def home(lived, tmp_path, monkeypatch):
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WHERE = ("--data", "data", "--packs", "packs")


def ran(*only, code=1):
    asked = [word for each in only for word in ("--only", each)]
    return told("controls", "run", *asked, *WHERE, code=code)


def by_id(document):
    return {each["id"]: each for risk in document["risks"] for each in risk["controls"]}


def test_the_list_shows_every_control_with_its_state(home):
    listed = by_id(told("controls", "list", *WHERE))
    assert {listed[each]["state"] for each in QUICK} == {"never"}
    assert listed["SHOP4"]["state"] == "excluded"
    assert {"C01", "C28", "C35"} <= listed.keys()
    said = jindi("controls", "list", *WHERE).stdout
    assert "SHOP1" in said
    assert "付款有生效策略" in said


def test_a_run_tells_what_came_of_it_and_is_1_while_one_of_its_own_fails(home):
    found = ran(*QUICK)
    assert (found["ok"], found["ran"], found["failing"]) == (False, 3, 1)
    states = {each["id"]: each["state"] for each in found["controls"]}
    assert states == {"SHOP1": "passed", "SHOP2": "passed", "SHOP3": "could_not_run"}
    assert ran("SHOP2", code=0)["ok"] is True
    said = jindi("controls", "run", "--only", "SHOP3", *WHERE)
    assert said.exit_code == 1
    assert "✗ SHOP3" in said.stdout
    assert "no check called not_there_yet" in said.stdout
    assert "没有名为 not_there_yet 的检查" in said.stdout


def test_a_report_has_the_mapping_the_result_the_evidence_and_the_record_that_names_it(home):
    ran(*QUICK)
    document = told("controls", "report", *WHERE, code=1)
    assert document["ok"] is False
    one = by_id(document)["SHOP1"]
    assert one["measure"] == {"zh": "防止盗用", "en": "Theft is stopped"}
    assert one["by"] == ["pack shop"]
    assert one["with"] == {"events": ["pay"]}
    assert one["owner_title"]["zh"] == "策略编写人"
    assert one["check_doc"]["en"].startswith("Each of these events has a live policy")
    result = one["result"]
    assert (result["outcome"], result["why"]) == ("passed", {"zh": "", "en": ""})
    assert result["evidence"]["policies"]["pay"]["rules"] > 3
    assert result["record"] > 0
    assert len(result["evidence_digest"]) == 64
    listed = by_id(told("controls", "list", *WHERE))["SHOP1"]["result"]
    assert "evidence" not in listed
    assert listed["evidence_digest"] == result["evidence_digest"]


def test_a_report_is_0_when_everything_is_green(home):
    text = CONTROLS.split("[SHOP3]")[0] + "[SHOP4]" + CONTROLS.split("[SHOP4]")[1]
    (home / "packs" / "shop" / "controls.toml").write_text(text, "utf-8")
    (home / "packs" / "platform" / "controls.toml").unlink()
    told("controls", "run", *WHERE)
    document = told("controls", "report", *WHERE)
    assert document["ok"] is True
    assert document["counts"] == {"all": 3, "passed": 2, "failing": 0, "excluded": 1}


def test_what_was_run_is_in_the_audit(home):
    ran("SHOP1", code=0)

    async def go():
        from test_doors_cli import Outside

        from jindi.run.audit import Audit

        outside = Outside()
        settled = outside.settle({"data": "data", "packs": "packs"})
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        try:
            return (await Audit(platform).look(Wanted(what="control"))).doings
        finally:
            await platform.close()

    doings = asyncio.run(go())
    assert [each.what for each in doings] == [RESULT, RUN]
    assert doings[0].on.startswith("SHOP1 passed sha256:")


def test_an_edited_result_is_told_as_altered(home):
    ran("SHOP3")
    path = home / "data" / "state" / "controls.json"
    kept = json.loads(path.read_text("utf-8"))
    kept["results"]["SHOP3"]["outcome"] = "passed"
    path.write_text(json.dumps(kept), "utf-8")
    one = by_id(told("controls", "report", *WHERE, code=1))["SHOP3"]
    assert (one["state"], one["green"]) == ("altered", False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("controls", "run", "--only", "SHOP9", *WHERE), "no pack has this control"),
        (("controls", "report", "--data", "nowhere", "--packs", "packs"), "no platform has been started"),
        (("controls", "report", *WHERE, "--page", "no/such/folder.html"), "the page can't be written"),
    ],
)
def test_what_can_not_be_done_is_said_with_its_place(home, words, said):
    document = told(*words, code=1)
    assert said in json.dumps(document)


def test_packs_without_controls_have_no_register(home):
    for pack in ("shop", "platform"):
        (home / "packs" / pack / "controls.toml").unlink()
    assert "no pack has a control" in json.dumps(told("controls", "list", *WHERE, code=1))


def test_while_a_platform_runs_the_command_line_leaves_its_journal_alone(home):
    async def go():
        from test_doors_cli import Outside

        outside = Outside()
        settled = outside.settle({"data": "data", "packs": "packs"})
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        try:
            refused = await asyncio.to_thread(told, "controls", "run", "--only", "SHOP1", *WHERE, code=1)
            shown = await asyncio.to_thread(told, "controls", "list", *WHERE)
        finally:
            await platform.close()
        return refused, shown

    refused, shown = asyncio.run(go())
    assert refused["ok"] is False
    assert "--api-key" in json.dumps(refused), "it says what to do"
    assert by_id(shown)["SHOP1"]["state"] == "never"


# ---- pages


@pytest.fixture(scope="module")
def document(lived, tmp_path_factory):
    folder = tmp_path_factory.mktemp("document")
    shutil.copytree(lived, folder, dirs_exist_ok=True)
    where = ("--data", folder / "data", "--packs", folder / "packs")
    asked = [word for each in (*QUICK, "C02", "C35") for word in ("--only", each)]
    told("controls", "run", *asked, *where, code=1)
    return told("controls", "report", *where, code=1)


def test_the_page_of_a_report_has_everything_in_both_languages_and_loads_nothing(document):
    page = controls_page(document)
    for text in (
        "付款有生效策略。", "Payments have a live policy.", "无法检查", "could not run", "由集团负责备份",
        "The group makes the backups", "本版本没有名为 not_there_yet 的检查", "this version has no check called",
        "证据", "Evidence", "金堤不构成法律意见",
    ):  # fmt: skip
        assert text in page, text
    assert page.count('lang="zh-CN"') == page.count('lang="en"') + 1  # the page's own language
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for each in by_id(document):
        assert f'<span class="mono">{each}</span>' in page


def test_a_page_never_takes_evidence_for_markup(document):
    nasty = json.loads(json.dumps(document))
    for risk in nasty["risks"]:
        for each in risk["controls"]:
            if each["result"]:
                each["result"]["evidence"] = {"x": "<script>alert(1)</script>"}
    assert "<script" not in controls_page(nasty)


class Shown:
    """A console with a register."""

    def __init__(self, document):
        self.doors = Doors(World(20))

        async def ask():
            return document

        self.app = build_console(
            self.doors.world, sessions=self.doors.sessions, links=self.doors.links, clock=self.doors.world.clock,
            zone=ZONE, controls=ask,
        )  # fmt: skip

    def session(self, *scopes):
        return self.doors.sessions.open("limin", frozenset(scopes), NOW_US).clear_id

    def visitor(self, lang, *scopes):
        return Visitor(self.app, cookies={"jindi_session": self.session(*scopes), "jindi_lang": lang})


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("控制登记", "信息泄露", "不适用", "尚未检查")),
        ("en", ("Controls", "Disclosure of data", "does not apply", "never run")),
    ],
)
def test_the_console_lists_controls_by_risk_in_both_languages(document, lang, words):
    page = Shown(document).visitor(lang, Scope.DECISIONS_READ).get("/console/controls").text
    for word in words:
        assert word in page
    assert 'href="/console/controls/SHOP1"' in page
    assert "aria-current" in page


def test_the_console_shows_only_what_fails_when_asked(document):
    page = Shown(document).visitor("en", Scope.DECISIONS_READ).get("/console/controls?show=failing").text
    assert "/console/controls/SHOP3" in page
    assert "/console/controls/SHOP1" not in page


def test_the_console_drills_into_the_evidence(document):
    visitor = Shown(document).visitor("en", Scope.AUDIT_READ)
    page = visitor.get("/console/controls/C02").text
    assert "to another row of the subject" in page
    assert by_id(document)["C02"]["result"]["evidence_digest"] in page
    failing = visitor.get("/console/controls/C35").text
    assert "there are no backups to look at" in failing
    assert visitor.get("/console/controls/NOPE").status_code == 404


def test_controls_are_for_those_who_may_read_them(document):
    shown = Shown(document)
    for scope, status in ((Scope.DECISIONS_READ, 200), (Scope.AUDIT_READ, 200), (Scope.EVENTS_WRITE, 403)):
        assert shown.visitor("en", scope).get("/console/controls").status_code == status
    assert Visitor(shown.app).get("/console/controls").status_code == 303


def test_a_console_without_a_register_says_so():
    doors = Doors(World(5))
    session = doors.sessions.open("limin", frozenset({Scope.DECISIONS_READ}), NOW_US).clear_id
    page = Visitor(doors.app, cookies={"jindi_session": session, "jindi_lang": "en"}).get("/console/controls").text
    assert "No pack declares a control" in page


@pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM HERE: the pages of controls were not opened in a browser")
def test_the_pages_hold_in_a_browser_in_both_languages_and_themes(document, process):
    shown = Shown(document)
    served, found = Served(shown.app), []
    for lang in ("zh", "en"):
        tab = Tab(Profile(process))
        tab.cookie(served.url, "jindi_session", shown.session(Scope.DECISIONS_READ))
        found += looked_over(
            tab, served.url, ("/console/controls", "/console/controls/C02", "/console/controls/C35"), lang
        )
    served.close()
    assert found == []


# ---- over HTTP


def test_the_api_gives_the_register_and_runs_controls_beside_decisions(home):
    """A real platform behind the API: a run is accepted, recorded, and found in the register when it is done."""
    import httpx
    from test_doors_cli import Outside

    from jindi.access import ApiKeys
    from jindi.doors.api import build_api

    async def go():
        outside = Outside()
        settled = outside.settle({"data": "data", "packs": "packs"})
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        keys = ApiKeys(outside.blobs(settled), lambda size: bytes(size - 1) + b"7")
        admin, _ = keys.create("ann", frozenset({Scope.ADMIN}), platform.now_us())
        app = build_api(platform, keys, outside.clock, dict)
        try:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://x",
                headers={"authorization": f"Bearer {admin}"},
            ) as http:
                began = await http.post("/v1/controls/run?only=SHOP2")
                while platform.warden.is_working or not platform.warden.book.read().results:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                unknown = await http.post("/v1/controls/run?only=NOPE")
                metrics = (await http.get("/metrics")).text
                return began, unknown, (await http.get("/v1/controls")).json(), metrics
        finally:
            await platform.close()

    began, unknown, register, metrics = asyncio.run(go())
    assert (began.status_code, began.json()["only"]) == (202, ["SHOP2"])
    assert unknown.status_code == 400
    one = by_id(register)["SHOP2"]
    assert (one["state"], one["result"]["by"]) == ("passed", "ann")
    assert 'jindi_controls{state="passed"} 1' in metrics


def test_a_running_platform_runs_what_the_command_line_asks_for_and_gives_its_evidence(home):
    """A real platform behind a real socket; the command finds that the folder is open, and asks it."""
    import uvicorn
    from test_doors_cli import Outside

    from jindi.access import ApiKeys
    from jindi.doors.api import build_api

    async def go():
        outside = Outside()
        settled = outside.settle({"data": "data", "packs": "packs"})
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        keys = ApiKeys(outside.blobs(settled), lambda size: bytes(size - 1) + b"7")
        admin, _ = keys.create("ann", frozenset({Scope.ADMIN}), platform.now_us())
        application = build_api(platform, keys, outside.clock, dict)
        server = uvicorn.Server(uvicorn.Config(application, port=0, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.ensure_future(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by a flag
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        there = ("--url", f"http://127.0.0.1:{port}", "--api-key", admin, *WHERE)
        try:
            some = await asyncio.to_thread(
                told, "controls", "run", "--only", "SHOP2", "--only", "SHOP3", *there, code=1
            )
            words = await asyncio.to_thread(jindi, "controls", "run", "--only", "SHOP3", *there)
            wrong = await asyncio.to_thread(
                told, "controls", "run", "--only", "SHOP2", *there[:3], "jk_wrong", *WHERE, code=1
            )
            return some, words, wrong, platform.archive.log.next_seq()
        finally:
            server.should_exit = True
            await serving
            await platform.close()

    some, words, wrong, records = asyncio.run(go())
    found = {each["id"]: each for each in some["controls"]}
    assert {name: each["state"] for name, each in found.items()} == {"SHOP2": "passed", "SHOP3": "could_not_run"}
    assert found["SHOP2"]["result"]["by"] == "ann"
    assert found["SHOP2"]["result"]["evidence"]
    assert 0 < found["SHOP2"]["result"]["record"] < records
    assert found["SHOP2"]["result"]["run"] == some["run"]
    assert words.exit_code == 1
    assert "evidence sha256:" in words.stdout
    assert "could_not_run: " in words.stdout
    assert wrong["ok"] is False


def test_a_report_in_words_says_why_each_red_control_is_red(home):
    ran("SHOP2", "SHOP3")
    said = jindi("controls", "report", *WHERE).stdout
    document = by_id(told("controls", "report", *WHERE, code=1))
    assert document["SHOP3"]["result"]["why"]["en"] in said
    assert document["SHOP3"]["result"]["why"]["zh"] in said
    assert "there is no result yet: jindi controls run" in said


def test_a_platform_without_a_register_says_so_over_http():
    async def go():
        async with Api() as api:
            return await api.ask("GET", "/v1/controls"), await api.ask("POST", "/v1/controls/run")

    for answer in run(go()):
        assert answer.status_code == 503
        assert "no register" in answer.text
