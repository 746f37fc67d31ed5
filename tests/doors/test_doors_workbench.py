"""The workbench: a rule is written, checked, tried, proposed and approved by plain forms, and nothing typed is lost."""

import re

import pytest
from workbench_world import APPROVE, APPROVED, AUDIT, FILES, READ, WRITE, Room, form_of, run_in

from jindi.basics.problems import Problem, Problems
from jindi.doors.console.words.problems import in_chinese, parted, place_of
from jindi.language import ExpressionProblems, Kind, Scope, Type, read
from jindi.run.trail import Wanted
from shop_world import PHONE, Shop, shop_files
from versions_world import LOWER

RULE = "/console/workbench/pay/rules/large"
NASTY = "<b onmouseover=alert(1)>王\u202e"


async def lowered(guest, **more):
    """The limit of the rule is lowered in the draft, with the case that proves it."""
    fields = await guest.fields(RULE)
    fields |= {"p.0.right": "900", "case.1.given": 'amount = "899.99"', **more}
    return await guest.send(RULE, **fields, do="save")


async def approved(guest, address):
    page = await guest.see(address)
    digest = re.search(r'name="digest" value="(\w+)"', page)[1]
    return await guest.send(address.partition("?")[0] + "/approve", digest=digest, why="seen")


# ---- the whole way


@pytest.mark.parametrize("settings", [FILES, APPROVED], ids=["files", "approved"])
def test_a_rule_is_changed_by_the_builder_tried_and_approved_by_another_and_all_of_it_is_in_the_audit(settings):
    async def go(room):
        await room.past()
        ann, bob, eve = room.guest("ann"), room.guest("bob", APPROVE), room.guest("eve", AUDIT)
        assert await room.outcome(1) == "allow"
        assert await lowered(ann) == f"{RULE}?done=saved"
        page = await ann.see(f"{RULE}?done=saved")
        assert page.count("as expected") == 2
        assert "amount = CNY 899.99" in page
        assert "types ok" in page
        trial = await ann.send("/console/workbench/pay/backtest", days="1", label="")
        await room.trials.ended()
        page = await ann.see(trial)
        assert "judged by" in page or "replayed" in page
        assert len(re.findall(r'href="/console/decisions/dec_', page)) == 5
        proposal = await ann.send("/console/workbench/pay/propose", version="1", why="fewer slip through")
        page = await bob.see(proposal)
        assert trial in page, "an approver sees the same backtest"
        assert "this is your own proposal" not in page.lower()
        await approved(bob, proposal)
        assert await room.outcome(2) == "challenge"
        assert await ann.see("/console/workbench/pay/rules/large")
        assert "No draft yet" in await ann.see("/console/workbench/pay"), "what was proposed is no draft any more"
        audit = await eve.see("/console/audit")
        for words in ("Save a draft", "Run a backtest", "Propose", "Approve"):
            assert words in audit, words

    run_in(Room(settings), go)


def test_in_files_mode_an_author_can_not_approve_his_own_and_what_is_approved_lies_in_the_folder():
    async def go(room):
        ann, bob = room.guest("ann", WRITE, APPROVE), room.guest("bob", APPROVE)
        await lowered(ann)
        proposal = await ann.send("/console/workbench/pay/propose", version="1", why="lower")
        assert "another person approves it" in await ann.see(proposal)
        await approved(bob, proposal)
        assert "cny('900')" in room.folder["shop/policies/pay.toml"]
        async with room.again() as later:
            assert await later.outcome(7) == "challenge"

    run_in(Room(FILES), go)


def test_a_folder_that_can_not_be_written_is_told_to_the_approver_and_nothing_changes():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", APPROVE)
        await lowered(ann)
        proposal = await ann.send("/console/workbench/pay/propose", version="1", why="lower")
        room.broken_folder = Problems([Problem("packs", "", "could not be written: read-only", "mount it otherwise")])
        digest = re.search(r'name="digest" value="(\w+)"', await bob.see(proposal))[1]
        page = await bob.send(proposal.partition("?")[0] + "/approve", 422, digest=digest)
        assert "could not be written: read-only" in page
        assert await room.outcome(1) == "allow"

    run_in(Room(FILES), go)


