"""Versions at the doors: the API with two keys, and `jindi policies` against a running platform."""

import asyncio
import contextlib
import json
import re

import pytest
from api_world import Api
from typer.testing import CliRunner

from jindi.access import Scope
from jindi.app.wiring import Outside
from jindi.doors.api.versions import person_of
from jindi.doors.cli.commands import _Context, app
from jindi.run.platform import Settings
from shop_world import POLICY, pay, run, shop_files
from versions_world import APPROVED, LOWER, LOWEST, Office

FIRST, SECOND = "pay@5d26efb05ef1", "pay@6549318c99ed"
WRITE, APPROVE, READ = Scope.POLICIES_WRITE, Scope.POLICIES_APPROVE, Scope.DECISIONS_READ
NOBODY = "chg_0000000000ff"
ROUTES = [
    ("GET", "/v1/policies", None, {WRITE, APPROVE, READ}, 200),
    ("GET", "/v1/policies/pay", None, {WRITE, APPROVE, READ}, 200),
    ("GET", "/v1/policies/statistics", None, {WRITE, APPROVE, READ}, 200),
    ("POST", "/v1/policies/diff", {}, {WRITE, APPROVE, READ}, 200),
    ("POST", "/v1/policies/shadow", {"policy": "nobody"}, {WRITE}, 409),
    ("POST", "/v1/policies/retire", {"version": FIRST}, {WRITE}, 409),
    ("POST", "/v1/policies/rollback", {"why": "x"}, {APPROVE}, 409),
    ("GET", "/v1/proposals", None, {WRITE, APPROVE, READ}, 200),
    ("POST", "/v1/proposals", {"why": "x"}, {WRITE}, 409),
    ("GET", f"/v1/proposals/{NOBODY}", None, {WRITE, APPROVE, READ}, 404),
    ("POST", f"/v1/proposals/{NOBODY}/approve", {}, {APPROVE}, 404),
    ("POST", f"/v1/proposals/{NOBODY}/reject", {"why": "x"}, {WRITE, APPROVE}, 404),
]


class Doors(Api):
    """The API of an office: an author's key, an approver's key, saved drafts."""

    def __init__(self, settings=APPROVED):
        self.office = Office(settings=settings)
        super().__init__(self.office.shop, desk=self.office.desk)

    async def __aenter__(self):
        await super().__aenter__()
        self.author = self.key(WRITE, name="ann")
        self.approver = self.key(APPROVE, name="bob")
        return self

    async def do(self, path, body=None, key=None, status=200):
        answer = await self.ask("POST", path, body or {}, key or self.author)
        assert answer.status_code == status, answer.text
        return answer.json()


# ---- the API


@pytest.mark.parametrize(("method", "path", "body", "rights", "status"), ROUTES)
def test_each_route_is_open_to_its_scopes_and_to_admin_and_to_no_other(method, path, body, rights, status):
    async def go():
        async with Doors() as doors:
            for scope in Scope:
                answer = await doors.ask(method, path, body, doors.key(scope))
                allowed = scope in rights or scope is Scope.ADMIN
                assert answer.status_code == (status if allowed else 403)
                if not allowed:
                    assert all(right in answer.json()["detail"] for right in rights)
            assert (await doors.ask(method, path, body, "jk_wrong")).status_code == 401

    run(go())


@pytest.mark.parametrize(("method", "path", "body", "rights", "status"), ROUTES)
def test_another_method_is_refused_with_those_that_are_allowed(method, path, body, rights, status):
    async def go():
        async with Doors() as doors:
            taken = {other for other, same, *_ in ROUTES if same == path}
            for other in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
                if path == "/v1/policies/pay" and other == "GET":
                    continue
                if path.startswith("/v1/policies/") and other == "GET":
                    continue  # a policy of that name is looked for
                answer = await doors.ask(other, path)
                assert answer.status_code == 405
                assert method in answer.headers["allow"]

    run(go())


