"""Where a request came from, as far as the audit keeps it: the class of an address says enough and names nobody."""

from ipaddress import ip_address

from starlette.requests import Request


def address_class(request: Request) -> str:
    """`loopback`, `private` or `public`; `unknown` where the server was told no address."""
    try:
        address = ip_address(request.client.host) if request.client is not None else None
    except ValueError:
        address = None
    if address is None:
        return "unknown"
    return "loopback" if address.is_loopback else "private" if address.is_private else "public"
