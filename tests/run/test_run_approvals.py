"""Four eyes: what one asks for another answers; and everything that somebody may try instead."""

import asyncio
import contextlib
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals_world import (
    ANALYST,
    APPROVER,
    GATEWAY,
    HOUR_US,
    OFFICER,
    SECURITY,
    House,
    after_restart,
    person,
    two,
)
from jindi.access import ACTIONS, PARTIES, ROLES, About, Permits, Scope
from jindi.basics.instants import DAY_US
from jindi.ports import LogFailure
from jindi.run.approvals import Book, content_digest
from jindi.run.approvals.approvals import OPEN_EACH_MAX, Declined, Forbidden, said
from jindi.run.approvals.operations import PAYLOAD_BYTES_MAX, AtOnce, Line
from jindi.run.approvals.vaults import Reseal
from jindi.run.audit import Audit, NotRecorded
from jindi.run.erasures import erase_again
from jindi.run.records import APPROVAL, ApprovalRecord, decode, encode_approval
from jindi.run.recovery import _approvals
from jindi.run.trail import Wanted
from jindi.run.watching.telling import tell
from jindi.stores import MemoryVault
from jindi.vault import Vault
from shop_world import NOON_US, failing_append, pay, run

LATE_US = 72 * HOUR_US


@contextlib.contextmanager
def declined(code):
    with pytest.raises(Declined) as told:
        yield told
    assert told.value.code == code, told.value.en
    assert told.value.zh
    assert told.value.en


def journal(house):
    """All steps of operations in the journal."""
    return [record for _, record in house.shop.platform.archive.records() if isinstance(record, ApprovalRecord)]


def verbs(house):
    return [record.verb for record in journal(house)]


async def doings(house):
    found = (await Audit(house.shop.platform).look(Wanted())).doings
    return [(each.what, each.name) for each in reversed(found)]


# ---- how it is meant


def test_a_key_is_made_by_two_people_and_its_secret_is_shown_once_to_who_asked():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            assert house.state(entry) == "open"
            assert [key.name for key in house.keys.all()] == ["ann", "bob"]
            await house.answer(house.bob, entry)
            assert house.state(entry) == "approved"
            delivery = await house.approvals.collect(house.ann, entry.id)
            holder = house.keys.holder(delivery.shown["api_key"], NOON_US)
            assert (holder.name, holder.scopes, holder.expires_us) == (
                "gateway", {Scope.EVENTS_WRITE}, NOON_US + 30 * DAY_US,
            )  # fmt: skip
            assert house.state(entry) == "applied"
            with declined("not_open"):
                await house.approvals.collect(house.ann, entry.id)
            assert await doings(house) == [
                ("approval.propose", "ann"), ("approval.approve", "bob"), ("approval.collect", "ann"),
                ("key.create", "ann"),
            ]  # fmt: skip
            everything = b"".join(house.shop.platform.archive.raw(seq) for seq in range(house.shop.log.next_seq()))
            assert delivery.shown["api_key"].encode() not in everything
            assert delivery.shown["api_key"] not in repr(delivery)

    run(go())


def test_a_key_that_two_people_end_opens_nothing_at_once():
    async def go():
        async with two() as house:
            clear, old = house.keys.create("old", frozenset({Scope.EVENTS_WRITE}), NOON_US)
            entry = await house.ask(house.ann, "key.revoke", {"key": old.id})
            await house.answer(house.bob, entry)
            assert house.state(entry) == "applied"
            assert house.keys.holder(clear, NOON_US) is None
            assert verbs(house) == ["propose", "approve", "apply"]
            assert ("key.revoke", "bob") in await doings(house)

    run(go())


def test_a_rotated_key_takes_both_secrets_for_the_overlap_and_then_the_new_one():
    async def go():
        async with two() as house:
            before, old = house.keys.create("gateway", frozenset({Scope.EVENTS_WRITE}), NOON_US)
            entry = await house.ask(house.ann, "key.rotate", {"key": old.id, "overlap_hours": 2, "days": 30})
            await house.answer(house.bob, entry)
            after = (await house.approvals.collect(house.ann, entry.id)).shown["api_key"]
            end_us = NOON_US + 2 * HOUR_US
            assert house.keys.holder(before, end_us - 1).id == house.keys.holder(after, end_us - 1).id == old.id
            assert house.keys.holder(before, end_us) is None
            assert house.keys.holder(after, NOON_US + 30 * DAY_US - 1).id == old.id
            assert house.keys.holder(after, NOON_US + 30 * DAY_US) is None

    run(go())


def test_the_ring_is_rotated_by_two_and_an_old_version_destroyed_by_three_people():
    async def go():
        async with two() as house:
            cleo = house.key("cleo")
            await house.answer(house.bob, await house.ask(house.ann, "vault.rotate", {}))
            assert [each.state for each in house.vault.versions] == ["retired", "active"]
            entry = await house.ask(house.ann, "vault.destroy", {"version": 1})
            await house.answer(house.bob, entry)
            assert house.state(entry) == "open"
            with declined("twice"):
                await house.answer(house.bob, entry)
            await house.answer(cleo, entry)
            assert house.state(entry) == "applied"
            assert [each.state for each in house.vault.versions] == ["destroyed", "active"]

    run(go())


