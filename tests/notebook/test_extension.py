"""%load_ext, %reload_ext and %unload_ext; what importing costs."""

from __future__ import annotations

import atexit
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import hubexplore as hub
from hubexplore.notebook.magics import HubMagics
from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.session.session import NotebookSession
from tests.notebook.shells import MAGICS, Run


def magics(shell: InteractiveShell, kind: str = "line") -> set[str]:
    return {name for name in shell.magics_manager.magics[kind] if name.startswith("hub_")}


def session_of(shell: InteractiveShell) -> NotebookSession:
    session = shell.magics_manager.registry["HubMagics"].session
    assert isinstance(session, NotebookSession)
    return session


def traces(shell: InteractiveShell) -> list[object]:
    """What a shell has beside the magics themselves."""
    completions = [
        matcher for matcher in shell.Completer.custom_matchers if "hubexplore" in str(vars(matcher))
    ]
    return [
        *completions,
        *(entry for entry in shell.configurables if type(entry).__name__ == "HubMagics"),
    ]


def closed(session: NotebookSession) -> bool:
    try:
        session.session.run([])
    except RuntimeError as error:
        return "closed" in str(error)  # an empty graph is a RuntimeError too
    return False


def test_load_registers_the_magics(shell: InteractiveShell) -> None:
    assert magics(shell) == set()
    shell.run_line_magic("load_ext", "hubexplore")
    assert magics(shell) == set(MAGICS)
    assert magics(shell, "cell") == {"hub_call", "hub_map", "hub_module", "hub_graph"}
    # A part that `HubMagics` does not inherit from would be missing in its own list as well.
    parts = set(HubMagicsBase.__subclasses__())
    assert parts == set(HubMagics.__bases__)
    assert {name for part in parts for names in part.magics.values() for name in names} == set(MAGICS)
    assert len(traces(shell)) == 2
    assert not closed(session_of(shell))


def test_loading_twice_keeps_what_is_loaded(shell: InteractiveShell, run: Run) -> None:
    """As people do who run the first cell again."""
    run("%hub_load sample:half-plus-two --as half")
    run("%load_ext hubexplore")
    assert run("%hub_call half [4.0]") == [4.0]


def test_unload_removes_the_magics_and_closes_the_session(shell: InteractiveShell, run: Run) -> None:
    session = session_of(shell)
    module = run("%hub_load sample:half-plus-two --as half")
    run("%unload_ext hubexplore")
    assert magics(shell) == magics(shell, "cell") == set()
    assert traces(shell) == []
    assert "HubMagics" not in shell.magics_manager.registry
    assert closed(session)
    assert run("half") is module


def test_reload_starts_over(shell: InteractiveShell, run: Run) -> None:
    session = session_of(shell)
    run("%hub_load sample:half-plus-two --as half")
    run("%config HubMagics.batch_size = 7")
    run("%reload_ext hubexplore")
    assert magics(shell) == set(MAGICS)
    assert len(traces(shell)) == 2
    assert run("%config HubMagics.batch_size") == 7  # the shell keeps what its user has set
    assert closed(session)
    assert session_of(shell) is not session
    assert run("%hub_load sample:half-plus-two --as half\n%hub_call half [4.0]") == [4.0]


def test_unload_twice_and_load_by_hand(shell: InteractiveShell) -> None:
    hub.unload_ipython_extension(shell)
    hub.load_ipython_extension(shell)
    first = session_of(shell)
    hub.load_ipython_extension(shell)
    assert closed(first)
    assert not closed(session_of(shell))
    hub.unload_ipython_extension(shell)
    hub.unload_ipython_extension(shell)
    assert magics(shell) == set()


def test_two_shells_have_their_own_sessions(shell: InteractiveShell, run: Run) -> None:
    other = InteractiveShell(config=shell.config)
    atexit.unregister(other.atexit_operations)
    hub.load_ipython_extension(other)
    assert session_of(other) is not session_of(shell)
    hub.unload_ipython_extension(other)
    assert not closed(session_of(shell))


def python(source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a new Python."""
    import os

    return subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )


def test_import_is_lazy() -> None:
    heavy = ["tensorflow", "keras", "pandas", "numpy", "google.protobuf", "IPython", "ipywidgets", "tqdm"]
    source = f"import sys, hubexplore; print([name for name in {heavy} if name in sys.modules])"
    assert python(source).stdout.strip() == "[]"


def test_load_ext_does_little_and_loads_nothing_heavy() -> None:
    heavy = ["tensorflow", "keras", "pandas", "numpy", "google.protobuf", "ipywidgets", "tqdm"]
    source = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell()\n"
        "before = {*sys.modules}\n"
        "shell.run_line_magic('load_ext', 'hubexplore')\n"
        "for line in ['hub_samples', 'hub_list', 'hub_session list', 'hub_load --help']:\n"
        "    shell.run_line_magic(*(line + ' ').split(' ', 1))\n"
        f"print([name for name in {heavy} if name in sys.modules])\n"
        "print(len({*sys.modules} - before))"
    )
    loaded, count = python(source).stdout.splitlines()
    assert loaded == "[]"
    assert int(count) <= 90  # 86; each costs about a millisecond


def test_configuration_files_set_what_config_sets(shell: InteractiveShell) -> None:
    shell.config.HubMagics.batch_size = 5
    shell.run_line_magic("load_ext", "hubexplore")
    assert shell.run_line_magic("config", "HubMagics.batch_size") == 5


def test_the_session_needs_no_ipython() -> None:
    """TensorFlow itself may import IPython; it has done so before the count."""
    source = (
        "import sys, tensorflow; before = {*sys.modules}\n"
        "import hubexplore.session.session\n"
        "print([m for m in sorted({*sys.modules} - before) if m.startswith(('IPython', 'ipywidgets'))])"
    )
    assert python(source).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["Module", "ModuleSpec", "HubError", "samples", "__version__"])
def test_names_are_there_when_asked_for(name: str) -> None:
    assert name in dir(hub)
    assert getattr(hub, name) is getattr(hub, name)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'hubexplore' has no attribute 'nothing'"):
        hub.nothing  # noqa: B018


def test_a_mistyped_name_is_one_line(shell: InteractiveShell) -> None:
    with capture_output() as captured:
        # The shell of these tests raises what a real one shows.
        InteractiveShell.run_cell(shell, "import hubexplore as hub\nhub.exlpore('x')")
    assert captured.stdout == (
        "NoSuchNameError: module 'hubexplore' has no attribute 'exlpore'. Did you mean 'explore'?\n"
    )
