"""Everything that can be asked of a module without TensorFlow, for modules that strangers made."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from hubexplore import cli
from hubexplore.display.rich.listings import Listing
from hubexplore.display.rich.summaries import Summary, Variant, displayable
from hubexplore.errors import HubError
from hubexplore.summary.model import ModuleSummary, VariantSummary
from tests.summary.saved_models import summary_of

EMPTY = displayable(ModuleSummary("", (VariantSummary((), ()),)))
LISTS = [name for name, value in vars(EMPTY.variants[0]).items() if isinstance(value, Listing)]


def exercise(folder: Path, other: Summary, scratch: Path) -> str | None:
    """Asks for all of it; what is raised besides a HubError is not caught.

    Args:
      folder: of the module.
      other: what it is compared with.
      scratch: a folder for pictures and pages.

    Returns:
      The message of the error where it is none; None where it has a summary.
    """
    try:
        summary = displayable(summary_of(folder))
    except HubError as error:
        return str(error)
    for text in (repr(summary), summary._repr_html_(), summary.to_json(), summary.to_html()):
        assert text
        text.encode()
    for name in LISTS:
        listed = getattr(summary, name)
        repr(listed)
        listed._repr_html_()
        listed.df.to_csv()
    for variant in summary.variants:
        assert isinstance(variant, Variant)
        repr(variant)
        variant._repr_html_()
    with contextlib.suppress(HubError):
        repr(summary.variables.stats())
    signatures = {
        (variant.tags, signature.name) for variant in summary.variants for signature in variant.signatures
    }
    for tags, name in sorted(signatures)[:3]:
        with contextlib.suppress(HubError):
            diagram = summary.graph(name, tags)
            repr(diagram)
            diagram._repr_html_()
    for left, right in ((summary, other), (other, summary), (summary, summary)):
        with contextlib.suppress(HubError):
            comparison = left.compare(right)
            repr(comparison)
            comparison._repr_html_()
            comparison.to_json()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert cli.main(["show", str(folder), "--html", str(scratch / "page.html")]) in (0, 1)
        assert cli.main(["show", str(folder), "--stats"]) in (0, 1, 2)
    return None
