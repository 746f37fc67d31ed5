"""Passkeys (WebAuthn): keys that stay in a person's device, and sign only for this site.

A passkey is taken only if the device made sure who holds it (user verification).
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from jindi.access.secrets import RandomBytes

CHALLENGE_BYTES = 32
ANSWER_MAX = 8_192
"""Longer answers are none of a browser's and are refused before anything is read from them."""

TIMEOUT_MS = 120_000
PASSKEYS_MAX = 10
_BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?\Z", re.ASCII)


class Passkey(msgspec.Struct, frozen=True):
    """A passkey of one account: the public half. `sign_count` is what the device last counted, 0 if it does not."""

    id: bytes
    key: bytes
    sign_count: int
    name: str
    created_us: int
    used_us: int

    @property
    def public_id(self) -> str:
        """What names it in addresses and records: it is no secret, and this is a part of it."""
        return f"pk_{self.id[:9].hex()}"


@dataclass(frozen=True, slots=True)
class Site:
    """The site that passkeys are made for: its name as browsers see it, and the addresses it is reached at."""

    rp_id: str
    origins: tuple[str, ...]


class PasskeyRefused(Exception):  # noqa: N818 - what the person is told
    """The browser's answer proves nothing. `rolled_back`: it comes from a passkey that counts backwards: a copy."""

    def __init__(self, *, rolled_back: bool = False) -> None:
        super().__init__("the passkey was not accepted")
        self.rolled_back = rolled_back


def new_challenge(random: RandomBytes) -> bytes:
    """What a device is to sign, once."""
    challenge = random(CHALLENGE_BYTES)
    assert len(challenge) == CHALLENGE_BYTES, "the source of random bytes gave another length"
    return challenge


def registration(site: Site, account: str, login: str, name: str, held: Sequence[Passkey], challenge: bytes) -> str:
    """What the browser's `navigator.credentials.create` is asked for, as JSON."""
    import webauthn  # noqa: PLC0415 - takes a tenth of a second that most commands need not wait
    from webauthn.helpers.structs import (  # noqa: PLC0415 - as above
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=site.rp_id, rp_name="Jindi 金堤", user_id=account.encode(), user_name=login, user_display_name=name,
        challenge=challenge, timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            user_verification=UserVerificationRequirement.REQUIRED, resident_key=ResidentKeyRequirement.DISCOURAGED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(each.id) for each in held],
    )  # fmt: skip
    return webauthn.options_to_json(options)


def registered(site: Site, challenge: bytes, answer: str, name: str, now_us: int) -> Passkey:
    """The passkey that a browser made. Raises PasskeyRefused."""
    import webauthn  # noqa: PLC0415 - as above
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

    _checked(answer)
    try:
        made = webauthn.verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.rp_id,
            expected_origin=list(site.origins), require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    return Passkey(made.credential_id, made.credential_public_key, made.sign_count, name, now_us, now_us)


def assertion(site: Site, held: Collection[Passkey], challenge: bytes) -> str:
    """What the browser's `navigator.credentials.get` is asked for, as JSON."""
    import webauthn  # noqa: PLC0415 - as above
    from webauthn.helpers.structs import (  # noqa: PLC0415 - as above
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id, challenge=challenge, timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(each.id) for each in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    return webauthn.options_to_json(options)


def asserted(site: Site, held: Collection[Passkey], challenge: bytes, answer: str, now_us: int) -> Passkey:
    """Which of these passkeys signed the challenge, with what it now counts. Raises PasskeyRefused.

    A device that counts must count up; one that doesn't says 0 for good. Anything else is a copy of the passkey.
    """
    import webauthn  # noqa: PLC0415 - as above
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

    key = next((each for each in held if each.id == _answering(answer)), None)
    if key is None:
        raise PasskeyRefused
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.rp_id,
            expected_origin=list(site.origins), credential_public_key=key.key,
            credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    # Looked at here, behind the signature, so that a roll-back is told from a forgery.
    if (shown.new_sign_count or key.sign_count) and shown.new_sign_count <= key.sign_count:
        raise PasskeyRefused(rolled_back=True)
    return msgspec.structs.replace(key, sign_count=shown.new_sign_count, used_us=now_us)


def _answering(answer: str) -> bytes:
    """The id of the passkey that an answer says it is from."""
    id_ = _checked(answer)
    return urlsafe_b64decode(id_ + "=" * (-len(id_) % 4))


def _checked(answer: str) -> str:
    """The `id` of an answer that is a JSON object of a bearable size. Raises PasskeyRefused."""
    if len(answer) > ANSWER_MAX:
        raise PasskeyRefused
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError):
        raise PasskeyRefused from None
    id_ = read.get("id") if isinstance(read, dict) else None
    if not isinstance(id_, str) or not _BASE64URL.match(id_):
        raise PasskeyRefused
    return id_
