"""words.toml: what packs call the values of text fields, or every problem with its address."""

from pathlib import Path

import pytest
from packs_room_world import EVENTS, told, world

from jindi.packs import Words, load

PACKS = Path(__file__).parents[2] / "packs"
PLACE = "shop/words.toml"


def files(text, **more):
    return world(**{PLACE: text, **more})


def test_a_value_is_called_as_the_pack_says():
    definitions = load(files('[channel]\napp = { zh = "应用", en = "App" }\n'))
    assert definitions.words == {"channel": {"app": Words("应用", "App")}}


def test_a_field_without_fixed_values_may_have_words_for_any():
    definitions = load(files('[currency]\nCNY = { zh = "人民币", en = "Yuan" }\n'))
    assert definitions.words["currency"]["CNY"].zh == "人民币"


def test_words_change_neither_what_is_decided_nor_how():
    plain, called = load(world()), load(files('[channel]\napp = { zh = "应用", en = "App" }\n'))
    assert plain.policies == called.policies
    assert plain.digest != called.digest, "they are recorded with the rest of what was in force"


@pytest.mark.parametrize(
    ("text", "item", "problem"),
    [
        ('[chanel]\napp = { zh = "应用", en = "App" }', "chanel", "no event has a field 'chanel'"),
        ('[channel]\npap = { zh = "应用", en = "App" }', "channel: pap", "no field channel may hold it"),
        ('[channel]\napp = "应用"', "channel: app", "must be a table with zh and en, not text"),
        ('[channel]\napp = { zh = "应用" }', "channel: app", "`en` is missing"),
        ('[channel]\napp = { zh = "应用", en = "App", fr = "App" }', "channel: app", "unknown key 'fr'"),
        ('channel = "app"', "channel", "must be a table of values, not text"),
        ("[channel]", "channel", "names no value"),
        (f'[channel]\napp = {{ zh = "{"长" * 65}", en = "App" }}', "channel: app", "longer than 64 characters"),
    ],
)
def test_what_is_wrong_with_words_is_told_with_its_place(text, item, problem):
    assert any(line.startswith(f"{PLACE}: {item}: {problem}") for line in told(files(text))), told(files(text))


def test_two_packs_may_name_values_of_one_field_but_no_value_twice():
    second = {
        "zoo/pack.toml": world()["shop/pack.toml"].replace('"shop"', '"zoo"'),
        "zoo/words.toml": '[channel]\nweb = { zh = "网页", en = "Web" }\n',
    }
    first = '[channel]\napp = { zh = "应用", en = "App" }\n'
    assert set(load(files(first, **second)).words["channel"]) == {"app", "web"}
    again = files(first + 'web = { zh = "网站", en = "Site" }\n', **second)
    assert any(
        "zoo/words.toml: channel: web: the words of web stand in shop/words.toml too" in each for each in told(again)
    )


def test_nobody_is_blamed_for_words_while_events_cannot_be_read():
    broken = files('[elsewhere]\na = { zh = "甲", en = "A" }\n', **{"shop/events.toml": EVENTS + "\n[oops"})
    assert not [line for line in told(broken) if line.startswith(PLACE)]


def test_every_fixed_value_of_the_shipped_packs_has_words_in_both_languages():
    shipped = load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})
    fields = [(event.name, field) for event in shipped.events.values() for field in event.fields]
    assert [
        f"{event}.{field.name} = {value}"
        for event, field in fields
        for value in field.values
        if value not in shipped.words.get(field.name, {})
    ] == []
