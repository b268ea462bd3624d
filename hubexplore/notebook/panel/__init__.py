"""The panel of `hubexplore.explore`: the only package that imports ipywidgets and anywidget.

Read explorer.py first: it puts a `Subject` (subject_lookup.py) into tabs. The heart is tabs/try_tab.py: a
form (fields/) yields the inputs, worker.py runs them in a thread, tabs/results.py shows the outputs, and
explorer/run_code.py writes the code that repeats the run. graph/ is the live diagram. Messages of the browser
come in through `FrontendWidget.listen` (browser_widgets.py) and are untrusted; frontend/ has one script for
each such widget, and dom.js for all of them. What a saved notebook keeps is static HTML: each tab has a
`static_html`, which snapshot.py displays below the panel. open_panels.py closes panels that left the screen.
"""
