"""A module's graphs inside TensorFlow: its state, built once, and a slice of its graph for each call.

    meta graph --> variants.Variant         indexed and checked once
                       |
       plan_state <----+----> plan_apply    state.py, plan.py: once per spec; all walks over the variant
           |                      |         (contexts.py: conds and loops are taken as a whole)
       StatePlan              ApplyPlan     each holds a GraphSlice (slice.py)
           |                      |
       build_state --State--> Applier       apply.py: once per call; the first one through the importer
       (per Module)            |  |  |      (functions.py: each function is registered once per graph)
                               |  |  +----> Replay   replay.py: later calls, op by op
                               |  +-------> rebuild  contexts.py: the Python side of TF1 conds and loops
                               +----------> OpScope  extra_ops.py: `Module.tensor` adds ops to a call

Read in this order: slice, plan, state, apply, replay; then contexts, functions and shared_names, which keep
instances and calls apart, and extra_ops. `ownership` checks in which graph a call is, and `gc_pause` holds
off the garbage collector while ops are created.
"""
