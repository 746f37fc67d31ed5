"""Our own windows on the shared work, as a batch and event by event."""

import numpy as np

from benchmarks.measuring import collector_off, cpu_s
from benchmarks.work import ENTITIES, Work, columns_of
from jindi.features import Batch, Windows, plan
from jindi.language import Column, Kind, column_of

SLICE = 200_000
"""Events handed to the kernels at once: the whole stream, as every peer has it."""


class Batched:
    """The stream at once, in our own columns, as an archive gives them and as every peer has his; answers in order of
    arrival.
    """

    name = "Jindi, batch"

    def __init__(self, work: Work) -> None:
        self.features = work.features
        self._work = work
        self._plan = plan(work.definitions, {"payment": frozenset(work.definitions.features)})
        self.windows = Windows(self._plan)
        # Made before the clock runs.
        self._coded = [column_of(work.columns[name], Kind.TEXT) for name in ENTITIES]

    def run(self) -> tuple[dict[str, np.ndarray], float]:
        """All features in order of arrival, and the CPU seconds they took."""
        work, found = self._work, []
        self.windows = windows = Windows(self._plan)
        with collector_off():
            begin = cpu_s()
            for start in range(0, work.events, SLICE):
                cut = slice(start, start + SLICE)
                times = work.times[cut]
                cells = [Column(each.values[cut], None, each.vocabulary) for each in self._coded]
                columns = [*cells, Column(work.amounts[cut])]
                batch = Batch(("payment",), np.zeros(len(times), np.int64), times, [columns])
                (answers,) = windows.observe_batch(batch)
                found.append({name: answers.column(name) for name in answers.names})
            spent = cpu_s() - begin
        whole = {}
        for name in found[0]:
            values = np.concatenate([part[name][0].astype(np.float64) for part in found])
            values[np.concatenate([part[name][1] for part in found])] = np.nan
            whole[name] = values
        return whole, spent

    def close(self) -> None:
        """Nothing is held open."""


class Single:
    """One call per event, as a live lane makes it."""

    name = "Jindi, live"

    def __init__(self, work: Work) -> None:
        self.features = work.features
        self._rows = [(int(row[1]), row[2:]) for row in work.rows()]
        self._plan = plan(work.definitions, {"payment": frozenset(work.definitions.features)})

    def run(self) -> tuple[dict[str, list[float]], float]:
        """All features in order of arrival, and the CPU seconds they took."""
        windows = Windows(self._plan)
        observe, found = windows.observe, []
        with collector_off():
            begin = cpu_s()
            for at, values in self._rows:
                found.append(observe("payment", at, values))
            spent = cpu_s() - begin
        return columns_of(found, self._plan.reads["payment"]), spent

    def close(self) -> None:
        """Nothing is held open."""
