"""Backups: one state of the platform that can be had again elsewhere, and the proof that it can.

Knows: what a backup is made of, how it is sealed and named, how it is read back, tried and forgotten. Never: the keys
of the platform (they have a backup of their own, in shares), or which disk a place is on.
"""
