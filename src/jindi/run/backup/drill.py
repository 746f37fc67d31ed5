"""Drills: the newest backup restored into an empty place, proved there, and the lane's state started from it.

A drill answers what a policy for emergencies asks: would it come back (chain, head, counts, state, keys), how long
does that take (RTO), and how much would be lost (RPO). Its record is signed with the backup key, so whoever can write
to the place of the backups can't make one up.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Literal

import msgspec

from jindi import journal
from jindi.basics.problems import Problems
from jindi.journal import ChainBroken, CheckpointRefused, Signer, Verifier
from jindi.ports import Blobs, Clock, Frame, Log
from jindi.run.archive import Archive
from jindi.run.backup.making import Told
from jindi.run.backup.manifest import Body, Broken, Manifest
from jindi.run.backup.repository import Repository
from jindi.run.backup.sealing import ELSEWHERE
from jindi.run.records import DECISION
from jindi.run.recovery import recover

_json = msgspec.json.Encoder()
_TITLE = "jindi backup drill 1"

KeyState = Literal["proved", "held", "split", "elsewhere", "missing"]
"""A key of the platform: had again from shares in this drill; on the running machine and said to be in a keys' backup;
only said to be in one; one that no shares can hold, kept elsewhere; in no keys' backup that is known."""


class VaultFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the restored vault is worth. `tried` rows were opened with the keys at hand, 0 when there were none.

    `tally`: whether the rows are those that were counted; "" when that could not be seen without keys.
    """

    subjects: int
    rows: int
    tried: int
    opened: int
    tally: str
    problem: str


class Drill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a drill found. Times are in seconds, `rpo_s` the age of the newest decision when the drill began."""

    repository: str
    number: int
    manifest: str
    ok: bool
    began_us: int
    rto_s: float
    restore_s: float
    verify_s: float
    start_s: float
    rpo_s: float | None
    backup_age_s: float
    records: int
    decisions: int
    head: str
    checkpoints: int
    snapshot: str | None
    replayed: int
    keys: dict[str, KeyState]
    problems: tuple[str, ...]
    vault: VaultFound | None = None


class Proved(msgspec.Struct, frozen=True):
    """What a walk over the restored journal proved."""

    records: int
    decisions: int
    checkpoints: int


class Started(msgspec.Struct, frozen=True):
    """How the state came back: from which snapshot, and how many records were replayed after it."""

    snapshot: str | None
    replayed: int


def prove(log: Log, blobs: Blobs, body: Body, verifier: Verifier, told: Told = lambda *_: None) -> Proved:
    """Walk the restored journal's chain from the disk, hold the seals and the manifest against it. Raises Broken."""
    decisions = [0]
    try:
        checkpoints = journal.load_checkpoints(blobs, verifier, body.origin)
        verified = journal.verify(_counted(log, decisions, told), checkpoints)
    except ChainBroken as broken:
        raise Broken(broken.place, broken.what) from None
    except CheckpointRefused as refused:
        raise Broken("state", str(refused)) from None
    found = (verified.next_seq, verified.head.hex(), verified.batches, decisions[0])
    if found != (body.next, body.head, body.batches, body.decisions):
        what = f"{found[0]} records and {found[3]} decisions, head {found[1][:16]}: the manifest counts {body.next} and"
        raise Broken("journal", f"{what} {body.decisions}, head {body.head[:16]}")
    return Proved(verified.records, decisions[0], verified.checkpoints)


def _counted(log: Log, decisions: list[int], told: Told) -> Iterator[Frame]:
    total = log.next_seq()
    for frame in log.read(0):
        # What can't be opened here the walk itself finds, and says what is wrong with it.
        with suppress(ValueError):
            decisions[0] += sum(record[1] == DECISION for record in journal.unseal(frame.batch).records)
        yield frame
        told("verifying", frame.first + frame.count, total)


def start(log: Log, blobs: Blobs, told: Told = lambda *_: None) -> Started:
    """Bring the lane's state back as a start would, under the definitions that the journal ends with. Raises Broken."""
    archive = Archive(log)
    seq = archive.in_force()
    if seq < 0:
        return Started(None, log.next_seq())
    try:
        program = archive.program(seq)
        recovered = recover(log, blobs, program, archive, lambda done, total: told("starting", done, total))
    except Problems as problems:
        raise Broken("journal", f"the state does not come back: {problems}") from None
    if recovered.state.next_seq != log.next_seq():
        raise Broken("journal", "the state does not reach the journal's end")
    return Started(recovered.snapshot, recovered.replayed)


