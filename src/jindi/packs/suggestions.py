"""Features that have proved their worth elsewhere, written out for the entities and labels of an event type.

What is suggested, and why: how recent, how many, how much (RFM: Bult, Wansbeek 1995); amounts against the entity's
own median, which a few frauds cannot move; novelty of one entity for another, how often and how lately they met; gaps
between events against the usual gap; how many share a device, a card, a payee; and what an entity is known for,
counted only when it is known: reports as they come, over the events of a window that ends the labels' delay ago
(Le Borgne et al. 2022, chapter 3).
"""

# ruff: noqa: E501 - a sentence in two languages is one line

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jindi.basics.instants import parse_duration
from jindi.basics.problems import Problem, Problems
from jindi.language import Kind
from jindi.packs.definitions import Definitions, EventDef, FieldDef, LabelDef
from jindi.packs.tables import NAME, meant

_KEYS = (Kind.TEXT, Kind.TOKEN)
_SPANS = {
    "10m": ("十分钟", "ten minutes"),
    "1h": ("一小时", "an hour"),
    "1d": ("一天", "a day"),
    "7d": ("七天", "seven days"),
    "30d": ("三十天", "thirty days"),
    "90d": ("九十天", "ninety days"),
}


@dataclass(slots=True)
class _Draft:
    """The fragment as it grows; names that are taken, or too long, are left out."""

    definitions: Definitions
    event: EventDef
    lines: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def head(self, en: str, zh: str) -> None:
        """A heading."""
        self.lines.append(f"# --- {en} {zh} ---\n")

    def add(self, name: str, zh: str, en: str, keys: Mapping[str, str]) -> str | None:
        """One feature; its name, unless it is there already under this name."""
        taken = name in self.definitions.features or name in self.definitions.derived or name in self.names
        if (
            taken
            or not NAME.match(name)
            or any(f.name == name for e in self.definitions.events.values() for f in e.fields)
        ):
            return name if taken else None
        written = "\n".join(f"{key} = {value}" for key, value in keys.items())
        self.lines.append(f'[{name}]\ndoc = {{ zh = "{zh}。", en = "{en}." }}\n{written}\n')
        self.names.append(name)
        return name


def suggest(
    definitions: Definitions, event_name: str, *, label: str | None = None, delay: str = "7d"
) -> tuple[str, tuple[str, ...]]:
    """A features.toml fragment for an event type, and the names that it declares.

    `label` names what entities become known for (every label of the event type when it is not given); `delay` is how
    long after an event that is known. The fragment loads beside the definitions. Raises Problems for what is unknown.
    """
    event, labels = _asked(definitions, event_name, label, delay)
    draft = _Draft(definitions, event)
    entities = [f for f in event.fields if f.entity is not None and f.type.kind in _KEYS]
    money = [f for f in event.fields if f.type.kind is Kind.MONEY and f.type.of is not None]
    if not entities:
        problem = Problem(
            event.pack, event.name, "has no field with an entity", "say whose keys its fields are: entity"
        )
        raise Problems([problem])
    for each in entities:
        _habits(draft, each, money)
    for one in entities:
        for other in entities:
            if one.entity != other.entity:
                _between(draft, one, other, is_actor=one is entities[0])
    for said in labels:
        for entity in entities:
            _risk(draft, said, entity, delay)
    top = (
        f"# Suggested for {event.name} by `jindi features suggest`; a beginning, not an end: keep what helps. Name in a\n"
        "# policy's `keeps` what no rule reads yet, so that it is kept with every decision and can be learnt from.\n"
    )
    return top + "\n" + "\n".join(draft.lines), tuple(draft.names)


def _asked(definitions: Definitions, event_name: str, label: str | None, delay: str) -> tuple[EventDef, list[LabelDef]]:
    problems = []
    if event_name not in definitions.events:
        problems.append(Problem("", event_name[:64], "unknown event type", meant(event_name, definitions.events)))
    on = {name: each for name, each in definitions.labels.items() if event_name in each.on}
    if label is not None and label not in on:
        problems.append(Problem("", label[:64], f"no label of {event_name[:64]}", meant(label, on)))
    try:
        if parse_duration(delay) == 0:
            raise ValueError("no time at all")
    except ValueError as error:
        problems.append(Problem("", "delay", str(error), 'write a duration such as "7d"'))
    if problems:
        raise Problems(problems)
    return definitions.events[event_name], [each for name, each in on.items() if label in (None, name)]


