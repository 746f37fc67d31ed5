"""Where a text stands, however it is wrapped: as it lies, disguised, and inside what is packed or a table."""

import base64
import gzip
import io
import sqlite3
import zlib
from contextlib import closing, suppress
from urllib.parse import quote

import pyarrow.parquet as pq

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.journal import unseal
from jindi.stores.segments import SegmentLog


def encodings(text):
    """A text as it stands in files, and as it is easily disguised."""
    raw = text.encode()
    return {
        raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), quote(text, safe="").encode(),
        text.encode("utf-16-le"), text.encode("utf-16-be"),
        *(base64.b64encode(bytes(shift) + raw)[4 * (shift > 0) : -4] for shift in range(3)),
    }  # fmt: skip


def needles(kinds):
    """All that is looked for: each (kind, text) as it came and in its normal form, in all encodings."""
    return sorted(
        {
            needle
            for kind, canary in kinds
            for text in {canary, NORMAL_FORMS[kind](canary)}
            for needle in encodings(text)
        }
    )


def unpacked(path, raw):
    """What a file holds beside its bytes: a table's cells, packed streams, a journal's records."""
    if raw[:4] == b"PAR1":
        yield repr(pq.read_table(io.BytesIO(raw)).to_pylist()).encode()
    if raw[:16] == b"SQLite format 3\0":
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            names = [each[0] for each in base.execute("select name from sqlite_master where type = 'table'")]
            for name in names:
                yield repr(base.execute(f"select * from {name}").fetchall()).encode()
    with suppress(OSError, EOFError, zlib.error):
        yield gzip.decompress(raw)
    with suppress(zlib.error):
        yield zlib.decompress(raw)


def searched(folder, looked_for, *said):
    """(files, where a needle stands) below a folder and in texts that were said."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = []
    for path in files:
        raw = path.read_bytes()
        name = str(path.relative_to(folder))
        contents += [(name, raw), *((f"{name} (unpacked)", each) for each in unpacked(path, raw))]
    for journal in {path.parent for path in files if path.parent.name == "journal"}:
        log = SegmentLog(journal, read_only=True)
        records = b"\n".join(record for frame in log.read(0) for record in unseal(frame.batch).records)
        contents.append((f"{journal.relative_to(folder)} (records)", records))
        log.close()
    contents += [(f"what was said, {number}", text.encode()) for number, text in enumerate(said)]
    # Files are laid out with zeros ahead: as many as a needle may end with are looked at, and not megabytes of them.
    ends = bytes(max(map(len, looked_for), default=0))
    contents = [(name, content.rstrip(b"\0") + ends) for name, content in contents]
    return files, [name for name, content in contents for needle in looked_for if needle in content]