def test_rows_are_sealed_anew_when_two_people_want_it_and_not_twice_at_a_time():
    async def go():
        async with two() as house:
            await house.shop.send(pay(1))
            house.approvals.register(Reseal(house.vault))
            entry = await house.ask(house.ann, "vault.reseal", {})
            assert house.vault.status().to_reseal is None
            await house.answer(house.bob, entry)
            assert (house.state(entry), house.vault.status().to_reseal is not None) == ("applied", True)
            with declined("unfit"):
                await house.ask(house.ann, "vault.reseal", {})

    run(go())


def test_a_person_is_erased_by_two_and_the_journal_names_him_by_a_token_only():
    async def go():
        async with two() as house:
            await house.shop.send(pay(1, user="u-4711-canary"))
            asks = house.key("dora", Scope.SUBJECTS_ACT)
            entry = await house.ask(asks, "subject.erase", {"subject": "u-4711-canary"}, "request 12 of today")
            assert b"u-4711-canary" not in entry.asked.payload
            await house.answer(house.ann, entry)
            assert house.state(entry) == "applied"
            assert not house.vault.has("u-4711-canary")
            assert not any(b"u-4711-canary" in encode_approval(each) for each in journal(house))

    run(go())


def test_a_person_whom_two_have_erased_does_not_come_back_with_an_older_key_book():
    async def go():
        async with two() as house:
            await house.shop.send(pay(1, user="u-4711"))
            await house.shop.send(pay(2, user="u-4712"))
            book = MemoryVault()
            for subject in house.vault._store.subjects():
                book.add([subject], house.vault._store.rows_of(subject.number))
            older = Vault(book, house.vault._ring)
            asks = house.key("dora", Scope.SUBJECTS_ACT)
            entry = await house.ask(asks, "subject.erase", {"subject": "u-4711"}, "request 12 of today")
            await house.answer(house.ann, entry)
            assert older.has("u-4711"), "an older copy still has him"
            assert erase_again(older, house.shop.log, NOON_US + 1) == 1
            assert (older.has("u-4711"), older.has("u-4712")) == (False, True)

    run(go())


def test_nothing_is_proposed_that_nobody_else_could_approve_and_the_remedy_is_told():
    async def go():
        async with House() as house:
            ann = house.key("ann")
            house.key("Ann ", Scope.ADMIN)
            house.key("reader", Scope.DECISIONS_READ)
            with declined("no_approver") as told:
                await house.ask(ann)
            assert "four_eyes" in told.value.en
            house.key("bob")
            await house.ask(ann)
            await house.shop.send(pay(1))
            with declined("no_approver"):
                await house.ask(ann, "vault.destroy", {"version": 1}) if house.vault.rotate(NOON_US) else None

    run(go())


def test_without_four_eyes_it_goes_on_alone_and_says_so():
    async def go():
        async with House(is_on=False) as house:
            ann = house.key("ann")
            entry = await house.ask(ann)
            assert (house.state(entry), entry.waived.why) == ("approved", "four_eyes = off")
            assert (await house.approvals.collect(ann, entry.id)).shown["id"].startswith("key_")
            rotated = await house.ask(ann, "vault.rotate", {})
            assert house.state(rotated) == "applied"
            assert verbs(house) == ["propose", "waive", "collect", "propose", "waive", "apply"]

    run(go())


def test_what_was_asked_answered_and_done_is_the_same_after_a_restart_with_and_without_a_snapshot():
    async def go(*, snapshot):
        async with two() as house:
            open_, approved = await house.ask(house.ann), await house.ask(house.bob, "vault.rotate", {})
            await house.answer(house.ann, approved)
            rejected = await house.ask(house.ann, "vault.rotate", {"cipher": "sm4-gcm"})
            await house.approvals.reject(house.bob, rejected.id, "not now")
            if snapshot:
                await house.shop.platform.snapshot()
            before = msgspec.msgpack.encode(house.approvals.book)
            house.shop.platform.lane.settle()
        async with after_restart(house) as again:
            assert msgspec.msgpack.encode(again.approvals.book) == before
            assert [again.state(each) for each in (open_, approved, rejected)] == ["open", "applied", "rejected"]
            await again.answer(house.bob, open_)

    run(go(snapshot=False))
    run(go(snapshot=True))


def test_a_snapshot_of_before_there_were_approvals_is_completed_from_the_journal():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann, "vault.rotate", {})
            await house.answer(house.bob, entry)
            await house.shop.send(pay(1))
            house.shop.platform.lane.settle()
            archive = house.shop.platform.archive
            assert _approvals(archive, house.shop.log.next_seq()) == house.approvals.book
            assert _approvals(archive, entry.seq) == Book()

    run(go())


