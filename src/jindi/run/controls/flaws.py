"""Known flaws of components, as OSV records tell them: which versions they are in, how bad, since when known.

The format is OSV 1.7 (ossf.github.io/osv-schema), the versions are Python's (PEP 440). Nothing here asks anybody.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import msgspec
from packaging.version import InvalidVersion, Version

from jindi.basics.instants import DAY_US, SECOND_US

Severity = Literal["critical", "high", "medium", "low", "unknown"]

REMEDIATION: Final = (
    (date(2026, 11, 28), {"critical": 3, "high": 14, "medium": 60, "low": 180}, "SECURITY.md", "design default"),
)
"""Within so many days of its publication a flaw is to be gone: since when this holds, days, source, mark. A flaw whose
severity nobody tells has the time of a critical one.
"""

ECOSYSTEM: Final = "PyPI"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")
_WORST: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low")
_WORDS: Final[Mapping[str, Severity]] = {
    "CRITICAL": "critical", "HIGH": "high", "MODERATE": "medium", "MEDIUM": "medium", "LOW": "low"
}  # fmt: skip
_EVENTS: Final = ("fixed", "limit", "last_affected", "introduced")
"""What an event of a range says, in the order in which two of one version are taken."""


class Flaw(msgspec.Struct, frozen=True):
    """A flaw of one component. `ranges`: each a list of (what, version); None: no range that versions compare with."""

    id: str
    aliases: list[str]
    name: str
    versions: list[str]
    ranges: list[list[tuple[str, str]]]
    published_us: int
    severity: Severity

    def is_in(self, version: str) -> bool:
        """Whether a version has it. What can't be compared counts as having it."""
        if not self.versions and not self.ranges:
            return True
        ours = _read(version)
        if ours is None:
            return True
        listed = any(each == version or _read(each) == ours for each in self.versions)
        return listed or any(_is_within(ours, events) for events in self.ranges)


