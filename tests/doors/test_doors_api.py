"""The HTTP API: what it answers to those who may ask, and how it says no to everything else."""

import asyncio
import json
import re
from collections import Counter
from contextlib import contextmanager
from hashlib import sha256

import pytest
from api_world import ALL, Api
from test_doors_matrix import all_doors

from jindi.access import Scope
from jindi.doors.api.openapi import document
from jindi.ports import LogFailure
from jindi.run import lane as lanes
from jindi.run.audit import Audit
from jindi.run.intake import EVENT_BYTES_MAX
from jindi.run.records import decision_seq
from jindi.run.trail import Wanted
from jindi.stores.files import MemoryBlobs
from replay_world import planted
from shop_world import (
    CANARIES,
    FEATURES,
    NOON_US,
    POLICY,
    SECOND_US,
    Shop,
    event,
    failing_append,
    pay,
    run,
    shop_files,
    shop_program,
)


@pytest.fixture(autouse=True, params=["asgi", "socket"])
def road(request, monkeypatch):
    """Everything is asked twice: of the application, and through our own connections."""
    monkeypatch.setattr(Api, "road", request.param)


ID = "dec_000000000001"
TRY = json.dumps({"files": {}, "event": pay("try")}).encode()
ROUTES = [
    ("POST", "/v1/events", Scope.EVENTS_WRITE, json.dumps(pay("scoped")).encode(), 200),
    ("GET", f"/v1/decisions/{ID}", Scope.DECISIONS_READ, None, 200),
    ("GET", f"/v1/decisions/{ID}/explanation", Scope.DECISIONS_READ, None, 200),
    ("GET", f"/v1/decisions/{ID}/replay", Scope.DECISIONS_READ, None, 200),
    ("GET", "/v1/entities/user/u1/features", Scope.ENTITIES_READ, None, 200),
    ("POST", "/v1/entities/features", Scope.ENTITIES_READ, b'{"entity": "user", "value": "u1"}', 200),
    ("GET", "/v1/packs", Scope.ADMIN, None, 200),
    ("POST", "/v1/packs/try", Scope.ADMIN, TRY, 422),
    ("POST", "/v1/snapshots", Scope.ADMIN, None, 201),
    ("GET", "/metrics", Scope.METRICS_READ, None, 200),
    ("GET", "/v1/audit", Scope.AUDIT_READ, None, 200),
]
OPEN = ["/healthz", "/readyz", "/openapi.json"]
OF_VERSIONS = [  # test_doors_versions.py asks them
    ("GET", "/v1/policies"), ("GET", "/v1/policies/{id}"), ("POST", "/v1/policies/diff"),
    ("GET", "/v1/policies/statistics"),
    ("POST", "/v1/policies/shadow"), ("POST", "/v1/policies/retire"), ("POST", "/v1/policies/rollback"),
    ("GET", "/v1/proposals"), ("POST", "/v1/proposals"), ("GET", "/v1/proposals/{id}"),
    ("POST", "/v1/proposals/{id}/approve"), ("POST", "/v1/proposals/{id}/reject"),
]  # fmt: skip


def is_problem(answer, status, kind=None):
    told = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == status
    assert told["type"].startswith("urn:jindi:problem:")
    assert told["title"]
    assert re.search(r"[\u4e00-\u9fff]", told["title_zh"])
    if kind is not None:
        assert told["type"] == f"urn:jindi:problem:{kind}"
    return told


@contextmanager
def noted(found, *where):
    """What does not hold here goes to the others, so that one run tells of all."""
    try:
        yield
    except AssertionError as error:
        found.append((*where, str(error)))


# ---- who may


def test_each_route_is_open_to_its_own_scope_and_to_admin_and_to_no_other():
    found, open_to = [], Counter()

    async def go():
        async with Api() as api:
            await api.post(pay(1))
            for method, path, right, body, status in ROUTES:
                for scope in ALL:
                    answer = await api.ask(method, path, body, api.key(scope))
                    with noted(found, method, path, scope):
                        if scope is right or (scope is Scope.ADMIN and right is not Scope.AUDIT_READ):
                            assert answer.status_code == status
                            open_to[path] += 1
                        else:
                            told = is_problem(answer, 403, "forbidden")
                            assert right in told["detail"]

    run(go())
    assert found == []
    assert len(open_to) == len(ROUTES)


NO_KEYS = ("", "Bearer ", "Bearer jk_wrong", "Basic eDp5", "Bearer \u00e9", "bearer", "Bearer " + "x" * 5000)


