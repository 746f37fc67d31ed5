"""Links that pretend: what a URL looks like, and whose address it imitates.

Knows: texts of URLs, an own list of domains. Never: what lies behind a link; nothing is fetched, resolved or asked.
"""

from jindi.parties.phishing.features import NAMES, features_of
from jindi.parties.phishing.likeness import Imitation, imitated, skeleton
from jindi.parties.phishing.urls import URL_MAX, Url, read_url

__all__ = ["NAMES", "URL_MAX", "Imitation", "Url", "features_of", "imitated", "read_url", "skeleton"]
