"""DuckDB and Polars: the whole stream at once, in their own columns; both may use all cores."""

import numpy as np

from benchmarks.measuring import collector_off, cpu_s
from benchmarks.work import ENTITIES, Work

SQL = {
    "count": "count(*)",
    "sum": "sum(amount)",
    "mean": "avg(amount)",
    "max": "max(amount)",
    "std": "stddev_samp(amount)",
    "distinct": "count(DISTINCT {value})",
}


class DuckDb:
    """One `SELECT` with a named RANGE window for each key and length."""

    name = "DuckDB"

    def __init__(self, work: Work) -> None:
        import duckdb

        self.version = duckdb.__version__
        self.features = work.features
        self._con = duckdb.connect()
        # A table of its own, made before the clock runs.
        import pyarrow as pa

        names = dict(work.columns)
        table = pa.table(
            {"seq": np.arange(work.events), "t": work.times, "amount": work.amounts}
            | {name: pa.array(column) for name, column in names.items()}
        )
        self._con.register("given", table)
        self._con.execute("CREATE TABLE events AS SELECT * FROM given")
        windows = {(f.entity, f.over_us): f"w_{f.entity}_{f.over_us}" for f in work.features}
        told = [
            f'{SQL[f.fold].format(value=chr(34) + f.value + chr(34))} OVER {windows[f.entity, f.over_us]} AS "{f.name}"'
            for f in work.features
        ]
        named = [
            f'{name} AS (PARTITION BY "{entity}" ORDER BY t RANGE BETWEEN {over_us - 1} PRECEDING AND CURRENT ROW)'
            for (entity, over_us), name in windows.items()
        ]
        self._sql = f"SELECT {', '.join(told)} FROM events WINDOW {', '.join(named)} ORDER BY seq"

    def run(self) -> tuple[dict[str, np.ndarray], float]:
        """All features in order of arrival, and the CPU seconds they took."""
        with collector_off():
            begin = cpu_s()
            found = self._con.execute(self._sql).fetchnumpy()
            spent = cpu_s() - begin
        return {name: np.ma.filled(column.astype(np.float64), np.nan) for name, column in found.items()}, spent

    def close(self) -> None:
        """Let go of the database."""
        self._con.close()


class Polars:
    """`rolling_*_by().over()` for what has it; `rolling(group_by)` for distinct values."""

    name = "Polars"

    def __init__(self, work: Work) -> None:
        import polars as pl

        self.version = pl.__version__
        self.features = work.features
        self._pl = pl
        self._frame = pl.DataFrame(
            {"seq": np.arange(work.events), "t": work.times, "amount": work.amounts, **work.columns}
        ).with_columns(pl.col("t").cast(pl.Datetime("us")), one=pl.lit(1, pl.Int64))

    def run(self) -> tuple[dict[str, np.ndarray], float]:
        """All features in order of arrival, and the CPU seconds they took."""
        pl = self._pl
        with collector_off():
            begin = cpu_s()
            told = []
            for f in self.features:
                if f.fold == "distinct":
                    continue
                column = pl.col("one" if f.fold == "count" else "amount")
                fold = "sum" if f.fold == "count" else f.fold
                rolling = getattr(column, f"rolling_{fold}_by")
                told.append(rolling("t", window_size=f"{f.over_us}us", closed="right").over(f.entity).alias(f.name))
            frame = self._frame.lazy().select("seq", *told).collect()
            for entity in ENTITIES:
                for f in (f for f in self.features if f.fold == "distinct" and f.entity == entity):
                    rolled = self._frame.lazy().rolling("t", period=f"{f.over_us}us", closed="right", group_by=entity)
                    values = rolled.agg(pl.col("seq").last(), pl.col(f.value).n_unique().alias(f.name)).sort("seq")
                    frame = frame.with_columns(values.select(f.name).collect().to_series())
            found = {f.name: frame[f.name].to_numpy() for f in self.features}
            spent = cpu_s() - begin
        return {name: column.astype(np.float64) for name, column in found.items()}, spent

    def close(self) -> None:
        """Nothing is held open."""
