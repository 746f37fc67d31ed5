"""Bytes on a socket that are meant to do harm: two requests in one, endless heads, slow senders, names, crowds."""

import asyncio
import json

import pytest
from api_world import Api
from hypothesis import given
from hypothesis import strategies as st
from test_doors_connection import Line, request

from jindi.doors.api import connection
from jindi.doors.fences import Fences
from jindi.doors.hosts import Hosts
from shop_world import pay, run


@pytest.fixture(autouse=True)
def through_a_socket(monkeypatch):
    monkeypatch.setattr(Api, "road", "socket")


async def said(line, data):
    """The statuses of everything that is answered until the connection is closed."""
    line.writer.write(data)
    statuses = []
    while True:
        try:
            status, headers, _ = await line.answer()
        except asyncio.IncompleteReadError:
            return statuses
        statuses.append(status)
        if headers.get("connection") == "close":
            assert await line.reader.read() == b""
            return statuses


BODY = json.dumps(pay(1)).encode()
SECOND = b"GET /healthz HTTP/1.1\r\nhost: jindi\r\n\r\n"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)

SMUGGLED = {
    "length and chunks": ([f"content-length: {len(CHUNKED)}", "transfer-encoding: chunked"], CHUNKED),
    "chunks and length": (["transfer-encoding: chunked", f"content-length: {len(CHUNKED)}"], CHUNKED),
    "two lengths": ([f"content-length: {len(BODY)}", "content-length: 0"], BODY),
    "the same length twice": ([f"content-length: {len(BODY)}", f"content-length: {len(BODY)}"], BODY),
    "a list of lengths": ([f"content-length: {len(BODY)}, {len(BODY)}"], BODY),
    "a length with a sign": ([f"content-length: +{len(BODY)}"], BODY),
    "a length below nought": (["content-length: -1"], BODY),
    "a length in hexadecimal": (["content-length: 0x10"], BODY),
    "a length before a blank": ([f"content-length : {len(BODY)}"], BODY),
    "a length beyond all numbers": (["content-length: 99999999999999999999999"], BODY),
    "chunks twice": (["transfer-encoding: chunked", "transfer-encoding: identity"], CHUNKED),
    "another coding": (["transfer-encoding: gzip, chunked"], CHUNKED),
    "a coding that looks like it": (["transfer-encoding: xchunked"], CHUNKED),
    "a coding behind a control character": (["transfer-encoding: \x0bchunked"], CHUNKED),
    "two hosts": (["host: other", f"content-length: {len(BODY)}"], BODY),
    "two keys": (["authorization: Bearer jk_other", f"content-length: {len(BODY)}"], BODY),
    "a folded line": (["x-more: a", " b", f"content-length: {len(BODY)}"], BODY),
    "a nought in a value": (["x-more: a\0b", f"content-length: {len(BODY)}"], BODY),
    "a line feed alone": ([f"x-more: a\ncontent-length: {len(BODY)}"], BODY),
    "a chunk of a wrong size": (["transfer-encoding: chunked"], b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk of an endless size": (["transfer-encoding: chunked"], b"f" * 40 + b"\r\n" + BODY),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_body_whose_length_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_heard(name):
    more, body = SMUGGLED[name]

    async def go():
        async with Api() as api, Line(api) as line:
            lines = ["POST /v1/events HTTP/1.1", "host: jindi", f"authorization: Bearer {api.admin}", *more, "", ""]
            statuses = await said(line, "\r\n".join(lines).encode("latin-1") + body + SECOND)
            assert statuses == [400]
            assert api.shop.platform.lane.state.next_seq == 1, "no event was decided"

    run(go())


@pytest.mark.parametrize("target", ["http://other/healthz", "*", "other:443", "healthz", "//other/x HTTP/0.9\r\n"])
def test_a_target_that_is_no_path_of_ours_is_refused(target):
    async def go():
        async with Api() as api, Line(api) as line:
            method = "CONNECT" if target == "other:443" else "OPTIONS" if target == "*" else "GET"
            assert await said(line, f"{method} {target} HTTP/1.1\r\nhost: jindi\r\n\r\n".encode()) == [400]

    run(go())


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "anything"])
def test_what_comes_behind_a_change_of_protocol_is_not_heard(protocol):
    async def go():
        async with Api() as api, Line(api) as line:
            head = f"GET /healthz HTTP/1.1\r\nhost: j\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n"
            assert await said(line, head.encode() + request(api.admin, pay(1))) == [200]
            assert api.shop.platform.lane.state.next_seq == 1

    run(go())


