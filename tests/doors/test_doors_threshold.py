"""The threshold: what somebody tries with signatures, rates and shapes of JSON is refused before a route."""

import json

import msgspec
import pytest
from api_world import ALL, Api
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from test_doors_api import is_problem
from test_doors_matrix import OPEN, _address, all_doors, console_of

from jindi.access import Rate, Replays, Scope
from jindi.access.signatures import Message, sign
from jindi.doors.fences import Fences, Rates, Turnstile, place_of
from jindi.run.audit import Audit
from jindi.run.intake import EVENT_BYTES_MAX
from jindi.run.platform import Settings
from jindi.run.trail import Wanted
from jindi.run.webhooks import Endpoints, Reach
from jindi.run.webhooks.mailing import Mailing
from shop_world import NOON_US, SECOND_US, Shop, pay, reopened, run

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MINUTE_US = 60 * SECOND_US


class Signing:
    """An API whose one program signs."""

    def __init__(self, shop=None, replays=None, **more):
        self.shop = shop or Shop()
        self.replays = replays or Replays(self.shop.blobs)
        self.api = Api(self.shop, fences=Fences(replays=self.replays, **more))
        self._nonces = 0

    async def __aenter__(self):
        await self.api.__aenter__()
        live = [each for each in self.api.keys.all() if each.signs]
        public = KEY.public_key().public_bytes_raw()
        self.key = live[0] if live else self.api.keys.create_signing("p", frozenset(ALL), NOON_US, public)
        return self

    async def __aexit__(self, *_):
        await self.api.__aexit__(*_)

    def headers(self, method, path, body=b"", *, key=KEY, key_id=None, at_s=None, nonce=None, more=(), query=""):
        self._nonces += 1
        given = [(b"content-type", b"application/json")] if body else []
        message = Message(method, "http", "jindi.test", path, query, [(b"host", b"jindi.test"), *given])
        at_s = self.shop.clock.now_us() // SECOND_US if at_s is None else at_s
        signed = sign(key, key_id or self.key.id, message, body, at_s, nonce or f"{self._nonces:016}")
        return {name.decode(): value.decode() for name, value in given} | signed | dict(more)

    async def send(self, method, path, body=b"", headers=None, query=""):
        headers = headers if headers is not None else self.headers(method, path, body, query=query)
        target = path + (f"?{query}" if query else "")
        return await self.api.http.request(method, target, content=body or None, headers=headers)


def event(number):
    return json.dumps(pay(number)).encode()


def signed_test(work):
    async def go():
        async with Signing() as signing:
            await work(signing)

    run(go())


def test_a_signed_request_is_heard_on_every_kind_of_route():
    async def work(signing):
        decided = await signing.send("POST", "/v1/events", event(1))
        assert decided.status_code == 200
        path = f"/v1/decisions/{decided.json()['decision_id']}"
        assert (await signing.send("GET", path)).status_code == 200
        assert (await signing.send("GET", f"{path}/explanation", query="exact=true")).status_code == 200
        lines = b"\n".join(event(n) for n in range(5))
        told = signing.headers("POST", "/v1/events", lines)
        assert (await signing.send("POST", "/v1/events", lines, told)).status_code == 422  # signed as one event

    signed_test(work)


def test_a_replayed_request_is_refused_the_second_time_and_does_nothing():
    async def work(signing):
        headers = signing.headers("POST", "/v1/snapshots")
        assert (await signing.send("POST", "/v1/snapshots", headers=headers)).status_code == 201
        before = signing.shop.platform.lane.state.next_seq
        told = is_problem(await signing.send("POST", "/v1/snapshots", headers=headers), 401, "signature-refused")
        assert "taken before" in told["detail"]
        assert signing.shop.platform.lane.state.next_seq == before + 1, "that it was refused is the one record"

    signed_test(work)


