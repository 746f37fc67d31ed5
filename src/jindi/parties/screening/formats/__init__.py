"""Lists in the formats of their publishers, read into entries; every problem at once, with its line."""

from jindi.parties.screening.formats.eu import read_eu_csv, read_eu_xml
from jindi.parties.screening.formats.files import FORMATS, read_files
from jindi.parties.screening.formats.ofac import read_ofac
from jindi.parties.screening.formats.own import read_own_csv, read_own_toml
from jindi.parties.screening.formats.un import read_un

__all__ = [
    "FORMATS",
    "read_eu_csv",
    "read_eu_xml",
    "read_files",
    "read_ofac",
    "read_own_csv",
    "read_own_toml",
    "read_un",
]
