"""Arithmetic of the field: money, instants, identifiers, digests, problems.

Knows: numbers and text. Never: clocks, files, networks, any other room.
"""
