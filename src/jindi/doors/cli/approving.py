"""Steps of what takes a second person, asked of a running platform over its API."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.versioning import TIMEOUT_S, Asking

_OVER = ("open", "approved")


class Approving(Asking):
    """A running platform, asked with a key."""

    def waiting(self, *, whole: bool) -> None:
        """Everything that waits, or was."""
        found = self._ask("GET", "/v1/approvals")
        self._give(found)
        if self._output.as_json:
            return
        if found["four_eyes"] == "off":
            self._output.say("双人复核已关闭 four eyes are off: what is asked for is done at once, by one person")
        listed = [each for each in found["approvals"] if whole or each["state"] in _OVER]
        for each in listed:
            self._output.say(_line(each))
        if not listed:
            self._output.say("nothing waits")

    def one(self, identifier: str) -> None:
        """One thing, exactly."""
        found = self._ask("GET", f"/v1/approvals/{identifier}")
        self._give(found)
        if not self._output.as_json:
            self._said(found)

    def ask_for(self, kind: str, payload: str, why: str) -> None:
        """Ask for an operation."""
        text = sys.stdin.read() if payload == "-" else payload
        try:
            document = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            remedy = """write it like '{"name": "gateway", "scopes": ["events:write"]}'"""
            raise Problems([Problem("the payload", "", "not a JSON object", remedy)]) from None
        found = self._ask("POST", "/v1/approvals", {"kind": kind, "payload": document, "why": why})
        self._give(found)
        if not self._output.as_json:
            self._said(found)

    def approve_one(self, identifier: str, digest: str, why: str) -> None:
        """Approve the content of a digest."""
        found = self._ask("POST", f"/v1/approvals/{identifier}/approve", {"digest": digest, "why": why})
        self._give(found)
        self._output.say(_line(found))

    def end(self, verb: str, identifier: str, why: str) -> None:
        """Reject or withdraw."""
        found = self._ask("POST", f"/v1/approvals/{identifier}/{verb}", {"why": why})
        self._give(found)
        self._output.say(_line(found))

    def collect(self, identifier: str, out: Path | None) -> None:
        """The result: a secret on standard output, a file where `out` says."""
        kind = self._ask("GET", f"/v1/approvals/{identifier}")["kind"]
        if kind == "decisions.export":
            self._collect_file(identifier, out)
            return
        found = self._ask("POST", f"/v1/approvals/{identifier}/collect", {})
        self._give(found)
        shown = next((found[name] for name in ("api_key", "secret", "link", "state") if name in found), "")
        self._output.say(f"{found.get('id', '')} {shown}\nThis is the only time that it is shown.")

    def _collect_file(self, identifier: str, out: Path | None) -> None:
        if out is None:
            raise Problems([Problem("--out", "", "this is a file", "say where it goes with --out FILE")])
        # Before it is collected: what can be collected once must not be lost for a name that is taken.
        try:
            target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            remedy = "name a new file in a folder that is there"
            raise Problems([Problem(str(out), "", f"can't be made: {error.strerror}", remedy)]) from None
        with os.fdopen(target, "wb") as file:
            bytes_ = self._bytes(f"/v1/approvals/{identifier}/collect")
            file.write(bytes_)
        self._give({"file": str(out), "bytes": len(bytes_)})
        self._output.say(f"{out}: {len(bytes_):,} bytes")

    def _bytes(self, path: str) -> bytes:
        try:
            response = httpx.post(
                self._url + path, content=b"{}", headers=self._headers, timeout=TIMEOUT_S, trust_env=False
            )
        except httpx.TransportError:
            raise Problems([Problem(self._url, "", "no platform answers there", "give --url")]) from None
        if not response.is_success:
            self._refused(response)
        return response.content

    def _said(self, found: Mapping[str, Any]) -> None:
        self._output.say(_line(found))
        for line in found.get("lines", ()):
            self._output.say(f"  {line['zh']} {line['en']}: {line['text']}")
        if "review" in found:
            self._review(found["review"], text=False)
        if found.get("stale"):
            self._output.say("  what it rests on has changed since; it can't be approved or collected any more")
        for each in found["answers"]:
            why = f": {each['why']}" if each["why"] else ""
            self._output.say(f"  {each['at']} {each['what']} by {each['by']}{why}")
        if found["state"] == "open":
            self._output.say(
                f"another person approves it: jindi approvals approve {found['id']} --digest {found['digest']}"
            )
        elif found["state"] == "approved" and found.get("collected"):
            self._output.say(f"whoever asked collects it: jindi approvals collect {found['id']}")


def _line(each: Mapping[str, Any]) -> str:
    answered = sum(answer["what"] == "approve" for answer in each["answers"])
    until = f"; until {each['expires']}" if each["state"] in _OVER else ""
    return (
        f"{each['id']} {each['state']}: {each['kind']} by {each['by']} ({each['key'] or 'console'}), {each['why']}; "
        f"{answered}/{each['needed']} approvals{until}; digest {each['digest'][:12]}"
    )
