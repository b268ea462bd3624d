"""What training changed: the values of the variables of two modules, compared number by number.

`changes` is the entry: it finds which variables correspond (`pairing`), where their values are (`stored`),
and reads both sides piece by piece in a few threads (`segments`), with `sums` of each piece. `other_layouts`
reads variables that the two sides cut into other slices, `texts` those that hold strings. `records` has the
result, `scopes` its roll-up. Memory is bounded whatever the size of the variables, and the CRC-32C of all
that is read is verified.
"""
