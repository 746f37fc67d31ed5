"""A shop whose policies are written in the console: people at their browsers, and a past to try things on."""

import asyncio
import random
from zoneinfo import ZoneInfo

import httpx

from jindi.access import ApiKeys, Scope, Sessions, SignInLinks, csrf_token
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.workbench import WorkbenchPages
from jindi.run.audit import Audit
from jindi.run.backtest.trials import Trials
from jindi.run.platform import Settings
from jindi.run.versions.desk import Desk
from jindi.run.versions.drafts import Drafts
from jindi.run.versions.workbench import Workbench
from shop_world import Shop, pay, reopened

READ, WRITE, APPROVE, AUDIT = Scope.DECISIONS_READ, Scope.POLICIES_WRITE, Scope.POLICIES_APPROVE, Scope.AUDIT_READ
APPROVED, FILES = Settings(changes="approved", release_due=False), Settings(changes="files", release_due=False)


class Room:
    """A platform with its console. `folder` is what lies in the packs' folders; in files mode what is approved is
    written there.
    """

    def __init__(self, settings=APPROVED, shop=None, files=None):
        self.shop = shop or Shop(files, settings=settings)
        self.folder = dict(self.shop.files)
        self.broken_folder = None
        self.desk = Desk(self.shop.platform, lambda: self.folder, self.keep)
        seeded = random.Random(1)
        blobs = self.shop.blobs
        self.sessions, self.links = Sessions(blobs, seeded.randbytes), SignInLinks(blobs, seeded.randbytes)
        self.keys = ApiKeys(blobs, seeded.randbytes)

    def keep(self, patch):
        if self.broken_folder is not None:
            raise self.broken_folder
        for path, text in patch.items():
            if text is None:
                del self.folder[path]
            else:
                self.folder[path] = text

    async def __aenter__(self):
        await self.shop.__aenter__()
        platform = self.shop.platform
        self.trials = Trials(platform, lambda: platform.log)
        self.bench = Workbench(self.desk, Drafts(platform.blobs))
        self.audit = Audit(platform)
        self.app = self.console = build_console(
            PlatformSource(platform), sessions=self.sessions, links=self.links, clock=self.shop.clock,
            zone=ZoneInfo("Asia/Shanghai"), desk=self.desk, keys=self.keys, audit=self.audit, trials=self.trials,
            more=[lambda doors: WorkbenchPages(self.bench, self.trials, doors)],
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        self.trials.close()
        await self.trials.ended()
        await self.shop.__aexit__()

    def again(self, **more):
        """The room after a restart over what is on disk, with the folder as it lies."""
        shop = reopened(self.shop, files=dict(self.folder), settings=self.shop.platform.settings, **more)
        room = Room(shop=shop)
        room.folder = dict(self.folder)
        return room

    def session(self, who, *scopes):
        return self.sessions.open(who, frozenset({READ, *scopes}), self.shop.clock.now_us()).clear_id

    def guest(self, who="ann", *scopes, lang="en"):
        return Guest(self.app, self.session(who, *(scopes or (WRITE,))), lang)

    async def outcome(self, number, amount="950.00", **fields):
        return (await self.shop.send(pay(number, amount, **fields)))["outcome"]

    async def past(self, count=120):
        """Payments of which some are just below the limit of the live rule."""
        for number in range(10_000, 10_000 + count):
            amount = ("950.00", "12.50", "1500.00", "80.00")[number % 4]
            await self.shop.answer(pay(number, amount, user=f"u{number % 9}", device=None))


class Guest:
    """Somebody's browser without a window."""

    def __init__(self, app, session, lang):
        self.csrf = csrf_token(session)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://jindi.test",
            cookies={"jindi_session": session, "jindi_lang": lang},
        )  # fmt: skip

    async def see(self, address, status=200):
        answer = await self.http.get(address)
        assert answer.status_code == status, answer.text[-1500:]
        return answer.text

    async def send(self, address, status=303, **form):
        answer = await self.http.post(address, data={"csrf": self.csrf, **form})
        assert answer.status_code == status, answer.text[-3000:]
        return answer.headers.get("location", answer.text)

    async def fields(self, address):
        """A rule's form as the browser would send it."""
        return form_of(await self.see(address))


def form_of(page):
    """The fields of the page's form of a rule, as a browser sends them."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found, self.inside, self.area, self.select, self.template = {}, False, None, None, 0

        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            if tag == "template":
                self.template += 1
            if tag == "form":
                self.inside = given.get("id") == "rule"
            if not self.inside or self.template:
                return
            name = given.get("name")
            if tag == "input" and name and given.get("type") not in ("checkbox", "radio"):
                self.found[name] = given.get("value", "")
            elif tag == "textarea" and name:
                self.area, self.found[name] = name, ""
            elif tag == "select":
                self.select = name
            elif tag == "option" and self.select and ("selected" in given or self.select not in self.found):
                self.found[self.select] = given.get("value", "")

        def handle_data(self, data):
            if self.area:
                self.found[self.area] += data

        def handle_endtag(self, tag):
            if tag == "template":
                self.template -= 1
            if tag == "form":
                self.inside = False
            if tag == "textarea":
                self.area = None
            if tag == "select":
                self.select = None

    reader = Reader()
    reader.feed(page)
    reader.found.pop("csrf", None)
    reader.found.pop("do", None)
    return reader.found


def run_in(room, work):
    """Run a test in a room."""

    async def go():
        async with room:
            await work(room)

    asyncio.run(go())
