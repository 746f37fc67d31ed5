"""The life of a version: watched, proposed, approved by another, rolled back; and all of it in the journal."""

import asyncio

import msgspec
import pytest

from jindi import journal
from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problems
from jindi.packs import digest_of
from jindi.run.archive import Archive
from jindi.run.lane import Stopped
from jindi.run.platform import NotNow, Settings
from jindi.run.records import STEP, DefinitionsRecord, StepRecord, decode, encode_step, step_id
from jindi.run.versions import Ledger, extends
from jindi.run.versions.comparing import compare
from jindi.run.versions.desk import Declined, Person
from jindi.run.versions.overlay import compiled
from jindi.stores.files import MemoryBlobs
from shop_world import FEATURES, LIMITS, POLICY, Shop, failing_append, pay, reopened, run, shop_files, state_of
from versions_world import ANN, APPROVED, BOB, CLEO, EAGER, FAST, LOWER, LOWEST, NIGHT, Office, after_restart


def version_of(policy):
    program = compiled(shop_files(policy=policy))
    return program.definitions.live_policy("pay").version


FIRST, SECOND, THIRD = version_of(POLICY), version_of(LOWER), version_of(LOWEST)


def declined(code):
    """A step is declined for this reason."""
    return pytest.raises(Declined, check=lambda error: error.code == code)


# ---- from a draft to what decides, and back


def test_a_draft_is_watched_proposed_approved_and_rolled_back_and_each_time_the_next_event_knows():
    async def go():
        async with Office() as office:
            assert await office.outcome(1) == "allow"
            office.save(LOWER)
            assert office.state(SECOND) == "draft"
            assert await office.outcome(2) == "allow", "what is saved decides nothing"
            assert await office.desk.shadow(ANN, "pay") == SECOND
            assert office.state(SECOND) == "shadow"
            assert await office.outcome(3) == "allow", "a shadow decides nothing"
            assert [v.outcome for v in office.shop.platform.lane.recent[-1].decision.shadows] == ["challenge"]
            proposal = await office.desk.propose(ANN, why="fewer losses")
            assert (proposal.state, office.state(SECOND)) == ("open", "proposed")
            assert await office.outcome(4) == "allow"
            await office.desk.approve(BOB, proposal.id, why="seen")
            assert office.states() == {FIRST: "retired", SECOND: "live"}
            assert await office.outcome(5) == "challenge"
            assert office.shop.platform.lane.recent[-1].decision.shadows == (), "it is no shadow of itself"
            await office.desk.roll_back(BOB, why="too many complaints")
            assert office.states() == {FIRST: "live", SECOND: "retired"}
            assert await office.outcome(6) == "allow"
            assert office.story(SECOND) == ["shadow", "proposed", "approved", "live", "ended"]
            assert office.story(FIRST) == ["live", "ended", "live"]

    run(go())


def test_who_when_and_why_stand_in_the_journal_with_the_digest_of_the_exact_content():
    async def go():
        async with Office() as office:
            proposal = await office.live(LOWER)
            records = [record for _, record in Archive(office.shop.log).records()]
            proposed, approved, definitions = records[1:]
            assert (proposed.verb, proposed.key, proposed.name, proposed.why) == ("propose", "key_ann", "ann", "try it")
            assert (approved.verb, approved.key, approved.of) == ("approve", "key_bob", proposal.seq)
            assert proposed.digest == approved.digest == definitions.digest == digest_of(shop_files(policy=LOWER))
            assert proposed.base == approved.base == digest_of(shop_files())
            assert definitions.cause == 2
            assert proposed.received_us == office.shop.clock.now_us()

    run(go())


def test_an_approval_and_what_it_puts_in_force_are_one_batch():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
            last = list(office.shop.log.read(0))[-1]
            assert last.count == 2

    run(go())


# ---- two people


def test_nobody_approves_a_proposal_of_his_own():
    async def go():
        async with Office() as office:
            proposal = await office.propose(LOWER)
            for same in (ANN, Person("key_other", "ann"), Person("key_ann", "renamed"), Person("", " Ann ")):
                with declined("own_proposal"):
                    await office.desk.approve(same, proposal.id)
            assert office.state(SECOND) == "proposed"
            assert await office.outcome(1) == "allow"
            await office.desk.approve(Person("", "bob"), proposal.id)

    run(go())


