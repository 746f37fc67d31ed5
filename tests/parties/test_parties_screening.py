"""Names against lists: what is the same, what is near, what caps, and what the index must not lose."""

import random
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from jindi.parties.screening import (
    STRONG,
    THRESHOLD,
    Birth,
    Changes,
    Entry,
    Identifier,
    Index,
    Name,
    Subject,
    WatchList,
    compare,
    differences,
    han,
    index_of,
    parse,
    rescreen,
)
from jindi.parties.screening.explain import explained
from jindi.parties.screening.romanise import latin
from jindi.parties.screening.spelled import Spelled


def score(ours, theirs, *, organisation=False):
    return compare(parse(ours, is_organisation=organisation), parse(theirs, is_organisation=organisation)).score


def entry(key, *names, kind="person", **more):
    return Entry(key, kind, tuple(Name(each) if isinstance(each, str) else each for each in names), **more)


def only(index, *names, **more):
    threshold = more.pop("threshold", THRESHOLD)
    (match,) = index.screen(Subject(names, more.pop("kind", "person"), **more), threshold)
    return match


# ---- names


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Vladimir Putin", "PUTIN, Vladimir"),
        ("José Núñez", "Jose Nunez"),
        ("Mr. Rami Makhlouf", "Rami Makhlouf"),
        ("任志強", "任志强"),
        ("Сергей Лавров", "Sergei Lavrov"),
    ],
)
def test_order_case_marks_titles_scripts_and_variants_of_characters_make_no_difference(ours, theirs):
    assert score(ours, theirs) >= 95


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Mohamed Al Hassani", "Muhammad al-Hasani"),
        ("Bill Harrington", "William Harrington"),
        ("Abd al-Rahman Yasin", "Abdulrahman Yasin"),
        ("Aleksandr Lukashnko", "Alexander Lukashenko"),
        ("RamiMakhlouf", "Rami Makhlouf"),
        ("Vladimir Putin", "Vladimir Vladimirovich Putin"),
        ("J Harrington Smythe", "John Harrington Smythe"),
        ("J. F. Kennedy", "John F. Kennedy"),
        ("Muammar Gaddafi", "Moammar Qadhafi"),
        ("Volodymyr Zelenskyy", "Vladimir Zelensky"),
        ("Nursultan Nazarbayev", "Нұрсұлтан Назарбаев"),
        ("Kim Jong Un", "김정은"),
        ("Silvio Berlusconi", "Slivio Berlusconni"),
        ("Nuri Malki", "Nouri Kamil al-Maliki"),
        ("Si Jinpin", "Xi Jinping"),
    ],
)
def test_spellings_short_forms_and_middle_names_are_told(ours, theirs):
    assert score(ours, theirs) >= THRESHOLD


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Hafez Makhlouf", "Rami Makhlouf"),
        ("Sergey Ivanevich Lavrov", "Sergey Viktorovich Lavrov"),
        ("Michelle Obama", "Barack Obama"),
        ("Makhlouf", "Rami Makhlouf"),
        ("Hassan Ali", "Hussein Ali"),
        ("Maria Garcia", "Mario Garcia"),
        ("Alexander Ivanov", "Alexandra Ivanova"),
        ("Li Wei", "Li Wen"),
        ("Abdul Karim", "Abdul Rahim"),
        ("Abdulkadir Soylu", "Abdulkadir"),
        ("Mike Lee", "Mekele"),
        ("김영일", "Kim Kyong Il"),
        ("苏文", "HWANG Su Man"),
        ("王小明", "李小明"),
        ("张伟", "章伟"),
    ],
)
def test_who_shares_a_word_or_a_sound_is_not_told(ours, theirs):
    assert score(ours, theirs) < THRESHOLD


def test_legal_forms_say_little_and_numbers_much():
    assert score("Crystalord Limited", "CRYSTALORD LTD", organisation=True) >= STRONG
    assert score("山东金堤科技有限公司", "山东金堤科技", organisation=True) >= STRONG
    assert score("OAO Gazprom", "Open Joint Stock Company Gazprom", organisation=True) >= STRONG
    assert score("Brigade Forty-Four", "Brigade 44", organisation=True) >= STRONG
    assert score("Fund Number 44", "Fund Number 45", organisation=True) < THRESHOLD


