"""Links that a process of its own makes, so that the lane has the interpreter for itself.

Two sides of one talk over pipes. The platform writes `<next record> <now>` when more has become durable; the process
takes it in and answers with a line of JSON, in which `problem` is why it could not. Whoever loses the other ends: the
process when its input ends, the platform by starting it again. Where it stands is in the store, so nothing is lost.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problems
from jindi.ports import ActStoreFailure, LinkStore, LinkStoreFailure, Log, LogFailure
from jindi.run.archive import Archive
from jindi.run.follower import PAUSE_S
from jindi.run.links.following import KEEP_DAYS
from jindi.run.links.taking import LinkTaking

if TYPE_CHECKING:
    from jindi.run.platform import Platform

NICENESS: Final = 10
AGAIN_S: Final = 5.0
"""(design default) How long it is waited before a process that has ended is started again."""

IDLE_S: Final = 600.0
"""So often it looks for what is too old where nothing comes."""

_STOP_S: Final = 10.0


class Reply(msgspec.Struct, frozen=True):
    """What the process says after a round. `is_sweeping`: it has more to drop, and wants to be called soon."""

    problem: str = ""
    is_sweeping: bool = False


class Round(Protocol):
    """Something else that the process takes in."""

    @property
    def is_sweeping(self) -> bool:
        """Whether it has more to drop."""

    def go_on(self, archive: Archive, end: int, now_us: int) -> None:
        """Take in all records before `end` of this view of the journal, and drop a piece of what is too old."""


class Ended(Exception):  # noqa: N818 - what the other side did
    """The process has ended though nobody asked it to."""


class Beside:
    """Keeps the links of one platform up to date by a process. `command` and `environment` start it; `store` is the
    same file, for reading.
    """

    def __init__(
        self, platform: "Platform", store: LinkStore, tell: Callable[[str], None], command: Sequence[str],
        environment: Mapping[str, str], keep_days: int = KEEP_DAYS,
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell = platform, store, tell
        self._command, self._environment = command, environment
        self.keep_us = keep_days * DAY_US
        self.process: asyncio.subprocess.Process | None = None
        self.problem: str | None = None
        """Why the links are not up to date; None when they are."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self._followed()
            except (Ended, OSError, LinkStoreFailure, LogFailure) as error:
                self._trouble(str(error))
            finally:
                await self._stop()
            await asyncio.sleep(AGAIN_S)

    async def close(self) -> None:
        """Let go of the store; the process was ended when following was."""
        await asyncio.to_thread(self.store.close)

    # ---- inside

    async def _followed(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env=self._environment,
            start_new_session=True,
        )  # fmt: skip
        told, is_sweeping, loop = -1, True, asyncio.get_running_loop()
        idle_s = loop.time()
        while True:
            end = self._platform.archive.log.next_seq()
            if end != told or is_sweeping or self.problem is not None or loop.time() - idle_s >= IDLE_S:
                reply = await self._asked(end)
                is_sweeping, told, idle_s = reply.is_sweeping, end, loop.time()
                if reply.problem:
                    self._trouble(reply.problem)
                else:
                    self.problem = None
            elif self.process.returncode is not None:
                raise Ended("the process that makes them has ended; it is started again")
            await asyncio.sleep(PAUSE_S)

    async def _asked(self, end: int) -> Reply:
        process = self.process
        assert process is not None, "it was started"
        assert process.stdin is not None, "it has a pipe"
        assert process.stdout is not None, "it has a pipe"
        process.stdin.write(b"%d %d\n" % (end, self._platform.asked_at_us))
        with suppress(ConnectionError):
            await process.stdin.drain()
        line = await process.stdout.readline()
        try:
            return msgspec.json.decode(line, type=Reply)
        except msgspec.MsgspecError:
            raise Ended("the process that makes them has ended; it is started again") from None

    def _trouble(self, problem: str) -> None:
        if self.problem is None:
            self._tell(f"links are not up to date: {problem}")
        self.problem = problem

    async def _stop(self) -> None:
        """End the process: what it has under way is dropped, and made again."""
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def follow(
    lines: Iterable[str], open_log: Callable[[], Log], store: LinkStore, keep_us: int, say: Callable[[bytes], object],
    more: Callable[[Archive], "Round | None"] = lambda _: None,
) -> None:  # fmt: skip
    """The process's side: a round for each line, until there are no more of them. `more` makes what takes in beside
    links, over the same view of the journal.
    """
    with suppress(OSError):
        os.nice(NICENESS)
    taking: LinkTaking | None = None
    archive: Archive | None = None
    other: Round | None = None
    for line in lines:
        end, now_us = (int(word) for word in line.split())
        problem = ""
        try:
            log = open_log()
            try:
                archive = Archive(log) if archive is None else archive.over(log)
                taking = taking or LinkTaking(archive, store, keep_us)
                taking.over(archive, store)
                durable = min(end, log.next_seq())
                taking.catch_up(durable)
                taking.sweep(now_us, taking.DROPPED_AT_ONCE)
                other = other or more(archive)
                if other is not None:
                    other.go_on(archive, durable, now_us)
            finally:
                log.close()
        except (LinkStoreFailure, ActStoreFailure, LogFailure, Problems) as error:
            problem = str(error)
        is_sweeping = any(each is not None and each.is_sweeping for each in (taking, other))
        say(msgspec.json.encode(Reply(problem, is_sweeping)) + b"\n")
