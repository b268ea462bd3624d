"""Cuts a part out of a module: a new module with just what lies between chosen inputs and outputs.

`wishes` reads what the user typed, `tensors` finds it in a graph variant, `opened_calls` puts the bodies of
called functions in place of the calls that it is in, `region` finds what stays, and `graph` writes it.
"""
