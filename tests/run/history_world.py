"""A journal over memory with everything in it, and an archive of it over a simulated disk or a folder."""

from jindi.journal import Chain
from jindi.run.archive import Archive
from jindi.run.history.follower import Follower
from jindi.stores.memory_log import MemoryLog


def rebatched(log, sizes):
    """The same records in other batches, for a journal's batches fall as they fall."""
    from jindi.journal import unseal

    records = [record for frame in log.read(0) for record in unseal(frame.batch).records]
    other, chain, at = MemoryLog(), Chain(), 0
    for size in sizes:
        if at < len(records):
            some = records[at : at + size]
            other.append(chain.seal(some, at), at, len(some))
            at += len(some)
    if at < len(records):
        other.append(chain.seal(records[at:], at), at, len(records) - at)
    return other


def archived(files, log, **more):
    """Follow a journal to its end."""
    follower = Follower(files, Archive(log), **more)
    follower.follow()
    return follower.manifest