def test_a_draft_is_put_beside_the_live_policy_and_watched():
    async def go(room):
        ann = room.guest("ann")
        await lowered(ann)
        version = await ann.send("/console/workbench/pay/shadow", why="look first")
        await room.outcome(1)
        page = await ann.see(version)
        assert "Decided otherwise" in page
        assert await room.outcome(2) == "allow"

    run_in(Room(), go)


def test_a_new_rule_is_written_by_rows_and_decides_when_it_is_approved():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", APPROVE)
        fields = await ann.fields("/console/workbench/pay/new")
        fields |= {
            "id": "web-evening", "zh": "网页晚间付款。", "en": "Paid on the web in the evening.", "then": "review",
            "join": "all", "p.0.left": "channel", "p.0.op": "==", "p.0.right": "web", "basis_zh": "店规 11",
            "p.1.join": "any", "p.1.0.left": "hour", "p.1.0.op": ">=", "p.1.0.right": "12",
            "p.1.1.left": "hour", "p.1.1.op": "<", "p.1.1.right": "2",
            "case.0.name": "on the web", "case.0.given": 'channel = "web"', "case.0.fires": "yes",
            "case.1.name": "in the app", "case.1.given": 'channel = "app"', "case.1.fires": "no",
        }  # fmt: skip
        assert await ann.send("/console/workbench/pay/new", **fields, do="save") == (
            "/console/workbench/pay/rules/web-evening?done=saved"
        )
        assert "channel == &#39;web&#39; and (hour &gt;= 12 or hour &lt; 2)" in await ann.see(
            "/console/workbench/pay/rules/web-evening"
        )
        proposal = await ann.send("/console/workbench/pay/propose", version="1", why="a new pattern")
        await approved(bob, proposal)
        assert await room.outcome(1, "10.00", channel="web") == "review"

    run_in(Room(), go)


# ---- rows and text


def test_rows_and_text_are_two_views_of_one_condition():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(RULE)
        as_code = form_of(await ann.send(RULE, 200, **fields, do="code"))
        assert as_code["when"] == "amount >= cny('1000') and amount < cny('5000')"
        as_code["when"] = "amount >= cny('1200') or (channel == 'web' and amount >= cny('700'))"
        page = await ann.send(RULE, 200, **as_code, do="builder")
        rows = form_of(page)
        assert (rows["join"], rows["p.0.right"], rows["p.1.join"], rows["p.1.0.right"]) == ("any", "1200", "all", "web")
        assert "not saved yet" in page

    run_in(Room(), go)


def test_a_condition_that_rows_can_not_say_is_edited_as_text_and_the_page_says_so():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(RULE)
        fields = form_of(await ann.send(RULE, 200, **fields, do="code"))
        fields["when"] = "not (channel == 'web' and amount > cny('5'))"
        await ann.send(RULE, **fields, do="save")
        page = await ann.see(RULE)
        assert "Rows can&#39;t say this condition" in page
        assert "disabled>Builder" in page
        assert form_of(page)["when"] == fields["when"]

    run_in(Room(), go)


def test_rows_groups_and_cases_come_and_go_without_a_script():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(RULE)
        for do, expected in (
            ("add", {"p.2.left": ""}), ("group", {"p.3.join": "any", "p.3.1.left": ""}), ("add.3", {"p.3.2.left": ""}),
            ("case", {"case.2.name": ""}),
        ):  # fmt: skip
            fields = form_of(await ann.send(RULE, 200, **fields, do=do))
            assert expected.items() <= fields.items(), do
        for do, gone in (("drop.3.2", "p.3.2.left"), ("drop.3", "p.3.join"), ("drop.2", "p.2.left"),
                         ("uncase.2", "case.2.name")):  # fmt: skip
            fields = form_of(await ann.send(RULE, 200, **fields, do=do))
            assert gone not in fields, do
        for nonsense in ("drop.99", "add.0.0.0", "uncase.x", "group.1", ""):
            assert form_of(await ann.send(RULE, 200, **fields, do=nonsense)) == fields

    run_in(Room(), go)


def test_a_rule_that_is_saved_as_it_was_leaves_the_file_as_it_was():
    async def go(room):
        ann = room.guest("ann")
        for name in ("large", "huge", "blocked", "spent-enough", "crowd"):
            address = f"/console/workbench/pay/rules/{name}"
            await ann.send(address, **(await ann.fields(address)), do="save")
        sheet = room.bench.sheet("name ann", "pay")
        assert sheet.text == sheet.live
        assert sheet.version == 5

    run_in(Room(), go)


