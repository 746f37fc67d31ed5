"""Where people and machines come in: HTTP, console, command line.

Knows: protocols and pages. Never: which store is used, how a decision is made.
"""
