"""E-mail: made without room for anybody's header, and sent to the operator's own server alone, sealed.

The host stands in the settings and nowhere else. It is resolved by the guard of webhooks, so the address that was
looked at is the one that is connected to, and no setting leads to a cloud's metadata.
"""

import re
import smtplib
import socket
import ssl
import unicodedata
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Final, Literal

from jindi.run.notices.occasions import Message
from jindi.run.webhooks.reaching import Forbidden, Reach
from jindi.run.webhooks.sending import Sent

TIMEOUT_S: Final = 15.0
ADDRESS_LENGTH_MAX: Final = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\Z", re.ASCII)
"""What may be written to: no comment, no quote, no list, nothing that a server could read in two ways."""


def is_address(text: str) -> bool:
    r"""Whether a text is one e-mail address and nothing beside it.

    >>> is_address("li.min@example.com"), is_address("a@b\r\nBcc: c@d"), is_address("a@b, c@d")
    (True, False, False)
    """
    return len(text) <= ADDRESS_LENGTH_MAX and _ADDRESS.match(text) is not None and ".." not in text


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves. `tls`: starttls or tls; off only to this machine. `domains`: where letters go; empty: all."""

    host: str
    port: int = 587
    sender: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["starttls", "tls", "off"] = "starttls"
    domains: tuple[str, ...] = ()
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def may_go(self, address: str) -> bool:
        """Whether a letter may go to an address."""
        return not self.domains or address.rpartition("@")[2].lower() in self.domains


def letter(settings: MailSettings, to: str, identifier: str, message: Message) -> EmailMessage:
    """One letter. Its id is made of what it tells, so that the same is known again."""
    made = EmailMessage(policy=POLICY)
    made["Subject"] = one_line(message.title)
    made["From"] = settings.sender
    made["To"] = to
    made["Message-ID"] = f"<{identifier}@{settings.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    if message.level in ("high", "critical"):
        made["Importance"] = "high"
    lines = [*map(one_line, message.lines), "", message.link, ""]
    made.set_content("\n".join(lines))
    return made


def one_line(text: str) -> str:
    r"""A text without anything that ends a line or can't be seen.

    >>> one_line("a\r\nBcc: b")
    'a Bcc: b'
    """
    seen = "".join(
        " " if each.isspace() or unicodedata.category(each) in ("Cc", "Zl", "Zp") else each
        for each in text
        if unicodedata.category(each) not in ("Cf", "Co", "Cs")
    )
    return " ".join(seen.split())[:300]


class _Guarded(smtplib.SMTP):
    """A client that connects to the address that was looked at, and verifies the name that the settings have."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._host, self._address = name, address  # by `_host` the library verifies

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host
        return socket.create_connection((self._address, port), timeout)


class _Sealed(smtplib.SMTP_SSL):
    """The same, sealed from the first byte."""

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        super().__init__(timeout=TIMEOUT_S, context=context)
        self._address, self._seal = address, context

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return self._seal.wrap_socket(plain, server_hostname=host)


class Post:
    """Sends letters by one server. Blocking: for a thread."""

    def __init__(self, settings: MailSettings, reach: Reach | None = None) -> None:
        self.settings = settings
        self._reach = reach or Reach([settings.host])

    def send(self, to: str, identifier: str, message: Message) -> Sent:
        """One letter; what became of it. `gone` when the server will never take it."""
        if not is_address(to):
            return Sent("not an address", gone=True)
        if not self.settings.may_go(to):
            # Looked at here, too: the address may have been kept before the setting was.
            return Sent("mail may not go to this domain (setting mail_domains)", gone=True)
        made = letter(self.settings, to, identifier, message)
        try:
            with self._open() as server:
                server.send_message(made, self.settings.sender, [to])
        except Forbidden as error:
            return Sent(str(error))
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            return Sent(f"the mail server refused the recipient ({code})", gone=500 <= code < 600)
        except smtplib.SMTPResponseException as error:
            return Sent(f"the mail server answered {error.smtp_code}")
        except ssl.SSLCertVerificationError:
            return Sent("the mail server's certificate can't be verified")
        except (smtplib.SMTPException, OSError) as error:
            return Sent(f"no mail was sent: {type(error).__name__}")
        return Sent()

    def _open(self) -> smtplib.SMTP:
        settings = self.settings
        is_plain = settings.tls == "off"
        address = self._reach.address(settings.host, settings.port, plain=is_plain)
        context = settings.context or ssl.create_default_context()
        server: smtplib.SMTP
        server = _Sealed(address, context) if settings.tls == "tls" else _Guarded(settings.host, address)
        try:
            server.connect(settings.host, settings.port)
            if settings.tls == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        return server
