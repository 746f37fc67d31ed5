"""XML as plain nodes with their lines: no names resolved, no entities declared, nothing fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat  # nosec - declarations are refused below, so nothing is expanded

from jindi.basics.problems import Problem, Problems

DEPTH_MAX = 64


@dataclass(slots=True)
class Node:
    """An element: its name without its namespace, attributes, text, and the line on which it begins."""

    tag: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> Iterator["Node"]:
        """The children of this name."""
        return (each for each in self.children if each.tag == tag)

    def first(self, tag: str) -> str:
        """The text of the first child of this name that has any."""
        return next((each.text.strip() for each in self.all(tag) if each.text.strip()), "")

    def get(self, name: str) -> str:
        """An attribute, or nothing."""
        return self.attributes.get(name, "").strip()


def read_xml(data: bytes, where: str) -> Node:
    """The root of a document. Raises Problems."""
    root = Node("", 0)
    stack = [root]
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def begin(tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag.rpartition(" ")[2], parser.CurrentLineNumber, attributes)
        stack[-1].children.append(node)
        stack.append(node)
        if len(stack) > DEPTH_MAX:
            raise Problems(
                [Problem(where, f"line {node.line}", "elements lie too deep", "give the publisher's own file")]
            )

    def end(_: str) -> None:
        stack.pop()

    def text(found: str) -> None:
        stack[-1].text += found

    def refuse(*_: object) -> None:
        line = f"line {parser.CurrentLineNumber}"
        raise Problems(
            [Problem(where, line, "declares a document type", "give the publisher's own file, without DOCTYPE")]
        )

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        problem = Problem(
            where, f"line {error.lineno}", f"is no XML: {expat.ErrorString(error.code)}", "fetch the file again"
        )
        raise Problems([problem]) from None
    return root.children[0]
