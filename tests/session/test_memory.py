"""A batch that does not fit into memory is refused before it runs."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import weakref
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import HubError, TooLargeError
from hubexplore.hub.running.signature_runner import AppliedSignature
from hubexplore.session.memory import estimate, tensor_sizes
from hubexplore.session.session import NotebookSession
from tests.work import calls

tf1 = tf.compat.v1
GB = 10**9


def wide() -> None:
    """[?, 4] -> [?, 1000]; `chain` does much to it, of which little lives at a time; `kept` keeps it all."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    w = tf1.get_variable("w", [4, 1000])
    grown = tf.matmul(x, w, name="grown")
    hub.add_signature(inputs=x, outputs=grown)
    chained = grown
    for _ in range(20):
        chained = tf.nn.relu(chained + 1.0)
    hub.add_signature("chain", inputs=x, outputs=tf.reduce_sum(chained, 1))
    hub.add_signature("once", inputs=x, outputs=tf.reduce_sum(grown + 1.0, 1))
    products = [tf.matmul(x, w + float(number)) for number in range(5)]
    hub.add_signature("kept", inputs=x, outputs=tf.concat(products, 1))
    two = tf1.placeholder(tf.float32, [2, 4])
    hub.add_signature("fixed", inputs=two, outputs=tf.matmul(two, w))
    hub.add_signature("nothing", outputs=tf.identity(w))


@pytest.fixture
def module(session: NotebookSession) -> hub.Module:
    return session.load(hub.create_module_spec(wide), "wide")


def applied(session: NotebookSession, module: hub.Module, signature: str = "default") -> AppliedSignature:
    return session.applied(module, signature)


def need(one: AppliedSignature, rows: int) -> int:
    """Bytes that a batch of rows needs."""
    with pytest.raises(TooLargeError):
        estimate.check(one, {"default": np.zeros([rows, 4], np.float32)}, lambda: 0)
    return estimate._peak_of_run(one, {"default": np.zeros([rows, 4], np.float32)})[1].bytes(rows)


def test_what_fits_passes_and_what_does_not_is_refused(session: NotebookSession, module: hub.Module) -> None:
    one = applied(session, module)
    rows = 50_000
    needed = need(one, rows)
    assert rows * 1000 * 4 <= needed <= 1.1 * rows * 1004 * 4
    inputs = {"default": np.zeros([rows, 4], np.float32)}
    estimate.check(one, inputs, lambda: needed)
    with pytest.raises(TooLargeError):
        estimate.check(one, inputs, lambda: needed - 1)


def test_the_message_says_what_to_do(session: NotebookSession, module: hub.Module) -> None:
    one = applied(session, module)
    with pytest.raises(TooLargeError) as caught:
        estimate.check(one, {"default": np.zeros([1_000_000, 4], np.float32)}, lambda: GB)
    text = str(caught.value)
    assert isinstance(caught.value, HubError)
    assert isinstance(caught.value, MemoryError)
    assert "1,000,000 rows need 4.0 GB" in text
    assert "1.0 GB are free" in text
    assert "MatMul 'grown'" in text
    match = re.search(r"([\d,]+) rows would fit", text)
    assert match is not None
    fit = int(match[1].replace(",", ""))
    assert f"batch_size={fit // 2}" in text
    estimate.check(one, {"default": np.zeros([fit, 4], np.float32)}, lambda: GB)
    with pytest.raises(TooLargeError):
        estimate.check(one, {"default": np.zeros([int(fit * 1.01), 4], np.float32)}, lambda: GB)
    assert len(text) < 600


def test_an_example_may_take_less_than_there_is(session: NotebookSession, module: hub.Module) -> None:
    one = applied(session, module)
    inputs = {"default": np.zeros([1_000_000, 4], np.float32)}
    estimate.check(one, inputs, lambda: 10 * GB, most=5 * GB)
    with pytest.raises(
        TooLargeError, match=r"needs 4.0 GB at a time, and the limit for an example is 2.0 GB.*'grown'"
    ):
        estimate.check(one, inputs, lambda: 10 * GB, most=2 * GB)


def test_names_of_strangers_are_cut_and_printable_in_it(session: NotebookSession) -> None:
    def hostile() -> None:
        x = tf1.placeholder(tf.float32, [None, 4])
        hub.add_signature(inputs=x, outputs=tf.tile(x, [1, 9999], name="a" * 5000))

    module = session.load(hub.create_module_spec(hostile), "hostile")
    with pytest.raises(TooLargeError) as caught:
        estimate.check(session.applied(module), {"default": np.zeros([10_000, 4], np.float32)}, lambda: 1000)
    assert len(str(caught.value)) < 600


def test_only_what_lives_at_a_time_counts(session: NotebookSession, module: hub.Module) -> None:
    rows = 50_000
    one = rows * 1000 * 4
    assert one <= need(applied(session, module, "chain"), rows) <= 2.1 * one
    # An addition writes over what it adds to.
    assert one <= need(applied(session, module, "once"), rows) <= 1.1 * one
    # Five parts, and their concatenation.
    assert 9.9 * one <= need(applied(session, module, "kept"), rows) <= 11 * one


def test_nothing_is_refused_where_the_system_does_not_say(
    session: NotebookSession, module: hub.Module
) -> None:
    estimate.check(applied(session, module), {"default": np.zeros([10**6, 4], np.float32)}, lambda: None)


def test_a_small_batch_asks_nobody(session: NotebookSession, module: hub.Module) -> None:
    def asked() -> int:
        raise AssertionError("asked for the memory at hand")

    estimate.check(applied(session, module), {"default": np.zeros([10, 4], np.float32)}, asked)
    estimate.check(applied(session, module, "fixed"), {"default": np.zeros([2, 4], np.float32)}, asked)
    estimate.check(applied(session, module, "nothing"), {}, asked)


