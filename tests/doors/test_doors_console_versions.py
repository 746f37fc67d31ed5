"""The console's pages about versions: what they show, and forms that work without a script."""

import asyncio
import contextlib
import random
import re
import threading
from dataclasses import replace
from zoneinfo import ZoneInfo

import httpx
import pytest
import uvicorn
from console_browser import ANSWER_S, Profile, Tab, chromium
from looking_over import looked_over

from jindi.access import ApiKeys, Scope, Sessions, SignInLinks, csrf_token
from jindi.doors.console import build_console
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.source import DecisionFilter
from jindi.packs import Outcome
from jindi.run.archive import Archive
from jindi.run.lookback import look_back
from jindi.run.platform import Settings
from shop_world import FEATURES, POLICY, pay, reopened, run, shop_files
from versions_world import ANN, APPROVED, BOB, CLEO, EAGER, LOWER, LOWEST, NIGHT, Office

READ, WRITE, APPROVE = Scope.DECISIONS_READ, Scope.POLICIES_WRITE, Scope.POLICIES_APPROVE
SECOND = "pay@6549318c99ed"
NASTY = "<b onmouseover=alert(1)>王\u202e𠮷</b>"
CHALLENGER = LOWEST.replace('id = "pay"', 'id = "pay-challenger"').replace(
    'state = "live"', 'state = "live"\nsplit = { by = "user", share = "30%", seed = "2026-12" }'
)


class Rooms(Office):
    """An office with its console, and people who are signed in."""

    def __init__(self, **more):
        super().__init__(**more)
        seeded = random.Random(1)
        blobs = self.shop.blobs
        self.sessions = Sessions(blobs, seeded.randbytes)
        self.links = SignInLinks(blobs, seeded.randbytes)
        self.keys = ApiKeys(blobs, seeded.randbytes)

    async def __aenter__(self):
        await super().__aenter__()
        self.app = build_console(
            PlatformSource(self.shop.platform), sessions=self.sessions, links=self.links, clock=self.shop.clock,
            zone=ZoneInfo("Asia/Shanghai"), desk=self.desk, keys=self.keys,
        )  # fmt: skip
        return self

    def session(self, who, *scopes):
        return self.sessions.open(who, frozenset({READ, *scopes}), self.shop.clock.now_us()).clear_id

    def guest(self, who, *scopes, lang="en"):
        return Guest(self.app, self.session(who, *scopes), lang)


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
        assert answer.status_code == status, answer.text
        return answer.text

    async def send(self, address, status=303, **form):
        answer = await self.http.post(address, data={"csrf": self.csrf, **form})
        assert answer.status_code == status, answer.text
        return answer.headers.get("location", answer.text)


async def busy(office, count, first=0):
    for n in range(first, first + count):
        await office.shop.answer(pay(n, "950.00" if n % 25 == 3 else "12.50", user=f"u{n % 9}", device=None))


# ---- what lists find


def test_what_was_stopped_is_found_when_what_went_through_has_long_washed_it_out(monkeypatch):
    monkeypatch.setattr("jindi.run.lane.RECENT_MAX", 20)

    async def go():
        async with Rooms() as rooms:
            await rooms.outcome(900, "2000.00")
            await busy(rooms, 2)
            source = PlatformSource(rooms.shop.platform)
            first = source.recent(1, wanted=DecisionFilter(outcome=Outcome.CHALLENGE))
            await busy(rooms, 60, first=1000)
            assert source.recent(1, wanted=DecisionFilter(rule="large")) == first
            assert source.recent(1, wanted=DecisionFilter(outcome=Outcome.CHALLENGE)) == first
            assert source.horizon_us(DecisionFilter(rule="large")) is None, "nothing of it is forgotten yet"
            assert len(source.recent(100)) == 20
            assert source.horizon_us() is not None
            page = await rooms.guest("ann").see("/console/decisions?rule=large")
            assert first[0].decision_id in page

    run(go())


def without_latency(rows):
    return [replace(row, latency_us=None) for row in rows]


async def lists_before(rooms):
    """Some decisions, and what two lists say of them."""
    await rooms.outcome(900, "2000.00")
    await busy(rooms, 40)
    source = PlatformSource(rooms.shop.platform)
    return without_latency(source.recent(100)), without_latency(source.recent(9, wanted=DecisionFilter(rule="large")))


