"""Controls run by a platform that is running: asked over its API, and waited for."""

import ssl
import time
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any, Final
from urllib.parse import urlencode

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.versioning import Asking
from jindi.doors.cli.wiring import Settled, Wiring

POLLS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits between two questions, the last one from then on: each question is a record of the platform's audit."""


class RunningControls(Asking):
    """A running platform. `url` is "" for the address that the settings say; its own certificate is believed there."""

    def __init__(self, wiring: Wiring, settled: Settled, output: Output, url: str, key: str) -> None:
        if not key:
            what = "a platform is running, and runs controls itself: it has to be asked"
            remedy = "give --api-key with a key of scope admin, or wait: it looks every few minutes at what is due"
            raise Problems([Problem("controls", "", what, remedy)])
        super().__init__(wiring, output, url or wiring.address(settled), key)
        authority = wiring.own_authority(settled)
        if settled.transport.tls == "demo" and authority.is_file():
            self._trust = ssl.create_default_context(cafile=str(authority))

    def run(self, only: tuple[str, ...], *, is_due_only: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Have controls run, and wait for what comes of it: those that were asked for, and the whole register.

        Raises Problems when the platform does not begin, or ends without a result for each.
        """
        before = self._idle()
        known = _by_id(before)
        if is_due_only:
            only = tuple(
                name for name, each in known.items() if each["due"] is not None and each["due"] <= before["at"]
            )
            if not only:
                return [], before
        asked = only or tuple(name for name, each in known.items() if each["excluded"] is None)
        self._ask("POST", "/v1/controls/run?" + urlencode([("only", each) for each in only]))
        found = self._waited(asked, {name: _record(known[name]) for name in asked if name in known})
        now = _by_id(found)
        left = [name for name in asked if _record(now[name]) == _record(known[name])]
        if left:
            what = f"{counted(len(left), 'control')} without a new result: {', '.join(left[:12])}"
            raise Problems([Problem(self._url, "", what, "see the platform's log, and run them again")])
        return [now[name] for name in asked], found

    def _idle(self) -> dict[str, Any]:
        """The register when nothing is being run: a platform runs one thing at a time."""
        found = self._ask("GET", "/v1/controls")
        if found["running"]:
            self._output.note("the platform is running controls by itself: waiting for its end")
        for wait_s in _waits():
            if not found["running"]:
                break
            time.sleep(wait_s)
            found = self._ask("GET", "/v1/controls")
        return found

    def _waited(self, asked: tuple[str, ...], before: dict[str, int]) -> dict[str, Any]:
        """The register when all that was asked for has a new result, or nothing is being run any more."""
        with self._output.progress() as progress:
            task = progress.add_task("controls", total=len(asked))
            for wait_s in _waits():
                found = self._ask("GET", "/v1/controls")
                now = _by_id(found)
                done = sum(_record(now[name]) != before[name] for name in before)
                progress.update(task, completed=done)
                if done == len(before) or not found["running"]:
                    break
                time.sleep(wait_s)
        return found


def _waits() -> Iterator[float]:
    return chain(POLLS_S, repeat(POLLS_S[-1]))


def _by_id(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for risk in found["risks"] for each in risk["controls"]}


def _record(each: dict[str, Any]) -> int:
    """The record of a control's newest result; -1 when there is none."""
    return int(each["result"]["record"]) if each["result"] is not None else -1
