"""The client: whatever happens on the way, an event counts once and the caller is told the truth."""

import asyncio
import socket
import threading

import pytest
import uvicorn

from jindi.access import ApiKeys, Scope
from jindi.client import Client, Decision, JindiError, Refusal
from jindi.doors.api import build_api
from jindi.ports import LogFailure
from shop_world import Shop, core_files, event, failing_append, pay


class Live:
    """A shop behind a real socket, and faults on the way that can be ordered."""

    def __init__(self):
        self.faults, self.asked = [], []

    def __enter__(self):
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.thread.start()
        assert self.ready.wait(120)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(setattr, self.server, "should_exit", True)
        self.thread.join(30)

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        async with Shop() as self.shop:
            keys = ApiKeys(self.shop.blobs, lambda count: b"k" * count)
            self.key, _ = keys.create("test", frozenset({Scope.ADMIN}), 0)
            self.app = build_api(self.shop.platform, keys, self.shop.clock, core_files)
            sock = socket.create_server(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            self.server = uvicorn.Server(
                uvicorn.Config(self.faulty, lifespan="off", log_config=None, interface="asgi3")
            )
            serving = asyncio.create_task(self.server.serve(sockets=[sock]))
            while not self.server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.005)
            self.ready.set()
            await serving
            sock.close()

    async def faulty(self, scope, receive, send):
        fault = self.faults.pop(0) if self.faults else None
        self.asked.append(fault)
        if isinstance(fault, int):
            headers = [(b"content-type", b"text/plain"), (b"retry-after", b"0")]
            await send({"type": "http.response.start", "status": fault, "headers": headers})
            await send({"type": "http.response.body", "body": b"a proxy says no"})
        elif fault == "lost answer":
            # The platform has decided, its answer never arrives.
            async def swallow(_):
                pass

            await self.app(scope, receive, swallow)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        elif fault == "half an answer":

            async def halved(message):
                if message["type"] == "http.response.body":
                    message = message | {"body": message.get("body", b"")[:20], "more_body": True}
                await send(message)

            await self.app(scope, receive, halved)
        else:
            await self.app(scope, receive, send)

    def client(self, **more):
        return Client(self.url, self.key, wait_s=0.001, **more)

    def count(self, user="u1"):
        return self.shop.platform.entity_features("user", user)["pays_1d"]


@pytest.fixture(scope="module")
def live():
    with Live() as running:
        yield running


@pytest.fixture(autouse=True)
def without_faults(request):
    yield
    if "live" in request.fixturenames:
        live = request.getfixturevalue("live")
        live.faults, live.asked = [], []


def test_a_decision_comes_back_typed(live):
    with live.client() as client:
        decision = client.decide(pay("typed", "2000.00", user="typed"))
        assert isinstance(decision, Decision)
        assert (decision.outcome, decision.method, decision.reasons[0].rule) == ("challenge", "otp", "large")
        read = client.decision(decision.decision_id)
        assert (read.status, read.event_type) == ("pending", "pay")
        assert client.explanation(decision.decision_id)["outcome"] == "challenge"
        assert client.replay(decision.decision_id)["identical"] is True
        assert client.features("user", "typed")["features"]["pays_1d"] == 1


@pytest.mark.parametrize("fault", ["lost answer", "half an answer", 503, 502, 429])
def test_a_try_that_fails_on_the_way_is_repeated_and_the_event_counts_once(live, fault):
    user = f"user {fault}"
    with live.client() as client:
        live.faults = [fault, fault]
        decision = client.decide(pay(user, user=user))
        assert live.asked == [fault, fault, None]
        assert client.decide(pay(user, user=user)) == decision
    assert live.count(user) == 1


@pytest.mark.parametrize("fault", ["lost answer", "half an answer", 503])
def test_many_events_that_fail_on_the_way_are_repeated_and_count_once_each(live, fault):
    user = f"many {fault}"
    with live.client() as client:
        live.faults = [fault, None, fault]
        answers = list(client.decide_many((pay(f"{user} {n}", "1.00", user=user) for n in range(25)), at_once=10))
    assert [answer.event_id for answer in answers] == [f"p{user} {n}" for n in range(25)]
    assert live.count(user) == 25


def test_refused_lines_come_back_in_their_places_and_are_not_sent_again(live):
    with live.client() as client:
        events = [pay("r1", user="lines"), pay("r2", "x"), pay("r1", user="lines"), pay("r1", "2.00", user="lines"), {}]
        answers = list(client.decide_many(events))
        assert [type(answer) for answer in answers] == [Decision, Refusal, Decision, Refusal, Refusal]
        assert answers[0] == answers[2]
        assert (answers[1].status, answers[1].problems[0].path, answers[1].line) == (422, "event.amount", 2)
        assert answers[3].status == 409
        assert len(live.asked) == 1


def test_lines_that_a_recovering_platform_did_not_take_are_sent_again_and_only_they(live):
    async def recover_soon():
        while live.shop.platform.ready() is None:  # noqa: ASYNC110 - the platform tells nobody
            await asyncio.sleep(0.001)
        await live.shop.platform.tend()

    with live.client(tries=12) as client:
        with failing_append(live.shop.log, LogFailure("disk")):
            recovering = asyncio.run_coroutine_threadsafe(recover_soon(), live.loop)
            answers = list(
                client.decide_many([pay(f"s{n}", "1.00", user="stopped") for n in range(5)] + [pay("bad", "x")])
            )
        recovering.result(30)
    assert [type(answer) for answer in answers] == [Decision] * 5 + [Refusal]
    assert answers[5].line == 6
    assert live.count("stopped") == 5


def test_a_refusal_is_raised_with_the_platform_s_words_and_not_repeated(live):
    with live.client() as client, pytest.raises(JindiError, match=r"event.amount") as raised:
        client.decide(pay("bad", "ten"))
    assert (raised.value.refusal.status, len(live.asked)) == (422, 1)
    with Client(live.url, "jk_wrong", wait_s=0.0) as stranger, pytest.raises(JindiError, match="API key"):
        stranger.decide(pay("x"))


def test_a_platform_that_never_comes_back_is_told_after_the_tries(live):
    with live.client(tries=3) as client:
        live.faults = [503, 503, 503, 503]
        with pytest.raises(JindiError, match="503"):
            client.decide(pay("never"))
        assert len(live.asked) == 3


def test_a_platform_that_is_not_there_is_told_without_a_secret():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", "jk_S3CRET", tries=2, wait_s=0.0) as client,
        pytest.raises(JindiError) as raised,
    ):
        client.decide(pay("nowhere"))
    assert "could not be reached" in str(raised.value)
    assert "S3CRET" not in str(raised.value)


def test_a_whole_life_through_the_client(live):
    with live.client() as client:
        first = client.decide(pay("life", "2000.00", user="life"))
        client.decide(
            event("challenge_result", "life-c", decision=first.decision_id, user="life", method="otp", passed=True)
        )
        assert client.decision(first.decision_id).status == "passed"
        retry = client.decide(pay("life-2", "2000.00", user="life", retry_of="plife"))
        assert (retry.outcome, retry.exempted) == ("allow", ("large",))


def test_an_entity_s_value_may_hold_any_letters(live):
    with live.client() as client:
        client.decide(pay("odd", user="a/b c?王#%"))
        assert client.features("user", "a/b c?王#%")["features"]["pays_1d"] == 1


def test_events_that_hold_line_breaks_stay_one_event_each(live):
    with live.client() as client:
        (answer,) = client.decide_many([pay("br", user="two\nlines")])
        assert isinstance(answer, Decision)
