"""All that tells people, put together for one platform."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jindi.access import Permits, Principal
from jindi.ports import CaseStore, Clock, NoticeStore
from jindi.run.approvals.approvals import Approvals
from jindi.run.notices.channels import Channels
from jindi.run.notices.courier import Courier
from jindi.run.notices.desk import Desk
from jindi.run.notices.finding import Finder
from jindi.run.notices.follower import Follower
from jindi.run.notices.mail import MailSettings
from jindi.run.notices.occasions import Notice
from jindi.run.notices.preferences import PreferenceBook
from jindi.run.notices.rules import Rules
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.sending import Sender

if TYPE_CHECKING:
    from jindi.run.platform import Platform


@dataclass(frozen=True, slots=True)
class Notices:
    """What tells the people of one platform."""

    desk: Desk
    follower: Follower
    courier: Courier

    def works(self) -> list[Coroutine[Any, Any, None]]:
        """What runs for as long as the platform does."""
        return [self.follower.keep(), self.courier.keep()]

    async def close(self) -> None:
        """Let go of the store."""
        await self.follower.close()


@dataclass(frozen=True, slots=True)
class Notifying:
    """What people are told with. `base` is the address that links begin with; `mail` None: nothing goes by mail."""

    store: NoticeStore
    channels: Channels
    preferences: PreferenceBook
    mail: MailSettings | None
    rules: Rules
    base: str

    def on(
        self, platform: "Platform", permits: Permits, approvals: Approvals, people: Callable[[], Iterable[Principal]],
        cases: CaseStore | None, mailing: Mailing | None, clock: Clock, tell: Callable[[str], None],
    ) -> Notices:  # fmt: skip
        """For one running platform: `people` are all who may be told, `mailing` says where posts may go."""
        finder = Finder(platform, permits, approvals, people, cases, self.rules)
        desk: Desk

        def changed() -> None:
            desk.changed()
            desk.sweep()

        def sender() -> Sender:
            if mailing is None:
                raise ValueError("this platform sends nothing")
            return mailing.sender()

        def may_tell(person: str, notice: Notice) -> bool:
            return desk.may_send(person, notice)

        follower = Follower(
            platform, finder, self.store, self.preferences, self.channels, self.rules, tell, changed
        )  # fmt: skip
        courier = Courier(
            self.store, self.channels, self.preferences, sender, self.mail, self.base, clock, tell,
            may_tell,
        )  # fmt: skip
        desk = Desk(platform, follower, finder, courier, self.channels, self.preferences, mailing, self.rules)
        return Notices(desk, follower, courier)
