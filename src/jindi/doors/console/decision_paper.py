"""One decision as a PDF: what was decided, by which version of a policy, why, with which values, and how to check it.

It says what the decision's page says to whoever takes it: what is personal stands there as its token, beside it a mask
where he may see one. As with a case no instant of making is in it, so the same state gives the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jindi.basics.money import format_minor
from jindi.doors.console.figures import offset
from jindi.doors.console.press import Press
from jindi.doors.console.reasons import RuleView, Step, decision_values, text_of
from jindi.doors.console.source import DecisionPage, FieldLine, ReplayView
from jindi.doors.console.view import View
from jindi.engine import Explanation, ModelLine

SHARES_SHOWN = 5
"""(design default) So many inputs of a model are named, those that did most to its score."""


@dataclass(frozen=True, slots=True)
class DecisionPaper:
    """What stands on a decision's paper, as one viewer may see it. `why` is None when it can't be explained any more,
    `replay` when it can't be made again; `masks` are by the names of fields, `case` is the case that it belongs to.
    """

    found: DecisionPage
    why: Explanation | None
    replay: ReplayView | None
    masks: Mapping[str, str]
    case: str | None


def decision_paper(view: View, paper: DecisionPaper) -> bytes:
    """The PDF, for a thread."""
    press, t, row = Press(view), view.t, paper.found.row
    values = decision_values(paper.found, paper.why, view)
    press.title(f"{t('decision.paper.title')} · {row.decision_id}")
    press.muted(t("decision.paper.state", who=view.session.who if view.session is not None else ""))
    press.head(t("decision.paper.what"))
    if values["sentence"]:
        press.text(values["sentence"])
    press.pairs(_facts(view, paper))
    if paper.why is None:
        press.text(t("decision.no_explanation"))
    else:
        _reasons(press, view, paper.why, values)
        _inputs(press, view, paper.why, values)
    press.head(t("decision.fields"))
    press.pairs(
        [(f"{each.name} · {view.words(each.doc)}", _field(view, each, paper.masks)) for each in paper.found.fields]
    )
    _proof(press, view, paper)
    return press.printed(row.decision_id, t("footer.not_advice"), lambda n, of: t("page.of", n=n, last=of))


def _facts(view: View, paper: DecisionPaper) -> list[tuple[str, str]]:
    found, row, t = paper.found, paper.found.row, view.t
    amount = ""
    if row.amount_minor is not None and row.currency:
        amount = f"{row.currency} {format_minor(row.amount_minor, row.currency)}"
    policy = f"{found.policy}@{found.policy_digest[:12]}" if found.policy and found.policy_digest else ""
    troubles = [t(f"badge.{each}") for each, is_on in (("degraded", row.degraded), ("late", row.late)) if is_on]
    facts = [
        (t("col.outcome"), t(f"outcome.{row.outcome}")), (t("col.score"), str(row.score)),
        (t("col.type"), " · ".join(dict.fromkeys((view.event(row.event_type), row.event_type)))),
        (t("col.amount"), amount),
        (t("decision.event_id"), row.event_id), (t("decision.at"), _instant(view, row.at_us)),
        (t("decision.as_of"), _instant(view, found.as_of_us)),
        (t("decision.received"), _instant(view, found.received_us)),
        (t("decision.policy_version"), policy), (t("decision.definitions"), found.definitions_digest[:16]),
        (t("decision.method"), found.method or ""),
        (t("decision.wait"), view.duration(found.wait_us) if found.wait_us is not None else ""),
        (t("col.status"), view.status(row.status) if row.status != "final" else ""),
        (t("filter.trouble"), ", ".join(troubles)), (t("decision.retry_of"), found.retry_of or ""),
        (t("cases.of_decision"), paper.case or ""),
    ]  # fmt: skip
    return [(name, value) for name, value in facts if value.strip()]


def _instant(view: View, at_us: int) -> str:
    """An instant with how far its zone was from UTC then, which does not change later."""
    return f"{view.at_exact(at_us)} {offset(at_us, view.zone)}"


def _reasons(press: Press, view: View, why: Explanation, values: Mapping[str, Any]) -> None:
    """The rules that spoke, each with its basis and the values of its condition; those that did not by their names."""
    t, rules = view.t, values["rules"]
    spoke = [each for each in rules if each.state != "not_hit"]
    press.head(t("decision.paper.reasons"))
    for each in spoke:
        _rule(press, view, each)
    if not spoke:
        press.text(t("decision.paper.no_rule"))
    quiet = [each.line.id for each in rules if each.state == "not_hit"]
    if quiet:
        press.below(f"{t('rule.not_hit')}: {', '.join(quiet)}")
    if why.bands:
        press.head(t("decision.paper.bands"))
        for band in why.bands:
            said = t("decision.paper.band.lifted" if band.lifted else f"decision.paper.band.{_word(band.reached)}")
            press.text(t("decision.paper.band", score=band.score_from, outcome=t(f"outcome.{band.then}"), said=said))
    if values["exemptions"]:
        press.head(t("decision.exemptions"))
    for line, steps in values["exemptions"]:
        lifted = " ".join(t(f"outcome.{each}") for each in line.lifts)
        held = t("exemption.holds", what=lifted) if line.holds else t("exemption.not")
        press.text(f"{line.id} · {held} · {view.words(line.doc)}")
        _trace(press, view, steps)
        _basis(press, view, line)


def _rule(press: Press, view: View, rule: RuleView) -> None:
    line, t = rule.line, view.t
    effect = [t(f"outcome.{line.asks}") if line.asks else "", f"{line.score:+d}" if line.score else ""]
    told = [t(f"rule.{rule.state}"), line.id, *effect, view.words(line.doc)]
    press.text(" · ".join(filter(None, told)))
    _trace(press, view, rule.steps)
    if line.away:
        press.below(
            f"{t('rule.away', what=', '.join(line.away))} · {t(f'degrade.{line.degraded}') if line.degraded else ''}"
        )
    _basis(press, view, line)


def _trace(press: Press, view: View, steps: tuple[Step, ...]) -> None:
    """A condition from the whole to the inputs, each part with its value."""
    for step in steps:
        press.below(
            f"{step.text}: {view.t(f'sign.{step.sign}')}" if step.sign else f"{step.text} = {step.value}", step.depth
        )


def _basis(press: Press, view: View, line: Any) -> None:
    if line.basis:
        press.below(f"{view.t('col.basis')}: {view.words(line.basis_words)}")


def _inputs(press: Press, view: View, why: Explanation, values: Mapping[str, Any]) -> None:
    """What the rules looked at: limits, features, models, lists."""
    t, concerned = view.t, values["concerned"]
    kinds = values["kinds"]
    if values["limits_used"]:
        press.head(t("decision.limits"))
        for each in values["limits_used"]:
            shown = text_of(each.value, view, kinds.get(f"limit('{each.name}')", ""))
            press.text(f"{each.name} = {shown} · {view.mark(each.mark)} · {t('col.since')} {each.since.isoformat()}")
            _basis(press, view, each)
    features = sorted(values["features"], key=lambda each: each.name not in concerned)
    if features:
        press.head(t("decision.features"))
        press.pairs([
            (each.name, t("decision.paper.absent") if each.absent else text_of(each.value, view, each.type))
            for each in features
        ])  # fmt: skip
    if why.models:
        press.head(t("decision.models"))
    for model in why.models:
        _model(press, view, model)
    if values["lists"]:
        press.head(t("decision.lists"))
        for each in values["lists"]:
            said = "decision.list.unset" if each.value is None else f"decision.list.{'member' if each.value else 'not'}"
            press.text(f"{each.name}: {t(said)}")


def _model(press: Press, view: View, model: ModelLine) -> None:
    shown = view.t("decision.paper.absent") if model.absent else text_of(model.value, view)
    press.text(f"{model.name} = {shown} · {view.words(model.doc)}")
    most = sorted(model.shares, key=lambda each: -abs(each.points))[:SHARES_SHOWN]
    for share in (each for each in most if each.points):
        press.below(f"{share.name} = {text_of(share.value, view)}: {share.points:+.3f}")


def _field(view: View, field: FieldLine, masks: Mapping[str, str]) -> str:
    shown = text_of(field.text, view, field.kind)
    token = f" [{view.t('token')}]" if field.is_token and field.text is not None else ""
    mask = masks.get(field.name)
    return f"{mask} · {shown}{token}" if mask and field.text is not None else f"{shown}{token}"


def _proof(press: Press, view: View, paper: DecisionPaper) -> None:
    """Where the journal has it, its digest, and how anybody holds the paper against it."""
    t, place, replay = view.t, paper.found.place, paper.replay
    press.head(t("decision.paper.proof"))
    press.pairs([
        (name, value) for name, value in (
            (t("decision.seq"), str(place.seq)),
            (t("decision.batch"), str(place.batch_first) if place.batch_first is not None else ""),
            (t("decision.hash"), place.hash or ""),
            (t("decision.replay.digest"), replay.digest if replay is not None else ""),
            (t("decision.replay"), _replayed(view, replay)),
        ) if value
    ])  # fmt: skip
    for key in ("chain", "bundle", "again"):
        press.text(t(f"decision.paper.check.{key}", id=paper.found.row.decision_id, seq=place.seq))


def _replayed(view: View, replay: ReplayView | None) -> str:
    if replay is None:
        return ""
    if replay.differences:
        return view.t("decision.replay.differs", n=len(replay.differences))
    return f"{view.t('decision.replay.same')}. {view.t('decision.replay.same.how', bytes=replay.bytes)}"


def _word(is_so: bool) -> str:
    return "reached" if is_so else "not"