def keys_found(body: Body, proved: Mapping[str, str], held: Mapping[str, str]) -> dict[str, KeyState]:
    """What is known of each key that the platform had. `proved`: fingerprints of keys that shares have just given;
    `held`: of those that the running machine has.
    """
    found: dict[str, KeyState] = {}
    for name, mark in body.keys.items():
        if mark.startswith(ELSEWHERE):
            found[name] = "elsewhere"
        elif proved.get(name) == mark:
            found[name] = "proved"
        elif body.split is not None and body.split.keys.get(name) == mark:
            found[name] = "held" if held.get(name) == mark else "split"
        else:
            found[name] = "missing"
    return found


def write(drill: Drill, signer: Signer) -> bytes:
    """The bytes of a drill's record, signed."""
    text = f"{_TITLE}\n{_json.encode(drill).decode()}\n"
    return f"{text}{b64encode(signer.sign(text)).decode()}\n".encode()


def read(raw: bytes, verifier: Verifier) -> Drill | None:
    """The drill of a record that the backup key has signed; None when it is none."""
    lines = raw.decode("utf-8", "replace").split("\n")
    try:
        if len(lines) == 4 and verifier.signed(f"{lines[0]}\n{lines[1]}\n", b64decode(lines[2], validate=True)):
            return msgspec.json.decode(lines[1], type=Drill)
    except (binascii.Error, msgspec.MsgspecError):
        return None
    return None


def drills(repository: Repository, verifier: Verifier) -> list[Drill]:
    """All drills of a place that the backup key has signed, oldest first."""
    repository_id = repository.identity().id
    found = [drill for _, raw in repository.drills() if (drill := read(raw, verifier)) is not None]
    return sorted((drill for drill in found if drill.repository == repository_id), key=lambda each: each.began_us)


def known(repository: Repository, verifier: Verifier) -> int:
    """The greatest number of a backup that a drill has seen; 0 before the first."""
    return max((each.number for each in drills(repository, verifier)), default=0)


class Outcome(msgspec.Struct):
    """A drill while it goes on."""

    clock: Clock
    manifest: Manifest
    manifest_digest: str
    body: Body
    began_us: int
    marks_us: list[int] = msgspec.field(default_factory=list)
    proved: Proved | None = None
    started: Started | None = None
    keys: dict[str, KeyState] = msgspec.field(default_factory=dict)
    vault: VaultFound | None = None
    problems: list[str] = msgspec.field(default_factory=list)

    def mark(self) -> None:
        """A part of it has ended: restore, verify, start."""
        self.marks_us.append(self.clock.now_us())

    def drill(self) -> Drill:
        """Its record."""
        now_us = self.clock.now_us()
        marks = [self.began_us, *self.marks_us, *[now_us] * (3 - len(self.marks_us))]
        lengths = [(end - begin) / 1e6 for begin, end in pairwise(marks)]
        body, newest_us = self.body, self.body.newest_us
        missing = sorted(name for name, state in self.keys.items() if state == "missing")
        problems = [*self.problems]
        if missing:
            problems.append(f"in no keys' backup that is known: {', '.join(missing)} (run jindi keys-backup)")
        if self.vault is not None and self.vault.problem:
            problems.append(f"the vault: {self.vault.problem}")
        return Drill(
            repository=self.manifest.repository, number=self.manifest.number, manifest=self.manifest_digest,
            ok=not problems, began_us=self.began_us, rto_s=(marks[3] - self.began_us) / 1e6, restore_s=lengths[0],
            verify_s=lengths[1], start_s=lengths[2],
            rpo_s=None if newest_us is None else (self.began_us - newest_us) / 1e6,
            backup_age_s=(self.began_us - self.manifest.at_us) / 1e6, records=body.next, decisions=body.decisions,
            head=body.head, checkpoints=self.proved.checkpoints if self.proved else 0,
            snapshot=self.started.snapshot if self.started else None,
            replayed=self.started.replayed if self.started else 0, keys=self.keys, problems=tuple(problems),
            vault=self.vault,
        )  # fmt: skip
