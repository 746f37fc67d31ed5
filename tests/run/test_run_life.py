"""The whole life of a decision: challenge and retry, cooling-off and release, review and verdict, lists."""

import pytest

from jindi.run.intake import Refused
from shop_world import (
    HOUR_US,
    NOON_US,
    PHONE,
    SECOND_US,
    Shop,
    event,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
    state_of,
)

MINUTE_US = 60 * SECOND_US
GUARD = """
id = "guard"
on = "{on}"
state = "live"
deadline = "200ms"
doc = {{ zh = "跟进也有策略。", en = "Follow-ups have policies, too." }}
[[rule]]
id = "not-by-mallory"
doc = {{ zh = "此人无权。", en = "Mallory may not." }}
when = "{field} == 'mallory'"
then = "deny"
basis = "shop rules 9"
case = [ {{ name = "yes", given = {{ {field} = "mallory" }}, fires = true }},
         {{ name = "no", given = {{ {field} = "s1" }}, fires = false }} ]
"""


def spent(shop, user="u1"):
    return shop.platform.entity_features("user", user)["spent_1d"]


def follow(kind, number, decision, **fields):
    at_us = fields.pop("at_us", NOON_US)
    whole = {"decision": decision, "by": "s1"} | fields
    return event(kind, f"{kind}-{number}", at_us, **whole)


def result(number, decision, passed=True, at_us=NOON_US, user="u1"):
    return event("challenge_result", f"c{number}", at_us, decision=decision, user=user, method="otp", passed=passed)


def refused_because(shop, document):
    with pytest.raises(Refused) as refused:
        shop.submit(document)
    return str(refused.value)


# ---- challenge


def test_a_passed_challenge_lets_the_retry_through_and_the_exemption_expires():
    async def go():
        async with Shop() as shop:
            first = await shop.send(pay(1, "2000.00"))
            assert (first["outcome"], first["method"]) == ("challenge", "otp")
            assert (await shop.send(result(1, first["decision_id"])))["outcome"] == "allow"
            assert shop.status(first["decision_id"]) == "passed"
            retry = await shop.send(pay(2, "2000.00", retry_of="p1"))
            assert (retry["outcome"], retry["exempted"], retry["score"]) == ("allow", ["large"], 20)
            # The challenged event itself was never accepted, its retry was.
            assert spent(shop) == 200_000
            later = NOON_US + 15 * MINUTE_US
            shop.clock.at_us = later
            assert (await shop.send(pay(3, "2000.00", at_us=later)))["outcome"] == "challenge"

    run(go())


def test_a_failed_challenge_lets_nothing_through():
    async def go():
        async with Shop() as shop:
            first = await shop.send(pay(1, "2000.00"))
            await shop.send(result(1, first["decision_id"], passed=False))
            assert shop.status(first["decision_id"]) == "failed"
            assert (await shop.send(pay(2, "2000.00", retry_of="p1")))["outcome"] == "challenge"
            assert "already been followed up: failed" in refused_because(shop, result(2, first["decision_id"]))

    run(go())


def test_a_challenge_can_not_be_passed_in_the_name_of_another_user():
    async def go():
        async with Shop() as shop:
            first = await shop.send(pay(1, "2000.00"))
            why = refused_because(shop, result(1, first["decision_id"], user="u2"))
            assert "the challenge was not this user's" in why
            assert shop.status(first["decision_id"]) == "pending"
            assert (await shop.send(pay(2, "2000.00", user="u2")))["outcome"] == "challenge"

    run(go())


def test_an_exemption_lifts_a_challenge_and_nothing_heavier():
    async def go():
        async with Shop() as shop:
            first = await shop.send(pay(1, "2000.00"))
            await shop.send(result(1, first["decision_id"]))
            assert (await shop.send(pay(2, "6000.00")))["outcome"] == "delay"
            assert (await shop.send(pay(3, "2000.00", user="villain")))["outcome"] == "deny"

    run(go())


def test_somebody_else_s_passed_challenge_is_no_exemption():
    async def go():
        async with Shop() as shop:
            first = await shop.send(pay(1, "2000.00", user="u2"))
            await shop.send(result(1, first["decision_id"], user="u2"))
            assert (await shop.send(pay(2, "2000.00")))["outcome"] == "challenge"

    run(go())


