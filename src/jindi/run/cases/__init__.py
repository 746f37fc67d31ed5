"""Cases on a running platform: made of the journal by a follower, worked by people whose steps are records first.

Knows: how records become alerts and steps, what a step sets off (verdicts, a second person's approval). Never: what a
step does to a case (`cases` says that), nor where cases are kept.
"""

from jindi.run.cases.bulk import Bulk, Bulks, Moved, TooMany
from jindi.run.cases.desk import Declined, Desk, Happened, Page, Seen
from jindi.run.cases.files import NotTaken
from jindi.run.cases.folding import Folding, case_of, row_of
from jindi.run.cases.following import Following
from jindi.run.cases.scanning import Scanning
from jindi.run.cases.shapes import Leg, Shape
from jindi.run.cases.team import Team, Work, team_of

__all__ = [
    "Bulk", "Bulks", "Declined", "Desk", "Folding", "Following", "Happened", "Leg", "Moved", "NotTaken", "Page",
    "Scanning", "Seen", "Shape", "Team", "TooMany", "Work", "case_of", "row_of", "team_of",
]  # fmt: skip
