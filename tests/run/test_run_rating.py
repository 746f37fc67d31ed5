"""Customers are rated by what the journal knows: assessed when it is owed, told when it changes, reviewed in time."""

import contextlib
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from identity_world import check, external, id_card, request
from jindi.basics.identifiers import luhn_holds
from jindi.basics.instants import format_instant
from jindi.parties.rating import months_after
from jindi.ports import RatedQuery
from jindi.run.controls.ground import CouldNotRun, Failed
from jindi.run.controls.ratings import reviews_in_time
from jindi.run.controls.registry import Asked
from jindi.run.rating import Declined
from jindi.run.rating.taking import standing_of
from jindi.stores.sqlite_ratings import SqliteRatings
from rating_world import RISKY, Rated, actor, profile, rated_files
from screening_world import registration, wallet_files
from shop_world import DAY_US, NOON_US, SECOND_US, copied, run

SHANGHAI = ZoneInfo("Asia/Shanghai")


def top_up(number):
    card = next(text for last in range(10) if luhn_holds(text := f"62299900000{number:04d}{last}"))
    return {
        "id": f"u{number}", "type": "top_up", "at": format_instant(NOON_US), "user": "u1", "card": card,
        "card_kind": "debit", "same_name": True, "amount": "10.00", "account_class": "III", "verification": "two",
        "channel": "app", "device": "device-1",
    }  # fmt: skip


def day(at_us):
    return datetime.fromtimestamp(at_us / 1_000_000, SHANGHAI).date()


def test_who_opens_an_account_is_rated_and_the_level_is_an_event():
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on()
            assert (standing.level, standing.effective, standing.wish) == ("low", "low", "")
            (told,) = wallet.events("customer_rating")
            assert (told["user"], told["risk_level"], told["level_before"], told["how"]) == (
                "u1",
                "low",
                "none",
                "assessed",
            )
            assert told["points_milli"] == standing.points_milli
            assert day(standing.due_us) == months_after(day(NOON_US), 36)

    run(go())


def test_nobody_outside_may_tell_a_rating():
    async def go():
        async with Rated() as wallet:
            answer = wallet.send({"id": "x", "type": "customer_rating", "at": "2026-11-22T04:00:00Z", "user": "u1"})
            with pytest.raises(Exception, match="only the platform itself tells such events"):
                await answer

    run(go())


def test_a_profile_that_is_risky_raises_the_level_brings_the_review_nearer_and_makes_a_task():
    async def go():
        async with Rated() as wallet:
            before = await wallet.taken_on()
            await wallet.send(profile(2, **RISKY))
            await wallet.rate()
            standing = await wallet.ratings.standing("u1")
            assert standing.level == "higher"
            assert day(standing.due_us) == months_after(day(NOON_US), 12) < day(before.due_us)
            assert [(each["level_before"], each["risk_level"]) for each in wallet.events("customer_rating")] == [
                ("none", "low"), ("low", "higher"),
            ]  # fmt: skip
            assert wallet.events("customer_rating")[-1]["outcome"] == 3, "a person is to look"

    run(go())


def test_who_falls_again_is_reviewed_no_later_than_he_was_to_be():
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on(**RISKY)
            risky = await wallet.ratings.standing("u1")
            wallet.clock.at_us += 30 * DAY_US
            await wallet.send(profile(2, at_us=wallet.clock.at_us))
            await wallet.rate()
            calm = await wallet.ratings.standing("u1")
            assert (risky.level, calm.level) == ("higher", "low")
            assert calm.due_us == risky.due_us

    run(go())


@pytest.mark.parametrize(
    ("said", "ground"),
    [
        ({"public_office": "foreign"}, "foreign_office"),
        ({"cooperates": False}, "refuses"),
        ({"inquiry": True}, "inquiry"),
    ],
)
def test_some_grounds_go_to_the_highest_level_whatever_the_points(said, ground):
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on(**said)
            assert (standing.level, standing.directs) == ("high", (ground,))
            assert day(standing.due_us) == months_after(day(NOON_US), 6)

    run(go())


def test_what_a_customer_does_counts_when_he_is_looked_at():
    async def go():
        async with Rated() as wallet:
            before = await wallet.taken_on()
            for number in range(4):
                await wallet.send(top_up(number))
            assert (await wallet.ratings.standing("u1")).points_milli == before.points_milli, "nobody looked yet"
            await wallet.send(profile(2))
            await wallet.rate()
            after = await wallet.ratings.standing("u1")
            assert after.points_milli - before.points_milli == (3 - 1) * 6 * 1_000 // 5, "four cards: two steps of six"

    run(go())


def test_the_first_rating_is_owed_within_ten_working_days():
    async def go():
        async with Rated() as wallet:
            await wallet.send(registration(1, user="u1"))
            await wallet.following.catch_up()
            standing = await wallet.ratings.standing("u1")
            # Sunday 22 November 2026: ten working days end with Friday 4 December.
            assert day(standing.first_due_us) == date(2026, 12, 5)
            assert (standing.must_what, standing.level) == ("first", "")

    run(go())


def test_the_clock_of_a_year_without_declared_holidays_is_never_late():
    async def go():
        async with Rated() as wallet:
            wallet.clock.at_us = NOON_US + 400 * DAY_US
            await wallet.send(registration(1, user="u1", at="2027-12-27T04:00:00Z"))
            await wallet.following.catch_up()
            standing = await wallet.ratings.standing("u1")
            assert day(standing.first_due_us) <= date(2028, 1, 11)
            assert day(standing.first_due_us) - date(2027, 12, 27) >= timedelta(days=14)

    run(go())


def test_a_review_that_is_missed_is_told_once_and_a_person_is_to_look():
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on(**RISKY)
            wallet.clock.at_us = standing.due_us - 1
            await wallet.rate()
            assert wallet.events("customer_review_due") == []
            wallet.clock.at_us = standing.due_us
            await wallet.rate()
            await wallet.rate()
            (late,) = wallet.events("customer_review_due")
            assert (late["user"], late["owed"], late["risk_level"], late["outcome"]) == ("u1", "review", "higher", 3)
            assert await wallet.ratings.counts() == {"higher": (1, 1)}

    run(go())


def test_a_document_that_ends_is_owed_before_the_review():
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on(document_until="2026-12-24T00:00:00Z")
            assert (standing.must_what, day(standing.must_by_us)) == ("document", date(2026, 12, 24))
            wallet.clock.at_us = standing.must_by_us
            await wallet.rate()
            (late,) = wallet.events("customer_review_due")
            assert late["owed"] == "document"
            await wallet.send(profile(2, at_us=wallet.clock.at_us, document_until="2036-12-24T00:00:00Z"))
            await wallet.rate()
            assert (await wallet.ratings.standing("u1")).must_what == "review"

    run(go())


def test_a_person_who_reviews_begins_the_clock_anew():
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on(**RISKY)
            wallet.clock.at_us = standing.due_us + DAY_US
            await wallet.ratings.review(actor("wang"), "u1", "papers and turnover fit")
            await wallet.rate()
            after = await wallet.ratings.standing("u1")
            assert day(after.due_us) == months_after(day(wallet.clock.at_us), 12)
            assert not wallet.ratings.is_overdue(after)
            (review,) = wallet.events("customer_review")
            assert (review["by"], review["note"]) == ("wang", "papers and turnover fit")
            kinds = [each.event_type for each in await wallet.ratings.history("u1")]
            assert kinds[:2] == ["customer_assessment", "customer_review"]

    run(go())


@pytest.mark.parametrize(
    ("user", "note", "until_us", "error"),
    [
        ("u1", "  ", None, Declined),
        ("u1", "x" * 501, None, Declined),
        ("u1", "fits", NOON_US, Declined),
        ("nobody", "fits", None, LookupError),
    ],
)
def test_a_review_without_a_note_of_nobody_or_with_a_document_that_ended_is_refused(user, note, until_us, error):
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on()
            with pytest.raises(error):
                await wallet.ratings.review(actor(), user, note, until_us)
            assert wallet.events("customer_review") == []

    run(go())


