"""One message to one endpoint: sent to the address that was looked at, in limited time, for a limited answer."""

import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import httpcore

from jindi import __version__
from jindi.run.webhooks.reaching import Forbidden, Reach

CONNECT_S, TOTAL_S = 5.0, 15.0
ANSWER_BYTES_MAX = 64 * 1024
_SLICE_S = 0.5
"""How long one wait lasts before it is asked whether we are stopping."""

GONE = 410


class Sent(NamedTuple):
    """What became of a message. `why` is empty when it was taken; `gone` when the receiver wants no more of them."""

    why: str = ""
    gone: bool = False
    retry_after_s: int | None = None


class _TooMuch(Exception):  # noqa: N818 - what ends a delivery
    """The receiver takes too long, answers too much, or we are stopping."""


class _Purse:
    """What a delivery may still take of time and bytes; shared by the connections of one sender."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self.fill()

    def fill(self) -> None:
        """A new delivery."""
        self._until_s, self._bytes = time.monotonic() + TOTAL_S, ANSWER_BYTES_MAX

    def left_s(self, timeout: float | None) -> float:
        """How long one step may wait."""
        left_s = self._until_s - time.monotonic()
        if left_s <= 0 or self._stopping.is_set():
            raise _TooMuch("stopped" if self._stopping.is_set() else f"no answer within {TOTAL_S:.0f} s")
        return left_s if timeout is None else min(left_s, timeout)

    def spend(self, count: int) -> None:
        """So many bytes have come."""
        self._bytes -= count
        if self._bytes < 0:
            raise _TooMuch(f"an answer of more than {ANSWER_BYTES_MAX} bytes")


class _Stream(httpcore.NetworkStream):
    """A connection that counts."""

    def __init__(self, inner: httpcore.NetworkStream, purse: _Purse) -> None:
        self._inner, self._purse = inner, purse

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the purse knows better
        """The next bytes."""
        while True:
            try:
                data = self._inner.read(max_bytes, self._purse.left_s(_SLICE_S))
            except httpcore.ReadTimeout:
                continue  # `left_s` ends it
            self._purse.spend(len(data))
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._inner.write(buffer, self._purse.left_s(timeout))

    def close(self) -> None:
        """Let go."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the purse knows better
    ) -> httpcore.NetworkStream:
        """The same connection, sealed."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._purse.left_s(CONNECT_S)), self._purse)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection (whether it is still there)."""
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects where the guard lets us, and only to the address that it looked at."""

    def __init__(self, reach: Reach, purse: _Purse) -> None:
        self._reach, self._purse = reach, purse
        self._inner = httpcore.SyncBackend()
        self.plain = False

    def connect_tcp(
        self, host: str, port: int,
        timeout: float | None = None,  # noqa: ARG002 - the purse knows better
        local_address: str | None = None, socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """A connection to a name's address."""
        address = self._reach.address(host, port, plain=self.plain)
        wait_s = self._purse.left_s(CONNECT_S)
        return _Stream(self._inner.connect_tcp(address, port, wait_s, local_address, socket_options), self._purse)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """There is no such endpoint."""
        del path, timeout, socket_options
        raise Forbidden("an endpoint is no socket of this machine")


def receivers_context(ca: Path | None) -> ssl.SSLContext:
    """How receivers are verified: by the system's authorities, and those of a file. OSError when it can't be read."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        context.load_verify_locations(ca)
    return context


class Sender:
    """Sends to one endpoint at a time. Blocking: for a thread of its own. `stop` ends what is under way."""

    def __init__(self, reach: Reach, context: ssl.SSLContext) -> None:
        self._reach = reach
        self._stopping = threading.Event()
        self._purse = _Purse(self._stopping)
        self._backend = _Backend(reach, self._purse)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=1, keepalive_expiry=30.0, retries=0, network_backend=self._backend
        )

    def send(
        self, url: str, headers: dict[str, str], body: bytes, against: Callable[[bytes], Sent] | None = None
    ) -> Sent:
        """Post a body; what became of it. Redirects are not followed: a receiver that has moved is told to us anew.
        `against` reads what an answer of 2xx says against it: some services say no that way.
        """
        self._purse.fill()
        try:
            parts = self._reach.parts(url)
            self._backend.plain = parts.scheme == b"http"
            given = {
                "host": _host(parts), "user-agent": f"Jindi/{__version__}", "content-type": "application/json",
                "content-length": str(len(body)),
            }  # fmt: skip
            request = httpcore.Request("POST", parts, headers=list((given | headers).items()), content=body)
            response = self._pool.handle_request(request)
            try:
                answer = response.read()
            finally:
                response.close()
        except (Forbidden, _TooMuch) as error:
            return Sent(str(error))
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            return Sent(_reason(error))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return Sent(f"the connection failed: {type(error).__name__}")
        if 200 <= response.status < 300:
            return against(answer) if against is not None else Sent()
        wait = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
        wait_s = int(wait) if wait.isdigit() and len(wait) < 7 else None
        return Sent(f"answered {response.status}", response.status == GONE, wait_s)

    def stop(self) -> None:
        """End what is under way within half a second."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.close()


def _reason(error: Exception) -> str:
    """Why there is no connection, without an address."""
    if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "the receiver's certificate can't be verified"
    return f"no connection: {type(error).__name__}"


def _host(parts: httpcore.URL) -> str:
    host = parts.host.decode()
    host = f"[{host}]" if ":" in host else host
    usual = {b"https": 443, b"http": 80}[parts.scheme]
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
