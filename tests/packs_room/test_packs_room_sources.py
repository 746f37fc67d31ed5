"""sources.toml: read whole, or every problem with its address; what a sentence cites; what rests on what."""

from pathlib import Path

import pytest
from packs_room_world import LIMITS, world

from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import Cited, Register, Words, load, resting, skeleton

PACKS = Path(__file__).parents[2] / "packs"
PLACE = "shop/sources.toml"
OURS = """
[ours]
title = { zh = "自定", en = "Ours" }
body = { zh = "本店", en = "The shop" }
status = "ours"
mark = "design default"
names = ["ours", "自定"]
"""
LAW = """
[law]
title = { zh = "反电信网络诈骗法", en = "Anti-fraud Law" }
body = { zh = "全国人大常委会", en = "Standing Committee" }
number = "主席令第119号"
since = 2022-12-01
status = "in force"
mark = "verified"
names = ["反电信网络诈骗法", "Anti-fraud Law"]
address = "https://example.org/law"
article = [
  { id = "4", says = { zh = "四。", en = "Four." } },
  { id = "5", says = { zh = "五。", en = "Five." } },
  { id = "6", says = { zh = "六。", en = "Six." } },
  { id = "11", says = { zh = "十一。", en = "Eleven." } },
  { id = "11(2)", says = { zh = "十一之二。", en = "Eleven, two." }, mark = "from memory" },
  { id = "22", says = { zh = "二十二。", en = "Twenty-two." } },
]
[notice]
title = { zh = "通知", en = "Notice" }
body = { zh = "央行", en = "The central bank" }
status = "repealed"
mark = "from memory"
names = ["银发〔2016〕261号"]
article = [ { id = "8", says = { zh = "八。", en = "Eight." } } ]
[standard]
title = { zh = "标准", en = "Standard" }
body = { zh = "某会", en = "A council" }
status = "draft"
mark = "from memory"
names = ["ASVS 5.0", "ASVS 5.0.0"]
article = [
  { id = "8.2.1", says = { zh = "一。", en = "One." } },
  { id = "8.2.2", says = { zh = "二。", en = "Two." } },
  { id = "8.2.3", says = { zh = "三。", en = "Three." } },
  { id = "8.2", says = { zh = "整节。", en = "The section." } },
]
"""


@pytest.fixture(scope="module")
def register():
    return Register(load(world(**{PLACE: OURS + LAW})).sources)


def told(files):
    """What `load` says is wrong."""
    with pytest.raises(Problems) as found:
        load(files)
    return found.value.problems


def cites(register, text):
    return [f"{each.source} {each.article}".strip() for each in register.cited(Words.alike(text))]


def test_a_source_is_read_whole_with_its_articles():
    law = load(world(**{PLACE: OURS + LAW})).sources["law"]
    assert (law.pack, law.number, law.since.isoformat(), law.status) == (
        "shop", "主席令第119号", "2022-12-01", "in force",
    )  # fmt: skip
    assert law.article("11(2)").mark == "from memory", "its own"
    assert law.article("22").mark == "verified", "the source's"
    assert law.article("23") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("《反电信网络诈骗法》第二十二条（条款号凭记忆）：独立", ["law 22"]),
        ("Anti-fraud Law Art. 22 (article number from memory)", ["law 22"]),
        ("anti-fraud law, art. 4, 22", ["law 4", "law 22"]),
        ("反电信网络诈骗法 4, 5", ["law 4", "law 5"]),
        ("反电信网络诈骗法第四条至第六条以习惯为证据", ["law 4", "law 5", "law 6"]),
        ("反电信网络诈骗法第四至六条", ["law 4", "law 5", "law 6"]),
        ("Anti-fraud Law Art. 4-6 names habit", ["law 4", "law 5", "law 6"]),
        ("Anti-fraud Law, Art. 4 to 6", ["law 4", "law 5", "law 6"]),
        ("反电信网络诈骗法第十一条（二）", ["law 11(2)"]),
        ("反电信网络诈骗法第十一条（二）（三）", ["law 11(2)"]),
        ("反电信网络诈骗法第十一条（三）", ["law 11"]),
        ("Anti-fraud Law Art. 11(2) and (3)", ["law 11(2)", "law 11"]),
        ("银发〔2016〕261号（八）以两小时为普通方式", ["notice 8"]),
        ("after 银发〔2016〕261号 (1)(8): accounts", ["notice 8"]),
        ("参照银发〔2016〕261号一、（八）", ["notice 8"]),
        ("ASVS 5.0 8.2.1–8.2.3；银发〔2016〕261号", ["standard 8.2.1", "standard 8.2.2", "standard 8.2.3", "notice"]),
        ("ASVS 5.0.0 8.2", ["standard 8.2"]),
        ("自定：与《反电信网络诈骗法》第四条相仿", ["ours", "law 4"]),
        ("Ours; five hours a day of 反电信网络诈骗法", ["ours", "law"]),
        ("银发〔2016〕261号自2017年5月1日起", ["notice"]),
        ("four hours, and yours", []),
        ("没有依据", []),
    ],
)  # fmt: skip
def test_a_sentence_cites_what_it_names_and_the_articles_right_behind(register, text, found):
    assert cites(register, text) == found


def test_an_article_is_meant_rather_than_the_document_that_is_named_beside_it(register):
    assert register.cited(Words("反电信网络诈骗法：第四条", "Anti-fraud Law Art. 4")) == (Cited("law", "4"),)


