"""Runs the program `dot`, and reduces its SVG to shapes and text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from hubexplore.display.diagram.spare_dot import SpareDot
from hubexplore.errors import DiagramError

TIME_LIMIT: Final = 10.0
"""Maximum time in seconds for one layout."""
HOW_TO_GET_DOT: Final = (
    "A picture needs graphviz's program `dot`: `apt-get install graphviz`, `conda install graphviz`, "
    "`brew install graphviz`, or from graphviz.org; pip cannot install it."
)
_NAMESPACE: Final = "http://www.w3.org/2000/svg"
# An allow-list: SVG grows new elements that load or run, and a list of forbidden ones would miss them.
_ELEMENTS: Final = frozenset({"svg", "g", "title", "polygon", "polyline", "path", "ellipse", "text"})
_ATTRIBUTES: Final = frozenset(
    {
        "width",
        "height",
        "viewBox",
        "transform",
        "fill",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "points",
    }
    | {"d", "cx", "cy", "rx", "ry", "x", "y", "text-anchor", "font-size", "font-weight", "class", "role"}
)

_NUMBERED: Final = {"node": "data-box", "cluster": "data-group"}


class LayoutTimeoutError(DiagramError):
    """`dot` took too long."""


def has_dot() -> bool:
    """Returns whether the program is on the PATH."""
    return shutil.which("dot") is not None


def render(source: str, form: str, spare: SpareDot | None = None) -> bytes:
    """Runs `dot` once.

    Args:
      source: the graph in DOT.
      form: "svg" or "png".
      spare: has one that is already running, for "svg".

    Raises:
      LayoutTimeoutError: the layout takes longer than TIME_LIMIT.
      DiagramError: `dot` is not installed, or fails.
    """
    program = shutil.which("dot")
    if program is None:
        raise DiagramError(HOW_TO_GET_DOT)
    try:
        drawing = spare.svg(source, TIME_LIMIT) if spare is not None and form == "svg" else None
        if drawing is not None:
            return drawing
        process = subprocess.run(  # noqa: S603 - the program of this name on the user's PATH; no shell, no file
            [program, f"-T{form}"],
            input=source.encode(),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LayoutTimeoutError(
            f"`dot` took longer than {TIME_LIMIT:.0f} s for this layout. Show less: a signature, or depth=1."
        ) from None
    except OSError as error:
        raise DiagramError(f"`dot` ({program}) cannot be run: {error}. {HOW_TO_GET_DOT}") from error
    if process.returncode or not process.stdout:
        message = process.stderr.decode(errors="replace").strip()[:500]
        raise DiagramError(f"`dot` ({program}) failed with exit code {process.returncode}: {message!r}")
    return process.stdout


def cleaned(drawing: bytes, title: str, names: Sequence[str], font: str, numbered: bool = False) -> str:
    """Returns the SVG of `dot` reduced to shapes and text: no script, style, link or reference.

    Args:
      drawing: the output of `dot`.
      title: title of the picture, for screen readers.
      names: titles of the boxes; box `n3` gets the fourth.
      font: font family of all text.
      numbered: whether the shapes of box 3 are in a `<g data-box="3">`, those of group 1 in `data-group="1"`.
    """
    # Without a registered name ElementTree would write every element as ns0:..., which HTML pages do not
    # draw.
    ElementTree.register_namespace("", _NAMESPACE)
    root = ElementTree.fromstring(drawing)  # noqa: S314 - written by `dot`, which escapes text; no entities of its own
    _strip(root)
    for group in root.iter(f"{{{_NAMESPACE}}}g"):
        caption = group.find(f"{{{_NAMESPACE}}}title")
        if caption is not None:
            # `dot` writes the ids of `dot_source` as titles: "n3" for a box, "cluster1" for a group.
            kind, number = group.get("class"), (caption.text or "").removeprefix("cluster").removeprefix("n")
            if numbered and number.isdecimal() and kind in _NUMBERED:
                group.set(_NUMBERED[kind], number)
            if kind == "node" and number.isdecimal() and int(number) < len(names):
                caption.text = names[int(number)]
            else:
                group.remove(caption)
        # Classes would let the style sheets of a notebook change the picture.
        group.attrib.pop("class", None)
    picture_title = ElementTree.Element(f"{{{_NAMESPACE}}}title")
    picture_title.text = title
    root.insert(0, picture_title)
    root.set("role", "img")
    root.set("font-family", font)
    return ElementTree.tostring(root, encoding="unicode")


def _strip(root: ElementTree.Element) -> None:
    """Removes every element and attribute that is not on the allow-list, and text outside of text."""
    # A stack rather than recursion or iter(): children are removed while the tree is walked.
    stack = [root]
    while stack:
        element = stack.pop()
        for name in [name for name in element.attrib if name not in _ATTRIBUTES]:
            del element.attrib[name]
        for child in list(element):
            if child.tag.removeprefix(f"{{{_NAMESPACE}}}") in _ELEMENTS:
                stack.append(child)
            else:
                element.remove(child)
        if not element.tag.endswith(("text", "title")):
            element.text = None
        element.tail = None
