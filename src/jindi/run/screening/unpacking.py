"""A list as somebody hands it in: one file, packed or not, or several in a ZIP. Nothing in it is larger than it may be.

Knows: gzip and ZIP, and that what is small may unpack to anything. Never: what stands in a list.
"""

import gzip
import io
import zipfile
import zlib
from typing import Final

from jindi.basics.problems import Problem, Problems

FILES_MAX: Final = 20
UNPACKED_BYTES_MAX: Final = 256 << 20
"""(design default) All files of one hand-in together, unpacked; the largest list of a publisher takes some 30 MB."""

_REMEDY: Final = "hand in the publisher's file as it is, or as .gz or .zip"


def unpacked(name: str, data: bytes) -> dict[str, bytes]:
    """The files of what was handed in, by their names. Raises Problems."""
    if data[:2] == b"\x1f\x8b":
        return {name.removesuffix(".gz"): _inflated(name, data)}
    if data[:4] != b"PK\x03\x04":
        return {name: data}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = [each for each in archive.infolist() if not each.is_dir()]
            if len(inside) > FILES_MAX:
                raise _problem(name, f"holds more than {FILES_MAX} files")
            if sum(each.file_size for each in inside) > UNPACKED_BYTES_MAX:
                raise _problem(name, f"unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB")
            found = {each.filename: _read(archive, each) for each in inside}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise _problem(name, "is no whole ZIP") from None
    left, plain = UNPACKED_BYTES_MAX, dict[str, bytes]()
    for each, content in found.items():
        is_packed = content[:2] == b"\x1f\x8b"
        plain[each.removesuffix(".gz")] = whole = _inflated(each, content, left) if is_packed else content
        left -= len(whole)
    return plain


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member, and no more of it than it says."""
    with archive.open(member) as file:
        return file.read(member.file_size + 1)[: member.file_size]


def _inflated(name: str, data: bytes, most: int = UNPACKED_BYTES_MAX) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            found = file.read(max(most, 0) + 1)
    except (OSError, EOFError, zlib.error):
        raise _problem(name, "is no whole gzip file") from None
    if len(found) > most:
        raise _problem(name, f"unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB")
    return found


def _problem(name: str, problem: str) -> Problems:
    return Problems([Problem(name[:100], "", problem, _REMEDY)])
