"""A step with all cases of a filter, beside the queue's rows."""

from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.cases import Assign, Step
from jindi.doors.casework import said
from jindi.doors.console.case_queue import Queue, queue_of, tabs_of
from jindi.doors.console.case_steps import Unclear, step_of
from jindi.doors.console.cases import CasePages
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.view import View, address
from jindi.run.cases import Bulks, Desk, Moved, TooMany

WHOLE: Final = ("assign", "tag", "snooze", "escalate", "close")
"""What can be done with all cases of a filter."""


class CaseBulkPages:
    """The forms beside the queue."""

    def __init__(self, desk: Desk, doors: Doors, cases: CasePages) -> None:
        self._desk, self._bulks, self._doors = desk, Bulks(desk), doors
        self._told = cases.told

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, action: str, act: Shown, *, is_recorded: bool = False) -> Route:
            handler = self._doors.needs(action, self._told(act), is_recorded=is_recorded)
            return Route(path, handler, methods=["POST"])

        return [
            *(post(f"/console/case-work/{verb}", f"case.{verb}", partial(self._begin, verb)) for verb in WHOLE),
            Route("/console/case-work/{id}", self._doors.needs("cases.work", self._told(self.work))),
            post("/console/case-work/{id}/stop", "cases.work", self.stop, is_recorded=True),
        ]

    def _queue(self, form: dict[str, str], view: View) -> Queue:
        tabs = tabs_of(view)
        queue, _ = queue_of(form, tabs, self._desk.typologies, "my" if "my" in tabs else "all", view.zone)
        return queue

    async def _begin(self, verb: str, request: Request, view: View) -> Response:
        """Begin, and go to the page that shows how far it is. What is done is recorded case by case."""
        form = await self._form(request)
        assert view.session is not None, "asked before"
        queue, actor = self._queue(form, view), self._doors.actor(request, view.session)
        back = partial(address, "/console/cases", **queue.asked)
        try:
            step = _step(verb, form, view)
        except Unclear as error:
            return _to(back(unclear=error.message.rpartition(".")[2]))
        seen = form.get("count", "")
        seen_count = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= 9 else -1
        try:
            bulk = await self._bulks.begin(
                actor, queue.query(self._desk, actor.name), seen_count, step, leads=view.may("case.lead")
            )
        except Moved as error:
            return _to(back(moved=error.now))
        except TooMany:
            return _to(back(unclear="too_many"))
        return _to(f"/console/case-work/{bulk.id}")

    async def _form(self, request: Request) -> dict[str, str]:
        return await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)

    async def work(self, request: Request, view: View) -> Response:
        """How far a step with many cases is."""
        assert view.session is not None, "asked before"
        bulk = self._bulks.get(view.session.principal.name, request.path_params["id"])
        if bulk is None:
            return self._doors.error(view, HTTPStatus.NOT_FOUND, "cases.work.gone")
        refused = [
            view.t("cases.refused", n=number, why=said(code)[0 if view.lang == "zh" else 1])
            for code, number in sorted(bulk.refused.items())
        ]
        return self._doors.pages.show("case_work.html", view, page="cases", bulk=bulk, refused=refused)

    async def stop(self, request: Request, view: View) -> Response:
        """Stop it after the case that it is with."""
        await self._doors.form(request)
        assert view.session is not None, "asked before"
        identifier: str = request.path_params["id"]
        self._bulks.stop(view.session.principal.name, identifier)
        return _to(f"/console/case-work/{identifier}")


def _step(verb: str, form: dict[str, str], view: View) -> Step:
    """The step that is to be taken with all. Raises Unclear."""
    assert view.session is not None, "asked before"
    if verb == "assign" and "to" not in form:
        return Assign(view.session.principal.name)
    if verb not in ("assign", "tag") and not form.get("why", "").strip():
        raise Unclear("cases.say_why")
    if verb == "tag" and not form.get("add", "").strip():
        raise Unclear("cases.say_tag")
    return step_of(verb, form, view)


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)
