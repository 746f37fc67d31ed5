"""What a platform does by itself beside its decisions: each kind of round, again and again, as long as it runs.

Knows: when a round is due, and that whatever goes wrong in one is told and the next begins afresh. Findings are let in
by the front door. Never: how anything is found; the room of each round says that.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_of
from jindi.oversight import EVENT as CONTROL_EVENT
from jindi.run.backup.saver import DRILL, DRILL_EVENT, Saver
from jindi.run.backup.saver import EVENT as OVERDUE_EVENT
from jindi.run.drift.watcher import EVENT as DRIFT_EVENT
from jindi.run.drift.watcher import Watcher
from jindi.run.history.keeper import Keeper
from jindi.run.intake import Refused
from jindi.run.lane import Busy, Conflict, NotNow, Stopped
from jindi.run.records import ACTION, TEXT_MAX, ActionRecord, decision_id
from jindi.run.requests import EVENT as REQUEST_EVENT
from jindi.run.requests import PACK as REQUEST_PACK
from jindi.run.requests import events as overdue_requests
from jindi.run.watching import Watching
from jindi.vault import Vault

if TYPE_CHECKING:
    from jindi.run.controls.warden import Warden
    from jindi.run.platform import Platform

FIRST_LOOK_US = HOUR_US
"""How long after its start a platform looks for drift for the first time, at the latest."""

REWRAP_KEYS = 2_000
"""Subjects' keys that are put under the ring's active version each second after a rotation, beside decisions."""

RESEAL_SUBJECTS = 500
"""Subjects whose rows are sealed anew each second when that was asked for, beside decisions."""

RESEAL_AT_ONCE = 100
"""So many of them at a time: new rows wait a few milliseconds for the vault at the most, and its syncs."""

WRITE_DOWN_US = MINUTE_US
"""How often the counts of the vault's rows are written down beside its keys, when they have changed."""

REQUESTS_US = HOUR_US
"""How often it is looked whether a person's request is overdue."""

HELD_S = 1.0
"""How often what waits for the end of a simulated past looks whether it has come."""

PATIENCE_S = 0.2
"""A thread that waits for the loop looks so often whether all is ending."""


