"""What every answer of the console carries, and what every unsafe request must bring."""

import secrets
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jindi.cases.evidence import FILE_BYTES_MAX
from jindi.doors.fences import WAIT
from jindi.doors.headers import HSTS, NO_STORE, SHARED, wants_hsts

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, nothing evaluated, no frame around us."""

SANDBOX = {"content-security-policy": "default-src 'none'; sandbox"}
"""What a file brings that we hand out, beside the policy that every answer carries: the stricter of the two holds."""

FORM_BYTES_MAX, FIELDS_MAX = 8192, 32
CASE_FORM_BYTES_MAX, CASE_FIELDS_MAX = 32_768, 256
"""A note of two thousand Chinese characters, each nine bytes in a form; more fields than there are rows to tick."""

RULE_FORM_BYTES_MAX, RULE_FIELDS_MAX = 262_144, 640
"""A rule with forty rows and thirty cases."""

UPLOAD_BYTES_MAX = FILE_BYTES_MAX + 65_536
"""A file of a case with what a form puts around it."""

_HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"referrer-policy", b"same-origin"),
    *SHARED,
)


class SecurityHeaders:
    """Puts the security headers on every answer, and `no-store` on those that set no caching themselves.

    Each request gets an id, sent back as `x-request-id` and shown on error pages.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(NO_STORE)
                headers.extend(_HEADERS)
                headers.append((b"x-request-id", request_id.encode()))
                if wants_hsts(scope["scheme"], scope["headers"]):
                    headers.append(HSTS)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_guarded)


class Waiting:
    """Gives a page to those whom the threshold lets wait, instead of what they asked for."""

    def __init__(self, app: ASGIApp, page: Callable[[Request, int], Response]) -> None:
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of ASGI."""
        wait_s: int | None = scope.get(WAIT)
        if wait_s is None:
            await self._app(scope, receive, send)
        else:
            await self._page(Request(scope), wait_s)(scope, receive, send)


def refuse_other_sites(request: Request) -> None:
    """Raises 403 when a browser says that another site sent this request.

    Tools that are no browsers send neither header and carry no cookie of ours.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    if site not in ("same-origin", "none") or (origin is not None and origin.partition("://")[2] != host):
        raise HTTPException(HTTPStatus.FORBIDDEN, "error.other_site")


async def read_form(
    request: Request, *, bytes_max: int = FORM_BYTES_MAX, fields_max: int = FIELDS_MAX
) -> dict[str, str]:
    """The fields of a small form, each given once; raises 400, 413 or 415 for anything else."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "error.not_a_form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "error.form_too_large")
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=fields_max, errors="strict", encoding="utf-8")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form") from None
    if any(len(values) > 1 for values in fields.values()):
        # Whoever checks and whoever acts could take another one of them.
        raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form")
    form = {name: values[0] for name, values in fields.items()}
    request.state.form = form
    return form


def is_surely_ours(request: Request) -> bool:
    """Whether a browser says of itself that a page of ours sent this request; silence is not enough."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    return request.headers.get("sec-fetch-site") == "same-origin" and origin.partition("://")[2] == host != ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file: its fields, and the file's name and content; "" and nothing where none was chosen."""

    fields: dict[str, str]
    name: str
    content: bytes


class _InMemory(MultiPartParser):
    """Keeps a file in memory while it comes in: what somebody sends is on no disk in clear, not for a moment."""

    spool_max_size = UPLOAD_BYTES_MAX


def is_upload(request: Request) -> bool:
    """Whether it is a form that may hold a file."""
    return request.headers.get("content-type", "").partition(";")[0] == "multipart/form-data"


async def read_upload(request: Request) -> Upload:
    """A form with at most one file; raises 400, 413 or 415 for anything else."""
    if not is_upload(request):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "error.not_a_form")

    async def bounded() -> AsyncGenerator[bytes, None]:
        length = 0
        async for chunk in request.stream():
            length += len(chunk)
            if length > UPLOAD_BYTES_MAX:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "error.form_too_large")
            yield chunk

    parser = _InMemory(request.headers, bounded(), max_files=1, max_fields=FIELDS_MAX, max_part_size=FORM_BYTES_MAX)
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeDecodeError, KeyError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form") from None
    try:
        if len(form) != len(form.multi_items()):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        file = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        return Upload(fields, (file.filename or "") if file else "", await file.read() if file else b"")
    finally:
        await form.close()
