"""The one door's threshold: bytes → an event of its declared shape, or every reason why not.

The fast road is a decoder generated from the packs; only what it refuses is looked at a second time, slowly,
to name all its problems with their paths. No message carries a value: it could be somebody's phone number.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.instants import MINUTE_US, SECOND_US, day_of
from jindi.basics.money import AMOUNT_MINOR_MAX, EXPONENTS, parse_minor
from jindi.basics.problems import Problem, Problems
from jindi.basics.ranges import read_range
from jindi.basics.shapes import Misshapen, check_names, check_shape
from jindi.language import Kind
from jindi.packs import Definitions, EventDef, FieldDef, ListDef
from jindi.parties.identity import attribute, fault_of
from jindi.run.events import Event, Scalar, Scalars
from jindi.run.screening.seeking import Seek, Sought
from jindi.vault import Personal, Tokens, is_token

AHEAD_MAX_US = 5 * MINUTE_US
"""An event may lie this far ahead of our clock; further ahead it would drag the lane's time with it."""

OWN_IDS = "jindi-"
"""How the ids begin that the platform gives to what it tells itself. From outside they are refused: whoever could send
such an id first could keep the platform from telling.
"""

EVENT_BYTES_MAX = 65_536
ID_LENGTH_MAX = 128
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US = 0
_ENVELOPE = ("id", "type", "at")

_WIRE_KINDS: Mapping[Kind, tuple[type, ...]] = {
    Kind.BOOL: (bool,),
    Kind.INT: (int,),
    Kind.DURATION: (int,),
    Kind.RATIO: (int, float),
}
"""What a value must be once JSON is read; everything else is text."""

Convert = Callable[[Any], Scalar]

Pairs = Container[tuple[str, str]]
"""Pairs of subject and token that the vault holds already."""

SUBJECT_ENTITY = "user"
"""Whose an identifier is, where a pack does not say: the event's field of this entity."""


class Refused(Problems):
    """The event does not fit what its type declares."""


def _microseconds(moment: datetime) -> int:
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * SECOND_US + span.microseconds


def _moment(text: str) -> datetime:
    """An instant's text as the decoder reads it, so that both roads read the same. Raises ValueError."""
    try:
        moment: datetime = msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError:
        raise ValueError("not an instant (RFC 3339, with its offset)") from None
    return moment


def _decoded(field: FieldDef, value: Any) -> Any:
    """A value that has been found right, as the decoder would have read it."""
    if value is not None and field.type.kind is Kind.TIME:
        return _moment(value)
    return float(value) if value is not None and field.type.kind is Kind.RATIO else value


def wire_type(field: FieldDef) -> Any:
    """The type that the decoder demands of a field on the wire."""
    match field.type.kind:
        case Kind.BOOL:
            return bool
        case Kind.INT | Kind.DURATION:
            least = -AMOUNT_MINOR_MAX if field.least is None else field.least
            most = AMOUNT_MINOR_MAX if field.most is None else field.most
            return Annotated[int, msgspec.Meta(ge=least, le=most)]
        case Kind.RATIO:
            return float
        case Kind.MONEY:
            return Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
        case Kind.TIME:
            return Annotated[datetime, msgspec.Meta(tz=True)]
        case _ if field.values:
            return Literal[field.values]
        case _:
            return Annotated[str, msgspec.Meta(min_length=1, max_length=field.length_max)]


def _member(place: int, field: FieldDef) -> Any:
    """A field as the decoder's struct has it. What the platform fills may only be missing."""
    if field.is_filled:
        return (f"f{place}", None, None)
    return (f"f{place}", wire_type(field)) if field.required else (f"f{place}", wire_type(field) | None, None)


Locate = Callable[[str, tuple[str, ...]], str | None]
"""The first of the lists of ranges in which an address lies."""


