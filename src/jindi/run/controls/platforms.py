"""Checks of a whole platform: a small one of the packs in force is made in a temporary place, used, and searched."""

import asyncio
import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from jindi.access import Scope
from jindi.basics.instants import DAY_US, day_of
from jindi.engine import check_cases
from jindi.packs import Outcome
from jindi.ports import Frame, Log, LogFailure
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.backup.making import make
from jindi.run.backup.sealing import BackupKey
from jindi.run.controls.ground import Evidence, Ground, Scratch, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import (
    CANARIES,
    SENSITIVE,
    Asking,
    canary_needles,
    events_of,
    found_in,
    lived,
    needles,
    tell,
    tell_all,
)
from jindi.run.intake import Refused
from jindi.run.platform import Platform, compiled
from jindi.run.trail import Wanted

ROUNDS: Final = 3
CHECKER: Final = Actor("check", "check", "cli", "loopback")
_NESTED: Final = 20_000


# ---- canaries


@check(
    "no_clear_text",
    "用金丝雀标识符跑一个完整的小平台（事件、快照、归档、备份、拒绝的答复），再搜遍它写下的每个文件与每句日志",
    "A small platform is run with canary identifiers, snapshot, archive and backup, and all that it wrote is searched",
)
def no_clear_text(ground: Ground, _: Asked) -> Evidence:
    """C01. GB/T 22239 8.1.4.8; ASVS 5.0 14.2.4; PCI DSS 3.5.1."""
    with ground.scratch() as scratch:
        said: list[str] = []
        decided = lived(scratch, lambda platform: _full_run(platform, scratch, said))
        back_up(scratch)
        planted = scratch.folder / "planted-for-the-check"
        planted.write_bytes(b"\0" + CANARIES["phone"].encode("utf-16-le") + b"\0")
        found, files, size = search(scratch.folder, canary_needles())
        found_planted = found.pop(planted.name, None)
        told = {kind for line in (*scratch.told, *said) for kind in found_in(line.encode(), canary_needles())}
    evidence: Evidence = {
        "events": decided, "canaries": len(CANARIES), "files": files, "bytes": size, "lines": len(scratch.told),
        "answers": len(said), "planted_found": found_planted is not None, "hits": found, "hits_in_words": sorted(told),
    }  # fmt: skip
    if found_planted is None:
        raise could_not_run(
            "搜索找不到为它预置的金丝雀", "the search does not find the canary planted for it", **evidence
        )
    if found or told:
        raise failed("有明文标识符落在保险库之外", "clear text of identifiers stands outside the vault", **evidence)
    return evidence


async def _full_run(platform: Platform, scratch: Scratch, said: list[str]) -> int:
    now_us = scratch.clock.now_us()
    definitions = platform.program.definitions
    decided = await tell_all(platform, scratch, events_of(definitions, now_us, ROUNDS))
    for document in events_of(definitions, now_us):
        # What is refused must not repeat what it was given: not in the answer, not in any file.
        bent: Mapping[str, Any] = {**document, "id": "check-bent", "unknown_field": CANARIES["phone"]}
        with suppress(Refused):
            await tell(platform, scratch, bent)
        try:
            await tell(platform, scratch, {**document, "at": CANARIES["email"]})
        except Refused as refusal:
            said += [str(each) for each in refusal.problems]
    said.append(repr(platform.measures))
    if platform._keeper is not None:  # noqa: SLF001 - the follower's next round is minutes away
        await asyncio.to_thread(platform._keeper.round, platform.archive)  # noqa: SLF001
    await platform.snapshot()
    return decided


def back_up(scratch: Scratch) -> BackupKey:
    """Make a backup of a scratch platform that has ended; the key that opens it."""
    key = BackupKey.new(str(scratch.signer().verifier))
    repository = scratch.backups()
    try:
        make(repository, scratch.source(), key.recipient, scratch.signer(), scratch.blobs(), scratch.clock)
    finally:
        repository.close()
    return key