def test_no_route_opens_without_a_key_in_force():
    found = []

    async def go():
        async with Api() as api:
            for method, path, _, body, _ in ROUTES:
                for given in NO_KEYS:
                    before = api.shop.platform.lane.state.next_seq
                    # The client on a socket would not send a header that ends in a blank.
                    text = given.rstrip() if api.road == "socket" else given
                    headers = {"authorization": text.encode("latin-1")} if text else {}
                    answer = await api.http.request(method, path, content=body, headers=headers)
                    with noted(found, method, path, given[:20]):
                        is_problem(answer, 401, "unauthenticated")
                        assert answer.headers["www-authenticate"] == "Bearer"
                        assert api.shop.platform.lane.state.next_seq <= before + 1
            # Nothing is journalled but that somebody tried, and that only so often.
            tried = (await Audit(api.shop.platform).look(Wanted())).doings
            assert {(each.what, each.outcome) for each in tried} == {("sign_in.api", "refused")}
            assert api.shop.platform.lane.state.next_seq == 1 + len(tried)

    run(go())
    assert found == []


def test_a_revoked_key_is_none():
    async def go():
        async with Api() as api:
            clear, key = api.keys.create("brief", frozenset({Scope.EVENTS_WRITE}), NOON_US)
            assert (await api.post(pay(1), key=clear)).status_code == 200
            api.keys.revoke(key.id, NOON_US)
            is_problem(await api.post(pay(2), key=clear), 401)

    run(go())


@pytest.mark.parametrize("path", OPEN)
def test_health_and_description_need_no_key(path):
    async def go():
        async with Api() as api:
            answer = await api.ask("GET", path, key="")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"

    run(go())


# ---- deciding


def test_a_decision_is_answered_with_everything_that_the_contract_names():
    async def go():
        async with Api() as api:
            answer = await api.post(pay(1, "2000.00"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
            told = answer.json()
            assert {"decision_id", "event_id", "outcome", "score", "reasons", "policy", "degraded", "late"} <= set(told)
            assert set(told["reasons"][0]) == {"rule", "zh", "en", "basis"}
            assert (await api.post(pay(1, "2000.00"))).content == answer.content

    run(go())


def test_a_basis_in_two_languages_is_one_text_on_the_wire_and_both_in_the_explanation():
    """Whoever reads answers finds a text there as ever, and the journal's records don't hold it at all."""
    policy = POLICY.replace('basis = "shop rules 1"', 'basis = { zh = "商店守则 1", en = "shop rules 1" }')
    assert policy != POLICY

    async def go():
        async with Api() as plain, Api(Shop(shop_files(policy=policy))) as both:
            answers = [await api.post(pay(1, "2000.00")) for api in (plain, both)]
            told = [answer.json() for answer in answers]
            assert told[0]["reasons"] == told[1]["reasons"]
            assert told[1]["reasons"][0]["basis"] == "shop rules 1"
            records = [api.shop.platform.archive.raw(decision_seq(told[1]["decision_id"])) for api in (plain, both)]
            assert records[0] == records[1]
            explained = (await both.ask("GET", f"/v1/decisions/{told[1]['decision_id']}/explanation")).json()
            (hit,) = [line for line in explained["rules"] if line["state"] == "hit"]
            assert (hit["basis"], hit["basis_zh"]) == ("shop rules 1", "商店守则 1")

    run(go())


def test_a_decision_can_be_read_and_explained_until_it_is_followed_up_and_after():
    async def go():
        async with Api() as api:
            made = (await api.post(pay(1, "2000.00"))).json()
            path = f"/v1/decisions/{made['decision_id']}"
            read = (await api.ask("GET", path)).json()
            assert {name: read[name] for name in made} == made
            assert (read["status"], read["event_type"], read["at"]) == ("pending", "pay", "2026-11-22T04:00:00Z")
            await api.post(
                event("challenge_result", "c1", decision=made["decision_id"], user="u1", method="otp", passed=True)
            )
            assert (await api.ask("GET", path)).json()["status"] == "passed"
            why = (await api.ask("GET", f"{path}/explanation")).json()
            assert (why["outcome"], why["score"]) == ("challenge", 20)
            assert any(rule["id"] == "large" and rule["state"] == "hit" for rule in why["rules"])

    run(go())


def test_a_decision_made_again_is_the_same_to_the_last_byte():
    async def go():
        async with Api() as api:
            made = (await api.post(pay(1, "2000.00"))).json()["decision_id"]
            proof = (await api.ask("GET", f"/v1/decisions/{made}/replay")).json()
            raw = api.shop.platform.archive.raw(1)
            assert (proof["decision_id"], proof["identical"], proof["differences"]) == (made, True, [])
            assert proof["record"] == {"number": 1, "bytes": len(raw), "sha256": sha256(raw).hexdigest()}
            assert proof["definitions"] == {"record": 0, "digest": api.shop.platform.program.digest}

    run(go())


def test_a_planted_outcome_is_told_with_its_cause():
    async def go():
        async with Shop() as shop:
            made = (await shop.send(pay(1, "12000.00")))["decision_id"]
            shop.platform.lane.settle()
            log = planted(shop.log, 1, lambda record: record[11].__setitem__(0, 0))
        async with Api(Shop(log=log, blobs=MemoryBlobs())) as api:
            proof = (await api.ask("GET", f"/v1/decisions/{made}/replay")).json()
            assert proof["identical"] is False
            assert proof["differences"] == [
                {"kind": "outcome", "name": "", "journalled": "allow", "recomputed": "review"}
            ]

    run(go())


@pytest.mark.parametrize(
    "name", ["dec_0000000000ff", "dec_000000000000", "dec_x", "p1", "..%2f..%2fetc%2fpasswd", "%00", "dec_" + "f" * 12]
)
def test_a_decision_that_is_none_is_not_found(name):
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            for path in (f"/v1/decisions/{name}", *(f"/v1/decisions/{name}/{of}" for of in ("explanation", "replay"))):
                is_problem(await api.ask("GET", path), 404, "not-found")

    run(go())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b"null", b"{}", json.dumps({"id": "x"}).encode(), b"[" * 60_000]
)
def test_a_body_that_is_no_event_is_refused_with_all_its_problems(body):
    async def go():
        async with Api() as api:
            told = is_problem(await api.post(body), 422, "event-refused")
            assert told["problems"]
            assert all(line["path"].startswith("event") and line["problem"] for line in told["problems"])
            assert api.shop.platform.measures.refused == 1

    run(go())


