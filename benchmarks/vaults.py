"""The vault: what it costs an event, a subject's key, and a platform."""

import asyncio
import itertools
import statistics
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import msgspec

from benchmarks import doors, server
from benchmarks.load import Generator
from benchmarks.measuring import Report, collector_off, cpu_s
from jindi.app.wiring import Outside
from jindi.engine import build
from jindi.packs import load
from jindi.run.intake import Intake
from jindi.run.platform import Platform, Settings
from jindi.run.simulate import World
from jindi.stores.files import FileBlobs, MemoryBlobs
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_vault import SqliteVault
from jindi.vault import KEY_BYTES, PROFILES, KeyRing, KeyRoot, Personal, Profile, Tokens, Vault

SUBJECT = "The vault: rows and keys in SQLite, durable"
BATCH = 64
"""Events in one commit, as under load."""

CONNECTIONS, IN_FLIGHT = 128, 4_096


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Events that are known and new, keys wrapped again, and decisions with the vault on and off."""
    count = 1_000 if quick else 10_000
    for profile in PROFILES:
        events(report, folder, profile, count, rounds)
    keys(report, folder, count, rounds)
    rotation(report, folder, 20_000 if quick else 1_000_000)
    streams(report, folder, 2_000 if quick else 20_000, rounds)
    served(report, folder, 0.5 if quick else 2.5, events=2_000 if quick else 20_000, rounds=min(rounds, 3))


def vault_in(folder: Path, profile: Profile = "aes-256-gcm") -> Vault:
    """A new vault on the disk."""
    root = KeyRoot(bytes(KEY_BYTES), profile, {"kind": "file", "profile": profile})
    store = SqliteVault(folder / "vault.sqlite", folder / "keys" / "subjects.sqlite")
    return Vault(store, KeyRing.create(FileBlobs(folder / "keys"), root, profile, 1))


def transfers(count: int) -> list[bytes]:
    """Events with three personal fields each, of 200 users, all texts new."""
    at = "2026-01-05T08:00:00Z"
    return [
        msgspec.json.encode(
            {
                "id": f"e{n}", "type": "login", "at": at, "user": f"u{n % 200}", "phone": f"+8613{n:09}",
                "device": f"device-{n:08}", "ip": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}",
            }
        )
        for n in range(count)
    ]  # fmt: skip


PACK = {
    "p/pack.toml": 'name = "p"\nversion = "1"\nzone = "UTC"\ncurrency = "CNY"\ndoc = { zh = "量", en = "m" }\n',
    "p/events.toml": '[login]\ndoc = { zh = "量", en = "m" }\n[login.fields]\n'
    'user = { type = "text", class = "C2", entity = "user", doc = { zh = "量", en = "m" } }\n'
    + "".join(
        f'{name} = {{ type = "text", class = "C2", identifier = "{name}", doc = {{ zh = "量", en = "m" }} }}\n'
        for name in ("phone", "device", "ip")
    ),
}


def events(report: Report, folder: Path, profile: Profile, count: int, rounds: int) -> None:
    """What an event with three personal fields costs more than without a vault."""
    definitions = build(load(PACK)).definitions
    raws = transfers(count)
    new, known = [], []
    for turn in range(rounds):
        vault = vault_in(folder / f"events-{profile}-{turn}", profile)
        bare = Intake(definitions, Tokens(bytes(KEY_BYTES)), lambda: 1 << 61)
        kept = Intake(definitions, Tokens(bytes(KEY_BYTES)), lambda: 1 << 61, vault.known)
        with collector_off():
            begin = cpu_s()
            for raw in raws:
                bare.read(raw)
            without = cpu_s() - begin
            begin = cpu_s()
            for first in range(0, count, BATCH):
                batch: list[Personal] = []
                for raw in raws[first : first + BATCH]:
                    batch += kept.read(raw).personal or ()
                vault.commit(batch, 1)
            new.append((cpu_s() - begin - without) / count * 1e6)
            # Both tokenise all texts anew: the memory of recent tokens is shorter than the stream, in either.
            again = Intake(definitions, Tokens(bytes(KEY_BYTES)), lambda: 1 << 61, vault.known)
            begin = cpu_s()
            for raw in raws:
                again.read(raw)
            known.append((cpu_s() - begin - without) / count * 1e6)
        assert vault.status().counts.rows == 3 * count
        vault.close()
    told = f"an event with three personal fields, {profile}"
    report.add(SUBJECT, f"{told}, known", "CPU µs more", known, at_most=15)
    note = f"in commits of {BATCH} events"
    report.add(SUBJECT, f"{told}, new", "CPU µs more", new, at_most=60, note=note)


def keys(report: Report, folder: Path, count: int, rounds: int) -> None:
    """Every subject's key under a new version of the ring; its rows needn't be touched."""
    rates, checks = [], []
    with ExitStack() as stack:
        vault = vault_in(folder / "keys")
        stack.callback(vault.close)
        tokens = Tokens(bytes(KEY_BYTES))
        for first in range(0, count, 1_000):
            texts = [(f"u{n}", f"device-{n:08}") for n in range(first, min(first + 1_000, count))]
            vault.commit([Personal(name, tokens.token("device", text), text) for name, text in texts], 1)
        for turn in range(rounds):
            vault.rotate(turn)
            begin = time.perf_counter()
            done = vault.rewrap(count + 1)
            rates.append(done / (time.perf_counter() - begin))
            assert done == count
        begin = time.perf_counter()
        assert vault.check().ok
        checks.append(2 * count / (time.perf_counter() - begin))
    report.add(SUBJECT, "subjects' keys re-wrapped", "/s", rates, at_least=20_000)
    report.add(SUBJECT, "keys and rows opened by `jindi vault check`", "/s", checks)


ROWS_EACH = 4
"""Rows of a subject in the measurement of a full rotation."""


class Load:
    """Commits of new rows, and look-ups, beside a rotation; whatever fails is counted."""

    def __init__(self, vault: Vault, tokens: Tokens) -> None:
        self._vault, self._tokens = vault, tokens
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.events = self.failed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(BATCH / LOAD_PER_S):
            texts = [f"load-{n:08}" for n in range(self.events, self.events + BATCH)]
            batch = [Personal(f"u{n % 977}", self._tokens.token("device", text), text) for n, text in enumerate(texts)]
            try:
                self._vault.commit(batch, 1)
                self.failed += sum(self._vault.look_up(each.token)[0].clear != each.clear for each in batch[:4])
            except Exception:  # noqa: BLE001 - each is a request that failed
                self.failed += BATCH
            self.events += BATCH


LOAD_PER_S = 500
"""Events with a new row that come in each second meanwhile."""


def rotation(report: Report, folder: Path, rows: int) -> None:
    """A whole rotation under load: the ring's version, all subjects' keys, then all subjects' own keys and all rows."""
    subjects, at_once = rows // ROWS_EACH, 2_000
    with ExitStack() as stack:
        vault = vault_in(folder / "rotation")
        stack.callback(vault.close)
        tokens = Tokens(bytes(KEY_BYTES))
        for first in range(0, subjects, 2_500):
            vault.commit(
                [
                    Personal(f"u{n}", tokens.token("device", f"device-{n}-{each}"), f"device-{n}-{each}")
                    for n in range(first, min(first + 2_500, subjects))
                    for each in range(ROWS_EACH)
                ],
                1,
            )
        with Load(vault, tokens) as load:
            vault.rotate(2)
            begin = time.perf_counter()
            done = vault.rewrap(2 * subjects)
            rewrapped = rows / (time.perf_counter() - begin)
            assert done >= subjects
            vault.destroy(1, 3)
            vault.begin_reseal(4)
            begin, turns = time.perf_counter(), []
            while not turns or not turns[-1].is_done:
                turns.append(vault.reseal(5, at_once, at_once))
            resealed = sum(each.rows for each in turns) / (time.perf_counter() - begin)
        if load.failed or any(each.skipped for each in turns):
            report.say(f"{SUBJECT}: {load.failed} of {load.events} requests failed during a rotation")
        begin = time.perf_counter()
        assert vault.check().ok
        told = f"full rotation of {rows:,} rows under load, {load.failed} of {load.events:,} events failed"
        report.add(SUBJECT, f"{told}: keys re-wrapped, rows they cover", "rows/s", [rewrapped], at_least=20_000)
        note = "subjects' own keys and all rows anew"
        report.add(SUBJECT, "… rows sealed under new keys (`jindi vault reseal`)", "rows/s", [resealed], note=note)


