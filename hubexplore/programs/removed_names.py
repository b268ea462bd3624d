"""Names of TensorFlow 1 that today's TensorFlow does not have: where they are now, and what to write."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

V1: Final = "tensorflow.compat.v1"


@dataclass(frozen=True)
class Removed:
    """A part of TensorFlow 1 that was removed.

    Attributes:
      remedy: what to write instead, as code or a sentence.
      homes: modules that have its names today, in the order in which they are searched.
      package: what provides the homes, if it is not TensorFlow; its name for pip.
    """

    remedy: str
    homes: tuple[str, ...] = ()
    package: str = ""

    def message(self, name: str) -> str:
        """Returns the text of the error for `tf.NAME`."""
        steps, finding = self.remedy, "TensorFlow 2 does not have it"
        if self.is_missing():
            steps = f"python -m pip install {self.package}\n{steps}"
            finding = f"today it is in the package {self.package}, which is not installed"
        elif self.package:
            finding = f"today it is in the package {self.package}"
        return f"tf.{name} is a part of TensorFlow 1; {finding}. Write:\n\n{textwrap.indent(steps, '    ')}\n"

    def is_missing(self) -> bool:
        """Whether it is in a package that is not installed."""
        return bool(self.package) and find_spec(self.package) is None


_SLIM: Final = "# `hubexplore run --tf1` then finds it by itself; elsewhere: "
_KERAS_2: Final = Removed(
    "# `hubexplore run --tf1` then finds it by itself; elsewhere set TF_USE_LEGACY_KERAS=1",
    package="tf_keras",
)
_ESTIMATOR: Final = Removed(
    """\
# TensorFlow 2.16 removed estimators. Train in a session, or with Keras:
module = hub.Module(handle, trainable=True)  # then a loss and tf.train.AdamOptimizer().minimize(loss)
layer = hub.KerasLayer(handle, trainable=True)  # in keras.Sequential, then model.fit"""
)
_TPU: Final = Removed("# without a TPU: a session and tf.train.AdamOptimizer().minimize(loss)")

