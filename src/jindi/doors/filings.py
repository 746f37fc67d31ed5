"""Reports against money laundering as programs are given them: one form for the API and whoever asks it."""

from datetime import date
from typing import Any, Final

import msgspec

from jindi.basics.instants import format_instant
from jindi.basics.money import format_minor
from jindi.cases.filings import Clock, Report
from jindi.cases.filings_steps import Approve, Land, Pack, Propose, Send, Step, verb_of
from jindi.parties.reporting.drafts import Draft
from jindi.run.filings.desk import Happened, Page, Told
from jindi.run.filings.large_days import Days, Found

XML: Final = "application/xml"


def report_document(report: Report, now_us: int) -> dict[str, Any]:
    """How a report stands: nothing of what it says."""
    filing = report.filing
    return {
        "id": report.id, "topic": report.topic, "state": report.state, "case": report.case or None,
        "typology": report.typology or None, "follows": report.follows or None, "opened": _at(report.opened_us),
        "opened_by": report.opened_by, "aware": _at(report.aware_us), "proposed_by": report.proposed_by or None,
        "approved_by": filing.approved_by or None, "digest": report.packet.digest if report.packet else None,
        "subjects": report.subjects, "transactions": report.transactions, "why": report.why or None,
        "packets": [each.text for each in filing.packets],
        "first_sent_on": filing.first_sent_on.isoformat() if filing.first_sent_on else None,
        "clocks": [_clock(each, now_us) for each in report.clocks], "late": report.is_late(now_us),
        "version": report.version,
    }  # fmt: skip


def page_document(page: Page, now_us: int) -> dict[str, Any]:
    """A report in full, with what it says, what it lacks, what happened, and its receipts."""
    return report_document(page.report, now_us) | {
        "draft": None if page.draft is None else draft_document(page.draft),
        "problems": [{"item": each.item, "problem": each.problem, "remedy": each.remedy} for each in page.problems],
        "receipts": [receipt_document(each) for each in page.receipts],
        "kept_until": page.kept_until.isoformat() if page.kept_until else None,
        "story": [_happened(each) for each in page.story],
    }


def draft_document(draft: Draft) -> dict[str, Any]:
    """What people wrote."""
    found: dict[str, Any] = msgspec.to_builtins(draft)
    return found


def receipt_document(told: Told) -> dict[str, Any]:
    """A receipt, with each error's place; `errors` None: they could not be read."""
    errors = None if told.errors is None else [
        {
            "field": each.field, "code": each.code, "place": each.place, "says": each.says,
            "name": {"zh": each.words.zh, "en": each.words.en} if each.words is not None else None,
        }
        for each in told.errors
    ]  # fmt: skip
    return {
        "name": told.name, "by": told.by, "at": _at(told.at_us), "errors": errors, "asks": told.asks or None,
        "until": told.until or None,
    }  # fmt: skip


def days_document(days: Days, today: date, behind: int) -> dict[str, Any]:
    """Large days, the newest first."""
    return {
        "days": [_found(each, today) for each in days.found], "unconverted": days.unconverted, "behind": behind,
        "today": today.isoformat(),
    }  # fmt: skip


def _found(found: Found, today: date) -> dict[str, Any]:
    large = found.large
    return {
        "customer": large.customer, "day": large.day.isoformat(), "code": large.criterion.code,
        "direction": large.direction, "decisions": list(found.decisions),
        "lines": [
            {"currency": line.currency, "of": line.of, "sum": format_minor(line.sum_minor, line.currency),
             "line": format_minor(line.threshold_minor, line.currency), "mark": line.mark,
             "basis": {"zh": line.basis.zh, "en": line.basis.en}}
            for line in large.lines
        ],
        "due": found.due.day.isoformat() if found.due is not None else None,
        "settled": found.due.is_settled if found.due is not None else None, "late": found.is_late(today),
        "report": found.report.id if found.report is not None else None,
        "state": found.report.state if found.report is not None else None, "grown": found.is_grown,
    }  # fmt: skip


def _clock(clock: Clock, now_us: int) -> dict[str, Any]:
    begun = clock.begun
    return {
        "kind": begun.kind, "start": _at(begun.start_us), "due": _at(begun.due_us) if begun.due_us else None,
        "settled": begun.is_settled, "state": clock.state(now_us),
        "sent_on": clock.sent_on.isoformat() if clock.sent_on else None, "mark": begun.mark,
        "basis": {"zh": begun.zh, "en": begun.en},
    }  # fmt: skip


def _happened(happened: Happened) -> dict[str, Any]:
    return {"at": _at(happened.at_us), "by": happened.name, "verb": verb_of(happened.step), "says": said(happened.step)}


def said(step: Step) -> str:
    """The one thing that is worth telling of a step: a reason, a name, a day, a digest."""
    match step:
        case Pack(stem):
            return stem
        case Send(on):
            return on.isoformat()
        case Approve(digest):
            return digest
        case Propose():
            return step.packet.digest
        case Land():
            return step.name
        case _:
            return str(getattr(step, "why", ""))


def _at(at_us: int) -> str:
    return format_instant(at_us)
