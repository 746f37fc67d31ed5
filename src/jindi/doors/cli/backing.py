"""Backups on the command line: make, restore, drill, forget; and the keys in shares."""

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.progress import Progress

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import LogFailure
from jindi.run.backup import drill as drills
from jindi.run.backup.drill import Drill, Outcome
from jindi.run.backup.making import Memory, Remembered, Told, make
from jindi.run.backup.manifest import Broken, Split, document
from jindi.run.backup.repository import Repository
from jindi.run.backup.restoring import open_backup, restore
from jindi.run.backup.retention import Retention
from jindi.run.backup.sealing import BackupKey, Recipient, fingerprint
from jindi.run.backup.shares import Unreadable, keys_of, parse, shares_of
from jindi.run.backup.standing import Standing, standing

BACKUP_KEY = "backup-key"
"""The name of the backup key among the shared keys."""

PACKS = "packs.json"

_NOT_IN_SHARES = "the vault's root is not in these shares, for it is from elsewhere ({where})."
_KEEP = {
    "environment": "Keep JINDI_ROOT_KEY as well as these: without it no row of the vault opens.",
    "passphrase": "Keep the passphrase as well as these: nothing replaces it, and without it no row opens.",
    "transit": "The key service's own backup has to bring that key back: without it no row of the vault opens.",
}

Failures = (Problems, Broken, LogFailure, Unreadable, OSError)


@dataclass(frozen=True, slots=True)
class Where:
    """Where backups are asked to be: what the flag says, else the setting."""

    to: Path | None

    def place(self, settled: Settled) -> Path:
        """The folder. Raises Problems when none is named."""
        found = self.to or settled.backup_to
        if found is None:
            raise Problems([Problem("--to", "", "no place for backups is named", "name it, or set backup_to")])
        if found.resolve().is_relative_to(settled.data.resolve()):
            raise Problems([Problem(str(found), "", "lies in the data folder, and would be lost with it",
                                    "name a folder on another disk or machine")])  # fmt: skip
        return found


@contextlib.contextmanager
def _opened(wiring: Wiring, place: Path) -> Iterator[Repository]:
    repository = wiring.repository(place)
    try:
        yield repository
    finally:
        repository.close()


@contextlib.contextmanager
def _told(output: Output) -> Iterator[Told]:
    """A progress bar as all that follows tells it."""
    with output.progress() as progress:
        yield _bar(progress)


def _bar(progress: Progress) -> Told:
    task = progress.add_task("reading", total=None)
    return lambda what, done, total: progress.update(task, description=what, completed=done, total=total or None)


def new_key(wiring: Wiring, settled: Settled, output: Output, out: Path) -> None:
    """Make a backup key: its file for elsewhere, its public half for here."""
    try:
        if out.resolve().is_relative_to(settled.data.resolve()):
            what = "lies in the data folder: whoever has the folder could read its backups"
            raise Problems([Problem(str(out), "", what, "name a file on another machine or a stick")])
        key = BackupKey.new(str(wiring.signer(settled).verifier))
        is_second = wiring.backup_to(settled) is not None
        _write_private(out, key.text())
        wiring.set_backup_to(settled, str(key.recipient))
    except Failures as error:
        output.fail(error)
    output.give({"ok": True, "file": str(out), "key": key.recipient.name, "is_second": is_second})
    if is_second:
        output.note("there was a key already: keep its file as long as backups are kept that were made before now")
    output.say(
        f"{out}: the backup key {key.recipient.name}. Backups are sealed to it from now on, and nothing else opens"
        " them.\nKeep it off this machine, and put it into the keys' backup: jindi keys-backup --backup-key"
    )


def _write_private(path: Path, text: str) -> None:
    """A new file that its owner alone reads. FileExistsError when there is one."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def recipient_of(wiring: Wiring, settled: Settled) -> Recipient:
    """Whom the folder's backups are sealed to. Raises Problems."""
    line = wiring.backup_to(settled)
    if line is None:
        what = "there is no key yet that backups are sealed to"
        raise Problems([Problem(str(settled.data), "", what, "make one with jindi backup key --out FILE")])
    try:
        return Recipient.parse(line)
    except ValueError as error:
        remedy = "make a new key with jindi backup key --out FILE"
        raise Problems([Problem(str(settled.data / "state" / "backup-to"), "", str(error), remedy)]) from None


