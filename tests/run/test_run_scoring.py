"""Models as people look at them: their tests, who approved them, what moves them, and what the watcher found."""

from drift_world import evaluation_text, packs, town
from jindi.run.scoring import Models
from jindi.run.versions.desk import Desk
from models_world import with_model
from scored_world import learnt, learnt_files, live, watcher_of
from shop_world import Shop, copied, pay, run, shop_files
from versions_world import ANN, APPROVED, BOB


def test_a_learnt_model_has_its_figures_segments_thresholds_and_constraints_from_its_evaluation():
    async def go():
        async with Shop(learnt_files(), watcher=watcher_of(learnt()[1])) as shop:
            models = Models(shop.platform)
            (model,) = models.all()
            assert (model.kind, model.definition.on) == ("trees", "pay")
            assert [(each.kind, each.name) for each in model.readers] == [("rule", "model-sure")]
            found = await models.evaluation("fraud")
            assert found["monotone"] == {"amount": 1}
            assert {each["value"] for each in found["segments"]} == {"app", "web"}
            low, high = found["last"]["auc_interval"]
            assert low < found["last"]["auc"] < high
            assert found["budget"]["threshold"] > 0
            assert found["last"]["train"][0] < found["last"]["test"][0]
            assert len(found["folds"]) == 2

    run(go())


def test_without_an_evaluation_or_with_a_broken_one_nothing_is_made_up():
    async def go():
        for text in ("{", "[]", '{"recipe": {}, "folds": []}', '{"recipe": {"label": "x"}, "folds": [{"rows": "a"}]}'):
            async with Shop(learnt_files(), watcher=watcher_of(text)) as shop:
                assert await Models(shop.platform).evaluation("fraud") is None
        async with Shop(learnt_files()) as shop:
            models = Models(shop.platform)
            assert await models.evaluation("fraud") is None
            assert models.looked is None
            assert not models.is_watched

    run(go())


def test_a_model_is_in_force_since_the_definitions_that_first_had_this_very_file():
    async def go():
        async with Shop(shop_files()) as shop:
            await shop.platform.take(with_model(shop_files()))
            first_us = shop.clock.at_us
            shop.clock.at_us += 60_000_000
            rule = shop_files()["shop/policies/pay.toml"].replace("score = 5", "score = 6")
            await shop.platform.take(with_model(shop_files() | {"shop/policies/pay.toml": rule}))
            since = await Models(shop.platform).since("fraud")
            assert (since.at_us, since.approved_by, since.is_first) == (first_us, "", True)
            again = Shop(shop.platform.base, log=copied(shop.log), clock=shop.clock)
        async with again:
            assert (await Models(again.platform).since("fraud")).seq == since.seq

    run(go())


def test_who_asked_for_a_model_and_who_approved_it_is_told():
    async def go():
        saved = with_model(shop_files())
        async with Shop(shop_files(), settings=APPROVED) as shop:
            desk = Desk(shop.platform, lambda: saved)
            proposal = await desk.propose(ANN, why="it finds more")
            await desk.approve(BOB, proposal.id, why="its card is sound")
            since = await Models(shop.platform).since("fraud")
            assert (since.proposed_by, since.approved_by, since.approved_why, since.step) == (
                "ann", "bob", "its card is sound", proposal.id,
            )  # fmt: skip

    run(go())


def test_what_moves_a_score_is_what_the_reasons_of_the_decisions_say():
    async def go():
        async with Shop(with_model(shop_files())) as shop:
            models = Models(shop.platform)
            assert (await models.weights("fraud")).decisions == 0
            for number in range(6):
                await shop.send(pay(number, "10.00" if number % 2 else "950.00", channel="web"))
            weights = await models.weights("fraud")
            assert weights.decisions == 6
            assert weights.newest == f"dec_{shop.platform.lane.recent[-1].seq:012x}"
            decided = shop.platform.lane.recent[-1]
            found = shop.platform.find(weights.newest)
            points = decided.ep.models["fraud"].shares(found.facts).points
            assert len(points) == len(weights.inputs) == 3
            assert dict(weights.inputs)["amount"] > 0

    run(go())


def test_drift_and_decay_are_the_watcher_s_own_figures():
    async def go():
        watcher = watcher_of(evaluation_text())
        async with Shop(packs(), watcher=watcher) as shop:
            await live(shop, town(new={"large": 0.35}))
            models = Models(shop.platform)
            assert models.drift("fraud") is None, "it has not looked yet"
            await shop.platform.rounds.look_for_drift(watcher)
            found, report = models.drift("fraud"), watcher.looked.report
            of_type = report["types"]["pay"]
            assert found["score"] == of_type["models"]["fraud"]["score"]
            assert found["facts"] == {name: of_type["facts"][name] for name in ("amount", "channel")}
            assert found["proposal"] in ("retrain", "recalibrate")
            assert found["is_same"]
            assert found["newest"]["auc"]["low"] < found["newest"]["auc"]["high"]

    run(go())
