"""Many events into the windows at once, in the order in which they came."""

from collections.abc import Sequence

import numpy as np

from jindi.features import Batch
from jindi.run.events import Scalars
from jindi.run.surroundings import NUMBERLESS, Observed, Surroundings

BLOCK_EVENTS = 16_384
"""Events of one block: enough that the cost of a call is nothing, few enough that columns stay small."""


class Block:
    """Events that wait for the windows."""

    def __init__(self) -> None:
        self._types: dict[str, int] = {}
        self._values: list[list[Scalars]] = []
        self._kinds: list[int] = []
        self._as_of_us: list[int] = []
        self._accepted: list[bool] = []
        self._names: list[int] = []

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, event_type: str, as_of_us: int, values: Scalars, name: int = NUMBERLESS) -> None:
        """One more event, not earlier than the one before it; `name` is its place in the journal."""
        kind = self._types.get(event_type)
        if kind is None:
            kind = self._types[event_type] = len(self._values)
            self._values.append([])
        self._values[kind].append(values)
        self._kinds.append(kind)
        self._as_of_us.append(as_of_us)
        self._accepted.append(False)
        self._names.append(name)

    def accept(self, values: Sequence[object]) -> bool:
        """Let the newest event count as accepted too, if these are its values."""
        if not self._kinds or self._values[self._kinds[-1]][-1] is not values:
            return False
        self._accepted[-1] = True
        return True

    def into(self, windows: Surroundings) -> dict[str, Observed]:
        """Observe all events; what each type read, a row for each of its events. OverflowError as `observe`."""
        return dict(zip(self._types, windows.observe_batch(self._batch(), self._names), strict=True))

    def feed(self, windows: Surroundings) -> None:
        """Feed all events, reading nothing. OverflowError as `observe`."""
        windows.feed_batch(self._batch(), self._names)

    def _batch(self) -> Batch:
        return Batch(
            event_types=tuple(self._types),
            kinds=np.array(self._kinds, np.int64),
            as_of_us=np.array(self._as_of_us, np.int64),
            columns=[list(zip(*rows, strict=True)) for rows in self._values],
            accepted=np.array(self._accepted, np.bool_),
        )


class Feeder:
    """Stands in for the windows while a journal is replayed: what is fed and kept is handed over in blocks."""

    def __init__(self, windows: Surroundings) -> None:
        self.windows = windows
        self._block = Block()

    def feed(self, event_type: str, as_of_us: int, values: Scalars, name: int = NUMBERLESS) -> None:
        """As `Surroundings.feed`, later."""
        if len(self._block) >= BLOCK_EVENTS:
            self.flush()
        self._block.add(event_type, as_of_us, values, name)

    def keep(self, event_type: str, as_of_us: int, values: Scalars) -> None:
        """As `Surroundings.keep`: with the event just fed, or, for one of long ago, after all that waits."""
        if not self._block.accept(values):
            self.flush()
            self.windows.keep(event_type, as_of_us, values)

    def flush(self) -> Surroundings:
        """The windows, with everything handed over."""
        if len(self._block):
            self._block.feed(self.windows)
            self._block = Block()
        return self.windows
