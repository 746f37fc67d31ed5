"""What really happened, kept beside the stream: the platform never sees it, the scoreboard does."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TextIO

from jindi.basics.problems import Problem, Problems

SCENARIOS = (
    "account_takeover", "bonus_abuse", "card_testing", "compromised_terminal", "credential_stuffing",
    "impossible_travel", "merchant_collusion", "mule_ring", "stolen_card", "structuring",
)  # fmt: skip
"""All scenarios that the world can play, in alphabetical order."""

INSIDERS = (
    "alert_suppressor", "approval_ring", "celebrity_snooper", "colleague_peeker", "data_seller", "former_partner",
    "leaving_exporter", "list_poisoner", "own_account", "privilege_creeper", "stolen_session",
)  # fmt: skip
"""All that the office behind it can play, in alphabetical order."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about one event.

    `scenario` is None for an honest event. `episode` names one adversary's campaign. `loss_minor` is the
    money, in minor units, that passes into wrong hands with this event; a chain of transfers counts each
    sum once, where its owner loses it, so that the losses of an episode add up.
    """

    scenario: str | None = None
    episode: str | None = None
    loss_minor: int = 0


HONEST = Truth()
"""The truth of every event of which nobody needs to be ashamed."""


class Simulated(NamedTuple):
    """One event as a client would send it, and the truth about it."""

    event: dict[str, Any]
    truth: Truth


def truth_line(event: Mapping[str, Any], truth: Truth) -> str:
    """One line of NDJSON, without its newline: event id, scenario, episode and loss.

    >>> print(truth_line({"id": "evt_1"}, Truth("mule_ring", "epi_1", 500)))
    {"id":"evt_1","scenario":"mule_ring","episode":"epi_1","loss_minor":500}
    """
    line = {
        "id": event["id"],
        "scenario": truth.scenario,
        "episode": truth.episode,
        "loss_minor": truth.loss_minor,
    }
    return json.dumps(line, separators=(",", ":"))


def write_truth(stream: Iterable[Simulated], out: TextIO, *, honest: bool = False) -> Iterator[Simulated]:
    """Pass the stream on and write its truth to `out` on the way.

    Honest events are written only if `honest` says so: an id that is not in the file was honest.
    """
    for simulated in stream:
        if honest or simulated.truth.scenario is not None:
            out.write(truth_line(simulated.event, simulated.truth) + "\n")
        yield simulated


def read_truth(lines: Iterable[str]) -> dict[str, Truth]:
    """The truth by event id from lines that `write_truth` wrote; raises Problems that name each bad line."""
    truths: dict[str, Truth] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        try:
            found = json.loads(line)
            scenario, episode, loss_minor = found["scenario"], found["episode"], found["loss_minor"]
            if scenario is not None and scenario not in SCENARIOS and scenario not in INSIDERS:
                problems.append(Problem(f"line {number}", "scenario", "unknown scenario", _SCENARIO_REMEDY))
            elif not isinstance(loss_minor, int) or isinstance(loss_minor, bool):
                problems.append(Problem(f"line {number}", "loss_minor", "not a whole number", _LINE_REMEDY))
            else:
                truths[found["id"]] = Truth(scenario, episode, loss_minor)
        except (ValueError, KeyError, TypeError):
            problems.append(Problem(f"line {number}", "", "not a line of truth", _LINE_REMEDY))
    if problems:
        raise Problems(problems)
    return truths


_SCENARIO_REMEDY = "use one of: " + ", ".join((*SCENARIOS, *INSIDERS))
_LINE_REMEDY = "write the file with write_truth: an object with id, scenario, episode and loss_minor"
