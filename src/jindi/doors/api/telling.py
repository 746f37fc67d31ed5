"""What any route can meet, told as problems in one way: what is not there, too large, not to be read, not recorded.

Knows: which problem belongs to which failure that all rooms share. Never: what a room declines; its routes say that.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from jindi.access import Principal
from jindi.basics.problems import Problems
from jindi.doors.api import problems
from jindi.doors.api.bodies import problem_answer
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Keyed
from jindi.run.audit import NotRecorded

PROBLEMS_SHOWN: Final = 100
DETAIL_MAX: Final = 400
_SHARED: Final[tuple[type[Exception], ...]] = (
    NotRecorded, Problems, LookupError, TooLarge, msgspec.MsgspecError, ValueError, RecursionError, Gone,
)  # fmt: skip


def telling(
    handler: Keyed, own: Callable[[Exception], Response | None], kinds: tuple[type[Exception], ...],
    headers: Mapping[str, str] | None = None,
) -> Keyed:  # fmt: skip
    """The handler, with what can go wrong told as problems: `own` tells what its room declines or can't do now, for
    failures of these `kinds`, and is asked first. `headers` go with every answer.
    """
    caught: tuple[type[Exception], ...] = (*kinds, *_SHARED)

    async def told(request: Request, who: Principal) -> Response:
        try:
            answered = await handler(request, who)
        except caught as error:
            answered = own(error) or _shared(error)
        if headers is not None:
            answered.headers.update(headers)
        return answered

    return told


def _shared(error: Exception) -> Response:
    if isinstance(error, Gone):
        return Response()  # nobody is there to read it
    if isinstance(error, NotRecorded):
        return problem_answer(problems.NOT_RECORDED)
    if isinstance(error, Problems):
        return problem_answer(problems.BAD_REQUEST, problems=error.problems[:PROBLEMS_SHOWN])
    if isinstance(error, TooLarge):
        return problem_answer(problems.TOO_LARGE)
    if isinstance(error, LookupError):
        return problem_answer(problems.NOT_FOUND, str(error.args[0]))
    return problem_answer(problems.BAD_REQUEST, str(error)[:DETAIL_MAX])


def whole(asked: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    """A whole number of an address's question. Raises ValueError."""
    text = asked.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not int(text) <= most:
        raise ValueError(f"{name} is a whole number up to {most}")
    return int(text)
