"""What facts that show themselves have in common: HTML for a notebook, text, and JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from hubexplore.display.markup import Markup, document, tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.theme import PAGE_STYLE


class SelfShown:
    """Facts that show themselves, by `to_dict`, `to_text`, their HTML and the title of a page."""

    __slots__ = ()

    def to_dict(self) -> Any:
        """The same as plain lists and dicts, as in JSON."""
        raise NotImplementedError

    def to_text(self) -> str:
        """The same as text."""
        raise NotImplementedError

    def _markup(self) -> Markup:
        raise NotImplementedError

    def _page_title(self) -> str:
        raise NotImplementedError

    def to_json(self, indent: int | None = None) -> str:
        """The same as `to_dict`, as JSON of ASCII characters; no number is infinite or NaN."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_html(self) -> str:
        """One self-contained HTML page."""
        return document(f"{self._page_title()} - hubexplore", PAGE_STYLE, tag("main", self._markup()))

    def __repr__(self) -> str:
        return self.to_text()

    @automatic
    def _repr_html_(self) -> str:
        return self._markup()
