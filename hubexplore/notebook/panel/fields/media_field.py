"""What inputs of pictures, sounds and films share: files that are read again when a choice changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, tag
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.errors import HubError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.upload import Files
from hubexplore.notebook.panel.panel_texts import error_text

LABEL_STYLE: Final = {"description_width": "initial"}
FITS: Final = (("crop", "crop"), ("pad with margins", "pad"), ("stretch", "stretch"))
"""How a picture gets the size that a module takes: what is shown, what it is called in code."""
SCALES: Final = ("0 to 1", "-1 to 1", "0 to 255")
"""Value ranges of pictures."""


class MediaSource(widgets.VBox):
    """Files, and the value that is made of them.

    Args:
      field: the input.
      changed: is called when the files or the choices change.
    """

    _missing: ClassVar[str]
    """What to do without a file, as the rest of the sentence "Input 'name' has ..."."""
    _preview_classes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        super().__init__()
        self._field, self._changed = field, changed
        self._files: Files = []
        self._entry: InputValue | None = None
        self._samples: widgets.Dropdown | None = None
        self._preview = widgets.HTML(classes=self._preview_classes)

    def entry(self) -> InputValue:
        """Returns the value as the module receives it.

        Raises:
          HubError: there is no file yet.
        """
        if self._entry is None:
            raise HubError(f"Input {self._field.name!r} has {self._missing}.")
        return self._entry

    def set_value(self, entry: InputValue) -> None:
        """Restores a value."""
        # Without files the choices have no effect: what a run got is what it gets again.
        self._files, self._entry = [], entry
        self._restore(entry)
        self._show()
        self._changed()

    def _choice(
        self, description: str, options: Sequence[Any], value: Any, *, is_shown: bool = True
    ) -> widgets.Dropdown:
        """Returns one choice of how the files become numbers."""
        menu = widgets.Dropdown(
            description=description,
            options=options,
            value=value,
            layout={"width": "auto", **({} if is_shown else {"display": "none"})},
            style=LABEL_STYLE,
        )
        self._follow(menu)
        return menu

    def _follow(self, choice: widgets.Widget) -> None:
        choice.observe(lambda _: self._read(), "value")

    def _sample_menu(
        self, kind: str, names: Sequence[str], samples: Callable[[], Mapping[str, bytes]]
    ) -> widgets.Dropdown:
        """Returns the menu of built-in files: "sample", "sound"; they are made when one is chosen."""
        menu = widgets.Dropdown(
            description=f"Built-in {kind}",
            options=[(f"choose a {kind}", ""), *((name, name) for name in names)],
            layout={"width": "auto"},
            style=LABEL_STYLE,
        )

        def choose(_: Any) -> None:
            if menu.value:
                self._use([(menu.value, samples()[menu.value])])

        menu.observe(choose, "value")
        self._samples = menu
        return menu

    def _take(self, files: Files) -> None:
        """Takes what the user provides."""
        self._forget_sample()
        self._use(files)

    def _forget_sample(self) -> None:
        # So that the same sample can be chosen again.
        if self._samples is not None:
            self._samples.value = ""

    def _use(self, files: Files) -> None:
        self._files = files
        self._read()

    def _read(self) -> None:
        if not self._files:
            return
        try:
            self._entry = self._value()
        except Exception as error:  # noqa: BLE001 - a file may contain anything; the error is shown
            # The earlier value goes as well: it is no longer on screen, and a run must not use it unseen.
            self._files, self._entry = [], None
            self._preview.value = tag("div", error_text(error), role="alert", class_="hub-error")
            return
        self._show()
        self._changed()

    def _show(self) -> None:
        if self._entry is not None:
            caption = tag("p", visible(self._caption(self._entry), MAX_SENTENCE))
            self._preview.value = framed(caption, *self._pictures(self._entry))

    def _value(self) -> InputValue:
        """Returns the value of the files with the current choices."""
        raise NotImplementedError

    def _caption(self, entry: InputValue) -> str:
        """Returns the line above what the module receives."""
        raise NotImplementedError

    def _pictures(self, entry: InputValue) -> Sequence[Markup]:
        """Returns what the module receives, to be looked at or heard."""
        raise NotImplementedError

    def _restore(self, entry: InputValue) -> None:
        """Shows the choices with which a value was made."""
