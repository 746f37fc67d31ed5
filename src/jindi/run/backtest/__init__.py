"""Backtests: what other packs would have decided about the past that the journal holds.

Knows: the journal, candidates (programs), labels, and how to count what differs. Never: how a decision is made (that is
`engine`, the very code that decides live), and never what did not happen: follow-ups stay as they were, nobody passes a
challenge that was not posed.
"""

from jindi.run.backtest.contest import Candidate, Contest, Mode, Span
from jindi.run.backtest.report import report
from jindi.run.backtest.tally import Tally

__all__ = ["Candidate", "Contest", "Mode", "Span", "Tally", "report"]