def test_a_draft_goes_live_by_two_keys_and_back_by_one_call():
    async def go():
        async with Doors() as doors:
            doors.office.save(LOWER)
            seen = await doors.do("/v1/policies/diff")
            [changed] = seen["differences"]
            assert (changed["kind"], changed["name"], changed["what"]) == ("rule", "large", "changed")
            assert (await doors.do("/v1/policies/shadow", {"policy": "pay"}, status=201))["version"] == SECOND
            proposal = await doors.do("/v1/proposals", {"why": "fewer losses"}, status=201)
            assert (proposal["state"], proposal["by"], proposal["why"]) == ("open", "ann", "fewer losses")
            assert proposal["versions"] == [SECOND]
            at = f"/v1/proposals/{proposal['id']}"
            seen = (await doors.ask("GET", at, key=doors.approver)).json()
            assert seen["review"]["digest"] == proposal["digest"]
            assert seen["review"]["cases"] == 12
            done = await doors.do(f"{at}/approve", {"why": "ok", "digest": proposal["digest"]}, doors.approver)
            assert (done["state"], done["answer"]["by"], done["catching_up"]) == ("approved", "bob", [])
            assert (await doors.post(pay(1, "950.00"))).json()["policy"] == SECOND
            back = await doors.do("/v1/policies/rollback", {"why": "complaints"}, doors.approver)
            assert {each["version"]: each["state"] for each in back["versions"]} == {FIRST: "live", SECOND: "retired"}
            assert (await doors.post(pay(2, "950.00"))).json()["policy"] == FIRST
            told = (await doors.ask("GET", "/v1/policies/pay", key=doors.author)).json()
            steps = [(each["what"], each.get("by")) for each in told["versions"][1]["history"]]
            assert steps == [
                ("shadow", "ann"), ("proposed", "ann"), ("approved", "bob"), ("live", "bob"), ("ended", "bob"),
            ]  # fmt: skip

    run(go())


def test_what_is_declined_is_told_in_both_languages_with_a_code():
    async def go():
        async with Doors() as doors:
            doors.office.save(LOWER)
            both = doors.key(WRITE, APPROVE, name="both")
            proposal = await doors.do("/v1/proposals", {"why": "x"}, both, 201)
            told = await doors.do(f"/v1/proposals/{proposal['id']}/approve", {}, both, 409)
            assert (told["code"], told["type"]) == ("own_proposal", "urn:jindi:problem:change-declined")
            assert re.search(r"[\u4e00-\u9fff]", told["detail_zh"])
            assert told["detail"]
            twin = doors.key(APPROVE, name="BOTH")
            assert (await doors.do(f"/v1/proposals/{proposal['id']}/approve", {}, twin, 409))["code"] == "own_proposal"
            await doors.do(f"/v1/proposals/{proposal['id']}/reject", {"why": "mine"}, doors.author, 409)
            done = await doors.do(f"/v1/proposals/{proposal['id']}/reject", {"why": "mine"}, both)
            assert done["state"] == "withdrawn"

    run(go())


def test_the_keys_that_a_start_prints_and_the_console_s_operator_are_one_person():
    async def go():
        async with Doors() as doors:
            keys = [doors.keys.create("start", frozenset({Scope.ADMIN}), 0)[1].principal for _ in range(2)]
            assert {person_of(key).name for key in keys} == {"operator"}

    run(go())


def test_broken_drafts_and_bad_requests_are_told_and_change_nothing():
    async def go():
        async with Doors() as doors:
            doors.office.save(POLICY.replace("amount >=", "amuont >="))
            told = await doors.do("/v1/proposals", {"why": "x"}, status=422)
            assert any("amuont" in each["problem"] for each in told["problems"])
            seen = await doors.do("/v1/policies/diff")
            assert any("amuont" in each for each in seen["problems"])
            await doors.do("/v1/proposals", {}, status=400)
            await doors.do("/v1/proposals", {"why": "x", "whom": 1}, status=400)
            await doors.do("/v1/proposals/dec_00000000000a/approve", {}, doors.approver, 404)
            assert (await doors.ask("GET", "/v1/policies/nobody")).status_code == 404
            assert (await doors.ask("GET", "/v1/proposals")).json() == {"proposals": []}

    run(go())


