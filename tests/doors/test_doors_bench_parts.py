"""The workbench beyond rules: bands, exemptions, cases, settings, new policies, and values of parameters to come."""

import re
import tomllib

import pytest
from workbench_world import APPROVE, APPROVED, AUDIT, FILES, Room, form_of, run_in

from jindi import __version__
from jindi.doors.console.charts import score_line
from jindi.doors.console.part_forms import ALL, BandForm, slips
from shop_world import PHONE, shop_files
from shop_world import POLICY as PAY

BENCH = "/console/workbench/pay"
DAILY = "/console/parameters/daily"
DRAFT = "/console/parameters/drafts/shop:limits"


async def approved(guest, address):
    page = await guest.see(address)
    digest = re.search(r'name="digest" value="(\w+)"', page)[1]
    return await guest.send(address.partition("?")[0] + "/approve", digest=digest, why="seen")


def text_of(room, owner="name ann", policy="pay"):
    return room.bench.sheet(owner, policy).text


# ---- bands


@pytest.mark.parametrize("settings", [FILES, APPROVED], ids=["files", "approved"])
def test_a_band_is_added_by_the_form_and_decides_when_another_person_has_approved_it(settings):
    async def go(room):
        await room.past(40)
        ann, bob, eve = room.guest("ann"), room.guest("bob", APPROVE), room.guest("eve", AUDIT)
        assert await room.outcome(1, "1500.00") == "challenge"
        page = await ann.send(f"{BENCH}/bands", 200, version="0", do="add")
        fields = form_of(page)
        assert fields["band.0.then"] == "review"
        fields |= {"band.0.from": "20", "band.0.then": "review"}
        assert await ann.send(f"{BENCH}/bands", **fields, do="save") == f"{BENCH}/bands?done=saved"
        page = await ann.see(f"{BENCH}/bands?done=saved")
        assert "≥ 20" in page
        assert "≤ 19" in page
        assert re.search(r"The newest \d+ events", page), "the share of recent decisions stands beside each band"
        assert text_of(room).replace('[[band]]\nfrom = 20\nthen = "review"\n', "").split() == PAY.split()
        trial = await ann.send(f"{BENCH}/backtest", days="1", label="")
        await room.trials.ended()
        assert re.search(r'href="/console/decisions/dec_', await ann.see(trial))
        proposal = await ann.send(f"{BENCH}/propose", version="1", why="look at the large ones")
        page = await bob.see(proposal)
        assert "band" in page
        assert trial in page
        await approved(bob, proposal)
        assert await room.outcome(2, "1500.00") == "review"
        if settings is FILES:
            assert "from = 20" in room.folder["shop/policies/pay.toml"]
        audit = await eve.see("/console/audit")
        assert all(words in audit for words in ("Save a draft", "Run a backtest", "Propose", "Approve"))

    run_in(Room(settings), go)


def test_rows_of_bands_move_and_are_put_in_order_and_nothing_is_kept_before_they_are_saved():
    async def go(room):
        ann = room.guest("ann")
        rows = {"band.0.from": "90", "band.0.then": "review", "band.1.from": "20", "band.1.then": "challenge",
                "band.1.method": "otp"}  # fmt: skip
        page = await ann.send(f"{BENCH}/bands", 200, **rows, do="check")
        assert "begins at 20 and stands behind row 1, which begins at 90" in page
        assert form_of(await ann.send(f"{BENCH}/bands", 200, **rows, do="sort"))["band.0.from"] == "20"
        assert form_of(await ann.send(f"{BENCH}/bands", 200, **rows, do="up.1"))["band.0.from"] == "20"
        assert "band.1.from" not in form_of(await ann.send(f"{BENCH}/bands", 200, **rows, do="drop.0"))
        assert "No draft yet" in await ann.see(BENCH)

    run_in(Room(), go)


def test_what_is_wrong_with_bands_is_told_as_one_types_with_the_line_of_scores():
    async def go(room):
        ann = room.guest("ann", lang="zh")
        rows = {"band.0.from": "20", "band.0.then": "deny", "band.1.from": "20", "band.1.then": "challenge"}
        answer = await ann.http.post(f"{BENCH}/check-bands", data={"csrf": ann.csrf, **rows})
        panel = answer.json()["panel"]
        assert "与第 1 行重叠：都从 20 分开始" in panel
        assert "验证须写明方式" in panel
        assert "<svg" in panel
        older = await ann.http.post(f"{BENCH}/check-bands", data={"csrf": "f" * 64, **rows})
        assert (older.status_code, older.json()["csrf"]) == (403, ann.csrf)

    run_in(Room(), go)


