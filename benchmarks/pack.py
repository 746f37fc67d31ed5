"""A pack of the size that our promises speak of: one event, 40 features over 4 keys, 50 rules with their cases."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

NAME, EVENT = "bench", "bench_payment"
KEYS = ("user", "device", "merchant", "card")
FEATURES = (
    ("count", "", "1h"), ("count", "", "1d"), ("count", "", "7d"), ("count", "", "30d"), ("sum", "amount", "1d"),
    ("sum", "amount", "30d"), ("mean", "amount", "30d"), ("max", "amount", "7d"), ("std", "amount", "30d"),
    ("distinct", "other", "7d"),
)  # fmt: skip
RULES = 50
DOC = '{ zh = "测量用。", en = "For measuring." }'
CHANNELS = ("app", "web", "pos", "api")


def feature_names(key: str) -> Iterator[tuple[str, str, str, str]]:
    """(name, fold, value, window) of a key's ten features."""
    for fold, value, over in FEATURES:
        field = value if value != "other" else "device" if key == "user" else "user"
        yield f"{key}_{fold}_{over}", fold, field, over


def files() -> dict[str, str]:
    """The pack's files: path below the pack's folder → text."""
    fields = "".join(f'{key} = {{ type = "text", class = "C1", entity = "{key}", doc = {DOC} }}\n' for key in KEYS)
    values = ", ".join(f'"{channel}"' for channel in CHANNELS)
    features = "".join(
        f'[{name}]\ndoc = {DOC}\nof = "{EVENT}"\nby = "{key}"\nfold = "{fold}"\nover = "{over}"\n'
        + (f'value = "{field}"\n' if field else "")
        for key in KEYS
        for name, fold, field, over in feature_names(key)
    )
    return {
        "pack.toml": f'name = "{NAME}"\nversion = "1.0.0"\nzone = "Asia/Shanghai"\ncurrency = "CNY"\n'
        f'needs = ["core"]\ndoc = {DOC}\n',
        "events.toml": f'[{EVENT}]\ndoc = {DOC}\nlate_after = "5m"\n[{EVENT}.fields]\n{fields}'
        f'amount = {{ type = "money", class = "C1", doc = {DOC} }}\n'
        f'channel = {{ type = "text", class = "public", values = [{values}], doc = {DOC} }}\n',
        "features.toml": features,
        f"policies/{EVENT}.toml": policy(),
    }


def policy() -> str:
    """Fifty rules of three or four terms; between them they read all forty features."""
    chance = random.Random(4)
    text = (
        f'id = "bench-payment"\non = "{EVENT}"\nstate = "live"\ndoc = {DOC}\n'
        '[[band]]\nfrom = 300\nthen = "challenge"\nmethod = "otp"\n[[band]]\nfrom = 900\nthen = "review"\n'
    )
    for number in range(RULES):
        terms, given, dull = [], {}, {}
        key = KEYS[number % len(KEYS)]
        mine = list(feature_names(key))
        turn = number // len(KEYS)
        counted = [name for name, fold, _, _ in mine if fold in ("count", "distinct")]
        summed = [name for name, fold, _, _ in mine if fold not in ("count", "distinct")]
        for pick in dict.fromkeys((counted[turn % len(counted)], counted[(2 * turn + 1) % len(counted)])):
            least = chance.randrange(3, 12)
            terms.append(f"{pick} >= {least}")
            given[pick], dull[pick] = least, 0
        money, yuan = summed[turn % len(summed)], chance.randrange(50, 9000)
        terms.append(f"{money} > cny('{yuan}')")
        given[money], dull[money] = f"{yuan + 1}.00", "0.00"
        terms.append(f"amount >= cny('{10 + number}')")
        given["amount"] = dull["amount"] = f"{10 + number}.00"
        channels = chance.sample(CHANNELS, 3)
        terms.append(f"channel in [{', '.join(map(repr, channels))}]")
        given["channel"] = dull["channel"] = channels[0]
        cases = "".join(
            f'  [[rule.case]]\n  name = "{word}"\n  given = {{ {inline(case)} }}\n  fires = {fires}\n'
            for word, case, fires in (("all of it", given, "true"), ("nothing much", dull, "false"))
        )
        text += (
            f'[[rule]]\nid = "rule-{number:02}"\ndoc = {DOC}\nwhen = "{" and ".join(terms)}"\nscore = {10 + number}\n'
            f'basis = "none: a measurement"\nshare_max = "100%"\n{cases}'
        )
    return text


def inline(values: dict[str, object]) -> str:
    """An inline table of TOML."""
    return ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


def write(folder: Path) -> Path:
    """Put the pack into a new folder below; returns it."""
    for path, text in files().items():
        (folder / NAME / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / NAME / path).write_text(text, encoding="utf-8")
    return folder / NAME


def events(count: int, start_us: int, gap_us: int, keys: int = 3_000, seed: int = 9) -> Iterator[dict[str, object]]:
    """Payments of popular and rare users (lognormal), in the order of time; ids are given by the sender."""
    from jindi.basics.instants import format_instant

    chance = random.Random(seed)
    weights = [chance.lognormvariate(0, 1.5) for _ in range(keys)]
    picked = [chance.choices(range(keys), weights, k=count) for _ in KEYS]
    for number in range(count):
        chosen = {key: f"{key}{picked[place][number]:05}" for place, key in enumerate(KEYS)}
        fen = max(1, int(chance.lognormvariate(9, 1)))
        yield {
            "id": f"evt_{number:09}", "type": EVENT, "at": format_instant(start_us + number * gap_us), **chosen,
            "amount": f"{fen // 100}.{fen % 100:02}", "channel": chance.choice(CHANNELS),
        }  # fmt: skip
