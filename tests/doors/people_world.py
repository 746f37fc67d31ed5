"""A platform behind a console with people: a security administrator, an auditor and an analyst, each with an app."""

import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from jindi.access import PROFILES as ALL_PROFILES
from jindi.access import ApiKeys, Factor, Lock, Lockouts, Permits, Role, Scope, Sessions, SignInLinks, Staff
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.approvals.approvals import approvals_of
from jindi.run.audit import Audit
from jindi.run.people import AddressLimit, House
from jindi.run.platform import Settings
from jindi.run.trail import Wanted
from jindi.run.versions.desk import Desk
from shop_world import Shop
from staff_world import GOOD, HASH, HASHER, SECOND, SECRET, Site, chance, sealer, totp

ZONE = ZoneInfo("Asia/Shanghai")
BASE = "https://jindi.test"


class Rooms:
    """`begin` False: nobody has an account yet."""

    def __init__(self, profile="nist", *, begin=True, company=None, each=10_000, base=BASE, approvals=None):
        self._approvals = approvals
        self.profile, self.begins, self._company, self._each, self.base = (
            ALL_PROFILES[profile],
            begin,
            company,
            each,
            base,
        )

    async def __aenter__(self):
        # Without approvals of a test's own one administrator does what a form says.
        self.shop = await Shop(settings=Settings(four_eyes=self._approvals is not None)).__aenter__()
        blobs, self.clock, random = self.shop.blobs, self.shop.clock, chance()
        self.staff = Staff(blobs, random, sealer, history=self.profile.history)
        self.sessions = Sessions(
            blobs, random, idle_us=self.profile.idle_us, absolute_us=self.profile.absolute_us,
            roles_now=self.staff.roles_now,
        )  # fmt: skip
        self.links, self.keys = SignInLinks(blobs, random), ApiKeys(blobs, random)
        self.audit = Audit(self.shop.platform)
        self.house = House(
            self.staff, self.sessions, Lockouts(blobs, Lock(self.profile.tries, self.profile.lock_us)), HASHER,
            self.profile, self.audit, self.clock, random, Site(urlsplit(self.base).hostname, (self.base,)),
            limit=AddressLimit(10_000, self._each),
        )  # fmt: skip
        company = self._company(self) if self._company else None
        made = self._approvals or (lambda rooms: approvals_of(
            rooms.shop.platform, Permits(), rooms.keys, people=rooms.staff.principals, is_gone=rooms.staff.is_gone
        ))  # fmt: skip
        self.approvals = made(self)
        self.app = build_console(
            PlatformSource(self.shop.platform), sessions=self.sessions, links=self.links, clock=self.clock, zone=ZONE,
            keys=self.keys, audit=self.audit, house=self.house, company=company,
            desk=Desk(self.shop.platform, lambda: self.shop.platform.base),
            approvals=self.approvals,
        )  # fmt: skip
        if self.begins:
            self.admin = self.person("admin", "Admin Wang", Role.SECURITY_ADMIN)
            self.limin = self.person("limin", "Li Min", Role.ANALYST)
            self.chen = self.person("chen", "Chen Si", Role.AUDITOR)
        return self

    async def __aexit__(self, *_):
        await self.house.settled()
        await self.shop.__aexit__(*_)

    def person(self, login, name, *roles):
        token, _ = self.staff.invite(login, name, frozenset(roles), self.clock.now_us())
        account, self.codes = self.staff.accept(token, HASH, Factor(SECRET), self.clock.now_us())
        return account

    def browser(self, **headers):
        return Browser(self, headers)

    async def into(self, login="limin", password=GOOD, browser=None):
        """A browser that is signed in by password and app; the clock goes on to the next code."""
        one = browser or self.browser()
        answer = await one.post("/sign-in/password", login=login, password=password)
        assert answer.status_code == 303, answer.text
        answer = await one.post("/sign-in/totp", code=self.code())
        assert answer.status_code == 303, answer.text
        one.first = answer.headers["location"]
        self.clock.at_us += 30 * SECOND
        return one

    def code(self):
        return totp(self.clock.now_us())

    async def doings(self):
        await self.house.settled()
        return [(each.what, each.outcome, each.name, each.on) for each in (await self.audit.look(Wanted())).doings]

    def link(self, *scopes):
        return self.links.create("operator", frozenset(scopes or (Scope.ADMIN,)), self.clock.now_us())


class Browser:
    """A browser without a window. It says by itself where a form was, as browsers do."""

    def __init__(self, rooms, headers):
        self.rooms = rooms
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(rooms.app, client=("203.0.113.9", 5)), base_url=rooms.base,
            headers={"accept-language": "en", "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0", **headers},
        )  # fmt: skip

    @property
    def cookies(self):
        return self.http.cookies

    @property
    def session(self):
        return self.cookies.get("__Host-jindi_session")

    async def get(self, path, **more):
        return await self.http.get(path, **more)

    async def csrf(self):
        found = re.search(r'name="csrf" content="(\w+)"', (await self.get("/console/account")).text)
        return found[1] if found else ""

    async def post(self, path, *, headers=None, csrf=None, **fields):
        if csrf is None and path.startswith("/console"):
            csrf = await self.csrf()
        fields |= {"csrf": csrf} if csrf else {}
        sent = {"origin": self.rooms.base, "content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.http.post(path, data=fields, headers=sent)
