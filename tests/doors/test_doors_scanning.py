"""Files of cases and the virus scanner: what is found does not pass, nor does what nobody could look at, coming or
going; it is recorded, and those who guard the house are told.
"""

import base64
import json

import pytest
from cases_world import World
from notices_world import Told
from test_doors_api import is_problem
from test_doors_cases_api import Cases

from jindi.access import Role
from jindi.doors.casework import file_said
from jindi.ports import NoticeQuery, ScannerFailure
from jindi.run.cases import NotTaken, Scanning
from jindi.run.cases.scanning import AT_ONCE, WAITING_MAX
from jindi.run.records import ActionRecord
from jindi.stores.clamd import Clamd
from scanner_world import EICAR, FOUND, scanning
from shop_world import run

LETTER = b"a letter of the customer"
BAD = b"a letter\n" + EICAR


def living(go, kind=World, place=None, unscanned="refuse"):
    """A world whose cases have a scanner: that of a place, or none."""

    async def whole():
        async with kind() as world:
            scanner = Clamd(place, answer_s=5.0) if place is not None else None
            world.desk.files.scanning = Scanning(scanner, unscanned)
            await go(world)

    run(whole())


def records(world, what):
    found = (record for _, record in world.platform.archive.records())
    return [each for each in found if isinstance(each, ActionRecord) and each.what == what]


def test_a_file_in_which_something_is_found_is_refused_and_nothing_of_it_is_kept():
    async def go(world):
        case, visit = await world.case(), world.visit()
        before = world.platform.vault.status().counts
        answer = await visit.upload(case, "流水 of Mr Li.txt", BAD)
        assert answer.status_code == 422
        assert "a virus scanner found malware" in answer.text
        assert (await world.desk.one(case.id)).files == ()
        assert world.platform.vault.status().counts == before
        (record,) = records(world, "file.found")
        assert (record.name, record.case, record.allowed) == ("limin", case.id, False)
        assert record.on.startswith(f"{FOUND} sha256:")
        held = b"".join(world.kept())
        assert EICAR not in held
        assert base64.b64encode(BAD)[:40] not in held
        assert b"of Mr Li" not in held

    with scanning() as (_, place):
        living(go, place=place)


def test_a_clean_file_comes_and_goes_and_the_scanner_saw_it_both_times():
    async def go(world):
        case, visit = await world.case(), world.visit()
        await visit.upload(case, "a.txt", LETTER)
        assert (await visit.get(f"/console/cases/{case.id}/files/0")).content == LETTER
        assert records(world, "file.found") == records(world, "file.unscanned") == []

    with scanning() as (daemon, place):
        living(go, place=place)
        assert daemon.seen == [LETTER, LETTER]


def test_a_file_is_looked_at_again_before_each_download():
    async def go(world):
        case, visit = await world.case(), world.visit()
        # It came before there was a scanner.
        scanner, world.desk.files.scanning = world.desk.files.scanning, Scanning()
        await visit.upload(case, "a.txt", BAD)
        assert len((await world.desk.one(case.id)).files) == 1
        world.desk.files.scanning = scanner
        answer = await visit.get(f"/console/cases/{case.id}/files/0")
        assert answer.status_code == 422
        assert "A virus scanner found malware in this file" in answer.text
        assert EICAR.decode() not in answer.text
        (record,) = records(world, "file.found")
        assert (record.name, record.case) == ("limin", case.id)

    with scanning() as (_, place):
        living(go, place=place)


def test_what_no_scanner_could_look_at_neither_comes_nor_goes():
    async def go(world):
        case, visit = await world.case(), world.visit()
        scanner, world.desk.files.scanning = world.desk.files.scanning, Scanning()
        await visit.upload(case, "a.txt", LETTER)
        world.desk.files.scanning = scanner
        refused = await visit.upload(case, "b.txt", LETTER)
        assert refused.status_code == 503
        assert "no virus scanner could look at it" in refused.text
        kept = await visit.get(f"/console/cases/{case.id}/files/0")
        assert kept.status_code == 503
        assert LETTER.decode() not in kept.text
        assert len((await world.desk.one(case.id)).files) == 1
        assert [each for each in world.told if "could not be looked at" in each and "can't be reached" in each]

    with scanning() as (_, gone):
        pass
    living(go, place=gone)


def test_where_it_may_pass_unseen_that_it_did_is_a_record():
    async def go(world):
        case, visit = await world.case(), world.visit()
        await visit.upload(case, "a.txt", LETTER)
        assert (await visit.get(f"/console/cases/{case.id}/files/0")).content == LETTER
        assert [each.case for each in records(world, "file.unscanned")] == [case.id, case.id]

    with scanning() as (_, gone):
        pass
    living(go, place=gone, unscanned="take")


