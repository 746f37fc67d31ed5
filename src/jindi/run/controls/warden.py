"""Controls beside the live lane: run when they are due, and a word by the front door when one fails."""

import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from jindi.basics.instants import MINUTE_US
from jindi.oversight import Result, Standing, Told, failing, tellings
from jindi.packs import ControlDef, Definitions
from jindi.ports import Blobs, Clock, Log
from jindi.run.controls.ground import Ground
from jindi.run.controls.register import Book, Kept, Named, standings
from jindi.run.controls.registry import Found, look
from jindi.run.controls.report import document
from jindi.run.controls.runner import Apart, Asking, Looked, Recorded, Runner, Stopping, is_here
from jindi.vault import Vault

FIRST_US: Final = 2 * MINUTE_US
"""A platform looks at what is due so long after its start."""

EVERY_US: Final = 5 * MINUTE_US
"""So often it sees whether something is due, or has become too old."""

PLATFORM: Final = "platform"
"""By whom a run is that nobody asked for."""


class Warden:
    """Runs controls that are due. `round` runs in a thread; `close` breaks it off.

    `ground` opens the real thing for checks in this process, with what the platform has open; `apart` gives what
    makes it in another one, for definitions.
    """

    def __init__(
        self, blobs: Blobs, clock: Clock, ground: Callable[[Definitions, Log, Vault | None], Ground],
        apart: Callable[[Definitions], Callable[[], Ground]], origin: Callable[[], str],
    ) -> None:  # fmt: skip
        self.book = Book(blobs)
        self._clock, self._ground, self._apart, self._origin = clock, ground, apart, origin
        self._stopping, self._working = threading.Event(), threading.Lock()
        self._next_us = clock.now_us() + FIRST_US
        self._stands: tuple[Standing, ...] = ()
        self._named, self._looking = Named(), threading.Lock()

    def wait_us(self, now_us: int) -> int:
        """How long until the next round."""
        return max(0, self._next_us - now_us)

    def round(
        self, definitions: Definitions, log: Log, vault: Vault | None, recorded: Recorded,
        only: tuple[str, ...] = (), by: str = PLATFORM, *, is_due_only: bool = True,
    ) -> list[Result]:  # fmt: skip
        """Run what is due (or what is asked for), and see how all stands. Raises what stands in the way."""
        with self._working:
            self._next_us = self._clock.now_us() + EVERY_US
            if self._stopping.is_set():
                return []
            runner = Runner(self.book, self._clock, definitions.controls, definitions.digest)
            ground = self._ground(definitions, log, vault)
            made: list[Result] = []
            apart = Apart(self._apart(definitions), self._stopping.is_set)
            try:
                plan = runner.plan(Asking(only, is_due_only), ground)
                made = runner.perform(plan, by, self._looked(ground, apart), recorded)
            except Stopping:
                pass
            finally:
                apart.close()
                self.look(definitions, log)
            return made

    def _looked(self, ground: Ground, apart: Apart) -> Looked:
        def looked(control: ControlDef) -> Found:
            if self._stopping.is_set():
                raise Stopping
            return look(control, ground) if is_here(control) else apart.look(control)

        return looked

    def look(self, definitions: Definitions, log: Log) -> tuple[Standing, ...]:
        """How all controls stand now."""
        with self._looking:
            results = self.book.read().results
            controls, now_us = definitions.controls.values(), self._clock.now_us()
            self._stands = tuple(standings(controls, results, log, now_us, self._named))
        return self._stands

    def by_state(self) -> dict[str, int]:
        """How many controls stood in each state when they were last looked at."""
        found: dict[str, int] = {}
        for each in self._stands:
            found[each.state] = found.get(each.state, 0) + 1
        return found

    def events(self) -> list[dict[str, Any]]:
        """The fields of a `control_failed` event for each failure that was not told yet."""
        fresh, still = tellings(self._stands, self.book.read().told)
        self._told(still)
        return [fields_of(each) for each in fresh]

    def was_told(self, control: str) -> None:
        """An event about this was decided: it is not told again before something new is known."""
        found = next((each for each in failing(self._stands) if each.control.id == control), None)
        if found is not None:
            seq = found.result.seq if found.result is not None else -1
            self._told({**self.book.read().told, control: Told(found.state, seq)})

    def _told(self, told: dict[str, Told]) -> None:
        kept: Kept = self.book.read()
        if kept.told != told:
            self.book.write(msgspec.structs.replace(kept, told=told))

    def close(self) -> None:
        """Break off what is under way; the next start goes on with it."""
        self._stopping.set()
        with self._working:
            pass

    @property
    def is_stopping(self) -> bool:
        """Whether nothing new is to begin."""
        return self._stopping.is_set()

    @property
    def is_working(self) -> bool:
        """Whether controls are being run."""
        return self._working.locked()

    def document(self, definitions: Definitions, log: Log) -> dict[str, Any]:
        """The register as it stands now."""
        return document(self.look(definitions, log), definitions, self._origin(), self._clock.now_us())


def fields_of(found: Standing) -> dict[str, Any]:
    """A failure as the event says it. Reasons stay with the result: an event is for deciding."""
    control = found.control
    return {
        "control": control.id, "subject": control.id, "state": found.state, "severity": control.severity,
        "owner": control.owner, "risk": control.risk, "pack_name": control.pack,
        **({"record": found.result.seq} if found.result is not None and found.result.seq >= 0 else {}),
    }  # fmt: skip
