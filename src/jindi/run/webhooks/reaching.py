"""Where we may connect to at somebody's word. An address that a person typed must not make us ask our own network.

A name is resolved once, all addresses that it has are looked at, and the connection goes to one of those that were
looked at: a name that points elsewhere a moment later (DNS rebinding) changes nothing. What counts is the address,
however it was written: the resolver reads 2130706433 and 0x7f.1 as what they are.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = ip_network("64:ff9b::/96")
_6TO4 = ip_network("2002::/16")
_GLOBAL_UNICAST = ip_network("2000::/3")
_TEREDO = ip_network("2001::/32")
_NEVER = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # the agent of Azure's hosts: public by its number, and inside
        "100.64.0.0/10",  # carriers' own space (RFC 6598); Alibaba Cloud's metadata lies here
        "192.0.0.0/24",  # protocols' own (RFC 6890); Oracle Cloud's metadata lies here
        "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
        "fec0::/10",  # site-local, given up (RFC 3879)
    )
)
_METADATA = tuple(
    ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "192.0.0.192/32")
)
"""Where clouds answer with a machine's credentials. No setting opens them."""

URL_LENGTH_MAX = 2_048


class Forbidden(Exception):  # noqa: N818 - what is told
    """We do not connect there. The message says why, and names no address that a name was resolved to."""


def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system finds them. Raises Forbidden when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Forbidden("the name has no address") from None
    return [str(each[4][0]).partition("%")[0] for each in found]


class Reach:
    """Where we may connect: the public network, and what the settings name. `http_on_loopback` lets webhooks without
    TLS go to this machine.
    """

    def __init__(
        self, allowed: Sequence[str] = (), *, http_on_loopback: bool = False, resolve: Resolve = resolve
    ) -> None:
        self._networks = [ip_network(each) for each in allowed if "/" in each or _address(each) is not None]
        self._names = {each.lower() for each in allowed if "/" not in each and _address(each) is None}
        self._http_on_loopback, self._resolve = http_on_loopback, resolve

    def parts(self, url: str) -> httpcore.URL:
        """An endpoint's address, read. Raises Forbidden for one that is never good, whatever its name points to."""
        if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
            raise Forbidden("not an address: write https://host/path")
        scheme, colon, rest = url.partition("://")
        authority, slash, target = rest.partition("/")
        if not colon or scheme not in ("https", "http") or "@" in authority or set(authority + target) & set("#"):
            raise Forbidden("not an address: write https://host/path, without a user and without #")
        if "?" in authority:
            raise Forbidden("not an address: write https://host/path")
        host, port = _host_and_port(authority, 443 if scheme == "https" else 80)
        if scheme == "http" and not self._http_on_loopback:
            raise Forbidden("webhooks need https (setting webhook_http lets them go to this machine without)")
        return httpcore.URL(scheme=scheme, host=host, port=port, target=slash + target if slash else "/")

    def address(self, host: str, port: int, *, plain: bool = False) -> str:
        """The address to connect to. All that the name has must be permitted: one that is not is no accident. Without
        TLS (`plain`) only loopback is. Raises Forbidden.
        """
        found = [_address(text) for text in self._resolve(host, port)]
        if not found:
            raise Forbidden("the name has no address")
        is_named = host.lower() in self._names
        for each in found:
            if each is None or not self._permits(each, is_named=is_named, plain=plain):
                raise Forbidden("the address lies inside a network that webhooks must not reach (webhook_allow)")
        return str(found[0])

    def _permits(self, address: Address, *, is_named: bool, plain: bool) -> bool:
        inner = _unwrapped(address)
        if inner is None or any(inner in network for network in _METADATA) or inner.is_multicast:
            return False
        if plain:
            return inner.is_loopback
        if is_named or any(inner in network for network in self._networks):
            return not inner.is_unspecified
        if isinstance(inner, IPv6Address) and inner not in _GLOBAL_UNICAST:
            return False
        return inner.is_global and not any(inner in network for network in _NEVER)


def _unwrapped(address: Address) -> Address | None:
    """The address that is meant: IPv4 inside of IPv6 by whatever way; None for a way that could lead anywhere."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (address in ip_network("::/96") and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    return None if address in _TEREDO else address


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _host_and_port(authority: str, usual: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        if not bracket or not isinstance(_address(host), IPv6Address):
            raise Forbidden("not an address: write [2001:db8::1] for IPv6")
        text = rest.removeprefix(":")
        is_wrong = bool(rest) and not rest.startswith(":")
    else:
        host, _, text = authority.partition(":")
        is_wrong = not host or not all(part.isalnum() or part in ".-_" for part in host)
    if is_wrong or (text and not (text.isdecimal() and 0 < int(text) < 65_536)):
        raise Forbidden("not an address: write https://host/path or https://host:port/path")
    return host, int(text or usual)
