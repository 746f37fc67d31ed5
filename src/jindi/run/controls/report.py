"""The register as a document: every control, how it stands, its last result with the evidence, and which record names
it. Pages and programs read the same one.
"""

from collections.abc import Sequence
from typing import Any

from jindi.access.roles import TITLES, Role
from jindi.basics.instants import format_instant
from jindi.oversight import RISKS, SEVERITIES, Result, Standing, counts, evidence_digest
from jindi.packs import Definitions, Words
from jindi.run.controls.registry import CHECKS


def document(standings: Sequence[Standing], definitions: Definitions, origin: str, now_us: int) -> dict[str, Any]:
    """The register as it stands at an instant, by category of risk."""
    found = counts(standings)
    by_risk = [
        {
            "risk": risk, "title": _both(words),
            "controls": [control(each) for each in sorted(standings, key=_order) if each.control.risk == risk],
        }
        for risk, words in RISKS.items()
    ]  # fmt: skip
    return {
        "ok": found.failing == 0 and found.passed > 0,
        "at": format_instant(now_us),
        "origin": origin,
        "definitions": definitions.digest,
        "counts": {"all": found.all, "passed": found.passed, "failing": found.failing, "excluded": found.excluded},
        "risks": [each for each in by_risk if each["controls"]],
    }


def _order(found: Standing) -> tuple[int, str, str]:
    return list(SEVERITIES).index(found.control.severity), found.control.pack, found.control.id


def control(found: Standing) -> dict[str, Any]:
    """One control."""
    each = found.control
    check = CHECKS.get(each.check)
    owner = TITLES[Role(each.owner)]
    return {
        "id": each.id, "pack": each.pack, "doc": _both(each.doc), "measure": _both(each.measure), "risk": each.risk,
        "by": list(each.by), "check": each.check, "check_doc": None if check is None else _both(check.doc),
        "with": {name: list(value) if isinstance(value, tuple) else value for name, value in each.arguments.items()},
        "owner": each.owner, "owner_title": {"zh": owner[0], "en": owner[1]},
        "period_hours": each.period_us / 3_600_000_000, "severity": each.severity,
        "severity_title": _both(SEVERITIES[each.severity]), "basis": _both(each.basis),
        "excluded": None if each.excluded is None else _both(each.excluded),
        "state": found.state, "green": found.is_green,
        "due": None if found.due_us is None else format_instant(found.due_us),
        "result": None if found.result is None else result(found.result),
    }  # fmt: skip


def result(found: Result) -> dict[str, Any]:
    """One result with its evidence."""
    return {
        "outcome": found.outcome, "why": {"zh": found.why_zh, "en": found.why_en},
        "began": format_instant(found.began_us), "ended": format_instant(found.ended_us),
        "seconds": round((found.ended_us - found.began_us) / 1e6, 3), "run": found.run, "by": found.by,
        "record": found.seq, "definitions": found.definitions, "evidence_digest": evidence_digest(found),
        "evidence": found.evidence,
        "passed": None if found.passed_us is None else format_instant(found.passed_us),
        "earlier": [
            {"at": format_instant(each.at_us), "outcome": each.outcome, "record": each.seq} for each in found.earlier
        ],
    }  # fmt: skip


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
