"""The command line: every command says what it did, as text for people or as JSON for programs."""

from jindi.doors.cli.commands import run

__all__ = ["run"]
