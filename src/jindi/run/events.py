"""An event as the house sees it: typed, tokenised, comparable with what came under its id before."""

import msgspec

Scalar = int | float | bool | str | None
"""What a field of an event, or a fact, holds: a `Value` that is no list."""

Scalars = tuple[Scalar, ...]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event after intake. `values` stand in the order of its type's declared fields; None is missing."""

    id: str
    type: str
    at_us: int
    values: Scalars

    @property
    def content(self) -> tuple[str, int, Scalars]:
        """What must be the same when an id comes again: type, time and tokenised values.

        >>> Event("1", "login", 1, ("a",)).content == Event("1", "login", 1, ("b",)).content
        False
        """
        return self.type, self.at_us, self.values
