"""Servers as separate processes: Jindi as its users start it, and the empty handler."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from benchmarks.measuring import cpu_of, resident_mb

QUIET = {"JINDI_SNAPSHOT_EVERY": "1000000000", "JINDI_SNAPSHOT_MINUTES": "10000"}
"""No snapshot while something is measured."""

HERE = Path(__file__).resolve().parents[1]
READY_S = 300


class Server:
    """A process that says where it listens in its first line. `ready_s` is wall time from its start to that line."""

    def __init__(self, command: Sequence[str], **environment: str) -> None:
        path = os.pathsep.join(filter(None, (str(HERE / "src"), str(HERE), os.environ.get("PYTHONPATH"))))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, env={**os.environ, "PYTHONPATH": path, **environment}
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_s = time.perf_counter() - begin
        if not line:
            self.process.wait()
            self._errors.seek(0)
            raise RuntimeError(f"the server did not start: {self._errors.read().decode(errors='replace')[-500:]}")
        told = json.loads(line)
        self.url, self.api_key = told["url"], told["api_key"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.pid = self.process.pid
        self.ready_cpu_s = self.cpu_s()

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        return cpu_of(self.pid)

    def resident_mb(self) -> float:
        """What it holds in memory, in MB."""
        return resident_mb(self.pid)

    def has_died(self) -> str:
        """How it ended though nobody asked it to; empty while it runs."""
        code = self.process.poll()
        if code is None:
            return ""
        return f"the server died ({signal.Signals(-code).name})" if code < 0 else f"the server ended with {code}"

    def stop(self) -> None:
        """Ask it to end in order, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def jindi(data: Path, packs: Sequence[Path] = (), **environment: str) -> Server:
    """`jindi up` over a data folder."""
    command = [sys.executable, "-c", "from jindi.app import main; main()", "up", "--data", str(data)]
    for folder in packs:
        command += ["--packs", str(folder)]
    return Server([*command, "--listen", "127.0.0.1:0", "--json"], **{**QUIET, **environment})


def empty() -> Server:
    """Uvicorn with a handler that does nothing."""
    return Server([sys.executable, "-m", "benchmarks.empty"])
