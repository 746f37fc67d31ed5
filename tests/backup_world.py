"""A journal that grows by real records, the folder around it, and a place for its backups."""

import asyncio
import json
from contextlib import contextmanager
from functools import cache

from jindi.app.wiring import Outside
from jindi.journal import Chain, unseal
from jindi.run.backup.making import make
from jindi.run.backup.restoring import open_backup, restore
from jindi.run.backup.sealing import BackupKey
from jindi.stores.trees import FileTree
from shop_world import NOON_US, Shop, pay


@cache
def records():
    """The records of a shop's life: definitions, and then decisions."""

    async def go():
        async with Shop() as shop:
            for number in range(40):
                await shop.send(pay(number, f"{1 + number * 377 % 12000}.00", NOON_US, user=f"u{number % 3}"))
            return [record for frame in shop.log.read() for record in unseal(frame.batch).records]

    return asyncio.run(go())


class Folder:
    """A data folder with a journal that `grow` appends to, and the key of its backups."""

    def __init__(self, path, **settings):
        self.outside = Outside()
        self.settled = self.outside.settle({"data": str(path / "data"), **settings})
        self.path, self.place = path, path / "backups"
        self.blobs = self.outside.blobs(self.settled)
        self.signer = self.outside.signer(self.settled)
        self.outside.tokens(self.settled)
        self.key = BackupKey.new(str(self.signer.verifier))
        self.chain = Chain()
        self.log = self.outside.open_log(self.settled)

    def grow(self, sizes=(3, 1, 2)):
        """Append batches of so many records each."""
        known = records()
        for size in sizes:
            first = self.chain.next_seq
            # The first record holds the definitions that all others name.
            batch = [known[0] if seq == 0 else known[1 + seq % (len(known) - 1)] for seq in range(first, first + size)]
            self.log.append(self.chain.seal(batch, first), first, size)
        return self

    def repository(self, files=None):
        repository = self.outside.repository(self.place)
        if files is not None:
            repository._files = files
        return repository

    @contextmanager
    def opened(self, files=None):
        repository = self.repository(files)
        try:
            yield repository
        finally:
            repository.close()

    def back_up(self, files=None, *, source=None, key=None, beside=False, **more):
        """Make a backup: of the log that is open here, or as another process would (`beside`)."""
        source = source or self.outside.backup_source(self.settled, None if beside else self.log)
        with self.opened(files) as repository:
            recipient = (key or self.key).recipient
            return make(repository, source, recipient, self.signer, self.blobs, self.outside.clock, **more)

    def restore(self, to, number=None, *, key=None, at_least=0):
        """What a backup gives back, and where it lies now."""
        settled = self.outside.settle({"data": str(to)})
        key = key or self.key
        with self.opened() as repository:
            manifest, body, _ = open_backup(repository, key, number, at_least)
            room = self.outside.room(settled)
            try:
                restored = restore(repository, key, manifest, body, room)
                room.finish()
            finally:
                room.close()
        return restored, settled

    def given_back(self, to, number=None, **more):
        """The batches that a backup gives back."""
        _, settled = self.restore(to, number, **more)
        return batches(self.outside, settled)

    def batches(self):
        return [(frame.first, frame.count, frame.batch) for frame in self.log.read(0)]

    def files(self):
        """All files of the place."""
        return sorted(path for path in self.place.rglob("*") if path.is_file() and path.name != "lock")


def batches(outside, settled):
    log = outside.view_log(settled)
    try:
        return [(frame.first, frame.count, frame.batch) for frame in log.read(0)]
    finally:
        log.close()


class Breaking:
    """A place that breaks at the n-th thing that is saved: before it is there (even n), or just after it (odd n)."""

    def __init__(self, folder, at, error=KeyboardInterrupt):
        self._tree, self._left, self._after, self._error = FileTree(folder), at // 2, at % 2, error
        self.broke = False

    def save(self, path, chunks):
        if self._left == 0 and not self._after:
            self.broke = True
            raise self._error
        self._tree.save(path, chunks)
        if self._left == 0:
            self.broke = True
            raise self._error
        self._left -= 1

    def __getattr__(self, name):
        return getattr(self._tree, name)


def document(path):
    """The clear part of a manifest."""
    return json.loads(path.read_text("utf-8").split("\n")[1])
