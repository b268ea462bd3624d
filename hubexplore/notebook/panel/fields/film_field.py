"""An input of a film: a GIF or a picture for each frame, uploaded or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import tag
from hubexplore.display.values.views.images import brightness
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.errors import HubError
from hubexplore.inputs.external import film_arrays, picture_arrays
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.panel_texts import error_text

_LABEL_STYLE: Final = {"description_width": "initial"}
_FITS: Final = (("crop", "crop"), ("pad with margins", "pad"), ("stretch", "stretch"))
_SCALES: Final = ("0 to 1", "-1 to 1", "0 to 255")
_SHOWN: Final = 8
"""Number of frames in the preview."""
_PREVIEW_BYTES: Final = 20_000


class FilmSource(widgets.VBox):
    """A film in the size and length that the module expects; shows the choices and their result.

    Args:
      field: the input.
      changed: is called when the film or the choices change.
    """

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        self._field, self._changed = field, changed
        self._files: Files = []
        self._entry: InputValue | None = None
        label = f"{visible(field.name)}: choose or drop a film (GIF, APNG, WebP) or a picture per frame"
        self._upload = Upload(self._take, accept="image/*", multiple=True, label=label)
        default, auto = film_arrays.default_choice(field), {"width": "auto"}
        self._fit = widgets.Dropdown(
            description="Fit", options=_FITS, value=default.fit, layout=auto, style=_LABEL_STYLE
        )
        self._scale = widgets.Dropdown(
            description="Value range", options=_SCALES, value=default.scale, layout=auto, style=_LABEL_STYLE
        )
        self._preview = widgets.HTML()
        row = widgets.HBox([self._fit, self._scale], classes=("hub-row",))
        super().__init__([self._upload, row, self._preview])
        for widget in (self._fit, self._scale):
            widget.observe(lambda _: self._read(), "value")

    def entry(self) -> InputValue:
        """Returns the film as the module receives it.

        Raises:
          HubError: there is no film yet.
        """
        if self._entry is None:
            raise HubError(f"Input {self._field.name!r} has no film yet: choose, drop or paste one.")
        return self._entry

    def set_value(self, entry: InputValue) -> None:
        """Restores a film."""
        # Without files the choices have no effect: what a run got is what it gets again.
        self._files, self._entry = [], entry
        self._show()
        self._changed()

    def _take(self, files: Files) -> None:
        self._files = files
        self._read()

    def _read(self) -> None:
        if not self._files:
            return
        choice = picture_arrays.ImageChoice(self._fit.value, self._scale.value)
        try:
            self._entry = film_arrays.read_film(self._field, self._files, choice)
        except Exception as error:  # noqa: BLE001 - a file may contain anything; the error is shown
            self._files, self._entry = [], None
            self._preview.value = tag("div", error_text(error), role="alert", class_="hub-error")
            return
        self._show()
        self._changed()

    def _show(self) -> None:
        if self._entry is not None:
            caption = f"What the module receives: {values.facts(self._entry.value)}"
            if isinstance(self._entry, film_arrays.Films):
                caption += f" · {len(set(self._entry.kept))} of {self._entry.found:,} frames"
            self._preview.value = framed(
                tag("p", visible(caption, MAX_SENTENCE)), *film_previews(self._field, self._entry)
            )


def film_previews(field: Field, entry: InputValue) -> tuple[Any, ...]:
    """Returns some frames of a film as the module receives it; nothing for other inputs."""
    if not film_arrays.takes_films(field) or not getattr(entry.value, "size", 0) or entry.value.ndim != 5:
        return ()
    kept = values_shown(entry.value.shape[1])
    pixels, _ = brightness(entry.value[0][kept])
    pictures = [
        photo(frame, f"frame {index} as the module receives it", _PREVIEW_BYTES, 72)[0]
        for index, frame in zip(kept, pixels, strict=True)
    ]
    return (tag("div", *pictures, class_="pictures"),)


def values_shown(frames: int) -> list[int]:
    """Returns the indices of the frames of a preview."""
    return [round(at * (frames - 1) / max(1, min(frames, _SHOWN) - 1)) for at in range(min(frames, _SHOWN))]
