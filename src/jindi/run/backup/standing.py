"""How backups stand: the newest one, the newest drill, and what is overdue."""

from dataclasses import dataclass
from typing import Literal

from jindi.basics.instants import DAY_US, HOUR_US, format_instant
from jindi.journal import Verifier
from jindi.ports import Blobs
from jindi.run.backup.drill import Drill, drills
from jindi.run.backup.making import Memory
from jindi.run.backup.manifest import Broken, Manifest
from jindi.run.backup.repository import Repository
from jindi.run.backup.sealing import Recipient

GRACE = 2
"""A backup is overdue when so many of its intervals have passed: one may fail and be made again unnoticed."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that should have been done by now: `backup` or `drill`, and how it stands in words."""

    what: Literal["backup", "drill"]
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How backups stand. `drill` is the newest one that the backup key has signed, passed or not."""

    numbers: tuple[int, ...]
    backup: Manifest | None
    drill: Drill | None
    passed: Drill | None
    overdue: tuple[Overdue, ...]


def standing(
    repository: Repository, verifier: Verifier, recipient: Recipient, blobs: Blobs, backup_hours: int, drill_days: int,
    now_us: int,
) -> Standing:  # fmt: skip
    """How the backups of a place stand. Hours or days of 0 set no limit. Raises Broken when the newest is not whole or
    older than the one that this machine has made, Problems when there is no repository.
    """
    identity = repository.identity()
    numbers = repository.numbers()
    remembered = Memory(blobs, identity.id).load(lambda number: _digest(repository, number, verifier))
    if not numbers and remembered is not None:
        raise Broken("manifests", f"backup {remembered.number} is known to have been made, and there is none here")
    backup = repository.newest(verifier, remembered.number if remembered is not None else 0)[0] if numbers else None
    made = drills(repository, recipient.drills)
    passed = [each for each in made if each.ok]
    return Standing(
        numbers, backup, made[-1] if made else None, passed[-1] if passed else None,
        tuple(overdue(backup, passed[-1] if passed else None, backup_hours, drill_days, now_us)),
    )  # fmt: skip


def _digest(repository: Repository, number: int, verifier: Verifier) -> str | None:
    try:
        return repository.load(number, verifier)[1]
    except Broken:
        return None


def overdue(
    backup: Manifest | None, passed: Drill | None, backup_hours: int, drill_days: int, now_us: int
) -> list[Overdue]:
    """What should have been done by now. Hours or days of 0 set no limit."""
    found: list[Overdue] = []
    if backup_hours and (backup is None or now_us - backup.at_us > GRACE * backup_hours * HOUR_US):
        when = "none was made yet" if backup is None else f"the newest is of {format_instant(backup.at_us)}"
        found.append(Overdue("backup", f"the backup is overdue: {when}, and one is due every {backup_hours} h"))
    if drill_days and (passed is None or now_us - passed.began_us > drill_days * DAY_US):
        when = "none has passed yet" if passed is None else f"the last passed on {format_instant(passed.began_us)}"
        found.append(Overdue("drill", f"the drill is overdue: {when}, and one is due every {drill_days} days"))
    return found
