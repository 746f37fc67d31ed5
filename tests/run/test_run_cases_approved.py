"""Closing a case above the limit: by two people, bound to what the case was when the first of them asked."""

import contextlib
import itertools

import msgspec
import pytest

from approvals_world import person
from casework_world import Room
from jindi.access import ApiKeys, Permits, Role, Scope
from jindi.cases import Assign, Close, Note, Review
from jindi.run.approvals.approvals import Approvals, Forbidden
from jindi.run.approvals.approvals import Declined as NotApproved
from jindi.run.approvals.cases import Closing
from jindi.run.audit import Actor
from jindi.run.cases import Declined
from jindi.run.platform import Settings
from jindi.run.records import ApprovalRecord
from shop_world import pay, run


class Office(Room):
    """The room with ann, an analyst, and bob and cleo, who lead; and a case of 60,000 that ann has."""

    async def __aenter__(self):
        await super().__aenter__()
        chance = itertools.count(1)
        self.keys = ApiKeys(self.blobs, lambda size: next(chance).to_bytes(size, "big"))
        now_us = self.clock.now_us()
        self.ann, self.bob, self.cleo, self.dan = (
            person(name, role, now_us=now_us) for name, role in (
                ("ann", Role.ANALYST), ("bob", Role.SENIOR_ANALYST), ("cleo", Role.SENIOR_ANALYST),
                ("dan", Role.POLICY_AUTHOR),
            )
        )  # fmt: skip
        self.approvals = Approvals(
            self.platform, Permits(), self.keys, [Closing(self.platform, self.desk)],
            is_on=self.platform.settings.four_eyes,
            people=lambda: [self.ann, self.bob, self.cleo, self.dan],
        )  # fmt: skip
        self.next = 0
        for _ in range(3):
            await self.more()
        await self.desk.take(Actor("per_ann", "ann", "console"), (await self.one()).id, Assign("ann"))
        return self

    async def more(self):
        self.next += 1
        await self.send(pay(self.next, "20000.00"))

    async def ask(self, who=None, verdict="confirmed", why="three payments to one shop"):
        case = await self.one()
        return await self.approvals.propose(
            who or self.ann, "case.close", {"case": case.id, "verdict": verdict, "why": why}, "above the limit"
        )

    async def answer(self, who, entry):
        return await self.approvals.approve(who, entry.id, entry.asked.digest, "read and right")


@contextlib.contextmanager
def refused(code):
    with pytest.raises(NotApproved) as told:
        yield
    assert told.value.code == code, told.value.en


def test_a_case_above_the_limit_can_t_be_closed_by_one():
    async def go():
        async with Office() as room:
            case = await room.one()
            assert room.desk.takes_two(case)
            for leads in (False, True):
                with pytest.raises(Declined) as told:
                    await room.desk.take(Actor("per_ann", "ann", "api"), case.id, Close("confirmed", "x"), leads=leads)
                assert told.value.code == "takes_two"
            assert (await room.one()).state == "open"

    run(go())


def test_what_can_t_be_held_against_the_limit_takes_two():
    async def go():
        async with Office() as room:
            case = msgspec.structs.replace(await room.one(), amounts={"CNY": 1})
            assert not room.desk.takes_two(case)
            assert room.desk.takes_two(msgspec.structs.replace(case, amounts={"CNY": 1, "USD": 1})), (
                "there are no rates"
            )
            room.platform.parameter = lambda _, otherwise: otherwise
            assert room.desk.takes_two(case), "no limit is in force"

    run(go())


def test_below_the_limit_and_with_four_eyes_off_one_is_enough():
    async def go():
        async with Office(settings=Settings(four_eyes=False)) as room:
            case = await room.one()
            closed = await room.desk.take(Actor("per_ann", "ann", "api"), case.id, Close("confirmed", "x"))
            assert (closed.state, closed.approval) == ("closed", "")

    run(go())


