"""The outputs of a run, each in a view that suits it; other views and downloads on demand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import traitlets

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import view_choice
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.display.wording import visible
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script
from hubexplore.notebook.panel.later import Later
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.model import Shape

MAX_ITEMS: Final = 24
"""Maximum number of outputs on screen; `Explorer.value` has all of them."""
_MIME_TYPES: Final = {
    "npy": "application/octet-stream", "npz": "application/zip", "csv": "text/csv", "wav": "audio/wav",
    "zip": "application/zip", "png": "image/png",
}  # fmt: skip


class ResultItem(Protocol):
    """A value, or a comparison of values, that is shown under a name."""

    @property
    def name(self) -> str:
        """Name of the output, as the module spells it."""

    @property
    def facts(self) -> str:
        """Dtype, shape and range, shown in every view."""

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the suitable views, best first."""

    def controls(self, view: str) -> tuple[Control, ...]:
        """Returns what the reader may change in a view, such as a threshold."""

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:
        """Renders a view; None means the best one. Settings are the values of the controls by key."""

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> tuple[str, bytes] | None:
        """Returns the name (`stem` and an extension) and content of a file; None if it has no such form."""

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """The available files, each a (form, label of the button)."""


@dataclass(frozen=True)
class Value:
    """A value with labels for its classes or columns, and captions that are used if it has as many rows.

    `sound` is what is known of it if it is sound; `is_picture` says that a matrix is a grey picture.
    """

    name: str
    value: Any
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    shape: Shape = None
    sound: Sound | None = None
    is_picture: bool = False

    @property
    def facts(self) -> str:  # noqa: D102 - as ResultItem
        return values.facts(self.value)

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        return values.controls(self.value, view, self.sound)

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102
        return values.suitable_views(
            self.value,
            name=self.name,
            labels=self.labels,
            shape=self.shape,
            sound=self.sound,
            is_picture=self.is_picture,
        )

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:  # noqa: D102
        rows = values.captions_of(self.value, self.rows)
        return values.render(
            self.value,
            view,
            name=self.name,
            rows=rows,
            labels=self.labels,
            shape=self.shape,
            heard=self.sound,
            is_picture=self.is_picture,
            settings=settings,
        )

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:  # noqa: D102
        from hubexplore.display.values import sound_files

        is_heard = view_choice.SOUND in self.views
        return (*([sound_files.FORM] if is_heard else []), *values.forms(self.value))

    def download(  # noqa: D102
        self, form: str, stem: str, settings: Settings = NO_SETTINGS
    ) -> tuple[str, bytes] | None:
        from hubexplore.display.values import sound_files

        if form == sound_files.FORM[0] and sound_files.FORM in self.forms:
            return sound_files.wav_files(self.value, stem, self.sound or Sound(), settings)
        return values.download(self.value, stem, form)


@dataclass(frozen=True)
class Pair:
    """Two values of one name, side by side; `titles` are those of the values, `change` of the difference.

    `shape` is what the signature declares; `sound` is what is known of both if they are sound; `is_picture`
    says that both are grey pictures [height, width].
    """

    name: str
    first: Any
    second: Any
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    titles: tuple[str, str] = ("First", "Second")
    change: str = "Second − first"
    shape: Shape = None
    sound: Sound | None = None
    is_picture: bool = False

    facts: str = ""
    views: tuple[str, ...] = ("Side by side",)
    forms: tuple[tuple[str, str], ...] = ()

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102 - as ResultItem
        return ()

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:  # noqa: D102 - as ResultItem
        rows = values.captions_of(self.first, values.captions_of(self.second, self.rows))
        return values.pair(
            self.first,
            self.second,
            name=self.name,
            rows=rows,
            labels=self.labels,
            titles=self.titles,
            change=self.change,
            shape=self.shape,
            sound=self.sound,
            is_picture=self.is_picture,
        )

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> None:  # noqa: D102
        return None


