"""What people do with screening on a running platform: load a list, clear a match, confirm one, and lift a freeze.

A list that changes is held against everybody whom the vault knows, only with what changed of it. What is found is
told as events by the front door, so that it is journalled, decided, and becomes a case. A confirmed match freezes at
once, by one person; to clear one, or to lift a freeze, takes two.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from jindi.parties.screening import Entry
from jindi.parties.screening.explain import Told
from jindi.ports import VaultFailure
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.intake import OWN_IDS, Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.records import decision_id
from jindi.run.screening import loading, shelf
from jindi.run.screening.book import MATCH, PACK, VERDICT, Hit
from jindi.run.screening.lists import Lists
from jindi.run.screening.loading import Read
from jindi.run.screening.screener import Fresh, Screener
from jindi.run.screening.seeking import Sought
from jindi.run.screening.shelf import Loaded
from jindi.run.state import LIST_ENTRY

if TYPE_CHECKING:
    from jindi.run.platform import Platform

FROZEN: Final = "frozen_users"
"""The list of the pack `account` on which whoever is frozen stands."""

PENDING: Final = "screening-pending"
"""The blob that says which entries have yet to be held against everybody: a restart goes on with them."""

REMOVED_MAX_PERMILLE: Final = 100
"""(design default) A load that takes away more than so many of a thousand entries must be meant, and say so: it may be
half a file. Packs may have `screening_removed_max`.
"""

TELL_S: Final = 0.2

Verdict = Literal["cleared", "confirmed", "lifted"]


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `code` names why; `values` stand in its words."""

    def __init__(self, code: str, **values: str) -> None:
        self.code, self.values_of = code, values
        super().__init__(code)


@dataclass(slots=True)
class Progress:
    """How far holding changed entries against everybody has come: rows of the vault looked at, of how many, and whom it
    found.
    """

    entries: int
    rows: int = 0
    total: int = 0
    found: int = 0


