"""What training changed: the values of the variables of two modules, compared number by number.

`changes` is the entry: it finds which variables correspond, and where their values are (`stored`). `reading`
goes through both sides. Threads share out the `pieces`; each reads, checks and takes `sums` of a block of
both sides at a time. `other_layouts` compares variables that the two sides cut into other slices, `texts`
those that hold strings; both read by `one_side`. `records` has the result, `scopes` its roll-up. Memory is
bounded whatever the size of the variables, and the CRC-32C of all that is read is verified.
"""