class Rounds:
    """The rounds of one platform. `all` are those that it makes; each may be made by hand, too."""

    def __init__(self, platform: "Platform", keeper: Keeper | None, watcher: Watcher | None) -> None:
        self._platform, self._keeper, self._watcher = platform, keeper, watcher
        self._requests_told_us: dict[str, int] = {}
        self._asked_controls = 0

    @property
    def watcher(self) -> Watcher | None:
        """What looks for drift; None where nothing does."""
        return self._watcher

    def all(self) -> Iterator[Coroutine[None, None, None]]:
        """The rounds that the settings ask for, each without end."""
        platform = self._platform
        if self._watcher is not None:
            self._watcher.recall(platform.blobs, platform.log.next_seq())
        if platform.watching is not None:
            yield self._watch_staff(platform.watching)
        if platform.vault is not None:
            yield self._keep_vault(platform.vault)
        if platform.settings.release_due:
            yield self._release_due()
        if self._keeper is not None and platform.settings.archive_minutes:
            yield self._keep_archive(self._keeper)
        if self._watcher is not None and platform.settings.drift_hours:
            yield self._watch_drift(self._watcher)
        if platform.saver is not None:
            yield self._keep_backups(platform.saver)
        yield self._watch_requests()
        if platform.warden is not None:
            yield self._keep_controls(platform.warden)

    async def _keep_vault(self, vault: Vault) -> None:
        """Each second: keys under retired versions, and rows that are to be sealed anew; each minute the counts."""
        written_us, end = self._platform.now_us(), self._platform.log.next_seq()
        while True:
            await asyncio.sleep(1.0)
            try:
                await asyncio.to_thread(vault.rewrap, REWRAP_KEYS)
                await asyncio.to_thread(vault.reseal, self._platform.now_us(), RESEAL_SUBJECTS, RESEAL_AT_ONCE)
                if abs(self._platform.now_us() - written_us) >= WRITE_DOWN_US:
                    written_us = self._platform.now_us()
                    await asyncio.to_thread(vault.write_down)
                    # As far as a minute ago: what is being erased just now has its record already.
                    await asyncio.to_thread(vault.know_erasures, end)
                    end = self._platform.log.next_seq()
            except Exception as error:  # noqa: BLE001 - all of it goes on where it was; the next round begins afresh
                self._platform.say(f"the vault's keys could not be looked after: {error or type(error).__name__}")

    async def _keep_archive(self, keeper: Keeper) -> None:
        while True:
            await asyncio.sleep(self._platform.settings.archive_minutes * MINUTE_US / SECOND_US)
            try:
                await asyncio.to_thread(keeper.round, self._platform.archive)
            except Exception as error:  # noqa: BLE001 - decisions go on without an archive, which can be made later
                self._platform.say(f"the archive is not up to date: {error or type(error).__name__}")

    async def _watch_drift(self, watcher: Watcher) -> None:
        wait_us = min(self._platform.settings.drift_hours * HOUR_US, FIRST_LOOK_US)
        while True:
            await asyncio.sleep(wait_us / SECOND_US)
            wait_us = self._platform.settings.drift_hours * HOUR_US
            try:
                await self.look_for_drift(watcher)
            except Exception as error:  # noqa: BLE001 - decisions go on; the next look begins afresh
                self._platform.say(f"drift could not be looked for: {error or type(error).__name__}")

    async def look_for_drift(self, watcher: Watcher) -> int:
        """Look for drift now, and let each finding in by the front door; answers how many were decided."""
        found = await asyncio.to_thread(watcher.round, self._platform.archive, self._platform.program.definitions)
        try:
            await asyncio.to_thread(watcher.keep, self._platform.blobs)
        except OSError as error:
            self._platform.say(f"what was found of drift could not be kept; a restart forgets it: {error}")
        return await self.let_in(DRIFT_EVENT, "drift", found)

    async def _watch_requests(self) -> None:
        while True:
            await asyncio.sleep(REQUESTS_US / SECOND_US)
            try:
                await self.watch_requests()
            except Exception as error:  # noqa: BLE001 - decisions go on; the next look begins where this one ended
                self._platform.say(f"requests could not be looked through: {error or type(error).__name__}")

    async def watch_requests(self) -> int:
        """Let in by the front door each person's request that is overdue, once a day; answers how many were decided."""
        pack = self._platform.program.definitions.packs.get(REQUEST_PACK)
        now_us = self._platform.now_us()
        today = day_of(now_us, pack.zone if pack is not None else ZoneInfo("UTC"))
        late = [
            each
            for each in self._platform.requests.overdue(today)
            if self._requests_told_us.get(each.id, now_us - DAY_US) <= now_us - DAY_US
        ]
        found = overdue_requests(late, today)
        decided = 0
        for each, fields in zip(late, found, strict=True):
            if await self.let_in(REQUEST_EVENT, f"overdue-{each.id}", [fields]):
                self._requests_told_us[each.id] = now_us
                decided += 1
        return decided

    async def _keep_backups(self, saver: Saver) -> None:
        while True:
            await asyncio.sleep(saver.wait_us(self._platform.now_us()) / SECOND_US)
            await self.keep_backups(saver)

    async def keep_backups(self, saver: Saver) -> int:
        """Make a backup if one is due, and let in by the front door what is overdue; answers how many were decided."""
        try:
            made = await asyncio.to_thread(saver.round, self._platform.log)
            for note in made.notes if made is not None else ():
                self._platform.say(f"backup {made.manifest.number}: {note}" if made is not None else note)
        except Exception as error:  # noqa: BLE001 - decisions go on; the backup is tried again, and told when overdue
            self._platform.say(f"no backup was made: {error or type(error).__name__}")
        decided = await self._rehearse(saver)
        for each in saver.overdue():
            self._platform.say(each.text)
        for fields in saver.events():
            if await self.let_in(OVERDUE_EVENT, f"overdue-{fields['what']}", [fields]):
                saver.was_told(fields["what"])
                decided += 1
        return decided

    async def _rehearse(self, saver: Saver) -> int:
        """Make a drill if one is due: recorded before it begins, and its end is an event; how many were decided."""
        number = saver.drill_due
        if number is None:
            return 0
        action = ActionRecord(
            ACTION, self._platform.now_us(), "", "platform", DRILL, f"backup {number}", door="platform"
        )
        try:
            await self._platform.journal(action)
            found = await asyncio.to_thread(saver.rehearse)
        except (Busy, Stopped):
            return 0  # no record, no drill; it stays due
        except Exception as error:  # noqa: BLE001 - decisions go on; a drill that is missing is told when it is overdue
            self._platform.say(f"no drill was made: {error or type(error).__name__}")
            return 0
        if found is None:
            return 0
        self._platform.say(f"drill of backup {found.number}: {found.problem or f'passed, RTO {found.rto_s} s'}")
        return await self.let_in(DRILL_EVENT, f"drill-{found.number}", [saver.drill_event(found)])

    async def _keep_controls(self, warden: "Warden") -> None:
        while True:
            await asyncio.sleep(warden.wait_us(self._platform.now_us()) / SECOND_US)
            await self.keep_controls(warden)

    async def controls(self) -> dict[str, Any] | None:
        """The register of controls as it stands; None when this platform has none."""
        if self._platform.warden is None or not self._platform.program.definitions.controls:
            return None
        return await asyncio.to_thread(
            self._platform.warden.document, self._platform.program.definitions, self._platform.log
        )

    def begin_controls(self, only: tuple[str, ...], by: str) -> None:
        """Run controls now, those of these ids or all of them, beside decisions. Raises NotNow."""
        if self._platform.warden is None or not self._platform.program.definitions.controls:
            raise NotNow("this platform has no register of controls")
        if self.is_running_controls:
            raise NotNow("controls are being run already; read how they stand a little later")
        if self._platform.lane.stopped is not None:
            raise NotNow("the lane has stopped, and what is not recorded is not done; try again later")
        self._asked_controls += 1
        self._platform.spawn(self._run_controls(self._platform.warden, only, by))

    async def _run_controls(self, warden: "Warden", only: tuple[str, ...], by: str) -> None:
        try:
            await self.keep_controls(warden, only, by, is_due_only=False)
        finally:
            self._asked_controls -= 1

    @property
    def is_running_controls(self) -> bool:
        """Whether controls are being run, or were asked for and are about to be."""
        warden = self._platform.warden
        return self._asked_controls > 0 or (warden is not None and warden.is_working)

    async def keep_controls(
        self, warden: "Warden", only: tuple[str, ...] = (), by: str = "platform", *, is_due_only: bool = True
    ) -> int:
        """Run the controls that are due (or are asked for), and let in by the front door those that fail; how many
        were decided.
        """
        try:
            await asyncio.to_thread(
                warden.round, self._platform.program.definitions, self._platform.log, self._platform.vault,
                self._recorder(warden), only, by, is_due_only=is_due_only,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - decisions go on; what was not run becomes overdue, and that is told
            self._platform.say(f"controls could not be run: {error or type(error).__name__}")
        decided = 0
        for fields in warden.events():
            if await self.let_in(CONTROL_EVENT, f"control-{fields['control']}", [fields]):
                warden.was_told(fields["control"])
                decided += 1
        return decided

    def _recorder(self, warden: "Warden") -> Callable[[str, str], int]:
        """What journals an action of the platform's own for a thread beside the loop; it gives up when all ends."""
        loop = asyncio.get_running_loop()

        def recorded(what: str, on: str) -> int:
            action = ActionRecord(
                ACTION, self._platform.now_us(), "platform", "platform", what, on[:TEXT_MAX], True, ""
            )
            waiting = asyncio.run_coroutine_threadsafe(self._platform.journal(action), loop)
            while not warden.is_stopping:
                with suppress(TimeoutError):
                    return waiting.result(PATIENCE_S)
            waiting.cancel()
            raise Stopped("the platform is closing")

        return recorded

    async def let_in(self, event_type: str, what: str, found: Sequence[Mapping[str, Any]]) -> int:
        """Have findings about the platform itself decided as events; answers how many were."""
        decided = 0
        while self._platform.held is not None:  # noqa: ASYNC110 - a demo's first minutes tell by a word
            await asyncio.sleep(HELD_S)
        for number, fields in enumerate(found):
            if event_type not in self._platform.program.events:
                self._platform.say(f"{what}: {fields['subject']} (load the pack `platform` to have it decided)")
                continue
            now_us = self._platform.now_us()
            try:
                event = self._platform.intake.make(event_type, f"{what}-{now_us}-{number}", now_us, fields)
                await self._platform.lane.submit(event, now_us)
                decided += 1
            except (Busy, Stopped):
                break  # what is still so is found again
            except (Refused, Conflict) as error:
                self._platform.say(f"a finding ({what}) was not taken: {error or type(error).__name__}")
        return decided

    async def _watch_staff(self, watching: Watching) -> None:
        while True:
            # Not `wait_for`: up to Python 3.11 it forgets that it is to end when what it waits for comes just then.
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._platform.acted.wait()
            self._platform.acted.clear()
            try:
                await watching.round()
            except Exception as error:  # noqa: BLE001 - the cursor stays, so nothing is lost: the next round goes on there
                self._platform.say(f"what people did could not be told: {error or type(error).__name__}")

    async def _release_due(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            await self.release_due()

    async def release_due(self) -> int:
        """Let go of what has cooled off: a release is an event like any other. Answers how many there were."""
        released = 0
        if self._platform.lane.stopped is not None or "decision_release" not in self._platform.program.events:
            return released
        now_us = self._platform.now_us()
        for opening in self._platform.lane.state.openings.due(now_us):
            identifier = decision_id(opening.seq)
            fields = {"decision": identifier, "by": "platform"}
            try:
                # An id of its own each time: should a policy not let this one through, a later one may.
                event = self._platform.intake.make("decision_release", f"release-{identifier}-{now_us}", now_us, fields)
                await self._platform.lane.submit(event, now_us)
                released += 1
            except (Busy, Stopped):
                break  # they stay due
            except (Refused, Conflict) as error:
                self._platform.say(f"{identifier} could not be released: {error or type(error).__name__}")
        return released
