"""The simulated stream against a running platform: history at full speed, then life as it happens."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from operator import itemgetter
from pathlib import Path

import msgspec

from jindi.basics.instants import DAY_US, MINUTE_US, SECOND_US
from jindi.basics.problems import Problem, Problems
from jindi.engine import Decision
from jindi.ports import Blobs, CaseStoreFailure, Clock, LogFailure
from jindi.run.cases import Following
from jindi.run.demo_team import Team
from jindi.run.intake import Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.platform import Platform
from jindi.run.records import decision_id
from jindi.run.simulate import Kept, Office, Scoreboard, Simulated, World, open_office, truth_line
from jindi.run.simulate.truth import HONEST

HELD = "the simulated past is still being told; the demo says when it goes on live, a minute or a few after its start"
"""What whoever sends an event before that is told."""

AT_ONCE = 8
"""Events of the past decided before other work gets its turn."""

STAFF_EVENT = "staff_action"
CALM_DAYS, SPAN_DAYS, INSIDERS_EACH = 3, 300, 30
"""The office's first days are honest; from then on about one insider begins a day."""

CUSTOMERS_MIN = 2_000
"""Fewer customers than that an office would meet all the time; then it has others."""

BEGAN = "demo.json"
"""Where a folder keeps what its world began with."""

GUILTY_BACK = 1_000_000
"""Cases that are still open are about decisions among the last so many."""

SCORE, SCORE_US = "demo-score.json", 5 * MINUTE_US
"""Where the score is kept from one start to the next, and how often. What is decided between the last time and a crash
is missing in it; a stop in order loses nothing.
"""

_json = msgspec.json.Encoder().encode


class Began(msgspec.Struct, frozen=True):
    """What a simulated world is made of: other figures would be another world, with another past."""

    seed: int = 7
    users: int = 12_000
    days: int = 7


def begun(blobs: Blobs, asked: Mapping[str, int | None]) -> Began:
    """The folder's world, or a new one as it is asked for; what is None is as the folder has it, or as usual.

    Raises Problems when the folder began with other figures than those asked for.
    """
    wished = {name: value for name, value in asked.items() if value is not None}
    kept = blobs.load(BEGAN)
    if kept is None:
        began = Began(**wished)
        blobs.save(BEGAN, [_json(began)])
        return began
    began = msgspec.json.decode(kept, type=Began)
    remedy = "leave it out to go on, or name another folder with --data"
    others = [name for name, value in wished.items() if getattr(began, name) != value]
    if others:
        raise Problems(
            Problem("demo", f"--{name}", f"this folder's simulated world began with {getattr(began, name)}", remedy)
            for name in others
        )
    return began


class KeptScore(msgspec.Struct, frozen=True):
    """The score up to a place of the journal, and the decisions of the last days that were about what was wrong."""

    next_seq: int
    board: Kept
    guilty: list[int]


def score_of(blobs: Blobs, next_seq: int) -> KeptScore | None:
    """The score of the starts before; None where there is none, or it is of another journal than this."""
    raw = blobs.load(SCORE)
    if raw is None:
        return None
    with contextlib.suppress(msgspec.MsgspecError):
        kept = msgspec.json.decode(raw, type=KeptScore)
        return kept if kept.next_seq <= next_seq else None
    return None


