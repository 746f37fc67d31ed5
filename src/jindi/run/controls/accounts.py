"""Checks of accounts as they lie in the folder, and of the passwords that this platform takes."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError

from jindi.access import PasswordProfile, Role, Staff, StaffAccount, State, clashes, folded
from jindi.access.chinese import FREQUENT
from jindi.access.passwords import FLOOR
from jindi.access.roles import SEPARATED
from jindi.basics.instants import DAY_US
from jindi.run.controls.crews import Crew, refused, staffed
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check

# ---- who there is


@check(
    "administrators_apart",
    "逐一查看在用账户：系统、安全、审计三类管理员互不兼任，同名的两个账户也算一人；要求兼任的邀请与授权被拒绝",
    "Every account looked at: no two administrations in one person, nor in two accounts of one name; asking is refused",
)
def administrators_apart(ground: Ground, _: Asked) -> Evidence:
    """C14. GB/T 22239-2019 8.1.4.2 (三权分立)."""
    accounts = _in_force(ground.staff())
    wrong = [f"{each.id}: {one} + {other}" for each in accounts for one, other in clashes(each.roles)]
    held: dict[str, set[Role]] = {}
    for each in accounts:
        held.setdefault(folded(each.name), set()).update(each.roles & SEPARATED)
    wrong += [f"one name: {' + '.join(sorted(roles))}" for roles in held.values() if len(roles) > 1]
    holders = Counter(str(role) for each in accounts for role in each.roles if role in SEPARATED)
    with ground.scratch() as scratch:
        taken = staffed(scratch, _asked_for_both)
    evidence: Evidence = {
        "accounts": len(accounts), "administrators": dict(holders), "wrong": wrong, "clashes_taken": taken,
    }  # fmt: skip
    if wrong or taken:
        raise failed("有人兼任两类管理，或兼任的请求没有被拒绝", "two administrations meet in one person", **evidence)
    return evidence


async def _asked_for_both(crew: Crew) -> list[str]:
    """Pairs of administrations that somebody could be given."""
    taken, pairs = [], [(one, other) for one in SEPARATED for other in SEPARATED if one < other]
    for number, (one, other) in enumerate(sorted(pairs)):
        member = await crew.member(f"check{number}", f"Check {number}", one)
        for what, give in (
            (
                "invite",
                lambda both, n=number: crew.house.staff.invite(f"check-both{n}", f"Check Both {n}", both, crew.now_us),
            ),
            ("grant", lambda both, id_=member.id: crew.house.staff.grant(id_, both)),
        ):
            try:
                give(frozenset({one, other}))
                taken.append(f"{what}: {one} + {other}")
            except ValueError:
                pass
    return taken


def _in_force(staff: Staff) -> list[StaffAccount]:
    """The accounts by which people come in, or soon will. Raises CouldNotRun when nobody has one."""
    accounts = [each for each in staff.all() if each.state is not State.DISABLED]
    if not any(each.is_active for each in accounts):
        raise could_not_run(
            "还没有在用的员工账户，权限都在启动者一人手中（jindi staff invite）",
            "nobody has an account, so whoever starts the platform holds all rights (jindi staff invite)",
        )
    return accounts


GENERIC: Final = frozenset({
    "admin", "administrator", "root", "operator", "guest", "test", "user", "default", "system", "sysadmin", "secadmin",
    "auditadmin", "audit", "security", "support", "service", "shared", "team", "office", "ops", "jindi", "demo",
})  # fmt: skip
"""Logins of nobody in particular. Design default."""


@check(
    "idle_accounts",
    "逐一查看在用账户：没有超过期限未用的，没有默认或共用的账户，启动密钥不与账户并存；久未使用者登录时即被停用",
    "Every account looked at: none idle beyond the limit, none default or shared; one left idle ends at the door",
    days_max=90,
)
def idle_accounts(ground: Ground, asked: Asked) -> Evidence:
    """C26. PCI DSS 4.0.1 8.2.6; GB/T 22239-2019 8.1.4.2 c, d; ASVS 5.0 13.2.1."""
    now_us, days = ground.clock.now_us(), asked.whole("days_max")
    accounts = _in_force(ground.staff())
    idle = [
        each.id for each in accounts
        if each.is_active and now_us - (each.created_us if each.used_us is None else each.used_us) >= days * DAY_US
    ]  # fmt: skip
    default = [each.id for each in accounts if _bare(each.login) in GENERIC or _bare(each.name) in GENERIC]
    names = Counter(folded(each.name) for each in accounts)
    credentials = Counter(key.id for each in accounts for key in each.passkeys)
    live = [each for each in ground.keys().all() if each.is_live(now_us)]
    keys = [each.id for each in live if each.name == "start"]
    endless = [each.id for each in live if each.expires_us is None]
    with ground.scratch() as scratch:
        lapsed = staffed(scratch, lambda crew: _left_idle(crew, days))
    evidence: Evidence = {
        "accounts": len(accounts), "active": sum(each.is_active for each in accounts), "idle": idle,
        "default": default, "of_one_name": sum(count > 1 for count in names.values()),
        "passkeys_shared": sum(count > 1 for count in credentials.values()), "start_keys": keys,
        "keys_without_end": endless, "left_idle": lapsed,
    }  # fmt: skip
    if idle or lapsed != ["sign_in.refused", "disabled"]:
        raise failed(f"有账户超过 {days} 天未用仍可登录", f"an account was idle for {days} days and opens", **evidence)
    if default or evidence["of_one_name"] or evidence["passkeys_shared"]:
        raise failed("有默认或共用的账户", "an account is a default one, or shared", **evidence)
    if keys:
        raise failed(
            "已有员工账户，启动时的密钥仍有效：请吊销（jindi keys revoke）",
            "there are accounts, and a key of a start is still live: revoke it (jindi keys revoke)", **evidence,
        )  # fmt: skip
    if endless:
        raise failed(
            "有接口密钥没有到期日：请在“接口密钥”页轮换（两人），或吊销后新建",
            "an API key has no end: rotate it on the page of API keys (two people), or revoke it and make another",
            **evidence,
        )
    return evidence


def _bare(name: str) -> str:
    """A login or name without what is added to make it another one."""
    return folded(name).partition("@")[0].strip("0123456789-_. ")


async def _left_idle(crew: Crew, days: int) -> list[str]:
    """What becomes of somebody who comes back after so many days, and of his account."""
    await crew.member("check-sec", "Check Keeper", Role.SECURITY_ADMIN)
    left = await crew.member("check-left", "Check Left", Role.ANALYST)
    crew.later(days * DAY_US)
    why = await refused(crew.first(left))
    found = crew.house.staff.get(left.id)
    return [why or "in", str(found.state) if found is not None else "gone"]


# ---- passwords

_FLOORS: Final = {"nist": (8, 1, False, 0), "pci": (12, 1, True, 4), "mlps3": (8, 3, False, 4)}
"""What each profile must ask for at the least: length, kinds of characters, letter and digit, passwords remembered.

