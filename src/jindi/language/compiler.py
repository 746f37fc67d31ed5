"""From checked trees to one Python function: all rules of a policy, or all values, in one call.

Each condition is written in the form "definitely true"; where it is negated, in the form "definitely
false". So missing values need no third truth at run time: a comparison that may be missing is simply
preceded by what must be present. Generated code holds only generated names (`v3` an input, `t7` a result
in between, `k2` a constant), numbers and operators; nothing of a user's text stands in it. What is about to
be run is checked against that promise once more, and runs without builtins.
"""

import ast
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jindi.language.expression import Expression
from jindi.language.meaning import INT_LEAST, INT_MOST
from jindi.language.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    InCurrency,
    Limit,
    Listed,
    Name,
    Negative,
    Node,
    Not,
    OneOf,
    Or,
    children,
    slot,
)
from jindi.language.types import BOOL, Kind, Value
from jindi.language.words import distance_km

Rules = Callable[[Sequence[Value]], list[int]]
"""From facts in slot order to the indices of the conditions that are definitely true, ascending."""

Values = Callable[[Sequence[Value]], tuple[Value, ...]]
"""From facts in slot order to the value of each expression; None is missing."""

Truths = Callable[[Sequence[Value]], tuple[bool, ...]]
"""From facts in slot order to whether each condition is definitely true."""

Known = frozenset[str]
"""Tests that hold already where a piece of code stands, and need not be made again."""

NOTHING: Known = frozenset()


def build_rules(conditions: Sequence[Expression], slots: Mapping[str, int]) -> Rules:
    """One function that tells which of the conditions are definitely true.

    `slots` says where facts carry each input. Inputs that are bool hold True, False or None and nothing
    else, whole numbers lie within 64 bits, ratios are finite. Raises LookupError for an input without a
    slot and TypeError for a condition that isn't true or false.
    """
    writer = _Writer(slots)
    lines = ["h = []"]
    for index, condition in enumerate(conditions):
        if condition.type != BOOL:
            raise TypeError(f"condition {index} is {condition.type}, not true or false; compare it with something")
        code, _ = writer.true(condition.tree, NOTHING)
        lines += [f"if {code}:", f" h.append({index})"]
    function: Rules = writer.function([*lines, "return h"])
    return function


def build_truths(conditions: Sequence[Expression], slots: Mapping[str, int]) -> Truths:
    """One function that says of each condition whether it is definitely true; the same demands as build_rules."""
    writer = _Writer(slots)
    results = []
    for index, condition in enumerate(conditions):
        if condition.type != BOOL:
            raise TypeError(f"condition {index} is {condition.type}, not true or false; compare it with something")
        code, _ = writer.true(condition.tree, NOTHING)
        results.append(f"True if {code} else False, ")
    function: Truths = writer.function([f"return ({''.join(results)})"])
    return function


def build_values(expressions: Sequence[Expression], slots: Mapping[str, int]) -> Values:
    """One function that gives the value of each expression; the same demands on slots as build_rules."""
    writer = _Writer(slots)
    results = [writer.whole(expression.tree) for expression in expressions]
    function: Values = writer.function([f"return ({''.join(f'{result}, ' for result in results)})"])
    return function


