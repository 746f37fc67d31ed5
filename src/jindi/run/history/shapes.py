"""Decisions as rows: the columns that an event type has under one set of definitions.

Every row has the decision's own columns, then one for each slot of the event type's program: fields, words of
the clock, limits, list memberships, window features, derived features, under their slot names. Money stays in
whole minor units, durations in microseconds; the column's metadata says of what.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from jindi.basics.instants import format_instant
from jindi.engine import EventProgram, PolicyProgram
from jindi.language import Kind, Type
from jindi.packs import OUTCOMES
from jindi.run.records import DecisionRecord, VerdictRecord, decision_id

FORMAT = 2
"""Of the columns and the manifest; another one is not read here."""

METADATA = b"jindi"
"""The key of a part's own metadata: event type, definitions, zone, and what each slot's column holds."""

BATCH_ROWS = 256
"""Rows that are turned into columns at a time."""

Row = tuple[Any, ...]
"""A decision's cells in the order of its shape's columns."""

_INSTANT = pa.timestamp("us", "UTC")
_TEXTS = pa.list_(pa.string())
_SHADOWS = pa.list_(
    pa.struct([("policy", pa.string()), ("outcome", pa.string()), ("score", pa.int64()), ("hits", _TEXTS)])
)

OWN: Mapping[str, pa.DataType] = {
    "seq": pa.int64(),
    "decision_id": pa.string(),
    "event_id": pa.string(),
    "at": _INSTANT,
    "as_of": _INSTANT,
    "received_at": _INSTANT,
    "late": pa.bool_(),
    "definitions": pa.int64(),
    "definitions_digest": pa.string(),
    "policy": pa.string(),
    "policy_digest": pa.string(),
    "outcome": pa.string(),
    "score": pa.int64(),
    "reasons": _TEXTS,
    "exempted": _TEXTS,
    "presumed": _TEXTS,
    "degraded": _TEXTS,
    "absent": _TEXTS,
    "method": pa.string(),
    "wait_us": pa.int64(),
    "shadows": _SHADOWS,
}
"""The columns of the decision itself, in their order."""

PARTITIONS = ("day", "type")
"""Columns that stand in the names of the folders."""


class SlotMeta(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a slot's column holds: the slot's name and its type."""

    slot: str
    kind: str
    of: str | None = None
    currency_field: str | None = None

    @property
    def type(self) -> Type:
        """The type in the language of expressions."""
        return Type(Kind(self.kind), self.of, self.currency_field)


class ShapeMeta(msgspec.Struct, frozen=True):
    """A part's own metadata. `columns` are those of the slots, by their names."""

    format: int
    event_type: str
    definitions: int
    definitions_digest: str
    zone: str
    columns: dict[str, SlotMeta]


def meta_of(schema: pa.Schema) -> ShapeMeta:
    """The metadata that a part was written with. Raises ValueError when there is none that is known here."""
    raw = (schema.metadata or {}).get(METADATA)
    if raw is None:
        raise ValueError("not a part of an archive")
    try:
        meta = msgspec.json.decode(raw, type=ShapeMeta)
    except msgspec.MsgspecError:
        raise ValueError("the metadata of a part can't be read") from None
    if meta.format != FORMAT:
        raise ValueError(f"parts of format {meta.format} are not known here")
    return meta


def day_name(as_of_us: int) -> str:
    """The day of an instant in UTC, as it stands in the name of a folder.

    >>> day_name(1_795_320_000_000_000)
    '2026-11-22'
    """
    return format_instant(as_of_us)[:10]


