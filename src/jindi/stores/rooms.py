"""An empty folder that is filled under another name and gets its own when everything in it is durable."""

import os
import shutil
from pathlib import Path

from jindi.basics.problems import Problem, Problems
from jindi.ports import Blobs, Files, Log
from jindi.stores.disk import Disk
from jindi.stores.files import FileBlobs
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_log import SqliteLog
from jindi.stores.trees import FileTree


class _Patient(Disk):
    """A disk that is synced once, at the end: before that nothing has the name by which it would be believed."""

    def sync(self, fd: int) -> None:
        """Nothing yet."""

    def sync_folder(self, folder: str) -> None:
        """Nothing yet."""


class EmptyRoom:
    """A data folder on its way: a journal, files and blobs below `.NAME.restoring`, beside the folder that it becomes.

    Raises Problems when the folder holds anything, or when an earlier one was left on its way.
    """

    def __init__(self, folder: Path, journal: str = "segments") -> None:
        self._folder, self._under_way = folder.absolute(), folder.absolute().parent / f".{folder.name}.restoring"
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())):
            what = "is there and not empty; nothing is ever restored over what is there"
            raise Problems([Problem(str(folder), "", what, "name a new folder")])
        try:
            self._under_way.parent.mkdir(parents=True, exist_ok=True)
            self._under_way.mkdir(mode=0o700)
        except FileExistsError:
            what = "an interrupted restore has left this"
            raise Problems([Problem(str(self._under_way), "", what, "remove it, and begin again")]) from None
        disk = _Patient()
        place = self._under_way / ("journal.sqlite" if journal == "sqlite" else "journal")
        # What is there from here on is ours, and `close` removes it.
        self.log: Log = SqliteLog(place) if journal == "sqlite" else SegmentLog(place, file_system=disk)
        self.files: Files = FileTree(self._under_way, file_system=disk, private=True)
        self.blobs: Blobs = FileBlobs(self._under_way / "state", file_system=disk)

    def finish(self) -> None:
        """Make everything durable, and give it its name."""
        self.log.close()
        self.files.close()
        disk = Disk()
        for folder, _, names in os.walk(self._under_way):
            for name in names:
                fd = disk.open(f"{folder}/{name}", write=False)
                try:
                    disk.sync(fd)
                finally:
                    disk.close(fd)
            Path(folder).chmod(0o700)
            disk.sync_folder(folder)
        # Over an empty folder, or over nothing; whatever has come there meanwhile stops it.
        disk.rename(str(self._under_way), str(self._folder))
        disk.sync_folder(str(self._folder.parent))

    def close(self) -> None:
        """Let go; what was not finished goes away."""
        self.log.close()
        self.files.close()
        shutil.rmtree(self._under_way, ignore_errors=True)
