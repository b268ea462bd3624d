"""Files that a person chooses, drops or pastes, as bytes in the kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import traitlets

from hubexplore.display.wording import visible
from hubexplore.notebook.panel.browser_widgets import Message, Part, script

LIMIT: Final = 25_000_000
"""Bytes that one upload may have in all."""
MAX_FILES: Final = 64

Files = list[tuple[str, bytes]]


class Upload(Part):
    """Takes files in pieces; `take` gets all of them, (name, content) each, when they are complete.

    The browser refuses what is over the limit before it sends anything; the limit holds here as well, for a
    front end is not to be trusted.
    """

    _esm = script("upload.js")
    accept = traitlets.Unicode().tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)
    words = traitlets.Unicode("Choose, drop or paste a file").tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)

    def __init__(self, take: Callable[[Files], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._take = take
        self._names: list[str] = []
        self._expected = 0
        self._pieces: list[list[bytes]] = []
        self._size = 0
        self.listen(self._hear)

    def _hear(self, message: Message, buffers: Sequence[Any]) -> None:
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
                self._forget()
                if complete:
                    self.say(f"Got: {visible(files[0][0]) if len(files) == 1 else f'{len(files)} files'}")
                    self._take(files)
                else:
                    self.say("The upload came incomplete. Try it again.")

    def _begin(self, message: Message) -> None:
        self._forget()
        names, sizes = message.get("names"), message.get("sizes")
        if not (isinstance(names, list) and isinstance(sizes, list) and 0 < len(names) <= MAX_FILES):
            return
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
            if self._size > self._expected:
                self._forget()
                return
            self._pieces[index].append(bytes(buffer))

    def _forget(self) -> None:
        self._names, self._pieces, self._size, self._expected = [], [], 0, 0

    def say(self, words: str) -> None:
        """Says what came of an upload."""
        # The same words again must reach the browser, which meanwhile has said other ones.
        self.said = ""
        self.said = words