def test_a_refusal_names_every_path_and_no_value():
    async def go():
        async with Api() as api:
            answer = await api.post(pay(1) | {"phone": "S3CRET1", "amount": "S3CRET2", "channel": "S3CRET3"})
            told = is_problem(answer, 422)
            assert [line["path"] for line in told["problems"]] == ["event.amount", "event.channel", "event.phone"]
            assert all(line["remedy"] for line in told["problems"])
            assert "S3CRET" not in answer.text

    run(go())


def test_an_id_used_for_another_content_is_a_conflict():
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            is_problem(await api.post(pay(1, "11.00")), 409, "event-id-used")

    run(go())


def test_a_body_beyond_its_limit_is_refused_before_it_is_whole():
    async def go():
        async with Api() as api:
            is_problem(await api.post(b" " * (EVENT_BYTES_MAX + 1)), 413, "too-large")
            assert (await api.post(json.dumps(pay(1)).encode().ljust(EVENT_BYTES_MAX))).status_code == 200

            async def endless():
                for _ in range(1000):
                    sent.append(1)
                    yield b" " * 10_000

            sent = []
            answer = await api.http.post(
                "/v1/events", content=endless(), headers={"authorization": f"Bearer {api.admin}"}
            )
            is_problem(answer, 413)
            # A client on a socket goes on sending what nobody keeps.
            assert len(sent) < 20 or api.road == "socket"

    run(go())


def test_a_body_in_pieces_is_one_body():
    async def go():
        async with Api() as api:
            raw = json.dumps(pay(1)).encode()

            async def pieces():
                for place in range(0, len(raw), 7):
                    yield raw[place : place + 7]

            answer = await api.http.post(
                "/v1/events", content=pieces(), headers={"authorization": f"Bearer {api.admin}"}
            )
            assert answer.json()["event_id"] == "p1"

    run(go())


def test_a_sender_who_goes_away_in_the_middle_of_a_body_has_sent_nothing():
    async def go():
        async with Api() as api:
            lines = b"\n".join(json.dumps(pay(n)).encode() for n in range(3))
            messages = [
                {"type": "http.request", "body": lines, "more_body": True},
                {"type": "http.disconnect"},
            ]
            sent = []

            async def receive():
                return messages.pop(0)

            async def send(message):
                sent.append(message)

            headers = [(b"authorization", f"Bearer {api.admin}".encode()), (b"content-type", b"application/x-ndjson")]
            await api.app({"type": "http", "path": "/v1/events", "method": "POST", "headers": headers}, receive, send)
            assert sent == []
            assert api.shop.platform.lane.state.next_seq == 1

    run(go())


# ---- many at once


