"""The widgets of the explorer; the only place of ipywidgets and anywidget."""
