"""Waveforms as files: WAV, one for each row."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

from hubexplore.display.values.control import Settings
from hubexplore.display.values.views import sound as sound_view
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.tensor_values import flat_of

FORM: Final = ("wav", "WAV")
"""The form and the label of its button."""
MAX_FILES: Final = 1_000
"""Maximum number of rows that are written."""


def wav_files(value: Any, stem: str, sound: Sound, settings: Settings) -> tuple[str, bytes]:
    """Returns the name and content of a WAV file; of a ZIP archive of them for several rows.

    Args:
      value: an array, as `views.sound.rows_of` takes it.
      stem: name of the file without its extension.
      sound: what is known of it.
      settings: values of `views.sound.controls`, among them the rate.
    """
    rows = sound_view.rows_of(flat_of(value))
    (control,) = sound_view.controls(sound)
    rate = round(control.at(settings))
    if len(rows) == 1:
        return f"{stem}.wav", sound_view.wav(rows[0], rate)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, samples in enumerate(rows[:MAX_FILES]):
            archive.writestr(f"{stem}_{number}.wav", sound_view.wav(samples, rate))
    return f"{stem}.zip", content.getvalue()
