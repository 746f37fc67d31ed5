"""models.toml and models/*.json → models: declared for an event type, their arrays checked to the last number.

A model file is data: JSON of plain arrays with a digest, described in docs/models.md. Nothing in it is code,
and nothing in it is believed: bounds, circles, types and finiteness are proved before the engine sees it.
"""

import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, cast

from jindi.basics.digests import canonical, digest
from jindi.basics.problems import Problem
from jindi.language import Kind, Scope, Type
from jindi.packs.definitions import Calibration, Degrade, EventDef, ModelDef, ModelInput, PackDef, Trees, WoeTerm
from jindi.packs.tables import NAME, NAME_REMEDY, Table, kind_of, meant
from jindi.packs.vocabulary import DEGRADES, TAKEN

FORMAT: Final = "jindi-model/1"
CHARACTERS_MAX: Final = 32_000_000
"""A model file is written by a program; 5,000 trees of 31 leaves take about a third of this."""

INPUTS_MAX: Final = 1_000
TREES_MAX: Final = 10_000
LEAVES_MAX: Final = 4_096
NODES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 64
POINTS_MAX: Final = 10_000
SIZE_MAX: Final = 1e9
"""No leaf, weight or base is larger, so that no sum of them leaves the doubles."""

SEEN: Final = (Kind.INT, Kind.MONEY, Kind.BOOL, Kind.RATIO, Kind.DURATION, Kind.TEXT)
"""What a model may see. An instant would let it learn the calendar by heart, a token a single person."""

_KEYS: Final = (
    "format", "kind", "inputs", "base", "link", "trees", "terms", "calibration", "card", "made", "digest",
)  # fmt: skip
_KINDS: Final = ("trees", "logistic-woe")
_LINKS: Final = ("sigmoid", "identity")
_CALIBRATIONS: Final = ("none", "platt", "isotonic")
_TREE_ARRAYS: Final = ("leaves", "feature", "threshold", "missing", "default_left", "left", "right", "value", "count")
_TOLD_MAX: Final = 5
_AGAIN: Final = "write the file again with jindi learn"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a model file holds, checked in itself: everything but what its inputs are on an event type."""

    inputs: tuple[ModelInput, ...]
    types: tuple[str, ...]
    base: float
    link: Literal["sigmoid", "identity"]
    trees: Trees | None
    terms: tuple[WoeTerm, ...]
    calibration: Calibration
    card: str
    digest: str


def seal(document: Mapping[str, Any]) -> str:
    """The text of a model file: the document with its digest, one key a line, doubles as they are.

    The digest is the SHA-256 of the canonical JSON of everything else in the document.
    """
    body = {key: value for key, value in document.items() if key != "digest"}
    whole = {**body, "digest": digest(canonical(body))}
    lines = (f"{json.dumps(key)}:{canonical(value).decode()}" for key, value in whole.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse_model(text: str, where: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    """The JSON of a model file, or None after its problem was recorded."""

    def fail(problem: str, remedy: str = _AGAIN) -> None:
        problems.append(Problem(where, "", problem, remedy))

    if len(text) > CHARACTERS_MAX:
        fail(f"longer than {CHARACTERS_MAX} characters", "train a smaller model")
        return None
    try:
        raw = json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        fail("nested too deeply")
        return None
    except ValueError as error:  # JSONDecodeError, NaN, a key given twice, whole numbers of thousands of digits
        fail(f"not JSON: {error}")
        return None
    if not isinstance(raw, dict):
        fail(f"must be an object, not {kind_of(raw)}")
        return None
    return raw


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(word: str) -> float:
    number = float(word)
    return number if abs(number) <= sys.float_info.max else _no_number(word[:32])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def read_model_file(raw: Mapping[str, Any], where: str, problems: list[Problem]) -> ModelFile | None:
    """A model file's content; None after all its problems were recorded."""
    return _File(raw, where, problems).read()


