"""The workbench beyond rules in a real browser: a band, a new policy, a limit from a future day, each the whole way."""

import pytest
from console_browser import chromium
from looking_over import looked_over
from test_doors_workbench_browser import Bench, click, here, put, says
from workbench_world import APPROVE, AUDIT

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

BENCH = "/console/workbench/pay"


@pytest.fixture(scope="module")
def living():
    alive = Bench()
    yield alive
    alive.close()


def choose(tab, name, value):
    tab.run(
        f"(() => {{ const field = document.querySelector('[name=\"{name}\"]'); field.value = {value!r}; "
        "field.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )


def approved(tab, living, proposal, *words):
    tab.open(living.url + proposal)
    says(tab, *words)
    click(tab, "form[action$=approve] button")
    says(tab, "Approved, and in force")


def test_a_band_is_changed_by_the_form_tried_on_the_past_and_decides_when_another_has_approved_it(process, living):
    ann, bob, eve = living.tab(process, "ann"), living.tab(process, "bob", APPROVE), living.tab(process, "eve", AUDIT)
    assert living.decided(1, "1500.00") == "challenge"
    ann.open(f"{living.url}{BENCH}/bands")
    click(ann, "#rule [value=add]")
    says(ann, "not saved yet")
    put(ann, "band.0.from", "2000")
    assert ann.until("document.getElementById('panel-line').innerText.includes('no rules come to 2000')")
    put(ann, "band.0.from", "20")
    assert ann.until("document.getElementById('panel-line').innerText.includes('≥ 20')"), "the line follows the typing"
    assert ann.until("!document.querySelector('#panel-line .findings li')")
    click(ann, "header [value=save]")
    says(ann, "Saved in the draft")
    ann.open(living.url + BENCH)
    says(ann, "the cases of this policy hold")
    click(ann, "#try button")
    says(ann, "As decided (rows) by the draft (columns)")
    trial = here(ann)
    ann.open(living.url + BENCH)
    put(ann, "why", "look at the large ones")
    click(ann, "#propose button")
    says(ann, "Proposed; another person approves it")
    bob.open(living.url + here(ann))
    says(bob, "Backtests of exactly this content")
    assert bob.run(f"!!document.querySelector(\"a[href='{trial}']\")")
    approved(bob, living, here(ann), "band")
    assert living.decided(2, "1500.00") == "review"
    eve.open(living.url + "/console/audit")
    says(eve, "Save a draft", "Run a backtest", "Propose", "Approve")
    for tab in (ann, bob, eve):
        assert tab.complaints() == []


def test_a_new_policy_with_a_rule_of_its_own_is_begun_and_put_in_force(process, living):
    ann, bob = living.tab(process, "ann"), living.tab(process, "bob", APPROVE)
    ann.open(f"{living.url}/console/new-policy")
    choose(ann, "on", "reading")
    for name, text in (("policy", "read-it"), ("zh", "读数策略。"), ("en", "The policy of readings.")):
        put(ann, name, text)
    click(ann, "#begin button")
    says(ann, "The new policy is a draft", "the cases of this policy hold")
    bench = "/console/workbench/read-it"
    assert here(ann) == bench
    ann.open(f"{living.url}{bench}/new")
    for name, text in (
        ("id", "high"), ("zh", "读数过高。"), ("en", "Too high."), ("basis_zh", "店规 12"), ("p.0.left", "whole"),
        ("p.0.right", "900"), ("case.0.name", "above"), ("case.0.given", "whole = 900"), ("case.1.name", "below"),
        ("case.1.given", "whole = 899"),
    ):  # fmt: skip
        put(ann, name, text)
    assert ann.until("!!document.querySelector('#problems .good')")
    click(ann, "header [value=save]")
    says(ann, "Saved in the draft", "as expected")
    ann.open(living.url + bench)
    says(ann, "high", "at-night", "the cases of this policy hold")
    put(ann, "why", "readings count")
    click(ann, "#propose button")
    says(ann, "Proposed; another person approves it")
    approved(bob, living, here(ann), "read-it")
    bob.open(f"{living.url}/console/policies/read-it")
    says(bob, "The policy of readings.", "whole >= 900")
    for tab in (ann, bob):
        assert tab.complaints() == []


def test_a_limit_is_set_from_a_future_day_tried_as_if_in_force_and_approved_by_another(process, living):
    ann, bob = living.tab(process, "ann"), living.tab(process, "bob", APPROVE)
    # The rule's own case speaks of the limit of the day: it gets its day, and goes along.
    ann.open(f"{living.url}{BENCH}/rules/spent-enough")
    for number in (0, 1):
        put(ann, f"case.{number}.at", "2026-11-22T12:00:00+08:00")
    click(ann, "header [value=save]")
    says(ann, "Saved in the draft")
    ann.open(f"{living.url}/console/parameters/daily")
    says(ann, "Values whose day has come", "CNY 20,000.00")
    ann.run("document.querySelector('[name=since]').value = '2027-01-01'")
    for name, text in (("is", "900.00"), ("basis_zh", "店主 2"), ("basis_en", "the owner 2")):
        put(ann, name, text)
    click(ann, "#value button")
    says(ann, "Saved in the draft", "2027-01-01", "to come")
    ann.open(f"{living.url}/console/parameters/drafts/shop:limits")
    says(ann, "expected not to fire")
    click(ann, "#along [type=checkbox]")
    click(ann, "#along button")
    says(ann, "the cases of all policies that read these parameters hold")
    click(ann, "#try button")
    says(ann, "As if in force", "As decided (rows) by the draft (columns)")
    ann.open(f"{living.url}/console/parameters/drafts/shop:limits")
    put(ann, "why", "too much is lost")
    click(ann, "#propose button")
    says(ann, "Proposed; another person approves it")
    approved(bob, living, here(ann), "CNY 900.00 since 2027-01-01")
    bob.open(f"{living.url}/console/parameters/daily")
    says(bob, "to come", "CNY 900.00")
    for tab in (ann, bob):
        assert tab.complaints() == []


PAGES = (
    "/console/workbench", BENCH, f"{BENCH}/bands", f"{BENCH}/cases", f"{BENCH}/settings", f"{BENCH}/new-exemption",
    f"{BENCH}/exemptions/just-passed", "/console/new-policy", "/console/parameters", "/console/parameters/daily",
    "/console/parameters/drafts/shop:limits",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    assert [
        each
        for width in (1440, 360)
        for each in looked_over(living.tab(process, "finn", width=width), living.url, PAGES, lang)
    ] == []
