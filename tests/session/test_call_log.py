"""The log of a session: a row for each call, which replays it."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.errors import NoSuchCallError, SignatureError
from hubexplore.session import call_log
from hubexplore.session.session import NotebookSession

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


class TestLog:
    def test_each_call_is_a_row_that_replays(self, session: NotebookSession, layers: hub.Module) -> None:
        before = datetime.datetime.now().astimezone() - datetime.timedelta(seconds=1)
        value = ROWS.copy()
        first = session.call(layers, value)
        value[:] = 0
        session.call(layers, {"a": [1], "b": [2]}, "pair")
        one, two = session.log
        assert (one.number, one.module, one.signature) == (1, "layers", "default")
        assert one.inputs == (("default", "float32", (7, 2)),)
        assert one.outputs == (("default", "float32", (7, 2)),)
        assert one.time > before
        assert one.seconds > 0
        assert [name for name, _, _ in two.inputs] == ["a", "b"]
        assert session.log.replay(1).tolist() == first.tolist()
        assert list(session.log.df.index) == [1, 2, 3]
        assert "pair" in repr(session.log)
        assert "<table" in str(session.log._repr_html_())

    def test_it_is_bounded(
        self, session: NotebookSession, layers: hub.Module, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(call_log, "KEPT", 100)
        for _ in range(3):
            session.call(layers, ROWS)
        with pytest.raises(NoSuchCallError, match="are not in memory"):
            session.log.replay(1)
        with pytest.raises(NoSuchCallError, match="those from 1 to 3 are remembered"):
            session.log.replay(9)
        for _ in range(call_log.LENGTH):
            session.call(layers, ROWS[:1])
        assert len(session.log) == call_log.LENGTH

    def test_failing_calls_are_no_rows(self, session: NotebookSession, layers: hub.Module) -> None:
        with pytest.raises(SignatureError):
            session.call(layers, "text")
        assert len(session.log) == 0
        assert repr(session.log) == "no calls yet"
        html = session.log._repr_html_()
        assert html is not None
        assert "<p>no calls yet</p>" in html
        assert "<table" not in html
