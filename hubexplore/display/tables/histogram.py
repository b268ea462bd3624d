"""A histogram small enough for a cell of a grid."""

from __future__ import annotations

from collections.abc import Sequence

from hubexplore.display.markup import Markup, tag

_HEIGHTS = "▁▂▃▄▅▆▇█"


class Sparkline(str):
    """A row of block characters; in HTML a row of bars that shows these characters where styles are stripped.

    Args:
      counts: counts of the bins. An empty bin looks different from one with a small count.
      label: what the histogram shows, as tooltip and alternative text.
    """

    counts: tuple[int, ...]
    label: str

    def __new__(cls, counts: Sequence[int], label: str) -> Sparkline:
        """Returns the text of the counts."""
        made = super().__new__(cls, "".join(_character(count, max(counts)) for count in counts))
        made.counts, made.label = tuple(counts), label
        return made

    def html(self) -> Markup:
        """Returns the bars."""
        top = max(self.counts, default=0) or 1
        bars = (
            # The characters stay in the HTML: they are what is read where styles are stripped.
            tag("i", character, style=f"height:{100 * count / top:.0f}%")
            for character, count in zip(self, self.counts, strict=True)
        )
        return tag("span", *bars, class_="spark", role="img", aria_label=self.label, title=self.label)


def _character(count: int, top: int) -> str:
    """Returns the block for a count: the lowest one for 0, the others for shares, rounded up."""
    if count == 0 or top == 0:
        return _HEIGHTS[0]
    return _HEIGHTS[-(-count * 7 // top)]
