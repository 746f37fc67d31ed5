"""`jindi bench`: the hot path on this machine, over the simulated wallet's events."""

import itertools

import msgspec
from rich.table import Table

from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.run.platform import compiled
from jindi.run.profile import profile
from jindi.run.simulate import World
from jindi.vault import KEY_BYTES, Tokens

SEED, USERS = 11, 2_000


def measure(wiring: Wiring, settled: Settled, output: Output, events: int, rounds: int, *, stages: bool) -> None:
    """Decide simulated events in memory and tell what that cost. Raises Problems when the packs don't take them."""
    program = compiled(wiring.pack_files(settled.packs))
    output.warm()
    world = World(SEED, users=USERS)
    raws = [msgspec.json.encode(simulated.event) for simulated in itertools.islice(world, events)]
    output.note(f"deciding {events} events {rounds + 1} times")
    figures = profile(program, Tokens(bytes(KEY_BYTES)), raws, rounds)
    output.give(msgspec.to_builtins(figures))
    if output.as_json:
        return
    if stages:
        table = Table("stage", "CPU µs, median", "least", "most")
        for stage in figures.stages:
            table.add_row(stage.name, f"{stage.us:.2f}", f"{stage.us_min:.2f}", f"{stage.us_max:.2f}")
        output.out.print(table)
    output.say(
        f"{figures.total_us:.1f} CPU µs per decision before HTTP and the disk"
        f" ({figures.total_us_min:.1f} to {figures.total_us_max:.1f}; {events} events,"
        f" median of {counted(rounds, 'round')});"
        f" {figures.record_bytes:.0f} B per record"
    )
