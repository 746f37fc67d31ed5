"""A URL taken apart as browsers read it, for looking at only: scheme, user, host, port, path, query, and the name."""

import contextlib
import re
from dataclasses import dataclass
from typing import Final

URL_MAX: Final = 4_096
"""Longer texts are refused: no link that a person opens is as long."""

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_IPV4: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z", re.ASCII)
_WHOLE: Final = re.compile(r"(0x[0-9a-f]+|\d{6,})\Z", re.ASCII)

SECOND_LEVEL: Final = frozenset((
    "ac", "co", "com", "edu", "gob", "gov", "go", "gv", "ltd", "mil", "net", "ne", "nom", "or", "org", "plc", "sch",
))  # fmt: skip
"""Labels under which countries register names (`com.cn`, `co.uk`): a short list of our own, not the public one, so the
name in a rarer suffix is found one label too far right."""


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL. `host` is small, without a dot at its end, in Unicode where it was given as `xn--`. `labels`
    are the host's, `name` is the one that somebody registered ("alipay" of www.alipay.com.cn), `suffix` what follows.
    """

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    labels: tuple[str, ...]
    name: str
    suffix: str
    is_address: bool
    is_international: bool

    @property
    def domain(self) -> str:
        """The name with its suffix: what belongs to one owner."""
        return f"{self.name}.{self.suffix}" if self.suffix else self.name


def read_url(text: str) -> Url:
    """The parts of a URL; one without a scheme is taken for http. Raises ValueError when no host can be read from it.

    >>> url = read_url("HTTP://me@www.Alipay.com.cn:8080/a?b=c#d")
    >>> url.user, url.host, url.port, url.path, url.query, url.name, url.suffix
    ('me', 'www.alipay.com.cn', '8080', '/a', 'b=c', 'alipay', 'com.cn')
    """
    # Browsers leave out line ends and tabs, and take \\ for /.
    text = re.sub(r"[\t\r\n]", "", text).strip().replace("\\", "/")
    if not text or len(text) > URL_MAX:
        raise ValueError(f"no URL, or longer than {URL_MAX} characters (give one link)")
    scheme, rest = "http", text
    if (match := _SCHEME.match(text)) is not None:
        scheme, rest = match[1].lower(), text[match.end() :]
    elif text.startswith("//"):
        rest = text[2:]
    rest = rest.partition("#")[0]
    end = min((at for sign in "/?" if (at := rest.find(sign)) >= 0), default=len(rest))
    authority, rest = rest[:end], rest[end:]
    path, _, query = rest.partition("?")
    user, _, place = authority.rpartition("@")
    host, port = _host_and_port(place)
    shown = _unicode(host.lower().rstrip("."))
    if not shown or any(each.isspace() for each in shown):
        raise ValueError("no host in this URL (write it as https://host/path)")
    is_address = bool(_IPV4.match(shown) or _WHOLE.match(shown)) or ":" in shown
    labels = (shown,) if is_address else tuple(shown.split("."))
    name, suffix = (shown, "") if is_address else _registered(labels)
    is_international = "xn--" in host.lower() or not shown.isascii()
    return Url(scheme, user, shown, port, path, query, labels, name, suffix, is_address, is_international)


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):  # an IPv6 address
        host, _, rest = place[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def _unicode(host: str) -> str:
    """A host with its international labels as people see them; a label that is none stays as it is."""
    return ".".join(map(_label, host.split(".")))


def _label(label: str) -> str:
    if label.startswith("xn--"):
        with contextlib.suppress(UnicodeError, ValueError):
            return label[4:].encode("ascii").decode("punycode")
    return label


def _registered(labels: tuple[str, ...]) -> tuple[str, str]:
    """The label that somebody registered, and what stands behind it.

    >>> _registered(("www", "icbc", "com", "cn")), _registered(("localhost",))
    (('icbc', 'com.cn'), ('localhost', ''))
    """
    if len(labels) == 1:
        return labels[0], ""
    under_country = len(labels) >= 3 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL
    depth = 2 if under_country else 1
    return labels[-depth - 1], ".".join(labels[-depth:])
