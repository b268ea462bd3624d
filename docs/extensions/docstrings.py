"""Reads our docstrings as they are written: Markdown's code in Google's sections.

A fenced block becomes a code block. A word in single backticks is code, and where it begins with a public
name it leads to that. Types are found by the names under which they are public.
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


def docstring(  # noqa: PLR0917 - Sphinx passes them so
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Turns what RST does not know into RST, in place."""
    text = _FENCED.sub(_code_block, "\n".join(lines))
    if what == "class" and not is_public(name):
        text = _CONSTRUCTOR.sub("", text)
    lines[:] = text.splitlines()
    if what in ("attribute", "property"):
        # To napoleon these begin with a type and a colon, and have no sections. Ours have sections, and the
        # comment in front keeps it from looking for a type.
        read = GoogleDocstring(lines, app.config, app, "function", name, obj, options)
        lines[:] = ["..", "", *read.lines()]


def _code_block(fenced: re.Match[str]) -> str:
    body = textwrap.indent(textwrap.dedent(fenced["body"]), "   ")
    return textwrap.indent(f".. code-block:: {fenced['language'] or 'text'}\n\n{body}", fenced["indent"])


def signature(
    _app: Sphinx, what: str, name: str, _obj: Any, _options: Any, arguments: str | None, _returns: str | None
) -> tuple[str, None] | None:
    """Leaves out how to construct what only hubexplore constructs."""
    return ("", None) if what == "class" and arguments and not is_public(name) else None


def fields(_app: Sphinx, document: nodes.document) -> None:
    """Calls the attributes of a class what its docstring calls them, and their types by short names."""
    for name in document.findall(nodes.field_name):
        if name.astext() == "Variables":
            name[0] = nodes.Text("Attributes")
    for reference in document.findall(addnodes.pending_xref):
        if reference.get("reftype") == "class" and reference.astext() == reference["reftarget"]:
            next(reference.findall(nodes.Text)).parent[0] = nodes.Text(reference.astext().rpartition(".")[2])


def is_public(name: str) -> bool:
    """Whether it is a name of the package itself."""
    return name.removeprefix("hubexplore.") in hubexplore.__all__


class Code(SphinxRole):
    """Code that leads to what it names, if that is public."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Returns code, or a reference around it."""
        code = nodes.literal(self.text, self.text, classes=["code"])
        found = _NAME.fullmatch(self.text)
        if found is None or found["name"].partition(".")[0] not in hubexplore.__all__:
            return [code], []
        target = f"hubexplore.{found['name']}"
        reference = addnodes.pending_xref(
            self.rawtext, code, refdomain="py", reftype="obj", reftarget=target, refexplicit=False,
            refwarn=True,
        )  # fmt: skip
        return [reference], []


def public(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Finds what a name means that is written as in the code: short, or with the module that defines it."""
    where, _, last = node["reftarget"].rpartition(".")
    if node.get("refdomain") != "py" or (where and where.partition(".")[0] != "hubexplore"):
        return None
    python = env.domains.python_domain
    found = [name for name in python.objects if name.rpartition(".")[2] == last]
    if len(found) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)


def setup(app: Sphinx) -> dict[str, Any]:
    """Joins Sphinx."""
    app.connect("autodoc-process-docstring", docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", signature)
    app.connect("doctree-read", fields)
    app.connect("missing-reference", public)
    app.add_role("name", Code())
    app.config.default_role = "name"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
