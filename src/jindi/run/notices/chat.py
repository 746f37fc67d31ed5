"""How each kind of channel is spoken to: the body, the signature, and what its answer means. Pure.

What comes of names that people give is made harmless for all of them at once: characters that begin a mention, a link
or markup in one of these services stand as their full-width twins, which look the same and mean nothing.
"""

import hashlib
import hmac
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

import msgspec

from jindi.basics.instants import SECOND_US, format_instant
from jindi.run.notices.occasions import OCCASIONS, Message, Notice
from jindi.run.webhooks.signing import SHARED, signatures

MILLISECOND_US: Final = 1_000
LINE_LENGTH_MAX: Final = 300
WECOM_BYTES_MAX: Final = 4_096
"""What a group robot of WeCom takes as markdown (its page document/path/91770, as quoted; its error 40058 says so)."""

BODY_BYTES_MAX: Final = 20_000
"""What DingTalk (its error 460101 says so) and Feishu (自定义机器人使用指南: 20 KB) take as a whole message."""

PACE_S: Final = {"dingtalk": 4, "wecom": 4, "feishu": 1, "slack": 2}
"""Seconds from one message to the next in a chat, so that with a burst of `DIGEST_FROM` no limit is reached: DingTalk
and WeCom take 20 a minute, Feishu 100 a minute and five a second, Slack one a second and short bursts.
"""

_FLOODED: Final = {
    ("dingtalk", 130_101): 600, ("wecom", 45_009): 60, ("feishu", 11_232): 60,
}  # fmt: skip
"""What a service answers (with 200) when it was sent too much, and how many seconds it takes nothing then. DingTalk
says ten minutes; a minute for the others is a design default.
"""

_json = msgspec.json.Encoder().encode
_TWINS: Final = str.maketrans({
    "<": "＜", ">": "＞", "@": "＠", "[": "［", "]": "］", "(": "（", ")": "）", "*": "＊", "`": "｀", "~": "～",
    "#": "＃", "|": "｜", "!": "！", "&": "＆", "\\": "＼", "{": "｛", "}": "｝",
})  # fmt: skip


class Speech(NamedTuple):
    """What is posted."""

    url: str
    headers: dict[str, str]
    body: bytes


def harmless(text: str) -> str:
    r"""A text that mentions nobody, links nowhere and marks up nothing, on one line.

    >>> harmless("<!channel> @all [x](http://evil)\n<at user_id=\"all\">")
    '＜！channel＞ ＠all ［x］（http://evil） ＜at user_id="all"＞'
    """
    seen = "".join(
        " " if each.isspace() else each
        for each in text
        if each.isspace() or unicodedata.category(each) not in ("Cc", "Cf", "Co", "Cs", "Cn")
    )
    return " ".join(seen.split()).translate(_TWINS)[:LINE_LENGTH_MAX]


def _lines(message: Message, bytes_max: int) -> list[str]:
    """The lines of a message, harmless; those that don't fit any more are left out, for the link leads to all."""
    fitting, left = list[str](), bytes_max
    for each in map(harmless, message.lines):
        left -= len(each.encode()) + _AROUND
        if left < 0:
            break
        fitting.append(each)
    return fitting


def dingtalk(message: Message, url: str, secret: str, now_us: int) -> Speech:
    """钉钉自定义机器人, markdown; with a secret the address is signed for this moment."""
    lines = _lines(message, BODY_BYTES_MAX - _FRAME)
    text = f"#### {harmless(message.title)}\n\n" + "\n\n".join(f"- {each}" for each in lines)
    text += f"\n\n[{harmless(message.link_words)}]({message.link})"
    body = {
        "msgtype": "markdown", "markdown": {"title": harmless(message.title), "text": text},
        "at": {"atMobiles": [], "atUserIds": [], "isAtAll": False},
    }  # fmt: skip
    return Speech(_signed_address(url, secret, now_us), {}, _json(body))


_AROUND: Final = 48
"""Bytes that stand around a line at the most, in any of these formats."""

_FRAME: Final = 4_000
"""Bytes that are left for a title, a link and what stands around them."""


