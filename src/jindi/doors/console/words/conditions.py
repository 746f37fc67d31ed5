"""What the language says is wrong with a condition, in Chinese: its own sentences are English, with the place in them.

A sentence that nobody has put into Chinese yet stays as it is: it names the place all the same.
"""

import re
from typing import Final

_KINDS: Final = {
    "a whole number": "整数", "an amount": "金额", "true or false": "是/否", "a text": "文本", "a token": "标识令牌",
    "a time": "时刻", "a duration": "时长", "a ratio": "比率", "a list": "名单", "whole numbers": "整数",
    "amounts": "金额", "truths": "是/否", "texts": "文本", "tokens": "标识令牌", "times": "时刻", "durations": "时长",
    "ratios": "比率", "lists": "名单",
}  # fmt: skip

_PROBLEMS: Final = (
    (r"unknown name '(.*)'", r"没有名为“\1”的字段或特征"),
    (r"unknown limit '(.*)'", r"没有名为“\1”的限额"),
    (r"unknown list '(.*)'", r"没有名为“\1”的名单"),
    (r"unknown word '(.*)'", r"没有“\1”这个函数"),
    (r"'(.*)' between two (.*): they have no order", r"“\1”不能比较两个\2：没有大小之分"),
    (r"'(.*)' between (.*) and (.*)", r"“\1”两边类型不同：\2与\3"),
    (r"'(.*)' doesn't work between (.*) and (.*)", r"“\1”不能用于\2与\3"),
    (r"'(.*)' is given (.*): (.*)", r"“\1”需要条件，却得到\2：\3"),
    (r"amounts in different currencies meet: (.*) and (.*)", r"币种不同的金额相遇：\1 与 \2"),
    (r"list '(.*)' holds (.*), but '(.*)' is (.*)", r"名单“\1”收录\2，而“\3”是\4"),
    (r"(.*) can't be looked up in a list", r"\1 不能到名单中查找"),
    (r"two constants are compared: (.*)", r"比较的是两个常量：\1"),
    (r"empty square brackets are never matched", r"方括号内为空，永不成立"),
    (r"(.*) stands in square brackets", r"方括号内出现 \1"),
    (r"members of different kinds stand in square brackets", r"方括号内的成员类型不同"),
    (r"'in' is asked about (.*)", r"“in”不能用于\1"),
    (r"'in' needs a named list or literals in square brackets", r"“in”之后须为名单或方括号内的字面值"),
    (r"list\(\.\.\.\) stands alone", r"list(…) 不能单独使用"),
    (r"square brackets at character (\d+) stand alone", r"第 \1 个字符处的方括号不能单独使用"),
    (r"'(.*)' by zero at character (\d+)", r"第 \2 个字符处“\1”除以零"),
    (r"(.*) has no sign", r"\1没有正负号"),
    (r"it must be bool, not (.*)", r"条件须为“是/否”，而不是 \1"),
    (r"empty", r"条件为空"),
    (r"ends too early", r"条件没有写完"),
    (r"(.*) at character (\d+) doesn't fit", r"第 \2 个字符处的 \1 放在这里不通"),
    (r"(.*) at character (\d+) has no meaning here", r"第 \2 个字符处的 \1 在这里没有意义"),
    (r"the number at character (\d+) (.*)", r"第 \1 个字符处的数字不合规范"),
    (r"the text at character (\d+) (.*)", r"第 \1 个字符处的文本不合规范"),
    (r"(\w+)\(\.\.\.\) at character (\d+): (.*)", r"第 \2 个字符处的 \1(…)：\3"),
    (r"longer than (\d+) characters", r"超过 \1 个字符"),
    (r"(\w+) needs one quoted text", r"\1 需要一个带引号的文本"),
    (r"(\w+) needs a literal whole number", r"\1 需要一个整数字面值"),
    (r"(\w+) takes (.*)", r"\1 的参数个数不对"),
    (r"nested more than (\d+) deep at character (\d+)", r"第 \2 个字符处嵌套超过 \1 层"),
    (r"and (\d+) more problems", r"还有 \1 处问题"),
)
_REMEDIES: Final = (
    (r"did you mean (.*)\?", r"是否想写 \1？"),
    (r"known here: (.*) and (\d+) more", r"可用：\1，另有 \2 个"),
    (r"known here: (.*)", r"可用：\1"),
    (r"money compares only with money: (.*)", r"金额只能与金额比较，写作 \1"),
    (r"a duration compares only with a duration: (.*)", r"时长只能与时长比较，写作 \1"),
    (r"a token equals only a token of the same identifier; use in list\('name'\) for known values",
     r"标识令牌只能与同类标识相等；已知的值请放入名单，写作 in list('名单')"),
    (r"true and false compare only with each other", r"是/否只能与是/否比较"),
    (r"take the difference of two times and compare it with a duration: (.*)", r"请取两个时刻之差再与时长比较：\1"),
    (r"compare values of one kind", r"请比较同一类型的值"),
    (r"compare it with something, or ask missing\(x\)", r"请与某个值比较，或写 missing(x)"),
    (r"compare something, or ask missing\(x\)", r"请作比较，或写 missing(x)"),
    (r"write the number as an amount: (.*)", r"请把数字写成金额：\1"),
    (r"use == or !=", r"请用 == 或 !="),
    (r"write (.*)", r"请写 \1"),
    (r"close the text with the same quote, on the same line", r"文本须以同样的引号在同一行结束"),
    (r"an operator is missing before it", r"它前面缺少运算符"),
    (r"a value is expected here", r"这里应为一个值"),
    (r"(.*) is expected here", r"这里应为 \1"),
    (r"names and signs are plain ASCII; other characters stand only inside quoted text",
     r"名称与符号须为英文字符（注意全角括号、引号）；其他字符只能写在带引号的文本里"),
    (r"name at least one member", r"至少写一个成员"),
    (r"look up a field or a feature by its name", r"请按名称查找字段或特征"),
    (r"look up a field of the same kind", r"请查找同一类型的字段"),
    (r"mend these first", r"请先修正以上问题"),
    (r"put it and its condition in brackets", r"请给它与其条件加括号"),
)  # fmt: skip

