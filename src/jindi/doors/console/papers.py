"""A case file as a PDF, made here: the same as its page for printing, the same bytes for the same state.

No instant of making is in it, so its digest says which state it shows; the audit's record of the download has the
digest, and so anybody can tell later whether a paper is the one that was taken. Fonts are those that every reader of
PDF brings along, none is embedded: Helvetica, Courier, and STSong-Light for Chinese.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from typing import Any, Final

from jindi.doors.console.case_lines import CaseLine
from jindi.doors.console.case_story import Moment
from jindi.doors.console.source import JournalPlace
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.run.cases import Page, Seen

HAN: Final = "STSong-Light"
PLAIN, BOLD, MONO = "Helvetica", "Helvetica-Bold", "Courier"
_MARGIN: Final = 48


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


def runs(text: str) -> Iterator[tuple[bool, str]]:
    """A text as pieces that one font can show: whether a piece is Chinese, and the piece. What neither font has, and
    what nobody would see, stands there as its number.

    >>> list(runs("案 A😀"))
    [(True, '案'), (False, ' A[U+1F600]')]
    """
    shown = [(_is_han(char), char) if _is_shown(char) else (False, f"[U+{ord(char):04X}]") for char in text]
    for is_han, piece in groupby(shown, key=lambda each: each[0]):
        yield is_han, "".join(char for _, char in piece)


def _is_han(char: str) -> bool:
    return not _fits(char, "cp1252") and _fits(char, "gbk")


def _is_shown(char: str) -> bool:
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")
    return not hidden and (_fits(char, "cp1252") or _fits(char, "gbk"))


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def case_paper(view: View, paper: CasePaper) -> bytes:
    """The PDF. It takes some tenths of a second, so it is for a thread."""
    press, case = _Press(view), paper.page.case
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


def _tick(is_done: bool) -> str:
    return "[x]" if is_done else "[  ]"


def _task(task: Any) -> str:
    who = task.done_by or task.who
    return f"{_tick(bool(task.done_by))} {task.text}" + (f" · {who}" if who else "")


def _file(view: View, file: Any) -> str:
    gone = f" · {view.t('cases.file.withdrawn', who=file.withdrawn)}" if file.withdrawn else ""
    return f"{file.name} · {file.size:,} B · SHA-256 {file.digest}{gone}"


@cache
def _printer() -> Any:
    """What makes PDF, loaded when the first paper is asked for: it takes a while, and most days nobody asks."""
    from reportlab.lib import colors, pagesizes, styles  # noqa: PLC0415
    from reportlab.pdfbase import cidfonts, pdfmetrics  # noqa: PLC0415
    from reportlab.pdfgen import canvas  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table  # noqa: PLC0415

    pdfmetrics.registerFont(cidfonts.UnicodeCIDFont(HAN))
    return {
        "colors": colors, "size": pagesizes.A4, "style": styles.ParagraphStyle, "canvas": canvas.Canvas,
        "Paragraph": Paragraph, "Document": SimpleDocTemplate, "Spacer": Spacer, "Table": Table,
    }  # fmt: skip


class _Press:
    """Sets lines of text one under the other."""

    def __init__(self, view: View) -> None:
        self._view, self._p = view, _printer()
        self._story: list[Any] = []

    def title(self, text: str) -> None:
        self._story.append(self._set(text, 15, bold=True))

    def muted(self, text: str) -> None:
        self._story.append(self._set(text, 8, muted=True))

    def head(self, text: str) -> None:
        self._story += [self._p["Spacer"](1, 8), self._set(text, 11, bold=True, keep=True)]

    def text(self, text: str) -> None:
        self._story.append(self._set(text, 9))

    def section(self, title: str, lines: Sequence[str]) -> None:
        """A part with its lines; without any it is not there."""
        if lines:
            self.head(title)
            for line in lines:
                self.text(line)

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names with their values, side by side."""
        width = self._p["size"][0] - 2 * _MARGIN
        rows = [[self._set(name, 9, muted=True), self._set(value, 9)] for name, value in pairs]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0),
                 ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]  # fmt: skip
        self._story.append(self._p["Table"](rows, colWidths=[width * 0.2, width * 0.8], style=style))

    def entry(self, when: str, text: str, below: str) -> None:
        """A line with its instant in front, and what belongs to it beneath."""
        self._story.append(self._set(f"{when}  {text}", 9))
        for line in below.splitlines():
            self._story.append(self._set(line, 8, muted=True, indent=12))

    def _set(
        self, text: str, size: int, *, bold: bool = False, muted: bool = False, indent: int = 0, keep: bool = False
    ) -> Any:
        pieces = list(runs(text))
        colors = self._p["colors"]
        style = self._p["style"](
            "line", fontName=BOLD if bold else PLAIN, fontSize=size, leading=size * 1.45, leftIndent=indent,
            textColor=colors.HexColor("#5A6673") if muted else colors.black, spaceAfter=2, keepWithNext=keep,
            # Chinese breaks anywhere; words in Latin letters only where they end.
            wordWrap="CJK" if any(is_han for is_han, _ in pieces) else None,
        )  # fmt: skip
        marked = "".join(
            f'<font name="{HAN}">{escape(piece)}</font>' if is_han else escape(piece) for is_han, piece in pieces
        )
        return self._p["Paragraph"](marked, style)

    def printed(self, name: str, foot: str, number: Any) -> bytes:
        """All of it on pages with numbers and the sentence at their feet."""
        out = io.BytesIO()
        document = self._p["Document"](
            out, pagesize=self._p["size"], leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN,
            bottomMargin=_MARGIN + 16, title=name, author="Jindi", lang=self._view.html_lang, invariant=1,
        )  # fmt: skip
        document.build(self._story, canvasmaker=_numbered(self._p["canvas"], name, foot, number))
        return out.getvalue()


def _numbered(canvas: Any, name: str, foot: str, number: Any) -> Any:
    """A canvas that knows how many pages there are when it writes the number of each."""

    class Numbered(canvas):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the name that it is called by
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for at, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                _line(self, _MARGIN, 36, foot)
                _line(self, _MARGIN, 24, f"{name} · {number(at, len(self._kept))}")
                super().showPage()
            super().save()

    return Numbered


def _line(canvas: Any, x: float, y: float, text: str) -> None:
    """A line at the foot of a page."""
    for font, piece in _fonts(runs(text)):
        canvas.setFont(font, 7)
        canvas.drawString(x, y, piece)
        x += canvas.stringWidth(piece, font, 7)


def _fonts(pieces: Iterable[tuple[bool, str]]) -> Iterator[tuple[str, str]]:
    for is_han, piece in pieces:
        yield HAN if is_han else PLAIN, piece
