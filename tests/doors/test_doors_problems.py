"""What is wrong with somebody's input stands in the reader's language, whichever room found it."""

import re
import tomllib
from pathlib import Path

import pytest
from said_below import WHOLE, gaps_of_phrases, said, sayable

from jindi.basics.problems import Problem, Problems
from jindi.doors.console.words.problems import PHRASES, _Reading, in_chinese, item_in_chinese, problem_in, said_in, toml
from jindi.doors.console.words.problems.items import ITEMS, KINDS
from jindi.language import ExpressionProblems, Kind, Scope, Type, read
from jindi.packs import load, toml_of
from jindi.packs.vocabulary import KEYS, MARKS, SOURCE_STATES
from jindi.parties.screening.formats import read_files

PACKS = Path(__file__).parents[2] / "packs"

SILENT = {
    "language/columns.py": "how expressions are computed over columns: what it raises is a mistake of ours",
    "language/compiler.py": "code that is generated, and what only a mistake of ours would say",
    "language/meaning.py": "what only a mistake of ours would say",
    "language/tree.py": "the canonical text of expressions, which is code",
    "language/rows.py": "expressions as rows, which are code; operators have words of their own on the page",
    "packs/skeleton.py": "files of a new pack; its problems are those of `jindi packs new` alone",
    "packs/suggestions.py": "features that are suggested, written in both languages; asked for by the CLI alone",
    "parties/screening/formats/tidying.py": "words that stand in publishers' lists",
}
"""Files that say nothing to a reader of the console, each with why."""

NOT_SAID = {
    " and {} more": "the end of names one after the other (`{0:n}`)",
    "and {} more": "the end of values one after the other (`{0:v}`)",
    " of {}": "what a kind of value is of (`KINDS`)",
    " in {}": "what a kind of value is of (`KINDS`)",
    "{} of {}": "a type of the language (`KINDS`)",
    "not in": "an operator of the language",
    "where` on `{}": "a key of a pack, and an event type",
    "count, distinct, seen, first, last": "names of folds",
    "PatternDef | None": "the name of a type",
    "shadow version": "what a file is to the loader",
    "model file": "what a file is to the loader",
    "case words": "what a file is to the loader",
    "not a decision id: dec_ and twelve hexadecimal digits": "told by the API and the CLI alone",
    "not the id of an operation: apr_ and twelve hexadecimal digits": "told by the API and the CLI alone",
    "not a record of this journal": "told by the API and the CLI alone",
    "{} (ALT)": "which of OFAC's three files it is",
    "{} (ADD)": "which of OFAC's three files it is",
    "the journal ends under other packs than these": "told by `jindi up`, before there is a console",
    "name them with --packs": "told by `jindi up`, before there is a console",
}
"""Literals that are no sentence, each with why."""

CODE = re.compile(r"(\.\.\. in )?\w+\(.*\)")
HAN = re.compile(r"[\u4e00-\u9fff]")


def is_place(text):
    """A place inside a file, as `item_in_chinese` reads it: `rule {}: case {}`."""
    return all(
        " " not in part or (re.fullmatch(r"(\w+) \{\}|\{\}", part) and part.partition(" ")[0] in ITEMS)
        for part in text.split(": ")
    )


def has_chinese(text):
    problem, bracket, remedy = text.removesuffix(")").partition(" (")
    halves = (problem, remedy) if bracket and text.endswith(")") else ()
    return (
        text.removeprefix("; ") in PHRASES
        or text in KINDS
        or is_place(text)
        or (bool(halves) and all(each in PHRASES or each == "{}" for each in halves))
    )


def is_no_sentence(text, place):
    fixed = (*KEYS, *MARKS, *SOURCE_STATES)
    return place.partition(":")[0] in SILENT or text in NOT_SAID or text in fixed or CODE.fullmatch(text)


def test_every_sentence_that_the_rooms_below_can_say_has_chinese():
    sentences = said()
    assert len(sentences) > 600
    assert [f"{place}: {text}" for text, place in sentences.items()
            if not has_chinese(text) and not is_no_sentence(text, place)] == []  # fmt: skip


