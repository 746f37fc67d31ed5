"""An expression as the other rooms hold it: read once, checked once, never changed."""

from dataclasses import dataclass

from jindi.language import syntax
from jindi.language.check import check
from jindi.language.meaning import Read, value_of
from jindi.language.tree import Node, inputs
from jindi.language.types import Scope, Type, Value


class ExpressionProblems(Exception):  # noqa: N818 - it is the list of problems itself that is raised
    """All that is wrong with one expression: each a sentence with its remedy in brackets."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `text` is as it was written; `str(expression)` is its one canonical form.

    `inputs` are the slots that facts must carry, as canonical texts: a name (`amount`), a limit
    (`limit('big')`), a membership (`user in list('blocked')`).
    """

    text: str
    type: Type
    inputs: frozenset[str]
    tree: Node

    def __str__(self) -> str:
        return str(self.tree)


def read(text: str, scope: Scope) -> Expression:
    """The expression that a text writes, over the names of a scope and the time words.

    Raises ExpressionProblems with every problem found. Takes bounded time for any text.
    """
    try:
        bare = syntax.parse(text)
    except syntax.NotReadable as refusal:
        raise ExpressionProblems((str(refusal),)) from None
    tree, problems = check(bare, scope)
    if problems or tree is None:
        raise ExpressionProblems(problems)
    return Expression(text, tree.type, frozenset(inputs(tree)), tree)


def evaluate(expression: Expression, read: Read) -> Value:
    """The value of an expression, None where it is missing; `read` gives each input's value.

    The plain walk over the tree that compiled rules must equal; for speed use build_rules, build_values.
    """
    return value_of(expression.tree, read)
