"""Packs that change while the platform runs: whole or not at all, and every decision keeps its own words."""

import asyncio
import json

import pytest

from jindi.basics.problems import Problems
from jindi.run.intake import Refused
from jindi.run.lane import Stopped
from jindi.run.platform import NotNow
from jindi.stores.files import MemoryBlobs
from shop_world import (
    DEVICE,
    EVENTS,
    FEATURES,
    LIMITS,
    LISTS,
    PHONE,
    POLICY,
    SECOND_US,
    Shop,
    event,
    failing_append,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
    state_of,
)

RULE = """
[[rule]]
id = "fresh"
doc = {{ zh = "新规则。", en = "A new rule." }}
when = "{when}"
then = "{then}"
{more}
basis = "shop rules 8"
case = [ {{ name = "yes", given = {{ {yes} }}, fires = true }}, {{ name = "no", given = {{ {no} }}, fires = false }} ]
"""
WEB = """
[web_pays_1d]
doc = { zh = "一天内网页付款笔数。", en = "Payments by web in a day." }
of = "pay"
by = "user"
fold = "count"
over = "1d"
where = "channel == 'web'"
"""


def with_rule(when, yes, no, then="deny", more="", **changed):
    rule = RULE.format(when=when, yes=yes, no=no, then=then, more=more)
    head, tail = POLICY.split("[[exemption]]")
    return shop_files(policy=f"{head}{rule}\n[[exemption]]{tail}", **changed)


def with_web(degrade="closed"):
    return with_rule(
        "web_pays_1d >= 3", "web_pays_1d = 3", "web_pays_1d = 2", more=f'degrade = "{degrade}"', features=FEATURES + WEB
    )


async def pays(shop, count, first=0, **fields):
    return [json.loads(await shop.answer(pay(first + n, **fields))) for n in range(count)]


async def until_caught_up(shop):
    while shop.platform.lane.state.warming:  # noqa: ASYNC110 - the lane tells nobody
        await asyncio.sleep(0)


def outcome_now(shop, raw):
    return shop.platform.try_packs(shop.files, json.dumps(raw).encode()).decision.outcome


# ---- whole or not at all


def test_a_changed_threshold_holds_from_the_very_next_event():
    async def go():
        async with Shop() as shop:
            assert (await shop.send(pay(1, "950.00")))["outcome"] == "allow"
            lower = POLICY.replace("cny('1000')", "cny('900')").replace('"999.99"', '"899.99"')
            assert await shop.platform.take(shop_files(policy=lower)) == ()
            assert (await shop.send(pay(2, "950.00")))["outcome"] == "challenge"
            assert (await shop.send(pay(3, "10.00")))["outcome"] == "allow"

    run(go())


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (lambda: shop_files(policy=POLICY.replace("amount >=", "amuont >=")), "amuont"),
        (lambda: shop_files(policy=POLICY.replace('"999.99"', '"1000.00"')), "case"),
        (lambda: shop_files(events=EVENTS.replace('class = "C2", entity = "user"', 'entity = "user"')), "class"),
        (lambda: shop_files(limits=LIMITS.replace('"20000.00"', '"placeholder"')), "placeholder"),
        (lambda: {"shop/pack.toml": "not toml ="}, "TOML"),
        (lambda: with_rule("amount >= cny('1')", 'amount = "1.00"', 'amount = "0.99"', then="review"), "share"),
    ],
)
def test_packs_with_any_problem_change_nothing(files, why):
    async def go():
        async with Shop() as shop:
            await pays(shop, 400)
            digest, before = shop.platform.program.digest, state_of(shop.platform.lane.state)
            with pytest.raises(Problems) as problems:
                await shop.platform.take(files())
            assert why in str(problems.value)
            assert shop.platform.program.digest == digest
            assert state_of(shop.platform.lane.state) == before
            assert (await shop.send(pay("after", "5.00")))["outcome"] == "allow"

    run(go())


def test_a_rule_that_would_fire_on_too_much_of_what_came_lately_is_refused_until_it_is_confirmed():
    eager = with_rule("amount >= cny('5')", 'amount = "5.00"', 'amount = "4.99"', then="review")
    confirmed = with_rule(
        "amount >= cny('5')", 'amount = "5.00"', 'amount = "4.99"', then="review", more='confirmed_share = "100%"'
    )

    async def go():
        async with Shop() as shop:
            await pays(shop, 220, channel="web")
            with pytest.raises(Problems, match=r"rule fresh: fires on 100\.0% of the last 220 pay events"):
                await shop.platform.take(eager)
            # Neither a harmless change nor a restart makes it forget what came.
            await shop.platform.take(shop_files(lists=LISTS.replace("known", "well known")))
            with pytest.raises(Problems, match=r"fires on 100\.0%"):
                await shop.platform.take(eager)
        async with reopened(shop) as again:
            with pytest.raises(Problems, match=r"fires on 100\.0%"):
                await again.platform.take(eager)
            assert outcome_now(again, pay("probe")) == "allow"
            await again.platform.take(confirmed)
            assert (await again.send(pay("held")))["outcome"] == "review"

    run(go())


