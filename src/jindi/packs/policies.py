"""policies/*.toml → policies: rules, bands, exemptions and the cases that prove them."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from jindi.basics.digests import canonical, digest
from jindi.basics.instants import day_of, start_of_day
from jindi.basics.problems import Problem
from jindi.language import BOOL, TIME_WORDS, Expression, Kind, Scope, Type, Value
from jindi.packs.definitions import (
    OUTCOMES,
    AdviceDef,
    BandDef,
    CaseDef,
    Degrade,
    DerivedDef,
    EventDef,
    ExemptionDef,
    FeatureDef,
    LimitDef,
    ListDef,
    ModelDef,
    Outcome,
    PackDef,
    PolicyDef,
    RuleDef,
    SplitDef,
    TypologyDef,
)
from jindi.packs.expressions import check_members, read_unless_broken
from jindi.packs.scopes import offer
from jindi.packs.tables import NAME, SLUG, Table, kind_of, meant
from jindi.packs.values import read_instant, read_value
from jindi.packs.vocabulary import DEGRADES, STATES

DEADLINE: Final = "200ms"
SHARE_MAX_PPM: Final = 50_000
"""A rule that says nothing else may fire on at most 5 % of recent events before it has to be confirmed."""

SCORE_MAX: Final = 1_000_000
CASE_DAY_MIN: Final = date(2026, 1, 1)
CASE_AT_MIN_US: Final = 0
CASE_AT_MAX_US: Final = start_of_day(date(3000, 1, 1), ZoneInfo("UTC")) - 1

_LIMIT: Final = re.compile(r"limit\('([^']*)'\)\Z")
_ASKED: Final = tuple(str(outcome) for outcome in OUTCOMES if outcome is not Outcome.ALLOW)
_ALLOW_REMEDY: Final = "events are allowed when no rule asks for more; lift outcomes with an [[exemption]]"


@dataclass(frozen=True, slots=True)
class Known:
    """All that policies may speak of; `broken` names what has been reported already."""

    events: Mapping[str, EventDef]
    windows: Mapping[str, FeatureDef]
    derived: Mapping[str, DerivedDef]
    limits: Mapping[str, LimitDef]
    lists: Mapping[str, ListDef]
    models: Mapping[str, ModelDef]
    broken: Collection[str]
    typologies: Mapping[str, TypologyDef] = field(default_factory=dict)
    advice: Mapping[str, AdviceDef] = field(default_factory=dict)


def plain(value: Any) -> Any:
    """A TOML value as JSON can hold it: dates and times become their ISO texts.

    >>> plain({"since": date(2026, 1, 1)})
    {'since': '2026-01-01'}
    """
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # refused wherever it stands; JSON has no word for it
    return value.isoformat() if isinstance(value, date | time) else value


def read_policy(
    raw: Mapping[str, Any],
    pack: PackDef,
    where: str,
    known: Known,
    problems: list[Problem],
    *,
    aside: bool = False,
) -> PolicyDef:
    """One policy with all its parts. A version that lies `aside` is a shadow whatever state it names, and its id
    says which version it is: `payment@3f2a91c0d1e2`.
    """
    given = raw.get("id")
    item = given if isinstance(given, str) else ""
    table = Table(raw, "policy", where, item[:64], problems)
    policy_id = table.name("id", pattern=SLUG)
    state = cast("Literal['live', 'shadow', 'draft']", table.choice("state", STATES))
    state = "shadow" if aside else state
    on = table.text("on", remedy="name the event type that it decides")
    event = known.events.get(on)
    if event is None and on and on not in known.broken:
        table.problem(f"`on`: unknown event '{on[:64]}'", meant(on, known.events))
    scope = None
    if event is not None:
        scope = offer(event, known.windows, known.derived, known.limits, known.lists, known.models)
    reader = _Reader(where, event, scope, known, pack=pack, problems=problems, must_prove=state == "live")
    rules = tuple(rule for given in table.tables("rule") if (rule := reader.rule(given)) is not None)
    exemptions = tuple(each for given in table.tables("exemption") if (each := reader.exemption(given)) is not None)
    reader.check_ids()
    bands = reader.bands(table.tables("band"))
    if not table.has("rule"):
        table.problem("has no rules", "write [[rule]]")
    used = [rule.when for rule in rules] + [exemption.when for exemption in exemptions]
    at_us = reader.usual_at(used)
    cases = tuple(
        case
        for number, given in enumerate(table.tables("case"), 1)
        if (case := reader.case(given, "policy case", f"case {number}", at_us, used)) is not None
    )
    if state == "live":
        reader.check_placeholders(table, used)
    split = _split(table, event) if table.has("split") else None
    mark = digest(canonical(plain(raw)))
    return PolicyDef(
        id=version_name(policy_id, mark) if aside else policy_id,
        pack=pack.name,
        on=on,
        doc=table.words(),
        state=state,
        deadline_us=table.duration("deadline", DEADLINE),
        bands=bands,
        rules=rules,
        exemptions=exemptions,
        cases=cases,
        digest=mark,
        split=split,
        keeps=_keeps(table, event, scope, known),
    )


def _keeps(table: Table, event: EventDef | None, scope: Scope | None, known: Known) -> tuple[str, ...]:
    """The features that a policy keeps beside those that its rules read."""
    names = table.names("keeps")
    if event is None or scope is None:
        return ()
    features = {name for name in scope.names if name in known.windows or name in known.derived}
    for name in names:
        if name not in features and name not in known.broken:
            table.problem(f"`keeps`: {event.name} reads no feature '{name[:64]}'", meant(name, features))
    return tuple(dict.fromkeys(name for name in names if name in features))


def _split(policy: Table, event: EventDef | None) -> SplitDef:
    """Which share of the events the policy decides."""
    table = Table(policy.table("split"), "split", policy.where, f"{policy.item}: split", policy.problems)
    by = table.text("by", remedy="name the field that draws the lot, or its entity")
    seed = table.text("seed", remedy='give any text, such as seed = "2026-12"; another one draws anew', length_max=64)
    share_ppm = table.share("share", 0)
    if not table.has("share"):
        table.missing("share", 'say how many it decides, such as share = "10%"')
    if event is None or not by:
        return SplitDef(by, share_ppm, seed)
    field = next((each for each in event.fields if each.name == by), None)
    field = field or next((each for each in event.fields if each.entity == by), None)
    if field is None:
        known = [each.name for each in event.fields if each.type.kind in (Kind.TEXT, Kind.TOKEN)]
        table.problem(f"`by`: {event.name} has no field and no entity '{by[:64]}'", meant(by, known))
    elif field.type.kind not in (Kind.TEXT, Kind.TOKEN):
        table.problem(f"`by`: {field.name} is neither a text nor an identifier", "name who is to stay on one side")
    return SplitDef(field.name if field is not None else by, share_ppm, seed)


def version_name(policy_id: str, mark: str) -> str:
    """How a version of a policy is called: the policy and the first twelve digits of its content's digest.

    >>> version_name("payment", "3f2a91c0d1e2" + 52 * "0")
    'payment@3f2a91c0d1e2'
    """
    return f"{policy_id}@{mark[:12]}"


def check_policies(policies: Sequence[tuple[PolicyDef, str]]) -> list[Problem]:
    """What only all policies together show: one id each, and one live policy for each event type."""
    problems: list[Problem] = []
    ids: dict[str, str] = {}
    live: dict[str, str] = {}
    challengers: dict[str, str] = {}
    for policy, where in policies:
        if policy.id and ids.setdefault(policy.id, where) != where:
            problems.append(
                Problem(
                    where,
                    policy.id,
                    f"the policy {policy.id} is declared in {ids[policy.id]} too",
                    "rename one",
                )
            )
        if policy.state != "live" or not policy.on:
            continue
        if policy.split is not None:
            if challengers.setdefault(policy.on, where) != where:
                what = f"{policy.on} has a challenger already, in {challengers[policy.on]}"
                problems.append(Problem(where, policy.id, what, 'write state = "shadow" in one of the two'))
        elif live.setdefault(policy.on, where) != where:
            problems.append(
                Problem(
                    where,
                    policy.id,
                    f"{policy.on} has a live policy already, in {live[policy.on]}",
                    'write state = "shadow" in one of the two, or give one a split',
                )
            )
    for policy, where in policies:
        if challengers.get(policy.on) == where and policy.on not in live:
            what = f"takes a share of {policy.on}, which has no live policy"
            problems.append(Problem(where, policy.id, what, "leave out the split, or add the policy for the others"))
    return problems


def _named(given: Mapping[str, Any], key: str, fallback: str) -> str:
    word = given.get(key)
    return word[:64] if isinstance(word, str) and word else fallback


class _Reader:
    """Reads the parts of one policy."""

    def __init__(
        self,
        where: str,
        event: EventDef | None,
        scope: Scope | None,
        known: Known,
        *,
        pack: PackDef,
        problems: list[Problem],
        must_prove: bool,
    ) -> None:
        self.where, self.event, self.scope, self.known = where, event, scope, known
        self.pack, self.problems, self.must_prove = pack, problems, must_prove
        self.ids: list[tuple[str, Table]] = []
        self.broken = set(known.broken)
        if event is not None:  # a broken field is known as event.field, so that it blames nobody else's
            prefix = f"{event.name}."
            self.broken |= {word.removeprefix(prefix) for word in known.broken if word.startswith(prefix)}

    def condition(self, table: Table) -> Expression | None:
        """The table's `when`, true or false; None when it can't be read."""
        text = table.text("when", remedy="write the condition")
        if not text or self.scope is None:
            return None
        when = read_unless_broken(table, "when", text, self.scope, broken=self.broken, expected=BOOL)
        if when is not None:
            check_members(table, "when", when, self.known.derived)
        return when

    def rule(self, given: Mapping[str, Any]) -> RuleDef | None:
        """One rule; None when its condition can't be read."""
        word = _named(given, "id", f"number {len(self.ids) + 1}")
        table = Table(given, "rule", self.where, f"rule {word}", self.problems)
        rule_id = table.name("id", pattern=SLUG)
        self.ids.append((rule_id, table))
        then = self.outcome(table) if table.has("then") else None
        score = table.integer("score", 0, -SCORE_MAX, SCORE_MAX)
        if not table.has("then") and not table.has("score"):
            table.problem("does nothing", "give `then`, or `score`, or both")
        degrade = cast("Degrade", table.choice("degrade", DEGRADES, "open"))
        method, wait_us = self.manner(table, then, may_challenge=degrade == "challenge")
        share_max_ppm = table.share("share_max", SHARE_MAX_PPM)
        confirmed_ppm = table.share("confirmed_share", 0) if table.has("confirmed_share") else None
        if confirmed_ppm and confirmed_ppm <= share_max_ppm:
            table.problem("`confirmed_share` is not above `share_max`", "leave it out, or confirm a larger share")
        doc, basis = (
            table.words(),
            table.basis("say which law, incident or judgement it rests on"),
        )
        when = self.condition(table)
        used = [when] if when is not None else []
        at_us = self.usual_at(used)
        cases = tuple(
            case
            for number, each in enumerate(table.tables("case"), 1)
            if (case := self.case(each, "rule case", f"rule {word}: case {number}", at_us, used)) is not None
        )
        if self.must_prove:
            self.check_proof(table)
        if when is None:
            return None
        return RuleDef(
            rule_id,
            doc,
            when,
            then,
            score,
            basis,
            degrade,
            method,
            wait_us,
            share_max_ppm,
            confirmed_ppm,
            cases,
            self.typology(table),
            discreet=table.boolean("discreet", default=False),
            tell=self.told(table),
        )

    def typology(self, table: Table) -> str | None:
        """The kind of case that the rule points to."""
        if not table.has("typology"):
            return None
        name = table.text("typology", remedy="name a typology, or leave it out")
        if name and name not in self.known.typologies and name not in self.broken:
            table.problem(f"`typology`: unknown typology '{name[:64]}'", meant(name, self.known.typologies))
        return name or None

    def told(self, table: Table) -> str | None:
        """The advice that a hit gives the customer."""
        if not table.has("tell"):
            return None
        name = table.text("tell", remedy="name an advice, or leave it out")
        if table.raw.get("discreet") is True:
            table.problem("is `discreet`, and tells the customer something", "leave out `tell`")
        elif name and name not in self.known.advice and name not in self.broken:
            table.problem(f"`tell`: unknown advice '{name[:64]}'", meant(name, self.known.advice))
        return name or None

    def outcome(self, table: Table) -> Outcome:
        """The table's `then`: anything heavier than allow."""
        then = table.raw["then"]
        if then == Outcome.ALLOW:
            table.problem("`then` may not be allow", _ALLOW_REMEDY)
        elif then in _ASKED:
            return Outcome(then)
        else:
            table.choice("then", _ASKED)
        return Outcome.REVIEW  # which asks for no method and no wait, so that one slip is told once

    def manner(self, table: Table, then: Outcome | None, *, may_challenge: bool) -> tuple[str | None, int | None]:
        """How to challenge and how long to delay, each where it is needed and nowhere else."""
        method = wait_us = None
        if table.has("method"):
            method = table.name("method")
            if then is not Outcome.CHALLENGE and not may_challenge:
                table.problem("`method` belongs to a challenge", 'write then = "challenge", or leave it out')
        elif then is Outcome.CHALLENGE:
            table.missing("method", 'say how to challenge, such as method = "otp"')
        if table.has("wait"):
            wait_us = table.duration("wait", None)
            if then is not Outcome.DELAY:
                table.problem("`wait` belongs to a delay", 'write then = "delay", or leave it out')
        elif then is Outcome.DELAY:
            table.missing("wait", 'say for how long, such as wait = "2h"')
        return method, wait_us

    def check_proof(self, table: Table) -> None:
        """A rule of a live policy has a case in which it fires and one in which it doesn't."""
        given = [each.get("fires") for each in table.tables("case")]
        for fires, words in ((True, "fires"), (False, "doesn't fire")):
            if not any(each is fires for each in given):
                table.problem(
                    f"has no case in which it {words}",
                    f"add a [[rule.case]] with fires = {str(fires).lower()}",
                )

    def exemption(self, given: Mapping[str, Any]) -> ExemptionDef | None:
        """One exemption; None when its condition can't be read."""
        word = _named(given, "id", f"number {len(self.ids) + 1}")
        table = Table(given, "exemption", self.where, f"exemption {word}", self.problems)
        exemption_id = table.name("id", pattern=SLUG)
        self.ids.append((exemption_id, table))
        lifts = table.names("lifts", required=True)
        for outcome in lifts:
            if outcome not in _ASKED:
                table.problem(f"`lifts`: no outcome to lift: '{outcome[:64]}'", meant(outcome, _ASKED))
        doc, basis = table.words(), table.basis("say why it may lift an outcome")
        when = self.condition(table)
        if when is None:
            return None
        lifted = frozenset(Outcome(outcome) for outcome in lifts if outcome in _ASKED)
        return ExemptionDef(exemption_id, doc, when, lifted, basis)

    def check_ids(self) -> None:
        """Each rule and exemption of the policy has an id of its own."""
        met: set[str] = set()
        for each, table in self.ids:
            if each and each in met:
                table.problem(f"the id '{each[:64]}' is used twice in this policy", "rename one")
            met.add(each)

    def bands(self, given: Sequence[Mapping[str, Any]]) -> tuple[BandDef, ...]:
        """The score bands: ever higher, and never lighter than the one below."""
        bands: list[BandDef] = []
        for number, raw in enumerate(given, 1):
            table = Table(raw, "band", self.where, f"band {number}", self.problems)
            score_from = table.integer("from", None, -SCORE_MAX, SCORE_MAX)
            if not table.has("then"):
                table.missing("then", f"use one of: {', '.join(_ASKED)}")
                continue
            then = self.outcome(table)
            method, wait_us = self.manner(table, then, may_challenge=False)
            if bands and table.has("from"):
                if score_from <= bands[-1].score_from:
                    table.problem("begins at or below the band before it", "order the bands by `from`")
                elif OUTCOMES.index(then) < OUTCOMES.index(bands[-1].then):
                    table.problem(f"{then} is lighter than {bands[-1].then} of the band before it", "order them")
            bands.append(BandDef(score_from, then, method, wait_us))
        return tuple(bands)

    # --- cases --------------------------------------------------------------------------------------

    def limits_used(self, used: Iterable[Expression]) -> list[LimitDef]:
        """The limits that conditions read, directly or through derived features."""
        names: set[str] = set()
        waiting = [text for expression in used for text in expression.inputs]
        met: set[str] = set()
        while waiting:
            text = waiting.pop()
            if text in met:
                continue
            met.add(text)
            if match := _LIMIT.match(text):
                names.add(match[1])
            elif text in self.known.derived:
                waiting.extend(self.known.derived[text].expression.inputs)
            elif text in self.known.models:
                waiting.extend(each.name for each in self.known.models[text].inputs)
        return [limit for name, limit in self.known.limits.items() if name in names]

    def usual_at(self, used: Iterable[Expression]) -> int:
        """The instant of a case that gives no `at`: noon in the pack's zone, on a day when the newest value
        of each limit in question is in force, and not before 2026.
        """
        days = [limit.steps[-1].since for limit in self.limits_used(used)]
        noon = datetime.combine(max([*days, CASE_DAY_MIN]), time(12), tzinfo=self.pack.zone)
        return (noon - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def check_placeholders(self, table: Table, used: Sequence[Expression]) -> None:
        """A live policy may not lean on a limit that nobody has set."""
        for limit in self.limits_used(used):
            if limit.steps[-1].value is None and limit.name not in self.known.broken:
                table.problem(
                    f"is live and reads limit {limit.name}, which is an unset placeholder",
                    'set its value, or write state = "shadow"',
                )

    def case(
        self, raw: Mapping[str, Any], kind: str, fallback: str, at_us: int, used: Sequence[Expression]
    ) -> CaseDef | None:
        """One case; None when its event type isn't known."""
        name = _named(raw, "name", "")
        item = f"{fallback.rpartition(' ')[0]} '{name}'" if name else fallback
        table = Table(raw, kind, self.where, item, self.problems)
        name = table.text("name", remedy="say in a few words what happens")
        if not table.has("given"):
            table.missing("given", "write given = { … }; an empty table means that all is missing")
        fires = table.boolean("fires") if kind == "rule case" else None
        outcome = Outcome(table.choice("outcome", OUTCOMES)) if kind == "policy case" else None
        if table.has("at"):
            try:
                given_us = read_instant(table.raw["at"])
            except ValueError as error:
                table.problem(f"`at` {error}")
            else:
                if CASE_AT_MIN_US <= given_us <= CASE_AT_MAX_US:
                    at_us = given_us
                else:
                    table.problem("`at` is not of this age", "give an instant of the years 1970 to 2999")
        for limit in self.limits_used(used):
            if day_of(at_us, self.pack.zone) < limit.steps[0].since:
                table.problem(
                    f"limit {limit.name} has no value on its day: the first is of {limit.steps[0].since}",
                    "give a later `at`, or the limit's earlier value",
                )
        members = self.members(table)
        if self.scope is None or self.event is None:
            return None
        return CaseDef(name, self.given(table, self.scope, self.event), members, at_us, fires, outcome)

    def members(self, table: Table) -> frozenset[tuple[str, Value]]:
        """The (list, value) pairs that hold in a case."""
        pairs: set[tuple[str, Value]] = set()
        for name, values in table.table("lists").items():
            if name not in self.known.lists:
                if name not in self.broken:
                    table.problem(f"`lists`: unknown list '{name[:64]}'", meant(name, self.known.lists))
            elif not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                table.problem(f"`lists`: {name} must be a list of texts", f'write lists = {{ {name} = ["…"] }}')
            else:
                pairs |= {(name, value) for value in values}
        return frozenset(pairs)

    def given(self, table: Table, scope: Scope, event: EventDef) -> Mapping[str, Value]:
        """The values of a case, each of its name's type."""
        raw = table.table("given")
        fields = {f.name: f for f in event.fields}
        values: dict[str, Value] = {}
        for name, value in raw.items():
            if name in TIME_WORDS:
                table.problem(f"`given`: {name} follows from the time", 'give at = "2026-11-22T03:00:00+08:00"')
                continue
            kind = scope.names.get(name)
            if kind is None:
                if name in ("lists", "fires", "outcome"):
                    table.problem(f"`{name}` stands inside `given`", "put it beside `given`")
                elif name not in self.broken:
                    known = [word for word in scope.names if word not in TIME_WORDS]
                    remedy = meant(name, known) if NAME.match(name) else "name a field or a feature"
                    table.problem(f"`given`: unknown name '{name[:64]}'", remedy)
                continue
            if kind.kind is Kind.MONEY and kind.of is None:
                currency = raw.get(kind.currency_field or "")
                if not isinstance(currency, str):
                    table.problem(f"`given`: {name} has no currency", f"give {kind.currency_field} as well")
                    continue
                kind = Type(Kind.MONEY, of=currency)
            try:
                values[name] = read_value(value, kind)
            except ValueError as error:
                table.problem(f"`given`: {name} {error}")
                continue
            if name in fields and (options := fields[name].values) and value not in options:
                word = value[:64] if isinstance(value, str) else kind_of(value)
                table.problem(f"`given`: {name} is never '{word}'", meant(word, options))
        return values
