"""Our own connections, byte by byte: the short way says nothing that the long way would not say."""

import asyncio
import json
import socket

import pytest
from api_world import Api
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.access import Scope
from jindi.doors.api.connection import Connection, Exchange, Heads
from jindi.doors.serve import listen
from shop_world import pay, run


@pytest.fixture(autouse=True)
def through_a_socket(monkeypatch):
    monkeypatch.setattr(Api, "road", "socket")


def request(key, document, *more, path="/v1/events", version="1.1"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    lines = [f"POST {path} HTTP/{version}", "host: jindi", f"authorization: Bearer {key}", *more]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


class Line:
    """A connection as a program holds it."""

    def __init__(self, api):
        self._api = api

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._api.socket.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def answer(self):
        """(status, headers, document) of the next answer."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 120)).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(body)

    async def ask(self, *data):
        for each in data:
            self.writer.write(each)
            await self.writer.drain()
            if len(data) > 1:
                await asyncio.sleep(0.01)
        return await self.answer()


@pytest.fixture
def short(monkeypatch):
    """The events that went the short way."""
    taken = []
    decide = Connection._decide
    monkeypatch.setattr(
        Connection, "_decide", lambda self, exchange, body: (taken.append(body), decide(self, exchange, body))
    )
    return taken


def test_a_plain_event_goes_the_short_way_and_its_like_again(short):
    async def go():
        async with Api() as api, Line(api) as line:
            for number in range(3):
                status, headers, told = await line.ask(request(api.admin, pay(number)))
                assert (status, told["event_id"]) == (200, f"p{number}")
                assert headers["content-type"] == "application/json"
            assert len(short) == 3

    run(go())


@pytest.mark.parametrize("cut", [1, 20, 60, 150, 300])
def test_a_request_in_two_pieces_is_one_request(cut, short):
    async def go():
        async with Api() as api, Line(api) as line:
            await line.ask(request(api.admin, pay(0)))
            data = request(api.admin, pay(1))
            assert (await line.ask(data[:cut], data[cut:]))[2]["event_id"] == "p1"
            assert (await line.ask(request(api.admin, pay(2))))[2]["event_id"] == "p2"

    run(go())


def test_many_requests_at_once_are_answered_in_their_order():
    async def go():
        async with Api() as api, Line(api) as line:
            line.writer.write(b"".join(request(api.admin, pay(number)) for number in range(9)))
            assert [(await line.answer())[2]["event_id"] for _ in range(9)] == [f"p{number}" for number in range(9)]
            assert (await line.ask(request(api.admin, pay(9))))[2]["event_id"] == "p9"

    run(go())


def test_long_and_short_answers_keep_their_order():
    async def go():
        async with Api() as api, Line(api) as line:
            health = b"GET /healthz HTTP/1.1\r\nhost: jindi\r\n\r\n"
            bad = request(api.admin, {"id": "x"})
            line.writer.write(request(api.admin, pay(0)) + health + bad + request(api.admin, pay(1)) + health)
            statuses = [(await line.answer())[0] for _ in range(5)]
            assert statuses == [200, 200, 422, 200, 200]

    run(go())


def test_a_head_that_is_known_opens_nothing_when_its_key_is_revoked(short):
    async def go():
        async with Api() as api, Line(api) as line:
            key = api.key(Scope.EVENTS_WRITE)
            assert (await line.ask(request(key, pay(0))))[0] == 200
            (made,) = [each for each in api.keys.all() if each.scopes == {Scope.EVENTS_WRITE}]
            api.keys.revoke(made.id, 1)
            assert (await line.ask(request(key, pay(1))))[0] == 401
            assert len(short) == 1

    run(go())


@pytest.mark.parametrize(
    ("more", "changed"),
    [
        (["content-type: application/x-www-form-urlencoded"], {}),
        (["expect: 100-continue"], {}),
        ([], {"path": "/v1/events?x=1"}),
        ([], {"path": "/v1/%65vents"}),
        ([], {"version": "1.0"}),
    ],
)
def test_what_is_not_plain_goes_the_long_way_with_the_same_answer(more, changed, short):
    async def go():
        async with Api() as api, Line(api) as line:
            data = request(api.admin, pay(0), *more, **changed)
            head, body = data.split(b"\r\n\r\n", 1)
            line.writer.write(head + b"\r\n\r\n")
            if "expect: 100-continue" in more:
                assert b"100 Continue" in await line.reader.readuntil(b"\r\n\r\n")
            line.writer.write(body)
            assert (await line.answer())[0] == 200
            assert not short

    run(go())


def test_a_body_whose_length_is_not_told_goes_the_long_way(short):
    async def go():
        async with Api() as api, Line(api) as line:
            body = json.dumps(pay(0)).encode()
            head = f"POST /v1/events HTTP/1.1\r\nhost: j\r\nauthorization: Bearer {api.admin}\r\n"
            head += "transfer-encoding: chunked\r\n\r\n"
            assert (await line.ask(head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)))[0] == 200
            assert not short

    run(go())


def test_a_connection_closes_when_it_is_asked_to(short):
    async def go():
        async with Api() as api:
            for _ in range(2):  # known to the parser, then known by its head
                async with Line(api) as line:
                    data = request(api.admin, pay(0), "connection: close")
                    status, headers, _ = await line.ask(data + request(api.admin, pay(1)))
                    assert (status, headers["connection"]) == (200, "close")
                    assert await line.reader.read() == b""
            async with Line(api) as line:
                assert (await line.ask(request(api.admin, pay(0), "connection: close")))[1]["connection"] == "close"
                assert await line.reader.read() == b""
            assert api.shop.platform.lane.state.next_seq == 2, "what came behind the close was not heard"

    run(go())


def test_an_idle_connection_is_closed_and_one_in_use_is_not(monkeypatch):
    async def go(rest_s):
        """Whether we were quick enough to say something of a connection that is in use."""
        async with Api() as api:
            api.socket.server.config.timeout_keep_alive = rest_s
            async with Line(api) as line:
                now, was_quick = asyncio.get_running_loop().time, True
                before_s = now()
                for number in range(6):
                    try:
                        answered = (await line.ask(request(api.admin, pay(number))))[0] == 200
                    except (asyncio.IncompleteReadError, ConnectionError):
                        answered = False
                    was_quick = was_quick and now() - before_s < rest_s * 0.8
                    if not was_quick:
                        return False
                    assert answered
                    before_s = now()
                    await asyncio.sleep(rest_s / 3)
                assert await asyncio.wait_for(line.reader.read(), 120) == b""
                return True

    # What a machine that is busy with other things shows is nothing: then it is asked again, with longer rests.
    assert any(run(go(rest_s)) for rest_s in (0.3, 1.2, 4.8))


def test_who_does_not_read_its_answers_is_not_read_either():
    async def go():
        async with Api() as api, Line(api) as line:
            one = request(api.admin, pay(0))
            assert (await line.ask(one))[0] == 200  # from here on it is answered at once, from the journal
            line.writer.transport.pause_reading()
            sent = 0
            while sent < 200_000:
                line.writer.write(one * 20)
                sent += 20
                try:
                    await asyncio.wait_for(line.writer.drain(), 0.3)
                except TimeoutError:
                    break
            assert sent < 200_000, "the server took everything without being read"
            line.writer.transport.resume_reading()
            for _ in range(sent):
                assert (await line.answer())[0] == 200

    run(go())


def test_a_sender_who_goes_away_leaves_its_event_decided_and_nobody_hurt():
    async def go():
        async with Api() as api:
            async with Line(api) as line:
                line.writer.write(request(api.admin, pay(0)))
                await line.writer.drain()
                line.writer.transport.abort()
            await asyncio.sleep(0.05)
            async with Line(api) as line:
                assert (await line.ask(request(api.admin, pay(0))))[0] == 200

    run(go())


def test_a_stop_lets_what_waits_be_answered():
    async def go():
        async with Api() as api, Line(api) as line:
            await line.ask(request(api.admin, pay(0)))
            line.writer.write(request(api.admin, pay(1)))
            await asyncio.sleep(0)
            api.socket.server.should_exit = True
            status, headers, _ = await line.answer()
            assert status == 200
            assert headers.get("connection") in (None, "close")

    run(go())


def test_heads_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("jindi.doors.api.connection.HEADS_MAX", 3)
    heads = Heads()
    for number in range(10):
        heads.learn(b"%d" % number, number, b"", keep_alive=True)
        assert 1 <= len(heads.known) <= 3
        assert b"%d" % number in heads.known


class Kept:
    """Stands where the socket is, for what can't be seen from outside."""

    begin = safe = b""

    def __init__(self):
        self.data = b""

    def answer(self, exchange, data):
        self.data = data


def test_an_unforeseen_failure_is_a_problem_without_a_word_of_why():
    kept = Kept()
    Exchange(kept, keep_alive=False).set_exception(RuntimeError("secret"))
    assert kept.data.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" in kept.data
    assert b"secret" not in kept.data


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_however_the_bytes_are_cut_the_answers_are_the_same(data):
    """A stream of plain, repeated, refused and other requests, cut anywhere, is answered alike."""

    async def go():
        async with Api() as api:
            kinds = data.draw(
                st.lists(st.sampled_from(["new", "again", "bad", "other", "form"]), min_size=1, max_size=8)
            )
            stream, wanted = b"", []
            for number, kind in enumerate(kinds):
                match kind:
                    case "new":
                        stream += request(api.admin, pay(number))
                        wanted.append((200, f"p{number}"))
                    case "again":
                        stream += request(api.admin, pay(100))
                        wanted.append((200, "p100"))
                    case "bad":
                        stream += request(api.admin, {"id": str(number)})
                        wanted.append((422, None))
                    case "other":
                        stream += b"GET /healthz HTTP/1.1\r\nhost: jindi\r\n\r\n"
                        wanted.append((200, None))
                    case "form":
                        stream += request(api.admin, pay(number), "content-type: application/x-www-form-urlencoded")
                        wanted.append((200, f"p{number}"))
            cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
            async with Line(api) as line:
                for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
                    line.writer.write(stream[begin:end])
                    await line.writer.drain()
                    await asyncio.sleep(0.001)
                answers = [await line.answer() for _ in wanted]
            assert [(status, told.get("event_id")) for status, _, told in answers] == wanted

    run(go())


def test_what_is_no_http_is_told_as_every_other_error_is():
    async def go():
        async with Api() as api, Line(api) as line:
            status, headers, document = await line.ask(b"NONSENSE\r\n\r\n")
            assert (status, headers["content-type"]) == (400, "application/problem+json")
            assert document["title_zh"]
            assert headers["connection"] == "close"
            assert await line.reader.read() == b""

    run(go())


@pytest.mark.parametrize("many", [False, True], ids=["one endless line", "endless lines"])
def test_a_head_without_end_is_not_gathered(many):
    async def go():
        async with Api() as api, Line(api) as line:
            line.writer.write(b"POST /v1/events HTTP/1.1\r\nhost: jindi\r\n")
            piece = b"x-more: more\r\n" * 512 if many else b"x" * 8192
            line.writer.write(b"" if many else b"x-endless: ")
            answer = asyncio.ensure_future(line.answer())
            for _ in range(64):
                if answer.done():
                    break
                line.writer.write(piece)
                await line.writer.drain()
                await asyncio.sleep(0.02)
            status, headers, document = await answer
            assert (status, document["type"]) == (431, "urn:jindi:problem:head-too-large")
            assert headers["connection"] == "close"

    run(go())


def test_a_head_that_comes_whole_and_too_large_is_turned_away_and_a_large_body_before_a_head_is_not():
    async def go():
        async with Api() as api:
            key = api.key(Scope.EVENTS_WRITE)
            async with Line(api) as line:
                status, _, document = await line.ask(request(key, pay(1), f"x-large: {'x' * 70_000}"))
                assert (status, document["type"]) == (431, "urn:jindi:problem:head-too-large")
            async with Line(api) as line:
                lines = b"\n".join(json.dumps(pay(n)).encode() for n in range(2, 900))
                head = (
                    f"POST /v1/events HTTP/1.1\r\nhost: jindi\r\nauthorization: Bearer {key}\r\n"
                    f"content-type: application/x-ndjson\r\ncontent-length: {len(lines)}\r\n\r\n"
                )
                line.writer.write(head.encode() + lines + request(key, pay(1))[:40])
                answered = b""
                while b"\r\n0\r\n\r\n" not in answered:
                    answered += await asyncio.wait_for(line.reader.read(65_536), 10)
                assert answered.startswith(b"HTTP/1.1 200")

    run(go())


def test_no_answer_in_two_pieces_waits_for_an_acknowledgement():
    """asyncio turns Nagle's delay off for sockets whose protocol is told, and for no others."""
    with listen("127.0.0.1", 0) as listening:
        listening.listen(1)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as taken:
            assert taken.proto == socket.IPPROTO_TCP