def test_a_rejected_or_withdrawn_proposal_can_not_be_approved_any_more():
    async def go():
        async with Office() as office:
            first = await office.propose(LOWER)
            await office.desk.reject(BOB, first.id, why="not now")
            second = await office.propose(LOWER)
            with declined("not_yours"):
                await office.desk.reject(CLEO, second.id, why="no", may_reject=False)
            await office.desk.reject(ANN, second.id, why="a mistake", may_reject=False)
            assert [each.state for each in office.desk.proposals()] == ["withdrawn", "rejected"]
            for each in (first, second):
                with declined("not_open"):
                    await office.desk.approve(BOB, each.id)
            assert office.state(SECOND) == "draft"
            assert office.story(SECOND) == ["proposed", "rejected", "proposed", "withdrawn"]

    run(go())


def test_a_reason_must_be_given_and_not_a_novel():
    async def go():
        async with Office() as office:
            office.save(LOWER)
            for why in ("", "  ", "x" * 501):
                with declined("why"):
                    await office.desk.propose(ANN, why=why)

    run(go())


# ---- exactly what was proposed


def test_a_draft_that_is_edited_after_it_was_proposed_can_not_be_approved():
    async def go():
        async with Office() as office:
            proposal = await office.propose(LOWER)
            office.save(LOWEST)
            assert office.desk.is_edited(office.desk.proposal(proposal.id))
            with declined("edited"):
                await office.desk.approve(BOB, proposal.id)
            office.save(LOWER)
            await office.desk.approve(BOB, proposal.id)

    run(go())


def test_what_was_given_instead_of_saved_is_approved_as_it_was_given_whatever_lies_in_the_folders():
    async def go():
        async with Office() as office:
            files = {path: text for path, text in shop_files(policy=LOWER).items() if path.startswith("shop/")}
            proposal = await office.desk.propose(ANN, files=files, why="from my machine")
            office.save(LOWEST)
            await office.desk.approve(BOB, proposal.id)
            assert office.state(SECOND) == "live"

    run(go())


def test_an_approver_may_name_the_digest_that_he_has_seen():
    async def go():
        async with Office() as office:
            proposal = await office.propose(LOWER)
            digest = proposal.step.record.digest
            for wrong in (digest[:11], "0" * 64, digest[1:13], ""):
                with declined("other_digest"):
                    await office.desk.approve(BOB, proposal.id, digest=wrong)
            await office.desk.approve(BOB, proposal.id, digest=digest[:12])

    run(go())


def test_a_proposal_is_overtaken_when_something_else_came_in_force_meanwhile():
    async def go():
        async with Office() as office:
            lower = await office.propose(LOWER)
            await office.live(LOWEST)
            assert office.desk.proposal(lower.id).state == "overtaken"
            office.save(LOWER)
            with declined("not_open"):
                await office.desk.approve(BOB, lower.id)

    run(go())


async def two_proposals(office):
    """One of a policy and one of a feature, both of them made over the same base."""
    policy = await office.desk.propose(ANN, files=shop_files(policy=LOWER), why="fewer losses")
    feature = await office.desk.propose(CLEO, files=shop_files(features=FEATURES + NIGHT), why="a new window")
    return policy, feature


def test_an_approval_of_other_files_overtakes_nothing_and_the_digest_to_approve_is_the_new_set_s():
    async def go():
        async with Office() as office:
            policy, feature = await two_proposals(office)
            before = await office.desk.review(policy)
            await office.desk.approve(BOB, feature.id, digest=feature.digest)
            carried = office.desk.proposal(policy.id)
            both = shop_files(policy=LOWER, features=FEATURES + NIGHT)
            assert (carried.state, carried.digest) == ("open", compiled(both).digest)
            assert carried.base == digest_of(office.shop.platform.base)
            after = await office.desk.review(carried)
            assert (after.differences, after.text) == (before.differences, before.text), "approvers see the same diff"
            assert (after.base, after.digest) == (carried.base, carried.digest)
            await office.desk.approve(BOB, policy.id, digest=carried.digest)
            assert office.state(SECOND) == "live"
            assert office.shop.platform.base == both

    run(go())


