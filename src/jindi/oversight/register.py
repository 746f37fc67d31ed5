"""Controls and how they stand. A control is green only while its newest result passed, is not older than its period,
was found by the very check that the packs name, and has the evidence that the journal names. Whatever else is so
counts as failed: a check that could not run proves nothing, and neither does one that nobody has run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.basics.instants import HOUR_US
from jindi.packs import ControlDef, Words

Outcome = Literal["passed", "failed", "could_not_run"]
"""What one run of a check came to."""

State = Literal["passed", "failed", "could_not_run", "altered", "overdue", "never", "excluded"]
"""How a control stands. `altered`: the result that is kept is not the one that the journal names."""

RISKS: Final[Mapping[str, Words]] = {
    "leak": Words("信息泄露", "Disclosure of data"),
    "attack": Words("黑客攻击与恶意软件", "Attacks and malware"),
    "keys": Words("加密与密钥管理", "Encryption and keys"),
    "outage": Words("系统瘫痪与恢复", "Outage and recovery"),
    "staff": Words("内部人员滥权", "Abuse by staff"),
    "fraud": Words("盗用、诈骗与冒用身份", "Theft, fraud and impersonation"),
    "compliance": Words("合规", "Compliance"),
    "funds": Words("资金安全", "Safety of funds"),
    "suppliers": Words("外部技术支持", "Technology of others"),
    "evidence": Words("电子证据与可追溯", "Evidence and traceability"),
}
"""The categories of risk, in the order in which they are shown."""

SEVERITIES: Final[Mapping[str, Words]] = {
    "high": Words("高", "high"), "medium": Words("中", "medium"), "low": Words("低", "low"),
}  # fmt: skip

EVENT: Final = "control_failed"
"""The type of the event that a failure is told by."""

HISTORY_MAX: Final = 20


class Run(msgspec.Struct, frozen=True):
    """One earlier result in short: when it was found, what it came to, and which record says so."""

    at_us: int
    outcome: Outcome
    seq: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found. `why` is empty when it passed; `evidence` is what the check saw, made by it alone.

    `seq` is the record of the journal that names this result (`record_of`); -1 before there is one. `asked` is the
    digest of what was asked for (`ControlDef.digest`), `definitions` that of the packs in force.
    """

    control: str
    outcome: Outcome
    why_zh: str
    why_en: str
    evidence: dict[str, Any]
    began_us: int
    ended_us: int
    run: str
    by: str
    asked: str
    definitions: str
    seq: int = -1
    passed_us: int | None = None
    earlier: tuple[Run, ...] = ()

    def following(self, before: "Result | None") -> "Result":
        """This result with what is known from the ones before it."""
        if before is None:
            return msgspec.structs.replace(self, passed_us=self.ended_us if self.outcome == "passed" else None)
        earlier = (Run(before.ended_us, before.outcome, before.seq), *before.earlier)[:HISTORY_MAX]
        passed_us = self.ended_us if self.outcome == "passed" else before.passed_us
        return msgspec.structs.replace(self, passed_us=passed_us, earlier=earlier)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one control stands at an instant. `due_us` is when it is to be run next; None when it is excluded."""

    control: ControlDef
    result: Result | None
    state: State
    due_us: int | None

    @property
    def is_green(self) -> bool:
        """Whether it is proved, or does not apply."""
        return self.state in ("passed", "excluded")


@dataclass(frozen=True, slots=True)
class Counts:
    """So many controls, green and not; `excluded` ones are in neither."""

    all: int
    passed: int
    failing: int
    excluded: int


def evidence_digest(result: Result) -> str:
    """The digest of what a result claims: its outcome, its reasons and its evidence, under which packs."""
    claim = {
        "control": result.control, "outcome": result.outcome, "why": [result.why_zh, result.why_en],
        "evidence": result.evidence, "began": result.began_us, "ended": result.ended_us, "run": result.run,
        "by": result.by, "asked": result.asked, "definitions": result.definitions,
    }  # fmt: skip
    return digest(canonical(claim))


def record_of(result: Result) -> str:
    """The line that the journal keeps of a result. Whoever changes the result afterwards can't change the line.

    >>> found = Result(control="C01", outcome="passed", why_zh="", why_en="", evidence={}, began_us=0, ended_us=1,
    ...                run="r", by="ann", asked="a", definitions="d")
    >>> record_of(found)[:20]
    'C01 passed sha256:83'
    """
    return f"{result.control} {result.outcome} sha256:{evidence_digest(result)}"


def standing(control: ControlDef, result: Result | None, now_us: int, *, is_altered: bool = False) -> Standing:
    """How a control stands. `is_altered`: the journal does not name this result."""
    if control.excluded is not None:
        return Standing(control, result, "excluded", None)
    if result is None or result.asked != control.digest:
        # What another check found, or the same one asked for less, is nothing that counts here.
        return Standing(control, None, "never", now_us)
    due_us = result.ended_us + _wait_us(control, is_passed=result.outcome == "passed")
    if is_altered:
        return Standing(control, result, "altered", now_us)
    if result.ended_us > now_us:
        # From the future: a clock was put back, or ahead. Nobody knows how old it is.
        return Standing(control, result, "overdue", now_us)
    if result.outcome == "passed" and now_us > result.ended_us + control.period_us:
        return Standing(control, result, "overdue", due_us)
    return Standing(control, result, result.outcome, due_us)


def _wait_us(control: ControlDef, *, is_passed: bool) -> int:
    """How long after a result a control is due again: before its period is over, for the next run takes its time and
    stands in a row; and after an hour at the latest when it did not pass, for somebody may have mended it.
    """
    period_us = control.period_us if is_passed else min(control.period_us, HOUR_US)
    return period_us - period_us // 10


def is_due(found: Standing, now_us: int) -> bool:
    """Whether a control is to be run now."""
    return found.due_us is not None and found.due_us <= now_us


def failing(standings: Iterable[Standing]) -> tuple[Standing, ...]:
    """All that count as failed."""
    return tuple(each for each in standings if not each.is_green)


def counts(standings: Sequence[Standing]) -> Counts:
    """How many there are of each."""
    excluded = sum(each.state == "excluded" for each in standings)
    failed = len(failing(standings))
    return Counts(len(standings), len(standings) - excluded - failed, failed, excluded)


class Told(msgspec.Struct, frozen=True):
    """What was told last about a control that fails: how it stood, and of which result that was said."""

    state: str
    seq: int


def tellings(
    standings: Iterable[Standing], told: Mapping[str, Told]
) -> tuple[tuple[Standing, ...], dict[str, Told]]:  # fmt: skip
    """What is to be told now, and what is still told of what was: each failing result once, never again while nothing
    new is known; what has become green is forgotten, so that the next failure is told.
    """
    fresh, still = [], {}
    for each in failing(standings):
        known = Told(each.state, each.result.seq if each.result is not None else -1)
        if told.get(each.control.id) == known:
            still[each.control.id] = known
        else:
            fresh.append(each)
    return tuple(fresh), still
