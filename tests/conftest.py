"""What all tests share: this folder is importable, and Hypothesis never judges by the clock."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_addoption(parser):
    parser.addoption("--rewrite", action="store_true", help="write pages that are made from the code again")
