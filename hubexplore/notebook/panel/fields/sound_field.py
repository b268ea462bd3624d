"""An input of one or more sounds: uploaded, dropped, recorded, or built in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hubexplore.display import values
from hubexplore.display.markup import Markup
from hubexplore.display.values.views import sound as sound_view
from hubexplore.display.wording import visible
from hubexplore.inputs import sounds
from hubexplore.inputs.external import sound_arrays
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.media_field import LABEL_STYLE, MediaSource
from hubexplore.notebook.panel.fields.recorder import Recorder
from hubexplore.notebook.panel.fields.upload import Upload

_SCALES: Final = ("-1 to 1", "-32768 to 32767")


class SoundSource(MediaSource):
    """Sounds at the rate that the module expects."""

    _missing = "no sound yet: choose, drop or record one"

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__(field, changed)
        name = visible(field.name)
        self._upload = Upload(
            self._take,
            accept=f"audio/*,{','.join(sound_arrays.SUFFIXES)}",
            multiple=_takes_several(field),
            label=f"{name}: choose, drop or paste sounds (WAV, FLAC, OGG, MP3)",
        )
        self._recorder = Recorder(self._take, label=f"Record {name} with the microphone")
        default = sound_arrays.default_choice(field)
        low, high = sounds.LIMITS
        self._rate = widgets.BoundedIntText(
            description="Rate in Hz", value=default.rate, min=low, max=high,
            layout={"width": "12em"}, style=LABEL_STYLE,
        )  # fmt: skip
        self._follow(self._rate)
        self._scale = self._choice("Value range", _SCALES, default.scale, is_shown=_is_float(field))
        menu = self._sample_menu("sound", sounds.SAMPLE_NAMES, sounds.samples)
        row = widgets.HBox([self._recorder, menu, self._rate, self._scale], classes=("hub-row",))
        self.children = (self._upload, row, self._preview)

    def _value(self) -> InputValue:
        choice = sound_arrays.SoundChoice(self._rate.value, self._scale.value)
        return sound_arrays.read_sounds(self._field, self._files, choice)

    def _caption(self, entry: InputValue) -> str:
        caption = f"What the module receives: {values.facts(entry.value)}"
        if isinstance(entry, sound_arrays.Sounds):
            caption += f" · {entry.choice.rate:,} Hz, from {entry.origin}"
        return caption

    def _pictures(self, entry: InputValue) -> Sequence[Markup]:
        return sound_previews(self._field, entry)

    def _restore(self, entry: InputValue) -> None:
        if isinstance(entry, sound_arrays.Sounds):
            self._rate.value, self._scale.value = entry.choice.rate, entry.choice.scale


def sound_previews(field: Field, entry: InputValue) -> Sequence[Markup]:
    """Returns players of the sounds of a value; nothing for other inputs."""
    if not sound_arrays.takes_sounds(field):
        return ()
    heard = sound_arrays.waveforms(field, entry)
    return () if heard is None else (sound_view.figures_html(*heard),)


def _takes_several(field: Field) -> bool:
    """Whether an input has an open or larger number of rows."""
    rows = (field.shape or (1,))[0] if field.encoded or len(field.shape or ()) > 1 else 1
    return rows != 1


def _is_float(field: Field) -> bool:
    return not field.encoded and field.dtype != "int16"
