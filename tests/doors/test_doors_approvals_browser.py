"""The pages of what takes four eyes, in a real browser: readable, within their frame, under their own policy."""

import asyncio
import contextlib
import threading

import pytest
import uvicorn
from console_browser import ANSWER_S, Profile, Tab, chromium
from looking_over import looked_over
from test_doors_approvals import ADMIN, GATEWAY, READ, House

from jindi.access import Scope
from shop_world import NOON_US, pay
from versions_world import LOWER

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="NO CHROMIUM HERE: no page about approvals was opened in a browser"
)
HOUR_US = 3_600_000_000


@contextlib.contextmanager
def served(**more):
    """A house in which much waits, behind a socket, in a thread with its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(ANSWER_S)

    async def made():
        house = await House(**more).__aenter__()
        for number in range(5):
            await house.shop.send(pay(number))
        house.old = house.keys.create("legacy-gateway", frozenset({Scope.EVENTS_WRITE}), NOON_US)[1]
        house.keys.create(
            "partner", frozenset({READ, Scope.METRICS_READ}), NOON_US, expires_us=NOON_US + HOUR_US,
            owners=["name:ann", "key_7"],
        )  # fmt: skip
        house.keys.rotate(
            house.old.id, NOON_US, overlap_us=24 * HOUR_US, expires_us=NOON_US + 90 * 24 * HOUR_US, owners=["name:bob"]
        )  # fmt: skip
        house.keys.revoke(house.keys.create("gone", frozenset({ADMIN}), NOON_US)[1].id, NOON_US)
        if house.approvals.is_on:
            house.office.save(LOWER)
            await house.asked(kind="policies.change", payload={}, why="900 yuan are many, too")
        house.waiting = await house.asked(why="the wallet's new gateway; change 4711")
        house.mine = await house.asked(house.bob, kind="key.revoke", payload={"key": house.old.id}, why="it leaked")
        for kind, payload in (("vault.rotate", {}), ("decisions.export", {"outcome": "allow"})):
            last = await house.asked(kind=kind, payload=payload, why="as every year")
            if house.approvals.is_on:
                await house.do(f"/{last['id']}/approve", {"digest": last["digest"], "why": "read"}, house.bob)
        house.approved = last
        late = await house.asked(payload={**GATEWAY, "name": "never"}, why="a slip")
        await house.do(f"/{late['id']}/withdraw", {"why": "it was one"})
        config = uvicorn.Config(
            house.pages, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
        )
        house.server = uvicorn.Server(config)
        house.serving = asyncio.ensure_future(house.server.serve())
        while not house.server.started:  # noqa: ASYNC110 - uvicorn tells by a flag
            await asyncio.sleep(0.01)
        return house, f"http://127.0.0.1:{house.server.servers[0].sockets[0].getsockname()[1]}"

    async def ended(house):
        house.server.should_exit = house.server.force_exit = True
        await house.serving
        await house.__aexit__(None, None, None)

    house, url = on(made())
    try:
        yield house, url
    finally:
        on(ended(house))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def session(house, who, *scopes):
    return house.sessions.open(who, frozenset(scopes or {ADMIN}), NOON_US).clear_id


def pages(house):
    return [
        "/console/approvals", f"/console/approvals/{house.waiting['id']}", f"/console/approvals/{house.mine['id']}",
        f"/console/approvals/{house.approved['id']}", "/console/approvals/apr_0000000000ff", "/console/keys",
        "/console/decisions.csv",
    ]  # fmt: skip


def test_every_page_about_approvals_keeps_the_policy_is_readable_and_fits_and_its_forms_need_no_script(process):
    with served() as (house, url):
        found = []
        for who, width, langs in (("bob", 1440, ("zh", "en")), ("ann", 390, ("zh",))):
            for lang in langs:
                tab = Tab(Profile(process), width=width)
                tab.cookie(url, "jindi_session", session(house, who))
                found += looked_over(tab, url, pages(house), lang, besides=("404", "403"))
        assert found == []
        plain = Tab(Profile(process))
        plain.cookie(url, "jindi_session", session(house, "bob"))
        plain.cookie(url, "jindi_lang", "en")
        plain.call("Emulation.setScriptExecutionDisabled", value=True)
        plain.open(f"{url}/console/approvals/{house.waiting['id']}")
        plain.run("document.querySelector('form.act button.primary').click()")
        assert plain.until("location.search === '?done=approved' && document.readyState === 'complete'")
        assert house.approvals.entry(house.waiting["id"]).approved_us >= 0
