"""The settings of notifications and of webhooks: what each may change, by how many people, and what no page tells."""

import re
from contextlib import asynccontextmanager

import httpx
import pytest
from notices_world import LOOPBACK, Told

from jindi.access import Scope
from jindi.doors.api import build_api
from jindi.run.notices import MailSettings, Preferences
from jindi.run.webhooks import Reach
from mail_world import MailServer
from shop_world import list_entry, pay, run
from staff_world import MINUTE as MINUTE_US
from webhook_world import Receiver

PATH, HOOKS = "/console/settings/notifications", "/console/settings/webhooks"
OUTSIDE = "https://93.184.216.34"
CHANNEL = {
    "kind": "slack", "name": "值班群", "address": f"{OUTSIDE}/services/T0/B0/very-secret", "least": "high",
    "lang": "zh", "role.analyst": "1", "why": "on call",
}  # fmt: skip


def living(work, **more):
    async def go():
        async with Told(**more) as world:
            await work(world)

    run(go())


def everything(world):
    """All that the journal holds."""
    return b"".join(world.platform.archive.raw(seq) for seq in range(world.log.next_seq()))


# ---- one's own


def test_what_somebody_wants_is_kept_with_a_record_before_it_and_his_address_in_no_journal():
    async def go(world):
        visit = world.visit()
        wanted = {
            "mail": "li.min@example.com", "lang": "en", "zone": "Europe/Berlin", "quiet_from": "22:00",
            "quiet_until": "07:00", "breaks": "1", "tell.bell:case.late": "1", "tell.mail:case.late": "1",
        }  # fmt: skip
        assert (await visit.post(PATH, **wanted)).headers["location"] == f"{PATH}?done=saved"
        kept = world.wishes.of("limin")
        assert (kept.mail, kept.lang, kept.zone, kept.quiet_from, kept.breaks) == (
            "li.min@example.com", "en", "Europe/Berlin", "22:00", True,
        )  # fmt: skip
        assert "bell:case.late" not in kept.muted
        assert {"bell:case.assigned", "mail:case.untaken", "mail:approval.waits"} <= set(kept.muted)
        assert not [each for each in kept.muted if each.endswith((":backup.overdue", ":staff.alert"))], (
            "not on his page"
        )
        assert ("limin", "notices.prefer", "allowed", "") in await world.doings("notices.prefer")
        assert b"li.min@" not in everything(world)
        page = (await visit.get(PATH)).text
        assert 'value="li.min@example.com"' in page
        assert "li.min@" not in (await world.visit("zhao").get(PATH)).text

    living(go)


def test_a_wish_that_can_not_be_kept_is_said_where_it_was_typed_and_changes_nothing():
    async def go(world):
        visit = world.visit()
        answer = await visit.post(PATH, mail="x@y\r\nBcc: z@w", lang="zh", zone="Asia/Shanghai", quiet_from="22:00")
        assert answer.status_code == 422
        assert "Write one e-mail address." in answer.text
        assert 'value="22:00"' in answer.text
        assert world.wishes.of("limin") == Preferences()
        bare = await visit.http.post(PATH, data={"mail": "a@b.example", "lang": "zh", "zone": "UTC"})
        assert bare.status_code == 403
        assert world.wishes.of("limin") == Preferences()

    living(go)


def test_nobody_changes_what_another_wants_whatever_he_sends():
    async def go(world):
        await world.visit("zhao").post(
            PATH, mail="zhao@example.com", lang="zh", zone="UTC", person="limin", id="per_limin"
        )
        assert world.wishes.of("limin") == Preferences()
        assert world.wishes.of("zhao").mail == "zhao@example.com"

    living(go)


def test_a_test_letter_comes_to_ones_own_address():
    with MailServer() as server:
        mail = MailSettings("localhost", server.port, "jindi@example.com", tls="off")

        async def go(world):
            visit = world.visit()
            assert "no_address" in (await visit.post(f"{PATH}/mail")).headers["location"]
            world.wishes.put("limin", Preferences(mail="limin@example.com"))
            sent = await visit.post(f"{PATH}/mail", to="someone@else.example")
            assert sent.headers["location"] == f"{PATH}?done=mailed"
            again = await visit.post(f"{PATH}/mail")
            assert again.headers["location"] == f"{PATH}?why=soon", "nobody is flooded by way of us"
            world.clock.at_us += MINUTE_US
            world.wishes.put("limin", Preferences())
            assert "no_address" in (await visit.post(f"{PATH}/mail")).headers["location"]

        living(go, mail=mail)
    assert [each[1] for each in server.taken] == [["TO:<limin@example.com>"]]


