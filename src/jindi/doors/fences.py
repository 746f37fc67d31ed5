"""What stands around the door: names, rates, signatures, connections. Made once from the settings."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from jindi.access import Budgets, Rate, Replays
from jindi.doors.hosts import Hosts

CONNECTIONS_MAX = 4_096
WAIT = "jindi.wait_s"
"""Where in a request's scope the console finds that a person has to wait, and how long: he gets a page."""

IPV6_PREFIX = 64
"""One customer of a network has at least so much of IPv6: to count single addresses would count nothing."""


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Rates:
    """How often: events for each key; other requests for each key and for each address; tries to sign in for each
    address. None: without a limit.
    """

    events: Rate | None = None
    requests: Rate | None = None
    sign_in: Rate | None = None


def _budgets(rate: Rate | None) -> Budgets | None:
    return None if rate is None else Budgets(rate)


class Turnstile:
    """What each key and address has left of the rates."""

    def __init__(self, rates: Rates, now_us: Callable[[], int] = _monotonic_us) -> None:
        self._now_us = now_us
        self._events, self._requests = _budgets(rates.events), _budgets(rates.requests)
        self._sign_in = _budgets(rates.sign_in)

    def event(self, key_id: str) -> int:
        """One event of a key: 0, or the microseconds that it must wait."""
        return 0 if self._events is None else self._events.take(key_id, self._now_us())

    def more_events(self, key_id: str, count: int) -> None:
        """So many more came in the same request."""
        if self._events is not None and count > 0:
            self._events.owe(key_id, self._now_us(), count)

    def request(self, key_id: str | None, address: str) -> int:
        """One other request, of a key in force or of nobody known."""
        if self._requests is None:
            return 0
        now_us = self._now_us()
        wait_us = self._requests.take(f"from {address}", now_us)
        return wait_us if wait_us or key_id is None else self._requests.take(key_id, now_us)

    def address_waits(self, address: str) -> int:
        """Whether an address has used up its requests, and for how long; nothing is spent."""
        return 0 if self._requests is None else self._requests.wait_us(f"from {address}", self._now_us())

    def sign_in(self, address: str) -> int:
        """One try to sign in."""
        return 0 if self._sign_in is None else self._sign_in.take(address, self._now_us())


@dataclass(frozen=True)
class Fences:
    """All of it. Without arguments: what a test or a program that brings its own door wants."""

    hosts: Hosts | None = None
    """The names that are taken; None: all."""

    turnstile: Turnstile = field(default_factory=lambda: Turnstile(Rates()))
    replays: Replays | None = None
    """What signed requests are held against; None: no signature is taken."""

    connections: int = CONNECTIONS_MAX
    hsts: bool = False
    """Whether answers over this machine's own TLS say that there is only TLS."""

    @property
    def connections_of_one(self) -> int:
        """How many connections one address may hold; loopback, where a proxy may stand for everybody, may hold all."""
        return max(1, self.connections // 4)


def place_of(host: str) -> str:
    """What is counted as one address: all of IPv4, the first half of IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