def search(folder: Path, sought: Mapping[str, tuple[bytes, ...]]) -> tuple[dict[str, list[str]], int, int]:
    """(kinds found in each file, files, bytes) of a folder: what lies there as it is, and what a Parquet file or a
    database holds when it is opened, as compression hides it.
    """
    found: dict[str, list[str]] = {}
    files = size = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        files, size = files + 1, size + len(data)
        kinds = set(found_in(data, sought)) | set(found_in(path.name.encode(), sought))
        for text in _opened(path, data):
            kinds |= set(found_in(text, sought))
        if kinds:
            found[path.relative_to(folder).as_posix()] = sorted(kinds)
    return found, files, size


def _opened(path: Path, data: bytes) -> Iterator[bytes]:
    if data[:4] == b"PAR1":
        import pyarrow.parquet as pq  # noqa: PLC0415 - only where there is one

        table = pq.read_table(io.BytesIO(data))
        yield json.dumps(table.to_pylist(), default=str, ensure_ascii=False).encode()
        yield repr(table.schema.metadata).encode()
    elif data[:16] == b"SQLite format 3\0":
        base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            for (name,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in base.execute(f'select * from "{name}"'):  # noqa: S608 - a table's own name
                    yield b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
        finally:
            base.close()


@check(
    "refused_at_the_door",
    "卡片验证码、密码、磁道等鉴别信息在入口即被拒绝，任何文件中都找不到",
    "Card codes, PINs, tracks and passwords are refused at the door, and stand in no file afterwards",
)
def refused_at_the_door(ground: Ground, _: Asked) -> Evidence:
    """PCI DSS 3.3; 非银行支付机构监督管理条例 art. 26; JR/T 0171 C3."""
    kept_classes = [
        f"{event.name}.{field.name}" for event in ground.definitions.events.values() for field in event.fields
        if field.data_class == "C3"
    ]  # fmt: skip
    with ground.scratch() as scratch:
        outcome: dict[str, str] = {}

        async def sent(platform: Platform) -> None:
            for document in events_of(platform.program.definitions, scratch.clock.now_us()):
                for name, value in SENSITIVE.items():
                    try:
                        await tell(platform, scratch, {**document, "id": f"check-{name}", name: value})
                        outcome[f"{document['type']}.{name}"] = "taken"
                    except Refused as refusal:
                        repeats = any(value in str(each) for each in refusal.problems)
                        outcome[f"{document['type']}.{name}"] = "repeated" if repeats else "refused"
            await platform.snapshot()

        lived(scratch, sent)
        found, files, _size = search(scratch.folder, {"sensitive": needles(SENSITIVE.values())})
    wrong = sorted(name for name, what in outcome.items() if what != "refused")
    evidence: Evidence = {
        "tried": len(outcome), "not_refused": wrong, "files": files, "hits": found, "kept_as_c3": kept_classes,
    }  # fmt: skip
    if not outcome:
        raise could_not_run("行业包中没有带标识符的事件", "no event type of the packs has an identifier")
    if wrong or found or kept_classes:
        raise failed("不得留存的鉴别信息未被拒绝", "what may never be stored was not refused", **evidence)
    return evidence


@check(
    "field_classes",
    "每个事件的每个字段都有数据分级；个人标识符都变为令牌",
    "Every field of every event has a data class, and what points at a person becomes a token",
)
def field_classes(ground: Ground, _: Asked) -> Evidence:
    """C10, its part about classes. ASVS 5.0 14.1.1; JR/T 0171-2020."""
    classes: dict[str, int] = {}
    wrong = []
    for event in ground.definitions.events.values():
        for field in event.fields:
            classes[field.data_class] = classes.get(field.data_class, 0) + 1
            name = f"{event.name}.{field.name}"
            if field.data_class not in ("public", "C1", "C2"):
                wrong.append(f"{name}: {field.data_class or 'no class'}")
            elif field.identifier in _OF_PEOPLE and field.data_class != "C2":
                wrong.append(f"{name}: {field.identifier} in {field.data_class}")
            elif field.identifier is not None and field.type.kind.value != "token":
                wrong.append(f"{name}: not a token")
    evidence: Evidence = {"fields": sum(classes.values()), "classes": classes, "wrong": wrong}
    if wrong:
        raise failed("有字段未分级或分级过低", "fields without a class, or with too low a one", **evidence)
    if not classes:
        raise could_not_run("没有任何事件字段", "there is no field at all")
    return evidence


_OF_PEOPLE: Final = frozenset({"phone", "id_card", "bank_card", "email", "name", "address", "account"})


# ---- the audit


class _Dead:
    """A journal whose disk dies when it is told to."""

    def __init__(self, log: Log) -> None:
        self._log, self.is_dead = log, False

    def append(self, batch: bytes, first: int, count: int) -> None:
        """As the log, until it is dead."""
        if self.is_dead:
            raise LogFailure("the disk is gone")
        self._log.append(batch, first, count)

    def read(self, first: int = 0) -> Iterator[Frame]:
        """As the log."""
        return self._log.read(first)

    def next_seq(self) -> int:
        """As the log."""
        return self._log.next_seq()

    def notes(self) -> tuple[str, ...]:
        """As the log."""
        return self._log.notes()

    def close(self) -> None:
        """As the log."""
        self._log.close()


@check(
    "audit_fails_closed",
    "让审计写不进去：接口与控制台的每个操作都被拒绝，不会先做后记；恢复之前一条事件也不放行",
    "With the audit's disk gone every action is refused at the doors, and no event is decided",
)
def audit_fails_closed(ground: Ground, _: Asked) -> Evidence:
    """C27. PCI DSS 10.2.1; GB/T 22239 8.1.4.3."""
    with ground.scratch() as scratch:
        dead: list[_Dead] = []

        def open_log() -> Log:
            dead.append(_Dead(scratch.log()))
            dead[-1].is_dead = len(dead) > 1  # the disk stays away when the lane tries again
            return dead[-1]

        platform = scratch.platform(open_log)

        async def killed(platform: Platform) -> tuple[dict[str, int], dict[str, int], str, int]:
            application, key = scratch.doors(platform, *Scope)
            async with Asking(application, key) as ask:
                before = {path: (await ask(method, path)).status_code for method, path in _ACTIONS}
                recorded = len((await Audit(platform).look(Wanted())).doings)
                dead[-1].is_dead = True
                direct = ""
                try:
                    await Audit(platform).act(CHECKER, "control.run")
                    direct = "done"
                except NotRecorded:
                    direct = "refused"
                after = {path: (await ask(method, path)).status_code for method, path in _ACTIONS}
                document = next(events_of(platform.program.definitions, scratch.clock.now_us()), None)
                event = await ask("POST", "/v1/events", json.dumps(document).encode()) if document is not None else None
            return before, after | ({} if event is None else {"/v1/events": event.status_code}), direct, recorded

        before, after, direct, recorded = lived(scratch, killed, platform)
    evidence: Evidence = {"with_audit": before, "without_audit": after, "act": direct, "recorded_before": recorded}
    if not any(status < 400 for status in before.values()) or recorded < len(_ACTIONS):
        raise could_not_run("审计正常时操作就不成功", "the actions do not go well while the audit is there", **evidence)
    if direct != "refused" or any(status < 500 for status in after.values()):
        raise failed("审计写不进去时仍有操作得以进行", "something was done without a record of it", **evidence)
    return evidence


_ACTIONS: Final = (("GET", "/v1/packs"), ("GET", "/v1/audit"), ("POST", "/v1/snapshots"), ("GET", "/v1/policies"))


@check(
    "audit_is_audited",
    "查看审计记录本身也留下记录：何人、何时、从何处、结果如何",
    "To read the audit is in the audit: who, when, from where, with what outcome",
)
def audit_is_audited(ground: Ground, _: Asked) -> Evidence:
    """C31. PCI DSS 10.2.1.3, 10.2.2."""
    with ground.scratch() as scratch:

        async def looked(platform: Platform) -> tuple[list[dict[str, Any]], list[int]]:
            application, key = scratch.doors(platform, Scope.AUDIT_READ)
            _, poor = scratch.doors(platform, Scope.EVENTS_WRITE)
            async with Asking(application, key) as ask:
                statuses = [(await ask("GET", "/v1/audit")).status_code,
                            (await ask("GET", "/v1/audit", key=poor)).status_code]  # fmt: skip
                answer = await ask("GET", "/v1/audit?what=audit.read")
            found: list[dict[str, Any]] = answer.json().get("actions", []) if answer.status_code == 200 else []
            return found, statuses

        found, statuses = lived(scratch, looked)
    outcomes = sorted(each["outcome"] for each in found)
    fields = {"at", "key", "name", "what", "outcome", "door", "place", "request"}
    complete = all(fields <= each.keys() and each["at"] and each["key"] and each["request"] for each in found)
    evidence: Evidence = {"statuses": statuses, "records": len(found), "outcomes": outcomes, "complete": complete}
    # The first look, the one that was refused, and this very look.
    if statuses != [200, 403] or outcomes != ["allowed", "allowed", "refused"] or not complete:
        raise failed("查看审计没有完整留痕", "looks at the audit are not all in it", **evidence)
    return evidence


@check(
    "logs_clean",
    "运行日志与拒绝的答复中没有标识符和密钥；带换行与控制符的输入不能伪造日志行",
    "No identifier and no key in the operator's log; input with line ends and control characters forges no line",
)
def logs_clean(ground: Ground, _: Asked) -> Evidence:
    """C32. ASVS 5.0 16.2.5, 16.4.1."""
    forged = "check\r\n2026-01-01 platform stopped\x1b[2J\u202e"
    with ground.scratch() as scratch:
        said: list[str] = []

        async def sent(platform: Platform) -> str:
            application, key = scratch.doors(platform, Scope.EVENTS_WRITE)
            async with Asking(application, key) as ask:
                for document in events_of(platform.program.definitions, scratch.clock.now_us()):
                    for bent in ({**document, "id": forged}, {**document, forged: 1}, {**document, "type": forged}):
                        answer = await ask("POST", "/v1/events", json.dumps(bent).encode())
                        said.append(answer.text)
                said.append((await ask("GET", "/v1/packs", key=key + "x")).text)
            scratch.told.append(forged)
            return key

        key = lived(scratch, sent)
        told = [ground.speak(line) for line in scratch.told]
    spoken = "\n".join(told)
    secret = any(key in line for line in (*told, *said))
    kinds = sorted({kind for line in (*told, *said) for kind in found_in(line.encode(), canary_needles())})
    control = any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or sign in "\u202e\u2066" for sign in spoken
                  if sign not in "\n\t")  # fmt: skip
    # What was told as one thing must be read as one thing: a line end of the input is none in the log's words.
    lines = sum(line.startswith("2026-01-01 platform stopped") for each in told for line in each.splitlines())
    raw = sum("\r" in text or "\x1b" in text for text in said)
    evidence: Evidence = {
        "lines": len(told), "answers": len(said), "identifiers": kinds, "key_shown": secret,
        "control_characters": control, "forged_lines": lines, "raw_answers": raw,
    }  # fmt: skip
    if kinds or secret:
        raise failed(
            "日志或答复中出现了标识符或密钥", "an identifier or a key stands in the log or an answer", **evidence
        )
    if control or lines or raw:
        raise failed("输入可以伪造日志", "input can forge what the log says", **evidence)
    return evidence


