"""Webhooks: signed as the specification says, in order, at least once, and to no address inside."""

import asyncio
import json
import ssl
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.doors.certificates import new_authority, new_leaf
from jindi.run.audit import Actor, Audit
from jindi.run.records import decision_id
from jindi.run.webhooks import Courier, Endpoints, Forbidden, Reach, Sender, Unknown, courier, sending
from jindi.run.webhooks.endpoints import OVERLAP_US, Progress
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.sending import receivers_context
from jindi.run.webhooks.signing import new_secret, shown_to_receiver, signatures
from jindi.stores.files import MemoryBlobs
from shop_world import (
    CANARIES,
    CARD,
    DEVICE,
    IP,
    PHONE,
    SECOND_US,
    Shop,
    event,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
)  # fmt: skip
from webhook_world import Receiver, headers_of, ids, verified

LOOPBACK = Reach(["127.0.0.0/8"], http_on_loopback=True)
NAMES = ["localhost", "127.0.0.1"]


def sender(reach=LOOPBACK, context=None):
    return Sender(reach, context or ssl.create_default_context())


def delivered(url, reach=LOOPBACK, context=None):
    one = sender(reach, context)
    try:
        return one.send(url, {"webhook-id": "msg_1"}, b"{}")
    finally:
        one.close()


@pytest.fixture
def tls(tmp_path):
    """(server's context, the authority's file) of a receiver on this machine."""
    now = time.time_ns() // 1000
    authority = new_authority(NAMES, now)
    pair = new_leaf(authority, NAMES, now)
    for name, data in (("ca", authority.certificate), ("cert", pair.certificate), ("key", pair.key)):
        (tmp_path / name).write_bytes(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context, tmp_path / "ca"


# ---- signatures


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 2**40), st.booleans())
def test_what_is_signed_is_verified_by_a_receiver_and_what_is_changed_is_not(raw, body, sent_s, asymmetric):
    secret = new_secret(lambda _: raw, asymmetric=asymmetric)
    shown = shown_to_receiver(secret)
    assert shown.startswith("whpk_" if asymmetric else "whsec_")
    headers = {
        "webhook-id": "msg_1", "webhook-timestamp": str(sent_s),
        "webhook-signature": signatures([secret], "msg_1", sent_s, body),
    }  # fmt: skip
    assert verified(shown, headers, body)
    assert not verified(shown, headers, body + b" ")
    assert not verified(shown, headers | {"webhook-id": "msg_2"}, body)
    assert not verified(shown, headers | {"webhook-timestamp": str(sent_s + 1)}, body)
    other = shown_to_receiver(new_secret(lambda size: bytes(b ^ 1 for b in raw), asymmetric=asymmetric))
    assert not verified(other, headers, body)


def test_an_old_message_and_one_that_was_here_before_are_refused_by_a_receiver():
    secret = new_secret(bytes, asymmetric=False)
    given = signatures([secret], "msg_1", 1000, b"")
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1000", "webhook-signature": given}
    seen = set()
    assert verified(secret, headers, b"", 1100, seen=seen)
    assert not verified(secret, headers, b"", 1100, seen=seen)
    assert not verified(secret, headers, b"", 1301)


# ---- where we connect


INSIDE = [
    "https://127.0.0.1/", "https://localhost/", "https://10.0.0.8/", "https://172.16.0.1/", "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/", "https://100.100.100.200/", "https://100.64.0.1/", "https://0.0.0.0/",
    "https://168.63.129.16/", "https://192.0.0.192/", "https://224.0.0.1/", "https://255.255.255.255/",
    "https://198.18.0.1/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fc00::1]/",
    "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:7f00:1::]/",
    "https://[2002:c0a8:101::1]/", "https://[2001:0:1:2::1]/", "https://[fec0::1]/", "https://[64:ff9b:1::1]/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/", "https://017700000001/",
    "https://0177.0.0.1/", "https://2852039166/", "https://127.0.0.1./",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_no_way_to_write_an_address_inside_leads_there(url):
    with pytest.raises(Forbidden):
        Mailing(endpoints(), Reach(), None).check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "https:example.com",
        "https://user@example.com/", "https://user:pass@127.0.0.1/", "https://example.com@127.0.0.1/",
        "https://127.0.0.1#@example.com/", "https://example.com\\@127.0.0.1/", "https://", "https:///x",
        "https://exa mple.com/", "https://example.com:0/", "https://example.com:99999/", "https://example.com:x/",
        "https://[::1/", "https://[example.com]/", "https://ⓛocalhost/", "https://example.com/\r\nx: y",
        "https://example.com?@127.0.0.1/", "https://example.com:443:80/", "https://" + "a" * 3_000, "//example.com/",
        "",
    ],
)  # fmt: skip
def test_what_two_readers_would_read_differently_is_no_address(url):
    with pytest.raises(Forbidden):
        Reach().parts(url)


