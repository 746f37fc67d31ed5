"""One process that serves: the platform, its API and its console behind one address."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from jindi.doors.api.connection import connections
from jindi.doors.assembly import Assembly
from jindi.doors.faults import tell_in_lines, unheard
from jindi.doors.tls import HANDSHAKE_S


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling: the platform is closed in order by whoever runs us. With TLS, whoever
    does not shake hands in time is cut off.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets that are open already."""
        loop = asyncio.get_running_loop()
        config, state = self.config, self.server_state
        await self.lifespan.startup()

        def connection() -> asyncio.Protocol:
            made: Any = config.http_protocol_class
            return cast("asyncio.Protocol", made(config=config, server_state=state, app_state=self.lifespan.state))

        self.servers = [
            await loop.create_server(
                connection, sock=sock, ssl=config.ssl, backlog=config.backlog,
                ssl_handshake_timeout=HANDSHAKE_S if config.ssl is not None else None,
            )
            for sock in sockets or ()
        ]  # fmt: skip
        self.started = True


def listen(host: str, port: int) -> socket.socket:
    """The socket of an address; port 0 takes a free one. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only for sockets that say that they are TCP: else an answer whose head and body
    # are two writes waits for the client's delayed acknowledgement, some 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def behind_proxy(application: ASGIApp) -> Any:
    """The application, told by a proxy on this machine by which scheme and from where a request came; what anybody else
    says about that is not heard. The short way of events is spared the look.
    """
    # (The two libraries type the same interface in different words.)
    return ProxyHeadersMiddleware(cast("Any", application), trusted_hosts="127.0.0.1")


async def serve(
    assembly: Assembly, sock: socket.socket, *, ready: Callable[[], None], tls: ssl.SSLContext | None = None
) -> None:
    """Serve what was put together until the process is told to stop; `tls` is the context to speak TLS with. The
    platform has been started; closing it is the caller's.
    """
    config = uvicorn.Config(
        behind_proxy(assembly.application), lifespan="off", ws="none",
        http=cast("Any", connections(assembly.events, assembly.fences)),
        proxy_headers=False, log_config=None, access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=65_536, ssl_context_factory=None if tls is None else lambda *_: tls,
    )  # fmt: skip
    server = _Server(config)
    loop = asyncio.get_running_loop()
    tell_in_lines()
    loop.set_exception_handler(unheard)
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, lambda: setattr(server, "should_exit", True))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    keeping = [asyncio.create_task(work) for work in assembly.works()]
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by a flag
        await asyncio.sleep(0.005)
    if not serving.done():
        ready()
    try:
        await serving
    finally:
        await assembly.end_trials()
        for each in keeping:
            each.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await assembly.close()
