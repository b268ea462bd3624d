"""The object that other engines send to their workers."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import MapError, RowError, UntrustedModuleError
from hubexplore.mapping import predictor as predictor_module
from tests.session.modules import writes_when_initialised


def expected(vectors: Any) -> Any:
    return vectors @ np.array([[1, 2], [3, 4], [5, 6]], np.float32)


class TestCalls:
    def test_dicts_frames_and_arrays(self, dense_path: Path, vectors: Any) -> None:
        predictor = hub.Predictor(dense_path)
        result = predictor({"x": vectors})
        assert set(result) == {"default", "total"}
        np.testing.assert_allclose(result["default"], expected(vectors), rtol=1e-6)
        frame = pd.DataFrame({"x": list(vectors)}, index=range(100, 150))
        assert predictor(frame).index.tolist() == frame.index.tolist()
        # As Spark's predict_batch_udf calls it: an array for each input.
        only = hub.Predictor(dense_path, outputs="default")
        np.testing.assert_allclose(only(vectors), expected(vectors), rtol=1e-6)
        with pytest.raises(MapError, match=r"has the inputs \['x'\]; got 2 arrays"):
            only(vectors, vectors)

    def test_bad_rows(self, dense_path: Path) -> None:
        with pytest.raises(RowError, match="Row 0 of the array"):
            hub.Predictor(dense_path)({"x": np.ones((2, 4))})
        with pytest.raises(MapError, match="batch_size"):
            hub.Predictor(dense_path, batch_size=-1)

    def test_it_can_be_mapped(self, dense_path: Path, vectors: Any) -> None:
        predictor = hub.Predictor(dense_path)
        result = hub.map(predictor, {"x": vectors})
        np.testing.assert_allclose(result["default"], expected(vectors), rtol=1e-6)
        with pytest.raises(MapError, match="The Predictor is of signature None; got 'other'"):
            hub.map(predictor, {"x": vectors}, signature="other")


class TestPickles:
    def test_it_travels_small_and_loads_elsewhere(self, dense_path: Path, tmp_path: Path) -> None:
        content = pickle.dumps(hub.Predictor(dense_path, outputs=["total"]))
        assert len(content) < 1000
        (tmp_path / "predictor").write_bytes(content)
        program = (
            "import pickle, sys, pathlib, numpy as np\n"
            "predictor = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
            "print(predictor({'x': np.ones((2, 3))})['total'].tolist())"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "predictor")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stdout.strip() == "[3.0, 3.0]"

    def test_a_process_loads_a_module_once(self, dense_path: Path, vectors: Any) -> None:
        first, second = hub.Predictor(dense_path), pickle.loads(pickle.dumps(hub.Predictor(dense_path)))
        predictor_module._loaded.cache_clear()
        first({"x": vectors})
        second({"x": vectors})
        assert predictor_module._loaded.cache_info().misses == 1

    def test_another_module_at_its_path_is_refused(self, tmp_path: Path, vectors: Any) -> None:
        def module(factor: float) -> None:
            x = tf.compat.v1.placeholder(tf.float32, [None, 3])
            hub.add_signature(inputs={"x": x}, outputs=x * factor)

        with hub.NotebookSession() as session:
            for factor in (2.0, 3.0):
                live = session.load(hub.create_module_spec(lambda factor=factor: module(factor)), "module")
                session.export(live, tmp_path / "module", overwrite=True)
                if factor == 2.0:
                    predictor = hub.Predictor(tmp_path / "module")
        with pytest.raises(MapError, match=r"its content has changed .*hub\.Predictor\('.*module'\)"):
            predictor({"x": vectors})

    def test_the_gate_is_asked_where_it_is_made(self, tmp_path: Path, own_settings: Path) -> None:
        path, rows = tmp_path / "module", np.ones(2, np.float32)
        with tf.Graph().as_default():
            module = hub.Module(hub.create_module_spec(lambda: writes_when_initialised(str(tmp_path / "x"))))
            with tf.compat.v1.Session() as running:
                module.export(str(path), running)
        hub_gate().forget_process()
        (own_settings / "trusted.json").unlink(missing_ok=True)
        for call in (hub.Predictor, lambda handle: hub.map(handle, rows)):
            with pytest.raises(UntrustedModuleError, match="trust=True in this call"):
                call(path)
        content = pickle.dumps(hub.Predictor(path, trust=True))
        # Another machine, where nobody has trusted anything: the predictor vouches for this content.
        hub_gate().forget_process()
        for file in own_settings.glob("*"):
            file.unlink()
        assert pickle.loads(content)(rows).tolist() == [2.0, 2.0]


def hub_gate() -> Any:
    from hubexplore.trust import gate

    return gate
