"""What packs declare, for reading: names, sentences in both languages, figures with their sources."""

from typing import Any

from rich.table import Table

from jindi.doors.cli.output import Output
from jindi.packs import Definitions, Words


def show(definitions: Definitions, name: str | None, output: Output) -> None:
    """All names, or everything about one."""
    catalogue = _catalogue(definitions)
    if name is None:
        output.give({kind: sorted(entries) for kind, entries in catalogue.items()})
        if not output.as_json:
            table = Table("kind", "name", "中文", "English")
            for kind, entries in catalogue.items():
                for each, entry in sorted(entries.items()):
                    table.add_row(kind, each, entry["zh"], entry["en"])
            output.out.print(table)
        return
    found = {kind: entries[name] for kind, entries in catalogue.items() if name in entries}
    if not found:
        output.fail(f"nothing is called {name}; jindi packs show lists all names")
    output.give(found)
    for kind, entry in found.items():
        output.say(f"{kind} {name}")
        for key, value in entry.items():
            output.say(f"  {key}: {value}")


def _catalogue(definitions: Definitions) -> dict[str, dict[str, dict[str, Any]]]:
    rules = {rule.id: (policy, rule) for policy in definitions.policies for rule in policy.rules}
    return {
        "event": {
            name: _words(event.doc) | {"pack": event.pack, "fields": ", ".join(f"{f.name} ({f.type}, {f.data_class})" for f in event.fields)}
            for name, event in definitions.events.items()
        },
        "feature": {
            name: _words(feature.doc) | {
                "pack": feature.pack, "of": ", ".join(feature.of), "by": ", ".join(feature.entities), "fold": feature.fold,
                "over": feature.over.unit or (f"{feature.over.length_us // 1_000_000}s" if feature.over.length_us else "ever"),
                "type": str(feature.type),
            }
            for name, feature in definitions.features.items()
        } | {
            name: _words(derived.doc) | {"pack": derived.pack, "is": derived.expression.text, "type": str(derived.type)}
            for name, derived in definitions.derived.items()
        },
        "policy": {
            policy.id: _words(policy.doc) | {
                "on": policy.on, "state": policy.state, "rules": ", ".join(rule.id for rule in policy.rules), "digest": policy.digest,
            }
            for policy in definitions.policies
        },
        "rule": {
            rule_id: _words(rule.doc) | {
                "policy": policy.id, "when": rule.when.text, "then": str(rule.then or ""), "score": rule.score,
                "basis": rule.basis, "degrade": rule.degrade, "cases": ", ".join(case.name for case in rule.cases),
            }
            for rule_id, (policy, rule) in rules.items()
        },
        "limit": {
            name: _words(limit.doc) | {
                "mark": limit.mark,
                "values": "; ".join(f"since {step.since}: {step.value} ({step.basis})" for step in limit.steps),
            }
            for name, limit in definitions.limits.items()
        },
        "list": {
            name: _words(each.doc) | {"colour": each.colour, "of": str(each.of), "entries": len(each.entries)}
            for name, each in definitions.lists.items()
        },
    }  # fmt: skip


def _words(words: Words) -> dict[str, Any]:
    return {"zh": words.zh, "en": words.en}
