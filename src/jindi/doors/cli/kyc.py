"""`jindi kyc`: a running platform asked about its customers, and an identifier looked at without one."""

import sys
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.versioning import Asking
from jindi.packs.vocabulary import DERIVED
from jindi.parties.identity import attribute, fault_of

IMPOSSIBLE: Final = 3
"""The exit code for a number that can't be right: programs must not take it for one that is."""


class Rating(Asking):
    """A running platform, asked with a key."""

    def customers(self, level: str, limit: int, *, is_overdue: bool) -> None:
        """Customers, those due first first."""
        asked = (
            {"limit": str(limit)} | ({"level": level} if level else {}) | ({"overdue": "true"} if is_overdue else {})
        )
        found = self._ask("GET", f"/v1/kyc/customers?{urlencode(asked)}")
        self._give(found)
        if self._output.as_json:
            return
        for name, each in found["levels"].items():
            if each["customers"]:
                late = f", {each['overdue']:,} overdue" if each["overdue"] else ""
                self._output.say(f"{name}: {counted(each['customers'], 'customer')}{late}")
        for each in found["customers"]:
            self._output.say(_line(each))
        if found["count"] > len(found["customers"]):
            self._output.say(f"… and {found['count'] - len(found['customers']):,} more")
        if found["problem"]:
            self._output.say(f"评级不是最新 ratings are not up to date: {found['problem']}")

    def customer(self, user: str) -> None:
        """One customer with his history."""
        found = self._ask("GET", f"/v1/kyc/customers/{quote(user, safe='')}")
        self._give(found)
        if self._output.as_json:
            return
        self._output.say(_line(found))
        if found["by_hand"]:
            by = found["by_hand"]
            self._output.say(f"  by hand: {by['level']}, {by['by']} and {by['second'] or '–'}: {by['reason']}")
        last = next((each["assessment"] for each in found["history"] if each["assessment"]), None)
        for each in sorted(last["factors"], key=lambda one: -one["points"]) if last else ():
            value = "–" if each["value"] is None else each["value"]
            self._output.say(f"  {each['points']:5.1f}  step {each['step']}  {each['factor']}: {value}")
        for each in found["history"]:
            self._output.say(f"  {each['at']} {each['event']} {_told(each)}")

    def review(self, user: str, note: str, document_until: str) -> None:
        """Record a review."""
        body = {"note": note} | ({"document_until": document_until} if document_until else {})
        found = self._ask("POST", f"/v1/kyc/customers/{quote(user, safe='')}/review", body)
        self._give(found)
        if not self._output.as_json:
            self._output.say(_line(found))

    def freeze(self, user: str, order: str) -> None:
        """Freeze a customer for a short time."""
        found = self._ask("POST", "/v1/kyc/freezes", {"user": user, "order": order})
        self._give(found)
        if not self._output.as_json:
            self._output.say(f"{found['user']} 临时冻结至 is frozen until {found['until']}")


def check(kind: str, output: Output) -> None:
    """What a number from standard input tells; ends with `IMPOSSIBLE` when it can't be right. Raises Problems."""
    if kind not in DERIVED:
        raise Problems([Problem(kind[:40], "", "tells nothing", f"use one of: {', '.join(DERIVED)}")])
    try:
        number = NORMAL_FORMS[kind](sys.stdin.readline(256))
    except ValueError as error:
        raise Problems([Problem("standard input", "", str(error), "give one number on one line")]) from None
    today = datetime.now(UTC).date()
    told = {what: attribute(kind, what, number, today) for what in DERIVED[kind] if what != "fault"}
    fault = fault_of(kind, number, today)
    output.give({"kind": kind, **told, "fault": fault})
    for what, value in told.items():
        output.say(f"{what}: {'–' if value is None else value}")
    output.say("nothing speaks against it" if fault is None else f"it can't be right: {fault.replace('_', ' ')}")
    if fault is not None:
        raise SystemExit(IMPOSSIBLE)


def _line(each: dict[str, Any]) -> str:
    points = "" if each["points"] is None else f" {each['points']:.1f}"
    late = "overdue since" if each["overdue"] else "due"
    return f"{each['user']}  {each['level'] or 'not rated'}{points}  {each['owed']} {late} {each['due'][:10]}"


def _told(step: dict[str, Any]) -> str:
    fields = step["fields"]
    if step["assessment"]:
        return f"{step['assessment']['level']} {step['assessment']['points']:.1f}"
    return str(fields.get("risk_level") or fields.get("note") or "")
