"""Checks of coming in and staying in: lock-out, second factors, sessions, the company's sign-in. Each plays the
attacker against a small platform's own doors.
"""

import hmac
import json
import statistics
import time
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import RSAKey

from jindi.access import (
    RSA_BITS_MIN,
    RSA_BITS_OPENED,
    Factor,
    Identity,
    OidcRefused,
    OidcSettings,
    Role,
    Scope,
    Session,
    identity,
)
from jindi.access.totp import PERIOD_US, RELEARN_US
from jindi.basics.instants import HOUR_US, MINUTE_US, SECOND_US
from jindi.run.controls.crews import DOOR, SESSION, Crew, Member, refused, staffed
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import Asking, Browser, given_by
from jindi.run.people import Refused
from jindi.run.people.entrance import WHY

PAGE: Final = "/console/decisions"
"""A page that analysts may see."""

_IN, _OUT = HTTPStatus.OK, HTTPStatus.SEE_OTHER


# ---- what ends at once


@check(
    "revoked_at_once",
    "登录着的人被改角色、停用、重置、结束会话、改密码，密钥被吊销：下一个请求即失效，半途的登录也不再继续",
    "Roles changed, account disabled, reset, session ended, password changed, key revoked: the very next request fails",
)
def revoked_at_once(ground: Ground, _: Asked) -> Evidence:
    """C13. ASVS 5.0 8.3.2, 7.4.2; PCI DSS 4.0.1 8.2.5."""
    with ground.scratch() as scratch:
        before, after = staffed(scratch, _taken_away)
    evidence: Evidence = {"before": before, "after": after}
    if any(status != _IN for status in before.values()):
        raise could_not_run("权限在时也进不去，无从对照", "it does not open while the right is there", **evidence)
    late = sorted(name for name, status in after.items() if status == _IN)
    if late:
        raise failed(
            f"撤权后仍可用：{', '.join(late)}", f"still open after it was taken away: {', '.join(late)}", **evidence
        )
    return evidence


async def _taken_away(crew: Crew) -> tuple[dict[str, int], dict[str, int]]:
    house, before, after = crew.house, dict[str, int](), dict[str, int]()
    keeper = await crew.member("check-sec", "Check Keeper", Role.SECURITY_ADMIN)
    who = house.actor(keeper.account, DOOR)
    application, key = crew.scratch.doors(crew.platform, Scope.ADMIN, house=house)

    async def end_session(member: Member) -> None:
        for each in house.sessions.of_account(member.id, crew.now_us):
            house.sessions.close_one(member.id, each.id)

    async def new_password(member: Member) -> None:
        hash_ = await house.fitting(crew.password(), member.account)
        house.staff.set_password(member.id, hash_, crew.now_us)

    ways: dict[str, Callable[[Member], Awaitable[object]]] = {
        "roles changed": lambda member: crew.office.grant(who, member.id, frozenset({Role.POLICY_AUTHOR})),
        "account disabled": lambda member: crew.office.disable(who, member.id),
        "account reset": lambda member: crew.office.reset(who, member.id),
        "session ended": end_session,
        "password changed": new_password,
    }
    for number, (name, take) in enumerate(ways.items()):
        member = await crew.member(f"check{number}", f"Check {number}", Role.ANALYST)
        opened = (await crew.enter(member)).opened.clear_id
        halfway = await crew.first(member)
        async with Browser(application, **{SESSION: opened}) as browser:
            before[name] = (await browser.get(PAGE)).status_code
            await take(member)
            after[name] = (await browser.get(PAGE)).status_code
        if name != "session ended" and crew.entrance.waiting(halfway) is not None:
            after[f"{name}, half-done sign-in"] = int(_IN)
    async with Asking(application, key) as ask:
        before["key revoked"] = (await ask("GET", "/v1/packs")).status_code
        for each in crew.scratch.keys().all():
            crew.scratch.keys().revoke(each.id, crew.now_us)
        after["key revoked"] = (await ask("GET", "/v1/packs")).status_code
    return before, after


# ---- guessing


