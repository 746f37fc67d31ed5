"""The load generator: a process of its own that sends each event once and measures what comes back.

It reads one JSON line on stdin and prints one. Closed loop: each connection sends its next request when it has
its answer. Open loop: requests are due at the instants of a Poisson process, and latency counts from the instant
a request was due, also when no connection was free. NDJSON: bodies of many lines on a few connections.
Plain sockets and hand-made requests, because the generator shares two cores with what it measures.
"""

import collections
import datetime as dt
import http.client
import json
import random
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measuring import percentile

GRACE_S = 10
READ = 1 << 18
EPOCH = dt.date(1970, 1, 1)


class Requests:
    """Requests without end: the pool's events again and again, each time with a new id and some whole days later."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        pool = [json.loads(line) for line in Path(spec["pool"]).read_text(encoding="utf-8").splitlines()]
        self._days = spec["days"]
        self._prefix = spec["prefix"].encode()
        self.number = spec["first"]
        common = (
            f"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1:{spec['port']}\r\nauthorization: Bearer {spec['api_key']}\r\n"
        )
        self._parts = []
        for event in pool:
            instant = event.pop("at")
            event.pop("id")
            day, clock = instant.split("T")
            rest = json.dumps(event, ensure_ascii=False, separators=(",", ":"))[1:].encode()
            body_bytes = (
                len(b'{"id":"') + len(self._prefix) + 9 + len(b'","at":"') + len(instant) + len(b'",') + len(rest)
            )
            head = f"{common}content-type: application/json\r\ncontent-length: {body_bytes}\r\n\r\n".encode()
            day_number = (dt.date.fromisoformat(day) - EPOCH).days
            self._parts.append((head, day_number, f'T{clock}",'.encode(), rest))
        self._names: dict[int, bytes] = {}

    def body(self) -> tuple[bytes, bytes]:
        """The next request's head and body."""
        lap, place = divmod(self.number, len(self._parts))
        head, day, clock, rest = self._parts[place]
        day += lap * self._days
        name = self._names.get(day)
        if name is None:
            name = self._names[day] = (EPOCH + dt.timedelta(days=day)).isoformat().encode()
        body = b'{"id":"%s%09x","at":"%s%s%s' % (self._prefix, self.number, name, clock, rest)
        self.number += 1
        return head, body

    def request(self) -> bytes:
        """The next request whole."""
        head, body = self.body()
        return head + body


