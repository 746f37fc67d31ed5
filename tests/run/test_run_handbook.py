"""The Fraud Detection Handbook's own figures: our features over its 1.3 million payments equal the book's columns.

The data is not part of the repository: it is looked for beside it, or where SHARED_DATA says.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jindi.app.wiring import Outside
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.run.platform import compiled
from jindi.vault import Tokens

HERE = Path(__file__).parents[1]
PACK = HERE / "packs" / "handbook"
DATA = Path(os.environ.get("SHARED_DATA", HERE.parent.parent / "shared" / "data")) / "handbook"
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
def both(tmp_path_factory):
    """Our output and the book's table, the rows of both in the order of the book's."""
    raw = DATA / "raw_dev.parquet"
    if not raw.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"the handbook's data is not at {DATA}; name its place with SHARED_DATA")
        pytest.skip(f"THE HANDBOOK CHECK DOES NOT RUN: no data at {DATA}; name its place with SHARED_DATA")
    out = tmp_path_factory.mktemp("handbook") / "out.parquet"
    program = compiled(Outside().pack_files([PACK]))
    columns = read_columns((PACK / "columns.toml").read_text("utf-8"), program.definitions)
    decide_file(raw, out, program, Tokens(bytes(32)), columns)
    ours = pq.read_table(out)
    book = pa.concat_tables(pq.read_table(path) for path in sorted(DATA.glob("transformed_*.parquet")))
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


def test_the_output_holds_a_row_for_every_payment_with_its_decision(both):
    ours, _, _ = both
    assert ours.num_rows == pq.ParquetFile(DATA / "raw_dev.parquet").metadata.num_rows
    assert {"transaction_id", *BOOK, "outcome", "score", "reasons"} <= set(ours.column_names)
    assert ours["outcome"].null_count == ours["score"].null_count == 0
