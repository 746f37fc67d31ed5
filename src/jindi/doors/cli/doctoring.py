"""What a careful operator would look at before trusting a platform."""

import os
import sys
from collections.abc import Callable, Iterator

import msgspec

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.backing import Failures, standing_of
from jindi.doors.cli.commands import machine_facts
from jindi.doors.cli.output import counted
from jindi.doors.cli.wiring import Settled, VaultIsOpen, Wiring
from jindi.doors.tls import WARN_DAYS, TlsFiles, days_left, opened
from jindi.journal import CheckpointRefused, HeadRefused, read_heads, tree_verifier
from jindi.ports import ScannerFailure, VaultFailure
from jindi.run import snapshots
from jindi.run.backup.sealing import fingerprint
from jindi.run.platform import compiled
from jindi.vault import CannotOpen, RingProblem

DISK_FREE_GB_LEAST = 1.0
HEADS_GRACE = 2
"""An exported head is late when so many of its intervals have passed."""

ROTATE_DAYS = 366
"""A version of the ring is to be rotated once a year (docs/vault.md)."""


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at."""

    what: str
    is_well: bool
    text: str
    remedy: str = ""


def findings(wiring: Wiring, settled: Settled) -> list[Finding]:
    """Everything, well or not."""
    return [*_machine(settled), *_transport(wiring, settled), *_packs(wiring, settled), *_data(wiring, settled)]


def _machine(settled: Settled) -> Iterator[Finding]:
    facts = machine_facts(settled.data)
    known = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("python", known, facts["python"], "" if known else "use Python 3.11 to 3.13")
    yield Finding("machine", True, f"{facts['system']}, {counted(int(facts['cores']), 'core')}")
    roomy = float(facts["free_disk_gb"]) >= DISK_FREE_GB_LEAST
    yield Finding(
        "disk", roomy, f"{facts['free_disk_gb']} GB free", "" if roomy else "make room: a full disk stops the lane"
    )


def _transport(wiring: Wiring, settled: Settled) -> Iterator[Finding]:
    from jindi.doors.cli.running import in_clear  # noqa: PLC0415 - what a server needs is slow to import

    warning = in_clear(settled)
    if warning is not None or settled.transport.tls == "off":
        yield Finding("transport", warning is None, "HTTP on loopback" if warning is None else warning)
        return
    transport, now_us = settled.transport, wiring.clock.now_us()
    if transport.tls == "demo":
        yield Finding("transport", True, "TLS with a certificate of our own, renewed by itself")
        return
    assert transport.certificate is not None, "settings are checked"
    assert transport.key is not None, "settings are checked"
    try:
        files = TlsFiles(transport.certificate, transport.key, transport.client_ca, transport.rsa_bits_min("tls"))
        opened(files, now_us)
        left = days_left(transport.certificate, now_us)
    except Problems as error:
        yield Finding("transport", False, str(error))
        return
    text = f"TLS{' with client certificates' if transport.client_ca else ''}; the certificate lasts {left} days"
    yield Finding("transport", left >= WARN_DAYS, text, "" if left >= WARN_DAYS else "renew it")


def _packs(wiring: Wiring, settled: Settled) -> Iterator[Finding]:
    try:
        program = compiled(wiring.pack_files(settled.packs))
    except Problems as error:
        yield Finding("packs", False, counted(len(error.problems), "problem"), "see jindi packs check")
        return
    rules = sum(len(policy.rules) for policy in program.definitions.policies)
    yield Finding(
        "packs", True, f"{', '.join(sorted(program.definitions.packs))}: {counted(rules, 'rule')}, all cases hold"
    )
    unsure = sorted(
        name for name, limit in program.definitions.limits.items()
        if any(limit.mark_of(step) != "verified" for step in limit.steps)
    )  # fmt: skip
    if unsure:
        said = f"{counted(len(unsure), 'limit')} from memory or by design default: {', '.join(unsure)}"
        yield Finding("figures", True, said)


def _data(wiring: Wiring, settled: Settled) -> Iterator[Finding]:
    if not settled.data.exists():
        yield Finding("data", True, f"{settled.data} does not exist yet; the first start makes it")
        return
    mode = settled.data.stat().st_mode & 0o077
    yield Finding("data", not mode, f"{settled.data}", "others can look into it: chmod 700" if mode else "")
    yield _told("keys", lambda: (wiring.tokens(settled), "readable by their owner alone")[1])
    yield _told("journal", lambda: _journal(wiring, settled))
    names = wiring.blobs(settled).names(snapshots.PREFIX)
    newest = f"newest {names[-1]}" if names else "none yet: a start replays the whole journal"
    yield Finding("snapshots", True, f"{len(names)}, {newest}")
    yield _heads(wiring, settled)
    yield from _vault(wiring, settled)
    yield from _backups(wiring, settled)
    remedy = "run jindi keys-backup, and give the sheets away"
    if wiring.keys_split(settled) is None and settled.backup_to is None:
        yield Finding("shares", True, "the keys are in no shares", remedy)
    else:
        yield _told("shares", lambda: _shares(wiring, settled), remedy)
    yield _told("webhooks", lambda: _webhooks(wiring, settled))
    yield _scanner(wiring, settled)
    if os.geteuid() == 0:
        yield Finding("user", True, "root", "better a user of its own")


def _told(what: str, look: Callable[[], str], remedy: str = "") -> Finding:
    try:
        return Finding(what, True, look())
    except _Lacking as error:
        return Finding(what, False, str(error), remedy)
    except (*Failures, CheckpointRefused, HeadRefused, VaultFailure, CannotOpen, RingProblem) as error:
        return Finding(what, False, str(error), "see jindi verify" if what == "journal" else "")


class _Lacking(Exception):  # noqa: N818 - what the operator is told
    """Something that should be there is not, or is too old; the message says what."""


def _heads(wiring: Wiring, settled: Settled) -> Finding:
    """How old the newest head is that lies where the machine's administrators can't write."""
    elsewhere, verifier = wiring.elsewhere(settled), wiring.verifier(settled)
    if elsewhere is None or verifier is None:
        return Finding("heads", True, "signed heads go nowhere else (setting heads)")

    def look() -> str:
        newest = max((each.at_us for each in read_heads(elsewhere.read(), tree_verifier(verifier))), default=None)
        if newest is None:
            raise _Lacking("no signed head has been exported yet")
        minutes = max(0, wiring.clock.now_us() - newest) // MINUTE_US
        text = f"the newest exported head is {minutes:,} min old"
        limit = settled.platform.heads_minutes
        if limit and minutes > HEADS_GRACE * limit:
            raise _Lacking(f"{text}, and one is due every {limit} min")
        return text

    return _told("heads", look, "start the platform, or run jindi audit head while it is down")


def _vault(wiring: Wiring, settled: Settled) -> Iterator[Finding]:
    """Whether the vault opens, and what waits in it. A running platform has it for itself."""
    if not settled.vault:
        yield Finding("vault", True, "off: the clear text of new identifiers is not kept")
        return
    try:
        vault = wiring.kept_vault(settled, lambda _: None)
    except VaultIsOpen:
        yield Finding(
            "vault", True, "a running platform has it open: see jindi_vault in its metrics, or look when down"
        )
        return
    except Problems as error:
        missing = not wiring.has_vault(settled)
        yield Finding("vault", missing, "there is none yet; the first start makes it" if missing else str(error))
        return
    try:
        found, sampled = vault.status(), vault.sample()
    except (VaultFailure, CannotOpen, RingProblem) as error:
        yield Finding("vault", False, str(error), "see jindi vault check")
        return
    finally:
        vault.close()
    counts = found.counts
    text = f"{counts.subjects:,} subjects, {counts.rows:,} rows, {sampled.opened} of {sampled.tried} tried open"
    if not sampled.ok:
        text += f"; the count {sampled.tally}, {sampled.missing_rows} missing" if sampled.tally != "agrees" else ""
    yield Finding("vault", sampled.ok, text, "" if sampled.ok else "see jindi vault check")
    waiting = [f"{found.waiting:,} keys under retired versions"] if found.waiting else []
    waiting += [f"{found.to_reseal:,} subjects to be sealed anew"] if found.to_reseal else []
    if waiting:
        yield Finding("vault work", True, ", ".join(waiting) + ": the running platform goes on with it")
    age_days = (wiring.clock.now_us() - found.versions[-1].created_us) // DAY_US
    is_young = age_days <= ROTATE_DAYS
    text = f"version {found.versions[-1].number}, {age_days} days old"
    yield Finding("vault key", is_young, text, "" if is_young else "jindi vault rotate: once a year (docs/vault.md)")
    if settled.vault_root == "file":
        advice = "for more than a trial: jindi vault root file:PATH (docs/vault.md)"
        yield Finding("vault root", True, "lies in the data folder, beside what it protects", advice)


def _backups(wiring: Wiring, settled: Settled) -> Iterator[Finding]:
    """The age of the newest backup and drill."""
    if settled.backup_to is None:
        yield Finding("backup", True, "no place for backups is set", "set backup_to (docs/backup.md)")
        return
    try:
        found = standing_of(wiring, settled)
    except Failures as error:
        yield Finding("backup", False, str(error), "see jindi backup status")
        return
    late = {each.what: each.text for each in found.overdue}
    now_us = wiring.clock.now_us()
    backup = (
        "none yet" if found.backup is None else f"newest {found.backup.number}, {_age(now_us - found.backup.at_us)}"
    )
    yield Finding(
        "backup", "backup" not in late, late.get("backup", backup), "jindi backup" if "backup" in late else ""
    )
    drill = "none has passed yet" if found.passed is None else f"passed, {_age(now_us - found.passed.began_us)}"
    yield Finding("drill", "drill" not in late, late.get("drill", drill), "jindi drill" if "drill" in late else "")


def _age(us: int) -> str:
    return f"{us // HOUR_US} h old" if us < 3 * DAY_US else f"{us // DAY_US} days old"


def _shares(wiring: Wiring, settled: Settled) -> str:
    """Whether the keys' backup covers the keys that are there."""
    present = {name: fingerprint(name, key) for name, key in wiring.key_bytes(settled).items()}
    if not present:
        return "there are no keys yet"
    split = wiring.keys_split(settled)
    covered = split.keys if split is not None else {}
    bare = sorted(name for name, mark in present.items() if covered.get(name) != mark)
    if bare:
        raise _Lacking(f"in no keys' backup: {', '.join(bare)}")
    elsewhere = wiring.root_elsewhere(settled)
    text = (
        f"{', '.join(sorted(present))} are in shares of {format_instant(split.at_us)[:10]}" if split is not None else ""
    )
    return text + ("" if elsewhere is None else f"; the vault's root is elsewhere ({elsewhere})")


