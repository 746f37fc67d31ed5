"""How people are told: each service's own format and signature, letters nobody can add a line to, and quiet hours."""

import hashlib
import hmac
import json
import re
import ssl
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from datetime import time as of_day
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.instants import SECOND_US
from jindi.doors.certificates import new_authority, new_leaf
from jindi.packs import LEVELS
from jindi.ports import DeliveryRow
from jindi.run.notices import CHAIN, OCCASIONS, Channels, Courier, MailSettings, Notice, PreferenceBook, Preferences
from jindi.run.notices.channels import Unfit as UnfitChannel
from jindi.run.notices.channels import Wanted
from jindi.run.notices.chat import CHATS, WECOM_BYTES_MAX, harmless
from jindi.run.notices.courier import DIGEST_FROM
from jindi.run.notices.follower import key_of
from jindi.run.notices.mail import Post, is_address, letter
from jindi.run.notices.occasions import Message, message_of, parse_chain
from jindi.run.notices.preferences import Unfit, fitting
from jindi.run.notices.quiet import quiet_until
from jindi.run.webhooks import Endpoints, Reach, Sender
from jindi.run.webhooks.courier import WAITS_S
from jindi.run.webhooks.mailing import Mailing
from jindi.stores.files import MemoryBlobs
from jindi.stores.sqlite_notices import SqliteNotices
from mail_world import MailServer
from shop_world import NOON_US, Clock, run
from webhook_world import Receiver, headers_of, verified

LOOPBACK = Reach(["127.0.0.0/8"], http_on_loopback=True)
BASE = "https://jindi.example"
SECRET, STANDARD = "SEC-of-the-robot", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LATE = Notice("case.late:case_00000000002f:1", "case.late", "high", NOON_US, "case_00000000002f", "/console/cases/x")
NASTY = (
    '<!channel> <!here> <@U012> @all @所有人 <at user_id="all"></at> [x](http://evil.example) `a` *b* '
    '<font color="warning">c</font>\r\n> quote\n# head\u202e|'
)
NAMES = ["localhost", "127.0.0.1"]


def of_utc(*given):
    return int(datetime(*given, tzinfo=UTC).timestamp()) * SECOND_US


class Sending:
    """A store, channels and a courier, without a platform."""

    def __init__(self, mail=None, reach=LOOPBACK):
        self.clock, self.told, self.store = Clock(), [], SqliteNotices(":memory:")
        blobs, chance = MemoryBlobs(), iter(range(1, 1000))
        self.channels = Channels(blobs, lambda size: next(chance).to_bytes(size, "big"))
        self.wishes, self.reach = PreferenceBook(blobs), reach
        self.courier = Courier(
            self.store, self.channels, self.wishes, lambda: Sender(reach, ssl.create_default_context()), mail, BASE,
            self.clock, self.told.append,
        )  # fmt: skip

    def channel(self, kind, address, secret="", name="team", lang="zh"):
        wanted = Wanted(kind, name, address, secret, ("analyst",), "low", lang)
        made = self.channels.ask(wanted, self.clock.now_us(), Mailing(None, self.reach, None).check)
        return self.channels.put(made.id, "on")

    def put(self, channel, person="", notices=(LATE,), state="waiting", next_us=NOON_US):
        import msgspec

        rows = [
            DeliveryRow(key_of(each.id, channel, person), channel, person, each.occasion, each.rank, each.at_us,
                        msgspec.json.encode(each), state, next_us)
            for each in notices
        ]  # fmt: skip
        self.store.put((), rows, (), (), 0, 0)

    def states(self):
        return [(each.state, each.tries, each.why) for each in self.store.log(100)]


def to(kind, notice=LATE, *, answers=(), body=None, secret="", name="team", lang="zh"):
    """Send something to a service of a kind: what came there, and what became of it."""
    taken = (
        {"slack": b"ok", "feishu": b'{"code":0}'}.get(kind, b'{"errcode":0,"errmsg":"ok"}') if body is None else body
    )
    sending = Sending()
    with Receiver(answers, body=taken) as there:
        url = f"http://localhost:{there.port}/robot/send?access_token=abc"
        channel = sending.channel(kind, url, secret, name, lang)
        sent = sending.courier.to_channel(channel, notice, "key")
        return there.taken, sent