@pytest.mark.parametrize("answers", [
    ["93.184.216.34", "127.0.0.1"], ["2606:2800:220:1::1", "::ffff:10.0.0.1"], ["169.254.169.254"], ["nonsense"], [],
])  # fmt: skip
def test_a_name_of_which_one_address_lies_inside_is_refused_whole(answers):
    with pytest.raises(Forbidden):
        Reach(resolve=lambda *_: answers).address("evil.example", 443)


def test_a_public_name_is_reached_at_the_address_that_was_looked_at():
    assert Reach(resolve=lambda *_: ["93.184.216.34"]).address("example.com", 443) == "93.184.216.34"
    assert Reach(resolve=lambda *_: ["2606:2800:220:1::1"]).address("example.com", 443) == "2606:2800:220:1::1"


def test_a_name_that_points_inside_a_moment_later_changes_nothing(monkeypatch):
    asked, connected = [], []

    def resolve(*_):
        asked.append(1)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(_, host, *__, **___):
        connected.append(host)
        raise sending.httpcore.ConnectError("unreachable here")

    monkeypatch.setattr(sending.httpcore.SyncBackend, "connect_tcp", connect)
    one = Sender(Reach(resolve=resolve), ssl.create_default_context())
    assert one.send("https://evil.example/", {}, b"{}").why == "no connection: ConnectError"
    assert connected == ["93.184.216.34"]
    assert len(asked) == 1
    assert "must not reach" in one.send("https://evil.example/", {}, b"{}").why
    assert connected == ["93.184.216.34"], "the second time the name lay inside, and nothing was connected to"


def test_a_redirect_is_never_followed():
    with Receiver() as inside, Receiver([(302, {"location": inside.url}), (307, {"location": inside.url})]) as outside:
        assert delivered(outside.url).why == "answered 302"
        assert delivered(outside.url).why == "answered 307"
        assert len(outside.taken) == 2
        assert not inside.taken


def test_http_goes_to_loopback_only_and_only_where_a_setting_says_so():
    with Receiver() as receiver:
        assert "https" in delivered(receiver.url, Reach(["127.0.0.0/8"])).why
        assert not receiver.taken
        assert not delivered(receiver.url).why
    elsewhere = Reach(["10.0.0.0/8"], http_on_loopback=True, resolve=lambda *_: ["10.0.0.8"])
    assert "must not reach" in delivered("http://internal/", elsewhere).why
    public = Reach(http_on_loopback=True, resolve=lambda *_: ["93.184.216.34"])
    assert "must not reach" in delivered("http://example.com/", public).why


def test_what_the_settings_allow_inside_is_reached_and_metadata_never():
    names = Reach(["hooks.internal", "10.0.8.0/24"], resolve=lambda *_: ["10.0.9.9"])
    assert names.address("hooks.internal", 443) == "10.0.9.9"
    with pytest.raises(Forbidden):
        names.address("other.internal", 443)
    networks = Reach(["10.0.8.0/24"], resolve=lambda *_: ["10.0.8.7"])
    assert networks.address("any.internal", 443) == "10.0.8.7"
    for answer in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"):
        everything = Reach(["hooks.internal", "0.0.0.0/0", "::/0"], resolve=lambda *_, found=answer: [found])
        with pytest.raises(Forbidden):
            everything.address("hooks.internal", 443)


def test_a_receiver_is_verified_and_a_stranger_with_its_name_gets_nothing(tls):
    server, ca = tls
    with Receiver(tls=server) as receiver:
        assert delivered(receiver.url).why == "the receiver's certificate can't be verified"
        assert not receiver.taken
        assert not delivered(receiver.url, context=receivers_context(ca)).why
        assert receiver.taken[0][2] == "/hook?a=b"
        by_address = receiver.url.replace("localhost", "127.0.0.1")
        assert not delivered(by_address, context=receivers_context(ca)).why
        other = Reach(["evil.example"], resolve=lambda *_: ["127.0.0.1"])
        evil = receiver.url.replace("localhost", "evil.example")
        assert delivered(evil, other, receivers_context(ca)).why == "the receiver's certificate can't be verified"


