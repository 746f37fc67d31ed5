"""Due diligence behind its doors: customers by level, what a level is made of, reviews, and a level by hand by two."""

import random
from zoneinfo import ZoneInfo

import pytest
from api_world import Api
from test_doors_api import conforms
from test_doors_reveal import Staff, Visit

from jindi.access import ApiKeys, Permits, Scope, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.diligence import DiligencePages
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.rating import ByHand
from jindi.run.freezes import Freezes
from jindi.run.versions.desk import Desk as VersionDesk
from rating_world import RISKY, Rated, profile
from screening_world import HOUSE
from shop_world import DAY_US, run


class World(Rated):
    """Rated customers behind the console."""

    async def __aenter__(self):
        await super().__aenter__()
        self.approvals = approvals_of(
            self.platform, Permits(), ApiKeys(self.blobs, random.Random(5).randbytes), people=self.principals,
            more=[ByHand(self.platform, self.ratings)],
        )  # fmt: skip
        self.freezes = Freezes(self.platform, self.audit)
        serial = iter(range(1, 10**6))
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions,
            links=SignInLinks(self.blobs, random.Random(5).randbytes), clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=Permits(),
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals, reveals=self.reveals,
            more=[
                lambda doors: DiligencePages(self.ratings, self.freezes, doors, self.approvals, self.audit),
                lambda doors: CustomerPages(
                    self.platform, doors, self.audit, self.reveals, approvals=self.approvals, ratings=self.ratings
                ),
            ],
        )  # fmt: skip
        return self

    def visit(self, who):
        return Visit(self, who, roles=HOUSE[who])

    async def three(self):
        await self.taken_on("u1", 1)
        await self.taken_on("u/2", 2, **RISKY)
        await self.taken_on("u3", 3, public_office="foreign")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_customers_stand_by_level_and_by_what_is_due_first(lang):
    async def go():
        async with World() as world:
            empty = (await world.visit("wang").http.get("/console/diligence", headers={"accept-language": lang})).text
            assert ("还没有客户" if lang == "zh" else "There is no customer yet") in empty
            await world.three()
            world.clock.at_us += 200 * DAY_US
            wang = world.visit("wang")
            page = (await wang.http.get("/console/diligence", headers={"accept-language": lang})).text
            assert page.index(">u3<") < page.index(">u/2<") < page.index(">u1<"), "the highest level is due first"
            assert ("3 名客户，1 名逾期" if lang == "zh" else "3 customers, 1 overdue") in page
            found = (await wang.http.get("/console/diligence?late=yes", headers={"accept-language": lang})).text
            assert ">u3<" in found
            assert ">u1<" not in found

    run(go())


def test_the_table_is_filtered_by_a_form_and_taken_away_as_it_is_shown():
    async def go():
        async with World() as world:
            await world.three()
            wang = world.visit("wang")
            found = await wang.post("/console/tables/filter", table="diligence", level="high", sort="-points")
            assert found.headers["location"] == "/console/diligence?level=high&sort=-points"
            file = (await wang.get("/console/diligence.csv?level=high&sort=-points")).text.splitlines()
            assert [line.partition(",")[0] for line in file[1:]] == ["u3"]
            assert (await world.visit("limin").get("/console/diligence.csv")).status_code == 403

    run(go())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_customers_page_says_what_the_level_is_made_of_and_how_it_came_about(lang):
    async def go():
        async with World() as world:
            await world.three()
            await world.ratings.override("u1", "medium", "limin", "wang", "press about him")
            wang = world.visit("wang")
            page = (await wang.http.get("/console/diligence/u%2F2", headers={"accept-language": lang})).text
            zh = lang == "zh"
            for text in (
                ("较高风险", "贵金属珠宝", "职业或行业", "18.0", "等级由未评级变为较高风险")
                if zh
                else (
                    "Fairly high risk",
                    "Precious goods",
                    "The occupation or trade",
                    "18.0",
                    "from Not rated to Fairly",
                )
            ):
                assert text in page, text
            page = (await wang.http.get("/console/diligence/u3", headers={"accept-language": lang})).text
            assert ("直接列为最高等级：外国政要" if zh else "at once: A foreign politically exposed person") in page
            assert ("人工调整等级" if zh else "Give a level by hand") not in page
            page = (await wang.http.get("/console/diligence/u1", headers={"accept-language": lang})).text
            assert "press about him" in page
            assert (await wang.get("/console/diligence/nobody")).status_code == 404

    run(go())


