"""A wallet with the pack of due diligence, whose customers are rated."""

from functools import cache

from jindi.access import ApiKeys, Permits
from jindi.basics.instants import format_instant
from jindi.run.approvals.approvals import approvals_of
from jindi.run.rating import Desk, Following
from jindi.stores.sqlite_ratings import SqliteRatings
from screening_world import PACKS, Wallet, actor, registration, wallet_files
from shop_world import NOON_US

ORDINARY = {
    "customer_kind": "person", "country": "home", "occupation": "employee", "opened_by": "in_person",
    "public_office": "none", "cooperates": True, "inquiry": False,
}  # fmt: skip
RISKY = ORDINARY | {
    "customer_kind": "other_body", "country": "high_risk", "occupation": "precious_goods", "opened_by": "agent",
    "public_office": "relative",
}  # fmt: skip


@cache
def rated_files():
    pack = PACKS / "diligence"
    files = {f"diligence/{path.relative_to(pack)}": path.read_text("utf-8") for path in sorted(pack.rglob("*.toml"))}
    return dict(wallet_files()) | files


def profile(number, user="u1", at_us=NOON_US, **more):
    return {
        "id": f"f{number}", "type": "customer_profile", "at": format_instant(at_us), "user": user,
    } | ORDINARY | more  # fmt: skip


class Rated(Wallet):
    """The wallet; `ratings` is the desk of ratings, over a store of its own."""

    def __init__(self, files=None, *, store=None, **more):
        super().__init__(files or rated_files(), **more)
        self.store = store or SqliteRatings(":memory:")

    async def __aenter__(self):
        await super().__aenter__()
        self.following = Following(self.platform, self.store, self.told.append, rest_s=0)
        self.ratings = Desk(self.platform, self.following, self.audit)
        return self

    async def rate(self):
        """As many rounds as it takes until nothing is owed."""
        while await self.ratings.round():
            pass

    async def taken_on(self, user="u1", number=1, **more):
        """Somebody opens an account and says who he is; he is rated."""
        phone = f"138000{number:05d}"
        await self.send(
            registration(number, user=user, id=f"r-{user}-{number}", phone=phone, at=format_instant(self.clock.at_us))
        )
        await self.send(profile(f"{user}-{number}", user, self.clock.at_us, **more))
        await self.rate()
        return await self.ratings.standing(user)

    def events(self, event_type):
        """All events of a type, as their fields, in the order of the journal."""
        found = []
        for _, record in self.platform.archive.records():
            if getattr(record, "event_type", None) == event_type:
                names = [field.name for field in self.platform.archive.fields(record.definitions, event_type)]
                found.append(dict(zip(names, record.values, strict=True)) | {"outcome": record.verdict.outcome})
        return found


__all__ = ["NOON_US", "ORDINARY", "RISKY", "ApiKeys", "Permits", "Rated", "actor", "approvals_of", "profile"]
