"""Labels: what turns out about an event later, and which events may say so."""

import pytest
from packs_room_world import EVENTS, PACK, SAID

from jindi.basics.problems import Problems
from jindi.packs import load

MORE = f"""
[report]
{SAID}
[report.fields]
payment = {{ type = "text", class = "C1", {SAID} }}
remark = {{ type = "text", class = "C1", required = false, {SAID} }}
true_one = {{ type = "bool", class = "C1", required = false, {SAID} }}
decision = {{ type = "text", class = "C1", {SAID} }}
"""
SOUND = f"""
[fraud]
{SAID}
on = ["payment", "login"]
mature = "60d"
[[fraud.from]]
event = "report"
names = "payment"
is = "true_one"
"""


def loaded(labels, events=EVENTS + MORE):
    return load({"shop/pack.toml": PACK, "shop/events.toml": events, "shop/labels.toml": labels})


def problems(labels, **more):
    with pytest.raises(Problems) as caught:
        loaded(labels, **more)
    return [str(problem) for problem in caught.value.problems]


def test_a_label_says_on_what_it_is_when_it_is_mature_and_who_speaks():
    label = loaded(SOUND).labels["fraud"]
    assert (label.pack, label.on, label.mature_us) == ("shop", ("payment", "login"), 60 * 86_400_000_000)
    (word,) = label.words
    assert (word.event, word.names, word.by_decision, str(word.value)) == ("report", "payment", False, "true_one")


def test_without_a_condition_the_word_itself_says_it():
    (word,) = loaded(SOUND.replace('is = "true_one"', "")).labels["fraud"].words
    assert str(word.value) == "True"


def test_a_field_named_decision_names_a_decision_only_in_events_of_its_life():
    (word,) = loaded(SOUND.replace('names = "payment"', 'names = "decision"')).labels["fraud"].words
    assert not word.by_decision


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('on = ["payment", "login"]', 'on = "paymnet"', "did you mean 'payment'?"),
        ('on = ["payment", "login"]', "", "`on` is missing"),
        ('mature = "60d"', "", "`mature` is missing"),
        ('mature = "60d"', 'mature = "sixty"', "`mature` is"),
        ('event = "report"', 'event = "reprot"', "unknown event 'reprot' (did you mean 'report'?)"),
        ('event = "report"', 'event = "payment"\n', "payment would label itself"),
        ('names = "payment"', 'names = "paymnet"', "report has no field 'paymnet'"),
        ('names = "payment"', 'names = "remark"', "remark is no required text"),
        ('names = "payment"', 'names = "true_one"', "true_one is no required text"),
        ('is = "true_one"', 'is = "payment"', "`is` must be bool, not text"),
        ('is = "true_one"', 'is = "nobody == 3"', "unknown name 'nobody'"),
        ("[[fraud.from]]", "[[fraud.form]]", "nobody speaks about it"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old, new, said):
    found = problems(SOUND.replace(old, new))
    assert any(said in line for line in found), found
    assert all(line.startswith("shop/labels.toml: fraud") for line in found)


def test_two_labels_of_one_name_are_refused():
    with pytest.raises(Problems, match="the label fraud is declared in"):
        load(
            {
                "shop/pack.toml": PACK, "shop/events.toml": EVENTS + MORE, "shop/labels.toml": SOUND,
                "other/pack.toml": PACK.replace('"shop"', '"other"'), "other/labels.toml": SOUND,
            }
        )  # fmt: skip


def test_a_word_about_a_broken_event_brings_no_problem_of_its_own():
    found = problems(
        SOUND,
        events=EVENTS + MORE.replace('type = "text", class = "C1", required', 'type = "txt", class = "C1", required'),
    )
    assert not [line for line in found if "labels.toml" in line]
