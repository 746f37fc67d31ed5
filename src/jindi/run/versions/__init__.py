"""The life of versions: what was saved, watched, proposed, approved and rolled back, by whom, and what it came to.

Everything here is a function of the journal: steps that people took, definitions that came in force, decisions.
"""

from jindi.run.versions.ledger import Ledger, Proposal, Standing, Taken, Version
from jindi.run.versions.overlay import Aside, composed, difference, extends
from jindi.run.versions.tallies import Tally, Watch, Watched

__all__ = [
    "Aside",
    "Ledger",
    "Proposal",
    "Standing",
    "Taken",
    "Tally",
    "Version",
    "Watch",
    "Watched",
    "composed",
    "difference",
    "extends",
]
