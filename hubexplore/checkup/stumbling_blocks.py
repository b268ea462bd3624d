"""What users of TensorFlow Hub often stumble over, and how hubexplore solves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hubexplore.checkup.findings import OK, WARNING, Finding

LONGEST: Final = 100_000
"""Characters of an error that are read: a traceback may be of any length, and its end is what counts."""
_CHECKED: Final = "hubexplore doctor PATH"


@dataclass(frozen=True)
class StumblingBlock:
    """One of them.

    Attributes:
      title: what happens.
      symptoms: regular expressions for the words of errors by which it shows.
      answer: how hubexplore solves it.
      remedy: what to type.
    """

    title: str
    symptoms: tuple[str, ...]
    answer: str
    remedy: str


BLOCKS: Final = (
    StumblingBlock(
        "A path that is not a module",
        (
            r"missing implementation that supports: loader",
            r"savedmodel file does not exist at",
            r"no tf1 hub module at",
            r"is not a valid (module|handle)",
        ),
        "The error says what is at the path, and which path below or above it is a module.",
        _CHECKED,
    ),
    StumblingBlock(
        "An entry of the cache whose content is missing",
        (r"tfhub_modules", r"savedmodel file does not exist at.*[0-9a-f]{40}", r"[0-9a-f]{40}.*no such file"),
        "Each use compares an entry with its record, and fetches it again if a file is missing or changed.",
        "hubexplore doctor",
    ),
    StumblingBlock(
        "A damaged archive, or a web page saved as one",
        (
            r"not a gzip file",
            r"readerror: (file could not|not a|unexpected|empty)",
            r"invalid header",
            r"badzipfile",
            r"unexpected end of (data|file)",
            r"eoferror: compressed file ended",
            r"web page",
        ),
        "Archives are read to their end before anything is used; a web page is named as one.",
        "hubexplore doctor ARCHIVE",
    ),
    StumblingBlock(
        "Waiting for a lock without end",
        (
            r"module .* already being downloaded",
            r"waiting for .*lock",
            r"\.lock\b",
            r"module .* download in progress",
        ),
        "A lock ends with its process, so a killed download blocks nobody. A wait says for which process.",
        "hubexplore doctor",
    ),
    StumblingBlock(
        "A download without progress",
        (r"tfhub_download_progress", r"(download|load).*(hangs|stuck|progress)"),
        "Downloads show a progress bar after a second, continue after a lost connection, and end if stalled.",
        "hubexplore show https://SERVER/MODULE.tar.gz",
    ),
    StumblingBlock(
        "A proxy, TLS, or no network",
        (
            r"certificate_verify_failed",
            r"certificate verify failed",
            r"urlopen error",
            r"connection (refused|reset)",
            r"name or service not known",
            r"temporary failure in name resolution",
            r"proxyerror",
            r"timed out",
        ),
        "Downloads use HTTP_PROXY, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE. What is in the cache works offline.",
        "hubexplore doctor",
    ),
    StumblingBlock(
        "No hub.Module on today's TensorFlow",
        (
            r"no attribute 'module'",
            r"has no attribute 'estimator'",
            r"no module named 'tensorflow_hub'",
            r"cannot import name 'estimator'",
            r"pkg_resources",
        ),
        "hubexplore has hub.Module, on TensorFlow 2.16 and later. Old programs run unchanged.",
        "import hubexplore as hub; or `hubexplore run PROGRAM`",
    ),
    StumblingBlock(
        "hub.Module and eager execution",
        (
            r"not supported when eager execution is enabled",
            r"not compatible with eager execution",
            r"exporting/importing meta graphs is not supported",
            r"eager execution",
            r"executing eagerly",
        ),
        "hub.load opens modules of the TF1 format for eager code; hub.Module needs a graph.",
        "model = hub.load(PATH); or `with tf.Graph().as_default(): module = hub.Module(PATH)`",
    ),
    StumblingBlock(
        "A TF1 module in TF2: which tags",
        (
            r"metagraphdef associated with tags",
            r"importing a savedmodel with .* requires a .tags=",
            r"tags=.*argument",
        ),
        "hub.load, hub.KerasLayer and sessions choose the graph variant for serving; all tags are listed.",
        _CHECKED,
    ),
    StumblingBlock(
        "Fine-tuning a module of the TF1 format",
        (r"setting hub\.keraslayer\.trainable = true is unsupported", r"fine[- ]?tun", r"trainable.*tf1"),
        "hub.Module(PATH, trainable=True) trains in a graph, hub.KerasLayer(PATH, trainable=True) in Keras.",
        "notebooks/05_fine_tune.ipynb",
    ),
    StumblingBlock(
        "Slower with each call, and memory grows",
        (
            r"graphgrowthwarning",
            r"slower (with|and)",
            r"out of memory",
            r"memory (leak|grows)",
            r"resourceexhausted",
        ),
        "A session adds a signature to its graph once. A loop that calls a module repeatedly gets a warning.",
        "with hub.NotebookSession() as session: session.call(module, values, batch_size=64)",
    ),
    StumblingBlock(
        "Which signatures and inputs there are",
        (
            r"unknown signature",
            r"no signature",
            r"signature.*(not found|does not exist)",
            r"missing.*(input|argument)s?.*signature",
        ),
        "The card lists signatures, dtypes and shapes of their inputs and outputs, and code that calls them.",
        "hubexplore show PATH",
    ),
    StumblingBlock(
        "No such graph variant",
        (r"no such graph variant", r"no graph variant"),
        "The error lists the tags that exist. trainable=True does not choose the tags, such as `train`.",
        _CHECKED,
    ),
    StumblingBlock(
        "A description for programs",
        (r"(machine[- ]readable|get_module_info)", r"saved_model_cli"),
        "A summary is plain data, read without TensorFlow.",
        "hubexplore show PATH --json; or hub.summarize(PATH).to_dict()",
    ),
    StumblingBlock(
        "Looking at the graph",
        (r"tensorboard", r"netron", r"(visuali[sz]e|look at|draw).*graph"),
        "A signature is drawn as a diagram with scopes that unfold.",
        "hubexplore show PATH --graph FILE.svg; or %hub_try PATH in a notebook",
    ),
    StumblingBlock(
        "Intermediate layers",
        (
            r"intermediate (layer|tensor|output)",
            r"refers to a tensor which does not exist",
            r"get_tensor_by_name",
        ),
        "Each tensor of a call can be fetched by its name in the module.",
        "session.call(module, values, fetch=['conv1/Relu']); or module.tensor(NAME)",
    ),
    StumblingBlock(
        "A table or variable that is not initialised",
        (
            r"table not initiali[sz]ed",
            r"attempting to use uninitiali[sz]ed value",
            r"failedprecondition",
            r"variable .* (is|was) uninitiali[sz]ed",
            r"does not exist\. .*variable",
        ),
        "Sessions and hub.load initialise variables and tables. In your own session, run both initialisers.",
        "session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])",
    ),
    StumblingBlock(
        "Update ops and regularization losses are forgotten",
        (r"update_ops", r"regularization_losses", r"batch ?norm", r"moving (mean|average|variance)"),
        "Exports warn of update ops that never ran. hub.KerasLayer runs update ops and adds the losses.",
        "with tf.control_dependencies(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)): ...",
    ),
    StumblingBlock(
        "Freezing a part of a module",
        (r"freez", r"trainable_variables", r"var_list"),
        "variable_map has the variables by their names in the module; train only those that you pass.",
        "optimizer.minimize(loss, var_list=[module.variable_map['head/kernel']])",
    ),
    StumblingBlock(
        "One set of weights for training and evaluation",
        (r"(shar|reus).*(weights|variables)", r"(train|eval).*variant", r"variable .* already exists"),
        "Graph variants of one loaded module share its variables: model(x, training=True) and model(x).",
        "model = hub.load(PATH); or layer = hub.KerasLayer(PATH, trainable=True)",
    ),
    StumblingBlock(
        "Export after fine-tuning",
        (r"export", r"saver.*(restore|save)", r"assets? .*overwrit"),
        "An export writes the trained values, is loaded again, and its outputs are compared.",
        "session.export(module, PATH); hub.save(module, PATH) writes a TF2 SavedModel",
    ),
    StumblingBlock(
        "A module from a checkpoint or graph",
        (r"checkpoint", r"frozen", r"graphdef", r"\.meta\b", r"model\.ckpt"),
        "Checkpoints with a graph and frozen graphs are opened like modules, and can be exported as such.",
        "hubexplore convert PATH NEW_PATH --to hub; or spec.export(NEW_PATH, checkpoint_path=PREFIX)",
    ),
    StumblingBlock(
        "Collections that modules cannot carry",
        (r"unsupported collections?", r"collections?.*(not supported|unsupported|drop)"),
        "Collections are left out when a SavedModel is loaded, and the notes say so; authors name them.",
        "hub.create_module_spec(module_fn, drop_collections=[NAME])",
    ),
    StumblingBlock(
        "An op that is missing",
        (
            r"op type not registered",
            r"not registered in the (current )?binary",
            r"no op named",
            r"no opkernel was registered",
            r"nodedef mentions attr",
            r"sentencepiece",
        ),
        "The op, the package that has it, and the signatures that need it are named before anything runs.",
        _CHECKED,
    ),
    StumblingBlock(
        "Assets are lost, absolute paths are kept",
        (r"assets?\b.*(no such file|missing|lost)", r"vocab\w*\.txt.*no such file", r"asset"),
        "Assets are found relative to the module, and copied by each export; missing ones are named.",
        _CHECKED,
    ),
    StumblingBlock(
        "Dataset.map, cond, and the wrong graph",
        (
            r"must be from the same graph",
            r"is not an element of this graph",
            r"dataset\.map",
            r"tf\.cond",
            r"different graph",
            r"functional?graph",
        ),
        "hub.load gives a function that works in Dataset.map, tf.function and tf.cond.",
        "model = hub.load(PATH); dataset.map(lambda x: model(x))",
    ),
    StumblingBlock(
        "A whole dataset through a module",
        (r"whole dataset", r"batch(es|_size)?\b", r"feed_dict"),
        "Calls are cut into batches; arrays, DataFrames, files and lists are accepted.",
        "session.call(module, values, batch_size=64); or %hub_call NAME EXPR --batch-size 64",
    ),
    StumblingBlock(
        "No gradient for an op",
        (
            r"no gradient defined for operation",
            r"lookuperror: gradient registry",
            r"no gradients? provided",
            r"gradient.*(none|missing)",
        ),
        "Registered and custom gradients of a module work. An op without one, such as a table "
        "lookup, stops training only of what is before it.",
        "hub.Module(PATH) without trainable=True, and train the layers after it",
    ),
)
"""In the order in which they are numbered."""


def listed() -> Iterator[Finding]:
    """Yields each stumbling block with its solution."""
    for number, block in enumerate(BLOCKS, 1):
        yield Finding(f"{number}. {block.title}", OK, block.answer, block.remedy)


def explanations(error: str) -> list[Finding]:
    """Returns the stumbling blocks that the words of an error point to, the most specific first."""
    text = " ".join(error[-LONGEST:].lower().split())
    hits = []
    for number, block in enumerate(BLOCKS, 1):
        # A longer match has more words of the error in it.
        lengths = [len(match[0]) for symptom in block.symptoms if (match := re.search(symptom, text))]
        if lengths:
            hits.append((-max(lengths), number, block))
    return [
        Finding(f"{number}. {block.title}", WARNING, block.answer, block.remedy)
        for _, number, block in sorted(hits, key=lambda hit: hit[:2])[:3]
    ]
