"""Requests of persons on the command line: opened, listed, closed."""

from datetime import date

from rich.table import Table

from jindi.basics.instants import day_of, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.packs import Definitions, load
from jindi.run.requests import EVENT, PACK, RIGHTS, Request, Requests, Right, read

RIGHTS_TOLD: dict[Right, str] = {
    "access": "查阅复制 access", "transfer": "转移 transfer", "correct": "更正 correct", "erase": "删除 erase",
    "withdraw": "撤回同意 withdraw", "explain": "解释 explain",
}  # fmt: skip


def definitions(wiring: Wiring, settled: Settled) -> Definitions:
    """The packs of the settings; the shipped ones where these say nothing of requests. Raises Problems."""
    found = load(wiring.pack_files(settled.packs))
    return found if EVENT in found.events else load(wiring.pack_files([]))


def today(wiring: Wiring, definitions: Definitions) -> date:
    """The day that it is where the pack that watches requests is at home."""
    return day_of(wiring.clock.now_us(), definitions.packs[PACK].zone)


def day(text: str | None, otherwise: date) -> date:
    """A day that is written YYYY-MM-DD. Raises Problems, also for one that is yet to come."""
    if text is None:
        return otherwise
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Problems([Problem("--received", "", "not a day", "write it as 2026-11-27")]) from None
    if found > otherwise:
        raise Problems([Problem("--received", "", "this day is yet to come", "name the day on which it came in")])
    return found


def right_named(name: str) -> Right:
    """One of the rights. Raises Problems."""
    for right in RIGHTS:
        if right == name:
            return right
    raise Problems([Problem("RIGHT", "", "not a right", f"use one of: {', '.join(RIGHTS)}")])


def found_requests(wiring: Wiring, settled: Settled) -> Requests:
    """All requests of the folder's journal. Raises Problems and LogFailure."""
    log = wiring.view_log(settled)
    try:
        return read(log)
    finally:
        log.close()


def document(request: Request, now: date) -> dict[str, object]:
    """A request, for programs."""
    return {
        "request": request.id, "right": request.right, "subject": request.subject,
        "received": request.received.isoformat(), "due": request.due.isoformat(), "by": request.by,
        "overdue": request.is_overdue(now), "ending": request.ending,
        "closed": None if request.closed_us is None else format_instant(request.closed_us),
    }  # fmt: skip


def show_requests(wiring: Wiring, settled: Settled, output: Output, *, everything: bool) -> None:
    """The requests, and exit 1 when one is overdue."""
    found = found_requests(wiring, settled)
    now = today(wiring, definitions(wiring, settled))
    shown = found.all if everything else found.open
    late = found.overdue(now)
    output.give({"ok": not late, "overdue": len(late), "requests": [document(each, now) for each in shown]})
    if not output.as_json:
        table = Table("请求 request", "权利 right", "信息主体 subject", "收到 received", "期限 due", "状态 state")
        for each in shown:
            state = "已逾期 overdue" if each.is_overdue(now) else _STATES[each.ending]
            row = (each.id, RIGHTS_TOLD[each.right], each.subject, str(each.received), str(each.due), state)
            table.add_row(*row)
        output.out.print(table)
    if late:
        raise SystemExit(1)


_STATES = {None: "待答复 open", "done": "已答复 done", "refused": "已拒绝 refused"}
