"""What Python's reader of TOML says of a text: its sentences are the library's, the same for files and for forms."""

from typing import Final

PHRASES: Final = {
    "at {}": "{0:t}",
    "line {}, column {}": "第 {0} 行第 {1} 列",
    "end of document": "文末",
    "Invalid statement": "不是合规的语句",
    "Expected newline or end of document after a statement": "语句之后应换行或结束",
    "Expected {}": "此处应为 {0}",
    "Found invalid character {}": "含有非法字符 {0}",
    "Cannot declare {} twice": "{0} 重复声明",
    "Cannot overwrite a value": "同一个键写了两次",
    "Expected ']' at the end of a table declaration": "表头末尾缺少 ]",
    "Expected ']]' at the end of an array declaration": "表数组的表头末尾缺少 ]]",
    "Cannot mutate immutable namespace {}": "{0} 已写完，不能再补充",
    "Cannot redefine namespace {}": "{0} 不能重新定义",
    "Expected '=' after a key in a key/value pair": "键之后应为 =",
    "Invalid initial character for a key part": "键不能以这个字符开头",
    "Unclosed array": "数组没有写完",
    "Unclosed inline table": "行内表没有写完",
    "Duplicate inline table key {}": "行内表的键 {0} 重复",
    "Unescaped '\\' in a string": "字符串中的 \\ 没有转义",
    "Invalid hex value": "不是合规的十六进制值",
    "Escaped character is not a Unicode scalar value": "转义的不是合规的 Unicode 字符",
    "Unterminated string": "字符串没有写完",
    "Illegal character {}": "非法字符 {0}",
    "Invalid date or datetime": "不是合规的日期或时间",
    "Invalid value": "不是合规的取值",
}  # fmt: skip
