"""A merchant is taken on: all names that stand behind it are screened, and who owns it in the end must be known."""

import pytest

from identity_world import id_card
from jindi.basics.instants import format_instant
from jindi.run.intake import Refused
from jindi.vault import is_token
from rating_world import Rated
from shop_world import NOON_US, run

USCC = "91110000600037341L"
LISTED_NUMBER = "110101197003147032"


def merchant(number, **more):
    document = {
        "id": f"m{number}", "type": "merchant_onboarding", "at": format_instant(NOON_US), "merchant": f"m{number}",
        "uscc": USCC, "name": "某某商贸有限公司", "legal_name": "李四", "owner1_name": "王五",
        "owner1_id": id_card(birth="19800101"), "owner1_share": 6000, "owners_rest": 0, "owners_exempt": False,
    }  # fmt: skip
    return {key: value for key, value in (document | more).items() if value is not None}


@pytest.mark.parametrize("field", ["name", "legal_name", "owner1_name", "owner2_name"])
def test_whoever_stands_behind_a_merchant_is_screened(field):
    async def go():
        async with Rated() as wallet:
            await wallet.load()
            assert (await wallet.sent(merchant(1)))["outcome"] == "allow"
            answer = await wallet.sent(merchant(2, **{field: "单雄信"}))
            assert answer["outcome"] == "review"
            assert answer["reasons"][0]["rule"] == "restricted", "nobody outside is told why"
            (hit,) = wallet.desk.hits()
            assert (hit.user, hit.entry) == ("m2", "CN-1")

    run(go())


def test_names_and_numbers_of_owners_are_tokens():
    async def go():
        async with Rated() as wallet:
            told = wallet.values(await wallet.send(merchant(1)))
            assert all(is_token(kind, told[name]) for name, kind in (
                ("name", "name"), ("legal_name", "name"), ("owner1_id", "id_card"), ("uscc", "uscc"),
            ))  # fmt: skip
            assert told["uscc_sort"] == "company"
            written = wallet.everything_written()
            assert "王五".encode() not in written
            assert id_card(birth="19800101").encode() not in written

    run(go())


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"owner1_share": 2500}, "allow"),
        ({"owner1_share": 2499}, "review"),
        ({"owner1_share": 100, "owner1_controls": True}, "allow"),
        ({"owner1_name": None, "owner1_id": None, "owner1_share": None}, "review"),
        ({"owner1_name": None, "owner1_id": None, "owner1_share": None, "owners_exempt": True, "uscc": None}, "allow"),
        ({"owners_rest": 2500}, "review"),
        ({"owners_rest": 2499}, "allow"),
    ],
)
def test_a_quarter_or_control_makes_an_owner(more, outcome):
    async def go():
        async with Rated() as wallet:
            assert (await wallet.send(merchant(1, **more)))["outcome"] == outcome

    run(go())


def test_the_fifth_merchant_of_one_owner_goes_to_a_person():
    async def go():
        async with Rated() as wallet:
            outcomes = [(await wallet.send(merchant(number)))["outcome"] for number in range(5)]
            assert outcomes == ["allow"] * 4 + ["review"]

    run(go())


@pytest.mark.parametrize(("field", "value"), [("uscc", "91990000600037341L"), ("owner1_id", id_card(birth="20300101"))])
def test_numbers_that_can_not_be_right_are_refused(field, value):
    async def go():
        async with Rated() as wallet:
            with pytest.raises(Refused) as refused:
                await wallet.send(merchant(1, **{field: value}))
            assert [each.item for each in refused.value.problems] == [field]

    run(go())
