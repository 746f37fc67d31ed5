"""Which names a request may call this machine by.

A page of another site can make a browser ask this machine, under the other site's name, once that name points here
(DNS rebinding). An address is no name that anybody else could point here, so addresses are always taken; names only
if they are ours.
"""

import socket
from collections.abc import Iterable
from ipaddress import ip_address

ANY = "*"
_PORT_DIGITS_MAX = 5


def own_names() -> frozenset[str]:
    """What this machine calls itself."""
    return frozenset({"localhost", socket.gethostname().lower()} - {""})


class Hosts:
    """The names that are taken: the machine's own and some more; `*` takes all."""

    def __init__(self, names: Iterable[str]) -> None:
        given = {name.strip().lower().rstrip(".") for name in names}
        self._any = ANY in given
        self._names = own_names() | given

    def takes(self, host: bytes) -> bool:
        """Whether the value of a Host header names this machine."""
        try:
            text = host.decode("ascii").lower()
        except UnicodeDecodeError:
            return False
        name, port = _parts(text)
        if not name or len(port) > _PORT_DIGITS_MAX or (port and not port.isdecimal()):
            return False
        return self._any or name.rstrip(".") in self._names or _is_address(name) or name.endswith(".localhost")


def _parts(text: str) -> tuple[str, str]:
    """Name and port; an empty name when the text is neither a name nor an address in brackets."""
    if text.startswith("["):
        name, bracket, rest = text[1:].partition("]")
        return (name, rest[1:]) if bracket and rest[:1] in ("", ":") and _is_address(name) else ("", "")
    name, _, port = text.partition(":")
    return (name, port) if not set(name) & set("/@?#[]\\ \t,") else ("", "")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
