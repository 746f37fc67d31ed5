"""What the tests of this room share: the handbook's payments, decided once for all that ask."""

import fcntl
import os
from contextlib import contextmanager
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
def handbook_data():
    """Where the handbook's data lies. It is not part of the repository: it is looked for beside it, or where
    SHARED_DATA says.
    """
    if not (DATA / "raw_dev.parquet").is_file():
        if os.environ.get("CI"):
            pytest.fail(f"the handbook's data is not at {DATA}; name its place with SHARED_DATA")
        pytest.skip(f"THE HANDBOOK IS NOT CHECKED: no data at {DATA}; name its place with SHARED_DATA")
    return DATA


@pytest.fixture(scope="session")
def handbook(handbook_data, tmp_path_factory):
    """Where the handbook's data lies, and the file that `jindi decide` makes of it (with some columns kept)."""
    with only_once(tmp_path_factory, "handbook") as folder:
        out = folder / "out.parquet"
        if not out.exists():
            program = compiled(Outside().pack_files([PACK]))
            text = (PACK / "columns.toml").read_text("utf-8").replace("\n[keep]\n", f"\n[keep]{KEPT}")
            decide_file(
                handbook_data / "raw_dev.parquet",
                out,
                program,
                Tokens(bytes(32)),
                read_columns(text, program.definitions),
            )
    return handbook_data, out


@contextmanager
def only_once(tmp_path_factory, name):
    """A folder of all the processes that run the tests together; whoever comes second waits until the first is done."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
