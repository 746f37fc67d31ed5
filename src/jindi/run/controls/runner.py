"""Running controls: a record before, a record of what each came to, and only then is it kept. No record, no result."""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

import msgspec

from jindi.basics.instants import DAY_US
from jindi.oversight import Result, is_due, record_of
from jindi.packs import ControlDef, Words
from jindi.ports import Clock
from jindi.run.controls.ground import Ground
from jindi.run.controls.register import RESULT, RUN, Book, Unfinished, standings
from jindi.run.controls.registry import CHECKS, Found, look

Recorded = Callable[[str, str], int]
"""Journals an action (what, on what); its record's number when it is durable. Raises what stands in the way."""

Looked = Callable[[ControlDef], Found]
Told = Callable[[str, int, int], None]
"""Told (the control that is looked at, how many are done, how many there are)."""

RESUMED_FOR_US: Final = DAY_US
"""A run that was broken off longer ago than this is not gone on with; another one begins."""

CHECK_MAX_S: Final = 1_800.0
"""A check that takes longer has not run."""

POLL_S: Final = 0.2
NICE: Final = 10


class Stopping(Exception):  # noqa: N818 - what ends a run
    """The platform is closing, or somebody interrupts: what is left stays to be done."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Which controls are asked for: those of these ids, all that are due, or all."""

    only: tuple[str, ...] = ()
    is_due_only: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: the run's id, the controls in order, and whether it goes on with an earlier one."""

    run: str
    controls: tuple[ControlDef, ...]
    began_us: int
    is_resumed: bool


class Runner:
    """Runs controls of some definitions, one at a time."""

    def __init__(self, book: Book, clock: Clock, controls: Mapping[str, ControlDef], definitions: str) -> None:
        self._book, self._clock = book, clock
        self._controls, self._definitions = controls, definitions

    def plan(self, asked: Asking, ground: Ground) -> Plan:
        """What is to be run now. A run of everything that was broken off goes on where it was."""
        now_us, kept = self._clock.now_us(), self._book.read()
        run = f"run_{now_us:016x}"
        if asked.only:
            return Plan(run, tuple(self._controls[each] for each in asked.only), now_us, is_resumed=False)
        unfinished = kept.unfinished
        if unfinished is not None and 0 <= now_us - unfinished.began_us < RESUMED_FOR_US:
            left = tuple(self._controls[each] for each in unfinished.left if each in self._controls)
            if left:
                return Plan(unfinished.run, left, unfinished.began_us, is_resumed=True)
        applying = [each for each in self._controls.values() if each.excluded is None]
        if asked.is_due_only:
            with ground.journal() as log:
                found = standings(applying, kept.results, log, now_us)
            applying = [each.control for each in found if is_due(each, now_us)]
        return Plan(run, tuple(applying), now_us, is_resumed=False)

    def perform(
        self, plan: Plan, by: str, looked: Looked, recorded: Recorded, told: Told = lambda *_: None
    ) -> list[Result]:
        """Run a plan. Raises what keeps a record from being written; what was found before that is kept."""
        if not plan.controls:
            return []
        ids = [each.id for each in plan.controls]
        recorded(RUN, f"{plan.run} {' '.join(ids)}")
        made: list[Result] = []
        for number, control in enumerate(plan.controls):
            self._left(plan, ids[number:])
            told(control.id, number, len(ids))
            began_us = self._clock.now_us()
            found = looked(control)
            made.append(self._kept(plan, by, control, found, began_us, recorded))
        self._left(plan, [])
        told("", len(ids), len(ids))
        return made

    def _kept(
        self, plan: Plan, by: str, control: ControlDef, found: Found, began_us: int, recorded: Recorded
    ) -> Result:  # fmt: skip
        result = Result(
            control=control.id, outcome=found.outcome, why_zh=found.why.zh, why_en=found.why.en,
            evidence=_plain(found.evidence), began_us=began_us, ended_us=max(began_us, self._clock.now_us()),
            run=plan.run, by=by, asked=control.digest, definitions=self._definitions,
        )  # fmt: skip
        result = msgspec.structs.replace(result, seq=recorded(RESULT, record_of(result)))
        kept = self._book.read()
        result = result.following(kept.results.get(control.id))
        self._book.write(msgspec.structs.replace(kept, results={**kept.results, control.id: result}))
        return result

    def _left(self, plan: Plan, left: Sequence[str]) -> None:
        kept = self._book.read()
        unfinished = Unfinished(plan.run, tuple(left), plan.began_us) if left else None
        self._book.write(msgspec.structs.replace(kept, unfinished=unfinished))


def _plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence as it comes back from a file: only then does its digest stay what it is."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(evidence)))
    return plain


# ---- apart


class Apart:
    """Checks in a process of their own, at a lower rank, so that decisions don't wait for them. The process begins
    with the first check and takes the others, too; one that dies or takes too long is replaced.

    `made` gives the ground there; it and the controls go to that process. Used by one thread.
    """

    def __init__(
        self, made: Callable[[], Ground], is_stopping: Callable[[], bool], longest_s: float = CHECK_MAX_S
    ) -> None:  # fmt: skip
        self._made, self._is_stopping, self._longest_s = made, is_stopping, longest_s
        self._child: tuple[BaseProcess, Connection] | None = None

    def look(self, control: ControlDef) -> Found:
        """Run the check of a control there. Raises Stopping."""
        if self._is_stopping():
            raise Stopping
        _, pipe = self._child = self._child or self._begun()
        until = time.monotonic() + self._longest_s
        try:
            pipe.send(control)
            while not pipe.poll(POLL_S):
                if self._is_stopping():
                    raise Stopping
                if time.monotonic() > until:
                    self.close()
                    return _lost(
                        "检查用时过长，已中止", f"the check took longer than {self._longest_s:.0f} s and was ended"
                    )
            found = pipe.recv()
        except (EOFError, OSError):
            self.close()
            return _lost("检查所在的进程意外结束", "the process that the check ran in has died")
        assert isinstance(found, Found), "the child sends nothing else"
        return found

    def _begun(self) -> "tuple[BaseProcess, Connection]":
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_in_child, args=(there, self._made), daemon=True)
        process.start()
        there.close()
        return process, here

    def close(self) -> None:
        """End the process, whatever it is at."""
        if self._child is not None:
            process, pipe = self._child
            self._child = None
            process.terminate()
            process.join()
            pipe.close()


def _lost(zh: str, en: str) -> Found:
    return Found("could_not_run", Words(zh, en), {})


def _in_child(there: Connection, made: Callable[[], Ground]) -> None:
    os.nice(NICE)
    with suppress(EOFError):
        while True:
            control = there.recv()
            try:
                found = look(control, made())
            except Exception as error:  # noqa: BLE001 - what could not be opened can't be looked at
                kind = type(error).__name__
                found = _lost(f"检查无从着手：{kind}", f"the check could not begin: {kind}")
            there.send(found)


def is_here(control: ControlDef) -> bool:
    """Whether a control's check needs what a running platform alone has open."""
    found = CHECKS.get(control.check)
    return found is None or found.is_here