def back_up(wiring: Wiring, settled: Settled, output: Output, where: Where) -> None:
    """Make a backup now, beside a running platform or not."""
    try:
        place, recipient = where.place(settled), recipient_of(wiring, settled)
        wiring.view_log(settled).close()  # said before anything is made
        began_us = wiring.clock.now_us()
        with _opened(wiring, place) as repository, _told(output) as told:
            made = make(
                repository, wiring.backup_source(settled), recipient, wiring.signer(settled), wiring.blobs(settled),
                wiring.clock, told=told,
            )  # fmt: skip
    except Failures as error:
        output.fail(error)
    took_s = (wiring.clock.now_us() - began_us) / 1e6
    manifest, body = made.manifest, made.body
    output.give({
        "ok": True, "number": manifest.number, "to": str(place), "seconds": took_s, **document(body),
        "new_pieces": made.new_pieces, "new_bytes": made.new_bytes, "resumed": made.resumed, "notes": list(made.notes),
    })  # fmt: skip
    output.say(
        f"✓ backup {manifest.number} → {place}: {body.decisions} decisions ({body.next} records), head"
        f" {body.head[:16]}; {made.new_pieces} new pieces, {made.new_bytes / 1e6:.1f} MB, {took_s:.1f} s"
        + (f"; {made.resumed} pieces were there from an interrupted backup" if made.resumed else "")
    )
    for note in made.notes:
        output.note(note)


def _key(path: Path) -> BackupKey:
    try:
        return BackupKey.parse(path.read_text("utf-8"))
    except ValueError as error:
        raise Problems([Problem(str(path), "", str(error), "name the file of jindi backup key")]) from None


def bring_back(
    wiring: Wiring, settled: Settled, output: Output, place: Path, key_file: Path, number: int | None, at_least: int
) -> None:
    """Restore a backup into an empty folder."""
    began_us = wiring.clock.now_us()
    try:
        key = _key(key_file)
        with _opened(wiring, place) as repository, _told(output) as told:
            known = max(at_least, drills.known(repository, key.recipient.drills)) if number is None else 0
            manifest, body, digest = open_backup(repository, key, number, known)
            newest = repository.numbers()[-1]
            room = wiring.room(replace(settled, journal=body.store))
            try:
                restored = restore(repository, key, manifest, body, room, told)
                wiring.expect_keys(room.blobs, body.keys)
                if manifest.number == newest:
                    # The next backup goes on from here; from an older one the past forks, and it is to begin anew.
                    memory = Memory(room.blobs, manifest.repository)
                    memory.save(
                        Remembered(manifest.number, digest, manifest.at_us, key.recipient.name, manifest.keys, body)
                    )
                room.finish()
            finally:
                room.close()
        packs = settled.data / PACKS
        if packs.exists():
            wiring.write_files(settled.data / "packs", msgspec.json.decode(packs.read_bytes(), type=dict[str, str]))
    except Failures as error:
        output.fail(error)
    took_s = (wiring.clock.now_us() - began_us) / 1e6
    output.give({
        "ok": True, "number": manifest.number, "made": format_instant(manifest.at_us), "data": str(settled.data),
        "seconds": took_s, "bytes": restored.bytes, **document(body), "keys": sorted(body.keys),
    })  # fmt: skip
    output.say(
        f"✓ backup {manifest.number} of {format_instant(manifest.at_us)} → {settled.data}: {body.decisions} decisions"
        f" ({body.next} records), head {body.head[:16]}, {took_s:.1f} s"
    )
    if not restored.has_book:
        output.note(
            f"the vault's key book is in backup {restored.newest} only, and that is sealed to another backup key:"
            " restore that one to have it"
        )
    output.say(f"Its keys come from their own backup: jindi keys-restore SHARE … --data {settled.data}")


