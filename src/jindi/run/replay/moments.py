"""The definitions of a moment, and a decision made again on the facts that the journal holds for it.

What is made again by facts: the definitions in force, `as_of`, `late`, words of the clock, limits of the day, derived
features, scores of models, the verdicts of the live and of all shadow policies. What is taken as given: the event, when
it was received, window features, list memberships, and which inputs were away.
"""

from typing import Any

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.basics.problems import Problems
from jindi.engine import EventProgram, Program, decide
from jindi.language import Kind, Value
from jindi.run.archive import Archive
from jindi.run.events import Scalars
from jindi.run.records import DecisionRecord, DefinitionsRecord, decode, encode_decision, source_of
from jindi.run.replay.causes import Cause, compare
from jindi.run.state import Gatherer

NO_DECISION = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
"""What facts that no platform could have written raise while they are decided."""

_PYTHON: dict[Kind, tuple[type, ...]] = {
    Kind.INT: (int,), Kind.MONEY: (int,), Kind.DURATION: (int,), Kind.TIME: (int,), Kind.RATIO: (float, int),
    Kind.BOOL: (bool,), Kind.TEXT: (str,), Kind.TOKEN: (str,),
}  # fmt: skip


class Before(msgspec.Struct):
    """What is known before a record: the definitions in force, and the lane's high-water mark."""

    definitions: int = -1
    high_us: int = 0


class Remade(msgspec.Struct, frozen=True, gc=False):
    """A decision's record made again, and all facts that were decided on."""

    raw: bytes
    facts: list[Value]


class Moments:
    """A journal's definitions, each proved by its digest and compiled once."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._causes: dict[int, tuple[Cause, ...]] = {}
        self._gatherers: dict[tuple[int, str], Gatherer] = {}
        self._signatures: dict[tuple[int, str], set[tuple[type, ...]]] = {}

    def over(self, archive: Archive) -> "Moments":
        """The same through another view of the journal, with what is known already."""
        other = Moments(archive)
        other._causes, other._gatherers = self._causes, self._gatherers
        return other

    def before(self, first: int) -> Before:
        """What was known before a record."""
        found = Before()
        for seq in range(first - 1, -1, -1):
            try:
                record = decode(self.archive.raw(seq))
            except (ValueError, IndexError):
                continue
            if isinstance(record, DefinitionsRecord):
                found.definitions = max(found.definitions, seq)
            elif isinstance(record, DecisionRecord):
                found.definitions = max(found.definitions, record.definitions)
                found.high_us = record.as_of_us
                break
        return found

    def causes(self, seq: int) -> tuple[Cause, ...]:
        """What is wrong with a definitions record: a text that has another digest, or that can't be compiled."""
        if seq not in self._causes:
            self._causes[seq] = self._judged(seq)
        return self._causes[seq]

    def _judged(self, seq: int) -> tuple[Cause, ...]:
        try:
            record = decode(self.archive.raw(seq))
        except (ValueError, IndexError):
            return (Cause("unreadable"),)
        except LookupError:
            return (Cause("definitions", "the journal has no such record", seq),)
        if not isinstance(record, DefinitionsRecord):
            return (Cause("definitions", "the record that is named holds none", seq),)
        try:
            found = digest(canonical(dict(source_of(record))))
        except Exception as error:  # noqa: BLE001 - packed bytes that somebody changed fail in many ways
            return (Cause("unreadable", type(error).__name__),)
        if found != record.digest:
            return (Cause("definitions", "digest", record.digest, found),)
        try:
            self.archive.program(seq)
        except Problems as problems:
            first = (problems.problems[1:] or problems.problems)[0]  # what stands before it only says that they don't
            return (Cause("definitions", "they don't load", record.digest, str(first)),)
        return ()

    def program(self, seq: int) -> Program | None:
        """The program of a definitions record; None when there is none that could be compiled.

        A text with another digest than the record says is still the text that is there.
        """
        causes = self.causes(seq)
        if not causes or causes[0].name == "digest":
            try:
                return self.archive.program(seq)
            except Problems:
                return None
        return None

    def gatherer(self, definitions: int, ep: EventProgram) -> Gatherer:
        """What fills the slots that an instant alone decides."""
        key = (definitions, ep.event.name)
        if key not in self._gatherers:
            self._gatherers[key] = Gatherer(ep)
        return self._gatherers[key]

    def misfit(self, definitions: int, ep: EventProgram, values: Scalars) -> Cause | None:
        """Why values can't be those of an event's fields; None when they can."""
        signature = tuple(map(type, values))
        known = self._signatures.setdefault((definitions, ep.event.name), set())
        if signature in known:
            return None
        fields = ep.event.fields
        if len(values) != len(fields):
            return Cause("event", "number of fields", len(values), len(fields))
        for field, kind in zip(fields, signature, strict=True):
            if kind not in (*_PYTHON[field.type.kind], type(None)):
                return Cause("event", field.name, kind.__name__, str(field.type.kind))
        known.add(signature)
        return None


def remade_by_facts(moments: Moments, before: Before, record: DecisionRecord, raw: bytes) -> tuple[Cause, ...]:
    """Decide a journalled event again on its journalled facts; () when the record's bytes come out as they stand."""
    found = _program(moments, before, record)
    if not isinstance(found, EventProgram):
        return (found,)
    ep = found
    try:
        remade = _decided(moments, ep, before, record)
    except NO_DECISION as error:
        return (Cause("undecidable", type(error).__name__),)
    return verdict_of(ep, record, raw, remade)


def _program(moments: Moments, before: Before, record: DecisionRecord) -> EventProgram | Cause:
    """The program of a record's event type under the definitions in force, if its values fit it."""
    program = moments.program(before.definitions)
    if program is None:
        return Cause("definitions", "they can't be had", record.definitions, before.definitions)
    ep = program.events.get(record.event_type)
    if ep is None:
        return Cause("event", "no such type under these definitions", record.event_type)
    return moments.misfit(before.definitions, ep, record.values) or ep


def _decided(moments: Moments, ep: EventProgram, before: Before, record: DecisionRecord) -> Remade:
    as_of_us = max(record.at_us, before.high_us)
    late = record.at_us + ep.event.late_after_us < before.high_us
    base: list[Any] = [*record.values, *record.facts]
    if not ep.time_words and not ep.limits:
        timed: list[Value] = []
    else:
        timed = moments.gatherer(before.definitions, ep).timed(as_of_us)
    base[len(ep.fields) : len(ep.fields) + len(timed)] = timed
    if len(base) != ep.base_count:
        raise ValueError("another number of facts")
    absent = frozenset(record.absent)
    facts = ep.complete(base, absent)
    decision = decide(ep, facts, absent)
    raw = encode_decision(
        before.definitions, as_of_us, record.received_us, record.event, base[len(record.values) :], sorted(absent),
        late, decision, record.shapes,  # which transfers there were, only a state that is rebuilt can tell
    )  # fmt: skip
    return Remade(raw, facts)


def verdict_of(ep: EventProgram, record: DecisionRecord, raw: bytes, remade: Remade) -> tuple[Cause, ...]:
    """() when the bytes are the same, else why not."""
    if remade.raw == raw:
        return ()
    again = decode(remade.raw)
    assert isinstance(again, DecisionRecord), "it was encoded as one"
    return compare(ep, record, again, remade.facts)
