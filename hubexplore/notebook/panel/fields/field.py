"""One input of the form: typed, a picture, a file, a variable of the notebook, or an example."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, breakable, join, tag
from hubexplore.display.wording import MAX_SENTENCE, shape_text, visible
from hubexplore.errors import HubError
from hubexplore.inputs.external import sources
from hubexplore.inputs.external.film_arrays import Films, takes_films
from hubexplore.inputs.external.sound_arrays import Sounds, takes_sounds
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.picture_field import PictureSource, previews, takes_pictures
from hubexplore.notebook.panel.fields.text_field import TextSource
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.panel_texts import error_text

TYPED: Final = "typed"
PICTURE: Final = "image"
SOUND: Final = "sound"
FILM: Final = "film"
FILE: Final = "file"
VARIABLE: Final = "variable"
EXAMPLE: Final = "example"
MAX_SNAPSHOT_TEXT: Final = 2000
"""Maximum number of characters of typed text in a snapshot."""
_LABEL_STYLE: Final = {"description_width": "initial"}
Namespace = Callable[[], Mapping[str, Any]]


class InputSource(Protocol):
    """One way to enter an input: a widget that yields the value that was entered."""

    def entry(self) -> InputValue:
        """Returns the value; raises HubError if there is no value or it does not fit."""


class LoadedValue(widgets.VBox):
    """Holds a value that was loaded from elsewhere, and describes it below the widgets that load it."""

    def __init__(
        self, field: Field, instruction: str, changed: Callable[[], None], *loading: widgets.Widget
    ) -> None:
        self._field, self._instruction, self._changed = field, instruction, changed
        self._entry: InputValue | None = None
        self.description = widgets.HTML()
        super().__init__((*loading, self.description))

    def entry(self) -> InputValue:
        """Returns the value that was loaded last."""
        if self._entry is None:
            raise HubError(f"Input {self._field.name!r} has no value yet: {self._instruction}.")
        return self._entry

    def set_value(self, entry: InputValue) -> None:
        """Takes a value and describes it."""
        self._entry = entry
        self.description.value = framed(entry_html(self._field, entry))
        self._changed()

    def refuse(self, error: Exception) -> None:
        """Shows why a value is refused."""
        # The earlier value goes as well: it is no longer described, and a run must not use it unseen.
        self._entry = None
        self.description.value = tag("div", error_text(error), role="alert", class_="hub-error")


class ExampleSource(LoadedValue):
    """An example, or any other value that code put into the form and that is too long to be typed."""

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__(field, "fill in an example", changed)


class FileSource(LoadedValue):
    """An array or strings from a file."""

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        accept = ".npy,.npz,.csv,.tsv,.txt,.json"
        label = f"{visible(field.name)}: choose, drop or paste a file (.npy, .npz, .csv, .tsv, .txt or .json)"
        upload = Upload(self._take, accept=accept, label=label)
        super().__init__(field, "choose a file", changed, upload)

    def _take(self, files: Files) -> None:
        try:
            self.set_value(sources.read_file(self._field, *files[0]))
        except Exception as error:  # noqa: BLE001 - a file may contain anything; the error is shown
            self.refuse(error)


class VariableSource(LoadedValue):
    """A variable of the notebook that fits the input."""

    def __init__(self, field: Field, namespace: Namespace, changed: Callable[[], None]) -> None:
        self._variablespace = namespace
        self._variables = widgets.Dropdown(description="Variable", style=_LABEL_STYLE)
        self._refresh = widgets.Button(description="Refresh", tooltip="List the variables that fit now")
        row = widgets.HBox([self._variables, self._refresh], classes=("hub-row",))
        super().__init__(field, "choose a variable of the notebook", changed, row)
        self._variables.observe(lambda _: self._choose(), "value")
        self._refresh.on_click(lambda _: self.list())

    def list(self) -> None:
        """Lists the variables that fit now."""
        try:
            names = sources.variables(self._field, self._variablespace())
        except Exception as error:  # noqa: BLE001 - any object may be in a variable, and raise anything
            self.refuse(error)
            return
        self._variables.options = [
            ("choose a variable" if names else "no variable fits", None),
            *((name, name) for name in names),
        ]
        self._variables.index = 0

    def _choose(self) -> None:
        if self._variables.value is None:
            return
        try:
            self.set_value(sources.from_variable(self._field, self._variablespace(), self._variables.value))
        except Exception as error:  # noqa: BLE001 - as above
            self.refuse(error)


class FieldBox(widgets.VBox):
    """The field of one input, with a choice of ways to enter it.

    Args:
      field: the input.
      namespace: returns the variables of the notebook.
      changed: is called when the value changes.
    """

    def __init__(self, field: Field, namespace: Namespace, changed: Callable[[], None]) -> None:
        self.field = field
        self._changed = changed
        self._shown_fault = ""
        self._eager = False
        self._ways: dict[str, Callable[[], Any]] = {} if field.problem else self._ways_to_enter(namespace)
        self._sources: dict[str, Any] = {}
        kind = "" if field.kind == "dense" else f"{field.kind} "
        caption = tag(
            "span", tag("strong", breakable(visible(field.name))), " ",
            tag("span", f"{kind}{field.dtype} {shape_text(field.shape)}", class_="hub-quiet"),
        )  # fmt: skip
        self._source_choice = widgets.Dropdown(
            options=list(self._ways) or [""], description="Source", style=_LABEL_STYLE,
            layout={"width": "auto", **({} if len(self._ways) > 1 else {"display": "none"})},
        )  # fmt: skip
        self._source_choice.observe(lambda _: self._arrange(), "value")
        head = widgets.HBox([widgets.HTML(caption), self._source_choice], classes=("hub-row",))
        source = self._source(self._source_choice.value)
        self._body = widgets.VBox(() if source is None else (source,))
        # A text field shows the hint as its placeholder; below it stands only while that is not on screen.
        self._hint = widgets.HTML(
            tag("span", field.problem or field.hint, class_="hub-hint"),
            layout={"display": "none"} if self.is_typed else {},
        )
        super().__init__([head, self._body, self._hint], classes=("hub-field",))

    def _ways_to_enter(self, namespace: Namespace) -> dict[str, Callable[[], Any]]:
        """Functions that make the widgets of each way, in the order of the choice: the first is on screen."""
        field, changed = self.field, self._on_change
        manual: dict[str, Any] = {PICTURE: PictureSource} if takes_pictures(field) else {TYPED: TextSource}
        if takes_sounds(field):
            from hubexplore.notebook.panel.fields.sound_field import SoundSource

            manual = {SOUND: SoundSource} if field.encoded else {SOUND: SoundSource, **manual}
        if takes_films(field):
            from hubexplore.notebook.panel.fields.film_field import FilmSource

            manual = {FILM: FilmSource, **manual}
        ways: dict[str, Callable[[], Any]] = {
            name: functools.partial(source, field, changed) for name, source in manual.items()
        }
        ways[FILE] = lambda: FileSource(field, changed)
        ways[VARIABLE] = lambda: VariableSource(field, namespace, changed)
        ways[EXAMPLE] = lambda: ExampleSource(field, changed)
        return ways

    def _source(self, way: str) -> Any:
        """The widgets of a way, made when it is first needed; None if the input has no such way."""
        if way not in self._sources and way in self._ways:
            self._sources[way] = self._ways[way]()
            if way == TYPED:
                self._sources[way].watch(self._eager)
        return self._sources.get(way)

    def _arrange(self) -> None:
        source = self._source(self._source_choice.value)
        # Listed when it comes on screen: variables come and go with every cell.
        if isinstance(source, VariableSource):
            source.list()
        self._body.children = () if source is None else (source,)
        self.show_fault("")
        self._hint.hide(self._source_choice.value == TYPED)

    def _on_change(self) -> None:
        paper = self._source(PICTURE)
        if paper is not None and self._source_choice.value != PICTURE:
            with contextlib.suppress(HubError):
                paper.learn(self.entry().value)
        # The message keeps its place until the next run: the Run button must not move below a mouse.
        self.remove_class("hub-faulty")
        self._changed()

    def show_fault(self, message: str) -> None:
        """Shows below the field why its value cannot be read; an empty message removes it."""
        if message:
            self.add_class("hub-faulty")
            self._hint.value = tag("span", visible(message, MAX_SENTENCE), class_="hub-fault")
            self._hint.hide(False)
        elif self._shown_fault:
            self.remove_class("hub-faulty")
            self._hint.value = tag("span", self.field.problem or self.field.hint, class_="hub-hint")
            self._hint.hide(self.is_typed)
        self._shown_fault = message

    def focus(self) -> None:
        """Moves the focus of the browser to the field."""
        source = self._source(self._source_choice.value)
        target = source.first_widget if isinstance(source, TextSource) else self._source_choice
        target.focus()

    def watch(self, eager: bool) -> None:
        """Sets whether typed text takes effect at every key stroke, or when the field loses the focus."""
        self._eager = eager
        if TYPED in self._sources:
            self._sources[TYPED].watch(eager)

    @property
    def is_typed(self) -> bool:
        """Whether the text field is on screen."""
        return bool(self._source_choice.value == TYPED)

    def type(self, text: str) -> None:
        """Takes the text that is in the field on screen."""
        self._source(TYPED).type(text)

    def entry(self) -> InputValue:
        """Returns the value.

        Raises:
          HubError: there is no value, or it cannot be read; the message names the input.
        """
        if self.field.problem:
            raise HubError(f"Input {self.field.name!r}: {self.field.problem}")
        entry: InputValue = self._source(self._source_choice.value).entry()
        return entry

    def put(self, entry: InputValue) -> None:
        """Restores a value: as text if it is short enough for the text field, else by its original way."""
        if not self._ways:
            return
        # As text whenever possible: what was loaded from a file can then be edited, too.
        typed = self._source(TYPED)
        if typed is not None and typed.put(entry):
            self._source_choice.value = TYPED
            return
        # A value remembers where it came from, so it goes back to the same way to enter it.
        name = FILE if entry.file else VARIABLE if entry.variable else EXAMPLE
        if PICTURE in self._ways and entry.picture:
            name = PICTURE
        if SOUND in self._ways and isinstance(entry, Sounds):
            name = SOUND
        if FILM in self._ways and isinstance(entry, Films):
            name = FILM
        self._source_choice.value = name if name in self._ways else EXAMPLE
        self._source(self._source_choice.value).set_value(entry)

    def static_html(self) -> Markup:
        """Returns the input as static HTML."""
        try:
            value = entry_html(self.field, self.entry())
        except HubError:
            value = tag("p", "no value yet", class_="note")
        return join(tag("p", tag("strong", visible(self.field.name))), value)


def entry_html(field: Field, entry: InputValue) -> Markup:
    """Returns a short description of a value; images as the module receives them."""
    origin = f"{entry.words}: " if entry.words else ""
    if entry.text is not None:
        cut = entry.text if len(entry.text) <= MAX_SNAPSHOT_TEXT else f"{entry.text[:MAX_SNAPSHOT_TEXT]} …"
        lines = "\n".join(visible(line, MAX_SENTENCE) for line in cut.splitlines())
        return tag("pre", lines)
    brief, facts = values.brief(entry.display_value), values.facts(entry.display_value)
    # The short form of an array without a readable one is its shape and dtype, with which the facts begin.
    text = facts if facts.startswith(brief) else f"{brief} · {facts}"
    shown = list(previews(field, entry))
    if takes_sounds(field):
        from hubexplore.notebook.panel.fields.sound_field import sound_previews

        shown += sound_previews(field, entry)
    if takes_films(field):
        from hubexplore.notebook.panel.fields.film_field import film_previews

        shown += film_previews(field, entry)
    return join(tag("p", visible(origin), text), *shown)
