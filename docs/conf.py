"""How the site is made. `make docs` builds it from the pages that tools/stage_docs.py lays out."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from hubexplore.session.tf_startup import quiet_tensorflow

sys.path.insert(0, str(Path(__file__).parent / "extensions"))
with quiet_tensorflow():
    importlib.import_module("tensorflow")  # autodoc imports it anyhow, with its log

project = "hubexplore"
author = "The hubexplore authors"
root_doc = "index"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings"]
smartquotes_action = "D"  # dashes, but quotes as they were written

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
# A widget needs its kernel. The static picture beside it is an output of its own.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # a list, not an entry for each
napoleon_use_rtype = False  # the signature has the type; "Returns:" is a sentence, which may hold a colon
nitpicky = True
nitpick_ignore_regex = [
    # Of other projects, whose inventories a build without a network does not have.
    (r"py:.*", r"(collections\.abc|datetime|functools|np|npt|os|pd|tensorflow|tf)\..*"),
    # Names of types that say nothing by themselves.
    (r"py:.*", r"(hubexplore\.display\.listing\.Item_co|Source|Tags)"),
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
