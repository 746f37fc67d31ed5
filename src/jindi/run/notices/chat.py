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
"""What a group robot of WeCom takes as markdown."""

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


def _lines(message: Message) -> list[str]:
    return [harmless(each) for each in message.lines]


def dingtalk(message: Message, url: str, secret: str, now_us: int) -> Speech:
    """钉钉自定义机器人, markdown; with a secret the address is signed for this moment."""
    text = f"#### {harmless(message.title)}\n\n" + "\n\n".join(f"- {each}" for each in _lines(message))
    text += f"\n\n[{harmless(message.link_words)}]({message.link})"
    body = {
        "msgtype": "markdown", "markdown": {"title": harmless(message.title), "text": text},
        "at": {"atMobiles": [], "atUserIds": [], "isAtAll": False},
    }  # fmt: skip
    return Speech(_signed_address(url, secret, now_us), {}, _json(body))


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
    for each in _lines(message):
        more = f"\n> {each}"
        if len((text + more).encode()) > WECOM_BYTES_MAX - 512:
            break
        text += more
    text += f"\n[{harmless(message.link_words)}]({message.link})"
    return Speech(url, {}, _json({"msgtype": "markdown", "markdown": {"content": text}}))


def feishu(message: Message, url: str, secret: str, now_us: int) -> Speech:
    """飞书 (Lark) custom bot, rich text: words are elements of their own, so none of them is read as markup."""
    rows: list[list[dict[str, str]]] = [[{"tag": "text", "text": each}] for each in _lines(message)]
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
    title, lines = harmless(message.title), _lines(message)
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
    try:
        found = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        found = None
    names = ("code", "StatusCode") if kind == "feishu" else ("errcode",)
    code = next((found[name] for name in names if name in found), None) if isinstance(found, dict) else None
    if not isinstance(code, int):
        return "the service answered with something else"
    return "" if code == 0 else f"the service answered with error {code}"


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
