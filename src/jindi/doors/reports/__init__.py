"""Reports as files: one page of HTML each, in both languages, that needs nothing beside itself.

A page knows a report's document and how people read it. It never computes a figure, and it loads nothing: no
script, no font, no picture from elsewhere.
"""

from jindi.doors.reports.backtests import backtest_page
from jindi.doors.reports.controls import controls_page
from jindi.doors.reports.drifts import drift_page
from jindi.doors.reports.evaluations import evaluation_page

__all__ = ["backtest_page", "controls_page", "drift_page", "evaluation_page"]
