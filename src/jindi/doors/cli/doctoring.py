"""What a careful operator would look at before trusting a platform."""

import os
import sys
from collections.abc import Callable, Iterator

import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.commands import machine_facts
from jindi.doors.cli.output import counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.doors.tls import WARN_DAYS, TlsFiles, days_left, opened
from jindi.ports import LogFailure
from jindi.run import snapshots
from jindi.run.platform import compiled

DISK_FREE_GB_LEAST = 1.0


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
        opened(TlsFiles(transport.certificate, transport.key, transport.client_ca), now_us)
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
    unsure = sorted(name for name, limit in program.definitions.limits.items() if limit.mark != "verified")
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
    yield _told("webhooks", lambda: _webhooks(wiring, settled))
    if os.geteuid() == 0:
        yield Finding("user", True, "root", "better a user of its own")


def _told(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except (Problems, LogFailure) as error:
        return Finding(what, False, str(error), "see jindi verify" if what == "journal" else "")


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
