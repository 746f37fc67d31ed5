"""What an app asks before there is anything to decide: is this password fit, is this link false?

A password comes in the body of one request and goes nowhere: it is not journalled, not logged, not stored, in no
message, and the audit has not even that it was asked. The answer has the same fields whatever the password is.
"""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import PROFILES, Principal, Ranges, Trouble, troubles
from jindi.access.passwords import LENGTH_MAX, score
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.clear import NO_STORE
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Guard
from jindi.doors.safety import TROUBLES, scored_document
from jindi.parties.phishing import URL_MAX
from jindi.run.phishing import Scorer
from jindi.run.platform import Platform

BODY_BYTES_MAX: Final = 16_384
ABOUT_MAX: Final = 10
OWN_DOMAINS: Final = "own_domains"
"""The list of domains that links are held against; each packs' own, and empty where none has it."""

PROFILE: Final = PROFILES["nist"]
"""(design default) Customers' passwords are held to what stands beside a second factor: length and leaks, no kinds."""


class PasswordAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password, and what is known of its owner (name, phone, e-mail): the first that a stranger tries."""

    password: str
    about: tuple[str, ...] = ()


class UrlAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link."""

    url: str


class SafetyRoutes:
    """The routes; `breached` looks leaked passwords up, where a folder of them is loaded."""

    def __init__(self, platform: Platform, guard: Guard, breached: Ranges | None) -> None:
        self._platform, self._guard, self._breached = platform, guard, breached
        self._scorer: tuple[tuple[str, ...], Scorer] | None = None

    def routes(self) -> list[Route]:
        """The table of routes. Asking changes nothing and shows nobody's data: only who may not is recorded."""
        return [
            Route(
                "/v1/passwords/check", self._guard("password.check", self._password, is_recorded=False),
                methods=["POST"],
            ),
            Route("/v1/urls/score", self._guard("url.score", self._url, is_recorded=False), methods=["POST"]),
        ]  # fmt: skip

    async def _password(self, request: Request, _: Principal) -> Response:
        try:
            asked = await read_json(request, PasswordAsked, BODY_BYTES_MAX)
            if len(asked.about) > ABOUT_MAX or any(len(each) > LENGTH_MAX for each in asked.about):
                raise ValueError
        except TooLarge:
            return problem_answer(problems.TOO_LARGE)
        except Gone:
            return Response()  # nobody is there to read it
        except (msgspec.MsgspecError, ValueError, RecursionError):
            # Not what was wrong: a message that quotes its place could quote the password.
            return problem_answer(problems.BAD_REQUEST, 'give {"password": "…", "about": ["…"]}, ten words at the most')
        # Scoring takes up to 50 ms: decisions must not wait for it.
        found, strength = await asyncio.to_thread(self._judged, asked)
        answer = json_answer({
            "acceptable": not found,
            "strength": strength,
            "breached": None if self._breached is None else Trouble.BREACHED in found,
            "troubles": [{"code": str(each), "zh": TROUBLES[each][0], "en": TROUBLES[each][1]} for each in found],
        })  # fmt: skip
        answer.headers.update(NO_STORE)
        return answer

    def _judged(self, asked: PasswordAsked) -> tuple[tuple[Trouble, ...], int]:
        found = troubles(asked.password, PROFILE, asked.about, self._breached)
        return found, 0 if Trouble.LONG in found else score(asked.password, asked.about)

    async def _url(self, request: Request, _: Principal) -> Response:
        try:
            asked = await read_json(request, UrlAsked, BODY_BYTES_MAX)
            scored = await asyncio.to_thread(self._own().score, asked.url)
        except TooLarge:
            return problem_answer(problems.TOO_LARGE)
        except Gone:
            return Response()  # nobody is there to read it
        except (msgspec.MsgspecError, ValueError, RecursionError):
            detail = f'give {{"url": "https://…"}}, {URL_MAX} characters at the most, with a host in it'
            return problem_answer(problems.BAD_REQUEST, detail)
        return json_answer(scored_document(scored))

    def _own(self) -> Scorer:
        """The scorer for the domains that stand on the list now."""
        lists, now_us = self._platform.lane.state.lists, self._platform.now_us()
        names = sorted(lists.entries.get(OWN_DOMAINS, ())) if OWN_DOMAINS in lists else []
        own = tuple(name for name in names if lists.holds(OWN_DOMAINS, name, now_us))
        if self._scorer is None or self._scorer[0] != own:
            self._scorer = own, Scorer(own)
        return self._scorer[1]
