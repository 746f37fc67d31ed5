"""A webhook takes decisions out of the house, so two people change it."""

import pytest
from api_world import Api

from approvals_world import two
from jindi.run.approvals.approvals import Declined
from jindi.run.approvals.webhooks import Change
from jindi.run.webhooks import Endpoints, Reach
from jindi.run.webhooks.mailing import Mailing
from shop_world import Shop, run

HOOK = {"step": "add", "url": "https://hooks.example/x", "outcomes": ["deny"]}


def mailing_of(shop):
    outside = {"hooks.example": "93.184.216.34", "inside.example": "10.0.0.1"}
    reach = Reach(resolve=lambda host, _: [outside.get(host, host)])
    return Mailing(Endpoints(shop.blobs, lambda size: b"\5" * size), reach, None)


def test_a_webhook_is_added_when_another_has_approved_and_its_secret_is_shown_once():
    async def go():
        async with two() as house:
            mailing = mailing_of(house.shop)
            house.approvals.register(Change(house.shop.platform, mailing))
            entry = await house.ask(house.ann, "webhook.change", HOOK)
            await house.answer(house.bob, entry)
            assert mailing.endpoints.all() == ()
            shown = (await house.approvals.collect(house.ann, entry.id)).shown
            (made,) = mailing.endpoints.all()
            assert (made.id, made.url) == (shown["id"], HOOK["url"])
            assert shown["secret"].startswith("whsec_")
            everything = b"".join(house.shop.platform.archive.raw(seq) for seq in range(house.shop.log.next_seq()))
            assert shown["secret"].encode() not in everything
            for step, state in (("disable", "off"), ("enable", "on"), ("remove", "removed")):
                entry = await house.ask(house.bob, "webhook.change", {"step": step, "id": made.id})
                await house.answer(house.ann, entry)
                assert (await house.approvals.collect(house.bob, entry.id)).shown["state"] == state
            assert mailing.endpoints.all() == ()

    run(go())


@pytest.mark.parametrize(
    "asked",
    [
        {"step": "add", "url": "https://inside.example/x"}, {"step": "add", "url": "http://hooks.example/x"},
        {"step": "add", "url": "https://169.254.169.254/latest"}, {"step": "remove", "id": "wh_000000000000"},
        {"step": "explode"}, {"step": "add", "url": "https://hooks.example/x", "types": ["nothing"]}, {},
        {"step": "add", "url": "https://hooks.example/x", "secret": "mine"},
    ],
)  # fmt: skip
def test_attack_what_no_webhook_may_be_is_not_even_asked_for(asked):
    async def go():
        async with two() as house:
            house.approvals.register(Change(house.shop.platform, mailing_of(house.shop)))
            with pytest.raises(Declined):
                await house.ask(house.ann, "webhook.change", asked)

    run(go())


def test_attack_the_direct_way_to_a_webhook_is_closed_while_four_eyes_are_on():
    async def go():
        shop = Shop()
        mailing = mailing_of(shop)
        async with Api(shop, mailing=mailing) as api:
            body = {"url": HOOK["url"], "outcomes": ["deny"]}
            answer = await api.ask("POST", "/v1/webhooks", body)
            assert answer.status_code == 409
            assert "two people" in answer.json()["detail"]
            assert mailing.endpoints.all() == ()
            made, _ = mailing.endpoints.add(HOOK["url"], 1, outcomes=[], types=[], asymmetric=False)
            for step in ("disable", "rotate", "remove"):
                assert (await api.ask("POST", f"/v1/webhooks/{made.id}/{step}")).status_code == 409
            assert mailing.endpoints.get(made.id).state == "on"

    run(go())
