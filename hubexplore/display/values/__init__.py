"""Values of a run, shown: a picture, a grid or words for each, chosen by dtype and shape.

A value flows through these files in this order:
`view_choice` lists the views that suit it, `rendering` draws one of them, `views/` has a file for each view.
`value_facts` describes a value in a line whatever its view; `side_by_side` compares two values of one name;
`downloads` writes a value as a file; `together/` shows several values as one. All of them read values through
`value_kinds`, and their numbers through `numerics`.
What a front end shows on hovering is data beside the picture, see `hover`: the HTML itself stays static.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hubexplore.display.values.downloads import (
        as_csv,
        as_npy,
        download,
        download_several,
        file_stem,
        file_stems,
        forms,
        forms_of_several,
    )
    from hubexplore.display.values.hover import GridHover, Hover, PointsHover
    from hubexplore.display.values.rendering import Rendered, controls, render
    from hubexplore.display.values.side_by_side import are_equal, pair, table
    from hubexplore.display.values.value_facts import brief, facts
    from hubexplore.display.values.value_kinds import captions_of
    from hubexplore.display.values.view_choice import suitable_views

# Each is imported when it is first used: a panel opens without the views of values, which take a while.
_FILES: Final = {
    "downloads": (
        "as_csv",
        "as_npy",
        "download",
        "download_several",
        "file_stem",
        "file_stems",
        "forms",
        "forms_of_several",
    ),
    "hover": ("GridHover", "Hover", "PointsHover"),
    "rendering": ("Rendered", "controls", "render"),
    "side_by_side": ("are_equal", "pair", "table"),
    "value_facts": ("brief", "facts"),
    "value_kinds": ("captions_of",),
    "view_choice": ("suitable_views",),
}
_WHERE: Final = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "GridHover",
    "Hover",
    "PointsHover",
    "Rendered",
    "are_equal",
    "as_csv",
    "as_npy",
    "brief",
    "captions_of",
    "controls",
    "download",
    "download_several",
    "facts",
    "file_stem",
    "file_stems",
    "forms",
    "forms_of_several",
    "pair",
    "render",
    "suitable_views",
    "table",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
