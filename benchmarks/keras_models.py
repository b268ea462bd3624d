"""Models that Keras exports as TF2 SavedModels, run by TensorFlow's own loader and by a session.

Each measurement runs in a process of its own; `benchmarks.child` calls it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

IMAGES, WORDS = "images", "words"
SIGNATURE: Final = "serving_default"
LOADER: Final = "tf.saved_model.load"
FLOOR: Final = "floor"
"""The side that imports what `write_floor` wrote, in place of the model."""
_START, _CALL = "start", "call"
_CALLS: Final = 300
_VOCABULARY: Final = 9_997
_BODY: Final = 100  # nodes of the function that is inlined
_INLININGS: Final = 5
_FLOAT: Final = 1  # DT_FLOAT


def author(kind: str, path: Path) -> Path:
    """Exports a model with random weights, unless it is there; returns `path`."""
    if not path.exists():
        model = _images() if kind == IMAGES else _words()
        # Under another name first, so that an interrupted run leaves nothing that looks complete.
        unfinished = path.with_name(f"{path.name}.unfinished")
        model.export(str(unfinished), verbose=False)
        unfinished.rename(path)
    return path


def _images() -> Any:
    """MobileNetV2: [batch, 224, 224, 3] -> [batch, 1000]."""
    import keras

    return keras.applications.MobileNetV2(weights=None)


def _words() -> Any:
    """A classifier of sentences, with the vocabulary as an asset: strings [batch, 1] -> [batch, 4]."""
    import keras

    words = [f"word{number}" for number in range(_VOCABULARY)]
    layers = keras.layers
    return keras.Sequential([
        keras.Input((1,), dtype="string"),
        layers.TextVectorization(vocabulary=words, output_sequence_length=32),
        layers.Embedding(_VOCABULARY + 2, 64),
        layers.GlobalAveragePooling1D(),
        layers.Dense(64, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def _value(kind: str) -> Any:
    import numpy as np

    if kind == IMAGES:
        return np.full((1, 224, 224, 3), 0.5, np.float32)
    return np.array([["word1 word2 something word30"]], object)


def cold(side: str, kind: str, path: str) -> dict[str, Any]:
    """Seconds from the path to the first output; TensorFlow is imported already, the library is not."""
    import tensorflow as tf

    value = _value(kind)
    start = time.perf_counter()
    runs = _loaded(tf, side, path)
    output = runs(value)
    return {"seconds": time.perf_counter() - start, "output": output.ravel()[:8].tolist()}


def write_floor(path: str, file: str) -> dict[str, Any]:
    """Writes the flat graph that a session runs, with what starts it, for the side "floor" of `cold`."""
    import tensorflow as tf

    import hubexplore

    v1 = tf.compat.v1
    session = hubexplore.NotebookSession()
    module = session.load(path)
    applied = session.applied(module, SIGNATURE)
    graph = session.graph
    flat = v1.MetaGraphDef(graph_def=graph.as_graph_def())
    initializers = [variable.initializer for variable in graph.get_collection(v1.GraphKeys.GLOBAL_VARIABLES)]
    initializers += graph.get_collection(v1.GraphKeys.TABLE_INITIALIZERS)
    flat.collection_def[_START].node_list.value.extend(op.name for op in initializers)
    (placeholder,), (output,) = applied.placeholders, applied.outputs.values()
    flat.collection_def[_CALL].node_list.value.extend([placeholder.name, output.name])
    Path(file).write_bytes(flat.SerializeToString())
    return {"nodes": len(flat.graph_def.node)}


def _imported(tf: Any, file: str) -> Callable[[Any], Any]:
    """The least that TensorFlow can do for a graph that is flat already: import, initialise, run.

    Without the graph optimizer, as a session of hubexplore does it.
    """
    v1 = tf.compat.v1
    flat = v1.MetaGraphDef.FromString(Path(file).read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(flat.graph_def, name="")
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    session = v1.Session(graph=graph, config=config)
    session.run([graph.get_operation_by_name(name) for name in flat.collection_def[_START].node_list.value])
    placeholder, output = flat.collection_def[_CALL].node_list.value
    return lambda value: session.run(output, {placeholder: value})


def calls(kind: str, path: str) -> dict[str, Any]:
    """Median seconds of a call by each side; the sides alternate."""
    import numpy as np
    import tensorflow as tf

    value = _value(kind)
    sides = {side: _loaded(tf, side, path) for side in (LOADER, "hubexplore")}
    expected, output = (run(value) for run in sides.values())
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-6)
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(_CALLS):
        for side, run in sides.items():
            start = time.perf_counter()
            run(value)
            taken[side].append(time.perf_counter() - start)
    return {side: statistics.median(seconds) for side, seconds in taken.items()}


def _loaded(tf: Any, side: str, path: str) -> Callable[[Any], Any]:
    """A function from the value of the only input to that of the only output, both NumPy arrays."""
    if side == LOADER:
        # The object must outlive the signature, whose variables it owns.
        loaded = tf.saved_model.load(path)
        signature = loaded.signatures[SIGNATURE]
        (name,) = signature.structured_input_signature[1]

        def run(value: Any) -> Any:
            (output,) = loaded.signatures[SIGNATURE](**{name: tf.constant(value)}).values()
            return output.numpy()

        return run
    if side == FLOOR:
        return _imported(tf, path)
    import hubexplore

    session = hubexplore.NotebookSession()
    module = session.load(path)

    def call(value: Any) -> Any:
        (output,) = session.call(module, value, SIGNATURE, as_dict=True).values()
        return output

    return call


def inlining(*counts: str) -> dict[str, Any]:
    """Seconds of processor time to inline graphs of so many nodes, by count, each the least of several."""
    # Here: processes that measure a cold start must not find hubexplore imported.
    from hubexplore.summary.graph.functions.inlining import inline

    graphs = {int(count): _calling(int(count)) for count in counts}
    taken: dict[int, list[float]] = {count: [] for count in graphs}
    # In turns, since the machine gets faster and slower: all of them meet the same conditions.
    for _ in range(_INLININGS):
        for count, graph in graphs.items():
            start = time.process_time()
            flat = inline(graph)
            taken[count].append(time.process_time() - start)
            assert len(flat.nodes) == count + 1
    return {str(count): min(seconds) for count, seconds in taken.items()}


def _calling(nodes: int) -> Any:
    """A graph that calls a function of 100 nodes again and again."""
    from hubexplore.summary.graph.messages import GraphDef

    graph = GraphDef()
    function = graph.library.function.add()
    function.signature.name = "layer"
    function.signature.input_arg.add(name="x", type=_FLOAT)
    function.signature.output_arg.add(name="y", type=_FLOAT)
    for number in range(_BODY):
        node = function.node_def.add(name=f"step_{number}", op="Neg")
        node.input.append(f"step_{number - 1}:y:0" if number else "x")
        node.attr["T"].type = _FLOAT
    function.ret["y"] = f"step_{_BODY - 1}:y:0"
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = _FLOAT
    for number in range(nodes // _BODY):
        node = graph.node.add(name=f"layer_{number}/PartitionedCall", op="PartitionedCall")
        node.input.append(f"layer_{number - 1}/PartitionedCall" if number else "x")
        node.attr["f"].func.name = "layer"
        for key in ("Tin", "Tout"):
            node.attr[key].list.type.append(_FLOAT)
    return graph