def test_who_approved_whose_operation_is_told_to_the_engine_that_watches_staff():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann, "vault.rotate", {})
            house.shop.clock.at_us += HOUR_US
            await house.answer(house.bob, entry)
            records = dict(house.shop.platform.archive.records())

            class Facts:
                zone = ZoneInfo("UTC")
                asked = staticmethod(records.get)
                line_of = staticmethod(lambda name: None)

            steps = [seq for seq, record in records.items() if isinstance(record, ApprovalRecord)]
            told = [each for seq in steps for each in tell(seq, records[seq], Facts())]
            assert [each.event_type for each in told] == ["staff_action", "staff_action", "staff_approval"]
            fields = told[-1].fields
            assert (fields["approver"], fields["proposer"], fields["matter"]) == ("bob", "ann", "vault.rotate")
            assert fields["waited_s"] == 3600

    run(go())


# ---- who is who


SAME = {
    "the same key": lambda house: house.ann,
    "another key of the name": lambda house: house.key("ann"),
    "the name in capitals": lambda house: house.key("ANN"),
    "the name in full width": lambda house: house.key("\uff41nn"),
    "the name with an invisible letter": lambda house: house.key("a\u200bnn"),
    "the name with blanks": lambda house: house.key("  ann\u3000"),
    "a session of the name": lambda house: house.session("ann"),
    "a second session": lambda house: house.session("ann", number=2),
    "a key whose secret was shown to ann": lambda house: house.key("deputy", owners=["name:ann"]),
    "a key that was made with ann's key": lambda house: house.key("deputy", owners=[house.ann.id]),
    "a session with such a key": lambda house: house.session("x", key=house.key("deputy", owners=["name:ann"])),
    "an account of the name": lambda house: house.staff("Ann", SECURITY),
    "an account with her login": lambda house: house.staff("A. Li", SECURITY, also=["name:ann"]),
}


@pytest.mark.parametrize("how", SAME)
def test_nobody_approves_his_own_with(how):
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            with declined("own_proposal"):
                await house.answer(SAME[how](house), entry)
            with declined("own_proposal"):
                await house.approvals.reject(SAME[how](house), entry.id, "no")
            assert house.state(entry) == "open"
            assert verbs(house) == ["propose"]

    run(go())


def test_nobody_approves_his_own_with_the_key_that_he_collected_under_another_name():
    async def go():
        async with two() as house:
            first = await house.ask(house.ann, document={"name": "carl", "scopes": ["admin"]})
            await house.answer(house.bob, first)
            made = (await house.approvals.collect(house.ann, first.id)).shown["api_key"]
            carl = house.keys.holder(made, NOON_US).principal
            entry = await house.ask(house.ann)
            with declined("own_proposal"):
                await house.answer(carl, entry)
            with declined("own_proposal"):
                await house.answer(house.session("carl", key=carl), entry)
            other = await house.ask(carl, "vault.rotate", {})
            with declined("own_proposal"):
                await house.answer(house.ann, other)

    run(go())


def test_nobody_approves_his_own_with_a_key_that_he_was_given_a_new_secret_of():
    async def go():
        async with two() as house:
            carl = house.key("carl")
            rotation = await house.ask(house.ann, "key.rotate", {"key": carl.id})
            await house.answer(house.bob, rotation)
            made = (await house.approvals.collect(house.ann, rotation.id)).shown["api_key"]
            entry = await house.ask(house.ann)
            with declined("own_proposal"):
                await house.answer(house.keys.holder(made, NOON_US).principal, entry)

    run(go())


def test_the_start_key_and_the_operator_are_one():
    async def go():
        async with two() as house:
            start = house.key("start")
            entry = await house.ask(start)
            assert entry.asked.name == "operator"
            with declined("own_proposal"):
                await house.answer(house.session("operator"), entry)
            with declined("own_proposal"):
                await house.answer(house.key("start"), entry)
            await house.answer(house.bob, entry)

    run(go())


def test_two_approvals_are_two_people():
    async def go():
        async with two() as house:
            house.key("cleo")
            house.vault.rotate(NOON_US)
            entry = await house.ask(house.ann, "vault.destroy", {"version": 1})
            await house.answer(house.bob, entry)
            for again in (house.bob, house.key("BOB"), house.session("bob"), house.key("d", owners=["name:bob"])):
                with declined("twice"):
                    await house.answer(again, entry)
            assert house.vault.versions[0].state == "retired"

    run(go())


def test_a_namesake_with_an_account_of_his_own_gets_nothing_that_was_asked_for_by_the_other():
    async def go():
        async with House() as house:
            one = house.staff("王伟", SECURITY, account="per_1")
            namesake = house.staff("王伟", SECURITY, account="per_2")
            boss = house.staff("Li", SECURITY)
            entry = await house.ask(one)
            with declined("not_yours"):
                await house.approvals.withdraw(namesake, entry.id, "mine")
            await house.answer(boss, entry)
            with declined("not_yours"):
                await house.approvals.collect(namesake, entry.id)
            await house.approvals.collect(one, entry.id)

    run(go())


