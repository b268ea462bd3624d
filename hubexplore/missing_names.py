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


_RESOLVE: Final = MissingName(
    "an internal part of tensorflow_hub. Its public name is at the top level of hubexplore",
    """\
path = hub.resolve(handle)  # the directory of a model, downloaded or unpacked if need be""",
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
_TOOLS: Final = MissingName(
    "the command line tools of tensorflow_hub",
    """\
with tf.Graph().as_default():
    module = hub.Module(path, trainable=True)  # notebooks/05_fine_tune.ipynb trains a classifier on it""",
)
_INTERNAL: Final = MissingName(
    "an internal part of tensorflow_hub. Its public names are at the top level of hubexplore",
    """\
hub.Module, hub.load, hub.load_module_spec, hub.create_module_spec  # dir(hub) lists all""",
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
    "LatestModuleExporter": _EXPORTER,
    "call": _CALL,
    "compare": _COMPARE,
    "compressed_module_resolver": _RESOLVE,
    "config": _INTERNAL,
    "export": _EXPORT,
    "file_utils": _INTERNAL,
    "meta_graph_lib": _INTERNAL,
    "module_attachment_pb2": _INTERNAL,
    "module_def_pb2": _INTERNAL,
    "module_impl": _INTERNAL,
    "register_module_for_export": _REGISTER,
    "registry": _INTERNAL,
    "resolver": _RESOLVE,
    "saved_model_lib": _INTERNAL,
    "show": _SHOW,
    "tensor_info": _INTERNAL,
    "tf_utils": _INTERNAL,
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
