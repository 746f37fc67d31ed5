"""A risk lead changes a limit of authentication from a day to come, as the page says: by console, by HTTP, by hand."""

import json
import re
from datetime import date

import pytest
from test_doors_drafts_api import at_the_door
from workbench_world import APPROVE, APPROVED, Room, run_in

from jindi.basics.instants import format_instant, parse_instant
from jindi.run.platform import compiled
from law_world import ROOT, files_of, told
from shop_world import Clock, Shop

PAGE = (ROOT / "docs/payment-law.md").read_text("utf-8")
PATH, NAME, POLICY = "payment/parameters/regulated.toml", "balance_day_max_two_factors", "payment"
NOVEMBER_US = parse_instant("2026-11-28T10:00:00+08:00")


def payments():
    """The two payments of the page, a second apart, and what the page says of them."""
    shown = [json.loads(line) for line in re.search(r"```json\n(.*?)\n```", PAGE, re.DOTALL)[1].splitlines()]
    lines = re.findall(r"^\| (p\d.*) \|$", PAGE, re.MULTILINE)
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [row[0] for row in rows] == [each["id"] for each in shown] == ["p1", "p2"]
    return shown, [(outcome, why.split()) for _, outcome, why in rows]


def changed():
    """The file with the line that the page adds."""
    (line,) = re.findall(r"^  (\{ since = 2027-01-01.*\}),$", PAGE, re.MULTILINE)
    text = files_of("packs")[PATH]
    i = text.index(f"[{NAME}]")
    j = text.index("}]\n", i) + 1
    return text[:j] + f", {line}" + text[j:]


def mainland_shop():
    return Shop(files_of("packs"), clock=Clock(NOVEMBER_US), settings=APPROVED)


def limit_of(platform):
    return platform.program.definitions.limits[NAME]


async def decided(shop):
    """What the platform answers to the page's payments, each at its time."""
    shown, _ = payments()
    answers = []
    for event in shown:
        shop.clock.at_us = parse_instant(event["at"])
        answer = await shop.send(event)
        answers.append((answer["outcome"], [reason["rule"] for reason in answer["reasons"]], answer["decision_id"]))
    return answers


def as_shown(answers):
    _, said = payments()
    assert [(outcome, why) for outcome, why, _ in answers] == said
    return True


# ---- by hand


def test_a_file_of_events_is_decided_before_and_after_the_day_as_the_page_says():
    shown, said = payments()
    events = [{name: value for name, value in event.items() if name != "id"} for event in shown]
    assert told(events, compiled(files_of("packs") | {PATH: changed()})) == said
    assert [outcome for outcome, _ in told(events)] == ["allow", "allow"], "without the line both go through"


def test_no_case_of_any_pack_speaks_of_a_figure_to_come():
    """A risk lead needs no author of policies: all regulated amounts are halved from next year on, no case breaks."""

    def halved(found):
        head, value, basis = found.groups()
        return f'{head}"{value}"{basis}, {{ since = 2027-01-01, is = "{float(value) / 2:.2f}", basis = "ours" }}]'

    amount = re.compile(r'(value = \[\{ since = \S+ is = )"([\d.]+)"(.*)\]$', re.MULTILINE)
    text, count = amount.subn(halved, files_of("packs")[PATH])
    assert count > 10
    limits = compiled(files_of("packs") | {PATH: text}).definitions.limits
    assert [step.value for step in limits[NAME].steps] == [500_000, 250_000]


# ---- in the console


def test_the_console_changes_the_limit_with_four_eyes_and_decides_by_it_from_its_day():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", APPROVE)
        past = await room.shop.send(payments()[0][0] | {"id": "p0", "at": format_instant(NOVEMBER_US), "user": "cid"})
        assert past["outcome"] == "allow"
        address, draft = f"/console/parameters/{NAME}", "/console/parameters/drafts/payment:regulated"
        page = await ann.see(address)
        assert all(words in page for words in ("A value to come", "Save in the draft", "5,000.00"))
        value = {"since": "2027-01-01", "is": "3000.00", "mark": "design default", "version": "0"}
        basis = {"basis_zh": "自定：风险委员会第 7 次会议", "basis_en": "Ours: risk committee, 7th meeting of 2026"}
        assert await ann.send(address, **value, **basis) == f"{address}?done=saved"
        assert "Open the draft" in await ann.see(address)
        page = await ann.see(draft)
        assert "the cases of all policies that read these parameters hold" in page
        assert "Ask for approval" in page
        trial = await ann.send(f"{draft}/backtest", policy=POLICY, days="1")
        await room.trials.ended()
        page = await ann.see(trial)
        assert "As if in force" in page
        assert f"/console/decisions/{past['decision_id']}" in page, "it would have been denied"
        proposal = await ann.send(f"{draft}/propose", version="1", why="losses at two factors")
        digest = re.search(r'name="digest" value="(\w+)"', await bob.see(proposal))[1]
        where = proposal.partition("?")[0] + "/approve"
        await ann.send(where, 403, digest=digest, why="mine")
        both = room.guest("ann", APPROVE)
        page = await both.send(where, 409, digest=digest, why="mine")
        assert len(limit_of(room.shop.platform).steps) == 1, "nobody approves his own"
        await bob.send(where, digest=digest, why="seen")
        assert [step.value for step in limit_of(room.shop.platform).steps] == [500_000, 300_000]
        page = await ann.see(address)
        assert all(words in page for words in ("in force", "to come", "3,000.00", "5,000.00"))
        answers = await decided(room.shop)
        assert as_shown(answers)
        platform = room.shop.platform
        said = [platform.explanation(platform.find(identifier)).limits for *_, identifier in answers]
        steps = [next(each.since for each in limits if each.name == NAME) for limits in said]
        assert steps == [date(2016, 7, 1), date(2027, 1, 1)], "what was decided before keeps its figure"

    run_in(Room(shop=mainland_shop()), go)


# ---- by HTTP, and by the commands, which ask the same


async def drafted(door):
    address = "/v1/drafts/payment:regulated"
    read = await door.ask("GET", address)
    assert (read["version"], read["text"]) == (0, files_of("packs")[PATH])
    await door.ask("POST", address, {"text": changed(), "version": 0})
    assert (await door.ask("POST", f"{address}/check", {}))["problems"] == []
    return await door.ask("POST", f"{address}/propose", {"why": "losses", "version": 1}, 201)


async def edited(door):
    """As `jindi policies propose --candidate my-packs/payment` asks."""
    files = {path: text for path, text in files_of("packs").items() if path.startswith("payment/")}
    return await door.ask("POST", "/v1/proposals", {"files": files | {PATH: changed()}, "why": "losses"}, 201)


@pytest.mark.parametrize("road", [drafted, edited])
def test_a_program_changes_the_limit_with_two_keys(road):
    async def go(door):
        proposal = await road(door)
        assert proposal["files"] == [PATH]
        approve = f"/v1/proposals/{proposal['id']}/approve"
        await door.ask("POST", approve, {"why": "mine"}, 403, "ann")
        assert len(limit_of(door.shop.platform).steps) == 1
        await door.ask("POST", approve, {"digest": proposal["digest"], "why": "seen"}, who="bob")
        assert [step.value for step in limit_of(door.shop.platform).steps] == [500_000, 300_000]
        assert as_shown(await decided(door.shop))

    at_the_door(go, mainland_shop())