def _habits(draft: _Draft, each: FieldDef, money: list[FieldDef]) -> None:
    """How recent, how many, how much, against the entity's own habit."""
    event, key = draft.event.name, each.name
    stem, zh, en = f"{event}_{key}", f"同一{_zh(each)}", f"of the same {_word(each)}"
    what = {"of": f'"{event}"', "by": f'"{key}"'}
    draft.head(f"the habits of a {_word(each)}", _zh(each))
    for over in ("10m", "1h", "1d", "7d", "30d"):
        draft.add(
            f"{stem}_count_{over}",
            f"{zh}{_SPANS[over][0]}内的事件数，含本次",
            f"Events {en} in {_SPANS[over][1]}, this one included",
            {**what, "fold": '"count"', "over": f'"{over}"'},
        )
    since = draft.add(
        f"{stem}_since_last",
        f"距{zh}上一次多久",
        f"How long ago the last event {en} was",
        {**what, "fold": '"since_last"', "over": '"ever"'},
    )
    draft.add(
        f"{stem}_since_first",
        f"距{zh}首次多久",
        f"How long ago the first event {en} was",
        {**what, "fold": '"since_first"', "over": '"ever"'},
    )
    if since is not None:
        draft.add(
            f"{stem}_gap_to_usual",
            f"{zh}距上一次的间隔与三十天平均间隔之比",
            f"The gap since the last event {en} over the usual gap of thirty days",
            {"is": f'"{since} * {stem}_count_30d / days(30)"'},
        )
    for amount in money:
        _amounts(draft, each, amount, what)


def _amounts(draft: _Draft, each: FieldDef, amount: FieldDef, what: Mapping[str, str]) -> None:
    stem, zh, en = f"{draft.event.name}_{each.name}_{amount.name}", f"同一{_zh(each)}", f"of the same {_word(each)}"
    folded = {**what, "value": f'"{amount.name}"'}
    for over in ("1d", "30d"):
        draft.add(
            f"{stem}_sum_{over}",
            f"{zh}{_SPANS[over][0]}内的{_zh(amount)}合计，含本次",
            f"The sum of {amount.name} {en} in {_SPANS[over][1]}, this one included",
            {**folded, "fold": '"sum"', "over": f'"{over}"'},
        )
    before = {**folded, "current": '"exclude"'}
    median = draft.add(
        f"{stem}_median_90d",
        f"{zh}此前九十天{_zh(amount)}的中位数",
        f"The median {amount.name} {en} in the ninety days before",
        {**before, "fold": '"quantile"', "q": "0.5", "over": '"90d"'},
    )
    highest = draft.add(
        f"{stem}_max_90d",
        f"{zh}此前九十天{_zh(amount)}的最大值",
        f"The largest {amount.name} {en} in the ninety days before",
        {**before, "fold": '"max"', "over": '"90d"'},
    )
    recent = draft.add(
        f"{stem}_max_7d",
        f"{zh}此前七天{_zh(amount)}的最大值",
        f"The largest {amount.name} {en} in the seven days before",
        {**before, "fold": '"max"', "over": '"7d"'},
    )
    if median is not None:
        draft.add(
            f"{stem}_to_median",
            f"本次{_zh(amount)}与{zh}中位数之比",
            f"This {amount.name} over the median {en}",
            {"is": f'"{amount.name} / {median}"'},
        )
    if highest is not None:
        draft.add(
            f"{stem}_to_max",
            f"本次{_zh(amount)}与{zh}九十天最大值之比",
            f"This {amount.name} over the largest {en} in ninety days",
            {"is": f'"{amount.name} / {highest}"'},
        )
    if median is not None and recent is not None:
        draft.add(
            f"{stem}_recent_to_median",
            f"{zh}七天最大{_zh(amount)}与中位数之比",
            f"The largest {amount.name} {en} of seven days over the median",
            {"is": f'"{recent} / {median}"'},
        )


