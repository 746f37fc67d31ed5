"""What a group of pages asks of the console: who is there, the forms, and the pages that say no.

A group is built from one `Doors` and answers with its addresses. The console knows of it nothing more: a page of the
menu whose address no group has is not shown.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Session
from jindi.doors.console.guard import FIELDS_MAX, FORM_BYTES_MAX, Upload
from jindi.doors.console.kept import Tables
from jindi.doors.console.source import Source
from jindi.doors.console.view import Pages, View
from jindi.doors.guarding import AboutOf, Endpoint, about_of
from jindi.run.approvals.approvals import Forbidden
from jindi.run.audit import Actor

Shown = Callable[[Request, View], Awaitable[Response]]


class Needs(Protocol):
    """Asks for a session whose person may do an action, and journals what is asked for."""

    def __call__(self, action: str, show: Shown, *, is_recorded: bool = True, about: AboutOf = about_of) -> Endpoint:
        """The handler."""


class Fragment(Protocol):
    """A part of a page that its own script asks for again and again: it keeps no session open, and is not journalled,
    for the page was.
    """

    def __call__(self, action: str, show: Callable[[Request, View, str], Awaitable[Response]]) -> Endpoint:
        """The handler."""


class Form(Protocol):
    """Reads a form of ours; refuses one that another site or an older session sent, or that is too large."""

    async def __call__(
        self, request: Request, *, bytes_max: int = FORM_BYTES_MAX, fields_max: int = FIELDS_MAX
    ) -> dict[str, str]:
        """Its fields."""


UploadForm = Callable[[Request], Awaitable[Upload]]
"""Reads a form of ours with a file in it; refuses as `Form` does."""


class Beside(Protocol):
    """Reckons what takes long beside the loop, one at a time, so that decisions keep their pace."""

    async def __call__(self, reckon: Callable[[], Any] | None) -> Any:
        """What was reckoned; None where that could not be."""


class Taking(Protocol):
    """Records that rows of a table are taken away, or that it was refused: before it is done, with their number."""

    async def __call__(self, request: Request, view: View, action: str, on: str, rows: int) -> Response | None:
        """The page that refuses it, None where it may go on. `on` is the filter as the audit may keep it."""


Refuse = Callable[[Request, View, Forbidden], Awaitable[Response]]
ActorOf = Callable[[Request, Session], Actor]
ClearInAddress = Callable[[View], Response]
ErrorPage = Callable[..., Response]
"""The page that says no: view, status, message, and the message's values by name."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What pages ask of the console: `needs` asks for a session with a right, `form` reads and checks a form, `refuse`
    records what the policies forbid and says so, `clear` refuses what may stand in no address, `seen` is the platform
    as the reader may see it, `fragment` a part of a page that refreshes itself. `tables` are all tables of the console,
    `blind` is what the audit keeps of a text that somebody typed.
    """

    pages: Pages
    needs: Needs
    form: Form
    upload: UploadForm
    actor: ActorOf
    refuse: Refuse
    clear: ClearInAddress
    error: ErrorPage
    seen: Callable[[View], Source]
    beside: Beside
    fragment: Fragment
    tables: Tables
    taking: Taking
    blind: Callable[[str], str]


class Group(Protocol):
    """Pages that belong together."""

    def routes(self) -> Sequence[Route]:
        """The table of their routes."""


MakeGroup = Callable[[Doors], Group]
