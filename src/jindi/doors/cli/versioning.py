"""Steps with policy versions, asked of a running platform over its API."""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

import httpx
import msgspec
from rich.table import Column, Table

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Wiring

TIMEOUT_S = 60.0
_SHOWN = 12


KEY_REMEDY = "give --api-key, or set JINDI_API_KEY"


def headers_of(key: str) -> dict[str, str]:
    """The headers of a question. Without a key none is sent: the platform then says what is missing."""
    return {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})


class Asking:
    """A running platform, asked with a key."""

    def __init__(self, wiring: Wiring, output: Output, url: str, key: str) -> None:
        self._wiring, self._output, self._url = wiring, output, url.rstrip("/")
        self._headers = headers_of(key)
        self._trust: ssl.SSLContext | None = None

    # ---- looking

    def list_all(self) -> None:
        """All versions and open proposals."""
        found = self._ask("GET", "/v1/policies")
        self._give(found)
        if self._output.as_json:
            return
        width = max(len(each["version"]) for each in found["versions"])
        for each in found["versions"]:
            watched = ", watched" if each["watched"] and each["state"] != "shadow" else ""
            since = f" since {each['since'][:19]}Z" if each["since"] else ""
            last: Mapping[str, str] = next((m for m in reversed(each["history"]) if "by" in m), {})
            by = f" by {last['by']}" if last else ""
            self._output.say(f"{each['version']:{width}}  {each['state']}{watched} on {each['on']}{since}{by}")
        for each in found["proposals"]:
            self._output.say(_proposal_line(each))
        self._output.say(f"changes: {found['changes']}   in force: {found['digest'][:12]}")

    def show(self, name: str) -> None:
        """A policy's versions, a version, or a proposal."""
        if name.startswith("chg_"):
            found = self._ask("GET", f"/v1/proposals/{name}")
            self._give(found)
            self._output.say(_proposal_line(found))
            if found["edited"]:
                self._output.say("  the draft has been edited since: it can't be approved any more")
            self._review(found["review"], text=False)
            return
        found = self._ask("GET", f"/v1/policies/{name}")
        self._give(found)
        for each in found["versions"]:
            self._output.say(f"{each['version']} on {each['on']}: {each['state']}")
            for moment in each["history"]:
                by = f" by {moment['by']} ({moment['key'] or 'console'})" if "by" in moment else ""
                why = f": {moment['why']}" if moment.get("why") else ""
                self._output.say(f"  {moment['at']} {moment['what']}{by}{why}")

    def diff(self, policies: Sequence[str], candidate: Sequence[Path] | None, *, text: bool) -> None:
        """What the drafts would put in force."""
        found = self._ask("POST", "/v1/policies/diff", {"policies": list(policies)} | self._files(candidate))
        self._give(found)
        self._review(found, text=text)

    def stats(self, version: str | None) -> None:
        """What watched versions would have decided."""
        query = f"?{urlencode({'version': version})}" if version is not None else ""
        found = self._ask("GET", f"/v1/policies/statistics{query}")
        self._give(found)
        if self._output.as_json:
            return
        if not found["watched"] and not found["sides"]:
            none = f"{version} is not watched" if version is not None else "no version is watched"
            self._output.say(f"{none}, or no event of its type has come since; see jindi policies list")
        for each in found["watched"]:
            self._tally(each)
        if found["sides"]:
            outcomes = list(found["sides"][0]["outcomes"])
            table = Table("side", "version", "share", "events", *outcomes)
            for each in found["sides"]:
                share = each["share"] if each["side"] == "challenger" else 1 - each["share"]
                rates = (f"{each['outcomes'][name] / each['events']:.2%}" for name in outcomes)
                table.add_row(each["side"], each["version"], f"{share:.2%}", f"{each['events']:,}", *rates)
            self._output.out.print(table)

    def _tally(self, tally: Mapping[str, Any]) -> None:
        events, differ = tally["events"], tally["disagreements"]
        self._output.say(
            f"{tally['version']} beside {tally['live'] or 'no live policy'}: {counted(events, tally['on'] + ' event')}"
            f" from {tally['since']} to {tally['until']}, {differ:,} decided otherwise ({differ / events:.2%})"
        )
        table = Table("outcome", "live", "would be", "difference")
        for outcome, live in tally["live_outcomes"].items():
            would = tally["would_outcomes"][outcome]
            if live or would:
                table.add_row(outcome, f"{live:,}", f"{would:,}", f"{would - live:+,}")
        self._output.out.print(table)
        rules = Table(Column("rule", overflow="fold", min_width=30), "hits", "live hits", "would stop harder")
        for name, rule in tally["rules"].items():
            rules.add_row(name, f"{rule['hits']:,}", f"{rule['live_hits']:,}", f"{rule['heavier']:,}")
        if tally["rules"]:
            self._output.out.print(rules)
        if tally["cost_us"] is not None:
            live_us = tally["live_cost_us"]
            beside = f", the live one {live_us:.1f}" if live_us is not None else ""
            self._output.say(f"  CPU to judge an event: {tally['cost_us']:.1f} µs{beside}")
        for sample in tally["samples"][:5]:
            self._output.say(f"  {sample['decision_id']}: {sample['live']}, would be {sample['would']}")

    # ---- doing

    def shadow(self, policy: str, candidate: Sequence[Path] | None, why: str) -> None:
        """Put a draft beside what decides."""
        asked = {"policy": policy, "why": why} | self._files(candidate)
        found = self._ask("POST", "/v1/policies/shadow", asked)
        self._give(found)
        self._output.say(f"{found['version']} runs in the shadow; see jindi policies stats {found['version']}")

    def retire(self, version: str, why: str) -> None:
        """End a shadow version."""
        found = self._ask("POST", "/v1/policies/retire", {"version": version, "why": why})
        self._give(found)
        self._output.say(f"{version} has ended")

    def propose(self, policies: Sequence[str], candidate: Sequence[Path] | None, why: str) -> None:
        """Propose drafts."""
        asked = {"policies": list(policies), "why": why} | self._files(candidate)
        found = self._ask("POST", "/v1/proposals", asked)
        self._give(found)
        self._output.say(_proposal_line(found))
        self._review(found["review"], text=False)
        self._output.say(
            f"another person approves it: jindi policies approve {found['id']} --digest {found['digest'][:12]}"
        )

    def approve(self, proposal: str, confirm: Sequence[str], digest: str | None, why: str) -> None:
        """Put a proposal in force."""
        asked = {"why": why, "confirm": list(confirm), "digest": digest}
        found = self._ask("POST", f"/v1/proposals/{proposal}/approve", asked)
        self._give(found)
        self._output.say(f"{', '.join(found['versions']) or found['digest'][:12]}: in force")
        if found["catching_up"]:
            self._output.say(f"catching up: {', '.join(found['catching_up'])}")

    def reject(self, proposal: str, why: str) -> None:
        """End a proposal."""
        found = self._ask("POST", f"/v1/proposals/{proposal}/reject", {"why": why})
        self._give(found)
        self._output.say(f"{proposal}: {found['state']}")

    def roll_back(self, policy: str | None, why: str) -> None:
        """Go back to what was in force before."""
        found = self._ask("POST", "/v1/policies/rollback", {"policy": policy, "why": why})
        self._give(found)
        for line in _differences(found["differences"]):
            self._output.say(line)
        self._output.say(f"{found['digest'][:12]} is in force now; see jindi policies list")

    # ---- what they have in common

    def _files(self, candidate: Sequence[Path] | None) -> dict[str, Any]:
        """The edited packs; the base pack, which the platform has, only if it is edited, too."""
        if not candidate:
            return {}
        base, files = self._wiring.base_files(), self._wiring.pack_files(list(candidate))
        if all(files[path] == text for path, text in base.items()):
            files = {path: text for path, text in files.items() if path not in base}
        return {"files": files}

    def _give(self, document: dict[str, Any]) -> None:
        self._output.give({"ok": True, **document})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = msgspec.json.encode(body) if body is not None else None
        try:
            response = httpx.request(
                method, self._url + path, content=content, headers=self._headers, timeout=TIMEOUT_S, trust_env=False,
                verify=self._trust or ssl.create_default_context(),
            )  # fmt: skip
        except httpx.TransportError:
            raise Problems(
                [Problem(self._url, "", "no platform answers there", "start one with jindi up, or give --url")]
            ) from None
        answer: dict[str, Any] = response.json()
        if not response.is_success:
            self._refused(response)
        return answer

    def _refused(self, response: httpx.Response) -> NoReturn:
        """Tell why a platform declined."""
        answer: dict[str, Any] = response.json()
        remedy = KEY_REMEDY if response.status_code == httpx.codes.UNAUTHORIZED else ""
        whole = {"path": "", "problem": answer.get("detail") or answer.get("title", "refused"), "remedy": remedy}
        told = answer.get("problems") or [whole]
        raise Problems(Problem(line["path"], "", line["problem"], line.get("remedy", "")) for line in told)

    def _review(self, review: Mapping[str, Any], *, text: bool) -> None:
        if self._output.as_json:
            return
        for problem in review["problems"]:
            self._output.say(f"  ✗ {problem}")
        for line in _differences(review["differences"]):
            self._output.say(line)
        if text:
            self._output.say(review["text"])
        if not review["problems"]:
            self._output.say(
                f"  {counted(review['cases'], 'case holds', 'cases hold')}; digest {review['digest'][:12]}"
            )
        for finding in review["findings"]:
            confirm = f"  (--confirm {finding['rule']})" if finding["rule"] else ""
            self._output.say(f"  ! {finding['problem']}{confirm}")


