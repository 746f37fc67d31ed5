"""The page of audit and vault: reveals by person, where a doing stands, bundles that an auditor checks alone, and
who may look while nobody has an account.
"""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cases_world import World
from people_world import Rooms as People
from test_doors_trail import Rooms

from jindi.access import Kind, Permits, Principal, Role, Scope
from jindi.basics.instants import DAY_US
from jindi.journal import Heads, Signer, tree_verifier
from jindi.run.audit import Actor
from jindi.run.proving import Proving
from jindi.stores.lines import LineFile
from shop_world import NOON_US, pay, run

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"
SIGNER = Signer("shop", bytes(32))
KEY = str(tree_verifier(SIGNER.verifier))


def signing(shop, lines=None):
    shop.platform._heads = Heads("shop", SIGNER, shop.blobs, lines)


async def proved(world, trail, visit, **form):
    """The page of a proof once it is made."""
    answer = await visit.post("/console/audit/prove", **form)
    assert answer.status_code == 303, answer.text
    await trail._proving.ended()
    return answer.headers["location"], (await visit.get(answer.headers["location"])).text


def checked(path, *more):
    command = [sys.executable, str(SCRIPT), str(path), KEY, *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Audited(World):
    """Cases, and a journal whose heads are signed and kept elsewhere."""

    def __init__(self, folder):
        super().__init__()
        self.lines = LineFile(folder / "shop.heads")

    async def __aenter__(self):
        made = []
        from jindi.doors.console import trail

        original = trail.TrailPage.__init__

        def noting(page, *given):
            original(page, *given)
            made.append(page)

        trail.TrailPage.__init__ = noting
        try:
            await super().__aenter__()
        finally:
            trail.TrailPage.__init__ = original
        signing(self, self.lines)
        self.trail = made[0]
        return self


def test_a_range_is_exported_as_a_bundle_that_the_offline_page_proves(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            await world.happens(pay(1), pay(2))
            chen = world.visit("chen")
            await chen.get("/console/audit")
            last = world.platform.archive.log.next_seq() - 1
            where, page = await proved(world, world.trail, chen, first="1", last=str(last))
            assert "stand in the journal as signed" in page
            answer = await chen.get(f"{where}/bundle.json")
            assert answer.headers["content-disposition"].startswith("attachment")
            (tmp_path / "bundle.json").write_bytes(answer.content)
            told = checked(tmp_path / "bundle.json", "--heads", tmp_path / "shop.heads")
            assert told.returncode == 0, told.stderr
            assert f"records 1 to {last}" in told.stdout
            bent = answer.json()
            bent["records"][0]["record"] = bent["records"][1]["record"]
            (tmp_path / "bent.json").write_text(json.dumps(bent))
            assert checked(tmp_path / "bent.json").returncode == 1
            found = [each for each in await world.doings() if each[1] in ("audit.prove", "audit.export")]
            assert [(each[0], each[1], each[3]) for each in found] == [
                ("chen", "audit.export", f"1..{last}"), ("chen", "audit.prove", f"1..{last}"),
            ]  # fmt: skip

    run(go())


def test_the_records_of_a_case_are_proved_and_of_others_nothing_is_said(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            await world.happens(pay(7))
            case = await world.case(1)
            await world.happens(pay(9, user="u9"))
            limin = world.visit("limin")
            await limin.step(case, "note", text="called him back")
            await world.happens(pay(8))
            chen = world.visit("chen")
            where, page = await proved(world, world.trail, chen, case=case.id)
            assert "stand in the journal as signed" in page
            bundle = await chen.get(f"{where}/bundle.json")
            (tmp_path / "bundle.json").write_bytes(bundle.content)
            told = checked(tmp_path / "bundle.json")
            assert told.returncode == 0, told.stderr
            assert "of others it says nothing" in told.stdout
            seqs = [each["seq"] for each in bundle.json()["records"]]
            assert len(seqs) >= 2
            document = bundle.json() | {"picked": False}
            (tmp_path / "passed-off.json").write_text(json.dumps(document))
            assert checked(tmp_path / "passed-off.json").returncode == 1, "a picked bundle is no whole range"

    run(go())


def test_attack_no_bundle_of_the_page_holds_what_was_found_about_staff(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            await world.happens(pay(1))
            platform = world.platform
            seqs = []
            proving = Proving(platform)
            own = proving._is_of_staff
            proving._is_of_staff = lambda seq: seq == 1 or own(seq)
            proof = proving.start("chen", "0..", 0, platform.archive.log.next_seq())
            await proving.ended()
            seqs = [each["seq"] for each in json.loads(proof.bundle)["records"]]
            assert proof.left_out == 1
            assert 1 not in seqs
            (tmp_path / "bundle.json").write_bytes(proof.bundle)
            told = checked(tmp_path / "bundle.json")
            assert told.returncode == 0, told.stderr
            assert "of others it says nothing" in told.stdout

    run(go())


@pytest.mark.parametrize(
    "form", [{"first": "99999"}, {"first": "x"}, {"first": "3", "last": "1"}, {"case": "case_ffffffffffff"}, {}]
)
def test_what_is_not_there_is_not_proved(form, tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            chen = world.visit("chen")
            assert (await chen.post("/console/audit/prove", **form)).status_code == 400
            assert (await chen.get("/console/audit/proofs/prf-1")).status_code == 404
            assert (await chen.get("/console/audit/99999")).status_code == 404

    run(go())


def test_attack_a_bundle_is_collected_by_nobody_but_whoever_asked_for_it(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            where, _ = await proved(world, world.trail, world.visit("chen"), first="0")
            other = world.visit("eve", roles=(Role.AUDITOR,))
            assert (await other.get(where)).status_code == 404
            assert (await other.get(f"{where}/bundle.json")).status_code == 404
            assert (await world.visit("wang").post("/console/audit/prove", first="0")).status_code == 403

    run(go())


def test_a_journal_that_was_bent_is_not_proved_and_the_page_says_what_to_do(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            await world.happens(pay(1), pay(2))
            await world.platform.publish_head()
            log = world.platform.log
            kept = log.read

            def bent(first=0):
                for n, frame in enumerate(kept(first)):
                    batch = bytearray(frame.batch)
                    batch[len(batch) // 2] ^= n == 1 and first == 0
                    yield type(frame)(frame.first, frame.count, bytes(batch))

            log.read = bent
            try:
                _, page = await proved(world, world.trail, world.visit("chen"), first="0")
            finally:
                log.read = kept
            assert "not what was signed" in page
            assert "Run jindi verify at once" in page

    run(go())


def test_without_a_key_to_sign_with_nothing_is_proved():
    async def go():
        async with Rooms() as rooms:
            await rooms.shop.send(pay(1))
            eve = rooms.guest("eve", Scope.AUDIT_READ)
            where = await eve.send("/console/audit/prove", first="0")
            for _ in range(100):
                await asyncio.sleep(0)  # nothing of the page waits, so the work beside it is let go on
                page = await eve.see(where)
                if 'http-equiv="refresh"' not in page:
                    break
            assert "no key to sign heads with" in page, page

    run(go())


def test_a_doing_has_an_address_of_its_own_with_where_it_stands():
    async def go():
        async with World() as world:
            case = await world.case(1)
            await world.visit("limin").step(case, "note", text="called him back")
            chen = world.visit("chen")
            listed = (await chen.get("/console/audit?what=case.note")).text
            (path,) = re.findall(r'data-open href="(/console/audit/\d+)"', listed)
            page = (await chen.get(path)).text
            assert "Write a note on a case" in page
            assert f'href="/console/cases/{case.id}"' in page
            seq = int(path.rpartition("/")[2])
            assert world.platform.archive.place(seq).head.hex() in page
            assert (await chen.get("/console/audit/0")).status_code == 404, "the definitions are nobody's doing"

    run(go())


async def sees(world, who, count):
    for _ in range(count):
        actor = Actor(f"per_{who}", who, "console")
        await world.audit.act(actor, "vault.reveal", "dec_000000000001", purpose="fraud", case="case_000000000001")


def test_reveals_are_counted_by_person_and_day_and_much_more_than_usual_is_marked_but_never_for_oneself():
    async def go():
        async with World() as world:
            for _ in range(4):
                await sees(world, "limin", 1)
                await sees(world, "chen", 1)
                world.clock.at_us += DAY_US
            await sees(world, "limin", 6)
            await sees(world, "chen", 6)
            await sees(world, "sun", 9)
            page = (await world.visit("chen").get("/console/audit")).text
            line = dict(re.findall(r"<bdi>(\w+)</bdi></a></th>(.*?)</tr>", page, re.DOTALL))
            assert "Reveals of limin by day: 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 6" in line["limin"]
            assert "20× his usual" in line["limin"]
            assert "his usual" not in line["chen"], "nobody is told of himself"
            assert "his usual" not in line["sun"], "a first day has nothing to be held against"
            await sees(world, "limin", 1)
            assert "1, 1, 1, 1, 7" in (await world.visit("chen").get("/console/audit")).text

    run(go())


def test_what_older_doings_the_counts_leave_out_is_said(monkeypatch):
    async def go():
        monkeypatch.setattr("jindi.run.reveal_days.LOOKED", 3)
        async with World() as world:
            await sees(world, "limin", 6)
            page = (await world.visit("chen").get("/console/audit")).text
            assert "Only the newest 3 were looked at" in page

    run(go())


def test_the_page_says_how_chain_and_vault_stand(tmp_path):
    async def go():
        async with Audited(tmp_path) as world:
            await world.happens(pay(1))
            chen = world.visit("chen")
            page = (await chen.get("/console/audit")).text
            assert "not since the start" in page
            assert re.search(r"<code>v1</code>.*in use", page)
            await proved(world, world.trail, chen, first="0")
            page = (await chen.get("/console/audit")).text
            assert re.search(r"✓ <span class=\"mono\">.*?covers \d+ records", page)

    run(go())


def test_the_audit_is_sorted_among_the_newest_filtered_by_outcome_and_taken_away():
    async def go():
        async with World() as world:
            limin, chen = world.visit("limin"), world.visit("chen")
            await limin.get("/console/audit")
            await limin.get("/console/cases")
            page = (await chen.get("/console/audit?outcome=refused&sort=record")).text
            assert re.findall(r'<td title="([\w.]+)">', page) == ["audit.read"]
            answer = await chen.get("/console/audit.json?who=limin&sort=record")
            taken = answer.json()
            assert [(each["action"], each["result"]) for each in taken] == [
                ("audit.read", "refused"), ("cases.read", "allowed"),
            ]  # fmt: skip
            assert (await world.doings("audit.export")) == [("chen", "audit.export", "allowed", "who=limin")]

    run(go())


# ---- the first operator


def test_who_came_in_by_the_link_of_a_start_reads_what_he_did_until_the_first_account_is_there():
    async def go():
        async with People(begin=False) as rooms:
            operator = rooms.browser()
            answer = await operator.post("/sign-in", token=rooms.link())
            assert answer.status_code == 303
            await operator.get("/console/decisions")
            page = await operator.get("/console/audit")
            assert page.status_code == 200
            assert "Read the list of decisions" in page.text
            assert 'href="/console/audit"' in (await operator.get("/console")).text
            assert (await operator.get("/console/staff-alerts")).status_code == 403, "he may be the one they are about"
            rooms.person("admin", "Admin Wang", Role.SECURITY_ADMIN)
            assert (await operator.get("/console/audit")).status_code == 303, "his session ended with the first account"

    run(go())


def test_attack_a_key_with_all_rights_does_not_read_the_audit_also_not_in_a_session_that_it_opened():
    permits = Permits()
    scopes = frozenset({Scope.ADMIN})

    def may(action, **how):
        return permits.may(
            Principal(how.pop("kind"), "x", "ann", scopes=how.pop("scopes", scopes), **how), action, NOON_US
        )

    for action in ("audit.read", "audit.prove"):
        assert may(action, kind=Kind.LINK)
        assert not may(action, kind=Kind.KEY)
        assert not may(action, kind=Kind.LINK, via="key_1")
        assert not may(action, kind=Kind.LINK, scopes=frozenset({Scope.DECISIONS_READ}))
    for action in ("audit.export", "staff_alerts.read", "vault.reveal"):
        assert not may(action, kind=Kind.LINK)
