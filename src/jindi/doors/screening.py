"""Why a step of screening can't be taken, in words, and what programs and pages are told of it: for both doors."""

from typing import Any, Final

from jindi.basics.instants import HOUR_US, format_instant
from jindi.parties.screening import Entry
from jindi.run.records import decision_id
from jindi.run.screening.book import Hit
from jindi.run.screening.shelf import Loaded

REPORT_HOURS: Final = 24
"""(from memory) Where the packs have no `screening_report_hours`."""

_SAID: Final[dict[str, tuple[str, str]]] = {
    "reading": ("名单还在读取，请稍后再试", "the lists are still being read: try again in a moment"),
    "empty": ("名单 {list} 没有任何条目", "the list {list} has no entries"),
    "older": (
        "名单 {list} 的发布日 {now} 早于生效版本的 {before}；确认要退回旧版，请勾选“确认无误”",
        "the list {list} was published on {now}, before the one in force ({before}); say that it is meant",
    ),
    "removes": (
        "名单 {list} 将减少 {removed} 个条目（{share}），可能文件不全；确认无误请勾选“确认无误”",
        "the list {list} would lose {removed} entries ({share}): it may be half a file; say that it is meant",
    ),
    "damaged": (
        "另有名单已损坏，请一并重新载入：{what}", "another list is damaged, load it again, too: {what}",
    ),
    "reason": ("请用不超过 500 字写明理由", "say why in at most 500 characters"),
    "not_open": ("该命中已有结论", "the match has been decided already"),
    "changed": ("条目在此期间已变动，请重新核实", "the entry has changed since: look at it again"),
    "no_frozen_list": (
        "行业包没有声明名单 {list}，无法停办", "the packs in force declare no list {list}, so nobody can be frozen",
    ),
}  # fmt: skip


def said(code: str, values: dict[str, str]) -> tuple[str, str]:
    """A refusal in Chinese and English."""
    zh, en = _SAID[code]
    return zh.format(**values), en.format(**values)


def report_due_us(hit: Hit, hours: int) -> int | None:
    """Until when a suspicious report is due for a match that was confirmed; None for all others."""
    return hit.decided_us + hours * HOUR_US if hit.state == "confirmed" else None


def list_document(loaded: Loaded) -> dict[str, Any]:
    """A list, as programs are given it."""
    return {
        "name": loaded.name, "version": loaded.version, "published_on": loaded.published_on or None,
        "entries": len(loaded.entries), "loaded_at": format_instant(loaded.loaded_us), "by": loaded.by,
        "files": list(loaded.files), "before": loaded.before or None, "added": loaded.added,
        "removed": loaded.removed, "changed": loaded.changed,
    }  # fmt: skip


def match_document(hit: Hit, hours: int) -> dict[str, Any]:
    """A match, as programs are given it: tokens, and what is public of the list."""
    due_us = report_due_us(hit, hours)
    return {
        "id": decision_id(hit.seq), "at": format_instant(hit.at_us), "user": hit.user, "name": hit.name,
        "list": hit.list, "entry": hit.entry, "digest": hit.mark, "list_version": hit.list_version,
        "score": hit.score, "strength": hit.strength, "rules": hit.rules.split(), "found": hit.found,
        "state": hit.state, "by": hit.by or None, "second": hit.second or None, "reason": hit.reason or None,
        "decided_at": format_instant(hit.decided_us) if hit.decided_us else None,
        "report_due": None if due_us is None else format_instant(due_us),
    }  # fmt: skip


def entry_document(entry: Entry) -> dict[str, Any]:
    """An entry of a list, as it reads: public."""
    return {
        "id": entry.id, "kind": entry.kind,
        "names": [{"name": each.text, "quality": each.quality} for each in entry.names],
        "births": [
            each.date or f"{each.year_min}–{each.year_max}" for each in entry.births if each.years != (0, 0)
        ],
        "birth_places": list(entry.birth_places), "countries": list(entry.countries),
        "identifiers": [
            {"kind": each.kind, "value": each.value, "country": each.country} for each in entry.identifiers
        ],
        "programmes": list(entry.programmes), "listed_on": entry.listed_on or None,
        "addresses": list(entry.addresses), "remarks": entry.remarks or None,
    }  # fmt: skip
