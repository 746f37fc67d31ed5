"""The people of a data folder: their accounts, the rules that the settings put on, and the company's own sign-in."""

import secrets
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from jindi.access import (
    PROFILES,
    Hasher,
    Lock,
    Lockouts,
    OidcSettings,
    ProfileName,
    Role,
    Sessions,
    Site,
    Staff,
    is_safe_address,
    parse_roles,
)
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.wiring import Settled
from jindi.ports import Blobs, Clock
from jindi.run.audit import Audit
from jindi.run.people import House
from jindi.vault import Sealer

OIDC_SECRET = "JINDI_OIDC_SECRET"  # noqa: S105 - the name of a variable
_Opened = TypeVar("_Opened")
_OIDC_KEYS = ("issuer", "client_id", "login_claim", "group_claim", "mfa", "roles")


def profile_of(text: str, problems: list[Problem]) -> ProfileName:
    """The password profile of a setting."""
    for name in PROFILES:
        if name == text:
            return name
    problems.append(Problem("settings", "passwords", "not a profile", f"use one of: {', '.join(PROFILES)}"))
    return "nist"


def site_of(text: str, problems: list[Problem]) -> str:
    """The public address of a setting, without a slash at its end; "" when there is none."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    except ValueError:
        bare = False
    if not bare or not is_safe_address(text):
        remedy = "write it as browsers show it: https://jindi.example.com"
        problems.append(Problem("settings", "site", "not the address of a site, with https", remedy))
        return ""
    return text.rstrip("/")


def company_of(settled: Settled, environment: Mapping[str, str]) -> OidcSettings | None:
    """The company's provider, if the settings have one; and that the other things are there which they name. Raises
    Problems with all that is wrong.
    """
    problems: list[Problem] = []
    if settled.breached is not None and not settled.breached.is_dir():
        remedy = "name a folder that is there, or leave it empty"
        problems.append(Problem("settings", "breached_passwords", "there is no such folder", remedy))
    company = None
    if settled.oidc is not None:
        try:
            read = read_oidc(settled.oidc, environment)
            company = replace(read, rsa_bits_min=settled.transport.rsa_bits_min("sign_in"))
        except Problems as wrong:
            problems += wrong.problems
    if problems:
        raise Problems(problems)
    return company


def breached_in(folder: Path) -> Callable[[str], Iterable[str]]:
    """Breached passwords in files by the first five digits of their SHA-1: `ABCDE.txt` or `ABCDE`, one `REST:COUNT` a
    line, as range files are.
    """

    def ranges(prefix: str) -> Iterable[str]:
        for path in (folder / f"{prefix}.txt", folder / prefix):
            if path.is_file():
                return path.read_text("ascii", "replace").splitlines()
        return ()

    return ranges


def address_of(settled: Settled, port: int | None = None) -> str:
    """Where people reach the console: as the settings say, or on this machine."""
    if settled.site:
        return settled.site
    here = "localhost" if _is_here(settled.host) else f"[{settled.host}]" if ":" in settled.host else settled.host
    scheme = "http" if settled.transport.tls == "off" else "https"
    return f"{scheme}://{here}:{settled.port if port is None else port}"


def passkey_site(settled: Settled, port: int | None = None) -> Site | None:
    """The site that passkeys are made for. Browsers take no passkey for a bare number, nor without TLS but here."""
    address = address_of(settled, port)
    host = urlsplit(address).hostname or ""
    if _is_number(host) or not (address.startswith("https://") or host == "localhost"):
        return None
    return Site(host, (address,))


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_here(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ip_address(host).is_loopback)


def open_staff(settled: Settled, blobs: Blobs, key: Callable[[], bytes]) -> Staff:
    """The accounts of a folder. Raises Problems when they are damaged."""
    history = PROFILES[settled.passwords].history
    return _opened(lambda: Staff(blobs, secrets.token_bytes, lambda: Sealer("aes-256-gcm", key()), history=history))


def open_house(
    settled: Settled, blobs: Blobs, key: Callable[[], bytes], audit: Audit, clock: Clock, port: int
) -> House:  # fmt: skip
    """The people of a running platform."""
    profile, staff = PROFILES[settled.passwords], open_staff(settled, blobs, key)
    sessions = _opened(
        lambda: Sessions(
            blobs,
            secrets.token_bytes,
            idle_us=profile.idle_us,
            absolute_us=profile.absolute_us,
            roles_now=staff.roles_now,
        )
    )
    return House(
        staff, sessions, _opened(lambda: Lockouts(blobs, Lock(profile.tries, profile.lock_us))), Hasher(), profile,
        audit, clock, secrets.token_bytes, passkey_site(settled, port),
        None if settled.breached is None else breached_in(settled.breached), settled.company_words,
    )  # fmt: skip


def _opened(open_: Callable[[], _Opened]) -> _Opened:
    try:
        return open_()
    except ValueError as error:
        raise Problems([Problem("access", "", str(error))]) from None


def read_oidc(path: Path, environment: Mapping[str, str]) -> OidcSettings:
    """The company's provider from its file, its secret from the environment. Raises Problems with all that is wrong."""
    problems: list[Problem] = []

    def wrong(item: str, what: str, remedy: str) -> None:
        problems.append(Problem(str(path), item, what, remedy))

    try:
        written: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Problems(
            [Problem(str(path), "", f"can't be read: {why}", "mend the file, or empty the setting")]
        ) from None
    for name in sorted(set(written) - set(_OIDC_KEYS)):
        wrong(name, "not a key of this file", f"use some of: {', '.join(_OIDC_KEYS)}")
    texts = {"login_claim": "preferred_username", "group_claim": "groups"} | {
        name: value for name, value in written.items() if name in _OIDC_KEYS[:4] and isinstance(value, str) and value
    }
    for name in _OIDC_KEYS[:4]:
        if name not in texts or (name in written and written[name] != texts[name]):
            wrong(name, "missing, or not a text", 'write it as name = "…"')
    if "issuer" in texts and not is_safe_address(texts["issuer"]):
        wrong("issuer", "neither https nor this machine", "write it as the provider does: https://id.example.com")
    mfa = written.get("mfa", [])
    if not isinstance(mfa, list) or not all(isinstance(each, str) for each in mfa):
        wrong("mfa", "not a list of texts", 'write the values of amr or acr: mfa = ["mfa"]')
    secret = environment.get(OIDC_SECRET, "")
    if not secret:
        problems.append(
            Problem("environment", OIDC_SECRET, "missing", "set the client's secret for this process alone")
        )
    roles = _roles(written.get("roles", {}), wrong)
    if problems:
        raise Problems(problems)
    return OidcSettings(
        texts["issuer"], texts["client_id"], secret, texts["login_claim"], texts["group_claim"], roles, tuple(mfa)
    )


def _roles(written: Any, wrong: Callable[[str, str, str], None]) -> dict[str, frozenset[Role]]:
    """Groups with their roles."""
    if not isinstance(written, dict):
        wrong("roles", "not a table", 'write [roles] and then "group" = ["analyst"]')
        return {}
    roles = {}
    for group, names in written.items():
        try:
            if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
                raise ValueError("not a list of roles")
            roles[group] = parse_roles(names)
        except ValueError as error:
            wrong(f"roles: {group[:64]}", str(error), 'write "group" = ["analyst"]')
    return roles