class _Writer:
    """Writes code for trees, and gathers the inputs and constants that the code names."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        self.slots = slots
        self.loaded: set[int] = set()
        self.constants: dict[str, Any] = {}
        self.names: dict[tuple[type, Any], str] = {}
        self.temporaries = 0

    # -- names --------------------------------------------------------------------------------------

    def input(self, node: Name | Limit | Listed) -> str:
        where = slot(node)
        if where not in self.slots:
            raise LookupError(f"no slot for the input {where}: give every input of every expression a slot")
        index = self.slots[where]
        if type(index) is not int or index < 0:
            raise LookupError(f"the slot of {where} isn't a whole number from 0 up")
        self.loaded.add(index)
        return f"v{index}"

    def constant(self, value: Any) -> str:
        """The name under which the code finds a constant that isn't a number."""
        key = (type(value), value)
        if key not in self.names:
            name = self.names[key] = f"k{len(self.names)}"
            self.constants[name] = value
        return self.names[key]

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def bound(self, text: str) -> tuple[str, str]:
        """How to write a piece of code the first time and every time after, so that it runs once."""
        if _ATOM.match(text):
            return text, text
        name = self.temporary()
        return f"({name} := {text})", name

    # -- conditions: definitely true, definitely false -----------------------------------------------

    def true(self, node: Node, known: Known) -> tuple[str, Known]:
        """Code that holds exactly when the node is true; and what is known where it does."""
        match node:
            case Constant(value=value):
                return repr(value is True), known
            case Name() | Limit() | Listed():
                name = self.input(node)
                return name, known | {f"{name} is not None"}
            case Not(operand=operand):
                return self.false(operand, known)
            case And(parts=parts):
                return self.every(self.true, parts, known)
            case Or(parts=parts):
                return self.some(self.true, parts, known)
            case _:
                return self.decided(node, known, wanted=True)

    def false(self, node: Node, known: Known) -> tuple[str, Known]:
        """Code that holds exactly when the node is false; and what is known where it does."""
        match node:
            case Constant(value=value):
                return repr(value is False), known
            case Name() | Limit() | Listed():
                name = self.input(node)
                return f"{name} is False", known | {f"{name} is not None"}
            case Not(operand=operand):
                return self.true(operand, known)
            case And(parts=parts):
                return self.some(self.false, parts, known)
            case Or(parts=parts):
                return self.every(self.false, parts, known)
            case _:
                return self.decided(node, known, wanted=False)

    def every(
        self, form: Callable[[Node, Known], tuple[str, Known]], parts: tuple[Node, ...], known: Known
    ) -> tuple[str, Known]:
        codes = []
        for part in sorted(parts, key=_cost):
            code, known = form(part, known)
            codes.append(code)
        return f"({' and '.join(codes)})", known

    def some(
        self, form: Callable[[Node, Known], tuple[str, Known]], parts: tuple[Node, ...], known: Known
    ) -> tuple[str, Known]:
        forms = [form(part, known) for part in sorted(parts, key=_cost)]
        return f"({' or '.join(code for code, _ in forms)})", frozenset.intersection(*(after for _, after in forms))

    def decided(self, node: Node, known: Known, *, wanted: bool) -> tuple[str, Known]:
        """Comparisons and words: present, and then true (or false)."""
        match node:
            case Comparison(op=op, left=left, right=right) if left.type == BOOL:
                if isinstance(right, Constant):
                    return (self.true if (right.value is (op == "==")) is wanted else self.false)(left, known)
                if isinstance(left, Constant):
                    return (self.true if (left.value is (op == "==")) is wanted else self.false)(right, known)
                first, a = self.bound(self.truth(left))
                second, b = self.bound(self.truth(right))
                same = "==" if (op == "==") is wanted else "!="
                return f"({first} is not None and {second} is not None and {a} {same} {b})", known
            case Call(word="missing", arguments=(inner,)):
                return self.absent(inner, known, wanted=wanted)
            case Call(word="or_else", arguments=(inner, Constant(value=otherwise))):
                if otherwise is wanted:
                    code, _ = (self.false if wanted else self.true)(inner, known)
                    return f"(not {code})", known
                return (self.true if wanted else self.false)(inner, known)
            case _:
                guards: list[str] = []
                code, known = self.question(node, guards, known)
                return _all([*guards, code if wanted else f"not {code}"]), known

    def absent(self, inner: Node, known: Known, *, wanted: bool) -> tuple[str, Known]:
        if inner.type == BOOL:
            code = self.truth(inner)
            return f"({code} is {'' if wanted else 'not '}None)", known
        guards: list[str] = []
        _, after = self.value(inner, guards, known)
        present = _all(guards) if guards else "True"
        return (f"(not {present})", known) if wanted else (present, after)

    def question(self, node: Node, guards: list[str], known: Known) -> tuple[str, Known]:
        """Code of a comparison or a word that answers yes or no once the guards hold."""
        match node:
            case Comparison(op=op, left=left, right=right):
                a, known = self.value(left, guards, known)
                b, known = self.value(right, guards, known)
                return f"{a} {op} {b}", known
            case OneOf(item=item, members=members):
                a, known = self.value(item, guards, known)
                return f"{a} in {self.constant(frozenset(member.value for member in members))}", known
            case Call(word="starts_with", arguments=(text, Constant(value=str() as start))):
                a, known = self.value(text, guards, known)
                return f"{a}[:{len(start)}] == {self.constant(start)}", known
            case _:
                raise AssertionError(f"no question: {node}")

    # -- the three truths, where true and false are values --------------------------------------------

    def truth(self, node: Node) -> str:
        """Code whose value is True, False or None. Each part stands in it once, so it stays small."""
        match node:
            case Constant(value=value):
                return repr(value is True)
            case Name() | Limit() | Listed():
                return self.input(node)
            case Not(operand=operand):
                first, name = self.bound(self.truth(operand))
                return f"(None if {first} is None else not {name})"
            case And(parts=parts):
                return self.kleene(parts, decisive="False", otherwise="True")
            case Or(parts=parts):
                return self.kleene(parts, decisive="True", otherwise="False")
            case Comparison(op=op, left=left, right=right) if left.type == BOOL:
                first, a = self.bound(self.truth(left))
                second, b = self.bound(self.truth(right))
                if _LITERAL.match(first):
                    first, second, a, b = second, first, b, a
                tests = [f"{code} is None" for code in (first, second) if not _LITERAL.match(code)]
                return f"(None if {' or '.join(tests)} else {a} {op} {b})"
            case Call(word="missing", arguments=(inner,)):
                return self.absent(inner, NOTHING, wanted=True)[0]
            case Call(word="or_else", arguments=(inner, Constant(value=otherwise))):
                first, name = self.bound(self.truth(inner))
                return f"({otherwise is True} if {first} is None else {name})"
            case _:
                guards: list[str] = []
                code, _ = self.question(node, guards, NOTHING)
                return f"({code} if {_all(guards)} else None)" if guards else f"({code})"

    def kleene(self, parts: tuple[Node, ...], *, decisive: str, otherwise: str) -> str:
        pairs = [self.bound(self.truth(part)) for part in parts]
        decides = " or ".join(f"{first} is {decisive}" for first, _ in pairs if first != otherwise)
        unknown = " or ".join(f"{name} is None" for _, name in pairs if not _LITERAL.match(name))
        if not decides:
            return otherwise
        return f"({decisive} if {decides} else None if {unknown or 'False'} else {otherwise})"

    # -- numbers, amounts, texts -----------------------------------------------------------------------

    def whole(self, node: Node) -> str:
        """Code whose value is the node's, None where it is missing."""
        if node.type == BOOL:
            return self.truth(node)
        guards: list[str] = []
        code, _ = self.value(node, guards, NOTHING)
        return f"({code} if {_all(guards)} else None)" if guards else code

    def value(self, node: Node, guards: list[str], known: Known) -> tuple[str, Known]:
        """Code of a value that is present once the guards, tested in order, hold."""
        match node:
            case Constant(value=int() | float() as number):
                return _number(number), known
            case Constant(value=constant):
                return self.constant(constant), known
            case Name() | Limit():
                name = self.input(node)
                return name, _guard(f"{name} is not None", guards, known)
            case InCurrency(operand=operand, currency=currency, type=type_):
                test = f"{self.input(currency)} == {self.constant(type_.of)}"
                code, known = self.value(operand, guards, known)
                return code, _guard(test, guards, known)
            case Negative(operand=operand):
                code, known = self.value(operand, guards, known)
                if node.type.kind is Kind.RATIO:
                    return f"(-{code})", known
                name = self.temporary()
                return name, _guard(f"({name} := -{code}) <= {INT_MOST}", guards, known)
            case Arithmetic():
                return self.arithmetic(node, guards, known)
            case Call(word="or_else", arguments=(inner, Constant() as otherwise)):
                inside: list[str] = []
                code, _ = self.value(inner, inside, known)
                literal, _ = self.value(otherwise, guards, known)
                return (f"({code} if {_all(inside)} else {literal})" if inside else code), known
            case Call(word="abs", arguments=(inner,)):
                code, known = self.value(inner, guards, known)
                first, name = self.bound(code)
                code = f"({name} if {first} >= 0 else -{name})"
                if node.type.kind is Kind.RATIO:
                    return code, known
                result = self.temporary()
                return result, _guard(f"({result} := {code}) <= {INT_MOST}", guards, known)
            case Call(word="min" | "max" as word, arguments=(left, right)):
                a_code, known = self.value(left, guards, known)
                b_code, known = self.value(right, guards, known)
                (first, a), (second, b) = self.bound(a_code), self.bound(b_code)
                return f"({a} if {first} {'<=' if word == 'min' else '>='} {second} else {b})", known
            case Call(word="length", arguments=(text,)):
                code, known = self.value(text, guards, known)
                return f"{self.constant(len)}({code})", known
            case Call(word="distance_km", arguments=arguments):
                codes = []
                for argument in arguments:
                    code, known = self.value(argument, guards, known)
                    codes.append(code)
                name = self.temporary()
                call = f"{self.constant(distance_km)}({', '.join(codes)})"
                return name, _guard(f"({name} := {call}) is not None", guards, known)
            case _:
                raise AssertionError(f"no value: {node}")

    def arithmetic(self, node: Arithmetic, guards: list[str], known: Known) -> tuple[str, Known]:
        op, left, right = node.op, node.left, node.right
        a, known = self.value(left, guards, known)
        b, known = self.value(right, guards, known)
        divisor_is_safe = isinstance(right, Constant) and isinstance(right.value, int) and right.value > 0
        if op in ("/", "//", "%") and not isinstance(right, Constant):
            first, b = self.bound(b)
            known = _guard(f"{first} != 0", guards, known)
        code = f"({a} {op} {b})"
        inside = op == "%" or (op == "//" and divisor_is_safe)
        if inside or (op == "/" and Kind.RATIO not in (left.type.kind, right.type.kind)):
            return code, known  # the result of whole numbers within 64 bits can't leave its range
        name = self.temporary()
        if node.type.kind is Kind.RATIO:
            test = f"{_number(-sys.float_info.max)} <= ({name} := {code}) <= {_number(sys.float_info.max)}"
        else:
            test = f"{_number(INT_LEAST)} <= ({name} := {code}) <= {_number(INT_MOST)}"
        return name, _guard(test, guards, known)

    # -- the function ----------------------------------------------------------------------------------

    def loads(self) -> list[str]:
        """Every input into a local once: all at a stroke (a third of the time) unless most would be idle."""
        if not self.loaded:
            return []
        reach = max(self.loaded) + 1
        if 2 * len(self.loaded) >= reach:
            return [f"{''.join(f'v{index}, ' for index in range(reach))} = f[:{reach}]"]
        return [f"v{index} = f[{index}]" for index in sorted(self.loaded)]

    def function(self, lines: Sequence[str]) -> Callable[[Sequence[Value]], Any]:
        source = "def g(f):\n" + "".join(f" {line}\n" for line in [*self.loads(), *lines])
        tree = ast.parse(source)
        promise(tree, frozenset(self.constants))
        world: dict[str, Any] = {"__builtins__": {}, **self.constants}
        exec(compile(tree, "<generated from checked expressions>", "exec"), world)  # noqa: S102 - see decision 0002
        function: Callable[[Sequence[Value]], Any] = world["g"]
        return function