class _Shape:
    """What intake knows of one event type: its decoder's struct and how each value is turned over."""

    def __init__(
        self, definition: EventDef, lists: Mapping[str, ListDef], tokens: Tokens, zone: ZoneInfo
    ) -> None:  # fmt: skip
        self.definition, self.zone = definition, zone
        self._lists, self._tokens = lists, tokens
        self.names = tuple(field.name for field in definition.fields)
        members: list[Any] = [
            ("id", Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]),
            ("at", Annotated[datetime, msgspec.Meta(tz=True)]),
        ]
        # An optional field may be absent or null; both mean missing.
        wire = [_member(place, field) for place, field in enumerate(definition.fields)]
        self.struct: type[msgspec.Struct] = msgspec.defstruct(
            f"wire_{definition.name}",
            members + wire,
            tag=definition.name,
            tag_field="type",
            forbid_unknown_fields=True,
            kw_only=True,
            rename={f"f{place}": name for place, name in enumerate(self.names)},
            gc=False,
        )
        self.converts: tuple[tuple[int, Convert], ...] = tuple(
            (place, convert)
            for place, field in enumerate(definition.fields)
            if (convert := self._convert(field, tokens)) is not None
        )
        # A member has the quotation marks of its name, and of its value where that is a text.
        is_text = [field.type.kind not in _WIRE_KINDS for field in definition.fields]
        self._quotes = 4 * len(_ENVELOPE) + 2 * len(is_text) + 2 * sum(is_text)
        self._bare = tuple(
            place for place, field in enumerate(definition.fields) if not is_text[place] and not field.required
        )
        self.floats = tuple(place for place, field in enumerate(definition.fields) if field.type.kind is Kind.RATIO)
        self.currencies = tuple(
            (place, self.names.index(field.type.currency_field), field)
            for place, field in enumerate(definition.fields)
            if field.type.kind is Kind.MONEY and field.type.of is None and field.type.currency_field
        )

        self.is_plain = not self.floats and not self.currencies and definition.lifecycle != "list_entry"
        self.personal = personal_places(definition.fields)
        self.screened = tuple(_screened(definition.fields, dict(self.personal)))
        self.tells = tuple(_telling(definition.fields))
        self.located = tuple(
            (place, self.names.index(field.lies_in.address), field.lies_in.lists)
            for place, field in enumerate(definition.fields)
            if field.lies_in is not None
        )
        self.identifiers = tuple(
            (place, field.identifier) for place, field in enumerate(definition.fields) if field.identifier is not None
        )

    def quotes(self, values: list[Any]) -> int:
        """How many quotation marks an event of these decoded values has at least: exactly so many when no name stands
        twice, nothing is escaped and no null is written out.
        """
        quotes = self._quotes - 4 * values.count(None)
        for place in self._bare:
            if values[place] is None:
                quotes += 2
        return quotes

    def _convert(self, field: FieldDef, tokens: Tokens) -> Convert | None:
        if field.identifier is not None:
            return tokens.maker(field.identifier)
        if field.type.kind is Kind.MONEY and field.type.of is not None:
            return _money(field.type.of, field)
        if field.type.kind is Kind.TIME:
            return _microseconds
        return None

    def values(self, values: list[Any]) -> Scalars:
        """The declared values of a decoded event; raises ValueError for what the decoder can't see."""
        for place, convert in self.converts:
            if (given := values[place]) is not None:
                values[place] = convert(given)
        if self.is_plain:
            return tuple(values)
        for place, currency, field in self.currencies:
            if values[place] is not None:
                if values[currency] is None:
                    raise ValueError("an amount without its currency")
                values[place] = _money(values[currency], field)(values[place])
        for place in self.floats:
            if values[place] is not None and not abs(values[place]) < float("inf"):
                raise ValueError("not a finite number")
        if self.definition.lifecycle == "list_entry":
            named = dict(zip(self.names, values, strict=True))
            values[self.names.index("value")] = self.member(named["list"], named["value"])
        return tuple(values)

    def member(self, list_name: str, value: str) -> str:
        """What a list keeps of a new member: the token, where it is a list of identifiers.

        Raises ValueError when the value is no such identifier.
        """
        if list_name in self._lists and self._lists[list_name].is_of_ranges:
            return read_range(value)
        kind = self._lists[list_name].of.of if list_name in self._lists else None
        if kind is None or is_token(kind, value):
            return value
        return self._tokens.token(kind, value)

    def clear(self, values: list[Any]) -> list[tuple[int, int, str]]:
        """What is personal among decoded values, before they are turned over: its place, its subject's, its text."""
        found = [(at, whose, values[at]) for at, whose in self.personal if values[at] is not None]
        if self.definition.lifecycle == "list_entry":
            named = dict(zip(self.names, values, strict=True))
            is_token_now = self.member(named["list"], named["value"]) != named["value"]
            if is_token_now and not self._lists[named["list"]].is_of_ranges:
                at = self.names.index("value")
                found.append((at, at, named["value"]))
        return found

    def locate(self, values: list[Any], locate: Locate) -> None:
        """Fill which lists addresses lie in, while they are in clear."""
        for place, address, lists in self.located:
            if (given := values[address]) is not None:
                values[place] = locate(given, lists)

    def sought(self, values: list[Any]) -> list[tuple[int, int, int, Sought]]:
        """Who is to be looked for on watch lists, by decoded values before they are turned over: the place to fill,
        that of the name, that of whose it is, and who.
        """

        def told(place: int | None) -> str | None:
            return None if place is None else values[place]

        return [
            (at, named, whose, Sought(values[named], told(number), told(birth), told(country), kind))
            for at, named, whose, (number, birth, country), kind in self.screened
            if values[named] is not None
        ]

    def told(self, values: list[Any], at_us: int) -> list[tuple[int, Scalar]]:
        """What identifiers tell of their holders on the event's day, by decoded values before they are turned over: the
        places to fill, each with its value. Raises ValueError for a number that a strict field won't have.
        """
        day, found = day_of(at_us, self.zone), list[tuple[int, Scalar]]()
        for of, kind, is_strict, attributes in self.tells:
            if values[of] is None:
                continue
            number = NORMAL_FORMS[kind](values[of])
            if is_strict and fault_of(kind, number, day) is not None:
                raise ValueError("an impossible number")
            for at, what in attributes:
                found.append((at, attribute(kind, what, number, day)))
        return found

    def fault(self, field: FieldDef, text: str, at: date) -> str | None:
        """Why a strict field won't have a number, in words; None when it takes it."""
        if not field.strict or field.identifier is None:
            return None
        try:
            number = NORMAL_FORMS[field.identifier](text)
        except ValueError:
            return None  # that is told by itself
        return FAULTS.get(fault_of(field.identifier, number, at) or "")


