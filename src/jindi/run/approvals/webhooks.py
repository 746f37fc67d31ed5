"""Who is told of decisions: changed by two people, since a webhook takes decisions out of the house."""

import asyncio
from typing import Literal, cast

import msgspec

from jindi.access import Principal
from jindi.run.approvals.operations import Collected, Delivery, Line, Unfit
from jindi.run.platform import Platform
from jindi.run.webhooks import Forbidden, Unknown
from jindi.run.webhooks.mailing import Mailing

Step = Literal["add", "disable", "enable", "rotate", "remove"]


class ChangeWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new endpoint (`step` add, `url`, what it is told), or a step with the one of an `id`."""

    step: Step
    id: str = ""
    url: str = ""
    outcomes: list[str] = []
    types: list[str] = []
    asymmetric: bool = False


class Change(Collected[ChangeWebhook, ChangeWebhook]):
    """Change a webhook. What comes of it, a secret too, is shown to whoever asked for it, once."""

    what, asked, kept = "webhook.change", ChangeWebhook, ChangeWebhook

    def __init__(self, platform: Platform, mailing: Mailing) -> None:
        self._platform, self._mailing = platform, mailing

    async def prepare(self, asked: ChangeWebhook) -> ChangeWebhook:
        """The same, of an address that webhooks may go to, or of an endpoint that is there."""
        try:
            if asked.step != "add":
                self._mailing.endpoints.get(asked.id)
                return ChangeWebhook(asked.step, asked.id)
            if unknown := sorted(set(asked.types) - set(self._platform.program.definitions.events)):
                raise Unfit("没有这样的事件类型", f"no such event type: {', '.join(unknown)[:80]}")
            await asyncio.to_thread(self._mailing.check, asked.url)
        except Unknown:
            raise Unfit("没有此推送地址", "there is no such webhook") from None
        except Forbidden as error:
            raise Unfit("不允许向此地址推送", str(error)[:300]) from None
        return ChangeWebhook("add", "", asked.url, sorted(asked.outcomes), sorted(asked.types), asked.asymmetric)

    async def base(self, kept: ChangeWebhook) -> object:
        """The endpoint as it stands, or those that there are."""
        if kept.step == "add":
            return sorted(each.id for each in self._mailing.endpoints.all())
        try:
            endpoint = self._mailing.endpoints.get(kept.id)
        except Unknown:
            return None
        return [endpoint.id, endpoint.url, endpoint.state]

    async def deliver(self, kept: ChangeWebhook, who: Principal, now_us: int) -> Delivery:  # noqa: ARG002 - whoever asked
        """Do it; a new endpoint and a new secret show it."""
        if kept.step == "add":
            made, secret = self._mailing.endpoints.add(
                kept.url, now_us, outcomes=kept.outcomes, types=kept.types, asymmetric=kept.asymmetric
            )
            return Delivery({"id": made.id, "secret": secret})
        said = await asyncio.to_thread(self._mailing.step, kept.id, kept.step, now_us)
        return Delivery({name: cast("str", value) for name, value in said.items()})

    def on(self, kept: ChangeWebhook) -> str:
        """The step, and with which endpoint."""
        return f"{kept.step} {kept.id or kept.url}"

    def lines(self, kept: ChangeWebhook) -> tuple[Line, ...]:
        """All that is asked for."""
        told = [Line("步骤", "Step", kept.step), Line("推送地址", "Endpoint", kept.url or kept.id)]
        if kept.step == "add":
            told += [
                Line("处置", "Outcomes", ", ".join(kept.outcomes) or "*"),
                Line("事件类型", "Event types", ", ".join(kept.types) or "*"),
                Line("签名方式", "Signature", "v1a (Ed25519)" if kept.asymmetric else "v1 (HMAC-SHA256)"),
            ]
        return tuple(told)
