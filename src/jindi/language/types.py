"""The types of the expression language: what a value is, and what may meet what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = int | float | bool | str | tuple["Value", ...] | None
"""What an input or a result holds; None means missing."""


class Kind(StrEnum):
    """The kinds of value that the language knows."""

    INT = "int"
    MONEY = "money"
    BOOL = "bool"
    TEXT = "text"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    TIME = "time"
    DURATION = "duration"
    RATIO = "ratio"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind and what it is of.

    Money: `of` is the currency when it is fixed, else None and `currency_field` names the field of the
    event that holds it; the value is integer minor units. Token: `of` is the kind of identifier (phone,
    device, ...). List: `of` is the kind of its members. Time is integer microseconds UTC, duration
    integer microseconds, ratio a double.
    """

    kind: Kind
    of: str | None = None
    currency_field: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} of {self.of or self.currency_field}" if self.of or self.currency_field else str(self.kind)


INT = Type(Kind.INT)
BOOL = Type(Kind.BOOL)
TEXT = Type(Kind.TEXT)
TIME = Type(Kind.TIME)
DURATION = Type(Kind.DURATION)
RATIO = Type(Kind.RATIO)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may read: names, limits and lists (with the type of their members)."""

    names: Mapping[str, Type] = field(default_factory=dict)
    limits: Mapping[str, Type] = field(default_factory=dict)
    lists: Mapping[str, Type] = field(default_factory=dict)
