"""`jindi kyc`: what an identifier tells, from standard input; and customers of a running platform."""

import asyncio
import json

import pytest
from api_world import Api
from typer.testing import CliRunner

from identity_world import id_card
from jindi.access import Scope
from jindi.app.wiring import Outside
from jindi.doors.cli.commands import _Context, app
from rating_world import RISKY, Rated
from shop_world import run

PAST = id_card()


def jindi(*arguments, code=0, typed=None):
    given = ["kyc", *map(str, arguments)]
    result = CliRunner().invoke(app, given, obj=_Context(Outside()), input=typed, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_a_number_is_read_from_standard_input_and_told_without_itself():
    said = jindi("check", "id_card", typed=f"{PAST}\n")
    assert "region: 11" in said
    assert "nothing speaks against it" in said
    assert PAST not in said
    told = json.loads(jindi("check", "phone", "--json", typed="17012345678\n"))
    assert (told["plan"], told["block"], told["fault"]) == ("virtual", "1701234", None)


def test_what_can_not_be_right_ends_with_a_code_of_its_own():
    said = jindi("check", "id_card", code=3, typed=f"{id_card(province='99')}\n")
    assert "region unknown" in said
    assert "99" not in said.replace("–", "")


@pytest.mark.parametrize(
    ("kind", "typed", "why"),
    [
        ("id_card", "110101197003147031\n", "check digit"), ("email", "a@b.cn\n", "use one of: id_card"),
        ("phone", "\n", "not a mobile number"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_told_with_a_remedy(kind, typed, why):
    said = jindi("check", kind, code=1, typed=typed)
    assert why in said
    assert typed.strip() not in said or not typed.strip()


class Program(Api):
    road = "socket"

    def __init__(self):
        self.wallet = Rated()
        super().__init__(self.wallet, ratings=lambda: self.wallet.ratings)


def test_customers_are_listed_shown_reviewed_and_frozen_over_the_api():
    async def go():
        async with Program() as api:
            await api.wallet.taken_on("u1", 1)
            await api.wallet.taken_on("u/2", 2, **RISKY)
            where = ("--url", f"http://127.0.0.1:{api.socket.port}", "--api-key", api.key(Scope.CASES_WORK, name="kyc"))
            said = await asyncio.to_thread(jindi, "list", *where)
            assert "low: 1 customer" in said
            assert "u/2  higher 69.6  review due 2027-11-21" in said
            assert "u1" not in await asyncio.to_thread(jindi, "list", "--level", "higher", *where)
            assert json.loads(await asyncio.to_thread(jindi, "list", "--overdue", "--json", *where))["count"] == 0
            said = await asyncio.to_thread(jindi, "show", "u/2", *where)
            assert "20.0  step 5  country: high_risk" in said
            await asyncio.to_thread(jindi, "review", "u/2", "--note", "papers fit", *where)
            assert "papers fit" in await asyncio.to_thread(jindi, "show", "u/2", *where)
            assert "2026-11-24" in await asyncio.to_thread(jindi, "freeze", "u1", "--order", "2026-0042", *where)
            assert "frozen already" in await asyncio.to_thread(
                jindi, "freeze", "u1", "--order", "2026-0043", *where, code=1
            )
            assert "no such customer" in await asyncio.to_thread(jindi, "show", "nobody", *where, code=1)

    run(go())