_Screened = tuple[int, int, int, tuple[int | None, int | None, int | None], str]


def _screened(fields: Sequence[FieldDef], whose: Mapping[int, int]) -> Iterator[_Screened]:
    """What is filled by screening: its place, those of the name and of whose it is, of what else is told, the kind."""
    places = {field.name: place for place, field in enumerate(fields)}
    for place, field in enumerate(fields):
        if (screens := field.screens) is not None:
            number, birth, country = (
                None if each is None else places[each] for each in (screens.number, screens.birth, screens.country)
            )
            named = places[screens.name]
            yield place, named, whose[named], (number, birth, country), screens.kind


_Telling = tuple[int, str, bool, tuple[tuple[int, str], ...]]


def _telling(fields: Sequence[FieldDef]) -> Iterator[_Telling]:
    """Identifiers that are read before they are tokens: each one's place, its kind, whether an impossible number is
    refused, and the places to fill, each with what of it.
    """
    for of, source in enumerate(fields):
        told = [
            (place, field.derives.what)
            for place, field in enumerate(fields)
            if field.derives is not None and field.derives.of == source.name
        ]
        if source.identifier is not None and (told or source.strict):
            yield of, source.identifier, source.strict, tuple(told)


def personal_places(fields: Sequence[FieldDef]) -> tuple[tuple[int, int], ...]:
    """The places of identifiers, each with the place of the field that says whose it is; its own where none does."""
    places = {field.name: place for place, field in enumerate(fields)}
    users = [place for place, field in enumerate(fields) if field.entity == SUBJECT_ENTITY]
    return tuple(
        (place, places[field.subject] if field.subject is not None else users[0] if users else place)
        for place, field in enumerate(fields)
        if field.identifier is not None
    )


def _fresh(clear: list[tuple[int, int, str]], values: Scalars, held: Pairs) -> list[Personal] | None:
    """What of an event's personal fields the vault does not hold yet; a field is its own subject where the one that
    says whose it is is missing.
    """
    fresh = None
    for at, whose, text in clear:
        token, subject = str(values[at]), values[whose]
        pair = (token if subject is None else str(subject), token)
        if pair not in held:
            fresh = fresh or []
            fresh.append(Personal(*pair, text))
    return fresh


