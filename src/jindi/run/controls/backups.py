"""Checks of backups: that one is there and came back lately, that nobody else opens it, that damage is found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from jindi import journal
from jindi.basics.instants import DAY_US, HOUR_US, format_instant
from jindi.basics.problems import Problems
from jindi.journal import ChainBroken
from jindi.ports import Log, LogFailure
from jindi.run.backup.manifest import Broken
from jindi.run.backup.restoring import open_backup, restore
from jindi.run.backup.sealing import BackupKey, Unsealable
from jindi.run.controls.ground import Evidence, Ground, Scratch, could_not_run, failed
from jindi.run.controls.platforms import back_up
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import events_of, lived, tell_all

FLIPS: Final = 40
"""Places at which a file of the backup is flipped, one at a time."""


@check(
    "restore_drill",
    "备份足够新，且最近一次恢复演练在限期内通过：链、树头、条数、状态与密钥均已核对",
    "The backup is new enough, and a drill passed within its limit: chain, head, counts, state and keys",
    drill_days_max=90,
    backup_hours_max=48,
)
def restore_drill(ground: Ground, asked: Asked) -> Evidence:
    """C35. GB/T 22239 8.1.4.9. The limits are design defaults."""
    try:
        found = ground.backups()
    except Problems as problems:
        raise failed(
            "没有可查的备份：未设位置、密钥，或从未备份",
            f"there are no backups to look at: {problems.problems[0].problem}",
        ) from None
    except Broken as broken:
        raise failed("备份不完整", f"the backups are not whole: {broken}"[:300]) from None
    now_us, backup, drill, passed = ground.clock.now_us(), found.backup, found.drill, found.passed
    evidence: Evidence = {
        "backups": len(found.numbers),
        "newest": None if backup is None else {"number": backup.number, "made": format_instant(backup.at_us)},
        "drill": None if drill is None else {
            "backup": drill.number, "passed": drill.ok, "began": format_instant(drill.began_us), "rto_s": drill.rto_s,
            "rpo_s": drill.rpo_s, "records": drill.records, "decisions": drill.decisions, "head": drill.head,
            "keys": dict(drill.keys), "problems": list(drill.problems),
        },
    }  # fmt: skip
    if backup is None or now_us - backup.at_us > asked.whole("backup_hours_max") * HOUR_US:
        raise failed("最新的备份太旧，或没有备份", "the newest backup is too old, or there is none", **evidence)
    if drill is not None and not drill.ok:
        raise failed("最近一次恢复演练没有通过", "the newest drill did not pass", **evidence)
    if passed is None or now_us - passed.began_us > asked.whole("drill_days_max") * DAY_US:
        raise failed("限期内没有通过的恢复演练", "no drill has passed within its limit", **evidence)
    return evidence


@check(
    "keys_in_shares",
    "现用的密钥都在分片备份之中",
    "The keys in use are in the keys' backup, in shares that different people keep",
)
def keys_in_shares(ground: Ground, _: Asked) -> Evidence:
    """ASVS 5.0 11.1.1, 13.3.3. Without the token key no backup is of use."""
    in_use, split = dict(ground.fingerprints()), ground.split()
    evidence: Evidence = {
        "keys": in_use,
        "shares": None if split is None else {
            "needed": split.needed, "made": split.shares, "at": format_instant(split.at_us),
            "covers": dict(split.keys),
        },
    }  # fmt: skip
    if not in_use:
        raise could_not_run("平台还没有密钥", "there are no keys yet")
    if split is None:
        raise failed("密钥还没有分片备份", "the keys were never put into shares", **evidence)
    missing = sorted(name for name, mark in in_use.items() if split.keys.get(name) != mark)
    if missing:
        raise failed(
            f"分片备份不含现用的密钥：{', '.join(missing)}", f"not in the shares as they are now: {', '.join(missing)}",
            **evidence,
        )  # fmt: skip
    return evidence


@contextmanager
def _backed_up(ground: Ground) -> Iterator[tuple[Scratch, BackupKey, int]]:
    """A small platform that has lived and ended, and a backup of it."""
    with ground.scratch() as scratch:
        decided = lived(
            scratch,
            lambda platform: tell_all(
                platform, scratch, events_of(platform.program.definitions, scratch.clock.now_us(), 3)
            ),
        )
        yield scratch, back_up(scratch), decided


def _restored(scratch: Scratch, key: BackupKey, name: str) -> int:
    """How many records come back into a new place. Raises what stands in the way."""
    repository = scratch.backups()
    try:
        manifest, body, _ = open_backup(repository, key)
        room = scratch.room(name)
        try:
            restore(repository, key, manifest, body, room)
            room.finish()
        finally:
            room.close()
    finally:
        repository.close()
    return body.next


def _refused(scratch: Scratch, key: BackupKey, name: str) -> bool:
    try:
        _restored(scratch, key, name)
    except (Broken, Unsealable, Problems, LogFailure, ChainBroken):
        return True
    return False


@check(
    "backup_sealed",
    "没有密钥打不开备份；备份中任何一处被改一位，恢复即被拒绝",
    "A backup opens with its own key alone, and a bit changed anywhere in it stops the restore",
)
def backup_sealed(ground: Ground, _: Asked) -> Evidence:
    """C36. GB/T 22239 8.1.4.7, 8.1.4.8."""
    with _backed_up(ground) as (scratch, key, decided):
        records = _restored(scratch, key, "whole")
        other = _refused(scratch, BackupKey.new(str(scratch.signer().verifier)), "other")
        files = [path for path in sorted(scratch.backup_folder.rglob("*")) if path.is_file() and path.stat().st_size]
        flips, taken = 0, []
        for number, (path, at) in enumerate(_places(files)):
            data = bytearray(path.read_bytes())
            data[at] ^= 1
            whole = path.read_bytes()
            path.write_bytes(bytes(data))
            try:
                flips += 1
                if not _refused(scratch, key, f"flip-{number}"):
                    taken.append(f"{path.relative_to(scratch.backup_folder).as_posix()}: byte {at} of {len(data)}")
            finally:
                path.write_bytes(whole)
    evidence: Evidence = {
        "decisions": decided, "records_restored": records, "files": len(files), "other_key_refused": other,
        "flips": flips, "taken": taken,
    }  # fmt: skip
    if not other:
        raise failed("用别的密钥也能打开备份", "the backup opens with another key", **evidence)
    if taken:
        raise failed("有一位被改而恢复未察觉", "a changed bit goes unnoticed", **evidence)
    if not flips:
        raise could_not_run("备份中没有文件", "the backup has no file", **evidence)
    return evidence


def _places(files: list[Path]) -> Iterator[tuple[Path, int]]:
    """Where to flip: the same number of places in each file, spread over it."""
    each = max(1, FLIPS // max(1, len(files)))
    for path in files:
        size = path.stat().st_size
        for number in range(each):
            yield path, (2 * number + 1) * size // (2 * each)


@check(
    "damage_repaired",
    "改动日志文件中的一个字节：验证必定发现；从备份恢复后，逐批相同",
    "A byte of the journal's file is changed: verification finds it, and the backup brings every batch back as it was",
)
def damage_repaired(ground: Ground, _: Asked) -> Evidence:
    """C37. GB/T 22239 8.1.4.7: integrity is detected, and recovered."""
    with _backed_up(ground) as (scratch, key, decided):
        before = _batches(scratch.log())
        (place,) = sorted(scratch.journal_files())[-1:] or (None,)
        if place is None:
            raise could_not_run("找不到日志文件", "the journal has no file")
        data = bytearray(place.read_bytes())
        # In the middle of a batch that is written; what lies behind the last one is empty space.
        at = data.find(before[len(before) // 2][1][40:80]) + 20
        data[at] ^= 1
        place.write_bytes(bytes(data))
        found = ""
        try:
            log = scratch.log()
            try:
                journal.verify(log.read(0))
            finally:
                log.close()
        except (ChainBroken, LogFailure) as damage:
            found = type(damage).__name__
        _restored(scratch, key, "repaired")
        after = _batches(scratch.restored_log("repaired"))
    evidence: Evidence = {
        "decisions": decided, "batches": len(before), "damage_found_as": found, "restored_batches": len(after),
        "equal": after == before,
    }  # fmt: skip
    if not found:
        raise failed("日志文件的损坏未被发现", "damage of the journal's file goes unnoticed", **evidence)
    if after != before:
        raise failed("恢复的日志与原来不同", "what came back is not what was", **evidence)
    return evidence


def _batches(log: Log) -> list[tuple[int, bytes]]:
    try:
        return [(frame.first, frame.batch) for frame in log.read(0)]
    finally:
        log.close()