def test_nothing_is_put_into_chinese_that_nobody_can_say():
    told = sayable()
    assert [text for text in PHRASES if text not in told and text not in toml.PHRASES] == []


def test_the_exceptions_are_said_somewhere_and_have_no_chinese():
    told = said()
    assert [text for text in NOT_SAID if text not in told or text in PHRASES] == []
    assert {path for path in SILENT if not any(Path(path).match(pattern) for pattern in WHOLE)} == set()


def test_chinese_fills_every_gap_and_is_written_as_the_house_writes():
    for english, chinese in PHRASES.items():
        gaps = {int(each) for each, _ in re.findall(r"\{(\d)(:[toknvcxs])?\}", chinese)}
        assert gaps <= set(range(english.count("{}"))), english
        assert HAN.search(chinese) or not re.search(r"[a-z]{3,} [a-z]{3,}", english), english
        plain = re.sub(r"\{\d(:[toknvcxs])?\}", "", chinese)
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", plain), chinese
        assert not re.search(r"[\u4e00-\u9fff][,;:?!(]|[,;:?!][\u4e00-\u9fff]", plain), chinese


def test_a_gap_that_holds_a_phrase_is_put_into_chinese_itself():
    """What another sentence, a kind of value or a type fills is never left English inside a Chinese sentence."""
    for english, place, number in gaps_of_phrases():
        chinese = PHRASES.get(english)
        if chinese is not None and place.partition(":")[0] not in SILENT:
            assert re.search(rf"\{{{number}:[tok]\}}|^(?!.*\{{{number}[:}}])", chinese), (place, english, chinese)


# ---- real slips, in packs that were sound


