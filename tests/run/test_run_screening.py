"""Screening beside the stream: at the door, on each payment, when a list changes; cleared by two, frozen by one."""

import asyncio
from types import SimpleNamespace

import pytest

from jindi.basics.problems import Problems
from jindi.parties.screening import THRESHOLD
from jindi.run.approvals.approvals import Declined as NotAgreed
from jindi.run.approvals.approvals import Forbidden
from jindi.run.audit import NotRecorded
from jindi.run.controls.ground import Failed
from jindi.run.controls.registry import Asked
from jindi.run.controls.watch_lists import watch_lists_fresh
from jindi.run.intake import Refused
from jindi.run.lane import Held
from jindi.run.records import decision_id
from jindi.run.screening import shelf
from jindi.run.screening.book import MATCH
from jindi.run.screening.desk import FROZEN, Declined
from jindi.run.screening.seeking import SCREEN_FROM, UNUSABLE
from screening_world import CARD_NUMBER, LISTED, MORE, Wallet, actor, registration, transfer
from shop_world import DAY_US, copied, run


def again(wallet):
    """The wallet after a loss of power, over what its log, blobs and vault hold."""
    return Wallet(log=copied(wallet.log), blobs=wallet.blobs, clock=wallet.clock, vault=wallet.platform.vault)


def test_what_counts_as_near_without_packs_is_what_the_search_tells_of_by_default():
    assert SCREEN_FROM == THRESHOLD


# ---- at the door


def test_without_lists_nobody_is_screened_and_nothing_is_said_of_it():
    async def go():
        async with Wallet() as wallet:
            answer = await wallet.send(registration(1, "单雄信"))
            assert answer["outcome"] == "allow"
            assert wallet.values(answer)["name_listed"] is None

    run(go())


def test_who_opens_an_account_under_a_listed_name_is_looked_at_by_a_person():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            answer = await wallet.sent(registration(1, "單雄信"))
            assert answer["outcome"] == "review"
            assert wallet.values(answer)["name_listed"] == 99
            (hit,) = wallet.desk.hits()
            assert (hit.user, hit.list, hit.entry, hit.state, hit.found) == ("u1", "own", "CN-1", "open", "event")
            assert wallet.values(await wallet.sent(registration(2, "李明")))["name_listed"] == 0
            assert len(wallet.desk.hits()) == 1

    run(go())


def test_each_payment_is_screened_by_the_name_of_its_payee():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            assert (await wallet.sent(transfer(1, "Sergej Lavrovsky")))["outcome"] == "review"
            assert wallet.desk.hits()[0].user == "u9"
            assert (await wallet.sent(transfer(2, "Sergej Petrov", payee="u8")))["outcome"] == "allow"
            assert (await wallet.sent(transfer(3)))["outcome"] == "allow"

    run(go())


def test_answers_do_not_say_why_and_the_record_does():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            answer = await wallet.sent(transfer(1, "Sergej Lavrovsky"))
            assert [each["rule"] for each in answer["reasons"]] == ["restricted"]
            assert "名单" not in str(answer)
            assert "list" not in str(answer)
            found = wallet.platform.find(answer["decision_id"])
            hit_rules = [found.ep.live.policy.rules[hit].id for hit in found.record.verdict.hits]
            assert hit_rules == ["transfer-listed"]

    run(go())


def test_only_the_platform_says_how_near_somebody_is():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            with pytest.raises(Refused) as refused:
                await wallet.send(registration(1, "单雄信", name_listed=0))
            assert [(each.item, each.remedy) for each in refused.value.problems] == [("name_listed", "leave it out")]
            with pytest.raises(Refused):
                await wallet.send({"id": "m1", "type": "screening_match", "at": "2026-11-22T04:00:00Z"})

    run(go())


def test_the_same_event_again_has_its_answer_also_after_the_lists_have_changed():
    async def go():
        async with Wallet() as wallet:
            first = await wallet.answer(registration(1, "单雄信"))
            await wallet.load()
            assert await wallet.answer(registration(1, "单雄信")) == first
            assert (await wallet.sent(registration(2, "单雄信")))["outcome"] == "review"

    run(go())