def rehearse(
    wiring: Wiring, settled: Settled, output: Output, place: Path, key_file: Path, beside: Path | None,
    shares: Sequence[Path], at_least: int, *, own_keys: bool = False,
) -> None:  # fmt: skip
    """Restore the newest backup into an empty place and prove it; exit 1 when it does not hold."""
    output.warm()
    try:
        key = _key(key_file)
        with _opened(wiring, place) as repository:
            known = max(at_least, drills.known(repository, key.recipient.drills))
            given = _keys(shares) if shares else {}
            held = wiring.key_bytes(settled) if own_keys else {}
            began_us = wiring.clock.now_us()
            manifest, body, digest = open_backup(repository, key, None, known)
            outcome = Outcome(wiring.clock, manifest, digest, body, began_us)
            outcome.keys = drills.keys_found(body, _fingerprints(given), _fingerprints(held))
            with (
                _ending_in_order(),
                tempfile.TemporaryDirectory(prefix="jindi-drill-", dir=beside) as folder,
                _told(output) as told,
            ):
                there = replace(settled, data=Path(folder) / "data", journal=body.store)
                try:
                    _rehearsed(wiring, there, repository, key, outcome, told)
                    outcome.vault = wiring.rehearse_vault(there, given, settled if own_keys else None)
                except (Broken, LogFailure, Problems) as error:
                    outcome.problems.append(str(error))
            found = outcome.drill()
            name = f"{manifest.number:08d}-{format_instant(began_us).translate({45: None, 58: None})[:15]}Z"
            repository.save_drill(name, drills.write(found, key.signer))
    except Failures as error:
        output.fail(error)
    _tell(found, output)


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Who is told to end (SIGTERM) removes what was restored first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fingerprints(keys: Mapping[str, bytes]) -> dict[str, str]:
    return {name: fingerprint(name, value) for name, value in keys.items()}


def _rehearsed(
    wiring: Wiring, settled: Settled, repository: Repository, key: BackupKey, outcome: Outcome, told: Told
) -> None:
    room = wiring.room(settled)
    try:
        restore(repository, key, outcome.manifest, outcome.body, room, told)
        room.finish()
    finally:
        room.close()
    outcome.mark()
    blobs, log = wiring.blobs(settled), wiring.open_log(settled)
    try:
        outcome.proved = drills.prove(log, blobs, outcome.body, key.platform, told)
        outcome.mark()
        outcome.started = drills.start(log, blobs, told)
        outcome.mark()
    finally:
        log.close()


def _tell(found: Drill, output: Output) -> None:
    output.give(msgspec.to_builtins(found))
    age = "no decision yet" if found.rpo_s is None else f"newest decision {found.rpo_s / 60:.1f} min old (RPO)"
    output.say(
        f"{'✓' if found.ok else '✗'} drill of backup {found.number}: back in {found.rto_s:.1f} s (RTO: restore"
        f" {found.restore_s:.1f}, verify {found.verify_s:.1f}, start {found.start_s:.1f}); {age}; {found.decisions}"
        f" decisions, head {found.head[:16]}, {found.checkpoints} seals agree"
    )
    output.say(
        f"state from {found.snapshot or 'the journal alone'}, {found.replayed} records replayed; keys: "
        + (", ".join(f"{name} {state}" for name, state in sorted(found.keys.items())) or "none")
    )
    if (vault := found.vault) is not None:
        opened = f"{vault.opened} of {vault.tried} tried open" if vault.tried else "no key at hand to open them with"
        output.say(f"vault: {vault.subjects} subjects, {vault.rows} rows, {opened}")
    for problem in found.problems:
        output.err.print(f"✗ {problem}", markup=False, style="red")
    if not found.ok:
        raise SystemExit(1)


def standing_of(wiring: Wiring, settled: Settled, where: Where | None = None) -> Standing:
    """How the backups stand. Raises Problems, Broken, OSError."""
    with _opened(wiring, (where or Where(None)).place(settled)) as repository:
        signer, recipient = wiring.signer(settled), recipient_of(wiring, settled)
        return standing(
            repository, signer.verifier, recipient, wiring.blobs(settled), settled.backup_hours, settled.drill_days,
            wiring.clock.now_us(),
        )  # fmt: skip


def show_standing(wiring: Wiring, settled: Settled, output: Output, where: Where) -> None:
    """The newest backup and drill, and what is overdue; exit 1 when something is."""
    try:
        found = standing_of(wiring, settled, where)
        with _opened(wiring, where.place(settled)) as repository:
            size = repository.size()
    except Failures as error:
        output.fail(error)
    output.give({"ok": not found.overdue, **_standing_document(found), "bytes": size})
    backup, drill = found.backup, found.drill
    output.say(f"{len(found.numbers)} backups, {size / 1e6:.1f} MB: {', '.join(map(str, found.numbers)) or 'none'}")
    output.say(f"newest backup: {backup.number}, {format_instant(backup.at_us)}" if backup else "no backup yet")
    output.say(
        f"newest drill: backup {drill.number}, {format_instant(drill.began_us)}, "
        f"{'passed' if drill.ok else 'failed'}, RTO {drill.rto_s:.1f} s" if drill else "no drill yet"
    )  # fmt: skip
    for each in found.overdue:
        output.err.print(f"✗ {each.text}", markup=False, style="red")
    if found.overdue:
        raise SystemExit(1)