# ---- problems as one types


def test_what_one_types_is_checked_with_its_place_its_problem_and_its_remedy_in_both_languages():
    async def go(room):
        for lang, problem, remedy in (
            ("en", "unknown name 'ammount'", "did you mean 'amount'?"),
            ("zh", "没有名为“ammount”的字段或特征", "是否想写“amount”？"),
        ):
            guest = room.guest("ann", WRITE, lang=lang)
            answer = await guest.http.post(
                "/console/workbench/pay/check", data={"csrf": guest.csrf, "mode": "code", "when": "ammount > cny('5')"}
            )
            said = answer.json()
            assert said["problems"] == [{"problem": problem, "remedy": remedy, "at": None, "lang": ""}]
            assert said["type"] == ""
        answer = await guest.http.post(
            "/console/workbench/pay/check",
            data={"csrf": guest.csrf, "mode": "builder", "p.0.left": "amount", "p.0.op": ">=", "p.0.right": "2000"},
        )
        assert answer.json() == {
            "text": "amount >= cny('2000')", "type": "bool", "said": "类型正确", "problems": [], "rows": {},
        }  # fmt: skip
        answer = await guest.http.post(
            "/console/workbench/pay/check", data={"csrf": guest.csrf, "mode": "code", "when": "amount && 5"}
        )
        assert answer.json()["problems"][0]["at"] == 8

    run_in(Room(), go)


def test_the_same_is_told_without_a_script():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(RULE)
        page = await ann.send(RULE, 200, **{**fields, "p.0.left": "ammount"}, do="check")
        assert "unknown name &#39;ammount&#39;" in page
        assert "did you mean &#39;amount&#39;?" in page
        assert 'value="ammount"' in page

    run_in(Room(), go)


def test_what_is_wrong_with_rows_is_told_at_each_of_them_all_at_once_with_and_without_a_script():
    async def go(room):
        ann = room.guest("ann")
        fields = await ann.fields(RULE)
        wrong = {
            "p.0.right": "much", "p.1.left": "chanel", "p.1.op": "==", "p.1.right": "app", "p.2.left": "channel",
            "p.2.op": "==", "p.2.right": "web", "p.3.join": "any", "p.3.0.left": "device_users", "p.3.0.op": ">",
            "p.3.0.right": "3", "p.3.1.left": "pays_1d", "p.3.1.op": "starts with", "p.3.1.right": "4",
        }  # fmt: skip
        page = await ann.send(RULE, 200, **{**fields, **wrong}, do="check")
        told = {name: text for name, text in re.findall(r'id="([p.0-9]+)\.told">(.*?)</p>', page) if text}
        assert set(told) == {"p.0", "p.1", "p.3.1"}
        assert "did you mean &#39;channel&#39;?" in told["p.1"]
        for name, field in [(name, field) for name in told for field in ("left", "right")]:
            tag = re.search(rf'<input[^>]*name="{re.escape(name)}\.{field}"[^>]*>', page)[0]
            assert f'aria-describedby="{name}.told"' in tag
            assert 'aria-invalid="true"' in tag
        assert "aria-invalid" not in re.search(r'<input[^>]*name="p\.2\.left"[^>]*>', page)[0]
        assert "Rows with problems: 3" in page
        typed = {**fields, **wrong, "csrf": ann.csrf}
        said = (await ann.http.post("/console/workbench/pay/check", data=typed)).json()
        assert set(said["rows"]) == set(told)
        assert said["problems"] == []
        assert said["rows"]["p.1"][0]["remedy"] == "did you mean 'channel'?"
        mended = {**fields, "csrf": ann.csrf}
        assert (await ann.http.post("/console/workbench/pay/check", data=mended)).json()["rows"] == {}

    run_in(Room(), go)


def test_checks_while_typing_fill_no_journal_but_what_is_saved_does():
    async def go(room):
        ann = room.guest("ann")
        await room.outcome(1)
        before = room.shop.platform.log.next_seq()
        for _ in range(5):
            await ann.http.post("/console/workbench/pay/check", data={"csrf": ann.csrf, "mode": "code", "when": "x"})
        assert room.shop.platform.log.next_seq() == before
        await lowered(ann)
        page = await room.audit.look(Wanted())
        assert [each.what for each in page.doings if each.what.startswith("draft.")] == ["draft.save"]

    run_in(Room(), go)


