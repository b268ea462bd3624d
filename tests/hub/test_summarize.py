"""`summarize`: the same facts from a path, an archive, a spec and a live Module."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors
from hubexplore.summary import model
from tests.hub import modules

tf1 = tf.compat.v1


@pytest.fixture
def exported(tmp_path: Path) -> str:
    """A module with an asset, a table, partitions and two variants."""
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\nc\n")

    def module_fn(training: bool) -> None:
        modules.lookup(str(vocabulary), "lookup")
        with tf1.variable_scope("scope"):
            modules.partitioned_only()
        modules.normalized(training)

    spec = hub.create_module_spec(module_fn, [(set(), {"training": False}), ({"train"}, {"training": True})])
    return modules.export(spec, tmp_path / "module")


def test_a_spec_and_its_directory_are_one_summary(exported: str) -> None:
    from_path, from_spec = hub.summarize(exported), hub.load_module_spec(exported).summary()
    assert from_path == from_spec
    assert isinstance(from_path, hub.ModuleSummary)
    assert (from_path.format, from_path.warnings) == (model.HUB_MODULE, ())


def test_it_holds_what_was_authored(exported: str) -> None:
    plain, train = hub.summarize(exported).variants
    assert (plain.tags, train.tags) == ((), ("train",))
    assert {signature.name for signature in plain.signatures} == {"default", "lookup", "parts"}
    (table,), (asset,) = plain.tables, plain.assets
    assert (table.key_dtype, table.value_dtype, table.assets) == ("string", "int64", ("words.txt",))
    assert (asset.size, asset.first_lines, asset.tables) == (6, ("a", "b", "c"), (table.node,))
    variables = {variable.name: variable for variable in plain.variables}
    assert [part.offset for part in variables["scope/s"].partitions] == [(0, 0), (2, 0)]
    assert (variables["scope/s"].shape, variables["scope/s"].bytes) == ((4, 2), 32)
    assert {name for name, each in variables.items() if not each.trainable} == {"moving_mean"}
    assert (plain.update_ops, train.update_ops) == ((), ("AssignSubVariableOp",))


def test_archives_and_saved_models(exported: str, tmp_path: Path, real_modules: Path) -> None:
    archive = tmp_path / "module.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(exported, ".")
    assert hub.summarize(archive).variants == hub.summarize(exported).variants
    assert hub.summarize(archive).title == str(archive)
    saved = str(real_modules / "half-plus-two-savedmodel")
    spec = hub.create_module_spec_from_saved_model(saved)
    assert spec.summary().format == hub.summarize(saved).format == model.TF1_SAVED_MODEL
    assert spec.summary().variants[0].variables == hub.summarize(saved).variants[0].variables


def test_a_spec_that_was_never_written(tmp_path: Path) -> None:
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\n")
    spec = hub.create_module_spec(lambda: modules.lookup(str(vocabulary)))
    summary = hub.summarize(spec)
    assert (summary.format, summary.size, summary.digest) == (model.IN_MEMORY, None, "")
    assert [(asset.name, asset.size) for asset in summary.variants[0].assets] == [("words.txt", 2)]
    affine = hub.create_module_spec(modules.affine).summary().variants[0]
    assert [(variable.name, variable.shape, variable.bytes) for variable in affine.variables] == [
        ("b", (3,), 12),
        ("layer/w", (2, 3), 24),
    ]


@pytest.mark.usefixtures("graph")
def test_a_live_module_adds_its_scope_and_calls(exported: str) -> None:
    module = hub.Module(exported, trainable=True, tags={"train"}, name="mine")
    module(tf.zeros([5, 1]))
    summary = hub.summarize(module)
    live = summary.live
    assert live is not None
    assert (live.scope, live.tags, live.trainable) == ("mine", ("train",), True)
    (call,) = live.applications
    assert (call.signature, call.inputs) == ("default", (("default", "float32", (5, 1)),))
    assert len(summary.variants) == 2
    assert "mine" in repr(module)


class Wrapper(hub.ModuleSpec):
    """A spec of a third party that passes on what another spec says."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def get_tags(self) -> Any:
        return self.spec.get_tags()

    def get_signature_names(self, tags: Any = None) -> Any:
        return self.spec.get_signature_names(tags)

    def get_input_info_dict(self, signature: Any = None, tags: Any = None) -> Any:
        return self.spec.get_input_info_dict(signature, tags)

    def get_output_info_dict(self, signature: Any = None, tags: Any = None) -> Any:
        return self.spec.get_output_info_dict(signature, tags)

    def get_attached_message(
        self, key: str, message_type: Any, tags: Any = None, required: bool = False
    ) -> Any:
        return self.spec.get_attached_message(key, message_type, tags, required)


