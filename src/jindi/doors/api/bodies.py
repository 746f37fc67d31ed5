"""Bodies of requests as what they declare: read whole, looked at before anything is built of them, then decoded.

Knows: limits of size and shape, and that a name stands once in an object. Never: what is asked for.
"""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from jindi.basics.shapes import check_names, check_shape
from jindi.doors.api.hot import read_body

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
