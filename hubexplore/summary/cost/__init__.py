"""What a signature costs, counted in its graph without running it, without TensorFlow.

    shapes of the inputs -> shape inference -> a count for each op -> sums per scope

To be read in this order: `model` is what comes out. `count` sets up the walk, `given_shapes` what it begins
with. `counter` sees each op on the way; `products` has the rules for multiply-adds, `memory` those for bytes,
`loops` those for how often a loop runs. `formulas` writes counts that depend on open sizes.
"""

from hubexplore.summary.cost.count import cost_of
from hubexplore.summary.cost.model import QUANTITIES, Cost, OpCost, ScopeCost

__all__ = ["QUANTITIES", "Cost", "OpCost", "ScopeCost", "cost_of"]
