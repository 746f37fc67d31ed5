"""What is known of flaws in our components: taken in from a file that an operator brings, held against what is locked
and installed. Jindi itself asks no database: it makes no request outside.
"""

import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import msgspec

from jindi.basics.digests import digest
from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.ports import Blobs
from jindi.run.controls.flaws import REMEDIATION, Flaw, Open, flaws_of, normal, open_flaws
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check

BLOB: Final = "advisories.json"
"""What was taken in. It can be read and made again by whoever runs the machine; each result of the check names its
digest, so the journal says what a result was found with.
"""

TEXT_BYTES_MAX: Final = 256 * 1024 * 1024
RECORD_BYTES_MAX: Final = 16 * 1024 * 1024
RECORDS_MAX: Final = 1_000_000
ALL_BYTES_MAX: Final = 4 * 1024 * 1024 * 1024
"""No file is larger, no record, no number of records, nor all of it together once it is unpacked."""

_PROBLEMS_MAX: Final = 20


class Advisories(msgspec.Struct, frozen=True):
    """What was taken in: the flaws of the components in `names`, out of so many records about components of Python."""

    taken_us: int
    newest_us: int
    records: int
    names: list[str]
    flaws: list[Flaw]

    @property
    def digest(self) -> str:
        """What tells one import from another."""
        return digest(msgspec.json.encode(self))


_PINNED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pinned(lock: str) -> dict[str, set[str]]:
    """The components of a lock file with their versions: one lock for all systems and Pythons, so some have several."""
    found: dict[str, set[str]] = {}
    for name, version in _PINNED.findall(lock):
        found.setdefault(normal(name), set()).add(version)
    return found


def in_use(lock: str) -> dict[str, set[str]]:
    """The locked components, each in its locked versions and in the one that is installed."""
    found = pinned(lock)
    for each in distributions():
        if (name := normal(each.name)) in found:
            found[name].add(each.version)
    return found


def take_in(paths: Iterable[Path], names: Collection[str], now_us: int) -> Advisories:
    """Read OSV records: a zip of them as databases publish it, a folder, or a file of JSON with one, a list, or one a
    line. Raises Problems with all that is wrong; then nothing is taken.
    """
    problems: list[Problem] = []
    flaws: list[Flaw] = []
    records = newest_us = 0
    for place, record in _records(paths, problems):
        try:
            found = flaws_of(record)
        except ValueError as error:
            problems.append(Problem(place, "", str(error), "fetch the file anew; it is no record of OSV"))
            found = None
        if len(problems) >= _PROBLEMS_MAX:
            break
        if found is None:
            continue
        records, newest_us = records + 1, max(newest_us, found[1])
        flaws += [flaw for flaw in found[0] if flaw.name in names]
    if not problems and not records:
        what = "no record about a component of Python"
        problems.append(Problem(str(next(iter(paths), "")), "", what, "give the OSV dump of PyPI (PyPI/all.zip)"))
    if not problems and newest_us > now_us + DAY_US:
        problems.append(
            Problem("", "", "its newest record is of the future", "set the machine's clock, or fetch it anew")
        )
    if problems:
        raise Problems(problems)
    return Advisories(now_us, newest_us, records, sorted(names), flaws)