# ---- who may


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", PARTIES)
def test_each_kind_is_asked_for_and_answered_by_the_roles_that_it_names(role, kind):
    permits, who = Permits(), person("x", role, now_us=NOON_US)
    about = About(kind=kind, is_sensitive=True)
    may = {
        action: permits.may(who, action, NOON_US, about).allowed for action in ("approval.propose", "approval.approve")
    }
    assert may["approval.propose"] == (role in PARTIES[kind].ask)
    assert may["approval.approve"] == (role in PARTIES[kind].answer)
    # What a role may ask for at all it may do at all, or it is a matter of the two.
    assert kind == "policies.change" or kind in ACTIONS


def test_a_kind_that_is_not_in_the_table_nobody_may_ask_for_or_answer():
    permits = Permits()
    for who in (*(person("x", role, now_us=NOON_US) for role in ROLES), House().key("x", *Scope)):
        for action in ("approval.propose", "approval.approve", "approval.reject"):
            assert permits.may(who, action, NOON_US, About(kind="made.up", is_sensitive=True)).why in (
                "not_for_kind", "not_permitted",
            )  # fmt: skip


def test_an_approver_without_the_right_for_that_kind_is_refused():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            for who in (
                house.key("reader", Scope.DECISIONS_READ), house.key("subjects", Scope.SUBJECTS_ACT),
                house.key("policies", Scope.POLICIES_APPROVE), house.staff("Li", OFFICER), house.staff("Wu", ANALYST),
            ):  # fmt: skip
                with pytest.raises(Forbidden):
                    await house.answer(who, entry)
                with pytest.raises(Forbidden):
                    await house.approvals.reject(who, entry.id, "no")
            await house.answer(house.staff("Zhao", APPROVER), entry)

    run(go())


def test_who_may_not_ask_for_a_kind_is_refused():
    async def go():
        async with two() as house:
            for who in (house.key("r", Scope.DECISIONS_READ), house.staff("Li", ANALYST), house.staff("Wu", APPROVER)):
                with pytest.raises(Forbidden):
                    await house.ask(who)
            # To run the machine is no reason to erase people.
            await house.shop.send(pay(1))
            with pytest.raises(Forbidden):
                await house.ask(house.ann, "subject.erase", {"subject": "u1"})

    run(go())


def test_people_need_a_fresh_second_factor_to_answer_and_to_collect():
    async def go():
        async with House() as house:
            li, wu = house.staff("Li", SECURITY), house.staff("Wu", SECURITY)
            stale_wu, stale_li = (person(each, SECURITY, now_us=NOON_US, fresh=False) for each in ("Wu", "Li"))
            entry = await house.ask(li)
            for act in (house.answer(stale_wu, entry), house.approvals.reject(stale_wu, entry.id, "no")):
                with pytest.raises(Forbidden) as told:
                    await act
                assert told.value.why == "fresh_factor"
            await house.answer(wu, entry)
            with pytest.raises(Forbidden) as told:
                await house.approvals.collect(stale_li, entry.id)
            assert told.value.why == "fresh_factor"
            await house.approvals.collect(li, entry.id)

    run(go())


def test_a_revoked_or_expired_key_approves_nothing():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            old = house.key("old")
            house.keys.revoke(old.id, NOON_US)
            brief = house.key("brief", expires_us=NOON_US)
            for who in (old, brief, house.session("old", key=old)):
                with pytest.raises(Forbidden) as told:
                    await house.answer(who, entry)
                assert told.value.why == "gone"

    run(go())


@pytest.mark.parametrize("how", ["revoked", "expired", "account"])
def test_what_somebody_asked_for_who_has_gone_is_withdrawn(how):
    async def go():
        async with House() as house:
            bob = house.key("bob")
            if how == "account":
                who = house.staff("Li", SECURITY)
            else:
                who = house.key("ann", expires_us=NOON_US + HOUR_US)
            entry = await house.ask(who)
            if how == "revoked":
                house.keys.revoke(who.id, NOON_US)
            elif how == "expired":
                house.shop.clock.at_us += HOUR_US
            else:
                house.people_gone.add(who.id)
            with declined("gone"):
                await house.answer(bob, entry)
            assert house.state(entry) == "withdrawn"

    run(go())


def test_what_those_who_have_gone_asked_for_is_withdrawn_without_anybody_asking():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            house.keys.revoke(house.ann.id, NOON_US)
            await house.approvals.tend()
            assert (house.state(entry), entry.ended.name) == ("withdrawn", "platform")

    run(go())


# ---- what is approved


def test_an_approval_of_another_digest_is_refused():
    async def go():
        async with two() as house:
            entry, other = await house.ask(house.ann), await house.ask(house.ann, "vault.rotate", {})
            for digest in ("", entry.asked.digest[:12], other.asked.digest, entry.asked.digest.upper()):
                with declined("other_digest"):
                    await house.approvals.approve(house.bob, entry.id, digest)
            assert house.state(entry) == "open"

    run(go())


