"""A consistent copy of a SQLite database that somebody may be writing."""

import io
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import BinaryIO


def copied(path: Path) -> BinaryIO:
    """The database as it is at one instant, to read from.

    In one step: a copy in steps begins anew whenever another connection writes, and under load never ends. Raises
    FileNotFoundError, and OSError when the database can't be read or isn't whole.
    """
    if not path.exists():
        raise FileNotFoundError(2, os.strerror(2), str(path))
    # Beside the database: what is as private as it should lie as privately, and on a disk with room.
    fd, copy = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".copy", dir=path.parent)
    os.close(fd)
    try:
        place = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(place, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target, pages=-1)
            found = target.execute("pragma quick_check").fetchone()[0]
        if found != "ok":
            raise OSError(5, f"the database is damaged: {found}", str(path))
        return Path(copy).open("rb")
    except sqlite3.Error as problem:
        raise OSError(5, f"the database can't be read: {problem}", str(path)) from problem
    finally:
        Path(copy).unlink()


def copied_in_memory(path: Path) -> BinaryIO:
    """As `copied`, for what must leave no trace on the disk: wrapped keys that may be destroyed tomorrow."""
    if not path.exists():
        raise FileNotFoundError(2, os.strerror(2), str(path))
    try:
        place = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(place, uri=True)) as source, closing(sqlite3.connect(":memory:")) as target:
            source.backup(target, pages=-1)
            found = target.execute("pragma quick_check").fetchone()[0]
            raw = target.serialize()
        if found != "ok":
            raise OSError(5, f"the database is damaged: {found}", str(path))
        return io.BytesIO(raw)
    except sqlite3.Error as problem:
        raise OSError(5, f"the database can't be read: {problem}", str(path)) from problem