class Desk:
    """Screening on one platform."""

    def __init__(self, platform: "Platform", audit: Audit) -> None:
        assert platform.screener is not None, "a platform that serves people screens"
        self._platform, self._audit = platform, audit
        self._screener: Screener = platform.screener
        self._step, self._telling, self._is_stopping = asyncio.Lock(), asyncio.Lock(), False
        self.loaded: Mapping[str, Loaded] = {}
        """The lists in force, by name."""
        self.progress: Progress | None = None
        """None while nothing is being held against everybody."""
        self._rounds: set[asyncio.Task[None]] = set()
        self._is_owed = False
        """Whether somebody who was confirmed is not frozen yet."""
        if platform.blobs.names(shelf.PREFIX):
            self._screener.is_reading = True

    # ---- going on

    async def keep(self) -> None:
        """Read the lists, then tell what is found at the door, for as long as the platform runs."""
        await self._read()
        self._begin(self._pending())
        self._is_owed = True
        try:
            while True:
                await self._tell_fresh()
                if self._is_owed:
                    await self._freeze_again()
                await asyncio.sleep(TELL_S)
        finally:
            self._is_stopping = True
            for task in self._rounds:
                task.cancel()
            await asyncio.gather(*self._rounds, return_exceptions=True)

    async def _read(self) -> None:
        try:
            self.loaded, lists = await asyncio.to_thread(_shelved, self._platform)
        except (shelf.Damaged, OSError) as error:
            self._screener.is_reading, self._screener.problem = False, str(error)
            self._platform.say(f"watch lists can't be used, and whoever is to be screened is stopped: {error}")
            return
        self._screener.take(lists)

    async def _tell_fresh(self) -> None:
        """Let what was found in by the front door. What the lane can't take now is told later."""
        async with self._telling:
            fresh = self._screener.fresh
            while fresh:
                if not await self._tell(MATCH, _match_fields(fresh[0])):
                    return
                self._screener.told(fresh.popleft())

    async def _tell(self, event_type: str, fields: Mapping[str, Any], identifier: str = "") -> bool:
        """Have an event decided; whether it was, or never can be."""
        platform, now_us = self._platform, self._platform.now_us()
        definition = platform.program.definitions.events.get(event_type)
        if event_type != LIST_ENTRY and (definition is None or definition.pack != PACK):
            platform.say(f"{event_type}: load the pack `{PACK}` to have matches with watch lists decided")
            return True
        identifier = identifier or f"{OWN_IDS}{event_type}-{now_us}-{platform.lane.state.next_seq}"
        try:
            await platform.lane.submit(platform.intake.make(event_type, identifier, now_us, fields), now_us)
        except (Busy, Stopped):
            return False
        except (Refused, Conflict) as error:
            platform.say(f"a match with a watch list was not taken: {error or type(error).__name__}")
        return True

    # ---- looking

    @property
    def problem(self) -> str | None:
        """Why the lists can't be used; None when they can."""
        return self._screener.problem

    @property
    def is_reading(self) -> bool:
        """Whether the lists are still being read."""
        return self._screener.is_reading

    def hits(self, state: str = "") -> list[Hit]:
        """Matches, the newest first."""
        return self._platform.screened.newest(state)

    def hit(self, identifier: str) -> Hit:
        """The match that an id names. Raises LookupError."""
        found = self._platform.screened.named(identifier)
        if found is None:
            raise LookupError("there is no such match")
        return found

    def entry(self, hit: Hit) -> Entry | None:
        """The entry that a match is about, if the list in force still has it as it read then."""
        lists = self._lists
        return None if lists is None else lists.entry_of(hit)

    async def why(self, hit: Hit) -> Told | None:
        """Why a match was found, in sentences without the customer's own words; None when it is a match no more."""
        vault, lists, threshold = self._platform.vault, self._lists, self._platform.screen_from
        if vault is None or lists is None:
            return None
        return await asyncio.to_thread(loading.why, vault, lists, hit, threshold)

    @property
    def _lists(self) -> Lists | None:
        lists = self._screener.lists
        assert lists is None or isinstance(lists, Lists), "nothing else is taken"
        return lists

    # ---- loading

    async def load(self, actor: Actor, files: Mapping[str, bytes], *, is_meant: bool = False) -> list[Loaded]:
        """Put lists in force; everybody is held against what is new in them, from now on, beside decisions.

        `is_meant`: they may take away more than is usual, or be older than those in force. Raises Problems, Declined,
        NotRecorded, OSError; then nothing is changed.
        """
        async with self._step:
            if self._screener.is_reading:
                raise Declined("reading")
            # Where the shelf is damaged a list that is loaded again mends it, once all of them were.
            read = await asyncio.to_thread(loading.read, files, self.loaded)
            if not is_meant:
                self._refuse_odd(read)
            for each in read:
                on = f"{each.list.name}@{each.list.version[:12]}"
                await self._audit.act(actor, "watchlist.load", on, rows=-1)
            return await self._take(actor, read, tuple(sorted(_plain(name) for name in files)))

    async def _take(self, actor: Actor, read: Sequence[Read], files: tuple[str, ...]) -> list[Loaded]:
        platform, keys = self._platform, list[str]()
        for each in read:
            keys += loading.fresh_keys(each)
        if keys:
            await asyncio.to_thread(self._note_pending, sorted({*self._pending(), *keys}))
        put = [
            await asyncio.to_thread(loading.put, platform.blobs, each, actor.name, files, platform.now_us())
            for each in read
        ]
        if not all(each.is_same for each in read) or self._screener.problem is not None:
            try:
                self.loaded, lists = await asyncio.to_thread(_shelved, platform)
            except shelf.Damaged as error:
                # Those that were loaded now lie there whole; another one does not.
                raise Declined("damaged", what=str(error)) from None
            self._screener.take(lists)
            self._begin(self._pending())
        else:
            self.loaded = {**self.loaded, **{each.name: each for each in put}}
        return put

    def _refuse_odd(self, read: Sequence[Read]) -> None:
        most = self._platform.parameter("screening_removed_max", REMOVED_MAX_PERMILLE)
        for each in read:
            if not each.list.entries:
                raise Declined("empty", list=each.list.name)
            if each.is_older:
                old = "" if each.before is None else each.before.published_on
                raise Declined("older", list=each.list.name, before=old, now=each.list.published_on)
            if each.removed_share * 1_000 > most:
                removed = f"{len(each.changes.removed):,}"
                raise Declined("removes", list=each.list.name, removed=removed, share=f"{each.removed_share:.0%}")

    async def drop(self, name: str) -> None:
        """Take a list out of force; matches with it stay as they are. For what two people agreed upon."""
        async with self._step:
            await asyncio.to_thread(shelf.drop, self._platform.blobs, name)
            self.loaded, lists = await asyncio.to_thread(_shelved, self._platform)
            self._screener.take(lists)

    # ---- everybody again

    def _pending(self) -> list[str]:
        raw = self._platform.blobs.load(PENDING)
        try:
            return [] if raw is None else msgspec.json.decode(raw, type=list[str])
        except msgspec.MsgspecError:
            return []

    def _note_pending(self, keys: Sequence[str]) -> None:
        if keys:
            self._platform.blobs.save(PENDING, [msgspec.json.encode(keys)])
        else:
            self._platform.blobs.drop(PENDING)

    def _begin(self, keys: Sequence[str]) -> None:
        """Hold some entries against everybody, beside what goes on; a look that is under way is begun anew."""
        for task in self._rounds:
            task.cancel()
        if keys:
            task = asyncio.get_running_loop().create_task(self._again(keys))
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)

    async def _again(self, keys: Sequence[str]) -> None:
        vault, lists = self._platform.vault, self._lists
        if vault is None or lists is None:
            await asyncio.to_thread(self._note_pending, [])
            return
        counts = await asyncio.to_thread(vault.status)
        self.progress = progress = Progress(len(keys), total=counts.counts.rows)
        try:
            async for user, name, sought in self._concerned(lists, keys, progress):
                if self._screener.again(user, name, sought, "list"):
                    progress.found += 1
            await self._tell_fresh()
            await asyncio.to_thread(self._note_pending, [])
        except (VaultFailure, OSError) as error:
            self._platform.say(
                f"not everybody was held against the changed lists; tried again at the next start: {error}"
            )
        finally:
            self.progress = None

    async def _concerned(
        self, lists: Lists, keys: Sequence[str], progress: Progress
    ) -> AsyncIterator[tuple[str, str, Sought]]:  # fmt: skip
        """Whom of all that the vault holds these entries may mean, found in a thread."""
        vault = self._platform.vault
        assert vault is not None, "asked before"
        some = await asyncio.to_thread(lists.among, keys)

        def told(rows: int) -> None:
            progress.rows = max(progress.rows, rows)

        found = loading.concerned(vault, some, self._platform.screen_from, told, lambda: self._is_stopping)
        while (each := await asyncio.to_thread(_next, found)) is not None:
            yield each

    # ---- deciding

    async def confirm(self, actor: Actor, identifier: str, reason: str, second: str = "") -> Hit:
        """Somebody is whom the list means: he is frozen at once. Raises LookupError, Declined, NotRecorded."""
        async with self._settling(identifier, reason) as hit:
            if hit.state != "open":
                raise Declined("not_open", state=hit.state)
            if FROZEN not in self._platform.program.definitions.lists:
                raise Declined("no_frozen_list", list=FROZEN)
            await self._audit.act(actor, "screening.confirm", decision_id(hit.seq), about=self._about(hit))
            await self._decide(hit, "confirmed", actor.name, reason, second)
            if not await self._freeze(hit):
                self._is_owed = True
            return hit

    async def settle(self, identifier: str, mark: str, verdict: Verdict, by: str, second: str, reason: str) -> None:
        """What two people agreed upon: a match is cleared, or a freeze is lifted. Raises LookupError, Declined."""
        async with self._settling(identifier, reason) as hit:
            if hit.mark != mark:
                raise Declined("changed")
            # Off the list first: what breaks off between the two leaves him confirmed, and the next start freezes him.
            if verdict == "lifted" and not self._is_confirmed(hit.user, besides=hit):
                await self._unfreeze(hit)
            await self._decide(hit, verdict, by, reason, second)

    @asynccontextmanager
    async def _settling(self, identifier: str, reason: str) -> AsyncIterator[Hit]:
        if not reason.strip() or len(reason) > 500:
            raise Declined("reason")
        async with self._step:
            yield self.hit(identifier)

    async def _decide(self, hit: Hit, verdict: Verdict, by: str, reason: str, second: str) -> None:
        fields = {
            **_whom(hit.user, hit.name), "list": hit.list, "entry": hit.entry, "mark": hit.mark, "verdict": verdict,
            "by": by, "reason": reason.strip(),
        }  # fmt: skip
        if second:
            fields["second"] = second
        if not await self._tell(VERDICT, fields):
            raise NotRecorded("the lane takes nothing now; try again")

    async def _freeze(self, hit: Hit) -> bool:
        """Put whoever was confirmed on the list of the frozen; whether he is there. Only a customer can be: a name
        alone is stopped by its score.
        """
        return hit.user == hit.name or self._is_frozen(hit.user) or await self._list(hit, "add")

    async def _unfreeze(self, hit: Hit) -> None:
        if self._is_frozen(hit.user) and not await self._list(hit, "remove"):
            raise NotRecorded("the lane takes nothing now; try again")

    async def _list(self, hit: Hit, action: str) -> bool:
        # The words tell nobody why: they may be read by whoever serves the customer.
        fields = {
            "list": FROZEN, "value": hit.user, "action": action, "reason": f"screening {decision_id(hit.decided_seq)}",
            "by": hit.by or "platform",
        }  # fmt: skip
        return await self._tell(LIST_ENTRY, fields, f"{OWN_IDS}{action}-frozen-{hit.decided_seq}")

    async def _freeze_again(self) -> None:
        """Freeze whoever was confirmed and is not yet: right before a crash, or while the lane took nothing."""
        if FROZEN in self._platform.program.definitions.lists:
            confirmed = self.hits("confirmed")
            self._is_owed = not all([await self._freeze(each) for each in confirmed])

    def _is_frozen(self, user: str) -> bool:
        return user in self._platform.lane.state.lists.entries.get(FROZEN, {})

    def _is_confirmed(self, user: str, besides: Hit) -> bool:
        return any(each.user == user and each is not besides for each in self.hits("confirmed"))

    def _about(self, hit: Hit) -> str:
        return self._platform.customer(hit.user)


def _shelved(platform: "Platform") -> tuple[Mapping[str, Loaded], Lists | None]:
    """What lies on the shelf, and made searchable. Raises Damaged, OSError."""
    if not platform.blobs.names(shelf.PREFIX):
        return {}, None
    loaded = shelf.load(platform.blobs)
    return loaded, loading.made(loaded.values())


def _next(found: Iterator[tuple[str, str, Sought]]) -> tuple[str, str, Sought] | None:
    return next(found, None)


def _plain(name: str) -> str:
    """A file's name without the folders that it lay in."""
    return name.replace("\\", "/").rpartition("/")[2][:100]


def _whom(user: str, name: str) -> dict[str, Any]:
    return {"user": user, "name": name}


def _match_fields(fresh: Fresh) -> dict[str, Any]:
    near = fresh.near
    return {
        **_whom(fresh.user, fresh.name), "list": near.list, "entry": near.entry, "mark": near.mark,
        "list_version": near.list_version, "likeness": near.score, "strength": near.strength,
        "rules": near.rules or "names", "found": fresh.found,
    }  # fmt: skip
