"""Cuts of the module that is explored: the code, the cut itself, and what can be done with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.explorer import run_code
from hubexplore.explorer.subject import Subject, Tags
from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.inputs.code.line_breaks import broken
from hubexplore.session.tf_startup import import_tensorflow

if TYPE_CHECKING:
    from hubexplore.hub.module import Module
    from hubexplore.session.session import NotebookSession

PYTHON: Final = "Python"
CELL: Final = "Notebook cell"
# What the line of a magic takes without quotes, and does not take for an option.
_PLAIN: Final = re.compile(r"\w[\w.:/-]*", re.ASCII)


@dataclass(frozen=True)
class Picked:
    """What a user picked in the graph of a signature.

    Attributes:
      signature: whose graph it is.
      tags: of its graph variant.
      inputs: names of tensors; none for the inputs that the outputs need.
      outputs: names of tensors, at least one.
    """

    signature: str
    tags: Tags
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `ModuleSpec.cut`."""
        outputs = self.outputs[0] if len(self.outputs) == 1 else list(self.outputs)
        inputs = {"inputs": list(self.inputs)} if self.inputs else {}
        return {**inputs, "outputs": outputs, "of": self.signature}


def codes(subject: Subject, picked: Picked) -> list[tuple[str, str]]:
    """Returns the code that makes a cut, by language."""
    several = len(subject.summary.variants) > 1
    tags = f", tags={list(picked.tags)!r}" if several else ""
    arguments = ", ".join(f"{name}={value!r}" for name, value in picked.arguments.items())
    source, note = run_code.source_of(subject)
    if source[:1] in "'\"":
        source = f"hubexplore.load_module_spec({source})"
    lines = ["import hubexplore", "", *note, f"spec = {source}"]
    lines.append("cut = " + broken(f"spec.cut({arguments}{tags}, check=True)", taken=len("cut = ")))
    found = [(PYTHON, "\n".join(lines))]
    words = (subject.name or "", picked.signature, *picked.inputs, *picked.outputs)
    if subject.name is not None and all(_PLAIN.fullmatch(word) for word in words):
        sides = [
            *(f"--output {tensor}" for tensor in picked.outputs),
            *(f"--input {tensor}" for tensor in picked.inputs),
        ]
        found.insert(0, (CELL, " ".join(["%hub_cut", subject.name, *sides, f"--of {picked.signature}"])))
    return found


@dataclass(frozen=True)
class MadeCut:
    """A cut, loaded in a session.

    Attributes:
      session: which belongs to the cut, unless it is that of a Module of the user.
      module: the cut.
      is_own: whether the session belongs to the cut.
    """

    session: NotebookSession
    module: Module
    is_own: bool

    @property
    def report(self) -> Any:
        """The CutReport: how it compares with the whole."""
        return self.module.spec.checked  # type: ignore[attr-defined]  # of cuts

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it was cut out of, and what the comparison found."""
        return tuple(self.module.summary().notes)

    def subject(self) -> Subject:
        """Returns the cut as a module to explore."""
        return Subject(self.module, self.session, self.module.name)

    def write(self, path: str) -> Any:
        """Writes the cut, and compares what was written; returns an ExportReport."""
        return self.session.export(self.module, path, verify=True)

    def close(self) -> None:
        """Frees what was loaded for it."""
        if self.is_own:
            self.session.close()


def make(subject: Subject, picked: Picked) -> MadeCut:
    """Makes a cut and compares it with the whole (seconds).

    A Module of the user is cut with the values that it has now.

    Raises:
      UntrustedModuleError: it can touch things outside of itself, and is not trusted.
      HubError: it cannot be cut, or gives other values.
    """
    import_tensorflow()
    from hubexplore.session.session import NotebookSession

    with quiet_tensorflow():  # the first session looks for devices
        if subject.tags is not None:
            session, module = subject.where(subject.tags)
            cut = session.cut(module, **picked.arguments)
            return MadeCut(session, cut, is_own=False)
        spec = subject.spec()
        tags = picked.tags if len(spec.get_tags()) > 1 else None
        part = spec.cut(**picked.arguments, tags=tags, check=True)
        session = NotebookSession("cut")
        try:
            cut = session.load(part, "cut", picked.tags)
        except BaseException:
            session.close()
            raise
        return MadeCut(session, cut, is_own=True)
