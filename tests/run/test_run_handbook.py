"""The Fraud Detection Handbook's own figures: our features over its 1.3 million payments equal the book's columns."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jindi.app.wiring import Outside
from jindi.features import Batch, Windows, plan
from jindi.run.platform import compiled

WINDOWS = [
    f"{entity}_{figure}_{days}day_window"
    for days in (1, 7, 30)
    for entity, figure in (
        ("customer_id", "nb_tx"),
        ("customer_id", "avg_amount"),
        ("terminal_id", "nb_tx"),
        ("terminal_id", "risk"),
    )
]
BOOK = [*WINDOWS, "tx_during_weekend", "tx_during_night"]
ROWS = 201_295


PACK = Path(__file__).parents[1] / "packs" / "handbook"
REPORTED_AFTER_US = 7 * 86_400 * 10**6


@pytest.fixture(scope="module")
def both(handbook):
    """Our output and the book's table, the rows of both in the order of the book's."""
    data, out = handbook
    ours = pq.read_table(out)
    book = pa.concat_tables(pq.read_table(path) for path in sorted(data.glob("transformed_*.parquet")))
    ids = ours["transaction_id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    wanted = book["TRANSACTION_ID"].to_numpy()
    rows = order[np.searchsorted(ids[order], wanted)]
    assert (ids[rows] == wanted).all()
    return ours, book, rows


def test_all_features_equal_the_book_s_but_for_the_two_rows_that_it_ordered_the_other_way(both):
    """One customer pays twice in the same second; the book saw the second payment first."""
    ours, book, rows = both
    assert len(rows) == ROWS
    differing = set()
    for name in BOOK:
        mine = ours[name].to_numpy(zero_copy_only=False)[rows]
        if name.startswith(("customer_id_nb", "terminal_id_nb")):
            assert ours.schema.field(name).type == "int64", name
        apart = np.abs(mine.astype(np.float64) - book[name.upper()].to_numpy().astype(np.float64))
        differing |= set(np.flatnonzero(~(apart <= 1e-9)).tolist())
    assert len(differing) == 2
    customer = book["CUSTOMER_ID"].to_numpy()[sorted(differing)]
    second = book["TX_DATETIME"].to_numpy()[sorted(differing)]
    assert customer[0] == customer[1]
    assert second[0] == second[1]


def test_the_output_holds_a_row_for_every_payment_with_its_decision(both, handbook):
    ours, _, _ = both
    data, _ = handbook
    assert ours.num_rows == pq.ParquetFile(data / "raw_dev.parquet").metadata.num_rows
    assert {"transaction_id", *BOOK, "outcome", "score", "reasons"} <= set(ours.column_names)
    assert ours["outcome"].null_count == ours["score"].null_count == 0


def told_in_order(raw):
    """The payments and the reports of frauds, seven days later and ahead of payments of the same instant:
    (kinds, instants, fields of the payments, fields of the reports).
    """
    paid_us = raw["TX_DATETIME"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    fraud = np.flatnonzero(raw["TX_FRAUD"].to_numpy() == 1)
    ids, customer, terminal = (
        raw[name].cast(pa.string()).to_pylist() for name in ("TRANSACTION_ID", "CUSTOMER_ID", "TERMINAL_ID")
    )
    amount = np.rint(raw["TX_AMOUNT"].to_numpy().astype(np.float64) * 100).astype(np.int64)
    times = np.concatenate([paid_us, paid_us[fraud] + REPORTED_AFTER_US])
    kinds = np.concatenate([np.zeros(len(paid_us), np.int64), np.ones(len(fraud), np.int64)])
    order = np.lexsort((np.arange(len(times)), -kinds, times))
    reports = [ids[i] for i in fraud.tolist()], [terminal[i] for i in fraud.tolist()]
    return kinds[order], times[order], (customer, terminal, amount.tolist()), reports


def test_every_row_reads_the_same_alone_as_it_does_in_a_batch(handbook):
    """The path of a live event, one call each, beside the one of files, replays and backtests: all rows."""
    data, _ = handbook
    raw = pq.read_table(data / "raw_dev.parquet")
    definitions = compiled(Outside().pack_files([PACK])).definitions
    reads = frozenset(name for name, each in definitions.features.items() if "card_payment" in each.by)
    program = plan(definitions, {"card_payment": reads})
    together, alone = Windows(program), Windows(program)
    kinds, times, payments, reports = told_in_order(raw)
    done = [0, 0]
    for begin in range(0, len(kinds), 100_000):
        mine = kinds[begin : begin + 100_000]
        here = [int((mine == kind).sum()) for kind in (0, 1)]
        columns = [
            [column[first : first + count] for column in table]
            for table, first, count in zip((payments, reports), done, here, strict=True)
        ]
        batch = Batch(("card_payment", "fraud_report"), mine, times[begin : begin + 100_000], columns)
        answers, _ = together.observe_batch(batch)
        events = [zip(*table, strict=True) for table in columns]
        single = [
            alone.observe(batch.event_types[kind], at_us, next(events[kind]))
            for kind, at_us in zip(mine.tolist(), batch.as_of_us.tolist(), strict=True)
        ]
        assert answers.rows() == [row for row, kind in zip(single, mine.tolist(), strict=True) if kind == 0]
        done = [first + count for first, count in zip(done, here, strict=True)]
    assert done[0] == raw.num_rows
