"""The console's words for models."""

from typing import Final

WORDS: Final = {
    "nav.models": ("模型", "Models"),
}
