"""Results of batches as columns: of a data frame (`frame.py`), of an Arrow table (`arrow.py`)."""
