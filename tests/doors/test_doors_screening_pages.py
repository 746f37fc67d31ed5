"""Screening behind its doors: a list comes in by a form or a program, matches are read and decided, names stay out."""

import io
import json
import random
import zipfile
from zoneinfo import ZoneInfo

import pytest
from api_world import Api
from test_doors_api import conforms
from test_doors_reveal import Staff, Visit

from jindi.access import Permits, Scope, SignInLinks
from jindi.basics.problems import Problems
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.screening import ScreeningPages
from jindi.run.records import decision_id
from jindi.run.screening.unpacking import unpacked
from jindi.run.versions.desk import Desk as VersionDesk
from screening_world import HOUSE, LISTED, MORE, Wallet, registration, transfer
from shop_world import run

CLEAR = "Xiongxin Shan"


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_dot_", "."), text)
    return packed.getvalue()


class World(Wallet):
    """The wallet behind its console."""

    async def __aenter__(self):
        await super().__aenter__()
        serial = iter(range(1, 10**6))
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions,
            links=SignInLinks(self.blobs, random.Random(5).randbytes), clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=Permits(),
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals, reveals=self.reveals,
            more=[lambda doors: ScreeningPages(self.desk, doors, self.approvals, self.audit, self.reveals)],
        )  # fmt: skip
        return self

    def visit(self, who):
        return Visit(self, who, roles=HOUSE[who])

    async def loaded_by(self, visit, text=LISTED, name="own.toml", lang="en", **more):
        answer = await visit.http.post(
            "/console/screening/lists", data={"csrf": visit.csrf, **more}, files={"file": (name, text.encode())},
            headers={"accept-language": lang},
        )  # fmt: skip
        await self.settled()
        return answer


def test_an_officer_loads_a_list_by_a_form_and_everybody_is_held_against_it():
    async def go():
        async with World() as world:
            await world.send(registration(1, CLEAR))
            wang = world.visit("wang")
            assert "No list has been loaded" in (await wang.get("/console/screening")).text
            answer = await world.loaded_by(wang)
            assert answer.headers["location"] == "/console/screening?done=load"
            page = (await wang.get("/console/screening")).text
            assert "CN-1" in page
            assert "a list changed" in page
            assert CLEAR not in page

    run(go())


def test_what_is_wrong_with_a_list_is_told_at_once_and_nothing_changes():
    async def go():
        async with World() as world:
            wang = world.visit("wang")
            bad = LISTED.replace('name    = "单雄信"', "").replace('kind = "person"', 'kind = "alien"')
            answer = await world.loaded_by(wang, bad)
            assert answer.status_code == 422
            assert answer.text.count("own.toml") >= 2
            assert "every entry has an id and a name" in answer.text
            chinese = await world.loaded_by(wang, bad, lang="zh")
            assert "每个条目须有编号与名称" in chinese.text
            assert "every entry" not in chinese.text
            assert world.desk.loaded == {}
            await world.loaded_by(wang, LISTED + MORE)
            half = LISTED[: LISTED.index('[[entry]]\nid   = "RU-1"')]
            assert (await world.loaded_by(wang, half)).status_code == 409
            assert (await world.loaded_by(wang, half, meant="1")).status_code == 303
            assert (await world.loaded_by(wang, "")).status_code == 400

    run(go())


def test_a_match_page_says_why_and_shows_the_entry_and_not_the_customers_name():
    async def go():
        async with World() as world:
            await world.load()
            await world.sent(registration(1, "Xiongxin Canary Shan"))
            identifier = decision_id(world.desk.hits()[0].seq)
            for lang, word in (("en", "An initial"), ("zh", "名单")):
                page = await world.visit("limin").http.get(
                    f"/console/screening/{identifier}", headers={"accept-language": lang}
                )
                assert page.status_code == 200
                assert "1970-03-14" in page.text
                assert "SHAN Xiongxin" in page.text
                assert "canary" not in page.text.casefold(), word
            assert (await world.visit("limin").get("/console/screening/dec_00000000ffff")).status_code == 404

    run(go())


def test_a_match_is_cleared_by_two_through_the_pages():
    async def go():
        async with World() as world:
            await world.load()
            await world.sent(registration(1, CLEAR))
            identifier = decision_id(world.desk.hits()[0].seq)
            limin = world.visit("limin")
            empty = await limin.post(f"/console/screening/{identifier}/clear", why=" ")
            assert empty.status_code == 409
            asked = await limin.post(f"/console/screening/{identifier}/clear", why="another birth")
            assert asked.status_code == 303
            assert "a second person is to answer" in (await limin.get(f"/console/screening/{identifier}")).text
            entry = world.approvals.book.newest()[0]
            await world.agree(entry)
            page = (await limin.get(f"/console/screening/{identifier}")).text
            assert "Cleared" in page
            assert "wang" in page

    run(go())


