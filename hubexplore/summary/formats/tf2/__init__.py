"""TF2 SavedModels as modules.

`tf2_saved_model` makes the graph; what its objects say of variables and tables is in files of their own.
"""