# ---- alarms


@check(
    "alarms",
    "逐一弄坏保护措施（审计、备份、时钟、控制检查），每一项都必须报警：成为交人处理的决策，或进入运行日志",
    "Safeguards broken one by one (audit, backup, clock, a control): each must raise its alarm",
)
def alarms(ground: Ground, _: Asked) -> Evidence:
    """C34. PCI DSS 4.0.1 10.7.2."""
    heard: dict[str, str] = {}
    with ground.scratch() as scratch:

        async def broken(platform: Platform) -> None:
            for name, event_type, fields in _FINDINGS:
                if event_type not in platform.program.events:
                    heard[name] = "no event type"
                    continue
                now_us = scratch.clock.now_us()
                event = platform.intake.make(event_type, f"check-{name}", now_us, fields)
                answer = json.loads(await platform.lane.submit(event, now_us))
                heard[name] = answer["outcome"]
            platform.lane.state.high_us = scratch.clock.now_us() + DAY_US
            before = len(scratch.told)
            await platform.tend()
            said = [line for line in scratch.told[before:] if "clock" in line]
            heard["clock put back"] = "told" if said else "silent"

        lived(scratch, broken)
    with ground.scratch() as scratch:
        dead: list[_Dead] = []

        def open_log() -> Log:
            dead.append(_Dead(scratch.log()))
            return dead[-1]

        async def stopped(platform: Platform) -> None:
            application, key = scratch.doors(platform, Scope.EVENTS_WRITE)
            dead[-1].is_dead = True
            with suppress(NotRecorded):
                await Audit(platform).act(CHECKER, "control.run")
            async with Asking(application, key) as ask:
                ready = (await ask("GET", "/readyz")).status_code
            heard["audit gone"] = "not ready" if ready >= 500 and platform.ready() is not None else "silent"

        lived(scratch, stopped, scratch.platform(open_log))
    expected = {name: "review" for name, _, _ in _FINDINGS} | {"clock put back": "told", "audit gone": "not ready"}
    silent = sorted(name for name, what in expected.items() if heard.get(name) != what)
    evidence: Evidence = {"heard": heard, "silent": silent}
    if silent:
        raise failed(
            f"失效而不报警：{', '.join(silent)}", f"these die without an alarm: {', '.join(silent)}", **evidence
        )
    return evidence


