"""What runs leave on screen: the outputs and the code of the last one, the table of all, and a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import RunLog
from hubexplore.notebook.panel.tabs.pinned_run import PinnedRuns
from hubexplore.notebook.panel.tabs.results import Results
from hubexplore.notebook.panel.tabs.run_code_box import RunCodeBox


@dataclass(frozen=True)
class Outcome:
    """The widgets below the form."""

    pinned_runs: PinnedRuns
    results: Results = field(default_factory=Results)
    code: RunCodeBox = field(default_factory=RunCodeBox)
    run_log: RunLog = field(default_factory=RunLog)

    @property
    def widgets(self) -> tuple[widgets.Widget, ...]:
        """The widgets, from top to bottom."""
        return self.results, self.code, self.run_log, self.pinned_runs
