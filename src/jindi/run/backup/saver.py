"""Backups beside the live lane: a thread that reads at a measured pace, drills in a process of their own, and a word
when something is overdue or a drill has failed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US
from jindi.basics.problems import Problems
from jindi.journal import Signer
from jindi.ports import Blobs, Clock, Log
from jindi.run.backup.making import Made, Source, make
from jindi.run.backup.repository import Repository
from jindi.run.backup.sealing import Recipient
from jindi.run.backup.standing import Overdue, Standing, overdue, standing

EVENT, DRILL_EVENT = "backup_overdue", "drill_done"
DRILL = "backup.drill"
"""The action whose record precedes a drill that the platform makes by itself."""

PROBLEM_MAX = 200

BYTES_PER_S = 20_000_000
"""So fast the journal and the files are read at most: the disk and the processors are the lane's first."""

REST_S = 0.0005
FIRST_US = MINUTE_US
"""A platform whose backup is due when it starts makes it so long afterwards."""

AGAIN_US = 10 * MINUTE_US
"""What could not be made is tried again after this."""


class _Stopping(Exception):  # noqa: N818 - what ends a round
    """The platform is closing: what is sealed is remembered, and the next start goes on with it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hours between two backups (0: none is made here), days after which a drill is overdue (0: never), and hours
    between two drills that are made here (0: none is).
    """

    backup_hours: int
    drill_days: int
    drill_hours: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a drill of our own ended. `problem` is empty when it passed."""

    number: int
    problem: str
    rto_s: int = 0
    rpo_s: int = 0


class Rehearsal(Protocol):
    """Makes a drill, somewhere that neither the lane's processor nor its memory suffers."""

    def run(self) -> Rehearsed:
        """A drill of the newest backup, from its beginning to its end. Its failures are its outcome."""

    def stop(self) -> None:
        """Break off the drill that is under way, if any."""


