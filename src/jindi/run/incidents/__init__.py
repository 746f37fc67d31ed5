"""Incidents on a running platform: a fold of the journal in memory, worked by people whose steps are records first.

Knows: how records become incidents, who may see one, what is looked at before a step. Never: what a step does to an
incident, or which clocks it sets going (`cases.incidents*` say that).
"""

from jindi.run.incidents.book import Incidents, read

__all__ = ["Incidents", "read"]
