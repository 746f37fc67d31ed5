"""Archived decisions with what turned out about each: the table that models and rules are learnt from.

The archive says what was decided and never changes; what turns out comes later and is sometimes taken back. So labels
are not archived: they are joined to the rows on their way out, as the journal knows them at that moment.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from jindi.basics.problems import Problem, Problems
from jindi.packs import Definitions
from jindi.run.history.selection import Selection
from jindi.run.labels import Labels

NEEDED = ("seq", "event_id", "as_of")
"""What a row is recognised by, and what says how old it is."""

_INSTANT = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Question:
    """Which label, as known by when; without a word an event counts as false `mature_us` after it."""

    label: str
    mature_us: int
    by_us: int


def check(definitions: Definitions, label: str, types: Sequence[str]) -> None:
    """Raises Problems unless the label is about all of these event types, and there is at least one."""
    known = definitions.labels.get(label)
    if known is None:
        there = ", ".join(definitions.labels) or "none; labels.toml in a pack declares them"
        raise Problems([Problem("--label", label, "no such label", f"there are: {there}")])
    remedy = f"name with --type some of: {', '.join(known.on)}"
    if not types:
        raise Problems([Problem("--label", label, "is not about all event types", remedy)])
    if strange := [name for name in types if name not in known.on]:
        raise Problems(Problem("--label", label, f"is not about {name}", remedy) for name in strange)


class Labelled:
    """A selection's rows with two more columns: `LABEL`, and `LABEL_known`, since when it is known to be true.

    The label is empty while nobody has spoken of the event and it is not mature. The selection has the columns that
    are NEEDED; `columns` are those that come out (empty: all).
    """

    def __init__(self, selection: Selection, labels: Labels, question: Question, columns: Sequence[str] = ()) -> None:
        self._selection, self._labels, self._question = selection, labels, question
        kept = [field for field in selection.schema if not columns or field.name in columns]
        new = [pa.field(question.label, pa.bool_()), pa.field(f"{question.label}_known", _INSTANT)]
        taken = {field.name for field in kept}
        if clash := [field.name for field in new if field.name in taken]:
            remedy = "leave that column out with --columns"
            raise Problems(Problem("--label", name, "a column has this name already", remedy) for name in clash)
        self._kept = [field.name for field in kept]
        self.schema = pa.schema([*kept, *new])

    def batches(self, told: Callable[[int, int], None] = lambda *_: None) -> Iterator[pa.RecordBatch]:
        """The rows, some at a time; tells (rows looked at, rows in all)."""
        for batch in self._selection.batches(told):
            truths, known = [], []
            instants = batch.column("as_of").cast(pa.int64()).to_pylist()
            for row in zip(
                batch.column("seq").to_pylist(), batch.column("event_id").to_pylist(), instants, strict=True
            ):
                truth, since_us = self._said(*row)
                truths.append(truth)
                known.append(since_us)
            columns = [*(batch.column(name) for name in self._kept), pa.array(truths, pa.bool_())]
            yield pa.RecordBatch.from_arrays([*columns, pa.array(known, _INSTANT)], schema=self.schema)

    def _said(self, seq: int, event_id: str, as_of_us: int) -> tuple[bool | None, int | None]:
        """The last word, and for a true one since when it has stood: what was taken back between is not counted."""
        asked = self._question
        words = [said for said in self._labels.words(asked.label, seq, event_id) if said.known_us <= asked.by_us]
        if not words:
            return (False if as_of_us + asked.mature_us <= asked.by_us else None), None
        if not words[-1].value:
            return False, None
        since_us = words[-1].known_us
        for said in reversed(words):
            if not said.value:
                break
            since_us = said.known_us
        return True, since_us
