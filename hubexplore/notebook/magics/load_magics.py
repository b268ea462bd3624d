"""`%hub_load`, `%hub_export` and `%hub_save`."""

from __future__ import annotations

import argparse
import builtins
import os
import time
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.display.wording import printable, tags_text
from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.notebook.magics.base import INPUTS_HELP, OUTPUTS_HELP, TRUST_HELP, HubMagicsBase
from hubexplore.notebook.magics.line_parser import check_variable, magic
from hubexplore.notebook.magics.load_status import LoadStatus
from hubexplore.summary.files.handle_names import variable_name
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.lookup import default_tags, no_such_variant
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.tags import Tags, chosen
from hubexplore.summary.wishes import Signatures, from_options

MSG_TRUST: Final = "%hub_load --trust {handle}"
_TRAINING_ADVICE: Final = " Training needs --trainable, whatever the tags."


@magics_class
class LoadMagics(HubMagicsBase):
    """The magics that load and write modules."""

    @magic()
    @argument(
        "handle",
        help="Path, archive, URL, sample:NAME or variable of a spec; {variable} is replaced by its value.",
    )
    @argument("--as", dest="name", help="Variable to bind; by default its name is made from the handle.")
    @argument(
        "--tags",
        help="Tags of the graph variant, separated by commas; by default none, or those of the only variant.",
    )
    @argument("--trainable", action="store_true", help="Make its variables trainable.")
    @argument("--inputs", metavar="T[,T]", help=INPUTS_HELP)
    @argument("--outputs", metavar="T[,T]", help=OUTPUTS_HELP)
    @argument("--trust", action="store_true", help=TRUST_HELP)
    @line_magic
    def hub_load(self, options: argparse.Namespace) -> Any:
        """Load a module into the notebook's session and bind a variable to it.

        The equivalent Python: `NAME = session.load(HANDLE, NAME, tags, trainable)`. For `--inputs a,b
        --outputs c=d`, which say what a frozen graph or a checkpoint computes, it also has
        `signatures={"default": (["a", "b"], {"c": "d"})}`; for `--trust` it has `trust=True`.
        """
        source = self.source(options.handle)
        is_path = isinstance(source, (str, bytes, os.PathLike))
        name = options.name or self._free_name(text_of(source) if is_path else options.handle)
        name = check_variable(name, "%hub_load: --as")
        self.notebook.user_ns[name] = self._load(source, name, options)
        return self.notebook.user_ns[name]

    def _free_name(self, handle: str) -> str:
        """Returns the variable to bind if the user names none.

        Raises:
          UsageError: the name is taken: the name of a folder must not overwrite a variable.
        """
        name = variable_name(handle)
        # A module is replaced without asking: that is what running a cell again does.
        is_new = name not in self.notebook.user_ns and not hasattr(builtins, name)
        if is_new or not isinstance(self.named(name), str):
            return name
        raise UsageError(
            f"%hub_load would bind the variable {printable(name)!r}, but that name already stands for "
            f"something else. Choose another one: %hub_load HANDLE --as NAME"
        )

    def _load(self, source: Any, name: str, options: argparse.Namespace) -> Any:
        """Loads a module and shows the progress: first the card, which needs no TensorFlow."""
        from hubexplore.hub.danger_check import require_trust
        from hubexplore.hub.summarize import summarize, summarize_nearest
        from hubexplore.session.tf_startup import import_status

        began = time.perf_counter()
        trainable, signatures = options.trainable, from_options(options.inputs, options.outputs)
        with LoadStatus(self.notebook, self.show_progress) as status:
            status.show(f"{name}: opening", busy=True)
            if isinstance(source, (str, bytes, os.PathLike)):
                opened = summarize_nearest(source, signatures)
                source, summary, note = opened.handle, opened.value, opened.note
            else:
                summary, note = summarize(source, signatures=signatures), ""
            tags = _tags(summary, options.tags)
            # Announced only if it is waited for: on the first load.
            if importing := import_status():
                status.show(f"{name}: {importing} ...", summary, busy=True)
            session = self.session
            status.show(f"{name}: instantiating ...", summary, busy=True)
            # Asked before the load, which registers the name.
            replaces = name in session.names
            with quiet_tensorflow():  # the first run looks for devices, and logs that there are none
                spec = _spec(source, signatures)
                # Here as well, since the message says what to type.
                require_trust(spec, trust=options.trust, remedy=MSG_TRUST.format(handle=options.handle))
                module = session.load(spec, name, list(tags), trainable)
            took = time.perf_counter() - began
            words = f"{name}: ready, {took:.1f} s; graph variant: {tags_text(tags)}"
            words += ", the only one" if tags and options.tags is None else ""
            words += ", trainable" if trainable else ""
            words += f"; {note.rstrip('.')}" if note else ""
            status.show(words + ("; replaces the module that had this name" if replaces else ""))
        return module

    @magic()
    @argument("name", help="Variable or name of a loaded module.")
    @argument("path", help="Directory to write; it must not hold a module yet.")
    @argument("--overwrite", action="store_true", help="Replace a module that is in the directory.")
    @line_magic
    def hub_export(self, options: argparse.Namespace) -> Any:
        """Write a loaded module, with the values its variables have now, and compare what was written.

        The result is a report, which can be used as a path. It shows the largest difference between the
        outputs of the module and of the written one, for every signature, on generated inputs.

        The equivalent Python: `session.export(NAME, PATH, overwrite, verify=True)`.
        """
        module = self.named(options.name)
        return self.session.export(module, options.path, options.overwrite, self.verify_exports)

    @magic()
    @argument("name", help="Variable or name of a loaded module.")
    @argument("path", help="Directory to write; it must not hold a model yet.")
    @argument("--overwrite", action="store_true", help="Replace a SavedModel that is in the directory.")
    @argument("--version", type=int, help="Write PATH/VERSION, the layout of TensorFlow Serving.")
    @line_magic
    def hub_save(self, options: argparse.Namespace) -> Any:
        """Write a loaded module as a TF2 SavedModel, with the values its variables have now, and compare.

        All that loads SavedModels can load it: tf.saved_model.load, Keras, TensorFlow Lite and Serving.
        The result is a report, which can be used as a path. It shows the largest difference between the
        outputs, and the gradients, of the module and of the saved one in a new process.

        The equivalent Python: `session.save(NAME, PATH, overwrite=..., version=VERSION)`.
        """
        module, path = self.named(options.name), options.path
        wishes = {"overwrite": options.overwrite, "version": options.version}
        return self.session.save(module, path, verify=self.verify_exports, **wishes)


def _tags(summary: ModuleSummary, requested: str | None) -> Tags:
    """Returns the tags of the variant to load."""
    existing = [variant.tags for variant in summary.variants]
    if requested is None:
        return default_tags(existing, _as_option)
    tags = chosen(requested, existing)
    if tags not in existing:
        raise no_such_variant(tags, existing, _as_option, _TRAINING_ADVICE)
    return tags


def _as_option(tags: Tags) -> str:
    return f"--tags {','.join(tags)}" if tags else "the one without tags, for which --tags is left out"


def _spec(source: Any, signatures: Signatures | None) -> Any:
    """Returns the spec of a path; the card shows its notes, so that they need not be logged."""
    from hubexplore.hub.loading import open_spec

    is_path = isinstance(source, (str, bytes, os.PathLike))
    return open_spec(source, signatures=signatures) if is_path else source
