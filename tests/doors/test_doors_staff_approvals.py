"""Accounts, roles and resets by two people, over the pages on which they are asked for, answered and collected."""

import contextlib
import html
import re

import pytest
from people_world import Rooms

from jindi.access import Permits, Role
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.people import Grant, Invite, Reset
from shop_world import run


@contextlib.asynccontextmanager
async def two():
    """A house with two security administrators, an approver, an auditor and an analyst; four eyes are on."""

    def asking(rooms):
        house = rooms.house
        return approvals_of(
            rooms.shop.platform, Permits(), rooms.keys, people=house.staff.principals, is_gone=house.staff.is_gone,
            more=[Invite(house), Grant(house), Reset(house)],
        )  # fmt: skip

    async with Rooms(approvals=asking) as rooms:
        rooms.other = rooms.person("other", "Other Zhao", Role.SECURITY_ADMIN)
        rooms.boss = rooms.person("boss", "Boss Sun", Role.APPROVER)
        yield rooms


async def ask_for_role(browser, account, *roles, why="takes over"):
    """The answer to the form of roles, and the id of what was asked for."""
    fields = {f"role.{role}": "1" for role in roles} | {"why": why}
    answer = await browser.post(f"/console/staff/{account}/roles", **fields)
    found = re.search(r"apr_[0-9a-f]{12}", answer.headers.get("location", ""))
    return answer, found[0] if found else None


async def digest_of(browser, identifier):
    page = (await browser.get(f"/console/approvals/{identifier}")).text
    return re.search(r'name="digest" value="([0-9a-f]+)"', page)[1]


async def approve(browser, identifier, **more):
    fields = {"digest": await digest_of(browser, identifier), "why": "read"} | more
    return await browser.post(f"/console/approvals/{identifier}/approve", **fields)


def test_roles_are_given_when_another_has_approved_and_the_persons_session_ends():
    async def go():
        async with two() as rooms:
            analyst, admin = await rooms.into("limin"), await rooms.into("admin")
            answer, asked = await ask_for_role(admin, rooms.limin.id, Role.SENIOR_ANALYST)
            assert answer.status_code == 303
            assert rooms.staff.get(rooms.limin.id).roles == {Role.ANALYST}, "asked for, not given"
            other = await rooms.into("other")
            assert "Li Min" in html.unescape((await other.get(f"/console/approvals/{asked}")).text)
            assert (await approve(other, asked)).status_code == 303
            assert rooms.staff.get(rooms.limin.id).roles == {Role.SENIOR_ANALYST}
            assert (await analyst.get("/console")).status_code == 303, "he signs in again"
            assert ("staff.roles", "Other Zhao") in {(what, name) for what, _, name, _ in await rooms.doings()}

    run(go())


def test_an_account_is_made_when_another_has_approved_and_its_link_is_shown_once_to_who_asked():
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            fields = {"login": "xin", "name": "Xin Ren", f"role.{Role.ANALYST}": "1", "why": "begins on Monday"}
            answer = await admin.post("/console/staff/invite", **fields)
            asked = re.search(r"apr_[0-9a-f]{12}", answer.headers["location"])[0]
            assert not any(each.login == "xin" for each in rooms.staff.all())
            boss = await rooms.into("boss")
            assert (await approve(boss, asked)).status_code == 303
            assert not any(each.login == "xin" for each in rooms.staff.all()), "made when it is collected"
            assert (await boss.post(f"/console/approvals/{asked}/collect")).status_code == 409, "not his to collect"
            shown = await admin.post(f"/console/approvals/{asked}/collect")
            token = re.search(r"/invitation/([\w-]+)", shown.text)[1]
            assert rooms.staff.invited(token, rooms.clock.now_us()).login == "xin"
            assert (await admin.post(f"/console/approvals/{asked}/collect")).status_code == 409
            everything = b"".join(raw for _, raw in _raw(rooms))
            assert token.encode() not in everything

    run(go())


def _raw(rooms):
    archive = rooms.shop.platform.archive
    return [(seq, archive.raw(seq)) for seq in range(rooms.shop.log.next_seq())]


def test_a_reset_by_two_ends_everything_that_the_owner_had():
    async def go():
        async with two() as rooms:
            owner, admin = await rooms.into("limin"), await rooms.into("admin")
            answer = await admin.post(f"/console/staff/{rooms.limin.id}/reset", why="lost his phone")
            asked = re.search(r"apr_[0-9a-f]{12}", answer.headers["location"])[0]
            assert (await owner.get("/console")).status_code == 200, "asked for, not done"
            other = await rooms.into("other")
            await approve(other, asked)
            shown = await admin.post(f"/console/approvals/{asked}/collect")
            assert "/invitation/" in shown.text
            assert (await owner.get("/console")).status_code == 303
            assert not rooms.staff.get(rooms.limin.id).has_totp

    run(go())


# ---- what somebody may try


