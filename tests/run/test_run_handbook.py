"""The Fraud Detection Handbook's own figures: our features over its 1.3 million payments equal the book's columns."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
