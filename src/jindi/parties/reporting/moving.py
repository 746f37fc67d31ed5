"""What an event moved, for whom: its values read by the movements that packs declare.

An event may move money for two customers: a transfer leaves one and reaches another.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from jindi.packs import EventDef, MovementDef

Plain = str | int | bool | float | None


class Moved(NamedTuple):
    """One movement: whose money, how much of which currency, and who is on the other side ("" where nobody is)."""

    movement: MovementDef
    customer: str
    currency: str
    amount_minor: int
    other: str


def moved(declared: Iterable[MovementDef], event: EventDef, values: Mapping[str, Plain]) -> Iterator[Moved]:
    """The movements of an event; `values` are its fields by name. What moves nothing, or is nobody's, is none."""
    for each in declared:
        if each.event != event.name:
            continue
        customer, amount = values.get(each.customer), values.get(each.amount)
        if customer is None or not isinstance(amount, int) or amount <= 0:
            continue
        if currency := _currency(event, each.amount, values):
            other = values.get(each.other) if each.other else None
            yield Moved(each, str(customer), currency, amount, "" if other is None else str(other))


def _currency(event: EventDef, name: str, values: Mapping[str, Plain]) -> str:
    field = next(each for each in event.fields if each.name == name)
    fixed = field.type.of
    return fixed if fixed is not None else str(values.get(field.type.currency_field or "") or "")
