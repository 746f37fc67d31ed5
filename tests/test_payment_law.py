"""The register of payment law says what is so: rows name rules, figures and controls that are there, with cases."""

import importlib.util
import re
import tomllib
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from jindi.engine import build_trial
from jindi.engine.showing import shown
from jindi.run.intake import Intake, Refused
from jindi.vault import Tokens
from law_world import ROOT, definitions, mainland
from shop_world import KEY, NOON_US

DOCS = ROOT / "docs"
PAGE, DATA = DOCS / "payment-law.md", DOCS / "payment-law.toml"
REGULATED = ROOT / "packs/payment/parameters/regulated.toml"
STATES = {"here": "here", "partly": "in part", "not yet": "not yet", "elsewhere": "elsewhere"}
ASKED = [f"R{number:02}" for number in range(1, 24)] + [f"R{number}" for number in range(46, 53)] + ["R65"]
KEYS = {
    "zh", "en", "state", "rules", "parameters", "patterns", "criteria", "controls", "code", "docs", "why",
}  # fmt: skip
CASES_MIN: Final = 3


@cache
def register():
    return tomllib.loads(DATA.read_text("utf-8"))


@cache
def rules():
    """rule id → (file, rule) of the mainland's packs, live and shadow alike; ids that two policies have, as lists."""
    found = defaultdict(list)
    for policy in mainland().definitions.policies:
        for rule in policy.rules:
            found[rule.id].append((policy, rule))
    return found


def named(name):
    """Names of a kind over all rows."""
    return sorted({each for row in register().values() for each in row.get(name, ())})


def cell(text):
    return text.replace("|", "\\|")


def cases_of(row):
    counts = [len(rule.cases) for name in row.get("rules", ()) for _, rule in rules()[name]]
    counts += [len(mainland().definitions.patterns[name].cases) for name in row.get("patterns", ())]
    return sum(counts)


def figure(limit):
    """A limit with its values, each from its day on, and how sure they are."""
    steps = [
        f"{shown(step.value, limit.type, lambda _: None)} since {step.since} ({limit.mark_of(step)})"
        for step in limit.steps
    ]
    return f"`{limit.name}` {', '.join(steps)}"


def marks_of(row):
    return "; ".join(figure(mainland().definitions.limits[name]) for name in row.get("parameters", ()))


def kept_by(row):
    by_policy = defaultdict(list)
    for name in row.get("rules", ()):
        (policy, _), *_ = rules()[name]
        by_policy[f"{policy.pack}/{policy.id}"].append(f"`{name}`")
    parts = [f"{policy}: {', '.join(names)}" for policy, names in by_policy.items()]
    for kind, word in (("patterns", "patterns"), ("criteria", "reports"), ("controls", "controls"), ("code", "code")):
        if found := row.get(kind):
            parts.append(f"{word} {', '.join(f'`{name}`' for name in found)}")
    parts += [f"[{page.removesuffix('.md')}]({page})" for page in row.get("docs", ())]
    return "; ".join(parts)


def table():
    lines = ["| | rule | state | kept by | figures | cases |", "|---|---|---|---|---|---|"]
    for name, row in register().items():
        said = f"{row['en']} ({row['zh']})" + (f" *{row['why']}*" if "why" in row else "")
        cells = (name, said, STATES[row["state"]], kept_by(row), marks_of(row), str(cases_of(row) or ""))
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(lines)


def europe_table():
    lines = ["| | rule or exemption | figures |", "|---|---|---|"]
    found = definitions()
    for policy in (each for each in found.policies if each.pack == "psd2"):
        for part in (*policy.rules, *policy.exemptions):
            read = dict.fromkeys(re.findall(r"limit\('(\w+)'\)", str(part.when)))
            for derived in (each for each in found.derived.values() if each.name in part.when.inputs):
                read |= dict.fromkeys(re.findall(r"limit\('(\w+)'\)", str(derived.expression)))
            figures = "; ".join(figure(found.limits[name]) for name in read)
            lines.append(f"| `{part.id}` | {cell(part.doc.en)} {cell(part.basis.en)} | {figures} |")
    return "\n".join(lines)


# ---- the page is made of the register and the packs


@pytest.mark.parametrize(("name", "made"), [("register", table), ("europe", europe_table)])
def test_the_tables_of_the_page_are_those_of_the_packs(request, name, made):
    text = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    i, j = text.index(begin) + len(begin), text.index(end)
    if request.config.getoption("--rewrite"):
        text = text[:i] + made() + "\n" + text[j:]
        PAGE.write_text(text, "utf-8")
        j = text.index(end)
    assert text[i:j].strip() == made()


# ---- the register says what is so


