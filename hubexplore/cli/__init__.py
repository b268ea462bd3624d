"""The command `hubexplore`, in a terminal.

`command_line.py` parses what was typed and starts the command, which has a file of its own: `show.py`,
`compare.py`, `cost.py`, `scan.py` (with `scanning/`), `trust.py`, `doctor.py`, `card.py`, `cut.py`,
`convert.py`, `map_data.py`, `run.py`, `fetch.py`, `cache.py`. What they share is in `terminal.py`.

Exit codes: 0 fine, 1 the other module cannot replace this one, a cut or converted one computes something
else, a scanned one has dangers, rows of a map failed, the doctor found a problem, or an entry of the cache is
damaged, 2 bad input (one line on stderr), 130 Ctrl-C. Nothing is imported before it is needed: a look at a
module should take a fraction of a second.
"""

from hubexplore.cli.command_line import main as main
from hubexplore.cli.terminal import BAD_INPUT as BAD_INPUT
from hubexplore.cli.terminal import DIFFERENT as DIFFERENT
