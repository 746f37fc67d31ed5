"""Cases over HTTP: the queue and its filters, every step's address, and everything that is refused."""

import base64
import json
import re

import pytest
from api_world import Api
from test_doors_api import conforms, is_problem

from casework_world import Failing, Room
from clear_world import new_vault
from jindi.access import Permits, Scope
from jindi.basics.instants import format_instant
from jindi.cases import Assign, Close, Step
from jindi.doors.api.cases import STEPS
from jindi.doors.api.openapi_cases import SUMMARIES
from jindi.ports import CaseStoreFailure
from jindi.run.audit import Actor
from jindi.run.records import ActionRecord, CaseRecord
from shop_world import HOUR_US, NOON_US, failing_append, pay, run

AMOUNTS = ("12000.00", "60000.00", "11000.00")
LATER = format_instant(NOON_US + HOUR_US)


class Cases(Api):
    """The API of a room with three cases of theft, of u0 to u2; the largest is u1's."""

    def __init__(self, **more):
        self.room = Room(people=("ann", "bob", "test", "lead"), vault=new_vault())
        super().__init__(self.room, cases=lambda: self.room.desk, **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.worker = self.key(Scope.CASES_WORK)
        for number, amount in enumerate(AMOUNTS):
            await self.room.send(pay(number, amount, user=f"u{number}"))
        self.ids = [each.id for each in await self.room.cases()]
        return self

    async def get(self, path="", **more):
        return await self.ask("GET", f"/v1/cases{path}", **{"key": self.worker} | more)

    async def told(self, path=""):
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def of(self, path=""):
        """Whose the cases of a list are."""
        return [each["subject"] for each in (await self.told(path))["cases"]]

    async def step(self, verb, document=None, at=0, **more):
        path = f"/v1/cases/{self.ids[at]}/{verb}"
        return await self.ask("POST", path, document or {}, **{"key": self.worker} | more)

    async def steps(self, *steps, at=0):
        for verb, document in steps:
            answer = await self.step(verb, document, at)
            assert answer.status_code == 200, answer.text
        return answer.json()


# ---- looking


def test_the_queue_is_told_in_its_order_with_how_many_there_are():
    async def go():
        async with Cases() as api:
            told = await api.told()
            assert [each["subject"] for each in told["cases"]] == ["u1", "u0", "u2"]
            assert told["count"] == 3
            assert told["behind"] == 1, "that somebody looks at cases is a record, too"
            root = (await api.ask("GET", "/openapi.json")).json()
            assert conforms(told, root["paths"]["/v1/cases"]["get"]["responses"]["200"]["content"]["application/json"][
                "schema"
            ], root) == []  # fmt: skip
            first = told["cases"][0]
            assert first["amounts"] == {"CNY": "60000.00"}
            assert (first["typology"], first["level"], first["state"], first["outcome"]) == (
                "theft", "high", "open", "deny",
            )  # fmt: skip
            assert first["due"] == format_instant(NOON_US + 4 * HOUR_US)
            assert (first["late"], first["assignee"], first["snoozed_until"], first["version"]) == (False, "", None, 0)

    run(go())


def test_a_list_is_read_page_by_page():
    async def go():
        async with Cases() as api:
            pages = [await api.told(f"?limit=2&offset={offset}") for offset in (0, 2, 4)]
            assert [[each["subject"] for each in page["cases"]] for page in pages] == [["u1", "u0"], ["u2"], []]
            assert {page["count"] for page in pages} == {3}

    run(go())


FILTERS = [
    ("", ["u1", "u2"]), ("?state=closed", ["u0"]), ("?state=merged", []),
    ("?state=all&order=opened", ["u0", "u1", "u2"]),
    ("?assignee=", ["u2"]), ("?assignee=test", ["u1"]), ("?assignee=test&state=all", ["u1", "u0"]),
    ("?typology=theft", ["u1", "u2"]), ("?typology=scam", []), ("?typology=scam,theft", ["u1", "u2"]),
    ("?level=high", ["u1", "u2"]), ("?level=low,critical", []), ("?subject=user:u2", ["u2"]), ("?subject=u2", []),
    ("?tag=vip", ["u1"]), ("?tag=other", []), ("?late=true", []), ("?late=false", ["u1", "u2"]),
    ("?snoozed=true", ["u1"]), ("?snoozed=false", ["u2"]), ("?escalated=true", []), ("?escalated=false", ["u1", "u2"]),
    ("?order=money", ["u2", "u1"]), ("?order=money&descending=true", ["u1", "u2"]), ("?order=due", ["u1", "u2"]),
    ("?order=closed&state=closed", ["u0"]), ("?limit=0", []), ("?order=rank&descending=true", ["u2", "u1"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "subjects"), FILTERS)
def test_every_filter_finds_its_cases(query, subjects):
    async def go():
        async with Cases() as api:
            await api.steps(("assign", {"to": "test"}), ("close", {"verdict": "cleared", "why": "x"}))
            await api.steps(
                ("assign", {"to": "test"}), ("tag", {"add": ["vip"]}), ("snooze", {"until": LATER, "why": "x"}), at=1
            )
            assert await api.of(query) == subjects
            assert (await api.told(query))["count"] == len(subjects) or query == "?limit=0"

    run(go())


def test_what_should_be_over_is_late():
    async def go():
        async with Cases() as api:
            api.room.clock.at_us += 5 * HOUR_US
            assert await api.of("?late=true") == ["u1", "u0", "u2"]
            assert (await api.told())["cases"][0]["late"] is True

    run(go())


@pytest.mark.parametrize("query", [
    "?order=luck", "?state=asleep", "?level=mad", "?late=yes", "?snoozed=1", "?descending=", "?limit=-1", "?limit=201",
    "?limit=x", "?limit=٣", "?offset=100001", "?offset=9999999999", "?sort=x", "?state=open&secret=1",
])  # fmt: skip
def test_a_question_that_is_none_is_told(query):
    async def go():
        async with Cases() as api:
            is_problem(await api.get(query), 400, "bad-request")

    run(go())


def test_a_case_in_full_has_its_decisions_its_steps_and_its_story():
    async def go():
        async with Cases() as api:
            await api.room.send(pay(9, "15000.00", user="u0"))
            await api.room.following.catch_up()
            decisions = [each["decision_id"] for each in (await api.told(f"/{api.ids[0]}"))["decisions"]]
            await api.steps(
                ("assign", {"to": "test"}), ("check", {"step": 1}), ("note", {"text": "called"}),
                ("snooze", {"until": LATER, "why": "he calls back"}),
                ("split", {"decisions": decisions[:1], "why": "not the same"}),
            )  # fmt: skip
            told = await api.told(f"/{api.ids[0]}")
            root = (await api.ask("GET", "/openapi.json")).json()
            schema = root["paths"]["/v1/cases/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert conforms(told, schema, root) == []
            assert [each["verb"] for each in told["story"]] == ["assign", "check", "note", "snooze", "split"]
            assert told["story"][3]["until"] == LATER
            assert told["story"][4]["decisions"] == decisions[:1]
            assert {each["by"] for each in told["story"]} == {"test"}
            assert [each["en"] for each in told["steps"]] == ["Call the owner.", "Look at the device."]
            assert (told["done"], told["takes_two"], len(told["decisions"])) == ([1], False, 1)
            assert told["decisions"][0] == {
                "decision_id": decisions[1], "event_type": "pay", "status": "pending", "outcome": "review", "score": 60,
                "at": format_instant(NOON_US),
            }  # fmt: skip
            (other,) = told["related"]
            split_off = await api.told(f"/{other}")
            assert split_off["story"][0]["case"] == api.ids[0]
            assert split_off["related"] == [api.ids[0]]
            assert [each["decision_id"] for each in split_off["decisions"]] == decisions[:1]
            assert (await api.told(f"/{api.ids[1]}"))["takes_two"] is True

    run(go())


@pytest.mark.parametrize("identifier", ["case_0000000000ff", "nothing", "dec_000000000001", "CASE_000000000001"])
def test_a_case_that_is_none_is_not_found(identifier):
    async def go():
        async with Cases() as api:
            is_problem(await api.get(f"/{identifier}"), 404)
            is_problem(await api.ask("POST", f"/v1/cases/{identifier}/note", {"text": "x"}, api.worker), 404)

    run(go())


def test_a_platform_without_cases_says_so():
    async def go():
        async with Api() as api:
            for method, path in (("GET", "/v1/cases"), ("GET", "/v1/cases/x"), ("POST", "/v1/cases/next")):
                is_problem(await api.ask(method, path, None if method == "GET" else {}), 404)

    run(go())


# ---- working


def test_taking_the_next_takes_the_first_of_the_queue_until_there_is_none():
    async def go():
        async with Cases() as api:
            taken = []
            for _ in range(4):
                answer = await api.ask("POST", "/v1/cases/next", None, api.worker)
                assert answer.status_code == 200
                taken.append(answer.json()["case"])
            assert [each and each["subject"] for each in taken] == ["u1", "u0", "u2", None]
            assert {each["assignee"] for each in taken[:3]} == {"test"}

    run(go())


GIVEN = {
    "assign": {"to": "test"}, "note": {"text": "called"}, "tag": {"add": ["vip"], "remove": []},
    "snooze": {"until": LATER, "why": "he calls back"}, "wake": {}, "check": {"step": 0, "done": True},
    "escalate": {"why": "too large for me"}, "close": {"verdict": "cleared", "why": "it was him"},
    "reopen": {"why": "he called"}, "merge": {"why": "the same"}, "split": {"why": "another"},
    "task": {"text": "call him", "who": "test", "due": LATER}, "tick": {"task": 0},
    "withdraw": {"file": 0, "why": "another's"}, "review": {"agrees": True, "why": "right"},
}  # fmt: skip
BEFORE = {
    "assign": (), "note": (), "tag": (), "wake": ("assign", "snooze"), "reopen": ("assign", "close"),
    "merge": ("assign", "split"), "task": (), "tick": ("task",), "withdraw": ("assign", "attach"), "review": ("other",),
}  # fmt: skip
AFTER = {
    "assign": ("assignee", "test"), "note": ("version", 1), "tag": ("tags", ["vip"]),
    "snooze": ("snoozed_until", LATER),
    "wake": ("snoozed_until", None), "check": ("done", [0]), "escalate": ("escalated", True),
    "close": ("state", "closed"),
    "reopen": ("state", "open"), "merge": ("state", "merged"), "split": ("alerts", 1),
    "task": ("tasks", [{"text": "call him", "who": "test", "due": LATER, "by": "test", "done_by": ""}]),
    "tick": ("tasks", [{"text": "call him", "who": "test", "due": LATER, "by": "test", "done_by": "test"}]),
    "withdraw": ("version", 3), "review": ("version", 3),
}  # fmt: skip


async def document_of(api, verb):
    document = dict(GIVEN[verb])
    page = await api.told(f"/{api.ids[0]}")
    if verb == "split":
        document["decisions"] = [page["decisions"][0]["decision_id"]]
    if verb == "merge":
        document["into"] = page["related"][0]
    return document


async def prepared(api, verb):
    if verb == "attach":
        await attached(api, "a.pdf", b"%PDF-1.7")
    elif verb == "other":
        ann, one = Actor("key_ann", "ann", "api"), api.ids[0]
        await api.room.desk.take(ann, one, Assign("ann"))
        await api.room.desk.take(ann, one, Close("cleared", "it was him"))
    else:
        await api.steps((verb, await document_of(api, verb)))


async def attached(api, name, content, status=200):
    body = json.dumps({"name": name, "content": base64.b64encode(content).decode()}).encode()
    answer = await api.ask("POST", f"/v1/cases/{api.ids[0]}/attach", body, api.worker)
    assert answer.status_code == status, answer.text
    return answer


def test_a_file_is_attached_and_given_back_as_it_came_and_what_is_not_taken_is_told():
    async def go():
        async with Cases() as api:
            told = (await attached(api, "../流水.pdf", b"%PDF-1.7")).json()
            assert [(each["name"], each["media"], each["size"]) for each in told["files"]] == [
                ("流水.pdf", "application/pdf", 8)
            ]
            file = await api.ask("GET", f"/v1/cases/{api.ids[0]}/files/0", None, api.worker)
            assert (file.content, file.headers["content-disposition"]) == (b"%PDF-1.7", "attachment")
            is_problem(await api.ask("GET", f"/v1/cases/{api.ids[0]}/files/1", None, api.worker), 404)
            for name, content, code in [("a.exe", b"MZ\0", "file_kind"), ("13812345678.txt", b"a", "personal")]:
                refused = (await attached(api, name, content, 409)).json()
                assert refused["code"] == code
                assert refused["detail_zh"]
            is_problem(await api.step("attach", {"name": "a", "content": "?"}), 400)
            is_problem(await api.step("attach", {"name": "a", "content": "", "token": "x"}), 400)

    run(go())


@pytest.mark.parametrize("verb", sorted(STEPS))
def test_every_step_has_its_address_and_answers_with_the_case_as_it_is_then(verb):
    async def go():
        async with Cases() as api:
            await api.room.send(pay(9, "15000.00", user="u0"))
            await api.room.following.catch_up()
            for before in BEFORE.get(verb, ("assign",)):
                await prepared(api, before)
            document = await document_of(api, verb)
            before = await api.told(f"/{api.ids[0]}")
            answer = await api.step(verb, document | {"seen": before["version"]})
            assert answer.status_code == 200, answer.text
            told = answer.json()
            name, value = AFTER[verb]
            assert told[name] == value
            assert told["version"] == before["version"] + 1
            root = (await api.ask("GET", "/openapi.json")).json()
            operation = root["paths"][f"/v1/cases/{{id}}/{verb}"]["post"]
            assert conforms(told, operation["responses"]["200"]["content"]["application/json"]["schema"], root) == []
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            assert conforms(document | {"seen": 1}, body, root) == []
            assert set(body["required"]) <= set(document) <= set(body["properties"])
            last = api.room.records(CaseRecord)[-1]
            assert (last.verb, last.name, last.door) == (verb, "test", "api")

    run(go())


@pytest.mark.parametrize("verb", sorted(STEPS))
def test_a_body_with_what_the_step_does_not_know_is_refused_and_nothing_is_changed(verb):
    async def go():
        async with Cases() as api:
            await api.steps(("assign", {"to": "test"}))
            before = api.room.platform.log.next_seq()
            document = GIVEN[verb] | {
                "merge": {"into": api.ids[1]}, "split": {"decisions": ["dec_000000000001"]}
            }.get(verb, {})  # fmt: skip
            for more in ({"approval": "apr_000000000001"}, {"type": verb}, {"until_us": 5}, {"alerts": [1]}, {"x": 1}):
                told = is_problem(await api.step(verb, document | more), 400, "bad-request")
                assert "unknown key" in told["detail"]
            for body in (b"[]", b"{", b'{"seen": "1"}', b'{"seen": 1, "seen": 2}', b'"x"', b"\xff", b'{"a":' * 99):
                is_problem(await api.ask("POST", f"/v1/cases/{api.ids[0]}/{verb}", body, api.worker), 400)
            for name in document:
                wrong = {name: [{"a": 1}]} if name != "done" else {name: "yes"}
                is_problem(await api.step(verb, document | wrong), 400)
            is_problem(await api.step(verb, document | {"x": "y" * 20_000}), 413)
            assert api.room.platform.log.next_seq() == before

    run(go())


def test_decisions_and_instants_that_are_none_are_told():
    async def go():
        async with Cases() as api:
            await api.steps(("assign", {"to": "test"}))
            is_problem(await api.step("split", {"decisions": ["nothing"], "why": "x"}), 400)
            is_problem(await api.step("snooze", {"until": "tomorrow", "why": "x"}), 400)
            is_problem(await api.step("close", {"verdict": "maybe", "why": "x"}), 400)

    run(go())


def test_a_step_that_can_t_be_taken_is_a_conflict_with_its_reason_in_both_languages():
    async def go():
        async with Cases() as api:
            told = is_problem(await api.step("assign", {"to": "eve"}), 409, "change-declined")
            assert (told["code"], told["version"]) == ("nobody", 0)
            assert re.search("[\u4e00-\u9fff]", told["detail_zh"])
            await api.steps(("assign", {"to": "test"}))
            told = is_problem(await api.step("note", {"text": "x", "seen": 0}), 409)
            assert (told["code"], told["version"]) == ("changed", 1)
            for code, verb, document in (
                ("personal", "note", {"text": "tel. 13912345678"}), ("empty", "note", {"text": " "}),
                ("no_step", "check", {"step": 7}), ("itself", "merge", {"into": api.ids[0], "why": "x"}),
                ("other_subject", "merge", {"into": api.ids[1], "why": "x"}), ("no_change", "assign", {"to": "test"}),
                ("all_alerts", "split", {"decisions": ["dec_000000000001"], "why": "x"}),
                ("waiting", "close", {"verdict": "undetermined", "why": "x"}), ("no_change", "wake", {}),
            ):  # fmt: skip
                told = is_problem(await api.step(verb, document), 409)
                assert told["code"] == code
                assert "13912345678" not in str(told)
            await api.steps(("assign", {"to": "test"}), at=1)
            told = is_problem(await api.step("close", {"verdict": "cleared", "why": "x"}, at=1), 409)
            assert told["code"] == "takes_two"

    run(go())


def test_a_key_acts_on_cases_of_others_as_the_policies_let_it():
    async def go():
        async with Cases() as api:
            await api.steps(("assign", {"to": "test"}))
            other = api.key(Scope.CASES_WORK, name="lead")
            assert (await api.step("note", {"text": "I saw it"}, key=other)).status_code == 200
            may = Permits().may(api.keys.holder(other, NOON_US).principal, "case.lead", NOON_US).allowed
            answer = await api.step("assign", {"to": "lead"}, key=other)
            assert answer.status_code == (200 if may else 409)

    run(go())


# ---- who may


@pytest.mark.parametrize("scope", sorted(Scope))
def test_cases_are_open_to_their_own_scope_and_to_admin_alone(scope):
    async def go():
        async with Cases() as api:
            key = api.key(scope, name="else")
            may = scope in (Scope.CASES_WORK, Scope.ADMIN)
            for method, path, body in (
                ("GET", "/v1/cases", None), ("GET", f"/v1/cases/{api.ids[0]}", None), ("POST", "/v1/cases/next", {}),
                *(("POST", f"/v1/cases/{api.ids[0]}/{verb}", GIVEN[verb]) for verb in STEPS),
            ):  # fmt: skip
                answer = await api.ask(method, path, body, key)
                assert (answer.status_code == 403) != may, (path, answer.status_code)
                if not may:
                    is_problem(answer, 403)
            if not may:
                assert api.room.records(CaseRecord) == []
                refused = [each for each in api.room.records(ActionRecord) if not each.allowed]
                assert {each.what for each in refused} == {"cases.read", "case.read", "case.next"} | {
                    f"case.{verb}" for verb in STEPS
                }  # fmt: skip

    run(go())


def test_without_a_key_nothing_is_told():
    async def go():
        async with Cases() as api:
            is_problem(await api.get(key=False), 401)
            is_problem(await api.step("note", {"text": "x"}, key=False), 401)

    run(go())


# ---- when things break


def test_a_step_that_could_not_be_journalled_is_told_and_not_taken():
    async def go():
        async with Cases() as api:
            with failing_append(api.room.log, OSError("no disk"), times=99):
                is_problem(await api.step("assign", {"to": "test"}), 503)
            assert (await api.room.desk.one(api.ids[0])).assignee == ""

    run(go())


def test_a_store_that_fails_is_told():
    async def go():
        async with Cases() as api:
            api.room.following.store = Failing(api.room.store, after=0, times=99)

            def fail(*_):
                raise CaseStoreFailure("no disk")

            api.room.following.store.find = api.room.following.store.case = fail
            for answer in (await api.get(), await api.get(f"/{api.ids[0]}")):
                told = is_problem(answer, 503)
                assert "disk" not in str(told)

    run(go())


def test_every_step_is_described():
    assert set(SUMMARIES) == set(STEPS) == {str(each.__struct_config__.tag) for each in Step.__args__} - {"attach"}
