"""What a person gives for one input: typed, moved by sliders, a picture, a file, or a variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import ipywidgets as widgets

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import MAX_SENTENCE, shape_text, visible
from hubexplore.errors import HubError
from hubexplore.inputs.brought import sources
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.fields.picture_field import PictureSource, previews, takes_pictures
from hubexplore.notebook.panel.fields.text_field import TypedSource
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.messages import error_words

TYPED: Final = "typing"
PICTURE: Final = "a picture"
FILE: Final = "a file"
VARIABLE: Final = "a variable"
EXAMPLE: Final = "an example"
_FREE: Final = {"description_width": "initial"}
_NAMESPACE = Callable[[], Mapping[str, Any]]


class Source(Protocol):
    """One way to give an input: a widget that yields what it was given."""

    def given(self) -> InputValue:
        """What is given; raises HubError where nothing is, or nothing that fits."""


class Brought(widgets.VBox):
    """Holds a value that was brought from elsewhere, and says what it is."""

    def __init__(self, field: Field, what: str, changed: Callable[[], None]) -> None:
        super().__init__()
        self._field, self._what, self._changed = field, what, changed
        self._given: InputValue | None = None
        self._said = widgets.HTML()

    def given(self) -> InputValue:
        """What was brought last."""
        if self._given is None:
            raise HubError(f"Input {self._field.name!r} has no value yet: {self._what}.")
        return self._given

    def hold(self, given: InputValue | None) -> None:
        """Takes a value and says what it is; None drops it."""
        self._given = given
        self._said.value = "" if given is None else framed(described(self._field, given))
        if given is not None:
            self._changed()

    def refuse(self, error: Exception) -> None:
        """Says why something is not taken; what was held before is dropped, or it would be run unseen."""
        self._given = None
        self._said.value = tag("div", error_words(error), role="alert", class_="hub-error")


class FileSource(Brought):
    """An array or texts from a file."""

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__(field, "choose a file", changed)
        accept = ".npy,.npz,.csv,.tsv,.txt,.json"
        words = f"{visible(field.name)}: choose, drop or paste a .npy, .npz, .csv or .txt file"
        self._upload = Upload(self._take, accept=accept, words=words)
        self.children = (self._upload, self._said)

    def _take(self, found: Files) -> None:
        try:
            self.hold(sources.read_file(self._field, *found[0]))
        except Exception as error:  # noqa: BLE001 - a file may hold anything; it is said, never raised
            self.refuse(error)


class VariableSource(Brought):
    """A variable of the notebook that fits."""

    def __init__(self, field: Field, namespace: _NAMESPACE, changed: Callable[[], None]) -> None:
        super().__init__(field, "choose a variable of the notebook", changed)
        self._namespace = namespace
        self._names = widgets.Dropdown(description="Variable", style=_FREE)
        self._again = widgets.Button(description="Look again", tooltip="List the variables that fit now")
        row = widgets.HBox([self._names, self._again])
        row.add_class("hub-row")
        self.children = (row, self._said)
        self._names.observe(lambda _: self._choose(), "value")
        self._again.on_click(lambda _: self.list())

    def list(self) -> None:
        """Lists the variables that fit now."""
        try:
            found = sources.variables(self._field, self._namespace())
        except Exception as error:  # noqa: BLE001 - objects of strangers may do anything when looked at
            self.refuse(error)
            return
        self._names.options = [
            ("choose one" if found else "none fits", None),
            *((name, name) for name in found),
        ]
        self._names.index = 0

    def _choose(self) -> None:
        if self._names.value is None:
            return
        try:
            self.hold(sources.from_variable(self._field, self._namespace(), self._names.value))
        except Exception as error:  # noqa: BLE001 - as above
            self.refuse(error)


class FieldBox(widgets.VBox):
    """Asks for one input.

    Args:
      field: what it asks for.
      namespace: the variables of the notebook.
      changed: is called when what is given changes.
    """

    def __init__(self, field: Field, namespace: _NAMESPACE, changed: Callable[[], None]) -> None:
        self.field = field
        self._changed = changed
        self._sources: dict[str, Any] = {} if field.problem else self._make(namespace)
        kind = "" if field.kind == "dense" else f"{field.kind} "
        caption = tag(
            "span", tag("strong", visible(field.name)), " ",
            tag("span", f"{kind}{field.dtype} {shape_text(field.shape)}", class_="hub-quiet"),
        )  # fmt: skip
        self._way = widgets.Dropdown(
            options=list(self._sources) or [""], description="Input by", style=_FREE,
            layout=widgets.Layout(width="auto", display=None if len(self._sources) > 1 else "none"),
        )  # fmt: skip
        self._way.observe(lambda _: self._arrange(), "value")
        head = widgets.HBox([widgets.HTML(caption), self._way])
        head.add_class("hub-row")
        self._body = widgets.VBox()
        hint = field.problem or field.hint
        super().__init__([head, self._body, widgets.HTML(tag("span", hint, class_="hub-hint"))])
        self.add_class("hub-field")
        self._arrange()

    def _make(self, namespace: _NAMESPACE) -> dict[str, Any]:
        field, changed = self.field, self._on_change
        by_hand = {PICTURE: PictureSource} if takes_pictures(field) else {TYPED: TypedSource}
        found: dict[str, Any] = {way: source(field, changed) for way, source in by_hand.items()}
        found[FILE] = FileSource(field, changed)
        found[VARIABLE] = VariableSource(field, namespace, changed)
        found[EXAMPLE] = Brought(field, "fill in an example", changed)
        found[EXAMPLE].children = (found[EXAMPLE]._said,)
        return found

    def _arrange(self) -> None:
        source = self._sources.get(self._way.value)
        if isinstance(source, VariableSource):
            source.list()
        self._body.children = () if source is None else (source,)

    def _on_change(self) -> None:
        self._changed()

    def watch(self, eager: bool) -> None:
        """Whether typed text counts at once, or when its field is left."""
        if TYPED in self._sources:
            self._sources[TYPED].watch(eager)

    @property
    def is_typed(self) -> bool:
        """Whether a text field is on screen."""
        return bool(self._sources) and self._way.value == TYPED

    def type(self, text: str) -> None:
        """Takes what is in the text field."""
        self._sources[TYPED].type(text)

    def given(self) -> InputValue:
        """What is given.

        Raises:
          HubError: nothing is, or nothing that can be read; the message names the input.
        """
        if self.field.problem:
            raise HubError(f"Input {self.field.name!r}: {self.field.problem}")
        found: InputValue = self._sources[self._way.value].given()
        return found

    def put(self, given: InputValue) -> None:
        """Puts a value back: as text where that is what is asked for, else as what it was brought as."""
        if not self._sources:
            return
        typed = self._sources.get(TYPED)
        if typed is not None and typed.put(given):
            self._way.value = TYPED
            return
        way = FILE if given.file else VARIABLE if given.variable else EXAMPLE
        if PICTURE in self._sources and given.picture:
            way = PICTURE
        self._way.value = way if way in self._sources else EXAMPLE
        self._sources[self._way.value].hold(given)

    def still(self) -> Markup:
        """The same as static HTML."""
        try:
            shown = described(self.field, self.given())
        except HubError:
            shown = tag("p", "nothing given yet", class_="note")
        return join(tag("p", tag("strong", visible(self.field.name))), shown)


def described(field: Field, given: InputValue) -> Markup:
    """What a value is, in short; pictures as the module sees them."""
    where = f"{given.words}: " if given.words else ""
    if given.text is not None:
        cut = given.text if len(given.text) <= MAX_STILL else f"{given.text[:MAX_STILL]} …"
        lines = "\n".join(visible(line, MAX_SENTENCE) for line in cut.splitlines())
        return tag("pre", lines)
    brief, facts = values.brief(given.shown), values.facts(given.shown)
    told = facts if facts.startswith(brief) else f"{brief} · {facts}"
    return join(tag("p", visible(where), told), *previews(field, given))


MAX_STILL: Final = 2000
"""Characters of typed text that a static picture keeps."""
