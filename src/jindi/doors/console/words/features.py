"""The console's words for features."""

from typing import Final

WORDS: Final = {
    "nav.features": ("特征", "Features"),
}