def test_whoever_read_a_proposal_before_it_was_carried_over_approves_nothing_by_what_he_read():
    async def go():
        async with Office() as office:
            policy, feature = await two_proposals(office)
            await office.desk.approve(BOB, feature.id)
            with declined("other_digest"):
                await office.desk.approve(BOB, policy.id, digest=policy.digest)
            with declined("carried"):
                await office.desk.approve(BOB, policy.id)
            with declined("own_proposal"):
                await office.desk.approve(ANN, policy.id, digest=office.desk.proposal(policy.id).digest)
            assert office.state(SECOND) == "proposed"

    run(go())


def test_a_roll_back_carries_over_what_it_does_not_touch_too():
    async def go():
        async with Office() as office:
            await office.live(POLICY, features=FEATURES + NIGHT)
            lower = await office.desk.propose(ANN, ["pay"], files=shop_files(policy=LOWER, features=FEATURES + NIGHT),
                                              why="fewer losses")  # fmt: skip
            await office.desk.roll_back(CLEO, why="nobody reads the window")
            assert office.desk.proposal(lower.id).state == "open"
            await office.desk.approve(BOB, lower.id, digest=office.desk.proposal(lower.id).digest)
            assert office.shop.platform.base == shop_files(policy=LOWER)

    run(go())


def test_what_does_not_load_beside_what_came_in_force_is_overtaken():
    async def go():
        async with Office() as office:
            await office.live(POLICY, features=FEATURES + NIGHT)
            drops = await office.desk.propose(ANN, files=shop_files(), why="nobody reads it")
            reads = await office.desk.propose(CLEO, ["pay"], files=shop_files(policy=FAST, features=FEATURES + NIGHT),
                                              why="I do")  # fmt: skip
            await office.desk.approve(BOB, reads.id)
            assert office.desk.proposal(drops.id).state == "overtaken"
            with declined("not_open"):
                await office.desk.approve(BOB, drops.id, digest=drops.digest)

    run(go())


def test_a_proposal_that_was_carried_over_is_carried_again_and_waits_after_a_restart():
    async def go():
        async with Office() as office:
            policy, feature = await two_proposals(office)
            lists = await office.desk.propose(CLEO, files=shop_files(limits=LIMITS + "\n# looked at\n"), why="a note")
            await office.desk.approve(BOB, feature.id)
            await office.desk.approve(BOB, lists.id, digest=office.desk.proposal(lists.id).digest)
            waits = office.desk.proposal(policy.id)
            assert waits.state == "open"
        async with after_restart(office) as again:
            assert again.desk.proposal(policy.id) == waits
            await again.desk.approve(BOB, policy.id, digest=waits.digest)
            assert again.state(SECOND) == "live"

    run(go())


def test_a_shadow_that_starts_meanwhile_overtakes_nothing():
    async def go():
        async with Office() as office:
            proposal = await office.propose(LOWER)
            office.save(LOWEST)
            await office.desk.shadow(CLEO, "pay")
            office.save(LOWER)
            await office.desk.approve(BOB, proposal.id)
            assert office.states() == {FIRST: "retired", SECOND: "live", THIRD: "shadow"}

    run(go())


def test_a_proposal_that_nobody_answers_ends_after_its_time():
    async def go():
        async with Office(settings=Settings(changes="approved", proposal_us=2 * DAY_US, release_due=False)) as office:
            proposal = await office.propose(LOWER)
            office.shop.clock.at_us += 2 * DAY_US - 1
            assert office.desk.proposal(proposal.id).state == "open"
            office.shop.clock.at_us += 1
            assert office.desk.proposal(proposal.id).state == "expired"
            with declined("not_open"):
                await office.desk.approve(BOB, proposal.id)
            assert (await office.propose(LOWER)).state == "open"

    run(go())


def test_the_same_content_is_proposed_once_and_what_is_in_force_not_at_all():
    async def go():
        async with Office() as office:
            with declined("nothing"):
                await office.propose(POLICY)
            await office.propose(LOWER)
            with declined("already_proposed"):
                await office.propose(LOWER, who=CLEO)

    run(go())