def _scanner(wiring: Wiring, settled: Settled) -> Finding:
    """Whether somebody looks for malware in files of cases, and answers."""
    scanner = wiring.scanner(settled)
    if scanner is None:
        taken = "none is taken" if settled.unscanned == "refuse" else "all are taken unseen"
        remedy = "name a clamd (setting scanner; docs/cases.md)"
        return Finding("scanner", True, f"none looks for malware in files of cases: {taken}", remedy)
    try:
        text = scanner.version()
    except ScannerFailure as failure:
        remedy = "start it, or mend the setting scanner"
        held = "files are refused" if settled.unscanned == "refuse" else "files pass unseen"
        return Finding("scanner", False, f"{failure}; meanwhile {held}", remedy)
    text += "" if settled.unscanned == "refuse" else "; what it can't look at passes (setting unscanned)"
    return Finding("scanner", True, text)


def _webhooks(wiring: Wiring, settled: Settled) -> str:
    endpoints = wiring.mailing(settled, wiring.blobs(settled)).endpoints
    if dead := [f"{each.id}: {each.why}" for each in endpoints.all() if each.state == "dead"]:
        what, remedy = "; ".join(dead), "see to the receiver, then jindi webhooks enable"
        raise Problems([Problem("webhooks", "", f"dead: {what}", remedy)])
    return counted(len(endpoints.all()), "endpoint")


def _journal(wiring: Wiring, settled: Settled) -> str:
    log = wiring.view_log(settled)
    try:
        return counted(log.next_seq(), "record") + "".join(f"; {note}" for note in log.notes())
    finally:
        log.close()
