"""From a bare tree to a typed one: every name known, every operation sensible, all problems at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from jindi.basics.money import EXPONENTS, parse_minor
from jindi.language import syntax
from jindi.language.meaning import INT_MOST
from jindi.language.tree import (
    DURATION_WORDS,
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
)
from jindi.language.types import BOOL, DURATION, INT, RATIO, TEXT, TIME, Kind, Scope, Type
from jindi.language.words import TIME_WORDS

PROBLEMS_MAX = 20

_CURRENCIES = {currency.lower(): currency for currency in EXPONENTS}
_ARITY = {"limit": 1, "missing": 1, "or_else": 2, "abs": 1, "min": 2, "max": 2, "length": 1, "starts_with": 2,
          "distance_km": 4} | dict.fromkeys(DURATION_WORDS, 1) | dict.fromkeys(_CURRENCIES, 1)  # fmt: skip
WORDS = frozenset(_ARITY) | {"list"}
"""The words that take arguments in round brackets."""

_ORDERED = frozenset({Kind.INT, Kind.RATIO, Kind.MONEY, Kind.TIME, Kind.DURATION})
_SIGNED = frozenset({Kind.INT, Kind.RATIO, Kind.MONEY, Kind.DURATION})


def check(bare: syntax.Bare, scope: Scope) -> tuple[Node | None, tuple[str, ...]]:
    """The typed tree of a bare one, or None; and all problems, each a sentence with its remedy."""
    checker = _Checker(scope)
    tree = checker.node(bare)
    rest = len(checker.problems) - PROBLEMS_MAX
    more = (f"and {rest} more problems (mend these first)",) if rest > 0 else ()
    return tree, (*checker.problems[:PROBLEMS_MAX], *more)


class _Checker:
    """Walks a bare tree once; gives typed nodes, or None where a problem has been noted below."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.problems: list[str] = []

    def note(self, problem: str, remedy: str) -> None:
        """Keep a problem; the walk goes on so that one try shows them all."""
        line = f"{problem} ({remedy})"
        if line not in self.problems:
            self.problems.append(line)

    def refuse(self, problem: str, remedy: str) -> Node | None:
        """Keep a problem, and stand for the node that can't be."""
        self.note(problem, remedy)
        return None

    def known(self, name: str, names: Iterable[str]) -> str:
        """What may have been meant; not looked for once there are more problems than are shown."""
        return _did_you_mean(name, names) if len(self.problems) <= PROBLEMS_MAX else "declare it"

    def node(self, bare: syntax.Bare) -> Node | None:
        """The typed node of a bare one."""
        match bare:
            case syntax.Literal(value=value):
                return _literal(value)
            case syntax.Word():
                return self.word(bare)
            case syntax.Applied():
                return self.applied(bare)
            case syntax.Members(at=at):
                return self.refuse(f"square brackets at character {at + 1} stand alone", "use them after 'in'")
            case syntax.Prefixed(op="not", operand=operand):
                inner = self.truth(operand, "not")
                return None if inner is None else Not(inner)
            case syntax.Prefixed(operand=operand):
                return self.negative(operand)
            case syntax.Computed():
                return self.computed(bare)
            case syntax.Joined():
                return self.joined(bare)
            case syntax.Compared():
                return self.compared(bare)

    def word(self, bare: syntax.Word) -> Node | None:
        name = bare.name
        if (type_ := self.scope.names.get(name) or TIME_WORDS.get(name)) is not None:
            return Name(type_, name)
        if name in self.scope.limits:
            remedy = f"write limit('{name}')"
        elif name in self.scope.lists:
            remedy = f"write ... in list('{name}')"
        elif name in WORDS:
            remedy = f"{name} takes arguments: {name}(...)"
        else:
            remedy = self.known(name, [*self.scope.names, *TIME_WORDS])
        return self.refuse(f"unknown name '{_cut(name)}'", remedy)

    def negative(self, bare: syntax.Bare) -> Node | None:
        operand = self.node(bare)
        if operand is None:
            return None
        if operand.type.kind not in _SIGNED:
            return self.refuse(f"{_a(operand.type)} has no sign", "only numbers, amounts and durations can be negative")
        if isinstance(operand, Constant) and isinstance(operand.value, int | float):
            return replace(operand, value=-operand.value)
        return Negative(operand.type, operand)

    def truth(self, bare: syntax.Bare, word: str) -> Node | None:
        """A node that is true or false, as the operands of and, or, not must be."""
        node = self.node(bare)
        if node is not None and node.type != BOOL:
            return self.refuse(
                f"'{word}' is given {_a(node.type)}: {_cut(str(node))}",
                "compare it with something, or ask missing(x)",
            )
        return node

    def joined(self, bare: syntax.Joined) -> Node | None:
        maker: type[And | Or] = And if bare.op == "and" else Or
        parts: list[Node] = []
        whole = True
        for operand in bare.operands:
            node = self.truth(operand, bare.op)
            if node is None:
                whole = False
            elif isinstance(node, maker):
                parts.extend(node.parts)
            else:
                parts.append(node)
        return maker(tuple(parts)) if whole else None

    # -- arithmetic ---------------------------------------------------------------------------------

    def computed(self, bare: syntax.Computed) -> Node | None:
        left, right = self.node(bare.left), self.node(bare.right)
        if left is None or right is None:
            return None
        op = bare.op
        if op in ("/", "//", "%") and isinstance(right, Constant) and right.value == 0:
            return self.refuse(f"'{op}' by zero at character {bare.at + 1}", "a division by zero is always missing")
        if left.type.kind is right.type.kind is Kind.MONEY and op != "*":
            aligned = self.same_currency(left, right)
            if aligned is None:
                return None
            left, right = aligned
        result = _arithmetic(op, left.type, right.type)
        if result is None:
            return self.refuse(
                f"'{op}' doesn't work between {_a(left.type)} and {_a(right.type)}",
                _arithmetic_remedy(op, left.type, right.type),
            )
        return Arithmetic(result, op, left, right)

    def same_currency(self, left: Node, right: Node) -> tuple[Node, Node] | None:
        """Both amounts in one currency: an amount whose currency is a field takes on the other's."""
        a, b = left.type, right.type
        if a == b:
            return left, right
        if a.of and b.of is None and b.currency_field:
            fitted = self.in_currency(right, a)
            return None if fitted is None else (left, fitted)
        if b.of and a.of is None and a.currency_field:
            fitted = self.in_currency(left, b)
            return None if fitted is None else (fitted, right)
        self.note(
            f"amounts in different currencies meet: {_currency(a)} and {_currency(b)}",
            "compare and compute only within one currency",
        )
        return None

    def in_currency(self, node: Node, wanted: Type) -> Node | None:
        field = str(node.type.currency_field)
        if self.scope.names.get(field) != TEXT:
            return self.refuse(
                f"the currency of {_cut(str(node))} is in field '{_cut(field)}', which is no text field here",
                "declare the field, or give the amount one fixed currency",
            )
        return InCurrency(wanted, node, Name(TEXT, field))

    # -- comparison ---------------------------------------------------------------------------------

    def compared(self, bare: syntax.Compared) -> Node | None:
        operands = [
            None if _is_right_of_in(bare, index) else self.node(operand) for index, operand in enumerate(bare.operands)
        ]
        parts: list[Node | None] = []
        for index, op in enumerate(bare.ops):
            left, right = operands[index], operands[index + 1]
            if op in ("in", "not in"):
                if index + 1 < len(bare.ops):
                    parts.append(self.refuse("a comparison follows 'in' directly", "put '... in ...' in brackets"))
                    continue
                found = self.contained(left, bare.operands[index + 1])
                parts.append(Not(found) if op == "not in" and found is not None else found)
            elif left is None or right is None:
                parts.append(None)
            elif len(bare.ops) > 1 and BOOL in (left.type, right.type):
                parts.append(self.refuse("true or false stands in a chain of comparisons", "compare two at a time"))
            else:
                parts.append(self.comparison(op, left, right))
        whole = [part for part in parts if part is not None]
        if len(whole) < len(parts):
            return None
        return whole[0] if len(whole) == 1 else And(tuple(whole))

    def comparison(self, op: str, left: Node, right: Node) -> Node | None:
        aligned = self.alike(left, right, op)
        if aligned is None:
            return None
        left, right = aligned
        kind = left.type.kind
        if op not in ("==", "!=") and kind not in _ORDERED:
            return self.refuse(f"'{op}' between two {_plural(kind)}: they have no order", "use == or !=")
        if isinstance(left, Constant) and isinstance(right, Constant):
            return self.refuse(f"two constants are compared: {left} {op} {right}", "compare with something that varies")
        return Comparison(op, left, right)

    def alike(self, left: Node, right: Node, op: str) -> tuple[Node, Node] | None:
        """Both operands as one kind, or None with the problem noted."""
        a, b = left.type, right.type
        if a.kind is b.kind is Kind.MONEY:
            return self.same_currency(left, right)
        if (a == b or {a, b} == {INT, RATIO}) and a.kind is not Kind.LIST:
            return left, right
        self.note(f"'{op}' between {_a(a)} and {_a(b)}", _unlike_remedy(a, b))
        return None

    def contained(self, item: Node | None, bare: syntax.Bare) -> Node | None:
        match bare:
            case syntax.Applied(name="list"):
                return self.listed(item, bare)
            case syntax.Members(items=items):
                return self.one_of(item, items)
            case _:
                remedy = "write ... in list('name') or ... in [literals]"
                return self.refuse("'in' needs a named list or literals in square brackets", remedy)

    def listed(self, item: Node | None, bare: syntax.Applied) -> Node | None:
        name = self.quoted(bare)
        if name is None:
            return None
        of = self.scope.lists.get(name)
        if of is None:
            return self.refuse(f"unknown list '{_cut(name)}'", self.known(name, self.scope.lists))
        if item is None:
            return None
        if not isinstance(item, Name):
            return self.refuse(
                f"{_cut(str(item))} can't be looked up in a list", "look up a field or a feature by its name"
            )
        if (item.type.kind, item.type.of) != (of.kind, of.of):
            held = f"{_plural(of.kind)}{_of(of)}"
            return self.refuse(
                f"list '{_cut(name)}' holds {held}, but '{item.name}' is {_a(item.type)}",
                "look up a field of the same kind",
            )
        return Listed(item, name)

    def one_of(self, item: Node | None, items: Sequence[syntax.Bare]) -> Node | None:
        nodes = [self.node(each) for each in items]
        if item is None or None in nodes:
            return None
        if not items:
            return self.refuse("empty square brackets are never matched", "name at least one member")
        members: list[Constant] = []
        for node in nodes:
            if not isinstance(node, Constant):
                return self.refuse(
                    f"{_cut(str(node))} stands in square brackets", "only literals may; else join by 'or'"
                )
            aligned = self.alike(item, node, "in")
            if aligned is None:
                return None
            if members and node.type != members[0].type and not {node.type, members[0].type} <= {INT, RATIO}:
                return self.refuse("members of different kinds stand in square brackets", "write members of one kind")
            members.append(node)
        if isinstance(item, Constant) or item.type == BOOL:
            return self.refuse(f"'in' is asked about {_a(item.type)}", "ask it about a field or a feature")
        fitted = self.alike(item, members[0], "in")
        return None if fitted is None else OneOf(fitted[0], tuple(members))

    # -- words --------------------------------------------------------------------------------------

    def applied(self, bare: syntax.Applied) -> Node | None:
        word = bare.name
        if word == "list":
            return self.refuse("list(...) stands alone", "write ... in list('name')")
        if word not in _ARITY:
            for argument in bare.arguments:
                self.node(argument)
            known = word in self.scope.names
            remedy = "it is a value, not a word with arguments" if known else self.known(word, WORDS)
            return self.refuse(f"unknown word '{_cut(word)}(...)'", remedy)
        if len(bare.arguments) != _ARITY[word]:
            return self.refuse(
                f"{word} is given {len(bare.arguments)} arguments", f"it takes {_ARITY[word]}: {_usage(word)}"
            )
        if word == "limit":
            return self.limit(bare)
        if word in _CURRENCIES:
            return self.money(bare)
        if word in DURATION_WORDS:
            return self.duration(bare)
        nodes = [self.node(argument) for argument in bare.arguments]
        arguments = [node for node in nodes if node is not None]
        return self.called(word, arguments) if len(arguments) == len(nodes) else None

    def called(self, word: str, arguments: list[Node]) -> Node | None:
        first = arguments[0]
        match word:
            case "missing":
                if isinstance(first, Constant):
                    return self.refuse("missing is asked about a constant", "a constant is never missing")
                return Call(BOOL, word, (first,))
            case "or_else":
                return self.or_else(first, arguments[1])
            case "abs":
                if first.type.kind not in _SIGNED:
                    return self.refuse(f"abs is given {_a(first.type)}", "give it a number, an amount or a duration")
                return Call(first.type, word, (first,))
            case "min" | "max":
                return self.extreme(word, first, arguments[1])
            case "length":
                if first.type != TEXT:
                    return self.refuse(f"length is given {_a(first.type)}", "give it a text")
                return Call(INT, word, (first,))
            case "starts_with":
                if first.type != TEXT or not isinstance(arguments[1], Constant) or arguments[1].type != TEXT:
                    return self.refuse("starts_with needs a text and a literal", _usage(word))
                return Call(BOOL, word, tuple(arguments))
            case _:
                if any(argument.type != INT for argument in arguments):
                    return self.refuse(f"{word} needs four whole numbers", _usage(word))
                return Call(INT, word, tuple(arguments))

    def or_else(self, value: Node, otherwise: Node) -> Node | None:
        if not isinstance(otherwise, Constant):
            return self.refuse("the second argument of or_else isn't a literal", _usage("or_else"))
        if value.type.kind is Kind.TOKEN:
            return self.refuse("or_else is given a token", "a token is only compared, looked up or asked missing(x)")
        if value.type == RATIO and otherwise.type == INT and isinstance(otherwise.value, int):
            otherwise = Constant(RATIO, float(otherwise.value))
        if value.type.kind is not otherwise.type.kind:
            return self.refuse(
                f"or_else would be {_a(value.type)} or {_a(otherwise.type)}",
                _unlike_remedy(value.type, otherwise.type),
            )
        aligned = self.alike(value, otherwise, "or_else")
        return None if aligned is None else Call(aligned[0].type, "or_else", aligned)

    def extreme(self, word: str, left: Node, right: Node) -> Node | None:
        if left.type.kind not in _ORDERED or left.type.kind is not right.type.kind:
            return self.refuse(
                f"{word} of {_a(left.type)} and {_a(right.type)}", "give it two values of one ordered kind"
            )
        aligned = self.alike(left, right, word)
        return None if aligned is None else Call(aligned[0].type, word, aligned)

    def quoted(self, bare: syntax.Applied) -> str | None:
        """The literal text that is the word's only argument."""
        match bare.arguments:
            case (syntax.Literal(value=str() as value),):
                return value
            case _:
                self.note(f"{bare.name} needs one quoted text", _usage(bare.name))
                return None

    def limit(self, bare: syntax.Applied) -> Node | None:
        name = self.quoted(bare)
        if name is None:
            return None
        type_ = self.scope.limits.get(name)
        if type_ is None:
            return self.refuse(f"unknown limit '{_cut(name)}'", self.known(name, self.scope.limits))
        return Limit(type_, name)

    def money(self, bare: syntax.Applied) -> Node | None:
        text = self.quoted(bare)
        if text is None:
            return None
        currency = _CURRENCIES[bare.name]
        try:
            return Constant(Type(Kind.MONEY, currency), parse_minor(text, currency))
        except ValueError as refusal:
            return self.refuse(f"{bare.name}(...) at character {bare.at + 1}: {refusal}", _usage(bare.name))

    def duration(self, bare: syntax.Applied) -> Node | None:
        match bare.arguments:
            case (syntax.Literal(value=int() as count),) if not isinstance(count, bool):
                length = count * DURATION_WORDS[bare.name]
                if length > INT_MOST:
                    return self.refuse(
                        f"{bare.name}(...) at character {bare.at + 1} is too long", "stay below 292,000 years"
                    )
                return Constant(DURATION, length)
            case _:
                return self.refuse(f"{bare.name} needs a literal whole number", _usage(bare.name))


