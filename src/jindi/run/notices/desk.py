"""What the doors ask of notifications: each person his own, and for who administers them the channels of teams."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from jindi.access import Principal, folded
from jindi.basics.instants import MINUTE_US, SECOND_US
from jindi.ports import DeliveryRow, NoticeQuery, NoticeRow, NoticeStore, NoticeStoreFailure
from jindi.run.notices.channels import Channel, Channels, Unfit, Unknown, Wanted
from jindi.run.notices.courier import Courier, trial_key, trial_notice
from jindi.run.notices.finding import Finder
from jindi.run.notices.follower import MAIL_CHANNEL, Follower, notice_of
from jindi.run.notices.occasions import Notice
from jindi.run.notices.preferences import PreferenceBook, Preferences, fitting
from jindi.run.notices.rules import Rules
from jindi.run.records import decision_seq
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.sending import Sent

if TYPE_CHECKING:
    from jindi.run.platform import Platform

KEYS_AT_ONCE: Final = 200
ASKED_US: Final = 10 * MINUTE_US
"""So long a channel that waits for approval may be there before its proposal is."""

TRIAL_US: Final = 20 * SECOND_US
"""So long after a test no other one goes to the same place (design default)."""

CHANGE: Final = "channel.change"


@dataclass(frozen=True, slots=True)
class Told:
    """One notification as its owner sees it."""

    key: str
    notice: Notice
    is_read: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """One delivery as the log shows it: by which channel, how it stands. To whom of the staff is nobody's business."""

    row: DeliveryRow
    notice: Notice
    channel: Channel | None

    @property
    def is_over(self) -> bool:
        """Whether it may be sent again by hand."""
        return self.row.state in ("sent", "failed")


