"""The transfers that make the patterns of a case: read from the records of its decisions, which name them.

Of each pattern the newest of the case's decisions that completes it is told: those before it are mostly a part of it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from jindi.packs import PatternDef, Words
from jindi.parties.patterns import Feeds
from jindi.run.archive import Archive, Outdated
from jindi.run.records import DecisionRecord, decision_id
from jindi.run.shapes import ShapeRecord

DECISIONS_READ: Final = 50
"""So many of a case's decisions are looked into, the newest: a case may have hundreds, and the lane goes first."""

_REST_EVERY: Final = 8


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer of a pattern. `payer` and `payee` are named by what they are and their value, `user:u1`."""

    decision_id: str
    at_us: int
    event_type: str
    payer: str
    payee: str
    amount_minor: int
    currency: str
    outcome: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern that a decision's transfer completed. `count` is of how many transfers; `legs` are the newest of them,
    in the order of arrival, the last one the decision's own. `times` is how many decisions that were looked into
    completed it.
    """

    pattern: str
    doc: Words
    decision_id: str
    count: int
    legs: tuple[Leg, ...]
    times: int


async def shapes_of(archive: Archive, seqs: Iterable[int]) -> tuple[Shape, ...]:
    """The patterns of some decisions, given the newest first; what can't be read is left out."""
    newest: dict[str, tuple[int, DecisionRecord, ShapeRecord]] = {}
    times: dict[str, int] = {}
    for number, seq in enumerate(list(seqs)[:DECISIONS_READ]):
        if (record := _decision(archive, seq)) is not None:
            for shape in record.shapes:
                newest.setdefault(shape.pattern, (seq, record, shape))
                times[shape.pattern] = times.get(shape.pattern, 0) + 1
        if number % _REST_EVERY == 0:
            await asyncio.sleep(0)
    found = []
    for name, (seq, record, shape) in sorted(newest.items()):
        pattern = _pattern(archive, record, name)
        if pattern is not None:
            legs = await _legs(archive, pattern, shape)
            found.append(Shape(name, pattern.doc, decision_id(seq), shape.count, legs, times[name]))
    return tuple(found)


async def _legs(archive: Archive, pattern: PatternDef, shape: ShapeRecord) -> tuple[Leg, ...]:
    found: list[Leg] = []
    for number, seq in enumerate(shape.seqs):
        if (record := _decision(archive, seq)) is not None:
            found += _legs_of(archive, pattern, seq, record)
        if number % _REST_EVERY == 0:
            await asyncio.sleep(0)
    return tuple(found)


def _legs_of(archive: Archive, pattern: PatternDef, seq: int, record: DecisionRecord) -> list[Leg]:
    """A record as the transfer that it is, under the fields of its own time."""
    mine = [feed for feed in pattern.of if feed.event == record.event_type]
    try:
        event = archive.event(record.definitions, record.event_type)
        feeds = [Feeds([replace(pattern, of=(feed,))], {record.event_type: event}) for feed in mine]
    except (Outdated, LookupError):
        return []  # its fields were others then
    return [
        Leg(
            decision_id(seq), each.at_us, record.event_type, each.payer, each.payee, each.amount_minor, each.currency,
            record.verdict.outcome,
        )
        for feed in feeds
        for each in feed.transfers(record.event_type, record.values, record.as_of_us, seq)
    ]  # fmt: skip


def _decision(archive: Archive, seq: int) -> DecisionRecord | None:
    try:
        return archive.decision(seq)
    except LookupError:
        return None  # it is not on disk yet


def _pattern(archive: Archive, record: DecisionRecord, name: str) -> PatternDef | None:
    """A pattern as it was when a decision spoke of it."""
    try:
        return archive.program(record.definitions).definitions.patterns.get(name)
    except (Outdated, LookupError):
        return None
