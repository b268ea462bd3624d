"""Harmless models; `BENIGN` in `cases.py` has them once this is imported."""

from tests.strangers.benign import graphs as graphs
from tests.strangers.benign import objects as objects
from tests.strangers.benign import published as published
