"""Controls, run: each check looks at the real thing, or at a small platform that is made for it, and brings evidence.

A check that finds a fault raises Failed, one that can't look raises CouldNotRun; whatever else it raises counts as
could not run, too. There is no way to pass but to come to the end.
"""

from jindi.run.controls import (
    accounts,
    advisories,
    asked,
    backups,
    coming_in,
    entrance,
    filings,
    incidents,
    journals,
    machine,
    platforms,
    ratings,
    scanners,
    sources,
    staffing,
    transport,
    vaults,
    watch_lists,
)
from jindi.run.controls.ground import CouldNotRun, Evidence, Failed, Ground, Scratch
from jindi.run.controls.registry import CHECKS, Check

# Each of these enters its checks where it is imported.
_ENTERED = (
    accounts, advisories, asked, backups, coming_in, entrance, filings, incidents, journals, machine, platforms,
    ratings, scanners, sources, staffing, transport, vaults, watch_lists,
)  # fmt: skip

__all__ = ["CHECKS", "Check", "CouldNotRun", "Evidence", "Failed", "Ground", "Scratch"]
