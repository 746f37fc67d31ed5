"""One step with all cases of a filter: each a record of its own, one after the other, while whoever asked can look on.

What is done stays done when it is stopped or the platform ends; what was not done yet is then simply not done, and the
same filter shows it.
"""

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from jindi.cases import Step, verb_of
from jindi.ports import CaseQuery, CaseStoreFailure, LogFailure
from jindi.run.audit import Actor, NotRecorded
from jindi.run.cases.desk import Declined

if TYPE_CHECKING:
    from jindi.run.cases.desk import Desk

CASES_MAX: Final = 5_000
"""More at once is no work on cases any more (design default): a filter, or a rule, is what has to change."""

KEPT: Final = 100
"""So many are remembered; the oldest that is over makes room."""


class TooMany(Exception):  # noqa: N818 - what a person is told
    """A filter has more cases than one may act on at once, or another such work of his still goes on."""


class Moved(Exception):  # noqa: N818 - what a person is told
    """The filter does not have so many cases any more as were shown."""

    def __init__(self, now: int) -> None:
        self.now = now
        super().__init__(str(now))


@dataclass(slots=True)
class Bulk:
    """One such work: who asked for it, what with, and how far it is. `refused` counts why not."""

    id: str
    who: str
    verb: str
    whole: int
    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    is_over: bool = False
    is_stopped: bool = False
    failed: bool = False

    @property
    def tried(self) -> int:
        """How many cases it has been with."""
        return self.done + self.refused.total()


class Bulks:
    """All of them, over one desk."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._all: OrderedDict[str, Bulk] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, who: str, identifier: str) -> Bulk | None:
        """One of somebody's own; None when there is none."""
        found = self._all.get(identifier)
        return found if found is not None and found.who == who else None

    async def begin(self, actor: Actor, query: CaseQuery, seen: int, step: Step, *, leads: bool) -> Bulk:
        """Begin with the cases of a filter, which are `seen` many. Raises Moved, TooMany."""
        if any(each.who == actor.name and not each.is_over for each in self._all.values()):
            raise TooMany
        (count,) = await self._desk.counts(query)
        if count != seen:
            raise Moved(count)
        if count > CASES_MAX:
            raise TooMany
        # All of them first: each step changes what the filter finds.
        found, _ = await self._desk.find(replace(query, limit=CASES_MAX, offset=0))
        bulk = Bulk(secrets.token_hex(8), actor.name, verb_of(step), len(found))
        self._remember(bulk)
        work = asyncio.create_task(self._go(bulk, actor, [(case.id, case.version) for case in found], step, leads))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        return bulk

    def stop(self, who: str, identifier: str) -> None:
        """Stop after the case that is being worked; nothing happens when it is over, or not his."""
        bulk = self.get(who, identifier)
        if bulk is not None and not bulk.is_over:
            bulk.is_stopped = True

    def _remember(self, bulk: Bulk) -> None:
        self._all[bulk.id] = bulk
        for identifier in [each.id for each in self._all.values() if each.is_over][: max(len(self._all) - KEPT, 0)]:
            del self._all[identifier]

    async def _go(self, bulk: Bulk, actor: Actor, cases: Sequence[tuple[str, int]], step: Step, leads: bool) -> None:
        try:
            for identifier, version in cases:
                if bulk.is_stopped:
                    return
                try:
                    await self._desk.take(actor, identifier, step, seen=version, leads=leads)
                    bulk.done += 1
                except Declined as error:
                    bulk.refused[error.code] += 1
                except LookupError:
                    bulk.refused["other_state"] += 1
        except (NotRecorded, CaseStoreFailure, LogFailure):
            bulk.failed = True
        finally:
            bulk.is_over = True
