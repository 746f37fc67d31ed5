"""Reports as pages: whole, in both languages, and with nothing from elsewhere."""

import json
import re
from html.parser import HTMLParser

import pytest

from jindi.doors.cli.learning import finite
from jindi.doors.reports import backtest_page, evaluation_page
from jindi.doors.reports.words import WORDS, both
from jindi.packs import load
from jindi.run.backtest.runner import Question
from jindi.run.learn.evaluation import learn
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from learn_world import RECIPE, facts
from past_world import ALWAYS, FILES, LATER, STRICTER, backtest, candidate, lived, story
from shop_world import shop_files


@pytest.fixture(scope="module")
def document():
    log, blobs = lived(FILES, story(120))
    asked = Question(ALWAYS, LATER, label="fraud", segment="user")
    return backtest(log, blobs, [candidate(policy=STRICTER)], asked=asked)


class Page(HTMLParser):
    """The tags of a page, checked to be closed in the order in which they were opened."""

    VOID = frozenset({"meta", "input", "link", "br", "line", "path", "rect"})

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], {"zh-CN": [], "en": []}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("lang")))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "span" and self.open[-1][1] in self.words:
            self.words[self.open[-1][1]].append(data)


def test_a_page_says_everything_in_both_languages(document):
    page = Page(backtest_page(document))
    assert len(page.words["zh-CN"]) == len(page.words["en"]) > 50
    assert all(re.search("[一-鿿]|¥[0-9]", text) for text in page.words["zh-CN"])
    assert not any(re.search("[一-鿿]|¥", text) for text in page.words["en"])
    assert any(re.fullmatch(r"CNY [0-9,]+\.[0-9]{2}", text) for text in page.words["en"])


def test_a_page_needs_nothing_beside_itself(document):
    text = backtest_page(document)
    tags = Page(text).seen
    assert not [tag for tag, _ in tags if tag in ("script", "link", "img", "iframe", "object")]
    assert not [at for _, attrs in tags for at in attrs if at in ("src", "onclick")]
    assert all(attrs["href"].startswith("#") for _, attrs in tags if "href" in attrs)
    assert "url(" not in text
    assert "@import" not in text


def test_a_page_shows_the_figures_of_the_report(document):
    text = backtest_page(document)
    found = document["candidates"][0]["types"]["pay"]
    assert f"{found['events']:,}" in text
    for change in found["changes"]:
        assert change["decision_id"] in text
    for rule in found["rules"]["candidate"]:
        assert f'<span class="mono">{rule}</span>' in text
    assert text.count("<figure>") == 4


def test_what_packs_and_events_say_can_not_write_into_a_page(document):
    evil = {**document, "segment": "<script>alert(1)</script>"}
    evil["candidates"] = [{**evil["candidates"][0], "name": '"><img src=x onerror=1>'}]
    assert "<script>" not in backtest_page(evil)
    assert "<img" not in backtest_page(evil)


def test_a_candidate_without_events_says_so(document):
    page = Page(backtest_page({**document, "candidates": [{**document["candidates"][0], "types": {}}]}))
    assert any("no event" in text for text in page.words["en"])


def test_all_words_are_there_in_both_languages():
    for key in WORDS:
        zh, en = both(key)
        assert zh != en
        assert zh.strip()
        assert en.strip()


@pytest.fixture(scope="module", params=["time", "random"])
def evaluation(request, tmp_path_factory):
    """What `jindi learn` tells of a small model, as its file has it."""
    text = RECIPE.replace("KIND", "logistic-woe").replace("MORE", "")
    if request.param == "random":
        text = text.replace("test_from = 2026-02-20", 'split = "random"')
    definitions = load(shop_files())
    recipe, inputs = read_recipe(text, definitions, "r")
    table = read_table(facts(tmp_path_factory.mktemp("learn") / "facts.parquet"), recipe, inputs, definitions)
    _, found = learn(table, recipe, inputs, definitions.packs["shop"].zone)
    return json.loads(json.dumps(finite(found)))


def test_an_evaluation_s_page_says_everything_in_both_languages_and_needs_nothing_beside_itself(evaluation):
    text = evaluation_page(evaluation)
    page = Page(text)
    chinese = [each for each in page.words["zh-CN"] if each != "KS 值"]
    assert len(page.words["zh-CN"]) == len(page.words["en"]) > 30
    assert all(re.search("[一-鿿]", each) for each in chinese)
    assert not any(re.search("[一-鿿]", each) for each in page.words["en"])
    assert not [tag for tag, _ in page.seen if tag in ("script", "link", "img", "iframe", "object")]
    for fold in evaluation["folds"]:
        assert f"{fold['auc']:.4g}" in text
        assert f"{fold['average_precision_interval'][0]:.4g}" in text
    assert ("the future helped" in text) == (evaluation["recipe"]["split"] == "random")
