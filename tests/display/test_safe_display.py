"""Automatic display never fails a cell."""

from __future__ import annotations

import warnings

import pytest

from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic


class Shown:
    """Has a display that fails on request."""

    def __init__(self, fails: BaseException | None = None) -> None:
        self.fails = fails

    @automatic
    def _repr_html_(self) -> str:
        """The hook."""
        if self.fails:
            raise self.fails
        return "<b>fine</b>"


def test_what_works_is_passed_on() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Shown()._repr_html_() == "<b>fine</b>"


def test_the_text_is_a_plain_str() -> None:
    class Tagged:
        @automatic
        def _repr_html_(self) -> str:
            return tag("b", "a & b")

    shown = Tagged()._repr_html_()
    assert type(shown) is str
    assert shown == "<b>a &amp; b</b>"


def test_an_error_becomes_a_warning_and_none() -> None:
    with pytest.warns(RuntimeWarning, match=r"Shown is shown as text.*ValueError\('broken'\)"):
        assert Shown(ValueError("broken"))._repr_html_() is None


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit()])
def test_who_wants_to_stop_is_not_held_up(stop: BaseException) -> None:
    with pytest.raises(type(stop)):
        Shown(stop)._repr_html_()


def test_the_hook_keeps_its_name_and_docstring() -> None:
    assert Shown._repr_html_.__name__ == "_repr_html_"
    assert Shown._repr_html_.__doc__ == "The hook."
