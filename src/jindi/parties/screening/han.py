"""The Chinese layer: one written form of characters, their readings, and how names are spelt in Latin letters.

A name in characters is read with its surname first; the surname has readings of its own (单 is Shan, not Dan). A name
in Latin letters is cut into syllables, and each syllable stands for all Mandarin syllables that Pinyin, Wade-Giles, or
a Cantonese or Hong Kong spelling can mean by it. Readings have no tones; ü is v.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice, product
from typing import NamedTuple

from jindi.parties.screening import han_tables
from jindi.parties.screening.romanise import is_han

COMPOUND = frozenset(
    [
        "欧阳",
        "司马",
        "诸葛",
        "上官",
        "司徒",
        "东方",
        "独孤",
        "南宫",
        "夏侯",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "长孙",
        "宇文",
        "司空",
        "令狐",
        "轩辕",
        "端木",
        "百里",
        "东郭",
        "南门",
        "呼延",
        "澹台",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "申屠",
        "仲孙",
        "钟离",
        "万俟",
        "闻人",
        "赫连",
        "公羊",
        "鲜于",
        "闾丘",
        "亓官",
        "司寇",
        "拓跋",
        "第五",
        "完颜",
        "纳兰",
        "西门",
        "东里",
    ]
)
"""Surnames of two characters."""

_SURNAME_READINGS = dict(
    each.split("=")
    for each in [
        "单=shan",
        "曾=zeng",
        "仇=qiu",
        "区=ou",
        "查=zha",
        "朴=piao,pu",
        "解=xie",
        "覃=qin,tan",
        "员=yun,yuan",
        "缪=miao,mou",
        "任=ren",
        "乐=yue,le",
        "盖=ge,gai",
        "翟=zhai,di",
        "黑=he,hei",
        "冼=xian",
        "繁=po,fan",
        "折=she,zhe",
        "那=na",
        "纪=ji",
        "葛=ge",
        "祭=zhai,ji",
        "宿=su",
        "燕=yan",
        "种=chong",
        "召=shao",
        "车=che",
        "訾=zi",
        "隗=wei,kui",
        "郗=xi,chi",
        "郇=xun,huan",
        "牟=mu,mou",
        "宁=ning",
        "应=ying",
        "沈=shen",
        "石=shi",
        "盛=sheng",
        "相=xiang",
        "谌=chen,shen",
        "殷=yin",
        "卜=bu",
        "贾=jia",
        "柏=bai,bo",
        "占=zhan",
        "行=xing",
        "句=gou",
        "阚=kan",
        "厍=she",
        "费=fei,bi",
        "曲=qu",
        "哈=ha",
        "少=shao",
        "过=guo",
        "瞿=qu",
        "适=kuo",
        "洗=xian",
        "秘=bi,mi",
        "能=nai",
        "尹=yin",
        "强=qiang",
        "尧=yao",
        "重=chong",
        "长=chang",
        "都=du",
        "藏=zang",
        "薄=bo",
        "幺=yao",
        "与=yu",
        "万=wan",
        "俞=yu",
        "余=yu",
        "於=yu",
        "曹=cao",
        "蔡=cai",
        "樊=fan",
        "宓=mi,fu",
        "乜=nie",
        "逄=pang",
        "眭=sui",
        "钭=tou",
        "峗=wei",
        "仉=zhang",
        "佴=nai",
        "晁=chao",
        "褚=chu",
        "芮=rui",
        "臧=zang",
        "靳=jin",
        "竺=zhu",
        "舍=she",
        "吴=wu",
        "大=da",
        "巴=ba",
        "石=shi",
        "伍=wu",
        "冯=feng",
        "娄=lou",
        "隽=juan,jun",
        "祝=zhu",
        "郝=hao",
        "洪=hong",
        "华=hua",
        "莘=shen,xin",
        "尉迟=yu-chi",
        "万俟=mo-qi",
        "澹台=tan-tai",
        "令狐=ling-hu",
        "长孙=zhang-sun",
        "单于=chan-yu",
        "亓官=qi-guan",
        "拓跋=tuo-ba",
    ]
)
"""How a character is read as a surname, where a dictionary's first reading misleads."""

