"""What is said of signatures that are not there."""

from __future__ import annotations

import pytest

from hubexplore.summary.lookup import no_such_signature


@pytest.mark.parametrize(
    ("name", "existing", "end"),
    [
        ("default", ["decoder", "encoder"], "['decoder', 'encoder']. Name the signature that you mean."),
        ("default", [], "it has no signatures."),
        ("decode", ["decoder", "encoder"], "['decoder', 'encoder']. Did you mean 'decoder'?"),
        ("other", ["decoder"], "it has ['decoder']."),
    ],
)
def test_a_signature_that_is_not_there(name: str, existing: list[str], end: str) -> None:
    assert str(no_such_signature(name, existing)).strip("'\"").endswith(end)