def test_a_spec_of_a_third_party_shows_its_signatures(exported: str) -> None:
    inner = hub.load_module_spec(exported)
    summary = Wrapper(inner).summary()
    for variant, theirs in zip(summary.variants, inner.summary().variants, strict=True):
        assert [dataclasses.replace(signature, method="") for signature in theirs.signatures] == list(
            variant.signatures
        )


def test_a_summary_of_a_summary(exported: str) -> None:
    summary = hub.summarize(exported)
    assert hub.summarize(summary) == summary


@pytest.mark.parametrize("wrong", [3, None, hub.ModuleSpec])
def test_what_stands_for_no_module(wrong: Any) -> None:
    with pytest.raises(errors.HandleError, match="got a"):
        hub.summarize(wrong)


def test_nothing_there() -> None:
    with pytest.raises(errors.MissingModuleError):
        hub.summarize("/nowhere/at/all")


def test_seeing_a_module_needs_no_tensorflow(exported: str) -> None:
    """Summaries, all their renderings, comparison, statistics and diagrams."""
    program = f"""
import sys
import hubexplore as hub
summary = hub.summarize({exported!r})
for variant in summary.variants:
    summary.graph("default", tags=variant.tags).dot
repr(summary), summary._repr_html_(), summary.to_html(), summary.to_json()
repr(summary.compare("", "train")), repr(summary.compare(summary))
repr(summary.variables.stats())
assert not {{"pandas", "IPython"}} & set(sys.modules), "pandas or IPython"
summary.variables.df
assert "tensorflow" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("graph")
def test_variables_of_a_module_show_themselves_and_stay_what_they_are(exported: str) -> None:
    module = hub.Module(exported, name="mine")
    known, listed = module.variable_map, module.variables
    assert isinstance(known, dict)
    assert isinstance(listed, list)
    assert "scope/s" in repr(known)
    assert "mine" not in repr(known)
    assert "(4, 2)" in repr(known)  # the whole of a partitioned one
    assert "mine/scope/s/part_1" in repr(listed)
    assert "<table" in str(known._repr_html_())
    assert "<table" in str(listed._repr_html_())
    assert known == dict(known)
    assert listed[0] is known["gamma"]


@pytest.mark.usefixtures("graph")
def test_containers_can_be_rebuilt_with_other_values(exported: str) -> None:
    """As tf.nest, Session.run and copy do."""
    module = hub.Module(exported)
    values = modules.run(module.variable_map)
    assert values["gamma"] == [1.0]
    assert "gamma" in repr(values)
    assert values._repr_html_() is None
    names = tf.nest.map_structure(lambda info: info.dtype.name, module.get_input_info_dict())
    assert names == {"default": "float32"}
    assert names._repr_html_() is None
    assert copy.copy(module.variables) == module.variables


def with_functions(factor: float, *, swapped: bool = False) -> hub.ModuleSpec:
    """One whose function gets another number each time, as TensorFlow counts the functions of a process."""

    def module_fn() -> None:
        x, y = (tf.compat.v1.placeholder(tf.float32, [None], name=name) for name in "xy")
        difference = tf.subtract(y, x, name="o") if swapped else tf.subtract(x, y, name="o")
        times = tf.function(lambda z: z * factor)
        hub.add_signature(inputs={"x": x, "y": y}, outputs=times(difference))

    return hub.create_module_spec(module_fn)


def test_numbers_of_functions_are_no_differences() -> None:
    first, again, swapped, other = map(
        hub.summarize,
        (with_functions(2.0), with_functions(2.0), with_functions(2.0, swapped=True), with_functions(3.0)),
    )
    assert first.compare(again).same
    assert [
        (difference.name, difference.first, difference.second)
        for difference in first.compare(swapped).differences
    ] == [
        ("o: input 0", "input 'x'", "input 'y'"),
        ("o: input 1", "input 'y'", "input 'x'"),
    ]
    (constant,) = first.compare(other).differences
    assert (constant.section, constant.first, constant.second) == (
        "constants", "float32 scalar: 2.0", "float32 scalar: 3.0",
    )  # fmt: skip