NIST SP 800-63B-4 (beside a second factor); PCI DSS 4.0.1 8.3.6, 8.3.7; GB/T 22239-2019 8.1.4.1 as reviews take it.
"""


@check(
    "password_rules",
    "以试验口令逐条核对所选档案：过短、缺种类、用过的被拒；长口令与汉字口令整体计入，一个字符都不截断",
    "The rules of the profile tried one by one; long and Chinese passwords count whole, not one character is cut",
)
def password_rules(ground: Ground, _: Asked) -> Evidence:
    """C16. ASVS 5.0 6.2.1-6.2.10; NIST SP 800-63B-4; PCI DSS 4.0.1 8.3.6, 8.3.7."""
    with ground.scratch() as scratch:
        profile, wrong, tried = staffed(scratch, _rules)
    floor = _FLOORS[profile.name]
    given = (profile.length_min, profile.kinds, profile.letter_and_digit, profile.history)
    weaker = [name for name, has, least in zip(_RULES, given, floor, strict=True) if has < least]
    evidence: Evidence = {
        "profile": profile.name, "tried": tried, "wrong": wrong, "weaker_than_the_standard": weaker,
        "length_min": profile.length_min, "mark": profile.mark,
    }  # fmt: skip
    if wrong or weaker:
        raise failed("口令规则不符合所选档案", "passwords are not held to the profile", **evidence)
    return evidence


_RULES: Final = ("length_min", "kinds", "letter_and_digit", "history")


async def _rules(crew: Crew) -> tuple[PasswordProfile, list[str], int]:
    house, profile, wrong = crew.house, crew.house.profile, []
    least, kinds, both, history = _FLOORS[profile.name]
    member = await crew.member("check", "Check One", Role.SECURITY_ADMIN)
    drawn = house.random(64).hex()
    refusing = {"too short": f"{drawn[: least - 4]}-Q7"[: least - 1], "nothing": "", "a control sign": f"{drawn}\x07"}
    if kinds > 1:
        refusing["of one kind"] = drawn.translate(_LETTERS)
    if both:
        refusing["without a digit"] = drawn.translate(_LETTERS)
    taking = {"of 64 signs": f"{drawn[:60]}-Kq7", "of 128 signs": f"{drawn}"[:124] + "-Kq7",
              "in Chinese": f"{_hanzi(house.random(12))}-Kq7",
              "with blanks": f"{drawn[:6]} {drawn[6:12]} Kq-7"}  # fmt: skip
    for name, password in refusing.items():
        if not await refused(house.fitting(password, member.account)):
            wrong.append(f"taken: {name}")
    for name, password in taking.items():
        if await refused(house.fitting(password, member.account)):
            wrong.append(f"refused: {name}")
            continue
        kept = await house.beside(house.hasher.hash, password)
        cut = [password[:-1], password + "x", password[:72]]
        if not await house.beside(house.hasher.fits, kept, password):
            wrong.append(f"not its own: {name}")
        wrong += [f"cut: {name}" for each in cut if each != password and await house.beside(
            house.hasher.fits, kept, each)]  # fmt: skip
    if history:
        again = house.fitting(member.password, member.account, house.staff.hashes_before(member.id))
        if not await refused(again):
            wrong.append("taken: the same again")
    return profile, sorted(set(wrong)), len(refusing) + len(taking) + bool(history)


_LETTERS: Final = str.maketrans("0123456789", "ghijkmnpqr")


def _hanzi(drawn: bytes) -> str:
    """A text of Chinese characters, as chance has it."""
    return "".join(chr(0x4E00 + 80 * each) for each in drawn)


@check(
    "password_hashes",
    "查看真实账户的每个口令散列：都是 Argon2id 且代价不低于下限；旧散列在登录时升级",
    "The hash of every real password looked at: Argon2id at no less than the floor's cost; an old one is renewed",
)
def password_hashes(ground: Ground, _: Asked) -> Evidence:
    """C17. ASVS 5.0 11.4.2; the floor is OWASP's first choice for Argon2id."""
    staff, costs, weak = ground.staff(), Counter[str](), []
    for account in staff.all():
        hashes = {staff.hash_of(account.id) or "", *staff.hashes_before(account.id)} - {""}
        for kept in hashes:
            cost = _cost(kept)
            costs[cost or "no Argon2id"] += 1
            if cost is None or not _is_enough(kept):
                weak.append(account.id)
    with ground.scratch() as scratch:
        renewed, right = staffed(scratch, _old_hash)
    evidence: Evidence = {
        "hashes": costs.total(), "costs": dict(costs), "weak": sorted(set(weak)), "renewed_at_sign_in": renewed,
        "floor": f"m={FLOOR.memory_kib},t={FLOOR.passes},p={FLOOR.lanes}",
    }  # fmt: skip
    if weak:
        raise failed("有口令散列的代价低于下限", "a password is hashed with less than the floor", **evidence)
    if not renewed or not right:
        raise failed("旧散列没有在登录时升级", "an old hash is not renewed at sign-in", **evidence)
    return evidence


