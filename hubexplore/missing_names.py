"""Names that hubexplore does not have, above all tensorflow_hub's: what to write instead of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class MissingName:
    """A name that hubexplore does not have: one of tensorflow_hub, or one that users may expect.

    Attributes:
      purpose: what it is, as a relative clause.
      code: what to write instead; runs with the names that its comments and the README use.
    """

    purpose: str
    code: str

    def message(self, name: str) -> str:
        """Returns the text of the error for it."""
        code = "\n".join(f"    {line}" for line in self.code.splitlines())
        return f"hubexplore has no {name!r}, {self.purpose}. Write instead:\n\n{code}\n"


_LOAD: Final = MissingName(
    "an internal part of tensorflow_hub. Its public name is at the top level of hubexplore",
    """\
loaded = hub.load(path)  # a TF1 Hub module or a TF2 SavedModel""",
)
_RESOLVE: Final = MissingName(
    "an internal part of tensorflow_hub. Its public name is at the top level of hubexplore",
    """\
path = hub.resolve(handle)  # the directory of a model, downloaded or unpacked if need be""",
)
_KERAS: Final = MissingName(
    "the Keras layer of tensorflow_hub",
    """\
layer = tf.keras.layers.TFSMLayer(path, call_endpoint="default")  # a signature; its outputs are a dict""",
)
_TEXT_COLUMN: Final = MissingName(
    "a feature column of tensorflow_hub",
    """\
vectors = hub.Module(path, trainable=False)(features[key])  # in a graph; features[key] has shape [batch]""",
)
# A TF1 Hub module may have several variants, and `tf.saved_model.load` without `tags` then raises a
# ValueError; an empty list means the variant without tags.
_TEXT_COLUMN_V2: Final = MissingName(
    "a feature column of tensorflow_hub",
    """\
embed = tf.saved_model.load(path, tags=[]).signatures["default"]  # leave out tags=[] for a TF2 SavedModel
vectors = embed(features[key])["default"]""",
)
_SPARSE_TEXT_COLUMN: Final = MissingName(
    "a feature column of tensorflow_hub",
    """\
tokens = features[key]  # a SparseTensor of strings, in a graph
vectors = tf.math.unsorted_segment_mean(
    hub.Module(path)(tokens.values), tokens.indices[:, 0], tokens.dense_shape[0]
)""",
)
_IMAGE_COLUMN: Final = MissingName(
    "a feature column of tensorflow_hub",
    """\
module = hub.Module(path)  # in a graph
vectors = module(tf.image.resize(features[key], hub.get_expected_image_size(module)))""",
)
_EXPORTER: Final = MissingName(
    "which exports the modules of an Estimator in tensorflow_hub",
    """\
spec.export(
    export_path,
    checkpoint_path=tf.train.latest_checkpoint(model_dir),
    name_transform_fn=lambda name: f"module/{name}",  # "module" is the name of the hub.Module
)""",
)
_REGISTER: Final = MissingName(
    "which names a module that an Estimator exports in tensorflow_hub",
    """\
module.export(export_path, session)  # after training""",
)
_MODULES: Final = MissingName(
    "an internal part of tensorflow_hub. Its public names are at the top level of hubexplore",
    """\
hub.load_module_spec, hub.Module, hub.ModuleSpec, hub.eval_function_for_module""",
)
_AUTHORING: Final = MissingName(
    "an internal part of tensorflow_hub. Its public names are at the top level of hubexplore",
    """\
hub.create_module_spec, hub.create_module_spec_from_saved_model, hub.add_signature, hub.attach_message""",
)
_IMAGES: Final = MissingName(
    "an internal part of tensorflow_hub. Its public names are at the top level of hubexplore",
    """\
hub.get_expected_image_size, hub.get_num_image_channels, hub.attach_image_module_info, hub.ImageModuleInfo""",
)
_TOOLS: Final = MissingName(
    "the command line tools of tensorflow_hub",
    """\
with tf.Graph().as_default():
    module = hub.Module(path, trainable=True)  # notebooks/05_fine_tune.ipynb trains a classifier on it""",
)
_COMPARE: Final = MissingName(
    "which is a method of summaries",
    """\
hub.summarize(path).compare(hub.summarize(other))  # in a notebook: %hub_compare PATH OTHER
hub.summarize(path).compare("", "train")  # two graph variants""",
)
_SHOW: Final = MissingName(
    "since a summary displays itself",
    """\
hub.summarize(path)  # in a notebook: %hub_show PATH""",
)
_EXPORT: Final = MissingName(
    "which is a method of modules",
    """\
module.export(export_path, session)  # in a notebook: %hub_export NAME PATH""",
)
_CALL: Final = MissingName(
    "since a module is called directly",
    """\
outputs = module(inputs)  # in a graph; in a notebook: %hub_call NAME EXPR
with hub.eval_function_for_module(path) as f:
    values = f(inputs)  # values, without a graph""",
)

