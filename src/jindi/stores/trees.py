"""Files below one folder, each made whole or not at all."""

import io
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO, cast

from jindi.stores.disk import Disk, FileSystem
from jindi.stores.files import FileBlobs

_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]{0,199}\Z", re.ASCII)

LOCK = "_jindi/lock"
"""The file that is locked while a process has the folder for itself."""


class FileTree:
    """The `Files` port over a folder. Readers of tables pass over names that begin with `_` or a dot.

    `private`: what is saved is for its owner's eyes only. OSError comes through as the disk raised it.
    ValueError refuses a path that could lead out of the folder.
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, file_system: FileSystem | None = None, private: bool = False
    ) -> None:
        self._private = private
        self._fs = file_system if file_system is not None else Disk()
        self._folder = os.fspath(folder)
        self._lock_fd = -1

    def hold(self) -> bool:
        """Take the folder for this process alone until `close`; False when another process has it."""
        if self._lock_fd >= 0:
            return True
        self._fs.make_folder(f"{self._folder}/{LOCK.rpartition('/')[0]}")
        fd = self._fs.open(f"{self._folder}/{LOCK}", create=True)
        if not self._fs.lock(fd):
            self._fs.close(fd)
            return False
        self._lock_fd = fd
        return True

    def save(self, path: str, chunks: Iterable[bytes | memoryview]) -> None:
        """Durable and atomic: afterwards the path holds either what it held or all the new chunks."""
        folder, name = self._parted(path)
        FileBlobs(folder, file_system=self._fs).save(name, chunks, private=self._private)

    def names(self) -> tuple[str, ...]:
        """The paths of all files, sorted; the lock is none of them."""
        return tuple(sorted(self._walk("")))

    def open(self, path: str) -> BinaryIO:
        """A file to read from. Raises FileNotFoundError."""
        folder, name = self._parted(path)
        return cast("BinaryIO", io.BufferedReader(_Opened(self._fs, f"{folder}/{name}"), 1 << 16))

    def drop(self, path: str) -> None:
        """Remove a file for good; no error when it is not there."""
        folder, _, name = path.rpartition("/")
        folder, _ = self._parted(f"{folder}/x" if folder else "x")
        with suppress(FileNotFoundError):
            self._fs.remove(f"{folder}/{name}")
            self._fs.sync_folder(folder)

    def close(self) -> None:
        """Let go of the folder."""
        fd, self._lock_fd = self._lock_fd, -1
        if fd >= 0:
            self._fs.close(fd)

    def _parted(self, path: str) -> tuple[str, str]:
        """The folder that a path's file lies in, and its name there."""
        *folders, name = path.split("/")
        for each in folders:
            if not _FOLDER.match(each):
                raise ValueError("a folder's name may hold letters, digits, '.', '_', '=' and '-', and no '/'")
        return "/".join((self._folder, *folders)), name

    def _walk(self, below: str) -> Iterable[str]:
        folder = f"{self._folder}/{below}".rstrip("/")
        if not self._fs.is_folder(folder):
            return
        for name in self._fs.names(folder):
            path = f"{below}/{name}".lstrip("/")
            if self._fs.is_folder(f"{self._folder}/{path}"):
                yield from self._walk(path)
            elif path != LOCK:
                yield path


class _Opened(io.RawIOBase):
    """A file of the file system as Python reads files."""

    def __init__(self, fs: FileSystem, path: str) -> None:
        super().__init__()
        # What is not opened is closed all the same, when Python lets go of it.
        self._fs, self._at, self._fd = fs, 0, -1
        self._fd = fs.open(path, write=False)
        self._size = fs.size(self._fd)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, into: object) -> int:
        view = memoryview(cast("bytearray", into)).cast("B")
        data = self._fs.read(self._fd, len(view), self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._fs.close(fd)
        super().close()