def test_the_same_packs_again_change_nothing_and_are_not_journalled_again():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1))
            assert await shop.platform.take(shop_files()) == ()
            shop.platform.lane.settle()
            assert shop.log.next_seq() == 2

    run(go())


def test_events_in_flight_are_answered_and_kept_under_the_packs_that_decided_them():
    async def go():
        async with Shop() as shop:
            flying = [shop.submit(pay(n, "950.00")) for n in range(5)]
            lower = POLICY.replace("cny('1000')", "cny('900')").replace('"999.99"', '"899.99"')
            await shop.platform.take(shop_files(policy=lower))
            later = [shop.submit(pay(n, "950.00")) for n in range(5, 10)]
            outcomes = [json.loads(a)["outcome"] for a in await asyncio.gather(*flying, *later)]
            assert outcomes == ["allow"] * 5 + ["challenge"] * 5
            records = [record for _, record in shop.platform.archive.records(0)]
            assert [getattr(r, "event_id", None) for r in records] == [
                None,
                *(f"p{n}" for n in range(5)),
                None,
                *(f"p{n}" for n in range(5, 10)),
            ]
            assert {r.definitions for r in records[1:6]} == {0}
            assert {r.definitions for r in records[7:]} == {6}

    run(go())


def test_decisions_before_and_after_a_change_are_explained_with_their_own_words_even_after_a_restart():
    async def go():
        other = shop_files(policy=POLICY.replace("Large: a challenge.", "Other words."))
        async with Shop() as shop:
            before = await shop.send(pay(1, "2000.00"))
            await shop.platform.take(other)
            after = await shop.send(pay(2, "2000.00"))
            said = words(shop, before["decision_id"]), words(shop, after["decision_id"])
        async with reopened(shop, files=other) as again:
            assert (words(again, before["decision_id"]), words(again, after["decision_id"])) == said
        assert said == ("Large: a challenge.", "Other words.")

    def words(shop, identifier):
        found = shop.platform.find(identifier)
        rules = {rule.id: rule for rule in shop.platform.explanation(found).rules}
        return rules["large"].doc.en

    run(go())


def test_packs_that_change_while_the_lane_is_stopped_are_in_force_when_it_has_recovered():
    async def go():
        lower = POLICY.replace("cny('1000')", "cny('900')").replace('"999.99"', '"899.99"')
        async with Shop() as shop:
            await shop.send(pay(1, "950.00"))
            with failing_append(shop.log, OSError("lost")), pytest.raises(Stopped):
                await shop.answer(pay(2, "950.00"))
            await shop.platform.take(shop_files(policy=lower))
            await shop.platform.tend()
            assert (await shop.send(pay(2, "950.00")))["outcome"] == "challenge"
            assert shop.platform.entity_features("user", "u1")["pays_1d"] == 2
            shop.platform.lane.settle()
            async with reopened(shop, files=shop_files(policy=lower), blobs=MemoryBlobs()) as again:
                assert state_of(again.platform.lane.state) == state_of(shop.platform.lane.state)

    run(go())


# ---- features that catch up


@pytest.mark.parametrize(("degrade", "outcome"), [("closed", "deny"), ("open", "allow"), ("challenge", "challenge")])
def test_while_a_new_feature_catches_up_decisions_are_degraded_as_declared(degrade, outcome):
    async def go():
        async with Shop() as shop:
            await pays(shop, 5, channel="web")
            missing = await shop.platform.take(with_web(degrade))
            assert missing == ("web_pays_1d",)
            meanwhile = json.loads(await undisturbed(shop, pay("meanwhile")))
            assert (meanwhile["outcome"], meanwhile["degraded"]) == (outcome, True)
            assert meanwhile["degraded_inputs"] == ["web_pays_1d"]
            await until_caught_up(shop)
            after = await shop.send(pay("after", channel="web"))
            assert (after["outcome"], after["degraded"]) == ("deny", False)
            found = shop.platform.find(meanwhile["decision_id"])
            assert shop.platform.explanation(found).outcome == outcome
            assert shop.platform.answer(found) == await shop.answer(pay("meanwhile"))

    async def undisturbed(shop, document):
        """Decided before the background replay has had a turn."""
        return await shop.submit(document)

    run(go())