def test_the_digest_covers_kind_payload_base_and_how_many_people_it_takes():
    same = ("key.revoke", b'{"key":"a"}', "base", 1)
    others = [("key.rotate", *same[1:]), (same[0], b'{"key":"b"}', "base", 1), (*same[:2], "x", 1), (*same[:3], 2)]
    assert len({content_digest(*each) for each in (same, *others)}) == 5


def test_what_changed_under_a_proposal_must_be_proposed_again():
    async def go():
        async with two() as house:
            old = house.key("old", Scope.EVENTS_WRITE)
            entries = [
                await house.ask(house.ann, "key.rotate", {"key": old.id}),
                await house.ask(house.ann, "key.create", {**GATEWAY, "name": "new"}),
                await house.ask(house.ann, "vault.rotate", {}),
            ]
            house.keys.revoke(old.id, NOON_US)
            house.key("New", Scope.EVENTS_WRITE)
            house.vault.rotate(NOON_US)
            for entry in entries:
                assert (await house.approvals.standing(entry.id)).is_stale
                with declined("stale"):
                    await house.answer(house.bob, entry)

    run(go())


def test_what_changed_between_approval_and_collection_is_not_handed_out():
    async def go():
        async with two() as house:
            old = house.key("old", Scope.EVENTS_WRITE)
            entry = await house.ask(house.ann, "key.rotate", {"key": old.id})
            await house.answer(house.bob, entry)
            house.keys.revoke(old.id, NOON_US)
            with declined("stale"):
                await house.approvals.collect(house.ann, entry.id)

    run(go())


BAD = {
    "no such scope": ("key.create", {"name": "x", "scopes": ["root"]}),
    "no scope": ("key.create", {"name": "x", "scopes": []}),
    "for ever": ("key.create", {**GATEWAY, "days": 10_000}),
    "no day": ("key.create", {**GATEWAY, "days": 0}),
    "a name that is ours": ("key.create", {**GATEWAY, "name": "Operator"}),
    "a name that is ours, hidden": ("key.create", {**GATEWAY, "name": "\uff33tart"}),
    "an invisible name": ("key.create", {**GATEWAY, "name": "a\u200bnn"}),
    "a name over two lines": ("key.create", {**GATEWAY, "name": "a\x00b"}),
    "a long name": ("key.create", {**GATEWAY, "name": "x" * 65}),
    "a field too many": ("key.create", {**GATEWAY, "owner": "bob"}),
    "the proposer in the payload": ("key.create", {**GATEWAY, "proposer": "bob"}),
    "another type": ("key.create", {**GATEWAY, "days": "30"}),
    "no object": ("key.create", [1]),
    "deep": ("key.create", {"name": [[[[[]]]]]}),
    "no such key": ("key.revoke", {"key": "key_000000000000"}),
    "no such cipher": ("vault.rotate", {"cipher": "rot13"}),
    "the active version": ("vault.destroy", {"version": 1}),
    "nobody": ("subject.erase", {"subject": "u-nobody"}),
    "nobody with a long name": ("subject.erase", {"subject": "u" * 10_000}),
}


@pytest.mark.parametrize("what", BAD)
def test_a_payload_that_makes_no_sense_is_refused_without_a_record_of_it(what):
    async def go():
        async with two() as house:
            kind, document = BAD[what]
            who = house.key("dora", Scope.SUBJECTS_ACT) if kind == "subject.erase" else house.ann
            with declined("unfit") as told:
                await house.ask(who, kind, document)
            assert "u-nobody" not in told.value.en
            assert verbs(house) == []

    run(go())


class Wide(AtOnce):
    """A kind whose payload may be of any length."""

    class Any(msgspec.Struct, frozen=True):
        text: str

    what, asked, kept = "vault.reseal", Any, Any
    done, broken, times, can_record = False, None, 0, True

    async def prepare(self, asked):
        return asked

    async def base(self, kept):
        return ""

    async def is_done(self, kept):
        if not self.can_record:
            raise NotRecorded
        return self.done

    async def apply(self, kept, now_us):
        self.times += 1
        if self.broken is not None:
            raise self.broken
        await asyncio.sleep(0)
        self.done = True

    def on(self, kept):
        return "it"

    def lines(self, kept):
        return (Line("", "", kept.text),)


def test_a_payload_beyond_the_limit_is_refused():
    async def go():
        async with two() as house:
            house.approvals.register(Wide())
            with declined("too_large"):
                await house.ask(house.ann, "vault.reseal", {"text": "x" * PAYLOAD_BYTES_MAX})
            await house.ask(house.ann, "vault.reseal", {"text": "x" * (PAYLOAD_BYTES_MAX - 20)})

    run(go())


