"""Checks of transport: what the address that we listen on offers to whoever calls, and where we call ourselves."""

import ast
import socket
import ssl
import warnings
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from jindi.access import RSA_BITS_MIN, RSA_BITS_OPENED
from jindi.basics.instants import DAY_US, SECOND_US
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.webhooks.reaching import Forbidden

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
    """C39. ASVS 5.0 12.1, 12.3, 11.2.3; PCI DSS 4.2.1. `address` names the proxy's, where one stands before us."""
    host, port = _address(asked.text("address"), ground)
    where = f"{host}:{port}"
    try:
        version, suite, certificate = _greeted(host, port, _client())
    except ssl.SSLError as error:
        raise failed(
            "监听地址不提供 TLS：请设置 tls 为 files（自有证书）或 demo；由前置代理提供的，在参数 address 写明其地址",
            "the address does not speak TLS: set tls to files (your certificate) or demo; where a proxy stands before "
            "it, name its address in the control's argument address",
            address=where, answer=error.reason,
        ) from None  # fmt: skip
    except OSError:
        raise could_not_run(
            "监听地址无人应答：请启动平台，一小时内会自动检查；由前置代理提供 TLS 的，在参数 address 写明其地址",
            "nobody answers at the address: start the platform, which looks by itself within the hour; where a proxy "
            "speaks TLS, name its address in the control's argument address",
            address=where,
        ) from None  # fmt: skip
    accepted: list[str] = []
    untried: list[str] = []
    for name, old in OLD.items():
        (accepted if _accepts(host, port, _client(only=old), untried, name) else []).append(name)
    for name, suites in WEAK.items():
        (accepted if _accepts(host, port, _client(ssl.TLSVersion.TLSv1_2, suites), untried, name) else []).append(name)
    loaded = x509.load_der_x509_certificate(certificate)
    opened = "tls" in [each.strip() for each in ground.settings.get("rsa_2048", "").split(",")]
    bits_min = RSA_BITS_OPENED if opened else RSA_BITS_MIN
    public = loaded.public_key()
    rsa_bits = public.key_size if isinstance(public, RSAPublicKey) else None
    ends_us = round(loaded.not_valid_after_utc.timestamp() * SECOND_US)
    begins_us = round(loaded.not_valid_before_utc.timestamp() * SECOND_US)
    now_us = ground.clock.now_us()
    days_left = (ends_us - now_us) // DAY_US
    evidence: Evidence = {
        "address": where, "version": version, "suite": suite, "days_left": days_left, "accepted": accepted,
        "rsa_bits": rsa_bits, "rsa_bits_min": bits_min, "opened_by_setting": "rsa_2048 = tls" if opened else None,
        "certificate_ends": loaded.not_valid_after_utc.isoformat(), "could_not_offer": untried,
    }  # fmt: skip
    if accepted:
        raise failed(
            f"接受不安全的协商：{', '.join(accepted)}", f"takes what it must not: {', '.join(accepted)}", **evidence
        )
    if rsa_bits is not None and rsa_bits < bits_min:
        raise failed(
            f"证书的 RSA 密钥只有 {rsa_bits} 位，至少 {bits_min} 位：请换用 ECDSA 或更长的密钥",
            f"the certificate's RSA key has {rsa_bits} bits, {bits_min} are asked: use ECDSA, or a longer one",
            **evidence,
        )
    if begins_us > now_us or days_left < asked.whole("days_left_min"):
        raise failed(
            "证书未生效或即将到期：请更换证书，并核对本机时钟",
            "the certificate is not in force, or ends soon: renew it, and look at the machine's clock", **evidence,
        )  # fmt: skip
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


# ---- connections of our own

INSIDE: Final = {
    "loopback": "127.0.0.1", "loopback, another": "127.8.9.10", "loopback, IPv6": "::1", "any": "0.0.0.0",  # noqa: S104
    "private 10": "10.1.2.3", "private 172": "172.16.9.9", "private 192": "192.168.1.1", "carrier": "100.64.1.1",
    "unique local": "fd12:3456::1", "site local": "fec0::1", "IPv4 in IPv6": "::ffff:10.0.0.1",
    "NAT64": "64:ff9b::a00:1", "6to4": "2002:0a00:0001::1", "Teredo": "2001:0:1::1", "multicast": "224.0.0.1",
}  # fmt: skip
"""Addresses inside, in the ways in which they are written."""