_CANTONESE = (
    "明=ming 华=wah 伟=wai 强=keung 志=chi 国=kwok 家=ka 文=man 德=tak 荣=wing 辉=fai 健=kin 美=mei"
    " 丽=lai 玲=ling 英=ying"
    " 芳=fong 珍=chun 嘉=ka 俊=chun 杰=kit 成=shing,sing 永=wing 龙=lung 发=fat 生=sang 光=kwong"
    " 东=tung 建=kin 海=hoi 忠=chung"
    " 祥=cheung 达=tat 雄=hung 威=wai 基=kei 耀=yiu 铭=ming 浩=ho 慧=wai 敏=man 仪=yee 雯=man"
    " 怡=yee,yi 诗=sze 琪=ki 欣=yan"
    " 颖=wing 婷=ting 芬=fan 莲=lin 秀=sau 珠=chu 燕=yin 凤=fung 娟=kuen 玉=yuk 月=yuet 群=kwan"
    " 仁=yan 义=yee 信=shun 安=on"
    " 福=fuk 寿=sau 财=choi 金=kam 银=ngan 水=shui 木=muk 山=shan 树=shu 林=lam 根=kan 泉=chuen"
    " 江=kong 波=po,bor 涛=to 天=tin"
    " 日=yat 星=sing 云=wan 雪=suet 春=chun 夏=ha 秋=chau 大=tai 小=siu 中=chung 少=siu 子=tsz,chi"
    " 兆=siu 仲=chung 伯=pak 启=kai"
    " 世=sai 承=shing 振=chun 镇=chun 锦=kam 鸿=hung 洪=hung 佳=kai 昌=cheung 盛=shing 兴=hing"
    " 旺=wong 新=sun 民=man 平=ping"
    " 和=wo 正=ching 青=ching 清=ching 贤=yin 良=leung 善=sin 恩=yan 惠=wai 宝=po 贵=kwai 富=fu"
    " 赐=chi 柏=pak 松=chung 竹=chuk"
    " 梅=mui 兰=lan 菊=kuk 荷=ho 港=kong 学=hok 友=yau 润=yun 发=fat 星=sing 驰=chi 城=shing 华=wa"
    " 国=gwok 伦=lun 立=lap,lai"
    " 元=yuen 原=yuen 源=yuen 远=yuen 宇=yu 余=yu 如=yu 雨=yu 儿=yi 尔=yi 维=wai 卫=wai 为=wai"
    " 康=hong 汉=hon 红=hung 孝=hau"
    " 厚=hau 恒=hang 衡=hang 权=kuen 泽=chak 宏=wang 宗=chung 庆=hing 景=king 敬=king 劲=king"
    " 炳=ping 秉=ping 培=pui 佩=pui 沛=pui"
    " 佑=yau 有=yau 瑞=sui 玮=wai 莹=ying 盈=ying 雅=nga 雁=ngan 颜=ngan 君=kwan 均=kwan 坤=kwan"
    " 昆=kwan 钧=kwan 朗=long 乐=lok"
    " 诺=lok 洛=lok 力=lik 历=lik 烈=lit 礼=lai 廉=lim 敏=mun 满=mun 武=mo 务=mo 慕=mo 思=sze 斯=sze"
    " 史=sze 师=sze 士=sze 事=sze"
    " 时=si 诗=si 施=si 淑=shuk 叔=shuk 顺=shun 舜=shun 纯=shun 淳=shun 信=sun 晨=sun 辰=sun 申=san"
    " 珊=shan 新=san 心=sum 森=sum"
    " 深=sum 琛=sum 璇=suen 孙=suen 宣=suen 先=sin 仙=sin 声=sing 升=sing 胜=sing 圣=sing 诚=shing"
    " 绍=siu 笑=siu 肇=siu 兆=shiu"
    " 添=tim 田=tin 廷=ting 定=ting 庭=ting 道=to 同=tung 彤=tung 桐=tung 堂=tong 棠=tong 唐=tong"
    " 温=wan 韵=wan 运=wan 允=wan"
    " 宏=wang 咏=wing 泳=wing 慧=wai 蕙=wai 贻=yi 宜=yi 以=yi 艺=ngai 毅=ngai 应=ying 鹰=ying"
    " 影=ying 映=ying 瑛=ying 耀=yew 尧=yiu"
    " 尧=yiu 旭=yuk 煜=yuk 毓=yuk 育=yuk 沃=yuk 仁=yun 恩=yun 然=yin 言=yin 贤=yin 研=yin 彦=yin"
    " 现=yin 嫣=yin 苑=yuen 婉=yuen"
    " 祖=cho,jo 早=cho 左=cho 才=choi 彩=choi 聪=chung 翠=chui 翠=tsui 柱=chu 朱=chu 楚=chor 初=chor"
    " 俊=chun 骏=chun 津=chun 臻=chun"
    " 真=chun 进=chun 晋=chun 致=chi 智=chi 芝=chi 之=chi 知=chi 治=chi 梓=tsz 紫=tsz 姿=chi"
    " 卓=cheuk 焯=cheuk 灼=cheuk 绰=cheuk"
    " 章=cheung 张=cheung 璋=cheung 翔=cheung 长=cheung 彰=cheung 哲=chit 洁=kit 结=kit 超=chiu"
    " 潮=chiu 钊=chiu 昭=chiu 照=chiu"
    " 婵=sim 彬=pan 斌=pan 宾=pan 炜=wai 凯=hoi 开=hoi 可=ho 河=ho 豪=ho 好=ho 贺=ho 皓=ho 熙=hei"
    " 希=hei 喜=hei 曦=hei 晞=hei"
    " 显=hin 轩=hin 宪=hin 谦=him 香=heung 向=heung 响=heung 乡=heung 晓=hiu 雄=hung 虹=hung 雷=lui"
    " 蕾=lui 露=lo 路=lo 罗=lo"
    " 礼=lai 励=lai 莉=lei 利=lei 李=lei 理=lei 灵=ling 令=ling 龄=ling 陵=ling 隆=lung 麟=lun"
    " 伦=lun 联=luen 乔=kiu 娇=kiu 侨=kiu"
    " 琴=kam 琼=king 球=kau 久=kau 九=kau 其=kei 奇=kei 旗=kei 祈=kei 骐=kei 淇=kei 棋=kei 纪=kei"
    " 机=kei 绮=yee 瑶=yiu 玥=yuet 悦=yuet"
)
"""How a character of a given name is spelt in Hong Kong: a selection of our own, of the commonest."""

