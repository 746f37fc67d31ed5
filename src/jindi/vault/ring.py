"""The key ring: numbered versions of the key that wraps subjects' keys, and what may still be done with each.

A version is *active* (wraps and opens), *retired* (opens only) or *destroyed* (its key is gone, its number and dates
stay). The whole ring, states and dates included, is sealed under a ring key of its own, and that one is wrapped by the
root: whoever can write the file can't bring a version back to life, unless he has an old copy of the file.
"""

import hashlib
import hmac
import os
import threading
from collections.abc import Mapping
from typing import Literal

import msgspec

from jindi.basics.digests import canonical
from jindi.ports import Blobs, Root
from jindi.vault.ciphers import USES_MAX, CannotOpen, Profile, Sealer

RING = "ring"
USES_AHEAD = 65_536
"""Uses are written down so many at a time, before they are made: a crash never makes the count too small."""

_FORMAT, _FORMAT_BEFORE = 2, 1
_SECRET_BYTES = 32
_BODY, _KEY = b"jindi ring v1", b"jindi ring key v1 "

State = Literal["active", "retired", "destroyed"]


class RingProblem(Exception):  # noqa: N818 - what the operator is told
    """What was asked of the ring can't be done; the message says why."""


class Version(msgspec.Struct, frozen=True):
    """One version as people may see it. `uses` counts what it has wrapped at the most."""

    number: int
    profile: Profile
    state: State
    created_us: int
    retired_us: int | None
    destroyed_us: int | None
    uses: int


class _Kept(msgspec.Struct):
    """One version as it is kept: with its packed key, empty once that is destroyed."""

    number: int
    profile: Profile
    state: State
    created_us: int
    key: bytes
    retired_us: int | None = None
    destroyed_us: int | None = None
    reserved: int = 0


class _Body(msgspec.Struct):
    """What is sealed of a ring. `secret` makes keys that neither a rotation nor another root changes."""

    versions: list[_Kept]
    secret: bytes


class _File(msgspec.Struct):
    """The ring's file: how to ask the root, and the rest sealed."""

    format: int
    about: dict[str, str]
    key: bytes
    body: bytes