METADATA: Final = {
    "link local": "169.254.169.254", "link local, IPv6": "fe80::1", "AWS, IPv6": "fd00:ec2::254",
    "Alibaba Cloud": "100.100.100.200", "Oracle Cloud": "192.0.0.192", "in IPv6": "::ffff:169.254.169.254",
}  # fmt: skip
"""Where clouds give a machine's credentials away; no setting may open them."""

OUTSIDE: Final = "93.184.216.34"
CALLERS: Final = frozenset(
    {
        "client.py", "doors/cli/versioning.py", "doors/cli/explaining.py", "doors/cli/approving.py",
        "doors/cli/watchlists.py", "doors/cli/filing.py",
        "run/webhooks/reaching.py", "run/webhooks/sending.py", "run/controls/worlds.py", "run/controls/transport.py",
        "doors/oidc.py", "stores/transit.py", "stores/clamd.py", "run/notices/mail.py",
    }
)  # fmt: skip
"""Our own files that may open a connection: the client, commands that ask the platform they are told to, webhooks
behind their fence, checks (of a small platform in this process, and of an address that is scanned), and what asks the
company's provider, the key service, the virus scanner and the mail server, each where the settings say.
"""

_OPENING: Final = frozenset(
    {"httpx", "httpcore", "requests", "aiohttp", "urllib3", "urllib.request", "http.client", "smtplib", "ftplib",
     "telnetlib", "poplib", "imaplib", "xmlrpc.client"}
)  # fmt: skip
_DIALLING: Final = frozenset({"create_connection", "open_connection", "open_unix_connection", "connect_ex"})
_NAMED: Final = tuple(tuple(name.split(".")) for name in sorted(_OPENING | _DIALLING))
"""A file that does not even hold all words of one of these needs no parsing."""


def opens_connections(text: str) -> list[str]:
    """What a file imports or calls that opens connections.

    >>> opens_connections("import httpx"), opens_connections("import socket; socket.create_connection(x)")
    (['httpx'], ['create_connection'])
    """
    found: set[str] = set()
    if not any(all(word in text for word in words) for words in _NAMED):
        return []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names} & _OPENING
            case ast.ImportFrom(module=str(module)):
                found |= {module} & _OPENING
                found |= {f"{module}.{alias.name}" for alias in node.names} & _OPENING
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _DIALLING:
                found.add(attr)
            case _:
                pass
    return sorted(found)


@check(
    "outbound_allow_list",
    "以各种写法的内网与云元数据地址为目标，推送一律被拒；自身源码中只有登记的文件会发起连接",
    "Webhooks told to go inside, or to a cloud's metadata, in every spelling, are refused; only listed files connect",
)
def outbound_allow_list(ground: Ground, _: Asked) -> Evidence:
    """C41. ASVS 5.0 13.2.4. What the setting webhook_allow names is permitted, and shown."""
    allowed = [each.strip() for each in ground.settings.get("webhook_allow", "").split(",") if each.strip()]
    reached = [name for name, address in METADATA.items() if _reaches(ground, address)]
    # With a company's own exceptions these may be meant; without any they are not.
    reached += [name for name, address in INSIDE.items() if not allowed and _reaches(ground, address)]
    beside = _reaches(ground, OUTSIDE, INSIDE["private 10"]) and not allowed
    connecting = {
        path.relative_to(ground.source).as_posix(): ways
        for path in sorted(ground.source.rglob("*.py"))
        if (ways := opens_connections(path.read_text("utf-8")))
    }
    unlisted = {name: ways for name, ways in connecting.items() if name not in CALLERS}
    evidence: Evidence = {
        "tried": len(INSIDE) + len(METADATA), "reached": reached, "one_bad_address_of_two": beside,
        "allowed_by_setting": allowed, "connecting": connecting, "unlisted": unlisted,
    }  # fmt: skip
    if not _reaches(ground, OUTSIDE):
        raise could_not_run("连外部地址也被拒绝，无从对照", "not even an address outside is reached", **evidence)
    if reached or beside:
        raise failed("推送可以到达内部地址", "webhooks can be sent inside", **evidence)
    if unlisted:
        names = ", ".join(unlisted)
        raise failed(f"有未登记的文件会发起连接：{names}", f"files that are not listed connect: {names}", **evidence)
    return evidence


def _reaches(ground: Ground, *addresses: str) -> bool:
    reach = ground.reach(lambda _host, _port: addresses)
    try:
        where = reach.parts("https://check.invalid/hook")
        reach.address(where.host.decode(), 443)
    except Forbidden:
        return False
    return True
