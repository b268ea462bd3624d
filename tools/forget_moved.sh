#!/bin/sh
# Makes the next target set up .venv again if it can no longer work: because the clone was moved, or because its
# Python was removed or replaced. `ready-lab` holds the folder in which the environment was made. A link to an
# environment is left alone.
set -u
if [ -L .venv ] || [ ! -s .venv/ready-lab ]; then
    exit 0
fi
if [ "$(cat .venv/ready-lab)" != "$(pwd -P)" ] || ! .venv/bin/python -E -c 'import pip' 2>/dev/null; then
    touch .venv/unfinished && rm -f .venv/ready-lab
fi