def test_a_kind_that_this_platform_does_not_have_is_refused():
    async def go():
        async with two() as house:
            with declined("unknown_kind"):
                await house.ask(house.ann, "vault.reseal", {})
            with pytest.raises(Forbidden):
                await house.ask(house.ann, "rm -rf", {})

    run(go())


@pytest.mark.parametrize(
    "why", ["", " ", "x" * 501, "a\nb approved by carl", "a\rb", "\x1b[2K", "\u202eevil", "a\u2028b", "a\u200b", "\0"]
)
def test_a_reason_that_could_pass_for_something_else_is_refused(why):
    async def go():
        async with two() as house:
            with declined("why"):
                await house.ask(house.ann, why=why)
            entry = await house.ask(house.ann)
            with declined("why"):
                await house.approvals.reject(house.bob, entry.id, why)
            assert verbs(house) == ["propose"]

    run(go())


@given(st.text(max_size=40))
def test_a_reason_that_is_kept_is_one_line_of_visible_text(text):
    with contextlib.suppress(Declined):
        kept = said(text)
        assert kept.splitlines() == [kept]
        assert "\x1b" not in kept


def test_nobody_buries_what_others_ask_under_his_own():
    async def go():
        async with two() as house:
            for number in range(OPEN_EACH_MAX):
                await house.ask(house.ann, document={**GATEWAY, "name": f"g{number}"})
            with declined("too_many"):
                await house.ask(house.session("ann"), document={**GATEWAY, "name": "one more"})
            await house.ask(house.bob)

    run(go())


def test_the_same_is_not_asked_for_twice():
    async def go():
        async with two() as house:
            await house.ask(house.ann)
            with declined("already_proposed"):
                await house.ask(house.bob)

    run(go())


# ---- when


def test_what_nobody_has_answered_ends_to_the_microsecond():
    async def go():
        async with two() as house:
            entry, other = await house.ask(house.ann), await house.ask(house.ann, "vault.rotate", {})
            house.shop.clock.at_us = NOON_US + LATE_US - 1
            await house.answer(house.bob, other)
            house.shop.clock.at_us += 1
            with declined("not_open") as told:
                await house.answer(house.bob, entry)
            assert "expired" in told.value.en

    run(go())


def test_a_clock_that_is_put_back_brings_nothing_back():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            house.shop.clock.at_us = NOON_US + LATE_US
            assert house.state(entry) == "expired"
            house.shop.clock.at_us = NOON_US
            with declined("not_open"):
                await house.answer(house.bob, entry)

    run(go())


def test_what_was_approved_and_never_collected_ends():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            await house.answer(house.bob, entry)
            house.shop.clock.at_us += LATE_US
            with declined("not_open"):
                await house.approvals.collect(house.ann, entry.id)
            assert house.state(entry) == "expired"

    run(go())


def test_a_kind_may_have_hours_of_its_own():
    async def go():
        async with House(open_us=HOUR_US, open_us_of={"vault.rotate": 2 * HOUR_US}) as house:
            ann, _ = house.key("ann"), house.key("bob")
            entries = [await house.ask(ann), await house.ask(ann, "vault.rotate", {})]
            assert [each.asked.expires_us - NOON_US for each in entries] == [HOUR_US, 2 * HOUR_US]

    run(go())


# ---- again, at once, and half-way


def test_an_approval_that_is_sent_again_is_refused():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann, "vault.rotate", {})
            await house.answer(house.bob, entry)
            with declined("not_open"):
                await house.answer(house.bob, entry)
            assert len(house.vault.versions) == 2

    run(go())


def test_what_was_withdrawn_or_rejected_is_approved_by_nobody():
    async def go():
        async with two() as house:
            withdrawn, rejected = await house.ask(house.ann), await house.ask(house.ann, "vault.rotate", {})
            await house.approvals.withdraw(house.ann, withdrawn.id, "a slip")
            await house.approvals.reject(house.bob, rejected.id, "not today")
            for entry in (withdrawn, rejected):
                with declined("not_open"):
                    await house.answer(house.bob, entry)
            assert len(house.vault.versions) == 1

    run(go())


def test_what_somebody_else_asked_for_is_neither_withdrawn_nor_collected():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            with declined("not_yours"):
                await house.approvals.withdraw(house.bob, entry.id, "away with it")
            await house.answer(house.bob, entry)
            for who in (house.bob, house.key("eve"), house.key("d", owners=["name:ann"])):
                with declined("not_yours"):
                    await house.approvals.collect(who, entry.id)
            assert house.state(entry) == "approved"

    run(go())


@pytest.mark.parametrize("identifier", ["apr_00000000ffff", "apr_1", "chg_000000000001", "", "apr_00000000000G"])
def test_what_does_not_exist_is_approved_by_nobody(identifier):
    async def go():
        async with two() as house:
            with pytest.raises(LookupError):
                await house.approvals.approve(house.bob, identifier, "0" * 64)

    run(go())


def test_the_id_of_another_record_is_no_operation():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            await house.approvals.reject(house.bob, entry.id, "no")
            seq = house.shop.log.next_seq() - 1
            with pytest.raises(LookupError):
                await house.approvals.approve(house.bob, f"apr_{seq:012x}", entry.asked.digest)

    run(go())