class Saver:
    """Makes backups when they are due. `round` runs in a thread; `close` breaks it off."""

    def __init__(
        self, repository: Repository, source: Callable[[Log], Source], recipient: Callable[[], Recipient],
        signer: Signer, blobs: Blobs, clock: Clock, limits: Limits, rehearsal: Rehearsal | None = None,
    ) -> None:  # fmt: skip
        self._rehearsal = rehearsal
        self._repository, self._source, self._recipient = repository, source, recipient
        self._signer, self._blobs, self._clock, self._limits = signer, blobs, clock, limits
        self._stopping = threading.Event()
        self._working = threading.Lock()
        self._next_us = clock.now_us() + FIRST_US
        self._stands: Standing | None = None
        self._told_us: dict[str, int] = {}
        self._next_drill_us = 0

    def wait_us(self, now_us: int) -> int:
        """How long until the next round."""
        return max(0, self._next_us - now_us)

    def round(self, log: Log) -> Made | None:
        """Make a backup if one is due, and see how things stand. Raises what stands in the way; then the next round is
        soon.
        """
        with self._working:
            if self._stopping.is_set():
                return None
            self._next_us = self._clock.now_us() + AGAIN_US
            hours = self._limits.backup_hours
            try:
                made = self._make(log) if hours and self._is_due() else None
                self._look()
            except _Stopping:
                return None
            finally:
                self._repository.close()
            # What others have made meanwhile (the command line) moves the next one, too.
            newest = self._stands.backup if self._stands is not None else None
            now_us = self._clock.now_us()
            due_us = newest.at_us + hours * HOUR_US if hours and newest is not None else now_us + HOUR_US
            if self._rehearsal is not None and self._limits.drill_hours:
                due_us = min(due_us, self._drill_due_us())
            self._next_us = max(due_us, now_us + FIRST_US)
            return made

    # -- drills of our own

    @property
    def drill_due(self) -> int | None:
        """The number of the backup that a drill is to be made of by now; None when none is due."""
        stands = self._stands
        if self._rehearsal is None or not self._limits.drill_hours or stands is None or stands.backup is None:
            return None
        return stands.backup.number if self._clock.now_us() >= self._drill_due_us() else None

    def _drill_due_us(self) -> int:
        """After the newest drill, passed or not, whoever made it; a failed one is not made again at once."""
        newest = self._stands.drill if self._stands is not None else None
        after_us = 0 if newest is None else newest.began_us + self._limits.drill_hours * HOUR_US
        return max(after_us, self._next_drill_us)

    def rehearse(self) -> Rehearsed | None:
        """Make the drill that is due; its record comes before it. None when the platform closes meanwhile."""
        if self._rehearsal is None or self._stopping.is_set():
            return None
        # One that leaves no record of its own, for it could not even begin, is tried again a little later.
        self._next_drill_us = self._clock.now_us() + HOUR_US
        found = self._rehearsal.run()
        if self._stopping.is_set():
            return None
        with self._working:
            try:
                self._look()
            finally:
                self._repository.close()
        return found

    def drill_event(self, found: Rehearsed) -> dict[str, Any]:
        """The fields of a `drill_done` event."""
        fields = {"subject": "drill", "number": found.number, "result": "failed" if found.problem else "passed"}
        if found.problem:
            return fields | {"problem": found.problem[:PROBLEM_MAX]}
        return fields | {"rto_s": found.rto_s, "rpo_s": found.rpo_s}

    def _is_due(self) -> bool:
        self._look()
        newest = self._stands.backup if self._stands is not None else None
        return newest is None or self._clock.now_us() >= newest.at_us + self._limits.backup_hours * HOUR_US

    def _make(self, log: Log) -> Made:
        ask = (self._repository, self._source(log), self._recipient(), self._signer, self._blobs, self._clock)
        return make(*ask, rest=self._rest)

    def _look(self) -> None:
        try:
            self._stands = standing(
                self._repository, self._signer.verifier, self._recipient(), self._blobs, self._limits.backup_hours,
                self._limits.drill_days, self._clock.now_us(),
            )  # fmt: skip
        except Problems:
            self._stands = None  # nothing was ever made here, or there is no key yet: the making says which

    def overdue(self) -> tuple[Overdue, ...]:
        """What is overdue by now, as far as was seen last."""
        stands, limits = self._stands, self._limits
        backup, passed = (stands.backup, stands.passed) if stands is not None else (None, None)
        return tuple(overdue(backup, passed, limits.backup_hours, limits.drill_days, self._clock.now_us()))

    def ages_us(self) -> dict[str, int]:
        """The age of the newest backup and of the newest drill that has passed, as far as there are any."""
        stands, now_us, ages = self._stands, self._clock.now_us(), {}
        if stands is not None and stands.backup is not None:
            ages["backup"] = max(0, now_us - stands.backup.at_us)
        if stands is not None and stands.passed is not None:
            ages["drill"] = max(0, now_us - stands.passed.began_us)
        return ages

    def events(self) -> list[dict[str, Any]]:
        """The fields of a `backup_overdue` event for all that is overdue and was not told within a day."""
        limits = {"backup": self._limits.backup_hours, "drill": 24 * self._limits.drill_days}
        ages = {what: age // HOUR_US for what, age in self.ages_us().items()}
        since_us = self._clock.now_us() - DAY_US
        return [
            {"subject": each.what, "what": each.what, "limit_hours": limits[each.what]}
            | ({"age_hours": ages[each.what]} if each.what in ages else {})
            for each in self.overdue()
            if self._told_us.get(each.what, since_us) <= since_us
        ]

    def was_told(self, what: str) -> None:
        """An event about this was decided: the next one comes in a day, should it still be so."""
        self._told_us[what] = self._clock.now_us()

    def close(self) -> None:
        """Break off what is under way."""
        self._stopping.set()
        if self._rehearsal is not None:
            self._rehearsal.stop()
        with self._working:
            pass

    def _rest(self, size: int) -> None:
        if self._stopping.wait(max(REST_S, size / BYTES_PER_S)):
            raise _Stopping
