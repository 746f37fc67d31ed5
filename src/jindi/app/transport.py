"""The settings of transport: TLS, names, rates, signatures, and where webhooks may go."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from jindi.access import Rate, parse_rate
from jindi.basics.problems import Problem
from jindi.doors.cli.wiring import Transport
from jindi.doors.fences import Rates

TRANSPORT = (
    ("tls", "off", "TLS: off, files (tls_certificate and tls_key), or demo (a certificate of our own)"),
    ("tls_certificate", "", "the file of the certificate with its chain, PEM"),
    ("tls_key", "", "the file of its private key, PEM, readable by its owner (and a group) alone"),
    ("tls_client_ca", "", "the authorities whose clients may connect (mutual TLS), PEM; empty: everybody"),
    ("rsa_2048", "", "where RSA keys of 2048 bits are taken: some of sign_in, tls; empty: nowhere, 3072 everywhere"),
    ("hosts", "", "names that requests may call the platform by besides the machine's own and addresses; *: any"),
    ("signature_window", "300", "seconds for which a signed request is taken"),
    ("rate_events", "50000/second", "events that one key may send: N/second, N/minute, N/hour, or off"),
    ("rate_requests", "6000/minute", "other requests, for each key and for each address; or off"),
    ("rate_sign_in", "10/minute", "tries to sign in, for each address; or off"),
    ("connections", "4096", "connections open at a time; one address (but loopback) has a quarter of them"),
    ("webhook_allow", "", "names and networks inside that webhooks may go to, separated by commas"),
    ("webhook_http", "off", "webhooks without TLS: off, or loopback"),
    ("webhook_ca", "", "authorities that webhooks' receivers are verified against besides the system's, PEM"),
)
"""Each setting: its name, its default, what it means. Rates and numbers are design defaults."""

RSA_2048 = ("sign_in", "tls")
"""Where the setting of that name may take shorter keys."""

_TLS: Mapping[str, Literal["off", "demo", "files"]] = {"off": "off", "demo": "demo", "files": "files"}


def read_transport(chosen: Mapping[str, str], problems: list[Problem]) -> Transport:
    """The settings, read; what is wrong goes to the problems."""
    certificate, key, client_ca = (_path(chosen[name]) for name in ("tls_certificate", "tls_key", "tls_client_ca"))
    tls = _TLS.get(chosen["tls"])
    if tls is None:
        problems.append(Problem("settings", "tls", "not a way of TLS", "use off, files or demo"))
    elif tls == "files":
        missing = [name for name in ("tls_certificate", "tls_key") if not chosen[name]]
        problems += [Problem("settings", name, "missing, and tls is files", "name the file") for name in missing]
    else:
        idle = ["tls_certificate", "tls_key", *(["tls_client_ca"] if tls == "off" else [])]
        what, remedy = f"given, and tls is {tls}: it would not be used", "set tls to files, or leave it out"
        problems += [Problem("settings", name, what, remedy) for name in idle if chosen[name]]
    return Transport(
        tls or "off", certificate, key, client_ca, _rsa_2048(chosen["rsa_2048"], problems),
        hosts=_listed(chosen["hosts"]),
        signature_window_s=_whole(chosen, "signature_window", 10, 3_600, problems),
        rates=Rates(*(_rate(chosen, name, problems) for name in ("rate_events", "rate_requests", "rate_sign_in"))),
        connections=_whole(chosen, "connections", 16, 1_000_000, problems),
        webhook_allow=_inside(chosen["webhook_allow"], problems),
        webhook_http=_is_on(chosen, "webhook_http", "loopback", problems),
        webhook_ca=_path(chosen["webhook_ca"]),
    )  # fmt: skip


def _rsa_2048(text: str, problems: list[Problem]) -> frozenset[str]:
    places = frozenset(_listed(text))
    if not places <= set(RSA_2048):
        what, remedy = "not a place where shorter keys may be taken", f"use some of: {', '.join(RSA_2048)}; or leave it"
        problems.append(Problem("settings", "rsa_2048", what, remedy))
    return places


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _rate(chosen: Mapping[str, str], name: str, problems: list[Problem]) -> Rate | None:
    try:
        return parse_rate(chosen[name])
    except ValueError as error:
        problems.append(Problem("settings", name, str(error), "write such as 600/minute, or off"))
    return None


def _whole(chosen: Mapping[str, str], name: str, least: int, most: int, problems: list[Problem]) -> int:
    text = chosen[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        remedy = f"write a number from {least} to {most}"
        problems.append(Problem("settings", name, "not a whole number in range", remedy))
        return least
    return int(text)


def _is_on(chosen: Mapping[str, str], name: str, on: str, problems: list[Problem]) -> bool:
    if chosen[name] not in ("off", on):
        problems.append(Problem("settings", name, f"neither off nor {on}", f"use off or {on}"))
    return chosen[name] == on


def _inside(text: str, problems: list[Problem]) -> tuple[str, ...]:
    """Names, and networks in the form 10.0.8.0/24."""
    listed = _listed(text)
    for each in listed:
        if "/" in each:
            try:
                ip_network(each)
            except ValueError:
                problems.append(Problem("settings", "webhook_allow", "not a network", "write such as 10.0.8.0/24"))
    return listed
