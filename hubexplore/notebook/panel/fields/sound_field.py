"""An input of one or more sounds: uploaded, dropped, recorded, or built in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, tag
from hubexplore.display.values.views import sound as sound_view
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.errors import HubError
from hubexplore.inputs import sounds
from hubexplore.inputs.external import sound_arrays
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.recorder import Recorder
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.panel_texts import error_text

_LABEL_STYLE: Final = {"description_width": "initial"}
_SCALES: Final = ("-1 to 1", "-32768 to 32767")


class SoundSource(widgets.VBox):
    """Sounds at the rate that the module expects; shows the choices and their result.

    Args:
      field: the input.
      changed: is called when the sounds or the choices change.
    """

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        self._field, self._changed = field, changed
        self._files: Files = []
        self._entry: InputValue | None = None
        name = visible(field.name)
        self._upload = Upload(
            self._take,
            accept=f"audio/*,{','.join(sound_arrays.SUFFIXES)}",
            multiple=_takes_several(field),
            label=f"{name}: choose, drop or paste sounds (WAV, FLAC, OGG, MP3)",
        )
        self._recorder = Recorder(self._take, label=f"Record {name} with the microphone")
        self._samples = widgets.Dropdown(
            description="Built-in sound",
            options=[("choose a sound", ""), *((name, name) for name in sounds.SAMPLE_NAMES)],
            layout={"width": "auto"},
            style=_LABEL_STYLE,
        )
        default = sound_arrays.default_choice(field)
        low, high = sounds.LIMITS
        self._rate = widgets.BoundedIntText(
            description="Rate in Hz", value=default.rate, min=low, max=high,
            layout={"width": "12em"}, style=_LABEL_STYLE,
        )  # fmt: skip
        self._scale = widgets.Dropdown(
            description="Value range", options=_SCALES, value=default.scale,
            layout={"width": "auto", **({} if _is_float(field) else {"display": "none"})},
            style=_LABEL_STYLE,
        )  # fmt: skip
        self._preview = widgets.HTML()
        row = widgets.HBox([self._recorder, self._samples, self._rate, self._scale], classes=("hub-row",))
        super().__init__([self._upload, row, self._preview])
        self._samples.observe(self._on_sample, "value")
        for widget in (self._rate, self._scale):
            widget.observe(lambda _: self._read(), "value")

    def entry(self) -> InputValue:
        """Returns the sounds as the module receives them.

        Raises:
          HubError: there is no sound yet.
        """
        if self._entry is None:
            raise HubError(f"Input {self._field.name!r} has no sound yet: choose, drop or record one.")
        return self._entry

    def set_value(self, entry: InputValue) -> None:
        """Restores sounds."""
        # Without files the choices have no effect: what a run got is what it gets again.
        self._files, self._entry = [], entry
        if isinstance(entry, sound_arrays.Sounds):
            self._rate.value, self._scale.value = entry.choice.rate, entry.choice.scale
        self._show()
        self._changed()

    def _take(self, files: Files) -> None:
        self._files = files
        # Reset, so that the same sample can be chosen again. It calls `_on_sample` with nothing chosen.
        self._samples.value = ""
        self._read()

    def _on_sample(self, _: Any) -> None:
        if self._samples.value:
            self._files = [(self._samples.value, sounds.samples()[self._samples.value])]
            self._read()

    def _read(self) -> None:
        if not self._files:
            return
        choice = sound_arrays.SoundChoice(self._rate.value, self._scale.value)
        try:
            self._entry = sound_arrays.read_sounds(self._field, self._files, choice)
        except Exception as error:  # noqa: BLE001 - a file may contain anything; the error is shown
            # The earlier sounds go as well: they are no longer on screen, and a run must not use them unseen.
            self._files, self._entry = [], None
            self._preview.value = tag("div", error_text(error), role="alert", class_="hub-error")
            return
        self._show()
        self._changed()

    def _show(self) -> None:
        if self._entry is not None:
            caption = f"What the module receives: {values.facts(self._entry.value)}"
            if isinstance(self._entry, sound_arrays.Sounds):
                caption += f" · {self._entry.choice.rate:,} Hz, from {self._entry.origin}"
            self._preview.value = framed(
                tag("p", visible(caption, MAX_SENTENCE)), *sound_previews(self._field, self._entry)
            )


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