def mutated(value, turn, place=()):
    """A value of a pack's file with one key of every table spoilt, each turn another one in another way."""
    if isinstance(value, list):
        return [mutated(each, turn + number, (*place, number)) for number, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    inner = {key: mutated(each, turn + number, (*place, key)) for number, (key, each) in enumerate(value.items())}
    keys = [key for key, each in value.items() if not isinstance(each, dict)]
    if not place or not keys or (turn + len(place)) % 2:
        return inner
    key = keys[turn // 2 % len(keys)]
    ways = ({}, {key: 42}, {key: ""}, {key: "nosuchthing"}, {key: []}, {key: ["a", "a"]}, {key: True}, {key: 0.5},
            {key: {"zz": 1}}, {key: -1}, {key: "7x"}, {"zz" + key: 1})  # fmt: skip
    return {each: inner[each] for each in inner if each != key} | ways[turn // 3 % len(ways)]


def problems_of(files):
    with pytest.raises(Problems) as found:
        load(files)
    return found.value.problems


def spoilt(turn):
    files = {}
    for path in sorted(PACKS.rglob("*.toml")):
        raw = mutated(tomllib.loads(path.read_text("utf-8")), turn)
        files[path.relative_to(PACKS).as_posix()] = "\n".join(
            f"{key if re.fullmatch(r'[A-Za-z0-9_-]+', key) else toml_of(key)} = {toml_of(each)}"
            for key, each in raw.items()
        )
    return files


def left_english(chinese):
    """Words in a row that are neither quoted nor code."""
    plain = re.sub(r"“[^”]*”|`[^`]*`|\"[^\"]*\"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|\w+\([^)]*\)", " ", chinese)
    return re.findall(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", plain)


@pytest.mark.parametrize("turn", range(0, 60, 5))
def test_every_slip_in_the_shipped_packs_is_told_in_chinese(turn):
    found = problems_of(spoilt(turn))
    assert len(found) > 100
    for each in found:
        for text in (each.problem, each.remedy):
            chinese = in_chinese(text)
            assert chinese is not None, each
            assert not left_english(chinese), (text, chinese)
        assert not left_english(item_in_chinese(each.item)), each.item


SLIPS = (
    "ammount > 5",
    "amount >= 5000",
    "channel < 'b'",
    "phone == '1'",
    "amount && 5",
    "amount >",
    "",
    "amount = 5",
    "missing(amount",
    "amount in channel",
    "channel in []",
    "'a' == 'b'",
    "amount / 0",
    "limit('nope') > cny('5')",
    "amount in list('blocked')",
    "user in list('nope')",
    "amount >= cny('5,0')",
    "days('3')",
    "５ > 3",
    "not",
    "amount and channel",
    "hour ** 2",
    "1_ > 2",
    "at > at - 5",
    "user + 'x' == 'y'",
    "channel in [hour]",
    "large > cny('5')",
    "blocked",
    "min",
    "min(hour)",
    "min(hour, amount)",
    "abs(channel)",
    "length(hour)",
    "list('a')",
    "or_else(phone, '1')",
    "or_else(hour, 'x')",
    "or_else(hour, hour)",
    "missing(5)",
    "[1]",
    "hour > 5 > true",
    "-channel",
    "starts_with(hour, 'x')",
    "distance_km(1, 2, 3, amount)",
    "limit(5)",
    "days(hour)",
    "amount * amount",
    "amount * 0.5",
    "amount > usd('5')",
    "price > amount",
    "hour in [1, 'x']",
    "hour in [true]",
    "0.1234567890123 > hour",
    "007 > hour",
    "99999999999999999999999999 > hour",
    "channel == '" + "x" * 300 + "'",
    "(" * 50 + "hour" + ")" * 50,
    "hour > 'x",
    "hour > 5 hour",
    "None",
    "hour is 5",
    "hour if hour else hour",
    "days(999999999999) > hour",
    "hour == \\",
    "x" * 4_001,
    "1 > " * 2 + "hour",
    "hour in list('blocked') == true",
    "hour + " * 1_100 + "1",
    "not hour == 5 and",
    "5 + not hour",
)


@pytest.mark.parametrize("text", SLIPS)
def test_every_slip_in_a_condition_is_told_in_chinese(text):
    scope = Scope(
        {"amount": Type(Kind.MONEY, "CNY"), "channel": Type(Kind.TEXT), "user": Type(Kind.TEXT),
         "phone": Type(Kind.TOKEN, "phone"), "price": Type(Kind.MONEY, None, "currency")},
        {"large": Type(Kind.MONEY, "CNY")}, {"blocked": Type(Kind.TEXT)},
    )  # fmt: skip
    with pytest.raises(ExpressionProblems) as found:
        read(text, scope)
    for line in found.value.problems:
        chinese = in_chinese(line)
        assert chinese is not None, line
        assert not left_english(chinese), chinese


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a=",
        "a=1\na=2",
        "[a]\n[a]",
        'a="x',
        "a={b=1",
        "x = { a }",
        "a=[1,",
        "a=1 b",
        "é=1",
        "a=01",
        'a="\\q"',
        "[a",
    ],
)
def test_what_the_reader_of_toml_says_is_told_in_chinese(text):
    with pytest.raises(tomllib.TOMLDecodeError) as found:
        tomllib.loads(text)
    chinese = in_chinese(str(found.value))
    assert chinese is not None
    assert not left_english(chinese)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.toml", 'published_on = "soon"\nby = "us"\n[[entry]]\nid = 1\nname = "a"\n'),
        ("own.csv", "id,name\n1,a,b\n2\n"),
        ("own.csv", "id,name,kind,births,identifiers,listed_on,more\n1,a,zz,soon,12,soon,x\n1,,,,,,\n"),
        ("own.csv", "name,kind\na,person\n"),
        ("un.xml", "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL/></INDIVIDUALS></CONSOLIDATED_LIST>"),
        ("un.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><CONSOLIDATED_LIST/>"),
        ("un.xml", "<CONSOLIDATED_LIST></CONSOLIDATED_LIST>"),
        ("eu.csv", "fileGenerationDate;Entity_LogicalId\n2026-11-01;\n"),
        ("alt.csv", '1,2,"aka","A NAME","-0-"\n'),
        ("sdn.csv", '1,"A NAME","zz","SDN",-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\nx\n'),
        ("list.txt", "?"),
    ],
)
def test_what_is_wrong_with_a_list_that_is_handed_in_is_told_in_chinese(name, content):
    with pytest.raises(Problems) as found:
        read_files({name: content.encode()})
    for each in found.value.problems:
        for text in (each.problem, each.remedy):
            chinese = in_chinese(text)
            assert chinese is not None, each
            assert not left_english(chinese), chinese


