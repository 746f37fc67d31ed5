"""Who may write backups, and who may read them.

Each backup has a data key of its own. Pieces are sealed under it (AES-256-GCM, numbered nonces, their own place as
associated data), and the key itself is sealed to a public key (X25519, HKDF-SHA256, AES-256-GCM). So the machine that
makes backups cannot read the old ones; only the backup key can, and that lies elsewhere.
"""

import binascii
import os
import zlib
from base64 import b32decode, b32encode, b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jindi.journal import Signer, Verifier

SEED_BYTES = 32
DATA_KEY_BYTES = 32

ELSEWHERE = "elsewhere: "
"""In the place of a fingerprint: the key is none that shares could hold, and this is where it is."""

_RAW, _PACKED = b"\0", b"\1"
_BODY_NONCE = b"\xff" * 12
_LINE = "jindi-backup-to"
_KEY_LINE = "JINDI-BACKUP-KEY"


class Unsealable(Exception):  # noqa: N818 - what the operator is told
    """What is sealed was changed, is in another's place, or belongs to another key."""


def _derived(secret: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, purpose).derive(secret)


def fingerprint(name: str, key: bytes) -> str:
    """What tells a key from others and says nothing about it: the keys here are 256 random bits.

    >>> fingerprint("key-token", bytes(32))
    'fc204bdce06ccd73'
    """
    return sha256(b"jindi key fingerprint 1 " + name.encode() + b"\0" + key).hexdigest()[:16]


class Recipient:
    """Those who can read a backup, as the machine that makes it knows them: a sealing key and a checking key.

    `str` gives the one line that is kept, and `parse` reads it.
    """

    def __init__(self, public: bytes, signer: bytes) -> None:
        self._public = X25519PublicKey.from_public_bytes(public)
        self._raw, self._signer = public, signer
        self.drills = Verifier("jindi-drill", signer)
        """Checks what those who hold the backup key have signed: drills."""

    def __str__(self) -> str:
        check = sha256(self._raw + self._signer).digest()[:4]
        return f"{_LINE} {b64encode(self._raw + self._signer + check).decode()}"

    @property
    def name(self) -> str:
        """A short name, to be compared by people."""
        return sha256(self._raw).hexdigest()[:12]

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """The recipient of a kept line; ValueError when it is none."""
        word, _, rest = text.strip().partition(" ")
        try:
            raw = b64decode(rest, validate=True)
        except binascii.Error:
            raw = b""
        if word != _LINE or len(raw) != 68 or sha256(raw[:64]).digest()[:4] != raw[64:]:
            raise ValueError(f"not the public half of a backup key: a line that begins with {_LINE}")
        return cls(raw[:32], raw[32:64])

    def seal(self, data_key: bytes, context: bytes) -> bytes:
        """A data key that only the backup key opens, in this context."""
        once = X25519PrivateKey.generate()
        public = once.public_key().public_bytes_raw()
        wrapping = _derived(once.exchange(self._public), public + self._raw, b"jindi backup data key 1")
        # The wrapping key is made of a key that is used this once, so one nonce is enough.
        return public + AESGCM(wrapping).encrypt(bytes(12), data_key, context)