def test_a_restart_leaves_the_list_of_decisions_as_it_was_and_new_ones_come_on_top():
    async def go():
        async with Rooms() as rooms:
            everything, stopped = await lists_before(rooms)
        assert len(everything) == 41
        assert len(stopped) == 1
        async with reopened(rooms.shop) as again:
            source = PlatformSource(again.platform)
            assert source.recent(100) == everything
            assert source.recent(9, wanted=DecisionFilter(rule="large")) == stopped
            assert source.recent(9, wanted=DecisionFilter(outcome=Outcome.CHALLENGE)) == stopped
            assert source.recent(9, wanted=DecisionFilter(event_type="reading")) == []
            assert source.recent(3, before=everything[10].seq) == everything[11:14]
            assert source.horizon_us() is None, "nothing of it is left out"
            await again.answer(pay(5000, "12.50"))
            newest, *rest = source.recent(100)
            assert newest.event_id == "p5000"
            assert newest.latency_us is not None
            assert rest == everything

    run(go())


def test_what_is_shown_of_the_time_before_a_restart_is_bounded_and_says_how_far_it_goes(monkeypatch):
    monkeypatch.setattr("jindi.run.lookback.look_back.__defaults__", (10,))

    async def go():
        async with Rooms() as rooms:
            everything, _ = await lists_before(rooms)
        async with reopened(rooms.shop) as again:
            source = PlatformSource(again.platform)
            assert source.recent(100) == everything[:10]
            assert source.horizon_us() == everything[9].at_us
            assert source.horizon_us(DecisionFilter(rule="large")) == everything[9].at_us

    run(go())


def test_decisions_of_the_packs_before_are_listed_by_their_own_rules():
    async def go():
        async with Rooms() as rooms:
            everything, _ = await lists_before(rooms)
        changed = [shop_files(policy=POLICY.replace("Large: a challenge.", words)) for words in ("One.", "Two.")]
        async with reopened(rooms.shop, files=changed[0]) as second:
            assert PlatformSource(second.platform).recent(100) == everything
            await second.answer(pay(5000, "12.50"))
        async with reopened(second, files=changed[1]) as third:
            newest, *rest = PlatformSource(third.platform).recent(100)
            assert newest.event_id == "p5000"
            assert rest == everything
            # Where nothing is compiled yet, no more than one set of definitions is for the sake of a list.
            found, is_all = look_back(Archive(third.log), third.platform.lane.first_seq)
            assert [each.record.event_id for each in found] == ["p5000"]
            assert not is_all

    run(go())


# ---- the forms


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_draft_goes_from_the_list_to_what_decides_and_back_by_forms(lang):
    async def go():
        async with Rooms() as rooms:
            ann = rooms.guest("ann", WRITE, lang=lang)
            bob = rooms.guest("bob", APPROVE, lang=lang)
            rooms.save(LOWER)
            assert SECOND in await ann.see("/console/policies")
            page = await ann.see("/console/drafts")
            assert "cny(&#39;900&#39;)" in page
            to = await ann.send("/console/drafts/shadow", policy="pay", why="try")
            assert to == f"/console/versions/{SECOND.replace('@', '%40')}?done=shadowed"
            await busy(rooms, 50)
            page = await ann.see(to)
            assert page.count("dec_0000") >= 4
            assert "4.00%" in page
            to = await ann.send("/console/drafts/propose", why=NASTY)
            page = await ann.see(to)
            assert NASTY not in page
            assert "&lt;b onmouseover" in page
            identifier = re.search("chg_[0-9a-f]{12}", to)[0]
            assert f"/console/proposals/{identifier}/approve" not in page, "nobody is offered to approve his own"
            page = await bob.see(f"/console/proposals/{identifier}")
            digest = re.search('name="digest" value="([0-9a-f]{64})"', page)[1]
            to = await bob.send(f"/console/proposals/{identifier}/approve", why="ok", digest=digest)
            assert to == f"/console/proposals/{identifier}?done=approved"
            assert "bob" in await bob.see(to)
            assert rooms.state(SECOND) == "live"
            assert (await bob.send("/console/rollback", why="no")) == "/console/policies?done=rolled_back"
            assert rooms.state(SECOND) == "retired"
            page = await bob.see(f"/console/versions/{SECOND}")
            assert page.count('<li><span class="mono">') == 5

    run(go())