def _money(currency: str, field: FieldDef) -> Convert:
    """Decimal text → minor units within the field's bounds."""
    least, most = field.least, field.most
    is_plain = EXPONENTS.get(currency) == 2

    def convert(text: str) -> int:
        if (
            is_plain
            and text[-3:-2] == "."
            and (digits := text[:-3] + text[-2:]).isdigit()
            and digits.isascii()
            and (text[0] != "0" or len(text) == 4)
        ):
            minor = int(digits)  # the common form, 1234.56, without the grammar's cost
            if minor > AMOUNT_MINOR_MAX:
                raise ValueError(f"amount beyond {AMOUNT_MINOR_MAX} minor units")
        else:
            minor = parse_minor(text, currency)
        if (least is not None and minor < least) or (most is not None and minor > most):
            raise ValueError("the amount lies outside what the field allows")
        return minor

    return convert


class Intake:
    """Reads events for one set of definitions. Pure but for the clock that it is given.

    With `held`, the pairs that a vault holds, events carry what it does not hold yet; without, clear text ends here.
    With `seek` the names that the packs want screened are looked for on watch lists; without, nobody is.
    With `locate` addresses are looked up in lists of ranges; without, such fields are missing.
    """

    def __init__(
        self, definitions: Definitions, tokens: Tokens, now_us: Callable[[], int], held: Pairs | None = None,
        seek: Seek | None = None, locate: Locate | None = None,
    ) -> None:  # fmt: skip
        self._tokens, self._now_us, self._held, self._seek, self._locate = tokens, now_us, held, seek, locate
        self._shapes = {
            name: _Shape(event, definitions.lists, tokens, definitions.packs[event.pack].zone)
            for name, event in definitions.events.items()
        }
        self._by_struct = {shape.struct: shape for shape in self._shapes.values()}
        union: Any = None
        for struct in self._by_struct:
            union = struct if union is None else union | struct
        self._decode = msgspec.json.Decoder(union).decode
        self._astuple = msgspec.structs.astuple

    def read(self, raw: bytes | memoryview, now_us: int | None = None) -> Event:
        """One event from its JSON bytes; `now_us` spares a look at the clock. Raises Refused with all problems."""
        if len(raw) > EVENT_BYTES_MAX:
            raise Refused(self._problems_of_bytes(raw))
        try:
            wire = self._decode(raw)
            shape = self._by_struct[type(wire)]
            event_id, at, *rest = self._astuple(wire)
            # The decoder takes the last of two members with one name. Each such member has quotation marks too many, so
            # nearly all events are known to be free of them by a count; what is escaped or null is read once more.
            if bytes(raw).count(b'"') != shape.quotes(rest):
                check_names(raw)
            clear = shape.clear(rest) if self._held is not None else None
            sought = shape.sought(rest) if shape.screened else None
            if shape.located and self._locate is not None:
                shape.locate(rest, self._locate)
            at_us = _microseconds(at)
            told = shape.told(rest, at_us) if shape.tells and at_us >= _EARLIEST_US else None
            values = shape.values(rest)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            raise Refused(self._problems_of_bytes(raw)) from None
        if now_us is None:
            now_us = self._now_us()
        if (
            at_us > now_us + AHEAD_MAX_US
            or at_us < _EARLIEST_US
            or shape.definition.own
            or event_id.startswith(OWN_IDS)
        ):
            raise Refused(self._problems_of_bytes(raw))
        if told:
            values = _with_told(values, told)
        if sought:
            values = self._filled(values, sought)
        if clear and self._held is not None:
            return Event(event_id, shape.definition.name, at_us, values, _fresh(clear, values, self._held))
        return Event(event_id, shape.definition.name, at_us, values)

    def make(self, type_name: str, event_id: str, at_us: int, fields: Mapping[str, Any]) -> Event:
        """An event from values as they stand on the wire (files, followers); the same refusals, save of what only the
        platform may tell. Identifiers may be tokens already.
        """
        document = {"id": event_id, "type": type_name, "at": at_us, **fields}
        problems = self._problems_of_document(document, at_is_us=True, inside=True)
        if problems:
            raise Refused(problems)
        shape = self._shapes[type_name]
        wire = [_decoded(field, fields.get(field.name)) for field in shape.definition.fields]
        given = {at: wire[at] for at, kind in shape.identifiers if wire[at] is not None and is_token(kind, wire[at])}
        for at in given:
            wire[at] = None
        clear = shape.clear(wire) if self._held is not None else []
        sought = shape.sought(wire)
        told = shape.told(wire, at_us)
        if self._locate is not None:
            shape.locate(wire, self._locate)
        values = _with_told(shape.values(wire), told)
        if given:
            values = tuple(given.get(at, value) for at, value in enumerate(values))
        values = self._filled(values, sought)
        personal = _fresh(clear, values, self._held) if self._held is not None else None
        return Event(event_id, type_name, at_us, values, personal)

    def _filled(self, values: Scalars, sought: list[tuple[int, int, int, Sought]]) -> Scalars:
        """Values with what screening finds, which the platform tells and no sender."""
        if self._seek is None or not sought:
            return values
        filled = list(values)
        for at, named, whose, who in sought:
            token, customer = str(values[named]), values[whose]
            filled[at] = self._seek(token, token if customer is None else str(customer), who)
        return tuple(filled)

    def _problems_of_bytes(self, raw: bytes | memoryview) -> list[Problem]:
        if len(raw) > EVENT_BYTES_MAX:
            return [
                Problem("event", "", f"longer than {EVENT_BYTES_MAX} bytes", "send what the type declares, no more")
            ]
        try:
            check_shape(raw)
            check_names(raw)
        except Misshapen as error:
            return [Problem("event", "", str(error), "send what the type declares, no more")]
        try:
            document = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            if _is_json(bytes(raw).split(b"\n", 1)[0]):
                remedy = "send them with the header Content-Type: application/x-ndjson"
                return [Problem("event", "", "several lines where one event is expected", remedy)]
            return [Problem("event", "", "not JSON", 'send one object such as {"id": …, "type": …, "at": …}')]
        if not isinstance(document, dict):
            return [Problem("event", "", "not a JSON object", 'send one object such as {"id": …, "type": …, "at": …}')]
        problems = self._problems_of_document(document, at_is_us=False)
        # The decoder refused what the slow look finds right: say so rather than let it pass.
        return problems or [Problem("event", "", "not readable as its declared type", "compare it with the pack")]

    def _problems_of_document(self, document: dict[str, Any], *, at_is_us: bool, inside: bool = False) -> list[Problem]:
        problems = []
        event_id, type_name = document.get("id"), document.get("type")
        if not inside and isinstance(event_id, str) and event_id.startswith(OWN_IDS):
            remedy = f"give each event your own id, which doesn't begin with {OWN_IDS}"
            problems.append(Problem("event", "id", "only the platform gives such ids", remedy))
        if not isinstance(event_id, str) or not 1 <= len(event_id) <= ID_LENGTH_MAX:
            problems.append(
                Problem("event", "id", "missing or not a text of 1 to 128 characters", "give each event its own id")
            )
        problems += self._problems_of_time(document.get("at"), at_is_us=at_is_us)
        shape = self._shapes.get(type_name) if isinstance(type_name, str) else None
        if shape is None:
            known = ", ".join(sorted(self._shapes))
            return [*problems, Problem("event", "type", "missing or not a declared event type", f"use one of: {known}")]
        if shape.definition.own and not inside:
            remedy = "leave it to the platform: what people do there is told without you"
            return [*problems, Problem("event", "type", "only the platform itself tells such events", remedy)]
        for name in document:
            if name not in shape.names and name not in _ENVELOPE:
                problems.append(
                    Problem(
                        "event", _shown(name), "not a field of this event type", f"declared: {', '.join(shape.names)}"
                    )
                )
        day = _day_of(document.get("at"), self._now_us(), shape.zone)
        for field in shape.definition.fields:
            value = document.get(field.name)
            if value is None:
                if field.required:
                    problems.append(Problem("event", field.name, "missing", f"give {_wanted(field)}"))
            elif field.is_filled:
                problems.append(Problem("event", field.name, "filled by the platform itself", "leave it out"))
            elif (
                inside and field.identifier is not None and isinstance(value, str) and is_token(field.identifier, value)
            ):
                continue
            elif problem := self._problem_of_value(field, value, document) or shape.fault(field, value, day):
                problems.append(Problem("event", field.name, problem, f"give {_wanted(field)}"))
        if not problems and shape.definition.lifecycle == "list_entry":
            try:
                shape.member(document["list"], document["value"])
            except ValueError as error:
                problems.append(Problem("event", "value", str(error), "give an identifier of the list's kind"))
        return problems

    def _problems_of_time(self, at: Any, *, at_is_us: bool) -> list[Problem]:
        remedy = "give an instant such as 2026-11-22T08:00:00Z"
        if at_is_us and isinstance(at, int):
            at_us = at
        elif isinstance(at, str):
            try:
                at_us = _microseconds(_moment(at))
            except ValueError:
                return [Problem("event", "at", "not an instant (RFC 3339, with its offset)", remedy)]
        else:
            return [Problem("event", "at", "missing or not a text", remedy)]
        if at_us < _EARLIEST_US:
            return [Problem("event", "at", "before 1970", remedy)]
        if at_us > self._now_us() + AHEAD_MAX_US:
            return [Problem("event", "at", "more than 5 minutes ahead of our clock", "set the sender's clock")]
        return []

    def _problem_of_value(self, field: FieldDef, given: Any, document: dict[str, Any]) -> str | None:
        kind = field.type.kind
        wanted = _WIRE_KINDS.get(kind, (str,))
        if not isinstance(given, wanted) or (isinstance(given, bool) and kind is not Kind.BOOL):
            return "of the wrong type"
        value: Any = given
        if isinstance(value, str) and not 1 <= len(value) <= field.length_max:
            return f"empty or longer than {field.length_max} characters"
        if field.values and value not in field.values:
            return "not one of the declared values"
        try:
            if field.identifier is not None:
                self._tokens.token(field.identifier, value)
            elif kind is Kind.MONEY:
                currency = field.type.of or document.get(field.type.currency_field or "")
                _money(currency if isinstance(currency, str) else "", field)(value)
            elif kind is Kind.TIME:
                _moment(value)
            elif kind in (Kind.INT, Kind.DURATION):
                least = -AMOUNT_MINOR_MAX if field.least is None else field.least
                most = AMOUNT_MINOR_MAX if field.most is None else field.most
                if not least <= value <= most:
                    return "outside what the field allows"
            elif kind is Kind.RATIO and not abs(float(value)) < float("inf"):
                return "not a finite number"
        except OverflowError:
            return "not a finite number"
        except ValueError as error:
            return str(error)
        return None


