"""The roster: every entry of every list with its source, its end, who changed it last and why, from the journal.

What a decision sees are the entries of `run.lists`, and so are the members here. Who put them there stands in the
journal alone: the roster reads the places where people's deeds stand, once, and goes on from there.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Final, Literal

from jindi.basics.instants import DAY_US, SECOND_US
from jindi.journal import Batch
from jindi.packs import Definitions, ListDef, Words
from jindi.run.archive import Archive, Outdated
from jindi.run.records import DecisionRecord, decode
from jindi.run.state import STAFF
from jindi.vault import is_token, kind_of

if TYPE_CHECKING:
    from jindi.run.lane import Decided, Lane
    from jindi.run.platform import Platform

SOON_US: Final = 7 * DAY_US
"""What ends within this time ends soon."""

READ_AT_ONCE: Final = 20_000
"""Places that one look reads at the most; a page that is behind says so."""

KEEP_S: Final = 5.0

FEW: Final = 1_000
"""As many of the first are looked for one by one; for more all are put in order."""

FRESH_US: Final = 5 * SECOND_US
"""For so long hits are not counted again."""

State = Literal["live", "expired", "removed"]
STATES: Final = ("live", "soon", "forever", "expired", "removed")
"""What entries may be asked for by."""

ORDERS: Final = ("changed", "expiry", "value", "hits")
"""In which order they come: the newest change, the nearest end, their names, or what they hit most."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an event said about an entry."""

    seq: int
    at_us: int
    is_add: bool
    expires_us: int | None
    reason: str
    by: str
    event_id: str


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A member of a list, or what was one. `mark` names it in addresses. `changed` is the last change, None for what
    the pack begins with; `changes` how many there were.
    """

    value: str
    mark: str
    state: State
    expires_us: int | None
    is_soon: bool
    is_of_pack: bool
    reason: str
    changed: Change | None
    changes: int
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """A rule (or an exemption) that asks for a list."""

    policy: str
    rule: str
    doc: Words
    state: str
    condition: str
    is_exemption: bool = False


@dataclass(frozen=True, slots=True)
class Hits:
    """How often each member of a list was met among the newest decisions: those that are still in memory."""

    by_value: Mapping[str, int]
    decisions: int

    @property
    def all(self) -> int:
        """All members together."""
        return sum(self.by_value.values())


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as a whole."""

    definition: ListDef
    live: int
    soon: int
    forever: int
    expired: int
    changed: Change | None
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries of a list; "" asks for all that are members, expired ones too."""

    state: str = ""
    order: str = "changed"
    limit: int = 50
    offset: int = 0


class Roster:
    """The lists of one platform, as people see them."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._lock = asyncio.Lock()
        self._next = 0
        self._last: dict[str, dict[str, Change]] = {}
        self._places: dict[str, dict[str, array[int]]] = {}
        self._newest: dict[str, Change] = {}
        self._hits: dict[str, tuple[int, Lane, Hits]] = {}

    # ---- keeping up

    @property
    def behind(self) -> int:
        """How many deeds of people the roster has not read yet."""
        return len(self._platform.lane.state.deeds.between(self._next, self._platform.archive.log.next_seq()))

    async def catch_up(self) -> None:
        """Read what is durable by now, up to `READ_AT_ONCE` places of it."""
        async with self._lock:
            platform = self._platform
            durable = platform.archive.log.next_seq()
            places = platform.lane.state.deeds.between(self._next, durable)
            at_once = places[:READ_AT_ONCE]
            found = await asyncio.to_thread(lambda: list(_changes(platform.archive, at_once)))
            for name, value, change in found:
                self._last.setdefault(name, {})[value] = self._newest[name] = change
                self._places.setdefault(name, {}).setdefault(value, array("Q")).append(change.seq)
            self._next = durable if len(at_once) == len(places) else at_once[-1] + 1

    async def keep(self) -> None:
        """Keep up for as long as the platform runs, so that nobody's page has to read it all."""
        while True:
            await self.catch_up()
            await asyncio.sleep(0 if self.behind else KEEP_S)

    # ---- looking

    def definition(self, name: str) -> ListDef:
        """A list that today's packs declare. Raises LookupError."""
        found = self._definitions.lists.get(name)
        if found is None:
            raise LookupError("no list of this name is declared")
        return found

    async def all(self, *, staff: bool = False) -> list[Listed]:
        """All lists; those about staff only for whoever may see what is known of staff."""
        lists = self._definitions.lists
        return [await self.one(name) for name, each in sorted(lists.items()) if staff or not is_of_staff(each)]

    async def one(self, name: str) -> Listed:
        """A list as a whole. Raises LookupError."""
        definition, now_us = self.definition(name), self._platform.asked_at_us
        ends = list(self._platform.lane.state.lists.entries[name].values())  # the lane goes on while it is counted
        live, soon, forever = await asyncio.to_thread(_counted, ends, now_us)
        last, uses = self._newest.get(name), uses_of(self._definitions, name)
        return Listed(definition, live, soon, forever, len(ends) - live, last, uses)

    async def entries(self, name: str, wanted: Wanted, hits: Hits | None = None) -> tuple[list[ListEntry], int]:
        """The entries that are asked for, and how many there are whatever the limit. Raises LookupError."""
        self.definition(name)
        members = dict(self._platform.lane.state.lists.entries[name])  # the lane goes on while this is sorted
        last, now_us = dict(self._last.get(name, {})), self._platform.asked_at_us
        met = hits.by_value if hits is not None else {}

        def find() -> tuple[list[str], int]:
            names, until = list(_named(members, last, wanted.state, now_us)), wanted.offset + wanted.limit
            key = _ordered(wanted.order, members, last, met)
            first = nsmallest(until, names, key=key) if until < FEW else sorted(names, key=key)[:until]
            return first[wanted.offset :], len(names)

        found, count = await asyncio.to_thread(find)
        return [self._entry(name, value, members, now_us, met.get(value, 0)) for value in found], count

    def entry(self, name: str, value: str, hits: Hits | None = None) -> ListEntry:
        """One entry, a member or what was one. Raises LookupError."""
        self.definition(name)
        members = self._platform.lane.state.lists.entries[name]
        if value not in members and value not in self._last.get(name, {}):
            raise LookupError("this was never on the list")
        met = hits.by_value.get(value, 0) if hits is not None else 0
        return self._entry(name, value, members, self._platform.asked_at_us, met)

    async def named(self, name: str, mark: str) -> str:
        """The value that a mark names. Raises LookupError when nothing on the list ever had it."""
        definition = self.definition(name)
        members, last = self._platform.lane.state.lists.entries[name], self._last.get(name, {})
        if definition.of.of is not None:
            found = mark if mark in members or mark in last else None
        else:
            known, blind = [*members, *last], self._platform.blind
            found = await asyncio.to_thread(lambda: next((each for each in known if blind(each) == mark), None))
        if found is None:
            raise LookupError("this was never on the list")
        return found

    async def history(self, name: str, value: str) -> list[Change]:
        """All that events said about an entry, the newest first."""
        places = self._places.get(name, {}).get(value, array("Q"))
        archive = self._platform.archive
        found = await asyncio.to_thread(lambda: [change for _, _, change in _changes(archive, places)])
        return found[::-1]

    async def hits(self, name: str) -> Hits:
        """How often members of a list were met among the decisions that are in memory."""
        now_us, before = self._platform.now_us(), self._hits.get(name)
        if before is not None and 0 <= now_us - before[0] < FRESH_US and before[1] is self._platform.lane:
            return before[2]
        lane = self._platform.lane
        recent = [each for each in lane.recent if each.ep.event.pack != STAFF]
        asking = [each for each in recent if any(member.list_name == name for member in each.ep.members)]
        found = await asyncio.to_thread(lambda: Counter(_met(asking, name)))
        self._hits[name] = now_us, lane, Hits(found, len(recent))
        return self._hits[name][2]

    @property
    def _definitions(self) -> Definitions:
        return self._platform.program.definitions

    def _entry(
        self, name: str, value: str, members: Mapping[str, int | None], now_us: int, hits: int
    ) -> ListEntry:  # fmt: skip
        definition, changed = self.definition(name), self._last.get(name, {}).get(value)
        expires_us = members.get(value)
        if value not in members:
            state: State = "removed"
        else:
            state = "live" if expires_us is None or now_us < expires_us else "expired"
        declared = next((each for each in definition.entries if each.value == value), None)
        is_of_pack = changed is None and declared is not None
        reason = changed.reason if changed is not None else declared.reason if declared is not None else ""
        is_soon = state == "live" and expires_us is not None and expires_us <= now_us + SOON_US
        places = self._places.get(name, {}).get(value)
        return ListEntry(
            value, mark_of(self._platform, definition, value), state, expires_us, is_soon, is_of_pack, reason, changed,
            0 if places is None else len(places), hits,
        )  # fmt: skip