@pytest.mark.parametrize("orderly", [True, False], ids=["stopped in order", "killed"])
def test_a_request_replayed_after_a_restart_is_refused(orderly):
    async def go():
        async with Signing() as signing:
            headers = signing.headers("GET", "/v1/packs")
            assert (await signing.send("GET", "/v1/packs", headers=headers)).status_code == 200
            if orderly:
                signing.replays.close()
            shop = signing.shop
        async with Signing(reopened(shop)) as again:
            told = is_problem(await again.send("GET", "/v1/packs", headers=headers), 503, "sign-again")
            assert "before this start" in told["detail"]
            again.shop.clock.at_us += 6 * SECOND_US
            assert (await again.send("GET", "/v1/packs")).status_code == 200
            is_problem(await again.send("GET", "/v1/packs", headers=headers), 503, "sign-again")

    run(go())


def test_a_changed_body_is_refused_and_the_signature_stays_good_for_the_true_one():
    async def work(signing):
        headers = signing.headers("POST", "/v1/events", event(1))
        is_problem(await signing.send("POST", "/v1/events", event(2), headers), 401, "signature-refused")
        assert (await signing.send("POST", "/v1/events", event(1), headers)).status_code == 200

    signed_test(work)


def test_a_changed_path_query_method_or_host_is_refused():
    async def work(signing):
        headers = signing.headers("GET", "/v1/packs")
        is_problem(await signing.send("GET", "/v1/policies", headers=headers), 401)
        is_problem(await signing.send("GET", "/v1/packs", headers=headers, query="a=b"), 401)
        is_problem(await signing.send("POST", "/v1/packs", headers=headers), 401)
        other = await signing.api.http.request("GET", "/v1/packs", headers=headers | {"host": "other.test"})
        is_problem(other, 401)
        assert (await signing.send("GET", "/v1/packs", headers=headers)).status_code == 200

    signed_test(work)