def test_one_confirms_and_the_clock_of_the_report_stands_on_the_page():
    async def go():
        async with World() as world:
            await world.load()
            await world.sent(registration(1, CLEAR))
            identifier = decision_id(world.desk.hits()[0].seq)
            limin = world.visit("limin")
            answer = await limin.post(f"/console/screening/{identifier}/confirm", why="the same face and birth")
            assert answer.headers["location"].endswith("?done=confirm")
            page = (await limin.get(f"/console/screening/{identifier}")).text
            assert "Suspicious report due" in page
            assert "2026-11-23 12:00" in page
            again = await limin.post(f"/console/screening/{identifier}/confirm", why="twice")
            assert again.status_code == 409

    run(go())


def test_who_may_not_work_matches_decides_nothing_and_is_recorded():
    async def go():
        async with World() as world:
            await world.load()
            await world.sent(registration(1, CLEAR))
            identifier = decision_id(world.desk.hits()[0].seq)
            chen = world.visit("chen")
            page = (await chen.get(f"/console/screening/{identifier}")).text
            assert "Deciding on matches is not for you" in page
            for verb in ("confirm", "clear"):
                assert (await chen.post(f"/console/screening/{identifier}/{verb}", why="x")).status_code == 403
            assert (await world.loaded_by(chen)).status_code == 403
            assert world.desk.hits()[0].state == "open"

    run(go())


# ---- programs


class Screened(Api):
    def __init__(self):
        self.wallet = Wallet()
        super().__init__(self.wallet, screening=lambda: self.wallet.desk)

    async def __aenter__(self):
        await super().__aenter__()
        self.worker = self.key(Scope.CASES_WORK, name="screening")
        return self

    async def load(self, data, name="own.toml", **more):
        answer = await self.http.post(
            "/v1/watchlists", params={"file": name, **more}, content=data,
            headers={"authorization": f"Bearer {self.worker}"},
        )  # fmt: skip
        await self.wallet.settled()
        return answer


def test_programs_load_lists_and_read_matches_as_described():
    async def go():
        async with Screened() as api:
            root = (await api.ask("GET", "/openapi.json")).json()
            made = await api.load(zipped(own_dot_toml=LISTED), "lists.zip")
            assert made.status_code == 201, made.text
            await api.wallet.sent(registration(1, CLEAR))
            await api.wallet.sent(transfer(1, "Sergej Lavrovsky"))
            for path, named in (
                ("/v1/watchlists", "/v1/watchlists"),
                ("/v1/screening/matches?state=open&limit=1", "/v1/screening/matches"),
                (f"/v1/screening/matches/{decision_id(api.wallet.desk.hits()[0].seq)}", "/v1/screening/matches/{id}"),
            ):  # fmt: skip
                answer = await api.ask("GET", path, key=api.worker)
                assert answer.status_code == 200, answer.text
                schema = root["paths"][named]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                assert conforms(answer.json(), schema, root) == []
                assert CLEAR not in answer.text
            identifier = decision_id(api.wallet.desk.hits()[1].seq)
            path = f"/v1/screening/matches/{identifier}/confirm"
            confirmed = await api.ask("POST", path, {"reason": "the same"}, api.worker)
            assert (confirmed.json()["state"], confirmed.json()["report_due"]) == ("confirmed", "2026-11-23T04:00:00Z")
            assert (await api.ask("POST", path, {"reason": "the same"}, api.worker)).status_code == 409

    run(go())


def test_programs_are_told_everything_that_is_wrong_with_a_list():
    async def go():
        async with Screened() as api:
            for data, name in ((b"PK\x03\x04broken", "x.zip"), (b"\x1f\x8bbroken", "x.xml.gz"), (b"nonsense", "x.txt")):
                answer = await api.load(data, name)
                assert answer.status_code == 400
                assert answer.json()["problems"], name
            assert (await api.load(LISTED.encode(), "")).status_code == 400
            await api.load(LISTED.encode())
            older = await api.load(LISTED.replace("2026-11-01", "2025-01-01").replace("RU-1", "RU-2").encode())
            assert (older.status_code, older.json()["code"]) == (409, "older")
            plain = await api.ask("GET", "/v1/watchlists", key=api.key(Scope.DECISIONS_READ, name="reader"))
            assert plain.status_code == 403

    run(go())


def test_the_description_of_events_leaves_out_what_the_platform_fills():
    async def go():
        async with Screened() as api:
            root = (await api.ask("GET", "/openapi.json")).json()
            transfer_schema = json.dumps(root["components"]["schemas"]["event_transfer"])
            assert "payee_name" in transfer_schema
            assert "payee_listed" not in transfer_schema

    run(go())


# ---- what is handed in


def test_a_zip_is_bounded_by_files_and_by_what_it_unpacks_to(monkeypatch):
    monkeypatch.setattr("jindi.run.screening.unpacking.UNPACKED_BYTES_MAX", 1_000)
    assert unpacked("x.zip", zipped(a_dot_csv="1" * 900)) == {"a.csv": b"1" * 900}
    for bomb in (zipped(a_dot_csv="1" * 1_001), zipped(**{f"f{n}": "" for n in range(21)})):
        with pytest.raises(Problems):
            unpacked("x.zip", bomb)
