"""Which list of ranges an address lies in: exact, by one look for each length of prefix that the list has.

Knows: lists as they stand. Never: whose ranges they are; the lists say that, and whoever keeps them.
"""

from ipaddress import ip_address, ip_network

from jindi.run.lists import Expiry, Lists

_Index = dict[tuple[int, int], dict[int, Expiry]]
"""For (version of the protocol, length of the prefix): the ranges' first bits, each with when its entry ends."""


class Ranges:
    """Looks addresses up. What it has made of a list is made again when any list has changed."""

    def __init__(self) -> None:
        self._version = -1
        self._made: dict[str, _Index] = {}

    def find(self, lists: Lists, address: str, names: tuple[str, ...], now_us: int) -> str | None:
        """The first of the lists in which an address lies now; None for none, and for what is no address."""
        try:
            found = ip_address(address.strip())
        except ValueError:
            return None
        if lists.version != self._version:
            self._version, self._made = lists.version, {}
        bits, number = found.max_prefixlen, int(found)
        for name in names:
            for (version, length), starts in self._index(lists, name).items():
                if version != found.version or (start := number >> (bits - length)) not in starts:
                    continue
                expires_us = starts[start]
                if expires_us is None or now_us < expires_us:
                    return name
        return None

    def _index(self, lists: Lists, name: str) -> _Index:
        index = self._made.get(name)
        if index is None:
            index = self._made[name] = {}
            for value, expires_us in lists.entries.get(name, {}).items():
                network = ip_network(value)
                first = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
                index.setdefault((network.version, network.prefixlen), {})[first] = expires_us
        return index
