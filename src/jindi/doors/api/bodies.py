"""Bodies of requests and of answers. Requests are what they declare: read whole, looked at before anything is built of
them, then decoded. Answers are a JSON document or a problem.

Knows: limits of size and shape, and that a name stands once in an object. Never: what is asked for.
"""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from jindi.basics.shapes import check_names, check_shape
from jindi.doors.api.hot import read_body
from jindi.doors.api.problems import MEDIA_TYPE, Title, problem

to_bytes = msgspec.json.Encoder().encode
"""A document as the bytes of its JSON."""

_Asked = TypeVar("_Asked", bound=msgspec.Struct)


async def read_json(request: Request, kind: type[_Asked], most: int) -> _Asked:
    """The body as a `kind`; an empty one is an empty object. Raises TooLarge beyond `most` bytes, Gone when it breaks
    off, msgspec.MsgspecError, ValueError or RecursionError for what is no such document.
    """
    body = await read_body(request.receive, most)
    check_shape(body)
    check_names(body)
    return msgspec.json.decode(body or b"{}", type=kind)


async def read_document(request: Request, most: int) -> dict[str, Any]:
    """The body as an object of whatever names; an empty one is an empty object. Raises as `read_json`."""
    body = await read_body(request.receive, most)
    check_shape(body)
    check_names(body)
    return msgspec.json.decode(body or b"{}", type=dict[str, Any])


def json_answer(document: Any, status: int = 200) -> Response:
    """A document as JSON."""
    return Response(to_bytes(document), status, media_type="application/json")


def problem_answer(title: Title, detail: str = "", **more: Any) -> Response:
    """A problem, with what somebody without a key is to bring."""
    headers = {"www-authenticate": "Bearer"} if title.status == 401 else {}
    return Response(problem(title, detail, **more), title.status, headers, media_type=MEDIA_TYPE.decode())
