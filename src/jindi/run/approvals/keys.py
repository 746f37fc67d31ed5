"""API keys on a running platform: made, given another secret, taken out of force. Each by two people."""

import msgspec

from jindi.access import SCOPES, ApiKey, ApiKeys, Principal, Scope, folded, parse_scopes
from jindi.basics.instants import DAY_US, HOUR_US, format_instant
from jindi.run.approvals.operations import AtOnce, Collected, Delivery, Line, Unfit

NAME_MAX, DAYS_MAX, OVERLAP_HOURS_MAX = 64, 366, 168
RESERVED = frozenset({"start", "operator", "platform"})
"""Names that mean somebody: the keys of a start, whoever its link lets in, and ourselves."""


class CreateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is to be made: whose it is, its rights, and after how many days it ends."""

    name: str
    scopes: list[str]
    days: int = 90


class RevokeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is to end, at once and for good."""

    key: str


class RotateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is to get another secret; the one before is taken for `overlap_hours` more, and the key ends after
    `days`.
    """

    key: str
    overlap_hours: int = 24
    days: int = 90


class Create(Collected[CreateKey, CreateKey]):
    """Make a key. Its secret is shown to whoever asked for it, once."""

    what, asked, kept = "key.create", CreateKey, CreateKey

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def prepare(self, asked: CreateKey) -> CreateKey:
        """The same with a plain name and sorted rights."""
        name = " ".join(asked.name.split())
        if not name or len(name) > NAME_MAX or not name.isprintable() or folded(name) in RESERVED:
            raise Unfit(
                f"密钥名须为 1 至 {NAME_MAX} 个可见字符，且不得为系统保留名",
                f"a key's name has 1 to {NAME_MAX} visible characters, and is none of: {', '.join(sorted(RESERVED))}",
            )
        try:
            scopes = parse_scopes(asked.scopes)
        except ValueError as error:
            raise Unfit(f"权限有误；可用：{', '.join(SCOPES)}", str(error)[:400]) from None
        return CreateKey(name, sorted(scopes), _days(asked.days))

    async def base(self, kept: CreateKey) -> object:
        """The keys of the same name."""
        return sorted(
            key.id for key in self._keys.all() if folded(key.name) == folded(kept.name) and key.revoked_us is None
        )

    async def deliver(self, kept: CreateKey, who: Principal, now_us: int) -> Delivery:
        """The key, and its secret."""
        clear, key = self._keys.create(
            kept.name, frozenset(Scope(each) for each in kept.scopes), now_us, expires_us=now_us + kept.days * DAY_US,
            owners=_known_by(who),
        )  # fmt: skip
        return Delivery({"id": key.id, "api_key": clear})

    def on(self, kept: CreateKey) -> str:
        """As the audit has it since there are keys."""
        return f"{kept.name} [{', '.join(kept.scopes)}]"

    def lines(self, kept: CreateKey) -> tuple[Line, ...]:
        """Name, rights, length; and how many keys count as the same person's already."""
        same = sum(
            folded(key.name) == folded(kept.name) and key.revoked_us is None for key in self._keys.all()
        )  # fmt: skip
        return (
            Line("密钥名", "Name of the key", kept.name),
            Line("同名的现有密钥", "Keys of this name that are there", str(same)),
            Line("权限", "Scopes", ", ".join(kept.scopes)),
            Line("有效天数", "Days in force", str(kept.days)),
        )


class Revoke(AtOnce[RevokeKey, RevokeKey]):
    """Take a key out of force."""

    what, asked, kept = "key.revoke", RevokeKey, RevokeKey

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def prepare(self, asked: RevokeKey) -> RevokeKey:
        """The same, of a key that is not revoked yet."""
        _one(self._keys, asked.key)
        return asked

    async def base(self, kept: RevokeKey) -> object:
        """The key as it stands."""
        return _mark(self._keys.get(kept.key))

    async def is_done(self, kept: RevokeKey) -> bool:
        """Whether it is out of force."""
        key = self._keys.get(kept.key)
        return key is None or key.revoked_us is not None

    async def apply(self, kept: RevokeKey, now_us: int) -> None:
        """From now on it opens nothing; the sessions that it opened end with it."""
        self._keys.revoke(kept.key, now_us)

    def on(self, kept: RevokeKey) -> str:
        """The key."""
        return kept.key

    def lines(self, kept: RevokeKey) -> tuple[Line, ...]:
        """The key and whose it is."""
        return _of(self._keys.get(kept.key), kept.key)


