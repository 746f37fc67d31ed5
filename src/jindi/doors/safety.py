"""What is said of passwords and links, in both languages: one form for the API and the command line."""

from collections.abc import Mapping
from typing import Any, Final

from jindi.access import Trouble
from jindi.run.phishing import Level, Scored

TROUBLES: Final[Mapping[Trouble, tuple[str, str]]] = {
    Trouble.SHORT: ("太短，至少 8 位", "too short: at least 8 characters"),
    Trouble.LONG: ("太长", "too long"),
    Trouble.UNREADABLE: ("含有不可见字符", "has invisible characters"),
    Trouble.KINDS: ("字符种类太少", "has too few kinds of characters"),
    Trouble.LETTER_AND_DIGIT: ("须同时有字母和数字", "needs a letter and a digit"),
    Trouble.GUESSABLE: (
        "太好猜：常见词、姓名拼音、生日或键盘顺序", "too easy to guess: common words, names, dates or keys in a row",
    ),
    Trouble.BREACHED: ("在已泄露的密码之中，请换一个从未用过的", "among leaked passwords: choose one you never used"),
    Trouble.USED_BEFORE: ("以前用过", "was used before"),
}  # fmt: skip
"""What is wrong with a new password, for who chose it."""

LEVELS: Final[Mapping[Level, tuple[str, str]]] = {
    "own": ("本平台自己的域名", "your own domain"),
    "low": ("未见异常", "nothing stands out"),
    "doubtful": ("可疑，请核实后再打开", "doubtful: check before opening it"),
    "imitation": ("仿冒本平台域名，不要打开", "imitates a domain of yours: don't open it"),
}

HOW: Final[Mapping[str, tuple[str, str]]] = {
    "looks_the_same": ("看上去与本平台域名一模一样", "looks the same as your domain"),
    "nearly_the_same": ("与本平台域名只差一两个字母", "is a letter or two away from your domain"),
    "other_suffix": ("同名而后缀不同", "has your name under another suffix"),
    "inside_the_name": ("把本平台名称嵌在别的域名里", "has your name inside another domain's"),
    "before_the_name": ("把本平台名称放在别人域名的前面", "has your name in front of somebody else's domain"),
    "in_the_user": ("把本平台域名写在 @ 之前", "has your domain in front of an @"),
}


def scored_document(scored: Scored) -> dict[str, Any]:
    """A link as judged; the link itself is not in it."""
    imitation = scored.imitation
    return {
        "level": scored.level,
        "zh": LEVELS[scored.level][0],
        "en": LEVELS[scored.level][1],
        "probability": round(scored.probability, 6),
        "host": scored.url.host,
        "domain": scored.url.domain,
        "imitates": None if imitation is None else {
            "domain": imitation.domain, "how": imitation.how, "zh": HOW[imitation.how][0], "en": HOW[imitation.how][1],
        },
        "shares": [
            {"input": name, "value": value, "points": round(points, 4)} for name, value, points in scored.shares
        ],
    }  # fmt: skip
