"""People are told what concerns them and nothing else: once, wherever they want it, and nobody reads another's."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cases_world import FILES, HOW
from notices_world import STAFF_PACK, Told

from jindi.access import Role
from jindi.basics.instants import MINUTE_US
from jindi.cases import Assign, Close, Escalate, Task
from jindi.ports import NoticeQuery, NoticeStoreFailure
from jindi.run.audit import Actor
from jindi.run.notices import OCCASIONS, Preferences, Rules, Rung
from jindi.run.notices.occasions import CHAIN
from jindi.run.versions.desk import Desk as VersionDesk
from jindi.run.versions.desk import Person
from jindi.stores.sqlite_notices import SqliteNotices
from shop_world import CANARIES, HOUR_US, NOON_US, event, list_entry, pay, run

EVE = Actor("session_9", "eve", "console", "private", "r", ("security_admin",), "it")


def living(work, **more):
    """Run a test in a world of its own."""

    async def go():
        async with Told(**more) as world:
            await work(world)

    run(go())


async def assigned(world, number=1, to="limin"):
    case = await world.case(number, user=f"u{number}")
    await world.works("wang", case, Assign(to), leads=True)
    return case


# ---- what there is to tell


def test_who_is_given_a_case_is_told_and_who_takes_one_himself_is_not():
    async def go(world):
        case = await assigned(world)
        other = await world.case(2, user="u2")
        await world.works("zhao", other, Assign("zhao"))
        await world.round()
        assert await world.of("limin") == [("case.assigned", case.id)]
        assert await world.of("zhao") == []
        assert await world.of("wang") == []

    living(go)


def test_who_is_given_a_task_of_a_case_is_told():
    async def go(world):
        case = await assigned(world)
        await world.works("limin", case, Task("Call the bank.", "zhao"))
        await world.works("limin", case, Task("Look at the device."))
        await world.round()
        assert await world.of("zhao") == [("case.task", case.id)]

    living(go)


def test_what_is_due_soon_and_then_late_is_told_to_whose_it_is():
    async def go(world):
        case = await assigned(world)
        await world.round(119)
        assert ("case.due_soon", case.id) not in await world.of("limin")
        await world.round(2)
        assert (await world.of("limin"))[0] == ("case.due_soon", case.id)
        await world.round(120)
        assert (await world.of("limin"))[0] == ("case.late", case.id)
        await world.round(30)
        assert [each for each, _ in await world.of("limin")] == ["case.late", "case.due_soon", "case.assigned"]

    living(go)


def test_what_was_escalated_is_told_to_who_leads_and_not_to_who_did_it():
    async def go(world):
        case = await assigned(world)
        await world.works("limin", case, Escalate("too much for me"))
        await world.round()
        assert ("case.escalated", case.id) in await world.of("wang")
        assert ("case.escalated", case.id) in await world.of("sun")
        assert ("case.escalated", case.id) not in [*await world.of("limin"), *await world.of("zhao")]

    living(go)


def test_whom_a_companys_own_policy_forbids_something_is_not_told_of_it():
    async def go(world):
        case = await assigned(world)
        await world.works("limin", case, Escalate("too much for me"))
        await world.round()
        assert ("case.escalated", case.id) in await world.of("wang")
        assert ("case.escalated", case.id) not in await world.of("sun")

    living(go, own='forbid (principal == Person::"per_sun", action == Action::"case.lead", resource);')


def test_a_critical_case_that_nobody_takes_is_told_once_and_one_that_was_taken_is_not():
    async def go(world):
        await world.send(list_entry("l1", "blocked", "villain"))
        await world.send(list_entry("l2", "blocked", "crook"))
        (denied, other) = await world.happens(pay(4, "10.00", user="villain"), pay(5, "10.00", user="crook"))
        case, taken = await world.of(denied), await world.of(other)
        await world.works("zhao", taken, Assign("zhao"))
        await world.round(14)
        assert await world.of("limin") == []
        await world.round(2)
        assert await world.of("limin") == [("case.untaken", case.id)]
        await world.round(5)
        assert await world.of("limin") == [("case.untaken", case.id)]

    living(go)


def test_what_waits_for_an_approval_is_told_to_who_may_give_it_and_the_answer_to_who_asked():
    async def go(world):
        asked = {"step": "add", "url": "https://93.184.216.34/x"}
        entry = await world.approvals.propose(world.who("zhou"), "webhook.change", asked, "our partner asks for it")
        await world.round()
        for each in ("ying", "qian", "feng"):
            assert await world.of(each) == [("approval.waits", entry.id)]
        for each in ("zhou", "limin", "wang", "chen"):
            assert await world.of(each) == []
        await world.approvals.approve(world.who("feng"), entry.id, entry.asked.digest, "read")
        await world.round()
        assert await world.of("zhou") == [("approval.approved", entry.id)]
        again = await world.approvals.propose(
            world.who("zhou"), "webhook.change", asked | {"outcomes": ["deny"]}, "another"
        )
        await world.approvals.reject(world.who("qian"), again.id, "no")
        await world.round()
        assert ("approval.rejected", again.id) in await world.of("zhou")

    living(go)


def test_what_was_asked_for_is_said_to_end_before_it_does():
    async def go(world):
        entry = await world.approvals.propose(
            world.who("zhou"), "webhook.change", {"step": "add", "url": "https://93.184.216.34/x"}, "why"
        )
        await world.round(59 * 60)
        assert ("approval.expires", entry.id) not in await world.of("feng")
        await world.round(2 * 60)
        assert ("approval.expires", entry.id) in await world.of("feng")
        assert ("approval.expires", entry.id) in await world.of("zhou")

    living(go)


PLATFORM = Path(__file__).parents[2] / "packs" / "platform"
PLATFORM_PACK = {
    f"platform/{path.relative_to(PLATFORM).as_posix()}": path.read_text("utf-8")
    for path in PLATFORM.rglob("*.toml")
    if path.name != "screening.toml"  # what it points to stands in the shipped core
}
CONTROL = {
    "subject": "C41", "control": "C41", "pack_name": "platform", "risk": "attack", "state": "failed",
    "severity": "high", "owner": "security_admin",
}  # fmt: skip


def test_a_control_that_failed_and_a_backup_that_is_overdue_are_told_to_who_runs_the_machine():
    async def go(world):
        await world.send(event("control_failed", "c1", **CONTROL))
        await world.send(event("backup_overdue", "b1", subject="backup", what="backup", limit_hours=2, age_hours=9))
        await world.round()
        assert {each for each, _ in await world.of("zhou")} == {"backup.overdue", "control.failed"}
        assert await world.of("chen") == [("control.failed", "C41")]
        assert await world.of("limin") == []
        found, _ = await world.notices.desk.mine(world.who("chen"), NoticeQuery(unread=True))
        assert found[0].notice.path == "/console/controls/C41"
        # The same again within the day is a repetition: it is no alert, and nobody is told.
        await world.send(event("control_failed", "c2", **CONTROL))
        await world.round()
        assert len(await world.of("chen")) == 1

    living(go, files={**FILES, **PLATFORM_PACK})


def test_a_proposal_is_told_to_who_approves_and_the_answer_to_who_proposed():
    async def go(world):
        desk = VersionDesk(world.platform, lambda: world.platform.base)
        kinds = {"feng": (Role.APPROVER,), "liu": (Role.POLICY_AUTHOR,)}
        world.house |= kinds
        liu, feng = (Person(each.id, each.name) for each in map(world.who, ("liu", "feng")))
        policy = world.platform.base["shop/policies/pay.toml"]
        files = {**world.platform.base, "shop/policies/pay.toml": policy.replace("score = 60", "score = 61")}
        await desk.propose(liu, why="a little more", files=files)
        await world.round()
        ((occasion, identifier),) = await world.of("feng")
        assert occasion == "proposal.waits"
        assert await world.of("liu") == []
        await desk.reject(feng, identifier, why="no")
        await world.round()
        assert await world.of("liu") == [("proposal.rejected", identifier)]

    living(go)


def test_that_decisions_have_stopped_is_told_to_who_runs_the_machine_without_the_journal():
    async def go(world):
        world.platform.lane.stopped = "the disk is full"
        await world.round()
        await world.round(1)
        assert [each for each, _ in await world.of("zhou")] == ["lane.stopped"]
        assert await world.of("limin") == []
        world.platform.lane.stopped = None

    living(go)


def test_every_occasion_has_words_in_both_languages_and_an_audience_that_exists():
    from jindi.access import ACTIONS
    from jindi.packs import LEVELS

    for name, each in OCCASIONS.items():
        assert each.name == name
        assert each.zh
        assert re.search(r"[一-鿿]", each.zh)
        assert each.en.isascii()
        assert each.level in LEVELS
        assert {*each.audience, *([each.lead] if each.lead else [])} <= ACTIONS.keys()
    assert [name for name, each in OCCASIONS.items() if each.is_confidential] == [
        "filing.waits", "filing.near", "filing.late", "staff.alert",
    ]  # fmt: skip


# ---- once, over crashes


def test_told_again_after_a_restart_is_nothing_and_what_came_meanwhile_is_made_up_for():
    async def go():
        async with Told() as world:
            case = await assigned(world)
            await world.round()
            await assigned(world, 2)
        async with world.again() as back:
            assert [each for each, _ in await back.of("limin")] == ["case.assigned", "case.assigned"]
            assert (await back.of("limin"))[-1] == ("case.assigned", case.id)
            await back.round(1)
            assert len(await back.of("limin")) == 2

    run(go())


def test_what_is_old_when_it_is_found_comes_as_one_digest_and_floods_nobody():
    async def go():
        async with Told() as world:
            await world.round()
            for number in range(1, 13):
                await assigned(world, number)
        world.clock.at_us += 7 * HOUR_US
        async with world.again() as back:
            await back.following.catch_up()
            await back.notices.follower.round()
            found, _ = await back.notices.desk.mine(back.who("limin"), NoticeQuery(unread=True))
            digests = [each.notice for each in found if each.notice.occasion == "digest"]
            assert digests[-1].counts["case.assigned"] == 12
            assert not [each for each in found if each.notice.occasion == "case.assigned"]
            assert len(found) <= 2 + 12

    run(go())


def test_what_was_there_before_anybody_was_told_is_no_news():
    async def go():
        async with Told() as world:
            await assigned(world)
        world.store = SqliteNotices(":memory:")
        async with world.again() as back:
            await back.round()
            assert await back.of("limin") == []

    run(go())


def test_a_write_that_fails_moves_no_cursor_and_is_made_up_for():
    async def go(world):
        put, failures = world.store.put, [1, 1]

        def failing(*given):
            if failures:
                failures.pop()
                raise NoticeStoreFailure("the disk is full")
            return put(*given)

        world.store.put = failing
        case = await assigned(world)
        for _ in range(2):
            with pytest.raises(NoticeStoreFailure):
                await world.round()
        await world.round()
        assert await world.of("limin") == [("case.assigned", case.id)]

    living(go)


KILLED = """
import os, sys
from jindi.ports import NoticeRow, DeliveryRow
from jindi.run.versions.desk import Desk as VersionDesk
from jindi.run.versions.desk import Person
from jindi.stores.sqlite_notices import SqliteNotices
store = SqliteNotices(sys.argv[1])
begin = store.cursor()
number = begin[0] if begin else 0
while True:
    rows = [NoticeRow(f"k{number}-{n}", f"n{number}", "ann", "case.late", 2, number, b"{}") for n in range(20)]
    ways = [DeliveryRow(f"k{number}-{n}", "mail", "", "case.late", 2, number, b"{}", "sent", 0) for n in range(20)]
    store.put(rows, ways, (), (), number + 1, number)
    number += 1
    print(number, flush=True)