def test_a_branch_is_of_the_same_house_and_another_country_another_one():
    assert score("Novaterra Bank (Schweiz) AG", "Novaterra Bank AG", organisation=True) >= THRESHOLD
    assert score("Mahan Air", "Mahan Airlines", organisation=True) >= STRONG
    assert score("Iran Air", "Iraq Air", organisation=True) < THRESHOLD
    assert score("International Trading Company", "International Shipping Company", organisation=True) < THRESHOLD


def test_four_first_letters_or_more_are_a_weak_match():
    index = Index.of([entry("1", "Islamic Republic of Iran Shipping Lines", kind="entity")])
    match = only(index, "IRISL", kind="entity")
    assert (match.strength, match.comparison.rules) == ("weak", ("acronym",))
    assert all(explained(match).en)
    assert index.screen(Subject(("ISL",), "entity")) == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=24), st.text(max_size=24))
def test_any_two_texts_have_one_score_between_0_and_100_whoever_comes_first(ours, theirs):
    one, other = parse(ours), parse(theirs)
    there, back = compare(one, other).score, compare(other, one).score
    assert 0 <= there <= 100
    assert there == pytest.approx(back)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=string.ascii_letters + "'éüжЯ-", min_size=2, max_size=14), st.text("abcdexyz", min_size=2))
def test_a_name_is_the_same_as_itself_in_capitals(first, second):
    name = f"{first} {second}"
    assert compare(parse(name), parse(name)).score == 100
    assert compare(parse(name), parse(name.upper())).score == 100


@settings(max_examples=80, deadline=None)
@given(st.characters())
def test_every_character_becomes_ascii_or_stays_han(char):
    assert all(each.isascii() or han.has_han(each) for each in latin(char))


# ---- Chinese names


@pytest.mark.parametrize(
    ("surname", "said"),
    [
        ("单", "shan"),
        ("曾", "zeng"),
        ("仇", "qiu"),
        ("区", "ou"),
        ("查", "zha"),
        ("解", "xie"),
        ("员", "yun"),
        ("缪", "miao"),
        ("尉迟", "yu-chi"),
        ("万俟", "mo-qi"),
        ("任", "ren"),
    ],
)
def test_a_surname_is_read_as_a_surname(surname, said):
    assert han.surname_readings(surname)[0] == said


def test_a_surname_with_two_readings_keeps_both():
    assert set(han.surname_readings("覃")) == {"qin", "tan"}
    assert score("覃文静", "Tan Wenjing") >= STRONG
    assert score("覃文静", "Qin Wenjing") >= STRONG


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("习近平", "Xi Jinping"),
        ("习近平", "XI Jin-ping"),
        ("習近平", "Jinping Xi"),
        ("习近平", "Xí Jìnpíng"),
        ("习近平", "Hsi Chin-p'ing"),
        ("陈大文", "CHAN Tai Man"),
        ("欧阳娜娜", "Ouyang Nana"),
        ("陈港生", "Jackie Chan Kong-sang"),
        ("曾荫权", "ZENG Yinquan"),
        ("吕布", "Lü Bu"),
        ("吕布", "LYU Bu"),
        ("蔡英文", "Tsai Ing-wen".replace("Ing", "Ying")),
    ],
)
def test_characters_are_found_by_the_ways_to_spell_them(name, spelling):
    assert score(spelling, name) >= THRESHOLD
    index = Index.of([entry("1", name)])
    assert only(index, spelling).entry.id == "1"


def test_characters_are_looked_for_in_a_list_of_spellings():
    assert only(Index.of([entry("1", "SHAN Xiongxin")]), "單雄信").entry.id == "1"


def test_other_characters_are_weak_however_they_sound():
    index = Index.of([entry("1", "章伟")])
    assert index.screen(Subject(("张伟",), "person")) == ()
    assert only(index, "张伟", threshold=70).strength == "weak"


def test_a_spelling_never_proves_the_characters():
    assert score("Xi Jinping", "习近平") < 100


# ---- what else is known


LAVROV = entry(
    "1",
    "Sergey Lavrov",
    Name("The Diplomat", "weak"),
    births=(Birth("1950-03-21"),),
    countries=("Russia",),
    identifiers=(Identifier("passport", "AB 123456"),),
)


def test_an_equal_identifier_decides_whatever_the_name():
    match = only(Index.of([LAVROV]), "Ivan Petrov", identifiers=(Identifier("passport", "ab-123456"),))
    assert (match.score, match.strength, match.rules) == (100, "exact", ("identifier:passport",))