def test_a_flood_of_headers_is_refused():
    async def go():
        async with Api() as api, Line(api) as line:
            more = [f"x-{n}: y" for n in range(connection.HEADERS_MAX + 1)]
            assert await said(line, request(api.admin, pay(1), *more)) == [431]
            assert api.shop.platform.lane.state.next_seq == 1

    run(go())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_larger_than_any_is_refused_before_or_while_it_comes(chunked, monkeypatch):
    monkeypatch.setattr(connection, "NDJSON_BYTES_MAX", 100_000)

    async def go():
        async with Api() as api, Line(api) as line:
            how = "transfer-encoding: chunked" if chunked else "content-length: 100001"
            head = f"POST /v1/packs/try HTTP/1.1\r\nhost: j\r\nauthorization: Bearer {api.admin}\r\n{how}\r\n\r\n"
            line.writer.write(head.encode())
            if chunked:
                for _ in range(8):
                    line.writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            try:
                status, headers, _ = await line.answer()
            except ConnectionResetError:  # what it still sent met a door that was shut
                assert chunked
            else:
                assert status == 413
                assert headers["connection"] == "close"
            while api.socket.server.server_state.connections or api.socket.server.server_state.tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    run(go())


# ---- names


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "jindi@evil", "evil:80:80"]
)
def test_a_name_that_somebody_pointed_at_this_machine_is_none_of_ours(host):
    async def go():
        async with Api(fences=Fences(hosts=Hosts(["risk.example"]))) as api, Line(api) as line:
            answered = await said(line, f"GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
            assert answered == [421]
        async with Api(fences=Fences(hosts=Hosts(["risk.example"]))) as api, Line(api) as line:
            plain = request(api.admin, pay(1)).replace(b"host: jindi", b"host: " + host.encode())
            assert await said(line, plain) == [421]
            assert api.shop.platform.lane.state.next_seq == 1

    run(go())


@pytest.mark.parametrize(
    "host",
    [
        "risk.example",
        "RISK.example:8420",
        "127.0.0.1",
        "127.0.0.1:8420",
        "[::1]:8420",
        "localhost",
        "a.localhost",
        "10.0.0.8",
    ],
)
def test_our_own_names_and_addresses_are_taken(host):
    async def go():
        async with Api(fences=Fences(hosts=Hosts(["risk.example"]))) as api, Line(api) as line:
            line.writer.write(f"GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
            assert (await line.answer())[0] == 200

    run(go())


def test_a_request_without_a_host_is_refused():
    async def go():
        async with Api(fences=Fences(hosts=Hosts([]))) as api, Line(api) as line:
            assert await said(line, b"GET /healthz HTTP/1.1\r\n\r\n") == [400]

    run(go())


@given(st.binary(max_size=40))
def test_no_bytes_make_the_look_at_a_name_fail(host):
    Hosts(["risk.example"]).takes(host)


# ---- slow senders


@pytest.mark.parametrize("begun", [b"", b"G", b"GET /healthz HTTP/1.1\r\nhost: jindi\r\nx: "])
def test_who_does_not_finish_his_head_is_let_go(begun, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.3)

    async def go():
        async with Api() as api, Line(api) as line:
            line.writer.write(begun)

            async def drip():
                while begun.endswith(b"x: "):
                    await asyncio.sleep(0.05)
                    line.writer.write(b"x")

            dripping = asyncio.ensure_future(drip())
            status, headers, document = await line.answer()
            dripping.cancel()
            assert (status, document["type"]) == (408, "urn:jindi:problem:timeout")
            assert headers["connection"] == "close"

    run(go())


@pytest.mark.parametrize("path", ["/v1/events", "/v1/packs/try"])
def test_who_drips_his_body_is_let_go_however_steadily(path, monkeypatch):
    async def go():
        async with Api() as api, Line(api) as line:
            await line.ask(request(api.admin, pay(0)))
            monkeypatch.setattr(connection, "BODY_S", 0.3)
            monkeypatch.setattr(connection, "HEAD_S", 0.2)
            head = (
                f"POST {path} HTTP/1.1\r\nhost: j\r\nauthorization: Bearer {api.admin}\r\ncontent-length: 9999\r\n\r\n"
            )
            line.writer.write(head.encode())

            async def drip():
                while True:
                    await asyncio.sleep(0.02)
                    line.writer.write(b" ")

            dripping = asyncio.ensure_future(drip())
            try:
                status, _, document = await line.answer()
            except ConnectionResetError:  # a drop met the door when it was shut
                pass
            else:
                assert (status, document["type"]) == (408, "urn:jindi:problem:timeout")
            dripping.cancel()
            while api.socket.server.server_state.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert not api.socket.server.server_state.tasks, "nobody waits for the rest of it"

    run(go())


def test_a_large_body_that_comes_at_a_fair_pace_is_heard_to_its_end(monkeypatch):
    monkeypatch.setattr(connection, "BODY_S", 0.2)

    async def go():
        async with Api() as api, Line(api) as line:
            await line.ask(request(api.admin, pay(0)))
            lines = b"\n".join(json.dumps(pay(n)).encode() for n in range(1, 500))
            head = f"POST /v1/events HTTP/1.1\r\nhost: j\r\nauthorization: Bearer {api.admin}\r\n"
            head += f"content-type: application/x-ndjson\r\ncontent-length: {len(lines)}\r\n\r\n"
            line.writer.write(head.encode())
            # Each piece gives seconds more by its size: no machine is so busy that it would not be there by then.
            for begin in range(0, len(lines), len(lines) // 6):
                line.writer.write(lines[begin : begin + len(lines) // 6])
                await asyncio.sleep(0.05)
            answered = b""
            while b"\r\n0\r\n\r\n" not in answered:
                answered += await asyncio.wait_for(line.reader.read(65_536), 120)
            assert answered.startswith(b"HTTP/1.1 200")
            assert answered.count(b'"decision_id"') == 499

    run(go())


def test_who_never_reads_his_answers_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "STALLED_S", 0.3)

    async def go():
        async with Api() as api, Line(api) as line:
            one = request(api.admin, pay(0))
            assert (await line.ask(one))[0] == 200
            line.writer.transport.pause_reading()
            while api.socket.server.server_state.connections:
                line.writer.write(one * 200)
                await asyncio.sleep(0.02)

    run(asyncio.wait_for(go(), 300))


# ---- crowds


def test_more_connections_than_there_may_be_are_told_so_and_those_that_are_there_go_on():
    async def go():
        async with Api(fences=Fences(connections=3)) as api:
            lines = [await Line(api).__aenter__() for _ in range(3)]
            for number, line in enumerate(lines):
                assert (await line.ask(request(api.admin, pay(number))))[0] == 200
            async with Line(api) as late:
                status, headers, document = await late.answer()
                assert (status, document["type"]) == (503, "urn:jindi:problem:crowded")
                assert headers["connection"] == "close"
            assert (await lines[0].ask(request(api.admin, pay(7))))[0] == 200
            lines[2].writer.close()
            while len(api.socket.server.server_state.connections) > 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            async with Line(api) as late:
                assert (await late.ask(request(api.admin, pay(8))))[0] == 200
            for line in lines:
                line.writer.close()

    run(go())


def test_one_address_has_no_more_than_its_part_of_the_connections():
    class Caller:
        def __init__(self, host):
            self.client = (host, 1)

    house = connection.House(Fences(connections=40))
    mine = [Caller("203.0.113.7") for _ in range(12)]
    assert [house.enters(each) for each in mine] == [True] * 10 + [False] * 2
    assert [house.enters(Caller(f"2001:db8:1:2::{n}")) for n in range(12)] == [True] * 10 + [False] * 2
    for each in mine:
        house.leaves(each)
    assert house.enters(Caller("203.0.113.7"))
    proxied = connection.House(Fences(connections=40))
    assert all(proxied.enters(Caller("127.0.0.1")) for _ in range(40))
    assert not proxied.enters(Caller("127.0.0.1"))
