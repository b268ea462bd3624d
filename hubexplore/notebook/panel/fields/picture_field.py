"""An input that is a picture, or several: uploaded, dropped, pasted, or one that comes with us."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

import ipywidgets as widgets

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, tag
from hubexplore.display.wording import visible
from hubexplore.errors import HubError
from hubexplore.inputs import pictures
from hubexplore.inputs.brought import images, picture_files
from hubexplore.inputs.fields import IMAGE, Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.messages import error_words

_FREE: Final = {"description_width": "initial"}
_FITS: Final = (("cut to fit", "crop"), ("with margins", "pad"), ("stretched", "stretch"))
_SCALES: Final = ("0 to 1", "-1 to 1", "0 to 255")


class PictureSource(widgets.VBox):
    """Pictures, resized and scaled as the module expects; the choice is on screen, and so is the result.

    Args:
      field: what it asks for.
      changed: is called when the pictures or the choice changed.
    """

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        self._field, self._changed = field, changed
        self._files: Files = []
        self._given: InputValue | None = None
        auto = widgets.Layout(width="auto")
        words = f"{visible(field.name)}: choose, drop or paste pictures"
        self._upload = Upload(self._take, accept="image/*", multiple=True, words=words)
        self._ours = widgets.Dropdown(
            description="or",
            options=[("a built-in sample", ""), *((name, name) for name in pictures.samples())],
            layout=auto,
            style=_FREE,
        )
        self._shown = widgets.HTML()
        self._shown.add_class("hub-previews")
        row = widgets.HBox([self._ours, *self._choices()])
        row.add_class("hub-row")
        super().__init__([self._upload, row, self._shown])
        self._ours.observe(self._on_ours, "value")

    def _choices(self) -> Sequence[widgets.Widget]:
        """How pictures become numbers; nothing where the graph decodes them itself."""
        if self._field.encoded:
            return ()
        default = images.default_choice(self._field)
        auto = widgets.Layout(width="auto")
        self._fit = widgets.Dropdown(
            description="Size", options=_FITS, value=default.fit, layout=auto, style=_FREE
        )
        self._scale = widgets.Dropdown(
            description="Values", options=_SCALES, value=default.scale, layout=auto, style=_FREE
        )
        self._invert = widgets.Checkbox(
            description="Dark is high", value=default.invert, indent=False, layout=auto
        )
        choices = (self._fit, self._scale, self._invert)
        for each in choices:
            each.observe(lambda _: self._read(), "value")
        return choices

    def given(self) -> InputValue:
        """The pictures as the module sees them.

        Raises:
          HubError: there is none.
        """
        if self._given is None:
            raise HubError(f"Input {self._field.name!r} has no picture yet: choose, drop or paste one.")
        return self._given

    def hold(self, given: InputValue) -> None:
        """Puts pictures back that were given before."""
        self._files, self._given = [], given
        self._show()
        self._changed()

    def _take(self, found: Files) -> None:
        self._files = found
        self._ours.value = ""
        self._read()

    def _on_ours(self, _: Any) -> None:
        if self._ours.value:
            self._files = [(self._ours.value, pictures.samples()[self._ours.value])]
            self._read()

    def _read(self) -> None:
        if not self._files:
            return
        try:
            self._given = self._value()
        except Exception as error:  # noqa: BLE001 - a file may hold anything; it is said, never raised
            self._files, self._given = [], None
            self._shown.value = tag("div", error_words(error), role="alert", class_="hub-error")
            return
        self._show()
        self._changed()

    def _value(self) -> InputValue:
        if self._field.encoded:
            return picture_files.read(self._field, self._files)
        choice = images.ImageChoice(self._fit.value, self._scale.value, self._invert.value)
        return images.read_pictures(self._field, self._files, choice)

    def _show(self) -> None:
        if self._given is not None:
            given = self._given.value
            told = values.brief(given) if self._field.encoded else values.facts(given)
            words = f"{self._given.words}: {told}" if self._field.encoded else f"What the module sees: {told}"
            self._shown.value = framed(tag("p", visible(words)), *previews(self._field, self._given))


def takes_pictures(field: Field) -> bool:
    """Whether an input is pictures: as numbers, or as files that the graph decodes."""
    return field.asks == IMAGE or field.encoded == "image"


def previews(field: Field, given: InputValue) -> Sequence[Markup]:
    """The pictures as the module sees them; nothing for other inputs."""
    if not takes_pictures(field):
        return ()
    found = picture_files.preview(field, given.value) if field.encoded else images.preview(given.value)
    shown = [
        tag("img", src=f"data:image/png;base64,{base64.b64encode(each).decode()}", class_="photo",
            alt=f"picture {number} as the module sees it", width=96)
        for number, each in enumerate(found)
    ]  # fmt: skip
    return (tag("div", *shown, class_="pictures"),) if shown else ()
