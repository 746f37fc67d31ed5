"""Our own faults on standard error: one line each, with kinds and places and never with what an error says of itself,
for that may hold what it was about. Whatever a library has to tell goes the same way.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

_log = logging.getLogger("jindi")

PLACES_MAX: Final = 8
"""So many places of one fault are told, the innermost ones."""

CHAIN_MAX: Final = 4


def told(error: BaseException) -> str:
    """A fault in one line: its kind and where it came from, then the one that it came of.

    >>> told(ValueError("13812345678"))
    'ValueError at no place'
    """
    parts: list[str] = []
    each: BaseException | None = error
    while each is not None and len(parts) < CHAIN_MAX:
        parts.append(f"{type(each).__name__} at {_places(each)}")
        if isinstance(each, BaseExceptionGroup):
            each = each.exceptions[0]
        else:
            each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return ", of ".join(parts)


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-PLACES_MAX:]
    return (
        " < ".join(f"{PurePath(each.filename).name}:{each.lineno} {each.name}" for each in reversed(frames))
        or "no place"
    )


class Lines(logging.Formatter):
    """Each record as one line that can be seen."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text.strip()}: {told(record.exc_info[1])}"
        return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def tell_in_lines() -> None:
    """Have all that is logged in this process come to standard error so. Whoever took the log over before keeps it."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(Lines())
        root.addHandler(handler)
        sys.excepthook = lambda _kind, error, _trace: _log.critical("the process ends", exc_info=error)
        threading.excepthook = lambda args: _log.error("a thread ended", exc_info=args.exc_value)


def unheard(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """What becomes of a fault that nobody waits for: the loop's own words would quote it."""
    error = context.get("exception")
    message = str(context.get("message", "something went wrong beside the requests")).partition("\n")[0]
    _log.error("%s", message, exc_info=error if isinstance(error, BaseException) else None)
