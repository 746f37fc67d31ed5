"""Masks of what is in the vault: whose an identifier in a record is, and how it is shown without a reason.

Knows: which fields of a decision are personal, and whose. Never: who looks, and never clear text for longer than it
takes to mask it: what is remembered are masks.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from jindi.language import Value
from jindi.packs import FieldDef
from jindi.run.intake import personal_places
from jindi.vault import CannotOpen, Level, Vault, is_token, kind_of, mask

LIST_ENTRY = "list_entry"
"""The event whose value is an identifier where its list is one of identifiers; its own subject then."""

REMEMBERED_MAX = 20_000
"""Masks that are remembered; some 5 MB."""


class Personal(NamedTuple):
    """An identifier in a record: the field's name, its kind and class, its token, and whose it is."""

    field: str
    kind: str
    data_class: str
    token: str
    subject: str

    @property
    def pair(self) -> tuple[str, str]:
        """What the vault knows it by."""
        return self.subject, self.token


def personal_in(fields: Sequence[FieldDef], values: Sequence[Value], event_type: str) -> Iterator[Personal]:
    """The identifiers in an event's values (as the journal has them), as intake told them from the rest."""
    for at, whose in personal_places(fields):
        field, token, subject = fields[at], values[at], values[whose]
        if token is not None and field.identifier is not None:
            owner = str(token) if subject is None else str(subject)
            yield Personal(field.name, field.identifier, field.data_class, str(token), owner)
    if event_type == LIST_ENTRY:
        for field, value in zip(fields, values, strict=True):
            if field.name == "value" and isinstance(value, str) and is_token(kind_of(value), value):
                yield Personal(field.name, kind_of(value), _class_of(field), value, value)


def _class_of(field: FieldDef) -> str:
    """A list's member may be an identifier whatever its field says."""
    return "C3" if field.data_class == "C3" else "C2"


class Masks:
    """The masks over one vault. May be used by several threads."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._lock = threading.Lock()
        self._young: dict[tuple[str, str, Level], str] = {}
        self._old: dict[tuple[str, str, Level], str] = {}
        self._changes = vault.changes

    def of(self, wanted: Collection[tuple[str, str, Level]]) -> Mapping[tuple[str, str], str]:
        """Masks by subject and token; what is hidden, erased, or was never kept has none. For a thread of its own.

        What can't be opened has no mask either: a page is no place to find that out (`jindi vault check` is).
        """
        found: dict[tuple[str, str], str] = {}
        for subject, token, seen in wanted:
            if seen is not Level.HIDDEN and (masked := self._one(subject, token, seen)) is not None:
                found[subject, token] = masked
        return found

    def _one(self, subject: str, token: str, seen: Level) -> str | None:
        key, before = (subject, token, seen), self._vault.changes
        with self._lock:
            if before != self._changes:
                # Somebody was erased or corrected, by whatever way: whoever it was, nothing is remembered.
                self._young, self._old, self._changes = {}, {}, before
            known = self._young.get(key) or self._old.get(key)
        if known is not None:
            return known
        masked = _masked(self._vault, subject, token, seen)
        with self._lock:
            # What was erased or corrected while it was read must not be remembered.
            if masked is not None and before == self._changes == self._vault.changes:
                self._young[key] = masked
                if len(self._young) >= REMEMBERED_MAX // 2:
                    self._old, self._young = self._young, {}
        return masked


def _masked(vault: Vault, subject: str, token: str, seen: Level) -> str | None:
    clear = opened(vault, subject, token)
    return None if clear is None else mask(kind_of(token), clear, seen)


def opened(vault: Vault, subject: str, token: str) -> str | None:
    """The clear text of one subject's identifier; None when it is not kept, was erased, or does not open."""
    try:
        found = vault.open_one(subject, token)
    except CannotOpen:
        return None
    return None if found is None else found.clear
