"""events.toml → event types: fields, their classes, whose key they are, what becomes a token."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem
from jindi.language import BOOL, INT, RATIO, TEXT, TIME, Kind, Type
from jindi.packs.definitions import (
    DataClass,
    DerivesDef,
    EventDef,
    FieldDef,
    LiesInDef,
    ListDef,
    Listed,
    PackDef,
    ScreensDef,
)
from jindi.packs.tables import INT_MAX, NAME, NAME_REMEDY, Table, kind_of, meant, opened_table
from jindi.packs.vocabulary import (
    DATA_CLASSES,
    DERIVED,
    FIELD_TYPES,
    GIVEN_AWAY,
    IDENTIFIERS,
    LIFECYCLES,
    PERSONAL,
    STRICT,
    TAKEN,
)

TEXT_LENGTH_MAX: Final = 4096
"""No text field may be longer: facts are journalled with every decision."""

_PLAIN: Final[Mapping[str, Type]] = {"text": TEXT, "int": INT, "bool": BOOL, "time": TIME, "ratio": RATIO}


def read_event(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> EventDef | None:
    """One event type; None when it is too broken for others to speak of."""
    table = opened_table(raw, "event", name, where, problems)
    if table is None:
        return None
    doc = table.words()
    late_after_us = table.duration("late_after", "5m")
    lifecycle = table.choice("lifecycle", tuple(LIFECYCLES)) if table.has("lifecycle") else None
    given = table.table("fields")
    if not given:
        table.problem("has no fields", f"declare them under [{name}.fields]")
    read = (_read_field(field, word, name, pack, where=where, problems=problems) for word, field in given.items())
    fields = tuple(field for field in read if field is not None)
    _check_subjects(fields, name, where, problems)
    _check_screens(fields, name, where, problems)
    _check_derives(fields, name, where, problems)
    _check_lies_in(fields, name, where, problems)
    own = table.boolean("own", default=False)
    if own and lifecycle:
        table.problem("the events of a decision's life come from outside", "leave `own` out")
    complete = _with_currencies(fields, name, where, problems)
    event = EventDef(name, pack.name, doc, complete, late_after_us, lifecycle, own)
    if lifecycle:
        _check_lifecycle(event, lifecycle, table)
    return event if fields else None


def check_entities(events: Mapping[str, EventDef], where: Mapping[str, str]) -> list[Problem]:
    """One entity has one type everywhere: a key that is text here and a token there would never meet."""
    problems = []
    first: dict[str, tuple[str, FieldDef]] = {}
    roles = dict[str, tuple[str, FieldDef]]()
    lifecycles: dict[str, str] = {}
    for event in events.values():
        for field in event.fields:
            if field.entity is None:
                continue
            met, other = first.setdefault(field.entity, (event.name, field))
            if other.type != field.type:
                problems.append(
                    Problem(
                        where[event.name],
                        f"{event.name}.{field.name}",
                        f"entity {field.entity} is {field.type} here and {other.type} in {met}.{other.name}",
                        "give both the same type and identifier, or name another entity",
                    )
                )
            if field.same_as:
                roles.setdefault(f"{event.name}.{field.name}", (event.name, field))
        if event.lifecycle:
            met_in = lifecycles.setdefault(event.lifecycle, event.name)
            if met_in != event.name:
                problems.append(
                    Problem(
                        where[event.name],
                        event.name,
                        f"lifecycle {event.lifecycle} is already that of {met_in}",
                        "leave `lifecycle` out",
                    )
                )
    for item, (event_name, field) in roles.items():
        named = first.get(field.same_as or "")
        if named is None or named[1].type != field.type:
            problem = f"same_as {field.same_as} is no entity" + (f" of type {field.type}" if named else "")
            problems.append(Problem(where[event_name], item, problem, meant(field.same_as or "", first)))
    return problems


def _read_field(
    raw: Any, name: str, event: str, pack: PackDef, *, where: str, problems: list[Problem]
) -> FieldDef | None:
    item = f"{event}.{name}"
    if not NAME.match(name):
        problems.append(Problem(where, item[:128], "not a name", NAME_REMEDY))
        return None
    if name in TAKEN:
        problems.append(
            Problem(
                where,
                item,
                "the name is taken: expressions or the event itself mean something else by it",
                "choose another name",
            )
        )
        return None
    if not isinstance(raw, dict):
        remedy = 'write { type = "text", class = "C2", doc = { zh = "…", en = "…" } }'
        problems.append(Problem(where, item, f"must be a table, not {kind_of(raw)}", remedy))
        return None
    table = Table(raw, "field", where, item, problems)
    word = table.choice("type", FIELD_TYPES)
    if not table.has("class"):
        table.missing("class", "say how sensitive it is: public, C1, C2 or C3 (JR/T 0171-2020)")
        data_class = "C2"
    else:
        data_class = table.choice("class", DATA_CLASSES)
    identifier = table.choice("identifier", IDENTIFIERS) if table.has("identifier") else None
    _check_class(table, name, word, data_class, identifier)
    field = FieldDef(
        name=name,
        type=_field_type(table, word, identifier, pack),
        data_class=cast("DataClass", data_class),
        doc=table.words(),
        required=table.boolean("required", default=True),
        entity=table.name("entity") if table.has("entity") else None,
        identifier=identifier,
        subject=table.name("subject") if table.has("subject") else None,
        same_as=table.name("same_as") if table.has("same_as") else None,
        screens=_screens(table) if table.has("screens") else None,
        derives=_derives(table) if table.has("derives") else None,
        strict=table.boolean("strict", default=False),
        lies_in=_lies_in(table) if table.has("lies_in") else None,
    )
    if field.strict and identifier not in STRICT:
        remedy = f"leave it out: only numbers of {', '.join(STRICT)} can be impossible with a right check digit"
        table.problem("`strict` has nothing to be strict about", remedy)
    if field.same_as and (field.entity is None or field.entity == field.same_as):
        table.problem(
            "`same_as` says which other entity this one is", "give an `entity` of another name, or leave it out"
        )
    if field.subject and identifier is None:
        table.problem("`subject` belongs to an identifier", "leave it out: only identifiers go into the vault")
    if field.entity and field.type.kind not in (Kind.TEXT, Kind.TOKEN, Kind.INT):
        table.problem(f"{field.type} can't be the key of an entity", "use a text, a token or a whole number")
    return _with_bounds(field, table, word)


_LISTED: Final[tuple[Listed, ...]] = ("unknown", "person", "entity")


def _screens(table: Table) -> ScreensDef:
    """Who is looked for on watch lists."""
    inner = Table(table.table("screens"), "field screens", table.where, f"{table.item}: screens", table.problems)
    said = {key: inner.name(key) if inner.has(key) else None for key in ("number", "birth", "country")}
    kind = inner.choice("kind", _LISTED, "unknown")
    return ScreensDef(
        inner.name("name"), **said, kind=next((each for each in _LISTED if each == kind), "unknown")
    )  # fmt: skip


def _derives(table: Table) -> DerivesDef:
    """What is told of an identifier beside."""
    inner = Table(table.table("derives"), "field derives", table.where, f"{table.item}: derives", table.problems)
    return DerivesDef(inner.name("from"), inner.name("what"))


def _lies_in(table: Table) -> LiesInDef:
    """Which lists an address is looked up in."""
    inner = Table(table.table("lies_in"), "field lies_in", table.where, f"{table.item}: lies_in", table.problems)
    return LiesInDef(inner.name("address"), inner.names("lists", single=True, required=True))


def check_ranges(
    events: Mapping[str, EventDef], lists: Mapping[str, ListDef], places: Mapping[str, str], broken: Collection[str]
) -> list[Problem]:
    """What only events and lists together show: a field lies in lists of ranges."""
    problems = []
    for event in events.values():
        for field in event.fields:
            for name in field.lies_in.lists if field.lies_in is not None else ():
                item = f"{event.name}.{field.name}"
                if name not in lists:
                    if name not in broken:
                        what = f"`lies_in`: unknown list '{name[:64]}'"
                        problems.append(Problem(places[event.name], item, what, meant(name, lists)))
                elif not lists[name].is_of_ranges:
                    what = f"`lies_in`: {name} is no list of ranges"
                    problems.append(Problem(places[event.name], item, what, 'declare the list with of = "range"'))
    return problems


def _check_class(table: Table, name: str, word: str, data_class: str, identifier: str | None) -> None:
    if data_class == "C3" and identifier is None:
        table.problem(
            "class C3 may not be stored (passwords, CVN, card expiry, biometrics)",
            "leave the field out, or set `identifier` so that only a keyed token goes on",
        )
    if identifier is None:
        if name in GIVEN_AWAY and word == "text":
            table.problem(
                "looks like a personal identifier that would be stored in clear",
                "set `identifier` so that it becomes a keyed token, or choose another name",
            )
        return
    if word != "text":
        table.problem("an identifier has type text", 'write type = "text"')
    if data_class in ("public", "C1") and identifier in PERSONAL:
        table.problem(f"{identifier} points at a person: class {data_class} is too low", 'write class = "C2"')
    elif data_class == "public":
        table.problem("an identifier is not public", 'write class = "C1" or "C2"')


def _field_type(table: Table, word: str, identifier: str | None, pack: PackDef) -> Type:
    if word != "money":
        for key in ("currency", "currency_field"):
            if table.has(key):
                table.problem(f"`{key}` belongs to a money field", 'write type = "money", or leave it out')
        return Type(Kind.TOKEN, of=identifier) if identifier else _PLAIN[word]
    if table.has("currency") and table.has("currency_field"):
        table.problem("has both `currency` and `currency_field`", "keep one")
    if table.has("currency_field"):
        return Type(Kind.MONEY, currency_field=table.name("currency_field"))
    currency = table.text("currency", pack.currency)
    if currency not in EXPONENTS:
        if table.has("currency"):
            table.problem(f"unknown currency '{currency[:16]}'", meant(currency, EXPONENTS))
        currency = pack.currency
    return Type(Kind.MONEY, of=currency)


def _with_bounds(field: FieldDef, table: Table, word: str) -> FieldDef:
    if word == "text":
        values = table.names("values")
        length_max = table.integer("length_max", 128, 1, TEXT_LENGTH_MAX)
        if values and field.identifier:
            table.problem("an identifier has no fixed `values`", "leave them out")
        if any(len(value) > length_max for value in values):
            table.problem("a value is longer than `length_max`", "make length_max larger")
        field = replace(field, values=values, length_max=length_max)
    else:
        for key in ("values", "length_max"):
            if table.has(key):
                table.problem(f"`{key}` belongs to a text field", "leave it out")
    if word in ("int", "money", "ratio"):
        least = table.integer("least", 0, -INT_MAX) if table.has("least") else None
        most = table.integer("most", 0, -INT_MAX) if table.has("most") else None
        if least is not None and most is not None and least > most:
            table.problem("`least` is above `most`", "swap them")
        return replace(field, least=least, most=most)
    for key in ("least", "most"):
        if table.has(key):
            table.problem(f"`{key}` belongs to a number or to money", "leave it out")
    return field


def _with_currencies(
    fields: tuple[FieldDef, ...], event: str, where: str, problems: list[Problem]
) -> tuple[FieldDef, ...]:
    """The fields, after checking that every `currency_field` names a text field beside it."""
    beside = {field.name: field for field in fields}
    for field in fields:
        word = field.type.currency_field
        if word is None:
            continue
        other = beside.get(word)
        item = f"{event}.{field.name}"
        if other is None:
            texts = [f.name for f in fields if f.type == TEXT]
            problems.append(Problem(where, item, f"unknown currency_field '{word}'", meant(word, texts)))
        elif other.type != TEXT:
            problems.append(Problem(where, item, f"currency_field {word} is {other.type}", "name a text field"))
        elif field.required and not other.required:
            problems.append(Problem(where, item, f"currency_field {word} may be absent", "make it required"))
    return fields


def _check_subjects(fields: tuple[FieldDef, ...], event: str, where: str, problems: list[Problem]) -> None:
    """Every `subject` names a field beside it that can say whose something is."""
    names = [field.name for field in fields if field.type.kind in (Kind.TEXT, Kind.TOKEN, Kind.INT)]
    for field in fields:
        if field.subject is not None and field.subject not in names:
            problem = f"subject {field.subject} is no text, identifier or whole number of this event"
            problems.append(Problem(where, f"{event}.{field.name}", problem, meant(field.subject, names)))


def _check_screens(fields: tuple[FieldDef, ...], event: str, where: str, problems: list[Problem]) -> None:
    """What the platform fills is an optional whole number, and reads names and numbers that are personal."""
    beside = {field.name: field for field in fields}
    for field in fields:
        if field.screens is None:
            continue

        def wrong(problem: str, remedy: str, item: str = f"{event}.{field.name}") -> None:
            problems.append(Problem(where, item, problem, remedy))

        if field.type != INT or field.required or field.entity:
            wrong("the platform fills what `screens`", 'write type = "int", required = false, and no entity')
        for name in field.screens.fields:
            if name not in beside or beside[name].is_filled:
                wrong(f"`screens`: {event} has no field '{name}'", meant(name, beside))
            elif beside[name].type.kind not in (Kind.TEXT, Kind.TOKEN):
                wrong(f"`screens`: {name} is {beside[name].type}", "name a text or an identifier")
        named = beside.get(field.screens.name)
        if named is not None and named.identifier != "name":
            wrong(f"`screens`: {named.name} is no name", 'give it identifier = "name"')


def _check_derives(fields: tuple[FieldDef, ...], event: str, where: str, problems: list[Problem]) -> None:
    """What is derived is optional, of its attribute's type, of no lower class than it needs, and from an identifier
    that has such an attribute.
    """
    beside = {field.name: field for field in fields}
    for field in fields:
        if field.derives is None:
            continue

        def wrong(problem: str, remedy: str, item: str = f"{event}.{field.name}") -> None:
            problems.append(Problem(where, item, problem, remedy))

        source = beside.get(field.derives.of)
        kinds = [each.name for each in fields if each.identifier in DERIVED]
        if source is None or source.identifier is None or source.identifier not in DERIVED:
            wrong(f"`derives`: {field.derives.of} tells nothing of its holder", meant(field.derives.of, kinds))
            continue
        told = DERIVED[source.identifier]
        if field.derives.what not in told:
            wrong(
                f"`derives`: no {source.identifier} tells '{field.derives.what}'", meant(field.derives.what, told)
            )  # fmt: skip
            continue
        word, least = told[field.derives.what]
        if field.type != _PLAIN[word] or field.required or field.identifier or field.screens is not None:
            wrong("the platform fills what `derives`", f'write type = "{word}", required = false, no identifier')
        if DATA_CLASSES.index(field.data_class) < DATA_CLASSES.index(least):
            wrong(f"{field.derives.what} needs a higher class", f'write class = "{least}"')


def _check_lies_in(fields: tuple[FieldDef, ...], event: str, where: str, problems: list[Problem]) -> None:
    """What the platform fills with a list's name is an optional text, and reads an address."""
    beside = {field.name: field for field in fields}
    for field in fields:
        if field.lies_in is None:
            continue
        item, address = f"{event}.{field.name}", beside.get(field.lies_in.address)
        if field.type != TEXT or field.required or field.entity or field.values or field.screens is not None:
            remedy = 'write type = "text", required = false, and no entity, values or screens'
            problems.append(Problem(where, item, "the platform fills what `lies_in`", remedy))
        if address is None or address.identifier != "ip":
            what = f"`lies_in`: {event} has no address '{field.lies_in.address[:64]}'"
            problems.append(Problem(where, item, what, 'name a field with identifier = "ip"'))


def _check_lifecycle(event: EventDef, lifecycle: str, table: Table) -> None:
    fields = {field.name: field for field in event.fields}
    for name, word in LIFECYCLES[lifecycle].items():
        field = fields.get(name)
        if field is None or field.type != _PLAIN[word] or not field.required:
            table.problem(f"lifecycle {lifecycle} needs a required field '{name}' of type {word}", "declare it")