def test_attack_a_teams_letters_go_to_no_domain_that_the_operator_has_not_named():
    async def go(world):
        asked = await world.visit("zhou").post(
            f"{PATH}/channels", **CHANNEL | {"kind": "mail", "address": "team@elsewhere.example", "secret": ""}
        )
        assert asked.status_code == 422
        assert world.channels.all() == ()

    living(go, mail=MailSettings("localhost", 25, "jindi@example.com", tls="off", domains=("example.com",)))


# ---- channels: two people


def test_a_channel_is_on_once_a_second_person_has_approved_it_and_its_address_is_in_no_record_and_on_no_page():
    async def go(world):
        visit = world.visit("zhou")
        asked = await visit.post(f"{PATH}/channels", **CHANNEL)
        place = asked.headers["location"]
        assert re.fullmatch(r"/console/approvals/apr_[0-9a-f]{12}\?done=asked", place)
        (channel,) = world.channels.all()
        assert channel.state == "asked"
        assert (await visit.post(f"{PATH}/channels/{channel.id}/test")).status_code == 404, "nothing goes there yet"
        page = (await world.visit("ying").get(place)).text
        assert "值班群" in page
        assert "93.184.216.34" in page
        entry = world.approvals.entries()[0][0]
        own = await visit.post(f"/console/approvals/{entry.id}/approve", digest=entry.asked.digest)
        assert own.status_code in (403, 409)
        assert world.channels.get(channel.id).state == "asked"
        given = await world.visit("ying").post(f"/console/approvals/{entry.id}/approve", digest=entry.asked.digest)
        assert given.status_code == 303
        assert world.channels.get(channel.id).state == "on"
        for where in (PATH, place, "/console/approvals"):
            assert "very-secret" not in (await visit.get(where)).text
        assert b"very-secret" not in everything(world)

    living(go)


def test_attack_what_was_approved_is_that_very_address_and_no_other():
    async def go(world):
        import msgspec

        await world.visit("zhou").post(f"{PATH}/channels", **CHANNEL)
        entry, (channel,) = world.approvals.entries()[0][0], world.channels.all()
        world.channels._all[channel.id] = msgspec.structs.replace(channel, address=f"{OUTSIDE}/evil")
        await world.visit("ying").post(f"/console/approvals/{entry.id}/approve", digest=entry.asked.digest)
        assert world.channels.get(channel.id).state == "asked"

    living(go)


@pytest.mark.parametrize("who", ["limin", "wang", "qian", "feng", "chen"])
def test_attack_who_does_not_run_the_machine_neither_sees_nor_changes_a_channel(who):
    async def go(world):
        channel = await world.channel("slack", f"{OUTSIDE}/x")
        visit = world.visit(who)
        page = (await visit.get(PATH)).text
        assert channel not in page
        assert "93.184.216.34" not in page
        before = len(world.approvals.entries())
        for path, form in (
            ("/channels", CHANNEL), (f"/channels/{channel}/test", {}),
            (f"/channels/{channel}/change", {"step": "remove", "why": "x"}),
        ):  # fmt: skip
            assert (await visit.post(f"{PATH}{path}", **form)).status_code == 403
        assert len(world.approvals.entries()) == before
        assert [each.id for each in world.channels.all()] == [channel]

    living(go)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"address": "https://169.254.169.254/latest"}, "Nothing may go there"),
        ({"address": "https://10.0.0.1/x"}, "Nothing may go there"), ({"name": "a\u202eb"}, "visible characters"),
        ({"name": "call 13812345678"}, "visible characters"),
        ({"kind": "webhook", "secret": "mine"}, "whsec_"), ({"kind": "mail", "address": "a@b.example"}, "mail_host"),
        ({"why": ""}, "say why"),
    ],
)  # fmt: skip
def test_attack_a_channel_that_must_not_be_is_not_even_asked_for_and_no_secret_comes_back(changes, said):
    async def go(world):
        form = {**CHANNEL, **changes}
        answer = await world.visit("zhou").post(f"{PATH}/channels", **form)
        assert answer.status_code in (409, 422)
        assert said in answer.text
        assert 'value="on call"' in answer.text or not form["why"]
        assert form["address"] not in answer.text
        assert world.channels.all() == ()
        assert world.approvals.entries() == []

    living(go, reach=Reach())