def _literal(value: float | str | bool) -> Constant:
    if isinstance(value, bool):
        return Constant(BOOL, value)
    if isinstance(value, int):
        return Constant(INT, value)
    return Constant(TEXT if isinstance(value, str) else RATIO, value)


def _is_right_of_in(bare: syntax.Compared, index: int) -> bool:
    return index > 0 and bare.ops[index - 1] in ("in", "not in")


def _arithmetic(op: str, a: Type, b: Type) -> Type | None:
    """The type of `a op b`, None where it has no meaning. Amounts already share one currency."""
    numbers = {a.kind, b.kind} <= {Kind.INT, Kind.RATIO}
    if numbers:
        if op == "/":
            return RATIO
        if op in ("//", "%"):
            return INT if a == b == INT else None
        return INT if a == b == INT else RATIO
    if op == "*":
        scaled = {a.kind: a, b.kind: b}
        if Kind.INT in scaled:
            return scaled.get(Kind.MONEY) or scaled.get(Kind.DURATION)
        return None
    if a.kind is b.kind and a.kind in (Kind.MONEY, Kind.DURATION):
        return {"/": RATIO, "//": INT}.get(op, a)
    if op == "//" and a.kind in (Kind.MONEY, Kind.DURATION) and b == INT:
        return a
    if op == "-" and a == b == TIME:
        return DURATION
    if op in ("+", "-") and a == TIME and b == DURATION:
        return TIME
    return TIME if op == "+" and a == DURATION and b == TIME else None


