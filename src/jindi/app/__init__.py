"""Settings and wiring, and then over to the command line.

Knows: which stores are used. Never: what a decision is.
"""


def main() -> None:
    """The `jindi` program."""
    # Imported here so that `import jindi.app` stays cheap for those who only want the wiring.
    from jindi.app.wiring import Outside  # noqa: PLC0415
    from jindi.doors.cli import run  # noqa: PLC0415

    run(Outside())


__all__ = ["main"]