# Data rather than functions that raise when they are called: `hasattr(hubexplore, "KerasLayer")` has to be
# False, since programs use it to find out what a library offers. Submodules of tensorflow_hub are listed as
# well, because programs import from them. Sorted by name.
MISSING_NAMES: Final = {
    "KerasLayer": _KERAS,
    "LatestModuleExporter": _EXPORTER,
    "call": _CALL,
    "compare": _COMPARE,
    "compressed_module_resolver": _RESOLVE,
    "estimator": _EXPORTER,
    "export": _EXPORT,
    "feature_column": _TEXT_COLUMN,
    "feature_column_v2": _TEXT_COLUMN_V2,
    "image_embedding_column": _IMAGE_COLUMN,
    "image_util": _IMAGES,
    "keras_layer": _KERAS,
    "module": _MODULES,
    "module_spec": _MODULES,
    "module_v2": _LOAD,
    "native_module": _AUTHORING,
    "register_module_for_export": _REGISTER,
    "resolver": _RESOLVE,
    "saved_model_module": _AUTHORING,
    "show": _SHOW,
    "sparse_text_embedding_column": _SPARSE_TEXT_COLUMN,
    "text_embedding_column": _TEXT_COLUMN,
    "text_embedding_column_v2": _TEXT_COLUMN_V2,
    "tools": _TOOLS,
    "uncompressed_module_resolver": _RESOLVE,
}


def explain(name: str, existing: Iterable[str]) -> str:
    """Returns the text of the error for a name that does not exist: its replacement or the nearest name."""
    if name in MISSING_NAMES:
        return MISSING_NAMES[name].message(name)
    # Names that exist go before absent ones, and the cutoff for absent ones is stricter than that for public
    # ones (0.6, the default of difflib): a wrong guess there would explain a name that nobody wrote.
    nearest = _nearest(name, sorted(existing))
    alike = () if nearest else difflib.get_close_matches(name, MISSING_NAMES, n=1, cutoff=0.8)
    if alike:
        return MISSING_NAMES[alike[0]].message(alike[0])
    hint = f" Did you mean {nearest!r}?" if nearest else " dir(hubexplore) lists its names."
    return f"module 'hubexplore' has no attribute {name!r}.{hint}"


def _nearest(name: str, existing: Iterable[str]) -> str | None:
    """Returns the name closest to `name`, as a whole or in one of its words; None if none is close."""
    wholes: dict[str, str] = {}
    by_word: dict[str, str] = {}
    for public_name in existing:
        wholes.setdefault(public_name.lower(), public_name)
        for word in public_name.lower().split("_"):
            by_word.setdefault(word, public_name)
    # Whole names first: several names share a word, of which `by_word` holds only the first in alphabetical
    # order.
    for table in (wholes, by_word):
        for match in difflib.get_close_matches(name.lower(), table, n=1, cutoff=0.6):
            return table[match]
    return None