def test_an_answer_without_end_and_one_that_drips_are_broken_off(monkeypatch):
    monkeypatch.setattr(sending, "TOTAL_S", 1.0)
    with Receiver(body=b"x" * 10_000, drip_s=0.05) as slow:
        assert delivered(slow.url).why == "no answer within 1 s"
    monkeypatch.setattr(sending, "TOTAL_S", 15.0)
    with Receiver(body=b"x" * 100_000) as large:
        assert "bytes" in delivered(large.url).why


def test_a_delivery_that_is_under_way_ends_when_the_platform_stops():
    with Receiver(body=b"x" * 10_000, drip_s=0.2) as slow:
        one, said = sender(), []
        thread = threading.Thread(target=lambda: said.append(one.send(slow.url, {}, b"{}")))
        thread.start()
        while not slow.taken:
            time.sleep(0.01)
        one.stop()
        thread.join(120)
        assert not thread.is_alive()
        one.close()
        assert said[0].why == "stopped"


# ---- endpoints


def endpoints(blobs=None):
    serial = iter(range(1, 10**6))
    return Endpoints(blobs or MemoryBlobs(), lambda size: next(serial).to_bytes(size, "big"))


def test_a_rotated_secret_is_beside_the_old_one_for_a_day():
    kept = endpoints()
    made, old = kept.add("https://a.example/", 0, outcomes=[], types=[])
    new = kept.rotate(made.id, 1)
    for now_us, both in ((1, True), (OVERLAP_US, True), (OVERLAP_US + 1, False)):
        headers = courier.headers_of(kept.get(made.id), "msg_1", b"{}", now_us)
        assert verified(new, headers, b"{}")
        assert verified(old, headers, b"{}") is both
    newest = kept.rotate(made.id, 2)
    headers = courier.headers_of(kept.get(made.id), "msg_1", b"{}", 3)
    assert [verified(each, headers, b"{}") for each in (old, new, newest)] == [False, True, True]


def test_endpoints_are_kept_over_a_restart_and_bounded_and_private():
    blobs = MemoryBlobs()
    kept = endpoints(blobs)
    made = [kept.add(f"https://{n}.example/", n, outcomes=["deny"], types=["pay"])[0] for n in range(32)]
    with pytest.raises(ValueError, match="remove one"):
        kept.add("https://x.example/", 1, outcomes=[], types=[])
    with pytest.raises(ValueError, match="no such outcome"):
        kept.add("https://x.example/", 1, outcomes=["denied"], types=[])
    assert endpoints(blobs).all() == tuple(made)
    kept.remove(made[0].id)
    assert len(endpoints(blobs).all()) == 31
    with pytest.raises(Unknown):
        kept.rotate(made[0].id, 1)
    shown = json.dumps(Mailing(kept, Reach(), None).document(made[1]))
    assert "whsec_" not in shown


def test_damaged_endpoints_are_told():
    blobs = MemoryBlobs()
    blobs.save(Endpoints.BLOB, [b"{"])
    with pytest.raises(ValueError, match="not what was written"):
        endpoints(blobs)


# ---- the follower


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(courier, "POLL_S", 0.02)
    monkeypatch.setattr(courier, "WAITS_S", (0.02, 0.02, 0.02))
    monkeypatch.setattr(courier, "SAVE_US", 0)


class Ticking:
    """The machine's clock: retries are in real time."""

    def now_us(self):
        return time.time_ns() // 1000


