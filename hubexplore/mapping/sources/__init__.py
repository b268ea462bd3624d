"""Where rows come from: `source.py` says what a source is, `choice.py` which one fits the data."""