def test_a_birth_that_an_identity_card_tells_makes_a_match_weak():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            same = await wallet.sent(registration(1, "单雄信", id_card=CARD_NUMBER))
            other = await wallet.sent(registration(2, "单雄信", id_card="11010519491231002X"))
            assert wallet.values(same)["name_listed"] == 100
            assert wallet.values(other)["name_listed"] == 84
            assert {each.strength for each in wallet.desk.hits()} == {"exact", "weak"}

    run(go())


def test_names_stand_in_no_record_and_in_nothing_that_screening_keeps():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "Xiongxin Shan-Canary"))
            await wallet.sent(registration(2, "單雄信"))
            written = wallet.everything_written() + "".join(wallet.told).encode()
            assert b"Canary" not in written
            assert "單雄信".encode() not in written

    run(go())


# ---- when a list changes


def test_everybody_who_is_known_is_held_against_what_is_new_in_a_list():
    async def go():
        async with Wallet() as wallet:
            await wallet.send(registration(1, "尉迟敬德"))
            await wallet.send(registration(2, "李明"))
            await wallet.send(transfer(3, "YUCHI Jingde", payee="u9"))
            await wallet.load()
            assert wallet.desk.hits() == []
            (loaded,) = await wallet.load(LISTED + MORE)
            assert (loaded.added, loaded.removed, loaded.changed) == (1, 0, 0)
            assert {(each.user, each.entry, each.found) for each in wallet.desk.hits()} == {
                ("u1", "CN-2", "list"), ("u9", "CN-2", "list"),
            }  # fmt: skip
            # Each is a decision that a person looks at, so a case.
            found = wallet.platform.find(decision_id(wallet.desk.hits()[0].seq))
            assert (found.record.event_type, found.status) == ("screening_match", "pending")

    run(go())


def test_a_list_that_says_the_same_is_fresh_again_and_makes_nobody_look_again():
    async def go():
        async with Wallet() as wallet:
            (first,) = await wallet.load()
            lists = wallet.platform.screener.lists
            wallet.clock.at_us += DAY_US
            (second,) = await wallet.load(name="folder/own.toml")
            assert (second.version, second.loaded_us - first.loaded_us) == (first.version, DAY_US)
            assert wallet.desk.loaded["own"] == second
            assert wallet.platform.screener.lists is lists

    run(go())


def test_a_restart_goes_on_with_the_lists_the_matches_and_what_was_left_to_look_at():
    async def go():
        async with Wallet() as wallet:
            await wallet.send(registration(1, "尉迟敬德"))
            await wallet.load()
            await wallet.sent(registration(2, "单雄信"))
            # The power goes while everybody is being held against the new entries.
            wallet.desk._begin = lambda _: None
            await wallet.desk.load(actor("wang"), {"own.toml": (LISTED + MORE).encode()})
            async with again(wallet) as later:
                await later.settled()
                assert {(each.user, each.entry) for each in later.desk.hits()} == {("u1", "CN-2"), ("u2", "CN-1")}
                assert later.desk._pending() == []
                assert (await later.sent(registration(3, "单雄信")))["outcome"] == "review"

    run(go())


def test_while_lists_are_read_whoever_would_be_screened_waits_and_others_do_not():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            wallet.platform.screener.is_reading = True
            with pytest.raises(Held):
                await wallet.send(registration(1, "李明"))
            assert (await wallet.send(registration(2, None)))["outcome"] == "allow"
            wallet.platform.screener.is_reading = False
            assert (await wallet.send(registration(1, "李明")))["outcome"] == "allow"

    run(go())


def test_lists_that_can_not_be_read_stop_whoever_would_be_screened():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            (name,) = wallet.blobs.names(shelf.PREFIX)
            wallet.blobs.save(name, [wallet.blobs.load(name)[:-20]])
            async with again(wallet) as later:
                answer = await later.send(registration(1, "李明"))
                assert (answer["outcome"], later.values(answer)["name_listed"]) == ("review", UNUSABLE)
                assert any("watch lists can't be used" in each for each in later.told)
                await later.load()
                assert (await later.send(registration(2, "李明")))["outcome"] == "allow"

    run(go())


