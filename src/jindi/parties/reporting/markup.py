"""XML in and out as plain elements: no entity is ever expanded, nothing is fetched, everything has a limit."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat  # nosec - declarations are refused below, so nothing is expanded

from jindi.basics.problems import Problem, Problems

BYTES_MAX: Final = 64 << 20
DEPTH_MAX: Final = 32
ELEMENTS_MAX: Final = 2_000_000
TEXT_MAX: Final = 100_000
ATTRIBUTES_MAX: Final = 8
"""Design defaults, far above what a packet that fits its ZIP holds."""

_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,31}\Z", re.ASCII)
_REFUSED: Final = frozenset({"Cc", "Cs"})
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(slots=True)
class Element:
    """An element: its name without its namespace, attributes, text, and the line on which it begins."""

    tag: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def text(self) -> str:
        """Its own text, as it stands."""
        return "".join(self.parts)


def unwritable(text: str, *, lines: bool = False) -> bool:
    r"""Whether a text holds what no report may: control characters (line ends but where `lines` may be), halves of
    characters, places that are no characters, and marks that turn the order of reading round.

    >>> unwritable("李敏·O'Neil 𠮷"), unwritable("a\x00"), unwritable("a\nb"), unwritable("a\nb", lines=True)
    (False, True, True, False)
    """
    return any(
        (unicodedata.category(each) in _REFUSED and not (lines and each == "\n"))
        or each in _BIDI
        or ord(each) & 0xFFFE == 0xFFFE
        or 0xFDD0 <= ord(each) <= 0xFDEF
        for each in text
    )


def shown(name: str) -> str:
    """A name that stood in a file, if it is one that a format could have; a problem must not quote what it is not.

    >>> shown("urgncy"), shown("李敏"), shown("13812345678")
    ('urgncy', 'a name', 'a name')
    """
    return name if _NAME.match(name) else "a name"


def escaped(text: str) -> str:
    """A text as it stands between tags.

    >>> escaped("A<B> & C")
    'A&lt;B&gt; &amp; C'
    """
    return text.translate(_ESCAPES)


def read_markup(data: bytes, where: str) -> Element:
    """The root of a document in UTF-8. Raises Problems; they name lines and never content."""
    if len(data) > BYTES_MAX:
        raise Problems([Problem(where, "", f"is larger than {BYTES_MAX >> 20} MiB", "give one packet at a time")])
    root, count = Element("", 0), 0
    stack = [root]
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
    parser.buffer_text = True

    def refuse(problem: str, remedy: str = "give the file as it was made") -> None:
        raise Problems([Problem(where, f"line {parser.CurrentLineNumber}", problem, remedy)])

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > ELEMENTS_MAX:
            refuse(f"holds more than {ELEMENTS_MAX:,} elements")
        if len(attributes) > ATTRIBUTES_MAX:
            refuse("has too many attributes")
        element = Element(tag.rpartition(" ")[2], parser.CurrentLineNumber, attributes)
        stack[-1].children.append(element)
        stack.append(element)
        if len(stack) > DEPTH_MAX:
            refuse("elements lie too deep")

    def end(_: str) -> None:
        stack.pop()

    def text(found: str) -> None:
        element = stack[-1]
        element.count += len(found)
        if element.count > TEXT_MAX:
            refuse("holds too long a text")
        element.parts.append(found)

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        # The centre's own sample writes the hyphen of UTF-8 in another character.
        if encoding is not None and encoding.upper().replace("\u2010", "-") != "UTF-8":
            refuse("is not declared as UTF-8", "save it as UTF-8")

    def doctype(*_: object) -> None:
        refuse("declares a document type", "give it without DOCTYPE: nothing is expanded here")

    def instruction(*_: object) -> None:
        refuse("holds a processing instruction", "leave it out")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    parser.StartDoctypeDeclHandler, parser.XmlDeclHandler = doctype, declared
    parser.ProcessingInstructionHandler = instruction
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        problem = Problem(
            where, f"line {error.lineno}", f"is no XML: {expat.ErrorString(error.code)}", "fetch it again"
        )
        raise Problems([problem]) from None
    return root.children[0]