def test_one_policy_can_be_proposed_alone():
    async def go():
        async with Office() as office:
            office.save(LOWER, limits=LIMITS.replace("20000.00", "10.00"))
            proposal = await office.desk.propose(ANN, ["pay"], why="only this")
            assert proposal.step.paths == ("shop/policies/pay.toml",)
            await office.desk.approve(BOB, proposal.id)
            assert await office.outcome(1, "20.00") == "allow"
            with declined("no_draft"):
                await office.desk.propose(ANN, ["nobody"], why="x")

    run(go())


def test_limits_and_features_change_by_approval_too():
    async def go():
        async with Office() as office:
            limits = LIMITS.replace("20000.00", "10.00")
            policy = POLICY.replace('"20000.01"', '"10.01"').replace('"20000.00"', '"10.00"')
            await office.live(policy, limits=limits)
            assert await office.outcome(1, "20.00") == "deny"

    run(go())


# ---- guards


def test_what_does_not_load_or_fails_its_own_cases_is_not_even_proposed():
    async def go():
        async with Office() as office:
            for broken in (POLICY.replace("amount >=", "amuont >="), POLICY.replace('"999.99"', '"1000.00"')):
                with pytest.raises(Problems):
                    await office.propose(broken)
            assert office.desk.proposals() == []

    run(go())


def test_a_rule_that_fires_on_more_than_its_share_goes_live_only_when_it_is_confirmed_by_name():
    async def go():
        async with Office() as office:
            for n in range(250):
                await office.shop.answer(pay(n))
            proposal = await office.propose(EAGER)
            review = await office.desk.review(proposal)
            assert [(each.rule, each.fired, each.events) for each in review.findings] == [("eager", 250, 250)]
            with pytest.raises(Problems, match="eager"):
                await office.desk.approve(BOB, proposal.id)
            with pytest.raises(Problems, match="eager"):
                await office.desk.approve(BOB, proposal.id, confirm=["large"])
            assert await office.outcome("still", "10.00") == "allow"
            await office.desk.approve(BOB, proposal.id, confirm=["eager"])
            assert await office.outcome("now", "10.00") == "review"
            answer = office.desk.proposal(proposal.id).answer
            assert answer.confirmed == ("eager",)

    run(go())


def test_guards_know_the_recent_events_of_before_a_change():
    async def go():
        async with Office() as office:
            for n in range(250):
                await office.shop.answer(pay(n))
            await office.live(LOWER)
            proposal = await office.propose(EAGER)
            with pytest.raises(Problems, match="of the last 250"):
                await office.desk.approve(BOB, proposal.id)

    run(go())


def test_what_the_newest_events_look_like_is_the_same_asked_again_as_asked_for_the_first_time(monkeypatch):
    monkeypatch.setattr("jindi.run.platform.RECENT_MAX", 12)

    async def go():
        async with Shop() as shop:
            program = shop.platform.program
            for number in range(30):
                await shop.answer(pay(number, user=f"u{number % 3}"))
                if number % 4 == 0:
                    again = await shop.platform.recent_facts(program)
                    shop.platform._refitted.clear()
                    anew = await shop.platform.recent_facts(program)
                    assert again == anew
                    assert 0 < sum(map(len, again.values())) <= 12

    run(go())


def test_an_unset_figure_can_not_be_confirmed_away():
    async def go():
        async with Office() as office:
            today = '{ since = 2020-01-01, is = "20000.00", basis = "the owner" }'
            later = LIMITS.replace(
                today,
                today + ', { since = 2027-01-01, is = "placeholder", basis = "not yet" }'
                ', { since = 2028-01-01, is = "20000.00", basis = "the owner" }',
            )
            proposal = await office.propose(LOWER, limits=later)
            with pytest.raises(Problems, match="placeholder"):
                await office.desk.approve(BOB, proposal.id, confirm=["spent-enough", "daily"])

    run(go())


# ---- rolling back


