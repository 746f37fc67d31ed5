"""The list of attacks: each is a test, and docs/attacks.md says what docs/attacks.toml does."""

import re
import tomllib

from pages import ROOT, held, is_test, linked

SOURCE, PAGE = ROOT / "docs" / "attacks.toml", ROOT / "docs" / "attacks.md"
GROUPS = tomllib.loads(SOURCE.read_text("utf-8"))

NAMED = ("sign_in", "session", "reveal", "approval", "api_key", "audit")
"""The groups that must hold at least 60 between them, and each at least ten."""


def test_every_attack_is_a_test_and_stands_in_the_list_once():
    every = [attack["test"] for group in GROUPS.values() for attack in group["attacks"]]
    assert [name for name in every if not is_test(name)] == []
    assert len(set(every)) == len(every)


def test_there_are_enough_attacks_on_each_of_what_matters():
    counts = {name: len(GROUPS[name]["attacks"]) for name in NAMED}
    assert sum(counts.values()) >= 60
    assert min(counts.values()) >= 10, counts


def test_no_file_of_attacks_is_forgotten():
    listed = {attack["test"].partition("::")[0] for group in GROUPS.values() for attack in group["attacks"]}
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if re.search(r"^def test_(attack|an_attacker)_", path.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted(files - listed) == []


def page():
    """The page as it stands in the documents."""
    total = sum(len(group["attacks"]) for group in GROUPS.values())
    lines = [
        "# Attacks that are tests · 攻击测试清单",
        "",
        "Made from [attacks.toml](attacks.toml) by a test, which holds that every test named here is there. In each,",
        "somebody tries what the line says; it is refused, or found where it can't be refused. Many tests try it in",
        "several ways; not every attack that is tested is listed.",
        "",
        "本页由 attacks.toml 生成，测试核对所列测试均存在。每行一种攻击，证明其被拒绝，或无法拒绝时被发现。",
        "",
        "| group 类别 | attacks 数量 |",
        "|---|--:|",
    ]
    lines += [
        f"| {group['title']['en']} {group['title']['zh']} | {len(group['attacks'])} |" for group in GROUPS.values()
    ]
    lines.append(f"| **all 合计** | {total} |")
    for group in GROUPS.values():
        lines += [
            "", f"## {group['title']['en']} · {group['title']['zh']}", "",
            "| somebody … 攻击者尝试 | refused by the test 证明 |", "|---|---|",
        ]  # fmt: skip
        lines += [f"| {attack['tries']} | {linked(attack['test'])} |" for attack in group["attacks"]]
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_list_is(request):
    held(PAGE, page(), rewrite=request.config.getoption("--rewrite"))
