"""Files that the user chooses, drops or pastes, as bytes in the kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import traitlets

from hubexplore.display.wording import visible
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script

MAX_UPLOAD_BYTES: Final = 25_000_000
"""Maximum size in bytes of all files of one upload."""
MAX_FILES: Final = 64
"""Maximum number of files of one upload; upload.js has the same number."""

Files = list[tuple[str, bytes]]


class Upload(FrontendWidget):
    """Receives files in pieces; calls `take` with all, each a (name, content), once they are complete.

    The browser refuses files above the limit before it sends anything. The limit is checked here as well,
    because a front end is not to be trusted.

    Messages: `begin` {names, sizes}, `piece` {index} with its bytes as buffer, `end`. Invariant: `_size`
    bytes have been received, never more than `_expected`; without an upload all fields are empty.
    """

    _esm = script("upload.js")
    accept = traitlets.Unicode().tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)
    label = traitlets.Unicode("Choose, drop or paste a file").tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(MAX_UPLOAD_BYTES).tag(sync=True)

    def __init__(self, take: Callable[[Files], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._take = take
        self._names: list[str] = []
        self._expected = 0
        self._pieces: list[list[bytes]] = []
        self._size = 0
        self.listen(self._on_message)

    def _on_message(self, message: Message, buffers: Sequence[Any]) -> None:
        match message["kind"]:
            case "begin":
                self._begin(message)
            case "piece":
                self._add(message.get("index"), buffers)
            case "end" if self._names:
                files = [
                    (name, b"".join(pieces)) for name, pieces in zip(self._names, self._pieces, strict=True)
                ]
                complete = self._size == self._expected
                # Before `take`, which may raise and must not leave megabytes behind.
                self._reset()
                if complete:
                    name = visible(files[0][0]) if len(files) == 1 else f"{len(files)} files"
                    self.report(f"Received {name}")
                    self._take(files)
                else:
                    self.report("The upload was incomplete. Try again.")

    def _begin(self, message: Message) -> None:
        self._reset()
        names, sizes = message.get("names"), message.get("sizes")
        if not (isinstance(names, list) and isinstance(sizes, list) and 0 < len(names) <= MAX_FILES):
            return
        # Nothing of the message is trusted: a size may be negative, or no number at all.
        if len(names) != len(sizes) or not all(isinstance(size, int) and size >= 0 for size in sizes):
            return
        self._expected = sum(sizes)
        if self._expected <= self.limit:
            self._names = [str(name) for name in names]
            self._pieces = [[] for _ in names]

    def _add(self, index: Any, buffers: Sequence[Any]) -> None:
        if not (isinstance(index, int) and 0 <= index < len(self._pieces)):
            return
        for buffer in buffers:
            self._size += len(buffer)
            # More than was announced: the limit was checked against the announced sizes only.
            if self._size > self._expected:
                self._reset()
                return
            self._pieces[index].append(bytes(buffer))

    def _reset(self) -> None:
        self._names, self._pieces, self._size, self._expected = [], [], 0, 0

    def report(self, text: str) -> None:
        """Shows the outcome of an upload."""
        # The browser has shown its own progress since: the same text again must be sent again.
        self.status = ""
        self.status = text
