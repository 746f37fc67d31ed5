"""Signed requests: HTTP Message Signatures (RFC 9421) with digests of bodies (RFC 9530), one narrow way of each.

Ed25519 alone: the house keeps a public key, so nothing that it loses lets anybody sign, and there is no second
algorithm to be talked into. One signature, one key; a fixed set of components that must be covered. Everything that the
standards would leave to choice and this page does not name is refused.

Knows: texts, keys, seconds. Never: a clock, chance, or a connection.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Headers = Sequence[tuple[bytes, bytes]]
"""Names in small letters, and values, as they came."""

ALGORITHM = "ed25519"
COVERED = ("@method", "@authority", "@path", "@query")
"""What every signature covers; with a body also `content-digest` and, where there is one, `content-type`."""

NONCE_LENGTHS = range(16, 65)
COMPONENTS_MAX = 16
TEXT_MAX = 2_048
"""Longer headers are refused before they are read."""

_DERIVED = frozenset(COVERED)
_INPUT = re.compile(
    r'([a-z][a-z0-9_.-]{0,31})=(\(("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*)\)((?:;[a-z]+=(?:"[!#-\[\]-~]*"|[0-9]+))+))'
)
_PARAMETER = re.compile(r';([a-z]+)=(?:"([!#-\[\]-~]*)"|([0-9]{1,15}))')
_SIGNATURE = re.compile(r"([a-z][a-z0-9_.-]{0,31})=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):")
_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class SignatureRefused(Exception):  # noqa: N818 - what the sender is told
    """A signature is missing, malformed, too old, or does not fit. The message says which, and names no secret."""


class Message(NamedTuple):
    """What of a request can be signed. `path` and `query` as they came, percent-encoded; `query` without its mark."""

    method: str
    scheme: str
    authority: str
    path: str
    query: str
    headers: Headers


class Claim(NamedTuple):
    """What a signature says of itself, before anybody has checked it."""

    key_id: str
    created_s: int
    nonce: str
    expires_s: int | None
    covered: tuple[str, ...]
    parameters: str
    signature: bytes


def read_claim(headers: Headers) -> Claim:
    """The one signature of a request. Raises SignatureRefused for none, several, or one of another shape."""
    said = _only(headers, b"signature-input")
    given = _INPUT.fullmatch(said)
    if given is None:
        raise SignatureRefused("Signature-Input is not one signature in the form that docs/transport.md gives")
    label, parameters, listed, pairs = given[1], given[2], given[3], given[4]
    signature = _SIGNATURE.fullmatch(_only(headers, b"signature"))
    if signature is None or signature[1] != label:
        raise SignatureRefused("Signature is not one Ed25519 signature under the label that Signature-Input names")
    covered = tuple(part[1:-1] for part in listed.split(" "))
    if len(set(covered)) < len(covered) or len(covered) > COMPONENTS_MAX:
        raise SignatureRefused("Signature-Input covers a component twice, or too many")
    texts, numbers = _parameters(pairs)
    if texts.get("alg", ALGORITHM) != ALGORITHM:
        raise SignatureRefused(f"alg is not {ALGORITHM}")
    if "keyid" not in texts or "created" not in numbers or "nonce" not in texts:
        raise SignatureRefused("Signature-Input lacks one of: created, keyid, nonce")
    if len(texts["nonce"]) not in NONCE_LENGTHS:
        raise SignatureRefused(f"nonce has not {NONCE_LENGTHS[0]} to {NONCE_LENGTHS[-1]} characters")
    return Claim(
        texts["keyid"], numbers["created"], texts["nonce"], numbers.get("expires"), covered, parameters,
        b64decode(signature[2]),
    )  # fmt: skip


def _parameters(pairs: str) -> tuple[dict[str, str], dict[str, int]]:
    texts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    length = 0
    for name, text, number in _PARAMETER.findall(pairs):
        kinds = {"created": numbers, "expires": numbers, "nonce": texts, "keyid": texts, "alg": texts, "tag": texts}
        kind = kinds.get(name)
        if kind is None or name in texts or name in numbers or (kind is numbers) != bool(number):
            raise SignatureRefused("Signature-Input has a parameter that is unknown, doubled or of the wrong type")
        if number:
            numbers[name] = int(number)
        else:
            texts[name] = text
        length += len(name) + 2 + (len(number) if number else len(text) + 2)
    if length != len(pairs):
        raise SignatureRefused("Signature-Input has a parameter that can't be read")
    return texts, numbers


def check_covered(claim: Claim, headers: Headers, *, has_body: bool) -> None:
    """Raise SignatureRefused unless the signature covers all that would change what the request does."""
    wanted = [*COVERED, "content-digest"] if has_body else list(COVERED)
    if has_body and any(name == b"content-type" for name, _ in headers):
        wanted.append("content-type")
    if missing := [name for name in wanted if name not in claim.covered]:
        raise SignatureRefused(f"the signature does not cover {', '.join(missing)}")


def check_digest(headers: Headers, body: bytes) -> None:
    """Raise SignatureRefused unless Content-Digest is the body's."""
    digest = _DIGEST.fullmatch(_only(headers, b"content-digest"))
    if digest is None:
        raise SignatureRefused("Content-Digest is not one sha-256 or sha-512 digest")
    try:
        said = b64decode(digest[2], validate=True)
    except NotBase64:
        said = b""
    if not hmac.compare_digest(said, _HASHES[digest[1]](body).digest()):
        raise SignatureRefused("Content-Digest is not the digest of the body")


