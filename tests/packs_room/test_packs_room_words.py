"""words.toml: what packs call the values of text fields, or every problem with its address."""

from pathlib import Path

import pytest
from packs_room_world import EVENTS, said, world

from jindi.packs import Words, load

PACKS = Path(__file__).parents[2] / "packs"
PLACE = "shop/words.toml"