def test_a_channel_is_tested_switched_off_and_removed_and_hears_nothing_when_off():
    with Receiver(body=b"ok") as there:

        async def go(world):
            channel = await world.channel("slack", f"http://localhost:{there.port}/x")
            visit = world.visit("zhou")
            assert (await visit.post(f"{PATH}/channels/{channel}/test")).headers["location"] == f"{PATH}?done=sent"
            assert len(there.taken) == 1
            for step in ("disable", "remove"):
                asked = await visit.post(f"{PATH}/channels/{channel}/change", step=step, why="no longer")
                assert asked.status_code == 303
                again = await visit.post(f"{PATH}/channels/{channel}/change", step=step, why="no longer")
                assert again.status_code == 409
                entry = world.approvals.entries()[0][0]
                await world.approvals.approve(world.who("feng"), entry.id, entry.asked.digest, "yes")
            assert world.channels.all() == ()
            assert (await visit.post(f"{PATH}/channels/{channel}/test")).status_code == 404

        living(go, reach=LOOPBACK)


def test_what_was_asked_for_and_rejected_leaves_no_address_behind():
    async def go(world):
        await world.visit("zhou").post(f"{PATH}/channels", **CHANNEL)
        entry = world.approvals.entries()[0][0]
        world.clock.at_us += 11 * 60_000_000
        assert world.notices.desk.sweep() == 0
        await world.approvals.reject(world.who("ying"), entry.id, "not that one")
        assert world.notices.desk.sweep() == 1
        assert world.channels.all() == ()

    living(go)


def test_what_failed_is_sent_again_by_hand_and_by_who_may():
    with Receiver([(410, {})], body=b"ok") as there:

        async def go(world):
            channel = await world.channel("slack", f"http://localhost:{there.port}/x", roles=["senior_analyst"])
            case = await world.case(1)
            from jindi.cases import Assign, Escalate

            await world.works("limin", case, Assign("limin"))
            await world.works("limin", case, Escalate("too much"))
            await world.round()
            await world.notices.courier.round()
            ((_, _, _, state),) = await world.sent(channel)
            assert state == "failed"
            (failed,) = await world.notices.desk.log(10, 0, channel)
            page = (await world.visit("zhou").get(PATH)).text
            assert f"/deliveries/{failed.row.key}/resend" in page
            path = f"{PATH}/deliveries/{failed.row.key}/resend"
            assert (await world.visit("limin").post(path)).status_code == 403
            assert (await world.visit("zhou").post(path)).headers["location"] == f"{PATH}?done=again"
            world.clock.at_us += MINUTE_US  # a channel is sent no more than it takes
            await world.notices.courier.round()
            assert [each[3] for each in await world.sent(channel)] == ["sent"]
            assert (await world.visit("zhou").post(f"{PATH}/deliveries/nothing/resend")).status_code == 404

        living(go)


def test_the_page_says_who_is_next_and_that_these_are_design_defaults():
    async def go(world):
        page = (await world.visit().get(PATH)).text
        for said in ("after 15 min to who leads", "after 30 min to the team", "design default"):
            assert said.lower() in page.lower()

    living(go)


# ---- the API


def test_a_key_that_may_run_the_machine_reads_and_tests_channels_and_sees_no_address():
    with Receiver([(410, {})], body=b"ok") as there:

        async def go(world):
            channel = await world.channel("slack", f"http://localhost:{there.port}/very-secret")
            await untaken(world, channel)
            async with asking(world) as ask:
                listed = await ask("GET", "/v1/notification-channels")
                assert [each["id"] for each in listed.json()["channels"]] == [channel]
                tested = (await ask("POST", f"/v1/notification-channels/{channel}/test")).json()
                assert (tested["arrived"], tested["why"]) == (False, "answered 410")
                await world.notices.courier.round()
                sent = await ask("GET", f"/v1/notification-deliveries?channel={channel}&limit=1")
                (delivery,) = sent.json()["deliveries"]
                assert (delivery["occasion"], delivery["state"]) == ("case.untaken", "sent")
                again = await ask("POST", f"/v1/notification-deliveries/{delivery['id']}/resend")
                assert again.json()["state"] == "waiting"
                for answer in (listed, sent):
                    assert "very-secret" not in answer.text
                for path in ("/v1/notification-channels/nothing/test", "/v1/notification-deliveries/nothing/resend"):
                    assert (await ask("POST", path)).status_code == 404
                assert (await ask("GET", "/v1/notification-deliveries?limit=201")).status_code == 400
                for scope in set(Scope) - {Scope.ADMIN}:
                    assert (await ask("GET", "/v1/notification-channels", scope)).status_code == 403

        living(go)