_CONTROL: Final = {"severity": "high", "owner": "security_admin", "risk": "leak", "pack_name": "platform"}
_FINDINGS: Final[tuple[tuple[str, str, Mapping[str, Any]], ...]] = (
    ("backup overdue", "backup_overdue", {"subject": "backup", "what": "backup", "limit_hours": 1}),
    ("drill overdue", "backup_overdue", {"subject": "drill", "what": "drill", "limit_hours": 1}),
    ("control failing", "control_failed", {"subject": "A", "control": "A", "state": "failed", **_CONTROL}),
    ("control not run", "control_failed", {"subject": "B", "control": "B", "state": "could_not_run", **_CONTROL}),
)


# ---- the doors


@check(
    "limits_at_the_door",
    "过大的正文、过深的嵌套、过多的字段在解析之前或之初即被拒绝，平台照常服务",
    "Bodies too large, nested too deeply or with too many fields are refused, and the platform goes on",
)
def limits_at_the_door(ground: Ground, _: Asked) -> Evidence:
    """ASVS 5.0 4.1, 15.2.2: size and depth are limited before anything is worked out."""
    with ground.scratch() as scratch:

        async def sent(platform: Platform) -> tuple[dict[str, int], int]:
            application, key = scratch.doors(platform, Scope.EVENTS_WRITE, Scope.ADMIN)
            document = next(events_of(platform.program.definitions, scratch.clock.now_us()), None)
            if document is None:
                raise could_not_run("行业包中没有带标识符的事件", "no event type of the packs has an identifier")
            whole = json.dumps(document).encode()
            bombs = {
                "too large": whole[:-1] + b',"x":"' + b"a" * 2_000_000 + b'"}',
                "nested too deeply": b'{"a":' * _NESTED + b"1" + b"}" * _NESTED,
                "brackets": b"[" * _NESTED + b"]" * _NESTED,
                "too many fields": whole[:-1] + b"".join(b',"x%d":1' % n for n in range(5_000)) + b"}",
                "a number of a thousand digits": whole[:-1] + b',"x":' + b"9" * 1_000 + b"}",
                "no JSON": b"\xff\xfe\0",
            }
            statuses = {}
            async with Asking(application, key) as ask:
                for name, bomb in bombs.items():
                    statuses[name] = (await ask("POST", "/v1/events", bomb)).status_code
                    statuses[f"{name}, to packs"] = (await ask("POST", "/v1/packs/try", bomb)).status_code
                return statuses, (await ask("POST", "/v1/events", whole)).status_code

        statuses, after = lived(scratch, sent)
    wrong = {name: status for name, status in statuses.items() if not 400 <= status < 500}
    evidence: Evidence = {"statuses": statuses, "afterwards": after}
    if wrong or after != 200:
        raise failed("有恶意正文未被拒绝，或使平台失常", "a hostile body was not refused, or did harm", **evidence)
    return evidence


