"""Explanations on a terminal: why a decision is as it is, and what would change it."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.versioning import KEY_REMEDY, headers_of
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.engine import explain, to_json
from jindi.run.archive import Archive
from jindi.run.records import decision_seq

REASONS_TOLD = 5
"""The inputs that raised a model's score most; `--json` gives all."""

_MARKS = {"hit": "✓", "lifted": "~", "not_hit": "·"}


def explain_from_journal(wiring: Wiring, settled: Settled, output: Output, identifier: str, *, exact: bool) -> None:
    """Read one decision and the definitions of its moment, and print why. Raises LookupError."""
    try:
        seq = decision_seq(identifier)
    except ValueError as error:
        raise LookupError(str(error)) from None
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        record = archive.decision(seq)
        ep = archive.program(record.definitions).events[record.event_type]
        absent = frozenset(record.absent)
        facts = ep.complete([*record.values, *record.facts], absent)
        explanation = msgspec.json.decode(to_json(explain(ep, facts, absent, at_us=record.as_of_us, exact=exact)))
    finally:
        log.close()
    output.give({"decision_id": identifier, "event_id": record.event_id, **explanation})
    if not output.as_json:
        _print(output, f"{identifier} {record.event_type} {record.event_id}", explanation)


def try_packs(files: Mapping[str, str], raw: bytes, url: str, api_key: str, output: Output) -> None:
    """Ask a running platform what edited packs would decide. Raises Problems."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Problems([Problem("event", "", "not JSON", 'give one object such as {"id": …, "type": …}')]) from None
    body = msgspec.json.encode({"files": dict(files), "event": msgspec.Raw(raw)})
    headers = headers_of(api_key)
    try:
        response = httpx.post(f"{url}/v1/packs/try", content=body, headers=headers, timeout=30.0, trust_env=False)
        answer: dict[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
    except (httpx.TransportError, httpx.InvalidURL, msgspec.MsgspecError):
        raise Problems(
            [Problem(url, "", "no platform answers there", "start one with jindi up, or give --url")]
        ) from None
    if response.status_code != 200:
        remedy = KEY_REMEDY if response.status_code in (401, 403) else ""
        whole = {"path": url, "problem": answer.get("title", "refused"), "remedy": answer.get("detail", remedy)}
        told = answer.get("problems") or [whole]
        raise Problems(Problem(line["path"], "", line["problem"], line.get("remedy", "")) for line in told)
    output.give(answer)
    if not output.as_json:
        _print(output, "the event under these packs", answer["explanation"])
        if before := answer["decided_before"]:
            output.say(
                f"its id was decided before ({before}): what it did then is in the history, and counts beside this try;"
                " give it another id and, where that matters, another payee, device or card"
            )
        if answer["absent"]:
            output.say(f"away, for want of history under these packs: {', '.join(answer['absent'])}")


def _print(output: Output, title: str, explanation: Mapping[str, Any]) -> None:
    output.say(f"{title}: {explanation['outcome'].upper()}, score {explanation['score']}")
    if (split := explanation.get("split")) is not None:
        lot = "no lot" if split["lot_ppm"] is None else f"lot {split['lot_ppm'] / 10_000:g}%"
        output.say(
            f"  decided by the {split['side']} {split[split['side']]}: {lot} of {split['by']},"
            f" the challenger's are below {split['share_ppm'] / 10_000:g}%"
        )
    for rule in explanation["rules"]:
        asks = f" → {rule['asks']}" if rule["asks"] else ""
        score = f" {rule['score']:+d}" if rule["score"] else ""
        output.say(f"  {_MARKS[rule['state']]} {rule['id']}{score}{asks}  {rule['doc']['en']} {rule['doc']['zh']}")
        if rule["state"] != "not_hit":
            _condition(output, rule["condition"], 3)
    for model in explanation["models"]:
        output.say(f"  model {model['name']} = {_value(model['value'])}  {model['doc']['en']} {model['doc']['zh']}")
        for share in model["shares"][:REASONS_TOLD]:
            said = f"  {share['doc']['en']} {share['doc']['zh']}" if share["doc"] else ""
            output.say(f"    {share['points']:+.3f} {share['name']} = {_value(share['value'])}{said}")
    if explanation["limits"]:
        output.say("  limits:")
        for limit in explanation["limits"]:
            output.say(
                f"    {limit['name']} = {limit['value']} since {limit['since']} [{limit['mark']}] {limit['basis']}"
            )
    if changes := explanation.get("changes"):
        output.say("  what would change it:")
        for change in changes:
            output.say(f"    {_change(change)}")


def _condition(output: Output, condition: Mapping[str, Any], depth: int) -> None:
    output.say(f"{'  ' * depth}{condition['text']} = {_value(condition['value'])}")
    parts: Sequence[Mapping[str, Any]] = condition["parts"]
    for part in parts:
        if part["parts"] or part["text"] != str(part["value"]):
            _condition(output, part, depth + 1)


def _change(change: Mapping[str, Any]) -> str:
    moves = "; ".join(f"{m['input']}: {_value(m['before'])} → {_value(m['after'])}" for m in change["moves"])
    return f"{moves}  ⇒ {change['outcome']}, score {change['score']}"


def _value(value: Any) -> str:
    return "missing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
