"""The house that works cases, with the pages of links: a ring of mules, a shared address, and quiet customers."""

from functools import partial

from cases_world import FILES, HOW, World

from jindi.doors.console.links import LinkPages
from jindi.run.links import Desk, Following
from jindi.stores import SqliteLinks
from links_world import TRANSFER, TRANSFERS, send
from shop_world import EVENTS, HOUR_US, NOON_US, pay

KEEP_DAYS = 90


def _files():
    files = dict(FILES)
    files["shop/events.toml"] = files["shop/events.toml"] + TRANSFER
    assert EVENTS.splitlines()[1] in files["shop/events.toml"]
    return files | {"shop/policies/transfer.toml": TRANSFERS}


class LinkWorld(World):
    """The world of cases, and who hangs together with whom."""

    def __init__(self, settings=HOW, files=None, store=None):
        super().__init__(settings, files or _files())
        self.store = store or SqliteLinks(":memory:")

    def groups(self, permits):
        self.linking = Following(self.platform, self.store, self.told.append, KEEP_DAYS, rest_s=0)
        self.linked = Desk(self.platform, self.linking)
        return [
            partial(
                LinkPages, self.linked, audit=self.audit, reveals=self.reveals, cases=self.desk,
                approvals=self.approvals,
            )
        ]  # fmt: skip

    async def __aexit__(self, *_):
        await self.linking.close()
        await super().__aexit__(*_)

    async def happens(self, *documents):
        made = await super().happens(*documents)
        await self.linking.catch_up()
        return made

    def name(self, kind, value):
        return self.linked.name_of(kind, value)

    async def fill(self):
        """A ring: u1 and u2 on one device send to a mule, and the mule to others; a hundred and thirty share an
        address."""
        at_us, number = NOON_US, iter(range(1, 10_000))

        def paid(user, amount="10.00", device=None, card=None, ip=None, **more):
            return pay(next(number), amount, self.clock.at_us, user=user, device=device, card=card, ip=ip, **more)

        def sent(user, payee, amount="10.00", **more):
            return send(next(number), user, payee, amount, self.clock.at_us, **more)

        await self.happens(
            *(paid(f"u{n}", "12000.00", device="device-shared-1", ip="203.0.113.9") for n in (1, 2)),
            *(paid(f"u{n}", "30.00", device=f"device-own-{n}", card="6222021234567890128") for n in (1, 5, 6)),
            *(sent(f"u{n}", "mule", "15000.00", device="device-shared-1") for n in (1, 2)),
            *(sent("mule", f"m{n}", "900.00") for n in range(4)), sent("m1", "boss", "20000.00"),
            *(paid(f"q{n}", ip="203.0.113.9") for n in range(130)),
        )  # fmt: skip
        self.clock.at_us = at_us + 60 * HOUR_US
        await self.happens(
            sent("boss", "far", "50.00"),
            paid("u1", "20.00", device="device-shared-1"),
            paid("u9", device="device-own-5"),
        )


__all__ = ["KEEP_DAYS", "LinkWorld", "send"]
