"""Papers as PDF, made here: lines of text in both languages on numbered pages, the same bytes for the same lines.

No instant of making is in them. Fonts are those that every reader of PDF brings along, none is embedded: Helvetica,
Courier, and STSong-Light for Chinese.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from itertools import groupby
from typing import Any, Final

from jindi.doors.console.view import View

HAN: Final = "STSong-Light"
PLAIN, BOLD, MONO = "Helvetica", "Helvetica-Bold", "Courier"
_MARGIN: Final = 48


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


class Press:
    """Sets lines of text one under the other. It takes some tenths of a second, so it is for a thread."""

    def __init__(self, view: View) -> None:
        self._view, self._p = view, _printer()
        self._story: list[Any] = []

    def title(self, text: str) -> None:
        """What the paper is called."""
        self._story.append(self._set(text, 15, bold=True))

    def muted(self, text: str) -> None:
        """A small line."""
        self._story.append(self._set(text, 8, muted=True))

    def head(self, text: str) -> None:
        """The head of a part."""
        self._story += [self._p["Spacer"](1, 8), self._set(text, 11, bold=True, keep=True)]

    def text(self, text: str) -> None:
        """A line."""
        self._story.append(self._set(text, 9))

    def below(self, text: str, depth: int = 0) -> None:
        """A small line that belongs to the one before, the further in the deeper it is."""
        self._story.append(self._set(text, 8, muted=True, indent=12 + 9 * min(depth, 8)))

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
