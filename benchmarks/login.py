"""What account safety finds: links, passwords, a log of sign-ins, and the login risk of a simulated town.

    python -m benchmarks.login --out benchmarks/LOGIN.md --data DIR        all of it
    python -m benchmarks.login --data DIR --train src/jindi/run/phishing/model.json      train the shipped model again

`DIR` is the folder of the data sets. None of them is part of the repository.
"""

import argparse
import datetime as dt
import gzip
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq

from jindi.access.passwords import PROFILES, score, troubles
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US, HOUR_US, parse_instant
from jindi.features import Windows, plan
from jindi.parties.phishing import imitated, read_url
from jindi.run.batch import decide_file
from jindi.run.intake import Intake
from jindi.run.learn.metrics import auc
from jindi.run.phishing import scoring
from jindi.run.phishing.learning import learn, table_of, tenth_of
from jindi.run.phishing.scoring import DOUBTFUL_FROM, model_of
from jindi.run.platform import compiled
from jindi.run.records import decision_id
from jindi.run.simulate import START_US, World
from jindi.run.state import State
from jindi.vault import Tokens

SOURCE = "pdd (PhishTank and others, 2019), the 51,702 URLs at hand"
TEST_TENTHS = (7, 8, 9)
"""Hosts in these tenths (by digest) are the test; the others train."""


def links_of(folder: Path) -> tuple[list[str], np.ndarray]:
    """The URLs with their truth."""
    table = pq.read_table(folder / "phishing_urls" / "pdd_dev.parquet")
    return table["url"].to_pylist(), np.array(table["phishing"].to_pylist(), dtype=np.bool_)


def train(folder: Path, target: Path) -> None:
    """The shipped model: learnt from the hosts that are not the test."""
    links, label = links_of(folder)
    rows, hosts, places = table_of(links)
    train_rows = np.array([tenth_of(host) not in TEST_TENTHS for host in hosts])
    text = learn(rows[train_rows], [h for h, t in zip(hosts, train_rows, strict=True) if t],
                 label[places][train_rows], made={"data": SOURCE})  # fmt: skip
    target.write_text(text, "utf-8")
    print(f"{target}: {len(text):,} characters")


# ---- links


def links_page(folder: Path) -> Iterator[str]:
    """How well links are told apart on hosts that were not learnt from."""
    links, label = links_of(folder)
    rows, hosts, places = table_of(links)
    truth = label[places]
    test = np.array([tenth_of(host) in TEST_TENTHS for host in hosts])
    shipped = model_of((Path(scoring.__file__).parent / "model.json").read_text("utf-8"))
    found = shipped.probabilities(rows[test])
    chance = np.random.default_rng(1).random(len(truth)) < 0.3
    drawn = model_of(learn(rows[~chance], [h for h, t in zip(hosts, chance, strict=True) if not t], truth[~chance]))
    at_random = drawn.probabilities(rows[chance])
    yield "## Links"
    yield ""
    yield (
        f"{SOURCE}; {int(truth.sum()):,} of them phishing. Nothing of them is part of the repository but the numbers of"
        " the model."
    )
    yield ""
    yield "| | hosts kept apart | links drawn at random | published (random) |"
    yield "| --- | --- | --- | --- |"
    yield (
        f"| accuracy at 0.5 | **{_share((found > 0.5) == truth[test])}** of {int(test.sum()):,} |"
        f" {_share((at_random > 0.5) == truth[chance])} of {int(chance.sum()):,} | 97.98 % |"
    )
    yield f"| AUC | {auc(truth[test], found):.4f} | {auc(truth[chance], at_random):.4f} | |"
    caught, wrong = found >= DOUBTFUL_FROM, ~truth[test]
    yield (
        f"| doubtful (from {DOUBTFUL_FROM}) | {_share(caught[truth[test]])} of phishing, {_share(caught[wrong])} of the"
        " others | | |"
    )
    yield ""
    yield (
        "Published: Sahingoz, Buber, Demir, Diri, Expert Syst. Appl. 117 (2019) 345–357, random forest on features of"
        " natural language, all 73,575 URLs, cross-validated without regard to hosts. Ours knows neither the suffix nor"
        " the scheme of a link, on purpose: in this data they say who collected it. Kept apart: hosts in three tenths,"
        " by their digest, are never learnt from."
    )
    yield ""
    own = ("alipay.com", "icbc.com.cn")
    made, told = list(imitations(own)), 0
    for link in made:
        told += imitated(read_url(link), own) is not None
    strangers = [link for link, false in zip(links, label, strict=True) if not false]
    held = sum(imitated(read_url(link), own) is not None for link in strangers)
    yield (
        f"Imitations of two own domains: {told} of {len(made)} made ones are told; of {len(strangers):,} honest links"
        f" {held} {'is' if held == 1 else 'are'} taken for one."
    )


