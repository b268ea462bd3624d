"""The `hub.Module` API on TensorFlow. The files of this folder are the public names; the folders do the work.

    handle --resolve--> directory --loading, storage--> variants --definition--> ModuleSpec
    module_fn --authoring--> variants --definition--> ModuleSpec
    ModuleSpec --module, impl--> graph/ (state, calls) --running--> arrays
    Module or spec --storage.export, placement--> directory

Read spec, definition, module and impl first, then `graph`. `tensor_info` types the inputs and outputs of
signatures, `call_arguments` fits what a caller passes to them, `inspection` answers questions about a live
module, and only `tf_internals` and, for `eager/`, its `eager_internals` touch TensorFlow's private API.
"""
