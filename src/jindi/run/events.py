"""An event as the house sees it: typed, tokenised, comparable with what came under its id before."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from jindi.packs import EventDef
from jindi.vault import Personal

Scalar = int | float | bool | str | None
"""What a field of an event, or a fact, holds: a `Value` that is no list."""

Scalars = tuple[Scalar, ...]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event after intake. `values` stand in the order of its type's declared fields; None is missing.

    `personal` is what the vault does not hold yet, in clear: the lane hands it on and empties the list.
    """

    id: str
    type: str
    at_us: int
    values: Scalars
    personal: list[Personal] | None = None

    @property
    def content(self) -> tuple[str, int, Scalars]:
        """What must be the same when an id comes again: type, time and tokenised values.

        >>> Event("1", "login", 1, ("a",)).content == Event("1", "login", 1, ("b",)).content
        False
        """
        return self.type, self.at_us, self.values


class Declaring(Protocol):
    """Definitions, or as much of them as tells the fields of events."""

    @property
    def events(self) -> Mapping[str, EventDef]:
        """Event types by name."""


def field_order(then: Declaring, today: Declaring, event_type: str) -> tuple[int, ...] | None:
    """Where today's fields of an event type stood then (-1: nowhere); () when nothing has moved, None when the
    type is gone from either. A field whose type has changed is another field.
    """
    if event_type not in today.events or event_type not in then.events:
        return None
    old = {field.name: (place, field.type) for place, field in enumerate(then.events[event_type].fields)}
    fields = today.events[event_type].fields
    order = tuple(
        old[field.name][0] if field.name in old and old[field.name][1] == field.type else -1 for field in fields
    )
    return () if order == tuple(range(len(old))) and len(old) == len(fields) else order


def reordered(values: Scalars, order: tuple[int, ...]) -> Scalars:
    """Values in another order of their fields, as `field_order` says; what stood nowhere is missing."""
    return tuple([None if place < 0 else values[place] for place in order]) if order else values
