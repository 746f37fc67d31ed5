"""river: rolling statistics in pure Python. It has count, sum, mean and variance of a time window, no more."""

import datetime as dt
import math

from benchmarks.measuring import collector_off, cpu_s
from benchmarks.work import ENTITIES, Feature, Work, columns_of

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - river compares naive instants; all of ours are UTC
CAN = ("count", "sum", "mean", "std")


class River:
    """One `TimeRolling` for each key and feature; a count is a sum of ones."""

    name = "river"

    def __init__(self, work: Work) -> None:
        import river

        self.version = river.__version__
        self.features = tuple(f for f in work.features if f.fold in CAN)
        self._rows = [(EPOCH + dt.timedelta(microseconds=row[1]), row[2:6], row[6]) for row in work.rows()]

    def run(self) -> tuple[dict[str, list[float]], float]:
        """The features it can, in order of arrival, and the CPU seconds they took."""
        from river import stats, utils

        kinds = {"count": stats.Sum, "sum": stats.Sum, "mean": stats.Mean, "std": stats.Var}

        def rolling(feature: Feature):
            return utils.TimeRolling(kinds[feature.fold], period=dt.timedelta(microseconds=feature.over_us))

        by_entity = {name: [f for f in self.features if f.entity == name] for name in ENTITIES}
        held: dict[tuple[str, str], list] = {}
        found = []
        with collector_off():
            begin = cpu_s()
            for at, keys, amount in self._rows:
                row = []
                for entity, key in zip(ENTITIES, keys, strict=True):
                    mine = held.get((entity, key))
                    if mine is None:
                        mine = [(f.fold, rolling(f)) for f in by_entity[entity]]
                        held[entity, key] = mine
                    for fold, each in mine:
                        each.update(1 if fold == "count" else amount, t=at)
                        row.append(each.get())
                found.append(row)
            spent = cpu_s() - begin
        names = [f.name for name in ENTITIES for f in by_entity[name]]
        columns = columns_of(found, names)
        counted = {(f.entity, f.over_us): f.name for f in self.features if f.fold == "count"}
        for f in self.features:
            if f.fold == "std":
                # Its variance of a single value is 0 where ours is missing: take the count's word for it.
                counts = columns[counted[f.entity, f.over_us]]
                columns[f.name] = [
                    math.sqrt(max(value, 0)) if count > 1 else math.nan
                    for value, count in zip(columns[f.name], counts, strict=True)
                ]
        return columns, spent

    def close(self) -> None:
        """Nothing is held open."""