@pytest.mark.parametrize(
    ("unscanned", "takes", "said"),
    [
        ("take", True, ("No virus scanner is set", "未配置病毒扫描程序")),
        ("refuse", False, ("No files are taken now", "现在不接收文件")),
    ],
)
def test_the_page_says_that_nobody_looks(unscanned, takes, said):
    async def go(world):
        case, visit = await world.case(), world.visit()
        english, chinese = said
        page = await visit.get(f"/console/cases/{case.id}")
        assert english in page.text
        assert ('type="file"' in page.text) == takes
        visit.http.cookies.set("jindi_lang", "zh")
        assert chinese in (await visit.get(f"/console/cases/{case.id}")).text
        visit.http.cookies.set("jindi_lang", "en")
        assert (await visit.upload(case, "a.txt", LETTER)).status_code == (303 if takes else 503)

    living(go, unscanned=unscanned)


def test_the_page_says_that_somebody_looks():
    async def go(world):
        case = await world.case()
        assert "A virus scanner looks at each" in (await world.visit().get(f"/console/cases/{case.id}")).text

    with scanning() as (_, place):
        living(go, place=place)


def test_who_audits_and_who_leads_incidents_is_told_once_each_and_nobody_else():
    async def go(world):
        case = await world.case()
        await world.round()
        with pytest.raises(NotTaken, match="file_infected"):
            await world.desk.attach(world.actor("limin"), case.id, "a.txt", BAD)
        await world.round()
        told = {who: (await world.of(who)).count(("file.found", case.id)) for who in world.house}
        lead = {Role.SENIOR_ANALYST, Role.AML_OFFICER, Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN, Role.AUDITOR}
        assert told == {who: int(bool(lead & set(roles))) for who, roles in world.house.items()}
        (record,) = (seq for seq, each in world.platform.archive.records() if isinstance(each, ActionRecord)
                     and each.what == "file.found")  # fmt: skip
        paths = {}
        for who in ("chen", "qian"):
            found, _ = await world.notices.desk.mine(world.who(who), NoticeQuery(unread=True))
            paths[who] = next(each.notice.path for each in found if each.notice.occasion == "file.found")
            assert (await world.visit(who).get(paths[who])).status_code in (200, 404), who
        assert paths["chen"] == f"/console/audit/{record}"
        assert paths["qian"] == f"/console/incidents/new?from=case%3A{case.id}"

    with scanning() as (_, place):
        living(go, kind=Told, place=place)


def test_programs_are_told_by_a_code_whether_it_is_the_file_or_only_for_now():
    async def attached(api, content):
        body = json.dumps({"name": "a.txt", "content": base64.b64encode(content).decode()}).encode()
        return await api.ask("POST", f"/v1/cases/{api.ids[0]}/attach", body, api.worker)

    async def go():
        async with Cases() as api:
            api.room.desk.files.scanning = Scanning(Clamd(place), "refuse")
            found = await attached(api, BAD)
            is_problem(found, 409)
            assert (found.json()["code"], found.json()["detail_zh"]) == ("file_infected", file_said("file_infected")[0])
            assert (await attached(api, LETTER)).status_code == 200
            daemon.answer = b"Can't open file or directory ERROR\0"
            for answer in (
                await attached(api, LETTER), await api.ask("GET", f"/v1/cases/{api.ids[0]}/files/0", None, api.worker)
            ):  # fmt: skip
                is_problem(answer, 503)
                assert answer.json()["code"] == "file_unscanned"

    with scanning() as (daemon, place):
        run(go())


# ---- asking it


def test_a_scanner_that_hangs_holds_no_more_than_its_threads_and_the_rest_is_told_so_at_once():
    import asyncio
    import threading

    class Hanging:
        def __init__(self):
            self.inside, self.most, self.lock = 0, 0, threading.Lock()
            self.goes, self.full = threading.Event(), threading.Event()

        def scan(self, content):
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
                if self.inside == AT_ONCE:
                    self.full.set()
            self.goes.wait()
            with self.lock:
                self.inside -= 1
            if content == b"bad":
                raise ScannerFailure("scanner x: broken")

        def version(self):
            return "hanging"

    async def go():
        hanging = Hanging()
        scanning = Scanning(hanging, "refuse")
        waiting = [asyncio.create_task(scanning.look(b"bad" if not n else b"")) for n in range(AT_ONCE + WAITING_MAX)]
        await asyncio.to_thread(hanging.full.wait)
        assert (await scanning.look(b"one more")).failed == "too many files wait for the scanner"
        hanging.goes.set()
        looks = await asyncio.gather(*waiting)
        assert [each.failed for each in looks if each.failed] == ["scanner x: broken"]
        assert hanging.most == AT_ONCE
        assert (await scanning.look(b"again")).failed == ""

    run(go())