def streams(report: Report, folder: Path, count: int, rounds: int) -> None:
    """The simulated wallet from its first event on, into a platform in this process: all that is new is new."""
    raws = [msgspec.json.encode(each.event) for each in itertools.islice(World(doors.SEED, users=doors.USERS), count)]
    files = Outside().pack_files([])
    rates: dict[bool, list[float]] = {False: [], True: []}
    costs: dict[bool, list[float]] = {False: [], True: []}
    rows = 0
    for turn in range(rounds):
        for on in (False, True) if turn % 2 else (True, False):
            place = folder / f"stream-{turn}-{on}"
            vault = vault_in(place) if on else None
            with collector_off():  # as `jindi up` has it
                rate, cost = asyncio.run(stream(place, files, raws, vault))
            rates[on].append(rate)
            costs[on].append(cost)
        place = folder / f"stream-{turn}-True"
        store = SqliteVault(place / "vault.sqlite", place / "keys" / "subjects.sqlite")
        rows = store.counts().rows
        store.close()
    told = f"decisions from an empty folder on, {IN_FLIGHT} in flight"
    report.add(SUBJECT, f"{told}, vault off", "/s", rates[False])
    report.add(SUBJECT, f"{told}, vault on", "/s", rates[True], note=f"{rows / count:.2f} new rows an event")
    report.add(SUBJECT, "… CPU, vault off", "µs each", costs[False])
    report.add(SUBJECT, "… CPU, vault on", "µs each", costs[True])
    report.add(SUBJECT, "… on, of off", "×", pairwise_shares(rates[True], rates[False]), at_least=0.75)


