"""How records of the journal become standings: a fold, so that it can be made again at any time.

Records of the few event types that matter are told apart by their bytes before they are decoded: a payment costs a look
for some words in half a thousand bytes, and no more.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from jindi import journal
from jindi.language import Value
from jindi.packs import OUTCOMES, Definitions, Outcome, RatingDef
from jindi.parties.rating import (
    Assessed,
    Override,
    Standing,
    assess,
    assessed,
    classed,
    missed,
    opened,
    overridden,
    reviewed,
    told,
    unread,
    wished,
    with_document,
)
from jindi.ports import RatedRow, RatingStore
from jindi.run.archive import Archive, Outdated
from jindi.run.follower import AT_ONCE, Taking
from jindi.run.rating.clocks import Clocks
from jindi.run.records import DECISION, DEFINITIONS, DecisionRecord, decode

PACK: Final = "diligence"
"""The pack whose events say what the platform and its people did; another pack's events of these names say nothing."""

RATING, REVIEW, DUE, PROFILE = "customer_rating", "customer_review", "customer_review_due", "customer_profile"
DOCUMENT: Final = "document_until"
CLASS: Final = "account_class"
SUBJECT: Final = "user"
PASSED_OVER: Final = 64
"""So many records are passed over between two rests; that takes about as long as a few that are decoded."""
BY_HAND: Final = "by_hand"


def standing_of(body: bytes) -> Standing:
    """A standing as it is kept."""
    return msgspec.msgpack.decode(body, type=Standing)


class Reading:
    """What one set of definitions says about rating; `scheme` None: nothing."""

    def __init__(self, definitions: Definitions | None) -> None:
        self.scheme: RatingDef | None = None if definitions is None else definitions.rating
        self.types: frozenset[str] = frozenset()
        self.subjects: dict[str, str] = {}
        if definitions is None or self.scheme is None:
            return
        self.clocks = Clocks(definitions, self.scheme)
        ours = {each for each in (RATING, REVIEW, DUE, PROFILE) if _is_ours(definitions, each)}
        self.types = frozenset({self.scheme.on, *self.scheme.opens, *self.scheme.again, *ours})
        self.subjects = {
            name: next(field.name for field in definitions.events[name].fields if field.entity == SUBJECT)
            for name in self.types
        }


def is_allowed(record: DecisionRecord) -> bool:
    """Whether an event went through as it came."""
    return OUTCOMES[record.verdict.outcome] is Outcome.ALLOW


def _is_ours(definitions: Definitions, name: str) -> bool:
    return name in definitions.events and definitions.events[name].pack == PACK


def facts_of(archive: Archive, record: DecisionRecord) -> tuple[Mapping[str, Value], frozenset[str]]:
    """The facts that a decision saw, by their names, and those that were not there to be seen."""
    ep = archive.program(record.definitions).events[record.event_type]
    absent = frozenset(record.absent)
    facts = ep.complete([*record.values, *record.facts], absent)
    return {name: facts[place] for name, place in ep.index.items()}, absent


def asked_of(scheme: RatingDef) -> frozenset[str]:
    """The facts that a scheme asks for."""
    tellings = (*scheme.mitigations, *scheme.directs)
    return frozenset({each.of for each in scheme.factors} | {each.of for each in tellings})


def assessment(archive: Archive, record: DecisionRecord, scheme: RatingDef) -> Assessed | None:
    """What the facts of an assessment come to; None when some of them were not there to be seen."""
    facts, absent = facts_of(archive, record)
    return None if absent & asked_of(scheme) else assess(scheme, facts)


class Reader:
    """Reads the decisions of a journal that matter, each with what its own definitions say."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._readings: dict[int, Reading] = {}

    def reading(self, definitions_seq: int) -> Reading:
        """What the definitions at a place say about rating."""
        if definitions_seq not in self._readings:
            try:
                found = Reading(self.archive.program(definitions_seq).definitions if definitions_seq >= 0 else None)
            except Outdated:
                found = Reading(None)
            self._readings[definitions_seq] = found
        return self._readings[definitions_seq]

    def decisions(
        self, begin: int, end: int, rest: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[int, DecisionRecord]]:  # fmt: skip
        """The decisions between two places that may matter; `rest` is called after every few records."""
        types = self.reading(self.archive.in_force(begin) if begin else -1).types
        words, count = _words(types), 0
        for frame in self.archive.log.read(begin):
            if frame.first >= end:
                return
            for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                if not begin <= seq < end:
                    continue
                if raw[1] == DEFINITIONS:  # a record's second byte is its kind
                    types = types | self.reading(seq).types
                    words = _words(types)
                elif raw[1] == DECISION and words.search(raw):
                    record = decode(raw)
                    assert isinstance(record, DecisionRecord), "its kind says so"
                    if record.event_type in types:
                        yield seq, record
                count += 1
                if count % PASSED_OVER == 0:
                    rest()


def standings(archive: Archive, end: int) -> list[Standing]:
    """All customers as a journal's records before `end` leave them, kept nowhere."""
    reader = Reader(archive)
    fold = Fold(lambda _: None, reader)
    for seq, record in reader.decisions(0, end):
        fold.take(seq, record)
    return fold.standings()


