"""The pages of models: a platform without any says how to make one; a learnt one shows its card, drift and reasons."""

from lists_pages_world import World

from jindi.access import Role
from scored_world import evaluation_text, learnt, learnt_files, live, packs, town, watcher_of
from shop_world import copied, pay, run


def test_a_platform_without_models_says_how_to_make_one():
    async def go():
        async with World() as world:
            page = (await world.visit().get("/console/models")).text
            assert "The packs in force have no model." in page
            assert "jindi learn" in page
            assert (await world.visit().get("/console/models/none")).status_code == 404

    run(go())


def test_a_learnt_model_s_page_has_its_card():
    async def go():
        async with World(files=learnt_files(), watcher=watcher_of(learnt()[1])) as world:
            for number in range(8):
                await world.send(pay(number, "950.00", user=f"u{number}"))
            page = (await world.visit().get("/console/models/fraud")).text
            for told in ("boosted trees", "95% interval", "Segments", "only up", "asked for on the test before",
                         "model-sure", "What moves its score", "See the reasons of one decision",
                         "came with saved files", "has said nothing of this model"):  # fmt: skip
                assert told in page, told
            listed = (await world.visit().get("/console/models")).text
            assert "fraud" in listed
            zh = (await world.visit().http.get("/console/models/fraud", headers={"accept-language": "zh"})).text
            assert "提升树" in zh

    run(go())


def test_drift_is_shown_with_its_critical_values_and_what_is_proposed():
    async def go():
        watcher = watcher_of(evaluation_text())
        async with World(files=packs(), watcher=watcher) as world:
            await live(world, town(new={"large": 0.35}))
            await world.platform.rounds.look_for_drift(watcher)
            found = watcher.looked.report["types"]["pay"]["models"]["fraud"]["score"]
            page = (await world.visit().get("/console/models/fraud")).text
            for told in (f"{found['psi']:.4g}", f"{found['critical']:.4g}", f"{found['ks']:.4g}", "beyond chance",
                         "Newest settled rows", "turned out true", "<svg"):  # fmt: skip
                assert told in page, told

    run(go())


def test_what_was_found_of_drift_is_shown_after_a_restart_too_and_not_over_a_journal_that_lacks_it():
    async def go():
        watcher = watcher_of(evaluation_text())
        async with World(files=packs(), watcher=watcher) as world:
            await live(world, town(new={"large": 0.35}))
            await world.platform.rounds.look_for_drift(watcher)
            before = (await world.visit().get("/console/models/fraud")).text
        again = watcher_of(evaluation_text())
        async with World(
            files=packs(), watcher=again, log=copied(world.log), blobs=world.blobs, clock=world.clock
        ) as two:
            assert again.looked.until == watcher.looked.until
            page = (await two.visit().get("/console/models/fraud")).text
            found = watcher.looked.report["types"]["pay"]["models"]["fraud"]["score"]
            for told in (f"{found['psi']:.4g}", f"{found['critical']:.4g}", "beyond chance"):
                assert told in before
                assert told in page
        shorter = watcher_of(evaluation_text())
        async with World(files=packs(), watcher=shorter, blobs=world.blobs):
            assert shorter.looked is None

    run(go())


def test_who_may_not_read_policies_reads_no_models():
    async def go():
        async with World() as world:
            refused = await world.visit("zhou", roles=(Role.SYSTEM_ADMIN,)).get("/console/models")
            assert refused.status_code == 403

    run(go())
