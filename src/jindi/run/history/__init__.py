"""The archive: the journal's decisions as Parquet, for whoever asks about the past.

Knows: the columns of an event type, parts and their manifest, the follower that writes them from the journal,
the proof that they say what the journal says, and how they are read again. Never: a clear identifier (the
journal has none), a decision of its own, or anything that the journal does not hold: the whole archive can be
deleted and made again.
"""