@check(
    "lock_out",
    "连续猜口令与验证码：次数之内锁定、锁足时限，锁定时正确的口令也不行；本人熟悉的设备不受旁人影响；到期自动解除",
    "Guesses at password and code: locked within the tries, for the time; a stranger locks out no known device",
    tries_max=10,
    minutes_min=30,
)
def lock_out(ground: Ground, asked: Asked) -> Evidence:
    """C19. PCI DSS 4.0.1 8.3.4; ASVS 5.0 6.3.1, 6.3.5."""
    tries, minutes = asked.whole("tries_max"), asked.whole("minutes_min")
    with ground.scratch() as scratch:
        evidence = staffed(scratch, lambda crew: _guessed(crew, tries, minutes))
    if evidence["owner"] or evidence["afterwards"]:
        raise failed(
            "本人被旁人的猜测锁在门外，或到期不解除", "the owner is locked out by a stranger, or for ever", **evidence
        )
    loose = sorted(name for name in ("password", "factor", "until the end") if evidence[name] != "sign_in.refused")
    if loose:
        raise failed("连续猜测没有被锁定", f"guessing goes on: {', '.join(loose)}", **evidence)
    return evidence


async def _guessed(crew: Crew, tries: int, minutes: int) -> Evidence:
    house = crew.house
    owner = await crew.member("check-owner", "Check Owner", Role.SECURITY_ADMIN)
    cookie = (await crew.enter(owner)).device or ""
    for _ in range(tries):
        await refused(crew.first(owner, password="no"))  # noqa: S106 - a guess
    stranger = await refused(crew.first(owner))
    known = await refused(crew.enter(owner, cookie))
    crew.later((minutes - 1) * MINUTE_US)
    until_the_end = await refused(crew.first(owner))
    crew.later(house.profile.lock_us - (minutes - 2) * MINUTE_US)
    afterwards = await refused(crew.first(owner))
    other = await crew.member("check-other", "Check Other", Role.ANALYST)
    handle, guesses = await crew.first(other), 0
    while handle and guesses < tries:
        guesses += 1
        why = await refused(crew.entrance.totp(DOOR, handle, "000000x", "", "check"))
        if why == "sign_in.ended":
            # A half-done sign-in ends after a few tries; a guesser who knows the password begins another, while he may.
            handle = await _again(crew, other)
    return {
        "tries": tries, "minutes": minutes, "password": stranger, "owner": known, "until the end": until_the_end,
        "afterwards": afterwards, "factor": await refused(crew.first(other)), "guesses_at_the_factor": guesses,
    }  # fmt: skip


async def _again(crew: Crew, member: Member) -> str:
    """Another half-done sign-in; "" when the door is locked."""
    try:
        return await crew.first(member)
    except Refused:
        return ""


@check(
    "codes_once",
    "验证码与恢复码各用一次：重放、重启后重放、过期、别人的码都被拒",
    "Codes of the app and for recovery are used, and used again, after a restart, too late, by another: all refused",
)
def codes_once(ground: Ground, _: Asked) -> Evidence:
    """C20. ASVS 5.0 6.5.1, 6.5.5; PCI DSS 4.0.1 8.5.1."""
    with ground.scratch() as scratch:
        first, again = staffed(scratch, _replayed)
    evidence: Evidence = {"first": first, "again": again}
    if any(first.values()):
        raise could_not_run("验证码第一次也不能用，无从对照", "a code does not work the first time", **evidence)
    taken = sorted(name for name, why in again.items() if not why)
    if taken:
        raise failed(f"验证码可以再用：{', '.join(taken)}", f"a code works again: {', '.join(taken)}", **evidence)
    return evidence


async def _replayed(crew: Crew) -> tuple[dict[str, str], dict[str, str]]:
    member = await crew.member("check", "Check One", Role.SECURITY_ADMIN)
    other = await crew.member("check-other", "Check Other", Role.ANALYST)
    code = member.code(crew.now_us)

    async def show(code: str, *, recovery: bool = False) -> str:
        handle = await crew.first(member)
        step = crew.entrance.code if recovery else crew.entrance.totp
        return await refused(step(DOOR, handle, code, "", "check"))

    first = {"app": await show(code)}
    again = {"replayed": await show(code)}
    # As after a restart: what was used lies on the disk.
    restarted = crew.scratch.house(crew.platform).staff
    again["after a restart"] = WHY.get(restarted.use_totp(member.id, code, crew.now_us), "")
    for name, off in (("a period late", -1), ("two periods late", -2), ("a period early", 1), ("three early", 3)):
        # Far apart, so that they teach the house nothing of the device's clock.
        crew.later(2 * RELEARN_US)
        again[name] = await show(member.code(crew.now_us + off * PERIOD_US))
        crew.later(4 * PERIOD_US)
        first[f"app, after a code {name}"] = await show(member.code(crew.now_us))  # and the lock has not counted on
    again["another's"] = await show(other.code(crew.now_us))
    first["recovery"] = await show(member.codes[0], recovery=True)
    again["recovery"] = await show(member.codes[0], recovery=True)
    return first, again


