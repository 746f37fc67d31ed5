"""Texts of pack files → definitions, or every problem of all files at once."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from jindi.basics.digests import canonical, digest
from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem, Problems
from jindi.packs.advice import check_advice, read_advice
from jindi.packs.calendars import joined, read_calendar
from jindi.packs.case_words import CaseWords, read_case_words
from jindi.packs.controls import read_control
from jindi.packs.definitions import (
    AdviceDef,
    CalendarDef,
    ControlDef,
    CriterionDef,
    Definitions,
    EventDef,
    LabelDef,
    LargeExemptionDef,
    LimitDef,
    ListDef,
    ModelDef,
    MovementDef,
    PackDef,
    PatternDef,
    PlanDef,
    PolicyDef,
    RatingDef,
    ReportDef,
    SourceDef,
    SuspicionDef,
    ThresholdDef,
    TypologyDef,
    Words,
)
from jindi.packs.events import check_entities, check_ranges, read_event
from jindi.packs.features import Declared, Features
from jindi.packs.incidents import Incidents, check_reports, sorts_of
from jindi.packs.labels import read_label
from jindi.packs.models import ModelFile, parse_model, read_model, read_model_file
from jindi.packs.parameters import read_limit, read_list
from jindi.packs.patterns import check_feeds, read_pattern
from jindi.packs.policies import Known, check_policies, read_policy
from jindi.packs.rating import Rating
from jindi.packs.reporting import Reporting
from jindi.packs.scopes import offer
from jindi.packs.sources import Register, check_bases, check_names, read_source
from jindi.packs.tables import Table, meant
from jindi.packs.typologies import check_rest, read_typology
from jindi.packs.words import ValueWords, read_words

T = TypeVar("T")

FILE_CHARACTERS_MAX: Final = 1_000_000
"""A pack file is written by people; a larger one is a mistake or an attack."""

_ROLES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"pack\.toml\Z", "pack"),
        (r"events\.toml\Z", "events"),
        (r"features\.toml\Z", "features"),
        (r"labels\.toml\Z", "labels"),
        (r"controls\.toml\Z", "controls"),
        (r"typologies\.toml\Z", "typologies"),
        (r"advice\.toml\Z", "advice"),
        (r"words\.toml\Z", "words"),
        (r"case_words\.toml\Z", "case words"),
        (r"incidents\.toml\Z", "incidents"),
        (r"sources\.toml\Z", "sources"),
        (r"patterns\.toml\Z", "patterns"),
        (r"calendars\.toml\Z", "calendars"),
        (r"reporting\.toml\Z", "reporting"),
        (r"rating\.toml\Z", "rating"),
        (r"policies/[^/]+\.toml\Z", "policy"),
        (r"policies/shadow/[^/]+\.toml\Z", "shadow version"),
        (r"parameters/[^/]+\.toml\Z", "parameters"),
        (r"lists/[^/]+\.toml\Z", "lists"),
        (r"models\.toml\Z", "models"),
        (r"models/[^/]+\.json\Z", "model file"),
        # How a table's columns become events: it lies beside a pack and is not a part of it.
        (r"columns[^/]*\.toml\Z", ""),
        # From what a model is learnt: it is read by `jindi learn` alone.
        (r"recipes/[^/]*\.toml\Z", ""),
    )
)
_LAYOUT: Final = (
    "a pack holds pack.toml, events.toml, words.toml, case_words.toml, features.toml, labels.toml, typologies.toml, "
    "advice.toml, patterns.toml, incidents.toml, calendars.toml, reporting.toml, rating.toml, controls.toml, "
    "models.toml, sources.toml, policies/*.toml, policies/shadow/*.toml, parameters/*.toml, lists/*.toml, models/*.json"
)
_HALVES: Final = re.compile("[\ud800-\udfff]")
_BESIDE: Final = re.compile(r"(?:.*/)?columns[^/]*\.toml\Z")
_HEADER: Final = re.compile(r"^[ \t]*\[[ \t]*([a-z][a-z0-9_]*)\b(?!\.)", re.MULTILINE | re.ASCII)
_LINE_END: Final = re.compile(r"\r+\n")
_AT_LINE: Final = re.compile(r"^(.*) \(at (line \d+, column \d+|end of document)\)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _File:
    """One file, parsed. When its TOML is broken `raw` is None, and `names` are those it seems to declare:
    nobody else is blamed for speaking of them.
    """

    path: str
    root: str
    role: str
    raw: Mapping[str, Any] | None
    names: frozenset[str] = frozenset()


def load(files: Mapping[str, str]) -> Definitions:
    """The definitions that pack files declare, of one or several packs together.

    Keys are relative paths with `/`: a pack is the folder of its `pack.toml` and what lies below, or all
    files when `pack.toml` has no folder. The order of the files means nothing. Raises Problems with every
    problem of all files. The definitions' `source` loads again to the same digest.
    """
    problems: list[Problem] = []
    source = dict(sorted(_canonical(files).items()))
    parsed = _parsed(source, problems)
    definitions = _Loading(parsed, problems).definitions(
        {file.path: source[file.path] for file in parsed if file.raw is not None}
    )
    if problems:
        raise Problems(dict.fromkeys(problems))
    return definitions


def load_events(files: Mapping[str, str]) -> Mapping[str, EventDef]:
    """The event types alone, whatever is wrong with the rest: for reading events that were taken when all was well.

    Raises Problems with what is wrong with the packs' own pages and their events.
    """
    problems: list[Problem] = []
    source = dict(sorted(_canonical(files).items()))
    parsed = [file for file in _parsed(source, problems) if file.role in ("pack", "events")]
    events = _Loading(parsed, problems).definitions({}).events
    spoken_of = {file.path for file in parsed}
    if ours := [problem for problem in problems if problem.where in spoken_of]:
        raise Problems(dict.fromkeys(ours))
    return events


def canonical_files(files: Mapping[str, str]) -> dict[str, str]:
    """Pack files as a digest sees them, in the order of their paths; files that lie beside a pack are left out.

    What can't belong to any pack stays: `load` says what is wrong with it.
    """
    return {path: text for path, text in sorted(_canonical(files).items()) if not _BESIDE.match(path)}


def digest_of(files: Mapping[str, str]) -> str:
    """The digest that the definitions of these files will have, if they load.

    >>> digest_of({"shop/pack.toml": "x = 1"}) == digest_of({"shop/pack.toml": "x = 1" + chr(10)})
    True
    """
    return digest(canonical(canonical_files(files)))


def _canonical(files: Mapping[str, str]) -> dict[str, str]:
    """Texts as the digest sees them: the same file saved on another system stays the same file."""
    # Canonical texts stay as they are when made canonical again, or the source would load to another digest.
    return {path: _LINE_END.sub("\n", text.lstrip("\ufeff")).rstrip("\n") + "\n" for path, text in files.items()}


def _parsed(source: Mapping[str, str], problems: list[Problem]) -> list[_File]:
    roots = {path.removesuffix("pack.toml") for path in source if re.search(r"(?:\A|/)pack\.toml\Z", path)}
    if not roots:
        problems.append(Problem("pack.toml", "", "there is no pack", "begin with a pack.toml"))
    files = []
    for path, text in source.items():
        if path.startswith("/") or "\\" in path or ".." in path.split("/") or not path.isprintable():
            problems.append(Problem(ascii(path[:200])[1:-1], "", "not a relative path", "use / and no .."))
            continue
        root = max((root for root in roots if path.startswith(root)), key=len, default=None)
        if root is None:
            if roots:
                problems.append(Problem(path, "", "lies in no pack", "put a pack.toml beside it"))
            continue
        inside = path.removeprefix(root)
        role = next((role for pattern, role in _ROLES if pattern.match(inside)), None)
        if role is None:
            problems.append(Problem(path, "", "not a file of a pack", _LAYOUT))
        elif role:
            raw = (parse_model if role == "model file" else _toml)(text, path, problems)
            files.append(_File(path, root, role, raw, _seeming(text, role) if raw is None else frozenset()))
    return files


def _seeming(text: str, role: str) -> frozenset[str]:
    """The names that a broken file seems to declare."""
    return frozenset(_HEADER.findall(text)) if role != "model file" else frozenset()


def _toml(text: str, path: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    if len(text) > FILE_CHARACTERS_MAX:
        problems.append(Problem(path, "", f"longer than {FILE_CHARACTERS_MAX} characters", "split it"))
        return None
    if _HALVES.search(text):
        problems.append(Problem(path, "", "holds half a character (a lone surrogate)", "save the file as UTF-8"))
        return None
    try:
        return tomllib.loads(text)
    except RecursionError:
        problems.append(Problem(path, "", "nested too deeply", "write it flatter"))
    except ValueError as error:  # TOMLDecodeError, and whole numbers of thousands of digits
        message = str(error)
        match = _AT_LINE.match(message)
        what, place = (match[1], match[2]) if match else (message, "")
        problems.append(Problem(path, place, f"not TOML: {what}", "mend the line"))
    return None


class _Loading:
    """One reading of all files, stage by stage: each stage may speak of what the earlier ones declared."""

    def __init__(self, files: list[_File], problems: list[Problem]) -> None:
        self.files, self.problems = files, problems
        self.broken: set[str] = {name for file in files for name in file.names}
        self.packs: dict[str, PackDef] = {}
        self.pack_of: dict[str, PackDef] = {}
        self.events: dict[str, EventDef] = {}
        self.limits: dict[str, LimitDef] = {}
        self.lists: dict[str, ListDef] = {}
        self.places: dict[str, dict[str, str]] = {
            "event": {}, "feature": {}, "limit": {}, "list": {}, "label": {}, "control": {},
            "typology": {}, "report": {}, "threshold": {}, "plan": {}, "source": {}, "pattern": {},
            "calendar": {}, "criterion": {}, "exemption": {}, "movement": {}, "suspicion": {}, "rating": {},
            "advice": {},
        }  # fmt: skip

    def definitions(self, source: Mapping[str, str]) -> Definitions:
        """Everything declared; what is wrong went to the problems, and the result is then not to be used."""
        self._read_packs()
        seeming = frozenset(self.broken)
        for file in self._of("events"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("event", name, file):
                    event = read_event(raw, name, self.pack_of[file.root], file.path, self.problems)
                    if event is None:
                        self.broken.add(name)
                    else:
                        self.events[name] = event
                        self._note_broken_fields(event, raw)
        events_are_whole = self.broken == seeming and all(file.raw is not None for file in self._of("events"))
        self.problems.extend(check_entities(self.events, self.places["event"]))
        for file in self._of("parameters"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("limit", name, file):
                    limit = read_limit(raw, name, self.pack_of[file.root], file.path, self.problems)
                    if limit is None:
                        self.broken.add(name)
                    else:
                        self.limits[name] = limit
        for file in self._of("lists"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("list", name, file):
                    each = read_list(raw, name, self.pack_of[file.root], file.path, self.problems)
                    if each is None:
                        self.broken.add(name)
                    else:
                        self.lists[name] = each
        self.problems.extend(check_ranges(self.events, self.lists, self.places["event"], self.broken))
        patterns = self._patterns()
        features = Features(self.events, self.broken, self.problems, patterns)
        declared = [
            Declared(name, raw, self.pack_of[file.root], file.path)
            for file in self._of("features")
            for name, raw in (file.raw or {}).items()
            if self._is_new("feature", name, file)
        ]
        features.read(declared, self.limits, self.lists)
        models = self._models(features)
        typologies = self._typologies(self._entities() if events_are_whole else None)
        known = Known(
            self.events, features.windows, features.derived, self.limits, self.lists, models, self.broken, typologies,
            self._advice(),
        )  # fmt: skip
        policies = [
            (read_policy(file.raw, self.pack_of[file.root], file.path, known, self.problems, aside=aside), file.path)
            for role, aside in (("policy", False), ("shadow version", True))
            for file in self._of(role)
            if file.raw is not None
        ]
        self.problems.extend(check_policies(policies))
        labels, controls, sources = self._labels(), self._controls(), self._sources()
        reports, thresholds, plans = self._incidents()
        words = self._words(self.events if events_are_whole else None)
        declared_calendars = self._calendars()
        calendars = joined(declared_calendars, self.places["calendar"], self.problems)
        criteria, large_exemptions, movements, suspicions = self._reporting(calendars, typologies)
        rating = self._rating(features, calendars, [policy for policy, _ in policies])
        if sources is not None:
            bases = (
                *self._bases(policies, controls, reports, patterns),
                *self._bases_of_reporting(declared_calendars, criteria, large_exemptions, suspicions),
                *self._bases_of_rating(rating),
            )
            self.problems.extend(check_bases(bases, Register(sources)))
        return Definitions(
            packs=self.packs,
            events=self.events,
            features=features.windows,
            derived=features.derived,
            limits=self.limits,
            lists=self.lists,
            policies=tuple(policy for policy, _ in policies),
            labels=labels,
            digest=digest(canonical(source)),
            source=source,
            models=models,
            controls=controls,
            typologies=typologies,
            reports=reports,
            thresholds=thresholds,
            plans=plans,
            sources=sources or {},
            patterns=patterns,
            calendars=calendars,
            criteria=criteria,
            large_exemptions=large_exemptions,
            movements=movements,
            suspicions=suspicions,
            advice=known.advice,
            words=words,
            rating=rating,
            case_words=self._case_words(),
        )

    def _calendars(self) -> dict[str, CalendarDef]:
        found: dict[str, CalendarDef] = {}
        for file in self._of("calendars"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("calendar", name, file):
                    pack = self.pack_of[file.root]
                    self._put(found, name, read_calendar(raw, name, pack, file.path, self.problems))
        return found

    def _reporting(
        self, calendars: Mapping[str, CalendarDef], typologies: Mapping[str, TypologyDef]
    ) -> tuple[
        dict[str, CriterionDef], dict[str, LargeExemptionDef], dict[str, MovementDef], dict[str, SuspicionDef]
    ]:  # fmt: skip
        read = Reporting(self.limits, calendars, self.events, typologies, self.broken, self.problems)
        criteria: dict[str, CriterionDef] = {}
        exemptions: dict[str, LargeExemptionDef] = {}
        movements: dict[str, MovementDef] = {}
        suspicions: dict[str, SuspicionDef] = {}
        for file in self._of("reporting"):
            for sort, declared in read.sorts_of(file.raw or {}, file.path).items():
                for name, raw in declared.items():
                    if not self._is_new(sort, name, file):
                        continue
                    pack = self.pack_of[file.root]
                    if sort == "criterion":
                        self._put(criteria, name, read.criterion(raw, name, pack, file.path))
                    elif sort == "exemption":
                        self._put(exemptions, name, read.exemption(raw, name, pack, file.path))
                    elif sort == "movement":
                        self._put(movements, name, read.movement(raw, name, pack, file.path))
                    else:
                        self._put(suspicions, name, read.suspicion(raw, name, pack, file.path))
        for name, movement in movements.items():
            if movement.exempt and movement.exempt not in exemptions and movement.exempt not in self.broken:
                what = f"`exempt`: there is no exemption '{movement.exempt[:64]}'"
                place = self.places["movement"][name]
                self.problems.append(Problem(place, f"movement {name}", what, meant(movement.exempt, exemptions)))
        return criteria, exemptions, movements, suspicions

    def _rating(
        self, features: Features, calendars: Mapping[str, CalendarDef], policies: list[PolicyDef]
    ) -> RatingDef | None:  # fmt: skip
        read = Rating(
            self.events, features.windows, features.derived, self.limits, calendars, policies, self.broken,
            self.problems,
        )  # fmt: skip
        found: RatingDef | None = None
        for file in self._of("rating"):
            # One customer has one level: two schemes would say two things of him.
            if file.raw is not None and self._is_new("rating", "scheme", file):
                found = read.read(file.raw, self.pack_of[file.root], file.path)
        return found

    def _bases_of_rating(self, rating: RatingDef | None) -> Iterator[tuple[str, str, Words]]:
        if rating is None:
            return
        where = self.places["rating"]["scheme"]
        yield where, f"scheme {rating.name}", rating.basis
        for factor in rating.factors:
            yield where, f"factor {factor.name}", factor.basis
        for each in (*rating.mitigations, *rating.directs):
            yield where, each.name, each.basis

    def _bases_of_reporting(
        self,
        calendars: Mapping[str, CalendarDef],
        criteria: Mapping[str, CriterionDef],
        exemptions: Mapping[str, LargeExemptionDef],
        suspicions: Mapping[str, SuspicionDef],
    ) -> Iterator[tuple[str, str, Words]]:
        for name, calendar in calendars.items():
            for each in calendar.years:
                yield self.places["calendar"][name], f"calendar {name}: {each.year}", each.basis
        for name, criterion in criteria.items():
            yield self.places["criterion"][name], f"criterion {name}", criterion.basis
        for name, exemption in exemptions.items():
            yield self.places["exemption"][name], f"exemption {name}", exemption.basis
        for name, suspicion in suspicions.items():
            yield self.places["suspicion"][name], f"suspicion {name}", suspicion.basis

    def _words(self, events: Mapping[str, EventDef] | None) -> ValueWords:
        """What values are called, from all packs together: each may add words for a field that another has, too."""
        found: dict[str, dict[str, Words]] = {}
        places: dict[tuple[str, str], str] = {}
        for file in self._of("words"):
            for field, raw in (file.raw or {}).items():
                words, problems = read_words(raw, field, file.path, events)
                self.problems.extend(problems)
                for value, each in words.items():
                    first = places.setdefault((field, value), file.path)
                    if first != file.path:
                        what = f"the words of {value[:64]} stand in {first} too"
                        self.problems.append(Problem(file.path, f"{field}: {value[:64]}", what, "keep one"))
                    found.setdefault(field, {})[value] = each
        return found

    def _case_words(self) -> CaseWords:
        """What cases are called in Chinese, each pack's own."""
        found: dict[str, Mapping[str, str]] = {}
        for file in self._of("case words"):
            called, problems = read_case_words(file.raw or {}, file.path)
            self.problems.extend(problems)
            found[self.pack_of[file.root].name] = called
        return found

    def _patterns(self) -> dict[str, PatternDef]:
        found: dict[str, PatternDef] = {}
        for file in self._of("patterns"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("pattern", name, file):
                    pattern = read_pattern(
                        raw, name, self.pack_of[file.root], file.path, self.events, self.broken, self.problems
                    )
                    self._put(found, name, pattern)
        self.problems.extend(check_feeds(found, self.places["pattern"]))
        return found

    def _incidents(self) -> tuple[dict[str, ReportDef], dict[str, ThresholdDef], dict[str, PlanDef]]:
        read = Incidents(self.limits, self.broken, self.problems)
        reports: dict[str, ReportDef] = {}
        thresholds: dict[str, ThresholdDef] = {}
        plans: dict[str, PlanDef] = {}
        for file in self._of("incidents"):
            for sort, declared in sorts_of(file.raw or {}, file.path, self.problems).items():
                for name, raw in declared.items():
                    if not self._is_new(sort, name, file):
                        continue
                    pack = self.pack_of[file.root]
                    if sort == "report":
                        self._put(reports, name, read.report(raw, name, pack, file.path))
                    elif sort == "threshold":
                        self._put(thresholds, name, read.threshold(raw, name, pack, file.path))
                    else:
                        self._put(plans, name, read.plan(raw, name, pack, file.path))
        self.problems.extend(check_reports(reports, self.places["report"], self.broken))
        return reports, thresholds, plans

    def _put(self, found: dict[str, T], name: str, each: T | None) -> None:
        if each is None:
            self.broken.add(name)
        else:
            found[name] = each

    def _sources(self) -> dict[str, SourceDef] | None:
        """The register; None where there is none, or none that is whole: then no basis is held against it."""
        found: dict[str, SourceDef] = {}
        files, before = self._of("sources"), len(self.problems)
        for file in files:
            for name, raw in (file.raw or {}).items():
                if self._is_new("source", name, file):
                    source = read_source(raw, name, self.pack_of[file.root], file.path, self.problems)
                    if source is not None:
                        found[name] = source
        self.problems.extend(check_names(found, self.places["source"]))
        is_whole = files and len(self.problems) == before and all(file.raw is not None for file in files)
        return found if is_whole else None

    def _bases(
        self,
        policies: Iterable[tuple[PolicyDef, str]],
        controls: Mapping[str, ControlDef],
        reports: Mapping[str, ReportDef],
        patterns: Mapping[str, PatternDef],
    ) -> Iterator[tuple[str, str, Words]]:
        """Every basis with its file and its item."""
        for limit in self.limits.values():
            for number, step in enumerate(limit.steps, 1):
                yield self.places["limit"][limit.name], f"{limit.name}: value {number}", step.basis
        for policy, path in policies:
            for rule in policy.rules:
                yield path, f"rule {rule.id}", rule.basis
            for exemption in policy.exemptions:
                yield path, f"exemption {exemption.id}", exemption.basis
        for control in controls.values():
            yield self.places["control"][control.id], control.id, control.basis
        for name, report in reports.items():
            yield self.places["report"][name], f"report {name}", report.basis
        for name, pattern in patterns.items():
            yield self.places["pattern"][name], f"pattern {name}", pattern.basis

    def _controls(self) -> dict[str, ControlDef]:
        found = {}
        for file in self._of("controls"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("control", name, file):
                    control = read_control(raw, name, self.pack_of[file.root], file.path, self.problems)
                    if control is not None:
                        found[name] = control
        return found

    def _entities(self) -> frozenset[str]:
        return frozenset(field.entity for event in self.events.values() for field in event.fields if field.entity)

    def _typologies(self, entities: frozenset[str] | None) -> dict[str, TypologyDef]:
        found: dict[str, TypologyDef] = {}
        for file in self._of("typologies"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("typology", name, file):
                    typology = read_typology(raw, name, self.pack_of[file.root], file.path, entities, self.problems)
                    if typology is None:
                        self.broken.add(name)
                    else:
                        found[name] = typology
        self.problems.extend(check_rest(found, self.places["typology"]))
        return found

    def _advice(self) -> dict[str, AdviceDef]:
        found: dict[str, AdviceDef] = {}
        for file in self._of("advice"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("advice", name, file):
                    self._put(found, name, read_advice(raw, name, self.pack_of[file.root], file.path, self.problems))
        self.problems.extend(check_advice(found, self.places["advice"]))
        return found

    def _labels(self) -> dict[str, LabelDef]:
        found = {}
        for file in self._of("labels"):
            for name, raw in (file.raw or {}).items():
                if self._is_new("label", name, file):
                    label = read_label(
                        raw, name, self.pack_of[file.root], file.path, self.events, self.broken, self.problems
                    )
                    if label is not None:
                        found[name] = label
        return found

    def _models(self, features: Features) -> dict[str, ModelDef]:
        """The models that are declared, each with its file; a file that no model asks for is told, too."""
        files: dict[str, ModelFile | None] = {}
        for file in self._of("model file"):
            files[file.path] = read_model_file(file.raw, file.path, self.problems) if file.raw is not None else None
        models: dict[str, ModelDef] = {}
        asked: set[str] = set()
        for file in self._of("models"):
            for name, raw in (file.raw or {}).items():
                if isinstance(raw, dict) and isinstance(raw.get("file"), str):
                    asked.add(file.root + raw["file"])
                # A model and a feature of one name could not be told apart.
                if not self._is_new("feature", name, file):
                    continue
                model = read_model(
                    raw,
                    name,
                    self.pack_of[file.root],
                    file.path,
                    file.root,
                    files=files,
                    events=self.events,
                    scopes=lambda event: offer(event, features.windows, features.derived, self.limits, self.lists, {}),
                    broken=self.broken,
                    problems=self.problems,
                )
                if model is None:
                    self.broken.add(name)
                else:
                    models[name] = model
        whole = all(file.raw is not None for file in self._of("models"))
        for path in files:
            if whole and path not in asked:
                self.problems.append(Problem(path, "", "no model asks for it", "name it in models.toml, or remove it"))
        return models

    def _of(self, role: str) -> list[_File]:
        return [file for file in self.files if file.role == role]

    def _read_packs(self) -> None:
        places: dict[str, str] = {}
        needs: list[tuple[Table, tuple[str, ...]]] = []
        for file in self._of("pack"):
            table = Table(file.raw or {}, "pack", file.path, "", self.problems if file.raw is not None else [])
            name = table.name("name")
            zone = _zone(table)
            currency = table.text("currency", remedy='write currency = "CNY"')
            if currency and currency not in EXPONENTS:
                table.problem(f"unknown currency '{currency[:16]}'", meant(currency, EXPONENTS))
            pack = PackDef(
                name, table.text("version"), table.words(), zone, currency if currency in EXPONENTS else "CNY"
            )
            needs.append((table, table.names("needs")))
            self.pack_of[file.root] = pack
            if name and name in places:
                table.problem(f"the pack {name} is declared in {places[name]} too", "rename one")
            places[name] = file.path
            self.packs[name] = pack
        if "" in self.packs:  # a pack without a readable name: it may be the one that is needed
            return
        for table, names in needs:
            for name in names:
                if name not in self.packs:
                    table.problem(f"`needs` pack '{name[:64]}', which isn't loaded", meant(name, self.packs))

    def _is_new(self, kind: str, name: str, file: _File) -> bool:
        other = self.places[kind].setdefault(name, file.path)
        if other == file.path:
            return True
        self.problems.append(
            Problem(
                file.path,
                name[:64],
                f"the {kind} {name[:64]} is declared in {other} too",
                "rename one of the two",
            )
        )
        return False

    def _note_broken_fields(self, event: EventDef, raw: Any) -> None:
        given = raw.get("fields")
        if isinstance(given, dict):
            self.broken |= {f"{event.name}.{name}" for name in given} - {f"{event.name}.{f.name}" for f in event.fields}


def _zone(table: Table) -> ZoneInfo:
    name = table.text("zone", remedy='write zone = "Asia/Shanghai"')
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        table.problem(f"unknown time zone '{name[:64]}'", 'use a name such as "Asia/Shanghai" or "UTC"')
        return ZoneInfo("UTC")