SENTENCES = (
    "ammount > 5", "amount >= 5000", "channel < 'b'", "phone == '1'", "amount && 5", "amount >", "", "amount = 5",
    "missing(amount", "amount in channel", "channel in []", "'a' == 'b'", "amount / 0", "limit('nope') > cny('5')",
    "amount in list('blocked')", "user in list('nope')", "amount >= cny('5,0')", "days('3')", "５ > 3", "not",
    "amount and channel", "hour ** 2", "1_ > 2", "at > at - 5", "user + 'x' == 'y'", "channel in [hour]",
)  # fmt: skip


@pytest.mark.parametrize("text", SENTENCES)
def test_what_the_language_says_of_a_slip_is_said_in_chinese(text):
    scope = Scope({"amount": Type(Kind.MONEY, "CNY"), "channel": Type(Kind.TEXT), "user": Type(Kind.TEXT),
                   "phone": Type(Kind.TOKEN, "phone")}, {}, {"blocked": Type(Kind.TEXT)})  # fmt: skip
    with pytest.raises(ExpressionProblems) as found:
        read(text, scope)
    for line in found.value.problems:
        problem, remedy = parted(line)
        chinese = in_chinese(problem)
        assert chinese is not None, problem
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert place_of(problem) is None or str(place_of(problem)) in chinese
        assert in_chinese(remedy) is not None, remedy


# ---- in the reader's language


CALLED = {"shop/case_words.toml": '"at the limit" = "恰在限额"\n'}


def test_what_is_wrong_and_what_cases_are_called_stand_in_the_language_of_the_page():
    async def go(room):
        ann, eng = room.guest("ann", lang="zh"), room.guest("ann")
        names = re.findall(r'name="case\.\d\.name" value="([^"]+)"', await ann.see(RULE))
        assert await lowered(ann, **{"case.0.given": 'amount = "1.00"'}) == f"{RULE}?done=saved"
        page, english = await ann.see(RULE), await eng.see(RULE)
        assert f"case &#39;{names[0]}&#39; expected to fire" in english
        assert f"用例“{names[0]}”预期触发，但" in page, "nobody has given this case a Chinese name"
        assert "expected to fire" not in page
        assert "请修正规则或用例" in page
        fields = await ann.fields(RULE)
        page = await ann.send(RULE, 200, **{**fields, "p.0.left": "ammount", "case.0.given": "amount = 5"}, do="check")
        assert "没有名为“ammount”的字段或特征" in page
        assert "`given`：amount 应为金额文本" in page

    run_in(Room(), go)


def test_a_case_is_shown_by_its_chinese_name_and_by_its_own_when_it_is_renamed():
    async def go(room):
        ann, eng = room.guest("ann", lang="zh"), room.guest("ann")
        assert "<b>恰在限额</b>" in await ann.see(RULE)
        assert "恰在限额</span></legend>" in await ann.see(RULE), "the form holds the name itself, the word beside it"
        assert "<b>at the limit</b>" in await eng.see(RULE)
        await lowered(ann, **{"case.0.name": "right at it"})
        page = await ann.see(RULE)
        assert "<b>right at it</b>" in page
        assert "恰在限额" not in page

    files = shop_files()
    name = re.search(r'name = "([^"]+)"', files["shop/policies/pay.toml"])[1]
    called = {path: text.replace(f'name = "{name}"', 'name = "at the limit"') for path, text in files.items()}
    run_in(Room(files={**called, **CALLED}), go)


def test_what_the_files_of_a_draft_lack_is_told_in_the_language_of_the_page():
    async def go(room):
        room.folder["shop/policies/pay.toml"] += '\n[[rule]]\nid = "night"\nwhen = "hour < 6"\n'
        page = await room.guest("ann", lang="zh").see("/console/drafts")
        assert "shop/policies/pay.toml：规则 night：缺少 `basis`（请写明它依据的法规、事件或判断）" in page
        assert "is missing" not in page
        assert "`basis` is missing" in await room.guest("ann").see("/console/drafts")

    run_in(Room(settings=FILES), go)


# ---- nothing that was typed is lost