async def stream(place: Path, files: dict[str, str], raws: list[bytes], vault: Vault | None) -> tuple[float, float]:
    """Durable decisions a second, and CPU microseconds for each, all threads."""
    platform = Platform(
        open_log=lambda _: SegmentLog(place / "journal", on_sealed=None), blobs=MemoryBlobs(),
        tokens=Tokens(bytes(KEY_BYTES)), clock=Outside().clock, files=files,
        settings=Settings(release_due=False, archive_minutes=0, drift_hours=0), vault=vault,
    )  # fmt: skip
    await platform.start()
    begin, begin_cpu = time.perf_counter(), cpu_s()
    waiting: deque[asyncio.Future[bytes]] = deque()
    for raw in raws:
        waiting.append(platform.submit(raw, platform.now_us()))
        if len(waiting) >= IN_FLIGHT:
            await waiting.popleft()
    await asyncio.gather(*waiting)
    rate, cost = len(raws) / (time.perf_counter() - begin), (cpu_s() - begin_cpu) / len(raws) * 1e6
    await platform.close(snapshot=False)
    return rate, cost


def served(report: Report, folder: Path, seconds: float, *, events: int, rounds: int) -> None:
    """Over HTTP, two servers in turn."""
    pool = folder / "wallet.ndjson"
    days = doors.wallet_pool(pool, events)
    with ExitStack() as stack:
        generators = {
            on: Generator(
                stack.enter_context(server.jindi(folder / f"served-{on}", JINDI_VAULT=on)), pool, days, f"vault-{on}-"
            )
            for on in ("off", "on")
        }
        runs: dict[str, list[dict[str, float]]] = {"off": [], "on": []}
        for turn in range(rounds + 1):
            for on, generator in list(generators.items())[:: 1 if turn % 2 else -1]:
                result = generator.run("closed", connections=CONNECTIONS, seconds=seconds)
                if turn:  # the first warms up
                    runs[on].append(result)
                if trouble := doors.unwell(result):
                    report.say(f"{SUBJECT}, {on}: {trouble}")
    told = f"HTTP, closed loop, {CONNECTIONS} connections"
    rates = {on: [each["rate"] for each in results] for on, results in runs.items()}
    for on in ("off", "on"):
        report.add(SUBJECT, f"{told}, vault {on}", "/s", rates[on])
        report.add(SUBJECT, f"… CPU of the server, vault {on}", "µs each", [each["server_cpu_us"] for each in runs[on]])
    report.add(SUBJECT, "… on, of off, HTTP", "×", pairwise_shares(rates["on"], rates["off"]), at_least=0.75)


def pairwise_shares(these: list[float], those: list[float]) -> list[float]:
    """Round by round."""
    assert statistics.fmean(those) > 0
    return [this / that for this, that in zip(these, those, strict=True)]