_ATOM = re.compile(r"[vtk][0-9]+\Z|[0-9]+\Z|\(-[0-9]+\)\Z|True\Z|False\Z")
_LITERAL = re.compile(r"True\Z|False\Z")
_GENERATED = re.compile(r"[vt][0-9]+\Z|[fh]\Z")
_ALLOWED = frozenset((
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.If, ast.Expr, ast.Return, ast.IfExp,
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
    ast.Div, ast.FloorDiv, ast.Mod, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
    ast.Is, ast.IsNot, ast.In, ast.NamedExpr, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Tuple,
    ast.List, ast.Subscript, ast.Slice, ast.Call, ast.Attribute,
))  # fmt: skip


def promise(tree: ast.Module, constants: frozenset[str]) -> None:
    """Stop unless generated code is only what it is meant to be: a second lock behind the writer."""
    for node in ast.walk(tree):
        kept = type(node) in _ALLOWED
        if isinstance(node, ast.Name):
            kept = bool(_GENERATED.match(node.id)) or (node.id in constants and isinstance(node.ctx, ast.Load))
        elif isinstance(node, ast.Constant):
            kept = node.value is None or type(node.value) in (int, float, bool)
        elif isinstance(node, ast.Attribute):
            kept = node.attr == "append" and isinstance(node.value, ast.Name) and node.value.id == "h"
        elif isinstance(node, ast.Call):
            kept = isinstance(node.func, ast.Attribute | ast.Name) and not node.keywords
        if not kept:
            raise AssertionError(f"generated code holds what it must not: {ast.dump(node)[:200]}")


def _cost(node: Node) -> int:
    """Roughly how long a part takes: the cheapest is asked first, for nothing else of a part is seen."""
    own = 3 if isinstance(node, Arithmetic | Call) and node.type != BOOL else 1
    return own + sum(_cost(child) for child in children(node) if not isinstance(child, Constant))


def _guard(test: str, guards: list[str], known: Known) -> Known:
    if test in known:
        return known
    guards.append(test)
    return known | {test}


def _all(tests: Sequence[str]) -> str:
    return f"({' and '.join(tests)})"


def _number(value: float) -> str:
    if not (type(value) is int or (type(value) is float and math.isfinite(value))):
        raise AssertionError("constants in generated code are finite numbers")
    return repr(value) if value >= 0 else f"({value!r})"