def _standing_document(found: Standing) -> dict[str, Any]:
    backup, drill = found.backup, found.drill
    return {
        "numbers": list(found.numbers),
        "backup": None if backup is None else {"number": backup.number, "made": format_instant(backup.at_us)},
        "drill": None if drill is None else msgspec.to_builtins(drill),
        "overdue": [{"what": each.what, "problem": each.text} for each in found.overdue],
    }


def forget(
    wiring: Wiring, settled: Settled, output: Output, where: Where, retention: Retention, key_file: Path | None
) -> None:
    """Forget all backups but those that are to stay, and the one that a drill has proved last."""
    try:
        with _opened(wiring, where.place(settled)) as repository:
            identity = repository.identity()
            key = None if key_file is None else _key(key_file)
            verifier = key.platform if key is not None else wiring.signer(settled).verifier
            recipient = key.recipient if key is not None else recipient_of(wiring, settled)
            proved = [each.number for each in drills.drills(repository, recipient.drills) if each.ok][-1:]
            also: list[str] = []
            if key_file is None and (unfinished := Memory(wiring.blobs(settled), identity.id).unfinished()):
                also = [each.piece.id for each in unfinished.stretches]
            pruned = repository.prune(retention, verifier, also, proved)
    except Failures as error:
        output.fail(error)
    output.give({"ok": True, **msgspec.to_builtins(pruned)})
    output.say(
        f"{len(pruned.dropped)} backups and {pruned.pieces} pieces are gone ({pruned.bytes / 1e6:.1f} MB);"
        f" {len(pruned.kept)} backups are kept: {', '.join(map(str, pruned.kept))}"
    )


# -- keys in shares


def share_keys(
    wiring: Wiring, settled: Settled, output: Output, out: Path, needed: int, shares: int, key_file: Path | None
) -> None:
    """Split the platform's keys (and the backup key) into shares, a file each."""
    try:
        keys = wiring.key_bytes(settled)
        if not keys:
            raise Problems([Problem(str(settled.data), "", "there are no keys here yet", "start the platform once")])
        if key_file is not None:
            keys[BACKUP_KEY] = _key(key_file).packed()
        try:
            made = shares_of(keys, needed, shares, os.urandom)
        except ValueError as error:
            raise Problems([Problem("--needed", "", str(error), "write --needed 3 --shares 5")]) from None
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = [out / f"share-{each.set_id}-{each.number}-of-{each.shares}.txt" for each in made]
        for path, each in zip(files, made, strict=True):
            _write_private(path, each.text())
        # What was written is what counts: read back, and combined, before anything says that the keys are safe.
        if _keys(files[-needed:]) != keys:
            raise Unreadable("the shares that were written do not give the keys back; write them somewhere else")
        covered = _fingerprints(keys)
        wiring.note_split(settled, Split(made[0].set_id, needed, shares, wiring.clock.now_us(), covered))
    except Failures as error:
        output.fail(error)
    elsewhere = wiring.root_elsewhere(settled)
    output.give({
        "ok": True, "set": made[0].set_id, "needed": needed, "keys": sorted(keys), "files": list(map(str, files)),
        "vault_root_elsewhere": elsewhere,
    })  # fmt: skip
    output.say(f"{', '.join(sorted(keys))}: {shares} shares, any {needed} give them back:")
    for path in files:
        output.say(f"  {path}")
    output.say("Give each to another person or place, and remove it here. Fewer than needed tell nothing.")
    if elsewhere is not None:
        output.note(_NOT_IN_SHARES.format(where=elsewhere) + " " + _KEEP[elsewhere.partition(" ")[0]])


def unshare_keys(
    wiring: Wiring, settled: Settled, output: Output, shares: Sequence[Path], backup_key: Path | None
) -> None:
    """Put keys back from enough of their shares."""
    try:
        keys = _keys(shares)
        back = keys.pop(BACKUP_KEY, None)
        for name, value in keys.items():
            wiring.put_key(settled, name, value)
        if backup_key is not None:
            if back is None:
                raise Problems([Problem("shares", "", "the backup key is not in them", "leave out --backup-key-out")])
            _write_private(backup_key, BackupKey.unpacked(back).text())
    except Failures as error:
        output.fail(error)
    output.give({"ok": True, "keys": sorted(keys), "backup_key": None if backup_key is None else str(backup_key)})
    output.say(f"{', '.join(sorted(keys))}: back in {settled.data}")


def _keys(shares: Sequence[Path]) -> dict[str, bytes]:
    return keys_of([parse(path.read_text("utf-8", "replace"), str(path)) for path in shares])
