"""An input of a film: a GIF or a picture for each frame, uploaded or dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hubexplore.display import values
from hubexplore.display.markup import Markup, tag
from hubexplore.display.values.views.images import brightness
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import visible
from hubexplore.inputs.external import film_arrays, picture_arrays
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.media_field import FITS, SCALES, MediaSource
from hubexplore.notebook.panel.fields.upload import Upload

_SHOWN: Final = 8
"""Number of frames in the preview."""
_PREVIEW_BYTES: Final = 20_000


class FilmSource(MediaSource):
    """A film in the size and length that the module expects."""

    _missing = "no film yet: choose, drop or paste one"

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__(field, changed)
        label = f"{visible(field.name)}: choose or drop a film (GIF, APNG, WebP) or a picture per frame"
        self._upload = Upload(self._take, accept="image/*", multiple=True, label=label)
        default = film_arrays.default_choice(field)
        self._fit = self._choice("Fit", FITS, default.fit)
        self._scale = self._choice("Value range", SCALES, default.scale)
        row = widgets.HBox([self._fit, self._scale], classes=("hub-row",))
        self.children = (self._upload, row, self._preview)

    def _value(self) -> InputValue:
        choice = picture_arrays.ImageChoice(self._fit.value, self._scale.value)
        return film_arrays.read_film(self._field, self._files, choice)

    def _caption(self, entry: InputValue) -> str:
        caption = f"What the module receives: {values.facts(entry.value)}"
        if isinstance(entry, film_arrays.Films):
            caption += f" · {len(set(entry.kept))} of {entry.found:,} frames"
        return caption

    def _pictures(self, entry: InputValue) -> Sequence[Markup]:
        return film_previews(self._field, entry)


def film_previews(field: Field, entry: InputValue) -> Sequence[Markup]:
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