def test_spans_say_where_a_text_names_what(register):
    text = "见《反电信网络诈骗法》第四条、第五条。"
    assert [(text[each.start : each.end], each.cited.article) for each in register.spans(text)] == [
        ("《反电信网络诈骗法》", ""), ("第四条", "4"), ("第五条", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("basis", "what"),
    [
        ("《没有的法》第三条", "《没有的法》"), ("银发〔2099〕1号", "银发〔2099〕1号"),
        ("GB/T 99999-2030 4.1", "GB/T 99999-2030"),
        ("反电信网络诈骗法第九十九条", "article 99 of law"), ("ASVS 5.0 9.9", "article 9.9 of standard"),
        ("可疑类型 TY44", "TY44"), ("PCI DSS 9", "PCI DSS"), ("第三条", "第三条"), ("ISO/IEC 27001", "ISO/IEC 27001"),
    ],
)  # fmt: skip
def test_a_basis_that_names_what_the_register_lacks_is_a_problem_with_its_address(basis, what):
    limits = LIMITS.replace('is = "2000.00", basis = "ours"', f'is = "2000.00", basis = "{basis}"')
    problems = told(world(**{PLACE: OURS + LAW, "shop/parameters/limits.toml": limits}))
    mine = [each for each in problems if each.item == "large: value 2"]
    assert {each.where for each in mine} == {"shop/parameters/limits.toml"}
    assert f"the basis names {what}, which the register of sources lacks" in [each.problem for each in mine]


def test_where_no_pack_has_a_register_nothing_is_held_against_it():
    limits = LIMITS.replace('basis = "ours"', 'basis = "《没有的法》第三条"')
    assert load(world(**{"shop/parameters/limits.toml": limits})).sources == {}


@pytest.mark.parametrize(
    ("was", "now", "item", "problem"),
    [
        ('status = "repealed"', 'status = "gone"', "notice", "unknown status 'gone'"),
        ("since = 2022-12-01", 'since = "2022"', "law", "`since` must be a date"),
        ('"https://example.org/law"', '"http://example.org"', "law", "`address` is no https address"),
        ('"https://example.org/law"', '"javascript:alert(1)"', "law", "`address` is no https address"),
        ('names = ["银发〔2016〕261号"]', "", "notice", ""),
        ('names = ["银发〔2016〕261号"]', 'names = ["x"]', "notice", "too short"),
        ('{ id = "5"', '{ id = "4"', "law: article 2", "4 stands here twice"),
        ('{ id = "5"', '{ id = "第五条"', "law: article 2", "`id` is not an article's number"),
        ('says = { zh = "五。", en = "Five." }', 'says = { zh = "五。" }', "law: article 2: says", "`en` is missing"),
        ('names = ["银发〔2016〕261号"]', 'names = ["anti-fraud law"]', "notice", "is a name of law too"),
        ("[notice]", "[Notice]", "Notice", "not a name"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_source_is_told_with_its_address(was, now, item, problem):
    text = OURS + LAW
    assert was in text
    problems = [each for each in told(world(**{PLACE: text.replace(was, now, 1)})) if each.item == item]
    assert problems
    assert {each.where for each in problems} == {PLACE}
    assert any(problem in each.problem for each in problems)


def test_a_register_that_is_broken_blames_no_basis():
    problems = told(world(**{PLACE: OURS.replace('"ours"', '"nothing"', 1)}))
    assert [each.where for each in problems] == [PLACE]


def test_a_register_changes_no_policy_version_and_no_decision():
    plain, more = load(world()), load(world(**{PLACE: OURS + LAW}))
    assert plain.digest != more.digest, "the journal keeps what readers were shown"
    assert [each.digest for each in plain.policies] == [each.digest for each in more.policies]
    assert {name: each.digest for name, each in plain.controls.items()} == {
        name: each.digest for name, each in more.controls.items()
    }  # fmt: skip
    one, other = build(plain), build(more)
    assert {name: ep.fields for name, ep in one.events.items()} == {
        name: ep.fields for name, ep in other.events.items()
    }


# ---- the packs that are shipped


@pytest.fixture(scope="module")
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


def bases(definitions):
    for policy in definitions.policies:
        for each in (*policy.rules, *policy.exemptions):
            yield f"{policy.id} {each.id}", each.basis
    for limit in definitions.limits.values():
        for step in limit.steps:
            yield limit.name, step.basis
    for control in definitions.controls.values():
        yield control.id, control.basis


def test_every_shipped_basis_names_a_source_that_is_registered(shipped):
    register = Register(shipped.sources)
    assert [name for name, basis in bases(shipped) if not register.cited(basis)] == []
    assert [name for name, basis in bases(shipped) if register.lacking(basis)] == []


def test_both_languages_of_a_shipped_basis_name_the_same_articles(shipped):
    register = Register(shipped.sources)
    for name, basis in bases(shipped):
        zh, en = ({each.cited for each in register.spans(text) if each.cited.article} for text in (basis.zh, basis.en))
        assert zh == en, name


def test_every_shipped_source_and_article_is_what_something_rests_on(shipped):
    register = Register(shipped.sources)
    rests = resting(shipped, register)
    for source in shipped.sources.values():
        assert rests[source.id], source.id
        cited = {article for each in rests[source.id] for article in each.articles}
        assert {each.id for each in source.articles} <= cited, source.id


def test_what_rests_on_a_law_is_found_from_the_law(shipped):
    rests = resting(shipped, Register(shipped.sources))
    law = rests["anti_fraud_law"]
    assert {each.kind for each in law} >= {"rule", "control", "typology"}
    assert all(each.within for each in law if each.kind == "rule")
    assert {each.articles for each in law} >= {("18",)}
    assert any(each.kind == "limit" for each in rests["online_payment_measures"])
    assert any(each.kind == "exemption" for each in rests["ours"])


def test_a_new_pack_loads_beside_the_register():
    core = {
        path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in (PACKS / "core").rglob("*.toml")
    }  # fmt: skip
    assert load({**core, **skeleton("shop")}).sources
