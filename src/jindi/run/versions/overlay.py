"""Shadow versions laid beside the definitions that people have put in force, without touching those."""

import re
from collections.abc import Mapping
from functools import lru_cache

from jindi import packs
from jindi.basics.problems import Problem, Problems
from jindi.engine import Program, build, check_cases
from jindi.packs import DECIDING, Definitions, policy_files
from jindi.run.records import DefinitionsRecord, Patch, patch_of, source_of

Aside = Mapping[str, tuple[str, str | None]]
"""Files that came with shadow versions: path → (its text, the text of the base that it covers or None)."""

_REMEMBERED = 4
"""Programs that are kept though nobody holds them: each takes some megabytes."""

_VERSION = re.compile(r"(?:.*/)?policies/shadow/[^/]+\.toml\Z")


def compiled(files: Mapping[str, str], *, cases: bool = True) -> Program:
    """Packs, loaded, compiled, and (with `cases`) proved by their own cases. Raises Problems with all of them.

    The last few are remembered: the same files are compiled again and again where a draft is tried, compared and
    proposed, and a program is nothing but a function of them.
    """
    program = _built(tuple(sorted(files.items())))
    if cases and (problems := _unproved(program)):
        raise Problems(problems)
    return program


@lru_cache(maxsize=_REMEMBERED)
def _built(files: tuple[tuple[str, str], ...]) -> Program:
    return build(packs.load(dict(files)))


@lru_cache(maxsize=_REMEMBERED)
def _unproved(program: Program) -> tuple[Problem, ...]:
    return tuple(check_cases(program))


def is_aside(path: str) -> bool:
    """Whether a file holds a shadow version.

    >>> is_aside("payment/policies/shadow/payment-3f2a.toml"), is_aside("payment/policies/payment.toml")
    (True, False)
    """
    return _VERSION.match(path) is not None


def aside_of(record: DefinitionsRecord) -> Aside:
    """What lies beside the base in a definitions record."""
    source = source_of(record)
    return {path: (source[path], old) for path, old in patch_of(record.beneath).items()}


def laid(base: Mapping[str, str], aside: Aside) -> dict[str, str]:
    """The base with what lies beside it."""
    return {**base, **{path: text for path, (text, _) in aside.items()}}


def beneath(aside: Aside) -> Patch:
    """What takes the shadow versions away again."""
    return {path: old for path, (_, old) in aside.items()}


def composed(
    base: Mapping[str, str], aside: Aside, *, cases: bool = True
) -> tuple[Program, Aside, tuple[str, ...]]:  # fmt: skip
    """The base with as many of the shadow versions as still stand on it, and the names of those that don't.

    A shadow version ends when it has become live, and when it doesn't load beside this base. Raises Problems when
    the base itself has any.
    """
    policy_files(base)  # read here, where it takes long, they are at hand where nothing may
    kept = _standing_on(base, aside)
    gone: dict[str, None] = dict.fromkeys(_names(aside, without=kept))
    while kept:
        try:
            return compiled(laid(base, kept), cases=cases), kept, tuple(gone)
        except Problems as error:
            guilty = {problem.where for problem in error.problems}
            rest = {path: each for path, each in kept.items() if not (is_aside(path) and path in guilty)}
            fewer = _used(rest) if len(rest) < len(kept) else {}
            gone |= dict.fromkeys(_names(kept, without=fewer))
            kept = fewer
    return compiled(base, cases=cases), {}, tuple(gone)


def _standing_on(base: Mapping[str, str], aside: Aside) -> Aside:
    """What still has a place beside a base: no version that is live in it, no file that would cover another text
    than it did.
    """
    live = {each.digest for each in policy_files(base) if each.state in DECIDING}
    ended = {
        each.path for each in policy_files({path: text for path, (text, _) in aside.items()}) if each.digest in live
    }
    return _used({
        path: (text, old)
        for path, (text, old) in aside.items()
        if path not in ended and base.get(path) == old
    })  # fmt: skip


def _used(aside: Aside) -> Aside:
    """Nothing, if no version is left that could stand on what lies beside the base."""
    return aside if any(map(is_aside, aside)) else {}


def _names(aside: Aside, *, without: Aside) -> list[str]:
    texts = {path: text for path, (text, _) in aside.items() if path not in without}
    return [each.version for each in policy_files(texts) if each.aside]


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str | None]:
    """The patch that makes the one set of files of the other.

    >>> difference({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    {'a': None, 'b': '3', 'c': '4'}
    """
    return {path: new.get(path) for path in sorted({*old, *new}) if old.get(path) != new.get(path)}


def extends(base: Definitions, more: Definitions) -> list[str]:
    """What of the base is not the same in `more`: nothing, if `more` only adds to it.

    What is only added decides nothing: another feature, limit or list is read by nobody who decides.
    """
    changed = [name for name in base.packs if more.packs.get(name) != base.packs[name]]
    for mine, theirs in (
        (base.events, more.events), (base.features, more.features), (base.derived, more.derived),
        (base.limits, more.limits), (base.lists, more.lists), (base.models, more.models), (base.labels, more.labels),
    ):  # fmt: skip
        changed += [name for name in mine if theirs.get(name) != mine[name]]
    policies = {policy.id: policy for policy in more.policies}
    changed += [policy.id for policy in base.policies if policies.get(policy.id) != policy]
    return changed
