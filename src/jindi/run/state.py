"""A lane's state: what the next event is seen against. Everything here can be rebuilt from the journal.

`step` takes one event through gather and decide and applies it; `apply` does to the state what a journalled
decision did. Recovery is `apply` over the tail, so a recovered state is the state that was lost.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from jindi.basics.instants import MINUTE_US, start_of_day
from jindi.basics.problems import Problem
from jindi.engine import Decision, EventProgram, Program, decide
from jindi.features import Windows
from jindi.language import Value, time_words
from jindi.packs import OUTCOMES, EventDef, Outcome
from jindi.run.answered import Answered, fingerprint
from jindi.run.approvals.book import Book
from jindi.run.events import Event, Scalars, field_order
from jindi.run.incidents.book import Incidents
from jindi.run.intake import Refused
from jindi.run.lists import Lists
from jindi.run.openings import Opening, Openings, Status
from jindi.run.records import DecisionRecord, decision_seq
from jindi.run.requests import Requests
from jindi.run.screening.book import MATCH, VERDICT, Screened
from jindi.run.screening.book import PACK as SCREENING_PACK
from jindi.run.trail import Trail
from jindi.run.versions import Ledger, Watch

_NOTHING: frozenset[str] = frozenset()

STAFF = "staff"
"""The pack whose casework are alerts about staff."""

FINDING = "finding"
"""The lifecycle of events that say what a decision's event turned out to be."""

LIST_ENTRY = "list_entry"
"""The lifecycle, and the type in the pack `core`, of events that change a list."""

DEEDS = frozenset({"release", "recall", "verdict", LIST_ENTRY})
"""Events of a decision's life that a person sends."""


class Fed(Protocol):
    """What takes events in: the windows themselves, or a feeder before them."""

    def feed(self, event_type: str, as_of_us: int, values: Scalars) -> None:
        """Feed an event to what counts attempts."""

    def keep(self, event_type: str, as_of_us: int, values: Scalars) -> None:
        """Feed an event to what counts accepted ones."""


class Gathered(msgspec.Struct, frozen=True, gc=False):
    """Everything that `decide` sees of an event, and when it is taken to have happened."""

    as_of_us: int
    late: bool
    facts: Sequence[Value]
    base: Sequence[Value]
    absent: frozenset[str]


class Gatherer:
    """Fills the slots of one event type that are neither fields nor features: words of the clock in the
    pack's zone, limits of the day, memberships of lists.
    """

    def __init__(self, ep: EventProgram) -> None:
        self.ep = ep
        self._fields = len(ep.fields)
        places = {name: place for place, name in enumerate((*ep.fields, *ep.windows))}
        self._members = tuple((places[member.name], member.list_name) for member in ep.members)
        self._from_us = self._until_us = 0
        self.is_timeless = not ep.limits
        self.late_after_us = ep.event.late_after_us
        self._minute = -1
        self._words: list[Value] = []
        # All words but the instant itself stay the same for a minute.
        self._minute_us = 1 if "at" in ep.time_words else MINUTE_US
        self._limit_values: tuple[Value, ...] = ()

    def base(self, values: Sequence[Value], features: Sequence[Value], as_of_us: int, lists: Lists) -> list[Value]:
        """All slots but the derived ones, in the program's order."""
        ep = self.ep
        slots = list(values)
        if ep.time_words:
            slots += self._words_at(as_of_us)
        slots += self._limit_values
        for place, list_name in self._members:
            value = values[place] if place < self._fields else features[place - self._fields]
            if value is None:
                slots.append(None)
            else:
                # Nearly every value is on no list: the look-up that says so is made here, without a call.
                slots.append(value in lists.entries[list_name] and lists.holds(list_name, str(value), as_of_us))
        slots += features
        return slots

    def _words_at(self, as_of_us: int) -> list[Value]:
        if as_of_us // self._minute_us != self._minute:
            words = time_words(as_of_us, self.ep.zone)
            self._words = [words[word] for word in self.ep.time_words]
            self._minute = as_of_us // self._minute_us
        return self._words

    def timed(self, as_of_us: int) -> list[Value]:
        """The slots behind the fields that an instant alone decides: words of the clock, then limits of its day.
        Raises LookupError when a limit has no value yet.
        """
        self.turn_to(as_of_us)
        return [*self._words_at(as_of_us), *self._limit_values]

    def turn_to(self, as_of_us: int) -> None:
        """Take the limits of an instant's day. Raises LookupError when one has no value yet."""
        if self.ep.limits and not self._from_us <= as_of_us < self._until_us:
            day = self.ep.day(as_of_us)
            self._limit_values = self.ep.limits_on(day)
            self._from_us = start_of_day(day, self.ep.zone)
            self._until_us = start_of_day(day + timedelta(days=1), self.ep.zone)