def test_two_tabs_do_not_overwrite_each_other_in_silence():
    async def go(room):
        ann = room.guest("ann")
        first, second = await ann.fields(RULE), await ann.fields(RULE)
        await ann.send(RULE, **{**first, "score": "33"}, do="save")
        page = await ann.send(RULE, 409, **{**second, "score": "44"}, do="save")
        assert "saved in another tab as version 1" in page
        again = form_of(page)
        assert (again["score"], again["version"]) == ("44", "1")
        await ann.send(RULE, **again, do="save")
        assert room.bench.sheet("name ann", "pay").rule("large").now["score"] == 44
        page = await ann.send("/console/workbench/pay/discard", 409, version="1")
        assert "saved in another tab as version 2" in page

    run_in(Room(), go)


def test_a_form_whose_session_has_ended_keeps_its_text_and_goes_on_with_the_next_session():
    async def go(room):
        ann = room.guest("ann")
        ours = {"origin": "http://jindi.test", "sec-fetch-site": "same-origin"}
        fields = {**await ann.fields(RULE), "en": f"typed {NASTY}", "score": "51"}
        room.sessions.close(ann.http.cookies["jindi_session"])
        answer = await ann.http.post(RULE, data={"csrf": ann.csrf, **fields, "do": "save"}, headers=ours)
        assert answer.status_code == 401
        assert "nothing was done, nothing is lost" in answer.text
        assert "typed &lt;b onmouseover" in answer.text
        again = room.guest("ann")
        page = await again.send(RULE, 403, **{**fields, "csrf": ""}, again="1", do="save")
        assert "You have signed in again" in page
        back = form_of(page)
        assert back["score"] == "51"
        assert room.bench.sheet("name ann", "pay").draft is None, "to come back is not to save"
        await again.send(RULE, **back, do="save")
        assert room.bench.sheet("name ann", "pay").rule("large").now["score"] == 51

    run_in(Room(), go)


def test_a_page_of_the_session_before_is_told_the_new_token_and_only_by_our_own_pages():
    async def go(room):
        ann = room.guest("ann")
        answer = await ann.http.post("/console/workbench/pay/check", data={"csrf": "of another session", "when": "x"})
        assert answer.status_code == 403
        assert answer.json()["csrf"] == ann.csrf
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = await ann.http.post("/console/workbench/pay/check", data={"csrf": "x"}, headers=headers)
            assert answer.status_code == 403
            assert ann.csrf not in answer.text.partition("<main")[2]
        room.sessions.close(ann.http.cookies["jindi_session"])
        ours = {"origin": "http://jindi.test", "sec-fetch-site": "same-origin"}
        answer = await ann.http.post("/console/workbench/pay/check", data={"csrf": ann.csrf, "when": "x"}, headers=ours)
        assert answer.status_code == 401

    run_in(Room(), go)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"en": f"call {PHONE}"}, "Somebody&#39;s number"),
        ({"id": "huge"}, "Another rule has the id huge"),
        ({"case.0.given": "amount = = 5"}, "Case 1"),
    ],
)
def test_what_is_refused_is_not_kept_and_comes_back_with_its_text(change, words):
    async def go(room):
        ann = room.guest("ann")
        fields = {**await ann.fields(RULE), "score": "77", **change}
        page = await ann.send(RULE, 422, **fields, do="save")
        assert words in page
        assert form_of(page) == fields
        assert room.bench.sheet("name ann", "pay").draft is None

    run_in(Room(), go)


def test_a_draft_with_problems_is_kept_and_can_be_neither_tried_nor_proposed():
    async def go(room):
        ann = room.guest("ann")
        fields = {**await ann.fields(RULE), "p.0.left": "ammount", "score": "many"}
        await ann.send(RULE, **fields, do="save")
        page = await ann.see("/console/workbench/pay")
        assert "2 problems" in page
        assert "can&#39;t be proposed" in page
        assert 'action="/console/workbench/pay/propose"' not in page
        assert "unknown name" in await ann.send("/console/workbench/pay/propose", 422, version="1", why="x")
        assert "unknown name" in await ann.send("/console/workbench/pay/backtest", 422, days="1")
        assert form_of(await ann.see(RULE))["score"] == "many"

    run_in(Room(), go)


# ---- others, and what is not there


def test_a_draft_is_its_authors_alone():
    async def go(room):
        ann, cleo = room.guest("ann"), room.guest("cleo")
        await lowered(ann)
        assert form_of(await cleo.see(RULE))["p.0.right"] == "1000"
        assert "No draft yet" in await cleo.see("/console/workbench/pay")
        assert "My drafts" in await ann.see("/console/workbench")
        assert "You have no draft yet" in await cleo.see("/console/workbench")

    run_in(Room(), go)