@dataclass(frozen=True)
class Together:
    """Outputs that belong together; the views of each are offered after those of the group."""

    group: Group

    @property
    def name(self) -> str:  # noqa: D102 - as ResultItem
        return ", ".join(member.name for member in self.group.members)

    @property
    def facts(self) -> str:  # noqa: D102
        return self.group.facts

    @property
    def _values(self) -> dict[str, Value]:
        """The outputs by the name of their view."""
        single = {member.name: as_value(member) for member in self.group.members}
        return {f"Only {name}": value for name, value in single.items()}

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102
        return (*self.group.views, *self._values)

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        single = self._values.get(view)
        return self.group.controls if single is None else single.controls(single.views[0])

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:  # noqa: D102
        single = self._values.get(view or "")
        if single is not None:
            return dataclasses.replace(single.render(None, settings), view=view or "")
        views = self.group.views
        return self.group.draw(view if view in views else views[0], dict(settings))

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:  # noqa: D102
        return values.forms_of_several([member.value for member in self.group.members])

    def download(  # noqa: D102
        self, form: str, stem: str, settings: Settings = NO_SETTINGS
    ) -> tuple[str, bytes] | None:
        return values.download_several(
            {member.name: member.value for member in self.group.members}, stem, form
        )


def as_value(member: Member) -> Value:
    """Returns an output that is shown by itself."""
    return Value(
        member.name,
        member.value,
        member.rows,
        member.labels,
        member.shape,
        member.sound,
        member.is_picture,
    )


def items_of(scene: Scene) -> list[ResultItem]:
    """Returns what is shown of a run: groups of outputs, the other outputs, and the words it did not know."""
    # Not before a run: they import all drawings of values.
    from hubexplore.display.values.together.grouping import grouped
    from hubexplore.notebook.panel.tabs.unknown_words import UnknownWords

    items: list[ResultItem] = [
        as_value(entry) if isinstance(entry, Member) else Together(entry) for entry in grouped(scene)
    ]
    return [*items, UnknownWords(scene.rows, scene.unknown_words)] if scene.unknown_words else items