def test_rolling_back_keeps_all_state_and_all_counts():
    async def go():
        async with Office() as office:
            for n in range(5):
                await office.outcome(n)
            await office.live(LOWER)
            await office.outcome(5, "10.00")
            features = office.shop.platform.entity_features("user", "u1")
            await office.desk.roll_back(CLEO, why="back")
            assert office.shop.platform.lane.state.warming == frozenset()
            assert office.shop.platform.entity_features("user", "u1") == features
            assert await office.outcome(6, "10.00") == "allow"
            assert office.shop.platform.entity_features("user", "u1")["pays_1d"] == 7

    run(go())


def test_a_proposal_by_name_that_rests_on_other_drafts_says_which_and_what_to_do():
    async def go():
        async with Office() as office:
            more = LIMITS + LIMITS.replace("[daily]", "[weekly]")
            assert "[weekly]" in more
            office.save(LOWER.replace("limit('daily')", "limit('weekly')"), limits=more)
            with pytest.raises(Problems) as found:
                await office.desk.propose(ANN, ["pay"], why="x")
            assert "unknown limit" in str(found.value) or "weekly" in str(found.value)
            assert "no part of a proposal of policies by name: shop/parameters/limits.toml" in str(found.value)
            assert "propose without a name" in str(found.value)
            await office.desk.propose(ANN, why="x")

    run(go())


def test_a_limit_s_difference_reads_as_its_pack_has_it():
    old, new = (
        compiled(shop_files(limits=each), cases=False).definitions
        for each in (LIMITS, LIMITS.replace("20000.00", "10.00"))
    )
    (difference,) = compare(old, new)
    (aspect,) = difference.aspects
    assert (difference.kind, aspect.name) == ("limit", "value")
    assert aspect.before is not None
    assert aspect.before.startswith("CNY 20,000.00 since 2020-01-01 (")
    assert aspect.after is not None
    assert aspect.after.startswith("CNY 10.00 since ")


def test_rolling_back_twice_goes_back_two_versions_and_never_forth():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
            await office.live(LOWEST)
            await office.desk.roll_back(BOB, why="one")
            assert office.state(SECOND) == "live"
            await office.desk.roll_back(BOB, why="two")
            assert office.state(FIRST) == "live"
            with declined("nowhere"):
                await office.desk.roll_back(BOB, why="three")
            await office.live(LOWEST)
            await office.desk.roll_back(BOB, why="four")
            assert office.state(FIRST) == "live"

    run(go())


def test_one_policy_is_rolled_back_alone():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
            limits = LIMITS.replace("20000.00", "10.00")
            cases = LOWER.replace('"20000.01"', '"10.01"').replace('"20000.00"', '"10.00"')
            await office.live(cases, limits=limits)
            with pytest.raises(Problems, match="case"):
                await office.desk.roll_back(BOB, "pay", why="its cases are of other limits")
            await office.desk.roll_back(BOB, why="all")
            await office.desk.roll_back(BOB, "pay", why="this one")
            assert office.state(FIRST) == "live"
            with declined("nowhere"):
                await office.desk.roll_back(BOB, "pay", why="further")

    run(go())


# ---- shadow versions


def test_any_number_of_versions_are_watched_beside_the_live_one_and_each_is_judged():
    async def go():
        async with Office() as office:
            for policy in (LOWER, LOWEST):
                office.save(policy)
                await office.desk.shadow(ANN, "pay")
            assert await office.outcome(1, "850.00") == "allow"
            shadows = office.shop.platform.lane.recent[-1].decision.shadows
            assert {each.policy: each.outcome for each in shadows} == {SECOND: "allow", THIRD: "challenge"}
            with declined("already_shadow"):
                await office.desk.shadow(BOB, "pay")
            await office.desk.retire(CLEO, SECOND, why="seen enough")
            with declined("no_shadow"):
                await office.desk.retire(CLEO, SECOND)
            await office.outcome(2, "850.00")
            assert [each.policy for each in office.shop.platform.lane.recent[-1].decision.shadows] == [THIRD]

    run(go())


