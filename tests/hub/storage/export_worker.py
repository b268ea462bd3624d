"""A process that makes a module, exports it, loads and exports it again, and tells what it saw.

Arguments: the directory to write to, and a directory with files `0/words.txt` to `3/words.txt`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import struct_pb2, wrappers_pb2

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
TARGET, FILES = Path(sys.argv[1]), Path(sys.argv[2])


def module_fn(train: bool = False) -> None:
    for key in ("zeta", "alpha", "Mid", "b9", "a_1"):
        hub.attach_message(key, wrappers_pb2.StringValue(value=key))
    fields = struct_pb2.Struct()
    fields.update(dict.fromkeys("qwertyuiop", 1))
    hub.attach_message("fields", fields)
    for number in range(4):
        texts = tf1.placeholder(tf.string, [None])
        lines = modules.line_numbers(str(FILES / str(number) / "words.txt"))
        hub.add_signature(f"ids_{number}", texts, tf.lookup.StaticHashTable(lines, -1).lookup(texts))
    x, y = tf1.placeholder(tf.float32, [None, 4]), tf1.placeholder(tf.float32, [None, 4])
    parts = tf1.get_variable("parts", [4, 3], partitioner=tf1.fixed_size_partitioner(2))
    bias = tf1.get_variable("bias", [3], initializer=tf1.zeros_initializer())
    z = tf.matmul(x, tf.convert_to_tensor(parts)) + bias
    z = tf.cond(tf.reduce_sum(y) > 0, lambda: z * tf.reduce_sum(y), lambda: z + bias)
    z, _ = tf.while_loop(lambda z, n: n < 3, lambda z, n: (z + bias + tf.reduce_sum(x), n + 1), [z, 0])
    z = tf.function(lambda values: tf.map_fn(lambda row: row * 2, values))(z)
    if train:
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, bias.assign_add(tf.reduce_mean(z, 0)).op)
    hub.add_signature(inputs={"y": y, "x": x}, outputs={"default": z, "b": z + 1, "a": z + 2})


def exported(spec: Any, name: str) -> hub.ModuleSpec:
    with tf.Graph().as_default() as graph:
        module = hub.Module(spec, tags=["train", "large", "gpu"], trainable=True)
        module({"x": [[1.0] * 4], "y": [[1.0] * 4]})
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            for variable in module.variables:
                session.run(variable.assign(tf.ones_like(variable)))
            module.export(str(TARGET / name), session)
        print([op.name for op in graph.get_operations()])
        print([variable.name for variable in module.variables], list(module.variable_map))
    return hub.load_module_spec(str(TARGET / name))


if __name__ == "__main__":
    tf1.disable_control_flow_v2()  # its conds and loops are in collections, with maps
    variants = [((), {}), ({"train", "large", "gpu"}, {"train": True}), (["b", "a"], {})]
    made = hub.create_module_spec(module_fn, variants)
    for spec in (
        made,
        exported(made, "first"),
        exported(hub.load_module_spec(str(TARGET / "first")), "again"),
    ):
        for tags in spec.get_tags():
            print(sorted(tags), spec.get_signature_names(tags), spec.get_output_info_dict(tags=tags))
        summary = spec.summary()
        print(str(summary).replace(str(TARGET), ""))
        # Paths may be broken between their parts.
        print(str(summary._repr_html_()).replace("<wbr>", "").replace(str(TARGET), ""))
