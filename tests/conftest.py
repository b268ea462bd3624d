"""What all tests share."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import numpy as np
import pytest

import hubexplore as hub

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession

# The same cases each time, however slow the machine is: a test fails for a change, not by chance.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

# Before anything imports TensorFlow: its start-up log is of no use here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A shell starts what it puts into the background with Ctrl+C ignored, and every process below inherits that;
# the tests of interrupts are about people who press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # A microphone that beeps, for pages that may use it.
    "--use-fake-device-for-media-stream",
)
"""What Chromium must not do on its own in tests: ask its servers, or draw on the graphics card."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the flag that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files instead of comparing"
    )


@pytest.fixture(scope="session")
def real_modules() -> Path:
    """The folder of published modules beside the project; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("HUBEXPLORE_REAL_MODULES", ROOT.parent / "shared" / "real-modules"))
    if not folder.is_dir():
        if os.environ.get("HUBEXPLORE_REQUIRE_REAL_MODULES"):
            pytest.fail(f"published modules are required, but {folder} is not there")
        pytest.skip(f"published modules are not at {folder}")
    return folder


def require_program(name: str) -> str:
    """The path of a program; a test that needs it skips where it is absent."""
    return shutil.which(name) or lacking(name)


def lacking(name: str) -> NoReturn:
    """Skips what needs a program or shared library that is not there, or fails where all have to be."""
    if os.environ.get("HUBEXPLORE_REQUIRE_PROGRAMS"):
        pytest.fail(f"{name} is required, but is not installed: tools/system_packages.sh {name}")
    pytest.skip(f"{name} is not installed; tools/system_packages.sh {name} does that")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser."""
    return require_program("chromium")


@pytest.fixture(scope="session")
def dot() -> str:
    """The path of graphviz's layout program."""
    return require_program("dot")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the cache of the person who runs it."""
    shared = tmp_path_factory.getbasetemp() / "cache"
    shared.mkdir(exist_ok=True)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(shared))
    # Where it is also noted how long TensorFlow's import took.
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))
    return shared


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test reads or writes the settings of the person who runs it, nor what another test trusted."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    yield folder / "hubexplore"
    gate = sys.modules.get("hubexplore.trust.gate")
    if gate is not None:
        gate.forget_process()


@pytest.fixture(autouse=True)
def same_numbers(request: pytest.FixtureRequest) -> None:
    """Each test begins with the same random numbers of its file's generators, whatever ran before it."""
    for value in vars(request.module).values():
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the current directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# What follows is for tests of sessions, trials and magics. TensorFlow is imported by those that ask for it.


@pytest.fixture
def session() -> Iterator[NotebookSession]:
    """A new session."""
    from hubexplore.session.session import NotebookSession

    with NotebookSession() as fresh:
        yield fresh


@pytest.fixture
def layers(session: NotebookSession) -> hub.Module:
    """The module `layered`, loaded."""
    from tests.session import modules

    return session.load(hub.create_module_spec(modules.layered), "layers")


@pytest.fixture
def parts(session: NotebookSession) -> hub.Module:
    """The module `composites`, loaded."""
    from tests.session import modules

    return session.load(hub.create_module_spec(modules.composites), "parts")


@pytest.fixture(scope="module")
def scale_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module `scale` on disk, where the path has a space."""
    import tensorflow as tf

    from tests.session import modules

    path = tmp_path_factory.mktemp("my modules") / "scale"
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.scale))
        with tf.compat.v1.Session() as running:
            running.run(tf.compat.v1.global_variables_initializer())
            module.export(path, running)
    return path
