"""What both doors have in common when they ask whether somebody may do something.

Knows: which action an address stands for. Never: who may do it; that is `access`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jindi.access import About

Endpoint = Callable[[Request], Awaitable[Response]]
AboutOf = Callable[[Request], About]

_LOOKING = ("GET", "HEAD")
_ACTIONS: dict[object, dict[str, str]] = {}
"""The action of each guarded handler, by method; "" stands for every method."""


class Door(NamedTuple):
    """One address with one method. `action` is None where nobody is asked who he is."""

    method: str
    path: str
    action: str | None


def marked(handler: Endpoint, action: str) -> Endpoint:
    """The handler, known to ask for the right to an action."""
    _ACTIONS[handler] = {"": action}
    return handler


def by_method(**handlers: Endpoint) -> Endpoint:
    """One address with a guarded handler for each method."""

    async def either(request: Request) -> Response:
        return await handlers["GET" if request.method in _LOOKING else request.method](request)

    _ACTIONS[either] = {method: _ACTIONS[handler][""] for method, handler in handlers.items()}
    return either


def about_of(request: Request) -> About:
    """What the policies are told when a door knows nothing better: whatever changes something is sensitive."""
    return About(is_sensitive=request.method not in _LOOKING)


def doors_of(routes: Iterable[BaseRoute]) -> Iterator[Door]:
    """All addresses of a table of routes, with the action that each stands for."""
    for route in routes:
        assert isinstance(route, Route), "the doors have plain routes only"
        actions = _ACTIONS.get(route.endpoint, {})
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            yield Door(method, route.path, actions.get(method, actions.get("")))
