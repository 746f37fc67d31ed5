"""Checks that read what Jindi is made of: its own source, its dependencies, the packs and settings beside it."""

import ast
import base64
import binascii
import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from jindi.basics.digests import canonical, digest
from jindi.run.controls.advisories import pinned
from jindi.run.controls.flaws import normal
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check

# ---- algorithms

ALLOWED: Final[frozenset[str]] = frozenset(
    {
        "hashlib.sha256", "hashlib.sha384", "hashlib.sha512", "hashlib.blake2b",
        "hmac.digest", "hmac.compare_digest", "hmac.new",
        "AESGCM", "SM4", "GCM", "Ed25519PrivateKey", "Ed25519PublicKey", "X25519PrivateKey", "X25519PublicKey",
        "HKDF", "HKDFExpand", "SHA256", "SHA384", "SHA512", "Argon2id", "aes_key_wrap", "aes_key_unwrap", "Cipher",
        "ChaCha20Poly1305", "SM3", "HMAC", "ECDSA", "EllipticCurvePrivateKey", "EllipticCurvePublicKey", "SECP256R1",
        "SECP384R1", "RSAPublicKey", "RSAPrivateKey",
    }
)  # fmt: skip
"""What may be imported or called. A name that is not here has to be judged by a person first.

Basis: OWASP ASVS 5.0 11.3.1, 11.3.2, 11.4.1; SM4/GCM and SM3 for GB/T 39786-2021.
"""

_NO_ALGORITHMS: Final = frozenset(
    {"InvalidTag", "InvalidSignature", "InvalidKey", "Encoding", "PublicFormat", "PrivateFormat", "NoEncryption",
     "UnsupportedAlgorithm",
     "BestAvailableEncryption", "AEADDecryptionContext", "hashes", "serialization", "load_pem_private_key",
     "load_der_private_key", "load_pem_public_key", "load_der_public_key", "constant_time", "ec", "rsa", "ed25519",
     "algorithms", "modes", "aead", "padding", "asymmetric", "ciphers", "kdf", "backends", "default_backend",
     "PrivateKeyTypes", "PublicKeyTypes", "CertificatePublicKeyTypes", "CertificateIssuerPrivateKeyTypes"}
)  # fmt: skip
"""Names of the library that are containers, formats and refusals, no algorithms."""

