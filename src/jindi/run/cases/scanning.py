"""Whether a file of a case may come or go: what a virus scanner says of it, and what holds when none can say anything.

A file is looked at when it comes and again whenever it is handed out: signatures are newer then, and one that came
before there was a scanner was never looked at.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from jindi.ports import Scanner, ScannerFailure

Unscanned = Literal["refuse", "take"]
"""What becomes of a file that no scanner could look at."""

AT_ONCE: Final = 2
"""Files that are looked at at a time: a scanner that hangs holds no more threads than these."""

WAITING_MAX: Final = 16
"""Files that wait for it at the most; the next one could not be looked at."""


@dataclass(frozen=True, slots=True)
class Look:
    """What came of a look: the name of what was `found` ("" for nothing), and why there was none (`failed`)."""

    found: str = ""
    failed: str = ""


class Scanning:
    """Asks the scanner of one platform, if it has one. `unscanned`: what holds for files that nobody could look at."""

    def __init__(self, scanner: Scanner | None = None, unscanned: Unscanned = "take") -> None:
        self._scanner, self.unscanned = scanner, unscanned
        self._turns, self._asked = asyncio.Semaphore(AT_ONCE), 0

    @property
    def is_on(self) -> bool:
        """Whether there is a scanner."""
        return self._scanner is not None

    @property
    def takes_none(self) -> bool:
        """Whether no file can pass at all: it would have to be looked at, and there is nobody to do it."""
        return self._scanner is None and self.unscanned == "refuse"

    async def look(self, content: bytes) -> Look:
        """Have a file looked at."""
        if self._scanner is None:
            return Look(failed="no scanner is set (setting scanner)")
        if self._asked >= AT_ONCE + WAITING_MAX:
            return Look(failed="too many files wait for the scanner")
        self._asked += 1
        try:
            async with self._turns:
                found = await asyncio.to_thread(self._scanner.scan, content)
            return Look(found=found or "")
        except ScannerFailure as failure:
            return Look(failed=str(failure))
        finally:
            self._asked -= 1
