"""Complex numbers are two values of real ones."""

from __future__ import annotations

import numpy as np
import pytest

from hubexplore.display import values

RANDOM = np.random.default_rng(0)


def made(*shape: int) -> np.ndarray:
    return (RANDOM.normal(size=shape) + 1j * RANDOM.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize(
    ("shape", "pictures"), [((20,), 2), ((3, 20), 2), ((30, 20), 2), ((2, 16, 16), 2), ((1, 16, 16, 3), 2)]
)
def test_parts(shape: tuple[int, ...], pictures: int) -> None:
    value = made(*shape)
    assert values.suitable_views(value) == ("Magnitude and phase", "Real and imaginary", "Table")
    polar = values.render(value)
    assert polar.html.count("<img") == pictures == len(polar.hovers)
    assert polar.html.index("Magnitude") < polar.html.index("Phase")
    assert "radians" in polar.html
    cartesian = values.render(value, "Real and imaginary")
    assert cartesian.html.index("Real part") < cartesian.html.index("Imaginary part")


def test_each_part_has_its_own_brightness() -> None:
    html = values.render(made(2, 16, 16)).html
    assert "Magnitude: Each matrix is a tile" in html
    assert "Phase: Each matrix is a tile" in html


def test_a_few_are_read() -> None:
    assert values.suitable_views(made(4))[0] == "Table"
    assert values.suitable_views(made(1)) == ("Table",)
    assert values.suitable_views(np.asarray(made(1)[0])) == ("Numbers",)


def test_rounding_errors_have_no_phase() -> None:
    value = np.array([3 + 0j, 1e-7j, 0, -2 + 1e-9j] * 5)
    (_, phase) = values.render(value).hovers
    assert isinstance(phase, values.GridHover)
    assert phase.values[:4] == ("0", "nan", "nan", "3.142")
    assert values.render(0 * value).html.count("<img") == 2


def test_odd_ones() -> None:
    value = made(20)
    value[3], value[4] = complex(np.nan, 1), complex(np.inf, -np.inf)
    for view in values.suitable_views(value):
        assert values.render(value, view).view == view
