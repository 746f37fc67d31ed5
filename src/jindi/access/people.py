"""Staff accounts: who works here, in which roles, and by what each proves who he is.

Every change is durable before it counts, and counts at once: sessions hold an account's id and epoch, and what they
may do is read from the account at each request. What must stay readable (the secrets of apps) is sealed, bound to the
account; of all else only digests and hashes are kept. Instants, random bytes, hashes and the sealing key are handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from jindi.access.devices import DEVICES_MAX, Device, known_device
from jindi.access.logins import normal_login, person_name
from jindi.access.names import folded
from jindi.access.passkeys import PASSKEYS_MAX, Passkey
from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.recovery import new_codes, without_code
from jindi.access.roles import Role, refuse_clash
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.access.totp import AppClock, Shown, Stray, totp_shown
from jindi.basics.instants import DAY_US, HOUR_US
from jindi.ports import Blobs
from jindi.vault import Sealer

INVITATION_LIFETIME_US = 24 * HOUR_US

IDLE_DAYS: Final = ((date(2024, 6, 11), 90, "PCI DSS 4.0.1, 8.2.6", "from memory"),)
"""After so many days without a sign-in an account is disabled: since when, days, source, mark."""

ACCOUNTS_MAX = 10_000
_LINK_LENGTH_MAX = 64


class State(StrEnum):
    """What an account is."""

    INVITED = "invited"
    """It was made, or made anew, and waits for its owner to set a password and a second factor."""
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """A person's account as the house shows it. No secret is in it. `used_us` is the last sign-in, None: never."""

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    state: State
    created_us: int
    used_us: int | None
    password_set_us: int | None
    has_totp: bool
    passkeys: tuple[Passkey, ...]
    codes_left: int
    devices: tuple[Device, ...]
    epoch: int
    invited_until_us: int | None
    why: str
    """Why it was disabled."""

    @property
    def is_active(self) -> bool:
        """Whether its owner may come in."""
        return self.state is State.ACTIVE

    @property
    def has_factor(self) -> bool:
        """Whether there is a second factor that is no recovery code."""
        return self.has_totp or bool(self.passkeys)


class _Record(msgspec.Struct, frozen=True):
    id: str
    login: str
    name: str
    roles: list[Role]
    state: State
    created_us: int
    epoch: int = 0
    used_us: int | None = None
    password: str = ""
    password_set_us: int | None = None
    history: list[str] = []
    totp: bytes = b""
    totp_last: int = -1
    totp_ahead_us: int = 0
    totp_stray: Stray | None = None
    passkeys: list[Passkey] = []
    codes: list[bytes] = []
    devices: list[Device] = []
    invitation: bytes = b""
    invited_until_us: int = 0
    subject: str = ""
    """Who the company's own sign-in says this is (issuer and subject), once it has said so."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor about to be enrolled: the secret of an app with what its first code told of its clock, or a
    passkey.
    """

    totp: bytes = b""
    clock: AppClock = field(default_factory=AppClock)
    passkey: Passkey | None = None

    def __repr__(self) -> str:
        return f"Factor({'passkey' if self.passkey else 'app'})"


