"""The roster: every entry of every list with its source, its end, who changed it last and why, from the journal.

What a decision sees are the entries of `run.lists`, and so are the members here. Who put them there stands in the
journal alone: the roster reads the places where people's deeds stand, once, and goes on from there.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from jindi.basics.instants import DAY_US
from jindi.journal import Batch
from jindi.packs import Definitions, ListDef, Words
from jindi.run.archive import Archive, Outdated
from jindi.run.records import DecisionRecord, decode
from jindi.run.state import STAFF
from jindi.vault import is_token, kind_of

if TYPE_CHECKING:
    from jindi.run.lane import Decided
    from jindi.run.platform import Platform

SOON_US: Final = 7 * DAY_US
"""What ends within this time ends soon."""

READ_AT_ONCE: Final = 20_000
"""Places that one look reads at the most; a page that is behind says so."""

KEEP_S: Final = 5.0

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
                self._last.setdefault(name, {})[value] = change
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

    def all(self, *, staff: bool = False) -> list[Listed]:
        """All lists; those about staff only for whoever may see what is known of staff."""
        return [
            self.one(name) for name, each in sorted(self._definitions.lists.items()) if staff or not is_of_staff(each)
        ]

    def one(self, name: str) -> Listed:
        """A list as a whole. Raises LookupError."""
        definition, now_us = self.definition(name), self._platform.asked_at_us
        live = soon = forever = expired = 0
        for expires_us in self._platform.lane.state.lists.entries[name].values():
            if expires_us is None:
                forever += 1
            elif expires_us <= now_us:
                expired += 1
                continue
            elif expires_us <= now_us + SOON_US:
                soon += 1
            live += 1
        last = max(self._last.get(name, {}).values(), key=lambda each: each.seq, default=None)
        return Listed(definition, live, soon, forever, expired, last, uses_of(self._definitions, name))

    async def entries(self, name: str, wanted: Wanted, hits: Hits | None = None) -> tuple[list[ListEntry], int]:
        """The entries that are asked for, and how many there are whatever the limit. Raises LookupError."""
        self.definition(name)
        members = dict(self._platform.lane.state.lists.entries[name])  # the lane goes on while this is sorted
        last, now_us = dict(self._last.get(name, {})), self._platform.asked_at_us
        met = hits.by_value if hits is not None else {}

        def find() -> tuple[list[str], int]:
            names = list(_named(members, last, wanted.state, now_us))
            names.sort(key=_Order(wanted.order, members, last, met))
            return names[wanted.offset : wanted.offset + wanted.limit], len(names)

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
        known = [*self._platform.lane.state.lists.entries[name], *self._last.get(name, {})]
        if definition.of.of is not None:
            found = mark if mark in known else None
        else:
            blind = self._platform.blind
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
        recent = [each for each in self._platform.lane.recent if each.ep.event.pack != STAFF]
        asking = [each for each in recent if any(member.list_name == name for member in each.ep.members)]
        found = await asyncio.to_thread(lambda: Counter(_met(asking, name)))
        return Hits(found, len(recent))

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
    """The rules and exemptions that ask for a list, live ones first."""
    asked, found = f" in list('{name}')", list[Use]()
    for policy in definitions.policies:
        found += [
            Use(policy.id, rule.id, rule.doc, policy.state, rule.when.text)
            for rule in policy.rules
            if any(each.endswith(asked) for each in rule.when.inputs)
        ]
        found += [
            Use(policy.id, each.id, each.doc, policy.state, each.when.text, is_exemption=True)
            for each in policy.exemptions
            if any(asks.endswith(asked) for asks in each.when.inputs)
        ]
    order = {"live": 0, "shadow": 1, "draft": 2}
    return tuple(sorted(found, key=lambda each: (order[each.state], each.policy, each.rule)))


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


class _Order:
    """How entries are ordered; the value comes second, so that a page never shows one twice."""

    def __init__(
        self, order: str, members: Mapping[str, int | None], last: Mapping[str, Change], met: Mapping[str, int]
    ) -> None:
        self._order, self._members, self._last, self._met = order, members, last, met

    def __call__(self, value: str) -> tuple[int, str]:
        """The key of a value."""
        match self._order:
            case "expiry":
                ends = self._members.get(value)
                return (1 << 62 if ends is None else ends), value
            case "value":
                return 0, value
            case "hits":
                return -self._met.get(value, 0), value
            case _:
                changed = self._last.get(value)
                return (1 if changed is None else -changed.seq), value


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
