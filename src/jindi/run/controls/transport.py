"""The check of transport: what the address that we listen on offers to whoever calls."""

import socket
import ssl
import warnings
from typing import Final

from cryptography import x509

from jindi.basics.instants import DAY_US, SECOND_US
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check

TIMEOUT_S: Final = 5.0
OLD: Final = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
WEAK: Final = {
    "no forward secrecy": "kRSA:@SECLEVEL=0",
    "no encryption": "eNULL:@SECLEVEL=0",
    "CBC with SHA-1": "ECDHE+AES+SHA1:@SECLEVEL=0",
}
"""Suites of TLS 1.2 that no server may take. All suites of TLS 1.3 have forward secrecy."""


@check(
    "tls",
    "对监听地址做 TLS 扫描：不接受 TLS 1.2 以下版本与无前向保密的套件，证书未到期",
    "The listening address scanned: nothing below TLS 1.2, no suite without forward secrecy, a certificate in force",
    address="",
    days_left_min=7,
)
def tls(ground: Ground, asked: Asked) -> Evidence:
    """C39. ASVS 5.0 12.1, 12.3; PCI DSS 4.2.1. `address` names the proxy's, where one stands before us."""
    host, port = _address(asked.text("address"), ground)
    where = f"{host}:{port}"
    try:
        version, suite, certificate = _greeted(host, port, _client())
    except ssl.SSLError as error:
        raise failed(
            "监听地址不提供 TLS", "the address does not speak TLS", address=where, answer=error.reason
        ) from None
    except OSError:
        raise could_not_run(
            "监听地址连不上（平台未运行？）", "nobody answers at the address (is the platform down?)", address=where
        ) from None
    accepted: list[str] = []
    untried: list[str] = []
    for name, old in OLD.items():
        (accepted if _accepts(host, port, _client(only=old), untried, name) else []).append(name)
    for name, suites in WEAK.items():
        (accepted if _accepts(host, port, _client(ssl.TLSVersion.TLSv1_2, suites), untried, name) else []).append(name)
    loaded = x509.load_der_x509_certificate(certificate)
    ends_us = round(loaded.not_valid_after_utc.timestamp() * SECOND_US)
    begins_us = round(loaded.not_valid_before_utc.timestamp() * SECOND_US)
    now_us = ground.clock.now_us()
    days_left = (ends_us - now_us) // DAY_US
    evidence: Evidence = {
        "address": where, "version": version, "suite": suite, "days_left": days_left, "accepted": accepted,
        "certificate_ends": loaded.not_valid_after_utc.isoformat(), "could_not_offer": untried,
    }  # fmt: skip
    if accepted:
        raise failed(
            f"接受不安全的协商：{', '.join(accepted)}", f"takes what it must not: {', '.join(accepted)}", **evidence
        )
    if begins_us > now_us or days_left < asked.whole("days_left_min"):
        raise failed("证书未生效或即将到期", "the certificate is not in force, or ends soon", **evidence)
    if any(name in OLD for name in untried):
        raise could_not_run(
            "本机的 OpenSSL 提不出旧版协议，无从证明被拒",
            "this machine's OpenSSL can't offer the old versions",
            **evidence,
        )
    return evidence


def _address(named: str, ground: Ground) -> tuple[str, int]:
    if not named:
        host, port = ground.listen
        return ("127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host), port  # noqa: S104
    host, _, port_text = named.rpartition(":")
    if not host or not port_text.isdecimal():
        raise could_not_run("参数 address 不是 主机:端口", "the argument address is no host:port")
    return host.strip("[]"), int(port_text)


def _client(only: ssl.TLSVersion | None = None, suites: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext | None:
    """A client that offers one version and some suites, and looks at whatever certificate comes; None when this
    machine can't offer them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if only is not None:
                context.minimum_version = context.maximum_version = only
        context.set_ciphers(suites)
    except (ssl.SSLError, ValueError):
        return None
    return context


def _greeted(host: str, port: int, context: ssl.SSLContext | None) -> tuple[str, str, bytes]:
    """What was agreed on: version, suite, the server's certificate."""
    if context is None:
        raise could_not_run("本机的 OpenSSL 无法建立客户端", "this machine's OpenSSL makes no client")
    with (
        socket.create_connection((host, port), timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert(binary_form=True)
        suite = secured.cipher()
        if certificate is None or suite is None:
            raise failed("对方没有出示证书", "the server shows no certificate")
        return secured.version() or "", suite[0], certificate


def _accepts(host: str, port: int, context: ssl.SSLContext | None, untried: list[str], name: str) -> bool:
    if context is None:
        untried.append(name)
        return False
    try:
        _greeted(host, port, context)
    except ssl.SSLError as error:
        if error.reason in ("NO_CIPHERS_AVAILABLE", "NO_PROTOCOLS_AVAILABLE"):
            untried.append(name)
        return False
    except OSError:
        return False
    return True