def test_an_equal_number_of_another_kind_decides_nothing():
    assert (
        Index.of([LAVROV]).screen(Subject(("Ivan Petrov",), "person", identifiers=(Identifier("imo", "AB123456"),)))
        == ()
    )


def test_births_that_differ_leave_the_same_name_weak_and_a_near_one_untold():
    index = Index.of([LAVROV])
    assert only(index, "Sergey Lavrov").strength == "exact"
    assert only(index, "Sergey Lavrov", birth="1951").score == 100
    assert only(index, "Sergey Lavrov", birth="1970").strength == "weak"
    assert index.screen(Subject(("Sergej Lavrow",), "person", "1970")) == ()


def test_an_equal_birth_and_country_add_a_little():
    index = Index.of([LAVROV])
    plain = only(index, "Sergey Lavrow").score
    assert only(index, "Sergey Lavrow", birth="1950-03-21", countries=("RUSSIA",)).score > plain


def test_a_weak_alias_is_a_weak_match():
    assert only(Index.of([LAVROV]), "The Diplomat").strength == "weak"


def test_a_person_is_no_ship():
    index = Index.of([entry("1", "Victory Star", kind="vessel")])
    assert index.screen(Subject(("Victory Star",), "person")) == ()
    assert only(index, "Victory Star", kind="unknown").entry.id == "1"


def test_a_match_says_why_in_both_languages():
    for match in (
        only(Index.of([LAVROV]), "Sergej Lavrow", birth="1950", countries=("Russia",)),
        only(Index.of([LAVROV]), "Ivan Petrov", identifiers=(Identifier("passport", "AB123456"),)),
        only(Index.of([entry("2", "单雄信")]), "Shan Xiongxin"),
    ):
        told = explained(match)
        assert len(told.zh) == len(told.en) > 1
        assert str(match.score) in told.zh[0]
        assert all(han.has_han(each) for each in told.zh[:1])


# ---- lists in versions


def test_a_version_is_what_the_entries_say_not_their_order():
    one, two = entry("1", "Ann Lee"), entry("2", "Bob Ray", Name("Robert Ray", "strong"))
    turned = Entry("2", "person", tuple(reversed(two.names)))
    assert WatchList.of("x", [one, two]).version == WatchList.of("x", [turned, one]).version
    assert WatchList.of("x", [one, two]).version != WatchList.of("x", [one, entry("2", "Bob Ray")]).version


def test_two_versions_differ_by_what_was_added_removed_and_changed():
    before = WatchList.of("x", [entry("1", "Ann Lee"), entry("2", "Bob Ray"), entry("3", "Cy Oak")])
    after = WatchList.of("x", [entry("1", "Ann Lee"), entry("2", "Bob Rayner"), entry("4", "Di Elm")])
    changes = differences(before, after)
    assert [each.id for each in changes.added] == ["4"]
    assert [each.id for each in changes.removed] == ["3"]
    assert [(old.name, new.name) for old, new in changes.changed] == [("Bob Ray", "Bob Rayner")]
    assert not differences(before, before)


def test_an_entry_that_stands_twice_makes_no_list():
    with pytest.raises(ValueError, match="twice"):
        WatchList.of("x", [entry("1", "Ann Lee"), entry("1", "Bob Ray")])


# ---- the index


SYLLABLES = ("ka", "mo", "ri", "ha", "san", "el", "bar", "di", "nov", "ski", "lo", "ren", "tu", "vam", "jos", "pe")


def made_name(rng):
    words = ["".join(rng.choices(SYLLABLES, k=rng.choice((2, 3)))) for _ in range(rng.choice((2, 2, 3)))]
    return " ".join(words)


def wrong(name, rng):
    at = rng.randrange(1, len(name) - 1)
    return rng.choice((name[:at] + name[at + 1 :], name[:at] + rng.choice("aeikst") + name[at:], name.title(), name))


