"""`card`: the card that goes with a published model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.rich.summaries import displayable
from hubexplore.display.safe_display import automatic
from hubexplore.display.values.together.scene import Scene
from hubexplore.errors import CardError, DiagramError, GraphError, HubError
from hubexplore.explorer.model_card import html_card, markdown_card
from hubexplore.explorer.model_card.chapters import Contents, Counted, Picture, contents, without_paths
from hubexplore.explorer.model_card.example_runs import Example, run_examples
from hubexplore.explorer.subject import Subject
from hubexplore.hub.summarize import summarize
from hubexplore.summary.files.atomic_write import write_file
from hubexplore.summary.files.paths import local_to_write
from hubexplore.summary.lookup import find_variant
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.module_format import DEFAULT_SIGNATURES
from hubexplore.summary.tags import Tags, serving_tags
from hubexplore.summary.wishes import Signatures
from hubexplore.trust.gate import require_trust

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession

ENDINGS: Final = (".md", ".html")
"""Endings of the files that a card is written to."""
NOT_ASKED: Final = "The model was not run for this card."
NOT_RUN: Final = "It was not run: {what}. The card of what you export has examples."
IN_GRAPH: Final = "it is a Module in a graph; pass the session that has its weights, session=..., to run it"
REMEDY: Final = "hub.card(..., trust=True), in a terminal --trust. A card without running it: examples=False"
MSG_ENDING: Final = "A card is written to a file that ends in .md or .html; {path!r} does not."
MSG_EXISTS: Final = (
    "{path!r} is there already. A card that somebody has completed would be lost: write to another file, or "
    "replace it, overwrite=True. Nothing was changed."
)
MSG_OTHER_GRAPH: Final = (
    "The session does not hold the module {name!r}: pass the NotebookSession that loaded it."
)
MSG_FOLDER: Final = "{path!r} is a directory. Name a file in it, such as {below!r}."


class ModelCard:
    """The card of a model: what is known of it, and places for what only a person knows.

    It shows itself in a notebook; `save` writes it.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @property
    def title(self) -> str:
        """Title of the card."""
        return self._contents.title

    @property
    def markdown(self) -> str:
        """The card as Markdown, with front matter for Hugging Face; the graph is a list of its boxes."""
        return markdown_card.page(self._contents, None)

    @property
    def html(self) -> str:
        """The card as one self-contained page, with the picture of the graph."""
        return html_card.page(self._contents)

    def save(self, path: str | bytes | os.PathLike[str], *, overwrite: bool = False) -> list[str]:
        """Writes the card, whole or not at all.

        Args:
          path: a local file that ends in `.md` or `.html`. The picture of the graph is in the page; beside a
            `README.md` it is `README.graph.svg`, or left out if graphviz is not installed.
          overwrite: replace files that are there. Without it they stay: somebody may have completed them.

        Returns:
          The paths of the files that were written, the card first.

        Raises:
          CardError: (a ValueError and FileExistsError) a file is there, or the ending is another one.
          PathError: (a ValueError, OSError and TypeError) `path` is no local path.
          OSError: it cannot be written. What was there is as before.
        """
        target, picture = files_of(path, overwrite)
        contents = {target: self.html}
        if picture is not None:
            drawing = self._drawing()
            page = markdown_card.page(self._contents, picture.name if drawing else None)
            contents = {target: page, **({picture: drawing} if drawing else {})}
        # The card last: it must not show a picture that is not there.
        for file, content in reversed(contents.items()):
            write_file(file, content.encode(errors="backslashreplace"))
        return [str(file) for file in contents]

    def _drawing(self) -> str:
        """The picture of the graph as SVG; an empty text if there is none."""
        for chapter in self._contents.chapters:
            for part in chapter.parts:
                if isinstance(part, Picture):
                    try:
                        return part.diagram.svg
                    except DiagramError:  # no graphviz: the card has a list
                        return ""
        return ""

    def __repr__(self) -> str:
        return (
            f"<ModelCard {self.title!r}: {', '.join(chapter.heading for chapter in self._contents.chapters)}>"
        )

    @automatic
    def _repr_html_(self) -> str:
        return html_card.card(self._contents)


def files_of(path: str | bytes | os.PathLike[str], overwrite: bool) -> tuple[Path, Path | None]:
    """Returns the file of a card, and that of its picture beside it, if it has one.

    Raises:
      CardError: (a ValueError and FileExistsError) a file is there, or the ending is another one.
      PathError: (a ValueError, OSError and TypeError) `path` is no local path.
    """
    target = Path(local_to_write(path, "The file of a card"))
    if target.is_dir():
        raise CardError(MSG_FOLDER.format(path=str(target), below=str(target / "README.md")))
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise CardError(MSG_ENDING.format(path=str(target)))
    picture = target.with_name(f"{target.stem}.graph.svg") if ending == ".md" else None
    for file in (target, picture):
        if file is not None and not overwrite and os.path.lexists(file):
            raise CardError(MSG_EXISTS.format(path=str(file)))
    return target, picture


