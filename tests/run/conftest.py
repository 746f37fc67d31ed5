"""What the tests of this room share: the handbook's payments, decided once for all that ask."""

import os
from pathlib import Path

import pytest

from jindi.app.wiring import Outside
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.run.platform import compiled
from jindi.vault import Tokens

HERE = Path(__file__).parents[1]
PACK = HERE / "packs" / "handbook"
DATA = Path(os.environ.get("SHARED_DATA", HERE.parent.parent / "shared" / "data")) / "handbook"
KEPT = '\ncustomer = "CUSTOMER_ID"\namount = "TX_AMOUNT"\nfraud = "TX_FRAUD"\n'


@pytest.fixture(scope="session")
def handbook(tmp_path_factory):
    """Where the handbook's data lies, and the file that `jindi decide` makes of it (with some columns kept).

    The data is not part of the repository: it is looked for beside it, or where SHARED_DATA says.
    """
    raw = DATA / "raw_dev.parquet"
    if not raw.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"the handbook's data is not at {DATA}; name its place with SHARED_DATA")
        pytest.skip(f"THE HANDBOOK IS NOT CHECKED: no data at {DATA}; name its place with SHARED_DATA")
    out = tmp_path_factory.mktemp("handbook") / "out.parquet"
    program = compiled(Outside().pack_files([PACK]))
    text = (PACK / "columns.toml").read_text("utf-8").replace("\n[keep]\n", f"\n[keep]{KEPT}")
    decide_file(raw, out, program, Tokens(bytes(32)), read_columns(text, program.definitions))
    return DATA, out