def _records(paths: Iterable[Path], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """(where, record) of all files; what can't be read goes to the problems."""
    count = size = 0
    for path in paths:
        try:
            for place, text in _texts(path):
                size += len(text)
                for record in _decoded(text):
                    count += 1
                    if count > RECORDS_MAX or size > ALL_BYTES_MAX:
                        raise ValueError("more than any such dump holds")
                    yield place, record
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            problems.append(Problem(str(path), "", f"can't be read: {why[:200]}", "give JSON of OSV, or a zip of it"))


def _texts(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for each in sorted(path.rglob("*.json")):
            yield str(each), _bounded(each, RECORD_BYTES_MAX)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".json"):
                    with archive.open(entry) as opened:
                        text = opened.read(RECORD_BYTES_MAX + 1)
                    if len(text) > RECORD_BYTES_MAX:
                        raise ValueError("an entry is larger than any record")
                    yield f"{path}:{entry.filename[:80]}", text
    else:
        yield str(path), _bounded(path, TEXT_BYTES_MAX)


def _bounded(path: Path, bytes_max: int) -> bytes:
    with path.open("rb") as opened:
        text = opened.read(bytes_max + 1)
    if len(text) > bytes_max:
        raise ValueError("larger than any such file")
    return text


def _decoded(text: bytes) -> list[Any]:
    """The records of one text: one, a list, `{"vulns": […]}`, or one a line."""
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        return [msgspec.json.decode(line) for line in lines]
    if isinstance(told, list):
        return told
    if isinstance(told, dict) and isinstance(told.get("vulns"), list):
        return list(told["vulns"])
    return [told]


def kept(blobs: Blobs) -> Advisories | None:
    """What was taken in last; None for nothing, and for what can't be read."""
    raw = blobs.load(BLOB)
    try:
        return None if raw is None else msgspec.json.decode(raw, type=Advisories)
    except (msgspec.MsgspecError, ValueError):
        return None


def keep(blobs: Blobs, advisories: Advisories) -> None:
    """Durable when this returns."""
    blobs.save(BLOB, [msgspec.json.encode(advisories)])


@check(
    "known_flaws",
    "用导入的 OSV 漏洞库核对锁定与已装的组件：没有超过修复期限的已知漏洞；漏洞库本身须够新、够全",
    "Locked and installed components held against an imported OSV dump, new and whole enough: no flaw beyond its time",
    days_max=7,
    records_min=5_000,
    not_affected=(),
)
def known_flaws(ground: Ground, asked: Asked) -> Evidence:
    """C56. ASVS 5.0 15.2.1; SECURITY.md. `not_affected` names flaws that were judged not to concern us: who changes
    that changes a pack.
    """
    if ground.lock is None:
        raise could_not_run("没有锁定文件 requirements.lock，无从对照", "there is no requirements.lock to compare with")
    told, now_us = kept(ground.blobs), ground.clock.now_us()
    if told is None:
        raise failed(
            "从未导入漏洞库：请在能联网的机器取得 OSV 的 PyPI/all.zip，再运行 jindi controls advisories 文件",
            "no advisories were ever taken in: fetch OSV's PyPI/all.zip on a machine that may, and run jindi controls "
            "advisories FILE",
            remedy="jindi controls advisories",
        )  # fmt: skip
    components = in_use(ground.lock)
    dismissed = set(asked.texts("not_affected"))
    found = open_flaws(told.flaws, components)
    concerning = [each for each in found if not dismissed & set(each.ids)]
    overdue = [each for each in concerning if each.due_us <= now_us]
    uncovered = sorted(set(components) - set(told.names))
    evidence: Evidence = {
        "taken_in": format_instant(told.taken_us), "newest_record": format_instant(told.newest_us),
        "digest": told.digest, "records": told.records, "components": len(components),
        "days": dict(REMEDIATION[-1][1]), "open": [_shown(each, now_us) for each in concerning],
        "overdue": [_shown(each, now_us) for each in overdue], "uncovered": uncovered,
        "not_affected": sorted(id_ for each in found for id_ in dismissed & set(each.ids)),
        "not_affected_and_not_there": sorted(dismissed - {id_ for each in found for id_ in each.ids}),
    }  # fmt: skip
    if overdue:
        names = ", ".join(sorted({f"{each.component} {each.version}" for each in overdue}))[:200]
        raise failed(
            f"{len(overdue)} 个已知漏洞超过修复期限：{names}。请升级，或经审批在 not_affected 中说明不受影响",
            f"{len(overdue)} known flaws are beyond their time: {names}. Bring these parts up to date, or have "
            "not_affected of the control name what does not concern you", **evidence,
        )  # fmt: skip
    old_us = min(told.taken_us, told.newest_us)
    if now_us - old_us > asked.whole("days_max") * DAY_US or told.taken_us > now_us + DAY_US:
        raise failed(
            f"漏洞库过旧：最新一条为 {format_instant(told.newest_us)[:10]}。请重新取得并导入",
            f"the advisories are old: the newest is of {format_instant(told.newest_us)[:10]}. Fetch and take in others",
            **evidence,
        )
    if told.records < asked.whole("records_min") or uncovered:
        raise failed(
            "漏洞库不全：条数过少，或导入后又有新的组件。请导入完整的 PyPI/all.zip",
            "the advisories are not whole: too few, or there are components that came after them. Take in the whole "
            "PyPI/all.zip", **evidence,
        )  # fmt: skip
    return evidence


def _shown(each: Open, now_us: int) -> dict[str, Any]:
    return {
        "flaw": each.ids, "component": each.component, "version": each.version, "severity": each.severity,
        "known_since": format_instant(each.published_us)[:10], "due": format_instant(each.due_us)[:10],
        "known_days": max(0, (now_us - each.published_us) // DAY_US),
    }  # fmt: skip