# ---- ways round


@check(
    "no_way_round_mfa",
    "逐一尝试绕过第二因素：只有口令时走遍控制台各页，凭链接、密钥、恢复码、重置、改密、企业登录、他人的码，都进不去",
    "Every way round the second factor tried: all pages with a password alone, link, key, recovery, reset, company",
)
def no_way_round_mfa(ground: Ground, _: Asked) -> Evidence:
    """C21. PCI DSS 4.0.1 8.5.1; ASVS 5.0 6.4.3."""
    with ground.scratch() as scratch:
        pages, ways = staffed(scratch, _walked)
    evidence: Evidence = {"pages": pages, "ways": ways}
    opened = sorted(name for name, way in ways.items() if way == "in")
    if pages == 0:
        raise could_not_run("控制台没有任何页面", "the console has no page", **evidence)
    if opened:
        raise failed(
            f"可以绕过第二因素：{', '.join(opened)}", f"a way leads round the second factor: {', '.join(opened)}",
            **evidence,
        )  # fmt: skip
    return evidence


async def _walked(crew: Crew) -> tuple[int, dict[str, str]]:
    house, ways = crew.house, dict[str, str]()
    member = await crew.member("check", "Check One", Role.SECURITY_ADMIN)
    other = await crew.member("check-other", "Check Other", Role.ANALYST)
    application, key = crew.scratch.doors(crew.platform, Scope.ADMIN, house=house)
    handle = await crew.first(member)
    pages = [each.path for each in crew.scratch.pages(crew.platform) if each.method == "GET" and each.action]
    async with Browser(application, jindi_entry=handle, jindi_begun=handle, **{SESSION: handle}) as browser:
        for path in pages:
            answer = await browser.get(_filled(path))
            if answer.status_code < 300:
                ways[f"password alone at {path}"] = "in"
        link = crew.scratch.links().create("check", frozenset({Scope.ADMIN}), crew.now_us)
        ways["link"] = _came(given_by(await browser.post("/sign-in", token=link)))
        ways["key"] = _came(given_by(await browser.post("/sign-in/key", key=key)))
        ways["new password"] = _came(
            given_by(await browser.post("/sign-in/new-password", password=member.password, again=member.password))
        )
    async with Browser(application) as bare:
        ways["recovery without a password"] = _came(
            given_by(await bare.post("/sign-in/recovery", code=member.codes[0]))
        )
        ways["code without a password"] = _came(
            given_by(await bare.post("/sign-in/totp", code=member.code(crew.now_us)))
        )
    async with Asking(application, "") as ask:
        basic = await ask("GET", "/v1/packs", authorization=f"Bearer {member.password}")
        ways["password at the API"] = "in" if basic.status_code == _IN else "no"
    ways["another's code"] = _way(await refused(crew.entrance.totp(DOOR, handle, other.code(crew.now_us), "", "check")))
    ways["a new password before the factor"] = _way(
        await refused(crew.entrance.new_password(DOOR, handle, crew.password(), "", "check"))
    )
    ways["sessions opened"] = "in" if house.sessions.of_account(member.id, crew.now_us) else "no"
    ways |= await _by_company(crew, member)
    ways |= await _by_reset(crew, member, other)
    return len(pages), ways


def _filled(path: str) -> str:
    for name, value in (("{id}", "x"), ("{key}", "user"), ("{value:path}", "x"), ("{version}", "x@000000000000")):
        path = path.replace(name, value)
    return path


def _came(given: Iterable[str]) -> str:
    """Whether cookies that an answer gives open a session."""
    opens = any(each.startswith(f"{SESSION}=") and not each.startswith(f'{SESSION}=""') for each in given)
    return "in" if opens else "no"


