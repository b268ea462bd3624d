"""matplotlib's SVG with nothing but the drawing left."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

_SPACE: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_FONTS: Final = "'DejaVu Sans', Verdana, 'Helvetica Neue', Arial, sans-serif"
_ELEMENTS: Final = frozenset({"svg", "g", "defs", "path", "use", "text", "image"})
_ATTRIBUTES: Final = frozenset(
    {
        "id",
        "width",
        "height",
        "viewBox",
        "version",
        "transform",
        "d",
        "x",
        "y",
        "style",
        "preserveAspectRatio",
        _LINK,
    }
)
_IMAGE: Final = "data:image/png;base64,"
_FONT: Final = re.compile(r"font: ((?:bold |700 )?)([\d.]+px) [^;]*")  # matplotlib before 3.10
_FAMILY: Final = re.compile(r"font-family: [^;]*;? ?")


def drawing_only(drawing: bytes) -> bytes:
    """Returns an SVG with only shapes, texts and bitmaps in it: no script, metadata, or outside reference.

    Args:
      drawing: what matplotlib wrote.
    """
    ElementTree.register_namespace("", _SPACE)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(drawing)  # noqa: S314 - written by matplotlib, which escapes text
    used = {element.get(_LINK, "")[1:] for element in root.iter(f"{{{_SPACE}}}use")}
    stack = [root]
    while stack:
        element = stack.pop()
        _strip(element, used)
        for child in list(element):
            if child.tag.removeprefix(f"{{{_SPACE}}}") in _ELEMENTS:
                stack.append(child)
            else:
                element.remove(child)
    root.set("style", f"font-family: {_FONTS}; stroke-linejoin: round; stroke-linecap: butt")
    return ElementTree.tostring(root)


def _strip(element: ElementTree.Element, used: set[str]) -> None:
    """Removes attributes that are not on the list; fonts are named once, at the root."""
    for name in [each for each in element.attrib if each not in _ATTRIBUTES]:
        del element.attrib[name]
    if element.get("id") not in used:
        element.attrib.pop("id", None)
    if not element.get(_LINK, "#").startswith(("#", _IMAGE)):
        del element.attrib[_LINK]
    style = element.get("style")
    if style is not None:
        element.set("style", _FAMILY.sub("", _FONT.sub(_sized, style)))
    if not element.tag.endswith("}text"):
        element.text = None
    element.tail = None


def _sized(found: re.Match[str]) -> str:
    return f"font-size: {found[2]}" + ("; font-weight: 700" if found[1] else "")