def is_of_staff(definition: ListDef) -> bool:
    """Whether a list is about people of the house, or helps to watch them."""
    return definition.pack == STAFF


def mark_of(platform: "Platform", definition: ListDef, value: str) -> str:
    """What stands for a value in an address: a token, of whatever text."""
    return value if definition.of.of is not None and is_token(kind_of(value), value) else platform.blind(value)


def uses_of(definitions: Definitions, name: str) -> tuple[Use, ...]:
    """The rules and exemptions that ask for a list, live ones first; of ranges, those that ask where one lies."""
    asked, found = f" in list('{name}')", list[Use]()
    for policy in definitions.policies:
        told = _told_by(definitions, policy.on, name)
        found += [
            Use(policy.id, rule.id, rule.doc, policy.state, rule.when.text)
            for rule in policy.rules
            if any(each.endswith(asked) for each in rule.when.inputs)
            or (rule.when.inputs & told and f"'{name}'" in rule.when.text)
        ]
        found += [
            Use(policy.id, each.id, each.doc, policy.state, each.when.text, is_exemption=True)
            for each in policy.exemptions
            if any(asks.endswith(asked) for asks in each.when.inputs)
        ]
    order = {"live": 0, "shadow": 1, "draft": 2}
    return tuple(sorted(found, key=lambda each: (order[each.state], each.policy, each.rule)))