def test_every_line_is_answered_in_order_and_a_bad_one_stops_none():
    async def go():
        async with Api() as api:
            body = b"\n".join(
                [
                    json.dumps(pay(1)).encode(),
                    b"{",
                    b"",
                    b"   \t",
                    json.dumps(pay(2)).encode() + b"\r",
                    json.dumps(pay(1, "11.00")).encode(),
                    json.dumps(pay(1)).encode(),
                    b"null",
                    json.dumps(pay(3)).encode(),
                ]
            )
            told = await api.lines(body)
            assert [line.get("event_id") or (line["line"], line["status"]) for line in told] == [
                "p1",
                (2, 422),
                "p2",
                (6, 409),
                "p1",
                (8, 422),
                "p3",
            ]
            assert told[0] == told[4]
            assert all(line["title_zh"] for line in told if "status" in line)

    run(go())


@pytest.mark.parametrize("body", [b"", b"\n\n \n"])
def test_a_body_without_lines_is_answered_without_lines(body):
    async def go():
        async with Api() as api:
            assert await api.lines(body) == []

    run(go())


def test_a_media_type_is_told_by_its_letters_whatever_their_case_and_its_parameters():
    async def go():
        async with Api() as api:
            body = b"\n".join(json.dumps(pay(n)).encode() for n in range(2))
            for kind in ("application/x-ndjson; charset=utf-8", "Application/X-NDJSON"):
                answer = await api.post(body, content_type=kind)
                assert len(answer.content.splitlines()) == 2
            # What is not called NDJSON is one event, and two are none.
            is_problem(await api.post(body, content_type="application/json"), 422)

    run(go())


def test_more_lines_than_the_queue_holds_wait_their_turn_and_all_are_answered(monkeypatch):
    monkeypatch.setattr(lanes, "QUEUE_MAX", 50)

    async def go():
        async with Api() as api:
            body = b"\n".join(json.dumps(pay(n, "1.00")).encode() for n in range(700))
            told = await api.lines(body)
            assert [line["event_id"] for line in told] == [f"p{n}" for n in range(700)]
            assert len({line["decision_id"] for line in told}) == 700

    run(go())


def test_lines_that_arrive_while_the_lane_stops_are_told_so_and_no_line_goes_unanswered():
    async def go():
        async with Api() as api:
            await api.post(pay(0))
            body = b"\n".join(json.dumps(pay(n)).encode() for n in range(1, 4))
            with failing_append(api.shop.log, LogFailure("disk full")):
                told = await api.lines(body)
            assert [(line["line"], line["status"]) for line in told] == [(1, 503), (2, 503), (3, 503)]
            assert "disk" not in json.dumps(told)

    run(go())


# ---- back-pressure and failure


def test_one_event_too_many_is_told_when_to_come_back_and_is_counted(monkeypatch):
    monkeypatch.setattr(lanes, "QUEUE_MAX", 2)

    async def go():
        async with Api() as api:
            answers = await asyncio.gather(*(api.post(pay(n)) for n in range(6)))
            busy = [answer for answer in answers if answer.status_code == 503]
            assert busy
            for answer in busy:
                is_problem(answer, 503, "busy")
                assert int(answer.headers["retry-after"]) >= 1
            assert f"jindi_events_busy_total {len(busy)}" in (await api.ask("GET", "/metrics")).text
            for answer, n in zip(answers, range(6), strict=True):
                if answer.status_code == 503:
                    assert (await api.post(pay(n))).status_code == 200

    run(go())


def test_a_stopped_lane_answers_503_and_says_nothing_of_this_machine():
    async def go():
        async with Api() as api:
            await api.post(pay(0))
            with failing_append(api.shop.log, LogFailure("/secret/place is full")):
                is_problem(await api.post(pay(1)), 503, "stopped")
            for answer in (await api.post(pay(1)), await api.ask("GET", "/readyz", key="")):
                is_problem(answer, 503, "stopped")
                assert "secret" not in answer.text
            assert (await api.post(pay(1))).headers["retry-after"]
            assert (await api.ask("GET", "/healthz", key="")).status_code == 200
            is_problem(await api.ask("POST", "/v1/snapshots"), 503, "not-recorded")
            assert "jindi_lane_stopped 1" in (await api.ask("GET", "/metrics")).text
            is_problem(await api.ask("GET", f"/v1/decisions/{ID}"), 503, "not-recorded")
            await api.shop.platform.tend()
            assert (await api.ask("GET", "/readyz", key="")).status_code == 200
            assert (await api.post(pay(1))).status_code == 200

    run(go())