@check(
    "security_headers",
    "控制台的每种答复都带安全标头：内容策略、禁止嵌入、不猜类型、不缓存",
    "Every answer of the console carries the security headers: content policy, no frames, no guessing, no store",
)
def security_headers(ground: Ground, _: Asked) -> Evidence:
    """ASVS 5.0 3.4."""
    with ground.scratch() as scratch:

        async def asked(platform: Platform) -> dict[str, list[str]]:
            application, _ = scratch.doors(platform, Scope.DECISIONS_READ)
            missing: dict[str, list[str]] = {}
            async with Asking(application, "") as ask:
                for path in ("/", "/sign-in", "/console", "/console/nothing", "/sign-in/nothing"):
                    headers = (await ask("GET", path)).headers
                    missing[path] = [name for name, holds in _HEADERS.items() if not holds(headers.get(name, ""))]
            return missing

        missing = lived(scratch, asked)
    evidence: Evidence = {"pages": len(missing), "headers": list(_HEADERS), "missing": missing}
    if any(missing.values()):
        raise failed("有答复缺少安全标头", "an answer lacks a security header", **evidence)
    return evidence


_HEADERS: Final[Mapping[str, Callable[[str], bool]]] = {
    "content-security-policy": lambda text: (
        "default-src 'none'" in text and "frame-ancestors 'none'" in text and "unsafe" not in text and "*" not in text
    ),
    "x-content-type-options": lambda text: text == "nosniff",
    "referrer-policy": lambda text: text in ("same-origin", "no-referrer", "strict-origin"),
    "cross-origin-opener-policy": lambda text: text == "same-origin",
    "x-frame-options": lambda text: text == "DENY",
    "cache-control": lambda text: "no-store" in text,
}


