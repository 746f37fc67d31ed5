"""A temporary freeze begins at once, ends by itself to the instant, and both are in the journal."""

import pytest

from jindi.basics.instants import format_instant
from jindi.run.freezes import LIST, Declined, Freezes
from screening_world import Wallet, actor, transfer
from shop_world import HOUR_US, copied, run

ORDER = "2026-0042"


class Frozen(Wallet):
    async def __aenter__(self):
        await super().__aenter__()
        self.freezes = Freezes(self.platform, self.audit)
        return self

    async def may_send(self, number, user="u1", payee="u9"):
        at = format_instant(self.clock.at_us)
        return (await self.send(transfer(number, user=user, payee=payee, at=at)))["outcome"] != "deny"

    def entries(self):
        """What was told about the list, in the order of the journal."""
        found = []
        for _, record in self.platform.archive.records():
            if getattr(record, "event_type", None) == "list_entry":
                names = [field.name for field in self.platform.archive.fields(record.definitions, "list_entry")]
                found.append(dict(zip(names, record.values, strict=True)))
        return found


def test_money_neither_leaves_nor_reaches_whoever_is_frozen_and_after_two_days_it_does():
    async def go():
        async with Frozen() as wallet:
            assert await wallet.may_send(1)
            freeze = await wallet.freezes.begin(actor("wang"), "u1", ORDER)
            assert freeze.until_us == wallet.clock.at_us + 48 * HOUR_US
            assert not await wallet.may_send(2)
            assert not await wallet.may_send(3, user="u2", payee="u1")
            assert await wallet.may_send(4, user="u2", payee="u3")
            wallet.clock.at_us = freeze.until_us - 1
            assert not await wallet.may_send(5)
            wallet.clock.at_us = freeze.until_us
            assert await wallet.may_send(6), "before anybody told of it"

    run(go())


def test_that_it_ended_is_told_once():
    async def go():
        async with Frozen() as wallet:
            freeze = await wallet.freezes.begin(actor("wang"), "u1", ORDER)
            assert await wallet.freezes.round() == 0
            assert [each.user for each in wallet.freezes.live()] == ["u1"]
            wallet.clock.at_us = freeze.until_us
            assert await wallet.freezes.round() == 1
            assert await wallet.freezes.round() == 0
            assert wallet.freezes.live() == []
            begun, ended = wallet.entries()
            assert (begun["list"], begun["action"], begun["reason"], begun["by"]) == (
                LIST,
                "add",
                "order 2026-0042",
                "wang",
            )
            assert (ended["action"], ended["by"]) == ("remove", "platform")
            assert ended["reason"].endswith("without a further order")

    run(go())


def test_a_restart_in_between_neither_forgets_nor_prolongs_it():
    async def go():
        async with Frozen() as wallet:
            freeze = await wallet.freezes.begin(actor("wang"), "u1", ORDER)
            log = copied(wallet.log)
            async with Frozen(log=log, clock=wallet.clock, vault=wallet.platform.vault) as other:
                assert other.freezes.of("u1") == freeze
                other.clock.at_us = freeze.until_us
                assert other.freezes.of("u1") is None
                assert await other.freezes.round() == 1

    run(go())


@pytest.mark.parametrize(
    ("user", "order", "why"),
    [("u1", " ", "order"), ("u1", "x" * 101, "order"), (" ", ORDER, "order"), ("u1", "for 13812345678", "order")],
)
def test_an_order_has_a_number_and_nobodys_data(user, order, why):
    async def go():
        async with Frozen() as wallet:
            with pytest.raises(Declined, match=why):
                await wallet.freezes.begin(actor("wang"), user, order)
            assert wallet.entries() == []

    run(go())


def test_nobody_makes_it_longer_and_the_same_order_freezes_once():
    async def go():
        async with Frozen() as wallet:
            freeze = await wallet.freezes.begin(actor("wang"), "u1", ORDER)
            with pytest.raises(Declined, match="frozen"):
                await wallet.freezes.begin(actor("wang"), "u1", "2026-0043")
            wallet.clock.at_us = freeze.until_us
            await wallet.freezes.round()
            with pytest.raises(Declined, match="once"):
                await wallet.freezes.begin(actor("wang"), "u1", ORDER)
            assert wallet.freezes.of("u1") is None
            again = await wallet.freezes.begin(actor("wang"), "u1", "2026-0099")
            assert again.until_us == freeze.until_us + 48 * HOUR_US

    run(go())


def test_without_the_list_nobody_is_frozen():
    async def go():
        from shop_world import shop_files

        async with Frozen(shop_files()) as shop:
            assert not shop.freezes.is_there
            with pytest.raises(Declined, match="no_list"):
                await shop.freezes.begin(actor("wang"), "u1", ORDER)

    run(go())