PARTS = (
    "Abdul", "Abdulrahman", "al-Kari", "bin", "van der", "J.", "M", "Mohammed", "Muhamad", "Ali", "Aly", "Maria",
    "Mario", "Rami",
    "Makhlouf", "Machluf", "Jong-un", "Kim", "Li", "Wei", "Wen", "Jordan", "Petrovich", "Dr.", "Tan", "Sergej",
)  # fmt: skip
WHOLE = (
    "习近平",
    "陈大文",
    "Xi Jinping",
    "CHAN Tai Man",
    "김정은",
    "Kim Jong Un",
    "محمد علي",
    "مهدی معروف",
    "Сергей Лавров",
    "王 伟",
)
COMPANIES = (
    "Bank",
    "Iran",
    "Iraq",
    "Shipping",
    "Lines",
    "Group",
    "Ltd",
    "OOO",
    "Novaterra",
    "Novatera",
    "44",
    "of",
    "AkG",
)


def mixed_name(rng):
    if rng.random() < 0.2:
        return rng.choice(WHOLE)
    words = [
        rng.choice(PARTS) if rng.random() < 0.6 else made_name(rng).split()[0] for _ in range(rng.choice((1, 2, 3, 4)))
    ]
    return rng.choice((" ", " ", "-", "")).join(words)


def mixed_company(rng):
    return (
        " ".join(rng.choice(COMPANIES) for _ in range(rng.choice((2, 3, 4)))) if rng.random() < 0.7 else made_name(rng)
    )


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([THRESHOLD, 72, STRONG]))
@example(1, STRONG)  # one word, and an initial that stands for the other
def test_the_index_tells_what_comparing_with_all_tells(seed, threshold):
    rng = random.Random(seed)
    names = [mixed_name(rng) for _ in range(30)] + [mixed_company(rng) for _ in range(15)]
    kinds = ["person"] * 27 + ["unknown"] * 3 + ["entity"] * 15
    index = Index.of(
        entry(str(at), name, kind=kind, births=(Birth("1970-03-14"),) if at % 3 == 0 else ())
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    for name, kind in rng.sample(list(zip(names, kinds, strict=True)), 10):
        looked_for = wrong(name, rng) if len(name) > 3 else name
        birth = rng.choice(("", "1970"))
        for text in (looked_for, name):
            subject = Subject((text,), kind, birth)
            assert index.screen(subject, threshold) == index.screen_all(subject, threshold)


def test_words_few_letters_apart_are_all_found():
    rng = random.Random(3)
    words = {"".join(rng.choices("abcd", k=rng.randrange(1, 9))) for _ in range(300)}
    spelled = Spelled()
    spelled.add(words)
    for word in rng.sample(sorted(words), 40):
        by_hand = {each for each in words if OSA.distance(word, each) <= (1 if max(len(word), len(each)) < 5 else 2)}
        assert set(spelled.near(word, lambda _, longer: 1 if longer < 5 else 2)) == by_hand


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_an_index_that_was_changed_answers_as_one_built_anew(seed):
    rng = random.Random(seed)
    before = WatchList.of("x", [entry(str(at), made_name(rng)) for at in range(60)])
    kept = {key: each for key, each in before.entries.items() if rng.random() > 0.2}
    kept |= {key: entry(key, made_name(rng)) for key in list(kept) if rng.random() < 0.2}
    kept |= {f"n{at}": entry(f"n{at}", made_name(rng)) for at in range(15)}
    after = WatchList.of("x", kept.values())
    index, anew = Index.of(before.entries.values()), Index.of(after.entries.values())
    index.apply(differences(before, after))
    for name in [each.name for each in (*before.entries.values(), *kept.values())][::3]:
        subject = Subject((wrong(name, rng),), "person")
        assert [(each.entry.id, each.score) for each in index.screen(subject)] == [
            (each.entry.id, each.score) for each in anew.screen(subject)
        ]


def test_a_change_concerns_those_who_match_what_is_new():
    subjects = {
        "c1": Subject(("Sergej Lavrow",), "person"),
        "c2": Subject(("Ann Lee",), "person"),
        "c3": Subject(("Nobody Atall",), "person", identifiers=(Identifier("passport", "AB123456"),)),
    }
    found = rescreen(subjects, Changes((LAVROV,), (), ()), index_of(subjects))
    assert sorted(found) == ["c1", "c3"]
    assert found["c1"][0].entry.id == "1"
    assert rescreen(subjects, Changes((), (LAVROV,), ()), index_of(subjects)) == {}


def test_nobody_is_found_in_an_empty_list():
    assert Index.of([]).screen(Subject(("Ann Lee",), "person")) == ()