def test_a_shadow_may_bring_features_of_its_own_but_may_change_nothing_that_decides():
    async def go():
        async with Office() as office:
            office.save(FAST, features=FEATURES + NIGHT)
            await office.desk.shadow(ANN, "pay")
            for n in range(3):
                await office.outcome(n, "10.00")
            assert [each.outcome for each in office.shop.platform.lane.recent[-1].decision.shadows] == ["review"]
            more = FEATURES + NIGHT + NIGHT.replace("pays_3h", "pays_4h").replace('"3h"', '"4h"')
            office.save(FAST.replace("pays_3h", "pays_4h"), features=more.replace('over = "7d"', 'over = "8d"'))
            with declined("changes_base") as caught:
                await office.desk.shadow(ANN, "pay")
            assert "device_users" in str(caught.value)
            office.save(FAST.replace("pays_3h", "pays_4h"), features=more)
            await office.desk.shadow(ANN, "pay")
            await office.outcome(3, "10.00")
            assert len(office.shop.platform.lane.recent[-1].decision.shadows) == 2

    run(go())


def test_what_a_shadow_brought_goes_away_with_it_and_stays_when_it_goes_live():
    async def go():
        async with Office() as office:
            before = digest_of(office.shop.platform.program.definitions.source)
            office.save(FAST, features=FEATURES + NIGHT)
            version = await office.desk.shadow(ANN, "pay")
            assert "pays_3h" in office.shop.platform.program.definitions.features
            await office.desk.retire(ANN, version)
            assert office.shop.platform.program.digest == before
            await office.desk.shadow(ANN, "pay")
            await office.live(FAST, features=FEATURES + NIGHT)
            assert office.shop.platform.aside == {}
            assert "pays_3h" in office.shop.platform.program.definitions.features
            assert office.state(version) == "live"

    run(go())


def test_a_shadow_that_no_longer_loads_beside_what_comes_in_force_ends_and_the_operator_is_told():
    async def go():
        async with Office() as office:
            office.save(LOWEST)
            await office.desk.shadow(ANN, "pay")
            without = "\n\n".join(part for part in FEATURES.split("\n\n") if "[device_users]" not in part)
            crowdless = POLICY.split('[[rule]]\nid = "crowd"')[0] + "[[exemption]]" + POLICY.split("[[exemption]]")[1]
            await office.live(crowdless, features=without)
            assert office.state(THIRD) == "retired"
            assert any(THIRD in line for line in office.shop.told)

    run(go())


def test_where_files_are_in_force_at_once_shadows_stay_beside_them_and_nothing_is_proposed():
    async def go():
        async with Office(settings=Settings(release_due=False)) as office:
            office.save(LOWEST)
            await office.desk.shadow(ANN, "pay")
            await office.shop.platform.take(shop_files(policy=LOWER))
            assert await office.outcome(1) == "challenge"
            assert [each.policy for each in office.shop.platform.lane.recent[-1].decision.shadows] == [THIRD]
            for act in (
                office.desk.propose(ANN, why="x"), office.desk.roll_back(BOB, why="x"),
                office.desk.approve(BOB, step_id(1)),
            ):  # fmt: skip
                with declined("files_mode"):
                    await act
            async with reopened(office.shop, files=shop_files(policy=LOWER), blobs=MemoryBlobs()) as again:
                assert [each.id for each in again.platform.program.definitions.policies] == ["pay", THIRD]
                assert again.platform.ledger == office.shop.platform.ledger

    run(go())


def test_a_version_that_lies_in_a_pack_s_own_shadow_folder_is_watched_too():
    files = shop_files() | {"shop/policies/shadow/any-name.toml": LOWER, "shop/policies/shadow/other.toml": LOWEST}
    program = compiled(files)
    assert [each.id for each in program.definitions.policies] == ["pay", SECOND, THIRD]
    assert {each.state for each in program.definitions.policies[1:]} == {"shadow"}
    assert program.events["pay"].live.policy.id == "pay"
    with pytest.raises(Problems, match="too"):
        compiled(files | {"shop/policies/shadow/again.toml": LOWER})


# ---- restarts


