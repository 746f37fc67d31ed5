"""Errors on the wire: RFC 9457 problem details, in both languages, without anybody's data."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from jindi.basics.problems import Problem

MEDIA_TYPE = b"application/problem+json"
_json = msgspec.json.Encoder().encode


class Title(NamedTuple):
    """A kind of error: its name in the problem's type, and what it is called."""

    name: str
    status: int
    en: str
    zh: str


BAD_REQUEST = Title("bad-request", 400, "The request can't be read", "请求无法读取")
UNAUTHENTICATED = Title("unauthenticated", 401, "No API key in force was given", "未提供有效的 API 密钥")
SIGNATURE = Title("signature-refused", 401, "The signature of the request was refused", "请求签名未通过验证")
FORBIDDEN = Title("forbidden", 403, "The API key lacks the scope for this", "API 密钥没有此操作的权限")
NOT_FOUND = Title("not-found", 404, "There is nothing here", "没有找到")
NOT_ALLOWED = Title("method-not-allowed", 405, "This method is not for this address", "此地址不支持该方法")
CONFLICT = Title("event-id-used", 409, "The event id was used for another content", "事件编号已用于其他内容")
TOO_LARGE = Title("too-large", 413, "The body is larger than this door takes", "请求体过大")
HEAD_TOO_LARGE = Title("head-too-large", 431, "The head of the request is larger than this door takes", "请求头过大")
TOO_SLOW = Title("timeout", 408, "The request did not come in time", "请求未在时限内送达")
TOO_MANY = Title("too-many-requests", 429, "Too many requests; try again later", "请求过于频繁，请稍后再试")
MISDIRECTED = Title(
    "misdirected", 421, "This machine does not answer under the name that was asked for", "本机不以所请求的主机名应答"
)
REFUSED = Title("event-refused", 422, "The event does not fit what its type declares", "事件不符合其类型的声明")
PACKS_REFUSED = Title(
    "packs-refused", 422, "The packs have problems; nothing was changed", "行业包存在问题，未作任何更改"
)
DECLINED = Title(
    "change-declined",
    409,
    "The change can't be made as things stand; nothing was changed",
    "当前情形下不能变更，未作任何更改",
)
TOO_MANY_SHOWN = Title(
    "too-many-reveals",
    429,
    "More clear text than one person may see in an hour; nothing was shown",
    "超出一人一小时内可查看的明文数量，未显示任何内容",
)
BUSY = Title(
    "busy", 503, "Too many events are waiting; nothing was taken, try again", "等待处理的事件过多，本事件未受理，请重试"
)
STOPPED = Title(
    "stopped",
    503,
    "The lane has stopped and is recovering; nothing was taken",
    "决策通道已停止并正在恢复，本事件未受理",
)
CROWDED = Title("crowded", 503, "Too many connections are open; try again later", "连接数过多，请稍后再试")
SIGN_AGAIN = Title("sign-again", 503, "Sign the request anew and try again", "请重新签名后再试")
NOT_RECORDED = Title(
    "not-recorded",
    503,
    "The action could not be journalled, so it was not done; try again",
    "操作未能写入审计记录，因此未执行，请重试",
)
NOT_NOW = Title("not-now", 503, "This can't be done in the state that the platform is in", "平台当前状态下无法执行")
FAILED = Title("failed", 500, "The platform failed on this request", "平台处理此请求时出错")


def problem(title: Title, detail: str = "", problems: Iterable[Problem] = (), **more: Any) -> bytes:
    """The body of an error."""
    document: dict[str, Any] = {
        "type": f"urn:jindi:problem:{title.name}",
        "title": title.en,
        "title_zh": title.zh,
        "status": title.status,
    }
    if detail:
        document["detail"] = detail
    if listed := [_line(each) for each in problems]:
        document["problems"] = listed
    return _json(document | more)


def _line(each: Problem) -> dict[str, str]:
    line = {"path": ".".join(part for part in (each.where, each.item) if part), "problem": each.problem}
    return line | ({"remedy": each.remedy} if each.remedy else {})
