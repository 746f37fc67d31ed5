"""Jindi 金堤: security and risk control for internet finance."""
