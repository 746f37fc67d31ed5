"""Whether watch lists are there, whole and fresh, and whether anybody waits too long for an answer about one."""

from jindi.basics.instants import DAY_US, format_instant
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.screening import shelf


@check(
    "watch_lists_fresh",
    "监控名单已载入、可读、未过期",
    "Watch lists are loaded, can be read, and are not stale",
    days_max=7,
)
def watch_lists_fresh(ground: Ground, asked: Asked) -> Evidence:
    """C58. A list that its publisher has not changed counts as fresh when it was loaded again all the same."""
    try:
        loaded = shelf.load(ground.blobs)
    except shelf.Damaged as error:
        raise failed(f"名单已损坏：{error}", f"a list is damaged: {error}") from None
    except OSError as error:
        raise could_not_run(f"名单读不出：{error.strerror}", f"the lists can't be read: {error.strerror}") from None
    if not loaded:
        raise failed(
            "没有载入任何名单，因此没有人被筛查：在“名单筛查”页载入，或运行 jindi watchlists load",
            "no list is loaded, so nobody is screened: load one on the page of screening, or by jindi watchlists load",
        )
    now_us, most_us = ground.clock.now_us(), asked.whole("days_max") * DAY_US
    evidence: Evidence = {
        each.name: {
            "version": each.version, "entries": len(each.entries), "published_on": each.published_on,
            "loaded_at": format_instant(each.loaded_us), "by": each.by,
        }
        for each in loaded.values()
    }  # fmt: skip
    stale = sorted(each.name for each in loaded.values() if now_us - each.loaded_us > most_us)
    if stale:
        raise failed(
            f"名单超过 {asked.whole('days_max')} 天未更新：{'、'.join(stale)}",
            f"lists were not loaded for over {asked.whole('days_max')} days: {', '.join(stale)}", **evidence,
        )  # fmt: skip
    return evidence