def test_two_approvers_who_race_have_it_done_once():
    async def go():
        async with two() as house:
            wide, cleo = Wide(), house.key("cleo")
            house.approvals.register(wide)
            entry = await house.ask(house.ann, "vault.reseal", {"text": "x"})
            answers = await asyncio.gather(
                *(house.answer(who, entry) for who in (house.bob, cleo, house.bob)), return_exceptions=True
            )
            assert sorted(isinstance(each, Declined) for each in answers) == [False, True, True]
            assert wide.times == 1
            assert verbs(house) == ["propose", "approve", "apply"]

    run(go())


def test_two_who_collect_at_once_get_one_secret():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            await house.answer(house.bob, entry)
            given = await asyncio.gather(
                *(house.approvals.collect(house.ann, entry.id) for _ in range(3)), return_exceptions=True
            )
            assert sum(not isinstance(each, Exception) for each in given) == 1
            assert [key.name for key in house.keys.all()].count("gateway") == 1

    run(go())


def test_what_fails_is_recorded_without_the_errors_own_words_and_not_tried_again():
    async def go():
        async with two() as house:
            wide = Wide()
            wide.broken = RuntimeError("13812345678 could not be written")
            house.approvals.register(wide)
            entry = await house.ask(house.ann, "vault.reseal", {"text": "x"})
            await house.answer(house.bob, entry)
            assert (house.state(entry), entry.outcome.why) == ("failed", "RuntimeError")
            await house.approvals.tend()
            assert wide.times == 1
            assert not any(b"13812345678" in encode_approval(each) for each in journal(house))

    run(go())


def test_a_key_that_can_not_be_saved_is_recorded_as_failed():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            await house.answer(house.bob, entry)

            def broken(*_, **__):
                raise OSError(28, "no space")

            real, house.keys._blobs.save = house.keys._blobs.save, broken
            with pytest.raises(OSError, match="no space"):
                await house.approvals.collect(house.ann, entry.id)
            house.keys._blobs.save = real
            assert house.state(entry) == "failed"
            assert [key.name for key in house.keys.all()] == ["ann", "bob"]

    run(go())


