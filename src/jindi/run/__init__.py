"""The only loops: intake, the live lane, recovery, batches, the simulated stream.

Knows: clocks, randomness, the order in which things happen. Never: a rule's meaning, a file's place.
"""
