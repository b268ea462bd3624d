"""Assets of a variant: files that the graph names by path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import AuthoringError, DamagedModuleError, reading
from hubexplore.hub.variant import node_list
from hubexplore.summary.graph import node_of

ASSETS_COLLECTION: Final = "saved_model_assets"
ASSETS_FOLDER: Final = "assets"
_FILEPATHS: Final = tf.compat.v1.GraphKeys.ASSET_FILEPATHS
# Stands for the path of an asset in a written graph, so that no path of the author's machine leaks.
NEUTRAL_PATH: Final = b"SAVEDMODEL-ASSET"


def read_assets(meta_graph: Any) -> dict[str, str]:
    """Tensor name -> file name below `assets/`, from the collection and from the newer field."""
    found = {asset.tensor_info.name: asset.filename for asset in _definitions(meta_graph)}
    return dict(sorted(found.items()))


def _definitions(meta_graph: Any) -> Iterator[Any]:
    yield from meta_graph.asset_file_def
    if ASSETS_COLLECTION in meta_graph.collection_def:
        for packed in meta_graph.collection_def[ASSETS_COLLECTION].any_list.value:
            asset = meta_graph_pb2.AssetFileDef()
            with reading("The module's list of assets", DecodeError):
                is_asset = packed.Unpack(asset)
            if not is_asset:
                raise DamagedModuleError(
                    f"The list of assets holds a {packed.type_url!r}, not an AssetFileDef."
                )
            yield asset


def write_assets(meta_graph: Any, assets: Iterable[tuple[str, str]]) -> None:
    """Replaces a variant's list of assets by (tensor name, file name) pairs."""
    meta_graph.collection_def.pop(ASSETS_COLLECTION, None)
    del meta_graph.asset_file_def[:]
    for tensor_name, filename in assets:
        asset = meta_graph_pb2.AssetFileDef(filename=filename)
        asset.tensor_info.name = tensor_name
        meta_graph.collection_def[ASSETS_COLLECTION].any_list.value.add().Pack(asset)


def point_to(meta_graph: Any, nodes: Any, directory: str) -> list[str]:
    """Writes the paths of a module's assets into its graph, and returns them.

    All of them join the collection `asset_filepaths`, which not every writer of SavedModels keeps: what is
    made of the graph, such as an export, finds them there.

    Args:
      meta_graph: changed in place.
      nodes: its index, node name -> NodeDef.
      directory: of the module.

    Raises:
      DamagedModuleError: an asset lies outside of `assets/`, or its node is not a string constant.
    """
    paths = []
    for tensor_name, filename in read_assets(meta_graph).items():
        _check_inside(filename)
        paths.append(os.path.join(directory, ASSETS_FOLDER, filename))
        set_path(_const(nodes, tensor_name), os.fsencode(paths[-1]))
        if tensor_name not in node_list(meta_graph, _FILEPATHS):
            meta_graph.collection_def[_FILEPATHS].node_list.value.append(tensor_name)
    return paths


def _check_inside(filename: str) -> None:
    parts = filename.replace("\\", "/").split("/")
    if not filename or os.path.isabs(filename) or ".." in parts or ":" in parts[0] or parts[0] == "":
        raise DamagedModuleError(
            f"Asset {filename!r} points outside of the module's assets folder. Such a module is not loaded."
        )


def _const(nodes: Any, tensor_name: str) -> Any:
    node = nodes.get(node_of(tensor_name))
    if node is None or node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
        raise DamagedModuleError(f"The path of an asset must be a string constant; {tensor_name!r} is not.")
    return node


def set_path(node: Any, path: bytes) -> None:
    """Makes a string Const the scalar `path`."""
    tensor = node.attr["value"].tensor
    tensor.Clear()
    tensor.dtype = tf.string.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    tensor.string_val.append(path)


def const_path(node: Any) -> bytes:
    """The scalar string that a Const holds."""
    tensor = node.attr["value"].tensor
    if tensor.string_val:
        return bytes(tensor.string_val[0])
    return bytes(tf.make_ndarray(tensor).item())


def used_files(meta_graph: Any, nodes: Any) -> dict[str, str]:
    """Tensor name -> absolute path of each asset in a graph that was built here.

    Raises:
      AuthoringError: (a ValueError) an asset path is not a constant.
    """
    paths = {}
    for tensor_name in dict.fromkeys(node_list(meta_graph, _FILEPATHS)):
        try:
            node = _const(nodes, tensor_name)
        except DamagedModuleError as error:
            raise AuthoringError(str(error)) from error
        paths[tensor_name] = os.fsdecode(const_path(node))
    return paths


def distinct_names(paths: Iterable[str]) -> dict[str, str]:
    """Path -> file name for each distinct path; two files of one base name get different names."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for path in dict.fromkeys(paths):
        base = os.path.basename(path)
        stem, extension = os.path.splitext(base)
        name, number = base, 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}{extension}"
        taken.add(name)
        names[path] = name
    return names