def test_slips_name_their_row_and_hints_say_what_may_be_meant():
    def found(*forms, reach=(-10, 100)):
        return [(each.key, each.row) for each in slips([BandForm(*form) for form in forms], reach)]

    assert found(("50", "challenge", "otp"), ("90", "delay", "", "2h")) == []
    assert found(("x", "deny")) == [("score", 1)]
    assert found(("50", "deny"), ("90", "review")) == [("lighter", 2)]
    assert found(("50", "review", "otp", "2h")) == [("no_method", 1), ("no_wait", 1)]
    assert found(("50", "delay"), ("60", "delay", "", "soon")) == [("wait", 1), ("wait_text", 2)]
    assert found(("500", "deny")) == [("far", 1)]
    assert found(("-10", "deny")) == [("all", 1)]
    assert found(("", "review"), ("50", "deny")) == [], "an empty row is none"


def test_the_line_says_what_the_engine_would_and_counts_what_is_known():
    line = score_line([(50, "challenge"), (90, "review")], ALL, (0, 100), [0, 49, 50, 89, 90, 400])
    assert [(each.outcome, each.low, each.high, each.count) for each in line.segments] == [
        ("allow", None, 49, 2), ("challenge", 50, 89, 2), ("review", 90, None, 2),
    ]  # fmt: skip
    assert [wrong for _, _, wrong in score_line([(90, "review"), (50, "deny")], ALL, (0, 1)).marks] == [False, True]
    assert [each.outcome for each in score_line([], ALL, (0, 0)).segments] == ["allow"]


def test_two_tabs_can_not_overwrite_each_others_bands_and_an_older_session_loses_nothing():
    async def go(room):
        ann = room.guest("ann")
        row = {"band.0.from": "20", "band.0.then": "review"}
        await ann.send(f"{BENCH}/bands", **row, version="0", do="save")
        page = await ann.send(f"{BENCH}/bands", 409, **{**row, "band.0.from": "30"}, version="0", do="save")
        assert form_of(page)["band.0.from"] == "30"
        assert "saved in another tab as version 1" in page
        assert "The bands there" in page
        answer = await ann.http.post(f"{BENCH}/bands", data={**row, "csrf": "f" * 64, "do": "save"})
        assert answer.status_code == 403
        assert form_of(answer.text)["band.0.from"] == "20"

    run_in(Room(), go)


# ---- exemptions, cases, settings


def test_an_exemption_is_written_changed_moved_and_removed_like_a_rule():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(f"{BENCH}/new-exemption")
        fields |= {"id": "small", "zh": "小额。", "en": "Small.", "p.0.left": "amount", "p.0.op": "<", "p.0.right": "5",
                   "basis_zh": "店规 9", "lifts.challenge": "yes", "lifts.delay": "yes"}  # fmt: skip
        saved = await ann.send(f"{BENCH}/new-exemption", **fields, do="save")
        assert saved == f"{BENCH}/exemptions/small?done=saved"
        raw = tomllib.loads(text_of(room))["exemption"][1]
        assert (raw["when"], sorted(raw["lifts"])) == ("amount < cny('5')", ["challenge", "delay"])
        page = await ann.see(BENCH)
        assert "the cases of this policy hold" in page
        moved = await ann.send(f"{BENCH}/exemptions/small/move", version="1", to="up")
        assert moved == f"{BENCH}/exemptions/small?done=moved"
        assert [each["id"] for each in tomllib.loads(text_of(room))["exemption"]] == ["small", "just-passed"]
        await ann.send(f"{BENCH}/exemptions/just-passed/remove", version="2")
        assert "removed" in await ann.see(BENCH)
        await ann.send(f"{BENCH}/exemptions/just-passed/restore", version="3")
        assert len(tomllib.loads(text_of(room))["exemption"]) == 2
        taken = {**fields, "id": "large"}
        assert "Another rule has the id large" in await ann.send(f"{BENCH}/new-exemption", 422, **taken, do="save")
        assert "no exemption" in await ann.see(f"{BENCH}/exemptions/nobody", 404)

    run_in(Room(), go)


