"""Backtests that people start from a page: one at a time, in a process of its own, with an end, and kept for others.

A process, because judging the past is work for the processor that would otherwise be the lane's. It is forked, so that
the candidate and the kernels are compiled already; the journal it opens itself, for reading.
"""

import asyncio
import gc
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import msgspec

from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problems
from jindi.engine import Program
from jindi.ports import Files, Log, LogFailure
from jindi.run.backtest.contest import Candidate, Span
from jindi.run.backtest.runner import Backtest, Question, promoted
from jindi.run.history.manifest import Broken
from jindi.run.platform import Platform

PREFIX = "trial-"
KEPT = 40
"""Results that are kept, the newest."""

SECONDS_MAX = 900
"""(design default) A trial that takes longer is ended: `jindi backtest`, on a command line, has no end."""

NICENESS = 10
DAYS = (1, 7, 30)
"""(design default) How far back a trial may look from a page; the whole past is for `jindi backtest`."""

_FILES_MAX = 65_536
State = Literal["running", "done", "stopped", "late", "failed"]
_json = msgspec.json.Encoder().encode


class Trial(msgspec.Struct, frozen=True):
    """One backtest: what was tried (`digest` names the whole set of pack files), who asked, how far it is. `version` is
    the policy's own, `days` how much of the past counts, `label` what decisions are held
    against, "" for nothing. With a draft of parameters, `draft` is its name and `as_if` the parameters whose values to
    come were judged as if they had been in force.
    """

    id: str
    policy: str
    on: str
    version: str
    digest: str
    base: str
    who: str
    at_us: int
    days: int
    label: str = ""
    state: State = "running"
    done: int = 0
    total: int = 0
    ended_us: int = 0
    problem: str = ""
    draft: str = ""
    as_if: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A trial with what it came to: the document of `jindi backtest`, of its own event type."""

    trial: Trial
    report: dict[str, Any] | None = None


class Busy(Exception):  # noqa: N818 - what a person is told
    """Another trial is under way, and there is one at a time."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        super().__init__(f"{trial.id} is under way")


@dataclass(slots=True)
class _Child:
    pid: int
    fd: int
    trial: Trial
    rest: bytes = b""
    report: dict[str, Any] | None = None
    problem: str = ""
    why: State = "failed"
    ended: asyncio.Event | None = None