def test_attack_an_administrator_approves_the_role_that_he_asked_for():
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            _, asked = await ask_for_role(admin, rooms.limin.id, Role.SECURITY_ADMIN)
            page = (await admin.get(f"/console/approvals/{asked}")).text
            assert 'action="/console/approvals/' + asked + '/approve"' not in page
            entry = rooms.approvals.entry(asked)
            answer = await admin.post(f"/console/approvals/{asked}/approve", digest=entry.asked.digest, why="x")
            assert answer.status_code in (403, 409)
            assert rooms.staff.get(rooms.limin.id).roles == {Role.ANALYST}

    run(go())


def test_attack_an_administrator_invites_a_second_self_and_approves_with_it():
    """The second self would need an account that only another administrator's approval makes."""

    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            fields = {"login": "admin2", "name": "Admin Wang", f"role.{Role.SECURITY_ADMIN}": "1", "why": "x"}
            assert (await admin.post("/console/staff/invite", **fields)).status_code == 409, "the name is taken"
            fields["name"] = "Wang Admin"
            answer = await admin.post("/console/staff/invite", **fields)
            asked = re.search(r"apr_[0-9a-f]{12}", answer.headers["location"])[0]
            assert (await admin.post(f"/console/approvals/{asked}/collect")).status_code == 409
            assert not any(each.login == "admin2" for each in rooms.staff.all())

    run(go())


def test_attack_somebody_gives_himself_a_role_by_the_form_of_approvals():
    async def go():
        async with two() as rooms:
            for login in ("limin", "chen", "boss"):
                browser = await rooms.into(login)
                account = {"limin": rooms.limin, "chen": rooms.chen, "boss": rooms.boss}[login].id
                answer = await browser.post(
                    "/console/approvals/propose", kind="staff.roles", account=account, roles="security_admin", why="x"
                )
                assert answer.status_code in (403, 409), login
            assert not rooms.approvals.entries()

    run(go())


@pytest.mark.parametrize("step", ["roles", "reset"])
def test_attack_an_administrator_asks_for_his_own_roles_or_reset(step):
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            page = f"/console/staff/{rooms.admin.id}/{step}"
            answer = await admin.post(page, why="x", **{f"role.{Role.ANALYST}": "1"})
            assert answer.status_code == 409
            assert "nobody asks for a change of his own account" in answer.text
            assert not rooms.approvals.entries()
            assert (await admin.get("/console/staff")).status_code == 200, "his session goes on"

    run(go())


@pytest.mark.parametrize("roles", [(Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN), (Role.AUDITOR, Role.ANALYST), ()])
def test_attack_roles_that_clash_are_not_even_asked_for(roles):
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            answer, asked = await ask_for_role(admin, rooms.limin.id, *roles)
            assert answer.status_code in (409, 422)
            assert asked is None

    run(go())


def test_attack_what_a_disabled_administrator_asked_for_is_withdrawn():
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            _, asked = await ask_for_role(admin, rooms.limin.id, Role.SENIOR_ANALYST)
            rooms.staff.disable(rooms.admin.id, "left")
            other = await rooms.into("other")
            entry = rooms.approvals.entry(asked)
            answer = await other.post(f"/console/approvals/{asked}/approve", digest=entry.asked.digest, why="x")
            assert answer.status_code == 409
            assert rooms.staff.get(rooms.limin.id).roles == {Role.ANALYST}
            assert rooms.approvals.entry(asked).state(rooms.clock.now_us()) == "withdrawn"

    run(go())


def test_attack_an_approver_whose_role_was_taken_away_meanwhile_approves_nothing():
    async def go():
        async with two() as rooms:
            admin, boss = await rooms.into("admin"), await rooms.into("boss")
            _, asked = await ask_for_role(admin, rooms.limin.id, Role.SENIOR_ANALYST)
            digest = await digest_of(boss, asked)
            rooms.staff.grant(rooms.boss.id, frozenset({Role.ANALYST}))
            answer = await boss.post(f"/console/approvals/{asked}/approve", digest=digest, why="x")
            assert answer.headers["location"] == "/sign-in?why=ended", "his session ended with his role"
            again = await rooms.into("boss")
            answer = await again.post(f"/console/approvals/{asked}/approve", digest=digest, why="x")
            assert answer.status_code == 403
            assert rooms.staff.get(rooms.limin.id).roles == {Role.ANALYST}

    run(go())


def test_attack_roles_that_changed_after_the_question_are_not_overwritten_by_its_approval():
    async def go():
        async with two() as rooms:
            admin = await rooms.into("admin")
            _, asked = await ask_for_role(admin, rooms.limin.id, Role.SENIOR_ANALYST)
            rooms.staff.grant(rooms.limin.id, frozenset({Role.TREASURER}))
            other = await rooms.into("other")
            entry = rooms.approvals.entry(asked)
            answer = await other.post(f"/console/approvals/{asked}/approve", digest=entry.asked.digest, why="x")
            assert answer.status_code == 409
            assert rooms.staff.get(rooms.limin.id).roles == {Role.TREASURER}

    run(go())
