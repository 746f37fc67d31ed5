"""The pages about people in a real browser: passkeys that it really makes, what it says while a password is typed."""

import asyncio
import threading

import pytest
import uvicorn
from console_browser import ANSWER_S, Profile, Tab, chromium
from looking_over import all_told, found_here
from people_world import Rooms
from test_doors_people import secret_of

from jindi.access import Role
from jindi.doors.serve import _Server, listen
from staff_world import BETTER, GOOD, SECOND, totp

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


class Live:
    """Rooms that are served on this machine, in a thread with a loop of its own."""

    def __init__(self):
        self.sock = listen("127.0.0.1", 0)
        self.url = f"http://localhost:{self.sock.getsockname()[1]}"
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert self.ready.wait(ANSWER_S)

    async def _serve(self):
        async with Rooms(base=self.url) as rooms:
            self.rooms = rooms
            config = uvicorn.Config(rooms.app, log_config=None, access_log=False, lifespan="off", loop="asyncio")
            self.server = _Server(config)
            self.ready.set()
            await self.server.serve(sockets=[self.sock])

    def close(self):
        self.server.should_exit = True
        self.thread.join(20)

    def code(self, secret=None):
        """The app's next code: the clock goes on so that it is another one."""
        self.rooms.clock.at_us += 30 * SECOND
        now = self.rooms.clock.now_us()
        return totp(now) if secret is None else totp(now, secret)


@pytest.fixture(scope="module")
def live():
    made = Live()
    yield made
    made.close()


@pytest.fixture
def tab(process, live):
    made = Tab(Profile(process))
    for name, value in (("jindi_lang", "en"), ("jindi_theme", "light")):
        made.cookie(live.url, name, value)
    made.call("WebAuthn.enable")
    return made


def fill(tab, selector, text):
    tab.run(f"document.querySelector({selector!r}).focus()")
    tab.call("Input.insertText", text=text)


def send(tab, action, settled):
    """Press the button of a form, and wait until something is true of the page that comes."""
    tab.run(f"document.querySelector('form[action=\"{action}\"] button').click()")
    assert tab.until(settled), tab.run("document.body.innerText")[:600]


def at(path):
    return f"location.pathname === {path!r} && document.readyState === 'complete'"


def enter(live, tab, login="limin", password=GOOD):
    tab.open(f"{live.url}/sign-in")
    fill(tab, "input[name=login]", login)
    fill(tab, "input[name=password]", password)
    send(tab, "/sign-in/password", at("/sign-in/factor"))
    fill(tab, "form[action='/sign-in/totp'] input[name=code]", live.code())
    send(tab, "/sign-in/totp", "location.pathname.startsWith('/console') && document.readyState === 'complete'")