# ---- delay


def test_a_delay_is_released_by_a_person_and_then_counts_as_accepted():
    async def go():
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
            assert delayed["release_at"] == "2026-11-22T06:00:00Z"
            assert spent(shop) == 0
            await shop.send(follow("decision_release", 1, delayed["decision_id"]))
            assert (shop.status(delayed["decision_id"]), spent(shop)) == ("released", 600_000)

    run(go())


def test_a_recalled_delay_never_counts_and_can_not_be_released_afterwards():
    async def go():
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
            await shop.send(follow("decision_recall", 1, delayed["decision_id"]))
            assert (shop.status(delayed["decision_id"]), spent(shop)) == ("recalled", 0)
            release = follow("decision_release", 1, delayed["decision_id"])
            assert "already been followed up: recalled" in refused_because(shop, release)

    run(go())


def test_a_delay_whose_time_is_over_is_released_by_the_platform_once():
    async def go():
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
            recalled = await shop.send(pay(2, "6000.00"))
            await shop.send(follow("decision_recall", 1, recalled["decision_id"]))
            shop.clock.at_us += 2 * HOUR_US - 1
            assert await shop.platform.rounds.release_due() == 0
            shop.clock.at_us += 1
            assert await shop.platform.rounds.release_due() == 1
            assert await shop.platform.rounds.release_due() == 0
            assert shop.status(delayed["decision_id"]) == "released"
            assert shop.status(recalled["decision_id"]) == "recalled"
            assert spent(shop) == 600_000
            assert shop.log.next_seq() == 5

    run(go())


def test_what_fell_due_while_the_platform_was_down_is_released_after_the_start():
    async def go():
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
        shop.clock.at_us += 3 * HOUR_US
        async with reopened(shop) as again:
            assert await again.platform.rounds.release_due() == 1
            assert again.status(delayed["decision_id"]) == "released"

    run(go())


def test_one_release_that_is_refused_keeps_no_other_from_being_released():
    async def go():
        async with Shop() as shop:
            first, second = await shop.send(pay(1, "6000.00")), await shop.send(pay(2, "6000.00"))
            # Somebody has used the ids that the platform would choose for its own event.
            shop.clock.at_us += 2 * HOUR_US
            squatted = f"release-{first['decision_id']}"
            await shop.send(pay(3, at_us=shop.clock.at_us) | {"id": squatted})
            await shop.send(pay(4, at_us=shop.clock.at_us) | {"id": f"{squatted}-{shop.clock.at_us}"})
            await shop.platform.rounds.release_due()
            assert shop.status(second["decision_id"]) == "released"
            shop.clock.at_us += 1
            await shop.platform.rounds.release_due()
            assert shop.status(first["decision_id"]) == "released"

    run(go())


def test_a_full_queue_only_puts_a_release_off(monkeypatch):
    async def go():
        async with Shop() as shop:
            delayed = await shop.send(pay(1, "6000.00"))
            shop.clock.at_us += 2 * HOUR_US
            monkeypatch.setattr("jindi.run.lane.QUEUE_MAX", 0)
            assert await shop.platform.rounds.release_due() == 0
            monkeypatch.setattr("jindi.run.lane.QUEUE_MAX", 10)
            assert await shop.platform.rounds.release_due() == 1
            assert shop.status(delayed["decision_id"]) == "released"

    run(go())


# ---- review


@pytest.mark.parametrize(
    ("verdict", "status", "counted"), [("accept", "accepted", 1_500_000), ("reject", "rejected", 0)]
)
def test_a_verdict_ends_a_review_and_only_what_was_accepted_counts(verdict, status, counted):
    async def go():
        async with Shop() as shop:
            held = await shop.send(pay(1, "15000.00"))
            assert held["outcome"] == "review"
            await shop.send(follow("review_verdict", 1, held["decision_id"], verdict=verdict))
            assert (shop.status(held["decision_id"]), spent(shop)) == (status, counted)

    run(go())


# ---- what counts


