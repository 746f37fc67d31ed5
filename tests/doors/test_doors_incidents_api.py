"""Incidents over HTTP: one is opened, worked by every step's address, found again; and everything that is refused."""

from typing import get_args

import pytest
from api_world import Api
from test_doors_api import conforms, is_problem

from incidents_world import MINUTE_US, Room
from jindi.access import Scope
from jindi.basics.instants import format_instant
from jindi.cases.incidents_refusing import Refusal
from jindi.doors.api.incidents import STEPS
from jindi.doors.api.openapi_incidents import SUMMARIES
from jindi.doors.incidents import codes, said
from jindi.run.records import ActionRecord
from shop_world import DAY_US, HOUR_US, NOON_US, pay, run

AWARE = format_instant(NOON_US - 10 * MINUTE_US)
LEAK = {
    "title": "接口被遍历", "kind": "data", "grade": "serious", "aware": AWARE,
    "impact": {"systems": ["gateway"], "persons": 1_200_000, "amount": "10.50", "currency": "CNY"},
}  # fmt: skip


class Incidents(Api):
    """The API of the room, with one incident."""

    def __init__(self, **more):
        self.room = Room()
        super().__init__(self.room, incidents=lambda: self.room.desk, **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.worker, self.leader = self.key(Scope.CASES_WORK, name="lin"), self.key(Scope.ADMIN, name="wang")
        answer = await self.ask("POST", "/v1/incidents", LEAK, key=self.worker)
        assert answer.status_code == 201, answer.text
        self.one = answer.json()
        return self

    async def get(self, path="", **more):
        return await self.ask("GET", f"/v1/incidents{path}", **{"key": self.worker} | more)

    async def step(self, verb, document=None, **more):
        return await self.ask(
            "POST", f"/v1/incidents/{self.one['id']}/{verb}", document or {}, **{"key": self.leader} | more
        )

    async def takes(self, verb, document, **more):
        answer = await self.step(verb, document, **more)
        assert answer.status_code == 200, (verb, answer.text)
        return answer.json()


def test_an_incident_is_opened_worked_by_every_step_reported_and_closed():
    async def go():
        async with Incidents() as api:
            decision = (await api.room.send(pay(1)))["decision_id"]
            later = format_instant(NOON_US + DAY_US)
            taken, root = [], (await api.ask("GET", "/openapi.json", key=api.admin)).json()
            for verb, document in (
                ("assess", {"impact": {"persons": 2_000_000, "outage_min": 5, "critical": False}}),
                ("classify", {"grade": "major", "kind": "data", "profiles": ["cn", "dora"], "why": "worse"}),
                ("predate", {"aware": format_instant(NOON_US - 20 * MINUTE_US), "why": "the alarm was earlier"}),
                ("appoint", {"post": "commander", "who": "qian"}), ("entry", {"text": "shut", "at": AWARE}),
                ("task", {"text": "look at the logs", "who": "lin", "due": later}), ("tick", {"task": 0}),
                ("tie", {"link": {"kind": "decision", "id": decision}}), ("contain", {"text": "cut off"}),
                ("resolve", {"text": "mended"}),
                ("report", {"report": "cac_report", "at": AWARE, "to": "an office", "channel": "platform",
                            "reference": "2026-1"}),
                ("excuse", {"report": "pboc_brief", "why": "not bound"}),
                ("review", {"cause": "a", "lessons": "b", "measures": "c"}),
            ):  # fmt: skip
                told = await api.takes(verb, document)
                assert conforms(told, {"$ref": "#/components/schemas/Incident"}, root) == []
                taken.append(verb)
            whole = (await api.get(f"/{api.one['id']}")).json()
            assert {each["verb"] for each in whole["story"]} == {*taken, "open"}
            assert whole["takes_two"]
            assert whole["suggestion"]["grade"] == "serious"
            states = {each["report"]: each["state"] for each in whole["clocks"]}
            assert (states["cac_report"], states["pboc_brief"], states["cac_summary"]) == ("met", "excused", "running")
            assert (
                next(each for each in whole["clocks"] if each["report"] == "cac_report")["sent"]["reference"]
                == "2026-1"
            )
            assert whole["story"][0]["recorded"]
            refused = await api.step("close", {"why": "over"})
            assert (refused.status_code, refused.json()["code"]) == (409, "reports_owed")
            for each in whole["clocks"]:
                if each["state"] in ("running", "late"):
                    await api.takes("excuse", {"report": each["report"], "why": "x"})
            refused = await api.step("close", {"why": "over"})
            assert (refused.status_code, refused.json()["code"]) == (409, "takes_two")
            assert {*taken, "close", "reopen"} == {*STEPS}

    run(go())


def test_a_general_drill_is_closed_by_one_and_reopened():
    async def go():
        async with Incidents() as api:
            drill = LEAK | {"grade": "general", "kind": "fraud", "drill": True}
            made = (await api.ask("POST", "/v1/incidents", drill, key=api.worker)).json()
            api.one = made
            await api.takes("resolve", {"text": "over"})
            await api.takes("review", {"cause": "a", "lessons": "b", "measures": "c"})
            assert (await api.takes("close", {"why": "done"}))["state"] == "closed"
            assert (await api.takes("reopen", {"why": "once more"}))["state"] == "open"

    run(go())


def test_the_list_is_told_with_its_filters_and_how_many_there_are():
    async def go():
        async with Incidents() as api:
            await api.ask("POST", "/v1/incidents", LEAK | {"kind": "outage", "grade": "critical"}, key=api.worker)
            listed = (await api.get()).json()
            assert listed["count"] == 2
            for query, count in (("?kind=outage", 1), ("?grade=serious", 1), ("?state=closed", 0), ("?late=true", 0),
                                 ("?drill=true", 0), ("?order=grade&limit=1", 2)):  # fmt: skip
                assert (await api.get(query)).json()["count"] == count, query
            assert (await api.get("?order=grade&limit=1")).json()["incidents"][0]["grade"] == "critical"
            api.room.later(5 * HOUR_US)
            assert (await api.get("?late=true")).json()["count"] == 2

    run(go())


@pytest.mark.parametrize("query", ["?state=asleep", "?grade=x", "?limit=1000", "?limit=-1", "?what=1", "?late=yes"])
def test_a_question_that_nobody_knows_is_told(query):
    async def go():
        async with Incidents() as api:
            is_problem(await api.get(query), 400)

    run(go())


BODIES = {
    "no title": ("POST", "", {key: LEAK[key] for key in ("kind", "grade", "aware")}, 400),
    "an unknown key": ("POST", "", LEAK | {"commander": "x"}, 400),
    "an unknown kind": ("POST", "", LEAK | {"kind": "fire"}, 400),
    "a time without a zone": ("POST", "", LEAK | {"aware": "2026-11-22T10:00:00"}, 400),
    "an amount of half a cent": ("POST", "", LEAK | {"impact": {"amount": "1.005", "currency": "CNY"}}, 400),
    "an amount of no currency": ("POST", "", LEAK | {"impact": {"amount": "1.00"}}, 400),
    "an unknown part of the impact": ("POST", "", LEAK | {"impact": {"people": 1}}, 400),
    "a time ahead": ("POST", "", LEAK | {"aware": format_instant(NOON_US + DAY_US)}, 409),
    "somebody's number": ("POST", "", LEAK | {"title": "13812345678"}, 409),
    "a version that is old": ("POST", "/{id}/entry", {"text": "x", "seen": 0}, 409),
    "nobody": ("POST", "/{id}/appoint", {"post": "deputy", "who": "mallory"}, 409),
    "an approval of one's own making": ("POST", "/{id}/close", {"why": "x", "approval": "apr_000000000001"}, 400),
    "an incident that is none": ("GET", "/inc_0000000000ff", None, 404),
    "an id that is none": ("GET", "/x", None, 404),
    "a step that is none": ("POST", "/{id}/dance", {}, 404),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_what_can_t_be_read_or_done_is_told_and_leaves_nothing(what):
    async def go():
        method, path, document, status = BODIES[what]
        async with Incidents() as api:
            before = len(api.room.records())
            answer = await api.ask(
                method, "/v1/incidents" + path.replace("{id}", api.one["id"]), document, key=api.leader
            )  # fmt: skip
            is_problem(answer, status)
            assert "13812345678" not in answer.text
            assert len(api.room.records()) == before

    run(go())


def test_a_key_that_works_incidents_does_not_lead_them_and_others_do_neither():
    async def go():
        async with Incidents() as api:
            grading = {"grade": "major", "kind": "data", "profiles": ["cn"], "why": "x"}
            refused = await api.step("classify", grading, key=api.worker)
            assert (refused.status_code, refused.json()["code"]) == (409, "not_lead")
            stranger = api.key(Scope.DECISIONS_READ)
            is_problem(await api.step("entry", {"text": "x"}, key=stranger), 403)
            is_problem(await api.get(key=stranger), 403)
            is_problem(await api.get(key="jk_nobody"), 401)
            records = [record for _, record in api.room.platform.archive.records() if isinstance(record, ActionRecord)]
            assert ("incident.entry", False) in {(each.what, each.allowed) for each in records}

    run(go())


def test_a_platform_without_a_desk_says_so():
    async def go():
        async with Api() as api:
            is_problem(await api.ask("GET", "/v1/incidents", key=api.key(Scope.CASES_WORK)), 404)

    run(go())


def test_every_step_is_described_and_every_refusal_has_words():
    assert SUMMARIES.keys() == STEPS.keys()
    assert {*get_args(Refusal), "personal", "nobody", "takes_two", "no_such_link"} == codes()
    assert all(zh and en for zh, en in map(said, codes()))