@pytest.mark.parametrize("snapshot", [True, False])
def test_after_a_restart_the_same_versions_are_in_force_and_proposals_wait_as_they_did(snapshot):
    async def go():
        async with Office() as office:
            await office.live(LOWER)
            office.save(LOWEST)
            await office.desk.shadow(ANN, "pay")
            proposal = await office.desk.propose(ANN, why="more")
            await office.outcome(1)
            states, ledger = office.states(), office.shop.platform.ledger
            now = state_of(office.shop.platform.lane.state)
        blobs = {} if snapshot else {"blobs": MemoryBlobs()}
        async with after_restart(office, **blobs) as again:
            assert again.shop.platform.replayed == (0 if snapshot else again.shop.log.next_seq())
            assert again.states() == states
            assert again.shop.platform.ledger == ledger
            assert state_of(again.shop.platform.lane.state) == now
            assert await again.outcome(2) == "challenge"
            await again.desk.approve(BOB, proposal.id)
            await again.desk.roll_back(CLEO, why="x")
            await again.desk.roll_back(CLEO, why="y")
            assert again.state(FIRST) == "live"

    run(go())


def test_a_start_over_drafts_in_any_state_goes_on_with_what_the_journal_says():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
        async with after_restart(office, files={"shop/pack.toml": "not toml ="}) as again:
            assert await again.outcome(1) == "challenge"
            assert again.shop.platform.program.digest == digest_of(shop_files(policy=LOWER))

    run(go())


def test_a_snapshot_of_before_there_were_steps_is_completed_from_the_journal():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
            ledger = office.shop.platform.ledger
        name = office.shop.blobs.names("snapshot-")[-1]
        forgotten = _without_ledger(office.shop.blobs.load(name))
        office.shop.blobs.save(name, [forgotten])
        async with after_restart(office) as again:
            assert again.shop.platform.replayed == 0
            assert again.shop.platform.ledger == ledger

    def _without_ledger(data):
        import hashlib

        from jindi.run.snapshots import MAGIC

        at = len(MAGIC)
        length = int.from_bytes(data[at : at + 8], "little")
        header = msgspec.msgpack.decode(data[at + 40 : at + 40 + length])
        del header["ledger"]
        head = msgspec.msgpack.encode(header)
        return MAGIC + len(head).to_bytes(8, "little") + hashlib.sha256(head).digest() + head + data[at + 40 + length :]

    run(go())


def test_an_approval_that_can_not_be_written_is_no_approval():
    async def go():
        async with Office() as office:
            proposal = await office.propose(LOWER)
            with failing_append(office.shop.log, OSError("full")), pytest.raises(NotNow):
                await office.desk.approve(BOB, proposal.id)
            with pytest.raises(Stopped):
                await office.outcome(1)
            await office.shop.platform.tend()
            assert office.states() == {FIRST: "live", SECOND: "proposed"}
            assert await office.outcome(2) == "allow"
            await office.desk.approve(BOB, proposal.id)
            assert await office.outcome(3) == "challenge"

    run(go())


def test_decisions_of_every_version_are_explained_and_answered_with_the_words_of_their_moment():
    async def go():
        async with Office() as office:
            answers = [await office.shop.answer(pay(0, "950.00"))]
            await office.live(LOWER)
            answers.append(await office.shop.answer(pay(1, "950.00")))
            await office.desk.roll_back(BOB, why="x")
            answers.append(await office.shop.answer(pay(2, "950.00")))
        async with after_restart(office, blobs=MemoryBlobs()) as again:
            platform = again.shop.platform
            for answer in answers:
                found = platform.find(msgspec.json.decode(answer)["decision_id"])
                assert platform.answer(found) == answer
                assert platform.explanation(found).outcome == msgspec.json.decode(answer)["outcome"]
            named = [msgspec.json.decode(answer)["policy"] for answer in answers]
            assert named == [FIRST, SECOND, FIRST]

    run(go())


def test_two_who_change_at_once_are_served_one_after_the_other():
    async def go():
        async with Office() as office:
            one, two = await office.propose(LOWER), await office.propose(LOWEST)
            office.desk._saved = dict
            office.desk.is_edited = lambda _: False
            done = await asyncio.gather(
                office.desk.approve(BOB, one.id), office.desk.approve(CLEO, two.id), return_exceptions=True
            )
            assert [type(each) for each in done] == [tuple, Declined]
            assert office.state(SECOND) == "live"

    run(go())


# ---- records


