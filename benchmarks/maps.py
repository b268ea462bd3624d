"""Whole data sets: `hub.map` against a `tf.data` pipeline, a loop over `session.call`, and one Parquet file.

All sides run the same module on the same rows, in one process and in turns; `benchmarks.child` calls it.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

OURS: Final = "hubexplore"
PIPELINE: Final = "tf.data"
LOOP: Final = "session.call"
FILE: Final = "one file"
PARTS: Final = "parts"
FLOOR: Final = "session.run"
"""The runs alone, on arrays that are ready: what no loop with these batches can be faster than."""
EXACT: Final = "tf.data, equal pixels"
FAST: Final = "tf.data, fast transform"
"""Pipelines over JPEG files: TensorFlow's default transform is faster, and its pixels are not Pillow's."""
_ROUNDS: Final = 3
_THREADS: Final = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_SIDE: Final = 32
_FILTERS: Final = (32, 64, 64)
_JPEG_SIDE: Final = 224


def seconds(rows: str) -> dict[str, dict[str, float]]:
    """Median seconds of each side, by what is mapped.

    Args:
      rows: number of small vectors; of pictures a five hundredth, of texts a tenth.
    """
    import hubexplore as hub

    count = int(rows)
    generator = np.random.default_rng(0)
    vectors = generator.random((count, 8), np.float32)
    pictures = generator.random((max(64, count // 500), _SIDE, _SIDE, 3), np.float32)
    texts = np.array([f"a text of number {number}" for number in range(count // 10)], object)
    with hub.NotebookSession() as session:
        module = session.load(hub.create_module_spec(_module_fn), "module")
        return {
            "small vectors": _in_turns(session, module, "vectors", vectors),
            "pictures": _in_turns(session, module, "pictures", pictures),
            "texts": _in_turns(session, module, "texts", texts),
            # More of them: what a map does once, such as the digest of its data, is no cost of its parts.
            "pictures into Parquet": _into_parquet(session, module, np.concatenate([pictures, pictures])),
            "JPEG files": _of_files(session, module, max(64, count // 1000)),
        }


def on_clusters(rows: str) -> dict[str, dict[str, float]]:
    """Seconds for pictures on a cluster of one worker and of two, loading of the module included.

    Of each: `seconds`, and `cpu`, the seconds of processors that the workers took together. Two workers take
    half the time only on two idle cores; on a busy machine the seconds of processors say more.
    """
    import pandas as pd
    from distributed import Client, LocalCluster

    import hubexplore as hub

    pictures = np.random.default_rng(0).random((int(rows), _SIDE * _SIDE * 3), np.float32)
    frame = pd.DataFrame({"image": list(pictures)})
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        with hub.NotebookSession() as session:
            session.export(session.load(hub.create_module_spec(_heavy_fn), "module"), f"{folder}/module")
        for workers in (1, 2):
            options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
            environment = dict.fromkeys(_THREADS, "1")
            with (
                LocalCluster(**options, env=environment) as cluster,  # type: ignore[no-untyped-call]
                Client(cluster) as client,  # type: ignore[no-untyped-call]
            ):
                client.run(_import)
                start, before = time.perf_counter(), sum(client.run(time.process_time).values())
                hub.map(f"{folder}/module", frame, engine=client, to=f"{folder}/{workers}", batch_size=16)
                taken[str(workers)] = {
                    "seconds": time.perf_counter() - start,
                    "cpu": sum(client.run(time.process_time).values()) - before,
                }
    return taken


def _import() -> None:
    """Imports what a worker of a pool that serves others has imported already."""
    import hubexplore as hub

    hub.NotebookSession  # noqa: B018 - imports TensorFlow


def _in_turns(session: Any, module: Any, signature: str, rows: Any) -> dict[str, float]:
    size = 1024 if signature == "texts" else 64 if signature == "pictures" else 8192

    def loop() -> None:
        starts = range(0, len(rows), size)
        np.concatenate([session.call(module, rows[start : start + size], signature) for start in starts])

    return _medians({
        OURS: lambda: session.map(module, rows, signature=signature, batch_size=size, progress=False),
        PIPELINE: _pipeline(session, module, signature, rows, size),
        LOOP: loop,
        FLOOR: _bare(session, module, signature, rows, size),
    })  # fmt: skip


def _bare(session: Any, module: Any, signature: str, rows: Any, size: int) -> Callable[[], None]:
    """The same network in a session of TensorFlow, called with arrays that are ready."""
    import tensorflow as tf

    values = session.variables(module)
    info = module.get_input_info_dict(signature)["default"]
    with tf.Graph().as_default():
        placeholder = tf.compat.v1.placeholder(info.dtype, info.get_shape())
        output = _COMPUTE[signature](placeholder, lambda name: tf.constant(values[name]))
        run = tf.compat.v1.Session().make_callable(output, [placeholder])
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]

    def runs() -> None:
        for batch in batches:
            run(batch)

    return runs


def _of_files(session: Any, module: Any, count: int) -> dict[str, float]:
    """A folder of JPEG files: read, decoded and run."""
    import PIL.Image
    import tensorflow as tf

    weights = {name: tf.constant(value) for name, value in session.variables(module).items()}
    function = tf.function(lambda batch: _COMPUTE["files"](batch, weights.__getitem__))
    folder = Path(tempfile.mkdtemp())
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = generator.integers(0, 256, (16, 16, 3), np.uint8)
        picture = PIL.Image.fromarray(coarse).resize((_JPEG_SIDE, _JPEG_SIDE), PIL.Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05}.jpg", quality=90)

    def pipeline(dct_method: str) -> Any:
        def read(path: Any) -> Any:
            pixels = tf.io.decode_jpeg(tf.io.read_file(path), 3, dct_method=dct_method)
            pixels = tf.ensure_shape(pixels, [_JPEG_SIDE, _JPEG_SIDE, 3])
            return tf.cast(pixels, tf.float32) / 255

        data = tf.data.Dataset.list_files(f"{folder}/*.jpg", shuffle=False)
        data = data.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(32).prefetch(tf.data.AUTOTUNE)
        return np.concatenate([function(batch).numpy() for batch in data])

    def ours() -> Any:
        return session.map(module, str(folder), signature="files", batch_size=32, progress=False)

    try:
        result = np.stack(ours()["default"])
        np.testing.assert_allclose(result, pipeline("INTEGER_ACCURATE"), rtol=1e-4, atol=1e-5)
        return _medians({
            OURS: ours, EXACT: lambda: pipeline("INTEGER_ACCURATE"), FAST: lambda: pipeline(""),
        })  # fmt: skip
    finally:
        shutil.rmtree(folder)


def _pipeline(session: Any, module: Any, signature: str, rows: Any, size: int) -> Callable[[], None]:
    """A pipeline as the guides of TensorFlow write it, around a function of the same network."""
    import tensorflow as tf

    weights = {name: tf.constant(value) for name, value in session.variables(module).items()}
    function = tf.function(lambda batch: _COMPUTE[signature](batch, weights.__getitem__))

    def run() -> None:
        data = tf.data.Dataset.from_tensor_slices(rows).batch(size).prefetch(tf.data.AUTOTUNE)
        np.concatenate([function(batch).numpy() for batch in data])

    return run


def _into_parquet(session: Any, module: Any, rows: Any) -> dict[str, float]:
    import pyarrow as pa
    import pyarrow.parquet

    folder = Path(tempfile.mkdtemp())

    def by_hand() -> None:
        schema = pa.schema([("default", pa.list_(pa.float32()))])
        with pa.parquet.ParquetWriter(folder / "file.parquet", schema, use_dictionary=False) as file:
            for start in range(0, len(rows), 64):
                result = session.call(module, rows[start : start + 64], "pictures")
                file.write_table(pa.table({"default": list(result)}, schema))

    def ours() -> None:
        session.map(module, rows, signature="pictures", to=folder / "out", resume=False, batch_size=64)

    try:
        return _medians({PARTS: ours, FILE: by_hand})
    finally:
        shutil.rmtree(folder)


def _medians(sides: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(1 + _ROUNDS):
        for side, run in sides.items():
            start = time.perf_counter()
            run()
            if number:  # the first round compiles
                taken[side].append(time.perf_counter() - start)
    return {side: statistics.median(times) for side, times in taken.items()}


# ---- the modules


def _vectors(x: Any, weight: Any) -> Any:
    import tensorflow as tf

    return tf.nn.relu(tf.matmul(x, weight("dense")))


def _pictures(x: Any, weight: Any) -> Any:
    import tensorflow as tf

    for number in range(len(_FILTERS)):
        x = tf.nn.relu(tf.nn.conv2d(x, weight(f"conv{number}"), 1, "SAME"))
    return tf.reduce_mean(x, [1, 2])


def _texts(x: Any, weight: Any) -> Any:
    import tensorflow as tf

    ids = tf.strings.to_hash_bucket_fast(tf.strings.split(x), 1000)
    embedded = tf.gather(weight("table"), ids.flat_values)
    return tf.math.segment_mean(embedded, ids.value_rowids())


def _files(x: Any, weight: Any) -> Any:
    import tensorflow as tf

    return tf.matmul(tf.reduce_mean(x, [1, 2]), weight("colours"))


_COMPUTE: Final = {"vectors": _vectors, "pictures": _pictures, "texts": _texts, "files": _files}


def _module_fn() -> None:
    import tensorflow as tf

    import hubexplore as hub

    tf1 = tf.compat.v1
    weights = {"dense": tf1.get_variable("dense", [8, 8]), "table": tf1.get_variable("table", [1000, 64])}
    weights["colours"] = tf1.get_variable("colours", [3, 8])
    channels = 3
    for number, filters in enumerate(_FILTERS):
        weights[f"conv{number}"] = tf1.get_variable(f"conv{number}", [3, 3, channels, filters])
        channels = filters
    kinds = {"vectors": (tf.float32, [None, 8]), "pictures": (tf.float32, [None, _SIDE, _SIDE, 3]),
             "files": (tf.float32, [None, _JPEG_SIDE, _JPEG_SIDE, 3])}  # fmt: skip
    for name, (dtype, shape) in {**kinds, "texts": (tf.string, [None])}.items():
        x = tf1.placeholder(dtype, shape)
        hub.add_signature(name, inputs=x, outputs=_COMPUTE[name](x, weights.__getitem__))


def _heavy_fn() -> None:
    import tensorflow as tf

    import hubexplore as hub

    tf1 = tf.compat.v1
    image = tf1.placeholder(tf.float32, [None, _SIDE, _SIDE, 3])
    net, channels = image, 3
    for number in range(8):
        kernel = tf1.get_variable(f"conv{number}", [3, 3, channels, 64])
        net, channels = tf.nn.relu(tf.nn.conv2d(net, kernel, 1, "SAME")), 64
    hub.add_signature(inputs={"image": image}, outputs=tf.reduce_mean(net, [1, 2]))