class Crash(BaseException):
    """The machine goes away."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_approved_when_the_machine_went_away_is_done_once_after_the_start(when):
    async def go():
        async with two() as house:
            wide = Wide()
            house.approvals.register(wide)
            entry = await house.ask(house.ann, "vault.reseal", {"text": "x"})
            real = wide.apply

            async def crash(kept, now_us):
                if when == "after":
                    await real(kept, now_us)
                raise Crash

            wide.apply = crash
            with pytest.raises(Crash):
                await house.answer(house.bob, entry)
            wide.apply = real
            house.shop.platform.lane.settle()
        async with after_restart(house) as again:
            again.approvals.register(wide)
            assert again.state(entry) == "approved"
            await again.approvals.tend()
            await again.approvals.tend()
            assert (again.state(entry), wide.times) == ("applied", 1)

    run(go())


def test_what_was_approved_long_before_a_start_is_not_done_any_more():
    async def go():
        async with two() as house:
            wide = Wide()
            house.approvals.register(wide)
            entry = await house.ask(house.ann, "vault.reseal", {"text": "x"})
            wide.apply = None  # to call it is an error of another kind
            house.approvals._operations.pop("vault.reseal")
            with declined("unknown_kind"):
                await house.answer(house.bob, entry)
            wide = Wide()
            house.approvals.register(wide)
            wide.can_record = False
            await house.answer(house.bob, entry)
            wide.can_record = True
            house.shop.clock.at_us += LATE_US
            await house.approvals.tend()
            assert (house.state(entry), wide.times) == ("expired", 0)

    run(go())


def test_after_a_crash_between_record_and_key_nothing_is_handed_out_twice():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann)
            await house.answer(house.bob, entry)

            def crash(*_, **__):
                raise Crash

            house.keys.create = crash
            with pytest.raises(Crash):
                await house.approvals.collect(house.ann, entry.id)
            house.shop.platform.lane.settle()
        async with after_restart(house) as again:
            with declined("not_open"):
                await again.approvals.collect(house.ann, entry.id)
            assert [key.name for key in again.keys.all()] == ["ann", "bob"]

    run(go())


def test_without_a_record_nothing_is_approved_and_nothing_done():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann, "vault.rotate", {})
            with failing_append(house.shop.log, LogFailure("the disk is full")), pytest.raises(NotRecorded):
                await house.answer(house.bob, entry)
            assert len(house.vault.versions) == 1
            await house.shop.platform._recover()
            assert house.state(entry) == "open"
            await house.answer(house.bob, entry)
            assert len(house.vault.versions) == 2

    run(go())


def test_what_is_done_and_could_not_be_recorded_as_done_is_not_done_twice():
    async def go():
        async with two() as house:
            entry = await house.ask(house.ann, "vault.rotate", {})
            log, real = house.shop.log, house.vault.rotate

            def rotate(*given):
                made = real(*given)
                log.append_was, log.append = log.append, fail
                return made

            def fail(*_):
                raise LogFailure("the disk is full")

            house.vault.rotate = rotate
            await house.answer(house.bob, entry)
            house.vault.rotate, log.append = real, log.append_was
            await house.shop.platform._recover()
            assert house.state(entry) == "approved"
            await house.approvals.tend()
            assert house.state(entry) == "applied"
            assert len(house.vault.versions) == 2

    run(go())


def test_an_erasure_that_is_done_late_leaves_who_came_in_later_under_the_same_name():
    async def go():
        async with two() as house:
            await house.shop.send(pay(1))
            asks = house.key("dora", Scope.SUBJECTS_ACT)
            entry = await house.ask(asks, "subject.erase", {"subject": "u1"})
            house.vault.erase("u1", NOON_US)
            await house.shop.send(pay(2))
            with declined("stale"):
                await house.answer(house.ann, entry)
            assert house.vault.has("u1")

    run(go())


# ---- records that somebody forged


def step(verb, of=-1, marks=("name:ann",), at_us=NOON_US, digest=None, **more):
    payload = b'{"version":1}'
    content = content_digest("vault.destroy", payload, "", more.get("needed", 1)) if digest is None else digest
    fields = {"payload": payload, "expires_us": NOON_US + HOUR_US, "needed": 1} if verb == "propose" else {}
    return ApprovalRecord(
        APPROVAL, at_us, verb, "", "x", "", of=of, what="vault.destroy", digest=content, marks=tuple(marks),
        **{**fields, **more},
    )  # fmt: skip


BOB = ("name:bob",)
FORGED = {
    "an approval of nothing": [step("approve", 0, BOB)],
    "an approval before its proposal": [step("approve", 1, BOB), step("propose")],
    "an approval of one's own": [step("propose"), step("approve", 0)],
    "an approval of nobody": [step("propose"), step("approve", 0, ())],
    "an approval of other content": [step("propose"), step("approve", 0, BOB, digest="0" * 64)],
    "an approval too late": [step("propose"), step("approve", 0, BOB, at_us=NOON_US + HOUR_US)],
    "an approval of before": [step("propose"), step("approve", 0, BOB, at_us=NOON_US - 1)],
    "an approval after the end": [step("propose"), step("reject", 0, BOB), step("approve", 0, BOB)],
    "one person twice": [step("propose", needed=2), *[step("approve", 0, BOB, needed=2)] * 2],
    "a proposal of nobody": [step("propose", marks=()), step("approve", 0, BOB)],
    "a proposal that takes nobody": [step("propose", needed=0), step("approve", 0, BOB)],
    "a proposal with another's digest": [step("propose", digest="0" * 64), step("approve", 0, BOB, digest="0" * 64)],
    "a waiver by a person": [step("propose"), step("waive", 0, BOB)],
    "done without an approval": [step("propose"), step("apply", 0, ())],
    "collected without an approval": [step("propose"), step("collect", 0)],
    "a verb of another version": [step("propose"), step("grant", 0, BOB)],
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_step_in_the_journal_changes_nothing(what):
    book = Book()
    for seq, record in enumerate(FORGED[what]):
        book.note(seq, record)
    assert all(entry.approved_us < 0 and entry.outcome is None for entry in book.entries.values())


def test_the_result_is_collected_by_its_proposer_in_the_journal_too():
    book = Book()
    for seq, record in enumerate([step("propose"), step("approve", 0, BOB), step("collect", 0, BOB)]):
        book.note(seq, record)
    assert book.entries[0].outcome is None
    assert book.note(3, step("collect", 0))
    assert not book.note(4, step("apply", 0, ()))
    assert book.note(5, step("fail", 0, ()))
    assert book.entries[0].state(NOON_US) == "failed"


STEPS = st.builds(
    step, st.sampled_from(["propose", "approve", "reject", "withdraw", "waive", "apply", "collect", "fail"]),
    st.integers(-1, 5), st.sampled_from([(), ("name:ann",), ("name:bob",), ("name:ann", "name:bob"), ("name:cleo",)]),
    st.integers(NOON_US - 1, NOON_US + HOUR_US + 1), needed=st.integers(0, 2),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=12))
def test_whatever_stands_in_the_journal_nothing_is_done_without_so_many_other_people(records):
    book = Book()
    for seq, record in enumerate(records):
        book.note(seq, decode(encode_approval(record)))
    for entry in book.entries.values():
        people = [set(each.marks) for each in entry.approvals]
        assert all(marks.isdisjoint(entry.asked.marks) for marks in people)
        assert sum(map(len, people)) == len(set().union(*people))
        if entry.outcome is not None and entry.waived is None:
            assert len(people) == entry.asked.needed > 0
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(book), type=Book)
    assert again == book