def _arithmetic_remedy(op: str, a: Type, b: Type) -> str:
    kinds = {a.kind, b.kind}
    if Kind.TEXT in kinds or Kind.TOKEN in kinds:
        return "there is no arithmetic on text or tokens"
    if Kind.BOOL in kinds:
        return "there is no arithmetic on true and false; join conditions by and, or"
    if Kind.MONEY in kinds and Kind.RATIO in kinds:
        return "amounts stay whole: compare a ratio of two amounts instead, a / b >= 0.8"
    if Kind.MONEY in kinds and op == "/":
        return "divide an amount by an amount, or use // by a whole number"
    if Kind.MONEY in kinds and Kind.INT in kinds:
        return f"write the number as an amount: {_money_example(a if a.kind is Kind.MONEY else b)}"
    if Kind.RATIO in kinds and op in ("//", "%"):
        return "// and % are for whole numbers; use /"
    if Kind.DURATION in kinds or Kind.TIME in kinds:
        return "time - time is a duration; a duration is added to a time, or multiplied by a whole number"
    return "use values of one kind"


def _unlike_remedy(a: Type, b: Type) -> str:
    kinds = {a.kind, b.kind}
    if Kind.TOKEN in kinds:
        return "a token equals only a token of the same identifier; use in list('name') for known values"
    if Kind.MONEY in kinds:
        return f"money compares only with money: {_money_example(a if a.kind is Kind.MONEY else b)}"
    if Kind.DURATION in kinds:
        return "a duration compares only with a duration: minutes(5), hours(2), days(3)"
    if Kind.TIME in kinds:
        return "take the difference of two times and compare it with a duration: at - since > days(3)"
    if Kind.BOOL in kinds:
        return "true and false compare only with each other"
    return "compare values of one kind"