_PLACE: Final = re.compile(r"at character (\d+)")


def told_in_chinese(problem: str) -> str:
    """A problem of a condition in Chinese.

    >>> told_in_chinese("'>=' between an amount in CNY and a whole number")
    '“>=”两边类型不同：金额（CNY）与整数'
    >>> told_in_chinese("something that nobody has put into Chinese")
    'something that nobody has put into Chinese'
    """
    return _in_chinese(problem, _PROBLEMS)


def remedy_in_chinese(remedy: str) -> str:
    """Its remedy in Chinese.

    >>> remedy_in_chinese("did you mean 'amount'?")
    '是否想写 ‘amount’？'
    """
    return (
        _in_chinese(remedy, _REMEDIES).replace(" or ", " 或 ").replace("'", "‘", 1).replace("'", "’", 1)
        if (remedy.startswith("did you mean"))
        else _in_chinese(remedy, _REMEDIES)
    )


def place_of(problem: str) -> int | None:
    """The character that a problem names, counted from one.

    >>> place_of("'&&' at character 9 doesn't fit"), place_of("unknown name 'x'")
    (9, None)
    """
    match = _PLACE.search(problem)
    return int(match[1]) if match is not None else None


def parted(line: str) -> tuple[str, str]:
    """A sentence and the remedy that stands in brackets at its end.

    >>> parted("unknown name 'big' (write limit('big'))")
    ("unknown name 'big'", "write limit('big')")
    >>> parted("ends too early (')' is expected here)")
    ('ends too early', "')' is expected here")
    """
    if not line.endswith(")"):
        return line, ""
    depth = 0
    for at in range(len(line) - 1, 0, -1):
        depth += (line[at] == ")") - (line[at] == "(")
        if depth == 0 and line[at - 1] == " ":
            return line[: at - 1], line[at + 1 : -1]
    # A bracket that is only spoken of has no other half.
    problem, _, remedy = line[:-1].rpartition(" (")
    return (problem, remedy) if problem else (line, "")


def _in_chinese(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, chinese in table:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            groups = match.groups()
            return re.sub(r"\\(\d)", lambda each, groups=groups: _kind(groups[int(each[1]) - 1]), chinese)  # type: ignore[misc]
    return text


def _kind(text: str) -> str:
    """A kind of value in Chinese; anything else as it is."""
    for english, chinese in _KINDS.items():
        if text == english:
            return chinese
        for joint in (" in ", " of "):
            if text.startswith(english + joint):
                return f"{chinese}（{text.removeprefix(english + joint)}）"
    return text