def test_what_has_caught_up_equals_a_replay_from_nothing_under_the_new_packs():
    async def go():
        async with Shop() as shop:
            for n in range(400):
                shop.clock.at_us += 7 * SECOND_US
                await shop.answer(
                    pay(
                        n,
                        "9.00" if n % 30 else "1200.00",
                        at_us=shop.clock.at_us,
                        user=f"u{n % 3 + 1}",
                        channel="web" if n % 2 else "app",
                        device=DEVICE if n % 5 else "d2-device",
                    )
                )
            await shop.platform.take(with_web("open"))
            n = 400
            while shop.platform.lane.state.warming:  # events keep coming while it catches up
                shop.clock.at_us += 7 * SECOND_US
                shop.submit(pay(n, "9.00", at_us=shop.clock.at_us, channel="web"))
                n += 1
                await asyncio.sleep(0)
            await shop.answer(pay(n, "9.00", at_us=shop.clock.at_us))
            now = state_of(shop.platform.lane.state)
            async with reopened(shop, files=with_web("open"), blobs=MemoryBlobs()) as again:
                assert state_of(again.platform.lane.state) == now
            assert any("caught up" in line for line in shop.told)

    run(go())


def test_no_snapshot_is_taken_while_features_catch_up():
    async def go():
        async with Shop() as shop:
            await pays(shop, 5, channel="web")
            await shop.platform.take(with_web())
            with pytest.raises(NotNow):
                await shop.platform.snapshot()
        assert shop.blobs.names("snapshot-") == ()
        async with reopened(shop, files=with_web()) as again:
            assert again.platform.lane.state.warming == frozenset()
            assert (await again.send(pay("after", channel="web")))["outcome"] == "deny"

    run(go())


def test_packs_that_change_again_before_the_first_change_has_caught_up_end_in_the_right_state():
    async def go():
        again = FEATURES + WEB + WEB.replace("web_pays_1d", "web_pays_too").replace('"1d"', '"2d"')
        second = with_rule(
            "web_pays_too >= 3", "web_pays_too = 3", "web_pays_too = 2", more='degrade = "closed"', features=again
        )
        async with Shop() as shop:
            await pays(shop, 5, channel="web")
            await shop.platform.take(with_web())
            assert "web_pays_too" in await shop.platform.take(second)
            await until_caught_up(shop)
            now = state_of(shop.platform.lane.state)
            async with reopened(shop, files=second, blobs=MemoryBlobs()) as fresh:
                assert state_of(fresh.platform.lane.state) == now

    run(go())


def test_a_lane_that_stops_while_features_catch_up_recovers_with_all_of_them():
    async def go():
        async with Shop() as shop:
            await pays(shop, 5, channel="web")
            await shop.platform.take(with_web())
            with (
                failing_append(shop.log, OSError("lost")),
                pytest.raises(Exception, match="journal could not be written"),
            ):
                await shop.answer(pay("lost"))
            await shop.platform.tend()
            assert shop.platform.lane.state.warming == frozenset()
            assert (await shop.send(pay("after", channel="web")))["outcome"] == "deny"
            shop.platform.lane.settle()
            async with reopened(shop, files=with_web(), blobs=MemoryBlobs()) as fresh:
                assert state_of(fresh.platform.lane.state) == state_of(shop.platform.lane.state)

    run(go())


def test_a_shorter_window_over_what_is_kept_is_there_at_once():
    async def go():
        short = FEATURES.replace(
            "[device_users]",
            WEB.replace("web_pays_1d", "pays_3h").replace('"1d"', '"3h"').replace("where = \"channel == 'web'\"\n", "")
            + "\n[device_users]",
        )
        files = with_rule("pays_3h >= 6", "pays_3h = 6", "pays_3h = 5", features=short)
        async with Shop() as shop:
            await pays(shop, 5)
            assert await shop.platform.take(files) == ()
            assert (await shop.send(pay("sixth")))["outcome"] == "deny"

    run(go())


def test_an_event_type_that_goes_away_leaves_its_decisions_readable_and_its_ids_used():
    async def go():
        without = shop_files(events=EVENTS.split("[reading]")[0])
        async with Shop() as shop:
            reading = {"id": "r1", "type": "reading", "at": "2026-11-22T04:00:00Z", "whole": 1}
            answer = await shop.answer(reading)
            await shop.platform.take(without)
            with pytest.raises(Refused):
                shop.submit(reading)
            found = shop.platform.find("dec_000000000001")
            assert shop.platform.answer(found) == answer
        async with reopened(shop, files=without, blobs=MemoryBlobs()) as again:
            assert again.platform.answer(again.platform.find("dec_000000000001")) == answer

    run(go())


