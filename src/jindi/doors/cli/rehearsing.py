"""Drills that a running platform makes by itself: `jindi drill` in a process of its own, at a lower priority.

A process, because a restore is work for the processor that would otherwise be the lane's, and because it is the very
command that people run. It reads the backup key from the file that the settings name; the platform never does.
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from jindi.doors.cli.wiring import Settled
from jindi.run.backup.drill import Drill
from jindi.run.backup.saver import Rehearsed

NICENESS = 10
_STOP_S = 10.0


class ChildRehearsal:
    """The `Rehearsal` of the saver as a process."""

    def __init__(self, place: Path, settled: Settled) -> None:
        self._place, self._settled = place, settled
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> Rehearsed:
        """A drill of the newest backup."""
        with self._lock:
            if self._stopped:
                return Rehearsed(0, "the platform is closing")
            self._child = subprocess.Popen(  # noqa: S603 - our own command; its words are settings
                self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        out, err = self._child.communicate()
        with self._lock:
            self._child = None
        try:
            drill = msgspec.json.decode(out, type=Drill)
        except (msgspec.MsgspecError, ValueError):
            return Rehearsed(0, f"it could not be made: {_said(out, err)}")
        problem = "" if drill.ok else "; ".join(drill.problems) or "it did not pass"
        return Rehearsed(drill.number, problem, round(drill.rto_s), max(0, round(drill.rpo_s or 0)))

    def stop(self) -> None:
        """End the process that is under way; what it has restored goes with it."""
        with self._lock:
            self._stopped = True
            child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()

    def _command(self) -> list[str]:
        settled = self._settled
        nice = shutil.which("nice")
        beside = ["--in", str(settled.drill_in)] if settled.drill_in is not None else []
        return [
            *([nice, "-n", str(NICENESS)] if nice else []),
            sys.executable, "-c", "from jindi.app import main; main()", "drill",
            "--from", str(self._place), "--key", str(settled.drill_key), "--own-keys", "--data", str(settled.data),
            *beside, "--json",
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """Ours, with the settings of the vault as they are in force here, whichever way they were given."""
        settled = self._settled
        roots = {
            "JINDI_VAULT_ROOT": settled.vault_root,
            "JINDI_VAULT_ROOT_TOKEN": str(settled.vault_root_token or ""),
            "JINDI_VAULT_ROOT_CA": str(settled.vault_root_ca or ""),
        }
        return {**os.environ, **{name: value for name, value in roots.items() if value}}


def _said(out: bytes, err: bytes) -> str:
    """Why a command declined, in its own words."""
    try:
        document = msgspec.json.decode(out)
    except (msgspec.MsgspecError, ValueError):
        document = {}
    problems = document.get("problems") if isinstance(document, dict) else None
    if isinstance(problems, list) and problems and all(isinstance(each, dict) for each in problems):
        return "; ".join(": ".join(filter(None, (each.get("where"), each.get("problem")))) for each in problems)
    lines = err.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
