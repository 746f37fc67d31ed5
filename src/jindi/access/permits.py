"""Whether somebody may do something: asks the policies, and says no whenever they can't say yes.

Knows: Cedar's engine. Never: a clock; the age of a factor is reckoned from the instant that is handed in.
A policy that fails while it is evaluated is skipped by Cedar, also when it forbids. So an answer that comes with any
error is no; and policies that don't fit the schema are never loaded.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import cedarpy

from jindi.access.actions import ACTIONS
from jindi.access.names import folded
from jindi.access.policies import FRESH_FACTOR, NO_CASE, NOT_FOR_KIND, OWN_PROPOSAL, policies, schema
from jindi.access.principal import Kind, Principal
from jindi.basics.instants import SECOND_US
from jindi.basics.problems import Problem, Problems

NOT_PERMITTED, FAILED = "not_permitted", "failed"

_TOLD = (OWN_PROPOSAL, NOT_FOR_KIND, NO_CASE, FRESH_FACTOR)
"""Of several that forbid the one that can't be helped is told first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether, and if not why: `not_permitted`, `fresh_factor`, `own_proposal`, `not_for_kind`, `no_case`, `failed`, or
    a name of the company's own policies.
    """

    allowed: bool
    why: str = ""

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class About:
    """What an action is about. `proposer` is the name of who proposed what is answered; `has_case` whether a case is
    named; `is_sensitive` whether the action asks for what needs a fresh factor: the form is shown without, sent with.
    `kind` is the kind of operation that is asked for or answered, None: that is not the question.
    """

    proposer: str | None = None
    has_case: bool = False
    is_sensitive: bool = False
    kind: str | None = None


_NOTHING = About()


class Permits:
    """The policies, read once and asked often. A question takes 60 to 600 µs, as the machine is busy; the plain road of
    events therefore asks once for each key, until keys change.
    """

    def __init__(self, own: str = "", place: str = "") -> None:
        """`own` are policies of the company, put beside the shipped ones, from the file `place`.

        Raises Problems when they don't fit the schema, are templates, or can't be read.
        """
        self._names, shipped, self._schema = _shipped()
        self.is_own = bool(own)
        """Whether a company's own policies count, too. The shipped ones know people by roles and scopes alone, but for
        what is one's own proposal.
        """
        if own:
            _checked(own, self._schema, place)
        self._policies = _read(f"{shipped}\n{own}")

    def may(self, principal: Principal, action: str, now_us: int, about: About = _NOTHING) -> Verdict:
        """Whether `principal` may do `action` now. An unknown action is a fault of the house: KeyError."""
        return self.each(principal, (action,), now_us, about)[0]

    def each(
        self, principal: Principal, actions: Sequence[str], now_us: int, about: About = _NOTHING
    ) -> list[Verdict]:  # fmt: skip
        """`may` of several actions, each by itself, asked together: that takes half as long."""
        for action in actions:
            ACTIONS[action]
        answers = cedarpy.is_authorized_batch(
            [_request(principal, action, now_us, about) for action in actions],
            self._policies, _entities(principal, about), self._schema,
        )  # fmt: skip
        return [self._verdict(answer) for answer in answers]

    def _verdict(self, answer: cedarpy.AuthzResult) -> Verdict:
        if answer.diagnostics.errors:
            return Verdict(False, FAILED)
        if answer.allowed:
            return Verdict(True)
        return Verdict(False, self._why(answer.diagnostics.reasons))

    def _why(self, reasons: list[str]) -> str:
        forbidding = {self._name(reason) for reason in reasons}
        return next((why for why in _TOLD if why in forbidding), min(forbidding, default=NOT_PERMITTED))

    def _name(self, policy: str) -> str:
        place = int(policy.removeprefix("policy")) if policy.removeprefix("policy").isdecimal() else len(self._names)
        # Of several policies under one name the first word is the name.
        return self._names[place].split(" ")[0] if place < len(self._names) else "own_policy"


@cache
def _shipped() -> tuple[tuple[str, ...], str, cedarpy.Schema]:
    """The names of the shipped policies, their text, and their schema; checked once."""
    named, read = policies(), cedarpy.Schema.from_str(schema())
    text = "\n".join(named.values())
    _checked(text, read, "policies")
    return tuple(named), text, read


@lru_cache(maxsize=4)
def _read(text: str) -> cedarpy.PolicySet:
    """Policies that were checked, read: each door of a platform asks the same ones, and reading them takes 5 ms."""
    return cedarpy.PolicySet.from_str(text)


def _request(principal: Principal, action: str, now_us: int, about: About) -> dict[str, object]:
    asked: dict[str, object] = {"has_case": about.has_case, "is_sensitive": about.is_sensitive}
    if principal.mfa_us is not None:
        asked["mfa_age_s"] = max(0, now_us - principal.mfa_us) // SECOND_US
    return {
        "principal": {"type": _type(principal), "id": principal.id},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Thing", "id": "it"},
        "context": asked,
    }


def _type(principal: Principal) -> str:
    return "Person" if principal.kind is Kind.PERSON else "Key"


def _entities(principal: Principal, about: About) -> str:
    attributes: dict[str, object] = {"name": folded(principal.name)}
    if principal.kind is not Kind.PERSON:
        attributes["scopes"] = sorted(principal.scopes)
        attributes["is_link"] = principal.kind is Kind.LINK and not principal.via
    thing: dict[str, object] = {} if about.proposer is None else {"proposer": folded(about.proposer)}
    if about.kind is not None:
        thing["kind"] = about.kind
    roles = [{"type": "Role", "id": str(role)} for role in sorted(principal.roles)]
    return json.dumps(
        [
            {"uid": {"type": _type(principal), "id": principal.id}, "attrs": attributes, "parents": roles},
            {"uid": {"type": "Thing", "id": "it"}, "attrs": thing, "parents": []},
            *({"uid": role, "attrs": {}, "parents": []} for role in roles),
        ]
    )


def _checked(text: str, schema_: cedarpy.Schema, place: str) -> None:
    found = cedarpy.validate_policies(text, schema_)
    if not found.validation_passed:
        remedy = "mend the policies; the platform doesn't start with ones that don't fit its schema"
        raise Problems([Problem(place, "", str(error), remedy) for error in found.errors])
    if json.loads(cedarpy.policies_to_json_str(text))["templates"]:
        # Nothing links templates here, so one that forbids would forbid nothing, and nobody would hear of it.
        remedy = "write out whom or what it is about in the place of ?principal and ?resource"
        raise Problems([Problem(place, "", "a policy is a template, which would never be asked", remedy)])
