"""Checks of requests: those of persons about their data, and those that programs sign."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jindi.access import Scope
from jindi.access.signatures import Message, sign
from jindi.basics.instants import SECOND_US, day_of
from jindi.packs import Outcome
from jindi.ports import LogFailure
from jindi.run import requests
from jindi.run.controls.ground import Evidence, Ground, Scratch, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import Asking, lived
from jindi.run.platform import Platform
from jindi.run.records import DecisionRecord
from jindi.run.subjects import ZONE

# ---- persons


@check(
    "requests_in_time",
    "逐条查看个人信息请求：没有逾期未答的；每种权利都有带依据的时限；逾期必成为交人处理的决策",
    "Every request of a person looked at: none is overdue; each right has its days; what is overdue raises an alarm",
    days_max=15,
)
def requests_in_time(ground: Ground, asked: Asked) -> Evidence:
    """PIPL art. 44-50: promptly. The days are a design default until a rule names them."""
    today, most = day_of(ground.clock.now_us(), ZONE), asked.whole("days_max")
    limits = ground.definitions.limits
    days: dict[str, int] = {}
    for right in requests.RIGHTS:
        try:
            days[right] = (requests.due_on(right, today, limits)[0] - today).days
        except LookupError:
            days[right] = -1
    try:
        with ground.journal() as log:
            known = requests.read(log)
    except LogFailure:
        raise could_not_run("日志读不到", "the journal can't be read") from None
    overdue = known.overdue(today)
    with ground.scratch() as scratch:
        alarm = lived(scratch, lambda platform: _overdue(scratch, platform))
    evidence: Evidence = {
        "requests": len(known.all), "open": len(known.open), "overdue": [each.id for each in overdue],
        "days": days, "alarm": alarm,
    }  # fmt: skip
    if overdue:
        raise failed(
            f"有 {len(overdue)} 项请求逾期未答", f"{len(overdue)} requests are overdue and not answered", **evidence
        )
    wrong = sorted(right for right, each in days.items() if not 0 <= each <= most)
    if wrong:
        raise failed(
            f"权利没有时限或过长：{', '.join(wrong)}", f"no limit, or too long: {', '.join(wrong)}", **evidence
        )
    if alarm != Outcome.REVIEW:
        raise failed("逾期不报警", "what is overdue raises no alarm", **evidence)
    return evidence


async def _overdue(scratch: Scratch, platform: Platform) -> str:
    """What comes of a request that nobody has answered."""
    if requests.EVENT not in platform.program.events:
        return "no event type"
    now_us = scratch.clock.now_us()
    fields = {"subject": "req-0", "right": "erase", "overdue_days": 3}
    event = platform.intake.make(requests.EVENT, "check-overdue", now_us, fields)
    outcome: str = json.loads(await platform.lane.submit(event, now_us))["outcome"]
    told = any(isinstance(record, DecisionRecord) for _, record in platform.archive.records(0))
    return outcome if told else "not decided"


# ---- programs

_PATH: Final = "/v1/packs/try"


@check(
    "signed_requests",
    "真实发送签名请求：正确的一次被接受；重放、重启后重放、改正文、改地址、改方法、过期、超前、他人签名、只报密钥号都被拒",
    "Signed requests sent: the right one is taken once; replayed, altered, old, ahead, another's, bare: all refused",
)
def signed_requests(ground: Ground, _: Asked) -> Evidence:
    """RFC 9421, RFC 9530. ASVS 5.0 4.1.5; the window of 300 s is a design default."""
    with ground.scratch() as scratch:
        first, tried = lived(scratch, lambda platform: _signed(scratch, platform))
    evidence: Evidence = {"honest": first, "tried": tried}
    # What is right in form is heard; that this body is no package of packs is another matter.
    if first in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS) or first >= 500:
        raise could_not_run("正确签名的请求也被拒，无从对照", "a right signature is refused, too", **evidence)
    taken = sorted(name for name, status in tried.items() if status not in _REFUSALS)
    if taken:
        raise failed(f"不该接受的被接受：{', '.join(taken)}", f"taken and must not be: {', '.join(taken)}", **evidence)
    return evidence


_REFUSALS: Final = frozenset({400, 401, 403, 409, 425, 429, 503})


async def _signed(scratch: Scratch, platform: Platform) -> tuple[int, dict[str, int]]:
    keys, now_s = scratch.keys(), scratch.clock.now_us() // SECOND_US
    own, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = own.public_key().public_bytes_raw()
    key = keys.create_signing("check", frozenset({Scope.ADMIN}), scratch.clock.now_us(), public)
    body = b'{"files": {}, "event": {}}'
    tried: dict[str, int] = {}
    number = 0

    def signed(created_s: int = now_s, by: Ed25519PrivateKey = own, of: bytes = body) -> dict[str, str]:
        nonlocal number
        number += 1
        message = Message("POST", "http", "check.invalid", _PATH, "", [(b"content-type", b"application/json")])
        return sign(by, key.id, message, of, created_s, f"check-nonce-{number:08d}")

    def sent(ask: Asking) -> Callable[..., Any]:
        async def send(
            headers: dict[str, str], sent_body: bytes = body, method: str = "POST", path: str = _PATH
        ) -> int:
            named = {name.replace("-", "_"): value for name, value in headers.items()}
            answer = await ask(method, path, sent_body, key="", content_type="application/json", **named)
            return answer.status_code

        return send

    application, _ = scratch.doors(platform, Scope.ADMIN)
    async with Asking(application, "") as ask:
        send = sent(ask)
        right = signed()
        first: int = await send(right)
        tried["replayed"] = await send(right)
        tried["another body"] = await send(signed(), b'{"files": {"x": ""}, "event": {}}')
        tried["another address"] = await send(signed(), path="/v1/snapshots")
        tried["another method"] = await send(signed(), method="PUT")
        tried["another query"] = await send(signed(), path=f"{_PATH}?x=1")
        tried["old"] = await send(signed(now_s - 400))
        tried["ahead"] = await send(signed(now_s + 120))
        tried["by another key"] = await send(signed(by=other))
        bare = await ask("POST", _PATH, body, key=key.id, content_type="application/json")
        tried["its name alone"] = bare.status_code
        keys.revoke(key.id, scratch.clock.now_us())
        tried["revoked"] = await send(signed())
    again = keys.create_signing("check-again", frozenset({Scope.ADMIN}), scratch.clock.now_us(),
                                other.public_key().public_bytes_raw())  # fmt: skip
    tried["replayed after a restart"] = await _after_a_restart(scratch, platform, other, again.id, now_s)
    return first, tried


async def _after_a_restart(
    scratch: Scratch, platform: Platform, key: Ed25519PrivateKey, key_id: str, now_s: int
) -> int:  # fmt: skip
    """A request that was taken, sent once more to doors that have forgotten all that was not on the disk."""
    message = Message("GET", "http", "check.invalid", "/v1/packs", "", [])
    headers: dict[str, Any] = {name.replace("-", "_"): value
               for name, value in sign(key, key_id, message, None, now_s, "check-nonce-restart").items()}  # fmt: skip
    statuses = []
    for _ in range(2):
        application, _ = scratch.doors(platform, Scope.ADMIN)
        async with Asking(application, "") as ask:
            statuses.append((await ask("GET", "/v1/packs", key="", **headers)).status_code)
    if statuses[0] != HTTPStatus.OK:
        raise could_not_run("正确签名的请求也被拒，无从对照", "a right signature is refused, too", statuses=statuses)
    return statuses[1]