def test_edited_packs_are_taken_from_the_request_in_the_place_of_their_namesakes():
    async def go():
        async with Doors() as doors:
            files = {path: text for path, text in shop_files(policy=LOWEST).items() if path.startswith("shop/")}
            proposal = await doors.do("/v1/proposals", {"why": "x", "files": files}, status=201)
            assert proposal["files"] == ["shop/policies/pay.toml"]
            await doors.do(f"/v1/proposals/{proposal['id']}/approve", {}, doors.approver)
            assert (await doors.post(pay(1, "850.00"))).json()["outcome"] == "challenge"

    run(go())


def test_where_files_are_in_force_the_answer_says_how_that_is_set():
    async def go():
        async with Doors(Settings(release_due=False)) as doors:
            told = await doors.do("/v1/policies/rollback", {"why": "x"}, doors.approver, 409)
            assert 'changes = "approved"' in told["detail"]
            assert (await doors.ask("GET", "/v1/policies")).json()["changes"] == "files"

    run(go())


# ---- the command line


@contextlib.asynccontextmanager
async def served():
    """Doors behind a socket, and a function that runs a command against them in a thread."""
    doors = Doors()
    doors.road = "socket"
    async with doors:

        async def jindi(*arguments, key=None, code=0, as_json=True):
            def call():
                given = [*arguments, "--url", f"http://127.0.0.1:{doors.socket.port}", "--api-key", key or doors.author]
                result = CliRunner().invoke(
                    app, ["policies", *given, *(["--json"] if as_json else [])], obj=_Context(Outside())
                )
                assert result.exit_code == code, (result.stdout, result.stderr)
                return json.loads(result.stdout) if as_json else result.stdout + result.stderr

            return await asyncio.to_thread(call)

        yield doors, jindi


def test_the_whole_life_of_a_version_by_commands():
    async def go():
        async with served() as (doors, jindi):
            doors.office.save(LOWER)
            assert (await jindi("diff"))["differences"][0]["name"] == "large"
            assert (await jindi("shadow", "pay"))["version"] == SECOND
            proposal = await jindi("propose", "--why", "fewer losses")
            told = await jindi("approve", proposal["id"], code=1)
            assert told["ok"] is False
            await jindi("approve", proposal["id"], "--digest", proposal["digest"][:12], key=doors.approver)
            states = {each["version"]: each["state"] for each in (await jindi("list"))["versions"]}
            assert states == {FIRST: "retired", SECOND: "live"}
            await jindi("rollback", "--why", "complaints", key=doors.approver)
            assert [each["what"] for each in (await jindi("show", FIRST))["versions"][0]["history"]][-1] == "live"
            assert (await jindi("show", proposal["id"]))["state"] == "approved"
            doors.office.save(LOWEST)
            version = (await jindi("shadow", "pay"))["version"]
            assert (await jindi("retire", version))["version"] == version
            other = await jindi("propose", "pay", "--why", "x")
            assert (await jindi("reject", other["id"], "--why", "y", key=doors.approver))["state"] == "rejected"

    run(go())


def test_what_a_watched_version_would_have_done_is_told_as_json_and_in_words():
    async def go():
        async with served() as (doors, jindi):
            assert (await jindi("stats"))["watched"] == []
            assert "no version is watched" in await jindi("stats", as_json=False)
            doors.office.save(LOWER)
            await jindi("shadow", "pay")
            assert (await jindi("stats", SECOND))["watched"] == [], "nothing has come yet, and that is no mistake"
            assert f"{SECOND} is not watched, or no event of its type" in await jindi("stats", SECOND, as_json=False)
            answers = [
                (await doors.post(pay(n, amount))).json()["decision_id"]
                for n, amount in enumerate(["10.00", "950.00", "950.00", "2000.00"])
            ]
            [tally] = (await jindi("stats", SECOND))["watched"]
            assert (tally["version"], tally["live"], tally["events"], tally["disagreements"]) == (SECOND, FIRST, 4, 2)
            assert tally["would_outcomes"]["challenge"] == 3
            assert tally["live_outcomes"]["challenge"] == 1
            assert tally["rules"]["large"] == {"hits": 3, "heavier": 2, "live_hits": 1}
            assert {each["decision_id"] for each in tally["samples"]} == set(answers[1:3])
            said = await jindi("stats", as_json=False)
            assert "4 pay events" in said
            assert "2 decided otherwise (50.00%)" in said
            await jindi("stats", "nobody@000000000000", code=1)

    run(go())


