"""What the tests of this room share: one browser for all of them that a process runs."""

import pytest
from console_browser import Browser


@pytest.fixture(scope="session")
def browsers():
    """The browser that is open, if one is."""
    opened = []
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def process(browsers):
    """A browser as good as a new one: what a test opens in it is closed after it. One that has gone is replaced."""
    if not (browsers and browsers[-1].lives):
        browsers.append(Browser())
    yield browsers[-1]
    if browsers[-1].lives:
        browsers[-1].forget()
