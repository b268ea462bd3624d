"""Everything that needs a kernel: the extension, the magics and the explorer panel.

`extension` registers the magics with IPython. A magic in `magics` parses its line, calls the session and
returns a value. `panel` displays what `explorer` runs with widgets, and runs it in a thread of its own. Only
this layer imports IPython, ipywidgets and anywidget.
"""