def test_the_same_in_words():
    async def go():
        async with served() as (doors, jindi):
            doors.office.save(LOWER)
            said = await jindi("diff", "--text", as_json=False)
            assert "~ rule large of pay" in said
            assert "+when = \"amount >= cny('900')" in said
            assert "12 cases hold" in said
            said = await jindi("propose", "--why", "fewer losses", as_json=False)
            proposal = re.search(r"chg_[0-9a-f]{12}", said)[0]
            assert "open" in said
            said = await jindi("list", as_json=False)
            assert "proposed" in said
            assert "changes: approved" in said
            said = await jindi("show", proposal, as_json=False)
            assert "by ann" in said
            said = await jindi("approve", proposal, as_json=False, code=1)
            assert "lacks the scope" in said or "policies:approve" in said
            said = await jindi("approve", proposal, key=doors.approver, as_json=False)
            assert f"{SECOND}: in force" in said
            said = await jindi("show", "pay", as_json=False)
            assert f"{SECOND} on pay: live" in said
            assert "by bob" in said

    run(go())


def test_edited_packs_of_one_s_own_machine_are_proposed_without_the_base_pack(tmp_path):
    async def go():
        async with served() as (doors, jindi):
            for path, text in shop_files(policy=LOWER).items():
                if path.startswith("shop/"):
                    target = tmp_path / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text, "utf-8")
            assert [each["name"] for each in (await jindi("diff", "--candidate", str(tmp_path)))["differences"]] == [
                "large"
            ]
            proposal = await jindi("propose", "--candidate", str(tmp_path / "shop"), "--why", "mine")
            assert proposal["files"] == ["shop/policies/pay.toml"]
            await jindi("approve", proposal["id"], key=doors.approver)
            assert doors.office.state(SECOND) == "live"

    run(go())


def test_without_a_key_the_platform_says_that_one_is_missing_and_how_it_is_given():
    async def go():
        async with served() as (doors, _):
            url = f"http://127.0.0.1:{doors.socket.port}"

            def call(*key):
                return CliRunner().invoke(
                    app, ["policies", "list", "--url", url, *key], obj=_Context(Outside()), env={"JINDI_API_KEY": ""}
                )

            for key in ((), ("--api-key", "jk_nobody")):
                result = await asyncio.to_thread(call, *key)
                assert result.exit_code == 1
                assert "No API key in force was given" in result.stderr
                assert "give --api-key, or set JINDI_API_KEY" in result.stderr

    run(go())


def test_a_roll_back_says_what_is_otherwise_now():
    async def go():
        async with served() as (doors, jindi):
            doors.office.save(LOWER)
            proposal = await jindi("propose", "--why", "fewer losses")
            await jindi("approve", proposal["id"], key=doors.approver)
            said = await jindi("rollback", "--why", "complaints", key=doors.approver, as_json=False)
            assert "~ rule large of pay" in said
            assert "when: amount >= cny('900') and" in said
            assert "→ amount >= cny('1000') and" in said
            assert "is in force now" in said

    run(go())


def test_a_platform_that_is_not_there_is_told_with_a_remedy():
    result = CliRunner().invoke(
        app, ["policies", "list", "--url", "http://127.0.0.1:9", "--json"], obj=_Context(Outside())
    )
    assert result.exit_code == 1
    assert "no platform answers there" in result.stdout