def _between(draft: _Draft, one: FieldDef, other: FieldDef, *, is_actor: bool) -> None:
    """Who shares what; and, for the first entity of the event, whether the other is new to it."""
    event = draft.event.name
    zh, en = f"同一{_zh(one)}", f"the same {_word(one)}"
    if is_actor:
        draft.head(f"a {_word(other)} that is new to the {_word(one)}", f"{_zh(other)}是否首次出现")
        draft.add(
            f"{event}_{one.name}_knows_{other.name}",
            f"{zh}此前用过这个{_zh(other)}",
            f"{en.capitalize()} was seen with this {_word(other)} before",
            {"of": f'"{event}"', "by": f'"{one.name}"', "fold": '"seen"', "value": f'"{other.name}"', "over": '"ever"'},
        )
        draft.add(
            f"{event}_{one.name}_{other.name}_known_for",
            f"{zh}首次用这个{_zh(other)}距今多久",
            f"How long ago {en} was first seen with this {_word(other)}",
            {"of": f'"{event}"', "by": f'["{one.name}", "{other.name}"]', "fold": '"since_first"', "over": '"ever"'},
        )
        met = {"of": f'"{event}"', "by": f'["{one.name}", "{other.name}"]'}
        draft.add(
            f"{event}_{one.name}_{other.name}_since_last",
            f"{zh}上次用这个{_zh(other)}距今多久",
            f"How long ago {en} was last seen with this {_word(other)}",
            {**met, "fold": '"since_last"', "over": '"ever"'},
        )
        for over in ("1d", "7d"):
            draft.add(
                f"{event}_{one.name}_{other.name}_count_{over}",
                f"{zh}{_SPANS[over][0]}内用这个{_zh(other)}的次数，含本次",
                f"How often {en} was seen with this {_word(other)} in {_SPANS[over][1]}, this time included",
                {**met, "fold": '"count"', "over": f'"{over}"'},
            )
    for over in ("1d", "30d"):
        draft.add(
            f"{event}_{one.name}_{other.name}s_{over}",
            f"{zh}{_SPANS[over][0]}内的不同{_zh(other)}数，含本次",
            f"Different values of {_word(other)} for {en} in {_SPANS[over][1]}, this one included",
            {
                "of": f'"{event}"',
                "by": f'"{one.name}"',
                "fold": '"distinct"',
                "value": f'"{other.name}"',
                "over": f'"{over}"',
            },
        )


def _risk(draft: _Draft, label: LabelDef, each: FieldDef, delay: str) -> None:
    """What an entity is known for: reports, and their share of the events that they can be of."""
    for number, (report, where) in enumerate(_told(draft.definitions, label, each)):
        event, key = draft.event.name, each.name
        stem = f"{event}_{key}_{label.name}" if number == 0 else f"{event}_{key}_{report}_{label.name}"
        zh, en = f"同一{_zh(each)}", f"of the same {_word(each)}"
        found = _fields(draft.definitions.events[report], each)
        by = f'{{ {report} = "{found[0].name}", {event} = "{key}" }}'
        told = {"of": f'"{report}"', "by": by, "fold": '"count"'} | ({"where": f'"{where}"'} if where != "true" else {})
        draft.head(
            f"what a {_word(each)} is known for: {label.name}, {delay} late",
            f"{_zh(each)}：{label.doc.zh.rstrip('。')}",
        )
        for over in ("7d", "30d"):
            reports = draft.add(
                f"{stem}_reports_{over}",
                f"{_SPANS[over][0]}内得知的{zh}的 {label.name} 数",
                f"How many {label.name} {en} became known in {_SPANS[over][1]}",
                {**told, "over": f'"{over}"'},
            )
            events = draft.add(
                f"{event}_{key}_count_{over}_before_{delay}",
                f"{zh}在 {delay} 之前的{_SPANS[over][0]}内的事件数",
                f"Events {en} in the {_SPANS[over][1].removeprefix('a ')} that ended {delay} ago",
                {"of": f'"{event}"', "by": f'"{key}"', "fold": '"count"', "over": f'"{over}"', "lag": f'"{delay}"'},
            )
            if reports is not None and events is not None:
                draft.add(
                    f"{stem}_risk_{over}",
                    f"{zh}{_SPANS[over][0]}的 {label.name} 占比（按得知时间）",
                    f"The share of {label.name} {en}, of the events that it can be known of by now",
                    {"is": f'"{reports} / {events}"', "else": "0.0"},
                )
        since = {**told, "fold": '"since_last"', "over": '"ever"'}
        draft.add(
            f"{stem}_since_report",
            f"距上次得知{zh}的 {label.name} 多久",
            f"How long ago {label.name} {en} last became known",
            since,
        )


def _told(definitions: Definitions, label: LabelDef, each: FieldDef) -> Iterator[tuple[str, str]]:
    """The event types that say the label of an entity, with when they say that it is so."""
    for word in label.words:
        event = definitions.events[word.event]
        text = str(word.value)
        if text != "false" and event.lifecycle is None and len(_fields(event, each)) == 1:
            yield word.event, text


def _fields(event: EventDef, each: FieldDef) -> list[FieldDef]:
    named = [f for f in event.fields if f.name == each.name and f.entity == each.entity and f.type == each.type]
    return named or [f for f in event.fields if f.entity == each.entity and f.type == each.type]


def _zh(each: FieldDef) -> str:
    return each.doc.zh.rstrip("。").replace('"', "'").split("（", 1)[0]


def _word(each: FieldDef) -> str:
    return each.name.replace("_", " ")
