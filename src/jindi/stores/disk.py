"""The few calls on files that the stores make, on one page.

Everything that must survive a power cut goes through a `FileSystem`, so that a test can fail each call in
turn, or put a disk underneath that forgets whatever was not synced.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from typing import Protocol

_fdatasync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
_allocate: Callable[[int, int, int], None] | None = getattr(os, "posix_fallocate", None)

_held: set[int] = set()


def _let_go_in_child() -> None:
    """A lock belongs to the process that took it: a forked one must not keep it when its parent ends."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go_in_child)


class FileSystem(Protocol):
    """Files and folders as the stores use them; every method raises OSError when the disk will not."""

    def make_folder(self, path: str) -> None:
        """Create a folder and its parents durably; no error when it is there already."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder has this name; a symbolic link is none."""

    def open(self, path: str, *, create: bool = False, write: bool = True, private: bool = False) -> int:
        """A descriptor; symbolic links are not followed. `private` files are made with mode 0600."""

    def close(self, fd: int) -> None:
        """Give the descriptor back."""

    def size(self, fd: int) -> int:
        """Bytes in the file."""

    def read(self, fd: int, size: int, at: int) -> bytes:
        """`size` bytes from offset `at`; fewer only at the end of the file."""

    def write(self, fd: int, data: bytes | memoryview, at: int) -> None:
        """All of `data` at offset `at`."""

    def allocate(self, fd: int, size: int) -> None:
        """Make the file at least `size` bytes long and reserve the disk space for all of it."""

    def sync(self, fd: int) -> None:
        """When this returns, what was written to the file survives a power cut."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what had it."""

    def remove(self, path: str) -> None:
        """Forget a name."""

    def sync_folder(self, folder: str) -> None:
        """When this returns, names made, changed and removed in the folder survive a power cut."""

    def lock(self, fd: int) -> bool:
        """Take the file for this process alone; False when another has it. `close` lets go."""


class Disk:
    """The `FileSystem` of the operating system."""

    def make_folder(self, path: str) -> None:
        """Create a folder and its parents durably; no error when it is there already."""
        path = os.path.abspath(path)  # noqa: PTH100 - the stores speak the system's own calls
        missing = []
        while not os.path.isdir(path):  # noqa: PTH112
            missing.append(path)
            path = os.path.dirname(path)  # noqa: PTH120
        for made in reversed(missing):
            try:
                os.mkdir(made, 0o750)  # noqa: PTH102
            except FileExistsError:
                if not os.path.isdir(made):  # noqa: PTH112
                    raise
            self.sync_folder(os.path.dirname(made))  # noqa: PTH120

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted."""
        return sorted(os.listdir(folder))  # noqa: PTH208

    def is_folder(self, path: str) -> bool:
        """Whether a folder has this name; a symbolic link is none."""
        return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114

    def open(self, path: str, *, create: bool = False, write: bool = True, private: bool = False) -> int:
        """A descriptor; symbolic links are not followed. `private` files are made with mode 0600."""
        flags = os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_RDWR if write else os.O_RDONLY)
        return os.open(path, flags | (os.O_CREAT if create else 0), 0o600 if private else 0o640)

    def close(self, fd: int) -> None:
        """Give the descriptor back."""
        if fd in _held:
            _held.discard(fd)
            fcntl.flock(fd, fcntl.LOCK_UN)  # also for a child that was forked a moment ago and still has a copy
        os.close(fd)

    def size(self, fd: int) -> int:
        """Bytes in the file."""
        return os.fstat(fd).st_size

    def read(self, fd: int, size: int, at: int) -> bytes:
        """`size` bytes from offset `at`; fewer only at the end of the file."""
        data = os.pread(fd, size, at)
        if len(data) == size or not data:
            return data
        parts, got = [data], len(data)
        while got < size and (more := os.pread(fd, size - got, at + got)):
            parts.append(more)
            got += len(more)
        return b"".join(parts)

    def write(self, fd: int, data: bytes | memoryview, at: int) -> None:
        """All of `data` at offset `at`."""
        done = os.pwrite(fd, data, at)
        while done < len(data):  # the system may take less at a time: a signal, a disk that is nearly full
            more = os.pwrite(fd, memoryview(data)[done:], at + done)
            if not more:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            done += more

    def allocate(self, fd: int, size: int) -> None:
        """Make the file at least `size` bytes long and reserve the disk space for all of it."""
        if _allocate is not None:
            _allocate(fd, 0, size)
        elif os.fstat(fd).st_size < size:
            os.ftruncate(fd, size)  # the zeros that the stores write reserve the space on such systems

    def sync(self, fd: int) -> None:
        """When this returns, what was written to the file survives a power cut."""
        _fdatasync(fd)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what had it."""
        os.replace(old, new)  # noqa: PTH105

    def remove(self, path: str) -> None:
        """Forget a name."""
        os.unlink(path)  # noqa: PTH108

    def sync_folder(self, folder: str) -> None:
        """When this returns, names made, changed and removed in the folder survive a power cut."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, fd: int) -> bool:
        """Take the file for this process alone; False when another has it. `close` lets go."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _held.add(fd)
        return True


_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "free space on it, then start again"),
    errno.EDQUOT: ("the disk quota is used up", "raise the quota or free space, then start again"),
    errno.EROFS: (
        "the file system is read-only",
        "look in the system log for why, repair and remount it, then start again",
    ),
    errno.EIO: (
        "the disk reported an error",
        "check the disk before starting again; restore from a copy if it is failing",
    ),
    errno.EACCES: ("permission denied", "give the folder to the user that runs this, then start again"),
    errno.EMFILE: ("too many open files", "raise the limit of open files, then start again"),
}


def failure_words(problem: OSError) -> tuple[str, str]:
    """What an OSError means to an operator, and what to do about it."""
    if problem.errno in _REMEDIES:
        return _REMEDIES[problem.errno]
    return (problem.strerror or "the operating system refused", "mend the cause, then start again")