def test_cases_of_the_whole_policy_are_run_with_the_rules_that_they_hit_and_a_wrong_one_says_why():
    async def go(room):
        ann = room.guest("ann")
        fields = {"case.0.name": "large", "case.0.given": 'amount = "1500.00"', "case.0.outcome": "challenge",
                  "case.1.name": "huge", "case.1.given": 'amount = "10000.00"', "case.1.outcome": "allow"}  # fmt: skip
        page = await ann.send(f"{BENCH}/cases", 200, **fields, do="check")
        assert page.count("✓ as expected") == 1
        assert "expected allow but got review" in page
        assert "<code>huge</code>" in page
        page = await ann.send(f"{BENCH}/cases", 422, **{**fields, "case.0.given": "amount = "}, do="save")
        assert "Case 1" in page
        await ann.send(f"{BENCH}/cases", **{**fields, "case.1.outcome": "review"}, version="0", do="save")
        page = await ann.see(f"{BENCH}/cases")
        assert page.count("✓ as expected") == 2
        fields = form_of(page)
        fields = form_of(await ann.send(f"{BENCH}/cases", 200, **fields, do="up.1"))
        await ann.send(f"{BENCH}/cases", **fields, do="save")
        assert [each["name"] for each in tomllib.loads(text_of(room))["case"]] == ["huge", "large"]

    run_in(Room(), go)


def test_settings_change_the_words_and_the_stage_and_what_may_not_be_is_told():
    async def go(room):
        ann = room.guest("ann")
        fields = form_of(await ann.see(f"{BENCH}/settings"))
        assert fields["deadline"] == "200ms"
        page = await ann.send(f"{BENCH}/settings", 200, **{**fields, "split_by": "colour"}, do="check")
        assert "has no field and no entity" in page
        changed = {**fields, "en": "All payments.", "state": "shadow", "keeps": "pays_1d"}
        await ann.send(f"{BENCH}/settings", **changed, do="save")
        raw = tomllib.loads(text_of(room))
        assert (raw["doc"]["en"], raw["state"], raw["keeps"]) == ("All payments.", "shadow", ["pays_1d"])
        assert raw["rule"] == tomllib.loads(PAY)["rule"]
        await ann.send(f"{BENCH}/settings", **{**fields, "version": "1"}, do="save")
        assert text_of(room) == room.bench.sheet("name ann", "pay").live, "and back again, character by character"

    run_in(Room(), go)


def test_somebodys_number_is_kept_in_no_part_of_a_policy():
    async def go(room):
        ann = room.guest("ann")
        case = {"case.0.name": f"of {PHONE}", "case.0.given": "", "case.0.outcome": "allow"}
        for page, fields in (
            ("cases", case),
            ("settings", {"zh": f"问 {PHONE}", "en": "x", "state": "live"}),
        ):
            assert "number is in it" in await ann.send(f"{BENCH}/{page}", 422, **fields, version="0", do="save")
        assert "No draft yet" in await ann.see(BENCH)

    run_in(Room(), go)


def test_who_may_only_read_sees_everything_and_saves_nothing():
    async def go(room):
        tom = room.guest("tom", AUDIT)
        for page in ("", "/rules/large", "/bands", "/cases", "/settings"):
            assert f"Jindi {__version__}" in await tom.see(BENCH + page), "the foot says which Jindi this is"
        for page in ("bands", "cases", "settings"):
            assert "You may look, but not edit" in await tom.see(f"{BENCH}/{page}")
            await tom.send(f"{BENCH}/{page}", 403, do="save")
        await tom.send("/console/new-policy", 403, on="reading", policy="x", zh="x", en="x")
        assert 'id="value"' not in await tom.see(DAILY)
        await tom.send(DAILY, 403, since="2027-01-01")

    run_in(Room(), go)


# ---- a new policy


