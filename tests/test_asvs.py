"""OWASP ASVS 5.0 at levels 1 and 2: every requirement is answered, every answer is held by a test or a page, and
docs/asvs.md says what docs/asvs.toml does.
"""

import tomllib
from collections import Counter

from pages import ROOT, held, is_heading, is_test, linked

SOURCE, PAGE = ROOT / "docs" / "asvs.toml", ROOT / "docs" / "asvs.md"
CHAPTERS = tomllib.loads(SOURCE.read_text("utf-8"))

LEVELS = {
    "V1": (8, 19), "V2": (4, 7), "V3": (8, 11), "V4": (2, 8), "V5": (4, 5), "V6": (13, 22), "V7": (6, 12), "V8":
    (4, 3), "V9": (4, 3), "V10": (5, 24), "V11": (3, 11), "V12": (3, 6), "V13": (1, 12), "V14": (2, 7), "V15": (3,
    10), "V16": (0, 16), "V17": (0, 7),
}  # fmt: skip
"""How many requirements of levels 1 and 2 each chapter of ASVS 5.0.0 has."""

STATES = {"met": ("met", "满足"), "unmet": ("not met", "未满足"), "absent": ("not applicable", "不适用")}

DOCUMENTED = {
    "2.1.1", "2.1.2", "2.1.3", "3.5.4", "6.1.1", "6.1.2", "6.1.3", "7.1.1", "7.1.2", "7.1.3", "8.1.1", "8.1.2",
    "11.1.1", "11.1.2", "12.2.2", "13.1.1", "14.1.2", "15.1.1", "15.1.3", "16.1.1",
}  # fmt: skip
"""What asks for a page, or for what only an operator can do: these alone may be met by a page."""

ALL = {number: each for title in CHAPTERS for number, each in CHAPTERS[title].items() if number != "title"}


def test_every_requirement_of_levels_1_and_2_is_answered_once():
    assert len(ALL) == 253
    assert list(CHAPTERS) == list(LEVELS)
    for name, chapter in CHAPTERS.items():
        count = Counter(each["level"] for number, each in chapter.items() if number != "title")
        assert (count[1], count[2]) == LEVELS[name], name
        assert set(count) <= {1, 2}
        assert all(number.split(".")[0] == name[1:] for number in chapter if number != "title")
    assert sum(low for low, _ in LEVELS.values()) == 70


def test_every_answer_has_a_state_and_what_it_needs():
    for number, each in ALL.items():
        assert set(each) <= {"level", "ask", "state", "how", "tests", "doc"}, number
        assert each["state"] in STATES, number
        assert each["ask"], number
        if each["state"] == "met":
            assert each.get("tests") or number in DOCUMENTED, number
            assert each.get("tests") or each.get("doc"), number
        else:
            assert each["how"], f"{number}: why?"


def test_every_test_and_heading_that_an_answer_names_is_there():
    wrong = [(number, name) for number, each in ALL.items() for name in each.get("tests", ()) if not is_test(name)]
    wrong += [(number, each["doc"]) for number, each in ALL.items() if "doc" in each and not is_heading(each["doc"])]
    assert wrong == []


def test_no_answer_names_a_test_twice():
    for number, each in ALL.items():
        assert len(set(each.get("tests", ()))) == len(each.get("tests", ())), number


def page():
    """The page as it stands in the documents."""
    lines = [
        "# OWASP ASVS 5.0, levels 1 and 2 · 应用安全验证标准对照",
        "",
        "Made from [asvs.toml](asvs.toml) by a test, which holds that every test and heading named here is there. What",
        "each requirement asks is said in our words; its own are in",
        "[OWASP ASVS 5.0.0](https://owasp.org/www-project-application-security-verification-standard/)",
        "(CC BY-SA 4.0; numbers and levels are theirs). It is our own judgement, not a certificate. *Not applicable*:",
        "what the requirement is about does not exist here.",
        "",
        "本页由 asvs.toml 生成，测试核对所列测试与章节均存在。要求系转述，编号与级别依原标准；自评，非认证。",
        "",
        "## Summary · 汇总",
        "",
        "| chapter 章 | level 级 1 | level 级 2 | met 满足 | not met 未满足 | not applicable 不适用 |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, chapter in CHAPTERS.items():
        every = [each for number, each in chapter.items() if number != "title"]
        lines.append(_counts(f"[{name} {chapter['title']}](#{_anchor(name, chapter)})", every))
    lines.append(_counts("**all 合计**", list(ALL.values())))
    unmet = [(number, each) for number, each in ALL.items() if each["state"] == "unmet"]
    if unmet:
        lines += ["", "## What is not met · 未满足", ""]
        lines += [f"- **{number}** {each['ask']}: {each['how']}." for number, each in unmet]
    for name, chapter in CHAPTERS.items():
        lines += [
            "", f"## {name} {chapter['title']}", "",
            "| no. 编号 | level 级 | asks 要求 | state 结论 | how 依据 | held by 证明 |", "|---|:-:|---|---|---|---|",
        ]  # fmt: skip
        for number, each in chapter.items():
            if number != "title":
                held_by = [f"[{each['doc'].partition('#')[0]}]({_from_docs(each['doc'])})"] if "doc" in each else []
                held_by += [linked(name) for name in each.get("tests", ())]
                state = " ".join(STATES[each["state"]])
                lines.append(
                    f"| {number} | {each['level']} | {each['ask']} | {state} | {each['how']} | {'; '.join(held_by)} |"
                )
    return "\n".join(lines) + "\n"


def _counts(title, every):
    levels, states = Counter(each["level"] for each in every), Counter(each["state"] for each in every)
    cells = [levels[1], levels[2], *(states[state] for state in STATES)]
    return f"| {title} | {' | '.join(map(str, cells))} |"


def _anchor(name, chapter):
    return f"{name} {chapter['title']}".lower().replace(" ", "-")


def _from_docs(place):
    return place.removeprefix("docs/") if place.startswith("docs/") else f"../{place}"


def test_the_page_says_what_the_answers_are(request):
    held(PAGE, page(), rewrite=request.config.getoption("--rewrite"))
