"""`doctor`: what is wrong with the installation, the cache or a module, and what to do about it.

`examination` puts a report together. Each check is a function that returns findings (`findings`): `packages`
and `jupyter` look at what is installed, `environment` at programs and variables, `cache_health` at the cache,
`module_health` and `module_ops` at a module, `stumbling_blocks` explains what users of TensorFlow Hub often
meet. `report` shows the result. Nothing is downloaded, and no part of a module runs.
"""