SIMPLE: dict[int, str] = {
    ord(left): right for left, right in zip(han_tables.SIMPLE[::2], han_tables.SIMPLE[1::2], strict=True)
}
_PART = re.compile(r"[a-z]+|[^a-z ]+")


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for table in (han_tables.READINGS, han_tables.OTHERS):
        parts = iter(table.split(" "))
        for reading, chars in zip(parts, parts, strict=True):
            for char in chars:
                found.setdefault(char, []).append(reading)
    # 乾 is written 干 in simplified characters, but read qian in names.
    found["干"] = list(dict.fromkeys([*found.get("干", ()), "qian"]))
    return {char: tuple(readings) for char, readings in found.items()}


def simple(text: str) -> str:
    """The simplified form of each character, compatibility forms resolved.

    >>> simple("任志強"), simple("劉德華")
    ('任志强', '刘德华')
    """
    return unicodedata.normalize("NFKC", text).translate(SIMPLE)


def has_han(text: str) -> bool:
    """Whether a Chinese character is in it."""
    return not text.isascii() and any(is_han(char) for char in text)


def surname_of(name: str) -> str:
    """The surname of a name in simplified characters.

    >>> surname_of("欧阳娜娜"), surname_of("任志强")
    ('欧阳', '任')
    """
    return name[:2] if len(name) > 2 and name[:2] in COMPOUND else name[:1]


def surname_readings(surname: str) -> tuple[str, ...]:
    """How a surname is read, syllables joined by a hyphen.

    >>> surname_readings("单"), surname_readings("尉迟"), surname_readings("习")
    (('shan',), ('yu-chi',), ('xi',))
    """
    if surname in _SURNAME_READINGS:
        return tuple(_SURNAME_READINGS[surname].split(","))
    return tuple("-".join(each) for each in product(*(readings(char) for char in surname)))


def readings(char: str) -> tuple[str, ...]:
    """All readings of a character, without tones."""
    return _readings().get(char, ())


