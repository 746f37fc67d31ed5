"""Where a request came from, as far as the audit keeps it: the class of an address says enough and names nobody."""

from ipaddress import ip_address

from starlette.requests import Request


def address_class(request: Request) -> str:
    """`loopback`, `private` or `public`; `unknown` where the server was told no address."""
    return class_of(request.client.host if request.client is not None else "")


def class_of(host: str) -> str:
    """The class of an address that stands in a scope."""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    return "loopback" if address.is_loopback else "private" if address.is_private else "public"
