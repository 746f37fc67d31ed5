"""How labels stand: what has turned out so far, and how long that takes."""

from typing import Any

from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.engine import Program
from jindi.run.archive import Archive
from jindi.run.labels import Labels, Standing, standing

SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)


def show_labels(wiring: Wiring, settled: Settled, output: Output) -> None:
    """Read the journal and say how every label of its newest definitions stands. Raises Problems."""
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        with output.progress() as progress:
            task = progress.add_task("reading the journal", total=3 * log.next_seq())
            program = _newest(archive)
            progress.update(task, completed=log.next_seq())
            labels = Labels.of(archive, program.definitions)
            by_us = wiring.clock.now_us()
            done = 2 * log.next_seq()
            found = standing(archive, labels, by_us, lambda seq: progress.update(task, completed=done + seq))
    finally:
        log.close()
    output.give({"by": format_instant(by_us), "labels": [_told(each) for each in found]})
    if not found:
        output.say("no label is declared (labels.toml in a pack says what turns out about events)")
    for each in found:
        label = program.definitions.labels[each.label]
        output.say(f"{each.label} on {each.event_type}: {label.doc.en} {label.doc.zh}")
        output.say(f"  {each.decided} decided, {each.mature} of them mature (after {label.mature_us / DAY_US:g} d)")
        output.say(f"  {each.true} true, {each.false} false, {each.unknown} not known yet")
        within = [(share, each.within(share)) for share in SHARES]
        if each.curve:
            known = ", ".join(
                f"{share:.0%} within {after / DAY_US:.1f} d" for share, after in within if after is not None
            )
            output.say(f"  of what turns out true is known: {known}")


def _newest(archive: Archive) -> Program:
    if (seq := archive.in_force()) < 0:
        raise Problems([Problem("journal", "", "it is empty", "start the platform and send it events")])
    return archive.program(seq)


def _told(each: Standing) -> dict[str, Any]:
    return {
        "label": each.label, "on": each.event_type, "decided": each.decided, "mature": each.mature,
        "true": each.true, "false": each.false, "unknown": each.unknown,
        "known_within": [
            {"share": share, "days": round(after / DAY_US, 3)}
            for share in SHARES
            if (after := each.within(share)) is not None
        ],
    }  # fmt: skip
