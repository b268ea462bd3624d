"""What is read of two checkpoints: damage, pieces, memory and threads."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import DamagedModuleError, UnreadableModuleError
from hubexplore.summary.compare.weights import pieces, reading
from hubexplore.summary.compare.weights.changes import compare_weights, plan
from hubexplore.summary.compare.weights.reading import read_changes
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.source import Source
from hubexplore.summary.weights.checkpoint_index import shard_name
from tests.summary.checkpoints import merge, save
from tests.summary.compare.weights.checkpoints import compared, flip, only, side
from tests.work import memory_below


class TestDamage:
    """The checksums of the data, and files that are not whole."""

    @pytest.mark.parametrize("damaged", [0, 1])
    def test_one_bit(self, tmp_path: Path, damaged: int) -> None:
        values = {"a": np.ones(100, np.float32), "b": np.ones(50_000, np.float32)}
        paths = [save(tmp_path / name, values) for name in ("one", "two")]
        flip(paths[damaged], 4 * 100 + 7)
        changes = compared(*paths)
        assert [change.name for change in changes.variables] == ["b", "a"]
        assert changes.variables[0].damaged == (damaged == 0, damaged == 1)
        assert changes.variables[1].damaged == (False, False)
        assert not changes.same

    def test_damage_in_a_later_piece(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading.read_changes, "__defaults__", (lambda size: None, 1 << 12))
        values = {"x": np.arange(10_000, dtype=np.float32)}
        paths = [save(tmp_path / name, values) for name in ("one", "two")]
        assert compared(*paths).same
        flip(paths[0], 39_999)
        assert only(compared(*paths)).damaged == (True, False)

    def test_an_index_without_checksums(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": [1.0, 2.0]}) for name in ("one", "two")]
        flip(paths[1], 0)
        sides = [side(path) for path in paths]
        source = sides[1].source
        assert source is not None
        assert source.weights is not None
        index = source.weights.index
        entries = {
            name: entry._replace(extents=tuple(extent._replace(crc32c=0) for extent in entry.extents))
            for name, entry in index.entries.items()
        }
        weights = replace(source.weights, index=replace(index, entries=entries))
        change = only(compare_weights(plan(sides[0], replace(sides[1], source=Source({}, weights)))))
        assert (change.damaged, change.changed) == ((False, False), 1)

    def test_a_truncated_file(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": np.ones(100, np.float32)}) for name in ("one", "two")]
        data = Path(shard_name(paths[1], 0, 1))
        data.write_bytes(data.read_bytes()[:-1])
        with pytest.raises(DamagedModuleError, match="is truncated: it has 399 bytes and needs at least 400"):
            compared(*paths)
        data.unlink()
        with pytest.raises(DamagedModuleError, match=r"two.data-00000-of-00001' is missing"):
            compared(*paths)

    def test_a_file_that_is_cut_while_it_is_read(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": np.ones(100, np.float32)}) for name in ("one", "two")]
        planned = plan(side(paths[0]), side(paths[1]))
        data = Path(shard_name(paths[1], 0, 1))
        data.write_bytes(data.read_bytes()[:40])
        with pytest.raises(DamagedModuleError, match="ends before byte 400, which 'x' needs"):
            compare_weights(planned)
        data.unlink()
        with pytest.raises(DamagedModuleError, match="missing"):
            compare_weights(planned)
        data.mkdir()
        with pytest.raises(UnreadableModuleError, match="cannot be read"):
            compare_weights(planned)

    def test_a_size_that_does_not_fit_the_shape(self, tmp_path: Path) -> None:
        found = side(save(tmp_path / "one", {"x": [1.0, 2.0]}))
        source = found.source
        assert source is not None
        assert source.weights is not None
        index = source.weights.index
        entries = {name: entry._replace(shape=(3,)) for name, entry in index.entries.items()}
        weights = replace(source.weights, index=replace(index, entries=entries))
        with pytest.raises(DamagedModuleError, match=r"'x' is float32 \(3,\), but 8 bytes are stored"):
            plan(found, replace(found, source=Source({}, weights)))


class TestReading:
    """Threads, pieces, progress and memory."""

    def test_several_shards(self, tmp_path: Path) -> None:
        prefixes = []
        for name, scale in (("one", 1.0), ("two", 2.0)):
            parts = [save(tmp_path / f"{name}-{at}", {f"v{at}": [scale, at + 1.0]}) for at in range(3)]
            prefixes.append(merge(tmp_path / name, parts))
        changes = compared(*prefixes)
        assert [change.changed for change in changes.variables] == [1, 1, 1]
        assert [change.relative for change in changes.variables] == pytest.approx(
            [1 / math.hypot(1, at) for at in (1, 2, 3)]
        )

    @pytest.mark.parametrize("piece", [64, 192, 4096, 1 << 20])
    @pytest.mark.parametrize("processors", [1, 2])
    def test_sizes_of_pieces_do_not_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, processors: int
    ) -> None:
        generator = np.random.default_rng(5)
        first = {
            f"v{at}": generator.normal(size=size).astype(np.float32) for at, size in enumerate((1, 37, 5000))
        }
        second = {name: values + np.float32(0.5) for name, values in first.items()}
        paths = save(tmp_path / "one", first), save(tmp_path / "two", second)
        monkeypatch.setattr(pieces, "_processors", lambda: processors)
        pairs = plan(side(paths[0]), side(paths[1])).pairs
        for change in read_changes(pairs, piece=piece):
            values, others = first[change.name].astype(float), second[change.name].astype(float)
            assert change.damaged == (False, False)
            assert change.norm == pytest.approx(np.linalg.norm(others - values), rel=1e-6)
            assert change.first_norm == pytest.approx(np.linalg.norm(values), rel=1e-6)

    @pytest.fixture
    def large(self, tmp_path: Path) -> tuple[str, str]:
        """Two checkpoints of 48 MB, which several threads read."""
        values = np.random.default_rng(1).standard_normal(6 << 20, np.float32)
        tensors = {"large": values, **{f"small/{at}": values[at : at + 9] for at in range(50)}}
        paths = [save(tmp_path / "one", tensors)]
        paths.append(
            save(tmp_path / "two", {name: value * np.float32(1.5) for name, value in tensors.items()})
        )
        return paths[0], paths[1]

    def test_progress_in_the_callers_thread(self, large: tuple[str, str]) -> None:
        planned = plan(side(large[0]), side(large[1]))
        told: list[int] = []
        here = threading.get_ident()

        def advance(size: int) -> None:
            assert threading.get_ident() == here
            told.append(size)

        changes = compare_weights(planned, advance)
        assert sum(told) == planned.size
        assert all(change.relative == pytest.approx(0.5, rel=1e-5) for change in changes.variables)
        assert not any(any(change.damaged) for change in changes.variables)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_stopping_leaves_no_thread(self, large: tuple[str, str], error: type[BaseException]) -> None:
        planned = plan(side(large[0]), side(large[1]))

        def advance(size: int) -> None:
            raise error

        with pytest.raises(error):
            compare_weights(planned, advance)
        assert not [
            thread for thread in threading.enumerate() if thread.name.startswith("hubexplore-weights")
        ]

    def test_memory_is_bounded(self, large: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pieces, "_processors", lambda: 2)
        planned = plan(side(large[0]), side(large[1]))
        # Buffers and scratch memory of each thread: less than the 48 MB of both sides of the large variable.
        with memory_below(6 * (2 + 1) * pieces.BLOCK):
            assert len(list(read_changes(planned.pairs, piece=1 << 20))) == len(planned.pairs)

    def test_a_constant_is_decoded_once_for_all_threads(self) -> None:
        from hubexplore.summary.compare.weights.stored import Constants, Part, Reader, Stored

        proto = tf.make_tensor_proto([1.0, 2.0, 2.0], tf.float32)
        stored = Stored("x", "float32", (3,), (Part((), 12),), constant=proto)
        constants = Constants()
        with Reader(constants) as first, Reader(constants) as second:
            for reader in (first, second):
                target = np.empty(12, np.uint8)
                reader.read_into(stored, stored.parts[0], target, 0)
                assert target.view(np.float32).tolist() == [1.0, 2.0, 2.0]
            assert first._values is second._values

    def test_other_filesystems(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from hubexplore.summary.files import ranges

        class Elsewhere:
            def __getattr__(self, name: str) -> Any:
                return getattr(LocalFilesystem(), name)

        monkeypatch.setattr(ranges, "_BLOCK", 64)
        values = np.arange(1000, dtype=np.float32)
        paths = [save(tmp_path / name, {"x": values}) for name in ("one", "two")]
        sides = [side(path, Elsewhere()) for path in paths]
        (change,) = read_changes(plan(*sides).pairs, piece=128)
        assert (change.changed, change.damaged) == (0, (False, False))