def read_model(
    raw: Any,
    name: str,
    pack: PackDef,
    where: str,
    root: str,
    *,
    files: Mapping[str, ModelFile | None],
    events: Mapping[str, EventDef],
    scopes: Callable[[EventDef], Scope],
    broken: Collection[str],
    problems: list[Problem],
) -> ModelDef | None:
    """One table of models.toml with its file; None when rules cannot speak of it.

    `files` are all model files by their path, None where a file is broken and its problems are told already.
    """
    if not NAME.match(name):
        problems.append(Problem(where, name[:64], "not a name", NAME_REMEDY))
        return None
    if name in TAKEN:
        problems.append(Problem(where, name, "the name is taken", "choose another name"))
        return None
    if not isinstance(raw, dict):
        problems.append(Problem(where, name, f"must be a table, not {kind_of(raw)}", f"begin it with [{name}]"))
        return None
    table = Table(raw, "model", where, name, problems)
    doc = table.words()
    degrade = cast("Degrade", table.choice("degrade", DEGRADES, "open"))
    on = table.text("on", remedy="name the event type that it scores")
    event = events.get(on)
    if event is None and on and on not in broken:
        table.problem(f"`on`: unknown event '{on[:64]}'", meant(on, events))
    if event is not None and name in {f.name for f in event.fields}:
        table.problem(f"has the name of a field of {on}", "choose another name")
    given = table.text("file", remedy=f'write file = "models/{name}.json"')
    if not given:
        return None
    path = root + given
    if path not in files:
        table.problem(f"`file`: there is no {given[:128]} in the pack", meant(path, files) if files else _AGAIN)
        return None
    file = files[path]
    if file is None or event is None:
        return None
    inputs = _known_inputs(file, path, scopes(event), on, broken, problems)
    if inputs is None:
        return None
    return ModelDef(
        name=name,
        pack=pack.name,
        doc=doc,
        on=on,
        file=path,
        degrade=degrade,
        inputs=inputs,
        base=file.base,
        link=file.link,
        trees=file.trees,
        terms=file.terms,
        calibration=file.calibration,
        card=file.card,
        digest=file.digest,
    )


def _known_inputs(
    file: ModelFile, where: str, scope: Scope, on: str, broken: Collection[str], problems: list[Problem]
) -> tuple[ModelInput, ...] | None:
    """The inputs with the types that they have on the event type; None when one does not fit."""
    found: list[ModelInput] = []
    for each, declared in zip(file.inputs, file.types, strict=True):
        kind = scope.names.get(each.name)
        item = f"input {each.name[:64]}"
        if kind is None:
            if each.name not in broken and f"{on}.{each.name}" not in broken:
                problem = f"a {on} event has no such field or feature"
                problems.append(Problem(where, item, problem, meant(each.name, scope.names)))
        elif kind.kind not in SEEN:
            problems.append(Problem(where, item, f"is of type {kind}, which a model may not see", "train without it"))
        elif kind.kind is Kind.MONEY and kind.of is None:
            problem = "is an amount whose currency is a field, so its size means nothing"
            problems.append(Problem(where, item, problem, "train without it, or fold it in one currency"))
        elif str(kind) != declared:
            problem = f"the model was trained on {declared[:64]}, here it is {kind}"
            problems.append(Problem(where, item, problem, "train the model again with this pack"))
        else:
            found.append(ModelInput(each.name, kind, each.equals))
    return tuple(found) if len(found) == len(file.inputs) else None