def test_a_failure_inside_is_in_the_log_with_its_cause_on_each_road(monkeypatch, caplog):
    monkeypatch.setattr(Api, "road", "socket")

    async def go():
        async with Api() as api:

            def broken(*_):
                raise RuntimeError("the cause")

            monkeypatch.setattr(api.shop.platform, "decide", broken)
            monkeypatch.setattr(api.shop.platform, "submit", broken)
            monkeypatch.setattr(api.shop.platform, "find", broken)
            for asked in (api.post(pay(1)), api.post(pay(2), x_more="1"), api.ask("GET", f"/v1/decisions/{ID}")):
                caplog.clear()
                assert (await asked).status_code == 500
                assert [each.levelname for each in caplog.records] == ["ERROR"]
                assert "RuntimeError: the cause" in caplog.text

    run(go())


def test_a_failure_inside_is_a_problem_without_a_word_of_why(monkeypatch):
    async def go():
        async with Api() as api:
            await api.post(pay(1))

            def broken(*_):
                raise RuntimeError("secret")

            monkeypatch.setattr(api.shop.platform.archive, "read_back", broken)
            monkeypatch.setattr(api.shop.platform, "find", broken)
            for answer in (await api.post(pay(1)), await api.ask("GET", f"/v1/decisions/{ID}")):
                is_problem(answer, 500, "failed")
                assert "secret" not in answer.text
            told = await api.lines(json.dumps(pay(1)).encode() + b"\n" + json.dumps(pay(2)).encode())
            assert (told[0]["status"], told[1]["event_id"]) == (500, "p2")

    run(go())


# ---- everything else


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/decisions",
        "/v1/decisions/",
        "/v2/events",
        "/v1/events/",
        "/v1/packs/",
        "//v1/events",
        "/v1/%2e%2e/metrics",
        "/openapi.json/",
        "/v1/entities/user/features",
    ],
)
def test_an_address_that_is_none_is_a_problem_and_never_a_redirect(path):
    async def go():
        async with Api() as api:
            for method in ("GET", "POST", "DELETE"):
                is_problem(await api.ask(method, path), 404, "not-found")

    run(go())


def test_another_method_is_refused_with_those_that_are_allowed():
    found = []

    async def go():
        async with Api() as api:
            for method, path, *_ in ROUTES:
                for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - {method}:
                    answer = await api.ask(other, path)
                    with noted(found, other, path):
                        is_problem(answer, 405, "method-not-allowed")
                        assert method in answer.headers["allow"]

    run(go())
    assert found == []