class BackupKey:
    """Reads backups. One seed of 32 bytes, kept away from the machine that makes them; and whose backups these are:
    the line of the platform's checking key (`Verifier`), so that no other's are taken for its own.
    """

    def __init__(self, seed: bytes, platform: str) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a backup key has {SEED_BYTES} bytes, this has {len(seed)}")
        self.seed = seed
        self.platform = Verifier.parse(platform)
        self._private = X25519PrivateKey.from_private_bytes(_derived(seed, b"", b"jindi backup sealing 1"))
        signing = _derived(seed, b"", b"jindi backup drills 1")
        self.signer = Signer("jindi-drill", signing)
        self._public = self._private.public_key().public_bytes_raw()
        public = Ed25519PrivateKey.from_private_bytes(signing).public_key().public_bytes_raw()
        self.recipient = Recipient(self._public, public)

    @classmethod
    def new(cls, platform: str) -> "BackupKey":
        """A fresh key for the backups of a platform."""
        return cls(os.urandom(SEED_BYTES), platform)

    def __repr__(self) -> str:
        return f"<the backup key {self.recipient.name}>"  # never the seed: this may come into a log

    def text(self) -> str:
        """What its file holds."""
        check = sha256(self.seed).digest()[:3]
        return (
            f"{_KEY_LINE} {b32encode(self.seed + check).decode()}\n{self.platform}\n\n"
            "Whoever has this file reads the backups. Keep it off the machine that makes them.\n"
            "持有此文件者可读取备份。请勿存放于制作备份的机器。\n"
        )

    @classmethod
    def parse(cls, text: str) -> "BackupKey":
        """The key in a file's text; ValueError when there is none, or when it was changed."""
        lines = text.splitlines()
        word, _, rest = lines[0].partition(" ") if len(lines) > 1 else ("", "", "")
        try:
            raw = b32decode(rest)
        except binascii.Error:
            raw = b""
        if word != _KEY_LINE or len(raw) != SEED_BYTES + 3 or sha256(raw[:SEED_BYTES]).digest()[:3] != raw[SEED_BYTES:]:
            raise ValueError("not a backup key, or a character of it was changed")
        return cls(raw[:SEED_BYTES], lines[1])

    def packed(self) -> bytes:
        """The key as it is shared."""
        return self.seed + str(self.platform).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> "BackupKey":
        """The key of `packed`."""
        return cls(packed[:SEED_BYTES], packed[SEED_BYTES:].decode())

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The data key that was sealed to us. Raises Unsealable."""
        try:
            exchanged = self._private.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
            wrapping = _derived(exchanged, sealed[:32] + self._public, b"jindi backup data key 1")
            return AESGCM(wrapping).decrypt(bytes(12), sealed[32:], context)
        except (InvalidTag, ValueError):
            raise Unsealable("it was sealed to another backup key, or was changed") from None


class DataKey:
    """One backup's key. Used for the pieces and the manifest's body of this backup, never for another's."""

    def __init__(self, key: bytes, repository: str, number: int) -> None:
        self._cipher = AESGCM(key)
        self._place = f"jindi backup 1 {repository} {number} ".encode()

    def seal_piece(self, index: int, plain: bytes) -> bytes:
        """The sealed bytes of a piece. Each index once."""
        return self._cipher.encrypt(index.to_bytes(12, "big"), _packed(plain), self._place + b"piece %d" % index)

    def open_piece(self, index: int, sealed: bytes) -> bytes:
        """What a piece holds. Raises Unsealable."""
        return self._open(index.to_bytes(12, "big"), sealed, self._place + b"piece %d" % index)

    def seal_body(self, plain: bytes) -> bytes:
        """The sealed body of the backup's manifest. Once."""
        return self._cipher.encrypt(_BODY_NONCE, _packed(plain), self._place + b"body")

    def open_body(self, sealed: bytes) -> bytes:
        """The body of the manifest. Raises Unsealable."""
        return self._open(_BODY_NONCE, sealed, self._place + b"body")

    def _open(self, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        try:
            return _unpacked(self._cipher.decrypt(nonce, sealed, place))
        except InvalidTag:
            raise Unsealable("it was changed, or stands in another's place") from None


def _packed(plain: bytes) -> bytes:
    packed = zlib.compress(plain, 1)
    return _PACKED + packed if len(packed) < len(plain) else _RAW + plain


def _unpacked(plain: bytes) -> bytes:
    return zlib.decompress(memoryview(plain)[1:]) if plain[:1] == _PACKED else plain[1:]


def context(repository: str, number: int) -> bytes:
    """Where a data key belongs."""
    return f"jindi backup data key 1 {repository} {number}".encode()