def test_a_level_by_hand_counts_until_the_next_review():
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on()
            await wallet.ratings.override("u1", "higher", "limin", "wang", "press about him")
            raised = await wallet.ratings.standing("u1")
            assert (raised.level, raised.effective, raised.is_untold) == ("low", "higher", False)
            assert day(raised.due_us) == months_after(day(NOON_US), 12)
            await wallet.send(profile(2))
            await wallet.rate()
            assert (await wallet.ratings.standing("u1")).effective == "higher", "an assessment does not lift it"
            await wallet.ratings.review(actor("wang"), "u1", "the press was about somebody else")
            await wallet.rate()
            assert (await wallet.ratings.standing("u1")).effective == "low"
            told = [(each["risk_level"], each["how"], each["second"]) for each in wallet.events("customer_rating")]
            assert told == [("low", "assessed", None), ("higher", "by_hand", "wang"), ("low", "assessed", None)]

    run(go())


def test_nobody_talks_away_a_ground_for_the_highest_level():
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on(public_office="foreign")
            with pytest.raises(Declined, match="direct"):
                await wallet.ratings.override("u1", "low", "limin", "wang", "he is a friend")
            await wallet.taken_on("u2", 2)
            for level, why in (("low", "same"), ("extreme", "no_level")):
                with pytest.raises(Declined, match=why):
                    await wallet.ratings.override("u2", level, "limin", "wang", "because")

    run(go())


def test_a_policy_may_ask_for_the_level():
    files = dict(rated_files())
    path = "account/policies/account_class.toml"
    files[path] = files[path].replace(
        '[[rule]]\nid        = "class-too-few-checks"',
        """[[rule]]
id        = "class-of-high-risk"
doc       = { zh = "较高风险的客户由人办理。", en = "Customers of a high level are served by people." }
when      = "customer_risk_level in ['higher', 'high']"
then      = "review"
share_max = "100%"
basis     = { zh = "自定", en = "Ours" }
case = [
  { name = "fairly high", given = { customer_risk_level = "higher" }, fires = true },
  { name = "low", given = { customer_risk_level = "low" }, fires = false },
]

[[rule]]
id        = "class-too-few-checks\"""",
        1,
    )

    async def go():
        async with Rated(files) as wallet:
            for user in ("u1", "u2"):
                for number, group in enumerate(("police", "carrier", "bank")):
                    await wallet.send(external(f"{user}{number}", user=user, group=group))
            await wallet.taken_on(**RISKY)
            await wallet.taken_on("u2", 2)
            assert (await wallet.send(request(1, "u1")))["outcome"] == "review"
            other = id_card(birth="19800101")
            assert (await wallet.send(request(2, "u2", id_card=other)))["outcome"] == "allow"

    run(go())


def test_standings_are_a_fold_that_can_be_made_again():
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on(**RISKY)
            await wallet.taken_on("u2", 2)
            await wallet.ratings.override("u2", "medium", "limin", "wang", "press about him")
            wallet.clock.at_us += 500 * DAY_US
            await wallet.rate()
            kept, _ = wallet.store.found(RatedQuery(limit=10))
            anew = SqliteRatings(":memory:")
            async with Rated(
                store=anew, log=copied(wallet.log), clock=wallet.clock, vault=wallet.platform.vault
            ) as other:
                await other.following.catch_up()
                again, _ = anew.found(RatedQuery(limit=10))
                assert [standing_of(each) for each in again] == [standing_of(each) for each in kept]
                assert anew.steps("u2", 9) == wallet.store.steps("u2", 9)
                assert await other.ratings.round() == 0, "nothing is told twice"

    run(go())


def test_a_crash_between_assessment_and_event_loses_nothing():
    async def go():
        async with Rated() as wallet:
            await wallet.send(registration(1, user="u1"))
            await wallet.ratings.round()
            assert wallet.events("customer_rating") == []
            async with Rated(log=copied(wallet.log), clock=wallet.clock, vault=wallet.platform.vault) as other:
                await other.rate()
                assert len(other.events("customer_assessment")) == len(other.events("customer_rating")) == 1

    run(go())