def _way(why: str) -> str:
    return "no" if why else "in"


async def _by_company(crew: Crew, member: Member) -> dict[str, str]:
    """The company vouches for one factor alone."""
    settings = OidcSettings("https://id.example.com", "jindi", "")
    said = Identity(f"{settings.issuer}\ncheck", member.account.login, member.account.name, (), has_mfa=False)
    _, invited = crew.house.staff.invite("check-invited", "Check Invited", frozenset({Role.ANALYST}), crew.now_us)
    other = Identity(f"{settings.issuer}\nother", invited.login, invited.name, (), has_mfa=False)
    try:
        # The handle of a half-done sign-in is no way in.
        by_account = "no" if isinstance(await crew.entrance.company(DOOR, settings, said, ""), str) else "in"
    except Refused:
        by_account = "no"
    return {
        "company without a factor": by_account,
        "company, invited": _way(await refused(crew.entrance.company(DOOR, settings, other, ""))),
    }


async def _by_reset(crew: Crew, member: Member, other: Member) -> dict[str, str]:
    """After a reset, and by its link without a factor."""
    who = crew.house.actor(member.account, DOOR)
    token, _ = await crew.office.reset(who, other.id)
    hash_ = await crew.house.fitting(crew.password(), other.account)
    try:
        crew.house.staff.accept(token, hash_, Factor(), crew.now_us)
        by_link = "in"
    except ValueError:
        by_link = "no"
    return {
        "reset link without a factor": by_link,
        "old password after a reset": _way(await refused(crew.first(other))),
    }


# ---- what strangers learn


@check(
    "unknown_alike",
    "对存在、不存在、停用、未启用、已锁定的账户各试一次：状态、页面、标头与散列计算的次数完全相同",
    "Accounts that exist, don't, are disabled, invited, locked: status, page, headers and work of hashing are the same",
)
def unknown_alike(ground: Ground, _: Asked) -> Evidence:
    """C22. ASVS 5.0 6.3.8. Work is counted; times are shown and not judged: the machine is busy."""
    with ground.scratch() as scratch:
        answers, works, times_ms = staffed(scratch, _asked_alike)
    evidence: Evidence = {
        "accounts": list(answers), "answers": len(set(answers.values())), "hashed": works,
        "median_ms": {name: round(statistics.median(each), 1) for name, each in times_ms.items()},
    }  # fmt: skip
    if len(set(answers.values())) != 1:
        raise failed("答复随账户而不同", "the answer tells whether there is such an account", **evidence)
    if len(set(works.values())) != 1 or 0 in works.values():
        raise failed("工作量随账户而不同", "the work tells whether there is such an account", **evidence)
    return evidence


async def _asked_alike(crew: Crew) -> tuple[dict[str, str], dict[str, int], dict[str, list[float]]]:
    house = crew.house
    keeper = await crew.member("check-sec", "Check Keeper", Role.SECURITY_ADMIN)
    member = await crew.member("check-known", "Check Known", Role.ANALYST)
    gone = await crew.member("check-gone", "Check Gone", Role.ANALYST)
    locked = await crew.member("check-locked", "Check Locked", Role.ANALYST)
    await crew.office.disable(house.actor(keeper.account, DOOR), gone.id)
    house.staff.invite("check-invited", "Check Invited", frozenset({Role.ANALYST}), crew.now_us)
    for _ in range(house.profile.tries):
        await refused(crew.first(locked, password="no"))  # noqa: S106 - a guess
    application, _ = crew.scratch.doors(crew.platform, house=house)
    answers, works, times_ms = dict[str, str](), dict[str, int](), dict[str, list[float]]()
    logins = {"known": member.account.login, "unknown": "check-nobody", "disabled": gone.account.login,
              "invited": "check-invited", "locked": locked.account.login}  # fmt: skip
    async with Browser(application) as browser:
        for _ in range(3):
            for name, login in logins.items():
                worked, began = house.hasher.worked, time.perf_counter()
                answer = await browser.post("/sign-in/password", login=login, password="no")  # noqa: S106 - a guess
                times_ms.setdefault(name, []).append((time.perf_counter() - began) * 1_000)
                works[name] = house.hasher.worked - worked
                headers = sorted((key, value) for key, value in answer.headers.items() if key != "x-request-id")
                answers[name] = json.dumps([answer.status_code, headers, answer.text.replace(login, "")])
    return answers, works, times_ms