def _money_example(type_: Type) -> str:
    return f"{(type_.of or 'CNY').lower()}('5000')"


def _currency(type_: Type) -> str:
    return type_.of or (f"the one in field '{type_.currency_field}'" if type_.currency_field else "one not declared")


_KIND_WORDS = {
    Kind.INT: ("a whole number", "whole numbers"),
    Kind.MONEY: ("an amount", "amounts"),
    Kind.BOOL: ("true or false", "truths"),
    Kind.TEXT: ("a text", "texts"),
    Kind.TOKEN: ("a token", "tokens"),
    Kind.TIME: ("a time", "times"),
    Kind.DURATION: ("a duration", "durations"),
    Kind.RATIO: ("a ratio", "ratios"),
    Kind.LIST: ("a list", "lists"),
}


def _a(type_: Type) -> str:
    return _KIND_WORDS[type_.kind][0] + _of(type_)


def _plural(kind: Kind) -> str:
    return _KIND_WORDS[kind][1]


def _of(type_: Type) -> str:
    return f" of {type_.of}" if type_.kind is Kind.TOKEN and type_.of else f" in {type_.of}" if type_.of else ""


def _usage(word: str) -> str:
    if word in _CURRENCIES:
        return f"write {word}('5000')"
    if word in DURATION_WORDS:
        return f"write {word}(5)"
    return (
        "write "
        + {
            "limit": "limit('name')",
            "list": "... in list('name')",
            "missing": "missing(x)",
            "or_else": "or_else(x, literal)",
            "abs": "abs(x)",
            "min": "min(a, b)",
            "max": "max(a, b)",
            "length": "length(text)",
            "starts_with": "starts_with(text, 'literal')",
            "distance_km": "distance_km(lat_a, lon_a, lat_b, lon_b) in ten-thousandths of a degree",
        }[word]
    )


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    names = sorted(set(known))
    close = get_close_matches(name[:64], names, n=3, cutoff=0.7)
    if close:
        return "did you mean " + " or ".join(f"'{each}'" for each in close) + "?"
    if not names:
        return "none is declared here"
    shown = ", ".join(names[:8])
    return f"known here: {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
