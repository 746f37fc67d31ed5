"""How commands speak: words to people on a terminal, one JSON document to programs, problems to both."""

import errno
import json
import sys
import time
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jindi import features
from jindi.basics.problems import Problem, Problems
from jindi.parties import patterns
from jindi.run import answered

QUIET_S = 1.0
"""What takes no longer than this needs no progress line."""


_CONTROLS = dict.fromkeys((*range(32), *range(127, 160), *range(8234, 8239), *range(8294, 8298)), "�")
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]


def _printable(text: str) -> str:
    """Text without what would command a terminal: an event's id or value may have been written by anybody."""
    return text.translate(_CONTROLS)


_REMEDIES = {
    errno.ENOENT: "name one that is there, or make it first",
    errno.EACCES: "look at its rights",
    errno.EPERM: "look at its rights",
    errno.EROFS: "choose a place that can be written",
    errno.ENOSPC: "make room on the disk",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "name a folder",
}


def _of_system(error: OSError) -> Problems:
    """What the operating system refused, with the place and, where there is one, a remedy."""
    what = (error.strerror or type(error).__name__).lower()
    return Problems([Problem(str(error.filename or ""), "", what, _REMEDIES.get(error.errno or 0, ""))])


def counted(count: int, noun: str, nouns: str = "") -> str:
    """So many of a thing in English; `nouns` where the plural is not made with an s.

    >>> counted(1, "record"), counted(2_000, "record"), counted(0, "batch", "batches")
    ('1 record', '2,000 records', '0 batches')
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


class Output:
    """One command's mouth. With `as_json` nothing but JSON goes to standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A sentence for people; programs don't get it."""
        if not self.as_json:
            self.out.print(_printable(text), markup=False)

    def note(self, text: str) -> None:
        """A remark for people, beside the result. Only its first line begins at the margin: what somebody sent in can't
        look like a remark of ours.
        """
        self.err.print("\n  ".join(_printable(text).splitlines()), markup=False)

    def give(self, document: dict[str, Any]) -> None:
        """The result, for programs."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def fail(self, error: Exception | str, code: int = 1) -> NoReturn:
        """Say what is wrong and end the command."""
        if isinstance(error, OSError):
            error = _of_system(error)
        problems = error.problems if isinstance(error, Problems) else (Problem("", "", str(error)),)
        if self.as_json:
            listed = [
                {"where": each.where, "item": each.item, "problem": each.problem, "remedy": each.remedy}
                for each in problems
            ]
            said = counted(len(listed), "problem") if isinstance(error, Problems) else str(error)
            self.give({"ok": False, "error": said, "problems": listed})
        for each in problems:
            self.err.print(f"[red]✗[/red] {escape(_printable(str(each)))}")
        raise SystemExit(code)

    def progress(self) -> Progress:
        """A progress bar on standard error; silent when nobody is looking."""
        return Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self.err, transient=True, disable=not self.err.is_terminal,
        )  # fmt: skip

    def warm(self) -> None:
        """Load the kernels; on a machine's first run they are compiled, and people are told how far that is."""
        began = time.monotonic()
        with self.progress() as progress:
            task = progress.add_task("kernels, compiled once for this machine", total=None, visible=False)

            def told(_: str, done: int, total: int) -> None:
                if time.monotonic() - began > QUIET_S:
                    progress.update(task, completed=done, total=total, visible=True)
                    if not self.err.is_terminal:
                        self.note(f"kernels, compiled once for this machine: {done} of {total}")

            features.warm(told, patterns.KERNELS)
            answered.warm()
