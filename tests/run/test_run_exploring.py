"""Features as people look at them: who reads each, whether it is kept, and what it said lately."""

import asyncio

from jindi.packs import load
from jindi.run.exploring import Asked, Explorer, readers_of, table_of
from models_world import with_model
from shop_world import DEVICE, FEATURES, NOON_US, POLICY, Shop, copied, pay, run, shop_files

DERIVED = """
[spent_share]
doc = { zh = "占比。", en = "A share." }
is = "pays_1d / device_users"

# What comes next.
[unread_7d]
doc = { zh = "没人用。", en = "Nobody reads it." }
of = "pay"
by = "user"
fold = "count"
over = "7d"

[last_channel]
doc = { zh = "上次渠道。", en = "The channel of the last payment." }
of = "pay"
by = "user"
fold = "last"
value = "channel"
over = "30d"

[last_user]
doc = { zh = "上个用户。", en = "The last user of a card." }
of = "pay"
by = "card"
fold = "last"
value = "user"
over = "30d"
"""
SHARED = POLICY.replace('when = "device_users >= 4"', 'when = "spent_share > 0.5 and device_users >= 4"').replace(
    "given = { device_users = 4 }", "given = { device_users = 4, spent_share = 0.9 }"
).replace("given = { device_users = 3 }", "given = { device_users = 3, spent_share = 0.9 }").replace(
    'state = "live"', 'state = "live"\nkeeps = ["last_channel", "last_user"]'
)  # fmt: skip


def files(**more):
    return shop_files(features=FEATURES + DERIVED, policy=SHARED, **more)


def test_a_feature_knows_the_rules_and_models_that_read_it_itself_or_through_another():
    definitions = load(with_model(files()))
    readers = {
        name: {(each.kind, each.name, each.through) for each in found}
        for name, found in readers_of(definitions).items()
    }
    assert readers["spent_share"] == {("rule", "crowd", "")}
    assert readers["device_users"] == {("rule", "crowd", "")}
    assert readers["pays_1d"] == {("rule", "crowd", "spent_share"), ("model", "fraud", "")}
    assert readers["passed_15m"] == {("exemption", "just-passed", "")}
    assert readers["last_channel"] == {("keeps", "pay", "")}
    assert "unread_7d" not in readers


def test_whether_a_feature_is_kept_catches_up_or_is_read_by_nothing():
    async def go():
        async with Shop(files()) as shop:
            explorer = Explorer(shop.platform)
            assert explorer.one("pays_1d").standing == "kept"
            assert explorer.one("spent_share").standing == "kept"
            assert explorer.one("unread_7d").standing == "unread"
            await shop.send(pay(1))
            read = SHARED.replace('"last_channel"', '"unread_30d", "last_channel"')
            longer = FEATURES + DERIVED.replace("unread_7d", "unread_30d").replace(
                'fold = "count"\nover = "7d"', 'fold = "count"\nover = "7d"\nwhere = "channel == \'web\'"'
            )
            await shop.platform.take(shop_files(features=longer, policy=read))
            assert explorer.one("unread_30d").standing == "warming"
            while shop.platform.lane.state.warming:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
            assert explorer.one("unread_30d").standing == "kept"

    run(go())


def test_features_are_found_by_text_entity_pack_event_fold_and_state():
    async def go():
        async with Shop(files()) as shop:
            explorer = Explorer(shop.platform)

            def found(**how):
                return [each.name for each in explorer.all(Asked(**how))]

            assert len(found()) == 8
            assert found(text="USERS on the device") == ["device_users"]
            assert found(text="占比") == ["spent_share"]
            assert found(entity="device") == ["device_users"]
            assert found(event="challenge_result") == ["passed_15m"]
            assert found(fold="sum") == ["spent_1d"]
            assert found(fold="derived") == ["spent_share"]
            assert found(standing="unread") == ["unread_7d"]
            assert found(pack="core") == []

    run(go())


def test_a_definition_is_shown_as_it_is_written():
    async def go():
        async with Shop(files()) as shop:
            explorer = Explorer(shop.platform)
            assert explorer.written("unread_7d").startswith('[unread_7d]\ndoc = { zh = "没人用。"')
            assert explorer.written("unread_7d").endswith('over = "7d"')
            assert "What comes next" not in explorer.written("spent_share")

    run(go())
    assert table_of("[a]\nx = [\n  [1],\n]\n[b]\n", "a") == "[a]\nx = [\n  [1],\n]"
    assert table_of("[a]\n", "b") == ""


def test_what_a_feature_said_lately_is_what_the_decisions_saw():
    async def go():
        async with Shop(files()) as shop:
            explorer = Explorer(shop.platform)
            assert (await explorer.distribution("pays_1d")).decisions == 0
            for number in range(10):
                await shop.send(pay(number, user="u1" if number < 8 else f"u{number}"))
            found = await explorer.distribution("pays_1d")
            assert (found.decisions, found.missing, found.absent, found.events) == (10, 0, 0, ("pay",))
            assert sum(each.count for each in found.bins) == 10
            assert [(each.low, each.count) for each in found.bins][:2] == [(1.0, 3), (2.0, 1)]
            assert (found.quantiles[0], found.quantiles[-1], found.since_us) == (1.0, 8.0, NOON_US)
            share = await explorer.distribution("spent_share")
            assert sum(each.count for each in share.bins) == 10, "a derived one is reckoned from what was kept"

    run(go())


def test_words_are_shown_only_where_their_field_declares_them():
    async def go():
        async with Shop(files()) as shop:
            for number in range(4):
                await shop.send(pay(number, channel="web" if number % 2 else "app"))
            explorer = Explorer(shop.platform)
            words = await explorer.distribution("last_channel")
            assert {each.word for each in words.bins} <= {"web", "app"}
            assert words.missing == 1
            hidden = await explorer.distribution("last_user")
            assert (hidden.is_hidden, hidden.bins, hidden.distinct) == (True, (), 1)

    run(go())


def test_what_could_not_be_had_is_told_apart_from_what_is_missing():
    async def go():
        async with Shop(files()) as shop:
            await shop.send(pay(1, device=None))
            await shop.send(pay(2, device=DEVICE))
            shop.platform.lane.state.warming = frozenset({"device_users"})
            await shop.send(pay(3, device=DEVICE))
            explorer = Explorer(shop.platform)
            found = await explorer.distribution("device_users")
            assert (found.decisions, found.missing, found.absent) == (3, 1, 1)
            share = await explorer.distribution("spent_share")
            assert share.absent == 1

    run(go())


def test_after_a_restart_the_decisions_right_before_it_are_looked_at_too():
    async def go():
        async with Shop(files()) as shop:
            for number in range(5):
                await shop.send(pay(number))
            again = Shop(files(), log=copied(shop.log), clock=shop.clock)
        async with again:
            await again.send(pay(9))
            found = await Explorer(again.platform).distribution("pays_1d")
            assert found.decisions == 6

    run(go())
