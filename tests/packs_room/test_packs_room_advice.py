"""advice.toml: what is read, what is refused, and that a discreet rule tells nothing."""

import pytest
from packs_room_world import SAID, policy, rule, told, world

from jindi.packs import Outcome, load

TEXT = 'doc = { zh = "请验证。", en = "Please check." }'


def pack(advice, **keys):
    extra = "\n".join(['then = "review"', *(f"{key} = {text}" for key, text in keys.items())])
    return world(policies=[policy(rule(extra=extra))]) | {"shop/advice.toml": advice}


def test_a_rule_points_to_an_advice():
    found = load(pack(f"[strange]\n{TEXT}\n", tell='"strange"'))
    assert found.policies[0].rules[0].tell == "strange"
    assert (found.advice["strange"].doc.en, found.advice["strange"].outcome) == ("Please check.", None)


def test_an_advice_may_be_an_outcomes_own():
    assert load(pack(f'[asked]\n{TEXT}\noutcome = "delay"\n')).advice["asked"].outcome is Outcome.DELAY


@pytest.mark.parametrize(
    ("advice", "keys", "problem"),
    [
        (f"[strange]\n{TEXT}\n", {"tell": '"strnge"'}, "`tell`: unknown advice 'strnge' (did you mean 'strange'?)"),
        (f"[strange]\n{TEXT}\n", {"tell": '"strange"', "discreet": "true"}, "is `discreet`, and tells the customer"),
        ("[strange]\n", {}, "`doc` is missing"),
        (f"[a]\n{TEXT}\noutcome = 'allow'\n", {}, "unknown outcome 'allow'"),
        (f"[a]\n{TEXT}\noutcome = 'deny'\n[b]\n{SAID}\noutcome = 'deny'\n", {}, "a is told for deny already"),
        (f"[a]\n{TEXT}\nwhy = 'x'\n", {}, "unknown key 'why'"),
        (f'[a]\ndoc = {{ zh = "短", en = "{"long " * 100}" }}\n', {}, "en is longer than 400 characters"),
    ],
)
def test_what_is_wrong_with_an_advice_is_told(advice, keys, problem):
    assert any(problem in each for each in told(pack(advice, **keys)))
