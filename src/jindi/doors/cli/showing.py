"""What packs declare, for reading: names, sentences in both languages, figures with their sources."""

from typing import Any

from rich.table import Table

from jindi.doors.cli.output import Output, counted
from jindi.engine import said, shown
from jindi.language import DURATION
from jindi.packs import (
    Definitions,
    DerivedDef,
    EventDef,
    FeatureDef,
    LimitDef,
    ListDef,
    ModelDef,
    PolicyDef,
    RuleDef,
    SourceDef,
    Words,
)
from jindi.packs.vocabulary import EVERYBODY

Entry = dict[str, Any]
Catalogue = dict[str, dict[str, Entry]]


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


def _catalogue(definitions: Definitions) -> Catalogue:
    policies = {policy.id: policy for policy in definitions.policies}
    rules = {rule.id: (policy, rule) for policy in definitions.policies for rule in policy.rules}
    return {
        "event": {name: _event(event) for name, event in definitions.events.items()},
        "feature": {
            **{name: _feature(feature) for name, feature in definitions.features.items()},
            **{name: _derived(derived) for name, derived in definitions.derived.items()},
        },
        "model": {name: _model(model) for name, model in definitions.models.items()},
        "policy": {name: _policy(policy) for name, policy in policies.items()},
        "rule": {name: _rule(policy, rule) for name, (policy, rule) in rules.items()},
        "limit": {name: _limit(limit) for name, limit in definitions.limits.items()},
        "list": {name: _list(each) for name, each in definitions.lists.items()},
        "source": {name: _source(each) for name, each in definitions.sources.items()},
    }


def _event(event: EventDef) -> Entry:
    fields = ", ".join(f"{field.name} ({field.type}, {field.data_class})" for field in event.fields)
    return _words(event.doc) | {"pack": event.pack, "fields": fields}


def _feature(feature: FeatureDef) -> Entry:
    over = feature.over
    if feature.pattern is not None:
        return _words(feature.doc) | {
            "pack": feature.pack,
            "of": ", ".join(feature.of),
            "pattern": feature.pattern.name,
            "fact": feature.fact,
            "type": str(feature.type),
        }
    return _words(feature.doc) | {
        "pack": feature.pack,
        "of": ", ".join(feature.of),
        "by": ", ".join(feature.entities) or EVERYBODY,
        "fold": feature.fold,
        "over": over.unit or (shown(over.length_us, DURATION, lambda _: None) if over.kind == "sliding" else "ever"),
        "type": str(feature.type),
    }


def _derived(derived: DerivedDef) -> Entry:
    return _words(derived.doc) | {"pack": derived.pack, "is": derived.expression.text, "type": str(derived.type)}


def _model(model: ModelDef) -> Entry:
    kind = counted(len(model.trees.leaves), "tree") if model.trees is not None else "logistic on weights of evidence"
    return _words(model.doc) | {
        "pack": model.pack,
        "on": model.on,
        "kind": kind,
        "inputs": ", ".join(each.title for each in model.inputs),
        "calibration": model.calibration.kind,
        "degrade": model.degrade,
        "card": model.card,
        "digest": model.digest,
    }


def _policy(policy: PolicyDef) -> Entry:
    rules = ", ".join(rule.id for rule in policy.rules)
    return _words(policy.doc) | {"on": policy.on, "state": policy.state, "rules": rules, "digest": policy.digest}


def _rule(policy: PolicyDef, rule: RuleDef) -> Entry:
    return _words(rule.doc) | {
        "policy": policy.id,
        "when": rule.when.text,
        "then": str(rule.then or ""),
        "score": rule.score,
        **_basis(rule.basis),
        "degrade": rule.degrade,
        "cases": ", ".join(case.name for case in rule.cases),
    }


def _limit(limit: LimitDef) -> Entry:
    steps = "; ".join(
        f"since {step.since}: {said(shown(step.value, limit.type, lambda _: None), limit.type.kind)} ({step.basis.en})"
        f"{f' [{step.mark}]' if step.mark else ''}"
        for step in limit.steps
    )
    return _words(limit.doc) | {"mark": limit.mark, "values": steps}


def _source(each: SourceDef) -> Entry:
    articles = "; ".join(f"{article.id}: {article.says.en}" for article in each.articles)
    since = each.since.isoformat() if each.since is not None else ""
    return _words(each.title) | {
        "pack": each.pack, "body": each.body.en, "number": each.number, "since": since, "status": each.status,
        "mark": each.mark, "names": ", ".join(each.names), "address": each.address, "articles": articles,
    }  # fmt: skip


def _basis(basis: Words) -> Entry:
    return {"basis": basis.en} | ({"basis_zh": basis.zh} if basis.zh != basis.en else {})


def _list(each: ListDef) -> Entry:
    return _words(each.doc) | {"colour": each.colour, "of": str(each.of), "entries": len(each.entries)}


def _words(words: Words) -> Entry:
    return {"zh": words.zh, "en": words.en}