def _signed_address(url: str, secret: str, now_us: int) -> str:
    if not secret:
        return url
    sent_ms = now_us // MILLISECOND_US
    made = hmac.new(secret.encode(), f"{sent_ms}\n{secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={sent_ms}&sign={quote_plus(b64encode(made))}"


def wecom(message: Message, url: str, _: str, __: int) -> Speech:
    """企业微信群机器人, markdown. It knows no signature: the address is the secret."""
    colour = "warning" if message.level in ("high", "critical") else "comment"
    text = f'**<font color="{colour}">{harmless(message.title)}</font>**'
    end = f"\n[{harmless(message.link_words)}]({message.link})"
    text += "".join(f"\n> {each}" for each in _lines(message, WECOM_BYTES_MAX - len((text + end).encode()))) + end
    return Speech(url, {}, _json({"msgtype": "markdown", "markdown": {"content": text}}))


def feishu(message: Message, url: str, secret: str, now_us: int) -> Speech:
    """飞书 (Lark) custom bot, rich text: words are elements of their own, so none of them is read as markup."""
    rows: list[list[dict[str, str]]] = [
        [{"tag": "text", "text": each}] for each in _lines(message, BODY_BYTES_MAX - _FRAME)
    ]  # fmt: skip
    rows.append([{"tag": "a", "text": harmless(message.link_words), "href": message.link}])
    post = {"title": harmless(message.title), "content": rows}
    body: dict[str, Any] = {"msg_type": "post", "content": {"post": {"zh_cn": post}}}
    if secret:
        sent_s = str(now_us // SECOND_US)
        made = hmac.new(f"{sent_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
        body = {"timestamp": sent_s, "sign": b64encode(made).decode(), **body}
    return Speech(url, {}, _json(body))


def slack(message: Message, url: str, _: str, __: int) -> Speech:
    """Slack's incoming webhook: plain text in blocks, where nothing is a mention; the link is ours."""
    title, lines = harmless(message.title), _lines(message, BODY_BYTES_MAX)
    link = message.link.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    body = {
        "text": title,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title[:150], "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": "\n".join(lines)[:3_000], "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"<{link}|{harmless(message.link_words)}>"}},
        ],
        "unfurl_links": False,
    }  # fmt: skip
    return Speech(url, {}, _json(body))


def plain(notice: Notice, base: str, url: str, secret: str, now_us: int, message_id: str) -> Speech:
    """A webhook as the Standard Webhooks specification has it: names and ids, for programs."""
    occasion = OCCASIONS.get(notice.occasion)
    data = {
        "id": notice.id, "occasion": notice.occasion, "level": notice.level, "at": format_instant(notice.at_us),
        "matter": notice.matter, "link": base.rstrip("/") + notice.path, "step": notice.step, "counts": notice.counts,
        "words": {"zh": occasion.zh, "en": occasion.en} if occasion is not None else {},
    }  # fmt: skip
    body = _json({"type": "notification", "timestamp": format_instant(now_us), "data": data})
    sent_s = now_us // SECOND_US
    headers = {
        "webhook-id": message_id, "webhook-timestamp": str(sent_s),
        "webhook-signature": signatures([secret], message_id, sent_s, body),
    }  # fmt: skip
    return Speech(url, headers, body)


Chat = Callable[[Message, str, str, int], Speech]
CHATS: Final[dict[str, Chat]] = {"dingtalk": dingtalk, "wecom": wecom, "feishu": feishu, "slack": slack}
"""Kinds of chats and how each is spoken to."""


def problem(kind: str, answer: bytes) -> str:
    """What a service says against a message that it answered 200 to; empty when it was taken.

    DingTalk and WeCom answer with `errcode`, Feishu with `code` (`StatusCode` before), Slack with `ok`.

    >>> problem("wecom", b'{"errcode": 93000, "errmsg": "invalid webhook url"}')
    'the service answered with error 93000'
    >>> problem("slack", b"ok"), problem("feishu", b'{"code": 0}'), problem("dingtalk", b"<html>")
    ('', '', 'the service answered with something else')
    """
    if kind == "slack":
        return "" if answer.strip() == b"ok" else "the service answered with something else"
    if kind not in CHATS:
        return ""
    if (code := _code(kind, answer)) is None:
        return "the service answered with something else"
    return "" if code == 0 else f"the service answered with error {code}"


def wait_s(kind: str, answer: bytes) -> int | None:
    """How long a service takes nothing more after an answer that it gave with 200; None where it says no such thing.

    >>> wait_s("dingtalk", b'{"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}')
    600
    """
    code = _code(kind, answer) if kind in CHATS and kind != "slack" else None
    return None if code is None else _FLOODED.get((kind, code))


def _code(kind: str, answer: bytes) -> int | None:
    """The number by which a service says what became of a message; None when it says none."""
    try:
        found = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return None
    names = ("code", "StatusCode") if kind == "feishu" else ("errcode",)
    code = next((found[name] for name in names if name in found), None) if isinstance(found, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def is_secret(kind: str, text: str) -> bool:
    """Whether a text can be the secret that a kind of channel signs with; chats may have none.

    >>> is_secret("webhook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), is_secret("webhook", ""), is_secret("slack", "")
    (True, False, True)
    """
    if kind != "webhook":
        return len(text) <= 200 and text.isascii() and (not text or text.isprintable())
    try:
        return text.startswith(SHARED) and len(b64decode(text.removeprefix(SHARED), validate=True)) >= 16
    except ValueError:
        return False