def test_while_features_are_warming_a_rating_waits():
    async def go():
        async with Rated() as wallet:
            await wallet.send(registration(1, user="u1"))
            wallet.platform.lane.state.warming = frozenset({"moved_90d"})
            assert await wallet.ratings.round() == 0
            assert (await wallet.ratings.standing("u1")).wish == "first"
            wallet.platform.lane.state.warming = frozenset()
            await wallet.rate()
            assert (await wallet.ratings.standing("u1")).level

    run(go())


def test_while_the_past_is_told_nothing_of_now_is():
    async def go():
        async with Rated() as wallet:
            wallet.clock.at_us = NOON_US + 30 * DAY_US
            await wallet.send(registration(1, user="u1"))
            assert await wallet.ratings.round() == 0
            wallet.clock.at_us += 59 * SECOND_US
            await wallet.send(registration(2, user="u2", at=format_instant(NOON_US + DAY_US)))
            assert await wallet.ratings.round() == 0
            wallet.clock.at_us += 59 * SECOND_US
            assert await wallet.ratings.round() == 0
            wallet.clock.at_us += SECOND_US
            assert await wallet.ratings.round() == 2, "a minute without any more of it"
            assert wallet.platform.lane.state.high_us == wallet.clock.at_us

    run(go())


def test_while_events_from_outside_are_held_nothing_is_told():
    async def go():
        async with Rated() as wallet:
            await wallet.send(registration(1, user="u1"))
            wallet.platform.held = "a past is being told"
            assert await wallet.ratings.round() == 0
            wallet.platform.held = None
            assert await wallet.ratings.round() == 1

    run(go())


def test_the_class_of_account_that_an_identity_gave_stands_with_it():
    async def go():
        async with Rated() as wallet:
            await wallet.taken_on()
            assert (await wallet.send(request(1, "u1", "I")))["outcome"] == "deny"
            await wallet.rate()
            assert (await wallet.ratings.standing("u1")).account_class == "", "what was denied gave nothing"
            await wallet.send(external(1))
            assert (await wallet.send(request(2, "u1", "I")))["outcome"] == "allow"
            await wallet.send(check(3, user="u1", passed=False))
            await wallet.rate()
            standing = await wallet.ratings.standing("u1")
            assert (standing.account_class, standing.classed_us) == ("I", NOON_US)

    run(go())


def test_without_the_pack_nothing_is_followed_and_nothing_told():
    async def go():
        async with Rated(wallet_files()) as wallet:
            await wallet.send(registration(1, user="u1"))
            assert await wallet.ratings.round() == 0
            with pytest.raises(LookupError):
                await wallet.ratings.standing("u1")

    run(go())


def test_no_name_and_no_number_is_kept_with_a_standing():
    async def go():
        async with Rated() as wallet:
            await wallet.send(registration(1, user="u1", id_card="110101197003147032"))
            await wallet.rate()
            body = wallet.store.one("u1")
            assert b"1970" not in body
            assert b"138" not in body

    run(go())


# ---- the control


def look(wallet, **more):
    ground = SimpleNamespace(
        clock=wallet.clock, definitions=wallet.platform.program.definitions,
        journal=lambda: contextlib.nullcontext(copied(wallet.log)),
    )  # fmt: skip
    return reviews_in_time(ground, Asked({"overdue_max": 0} | more))


def test_the_control_counts_who_is_overdue_by_the_journal_alone():
    async def go():
        async with Rated() as wallet:
            standing = await wallet.taken_on(**RISKY)
            await wallet.taken_on("u2", 2)
            assert look(wallet) == {
                "customers": 2, "levels": {"higher": 1, "low": 1}, "overdue": 0, "overdue_by": {}, "oldest_due": None,
            }  # fmt: skip
            wallet.clock.at_us = standing.due_us
            with pytest.raises(Failed) as failure:
                look(wallet)
            assert failure.value.evidence["overdue_by"] == {"review": 1}
            assert look(wallet, overdue_max=1)["overdue"] == 1
            await wallet.ratings.review(actor("wang"), "u1", "papers and turnover fit")
            assert look(wallet)["overdue"] == 0

    run(go())


def test_the_control_proves_nothing_without_the_pack():
    async def go():
        async with Rated(wallet_files()) as wallet:
            with pytest.raises(CouldNotRun):
                look(wallet)

    run(go())
