"""Four eyes: what one person asks for, another answers, and only then is done.

Everything here is a function of the journal: proposals, answers, and what became of them.
"""

from jindi.run.approvals.book import Book, Entry, State, content_digest

__all__ = ["Book", "Entry", "State", "content_digest"]
