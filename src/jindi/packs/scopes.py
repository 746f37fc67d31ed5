"""What an expression on an event type may read."""

from collections.abc import Mapping

from jindi.language import RATIO, TIME_WORDS, Scope, Type
from jindi.packs.definitions import Definitions, DerivedDef, EventDef, FeatureDef, LimitDef, ListDef, ModelDef


def readable(definitions: Definitions, event: str) -> tuple[str, ...]:
    """The features that an event type can read, window features first, then derived ones in order.

    A window feature is readable where its key can be made of the event's own fields, whether or not the
    event feeds it; a derived one where all its inputs are. Raises KeyError for an unknown event type.
    """
    definitions.events[event]
    windows = (name for name, feature in definitions.features.items() if event in feature.by)
    derived = (name for name, feature in definitions.derived.items() if event in feature.events)
    return (*windows, *derived)


def scope_for(definitions: Definitions, event: str) -> Scope:
    """All that a condition on an event type may speak of: its fields, the time words, the features that it
    can read, its models, and every limit and list. Raises KeyError for an unknown event type.
    """
    return offer(
        definitions.events[event],
        definitions.features,
        definitions.derived,
        definitions.limits,
        definitions.lists,
        definitions.models,
    )


def offer(
    event: EventDef,
    windows: Mapping[str, FeatureDef],
    derived: Mapping[str, DerivedDef],
    limits: Mapping[str, LimitDef],
    lists: Mapping[str, ListDef],
    models: Mapping[str, ModelDef],
) -> Scope:
    """As `scope_for`, of definitions that are still being read."""
    names: dict[str, Type] = dict(TIME_WORDS)
    names |= {name: RATIO for name, model in models.items() if model.on == event.name}
    names |= {name: feature.type for name, feature in derived.items() if event.name in feature.events}
    names |= {name: feature.type for name, feature in windows.items() if event.name in feature.by}
    names |= {f.name: f.type for f in event.fields}
    return Scope(
        names,
        {name: limit.type for name, limit in limits.items()},
        {name: each.of for name, each in lists.items()},
    )
