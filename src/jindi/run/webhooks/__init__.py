"""Decisions told to others as they are made: signed, in order, at least once, and to nobody inside by mistake.

Knows: which endpoints there are and how far each has been told. Never: personal data; a body holds what the API answers
about a decision, and nothing of the event but its id and its type.
"""

from jindi.run.webhooks.courier import Courier
from jindi.run.webhooks.endpoints import Endpoint, Endpoints, Progress, Unknown
from jindi.run.webhooks.reaching import Forbidden, Reach
from jindi.run.webhooks.sending import Sender

__all__ = ["Courier", "Endpoint", "Endpoints", "Forbidden", "Progress", "Reach", "Sender", "Unknown"]