# By their path below `tf`, sorted. An entry is also for all names below it that have none of their own.
REMOVED: Final = {
    "contrib": Removed(
        "python -m pip install tf_slim\n"
        "# has tf.contrib.slim, .layers, .framework and .metrics, where `hubexplore run --tf1` finds them.\n"
        "# Search other names in tf.* and tensorflow_probability."
    ),
    "contrib.cluster_resolver": Removed(
        "tf.distribute.cluster_resolver", (f"{V1}.distribute.cluster_resolver",)
    ),
    "contrib.crf": Removed("# copy the functions from the last release of tensorflow_addons, crf.py"),
    "contrib.data": Removed("tf.data.experimental", (f"{V1}.data.experimental",)),
    "contrib.distribute": Removed("tf.distribute", (f"{V1}.distribute", f"{V1}.distribute.experimental")),
    "contrib.distributions": Removed(
        "import tensorflow_probability as tfp; tfp.distributions",
        ("tensorflow_probability.python.distributions",), "tensorflow_probability",
    ),
    "contrib.eager": Removed("tf.GradientTape, tf.Variable, tf.py_function", (V1,)),
    "contrib.estimator": _ESTIMATOR,
    "contrib.framework": Removed(
        f"{_SLIM}import tf_slim; tf_slim.arg_scope", ("tf_slim", V1), "tf_slim"
    ),
    "contrib.framework.nest": Removed("tf.nest", (f"{V1}.nest",)),
    "contrib.image": Removed("tf.raw_ops.ImageProjectiveTransformV3"),
    "contrib.layers": Removed(
        f"{_SLIM}import tf_slim; tf_slim.fully_connected\n"
        "tf.glorot_uniform_initializer()  # for xavier_initializer()\n"
        "lambda w: scale * tf.nn.l2_loss(w)  # for l2_regularizer(scale)",
        ("tf_slim", "tf_slim.layers.layers"), "tf_slim",
    ),
    "contrib.learn": _ESTIMATOR,
    "contrib.lite": Removed("tf.lite", (f"{V1}.lite",)),
    "contrib.lookup": Removed(
        "tf.lookup.StaticHashTable",
        ("tensorflow.python.ops.lookup_ops", f"{V1}.lookup"),
    ),
    "contrib.losses": Removed("tf.losses", ("tf_slim.losses",), "tf_slim"),
    "contrib.metrics": Removed("tf.metrics", ("tf_slim.metrics",), "tf_slim"),
    "contrib.opt": Removed("tf.train.AdamOptimizer, with the decay of weights in the loss"),
    "contrib.predictor": Removed("with hub.eval_function_for_module(path, tags={'serve'}) as predict: ..."),
    "contrib.quantize": Removed("tf.lite.TFLiteConverter, with optimizations"),
    "contrib.rnn": Removed(
        "tf.nn.rnn_cell.LSTMCell, tf.nn.static_rnn",
        (f"{V1}.nn.rnn_cell", f"{V1}.nn"), "tf_keras",
    ),
    "contrib.saved_model": Removed("tf.saved_model", (f"{V1}.saved_model",)),
    "contrib.seq2seq": Removed("tf.nn.dynamic_rnn, or keras.layers.LSTM with attention"),
    "contrib.slim": Removed(f"{_SLIM}import tf_slim as slim", ("tf_slim",), "tf_slim"),
    "contrib.summary": Removed("tf.compat.v2.summary", ("tensorflow.compat.v2.summary",)),
    "contrib.tensorboard": Removed(
        "from tensorboard.plugins import projector", ("tensorboard",), "tensorboard"
    ),
    "contrib.tensorboard.plugins": Removed(
        "from tensorboard.plugins import projector", ("tensorboard.plugins",), "tensorboard"
    ),
    "contrib.tensorboard.plugins.projector": Removed(
        "from tensorboard.plugins import projector", ("tensorboard.plugins.projector",), "tensorboard"
    ),
    "contrib.tpu": _TPU,
    "contrib.training": Removed(
        "hparams = argparse.Namespace(batch_size=32)  # for HParams\n"
        f"{_SLIM}from tf_slim import training",
        ("tf_slim.training.training", "tf_slim.training.evaluation"), "tf_slim",
    ),
    "contrib.util": Removed("tf.make_tensor_proto, tf.make_ndarray", (V1,)),
    "estimator": _ESTIMATOR,
    "examples": Removed(
        "# tensorflow.examples is not installed any more. For MNIST:\n"
        "(images, labels), test = tf.keras.datasets.mnist.load_data()"
    ),
    "layers": _KERAS_2,
    "models": Removed("# clone https://github.com/tensorflow/models and add it to PYTHONPATH"),
    "nn.rnn_cell": _KERAS_2,
    "python.estimator": _ESTIMATOR,
    "python.framework.graph_util": Removed(
        "tf.graph_util", ("tensorflow.python.framework.graph_util", f"{V1}.graph_util")
    ),
    "python.ops.rnn_cell": Removed(
        "tf.nn.rnn_cell", ("tensorflow.python.ops.rnn_cell", f"{V1}.nn.rnn_cell"), "tf_keras"
    ),
    "python.ops.rnn_cell_impl": Removed(
        "tf.nn.rnn_cell", ("tensorflow.python.ops.rnn_cell_impl", f"{V1}.nn.rnn_cell"), "tf_keras"
    ),
}  # fmt: skip


def entry(name: str) -> tuple[str, Removed] | None:
    """Returns the entry for a path below `tf`, or that of the nearest path above it, with its path."""
    while name:
        if name in REMOVED:
            return name, REMOVED[name]
        name = name.rpartition(".")[0]
    return None


def is_above_entry(name: str) -> bool:
    """Whether there are entries below a path, so that it is a namespace."""
    return any(key.startswith(f"{name}.") for key in REMOVED)


def explain(name: str, existing: Iterable[str], version: str) -> str:
    """Returns the text of the error for a name that neither TensorFlow nor the table has.

    Args:
      name: path below `tf`.
      existing: names beside it.
      version: of TensorFlow.
    """
    found = entry(name)
    if found is not None:
        key, removed = found
        # The homes of what is above it are there, or this would not be asked: they lack this name.
        if key == name or not removed.homes or removed.is_missing():
            return removed.message(name)
        homes = " and ".join(removed.homes)
        return (
            f"tf.{name} is a part of TensorFlow 1 that has no successor: {homes}, with the other names of "
            f"tf.{key}, does not have it. Write:\n\n{textwrap.indent(removed.remedy, '    ')}\n"
        )
    parent, _, last = name.rpartition(".")
    nearest = difflib.get_close_matches(last, list(existing), n=1)
    path = f"tf.{parent}." if parent else "tf."
    hint = f" Did you mean {path}{nearest[0]}?" if nearest else f" dir({path[:-1]}) lists its names."
    return f"TensorFlow {version} has no {path}{last}, not even in tf.compat.v1.{hint}"