def test_a_list_that_goes_away_keeps_no_platform_from_starting_and_comes_back_with_what_events_did_to_it():
    async def go():
        held, _ = LISTS.split("[blocked_phones]")
        policy = POLICY.replace(" or phone in list('blocked_phones')", "").replace(', phone = "p"', "")
        without = shop_files(lists=held, policy=policy)
        async with Shop() as shop:
            await shop.send(list_entry("l1", "blocked_phones", PHONE))
            assert (await shop.send(pay(1)))["outcome"] == "deny"
        async with reopened(shop, files=without, blobs=MemoryBlobs()) as lacking:
            assert (await lacking.send(pay(2)))["outcome"] == "allow"
            await lacking.platform.take(shop.files)
            assert (await lacking.send(pay(3)))["outcome"] == "deny"

    run(go())


def moved_fields():
    """The events with a new field before all the others, so that every field has moved."""
    table = 'table = { type = "text", class = "C1", required = false, doc = { zh = "桌", en = "Table" } }\n'
    return EVENTS.replace("[pay.fields]\n", f"[pay.fields]\n{table}")


def test_what_waited_while_its_event_s_fields_moved_is_followed_up_with_the_right_values():
    async def go():
        files = shop_files(events=moved_fields())
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
            await shop.platform.take(files)
            release = event("decision_release", "r1", decision=delayed["decision_id"], by="s1")
            assert (await shop.send(release))["outcome"] == "allow"
            assert shop.platform.entity_features("user", "u1")["spent_1d"] == 600_000
            async with reopened(shop, files=files, blobs=MemoryBlobs()) as again:
                assert again.platform.entity_features("user", "u1")["spent_1d"] == 600_000
                assert again.status(delayed["decision_id"]) == "released"

    run(go())


def test_a_history_whose_fields_have_moved_twice_is_replayed_in_today_s_order_without_a_restart():
    async def go():
        async with Shop() as shop:
            await pays(shop, 4, channel="web")
        async with reopened(shop, blobs=MemoryBlobs()) as again:  # the start has read the history once already
            moved = with_web()
            moved["shop/events.toml"] = moved_fields()
            await again.platform.take(moved)
            await until_caught_up(again)
            assert (await again.send(pay("after", channel="web")))["outcome"] == "deny"
            assert again.platform.entity_features("user", "u1") == {
                "pays_1d": 5,
                "passed_15m": 0,
                "spent_1d": 4000,
                "web_pays_1d": 5,
            }
            assert (await again.answer(pay(1, channel="web")))[:20] == b'{"decision_id":"dec_'

    run(go())


# ---- trying packs


def test_trying_packs_says_what_they_would_decide_against_the_running_history_and_keeps_nothing():
    async def go():
        async with Shop() as shop:
            await pays(shop, 4)
            before = state_of(shop.platform.lane.state)
            strict = with_rule("pays_1d >= 5", "pays_1d = 5", "pays_1d = 4")
            raw = json.dumps(pay("try")).encode()
            trial = shop.platform.try_packs(strict, raw)
            assert (trial.decision.outcome, trial.absent) == ("deny", ())
            assert {rule.id for rule in trial.explain().rules if rule.state == "hit"} == {"fresh"}
            assert state_of(shop.platform.lane.state) == before
            assert (await shop.send(pay("try")))["outcome"] == "allow"
            await shop.platform.take(strict)
            assert (await shop.send(pay("live")))["outcome"] == "deny"

    run(go())


def test_trying_packs_names_the_features_that_have_no_history_yet():
    async def go():
        async with Shop() as shop:
            await pays(shop, 4, channel="web")
            trial = shop.platform.try_packs(with_web(), json.dumps(pay("try", channel="web")).encode())
            assert trial.absent == ("web_pays_1d",)

    run(go())


def test_trying_packs_with_a_new_list_or_a_list_s_new_entry_leaves_the_lists_in_force_alone():
    async def go():
        lists = (
            LISTS + '[extra]\ndoc = { zh = "新。", en = "New." }\ncolour = "grey"\nof = "text"\n'
            'entry = [ { value = "u1", reason = "r" } ]\n'
        )
        files = with_rule("user in list('extra')", 'user = "u9" ', 'user = "u1"', lists=lists)
        files["shop/policies/pay.toml"] = files["shop/policies/pay.toml"].replace(
            'given = { user = "u9"  }, fires = true',
            'given = { user = "u9" }, lists = { extra = ["u9"] }, fires = true',
        )
        async with Shop() as shop:
            trial = shop.platform.try_packs(files, json.dumps(pay("try")).encode())
            assert trial.decision.outcome == "deny"
            assert "extra" not in shop.platform.lane.state.lists
            assert (await shop.send(pay("try")))["outcome"] == "allow"

    run(go())


def test_trying_what_can_not_be_read_says_whose_fault_it_is():
    async def go():
        async with Shop() as shop:
            with pytest.raises(Refused):
                shop.platform.try_packs(shop_files(), b'{"id": 1}')
            with pytest.raises(Problems, match="amuont"):
                shop.platform.try_packs(shop_files(policy=POLICY.replace("amount >=", "amuont >=")), b"{}")

    run(go())