@lru_cache(maxsize=16_384)
def sounds(name: str) -> tuple[frozenset[str], ...]:
    """For each character of a name (simplified, surname first), all Mandarin syllables that it can be.

    Nothing when a character has no reading.
    """
    surname = surname_of(name)
    heads = [each.split("-") for each in surname_readings(surname)]
    first = [frozenset(each) for each in zip(*heads, strict=True)] if heads else []
    rest = [frozenset(readings(char)) for char in name[len(surname) :]]
    whole = (*first, *rest)
    return whole if len(whole) == len(name) and all(whole) else ()


def latin_forms(name: str, most: int = 6) -> Iterator[tuple[str, str]]:
    """(surname, given name joined) in Pinyin, for every reading, the likeliest first.

    >>> list(latin_forms("单雄信"))[0]
    ('shan', 'xiongxin')
    """
    whole = sounds(name)
    if len(whole) < 2:
        return
    surname = surname_of(name)
    heads = [each.replace("-", "") for each in surname_readings(surname)]
    rest = [readings(char) for char in name[len(surname) :]]
    for head, *given in islice(product(heads, *rest), most):
        yield head, "".join(given)


# ---- syllables in Latin letters


def _wade_giles(pinyin: str) -> Iterator[str]:
    """How Wade-Giles writes a syllable, without apostrophes.

    >>> [*_wade_giles("xi"), *_wade_giles("zhong"), *_wade_giles("guo"), *_wade_giles("lian"), *_wade_giles("nie")]
    ['hsi', 'chung', 'kuo', 'lien', 'nieh']
    """
    special = {
        "zhi": "chih",
        "chi": "chih",
        "shi": "shih",
        "ri": "jih",
        "zi": "tzu",
        "ci": "tzu",
        "si": "szu ssu",
        "er": "erh",
        "yi": "i yi",
        "you": "yu",
        "yan": "yen",
        "ye": "yeh",
        "yong": "yung",
        "yue": "yueh",
        "yuan": "yuan",
        "ge": "ke ko",
        "ke": "ke ko",
        "he": "ho",
        "e": "o",
        "guo": "kuo",
        "kuo": "kuo",
        "huo": "huo",
        "shuo": "shuo sho",
        "gui": "kuei",
        "kui": "kuei",
        "ju": "chu",
        "qu": "chu",
        "xu": "hsu",
    }
    if pinyin in special:
        yield from special[pinyin].split()
        return
    for initial, written in (
        ("zh", "ch"),
        ("ch", "ch"),
        ("sh", "sh"),
        ("b", "p"),
        ("p", "p"),
        ("d", "t"),
        ("t", "t"),
        ("g", "k"),
        ("k", "k"),
        ("j", "ch"),
        ("q", "ch"),
        ("x", "hs"),
        ("z", "ts"),
        ("c", "ts"),
        ("r", "j"),
        *((letter, letter) for letter in "lnmfh"),
    ):
        if pinyin.startswith(initial):
            head, tail = written, pinyin[len(initial) :]
            break
    else:
        head, tail = "", pinyin
    if tail.endswith("ong"):
        tail = tail[:-3] + "ung"
    elif tail == "ian":
        tail = "ien"
    elif tail in {"ie", "ue"}:
        tail += "h"
    elif tail == "uo":
        tail = "o"
    elif pinyin.startswith("ruo") or (tail == "e" and head):
        tail = "e"
    yield head + tail.replace("v", "u")


def _cantonese() -> Iterator[tuple[str, str]]:
    for each in _CANTONESE.split():
        char, _, spellings = each.partition("=")
        for spelling in spellings.split(","):
            for reading in readings(char):
                yield spelling, reading


@cache
def _meanings() -> dict[str, frozenset[str]]:
    """A written syllable and the Mandarin syllables that it can mean."""
    found: dict[str, set[str]] = {}
    for pinyin in {each for several in _readings().values() for each in several}:
        for written in {pinyin, pinyin.replace("v", "u"), pinyin.replace("v", "yu"), *_wade_giles(pinyin)}:
            found.setdefault(written, set()).add(pinyin)
    for spelling, pinyin in _cantonese():
        found.setdefault(spelling, set()).add(pinyin)
    for each in han_tables.SURNAMES.split():
        spelling, _, pinyin = each.partition(":")
        if len(spelling) > 1:
            found.setdefault(spelling, set()).add(pinyin)
    return {written: frozenset(meant) for written, meant in found.items()}