def card(
    module: Any,
    *,
    title: str | None = None,
    examples: bool = True,
    trust: bool = False,
    signatures: Signatures | None = None,
    session: NotebookSession | None = None,
) -> ModelCard:
    """Makes the card that goes with a published model.

    ```python
    hub.card("path/to/module").save("README.md")  # or "card.html"
    ```

    It says what the model is, how to call it, its inputs and outputs, what it makes of examples, its graph,
    variables and size, what it can touch outside of itself, its vocabularies and messages, and the digest of
    its content. What nobody can read from the files (its use, data, quality, limits and licence) are
    questions that begin with "To be written". Paths of this machine are left out.

    Args:
      module: what `summarize` takes: a handle or path, a ModuleSpec, a summary, or a Module in a graph.
      title: of the card; by default the name of the model.
      examples: whether signatures are run on examples that fit them; the first 6, for at most about 10
        seconds each. False reads files only, and needs no TensorFlow.
      trust: run it even if it can touch things outside of itself, such as files. That is remembered for its
        content.
      signatures: of a frozen graph or a training checkpoint; see `load_module_spec`.
      session: the session of a Module in a graph, with the values of its variables; without it, the Module
        is not run.

    Returns:
      A `ModelCard`, which shows itself and has `save(path)`.

    Raises:
      UntrustedModuleError: (a ValueError) it is to be run, can touch things outside of itself, and is not
        trusted.
      HubError: it cannot be read or loaded, as `summarize` and `load_module_spec` raise it; or `session` does
        not hold the Module.
    """
    subject = _subject(module, signatures, session)
    summary = summarize(module, signatures=signatures) if subject is None else subject.summary
    tags = None if subject is None else subject.tags
    if tags is None:
        tags = tuple(serving_tags(variant.tags for variant in summary.variants))
    runs: list[Example] = []
    not_run = "" if examples else NOT_ASKED
    if examples and subject is None:
        not_run = NOT_RUN.format(what=IN_GRAPH)
    elif examples and subject is not None and not _can_run(subject):
        not_run = NOT_RUN.format(what="this is a summary of a module that is in memory only")
    elif examples and subject is not None:
        try:
            if subject.suspect is not None:
                require_trust(subject.suspect, trust_it=trust, remedy=REMEDY)
            runs = list(run_examples(subject, tags))
        finally:
            subject.close()
    picture, counted = _picture(summary, tags), _counted(summary, tags, runs)
    return ModelCard(contents(summary, title, runs, not_run, picture=picture, counted=counted))


def _subject(module: Any, signatures: Signatures | None, session: NotebookSession | None) -> Subject | None:
    """What can be run; None for a Module whose session is unknown."""
    summary = getattr(module, "summary", None)
    is_live = callable(summary) and hasattr(module, "applications")
    if not is_live:
        return Subject(module, signatures=signatures)
    if session is None:
        return None
    if not session.owns(module.graph):
        raise GraphError(MSG_OTHER_GRAPH.format(name=module.name))
    return Subject(module, session)


def _can_run(subject: Subject) -> bool:
    return not isinstance(subject.source, ModuleSummary) or subject.handle is not None


def _picture(summary: ModuleSummary, tags: Tags) -> Picture | None:
    """The picture of what the main signature runs."""
    name = _main_signature(summary, tags)
    if name is None:
        return None
    try:
        diagram = displayable(without_paths(summary)).graph(name, tags)
    except DiagramError:
        return None
    return Picture(diagram, f"What the signature {name} runs")


def _counted(summary: ModuleSummary, tags: Tags, runs: Sequence[Example]) -> Counted | None:
    """What a call of the main signature costs: on one row, or on its example if one row is too little."""
    name = _main_signature(summary, tags)
    if name is None:
        return None
    shown = displayable(without_paths(summary))
    try:
        cost = shown.cost(signature=name, tags=tags)
    except HubError:  # a graph in which nothing can be counted
        return None
    scene = next((run.scene for run in runs if run.signature == name), None)
    # A sound or text of one number is no input that anyone has.
    if scene is not None and cost.multiply_adds == 0:
        with contextlib.suppress(HubError, ValueError):
            counted = shown.cost(_shapes(scene), signature=name, tags=tags)
            if counted.multiply_adds:
                return Counted(counted, f"Of the call of the signature {name} above, as its graph says.")
    return Counted(cost, f"Of a call of the signature {name} on one row, as its graph says.")


def _shapes(scene: Scene) -> dict[str, tuple[int, ...]]:
    """The shapes of the inputs of an example that are arrays."""
    return {member.name: member.array.shape for member in scene.inputs if member.array is not None}


def _main_signature(summary: ModuleSummary, tags: Tags) -> str | None:
    variant = find_variant(summary, tags)
    if variant is None or not variant.signatures:
        return None
    names = [signature.name for signature in variant.signatures]
    return names[0] if len(names) == 1 else next((n for n in DEFAULT_SIGNATURES if n in names), names[0])
