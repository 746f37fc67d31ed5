"""The API over a platform in memory, asked through ASGI without a socket."""

import json

import httpx

from jindi.access import ApiKeys, Scope
from jindi.doors.api import build_api
from shop_world import Shop, core_files

ALL = frozenset(Scope)


class Api:
    """A shop behind its API. Keys by scope are made as they are asked for."""

    def __init__(self, shop=None, console=None):
        self.shop = shop or Shop()
        self._serial = 0
        self._console = console

    async def __aenter__(self):
        await self.shop.__aenter__()
        self.keys = ApiKeys(self.shop.blobs, self._chance)
        self.app = build_api(self.shop.platform, self.keys, self.shop.clock, core_files, self._console)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://jindi.test"
        )
        self.admin = self.key(*ALL)
        return self

    async def __aexit__(self, *_):
        await self.http.aclose()
        await self.shop.__aexit__(*_)

    def _chance(self, count):
        self._serial += 1
        return self._serial.to_bytes(count, "big")

    def key(self, *scopes):
        return self.keys.create("test", frozenset(scopes), self.shop.clock.now_us())[0]

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
