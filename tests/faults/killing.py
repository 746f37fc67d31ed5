"""Kill a loaded platform with SIGKILL at arbitrary instants, again and again, and hold it to its promises.

Run it for long: python tests/faults/killing.py --rounds 200

One process forks a child for each round (all imports and kernels are loaded once). The child recovers the
platform from a folder that outlives it and decides events as fast as it can, telling every acknowledged answer
through a pipe. The parent kills it at a random instant. After each round and at the end:

- every acknowledged answer is given again, byte for byte, when its event is sent again;
- no event counts twice: the user's count of payments is the number of distinct journalled events;
- the chain verifies, and the state recovered by snapshot and tail equals a replay from nothing.
"""

import argparse
import asyncio
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jindi import features, journal
from jindi.ports import Log
from jindi.run import answered
from jindi.run.archive import Archive
from jindi.run.platform import Platform, Settings, compiled
from jindi.run.records import DecisionRecord
from jindi.run.recovery import recover
from jindi.stores.files import FileBlobs
from jindi.stores.segments import SegmentLog
from jindi.vault import Tokens

PACKS = Path(__file__).parent.parent / "packs" / "handbook"
CORE = Path(__file__).parent.parent.parent / "packs" / "core"
START_US = 1_790_000_000_000_000
IN_FLIGHT = 64


class Clock:
    def now_us(self) -> int:
        return time.time_ns() // 1000


def files() -> dict[str, str]:
    return {
        f"{folder.name}/{path.relative_to(folder)}": path.read_text("utf-8")
        for folder in (CORE, PACKS)
        for path in sorted(folder.rglob("*.toml"))
        if path.name != "columns.toml"
    }


def event(number: int) -> bytes:
    """The event of a number: always the same bytes."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START_US // 1_000_000 - 3_000_000 + number))
    return json.dumps({
        "id": f"e{number}", "type": "card_payment", "at": at,
        "customer": f"c{number % 7}", "terminal": f"t{number % 3}", "amount": f"{number % 400}.{number % 100:02d}",
    }).encode()  # fmt: skip


def open_log(folder: Path, sealed: Any = None) -> Log:
    # Small segments, so that rotations are under fire too.
    return SegmentLog(folder / "journal", segment_bytes=256 * 1024, on_sealed=sealed)


def make(folder: Path) -> Platform:
    return Platform(
        open_log=lambda sealed: open_log(folder, sealed), blobs=FileBlobs(folder / "state"), tokens=Tokens(bytes(32)),
        clock=Clock(), files=files(), settings=Settings(snapshot_every=700, snapshot_minutes=1000),
    )  # fmt: skip


def child(folder: Path, first: int, again: list[int], pipe: int) -> None:
    """Recover, answer some old events again, then go on from `first` until killed."""

    async def work() -> None:
        platform = make(folder)
        await platform.start()
        numbers: Iterator[int] = iter(range(first, 1 << 40))
        for number in again:
            tell(number, await platform.submit(event(number), Clock().now_us()))
        snapshots = asyncio.create_task(snapshot_often(platform))
        flying: list[tuple[int, asyncio.Future[bytes]]] = []
        while not snapshots.done():
            while len(flying) < IN_FLIGHT:
                number = next(numbers)
                flying.append((number, platform.submit(event(number), Clock().now_us())))
            number, future = flying.pop(0)
            tell(number, await future)
        snapshots.result()

    async def snapshot_often(platform: Platform) -> None:
        while True:
            await asyncio.sleep(0.05)
            await platform.snapshot()

    def tell(number: int, answer: bytes) -> None:
        line = b"%d %s\n" % (number, answer)
        os.write(pipe, line)

    asyncio.run(work())


def kill_rounds(rounds: int, seed: int, folder: Path, told: Any = print) -> dict[str, int]:
    """Do it, and raise AssertionError at the first broken promise. Returns what was done."""
    chance = random.Random(seed)
    getattr(features, "warm", lambda _: 0)(lambda *_: None)
    answered.warm()
    compiled(files())
    acknowledged: dict[int, bytes] = {}
    for number in range(rounds):
        again = chance.sample(sorted(acknowledged), min(20, len(acknowledged)))
        lines = one_round(folder, max(acknowledged, default=-1) + 1, again, chance.uniform(0.05, 0.5))
        for line in lines:
            key, _, answer = line.partition(b" ")
            before = acknowledged.setdefault(int(key), answer)
            assert before == answer, f"round {number}: event {int(key)} was answered otherwise the second time"
        if number % 10 == 9:
            told(f"{number + 1} kills, {len(acknowledged)} acknowledged")
    return {"kills": rounds, "acknowledged": len(acknowledged), **check_at_end(folder, acknowledged)}


def one_round(folder: Path, first: int, again: list[int], seconds: float) -> list[bytes]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        status = 1
        try:
            child(folder, first, again, writing)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
            os.write(writing, f"! {type(error).__name__}: {error}\n".encode())
            status = 2
        finally:
            os._exit(status)
    os.close(writing)
    data, deadline = b"", None
    while True:
        timeout = 300.0 if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([reading], [], [], timeout)[0]:
            break
        part = os.read(reading, 1 << 16)
        if not part:
            break
        data += part
        # The clock of the round starts with its first answer: recovery itself is killed only sometimes.
        deadline = deadline or time.monotonic() + seconds
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while part := os.read(reading, 1 << 16):
        data += part
    os.close(reading)
    lines = data.split(b"\n")[:-1]
    failed = [line for line in lines if line.startswith(b"!")]
    assert not failed, failed[0].decode()
    assert lines, "the child answered nothing within five minutes"
    return lines


def check_at_end(folder: Path, acknowledged: dict[int, bytes]) -> dict[str, int]:
    log = open_log(folder)
    verified = journal.verify(log.read(0))
    archive = Archive(log)
    program = compiled(files())
    records = [(seq, record) for seq, record in archive.records() if isinstance(record, DecisionRecord)]
    by_id = {record.event_id: seq for seq, record in records}
    assert len(by_id) == len(records), "an event stands in the journal twice"
    for number, answer in acknowledged.items():
        seq = int(json.loads(answer)["decision_id"].removeprefix("dec_"), 16)
        assert by_id.get(f"e{number}") == seq, f"the acknowledged event {number} is not where its answer says"
    blobs = FileBlobs(folder / "state")
    quick = recover(log, blobs, program, archive)
    for name in blobs.names("snapshot-"):
        blobs.drop(name)
    slow = recover(log, blobs, program, archive)
    assert quick.snapshot is not None, f"no snapshot was usable: {quick.notes}, {blobs.names()}"
    assert slow.snapshot is None
    quick_state, slow_state = quick.state, slow.state
    assert (quick_state.high_us, quick_state.next_seq) == (slow_state.high_us, slow_state.next_seq)
    for customer in range(7):
        at_us = slow_state.high_us
        seen = quick_state.windows.entity("customer", f"c{customer}", at_us)
        assert seen == slow_state.windows.entity("customer", f"c{customer}", at_us), "snapshot and replay differ"
    total = sum(
        slow_state.windows.entity("customer", f"c{customer}", slow_state.high_us)["customer_id_nb_tx_30day_window"]
        for customer in range(7)
    )
    in_window = sum(record.as_of_us > slow_state.high_us - 30 * 86_400_000_000 for _, record in records)
    assert total == in_window, "an event counts twice, or not at all"
    log.close()
    return {"decisions": len(records), "batches": verified.batches}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sys.stdout.write(f"{kill_rounds(given.rounds, given.seed, Path(scratch))}\n")
