"""What turned out about past events, read where the archive has the events that say so: one event of hundreds is a
report or a charge-back, and for these few the whole journal would have to be gone through.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from jindi.packs import OUTCOMES, Definitions
from jindi.ports import Files
from jindi.run.archive import Archive
from jindi.run.events import reordered
from jindi.run.history import parts as stored
from jindi.run.history.manifest import Broken, Manifest, Part
from jindi.run.history.selection import version_schemas
from jindi.run.history.shapes import Row, meta_of
from jindi.run.labels import Labels

OWN = ("seq", "as_of", "outcome")
_WEIGHTS = {str(outcome): weight for weight, outcome in enumerate(OUTCOMES)}


def labels_of(archive: Archive, files: Files, manifest: Manifest, definitions: Definitions) -> Labels:
    """What `Labels.of` says of a journal: as far as its archive goes from there, and from the journal behind it.

    The bytes that are read are held against their digests. Raises Broken where they differ.
    """
    labels = Labels(definitions)
    parts = [part for part in manifest.parts if labels.is_said_by(part.type)]
    schemas = version_schemas(files, parts)
    for part in parts:
        order = archive.order_today(part.definitions, part.type, definitions)
        if order is None:
            continue
        _check(files, part)
        names = [field.name for field in archive.fields(part.definitions, part.type)]
        places = {meta.slot: column for column, meta in meta_of(schemas[part.type, part.definitions]).columns.items()}
        for seq, as_of_us, outcome, *values in _rows(files, part, [*OWN, *(places[name] for name in names)]):
            said = reordered(tuple(values), order)
            labels.hear_said(seq, part.type, as_of_us, OUTCOMES[_WEIGHTS[outcome]], said)
    labels.hear_all(archive, manifest.next)
    return labels


def _check(files: Files, part: Part) -> None:
    try:
        problem = stored.as_written(files, part)
    except FileNotFoundError:
        return  # joined with others since the manifest was read: its rows come from what was written just now
    if problem:
        raise Broken(part.path, problem, stored.REMEDY)


def _rows(files: Files, part: Part, columns: Sequence[str]) -> Iterator[Row]:
    """The cells of a part's rows as the journal keeps them: instants are microseconds."""
    for batch in stored.still_there(files, part, columns):
        cells = (
            array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array
            for array in map(batch.column, columns)
        )  # fmt: skip
        yield from zip(*(array.to_pylist() for array in cells), strict=True)
