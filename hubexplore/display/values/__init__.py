"""Values as people look at them: pictures, tables and words, chosen by dtype and shape.

`choose` says which views suit, `render` draws one, `facts` are always said, `files` are for taking away.
"""

from hubexplore.display.values.choose import views
from hubexplore.display.values.facts import brief, facts
from hubexplore.display.values.files import as_csv, as_npy, download, file_stem, file_stems, forms
from hubexplore.display.values.hover import GridHover, Hover, PointsHover
from hubexplore.display.values.kinds import captions_of
from hubexplore.display.values.pair import pair
from hubexplore.display.values.render import Rendered, render

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
