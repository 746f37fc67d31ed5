"""The check of reports against money laundering: that none is late, none owed by a day that nobody knows, and that
large days are looked for.
"""

import msgspec

from jindi.basics.instants import HOUR_US, format_instant
from jindi.cases.filings_counting import counted
from jindi.ports import LogFailure
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.filings.book import read
from jindi.run.filings.large_days import BLOB, Watch


@check(
    "aml_reports_in_time",
    "反洗钱报告没有逾期未报的，期限都按已声明的工作日历算出；大额交易日有人在查",
    "No report against money laundering is late, all are owed by a day that is known, and large days are looked for",
    hours_max=48,
)
def aml_reports_in_time(ground: Ground, asked: Asked) -> Evidence:
    """C60. R17 and R18 of the rule book. It counts: which report it is, and of whom, is not for whoever reads controls.
    Where packs say what is large, days must have been looked at within `hours_max`.
    """
    try:
        with ground.journal() as log:
            reports = read(log).newest()
    except LogFailure:
        raise could_not_run("日志读不到", "the journal can't be read") from None
    now_us, watch = ground.clock.now_us(), _watch(ground)
    states = [each.owed.state(now_us) for each in reports if each.owed is not None]
    months = counted(reports)
    evidence: Evidence = {
        "owed": len(states), "late": states.count("late"), "unknown": states.count("unknown"),
        "sent": sum(each.sent for each in months), "sent_late": sum(each.late for each in months),
        "days_looked_at": None if watch is None else format_instant(watch.at_us),
        "large_days": None if watch is None else watch.found,
        "unconverted": None if watch is None else watch.unconverted,
    }  # fmt: skip
    if late := states.count("late"):
        raise failed(f"{late} 份报告已逾期", f"{late} of the reports are late", **evidence)
    if unknown := states.count("unknown"):
        raise failed(
            f"{unknown} 份报告的期限无法算出：请声明该年的放假通知",
            f"until when {unknown} of the reports are owed is unknown: declare that year's days off", **evidence,
        )  # fmt: skip
    if not ground.definitions.criteria:
        return evidence
    if watch is None or now_us - watch.at_us > asked.whole("hours_max") * HOUR_US:
        raise failed(
            f"超过 {asked.whole('hours_max')} 小时没有查过大额交易日（须启用保险库并保持平台运行）",
            f"nobody looked for large days for over {asked.whole('hours_max')} hours (it takes a vault, and a platform"
            " that runs)", **evidence,
        )  # fmt: skip
    if watch.late:
        raise failed(f"{watch.late} 个大额交易日逾期未报", f"{watch.late} large days are late", **evidence)
    return evidence


def _watch(ground: Ground) -> Watch | None:
    """When large days were last looked at; None when never, or when what says so can't be read."""
    try:
        raw = ground.blobs.load(BLOB)
        return None if raw is None else msgspec.json.decode(raw, type=Watch)
    except (OSError, msgspec.MsgspecError):
        return None
