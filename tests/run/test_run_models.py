"""A model in the live platform: scored, journalled by digest with the packs, replaced whole or not at all."""

import json

import msgspec
import pytest

from jindi.basics.problems import Problems
from jindi.engine import to_json
from jindi.run.batch import decide_file
from jindi.run.platform import compiled
from jindi.vault import Tokens
from models_world import changed, with_model
from shop_world import DEVICE, KEY, SECOND_US, Shop, pay, reopened, run, shop_files

FILES = with_model(shop_files())
SHARP = with_model(shop_files(), changed(("base",), 2.0))
BROKEN = with_model(shop_files(), changed().replace("899.995", "899.996"))


def model_line(shop, decision_id, **more):
    found = shop.platform.find(decision_id)
    return json.loads(to_json(shop.platform.explanation(found, **more)))["models"][0]


async def pays(shop, count, start=0):
    """Payments of one user: the second of a day looks like fraud, and to the sharper model the first does."""
    answers = []
    for number in range(start, start + count):
        answers.append(await shop.send(pay(number, "900.00")))
        shop.clock.at_us += SECOND_US
    return answers


def test_a_score_decides_and_its_reasons_are_in_the_explanation():
    async def work():
        async with Shop(FILES) as shop:
            answers = await pays(shop, 2)
            assert [answer["outcome"] for answer in answers] == ["allow", "review"]
            assert [reason["rule"] for reason in answers[1]["reasons"]] == ["model-sure"]
            line = model_line(shop, answers[1]["decision_id"])
            assert line["value"] >= 0.9
            assert line["shares"][0]["name"] == "amount"
            exact = model_line(shop, answers[1]["decision_id"], exact=True)
            assert exact["raw"] == line["raw"]
            assert sum(share["points"] for share in exact["shares"]) == pytest.approx(line["raw"] - line["base"])

    run(work())


def test_after_a_restart_the_answer_and_the_score_are_the_same():
    async def work():
        async with Shop(FILES) as shop:
            answers = await pays(shop, 3)
            lines = [model_line(shop, answer["decision_id"]) for answer in answers]
            wires = [shop.platform.answer(shop.platform.find(answer["decision_id"])) for answer in answers]
        async with reopened(shop) as again:
            assert lines == [model_line(again, answer["decision_id"]) for answer in answers]
            assert wires == [again.platform.answer(again.platform.find(answer["decision_id"])) for answer in answers]

    run(work())


def test_each_decision_keeps_the_model_of_its_moment():
    async def work():
        async with Shop(FILES) as shop:
            (first,) = await pays(shop, 1)
            before = model_line(shop, first["decision_id"])
            assert await shop.platform.take(SHARP) == ()
            (second,) = await pays(shop, 1, start=1)
            after = model_line(shop, second["decision_id"])
            assert (first["outcome"], second["outcome"]) == ("allow", "review")
            assert before["digest"] != after["digest"]
            assert model_line(shop, first["decision_id"]) == before
        async with reopened(shop, files=SHARP) as again:
            assert model_line(again, first["decision_id"]) == before
            assert model_line(again, second["decision_id"]) == after

    run(work())


def test_a_broken_model_is_refused_and_the_one_in_force_goes_on():
    async def work():
        async with Shop(FILES) as shop:
            with pytest.raises(Problems, match="digest"):
                await shop.platform.take(BROKEN)
            assert [answer["outcome"] for answer in await pays(shop, 2)] == ["allow", "review"]

    run(work())


def test_while_an_input_warms_up_the_declared_degradation_speaks():
    from models_world import DECLARED

    text = changed(("inputs", 1), {"name": "web_pays_1d", "type": "int"})
    feature = (
        '\n[web_pays_1d]\ndoc = { zh = "网页", en = "by web" }\nof = "pay"\nby = "user"\n'
        'fold = "count"\nover = "1d"\nwhere = "channel == \'web\'"\n'
    )
    files = with_model(shop_files(), text, declared=DECLARED)
    files["shop/features.toml"] += feature

    async def work():
        async with Shop(shop_files()) as shop:
            await pays(shop, 3)
            assert "web_pays_1d" in await shop.platform.take(files)
            submitted = shop.submit(pay(9, "10.00"))
            answer = json.loads(await submitted)
            assert (answer["outcome"], answer["degraded_inputs"]) == ("challenge", ["web_pays_1d"])
            line = model_line(shop, answer["decision_id"])
            assert (line["value"], line["absent"], line["shares"]) == (None, True, [])

    run(work())


def test_a_file_of_events_gets_the_scores_that_live_events_got(tmp_path):
    import pyarrow.parquet as pq

    documents = [pay(number, "900.00", channel="web", device=DEVICE) for number in range(4)]
    lines = b"\n".join(msgspec.json.encode(document) for document in documents)
    (tmp_path / "in.ndjson").write_bytes(lines)

    async def work():
        async with Shop(FILES) as shop:
            answers = [await shop.send(document) for document in documents]
            return [model_line(shop, answer["decision_id"])["value"] for answer in answers]

    live = run(work())
    decide_file(tmp_path / "in.ndjson", tmp_path / "out.parquet", compiled(FILES), Tokens(KEY), None)
    assert pq.read_table(tmp_path / "out.parquet")["fraud"].to_pylist() == live