def answered(buffer: bytes) -> int:
    """The status of a whole response; 0 while some of it has not come yet."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    at = buffer.find(b"content-length: ")
    if at < 0 or at > end:
        raise ValueError("a response without content-length")
    return int(buffer[9:12]) if len(buffer) >= end + 4 + int(buffer[at + 16 : buffer.index(b"\r", at)]) else 0


def connections(port: int, count: int) -> dict[int, socket.socket]:
    """So many open sockets, by file descriptor."""
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return {sock.fileno(): sock for sock in socks}


def closed(spec: Mapping[str, Any], requests: Requests) -> dict[str, Any]:
    """As fast as the connections get their answers, for so many seconds."""
    socks = connections(spec["port"], spec["connections"])
    poll = select.epoll()
    sent_at, buffers = {}, dict.fromkeys(socks, b"")
    statuses: collections.Counter[int] = collections.Counter()
    latencies: list[float] = []
    clock = time.perf_counter
    begin = clock()
    end = begin + spec["seconds"]
    for fd, sock in socks.items():
        poll.register(fd, select.EPOLLIN)
        sent_at[fd] = clock()
        sock.sendall(requests.request())
    flying, last = len(socks), begin
    while flying and last < end + GRACE_S:
        for fd, _ in poll.poll(1.0):
            sock = socks[fd]
            buffer = buffers[fd] + sock.recv(READ)
            status = answered(buffer)
            if not status:
                buffers[fd] = buffer
                continue
            buffers[fd] = b""
            now = clock()
            statuses[status] += 1
            latencies.append(now - sent_at[fd])
            if now < end:
                sent_at[fd] = now
                sock.sendall(requests.request())
            else:
                flying -= 1
        last = clock()
    for sock in socks.values():
        sock.close()
    return told(statuses, latencies, max(last - begin, 1e-9), flying)


def opened(spec: Mapping[str, Any], requests: Requests) -> dict[str, Any]:
    """At the instants of a Poisson process, whatever the server does."""
    socks = connections(spec["port"], spec["connections"])
    chance = random.Random(spec["first"])
    idle, watched = list(socks), list(socks)
    due_of, buffers = {}, dict.fromkeys(socks, b"")
    statuses: collections.Counter[int] = collections.Counter()
    latencies: list[float] = []
    clock, rate = time.perf_counter, spec["rate"]
    begin = clock()
    end, due = begin + spec["seconds"], begin + chance.expovariate(rate)
    now = begin
    while (due < end or due_of) and now < end + GRACE_S:
        while idle and due <= now and due < end:
            fd = idle.pop()
            due_of[fd] = due
            due += chance.expovariate(rate)
            socks[fd].sendall(requests.request())
        now = clock()
        wait = max(0.0, due - now) if idle and due < end else 1.0
        for fd in select.select(watched, (), (), wait)[0]:
            buffer = buffers[fd] + socks[fd].recv(READ)
            status = answered(buffer)
            if not status:
                buffers[fd] = buffer
                continue
            buffers[fd] = b""
            statuses[status] += 1
            latencies.append(clock() - due_of.pop(fd))
            idle.append(fd)
        now = clock()
    for sock in socks.values():
        sock.close()
    return told(statuses, latencies, now - begin, len(due_of))


def batches(spec: Mapping[str, Any], requests: Requests) -> dict[str, Any]:
    """NDJSON bodies of so many lines, on a few connections, for so many seconds or events."""
    statuses: collections.Counter[int] = collections.Counter()
    latencies: list[float] = []
    lock = threading.Lock()
    headers = {"authorization": f"Bearer {spec['api_key']}", "content-type": "application/x-ndjson"}
    begin = time.perf_counter()
    end = begin + spec["seconds"]
    left, broken = spec.get("events", 1 << 60), [0]

    def sender() -> None:
        nonlocal left
        connection = http.client.HTTPConnection("127.0.0.1", spec["port"])
        while True:
            with lock:
                lines = min(spec["lines"], left)
                left -= lines
                if lines <= 0 or time.perf_counter() >= end:
                    break
                body = b"\n".join(requests.body()[1] for _ in range(lines))
            sent = time.perf_counter()
            connection.request("POST", "/v1/events", body, headers)
            response = connection.getresponse()
            answers = response.read()
            decided = answers.count(b'"decision_id"')
            with lock:
                statuses[response.status] += decided
                statuses[0] += lines - decided
                latencies.append(time.perf_counter() - sent)
        connection.close()

    def steadfast() -> None:
        try:
            sender()
        except (OSError, http.client.HTTPException):
            with lock:
                broken[0] += spec["lines"]

    threads = [threading.Thread(target=steadfast) for _ in range(spec["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses += collections.Counter()  # drops zero counts
    return told(statuses, latencies, time.perf_counter() - begin, broken[0])


def told(statuses: Mapping[int, int], latencies: list[float], seconds: float, unanswered: int) -> dict[str, Any]:
    """The figures of one run; `rate` counts good answers only."""
    latencies.sort()
    good = statuses.get(200, 0)
    marks = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {
        "good": good,
        "bad": {str(status): count for status, count in statuses.items() if status != 200},
        "unanswered": unanswered,
        "seconds": seconds,
        "rate": good / seconds,
        **{name: 1e3 * percentile(latencies, share) if latencies else 0.0 for name, share in marks.items()},
        "load_cpu_s": time.process_time(),
    }


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    requests = Requests(spec)
    run = {"closed": closed, "open": opened, "ndjson": batches}[spec["mode"]]
    result = run(spec, requests)
    print(json.dumps({**result, "next": requests.number}))


class Generator:
    """What a measurement holds: one server's stream, which goes on from run to run."""

    def __init__(self, server: Any, pool: Path, days: int, prefix: str) -> None:
        self._server = server
        self._spec = {
            "pool": str(pool),
            "days": days,
            "prefix": prefix,
            "port": server.port,
            "api_key": server.api_key,
            "first": 0,
        }

    def run(self, mode: str, **how: Any) -> dict[str, Any]:
        """One run in a process of its own; adds the server's CPU per good answer.

        Raises RuntimeError when the generator failed.
        """
        server_s = self._server.cpu_s()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"], input=json.dumps({**self._spec, "mode": mode, **how}) + "\n",
            capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1],
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the load generator failed: {done.stderr[-500:]}")
        result: dict[str, Any] = json.loads(done.stdout)
        self._spec["first"] = result["next"]
        result["server_cpu_us"] = (self._server.cpu_s() - server_s) / max(result["good"], 1) * 1e6
        return result


if __name__ == "__main__":
    main()
