"""The console's own files: read once, named by their content, cached for good."""

import hashlib
from importlib.resources import files

from starlette.responses import Response

_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

NAMES = (
    "console.css", "console.js", "cases.js", "links.js", "lists.js", "live-worker.js", "people.js", "workbench.js",
    "mark.svg",
)  # fmt: skip
"""A list of names, never a directory: nothing else can be asked for."""


class Assets:
    """The files by name and digest. A changed file has another address, so no browser shows an old one."""

    def __init__(self) -> None:
        folder = files("jindi.doors.console") / "static"
        self._bytes = {name: (folder / name).read_bytes() for name in NAMES}
        self._digest = {name: hashlib.sha384(raw).hexdigest()[:16] for name, raw in self._bytes.items()}

    def address(self, name: str) -> str:
        """The address path of a file."""
        return f"/assets/{self._digest[name]}/{name}"

    def answer(self, digest: str, name: str) -> Response | None:
        """The file, to be kept for a year; None for a name or a digest that we don't have."""
        if self._digest.get(name) != digest:
            return None
        return Response(
            self._bytes[name],
            media_type=_KINDS[name.rpartition(".")[2]],
            headers={"cache-control": "public, max-age=31536000, immutable"},
        )