def test_what_others_put_in_force_must_be_taken_over_before_a_draft_is_proposed():
    async def go(room):
        ann, bob = room.guest("ann"), room.guest("bob", WRITE, APPROVE)
        await lowered(ann, score="21")
        fields = await bob.fields("/console/workbench/pay/rules/huge")
        await bob.send("/console/workbench/pay/rules/huge", **{**fields, "score": "66"}, do="save")
        proposal = await bob.send("/console/workbench/pay/propose", version="1", why="mine first")
        await approved(room.guest("dora", APPROVE), proposal)
        assert "has changed since" in await ann.see("/console/workbench/pay")
        page = await ann.send("/console/workbench/pay/propose", 409, version="1", why="x")
        assert "take that over first" in page
        assert 'value="x"' in page or "take-over" in page
        await ann.send("/console/workbench/pay/take-over", version="1")
        await ann.send("/console/workbench/pay/propose", version="2", why="now mine")
        assert {line.id for line in room.bench.sheet("name bob", "pay").rules()} >= {"large", "huge"}

    run_in(Room(), go)


async def overtaken(room, rule):
    """Ann proposes another score of `large`; bob's change of a rule of the same policy comes in force first."""
    ann, bob = room.guest("ann"), room.guest("bob", WRITE, APPROVE)
    await lowered(ann, score="21")
    mine = await ann.send("/console/workbench/pay/propose", version="1", why="fewer slip through")
    address = f"/console/workbench/pay/rules/{rule}"
    await bob.send(address, **{**await bob.fields(address), "score": "66"}, do="save")
    proposal = await bob.send("/console/workbench/pay/propose", version="1", why="mine first")
    await approved(room.guest("dora", APPROVE), proposal)
    return ann, bob, mine.partition("?")[0]


@pytest.mark.parametrize("rule", ["huge", "large"])
def test_an_overtaken_proposal_is_its_author_s_draft_again_in_one_step_and_what_both_changed_is_listed(rule):
    async def go(room):
        ann, bob, mine = await overtaken(room, rule)
        assert "take-up" not in await bob.see(mine), "it is not his"
        await bob.send(f"{mine}/take-up", 409)
        assert f'action="{mine}/take-up"' in await ann.see(mine)
        page = await ann.see(await ann.send(f"{mine}/take-up"))
        assert ("pay:large" in page) == (rule == "large")
        sheet = room.bench.sheet("name ann", "pay")
        assert not sheet.is_behind
        assert sheet.changes() == ["large"]
        assert sheet.rule("large").now["score"] == 21
        assert "propose it or give it up first" in await ann.send(f"{mine}/take-up", 409)
        again = await ann.send("/console/workbench/pay/propose", version="1", why="again")
        await approved(room.guest("dora", APPROVE), again)
        scores = {line.id: line.live.get("score") for line in room.bench.sheet("name ann", "pay").rules() if line.live}
        assert (scores["large"], scores["huge"]) == (21, 66 if rule == "huge" else 60)

    run_in(Room(), go)


def test_an_open_proposal_can_not_be_taken_up():
    async def go(room):
        ann = room.guest("ann")
        await lowered(ann)
        mine = (await ann.send("/console/workbench/pay/propose", version="1", why="x")).partition("?")[0]
        assert "take-up" not in await ann.see(mine)
        await ann.send(f"{mine}/take-up", 409)
        await ann.send("/console/proposals/chg_00000000ffff/take-up", 404)

    run_in(Room(), go)


def test_an_address_can_not_make_a_page_of_the_workbench_say_what_its_writer_likes():
    async def go(room):
        ann = room.guest("ann")
        await lowered(ann)
        said = "both=large,call-555,pay:call-555,settings/call-555&left=call-555"
        page = await ann.see(f"/console/workbench/pay?done=taken_over&{said}")
        assert not re.search(r'>[^<]*call-555|call-555"', page.replace(said.replace("&", "&amp;"), ""))
        assert "/console/workbench/pay/rules/large" in page
        page = await ann.see(f"/console/workbench?done=taken_up&{said}")
        assert not re.search(r">[^<]*call-555", page)

    run_in(Room(), go)


