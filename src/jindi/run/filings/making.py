"""A packet made of a draft: decisions of the journal say what moved, the vault says who.

Names and numbers are taken out of the vault here and nowhere else, after a record for each person whose they are. The
record names the report and not the person: who watches staff, and who audits, need not know whom a report is about.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from jindi.basics.problems import Problem, Problems
from jindi.cases.filings import Report
from jindi.packs import OUTCOMES
from jindi.parties.reporting import PacketName, check, plain_of, render
from jindi.parties.reporting.drafts import (
    Draft,
    Movement,
    Person,
    decisions_of,
    large_of,
    problems_of,
    sector_of,
    suspicious_of,
)
from jindi.parties.reporting.moving import Moved, moved
from jindi.run.archive import Outdated
from jindi.run.audit import Actor, Audit
from jindi.run.masked import opened, personal_in
from jindi.run.records import DecisionRecord, decision_seq
from jindi.run.state import STAFF
from jindi.vault import Vault, kind_of

if TYPE_CHECKING:
    from jindi.run.platform import Platform

REVEAL: Final = "filing.reveal"
PURPOSE: Final = "aml_report"
DOCUMENTS: Final = {"id_card": "id_card", "uscc": "uscc"}
"""Kinds of identifiers in the vault that are documents of the interface."""

PERSONAL: Final = frozenset({"name", "phone", *DOCUMENTS})
TOKENS_MAX: Final = 1_000

Pair = tuple[str, str]
"""Whose an identifier is, and its token."""


class Made(msgspec.Struct, frozen=True):
    """A packet and the report that it was made of, as they lie sealed: whoever is told of another interface makes its
    file from the same report.
    """

    packet: str
    report: dict[str, object]
    reporter: str
    sector: str

    def __repr__(self) -> str:
        return "Made(…)"

    @property
    def digest(self) -> str:
        """The SHA-256 of the packet's bytes, in hexadecimal digits."""
        return hashlib.sha256(self.packet.encode()).hexdigest()


class Found(NamedTuple):
    """A movement that is evidence, with its decision's outcome and where its identifiers stand."""

    decision: str
    event_id: str
    at_us: int
    outcome: str
    moved: Moved
    card: Pair | None
    other_name: Pair | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a draft's decisions come to, and what is wrong with them."""

    found: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Wanted:
    """What a packet needs of the vault: tokens by whose they are, and of each customer which."""

    pairs: dict[Pair, None] = field(default_factory=dict)
    of: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def evidence_of(platform: "Platform", draft: Draft) -> Evidence:
    """The movements of a draft's decisions that a subject of it made. Reads the journal: for a thread."""
    subjects, found, problems = {each.user for each in draft.subjects}, list[Found](), list[Problem]()
    for number, identifier in enumerate(decisions_of(draft), 1):
        mine = [each for each in _movements(platform, identifier) if each.moved.customer in subjects]
        if not mine:
            what = "is no decision about money of a subject"
            problems.append(Problem("draft", f"decisions {number}", what, "name one that moved money for a subject"))
        found += mine
    return Evidence(tuple(found), tuple(problems))


def _movements(platform: "Platform", identifier: str) -> list[Found]:
    archive, definitions = platform.archive, platform.program.definitions
    try:
        seq = decision_seq(identifier)
        record = archive.record(seq) if 0 <= seq < archive.log.next_seq() else None
        if not isinstance(record, DecisionRecord):
            return []
        event = archive.program(record.definitions).events[record.event_type].event
    except (LookupError, ValueError, Outdated):
        return []
    if event.pack == STAFF:
        return []
    values = dict(zip((each.name for each in event.fields), record.values, strict=True))
    places = {each.field: each for each in personal_in(event.fields, record.values, record.event_type)}
    outcome = OUTCOMES[record.verdict.outcome]

    def pair(name: str) -> Pair | None:
        return places[name].pair if name in places and places[name].data_class != "C3" else None

    return [
        Found(
            identifier, record.event_id, record.at_us, outcome, each, pair(each.movement.card),
            pair(each.movement.other_name),
        )
        for each in moved(definitions.movements.values(), event, values)
    ]  # fmt: skip


