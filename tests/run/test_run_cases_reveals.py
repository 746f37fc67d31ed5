"""Clear text belongs to a case: one that is kept here is there, open, and about what is to be seen."""

import msgspec
import pytest

from clear_world import CLEAR, FRAUD, Desk, actor, analyst, clear_files, clear_of, wish
from jindi.access import Permits
from jindi.cases import Assign, Close
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following, row_of
from jindi.run.reveals import Declined, Reveals, Wish
from jindi.stores import SqliteCases
from shop_world import pay, run


class Room(Desk):
    """The shop with cases, and one of u1's payments under review."""

    def __init__(self):
        super().__init__(clear_files())

    async def __aenter__(self):
        await super().__aenter__()
        self.following = Following(self.platform, SqliteCases(":memory:"), lambda _: None)
        self.cases = CaseDesk(self.platform, self.following)
        self.reveals = Reveals(self.platform, self.audit, Permits(), self.cases)
        self.huge = (await self.send(pay(3, amount="12000.00")))["decision_id"]
        await self.following.catch_up()
        ((self.case,), _) = await self.cases.find(self.cases.query(state="open"))
        return self


async def declined(room, asked):
    with pytest.raises(Declined) as refusal:
        await room.show(analyst(), asked)
    return refusal.value.why


def test_a_case_opens_what_it_is_about():
    async def go():
        async with Room() as room:
            assert (room.case.entity, room.case.subject, room.case.alerts) == ("user", "u1", 1)
            shown = await room.show(analyst(), wish(room.huge, case=room.case.id))
            assert clear_of(shown) == {"phone": CLEAR["phone"]}
            of_subject = Wish(FRAUD, room.case.id, subject="u1", tokens=(room.token("phone"),))
            assert [line.clear for line in (await room.show(analyst(), of_subject)).lines] == [CLEAR["phone"]]
            assert {each.case for each in room.actions("vault.reveal")} == {room.case.id}

    run(go())


def test_a_case_opens_nothing_of_anybody_else():
    async def go():
        async with Room() as room:
            assert await declined(room, wish(room.other, case=room.case.id)) == "other_case"
            assert await declined(room, wish(room.first, case=room.case.id)) == "other_case"
            assert await declined(room, wish("dec_ffffffffffff", case=room.case.id)) == "other_case"
            both = Wish(FRAUD, room.case.id, decision=room.other, fields=("phone",), subject="u1")
            assert await declined(room, both) == "other_case", "a decision that is named is what is shown"
            foreign = Wish(FRAUD, room.case.id, subject="u2", tokens=(room.token("phone", room.other),))
            assert await declined(room, foreign) == "other_case"
            assert [each.allowed for each in room.actions("vault.reveal")] == [False] * 5

    run(go())


def test_a_case_that_is_made_up_or_over_opens_nothing():
    async def go():
        async with Room() as room:
            assert await declined(room, wish(room.huge, case="case_ffffffffffff")) == "unknown_case"
            who = analyst()
            await room.cases.take(actor(who), room.case.id, Assign(who.name))
            await room.cases.take(actor(who), room.case.id, Close("cleared", "he called back"))
            assert await declined(room, wish(room.huge, case=room.case.id)) == "case_over"
            with pytest.raises(Declined) as refusal:
                await room.reveals.search(who, actor(who), "phone", "138 1234 5678", FRAUD, room.case.id)
            assert refusal.value.why == "case_over"

    run(go())


def test_a_case_about_a_merchant_of_the_same_number_opens_no_customer():
    async def go():
        async with Room() as room:
            merchants = msgspec.structs.replace(room.case, entity="merchant", subject="u1")
            room.following.store.put([row_of(merchants)], [], [], *room.following.store.cursor())
            of_subject = Wish(FRAUD, room.case.id, subject="u1", tokens=(room.token("phone"),))
            assert await declined(room, of_subject) == "other_case"

    run(go())
