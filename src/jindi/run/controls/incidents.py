"""Checks of incidents: that there is a plan for each kind, that a drill was carried through, and what was measured."""

from statistics import median_low
from typing import Final

from jindi.basics.instants import DAY_US, SECOND_US, format_instant
from jindi.cases.incidents import Incident
from jindi.packs import INCIDENT_KINDS
from jindi.ports import LogFailure
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.incidents.book import read

MEASURED_DAYS: Final = 366
"""So far back times are measured."""


@check(
    "incident_drill",
    "每类安全事件都有预案；限期内完成过一次从开立到遏制的演练；给出发现与遏制用时的中位数",
    "A plan for each kind of incident; a drill carried through to containment within its limit; median times measured",
    drill_days_max=366,
)
def incident_drill(ground: Ground, asked: Asked) -> Evidence:
    """C46. PCI DSS 4.0.1 10.7.3, 12.10. That a drill ends when it is contained is a design default."""
    try:
        with ground.journal() as log:
            known = read(log).newest()
    except LogFailure:
        raise could_not_run("日志读不到", "the journal can't be read") from None
    now_us = ground.clock.now_us()
    planned = {each.kind for each in ground.definitions.plans.values()}
    drills = [each for each in known if each.drill and each.contained_us is not None]
    last = max(drills, key=lambda each: each.contained_us or 0, default=None)
    lately = [each for each in known if now_us - each.opened_us <= MEASURED_DAYS * DAY_US]
    evidence: Evidence = {
        "plans": sorted(planned), "drills": len(drills),
        "last_drill": None if last is None or last.contained_us is None else {
            "id": last.id, "kind": last.kind, "contained": format_instant(last.contained_us),
            "contain_s": _seconds(last.contain_us),
        },
        "incidents": sum(not each.drill for each in lately),
        "detect_s_median": _median([each.detect_us for each in lately]),
        "contain_s_median": _median([each.contain_us for each in lately]),
    }  # fmt: skip
    if missing := sorted(set(INCIDENT_KINDS) - planned):
        raise failed(
            f"没有预案的事件类型：{', '.join(missing)}", f"no plan for incidents of: {', '.join(missing)}", **evidence
        )
    if last is None or not _is_fresh(last, now_us, asked.whole("drill_days_max")):
        raise failed("限期内没有完成的事件演练", "no drill was carried through within its limit", **evidence)
    return evidence


def _is_fresh(drill: Incident, now_us: int, days: int) -> bool:
    """Whether a drill counts: opened and contained in time, and not by a time that was written in later."""
    return now_us - min(drill.contained_us or 0, drill.last_us) <= days * DAY_US


def _median(lengths_us: list[int | None]) -> int | None:
    known = [each for each in lengths_us if each is not None]
    return _seconds(median_low(known)) if known else None


def _seconds(us: int | None) -> int | None:
    return None if us is None else us // SECOND_US