def _cost(kept: str) -> str | None:
    """The cost of a hash in words; None for what is no Argon2id."""
    try:
        found = extract_parameters(kept)
    except InvalidHashError:
        return None
    return f"m={found.memory_cost},t={found.time_cost},p={found.parallelism}" if found.type is Type.ID else None


def _is_enough(kept: str) -> bool:
    found = extract_parameters(kept)
    return (
        found.memory_cost >= FLOOR.memory_kib and found.time_cost >= FLOOR.passes and found.salt_len >= 16
        and found.hash_len >= 16
    )  # fmt: skip


async def _old_hash(crew: Crew) -> tuple[bool, bool]:
    """(whether a hash of less cost is renewed when its owner signs in, whether he still comes in)."""
    member = await crew.member("check", "Check One", Role.SECURITY_ADMIN)
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(member.password)
    crew.house.staff.rehashed(member.id, old)
    if crew.house.staff.hash_of(member.id) != old:
        raise could_not_run("旧散列放不进去，无从对照", "no old hash can be put in its place")
    await crew.enter(member)
    kept = crew.house.staff.hash_of(member.id) or ""
    fits = await crew.house.beside(crew.house.hasher.fits, kept, member.password)
    return kept != old and _cost(kept) is not None and _is_enough(kept), fits


