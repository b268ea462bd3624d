"""The tabs of the panel but the graph: Try (try_tab.py, results.py, pinned_run.py), Variables, Variants."""
