"""Whether customers are rated and reviewed in time: by the journal itself, not by what a follower keeps of it."""

from collections.abc import Iterable, Mapping

from jindi.basics.instants import format_instant
from jindi.parties.rating import is_overdue
from jindi.ports import LogFailure
from jindi.run.archive import Archive
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.rating.taking import PACK, standings


@check(
    "reviews_in_time",
    "客户按期评级与审核，证件不过期",
    "Customers are rated and reviewed in time, and their documents are valid",
    overdue_max=0,
)
def reviews_in_time(ground: Ground, asked: Asked) -> Evidence:
    """C59. The journal is read from its beginning, so that a follower that fell behind hides nobody."""
    scheme = ground.definitions.rating
    if scheme is None or scheme.pack != PACK:
        raise could_not_run(f"没有载入行业包 {PACK}", f"the pack {PACK} is not loaded")
    now_us = ground.clock.now_us()
    try:
        with ground.journal() as log:
            known = standings(Archive(log), log.next_seq())
    except LogFailure:
        raise could_not_run("日志读不到", "the journal can't be read") from None
    late = [each for each in known if is_overdue(each, now_us)]
    evidence: Evidence = {
        "customers": len(known), "levels": _counted(each.effective or "none" for each in known),
        "overdue": len(late), "overdue_by": _counted(each.must_what for each in late),
        "oldest_due": format_instant(min(each.must_by_us for each in late)) if late else None,
    }  # fmt: skip
    if len(late) > asked.whole("overdue_max"):
        raise failed(
            f"{len(late)} 名客户逾期未评级、未审核或证件过期",
            f"{len(late)} customers were not rated, reviewed or renewed in time", **evidence,
        )  # fmt: skip
    return evidence


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in words:
        found[each] = found.get(each, 0) + 1
    return dict(sorted(found.items()))
