"""The variables of a module in files of other libraries, and what each is for. Needs no TensorFlow.

`stored_weights` reads variables in pieces, `safetensors_file` and `npz_file` write them, `variable_uses`
finds the ops that use them, and `weight_map` puts what is known of each into one JSON file.
"""
