"""A match in sentences that a person reads, in Chinese and in English: which names, how their words were put together,
what capped or raised the score.
"""

from dataclasses import dataclass

from jindi.parties.screening.compare import Pair
from jindi.parties.screening.index import Match

STRENGTHS = {"exact": ("完全一致", "exact"), "strong": ("强", "strong"), "weak": ("弱", "weak")}
QUALITIES = {
    "primary": ("主名", "primary name"),
    "strong": ("别名", "alias"),
    "weak": ("低质量别名", "low-quality alias"),
}
KINDS = {
    "person": ("个人", "person"),
    "entity": ("机构", "entity"),
    "vessel": ("船舶", "vessel"),
    "aircraft": ("航空器", "aircraft"),
    "unknown": ("未注明类型", "unknown kind"),
}
_BY = {
    "same": ("相同", "the same"),
    "nickname": ("同一名字的昵称或异形", "forms of one given name"),
    "sound": ("读音相近", "alike by sound"),
    "consonants": ("辅音相同", "the same consonants"),
    "letters": ("个别字母不同", "some letters differ"),
    "initial": ("首字母缩写", "an initial"),
    "joined": ("断词不同", "cut into words otherwise"),
    "characters": ("汉字比对", "compared by characters"),
    "acronym": ("首字母缩写", "the first letters of the words"),
    "reading": ("汉字读音与拼写对应", "a spelling of these characters"),
}
_RULES = {
    "contradiction": ("双方都有对方没有的词，按矛盾计", "Both names have words that contradict each other."),
    "surplus": ("其中一方多出的词，略减分", "One name has words more, which weigh a little."),
    "joined": ("分写与连写视为同一个词", "Words written together and apart were taken as the same."),
    "order": ("词序不同，不影响比对", "The words stand in another order, which does not count."),
    "one_word": ("只有一个词可比，分数封顶", "There is but one word to compare, so the score is capped."),
    "common_only": ("只有一个常见词相同，分数封顶", "Only one common word is the same, so the score is capped."),
    "acronym": (
        "一方是另一方各词的首字母缩写：至多为弱匹配",
        "One is made of the other's first letters: weak at the most.",
    ),
    "numbers": ("名称中的数字不同，分数封顶", "The names have other numbers, so the score is capped."),
    "legal_form": ("法律形式不同", "The legal forms differ."),
    "reading": (
        "按汉字读音（拼音）比对；汉字本身无从核对",
        "Compared by the reading of the characters (Pinyin); the characters themselves can't be checked.",
    ),
    "spelling": (
        "按威妥玛、粤语等拼写比对，可能对应多个姓名",
        "Compared by another spelling (Wade–Giles, Cantonese), which several names share.",
    ),
    "variant": ("繁简或异体字视为同一个字", "Traditional, simplified and variant characters are the same character."),
    "other_characters": (
        "读音相同或相近，但汉字不同：至多为弱匹配",
        "It sounds alike, but the characters differ: weak at the most.",
    ),
    "country_agrees": ("国家一致，加分", "The country agrees, which adds."),
    "birth_agrees": ("出生日期一致，加分", "The birth agrees, which adds."),
    "birth_differs": ("出生日期不符，封顶为弱匹配", "The births differ: weak at the most."),
    "weak_name": (
        "发布方标注该别名质量低，至多为弱匹配",
        "The publisher calls this alias low quality: weak at the most.",
    ),
}
_NUMBER = ("证件或登记号码一致（{kind}），直接认定", "An identifier is equal ({kind}), which decides.")
_NUMBERS = {
    "passport": ("护照", "passport"),
    "national_id": ("身份证件", "national identity"),
    "uscc": ("统一社会信用代码", "unified social credit code"),
    "imo": ("IMO 编号", "IMO number"),
    "registration": ("登记号", "registration"),
    "tax": ("税号", "tax number"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences in both languages, one for one."""

    zh: tuple[str, ...]
    en: tuple[str, ...]


def explained(match: Match, *, is_clear: bool = True) -> Told:
    """Why an entry is told of, sentence by sentence. `is_clear` False: without the words of whoever was looked for, for
    those who may see a match and not the name; the list's own names are public.
    """
    strength, quality, kind = STRENGTHS[match.strength], QUALITIES[match.name.quality], KINDS[match.entry.kind]
    ours = (f"“{match.ours}”", f"“{match.ours}”") if is_clear else ("客户姓名", "The name")
    zh = [
        (
            f"{ours[0]}与名单条目 {match.entry.id}（{kind[0]}）的{quality[0]}"
            f"“{match.name.text}”：{match.score} 分，{strength[0]}匹配。"
        )
    ]
    en = [
        (
            f"{ours[1]} and the {quality[1]} “{match.name.text}” of entry {match.entry.id} ({kind[1]}):"
            f" {match.score} of 100, {strength[1]}."
        )
    ]
    for pair in match.comparison.pairs:
        put = f"“{pair.ours}” ↔ “{pair.theirs}”" if is_clear else f"“{pair.theirs}”"
        zh.append(f"{put}：{_by(pair)[0]}{_share(pair)}。")
        en.append(f"{put}: {_by(pair)[1]}{_share(pair)}.")
    if left := match.comparison.left_ours:
        zh.append(f"只在被查名称中：{'、'.join(left) if is_clear else f'{len(left)} 个词'}。")
        en.append(f"Only in the name looked for: {', '.join(left) if is_clear else f'{len(left)} words'}.")
    if left := match.comparison.left_theirs:
        zh.append(f"只在名单名称中：{'、'.join(left)}。")
        en.append(f"Only in the list's name: {', '.join(left)}.")
    for rule in match.rules:
        word, _, number = rule.partition(":")
        if word == "identifier":
            names = _NUMBERS.get(number, (number or "号码", number or "number"))
            zh.append(_NUMBER[0].format(kind=names[0]) + "。")
            en.append(_NUMBER[1].format(kind=names[1]))
        else:
            zh.append(f"{_RULES[word][0]}。")
            en.append(_RULES[word][1])
    return Told(tuple(zh), tuple(en))


def _by(pair: Pair) -> tuple[str, str]:
    return _BY[pair.by]


def _share(pair: Pair) -> str:
    return "" if pair.likeness == 1.0 else f" ({pair.likeness:.0%})"
