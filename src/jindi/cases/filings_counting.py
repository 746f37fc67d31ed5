"""Reports counted month by month, as supervisors ask for them: how many, in time or late, of which kind of case. No
figure is about a person.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from jindi.basics.instants import day_of
from jindi.cases.filings import ZONE, Report
from jindi.parties.reporting.names import Topic, receipt_name

COLUMNS: Final = (
    "month", "topic", "typology", "opened", "sent", "in_time", "late", "corrections", "accepted", "to_correct",
    "refused", "deleted", "dropped", "subjects", "transactions",
)  # fmt: skip


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A month's reports of one topic from one kind of case ("" where a report came from none).

    `opened` were begun in it, `sent` first sent in it, of those `in_time` or `late`; `corrections` were sent again,
    `accepted`, `to_correct` and `refused` are receipts that were taken in, `deleted` those that the centre deleted.
    `subjects` and `transactions` are those of what was first sent.
    """

    month: str
    topic: Topic
    typology: str
    opened: int = 0
    sent: int = 0
    in_time: int = 0
    late: int = 0
    corrections: int = 0
    accepted: int = 0
    to_correct: int = 0
    refused: int = 0
    deleted: int = 0
    dropped: int = 0
    subjects: int = 0
    transactions: int = 0


def counted(reports: Iterable[Report]) -> list[Row]:
    """All months in which anything was, the newest first; within one large transactions last."""
    counts: dict[tuple[str, Topic, str], Counter[str]] = {}

    def add(month: str, report: Report, what: str, count: int = 1) -> None:
        counts.setdefault((month, report.topic, report.typology), Counter())[what] += count

    for report in reports:
        add(_month(day_of(report.opened_us, ZONE)), report, "opened")
        if report.dropped:
            add(_month(day_of(report.last_us, ZONE)), report, "dropped")
        first = report.filing.first_sent_on
        for clock in report.clocks:
            if clock.sent_on is not None and clock.begun.kind == "correct":
                add(_month(clock.sent_on), report, "corrections")
        if first is not None:
            month = _month(first)
            add(month, report, "sent")
            add(month, report, "in_time" if _is_in_time(report) else "late")
            add(month, report, "subjects", report.subjects)
            add(month, report, "transactions", report.transactions)
        for receipt in report.receipts:
            name = receipt_name(receipt.name)
            is_deletion = name.outcome == "accepted" and name.packet.action == "delete"
            add(_month(day_of(receipt.at_us, ZONE)), report, "deleted" if is_deletion else name.outcome)
    rows = [
        Row(month=month, topic=topic, typology=typology, **count) for (month, topic, typology), count in counts.items()
    ]
    rows.sort(key=lambda each: (each.topic == "large", each.typology))
    return sorted(rows, key=lambda each: each.month, reverse=True)


def _is_in_time(report: Report) -> bool:
    """Whether a report was first sent by its clock. Without a clock, or a day that a calendar knows, it was not."""
    clock = next((each for each in report.clocks if each.begun.kind == "file"), None)
    return clock is not None and clock.begun.due_us is not None and clock.state(clock.begun.due_us) == "met"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as a table with a header; no value of it needs quoting.

    >>> as_csv([Row(month="2026-11", topic="large", typology="", opened=1)]).splitlines()[1]
    '2026-11,large,,1,0,0,0,0,0,0,0,0,0,0,0'
    """
    lines = [",".join(COLUMNS), *(",".join(str(getattr(each, name)) for name in COLUMNS) for each in rows)]
    return "\r\n".join(lines) + "\r\n"