class Rotate(Collected[RotateKey, RotateKey]):
    """Give a key another secret. It is shown to whoever asked for it, once."""

    what, asked, kept = "key.rotate", RotateKey, RotateKey

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def prepare(self, asked: RotateKey) -> RotateKey:
        """The same, of a key that is not revoked and no start's."""
        key = _one(self._keys, asked.key)
        if key.signs:
            raise Unfit(
                "签名密钥的私钥在持有人处，不能由平台轮换：请新建一把",
                "a signing key's secret is its holder's alone and can't be rotated here; make another one",
            )
        if folded(key.name) in RESERVED:
            raise Unfit("启动时生成的密钥不能轮换", "the keys of a start are not rotated; each start makes a new one")
        if not 0 <= asked.overlap_hours <= OVERLAP_HOURS_MAX:
            raise Unfit(
                f"新旧并用须为 0 至 {OVERLAP_HOURS_MAX} 小时", f"the overlap has 0 to {OVERLAP_HOURS_MAX} hours"
            )
        return RotateKey(asked.key, asked.overlap_hours, _days(asked.days))

    async def base(self, kept: RotateKey) -> object:
        """The key as it stands."""
        return _mark(self._keys.get(kept.key))

    async def deliver(self, kept: RotateKey, who: Principal, now_us: int) -> Delivery:
        """The new secret."""
        clear, key = self._keys.rotate(
            kept.key, now_us, overlap_us=kept.overlap_hours * HOUR_US, expires_us=now_us + kept.days * DAY_US,
            owners=_known_by(who),
        )  # fmt: skip
        return Delivery({"id": key.id, "api_key": clear})

    def on(self, kept: RotateKey) -> str:
        """The key."""
        return kept.key

    def lines(self, kept: RotateKey) -> tuple[Line, ...]:
        """The key, how long both secrets are taken, and its end."""
        return (
            *_of(self._keys.get(kept.key), kept.key),
            Line("旧密钥继续有效（小时）", "Hours for which the old secret is taken", str(kept.overlap_hours)),
            Line("有效天数", "Days in force", str(kept.days)),
        )


def _days(days: int) -> int:
    if not 1 <= days <= DAYS_MAX:
        raise Unfit(f"有效期须为 1 至 {DAYS_MAX} 天", f"a key is in force for 1 to {DAYS_MAX} days")
    return days


def _one(keys: ApiKeys, identifier: str) -> ApiKey:
    key = keys.get(identifier)
    if key is None or key.revoked_us is not None:
        raise Unfit("没有此编号的有效密钥", "no key in force has this id")
    return key


def _mark(key: ApiKey | None) -> object:
    """What somebody looked at when he approved: everything but on which day it was used."""
    if key is None:
        return None
    return [key.id, key.name, sorted(key.scopes), key.created_us, key.revoked_us, key.expires_us, key.rotated_us]


def _of(key: ApiKey | None, identifier: str) -> tuple[Line, ...]:
    if key is None:
        return (Line("密钥", "Key", identifier),)
    end = format_instant(key.expires_us) if key.expires_us is not None else "–"
    return (
        Line("密钥", "Key", key.id),
        Line("密钥名", "Name of the key", key.name),
        Line("权限", "Scopes", ", ".join(sorted(key.scopes))),
        Line("到期", "Ends", end),
    )


def _known_by(who: Principal) -> frozenset[str]:
    """The marks of whoever is shown a secret. A session's own id is none: it ends, and the secret stays known."""
    return who.marks - {who.session}
