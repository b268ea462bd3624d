"""A histogram small enough for the cell of a table."""

from __future__ import annotations

from collections.abc import Sequence

from hubexplore.display.markup import Markup, tag

_HEIGHTS = "▁▂▃▄▅▆▇█"


class Sparkline(str):
    """A row of block characters; in HTML a row of bars, which reads as these characters without styles.

    Args:
      counts: of the bins. An empty bin stays apart from one that holds little.
      label: what it shows, in words, for those who hover over it or cannot see it.
    """

    counts: tuple[int, ...]
    label: str

    def __new__(cls, counts: Sequence[int], label: str) -> Sparkline:
        """Makes the text of the counts."""
        made = super().__new__(cls, "".join(_character(count, max(counts)) for count in counts))
        made.counts, made.label = tuple(counts), label
        return made

    def html(self) -> Markup:
        """Returns the bars."""
        top = max(self.counts, default=0) or 1
        bars = (
            tag("i", character, style=f"height:{100 * count / top:.0f}%")
            for character, count in zip(self, self.counts, strict=True)
        )
        return tag("span", *bars, class_="spark", role="img", aria_label=self.label, title=self.label)


def _character(count: int, top: int) -> str:
    """Returns the block for a count: the lowest is for none, the others are for shares rounded up."""
    if count == 0 or top == 0:
        return _HEIGHTS[0]
    return _HEIGHTS[-(-count * 7 // top)]
