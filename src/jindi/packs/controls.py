"""controls.toml → the safeguards that a pack promises, each with the check that proves it."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from jindi.access.roles import ROLES
from jindi.basics.digests import canonical, digest
from jindi.basics.problems import Problem
from jindi.packs.definitions import ControlDef, PackDef
from jindi.packs.tables import NAME, NAME_REMEDY, Table, kind_of
from jindi.packs.vocabulary import CONTROLS_PERIOD_MAX_US, RISKS, SEVERITIES

_ID: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}\Z", re.ASCII)
_ID_REMEDY: Final = "use capital letters, digits and _, beginning with a letter, at most 32, such as C01"
_OWNERS: Final = tuple(role.value for role in ROLES)


def read_control(
    raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]
) -> ControlDef | None:  # fmt: skip
    """One control; None when anything is wrong with it, which stands in the problems then."""
    if not _ID.match(name):
        problems.append(Problem(where, name[:64], "not a control's id", _ID_REMEDY))
        return None
    if not isinstance(raw, dict):
        problems.append(Problem(where, name, f"must be a table, not {kind_of(raw)}", f"begin it with [{name}]"))
        return None
    before = len(problems)
    table = Table(raw, "control", where, name, problems)
    period_us = table.duration("every", None)
    if table.has("every") and period_us > CONTROLS_PERIOD_MAX_US:
        table.problem("`every` is longer than a year", "a safeguard is proved at least once a year")
    control = ControlDef(
        id=name,
        pack=pack.name,
        doc=table.words(),
        measure=table.sentence("measure"),
        risk=table.choice("risk", RISKS),
        by=table.names("by", required=True),
        check=table.name("check"),
        arguments=_arguments(table),
        owner=table.choice("owner", _OWNERS),
        period_us=period_us,
        severity=cast("Literal['high', 'medium', 'low']", table.choice("severity", SEVERITIES)),
        basis=table.basis("say which rule or standard asks for it"),
        excluded=table.sentence("excluded") if table.has("excluded") else None,
        digest=digest(canonical({"check": raw.get("check"), "with": raw.get("with", {})})) if _is_plain(raw) else "",
    )
    return control if len(problems) == before else None


def _is_plain(raw: Mapping[str, Any]) -> bool:
    """Whether what is digested can be: what else stands there is a problem that was told."""
    given = raw.get("with", {})
    return isinstance(raw.get("check"), str) and isinstance(given, dict) and all(map(_is_argument, given.values()))


def _is_argument(value: object) -> bool:
    return (
        (isinstance(value, int) and not isinstance(value, bool))
        or isinstance(value, str)
        or (isinstance(value, list) and bool(value) and all(isinstance(part, str) and part for part in value))
    )


def _arguments(table: Table) -> dict[str, int | str | tuple[str, ...]]:
    """What the check is asked with: whole numbers, texts, lists of texts."""
    found: dict[str, int | str | tuple[str, ...]] = {}
    for name, value in table.table("with").items():
        if not NAME.match(name):
            table.problem(f"`with`: '{name[:64]}' is not a name", NAME_REMEDY)
        elif not _is_argument(value):
            table.problem(f"`with`: {name} must be a whole number, a text or a list of texts, not {kind_of(value)}")
        else:
            found[name] = tuple(value) if isinstance(value, list) else value
    return found