async def make(
    platform: "Platform", audit: Audit, actor: Actor, report: Report, draft: Draft, day: date,
    first: tuple[str, int] = ("", 1),
) -> tuple[Made, int, int]:  # fmt: skip
    """The packet of a draft, how many subjects and how many transactions it has. `day` is the packet's, `first` the
    first packet that it goes on with and the how-manieth report it is.

    Raises Problems, all at once, before anything is revealed as far as they can be seen by then; NotRecorded.
    """
    evidence = await asyncio.to_thread(evidence_of, platform, draft)
    if problems := [*problems_of(draft, report.topic), *evidence.problems]:
        raise Problems(problems)
    vault = platform.vault
    assert vault is not None, "asked before"
    wanted = await asyncio.to_thread(_wanted, vault, draft, evidence.found)
    await _recorded(audit, actor, report, wanted.pairs)
    clear = await asyncio.to_thread(_opened, vault, wanted.pairs)
    people, ambiguous = _people(draft, wanted, clear)
    movements = [_movement(each, clear, wanted) for each in evidence.found]
    if report.topic == "suspicious":
        model = suspicious_of(draft, report.id, actor.name, people, movements, *first)
        counts = len(model.subjects), len(model.transactions)
    else:
        model_large = large_of(draft, report.id, people, movements)
        counts = len(draft.subjects), sum(len(f.transactions) for d in model_large.days for f in d.features)
    whole = model if report.topic == "suspicious" else model_large
    if problems := [*ambiguous, *_unsaid(check(whole).problems, ambiguous)]:
        raise Problems(problems)
    name = PacketName(report.filing.action, sector_of(draft), report.topic, draft.institution, day, 1)
    packet = render(whole, name)
    return Made(packet.data.decode(), plain_of(whole), draft.institution, draft.sector), *counts


def _wanted(vault: Vault, draft: Draft, found: Sequence[Found]) -> Wanted:
    """Which identifiers the packet needs, and no more: of subjects name, document and telephone, of the other sides
    their names, of each movement its card.
    """
    wanted = Wanted()
    for subject in draft.subjects:
        kinds = PERSONAL - ({"name"} if subject.name else set()) - (set(DOCUMENTS) if subject.number else set())
        _note(vault, wanted, subject.user, kinds - ({"phone"} if subject.phone else set()))
    for each in found:
        if each.moved.other and each.other_name is None:
            _note(vault, wanted, each.moved.other, frozenset({"name"}))
        for pair in (each.card, each.other_name):
            if pair is not None:
                wanted.pairs[pair] = None
    return wanted


def _note(vault: Vault, wanted: Wanted, user: str, kinds: "frozenset[str] | set[str]") -> None:
    known = wanted.of.setdefault(user, {})
    for token in vault.tokens_of(user, TOKENS_MAX):
        kind = kind_of(token)
        if kind in kinds and token not in known.setdefault(kind, []):
            known[kind].append(token)
            wanted.pairs[(user, token)] = None


async def _recorded(audit: Audit, actor: Actor, report: Report, pairs: Mapping[Pair, None]) -> None:
    """A record for each person, before anything of his is opened."""
    counts: dict[str, int] = {}
    for subject, _ in pairs:
        counts[subject] = counts.get(subject, 0) + 1
    for rows in counts.values():
        await audit.act(actor, REVEAL, report.id, purpose=PURPOSE, rows=rows)


def _opened(vault: Vault, pairs: Mapping[Pair, None]) -> dict[Pair, str]:
    found = {pair: opened(vault, *pair) for pair in pairs}
    return {pair: text for pair, text in found.items() if text is not None}


def _people(draft: Draft, wanted: Wanted, clear: Mapping[Pair, str]) -> tuple[dict[str, Person], list[Problem]]:
    """What the vault says of the subjects. Where it has two names or two documents nobody here chooses."""
    people, problems = dict[str, Person](), list[Problem]()
    for number, subject in enumerate(draft.subjects, 1):
        texts = {
            kind: list(
                dict.fromkeys(clear[(subject.user, token)] for token in tokens if (subject.user, token) in clear)
            )
            for kind, tokens in wanted.of.get(subject.user, {}).items()
        }
        documents = [(DOCUMENTS[kind], text) for kind in DOCUMENTS for text in texts.get(kind, [])]
        names = texts.get("name", [])
        for what, several in (("name", names), ("document", documents)):
            is_typed = bool(subject.name if what == "name" else subject.number)
            if not is_typed and len(several) != 1:
                problem = "is kept several times" if several else "is not kept"
                problems.append(Problem("draft", f"subjects {number}.{what}", problem, "write it into the draft"))
        people[subject.user] = Person(
            name=names[0] if names else "", document=documents[0][0] if documents else "",
            number=documents[0][1] if documents else "", phones=tuple(texts.get("phone", ())),
        )  # fmt: skip
    return people, problems


def _unsaid(problems: Sequence[Problem], said: Sequence[Problem]) -> list[Problem]:
    """Problems of the report that are not told already: whose document is missing has no kind of one either."""
    paths = tuple(each.item for each in said)
    return [each for each in problems if not each.item.startswith(paths)] if paths else list(problems)


def _movement(each: Found, clear: Mapping[Pair, str], wanted: Wanted) -> Movement:
    names = wanted.of.get(each.moved.other, {}).get("name", [])
    other = each.other_name or ((each.moved.other, names[0]) if len(names) == 1 else None)
    return Movement(
        decision=each.decision, event_id=each.event_id, at_us=each.at_us, customer=each.moved.customer,
        way=each.moved.movement.way, currency=each.moved.currency, amount_minor=each.moved.amount_minor,
        outcome=each.outcome, card=clear.get(each.card, "") if each.card is not None else "",
        other=each.moved.other, other_name=clear.get(other, "") if other is not None else "",
    )  # fmt: skip