# ---- formats and signatures, as each service checks them


def test_dingtalk_takes_markdown_signed_for_its_moment_and_mentions_nobody():
    ((_, raw, path),), sent = to("dingtalk", secret=SECRET)
    assert sent.why == ""
    asked = parse_qs(urlsplit(path).query)
    stamp = asked["timestamp"][0]
    assert int(stamp) == NOON_US // 1000
    made = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert b64decode(asked["sign"][0]) == made
    assert asked["access_token"] == ["abc"]
    body = json.loads(raw)
    assert body["msgtype"] == "markdown"
    assert set(body["markdown"]) == {"title", "text"}
    assert "您的案件已超时" in body["markdown"]["title"]
    assert f"({BASE}/console/cases/x)" in body["markdown"]["text"]
    assert body["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": False}


def test_feishu_takes_rich_text_with_a_signature_in_the_body():
    ((_, raw, _),), sent = to("feishu", secret=SECRET)
    assert sent.why == ""
    body = json.loads(raw)
    assert body["timestamp"] == str(NOON_US // SECOND_US)
    made = hmac.new(f"{body['timestamp']}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
    assert body["sign"] == b64encode(made).decode()
    assert body["msg_type"] == "post"
    tags = {each["tag"] for row in body["content"]["post"]["zh_cn"]["content"] for each in row}
    assert tags == {"text", "a"}


def test_wecom_takes_markdown_that_is_short_enough_whatever_is_in_it():
    ((_, raw, _),), sent = to("wecom")
    assert sent.why == ""
    assert json.loads(raw)["msgtype"] == "markdown"
    many = Message("标题", tuple("长" * 290 for _ in range(40)), f"{BASE}/x", "打开", "high")
    content = json.loads(CHATS["wecom"](many, "https://x/", "", NOON_US).body)["markdown"]["content"]
    assert len(content.encode()) <= WECOM_BYTES_MAX
    assert content.endswith(f"[打开]({BASE}/x)")


@pytest.mark.parametrize(("kind", "bytes_max"), [("dingtalk", 20_000), ("feishu", 20_000), ("wecom", 4_096)])
def test_no_message_is_larger_than_its_service_takes_and_its_link_is_always_there(kind, bytes_max):
    many = Message("标题" * 150, tuple("长" * 290 for _ in range(60)), f"{BASE}/x", "打开", "high")
    body = CHATS[kind](many, "https://x/", SECRET, NOON_US).body
    size = len(json.loads(body)["markdown"]["content"].encode()) if kind == "wecom" else len(body)
    assert bytes_max // 2 < size <= bytes_max
    assert f"{BASE}/x" in body.decode()


def test_a_digest_of_all_occasions_fits_every_service_whole():
    counts = dict.fromkeys(OCCASIONS, 100)
    full = message_of(Notice("digest:1", "digest", "critical", NOON_US, counts=counts), "zh", BASE)
    assert len(full.lines) == len(OCCASIONS) + 1
    for kind, chat in CHATS.items():
        body = chat(full, "https://x/", "", NOON_US).body.decode()
        assert all(harmless(line) in body for line in full.lines), kind


@pytest.mark.parametrize(
    ("kind", "body", "wait_s"),
    [
        ("dingtalk", b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}', 600),
        ("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}', 60),
        ("feishu", b'{"code":11232,"msg":"frequency limited"}', 60), ("feishu", b'{"code":19021}', None),
        ("dingtalk", b'{"errcode":0}', None), ("slack", b"ok", None),
    ],
)  # fmt: skip
def test_a_service_that_was_sent_too_much_is_left_alone_for_as_long_as_it_says(kind, body, wait_s):
    _, sent = to(kind, body=body)
    assert sent.retry_after_s == wait_s


@pytest.mark.parametrize(("kind", "most"), [("dingtalk", 20), ("wecom", 20), ("feishu", 100), ("slack", 60)])
def test_no_chat_is_sent_more_in_a_minute_than_it_takes_and_nothing_is_lost(kind, most):
    sending, stamps = Sending(), []
    taken = {"slack": b"ok", "feishu": b'{"code":0}'}.get(kind, b'{"errcode":0}')
    with Receiver(body=taken) as there:
        channel = sending.channel(kind, f"http://localhost:{there.port}/")
        for second in range(150):
            new = [
                Notice(f"case.task:c{second}.{n}:1", "case.task", "high", NOON_US, f"c{second}", "/x") for n in (1, 2)
            ]
            sending.put(channel.id, notices=new, next_us=sending.clock.now_us())
            run(sending.courier.round())
            stamps += [second] * (len(there.taken) - len(stamps))
            sending.clock.at_us += SECOND_US
        sending.clock.at_us += 60 * SECOND_US
        run(sending.courier.round())
    assert {state for state, _, _ in sending.states()} == {"sent"}
    assert stamps
    assert max(sum(begin <= each < begin + 60 for each in stamps) for begin in stamps) <= most


def test_slack_takes_blocks_of_plain_text_and_one_link_of_ours():
    ((_, raw, _),), sent = to("slack", lang="en")
    assert sent.why == ""
    body = json.loads(raw)
    header, lines, link = body["blocks"]
    assert header["text"]["type"] == lines["text"]["type"] == "plain_text"
    assert link["text"] == {"type": "mrkdwn", "text": f"<{BASE}/console/cases/x|Open>"}
    assert body["text"] == "Jindi · A case of yours is late"


def test_a_webhook_is_signed_as_its_receiver_checks_it_and_keeps_its_id_over_tries():
    sending = Sending()
    with Receiver([(503, {}), (200, {})]) as there:
        channel = sending.channel("webhook", f"http://localhost:{there.port}/x", STANDARD)
        sending.put(channel.id)
        run(sending.courier.round())
        assert sending.states() == [("waiting", 1, "answered 503")]
        sending.clock.at_us += 10 * SECOND_US
        run(sending.courier.round())
    assert sending.states() == [("sent", 2, "")]
    first, second = (headers_of(each) for each in there.taken)
    assert first["webhook-id"] == second["webhook-id"]
    for taken in there.taken:
        assert verified(STANDARD, headers_of(taken), taken[1])
    data = json.loads(there.taken[0][1])["data"]
    assert (data["occasion"], data["matter"], data["level"]) == ("case.late", "case_00000000002f", "high")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}'), ("wecom", b'{"errcode":93000}'),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}'), ("slack", b"no_service"), ("wecom", b"<html>"),
        ("feishu", b"[]"), ("dingtalk", b'{"errcode":"0"}'), ("feishu", b'{"code":true}'),
        ("feishu", b'{"code":false}'),
    ],
)  # fmt: skip
def test_a_service_that_says_no_with_200_has_taken_nothing(kind, body):
    _, sent = to(kind, body=body)
    assert sent.why.startswith("the service answered")


