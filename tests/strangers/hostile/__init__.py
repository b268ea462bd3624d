"""Hostile models, each with one danger; `HOSTILE` in `cases.py` has them once this is imported."""

from tests.strangers.hostile import disguises as disguises
from tests.strangers.hostile import functions as functions
from tests.strangers.hostile import hidden_graphs as hidden_graphs
from tests.strangers.hostile import loading as loading
from tests.strangers.hostile import objects as objects
from tests.strangers.hostile import paths as paths