def test_two_people_close_it_in_the_name_of_who_asked_and_the_case_says_by_which_operation():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            await room.answer(room.bob, entry)
            case = await room.one()
            assert (case.state, case.verdict, case.closed_by, case.approval) == ("closed", "confirmed", "ann", entry.id)
            assert room.approvals.entry(entry.id).state(room.clock.at_us) == "applied"
            assert {room.status(f"dec_{row.seq:012x}") for row in room.store.alerts_of(case.id)} == {"rejected"}
            assert {fields["by"] for _, _, fields in room.events("review_verdict")} == {"ann"}

    run(go())


def test_attack_whoever_approved_a_closing_takes_no_second_look_at_it():
    async def go():
        async with Office() as room:
            await room.answer(room.bob, await room.ask())
            case = await room.one()
            look = Review(agrees=True, why="as I said")
            assert (await room.desk.page(case.id)).approvers == ("bob",)
            for name in ("bob", "ann"):
                with pytest.raises(Declined) as told:
                    await room.desk.take(Actor(f"per_{name}", name, "console"), case.id, look, leads=True)
                assert told.value.code == "own_verdict"
            after = await room.desk.take(Actor("per_cleo", "cleo", "console"), case.id, look, leads=True)
            assert after.look.by == "cleo"

    run(go())


def test_nobody_approves_his_own_nor_who_leads_no_cases():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            for who in (room.ann, room.dan):
                with pytest.raises((Forbidden, NotApproved)):
                    await room.answer(who, entry)
            of_bob = await room.ask(room.bob, why="bob's words")
            with refused("own_proposal"):
                await room.answer(room.bob, of_bob)
            with pytest.raises(Forbidden):
                await room.ask(room.dan)
            assert (await room.one()).state == "open"

    run(go())


def test_what_came_to_the_case_since_makes_the_approval_stale_and_a_note_does_not():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            await room.more()
            await room.following.catch_up()
            with refused("stale"):
                await room.answer(room.bob, entry)
            again = await room.ask(why="four payments")
            case = await room.one()
            await room.desk.take(Actor("per_cleo", "cleo", "api"), case.id, Note("I agree"))
            await room.answer(room.bob, again)
            assert (await room.one()).state == "closed"

    run(go())


def test_what_came_and_was_not_taken_in_yet_makes_it_stale_too():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            await room.more()
            with refused("stale"):
                await room.answer(room.bob, entry)

    run(go())


def test_only_what_could_be_closed_is_asked_for():
    async def go():
        async with Office() as room:
            case = await room.one()
            for document in (
                {"case": "case_00000000ffff", "verdict": "confirmed", "why": "x"},
                {"case": "x", "verdict": "confirmed", "why": "x"},
                {"case": case.id, "verdict": "maybe", "why": "x"},
                {"case": case.id, "verdict": "confirmed", "why": ""},
                {"case": case.id, "verdict": "undetermined", "why": "reviews wait"},
                {"case": case.id, "verdict": "confirmed", "why": "tel. 13812345678"},
                {"case": case.id, "verdict": "confirmed"},
                {"case": case.id, "verdict": "confirmed", "why": "x", "approval": "apr_000000000001"},
            ):
                with refused("unfit"):
                    await room.approvals.propose(room.ann, "case.close", document, "above the limit")
            assert room.records(ApprovalRecord) == []

    run(go())


def test_the_lines_that_are_approved_name_the_case_its_amount_and_its_verdict():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            operation = room.approvals.kinds["case.close"]
            kept = operation.unpack(entry.asked.payload)
            told = {line.en: line.text for line in operation.lines(kept)}
            case = await room.one()
            assert told == {
                "Case": case.id, "Verdict": "属实 / confirmed", "Why": "three payments to one shop",
                "Amount": "CNY 60,000.00", "Alerts": "3",
            }  # fmt: skip
            assert operation.on(kept) == case.id

    run(go())


def test_a_key_that_works_cases_may_approve_what_a_person_asked_for():
    async def go():
        async with Office() as room:
            entry = await room.ask()
            made = room.keys.create("lead", frozenset({Scope.CASES_WORK}), room.clock.at_us)[1]
            await room.answer(made.principal, entry)
            assert (await room.one()).state == "closed"

    run(go())