def test_denied_payments_do_not_use_up_a_limit_of_accepted_ones():
    async def go():
        async with Shop() as shop:
            for number in range(30):
                await shop.send(pay(number, "900.00"))
            # 22 x 900 = 19,800 were let through; each further one would have gone over 20,000 and was denied.
            assert spent(shop) == 1_980_000
            assert (await shop.send(pay(40, "200.00")))["outcome"] == "allow"
            assert (await shop.send(pay(41, "0.01")))["outcome"] == "deny"
            assert shop.platform.entity_features("user", "u1")["pays_1d"] == 32

    run(go())


# ---- wrong follow-ups


def test_follow_ups_that_fit_nothing_are_refused_and_leave_no_trace():
    async def go():
        async with Shop() as shop:
            allowed = await shop.send(pay(1))
            challenged = await shop.send(pay(2, "2000.00"))
            held = await shop.send(pay(3, "15000.00"))
            before = state_of(shop.platform.lane.state)
            for document, why in (
                (result(1, "dec_0000000000ff"), "no decision that waits"),
                (result(1, "dec_000000000000"), "no decision that waits"),  # the definitions' own record
                (result(1, "47"), "not a decision id"),
                (result(1, allowed["decision_id"]), "no decision that waits"),
                (result(1, held["decision_id"]), "the decision was review"),
                (follow("decision_release", 1, challenged["decision_id"]), "the decision was challenge"),
                (follow("decision_recall", 1, held["decision_id"]), "the decision was review"),
                (
                    follow("review_verdict", 1, challenged["decision_id"], verdict="accept"),
                    "the decision was challenge",
                ),
                (list_entry("l1", "nowhere", "x"), "no list of this name"),
            ):
                assert why in refused_because(shop, document)
            assert state_of(shop.platform.lane.state) == before

    run(go())


def test_a_follow_up_that_its_own_policy_denies_changes_nothing():
    async def go():
        files = shop_files() | {"shop/policies/guard.toml": GUARD.format(on="list_entry", field="by")}
        async with Shop(files=files) as shop:
            entry = list_entry("l1", "blocked", "u1") | {"by": "mallory"}
            assert (await shop.send(entry))["outcome"] == "deny"
            assert (await shop.send(pay(1)))["outcome"] == "allow"
            assert (await shop.send(list_entry("l2", "blocked", "u1")))["outcome"] == "allow"
            assert (await shop.send(pay(2)))["outcome"] == "deny"

    run(go())


# ---- lists


def test_a_list_entry_works_from_the_next_event_until_it_expires_or_is_removed():
    async def go():
        async with Shop() as shop:
            await shop.send(list_entry("l1", "blocked", "u1", expires="2026-11-22T04:30:00Z"))
            assert (await shop.send(pay(1)))["outcome"] == "deny"
            shop.clock.at_us = NOON_US + 30 * MINUTE_US
            assert (await shop.send(pay(2, at_us=shop.clock.at_us)))["outcome"] == "allow"
            await shop.send(list_entry("l2", "blocked_phones", PHONE, at_us=shop.clock.at_us))
            assert (await shop.send(pay(3, at_us=shop.clock.at_us)))["outcome"] == "deny"
            await shop.send(list_entry("l3", "blocked_phones", "+86 " + PHONE, "remove", at_us=shop.clock.at_us))
            assert (await shop.send(pay(4, at_us=shop.clock.at_us)))["outcome"] == "allow"

    run(go())


def test_every_turn_of_a_life_is_the_same_after_a_restart():
    async def go():
        async with Shop() as shop:
            ids = [
                (await shop.send(pay(n, a)))["decision_id"]
                for n, a in enumerate(("2000.00", "6000.00", "15000.00", "6000.00"))
            ]
            await shop.send(result(1, ids[0]))
            await shop.send(follow("decision_release", 1, ids[1]))
            await shop.send(list_entry("l1", "blocked", "u9"))
            statuses, before = [shop.status(each) for each in ids], state_of(shop.platform.lane.state)
        for blobs in (shop.blobs, type(shop.blobs)()):  # with the snapshot, and without
            async with reopened(shop, blobs=blobs) as again:
                assert [again.status(each) for each in ids] == statuses == ["passed", "released", "pending", "pending"]
                after = state_of(again.platform.lane.state)
                assert after == before
                assert (await again.send(pay(9, user="u9")))["outcome"] == "deny"

    run(go())