def test_half_a_list_an_empty_one_and_an_older_one_are_not_taken_unless_they_are_meant():
    async def go():
        async with Wallet() as wallet:
            await wallet.load(LISTED + MORE)
            half = LISTED[: LISTED.index('[[entry]]\nid   = "RU-1"')]
            for text, code in (
                (half, "removes"), (LISTED.replace("2026-11-01", "2026-10-01") + MORE, "older"),
            ):  # fmt: skip
                with pytest.raises(Declined) as declined:
                    await wallet.load(text)
                assert declined.value.code == code
            assert len(wallet.desk.loaded["own"].entries) == 3
            (loaded,) = await wallet.load(half, is_meant=True)
            assert loaded.removed == 2
            with pytest.raises(Problems):
                await wallet.load("nonsense", name="list.txt")

    run(go())


def test_two_who_tell_of_the_same_matches_tell_each_once():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            for number in range(1, 6):
                await wallet.send(registration(number, "单雄信"))
            await asyncio.gather(*(wallet.desk._tell_fresh() for _ in range(3)))
            assert len(wallet.desk.hits()) == 5
            told = [each for _, each in wallet.platform.archive.records() if getattr(each, "event_type", "") == MATCH]
            assert len(told) == 5

    run(go())


# ---- what becomes of a match


def test_two_people_clear_a_match_and_it_holds_for_this_customer_and_this_entry_alone():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            (hit,) = wallet.desk.hits()
            entry = await wallet.ask(hit)
            with pytest.raises(NotAgreed):
                await wallet.agree(entry, "limin")
            assert wallet.desk.hits("open")
            await wallet.agree(entry)
            (hit,) = wallet.desk.hits("cleared")
            assert (hit.by, hit.second) == ("limin", "wang")
            same = await wallet.sent(registration(2, "单雄信", user="u1"))
            other = await wallet.sent(registration(3, "单雄信"))
            assert wallet.values(same)["name_listed"] == 0
            assert (other["outcome"], len(wallet.desk.hits("open"))) == ("review", 1)

    run(go())


def test_a_cleared_match_opens_again_when_the_entry_reads_otherwise():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            await wallet.agree(await wallet.ask(wallet.desk.hits()[0]))
            await wallet.load(LISTED.replace('["1970-03-14"]', '["1971-03-14"]'))
            (hit,) = wallet.desk.hits()
            assert (hit.state, hit.found) == ("open", "list")
            assert (await wallet.sent(registration(2, "单雄信", user="u1")))["outcome"] == "review"

    run(go())


def test_what_was_agreed_upon_for_an_entry_that_has_changed_since_is_asked_for_again():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            entry = await wallet.ask(wallet.desk.hits()[0])
            await wallet.load(LISTED.replace('["1970-03-14"]', '["1971-03-14"]'))
            with pytest.raises(NotAgreed):
                await wallet.agree(entry)
            assert wallet.desk.hits("open")

    run(go())


def test_one_person_confirms_and_business_stops_at_once_in_both_directions():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            assert (await wallet.sent(transfer(1, user="u1", payee="u5")))["outcome"] == "allow"
            hit = await wallet.desk.confirm(actor(), decision_id(wallet.desk.hits()[0].seq), "the same birth and face")
            assert hit.state == "confirmed"
            for document in (transfer(2, user="u1", payee="u5"), transfer(3, user="u5", payee="u1")):
                answer = await wallet.sent(document)
                assert answer["outcome"] == "deny"
                assert [each["rule"] for each in answer["reasons"]] == ["restricted"]
            with pytest.raises(Declined):
                await wallet.desk.confirm(actor(), decision_id(hit.seq), "twice")

    run(go())


def test_a_freeze_that_the_lane_could_not_take_is_made_as_soon_as_it_can():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            tell = wallet.desk._tell

            async def busy(event_type, fields, identifier=""):
                return event_type != "list_entry" and await tell(event_type, fields, identifier)

            wallet.desk._tell = busy
            await wallet.desk.confirm(actor(), decision_id(wallet.desk.hits()[0].seq), "the same")
            assert wallet.desk._is_owed
            wallet.desk._tell = tell
            await wallet.desk._freeze_again()
            assert not wallet.desk._is_owed
            assert (await wallet.sent(transfer(2, user="u1", payee="u5")))["outcome"] == "deny"

    run(go())