@pytest.mark.parametrize("skew_s", [-301, 31, -(10**9)])
def test_a_clock_that_is_wrong_is_told(skew_s):
    async def work(signing):
        headers = signing.headers("GET", "/v1/packs", at_s=NOON_US // SECOND_US + skew_s)
        told = is_problem(await signing.send("GET", "/v1/packs", headers=headers), 401, "signature-refused")
        assert "set the clock" in told["detail"]

    signed_test(work)


def test_an_unknown_and_a_revoked_key_look_alike_and_so_does_a_wrong_signature():
    async def work(signing):
        stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
        unknown = signing.headers("GET", "/v1/packs", key_id="key_ffffffffffff")
        wrong = signing.headers("GET", "/v1/packs", key=stranger)
        revoked = signing.headers("GET", "/v1/packs")
        told = [(await signing.send("GET", "/v1/packs", headers=each)).json() for each in (unknown, wrong)]
        assert signing.api.keys.get(signing.key.id).used_day == -1, "to name a key is no use of it"
        signing.api.keys.revoke(signing.key.id, NOON_US)
        told.append((await signing.send("GET", "/v1/packs", headers=revoked)).json())
        assert told[0] == told[1] == told[2]
        assert told[0]["type"] == "urn:jindi:problem:signature-refused"

    signed_test(work)


def test_an_id_of_a_bearer_key_can_t_be_signed_for():
    async def work(signing):
        bearer = next(each for each in signing.api.keys.all() if not each.signs)
        headers = signing.headers("GET", "/v1/packs", key_id=bearer.id)
        is_problem(await signing.send("GET", "/v1/packs", headers=headers), 401, "signature-refused")

    signed_test(work)


def test_a_signing_key_without_a_signature_is_nobody():
    async def work(signing):
        for text in (signing.key.id, KEY.public_key().public_bytes_raw().hex()):
            is_problem(await signing.api.ask("GET", "/v1/packs", key=text), 401, "unauthenticated")

    signed_test(work)


def test_a_signature_beside_a_bearer_key_is_refused_whoever_is_meant():
    async def work(signing):
        headers = signing.headers("GET", "/v1/packs") | {"authorization": f"Bearer {signing.api.admin}"}
        told = is_problem(await signing.send("GET", "/v1/packs", headers=headers), 401, "signature-refused")
        assert "not both" in told["detail"]

    signed_test(work)


def test_a_signature_that_was_refused_is_a_record():
    async def work(signing):
        headers = signing.headers("POST", "/v1/events", event(1))
        is_problem(await signing.send("POST", "/v1/events", event(2), headers), 401, "signature-refused")
        (doing,) = (await Audit(signing.shop.platform).look(Wanted())).doings
        assert (doing.what, doing.outcome, doing.name, doing.door) == ("sign_in.api", "refused", "", "api")

    signed_test(work)


def test_half_a_signature_is_never_taken_for_none():
    async def work(signing):
        whole = signing.headers("GET", "/v1/packs")
        for name in ("signature", "signature-input"):
            half = {key: value for key, value in whole.items() if key != name}
            is_problem(await signing.send("GET", "/v1/packs", headers=half), 401, "signature-refused")

    signed_test(work)


def test_a_body_without_its_digest_is_refused():
    async def work(signing):
        headers = signing.headers("POST", "/v1/events") | {"content-type": "application/json"}
        told = is_problem(await signing.send("POST", "/v1/events", event(1), headers), 401, "signature-refused")
        assert "content-digest" in told["detail"]

    signed_test(work)


def test_a_signed_key_has_its_scopes_and_no_more():
    async def work(signing):
        public = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
        weak = signing.api.keys.create_signing("weak", frozenset({Scope.METRICS_READ}), NOON_US, public)
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        headers = signing.headers("GET", "/v1/packs", key=key, key_id=weak.id)
        is_problem(await signing.send("GET", "/v1/packs", headers=headers), 403, "forbidden")
        body = signing.headers("POST", "/v1/events", event(1), key=key, key_id=weak.id)
        is_problem(await signing.send("POST", "/v1/events", event(1), body), 403, "forbidden")

    signed_test(work)


def test_what_can_t_be_remembered_is_not_heard(monkeypatch):
    async def work(signing):
        def full(*_, **__):
            raise OSError("no space left")

        monkeypatch.setattr(signing.replays, "save", full)
        is_problem(await signing.send("POST", "/v1/events", event(1)), 503, "sign-again")
        assert signing.shop.platform.lane.state.next_seq == 1

    signed_test(work)


def test_a_platform_without_a_memory_takes_no_signature():
    async def go():
        async with Signing() as signing, Api() as plain:
            headers = signing.headers("GET", "/v1/packs")
            is_problem(await plain.http.request("GET", "/v1/packs", headers=headers), 401, "signature-refused")

    run(go())


def test_a_client_can_t_say_for_himself_whose_signature_it_is():
    async def go():
        async with Api() as api:
            answer = await api.http.request("GET", "/v1/packs", headers={"jindi.signed_by": "key_1"})
            is_problem(answer, 401, "unauthenticated")

    run(go())


# ---- rates


class Ticking:
    def __init__(self):
        self.at_us = 0

    def now_us(self):
        return self.at_us


def limited(console=None, **rates):
    clock = Ticking()
    turnstile = Turnstile(Rates(**rates), clock.now_us)
    return Api(fences=Fences(turnstile=turnstile), console=console), clock


@pytest.mark.parametrize("road", ["asgi", "socket"])
def test_a_key_that_sends_more_than_its_rate_is_told_when_to_come_back(road, monkeypatch):
    monkeypatch.setattr(Api, "road", road)

    async def go():
        api, clock = limited(events=Rate(3, MINUTE_US))
        async with api:
            other = api.key(Scope.EVENTS_WRITE)
            assert [(await api.post(pay(n))).status_code for n in range(3)] == [200] * 3
            answer = await api.post(pay(3))
            is_problem(answer, 429, "too-many-requests")
            assert answer.headers["retry-after"] == "20"
            assert (await api.post(pay(4), key=other)).status_code == 200
            clock.at_us += 20 * SECOND_US
            assert (await api.post(pay(3))).status_code == 200

    run(go())


def test_many_lines_in_one_request_are_paid_for_before_the_next():
    async def go():
        api, clock = limited(events=Rate(3, MINUTE_US))
        async with api:
            lines = b"\n".join(event(n) for n in range(9)) + b"\n"
            assert len(await api.lines(lines)) == 9
            is_problem(await api.post(pay(10)), 429)
            clock.at_us += 180 * SECOND_US
            assert (await api.post(pay(10))).status_code == 200

    run(go())


def test_a_stranger_who_tries_one_key_after_another_is_stopped_by_his_address():
    async def go():
        api, _ = limited(requests=Rate(5, MINUTE_US))
        async with api:
            tried = [(await api.ask("GET", "/v1/packs", key=f"jk_{n}")).status_code for n in range(8)]
            assert tried == [401] * 5 + [429] * 3
            assert [(await api.ask("POST", "/v1/events", b"{}", key="jk_x")).status_code] == [429]
            # A key in force goes on sending events from the same place.
            assert (await api.post(pay(1))).status_code == 200

    run(go())


def test_keys_in_turn_have_no_more_than_their_address_has():
    async def go():
        api, _ = limited(requests=Rate(5, MINUTE_US))
        async with api:
            keys = [api.key(*ALL) for _ in range(8)]
            tried = [(await api.ask("GET", "/v1/packs", key=key)).status_code for key in keys]
            assert tried == [200] * 5 + [429] * 3

    run(go())


def test_spelling_the_same_key_in_many_ways_gives_no_second_budget():
    async def go():
        api, _ = limited(events=Rate(2, MINUTE_US))
        async with api:
            spelt = [f"{word}{' ' * n}{api.admin}" for n in (1, 2, 3) for word in ("Bearer", "bearer", "BEARER")]
            tried = [
                (await api.http.post("/v1/events", content=event(n), headers={"authorization": each})).status_code
                for n, each in enumerate(spelt)
            ]
            assert tried == [200] * 2 + [429] * 7

    run(go())


def test_wrong_signatures_are_paid_by_the_address_before_anything_is_reckoned(monkeypatch):
    reckoned = []
    monkeypatch.setattr("jindi.doors.api.threshold.check_signature", lambda *_: reckoned.append(1))

    async def go():
        clock = Ticking()
        turnstile = Turnstile(Rates(requests=Rate(3, MINUTE_US)), clock.now_us)
        async with Signing(turnstile=turnstile) as signing:
            tried = []
            for _ in range(6):
                headers = signing.headers("POST", "/v1/events", event(1))
                tried.append((await signing.send("POST", "/v1/events", event(2), headers)).status_code)
            assert tried == [401] * 3 + [429] * 3
            assert len(reckoned) == 3

    run(go())


def test_tries_to_sign_in_are_counted_before_anything_is_looked_up_and_a_page_says_so():
    async def go():
        shop = Shop()
        clock = Ticking()
        fences = Fences(turnstile=Turnstile(Rates(sign_in=Rate(3, MINUTE_US)), clock.now_us))
        looked = []
        async with Api(shop, fences=fences) as inner:
            console = console_of(inner)
            console._keys = type("Keys", (), {"holder": lambda _, text, __: looked.append(text)})()
            async with Api(Shop(), console=console.app(), fences=fences) as api:
                form = {"content-type": "application/x-www-form-urlencoded"}
                answers = [
                    await api.http.post("/sign-in/key", content=b"key=jk_%d" % n, headers=form) for n in range(5)
                ]
                assert [each.status_code for each in answers] == [403] * 3 + [429] * 2
                assert len(looked) == 3
                page = answers[-1]
                assert page.headers["content-type"].startswith("text/html")
                assert page.headers["retry-after"] == "20"
                assert "请求过于频繁" in page.text
                english = await api.http.post(
                    "/sign-in/key", content=b"key=x", headers=form | {"accept-language": "en"}
                )
                assert "Too much has been asked from your network" in english.text
                assert (await api.http.get("/sign-in")).status_code == 200
                clock.at_us += MINUTE_US
                assert (await api.http.post("/sign-in/key", content=b"key=x", headers=form)).status_code == 403

    run(go())


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", "unknown"), ("testclient", "unknown"),
    ],
)  # fmt: skip
def test_one_customer_s_addresses_count_as_one(host, place):
    assert place_of(host) == place


