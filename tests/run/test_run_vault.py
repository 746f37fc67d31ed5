"""The lane with a vault: what travels to it, when, and what is left behind."""

import asyncio
import gc
import json

import pytest

from jindi.journal import unseal
from jindi.ports import VaultFailure
from jindi.run.intake import Intake, Refused
from jindi.run.lane import Conflict, Stopped
from jindi.run.records import DecisionRecord, decode
from jindi.stores import MemoryVault
from jindi.stores.files import MemoryBlobs
from jindi.vault import KeyRing, KeyRoot, Personal, Tokens, Vault, is_token
from shop_world import (
    CANARIES,
    CARD,
    DEVICE,
    EVENTS,
    IP,
    KEY,
    NOON_US,
    PHONE,
    Clock,
    Shop,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
)


def new_vault(store=None):
    root = KeyRoot(bytes(32), "aes-256-gcm", {"kind": "file"})
    return Vault(store or MemoryVault(), KeyRing.create(MemoryBlobs(), root, "aes-256-gcm", 1))


def held(vault):
    """All that a vault holds, opened."""
    names = [each.name for each in vault._store.subjects() if each.wrapped is not None]
    return sorted((each.subject, each.kind, each.clear) for name in names for each in vault.export(name))


SHOP_ROWS = [("u1", "bank_card", CARD), ("u1", "device", DEVICE), ("u1", "ip", IP), ("u1", "phone", PHONE)]


def test_what_an_event_holds_in_clear_is_in_the_vault_when_it_is_answered():
    async def go():
        vault = new_vault()
        async with Shop(vault=vault) as shop:
            await shop.send(pay(1))
            assert held(vault) == SHOP_ROWS
            await shop.send(pay(2, user="u2", card=None))
            assert len(held(vault)) == 7

    run(go())


def test_each_token_in_the_journal_was_durable_in_the_vault_before():
    async def go():
        vault, seen = new_vault(), []
        shop = Shop(vault=vault)
        real = shop.log.append

        def append(batch, first, count):
            for record in unseal(batch).records:
                read = decode(record)
                if isinstance(read, DecisionRecord):
                    tokens = [
                        each for each in read.values if isinstance(each, str) and is_token(each.split(".")[0], each)
                    ]
                    seen.extend((token, bool(vault.look_up(token))) for token in tokens)
            real(batch, first, count)

        shop.log.append = append
        async with shop:
            await asyncio.gather(
                *(shop.submit(pay(n, user=f"u{n % 7}", device=f"device-of-{n:04}")) for n in range(60))
            )
        assert len(seen) == 240
        assert all(known for _, known in seen)

    run(go())


def test_nothing_that_is_remembered_holds_clear_text():
    async def go():
        async with Shop(vault=new_vault()) as shop:
            await asyncio.gather(*(shop.submit(pay(n)) for n in range(9)))
            lane = shop.platform.lane
            assert len(lane.recent) == 9
            assert [each.event.personal for each in lane.recent] == [[]] * 9
            assert lane._personal == []
            remembered = repr([(each.event, each.record) for each in lane.recent])
            assert not [canary for canary in CANARIES if canary in remembered]

    run(go())


def test_what_the_vault_knows_travels_no_more():
    vault = new_vault()
    intake = Intake(Shop().platform._program.definitions, Tokens(KEY), lambda: NOON_US, vault.known)
    first = intake.read(json.dumps(pay(1)).encode())
    assert len(first.personal) == 4
    vault.commit(first.personal, 1)
    assert intake.read(json.dumps(pay(2)).encode()).personal is None
    assert len(intake.read(json.dumps(pay(3, user="u2")).encode()).personal) == 4
    assert not [canary for canary in CANARIES if canary in repr(first)]


def test_without_a_vault_clear_text_ends_at_intake():
    intake = Intake(Shop().platform._program.definitions, Tokens(KEY), lambda: NOON_US)
    assert intake.read(json.dumps(pay(1)).encode()).personal is None


def subjects_of(events, document):
    intake = Intake(
        Shop(files=shop_files(events=events)).platform._program.definitions, Tokens(KEY), lambda: NOON_US, set()
    )
    return {each.token.split(".")[0]: each.subject for each in intake.read(json.dumps(document).encode()).personal}


def test_a_pack_may_say_whose_an_identifier_is():
    owned = EVENTS.replace('identifier = "device", ', 'identifier = "device", subject = "card", ')
    whose = subjects_of(owned, pay(1))
    assert whose["phone"] == "u1"
    assert whose["device"] == Tokens(KEY).token("bank_card", CARD)