# ---- sessions


@check(
    "sessions_end",
    "会话标识每次登录都是新的且足够长；闲置与绝对时限一到即止，时限不超过规定；停用、改密、退出后即失效",
    "A session's id is long and new at each sign-in; it ends when idle, when old, and with the account; within limits",
    idle_minutes_max=30,
    hours_max=12,
)
def sessions_end(ground: Ground, asked: Asked) -> Evidence:
    """C23. ASVS 5.0 7.2.3, 7.2.4, 7.3.1, 7.3.2, 7.4.1, 7.4.2; PCI DSS 4.0.1 8.2.8 (15 minutes in the profile `pci`)."""
    with ground.scratch() as scratch:
        found = staffed(scratch, _sessions)
    idle_max = min(asked.whole("idle_minutes_max"), 15 if found["profile"] in ("pci", "mlps3") else 1_440)
    wrong = [name for name in ("after idling", "after all hours", "signed out", "planted", "old id") if found[name]]
    if found["bits"] < _BITS_MIN or not found["new_each_time"]:
        raise failed("会话标识过短或被沿用", "a session's id is too short, or is used again", **found)
    if wrong:
        raise failed(f"会话没有终止：{', '.join(wrong)}", f"a session goes on: {', '.join(wrong)}", **found)
    if found["idle_minutes"] > idle_max or found["hours"] > asked.whole("hours_max"):
        raise failed("会话时限长于规定", "sessions may be longer than is allowed", **found)
    if not (found["before idling"] and found["while in use"]):
        raise could_not_run("会话一打开就失效，无从对照", "a session ends as soon as it is opened", **found)
    return found


_BITS_MIN: Final = 128


async def _sessions(crew: Crew) -> Evidence:
    house, profile = crew.house, crew.house.profile
    keeper = await crew.member("check-sec", "Check Keeper", Role.SECURITY_ADMIN)
    read: Callable[[str], Session | None] = lambda clear: house.sessions.read(clear, crew.now_us)  # noqa: E731
    ids = [(await crew.enter(keeper)).opened.clear_id for _ in range(3)]
    application, _ = crew.scratch.doors(crew.platform, house=house)
    found: Evidence = {
        "profile": profile.name, "idle_minutes": profile.idle_us // MINUTE_US, "hours": profile.absolute_us // HOUR_US,
        # Letters, digits and two signs: six bits each.
        "bits": min(map(len, ids)) * 6, "new_each_time": len(set(ids)) == len(ids),
    }  # fmt: skip
    planted = "planted-by-somebody-else-before-the-sign-in"
    async with Browser(application, **{SESSION: planted}) as browser:
        await browser.post("/sign-in/password", login=keeper.account.login, password=keeper.password)
        answer = await browser.post("/sign-in/totp", code=keeper.code(crew.now_us))
    crew.later(PERIOD_US)
    given = [each for each in given_by(answer) if each.startswith(f"{SESSION}=")]
    found["planted"] = read(planted) is not None or not given or planted in given[0]
    busy, idle = ids[0], ids[1]
    crew.later(profile.idle_us - 4 * MINUTE_US)
    found["before idling"] = read(busy) is not None
    crew.later(4 * MINUTE_US)
    found["after idling"], found["while in use"] = read(idle) is not None, read(busy) is not None
    spent = profile.idle_us
    while spent < profile.absolute_us:
        crew.later(profile.idle_us - MINUTE_US)
        spent += profile.idle_us - MINUTE_US
        read(busy)
    found["after all hours"] = read(busy) is not None
    opened = (await crew.enter(keeper)).opened
    turned = await crew.entrance.again(DOOR, opened.session, opened.clear_id, keeper.code(crew.now_us))
    found["old id"] = read(opened.clear_id) is not None
    house.sessions.close(turned.clear_id)
    found["signed out"] = read(turned.clear_id) is not None
    return found


# ---- the company's sign-in