def test_a_new_policy_begins_as_a_draft_that_loads_gets_a_rule_and_decides_when_it_is_approved():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", APPROVE)
        page = await ann.see("/console/new-policy")
        assert 'value="challenge_result"' not in page, "events of a decision's life have no policies"
        new = {"on": "reading", "policy": "read-it", "zh": "读数策略。", "en": "The policy of readings."}
        assert await ann.send("/console/new-policy", **new) == "/console/workbench/read-it?done=begun"
        page = await room.guest("ann", lang="zh").see("/console/workbench/read-it/cases")
        assert "<b>夜间同样全部通过</b>" in page, "its first cases have Chinese names in every pack"
        bench = "/console/workbench/read-it"
        page = await ann.see(bench)
        assert "the cases of this policy hold" in page
        assert "at-night" in page
        assert room.bench.sheet("name ann", "read-it").path == "shop/policies/read_it.toml"
        fields = await ann.fields(f"{bench}/rules/at-night")
        fields |= {"id": "high", "p.0.left": "whole", "p.0.op": ">", "p.0.right": "900", "then": "review", "score": "",
                   "case.0.given": "whole = 901", "case.1.given": "whole = 900"}  # fmt: skip
        fields |= {"case.0.at": "", "case.1.at": ""}
        await ann.send(f"{bench}/rules/at-night", **fields, do="save")
        assert "the cases of this policy hold" in await ann.see(bench)
        proposal = await ann.send(f"{bench}/propose", version="2", why="readings count")
        assert "added" in (await bob.see(proposal)).lower() or "new" in (await bob.see(proposal)).lower()
        await approved(bob, proposal)
        sent = {"id": "r1", "type": "reading", "at": "2026-11-22T04:00:00Z", "whole": 950}
        assert (await room.shop.send(sent))["outcome"] == "review"
        assert "whole > 900" in room.folder["shop/policies/read_it.toml"]

    run_in(Room(FILES), go)


def test_a_policy_beside_a_live_one_begins_as_a_shadow_and_names_that_are_none_are_refused():
    async def go(room):
        ann = room.guest("ann")
        new = {"on": "pay", "policy": "pay-next", "zh": "下一版。", "en": "The next one."}
        await ann.send("/console/new-policy", **new)
        assert tomllib.loads(text_of(room, policy="pay-next"))["state"] == "shadow"
        for other, why in (
            ({"policy": "pay"}, "There is a policy"), ({"policy": "pay-next"}, "There is a policy"),
            ({"policy": "Näme"}, "is no id for a policy"), ({"policy": "x", "on": "release"}, "no event type"),
            ({"policy": "x", "en": ""}, "one sentence in each language"),
        ):  # fmt: skip
            page = await ann.send("/console/new-policy", 422, **{**new, **other})
            assert why in page
        await ann.send("/console/workbench/pay-next/discard", version="1")
        assert room.bench.sheet("name ann", "pay-next") is None

    run_in(Room(), go)


# ---- parameters


VALUE = {"since": "2027-01-01", "is": "900.00", "basis_zh": "店主 2", "basis_en": "the owner 2",
         "mark": "design default", "version": "0"}  # fmt: skip


@pytest.mark.parametrize("settings", [FILES, APPROVED], ids=["files", "approved"])
def test_a_limit_is_changed_from_a_future_day_tried_as_if_in_force_approved_and_rolled_back(settings):
    async def go(room):
        await room.past(40)
        ann, bob, eve = room.guest("ann"), room.guest("bob", APPROVE), room.guest("eve", AUDIT)
        page = await ann.see("/console/parameters")
        assert "20,000.00" in page
        assert await ann.send(DAILY, **VALUE) == f"{DAILY}?done=saved"
        page = await ann.see(DAILY)
        assert all(words in page for words in ("2020-01-01", "2027-01-01", "to come", "in force", "900.00"))
        # The policy's own case speaks of the limit of the day: it has its day from now on.
        page = await ann.see(DRAFT)
        assert "case &#39;no&#39; expected not to fire" in page
        rule = f"{BENCH}/rules/spent-enough"
        fields = await ann.fields(rule)
        pinned = {"case.0.at": "2026-11-22T12:00:00+08:00", "case.1.at": "2026-11-22T12:00:00+08:00"}
        await ann.send(rule, **{**fields, **pinned}, do="save")
        await ann.send(f"{DRAFT}/along", **{"along.pay": "yes"}, version="1")
        assert "the cases of all policies that read these parameters hold" in await ann.see(DRAFT)
        trial = await ann.send(f"{DRAFT}/backtest", policy="pay", days="1")
        await room.trials.ended()
        page = await ann.see(trial)
        assert "As if in force" in page
        assert re.search(r'href="/console/decisions/dec_', page), "with it, some would have been denied"
        proposal = await ann.send(f"{DRAFT}/propose", version="2", why="too much is lost")
        page = await bob.see(proposal)
        assert "CNY 900.00 since 2027-01-01" in page
        assert trial in page
        await approved(bob, proposal)
        assert "No draft yet" in await ann.see(BENCH), "what went along is no draft any more"
        limit = room.shop.platform.program.definitions.limits["daily"]
        assert [step.value for step in limit.steps] == [2_000_000, 90_000]
        assert await room.outcome(1, "950.00", user="u77") == "allow", "today the old one holds"
        if settings is FILES:
            assert 'is = "900.00"' in room.folder["shop/parameters/limits.toml"]
        audit = await eve.see("/console/audit")
        assert all(words in audit for words in ("Save a draft", "Run a backtest", "Propose", "Approve"))
        await bob.send("/console/rollback", why="not yet")
        assert len(room.shop.platform.program.definitions.limits["daily"].steps) == 1

    run_in(Room(settings), go)