def imitations(own: Sequence[str]) -> Iterator[str]:
    """Look-alikes of domains by the usual tricks: slips, signs that look alike, other suffixes, more words."""
    alike = {"a": "а", "o": "0", "i": "1", "l": "1", "e": "3", "p": "р", "c": "с"}
    for domain in own:
        name, _, suffix = domain.partition(".")
        yield from (f"https://{name[:n]}{alike[c]}{name[n + 1 :]}.{suffix}/" for n, c in enumerate(name) if c in alike)
        yield from (f"https://{name[:n]}{name[n + 1 :]}.{suffix}/" for n in range(len(name)) if len(name) > 4)
        yield from (f"https://{name[:n]}{name[n : n + 2][::-1]}{name[n + 2 :]}.{suffix}/" for n in range(len(name) - 1))
        yield from (f"https://{name}.{other}/" for other in ("net", "top", "xyz", "org.cn", "cc"))
        yield from (f"https://{name}-{word}.top/" for word in ("login", "verify", "bank", "gift"))
        yield from (f"https://{domain}.{word}.top/login" for word in ("secure-pay", "id-check", "service"))
        yield f"https://{domain}@192.0.2.1/"


# ---- passwords


def passwords_page(folder: Path) -> Iterator[str]:
    """How many of the most common passwords the check at sign-up lets through without any list of leaked ones."""
    packed = folder / "common_passwords" / "common-passwords.txt.gz"
    words = gzip.decompress(packed.read_bytes()).decode("utf-8").split()
    chosen = Random(1).sample(words, 1_500)
    long = [word for word in chosen if len(word) >= PROFILES["nist"].length_min]
    passed = [word for word in chosen if not troubles(word, PROFILES["nist"])]
    yield "## Passwords"
    yield ""
    yield (
        f"Of {len(chosen):,} drawn from the {len(words):,} most common passwords (a list of the Django project; not"
        f" shipped) the check refuses {_part(len(chosen) - len(passed), len(chosen))} without any list of leaked ones;"
        f" {len(long):,} of them have the eight characters that are asked for, and of these"
        f" {_part(sum(score(word) >= 3 for word in long), len(long))} are scored as hard to guess. With"
        " the same list loaded as leaked passwords all are refused, by construction."
    )


# ---- a log of sign-ins


_LINE = re.compile(
    r"(\w{3} [ \d]\d \d\d:\d\d:\d\d) \S+ sshd\[\d+\]: (?:message repeated (\d+) times: \[ )?"
    r"(Failed|Accepted) (password|publickey) for (?:invalid user )?(\S*) from (\S+) port (\d+)"
)
YEAR = 2017
"""The log says no year; the packages that are installed in it are of this one."""


def sign_ins(path: Path) -> Iterator[dict[str, object]]:
    """The attempts of an sshd log as events of pack `account`, in time order; one that is repeated comes as often."""
    count = 0
    for line in path.read_text("utf-8").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        at = dt.datetime.strptime(f"{YEAR} {match[1]}", "%Y %b %d %H:%M:%S").replace(tzinfo=dt.UTC)
        for _ in range(int(match[2] or 1)):
            count += 1
            yield {
                "id": f"ssh-{count}", "type": "login", "at": at.isoformat().replace("+00:00", "Z"),
                "user": match[5] or "-", "ip": match[6],
                # An sshd log knows no device: each connection is its own, so that rules about devices stay silent.
                "device": f"connection-{match[6]}-{match[7]}",
                "channel": "api", "method": "password" if match[4] == "password" else "passkey",
                "success": match[3] == "Accepted",
            }  # fmt: skip