@cache
def _pinyin() -> frozenset[str]:
    return frozenset(each.replace("v", "u") for several in _readings().values() for each in several)


@lru_cache(maxsize=65_536)
def is_pinyin(word: str) -> bool:
    """Whether a word is one to three syllables of Pinyin.

    >>> is_pinyin("jinping"), is_pinyin("wei"), is_pinyin("smith")
    (True, True, False)
    """
    return any(_pinyin().issuperset(cut) for cut in syllables(word))


_ACCENTS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("x", "s"))


def is_syllable(word: str) -> bool:
    """Whether a word is one syllable of Pinyin."""
    return word in _pinyin()


def said_alike(ours: str, theirs: str) -> bool:
    """Whether two syllables are the same to those who don't tell zh from z, or ng from n, as many don't.

    >>> said_alike("fang", "fan"), said_alike("zhang", "zang"), said_alike("wei", "wen")
    (True, True, False)
    """
    for told, heard in _ACCENTS:
        ours, theirs = ours.replace(told, heard), theirs.replace(told, heard)
    return ours == theirs


@lru_cache(maxsize=65_536)
def syllables(word: str) -> tuple[tuple[str, ...], ...]:
    """All ways to cut a word into at most three written syllables, fewest first.

    >>> syllables("jinping")[0], syllables("hsiaoping")[0], syllables("smith")
    (('jin', 'ping'), ('hsiao', 'ping'), ())
    """
    meant = _meanings()

    def cut(rest: str, left: int) -> Iterator[tuple[str, ...]]:
        if not rest:
            yield ()
        elif left:
            for end in range(min(len(rest), 7), 0, -1):
                if rest[:end] in meant:
                    for more in cut(rest[end:], left - 1):
                        yield (rest[:end], *more)

    if len(word) > 18:
        return ()
    return tuple(sorted(cut(word, 3), key=len)[:4])


Sounds = tuple[frozenset[str], ...]


class Spelt(NamedTuple):
    """What a name in Latin letters can be in Mandarin: of each syllable all that it can mean, and as it is written;
    whether all of it is Pinyin, and whether no word was left out.
    """

    sounds: Sounds
    written: tuple[str, ...]
    is_pinyin: bool
    is_whole: bool


@lru_cache(maxsize=65_536)
def spelt(tokens: tuple[str, ...]) -> tuple[Spelt, ...]:
    """What a name in Latin letters can be in Mandarin: its syllables in the order of surname first, for each order and
    cut that is possible. A word that is no Chinese syllable before the others (an English given name) is left out.
    Nothing when it isn't Chinese.
    """
    kept = tokens
    while len(kept) > 2 and not syllables(kept[0]):
        kept = kept[1:]
    while len(kept) > 2 and not syllables(kept[-1]):
        kept = kept[:-1]
    if len(kept) < 2 or len(kept) > 4 or len(kept) < len(tokens) - 1:
        return ()
    cuts = [syllables(each) for each in kept]
    if not all(cuts):
        return ()
    meant, pinyin = _meanings(), _pinyin()
    found: dict[Spelt, None] = {}
    for chosen in islice(product(*cuts), 12):
        for order in (chosen, (chosen[-1], *chosen[:-1]), (chosen[1:] + chosen[:1]) if len(chosen) > 2 else chosen):
            written = [syllable for word in order for syllable in word]
            if 2 <= len(written) <= 4:
                sounds = tuple(meant[each] for each in written)
                found[Spelt(sounds, tuple(written), pinyin.issuperset(written), len(kept) == len(tokens))] = None
    return tuple(found)


def keys_of(whole: Sounds, most: int = 64) -> Iterator[str]:
    """The spellings by which a name is found again, each character's syllables in order.

    >>> sorted(keys_of((frozenset({"qin", "tan"}), frozenset({"wei"}))))
    ['qin wei', 'tan wei']
    """
    yield from (" ".join(each) for each in islice(product(*(sorted(one) for one in whole)), most))