def test_what_has_been_in_force_can_not_be_changed_and_the_page_says_why_and_what_to_do():
    async def go(room):
        ann = room.guest("ann")
        for since in ("2020-01-01", "2026-11-22", "2026-11-01"):
            page = await ann.send(DAILY, 422, **{**VALUE, "since": since})
            assert "decisions of days that have come were made with theirs" in page
            assert "from 2026-11-23 on" in page
        await ann.send(f"{DAILY}/remove", 422, since="2020-01-01", version="0")
        for other, why in (
            ({"is": "many"}, "is no amount"), ({"since": "soon"}, "is no day"), ({"mark": "sure"}, "how sure"),
            ({"basis_zh": "", "basis_en": ""}, "what the figure rests on"),
            ({"mark": "verified", "basis_zh": "x", "basis_en": ""}, "where it comes from"),
        ):  # fmt: skip
            page = await ann.send(DAILY, 422, **{**VALUE, **other})
            assert why in page
        assert room.bench.drafts.of("name ann", "shop:limits") is None

    run_in(Room(), go)


def test_a_value_to_come_is_changed_and_taken_out_and_a_tab_that_did_not_see_it_is_told():
    async def go(room):
        ann = room.guest("ann")
        await ann.send(DAILY, **VALUE)
        page = await ann.send(DAILY, 409, **{**VALUE, "is": "800.00"})
        assert 'value="800.00"' in page
        other = {"is": "800.00", "mark": "from memory", "version": "1", "basis_zh": "《办法》第二十四条"}
        await ann.send(DAILY, **{**VALUE, **other})
        raw = tomllib.loads(room.bench.drafts.of("name ann", "shop:limits").text)["daily"]["value"]
        assert [each["is"] for each in raw] == ["20000.00", "800.00"]
        assert raw[1]["mark"] == "from memory"
        assert 'value="800.00"' in await ann.see(f"{DAILY}?since=2027-01-01")
        await ann.send(f"{DAILY}/remove", since="2027-01-01", version="2")
        assert "removed" not in await ann.see(DRAFT)
        await ann.send(f"{DRAFT}/discard", version="3")
        assert room.bench.drafts.of("name ann", "shop:limits") is None

    run_in(Room(), go)


def test_a_regulated_figure_asks_for_its_source():
    async def go(room):
        ann = room.guest("ann")
        page = await ann.see(DAILY)
        assert "another one needs its source" in page
        page = await ann.send(DAILY, 422, **{**VALUE, "basis_zh": "", "basis_en": ""})
        assert "of regulation" in page

    files = shop_files()
    path = "shop/parameters/limits.toml"
    run_in(Room(files=files | {path: files[path].replace("design default", "verified")}), go)


def test_a_draft_of_values_is_taken_over_when_others_went_on():
    async def go(room):
        ann = room.guest("ann")
        await ann.send(DAILY, **VALUE)
        later = room.folder["shop/parameters/limits.toml"].replace(
            'basis = "the owner" } ]', 'basis = "the owner" }, { since = 2028-01-01, is = "1.00", basis = "x" } ]'
        )
        room.folder["shop/parameters/limits.toml"] = later
        room.folder["shop/policies/pay.toml"] = room.folder["shop/policies/pay.toml"].replace(
            'fires = true }, { name = "no", given = { spent_1d',
            'fires = true }, { name = "no", at = "2026-11-22T12:00:00+08:00", given = { spent_1d',
        )
        await room.shop.platform.take(room.folder)
        page = await ann.see(DRAFT)
        assert "has changed since this draft began" in page
        await ann.send(f"{DRAFT}/propose", 409, version="1", why="x")
        assert "both=daily" in await ann.send(f"{DRAFT}/take-over", version="1")
        values = tomllib.loads(room.bench.drafts.of("name ann", "shop:limits").text)["daily"]["value"]
        assert [each["is"] for each in values] == ["20000.00", "900.00"], "both changed it: the draft's stands"

    run_in(Room(FILES), go)