def log_page(folder: Path) -> Iterator[str]:
    """What the rules find in a log of sign-ins."""
    source = folder / "login_logs" / "elastic_auth.log"
    program = compiled(Outside().pack_files([]))
    with tempfile.TemporaryDirectory() as place:
        events, out = Path(place) / "events.ndjson", Path(place) / "out.parquet"
        attempts = list(sign_ins(source))
        events.write_text("".join(json.dumps(each) + "\n" for each in attempts), "utf-8")
        decide_file(events, out, program, Tokens(bytes(32)), None)
        rows = pq.read_table(out, columns=["outcome", "reasons"]).to_pylist()
    fails: Counter[str] = Counter()
    right: Counter[str] = Counter()
    tried: dict[str, set[str]] = {}
    hits: Counter[str] = Counter()
    stopped = {True: 0, False: 0}
    for attempt, row in zip(attempts, rows, strict=True):
        ip, mine = str(attempt["ip"]), set(row["reasons"]) & FAILURES
        (right if attempt["success"] else fails)[ip] += 1
        if not attempt["success"]:
            tried.setdefault(ip, set()).add(str(attempt["user"]))
        stopped[bool(attempt["success"])] += bool(mine)
        hits.update(mine)
    yield "## A log of sign-ins"
    yield ""
    yield (
        f"`auth.log` of elastic/examples: {len(attempts):,} attempts at sshd ({fails.total():,} failed,"
        f" {right.total():,} accepted; a line that says that it was repeated counts as often),"
        f" {len({*fails, *right}):,} addresses. Nothing in it says which are attacks; the recipe that it belongs to"
        " looks for clients with unusually many failures."
    )
    yield ""
    yield "| rule | attempts |"
    yield "| --- | --- |"
    for name in sorted(FAILURES, key=lambda name: (-hits[name], name)):
        yield f"| {name} | {hits[name]} |"
    yield ""
    counted = [ip for ip in fails if (fails[ip] >= 10 and len(tried[ip]) >= 5) or (fails[ip] >= 20 and not right[ip])]
    yield (
        f"Together they stop or challenge {_part(stopped[False], fails.total())} of the failed attempts and"
        f" {_part(stopped[True], right.total())} of the accepted ones. The lock is by account: whoever tries one that"
        " is being guessed is stopped, wherever he comes from. Counting by address over the whole log instead (ten"
        f" failures on five accounts, or twenty and never right) would flag {len(counted)} addresses with"
        f" {_part(sum(fails[ip] for ip in counted), fails.total())} of the failures, and"
        f" {_part(sum(right[ip] for ip in counted), right.total())} of the accepted sign-ins come from them."
    )


FAILURES = frozenset((
    "login-locked-after-failures", "login-stuffing-by-ip", "login-stuffing-by-device", "login-failing-challenges",
))  # fmt: skip
"""The rules about failures; what others say of connections without a device or a place means nothing here."""


# ---- login risk in a simulated town


TOWN_USERS, TOWN_DAYS, TOWN_FROM, TOWN_SEED, TOWN_FRAUD = 1_000, 40, 25, 14, 12.0
BOTHERED = (0.05, 0.02, 0.01, 0.005)


def town_page() -> Iterator[str]:
    """How many impostors a threshold catches that bothers so many honest logins."""
    program = compiled(Outside().pack_files([]))
    state = State.fresh(program, Windows(plan(program.definitions, program.reads)))
    world = World(TOWN_SEED, users=TOWN_USERS, fraud=TOWN_FRAUD)
    intake = Intake(program.definitions, Tokens(bytes(32)), lambda: 1 << 62)
    ep = program.events["login"]
    places = {name: ep.index[name] for name in ("login_risk", "login_risk_simple")}
    scores: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in places}
    outcomes = {"honest": Counter(), "impostor": Counter()}
    unscored, alone = 0, Counter()
    for seq, (document, truth) in enumerate(world):
        at_us = parse_instant(document["at"])
        if at_us >= START_US + TOWN_DAYS * DAY_US:
            break
        fields = {name: value for name, value in document.items() if name not in ("id", "type", "at")}
        if document["type"] == "login":
            fields["network"] = ".".join(document["ip"].split(".")[:2])  # what a sender knows of an address
        event = intake.make(document["type"], document["id"], at_us, fields)
        gathered = state.gather(event, feed=True)
        decision = state.decide(event, gathered)
        state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us)
        world.react(
            document["id"], decision.outcome, decision.method, decision_id=decision_id(seq),
            wait_us=decision.wait_us or 2 * HOUR_US,
        )  # fmt: skip
        is_impostor = truth.scenario in IMPOSTORS
        if document["type"] != "login" or not document["success"] or at_us < START_US + TOWN_FROM * DAY_US:
            continue
        if truth.scenario is not None and not is_impostor:
            continue
        outcomes["impostor" if is_impostor else "honest"][str(decision.outcome)] += 1
        mine = {ep.live.policy.rules[hit].id for hit in decision.hits}
        alone["impostor" if is_impostor else "honest"] += decision.outcome != "allow" and mine <= RISK_RULES
        for name, place in places.items():
            value = gathered.facts[place]
            if value is None:
                unscored += name == "login_risk"
            else:
                scores[name][is_impostor].append(float(value))
    honest, impostors = outcomes["honest"].total(), outcomes["impostor"].total()
    yield "## Login risk"
    yield ""
    yield (
        f"A simulated town (seed {TOWN_SEED}, {TOWN_USERS:,} customers, twelve times the usual fraud), right passwords"
        f" of days {TOWN_FROM} to {TOWN_DAYS}: {honest:,} honest logins and {impostors:,} of impostors"
        f" ({', '.join(IMPOSTORS)}); {unscored:,} had no score, for the user had never got in before. Simulated people,"
        " written by who wrote the rules: this says that the parts fit together, not what you will see. The published"
        " rates (3.3 million users) were not read, and the published data was not at hand."
    )
    yield ""
    yield "| honest logins bothered | threshold | impostors caught | simple form: threshold | impostors caught |"
    yield "| --- | --- | --- | --- | --- |"
    for share in BOTHERED:
        cells = []
        for name in places:
            good, bad = map(np.array, scores[name])
            cut = float(np.quantile(good, 1 - share))
            cells += [f"{cut:.3g}", _part(int((bad >= cut).sum()), len(bad))]
        yield f"| {share:.1%} | " + " | ".join(cells) + " |"
    yield ""
    asked = {who: sum(n for outcome, n in counts.items() if outcome != "allow") for who, counts in outcomes.items()}
    yield (
        f"The whole policy as shipped challenges, reviews or denies {_part(asked['impostor'], impostors)} of these"
        f" impostors' logins and {_part(asked['honest'], honest)} of the honest ones (honest retries after a passed"
        f" challenge count as logins of their own); the rules about login risk alone {alone['impostor']} and"
        f" {alone['honest']} of these."
    )
    yield ""
    yield (
        "Why the simple form is sharper here: with levels, a thief's telephone of the same family as the victim's is"
        " half known, and the town knows few families. Levels need to be finer (versions of browsers and systems)."
    )


RISK_RULES = frozenset({"login-risk-raised", "login-risk-simple", "login-risk-high"})
IMPOSTORS = ("account_takeover", "credential_stuffing", "impossible_travel")


def _share(truths: np.ndarray) -> str:
    return f"{float(np.mean(truths)):.2%}".replace("%", " %")


def _part(some: int, whole: int) -> str:
    return f"{some:,} of {whole:,} ({some / whole:.1%})".replace("%", " %") if whole else f"{some} of none"


HEAD = """# Account safety, measured

Made by `python -m benchmarks.login --out benchmarks/LOGIN.md --data DIR` on {when} UTC.

"""


def main() -> int:
    """Measure and write the page, or train the shipped model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.login", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, help="where the page goes (default: standard output)")
    parser.add_argument("--train", type=Path, help="train the shipped model into this file, and nothing else")
    given = parser.parse_args()
    if given.train is not None:
        train(given.data, given.train)
        return 0
    sections = (town_page(), links_page(given.data), passwords_page(given.data), log_page(given.data))
    text = HEAD.format(when=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}")
    text += "\n\n".join("\n".join(section) for section in sections) + "\n"
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
