"""Makes a signature of tensors that the user picks in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hubexplore.display.markup import tag
from hubexplore.display.wording import printable, visible
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.panel_texts import error_text

Apply = Callable[[Sequence[str], Sequence[str]], None]


class SignaturePicker(widgets.VBox):
    """Buttons that make the selected tensor an input or output of a new signature, and what it is so far.

    Args:
      apply: adds the signature with these inputs and outputs to what can be tried, in place of an earlier
        one. Without inputs it takes those that the outputs need. None for a module that declares its
        signatures, of which only a part can be cut out.
      changed: is called with the inputs and outputs when they have changed.
    """

    def __init__(self, apply: Apply | None, changed: Apply) -> None:
        self._apply, self._changed = apply, changed
        self._tensor: str | None = None
        self._inputs: list[str] = []
        self._outputs: list[str] = []
        self._input = widgets.Button(layout=widgets.Layout(width="auto"))
        self._output = widgets.Button(layout=widgets.Layout(width="auto"))
        self._clear = widgets.Button(description="Clear picked tensors", layout=widgets.Layout(width="auto"))
        self._input.on_click(lambda _: self._toggle(self._inputs))
        self._output.on_click(lambda _: self._toggle(self._outputs))
        self._clear.on_click(lambda _: self.clear())
        self._said = widgets.HTML()
        buttons = widgets.HBox([self._input, self._output, self._clear], classes=("hub-row",))
        super().__init__([buttons, self._said])
        self.select(None)

    def select(self, tensor: str | None) -> None:
        """Offers to pick a tensor ("x:0"); None if nothing is selected that can be picked."""
        self._tensor = tensor
        self._label()

    def clear(self) -> None:
        """Forgets what was picked."""
        self._inputs.clear()
        self._outputs.clear()
        self._said.value = ""
        self._label()
        self._changed((), ())

    def _label(self) -> None:
        for button, picked, side in (
            (self._input, self._inputs, "input"),
            (self._output, self._outputs, "output"),
        ):
            is_picked = self._tensor in picked
            button.description = f"Remove from {side}s" if is_picked else f"Use as {side}"
            button.tooltip = visible(self._tensor or "")
            button.layout.display = None if self._tensor is not None else "none"
        self._clear.layout.display = None if self._inputs or self._outputs else "none"

    def _toggle(self, picked: list[str]) -> None:
        if self._tensor is None:
            return
        if self._tensor in picked:
            picked.remove(self._tensor)
        else:
            picked.append(self._tensor)
        self._label()
        self._changed(tuple(self._inputs), tuple(self._outputs))
        without = "the placeholders" if self._apply is not None else "the inputs of the signature"
        inputs = ", ".join(map(visible, self._inputs)) or f"{without} that the outputs need"
        outputs = ", ".join(map(visible, self._outputs))
        if not outputs:
            text = f"Inputs: {inputs}. Now pick an output." if self._inputs else ""
            self._say(text)
            return
        if self._apply is None:
            self._say(f"Picked: from {inputs} to {outputs}.")
            return
        try:
            self._apply(tuple(self._inputs), tuple(self._outputs))
        except Exception as error:  # noqa: BLE001 - an event of the browser has no cell to show it in
            lines = "\n".join(printable(line) for line in error_text(error).splitlines())
            self._said.value = tag("div", lines, role="alert", class_="hub-error")
            return
        self._say(f"The Try tab offers the signature 'picked': from {inputs} to {outputs}.")

    def _say(self, text: str) -> None:
        self._said.value = tag("p", text, role="status", class_="hub-quiet") if text else ""
