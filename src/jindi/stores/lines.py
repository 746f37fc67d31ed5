"""A file of lines that only grows: opened for appending and for nothing else, so it may carry the append-only flag."""

import os
from collections.abc import Iterator


class LineFile:
    """The `Lines` port over one file. Several processes may append: a line is one write."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def append(self, line: str) -> None:
        """Add one line; durable, with its name, when this returns."""
        assert "\n" not in line, "a line is one line"
        # Behind a line that a crash cut off a new one begins; the torn one is told when the lines are read.
        data = f"{'' if self._is_whole() else chr(10)}{line}\n".encode()
        is_new = not os.path.exists(self._path)  # noqa: PTH110 - one system call
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.write(fd, data) != len(data):
                raise OSError(28, "the line was written in part", self._path)
            os.fsync(fd)
        finally:
            os.close(fd)
        if is_new:
            self._sync_folder()

    def read(self) -> Iterator[str]:
        """All lines; what is not UTF-8 shows as such."""
        try:
            with open(self._path, encoding="utf-8", errors="replace", newline="\n") as file:  # noqa: PTH123
                for line in file:
                    yield line.removesuffix("\n")
        except FileNotFoundError:
            return

    def _is_whole(self) -> bool:
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123
                if file.seek(0, os.SEEK_END) == 0:
                    return True
                file.seek(-1, os.SEEK_END)
                return file.read(1) == b"\n"
        except FileNotFoundError:
            return True

    def _sync_folder(self) -> None:
        fd = os.open(os.path.dirname(self._path) or ".", os.O_RDONLY | os.O_DIRECTORY)  # noqa: PTH120
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
