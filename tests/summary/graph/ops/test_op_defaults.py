"""The table of defaults says what TensorFlow's op definitions say."""

from __future__ import annotations

from hubexplore.summary.graph.ops.op_defaults import defaults_of, is_stateful

STATEFUL_BEFORE = frozenset({"CustomAggregator"})
"""Ops that an older supported TensorFlow calls stateful, and the newest, of which the table is, does not."""


def test_it_is_that_of_tensorflow() -> None:
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    for op in op_def_pb2.OpList.FromString(data).op:
        defaults = defaults_of(op.name)
        for attribute in op.attr:
            # An older TensorFlow lacks attributes; another default would change what models mean.
            if attribute.HasField("default_value") and attribute.name in defaults:
                parsed = type(attribute.default_value).FromString(
                    defaults[attribute.name].SerializeToString()
                )
                assert parsed == attribute.default_value, (op.name, attribute.name)
        if defaults and op.name not in STATEFUL_BEFORE:
            assert is_stateful(op.name) == op.is_stateful, op.name


def test_some_of_them() -> None:
    assert defaults_of("FusedBatchNorm")["is_training"].b is True
    assert defaults_of("Conv2D")["data_format"].s == b"NHWC"
    assert dict(defaults_of("NoSuchOp")) == {}
    assert is_stateful("RandomUniform")
    assert not is_stateful("MatMul")
    assert not is_stateful("NoSuchOp")
