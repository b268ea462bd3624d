#!/bin/sh
# Makes the next target set up .venv again where it cannot work: the clone was moved since, or its Python is gone
# or another one. `ready-lab` says where the environment was made. A link to an environment is left alone.
set -u
if [ -L .venv ] || [ ! -s .venv/ready-lab ]; then
    exit 0
fi
if [ "$(cat .venv/ready-lab)" != "$(pwd -P)" ] || ! .venv/bin/python -E -c 'import pip' 2>/dev/null; then
    touch .venv/unfinished && rm -f .venv/ready-lab
fi
