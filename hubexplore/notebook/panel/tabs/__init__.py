"""The tabs of the panel except the graph: Try (trial.py, results.py, pinned_run.py), Variables, Variants."""
