"""Sessions: a signed-in person's browser, for a limited time."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.roles import Role
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.basics.instants import HOUR_US, MINUTE_US
from jindi.ports import Blobs

IDLE_US = 30 * MINUTE_US
"""A session that nobody used for this long has ended."""

ABSOLUTE_US = 12 * HOUR_US
"""However busy, a session ends after this long: a working day, not a week."""

FRESH_US = 5 * MINUTE_US
"""A second factor that was shown less than this ago is fresh, for one's own account and for the policies. The figure is
a design default; that there is such a limit: OWASP ASVS 5.0, 7.5.3.
"""

_SAVE_EVERY_US = MINUTE_US
"""Use is noted on disk at most once a minute: a restart may shorten a session by that, never lengthen it."""

_ID_LENGTH_MAX = 64

RolesNow = Callable[[str, int], frozenset[Role] | None]
"""The roles that an account has now, if sessions that were opened at an epoch of it go on; None: they have ended. For
the account "" of nobody it says whether sessions that were opened with a link or a key go on, with no roles.
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, with which rights, since when, last used when. `id` is public: it names the session in
    records and lists, and opens nothing.

    A session of an account has the account's id, its roles as they are now, and no scopes. One that was opened with a
    link or a key has scopes, and no account. `mfa_us` is the instant at which a second factor was last shown, None:
    never. `device` is the known device's id, `by` how its owner came in: `password`, `oidc`, `key`, `link`.
    """

    id: str
    who: str
    scopes: frozenset[Scope]
    opened_us: int
    used_us: int
    account: str = ""
    roles: frozenset[Role] = frozenset()
    mfa_us: int | None = None
    device: str = ""
    by: str = ""
    key: str = ""
    """The id of the API key that it was opened with; it ends with that."""
    also: tuple[str, ...] = ()
    """Marks of those who knew that key's secret."""

    @property
    def principal(self) -> Principal:
        """Who acts in this session, as the policies see him."""
        if self.account:
            return Principal(Kind.PERSON, self.account, self.who, self.roles, mfa_us=self.mfa_us, session=self.id)
        return Principal(
            Kind.LINK, self.id, self.who, scopes=self.scopes, session=self.id, via=self.key, also=frozenset(self.also)
        )

    def is_fresh(self, now_us: int) -> bool:
        """Whether a second factor was shown so recently that sensitive things may be done."""
        return self.mfa_us is not None and now_us - self.mfa_us < FRESH_US


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just opened. `clear_id` goes into the cookie and is kept nowhere in the house."""

    clear_id: str
    session: Session


class _Record(msgspec.Struct, frozen=True):
    digest: bytes
    who: str
    scopes: list[Scope]
    opened_us: int
    used_us: int
    account: str = ""
    epoch: int = 0
    mfa_us: int | None = None
    device: str = ""
    by: str = ""
    key: str = ""
    also: list[str] = []


class Sessions:
    """All open sessions, by the digest of their id. Ended ones are forgotten when a new one opens.

    `roles_now` is asked at each look: a disabled account, a changed password or other roles end sessions at once,
    also those that lay on the disk. Without it there are no sessions of accounts.
    """

    BLOB = "access-sessions.json"

    def __init__(
        self, blobs: Blobs, random: RandomBytes, *, idle_us: int = IDLE_US, absolute_us: int = ABSOLUTE_US,
        roles_now: RolesNow = lambda account, _: None if account else frozenset(),
    ) -> None:  # fmt: skip
        self._blobs, self._random, self._roles_now = blobs, random, roles_now
        self._idle_us, self._absolute_us = idle_us, absolute_us
        self._records = {record.digest: record for record in read_records(blobs, self.BLOB, _Record)}
        self._saved_us: dict[bytes, int] = {d: record.used_us for d, record in self._records.items()}

    def open(
        self, who: str, scopes: frozenset[Scope], now_us: int, *, account: str = "", epoch: int = 0,
        mfa_us: int | None = None, device: str = "", by: str = "", key: str = "", also: Iterable[str] = (),
    ) -> NewSession:  # fmt: skip
        """A new session under a new id: signing in never goes on with an id from before. `key` is the API key that
        it is opened with, `also` are marks of those who knew its secret.
        """
        assert not (account and scopes), "people have roles, keys and links have scopes"
        clear_id = new_secret("", self._random)
        record = _Record(
            digest_of(clear_id), who, sorted(scopes), now_us, now_us, account, epoch, mfa_us, device, by, key,
            sorted(also),
        )  # fmt: skip
        living = {d: kept for d, kept in self._records.items() if not self._ended(kept, now_us)}
        self._replace(living | {record.digest: record})
        return NewSession(clear_id, self._public(record))

    def read(self, clear_id: str, now_us: int, *, use: bool = True) -> Session | None:
        """The session with this id, or None when there is none or it has ended.

        `use` False looks without counting as use: a page that refreshes itself must not keep a session
        open at an empty desk.
        """
        if len(clear_id) > _ID_LENGTH_MAX:
            return None
        digest = digest_of(clear_id)
        record = self._records.get(digest)
        if record is None:
            return None
        if self._ended(record, now_us):
            self._replace({d: kept for d, kept in self._records.items() if d != digest})
            return None
        if use and now_us > record.used_us:
            record = msgspec.structs.replace(record, used_us=now_us)
            self._records[digest] = record
            if now_us - self._saved_us[digest] >= _SAVE_EVERY_US:
                self._replace(self._records)
        return self._public(record)

    def rotate(self, clear_id: str, now_us: int, *, epoch: int | None = None, mfa_us: int | None = None) -> NewSession:
        """The same session under another id, because it now may more (or its account's epoch went on); the old id
        ends. Its absolute limit does not move. Raises LookupError when there is no such session.
        """
        digest = digest_of(clear_id)
        record = self._records[digest]
        fresh_id = new_secret("", self._random)
        fresh = msgspec.structs.replace(
            record, digest=digest_of(fresh_id), used_us=now_us, epoch=record.epoch if epoch is None else epoch,
            mfa_us=record.mfa_us if mfa_us is None else mfa_us,
        )  # fmt: skip
        rest = {d: kept for d, kept in self._records.items() if d != digest}
        self._replace(rest | {fresh.digest: fresh})
        return NewSession(fresh_id, self._public(fresh))

    def of_account(self, account: str, now_us: int) -> tuple[Session, ...]:
        """The open sessions of an account, the newest first."""
        mine = [each for each in self._records.values() if each.account == account and not self._ended(each, now_us)]
        return tuple(self._public(each) for each in sorted(mine, key=lambda record: -record.opened_us))

    def close(self, clear_id: str) -> bool:
        """End a session now; False when there was none with this id."""
        digest = digest_of(clear_id)
        if digest not in self._records:
            return False
        self._replace({d: record for d, record in self._records.items() if d != digest})
        return True

    def close_one(self, account: str, session: str) -> bool:
        """End a session of an account by its public id; False when the account has none of this id."""
        rest = {
            d: kept
            for d, kept in self._records.items()
            if kept.account != account or session_id(kept.digest) != session
        }
        ended = len(rest) < len(self._records)
        if ended:
            self._replace(rest)
        return ended

    def close_account(self, account: str) -> int:
        """End every session of an account, at once; how many there were."""
        kept = {d: record for d, record in self._records.items() if record.account != account}
        ended = len(self._records) - len(kept)
        if ended:
            self._replace(kept)
        return ended

    def close_all(self, who: str) -> int:
        """End every session of a person, at once; how many there were."""
        kept = {d: record for d, record in self._records.items() if record.who != who}
        ended = len(self._records) - len(kept)
        if ended:
            self._replace(kept)
        return ended

    def _ended(self, record: _Record, now_us: int) -> bool:
        idle, open_for = now_us - record.used_us, now_us - record.opened_us
        if idle >= self._idle_us or open_for >= self._absolute_us:
            return True
        return self._roles_now(record.account, record.epoch) is None

    def _public(self, record: _Record) -> Session:
        roles = self._roles_now(record.account, record.epoch) or frozenset()
        return Session(
            session_id(record.digest), record.who, frozenset(record.scopes), record.opened_us, record.used_us,
            record.account, roles, record.mfa_us, record.device, record.by, record.key, tuple(record.also),
        )  # fmt: skip

    def _replace(self, records: Mapping[bytes, _Record]) -> None:
        save_records(self._blobs, self.BLOB, records.values())
        self._records = dict(records)
        self._saved_us = {d: record.used_us for d, record in records.items()}


def session_id(digest: bytes) -> str:
    """The public name of a session: a part of its id's digest, enough to tell two of one person apart."""
    return f"session_{digest[:6].hex()}"


def csrf_token(clear_id: str) -> str:
    """What a form of this session must bring along: known to the session's own pages, to no other site.

    It is derived from the id with a keyed digest, so it needs no storing and does not tell the id.
    """
    return hmac.new(clear_id.encode(), b"jindi csrf v1", "sha256").hexdigest()


def is_csrf_token(clear_id: str, given: str) -> bool:
    """Whether `given` is this session's token, compared in constant time."""
    return hmac.compare_digest(csrf_token(clear_id).encode(), given.encode())