class KeyRing:
    """The ring that lies under a name in some blobs. Safe to be used by several threads."""

    def __init__(
        self, blobs: Blobs, root: Root, ring_key: Sealer, body: _Body, wrapped_key: bytes | None = None
    ) -> None:
        self._blobs, self._root, self._ring_key = blobs, root, ring_key
        self._versions, self._secret, self._wrapped_key = body.versions, body.secret, wrapped_key
        self._lock = threading.RLock()
        self._sealers: dict[int, Sealer] = {}
        # What was reserved before a crash may have been used.
        self._uses = {kept.number: kept.reserved for kept in body.versions}

    @classmethod
    def create(cls, blobs: Blobs, root: Root, profile: Profile, now_us: int) -> "KeyRing":
        """A new ring with its first version. Raises RingProblem when there is one already."""
        if blobs.load(RING) is not None:
            raise RingProblem("there is a key ring here already")
        first = _Kept(1, profile, "active", now_us, Sealer.fresh(profile).packed())
        ring = cls(blobs, root, Sealer.fresh(profile), _Body([first], os.urandom(_SECRET_BYTES)))
        ring._save()
        return ring

    @classmethod
    def load(cls, blobs: Blobs, root: Root) -> "KeyRing":
        """The ring that is there. Raises RingProblem when there is none, CannotOpen under another root."""
        file = _file(blobs)
        if file is None:
            raise RingProblem("there is no key ring here")
        ring_key = Sealer.of(root.unwrap(file.key, _KEY + canonical(file.about)))
        raw = ring_key.open(file.body, _BODY)
        if file.format == _FORMAT:
            return cls(blobs, root, ring_key, msgspec.msgpack.decode(raw, type=_Body), file.key)
        body = _Body(msgspec.msgpack.decode(raw, type=list[_Kept]), os.urandom(_SECRET_BYTES))
        ring = cls(blobs, root, ring_key, body, file.key)
        ring._save()
        return ring

    @property
    def versions(self) -> tuple[Version, ...]:
        """All versions, the oldest first."""
        with self._lock:
            return tuple(
                Version(k.number, k.profile, k.state, k.created_us, k.retired_us, k.destroyed_us, self._uses[k.number])
                for k in self._versions
            )

    @property
    def active(self) -> Version:
        """The version that wraps."""
        return self.versions[-1]

    @property
    def retired(self) -> tuple[int, ...]:
        """The versions that still open and wrap no more."""
        with self._lock:
            return tuple(kept.number for kept in self._versions if kept.state == "retired")

    def wrap(self, key: bytes, bound: bytes) -> tuple[int, bytes]:
        """A key, sealed under the active version, and that one's number. Raises RingProblem when it is used up."""
        with self._lock:
            kept = self._versions[-1]
            if self._uses[kept.number] >= USES_MAX:
                raise RingProblem(f"version {kept.number} has wrapped as much as one may: rotate the keys")
            if self._uses[kept.number] >= kept.reserved:
                kept.reserved += USES_AHEAD
                self._save()
            self._uses[kept.number] += 1
            return kept.number, self._sealer(kept).seal(key, _of_version(kept.number, bound))

    def unwrap(self, number: int, wrapped: bytes, bound: bytes) -> bytes:
        """What `wrap` sealed. Raises CannotOpen, also for a version that is destroyed or never was."""
        with self._lock:
            kept = next((kept for kept in self._versions if kept.number == number and kept.key), None)
            if kept is None:
                raise CannotOpen
            return self._sealer(kept).open(wrapped, _of_version(number, bound))

    def derived(self, purpose: bytes) -> bytes:
        """32 bytes that only who has the ring can make, always the same for a purpose."""
        return hmac.digest(self._secret, b"jindi ring derives v1 " + purpose, hashlib.sha256)

    def keep(self, name: str, raw: bytes) -> None:
        """Keep some bytes beside the ring, durable when this returns. Not the ring's own name."""
        self._blobs.save(name, [raw], private=True)

    def kept(self, name: str) -> bytes | None:
        """What was kept."""
        return self._blobs.load(name)

    def rotate(self, now_us: int, profile: Profile | None = None) -> Version:
        """A new active version; the one before opens only from now on."""
        with self._lock:
            before = self._versions[-1]
            made = profile or before.profile
            fresh = _Kept(before.number + 1, made, "active", now_us, Sealer.fresh(made).packed())
            retired = msgspec.structs.replace(before, state="retired", retired_us=now_us)
            self._replace([*self._versions[:-1], retired, fresh])
            return self.active

    def destroy(self, number: int, now_us: int) -> None:
        """The key of a retired version goes for good. Raises RingProblem for any other version."""
        with self._lock:
            kept = next((kept for kept in self._versions if kept.number == number), None)
            if kept is None or kept.state != "retired":
                what = "does not exist" if kept is None else f"is {kept.state}"
                raise RingProblem(f"version {number} {what}; only a retired version can be destroyed")
            gone = msgspec.structs.replace(kept, state="destroyed", destroyed_us=now_us, key=b"")
            self._replace([gone if each is kept else each for each in self._versions])

    def change_root(self, root: Root) -> None:
        """Put the ring under another root, and under a new ring key: what the old root opens is the old file only."""
        with self._lock:
            before = self._root, self._ring_key, self._wrapped_key
            self._root, self._ring_key, self._wrapped_key = root, Sealer.fresh(self._ring_key.profile), None
            try:
                self._save()
            except BaseException:
                self._root, self._ring_key, self._wrapped_key = before
                raise

    def _replace(self, versions: list[_Kept]) -> None:
        """Change the ring on disk first, then here; the change holds in both or in neither."""
        before, self._versions = self._versions, versions
        try:
            self._save()
        except BaseException:
            self._versions = before
            raise
        self._uses = {kept.number: self._uses.get(kept.number, 0) for kept in versions}
        self._sealers.clear()

    def _sealer(self, kept: _Kept) -> Sealer:
        if (known := self._sealers.get(kept.number)) is None:
            known = self._sealers[kept.number] = Sealer.of(kept.key)
        return known

    def _save(self) -> None:
        about = dict(self._root.about)
        # Once for each ring key: a service that is away must not stop the versions' uses from being written down.
        if self._wrapped_key is None:
            self._wrapped_key = self._root.wrap(self._ring_key.packed(), _KEY + canonical(about))
        body = self._ring_key.seal(msgspec.msgpack.encode(_Body(self._versions, self._secret)), _BODY)
        self._blobs.save(RING, [msgspec.json.encode(_File(_FORMAT, about, self._wrapped_key, body))], private=True)


def about_root(blobs: Blobs) -> Mapping[str, str] | None:
    """How the ring's root is found, as the ring's file says in clear; None when there is no ring."""
    file = _file(blobs)
    return None if file is None else file.about


def _file(blobs: Blobs) -> _File | None:
    raw = blobs.load(RING)
    if raw is None:
        return None
    try:
        file = msgspec.json.decode(raw, type=_File)
    except (msgspec.MsgspecError, ValueError):
        raise CannotOpen from None
    if file.format not in (_FORMAT, _FORMAT_BEFORE):
        raise CannotOpen
    return file


def _of_version(number: int, bound: bytes) -> bytes:
    return b"jindi version v1" + number.to_bytes(8, "big") + bound
