"""The HTTP door: a bare callable for the hot route, comfortable routes for everything else."""

from jindi.doors.api.app import build_api

__all__ = ["build_api"]
