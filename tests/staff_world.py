"""People of a made-up house, a device that makes passkeys in software, and a record of what was journalled."""

import asyncio
import hashlib
import itertools
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyotp import TOTP
from webauthn.helpers import bytes_to_base64url, encode_cbor

from jindi.access import (
    PROFILES,
    Factor,
    Hasher,
    Lock,
    Lockouts,
    Role,
    Sessions,
    Site,
    Staff,
)
from jindi.run.audit import Actor, NotRecorded
from jindi.run.people import AddressLimit, Entrance, House, Office, Own
from jindi.vault import Sealer

NOW = 1_795_320_903_000_000
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
GOOD, BETTER = "Kobalt-Igel 47 unterm Dach", "sieben-blaue Kacheln; 903"
SECRET = b"a secret of 20 bytes"
SITE = Site("jindi.example.com", ("https://jindi.example.com",))
AT_DOOR = Actor("", "", "console", "private", "r1")


class Clock:
    def __init__(self):
        self.at_us = NOW

    def now_us(self):
        return self.at_us


class Shelf:
    """Blobs in a dict."""

    def __init__(self):
        self.kept, self.private, self.saves = {}, set(), 0

    def save(self, name, chunks, *, private=False):
        self.kept[name] = b"".join(bytes(chunk) for chunk in chunks)
        self.saves += 1
        if private:
            self.private.add(name)

    def load(self, name):
        return self.kept.get(name)

    def names(self, prefix=""):
        return tuple(sorted(name for name in self.kept if name.startswith(prefix)))

    def drop(self, name):
        self.kept.pop(name, None)


class Diary:
    """What was journalled, in its order; `is_full`: nothing can be any more."""

    def __init__(self):
        self.lines, self.is_full, self.before = [], False, lambda: None
        self.bounded = 0
        """Records that the real audit keeps a few of a minute only."""

    async def act(self, actor, what, on="", *, allowed=True):
        if self.is_full:
            raise NotRecorded("full")
        self.before()
        self.lines.append((what, allowed, actor.key, on))
        return len(self.lines)

    async def failed(self, actor, what):
        self.bounded += 1
        self.lines.append((what, False, actor.key, ""))

    def said(self, what, *, allowed=True):
        return [line for line in self.lines if line[:2] == (what, allowed)]


def chance():
    counter = itertools.count()
    return lambda n: hashlib.shake_128(f"staff {next(counter)}".encode()).digest(n)


def sealer():
    return Sealer("aes-256-gcm", bytes(range(32)))


class CountingHasher(Hasher):
    """The real one, at its real cost."""


HASHER = CountingHasher()
HASH = HASHER.hash(GOOD)


class People:
    """A house with one security administrator and one analyst, both with an app."""

    def __init__(self, profile="nist", shelf=None, *, site=SITE, together=10_000, each=10_000, **more):
        self.clock, self.shelf, self.diary, self.chance = Clock(), shelf or Shelf(), Diary(), chance()
        self.profile = PROFILES[profile]
        self.staff = Staff(self.shelf, self.chance, sealer, history=self.profile.history)
        self.sessions = Sessions(
            self.shelf, self.chance, idle_us=self.profile.idle_us, absolute_us=self.profile.absolute_us,
            roles_now=self.staff.roles_now,
        )  # fmt: skip
        self.lockouts = Lockouts(self.shelf, Lock(self.profile.tries, self.profile.lock_us))
        self.house = House(
            self.staff, self.sessions, self.lockouts, HASHER, self.profile, self.diary, self.clock, self.chance,
            site=site, limit=AddressLimit(together, each), **more,
        )  # fmt: skip
        self.entrance, self.own, self.office = Entrance(self.house), Own(self.house), Office(self.house)
        self.admin = self.person("admin", "Admin Wang", Role.SECURITY_ADMIN)
        self.limin = self.person("limin", "Li Min", Role.ANALYST)

    def person(self, login, name, *roles):
        """An active account with the good password and an app."""
        token, _ = self.staff.invite(login, name, frozenset(roles), self.clock.at_us)
        account, self.codes = self.staff.accept(token, HASH, Factor(SECRET), self.clock.at_us)
        return account

    def code(self, at_us=None):
        return totp(self.clock.at_us if at_us is None else at_us)

    async def enter(self, login="limin", password=GOOD, cookie="", code=None):
        """In by password and app; the clock goes on so far that the next code is another one."""
        handle = await self.entrance.password(AT_DOOR, login, password, cookie, "10.0.0.1")
        entered = await self.entrance.totp(AT_DOOR, handle, code or self.code(), cookie, "Firefox")
        self.clock.at_us += 30 * SECOND
        return entered

    def run(self, work):
        async def whole():
            try:
                return await work
            finally:
                await self.house.settled()

        return asyncio.run(whole())


def totp(at_us, secret=SECRET):
    from base64 import b32encode

    return TOTP(b32encode(secret).decode()).generate_otp(at_us // (30 * SECOND))


class Authenticator:
    """A passkey in software. `signs_for` and `origin` are what a lying one would change; it counts its signatures."""

    def __init__(self, rp_id=SITE.rp_id, origin=SITE.origins[0], credential=b"credential-0001", *, verified=True):
        self.rp_id, self.origin, self.id, self.count = rp_id, origin, credential, 0
        self.verified = verified
        self.key = ec.generate_private_key(ec.SECP256R1())

    def _client(self, kind, options):
        return json.dumps({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False
        }).encode()  # fmt: skip

    def _data(self, *, attested=b""):
        flags = 0x01 | (0x04 if self.verified else 0) | (0x40 if attested else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + attested

    def create(self, options):
        """The answer to `navigator.credentials.create`."""
        options = json.loads(options)
        numbers = self.key.public_key().public_numbers()
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        made = encode_cbor({"fmt": "none", "attStmt": {}, "authData": self._data(attested=attested)})
        return self._answer({
            "attestationObject": bytes_to_base64url(made),
            "clientDataJSON": bytes_to_base64url(self._client("webauthn.create", options)),
        })  # fmt: skip

    def get(self, options):
        """The answer to `navigator.credentials.get`."""
        self.count += 1
        client, data = self._client("webauthn.get", json.loads(options)), self._data()
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({
            "authenticatorData": bytes_to_base64url(data), "clientDataJSON": bytes_to_base64url(client),
            "signature": bytes_to_base64url(signature), "userHandle": None,
        })  # fmt: skip

    def _answer(self, response):
        id_ = bytes_to_base64url(self.id)
        return json.dumps(
            {"id": id_, "rawId": id_, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )
