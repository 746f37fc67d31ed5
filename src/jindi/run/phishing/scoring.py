"""One link → how likely it is false, whom it imitates, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

from jindi.basics.problems import Problem, Problems
from jindi.engine import Model
from jindi.language import RATIO
from jindi.packs import ModelDef, ModelInput, Words
from jindi.packs.models import parse_model, read_model_file
from jindi.parties.phishing import NAMES, Imitation, Url, features_of, imitated, read_url

Level = Literal["own", "low", "doubtful", "imitation"]

DOUBTFUL_FROM: Final = 0.8
"""(design default) From which probability a link is doubtful by its looks. Looks alone never say more: the model learnt
from Western links of 2019, and takes a railway whose name is a number for phishing.
"""

SHARES_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Scored:
    """A link judged. `probability` is the model's; an imitation of an own domain is one whatever the model says, and an
    own domain is `own`. `shares` are the inputs that moved the score most, with value and log odds.
    """

    url: Url
    level: Level
    probability: float
    imitation: Imitation | None
    shares: tuple[tuple[str, float, float], ...]


class Scorer:
    """Scores links for one's own domains (`alipay.com`). Raises ValueError for what is no domain."""

    def __init__(self, own: Iterable[str] = (), text: str | None = None) -> None:
        self._own = tuple(own)
        self._hosts = tuple(read_url(each).host for each in self._own)
        self._model = shipped() if text is None else model_of(text)

    def score(self, text: str) -> Scored:
        """A link judged. Raises ValueError when no host can be read from it."""
        url = read_url(text)
        row = features_of(url)
        (probability,) = self._model(row)
        points = self._model.shares(row).points
        told = sorted(range(len(NAMES)), key=lambda place: -abs(points[place]))[:SHARES_TOLD]
        shares = tuple((NAMES[place], row[place], points[place]) for place in told)
        imitation = imitated(url, self._own)
        if any(url.host == host or url.host.endswith(f".{host}") for host in self._hosts):
            level: Level = "own"
        elif imitation is not None:
            level = "imitation"
        else:
            level = "doubtful" if probability >= DOUBTFUL_FROM else "low"
        return Scored(url, level, probability, imitation, shares)


def model_of(text: str) -> Model:
    """The model of a file's text, laid out for `features_of`. Raises Problems."""
    problems: list[Problem] = []
    raw = parse_model(text, "model", problems)
    file = read_model_file(raw, "model", problems) if raw is not None else None
    if file is not None and tuple(each.name for each in file.inputs) != NAMES:
        problems.append(Problem("model", "inputs", "are not the numbers that links have here", "train it again"))
    if file is None or problems:
        raise Problems(problems)
    doc = Words("一条链接为钓鱼的概率。", "The probability that a link is phishing.")
    definition = ModelDef(
        name="phishing", pack="", doc=doc, on="", file="", degrade="open",
        inputs=tuple(ModelInput(name, RATIO) for name in NAMES), base=file.base, link=file.link, trees=file.trees,
        terms=file.terms, calibration=file.calibration, card=file.card, digest=file.digest,
    )  # fmt: skip
    return Model(definition, {name: place for place, name in enumerate(NAMES)})


@cache
def shipped() -> Model:
    """The model that lies beside this file."""
    return model_of(resources.files("jindi.run.phishing").joinpath("model.json").read_text("utf-8"))