class Desk:
    """Notifications of one platform. Whether somebody may is asked at the doors; whose they are is asked here."""

    def __init__(
        self, platform: "Platform", follower: Follower, finder: Finder, courier: Courier, channels: Channels,
        preferences: PreferenceBook, mailing: Mailing | None, rules: Rules,
    ) -> None:  # fmt: skip
        self._platform, self._follower, self._finder, self.courier = platform, follower, finder, courier
        self.channels, self.preferences, self._mailing, self.rules = channels, preferences, mailing, rules
        self._store: NoticeStore = follower.store
        self._unread: dict[str, int] = {}
        self._tried: dict[str, int] = {}

    def changed(self) -> None:
        """There is something new: what was counted no longer counts."""
        self._unread.clear()

    @property
    def problem(self) -> str | None:
        """Why people are not told; None when they are."""
        return self._follower.problem

    # ---- one's own

    def unread(self, who: Principal) -> int:
        """How many of his own somebody has not read; 0 when that can't be known now."""
        person = folded(who.name)
        if person not in self._unread:
            try:
                self._unread[person] = self._store.count(NoticeQuery(person=person, unread=True))
            except NoticeStoreFailure:
                return 0
        return self._unread[person]

    async def mine(self, who: Principal, query: NoticeQuery) -> tuple[list[Told], int]:
        """Somebody's own notifications, whoever's the query asks for, in its order; and how many there are."""
        own = replace(query, person=folded(who.name))
        rows, count = await asyncio.to_thread(lambda: (self._store.find(own), self._store.count(own)))
        return [self._told(row) for row in rows if self.may_tell(own.person, notice_of(row.body))], count

    def may_tell(self, person: str, notice: Notice) -> bool:
        """Whether somebody may still know of something: of an alert about staff only while he is outside its line, of a
        report against money laundering only while he may know of any.
        """
        if notice.occasion.startswith("filing."):
            return self._finder.may_know_reports(person)
        if notice.occasion != "staff.alert":
            return True
        try:
            return self._finder.may_see(person, decision_seq(notice.matter))
        except ValueError:
            return False

    def may_send(self, person: str, notice: Notice) -> bool:
        """Whether something may still leave the house for somebody: he is here, and may know of it."""
        return self._finder.is_here(person) and self.may_tell(person, notice)

    async def read(self, who: Principal, keys: Sequence[str] | None) -> int:
        """Note that somebody has read some of his own, or all of them. Keys of others' say nothing to anybody."""
        person = folded(who.name)
        given = None if keys is None else tuple(keys)[:KEYS_AT_ONCE]
        count = await asyncio.to_thread(self._store.read, person, given, self._platform.now_us())
        self._unread.pop(person, None)
        return count

    def wishes(self, who: Principal) -> Preferences:
        """What somebody wants."""
        return self.preferences.of(folded(who.name))

    def fitting(self, wanted: Preferences) -> Preferences:
        """Wishes that can be kept. Raises Unfit."""
        mail = self.courier.mail
        return fitting(wanted, mail.domains if mail is not None else ())

    def wish(self, who: Principal, wanted: Preferences) -> None:
        """Keep what somebody wants, once it is fitting."""
        self.preferences.put(folded(who.name), wanted)

    async def try_mail(self, who: Principal) -> Sent:
        """Send somebody a letter to his own address."""
        now_us = self._platform.now_us()
        if self.wishes(who).mail and (soon := self._too_soon(folded(who.name), now_us)) is not None:
            return soon
        key = trial_key(folded(who.name), now_us)
        return await asyncio.to_thread(
            self.courier.deliver, MAIL_CHANNEL, folded(who.name), trial_notice(now_us), key
        )  # fmt: skip

    def _too_soon(self, place: str, now_us: int) -> Sent | None:
        """Why no other test goes to a place yet. Nobody's letter box is to be filled by way of us."""
        if 0 <= now_us - self._tried.get(place, -TRIAL_US) < TRIAL_US:
            return Sent("a test was sent a moment ago")
        self._tried = {each: at_us for each, at_us in self._tried.items() if 0 <= now_us - at_us < TRIAL_US}
        self._tried[place] = now_us
        return None

    # ---- the channels of teams

    async def ask(self, wanted: Wanted) -> Channel:
        """A channel that waits for a second person. Raises `channels.Unfit`."""
        if wanted.kind == "mail":
            if self.courier.mail is None:
                raise Unfit("no_mail")
            if not self.courier.mail.may_go(wanted.address):
                raise Unfit("reach")
        return await asyncio.to_thread(self.channels.ask, wanted, self._platform.now_us(), self._check)

    def _check(self, address: str) -> None:
        if self._mailing is None:
            raise ValueError("this platform sends nothing")
        self._mailing.check(address)

    async def try_channel(self, identifier: str) -> Sent:
        """Send a test. Raises Unknown, also for a channel that no second person has approved yet."""
        channel, now_us = self.channels.get(identifier), self._platform.now_us()
        if channel.state == "asked":
            raise Unknown("this channel waits for a second person")
        if (soon := self._too_soon(identifier, now_us)) is not None:
            return soon
        return await asyncio.to_thread(
            self.courier.to_channel, channel, trial_notice(now_us), trial_key(identifier, now_us)
        )  # fmt: skip

    def sweep(self) -> int:
        """Forget channels that were asked for and that nobody waits for any more; how many there were."""
        now_us, waiting = self._platform.now_us(), set[str]()
        for entry in self._platform.approvals.entries.values():
            if entry.asked.what == CHANGE and entry.state(now_us) in ("open", "approved"):
                waiting.add(str(msgspec.json.decode(entry.asked.payload).get("id")))
        gone = [
            each.id
            for each in self.channels.all()
            if each.state == "asked" and each.id not in waiting and now_us - each.created_us > ASKED_US
        ]
        for identifier in gone:
            self.channels.remove(identifier)
        return len(gone)

    # ---- what was sent

    async def log(self, limit: int, offset: int = 0, channel: str | None = None) -> list[Sending]:
        """What was sent and what was not, the newest first."""
        rows = await asyncio.to_thread(self._store.log, limit, offset, channel)
        known = {each.id: each for each in self.channels.all()}
        return [Sending(row, notice_of(row.body), known.get(row.channel)) for row in rows]

    async def resend(self, key: str) -> bool:
        """Send something again that was sent or given up; False when there is no such thing."""
        row = await asyncio.to_thread(self._store.delivery, key)
        if row is None or row.state not in ("sent", "failed"):
            return False
        again = row._replace(state="waiting", tries=0, why="", next_us=self._platform.now_us(), done_us=0)
        await asyncio.to_thread(self._store.settle, [again])
        return True

    def _told(self, row: NoticeRow) -> Told:
        return Told(row.key, notice_of(row.body), row.read_us > 0)
