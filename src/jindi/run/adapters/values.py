"""A record's values as its mapping says, and as fields of events want them. Messages never repeat a value."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.instants import format_instant
from jindi.basics.money import EXPONENTS, format_minor, parse_minor
from jindi.language import Kind
from jindi.packs import FieldDef
from jindi.run.adapters.mapping import AdapterMap, Condition, Source
from jindi.run.adapters.records import Record
from jindi.run.events import Scalar
from jindi.vault import Tokens

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKS = str.maketrans("，", ",", "¥￥元 \u00a0")
"""What people put around an amount."""

_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d*)?\Z", re.ASCII)
"""A comma stands between thousands, or the amount is refused: elsewhere it stands before the decimals."""


class Wrong(ValueError):  # noqa: N818 - the name of what it is
    """A value that does not become what is wanted; says what is wrong and what to do, without the value."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(problem)


@dataclass(slots=True)
class Values:
    """What one record says, each named value worked out once."""

    mapping: AdapterMap
    record: Record
    tokens: Tokens | None
    as_of_us: int
    _known: dict[str, Scalar] = field(default_factory=dict)

    def holds(self, when: tuple[Condition, ...]) -> bool:
        """Whether all conditions hold."""
        return all(self._holds(each) for each in when)

    def _holds(self, condition: Condition) -> bool:
        value = self.of(condition.source)
        if condition.exists is not None:
            found = (value is not None) == condition.exists
        elif condition.looks is not None:
            found = isinstance(value, str) and _is(NORMAL_FORMS[condition.looks], value)
        else:
            found = condition.among is not None and value in condition.among
        return found == condition.holds

    def of(self, source: Source) -> Scalar:
        """A source's value; None where there is none. Raises Wrong."""
        raw = self._raw(source) if not source.when or self.holds(source.when) else None
        if raw is None:
            return source.default
        if isinstance(raw, str):
            raw = self._turned(source, raw)
            if raw == "":
                return source.default
        return raw

    def _raw(self, source: Source) -> Scalar:
        match source.kind:
            case "from":
                if source.present is not None:
                    return source.present[0 if any(map(self.record.has, source.names)) else 1]
                found = (self.record.read(name) for name in source.names)
                return next((text.strip() for text in found if text is not None and text.strip()), None)
            case "value":
                return self._named(source.names[0])
            case "assumed":
                return self.mapping.assumed[source.names[0]]
            case "first":
                return next((value for each in source.firsts if (value := self.of(each)) is not None), None)
            case "text":
                return self._text(source)
            case "same":
                one, other = (self._named(name) for name in source.names)
                return None if one is None or other is None else _folded(one) == _folded(other)
            case _:
                return source.literal

    def _named(self, name: str) -> Scalar:
        if name not in self._known:
            self._known[name] = self.of(self.mapping.values[name])
        return self._known[name]

    def _text(self, source: Source) -> str | None:
        text = str(source.literal)
        for name in source.names:
            value = self._named(name)
            if value is None:
                return None
            text = text.replace(f"{{{name}}}", str(value), 1)
        return text

    def _turned(self, source: Source, text: str) -> Scalar:
        if source.drop:
            text = text.translate(str.maketrans("", "", source.drop))
        if source.slice is not None:
            text = text[source.slice[0] : source.slice[1]]
        if source.table is not None:
            if text not in source.table and source.otherwise is None:
                raise Wrong("a code that the table does not have", "add it to the table, or give `else`")
            found = source.table.get(text, source.otherwise)
            if not isinstance(found, str):
                return found
            text = found
        if source.token is not None and text:
            if self.tokens is None:
                raise Wrong("needs a key", "give --key FILE")
            try:
                text = self.tokens.token(source.token, text)
            except ValueError as error:
                raise Wrong(str(error)) from None
        if source.time is not None and text:
            text = format_instant(self._instant(source, text, source.time))
        return source.prefix + text if text else text

    def at_us(self, source: Source) -> int:
        """A source as an instant in microseconds. Raises Wrong."""
        value = self.of(source)
        if value is None:
            raise Wrong("missing", "say where the time of the event stands")
        return self._instant(source, str(value))

    def field(self, target: FieldDef, source: Source) -> Scalar:
        """A source as what a field wants, on the wire. Raises Wrong."""
        value = self.of(source)
        if value is None:
            return None
        match target.type.kind:
            case Kind.MONEY:
                return self._money(target, source, value)
            case Kind.TIME:
                return format_instant(self._instant(source, str(value)))
            case Kind.BOOL:
                return _truth(value)
            case Kind.INT | Kind.DURATION:
                return _whole(value)
            case Kind.RATIO:
                return _number(value)
            case _:
                return str(value)

    def _money(self, target: FieldDef, source: Source, value: Scalar) -> str:
        """The decimal text of an amount in the field's own currency."""
        currency = target.type.of
        said = None if source.currency is None else self.of(source.currency)
        if said is not None and currency is not None and said != currency:
            raise Wrong(f"in another currency than the field, which takes {currency}", "such events need another pack")
        code = currency or (str(said) if said is not None else "")
        if code not in EXPONENTS:
            raise Wrong("unknown currency", "give `currency` as an ISO 4217 code")
        text = str(value).translate(_MARKS).removeprefix("+")
        try:
            if source.unit == "minor":
                if not (text.isdecimal() and text.isascii() and len(text) <= 24):
                    raise Wrong("not an amount in minor units", "digits only")
                minor = int(text)
            else:
                minor = _major(text, code)
        except Wrong:
            raise
        except ValueError as error:
            raise Wrong(str(error), "look at unit, drop and currency of the source") from None
        minor = abs(minor) if source.sign == "abs" else -minor if source.sign == "negate" else minor
        return format_minor(minor, code)

    def _instant(self, source: Source, text: str, form: str = "iso") -> int:
        moment = _iso(text) if form == "iso" else _formed(text, form, self.as_of_us)
        if moment.tzinfo is None:
            if source.zone is None:
                raise Wrong("a time without a zone", 'name it in the mapping: zone = "Asia/Shanghai"')
            moment = moment.replace(tzinfo=source.zone)
        try:
            return (moment - _EPOCH) // timedelta(microseconds=1)
        except (OverflowError, ValueError):
            raise Wrong("not a time", "look at the form of the time") from None