def test_the_page_of_all_about_a_customer_shows_the_level_and_leads_to_what_it_is_made_of():
    async def go():
        async with World() as world:
            await world.three()
            wang = world.visit("wang")
            page = (await wang.get("/console/entities/user/u3")).text
            assert "Risk: High risk" in page
            assert 'href="/console/diligence/u3"' in page
            world.clock.at_us += 200 * DAY_US
            assert 'class="badge bad" href="/console/diligence/u3"' in (
                await world.visit("wang").get("/console/entities/user/u3")
            ).text  # fmt: skip

    run(go())


def test_an_officer_records_a_review_by_the_form():
    async def go():
        async with World() as world:
            await world.three()
            wang = world.visit("wang")
            empty = await wang.post("/console/diligence/u1/review", note=" ")
            assert (empty.status_code, "say in at most 500" in empty.text) == (409, True)
            wrong = await wang.post("/console/diligence/u1/review", note="fits", document_until="2020-01-01")
            assert (wrong.status_code, "must lie ahead" in wrong.text, ">fits<" in wrong.text) == (409, True, True)
            done = await wang.post("/console/diligence/u1/review", note="papers fit", document_until="2036-05-01")
            assert done.headers["location"] == "/console/diligence/u1?done=review"
            page = (await wang.get("/console/diligence/u1?done=review")).text
            assert "wang reviewed: papers fit" in page
            assert "2036-05-02" in page, "valid to the end of the day"

    run(go())


def test_a_level_by_hand_takes_two_people():
    async def go():
        async with World() as world:
            await world.three()
            limin = world.visit("limin")
            same = await limin.post("/console/diligence/u1/level", level="low", why="because")
            assert (same.status_code, "on that level already" in same.text) == (409, True)
            asked = await limin.post("/console/diligence/u1/level", level="higher", why="press about him")
            assert asked.headers["location"].startswith("/console/approvals/")
            assert "a second person is to answer" in (await limin.get("/console/diligence/u1")).text
            assert (await world.ratings.standing("u1")).effective == "low"
            ((entry, _),) = world.approvals.entries()
            await world.approvals.approve(world.principal("wang"), entry.id, entry.asked.digest, "read and right")
            standing = await world.ratings.standing("u1")
            assert (standing.effective, standing.override.by, standing.override.second) == ("higher", "limin", "wang")

    run(go())


def test_what_was_agreed_upon_ends_when_the_customer_is_assessed_anew():
    async def go():
        async with World() as world:
            await world.three()
            payload = {"user": "u1", "level": "higher", "reason": "press"}
            entry = await world.approvals.propose(world.principal("limin"), "kyc.level", payload, "press")
            await world.send(profile(9, "u1", world.clock.at_us, public_office="domestic"))
            await world.rate()
            with pytest.raises(Exception, match="changed since"):
                await world.approvals.approve(world.principal("wang"), entry.id, entry.asked.digest, "right")

    run(go())


def test_an_officer_freezes_by_an_order_and_nobody_else_does():
    async def go():
        async with World() as world:
            await world.three()
            wang = world.visit("wang")
            wrong = await wang.post("/console/diligence/freezes", user="u1", order="for 13812345678")
            assert (wrong.status_code, "without anybody" in wrong.text) == (409, True)
            done = await wang.post("/console/diligence/freezes", user="u1", order="2026-0042")
            assert done.headers["location"] == "/console/diligence?done=freeze"
            page = (await wang.get("/console/diligence?done=freeze")).text
            assert "Temporarily frozen until 2026-11-24" in page
            assert "Temporarily frozen until" in (await wang.get("/console/diligence/u1")).text
            again = await wang.post("/console/diligence/freezes", user="u1", order="2026-0043")
            assert (again.status_code, "frozen already" in again.text) == (409, True)
            assert (
                await world.visit("limin").post("/console/diligence/freezes", user="u3", order="1")
            ).status_code == 403

    run(go())