class Stream:
    """Feeds a world into a platform that has been started, and keeps the score against the truth."""

    def __init__(
        self, platform: Platform, clock: Clock, *, seed: int, users: int, days: int,
        truth: Path | None = None, told: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._platform, self._clock, self._told = platform, clock, told
        self._days, self._truth = days, truth
        # A later start goes on where the journal ends: told again, days that have been would all happen now.
        self.start_us = max(clock.now_us() - days * DAY_US, platform.lane.state.high_us)
        self.world = World(seed, users=users, start_us=self.start_us)
        self.office = self._office(seed) if STAFF_EVENT in platform.program.events else None
        kept = score_of(platform.blobs, platform.lane.state.next_seq)
        self.board = Scoreboard() if kept is None else Scoreboard.restored(kept.board)
        self._guilty: set[int] = set() if kept is None else set(kept.guilty)
        self._kept_us = clock.now_us()
        self._team: Team | None = None
        self._seed = seed
        self.events = self.refused = 0
        self.is_live = False
        # Time never goes back in a lane: one event of now would make all that is still to be told happen now.
        platform.held, platform.held_from_us = (HELD if self.start_us < clock.now_us() else None), self.start_us

    def _office(self, seed: int) -> Office:
        customers = self.world.customers
        return open_office(
            seed, start_us=self.start_us, customers=customers if len(customers) >= CUSTOMERS_MIN else None,
            insiders=INSIDERS_EACH, calm_days=CALM_DAYS, span_days=SPAN_DAYS,
        )  # fmt: skip

    def _told_by_both(self) -> Iterator[tuple[int, bool, Simulated]]:
        """What the wallet's world and the office behind it say, in time order: when, whether the office, what."""
        worlds = ((self.world.now_us, False, simulated) for simulated in self.world)
        if self.office is None:
            return worlds
        office = self.office
        said = ((office.now_us, True, simulated) for simulated in office if office.now_us >= self.start_us)
        return merge(worlds, said, key=itemgetter(0))

    def staff(self, following: Following) -> None:
        """Let the demo's own analysts work the cases of the past that is still to be told."""
        self._team = Team(self._platform, following, self._seed, self._guilty, self._let_go)

    def _score(self) -> bytes:
        self._kept_us = self._clock.now_us()
        next_seq = self._platform.archive.log.next_seq()  # what is not durable yet a crash would take away
        recent = [seq for seq in self._guilty if seq >= next_seq - GUILTY_BACK]
        return _json(KeptScore(next_seq, self.board.kept(), recent))

    def _keep(self, score: bytes) -> None:
        """The stream goes on without: a score that can't be kept is one of this start alone."""
        with contextlib.suppress(OSError):
            self._platform.blobs.save(SCORE, [score])

    def _let_go(self, decision: str) -> None:
        self.board.feed({"type": "decision_release", "decision": decision}, HONEST)

    async def run(self) -> None:
        """Until cancelled."""
        truth = self._truth.open("a", encoding="utf-8") if self._truth is not None else None
        try:
            for at_us, is_office, simulated in self._told_by_both():
                event = simulated.event
                ahead_us = at_us - self._clock.now_us()
                if ahead_us > 0:
                    if not self.is_live:
                        self.is_live = True
                        self._platform.held = None
                        self._told("the past is told; from here on the stream is live")
                    await asyncio.sleep(ahead_us / SECOND_US)
                elif self.events % AT_ONCE == 0:
                    await asyncio.sleep(0)
                if not self.is_live and self._team is not None:
                    await self._worked(self._team, at_us)
                await (self._say(simulated, at_us) if is_office else self._send(simulated))
                if truth is not None:
                    truth.write(truth_line(event, simulated.truth) + "\n")
                if self.is_live and abs(self._clock.now_us() - self._kept_us) >= SCORE_US:
                    await asyncio.to_thread(self._keep, self._score())
        finally:
            self._keep(self._score())
            if truth is not None:
                truth.close()

    async def _worked(self, team: Team, now_us: int) -> None:
        """The team's turn. Cases that can't be kept now are told by their follower, and the stream goes on."""
        with contextlib.suppress(CaseStoreFailure, LogFailure):
            await team.work(now_us)

    async def _say(self, simulated: Simulated, at_us: int) -> None:
        """What somebody of the office does: told from inside, as the doings of real staff are."""
        kind, name = simulated.event["type"], simulated.event["id"]
        fields = {each: value for each, value in simulated.event.items() if each not in ("id", "type", "at")}
        while True:
            try:
                event = self._platform.intake.make(kind, name, at_us, fields)
                future = self._platform.lane.submit(event, self._clock.now_us())
                break
            except Busy:
                await asyncio.sleep(0.01)
            except Stopped:
                await asyncio.sleep(1.0)
            except (Refused, Conflict):
                self.refused += 1
                return
        self.events += 1
        if self.is_live:
            await future

    async def _send(self, simulated: Simulated) -> None:
        event = simulated.event
        raw = _json(event)
        while True:
            try:
                # The answer is known before it is durable; the world may act on it, the sender waits.
                future = self._platform.tell(raw, self._clock.now_us())
                break
            except Busy:
                await asyncio.sleep(0.01)
            except Stopped:
                await asyncio.sleep(1.0)
            except (Refused, Conflict):
                self.refused += 1  # people follow up what has been settled meanwhile; so may this world
                return
        self.events += 1
        decided = self._platform.lane.recent[-1]
        if decided.event.id != event["id"]:
            await future
            return
        decision: Decision = decided.decision
        identifier = decision_id(decided.seq)
        self.board.feed(event, simulated.truth, decision.outcome, identifier)
        if simulated.truth.scenario is not None:
            self._guilty.add(decided.seq)
        wait = {"wait_us": decision.wait_us} if decision.wait_us is not None else {}
        self.world.react(event["id"], decision.outcome, decision.method, decision_id=identifier, **wait)
        if self.is_live:
            await future