def normal(name: str) -> str:
    """A component's name as PEP 503 has it.

    >>> normal("Ruamel.yaml_CLib")
    'ruamel-yaml-clib'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def days_for(severity: Severity) -> int:
    """Within how many days a flaw of this severity is to be gone."""
    days = REMEDIATION[-1][1]
    return days["critical" if severity == "unknown" else severity]


def flaws_of(record: Any) -> tuple[list[Flaw], int] | None:
    """The flaws that a record tells of components of Python, and when it was last modified (µs); None when it tells of
    none. Raises ValueError with what is wrong.
    """
    if not isinstance(record, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what is told of a file
    affected = record.get("affected", [])
    if not isinstance(affected, list) or not all(isinstance(each, dict) for each in affected):
        raise ValueError("`affected` is not a list of objects")
    ours = [each for each in affected if _ecosystem(each) == ECOSYSTEM]
    if not ours:
        return None
    id_, aliases = record.get("id"), record.get("aliases", [])
    names = [id_, *aliases] if isinstance(aliases, list) else [None]
    if not all(isinstance(each, str) and _ID.fullmatch(each) for each in names):
        raise ValueError("`id` or `aliases` is missing or not an id")
    modified_us = _instant_us(record, "modified")
    if record.get("withdrawn"):
        return [], modified_us
    # Without a word of its publication it is as old as its last change, which is no younger than it was published.
    published_us = _instant_us(record, "published") if "published" in record else modified_us
    return [
        Flaw(
            str(id_), list(aliases), _name(each), _versions(each), _ranges(each), published_us,
            severity_of(record, each),
        )
        for each in ours
    ], modified_us  # fmt: skip


def severity_of(record: Mapping[str, Any], affected: Mapping[str, Any]) -> Severity:
    """The worst that a record says of a component: the word of its database, or CVSS 3 reckoned from its vector. CVSS 4
    is not reckoned; a record with that alone is of unknown severity.
    """
    found: set[Severity] = set()
    for told in (
        record.get("database_specific"),
        affected.get("database_specific"),
        affected.get("ecosystem_specific"),
    ):
        word = told.get("severity") if isinstance(told, dict) else None
        if isinstance(word, str) and word.upper() in _WORDS:
            found.add(_WORDS[word.upper()])
    for scores in (record.get("severity"), affected.get("severity")):
        for each in scores if isinstance(scores, list) else ():
            if isinstance(each, dict) and each.get("type") == "CVSS_V3":
                found.add(_of_score(cvss3(str(each.get("score", "")))))
    return next((each for each in _WORST if each in found), "unknown")


def _of_score(score: float | None) -> Severity:
    if score is None:
        return "unknown"
    return "critical" if score >= 9.0 else "high" if score >= 7.0 else "medium" if score >= 4.0 else "low"


_AV: Final = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_AC: Final = {"L": 0.77, "H": 0.44}
_PR: Final = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_UI: Final = {"N": 0.85, "R": 0.62}
_CIA: Final = {"H": 0.56, "L": 0.22, "N": 0.0}


def cvss3(vector: str) -> float | None:
    """The base score of a CVSS 3.0 or 3.1 vector (first.org/cvss/v3.1, section 7.1); None when it is none.

    >>> cvss3("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), cvss3("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N")
    (9.8, 6.1)
    """
    head, *parts = vector.split("/")
    told = dict(part.split(":", 1) for part in parts if ":" in part)
    if head not in ("CVSS:3.0", "CVSS:3.1"):
        return None
    try:
        scope = told["S"]
        lost = 1 - (1 - _CIA[told["C"]]) * (1 - _CIA[told["I"]]) * (1 - _CIA[told["A"]])
        eased = 8.22 * _AV[told["AV"]] * _AC[told["AC"]] * _PR[scope][told["PR"]] * _UI[told["UI"]]
    except KeyError:
        return None
    impact = 6.42 * lost if scope == "U" else 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    if impact <= 0:
        return 0.0
    return _rounded_up(min((impact + eased) * (1.0 if scope == "U" else 1.08), 10.0))


def _rounded_up(score: float) -> float:
    """To the next tenth, as the standard's appendix A has it."""
    fine = round(score * 100_000)
    return fine / 100_000 if fine % 10_000 == 0 else (fine // 10_000 + 1) / 10


class Open(msgspec.Struct, frozen=True):
    """A flaw that one of our components has: all names of it, since when it is known, by when it is to be gone."""

    ids: list[str]
    component: str
    version: str
    severity: Severity
    published_us: int
    due_us: int


def open_flaws(flaws: Iterable[Flaw], components: Mapping[str, Iterable[str]]) -> list[Open]:
    """The flaws that components in these versions have, each once under all its names, the most urgent first. Of what
    several records tell of one flaw the earliest day and the worst severity count.
    """
    by_name: dict[str, list[Flaw]] = {}
    for flaw in flaws:
        by_name.setdefault(flaw.name, []).append(flaw)
    found = []
    for name, versions in components.items():
        for version in sorted(set(versions)):
            there = [flaw for flaw in by_name.get(normal(name), ()) if flaw.is_in(version)]
            found += [_opened(same, name, version) for same in _together(there)]
    return sorted(found, key=lambda each: (each.due_us, each.component, each.ids))


def _opened(same: Sequence[Flaw], name: str, version: str) -> Open:
    known = {flaw.severity for flaw in same}
    severity: Severity = next((each for each in _WORST if each in known), "unknown")
    published_us = min(flaw.published_us for flaw in same)
    ids = sorted({id_ for flaw in same for id_ in (flaw.id, *flaw.aliases)})
    return Open(ids, name, version, severity, published_us, published_us + days_for(severity) * DAY_US)


def _together(flaws: Iterable[Flaw]) -> list[list[Flaw]]:
    """Records that name each other are of one flaw."""
    groups: list[tuple[set[str], list[Flaw]]] = []
    for flaw in flaws:
        names, same = {flaw.id, *flaw.aliases}, [flaw]
        rest = []
        for other_names, others in groups:
            if names & other_names:
                names, same = names | other_names, same + others
            else:
                rest.append((other_names, others))
        groups = [*rest, (names, same)]
    return [same for _, same in groups]


# ---- within


def _read(version: str) -> Version | None:
    try:
        return Version(version)
    except InvalidVersion:
        return None


def _is_within(ours: Version, events: Sequence[tuple[str, str]]) -> bool:
    """The schema's own way: the events in the order of their versions, each turning it on or off."""
    read = [(Version("0.dev0") if text == "0" else _read(text), what) for what, text in events]
    if any(version is None for version, _ in read):
        return True
    known = sorted(
        ((version, what) for version, what in read if version is not None),
        key=lambda each: (each[0], _EVENTS.index(each[1])),
    )
    is_on = False
    for version, what in known:
        if what == "introduced" and ours >= version:
            is_on = True
        elif (what in ("fixed", "limit") and ours >= version) or (what == "last_affected" and ours > version):
            is_on = False
    return is_on


def _ecosystem(affected: Mapping[str, Any]) -> str:
    package = affected.get("package")
    told = package.get("ecosystem") if isinstance(package, dict) else None
    return told.partition(":")[0] if isinstance(told, str) else ""


def _name(affected: Mapping[str, Any]) -> str:
    name = affected["package"].get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("a package has no name")
    return normal(name)


def _versions(affected: Mapping[str, Any]) -> list[str]:
    listed = affected.get("versions", [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError("`versions` is not a list of texts")
    return listed


def _ranges(affected: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """Ranges over versions; those over commits can't be compared with a version."""
    listed = affected.get("ranges", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError("`ranges` is not a list of objects")
    return [_events(each) for each in listed if each.get("type") in ("ECOSYSTEM", "SEMVER")]


def _events(range_: Mapping[str, Any]) -> list[tuple[str, str]]:
    listed = range_.get("events")
    if not isinstance(listed, list) or not listed:
        raise ValueError("a range has no events")
    found = []
    for each in listed:
        pairs = [(what, text) for what, text in each.items() if what in _EVENTS] if isinstance(each, dict) else []
        if not pairs or not all(isinstance(text, str) for _, text in pairs):
            raise ValueError("an event of a range says nothing")
        found += pairs
    if not any(what == "introduced" for what, _ in found):
        raise ValueError("a range begins nowhere")
    return found


def _instant_us(record: Mapping[str, Any], name: str) -> int:
    try:
        told = datetime.fromisoformat(str(record[name]))
    except (KeyError, ValueError):
        raise ValueError(f"`{name}` is missing or no instant") from None
    return round((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * SECOND_US)
