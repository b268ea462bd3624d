"""Sphinx configuration of the site. `make docs` builds it from the pages of tools/stage_docs.py."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from hubexplore.hub.quiet_start import quiet_tensorflow

sys.path.insert(0, str(Path(__file__).parent / "extensions"))
with quiet_tensorflow():
    importlib.import_module("tensorflow")  # autodoc imports it anyway, and would print its log

project = "hubexplore"
author = "The hubexplore authors"
root_doc = "index"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings"]
smartquotes_action = "D"  # convert dashes, but keep quotes as written

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
# A widget needs its kernel. Its static picture is a separate output.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # one list instead of an index entry for each attribute
napoleon_use_rtype = False  # the signature has the type; "Returns:" is a sentence and may contain a colon
nitpicky = True
nitpick_ignore_regex = [
    # Names of other projects: a build without a network cannot read their inventories.
    (r"py:.*", r"(collections\.abc|datetime|functools|np|npt|numpy|os|pa|pd|tensorflow|tf|types)\..*"),
    # Type variables, aliases and inner classes that have no entry in the reference.
    (r"py:.*", r"hubexplore\.display\.(rich\.listings\.Item_co|diagram\.spare_dot\.SpareDot)"),
    (r"py:.*", r"(DataFrame|Errors|Scale|Signatures|Source|Tags)"),
]

toc_object_entries_show_parents = "hide"

html_theme = "furo"
pygments_dark_style = "a11y-high-contrast-dark"
html_title = "hubexplore"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_domain_indices = False
html_show_sphinx = False
html_show_copyright = False