def _day_of(at: Any, now_us: int, zone: ZoneInfo) -> date:
    """The day of an event that may be broken: today where its time can't be read."""
    at_us = now_us
    with suppress(ValueError):
        at_us = at if isinstance(at, int) else _microseconds(_moment(at)) if isinstance(at, str) else now_us
    return day_of(at_us if _EARLIEST_US <= at_us <= now_us + AHEAD_MAX_US else now_us, zone)


def _shown(name: str) -> str:
    """A field name that a stranger sent: shown only when it is short and plain."""
    return name if len(name) <= 40 and name.isidentifier() else "a field"


def _is_json(raw: bytes) -> bool:
    try:
        msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


def _with_told(values: Scalars, told: list[tuple[int, Scalar]]) -> Scalars:
    filled = list(values)
    for place, value in told:
        filled[place] = value
    return tuple(filled)


FAULTS: Mapping[str, str] = {
    "region_unknown": "begins with a region that does not exist",
    "birth_impossible": "holds a day of birth that does not exist",
    "birth_ahead": "holds a day of birth that is still to come",
    "birth_too_early": "holds a day of birth more than 120 years ago",
    "order_zero": "holds an order number that is never given out",
    "registrar_unknown": "begins with a registrar that does not exist",
}
"""Why a strict field won't have a number. No part of the number is told."""

_IDENTIFIERS = {
    "phone": "a phone number such as +86 138 0013 8000",
    "id_card": "a resident identity number of 18 characters with its check digit",
    "bank_card": "a bank card number of 12 to 19 digits with its check digit",
    "email": "an address such as li.min@example.com",
    "ip": "an IP address such as 203.0.113.7",
    "uscc": "a unified social credit code of 18 characters with its check digit",
    "text": "a name such as a customer's number",
}


def _wanted(field: FieldDef) -> str:
    if field.values:
        return f"one of: {', '.join(field.values)}"
    if field.identifier is not None:
        return _IDENTIFIERS.get(field.identifier, f"a text: {field.identifier}")
    match field.type.kind:
        case Kind.MONEY:
            currency = field.type.of or f"the currency in '{field.type.currency_field}'"
            digits = EXPONENTS.get(field.type.of or "", 2)
            return f'a decimal text such as "{12.5:.{digits}f}" in {currency}'
        case Kind.BOOL:
            return "true or false"
        case Kind.INT | Kind.DURATION:
            return "a whole number"
        case Kind.RATIO:
            return "a number"
        case Kind.TIME:
            return "an instant such as 2026-11-22T08:00:00Z"
        case _:
            return f"a text of at most {field.length_max} characters"