def test_the_console_gets_what_is_not_the_api_s_and_the_api_keeps_what_is():
    async def console(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<p>console"})

    async def go():
        async with Api(console=console) as api:
            for path in ("/", "/sign-in/x", "/decisions", "/v1x"):
                assert (await api.ask("GET", path)).text == "<p>console"
            for path in ("/v1", "/v1/", "/v1/nothing"):
                is_problem(await api.ask("GET", path), 404)
            is_problem(await api.ask("DELETE", "/healthz"), 405)

    run(go())


# ---- entities


def found(api, entity, value, **more):
    return api.ask("POST", "/v1/entities/features", {"entity": entity, "value": value}, **more)


def test_an_entity_s_features_are_read_in_clear_or_by_token_and_echo_neither():
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            device = CANARIES[3]
            answer = await found(api, "device", device)
            assert answer.json()["features"] == {"device_users": 1}
            assert device not in answer.text
            token = api.shop.platform.find(ID).record.values[5]
            assert (await api.ask("GET", f"/v1/entities/device/{token}/features")).json() == answer.json()
            assert (await found(api, "device", token)).json() == answer.json()

    run(go())


def test_an_identifier_in_clear_is_refused_in_an_address_and_the_way_for_it_is_told():
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            for entity, value in (("device", CANARIES[3]), ("phone", CANARIES[0]), ("card", CANARIES[1])):
                answer = await api.ask("GET", f"/v1/entities/{entity}/{value}/features")
                assert "POST to /v1/entities/features" in is_problem(answer, 400)["detail"]
                assert value not in answer.text

    run(go())


def test_an_entity_in_a_body_is_refused_when_it_is_none():
    async def go():
        async with Api() as api:
            for body in (b"{", b'{"entity": "user"}', b'{"entity": "user", "value": "u1", "more": 1}', b"[]",
                         b'{"entity": "user", "value": "u1", "value": "u2"}'):  # fmt: skip
                is_problem(await api.ask("POST", "/v1/entities/features", body), 400)
            is_problem(await found(api, "planet", "mars"), 404)
            is_problem(await api.ask("POST", "/v1/entities/features", b" " * 100_000), 413)
            is_problem(await found(api, "user", "u1", key=api.key(Scope.DECISIONS_READ)), 403)

    run(go())


def test_values_with_slashes_and_letters_of_any_script_are_values():
    async def go():
        from urllib.parse import quote

        async with Api() as api:
            for n, user in enumerate(("a/b", "王五", "x y?z#", "features", "a/features")):
                await api.post(pay(n, user=user))
                answer = await api.ask("GET", f"/v1/entities/user/{quote(user, safe='')}/features")
                assert answer.json()["features"]["pays_1d"] == 1

    run(go())


ABOUT_READINGS = """
[readings_1d]
doc = { zh = "一天内的读数。", en = "Readings in a day." }
of = "reading"
by = "whole"
fold = "count"
over = "1d"

[yen_mean_1d]
doc = { zh = "一天内的日元均值。", en = "The mean of yen in a day." }
of = "reading"
by = "whole"
fold = "mean"
value = "yen"
over = "1d"

[when_last]
doc = { zh = "上次的时刻。", en = "The last instant." }
of = "reading"
by = "whole"
fold = "last"
value = "when_"
over = "ever"

[spent_mean_1d]
doc = { zh = "一天内的均额。", en = "The mean amount of a day." }
of = "pay"
by = "user"
fold = "mean"
value = "amount"
over = "1d"
"""


def test_an_entity_s_features_are_told_as_on_the_wire_with_their_types():
    async def go():
        async with Api(Shop(shop_files(features=FEATURES + ABOUT_READINGS))) as api:
            for n, amount in enumerate(("10.00", "10.01", "10.01")):
                await api.post(pay(n, amount))
            told = (await api.ask("GET", "/v1/entities/user/u1/features")).json()
            assert told["as_of"] == "2026-11-22T04:00:00Z"
            assert told["features"]["spent_1d"] == "30.02"
            assert float(told["features"]["spent_mean_1d"]) == pytest.approx(30.02 / 3)
            assert (told["types"]["spent_1d"], told["types"]["pays_1d"]) == ("money of CNY", "int")
            assert told["features"].keys() == told["types"].keys()
            assert told["absent"] == []

    run(go())


def test_an_entity_whose_key_is_a_whole_number_is_found_by_its_digits():
    async def go():
        async with Api(Shop(shop_files(features=FEATURES + ABOUT_READINGS))) as api:
            for n in range(2):
                await api.post(event("reading", f"r{n}", whole=7, yen="5", when_="2026-11-22T03:00:00Z"))
            told = (await api.ask("GET", "/v1/entities/whole/7/features")).json()["features"]
            assert (told["readings_1d"], told["yen_mean_1d"], told["when_last"]) == (2, "5.0", "2026-11-22T03:00:00Z")
            for value in ("seven", "7.0", "", "9" * 19, "٧"):
                is_problem(await api.ask("GET", f"/v1/entities/whole/{value}/features"), 404)

    run(go())


def test_an_entity_s_features_that_catch_up_are_absent_and_not_nought():
    async def go():
        async with Api() as api:
            await api.post(pay(1))
            api.shop.platform.lane.state.warming = frozenset({"pays_1d", "device_users"})
            told = (await api.ask("GET", "/v1/entities/user/u1/features")).json()
            assert (told["features"]["pays_1d"], told["absent"]) == (None, ["pays_1d"])
            assert told["features"]["spent_1d"] == "10.00"

    run(go())


def test_an_entity_that_no_feature_has_is_not_found():
    async def go():
        async with Api() as api:
            is_problem(await api.ask("GET", "/v1/entities/planet/mars/features"), 404)
            is_problem(await found(api, "device", ""), 404)

    run(go())


# ---- a platform that takes nothing for now


def test_while_events_are_held_each_is_answered_503_with_the_reason_and_none_is_taken():
    async def go():
        async with Api() as api:
            api.shop.platform.held = "the past is still being told"
            answer = await api.ask("POST", "/v1/events", pay(1))
            is_problem(answer, 503, "not-now")
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["detail"] == "the past is still being told"
            api.shop.platform.held = None
            assert (await api.ask("POST", "/v1/events", pay(1))).status_code == 200
            assert api.shop.platform.lane.state.next_seq == 2

    run(go())


# ---- packs


def test_trying_packs_over_http_answers_with_the_decision_and_its_explanation():
    async def go():
        async with Api() as api:
            files = {name: text for name, text in shop_files().items() if name.startswith("shop/")}
            files["shop/policies/pay.toml"] = POLICY.replace("cny('1000')", "cny('5')").replace('"999.99"', '"4.99"')
            answer = await api.ask("POST", "/v1/packs/try", {"files": files, "event": pay("try")})
            told = answer.json()
            assert (told["decision"]["outcome"], told["explanation"]["outcome"]) == ("challenge", "challenge")
            assert api.shop.platform.lane.state.next_seq == 2, "only that it was tried is kept"
            assert told["decided_before"] is None
            once = await api.ask("POST", "/v1/events", pay("once"))
            again = await api.ask("POST", "/v1/packs/try", {"files": files, "event": pay("once")})
            assert again.json()["decided_before"] == once.json()["decision_id"]
            refused = await api.ask("POST", "/v1/packs/try", {"files": files, "event": {"id": "x"}})
            is_problem(refused, 422, "event-refused")
            files["shop/policies/pay.toml"] = POLICY.replace("amount", "amuont")
            is_problem(
                await api.ask("POST", "/v1/packs/try", {"files": files, "event": pay("try")}), 422, "packs-refused"
            )

    run(go())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"files": 1, "event": {}}',
        b'{"files": {}}',
        b'{"files": {"a": 1}, "event": {}}',
        b'{"files": {}, "event": {}, "more": 1}',
        b"[" * 100_000,
        b'{"files": {}, "event": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"files": {"a": "\xff"}, "event": {}}',
    ],
)
def test_trying_what_is_no_trial_is_a_bad_request(body):
    async def go():
        async with Api() as api:
            is_problem(await api.ask("POST", "/v1/packs/try", body), 400, "bad-request")

    run(go())


