"""`hub.KerasLayer`: a module, SavedModel or other callable as a layer of Keras 3.

    handle --opening--> Callee (module_callee, object_callee) --layer--> calls, weights
    layer --records, archive--> .keras file --records--> AbsentCallee --archive--> Callee

`layer.py` is the Keras layer. It knows its callee by the interface in `callee.py` only: the variables, which
`weights.py` makes Keras variables without a copy, and the calls, whose values `precision.py` casts and whose
symbolic results `type_specs.py` describes. Nothing here is imported before `hub.KerasLayer` is used, since
Keras imports its backend.
"""
