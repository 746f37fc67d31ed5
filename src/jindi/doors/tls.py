"""TLS on the one port: which versions and suites, whose certificate, and how a new one comes in without a restart.

TLS 1.2 with ECDHE and an AEAD cipher, or TLS 1.3, which has nothing else (RFC 9325, section 4.2). Sessions are not
resumed: a ticket's key would outlive the certificate that it was given under, and programs keep their connections.
With client certificates TLS 1.3 alone is spoken; there a session can't be resumed past a certificate that is no
longer taken.
"""

import ssl
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from jindi.access import RSA_BITS_MIN, RSA_BITS_OPENED
from jindi.basics.problems import Problem, Problems
from jindi.doors.certificates import moment

SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"
_LEVEL, _LEVEL_OPENED = "@SECLEVEL=3", "@SECLEVEL=2"
"""What OpenSSL takes of keys, curves and signatures: 128 bits of security; 112 where a setting says so."""
HANDSHAKE_S = 10.0
"""Who has not shaken hands by then is cut off: he holds a socket and has sent nothing."""

EC_BITS_MIN = 256
WARN_DAYS = 14
LOOK_S = 5.0
"""How often the files are looked at for changes."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificate (with its chain), its key and, for mutual TLS, the clients' authorities are, as PEM.

    `rsa_bits_min`: the shortest RSA key that any of them, and a client's certificate, may have.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    rsa_bits_min: int = RSA_BITS_MIN

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.certificate, self.key) if self.client_ca is None else (self.certificate, self.key, self.client_ca)


def mark_of(files: TlsFiles) -> object:
    """Something that changes when a file may have changed."""
    marks = []
    for path in files.all:
        with suppress(OSError):
            status = path.stat()
            marks.append((str(path), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
    return tuple(marks)


def opened(files: TlsFiles, now_us: int) -> ssl.SSLContext:
    """A server's context over the files as they are now. Raises Problems with everything that is wrong with them."""
    problems: list[Problem] = []
    _look_at_certificate(files.certificate, now_us, files.rsa_bits_min, problems)
    _look_at_key(files.key, problems)
    if files.client_ca is not None:
        _look_at_authorities(files.client_ca, files.rsa_bits_min, problems)
    if problems:
        raise Problems(problems)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{SUITES}:{_LEVEL if files.rsa_bits_min >= RSA_BITS_MIN else _LEVEL_OPENED}")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_SINGLE_ECDH_USE
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An empty passphrase where one is needed, so that nobody is asked for it on a terminal.
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
        if files.client_ca is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(files.client_ca)
    except (ssl.SSLError, OSError, ValueError):
        what = "the certificate and the key do not belong together, or the key is sealed with a passphrase"
        raise Problems([Problem(str(files.key), "", what, "give the key of this certificate, unsealed")]) from None
    return context


def days_left(path: Path, now_us: int) -> int:
    """Whole days until a certificate ends. Raises Problems when it can't be read."""
    problems: list[Problem] = []
    found = _certificates(path, problems)
    if problems:
        raise Problems(problems)
    return (found[0].not_valid_after_utc - moment(now_us)) // timedelta(days=1)


class Terminator:
    """The context that the port is opened with, and the newest one behind it, to which each handshake is handed."""

    def __init__(self, files: TlsFiles, now_us: int) -> None:
        self._files = files
        self._newest = self.context = opened(files, now_us)
        self._mark = self._seen = mark_of(files)
        self.context.sni_callback = self._hand_over

    def _hand_over(self, connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def look(self, now_us: int) -> str | None:
        """Take files that have changed; what to tell, if anything. What is wrong with them leaves the old ones."""
        mark, before = mark_of(self._files), self._seen
        self._seen = mark
        # Two files change one after the other: they are taken when they have stood still from one look to the next.
        if self._mark == mark or mark != before:
            return None
        self._mark = mark
        try:
            self._newest = opened(self._files, now_us)
        except Problems as error:
            return f"the changed TLS files are not taken; connections go on with the ones from before:\n{error}"
        return "the changed TLS files are taken; connections from now on use them"


def _certificates(path: Path, problems: list[Problem]) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        problems.append(Problem(str(path), "", f"can't be read: {error.strerror}", "name the file of the certificate"))
    except ValueError:
        problems.append(Problem(str(path), "", "holds no certificate (PEM)", "give -----BEGIN CERTIFICATE----- …"))
    return []


def _look_at_certificate(path: Path, now_us: int, rsa_bits_min: int, problems: list[Problem]) -> None:
    if not (found := _certificates(path, problems)):
        return
    leaf, now = found[0], moment(now_us)
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
        what = f"the certificate is valid from {leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}, not now"
        problems.append(Problem(str(path), "", what, "renew it, or set the clock"))
    for each in found:
        _look_at_strength(path, each, rsa_bits_min, problems)


def _look_at_strength(path: Path, certificate: x509.Certificate, rsa_bits_min: int, problems: list[Problem]) -> None:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        strong = key.key_size >= EC_BITS_MIN
    else:
        strong = isinstance(key, ed25519.Ed25519PublicKey) or (
            isinstance(key, rsa.RSAPublicKey) and key.key_size >= rsa_bits_min
        )
    if not strong:
        what = f"the key of {certificate.subject.rfc4514_string() or 'the certificate'} is weak"
        opened = isinstance(key, rsa.RSAPublicKey) and RSA_BITS_OPENED <= key.key_size < rsa_bits_min
        other = f'; or take {RSA_BITS_OPENED} by the setting rsa_2048 = "tls"' if opened else ""
        remedy = f"use ECDSA of {EC_BITS_MIN} bits, or RSA of {rsa_bits_min}{other}"
        problems.append(Problem(str(path), "", what, remedy))


def _look_at_key(path: Path, problems: list[Problem]) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        path.read_bytes()
    except OSError as error:
        problems.append(Problem(str(path), "", f"can't be read: {error.strerror}", "name the file of the key"))
        return
    # A group of its own for those who may read keys is a usual thing; others, and changes by a group, are not.
    if mode & 0o037:
        problems.append(Problem(str(path), "", "others can read or change this key", "chmod 600, and find out who did"))


def _look_at_authorities(path: Path, rsa_bits_min: int, problems: list[Problem]) -> None:
    for each in _certificates(path, problems):
        _look_at_strength(path, each, rsa_bits_min, problems)
        try:
            is_authority = each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            is_authority = False
        if not is_authority:
            what = f"{each.subject.rfc4514_string()} is no authority"
            problems.append(Problem(str(path), "", what, "give the certificate that signs the clients' certificates"))
