"""The tally: how many rows there are, how often they changed, and a keyed sum over all of them.

A row that somebody takes away, puts back as it was before, or adds makes the sum another one. The tally lies beside the
rows and changes with them in one transaction, sealed, so that who has the file alone can neither make one nor learn
from it what a row adds. An old copy of the whole file brings its own old tally along: that is what `Seen` is for, the
number of changes as it was written down now and then beside the keys.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress

import msgspec

from jindi.ports import SealedRow
from jindi.vault.ciphers import PROFILE_KEY_BYTES, PROFILES, CannotOpen, Sealer
from jindi.vault.ring import KeyRing

SEEN = "rows-seen"
"""The name of what is written down beside the ring."""

_SUM_BYTES = 32
"""A sum modulo 2**256 of values that nobody without the key can tell from chance (Clarke and others, 2003:
MSet-Add-Hash). It is sealed besides: who saw many sums could look for rows that add up to nothing."""

_MODULUS = 1 << 8 * _SUM_BYTES
_BOUND, _SEEN_BOUND = b"jindi rows tally v1", b"jindi rows seen v1"


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What the rows come to."""

    rows: int = 0
    changes: int = 0
    total: bytes = bytes(_SUM_BYTES)


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The tally's counts as they were at an instant."""

    rows: int
    changes: int
    at_us: int


class Counter:
    """Counts rows under keys of the ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._key = ring.derived(b"rows")
        self._sealers = {
            profile: Sealer(profile, ring.derived(b"tally " + profile.encode())[: PROFILE_KEY_BYTES[profile]])
            for profile in PROFILES
        }
        self._sealer = self._sealers[ring.active.profile]

    def after(self, before: Tally, *, come: Iterable[SealedRow] = (), gone: Iterable[SealedRow] = ()) -> Tally:
        """The tally when some rows have come and some gone; a row that is replaced does both."""
        total = int.from_bytes(before.total, "big")
        rows = changes = 0
        for row in come:
            total += self._value(row)
            rows += 1
            changes += 1
        for row in gone:
            total -= self._value(row)
            rows -= 1
            changes += 1
        return Tally(before.rows + rows, before.changes + changes, (total % _MODULUS).to_bytes(_SUM_BYTES, "big"))

    def _value(self, row: SealedRow) -> int:
        # The token's length keeps a token's end from being taken for the sealed text's beginning.
        text = b"%d %d " % (row.subject, len(row.token)) + row.token.encode() + row.sealed
        return int.from_bytes(hashlib.blake2b(text, digest_size=_SUM_BYTES, key=self._key).digest(), "big")

    def sealed(self, tally: Tally) -> bytes:
        """As it is kept beside the rows."""
        return self._sealer.seal(msgspec.msgpack.encode(tally), _BOUND)

    def opened(self, raw: bytes) -> Tally | None:
        """What was kept; None when it is none."""
        try:
            return msgspec.msgpack.decode(self._opened(raw, _BOUND), type=Tally)
        except (CannotOpen, msgspec.MsgspecError):
            return None

    def write_down(self, tally: Tally, at_us: int) -> None:
        """Write the counts down beside the ring, durable when this returns."""
        raw = msgspec.msgpack.encode(Seen(tally.rows, tally.changes, at_us))
        self._ring.keep(SEEN, self._sealer.seal(raw, _SEEN_BOUND))

    def seen(self) -> Seen | None:
        """What was written down; None when nothing was, CannotOpen when it was changed."""
        raw = self._ring.kept(SEEN)
        if raw is None:
            return None
        try:
            return msgspec.msgpack.decode(self._opened(raw, _SEEN_BOUND), type=Seen)
        except msgspec.MsgspecError:
            raise CannotOpen from None

    def _opened(self, raw: bytes, bound: bytes) -> bytes:
        """Whichever profile the ring had when it was sealed."""
        for sealer in self._sealers.values():
            with suppress(CannotOpen):
                return sealer.open(raw, bound)
        raise CannotOpen