class RatingTaking(Taking[RatingStore]):
    """Takes a journal into the store of standings."""

    DROPPED_AT_ONCE = 1

    def __init__(
        self, archive: Archive, store: RatingStore, keep_us: int, rest_s: float = 0.0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        super().__init__(archive, store, keep_us, rest_s, is_stopping)
        self._reader = Reader(archive)

    def over(self, archive: Archive, store: RatingStore) -> None:
        """Go on with another view of the same journal, or another store."""
        if archive is not self._archive:
            self._reader = Reader(archive)
        super().over(archive, store)

    def sweep(self, now_us: int, count: int) -> None:
        """Nothing is too old: who is a customer is rated, and who was one is kept as long as his identity data is."""

    def _decisions(self, begin: int, end: int) -> Iterator[tuple[int, DecisionRecord]]:
        """The decisions between two places that may matter, with a rest after every few. Raises Stopping."""
        return self._reader.decisions(begin, end, self._rest)

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        fold = Fold(self._store.one, self._reader)
        for count, (seq, record) in enumerate(decisions, 1):
            fold.take(seq, record)
            if count % AT_ONCE == 0:
                self._store.put(fold.rows(), fold.steps, seq + 1, self._mark(seq + 1))
                fold = Fold(self._store.one, self._reader)
        self._store.put(fold.rows(), fold.steps, end, self._mark(end))


class Fold:
    """Some decisions, one after the other, over what is kept of the customers whom they are about."""

    def __init__(self, kept: Callable[[str], bytes | None], reader: Reader) -> None:
        self._kept, self._archive, self._reading = kept, reader.archive, reader.reading
        self._standings: dict[str, Standing | None] = {}
        self.steps: list[tuple[str, int]] = []

    def standings(self) -> list[Standing]:
        """Whoever was touched, as he stands now."""
        return [each for each in self._standings.values() if each is not None]

    def rows(self) -> list[RatedRow]:
        """The same, as they are kept."""
        return [_row(each) for each in self.standings()]

    def take(self, seq: int, record: DecisionRecord) -> None:
        """One decision. What was denied begins nothing and changes nothing."""
        reading = self._reading(record.definitions)
        name = record.event_type
        if reading.scheme is None or name not in reading.types or OUTCOMES[record.verdict.outcome] is Outcome.DENY:
            return
        names = (field.name for field in self._archive.fields(record.definitions, name))
        fields = dict(zip(names, record.values, strict=True))
        user = fields[reading.subjects[name]]
        if user is None:
            return
        standing = self._of(str(user))
        if standing is None and name in reading.scheme.opens:
            first_due_us = reading.clocks.first_due_us(record.as_of_us)
            self._standings[str(user)] = opened(str(user), seq, record.as_of_us, first_due_us)
        elif standing is not None:
            self._standings[str(user)] = self._after(standing, seq, record, reading, fields)

    def _of(self, user: str) -> Standing | None:
        if user not in self._standings:
            body = self._kept(user)
            self._standings[user] = None if body is None else standing_of(body)
        return self._standings[user]

    def _after(
        self, standing: Standing, seq: int, record: DecisionRecord, reading: Reading, fields: Mapping[str, Value]
    ) -> Standing:  # fmt: skip
        """A customer's standing after an event about him."""
        assert reading.scheme is not None, "asked before"
        name, at_us = record.event_type, record.as_of_us
        if isinstance(until_us := fields.get(DOCUMENT), int):
            standing = with_document(standing, until_us)
        if is_allowed(record) and fields.get("passed", True) and isinstance(given := fields.get(CLASS), str):
            standing = classed(standing, given, at_us)
        if name == reading.scheme.on:
            return self._assessed(standing, seq, record, reading)
        if name == REVIEW:
            self.steps.append((standing.user, seq))
            return reviewed(standing, seq)
        if name == RATING:
            self.steps.append((standing.user, seq))
            return _rated(standing, fields, at_us, reading.clocks.review_us(at_us))
        if name == DUE:
            due_us = fields["due"]
            return missed(standing, due_us) if isinstance(due_us, int) else standing
        return wished(standing, "again", seq) if name in reading.scheme.again else standing

    def _assessed(self, standing: Standing, seq: int, record: DecisionRecord, reading: Reading) -> Standing:
        assert reading.scheme is not None, "asked before"
        found = assessment(self._archive, record, reading.scheme)
        if found is None:
            return unread(standing, seq)
        self.steps.append((standing.user, seq))
        return assessed(standing, found, seq, record.as_of_us, reading.clocks.review_us(record.as_of_us))


def _rated(
    standing: Standing, fields: Mapping[str, Value], at_us: int, review_us: Mapping[str, int]
) -> Standing:  # fmt: skip
    """An event told of a level. By hand it is what counts from now on."""
    level = str(fields["risk_level"])
    if fields["how"] != BY_HAND:
        return told(standing, level)
    by, second, reason = (str(fields.get(each) or "") for each in ("by", "second", "reason"))
    return overridden(standing, Override(level, by, second, reason, at_us), review_us)


def _row(standing: Standing) -> RatedRow:
    due_us = standing.must_by_us
    return RatedRow(
        standing.user, standing.effective, due_us, bool(standing.wish) or standing.is_untold,
        standing.told_due_us >= due_us, msgspec.msgpack.encode(standing),
    )  # fmt: skip


def _words(types: frozenset[str]) -> re.Pattern[bytes]:
    """What a record of these types has in its bytes; nothing is found where there are no types."""
    return re.compile(b"|".join(re.escape(each.encode()) for each in sorted(types)) or rb"(?!)")