class Following:
    """A shop whose decisions are told."""

    def __init__(self, shop=None, kept=None):
        self.shop = shop or Shop()
        self.kept = kept or endpoints(self.shop.blobs)
        self.notes = []

    async def __aenter__(self):
        await self.shop.__aenter__()
        self.courier = Courier(self.shop.platform, self.kept, sender, Ticking(), self.notes.append)
        self.task = asyncio.create_task(self.courier.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.shop.__aexit__(*_)

    async def ready(self, identifier):
        await until(lambda: identifier in self.courier.progress)


async def until(holds):
    for _ in range(1_500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_decisions_are_told_in_order_signed_and_without_anybody_s_data(quick):
    async def go():
        with Receiver() as receiver:
            async with Following() as following:
                made, secret = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                answers = [
                    await following.shop.send(pay(n, phone=PHONE, card=CARD, device=DEVICE, ip=IP)) for n in range(9)
                ]
                await until(lambda: len(receiver.taken) == 9)
                assert ids(receiver) == [f"p{n}" for n in range(9)]
                seen = set()
                for answer, taken in zip(answers, receiver.taken, strict=True):
                    headers, body = headers_of(taken), taken[1]
                    assert verified(secret, headers, body, time.time(), seen=seen)
                    document = json.loads(body)
                    assert document["type"] == "decision.made"
                    assert answer.items() <= document["data"].items()
                    assert headers["content-type"] == "application/json"
                    assert headers["user-agent"].startswith("Jindi/")
                told = b"".join(body for _, body, _ in receiver.taken).decode()
                assert not [each for each in CANARIES if each in told]
                assert not following.notes

    run(go())


def test_only_chosen_outcomes_and_types_are_told(quick):
    async def go():
        with Receiver() as receiver, Receiver() as nobody:
            async with Following() as following:
                chosen, _ = following.kept.add(receiver.url, 1, outcomes=["review", "challenge"], types=["pay"])
                other, _ = following.kept.add(nobody.url, 2, outcomes=["review"], types=["reading"])
                await following.ready(chosen.id)
                await following.ready(other.id)
                for number, amount in enumerate(["1.00", "12000.00", "1500.00", "2.00", "11000.00"]):
                    await following.shop.send(pay(number, amount, user=f"u{number}"))
                await until(lambda: len(receiver.taken) == 3)
                assert ids(receiver) == ["p1", "p2", "p4"]
                end = following.shop.platform.archive.log.next_seq()
                await until(lambda: following.courier.progress[other.id].next == end)
                assert not nobody.taken

    run(go())


def test_what_fails_is_sent_again_under_the_same_id_before_anything_behind_it(quick):
    async def go():
        failing = [(500, {}), (503, {}), (204, {}), (301, {"location": "http://x/"}), (200, {})]
        with Receiver(failing) as receiver:
            async with Following() as following:
                made, secret = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                for number in range(3):
                    await following.shop.send(pay(number))
                await until(lambda: len(receiver.taken) == 6)
                assert ids(receiver) == ["p0", "p0", "p0", "p1", "p1", "p2"]
                heads = [headers_of(each) for each in receiver.taken]
                assert len({each["webhook-id"] for each in heads}) == 3
                assert heads[0]["webhook-id"] == heads[2]["webhook-id"]
                assert all(
                    verified(secret, h, body, time.time())
                    for h, (_, body, _) in zip(heads, receiver.taken, strict=True)
                )
                assert following.kept.get(made.id).state == "on"

    run(go())


def test_an_endpoint_is_dead_after_its_last_try_visibly_and_goes_on_from_there_when_it_is_enabled(quick):
    async def go():
        with Receiver([(500, {})] * 4) as receiver:
            async with Following() as following:
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                await following.shop.send(pay(0))
                await following.shop.send(pay(1))
                await until(lambda: following.kept.get(made.id).state == "dead")
                assert ids(receiver) == ["p0"] * 4
                assert following.kept.get(made.id).why == "4 tries failed: answered 500"
                assert "is dead" in following.notes[0]
                mailing = Mailing(following.kept, LOOPBACK, ssl.create_default_context())
                shown = mailing.document(following.kept.get(made.id), following.shop.platform.archive.log.next_seq())
                assert (shown["state"], shown["behind"], shown["failures"]) == ("dead", 2, 4)
                assert endpoints(following.shop.blobs).get(made.id).state == "dead"
                mailing.step(made.id, "enable", 0)
                await until(lambda: len(receiver.taken) == 6)
                assert ids(receiver)[4:] == ["p0", "p1"]

    run(go())


def test_a_receiver_that_is_gone_for_good_is_believed_at_once(quick):
    async def go():
        with Receiver([(410, {})]) as receiver:
            async with Following() as following:
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                await following.shop.send(pay(0))
                await until(lambda: following.kept.get(made.id).state == "dead")
                assert len(receiver.taken) == 1
                assert "410" in following.kept.get(made.id).why

    run(go())


def test_over_a_restart_nothing_is_left_out_and_what_was_told_is_not_told_again(quick):
    async def go():
        with Receiver() as receiver:
            async with Following() as following:
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                for number in range(3):
                    await following.shop.send(pay(number))
                await until(lambda: len(receiver.taken) == 3)
                following.task.cancel()
                await asyncio.gather(following.task, return_exceptions=True)
                for number in range(3, 6):
                    await following.shop.send(pay(number))
                shop = following.shop
            async with Following(reopened(shop), endpoints(shop.blobs)) as again:
                await again.shop.send(pay(6))
                await until(lambda: len(receiver.taken) == 7)
                assert ids(receiver) == [f"p{n}" for n in range(7)]

    run(go())


def test_after_a_crash_at_worst_the_last_ones_come_twice_under_their_ids(quick, monkeypatch):
    async def go():
        with Receiver() as receiver:
            async with Following() as following:
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                crashed = following.kept.progress(made.id)
                for number in range(3):
                    await following.shop.send(pay(number))
                await until(lambda: len(receiver.taken) == 3)
                shop = following.shop
            endpoints(shop.blobs).save_progress(made.id, crashed)
            async with Following(reopened(shop), endpoints(shop.blobs)):
                await until(lambda: len(receiver.taken) == 6)
            assert ids(receiver) == ["p0", "p1", "p2"] * 2
            assert len({headers_of(each)["webhook-id"] for each in receiver.taken}) == 3

    run(go())


def test_a_new_endpoint_hears_nothing_of_the_past_and_a_cursor_beyond_the_end_goes_on_from_the_end(quick):
    async def go():
        with Receiver() as receiver:
            async with Following() as following:
                await following.shop.send(pay(0))
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                following.kept.save_progress(made.id, Progress(10_000))
                await following.ready(made.id)
                await following.shop.send(pay(1))
                await until(lambda: receiver.taken)
                assert ids(receiver) == ["p1"]
                assert "more than the journal holds" in following.notes[0]

    run(go())


def test_a_disabled_and_a_removed_endpoint_hear_no_more(quick):
    async def go():
        with Receiver() as receiver:
            async with Following() as following:
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                following.kept.put(made.id, "off")
                await until(lambda: not following.courier._tasks)
                await following.shop.send(pay(0))
                following.kept.put(made.id, "on")
                await until(lambda: receiver.taken)
                following.kept.remove(made.id)
                await until(lambda: not following.courier._tasks)
                await following.shop.send(pay(1))
                await asyncio.sleep(0.1)
                assert ids(receiver) == ["p0"]
                assert following.kept.progress(made.id) is None

    run(go())


def test_one_endpoint_that_hangs_holds_up_no_other_and_no_decision(quick):
    async def go():
        with Receiver(body=b"x" * 10_000, drip_s=0.2) as slow, Receiver() as quick_one:
            async with Following() as following:
                for receiver in (slow, quick_one):
                    made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                    await following.ready(made.id)
                for number in range(20):
                    await following.shop.send(pay(number))
                await until(lambda: len(quick_one.taken) == 20)
                assert len(slow.taken) <= 1

    run(go())


def test_a_test_message_says_whether_it_arrived():
    kept = endpoints()
    with Receiver([(200, {}), (500, {})]) as receiver:
        made, secret = kept.add(receiver.url, 1, outcomes=[], types=[], asymmetric=True)
        mailing = Mailing(kept, LOOPBACK, ssl.create_default_context())
        now_us = time.time_ns() // 1000
        assert mailing.step(made.id, "test", now_us) == {"id": made.id, "arrived": True, "why": ""}
        assert verified(secret, headers_of(receiver.taken[0]), receiver.taken[0][1], now_us // SECOND_US)
        assert mailing.step(made.id, "test", now_us)["why"] == "answered 500"


def test_attack_no_endpoint_is_told_what_is_known_about_staff(quick):
    staff = Path(__file__).parents[2] / "packs" / "staff"
    pack = {f"staff/{path.relative_to(staff).as_posix()}": path.read_text("utf-8") for path in staff.rglob("*.toml")}

    async def go():
        with Receiver() as receiver:
            async with Following(Shop(shop_files() | pack)) as following:
                platform = following.shop.platform
                made, _ = following.kept.add(receiver.url, 1, outcomes=[], types=[])
                await following.ready(made.id)
                await following.shop.send(list_entry("l1", "vip_customers", "star"))
                eve = Actor("session_1", "eve", "console")
                await Audit(platform).act(eve, "entity.read", f"user/{platform.token_of('user', 'star')}")
                await platform.watching.round()
                [alert] = platform.lane.state.alerts.between(0, 99)
                verdict = event("review_verdict", "v1", decision=decision_id(alert), verdict="reject", by="ann")
                await following.shop.send(verdict)
                await following.shop.send(pay(1))
                await until(lambda: "p1" in ids(receiver))
                assert ids(receiver) == ["l1", "p1"]

    run(go())