@pytest.mark.parametrize("kind", CHATS)
def test_attack_a_name_with_markup_mentions_nobody_and_links_nowhere_in_any_service(kind):
    hostile = Message(NASTY, (NASTY, f"通道: {NASTY}"), f"{BASE}/console", "打开", "high")
    raw = CHATS[kind](hostile, "https://x.example/", "", NOON_US).body.decode()
    told = json.loads(raw)
    texts = "\n".join(_texts(told)).replace(f"<{BASE}/console|打开>", "").replace(f"[打开]({BASE}/console)", "")
    texts = re.sub(r'<font color="(warning|comment)">|</font>', "", texts) if kind == "wecom" else texts
    assert not re.search(r"[<>@\[\]`|]", texts.replace("\n> ", "\n"))
    assert "evil.example)" not in texts
    assert "\u202e" not in raw


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in ("type", "tag", "msgtype", "msg_type", "href", "color"):
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@given(st.text())
def test_attack_whatever_somebody_is_called_is_one_line_without_anything_that_means_something(text):
    made = harmless(text)
    assert not set(made) & set("<>@[]()*`~#|!&\\{}\r\n\u2028\u2029\u202e\x00")
    assert len(made.splitlines()) <= 1


def test_a_channels_own_name_stands_in_its_test_and_is_harmless():
    sending = Sending()
    with Receiver(body=b"ok") as there:
        channel = sending.channel("slack", f"http://localhost:{there.port}/", name="<!channel> @all")
        from jindi.run.notices.courier import trial_notice

        sending.courier.to_channel(channel, trial_notice(NOON_US), "k")
    raw = there.taken[0][1].decode()
    assert "＜！channel＞ ＠all" in raw
    assert "<!channel>" not in raw