class _File:
    """One model file under inspection."""

    def __init__(self, raw: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
        self.raw, self.where, self.problems = raw, where, problems
        self.before = len(problems)

    def fail(self, item: str, problem: str, remedy: str = _AGAIN) -> None:
        """Record one thing that is wrong."""
        self.problems.append(Problem(self.where, item, problem, remedy))

    def read(self) -> ModelFile | None:
        """The whole file."""
        raw = self.raw
        if raw.get("format") != FORMAT:
            self.fail("format", "not a model file of this format", f'write "format": "{FORMAT}"')
            return None
        for key in raw:
            if key not in _KEYS:
                self.fail(key[:64], "unknown key", meant(key, _KEYS))
        told = raw.get("digest")
        try:
            own = digest(canonical({key: value for key, value in raw.items() if key != "digest"}))
        except (RecursionError, UnicodeEncodeError):  # nested deeply, or half a character (a lone surrogate)
            self.fail("digest", "cannot be made of what the file holds")
            return None
        if told != own:
            self.fail("digest", "is not the digest of this file: it was changed or cut after it was written")
        kind = self._word("kind", raw.get("kind"), _KINDS)
        link = cast("Literal['sigmoid', 'identity']", self._word("link", raw.get("link"), _LINKS))
        inputs, types = self._inputs(raw.get("inputs"))
        base = self._number("base", raw.get("base"))
        calibration = self._calibration(raw.get("calibration"))
        card = raw.get("card")
        if not isinstance(card, str) or not card.strip() or len(card) > 256:
            self.fail("card", "must be the path of the model card, a text", 'write "card": "models/NAME.md"')
        trees: Trees | None = None
        terms: tuple[WoeTerm, ...] = ()
        for key, owner in (("trees", "trees"), ("terms", "logistic-woe")):
            if key in raw and kind != owner:
                self.fail(key, f"does not belong to a model of kind {kind}")
        if kind == "trees":
            trees = self._trees(raw.get("trees"), len(inputs))
        else:
            terms = self._terms(raw.get("terms"), len(inputs))
        if len(self.problems) > self.before:
            return None
        return ModelFile(inputs, types, base, link, trees, terms, calibration, str(card), own)

    # --- single values -------------------------------------------------------------------------------

    def _word(self, item: str, given: object, options: Sequence[str]) -> str:
        if isinstance(given, str) and given in options:
            return given
        self.fail(item, f"must be one of: {', '.join(options)}")
        return options[0]

    def _number(self, item: str, given: object) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float):
            self.fail(item, f"must be a number, not {kind_of(given)}")
            return 0.0
        if not _is_sane(given):
            self.fail(item, "is not a finite number of sane size")
            return 0.0
        return float(given)

    def _numbers(
        self, item: str, given: object, count: int | None = None, *, size_max: float = SIZE_MAX
    ) -> tuple[float, ...]:
        """An array of finite numbers, `count` of them where that is known."""
        if not self._is_array(item, given, count):
            return ()
        numbers = cast("list[object]", given)
        if wrong := [
            at
            for at, each in enumerate(numbers)
            if isinstance(each, bool) or not isinstance(each, int | float) or not _is_sane(each, size_max)
        ]:
            self.fail(item, f"{_places(wrong)} no finite number of sane size")
            return ()
        return tuple(float(cast("float", each)) for each in numbers)

    def _wholes(self, item: str, given: object, least: int, most: int, count: int | None = None) -> tuple[int, ...]:
        """An array of whole numbers within bounds."""
        if not self._is_array(item, given, count):
            return ()
        numbers = cast("list[object]", given)
        if wrong := [
            at
            for at, each in enumerate(numbers)
            if isinstance(each, bool) or not isinstance(each, int) or not least <= each <= most
        ]:
            self.fail(item, f"{_places(wrong)} no whole number from {least} to {most}")
            return ()
        return tuple(cast("list[int]", numbers))

    def _is_array(self, item: str, given: object, count: int | None) -> bool:
        if not isinstance(given, list):
            self.fail(item, "is missing" if given is None else f"must be an array, not {kind_of(given)}")
            return False
        if count is not None and len(given) != count:
            self.fail(item, f"holds {len(given)} numbers where there must be {count}")
            return False
        return True

    def _object(self, item: str, given: object, keys: Collection[str]) -> Mapping[str, Any] | None:
        if not isinstance(given, dict):
            self.fail(item, "is missing" if given is None else f"must be an object, not {kind_of(given)}")
            return None
        for key in given:
            if key not in keys:
                self.fail(item, f"unknown key '{key[:64]}'", meant(key, keys))
        return given

    # --- inputs and calibration ----------------------------------------------------------------------

    def _inputs(self, given: object) -> tuple[tuple[ModelInput, ...], tuple[str, ...]]:
        if not isinstance(given, list) or not given:
            self.fail("inputs", "must be an array of at least one input")
            return (), ()
        if len(given) > INPUTS_MAX:
            self.fail("inputs", f"more than {INPUTS_MAX}", "train on fewer")
            return (), ()
        inputs: list[ModelInput] = []
        types: list[str] = []
        for number, each in enumerate(given, 1):
            item = f"input {number}"
            entry = self._object(item, each, ("name", "type", "equals"))
            if entry is None:
                continue
            name, kind, equals = entry.get("name"), entry.get("type"), entry.get("equals")
            if not isinstance(name, str) or not NAME.match(name):
                self.fail(item, "has no name of a field or feature")
                continue
            item = f"input {name}"
            if not isinstance(kind, str):
                self.fail(item, "has no type, a text")
                continue
            if (kind == Kind.TEXT) is not isinstance(equals, str):
                self.fail(item, "a text is seen as whether it is a word", 'give "equals" to inputs of type text alone')
                continue
            # The real type comes from the event type; until then only its name is known.
            inputs.append(ModelInput(name, Type(Kind.TEXT), equals))
            types.append(kind)
        titles = [each.title for each in inputs]
        for title in sorted({title for title in titles if titles.count(title) > 1}):
            self.fail(f"input {title[:64]}", "is given twice")
        return tuple(inputs), tuple(types)

    def _calibration(self, given: object) -> Calibration:
        entry = self._object("calibration", given, ("kind", "slope", "intercept", "at", "is"))
        if entry is None:
            return Calibration()
        kind = self._word("calibration", entry.get("kind"), _CALIBRATIONS)
        if kind == "platt":
            slope = self._number("calibration: slope", entry.get("slope"))
            intercept = self._number("calibration: intercept", entry.get("intercept"))
            if slope <= 0:
                self.fail("calibration: slope", "must be above 0: a higher score may not mean less risk")
            return Calibration("platt", slope, intercept)
        if kind == "isotonic":
            at = self._numbers("calibration: at", entry.get("at"))
            shares = self._numbers("calibration: is", entry.get("is"), len(at))
            if not at or len(at) > POINTS_MAX:
                self.fail("calibration: at", f"must hold 1 to {POINTS_MAX} points")
            if any(second <= first for first, second in pairwise(at)):
                self.fail("calibration: at", "must rise from each point to the next")
            if any(second < first for first, second in pairwise(shares)):
                self.fail("calibration: is", "may not fall from a point to the next")
            if any(not 0 <= share <= 1 for share in shares):
                self.fail("calibration: is", "must hold probabilities from 0 to 1")
            return Calibration("isotonic", at=at, is_=shares)
        return Calibration()

    # --- a logistic model on weights of evidence ------------------------------------------------------

    def _terms(self, given: object, inputs: int) -> tuple[WoeTerm, ...]:
        if not self._is_array("terms", given, inputs):
            return ()
        terms: list[WoeTerm] = []
        for number, each in enumerate(cast("list[object]", given), 1):
            item = f"term {number}"
            entry = self._object(item, each, ("weight", "edges", "woe", "missing", "mean"))
            if entry is None:
                continue
            edges = self._numbers(f"{item}: edges", entry.get("edges"), size_max=sys.float_info.max)
            if len(edges) > POINTS_MAX:
                self.fail(f"{item}: edges", f"more than {POINTS_MAX}")
            if any(second <= first for first, second in pairwise(edges)):
                self.fail(f"{item}: edges", "must rise from each edge to the next")
            terms.append(
                WoeTerm(
                    weight=self._number(f"{item}: weight", entry.get("weight")),
                    edges=edges,
                    woe=self._numbers(f"{item}: woe", entry.get("woe"), len(edges) + 1),
                    missing=self._number(f"{item}: missing", entry.get("missing")),
                    mean=self._number(f"{item}: mean", entry.get("mean")),
                )
            )
        return tuple(terms)

    # --- trees ----------------------------------------------------------------------------------------

    def _trees(self, given: object, inputs: int) -> Trees | None:
        entry = self._object("trees", given, _TREE_ARRAYS)
        if entry is None:
            return None
        leaves = self._wholes("trees: leaves", entry.get("leaves"), 1, LEAVES_MAX)
        if not leaves:
            if isinstance(entry.get("leaves"), list) and not entry["leaves"]:
                self.fail("trees: leaves", "there is no tree")
            return None
        ends, nodes = sum(leaves), sum(leaves) - len(leaves)
        if len(leaves) > TREES_MAX or nodes > NODES_MAX:
            self.fail("trees: leaves", f"more than {TREES_MAX} trees or {NODES_MAX} nodes", "train a smaller model")
            return None
        most = max(leaves)
        trees = Trees(
            leaves=leaves,
            feature=self._wholes("trees: feature", entry.get("feature"), 0, inputs - 1, nodes),
            threshold=self._numbers("trees: threshold", entry.get("threshold"), nodes, size_max=sys.float_info.max),
            missing=self._wholes("trees: missing", entry.get("missing"), 0, 2, nodes),
            default_left=self._wholes("trees: default_left", entry.get("default_left"), 0, 1, nodes),
            left=self._wholes("trees: left", entry.get("left"), -most, most - 2, nodes),
            right=self._wholes("trees: right", entry.get("right"), -most, most - 2, nodes),
            value=self._numbers("trees: value", entry.get("value"), ends),
            count=self._wholes("trees: count", entry.get("count"), 1, 2**53, ends),
        )
        if len(trees.left) == len(trees.right) == nodes:
            self._shapes(trees)
        return trees

    def _shapes(self, trees: Trees) -> None:
        """Every tree is one: each node and leaf is met exactly once on the way from the root."""
        told = start = 0
        for number, leaves in enumerate(trees.leaves, 1):
            nodes = leaves - 1
            left, right = trees.left[start : start + nodes], trees.right[start : start + nodes]
            if (problem := _misshapen(left, right, leaves)) and (told := told + 1) <= _TOLD_MAX:
                self.fail(f"tree {number}", problem)
            start += nodes


