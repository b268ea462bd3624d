"""Signatures on tensors of a graph that declares none: from a line of the notebook or of a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.cli import BAD_INPUT, DIFFERENT, main
from hubexplore.errors import SignatureError
from hubexplore.explorer import run_code
from hubexplore.summary.usage import usage
from hubexplore.summary.wishes import from_options, plain
from tests.hub import graph_models
from tests.notebook.shells import Run, fails

HIDDEN = "hidden/activation"


@pytest.fixture
def model(tmp_path: Path) -> graph_models.Expected:
    """A frozen graph: x -> hidden/activation -> logits -> probabilities."""
    return graph_models.frozen(tmp_path, graph_models.mlp)


def inner(model: graph_models.Expected, tensor: str = HIDDEN) -> Any:
    """The value of a tensor by plain TensorFlow."""
    graph_def = tf.compat.v1.GraphDef.FromString(model.path.read_bytes())
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        return session.run(f"{tensor}:0", {"x:0": graph_models.numbers(2, 4)})


def test_a_line_chooses_tensors(run: Run, model: graph_models.Expected) -> None:
    values = graph_models.numbers(2, 4)
    run(f"import numpy as np\nx = np.array({values.tolist()}, np.float32)")
    run(f"%hub_load {model.path} --as one --inputs x --outputs {HIDDEN}")
    np.testing.assert_allclose(run("%hub_call one x"), inner(model), rtol=1e-5)
    run(
        f"%hub_load {model.path} --as two --inputs '{HIDDEN}:0'"
        " --outputs 'scores=probabilities, logit=logits/BiasAdd'"
    )
    run("%hub_call one x --out h")
    outputs = run("%hub_call two h --as-dict")
    np.testing.assert_allclose(outputs["scores"], inner(model, "probabilities"), rtol=1e-5)
    np.testing.assert_allclose(outputs["logit"], inner(model, "logits/BiasAdd"), rtol=1e-5)
    shown = run(f"%hub_show {model.path} --outputs {HIDDEN}")
    (signature,) = shown.signatures
    assert [output.tensor for output in signature.outputs] == [f"{HIDDEN}:0"]
    panel = run(f"%hub_try {model.path} --outputs h={HIDDEN}")
    np.testing.assert_allclose(panel.run(values), inner(model), rtol=1e-5)
    panel.close()


def test_lines_that_choose_none(run: Run, model: graph_models.Expected) -> None:
    assert "no tensor 'hiden/activation'" in fails(
        run, f"%hub_load {model.path} --as m --outputs hiden/activation"
    )
    assert "m" not in run("%hub_list").df["Name"].tolist()
    assert "--outputs is missing" in fails(run, f"%hub_load {model.path} --inputs x")
    spec = "spec = hubexplore.load_module_spec('sample:half-plus-two')"
    run(f"import hubexplore\n{spec}")
    assert "signatures= are for the path" in fails(run, "%hub_load spec --as m --outputs y")
    message = fails(run, "%hub_load sample:half-plus-two --as m --outputs y")
    assert "declares its own signatures. --inputs and --outputs, in Python signatures=" in message


def test_in_a_terminal(model: graph_models.Expected, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(model.path), "--inputs", "x", "--outputs", f"h={HIDDEN}", "--json"]) == 0
    (signature,) = json.loads(capsys.readouterr().out)["variants"][0]["signatures"]
    assert [(output["name"], output["tensor"]) for output in signature["outputs"]] == [("h", f"{HIDDEN}:0")]
    arguments = ["show", str(model.path), "--outputs", HIDDEN, "--compare", str(model.path)]
    assert main(arguments) == 0, "they hold for both graphs"
    assert main(["show", str(model.path), "--compare", str(model.path)]) == 0
    other = ["show", str(model.path), "--outputs", HIDDEN, "--compare", "sample:half-plus-two"]
    assert main(other) == DIFFERENT
    capsys.readouterr()
    assert main(["show", str(model.path), "--inputs", "x"]) == BAD_INPUT
    assert "--outputs is missing" in capsys.readouterr().err


def test_the_code_of_card_and_panel_says_it(run: Run, model: graph_models.Expected) -> None:
    signatures = {"default": (tensor for tensor in ("x",)), "other": 1}
    with pytest.raises(SignatureError):
        hub.load_module_spec(model.path, signatures=signatures)  # type: ignore[arg-type]
    asked: Any = {"default": ((tensor for tensor in ("x",)), {"h": np.str_(HIDDEN)})}
    spec = hub.load_module_spec(model.path, signatures=asked, lift_constants=True)
    code = usage(spec.summary())
    assert code is not None
    assert f"signatures={{'default': (['x'], {{'h': '{HIDDEN}'}})}}, lift_constants=True)" in "\n".join(
        code.lines
    )
    names: dict[str, Any] = {}
    exec("\n".join(code.lines), names)  # as a user would paste it
    assert names["outputs"]["h"].shape == (1, 8)
    # A summary is all that the panel has; its runs and its code still have to be of the same signatures.
    for subject in (
        spec.summary(),
        hub.summarize(model.path, signatures=plain({"default": ("x", {"h": HIDDEN})})),
    ):
        panel = hub.explore(subject)
        expected = panel.run(graph_models.numbers(2, 4))
        np.testing.assert_allclose(expected, inner(model), rtol=1e-5)
        request = panel.runs[0].asked
        for written in (run_code.python, run_code.magic):
            result = run(written(panel._subject, request))
            np.testing.assert_allclose(result["h"], inner(model), rtol=1e-5)
        panel.close()


def test_options_as_signatures() -> None:
    assert from_options(None, None) is None
    assert from_options(None, "y") == {"default": (None, "y")}
    assert from_options("", "y:1, z") == {"default": ([], ["y:1", "z"])}
    assert from_options("a=x", "b = y , c=z:2") == {"default": ({"a": "x"}, {"b": "y", "c": "z:2"})}


@pytest.mark.parametrize(
    ("inputs", "outputs", "finding"),
    [
        ("x", None, "--outputs is missing"),
        ("x,", "y", "--inputs is 'x,'"),
        (None, "a=,b=c", "--outputs is 'a=,b=c'"),
        (None, "a=b,c", "--outputs names some of them only: 'a=b,c'"),
        ("a=b,a=c", "y", "--inputs has a name twice: 'a=b,a=c'"),
    ],
)
def test_options_that_are_none(inputs: str | None, outputs: str | None, finding: str) -> None:
    with pytest.raises(SignatureError) as caught:
        from_options(inputs, outputs)
    assert str(caught.value).endswith(f"{finding}.")
