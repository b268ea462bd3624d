"""Lets Sphinx read docstrings in Google style that contain Markdown code.

A fenced block becomes a code block. A word in single backticks becomes code, with a link if it begins with a
public name. Types are resolved by their public names.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.ext.napoleon import GoogleDocstring
from sphinx.util.docutils import SphinxRole

import hubexplore

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_FENCED: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_NAME: Final = re.compile(r"(?:hub\.|hubexplore\.)?(?P<name>\w+(?:\.\w+)*)(?:\(\))?")
_CONSTRUCTOR: Final = re.compile(r"^(?:Args|Raises):\n(?:(?: .*)?(?:\n|\Z))*", re.MULTILINE)


def docstring(  # noqa: PLR0917 - Sphinx's signature of this event
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Converts Markdown in a docstring into RST, in place."""
    text = _FENCED.sub(_code_block, "\n".join(lines))
    if what == "class" and not is_public(name):
        text = _CONSTRUCTOR.sub("", text)
    lines[:] = text.splitlines()
    if what in ("attribute", "property"):
        # napoleon expects these to begin with a type and a colon, without sections. These docstrings have
        # sections; parsed as a function's they are read, and the comment in front keeps napoleon from
        # looking for a type.
        converted = GoogleDocstring(lines, app.config, app, "function", name, obj, options)
        lines[:] = ["..", "", *converted.lines()]


def _code_block(fence: re.Match[str]) -> str:
    body = textwrap.indent(textwrap.dedent(fence["body"]), "   ")
    return textwrap.indent(f".. code-block:: {fence['language'] or 'text'}\n\n{body}", fence["indent"])


def signature(
    _app: Sphinx, what: str, name: str, _obj: Any, _options: Any, arguments: str | None, _returns: str | None
) -> tuple[str, None] | None:
    """Omits the constructor's arguments of classes that only hubexplore constructs."""
    return ("", None) if what == "class" and arguments and not is_public(name) else None


def fields(_app: Sphinx, document: nodes.document) -> None:
    """Titles the attributes of a class as its docstring does, and shortens the names of their types."""
    for name in document.findall(nodes.field_name):
        if name.astext() == "Variables":
            name[0] = nodes.Text("Attributes")
    for reference in document.findall(addnodes.pending_xref):
        if reference.get("reftype") == "class" and reference.astext() == reference["reftarget"]:
            next(reference.findall(nodes.Text)).parent[0] = nodes.Text(reference.astext().rpartition(".")[2])


def is_public(name: str) -> bool:
    """Whether a name is one of the package's public names."""
    return name.removeprefix("hubexplore.") in hubexplore.__all__


class Code(SphinxRole):
    """Code that links to the public name it begins with."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Returns the code, inside a reference if it has a target."""
        code = nodes.literal(self.text, self.text, classes=["code"])
        match = _NAME.fullmatch(self.text)
        if match is None or match["name"].partition(".")[0] not in hubexplore.__all__:
            return [code], []
        target = f"hubexplore.{match['name']}"
        reference = addnodes.pending_xref(
            self.rawtext, code, refdomain="py", reftype="obj", reftarget=target, refexplicit=False,
            refwarn=True,
        )  # fmt: skip
        return [reference], []


def public(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolves a name as the code writes it: short, or with the module that defines it."""
    module, _, short_name = node["reftarget"].rpartition(".")
    if node.get("refdomain") != "py" or (module and module.partition(".")[0] != "hubexplore"):
        return None
    python = env.domains.python_domain
    candidates = [name for name in python.objects if name.rpartition(".")[2] == short_name]
    if len(candidates) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", candidates[0], node, content)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension with Sphinx."""
    app.connect("autodoc-process-docstring", docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", signature)
    app.connect("doctree-read", fields)
    app.connect("missing-reference", public)
    app.add_role("name", Code())
    app.config.default_role = "name"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
