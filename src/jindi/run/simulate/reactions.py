"""What people do when the platform answers: pass a challenge and try again, wait, complain, give up."""

from collections.abc import Iterator
from random import Random
from typing import Any

from jindi.basics.instants import HOUR_US, SECOND_US
from jindi.run.simulate.rhythm import local_hour
from jindi.run.simulate.stage import Sent, Stage
from jindi.run.simulate.town import stream
from jindi.run.simulate.truth import HONEST, Truth

TRIES_MAX = 2
"""After so many retries of one wish a person gives up."""

WISHES = (
    "registration", "login", "password_change", "phone_change", "card_binding", "device_binding",
    "identity_check", "payment", "transfer", "top_up", "withdrawal", "refund", "bonus_redemption",
)  # fmt: skip
_SHARP = 0.93
"""How often an analyst sees through a fraud; honest people are cleared a little more often."""
_FAIR = 0.985


def react(
    stage: Stage, sent: Sent, outcome: str, *, method: str | None, decision_id: str, wait_us: int
) -> Iterator[int]:
    """The agent that follows an outcome other than `allow`. Marks the event as stopped."""
    stage.stop(sent, outcome)
    chance = stream(stage.seed, "react", sent.event["id"], outcome)
    if outcome == "challenge":
        return _challenged(stage, sent, method or "otp", decision_id, chance)
    if outcome == "delay":
        return _delayed(stage, sent, decision_id, wait_us, chance)
    if outcome == "review":
        return _reviewed(stage, sent, decision_id, chance)
    return _denied(stage, sent, chance)


def _tell(stage: Stage, sent: Sent, kind: str, suffix: str, fields: dict[str, Any]) -> None:
    truth = sent.truth if sent.truth is HONEST else Truth(sent.truth.scenario, sent.truth.episode, 0)
    stage.say(Sent(truth), kind, sent.event["id"] + suffix, fields)


def _challenged(stage: Stage, sent: Sent, method: str, decision_id: str, chance: Random) -> Iterator[int]:
    # A one-time password can be coaxed out of a victim or read by malware; a face hardly.
    is_thief = sent.passes < 0.9
    harder = 0.5 if is_thief and method in ("face", "passkey") else 1.0
    yield stage.now_us + int(chance.lognormvariate(3.3, 0.5) * SECOND_US)
    passed = chance.random() < sent.passes * harder
    fields = {"decision": decision_id, "user": sent.event["user"], "method": method, "passed": passed}
    _tell(stage, sent, "challenge_result", "-answer", fields)
    if passed or (not is_thief and chance.random() < 0.8):  # who fails honestly begins anew
        yield stage.now_us + int(chance.uniform(1, 12) * SECOND_US)
        _again(stage, sent)


def _delayed(stage: Stage, sent: Sent, decision_id: str, wait_us: int, chance: Random) -> Iterator[int]:
    noticed = chance.random() < sent.notices
    due_us = stage.now_us + wait_us
    if noticed:
        yield stage.now_us + int(wait_us * chance.uniform(0.02, 0.95))
        fields = {"decision": decision_id, "by": "service_desk", "note": "the customer did not order it"}
        _tell(stage, sent, "decision_recall", "-recall", fields)
        return
    yield due_us
    fields = {"decision": decision_id, "by": "schedule"}
    _tell(stage, sent, "decision_release", "-release", fields)
    _let_go(stage, sent)


def review(*, guilty: bool, now_us: int, chance: Random) -> tuple[int, str]:
    """What an analyst makes of an event, and how long it takes: some hours, and not by night."""
    wait_us = int(chance.lognormvariate(0.4, 0.8) * HOUR_US)
    hour = local_hour(now_us + wait_us)
    if hour < 8:  # analysts sleep too
        wait_us += (8 - hour) * HOUR_US + int(chance.random() * 2 * HOUR_US)
    right = chance.random() < (_SHARP if guilty else _FAIR)
    return wait_us, "reject" if guilty == right else "accept"


def _reviewed(stage: Stage, sent: Sent, decision_id: str, chance: Random) -> Iterator[int]:
    wait_us, verdict = review(guilty=sent.truth.scenario is not None, now_us=stage.now_us, chance=chance)
    yield stage.now_us + wait_us
    fields = {"decision": decision_id, "verdict": verdict, "by": f"analyst-{chance.randint(1, 4)}"}
    _tell(stage, sent, "review_verdict", "-verdict", fields)
    if verdict == "accept":
        _let_go(stage, sent)


def _denied(stage: Stage, sent: Sent, chance: Random) -> Iterator[int]:
    # Honest people try once more before they give up; adversaries decide by their own plan.
    if sent.truth.scenario is None and chance.random() < 0.3:
        yield stage.now_us + int(chance.uniform(20, 180) * SECOND_US)
        _again(stage, sent)


def _let_go(stage: Stage, sent: Sent) -> None:
    sent.outcome = "allow"
    stage.book(sent)


def _again(stage: Stage, sent: Sent) -> None:
    kind = sent.event["type"]
    if sent.tries >= TRIES_MAX:
        return
    fields: dict[str, Any] = {
        name: value for name, value in sent.event.items() if name not in ("id", "type", "at", "retry_of")
    }
    fields["retry_of"] = sent.event["id"]
    name = f"{sent.event['id'].partition('-try')[0]}-try{sent.tries + 2}"
    retry = stage.say(Sent(sent.truth, sent.passes, sent.notices), kind, name, fields)
    retry.tries, retry.approved, retry.follow = sent.tries + 1, sent.approved, sent.follow
    sent.retry = retry
    stage.move(retry, sent.payer, sent.payee, sent.minor)
