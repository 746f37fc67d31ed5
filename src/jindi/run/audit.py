"""The audit: what a person or a key does is a record first, durable, and only then done. No record, no action.

Deciding an event is no action: it is a record of its own. Steps with versions are records already, too.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from jindi import journal
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import MINUTE_US
from jindi.ports import Log
from jindi.run.lane import Busy, Stopped
from jindi.run.platform import Platform
from jindi.run.records import ACTION, TEXT_MAX, ActionRecord, Standing, encode_action
from jindi.run.trail import Doing, Page, Wanted, look, one

FAILED_MAX = 10
"""Attempts to come in that are journalled in a minute, each way in by itself: noise at one door drowns no other."""


class NotRecorded(Exception):  # noqa: N818 - what the person is told
    """The action could not be journalled, so it was not done."""


class Found(NamedTuple):
    """A doing with where it stands: the hash of its record as a leaf of the tree, the first record of its batch and how
    many that has, and the batch's hash in the chain.
    """

    doing: Doing
    leaf: str
    first: int
    records: int
    head: str


class Actor(NamedTuple):
    """Who acts, and how he came in. `key` is the id of an API key or of a session, `name` whose it is; `place` is the
    class of the address (loopback, private, public), never the address; `request` names the request. `roles`, `line`
    (the team that he answers in) and `device` (a token) say what he is in the house, as far as the door knows.
    """

    key: str
    name: str
    door: str
    place: str = ""
    request: str = ""
    roles: tuple[str, ...] = ()
    line: str = ""
    device: str = ""

    @property
    def standing(self) -> Standing:
        """What his records say of him beside his name."""
        return Standing(tuple(sorted(self.roles)), self.line[:TEXT_MAX], self.device[:TEXT_MAX])


def record_alone(log: Log, actor: Actor, what: str, on: str, now_us: int) -> int:
    """Journal an action while no platform runs, by whoever has the journal to himself; its number when it is durable.

    Raises LogFailure; then there is no record, and the action must not be done.
    """
    first = log.next_seq()
    head = journal.GENESIS
    for frame in log.read(first - 1) if first else ():
        head = journal.unseal(frame.batch).head
    name, named = actor.name[:TEXT_MAX], on[:TEXT_MAX]
    action = ActionRecord(
        ACTION, now_us, actor.key, name, what, named, True, actor.door, actor.place, standing=actor.standing
    )
    record = encode_action(action)
    log.append(journal.Chain(head, first).seal([record], first), first, 1)
    return first


class Audit:
    """Journals what people do on one platform, and shows it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = self.platform = platform
        self._minute, self._failed = 0, Counter[str]()

    async def act(
        self, actor: Actor, what: str, on: str = "", *, allowed: bool = True, about: str = "", case: str = "",
        purpose: str = "", rows: int = -1,
    ) -> int:  # fmt: skip
        """Journal an action before it is done; returns its place when it is durable. Raises NotRecorded.

        `about` is the token of the customer whom it concerns, never the identifier itself; `rows` is how many rows it
        gives out at the most, -1 when nobody counted.
        """
        record = ActionRecord(
            ACTION, self._platform.now_us(), actor.key, actor.name[:TEXT_MAX], what, on[:TEXT_MAX], allowed,
            actor.door, actor.place, actor.request, about[:TEXT_MAX], case[:TEXT_MAX], purpose[:TEXT_MAX], rows,
            actor.standing,
        )  # fmt: skip
        try:
            return await self._platform.journal(record)
        except (Busy, Stopped) as error:
            raise NotRecorded("the action could not be journalled, so it was not done; try again") from error

    async def failed(self, actor: Actor, what: str) -> None:
        """Journal what was turned away at the door: a try to come in, a forged form, a flood. A few a minute: the door
        is open to all, and whoever knocks on it must not fill the disk. He is turned away with or without the record.
        """
        minute = self._platform.now_us() // MINUTE_US
        if minute != self._minute:
            self._minute = minute
            self._failed.clear()
        self._failed[what] += 1
        if self._failed[what] <= FAILED_MAX:
            with suppress(NotRecorded):
                await self.act(actor, what, allowed=False)

    def subject(self, entity: str, value: str) -> str:
        """An entity as the audit names it: never what was typed, which may be anybody's number, but its token."""
        return f"{entity}/{self._platform.token_of(entity, value)}"

    def text(self, text: str) -> str:
        """What somebody looked for, as the audit keeps it: the same text is the same token."""
        return self._platform.blind(text)

    def named(self, text: str) -> str:
        """What an address names, as the audit keeps it: as it is, but for what is written as a person's number."""
        return self.text(text) if holds_personal_number(text) else text

    async def one(self, seq: int) -> Found:
        """What was done at a place of the journal, with where it stands. Raises LookupError."""
        return await asyncio.to_thread(self._one, seq)

    def _one(self, seq: int) -> Found:
        archive = self._platform.archive
        doing, place = one(archive, seq), archive.place(seq)
        leaf = journal.leaf_hash(place.records[seq - place.first]).hex()
        return Found(doing, leaf, place.first, len(place.records), place.head.hex())

    async def look(self, wanted: Wanted) -> Page:
        """What was done, the newest first. To look is an action of its own: `act` comes first."""
        places, has_older = self._platform.trail.last(wanted.before)
        return await asyncio.to_thread(look, self._platform.archive, places, wanted, has_older=has_older)
