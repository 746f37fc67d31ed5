"""Sessions: a signed-in person's browser, for a limited time."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.basics.instants import HOUR_US, MINUTE_US
from jindi.ports import Blobs

IDLE_US = 30 * MINUTE_US
"""A session that nobody used for this long has ended."""

ABSOLUTE_US = 12 * HOUR_US
"""However busy, a session ends after this long: a working day, not a week."""

_SAVE_EVERY_US = MINUTE_US
"""Use is noted on disk at most once a minute: a restart may shorten a session by that, never lengthen it."""

_ID_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, with which rights, since when, last used when. `id` is public: it names the session in
    records and opens nothing.
    """

    id: str
    who: str
    scopes: frozenset[Scope]
    opened_us: int
    used_us: int
    key: str = ""
    """The id of the API key that it was opened with; it ends with that."""
    also: tuple[str, ...] = ()
    """Marks of those who knew that key's secret."""

    @property
    def principal(self) -> Principal:
        """Who acts in this session, as the policies see him."""
        return Principal(
            Kind.LINK, self.id, self.who, scopes=self.scopes, session=self.id, via=self.key, also=frozenset(self.also)
        )


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
    key: str = ""
    also: list[str] = []


class Sessions:
    """All open sessions, by the digest of their id. Ended ones are forgotten when a new one opens."""

    BLOB = "access-sessions.json"

    def __init__(
        self, blobs: Blobs, random: RandomBytes, *, idle_us: int = IDLE_US, absolute_us: int = ABSOLUTE_US
    ) -> None:
        self._blobs, self._random = blobs, random
        self._idle_us, self._absolute_us = idle_us, absolute_us
        self._records = {record.digest: record for record in read_records(blobs, self.BLOB, _Record)}
        self._saved_us: dict[bytes, int] = {d: record.used_us for d, record in self._records.items()}

    def open(
        self, who: str, scopes: frozenset[Scope], now_us: int, *, key: str = "", also: Iterable[str] = ()
    ) -> NewSession:
        """A new session under a new id: signing in never goes on with an id from before. `key` is the API key that
        it is opened with, `also` are marks of those who knew its secret.
        """
        clear_id = new_secret("", self._random)
        record = _Record(digest_of(clear_id), who, sorted(scopes), now_us, now_us, key, sorted(also))
        living = {d: kept for d, kept in self._records.items() if not self._ended(kept, now_us)}
        self._replace(living | {record.digest: record})
        return NewSession(clear_id, _public(record))

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
        return _public(record)

    def close(self, clear_id: str) -> bool:
        """End a session now; False when there was none with this id."""
        digest = digest_of(clear_id)
        if digest not in self._records:
            return False
        self._replace({d: record for d, record in self._records.items() if d != digest})
        return True

    def close_all(self, who: str) -> int:
        """End every session of a person, at once; how many there were."""
        kept = {d: record for d, record in self._records.items() if record.who != who}
        ended = len(self._records) - len(kept)
        if ended:
            self._replace(kept)
        return ended

    def _ended(self, record: _Record, now_us: int) -> bool:
        idle, open_for = now_us - record.used_us, now_us - record.opened_us
        return idle >= self._idle_us or open_for >= self._absolute_us

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


def _public(record: _Record) -> Session:
    return Session(
        session_id(record.digest), record.who, frozenset(record.scopes), record.opened_us, record.used_us, record.key,
        tuple(record.also),
    )  # fmt: skip
