"""Values as people look at them: pictures, tables and words, chosen by dtype and shape.

`view_choice` says which views suit, `rendering` draws one, `value_facts` are always said, and `downloads` are
files of a value.
"""

from hubexplore.display.values.downloads import as_csv, as_npy, download, file_stem, file_stems, forms
from hubexplore.display.values.hover import GridHover, Hover, PointsHover
from hubexplore.display.values.rendering import Rendered, render
from hubexplore.display.values.side_by_side import pair
from hubexplore.display.values.value_facts import brief, facts
from hubexplore.display.values.value_kinds import captions_of
from hubexplore.display.values.view_choice import views

__all__ = [
    "GridHover",
    "Hover",
    "PointsHover",
    "Rendered",
    "as_csv",
    "as_npy",
    "brief",
    "captions_of",
    "download",
    "facts",
    "file_stem",
    "file_stems",
    "forms",
    "pair",
    "render",
    "views",
]
