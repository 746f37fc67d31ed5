"""The workbench in a real browser: the whole way with the builder, problems as one types, and a session that ends."""

import asyncio

import pytest
from console_browser import Living, Profile, Tab, chromium
from looking_over import looked_over
from workbench_world import APPROVE, AUDIT, FILES, WRITE, Room

from jindi.access import csrf_token

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

RULE = "/console/workbench/pay/rules/large"


class Bench(Living):
    """A shop with a past, whose saved files are in force, as in the demo."""

    def made(self):
        return Room(FILES)

    async def fill(self):
        await self.world.past()
        self.loop = asyncio.get_running_loop()

    def decided(self, number, amount):
        return asyncio.run_coroutine_threadsafe(self.world.outcome(number, amount), self.loop).result(30)

    def tab(self, process, who="ann", *scopes, lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        tab.session_id = self.world.session(who, *(scopes or (WRITE,)))
        for name, value in (("session", tab.session_id), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Bench()
    yield alive
    alive.close()


def put(tab, name, text):
    """Type into a field as a person does: focus, empty it, text."""
    tab.run(
        f"(() => {{ const field = document.querySelector('[name=\"{name}\"]'); field.focus(); field.select(); }})()"
    )
    tab.call("Input.insertText", text=text)


def click(tab, selector):
    tab.run(f"document.querySelector({selector!r}).click()")


def says(tab, *words):
    said = " && ".join(f"document.body.innerText.includes({word!r})" for word in words)
    assert tab.until(f"document.readyState === 'complete' && {said}"), (words, tab.run("document.body.innerText")[:900])


def here(tab):
    return tab.run("location.pathname")


def test_a_rule_is_changed_by_the_builder_and_decides_when_another_person_has_approved_it(process, living):
    ann = living.tab(process, "ann")
    assert living.decided(1, "950.00") == "allow"
    ann.open(living.url + RULE)
    put(ann, "p.0.right", "nine hundred")
    assert ann.until("!!document.querySelector('.row-told span')"), "a type error is shown while one types"
    assert "amount >= nine hundred" in ann.run("document.getElementById('written').textContent")
    put(ann, "p.0.right", "900")
    assert ann.until("!!document.querySelector('#problems .good')"), "and goes when it is mended"
    assert ann.run("document.getElementById('written').textContent") == "amount >= cny('900') and amount < cny('5000')"
    click(ann, "#condition [data-add]")
    put(ann, "p.2.left", "channel")
    put(ann, "p.2.right", "app")
    ann.run(
        "(() => { const op = document.querySelector('[name=\"p.2.op\"]'); op.value = '=='; "
        "op.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    assert ann.until("document.getElementById('written').textContent.endsWith(\"channel == 'app'\")")
    put(ann, "case.0.given", 'amount = "1000.00"\nchannel = "app"')
    put(ann, "case.1.given", 'amount = "899.99"\nchannel = "app"')
    click(ann, "header [value=save]")
    says(ann, "Saved in the draft", "as expected", "amount = CNY 899.99")
    assert ann.run("document.querySelectorAll('.runs .badge.good').length") == 2
    ann.open(living.url + "/console/workbench/pay")
    says(ann, "changed", "the cases of this policy hold")
    click(ann, "#try button")
    says(ann, "As decided (rows) by the draft (columns)")
    trial = here(ann)
    assert ann.run("document.querySelectorAll('#changes tbody tr').length") == 5
    ann.open(living.url + "/console/workbench/pay")
    put(ann, "why", "fewer slip through")
    click(ann, "#propose button")
    says(ann, "Proposed; another person approves it", "This is your own proposal")
    proposal = here(ann)

    bob = living.tab(process, "bob", APPROVE)
    bob.open(living.url + proposal)
    says(bob, "900", "Backtests of exactly this content")
    click(bob, f"a[href='{trial}']")
    says(bob, "Decisions that would change")
    bob.open(living.url + proposal)
    click(bob, "form[action$=approve] button")
    says(bob, "Approved, and in force")
    assert living.decided(2, "950.00") == "challenge"

    eve = living.tab(process, "eve", AUDIT)
    eve.open(living.url + "/console/audit")
    says(eve, "Save a draft", "Run a backtest", "Propose", "Approve", "ann", "bob")
    for tab in (ann, bob, eve):
        assert tab.complaints() == []


def test_what_an_input_method_composes_is_not_checked_in_the_middle(process, living):
    tab = living.tab(process, "dora")
    tab.open(living.url + RULE)
    tab.run("""
      const field = document.querySelector('[name="p.0.left"]');
      field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      field.value = "jine";
      field.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
    """)
    tab.browser.wait(0.8)
    assert tab.run("document.querySelectorAll('.row-told span').length") == 0
    tab.run("""
      field.value = "金额";
      field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    """)
    assert tab.until("!!document.querySelector('.row-told span')")


def test_a_session_that_ends_while_one_writes_loses_nothing_and_the_page_goes_on_with_the_next(process, living):
    tab = living.tab(process, "cleo")
    tab.open(living.url + RULE)
    put(tab, "en", "Large, and written for a long while")
    living.world.sessions.close(tab.session_id)
    click(tab, "header [value=save]")
    assert tab.until("!document.getElementById('ended').hidden")
    assert here(tab) == RULE
    assert tab.run("document.querySelector('[name=en]').value") == "Large, and written for a long while"
    again = living.world.session("cleo", WRITE)
    tab.cookie(living.url, "jindi_session", again)
    click(tab, "header [value=save]")
    says(tab, "Saved in the draft")
    assert tab.run("document.querySelector('[name=en]').value") == "Large, and written for a long while"
    assert tab.run("document.querySelector('#rule [name=csrf]').value") == csrf_token(again)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    trial = f"/console/backtests/{living.world.trials.of_policy('pay')[0].id}"
    pages = ["/console/workbench", "/console/workbench/pay", "/console/workbench/pay/remove", RULE,
             "/console/workbench/pay/new", trial, "/console/policies", "/console/policies/pay",
             "/console/workbench/pay/rules/blocked"]  # fmt: skip
    assert [
        each
        for width in (1440, 390)
        for each in looked_over(living.tab(process, "finn", width=width), living.url, pages, lang)
    ] == []
