"""What the pages about people ask of the console: who is there, cookies, and the pages that say no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from jindi.access import NewSession, Session
from jindi.doors.console.doors import Form, Needs
from jindi.doors.console.view import Pages, View
from jindi.run.audit import Actor
from jindi.run.people import House, Refused

ENTRY, BEGUN, DEVICE, ASKED = "entry", "begun", "device", "company"
"""Cookies: a half-done sign-in, a factor that is being set up, a device that is known, what the company was asked."""

ENTRY_S, DEVICE_S = 600, 180 * 24 * 3600

STATUS = {"busy": HTTPStatus.TOO_MANY_REQUESTS, "too_often": HTTPStatus.TOO_MANY_REQUESTS}
"""Refusals that say: later. All others say: no."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The console, as far as pages about people need it."""

    pages: Pages
    needs: Needs
    form: Form
    view: Callable[[Request], View]
    who: Callable[[Request], tuple[Session | None, str | None]]
    actor: Callable[[Request], Actor]
    enter: Callable[[Request, NewSession, str | None], Response]
    """Sets the session's cookie (and a new device's) on the way to the first page."""
    put_session: Callable[[Request, Response, NewSession], None]
    error: Callable[..., Response]
    """The page that says no: view, status, message, and the message's values by name."""


Plain = Callable[[Request], Awaitable[Response]]


def cookie_name(request: Request, name: str) -> str:
    """Behind TLS the browser itself then refuses to take the cookie from another path or host."""
    return f"__Host-jindi_{name}" if request.url.scheme == "https" else f"jindi_{name}"


def cookie(request: Request, name: str) -> str:
    """A cookie of ours; "" when there is none."""
    return request.cookies.get(cookie_name(request, name), "")


def put_cookie(request: Request, answer: Response, name: str, value: str, max_age_s: int) -> None:
    """Keep something in the browser, out of reach of scripts and of other sites."""
    answer.set_cookie(
        cookie_name(request, name), value, max_age=max_age_s, path="/", secure=request.url.scheme == "https",
        httponly=True, samesite="lax",
    )  # fmt: skip


def drop_cookie(request: Request, answer: Response, name: str) -> None:
    """Have the browser forget something."""
    answer.delete_cookie(cookie_name(request, name), path="/", secure=request.url.scheme == "https")


def offers_passkeys(request: Request, house: House) -> bool:
    """Whether this browser came by the address that passkeys are made for: at another one they can't work."""
    here = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return house.site is not None and here in house.site.origins


def refused_sentences(view: View, refused: Refused, house: House) -> list[str]:
    """What a person is told who was refused."""
    if refused.troubles:
        return [trouble_text(view, each.value, house) for each in refused.troubles]
    return [view.t(f"people.{refused.why}")]


def trouble_text(view: View, trouble: str, house: House) -> str:
    """One thing that is wrong with a password, with the profile's figures."""
    profile = house.profile
    return view.t(
        f"password.trouble.{trouble}", least=profile.length_min, kinds=profile.kinds, history=profile.history
    )  # fmt: skip


def browser_name(request: Request) -> str:
    """A browser by its own words, short enough for a list: family and system."""
    agent = request.headers.get("user-agent", "")
    families = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
        ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
    )  # fmt: skip
    family = next((name for mark, name in families if mark in agent), "")
    system = next((name for mark, name in systems if mark in agent), "")
    return " · ".join(part for part in (family, system) if part)
