"""Imports that an interrupt does not break off. tests/session/test_kernel_stops.py has them in a kernel."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from types import ModuleType
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session.background.interrupts import MSG_GOES_ON
from hubexplore.session.whole_imports import MSG_BROKEN, import_whole


def fail() -> None:
    """As TensorFlow does, imported for the second time."""
    raise ValueError("Name tf.RaggedTensorSpec has already been registered")


def test_it_goes_on() -> None:
    released, done = threading.Event(), threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        released.wait()
        done.set()

    with pytest.raises(KeyboardInterrupt) as caught:
        import_whole(work)
    error: Any = caught.value
    assert error._render_traceback_() == [f"KeyboardInterrupt: {MSG_GOES_ON}"]
    assert not done.is_set()
    released.set()
    done.wait()


def test_what_an_import_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow")  # its submodules stay
    with pytest.raises(ImportError, match="Restart Kernel") as caught:
        import_whole(fail)
    assert isinstance(caught.value, hub.HubError)
    assert str(caught.value) == MSG_BROKEN
    assert isinstance(caught.value.__cause__, ValueError)


def test_other_errors_stay() -> None:
    assert tf.__name__ in sys.modules
    with pytest.raises(ValueError, match="RaggedTensorSpec"):
        import_whole(fail)


@pytest.mark.parametrize("interactive", [True, False])
def test_where_people_type(interactive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is interrupted ends: it imports in its own thread."""
    if interactive:
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    else:
        monkeypatch.delattr(sys, "ps1", raising=False)
    threads: list[threading.Thread] = []
    plain = importlib.import_module

    def recorded(name: str) -> ModuleType:
        threads.append(threading.current_thread())
        return plain(name)

    monkeypatch.setattr(importlib, "import_module", recorded)
    assert hub.__getattr__("Module") is hub.Module
    assert (threads[0] is threading.main_thread()) is not interactive