class State:
    """One lane's windows, lists, open decisions and answered ids, under one program."""

    def __init__(
        self, program: Program, windows: Windows, lists: Lists, openings: Openings, answered: Answered
    ) -> None:
        self.program, self.windows, self.lists = program, windows, lists
        self.openings, self.answered = openings, answered
        self.ledger, self.trail, self.approvals, self.requests = Ledger(), Trail(), Book(), Requests()
        self.deeds = Trail()
        """Where the events stand by which people settled a decision or changed a list."""
        self.alerts = Trail()
        """Where events of staff stand that somebody is to look at."""
        self.casework = Trail()
        """Where that stands of which cases are made: all other decisions that did not allow, and steps with cases."""
        self.incidents = Incidents()
        """How incidents stand: few, so all of them are here."""
        self.screened = Screened()
        """Matches with watch lists, and what became of them."""
        self.watch = Watch()
        self._fed: Fed = windows
        self.high_us = 0
        self.next_seq = 0
        self.definitions_seq = -1
        self.warming: frozenset[str] = frozenset()
        self._gatherers = {name: Gatherer(ep) for name, ep in program.events.items()}
        self._of_staff = frozenset(name for name, ep in program.events.items() if ep.event.pack == STAFF)
        self._screening = {
            name: ep.event
            for name, ep in program.events.items()
            if name in (MATCH, VERDICT) and ep.event.pack == SCREENING_PACK
        }
        self._filled = {
            name: frozenset(place for place, field in enumerate(ep.event.fields) if field.is_filled)
            for name, ep in program.events.items()
        }
        self._lifecycles = {name: ep.event.lifecycle for name, ep in program.events.items()}
        accepted = [feature for feature in program.definitions.features.values() if feature.counts == "accepted"]
        self._kept = frozenset(name for feature in accepted for name in feature.of)

    @classmethod
    def fresh(cls, program: Program, windows: Windows) -> "State":
        """The state before any event."""
        return cls(program, windows, Lists(program.definitions), Openings(), Answered())

    def under(self, program: Program, windows: Windows, warming: frozenset[str]) -> "State":
        """This state under other definitions; `warming` names the features that have not caught up yet."""
        self.lists.adopt(program.definitions)
        then, today = self.program.definitions, program.definitions
        self.openings.reorder({name: field_order(then, today, name) for name in then.events})
        state = State(program, windows, self.lists, self.openings, self.answered)
        state.high_us, state.next_seq, state.warming = self.high_us, self.next_seq, warming
        state.ledger, state.trail, state.watch = self.ledger, self.trail, Watch(self.watch.watched)
        state.approvals, state.requests = self.approvals, self.requests
        state.deeds, state.alerts, state.casework = self.deeds, self.alerts, self.casework
        state.incidents, state.screened = self.incidents, self.screened
        return state

    def feed_through(self, fed: "Fed") -> None:
        """From now on feed the windows through this (a replay hands events over in blocks)."""
        self._fed = fed

    def take(self, windows: Windows) -> None:
        """Go on with these windows, which have seen the same events."""
        self.windows = self._fed = windows
        self.warming = frozenset()

    def is_same(self, event: Event, other: Event) -> bool:
        """Whether two events of one id say the same. What the platform fills is not the sender's: a watch list that
        changed between two tries makes no other event.
        """
        if event.content == other.content:
            return True
        filled = self._filled.get(event.type)
        if not filled or (event.type, event.at_us) != (other.type, other.at_us):
            return False
        return len(event.values) == len(other.values) and all(
            ours == theirs or place in filled
            for place, (ours, theirs) in enumerate(zip(event.values, other.values, strict=True))
        )

    def refusal(self, event: Event) -> Problem | None:
        """Why an event that reads well still can't be taken now; None when it can."""
        if self._lifecycles[event.type] is None:
            return None
        definition = self.program.events[event.type].event
        assert definition.lifecycle is not None, "asked just now"
        fields = _named(definition, event.values)
        if definition.lifecycle == "list_entry":
            if fields["list"] not in self.lists:
                return Problem("event", "list", "no list of this name is declared", "name a list of the packs")
            return None
        try:
            seq = decision_seq(str(fields["decision"]))
        except ValueError as error:
            return Problem("event", "decision", str(error), "give the decision_id of the answer")
        if definition.lifecycle == FINDING:
            # It speaks of any decision, also of one that is final, and settles none.
            known = seq < self.next_seq
            return None if known else Problem("event", "decision", "there is no such decision yet", "look up its id")
        if (reason := self.openings.refusal(seq, definition.lifecycle)) is not None:
            return Problem("event", "decision", reason, "read the decision's status first")
        if definition.lifecycle == "challenge_result" and not self._is_same_user(seq, str(fields["user"])):
            # Else whoever passes a challenge of his own could exempt another.
            return Problem("event", "user", "the challenge was not this user's", "name the user who was challenged")
        return None

    def _is_same_user(self, seq: int, user: str) -> bool:
        """Whether a waiting decision's event was this user's; an event without a user is anybody's."""
        opening = self.openings.waiting(seq)
        definition = (
            self.program.events[opening.event_type].event if opening.event_type in self.program.events else None
        )
        if definition is None:
            return True
        named = _named(definition, opening.values)
        return named["user"] == user if "user" in named else True

    def gather(self, event: Event, *, feed: bool, deadline_passed: bool = False) -> Gathered:
        """All facts of an event as of now; with `feed` the event becomes part of the windows.

        Raises Refused, and changes nothing, when the windows can't take the event or a limit has no value yet.
        """
        gatherer = self._gatherers[event.type]
        as_of_us = max(event.at_us, self.high_us)
        self._turn(gatherer, as_of_us)
        read = self.windows.observe if feed else self.windows.read
        try:
            features: Sequence[Value] = read(event.type, as_of_us, event.values)
        except OverflowError as error:
            raise Refused([Problem("event", event.type, str(error), "the sums of its windows are full")]) from None
        absent = _NOTHING
        if deadline_passed or self.warming:
            windows = gatherer.ep.windows
            absent = frozenset(name for name in windows if deadline_passed or name in self.warming)
        return self._assembled(gatherer, event, as_of_us, features, absent)

    def gather_with(
        self, event: Event, features: Sequence[Value], absent: frozenset[str] = _NOTHING
    ) -> Gathered:  # fmt: skip
        """`gather` with the window features already read (and the event fed), as batches do; `absent` are those of
        them that could not be had.
        """
        gatherer = self._gatherers[event.type]
        as_of_us = max(event.at_us, self.high_us)
        self._turn(gatherer, as_of_us)
        return self._assembled(gatherer, event, as_of_us, features, absent)

    def _turn(self, gatherer: Gatherer, as_of_us: int) -> None:
        if gatherer.is_timeless:
            return
        try:
            gatherer.turn_to(as_of_us)
        except LookupError as error:
            raise Refused([Problem("event", "at", str(error), "give the limit a value for that day")]) from None

    def _assembled(
        self, gatherer: Gatherer, event: Event, as_of_us: int, features: Sequence[Value], absent: frozenset[str]
    ) -> Gathered:
        ep = gatherer.ep
        if absent:
            features = [None if name in absent else value for name, value in zip(ep.windows, features, strict=True)]
        late = event.at_us + gatherer.late_after_us < self.high_us
        base = gatherer.base(event.values, features, as_of_us, self.lists)
        return Gathered(as_of_us, late, ep.complete(base, absent), base, absent)

    def accepts(self, event_type: str) -> bool:
        """Whether events of a type feed what counts accepted events, so that decisions come back into features."""
        return event_type in self._kept

    def decide(self, event: Event, gathered: Gathered) -> Decision:
        """The pure verdict over gathered facts."""
        return decide(self.program.events[event.type], gathered.facts, gathered.absent)

    def applied(
        self,
        seq: int,
        event: Event,
        as_of_us: int,
        outcome: Outcome,
        wait_us: int | None,
        mark: tuple[int, int] | None = None,
    ) -> None:
        """What a decision does to everything but the windows' attempts, which `gather` has fed already."""
        self.high_us = as_of_us
        self.next_seq = seq + 1
        self.answered.add(mark or fingerprint(event.id), seq, as_of_us)
        lifecycle = self._lifecycles[event.type]
        if event.type in self._screening:
            self.screened.note(event.type, seq, _named(self._screening[event.type], event.values), as_of_us)
        if outcome is Outcome.ALLOW:
            if event.type in self._kept:
                self._fed.keep(event.type, as_of_us, event.values)
        elif event.type in self._of_staff:
            self.alerts.put(seq)
        else:
            self.casework.put(seq)
        if outcome is not Outcome.ALLOW and outcome is not Outcome.DENY:
            due_us = as_of_us + wait_us if outcome is Outcome.DELAY and wait_us is not None else None
            self.openings.add(Opening.of(seq, event.type, event.values, outcome, as_of_us, due_us))
        if lifecycle is not None and outcome is Outcome.ALLOW:
            if lifecycle in DEEDS:
                self.deeds.put(seq)
            # Follow-ups have policies, too: one that was not let through changes nothing.
            definition = self.program.events[event.type].event
            self._follow_up(definition, _named(definition, event.values), as_of_us)
        if seq % 4096 == 0:
            self.openings.expire(as_of_us)

    def _follow_up(self, definition: EventDef, fields: dict[str, Value], as_of_us: int) -> None:
        if definition.lifecycle == "list_entry":
            expires = fields.get("expires")
            self.lists.change(
                str(fields["list"]), str(fields["value"]), add=fields["action"] == "add",
                expires_us=int(expires) if isinstance(expires, int) else None,
            )  # fmt: skip
            return
        if definition.lifecycle == FINDING:
            return
        seq = decision_seq(str(fields["decision"]))
        if self.openings.refusal(seq, definition.lifecycle or "") is not None:
            return
        status, accepted = _became(definition.lifecycle or "", fields)
        opening = self.openings.settle(seq, status)
        if accepted and opening.event_type in self._kept:
            self._fed.keep(opening.event_type, as_of_us, opening.values)

    def enlist(self, event: Event) -> Problem | None:
        """Do what an event says about a list, if it does, where no decision has a place in a journal (batches)."""
        definition = self.program.events[event.type].event
        if definition.lifecycle != "list_entry":
            return None
        if (problem := self.refusal(event)) is None:
            self._follow_up(definition, _named(definition, event.values), event.at_us)
        return problem

    def apply(self, seq: int, record: DecisionRecord, values: Scalars | None) -> None:
        """Do to the state what a journalled decision did. `values` are the event's in the order of today's
        fields; None when its type is gone, and then only its id and its time are kept.
        """
        if values is None:
            self.high_us, self.next_seq = record.as_of_us, seq + 1
            self.answered.add(fingerprint(record.event_id), seq, record.as_of_us)
            if record.verdict.outcome:  # cases are made of the definitions of its time, which know its type
                self.casework.put(seq)
            return
        event = Event(record.event_id, record.event_type, record.at_us, values)
        self._fed.feed(record.event_type, record.as_of_us, values)
        self.applied(seq, event, record.as_of_us, OUTCOMES[record.verdict.outcome], record.verdict.wait_us)


def _became(lifecycle: str, fields: dict[str, Value]) -> tuple[Status, bool]:
    """The status that a follow-up gives, and whether the event now counts as accepted.

    A passed challenge doesn't: its retry is a new event and counts by itself.
    """
    match lifecycle:
        case "challenge_result":
            return ("passed" if fields["passed"] else "failed"), False
        case "release":
            return "released", True
        case "recall":
            return "recalled", False
        case _:
            accepted = fields["verdict"] == "accept"
            return ("accepted" if accepted else "rejected"), accepted


def _named(definition: EventDef, values: Sequence[Value]) -> dict[str, Any]:
    return {field.name: value for field, value in zip(definition.fields, values, strict=True)}
