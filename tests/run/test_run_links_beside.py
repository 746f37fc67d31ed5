"""Links made by a process of its own are those that a thread makes, and whichever side is lost, nothing is."""

import asyncio
import io
import os
import signal
import sys

import pytest

from jindi.ports import LinkStoreFailure
from jindi.run.links import Beside, Following, beside, follow
from jindi.stores import SegmentLog, SqliteLinks
from links_world import Room, send, tables
from shop_world import DAY_US, NOON_US, pay, run

KEEP_DAYS = 30


def command(folder):
    return (sys.executable, "-c", "from jindi.app import main; main()", "follow-links", "--data", str(folder))


class Apart(Room):
    """A shop over a folder whose links a process makes."""

    def __init__(self, folder, **more):
        super().__init__(log=SegmentLog(folder / "journal"), store=SqliteLinks(folder / "links.sqlite"), **more)
        self.folder = folder

    async def __aenter__(self):
        await super().__aenter__()
        environment = {**os.environ, "JINDI_LINKS_DAYS": str(KEEP_DAYS)}
        self.beside = Beside(
            self.platform, self.store, self.told.append, command(self.folder), environment, KEEP_DAYS
        )  # fmt: skip
        self.task = asyncio.create_task(self.beside.keep())
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await super().__aexit__(*error)

    async def until(self, what):
        for _ in range(6_000):  # a process takes its time to start
            if what():
                return True
            await asyncio.sleep(0.02)
        return False


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(beside, "PAUSE_S", 0.01)
    monkeypatch.setattr(beside, "AGAIN_S", 0.01)


def test_a_process_makes_the_links_that_a_thread_makes_also_when_it_is_killed_and_it_ends_with_its_platform(
    tmp_path, quick
):  # fmt: skip
    async def go():
        async with Apart(tmp_path) as room:
            for document in (
                pay(1, "12000.00"),
                send(2, "u1", "u2", at_us=NOON_US),
                send(3, "u2", "u3", at_us=NOON_US),
            ):
                await room.send(document)
            assert await room.until(lambda: room.beside.behind == 0)
            first = room.beside.process.pid
            os.kill(first, signal.SIGKILL)
            await room.send(send(4, "u3", "u4", at_us=NOON_US))
            assert await room.until(lambda: room.beside.behind == 0 and room.beside.problem is None)
            assert room.told == ["links are not up to date: the process that makes them has ended; it is started again"]
            second = room.beside.process.pid
            assert second != first
            alone = SqliteLinks(":memory:")
            await Following(room.platform, alone, print, KEEP_DAYS, rest_s=0).catch_up()
            assert tables(alone) == tables(room.store)
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)

    run(go())


class Fails:
    """A store on a full disk."""

    def __init__(self, store, times):
        self._store, self._times = store, times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *given):
        if self._times:
            self._times -= 1
            raise LinkStoreFailure("the disk is full")
        self._store.put(*given)


def test_a_round_that_fails_is_told_and_the_next_one_makes_good(monkeypatch):
    monkeypatch.setattr(beside.os, "nice", lambda _: 0)  # it is our own process here

    async def go():
        async with Room() as room:
            for document in (pay(1), send(2, "u1", "u2", at_us=NOON_US), send(3, "u2", "u3", at_us=NOON_US)):
                await room.send(document)
            end, told, store = room.log.next_seq(), io.BytesIO(), SqliteLinks(":memory:")
            lines = [f"{count} {NOON_US}\n" for count in (2, end, end)]
            opened = []

            class View:
                def __getattr__(self, name):
                    return getattr(room.log, name)

                def close(self):
                    opened.remove(self)

            def view():
                opened.append(View())
                return opened[-1]

            follow(lines, view, Fails(store, 1), KEEP_DAYS * DAY_US, told.write)
            assert told.getvalue().splitlines() == [
                b'{"problem":"the disk is full","is_sweeping":false}', *[b'{"problem":"","is_sweeping":false}'] * 2,
            ]  # fmt: skip
            assert opened == []
            await room.following.catch_up()
            assert tables(store) == tables(room.store)

    run(go())
