"""Ports, implemented: bytes and rows on disk, in a database, in memory.

Knows: files, sectors, locks, SQL. Never: what the bytes mean; no domain word stands here.
"""

from jindi.stores.databases import copied
from jindi.stores.disk import Disk, FileSystem
from jindi.stores.files import FileBlobs, MemoryBlobs
from jindi.stores.folders import read_folder, write_folder
from jindi.stores.memory_log import MemoryLog
from jindi.stores.memory_vault import MemoryVault
from jindi.stores.rooms import EmptyRoom
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_acts import SqliteActs
from jindi.stores.sqlite_cases import SqliteCases
from jindi.stores.sqlite_links import SqliteLinks
from jindi.stores.sqlite_log import SqliteLog
from jindi.stores.sqlite_movements import SqliteMovements
from jindi.stores.sqlite_ratings import SqliteRatings
from jindi.stores.sqlite_vault import SqliteVault
from jindi.stores.trees import FileTree

__all__ = [
    "Disk",
    "EmptyRoom",
    "FileBlobs",
    "FileSystem",
    "FileTree",
    "MemoryBlobs",
    "MemoryLog",
    "MemoryVault",
    "SegmentLog",
    "SqliteActs",
    "SqliteCases",
    "SqliteLinks",
    "SqliteLog",
    "SqliteMovements",
    "SqliteRatings",
    "SqliteVault",
    "copied",
    "read_folder",
    "write_folder",
]