@check(
    "weak_passwords_refused",
    "以最常见的口令（英文表与中文表）、本人与单位的名字、已泄露的口令逐一试设：全部被拒；随机口令可用",
    "The commonest passwords (an English and a Chinese list), the person's and the house's names, leaked ones: refused",
    each=150,
)
def weak_passwords_refused(ground: Ground, asked: Asked) -> Evidence:
    """C18. ASVS 5.0 6.2.4 (3000 of the commonest), 6.2.11, 6.2.12. A sample, as scoring takes milliseconds each."""
    with ground.scratch() as scratch:
        taken, tried, good = staffed(scratch, lambda crew: _weak(crew, asked.whole("each")))
    evidence: Evidence = {"tried": tried, "taken": {name: len(each) for name, each in taken.items()}, "good": good}
    if not good:
        raise could_not_run("连随机口令也被拒绝，无从对照", "a password by chance is refused, too", **evidence)
    if any(taken.values()):
        kinds = ", ".join(sorted(name for name, each in taken.items() if each))
        raise failed(f"弱口令被接受：{kinds}", f"weak passwords are taken: {kinds}", **evidence)
    return evidence


async def _weak(crew: Crew, each: int) -> tuple[dict[str, list[int]], dict[str, int], bool]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # noqa: PLC0415 - a tenth of a second

    house = crew.house
    member = await crew.member("zhangweiming", "Zhang Weiming", Role.SECURITY_ADMIN)
    least = house.profile.length_min
    lists: dict[str, list[str]] = {
        "common": _spread(FREQUENCY_LISTS["passwords"], each, least),
        "Chinese": _spread(FREQUENT, each, least),
        "the person's": [f"{name}{tail}" for name in ("zhangweiming", "Zhangweiming", "weimingzhang", "Zhang Weiming")
                         for tail in ("", "1", "123", "2024", "@2025", "1990!")],
        "the house's": [f"{word}{tail}" for word in house.words for tail in ("", "123", "2025", "@123")],
    }  # fmt: skip
    taken: dict[str, list[int]] = {}
    for name, passwords in lists.items():
        taken[name] = [
            place for place, password in enumerate(passwords)
            if not await refused(house.fitting(password, member.account))
        ]  # fmt: skip
    good = not await refused(house.fitting(crew.password(), member.account))
    return taken, {name: len(passwords) for name, passwords in lists.items()}, good


def _spread(ranked: Iterable[str], count: int, least: int) -> list[str]:
    """So many of a list, evenly over its first part, each made long enough by saying it again: what people do."""
    first = list(ranked)[:3_000]
    step = max(1, len(first) // count)
    return [each * -(-least // len(each)) for each in first[::step][:count] if each]
