"""A team's channel takes word of what happens out of the house, so two people change it.

The address and its secret stand in no record: what is approved is the channel that lies ready, known by a mark of its
content, so that nothing else can take its place.
"""

from typing import Literal

import msgspec

from jindi.access.roles import TITLES
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.notices.channels import Channel, Channels, Unknown
from jindi.run.platform import Platform

Step = Literal["add", "disable", "enable", "remove"]
_STATES = {"add": "on", "enable": "on", "disable": "off"}
_STEPS: dict[Step, tuple[str, str]] = {
    "add": ("新增", "add"), "disable": ("停用", "disable"), "enable": ("启用", "enable"), "remove": ("移除", "remove"),
}  # fmt: skip


class ChangeChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step with the channel of an id; to be added, it lies ready already."""

    step: Step
    id: str


class KeptChannel(msgspec.Struct, frozen=True):
    """The same, with what it is, as far as that may stand in a record."""

    step: Step
    id: str
    kind: str
    name: str
    place: str
    roles: tuple[str, ...]
    least: str
    mark: str


class ChannelChange(AtOnce[ChangeChannel, KeptChannel]):
    """Change a channel of a team."""

    what, asked, kept = "channel.change", ChangeChannel, KeptChannel

    def __init__(self, platform: Platform, channels: Channels) -> None:
        self._platform, self._channels = platform, channels

    def _mark(self, channel: Channel) -> str:
        """What a channel's address and secret are known by, without either."""
        return self._platform.blind(f"{channel.id}\n{channel.address}\n{channel.secret}")

    async def prepare(self, asked: ChangeChannel) -> KeptChannel:
        """The same, of a channel that lies ready, or is there."""
        try:
            channel = self._channels.get(asked.id)
        except Unknown:
            raise Unfit("没有此通道", "there is no such channel") from None
        if (asked.step == "add") != (channel.state == "asked"):
            raise Unfit("该通道目前不能这样变更", "the channel can't be changed like this as it stands")
        roles = tuple(str(each) for each in channel.roles)
        return KeptChannel(
            asked.step, channel.id, channel.kind, channel.name, channel.place, roles, channel.least,
            self._mark(channel),
        )  # fmt: skip

    async def base(self, kept: KeptChannel) -> object:
        """The channel as it stands."""
        try:
            channel = self._channels.get(kept.id)
        except Unknown:
            return None
        return [channel.id, channel.state, self._mark(channel)]

    async def is_done(self, kept: KeptChannel) -> bool:
        """Whether the channel is so already."""
        try:
            state = self._channels.get(kept.id).state
        except Unknown:
            return kept.step == "remove"
        return state == _STATES.get(kept.step)

    async def apply(self, kept: KeptChannel, now_us: int) -> None:  # noqa: ARG002 - the record has its own time
        """Do it."""
        if kept.step == "remove":
            self._channels.remove(kept.id)
        else:
            self._channels.put(kept.id, "off" if kept.step == "disable" else "on")

    def on(self, kept: KeptChannel) -> str:
        """The step, and with which channel."""
        return f"{kept.step} {kept.id}"

    def lines(self, kept: KeptChannel) -> tuple[Line, ...]:
        """All that may be shown of it."""
        zh, en = _STEPS[kept.step]
        known = {str(role): titles for role, titles in TITLES.items()}
        titles = [known.get(each, (each, each)) for each in kept.roles]
        roles = ", ".join(" / ".join(dict.fromkeys(each)) for each in titles)
        return (
            Line("步骤", "Step", f"{zh} / {en}", (zh, en)),
            Line("通道", "Channel", f"{kept.name} ({kept.id})"),
            Line("类型", "Kind", kept.kind),
            Line("送达主机", "Host", kept.place),
            Line(
                "面向角色", "For the roles", roles, ("、".join(t[0] for t in titles), ", ".join(t[1] for t in titles))
            ),
            Line("最低级别", "From the level on", kept.least),
            Line("地址与密钥的标记", "Mark of its address and secret", kept.mark),
        )