class Shape:
    """The columns of one event type under one definitions record, and how rows become them."""

    def __init__(self, definitions: int, ep: EventProgram) -> None:
        self.ep, self.definitions = ep, definitions
        self.event_type = ep.event.name
        self.columns = column_names(ep.slots)
        fractional = ep.fractional
        slots = [
            pa.field(
                column, pa.float64() if slot in fractional else arrow_type(kind), metadata=_field_metadata(slot, kind)
            )
            for column, slot, kind in zip(self.columns, ep.slots, ep.types, strict=True)
        ]
        metas = {
            column: SlotMeta(slot, str(kind.kind), kind.of, kind.currency_field)
            for column, slot, kind in zip(self.columns, ep.slots, ep.types, strict=True)
        }
        digest = ep.definitions.digest
        meta = ShapeMeta(FORMAT, self.event_type, definitions, digest, str(ep.zone), metas)
        self.schema = pa.schema(
            [*(pa.field(name, kind) for name, kind in OWN.items()), *slots],
            metadata={METADATA: msgspec.json.encode(meta)},
        )
        sides = ep.deciders() or (None,)
        self._sides = tuple(
            (rule_ids(each), (each.policy.id, each.policy.digest) if each is not None else (None, None))
            for each in sides
        )
        self._shadows = tuple((shadow.policy.id, rule_ids(shadow)) for shadow in ep.shadows)

    def row(self, seq: int, record: DecisionRecord) -> Row:
        """A record's cells, its facts complete: what can be worked out again is worked out again."""
        verdict, (rules, policy) = record.verdict, self._sides[record.side]
        return (
            seq, decision_id(seq), record.event_id, record.at_us, record.as_of_us, record.received_us, record.late,
            record.definitions, self.ep.definitions.digest, *policy, str(OUTCOMES[verdict.outcome]),
            verdict.score, [rules[hit] for hit in verdict.hits], [rules[hit] for hit in verdict.exempted],
            [rules[hit] for hit in verdict.presumed], verdict.degraded, record.absent, verdict.method,
            verdict.wait_us, [*map(_shadow, self._shadows, record.shadows)],
            *self.ep.complete([*record.values, *record.facts], frozenset(record.absent)),
        )  # fmt: skip

    def batch(self, rows: Sequence[Row], rest: Callable[[], None] = lambda: None) -> pa.RecordBatch:
        """Rows as columns. `rest` is called now and then, for whoever must not keep others waiting."""
        arrays = []
        for place, cells in enumerate(zip(*rows, strict=True)):
            arrays.append(pa.array(cells, self.schema.field(place).type))
            if place % 8 == 0:
                rest()
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _shadow(shadow: tuple[str, Sequence[str]], verdict: VerdictRecord) -> dict[str, Any]:
    policy, rules = shadow
    hits = [rules[hit] for hit in verdict.hits]
    return {"policy": policy, "outcome": str(OUTCOMES[verdict.outcome]), "score": verdict.score, "hits": hits}


def rule_ids(policy: PolicyProgram | None) -> tuple[str, ...]:
    """The ids of a policy's rules by their place."""
    return tuple(rule.id for rule in policy.policy.rules) if policy is not None else ()


def column_names(slots: Sequence[str]) -> tuple[str, ...]:
    """The column of each slot: its name, or `slot_NAME` where the decision has a column of that name.

    >>> column_names(["amount", "at", "slot_at", "limit('daily')"])
    ('amount', 'slot_slot_at', 'slot_at', "limit('daily')")
    """
    taken = {*OWN, *PARTITIONS} | {slot for slot in slots if slot not in OWN and slot not in PARTITIONS}
    names = []
    for slot in slots:
        name = slot
        if slot in OWN or slot in PARTITIONS:
            while name in taken:
                name = f"slot_{name}"
            taken.add(name)
        names.append(name)
    return tuple(names)


def arrow_type(kind: Type) -> pa.DataType:
    """What a slot's values are in a file."""
    match kind.kind:
        case Kind.INT | Kind.MONEY | Kind.DURATION:
            return pa.int64()
        case Kind.RATIO:
            return pa.float64()
        case Kind.BOOL:
            return pa.bool_()
        case Kind.TIME:
            return _INSTANT
        case Kind.TEXT | Kind.TOKEN:
            return pa.string()
        case Kind.LIST:
            raise AssertionError("no slot holds a list")


def _field_metadata(slot: str, kind: Type) -> dict[str, str]:
    metadata = {"slot": slot, "kind": str(kind.kind)}
    if kind.kind is Kind.MONEY:
        metadata["unit"] = "minor"
        metadata |= {"currency": kind.of} if kind.of is not None else {"currency_field": kind.currency_field or ""}
    elif kind.kind is Kind.DURATION:
        metadata["unit"] = "us"
    elif kind.kind is Kind.TOKEN and kind.of is not None:
        metadata["token_of"] = kind.of
    return metadata