def _is(form: Callable[[str], str], text: str) -> bool:
    try:
        form(text)
    except ValueError:
        return False
    return True


def _folded(value: Scalar) -> str:
    return "".join(str(value).casefold().split())


def _major(text: str, code: str) -> int:
    """Minor units of an amount such as 1,234.5; zeros behind the minor unit, as in 12.50000, change nothing."""
    if "," in text:
        if not _GROUPED.match(text):
            raise Wrong("a comma that stands between no thousands", "mend the amount, or drop what is no part of it")
        text = text.replace(",", "")
    whole, _, fraction = text.partition(".")
    digits = EXPONENTS[code]
    kept = fraction[:digits] + fraction[digits:].rstrip("0")
    return parse_minor(f"{whole}.{kept}" if kept else whole, code)


def _truth(value: Scalar) -> bool:
    said = {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())
    if said is None:
        raise Wrong("neither true nor false", "turn it by a table with true and false")
    return said


def _whole(value: Scalar) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 19:
        raise Wrong("not a whole number", "look at drop and slice of the source")
    return int(text)


def _number(value: Scalar) -> float:
    try:
        number = float(str(value))
    except ValueError:
        raise Wrong("not a number", "look at drop and slice of the source") from None
    if isinstance(value, bool) or not abs(number) < float("inf"):
        raise Wrong("not a finite number", "look at the source")
    return number


def _iso(text: str) -> datetime:
    """A time of ISO 8601, a date alone being its beginning."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # A date with an offset, which XML allows and Python does not read.
        date, sign, offset = text[:10], text[10:11], text[10:]
        if sign in ("Z", "+", "-") and len(offset) in (1, 6):
            try:
                return datetime.fromisoformat(f"{date}T00:00:00{offset}")
            except ValueError:
                pass
        raise Wrong("not a time of ISO 8601", 'give its form: time = "%Y-%m-%d %H:%M:%S"') from None


def _formed(text: str, form: str, as_of_us: int) -> datetime:
    """A time by its form, exactly; one without a year is in the year that puts it nearest to `as_of_us`."""
    try:
        if "%Y" in form or "%y" in form:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's
            if moment.tzinfo is None and moment.strftime(form) == text:
                return moment
            raise ValueError
        now = _EPOCH + timedelta(microseconds=as_of_us)
        years = [year for year in (now.year - 1, now.year, now.year + 1) if _fits(text, form, year)]
        moments = [datetime.strptime(f"{year} {text}", f"%Y {form}") for year in years]  # noqa: DTZ007
        return min(moments, key=lambda each: abs(each.replace(tzinfo=UTC) - now))
    except (ValueError, TypeError, OverflowError):
        raise Wrong("not a time of the form that the mapping names", "look at `time` of the source") from None


def _fits(text: str, form: str, year: int) -> bool:
    try:
        moment = datetime.strptime(f"{year:04d} {text}", f"%Y {form}")  # noqa: DTZ007
    except ValueError:
        return False
    return moment.strftime(form) == text
