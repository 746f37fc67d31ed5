"""`jindi url`: links judged by what they look like."""

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.safety import HOW, LEVELS, scored_document
from jindi.run.phishing import Scored, Scorer

FOUND = 3
"""The exit code when a link is doubtful or an imitation: programs must not take it for "nothing"."""


def judge(links: tuple[str, ...], own: tuple[str, ...], output: Output) -> None:
    """Judge and tell; ends with `FOUND` when one is doubtful or an imitation."""
    problems: list[Problem] = []
    scorer = _scorer(own, problems)
    scored: list[Scored] = []
    for number, link in enumerate(links, 1):
        try:
            if scorer is not None:
                scored.append(scorer.score(link))
        except ValueError as error:
            problems.append(Problem("url", f"number {number}", str(error)))
    if problems:
        output.fail(Problems(problems))
    output.give({"ok": True, "urls": [scored_document(each) for each in scored]})
    for each in scored:
        zh, en = LEVELS[each.level]
        output.say(f"{each.url.host}: {zh} {en} ({each.probability:.2f})")
        if each.imitation is not None:
            zh, en = HOW[each.imitation.how]
            output.say(f"  {each.imitation.domain}: {zh} {en}")
    if any(each.level in ("doubtful", "imitation") for each in scored):
        raise SystemExit(FOUND)


def _scorer(own: tuple[str, ...], problems: list[Problem]) -> Scorer | None:
    try:
        return Scorer(own)
    except ValueError as error:
        problems.append(Problem("url", "--own", str(error), "give a domain such as example.com"))
        return None