class Staff:
    """All accounts of a platform, in memory and durable under one private name. One process at a time owns them."""

    BLOB = "access-staff.json"

    def __init__(self, blobs: Blobs, random: RandomBytes, sealer: Callable[[], Sealer], *, history: int = 4) -> None:
        self._blobs, self._random, self._sealer, self._history = blobs, random, sealer, history
        self._records = {record.id: record for record in read_records(blobs, self.BLOB, _Record)}
        self._by_login = {record.login: record.id for record in self._records.values()}
        if len(self._by_login) < len(self._records):
            raise ValueError(f"{self.BLOB}: two accounts have one login; restore it from a backup")
        self.changes = 0
        """How often anything changed: what was learnt of accounts before the last time no longer counts."""

    # ---- who there is

    def all(self) -> tuple[StaffAccount, ...]:
        """Every account ever made, by login."""
        return tuple(_public(each) for each in sorted(self._records.values(), key=lambda record: record.login))

    def get(self, account: str) -> StaffAccount | None:
        """The account of this id."""
        record = self._records.get(account)
        return None if record is None else _public(record)

    def named(self, login: str) -> StaffAccount | None:
        """The account of this login, however it is spelt; None for what is no login, too."""
        try:
            return self.get(self._by_login.get(normal_login(login), ""))
        except ValueError:
            return None

    def has_active(self) -> bool:
        """Whether anybody can come in by an account: then there are no other ways for people."""
        return any(record.state is State.ACTIVE for record in self._records.values())

    def principals(self) -> tuple[Principal, ...]:
        """Everybody who may come in, as the policies see them."""
        active = (each for each in self._records.values() if each.state is State.ACTIVE)
        return tuple(Principal(Kind.PERSON, each.id, each.name, frozenset(each.roles)) for each in active)

    def is_gone(self, account: str) -> bool:
        """Whether this is an account that may act no more."""
        record = self._records.get(account)
        return record is not None and record.state is not State.ACTIVE

    def roles_now(self, account: str, epoch: int) -> frozenset[Role] | None:
        """What sessions ask at each look: the roles, or None where a session of this epoch has ended.

        For nobody's account: sessions that were opened with a link or a key go on until the first account is active.
        """
        if not account:
            return None if self.has_active() else frozenset()
        record = self._records.get(account)
        if record is None or record.state is not State.ACTIVE or record.epoch != epoch:
            return None
        return frozenset(record.roles)

    # ---- coming and going

    def invite(self, login: str, name: str, roles: frozenset[Role], now_us: int) -> tuple[str, StaffAccount]:
        """A new account and the token of its one-time link. Raises ValueError."""
        login, name = normal_login(login), person_name(name)
        refuse_clash(roles)
        if login in self._by_login:
            raise ValueError("there is an account with this login; give the person another one, or reset that one")
        if any(folded(name) == folded(each.name) for each in self._records.values()):
            # Records name people: nobody approves what somebody of his name proposed, and notifications are told to
            # names.
            raise ValueError("there is an account with this name; add what tells the two apart")
        if len(self._records) >= ACCOUNTS_MAX:
            raise ValueError(f"there are {ACCOUNTS_MAX} accounts, and no more are taken")
        record = _Record(f"per_{self._random(6).hex()}", login, name, sorted(roles), State.INVITED, now_us)
        assert record.id not in self._records, "the source of random bytes repeats itself"
        return self._invited(record, now_us)

    def invite_again(self, account: str, now_us: int) -> tuple[str, StaffAccount]:
        """Another link in the place of one that was lost or has expired; the old one ends. Raises ValueError."""
        record = self._must_have(account)
        if record.state is not State.INVITED:
            raise ValueError("this account is not waiting for its owner; reset it instead")
        return self._invited(record, now_us)

    def reset(self, account: str, now_us: int) -> tuple[str, StaffAccount]:
        """Begin anew: password, second factors, codes, devices and sessions end; a link as for a new account.

        There is no other way for somebody who has lost his factors: nobody comes in by less than two.
        Raises ValueError.
        """
        record = self._must_have(account)
        if record.state is State.DISABLED:
            raise ValueError("this account is disabled; enable it first")
        blank = msgspec.structs.replace(
            record, state=State.INVITED, epoch=record.epoch + 1, password="", password_set_us=None,
            totp=b"", totp_last=-1, totp_ahead_us=0, totp_stray=None, passkeys=[], codes=[], devices=[],
            history=_remembered(record, self._history),
        )  # fmt: skip
        return self._invited(blank, now_us)

    def invited(self, token: str, now_us: int) -> StaffAccount | None:
        """Whose link this is; None when it is unknown, used or expired. Uses nothing up."""
        record = self._invited_by(token, now_us)
        return None if record is None else _public(record)

    def accept(self, token: str, password: str, factor: Factor, now_us: int) -> tuple[StaffAccount, tuple[str, ...]]:
        """Use a link up: the account has this password (its hash) and this factor from now on, and is active.

        All of it is durable together. Also gives the recovery codes, which are shown once. Raises ValueError when
        the link is unknown, used or expired, or there is no factor.
        """
        record = self._invited_by(token, now_us)
        if record is None:
            raise ValueError("this invitation is unknown, used or expired; ask for another one")
        if not factor.totp and factor.passkey is None:
            raise ValueError("there is no second factor; set one up")
        codes, kept = new_codes(self._random)
        begun = msgspec.structs.replace(
            record, state=State.ACTIVE, password=password, password_set_us=now_us, codes=kept, used_us=now_us,
            invitation=b"", invited_until_us=0, epoch=record.epoch + 1,
        )  # fmt: skip
        return self._save(self._with_factor(begun, factor)), codes

    def disable(self, account: str, why: str) -> StaffAccount:
        """Let somebody in no more, from now on. Raises ValueError for the last security administrator."""
        record = self._must_have(account)
        self._refuse_last(record, frozenset())
        return self._save(msgspec.structs.replace(
            record, state=State.DISABLED, epoch=record.epoch + 1, why=why[:200], invitation=b"", invited_until_us=0
        ))  # fmt: skip

    def enable(self, account: str, now_us: int) -> StaffAccount:
        """Let somebody in again, by the password and factors that he had. Raises ValueError."""
        record = self._must_have(account)
        if record.state is not State.DISABLED:
            raise ValueError("this account is not disabled")
        state = State.ACTIVE if record.password and (record.totp or record.passkeys) else State.INVITED
        # It has lain idle because it was disabled; that is no reason to disable it again.
        used_us = record.used_us if record.used_us is None else now_us
        return self._save(msgspec.structs.replace(record, state=state, why="", used_us=used_us))

    def grant(self, account: str, roles: frozenset[Role]) -> StaffAccount:
        """Give a person these roles and no others, from now on. Raises ValueError.

        Whoever calls this has seen to it that two people want it.
        """
        record = self._must_have(account)
        refuse_clash(roles)
        self._refuse_last(record, roles)
        return self._save(msgspec.structs.replace(record, roles=sorted(roles), epoch=record.epoch + 1))

    def idle(self, now_us: int) -> tuple[StaffAccount, ...]:
        """Active accounts that nobody has signed in to for so long that they are to be disabled.

        The last security administrator is none of them: nobody would be left to let anybody in.
        """
        limit_us = IDLE_DAYS[-1][1] * DAY_US
        return tuple(
            _public(record)
            for record in self._records.values()
            if record.state is State.ACTIVE
            and now_us - (record.created_us if record.used_us is None else record.used_us) >= limit_us
            and not self._is_last(record)
        )

    # ---- passwords

    def hash_of(self, account: str) -> str | None:
        """The hash of the password; None when there is none."""
        record = self._records.get(account)
        return record.password or None if record is not None else None

    def hashes_before(self, account: str) -> tuple[str, ...]:
        """The hashes of the last passwords, this one too, the newest first; as many as the profile remembers."""
        return tuple(_remembered(self._must_have(account), self._history))

    def set_password(self, account: str, hash_: str, now_us: int) -> StaffAccount:
        """Another password from now on. Every session and every half-done sign-in of the account ends."""
        record = self._must_have(account)
        return self._save(msgspec.structs.replace(
            record, password=hash_, password_set_us=now_us, epoch=record.epoch + 1,
            history=_remembered(record, self._history),
        ))  # fmt: skip

    def rehashed(self, account: str, hash_: str) -> None:
        """The same password, hashed at today's cost."""
        self._save(msgspec.structs.replace(self._must_have(account), password=hash_))

    # ---- second factors

    def add_factor(self, account: str, factor: Factor) -> StaffAccount:
        """One more passkey, or an app in the place of the one before. Raises ValueError."""
        return self._save(self._with_factor(self._must_have(account), factor))

    def remove_totp(self, account: str) -> StaffAccount:
        """Without the app. Raises ValueError when it is the only factor."""
        record = self._must_have(account)
        if not record.passkeys:
            raise ValueError("this is the only second factor; set up another one first")
        return self._save(msgspec.structs.replace(record, totp=b"", totp_last=-1, totp_ahead_us=0, totp_stray=None))

    def remove_passkey(self, account: str, public_id: str) -> StaffAccount | None:
        """Without a passkey; None when the account has none of this id. Raises ValueError for the only factor."""
        record = self._must_have(account)
        rest = [each for each in record.passkeys if each.public_id != public_id]
        if len(rest) == len(record.passkeys):
            return None
        if not rest and not record.totp:
            raise ValueError("this is the only second factor; set up another one first")
        return self._save(msgspec.structs.replace(record, passkeys=rest))

    def new_codes(self, account: str) -> tuple[str, ...]:
        """Ten new recovery codes, shown once; the old ones end."""
        codes, kept = new_codes(self._random)
        self._save(msgspec.structs.replace(self._must_have(account), codes=kept))
        return codes

    def use_totp(self, account: str, code: str, now_us: int) -> Shown:
        """What a code of the app is now. Taking it is durable, so it is right only once; a stray one is used up too."""
        record = self._must_have(account)
        if not record.totp:
            return Shown.WRONG
        secret, before = self._sealer().open(record.totp, _bound(account)), _clock(record)
        shown, clock = totp_shown(secret, code, now_us, before)
        if clock != before:
            self._save(_with_clock(record, clock))
        return shown

    def use_code(self, account: str, code: str) -> bool:
        """Whether this is one of the recovery codes. Taking it is durable, so it is right only once."""
        record = self._must_have(account)
        rest = without_code(record.codes, code)
        if rest is not None:
            self._save(msgspec.structs.replace(record, codes=rest))
        return rest is not None

    def used_passkey(self, account: str, passkey: Passkey) -> None:
        """Keep what a passkey now counts."""
        record = self._must_have(account)
        kept = [passkey if each.id == passkey.id else each for each in record.passkeys]
        self._save(msgspec.structs.replace(record, passkeys=kept))

    # ---- devices and sign-ins

    def device(self, account: str, cookie: str, now_us: int) -> Device | None:
        """The known device of an account that carries this cookie."""
        record = self._records.get(account)
        return None if record is None else known_device(record.devices, cookie, now_us)

    def signed_in(self, account: str, cookie: str, device_name: str, now_us: int) -> str | None:
        """Note that somebody came in, by which device; the cookie of a device that is new, to be told it."""
        record = self._must_have(account)
        known, given = known_device(record.devices, cookie, now_us), None
        devices = record.devices
        if known is not None:
            devices = [msgspec.structs.replace(d, used_us=now_us) if d == known else d for d in devices]
        else:
            given = new_secret("", self._random)
            fresh = Device(f"dev_{self._random(6).hex()}", digest_of(given), device_name[:64], now_us, now_us)
            devices = sorted([*devices, fresh], key=lambda device: device.used_us)[-DEVICES_MAX:]
        self._save(msgspec.structs.replace(record, used_us=now_us, devices=devices))
        return given

    def forget_device(self, account: str, device: str) -> bool:
        """A device is a stranger again; False when the account has none of this id."""
        record = self._must_have(account)
        rest = [each for each in record.devices if each.id != device]
        if len(rest) < len(record.devices):
            self._save(msgspec.structs.replace(record, devices=rest))
        return len(rest) < len(record.devices)

    def of_subject(self, subject: str) -> StaffAccount | None:
        """The account that a company's sign-in has been bound to."""
        return next((_public(each) for each in self._records.values() if subject and each.subject == subject), None)

    def may_bind(self, account: str, subject: str) -> bool:
        """Whether an account belongs to the one whom a company's sign-in names, or to nobody there yet."""
        return self._must_have(account).subject in ("", subject)

    def bind(self, account: str, subject: str, *, activate: bool) -> StaffAccount:
        """Bind an account to the one whom a company's sign-in names, for good. Raises ValueError.

        `activate`: an invited account begins so, without a password of its own: the company asks for both factors.
        """
        record = self._must_have(account)
        if not self.may_bind(account, subject):
            raise ValueError("this account belongs to another one of the company's people")
        state = State.ACTIVE if activate and record.state is State.INVITED else record.state
        ended = {"invitation": b"", "invited_until_us": 0} if state is not record.state else {}
        return self._save(msgspec.structs.replace(record, subject=subject, state=state, **ended))

    # ---- within

    def _with_factor(self, record: _Record, factor: Factor) -> _Record:
        if factor.passkey is not None:
            if len(record.passkeys) >= PASSKEYS_MAX:
                raise ValueError(f"an account has at most {PASSKEYS_MAX} passkeys; remove one first")
            if any(each.id == factor.passkey.id for other in self._records.values() for each in other.passkeys):
                raise ValueError("this passkey is somebody's already; use another one")
            record = msgspec.structs.replace(record, passkeys=[*record.passkeys, factor.passkey])
        if factor.totp:
            sealed = self._sealer().seal(factor.totp, _bound(record.id))
            record = _with_clock(msgspec.structs.replace(record, totp=sealed), factor.clock)
        return record

    def _invited(self, record: _Record, now_us: int) -> tuple[str, StaffAccount]:
        token = new_secret("", self._random)
        until_us = now_us + INVITATION_LIFETIME_US
        return token, self._save(
            msgspec.structs.replace(record, invitation=digest_of(token), invited_until_us=until_us)
        )

    def _invited_by(self, token: str, now_us: int) -> _Record | None:
        if not token or len(token) > _LINK_LENGTH_MAX:
            return None
        digest = digest_of(token.encode("utf-8", "surrogatepass"))
        return next(
            (
                record
                for record in self._records.values()
                if record.invitation == digest and record.state is State.INVITED and now_us < record.invited_until_us
            ),
            None,
        )

    def _must_have(self, account: str) -> _Record:
        if (record := self._records.get(account)) is None:
            raise ValueError("there is no such account")
        return record

    def _is_last(self, record: _Record) -> bool:
        """Whether nobody else who is active administers security."""
        return (
            record.state is State.ACTIVE
            and Role.SECURITY_ADMIN in record.roles
            and not any(
                other.id != record.id and other.state is State.ACTIVE and Role.SECURITY_ADMIN in other.roles
                for other in self._records.values()
            )
        )

    def _refuse_last(self, record: _Record, roles: frozenset[Role]) -> None:
        if Role.SECURITY_ADMIN not in roles and self._is_last(record):
            raise ValueError("this is the last active security administrator; make another one first")

    def _save(self, record: _Record) -> StaffAccount:
        records = self._records | {record.id: record}
        save_records(self._blobs, self.BLOB, records.values())  # durable first
        self._records = records
        self._by_login[record.login] = record.id
        self.changes += 1
        return _public(record)


def _remembered(record: _Record, history: int) -> list[str]:
    hashes: Sequence[str] = [record.password, *record.history] if record.password else record.history
    return list(hashes[:history])


def _clock(record: _Record) -> AppClock:
    return AppClock(record.totp_ahead_us, record.totp_last, record.totp_stray)


def _with_clock(record: _Record, clock: AppClock) -> _Record:
    return msgspec.structs.replace(
        record, totp_last=clock.last, totp_ahead_us=clock.ahead_us, totp_stray=clock.stray
    )  # fmt: skip


def _bound(account: str) -> bytes:
    """What the secret of an app is sealed for: it opens in no other account."""
    return f"jindi totp v1 {account}".encode()


def _public(record: _Record) -> StaffAccount:
    return StaffAccount(
        record.id, record.login, record.name, frozenset(record.roles), record.state, record.created_us,
        record.used_us, record.password_set_us, bool(record.totp), tuple(record.passkeys),
        len(record.codes), tuple(record.devices), record.epoch,
        record.invited_until_us or None if record.state is State.INVITED else None, record.why,
    )  # fmt: skip
