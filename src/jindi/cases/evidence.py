"""What may be attached to a case: by its content, never by what its name or its sender says it is."""

import io
import re
import zipfile
import zlib
from html import unescape
from typing import Final, Literal

FILE_BYTES_MAX: Final = 5_000_000
"""A file is evidence, not an archive (design default)."""

NAME_MAX: Final = 120
_PARTS_MAX, _UNPACKED_MAX = 2_000, 100_000_000
"""A document of Office is a ZIP file: so many parts and bytes are more than any that people write has."""

Unfit = Literal["file_empty", "file_too_large", "file_kind", "file_active"]
"""Why a file is not taken, by name. `file_active`: it holds something that would run when it is opened."""

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", "application/pdf"),
)
_OFFICE: Final = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_RUNS_IN_PDF: Final = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/XFA")
_NUMBERED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
"""A character of a name in a PDF, written as a number (ISO 32000-1, 7.3.5)."""

_TAG: Final = re.compile(r"(?:[\w.-]+:)?relationship\s")
_OUTSIDE: Final = re.compile(r"targetmode\s*=\s*[\"']\s*external")
_FETCHED: Final = re.compile(
    r"type\s*=\s*[\"'][^\"']*/(?:attachedtemplate|oleobject|frame|subdocument|externallink(?:path)?|afchunk|control)"
    r"\s*[\"']"
)
"""What a document of Office has fetched from elsewhere as soon as it is opened, by the ends of the relations' types."""

_RELATIONS_BYTES_MAX: Final = 2_000_000
_RUNS_IN_OFFICE: Final = ("vbaproject.bin", "activex/", "embeddings/", "externallinks/")


def looked_at(content: bytes) -> tuple[str, Unfit | None]:
    r"""The type of a file by its content, and why it is not taken (None: it is).

    What is looked for in a PDF are names that stand in it openly, or with characters written as numbers; one that hides
    them in a compressed stream is not found out. That is why every file leaves only as a download, never as a page.

    >>> looked_at(b"%PDF-1.7 ..."), looked_at("转账记录".encode()), looked_at(b"MZ\x90\x00")
    (('application/pdf', None), ('text/plain', None), ('', 'file_kind'))
    """
    if not content:
        return "", "file_empty"
    if len(content) > FILE_BYTES_MAX:
        return "", "file_too_large"
    media = next((media for beginning, media in _BEGINNINGS if content.startswith(beginning)), "")
    if media == "application/pdf":
        plain = _NUMBERED.sub(lambda found: bytes([int(found[1], 16)]), content)
        return media, "file_active" if any(name in text for text in (content, plain) for name in _RUNS_IN_PDF) else None
    if media:
        return media, None
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return ("text/plain", None) if _is_text(content) else ("", "file_kind")


def plain_name(name: str) -> str:
    r"""A file's name without folders and without what can't be shown.

    >>> plain_name("C:\\temp\\流水.pdf"), plain_name("../../etc/passwd"), plain_name("")
    ('流水.pdf', 'passwd', 'file')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if each.isprintable()).strip(". ")
    return shown[-NAME_MAX:] or "file"


def _office(content: bytes) -> tuple[str, Unfit | None]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            infos = parts.infolist()
            relations = _relations(parts, infos)
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError, zlib.error):
        # All that the library says of bytes that only begin like an archive, were made up, or are of a kind it lacks.
        return "", "file_kind"
    names = {each.filename for each in infos}
    media = next((media for name, media in _OFFICE.items() if name in names), "")
    if not media or "[Content_Types].xml" not in names:
        return "", "file_kind"
    if len(infos) > _PARTS_MAX or sum(each.file_size for each in infos) > _UNPACKED_MAX or relations is None:
        return media, "file_too_large"
    runs = any(what in name.lower() for name in names for what in _RUNS_IN_OFFICE)
    return media, "file_active" if runs or any(map(_fetches, relations)) else None


def _relations(parts: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> list[bytes] | None:
    """What a document says that it hangs on; None when that is more than any has. What a part says of its own size is
    not believed.
    """
    found, left = [], _RELATIONS_BYTES_MAX
    for info in infos[:_PARTS_MAX]:
        if info.filename.lower().endswith(".rels"):
            with parts.open(info) as opened:
                text = opened.read(left + 1)
            left -= len(text)
            if left < 0:
                return None
            found.append(text)
    return found


def _fetches(relations: bytes) -> bool:
    """Whether something is fetched from elsewhere when the document is opened. Links that a person may click are not;
    what can't be read plainly counts as if it did.
    """
    try:
        text = relations.decode("utf-8-sig")
    except UnicodeDecodeError:
        return True
    if "\0" in text or "<!" in text.replace("<!--", ""):
        return True
    # No attribute can hold a bare `<`, so each tag ends where the next one begins.
    tags = (unescape(each).lower() for each in text.split("<"))
    return any(_TAG.match(tag) and _OUTSIDE.search(tag) and _FETCHED.search(tag) for tag in tags)


def _is_text(content: bytes) -> bool:
    """Whether it is text that a person can read: UTF-8 without control characters. Markup is text, and stays it: it
    leaves as `text/plain`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(each.isprintable() or each in "\t\r\n\u3000\u00a0" for each in text)
