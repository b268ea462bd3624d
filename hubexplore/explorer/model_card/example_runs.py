"""Runs each signature of a module on an example that fits, within bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.values.together.scene import Scene
from hubexplore.explorer.outputs import scene_of
from hubexplore.explorer.runs import ModuleRunner, Run, RunRequest
from hubexplore.inputs.examples import example_search
from hubexplore.inputs.fields import fields
from hubexplore.inputs.input_value import InputValue
from hubexplore.summary.lookup import find_variant

if TYPE_CHECKING:
    from hubexplore.explorer.subject import Subject, Tags

MAX_SIGNATURES: Final = 6
"""Maximum number of signatures that are run."""
ROWS: Final = 3
"""Number of rows of an example, where the signature takes several."""
BOUNDS: Final = example_search.Bounds(attempts=12, seconds=10.0)
"""When the search for an example that runs ends, for each signature."""


@dataclass(frozen=True)
class Example:
    """A signature that was run.

    Attributes:
      signature: its name.
      scene: what it took and returned; None if no example runs.
      failure: why not.
      is_random: whether the outputs are drawn at random.
    """

    signature: str
    scene: Scene | None
    failure: str = ""
    is_random: bool = False


def run_examples(subject: Subject, tags: Tags) -> Iterator[Example]:
    """Runs the first signatures of a graph variant.

    Raises:
      UntrustedModuleError: (a ValueError) the module has dangers, and is not trusted.
      HubError: it cannot be loaded. A signature that fails is an example with a reason.
    """
    variant = find_variant(subject.summary, tags)
    if variant is None or not variant.signatures:
        return
    # Loaded before the first search, which takes any error for one of its example.
    subject.where(tags)
    runner = ModuleRunner(subject)
    source = subject.summary.source
    meta_graph = source.meta_graphs.get(tags) if source is not None else None
    for signature in variant.signatures[:MAX_SIGNATURES]:
        request = RunRequest(tags, signature.name)
        try:
            given = fields(signature, variant, meta_graph)
            run = _run(runner, request, given)
        except Exception as error:  # noqa: BLE001 - a card without this signature is better than none
            yield Example(signature.name, None, str(error) or type(error).__name__)
        else:
            scene = scene_of(subject.summary, run, subject.sounds(tags, signature.name))
            yield Example(signature.name, scene, is_random=subject.is_random(tags, signature.name))


def _run(runner: ModuleRunner, request: RunRequest, given: Any) -> Run:
    def attempt(values: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {name: InputValue(value) for name, value in values.items()}
        outputs, *_ = runner.call(
            dataclasses.replace(request, input_values=inputs),
            most=example_search.MEMORY,
            timeout=example_search.RUN_SECONDS,
        )
        return outputs

    inputs = example_search.find_example(given, attempt, ROWS, BOUNDS) if given else {}
    return runner.run(dataclasses.replace(request, input_values=inputs))
