"""An input of one or more images: uploaded, dropped, pasted, or a built-in sample."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

from hubexplore.display import values
from hubexplore.display.markup import Markup, tag
from hubexplore.display.wording import visible
from hubexplore.inputs import pictures
from hubexplore.inputs.external import picture_arrays, picture_files
from hubexplore.inputs.fields import IMAGE, Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.media_field import FITS, SCALES, MediaSource
from hubexplore.notebook.panel.fields.sketch import Sketch, can_be_drawn
from hubexplore.notebook.panel.fields.upload import Files, Upload

SKETCH: Final = "sketch.png"
"""What a picture that was drawn is called."""


class PictureSource(MediaSource):
    """Images, resized and scaled as the module expects."""

    _missing = "no image yet: choose, drop or paste one"
    _preview_classes = ("hub-previews",)

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__(field, changed)
        self._is_drawn = False
        label = f"{visible(field.name)}: choose, drop or paste images"
        self._upload = Upload(self._take, accept="image/*", multiple=True, label=label)
        menu = self._sample_menu("sample", pictures.SAMPLE_NAMES, pictures.samples)
        row = widgets.HBox([menu, *self._choices()], classes=("hub-row",))
        self._sketch = self._paper() if can_be_drawn(field) else None
        drawing = (self._sketch,) if self._sketch is not None else ()
        self.children = (*drawing, self._upload, row, self._preview)

    def _choices(self) -> Sequence[widgets.Widget]:
        """Returns the choices of how images become numbers; none if the graph decodes them itself."""
        if self._field.encoded:
            return ()
        default = picture_arrays.default_choice(self._field)
        # An encoded field has none of these attributes; `_value` must not ask for them.
        self._fit = self._choice("Fit", FITS, default.fit)
        self._scale = self._choice("Value range", SCALES, default.scale)
        self._invert = widgets.Checkbox(
            description="Invert (dark is high)",
            value=default.invert,
            indent=False,
            layout={"width": "auto"},
        )
        self._follow(self._invert)
        return self._fit, self._scale, self._invert

    def _paper(self) -> Sketch:
        """Returns paper in the colours that the module takes."""
        height, width = self._field.height, self._field.width
        sketch = Sketch(
            self._draw,
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
        choice = picture_arrays.choice_like(picture_arrays.stacked(self._field, value))
        if choice is not None:
            self._scale.value, self._invert.value = choice.scale, choice.invert

    def _restore(self, entry: InputValue) -> None:
        if self._sketch is not None:
            self._sketch.forget()
            self.learn(entry.value)

    def _draw(self, content: bytes) -> None:
        self._forget_sample()
        self._use([(SKETCH, content)], is_drawn=True)

    def _on_cleared(self) -> None:
        if self._is_drawn:
            self._files, self._entry = [], None
            self._preview.value = ""

    def _use(self, files: Files, is_drawn: bool = False) -> None:
        self._is_drawn = is_drawn
        if self._sketch is not None and not is_drawn:
            self._sketch.forget()
        super()._use(files)

    def _value(self) -> InputValue:
        if self._field.encoded:
            return picture_files.read(self._field, self._files)
        choice = picture_arrays.ImageChoice(self._fit.value, self._scale.value, self._invert.value)
        return picture_arrays.read_pictures(self._field, self._files, choice)

    def _caption(self, entry: InputValue) -> str:
        if self._field.encoded:
            return f"{entry.words}: {values.brief(entry.value)}"
        return f"What the module receives: {values.facts(entry.value)}"

    def _pictures(self, entry: InputValue) -> Sequence[Markup]:
        return previews(self._field, entry)


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
        picture_files.preview(field, entry.value)
        if field.encoded
        else picture_arrays.preview(picture_arrays.stacked(field, entry.value))
    )
    thumbnails = [
        tag("img", src=f"data:image/png;base64,{base64.b64encode(png).decode()}", class_="photo",
            alt=f"image {number} as the module receives it", width=96)
        for number, png in enumerate(files)
    ]  # fmt: skip
    return (tag("div", *thumbnails, class_="pictures"),) if thumbnails else ()