def test_a_rule_is_removed_and_brought_back_and_a_draft_is_given_up():
    async def go(room):
        ann = room.guest("ann")
        await ann.send("/console/workbench/pay/rules/crowd/remove", version="0")
        page = await ann.see("/console/workbench/pay")
        assert "removed" in page
        await ann.send("/console/workbench/pay/rules/crowd/restore", version="1")
        assert "nothing to propose" in await ann.see("/console/workbench/pay")
        answer = await ann.http.get("/console/workbench/pay/file")
        assert answer.headers["content-disposition"] == 'attachment; filename="pay.toml"'
        await ann.send("/console/workbench/pay/discard", version="2")
        assert "No draft yet" in await ann.see("/console/workbench/pay")

    run_in(Room(), go)


def test_whoever_may_only_read_sees_the_rule_and_no_form_that_would_be_refused():
    async def go(room):
        reader = room.guest("eve", READ)
        page = await reader.see(RULE)
        assert "You may look, but not edit" in page
        assert 'value="save"' not in page
        await reader.send(RULE, 403, **form_of(page), do="save")
        assert "You may look, but not edit" in await reader.see("/console/workbench/pay")

    run_in(Room(), go)


def test_what_is_not_there_is_told_and_names_nothing_else():
    async def go(room):
        ann = room.guest("ann")
        for address in (
            "/console/workbench/nope", f"{RULE}-nope", "/console/workbench/nope/new",
            "/console/backtests/bt_000000000000", "/console/backtests/bt_000000000000/report", "/console/backtests/x",
            "/console/workbench/nope/file",
        ):  # fmt: skip
            await ann.see(address, 404)
        await ann.send("/console/backtests/bt_000000000000/stop", 404)
        await ann.send("/console/workbench/nope/propose", 404, why="x")

    run_in(Room(), go)


def test_a_running_backtest_shows_how_far_it_is_and_is_stopped_from_its_page():
    async def go(room):
        import time

        await room.past(8)
        ann = room.guest("ann")
        room.trials._judge = lambda *_: time.sleep(600)
        trial = await ann.send("/console/workbench/pay/backtest", days="7")
        page = await ann.see(trial)
        assert "under way" in page
        assert f'data-refresh="{trial}/panel"' in page
        assert "under way" in await ann.send("/console/workbench/pay/backtest", 409, days="1")
        assert 'id="panel-progress"' in await ann.see(f"{trial}/panel")
        await ann.send(f"{trial}/stop")
        assert "It was stopped" in await ann.see(trial)

    run_in(Room(), go)


def test_text_that_looks_like_markup_is_shown_as_text_everywhere():
    async def go(room):
        ann = room.guest(NASTY)
        await lowered(ann, en=NASTY, **{"case.0.name": NASTY, "basis_zh": NASTY})
        for address in (RULE, "/console/workbench/pay", "/console/workbench"):
            assert "<b onmouseover" not in await ann.see(address)

    run_in(Room(), go)


def test_a_policy_that_watches_staff_is_not_tried_on_what_staff_did():
    async def go(room):
        ann = room.guest("ann")
        page = await ann.see("/console/workbench/watch")
        assert "is not shown here" in page
        await ann.send("/console/workbench/watch/backtest", 422, days="1")
        assert room.trials.running is None

    watching = LOWER.replace('id = "pay"', 'id = "watch"').replace('state = "live"', 'state = "shadow"')
    files = {
        **shop_files(),
        "staff/pack.toml": shop_files()["shop/pack.toml"].replace('"shop"', '"staff"').replace(
            'needs = ["core"]', 'needs = ["core", "shop"]'
        ),
        "staff/policies/watch.toml": watching,
    }  # fmt: skip
    run_in(Room(shop=Shop(files, settings=APPROVED)), go)


def test_all_words_of_a_page_are_there_in_both_languages():
    async def go(room):
        await room.past(8)
        for lang, words in (("zh", "策略工作台"), ("en", "Policy workbench")):
            guest = room.guest("ann", WRITE, lang=lang)
            await lowered(guest)
            assert words in await guest.see("/console/workbench")
            for address in ("/console/workbench/pay", RULE, "/console/workbench/pay/new"):
                assert isinstance(await guest.see(address), str)
            await guest.send("/console/workbench/pay/discard", version="1")

    run_in(Room(), go)
