"""Certificates of our own, for a platform that nobody has given one: an authority, and a short-lived leaf under it.

The authority may vouch for this machine's names and loopback addresses and for nothing else (name constraints, RFC
5280, section 4.2.1.10): who takes it into a browser or a program gives it no power over other sites.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAF_DAYS = 14
"""Short, for it is renewed by itself."""

RENEW_DAYS = 7
AUTHORITY_DAYS = 3_650
_BEFORE = timedelta(minutes=5)
"""Clocks differ."""


class Pair(NamedTuple):
    """A certificate and its private key, PEM."""

    certificate: bytes
    key: bytes


def moment(now_us: int) -> datetime:
    """An instant as certificates have it."""
    return datetime.fromtimestamp(now_us // 1_000_000, UTC)


def new_authority(names: Sequence[str], now_us: int) -> Pair:
    """An authority for these names, everything below them, and their addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Jindi, this machine's own authority")])
    now = moment(now_us)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.NameConstraints([_subtree(each) for each in names], None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(Encoding.PEM), _pem(key))


def new_leaf(authority: Pair, names: Sequence[str], now_us: int) -> Pair:
    """A server's certificate for these names, with the authority's behind it. Raises ValueError when the authority
    can't be read.
    """
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signing = load_pem_private_key(authority.key, None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is of another kind")  # noqa: TRY004 - a file's content, not a type
    key = ec.generate_private_key(ec.SECP256R1())
    now = moment(now_us)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(min(now + timedelta(days=LEAF_DAYS), issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(Encoding.PEM) + authority.certificate, _pem(key))


def covers(certificate: bytes, names: Sequence[str], now_us: int) -> bool:
    """Whether a certificate is for all these names and has more than the days of renewal before it."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        given = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    now = moment(now_us)
    fresh = found.not_valid_before_utc <= now < found.not_valid_after_utc - timedelta(days=RENEW_DAYS)
    return fresh and {_name(each) for each in names} <= set(given)


def permits(authority: bytes, names: Sequence[str], now_us: int) -> bool:
    """Whether an authority may vouch for all these names, and goes on long enough."""
    try:
        found = x509.load_pem_x509_certificate(authority)
        trees = found.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
    except (ValueError, x509.ExtensionNotFound):
        return False
    now = moment(now_us)
    fresh = found.not_valid_before_utc <= now < found.not_valid_after_utc - timedelta(days=LEAF_DAYS)
    return fresh and {_subtree(each) for each in names} <= set(trees)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _name(text: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(text)) if _is_address(text) else x509.DNSName(text)


def _subtree(text: str) -> x509.GeneralName:
    if not _is_address(text):
        return x509.DNSName(text)
    network: IPv4Network | IPv6Network = ip_network(text)
    return x509.IPAddress(network)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