# ---- shapes of JSON


BOMBS = {
    "deep arrays": b"[" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep in a field": b'{"id":"x","type":"pay","user":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep behind the tag": b'{"zz":' + b"[" * 20_000 + b"]" * 20_000 + b',"type":"pay","id":"x"}',
    "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(6_000)) + b"}",
    "many members": b"[" + b"1," * 32_000 + b"1]",
    "a huge number": b'{"id":"x","type":"pay","amount":' + b"9" * 60_000 + b"}",
    "a huge exponent": b'{"id":"x","type":"pay","amount":1e' + b"9" * 30_000 + b"}",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("road", ["asgi", "socket"])
def test_a_bomb_of_json_is_refused_as_any_other_event_and_the_next_one_is_decided(name, road, monkeypatch):
    monkeypatch.setattr(Api, "road", road)

    async def go():
        async with Api() as api:
            assert len(BOMBS[name]) <= EVENT_BYTES_MAX
            is_problem(await api.post(BOMBS[name]), 422, "event-refused")
            assert (await api.post(pay(1))).status_code == 200

    run(go())


@pytest.mark.parametrize("path", ["/v1/packs/try", "/v1/policies/diff", "/v1/proposals", "/v1/webhooks"])
@pytest.mark.parametrize("bomb", [b"[" * 16_000, b"9" * 16_000], ids=["deep", "a huge number"])
def test_a_bomb_of_json_is_refused_on_every_route_that_reads_json_before_it_is_decoded(path, bomb, monkeypatch):
    decoded = []

    async def go():
        shop = Shop()
        mailing = Mailing(Endpoints(shop.blobs, bytes), Reach(), None)
        async with Api(shop, mailing=mailing) as api:
            monkeypatch.setattr(msgspec.json, "decode", lambda *_, **__: decoded.append(1))
            is_problem(await api.ask("POST", path, bomb), 400, "bad-request")
            assert not decoded

    run(go())


