"""One-time sign-in links: how a person comes in before there is any other way."""

from dataclasses import dataclass

import msgspec

from jindi.access.records import read_records, save_records
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.basics.instants import MINUTE_US
from jindi.ports import Blobs

LINK_LIFETIME_US = 15 * MINUTE_US
"""A link that was not used within a quarter of an hour is worth nothing to whoever finds it later."""

_PENDING_MAX = 64


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom a link lets in, with which rights, until when."""

    who: str
    scopes: frozenset[Scope]
    expires_us: int


class _Record(msgspec.Struct, frozen=True):
    digest: bytes
    who: str
    scopes: list[Scope]
    expires_us: int


class SignInLinks:
    """The links that were made and not yet used. Looking at one changes nothing; using it ends it."""

    BLOB = "access-links.json"

    def __init__(self, blobs: Blobs, random: RandomBytes) -> None:
        self._blobs, self._random = blobs, random
        self._records = {record.digest: record for record in read_records(blobs, self.BLOB, _Record)}

    def create(self, who: str, scopes: frozenset[Scope], now_us: int) -> str:
        """The token of a new link for a person; it goes into the address `/sign-in/TOKEN`.

        Expired links are forgotten here. Raises ValueError when 64 are still waiting: somebody is
        making links that nobody uses.
        """
        waiting = {d: record for d, record in self._records.items() if now_us < record.expires_us}
        if len(waiting) >= _PENDING_MAX:
            raise ValueError(f"{_PENDING_MAX} sign-in links are waiting; use one, or wait until they expire")
        token = new_secret("", self._random)
        record = _Record(digest_of(token), who, sorted(scopes), now_us + LINK_LIFETIME_US)
        self._replace(waiting | {record.digest: record})
        return token

    def look(self, token: str, now_us: int) -> Invitation | None:
        """Whom the link would let in; None when it is unknown, used or expired. Does not use it up."""
        record = self._records.get(digest_of(token))
        if record is None or now_us >= record.expires_us:
            return None
        return Invitation(record.who, frozenset(record.scopes), record.expires_us)

    def redeem(self, token: str, now_us: int) -> Invitation | None:
        """Use the link up: the invitation the first time, None ever after.

        The use is durable before the invitation is given, so no crash makes a link work twice.
        """
        invitation = self.look(token, now_us)
        if invitation is not None:
            used = digest_of(token)
            self._replace({d: record for d, record in self._records.items() if d != used})
        return invitation

    def _replace(self, records: dict[bytes, _Record]) -> None:
        save_records(self._blobs, self.BLOB, records.values())
        self._records = records
