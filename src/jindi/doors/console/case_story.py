"""What happened to a case, in words: what people did, what the platform added, and what two people were asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from jindi.cases import (
    Assign,
    Attach,
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Reopen,
    Review,
    Snooze,
    Split,
    Tag,
    Task,
    Tick,
    Withdraw,
)
from jindi.doors.console.view import View
from jindi.doors.waiting import Waiting
from jindi.run.cases import Happened, Page, Seen


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the story. `who` is "" for the platform itself; `body` is what somebody wrote; `link` is an address
    with its text.
    """

    at_us: int
    who: str
    text: str
    body: str = ""
    link: tuple[str, str] | None = None


def story(page: Page, asked: Iterable[Waiting], view: View) -> list[Moment]:
    """All that happened, the newest first."""
    told = [(each.at_us, each.seq, _step(each, view)) for each in page.story]
    told += [(moment.at_us, _seq(each), moment) for each in asked for moment in _operation(each, view)]
    cuts = sorted(at_us for at_us, _, _ in told)
    told += [(moment.at_us, seq, moment) for seq, moment in _arrivals(page.alerts, cuts, view)]
    return [moment for _, _, moment in sorted(told, key=lambda each: each[:2], reverse=True)]


def _seq(each: Waiting) -> int:
    """The record that an operation's id names."""
    return int(each.id.rpartition("_")[2], 16)


def since(page: Page, seen: int, view: View) -> list[Moment]:
    """The steps that people took since somebody looked at a version of the case, the oldest first."""
    own = [each for each in page.story if each.step is not None]  # each of them made a version
    return [_step(each, view) for each in own[max(seen, 0) :]]


def _arrivals(alerts: Sequence[Seen], cuts: Sequence[int], view: View) -> Iterable[tuple[int, Moment]]:
    """Decisions that came, those in a row told as one."""

    def stretch(seen: Seen) -> int:
        return sum(at_us <= seen.alert.at_us for at_us in cuts)

    for _, group in groupby(sorted(alerts, key=lambda seen: seen.alert.seq), key=stretch):
        row = list(group)
        first, last = row[0], row[-1]
        link = (f"/console/decisions/{first.decision_id}", first.decision_id) if len(row) == 1 else None
        yield last.alert.seq, Moment(last.alert.at_us, "", view.t("cases.did.alerts", n=len(row)), link=link)


def _operation(each: Waiting, view: View) -> Iterable[Moment]:
    """That two people were asked, and what was answered."""
    link = (f"/console/approvals/{each.id}", each.id) if view.may("approvals.read") else None
    yield Moment(each.at_us, each.by, view.t("cases.did.ask"), each.why, link)
    for answer in each.answers:
        if answer.what not in ("apply", "waive"):
            said = view.t(f"approvals.verb.{answer.what}")
            yield Moment(answer.at_us, answer.by, view.t("cases.did.answer", what=said), answer.why, link)


def _step(each: Happened, view: View) -> Moment:
    text, body = _words(each, view)
    other = each.other or (each.step.into if isinstance(each.step, Merge) else "")
    link = (f"/console/cases/{other}", other) if other else None
    if isinstance(each.step, Close) and each.step.approval and view.may("approvals.read"):
        link = (f"/console/approvals/{each.step.approval}", each.step.approval)
    return Moment(each.at_us, each.name, text, body, link)


def _words(each: Happened, view: View) -> tuple[str, str]:
    """What was done, and what was written with it."""
    match each.step:
        case Assign(to):
            if not to:
                return view.t("cases.did.give_back"), ""
            return (view.t("cases.did.take") if to == each.name else view.t("cases.did.assign", to=to)), ""
        case Note(text):
            return view.t("cases.did.note"), text
        case Tag(add, remove):
            return " · ".join(_tags(add, remove, view)), ""
        case Snooze(until_us, why):
            return view.t("cases.did.snooze", until=view.at(until_us)), why
        case Check(place, done):
            return view.t("cases.did.check" if done else "cases.did.uncheck", n=place + 1), ""
        case Close(verdict, why):
            return view.t("cases.did.close", verdict=view.t(f"cases.verdict.{verdict}")), why
        case Split(alerts, why):
            return view.t("cases.did.split", n=len(alerts)), why
        case Task(text):
            return view.t("cases.did.task"), text
        case Tick(place, done):
            return view.t("cases.did.tick" if done else "cases.did.untick", n=place + 1), ""
        case Attach(name=name):
            return view.t("cases.did.attach", name=name), ""
        case Withdraw(place, why):
            return view.t("cases.did.withdraw", n=place + 1), why
        case Review(agrees, why):
            return view.t("cases.did.agreed" if agrees else "cases.did.disagreed"), why
        case Escalate(why) | Reopen(why) | Merge(why=why):
            return view.t(f"cases.did.{each.verb}"), why
        case _:
            return view.t(f"cases.did.{each.verb}"), ""


def _tags(add: Sequence[str], remove: Sequence[str], view: View) -> Iterable[str]:
    if add:
        yield view.t("cases.did.tag", tags=", ".join(add))
    if remove:
        yield view.t("cases.did.untag", tags=", ".join(remove))