def test_whoever_can_not_be_taken_off_the_list_stays_confirmed():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            hit = await wallet.desk.confirm(actor(), decision_id(wallet.desk.hits()[0].seq), "looks the same")

            async def busy(*_):
                return False

            wallet.desk._tell = busy
            with pytest.raises(NotRecorded):
                await wallet.desk.settle(decision_id(hit.seq), hit.mark, "lifted", "limin", "wang", "his brother")
            assert wallet.desk.hits("confirmed")

    run(go())


def test_a_lower_threshold_finds_names_that_were_looked_for_under_a_higher_one():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            screener, from_ = wallet.platform.screener, [100]
            screener._threshold = lambda: from_[0]
            assert wallet.values(await wallet.sent(registration(1, "單雄信")))["name_listed"] == 0
            from_[0] = 80
            assert wallet.values(await wallet.sent(registration(2, "單雄信")))["name_listed"] == 99

    run(go())


def test_two_people_lift_a_freeze_and_business_goes_on():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            hit = await wallet.desk.confirm(actor(), decision_id(wallet.desk.hits()[0].seq), "looks the same")
            with pytest.raises(NotAgreed):
                await wallet.ask(hit, "screening.clear")
            await wallet.agree(await wallet.ask(hit, "screening.lift", why="the police say it is his brother"))
            assert wallet.desk.hits("lifted")
            assert "u1" not in wallet.platform.lane.state.lists.entries[FROZEN]
            assert (await wallet.sent(transfer(2, user="u1", payee="u5")))["outcome"] == "allow"

    run(go())


def test_whoever_only_audits_settles_nothing():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            hit = wallet.desk.hits()[0]
            with pytest.raises(Forbidden):
                await wallet.ask(hit, who="chen")
            with pytest.raises(Forbidden):
                await wallet.agree(await wallet.ask(hit), "chen")

    run(go())


def test_matches_and_freezes_survive_a_loss_of_power_with_and_without_a_snapshot():
    async def go(with_snapshot):
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "单雄信"))
            await wallet.sent(transfer(1, "Sergej Lavrovsky"))
            if with_snapshot:
                await wallet.platform.snapshot()
            await wallet.desk.confirm(actor(), decision_id(wallet.desk.hits()[1].seq), "the same")
            kept = wallet.platform.screened
            async with again(wallet) as later:
                assert later.platform.screened == kept
                assert (await later.sent(transfer(2, user="u1", payee="u5")))["outcome"] == "deny"

    run(go(with_snapshot=False))
    run(go(with_snapshot=True))


def test_two_people_take_a_list_out_of_force():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            entry = await wallet.approvals.propose(
                wallet.principal("wang"), "watchlist.drop", {"list": "own", "reason": "replaced"}, "replaced"
            )
            await wallet.agree(entry, "sun")
            assert wallet.desk.loaded == {}
            assert wallet.values(await wallet.sent(registration(1, "单雄信")))["name_listed"] is None

    run(go())


def test_why_a_match_was_found_is_told_in_both_languages_and_without_the_customers_own_words():
    async def go():
        async with Wallet() as wallet:
            await wallet.load()
            await wallet.sent(registration(1, "Xiongxin Canary Shan"))
            told = await wallet.desk.why(wallet.desk.hits()[0])
            assert "CN-1" in told.zh[0]
            assert len(told.zh) == len(told.en) > 1
            assert "canary" not in str(told).casefold()

    run(go())


# ---- the control


def test_the_control_fails_without_lists_with_stale_ones_and_with_a_damaged_one():
    async def go():
        async with Wallet() as wallet:
            ground = SimpleNamespace(blobs=wallet.blobs, clock=wallet.clock)
            asked = Asked({"days_max": 7})
            with pytest.raises(Failed):
                watch_lists_fresh(ground, asked)
            await wallet.load()
            assert watch_lists_fresh(ground, asked)["own"]["entries"] == 2
            wallet.clock.at_us += 8 * DAY_US
            with pytest.raises(Failed, match="not loaded for over 7 days: own"):
                watch_lists_fresh(ground, asked)
            await wallet.load()
            watch_lists_fresh(ground, asked)
            (name,) = wallet.blobs.names(shelf.PREFIX)
            wallet.blobs.save(name, [b"{broken"])
            with pytest.raises(Failed, match="damaged"):
                watch_lists_fresh(ground, asked)

    run(go())