def authenticator(tab, *, verified=True):
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": verified,
               "automaticPresenceSimulation": True}  # fmt: skip
    return tab.call("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]


def test_a_browser_makes_a_passkey_and_signs_in_with_it(live, tab):
    authenticator(tab)
    enter(live, tab)
    tab.open(f"{live.url}/console/account")
    send(tab, "/console/account/factor", at("/console/account/factor"))
    assert tab.run("!document.querySelector('form[data-passkey]').hidden")
    send(tab, "/console/account/factor/passkey", at("/console/account"))
    assert "The factor is set up." in tab.run("document.body.innerText")
    (key,) = live.rooms.staff.get(live.rooms.limin.id).passkeys
    tab.call("Network.clearBrowserCookies")
    tab.cookie(live.url, "jindi_lang", "en")
    tab.open(f"{live.url}/sign-in")
    fill(tab, "input[name=login]", "limin")
    fill(tab, "input[name=password]", GOOD)
    send(tab, "/sign-in/password", at("/sign-in/factor"))
    send(tab, "/sign-in/passkey", at("/console"))
    (used,) = live.rooms.staff.get(live.rooms.limin.id).passkeys
    assert used.sign_count > key.sign_count
    tab.open(f"{live.url}/console/account/again")
    send(tab, "/console/account/again/passkey", at("/console"))
    assert tab.complaints() == []


def test_attack_a_device_that_did_not_make_sure_who_holds_it_makes_no_passkey(live, tab):
    authenticator(tab, verified=False)
    enter(live, tab, "chen")
    tab.open(f"{live.url}/console/account")
    send(tab, "/console/account/factor", at("/console/account/factor"))
    note = "document.querySelector('[data-note]') && !document.querySelector('[data-note]').hidden"
    send(tab, "/console/account/factor/passkey", note)
    assert live.rooms.staff.get(live.rooms.chen.id).passkeys == ()


def test_what_is_wrong_with_a_password_is_said_while_it_is_typed(live, tab):
    token, _ = live.rooms.staff.invite("typing", "Ty Ping", frozenset({Role.ANALYST}), live.rooms.clock.now_us())
    tab.open(f"{live.url}/invitation/{token}")
    fill(tab, "input[name=password]", "woaini1314")
    state = "document.querySelector('[data-trouble=guessable]').dataset.state"
    assert tab.until(f"{state} === 'open'")
    assert tab.run("document.querySelector('[data-trouble=short]').dataset.state") == "kept"
    tab.run("document.querySelector('input[name=password]').select()")
    fill(tab, "input[name=password]", BETTER)
    assert tab.until(f"{state} === 'kept'")
    assert tab.complaints() == []
    assert tab.run("localStorage.length + sessionStorage.length") == 0


def pages(live, tab):
    """Every page about people, one after the other: its name, once it is open."""
    rooms = live.rooms
    tab.open(f"{live.url}/sign-in")
    yield "sign-in"
    fill(tab, "input[name=login]", "admin")
    fill(tab, "input[name=password]", "wrong")
    send(tab, "/sign-in/password", "!!document.querySelector('.notice')")
    yield "refused"
    fill(tab, "input[name=login]", "admin")
    fill(tab, "input[name=password]", GOOD)
    send(tab, "/sign-in/password", at("/sign-in/factor"))
    yield "factor"
    fill(tab, "form[action='/sign-in/totp'] input[name=code]", live.code())
    send(tab, "/sign-in/totp", at("/console/approvals"))
    tab.open(f"{live.url}/console/staff")
    yield "staff"
    serial = len(rooms.staff.all())
    fill(tab, "form[action='/console/staff/invite'] input[name=login]", f"new{serial}")
    fill(tab, "form[action='/console/staff/invite'] input[name=name]", f"欧阳若曦 {serial}")
    tab.run("document.querySelector('input[name=\"role.analyst\"]').click()")
    send(tab, "/console/staff/invite", "!!document.querySelector('#link')")
    yield "invited"
    link = tab.run("document.querySelector('#link').textContent")
    tab.open(f"{live.url}/console/staff/{rooms.limin.id}")
    yield "person"
    tab.open(f"{live.url}/console/account")
    yield "account"
    tab.open(f"{live.url}/console/account/again")
    yield "again"
    csrf = tab.run("document.querySelector('meta[name=csrf]').content")
    tab.run(f"fetch('/sign-out', {{method: 'POST', body: new URLSearchParams({{csrf: '{csrf}'}})}}).then(() => 1)")
    tab.open(link)
    yield "invitation"
    fill(tab, "input[name=password]", BETTER)
    fill(tab, "input[name=again]", BETTER)
    send(tab, "/invitation", at("/set-up"))
    yield "set-up"
    secret = secret_of(tab.run("document.documentElement.outerHTML"))
    fill(tab, "input[name=code]", live.code(secret))
    send(tab, "/set-up/totp", "!!document.querySelector('#codes')")
    yield "recovery"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_each_page_can_be_read_and_says_what_its_parts_are(live, tab, lang, width):
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    tab.cookie(live.url, "jindi_lang", lang)
    found = [f"{name}: {each}" for name in pages(live, tab) for each in found_here(tab)]
    # (A page that refuses answers 403, which the browser's console notes.)
    assert found + all_told(tab, live.url, ("403",)) == []