class Trials:
    """All trials of a platform. `open_log` opens the journal for reading, `files` are the archive's."""

    def __init__(self, platform: Platform, open_log: Callable[[], Log], files: Files | None = None) -> None:
        self._platform, self._open_log, self._files = platform, open_log, files
        self._child: _Child | None = None
        self._ends: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> Trial | None:
        """The one that is under way."""
        return self._child.trial if self._child is not None else None

    def one(self, identifier: str) -> Kept | None:
        """A trial by its id, with its report when there is one."""
        if self._child is not None and self._child.trial.id == identifier:
            return Kept(self._child.trial)
        raw = self._platform.blobs.load(f"{PREFIX}{identifier}") if _is_id(identifier) else None
        if raw is None:
            return None
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(raw, type=Kept)
        return None

    def all_of(self, digest: str) -> Sequence[Trial]:
        """The trials of exactly this content, the newest first."""
        return [each for each in self._all() if each.digest == digest]

    def of_policy(self, policy: str, limit: int = 8) -> Sequence[Trial]:
        """The trials of a policy, the newest first."""
        return [each for each in self._all() if each.policy == policy][:limit]

    def _all(self) -> list[Trial]:
        found = {}
        for name in self._platform.blobs.names(PREFIX):
            raw = self._platform.blobs.load(name)
            with suppress(msgspec.MsgspecError):
                trial = msgspec.json.decode(raw or b"", type=_Head).trial
                found[trial.id] = trial
        if self._child is not None:
            found.setdefault(self._child.trial.id, self._child.trial)
        return sorted(found.values(), key=lambda each: -each.at_us)

    def start(
        self, program: Program, policy: str, *, who: str, digest: str, days: int, label: str | None = None,
        draft: str = "", as_if: tuple[str, ...] = (),
    ) -> Trial:  # fmt: skip
        """Begin to judge the past by a program. Raises Busy, and Problems when the policy can't decide."""
        if self._child is not None:
            raise Busy(self._child.trial)
        platform, now_us = self._platform, self._platform.now_us()
        found = next(each for each in program.definitions.policies if each.id == policy)
        candidate = Candidate(
            found.version, program if found.state == "live" else promoted(program.definitions, policy)
        )
        end_us = max(now_us, platform.lane.state.high_us)
        question = Question(Span(max(0, end_us - days * DAY_US)), now_us, label)
        trial = Trial(
            _id(digest, who, now_us), policy, found.on, found.version, digest, platform.program.digest, who, now_us,
            days, label or "", draft=draft, as_if=as_if,
        )  # fmt: skip
        pid, fd = self._forked(candidate, question)
        child = self._child = _Child(pid, fd, trial, ended=asyncio.Event())
        loop = asyncio.get_running_loop()
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._hear, child)
        self._spawn(self._limited(child))
        return trial

    def stop(self, identifier: str) -> bool:
        """End a trial; False when it is not under way."""
        if self._child is None or self._child.trial.id != identifier:
            return False
        self._end(self._child, "stopped")
        return True

    def close(self) -> None:
        """End what is under way."""
        if self._child is not None:
            self._end(self._child, "stopped")

    async def ended(self) -> None:
        """Wait until nothing is under way, and what it came to is kept."""
        while self._child is not None or self._ends:
            if self._child is not None and self._child.ended is not None:
                await self._child.ended.wait()
            await asyncio.gather(*self._ends, return_exceptions=True)

    # ---- the process

    def _forked(self, candidate: Candidate, question: Question) -> tuple[int, int]:
        hears, tells = os.pipe()
        with warnings.catch_warnings():
            # The child takes no lock that another thread could hold for good: it reads files and computes. Should it
            # hang all the same, its time ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid:
            os.close(tells)
            return pid, hears
        try:
            # The journal's lock and the listening socket are the parent's alone.
            os.closerange(3, tells)
            os.closerange(tells + 1, _FILES_MAX)
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_DFL)
            os.nice(NICENESS)
            gc.freeze()
            self._judge(candidate, question, tells)
        finally:
            # Never back into the parent's code: no exit handlers, no flushing of its buffers.
            os._exit(0)

    def _judge(self, candidate: Candidate, question: Question, tells: int) -> None:
        told = -1

        def progress(_: str, done: int, total: int) -> None:
            nonlocal told
            share = 200 * done // max(1, total)
            if share != told:
                told = share
                _say(tells, {"done": done, "total": total})

        try:
            backtest = Backtest(
                self._open_log, self._platform.blobs, question, cores=1, keep_blobs=False, files=self._files
            )
            _say(tells, {"report": backtest.run([candidate], progress)})
        except (Problems, LogFailure, Broken, OSError) as error:
            _say(tells, {"problem": str(error)[:500]})
        except BaseException as error:  # noqa: BLE001 - whatever it is, somebody waits for a word
            _say(tells, {"problem": f"{type(error).__name__}: {error}"[:500]})

    def _hear(self, child: _Child) -> None:
        try:
            chunk = os.read(child.fd, 1 << 18)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(child.fd)
            os.close(child.fd)
            self._spawn(self._over(child))
            return
        *lines, child.rest = (child.rest + chunk).split(b"\n")
        for line in lines:
            said = msgspec.json.decode(line, type=dict[str, Any])
            child.report = said.get("report", child.report)
            child.problem = said.get("problem", child.problem)
            if "done" in said:
                child.trial = msgspec.structs.replace(child.trial, done=said["done"], total=said["total"])

    def _end(self, child: _Child, why: State) -> None:
        child.why = why
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)

    async def _limited(self, child: _Child) -> None:
        assert child.ended is not None, "made with it"
        with suppress(TimeoutError):
            await asyncio.wait_for(child.ended.wait(), SECONDS_MAX)
            return
        self._end(child, "late")

    async def _over(self, child: _Child) -> None:
        """The process has said all that it will say."""
        await asyncio.to_thread(os.waitpid, child.pid, 0)
        state: State = "done" if child.report is not None else child.why
        trial = msgspec.structs.replace(
            child.trial, state=state, problem=child.problem, ended_us=self._platform.now_us()
        )  # fmt: skip
        report = None if child.report is None else _of_type(child.report, trial.on)
        try:
            await asyncio.to_thread(self._keep, Kept(trial, report))
        except OSError as error:
            self._platform.say(f"what backtest {trial.id} came to could not be kept: {error}")
        finally:
            self._child = None
            assert child.ended is not None, "made with it"
            child.ended.set()

    def _keep(self, kept: Kept) -> None:
        blobs = self._platform.blobs
        blobs.save(f"{PREFIX}{kept.trial.id}", [_json(kept)], private=True)
        for each in self._all()[KEPT:]:
            blobs.drop(f"{PREFIX}{each.id}")

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)


class _Head(msgspec.Struct):
    """A kept trial without its report: the rest is passed over."""

    trial: Trial


def _of_type(report: dict[str, Any], on: str) -> dict[str, Any]:
    """The report of one event type alone: others may be for other eyes."""
    candidates = [
        {**each, "types": {name: found for name, found in each["types"].items() if name == on}}
        for each in report["candidates"]
    ]
    return {**report, "candidates": candidates}


def _say(fd: int, what: dict[str, Any]) -> None:
    view = memoryview(_json(what) + b"\n")
    while view:
        view = view[os.write(fd, view) :]


def _id(digest: str, who: str, now_us: int) -> str:
    return "bt_" + sha256(f"{digest} {who} {now_us}".encode()).hexdigest()[:12]


def _is_id(text: str) -> bool:
    return len(text) == 15 and text.startswith("bt_") and not set(text[3:]) - set("0123456789abcdef")
