"""Machine code before the first event: every kernel loaded from its cache on disk, or compiled."""

from collections.abc import Callable, Mapping
from typing import Any

from jindi.features import flat, kernel, listwise

ENTRIES = kernel.ENTRIES | listwise.ENTRIES | flat.ENTRIES


def warm(
    tell: Callable[[str, int, int], None] | None = None, more: Mapping[Any, tuple[Any, ...]] | None = None
) -> None:
    """Load every kernel from its cache on disk, or compile it (once per machine, some forty seconds).

    `tell(name, number, count)` is called before each, for a line of progress. `more` are kernels of other rooms.
    """
    function: Any
    entries = ENTRIES | dict(more or {})
    for number, (function, signature) in enumerate(entries.items(), start=1):
        if tell is not None:
            tell(function.__name__, number, len(entries))
        function.compile(signature)
