"""The mappings that come with the program, by name."""

from functools import cache
from importlib import resources


@cache
def shipped() -> dict[str, str]:
    """Their TOML texts.

    >>> "pain.001" in shipped()
    True
    """
    folder = resources.files("jindi.run.adapters") / "shipped"
    texts = {each.name.removesuffix(".toml"): each.read_text("utf-8") for each in folder.iterdir()
             if each.name.endswith(".toml")}  # fmt: skip
    return dict(sorted(texts.items()))
