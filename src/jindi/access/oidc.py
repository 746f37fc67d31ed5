"""Signing in by the company's own provider (OpenID Connect): what is asked of it, and what of its answer is believed.

The code flow with PKCE, a state bound to the browser, and a nonce. An ID token counts only if its signature, issuer,
audience, times and nonce are right, all of them. Never: a request; who fetches, hands in what came.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from jindi.access.roles import Role
from jindi.access.secrets import RandomBytes, digest_of, new_secret

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that are believed: with a key pair, so whoever knows the public half can't make one; and never `none`."""

ID_TOKENS: Final = ("JWT",)
"""What the header of an ID token calls itself, if it says anything: an access token (`at+jwt`, RFC 9068) is none."""

RSA_BITS_MIN: Final = 3_072
"""128 bits of security (NIST SP 800-57 part 1, table 2; OWASP ASVS 5.0, 11.2.3)."""

RSA_BITS_OPENED: Final = 2_048
"""112 bits, the least that RFC 7518 (3.3) allows: taken only where a setting says so, if a provider has no other."""

LEEWAY_S = 60
"""So far the provider's clock may be off."""

AGE_MAX_S = 600
"""A token made longer ago than this is no answer to what was just asked."""


class OidcRefused(Exception):  # noqa: N818 - what the journal is told
    """The provider's answer is not believed. `why` is one word for the journal, never a value from the answer."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the provider's answer is not believed: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """A company's provider. `login_claim` names the login of an account that is there.

    `roles`: an account is made for whoever is in one of these groups (`group_claim`), with the roles of his groups;
    whoever is in none is refused. Empty: accounts are only made by invitation. `mfa`: the values of `amr` or `acr` that
    prove a second factor; when the token has one, ours is not asked for. Empty: ours is always asked for.
    `rsa_bits_min`: the shortest RSA key of the provider that is believed.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    login_claim: str = "preferred_username"
    group_claim: str = "groups"
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    mfa: tuple[str, ...] = ()
    rsa_bits_min: int = RSA_BITS_MIN


@dataclass(frozen=True, slots=True)
class Provider:
    """What the provider says of itself at its well-known address, as far as it is needed."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the provider for one browser: kept until the answer comes, and used once."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `subject` is the same for ever, `login` may be given to another one some day."""

    subject: str
    login: str
    name: str
    groups: tuple[str, ...]
    has_mfa: bool


