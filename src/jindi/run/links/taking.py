"""How records of the journal become links in a store: wherever that is done, in a thread or in a process of its own."""

from collections.abc import Callable, Iterator

from jindi.basics.instants import DAY_US
from jindi.packs import EventDef
from jindi.parties import Shape, Tally, shape_of
from jindi.ports import LinkStore
from jindi.run.archive import Archive, Outdated
from jindi.run.follower import AT_ONCE, Taking
from jindi.run.records import DecisionRecord
from jindi.run.watching.sight import PACK, SUSPECTS


class Shapes:
    """What is read of the event types that the journal names, found out once each: of those that can name so many
    entities. Events about staff name nobody, and neither do the names of staff in other events: what colleagues do is
    for those who oversee them.
    """

    def __init__(self, archive: Archive, least: int = 2) -> None:
        self._archive, self._least = archive, least
        self._made: dict[tuple[int, str], Shape | None] = {}

    def of(self, record: DecisionRecord) -> Shape | None:
        """What to read of a decision; None for nothing."""
        key = (record.definitions, record.event_type)
        if key not in self._made:
            self._made[key] = self._shape(*key)
        return self._made[key]

    def _shape(self, definitions: int, event_type: str) -> Shape | None:
        try:
            event: EventDef = self._archive.event(definitions, event_type)
        except Outdated:
            return None  # what this version of Jindi can't read any more links nobody
        return None if event.pack == PACK else shape_of(event, SUSPECTS, self._least)


class LinkTaking(Taking[LinkStore]):
    """Takes a journal into the store of links."""

    DROPPED_AT_ONCE = 5_000

    def __init__(
        self, archive: Archive, store: LinkStore, keep_us: int, rest_s: float = 0.0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        super().__init__(archive, store, keep_us, rest_s, is_stopping)
        self._shapes = Shapes(archive)
        self._seen_us, self._swept_us = 0, 0

    def over(self, archive: Archive, store: LinkStore) -> None:
        """Go on with another view of the same journal, or another store."""
        if archive is not self._archive:
            self._shapes = Shapes(archive)
        super().over(archive, store)

    def sweep(self, now_us: int, count: int) -> None:
        """A look for what is too old, once for each day of the journal, `count` links at a time."""
        now_us = max(now_us, self._seen_us)
        if not self._sweep_at and now_us - self._swept_us < DAY_US:
            return
        self._sweep_at = self._store.drop(now_us - self._keep_us, self._sweep_at, count) or 0
        if not self._sweep_at:
            self._swept_us = now_us

    def sweep_all(self, now_us: int) -> None:
        """Drop whatever was not seen for too long, all at once."""
        self._swept_us = 0
        self.sweep(now_us, 1 << 40)

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        tally = Tally(self._keep_us)
        for count, (seq, record) in enumerate(decisions, 1):
            if (shape := self._shapes.of(record)) is not None:
                tally.take(shape, record.values, record.as_of_us, record.verdict.outcome)
            self._seen_us = max(self._seen_us, record.as_of_us)
            if count % AT_ONCE == 0:
                self._put(tally, seq + 1)
                tally = Tally(self._keep_us)
        self._put(tally, end)

    def _put(self, tally: Tally, cursor: int) -> None:
        self._store.put(tally.entities(), tally.links(), cursor, self._mark(cursor), self._keep_us)