def test_what_is_done_with_a_webhook_is_recorded_before_it_is_done_and_shows_no_secret():
    async def go():
        shop = Shop(settings=Settings(four_eyes=False))
        reach = Reach(resolve=lambda *_: ["93.184.216.34"])
        async with Api(shop, mailing=Mailing(Endpoints(shop.blobs, bytes), reach, None)) as api:
            made = (
                await api.ask("POST", "/v1/webhooks", {"url": "https://hooks.example/x", "outcomes": ["deny"]})
            ).json()
            for step, state in (("disable", "off"), ("enable", "on"), ("remove", "removed")):
                told = await api.ask("POST", f"/v1/webhooks/{made['id']}/{step}")
                assert told.json()["state"] == state
            is_problem(await api.ask("POST", f"/v1/webhooks/{made['id']}/enable"), 404)
            is_problem(await api.ask("POST", f"/v1/webhooks/{made['id']}/nonsense"), 404)
            for asked in (
                {"url": "https://x.example/", "outcomes": ["no"]},
                {"url": "https://10.0.0.1/"},
                {},
                {"url": 1},
            ):
                reach._resolve = lambda host, _: [host] if host == "10.0.0.1" else ["93.184.216.34"]
                is_problem(await api.ask("POST", "/v1/webhooks", asked), 400, "bad-request")
            seen = (await api.ask("GET", "/v1/audit?what=webhook.change")).json()["actions"]
            steps = [each["on"].partition(" ")[2] for each in seen]
            assert [each for each in steps if each] == ["nonsense", "enable", "remove", "enable", "disable"]
            assert made["secret"] not in json.dumps(seen)

    run(go())