def test_records_of_before_versions_still_read_and_new_ones_are_not_longer_where_nothing_is_said():
    async def go():
        async with Shop() as shop:
            await shop.send(pay(1))
            raw = next(record for frame in shop.log.read(0) for record in journal.unseal(frame.batch).records)
            fields = msgspec.msgpack.decode(raw)
            assert len(fields) == 4
            record = decode(raw)
            assert isinstance(record, DefinitionsRecord)
            assert (record.beneath, record.cause) == (b"", -1)

    run(go())


def test_a_step_comes_back_from_its_bytes():
    step = StepRecord(STEP, 7, "propose", "key", "ann", "why", digest="d", base="b", expires_us=9, patch=b"p")
    assert decode(encode_step(step)) == step
    ledger = Ledger()
    ledger.note(3, msgspec.structs.replace(step, patch=b""))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger), type=Ledger)
    assert again == ledger


def test_only_what_is_the_same_counts_as_extended():
    old = compiled(shop_files()).definitions
    assert extends(old, compiled(shop_files(features=FEATURES + NIGHT)).definitions) == []
    assert extends(old, compiled(shop_files(policy=LOWER)).definitions) == ["pay"]
    assert "daily" in extends(old, compiled(shop_files(limits=LIMITS.replace("2020", "2019"))).definitions)
    assert APPROVED.changes == "approved"


def test_a_start_whose_drafts_differ_says_so():
    async def go():
        async with Office() as office:
            await office.live(LOWER)
        async with after_restart(office, files=shop_files(policy=LOWEST)) as again:
            assert any("saved packs are drafts" in line for line in again.shop.told)
        async with after_restart(office, files=shop_files(policy=LOWER)) as again:
            assert not any("drafts" in line for line in again.shop.told)

    run(go())


def test_a_version_is_looked_at_wherever_it_stands():
    async def go():
        async with Office() as office:
            office.save(LOWER)
            for state in ("draft", "shadow", "proposed", "live", "retired"):
                if state == "shadow":
                    await office.desk.shadow(ANN, "pay")
                elif state == "proposed":
                    proposal = await office.desk.propose(ANN, why="x")
                elif state == "live":
                    await office.desk.approve(BOB, proposal.id)
                elif state == "retired":
                    await office.desk.roll_back(BOB, why="x")
                seen = await office.desk.inspect(SECOND)
                assert (seen.version.state, seen.cases, seen.problems) == (state, 12, ())
                assert [each.name for each in seen.differences] == ([] if state == "live" else ["large"])
            assert await office.desk.inspect("nobody@000000000000") is None
        async with after_restart(office, blobs=MemoryBlobs()) as again:
            again.saved = {}
            seen = await again.desk.inspect(SECOND)
            assert (seen.version.state, len(seen.policy.rules)) == ("retired", 6)

    run(go())


def test_what_is_different_is_told_part_by_part():
    old = compiled(shop_files()).definitions
    changed = FAST.replace("amount >= cny('1000')", "amount >= cny('900')").replace('"999.99"', '"899.99"')
    changed = changed.replace('wait = "2h"', 'wait = "3h"').replace("score = 60", "score = 61")
    changed = (
        changed.split('[[rule]]\nid = "crowd"')[0] + "[[rule]]" + changed.split('id = "crowd"')[1].split("[[rule]]")[1]
    )
    new = compiled(shop_files(policy=changed, features=FEATURES + NIGHT)).definitions
    told = {(each.kind, each.name): each for each in compare(old, new)}
    assert {key: each.what for key, each in told.items()} == {
        ("rule", "large"): "changed", ("rule", "very-large"): "changed", ("rule", "huge"): "changed",
        ("rule", "fast"): "added", ("rule", "crowd"): "removed", ("feature", "pays_3h"): "added",
    }  # fmt: skip
    [wait] = told["rule", "very-large"].aspects
    assert (wait.name, wait.before, wait.after) == ("wait", "2h", "3h")
    [score] = told["rule", "huge"].aspects
    assert (score.name, score.before, score.after) == ("score", "60", "61")
    assert {each.name: each.after for each in told["feature", "pays_3h"].aspects}["over"] == "3h"
    assert compare(old, old) == ()