def test_a_trial_beyond_its_limit_is_too_large(monkeypatch):
    monkeypatch.setattr("jindi.doors.api.app.PACKS_BYTES_MAX", 100)

    async def go():
        async with Api() as api:
            is_problem(await api.ask("POST", "/v1/packs/try", b" " * 101), 413, "too-large")

    run(go())


def test_the_packs_in_force_are_told_with_what_still_catches_up():
    async def go():
        async with Api() as api:
            told = (await api.ask("GET", "/v1/packs")).json()
            assert told["digest"] == shop_program().digest
            assert told["packs"] == {"core": "1.0.0", "shop": "1"}
            assert told["catching_up"] == []

    run(go())


# ---- metrics

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? (-?[0-9.e+-]+|\+Inf|NaN)')


def test_the_metrics_are_prometheus_text_and_count_what_happened():
    async def go():
        async with Api() as api:
            for n, amount in enumerate(("5.00", "2000.00", "2000.00", "6000.00")):
                await api.post(pay(n, amount))
            await api.post(b"{")
            answer = await api.ask("GET", "/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert answer.text.endswith("\n")
            return answer.text

    text = run(go())
    families, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families
            families[name] = kind
        elif not line.startswith("# HELP "):
            found = SAMPLE.fullmatch(line)
            assert found, line
            name = found[1]
            assert any(name in (family, f"{family}_bucket", f"{family}_sum", f"{family}_count") for family in families)
            assert (name, found[2]) not in samples
            samples[name, found[2]] = float(found[3])
    assert samples["jindi_decisions_total", '{type="pay",outcome="challenge"}'] == 2
    assert samples["jindi_rule_hits_total", '{policy="pay",rule="very-large"}'] == 1
    assert samples["jindi_events_refused_total", None] == 1
    assert samples["jindi_open_decisions", None] == 3
    buckets = [value for (name, _), value in samples.items() if name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == samples["jindi_decision_latency_seconds_count", None] == 4
    assert not [canary for canary in CANARIES if canary in text]


def test_counters_keep_every_digit():
    async def go():
        async with Api() as api:
            api.shop.platform.measures.refused = 1_234_567
            assert "jindi_events_refused_total 1234567\n" in (await api.ask("GET", "/metrics")).text

    run(go())


# ---- the description


def conforms(value, schema, root, place="$"):
    """What does not conform, by a small reading of JSON Schema: only the words that our description uses."""
    known = {
        "$ref",
        "oneOf",
        "anyOf",
        "type",
        "const",
        "enum",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "description",
        "title",
        "format",
        "discriminator",
    }
    assert not set(schema) - known, set(schema) - known
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return conforms(value, target, root, place)
    wrong = []
    for word in ("oneOf", "anyOf"):
        if word in schema:
            fits = [each for each in schema[word] if not conforms(value, each, root, place)]
            if not fits or (word == "oneOf" and len(fits) > 1):
                wrong.append(f"{place}: fits {len(fits)} of {word}")
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        is_bool = isinstance(value, bool)
        if not any(isinstance(value, kinds[each]) and (not is_bool or each == "boolean") for each in types):
            return [f"{place}: not {types}"]
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{place}: not the constant")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{place}: not in enum")
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            wrong.append(f"{place}: length")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            wrong.append(f"{place}: pattern")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        wrong.append(f"{place}: bounds")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        wrong += [f"{place}: lacks {name}" for name in schema.get("required", []) if name not in value]
        for name, each in value.items():
            if name in properties:
                wrong += conforms(each, properties[name], root, f"{place}.{name}")
            elif schema.get("additionalProperties") is False:
                wrong.append(f"{place}: {name} is not declared")
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            wrong += conforms(each, schema["items"], root, f"{place}[{number}]")
    return wrong


def described():
    return document(shop_program().definitions)


def test_the_description_has_the_structure_of_openapi_3_1():
    told = described()
    assert told["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(told["info"])
    operations = [each for path in told["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for path, item in told["paths"].items():
        for operation in item.values():
            assert operation["responses"]
            assert all(
                re.fullmatch("[1-5][0-9][0-9]", code) and each["description"]
                for code, each in operation["responses"].items()
            )
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))
            assert all(each["required"] for each in operation.get("parameters", []) if each["in"] == "path")
            assert all(isinstance(each["required"], bool) for each in operation.get("parameters", []))

    def references(value):
        if isinstance(value, dict):
            for name, each in value.items():
                if name == "$ref":
                    yield each
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    for reference in [*references(told), *told["components"]["schemas"]["Event"]["discriminator"]["mapping"].values()]:
        assert reference.startswith("#/components/schemas/")
        assert reference.rsplit("/", 1)[1] in told["components"]["schemas"]


def test_every_route_is_described_and_nothing_else():
    async def go():
        async with Api() as api:
            told = {(method.upper(), path) for path, item in described()["paths"].items() for method in item}
            real = {(door.method, door.path.replace(":path", "")) for door in (await all_doors(api))[0]}
            assert told == real

    run(go())


def test_every_answer_conforms_to_the_description():
    async def go():
        async with Api() as api:
            root = (await api.ask("GET", "/openapi.json")).json()
            assert root == described()
            await api.post(pay(1))
            weak = api.key()
            asked = [(method, path, body, api.admin) for method, path, _, body, _ in ROUTES]
            asked += [(method, path, body, key) for method, path, _, body, _ in ROUTES for key in ("", weak)]
            asked += [("GET", path, None, "") for path in OPEN]
            asked += [
                ("GET", "/v1/decisions/dec_0000000000ff", None, api.admin),
                ("GET", "/v1/entities/x/y/features", None, api.admin),
            ]
            asked += [
                ("POST", "/v1/events", json.dumps(each).encode(), api.admin)
                for each in (
                    pay(2, "2000.00"),
                    pay(3, "6000.00"),
                    pay(1, "3.00"),
                    pay(4, None),
                    pay(5, user="villain"),
                    {},
                    event("challenge_result", "c1", decision="dec_000000000003", user="u1", method="otp", passed=True),
                    pay(6, "2000.00"),
                    pay(7, at_us=NOON_US - 1000 * SECOND_US),
                    [],
                )
            ]
            asked += [
                ("POST", "/v1/events", b" " * (EVENT_BYTES_MAX + 1), api.admin),
                ("POST", "/v1/packs/try", b"{", api.admin),
            ]
            statuses = set()
            for method, path, body, key in asked:
                answer = await api.ask(method, path, body, key)
                template = re.sub(r"/decisions/[^/]+", "/decisions/{id}", path)
                template = re.sub(r"/entities/[^/]+/[^/]+/", "/entities/{key}/{value}/", template)
                responses = root["paths"][template][method.lower()]["responses"]
                statuses.add(answer.status_code)
                assert str(answer.status_code) in responses, (method, path, answer.status_code)
                content = responses[str(answer.status_code)].get("content", {})
                media = answer.headers["content-type"].split(";")[0]
                if content:
                    assert media in content
                    if "schema" in content[media] and media.endswith("json"):
                        assert conforms(answer.json(), content[media]["schema"], root) == []
            assert statuses == {200, 201, 400, 401, 403, 404, 409, 413, 422}

    run(go())


def test_what_the_description_allows_intake_takes_and_what_it_forbids_intake_refuses():
    root, schema = described(), {"$ref": "#/components/schemas/Event"}

    async def go():
        async with Api() as api:
            for n, change in enumerate(
                (
                    {},
                    {"ip": None},
                    {"user": ""},
                    {"user": "x" * 41},
                    {"amount": 5},
                    {"amount": "5,00"},
                    {"channel": "pigeon"},
                    {"more": 1},
                    {"user": None},
                    {"channel": "web"},
                    {"amount": "12"},
                    {"id": ""},
                    {"type": "nothing"},
                )
            ):
                document = pay(n) | change
                fits = conforms(document, schema, root) == []
                assert (await api.post(document)).status_code == (200 if fits else 422), change

    run(go())