def test_a_line_that_is_too_long_is_refused_unread_and_the_others_are_decided(monkeypatch):
    async def go():
        async with Api() as api:
            long = json.dumps(pay(1) | {"user": "x" * EVENT_BYTES_MAX}).encode()
            told = await api.lines(b"\n".join([event(0), long, event(2)]))
            assert [each.get("event_id") for each in told] == ["p0", None, "p2"]
            assert told[1]["line"] == 2

    run(go())


def test_more_lines_than_there_may_be_are_refused_be_they_blank(monkeypatch):
    monkeypatch.setattr("jindi.doors.api.hot.LINES_MAX", 1_000)

    async def go():
        async with Api() as api:
            answer = await api.ask("POST", "/v1/events", b"\n" * 1_001, content_type="application/x-ndjson")
            is_problem(answer, 413, "too-large")
            assert await api.lines(b"\n" * 1_000) == []

    run(go())


# ---- headers of answers


def safe(answer, *, is_page):
    assert answer.headers["x-content-type-options"] == "nosniff"
    if (kind := answer.headers.get("content-type", "")).startswith("text/"):
        assert kind.endswith("charset=utf-8"), kind
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == ("same-origin" if is_page else "no-referrer")
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert not {"server", "x-powered-by"} & set(answer.headers)
    for name in ("content-security-policy", "cache-control", "strict-transport-security"):
        assert len(answer.headers.get_list(name)) <= 1


@pytest.mark.parametrize("road", ["asgi", "socket"])
def test_every_route_of_api_and_console_answers_with_the_security_headers(road, monkeypatch):
    monkeypatch.setattr(Api, "road", road)

    async def go():
        async with Api() as inner:
            console = console_of(inner).app()
            async with Api(Shop(), console=console) as api:
                of_api, of_console = await all_doors(api)
                walked = 0
                for door in [*of_api, *of_console]:
                    is_page = door in of_console
                    path = _address(door.path).replace("{token}", "x").replace("{step}", "test")
                    path = path.replace("{digest}", "x").replace("{name}", "x")
                    for key in (api.admin, "jk_nobody", ""):
                        body = None if door.method == "GET" else b"{}"
                        answer = await api.ask(door.method, path, body, key=key)
                        safe(answer, is_page=is_page)
                        if not path.startswith("/assets"):
                            assert answer.headers["cache-control"] == "no-store", door
                        assert "strict-transport-security" not in answer.headers
                        walked += 1
                assert walked > 3 * len(OPEN)
                for method, path, body in (
                    ("POST", "/v1/events", event(1)), ("POST", "/v1/events", b"{}"), ("GET", "/v1/events", None),
                    ("POST", "/v1/events", b"x" * (EVENT_BYTES_MAX + 1)), ("DELETE", "/v1/packs", None),
                    ("GET", "/v1/nothing", None), ("GET", "/nothing", None),
                ):  # fmt: skip
                    safe(await api.ask(method, path, body), is_page=not path.startswith("/v1/"))

    run(go())


@pytest.mark.parametrize(("url", "said"), [
    ("https://jindi.test", True), ("http://jindi.test", False), ("https://localhost", False),
])  # fmt: skip
def test_a_host_that_speaks_tls_says_so_and_localhost_which_others_share_does_not(url, said):
    async def go():
        async with Api() as inner, Api(Shop(), console=console_of(inner).app()) as api:
            for path in ("/v1/packs", "/healthz", "/sign-in", "/nothing"):
                answer = await api.http.get(url + path)
                promised = answer.headers.get("strict-transport-security")
                assert promised == ("max-age=31536000; includeSubDomains" if said else None)

    run(go())
