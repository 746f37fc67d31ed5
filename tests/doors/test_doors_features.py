"""The pages of features: found, read in words, and asked what they say of an entity, whose number stays nowhere."""

from dataclasses import replace
from pathlib import Path

import pytest
from lists_pages_world import World

from clear_world import clear_files
from jindi.doors.console.feature_words import value_words
from jindi.packs import Words, load
from shop_world import CARD, FEATURES, POLICY, pay, run
from transfers_world import with_transfers

CARDS = (
    FEATURES
    + """
[card_pays_1d]
doc = { zh = "一天内该卡付款笔数。", en = "Payments with the card in a day." }
of = "pay"
by = "card"
fold = "count"
over = "1d"
lag = "1h"
where = "channel == 'app'"

[spent_usual]
doc = { zh = "平时日均。", en = "What is usual." }
is = "spent_1d // 7"
"""
)
KEEPING = POLICY.replace('state = "live"', 'state = "live"\nkeeps = ["card_pays_1d", "spent_usual"]')


class Features(World):
    def __init__(self, **more):
        super().__init__(files=clear_files(features=CARDS, policy=KEEPING), **more)


def test_all_features_are_listed_with_their_windows_in_words_of_both_languages():
    async def go():
        async with Features() as world:
            page = (await world.visit().get("/console/features")).text
            assert "Of each card: how many there were among pay in the last 1 d, as it stood 1 h ago" in page
            assert "where channel == &#39;app&#39;" in page
            assert "spent_1d // 7" in page
            zh = (await world.visit().http.get("/console/features", headers={"accept-language": "zh"})).text
            assert "按 银行卡 (card)，截至 1 小时前的最近 1 天内的pay" in zh
            assert "6 of 6" in page

    run(go())


def test_facts_of_patterns_are_told_in_words_of_both_languages():
    async def go():
        async with World(files=with_transfers(clear_files())) as world:
            page = (await world.visit().get("/console/features")).text
            assert "Of the pattern ring around this send, in the last 1 d: whether this transfer completes it." in page
            one = await world.visit().http.get("/console/features/passed_share", headers={"accept-language": "zh"})
            assert "围绕本次的send，最近 6 小时内资金图形“through”：经手资金的比例。" in one.text

    run(go())


def test_a_filter_goes_by_form_to_an_address_that_can_be_kept():
    async def go():
        async with Features() as world:
            visit = world.visit()
            answer = await visit.post("/console/tables/filter", table="features", text="card", entity="card", pack="")
            assert answer.headers["location"] == "/console/features?text=card&entity=card"
            page = (await visit.get(answer.headers["location"])).text
            assert "card_pays_1d" in page
            assert "device_users" not in page
            answer = await visit.post("/console/tables/filter", table="features", text="13812345678")
            assert answer.status_code == 400
            assert "13812345678" not in answer.text
            assert "No feature fits" in (await visit.get("/console/features?fold=luck")).text

    run(go())


def test_a_feature_s_page_has_its_text_its_readers_and_what_it_said_lately():
    async def go():
        async with Features() as world:
            for number in range(6):
                await world.send(pay(number))
            page = (await world.visit().get("/console/features/pays_1d")).text
            for told in ("[pays_1d]", "From the newest 6 decisions", "<svg",
                         "As a table", "median"):  # fmt: skip
                assert told in page, told
            derived = (await world.visit().get("/console/features/spent_usual")).text
            assert 'href="/console/features/spent_1d"' in derived
            assert "/value" not in derived, "it is no entity's alone"
            assert (await world.visit().get("/console/features/none")).status_code == 404

    run(go())


@pytest.mark.parametrize("typed", [CARD, "6222 0212 3456 7890 128"])
def test_what_it_says_of_an_entity_is_asked_by_form_and_recorded_under_the_token(typed):
    async def go():
        async with Features() as world:
            for number in range(3):
                await world.send(pay(number))
            world.clock.at_us += 2 * 3_600_000_000
            answer = await world.visit().post("/console/features/card_pays_1d/value", value=typed)
            assert answer.status_code == 200
            assert '<p class="figure">3</p>' in answer.text
            token = world.token(CARD, "bank_card")
            assert token in answer.text
            assert "6222 **** **** 0128" in answer.text
            assert typed not in answer.text
            assert await world.doings("entity.read") == [("limin", "entity.read", "allowed", f"card/{token}")]
            assert CARD.encode() not in world.everything_written()

    run(go())


def test_what_is_no_entity_is_refused_without_an_echo_and_who_may_not_ask_has_no_form():
    async def go():
        async with Features() as world:
            odd = await world.visit().post("/console/features/card_pays_1d/value", value="no card 77")
            assert odd.status_code == 400
            assert "no card 77" not in odd.text
            assert (await world.visit().post("/console/features/spent_usual/value", value="u1")).status_code == 400
            assert "/value" not in (await world.visit("sun").get("/console/features/pays_1d")).text
            assert (await world.visit("sun").post("/console/features/pays_1d/value", value="u1")).status_code == 403

    run(go())


def test_a_value_is_called_as_packs_say_and_so_is_what_a_feature_keeps_of_it():
    packs = Path(__file__).parents[2] / "packs"
    shipped = load({path.relative_to(packs).as_posix(): path.read_text("utf-8") for path in packs.rglob("*.toml")})
    assert value_words(shipped, "card_kind", "credit").zh == "信用卡"
    assert value_words(shipped, "card_kind", "plastic") is None
    assert value_words(shipped, "amount", 5) is None
    kept = next(each for each in shipped.features.values() if each.fold == "last" and each.value)
    field = next(iter(kept.value.values()))
    called = replace(shipped, words={field: {"x": Words("甲", "A")}})
    assert value_words(called, kept.name, "x").zh == "甲"
