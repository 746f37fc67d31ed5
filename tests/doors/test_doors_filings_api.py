"""Reports over HTTP: one is begun of a case, worked by every step's address to its receipt, and told to nobody else."""

import base64

import msgspec
from api_world import Api
from test_doors_api import conforms, is_problem

from filings_world import (
    ANALYSIS,
    FORM,
    NAME,
    NUMBER,
    REFUSAL,
    UNIT,
    WORDS,
    Room,
    draft,
    open_files,
    receipt_name,
    who,
)
from jindi.access import Scope
from jindi.doors.api.openapi_filings import SUMMARIES
from jindi.parties.reporting import packet_name
from shop_world import run

REPORTS = "/v1/aml/reports"


def as_document(given):
    return msgspec.to_builtins(given)


class Filings(Api):
    """The API of the room. `officer` writes, `second` agrees; `worker` works cases and knows of no report."""

    def __init__(self, **more):
        self.room = Room(more.pop("files", None))
        super().__init__(
            self.room, filings=lambda: self.room.desk, cases=lambda: self.room.casework, large=lambda: self.room.large,
            **more,
        )  # fmt: skip

    async def __aenter__(self):
        await super().__aenter__()
        self.officer = self.key(Scope.REPORTS_FILE, name="wang")
        self.second = self.key(Scope.REPORTS_APPROVE, name="sun")
        self.worker = self.key(Scope.CASES_WORK, Scope.DECISIONS_READ, Scope.ADMIN, name="limin")
        self.decisions = await self.room.customers()
        await self.room.following.catch_up()
        return self

    async def get(self, path="", **more):
        return await self.ask("GET", f"{REPORTS}{path}", **{"key": self.officer} | more)

    async def begun(self, **changed):
        answer = await self.ask(
            "POST", REPORTS, {"draft": as_document(draft(self.decisions, **changed))}, key=self.officer
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def takes(self, report, verb, document=None, key=None):
        answer = await self.ask("POST", f"{REPORTS}/{report['id']}/{verb}", document or {}, key=key or self.officer)
        assert answer.status_code == 200, (verb, answer.text)
        return answer.json()

    async def land(self, name, data=b"<R/>", **more):
        body = {"name": name, "content": base64.b64encode(data).decode(), **more}
        return await self.ask("POST", "/v1/aml/receipts", body, key=self.officer)


def test_a_report_goes_from_a_draft_to_its_receipt_and_out_again_corrected():
    async def go():
        async with Filings() as api:
            root = (await api.ask("GET", "/openapi.json", key=api.admin)).json()
            paths = root["paths"]
            shape = paths[f"{REPORTS}/{{id}}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            report = await api.begun()
            for verb, document, key in (
                ("write", {"draft": as_document(draft(api.decisions)), "seen": 1}, None),
                ("propose", {"seen": 2}, None),
                ("return", {"why": "请补充"}, api.second), ("propose", {}, None),
            ):  # fmt: skip
                report = await api.takes(report, verb, document, key)
            report = await api.takes(report, "approve", {"digest": report["digest"]}, api.second)
            report = await api.takes(report, "pack")
            report = await api.takes(report, "send", {"on": "2026-11-22"})
            name = receipt_name("to_correct", packet_name(report["packets"][0]))
            landed = await api.land(name, REFUSAL, form=FORM)
            assert (landed.status_code, landed.json()["state"]) == (200, "to_correct")
            assert landed.json()["receipts"][0]["errors"][0]["place"] == "SEIF 1"
            report = await api.takes(report, "revise", {"why": "补职业"})
            whole = (await api.get(f"/{report['id']}")).json()
            assert conforms(whole, shape, root) == []
            assert {each["verb"] for each in whole["story"]} == {
                "open", "write", "propose", "return", "approve", "pack", "send", "land", "revise",
            }  # fmt: skip
            listed = (await api.get("?state=writing")).json()
            assert (listed["count"], listed["reports"][0]["id"]) == (1, report["id"])
            assert set(SUMMARIES) < {path.rsplit("/", 1)[1] for path in paths}

    run(go())


def test_packet_and_goaml_are_files_that_whoever_may_downloads_and_each_is_a_record():
    async def go():
        async with Filings() as api:
            latin = {"latin_last": "Shan", "latin_first": "Xiongxin"}
            subject = {"user": "u1", "occupation": "1A", **latin}
            report = await api.begun()
            given = as_document(draft(api.decisions)) | {
                "subjects": [subject], "others": [{"user": "u2", "latin_last": "Yuchi"}],
            }  # fmt: skip
            await api.takes(report, "write", {"draft": given})
            report = await api.takes(report, "propose")
            packet = await api.get(f"/{report['id']}/packet", key=api.second)
            assert packet.status_code == 200
            assert packet.headers["cache-control"] == "no-store"
            assert NUMBER in packet.text
            goaml = await api.ask("POST", f"{REPORTS}/{report['id']}/goaml", {"unit": UNIT}, key=api.officer)
            assert "<rentity_id>101</rentity_id>" in goaml.text
            assert [(each.name, each.on) for each in api.room.actions("filing.packet")] == [
                ("sun", report["id"]), ("wang", report["id"]),
            ]  # fmt: skip

    run(go())


def test_nobody_agrees_with_a_key_that_bears_the_writer_s_name():
    async def go():
        async with Filings() as api:
            report = await api.begun()
            report = await api.takes(report, "propose")
            own = api.key(Scope.REPORTS_APPROVE, name="Wang")
            answer = await api.ask("POST", f"{REPORTS}/{report['id']}/approve", {"digest": report["digest"]}, key=own)
            assert is_problem(answer, 409)
            assert "nobody answers" in answer.json()["detail"]

    run(go())


def test_all_that_is_wrong_is_told_at_once_and_quotes_nobody():
    async def go():
        async with Filings() as api:
            report = await api.begun(analysis="", place="", evidence=("dec_000000000fff",))
            answer = await api.ask("POST", f"{REPORTS}/{report['id']}/propose", {}, key=api.officer)
            assert is_problem(answer, 400)
            assert {each["path"] for each in answer.json()["problems"]} == {
                "draft.analysis", "draft.place", "draft.decisions 1",
            }  # fmt: skip
            for body in (
                {}, {"draft": {"behavior": NAME}}, {"draft": {}, "topic": "petty"}, {"draft": {}, "aware": "noon"},
            ):  # fmt: skip
                refused = await api.ask("POST", REPORTS, body, key=api.officer)
                assert is_problem(refused, 400)
                assert NAME not in refused.text
            assert is_problem(await api.land("receipt.xml"), 400)
            assert is_problem(await api.land("FDSC[NBSA1000131000001-20261122-00000009]20261123093001.XML"), 404)

    run(go())


def test_a_case_gives_a_draft_to_begin_with():
    async def go():
        async with Filings() as api:
            cases, _ = await api.room.casework.find(api.room.casework.query(limit=10))
            case = next(each for each in cases if each.entity == "user")
            answer = await api.ask("GET", f"/v1/aml/defaults?case={case.id}", key=api.officer)
            given = answer.json()["draft"]
            assert [each["user"] for each in given["subjects"]] == [case.subject]
            assert set(given["evidence"]) <= set(api.decisions)
            assert given["evidence"]
            report = await api.ask("POST", REPORTS, {"draft": given, "case": case.id}, key=api.officer)
            assert (report.json()["case"], report.json()["typology"]) == (case.id, case.typology)
            assert is_problem(await api.ask("GET", "/v1/aml/defaults?case=case_000000000fff", key=api.officer), 404)

    run(go())


def test_months_are_counted_by_topic_and_kind_of_case():
    async def go():
        async with Filings() as api:
            report = await api.room.sent(report=await api.room.desk.open(*_opening(api)))
            await api.room.land(report, "accepted")
            (month,) = (await api.ask("GET", "/v1/aml/statistics", key=api.officer)).json()["months"]
            assert {name: month[name] for name in ("month", "topic", "sent", "in_time", "late", "accepted")} == {
                "month": "2026-11", "topic": "suspicious", "sent": 1, "in_time": 1, "late": 0, "accepted": 1,
            }  # fmt: skip
            table = (await api.ask("GET", "/v1/aml/statistics?form=csv", key=api.officer)).text
            assert table.splitlines()[1].startswith("2026-11,suspicious,,1,1,1,0")

    run(go())


def _opening(api):

    return who(), "suspicious", draft(api.decisions)


def test_large_days_are_told_with_their_lines_and_become_a_report():
    async def go():
        async with Filings(files=open_files()) as api:
            await api.room.pays(9, "600000.00")
            await api.room.moving.catch_up()
            root = (await api.ask("GET", "/openapi.json", key=api.admin)).json()
            shape = root["paths"]["/v1/aml/large"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            told = (await api.ask("GET", "/v1/aml/large", key=api.officer)).json()
            assert conforms(told, shape, root) == []
            out = next(each for each in told["days"] if each["direction"] == "out" and each["customer"] == "u1")
            assert (out["code"], out["due"], out["report"], out["late"]) == ("0503", "2026-11-27", None, False)
            assert out["lines"][0]["line"] == "500000.00"
            begun = await api.ask("POST", "/v1/aml/large/2026-11-22", {}, key=api.officer)
            assert (begun.status_code, begun.json()["topic"]) == (201, "large")
            again = (await api.ask("GET", "/v1/aml/large?day=2026-11-22", key=api.officer)).json()
            assert {each["report"] for each in again["days"]} == {begun.json()["id"]}
            assert is_problem(await api.ask("POST", "/v1/aml/large/2026-11-22", {}, key=api.officer), 404)
            assert is_problem(await api.ask("GET", "/v1/aml/large?day=never", key=api.officer), 400)

    run(go())


# ---- no tipping-off


def test_whoever_has_no_scope_of_reports_learns_nothing_by_any_address():
    async def go():
        async with Filings() as api:
            report = await api.begun()
            report = await api.takes(report, "propose")
            case = (await api.ask("GET", "/v1/cases", key=api.worker)).json()["cases"][0]["id"]
            answers = []
            paths = (await api.ask("GET", "/openapi.json", key=api.admin)).json()["paths"]
            doors = [(path, method) for path in paths if path.startswith("/v1/aml/") for method in paths[path]]
            assert len(doors) > 15
            for path, method in doors:
                body = {} if method == "post" else None
                there = await api.ask(method, path.replace("{id}", report["id"]), body, key=api.worker)
                nowhere = await api.ask(method, path.replace("{id}", "rpt_000000000fff"), body, key=api.worker)
                assert there.status_code == nowhere.status_code == 403, (method, path)
                assert there.text == nowhere.text, "there or not, it is the same"
                answers.append(there.text)
            others = (
                "/v1/cases", f"/v1/cases/{case}", f"/v1/decisions/{api.decisions[0]}", "/v1/approvals", "/metrics",
                "/v1/entities/user/u1/features?masks=true", "/v1/notices", "/v1/audit",
            )  # fmt: skip
            answers += [(await api.ask("GET", path, key=api.worker)).text for path in others]
            answers += api.room.told
            for text in answers:
                assert report["id"] not in text
                assert not any(word in text for word in WORDS), text[:200]

    run(go())


def test_admin_alone_is_no_right_to_know_of_reports():
    async def go():
        async with Filings() as api:
            await api.begun()
            admin = api.key(Scope.ADMIN, name="root")
            assert is_problem(await api.ask("GET", REPORTS, key=admin), 403)

    run(go())


def test_a_refused_try_is_in_the_audit_and_names_no_more_than_the_address():
    async def go():
        async with Filings() as api:
            report = await api.begun()
            await api.get(f"/{report['id']}", key=api.worker)
            (tried,) = [each for each in api.room.actions("filing.read") if not each.allowed]
            assert (tried.name, tried.on, tried.about, tried.case) == ("limin", report["id"], "", "")
            assert ANALYSIS not in str(tried)

    run(go())
