"""The API over a platform in memory, asked through ASGI without a socket, or through a socket as its users do."""

import asyncio
import json

import httpx
import uvicorn

from jindi.access import ApiKeys, Scope
from jindi.doors.api import build_api
from jindi.doors.api.connection import connections
from jindi.doors.api.hot import Events
from jindi.doors.fences import Fences
from jindi.doors.serve import _Server, listen
from shop_world import Shop, core_files

ALL = frozenset(Scope)


class Socket:
    """An application behind a real socket, with our own connections."""

    def __init__(self, app, events, fences=None, tls=None):
        config = uvicorn.Config(
            app, http=connections(events, fences), lifespan="off", ws="none", proxy_headers=False, log_config=None,
            access_log=False,
            server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )  # fmt: skip
        self.server = _Server(config)
        self.sock = listen("127.0.0.1", 0)
        self.port = self.sock.getsockname()[1]

    async def __aenter__(self):
        self.serving = asyncio.create_task(self.server.serve(sockets=[self.sock]))
        while not self.server.started:  # noqa: ASYNC110 - uvicorn tells by a flag
            await asyncio.sleep(0.001)
        return self

    async def __aexit__(self, *_):
        self.server.should_exit = True
        await self.serving


class Api:
    """A shop behind its API. Keys by scope are made as they are asked for."""

    road = "asgi"
    """`asgi`, or `socket`: the same questions must get the same answers."""

    def __init__(
        self, shop=None, console=None, desk=None, fences=None, mailing=None, tls=None, cases=None, linked=None,
        incidents=None, screening=None, ratings=None, filings=None, large=None,
    ):  # fmt: skip
        """`cases` makes the desk of cases, `linked` that of links, `incidents` that of incidents, `screening` that of
        screening, `ratings` that of ratings, `filings` that of reports, once the platform runs.
        """
        self._fences, self._mailing, self._tls = fences or Fences(), mailing, tls
        self.shop, self._cases = shop or Shop(), cases
        self._desk, self._linked, self._incidents, self._screening = desk, linked, incidents, screening
        self._ratings = ratings
        self._filings, self._large = filings, large
        self._serial = 0
        self._console = console

    async def __aenter__(self):
        await self.shop.__aenter__()
        self.keys = ApiKeys(self.shop.blobs, self._chance)
        events = Events(self.shop.platform, self.keys, self.shop.clock, turnstile=self._fences.turnstile)
        self.app = build_api(
            self.shop.platform, self.keys, self.shop.clock, core_files, self._console, events, self._desk,
            fences=self._fences, mailing=self._mailing, cases=self._cases and self._cases(),
            linked=self._linked and self._linked(), incidents=self._incidents and self._incidents(),
            screening=self._screening and self._screening(), ratings=self._ratings and self._ratings(),
            filings=self._filings and self._filings(),
            large=self._large and self._large(),
        )  # fmt: skip
        if self.road == "socket":
            self.socket = await Socket(self.app, events, self._fences, self._tls).__aenter__()
            scheme = "http" if self._tls is None else "https"
            self.http = httpx.AsyncClient(base_url=f"{scheme}://127.0.0.1:{self.socket.port}", trust_env=False)
        else:
            self.http = httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://jindi.test"
            )
        self.admin = self.key(*ALL)
        return self

    async def __aexit__(self, *_):
        await self.http.aclose()
        if self.road == "socket":
            await self.socket.__aexit__(*_)
        await self.shop.__aexit__(*_)

    def _chance(self, count):
        self._serial += 1
        return self._serial.to_bytes(count, "big")

    def key(self, *scopes, name="test"):
        return self.keys.create(name, frozenset(scopes), self.shop.clock.now_us())[0]

    async def ask(self, method, path, body=None, key=None, **headers):
        if key is None:
            key = self.admin
        if key:
            headers["authorization"] = f"Bearer {key}"
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        return await self.http.request(
            method, path, content=content, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def post(self, document, **more):
        return await self.ask("POST", "/v1/events", document, **more)

    async def lines(self, body, **more):
        answer = await self.ask("POST", "/v1/events", body, content_type="application/x-ndjson", **more)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.content.splitlines()]
