"""The security headers of answers, at one place for the API and the console."""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

HSTS: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Only over TLS: over plain HTTP browsers pass it over, and rightly so."""

NO_STORE: Header = (b"cache-control", b"no-store")

SHARED: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"x-frame-options", b"DENY"),
)

FOR_PROGRAMS: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    *SHARED,
    NO_STORE,
)
"""What the API answers is no page: should a browser be made to show it, nothing in it runs, loads or is framed."""


def in_bytes(headers: Iterable[Header]) -> bytes:
    """Headers as they stand in an answer."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def wants_hsts(scheme: str, asked: Iterable[Header]) -> bool:
    """Whether an answer says that this host speaks TLS only. `localhost` is the name of many servers, most of them not
    ours: the promise would be kept for all of them.
    """
    host = next((value for name, value in asked if name == b"host"), b"").partition(b":")[0].lower()
    return scheme == "https" and host != b"localhost" and not host.endswith(b".localhost")


def completed(given: Iterable[Header], *, with_hsts: bool) -> list[Header]:
    """The headers of an answer with those that it lacks; what its maker set stays as it is."""
    headers = list(given)
    names = {name.lower() for name, _ in headers}
    wanted = (*FOR_PROGRAMS, HSTS) if with_hsts else FOR_PROGRAMS
    headers += [header for header in wanted if header[0] not in names]
    return headers
