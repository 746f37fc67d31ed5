"""A case file as a PDF, made here: the same as its page for printing, the same bytes for the same state.

No instant of making is in it, so its digest says which state it shows; the audit's record of the download has the
digest, and so anybody can tell later whether a paper is the one that was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jindi.doors.console.case_lines import CaseLine
from jindi.doors.console.case_shapes import counted
from jindi.doors.console.case_story import Moment
from jindi.doors.console.press import Press
from jindi.doors.console.source import JournalPlace
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.run.cases import Leg, Page, Seen


@dataclass(frozen=True, slots=True)
class CasePaper:
    """What stands on a case's paper, as one viewer may see it. `rows` are its decisions, each with the rules that it
    hit and where it stands in the journal; `mask` is what may be shown of whom it is about.
    """

    page: Page
    line: CaseLine
    rows: Sequence[tuple[Seen, tuple[str, ...], JournalPlace | None]]
    moments: Sequence[Moment]
    mask: str | None


def case_paper(view: View, paper: CasePaper) -> bytes:
    """The PDF. It takes some tenths of a second, so it is for a thread."""
    press, case = Press(view), paper.page.case
    t, line = view.t, paper.line
    press.title(f"{t('cases.print.title')} · {case.id}")
    press.muted(t("paper.state", version=case.version, who=view.session.who if view.session is not None else ""))
    press.head(t("cases.facts"))
    press.text(line.doc)
    press.pairs(_facts(view, paper))
    press.head(t("cases.decisions"))
    if len(paper.rows) < case.alerts:
        press.muted(t("cases.decisions.newest", n=len(paper.rows), all=f"{case.alerts:,}"))
    for row in paper.rows:
        press.entry(*_decision(view, *row))
    press.muted(t("cases.print.proof.note"))
    for shape in paper.page.shapes:
        press.section(f"{view.words(shape.doc)} {counted(shape, view)}", [_leg(view, leg) for leg in shape.legs])
    steps = paper.page.typology.steps if paper.page.typology is not None else ()
    press.section(t("cases.steps"), [f"{_tick(n in case.done)} {view.words(step)}" for n, step in enumerate(steps)])
    press.section(t("cases.tasks"), [_task(each) for each in case.tasks])
    press.section(t("cases.files"), [_file(view, each) for each in case.files])
    press.head(t("cases.story"))
    for moment in paper.moments:
        who = moment.who or t("cases.platform")
        told = f"{moment.text} {moment.link[1]}" if moment.link else moment.text
        press.entry(view.at(moment.at_us), f"{who} · {told}", moment.body)
    return press.printed(case.id, t("footer.not_advice"), lambda n, of: t("page.of", n=n, last=of))


def _facts(view: View, paper: CasePaper) -> list[tuple[str, str]]:
    case, line, t = paper.page.case, paper.line, view.t
    subject = f"{view.entity(case.entity)} · {case.subject}" + (f" · {paper.mask}" if paper.mask else "")
    facts = [
        (t("cases.level"), t(f"level.{case.level}")), (t("col.subject"), subject), (t("cases.money"), line.amounts),
        (t("col.status"), t(f"cases.state.{line.state}")), (t("cases.assignee"), case.assignee or t("cases.nobody")),
        (t("cases.opened"), view.at(case.opened_us)), (t("cases.due"), view.at(case.due_us)),
    ]  # fmt: skip
    if case.verdict:
        facts.append((t("cases.verdict"), f"{t(f'cases.verdict.{case.verdict}')} {case.why}"))
    if case.closed_us is not None:
        facts.append((t("cases.closed"), f"{view.at(case.closed_us)} {case.closed_by} {case.approval}"))
    if case.look:
        agrees = t("cases.review.agree" if case.look.agrees else "cases.review.disagree")
        facts.append((t("cases.review.found"), f"{agrees} · {case.look.by}"))
    facts.append((t("cases.tags"), ", ".join(case.tags)))
    return [(name, value) for name, value in facts if value.strip()]


def _decision(view: View, seen: Seen, rules: tuple[str, ...], place: JournalPlace | None) -> tuple[str, str, str]:
    alert = seen.alert
    amount = ""
    if alert.amount_minor is not None and alert.currency:
        amount = view.amount(alert.amount_minor, alert.currency)
    told = [
        view.t(f"outcome.{OUTCOMES[alert.outcome]}"),
        view.event(alert.event_type),
        amount,
        view.status(seen.status),
    ]
    proof = f"{view.t('cases.print.proof', seq=place.seq)} {place.hash}" if place is not None and place.hash else ""
    reasons = f"{view.t('col.rules')}: {', '.join(rules)}" if rules else ""
    return (
        view.at(alert.at_us), " · ".join(filter(None, (seen.decision_id, *told))),
        "\n".join(filter(None, (reasons, proof))),
    )  # fmt: skip


def _leg(view: View, leg: Leg) -> str:
    amount = view.amount(leg.amount_minor, leg.currency)
    return f"{view.at(leg.at_us)} {leg.payer} → {leg.payee} {amount} {leg.decision_id}"


def _tick(is_done: bool) -> str:
    return "[x]" if is_done else "[  ]"


def _task(task: Any) -> str:
    who = task.done_by or task.who
    return f"{_tick(bool(task.done_by))} {task.text}" + (f" · {who}" if who else "")


def _file(view: View, file: Any) -> str:
    gone = f" · {view.t('cases.file.withdrawn', who=file.withdrawn)}" if file.withdrawn else ""
    return f"{file.name} · {file.size:,} B · SHA-256 {file.digest}{gone}"
