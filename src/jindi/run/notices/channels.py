"""The channels of teams: where each leads, for which roles, and from which level on. Their addresses are secrets."""

from collections.abc import Callable
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from jindi.access import ROLES, Role, folded, person_name
from jindi.basics.identifiers import holds_personal_number
from jindi.packs import LEVELS, Level
from jindi.ports import Blobs
from jindi.run.notices.chat import is_secret
from jindi.run.notices.mail import is_address

Kind = Literal["mail", "webhook", "dingtalk", "wecom", "feishu", "slack"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SIGNED: Final = ("webhook", "dingtalk", "feishu")
"""Kinds that have a secret beside their address."""

CHANNELS_MAX: Final = 32
State = Literal["asked", "on", "off"]

Wrong = Literal["kind", "name", "address", "reach", "secret", "roles", "level", "lang", "many", "taken", "no_mail"]
WRONG: Final[tuple[Wrong, ...]] = get_args(Wrong)


class Unfit(ValueError):  # noqa: N818 - what the person is told
    """A channel that can't be; `why` names the sentence."""

    def __init__(self, why: Wrong) -> None:
        self.why: Wrong = why
        super().__init__(why)


class Unknown(LookupError):  # noqa: N818 - what is told
    """There is no such channel."""


class Channel(msgspec.Struct, frozen=True):
    """A team's channel. `asked`: it waits for a second person, and nothing goes there. `address` and `secret` are shown
    to nobody any more.
    """

    id: str
    kind: Kind
    name: str
    address: str
    secret: str
    roles: tuple[Role, ...]
    least: Level
    lang: str
    state: State
    created_us: int

    @property
    def place(self) -> str:
        """Where it leads, as far as it may be shown: the host."""
        return self.address.rpartition("@")[2] if self.kind == "mail" else urlsplit(self.address).netloc

    def hears(self, level: int, roles: frozenset[Role]) -> bool:
        """Whether it is told of something of a level that concerns these roles."""
        return self.state == "on" and level >= LEVELS.index(self.least) and not roles.isdisjoint(self.roles)


class Wanted(msgspec.Struct, frozen=True):
    """A channel as somebody asks for it. A webhook needs a secret (`whsec_…`), which its receiver has, too."""

    kind: str
    name: str
    address: str
    secret: str = ""
    roles: tuple[str, ...] = ()
    least: str = "medium"
    lang: str = "zh"


class Channels:
    """All channels, in memory and durable under one private name."""

    BLOB = "notice-channels.json"

    def __init__(self, blobs: Blobs, random: Callable[[int], bytes]) -> None:
        self._blobs, self._random = blobs, random
        raw = blobs.load(self.BLOB)
        try:
            found = [] if raw is None else msgspec.json.decode(raw, type=list[Channel])
        except msgspec.DecodeError as damage:
            raise ValueError(f"{self.BLOB}: not what was written ({damage}); restore it from a backup") from None
        self._all = {each.id: each for each in found}

    def all(self) -> tuple[Channel, ...]:
        """All of them, the oldest first."""
        return tuple(sorted(self._all.values(), key=lambda each: (each.created_us, each.id)))

    def get(self, identifier: str) -> Channel:
        """One of them. Raises Unknown."""
        if (found := self._all.get(identifier)) is None:
            raise Unknown("there is no channel with this id")
        return found

    def ask(self, wanted: Wanted, now_us: int, check: Callable[[str], None]) -> Channel:
        """A channel that waits for a second person. `check` raises for an address that nothing may go to. Raises
        Unfit.
        """
        made = self._made(wanted, now_us)
        if made.kind != "mail":
            try:
                check(made.address)
            except Exception:  # noqa: BLE001 - whatever says no, the person is told that it may not go there
                raise Unfit("reach") from None
        self._replace(made)
        return made

    def _made(self, wanted: Wanted, now_us: int) -> Channel:
        kind = next((each for each in KINDS if each == wanted.kind), None)
        if kind is None:
            raise Unfit("kind")
        try:
            name = person_name(wanted.name)
        except ValueError:
            raise Unfit("name") from None
        if holds_personal_number(name):
            raise Unfit("name")
        if any(folded(name) == folded(each.name) for each in self._all.values()):
            raise Unfit("taken")
        if len(self._all) >= CHANNELS_MAX:
            raise Unfit("many")
        if kind == "mail" and not is_address(wanted.address):
            raise Unfit("address")
        secret = wanted.secret
        if not is_secret(kind, secret) or (secret and kind not in SIGNED):
            raise Unfit("secret")
        roles = tuple(each for each in ROLES if each.value in wanted.roles)
        if not roles or len(roles) != len(set(wanted.roles)):
            raise Unfit("roles")
        least = next((each for each in LEVELS if each == wanted.least), None)
        if least is None:
            raise Unfit("level")
        if wanted.lang not in ("zh", "en"):
            raise Unfit("lang")
        identifier = f"ch_{self._random(6).hex()}"
        return Channel(identifier, kind, name, wanted.address, secret, roles, least, wanted.lang, "asked", now_us)

    def put(self, identifier: str, state: State) -> Channel:
        """Switch a channel on or off. Raises Unknown."""
        changed = msgspec.structs.replace(self.get(identifier), state=state)
        self._replace(changed)
        return changed

    def remove(self, identifier: str) -> None:
        """Forget a channel for good. Raises Unknown."""
        self.get(identifier)
        self._save({key: each for key, each in self._all.items() if key != identifier})

    def _replace(self, channel: Channel) -> None:
        self._save(self._all | {channel.id: channel})

    def _save(self, found: dict[str, Channel]) -> None:
        self._blobs.save(self.BLOB, [msgspec.json.encode(list(found.values()))], private=True)
        self._all = found
