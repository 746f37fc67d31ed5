"""Each signed request once: what was signed a while ago is refused, and what was seen since is remembered.

A memory that a restart empties would let everything of the last minutes in again. So for each key it is durable until
when (by the signatures' own time) signatures may have been taken; after a start nothing signed until then is taken. A
program that signs anew for each try loses some seconds after a crash, and none after an orderly stop.
"""

from collections import Counter

import msgspec

from jindi.ports import Blobs

WINDOW_S = 300
AHEAD_S = 30
"""So far a sender's clock may be ahead of ours."""

AHEAD_SAVED_S = 5
"""The durable mark runs so far ahead of what was taken, that not each request waits for the disk."""

NONCES_MAX = 1_000_000
KEY_NONCES_MAX = NONCES_MAX // 4
"""One key's share. When it is used up the key's requests are refused until the window has moved on."""


class Stale(Exception):  # noqa: N818 - what the sender is told
    """Signed too long ago, or too far ahead."""


class Replayed(Exception):  # noqa: N818 - what the sender is told
    """The same signature was taken before."""


class NotYet(Exception):  # noqa: N818 - what the sender is told
    """Nobody can tell whether this one was taken before: sign again after `wait_s` seconds."""

    def __init__(self, wait_s: int, why: str) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Replays:
    """The nonces of the window, by the second that they were signed in."""

    BLOB = "access-signed-until.json"

    def __init__(
        self, blobs: Blobs, window_s: int = WINDOW_S, nonces_max: int = NONCES_MAX, key_nonces_max: int = KEY_NONCES_MAX
    ) -> None:
        self._blobs, self._window_s = blobs, window_s
        self._nonces_max, self._key_nonces_max = nonces_max, key_nonces_max
        raw = blobs.load(self.BLOB)
        try:
            self._before = {} if raw is None else msgspec.json.decode(raw, type=dict[str, int])
        except msgspec.DecodeError as damage:
            raise ValueError(f"{self.BLOB}: not what was written ({damage}); see docs/transport.md") from None
        self._saved = dict(self._before)
        self._wanted = dict(self._before)
        self._taken: dict[str, int] = {}
        self._seen: dict[int, set[tuple[str, str]]] = {}
        self._count = 0
        self._counts: Counter[str] = Counter()
        self._now_s = 0

    def look(self, created_s: int, expires_s: int | None, now_s: int) -> int:
        """Raise Stale for an instant outside the window; the instant that counts as now. Nothing is remembered."""
        # A clock that goes back must not bring back what was forgotten.
        now_s = self._now_s = max(self._now_s, now_s)
        if not now_s - self._window_s <= created_s <= now_s + AHEAD_S or (expires_s is not None and expires_s < now_s):
            raise Stale(f"signed more than {self._window_s} s ago or {AHEAD_S} s ahead, or expired; set the clock")
        return now_s

    def take(self, key_id: str, created_s: int, nonce: str, expires_s: int | None, now_s: int) -> bool:
        """Take a signature that has been found right; whether `save` must be called, and return, before the request
        is heard. Raises Stale, Replayed or NotYet.
        """
        now_s = self.look(created_s, expires_s, now_s)
        self._forget(now_s - self._window_s)
        if (nonce_of := (key_id, nonce)) in self._seen.get(created_s, ()):
            raise Replayed("this signature was taken before; sign each request anew")
        if created_s <= (before := self._before.get(key_id, -1)):
            raise NotYet(max(1, before - now_s + 1), "signed before this start of the platform; sign it again")
        if self._count >= self._nonces_max or self._counts[key_id] >= self._key_nonces_max:
            raise NotYet(self._window_s, "too many signed requests in the window")
        self._seen.setdefault(created_s, set()).add(nonce_of)
        self._count += 1
        self._counts[key_id] += 1
        self._taken[key_id] = max(created_s, self._taken.get(key_id, -1))
        if self.is_saved(key_id, created_s):
            return False
        self._wanted[key_id] = max(created_s + AHEAD_SAVED_S, self._wanted.get(key_id, -1))
        return True

    def is_saved(self, key_id: str, created_s: int) -> bool:
        """Whether the durable mark of a key is not before an instant."""
        return created_s <= self._saved.get(key_id, -1)

    def save(self) -> None:
        """Make the marks durable, ahead of what was taken. What the disk says comes through, and nothing is heard."""
        wanted = {key: until for key, until in self._wanted.items() if until >= self._now_s - self._window_s}
        self._blobs.save(self.BLOB, [msgspec.json.encode(wanted)], private=True)
        self._saved = wanted

    def close(self) -> None:
        """At an orderly stop: the marks as they are, so that the next start refuses nobody for long."""
        if self._taken:
            self._wanted = {**self._before, **self._taken}
            self.save()

    def __len__(self) -> int:
        return self._count

    def _forget(self, until_s: int) -> None:
        if not self._seen or min(self._seen) >= until_s:
            return
        for second in [second for second in self._seen if second < until_s]:
            gone = self._seen.pop(second)
            self._count -= len(gone)
            self._counts.subtract(key for key, _ in gone)
        self._counts = +self._counts
