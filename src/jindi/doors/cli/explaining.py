"""Explanations on a terminal: why a decision is as it is, and what would change it."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.versioning import KEY_REMEDY, headers_of
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.engine import explain, said, to_json
from jindi.run.archive import Archive
from jindi.run.records import decision_seq

REASONS_TOLD = 5
"""The inputs that raised a model's score most; `--json` gives all."""

CHANGES_TOLD = 6
"""The changes that are told of those that were found; `--all` and `--json` give all."""

Document = Mapping[str, Any]

_MARKS = {"hit": "✓", "lifted": "~", "not_hit": "·"}


def explain_from_journal(
    wiring: Wiring, settled: Settled, output: Output, identifier: str, *, exact: bool, whole: bool
) -> None:
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
        _print(output, f"{identifier} {record.event_type} {record.event_id}", explanation, whole=whole)


def try_packs(files: Mapping[str, str], raw: bytes, url: str, api_key: str, output: Output, *, whole: bool) -> None:
    """Ask a running platform what edited packs would decide. Raises Problems."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Problems([Problem("event", "", "not JSON", 'give one object such as {"id": …, "type": …}')]) from None
    body = msgspec.json.encode({"files": dict(files), "event": msgspec.Raw(raw)})
    headers = headers_of(api_key)
    try:
        response = httpx.post(
            f"{url}/v1/packs/try", content=body, headers=headers, timeout=30.0, trust_env=False,
            verify=ssl.create_default_context(),
        )  # fmt: skip
        answer: dict[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
    except (httpx.TransportError, httpx.InvalidURL, msgspec.MsgspecError):
        raise Problems(
            [Problem(url, "", "no platform answers there", "start one with jindi up, or give --url")]
        ) from None
    if response.status_code != 200:
        remedy = KEY_REMEDY if response.status_code in (401, 403) else ""
        refusal = {"path": url, "problem": answer.get("title", "refused"), "remedy": answer.get("detail", remedy)}
        told = answer.get("problems") or [refusal]
        raise Problems(Problem(line["path"], "", line["problem"], line.get("remedy", "")) for line in told)
    output.give(answer)
    if not output.as_json:
        _print(output, "the event under these packs", answer["explanation"], whole=whole)
        if before := answer["decided_before"]:
            output.say(
                f"its id was decided before ({before}): what it did then is in the history, and counts beside this try;"
                " give it another id and, where that matters, another payee, device or card"
            )
        if answer["absent"]:
            output.say(f"away, for want of history under these packs: {', '.join(answer['absent'])}")


def _print(output: Output, title: str, explanation: Document, *, whole: bool) -> None:
    """What was hit and what would have changed the outcome; with `whole` every rule, limit and change."""
    kinds = {line["name"]: line["type"] for line in explanation["inputs"]}
    output.say(f"{title}: {explanation['outcome'].upper()}, score {explanation['score']}")
    _print_split(output, explanation.get("split"))
    spoke = [rule for rule in explanation["rules"] if whole or rule["state"] != "not_hit" or rule["away"]]
    for rule in spoke:
        _print_rule(output, rule)
    if explanation["rules"] and not spoke:
        output.say(f"  no rule was hit, of {len(explanation['rules'])}")
    for model in explanation["models"]:
        _print_model(output, model, kinds)
    concerned = {leaf for rule in spoke for leaf in _leaves(rule["condition"])}
    limits = [line for line in explanation["limits"] if whole or _limit(line) in concerned]
    if limits:
        output.say("  limits:")
    for line in limits:
        value = _value(line["value"], kinds[_limit(line)])
        output.say(f"    {line['name']} = {value} since {line['since']} [{line['mark']}] {line['basis']}")
    changes = _nearest(explanation["changes"], whole=whole)
    if changes:
        output.say("  what would change it:")
    for change in changes:
        output.say(f"    {_change(change, kinds)}")
    rest = {
        "rule": len(explanation["rules"]) - len(spoke),
        "limit": len(explanation["limits"]) - len(limits),
        "change": len(explanation["changes"]) - len(changes),
    }
    if any(rest.values()):
        told = ", ".join(counted(count, what) for what, count in rest.items() if count)
        output.say(f"  not shown: {told}; --all shows them")


def _print_split(output: Output, split: Document | None) -> None:
    if split is None:
        return
    lot = "no lot" if split["lot_ppm"] is None else f"lot {split['lot_ppm'] / 10_000:g}%"
    output.say(
        f"  decided by the {split['side']} {split[split['side']]}: {lot} of {split['by']},"
        f" the challenger's are below {split['share_ppm'] / 10_000:g}%"
    )


def _print_rule(output: Output, rule: Document) -> None:
    asks = f" → {rule['asks']}" if rule["asks"] else ""
    score = f" {rule['score']:+d}" if rule["score"] else ""
    output.say(f"  {_MARKS[rule['state']]} {rule['id']}{score}{asks}  {rule['doc']['en']} {rule['doc']['zh']}")
    if rule["away"]:
        output.say(f"      away: {', '.join(rule['away'])} (degrades {rule['degraded']})")
    if rule["state"] != "not_hit":
        _condition(output, rule["condition"], 3)


def _print_model(output: Output, model: Document, kinds: Mapping[str, str]) -> None:
    output.say(f"  model {model['name']} = {_value(model['value'])}  {model['doc']['en']} {model['doc']['zh']}")
    for share in model["shares"][:REASONS_TOLD]:
        said = f"  {share['doc']['en']} {share['doc']['zh']}" if share["doc"] else ""
        value = _value(share["value"], kinds.get(share["name"], ""))
        output.say(f"    {share['points']:+.3f} {share['name']} = {value}{said}")


def _limit(line: Document) -> str:
    """A limit as conditions name it."""
    return f"limit('{line['name']}')"


def _leaves(condition: Document) -> Iterator[str]:
    if not condition["parts"]:
        yield condition["text"]
    for part in condition["parts"]:
        yield from _leaves(part)


def _nearest(changes: Sequence[Document], *, whole: bool) -> Sequence[Document]:
    """The changes to be told: that somebody could be on a list is true of every decision, and comes last."""
    if whole:
        return changes
    return sorted(changes, key=lambda change: any(" in list(" in m["input"] for m in change["moves"]))[:CHANGES_TOLD]


def _condition(output: Output, condition: Document, depth: int) -> None:
    output.say(f"{'  ' * depth}{condition['text']} = {_value(condition['value'], condition['type'])}")
    for part in condition["parts"]:
        if part["parts"] or part["text"] != str(part["value"]):
            _condition(output, part, depth + 1)


def _change(change: Document, kinds: Mapping[str, str]) -> str:
    def told(move: Document) -> str:
        before, after = (_value(move[side], kinds.get(move["input"], "")) for side in ("before", "after"))
        return f"{move['input']}: {before} → {after}"

    moves = "; ".join(map(told, change["moves"]))
    return f"{moves}  ⇒ {change['outcome']}, score {change['score']}"


def _value(value: Any, kind: str = "") -> str:
    told = said(value, kind)
    return "missing" if told is None else str(told).lower() if isinstance(told, bool) else str(told)