@check(
    "tokens_checked",
    "伪造企业登录令牌：无签名、以公钥作密钥、别的密钥、过期、未来、别的受众与签发者、旧随机数、别的类型：全部被拒",
    "Sign-in tokens forged: unsigned, keyed by the public key, another's, expired, for others, of another type",
)
def tokens_checked(ground: Ground, _: Asked) -> Evidence:
    """C25. ASVS 5.0 9.1.1-9.1.3, 9.2.1-9.2.4, 11.2.3. What the setting rsa_2048 opens is permitted, and shown."""
    opened = "sign_in" in [each.strip() for each in ground.settings.get("rsa_2048", "").split(",")]
    bits_min = RSA_BITS_OPENED if opened else RSA_BITS_MIN
    key, other = RSAKey.generate_key(bits_min, {"kid": "k1"}), RSAKey.generate_key(bits_min, {"kid": "k1"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is too short is the point
        short = RSAKey.generate_key(bits_min - 1_024, {"kid": "k2"})
    now_s = ground.clock.now_us() // SECOND_US
    settings = OidcSettings("https://id.example.com", "jindi", "", rsa_bits_min=bits_min)
    claims: dict[str, Any] = {
        "iss": settings.issuer, "aud": settings.client_id, "sub": "42", "iat": now_s, "exp": now_s + 300,
        "nonce": "n-check", "preferred_username": "check",
    }  # fmt: skip
    keys = {"keys": [key.as_dict(private=False), short.as_dict(private=False)]}
    header = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    forged: Mapping[str, str] = {
        "unsigned": _unsigned(claims),
        "keyed by the public key": _keyed(claims, key.as_pem(private=False)),
        "signed with a short key": jwt.encode({**header, "kid": "k2"}, claims, short),
        "signed by another": jwt.encode(header, claims, other),
        "another algorithm": jwt.encode({**header, "alg": "RS512"}, claims, key, algorithms=["RS512"]),
        "of another type": jwt.encode({**header, "typ": "at+jwt"}, claims, key),
        "cut": jwt.encode(header, claims, key)[:-8],
        **{name: jwt.encode(header, {**claims, **changed}, key) for name, changed in _changes(now_s).items()},
        **{f"without {name}": jwt.encode(header, {k: v for k, v in claims.items() if k != name}, key)
           for name in ("iss", "aud", "exp", "iat", "nonce", "sub", "preferred_username")},
    }  # fmt: skip
    judged = {name: _judged(settings, token, keys, now_s) for name, token in forged.items()}
    right = _judged(settings, jwt.encode(header, claims, key), keys, now_s)
    evidence: Evidence = {
        "rsa_bits_min": bits_min, "opened_by_setting": "rsa_2048 = sign_in" if opened else None, "honest": right,
        "forged": judged,
    }  # fmt: skip
    if right != "believed":
        raise could_not_run("真令牌也不被接受，无从对照", "an honest token is not believed", **evidence)
    believed = sorted(name for name, word in judged.items() if word == "believed")
    if believed:
        raise failed(
            f"伪造的令牌被接受：{', '.join(believed)}", f"forged tokens are believed: {', '.join(believed)}", **evidence
        )
    return evidence


def _changes(now_s: int) -> dict[str, dict[str, Any]]:
    return {
        "expired": {"exp": now_s - 3_600},
        "old": {"iat": now_s - 7_200, "exp": now_s + 7_200},
        "of tomorrow": {"iat": now_s + 86_400, "exp": now_s + 90_000},
        "for another audience": {"aud": "another"},
        "for several, by another": {"aud": ["jindi", "another"], "azp": "another"},
        "of another issuer": {"iss": "https://evil.example.com"},
        "with another nonce": {"nonce": "n-before"},
    }


def _judged(settings: OidcSettings, token: str, keys: object, now_s: int) -> str:
    try:
        identity(settings, token, keys, "n-check", now_s)
    except OidcRefused as refusal:
        return refusal.why
    return "believed"


def _unsigned(claims: Mapping[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _keyed(claims: Mapping[str, Any], public: bytes) -> str:
    """The oldest trick: the public key, which everybody has, as the secret of an HMAC."""
    said = f"{_part({'alg': 'HS256', 'kid': 'k1', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{said}.{_encoded(hmac.digest(public, said.encode(), 'sha256'))}"


def _part(document: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(document).encode())


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