def test_an_identifier_of_nobody_known_is_its_own_subject():
    owned = EVENTS.replace('identifier = "device", ', 'identifier = "device", subject = "card", ')
    assert subjects_of(owned, pay(1, card=None))["device"] == Tokens(KEY).token("device", DEVICE)


def test_a_list_entry_in_clear_is_kept_as_its_own_subject_and_a_token_is_not():
    async def go():
        vault = new_vault()
        token = Tokens(KEY).token("phone", PHONE)
        async with Shop(vault=vault) as shop:
            await shop.send(list_entry("l1", "blocked_phones", token))
            await shop.send(list_entry("l2", "blocked", "villain-2"))
            assert held(vault) == []
            await shop.send(list_entry("l3", "blocked_phones", PHONE))
            assert held(vault) == [(token, "phone", PHONE)]

    run(go())


def test_what_is_refused_or_only_tried_leaves_nothing_in_the_vault():
    async def go():
        vault = new_vault()
        async with Shop(vault=vault) as shop:
            await shop.send(pay(1, phone=None, card=None, device=None, ip=None))
            for wrong, kind in ((pay(2, phone="123"), Refused), (pay(1), Conflict)):
                with pytest.raises(kind):
                    shop.submit(wrong)
            shop.platform.try_packs(shop.files, json.dumps(pay(3)).encode())
            await shop.send(pay(4, phone=None, card=None, device=None, ip=None))
            assert held(vault) == []

    run(go())


class Failing(MemoryVault):
    """A store whose disk is full for a while."""

    full = False

    def add(self, subjects, rows, tallied=None):
        if self.full:
            raise VaultFailure("vault.sqlite: SQLITE_FULL")
        return super().add(subjects, rows, tallied)


def test_a_vault_that_fails_stops_the_lane_before_the_journal_and_it_recovers():
    async def go():
        store, clock = Failing(), Clock()
        vault = new_vault(store)
        async with Shop(vault=vault, clock=clock) as shop:
            await shop.send(pay(1))
            length, store.full = shop.log.next_seq(), True
            with pytest.raises(Stopped, match="the vault could not be written"):
                await shop.send(pay(2, phone="13987654321"))
            assert shop.log.next_seq() == length
            with pytest.raises(Stopped):
                shop.submit(pay(3))
            store.full = False
            clock.at_us += 120_000_000
            await shop.platform.tend()
            await shop.send(pay(2, phone="13987654321"))
            assert ("u1", "phone", "13987654321") in held(vault)

    run(go())


def test_a_vault_that_fails_holds_up_no_event_that_brings_nothing_new():
    async def go():
        store = Failing()
        async with Shop(vault=new_vault(store)) as shop:
            await shop.send(pay(1))
            store.full = True
            assert (await shop.send(pay(2)))["outcome"] == "allow"

    run(go())


def test_a_folder_that_had_no_vault_gets_one_and_its_answers_stay():
    async def go():
        async with Shop() as shop:
            first = await shop.answer(pay(1))
        vault = new_vault()
        async with reopened(shop, vault=vault) as again:
            assert await again.answer(pay(1)) == first
            assert held(vault) == []
            await again.send(pay(2))
            assert held(vault) == SHOP_ROWS

    run(go())


def test_a_running_platform_re_wraps_by_itself_after_a_rotation():
    async def go():
        vault = new_vault()
        async with Shop(vault=vault) as shop:
            await asyncio.gather(*(shop.submit(pay(n, user=f"u{n}")) for n in range(20)))
            vault.rotate(2)
            assert vault.status().waiting == 20
            for _ in range(3_000):
                if not vault.status().waiting:
                    break
                await asyncio.sleep(0.05)
            await shop.send(pay(21, user="u21"))
            assert vault.status().counts.versions == {2: 21}

    run(go())


def test_with_and_without_a_vault_the_journal_says_the_same():
    async def go(vault):
        async with Shop(vault=vault) as shop:
            for n in range(5):
                await shop.send(pay(n))
            return [bytes(record) for frame in shop.log.read(0) for record in unseal(frame.batch).records]

    assert run(go(None)) == run(go(new_vault()))


def test_after_an_answer_clear_text_lives_in_no_list_that_waits():
    async def go():
        async with Shop(vault=new_vault()) as shop:
            await shop.send(pay(1, device="a-device-seen-once"))
            await shop.platform.lane.settled()
            gc.collect()
            living = [each for each in gc.get_objects() if isinstance(each, Personal)]
            assert "a-device-seen-once" not in {each.clear for each in living}

    run(go())
