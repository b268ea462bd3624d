"""An input of one or more images: uploaded, dropped, pasted, or a built-in sample."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, tag
from hubexplore.display.wording import visible
from hubexplore.errors import HubError
from hubexplore.inputs import pictures
from hubexplore.inputs.external import picture_arrays, picture_files
from hubexplore.inputs.fields import IMAGE, Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.sketch import Sketch, can_be_drawn
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.panel_texts import error_text

SKETCH: Final = "sketch.png"
"""What a picture that was drawn is called."""
_LABEL_STYLE: Final = {"description_width": "initial"}
_FITS: Final = (("crop", "crop"), ("pad with margins", "pad"), ("stretch", "stretch"))
_SCALES: Final = ("0 to 1", "-1 to 1", "0 to 255")


class PictureSource(widgets.VBox):
    """Images, resized and scaled as the module expects; shows the choices and their result.

    Args:
      field: the input.
      changed: is called when the images or the choices change.
    """

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        self._field, self._changed = field, changed
        self._files: Files = []
        self._is_drawn = False
        self._entry: InputValue | None = None
        auto = {"width": "auto"}
        label = f"{visible(field.name)}: choose, drop or paste images"
        self._upload = Upload(self._take, accept="image/*", multiple=True, label=label)
        self._samples = widgets.Dropdown(
            description="Built-in sample",
            options=[("choose a sample", ""), *((name, name) for name in pictures.SAMPLE_NAMES)],
            layout=auto,
            style=_LABEL_STYLE,
        )
        self._preview = widgets.HTML(classes=("hub-previews",))
        row = widgets.HBox([self._samples, *self._choices()], classes=("hub-row",))
        self._sketch = self._paper() if can_be_drawn(field) else None
        drawing = (self._sketch,) if self._sketch is not None else ()
        super().__init__([*drawing, self._upload, row, self._preview])
        self._samples.observe(self._on_sample, "value")

    def _choices(self) -> Sequence[widgets.Widget]:
        """Returns the choices of how images become numbers; none if the graph decodes them itself."""
        if self._field.encoded:
            return ()
        default = picture_arrays.default_choice(self._field)
        auto = {"width": "auto"}
        self._fit = widgets.Dropdown(
            description="Fit", options=_FITS, value=default.fit, layout=auto, style=_LABEL_STYLE
        )
        self._scale = widgets.Dropdown(
            description="Value range", options=_SCALES, value=default.scale, layout=auto, style=_LABEL_STYLE
        )
        self._invert = widgets.Checkbox(
            description="Invert (dark is high)", value=default.invert, indent=False, layout=auto
        )
        # An encoded field has none of these attributes; `_value` must not ask for them.
        choices = (self._fit, self._scale, self._invert)
        for widget in choices:
            widget.observe(lambda _: self._read(), "value")
        return choices

    def _paper(self) -> Sketch:
        """Returns paper in the colours that the module takes."""
        height, width = self._field.height, self._field.width
        sketch = Sketch(
            lambda content: self._take([(SKETCH, content)], is_drawn=True),
            self._on_cleared,
            width=width,
            height=height,
            dark=self._invert.value,
            label=f"Paper to draw {visible(self._field.name)} on, {width} by {height} pixels",
        )
        self._invert.observe(lambda change: setattr(sketch, "dark", change["new"]), "value")
        return sketch

    def learn(self, value: Any) -> None:
        """Draws in the range and on the ground of a value that was entered in another way."""
        if self._sketch is None or self._files:
            return
        choice = picture_arrays.choice_like(value)
        if choice is not None:
            self._scale.value, self._invert.value = choice.scale, choice.invert

    def entry(self) -> InputValue:
        """Returns the images as the module receives them.

        Raises:
          HubError: there are no images yet.
        """
        if self._entry is None:
            raise HubError(f"Input {self._field.name!r} has no image yet: choose, drop or paste one.")
        return self._entry

    def set_value(self, entry: InputValue) -> None:
        """Restores images."""
        # Without files the choices have no effect: what a run got is what it gets again.
        self._files, self._entry = [], entry
        if self._sketch is not None:
            self._sketch.forget()
            self.learn(entry.value)
        self._show()
        self._changed()

    def _on_cleared(self) -> None:
        if self._is_drawn:
            self._files, self._entry = [], None
            self._preview.value = ""

    def _take(self, files: Files, is_drawn: bool = False) -> None:
        self._files, self._is_drawn = files, is_drawn
        if self._sketch is not None and not is_drawn:
            self._sketch.forget()
        # Reset, so that the same sample can be chosen again. It calls `_on_sample` with nothing chosen.
        self._samples.value = ""
        self._read()

    def _on_sample(self, _: Any) -> None:
        if self._samples.value:
            name = self._samples.value
            self._files, self._is_drawn = [(name, pictures.samples()[name])], False
            if self._sketch is not None:
                self._sketch.forget()
            self._read()

    def _read(self) -> None:
        if not self._files:
            return
        try:
            self._entry = self._value()
        except Exception as error:  # noqa: BLE001 - a file may contain anything; the error is shown
            # The earlier images go as well: they are no longer on screen, and a run must not use them unseen.
            self._files, self._entry = [], None
            self._preview.value = tag("div", error_text(error), role="alert", class_="hub-error")
            return
        self._show()
        self._changed()

    def _value(self) -> InputValue:
        if self._field.encoded:
            return picture_files.read(self._field, self._files)
        choice = picture_arrays.ImageChoice(self._fit.value, self._scale.value, self._invert.value)
        return picture_arrays.read_pictures(self._field, self._files, choice)

    def _show(self) -> None:
        if self._entry is not None:
            value = self._entry.value
            if self._field.encoded:
                caption = f"{self._entry.words}: {values.brief(value)}"
            else:
                caption = f"What the module receives: {values.facts(value)}"
            self._preview.value = framed(tag("p", visible(caption)), *previews(self._field, self._entry))


def takes_pictures(field: Field) -> bool:
    """Whether an input takes images: as numbers, or as files that the graph decodes."""
    return field.asks == IMAGE or field.encoded == "image"


def previews(field: Field, entry: InputValue) -> Sequence[Markup]:
    """Returns the images as the module receives them; nothing for other inputs."""
    if not takes_pictures(field):
        return ()
    # Data URLs, since a saved notebook has no file beside it and the kernel serves none. The width is fixed:
    # 8 x 8 pixels would hardly be visible, and a photo would fill the screen.
    files = (
        picture_files.preview(field, entry.value) if field.encoded else picture_arrays.preview(entry.value)
    )
    thumbnails = [
        tag("img", src=f"data:image/png;base64,{base64.b64encode(png).decode()}", class_="photo",
            alt=f"image {number} as the module receives it", width=96)
        for number, png in enumerate(files)
    ]  # fmt: skip
    return (tag("div", *thumbnails, class_="pictures"),) if thumbnails else ()