def _told_by(definitions: Definitions, event: str, name: str) -> frozenset[str]:
    """The fields of an event that say that an address lies in a list of ranges."""
    fields = definitions.events[event].fields if event in definitions.events else ()
    return frozenset(each.name for each in fields if each.lies_in is not None and name in each.lies_in.lists)


def _changes(archive: Archive, places: Iterable[int]) -> Iterator[tuple[str, str, Change]]:
    """What the events at some places say about lists: the list, the value, the change."""
    batch: Batch | None = None
    for seq in places:
        if batch is None or not batch.first <= seq < batch.first + len(batch.records):
            batch = archive.place(seq)
        record = decode(batch.records[seq - batch.first])
        if not isinstance(record, DecisionRecord):
            continue
        try:
            fields = archive.fields(record.definitions, record.event_type)
        except Outdated:
            continue
        named = {field.name: value for field, value in zip(fields, record.values, strict=True)}
        if "list" not in named or "action" not in named:
            continue
        expires = named.get("expires")
        yield str(named["list"]), str(named["value"]), Change(
            seq, record.at_us, named["action"] == "add", expires if isinstance(expires, int) else None,
            str(named.get("reason") or ""), str(named.get("by") or ""), record.event_id,
        )  # fmt: skip


def _counted(ends: list[int | None], now_us: int) -> tuple[int, int, int]:
    """How many entries are live, end soon, and have no end."""
    live = soon = forever = 0
    for each in ends:
        if each is None:
            forever += 1
            live += 1
        elif now_us < each:
            live += 1
            soon += each <= now_us + SOON_US
    return live, soon, forever


def _named(
    members: Mapping[str, int | None], last: Mapping[str, Change], state: str, now_us: int
) -> Iterable[str]:  # fmt: skip
    match state:
        case "removed":
            return (value for value in last if value not in members)
        case "forever":
            return (value for value, ends in members.items() if ends is None)
        case "expired":
            return (value for value, ends in members.items() if ends is not None and ends <= now_us)
        case "soon":
            until_us = now_us + SOON_US
            return (value for value, ends in members.items() if ends is not None and now_us < ends <= until_us)
        case "live":
            return (value for value, ends in members.items() if ends is None or now_us < ends)
        case _:
            return iter(members)


def _ordered(
    order: str, members: Mapping[str, int | None], last: Mapping[str, Change], met: Mapping[str, int]
) -> Callable[[str], tuple[int, str]]:
    """How entries are ordered; the value comes second, so that no page shows one twice."""
    match order:
        case "expiry":
            return lambda value: (_NEVER_US if (ends := members.get(value)) is None else ends, value)
        case "value":
            return lambda value: (0, value)
        case "hits":
            return lambda value: (-met.get(value, 0), value)
        case _:
            return lambda value: (1 if (changed := last.get(value)) is None else -changed.seq, value)


_NEVER_US: Final = 1 << 62


def _met(decided: "Iterable[Decided]", name: str) -> Iterator[str]:
    """The members of a list that decisions met, each decision once."""
    for each in decided:
        record, ep = decode(each.record), each.ep
        assert isinstance(record, DecisionRecord), "a decision's own record"
        base = [*record.values, *record.facts]
        met = {
            str(base[ep.index[member.name]])
            for member in ep.members
            if member.list_name == name and base[member.slot] is True
        }
        yield from met