def _differences(differences: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    marks = {"added": "+", "removed": "-", "changed": "~"}
    for each in differences:
        owner = f" of {each['policy']}" if each["policy"] and each["policy"] != each["name"] else ""
        yield f"  {marks[each['what']]} {each['kind']} {each['name']}{owner}"
        for aspect in each["aspects"][:_SHOWN]:
            if each["what"] == "changed":
                yield f"      {aspect['name']}: {_or_none(aspect['before'])} → {_or_none(aspect['after'])}"
            elif aspect["name"] in ("when", "then", "score", "is", "fold", "over", "value", "on"):
                yield f"      {aspect['name']}: {aspect['after'] or aspect['before']}"


def _or_none(text: str | None) -> str:
    return "–" if text is None else text


def _proposal_line(proposal: Mapping[str, Any]) -> str:
    what = ", ".join(proposal["versions"]) or ", ".join(proposal["files"])
    line = f"{proposal['id']} {proposal['state']}: {what} by {proposal['by']} ({proposal['key'] or 'console'})"
    line += f", {proposal['why']}; digest {proposal['digest'][:12]}"
    if proposal["state"] == "open":
        line += f"; until {proposal['expires']}"
    if answer := proposal.get("answer"):
        line += f"; {answer['what']} by {answer['by']} at {answer['at']}" + (
            f": {answer['why']}" if answer["why"] else ""
        )
    return line