def test_an_auditor_reads_and_does_nothing():
    async def go():
        async with World() as world:
            await world.three()
            chen = world.visit("chen")
            page = (await chen.get("/console/diligence/u1")).text
            assert "Record a review" not in page
            for verb in ("review", "level"):
                assert (await chen.post(f"/console/diligence/u1/{verb}", note="x", why="x")).status_code == 403

    run(go())


class Program(Api):
    def __init__(self):
        self.wallet = Rated()
        super().__init__(self.wallet, ratings=lambda: self.wallet.ratings)


def test_programs_ask_for_customers_one_of_them_and_record_a_review():
    async def go():
        async with Program() as api:
            await api.wallet.taken_on("u1", 1)
            await api.wallet.taken_on("u2", 2, **RISKY)
            worker = api.key(Scope.CASES_WORK, name="kyc")
            document = (await api.ask("GET", "/v1/kyc/customers?level=higher", key=worker)).json()
            assert (document["count"], document["customers"][0]["user"]) == (1, "u2")
            assert document["levels"]["low"] == {"customers": 1, "overdue": 0}
            one = (await api.ask("GET", "/v1/kyc/customers/u2", key=worker)).json()
            assert [each["event"] for each in one["history"]] == ["customer_rating", "customer_assessment"]
            factors = one["history"][1]["assessment"]["factors"]
            assert {each["factor"]: each["step"] for each in factors}["country"] == 5
            root = (await api.ask("GET", "/openapi.json", key=worker)).json()
            for path, named in (
                ("/v1/kyc/customers", "/v1/kyc/customers"), ("/v1/kyc/customers/u2", "/v1/kyc/customers/{user}"),
            ):  # fmt: skip
                answer = await api.ask("GET", path, key=worker)
                schema = root["paths"][named]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                assert conforms(answer.json(), schema, root) == []
            for path in ("?level=extreme", "?overdue=perhaps", "?limit=1000", "?colour=red"):
                assert (await api.ask("GET", f"/v1/kyc/customers{path}", key=worker)).status_code == 400, path
            assert (await api.ask("GET", "/v1/kyc/customers/nobody", key=worker)).status_code == 404
            review = await api.ask("POST", "/v1/kyc/customers/u2/review", {"note": "papers fit"}, key=worker)
            assert review.json()["reviewed_at"] == "2026-11-22T04:00:00Z"
            wrong = await api.ask("POST", "/v1/kyc/customers/u2/review", {"note": " "}, key=worker)
            assert (wrong.status_code, wrong.json()["code"]) == (409, "note")
            frozen = await api.ask("POST", "/v1/kyc/freezes", {"user": "u2", "order": "2026-0042"}, key=worker)
            assert (frozen.status_code, frozen.json()["until"]) == (201, "2026-11-24T04:00:00Z")
            answer = await api.ask("GET", "/v1/kyc/freezes", key=worker)
            schema = root["paths"]["/v1/kyc/freezes"]["get"]["responses"]["200"]["content"]["application/json"][
                "schema"
            ]
            assert conforms(answer.json(), schema, root) == []
            assert [each["user"] for each in answer.json()["freezes"]] == ["u2"]
            wrong = await api.ask("POST", "/v1/kyc/freezes", {"user": "u2", "order": ""}, key=worker)
            assert (wrong.status_code, wrong.json()["code"]) == (409, "order")
            reader = api.key(Scope.EVENTS_WRITE, name="events")
            assert (await api.ask("GET", "/v1/kyc/customers", key=reader)).status_code == 403

    run(go())