# ---- how a page says it


def test_names_values_and_code_stay_as_they_are():
    assert in_chinese("`given`: empty has no currency") == "`given`：empty 没有币种"
    assert in_chinese("unknown name 'text'") == "没有名为“text”的字段或特征"
    assert in_chinese("goes round in a circle: empty → a text → empty") == "循环引用：empty → a text → empty"


def test_of_two_sentences_that_fit_the_one_that_says_more_is_meant():
    assert in_chinese("`work`: 2026-10-10 is no weekend day") == "`work`：2026-10-10 不是周末"
    assert in_chinese("`q` must be a number between 0 and 1") == "`q` 应为 0 与 1 之间的数"


def test_a_sentence_with_a_phrase_inside_that_nobody_knows_stays_english_as_a_whole():
    text = "`is` has gone to the seaside"
    assert in_chinese(text) is None
    assert said_in(text, "zh").is_english
    assert not said_in(text, "en").is_english


def test_a_problem_has_its_place_in_chinese_too():
    problem = Problem("shop/policies/pay.toml", "rule night: case 'noon'", "`at` has no offset; write it as "
                      "2026-11-22T08:00:00+08:00", "give a text")  # fmt: skip
    address, wrong, remedy = problem_in(problem, "zh", {"noon": "正午"}.get)
    assert address == "shop/policies/pay.toml：规则 night：用例“正午”"
    assert wrong.text == "`at` 缺少时区，应写作 2026-11-22T08:00:00+08:00"
    assert remedy.text == "请填写文本"
    assert problem_in(problem, "en")[0] == "shop/policies/pay.toml: rule night: case 'noon'"


def test_a_case_that_comes_out_otherwise_is_told_in_chinese_with_its_values():
    told = (
        "case 'noon' expected review but got allow with score 3; hit: web; rule large is silent because "
        "amount >= limit('large') is false (amount = CNY 0.01, trusted = missing)"
    )
    assert in_chinese(told, {"noon": "正午"}.get) == (
        "用例“正午”预期审核，实为通过，分数 3；命中：web；"
        "规则 large 没有触发，因为 amount >= limit('large') 为假（amount = CNY 0.01，trusted = 缺失）"
    )


def test_problems_that_were_printed_are_taken_apart_again():
    told = str(Problems([
        Problem("--label", "fraud", "no candidate declares this label", "use one of: good, bad"),
        Problem("journal", "", "it is empty", "a backtest needs a past"),
    ]))  # fmt: skip
    assert said_in(told, "zh").text == (
        "--label：fraud：没有候选版本声明此标签（可选：good、bad）；journal：日志是空的（回测需要历史）"
    )
    assert said_in("journal: it is empty\nthe roof: it leaks", "zh").is_english, "no half of each"


def test_a_text_that_fits_into_itself_again_and_again_is_read_in_few_steps(monkeypatch):
    steps = 0
    filled = _Reading._filled

    def counted(self, text, depth):
        nonlocal steps
        steps += 1
        return filled(self, text, depth)

    monkeypatch.setattr(_Reading, "_filled", counted)
    for text in ("`a`: `b` is " * 100 + "(x)", "case 'a': " * 150, "a is b; " * 200 + "(" * 50 + ")" * 50):
        steps = 0
        assert in_chinese(text) is None
        assert steps < 500, text[:20]
    assert in_chinese("`a` must be " + "b, not " * 10_000) is None
