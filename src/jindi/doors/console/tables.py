"""A table as a file that somebody takes away: read page by page, and harmless to whatever opens it."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Literal, get_args

import msgspec
import xlsxwriter
from starlette.responses import Response, StreamingResponse

from jindi.doors.console.view import View

Form = Literal["csv", "xlsx", "json"]
FORMS: tuple[Form, ...] = get_args(Form)
"""What a table can be taken away as."""

Lines = AsyncIterator[Sequence[Sequence[str]]]


def as_file(form: Form, view: View, name: str, head: Sequence[str], lines: Lines) -> Response:
    """A table as a download: CSV for spreadsheets, a workbook, or one JSON object for each row. `head` are the machine
    names of its columns: programs find them in JSON, people have words of the reader's language at the heads.
    """
    if form != "json":
        head = [view.t(f"head.{each}") for each in head]
    media = {"csv": "text/csv; charset=utf-8", "json": "application/json", "xlsx": _XLSX}[form]
    made = {"csv": csv_chunks, "json": _json, "xlsx": _workbook}[form](head, lines)
    return StreamingResponse(
        made, media_type=media, headers={"content-disposition": f'attachment; filename="{name}.{form}"'}
    )  # fmt: skip


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def csv_chunks(head: Sequence[str], lines: Lines) -> AsyncIterator[bytes]:
    """A table as CSV, piece by piece."""
    yield b"\xef\xbb\xbf" + csv_bytes([head])  # spreadsheets need the mark to read Chinese
    async for page in lines:
        yield csv_bytes([[harmless(cell) for cell in line] for line in page])


async def _json(head: Sequence[str], lines: Lines) -> AsyncIterator[bytes]:
    yield b"["
    between = b"\n"
    async for page in lines:
        rows = [msgspec.json.encode(dict(zip(head, line, strict=True))) for line in page]
        if rows:
            yield between + b",\n".join(rows)
            between = b",\n"
    yield b"\n]\n"


async def _workbook(head: Sequence[str], lines: Lines) -> AsyncIterator[bytes]:
    rows = [line async for page in lines for line in page]
    yield await asyncio.to_thread(_sheet, head, rows)


def _sheet(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook with one sheet. Every cell is text, so no program takes one for a formula, rounds an amount, or makes
    a number of an id; and nothing of it is on a disk on the way.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        for column, name in enumerate(head):
            sheet.write_string(0, column, name, bold)
        for number, line in enumerate(rows, 1):
            for column, cell in enumerate(line):
                sheet.write_string(number, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(head) - 1)
    return out.getvalue()


def csv_bytes(lines: Sequence[Sequence[str]]) -> bytes:
    """Lines of a table as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with; the wide ones do in spreadsheets of East Asia."""


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; amounts and scores below zero stay numbers.

    >>> harmless("=1+1"), harmless("-12.50"), harmless("-1+1")
    ("'=1+1", '-12.50', "'-1+1")
    """
    formula = cell.startswith(_FORMULA)
    return "'" + cell if formula and not cell[1:].replace(".", "", 1).isdecimal() else cell
