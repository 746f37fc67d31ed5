"""The check of reports against money laundering: that none is late, and none owed by a day that nobody knows."""

from jindi.cases.filings_counting import counted
from jindi.ports import LogFailure
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.filings.book import read


@check(
    "aml_reports_in_time",
    "反洗钱报告没有逾期未报的，期限都按已声明的工作日历算出",
    "No report against money laundering is late, and the calendar knows until when each is owed",
)
def aml_reports_in_time(ground: Ground, asked: Asked) -> Evidence:  # noqa: ARG001 - it has no figure of its own
    """C60. R18 of the rule book. It counts: which report it is, and of whom, is not for whoever reads controls."""
    try:
        with ground.journal() as log:
            reports = read(log).newest()
    except LogFailure:
        raise could_not_run("日志读不到", "the journal can't be read") from None
    now_us = ground.clock.now_us()
    states = [each.owed.state(now_us) for each in reports if each.owed is not None]
    months = counted(reports)
    evidence: Evidence = {
        "owed": len(states), "late": states.count("late"), "unknown": states.count("unknown"),
        "sent": sum(each.sent for each in months), "sent_late": sum(each.late for each in months),
    }  # fmt: skip
    if late := states.count("late"):
        raise failed(f"{late} 份报告已逾期", f"{late} of the reports are late", **evidence)
    if unknown := states.count("unknown"):
        raise failed(
            f"{unknown} 份报告的期限无法算出：请声明该年的放假通知",
            f"until when {unknown} of the reports are owed is unknown: declare that year's days off", **evidence,
        )  # fmt: skip
    return evidence