# ---- letters


def settings(port, **more):
    given = {"tls": "off", "sender": "jindi@example.com"} | more
    return MailSettings("localhost", port, **given)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(server's context, a client's that trusts it) of a mail server on this machine."""
    folder, now = tmp_path_factory.mktemp("tls"), time.time_ns() // 1000
    authority = new_authority(NAMES, now)
    pair = new_leaf(authority, NAMES, now)
    for name, data in (("ca", authority.certificate), ("cert", pair.certificate), ("key", pair.key)):
        (folder / name).write_bytes(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context, ssl.create_default_context(cafile=str(folder / "ca"))


def test_a_letter_says_what_how_urgent_which_id_and_where_and_nothing_else():
    with MailServer() as server:
        sent = Post(settings(server.port)).send("limin@example.com", "notice.k", message_of(LATE, "zh", BASE))
    assert sent.why == ""
    ((sender, recipients, made, _),) = server.taken
    assert sender.startswith("FROM:<jindi@example.com>")
    assert recipients == ["TO:<limin@example.com>"]
    assert made["subject"] == "金堤 · 您的案件已超时"
    assert made["message-id"] == "<notice.k@example.com>"
    assert made["auto-submitted"] == "auto-generated"
    lines = [each for each in made.get_content().splitlines() if each]
    assert lines == ["级别: 高", "编号: case_00000000002f", f"{BASE}/console/cases/x"]


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_mail_leaves_sealed_and_signed_in(way, tls):
    context, trusting = tls
    with MailServer(context=context, at_once=way == "tls", users={"jindi": "secret"}) as server:
        how = settings(server.port, tls=way, user="jindi", password="secret", context=trusting)
        assert Post(how).send("a@example.com", "k", message_of(LATE, "en", BASE)).why == ""
    assert server.sealed == [True]
    with MailServer(context=context, at_once=way == "tls") as server:
        stranger = settings(server.port, tls=way, context=ssl.create_default_context())
        why = Post(stranger).send("a@example.com", "k", message_of(LATE, "en", BASE)).why
    assert why == "the mail server's certificate can't be verified"
    assert server.taken == []


def test_attack_a_server_that_offers_no_seal_is_given_no_letter_and_no_password():
    with MailServer(users={"jindi": "secret"}) as server:
        how = settings(server.port, tls="starttls", user="jindi", password="secret")
        assert Post(how).send("a@example.com", "k", message_of(LATE, "en", BASE)).why != ""
    assert server.taken == []
    assert not [each for each in server.commands if each.upper().startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("port", [587])
def test_attack_mail_goes_in_clear_to_no_other_machine_and_to_no_cloud_metadata(port):
    for address in ("10.0.0.8", "93.184.216.34", "169.254.169.254"):
        reach = Reach(["mail.example"], resolve=lambda _, __, given=address: [given])
        how = MailSettings("mail.example", port, "jindi@example.com", tls="off")
        assert "inside" in Post(how, reach).send("a@example.com", "k", message_of(LATE, "en", BASE)).why
    reach = Reach(["mail.example"], resolve=lambda _, __: ["169.254.169.254"])
    sealed = MailSettings("mail.example", port, "jindi@example.com")
    assert "inside" in Post(sealed, reach).send("a@example.com", "k", message_of(LATE, "en", BASE)).why


ADDRESSES = [
    "a@b.example\r\nBcc: all@example.com", "a@b.example\nRCPT TO:<x@y>", "a@b.example, c@d.example", "a b@c.example",
    "<a@b.example>", "a@b.example>", '"a\r\n"@b.example', "a@", "@b", "a", "", "ａ@b.example", "a@b..example",
    "a@b.example;c@d.example", "a@[127.0.0.1]", "a@b.example\x00",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_attack_what_is_no_single_address_is_written_to_by_nobody(address):
    assert not is_address(address)
    with pytest.raises(Unfit):
        fitting(Preferences(mail=address or " "))
    with MailServer() as server:
        sent = Post(settings(server.port)).send(address, "k", message_of(LATE, "en", BASE))
    assert sent.gone
    assert server.taken == []
    assert server.commands == []


@given(st.text())
def test_attack_no_text_becomes_a_header_or_a_second_letter(text):
    message = Message(f"x {text}", (text, "."), f"{BASE}/console", "Open", "high")
    raw = letter(settings(25), "a@example.com", "k", message).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n")]
    assert sorted(names) == sorted(set(names))
    assert {b"bcc", b"cc", b"reply-to"}.isdisjoint(names)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


def test_attack_a_subject_with_a_line_of_its_own_adds_no_header_at_the_server():
    evil = Message(
        "late\r\nBcc: everybody@example.com\r\n\r\nhello", ("a\r\n.\r\nMAIL FROM:<x@y>",), BASE, "Open", "low"
    )
    with MailServer() as server:
        assert Post(settings(server.port)).send("a@example.com", "k", evil).why == ""
    ((_, recipients, made, _),) = server.taken
    assert recipients == ["TO:<a@example.com>"]
    assert made["bcc"] is None
    assert len(server.taken) == 1
    assert len([each for each in server.commands if each.upper().startswith("MAIL")]) == 1


def test_a_recipient_that_the_server_refuses_for_good_is_not_tried_again():
    with MailServer(refuse=["gone@"]) as server:
        sending = Sending(mail=settings(server.port))
        sending.wishes.put("limin", Preferences(mail="gone@example.com"))
        sending.put("mail", "limin")
        run(sending.courier.round())
    assert sending.states() == [("failed", 1, "the mail server refused the recipient (550)")]


def test_attack_no_letter_goes_to_a_domain_that_the_operator_has_not_named_by_whatever_way_it_got_there():
    with MailServer() as server:
        sending = Sending(mail=settings(server.port, domains=("bank.example",)))
        sending.wishes.put("limin", Preferences(mail="limin@elsewhere.example"))  # of before the setting
        sending.put("mail", "limin")
        run(sending.courier.round())
        team = sending.channel("mail", "team@elsewhere.example")
        assert "mail_domains" in sending.courier.to_channel(team, LATE, "k1").why
        ours = sending.channel("mail", "team@BANK.example", name="ours")
        assert sending.courier.to_channel(ours, LATE, "k2").why == ""
    assert sending.states() == [("failed", 1, "mail may not go to this domain (setting mail_domains)")]
    assert [each[1] for each in server.taken] == [["TO:<team@BANK.example>"]]


# ---- again and again


def test_what_fails_is_tried_later_and_later_and_then_given_up_and_what_is_behind_it_waits():
    sending = Sending()
    with Receiver([(500, {})] * 20, body=b"ok") as there:
        channel = sending.channel("slack", f"http://localhost:{there.port}/")
        other = Notice("case.late:b:1", "case.late", "high", NOON_US + 1, "b", "/console")
        sending.put(channel.id, notices=(LATE, other))
        run(sending.courier.round())
        assert len(there.taken) == 1, "what is behind it waits"
        for wait_s in WAITS_S:
            sending.clock.at_us += int(wait_s * 1.2) * SECOND_US
            run(sending.courier.round())
        assert sending.states()[-1][:2] == ("failed", len(WAITS_S) + 1)


def test_many_that_wait_for_one_place_come_as_one():
    sending = Sending()
    notices = [
        Notice(f"case.assigned:c{n}:1", "case.assigned", "medium", NOON_US + n, f"c{n}", "/x")
        for n in range(DIGEST_FROM)
    ]
    with Receiver(body=b'{"errcode":0}') as there:
        channel = sending.channel("wecom", f"http://localhost:{there.port}/")
        sending.put(channel.id, notices=notices)
        run(sending.courier.round())
    assert len(there.taken) == 1
    assert f"案件已分派给您: {DIGEST_FROM}" in json.loads(there.taken[0][1])["markdown"]["content"]
    assert {state for state, _, _ in sending.states()} == {"sent"}


def test_what_was_held_comes_as_one_letter_when_the_quiet_hours_are_over():
    with MailServer() as server:
        sending = Sending(mail=settings(server.port))
        sending.wishes.put("limin", Preferences(mail="limin@example.com"))
        later = NOON_US + 3_600 * SECOND_US
        two = (LATE, Notice("case.late:b:1", "case.late", "high", NOON_US, "b", "/console"))
        sending.put("mail", "limin", two, "held", later)
        run(sending.courier.round())
        assert server.taken == []
        sending.clock.at_us = later
        run(sending.courier.round())
    ((_, _, made, _),) = server.taken
    assert made["subject"] == "金堤 · 通知汇总"
    assert "您的案件已超时: 2" in made.get_content()


def test_attack_an_address_that_leads_inside_later_is_not_connected_to():
    leads = ["93.184.216.34"]
    reach = Reach(resolve=lambda _, __: leads)
    sending = Sending(reach=reach)
    channel = sending.channel("slack", "https://hooks.example/x")
    leads[:] = ["127.0.0.1"]
    sending.put(channel.id)
    run(sending.courier.round())
    ((state, _, why),) = sending.states()
    assert (state, "inside" in why) == ("waiting", True)


@pytest.mark.parametrize(
    ("kind", "address", "why"),
    [
        ("slack", "https://127.0.0.1/x", "reach"), ("slack", "https://169.254.169.254/x", "reach"),
        ("dingtalk", "https://10.0.0.1/x", "reach"), ("wecom", "http://93.184.216.34/x", "reach"),
        ("feishu", "https://user@93.184.216.34/", "reach"), ("slack", "file:///etc/passwd", "reach"),
        ("slack", "https://93.184.216.34/\r\nHost: x", "reach"), ("mail", "a@b.example\r\nBcc: x@y.z", "address"),
        ("pager", "https://93.184.216.34/", "kind"),
    ],
)  # fmt: skip
def test_attack_no_channel_leads_inside(kind, address, why):
    sending = Sending(reach=Reach())
    with pytest.raises(UnfitChannel) as refused:
        sending.channel(kind, address)
    assert refused.value.why == why
    assert sending.channels.all() == ()


def test_addresses_and_secrets_of_channels_lie_where_only_the_owner_reads():
    saved = []

    class Blobs(MemoryBlobs):
        def save(self, name, chunks, *, private=False):
            saved.append((name, private))
            super().save(name, chunks, private=private)

    channels = Channels(Blobs(), lambda size: b"\1" * size)
    channels.ask(Wanted("slack", "a", "https://x/", "", ("analyst",)), 1, lambda _: None)
    PreferenceBook(Blobs()).put("ann", Preferences(mail="a@b.example"))
    assert saved == [("notice-channels.json", True), ("notice-preferences.json", True)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "\u202eevil"}, "name"), ({"name": ""}, "name"), ({"name": "TEAM"}, "taken"), ({"roles": ()}, "roles"),
        ({"roles": ("king",)}, "roles"), ({"least": "huge"}, "level"), ({"lang": "fr"}, "lang"),
        ({"kind": "webhook", "secret": ""}, "secret"), ({"kind": "webhook", "secret": "whsec_x"}, "secret"),
        ({"kind": "slack", "secret": "x"}, "secret"), ({"kind": "mail", "address": "x"}, "address"),
    ],
)  # fmt: skip
def test_a_channel_that_makes_no_sense_is_refused_by_name(changes, why):
    channels = Channels(MemoryBlobs(), iter([b"\1" * 6, b"\2" * 6]).__next__ and (lambda size: b"\1" * size))
    channels.ask(Wanted("slack", "team", "https://x/", "", ("analyst",)), 1, lambda _: None)
    given = {"kind": "dingtalk", "name": "other", "address": "https://x/", "roles": ("analyst",)} | changes
    with pytest.raises(UnfitChannel) as refused:
        channels.ask(Wanted(**given), 2, lambda _: None)
    assert refused.value.why == why


# ---- quiet hours


SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ((2026, 11, 22, 13, 59, 59), None), ((2026, 11, 22, 14), (2026, 11, 22, 23)),
        ((2026, 11, 22, 16), (2026, 11, 22, 23)), ((2026, 11, 22, 22, 59, 59), (2026, 11, 22, 23)),
        ((2026, 11, 22, 23), None),
    ],
)  # fmt: skip
def test_quiet_hours_over_midnight_are_those_of_the_persons_own_zone(at, ends):
    found = quiet_until(of_day(22), of_day(7), SHANGHAI, of_utc(*at))
    assert found == (None if ends is None else of_utc(*ends))


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        # The night on which the clocks go on: 02:00 is 03:00, one hour is missing.
        (of_day(22), of_day(7), (2026, 3, 29, 0, 30), (2026, 3, 29, 5)),
        (of_day(1), of_day(2, 30), (2026, 3, 29, 0, 59), (2026, 3, 29, 1, 30)),
        # The night on which they go back: 03:00 is 02:00, one hour comes twice; the first one counts.
        (of_day(22), of_day(7), (2026, 10, 25, 0, 30), (2026, 10, 25, 6)),
        (of_day(1), of_day(2, 30), (2026, 10, 25, 0, 15), (2026, 10, 25, 0, 30)),
        (of_day(1), of_day(2, 30), (2026, 10, 25, 1, 15), None),
    ],
)  # fmt: skip
def test_quiet_hours_end_at_the_right_instant_when_the_clocks_change(begins, ends, at, until):
    found = quiet_until(begins, ends, BERLIN, of_utc(*at))
    assert found == (None if until is None else of_utc(*until))


@given(
    st.times(), st.times(), st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.integers(of_utc(2026, 1, 1), of_utc(2027, 1, 1)),
)  # fmt: skip
def test_quiet_hours_always_end_within_a_day_and_are_over_at_their_end(begins, ends, zone, now_us):
    begins, ends = begins.replace(second=0, microsecond=0, tzinfo=None), ends.replace(second=0, microsecond=0)
    found = quiet_until(begins, ends, ZoneInfo(zone), now_us)
    if found is not None:
        assert now_us < found <= now_us + 26 * 3_600 * SECOND_US


def test_critical_breaks_quiet_hours_only_if_he_says_so():
    wishes = Preferences(mail="a@b.example", quiet_from="00:00", quiet_until="23:59")
    grave = Notice("x", "case.untaken", "critical", NOON_US)
    assert wishes.held_until(grave, NOON_US) is None
    assert wishes.held_until(LATE, NOON_US) is not None
    silent = Preferences(mail="a@b.example", quiet_from="00:00", quiet_until="23:59", breaks=False)
    assert silent.held_until(grave, NOON_US) is not None


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Preferences(mail="x"), "address"), (Preferences(mail="a@evil.example"), "domain"),
        (Preferences(quiet_from="22:00"), "time"), (Preferences(quiet_from="22:00", quiet_until="99:00"), "time"),
        (Preferences(zone="../../etc/passwd"), "zone"), (Preferences(zone="Mars/Base"), "zone"),
        (Preferences(lang="fr"), "lang"),
    ],
)  # fmt: skip
def test_a_wish_that_can_not_be_kept_is_refused_by_name(wanted, why):
    with pytest.raises(Unfit) as refused:
        fitting(wanted, ("house.example",))
    assert refused.value.why == why


def test_what_nobody_knows_is_muted_by_nobody():
    kept = fitting(Preferences(muted=("mail:case.late", "mail:nonsense", "pager:case.late")))
    assert kept.muted == ("mail:case.late",)


@pytest.mark.parametrize("text", ["15", "15=boss", "0=lead", "30=lead,15=channel", "15=lead,15=channel", "x=lead"])
def test_a_chain_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"chain|later"):
        parse_chain(text)


def test_each_occasion_is_told_in_both_languages_with_its_level():
    for name, each in OCCASIONS.items():
        assert each.level in LEVELS
        for lang in ("zh", "en"):
            assert message_of(Notice("a", name, each.level, 0), lang, BASE).title
    assert CHAIN


def test_secrets_of_webhooks_and_of_channels_are_two_books():
    assert Endpoints.BLOB != Channels.BLOB