def check_signature(claim: Claim, message: Message, public_key: bytes) -> None:
    """Raise SignatureRefused unless the key made this signature over this message."""
    base = signature_base(claim.covered, claim.parameters, message)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(claim.signature, base)
    except InvalidSignature:
        raise SignatureRefused("there is no such key, or the signature is not its own over this request") from None


def signature_base(covered: Sequence[str], parameters: str, message: Message) -> bytes:
    """The bytes that are signed (RFC 9421, section 2.5). Raises SignatureRefused for a component that is not there."""
    lines = [f'"{name}": {_value(name, message)}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def _value(name: str, message: Message) -> str:
    if name.startswith("@"):
        if name not in _DERIVED:
            raise SignatureRefused(f"the component {name} is none that may be covered here")
        return {
            "@method": message.method,
            "@authority": _authority(message),
            "@path": message.path or "/",
            "@query": f"?{message.query}",
        }[name]
    values = [value for found, value in message.headers if found == name.encode()]
    if not values:
        raise SignatureRefused(f"the header {name} is covered and not there")
    return ", ".join(value.decode("latin-1").strip() for value in values)


def _authority(message: Message) -> str:
    """The host as RFC 9421 (section 2.2.3) normalises it: small letters, without the scheme's own port."""
    usual = ":443" if message.scheme == "https" else ":80"
    return message.authority.lower().removesuffix(usual)


def _only(headers: Headers, name: bytes) -> str:
    """The one value of a header. Raises SignatureRefused for none, several, or a long one."""
    values = [value for found, value in headers if found == name]
    if len(values) != 1 or len(values[0]) > TEXT_MAX:
        raise SignatureRefused(f"the header {name.decode()} is missing, doubled or too long")
    return values[0].decode("latin-1").strip()


def content_digest(body: bytes) -> str:
    """The value of Content-Digest for a body.

    >>> content_digest(b"")
    'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
    """
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign(
    key: Ed25519PrivateKey, key_id: str, message: Message, body: bytes | None, created_s: int, nonce: str
) -> dict[str, str]:
    """The headers to add to a request: Content-Digest where it has a body, Signature-Input and Signature."""
    more: dict[str, str] = {}
    covered = list(COVERED)
    if body:
        more["content-digest"] = content_digest(body)
        covered.append("content-digest")
        if any(name == b"content-type" for name, _ in message.headers):
            covered.append("content-type")
    extended = message._replace(headers=[*message.headers, *((n.encode(), v.encode()) for n, v in more.items())])
    listed = " ".join(f'"{name}"' for name in covered)
    parameters = f'({listed});created={created_s};nonce="{nonce}";keyid="{key_id}";alg="{ALGORITHM}"'
    signed = key.sign(signature_base(covered, parameters, extended))
    more["signature-input"] = f"sig={parameters}"
    more["signature"] = f"sig=:{b64encode(signed).decode()}:"
    return more
