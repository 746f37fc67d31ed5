"""Ranges of addresses as they are written: 192.0.2.0/24, 2001:db8::/32."""

from ipaddress import ip_network


def read_range(text: str) -> str:
    """A range of IP addresses in its one form; a single address is a range of one. Raises ValueError without the text.

    >>> read_range(" 192.0.2.7/24 "), read_range("2001:DB8::/32"), read_range("192.0.2.7")
    ('192.0.2.0/24', '2001:db8::/32', '192.0.2.7/32')
    """
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError("no range of addresses (write 192.0.2.0/24 or 2001:db8::/32)") from None