class Results(FrontendWidget):
    """Shows values by name. A view that the user chose for a name is kept for its next values.

    What nobody sees at first, tooltips and folded numbers, follows once the pictures are on their way.
    """

    _esm = script("results.js")
    shown: Any = traitlets.Dict({"title": "", "number": None, "outputs": []}).tag(sync=True)
    rest: Any = traitlets.List().tag(sync=True)
    title = traitlets.Unicode("Results").tag(sync=True)
    remark = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._items: list[ResultItem] = []
        self._rendered: list[values.Rendered] = []
        self._rest = Later()
        self._chosen_views: dict[str, str] = {}
        self._settings: dict[str, dict[str, float]] = {}
        self._outputs: list[dict[str, Any]] = []
        self.listen(self._on_message)

    def show(self, title: str, number: int | None, items: Sequence[ResultItem]) -> None:
        """Shows values.

        Args:
          title: plain text, shown above the values.
          number: of the run; results.js sets it as an attribute once the pictures are painted.
          items: what to show; only the first `MAX_ITEMS` are.
        """
        self._items = list(items[:MAX_ITEMS])
        self._rendered = [self._render(item) for item in self._items]
        self._outputs = [self._describe(index) for index in range(len(self._items))]
        left = len(items) - len(self._items)
        more = f" · {left} more {'is' if left == 1 else 'are'} in .value" if left else ""
        with self.hold_sync():  # the earlier title must not be seen without its remark
            self.remark = ""
            self._put({"title": title + more, "number": number, "outputs": self._outputs})

    def clear(self) -> None:
        """Removes all values."""
        self.show("", None, ())

    def remark_on(self, text: str) -> None:
        """Adds a remark to the title of values that are on screen, until others are shown."""
        self.remark = text if self._outputs else ""

    def static_html(self) -> Markup:
        """Returns the values as static HTML."""
        title = " · ".join(text for text in (self.shown.get("title", ""), self.remark) if text)
        parts = [tag("p", tag("strong", title))] if title else []
        for output, rendered in zip(self._outputs, self._rendered, strict=True):
            head = tag("p", tag("strong", output["name"]), " ", tag("span", output["facts"], class_="note"))
            parts += [head, framed(rendered.html)]
        return join(*parts)

    def _put(self, shown: dict[str, Any]) -> None:
        """Sends what is seen at first, and a moment later the rest of it."""
        with self.hold_sync():
            self.rest = []
            self.shown = shown
        if self._rendered:
            self._rest.put_off(self._add_rest)
        else:
            self._rest.call_off()

    def _add_rest(self) -> None:
        self.rest = [_rest_of(rendered) for rendered in self._rendered]

    def _render(self, item: ResultItem) -> values.Rendered:
        # The next value of this name may have another dtype or rank, which the chosen view does not suit.
        view = self._chosen_views.get(item.name)
        return item.render(view if view in item.views else None, self._settings.get(item.name, {}))

    def _describe(self, index: int) -> dict[str, Any]:
        item, rendered = self._items[index], self._rendered[index]
        settings = self._settings.get(item.name, {})
        return {
            "controls": [
                {**dataclasses.asdict(control), "value": control.at(settings)}
                for control in item.controls(rendered.view)
            ],
            "name": visible(item.name),
            "facts": item.facts,
            "views": list(item.views),
            "view": rendered.view,
            "html": str(framed(rendered.first_html)),
            "tips": [hover is not None for hover in rendered.hovers],
            "natives": [native is not None for native in rendered.natives],
            "downloads": [list(form) for form in item.forms],
        }

    def _on_message(self, message: Message, _: Sequence[Any]) -> None:
        index = message.get("output")
        if not isinstance(index, int) or not 0 <= index < len(self._items):
            return
        item = self._items[index]
        # Names that differ only in characters that file names cannot have still get different files.
        stem = values.file_stems([entry.name for entry in self._items])[index]
        match message["kind"]:
            case "view" if message.get("view") in item.views:
                self._chosen_views[item.name] = str(message["view"])
                self._redraw(index)
            case "setting" if (setting := self._setting(index, message)) is not None:
                self._settings.setdefault(item.name, {}).update([setting])
                self._redraw(index)
            case "download" if str(message.get("form")) in dict(item.forms):
                file = item.download(str(message["form"]), stem, self._settings.get(item.name, {}))
                if file is not None:
                    name, content = file
                    mime_type = _MIME_TYPES.get(name.rpartition(".")[2], _MIME_TYPES["npy"])
                    self.send({"kind": "file", "name": name, "type": mime_type}, [content])
            case "picture":
                self._send_picture(index, message.get("place"), stem)

    def _send_picture(self, index: int, place: Any, stem: str) -> None:
        """Sends a picture of an output as PNG, in the size of the value."""
        natives = self._rendered[index].natives
        is_place = isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(natives)
        native = natives[place] if is_place else None
        if native is not None:
            from hubexplore.display.values.views.png import png_file

            number = f"_{place}" if len(natives) > 1 else ""
            name = f"{stem}{number}.png"
            self.send({"kind": "file", "name": name, "type": _MIME_TYPES["png"]}, [png_file(native())])

    def _redraw(self, index: int) -> None:
        # A change in place would change the old value too, and traitlets would send nothing.
        self._outputs = [*self._outputs]
        self._rendered[index] = self._render(self._items[index])
        self._outputs[index] = self._describe(index)
        self._put({**self.shown, "outputs": self._outputs})

    def _setting(self, index: int, message: Message) -> tuple[str, float] | None:
        """Returns the key and the value of a control; None for another key, or a value out of range."""
        match message.get("value"):
            case bool() | None:
                return None
            case int() | float() as value:
                keys = (
                    control.key
                    for control in self._items[index].controls(self._outputs[index]["view"])
                    if control.key == message.get("key") and control.low <= value <= control.high
                )
                return next(((key, float(value)) for key in keys), None)
        return None


def _rest_of(rendered: values.Rendered) -> dict[str, Any]:
    """Returns what the front end adds to an output that is on screen: folded numbers and tooltips."""
    try:
        return {
            "numbers": str(rendered.numbers or ""),
            "hovers": [hover and hover.to_dict() for hover in rendered.hovers],
        }
    except Exception as error:  # noqa: BLE001 - shown here: nothing else waits for the numbers
        return {"numbers": str(tag("p", error_text(error), role="alert")), "hovers": []}
