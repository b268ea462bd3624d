"""`save`: a module as a TF2 SavedModel, with proof that it is the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import PathError
from hubexplore.hub.danger_check import inheriting_trust, require_trust
from hubexplore.hub.quiet_start import start_devices
from hubexplore.hub.servable.subject import subject_of
from hubexplore.hub.servable.write import Written, write_saved_model
from hubexplore.hub.storage.export import export
from hubexplore.session.export.proof import prove
from hubexplore.session.export.save_report import SaveReport
from hubexplore.summary.files.paths import EXPORT, to_write
from hubexplore.summary.module_format import GRAPH_FILE

_MOST: Final = 2**63
MSG_TRUST: Final = "hub.save(..., trust=True); or write it without running it: verify=False"
MSG_VERSION: Final = (
    "version= is the number of a version of a served model, a whole number from 0; got {version!r}."
)


def save(
    module: Any,
    path: str | os.PathLike[str],
    *,
    session: tf.compat.v1.Session | None = None,
    tags: Iterable[str] | None = None,
    version: int | None = None,
    overwrite: bool = False,
    verify: bool = True,
    trust: bool = False,
) -> SaveReport:
    """Writes a module as a TF2 SavedModel, which everything that loads SavedModels can load.

    ```python
    hub.save("/path/to/module", "/path/to/saved_model")
    model = tf.saved_model.load("/path/to/saved_model")
    model(x), model(x, training=True), model.signatures["serving_default"](x)
    ```

    The tag is `serve`. The signature `default` becomes `serving_default`; the others keep their names. An
    input or output that is sparse or ragged becomes several of a signature, as when TensorFlow saves one:
    `x` and `x_1` are the values and row splits of a ragged `x`, or `x`, `x_1` and `x_2` the indices, values
    and dense shape of a sparse one. The loaded object is called as what `hub.load` returns: `model(inputs,
    training=False, signature=None, as_dict=False)`; inputs and outputs of this call stay sparse or ragged,
    and a signature without an output `default` returns all of its outputs. `training=True` runs the graph
    variant for training, with its update ops, on the same variables. It has `variables`,
    `trainable_variables`, `variable_map` and `regularization_losses`. Attached messages, and gradients
    that the author of a TF2 model wrote with `tf.custom_gradient`, are left out; gradients through TF1 loops
    are refused.

    Args:
      module: a handle, a ModuleSpec, a `hub.Module` in a graph, or what `hub.load` returns. Values of
        variables are those of the session or object.
      path: directory to write. It appears whole or not at all, and must not hold a model yet.
      session: of a `hub.Module`; by default the default session.
      tags: of the graph variant that is served; None means no tags, or the only variant there is.
      version: writes `path/version`, the layout of TensorFlow Serving.
      overwrite: replace a SavedModel that is there; anything else there stays refused.
      verify: load it in a new process, and compare the outputs of every signature and the gradients of every
        trainable variable with those of the module, on generated inputs.
      trust: run it for that even if it can touch things outside of itself, such as files. That is remembered
        for its content, in the user's settings.

    Returns:
      A SaveReport, which is also a path: where it is, what was compared, and what is not in it.

    Raises:
      MissingModuleError: (a FileNotFoundError, ValueError and tf.errors.NotFoundError) `module` is not there.
      GraphError: (a RuntimeError) a `hub.Module` without its session.
      UnsupportedFormatError: (a ValueError) the graph writes to references in a way that TF2 lacks.
      ExportExistsError: (a FileExistsError) something is at `path`.
      ExportError: (an OSError) it could not be written, or a variable has no value.
      PathError: (a ValueError) `version` is not a version.
      UntrustedModuleError: (a ValueError) `verify` would run a module that can touch things outside of
        itself. Nothing is written.
    """
    target = _target(path, version)
    subject = subject_of(module, tags, session)
    if verify:
        require_trust(subject.spec, trust=trust, remedy=MSG_TRUST)
    written: list[Written] = []
    start_devices()

    def write(folder: str) -> None:
        tf.io.gfile.makedirs(folder)
        written.append(write_saved_model(folder, subject.spec, subject.choice, subject.live))

    with inheriting_trust(subject.spec, target):
        export(target, write, overwrite, last=GRAPH_FILE)
    compared = prove(subject, written[-1], target) if verify else ()
    warnings = (*subject.choice.notes, *written[-1].notes, *subject.spec.notes)
    return SaveReport(path=target, compared=compared, warnings=warnings)


def _target(path: str | os.PathLike[str], version: int | None) -> str:
    target = to_write(path, EXPORT)
    if version is None:
        return target
    if type(version) is not int or not 0 <= version < _MOST:
        raise PathError(MSG_VERSION.format(version=version))
    return os.path.join(target, str(version))
