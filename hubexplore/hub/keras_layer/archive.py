"""The files of a module inside of a `.keras` file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import LayerError
from hubexplore.hub.danger_check import warn_of_saved_model
from hubexplore.hub.definition import check_variants
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.eager.saved_optimizer import optimizers_of_keras_2
from hubexplore.hub.eager.variables import in_order
from hubexplore.hub.keras_layer.callee import Callee, is_keras_weight
from hubexplore.hub.keras_layer.module_callee import MADE, OTHER_STATE, ModuleCallee
from hubexplore.hub.keras_layer.object_callee import ObjectCallee
from hubexplore.hub.keras_layer.options import Options
from hubexplore.hub.loading import spec_from_directory
from hubexplore.hub.resolve import filesystem_of
from hubexplore.hub.storage.meta_graphs import read_variants
from hubexplore.hub.variants.checkpoint import Checkpoint
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.summary.module_format import MODULE_FILE, VARIABLES_PREFIX

FOLDER: Final = "module"
"""Folder of the module in the assets of the layer."""

MSG_NO_FILES: Final = (
    "The file lacks the folder of the module of a KerasLayer. Save the model again with model.save."
)


def save(callee: Callee, folder: str) -> None:
    """Writes the files of a callee into the assets of its layer."""
    callee.save(os.path.join(folder, FOLDER))


def opened(folder: str, options: Options, variables: Sequence[Any]) -> Callee:
    """Makes a callee of files that `save` wrote; its weights have the values of `variables`.

    Args:
      folder: assets of the layer, which Keras deletes soon.
      options: of the layer.
      variables: tf.Variables, in the order of the callee's weights; a TF1 module uses them as its own.
    """
    source = os.path.join(folder, FOLDER)
    if not Path(source).is_dir():
        raise LayerError(MSG_NO_FILES)
    # Tables read their files when they are made, and another save copies them: they stay with the callee.
    kept = tempfile.mkdtemp(prefix="hubexplore-")
    try:
        path = shutil.copytree(source, os.path.join(kept, FOLDER))
        callee: Callee
        if Path(path, MODULE_FILE).exists():
            callee = ModuleCallee(_module(path, options.tags, variables), options)
        else:
            warn_of_saved_model(path, source)
            with optimizers_of_keras_2():
                model = tf.saved_model.load(path, tags=options.tags, options=options.load_options)
            callee = ObjectCallee(model, options, path)
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    weakref.finalize(callee.root, shutil.rmtree, kept, ignore_errors=True)
    return callee


def _module(path: str, tags: Any, variables: Sequence[Any]) -> LoadedModule:
    place = ModuleDirectory(path, filesystem_of(path)).marked()
    variants = read_variants(path)
    check_variants(variants)
    # The values of the weights are those that Keras saved, so there is no checkpoint of them.
    spec = spec_from_directory(
        place, variants, path, checkpoint=Checkpoint(os.path.join(path, VARIABLES_PREFIX), {})
    )
    made = {(name, tuple(offset)) for name, offset in json.loads(Path(path, MADE).read_text("utf-8"))}
    weights, others, by_identity = iter(variables), [], {}
    for variable in in_order(spec):
        if variable.identity not in made:
            continue
        if is_keras_weight(variable.dtype, variable.shape):
            by_identity[variable.identity] = next(weights)
        else:
            others.append(_empty(variable))
            by_identity[variable.identity] = others[-1]
    if others:
        numbered = {str(number): other for number, other in enumerate(others)}
        tf.train.Checkpoint(**numbered).read(f"{path}/{OTHER_STATE}").assert_consumed()
    only = spec.get_tags()
    tag_set = only[0] if tags is None and len(only) == 1 else frozenset(tags or ())
    return LoadedModule(spec, spec.variant(tag_set).tags, path, by_identity)


def _empty(variable: Any) -> Any:
    """A variable of the dtype, to be restored."""
    value = tf.zeros([size or 0 for size in variable.shape.as_list()], variable.dtype)
    return tf.Variable(value, trainable=False, shape=variable.shape)
