"""Memory of `hub.map` on far more Parquet than fits into it, by simulation of sizes.

One file is read under many names, as a data set of that many files: what is read, computed and written is all
of it, and only the disk holds less. `benchmarks.child` calls it, since a peak is that of a whole process.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np

WIDTH: Final = 1024
ROWS: Final = 16_384
"""Rows of a file: 64 MiB of float32."""
_GROUPS: Final = 16
FILES_PER_GB: Final = 1_000_000_000 / (4 * WIDTH * ROWS)
WHOLE: Final = 100
"""Gigabytes that the target is about."""


def measure(gigabytes: str) -> dict[str, float]:
    """Maps so many gigabytes into a folder; two thirds of them after the first third.

    Returns:
      In MB: `base`, the peak with the module loaded; `first` and `whole`, by how
      much the peak is above it after a third and after all; `of_100`, what it would be after 100 GB if the
      growth of the last two thirds went on.
    """
    import hubexplore as hub
    from benchmarks.child import peak_memory

    count = max(3, round(float(gigabytes) * FILES_PER_GB))
    with tempfile.TemporaryDirectory() as place, hub.NotebookSession() as session:
        module = session.load(hub.create_module_spec(_module_fn), "module")
        file = Path(place, "one.parquet")
        _write(file)
        session.call(module, np.zeros((1, WIDTH), np.float32))
        base = peak_memory()
        above = []
        for number, files in enumerate((count // 3, count - count // 3)):
            folder = Path(place, str(number))
            folder.mkdir()
            for name in range(files):
                (folder / f"{name:05}.parquet").symlink_to(file)
            session.map(module, folder, to=f"{folder}-mapped", progress=False)
            above.append((peak_memory() - base) / 1e6)
    first, whole = above
    # Of gigabytes as they are: few files round them.
    rest = (count - count // 3) / FILES_PER_GB
    of_100 = whole + (whole - first) / rest * max(0, WHOLE - count / FILES_PER_GB)
    return {"base": base / 1e6, "first": first, "whole": whole, "of_100": of_100}


def _write(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    schema = pa.schema([("x", pa.list_(pa.float32()))])
    generator = np.random.default_rng(0)
    # In pieces: what is written here must not be the peak that the map is compared with.
    with pa.parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for _ in range(_GROUPS):
            numbers = generator.random(ROWS // _GROUPS * WIDTH, np.float32)
            offsets = pa.array(np.arange(0, len(numbers) + 1, WIDTH, dtype=np.int32))
            writer.write_table(pa.table({"x": pa.ListArray.from_arrays(offsets, numbers)}, schema))


def _module_fn() -> None:
    import tensorflow as tf

    import hubexplore as hub

    x = tf.compat.v1.placeholder(tf.float32, [None, WIDTH])
    hub.add_signature(inputs={"x": x}, outputs=tf.reduce_sum(x, 1))
