"""For whoever leads: who has how much work, how long it takes, and closed cases that wait for a second look."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.doors.console.cases import CasePages
from jindi.doors.console.doors import Doors
from jindi.doors.console.view import View
from jindi.run.cases import Desk, team_of
from jindi.run.cases.team import AGES, CLOSED_MAX


class CaseTeamPages:
    """One page over the cases of a platform."""

    def __init__(self, desk: Desk, doors: Doors, cases: CasePages) -> None:
        self._desk, self._doors, self._cases = desk, doors, cases

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [Route("/console/team", self._doors.needs("cases.team", self._cases.told(self.page)))]

    async def page(self, _: Request, view: View) -> Response:
        """The figures of now."""
        team = await team_of(self._desk)
        most = max((count for _, counts in team.ages for count in counts), default=0)
        return self._doors.pages.show(
            "case_team.html", view, page="team", team=team, brackets=len(AGES), most=most, closed_max=CLOSED_MAX,
            sample=[self._cases.line(each, view) for each in team.sample], second_look=self._desk.second_look,
            **self._cases.standing(),
        )  # fmt: skip
