"""A disk that forgets: the `FileSystem` of the stores over memory, with power cuts and failures on demand.

A file has what programs see and what survives. A write is seen at once; each of its 512-byte sectors waits,
and a power cut keeps any version of each, in any combination, until a sync makes the newest one durable.
Names made, changed and removed wait in the same way until their folder is synced. A sync that fails drops
what waited: it stays visible and never becomes durable, which is what real kernels do.

A half write stops at any byte that leaves at least 40 bytes off (real ones stop at pages): the stores'
page says why the very last bytes can't be told from damage.
"""

import errno
import os
from random import Random

SECTOR = 512


class Died(BaseException):
    """The process ended in the middle of a call; nothing of it may run on."""


class _File:
    def __init__(self, content=b""):
        self.seen = bytearray(content)
        self.kept = bytearray(content)
        self.waiting = {}  # sector number → versions that a power cut may keep
        self.sizes = []

    def write(self, data, at):
        if len(self.seen) < at + len(data):
            self.seen.extend(bytes(at + len(data) - len(self.seen)))
            self.sizes.append(len(self.seen))
        self.seen[at : at + len(data)] = data
        for sector in range(at // SECTOR, (at + len(data) + SECTOR - 1) // SECTOR):
            version = bytes(self.seen[sector * SECTOR : (sector + 1) * SECTOR])
            self.waiting.setdefault(sector, []).append(version)

    def allocate(self, size):
        if len(self.seen) < size:
            self.seen.extend(bytes(size - len(self.seen)))
            self.sizes.append(size)

    def keep(self, choose):
        if self.sizes and (size := choose([len(self.kept), *self.sizes])) > len(self.kept):
            self.kept.extend(bytes(size - len(self.kept)))
        for sector, versions in self.waiting.items():
            begin = sector * SECTOR
            version = choose([bytes(self.kept[begin : begin + SECTOR]), *versions])
            self.kept[begin : begin + SECTOR] = version[: max(0, len(self.kept) - begin)]
        self.waiting, self.sizes = {}, []


def newest(versions):
    return versions[-1]


class SimulatedDisk:
    """`fail_at` is the number of the call that fails, `how` the way: die, die_half, die_after, or an errno
    name (refused before anything was done) or the same with `_half` (something was done)."""

    def __init__(self, seed=0):
        self.chance = Random(seed)
        self.seen, self.kept, self.waiting = {}, {}, []
        self.folders = set()
        self.fds, self.locked, self.gone = {}, {}, set()
        self.serial = 2
        self.calls, self.log = 0, []
        self.fail_at, self.how = None, "die"

    # -- what happens to the machine

    def kill(self):
        """The process ends; the kernel lives, and so does all that was written."""
        self.gone |= self.fds.keys()
        self.fds, self.locked, self.fail_at = {}, {}, None

    def power_cut(self):
        """All that was not synced survives or not, sector by sector and name by name."""
        self.kill()
        for change in self.waiting:
            if self.chance.random() < 0.5:
                self._apply(self.kept, change)
        self.waiting = []
        for file in {id(f): f for f in (*self.kept.values(), *self.seen.values())}.values():
            file.keep(self.chance.choice)
        self.seen = {path: _File(file.kept) for path, file in self.kept.items()}
        self.kept = dict(self.seen)

    def inject(self, fail_at, how):
        self.fail_at, self.how = self.calls + fail_at, how

    def content(self, path):
        return self.seen[path].seen

    # -- the file system

    def make_folder(self, path):
        self._call("make_folder", lambda: self.folders.add(path))

    def names(self, folder):
        below = [path.removeprefix(f"{folder}/") for path in self.seen if path.startswith(f"{folder}/")]
        found = sorted({path.partition("/")[0] for path in below})
        return self._call("names", lambda: found)

    def is_folder(self, path):
        return self._call("is_folder", lambda: any(each.startswith(f"{path}/") for each in self.seen))

    def open(self, path, *, create=False, write=True, private=False):
        def act():
            if path not in self.seen:
                if not create:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
                self._change([(path, _File())])
            self.serial += 1
            self.fds[self.serial] = (self.seen[path], write)
            return self.serial

        return self._call("open", act)

    def close(self, fd):
        if fd in self.gone:
            return  # it was closed with its process, whose objects the test's own process lets go of only now

        def act():
            self.locked = {file: owner for file, owner in self.locked.items() if owner != fd}
            del self.fds[fd]

        self._call("close", act)

    def size(self, fd):
        return self._call("size", lambda: len(self.fds[fd][0].seen))

    def read(self, fd, size, at):
        return self._call("read", lambda: bytes(self.fds[fd][0].seen[at : at + size]))

    def write(self, fd, data, at):
        file, writable = self.fds[fd]
        assert writable, "the file was opened for reading"
        data = bytes(data)
        part = data[: self.chance.randint(0, max(0, len(data) - 40))]
        self._call("write", lambda: file.write(data, at), lambda: file.write(part, at))

    def allocate(self, fd, size):
        file = self.fds[fd][0]
        self._call("allocate", lambda: file.allocate(size), lambda: file.allocate(size // 2))

    def sync(self, fd):
        file = self.fds[fd][0]
        self._call("sync", lambda: file.keep(newest), lambda: file.keep(self.chance.choice))

    def rename(self, old, new):
        act = lambda: self._change([(new, self.seen[old]), (old, None)])  # noqa: E731
        self._call("rename", act, act)

    def remove(self, path):
        def act():
            if path not in self.seen:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            self._change([(path, None)])

        self._call("remove", act, act)

    def sync_folder(self, folder):
        def act():
            for change in self.waiting:
                self._apply(self.kept, change)
            self.waiting = []

        self._call("sync_folder", act)

    def lock(self, fd):
        def act():
            file = id(self.fds[fd][0])
            return self.locked.setdefault(file, fd) == fd

        return self._call("lock", act)

    # -- how a call fails

    def _call(self, name, act, half=None):
        self.calls += 1
        self.log.append(name)
        if self.calls != self.fail_at:
            return act()
        if self.how == "die_after":
            act()
        elif self.how.endswith("half") and half is not None:
            half()
        if self.how.startswith("die"):
            raise Died(name)
        number = getattr(errno, self.how.partition("_")[0])
        raise OSError(number, os.strerror(number))

    def _change(self, change):
        self._apply(self.seen, change)
        self.waiting.append(change)

    @staticmethod
    def _apply(names, change):
        for path, file in change:
            if file is None:
                names.pop(path, None)
            else:
                names[path] = file