async def untaken(world, channel):
    """Something that goes to a channel."""
    await world.send(list_entry("l1", "blocked", "villain"))
    await world.happens(pay(4, "10.00", user="villain"))
    await world.round(16)
    assert [each[2] for each in await world.sent(channel)] == ["case.untaken"]


@asynccontextmanager
async def asking(world):
    """Keys of the world's API."""
    app = build_api(
        world.platform, world.keys, world.clock, dict, approvals=world.approvals, notices=world.notices.desk
    )  # fmt: skip

    async def ask(method, path, scope=Scope.ADMIN):
        clear, _ = world.keys.create(f"key {scope}", frozenset({scope}), world.clock.now_us())
        return await http.request(method, path, headers={"authorization": f"Bearer {clear}"})

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://jindi.test") as http:
        yield ask


# ---- webhooks


def test_a_webhook_is_added_tested_and_removed_from_its_page_by_two_people():
    with Receiver() as there:

        async def go(world):
            visit, url = world.visit("zhou"), f"http://localhost:{there.port}/hook"
            assert "Nobody is told yet." in (await visit.get(HOOKS)).text
            form = {"url": url, "outcome.deny": "1", "types": "pay", "why": "our partner"}
            asked = await visit.post(f"{HOOKS}/add", **form)
            place = asked.headers["location"].partition("?")[0]
            entry = world.approvals.entries()[0][0]
            assert world.mailing.endpoints.all() == ()
            await world.visit("feng").post(f"{place}/approve", digest=entry.asked.digest)
            shown = (await visit.post(f"{place}/collect")).text
            assert "whsec_" in shown
            (made,) = world.mailing.endpoints.all()
            assert (made.url, made.outcomes, made.types) == (url, ["deny"], ["pay"])
            page = (await visit.get(HOOKS)).text
            assert url in page
            assert "whsec_" not in page
            assert (await visit.post(f"{HOOKS}/{made.id}/test")).headers["location"] == f"{HOOKS}?done=arrived"
            assert len(there.taken) == 1
            for step in ("rotate", "disable", "remove"):
                asked = await visit.post(f"{HOOKS}/{made.id}/change", step=step, why="as agreed")
                place = asked.headers["location"].partition("?")[0]
                assert "A change waits" in (await visit.get(HOOKS)).text
                entry = world.approvals.entries()[0][0]
                await world.visit("feng").post(f"{place}/approve", digest=entry.asked.digest)
                await visit.post(f"{place}/collect")
            assert world.mailing.endpoints.all() == ()

        living(go)


def test_a_webhook_that_must_not_be_is_said_where_it_was_typed():
    async def go(world):
        visit = world.visit("zhou")
        answer = await visit.post(f"{HOOKS}/add", url="https://10.0.0.1/x", types="pay", why="our partner")
        assert answer.status_code == 409
        assert "webhook_allow" in answer.text
        assert 'value="https://10.0.0.1/x"' in answer.text
        assert 'value="our partner"' in answer.text
        assert (await visit.post(f"{HOOKS}/wh_000000000000/test")).status_code == 404
        assert (await visit.post(f"{HOOKS}/wh_000000000000/change", step="remove", why="x")).status_code == 404

    living(go, reach=Reach())


@pytest.mark.parametrize("who", ["limin", "wang", "qian", "feng", "chen"])
def test_attack_who_does_not_run_the_machine_neither_sees_nor_changes_a_webhook(who):
    async def go(world):
        made, _ = world.mailing.endpoints.add(f"{OUTSIDE}/x", 1, outcomes=[], types=[])
        visit = world.visit(who)
        assert (await visit.get(HOOKS)).status_code == 403
        for path, form in (("add", {"url": OUTSIDE, "why": "x"}), (f"{made.id}/test", {}), (f"{made.id}/change", {})):
            assert (await visit.post(f"{HOOKS}/{path}", **form)).status_code == 403
        assert world.mailing.endpoints.get(made.id).state == "on"
        assert world.approvals.entries() == []

    living(go)
