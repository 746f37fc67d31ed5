"""Links scored: what a URL looks like, by the model that lies here, and whose address it imitates.

Knows: the model's file, how sure is sure. Never: what lies behind a link; nothing is fetched, and no link is kept.
"""

from jindi.run.phishing.scoring import Level, Scored, Scorer

__all__ = ["Level", "Scored", "Scorer"]