def is_safe_address(url: str) -> bool:
    """Whether an address of a provider may be asked: https, or this very machine.

    >>> is_safe_address("https://id.example.com/x"), is_safe_address("http://id.example.com"), is_safe_address("file:///x")
    (True, False, False)
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username or parts.password or not host or not url.isascii():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_provider(settings: OidcSettings, document: Any) -> Provider:
    """The provider's own description. Raises OidcRefused when it is another issuer's, or names unsafe addresses."""
    if not isinstance(document, dict) or document.get("issuer") != settings.issuer:
        raise OidcRefused("issuer")
    addresses = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    safe = [address for address in addresses if isinstance(address, str) and is_safe_address(address)]
    if len(safe) != len(addresses):
        raise OidcRefused("endpoints")
    return Provider(*safe)


def ask(settings: OidcSettings, provider: Provider, redirect: str, random: RandomBytes) -> tuple[str, Asked]:
    """Where to send the browser, and what to keep until it comes back."""
    asked = Asked(new_secret("", random), new_secret("", random), new_secret("", random))
    query = urlencode({
        "response_type": "code", "client_id": settings.client_id, "redirect_uri": redirect,
        "scope": "openid profile email", "state": asked.state, "nonce": asked.nonce,
        "code_challenge": urlsafe_b64encode(digest_of(asked.verifier)).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    })  # fmt: skip
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{joint}{query}", asked


def answered_code(settings: OidcSettings, asked: Asked | None, query: Mapping[str, str]) -> str:
    """The code that the browser brought back. Raises OidcRefused."""
    if asked is None or not hmac.compare_digest(query.get("state", "").encode(), asked.state.encode()):
        raise OidcRefused("state")
    if query.get("iss", settings.issuer) != settings.issuer:  # RFC 9207
        raise OidcRefused("issuer")
    code = query.get("code", "")
    if "error" in query or not code or len(code) > 4_096:
        raise OidcRefused("denied")
    return code


def identity(settings: OidcSettings, token: str, keys: Any, nonce: str, now_s: int) -> Identity:
    """Whom an ID token names. `keys`: the provider's key set, as JSON. Raises OidcRefused."""
    from joserfc import jwt  # noqa: PLC0415 - takes a tenth of a second that most commands need not wait
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jwk import KeySet  # noqa: PLC0415 - as above

    try:
        usable = _verifying(keys, settings.rsa_bits_min)
        decoded = jwt.decode(token, KeySet.import_key_set(usable), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, KeyError, TypeError):
        raise OidcRefused("short_key" if _is_by_short(token, keys, settings.rsa_bits_min) else "signature") from None
    if str(decoded.header.get("typ", "JWT")).upper() not in ID_TOKENS:
        raise OidcRefused("type")
    claims = decoded.claims
    try:
        jwt.JWTClaimsRegistry(
            now=now_s, leeway=LEEWAY_S,
            iss={"essential": True, "value": settings.issuer}, aud={"essential": True, "value": settings.client_id},
            sub={"essential": True}, exp={"essential": True}, iat={"essential": True}, nonce={"essential": True},
        ).validate(claims)  # fmt: skip
    except JoseError as error:
        raise OidcRefused(_which(error)) from None
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise OidcRefused("nonce")
    if now_s - claims["iat"] > AGE_MAX_S + LEEWAY_S:
        raise OidcRefused("iat")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else settings.client_id) != settings.client_id:
        raise OidcRefused("azp")
    login, subject = claims.get(settings.login_claim), claims["sub"]
    if not isinstance(login, str) or not login or not subject or len(subject) > 255:
        raise OidcRefused("login")
    # An address that the provider has not checked is whatever its owner typed.
    if settings.login_claim == "email" and claims.get("email_verified") is not True:
        raise OidcRefused("email")
    shown = [*_texts(claims.get("amr")), *_texts(claims.get("acr"))]
    name = claims.get("name")
    return Identity(
        f"{settings.issuer}\n{subject}", login, name if isinstance(name, str) else login,
        tuple(_texts(claims.get(settings.group_claim))), any(each in settings.mfa for each in shown),
    )  # fmt: skip


def roles_of(settings: OidcSettings, groups: Sequence[str]) -> frozenset[Role]:
    """The roles that the setting gives to these groups together."""
    return frozenset(role for group in groups for role in settings.roles.get(group, frozenset()))


def _verifying(keys: Any, rsa_bits_min: int) -> Any:
    """Those keys of a set that check signatures and are long enough."""
    usable = [
        {name: value for name, value in key.items() if name not in ("use", "key_ops")}
        for key in _checking(keys)
        if not _is_short(key, rsa_bits_min)
    ]
    if not usable:
        raise ValueError("no key that checks signatures")
    return {"keys": usable}


def _is_by_short(token: str, keys: Any, rsa_bits_min: int) -> bool:
    """Whether a token that is not believed says that it was signed with a key that is too short. Only for the operator
    to be told: nothing that it says of itself is believed.
    """
    try:
        short = [key.get("kid") for key in _checking(keys) if _is_short(key, rsa_bits_min)]
        head = token.partition(".")[0]
        named = msgspec.json.decode(urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=dict[str, Any]).get("kid")
    except (ValueError, TypeError, msgspec.MsgspecError, RecursionError):
        return False
    return named in short


def _checking(keys: Any) -> Iterator[Mapping[str, Any]]:
    """The keys for signatures. A key that could also sign with a shared secret is none of them."""
    listed = keys.get("keys") if isinstance(keys, dict) else None
    for key in listed or ():
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig":
            yield key


def _is_short(key: Mapping[str, Any], rsa_bits_min: int) -> bool:
    """Whether it is an RSA key of too few bits."""
    if key["kty"] != "RSA":
        return False
    modulus = str(key.get("n", ""))
    return int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length() < rsa_bits_min


def _which(error: Exception) -> str:
    """The claim that is wrong."""
    claim = getattr(error, "claim", None)
    return claim if claim in ("iss", "aud", "sub", "exp", "iat", "nbf", "nonce") else "claims"


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