def test_every_rule_on_payment_and_laundering_has_its_row():
    assert list(register()) == ASKED


@pytest.mark.parametrize("name", ASKED)
def test_a_row_says_what_keeps_its_rule_or_why_nothing_does(name):
    row = register()[name]
    assert not set(row) - KEYS
    assert row["zh"]
    assert row["en"]
    assert row["state"] in STATES
    assert (row["state"] == "here") == ("why" not in row), "a row that is not whole says what is missing"
    if row["state"] in ("here", "partly"):
        assert any(row.get(kind) for kind in ("rules", "patterns", "criteria", "controls", "code"))
    else:
        assert "rules" not in row, "what is kept by a rule is here, or in part"


@pytest.mark.parametrize("name", named("rules"))
def test_a_rule_of_law_is_live_and_shown_below_at_and_above_its_limit(name):
    ((policy, rule),) = rules()[name]
    assert policy.state == "live"
    assert len(rule.cases) >= CASES_MIN
    assert {case.fires for case in rule.cases} == {True, False}


def given_beside(policy, rule, name):
    """The values of the kind of a limit that the cases of a rule give, and the limit itself, each on the case's day."""
    found = mainland().definitions
    limit = found.limits[name]
    program = build_trial(found, policy)
    for case in rule.cases:
        day = datetime.fromtimestamp(case.at_us / 1e6, ZoneInfo("Asia/Shanghai")).date()
        for each, value in case.given.items():
            if program.types[program.index[each]] == limit.type and isinstance(value, int):
                yield value, limit.on(day).value


@pytest.mark.parametrize("name", sorted(tomllib.loads(REGULATED.read_text("utf-8"))))
def test_cases_lie_at_a_regulated_figure_below_it_and_above_it(name):
    """Wherever a rule compares with the figure itself; what goes into a product or a ladder has its stories."""
    compared = 0
    for ((policy, rule),) in (rules()[each] for each in named("rules")):
        if not re.search(rf"[<>]=? limit\('{name}'\)(?! \*)", str(rule.when)):
            continue
        if name in ("t0_onboarded_min", "terms_notice_min"):  # a difference of two instants: their cases give instants
            continue
        signs = {(value > at) - (value < at) for value, at in given_beside(policy, rule, name)}
        assert signs == {-1, 0, 1}, rule.id
        compared += 1
    if name.startswith(("class", "balance_day", "code_day", "static", "micro", "transfer_day", "t0_trade")):
        assert compared


def test_what_rows_name_is_there():
    found = mainland().definitions
    assert [name for name in named("parameters") if name not in found.limits] == []
    assert [name for name in named("patterns") if name not in found.patterns] == []
    assert [name for name in named("criteria") if name not in found.criteria] == []
    assert [name for name in named("controls") if name not in found.controls] == []
    assert [name for name in named("code") if importlib.util.find_spec(name) is None] == []
    assert [page for page in named("docs") if not (DOCS / page).is_file()] == []


def test_every_regulated_figure_of_payment_belongs_to_a_row():
    rows = set(named("parameters"))
    assert [name for name in tomllib.loads(REGULATED.read_text("utf-8")) if name not in rows] == []


def test_every_rule_reads_the_figures_of_its_row():
    """Each figure of a row is read by one of its rules, by a feature that they read, or by no rule at all (clocks)."""
    found = mainland().definitions
    for name, row in register().items():
        read = set()
        for rule in (rule for each in row.get("rules", ()) for _, rule in rules()[each]):
            inputs, seen = set(rule.when.inputs), set()
            while fresh := [each for each in inputs if each in found.derived and each not in seen]:
                for each in fresh:
                    seen.add(each)
                    inputs |= set(found.derived[each].expression.inputs)
            read |= inputs
        unread = [each for each in row.get("parameters", ()) if f"limit('{each}')" not in read]
        clocks = [each for each in unread if each.startswith("request_") or each == "screening_report_hours"]
        assert sorted(unread) == sorted(clocks), name


def test_a_number_that_is_none_is_refused_at_the_door():
    intake = Intake(mainland().definitions, Tokens(KEY), lambda: NOON_US)
    event = (
        '{"id": "e1", "type": "identity_check", "at": "2026-11-22T12:00:00+08:00", "user": "u1", "sources": 3,'
        ' "face_to_face": false, "passed": true, "account_class": "II", "id_card": "%s"}'
    )
    assert intake.read((event % "11010519491231002X").encode()).type == "identity_check"
    for wrong in ("110105194912310021", "11010519491331002X", "1101051949123100"):
        with pytest.raises(Refused) as refused:
            intake.read((event % wrong).encode())
        assert [problem.item for problem in refused.value.problems] == ["id_card"]
