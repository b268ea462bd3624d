"""Modules with something wrong, written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hubexplore.summary.graph.messages import SavedModel
from tests.cli.test_show import write_module


def changed(directory: Path, change: Callable[[Any], None], **options: Any) -> str:
    """Writes a module and changes its first meta graph."""
    path = write_module(directory, **options)
    file = directory / "saved_model.pb"
    saved_model = SavedModel()
    saved_model.ParseFromString(file.read_bytes())
    change(saved_model.meta_graphs[0])
    file.write_bytes(saved_model.SerializeToString())
    return path


def with_op(directory: Path, op: str, *, needed: bool = True, version: str = "") -> str:
    """A module that has an op, which its signature `default` needs or not."""

    def change(meta_graph: Any) -> None:
        meta_graph.meta_info_def.tensorflow_version = version
        meta_graph.graph_def.node.add(name="z", op=op, input=["x"])
        if needed:
            meta_graph.signature_def["default"].outputs["default"].name = "z:0"

    return changed(directory, change)


def without_signatures(directory: Path) -> str:
    def change(meta_graph: Any) -> None:
        del meta_graph.signature_def["default"]

    return changed(directory, change)


def with_collection(directory: Path, name: str) -> str:
    def change(meta_graph: Any) -> None:
        meta_graph.collection_def[name].node_list.value.append("y:0")

    return changed(directory, change)


def with_lost_assets(directory: Path, *names: str) -> str:
    def change(meta_graph: Any) -> None:
        for at, name in enumerate(names):
            node = meta_graph.graph_def.node.add(name=f"asset{at}", op="Const")
            node.attr["dtype"].type = 7
            node.attr["value"].tensor.dtype = 7
            node.attr["value"].tensor.string_val.append(name.encode())
            meta_graph.asset_file_def.add(filename=name).tensor_info.name = f"asset{at}:0"

    return changed(directory, change)


def with_update_ops(directory: Path) -> str:
    def change(meta_graph: Any) -> None:
        meta_graph.collection_def["update_ops"].node_list.value.append("y")

    return changed(directory, change)
