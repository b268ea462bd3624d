"""A sound that the user speaks into the microphone of the browser, as a WAV file in the kernel."""

from __future__ import annotations

from hubexplore.notebook.panel.browser_widgets import script
from hubexplore.notebook.panel.fields.upload import Upload


class Recorder(Upload):
    """A button that records; calls `take` with one file, as `Upload` does.

    The browser decodes what it recorded and sends PCM: libsndfile reads neither WebM nor MP4.
    """

    _esm = script("recorder.js")
