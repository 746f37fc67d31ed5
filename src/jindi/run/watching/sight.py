"""Who may see what is known about staff: people outside the suspect's line, and never the suspect.

One predicate for all doors. Events of the pack `staff` are seen by those whom the policies let see alerts about staff,
save by whom they are about and by those of his line. The same holds for what was decided about such an event later, and
for what is kept of people beside it. Everybody else finds nothing, as if nothing were there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jindi.basics.instants import SECOND_US
from jindi.language import Value
from jindi.packs import Definitions, EventDef
from jindi.run.archive import Outdated
from jindi.run.records import decision_seq
from jindi.run.state import STAFF

if TYPE_CHECKING:
    from jindi.run.platform import Platform

PACK = STAFF
"""The pack whose events are confidential."""

SUSPECTS = frozenset({"staff", "staff_proposer", "staff_grantee"})
"""Entities that name people of the house."""

SUSPECT, LINE = "suspect", "line"
"""Fields that name one more, and a line."""

LINE_FEATURE = "staff_line_last"
_REMEMBERED = 4_096

FRESH_US = 5 * SECOND_US
"""For so long a line is not asked for again: a list names the same people on each of its rows."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `oversees`: the policies let him see alerts about staff."""

    name: str = ""
    oversees: bool = False


NOBODY = Viewer()


class Sight:
    """The predicate over one platform."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._about: dict[str, tuple[EventDef, Sequence[Value]] | None] = {}
        self._lines: dict[str, str | None] = {}
        self._lines_us = 0

    def may_see(self, viewer: Viewer, event: EventDef, values: Sequence[Value]) -> bool:
        """Whether a viewer may know of an event, by its declared type and its values."""
        if event.pack == PACK:
            return viewer.oversees and not self._concerns(viewer, event, values)
        if event.lifecycle is not None and event.lifecycle != "list_entry":
            about = self._decided(str(_named(event, values).get("decision", "")))
            return about is None or self.may_see(viewer, *about)
        return True

    def may_ask(self, viewer: Viewer, entity: str, value: str) -> bool:
        """Whether a viewer may ask what is kept of an entity: a person of the house, his peers, whom he looked at."""
        if not self.is_confidential(entity):
            return True
        if not viewer.oversees:
            return False
        return entity not in SUSPECTS or not self._is_close(viewer, value)

    def is_confidential(self, entity: str) -> bool:
        """Whether all that is kept of an entity comes of the pack."""
        features = self._platform.program.definitions.features.values()
        packs = {feature.pack for feature in features if feature.entities == (entity,)}
        return packs == {PACK}

    def _concerns(self, viewer: Viewer, event: EventDef, values: Sequence[Value]) -> bool:
        """Whether an event is about the viewer, or about somebody of his line."""
        named = _named(event, values)
        line = self.line_of(viewer.name)
        if line is not None and named.get(LINE) == line:
            return True
        return any(self._is_close(viewer, name) for name in suspects(event, values))

    def _is_close(self, viewer: Viewer, name: str) -> bool:
        if _folded(name) == _folded(viewer.name):
            return True
        line = self.line_of(viewer.name)
        return line is not None and self.line_of(name) == line

    def line_of(self, name: str) -> str | None:
        """The line that somebody answers in, as it was told last (a few seconds ago); None when nobody told."""
        now_us = self._platform.now_us()
        if not 0 <= now_us - self._lines_us < FRESH_US:
            self._lines.clear()
            self._lines_us = now_us
        if name not in self._lines:
            self._lines[name] = self._line_of(name)
        return self._lines[name]

    def _line_of(self, name: str) -> str | None:
        definitions: Definitions = self._platform.program.definitions
        if not name or LINE_FEATURE not in definitions.features:
            return None
        try:
            found = self._platform.entity_features("staff", name)
        except LookupError:
            return None
        line = found.get(LINE_FEATURE)
        return line if isinstance(line, str) else None

    def _decided(self, decision: str) -> tuple[EventDef, Sequence[Value]] | None:
        """The event that a decision was about, where it is one of the pack; None for all others."""
        if decision not in self._about:
            if len(self._about) >= _REMEMBERED:
                self._about.clear()
            self._about[decision] = self._look(decision)
        return self._about[decision]

    def _look(self, decision: str) -> tuple[EventDef, Sequence[Value]] | None:
        archive = self._platform.archive
        try:
            record = archive.decision(decision_seq(decision))
            event = archive.program(record.definitions).events[record.event_type].event
        except (ValueError, LookupError, Outdated):
            return None
        return (event, record.values) if event.pack == PACK else None


def suspects(event: EventDef, values: Sequence[Value]) -> tuple[str, ...]:
    """Whom an event of the pack is about: everybody of the house whom it names."""
    found = [
        str(value)
        for field, value in zip(event.fields, values, strict=True)
        if value is not None and (field.entity in SUSPECTS or field.name == SUSPECT)
    ]
    return tuple(dict.fromkeys(found))


def _named(event: EventDef, values: Sequence[Value]) -> Mapping[str, Value]:
    return {field.name: value for field, value in zip(event.fields, values, strict=True)}


def _folded(name: str) -> str:
    return name.strip().casefold()
