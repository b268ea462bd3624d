"""Maps on a real cluster of two workers on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

import hubexplore as hub
from hubexplore.errors import MapError, MapTargetError, RowError
from hubexplore.mapping import predictor as predictor_module
from hubexplore.mapping.cluster import engine, modules
from hubexplore.mapping.parts import writer
from tests.mapping import modules as authored


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    # What the workers print at their end, killed or not, says nothing to who reads the tests.
    with (
        dask.config.set({"distributed.admin.log-length": 0, "distributed.worker.profile.enabled": False}),
        LocalCluster(silence_logs=60, **options) as cluster,
        Client(cluster) as connected,
    ):
        yield connected


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("modules") / "lookup"
    with hub.NotebookSession() as session:
        session.export(session.load(hub.create_module_spec(authored.lookup), "lookup"), path)
    return str(path)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCHES", 4)
    monkeypatch.setattr(engine, "BATCHES", 2)


FRAME = pd.DataFrame(
    {"id": [number % 10 for number in range(60)], "name": [f"n{n}" for n in range(60)]},
    index=[f"r{number:02}" for number in range(60)],
)
SQUARES = [(number % 10) ** 2 for number in range(60)]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.*")}


class TestLazily:
    def test_a_frame(self, client: Client, lookup: str) -> None:
        result = hub.map(lookup, FRAME, engine=client, batch_size=7, keep=["name"])
        assert isinstance(result, dd.DataFrame)
        assert result.npartitions == 5
        pd.testing.assert_frame_equal(result.compute(), hub.map(lookup, FRAME, batch_size=7, keep=["name"]))

    def test_nested_arrays_stay_arrays(self, client: Client, dense_path: Path, vectors: Any) -> None:
        result = hub.map(
            dense_path, pd.DataFrame({"x": list(vectors)}), engine=client, batch_size=20
        ).compute()
        alone = hub.map(dense_path, {"x": vectors}, batch_size=20)
        np.testing.assert_array_equal(np.stack(result["default"]), alone["default"])

    def test_a_dask_frame(self, client: Client, lookup: str) -> None:
        data = dd.from_pandas(FRAME, npartitions=3)
        result = hub.map(lookup, data)
        assert result.npartitions == 3
        assert result.compute()["default"].tolist() == SQUARES
        with pytest.raises(MapError, match="errors='collect' needs to=FOLDER"):
            hub.map(lookup, data, errors="collect")

    def test_a_row_that_fails(self, client: Client, lookup: str) -> None:
        frame = FRAME.assign(id=FRAME["id"].where(FRAME.index != "r40", 99))
        with pytest.raises(RowError, match=r"Row 40 of the DataFrame \(index 'r40'\): .*too large") as error:
            hub.map(lookup, frame, engine=client, batch_size=5).compute()
        assert error.value.row == 40


class TestFolders:
    def test_the_bytes_are_those_of_the_local_engine(
        self, client: Client, lookup: str, tmp_path: Path
    ) -> None:
        FRAME.to_parquet(tmp_path / "data.parquet", row_group_size=13)
        for data in (FRAME, str(tmp_path / "data.parquet")):
            options: dict[str, Any] = {"batch_size": 6, "keep": ["name"], "errors": "collect"}
            name = type(data).__name__
            hub.map(lookup, data, to=tmp_path / f"{name}-local", **options)
            hub.map(lookup, data, to=tmp_path / f"{name}-dask", engine=client, **options)
            assert content(tmp_path / f"{name}-dask") == content(tmp_path / f"{name}-local")

    def test_files_without_a_length(self, client: Client, lookup: str, tmp_path: Path) -> None:
        for number in range(3):
            FRAME[20 * number : 20 * number + 20].to_csv(tmp_path / f"{number}.csv", index=False)
        files = hub.map(lookup, str(tmp_path / "*.csv"), engine=client, to=tmp_path / "out")
        assert files.to_pandas()["default"].tolist() == SQUARES
        assert len(files.parts) == 3

    def test_a_dask_frame_is_continued(
        self, client: Client, lookup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = dd.from_pandas(FRAME.assign(id=FRAME["id"].where(FRAME.index != "r31", 99)), npartitions=4)
        files, failed = hub.map(lookup, data, to=tmp_path / "out", errors="collect")
        assert (files.rows, failed["row"].tolist()) == (59, [31])
        assert files.to_pandas().index.tolist() == [label for label in FRAME.index if label != "r31"]
        before = content(tmp_path / "out")
        Path(files.parts[2]).unlink()
        again, _ = hub.map(lookup, data, to=tmp_path / "out", errors="collect")
        assert again.rows == 59
        assert content(tmp_path / "out") == before
        with pytest.raises(MapTargetError, match="differs in the data"):
            hub.map(lookup, dd.from_pandas(FRAME, npartitions=4), to=tmp_path / "out", errors="collect")

    def test_a_worker_that_is_killed(
        self, client: Client, lookup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub.map(lookup, FRAME, to=tmp_path / "whole", batch_size=2)
        in_order, killed = engine.in_order, []

        def killing(client: Client, tasks: Any) -> Iterator[Any]:
            for number, result in enumerate(in_order(client, tasks)):
                if number == 3:
                    killed.append(next(iter(client.run(os.getpid).values())))
                    os.kill(killed[0], signal.SIGKILL)
                yield result

        monkeypatch.setattr(engine, "in_order", killing)
        hub.map(lookup, FRAME, to=tmp_path / "cut", batch_size=2, engine=client)
        assert killed
        assert content(tmp_path / "cut") == content(tmp_path / "whole")


class TestModules:
    def test_the_files_travel_to_a_worker_that_lacks_them(
        self, lookup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = tmp_path / "module"
        hub.load_module_spec(lookup).export(str(source))
        predictor = hub.Predictor(source)
        plugin = modules.ModulePlugin(predictor)
        source.rename(tmp_path / "elsewhere")
        predictor_module._loaded.cache_clear()
        monkeypatch.setattr(predictor_module, "_installed", {})
        assert not modules.can_load(predictor)
        (tmp_path / "worker").mkdir()
        plugin.setup(SimpleNamespace(local_directory=str(tmp_path / "worker")))
        assert predictor({"id": np.array([3])})["default"].tolist() == [9]
        # Once more, as for a second predictor of the module: it is there already.
        plugin.setup(SimpleNamespace(local_directory=str(tmp_path / "worker")))
        assert len(list((tmp_path / "worker").iterdir())) == 1

    def test_what_cannot_travel(self, client: Client, lookup: str, layers: hub.Module, session: Any) -> None:
        with pytest.raises(MapError, match=r"session\.export\(module, PATH\)"):
            session.map(layers, FRAME, engine=client)
        with pytest.raises(MapError, match="pass a DataFrame, files"):
            hub.map(lookup, [{"id": 1}], engine=client)
        with pytest.raises(
            MapError, match=r"engine must be 'local' or a dask\.distributed\.Client; got 'ray'"
        ):
            hub.map(lookup, FRAME, engine="ray")