def test_what_is_declined_is_told_on_a_page_and_changes_nothing():
    async def go():
        async with Rooms() as rooms:
            both = rooms.guest("ann", WRITE, APPROVE)
            rooms.save(LOWER)
            to = await both.send("/console/drafts/propose", why="x")
            identifier = re.search("chg_[0-9a-f]{12}", to)[0]
            told = await both.send(f"/console/proposals/{identifier}/approve", 409, digest="")
            assert "another person" in told
            assert "须由另一" in await rooms.guest("ann", APPROVE, lang="zh").send(
                f"/console/proposals/{identifier}/approve", 409, digest=""
            )
            await both.send("/console/drafts/propose", 409, why="x")
            await both.send("/console/drafts/shadow", 409, policy="nobody")
            await both.send("/console/rollback", 409, why="x")
            assert await both.send(f"/console/proposals/{identifier}/reject", why="mine")
            assert rooms.desk.proposal(identifier).state == "withdrawn"
            await both.see("/console/proposals/chg_0000000000ff", 404)
            await both.see("/console/proposals/nonsense", 404)
            await both.see("/console/versions/nobody@000000000000", 404)

    run(go())


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("/console/drafts/propose", WRITE), ("/console/drafts/shadow", WRITE),
        (f"/console/versions/{SECOND}/retire", WRITE), ("/console/rollback", APPROVE),
        ("/console/proposals/chg_000000000001/approve", APPROVE),
    ],
)  # fmt: skip
def test_each_form_needs_its_right_and_its_token(address, scope):
    async def go():
        async with Rooms() as rooms:
            rooms.save(LOWER)
            for other in set(Scope) - {scope, Scope.ADMIN}:
                assert scope in await rooms.guest("eve", other).send(address, 403, why="x")
            right = rooms.guest("eve", scope)
            right.csrf = "wrong"
            await right.send(address, 403, why="x")
            answer = await right.http.post(address, data={"why": "x"}, headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code == 403
            assert len(rooms.shop.platform.ledger.steps) == 0

    run(go())


def test_a_rule_that_fires_too_often_is_confirmed_by_its_box():
    async def go():
        async with Rooms() as rooms:
            await busy(rooms, 250)
            rooms.save(EAGER)
            proposal = await rooms.desk.propose(ANN, why="x")
            bob = rooms.guest("bob", APPROVE)
            page = await bob.see(f"/console/proposals/{proposal.id}")
            assert 'name="confirm.eager"' in page
            digest = proposal.step.record.digest
            told = await bob.send(f"/console/proposals/{proposal.id}/approve", 422, digest=digest)
            assert "eager" in told
            await bob.send(f"/console/proposals/{proposal.id}/approve", digest=digest, **{"confirm.eager": "1"})
            assert rooms.desk.proposal(proposal.id).state == "approved"

    run(go())


def test_who_lacks_a_right_is_told_who_has_it_and_sees_no_button():
    async def go():
        async with Rooms() as rooms:
            rooms.save(LOWER)
            proposal = await rooms.desk.propose(ANN, why="x")
            reader = rooms.guest("eve")
            assert "policies:approve" in await reader.see(f"/console/proposals/{proposal.id}")
            for address in ("/console/policies", "/console/drafts", f"/console/proposals/{proposal.id}"):
                page = await reader.see(address)
                forms = re.findall('<form class="act[^>]*>(?:(?!</form>).)*<button', page, re.DOTALL)
                assert forms == []

    run(go())


def test_broken_drafts_and_edited_ones_are_told():
    async def go():
        async with Rooms() as rooms:
            ann = rooms.guest("ann", WRITE)
            rooms.save(LOWER)
            proposal = await rooms.desk.propose(ANN, why="x")
            rooms.save(LOWER.replace("amount >=", "amuont >="))
            assert "amuont" in await ann.see("/console/drafts")
            assert "edited since" in await rooms.guest("bob", APPROVE).see(f"/console/proposals/{proposal.id}")

    run(go())


def test_where_files_are_in_force_the_page_says_so_and_offers_no_proposal():
    async def go():
        async with Rooms(settings=Settings(release_due=False)) as rooms:
            page = await rooms.guest("ann", WRITE, APPROVE).see("/console/policies")
            assert "in force at once" in page
            assert "/console/rollback" not in page
            assert "/console/drafts/propose" not in await rooms.guest("ann", WRITE).see("/console/drafts")

    run(go())


# ---- signing in with a key


def test_whoever_holds_a_key_signs_in_with_its_name_and_rights():
    async def go():
        async with Rooms() as rooms:
            clear, _ = rooms.keys.create("bob", frozenset({READ, APPROVE}), 0)
            stranger = Guest(rooms.app, "nothing", "en")
            assert 'name="key"' in await stranger.see("/sign-in")
            assert "No key in force" in await stranger.send("/sign-in/key", 403, key="jk_wrong")
            assert await stranger.send("/sign-in/key", key=clear) == "/console"
            page = await stranger.see("/console/policies")
            assert "<bdi>bob</bdi>" in page
            start, _ = rooms.keys.create("start", frozenset({Scope.ADMIN}), 0)
            assert await stranger.send("/sign-in/key", key=start) == "/console"
            assert "<bdi>operator</bdi>" in await stranger.see("/console/policies")

    run(go())


# ---- in a browser


@contextlib.contextmanager
def served():
    """A busy office behind a socket, in a thread with its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(ANSWER_S)

    async def made():
        rooms = await Rooms(settings=APPROVED).__aenter__()
        await busy(rooms, 60)
        rooms.save(LOWER)
        await rooms.desk.shadow(ANN, "pay", why="试试")
        await busy(rooms, 80, 100)
        rooms.saved["shop/policies/challenger.toml"] = CHALLENGER
        await rooms.desk.approve(BOB, (await rooms.desk.propose(ANN, why="三成用户")).id)
        await busy(rooms, 80, 200)
        rooms.save(EAGER, features=FEATURES + NIGHT)
        rooms.saved["shop/policies/challenger.toml"] = CHALLENGER
        rooms.open = await rooms.desk.propose(ANN, why="everything")
        rooms.save(LOWEST, features=FEATURES + NIGHT)
        rooms.watched = await rooms.desk.shadow(CLEO, "pay")
        await busy(rooms, 20, 300)
        config = uvicorn.Config(rooms.app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
        rooms.server = uvicorn.Server(config)
        rooms.serving = asyncio.ensure_future(rooms.server.serve())
        while not rooms.server.started:  # noqa: ASYNC110 - uvicorn tells by a flag
            await asyncio.sleep(0.01)
        port = rooms.server.servers[0].sockets[0].getsockname()[1]
        return rooms, f"http://127.0.0.1:{port}"

    async def ended(rooms):
        rooms.server.should_exit = rooms.server.force_exit = True
        await rooms.serving
        await rooms.__aexit__(None, None, None)

    rooms, url = on(made())
    try:
        yield rooms, url
    finally:
        on(ended(rooms))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM HERE: no page about versions was opened in a browser")
def test_every_page_about_versions_keeps_the_policy_is_readable_and_fits_and_its_forms_need_no_script(process):
    with served() as (rooms, url):
        versions = {each.state: each.name for each in rooms.desk.versions()}
        pages = [
            "/console/policies", "/console/policies/pay", "/console/drafts", f"/console/proposals/{rooms.open.id}",
            f"/console/versions/{versions['live']}", f"/console/versions/{versions['challenger']}",
            f"/console/versions/{rooms.watched}", "/console/versions/none@000000000000", "/sign-in",
        ]  # fmt: skip
        found = []
        for width, lang in ((1440, "zh"), (1440, "en"), (390, "zh")):
            tab = Tab(Profile(process), width=width)
            tab.cookie(url, "jindi_session", rooms.session("bob", WRITE, APPROVE))
            found += looked_over(tab, url, pages, lang, besides=("404",))
        assert found == []
        plain = Tab(Profile(process))
        plain.cookie(url, "jindi_session", rooms.session("bob", WRITE, APPROVE))
        plain.cookie(url, "jindi_lang", "en")
        plain.call("Emulation.setScriptExecutionDisabled", value=True)
        plain.open(f"{url}/console/versions/{rooms.watched}")
        plain.run("document.querySelector('form.act button').click()")
        assert plain.until("location.search === '?done=retired' && document.readyState === 'complete'")
        assert rooms.state(rooms.watched) != "shadow"