def _misshapen(left: Sequence[int], right: Sequence[int], leaves: int) -> str:
    """What is wrong with a tree's shape; empty when nothing is."""
    nodes = leaves - 1
    if not nodes:
        return ""
    met_nodes, met_leaves = [False] * nodes, [False] * leaves
    waiting = [(0, 0)]
    met_nodes[0] = True
    while waiting:
        node, depth = waiting.pop()
        if depth >= DEPTH_MAX:
            return f"deeper than {DEPTH_MAX}"
        for child in (left[node], right[node]):
            met, place = (met_nodes, child) if child >= 0 else (met_leaves, ~child)
            if place >= len(met):
                return f"node {node} has a child that the tree does not have"
            if met[place]:
                return f"{'node' if child >= 0 else 'leaf'} {place} is reached twice: it is no tree"
            met[place] = True
            if child >= 0:
                waiting.append((child, depth + 1))
    if not (all(met_nodes) and all(met_leaves)):
        return "has nodes or leaves that nothing leads to"
    return ""


def _is_sane(number: float, size_max: float = SIZE_MAX) -> bool:
    return abs(number) <= size_max  # not so for NaN; and no whole number is too large to be compared


def _places(wrong: Sequence[int]) -> str:
    """Where an array is wrong.

    >>> _places([3]), _places([0, 1, 2, 3, 4, 5, 6])
    ('number 4 is', 'numbers 1, 2, 3, 4, 5 and 2 more are')
    """
    told = ", ".join(str(at + 1) for at in wrong[:_TOLD_MAX])
    more = f" and {len(wrong) - _TOLD_MAX} more" if len(wrong) > _TOLD_MAX else ""
    return f"numbers {told}{more} are" if len(wrong) > 1 else f"number {told} is"
