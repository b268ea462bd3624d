"""What each op tells about the sizes of its inputs and outputs, a file for each family of ops.

A rule is a function of an `Op`: it reads shapes and small contents of the inputs, adds equations to
`op.constraints`, and returns the shapes of the outputs. An op without a rule has the shapes that its node
declares.
"""
