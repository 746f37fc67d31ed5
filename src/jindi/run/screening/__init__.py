"""Screening beside the stream: watch lists on their shelf, names looked for at the door, matches and what became of
them.

Knows: which version of which list is in force and who loaded it, whom an event's name may be, who was cleared of what
and who is frozen. Never: how two names are alike (`parties.screening` says that), what a match means for a payment
(the packs say that), and never a name in a record, a log or a message. What it finds it tells through the front door.
"""