"""


def test_a_process_that_is_killed_leaves_all_of_a_write_or_nothing(tmp_path):
    path = str(tmp_path / "notices.sqlite")
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), path], stdout=subprocess.PIPE, env=os.environ
        )
        said = b"0"
        for _ in range(40):
            said = process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = SqliteNotices(path)
        cursor = store.cursor()[0]
        assert cursor >= int(said)
        assert store.count(NoticeQuery(person="ann")) == 20 * cursor
        assert len(store.log(10**6)) == 20 * cursor
        store.close()


# ---- who may know


class House(Told):
    """A house in which eve of the line `it` has looked at a celebrity without a case."""

    def __init__(self, **more):
        people = {
            "eve": (Role.SECURITY_ADMIN,), "bob": (Role.SECURITY_ADMIN,), "ann": (Role.AUDITOR,),
            "limin": (Role.ANALYST,), "zhou": (Role.SYSTEM_ADMIN,), "ying": (Role.SYSTEM_ADMIN,),
        }  # fmt: skip
        super().__init__(HOW, {**FILES, **STAFF_PACK}, people=people, **more)

    async def suspicion(self):
        await self.send(list_entry("l1", "vip_customers", "star"))
        for who, line in (("eve", "it"), ("bob", "it"), ("ann", "audit")):
            await self.send(event("staff_notice", f"n-{who}", staff=who, notice="joined", line=line))
        await self.audit.act(EVE, "entity.read", f"user/{self.platform.token_of('user', 'star')}")
        await self.platform.watching.round()
        await self.round()


def test_attack_nothing_about_an_alert_reaches_the_suspect_or_his_line_or_any_group_by_no_channel():
    async def go():
        async with House() as world:
            everything = [str(role) for role in Role]
            await world.channel("slack", "https://93.184.216.34/x", roles=everything)
            for who in world.house:
                world.wishes.put(who, Preferences(mail=f"{who}@example.com"))
            await world.suspicion()
            assert [each for each, _ in await world.of("ann")] == ["staff.alert"]
            for who in ("eve", "bob", "limin", "zhou"):
                assert "staff.alert" not in [each for each, _ in await world.of(who, unread=False)]
            told = [each for each in await world.sent() if each[2] == "staff.alert"]
            assert told == [("mail", "ann", "staff.alert", "waiting")]
            # Nobody looks: it still goes to nobody else.
            await world.round(60)
            assert [each for each in await world.sent() if each[2] == "staff.alert"] == told
            for who in ("eve", "bob", "limin"):
                page = (await world.visit(who).get("/console/notifications?tab=all")).text
                assert "staff-alerts/" not in page

    run(go())


def test_attack_who_comes_into_the_line_later_no_longer_sees_nor_is_sent_what_he_was_told():
    async def go():
        async with House() as world:
            world.wishes.put("ann", Preferences(mail="ann@example.com"))
            await world.suspicion()
            await world.send(event("staff_notice", "n-2", staff="ann", notice="moved", line="it"))
            world.clock.at_us += MINUTE_US
            assert await world.of("ann") == []
            await world.notices.courier.round()
            assert [each[3] for each in await world.sent() if each[2] == "staff.alert"] == ["failed"]

    run(go())


def test_attack_the_log_of_what_was_sent_names_nobody():
    async def go():
        async with House() as world:
            world.wishes.put("ann", Preferences(mail="ann.private@example.com"))
            await world.suspicion()
            page = (await world.visit("zhou").get("/console/settings/notifications")).text
            assert "ann.private" not in page
            assert "dec_" not in page

    run(go())


def test_what_is_told_holds_nobodys_data():
    async def go(world):
        await world.channel("slack", "https://93.184.216.34/x")
        world.wishes.put("limin", Preferences(mail="limin@example.com"))
        await assigned(world)
        await world.round(16)
        bodies = b"".join(each.row.body for each in await world.notices.desk.log(100))
        assert b"case.assigned" in bodies
        for canary in (*CANARIES, "u1", "limin"):
            assert canary.encode() not in bodies

    living(go)


# ---- wishes and quiet hours


def test_what_somebody_does_not_want_he_is_not_told_and_what_went_on_to_him_comes_all_the_same():
    async def go(world):
        muted = tuple(f"bell:{name}" for name in OCCASIONS)
        world.wishes.put("limin", Preferences(muted=muted))
        world.wishes.put("wang", Preferences(muted=muted))
        await assigned(world)
        await world.round(4 * 60 + 1)
        assert await world.of("limin") == []
        await world.round(20)
        found, _ = await world.notices.desk.mine(world.who("wang"), NoticeQuery(unread=True))
        assert [(each.notice.occasion, each.notice.step) for each in found] == [("case.late", 1)]

    living(go)


def test_what_is_held_over_quiet_hours_comes_as_one_afterwards_and_what_is_critical_at_once():
    async def go(world):
        quiet = Preferences(mail="limin@example.com", quiet_from="11:00", quiet_until="13:00")
        world.wishes.put("limin", quiet)
        for number in (1, 2, 3):
            await assigned(world, number)
        await world.send(list_entry("l1", "blocked", "villain"))
        await world.happens(pay(9, "10.00", user="villain"))
        await world.round(16)
        states = {(each[2], each[3]) for each in await world.sent()}
        assert states == {("case.assigned", "held"), ("case.untaken", "waiting")}
        due = [row for row in world.store.due(NOON_US + HOUR_US - 1, 100) if row.state == "held"]
        assert due == []
        assert len([row for row in world.store.due(NOON_US + HOUR_US, 100) if row.state == "held"]) == 3

    living(go)


def test_who_has_left_the_house_is_sent_nothing_that_was_held_for_him():
    async def go(world):
        world.wishes.put("limin", Preferences(mail="limin@example.com", quiet_from="11:00", quiet_until="13:00"))
        await assigned(world)
        await world.round()
        del world.house["limin"]
        world.clock.at_us += 2 * HOUR_US
        await world.notices.courier.round()
        assert [each[3] for each in await world.sent("mail")] == ["failed"]

    living(go)


def test_more_cases_than_are_read_together_are_all_told(monkeypatch):
    monkeypatch.setattr("jindi.run.notices.finding.CASES_AT_ONCE", 2)

    async def go(world):
        for number in range(1, 6):
            await assigned(world, number)
        await world.round(4 * 60 + 1)
        assert [each for each, _ in await world.of("limin")].count("case.late") == 5

    living(go)


# ---- who is next


def test_what_nobody_looks_at_goes_to_who_leads_then_to_the_teams_channel_and_stops():
    async def go(world):
        channel = await world.channel("slack", "https://93.184.216.34/x", roles=["senior_analyst"], least="critical")
        case = await assigned(world)
        await world.round(4 * 60 + 1)
        assert ("case.late", case.id) not in await world.of("wang")
        await world.round(15)
        assert ("case.late", case.id) in await world.of("wang")
        assert await world.sent(channel) == []
        await world.round(15)
        assert await world.sent(channel) == [(channel, "", "case.late", "waiting")]
        await world.round(60)
        await world.round(60)
        assert len(await world.sent(channel)) == 1
        assert len([each for each in await world.of("wang") if each[0] == "case.late"]) == 1

    living(go)


@pytest.mark.parametrize("how", ["read", "closed"])
def test_what_somebody_has_read_or_done_goes_to_nobody_else(how):
    async def go(world):
        case = await assigned(world)
        await world.round(4 * 60 + 1)
        if how == "read":
            await world.notices.desk.read(world.who("limin"), None)
        else:
            await world.works("limin", await world.desk.one(case.id), Close("cleared", "nothing in it"))
        await world.round(15)
        await world.round(30)
        assert ("case.late", case.id) not in await world.of("wang")

    living(go)


def test_a_chain_without_steps_tells_nobody_else():
    async def go(world):
        case = await assigned(world)
        await world.round(4 * 60 + 1)
        await world.round(600)
        assert ("case.late", case.id) not in await world.of("wang")

    living(go, rules=Rules(chain=()))
    assert (Rung(15, "lead"), Rung(30, "channel")) == CHAIN


# ---- the bell and the page


def test_the_bell_says_how_many_wait_and_the_page_shows_them_with_their_links():
    async def go(world):
        case = await assigned(world)
        await assigned(world, 2)
        await world.round()
        visit = world.visit()
        home = (await visit.get("/console")).text
        assert 'data-refresh="/console/notifications/bell"' in home
        assert '<span class="count" aria-hidden="true">2</span>' in home
        assert (
            '<span class="count" aria-hidden="true">2</span>' in (await visit.get("/console/notifications/bell")).text
        )
        page = (await visit.get("/console/notifications")).text
        assert f'href="/console/cases/{case.id}"' in page
        assert "A case was assigned to you" in page
        await visit.post("/console/notifications/read", all="1")
        assert 'class="count"' not in (await visit.get("/console/notifications/bell")).text
        assert "Nothing unread." in (await visit.get("/console/notifications")).text
        assert f'href="/console/cases/{case.id}"' in (await visit.get("/console/notifications?tab=all")).text

    living(go)


def test_attack_nobody_reads_or_marks_what_is_anothers():
    async def go(world):
        await assigned(world)
        await world.round()
        (mine,), _ = await world.notices.desk.mine(world.who("limin"), NoticeQuery(unread=True))
        other = world.visit("zhao")
        assert mine.key not in (await other.get("/console/notifications?tab=all")).text
        for form in ({"one": mine.key}, {f"tick.{mine.key}": "1"}, {"all": "1"}):
            assert (await other.post("/console/notifications/read", **form)).status_code == 303
        assert len(await world.of("limin")) == 1
        mark = await world.visit().post("/console/notifications/read", one=mine.key)
        assert mark.status_code == 303
        assert await world.of("limin") == []

    living(go)


def test_attack_a_form_without_the_sessions_token_marks_nothing_and_no_get_does():
    async def go(world):
        await assigned(world)
        await world.round()
        visit = world.visit()
        bare = await visit.http.post("/console/notifications/read", data={"all": "1"})
        assert bare.status_code == 403
        forged = await visit.http.post("/console/notifications/read", data={"all": "1", "csrf": "0" * 64})
        assert forged.status_code == 403
        other = await visit.http.post(
            "/console/notifications/read",
            data={"all": "1", "csrf": visit.csrf},
            headers={"origin": "https://evil.example"},
        )
        assert other.status_code == 403
        assert (await visit.get("/console/notifications/read?all=1")).status_code == 405
        assert len(await world.of("limin")) == 1

    living(go)


def test_a_mark_is_an_action_in_the_audit_before_it_is_done():
    async def go(world):
        await assigned(world)
        await world.round()
        visit = world.visit()
        await visit.post("/console/notifications/read", all="1")
        assert ("limin", "notices.mark", "allowed", "") in await world.doings("notices.mark")
        world.platform.lane.stopped = "the disk is full"
        assert (await visit.post("/console/notifications/read", all="1")).status_code == 503
        world.platform.lane.stopped = None

    living(go)


def test_the_page_filters_and_pages_on_the_server_and_says_what_it_did_not_understand():
    async def go(world):
        for number in range(1, 61):
            await assigned(world, number)
        await world.round(4 * 60 + 1)
        visit = world.visit()
        second = (await visit.get("/console/notifications?occasion=case.assigned&page=2")).text
        assert second.count("A case was assigned to you</a>") == 10
        assert "A case of yours is late</a>" not in second
        assert (await visit.get("/console/notifications?page=99")).status_code == 303
        assert "nonsense" in (await visit.get("/console/notifications?occasion=nonsense")).text

    living(go)


def test_a_bell_of_a_store_that_is_away_breaks_no_page():
    async def go(world):
        def away(*_, **__):
            raise NoticeStoreFailure("gone")

        world.store.count = world.store.find = away
        visit = world.visit()
        assert (await visit.get("/console")).status_code == 200
        assert (await visit.get("/console/notifications")).status_code == 503

    living(go)
