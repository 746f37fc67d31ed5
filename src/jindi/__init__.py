"""Jindi 金堤: security and risk control for internet finance."""

__version__ = "0.1.0"
