"""How access keeps its state: one JSON array under one private name, replaced whole."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from jindi.ports import Blobs

_Record = TypeVar("_Record", bound=msgspec.Struct)


def read_records(blobs: Blobs, name: str, kind: type[_Record]) -> list[_Record]:
    """The records under a name, none when there is no such name; raises ValueError when they are damaged."""
    raw = blobs.load(name)
    if raw is None:
        return []
    try:
        return msgspec.json.decode(raw, type=list[kind])  # type: ignore[valid-type]
    except msgspec.DecodeError as damage:
        raise ValueError(
            f"{name}: not what was written ({damage}); restore it from a backup, or move it away"
        ) from None


def save_records(blobs: Blobs, name: str, records: Iterable[msgspec.Struct]) -> None:
    """Durable, atomic, readable by the owner alone."""
    blobs.save(name, [msgspec.json.encode(list(records))], private=True)
