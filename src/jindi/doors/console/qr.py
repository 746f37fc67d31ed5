"""A text as a picture of dots, drawn on the server: the secret goes to no other place than the page."""

import segno
from markupsafe import Markup


def qr_svg(text: str, title: str) -> Markup:
    """The picture as SVG inside a page: dark on light in every theme, for cameras expect that."""
    made = segno.make(text, error="m", micro=False)
    # The library escapes the title; everything else in the picture is made of numbers.
    drawn = made.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, title=title)
    return Markup(drawn)  # noqa: S704 - see above