def test_the_graph_is_walked_once(
    session: NotebookSession, module: hub.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Mock(wraps=tensor_sizes.peak_of)
    monkeypatch.setattr(tensor_sizes, "peak_of", walk)
    for rows in (1, 7, 1000):
        estimate.check(applied(session, module), {"default": np.zeros([rows, 4], np.float32)})
    assert walk.call_count == 1


def test_what_was_walked_goes_with_the_signature(session: NotebookSession, module: hub.Module) -> None:
    estimate.check(applied(session, module), {"default": np.zeros([1, 4], np.float32)})
    walked = weakref.ref(applied(session, module))
    assert walked() in estimate._PEAKS
    session.reset()
    gc.collect()
    assert walked() is None


def test_sparse_and_ragged_inputs(session: NotebookSession, parts: hub.Module) -> None:
    entries = 10_000_000
    sparse = tf1.SparseTensorValue(
        np.zeros([entries, 2], np.int64), np.zeros([entries], np.float32), np.array([3, 3])
    )
    with pytest.raises(TooLargeError, match="3 rows need"):
        estimate.check(session.applied(parts, "sparse"), {"default": sparse}, lambda: 1000)
    ragged = tf1.ragged.RaggedTensorValue(
        np.zeros(entries * 2, np.int64), np.array([0, entries, 2 * entries])
    )
    with pytest.raises(TooLargeError, match="2 rows need"):
        estimate.check(session.applied(parts, "ragged"), {"default": ragged}, lambda: 1000)


def test_a_long_graph_takes_linear_work(session: NotebookSession) -> None:
    def work(count: int) -> int:
        def long() -> None:
            x = tf1.placeholder(tf.float32, [None, 4])
            y = x
            for _ in range(count):
                y = y + 1.0
            hub.add_signature(inputs=x, outputs=y)

        one = session.applied(session.load(hub.create_module_spec(long), f"long_{count}"))
        value = {"default": np.zeros([5, 4], np.float32)}
        return calls(lambda: estimate.check(one, value))

    assert work(2000) < 2.2 * work(1000)


def test_a_loop_ends(session: NotebookSession) -> None:
    def loop() -> None:
        x = tf1.placeholder(tf.float32, [None, 4])
        tf1.disable_control_flow_v2()
        try:
            _, y = tf1.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), (tf.constant(0), tf.tile(x, [1, 1000]))
            )
        finally:
            tf1.enable_control_flow_v2()
        hub.add_signature(inputs=x, outputs=y)

    module = session.load(hub.create_module_spec(loop), "loop")
    one = session.applied(module)
    with pytest.raises(TooLargeError, match="rows need"):
        estimate.check(one, {"default": np.zeros([10_000, 4], np.float32)}, lambda: 1000)


_MEASURE = """
import re, sys
import numpy as np
import hubexplore as hub
from hubexplore.session.memory import estimate

def status(key):
    return 1024 * int(re.search(key + r":\\s+(\\d+)", open("/proc/self/status").read())[1])

with hub.NotebookSession() as session:
    module = session.load(sys.argv[1])
    applied = session.applied(module, sys.argv[2])
    ((name, taker),) = applied.inputs.items()
    shape = [int(sys.argv[3]), *taker.shape.as_list()[1:]]
    is_text = taker.dtype.name == "string"
    inputs = {name: np.full(shape, b"the king " * 8, object) if is_text else np.zeros(shape, np.float32)}
    rows, peak = estimate._peak_of_run(applied, inputs)
    session.call(module, {name: inputs[name][:1]}, sys.argv[2], as_dict=True)
    open("/proc/self/clear_refs", "w").write("5")  # forgets the highest use so far
    before = status("VmRSS")
    session.call(module, inputs, sys.argv[2], as_dict=True)
    print(peak.bytes(rows), status("VmHWM") - before)
"""


def measured(module: str, signature: str, rows: int) -> float:
    """The memory that was foreseen for a run, as a part of what it took."""
    # In a process of its own: here it would find memory that was used before and is free.
    command = [sys.executable, "-c", _MEASURE, module, signature, str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    foreseen, taken = map(int, done.stdout.split())
    return foreseen / taken


linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the most that a process used"
)


@linux
@pytest.mark.parametrize("signature", ["decoder", "gaussian_encoder"])
def test_a_real_module_takes_what_was_peak_of_run(signature: str, real_modules: Path) -> None:
    assert 0.7 < measured(str(real_modules / "vae3dshapes"), signature, 1000) < 1.5


@linux
def test_sentences_of_many_words_take_what_was_peak_of_run() -> None:
    assert 0.6 < measured("sample:text-embedding", "default", 20_000) < 2


def test_words_are_counted(session: NotebookSession) -> None:
    def split() -> None:
        texts = tf1.placeholder(tf.string, [None])
        table = tf1.get_variable("table", [50, 100])
        words = tf.strings.to_hash_bucket_fast(tf.strings.split(texts).flat_values, 50)
        hub.add_signature(inputs=texts, outputs=tf.gather(table, words))

    module = session.load(hub.create_module_spec(split), "split")
    one = session.applied(module)

    def needed(text: bytes) -> int:
        return estimate._peak_of_run(one, {"default": np.full(10_000, text, object)})[1].bytes(10_000)

    assert 15 < needed(b"a " * 16) / needed(b"a") < 17
    assert needed(b"") == needed(b"a")
    with pytest.raises(TooLargeError, match="Gather"):
        estimate.check(one, {"default": np.full(10_000, b"a " * 1000, object)}, lambda: GB)
