"""Signatures of webhooks, as the Standard Webhooks specification 1.0 has them.

What is signed is the message's id, its time in seconds and its body, with dots between. `v1` is HMAC-SHA256 under a
secret that both sides hold (`whsec_…`). `v1a` is Ed25519: the receiver holds the public half (`whpk_…`) alone, and
can't forge.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32


def new_secret(random: Callable[[int], bytes], *, asymmetric: bool) -> str:
    """A secret to sign with, as text."""
    raw = random(SECRET_BYTES)
    assert len(raw) == SECRET_BYTES, "the source of random bytes gave another length"
    return (PRIVATE if asymmetric else SHARED) + b64encode(raw).decode()


def shown_to_receiver(secret: str) -> str:
    """What the receiver needs to check signatures: the shared secret, or the public key."""
    if secret.startswith(PRIVATE):
        public = _private(secret).public_key().public_bytes_raw()
        return PUBLIC + b64encode(public).decode()
    return secret


def signatures(secrets: Sequence[str], message_id: str, sent_s: int, body: bytes) -> str:
    """The value of the header `webhook-signature`: one signature for each secret, with blanks between.

    The example of the specification's own libraries:

    >>> signatures(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...            b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join([message_id.encode(), str(sent_s).encode(), body])
    return " ".join(_signature(secret, signed) for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    if secret.startswith(PRIVATE):
        return "v1a," + b64encode(_private(secret).sign(signed)).decode()
    key = b64decode(secret.removeprefix(SHARED))
    return "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(secret.removeprefix(PRIVATE)))
