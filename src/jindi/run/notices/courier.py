"""Sends what is on its way: each place by itself, again and again until it is taken or given up.

At least once: a delivery is settled after the other side has said yes. What waits in numbers for one place goes as one
digest, and so does what was held over quiet hours.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from jindi.basics.instants import SECOND_US
from jindi.ports import Clock, DeliveryRow, NoticeStore, NoticeStoreFailure
from jindi.run.notices.channels import Channel, Channels, Unknown
from jindi.run.notices.chat import CHATS, PACE_S, Speech, plain, problem, wait_s
from jindi.run.notices.follower import MAIL_CHANNEL, key_of, notice_of
from jindi.run.notices.mail import MailSettings, Post
from jindi.run.notices.occasions import TEST, Notice, digest_of, message_of
from jindi.run.notices.preferences import PreferenceBook
from jindi.run.webhooks.courier import WAITS_S
from jindi.run.webhooks.sending import Sender, Sent

POLL_S: Final = 0.5
AT_ONCE: Final = 500
DIGEST_FROM: Final = 5
"""So many notifications that wait for one place go there as one: group robots take some twenty messages a minute."""

THREADS: Final = 4
MayTell = Callable[[str, Notice], bool]


class Courier:
    """Sends for one platform. `base` is the address that links begin with; `may_tell` is asked just before something
    goes to a person: what he might know when it was found he may not be to know any more.
    """

    def __init__(
        self, store: NoticeStore, channels: Channels, preferences: PreferenceBook, sender: Callable[[], Sender],
        mail: MailSettings | None, base: str, clock: Clock, tell: Callable[[str], None],
        may_tell: MayTell = lambda _, __: True,
    ) -> None:  # fmt: skip
        self._store, self._channels, self._preferences, self._sender = store, channels, preferences, sender
        self.mail, self.base, self._clock, self._tell, self._may_tell = mail, base, clock, tell, may_tell
        self._threads = ThreadPoolExecutor(THREADS, "notices")
        self._problem = False
        self._live: set[Sender] = set()
        self._free_us: dict[str, int] = {}
        """From when on each chat may be sent something again: it takes only so many messages a minute."""

    async def keep(self) -> None:
        """Send, for as long as the platform runs."""
        try:
            while True:
                try:
                    await self.round()
                    self._problem = False
                except NoticeStoreFailure as error:
                    if not self._problem:
                        self._tell(f"notifications are not sent: {error}")
                    self._problem = True
                except Exception as error:  # noqa: BLE001 - what was not settled is sent again
                    self._tell(f"a notification could not be sent: {type(error).__name__}: {error}")
                await asyncio.sleep(POLL_S)
        finally:
            for sender in tuple(self._live):
                sender.stop()  # what is under way ends within half a second
            self._threads.shutdown(wait=False)

    async def round(self) -> int:
        """Send what is due; how many deliveries were tried."""
        now_us = self._clock.now_us()
        rows = await asyncio.to_thread(self._store.due, now_us, AT_ONCE)
        places: dict[tuple[str, str], list[DeliveryRow]] = {}
        for row in rows:
            places.setdefault((row.channel, row.person), []).append(row)
        await asyncio.gather(*(self._place(channel, person, each) for (channel, person), each in places.items()))
        return len(rows)

    async def _place(self, channel: str, person: str, rows: list[DeliveryRow]) -> None:
        """All that waits for one place: one by one, or as a digest; nothing yet, where a chat had enough of late."""
        if self._free_us.get(channel, 0) > self._clock.now_us():
            return
        rows = [row for row in rows if not await self._is_withdrawn(row)]
        held = [row for row in rows if row.state == "held"]
        pieces: list[list[DeliveryRow]] = [[row] for row in rows if row.state != "held"]
        if len(pieces) >= DIGEST_FROM:
            held, pieces = rows, []
        if held:
            pieces.insert(0, held)
        for number, piece in enumerate(pieces):
            next_us = await self._send(channel, person, piece)
            if next_us is not None:
                # What comes behind it waits as long: a dead place is not knocked at for each.
                behind = [row._replace(next_us=next_us) for other in pieces[number + 1 :] for row in other]
                await asyncio.to_thread(self._store.settle, behind)
                return

    async def _is_withdrawn(self, row: DeliveryRow) -> bool:
        notice = notice_of(row.body)
        if not row.person or self._may_tell(row.person, notice):
            return False
        await self._settle([row], Sent("not to be told any more", gone=True))
        return True

    async def _send(self, channel: str, person: str, rows: Sequence[DeliveryRow]) -> int | None:
        """Send one message; None when it is settled, else when it is tried again."""
        now_us = self._clock.now_us()
        notices = [notice_of(row.body) for row in rows]
        first = notices[0] if len(rows) == 1 else digest_of(f"digest:{rows[0].key}", notices, now_us)
        loop = asyncio.get_running_loop()
        self._pace(channel, now_us)
        sent = await loop.run_in_executor(self._threads, self.deliver, channel, person, first, rows[0].key)
        return await self._settle(rows, sent)

    def _pace(self, channel: str, now_us: int) -> None:
        """Keep a chat's limit: what comes too fast waits, and then goes as a digest."""
        with suppress(Unknown):
            pace_us = PACE_S.get(self._channels.get(channel).kind, 0) * SECOND_US
            self._free_us[channel] = max(now_us, self._free_us.get(channel, 0)) + pace_us

    async def _settle(self, rows: Sequence[DeliveryRow], sent: Sent) -> int | None:
        now_us, again_us = self._clock.now_us(), None
        settled = []
        for row in rows:
            tries = row.tries + 1
            if not sent.why:
                settled.append(row._replace(state="sent", tries=tries, why="", done_us=now_us))
            elif sent.gone or tries > len(WAITS_S):
                settled.append(row._replace(state="failed", tries=tries, why=sent.why, done_us=now_us))
            else:
                wait_s = max(WAITS_S[tries - 1], min(sent.retry_after_s or 0, WAITS_S[-1]))
                # Jitter keeps places that failed together from coming back at once; it is no secret.
                next_us = now_us + int(wait_s * SECOND_US * (1 + random.random() / 10))  # noqa: S311
                again_us = max(again_us or 0, next_us)
                settled.append(row._replace(tries=tries, why=sent.why, next_us=next_us))
        await asyncio.to_thread(self._store.settle, settled)
        return again_us

    # ---- one message

    def deliver(self, channel: str, person: str, notice: Notice, key: str) -> Sent:
        """Send one message to one place. Blocking."""
        if channel == MAIL_CHANNEL:
            wishes = self._preferences.of(person)
            if not wishes.mail:
                return Sent("he has no address any more", gone=True)
            return self._by_mail(wishes.mail, key, notice, wishes.lang)
        try:
            found = self._channels.get(channel)
        except Unknown:
            return Sent("there is no such channel any more", gone=True)
        if found.state != "on":
            return Sent("the channel is off", gone=True)
        return self.to_channel(found, notice, key)

    def to_channel(self, channel: Channel, notice: Notice, key: str) -> Sent:
        """Send one message to a team's channel, whatever its state. Blocking."""
        if channel.kind == "mail":
            return self._by_mail(channel.address, key, notice, channel.lang)
        now_us = self._clock.now_us()
        speech = self._speech(channel, notice, key, now_us)
        sender = self._sender()
        self._live.add(sender)
        try:
            return sender.send(
                speech.url, speech.headers, speech.body,
                lambda answer: Sent(problem(channel.kind, answer), retry_after_s=wait_s(channel.kind, answer)),
            )  # fmt: skip
        finally:
            self._live.discard(sender)
            sender.close()

    def _speech(self, channel: Channel, notice: Notice, key: str, now_us: int) -> Speech:
        if channel.kind == "webhook":
            return plain(notice, self.base, channel.address, channel.secret, now_us, f"msg_{key}")
        group = channel.name if notice.occasion == TEST else ""
        message = message_of(notice, channel.lang, self.base, group)
        return CHATS[channel.kind](message, channel.address, channel.secret, now_us)

    def _by_mail(self, to: str, key: str, notice: Notice, lang: str) -> Sent:
        if self.mail is None:
            return Sent("no mail server is set (setting mail_host)", gone=True)
        return Post(self.mail).send(to, f"notice.{key}", message_of(notice, lang, self.base))


def trial_notice(now_us: int) -> Notice:
    """What is sent to see whether it arrives."""
    return Notice(f"{TEST}:{now_us:x}", TEST, "low", now_us)


def trial_key(place: str, now_us: int) -> str:
    """The id of such a message."""
    return key_of(TEST, place, str(now_us))
