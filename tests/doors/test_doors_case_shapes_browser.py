"""A case's patterns in a real browser: readable in both languages, both themes and on a phone."""

import pytest
from cases_world import FILES, World
from console_browser import chromium
from looking_over import looked_over
from test_doors_case_shapes import ring
from test_doors_cases_browser import Worked

from shop_world import HOUR_US, NOON_US
from transfers_world import send, with_transfers

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


async def crowded(world):
    """A ring, back and forth, and a crowd of forty who pay one."""
    world.clock.at_us = NOON_US + 9 * HOUR_US
    await world.send(send(90, "b", "a", "30.00", at_us=NOON_US))
    decisions = await world.happens(*ring())
    for number in range(40):
        await world.send(send(100 + number, f"payer-{number:02}", "a", "20.00", NOON_US + 3 * HOUR_US))
    await world.send(send(200, "a", "b", "600.00", NOON_US + 4 * HOUR_US))
    await world.send(send(201, "b", "c", "600.00", NOON_US + 4 * HOUR_US))
    more = await world.happens(send(202, "c", "a", "600.00", NOON_US + 5 * HOUR_US))
    world.shaped = await world.of(decisions[-1])
    assert (await world.of(more[-1])).id == world.shaped.id


class Shaped(Worked):
    """The world of cases, with transfers."""

    def __init__(self):
        super().__init__(crowded)

    def made(self):
        return World(files=with_transfers(FILES, typology="large_payment"))

    def pages(self):
        return [f"/console/cases/{self.world.shaped.id}"]


@pytest.fixture(scope="module")
def shaped():
    alive = Shaped()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pictures_of_patterns_are_easy_to_read_and_break_no_policy(process, shaped, lang):
    assert [
        each
        for width in (1440, 390)
        for each in looked_over(shaped.tab(process, "wang", width=width), shaped.url, shaped.pages(), lang)
    ] == []
