"""Reports as TOML and JSON hold them: every problem at once, with its path, and never with a value.

The same rules for all parts of the model: a field ending in `_us` is an instant with its offset under the name without
it, one ending in `_minor` a decimal amount as text; what has a default may be left out; no other name may stand there.
"""

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from jindi.basics.instants import format_instant
from jindi.basics.money import EXPONENTS, format_minor, parse_minor
from jindi.basics.problems import Problem, Problems
from jindi.packs.tables import kind_of, meant
from jindi.packs.values import read_instant
from jindi.parties.reporting import model
from jindi.parties.reporting.markup import shown

T = TypeVar("T")

KINDS: Final[Mapping[str, type[model.LargeReport] | type[model.SuspiciousReport]]] = {
    "large": model.LargeReport, "suspicious": model.SuspiciousReport,
}  # fmt: skip
_CURRENCIES: Final = {"cny_minor": "CNY", "usd_minor": "USD"}
_MISSING: Final = object()


def read_report(raw: Mapping[str, Any], where: str) -> model.Report:
    """The report that a document holds; `kind` says which. Raises Problems."""
    if not isinstance(raw, Mapping):
        raise Problems([Problem(where, "", "is no table of names", 'begin with kind = "suspicious" or "large"')])
    rest = {key: value for key, value in raw.items() if key != "kind"}
    kind = raw.get("kind")
    if kind not in KINDS:
        raise Problems([Problem(where, "kind", "is missing or unknown", meant(str(kind), KINDS))])
    return read_as(KINDS[str(kind)], rest, where)


def read_as(shape: type[T], raw: Mapping[str, Any], where: str) -> T:
    """A part of the model, such as a Customer, from plain values. Raises Problems."""
    problems: list[Problem] = []
    found = _table(shape, raw, "", where, problems)
    if problems or found is None:
        raise Problems(problems)
    return found


def plain_of(value: object) -> Any:
    """What a part of the model is in JSON; defaults are left out. Reports have their `kind`."""
    if isinstance(value, tuple):
        return [plain_of(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    kinds = [kind for kind, shape in KINDS.items() if isinstance(value, shape)]
    found: dict[str, Any] = {"kind": kinds[0]} if kinds else {}
    for each in dataclasses.fields(value):
        given = getattr(value, each.name)
        if given == _default(each):
            continue
        if each.name.endswith("_us"):
            given = format_instant(given)
        elif each.name.endswith("_minor"):
            given = format_minor(given, _CURRENCIES.get(each.name) or getattr(value, "currency"))  # noqa: B009
        found[_name(each.name)] = plain_of(given)
    return found


def _name(field: str) -> str:
    return field.removesuffix("_us").removesuffix("_minor")


def _default(field: "dataclasses.Field[Any]") -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else _MISSING


def _table(shape: type[T], raw: Any, path: str, where: str, problems: list[Problem]) -> T | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(where, path, f"must be a table, not {kind_of(raw)}", "give its fields by name"))
        return None
    before, hints = len(problems), get_type_hints(shape)
    fields = {_name(each.name): each for each in dataclasses.fields(shape)}  # type: ignore[arg-type]
    problems += [
        Problem(where, _at(path, shown(str(key))), "is unknown here", meant(str(key), fields))
        for key in raw
        if key not in fields
    ]
    found: dict[str, Any] = {}
    for name, each in fields.items():
        at = _at(path, name)
        if name not in raw:
            if _default(each) is _MISSING:
                problems.append(Problem(where, at, "is missing", "give it"))
            continue
        try:
            if each.name.endswith("_minor"):
                found[each.name] = _minor(raw[name], _CURRENCIES.get(each.name) or raw.get("currency"))
            elif each.name.endswith("_us"):
                found[each.name] = read_instant(raw[name])
            else:
                found[each.name] = _value(hints[each.name], raw[name], at, where, problems)
        except ValueError as error:
            problems.append(Problem(where, at, str(error)))
    return shape(**found) if len(problems) == before else None


def _minor(raw: object, currency: object) -> int:
    if not isinstance(raw, str):
        raise ValueError(f'must be an amount as text such as "1234.50", not {kind_of(raw)}')  # noqa: TRY004
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise ValueError("has no known currency beside it")
    return parse_minor(raw, currency)


def _value(hint: Any, raw: Any, path: str, where: str, problems: list[Problem]) -> Any:
    origin, asked = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        hint = next(each for each in asked if each is not type(None))
        return _value(hint, raw, path, where, problems)
    if origin is tuple:
        if not isinstance(raw, list | tuple):
            raise ValueError(f"must be a list, not {kind_of(raw)}")
        return tuple(_item(asked[0], each, f"{path} {n}", where, problems) for n, each in enumerate(raw, 1))
    if origin is dict:
        if not isinstance(raw, Mapping) or not all(isinstance(each, str) for pair in raw.items() for each in pair):
            raise ValueError("must be a table of texts")
        return dict(raw)
    if origin is Literal:
        if raw not in asked:
            raise ValueError(f"must be one of: {', '.join(asked)}")
        return raw
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _table(hint, raw, path, where, problems)
    if hint is date:
        return _day(raw)
    if not isinstance(raw, hint) or (hint is int and isinstance(raw, bool)):
        raise ValueError(f"must be {'a text' if hint is str else 'a whole number'}, not {kind_of(raw)}")
    return raw


def _item(hint: Any, raw: Any, path: str, where: str, problems: list[Problem]) -> Any:
    try:
        return _value(hint, raw, path, where, problems)
    except ValueError as error:
        problems.append(Problem(where, path, str(error)))
        return None


def _day(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise ValueError("must be a day such as 2026-11-23")


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
