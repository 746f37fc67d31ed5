"""What is told of an identifier at the door, before it becomes a token: kept with the decision, sent by nobody."""

import pytest

from identity_world import check, external, id_card, request
from jindi.basics.instants import format_instant
from jindi.run.intake import Refused
from jindi.vault import is_token
from screening_world import Wallet, registration, wallet_files
from shop_world import NOON_US, run


def strict_files():
    files = dict(wallet_files())
    text = files["account/events.toml"]
    begin = text.index("[identity_check.fields]")
    place = text.index('identifier = "id_card"', begin)
    files["account/events.toml"] = text[:place] + "strict = true, " + text[place:]
    return files


def test_region_age_and_kind_of_number_are_kept_and_the_number_is_not():
    async def go():
        async with Wallet() as wallet:
            answer = await wallet.send(registration(1, id_card=id_card(), phone="13812345678"))
            told = wallet.values(answer)
            assert (told["id_region"], told["id_age"], told["id_fault"]) == ("11", 56, None)
            assert (told["phone_plan"], told["phone_block"]) == ("mobile", "1381234")
            assert is_token("id_card", told["id_card"])
            assert id_card().encode() not in wallet.everything_written()

    run(go())


def test_who_gives_no_number_has_nothing_told_of_him():
    async def go():
        async with Wallet() as wallet:
            told = wallet.values(await wallet.send(registration(1)))
            assert (told["id_card"], told["id_region"], told["id_age"]) == (None, None, None)

    run(go())


def test_an_age_is_that_of_the_events_own_day_in_the_packs_zone():
    async def go():
        async with Wallet() as wallet:
            # 2026-11-22 in Shanghai is still the 21st in Greenwich until eight in the morning.
            born = id_card(birth="20001122")
            before = registration(1, id_card=born, at="2026-11-21T15:59:59Z")
            after = registration(2, id_card=born, at="2026-11-21T16:00:00Z", phone="13912345678")
            assert wallet.values(await wallet.send(before))["id_age"] == 25
            assert wallet.values(await wallet.send(after))["id_age"] == 26

    run(go())


def test_what_the_platform_tells_nobody_else_may_send():
    async def go():
        async with Wallet() as wallet:
            with pytest.raises(Refused) as refused:
                await wallet.send(registration(1, id_age=30))
            (problem,) = refused.value.problems
            assert (problem.item, problem.problem) == ("id_age", "filled by the platform itself")

    run(go())


def test_the_same_event_once_more_gets_the_same_answer():
    async def go():
        async with Wallet() as wallet:
            first = await wallet.send(registration(1, id_card=id_card()))
            assert await wallet.send(registration(1, id_card=id_card())) == first

    run(go())


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (id_card(province="99"), "begins with a region that does not exist"),
        (id_card(birth="19700231"), "holds a day of birth that does not exist"),
        (id_card(birth="20261130"), "holds a day of birth that is still to come"),
        (id_card(order="000"), "holds an order number that is never given out"),
        ("110101197003147031", "the check digit of the resident identity number is wrong"),
    ],
)
def test_a_strict_field_refuses_an_impossible_number_and_says_why_without_it(number, why):
    async def go():
        async with Wallet(strict_files()) as wallet:
            with pytest.raises(Refused) as refused:
                await wallet.send(check(1, id_card=number))
            assert [(each.item, each.problem) for each in refused.value.problems] == [("id_card", why)]
            assert number not in str(refused.value)
            assert number[6:14] not in str(refused.value)
            with pytest.raises(Refused):
                wallet.platform.intake.make("identity_check", "i9", NOON_US, {
                    key: value for key, value in check(9, id_card=number).items() if key not in ("id", "type", "at")
                })  # fmt: skip

    run(go())


def test_any_other_field_flags_it_and_a_person_looks():
    async def go():
        async with Wallet() as wallet:
            answer = await wallet.send(check(1, id_card=id_card(province="99")))
            assert wallet.values(answer)["id_fault"] == "region_unknown"
            assert answer["outcome"] == "review"
            assert (await wallet.send(check(2)))["outcome"] == "allow"

    run(go())


# ---- which class of account


def test_sources_that_live_on_the_same_data_count_once():
    async def go():
        async with Wallet() as wallet:
            for number, group in enumerate(("police", "police", "carrier")):
                await wallet.send(external(number, group=group))
            assert (await wallet.send(request(1, account_class="I")))["outcome"] == "allow"
            assert (await wallet.send(request(2)))["outcome"] == "deny"
            await wallet.send(external(3, group="bank", answer="unavailable"))
            assert (await wallet.send(request(3)))["outcome"] == "deny"
            await wallet.send(external(4, group="bank"))
            assert (await wallet.send(request(4)))["outcome"] == "allow"
            assert (await wallet.send(request(5, account_class="III")))["outcome"] == "deny"

    run(go())


def test_who_was_met_in_person_needs_no_other_source():
    async def go():
        async with Wallet() as wallet:
            await wallet.send(check(1, user="u1", face_to_face=True))
            assert (await wallet.send(request(1, account_class="III")))["outcome"] == "allow"

    run(go())


def test_checks_that_contradict_a_phone_of_two_persons_and_a_second_identity_go_to_a_person():
    async def go():
        async with Wallet() as wallet:
            for number, group in enumerate(("police", "carrier", "bank")):
                await wallet.send(external(number, group=group))
            assert (await wallet.send(request(1, phone="13812345678")))["outcome"] == "allow"
            other = request(2, user="u1", id_card=id_card(birth="19800101"))
            assert (await wallet.send(other))["outcome"] == "review", "one user, two identities"
            for number, group in enumerate(("police", "carrier", "bank"), 10):
                await wallet.send(external(number, user="u2", group=group))
            shared = request(3, user="u2", id_card=id_card(birth="19850505"), phone="13812345678")
            assert (await wallet.send(shared))["outcome"] == "review", "one phone, two identities"
            for number, group in enumerate(("police", "carrier", "bank", "tax", "post"), 20):
                await wallet.send(
                    external(number, user="u3", group=group, answer="passed" if number < 23 else "failed")
                )
            contradicted = request(4, user="u3", id_card=id_card(birth="19860606"))
            assert (await wallet.send(contradicted))["outcome"] == "review", "two sources say otherwise"

    run(go())


def test_who_is_too_young_goes_to_a_person():
    async def go():
        async with Wallet() as wallet:
            for number, group in enumerate(("police", "carrier", "bank")):
                await wallet.send(external(number, group=group))
            assert (await wallet.send(request(1, id_card=id_card(birth="20101123"))))["outcome"] == "review"

    run(go())


def test_an_account_is_not_raised_on_a_document_that_has_ended():
    async def go():
        async with Wallet() as wallet:
            ended = format_instant(NOON_US - 1)
            await wallet.send(check(1, user="u1", face_to_face=True, document_until=ended))
            assert (await wallet.send(request(1, account_class="III")))["outcome"] == "deny"
            ahead = format_instant(NOON_US + 1)
            await wallet.send(check(2, user="u1", face_to_face=True, document_until=ahead))
            assert (await wallet.send(request(2, account_class="III")))["outcome"] == "allow"

    run(go())
