"""Named byte strings, replaced whole: in a folder, or in memory."""

import itertools
import os
import re
import threading
from collections.abc import Iterable

from jindi.stores.disk import Disk, FileSystem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z", re.ASCII)
_serial = itertools.count()


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(
            "the name of a blob may hold letters, digits, '.', '_' and '-' only, must begin with a letter "
            "or a digit, and is at most 200 characters long"
        )
    return name


class FileBlobs:
    """The `Blobs` port over a folder: one file for each name, replaced by a rename after it was synced.

    OSError comes through as the disk raised it; the old bytes are then still there. ValueError refuses a
    name that could lead out of the folder. What an interrupted save left behind has a name that begins
    with a dot and is invisible here; `tidy` removes it.
    """

    def __init__(self, folder: str | os.PathLike[str], *, file_system: FileSystem | None = None) -> None:
        self._fs = file_system if file_system is not None else Disk()
        self._folder = os.fspath(folder)
        self._fs.make_folder(self._folder)

    def save(self, name: str, chunks: Iterable[bytes | memoryview], *, private: bool = False) -> None:
        """Durable and atomic: afterwards the name holds either the old bytes or all the new chunks."""
        fs, path = self._fs, f"{self._folder}/{_checked(name)}"
        # No two saves share a file under way, be it of two threads or of two processes.
        under_way = f"{self._folder}/.{name}.{os.getpid()}-{threading.get_ident()}-{next(_serial)}.new"
        fd = fs.open(under_way, create=True, private=private)
        try:
            try:
                at = 0
                for chunk in chunks:
                    view = memoryview(chunk).cast("B")
                    fs.write(fd, view, at)
                    at += len(view)
                fs.sync(fd)
            finally:
                fs.close(fd)
            fs.rename(under_way, path)
        except Exception:
            self._forget(under_way)
            raise
        fs.sync_folder(self._folder)

    def load(self, name: str) -> bytes | None:
        """The bytes, or None when there is no such name."""
        try:
            fd = self._fs.open(f"{self._folder}/{_checked(name)}", write=False)
        except FileNotFoundError:
            return None
        try:
            return self._fs.read(fd, self._fs.size(fd), 0)
        finally:
            self._fs.close(fd)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """All names that start with `prefix`, sorted."""
        return tuple(name for name in self._fs.names(self._folder) if name.startswith(prefix) and _NAME.match(name))

    def drop(self, name: str) -> None:
        """Forget a name; no error when it is not there."""
        try:
            self._fs.remove(f"{self._folder}/{_checked(name)}")
        except FileNotFoundError:
            return
        self._fs.sync_folder(self._folder)

    def tidy(self) -> int:
        """Remove what interrupted saves left; only for the process that alone uses the folder."""
        left = [n for n in self._fs.names(self._folder) if n.startswith(".") and n.endswith(".new")]
        for name in left:
            self._fs.remove(f"{self._folder}/{name}")
        return len(left)

    def _forget(self, path: str) -> None:
        try:
            self._fs.remove(path)
        except OSError:
            return  # the disk is in trouble already, and says so; `tidy` comes later


class MemoryBlobs:
    """The `Blobs` port that lives as long as the process."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def save(self, name: str, chunks: Iterable[bytes | memoryview], *, private: bool = False) -> None:  # noqa: ARG002
        """The name holds all the new chunks; memory is private already."""
        _checked(name)
        self._blobs[name] = b"".join(chunks)

    def load(self, name: str) -> bytes | None:
        """The bytes, or None when there is no such name."""
        return self._blobs.get(_checked(name))

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """All names that start with `prefix`, sorted."""
        return tuple(sorted(name for name in self._blobs if name.startswith(prefix)))

    def drop(self, name: str) -> None:
        """Forget a name; no error when it is not there."""
        self._blobs.pop(_checked(name), None)
