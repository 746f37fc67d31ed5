"""The work that all peers of the windows share: one stream of payments and 36 features over 4 keys."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.features import ENTITIES, definitions, stream
from jindi.packs.definitions import Definitions


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as a peer needs to know it: a fold over a key's window `(t - over, t]`, this event included."""

    name: str
    entity: str
    fold: str
    value: str
    over_us: int


@dataclass(frozen=True, slots=True)
class Work:
    """Events in the order of time, no two at the same instant, and what is to be known of each."""

    definitions: Definitions
    features: tuple[Feature, ...]
    columns: Mapping[str, Sequence[str]]
    amounts: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]

    @property
    def events(self) -> int:
        """How many there are."""
        return len(self.times)

    def rows(self):
        """(seq, instant, user, device, merchant, card, amount), one by one."""
        columns = [self.columns[name] for name in ENTITIES]
        return zip(range(self.events), self.times.tolist(), *columns, self.amounts.tolist(), strict=True)

    def head(self, events: int) -> "Work":
        """The first so many events."""
        columns = {name: column[:events] for name, column in self.columns.items()}
        return Work(self.definitions, self.features, columns, self.amounts[:events], self.times[:events])


def work(events: int, keys: int, seed: int = 7) -> Work:
    """A stream of so many events over so many users, devices, merchants and cards each."""
    declared = definitions()
    features = tuple(
        Feature(f.name, f.by["payment"][0], f.fold, f.value.get("payment", ""), f.over.length_us)
        for f in declared.features.values()
    )
    columns, amounts, times = stream(events, keys, seed)
    # SQL's RANGE takes in all rows of the same instant; ours, and reality, go by the order of arrival.
    times = times + np.arange(events)
    return Work(declared, features, dict(zip(ENTITIES, columns, strict=True)), amounts, times)


Column = Sequence[float] | npt.NDArray[np.float64]
EXACT = ("count", "sum", "max", "distinct")


def differences(mine: Mapping[str, Column], theirs: Mapping[str, Column], features: Sequence[Feature]) -> list[str]:
    """The features whose columns are not the same: exactly, or to 1e-9 (1e-3 of a fen near 0) for mean and std."""
    wrong = []
    for feature in features:
        a = np.asarray(mine[feature.name], dtype=np.float64)
        b = np.asarray(theirs[feature.name], dtype=np.float64)
        if feature.fold in EXACT:
            same = np.array_equal(a, b)
        else:
            same = a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-3, equal_nan=True)
        if not same:
            wrong.append(feature.name)
    return wrong


def columns_of(rows: Sequence[Sequence[float | None]], names: Sequence[str]) -> dict[str, list[float]]:
    """Rows of answers as columns; what is missing is not a number."""
    return {
        name: [math.nan if value is None else value for value in column]
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