_CHANCE_IN: Final = (
    "run/simulate/", "run/demo", "run/learn/", "run/backtest/", "run/drift/", "client.py", "run/webhooks/courier.py",
    "run/notices/courier.py",
)  # fmt: skip
"""Where `random` is allowed: simulated worlds and statistics, which must come out the same again, and the pauses
between two tries of the client, of webhooks and of notifications.
"""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an algorithm, or of something that must not be used."""

    name: str
    place: str


def uses_of(path: str, text: str) -> Iterator[Use]:
    """What a file imports or calls of cryptography, and what weakens it: `random` outside of simulated worlds,
    certificates that are not checked.
    """
    for node in ast.walk(ast.parse(text)):
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in ("cryptography", "hashlib", "hmac"):
                prefix = f"{module}." if module in ("hashlib", "hmac") else ""
                in_x509 = module.startswith("cryptography.x509")
                for alias in node.names:
                    if alias.name not in _NO_ALGORITHMS and not in_x509 and alias.name != "x509":
                        yield Use(prefix + alias.name, place)
            case ast.ImportFrom(module="random") if not path.startswith(_CHANCE_IN):
                yield Use("random", place)
            case ast.Import():
                for alias in node.names:
                    if alias.name == "random" and not path.startswith(_CHANCE_IN):
                        yield Use("random", place)
                    elif alias.name.split(".")[0] in ("Crypto", "Cryptodome", "gmssl", "rsa", "pyDes"):
                        yield Use(alias.name, place)
            case ast.Attribute(value=ast.Name(id="hashlib" | "hmac" as module), attr=attr):
                yield Use(f"{module}.{attr}", place)
            case ast.Attribute(value=ast.Name(id="algorithms" | "modes" | "hashes"), attr=attr) if attr[0].isupper():
                yield Use(attr, place)
            case ast.Attribute(attr="CERT_NONE" | "_create_unverified_context" as attr):
                yield Use(f"ssl.{attr}", place)
            case ast.keyword(arg="verify", value=ast.Constant(value=False)):
                yield Use("verify=False", place)
            case ast.keyword(arg="check_hostname", value=ast.Constant(value=False)):
                yield Use("check_hostname=False", place)
            case ast.Assign(targets=[ast.Attribute(attr="check_hostname")], value=ast.Constant(value=False)):
                yield Use("check_hostname=False", place)
            case _:
                pass


_LOOKS_UP_LEAKED: Final = ("access/passwords.py", "hashlib.sha1")
"""Public corpora of breached passwords are cut by SHA-1: they are looked up by it, and nothing is kept under it."""

_SCANS_SOCKETS: Final = "run/controls/transport.py"
"""The check of TLS looks at what a server offers, good or bad: it alone may talk to one without trusting it."""


@check(
    "algorithms",
    "扫描自身源码的语法树：只使用准许的密码算法，不用普通随机数，不关闭证书校验",
    "Our own source, read as syntax trees: only allowed algorithms, no plain chance, no unchecked certificates",
)
def algorithms(ground: Ground, _: Asked) -> Evidence:
    """C08. ASVS 5.0 11.3.1, 11.3.2, 11.4.1."""
    files = sorted(path for path in ground.source.rglob("*.py"))
    if not files:
        raise could_not_run("找不到自身源码", "our own source is not at hand")
    found: dict[str, list[str]] = {}
    for path in files:
        name = path.relative_to(ground.source).as_posix()
        for use in uses_of(name, path.read_text("utf-8")):
            if name == _SCANS_SOCKETS and use.name.startswith(("ssl.", "check_hostname")):
                continue
            if (name, use.name) == _LOOKS_UP_LEAKED:
                continue
            found.setdefault(use.name, []).append(use.place)
    bad = {name: places for name, places in sorted(found.items()) if name not in ALLOWED}
    evidence: Evidence = {"files": len(files), "algorithms": {name: len(places) for name, places in found.items()}}
    if not found:
        raise could_not_run(
            "源码中没有找到任何密码算法，扫描本身有误", "no algorithm was found at all: the scan is wrong"
        )
    if bad:
        names = ", ".join(bad)
        raise failed(f"使用了未经准许的算法或做法：{names}", f"used and not allowed: {names}", bad=bad, **evidence)
    return evidence


# ---- secrets

SECRETS: Final[dict[str, re.Pattern[str]]] = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "our API key": re.compile(r"\bjk_[A-Za-z0-9_-]{20,}"),
    "our sign-in link": re.compile(r"/sign-in/[A-Za-z0-9_-]{20,}"),
    "our backup key or share": re.compile(r"\bjindi (?:backup key|share) \d"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "Alibaba Cloud key": re.compile(r"\bLTAI[A-Za-z0-9]{12,28}\b"),
    "GitHub token": re.compile(r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}"),
    "Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]+:[^\s:/@'\"]{3,}@"),
    "assigned secret": re.compile(
        r"""(?ix)\b(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|passphrase)\b
            \s*[=:]\s*["']([^"'\s]{8,})["']"""
    ),
}
"""What a secret looks like. Our own beginnings first: keys of ours begin so that they can be found."""

ENTROPY_MIN_BITS: Final = 3.5
"""An assigned text of fewer bits a character is a word, not a secret. Mark: design default."""

TEXT_BYTES_MAX: Final = 4 * 1024 * 1024


def secrets_in(text: str) -> Iterator[tuple[str, int]]:
    """(kind, line) of what looks like a secret. Never the text itself."""
    for number, line in enumerate(text.splitlines(), 1):
        for kind, pattern in SECRETS.items():
            for match in pattern.finditer(line):
                if kind != "assigned secret" or entropy_bits(match[1]) >= ENTROPY_MIN_BITS:
                    yield kind, number


def entropy_bits(text: str) -> float:
    """Shannon's entropy of a text's characters, in bits a character.

    >>> entropy_bits("aaaa"), entropy_bits("abcd")
    (0.0, 2.0)
    """
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values()) + 0.0


@check(
    "no_secrets",
    "在自身源码、行业包与设置文件中查找密钥、令牌与口令",
    "Keys, tokens and passwords looked for in our own source, the packs and the settings file",
)
def no_secrets(ground: Ground, _: Asked) -> Evidence:
    """C09. PCI DSS 8.6.2; ASVS 5.0 13.3.1."""
    planted = list(secrets_in('api_key = "' + base64.b32encode(bytes(range(20))).decode() + '"'))
    if [kind for kind, _ in planted] != ["assigned secret"]:
        raise could_not_run("扫描器找不到预置的密钥", "the scanner does not find the secret that is planted for it")
    hits: list[str] = []
    files = read = 0
    for root in (ground.source, *ground.packs):
        for path in sorted(root.rglob("*")):
            if not path.is_file() or path.suffix in (".pyc", ".so") or path.stat().st_size > TEXT_BYTES_MAX:
                continue
            name = f"{root.name}/{path.relative_to(root).as_posix()}"
            files, read = files + 1, read + path.stat().st_size
            hits += [f"{name}:{line}: {kind}" for kind, line in secrets_in(path.read_text("utf-8", "replace"))]
    settings = ground.data / "jindi.toml"
    if settings.is_file():
        files += 1
        hits += [f"jindi.toml:{line}: {kind}" for kind, line in secrets_in(settings.read_text("utf-8", "replace"))]
    evidence: Evidence = {"files": files, "bytes": read, "patterns": len(SECRETS), "hits": hits}
    if not files:
        raise could_not_run("没有可查找的文件", "there was no file to look at")
    if hits:
        raise failed(
            f"有 {len(hits)} 处疑似密钥或口令", f"what looks like a secret stands in {len(hits)} places", **evidence
        )
    return evidence


# ---- components


@check(
    "components",
    "列出全部组件：版本与锁定文件一致，安装后的文件与其记录的摘要一致",
    "All components listed: their versions are those of the lock file, their files those of their own records",
)
def components(ground: Ground, _: Asked) -> Evidence:
    """C40, its part without a network. ASVS 5.0 15.1.2; GB/T 22239 8.1.4.4."""
    if ground.lock is None:
        raise could_not_run("没有锁定文件 requirements.lock，无从对照", "there is no requirements.lock to compare with")
    locked = pinned(ground.lock)
    if not locked:
        raise could_not_run("锁定文件中没有任何组件", "the lock file pins nothing")
    installed = {normal(each.name): each for each in distributions()}
    wrong, absent, altered, files = [], [], [], 0
    bill = []
    for name, versions in sorted(locked.items()):
        if (there := installed.get(name)) is None:
            absent.append(name)  # of another operating system or Python
            continue
        if there.version not in versions:
            wrong.append(f"{name}: {there.version}, locked {' or '.join(sorted(versions))}")
        checked, bad = _altered(there)
        files += checked
        altered += [f"{name}: {each}" for each in bad]
        bill.append({"name": name, "version": there.version, "licence": _licence(there)})
    evidence: Evidence = {
        "components": len(bill), "locked": len(locked), "not_installed": absent, "files": files,
        "bill_digest": digest(canonical(bill)), "bill": bill,
    }  # fmt: skip
    if wrong or altered:
        raise failed(
            f"组件与锁定不符 {len(wrong)} 个，安装后被改动的文件 {len(altered)} 个",
            f"{len(wrong)} components are not the locked ones, {len(altered)} files were changed after they came",
            wrong=wrong, altered=altered[:50], **evidence,
        )  # fmt: skip
    if not bill:
        raise failed("锁定的组件一个也没有安装", "not one locked component is installed", **evidence)
    return evidence


def _licence(there: Distribution) -> str:
    """What a component says of its licence, in one short line."""
    said = there.metadata.json
    text = str(said.get("license_expression") or said.get("license") or "")
    return text.strip().partition("\n")[0][:60]


def _altered(there: Distribution) -> tuple[int, list[str]]:
    """How many files were compared with the digests of a component's own record, and which differ."""
    checked, bad = 0, []
    for file in there.files or ():
        if file.hash is None or file.hash.mode not in ("sha256", "sha384", "sha512"):
            continue
        checked += 1
        try:
            data = Path(str(file.locate())).read_bytes()
        except OSError:
            bad.append(f"{file} is gone")
            continue
        if _digest_of(file.hash.mode, data) != _padded(file.hash.value):
            bad.append(f"{file} differs")
    return checked, bad


_DIGESTS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def _digest_of(mode: str, data: bytes) -> bytes:
    made = _DIGESTS.get(mode)
    return made(data).digest() if made is not None else b""


def _padded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b"?"
