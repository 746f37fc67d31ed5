"""`jindi aml reports`: reports of a running platform, asked over its API. What a report says goes into files of the
folder that was named, for its owner alone; the terminal is told ids, states, days, fields and codes.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from jindi.basics.problems import Problem, Problems
from jindi.cases.filings_counting import COLUMNS
from jindi.doors.cli.output import counted
from jindi.doors.cli.reporting import CORRECT, REFUSED, Folder, bytes_of, document_of
from jindi.doors.cli.versioning import TIMEOUT_S, Asking

REPORTS: Final = "/v1/aml/reports"
RECEIPT_BYTES_MAX: Final = 5 << 20
UNTOLD: Final = ("draft", "receipts", "story")
"""What the terminal is not told of a report."""

STATES: Final = {
    "writing": "起草中 being written", "proposed": "待审批 waits for approval", "approved": "已审批 approved",
    "packed": "已制报文 packed", "sent": "已报送 sent", "accepted": "已接收 accepted",
    "to_correct": "要求补正 to be corrected", "refused": "被退回 refused", "deleted": "已删除 deleted",
    "dropped": "已放弃 given up",
}  # fmt: skip
_EXITS: Final = {"to_correct": CORRECT, "refused": REFUSED}


class Filing(Asking):
    """A running platform, asked with a key."""

    # ---- looking

    def listed(self, asked: Mapping[str, str]) -> None:
        """The reports, and exit 1 when one of them is late."""
        query = urlencode({name: value for name, value in asked.items() if value})
        found = self._ask("GET", f"{REPORTS}?{query}" if query else REPORTS)
        late = sum(each["late"] for each in found["reports"])
        self._output.give({"ok": not late, "late": late, **found})
        if not self._output.as_json:
            for each in found["reports"]:
                self._output.say(_line(each))
            if not found["reports"]:
                self._output.say("没有报告 no report")
        if late:
            raise SystemExit(1)

    def standing(self, identifier: str, out: Path | None) -> None:
        """How a report stands; what it says goes into a file. Raises Problems."""
        found = self._ask("GET", _of(identifier))
        path = None
        if out is not None:
            data = json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n"
            path = Folder(out).write(f"{found['id']}.{found['version']}.json", data)
        self._told(found, path)

    def statistics(self) -> None:
        """Months counted, as CSV."""
        found = self._ask("GET", "/v1/aml/statistics")
        self._give(found)
        if not self._output.as_json:
            for row in (COLUMNS, *([str(each[name]) for name in COLUMNS] for each in found["months"])):
                self._output.say(",".join(row))

    def days(self, day: str) -> None:
        """Large days, and exit 1 when one is late; whose they are stays in the answer of the API."""
        query = f"?{urlencode({'day': day})}" if day else ""
        found = self._ask("GET", f"/v1/aml/large{query}")
        told = [{name: value for name, value in each.items() if name != "customer"} for each in found["days"]]
        late = sum(each["late"] for each in told)
        self._output.give({"ok": not late, "late": late, **found, "days": told})
        if not self._output.as_json:
            for each in told:
                self._output.say(_large_line(each))
            if found["unconverted"]:
                self._output.say(f"{found['unconverted']} 笔币种无法折算 in a currency without a rate: not counted")
        if late:
            raise SystemExit(1)

    def begin(self, day: str) -> None:
        """Begin the report of a day. Raises Problems."""
        self._told(self._ask("POST", f"/v1/aml/large/{quote(day, safe='')}", {}))

    # ---- writing

    def draft(self, case: str, out: Path) -> None:
        """A draft to begin with, in a file. Raises Problems."""
        query = f"?{urlencode({'case': case})}" if case else ""
        found = self._ask("GET", f"/v1/aml/defaults{query}")
        data = json.dumps(found["draft"], ensure_ascii=False, indent=1).encode() + b"\n"
        path = Folder(out).write("draft.json", data)
        self._output.give({"ok": True, "file": str(path)})
        self._output.say(str(path))

    def new(self, draft: Path, more: Mapping[str, str]) -> None:
        """Begin a report. Raises Problems."""
        body = {"draft": document_of(draft)} | {name: value for name, value in more.items() if value}
        self._told(self._ask("POST", REPORTS, body))

    def write(self, identifier: str, draft: Path) -> None:
        """Say something else. Raises Problems."""
        self._told(self._ask("POST", _of(identifier, "write"), {"draft": document_of(draft)}))

    def step(self, identifier: str, verb: str, body: Mapping[str, Any]) -> None:
        """Take a step. Raises Problems."""
        self._told(self._ask("POST", _of(identifier, verb), body))

    # ---- files

    def packet(self, identifier: str, out: Path, unit: Path | None) -> None:
        """Fetch the packet into a folder. Raises Problems."""
        folder = Folder(out)
        if unit is None:
            response = self._fetched("GET", _of(identifier, "packet"))
        else:
            response = self._fetched("POST", _of(identifier, "goaml"), {"unit": dict(document_of(unit))})
        name = response.headers["content-disposition"].partition('filename="')[2].rstrip('"')
        path = folder.write(Path(name).name, response.content)
        self._output.give({"ok": True, "file": str(path), "bytes": len(response.content)})
        self._output.say(f"{path}  {len(response.content):,} B")

    def _fetched(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            response = httpx.request(
                method, self._url + path, json=body, headers=self._headers, timeout=TIMEOUT_S, trust_env=False,
            )  # fmt: skip
        except httpx.TransportError:
            raise Problems([Problem(self._url, "", "no platform answers there", "give --url")]) from None
        if not response.is_success:
            self._refused(response)
        return response

    def receipt(self, file: Path, form: Path | None) -> None:
        """Take in a receipt; the exit code says how the packet fared. Raises Problems."""
        body: dict[str, Any] = {
            "name": file.name, "content": b64encode(bytes_of(file, RECEIPT_BYTES_MAX)).decode(),
        }  # fmt: skip
        if form is not None:
            body["form"] = dict(document_of(form))
        found = self._ask("POST", "/v1/aml/receipts", body)
        errors = found["receipts"][0]["errors"]
        fields = [{"field": each["field"], "code": each["code"], "name": each["name"]} for each in errors or ()]
        self._output.give({"ok": found["state"] not in _EXITS, **_standing(found), "errors": fields})
        if not self._output.as_json:
            self._output.say(_line(found))
            for each in fields:
                name = f" {each['name']['zh']} {each['name']['en']}" if each["name"] else ""
                self._output.say(f"  ✗ {each['field']}{name} {each['code']}")
            if errors is None:
                self._output.say("  错误未能读出 its errors could not be read: give --form")
        if found["state"] in _EXITS:
            raise SystemExit(_EXITS[found["state"]])

    # ---- telling

    def _told(self, found: Mapping[str, Any], path: Path | None = None) -> None:
        """How a report stands."""
        more = {"file": str(path)} if path is not None else {}
        self._output.give({"ok": True, **_standing(found), **more})
        if self._output.as_json:
            return
        self._output.say(_line(found))
        if found["state"] == "proposed":
            self._output.say(f"  摘要 digest {found['digest']}")
        for each in found["packets"]:
            self._output.say(f"  {each}")
        for each in found["clocks"]:
            due = each["due"] or "期限不明 nobody knows until when"
            sent = f" → {each['sent_on']}" if each["sent_on"] else ""
            self._output.say(f"  {each['kind']}: {due} {each['state']}{sent}")
        for each in found.get("problems", ()) if found["state"] == "writing" else ():
            self._output.say(f"  ○ {each['item']} {each['problem']} ({each['remedy']})")
        if path is not None:
            self._output.say(f"  → {path}")


def _of(identifier: str, verb: str = "") -> str:
    return f"{REPORTS}/{quote(identifier, safe='')}{f'/{verb}' if verb else ''}"


def _standing(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in UNTOLD}


def _large_line(each: Mapping[str, Any]) -> str:
    sums = ", ".join(f"{line['sum']} {line['currency']}" for line in each["lines"])
    due = each["due"] or "期限不明 nobody knows until when"
    state = STATES[each["state"]] if each["state"] else "未起草 no report"
    late = "  已逾期 LATE" if each["late"] else ""
    return f"{each['day']} {each['code']} {each['direction']} {sums} → {due} {each['report'] or ''} {state}{late}"


def _line(each: Mapping[str, Any]) -> str:
    late = "  已逾期 LATE" if each["late"] else ""
    what = f"{counted(each['subjects'], 'subject')}, {counted(each['transactions'], 'transaction')}"
    held = f"  {what}" if each["transactions"] else ""
    return f"{each['id']}  {each['topic']}  {STATES[each['state']]}{held}{late}"
