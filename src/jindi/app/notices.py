"""The settings of notifications: when people are told, who is next, and by which server mail leaves."""

import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from jindi.basics.instants import HOUR_US, MINUTE_US
from jindi.basics.problems import Problem
from jindi.run.notices import MailSettings, Rules, Rung, parse_chain
from jindi.run.notices.mail import is_address
from jindi.run.webhooks.sending import receivers_context

NOTICES = (
    (
        "notify_escalate",
        "15=lead,30=channel",
        "who is next when nobody looks at what is urgent: minutes=lead or channel",
    ),
    ("notify_take_minutes", "15", "minutes that a critical case may wait for somebody to take it"),
    ("notify_soon_minutes", "120", "minutes before a case is due in which its assignee is told"),
    ("notify_expires_hours", "12", "hours before an approval ends in which its people are told"),
    ("notify_fold_hours", "6", "what is older when it is found comes as one digest"),
    ("mail_host", "", "the mail server that notifications leave by; empty: none are mailed"),
    ("mail_port", "587", "its port"),
    ("mail_tls", "starttls", "how it is spoken to: starttls, tls, or off (only on this machine)"),
    ("mail_from", "", "the address that notifications are sent from"),
    ("mail_user", "", "the name to sign in with there; empty: nobody signs in"),
    ("mail_password_file", "", "the file of the password, readable by its owner alone"),
    ("mail_ca", "", "authorities that the mail server is verified against besides the system's, PEM"),
    ("mail_domains", "", "domains that notifications may be mailed to, by commas; empty: any"),
)
"""Each setting: its name, its default, what it means. Numbers are design defaults."""

_TLS: Mapping[str, Literal["starttls", "tls", "off"]] = {"starttls": "starttls", "tls": "tls", "off": "off"}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read_notices(chosen: Mapping[str, str], problems: list[Problem]) -> tuple[Rules, MailSettings | None]:
    """The settings, read; what is wrong goes to the problems."""
    chain: tuple[Rung, ...] = ()
    try:
        chain = parse_chain(chosen["notify_escalate"])
    except ValueError as error:
        problems.append(Problem("settings", "notify_escalate", str(error), "write such as 15=lead,30=channel"))
    rules = Rules(
        fold_us=_whole(chosen, "notify_fold_hours", 1, 720, problems) * HOUR_US,
        soon_us=_whole(chosen, "notify_soon_minutes", 1, 10_000, problems) * MINUTE_US,
        ends_us=_whole(chosen, "notify_expires_hours", 1, 720, problems) * HOUR_US,
        take_us=_whole(chosen, "notify_take_minutes", 1, 10_000, problems) * MINUTE_US,
        chain=chain,
    )
    return rules, _mail(chosen, problems)


def _mail(chosen: Mapping[str, str], problems: list[Problem]) -> MailSettings | None:
    port = _whole(chosen, "mail_port", 1, 65_535, problems)
    tls = _TLS.get(chosen["mail_tls"])
    if tls is None:
        problems.append(Problem("settings", "mail_tls", "not a way of TLS", "use starttls, tls or off"))
        return None
    host = chosen["mail_host"]
    if not host:
        return None
    found = len(problems)
    if tls == "off" and host not in _LOOPBACK:
        remedy = "use starttls or tls; off is for a server on this machine"
        problems.append(Problem("settings", "mail_tls", "mail would leave in clear", remedy))
    if not is_address(chosen["mail_from"]):
        problems.append(
            Problem("settings", "mail_from", "not an address", "write one address, such as risk@example.com")
        )
    password = _password(chosen, problems)
    context = _context(chosen, problems) if tls != "off" else None
    if len(problems) > found:
        return None
    domains = tuple(each.strip().lower() for each in chosen["mail_domains"].split(",") if each.strip())
    return MailSettings(host, port, chosen["mail_from"], chosen["mail_user"], password, tls, domains, context)


def _context(chosen: Mapping[str, str], problems: list[Problem]) -> ssl.SSLContext | None:
    try:
        return receivers_context(Path(chosen["mail_ca"]) if chosen["mail_ca"] else None)
    except OSError:
        what, remedy = "holds no authorities (PEM), or can't be read", "name a file of certificates"
        problems.append(Problem("settings", "mail_ca", what, remedy))
    return None


def _password(chosen: Mapping[str, str], problems: list[Problem]) -> str:
    if not chosen["mail_user"]:
        return ""
    path = Path(chosen["mail_password_file"])
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        remedy = "name a file that holds it, with mode 600"
        problems.append(Problem("settings", "mail_password_file", "can't be read, and mail_user is set", remedy))
        return ""
    if stat.S_IMODE(mode) & 0o077:
        problems.append(Problem("settings", "mail_password_file", "others can read this password", "chmod 600"))
    return text


def _whole(chosen: Mapping[str, str], name: str, least: int, most: int, problems: list[Problem]) -> int:
    text = chosen[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        remedy = f"write a number from {least} to {most}"
        problems.append(Problem("settings", name, "not a whole number in range", remedy))
        return least
    return int(text)