# ---- the packs


@check(
    "policies_live",
    "这些事件各有一条生效的策略，其全部用例成立",
    "Each of these events has a live policy, and all its cases hold",
    events=("",),
)
def policies_live(ground: Ground, asked: Asked) -> Evidence:
    """The measures against theft and impersonation that the packs bring are in force and do what they say."""
    program = compiled(ground.definitions.source, cases=False)
    broken = sorted({str(problem) for problem in check_cases(program)})
    wrong, found = [], {}
    for name in asked.texts("events"):
        policy = program.definitions.live_policy(name)
        if name not in program.events:
            wrong.append(f"{name}: no such event")
        elif policy is None:
            wrong.append(f"{name}: no live policy")
        elif not any(rule.then is not None and rule.then is not Outcome.ALLOW for rule in policy.rules):
            wrong.append(f"{name}: no rule stops anything")
        else:
            cases = sum(len(rule.cases) for rule in policy.rules) + len(policy.cases)
            found[name] = {"policy": policy.version, "rules": len(policy.rules), "cases": cases}
    evidence: Evidence = {"policies": found, "wrong": wrong, "broken_cases": broken}
    if wrong or broken:
        raise failed("有事件没有生效的策略，或用例不成立", "an event has no live policy, or a case fails", **evidence)
    return evidence


@check(
    "limits_dated",
    "行业包中的每个监管数额在今天都有值，并注明日期、依据与核实程度",
    "Every limit of a pack has a value today, with its date, its basis and its mark",
    pack="",
)
def limits_dated(ground: Ground, asked: Asked) -> Evidence:
    """Figures of regulation are dated, sourced and marked; none is left as a placeholder."""
    now_us, pack = ground.clock.now_us(), asked.text("pack")
    limits = [each for each in ground.definitions.limits.values() if each.pack == pack]
    zone = ground.definitions.packs[pack].zone if pack in ground.definitions.packs else None
    if zone is None:
        raise could_not_run(f"没有名为 {pack} 的行业包", f"there is no pack {pack}")

    today, wrong, marks = day_of(now_us, zone), [], dict[str, int]()
    for limit in limits:
        steps = [step for step in limit.steps if step.since <= today]
        mark = limit.mark_of(steps[-1]) if steps else limit.mark
        marks[mark] = marks.get(mark, 0) + 1
        if not steps:
            wrong.append(f"{limit.name}: no value yet")
        elif steps[-1].value is None:
            wrong.append(f"{limit.name}: a placeholder")
        elif not (steps[-1].basis.zh.strip() and steps[-1].basis.en.strip()):
            wrong.append(f"{limit.name}: no basis")
    evidence: Evidence = {"pack": pack, "limits": len(limits), "marks": marks, "wrong": wrong}
    if wrong:
        raise failed("有数额没有值或没有依据", "limits without a value or a basis", **evidence)
    if not limits:
        raise could_not_run("该行业包没有任何数额", "this pack has no limit")
    return evidence
