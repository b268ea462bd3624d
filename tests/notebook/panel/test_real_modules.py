"""Every signature of the published modules runs in a panel on an example that fills the form."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.notebook.panel.fields.signature_selector import callable_signatures
from hubexplore.notebook.panel.tabs.try_tab import FIRST_THAT_RUNS
from hubexplore.notebook.panel.tabs.unknown_words import UnknownWords

MODULES = ["vae3dshapes", "dm21", "half-plus-two-savedmodel", "taxi-estimator-savedmodel",
           "deep-image-savedmodel", "half_plus_two_v1.tar.gz", "penguin-tf2-savedmodel"]  # fmt: skip

HUB_MODULES = {"vae3dshapes", "dm21", "half_plus_two_v1.tar.gz"}


@pytest.mark.parametrize("name", MODULES)
def test_every_signature_runs(name: str, real_modules: Path) -> None:
    explorer = hub.explore(real_modules / name)
    tab = explorer._try
    for variant in hub.summarize(real_modules / name).variants:
        for signature in callable_signatures(variant):
            tab._selector.put(variant.tags, signature.name)
            if tab._fill.options:
                tab._fill.value = FIRST_THAT_RUNS
                tab._fill_button.click()
                tab.worker.wait()
            tab.start()
            tab.worker.wait()
            assert tab.status.error_text == "", signature.name
            assert tab.last is not None
            # Texts of an example need not be in the vocabulary of the module, which is said as well.
            titles = [output["name"] for output in tab.results.shown["outputs"]]
            shown = ", ".join(title for title in titles if title != UnknownWords.name)
            assert sorted(shown.split(", ")) == [output.name for output in signature.outputs]
            languages = ["Notebook cell", "Python", *(["hub.load"] if name in HUB_MODULES else [])]
            assert [language for language, text, *_ in tab.code.codes if text] == languages
    explorer.close()
