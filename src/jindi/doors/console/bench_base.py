"""What all pages of the workbench share: whose draft it is, how a refusal is told, and forms that lose nothing."""

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jindi.access import Session
from jindi.doors.console.doors import Doors
from jindi.doors.console.guard import RULE_FIELDS_MAX, RULE_FORM_BYTES_MAX, read_form, refuse_other_sites
from jindi.doors.console.rule_form import Unwritable
from jindi.doors.console.view import View
from jindi.doors.console.words.problems import said_in
from jindi.run.versions.desk import Person
from jindi.run.versions.drafts import Moved, named_owner
from jindi.run.versions.workbench import Refused, Sheet, Workbench

DONE = ("saved", "removed", "restored", "taken_over", "discarded", "moved", "begun", "along", "removing")


class BenchPages:
    """Pages over one workbench."""

    def __init__(self, bench: Workbench, doors: Doors) -> None:
        self._bench, self._doors, self._pages = bench, doors, doors.pages

    def sheet_of(self, request: Request, view: View) -> Sheet | None:
        """The policy that an address names, as its reader has it."""
        return self._bench.sheet(owner_of(view), request.path_params["id"])

    def no_policy(self, request: Request, view: View) -> Response:
        """There is none."""
        return self._doors.error(view, HTTPStatus.NOT_FOUND, "error.no_policy", id=request.path_params["id"][:64])

    def refusal(self, view: View, error: Unwritable | Refused) -> str:
        """Why nothing was kept."""
        if isinstance(error, Unwritable):
            field = view.t(f"rule.case.{error.field}")
            return view.t(
                "rule.refused.unwritable", n=error.case + 1, field=field, what=said_in(error.what, view.lang).text
            )
        values = error.values
        if error.code == "not_editable":
            values = {**values, "what": said_in(values["what"], view.lang).text}
        return view.t(f"rule.refused.{error.code}", **values)

    def moved(self, view: View, error: Moved) -> str:
        """That somebody has saved it elsewhere."""
        if error.now is None:
            return view.t("rule.refused.gone")
        return view.t("rule.moved", n=error.now.version)

    async def typed(self, request: Request, view: View) -> tuple[dict[str, str], bool]:
        """The fields of a form in which somebody wrote for long, and whether it is of this session: one of an older
        session does nothing, and is shown again with all that was typed.
        """
        refuse_other_sites(request)
        fields = await read_form(request, bytes_max=RULE_FORM_BYTES_MAX, fields_max=RULE_FIELDS_MAX)
        return fields, is_ours(fields, view)

    def forged(self, view: View) -> Response:
        """A form of another session for something that is not there: only that is said."""
        return self._doors.error(view, HTTPStatus.FORBIDDEN, "error.csrf")


def is_ours(fields: Mapping[str, str], view: View) -> bool:
    """Whether a form bears this session's token."""
    return view.csrf is not None and hmac.compare_digest(fields.get("csrf", "").encode(), view.csrf.encode())


def renewed(view: View) -> JSONResponse:
    """For the page's own script: the token of the session that there is now. Only our own pages can read this, so
    whoever signed in again in another tab goes on in this one.
    """
    return JSONResponse({"told": view.t("error.csrf"), "csrf": view.csrf}, HTTPStatus.FORBIDDEN)


def done_in(request: Request) -> str | None:
    """What was just done, as an address says it."""
    done = request.query_params.get("done")
    return done if done in DONE else None


def listed_in(request: Request, name: str) -> list[str]:
    """The first names of a list that an address carries. Anybody can write an address: show none that is not known."""
    return [each for each in request.query_params.get(name, "").split(",") if each][:20]


def address_of(policy: str, *more: str) -> str:
    """A page of a policy on the workbench."""
    return "/".join(["/console/workbench", *(quote(each, safe="") for each in (policy, *more))])


def whole(text: str | None) -> int:
    """A version as a form brings it; 0 for what is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def session_of(view: View) -> Session:
    """The session, which is there."""
    assert view.session is not None, "asked before"
    return view.session


def who(view: View) -> str:
    """How people call the reader."""
    return session_of(view).who


def owner_of(view: View) -> str:
    """Whose drafts these are: the account's; where there are no accounts, whoever has this name."""
    session = session_of(view)
    return session.account or named_owner(session.who)


def person_of(view: View) -> Person:
    """The reader, as the desk knows people."""
    return Person("", who(view), session_of(view).principal.marks)
