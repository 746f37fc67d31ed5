"""Help that people can read."""

from typing import Any

from typer.core import TyperArgument, TyperCommand


class _Named(TyperArgument):
    """An argument that its name says all about."""

    def display_type_rich(self, ctx: Any) -> str | None:  # noqa: ARG002 - Typer asks so
        """No type: `<list[Path]>` says nothing to people that `[DIR]...` does not."""
        return None


class Plain(TyperCommand):
    """A command whose arguments may be repeated; its help does not show how a program types them."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                # Typer makes its arguments itself, and takes no class for them.
                parameter.__class__ = _Named
