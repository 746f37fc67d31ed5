"""A table of facts as they stood at decision time, with labels and when each became known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem, Problems
from jindi.language import Kind
from jindi.packs import Definitions, ModelInput
from jindi.run.learn.metrics import Doubles, Truths, Wholes
from jindi.run.learn.recipe import Recipe

_NEVER_US = 2**62
_TOLD = 40
"""So many names of columns are told when one is not there."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in time order. `known_us` is when the label of a row is known for what it is."""

    columns: Doubles
    label: Truths
    known_us: Wholes
    at_us: Wholes
    entity: Wholes
    amount: Doubles
    segments: dict[str, list[str]]
    stopped: Truths
    """What the policy of its time did not allow; nothing where the table does not say."""

    def as_known(self, moment_us: int, delay_us: int) -> tuple[Truths, Truths]:
        """Which rows have a label at a moment, and the label that they have then.

        A positive counts from when it became known. Until then its row looks like any other: unlabelled until
        `delay_us` after the event, and negative from then on, as it did to whoever looked at that moment.
        """
        positive = self.label & (self.known_us <= moment_us)
        return positive | (self.at_us + delay_us <= moment_us), positive

    def within(self, from_us: int, until_us: int) -> Truths:
        """The rows of a stretch of time."""
        found: Truths = (self.at_us >= from_us) & (self.at_us < until_us)
        return found


def read_table(path: Path, recipe: Recipe, inputs: tuple[ModelInput, ...], definitions: Definitions) -> Table:
    """The rows of a Parquet file (or of all in a folder) that are events of the recipe's type.

    Amounts come in major units, as `jindi decide` writes them, or in minor units where the column says so, as the
    archive's do. Raises Problems for columns that are not there or do not hold what they should.
    """
    given = [recipe.label, recipe.entity, recipe.known, recipe.amount, *recipe.segments]
    wanted = {"at", *(each.name for each in inputs), *(name for name in given if name)}
    try:
        there = set(pq.read_schema(path).names if path.is_file() else pq.ParquetDataset(path).schema.names)
        missing = sorted(wanted - there)
        if missing:
            raise Problems(
                Problem(path.name, f"column {name}", "not in the file", _where_from(name, recipe, there))
                for name in missing
            )
        # A table of `jindi decide` names the type so, an archive and its exports so.
        kinds = [name for name in ("event_type", "type") if name in there]
        filters = [(kinds[0], "=", recipe.on)] if kinds else None
        read = pq.read_table(path, columns=sorted(wanted | ({"outcome"} & there)), filters=filters)
        # Of what became of an event nothing is known: it is neither trained nor tested on.
        read = read.filter(pc.is_valid(read[recipe.label]))
    except (pa.ArrowException, OSError) as error:
        raise Problems([Problem(path.name, "", f"cannot be read: {error}", "give a Parquet file or folder")]) from None
    if read.num_rows == 0:
        raise Problems([Problem(path.name, "", f"holds no {recipe.on} events with a label", "give another file")])
    at_us = _instants(read["at"])
    order = np.argsort(at_us, kind="stable")
    fields = {f.name for f in definitions.events[recipe.on].fields}
    scales = _scales(path.name, read.schema, recipe, inputs, definitions)
    try:
        columns = np.column_stack(
            [_input(read[each.name], each, scales.get(each.name, 1.0), is_field=each.name in fields) for each in inputs]
        )
        label = _numbers(read[recipe.label])
    except (pa.ArrowException, ValueError) as error:
        raise Problems([Problem(path.name, "", f"a column is not of its type: {error}", "mend the file")]) from None
    if not np.isin(label[~np.isnan(label)], (0.0, 1.0)).all():
        raise Problems([Problem(path.name, f"column {recipe.label}", "a label is true or false", "mend the column")])
    truth = label == 1.0
    known_us = at_us + recipe.length_us("delay")
    if recipe.known is not None:
        told_us = _instants(read[recipe.known].fill_null(pa.scalar(0, read[recipe.known].type)))
        absent = read[recipe.known].is_null().to_numpy()
        known_us = np.where(truth, np.where(absent, _NEVER_US, told_us), known_us)
    _, entity = np.unique(np.array([str(each) for each in read[recipe.entity].to_pylist()]), return_inverse=True)
    amount = np.ones(len(at_us))
    if recipe.amount is not None:
        amount = np.nan_to_num(_numbers(read[recipe.amount])) / scales.get(recipe.amount, 1.0)
    stopped = np.zeros(len(at_us), np.bool_)
    if "outcome" in there:
        stopped = pc.not_equal(pc.cast(read["outcome"], pa.string()), "allow").fill_null(False).to_numpy()
    texts = {name: [str(each) for each in read[name].to_pylist()] for name in recipe.segments}
    return Table(
        columns=np.ascontiguousarray(columns[order]),
        label=truth[order],
        known_us=known_us[order],
        at_us=at_us[order],
        entity=entity[order].astype(np.int64),
        amount=amount[order],
        segments={name: [cells[i] for i in order] for name, cells in texts.items()},
        stopped=stopped[order],
    )


def _where_from(name: str, recipe: Recipe, there: set[str]) -> str:
    """What to do about a column that is not there."""
    if name in (recipe.label, recipe.known):
        return f"jindi export --label {recipe.label} writes {recipe.label} and {recipe.label}_known"
    told = sorted(there)
    return f"it has: {', '.join(told[:_TOLD])}" + (f" and {len(told) - _TOLD} more" if len(told) > _TOLD else "")


def _scales(
    file: str, schema: pa.Schema, recipe: Recipe, inputs: tuple[ModelInput, ...], definitions: Definitions
) -> dict[str, float]:
    """What amounts are divided by: models see major units, and an archive keeps whole minor ones and says so.

    Raises Problems for whole numbers that do not say what they count: a hundredfold would go unnoticed until live.
    """
    amounts = {each.name: each.type.of for each in inputs if each.type.kind is Kind.MONEY}
    for field in definitions.events[recipe.on].fields:
        if field.name == recipe.amount and field.type.kind is Kind.MONEY:
            amounts[field.name] = field.type.of
    scales, problems = {}, []
    for name, currency in sorted(amounts.items()):
        column = schema.field(name)
        if (column.metadata or {}).get(b"unit") == b"minor" and currency is not None:
            scales[name] = float(10 ** EXPONENTS[currency])
        elif pa.types.is_integer(column.type) or (pa.types.is_decimal(column.type) and column.type.scale == 0):
            what = "whole numbers, and nothing says whether of major or of minor units"
            remedy = "write it with jindi decide or jindi export --label, or as decimals in major units (12.50)"
            problems.append(Problem(file, f"column {name}", what, remedy))
    if problems:
        raise Problems(problems)
    return scales


def _numbers(column: Any) -> Doubles:
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    numbers: Doubles = pc.cast(column, pa.float64(), safe=False).fill_null(float("nan")).to_numpy()
    return numbers


def _instants(column: Any) -> Wholes:
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    instants: Wholes = pc.cast(column, pa.int64()).to_numpy()
    return instants


def _input(column: Any, each: ModelInput, scale: float, *, is_field: bool) -> Doubles:
    """A column as the model will see it live."""
    if each.equals is not None:
        return _numbers(pc.equal(pc.cast(column, pa.string()), each.equals))
    numbers = _numbers(column) / scale
    if each.type.kind is Kind.MONEY and is_field and each.type.of is not None:
        # A field is whole minor units live: what a table rounded on its way (to 32 bits, say) is put right.
        minor = float(10 ** EXPONENTS[each.type.of])
        numbers = np.rint(numbers * minor) / minor
    return numbers
